//! Sources: where candidates come from.

pub mod notes;
pub mod sessions;
