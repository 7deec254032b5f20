//! `ctxpack diff`: what changed between two bundles, and by how much.
//!
//! A report and no check: it exits with 0 whatever it finds, unless `--exit-code` asks for git's habit.

use crate::cli::args::TalkArgs;
use crate::cli::bundle;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::memory::columns;
use crate::cli::output::{self, Target};
use crate::cli::progress::Progress;
use crate::cli::report::{self, code, percent};
use crate::cli::resolve::{self, Project};
use crate::cli::style::{Style, count, fit_path, left, number, plain, right, width};
use crate::cli::{budget, suggest};
use crate::config::{self, Settings};
use clap::Args;
use ctxpack::diff::{Change, Diff, Held, Inventory, Status};
use ctxpack::emit::{self, NotWritten};
use ctxpack::error::Error;
use ctxpack::guard::secrets::redact;
use ctxpack::lock::{self, Lock};
use ctxpack::request::{Request, Task, TaskSource};
use ctxpack::source::{stores, tree};
use ctxpack::tokens::Tokenizer;
use serde_json::{Value, json};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compare two bundles, item by item and in tokens.
///
/// A and B may each be a bundle of any format, a manifest, ctxpack.lock, a git revision, or one of those files as a revision has it
/// (REVISION:PATH). Revisions are packed by contents alone, so that nothing but the files makes the difference; without B, A is
/// compared with the work tree. A manifest, JSON and a lock say how each item is written; other bundles hold its text, which is
/// counted, and tell mentions alone. Exit code 0 whatever changed; with --exit-code 1 if anything did.
#[derive(Debug, Args)]
#[command(after_help = DIFF_EXAMPLES)]
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

const DIFF_EXAMPLES: &str = "\
Examples:
  ctxpack diff before.xml after.xml      what the second holds that the first did not
  ctxpack diff main HEAD -t 'fix the retry' -b 8k
  ctxpack diff origin/main:ctxpack.lock ctxpack.lock --format markdown
  ctxpack diff --exit-code before.json after.json | less";

/// The most that is read of a bundle, in bytes: a million tokens take a tenth of it.
const MOST: u64 = 64 << 20;

/// Rows of the Markdown table, and its bytes: a comment has 65,536 characters.
const MOST_ROWS: usize = 50;
const MOST_BYTES: usize = 40_000;

const FORMATS: [&str; 3] = ["text", "markdown", "json"];

const CHOICES: &str =
    "a bundle, a manifest, ctxpack.lock, a git revision such as HEAD~1, or REVISION:ctxpack.lock";

/// Runs `ctxpack diff`. With `--exit-code`, exit code 1 if anything is different.
///
/// # Errors
/// What is neither a bundle nor a manifest, lock or revision, and what cannot be packed or written.
pub fn run(args: &DiffArgs) -> Outcome<ExitCode> {
    let format = args.format.as_deref().unwrap_or("text");
    if !FORMATS.contains(&format) {
        let known = suggest::nearest_first(format, FORMATS);
        return Err(Failure::new(format!("--format {format}: unknown format"))
            .hint(format!("one of {}", known.join(", "))));
    }
    let target = args.output.as_deref().map(output::target).transpose()?;
    let sides = Sides::find(args)?;
    let (before, after) = sides.inventories()?;
    if !args.talk.quiet {
        output::warn(
            &sides.project.warnings,
            output::MAX_WARNINGS,
            args.talk.color,
        );
    }
    if before.tokenizer != after.tokenizer && !args.talk.quiet {
        let warning = format!(
            "A was counted with {}, B with {}: changes in tokens are not of the contents alone",
            before.tokenizer, after.tokenizer
        );
        output::warn(&[warning], 1, args.talk.color);
    }
    let diff = Diff::of(&before, &after);
    let target = target.unwrap_or(Target::Stdout);
    let text = match format {
        "markdown" => markdown(&sides, &diff),
        "json" => json(&sides, &before, &after, &diff),
        _ => {
            let style = match target {
                Target::Stdout => Style::stdout(args.talk.color),
                _ => Style::PLAIN,
            };
            text(&sides, &diff, style)
        }
    };
    output::write(&target, &text)?;
    Ok(ExitCode::from(u8::from(args.exit_code && !diff.is_empty())))
}

/// One side.
enum Side {
    /// What is read.
    Text(String),
    /// A lock, with the name by which its bundles are told apart.
    Lock(Lock),
    /// A revision to pack; `None` is the work tree.
    Pack(Option<String>),
}

/// Both sides, and how revisions are packed.
struct Sides<'a> {
    args: &'a DiffArgs,
    project: Project,
    before: (String, Side),
    after: (String, Side),
}

impl<'a> Sides<'a> {
    fn find(args: &'a DiffArgs) -> Outcome<Self> {
        let here = args.repo.clone().unwrap_or_else(|| PathBuf::from("."));
        let flags = Settings {
            budget: args.budget.as_deref().map(budget::parse).transpose()?,
            ..resolve::counting(None, args.tokenizer.as_deref())?
        };
        let project = resolve::project(&here, false, flags)?;
        if let (Some(a), Some(b)) = (
            args.before.to_str(),
            args.after.as_deref().and_then(OsStr::to_str),
        ) && (a, b) == ("-", "-")
        {
            return Err(
                Failure::new("A and B are both stdin, which can be read once")
                    .hint("put one of them into a file"),
            );
        }
        if args.task.as_deref() == Some("-") {
            return Err(Failure::new("--task -: stdin is read here as A or B alone")
                .hint("ctxpack diff A B --task \"$(cat FILE)\""));
        }
        let before = side(&project, &args.before)?;
        let after = match &args.after {
            Some(after) => side(&project, after)?,
            None => ("the work tree".to_owned(), Side::Pack(None)),
        };
        let packs = |side: &(String, Side)| matches!(side.1, Side::Pack(_));
        if args.after.is_none() && !packs(&before) {
            let (name, _) = before;
            return Err(Failure::new(format!("what is {name} to be compared with?"))
                .hint(format!("ctxpack diff '{name}' B; B may be {CHOICES}")));
        }
        let flag = [
            ("--budget", args.budget.is_some()),
            ("--task", args.task.is_some()),
        ];
        let flag = flag.into_iter().find(|(_, is_typed)| *is_typed);
        if let Some((flag, _)) = flag.filter(|_| !packs(&before) && !packs(&after)) {
            return Err(Failure::new(format!(
                "{flag} says how a revision is packed, and neither A nor B is one"
            )));
        }
        Ok(Self {
            args,
            project,
            before,
            after,
        })
    }

    fn inventories(&self) -> Outcome<(Inventory, Inventory)> {
        let asked = self.args.tokenizer.as_deref();
        let asked = asked.map(config::parse_tokenizer).transpose()?;
        // a bundle that does not say how it is counted is counted like the other
        let first = self.inventory(&self.before, asked.unwrap_or_default())?;
        let other = Tokenizer::from_name(&first.tokenizer).unwrap_or_default();
        let second = self.inventory(&self.after, asked.unwrap_or(other))?;
        let other = Tokenizer::from_name(&second.tokenizer).unwrap_or_default();
        let first = match (&self.before.1, asked) {
            (Side::Text(_), None) => self.inventory(&self.before, other)?,
            _ => first,
        };
        Ok((first, second))
    }

    fn inventory(&self, (name, side): &(String, Side), tokenizer: Tokenizer) -> Outcome<Inventory> {
        match side {
            Side::Pack(revision) => {
                let request = self.request(revision.clone())?;
                let progress = Progress::start(self.args.talk.quiet);
                let packed = ctxpack::pack(&request, &|stage, n| progress.report(stage, n));
                drop(progress);
                Ok(Inventory::of_bundle(&packed?.bundle))
            }
            Side::Lock(lock) => self.of_lock(name, lock),
            Side::Text(text) => {
                let written = emit::read(text).map_err(|error| unreadable(name, &error))?;
                Ok(Inventory::of_written(written, text, tokenizer))
            }
        }
    }

    fn of_lock(&self, name: &str, lock: &Lock) -> Outcome<Inventory> {
        let known = ctxpack::bundle::names(lock);
        let is_locked = |side: &Side| matches!(side, Side::Lock(_));
        let both = is_locked(&self.before.1) && is_locked(&self.after.1);
        let failure = match &self.args.bundle {
            // of two locks, one that lost or gained the bundle is what the diff is about
            Some(one) if both || known.contains(&**one) => {
                return Ok(Inventory::of_lock(lock, Some(one)));
            }
            Some(one) => Failure::new(format!("{name}: it knows no bundle `{one}`")),
            None if both => return Ok(Inventory::of_lock(lock, None)),
            None if known.len() == 1 => {
                return Ok(Inventory::of_lock(lock, known.first().copied()));
            }
            None => Failure::new(format!("{name}: it holds {}", count(known.len(), "bundle"))),
        };
        let known: Vec<&str> = known.into_iter().collect();
        Err(match known.is_empty() {
            true => failure.hint("ctxpack bundle --write"),
            false => failure.hint(format!("--bundle NAME, one of {}", known.join(", "))),
        })
    }

    /// How a revision is packed.
    fn request(&self, revision: Option<String>) -> Outcome<Request> {
        let mut request = match &self.args.bundle {
            Some(name) => bundle::named(&self.project, name)?,
            None => self.project.request.clone(),
        };
        if self.args.budget.is_some() {
            request.budget = self.project.request.budget;
        }
        if self.args.tokenizer.is_some() {
            request.tokenizer = self.project.request.tokenizer;
        }
        if let Some(text) = &self.args.task {
            request.task = Some(Task {
                source: TaskSource::Flag,
                text: text.clone(),
            });
        }
        request.revision = revision;
        request.contents_only = true;
        Ok(request)
    }
}

/// What is meant by `typed`: a file that is there, what a revision has of one, or a revision.
fn side(project: &Project, typed: &OsStr) -> Outcome<(String, Side)> {
    let path = Path::new(typed);
    let name = path.display().to_string();
    if typed == "-" {
        let bytes = limited(std::io::stdin().lock())
            .map_err(|error| Failure::from(Error::io("-", error)))?;
        return Ok(("stdin".to_owned(), of_bytes("stdin", Path::new(""), bytes)?));
    }
    if path.is_dir() {
        let failure = Failure::new(format!("{name}: is a folder"));
        return Err(failure.hint(format!("A and B may each be {CHOICES}")));
    }
    if path.symlink_metadata().is_ok() {
        let (file, _) =
            stores::open(path).map_err(|error| Failure::from(Error::io(path, error)))?;
        let bytes = limited(file).map_err(|error| Failure::from(Error::io(path, error)))?;
        let side = of_bytes(&name, path, bytes)?;
        return Ok((name, side));
    }
    let root = &project.root;
    let none =
        |message: String| Failure::new(message).hint(format!("A and B may each be {CHOICES}"));
    let Some(revision) = typed.to_str().filter(|name| !name.trim().is_empty()) else {
        return Err(none(format!("`{name}`: no such file")));
    };
    if let Some((revision, below)) = revision.split_once(':').filter(|it| !it.0.is_empty()) {
        let tree = tree::of_revision(root, revision, String::new())
            .map_err(|error| none(error.to_string()))?;
        let below = below.trim_start_matches("./");
        let entry = tree
            .entries
            .iter()
            .find(|entry| entry.below() == Path::new(below));
        let entry = entry.ok_or_else(|| none(format!("{name}: {revision} has no such file")))?;
        let bytes = tree.read(entry);
        let bytes = bytes
            .map_err(|_| Failure::new(format!("{name}: it cannot be read, or is too large")))?;
        let side = of_bytes(&name, Path::new(below), bytes)?;
        return Ok((name, side));
    }
    match tree::of_revision(root, revision, String::new()) {
        Ok(_) => Ok((name.clone(), Side::Pack(Some(name)))),
        Err(Error::BadRevision { message, .. }) => {
            let message = match message.contains("no such revision") {
                true => format!("no such file, and {message}"),
                false => format!("no such file, and no revision either: {message}"),
            };
            Err(none(format!("{name}: {message}")))
        }
        Err(error) => Err(error.into()),
    }
}

fn limited(file: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MOST {
        true => Err(std::io::Error::other("more than 64 MiB")),
        false => Ok(bytes),
    }
}

/// A lock by its name or its first line, else what `emit` wrote.
fn of_bytes(name: &str, path: &Path, bytes: Vec<u8>) -> Outcome<Side> {
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(unreadable(name, &NotWritten::Foreign));
    };
    if path.file_name().is_some_and(|it| it == lock::NAME) || lock::is_lock(&text) {
        let conflict = |lock::Conflict| {
            Failure::new(format!("{name}: it holds a conflict of git's"))
                .hint("ctxpack bundle --write writes it anew")
        };
        return Lock::parse(&text).map(Side::Lock).map_err(conflict);
    }
    // told at once, and not after the other side was packed
    match emit::read(&text) {
        Ok(_) => Ok(Side::Text(text)),
        Err(error) => Err(unreadable(name, &error)),
    }
}

fn unreadable(name: &str, error: &NotWritten) -> Failure {
    let failure = Failure::new(format!("{name}: {error}"));
    match error {
        NotWritten::Foreign => failure.hint(format!("A and B may each be {CHOICES}")),
        NotWritten::Schema(_) => failure.hint("a newer ctxpack reads it"),
        _ => failure.hint("ctxpack -o FILE writes it anew"),
    }
}

fn signed(n: i128) -> String {
    let size = number(usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX));
    match n {
        0 => "0".to_owned(),
        1.. => format!("+{size}"),
        _ => format!("-{size}"),
    }
}

/// What became of an item, in a few words.
fn what(change: &Change) -> String {
    let word = |held: &Option<Held>| {
        let rendering = held.as_ref().and_then(|held| held.rendering.clone());
        rendering.unwrap_or_else(|| "text".to_owned())
    };
    let known = |held: &Option<Held>| {
        let rendering = held.as_ref().and_then(|held| held.rendering.as_deref());
        rendering.map_or_else(String::new, |name| format!(", {name}"))
    };
    match change.status {
        Status::Added => format!("added{}", known(&change.after)),
        Status::Left => format!("left{}", known(&change.before)),
        Status::Rendering => format!("{} → {}", word(&change.before), word(&change.after)),
        Status::Text => "other text".to_owned(),
        status => format!("{}{}", status.as_str(), known(&change.after)),
    }
}

/// The item as it is named.
fn named(held: &Held) -> String {
    let mut name = plain(&redact(&held.path));
    if let Some(line) = held.line {
        name.push_str(&format!(":{line}"));
    }
    match held.bundle.as_str() {
        "" => name,
        bundle => format!("{name} ({})", plain(&redact(bundle))),
    }
}

/// How many of each, as `3 added, 1 left; 20 as they were`.
fn tally(diff: &Diff) -> String {
    let words = [
        (Status::Added, "added"),
        (Status::Left, "left"),
        (Status::Rendering, "written at another size"),
        (Status::Grown, "grown"),
        (Status::Shrunk, "shrunk"),
        (Status::Text, "with other text"),
    ];
    let words = words.into_iter().filter_map(|(status, word)| {
        let n = diff.count(status);
        (n > 0).then(|| format!("{} {word}", number(n)))
    });
    let words: Vec<String> = words.collect();
    let same = match diff.n_same {
        0 => String::new(),
        1 => "1 as it was".to_owned(),
        n => format!("{} as they were", number(n)),
    };
    match (words.is_empty(), same.is_empty()) {
        (true, true) => "no items".to_owned(),
        (true, false) => same,
        (false, true) => words.join(", "),
        (false, false) => format!("{}; {same}", words.join(", ")),
    }
}

/// `7,990 → 8,120 tokens (+130, +1.6%)`.
fn totals(diff: &Diff) -> String {
    let delta = diff.after as i128 - diff.before as i128;
    let share = match (delta, diff.before) {
        (0, _) | (_, 0) => String::new(),
        (_, before) => {
            let sign = if delta < 0 { "-" } else { "+" };
            format!(", {sign}{}", percent(diff.after.abs_diff(before), before))
        }
    };
    let (before, after) = (number(diff.before), number(diff.after));
    format!("{before} → {after} tokens ({}{share})", signed(delta))
}

fn text(sides: &Sides<'_>, diff: &Diff, style: Style) -> String {
    let shown = |name: &str| plain(&redact(name));
    let (a, b) = (shown(&sides.before.0), shown(&sides.after.0));
    let mut out = format!("{}  {}\n", style.bold(&format!("{a} → {b}")), totals(diff));
    if diff.is_empty() {
        out.push_str(&style.dim(&format!("nothing changed: {}\n", tally(diff))));
        return out;
    }
    let words: Vec<String> = diff.changes.iter().map(what).collect();
    let wide = words
        .iter()
        .map(|word| width(word))
        .max()
        .unwrap_or(0)
        .max(4);
    let head = format!(
        "{}{}  {}",
        right("change", 9),
        right("tokens", 9),
        left("what", wide)
    );
    out.push_str(&style.dim(&format!("{head}  path\n")));
    let room = columns().saturating_sub(width(&head) + 2).max(20);
    for (change, word) in diff.changes.iter().zip(&words) {
        let now = change.after.as_ref().map_or(0, |held| held.tokens);
        let word = left(word, wide);
        let word = match change.status {
            Status::Added => style.green(&word),
            Status::Left => style.red(&word),
            Status::Rendering => style.yellow(&word),
            _ => word,
        };
        let numbers = right(&signed(change.delta), 9) + &right(&number(now), 9);
        let path = fit_path(&named(change.item()), room);
        out.push_str(&format!("{numbers}  {word}  {path}\n"));
    }
    if diff.frame != 0 {
        let numbers = right(&signed(diff.frame), 9) + &right("", 9);
        out.push_str(&format!(
            "{numbers}  {}\n",
            style.dim("around them: the frame, and the task")
        ));
    }
    out.push_str(&format!("{}\n", tally(diff)));
    out
}

fn markdown(sides: &Sides<'_>, diff: &Diff) -> String {
    let (a, b) = (code(&sides.before.0), code(&sides.after.0));
    let mut out = format!(
        "<!-- ctxpack:diff -->\n### ctxpack diff: {}\n\n{a} → {b}: {}\n",
        totals(diff),
        tally(diff)
    );
    if diff.changes.is_empty() {
        return out;
    }
    out.push_str("\n| Change | Tokens | What | Item |\n| ---: | ---: | :--- | :--- |\n");
    let mut n_rows = 0;
    for change in diff.changes.iter().take(MOST_ROWS) {
        let now = change.after.as_ref().map_or(0, |held| held.tokens);
        let row = format!(
            "| {} | {} | {} | {} |\n",
            signed(change.delta),
            number(now),
            report::text(&what(change)),
            code(&named(change.item()))
        );
        if out.len() + row.len() > MOST_BYTES {
            break;
        }
        out.push_str(&row);
        n_rows += 1;
    }
    if diff.frame != 0 {
        let n = signed(diff.frame);
        out.push_str(&format!(
            "| {n} | | around them: the frame, and the task | |\n"
        ));
    }
    let rest = diff.changes.get(n_rows..).unwrap_or_default();
    if !rest.is_empty() {
        let sum: i128 = rest.iter().map(|change| change.delta).sum();
        let (n, sum) = (number(rest.len()), signed(sum));
        out.push_str(&format!(
            "\nand {n} more, {sum} tokens (`--format json` lists all)\n"
        ));
    }
    out
}

fn json(sides: &Sides<'_>, before: &Inventory, after: &Inventory, diff: &Diff) -> String {
    let shown = |name: &str| plain(&redact(name));
    let side = |name: &str, side: &Inventory| {
        json!({
            "name": shown(name),
            "tokens": side.tokens,
            "tokenizer": shown(&side.tokenizer),
            "items": side.items.len(),
        })
    };
    let held = |held: &Option<Held>| {
        held.as_ref().map(|held| {
            json!({
                "rendering": held.rendering.as_deref().map(shown),
                "tokens": held.tokens,
                "line": held.line,
                "lines": held.lines,
            })
        })
    };
    let changes = diff.changes.iter().map(|change| {
        let item = change.item();
        json!({
            "status": change.status.as_str(),
            "kind": shown(&item.kind),
            "path": shown(&item.path),
            "bundle": Some(shown(&item.bundle)).filter(|name| !name.is_empty()),
            "change": signed_number(change.delta),
            "before": held(&change.before),
            "after": held(&change.after),
        })
    });
    let whole = json!({
        "schema": 1,
        "different": !diff.is_empty(),
        "before": side(&sides.before.0, before),
        "after": side(&sides.after.0, after),
        "change": signed_number(diff.after as i128 - diff.before as i128),
        "frame": signed_number(diff.frame),
        "same": diff.n_same,
        "items": changes.collect::<Vec<Value>>(),
    });
    format!("{whole:#}\n")
}

fn signed_number(n: i128) -> i64 {
    i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
}
