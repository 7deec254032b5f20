//! `ctxpack init`: writes settings, for ctxpack itself or for an agent. Shows first what would change, and never touches what is not its own.

use crate::cli::args::TalkArgs;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::output::{self, Target};
use crate::cli::style::{Style, plain};
use crate::cli::{resolve, suggest};
use crate::config;
use clap::Args;
use ctxpack::agents::diff::unified;
use ctxpack::agents::edit::{self, Change, Edit, What};
use ctxpack::agents::setup::{AGENTS, own};
use ctxpack::error::Error;
use ctxpack::guard::secrets::redact;
use std::io::{BufRead, ErrorKind, IsTerminal, Write};
use std::path::{Component, Path, PathBuf};

/// Write a ctxpack.toml to begin with, or have an agent call ctxpack.
///
/// With --agent, adds to the settings that the agent reads in this repository: hooks, by which it is told at each prompt what it
/// needs, and the MCP server. Shows what would change and asks before it writes; on no terminal, --yes is the answer.
/// What stands in those files already stays as it is, and --undo takes out what was added.
#[derive(Debug, Args)]
#[command(after_help = INIT_EXAMPLES)]
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

const INIT_EXAMPLES: &str = "\
Examples:
  ctxpack init                           a ctxpack.toml that explains itself
  ctxpack init --agent claude            show what would be written, and ask
  ctxpack init --agent codex --yes       write it
  ctxpack init --agent codex --undo      take it out again";

/// The largest file of settings that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// What becomes of one file.
struct Planned {
    path: &'static str,
    target: PathBuf,
    before: Option<String>,
    change: Change,
}

/// Runs `ctxpack init`.
///
/// # Errors
/// An unknown agent, a folder that is not there, files that lead out of the repository, are no text or cannot be written.
pub fn run(args: &InitArgs) -> Outcome<()> {
    let (edits, next) = match &args.agent {
        None => (
            own(),
            "every line of it explains itself; delete what you do not need",
        ),
        Some(name) => {
            let agent = AGENTS
                .iter()
                .find(|agent| agent.name == *name)
                .ok_or_else(|| unknown(name))?;
            ((agent.edits)(), agent.next)
        }
    };
    let named = args.repo.clone().unwrap_or_else(|| PathBuf::from("."));
    let metadata = named.metadata().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::from(Error::NoSuchPath(named.clone())),
        _ => Failure::from(Error::io(&named, error)),
    })?;
    if !metadata.is_dir() {
        return Err(Failure::new(format!("{}: not a folder", named.display())));
    }
    let root = config::repository(&named);
    let plan = edits
        .iter()
        .map(|edit| planned(edit, &root, args.undo))
        .collect::<Outcome<Vec<Planned>>>()?;
    let style = Style::stdout(args.talk.color);
    let mut text = String::new();
    for one in &plan {
        text.push_str(&shown(one, args.undo, style));
    }
    output::write(&Target::Stdout, &text)?;
    // half of what an agent needs is none of it
    let broken = plan
        .iter()
        .zip(&edits)
        .find_map(|(one, edit)| match &one.change {
            Change::Left(why) if matches!(edit.what, What::Json(_) | What::Toml(..)) => {
                Some((one.path, why))
            }
            _ => None,
        });
    if let (Some((path, why)), false) = (broken, args.undo) {
        return Err(Failure::new(format!("{path}: {why}; nothing is written"))
            .hint(format!("mend {path}, or move it away, and run this again")));
    }
    let changes = plan
        .iter()
        .filter(|one| matches!(one.change, Change::Write(_) | Change::Delete));
    let n_changes = changes.clone().count();
    let stderr = Style::stderr(args.talk.color);
    let say = |line: &str| {
        if !args.talk.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{line}");
        }
    };
    if n_changes == 0 {
        let is_left = |one: &Planned| matches!(one.change, Change::Left(_));
        say(if args.undo {
            "Nothing of ctxpack is there to take out."
        } else if plan.iter().any(is_left) {
            "Nothing is written."
        } else {
            "Nothing to do."
        });
        return Ok(());
    }
    if !args.yes && !agreed(args.undo) {
        let hint = std::env::args_os()
            .map(|word| plain(&word.to_string_lossy()))
            .skip(1);
        let typed: Vec<String> = hint.collect();
        say(&format!(
            "Nothing is written. To write it: ctxpack {} --yes",
            typed.join(" ")
        ));
        return Ok(());
    }
    for one in changes {
        done(one, &root)?;
    }
    if !args.undo {
        say(&format!("{} {next}", stderr.green("next:")));
        if args.agent.is_some() && !resolve::is_on_path() {
            say(&format!(
                "{} there is no ctxpack in the folders of PATH, where agents look for it: cargo install --path .",
                stderr.yellow("warning:")
            ));
        }
    }
    Ok(())
}

fn unknown(name: &str) -> Failure {
    let known = suggest::nearest_first(name, AGENTS.iter().map(|agent| agent.name));
    Failure::new(format!("--agent {name}: not an agent that ctxpack knows"))
        .hint(format!("one of {}", known.join(", ")))
}

/// What becomes of the file of `edit`.
fn planned(edit: &Edit, root: &Path, is_undone: bool) -> Outcome<Planned> {
    let target = target(root, edit.path)?;
    let before = read(&target, edit.path)?;
    let change = if is_undone {
        edit::undo(edit, before.as_deref())
    } else {
        edit::apply(edit, before.as_deref())
    };
    Ok(Planned {
        path: edit.path,
        target,
        before,
        change,
    })
}

/// Where a path below the root is on disk, links followed: never outside of the repository, and never in `.git`.
fn target(root: &Path, path: &str) -> Outcome<PathBuf> {
    let outside = || {
        Failure::new(format!(
            "{path}: a link leads out of the repository, and nothing is written through it"
        ))
    };
    let mut at = root
        .canonicalize()
        .map_err(|error| Failure::from(Error::io(root, error)))?;
    let top = at.clone();
    for part in path.split('/') {
        at.push(part);
        match at.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => {
                at = at.canonicalize().map_err(|_| outside())?
            }
            _ => {}
        }
        let below = at.strip_prefix(&top).map_err(|_| outside())?;
        if below.components().next() == Some(Component::Normal(".git".as_ref())) {
            return Err(outside());
        }
    }
    Ok(at)
}

fn read(target: &Path, path: &str) -> Outcome<Option<String>> {
    let metadata = match target.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound) => return Ok(None),
        Err(error) => return Err(Failure::from(Error::io(target, error))),
    };
    if !metadata.is_file() {
        return Err(Failure::new(format!("{path}: is no regular file")));
    }
    if metadata.len() > MAX_BYTES {
        return Err(Failure::new(format!(
            "{path}: too large for settings, and left as it is"
        )));
    }
    let bytes = std::fs::read(target).map_err(|error| Failure::from(Error::io(target, error)))?;
    let text = String::from_utf8(bytes);
    text.map(Some)
        .map_err(|_| Failure::new(format!("{path}: is not UTF-8, and left as it is")))
}

/// A change as people read it.
fn shown(one: &Planned, is_undone: bool, style: Style) -> String {
    let before = one.before.as_deref().unwrap_or_default();
    let (from, to) = (format!("a/{}", one.path), format!("b/{}", one.path));
    let null = "/dev/null".to_owned();
    let (names, after) = match &one.change {
        Change::None => {
            let how = if is_undone {
                "nothing of ctxpack in it"
            } else {
                "as it should be"
            };
            return format!("{}: {how}\n", one.path);
        }
        Change::Left(why) => return format!("{}: {}\n", one.path, plain(why)),
        Change::Delete => ((from, null), ""),
        Change::Write(text) if one.before.is_none() => ((null, to), text.as_str()),
        Change::Write(text) => ((from, to), text.as_str()),
    };
    let mut out = format!(
        "{}\n{}\n",
        style.bold(&format!("--- {}", names.0)),
        style.bold(&format!("+++ {}", names.1))
    );
    for line in redact(&unified(before, after)).lines() {
        let line = plain(line);
        let line = match line.as_bytes().first() {
            Some(b'+') => style.green(&line),
            Some(b'-') => style.red(&line),
            Some(b'@') => style.cyan(&line),
            _ => line,
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Asks, where there is somebody to ask.
fn agreed(is_undone: bool) -> bool {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
        return false;
    }
    let question = if is_undone {
        "Take this out? [y/N] "
    } else {
        "Write this? [y/N] "
    };
    let mut stderr = std::io::stderr().lock();
    let _ = stderr
        .write_all(question.as_bytes())
        .and_then(|()| stderr.flush());
    drop(stderr);
    let mut line = String::new();
    let _ = stdin.lock().read_line(&mut line);
    matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
}

/// Does it. Folders that are needed are made; those that nothing is left in go.
fn done(one: &Planned, root: &Path) -> Outcome<()> {
    match &one.change {
        Change::Write(text) => {
            if let Some(folder) = one.target.parent() {
                std::fs::create_dir_all(folder)
                    .map_err(|error| Failure::from(Error::io(folder, error)))?;
            }
            output::write(&output::target(&one.target)?, text)
        }
        Change::Delete => {
            std::fs::remove_file(&one.target)
                .map_err(|error| Failure::from(Error::io(&one.target, error)))?;
            let folders = Path::new(one.path)
                .ancestors()
                .skip(1)
                .filter(|folder| !folder.as_os_str().is_empty());
            for folder in folders {
                // one that holds something else is not removed by this
                let _ = std::fs::remove_dir(root.join(folder));
            }
            Ok(())
        }
        Change::None | Change::Left(_) => Ok(()),
    }
}
