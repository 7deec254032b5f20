//! What the commands that replay cases share: from what was typed to cases, and their results by repository.

use crate::cli::args::{TalkArgs, WhatArgs};
use crate::cli::budget::{self, Size};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::output;
use crate::cli::resolve;
use crate::cli::summary;
use clap::Args;
use ctxpack::error::Error;
use ctxpack::eval::{Case, Replay, commits};
use ctxpack::request::{Budget, Request};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

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

/// Commits replayed where nothing is said: enough for intervals of ten points, few enough for half a minute.
const N_COMMITS: usize = 100;

const NO_HISTORY: &str = "a history is needed: run it in a clone, or replay other cases: \
                          --cases FILE --clones DIR";

const UNSHALLOW: &str = "`git fetch --unshallow` gets the rest of a shallow clone";

const SAMPLE_HINT: &str = "a case is a JSON object on a line of its own, such as \
                           {\"base\":\"v1.2\",\"query\":\"retries stop early\",\"gold_files\":[\"src/retry.rs\"]}; \
                           ctxpack eval --help names its keys";

/// What to replay.
pub struct Work {
    /// How to pack: settings and weights; not which tree or task.
    pub base: Request,
    /// The config file that the weights come from; `None` where they are those shipped.
    pub weights_from: Option<String>,
    /// The budgets in tokens, as typed.
    pub budgets: Vec<usize>,
    /// Cases by repository.
    pub jobs: Vec<Job>,
    /// What the cases are of: the name of the repository, or of the file.
    pub name: String,
    /// Why commits were passed over, and how many.
    pub skipped: BTreeMap<&'static str, usize>,
}

/// The cases of one repository.
pub struct Job {
    /// The repository.
    pub root: PathBuf,
    /// Its cases.
    pub cases: Vec<Case>,
}

impl Work {
    /// Number of cases.
    pub fn n_cases(&self) -> usize {
        self.jobs.iter().map(|job| job.cases.len()).sum()
    }
}

/// What `args` ask for: commits with at least `min_gold` changed files, or the cases of a file.
///
/// # Errors
/// Mistyped values, no repository, no suitable commit.
pub fn work(args: &ReplayArgs, talk: &TalkArgs, min_gold: usize) -> Outcome<Work> {
    let budgets = budgets(&args.budgets)?;
    if args.n_cases == Some(0) {
        return Err(Failure::new("-n 0 leaves nothing to replay").hint("-n 100"));
    }
    if args.paths.len() > 1 {
        let given = args.paths.len();
        return Err(Failure::new(format!(
            "commits of one repository are replayed, and {given} are given"
        ))
        .hint("run it once for each"));
    }
    let what = WhatArgs {
        paths: args.paths.clone(),
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        no_home: true,
        no_cache: true,
        ..WhatArgs::default()
    };
    let resolved = resolve::what(&what)?;
    if !talk.quiet {
        output::warn(&resolved.warnings, output::MAX_WARNINGS, talk.color);
    }
    let mut work = Work {
        base: resolved.request,
        weights_from: resolved.weights_from,
        budgets,
        jobs: Vec::new(),
        name: String::new(),
        skipped: BTreeMap::new(),
    };
    match &args.cases {
        Some(file) => {
            let clones = args.clones.clone().unwrap_or_else(|| PathBuf::from("."));
            work.jobs = of_file(
                file,
                &clones,
                args.n_cases.unwrap_or(usize::MAX),
                min_gold,
                talk,
            )?;
            work.name = file.display().to_string();
        }
        None => of_history(&mut work, args, talk, min_gold)?,
    }
    Ok(work)
}

fn of_history(work: &mut Work, args: &ReplayArgs, talk: &TalkArgs, min_gold: usize) -> Outcome<()> {
    let root = work.base.roots[0].clone();
    let revision = args.rev.as_deref().unwrap_or("HEAD");
    let replay = Replay::open(&root).map_err(|error| match error {
        Error::BadRevision { message, .. } => Failure::new(message).hint(NO_HISTORY),
        error => error.into(),
    })?;
    let n_cases = args.n_cases.unwrap_or(N_COMMITS);
    let selected = commits::select(replay.repository(), &work.base, revision, n_cases, min_gold)
        .map_err(|error| match (error, &args.rev) {
            (Error::BadRevision { .. }, None) => {
                Failure::new(format!("{}: no commit yet", root.display())).hint(NO_HISTORY)
            }
            (error, _) => error.into(),
        })?;
    let is_shallow = replay.repository().is_shallow();
    if selected.cases.is_empty() {
        if selected.n_seen > 0 && !any_file(&replay, &work.base, revision)? {
            let globs = work.base.include.join(", ");
            return Err(Failure::new(format!(
                "no file at {revision} is left to change by --include {globs}"
            ))
            .hint("--include takes globs of paths below the repository's root: -i 'src/**'"));
        }
        let mut skipped: Vec<_> = selected.skipped.iter().collect();
        skipped.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let why: Vec<String> = skipped
            .iter()
            .map(|(why, n)| format!("{n} {why}"))
            .collect();
        let n = selected.n_seen;
        let s = if n == 1 { "" } else { "s" };
        let failure = Failure::new(format!(
            "none of {n} commit{s} is suitable: {}",
            why.join(", ")
        ));
        let failure = if n == 0 {
            Failure::new("there is no commit with a parent to replay")
        } else {
            failure
        };
        return Err(if is_shallow {
            failure.hint(UNSHALLOW)
        } else if n == 0 {
            failure.hint("a commit is replayed on its parent: two are needed at least; --cases FILE replays others")
        } else {
            failure.hint("ctxpack eval --help says which commits are; --cases FILE replays others")
        });
    }
    if is_shallow && selected.cases.len() < n_cases {
        let n = selected.n_seen;
        warn(
            &[format!(
                "a shallow clone: its history ends after {n} commits; {UNSHALLOW}"
            )],
            talk,
        );
    }
    work.name = summary::name(&root);
    work.skipped = selected.skipped;
    work.jobs = vec![Job {
        root,
        cases: selected.cases,
    }];
    Ok(())
}

/// Whether the tree of `revision` holds any file that may be a candidate.
fn any_file(replay: &Replay, base: &Request, revision: &str) -> Outcome<bool> {
    if base.include.is_empty() {
        return Ok(true);
    }
    let is_candidate = ctxpack::source::file_filter(base)?;
    let repository = replay.repository().clone();
    let root = base.roots[0].clone();
    let tree = ctxpack::source::tree::of_repository(root, repository, revision, String::new())?;
    Ok(tree.entries.iter().any(|entry| is_candidate(&entry.path)))
}

/// Warnings of what was left out, the first few and how many more.
pub fn warn(all: &[String], talk: &TalkArgs) {
    if talk.quiet {
        return;
    }
    let mut shown = all.to_vec();
    if shown.len() > output::MAX_WARNINGS {
        let more = shown.split_off(output::MAX_WARNINGS - 1).len();
        shown.push(format!("and {more} more like these"));
    }
    output::warn(&shown, output::MAX_WARNINGS, talk.color);
}

/// The cases of a file, by repository in the order in which they first occur.
fn of_file(
    file: &Path,
    clones: &Path,
    n_cases: usize,
    min_gold: usize,
    talk: &TalkArgs,
) -> Outcome<Vec<Job>> {
    let text = std::fs::read_to_string(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::from(Error::NoSuchPath(file.to_owned())),
        _ => Failure::from(Error::io(file, error)),
    })?;
    let cases = ctxpack::eval::cases::read(&text).map_err(|message| {
        Failure::new(format!("{}: {message}", file.display())).hint(SAMPLE_HINT)
    })?;
    let mut jobs: Vec<Job> = Vec::new();
    let suitable =
        |case: &Case| case.gold_files.len() >= min_gold && (min_gold < 2 || case.commit.is_some());
    let mut replays: BTreeMap<PathBuf, Replay> = BTreeMap::new();
    let mut told = Vec::new();
    let mut n_left = n_cases;
    for case in cases {
        if n_left == 0 {
            break;
        }
        if min_gold > 1 && !suitable(&case) {
            continue;
        }
        let root = clones.join(&case.mirror);
        if !root.is_dir() {
            return Err(Failure::from(Error::NoSuchPath(root))
                .hint("--clones DIR names the folder that the cases' `mirror` is below"));
        }
        let replay = match replays.entry(root.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(Replay::open(&root)?),
        };
        let (checked, left_out) = ctxpack::eval::check(replay, case, min_gold < 2);
        told.extend(left_out);
        let Some(case) = checked.filter(suitable) else {
            continue;
        };
        n_left -= 1;
        match jobs.iter_mut().find(|job| job.root == root) {
            Some(job) => job.cases.push(case),
            None => jobs.push(Job {
                root,
                cases: vec![case],
            }),
        }
    }
    let name = file.display();
    let told: Vec<String> = told.iter().map(|told| format!("{name}: {told}")).collect();
    warn(&told, talk);
    if jobs.is_empty() {
        let failure = Failure::new(format!("{}: no suitable case", file.display()));
        return Err(if min_gold > 1 {
            failure.hint("--no-task needs cases with a `commit` and two gold files or more")
        } else if told.is_empty() {
            failure.hint(SAMPLE_HINT)
        } else {
            failure // the warnings say why
        });
    }
    Ok(jobs)
}

fn budgets(typed: &[String]) -> Outcome<Vec<usize>> {
    let hint = "--budgets 4k,8k,16k,27k";
    let one = |text: &String| match budget::parse(text.trim()) {
        Ok(Size::Plain(Budget::Tokens(n))) => Ok(n),
        Ok(_) => Err(Failure::new(format!("--budgets {text}: not in tokens")).hint(hint)),
        // its hints are of sizes that only packing takes
        Err(failure) => Err(Failure::new(failure.message).hint(hint)),
    };
    let mut budgets = typed.iter().map(one).collect::<Outcome<Vec<usize>>>()?;
    budgets.sort_unstable();
    budgets.dedup();
    Ok(budgets)
}
