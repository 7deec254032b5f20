//! Remembers what short pieces came to.
//!
//! Source text repeats the same few thousand identifiers, and one that is no token costs some twenty look-ups to merge.

use super::layout::hash_key;
use std::cell::Cell;

/// Entries of a memo, a power of two.
const ENTRIES: usize = 1 << 12;

thread_local! {
    /// This thread's memo for `o200k_base`, empty while a count has taken it.
    pub static O200K: Cell<Memo> = const { Cell::new(Memo(Vec::new())) };
    /// This thread's memo for `cl100k_base`.
    pub static CL100K: Cell<Memo> = const { Cell::new(Memo(Vec::new())) };
}

/// Counts of the pieces seen last, one for each value of a hash. Kept from count to count: texts are often short.
#[derive(Default)]
pub struct Memo(Vec<Entry>);

#[derive(Clone, Copy, Default)]
struct Entry {
    /// The piece itself, so that two pieces of one hash are never mistaken for each other.
    key: [u64; 2],
    len: u8,
    n_tokens: u8,
}

impl Memo {
    /// Number of tokens of the piece with this [`super::vocabulary::key`] and length, found by `count` unless it is remembered.
    #[inline]
    pub fn get(&mut self, key: u128, len: usize, count: impl FnOnce() -> usize) -> usize {
        if self.0.is_empty() {
            self.0.resize(ENTRIES, Entry::default());
        }
        let entry = &mut self.0[hash_key(key, len) as usize % ENTRIES];
        let halves = [key as u64, (key >> 64) as u64];
        if entry.key != halves || usize::from(entry.len) != len {
            *entry = Entry {
                key: halves,
                len: len as u8,
                n_tokens: count() as u8,
            };
        }
        usize::from(entry.n_tokens)
    }
}
