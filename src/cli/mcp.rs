//! `ctxpack mcp`: serves one repository over the Model Context Protocol until stdin ends.

use crate::cli::args::TalkArgs;
use crate::cli::failure::{Failure, Outcome};
use crate::mcp::serve;
use crate::mcp::work::Work;
use clap::Args;
use ctxpack::error::Error;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

/// Serve agents over the Model Context Protocol, on stdin and stdout.
///
/// Tools: `pack` (what a task needs), `read_more` (what comes next), `explain` (why a file is in or out), `notes`, and with
/// --allow-write `remember`; notes are resources as well. The root is fixed here: no call can name another. Nothing is written
/// without --allow-write. `ctxpack init --agent` tells an agent of it.
#[derive(Debug, Args)]
#[command(after_help = MCP_EXAMPLES)]
pub struct McpArgs {
    /// The repository, or a folder in it [default: .]
    #[arg(long, value_name = "DIR", help_heading = "What of")]
    pub root: Option<PathBuf>,

    /// Let agents add lines to the notes of the repository, with `remember`.
    #[arg(long, help_heading = "What of")]
    pub allow_write: bool,

    /// Read no notes or sessions that agents keep in the home directory.
    #[arg(long, help_heading = "What of")]
    pub no_home: bool,

    /// Keep nothing in the cache of the home directory, and take nothing from it.
    #[arg(long, help_heading = "What of")]
    pub no_cache: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const MCP_EXAMPLES: &str = "\
Examples:
  ctxpack init --agent cursor            have an agent start it
  ctxpack mcp --root ~/src/api           serve one repository, reading only
  npx @modelcontextprotocol/inspector ctxpack mcp --root .";

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
