//! The command line: from what was typed to a [`ctxpack::request::Request`], and from a bundle to the streams.
//!
//! The room lives in the binary, because the library prints nothing and reads no environment, home directory or clock.
//! One file per command; `args` says what can be typed, `resolve` what it means.

pub mod args;
pub mod budget;
pub mod bundle;
pub mod cache;
pub mod chart;
pub mod check;
pub mod curve;
pub mod diff;
pub mod doctor;
pub mod eval;
pub mod explain;
pub mod failure;
pub mod handoff;
pub mod hook;
pub mod host;
pub mod init;
pub mod interrupt;
#[cfg(feature = "mcp")]
pub mod mcp;
pub mod memory;
pub mod notes;
pub mod outlook;
pub mod output;
pub mod pack;
pub mod progress;
pub mod remember;
pub mod replay;
pub mod report;
pub mod resolve;
pub mod sessions;
pub mod shell;
pub mod sources;
pub mod stats;
pub mod style;
pub mod suggest;
pub mod summary;
pub mod svg;
pub mod task;
pub mod treemap;
pub mod tune;
pub mod usage;
