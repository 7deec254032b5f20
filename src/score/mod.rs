//! Scores: what every candidate is worth to the task, as probabilities.

pub mod chance;
pub mod commits;
pub mod copies;
mod cut;
pub mod explanation;
pub mod files;
mod folders;
pub mod hunks;
pub mod imports;
mod lexical;
pub mod links;
pub mod look;
pub mod memory;
pub mod model;
pub mod pieces;
pub mod pointed;
pub mod reasons;
pub mod said;
pub mod statistics;
pub mod survey;
mod tied;
pub mod turns;
pub mod when;

pub use files::{Ranked, rank};
pub use memory::Memory;
pub use model::Model;
pub use pieces::{Opened, Piece, Pieces};
pub use survey::Survey;
