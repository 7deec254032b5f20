//! Sources: where candidates come from.

mod claude_dir;
pub mod lax;
pub mod notes;
pub mod reader;
pub mod sessions;
pub mod stores;
