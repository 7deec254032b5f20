//! `ctxpack`: the bundle to stdout or a file; on a terminal a summary of it.

use crate::cli::args::{AskArgs, TalkArgs};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::output::{self, Target};
use crate::cli::progress::Progress;
use crate::cli::resolve::{self, Resolved};
use crate::cli::style::{self, Style};
use crate::cli::{explain, stats, summary};
use clap::Args;
use ctxpack::cache::Cache;
use ctxpack::guard::secrets::redact;
use ctxpack::score::model::Model;
use ctxpack::sticky::{self, Earlier};
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

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

/// Pack (the default: `ctxpack pack` and `ctxpack` are the same).
#[derive(Debug, Args)]
#[command(hide = true, after_help = EXAMPLES, after_long_help = long_examples())]
pub struct PackCommandArgs {
    #[command(flatten)]
    pub pack: PackArgs,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  ctxpack                                  what would be packed here, and why
  ctxpack -b 50k -t 'fix the retry' | claude -p 'Do it.'
  cargo test 2>&1 | ctxpack -t 'mend this' -t - -o context.xml";

pub(super) fn long_examples() -> String {
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

/// Runs `ctxpack`.
///
/// # Errors
/// Anything that keeps the bundle, or what is shown instead of it, from being whole.
pub fn run(args: &PackCommandArgs) -> Outcome<()> {
    // this thread is one of the pool, or else it would wait for those at each step; the others begin while settings are read. Where the
    // stack of a first thread is small, it waits
    if cfg!(unix) {
        let _ = rayon::ThreadPoolBuilder::new()
            .use_current_thread()
            .build_global();
    }
    rayon::spawn(|| {
        let _ = Model::default(); // read once
    });
    let args = &args.pack;
    let target = args.output.as_deref().map(output::target).transpose()?;
    let manifest = args.manifest.as_deref().map(manifest_target).transpose()?;
    if let (Some(Target::File(a)), Some(Target::File(b))) = (&target, &manifest)
        && a == b
    {
        return Err(Failure::new("--output and --manifest name the same file"));
    }
    let Resolved {
        mut request,
        mut warnings,
        ..
    } = resolve::pack(&args.ask, &args.talk)?;
    for own in target.iter().chain(&manifest) {
        for root in &request.roots {
            request.exclude.extend(output::glob_below(own, root));
        }
    }
    let sticky = args.sticky.as_deref().map(sticky_target).transpose()?;
    if sticky.is_some() && (sticky == target || sticky == manifest) {
        let other = if sticky == target {
            "--output"
        } else {
            "--manifest"
        };
        return Err(Failure::new(format!(
            "--sticky and {other} name the same file"
        )));
    }
    if let (Some(path), Some(target)) = (&args.sticky, &sticky) {
        request.earlier = Some(read_sticky(path)?.unwrap_or_default());
        for root in &request.roots {
            request.exclude.extend(output::glob_below(target, root));
        }
    }
    request.explain = args.explain.is_some();
    // Time spent waiting for stdin is not the tool's.
    let started = Instant::now();
    let progress = Progress::start(args.talk.quiet);
    let result = ctxpack::pack(&request, &|stage, n| progress.report(stage, n));
    drop(progress);
    let total = started.elapsed();
    let packed = match result {
        Ok(packed) => packed,
        Err(error) => {
            say(args, &warnings, output::MAX_WARNINGS);
            return Err(error.into());
        }
    };
    warnings.extend(
        packed
            .bundle
            .account
            .warnings
            .iter()
            .filter_map(output::shown_warning),
    );

    let color = args.talk.color;
    let on_terminal = target.is_none() && std::io::stdout().is_terminal();
    // Above a summary a few will do: it should stay on the screen.
    let most = if on_terminal { 3 } else { output::MAX_WARNINGS };
    say(args, &warnings, most);
    let stdout = match target {
        None => Style::stdout(color),
        Some(_) => Style::PLAIN,
    };
    let stderr = Style::stderr(color);
    let path = args
        .explain
        .as_deref()
        .map(Path::new)
        .filter(|path| !path.as_os_str().is_empty());
    if args.explain.is_some() && path.is_none() {
        talk(&explain::all(&packed, stderr));
    }
    if let Some(target) = &manifest {
        output::write(target, &ctxpack::manifest(&packed.bundle))?;
    }
    let place = target.clone().unwrap_or(Target::Stdout);
    if let Some(path) = path {
        let text = explain::named(&packed, path, &request.roots, stdout)?;
        output::write(&place, &text)?;
    } else if on_terminal {
        // it is shown again, as the way to get the bundle itself
        let typed =
            std::env::args_os().map(|word| redact(&word.to_string_lossy()).into_owned().into());
        let typed: Vec<std::ffi::OsString> = typed.collect();
        let (columns, rows) = style::terminal_size();
        let text = summary::summary(
            &packed,
            &request,
            &typed,
            (columns, rows.saturating_sub(warnings.len().min(most + 1))),
            total,
            stdout,
        );
        output::write(&place, &text)?;
    } else {
        output::write(&place, &packed.bundle.text)?;
    }
    if sticky.is_some() || args.stats {
        let now = Earlier::of(&packed.bundle);
        let before = request.earlier.as_ref();
        let shared = match (&sticky, &request.cache) {
            (Some(target), _) => {
                output::write(target, &now.to_text())?;
                before.map(|before| before.shared(&now))
            }
            (None, Some(folder)) => sticky::with_last(&Cache::new(folder.clone()), &request, &now),
            (None, None) => None,
        };
        if args.stats {
            talk(&stats::table(&packed, &request, shared, total, stderr));
        }
    }
    if args.timings {
        talk(&stats::timings(&packed, total));
    }
    let told = on_terminal || path.is_some() || args.stats || args.talk.quiet;
    if !told && std::io::stderr().is_terminal() {
        let file = args
            .output
            .as_deref()
            .filter(|path| path.as_os_str() != "-");
        talk(&summary::closing(&packed, &request, file, total, stderr));
    }
    Ok(())
}

fn sticky_target(path: &Path) -> Outcome<Target> {
    match output::target(path)? {
        target @ Target::File(_) => Ok(target),
        Target::Stdout | Target::Device(_) => Err(Failure::new(
            "--sticky is read and written again: it must be a file",
        )
        .hint("ctxpack --sticky .git/ctxpack-sticky")),
    }
}

/// Larger than what any bundle leaves there.
const MAX_STICKY: u64 = 64 << 20;

/// What the run before left; `None` where there is no such file yet.
fn read_sticky(path: &Path) -> Outcome<Option<Earlier>> {
    let shown = path.display();
    let bad = || {
        Failure::new(format!("--sticky {shown}: not what ctxpack writes there"))
            .hint("name a file that is not there yet, or delete this one")
    };
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::new(format!("--sticky {shown}: {error}"))),
        Ok(metadata) if metadata.len() > MAX_STICKY => return Err(bad()),
        Ok(_) => {}
    }
    let bytes = std::fs::read(path);
    let bytes = bytes.map_err(|error| Failure::new(format!("--sticky {shown}: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| bad())?;
    // an empty one is what mktemp makes
    if text.is_empty() {
        return Ok(None);
    }
    Earlier::parse(&text).map(Some).ok_or_else(bad)
}

fn manifest_target(path: &Path) -> Outcome<Target> {
    match output::target(path)? {
        Target::Stdout => Err(
            Failure::new("--manifest goes to a file: stdout is the bundle's")
                .hint("ctxpack --format json puts the manifest on stdout, with each item's text"),
        ),
        target => Ok(target),
    }
}

fn say(args: &PackArgs, warnings: &[String], most: usize) {
    if !args.talk.quiet {
        output::warn(warnings, most, args.talk.color);
    }
}

/// Writes to stderr. That nobody listens there is no reason to fail.
fn talk(text: &str) {
    let _ = std::io::stderr().lock().write_all(redact(text).as_bytes());
}
