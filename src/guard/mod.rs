//! What keeps a hostile tree harmless: bytes become clean text before any other room sees them.

pub mod text;
