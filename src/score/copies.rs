//! Near copies among the shortlist: generated headers, vendored and forked files. What one shows, the other need not show again.
//!
//! Told by lines, as history is: two files that share nearly all of their telling lines are copies, and the likelier is the original.

use super::Opened;
use crate::source::hunks::line_hash;
use rustc_hash::FxHashMap;

/// A line is compared with this many of the likeliest files that it stands in, so that cost does not grow with their square.
const MAX_FILES: usize = 8;

/// Files with fewer telling lines are too short to be called copies.
const MIN_LINES: usize = 20;

/// Share of either file's telling lines that stand in the other. In either: of what is amalgamated into one large file, the parts are
/// the better place to change.
const SHARED: f64 = 0.9;

/// For each file of the shortlist (best first) the likelier file that it is a near copy of, as an index into the shortlist.
///
/// O(lines of the shortlist).
pub fn find(opened: &[Opened]) -> Vec<Option<usize>> {
    let lines: Vec<Vec<u64>> = opened
        .iter()
        .map(|file| {
            let bytes = file.text.as_bytes().split(|&b| b == b'\n');
            let mut lines: Vec<u64> = bytes.filter_map(line_hash).collect();
            lines.sort_unstable();
            lines.dedup();
            lines
        })
        .collect();
    let mut files_of: FxHashMap<u64, Vec<u32>> = FxHashMap::default();
    for (idx, lines) in lines.iter().enumerate() {
        for line in lines {
            let files = files_of.entry(*line).or_default();
            if files.len() < MAX_FILES {
                files.push(idx as u32);
            }
        }
    }
    let lengths: Vec<usize> = lines.iter().map(Vec::len).collect();
    let mut copies: Vec<Option<usize>> = vec![None; opened.len()];
    let mut shared = vec![0_usize; opened.len()];
    for (idx, lines) in lines.iter().enumerate() {
        if lines.len() < MIN_LINES {
            continue;
        }
        shared.fill(0);
        for line in lines {
            for &other in files_of[line]
                .iter()
                .take_while(|other| **other < idx as u32)
            {
                shared[other as usize] += 1;
            }
        }
        let enough = |other: usize| {
            let longer = lines.len().max(lengths[other]);
            shared[other] as f64 >= SHARED * longer as f64
        };
        copies[idx] = (0..idx).find(|&other| enough(other) && copies[other].is_none());
    }
    copies
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(from: usize, to: usize) -> String {
        (from..to).map(|n| format!("line {n}\n")).collect()
    }

    #[track_caller]
    fn check(texts: &[String], expected: &[Option<usize>]) {
        let opened: Vec<Opened> = texts
            .iter()
            .map(|text| Opened {
                file_idx: 0,
                text: text.clone(),
                syntax: crate::lexicon::syntax::of_path("a.py"),
                odd: Vec::new(),
                outline: Default::default(),
            })
            .collect();
        assert_eq!(find(&opened), expected);
    }

    #[test]
    fn a_copy_points_to_the_likelier_file() {
        check(&[], &[]);
        check(&[text(0, 30), text(0, 30)], &[None, Some(0)]);
        check(&[text(0, 30), text(2, 30) + "more"], &[None, Some(0)]);
        check(&[text(0, 30), text(10, 40)], &[None, None]);
        check(&[text(0, 30), text(0, 60)], &[None, None]);
        check(&[text(0, 60), text(0, 30)], &[None, None]);
        check(&[text(0, 5), text(0, 5)], &[None, None]);
        check(
            &[text(0, 30), text(0, 30), text(0, 30)],
            &[None, Some(0), Some(0)],
        );
    }

    #[test]
    fn of_many_copies_the_likeliest_is_the_original() {
        let files: Vec<String> = (0..12).map(|_| text(0, 30)).collect();
        let expected: Vec<Option<usize>> = (0..12).map(|n| (n > 0).then_some(0)).collect();
        check(&files, &expected);
    }
}
