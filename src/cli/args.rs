//! What can be typed for every command, or for several; what is one command's own stands in its file. The doc comment of a field is its help: the first paragraph in `-h`, all of it in `--help`.

use crate::cli::Command;
use crate::cli::pack::{EXAMPLES, PackArgs, PackCommandArgs, long_examples};
use crate::cli::style::ColorChoice;
use crate::cli::task::Part;
use clap::{ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser};
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
    alone: Alone,
}

/// What can be typed without a command.
#[derive(Debug, Args)]
struct Alone {
    #[command(flatten)]
    pack: PackArgs,

    /// Print the version.
    #[arg(short = 'V', long, action = ArgAction::Version, hide_short_help = true, help_heading = "Other")]
    version: Option<bool>,
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

/// `-h` on one screen of 80 x 24: one table without headings, and the commands by name.
const SHORT_HELP: &str = "\
{about-with-newline}
{usage-heading} {usage}

{options}{after-help}";

/// Reads the command line. What cannot be parsed, and requests for help, come back as clap's error.
pub fn parse(typed: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let typed: Vec<OsString> = typed.into_iter().collect();
    if let Some(command) = parse_alone(&typed) {
        return Ok(command);
    }
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
    let of_default = || {
        Command::Pack(Box::new(PackCommandArgs {
            pack: cli.alone.pack,
        }))
    };
    let mut command = cli.command.unwrap_or_else(of_default);
    let of_command = matches
        .subcommand()
        .map_or(&matches, |(_, matches)| matches);
    match &mut command {
        Command::Pack(args) => args.pack.ask.sort(of_command),
        Command::Curve(args) => args.ask.sort(of_command),
        _ => {}
    }
    Ok(command)
}

/// [`parse`] of what names no command and has nothing to be told of: to define all commands takes as long as a small file.
fn parse_alone(typed: &[OsString]) -> Option<Command> {
    let is_name = |word: &OsString| {
        Command::NAMES
            .iter()
            .any(|name| word.eq_ignore_ascii_case(name))
    };
    if typed.iter().skip(1).any(is_name) {
        return None;
    }
    let bare = clap::Command::new("ctxpack")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args_override_self(true);
    let matches = Alone::augment_args(bare).try_get_matches_from(typed).ok()?;
    let mut pack = Alone::from_arg_matches(&matches).ok()?.pack;
    pack.ask.sort(&matches);
    Some(Command::Pack(Box::new(PackCommandArgs { pack })))
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
            let known = values(&name, arg.get_long().unwrap_or(arg.get_id().as_str()));
            match known.is_empty() {
                true => arg,
                false => arg.value_parser(known).hide_possible_values(true),
            }
        })
    }
    with_values(Cli::command())
}

/// The values that a flag of a command takes, or what stands without one, where they can be listed.
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
        ("hook", "agent") => ctxpack::agents::hook::HOSTS
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
    // to list them takes longer than to read most tasks
    text.starts_with("--") && flags(None).iter().any(|flag| flag == text)
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
            Ok(Command::Pack(args)) => args.pack,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_name() {
        let cli = Cli::command();
        let names = cli
            .get_subcommands()
            .flat_map(|it| it.get_name_and_visible_aliases());
        let names: Vec<&str> = names.chain(["help"]).collect();
        let known: Vec<String> = Command::NAMES.iter().map(|it| it.to_lowercase()).collect();
        assert_eq!(names, known);
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
