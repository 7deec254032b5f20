//! What the history says of each segment: which commits changed it, in which words, and when.

use super::commits::{FileHistory, decay};
use super::pieces::{Opened, Segment};
use crate::source::history::History;
use crate::source::hunks::{Hunks, line_hash};
use rustc_hash::FxHashMap;

/// A message weighs half after five years, as for files.
const MESSAGE_HALF_LIFE_DAYS: f64 = 1825.0;

/// A line that stands more often in its file says nothing about where.
const MAX_REPEATS: usize = 3;

/// What the history says of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SegmentHistory {
    /// Sum over the commits that changed it: how much the message is about the task, by age and by how many files it touched.
    pub messages: f64,
    /// The same, by which share of the commit's lines in the file is here.
    pub shares: f64,
    /// `1 / (1 + days / 30)` since the newest.
    pub recency: f64,
    /// Their number.
    pub n_commits: f64,
}

/// Reads what commits changed in the shortlist. `hunks` has a row for each file of it. O(lines of the shortlist + lines changed).
pub fn read(
    opened: &[Opened],
    segments: &[Segment],
    hunks: &[Vec<Hunks>],
    history: &History,
    files: &FileHistory,
    now: i64,
) -> Vec<SegmentHistory> {
    let mut found = vec![SegmentHistory::default(); segments.len()];
    let mut first = 0;
    for (opened_idx, (file, hunks)) in opened.iter().zip(hunks).enumerate() {
        let n = segments[first..]
            .iter()
            .take_while(|segment| segment.opened_idx == opened_idx)
            .count();
        let own = first..first + n;
        first += n;
        if hunks.is_empty() {
            continue;
        }
        let places = places(&file.text, &segments[own.clone()]);
        let mut touched: Vec<f64> = vec![0.0; n];
        for hunk in hunks {
            touched.fill(0.0);
            let known = hunk.lines.iter().filter_map(|line| places.get(line));
            for at in known.filter(|at| at.len() <= MAX_REPEATS) {
                for &segment in at {
                    touched[segment as usize] += 1.0 / at.len() as f64;
                }
            }
            let sum: f64 = touched.iter().sum();
            let commit = &history.commits[hunk.commit_idx as usize];
            let age = (now - commit.time).max(0);
            let about = files.about[hunk.commit_idx as usize] * decay(age, MESSAGE_HALF_LIFE_DAYS);
            for (segment, &lines) in found[own.clone()].iter_mut().zip(&touched) {
                if lines > 0.0 {
                    segment.messages += about / (commit.n_files as f64).sqrt();
                    segment.shares += about * lines / sum;
                    let days = age as f64 / 86_400.0;
                    segment.recency = segment.recency.max(1.0 / (1.0 + days / 30.0));
                    segment.n_commits += 1.0;
                }
            }
        }
    }
    found
}

/// In which of `segments` each line of a text stands, once for each time that it does; at most one more than counts.
fn places(text: &str, segments: &[Segment]) -> FxHashMap<u64, Vec<u32>> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut places: FxHashMap<u64, Vec<u32>> = FxHashMap::default();
    for (idx, segment) in segments.iter().enumerate() {
        for &(first, last) in &segment.runs {
            let end = (last as usize).min(lines.len());
            let run = lines.get(first as usize - 1..end).unwrap_or_default();
            for line in run.iter().filter_map(|line| line_hash(line.as_bytes())) {
                let at = places.entry(line).or_default();
                if at.len() <= MAX_REPEATS {
                    at.push(idx as u32);
                }
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::history::Commit;

    #[test]
    fn a_commit_speaks_for_the_function_that_it_changed() {
        let text = "def alpha():\n    return 1111\n\n\ndef beta():\n    return 2222\n";
        let opened = [Opened {
            file_idx: 0,
            text: text.to_owned(),
            syntax: crate::lexicon::syntax::of_path("a.py"),
            odd: Vec::new(),
            outline: Default::default(),
            line_tokens: Vec::new(),
        }];
        let segment = |lines| Segment {
            opened_idx: 0,
            definition_idx: None,
            runs: vec![lines],
        };
        let mut commit = Commit::default();
        commit.n_files = 4;
        let mut history = History::default();
        history.commits.push(commit);
        let files = FileHistory {
            about: vec![0.8],
            ..FileHistory::default()
        };
        let hunks = Hunks {
            commit_idx: 0,
            lines: vec![line_hash(b"return 2222").unwrap(), 7],
        };
        let found = read(
            &opened,
            &[segment((1, 4)), segment((5, 6))],
            &[vec![hunks]],
            &history,
            &files,
            0,
        );
        assert_eq!(found[0], SegmentHistory::default());
        let SegmentHistory {
            messages,
            shares,
            recency,
            n_commits,
        } = found[1];
        assert_eq!((messages, shares, recency, n_commits), (0.4, 0.8, 1.0, 1.0));
    }
}
