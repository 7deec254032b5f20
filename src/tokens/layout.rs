//! The flat layout of a vocabulary, shared by `build.rs`, which writes it, and by the vocabulary, which reads it.
//!
//! A vocabulary never changes, so its look-up can be worked out when the program is built: three perfect hash tables (by length of
//! the token) in which every token has one slot that no other token wants. A look-up is one hash, one displacement and one
//! compare, hit or miss. An ordinary hash map was slower to probe, twice the size, and took 60 to 140 ms to fill at each start.
//!
//! One file per vocabulary, all integers little-endian:
//!
//! ```text
//! n_ranks          u32      ranks are 0..n_ranks, less the few that the vocabulary skips
//! for each table (short, middle, long):
//!   n_buckets      u32      displacements
//!   n_slots        u32
//! for each table:
//!   displacements  u16 each
//!   slots          short: key u64, value u32; middle: key u128, value u32; long: start u32, value u32
//! bytes            the tokens that the long table's starts point into
//! ```
//!
//! A value holds the token's length above [`RANK_BITS`] and its rank below; an empty slot's value has length 0.

/// Longest token of the short table, in bytes: its key is the token itself, padded with zeros.
pub const SHORT: usize = 8;
/// Longest token of the middle table, in bytes: its key is the token itself, padded with zeros.
pub const MIDDLE: usize = 16;
/// Longest token that any table can hold, in bytes.
pub const LONGEST: usize = 255;
/// Low bits of a value that hold the rank; the rest hold the length.
pub const RANK_BITS: u32 = 24;

/// Hashes up to 16 bytes, given as one zero-padded little-endian number, and their count.
#[inline]
pub fn hash_key(key: u128, len: usize) -> u64 {
    fold(
        key as u64 ^ 0x9e37_79b9_7f4a_7c15,
        (key >> 64) as u64 ^ (len as u64) << 57 ^ 0xd6e8_feb8_6659_fd93,
    )
}

/// Hashes more than 16 bytes, eight at a time.
pub fn hash_long(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(bytes.len() as u64, |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        fold(
            hash ^ 0x9e37_79b9_7f4a_7c15,
            u64::from_le_bytes(word) ^ 0xd6e8_feb8_6659_fd93,
        )
    })
}

/// Bucket of a hash, in `0..n_buckets`; 0 of none.
#[inline]
pub fn bucket(hash: u64, n_buckets: usize) -> usize {
    reduce(hash >> 32, n_buckets)
}

/// Slot of a hash under its bucket's displacement, in `0..n_slots`; 0 of none.
#[inline]
pub fn slot(hash: u64, displacement: u16, n_slots: usize) -> usize {
    let turned = (hash ^ u64::from(displacement).wrapping_mul(0xa076_1d64_78bd_642f))
        .wrapping_mul(0xe703_7ed1_a0b4_28db);
    reduce(turned >> 32, n_slots)
}

/// Maps 32 bits evenly to `0..n` without a division.
#[inline]
fn reduce(bits: u64, n: usize) -> usize {
    ((bits * n as u64) >> 32) as usize
}

/// Multiplies to 128 bits and folds the halves together, so that every bit of both sides counts.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// Class bit: may stand where the patterns say `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`.
pub const UPPER: u8 = 1;
/// Class bit: may stand where the patterns say `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`.
pub const LOWER: u8 = 1 << 1;
/// Class bit: `\p{L}`.
pub const LETTER: u8 = 1 << 2;
/// Class bit: `\p{N}`.
pub const NUMBER: u8 = 1 << 3;
/// Class bit: `\s`.
pub const SPACE: u8 = 1 << 4;
/// Class bit: `[\r\n]`.
pub const NEWLINE: u8 = 1 << 5;
/// Class bit: `[^\r\n\p{L}\p{N}]`, what may stand once before a word.
pub const PREFIX: u8 = 1 << 6;
/// Class bit: `[^\s\p{L}\p{N}]`.
pub const PUNCTUATION: u8 = 1 << 7;
