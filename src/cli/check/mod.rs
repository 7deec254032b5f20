//! `ctxpack check`: whether what models read is still as small as was agreed.

mod against;
mod args;
mod entries;

pub use args::CheckArgs;

use crate::cli::failure::{Failure, Outcome};
use crate::cli::lock::{lock_text, read_lock, write_lock};
use crate::cli::output::{self, Target};
use crate::cli::progress::Progress;
use crate::cli::report::{Share, Told, output_format, tell};
use crate::cli::resolve::{self, Project};
use crate::cli::style::Style;
use crate::config;
use against::{Against, counted, locked, measure_before};
use ctxpack::Stage;
use ctxpack::check::{
    self, Code, Counting, Entry, Files, Finding, Report, Row, Status, Sums, Unit,
};
use ctxpack::error::{Error, Warning};
use ctxpack::lock::Lock;
use ctxpack::request::{Kinds, Request, Secrets};
use ctxpack::source;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs `ctxpack check`. Exit code 1 if anything failed.
///
/// # Errors
/// Bad usage, a config file that cannot be read, a tree that cannot be listed.
pub fn run(args: &CheckArgs) -> Outcome<ExitCode> {
    let format = output_format(args.format.as_deref())?;
    let target = args.output.as_deref().map(output::target).transpose()?;
    let flags = resolve::counting(args.model.as_deref(), args.tokenizer.as_deref())?;
    let secrets = match args
        .secrets
        .as_deref()
        .map(config::parse_secrets)
        .transpose()?
    {
        // found, so that they can be told
        None | Some(Secrets::Fail) => Secrets::Redact,
        Some(Secrets::Off) => Secrets::Off,
        Some(Secrets::Redact | Secrets::Exclude) => {
            let typed = args.secrets.as_deref().unwrap_or_default();
            return Err(Failure::new(format!(
                "--secrets {typed}: a check shows no text to keep secrets out of"
            ))
            .hint("fail, which is the default, or off"));
        }
    };
    let is_stdin = args.paths.iter().any(|path| path.as_os_str() == "-");
    if is_stdin
        && (args.paths.len() > 1
            || args.against.is_some()
            || args.max_growth.is_some()
            || args.staged)
    {
        return Err(
            Failure::new("`-` is stdin, which is checked alone and has no earlier state")
                .hint("my-hook | ctxpack check --for claude-hook -"),
        );
    }
    let first = args.paths.first().filter(|_| !is_stdin);
    let first = first.map_or(Path::new("."), PathBuf::as_path);
    if first
        .metadata()
        .is_ok_and(|it| !it.is_file() && !it.is_dir())
    {
        let shown = first.display();
        return Err(
            Failure::new(format!("{shown}: neither a file nor a folder")).hint(format!(
                "`-` is stdin: ctxpack check --budget 40k - < {shown}"
            )),
        );
    }
    let around = match first.is_file() {
        true => first.parent().filter(|it| !it.as_os_str().is_empty()),
        false => Some(first),
    };
    let project = resolve::project(around.unwrap_or(Path::new(".")), args.staged, flags)?;
    let typed = entries::typed(args, &project)?;
    let is_typed = typed.is_some();
    if args.write && is_typed {
        return Err(
            Failure::new("--write keeps the checks of ctxpack.toml, and one was typed")
                .hint("write it there as [[check]]"),
        );
    }
    let max_growth = args
        .max_growth
        .as_deref()
        .map(config::parse_growth)
        .transpose()?;
    let mut entries = match typed {
        Some(entry) => vec![entry],
        None => {
            let own = project.settings.check.iter();
            let mut entries = own
                .map(|entry| entries::of_config(entry, &project))
                .collect::<Outcome<Vec<_>>>()?;
            for built_in in check::built_in() {
                let is_named = |entry: &Entry| entry.name == built_in.name;
                if !entries.iter().any(is_named) {
                    entries.push(built_in);
                }
            }
            entries
        }
    };
    for entry in entries.iter_mut().filter(|entry| !entry.is_built_in) {
        entry.max_growth = entry.max_growth.or(max_growth);
    }
    let request = Request {
        kinds: Kinds {
            sessions: false,
            ..Kinds::default()
        },
        include: Vec::new(),
        pin: Vec::new(),
        secrets,
        ..project.request.clone()
    };
    let counting = Counting {
        tokenizer: request.tokenizer,
        safety_factor: request.safety_factor,
    };
    let progress = Progress::start(args.talk.quiet);
    let now = source::open(&request)?;
    let files = match is_stdin {
        true => check::measure_text("-", &stdin()?, &entries, counting, secrets),
        false => check::measure(&now, &entries, counting, &|n| {
            progress.report(Stage::Collect, n);
        })?,
    };
    let lock = match args.write {
        // what a conflict left is written anew
        true => Lock::of_both_sides(&lock_text(&project.root, request.staged.as_ref())?),
        false => read_lock(&project, request.staged.as_ref())?,
    };
    let is_any = entries.iter().any(|entry| !entry.is_built_in);
    if args.write && !is_any && lock.behind(&["check"]).next().is_none() {
        return Err(Failure::new(format!(
            "--write keeps the sizes of checks, and {} has no [[check]]",
            config::PROJECT_FILE
        ))
        .hint("ctxpack check --help has a sample"));
    }
    let against = Against::of(args, &entries, &lock)?;
    let before = match &against {
        Some(Against::Revision(name)) => {
            Some(measure_before(&request, name, &entries, counting, &files)?)
        }
        _ => None,
    };
    drop(progress);
    let base: Option<Sums> = match (&against, &before) {
        (_, Some(before)) => Some(check::sums(&entries, before)),
        // what is being written is agreed to
        (Some(Against::Lock), None) if args.write => Some(check::sums(&entries, &files)),
        (Some(Against::Lock), None) => Some(locked(&lock, &counted(counting))),
        _ => None,
    };
    let mut report = check::judge(&entries, &files, base.as_ref());
    if !is_typed {
        pins(&project, &mut report)?;
    }
    let mut warnings = project.warnings.clone();
    let is_about_packing = |it: &Warning| matches!(it.code, "no-files" | "no-git");
    let others = now.warnings.iter().filter(|it| !is_about_packing(it));
    warnings.extend(others.filter_map(output::shown_warning));
    if !args.talk.quiet {
        output::warn(&warnings, output::MAX_WARNINGS, args.talk.color);
    }
    if args.write {
        let sums = check::sums(&entries, &files);
        let own = entries.iter().filter(|entry| !entry.is_built_in);
        let mut lock = lock.clone();
        lock.remove(&["check"]);
        for entry in own {
            let n = sums.get(&entry.name).copied().unwrap_or(0);
            let words = ["check", &entry.name, "tokens", &n.to_string()].map(str::to_owned);
            lock.add(words.into_iter().chain([counted(counting)]));
        }
        write_lock(&project.root, &lock)?;
    }
    let named = against.as_ref().map(Against::name);
    let failed_or_all = |row: &Row| row.status == Status::Failed || report.passed();
    let shares: Vec<Share> = report
        .rows
        .iter()
        .filter(|row| failed_or_all(row))
        .filter_map(|row| {
            Some(share(
                &entries[row.entry_idx?],
                row.entry_idx?,
                &files,
                before.as_ref(),
            ))
        })
        .collect();
    let is_terminal = target.is_none() && std::io::stdout().is_terminal();
    let told = Told {
        command: "check",
        report: &report,
        entries: &entries,
        against: named,
        fix: "",
        why: args.why.then_some(&shares),
        warnings: &warnings,
        is_terminal: is_terminal && !args.talk.quiet,
        style: match target {
            None => Style::stdout(args.talk.color),
            Some(_) => Style::PLAIN,
        },
    };
    tell(format, &told, &target.unwrap_or(Target::Stdout))?;
    Ok(ExitCode::from(u8::from(!report.passed())))
}

/// All of stdin, up to what is read of any file sixteen times over.
fn stdin() -> Outcome<Vec<u8>> {
    const MOST: u64 = 64 << 20;
    let mut bytes = Vec::new();
    let read = std::io::stdin()
        .lock()
        .take(MOST + 1)
        .read_to_end(&mut bytes);
    read.map_err(|error| Failure::from(Error::io("-", error)))?;
    match bytes.len() as u64 > MOST {
        true => Err(Failure::new("-: more than 64 MiB")),
        false => Ok(bytes),
    }
}

/// Adds what the pins of the project come to.
fn pins(project: &Project, report: &mut Report) -> Outcome<()> {
    let line = |key| {
        project
            .settings
            .lines
            .get(key)
            .map_or(0, |line| *line as u32)
    };
    let (pin, path) = (line("pin"), config::PROJECT_FILE);
    let row = |status, size, limit| Row {
        name: "pins".to_owned(),
        status,
        n_files: project.settings.pin.len(),
        size,
        limit,
        unit: match project.request.budget {
            ctxpack::request::Budget::Tokens(_) => Unit::Tokens,
            ctxpack::request::Budget::Characters(_) => Unit::Characters,
            ctxpack::request::Budget::Bytes(_) => Unit::Bytes,
        },
        base: None,
        tokens: 0,
        entry_idx: None,
    };
    match check::pins(&project.request) {
        Ok(None) => {}
        Ok(Some(pins)) => {
            let status = match pins.code.map(Code::level) {
                None => Status::Passed,
                Some(check::Level::Warning) => Status::Warned,
                Some(check::Level::Error) => Status::Failed,
            };
            let row = row(status, pins.size, Some(pins.limit));
            report.findings.extend(pins.code.map(|code| Finding {
                size: pins.size,
                limit: pins.limit,
                unit: row.unit,
                ..Finding::plain(code, "pins", path, pin)
            }));
            report.rows.push(row);
        }
        Err(error @ (Error::PinMatchesNothing(_) | Error::PinNotShown { .. })) => {
            report.findings.push(Finding {
                detail: error.to_string(),
                ..Finding::plain(Code::NothingMatched, "pins", path, pin)
            });
            report.rows.push(row(Status::Failed, 0, None));
        }
        Err(error) => return Err(error.into()),
    }
    report.settle();
    Ok(())
}

/// What takes the space of one check, and what changed.
fn share(entry: &Entry, entry_idx: usize, files: &Files, before: Option<&Files>) -> Share {
    let of = |files: &Files| -> BTreeMap<String, usize> {
        let own = files.of_entry.get(entry_idx).into_iter().flatten();
        own.map(|&idx| &files.files[idx])
            .map(|file| (file.path.clone(), file.size.tokens))
            .collect()
    };
    let now = of(files);
    let old = before.map(of).unwrap_or_default();
    let mut all: Vec<(String, usize, Option<usize>)> = now
        .iter()
        .map(|(path, n)| (path.clone(), *n, old.get(path).copied()))
        .collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let there: BTreeSet<&String> = now.keys().collect();
    let gone = old.iter().filter(|(path, _)| !there.contains(path));
    let mut gone: Vec<(String, usize)> = gone.map(|(path, n)| (path.clone(), *n)).collect();
    gone.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Share {
        check: entry.name.clone(),
        files: all,
        gone,
    }
}
