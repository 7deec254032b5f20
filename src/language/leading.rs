//! Which comments, attributes and decorators belong to the definition below them.
//!
//! Found by line, not by asking nodes for their neighbours: tree-sitter answers that by walking down from the root, which is
//! quadratic in a long file.

use rustc_hash::FxHashMap;

/// Which rows are filled by comments, attributes and decorators.
pub(super) struct Leading {
    /// By first row of such a stretch: its last row.
    last_row: FxHashMap<usize, usize>,
    /// By last row: its first row.
    first_row: FxHashMap<usize, usize>,
    /// By the row of the one blank line below a `/**` comment: the first row of that comment.
    above_blank: FxHashMap<usize, usize>,
}

impl Leading {
    /// From the first and last bytes of the nodes, in any order.
    pub(super) fn new(text: &str, nodes: &[(usize, usize)]) -> Self {
        let mut nodes = nodes.to_vec();
        nodes.sort_unstable();
        nodes.dedup();
        // The first line of a script is about the script.
        nodes.retain(|node| !(node.0 == 0 && text.starts_with("#!/")));
        let starts: Vec<usize> = std::iter::once(0)
            .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1))
            .collect();
        let row_of = |byte: usize| {
            starts
                .partition_point(|start| *start <= byte)
                .saturating_sub(1)
        };
        let blank = |from: usize, to: usize| {
            text.as_bytes()
                .get(from..to)
                .is_some_and(|between| between.trim_ascii().is_empty())
        };
        let mut leading = Self {
            last_row: FxHashMap::default(),
            first_row: FxHashMap::default(),
            above_blank: FxHashMap::default(),
        };
        let mut idx = 0;
        while let Some((start, mut end)) = nodes.get(idx).copied() {
            idx += 1;
            let first_row = row_of(start);
            // Several on one line count as one.
            while let Some(next) = nodes
                .get(idx)
                .filter(|next| row_of(next.0) == row_of(end.saturating_sub(1).max(start)))
            {
                if next.0 >= end && !blank(end, next.0) {
                    break;
                }
                end = end.max(next.1);
                idx += 1;
            }
            let last_row = row_of(end.saturating_sub(1).max(start));
            let line_end = starts.get(last_row + 1).copied().unwrap_or(text.len());
            let begins_line = starts
                .get(first_row)
                .is_some_and(|line_start| blank(*line_start, start));
            if begins_line && blank(end.min(line_end), line_end) {
                leading.last_row.insert(first_row, last_row);
                leading.first_row.insert(last_row, first_row);
                let below = starts.get(last_row + 1).zip(starts.get(last_row + 2));
                if text
                    .as_bytes()
                    .get(start..)
                    .is_some_and(|rest| rest.starts_with(b"/**"))
                    && below.is_some_and(|(from, to)| blank(*from, *to))
                {
                    leading.above_blank.insert(last_row + 1, first_row);
                }
            }
        }
        leading
    }

    /// The first row of what is attached above `row`, or `row`.
    pub(super) fn above(&self, row: usize) -> usize {
        let mut row = row;
        while let Some(first) = row
            .checked_sub(1)
            .and_then(|above| self.first_row.get(&above))
        {
            row = *first;
        }
        // Some leave a line free between a doc comment and what it describes.
        row.checked_sub(1)
            .and_then(|above| self.above_blank.get(&above))
            .copied()
            .unwrap_or(row)
    }

    /// The first row from `row` on that is no comment, attribute or decorator.
    pub(super) fn below(&self, row: usize) -> usize {
        let mut row = row;
        while let Some(last) = self.last_row.get(&row) {
            row = last + 1;
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes every line of `text` that begins with `#` or `/` for a comment.
    fn check(text: &str, row: usize, expected: usize) {
        let mut offset = 0;
        let mut nodes = Vec::new();
        for line in text.split_inclusive('\n') {
            if line.trim_start().starts_with(['#', '/']) {
                nodes.push((offset, offset + line.trim_end().len()));
            }
            offset += line.len();
        }
        assert_eq!(Leading::new(text, &nodes).above(row), expected, "{text}");
    }

    #[test]
    fn comments_attach_unless_a_line_is_free() {
        check("x\n# a\n# b\ndef\n", 3, 1);
        check("# a\n\ndef\n", 2, 2);
        check("/** a */\n\ndef\n", 2, 0);
        check("/** a */\n\n\ndef\n", 3, 3);
        check("def\n", 0, 0);
        check("#!/bin/sh\nf()\n", 1, 1);
    }

    #[test]
    fn what_shares_its_line_with_code_does_not_attach() {
        let text = "x; // a\ndef\n";
        assert_eq!(Leading::new(text, &[(3, 7)]).above(1), 1);
        let text = "@a @b\ndef\n";
        let leading = Leading::new(text, &[(0, 2), (3, 5)]);
        assert_eq!((leading.above(1), leading.below(0)), (0, 1));
    }
}
