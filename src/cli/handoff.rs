//! `ctxpack handoff`: the note for whoever goes on, from the session and the changes.

use crate::cli::args::TalkArgs;
use crate::cli::budget::{self, Size};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::memory::MemoryArgs;
use crate::cli::memory::{self, SESSIONS, day};
use crate::cli::output::{self, Target};
use crate::cli::sessions;
use crate::cli::style::{Style, count};
use clap::Args;
use ctxpack::request::Budget;
use ctxpack::source::sessions::handoff::{self, handoff};
use ctxpack::source::task;
use std::io::Write;
use std::path::PathBuf;

/// Write the note for whoever goes on: goal, state, decisions, failures, next steps, files.
///
/// From the newest session on this branch and what is not committed. Everything is quoted or counted. Saved as HANDOFF.md it is
/// read as a handoff, with its commit, so that it can be told when the work has moved on.
#[derive(Debug, Args)]
#[command(after_help = HANDOFF_EXAMPLES)]
pub struct HandoffArgs {
    /// Most tokens to use; the lines that matter least are left out first.
    #[arg(
        short,
        long,
        value_name = "N",
        default_value = "1500",
        allow_hyphen_values = true,
        help_heading = "How much"
    )]
    pub budget: String,

    /// Hand this session over, by its number or id [default: the newest of the branch]
    #[arg(long, value_name = "ID", help_heading = "What of")]
    pub session: Option<String>,

    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Write there instead of stdout; `-` is stdout.
    #[arg(short, long, value_name = "FILE", help_heading = "Where to")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const HANDOFF_EXAMPLES: &str = "\
Examples:
  ctxpack handoff                        what the next one needs to know
  ctxpack handoff -o HANDOFF.md
  ctxpack handoff --budget 400 | claude -p 'Go on from here.'";

/// Runs `ctxpack handoff`.
///
/// # Errors
/// As [`memory::read`]; a session that is not there; nothing to hand over; a budget that holds nothing.
pub fn run(args: &HandoffArgs) -> Outcome<()> {
    let target = args.output.as_deref().map(output::target).transpose()?;
    let size = budget::parse(&args.budget)?;
    if matches!(size, Size::Share(_)) {
        let typed = &args.budget;
        return Err(Failure::new(format!(
            "--budget {typed}: a handoff is for no model to take a share of"
        ))
        .hint("--budget 1500, 6000c or 6KiB"));
    }
    let budget = budget::resolve(size, None)?;
    let memory = memory::read(&args.memory, &args.talk, SESSIONS)?;
    let tree = &memory.trees.trees[0];
    let state = handoff::state(tree);
    let session = match &args.session {
        Some(id) => Some(sessions::find(&memory, id)?.1),
        None => handoff::of_branch(&memory.remembered.sessions, &state.branch),
    };
    let changes = task::changes(tree);
    if session.is_none() && changes.is_empty() && state.commit.is_empty() {
        return Err(Failure::new(
            "there is nothing to hand over: no session, no commit, no change",
        )
        .hint("ctxpack sources shows what was looked for, and where"));
    }
    // The same tree and sessions give the same note on any day, unless one is named.
    let ended = session.map_or(0, |session| session.ended);
    let now = if args.memory.now.is_some() || ended.max(state.time) == 0 {
        memory.now
    } else {
        ended.max(state.time)
    };
    let whole = handoff(&state, session, &changes, &day(now));
    let request = &memory.request;
    let size = |text: &str| match budget {
        Budget::Tokens(_) => {
            (request.tokenizer.count(text) as f64 * request.safety_factor).ceil() as usize
        }
        Budget::Characters(_) => text.chars().count(),
        Budget::Bytes(_) => text.len(),
    };
    let (limit, unit) = budget::parts(budget);
    let Some((text, n_left_out)) = whole.written(&|text| size(text) <= limit) else {
        return Err(Failure::new(format!(
            "the budget of {limit} {unit} is too small for a title"
        ))
        .hint("ctxpack handoff --budget 1500"));
    };
    output::write(&target.unwrap_or(Target::Stdout), &text)?;
    if !args.talk.quiet {
        let style = Style::stderr(args.talk.color);
        let mut talk = String::new();
        if session.is_none() && !memory.remembered.sessions.is_empty() {
            let branch = &state.branch;
            talk.push_str(&format!(
                "{} no session was held on the branch {branch}; --session 1 takes the newest\n",
                style.yellow("warning:")
            ));
        }
        if n_left_out > 0 {
            let lines = count(n_left_out, "line");
            let shown = budget::show(budget);
            talk.push_str(&format!(
                "{} {lines} left out to fit --budget {shown}\n",
                style.yellow("warning:")
            ));
        }
        let _ = std::io::stderr().lock().write_all(talk.as_bytes());
    }
    Ok(())
}
