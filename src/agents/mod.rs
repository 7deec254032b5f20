//! What the hosts of agents say to a hook and want to hear from it, and what to write into their settings so that they ask.
//!
//! Knows text, JSON and TOML alone: what is brought is packed elsewhere, and files are read and written elsewhere.

pub mod diff;
pub mod edit;
pub mod hook;
pub mod setup;
pub mod told;
