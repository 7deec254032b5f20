//! Remembers what short pieces came to.
//!
//! Source text repeats the same few thousand identifiers, and one that is no token costs some twenty look-ups to merge.

use super::layout::hash_key;
use std::cell::Cell;

/// Entries of a memo, a power of two.
const ENTRIES: usize = 1 << 15;

thread_local! {
    /// This thread's memo for `o200k_base`, empty while a count has taken it.
    pub static O200K: Cell<Memo> = const { Cell::new(Memo(Vec::new())) };
    /// This thread's memo for `cl100k_base`.
    pub static CL100K: Cell<Memo> = const { Cell::new(Memo(Vec::new())) };
}

/// Longest piece that a memo holds, in bytes.
pub const REMEMBERED: usize = 14;

/// Counts of the pieces seen last, one for each value of a hash. Kept from count to count: texts are often short.
///
/// An entry is the piece itself in the low 14 bytes, so that two pieces of one hash are never mistaken for each other, then its
/// length, then its count; 0 if there is none yet. Zeros come from the system untouched, so a short run pays for what it uses.
#[derive(Default)]
pub struct Memo(Vec<u128>);

impl Memo {
    /// Number of tokens of the piece with this `vocabulary::key` and length, 1 to [`REMEMBERED`] bytes, found by `count`
    /// unless it is remembered.
    #[inline]
    pub fn get(&mut self, key: u128, len: usize, count: impl FnOnce() -> usize) -> usize {
        if self.0.is_empty() {
            self.0 = vec![0; ENTRIES];
        }
        let entry = &mut self.0[hash_key(key, len) as usize % ENTRIES];
        let piece = key | (len as u128) << 112;
        if *entry & (u128::MAX >> 8) != piece {
            *entry = piece | (count() as u128) << 120;
        }
        (*entry >> 120) as usize
    }
}
