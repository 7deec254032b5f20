//! What can be typed for `ctxpack check`, and the help for it.

use crate::cli::args::TalkArgs;
use clap::Args;
use std::path::PathBuf;

/// Fail where what models read has grown too large: for hooks and CI.
///
/// Checks what [[check]] in ctxpack.toml limits, or what --budget or --for do; that pinned files still fit the budget; that
/// CLAUDE.md, MEMORY.md and AGENTS.md are no longer than what their hosts load; and that nothing of all that holds a secret. Warns from
/// 95 % on, fails above 100 %. Says nothing where all is well.
/// Exit code 0 if nothing failed, 1 if something did, 2 on bad usage.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES, after_long_help = check_help())]
pub struct CheckArgs {
    /// Files and folders to check by --budget or --for, or a repository; `-` is stdin [default: .]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// The most that they may be: 40k, 9500c, 32KiB.
    #[arg(
        short,
        long,
        value_name = "N",
        allow_hyphen_values = true,
        help_heading = "How much"
    )]
    pub budget: Option<String>,

    /// Mean each file alone by --budget.
    #[arg(long, requires = "budget", help_heading = "How much")]
    pub each: bool,

    /// The most that a host takes of each: claude-hook, mcp, memory-md, ...
    ///
    /// The hosts are listed at the end.
    #[arg(long = "for", value_name = "HOST", help_heading = "How much")]
    pub host: Option<String>,

    /// How much larger than before they may be: 5%, or in tokens 2k.
    #[arg(
        long,
        value_name = "N",
        allow_hyphen_values = true,
        help_heading = "How much"
    )]
    pub max_growth: Option<String>,

    /// What was before: a git revision, or ctxpack.lock.
    ///
    /// Of a revision, the commit at which HEAD left it (git merge-base), so that nobody answers for what others did meanwhile. It is
    /// read from git's objects; nothing is checked out. Default: ctxpack.lock, where there is one.
    #[arg(long, value_name = "REVISION", help_heading = "How much")]
    pub against: Option<String>,

    /// Count as a model does: gpt-5.5, claude-sonnet-5, ...
    #[arg(short, long, value_name = "NAME", help_heading = "How much")]
    pub model: Option<String>,

    /// Count with this encoding: o200k_base (the default) or cl100k_base.
    #[arg(long, value_name = "NAME", help_heading = "How much")]
    pub tokenizer: Option<String>,

    /// Only paths like 'src/**'. Repeatable.
    #[arg(short, long, value_name = "GLOB", help_heading = "What to check")]
    pub include: Vec<String>,

    /// No paths like 'vendor/**'. Repeatable.
    #[arg(short, long, value_name = "GLOB", help_heading = "What to check")]
    pub exclude: Vec<String>,

    /// Check what is staged for the next commit instead of the work tree: for hooks.
    #[arg(long, help_heading = "What to check")]
    pub staged: bool,

    /// What becomes of secrets: fail [default] or off.
    #[arg(long, value_name = "HOW", help_heading = "What to check")]
    pub secrets: Option<String>,

    /// Show what takes the space: a table, and on a terminal a map.
    #[arg(long, help_heading = "Where to")]
    pub why: bool,

    /// Write the sizes of now into ctxpack.lock, to compare with later.
    #[arg(long, help_heading = "Where to")]
    pub write: bool,

    /// text (default), json, github, sarif, gitlab, junit or markdown.
    ///
    /// github (the default in GitHub Actions) writes annotations, and a summary into $GITHUB_STEP_SUMMARY. The others never change by
    /// the environment.
    #[arg(short, long, value_name = "FORMAT", help_heading = "Where to")]
    pub format: Option<String>,

    /// Write there instead of stdout; `-` is stdout.
    #[arg(short, long, value_name = "FILE", help_heading = "Where to")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  ctxpack check                              what ctxpack.toml limits, and what hosts load
  ctxpack check --budget 40k src/            one limit, without a file
  my-hook | ctxpack check --for claude-hook -
  ctxpack check --against origin/main --max-growth 5%
  ctxpack check --why                        what takes the space
  ctxpack check --staged                     in a pre-commit hook";

fn check_help() -> String {
    use crate::cli::style::number;
    use ctxpack::check::{Code, LIMITS};
    let hosts = LIMITS.iter().map(|limit| {
        let most = limit.most.iter();
        let most = most.map(|(n, unit)| format!("{} {}", number(*n), unit.as_str()));
        let most = most.collect::<Vec<_>>().join(" or ");
        let advice = if limit.is_advice { ", advised" } else { "" };
        format!("  {:<13} {most}{advice}\n", limit.name)
    });
    let codes = Code::ALL.iter().map(|code| {
        let (name, level) = (code.as_str(), code.level().as_str());
        format!("  {name:<17} {level:<8} {}\n", code.meaning())
    });
    format!(
        "{CHECK_EXAMPLES}

In ctxpack.toml:
  [[check]]
  name = \"docs\"
  include = [\"docs/**\"]        # exclude = [...] as well
  budget = \"40k\"              # of all; each = true: of each file alone
  max-growth = \"5%\"           # more than --against, or ctxpack.lock, has
  message = \"ask Ann first\"   # shown where it fails

  [[check]]
  name = \"hook\"
  include = [\"docs/hook.md\"]
  for = \"claude-hook\"         # what a host takes

Hosts (--for):
{}
Codes:
{}",
        hosts.collect::<String>(),
        codes.collect::<String>().trim_end()
    )
}
