//! What sizes are compared with: those of a git revision, or those of the lock.

use super::CheckArgs;
use crate::cli::failure::{Failure, Outcome};
use ctxpack::check::{self, Counting, Entry, Files, Sums};
use ctxpack::lock::{self, Lock};
use ctxpack::request::Request;
use ctxpack::source::{self, Trees, fork, tree};

/// What sizes are compared with.
pub(super) enum Against {
    Revision(String),
    Lock,
}

impl Against {
    /// What `args` ask for, or the lock where it has sizes.
    ///
    /// # Errors
    /// What is asked for and not there.
    pub(super) fn of(args: &CheckArgs, entries: &[Entry], lock: &Lock) -> Outcome<Option<Self>> {
        let is_locked = lock.behind(&["check"]).next().is_some();
        match &args.against {
            Some(name) if name == lock::NAME => {
                if !is_locked && !args.write {
                    return Err(Failure::new("ctxpack.lock holds no sizes of checks")
                        .hint("ctxpack check --write && git add ctxpack.lock"));
                }
                Ok(Some(Self::Lock))
            }
            Some(name) => Ok(Some(Self::Revision(name.clone()))),
            None if is_locked && !args.write => Ok(Some(Self::Lock)),
            None if args.max_growth.is_some() && !args.write => {
                // the lock holds the checks of ctxpack.toml alone
                let hint = match entries.iter().any(|entry| entry.place.is_some()) {
                    true => "--against origin/main, or first ctxpack check --write",
                    false => "--against origin/main, or another revision",
                };
                Err(Failure::new("--max-growth needs something to compare with").hint(hint))
            }
            // what is written now is compared with next time
            None if args.write => Ok(entries
                .iter()
                .any(|entry| entry.max_growth.is_some())
                .then_some(Self::Lock)),
            None => Ok(None),
        }
    }

    /// As a person names it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Revision(name) => name,
            Self::Lock => lock::NAME,
        }
    }
}

/// Measures what the entries mean of where HEAD left `revision`.
pub(super) fn measure_before(
    request: &Request,
    revision: &str,
    entries: &[Entry],
    counting: Counting,
    now: &Files,
) -> Outcome<Files> {
    let root = &request.roots[0];
    let commit = fork::fork_point(root, revision)?;
    let mut tree = tree::of_revision(root, &commit, String::new())?;
    tree.drop_ignored();
    let request = Request {
        staged: None,
        ..request.clone()
    };
    let trees: Trees = source::list(&request, vec![tree])?;
    Ok(check::measure_base(&trees, entries, counting, now)?)
}

/// How tokens were counted, as the lock says it: other counts are no baseline.
pub(super) fn counted(counting: Counting) -> String {
    let name = counting.tokenizer.name();
    match counting.safety_factor {
        factor if factor > 1.0 => format!("{name}*{factor}"),
        _ => name.to_owned(),
    }
}

/// The sizes of a lock that were counted as `counted` says.
pub(super) fn locked(lock: &Lock, counted: &str) -> Sums {
    let lines = lock.behind(&["check"]);
    let sums = lines.filter_map(|words| match words {
        [name, unit, n, how] if unit == "tokens" && how == counted => {
            Some((name.clone(), n.parse::<usize>().ok()?))
        }
        _ => None,
    });
    // a merge may have kept the lines of both sides: each was agreed to
    sums.fold(Sums::new(), |mut sums, (name, n)| {
        let known = sums.entry(name).or_default();
        *known = n.max(*known);
        sums
    })
}
