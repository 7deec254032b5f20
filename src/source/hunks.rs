//! Which lines past commits changed, told by what stands on them.
//!
//! Line numbers drift with every commit, and following them through all commits in between costs a diff each. A line's own text
//! mostly tells it from all others of its file, so that two sets of lines are enough: what a commit added, and what stood above
//! that which it removed.

use super::Trees;
use super::history::History;
use crate::cache::{Bucket, Cache, Key};
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
///
/// Half a hash, which is kept between runs: enough to tell the lines of a file apart, and too little to have a line back.
pub fn line_hash(line: &[u8]) -> Option<u64> {
    let bare = line.trim_ascii();
    let n_telling = bare
        .iter()
        .filter(|b| b.is_ascii_alphanumeric() || **b >= 0x80);
    (n_telling.take(4).count() == 4).then(|| hash(bare) >> 32)
}

/// For each of `files` (index into [`Trees::files`], and the commits that touched it, newest first), best first, what its newest commits
/// changed, newest first.
///
/// Reads at most 25 versions of each of the first 20 files, about a megabyte of one file; the rest has none, as has what
/// cannot be read. What `cache` knows of the very same versions is not read again.
pub fn read(
    trees: &Trees,
    history: &History,
    files: &[(usize, &[u32])],
    cache: Option<&Cache>,
) -> Vec<Vec<Hunks>> {
    let of_file = |(rank, &(file, commits)): (usize, &(usize, &[u32]))| {
        if rank < MAX_READ {
            of_file(trees, history, commits, file, cache)
        } else {
            Vec::new()
        }
    };
    files.par_iter().enumerate().map(of_file).collect()
}

fn of_file(
    trees: &Trees,
    history: &History,
    commits: &[u32],
    file: usize,
    cache: Option<&Cache>,
) -> Vec<Hunks> {
    let tree = &trees.trees[trees.files[file].tree_idx as usize];
    let Some(repository) = &tree.repository else {
        return Vec::new();
    };
    // what each commit made of what, newest first
    let versions = commits.iter().take(MAX_COMMITS).filter_map(|&commit_idx| {
        let commit = &history.commits[commit_idx as usize];
        let (old, new) = history.versions(commit, file as u32)?;
        Some((commit_idx, old, new))
    });
    let versions: Vec<(u32, gix::ObjectId, gix::ObjectId)> = versions.collect();
    if versions.is_empty() {
        return Vec::new();
    }
    let key = versions
        .iter()
        .fold(Key::new("hunks"), |key, (_, old, new)| {
            key.with(old.as_slice()).with(new.as_slice())
        });
    if let Some((kept, _)) = cache.and_then(|it| it.get::<Vec<Vec<u64>>>(Bucket::Hunks, &key))
        && kept.len() <= versions.len()
    {
        let hunks = versions.iter().zip(kept);
        let hunks = hunks.map(|(&(commit_idx, ..), lines)| Hunks { commit_idx, lines });
        return hunks.collect();
    }
    let mut known: FxHashMap<gix::ObjectId, Arc<[u64]>> = FxHashMap::default();
    let mut n_bytes = 0_u64;
    let mut is_whole = true;
    let mut lines_of = |id: gix::ObjectId| -> Option<Arc<[u64]>> {
        if let Some(lines) = known.get(&id) {
            return Some(Arc::clone(lines));
        }
        if n_bytes > MAX_BYTES {
            return None;
        }
        let Ok(bytes) = tree.read_object(repository, id) else {
            is_whole = false;
            return None;
        };
        n_bytes += bytes.len() as u64;
        let lines: Arc<[u64]> = bytes.split(|&b| b == b'\n').filter_map(line_hash).collect();
        known.insert(id, Arc::clone(&lines));
        Some(lines)
    };
    let mut found = Vec::new();
    for &(commit_idx, old, new) in &versions {
        let (Some(new), Some(old)) = (lines_of(new), lines_of(old)) else {
            break;
        };
        found.push(Hunks {
            commit_idx,
            lines: changed(&old, &new),
        });
    }
    // no text: sums of lines
    if let Some(cache) = cache.filter(|_| is_whole) {
        let lines: Vec<&[u64]> = found.iter().map(|it: &Hunks| it.lines.as_slice()).collect();
        cache.put(Bucket::Hunks, &key, &lines);
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
