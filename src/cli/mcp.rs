//! `ctxpack mcp`: serves one repository over the Model Context Protocol until stdin ends.

use crate::cli::args::McpArgs;
use crate::cli::failure::{Failure, Outcome};
use crate::mcp::serve;
use crate::mcp::work::Work;
use ctxpack::error::Error;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

/// Runs `ctxpack mcp`. stdout is the protocol's alone.
///
/// # Errors
/// A root that is no folder; streams that cannot be used.
pub fn run(args: &McpArgs) -> Outcome<()> {
    let named = args.root.clone().unwrap_or_else(|| PathBuf::from("."));
    let root = named.canonicalize().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::from(Error::NoSuchPath(named.clone())),
        _ => Failure::from(Error::io(&named, error)),
    })?;
    if !root.is_dir() {
        return Err(Failure::new(format!("{}: not a folder", named.display()))
            .hint("--root takes a repository, or a folder in it"));
    }
    if std::io::stdin().is_terminal() && !args.talk.quiet {
        let _ = writeln!(
            std::io::stderr().lock(),
            "This is for programs, which write JSON-RPC to stdin; Ctrl-D ends it. ctxpack init --agent tells an agent of it."
        );
    }
    serve(Work::new(
        root,
        args.no_home,
        args.no_cache,
        args.allow_write,
    ))
}
