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
        match self {
            Self::O200kBase => count(&vocabulary::O200K, &memo::O200K, split::o200k, text),
            Self::Cl100kBase => count(&vocabulary::CL100K, &memo::CL100K, split::cl100k, text),
        }
    }
}

/// Counts `text`, cut by `piece_end`, in `vocabulary`.
#[inline]
fn count(
    vocabulary: &'static Vocabulary,
    memo: &'static LocalKey<Cell<Memo>>,
    piece_end: impl Fn(&str, usize) -> usize,
    text: &str,
) -> usize {
    let bytes = text.as_bytes();
    let mut memory = memo.take();
    let (mut start, mut n_tokens) = (0, 0);
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
        n_tokens += if len <= memo::REMEMBERED {
            memory.get(vocabulary::key(bytes, start, len), len, merged)
        } else {
            merged()
        };
        start = end;
    }
    memo.set(memory);
    n_tokens
}
