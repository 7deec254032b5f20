//! Handoffs that the work has left behind.

use super::{Code, Finding, add};
use crate::source::notes::{Atom, Class, is_handoff};
use crate::source::tree::Tree;

/// Commits counted at most.
pub(super) const MAX_COUNTED: usize = 10_000;

/// A handoff of so many commits ago tells of other work, and so does one of so many days with any commit since.
const MAX_BEHIND: usize = 10;
const MAX_DAYS: i64 = 14;
const DAY: i64 = 86_400;

/// How far HEAD is ahead of a handoff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The note.
    pub path: String,
    /// Commits since what it names, at most 10,000.
    pub n_commits: usize,
    /// Days from its date to the commit of HEAD; 0 where it has none.
    pub n_days: i64,
}

/// Handoffs of other work.
pub(super) fn stale(all: &[Behind], found: &mut Vec<Finding>) {
    for it in all {
        let is_old = it.n_commits > 0 && it.n_days >= MAX_DAYS;
        if it.n_commits < MAX_BEHIND && !is_old {
            continue;
        }
        let n = it.n_commits;
        let many = if n >= MAX_COUNTED { " or more" } else { "" };
        let commits = if n == 1 { "commit" } else { "commits" };
        let days = if is_old {
            format!(" and {} days", it.n_days)
        } else {
            String::new()
        };
        let message = format!("HEAD is {n}{many} {commits}{days} ahead of it");
        add(found, Code::StaleHandoff, &it.path, 0, message);
    }
}

/// The handoffs of a tree, and how far HEAD is ahead of what each names: its commit, else its date. One that names neither is left
/// out.
pub fn behind(tree: &Tree, atoms: &[Atom]) -> Vec<Behind> {
    let (Some(repository), Some(head)) = (&tree.repository, tree.commit()) else {
        return Vec::new();
    };
    let handle = repository.handle();
    let since_commit = |name: &String| {
        let is_hex = (7..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_hexdigit());
        let object = is_hex
            .then(|| handle.rev_parse_single(name.as_bytes()).ok())
            .flatten()?;
        let commit = object
            .object()
            .ok()?
            .peel_to_kind(gix::object::Kind::Commit)
            .ok()?
            .id;
        let walk = handle.rev_walk([head]).with_hidden([commit]).all().ok()?;
        Some(walk.take(MAX_COUNTED).filter(Result::is_ok).count())
    };
    let since_date = |date: i64| {
        let newest_first = gix::revision::walk::Sorting::ByCommitTime(
            gix::traverse::commit::simple::CommitTimeOrder::NewestFirst,
        );
        let walk = handle.rev_walk([head]).sorting(newest_first).all().ok()?;
        // a day has room for the commits that it tells of
        let is_later = |at: Option<i64>| at.is_some_and(|at| at >= date + DAY);
        let later = walk
            .take(MAX_COUNTED)
            .map_while(Result::ok)
            .take_while(|info| is_later(info.commit_time));
        Some(later.count())
    };
    let head_time = handle
        .find_commit(head)
        .ok()
        .and_then(|commit| commit.time().ok());
    let mut found: Vec<Behind> = Vec::new();
    let mut handoffs: Vec<&Atom> = atoms
        .iter()
        .filter(|atom| atom.class == Class::Handoff && is_handoff(&atom.path))
        .collect();
    handoffs.sort_by(|a, b| a.path.cmp(&b.path));
    for of_note in handoffs.chunk_by(|a, b| a.path == b.path) {
        let by_commit = of_note
            .iter()
            .flat_map(|atom| &atom.anchors)
            .filter_map(since_commit)
            .min();
        let newest = of_note
            .iter()
            .filter_map(|atom| atom.date)
            .map(|(at, _)| at)
            .max();
        if let Some(n) = by_commit.or_else(|| newest.and_then(since_date)) {
            let since = head_time
                .zip(newest)
                .map_or(0, |(head, at)| head.seconds - at);
            found.push(Behind {
                path: of_note[0].path.clone(),
                n_commits: n,
                n_days: since.max(0) / DAY,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handoff_is_left_behind_by_commits_or_by_days() {
        let check = |n_commits, n_days, expected: Option<&str>| {
            let path = "HANDOFF.md".to_owned();
            let mut found = Vec::new();
            let all = [Behind {
                path,
                n_commits,
                n_days,
            }];
            stale(&all, &mut found);
            let told = found.first().map(|it| it.message.as_str());
            assert_eq!(told, expected);
        };
        check(9, 13, None);
        check(0, 99, None);
        check(10, 0, Some("HEAD is 10 commits ahead of it"));
        check(1, 14, Some("HEAD is 1 commit and 14 days ahead of it"));
        check(
            10_000,
            20,
            Some("HEAD is 10000 or more commits and 20 days ahead of it"),
        );
    }
}
