//! Packs the part of a repository, its memory notes and its agent sessions that matters now into a token budget.

#![warn(missing_docs)]

pub mod emit;
pub mod error;
pub mod guard;
pub mod language;
pub mod lexicon;
pub mod render;
pub mod request;
pub mod score;
pub mod solve;
pub mod source;
pub mod tokens;
