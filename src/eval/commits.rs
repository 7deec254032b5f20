//! Cases out of a repository's own commits: the message as the task, the parent as the tree, what it changed as gold.

use super::{Case, message};
use crate::error::Error;
use crate::request::Request;
use crate::score::look::Look;
use crate::source;
use crate::source::changes::{self, Modified, Replayed};
use crate::source::repository::Repository;
use std::collections::BTreeMap;

/// More changed files than this make a sweep through the code, not a task.
const MAX_GOLD: usize = 8;

/// Commits looked at, at most.
const MAX_COMMITS: usize = 30_000;

/// What the history gave.
#[derive(Debug, Clone, Default)]
pub struct Selected {
    /// The cases, newest first.
    pub cases: Vec<Case>,
    /// Commits looked at, merges left out.
    pub n_seen: usize,
    /// Why commits were passed over, as a noun phrase, and how many.
    pub skipped: BTreeMap<&'static str, usize>,
}

/// The newest suitable commits behind `revision`, at most `n_cases`.
///
/// Passed over are merges, reverts, releases and other mechanical changes, messages of fewer than four words, commits with fewer than
/// `min_gold` or more than eight gold files. Gold are files that were there before the commit and are changed by it in more
/// than white space, and that are no test, documentation, lock file or generated code; `--include` and `--exclude` of `base` rule too.
/// Deterministic.
///
/// # Errors
/// [`Error::BadRevision`], [`Error::BadGlob`].
pub fn select(
    repository: &Repository,
    base: &Request,
    revision: &str,
    n_cases: usize,
    min_gold: usize,
) -> Result<Selected, Error> {
    let is_candidate = source::file_filter(base)?;
    let mut selected = Selected::default();
    if n_cases == 0 {
        return Ok(selected);
    }
    changes::walk(repository, revision, &mut |commit| {
        selected.n_seen += 1;
        match case(repository, &commit, min_gold, &is_candidate) {
            Ok(case) => selected.cases.push(case),
            Err(why) => *selected.skipped.entry(why).or_default() += 1,
        }
        selected.cases.len() < n_cases && selected.n_seen < MAX_COMMITS
    })?;
    Ok(selected)
}

fn case(
    repository: &Repository,
    commit: &Replayed,
    min_gold: usize,
    is_candidate: &dyn Fn(&str) -> bool,
) -> Result<Case, &'static str> {
    let query = message::task(&commit.message)?;
    let modified =
        changes::modified(repository, commit).ok_or("commits whose objects are missing")?;
    let wanted: Vec<Modified> = modified
        .into_iter()
        .filter(|file| could_be_gold(&file.path) && is_candidate(&file.path))
        .collect();
    if wanted.len() > MAX_GOLD {
        return Err("commits that change more than 8 files");
    }
    let mut case = Case {
        id: commit.id[..commit.id.len().min(10)].to_owned(),
        base: commit.parent.clone(),
        commit: Some(commit.id.clone()),
        query,
        ..Case::default()
    };
    for file in wanted {
        match changes::old_lines(repository, &file) {
            Some(lines) if !lines.only_space => {
                case.gold_files.push(file.path.clone());
                case.gold_lines.insert(file.path, lines.ranges);
            }
            _ => {}
        }
    }
    match case.gold_files.len() {
        0 => Err("commits that change no code that was there before"),
        n if n < min_gold => Err("commits that change a single file"),
        _ => Ok(case),
    }
}

/// Whether a change of such a file counts: it is no test, documentation, lock file or generated code.
pub fn could_be_gold(path: &str) -> bool {
    let look = Look::of(path);
    !(look.is_test || look.is_prose || look.is_generated)
}
