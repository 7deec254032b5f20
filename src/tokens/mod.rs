//! Tokens: counting them exactly, and which model counts how.
//!
//! A budget is a promise, so counts are those of the encodings themselves, not estimates; and because thousands of renderings are
//! counted in a run, a count costs little more than reading the text. `tiktoken-rs` is the source of the vocabularies and the
//! oracle in tests, but does not count here: it takes 60 to 150 ms to start, runs at a tenth of the speed, and panics on a megabyte
//! of spaces. Crates that are faster than it were also slower to start, larger by tens of megabytes, or not exact.
//!
//! `split` cuts the text into pieces, `vocabulary` knows which pieces are tokens, `merge` handles those that are not.

mod layout;
mod memo;
mod merge;
pub mod models;
mod split;
#[cfg(test)]
mod tests;
mod vocabulary;

use memo::Memo;
use std::cell::Cell;
use std::thread::LocalKey;
use vocabulary::{NO_RANK, Vocabulary};

/// A byte-pair encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tokenizer {
    /// GPT-4o and later.
    #[default]
    O200kBase,
    /// GPT-4 and GPT-3.5.
    Cl100kBase,
}

impl Tokenizer {
    /// Every encoding, the default first.
    pub fn all() -> &'static [Self] {
        &[Self::O200kBase, Self::Cl100kBase]
    }

    /// The encoding's name: `o200k_base` or `cl100k_base`.
    pub fn name(self) -> &'static str {
        match self {
            Self::O200kBase => "o200k_base",
            Self::Cl100kBase => "cl100k_base",
        }
    }

    /// The encoding of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all()
            .iter()
            .copied()
            .find(|tokenizer| tokenizer.name() == name)
    }

    /// Number of tokens of `text`, special-token strings counted as plain text.
    ///
    /// Exact, and never panics. O(n log n) time for n bytes at worst and linear on ordinary text; memory of about 40 times the
    /// longest piece (a word, a run of symbols, a stretch of blanks) if that is 100 bytes or more, and pieces of 1 KiB and more are
    /// remembered by their digests. Counts do not add up:
    /// the count of a joined text may be less or more than the sum over its parts.
    pub fn count(self, text: &str) -> usize {
        let mut n_tokens = 0;
        self.each(text, |_, n| n_tokens += n);
        n_tokens
    }

    /// For each line of `text`, a last one without its end included, the number of tokens that begin on it: together as many as
    /// [`Tokenizer::count`] says. Those of some lines in a row are what the lines come to alone, but for a token or two where a
    /// piece goes on over the end of a line, as empty lines do. Cost as of counting.
    pub fn count_lines(self, text: &str) -> Vec<u32> {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        let mut ends: Vec<usize> = ends.map(|at| at + 1).collect();
        if ends.last().copied().unwrap_or(0) < text.len() {
            ends.push(text.len());
        }
        let mut counts = vec![0_u32; ends.len()];
        let mut line = 0;
        self.each(text, |start, n| {
            while ends.get(line).is_some_and(|&end| end <= start) {
                line += 1;
            }
            if let Some(count) = counts.get_mut(line) {
                *count += n as u32;
            }
        });
        counts
    }

    /// Whether the counts of two texts add up to that of the second behind the first, whatever else stands in them. So it is behind the
    /// end of a line, where no blank follows: no piece goes on over that, nor does one in front of it depend on what follows. (A slash
    /// is part of the piece before, in `o200k_base`.)
    pub fn adds_up(before: &str, after: &str) -> bool {
        let goes_on = |c: char| c.is_whitespace() || c == '/';
        before.is_empty()
            || after.is_empty()
            || before.ends_with('\n') && !after.starts_with(goes_on)
    }

    /// Calls `found` with where each piece of `text` begins, and how many tokens it is.
    #[inline]
    fn each(self, text: &str, found: impl FnMut(usize, usize)) {
        match self {
            Self::O200kBase => each(&vocabulary::O200K, &memo::O200K, split::o200k, text, found),
            Self::Cl100kBase => {
                each(
                    &vocabulary::CL100K,
                    &memo::CL100K,
                    split::cl100k,
                    text,
                    found,
                );
            }
        }
    }
}

/// Counts the pieces of `text`, cut by `piece_end`, in `vocabulary`.
#[inline]
fn each(
    vocabulary: &'static Vocabulary,
    memo: &'static LocalKey<Cell<Memo>>,
    piece_end: impl Fn(&str, usize) -> usize,
    text: &str,
    mut found: impl FnMut(usize, usize),
) {
    let bytes = text.as_bytes();
    let mut memory = memo.take();
    let mut start = 0;
    while start < bytes.len() {
        let end = piece_end(text, start);
        let len = end - start;
        let merged = || {
            if vocabulary.rank(bytes, start, end) != NO_RANK {
                1
            } else {
                merge::count(vocabulary, bytes, start, end)
            }
        };
        let n_tokens = if len <= memo::REMEMBERED {
            memory.get(vocabulary::key(bytes, start, len), len, merged)
        } else {
            merged()
        };
        found(start, n_tokens);
        start = end;
    }
    memo.set(memory);
}
