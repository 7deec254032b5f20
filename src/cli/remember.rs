//! `ctxpack remember`: one thing written down for later, where it will be read.

use crate::cli::args::TalkArgs;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::memory::MemoryArgs;
use crate::cli::memory::{self, Memory, NOTES, day, first_line, shown};
use crate::cli::notes;
use crate::cli::output::{self, Target};
use crate::cli::style::{Style, fit, plain};
use clap::Args;
use ctxpack::error::Error;
use ctxpack::guard::{secrets, text::clean};
use ctxpack::source::notes::{Atom, atoms, conflict, remember};
use ctxpack::source::sessions::sentence::without_marker;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write one thing down for later, with its date and its class.
///
/// Adds a line such as `- 2026-08-20 (preference): we use pnpm, not npm` to the notes of the repository: NOTES.md or MEMORY.md where
/// there is one, else a new NOTES.md at its root. Refuses what is written down already, and probable secrets; names
/// the notes that say otherwise.
#[derive(Debug, Args)]
#[command(after_help = REMEMBER_EXAMPLES)]
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

const REMEMBER_EXAMPLES: &str = "\
Examples:
  ctxpack remember 'we use pnpm, not npm'
  ctxpack remember --class gotcha 'the sandbox hangs without a key'
  ctxpack remember --file docs/DECISIONS.md 'orders are locked in Postgres'";

/// The longest text that one line is for, in characters.
const MAX_CHARS: usize = 2_000;

/// What came of writing a thing down.
#[derive(Debug)]
pub struct Added {
    /// The note, and the line of it: `NOTES.md:12`.
    pub place: String,
    /// The line.
    pub entry: String,
    /// Notes that say otherwise: where they stand, and what they say.
    pub conflicting: Vec<(String, String)>,
    /// The note that it was written into, where git ignores that: then nobody else has it.
    pub ignored: Option<String>,
}

/// Runs `ctxpack remember`. With `--strict`, a note that says otherwise gives exit code 1.
///
/// # Errors
/// As [`add`].
pub fn run(args: &RememberArgs) -> Outcome<ExitCode> {
    let added = add(args)?;
    let style = Style::stderr(args.talk.color);
    let mut talk = String::new();
    for (place, says) in &added.conflicting {
        let says = fit(&plain(&shown(first_line(says))), 60);
        talk.push_str(&format!(
            "{} {} says otherwise: {says}\n",
            style.yellow("conflict:"),
            plain(place)
        ));
    }
    let stops = args.strict && !added.conflicting.is_empty();
    let (place, entry) = (plain(&added.place), plain(&added.entry));
    talk.push_str(&match (stops, args.dry_run) {
        (true, _) => {
            "nothing is written: mend or strike out what says otherwise, or leave out --strict\n"
                .to_owned()
        }
        (false, true) => format!("would add {place}: {entry}\n"),
        (false, false) => format!("added {place}: {entry}\n"),
    });
    if let Some(path) = &added.ignored {
        let warning =
            format!("{path} is ignored by git, so nobody else has it and it is not packed");
        talk.push_str(&format!(
            "{} {}\n",
            style.yellow("warning:"),
            plain(&warning)
        ));
    }
    if !args.talk.quiet || stops {
        let _ = std::io::stderr().lock().write_all(talk.as_bytes());
    }
    Ok(if stops {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

/// Writes one thing down, and says nothing of it.
///
/// # Errors
/// As [`memory::read`]; a text that is empty, holds a secret or is written down already; a file that takes no lines.
pub fn add(args: &RememberArgs) -> Outcome<Added> {
    let said = said(&args.text.join(" "))?;
    let class = args.class.as_deref().map(notes::class).transpose()?;
    let memory = memory::read(&args.memory, &args.talk, NOTES)?;
    let (path, target) = place(args, &memory)?;
    let class = class.unwrap_or_else(|| remember::class(&path, &said));
    let entry = remember::entry(&day(memory.now), class, &said);
    let known = &memory.remembered.atoms;
    let wanted = conflict::normal(&entry);
    let is_same =
        |atom: &&Atom| !atom.superseded && !atom.done && conflict::normal(&atom.text) == wanted;
    if let Some(atom) = known.iter().find(is_same) {
        let place = plain(&format!("{}:{}", atom.path, atom.lines.0));
        return Err(
            Failure::new(format!("that is written down already, at {place}"))
                .hint(format!("ctxpack notes show '{place}'")),
        );
    }
    // others may be writing there too: who comes second reads what the first has written
    let _turn = turn(&target);
    let before = read(&target)?;
    let written = remember::insert(&path, &before, &entry).ok_or_else(|| {
        Failure::new(format!(
            "{path}: a line added there would not be read as a note of its own"
        ))
        .hint("say it in other words, or name another file: --file NOTES.md")
    })?;
    let conflicting: Vec<(String, String)> = conflicting(known, &path, &entry)
        .into_iter()
        .map(|atom| (format!("{}:{}", atom.path, atom.lines.0), atom.text))
        .collect();
    let stops = args.strict && !conflicting.is_empty();
    let mut ignored = None;
    if !args.dry_run && !stops {
        output::write(&Target::File(target), &written.text)?;
        ignored = (!is_read(&memory, &path)).then(|| path.clone());
    }
    Ok(Added {
        place: format!("{path}:{}", written.line),
        entry,
        conflicting,
        ignored,
    })
}

/// Waits until nobody else writes into the folder of `target`, and keeps others waiting while it lives.
///
/// The folder is locked, because the file itself is replaced. Where a system has no such locks, it goes on without.
fn turn(target: &Path) -> Option<std::fs::File> {
    let folder = std::fs::File::open(target.parent()?).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

/// The text as one clean line.
fn said(typed: &str) -> Outcome<String> {
    let (text, _) = clean(typed);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    let said = without_marker(&line).trim().to_owned();
    if !said.contains(char::is_alphanumeric) {
        return Err(Failure::new("there is nothing to remember")
            .hint("ctxpack remember 'we use pnpm, not npm'"));
    }
    if said.chars().count() > MAX_CHARS {
        return Err(Failure::new(format!(
            "more than {MAX_CHARS} characters are no line of a note"
        ))
        .hint("write a file of its own, such as a decision record in docs/adr/"));
    }
    if let Some(secret) = secrets::find(&said).first() {
        return Err(Failure::new(format!(
            "that holds what looks like a secret ({})",
            secret.kind
        ))
        .hint("notes are committed and packed: say where it is kept, not what it is"));
    }
    Ok(said)
}

/// The path of the note below the root, with `/`, and where it is on disk: never outside the repository.
fn place(args: &RememberArgs, memory: &Memory) -> Outcome<(String, PathBuf)> {
    let root = memory.trees.trees[0].root.clone();
    let named = match &args.file {
        Some(file) => args
            .memory
            .repo
            .as_deref()
            .unwrap_or(Path::new("."))
            .join(file),
        None => {
            let paths: Vec<&str> = memory
                .trees
                .files
                .iter()
                .map(|file| memory.trees.path(file))
                .collect();
            root.join(remember::place(&paths).unwrap_or("NOTES.md"))
        }
    };
    let outside = || {
        Failure::new(format!("{}: leads out of the repository", named.display()))
            .hint("--file takes a file of the repository: --file docs/NOTES.md")
    };
    let target = match named.symlink_metadata() {
        Ok(_) => named
            .canonicalize()
            .map_err(|error| Failure::from(Error::io(&named, error)))?,
        Err(_) => {
            let folder = named
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            let folder = folder.canonicalize().map_err(|error| {
                Failure::from(Error::io(folder, error))
                    .hint(format!("mkdir -p '{}'", folder.display()))
            })?;
            folder.join(named.file_name().ok_or_else(outside)?)
        }
    };
    let below = target.strip_prefix(&root).map_err(|_| outside())?;
    let is_of_git = below.components().any(|part| part.as_os_str() == ".git");
    let path = below
        .to_str()
        .filter(|_| !is_of_git)
        .map(|path| path.replace(std::path::MAIN_SEPARATOR, "/"));
    let path = path.ok_or_else(outside)?;
    if target.is_dir() {
        return Err(
            Failure::new(format!("{path}: is a folder")).hint(format!("--file '{path}/NOTES.md'"))
        );
    }
    if !remember::can_hold(&path) {
        return Err(Failure::new(format!("{path}: not a file that ctxpack reads as notes, line by line"))
            .hint("NOTES.md, MEMORY.md, DECISIONS.md, LESSONS.md, GOTCHAS.md and TODO.md are, at the root or in docs/; CLAUDE.md and AGENTS.md everywhere"));
    }
    Ok((path, target))
}

/// The text of the note; empty where there is none.
fn read(path: &Path) -> Outcome<String> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        Ok(metadata) if !metadata.is_file() => {
            return Err(Failure::new(format!(
                "{}: is no regular file",
                path.display()
            )));
        }
        _ => {}
    }
    let bytes = std::fs::read(path).map_err(|error| Failure::from(Error::io(path, error)))?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(format!(
            "{}: is not UTF-8, and is left as it is",
            path.display()
        ))
    })
}

/// The notes that say otherwise.
fn conflicting(known: &[Atom], path: &str, entry: &str) -> Vec<Atom> {
    let mut all = known.to_vec();
    all.extend(atoms(path, &format!("{entry}\n"), None));
    let own = known.len();
    let pairs = conflict::conflicts(&all);
    let others = pairs
        .iter()
        .filter_map(|pair| match (pair.newer, pair.older) {
            (newer, older) if newer == own => Some(older),
            (newer, older) if older == own => Some(newer),
            _ => None,
        });
    others.map(|idx| all[idx].clone()).collect()
}

/// Whether the note is among what is read: it is not where git ignores it.
fn is_read(memory: &Memory, path: &str) -> bool {
    ctxpack::source::open(&memory.request)
        .is_ok_and(|trees| trees.files.iter().any(|file| trees.path(file) == path))
}
