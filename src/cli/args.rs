//! What can be typed. The doc comment of a field is its help: the first paragraph in `-h`, all of it in `--help`.

use crate::cli::style::ColorChoice;
use crate::cli::task::Part;
use clap::{ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Packs the part of a repository that matters now into a token budget.
///
/// Reads the files of a repository, its memory notes (CLAUDE.md, AGENTS.md, decision records, ...) and your past sessions with
/// agents in it, judges what the task at hand needs, writes each at the size it deserves (in full, an excerpt, an outline, one
/// line), and fills the budget with the most valuable selection. The bundle goes to stdout; on a terminal a summary is
/// shown instead. Nothing is sent anywhere, and nothing is written unless asked.
#[derive(Debug, Parser)]
#[command(
    name = "ctxpack",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    args_override_self = true,
    args_conflicts_with_subcommands = true,
    override_usage = "ctxpack [OPTIONS] [PATH]...\n       ctxpack <COMMAND> [OPTIONS]",
    after_help = EXAMPLES,
    after_long_help = long_examples(),
    max_term_width = 100
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    pack: PackArgs,

    /// Print the version.
    #[arg(short = 'V', long, action = ArgAction::Version, hide_short_help = true, help_heading = "Other")]
    version: Option<bool>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Pack (the default: `ctxpack pack` and `ctxpack` are the same).
    #[command(hide = true, after_help = EXAMPLES, after_long_help = long_examples())]
    Pack(Box<PackArgs>),
    /// Show what would be read, from where, how much.
    ///
    /// Lists every place that candidates come from: the files of each root, the notes in it, and the stores that agents keep for
    /// it in the home directory. Nothing is packed. Tokens are estimates of everything in full.
    #[command(after_help = SOURCES_EXAMPLES)]
    Sources(SourcesArgs),
    /// Show what a budget buys: the chance that the bundle holds the place to change.
    ///
    /// Reads once and packs for many budgets, and draws how probable it is, for the task, that the lines to change are in the bundle:
    /// as a chart on a terminal, as a table in a pipe. The knee is where 1,000 more tokens stop to add half a point (0.005). Nothing is
    /// written unless asked. The chance is what the model believes; what such bundles held of real changes is told in the README.
    #[command(after_help = CURVE_EXAMPLES)]
    Curve(Box<CurveArgs>),
    /// Measure on your own commits how much of a change the bundle would have held.
    ///
    /// Replays commits of the repository: the message is the task, the parent is packed (from git's objects; the work tree is neither
    /// read nor touched), and what the commit then changed is looked for in the bundle. Nothing later than the parent is seen:
    /// no later commit, and nothing from the home directory. Beside it stand two simpler ways to fill the budget: whole files
    /// by BM25, and whole files by their last change.
    ///
    /// Suitable commits have a message of four words or more and change one to eight files that were there before and are no tests,
    /// documentation, lock files or generated code. Merges, reverts, releases and other mechanical changes are passed over.
    /// Of messages, trailers such as Signed-off-by, numbers of pull requests and bare references to issues are dropped.
    #[command(after_help = EVAL_EXAMPLES, after_long_help = format!("{EVAL_EXAMPLES}\n\n{CASES}"))]
    Eval(EvalArgs),
    /// Fit the weights to your own commits, if that makes bundles better.
    ///
    /// Replays commits as `ctxpack eval` does, fits what each feature of a file and of a piece weighs to them, starting from the weights
    /// shipped, and measures the new weights on commits that they were not fitted to. They go into ctxpack.toml at the root of
    /// the repository, as [weights.file] and [weights.piece], only if the share of sites found is higher for certain: the 95 % interval of
    /// the difference lies above 0. It is judged at the first of --budgets that is 8k or more; where all are less, at the largest.
    /// Weights that ctxpack.toml has already are measured as well, and not replaced by any that are worse for certain.
    /// The rest of that file stays as it is. The probabilities that ctxpack states stay fitted to the weights shipped.
    #[command(after_help = TUNE_EXAMPLES)]
    Tune(TuneArgs),
    /// List, show and digest the sessions that agents held here.
    ///
    /// Without more, lists them, newest first. A session is named by its number in the list (1 is the newest), by its id or the
    /// beginning of one, or by `tool:id`. Probable secrets are redacted.
    #[command(after_help = SESSIONS_EXAMPLES, args_conflicts_with_subcommands = true)]
    Sessions(SessionsArgs),
    /// List and show what is written down for this repository.
    ///
    /// Without more, lists every atom of every note: where it stands, how old it is and how that is known, what kind of knowledge it
    /// is, and whether it still holds. Probable secrets are redacted.
    #[command(after_help = NOTES_EXAMPLES, args_conflicts_with_subcommands = true)]
    Notes(NotesArgs),
    /// Write one thing down for later, with its date and its class.
    ///
    /// Adds a line such as `- 2026-08-20 (preference): we use pnpm, not npm` to the notes of the repository: NOTES.md or MEMORY.md where
    /// there is one, else a new NOTES.md at its root. Refuses what is written down already, and probable secrets; names
    /// the notes that say otherwise.
    #[command(after_help = REMEMBER_EXAMPLES)]
    Remember(RememberArgs),
    /// Write the note for whoever goes on: goal, state, decisions, failures, next steps, files.
    ///
    /// From the newest session on this branch and what is not committed. Everything is quoted or counted. Saved as HANDOFF.md it is
    /// read as a handoff, with its commit, so that it can be told when the work has moved on.
    #[command(after_help = HANDOFF_EXAMPLES)]
    Handoff(HandoffArgs),
    /// Say what is wrong with the notes, and what to do about it.
    ///
    /// Lines that a host does not load, topics missing from an index, links and names that lead nowhere, paths that are gone,
    /// duplicates, conflicts, probable secrets, handoffs of long ago. Changes nothing. Exit code 0; with --strict 1 if
    /// anything is found.
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Fail where what models read has grown too large: for hooks and CI.
    ///
    /// Checks what [[check]] in ctxpack.toml limits, or what --budget or --for do; that pinned files still fit the budget; that
    /// CLAUDE.md, MEMORY.md and AGENTS.md are no longer than what their hosts load; and that nothing of all that holds a secret. Warns from
    /// 95 % on, fails above 100 %. Says nothing where all is well.
    /// Exit code 0 if nothing failed, 1 if something did, 2 on bad usage.
    #[command(after_help = CHECK_EXAMPLES, after_long_help = check_help())]
    Check(Box<CheckArgs>),
    /// Print, write or check the bundles that ctxpack.toml names.
    ///
    /// Without more, lists them. With a NAME, prints one, of the work tree. --write writes ctxpack.lock, which says what each holds and not
    /// a word of it, and those bundles that have an `output`; --check compares both with what is staged, so that a hook
    /// judges what will be committed. A named bundle is made of contents alone: it is the same in every clone, on any day, before and
    /// after the commit. Nothing is read from the home directory, and history has no say.
    #[command(after_help = BUNDLE_EXAMPLES, after_long_help = format!("{BUNDLE_EXAMPLES}\n\n{BUNDLE_CONFIG}"))]
    Bundle(BundleArgs),
    /// Compare two bundles, item by item and in tokens.
    ///
    /// A and B may each be a bundle of any format, a manifest, ctxpack.lock, a git revision, or one of those files as a revision has it
    /// (REVISION:PATH). Revisions are packed by contents alone, so that nothing but the files makes the difference; without B, A is
    /// compared with the work tree. A manifest, JSON and a lock say how each item is written; other bundles hold its text, which is
    /// counted, and tell mentions alone. Exit code 0 whatever changed; with --exit-code 1 if anything did.
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// Show, check or empty the cache: what earlier runs found out.
    ///
    /// Without more, says where it is, what it holds and how much. Deleting it, or any part of it, is always safe, also while others
    /// run: the next run finds out again what it needs, and packs the same.
    #[command(after_help = CACHE_EXAMPLES, args_conflicts_with_subcommands = true)]
    Cache(CacheArgs),
    /// Write the completions for a shell: bash, zsh, fish, powershell or elvish.
    ///
    /// The script goes to stdout, to be kept where the shell looks for it. Commands, flags, and the values that a flag takes are
    /// completed; nothing is run to find them.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Write the manual: of ctxpack, or of all its commands into a folder.
    #[command(after_help = MAN_EXAMPLES)]
    Man(ManArgs),
    /// Write a ctxpack.toml to begin with, or have an agent call ctxpack.
    ///
    /// With --agent, adds to the settings that the agent reads in this repository: hooks, by which it is told at each prompt what it
    /// needs, and the MCP server. Shows what would change and asks before it writes; on no terminal, --yes is the answer.
    /// What stands in those files already stays as it is, and --undo takes out what was added.
    #[command(after_help = INIT_EXAMPLES)]
    Init(InitArgs),
    /// Serve agents over the Model Context Protocol, on stdin and stdout.
    ///
    /// Tools: `pack` (what a task needs), `read_more` (what comes next), `explain` (why a file is in or out), `notes`, and with
    /// --allow-write `remember`; notes are resources as well. The root is fixed here: no call can name another. Nothing is written
    /// without --allow-write. `ctxpack init --agent` tells an agent of it.
    #[cfg(feature = "mcp")]
    #[command(after_help = MCP_EXAMPLES)]
    Mcp(McpArgs),
    /// Answer the hook of an agent: claude-code, codex or gemini.
    ///
    /// Called by the agent's host, with its JSON on stdin; `ctxpack init --agent` sets that up. At a prompt it brings what the prompt
    /// needs, at the beginning of a session what was decided, said and left open, and before a session is summed up what should not be
    /// lost (Claude Code alone): as much as the host takes, and nothing that it has loaded by itself or that stands in the session.
    /// Says nothing where there is nothing to say, or no time to say it; so that there is, a run that fills the cache is left behind
    /// when a session begins. The exit code is always 0.
    #[command(after_help = HOOK_EXAMPLES)]
    Hook(HookArgs),
}

/// Options of `ctxpack init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// claude, codex, gemini, cursor, opencode or aider [default: ctxpack itself]
    #[arg(long, value_name = "AGENT", help_heading = "What for")]
    pub agent: Option<String>,

    /// Take out what was added.
    #[arg(long, help_heading = "What for")]
    pub undo: bool,

    /// The repository, or a folder in it [default: .]
    #[arg(short = 'C', long, value_name = "PATH", help_heading = "Where to")]
    pub repo: Option<PathBuf>,

    /// Write without asking.
    #[arg(short, long, help_heading = "Where to")]
    pub yes: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack mcp`.
#[cfg(feature = "mcp")]
#[derive(Debug, Args)]
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

/// Options of `ctxpack hook`.
#[derive(Debug, Clone, Args)]
pub struct HookArgs {
    /// claude-code, codex or gemini.
    #[arg(value_name = "AGENT")]
    pub agent: String,

    /// Only fill the cache for this folder, and say nothing: what a hook starts behind itself at the beginning of a session.
    #[arg(long, value_name = "DIR", hide = true)]
    pub fill: Option<PathBuf>,

    /// Say nothing if it takes longer than so many seconds.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 2.0,
        help_heading = "How much"
    )]
    pub within: f64,

    /// Read no notes or sessions that agents keep in the home directory.
    #[arg(long, help_heading = "What of")]
    pub no_home: bool,

    /// Keep nothing in the cache of the home directory, and take nothing from it.
    #[arg(long, help_heading = "What of")]
    pub no_cache: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// bash, zsh, fish, powershell or elvish.
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    pub shell: clap_complete::Shell,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write ctxpack.1 and a page for each command there [default: ctxpack.1 to stdout]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack check`.
#[derive(Debug, Args)]
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

/// Options of `ctxpack diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A bundle, manifest, lock, git revision or REVISION:PATH; `-` is stdin.
    #[arg(value_name = "A")]
    pub before: OsString,

    /// What A is compared with [default: the work tree]
    #[arg(value_name = "B")]
    pub after: Option<OsString>,

    /// Exit with 1 if anything is different, as git diff does.
    #[arg(long, help_heading = "What to do")]
    pub exit_code: bool,

    /// The repository, or a folder in it [default: .]
    #[arg(short = 'C', long, value_name = "PATH", help_heading = "What of")]
    pub repo: Option<PathBuf>,

    /// Of locks and revisions, only the bundle of this name in ctxpack.toml.
    #[arg(long, value_name = "NAME", help_heading = "What of")]
    pub bundle: Option<String>,

    /// Pack revisions into so much [default: 32k, or what ctxpack.toml says]
    #[arg(
        short,
        long,
        value_name = "N",
        allow_hyphen_values = true,
        help_heading = "What of"
    )]
    pub budget: Option<String>,

    /// Pack revisions for this task [default: none]
    #[arg(
        short,
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        help_heading = "What of"
    )]
    pub task: Option<String>,

    /// Count with this encoding: o200k_base (the default) or cl100k_base.
    #[arg(long, value_name = "NAME", help_heading = "What of")]
    pub tokenizer: Option<String>,

    /// text (default), markdown or json.
    ///
    /// markdown is a table for a pull request, of the largest changes.
    #[arg(short, long, value_name = "FORMAT", help_heading = "Where to")]
    pub format: Option<String>,

    /// Write there instead of stdout; `-` is stdout.
    #[arg(short, long, value_name = "FILE", help_heading = "Where to")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack bundle`.
#[derive(Debug, Args)]
pub struct BundleArgs {
    /// The bundle that is meant [default: all]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Bring ctxpack.lock, and bundles with an output, up to date with what is staged.
    #[arg(long, help_heading = "What to do")]
    pub write: bool,

    /// Exit with 1 if what is staged is not up to date; with --write, if it was not.
    #[arg(long, help_heading = "What to do")]
    pub check: bool,

    /// The repository, or a folder in it [default: .]
    #[arg(short = 'C', long, value_name = "PATH", help_heading = "What of")]
    pub repo: Option<PathBuf>,

    /// How --check tells: text (default), json, github, sarif, gitlab, junit or markdown.
    #[arg(short, long, value_name = "FORMAT", help_heading = "Where to")]
    pub format: Option<String>,

    /// Write there instead of stdout; `-` is stdout.
    #[arg(short, long, value_name = "FILE", help_heading = "Where to")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack cache`.
#[derive(Debug, Args)]
pub struct CacheArgs {
    #[command(subcommand)]
    pub what: Option<CacheCommand>,
    #[command(flatten)]
    pub info: CacheInfoArgs,
}

/// What to do with the cache.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Say where it is, what it holds and how much (the default).
    #[command(after_help = CACHE_EXAMPLES)]
    Info(CacheInfoArgs),
    /// Delete it, or a part of it.
    ///
    /// Deletes records, of this version of ctxpack and of others, and what runs that died have left. Nothing else is deleted, and no link
    /// is followed.
    #[command(after_help = CACHE_EXAMPLES)]
    Clear(CacheClearArgs),
    /// Look whether every record is whole. Exit code 1 if one is not.
    ///
    /// Reads each and checks its sum. Changes nothing unless asked: a record that is not whole does no harm, since runs pass it over, and
    /// may be the first that is seen of a failing disk.
    #[command(after_help = CACHE_EXAMPLES)]
    Verify(CacheVerifyArgs),
}

/// Options of `ctxpack cache info`.
#[derive(Debug, Args)]
pub struct CacheInfoArgs {
    /// Print JSON: schema 1, one object a bucket.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack cache clear`.
#[derive(Debug, Args)]
pub struct CacheClearArgs {
    /// Only of these buckets, as `ctxpack cache` names them [default: all]
    #[arg(value_name = "BUCKET")]
    pub buckets: Vec<String>,

    /// Only what was written longer ago: 30d, 12h, 2w.
    #[arg(long, value_name = "AGE", help_heading = "What of")]
    pub older_than: Option<String>,

    /// Only say what would be deleted.
    #[arg(long, help_heading = "Where to")]
    pub dry_run: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack cache verify`.
#[derive(Debug, Args)]
pub struct CacheVerifyArgs {
    /// Delete the records that are not whole. The exit code is 1 all the same.
    #[arg(long, help_heading = "What to do")]
    pub repair: bool,

    /// Print JSON: schema 1, one object a fault.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Exit with 1 if anything is found.
    #[arg(long, help_heading = "What of")]
    pub strict: bool,

    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, one object a finding.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack handoff`.
#[derive(Debug, Args)]
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

/// Options of `ctxpack remember`.
#[derive(Debug, Args)]
pub struct RememberArgs {
    /// What to remember.
    #[arg(value_name = "TEXT", required = true)]
    pub text: Vec<String>,

    /// principle, decision, preference, gotcha, fact, status or handoff [default: by its wording]
    #[arg(long, value_name = "CLASS", help_heading = "What")]
    pub class: Option<String>,

    /// Write nothing if a note says otherwise; exit 1.
    #[arg(long, help_heading = "What")]
    pub strict: bool,

    /// Write there: a file that ctxpack reads as notes.
    #[arg(long, value_name = "FILE", help_heading = "Where to")]
    pub file: Option<PathBuf>,

    /// Only say what would be written.
    #[arg(long, help_heading = "Where to")]
    pub dry_run: bool,

    #[command(flatten)]
    pub memory: MemoryArgs,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options that say whose memory is meant; every command of memory has them.
#[derive(Debug, Args)]
pub struct MemoryArgs {
    /// The repository, or a folder in it [default: .]
    #[arg(short = 'C', long, value_name = "PATH", help_heading = "What of")]
    pub repo: Option<PathBuf>,

    /// Read nothing that agents keep in the home directory.
    #[arg(long, help_heading = "What of")]
    pub no_home: bool,

    /// Keep nothing in the cache of the home directory, and take nothing from it.
    #[arg(long, help_heading = "What of")]
    pub no_cache: bool,

    /// Take this moment for now, such as 2026-11-22T12:00:00Z.
    ///
    /// Ages are measured from it. Default: the clock of the machine.
    #[arg(long, value_name = "RFC3339", help_heading = "What of")]
    pub now: Option<String>,
}

/// Options of `ctxpack sessions`.
#[derive(Debug, Args)]
pub struct SessionsArgs {
    #[command(subcommand)]
    pub what: Option<SessionsCommand>,
    #[command(flatten)]
    pub list: ListSessionsArgs,
}

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// List them, newest first (the default).
    #[command(after_help = SESSIONS_EXAMPLES)]
    List(ListSessionsArgs),
    /// Show what was said in one, word for word.
    #[command(after_help = SESSIONS_EXAMPLES)]
    Show(ShowSessionArgs),
    /// Show what one is worth remembering for.
    ///
    /// Asks, decisions, failures and what mended them, files edited and what was left open, quoted.
    #[command(after_help = SESSIONS_EXAMPLES)]
    Digest(DigestArgs),
}

/// Options of `ctxpack sessions list`.
#[derive(Debug, Args)]
pub struct ListSessionsArgs {
    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, one object a session.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack sessions show`.
#[derive(Debug, Args)]
pub struct ShowSessionArgs {
    /// Its number in the list, or the beginning of its id.
    #[arg(value_name = "ID")]
    pub id: String,

    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, one object a turn.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack sessions digest`.
#[derive(Debug, Args)]
pub struct DigestArgs {
    /// Its number in the list, or the beginning of its id.
    #[arg(value_name = "ID")]
    pub id: String,

    /// headline, brief or full.
    #[arg(
        short,
        long,
        value_name = "SIZE",
        value_enum,
        default_value = "full",
        hide_possible_values = true,
        help_heading = "How much"
    )]
    pub size: DigestSize,

    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, each list of the digest; always in full.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// How much of a digest is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DigestSize {
    /// One line.
    Headline,
    /// The newest entries of each list.
    Brief,
    /// All of it.
    Full,
}

/// Options of `ctxpack notes`.
#[derive(Debug, Args)]
pub struct NotesArgs {
    #[command(subcommand)]
    pub what: Option<NotesCommand>,
    #[command(flatten)]
    pub list: ListNotesArgs,
}

/// What to do with notes.
#[derive(Debug, Subcommand)]
pub enum NotesCommand {
    /// List every atom of every note (the default).
    #[command(after_help = NOTES_EXAMPLES)]
    List(ListNotesArgs),
    /// Show the atoms of one note, or the one at a line, word for word.
    #[command(after_help = NOTES_EXAMPLES)]
    Show(ShowNotesArgs),
}

/// Options of `ctxpack notes list`.
#[derive(Debug, Args)]
pub struct ListNotesArgs {
    /// Only this class: principle, decision, preference, gotcha, fact, status or handoff. Repeatable.
    #[arg(
        long,
        value_name = "CLASS",
        value_delimiter = ',',
        help_heading = "What of"
    )]
    pub class: Vec<String>,

    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, one object an atom, with its text.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack notes show`.
#[derive(Debug, Args)]
pub struct ShowNotesArgs {
    /// The path of a note, or its end; `:LINE` behind it picks one atom.
    #[arg(value_name = "PATH[:LINE]")]
    pub place: String,

    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, one object an atom, with its text.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack tune`.
#[derive(Debug, Args)]
pub struct TuneArgs {
    #[command(flatten)]
    pub replay: ReplayArgs,

    /// Only say what would be gained.
    #[arg(long, conflicts_with = "force", help_heading = "Where to")]
    pub dry_run: bool,

    /// Write the weights even if they are not better for certain.
    #[arg(long, help_heading = "Where to")]
    pub force: bool,

    /// Print JSON: schema 1, with the weights.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of the commands that replay cases.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The repository, or a folder in it [default: .]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Most commits to replay, newest first [default: 100], or most cases of a file [default: all]
    #[arg(short, long, value_name = "N", help_heading = "What to replay")]
    pub n_cases: Option<usize>,

    /// Replay commits behind this revision [default: HEAD]
    #[arg(
        long,
        value_name = "REVISION",
        conflicts_with = "cases",
        help_heading = "What to replay"
    )]
    pub rev: Option<String>,

    /// Only paths like 'src/**'. Repeatable.
    #[arg(short, long, value_name = "GLOB", help_heading = "What to replay")]
    pub include: Vec<String>,

    /// No paths like 'vendor/**'. Repeatable.
    #[arg(short, long, value_name = "GLOB", help_heading = "What to replay")]
    pub exclude: Vec<String>,

    /// Replay these cases instead of commits: one JSON object a line.
    ///
    /// Each names a revision (`base`), a task (`query`) and the files that the change touched (`gold_files`). It may name the folder of
    /// the repository below --clones (`mirror`; default: that folder itself), the lines that the change touched (`gold_lines`: ranges by file,
    /// from 1; a file without any counts as changed in all its lines, so that its site is found where the file is), the commit that made
    /// the change (`commit`, which --no-task needs), and `id` and `repo`, which are shown. What is not in the tree of `base` is left out
    /// with a warning. `ctxpack eval --help` ends with samples.
    #[arg(long, value_name = "FILE", help_heading = "What to replay")]
    pub cases: Option<PathBuf>,

    /// The folder that the clones of --cases lie in [default: .]
    #[arg(
        long,
        value_name = "DIR",
        requires = "cases",
        help_heading = "What to replay"
    )]
    pub clones: Option<PathBuf>,

    /// Budgets in tokens.
    #[arg(
        short,
        long,
        value_name = "N,N",
        default_value = "4k,8k,16k,27k",
        value_delimiter = ',',
        help_heading = "What to replay"
    )]
    pub budgets: Vec<String>,
}

/// Options of `ctxpack eval`.
#[derive(Debug, Args)]
pub struct EvalArgs {
    #[command(flatten)]
    pub replay: ReplayArgs,

    /// Do not tell the task: half of the change is made, how much of the rest is found?
    ///
    /// The first half of the files that a commit changes is as the commit leaves them, as if edited and not committed. The task is
    /// inferred from that, as it is in a work tree, and the other half is looked for. Beside it stand the files that
    /// changed together with the edited ones most often, and those that changed last. Takes commits of two files or more.
    #[arg(long, help_heading = "What to replay")]
    pub no_task: bool,

    /// One line a case as well.
    #[arg(long, help_heading = "Where to")]
    pub each: bool,

    /// Print JSON: schema 1; with --each, each case too.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options that say what a bundle is for, how much it may hold and of what; every command that packs has them.
#[derive(Debug, Args)]
pub struct AskArgs {
    /// Most tokens to use: 8000, 100k, 60%, 10000c, 32KiB.
    ///
    /// In tokens: `8000`, `100_000`, `100k` (k = 1000), `1.5m`, or `60%` of the window of --model. In characters: `10000c`. In
    /// bytes: `32KiB`. Counted over the exact bytes written, framing included. Default: 32k, or `budget` in ctxpack.toml.
    #[arg(
        short,
        long,
        value_name = "N",
        allow_hyphen_values = true,
        help_heading = "How much"
    )]
    pub budget: Option<String>,

    /// Fit a host: claude-hook, mcp, codex-agents, ...
    ///
    /// Sets the budget, and the format where the host reads one best; --budget and --format still win. The hosts are listed
    /// at the end.
    #[arg(long = "for", value_name = "HOST", help_heading = "How much")]
    pub host: Option<String>,

    /// Count as a model does: gpt-5.5, claude-sonnet-5, ...
    ///
    /// Picks the tokenizer and the window that a budget in percent is taken of. Where a model's tokenizer is not public, counts
    /// are estimates, raised so as to stay under. An unknown name lists the known ones.
    #[arg(short, long, value_name = "NAME", help_heading = "How much")]
    pub model: Option<String>,

    /// Count with this encoding: o200k_base (the default) or cl100k_base.
    #[arg(
        long,
        value_name = "NAME",
        hide_short_help = true,
        help_heading = "How much"
    )]
    pub tokenizer: Option<String>,

    /// What you are about to do; `-` reads stdin.
    ///
    /// An issue, a question, a stack trace: the more it names, the better the choice. Repeatable, in order. `-` reads stdin, which
    /// is read in no other case. Without it the task is inferred from your uncommitted changes, the branch, the newest commits
    /// and the last session.
    #[arg(
        short,
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        help_heading = "What for"
    )]
    task: Vec<OsString>,

    /// The same, from a file. Repeatable; keeps its place among --task.
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "What for",
        hide_short_help = true
    )]
    task_file: Vec<PathBuf>,

    /// Measure recency from this moment, such as 2026-11-22T12:00:00Z.
    ///
    /// Default: the newest of HEAD's commit and the newest candidate, so that the same tree gives the same bundle on any day.
    #[arg(
        long,
        value_name = "RFC3339",
        hide_short_help = true,
        help_heading = "What for"
    )]
    pub now: Option<String>,

    #[command(flatten)]
    pub what: WhatArgs,

    /// Files that must be in, in full. Repeatable.
    ///
    /// Where the pinned files alone do not fit, nothing is written and the budget that would do is named.
    #[arg(long, value_name = "GLOB", help_heading = "What to pack")]
    pub pin: Vec<String>,

    /// xml (default), markdown, json or plain.
    ///
    /// xml is what models read best; markdown is for people and commits; json (the manifest with each item's text) is for
    /// programs, not for pasting into a prompt.
    #[arg(short, long, value_name = "FORMAT", help_heading = "Where to")]
    pub format: Option<String>,

    /// `--task` and `--task-file` in the order in which they were typed.
    #[arg(skip)]
    pub parts: Vec<Part>,
}

/// Options of `ctxpack` and `ctxpack pack`.
#[derive(Debug, Args)]
pub struct PackArgs {
    #[command(flatten)]
    pub ask: AskArgs,

    /// Write there instead of stdout; `-` is stdout.
    ///
    /// The file appears whole or not at all. `-` prints the bundle on a terminal too, where a summary is shown otherwise.
    #[arg(short, long, value_name = "FILE", help_heading = "Where to")]
    pub output: Option<PathBuf>,

    /// Also write the JSON manifest there: what is in, what is not, and why.
    #[arg(
        long,
        value_name = "FILE",
        hide_short_help = true,
        help_heading = "Where to"
    )]
    pub manifest: Option<PathBuf>,

    /// Begin as the bundle before did, as far as that costs little: what a provider has cached of a prompt is cheaper.
    ///
    /// FILE remembers what the last bundle showed (hashes, no text) and is written anew by each run; it need not exist yet. The first
    /// items of the bundle before stay in their places, each as it was written, while that gives up at most 5% of what the bundle is
    /// worth for the new task; at least a quarter of the budget goes to what is new. A file that changed ends it. `--stats` says how
    /// much is shared. The json format states numbers of the task with each item, and shares nothing.
    ///
    /// Example: ctxpack --sticky .git/ctxpack-sticky -t "$PROMPT" --stats
    #[arg(
        long,
        value_name = "FILE",
        hide_short_help = true,
        help_heading = "Where to"
    )]
    pub sticky: Option<PathBuf>,

    /// Say why each file, note and session is in or out.
    ///
    /// A tree of named numbers per candidate: on stderr, or on stdout instead of the bundle where PATH is named.
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = "", help_heading = "Why")]
    pub explain: Option<OsString>,

    /// Tokens by kind, the bound, the time.
    ///
    /// A short table on stderr: what each kind takes, how far from the best selection this one can be, and how long it took.
    #[arg(long, help_heading = "Why")]
    pub stats: bool,

    /// The time that each stage took, on stderr.
    #[arg(long, hide_short_help = true, help_heading = "Why")]
    pub timings: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack curve`.
#[derive(Debug, Args)]
pub struct CurveArgs {
    #[command(flatten)]
    pub ask: AskArgs,

    /// Try these budgets: 2k,4k,8k [default: 1k to 200k].
    ///
    /// All in the unit of --budget. Without it, sixteen budgets from 1k to 200k tokens are tried, and --budget, until everything is in.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        help_heading = "How much"
    )]
    pub budgets: Vec<String>,

    /// Also draw the curve there, as an SVG that suits light and dark.
    #[arg(long, value_name = "FILE", help_heading = "Where to")]
    pub svg: Option<PathBuf>,

    /// Print JSON: schema 1, one object a budget.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack sources`.
#[derive(Debug, Args)]
pub struct SourcesArgs {
    #[command(flatten)]
    pub what: WhatArgs,

    /// Print JSON: schema 1, one object a source.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options that say which candidates there are; every command that collects has them.
#[derive(Debug, Default, Args)]
pub struct WhatArgs {
    /// Repositories or folders; several are the roots of one bundle [default: .]
    ///
    /// A folder called like a command is packed as `./sources`, or behind `--`.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Only paths like 'src/**'. Repeatable.
    #[arg(short, long, value_name = "GLOB", help_heading = "What to pack")]
    pub include: Vec<String>,

    /// No paths like 'vendor/**'. Repeatable.
    #[arg(short, long, value_name = "GLOB", help_heading = "What to pack")]
    pub exclude: Vec<String>,

    /// Only the files that this file lists, one a line; `-` is stdin.
    ///
    /// Paths are relative to the working directory, or absolute, and lie below PATH. What is listed is a candidate whatever ignore files
    /// say; folders, links, and what git keeps for itself are passed over. --include and --exclude narrow the list. What agents keep
    /// in the home directory is read all the same, unless --no-home or --only files say otherwise.
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "What to pack",
        hide_short_help = true
    )]
    pub files_from: Option<PathBuf>,

    /// Paths of --files-from end in null bytes: fd -0, find -print0, git ls-files -z.
    #[arg(
        short = '0',
        long,
        requires = "files_from",
        help_heading = "What to pack",
        hide_short_help = true
    )]
    pub null: bool,

    /// Only this kind: files, notes or sessions. Repeatable.
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        help_heading = "What to pack",
        hide_short_help = true
    )]
    pub only: Vec<String>,

    /// Not this kind. Repeatable.
    #[arg(
        long,
        value_name = "KIND",
        value_delimiter = ',',
        help_heading = "What to pack",
        hide_short_help = true
    )]
    pub without: Vec<String>,

    /// Pack a git revision (HEAD~3, v1.2, a branch) instead of the work tree.
    #[arg(
        long,
        value_name = "REVISION",
        help_heading = "What to pack",
        hide_short_help = true
    )]
    pub rev: Option<String>,

    /// What becomes of secrets: redact [default], exclude, fail or off.
    ///
    /// Known forms of keys, tokens and passwords are replaced by [REDACTED:kind] wherever they stand, and files that are secret by their
    /// names (.env, id_rsa, *.pem, ...) are left out. `exclude` leaves out whatever holds one; `fail` packs nothing and says where they
    /// are (exit code 1); `off` shows files and notes as they are, and is no project's to ask for. A line that says ctxpack:allow or
    /// gitleaks:allow is let be.
    #[arg(
        long,
        value_name = "HOW",
        help_heading = "What to pack",
        hide_short_help = true
    )]
    pub secrets: Option<String>,

    /// Read no notes or sessions that agents keep in the home directory.
    #[arg(long, help_heading = "What to pack", hide_short_help = true)]
    pub no_home: bool,

    /// Keep nothing in the cache of the home directory, and take nothing from it.
    #[arg(long, help_heading = "Other", hide_short_help = true)]
    pub no_cache: bool,
}

/// Options that say how much is said; every command has them.
#[derive(Debug, Clone, Args)]
pub struct TalkArgs {
    /// No warnings, no progress, no closing line; errors still.
    #[arg(short, long, hide_short_help = true, help_heading = "Other")]
    pub quiet: bool,

    /// auto (the default), always or never; NO_COLOR is respected.
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true,
        hide_short_help = true,
        help_heading = "Other"
    )]
    pub color: ColorChoice,

    /// Print help; --help says more.
    #[arg(short, long, action = ArgAction::Help, help_heading = "Other")]
    pub help: Option<bool>,
}

const EXAMPLES: &str = "\
Examples:
  ctxpack                                  what would be packed here, and why
  ctxpack -b 50k -t 'fix the retry' | claude -p 'Do it.'
  cargo test 2>&1 | ctxpack -t 'mend this' -t - -o context.xml";

/// `-h` on one screen of 80 x 24: one table without headings, and the commands by name.
const SHORT_HELP: &str = "\
{about-with-newline}
{usage-heading} {usage}

{options}{after-help}";

const TUNE_EXAMPLES: &str = "\
Examples:
  ctxpack tune --dry-run      what would be gained here
  ctxpack tune -n 300         fit to the newest 300 commits; write ctxpack.toml if better
  ctxpack tune --json --dry-run | jq .weights.file";

const EVAL_EXAMPLES: &str = "\
Examples:
  ctxpack eval                          the newest 100 commits here
  ctxpack eval -n 30 -b 8k,32k --each   fewer, at other budgets, one by one
  ctxpack eval --no-task ../api         how well the task is inferred
  ctxpack eval --json | jq '.results[] | select(.packer == \"ctxpack\")'
  ctxpack eval --cases cases.jsonl --clones ~/clones";

// without spaces, because help is wrapped at them
const CASES: &str = "\
Lines of --cases, the least and all that may be said:
  {\"base\":\"v1.2\",\"query\":\"retry:wait_longer\",\"gold_files\":[\"src/retry.rs\"]}
  {\"id\":\"7\",\"repo\":\"acme/api\",\"mirror\":\"api\",\"base\":\"v1.2\",\"commit\":\"v1.3\",\"query\":\"retry:wait_longer\",\
\"gold_files\":[\"src/retry.rs\"],\"gold_lines\":{\"src/retry.rs\":[[3,9],[40,40]]}}";

const SOURCES_EXAMPLES: &str = "\
Examples:
  ctxpack sources                       everything that ctxpack would read here
  ctxpack sources --only notes ../api
  ctxpack sources --json | jq '.sources[].where'";

const CURVE_EXAMPLES: &str = "\
Examples:
  ctxpack curve -t 'fix the retry'              how much budget this task needs
  ctxpack curve -t 'fix the retry' --svg curve.svg
  ctxpack curve -b 16k --budgets 4k,8k,16k --json | jq '.points[].chance'";

const SESSIONS_EXAMPLES: &str = "\
Examples:
  ctxpack sessions                       what was worked on here, newest first
  ctxpack sessions show 1 | less         the newest, word for word
  ctxpack sessions digest 0199f --size brief
  ctxpack sessions --json | jq '.sessions[].title'";

const REMEMBER_EXAMPLES: &str = "\
Examples:
  ctxpack remember 'we use pnpm, not npm'
  ctxpack remember --class gotcha 'the sandbox hangs without a key'
  ctxpack remember --file docs/DECISIONS.md 'orders are locked in Postgres'";

const HANDOFF_EXAMPLES: &str = "\
Examples:
  ctxpack handoff                        what the next one needs to know
  ctxpack handoff -o HANDOFF.md
  ctxpack handoff --budget 400 | claude -p 'Go on from here.'";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  ctxpack doctor                         what is wrong with the notes, here and in your home
  ctxpack doctor --strict --no-home      in CI
  ctxpack doctor --json | jq '.findings[] | select(.code == \"conflict\")'

Codes:
  agents-chain-too-long  AGENTS.md from the root down are longer than what Codex loads
  conflict               two notes that cannot both hold
  dangling-link          a link to a file that is not there
  dangling-name          a [[name]] of no note
  drifted-anchor         a note of whose paths and names some are gone
  duplicate              a note that says what another says
  index-past-cap         lines of MEMORY.md past what Claude Code loads
  instructions-too-long  a CLAUDE.md longer than its makers advise
  near-duplicate         a note that says nearly what another says
  not-in-index           a topic file that MEMORY.md does not list
  orphaned-anchor        a note of whose paths and names none is left
  probable-secret        what looks like a key or a password
  stale-handoff          a handoff that HEAD is ahead of by 10 commits, or by 14 days
  superseded-listed      a superseded topic that MEMORY.md still lists";

const BUNDLE_EXAMPLES: &str = "\
Examples:
  ctxpack bundle                         the bundles of this repository
  ctxpack bundle review | claude -p 'Review my change.'
  ctxpack bundle --write && git add ctxpack.lock
  ctxpack bundle --check                 in CI, and in hooks";

const DIFF_EXAMPLES: &str = "\
Examples:
  ctxpack diff before.xml after.xml      what the second holds that the first did not
  ctxpack diff main HEAD -t 'fix the retry' -b 8k
  ctxpack diff origin/main:ctxpack.lock ctxpack.lock --format markdown
  ctxpack diff --exit-code before.json after.json | less";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  ctxpack completions bash > ~/.local/share/bash-completion/completions/ctxpack
  ctxpack completions zsh > ~/.zfunc/_ctxpack      with ~/.zfunc in $fpath
  ctxpack completions fish > ~/.config/fish/completions/ctxpack.fish
  ctxpack completions powershell >> $PROFILE
  source <(ctxpack completions bash)               in this shell alone";

const MAN_EXAMPLES: &str = "\
Examples:
  ctxpack man | man -l -                           read it
  ctxpack man ~/.local/share/man/man1              keep it: man ctxpack-diff";

const BUNDLE_CONFIG: &str = "\
In ctxpack.toml:
  [bundle.review]
  budget = \"16k\"
  task = \"review a change of the API\"
  include = [\"src/**\"]         # exclude, pin, only, without as well
  format = \"markdown\"
  output = \"docs/context.md\"   # only where the text itself is wanted";

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

const CACHE_EXAMPLES: &str = "\
Examples:
  ctxpack cache                              where it is, what it holds, how much
  ctxpack cache clear                        delete all of it
  ctxpack cache clear sessions --older-than 30d --dry-run
  ctxpack cache verify                       is every record whole?
  ctxpack cache --json | jq .total.size_bytes";

const INIT_EXAMPLES: &str = "\
Examples:
  ctxpack init                           a ctxpack.toml that explains itself
  ctxpack init --agent claude            show what would be written, and ask
  ctxpack init --agent codex --yes       write it
  ctxpack init --agent codex --undo      take it out again";

#[cfg(feature = "mcp")]
const MCP_EXAMPLES: &str = "\
Examples:
  ctxpack init --agent cursor            have an agent start it
  ctxpack mcp --root ~/src/api           serve one repository, reading only
  npx @modelcontextprotocol/inspector ctxpack mcp --root .";

const HOOK_EXAMPLES: &str = "\
Examples:
  ctxpack init --agent claude            have Claude Code call it
  echo '{\"hook_event_name\":\"UserPromptSubmit\",\"prompt\":\"fix the retry loop\"}' |
    ctxpack hook claude-code             what it would bring here";

const NOTES_EXAMPLES: &str = "\
Examples:
  ctxpack notes                          everything that is written down here
  ctxpack notes --class decision,gotcha
  ctxpack notes show NOTES.md:12         one atom, word for word
  ctxpack notes --json | jq '.notes[] | select(.state == \"superseded\")'";

fn long_examples() -> String {
    format!(
        "\
Hosts (--for):
{}
Examples:
  ctxpack
      show what would be packed here, and why
  ctxpack -b 50k -t 'fix the retry' | claude -p 'Do it.'
      pipe a bundle into an agent
  cargo test 2>&1 | ctxpack -t 'mend this' -t - -o context.xml
      make a failing test the task
  ctxpack --pin ARCHITECTURE.md -i 'src/**' -f markdown -o context.md
      one file for certain, the rest of src as it fits
  ctxpack --rev v1.2 --without sessions -o v1.2.xml
      a release, as it was
  ctxpack -m gpt-5.5 -b 10% --explain src/main.rs
      why a file would be in a tenth of a model's window, or would not

Settings, the first that speaks wins:
  flags, then CTXPACK_BUDGET, CTXPACK_MODEL, CTXPACK_TOKENIZER, CTXPACK_FORMAT,
  CTXPACK_SECRETS and CTXPACK_NO_HOME, then ctxpack.toml at the root of the
  repository, then ~/.config/ctxpack/config.toml; of --secrets a project may ask
  for exclude or fail alone

Exit codes:
  0 done; 1 a check found something; 2 bad usage or input, or I/O failed;
  130 and 143 on SIGINT and SIGTERM",
        crate::cli::host::table()
    )
}

/// Reads the command line. What cannot be parsed, and requests for help, come back as clap's error.
pub fn parse(typed: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let typed: Vec<OsString> = typed.into_iter().collect();
    let mut cli = Cli::command();
    if typed.iter().any(|word| word == "-h") {
        // -h itself says how to get help
        let names = commands();
        let mut commands = format!("{EXAMPLES}\nCommands:");
        let mut n_columns = "Commands:".len();
        for name in names.into_iter().filter(|name| name != "help") {
            n_columns += 1 + name.len();
            if n_columns > 79 {
                commands.push_str("\n         ");
                n_columns = "Commands:".len() + 1 + name.len();
            }
            commands.push_str(&format!(" {name}"));
        }
        let shown = |arg: clap::Arg| arg.help_heading(None);
        cli = cli
            .mut_args(shown)
            .override_usage("ctxpack [OPTIONS] [PATH]...")
            .help_template(SHORT_HELP)
            .after_help(commands);
    }
    let matches = cli.try_get_matches_from(typed)?;
    let cli = Cli::from_arg_matches(&matches)?;
    let mut command = cli.command.unwrap_or(Command::Pack(Box::new(cli.pack)));
    let of_command = matches
        .subcommand()
        .map_or(&matches, |(_, matches)| matches);
    match &mut command {
        Command::Pack(args) => args.ask.sort(of_command),
        Command::Curve(args) => args.ask.sort(of_command),
        _ => {}
    }
    Ok(command)
}

/// The definition, with the values that flags take: parsing leaves those to what reads them, whose errors say more.
pub fn definition() -> clap::Command {
    fn with_values(mut command: clap::Command) -> clap::Command {
        let name = command.get_name().to_owned();
        let names: Vec<String> = command
            .get_subcommands()
            .map(|below| below.get_name().to_owned())
            .collect();
        for below in names {
            command = command.mut_subcommand(below, with_values);
        }
        command.mut_args(|arg| {
            // a manual has room for what -h has none for
            let arg = arg.hide_short_help(false);
            let known = values(&name, arg.get_long().unwrap_or_default());
            match known.is_empty() {
                true => arg,
                false => arg.value_parser(known).hide_possible_values(true),
            }
        })
    }
    with_values(Cli::command())
}

/// The values that a flag of a command takes, where they can be listed.
fn values(command: &str, flag: &str) -> Vec<&'static str> {
    use crate::cli::report;
    use ctxpack::tokens::models;
    match (command, flag) {
        ("check" | "bundle", "format") => report::FORMATS.iter().map(|it| it.name).collect(),
        ("diff", "format") => vec!["text", "markdown", "json"],
        (_, "format") => vec!["xml", "markdown", "json", "plain"],
        ("check", "for") => ctxpack::check::LIMITS.iter().map(|it| it.name).collect(),
        (_, "for") => crate::cli::host::HOSTS.iter().map(|it| it.name).collect(),
        ("check", "secrets") => vec!["fail", "off"],
        (_, "secrets") => vec!["redact", "exclude", "fail", "off"],
        (_, "only" | "without") => vec!["files", "notes", "sessions"],
        (_, "tokenizer") => vec!["o200k_base", "cl100k_base"],
        (_, "model") => models::known_models().map(|it| it.name).collect(),
        ("init", "agent") => ctxpack::agents::setup::AGENTS
            .iter()
            .map(|it| it.name)
            .collect(),
        ("list" | "notes" | "remember", "class") => {
            vec![
                "principle",
                "decision",
                "preference",
                "gotcha",
                "fact",
                "status",
                "handoff",
            ]
        }
        _ => Vec::new(),
    }
}

/// Names of the commands, for hints.
pub fn commands() -> Vec<String> {
    let mut names: Vec<String> = Cli::command()
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| command.get_name().to_owned())
        .collect();
    names.push("help".to_owned());
    names
}

/// The long flags of `command` (of the default command, where it is `None`), with their dashes.
pub fn flags(command: Option<&str>) -> Vec<String> {
    let cli = Cli::command();
    let command = command
        .and_then(|name| cli.find_subcommand(name))
        .unwrap_or(&cli);
    let longs = |arg: &clap::Arg| arg.get_long().map(|long| format!("--{long}"));
    command.get_arguments().filter_map(longs).collect()
}

/// Whether `text` is a flag of the default command, spelled out.
pub fn is_flag(text: &str) -> bool {
    flags(None).iter().any(|flag| flag == text)
}

impl AskArgs {
    /// Puts the parts of the task into the order in which they were typed.
    fn sort(&mut self, matches: &ArgMatches) {
        let indices = |name| matches.indices_of(name).into_iter().flatten();
        let texts = std::mem::take(&mut self.task).into_iter().map(Part::Text);
        let files = std::mem::take(&mut self.task_file)
            .into_iter()
            .map(Part::File);
        let mut parts: Vec<(usize, Part)> = indices("task").zip(texts).collect();
        parts.extend(indices("task_file").zip(files));
        parts.sort_by_key(|(at, _)| *at);
        self.parts = parts.into_iter().map(|(_, part)| part).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Result<Command, clap::Error> {
        parse(line.split(' ').map(OsString::from))
    }

    #[track_caller]
    fn pack(line: &str) -> PackArgs {
        match typed(line) {
            Ok(Command::Pack(args)) => *args,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[track_caller]
    fn check_paths(line: &str, expected: &[&str]) {
        let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
        assert_eq!(pack(line).ask.what.paths, expected, "{line}");
    }

    #[test]
    fn packing_is_the_default_and_commands_do_not_hide_folders() {
        check_paths("ctxpack", &[]);
        check_paths("ctxpack pack", &[]);
        check_paths("ctxpack pack pack", &["pack"]);
        check_paths("ctxpack pack sources", &["sources"]);
        check_paths("ctxpack ./sources", &["./sources"]);
        check_paths("ctxpack -- sources", &["sources"]);
        check_paths("ctxpack -b 8k a b", &["a", "b"]);
        check_paths("ctxpack a -b 8k b", &["a", "b"]);
        check_paths("ctxpack -- -b", &["-b"]);
        assert!(matches!(typed("ctxpack sources"), Ok(Command::Sources(_))));
        assert!(matches!(
            typed("ctxpack sources --json sources"),
            Ok(Command::Sources(_))
        ));
    }

    #[test]
    fn a_later_flag_wins() {
        assert_eq!(pack("ctxpack -b 1 -b 2").ask.budget.as_deref(), Some("2"));
        assert_eq!(
            pack("ctxpack -f xml --format=json").ask.format.as_deref(),
            Some("json")
        );
        assert!(pack("ctxpack --stats --stats").stats);
        assert_eq!(
            pack("ctxpack pack -b 1 -b 2").ask.budget.as_deref(),
            Some("2")
        );
    }

    #[test]
    fn parts_of_the_task_keep_their_order() {
        let part = |text: &str| Part::Text(text.into());
        let args = pack("ctxpack -t a --task-file f -t - pack --task=b");
        assert_eq!(
            args.ask.parts,
            [part("a"), Part::File("f".into()), part("-"), part("b")]
        );
        assert_eq!(
            pack("ctxpack pack -t a -t b").ask.parts,
            [part("a"), part("b")]
        );
        assert_eq!(pack("ctxpack -t -x -b 5").ask.parts, [part("-x")]);
    }

    #[test]
    fn explain_takes_a_path_or_none() {
        assert_eq!(pack("ctxpack").explain, None);
        assert_eq!(pack("ctxpack --explain").explain, Some("".into()));
        assert_eq!(pack("ctxpack --explain --stats").explain, Some("".into()));
        assert_eq!(
            pack("ctxpack --explain src/a.rs").explain,
            Some("src/a.rs".into())
        );
    }

    #[test]
    fn kinds_may_be_listed() {
        assert_eq!(
            pack("ctxpack --only files,notes --only sessions")
                .ask
                .what
                .only,
            ["files", "notes", "sessions"]
        );
    }

    #[test]
    fn flags_are_known() {
        assert!(
            is_flag("--stats")
                && is_flag("--task-file")
                && !is_flag("--nothing")
                && !is_flag("stats")
        );
    }
}
