//! `ctxpack bundle`: bundles that a team agreed on, and the lock that says whether they are up to date.
//!
//! What is locked is what is staged, judged by contents alone. A bundle that knew the commit before it would be another one after the
//! commit that holds it, and one that knew history would be another one in a shallow clone.

use crate::cli::args::TalkArgs;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::lock::{lock_on_disk, read_lock, write_lock};
use crate::cli::output::{self, Target};
use crate::cli::progress::Progress;
use crate::cli::report::{Told, output_format, tell};
use crate::cli::resolve::{self, Project};
use crate::cli::style::{Style, count, left, plain, right};
use crate::cli::{budget, suggest};
use crate::config::{BundleEntry, PROJECT_FILE, Settings};
use clap::Args;
use ctxpack::bundle::{self, Made};
use ctxpack::check::{Code, Finding, Report, Row, Status, Unit};
use ctxpack::emit::Bundle;
use ctxpack::error::Error;
use ctxpack::guard::is_bundle;
use ctxpack::guard::secrets::redact;
use ctxpack::lock::{self, Lock};
use ctxpack::request::{Budget, Request, Task, TaskSource};
use ctxpack::source::tree::{self, Tree};
use ctxpack::source::{staged, stores};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Print, write or check the bundles that ctxpack.toml names.
///
/// Without more, lists them. With a NAME, prints one, of the work tree. --write writes ctxpack.lock, which says what each holds and not
/// a word of it, and those bundles that have an `output`; --check compares both with what is staged, so that a hook
/// judges what will be committed. A named bundle is made of contents alone: it is the same in every clone, on any day, before and
/// after the commit. Nothing is read from the home directory, and history has no say.
#[derive(Debug, Args)]
#[command(after_help = BUNDLE_EXAMPLES, after_long_help = format!("{BUNDLE_EXAMPLES}\n\n{BUNDLE_CONFIG}"))]
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

const BUNDLE_EXAMPLES: &str = "\
Examples:
  ctxpack bundle                         the bundles of this repository
  ctxpack bundle review | claude -p 'Review my change.'
  ctxpack bundle --write && git add ctxpack.lock
  ctxpack bundle --check                 in CI, and in hooks";

const BUNDLE_CONFIG: &str = "\
In ctxpack.toml:
  [bundle.review]
  budget = \"16k\"
  task = \"review a change of the API\"
  include = [\"src/**\"]         # exclude, pin, only, without as well
  format = \"markdown\"
  output = \"docs/context.md\"   # only where the text itself is wanted";

/// The largest file that may be replaced as a bundle of before, in bytes.
const MAX_BUNDLE: u64 = 16 << 20;

/// Runs `ctxpack bundle`. With `--check`, exit code 1 if anything is out of date.
///
/// # Errors
/// Bad usage, a config file that cannot be read, a bundle that cannot be packed or written.
pub fn run(args: &BundleArgs) -> Outcome<ExitCode> {
    let format = output_format(args.format.as_deref())?;
    let target = args.output.as_deref().map(output::target).transpose()?;
    let here = args.repo.clone().unwrap_or_else(|| PathBuf::from("."));
    let is_locking = args.write || args.check;
    let project = resolve::project(&here, is_locking, Settings::default())?;
    let wanted = wanted(args, &project)?;
    if args.format.is_some() && !args.check {
        return Err(Failure::new("--format is how --check tells")
            .hint("the format of a bundle stands in ctxpack.toml: format = \"markdown\""));
    }
    let mut made = Vec::new();
    if is_locking || args.name.is_some() {
        for entry in &wanted {
            made.push(one(args, &project, entry)?);
        }
    }
    let mut warnings = project.warnings.clone();
    warnings.extend(made.iter().filter_map(empty));
    if !args.talk.quiet {
        output::warn(&warnings, output::MAX_WARNINGS, args.talk.color);
    }
    let target = target.unwrap_or(Target::Stdout);
    if !is_locking {
        let text = match made.pop() {
            Some(packed) => packed.bundle.text,
            None => list(&project, &here, &wanted, Style::stdout(args.talk.color))?,
        };
        output::write(&target, &text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = report(&project, &made, args.name.is_none())?;
    let mut written = Vec::new();
    if args.write {
        written = write(&project, &made, args.name.is_none())?;
    }
    let outputs = own_outputs(&project, &made)?;
    let names: Vec<String> = std::iter::once(lock::NAME.to_owned())
        .chain(outputs)
        .map(|path| shell_word(&path))
        .collect();
    let add = format!("git add {}", names.join(" "));
    let fix = fix(&project, args.write, &add);
    if args.check {
        let is_terminal = target == Target::Stdout && std::io::stdout().is_terminal();
        let told = Told {
            command: "bundle",
            report: &report,
            entries: &[],
            against: None,
            fix: &fix,
            why: None,
            warnings: &warnings,
            is_terminal: is_terminal && !args.talk.quiet,
            style: match target {
                Target::Stdout => Style::stdout(args.talk.color),
                _ => Style::PLAIN,
            },
        };
        tell(format, &told, &target)?;
        return Ok(ExitCode::from(u8::from(!report.passed())));
    }
    if !written.is_empty() && !args.talk.quiet {
        let written = format!("wrote {}; to commit it: {add}\n", written.join(" and "));
        output::write(&target, &plain_lines(&written))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The line that mends what is out of date. `git commit --all` and `git commit FILE` make an index of their own for the commit: outside
/// of the hook nothing of it is staged, and what is named alone is committed without the lock.
fn fix(project: &Project, is_written: bool, add: &str) -> String {
    let index = project.request.staged.as_ref();
    let name = index.and_then(|index| index.file.as_ref()?.file_name()?.to_str());
    let write = match is_written {
        true => "",
        false => "ctxpack bundle --write && ",
    };
    match name {
        Some("index.lock") if !is_written => format!("git add --update && {write}{add}"),
        Some(name) if name.starts_with("next-index-") => {
            format!("git add FILE... && {write}{add} && git commit")
        }
        _ => format!("{write}{add}"),
    }
}

fn plain_lines(text: &str) -> String {
    format!("{}\n", plain(&redact(text.trim_end())))
}

/// A word as a shell takes it.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/+@%,".contains(c);
    if !text.starts_with('-') && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'./{}'", text.replace('\'', "'\\''"))
    }
}

/// The bundles that are meant.
fn wanted<'a>(args: &BundleArgs, project: &'a Project) -> Outcome<Vec<&'a BundleEntry>> {
    let all = &project.settings.bundle;
    let Some(name) = &args.name else {
        if all.is_empty() {
            return Err(
                Failure::new(format!("{PROJECT_FILE} names no bundle")).hint(
                    "[bundle.review] with a budget and a task; ctxpack bundle --help has a sample",
                ),
            );
        }
        return Ok(all.iter().collect());
    };
    find(project, name).map(|entry| vec![entry])
}

fn find<'a>(project: &'a Project, name: &str) -> Outcome<&'a BundleEntry> {
    let all = &project.settings.bundle;
    all.iter().find(|entry| entry.name == *name).ok_or_else(|| {
        let failure = Failure::new(format!("{PROJECT_FILE} names no bundle `{name}`"));
        let known = suggest::nearest_first(name, all.iter().map(|entry| entry.name.as_str()));
        match known.is_empty() {
            true => failure.hint(format!("[bundle.{name}] with a budget and a task")),
            false => failure.hint(format!("one of {}", known.join(", "))),
        }
    })
}

/// The request for one bundle. It leaves out every bundle, so that none holds itself or another, the lock, and the settings, which say
/// nothing but how bundles are made.
fn request(project: &Project, entry: &BundleEntry) -> Outcome<Request> {
    let is_staged = project.request.staged.is_some();
    let mut request = resolve::project(&project.root, is_staged, entry.settings.clone())?.request;
    let outputs = project.settings.bundle.iter();
    let outputs = outputs.filter_map(|entry| entry.output.as_deref());
    let own = outputs.chain([lock::NAME, PROJECT_FILE]);
    request
        .exclude
        .extend(own.map(|path| format!("/{}", globset::escape(path))));
    request.contents_only = true;
    request.task = Some(Task {
        source: TaskSource::File,
        text: entry.task.clone(),
    });
    Ok(request)
}

/// How the bundle called `name` is packed.
///
/// # Errors
/// A name that ctxpack.toml does not have.
pub fn named(project: &Project, name: &str) -> Outcome<Request> {
    request(project, find(project, name)?)
}

/// A bundle, packed.
struct Packed<'a> {
    entry: &'a BundleEntry,
    budget: Budget,
    bundle: Bundle,
}

fn one<'a>(args: &BundleArgs, project: &Project, entry: &'a BundleEntry) -> Outcome<Packed<'a>> {
    let request = request(project, entry)?;
    let progress = Progress::start(args.talk.quiet);
    let packed = ctxpack::pack(&request, &|stage, n| progress.report(stage, n));
    drop(progress);
    let in_entry = |failure: Failure| Failure {
        message: format!("[bundle.{}]: {}", entry.name, failure.message),
        hints: match failure.hints.is_empty() {
            true => Vec::new(),
            false => vec![format!("it stands in {PROJECT_FILE}:{}", entry.place)],
        },
        ..failure
    };
    packed
        .map(|packed| Packed {
            entry,
            budget: request.budget,
            bundle: packed.bundle,
        })
        .map_err(|error| in_entry(error.into()))
}

/// What is said of a bundle that holds nothing, as after a slip in a glob.
fn empty(packed: &Packed<'_>) -> Option<String> {
    let entry = packed.entry;
    packed.bundle.account.items.is_empty().then(|| {
        format!(
            "[bundle.{}]: it holds nothing: no file or note is as {PROJECT_FILE}:{} says, or none fits its budget",
            entry.name, entry.place
        )
    })
}

/// Bytes of a file as it is staged.
fn of_index(project: &Project, path: &str) -> Outcome<Option<Vec<u8>>> {
    match &project.request.staged {
        Some(index) => Ok(staged::read(&project.root, index, Path::new(path))?),
        None => Ok(None),
    }
}

/// The outputs that belong to the repository: git tracks them, or nothing ignores them.
fn own_outputs(project: &Project, made: &[Packed<'_>]) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    let mut on_disk: Option<Tree> = None;
    for output in made.iter().filter_map(|it| it.entry.output.as_ref()) {
        let mut is_own = of_index(project, output)?.is_some();
        if !is_own {
            let tree = match on_disk.take() {
                Some(tree) => tree,
                None => tree::of_work_tree(&project.root, String::new())?,
            };
            is_own = tree
                .entries
                .iter()
                .any(|it| it.below() == Path::new(output));
            on_disk = Some(tree);
        }
        if is_own {
            found.push(output.clone());
        }
    }
    Ok(found)
}

fn unit(budget: Budget) -> (usize, Unit) {
    match budget {
        Budget::Tokens(n) => (n, Unit::Tokens),
        Budget::Characters(n) => (n, Unit::Characters),
        Budget::Bytes(n) => (n, Unit::Bytes),
    }
}

fn size(bundle: &Bundle, unit: Unit) -> usize {
    match unit {
        Unit::Characters => bundle.text.chars().count(),
        Unit::Bytes => bundle.text.len(),
        Unit::Tokens | Unit::Lines => bundle.tokens,
    }
}

/// What the lock should say.
fn recorded(made: &[Packed<'_>], lock: &Lock, is_all: bool) -> Lock {
    let mut lock = lock.clone();
    if is_all {
        lock.remove(&["bundle"]);
    }
    for packed in made {
        let made = Made {
            name: &packed.entry.name,
            budget: packed.budget,
            task: &packed.entry.task,
        };
        bundle::record(&mut lock, made, &packed.bundle);
    }
    lock
}

/// Holds what was made against what is staged.
fn report(project: &Project, made: &[Packed<'_>], is_all: bool) -> Outcome<Report> {
    let mut report = Report::default();
    let locked = of_index(project, lock::NAME)?;
    let is_locked = locked.is_some();
    let old = match locked.map(|bytes| Lock::parse(&String::from_utf8_lossy(&bytes))) {
        Some(Ok(lock)) => lock,
        // whatever stands there is written anew
        None | Some(Err(lock::Conflict)) => Lock::default(),
    };
    let new = recorded(made, &old, is_all);
    for Packed {
        entry,
        budget,
        bundle,
    } in made
    {
        let (limit, unit) = unit(*budget);
        let mut found = Vec::new();
        let stale = |code, path: &str, detail: String| Finding {
            detail,
            ..Finding::plain(code, &entry.name, path, 0)
        };
        if !is_locked {
            let what = "ctxpack.lock is not staged".to_owned();
            found.push(stale(Code::StaleLock, lock::NAME, what));
        } else if let Some(what) = bundle::difference(&entry.name, &old, &new) {
            found.push(stale(Code::StaleLock, lock::NAME, what));
        }
        if let Some(path) = &entry.output
            && let Some(bytes) = of_index(project, path)?
            && bytes != bundle.text.as_bytes()
        {
            let what = "what is staged is not what would be packed".to_owned();
            found.push(stale(Code::StaleBundle, path, what));
        }
        report.rows.push(Row {
            name: entry.name.clone(),
            status: match found.is_empty() {
                true => Status::Passed,
                false => Status::Failed,
            },
            n_files: bundle.account.items.len(),
            size: size(bundle, unit),
            limit: Some(limit),
            unit,
            base: None,
            tokens: bundle.tokens,
            entry_idx: None,
        });
        report.findings.extend(found);
    }
    let is_known = |name: &str| project.settings.bundle.iter().any(|it| it.name == name);
    for name in bundle::names(&old)
        .into_iter()
        .filter(|name| !is_known(name))
    {
        report.findings.push(Finding {
            detail: format!("it is locked, and {PROJECT_FILE} names no such bundle"),
            ..Finding::plain(Code::StaleLock, name, lock::NAME, 0)
        });
    }
    report.settle();
    Ok(report)
}

/// Writes what is not there yet, and says what that was.
fn write(project: &Project, made: &[Packed<'_>], is_all: bool) -> Outcome<Vec<String>> {
    // a place that cannot be written is known before anything is
    let mut places = Vec::new();
    for Packed { entry, bundle, .. } in made {
        if let Some(output) = &entry.output {
            places.push((output, place(&project.root, output)?, bundle));
        }
    }
    let mut written = Vec::new();
    for (output, path, bundle) in places {
        if read(&path)?.as_deref() != Some(bundle.text.as_bytes()) {
            output::write(&Target::File(path), &bundle.text)?;
            written.push(output.clone());
        }
    }
    // of the lock on disk, where other commands may have written since
    let on_disk = lock_on_disk(&project.root)?.unwrap_or_default();
    let on_disk = Lock::of_both_sides(&String::from_utf8_lossy(&on_disk));
    if write_lock(&project.root, &recorded(made, &on_disk, is_all))? {
        written.push(lock::NAME.to_owned());
    }
    Ok(written)
}

/// The file at `path`; nothing where there is none.
fn read(path: &Path) -> Outcome<Option<Vec<u8>>> {
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let failed = |error| Failure::from(Error::io(path, error));
    let (file, _) = stores::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_BUNDLE)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(Some(bytes))
}

/// Where an output is on disk: below the root, through no link, and either new or a bundle of before.
fn place(root: &Path, output: &str) -> Outcome<PathBuf> {
    let wrong = |what: &str| {
        Failure::new(format!("{output}: {what}"))
            .hint(format!("name another `output` in {PROJECT_FILE}"))
    };
    let root = root
        .canonicalize()
        .map_err(|error| Failure::from(Error::io(root, error)))?;
    let path = root.join(output);
    let folder = path.parent().unwrap_or(&root);
    let is_inside = match folder.canonicalize() {
        Ok(real) => real == folder,
        Err(_) => {
            let folder = Path::new(output).parent().unwrap_or(Path::new(""));
            return Err(
                wrong("there is no such folder").hint(format!("mkdir -p '{}'", folder.display()))
            );
        }
    };
    if !is_inside {
        return Err(wrong("a link leads there, and no link is followed"));
    }
    match path.symlink_metadata() {
        Err(_) => {}
        Ok(metadata) if !metadata.is_file() => return Err(wrong("it is no regular file")),
        Ok(_) => {
            let bytes = read(&path)?.unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            if !bytes.is_empty() && !is_bundle(&text) {
                return Err(wrong("it is no bundle, and nothing else is replaced"));
            }
        }
    }
    Ok(path)
}

/// The bundles, and whether they are up to date.
fn list(project: &Project, here: &Path, wanted: &[&BundleEntry], style: Style) -> Outcome<String> {
    let staged = resolve::project(here, true, Settings::default());
    let widths = wanted.iter().map(|entry| entry.name.len());
    let wide = widths.max().unwrap_or(0).max("bundle".len());
    let head = format!("{}  {}  output", left("bundle", wide), right("budget", 12));
    let mut out = format!("{}\n", style.dim(&head));
    for entry in wanted {
        let budget = budget::show(request(project, entry)?.budget);
        let name = style.bold(&left(&plain(&entry.name), wide));
        let output = entry.output.as_deref().unwrap_or("-");
        let shown = plain(&redact(output));
        out.push_str(&format!("{name}  {}  {shown}\n", right(&budget, 12)));
    }
    let locked = match staged {
        Ok(staged) => bundle::names(&read_lock(&staged, staged.request.staged.as_ref())?).len(),
        Err(_) => 0, // in no repository of git's, nothing is locked
    };
    let line = match locked {
        0 => "None is locked yet: ctxpack bundle --write && git add ctxpack.lock".to_owned(),
        n => format!(
            "{} in the lock; ctxpack bundle --check says whether they are up to date",
            count(n, "bundle")
        ),
    };
    out.push_str(&style.dim(&format!("\n{line}\n")));
    Ok(out)
}
