//! Where bytes of a class stand in a text, listed before the text is walked.
//!
//! A walk byte by byte asks at every byte whether a word ends here, and the processor guesses wrong at many of them. Sixty-four bytes
//! are classed in one step by vector instructions, into as many bits, and those that are set are listed one after the other.

/// Bytes of a block, and bits of what is found in it.
const BLOCK: usize = u64::BITS as usize;

/// The longest text whose places can be listed.
pub(super) const MAX_BYTES: usize = u32::MAX as usize;

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

    /// Lists where each run of bytes of which `is` is true begins and where it ends, by turns. O(bytes); `is` should be a few
    /// comparisons without a branch.
    pub(super) fn edges(&mut self, text: &[u8], is: impl Fn(u8) -> bool) {
        let mut before = 0;
        self.list(text, |block| {
            let mut flags = [0; BLOCK];
            for (flag, &byte) in flags.iter_mut().zip(block) {
                *flag = u8::from(is(byte));
            }
            let bits = gather(&flags);
            let edges = bits ^ (bits << 1 | before);
            before = bits >> (BLOCK - 1);
            edges
        });
    }

    /// Lists where any of `bytes` stand.
    pub(super) fn of_any(&mut self, text: &[u8], bytes: &[u8]) {
        if bytes.is_empty() {
            self.n = 0;
            return;
        }
        self.list(text, |block| {
            let mut flags = [0; BLOCK];
            for &wanted in bytes {
                for (flag, &byte) in flags.iter_mut().zip(block) {
                    *flag |= u8::from(byte == wanted);
                }
            }
            gather(&flags)
        });
    }

    /// Lists the bits that `find` sets; behind the text stand bytes of 0, at least one.
    fn list(&mut self, text: &[u8], mut find: impl FnMut(&[u8; BLOCK]) -> u64) {
        let (whole, rest) = text.as_chunks::<BLOCK>();
        let mut last = [0; BLOCK];
        last[..rest.len()].copy_from_slice(rest);
        self.n = 0;
        for (start, block) in (0..).step_by(BLOCK).zip(whole.iter().chain([&last])) {
            let mut bits = find(block);
            if self.room.len() < self.n + BLOCK {
                self.room.resize(self.room.len() * 2 + BLOCK, 0);
            }
            let n_more = bits.count_ones() as usize;
            for place in &mut self.room[self.n..self.n + n_more] {
                *place = start + bits.trailing_zeros();
                bits &= bits - 1;
            }
            self.n += n_more;
        }
    }
}

/// A bit for each flag, which is 0 or 1.
fn gather(flags: &[u8; BLOCK]) -> u64 {
    // the product has flag n, which stands at bit 8n, at bit 56 + n, and nothing else there
    const SPREAD: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = flags.as_chunks::<8>();
    let bytes = eights
        .iter()
        .map(|eight| u64::from_le_bytes(*eight).wrapping_mul(SPREAD) >> 56);
    bytes
        .enumerate()
        .fold(0, |bits, (n, byte)| bits | byte << (8 * n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_where_the_bytes_are(text in proptest::collection::vec(1_u8..5, 0..300)) {
            let is = |at: usize| text.get(at).is_some_and(|b| matches!(b, 1 | 3));
            let expected: Vec<u32> = (0..text.len()).filter(|&at| is(at)).map(|at| at as u32).collect();
            let mut places = Places::default();
            places.of_any(&text, &[3, 1]);
            prop_assert_eq!(places.all(), expected);
            let turns = |at: &usize| is(*at) != (*at > 0 && is(at - 1));
            let expected: Vec<u32> = (0..=text.len()).filter(turns).map(|at| at as u32).collect();
            places.edges(&text, |b| b == 1 || b == 3);
            prop_assert_eq!(places.all(), expected);
            places.of_any(&text, &[]);
            prop_assert!(places.all().is_empty());
        }
    }
}
