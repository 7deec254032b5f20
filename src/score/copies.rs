//! Near copies among the shortlist: generated headers, vendored and forked files. What one shows, the other need not show again.
//!
//! Told by lines, as history is: two files that share nearly all of their telling lines are copies, and the likelier is the original.

use super::Opened;
use crate::source::hunks::line_hash;
use rayon::prelude::*;
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
/// O(n log n) in the lines of the shortlist.
pub fn find(opened: &[Opened]) -> Vec<Option<usize>> {
    let lines: Vec<Vec<u64>> = opened
        .par_iter()
        .map(|file| {
            let bytes = file.text.as_bytes().split(|&b| b == b'\n');
            let mut lines: Vec<u64> = bytes.filter_map(line_hash).collect();
            lines.sort_unstable();
            lines.dedup();
            lines
        })
        .collect();
    let lengths: Vec<usize> = lines.iter().map(Vec::len).collect();
    let mut standing: Vec<(u64, u32)> = Vec::with_capacity(lengths.iter().sum());
    for (idx, lines) in lines.into_iter().enumerate() {
        standing.extend(lines.into_iter().map(|line| (line, idx as u32)));
    }
    standing.par_sort_unstable();
    // (file, a likelier one) that share lines, and how many
    let mut shared: FxHashMap<(u32, u32), usize> = FxHashMap::default();
    for of_line in standing.chunk_by(|a, b| a.0 == b.0) {
        for (nth, &(_, idx)) in of_line.iter().enumerate() {
            for &(_, other) in &of_line[..nth.min(MAX_FILES)] {
                *shared.entry((idx, other)).or_default() += 1;
            }
        }
    }
    let mut enough: Vec<(u32, u32)> = shared
        .into_iter()
        .filter(|&((idx, other), n)| {
            let (of_file, of_other) = (lengths[idx as usize], lengths[other as usize]);
            of_file >= MIN_LINES && n as f64 >= SHARED * of_file.max(of_other) as f64
        })
        .map(|(pair, _)| pair)
        .collect();
    enough.sort_unstable();
    let mut copies: Vec<Option<usize>> = vec![None; opened.len()];
    for (idx, other) in enough {
        let (idx, other) = (idx as usize, other as usize);
        if copies[idx].is_none() && copies[other].is_none() {
            copies[idx] = Some(other);
        }
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
                line_tokens: Vec::new(),
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
