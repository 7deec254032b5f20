//! The vocabularies: which byte strings are tokens, and in which order pairs merge into them.

use super::layout::{self, MIDDLE, RANK_BITS, SHORT};

/// The rank of what is no token.
pub const NO_RANK: u32 = u32::MAX;

/// One vocabulary, as [`layout`] describes it, read where it lies in the binary.
pub struct Vocabulary {
    short: Table<12>,
    middle: Table<20>,
    long: Table<8>,
    bytes: &'static [u8],
}

/// One perfect hash table of slots of `N` bytes.
struct Table<const N: usize> {
    displacements: &'static [[u8; 2]],
    slots: &'static [[u8; N]],
}

/// Aligned, so that fewer slots straddle two cache lines.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

macro_rules! embedded {
    ($name:literal) => {{
        static FILE: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(
            env!("OUT_DIR"),
            "/",
            $name,
            ".vocabulary"
        )));
        Vocabulary::read(&FILE.0)
    }};
}

/// Vocabulary of `o200k_base`. Read by the compiler: a file that does not fit the layout fails the build, and a run starts at once.
pub static O200K: Vocabulary = embedded!("o200k_base");
/// Vocabulary of `cl100k_base`.
pub static CL100K: Vocabulary = embedded!("cl100k_base");

impl Vocabulary {
    const fn read(file: &'static [u8]) -> Self {
        let (header, rest) = file.split_at(7 * 4);
        let (short, rest) = Table::read(number(header, 1), number(header, 2), rest);
        let (middle, rest) = Table::read(number(header, 3), number(header, 4), rest);
        let (long, bytes) = Table::read(number(header, 5), number(header, 6), rest);
        Self {
            short,
            middle,
            long,
            bytes,
        }
    }

    /// Rank of the token `text[start..end]`, or [`NO_RANK`]. A lower rank merges first.
    ///
    /// Takes the text around the token, so that a key is one load however short the token. One probe, hit or miss.
    #[inline]
    pub fn rank(&self, text: &[u8], start: usize, end: usize) -> u32 {
        let len = end - start;
        if len <= MIDDLE {
            self.rank_of_key(key(text, start, len), len)
        } else {
            self.rank_of_long(&text[start..end])
        }
    }

    /// Rank of the token with this [`key`] and length, 1 to [`MIDDLE`] bytes.
    #[inline]
    pub fn rank_of_key(&self, key: u128, len: usize) -> u32 {
        let hash = layout::hash_key(key, len);
        if len <= SHORT {
            let slot = self.short.slot(hash);
            let (token, value) = slot.split_at(8);
            if token == (key as u64).to_le_bytes() {
                rank_in(value, len)
            } else {
                NO_RANK
            }
        } else {
            let slot = self.middle.slot(hash);
            let (token, value) = slot.split_at(16);
            if token == key.to_le_bytes() {
                rank_in(value, len)
            } else {
                NO_RANK
            }
        }
    }

    fn rank_of_long(&self, token: &[u8]) -> u32 {
        if token.len() > layout::LONGEST {
            return NO_RANK;
        }
        let slot = self.long.slot(layout::hash_long(token));
        let rank = rank_in(&slot[4..], token.len());
        let start = number(slot, 0);
        match self.bytes.get(start..start + token.len()) {
            Some(bytes) if rank != NO_RANK && bytes == token => rank,
            _ => NO_RANK,
        }
    }
}

impl<const N: usize> Table<N> {
    /// Splits a table off the front of `file`.
    const fn read(n_buckets: usize, n_slots: usize, file: &'static [u8]) -> (Self, &'static [u8]) {
        let (displacements, file) = file.split_at(2 * n_buckets);
        let (slots, file) = file.split_at(N * n_slots);
        (
            Self {
                displacements: displacements.as_chunks().0,
                slots: slots.as_chunks().0,
            },
            file,
        )
    }

    #[inline]
    fn slot(&self, hash: u64) -> &[u8; N] {
        let displacement =
            u16::from_le_bytes(self.displacements[layout::bucket(hash, self.displacements.len())]);
        &self.slots[layout::slot(hash, displacement, self.slots.len())]
    }
}

/// The 1 to [`MIDDLE`] bytes at `start` as one number, padded with zeros: the form in which they are hashed and compared.
#[inline]
pub fn key(text: &[u8], start: usize, len: usize) -> u128 {
    let rest = &text[start..];
    if let Some(window) = rest.first_chunk::<MIDDLE>() {
        return u128::from_le_bytes(*window) & (u128::MAX >> (8 * (MIDDLE - len)));
    }
    let mut window = [0; MIDDLE];
    window[..len].copy_from_slice(&rest[..len]);
    u128::from_le_bytes(window)
}

/// The rank in a slot's value, if it is a token of `len` bytes; an empty slot has length 0.
#[inline]
fn rank_in(value: &[u8], len: usize) -> u32 {
    let value = number(value, 0) as u32;
    if (value >> RANK_BITS) as usize == len {
        value & ((1 << RANK_BITS) - 1)
    } else {
        NO_RANK
    }
}

/// The `idx`th little-endian 32-bit number of `bytes`.
#[inline]
const fn number(bytes: &[u8], idx: usize) -> usize {
    let (_, bytes) = bytes.split_at(4 * idx);
    match bytes.first_chunk() {
        Some(number) => u32::from_le_bytes(*number) as usize,
        None => panic!("the file ends inside a number"),
    }
}
