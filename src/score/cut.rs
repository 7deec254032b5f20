//! Cuts a file along its definitions into segments, and long runs of lines into windows.

use super::pieces::Segment;
use crate::language::{self, DefinitionKind, Outline};
use rustc_hash::FxHashMap;

/// A longer run is cut.
const LONG: u32 = 60;
/// ... into windows of about this many lines.
const WINDOW: u32 = 40;

/// Cuts a file into segments: every line belongs to exactly one.
pub(super) fn cut(opened_idx: usize, text: &str, outline: &Outline) -> Vec<Segment> {
    let lines: Vec<&str> = language::lines(text).collect();
    let n_lines = lines.len();
    let definitions = &outline.definitions;
    // a function with large functions inside (a module pattern, a test suite) is a container, else its insides are its own
    let mut n_inner = vec![0_u32; definitions.len()];
    for definition in definitions {
        if let Some(parent) = definition.parent
            && definition.kind.is_callable()
        {
            n_inner[parent] += definition.lines.1 - definition.lines.0 + 1;
        }
    }
    let length = |idx: usize| definitions[idx].lines.1 - definitions[idx].lines.0 + 1;
    let is_container = |idx: usize| {
        !definitions[idx].kind.is_callable()
            || (length(idx) > LONG && n_inner[idx] * 2 > length(idx))
    };
    let mut own = vec![false; definitions.len()];
    for (idx, definition) in definitions.iter().enumerate() {
        let parent_open = definition
            .parent
            .is_none_or(|parent| own[parent] && is_container(parent));
        let worth = definition.kind.is_callable()
            || length(idx) >= 3
            || definition.kind == DefinitionKind::Section;
        own[idx] = parent_open && worth;
    }
    let mut owner: Vec<Option<usize>> = vec![None; n_lines];
    for (idx, definition) in definitions.iter().enumerate().filter(|(idx, _)| own[*idx]) {
        let first = (definition.lines.0 as usize).clamp(1, n_lines.max(1)) - 1;
        let last = (definition.lines.1 as usize).min(n_lines);
        if first < last {
            owner[first..last].fill(Some(idx));
        }
    }
    for at in 1..n_lines {
        // blank lines and closing brackets travel with what stands above
        if !lines[at]
            .bytes()
            .any(|b| b.is_ascii_alphanumeric() || b >= 0x80)
        {
            owner[at] = owner[at - 1];
        }
    }
    let mut runs: FxHashMap<Option<usize>, Vec<(u32, u32)>> = FxHashMap::default();
    let mut at = 0;
    while at < n_lines {
        let start = at;
        while at < n_lines && owner[at] == owner[start] {
            at += 1;
        }
        runs.entry(owner[start])
            .or_default()
            .push((start as u32 + 1, at as u32));
    }
    let mut segments: Vec<Segment> = runs
        .into_iter()
        .map(|(definition_idx, runs)| Segment {
            opened_idx,
            definition_idx,
            runs,
        })
        .collect();
    segments.sort_by_key(|segment| segment.runs[0]);
    segments
}

/// Lines that follow a blank one and are none, 1-based.
pub(super) fn paragraphs(text: &str) -> Vec<u32> {
    let mut after_blank = false;
    let mut starts = Vec::new();
    for (number, line) in (1..).zip(language::lines(text)) {
        let is_blank = line.trim().is_empty();
        if after_blank && !is_blank {
            starts.push(number);
        }
        after_blank = is_blank;
    }
    starts
}

/// Cuts long runs where the grammar lets a statement begin, or at [`paragraphs`], into windows of about [`WINDOW`] lines.
pub(super) fn windows<'a>(
    runs: &[(u32, u32)],
    outline: &Outline,
    paragraphs: &dyn Fn() -> &'a [u32],
) -> Vec<(u32, u32)> {
    let mut windows = Vec::new();
    for &(first, last) in runs {
        let mut start = first;
        while last - start + 1 > LONG {
            let wanted = start + WINDOW;
            let near = |breaks: &[u32]| {
                let from = breaks.partition_point(|&line| line < start + WINDOW / 2);
                breaks[from..]
                    .iter()
                    .copied()
                    .take_while(|&line| line <= start + LONG && line <= last)
                    .min_by_key(|line| line.abs_diff(wanted))
            };
            let cut = near(&outline.breaks).or_else(|| near(paragraphs()));
            let cut = cut.unwrap_or(wanted);
            windows.push((start, cut - 1));
            start = cut;
        }
        windows.push((start, last));
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_belongs_to_one_segment() {
        let text = "import os\n\n\nclass A:\n    x = 1\n\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n\n\ndef h():\n    pass\n";
        let outline = crate::language::outline(text, crate::language::detect("a.py", text));
        let segments = cut(0, text, &outline);
        let mut lines: Vec<u32> = segments
            .iter()
            .flat_map(|s| s.runs.iter().flat_map(|&(a, b)| a..=b))
            .collect();
        lines.sort_unstable();
        assert_eq!(lines, (1..=15).collect::<Vec<u32>>());
        let names: Vec<&str> = segments
            .iter()
            .map(|s| {
                s.definition_idx
                    .map_or("-", |idx| outline.definitions[idx].name.as_str())
            })
            .collect();
        assert_eq!(names, ["-", "A", "f", "g", "h"]);
    }

    #[test]
    fn long_runs_are_cut_into_windows() {
        let text = "x = 1\n".repeat(200);
        let starts = paragraphs(&text);
        let windows = windows(&[(1, 200)], &Outline::default(), &|| &starts);
        assert_eq!(windows.first(), Some(&(1, 40)));
        assert_eq!(windows.last().unwrap().1, 200);
        assert!(windows.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0));
    }
}
