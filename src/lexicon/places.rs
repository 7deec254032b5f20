//! Where bytes of a class stand in a text, listed before the text is walked.
//!
//! A walk byte by byte asks at every byte whether a word ends here, and the processor guesses wrong at many of them. Blocks are classed
//! in one step ([`crate::classes`]), and the bits that are set are listed some at a time, be there as many or not.

use crate::classes::{self, BLOCK};

/// The longest text whose places can be listed.
pub(super) const MAX_BYTES: usize = u32::MAX as usize;

/// How many words each line of a text has. O(bytes).
pub fn words_by_line(text: &str) -> Vec<u32> {
    let (mut by_line, mut n_words) = (Vec::new(), 0);
    let (whole, last) = classes::blocks(text.as_bytes());
    let mut before = 0;
    for block in whole.iter().chain([&last]) {
        let bits = classes::words(block);
        let mut starts = bits & !(bits << 1 | before);
        before = bits >> (BLOCK - 1);
        let mut ends = classes::any_of(block, b"\n");
        while ends != 0 {
            let of_line = (ends & ends.wrapping_neg()) - 1;
            by_line.push(n_words + (starts & of_line).count_ones());
            n_words = 0;
            starts &= !of_line;
            ends &= ends - 1;
        }
        n_words += starts.count_ones();
    }
    if !text.is_empty() && !text.ends_with('\n') {
        by_line.push(n_words);
    }
    by_line
}

/// A list of places, with room that serves one text after the other.
#[derive(Debug, Default)]
pub(super) struct Places {
    room: Vec<u32>,
    n: usize,
}

impl Places {
    /// What was listed last, ascending.
    pub(super) fn all(&self) -> &[u32] {
        &self.room[..self.n]
    }

    /// Lists where each word begins and where it ends, by turns. O(bytes).
    pub(super) fn words(&mut self, text: &[u8]) {
        let mut before = 0;
        self.list::<8>(text, |block| {
            let bits = classes::words(block);
            let edges = bits ^ (bits << 1 | before);
            before = bits >> (BLOCK - 1);
            edges
        });
    }

    /// Lists where any of `bytes` stand, none of which is 0.
    pub(super) fn of_any(&mut self, text: &[u8], bytes: &[u8]) {
        if bytes.is_empty() {
            self.n = 0;
            return;
        }
        self.list::<4>(text, |block| classes::any_of(block, bytes));
    }

    /// Lists the bits that `find` sets, `N` at a time: more places may be written than there are, and are written over.
    #[inline(always)]
    fn list<const N: usize>(&mut self, text: &[u8], mut find: impl FnMut(&[u8; BLOCK]) -> u64) {
        let (whole, last) = classes::blocks(text);
        self.n = 0;
        for (start, block) in (0..).step_by(BLOCK).zip(whole.iter().chain([&last])) {
            let mut bits = find(block);
            if self.room.len() < self.n + BLOCK {
                self.room.resize(self.room.len() * 2 + BLOCK, 0);
            }
            let n_more = bits.count_ones() as usize;
            let (some, _) = self.room[self.n..].as_chunks_mut::<N>();
            for some in some {
                if bits == 0 {
                    break;
                }
                for place in some {
                    *place = start + bits.trailing_zeros();
                    bits &= bits.wrapping_sub(1);
                }
            }
            self.n += n_more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::terms::is_word_byte;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_where_the_bytes_are(text in proptest::collection::vec(1_u8..5, 0..300)) {
            let is = |at: usize| text.get(at).is_some_and(|b| matches!(b, 1 | 3));
            let expected: Vec<u32> = (0..text.len()).filter(|&at| is(at)).map(|at| at as u32).collect();
            let mut places = Places::default();
            places.of_any(&text, &[3, 1]);
            prop_assert_eq!(places.all(), expected);
            places.of_any(&text, &[]);
            prop_assert!(places.all().is_empty());
        }

        #[test]
        fn words_are_counted_line_by_line(text in "[a-zZ09_é .\n\r-]{0,300}") {
            let words = |line: &str| {
                let words = line.as_bytes().split(|&b| !is_word_byte(b));
                words.filter(|word| !word.is_empty()).count() as u32
            };
            let expected: Vec<u32> = text.lines().map(words).collect();
            prop_assert_eq!(words_by_line(&text), expected);
        }

        #[test]
        fn words_are_where_they_begin_and_end(text in "[a-zZ09_é .\n-]{0,300}") {
            let text = text.as_bytes();
            let is = |at: usize| text.get(at).is_some_and(|&b| is_word_byte(b));
            let turns = |at: &usize| is(*at) != (*at > 0 && is(at - 1));
            let expected: Vec<u32> = (0..=text.len()).filter(turns).map(|at| at as u32).collect();
            let mut places = Places::default();
            places.words(text);
            prop_assert_eq!(places.all(), expected);
        }
    }
}
