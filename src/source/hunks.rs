//! Which lines past commits changed, told by what stands on them.
//!
//! Line numbers drift with every commit, and following them through all commits in between costs a diff each. A line's own text
//! mostly tells it from all others of its file, so that two sets of lines are enough: what a commit added, and what stood above
//! that which it removed.

use super::Trees;
use super::history::{History, MAX_FILES};
use crate::lexicon::terms::hash;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Files whose commits are read: the likeliest.
const MAX_READ: usize = 20;

/// Newest commits read of one file.
const MAX_COMMITS: usize = 25;

/// Bytes of old versions read of one file: a file of 100 kB has some ten versions read, one of 1 MB two.
const MAX_BYTES: u64 = 1 << 20;

/// What one commit changed in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunks {
    /// Index into the history's commits.
    pub commit_idx: u32,
    /// Lines changed, as [`line_hash`]es, ascending, each once.
    pub lines: Vec<u64>,
}

/// A line by what stands on it, without the space around; `None` for a line that tells too little to be known again.
pub fn line_hash(line: &[u8]) -> Option<u64> {
    let bare = line.trim_ascii();
    let n_telling = bare
        .iter()
        .filter(|b| b.is_ascii_alphanumeric() || **b >= 0x80);
    (n_telling.take(4).count() == 4).then(|| hash(bare))
}

/// For each of `files` (indexes into [`Trees::files`], best first) what its newest commits changed, newest first. `commits` has for
/// each file of the trees the commits that touched it, newest first.
///
/// Reads at most 25 versions of each of the first 20 files, about a megabyte of one file; the rest has none, as has what
/// cannot be read.
pub fn read(
    trees: &Trees,
    history: &History,
    commits: &[Vec<u32>],
    files: &[usize],
) -> Vec<Vec<Hunks>> {
    let of_file = |(rank, &file): (usize, &usize)| {
        if rank < MAX_READ {
            of_file(trees, history, &commits[file], file)
        } else {
            Vec::new()
        }
    };
    files.par_iter().enumerate().map(of_file).collect()
}

fn of_file(trees: &Trees, history: &History, commits: &[u32], file: usize) -> Vec<Hunks> {
    let tree = &trees.trees[trees.files[file].tree_idx as usize];
    let Some(repository) = &tree.repository else {
        return Vec::new();
    };
    let mut known: FxHashMap<gix::ObjectId, Arc<[u64]>> = FxHashMap::default();
    let mut n_bytes = 0_u64;
    let mut lines_of = |id: gix::ObjectId| -> Option<Arc<[u64]>> {
        if let Some(lines) = known.get(&id) {
            return Some(Arc::clone(lines));
        }
        if n_bytes > MAX_BYTES {
            return None;
        }
        let bytes = tree.read_object(repository, id).ok()?;
        n_bytes += bytes.len() as u64;
        let lines: Arc<[u64]> = bytes.split(|&b| b == b'\n').filter_map(line_hash).collect();
        known.insert(id, Arc::clone(&lines));
        Some(lines)
    };
    let mut found = Vec::new();
    for &commit_idx in commits.iter().take(MAX_COMMITS) {
        let commit = &history.commits[commit_idx as usize];
        let at = commit.files.binary_search(&(file as u32));
        let Some((old, new)) = at.ok().and_then(|at| commit.blobs[at]) else {
            continue;
        };
        if commit.n_files > MAX_FILES {
            continue;
        }
        let (Some(new), Some(old)) = (lines_of(new), lines_of(old)) else {
            break;
        };
        found.push(Hunks {
            commit_idx,
            lines: changed(&old, &new),
        });
    }
    found
}

/// Lines that the new text has more often than the old, and those above what the old had more often.
fn changed(old: &[u64], new: &[u64]) -> Vec<u64> {
    let mut surplus: FxHashMap<u64, i64> = FxHashMap::default();
    for line in new {
        *surplus.entry(*line).or_default() += 1;
    }
    let mut changed = Vec::new();
    let mut above = None;
    for line in old {
        let left = surplus.entry(*line).or_default();
        *left -= 1;
        if *left < 0 {
            changed.extend(above);
        } else {
            above = Some(*line);
        }
    }
    let added = surplus.into_iter().filter(|(_, left)| *left > 0);
    changed.extend(added.map(|(line, _)| line));
    changed.sort_unstable();
    changed.dedup();
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: &str, new: &str, expected: &[&str]) {
        let lines = |text: &str| -> Vec<u64> {
            text.split('\n')
                .filter_map(|line| line_hash(line.as_bytes()))
                .collect()
        };
        let mut expected: Vec<u64> = expected
            .iter()
            .filter_map(|line| line_hash(line.as_bytes()))
            .collect();
        expected.sort_unstable();
        assert_eq!(
            changed(&lines(old), &lines(new)),
            expected,
            "{old:?} {new:?}"
        );
    }

    #[test]
    fn lines_that_a_commit_changed() {
        check("alpha\nbeta\ngamma", "alpha\nbeta\ngamma", &[]);
        check(
            "alpha\nbeta\ngamma",
            "alpha\nbetas\ngamma",
            &["alpha", "betas"],
        );
        check("alpha\ngamma", "alpha\nbeta\ngamma", &["beta"]);
        check("alpha\nbeta\ngamma", "alpha\ngamma", &["alpha"]);
        check("alpha\nbeta", "beta", &[]);
        check("alpha", "alpha\nalpha", &["alpha"]);
        check("    alpha", "alpha", &[]);
        check("", "", &[]);
    }

    #[test]
    fn brackets_and_blanks_are_no_marks() {
        for line in ["", "  ", "}", "});", "a", "end"] {
            assert_eq!(line_hash(line.as_bytes()), None, "{line:?}");
        }
        assert!(line_hash(b"return").is_some() && line_hash("\u{e9}\u{e8}".as_bytes()).is_some());
        assert_eq!(line_hash(b"  x = 12\r"), line_hash(b"x = 12"));
    }
}
