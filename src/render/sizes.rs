//! What lines of a file take of the budget: known for each line, so that any run of them is two look-ups and a difference.

use super::Measure;
use super::lines::{Lines, gap, n_gaps};
use crate::request::Budget;
use crate::score::Opened;
use std::borrow::Cow;

/// Sizes of the lines of one file, in the unit of the budget.
///
/// Tokens are counted on the whole text and belong to the line that they begin on. What a run of lines comes to alone may be a token
/// or two more or less, which the count of the text as written closes.
pub(super) struct Sizes {
    /// Of all lines before each, and of all.
    before: Vec<usize>,
    /// Of the mark where lines are left out.
    pub(super) gap: usize,
}

impl Sizes {
    /// Those of `file`, whose tokens are those of the `tokenizer` of that name. O(lines).
    pub(super) fn new(
        file: &Opened,
        lines: &Lines<'_>,
        tokenizer: &str,
        measure: &Measure<'_>,
    ) -> Self {
        let n_lines = lines.len() as usize;
        let tokens = match measure.budget {
            Budget::Tokens(_) if tokenizer == measure.tokenizer.name() => {
                Cow::Borrowed(&file.line_tokens[..])
            }
            Budget::Tokens(_) => Cow::Owned(measure.tokenizer.count_lines(&file.text)),
            Budget::Characters(_) | Budget::Bytes(_) => Cow::Borrowed(&[][..]),
        };
        let size = |line: usize| match measure.budget {
            Budget::Tokens(_) => tokens.get(line).map_or(0, |&n| n as usize),
            Budget::Characters(_) | Budget::Bytes(_) => {
                measure.text(lines.slice(line as u32 + 1, line as u32 + 1))
            }
        };
        let mut before = Vec::with_capacity(n_lines + 1);
        let mut sum = 0;
        before.push(sum);
        for line in 0..n_lines {
            sum += size(line);
            before.push(sum);
        }
        Self {
            before,
            gap: measure.text(&gap(1234)),
        }
    }

    /// The size of lines `first..=last`, counted from 1.
    pub(super) fn of(&self, (first, last): (u32, u32)) -> usize {
        let at = |line: u32| self.before[(line as usize).min(self.before.len() - 1)];
        at(last).saturating_sub(at(first.saturating_sub(1)))
    }

    /// The size of ascending, disjoint ranges with the marks between them.
    pub(super) fn of_all(&self, ranges: &[(u32, u32)]) -> usize {
        let sizes = ranges.iter().map(|&range| self.of(range));
        sizes.sum::<usize>() + n_gaps(ranges) * self.gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Format;
    use crate::tokens::Tokenizer;

    const TEXT: &str = "fn a() {\n    b(1);\n}\n\n\n// é\nfn c() {}";

    fn sizes(budget: Budget, surveyed: Tokenizer) -> Sizes {
        let file = Opened {
            file_idx: 0,
            text: TEXT.to_owned(),
            syntax: crate::lexicon::syntax::of_path("a.rs"),
            outline: Default::default(),
            line_tokens: surveyed.count_lines(TEXT),
            odd: Vec::new(),
        };
        let measure = Measure {
            budget: &budget,
            tokenizer: Tokenizer::Cl100kBase,
            format: Format::Xml,
        };
        Sizes::new(&file, &Lines::new(TEXT), surveyed.name(), &measure)
    }

    #[test]
    fn lines_are_as_large_as_their_text() {
        let check = |budget: Budget, size: &dyn Fn(&str) -> usize, whole: usize| {
            for surveyed in Tokenizer::all() {
                let sizes = sizes(budget, *surveyed);
                for range in [(1, 3), (2, 2), (3, 5), (6, 7), (7, 7), (1, 7)] {
                    let text = Lines::new(TEXT).slice(range.0, range.1);
                    assert_eq!(sizes.of(range), size(text), "{text:?}");
                }
                assert_eq!(sizes.of((1, 99)), whole);
                assert_eq!(sizes.of((8, 9)), 0);
                let parts = sizes.of((2, 2)) + sizes.of((7, 7)) + 2 * sizes.gap;
                assert_eq!(sizes.of_all(&[(2, 2), (7, 7)]), parts);
            }
        };
        let count = |text: &str| Tokenizer::Cl100kBase.count(text);
        check(Budget::Tokens(9), &count, count(TEXT));
        check(Budget::Bytes(9), &str::len, TEXT.len());
        let chars = |text: &str| text.chars().count();
        check(Budget::Characters(9), &chars, chars(TEXT));
    }
}
