//! Remembers what short pieces came to.
//!
//! Source text repeats the same few thousand identifiers, and one that is no token costs some twenty look-ups to merge.

use super::layout::hash_key;
use std::cell::Cell;

/// Entries of a memo, powers of two: at first, and of one that has forgotten as many pieces as it holds.
const ENTRIES: usize = 1 << 12;
const MANY_ENTRIES: usize = 1 << 15;

thread_local! {
    /// This thread's memo for `o200k_base`, empty while a count has taken it.
    pub static O200K: Cell<Memo> = const { Cell::new(Memo::new()) };
    /// This thread's memo for `cl100k_base`.
    pub static CL100K: Cell<Memo> = const { Cell::new(Memo::new()) };
}

/// Longest piece that a memo holds, in bytes.
pub const REMEMBERED: usize = 14;

/// What stands where nothing is remembered: no piece has no bytes. Not 0, for memory that the system gives as zeros is paid for twice
/// where it is read before it is written.
const NOTHING: u128 = 1;

/// Counts of the pieces seen last, one for each value of a hash. Kept from count to count: texts are often short.
///
/// An entry is the piece itself in the low 14 bytes, so that two pieces of one hash are never mistaken for each other, then its
/// length, then its count. A short run pays for a small table, and one that counts much for a large one.
pub struct Memo {
    entries: Vec<u128>,
    n_missed: usize,
}

impl Memo {
    const fn new() -> Self {
        Self {
            entries: Vec::new(),
            n_missed: 0,
        }
    }

    /// Number of tokens of the piece with this `vocabulary::key` and length, 1 to [`REMEMBERED`] bytes, found by `count`
    /// unless it is remembered.
    #[inline]
    pub fn get(&mut self, key: u128, len: usize, count: impl FnOnce() -> usize) -> usize {
        let piece = key | (len as u128) << 112;
        let at = self.at(key, len);
        if let Some(entry) = self.entries.get(at)
            && *entry & (u128::MAX >> 8) == piece
        {
            return (*entry >> 120) as usize;
        }
        let n_tokens = count();
        self.n_missed += 1;
        if self.n_missed > self.entries.len() && self.entries.len() < MANY_ENTRIES {
            self.grow();
        }
        let at = self.at(key, len);
        self.entries[at] = piece | (n_tokens as u128) << 120;
        n_tokens
    }

    fn at(&self, key: u128, len: usize) -> usize {
        hash_key(key, len) as usize & self.entries.len().wrapping_sub(1)
    }

    #[cold]
    fn grow(&mut self) {
        let n_entries = match self.entries.len() {
            0 => ENTRIES,
            _ => MANY_ENTRIES,
        };
        self.entries = vec![NOTHING; n_entries];
        self.n_missed = 0;
    }
}

impl Default for Memo {
    fn default() -> Self {
        Self::new()
    }
}
