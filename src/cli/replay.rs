//! What the commands that replay cases share: from what was typed to cases, and their results by repository.

use crate::cli::args::{ReplayArgs, TalkArgs, WhatArgs};
use crate::cli::budget::{self, Size};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::output;
use crate::cli::resolve;
use ctxpack::error::Error;
use ctxpack::eval::{Case, Replay, commits};
use ctxpack::request::{Budget, Request};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Commits replayed where nothing is said: enough for intervals of ten points, few enough for half a minute.
const N_COMMITS: usize = 100;

const NO_HISTORY: &str = "a history is needed: run it in a clone, or replay other cases: \
                          --cases FILE --clones DIR";

/// What to replay.
pub struct Work {
    /// How to pack: settings and weights; not which tree or task.
    pub base: Request,
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
    let what = WhatArgs {
        paths: args.path.iter().cloned().collect(),
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        only: Vec::new(),
        without: Vec::new(),
        rev: None,
        no_home: true,
    };
    let resolved = resolve::what(&what)?;
    if !talk.quiet {
        output::warn(&resolved.warnings, output::MAX_WARNINGS, talk.color);
    }
    let mut work = Work {
        base: resolved.request,
        budgets,
        jobs: Vec::new(),
        name: String::new(),
        skipped: BTreeMap::new(),
    };
    match &args.cases {
        Some(file) => {
            let clones = args.clones.clone().unwrap_or_else(|| PathBuf::from("."));
            work.jobs = of_file(file, &clones, args.n_cases.unwrap_or(usize::MAX), min_gold)?;
            work.name = file.display().to_string();
        }
        None => of_history(&mut work, args, min_gold)?,
    }
    Ok(work)
}

fn of_history(work: &mut Work, args: &ReplayArgs, min_gold: usize) -> Outcome<()> {
    let root = work.base.roots[0].clone();
    let revision = args.rev.as_deref().unwrap_or("HEAD");
    let replay = Replay::open(&root).map_err(|error| match error {
        Error::BadRevision { message, .. } => Failure::new(message).hint(NO_HISTORY),
        error => error.into(),
    })?;
    let selected = commits::select(
        replay.repository(),
        &work.base,
        revision,
        args.n_cases.unwrap_or(N_COMMITS),
        min_gold,
    )
    .map_err(|error| match (error, &args.rev) {
        (Error::BadRevision { .. }, None) => {
            Failure::new(format!("{}: no commit yet", root.display())).hint(NO_HISTORY)
        }
        (error, _) => error.into(),
    })?;
    if selected.cases.is_empty() {
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
        let shallow = replay.repository().is_shallow();
        return Err(if n == 0 {
            Failure::new("there is no commit with a parent to replay")
                .hint("`git fetch --unshallow` gets the rest of a shallow clone")
        } else if shallow {
            failure.hint("`git fetch --unshallow` gets the rest of a shallow clone")
        } else {
            failure.hint("ctxpack eval --help says which commits are; --cases FILE replays others")
        });
    }
    let name = root.canonicalize().unwrap_or_else(|_| root.clone());
    work.name = name
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    work.skipped = selected.skipped;
    work.jobs = vec![Job {
        root,
        cases: selected.cases,
    }];
    Ok(())
}

/// The cases of a file, by repository in the order in which they first occur.
fn of_file(file: &Path, clones: &Path, n_cases: usize, min_gold: usize) -> Outcome<Vec<Job>> {
    let text = std::fs::read_to_string(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::from(Error::NoSuchPath(file.to_owned())),
        _ => Failure::from(Error::io(file, error)),
    })?;
    let cases = ctxpack::eval::cases::read(&text)
        .map_err(|message| Failure::new(format!("{}: {message}", file.display())))?;
    let mut jobs: Vec<Job> = Vec::new();
    let suitable =
        |case: &Case| case.gold_files.len() >= min_gold && (min_gold < 2 || case.commit.is_some());
    for case in cases.into_iter().filter(suitable).take(n_cases) {
        let root = clones.join(&case.mirror);
        match jobs.iter_mut().find(|job| job.root == root) {
            Some(job) => job.cases.push(case),
            None => jobs.push(Job {
                root,
                cases: vec![case],
            }),
        }
    }
    if jobs.is_empty() {
        let failure = Failure::new(format!("{}: no suitable case", file.display()));
        return Err(if min_gold > 1 {
            failure.hint("--no-task needs cases with a `commit` and two gold files or more")
        } else {
            failure.hint(
                "a case is a JSON object on a line of its own; ctxpack eval --help names its keys",
            )
        });
    }
    if let Some(job) = jobs.iter().find(|job| !job.root.is_dir()) {
        return Err(Failure::from(Error::NoSuchPath(job.root.clone()))
            .hint("--clones DIR names the folder that the cases' `mirror` is below"));
    }
    Ok(jobs)
}

fn budgets(typed: &[String]) -> Outcome<Vec<usize>> {
    let one = |text: &String| match budget::parse(text.trim())? {
        Size::Plain(Budget::Tokens(n)) => Ok(n),
        _ => Err(Failure::new(format!("--budgets {text}: not in tokens"))
            .hint("--budgets 4k,8k,16k,27k")),
    };
    let mut budgets = typed.iter().map(one).collect::<Outcome<Vec<usize>>>()?;
    budgets.sort_unstable();
    budgets.dedup();
    Ok(budgets)
}
