//! What the hosts of agents say to a hook and want to hear from it.
//!
//! Knows text and JSON alone: what is brought is packed elsewhere, and what is written to disk is written elsewhere.

pub mod hook;
