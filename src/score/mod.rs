//! Scores: what every candidate is worth to the task, as probabilities.

pub mod commits;
pub mod files;
pub mod imports;
pub mod memory;
pub mod model;
pub mod pieces;
pub mod reasons;
pub mod statistics;

pub use files::{Ranked, rank};
pub use memory::Memory;
pub use model::Model;
pub use pieces::{Opened, Piece, Pieces};
