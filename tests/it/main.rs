//! End to end, through the binary: what only shows there. Flags, streams, exit codes, signals, terminals.
//! One integration binary, so that one link serves all of them.

mod bad_input;
mod bundle;
mod cache;
mod cache_command;
mod check;
mod common;
mod curve;
mod diff;
mod eval;
#[cfg(target_os = "linux")]
mod faults;
mod fixtures;
mod flags;
mod hook;
mod init;
mod laws;
mod mcp;
mod memory;
mod memory_commands;
mod plugin;
mod secrets;
mod settings;
mod shell;
#[cfg(unix)]
mod signals;
mod sticky;
mod stores;
mod streams;
#[cfg(unix)]
mod terminal;
mod tidy;
mod untrusted;
