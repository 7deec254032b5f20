//! Chooses at most one rendering per candidate.
