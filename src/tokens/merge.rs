//! Byte-pair merging: how many tokens a piece that is no token itself comes to.
//!
//! Starts from single bytes and merges, again and again, the neighbours whose union is the token of lowest rank, leftmost first.

use super::vocabulary::{NO_RANK, Vocabulary};
use rustc_hash::FxHashMap;
use sha2::{Digest as _, Sha256};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, PoisonError};

/// Pieces shorter than this are merged by scanning for the lowest rank: O(n²), but on two short arrays and without allocation.
/// Words seldom reach it; base64, minified code and rulers of dashes do.
const SCANNED: usize = 100;

/// Pieces from this length on are remembered: a megabyte without a blank takes half a second to merge, and a run counts the same
/// text in each rendering, each round and the whole.
const REMEMBERED: usize = 1024;

/// How much of a long piece is merged at once, and how much of that is merged again with what follows, in bytes. No token is
/// longer than an eighth of the latter.
const WINDOW: usize = 4096;
const OVERLAP: usize = 1024;

/// Long pieces remembered at most; then all are forgotten.
const MAX_REMEMBERED: usize = 4096;

/// Counts of pieces, by vocabulary and digest.
type Counts = FxHashMap<(usize, [u8; 32]), usize>;

/// What long pieces came to. By a digest that nobody can find a second text for, because a count that is
/// taken for another's would break the budget.
static LONG: Mutex<Option<Counts>> = Mutex::new(None);

/// Number of tokens of the piece `text[start..end]`, at least one byte.
pub fn count(vocabulary: &'static Vocabulary, text: &[u8], start: usize, end: usize) -> usize {
    match end - start {
        ..SCANNED => scan(vocabulary, text, start, end),
        SCANNED..REMEMBERED => queue(vocabulary, text, start, end),
        REMEMBERED.. => {
            let digest = Sha256::digest(&text[start..end]).into();
            let key = (std::ptr::from_ref(vocabulary) as usize, digest);
            let lock = || LONG.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(&n_tokens) = lock().as_ref().and_then(|known| known.get(&key)) {
                return n_tokens;
            }
            let short = || queue(vocabulary, text, start, end);
            let long = (end - start >= 2 * WINDOW).then(|| windows(vocabulary, text, start, end));
            let n_tokens = long.flatten().unwrap_or_else(short);
            let mut known = lock();
            let known = known.get_or_insert_default();
            if known.len() >= MAX_REMEMBERED {
                known.clear();
            }
            known.insert(key, n_tokens);
            n_tokens
        }
    }
}

/// O(n²) time for n < [`SCANNED`] bytes.
fn scan(vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize) -> usize {
    // Part i runs from starts[i] to starts[i + 1]; ranks[i] is that of parts i and i + 1 merged.
    let mut starts = [0; SCANNED];
    let mut ranks = [NO_RANK; SCANNED];
    let mut n_parts = end - start;
    for (i, part) in starts.iter_mut().enumerate() {
        *part = start + i;
    }
    for (rank, &part) in ranks[..n_parts - 1].iter_mut().zip(&starts) {
        *rank = vocabulary.rank(text, part, part + 2);
    }
    while n_parts > 1 {
        let (mut lowest, mut at) = (NO_RANK, 0);
        for (i, &rank) in ranks[..n_parts - 1].iter().enumerate() {
            if rank < lowest {
                (lowest, at) = (rank, i);
            }
        }
        if lowest == NO_RANK {
            break;
        }
        starts.copy_within(at + 2..=n_parts, at + 1);
        ranks.copy_within(at + 1..n_parts, at);
        n_parts -= 1;
        ranks[n_parts - 1] = NO_RANK;
        if at + 1 < n_parts {
            ranks[at] = vocabulary.rank(text, starts[at], starts[at + 2]);
        }
        if at > 0 {
            ranks[at - 1] = vocabulary.rank(text, starts[at - 1], starts[at + 1]);
        }
    }
    n_parts
}

/// O(n log n) time, about 40 bytes of memory for each byte of the piece.
fn queue(vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize) -> usize {
    Merger::default().merge(vocabulary, text, start, end)
}

/// O(n) time, and memory for one window: a heap of megabytes spends its time on waiting for memory. `None` where a seam was not found.
///
/// Exact: parts are what a piece comes to if, and only if, each two neighbours alone come to themselves. For the first merge
/// across a boundary between two parts would be made of these two alone as well, where nothing has been merged across their outer
/// boundaries yet; and what is merged elsewhere does not change which of their merges is next.
fn windows(vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize) -> Option<usize> {
    let (mut merger, mut pair) = (Merger::default(), Merger::default());
    let mut n_tokens = merger.merge(vocabulary, text, start, start + WINDOW);
    let mut at = start;
    loop {
        // What is near the end of a window is not what it will be: the window is read again from a boundary before.
        let (mut n_kept, mut seam, mut before) = (0, at, at);
        let limit = at + WINDOW - OVERLAP;
        for part_end in merger.ends().map(|part_end| at + part_end) {
            if part_end > limit {
                break;
            }
            (before, seam) = (seam, part_end);
            n_kept += 1;
        }
        n_tokens = n_tokens - merger.n_parts + n_kept;
        at = seam;
        let stop = end.min(at + WINDOW);
        n_tokens += merger.merge(vocabulary, text, at, stop);
        let after = at + merger.ends().next()?;
        let is_seam = pair.merge(vocabulary, text, before, after) == 2
            && pair.ends().next() == Some(at - before);
        if before == at || !is_seam {
            return None;
        }
        if stop == end {
            return Some(n_tokens);
        }
    }
}

/// What merges a piece, and the parts that it came to.
#[derive(Default)]
struct Merger {
    // A part is known by where it starts, counted from the piece's start. `ranks` is that of the part merged with the next;
    // a merge in the heap whose rank is no longer there is out of date.
    next: Vec<usize>,
    previous: Vec<usize>,
    ranks: Vec<u32>,
    heap: BinaryHeap<Reverse<u64>>,
    n_parts: usize,
}

impl Merger {
    /// Where the parts end, counted from the piece's start.
    fn ends(&self) -> impl Iterator<Item = usize> {
        let after = |part: &usize| self.next.get(*part).copied();
        std::iter::successors(self.next.first().copied(), after)
    }

    /// The number of parts.
    fn merge(&mut self, vocabulary: &Vocabulary, text: &[u8], start: usize, end: usize) -> usize {
        let len = end - start;
        let Self {
            next,
            previous,
            ranks,
            heap,
            n_parts,
        } = self;
        next.clear();
        next.extend(1..=len);
        previous.clear();
        previous.extend((0..len).map(|i| i.wrapping_sub(1)));
        ranks.clear();
        ranks.extend((0..len).map(|i| {
            if i + 2 <= len {
                vocabulary.rank(text, start + i, start + i + 2)
            } else {
                NO_RANK
            }
        }));
        // Rank above, part below: one number compares faster than a pair. Ranks have at most 24 bits, which leaves 2^40 parts.
        let merge = |rank: u32, part: usize| Reverse(u64::from(rank) << 40 | part as u64);
        let mut merges = std::mem::take(heap).into_vec();
        merges.clear();
        let ranked = ranks
            .iter()
            .enumerate()
            .filter(|(_, rank)| **rank != NO_RANK);
        merges.extend(ranked.map(|(part, &rank)| merge(rank, part)));
        *heap = merges.into();
        *n_parts = len;
        while let Some(Reverse(lowest)) = heap.pop() {
            let left = (lowest & ((1 << 40) - 1)) as usize;
            if u64::from(ranks[left]) != lowest >> 40 {
                continue;
            }
            let right = next[left];
            let after = next[right];
            next[left] = after;
            if after < len {
                previous[after] = left;
            }
            ranks[right] = NO_RANK;
            *n_parts -= 1;
            let before = previous[left];
            for part in [before, left] {
                if part == usize::MAX {
                    continue; // The first part has none before it.
                }
                let joined = next[part];
                ranks[part] = if joined < len {
                    vocabulary.rank(text, start + part, start + next[joined])
                } else {
                    NO_RANK
                };
                if ranks[part] != NO_RANK {
                    heap.push(merge(ranks[part], part));
                }
            }
        }
        *n_parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::vocabulary::{CL100K, O200K};

    #[track_caller]
    fn check(text: &str) {
        for vocabulary in [&O200K, &CL100K] {
            let n = text.len();
            let whole = queue(vocabulary, text.as_bytes(), 0, n);
            let found = windows(vocabulary, text.as_bytes(), 0, n);
            assert_eq!(found, Some(whole), "{:?}...", text.get(..40));
        }
    }

    #[test]
    fn windows_count_what_the_whole_comes_to() {
        for unit in [
            "a",
            "^",
            "7",
            " ",
            "\n",
            "=-",
            "ab",
            "\u{301}",
            "中",
            "👨\u{200d}",
            "the",
            "Zm9v",
            "0O",
            "_-_",
        ] {
            for n_bytes in [WINDOW, 2 * WINDOW + 1, 5 * WINDOW - 3] {
                check(&unit.repeat(n_bytes.div_ceil(unit.len())));
            }
        }
        let mut state = 1_u64;
        let mut random = |n: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % n
        };
        for alphabet in [
            "ab",
            "abcdefghijklmnopqrstuvwxyz",
            "ACGT",
            "0123456789abcdef",
            "aeiou中é\u{301} \n-=",
        ] {
            let letters: Vec<char> = alphabet.chars().collect();
            let text: String = (0..4 * WINDOW)
                .map(|_| letters[random(letters.len())])
                .collect();
            check(&text);
        }
    }
}
