//! Of sixty-four bytes at a time, which are of a class: a bit for each.
//!
//! A look byte by byte asks at every byte, and the processor guesses wrong at many of them. Where a whole block is classed by vector
//! instructions, runs are found by shifting its bits, and places by counting them. It is what every processor of a kind can do, no more:
//! to ask for more while running takes unsafe code.

use wide::u8x16;

/// Bytes of a block.
pub const BLOCK: usize = u64::BITS as usize;

/// The whole blocks of a text, and one more of its rest, behind which stand bytes of 0, at least one.
pub fn blocks(text: &[u8]) -> (&[[u8; BLOCK]], [u8; BLOCK]) {
    let (whole, rest) = text.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    (whole, last)
}

/// The bytes of words: letters, digits, `_` and all of characters outside ASCII.
#[inline(always)]
pub fn words(block: &[u8; BLOCK]) -> u64 {
    // the highest bit of what is outside ASCII is set as it is, and no other is asked for
    bits(block, |it| {
        letters(it) | within(it, b'0', b'9') | is(it, b'_') | it
    })
}

/// The characters of base64, in either alphabet.
#[inline(always)]
pub fn base64(block: &[u8; BLOCK]) -> u64 {
    // the slash stands before the digits
    bits(block, |it| {
        letters(it) | within(it, b'/', b'9') | is(it, b'+') | is(it, b'-') | is(it, b'_')
    })
}

/// Whether all is ASCII that shows, or a tab or the end of a line.
#[inline(always)]
pub fn is_plain(block: &[u8; BLOCK]) -> bool {
    let plain = bits(block, |it| {
        within(it, b' ', b'~') | is(it, b'\t') | is(it, b'\n')
    });
    plain == u64::MAX
}

/// Any of some bytes.
#[inline(always)]
pub fn any_of(block: &[u8; BLOCK], bytes: &[u8]) -> u64 {
    bits(block, |it| {
        bytes
            .iter()
            .fold(u8x16::ZERO, |all, &byte| all | is(it, byte))
    })
}

#[inline(always)]
fn bits(block: &[u8; BLOCK], class: impl Fn(u8x16) -> u8x16) -> u64 {
    let (parts, _) = block.as_chunks::<16>();
    let parts = (0..).step_by(16).zip(parts);
    parts.fold(0, |all, (at, part)| {
        all | u64::from(class(u8x16::new(*part)).to_bitmask() & 0xffff) << at
    })
}

/// Where it is one byte: all bits, or none.
fn is(bytes: u8x16, byte: u8) -> u8x16 {
    bytes.simd_eq(u8x16::splat(byte))
}

fn within(bytes: u8x16, first: u8, last: u8) -> u8x16 {
    let from_first = bytes - u8x16::splat(first);
    from_first
        .min(u8x16::splat(last - first))
        .simd_eq(from_first)
}

fn letters(bytes: u8x16) -> u8x16 {
    within(bytes | u8x16::splat(0x20), b'a', b'z')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_of_its_classes() {
        for first in (0..=u8::MAX).step_by(BLOCK) {
            let block: [u8; BLOCK] = std::array::from_fn(|n| first + n as u8);
            let expected = |is: fn(u8) -> bool| {
                block
                    .iter()
                    .rev()
                    .fold(0_u64, |all, &byte| all << 1 | u64::from(is(byte)))
            };
            assert_eq!(
                words(&block),
                expected(|b| b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80)
            );
            assert_eq!(
                base64(&block),
                expected(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(&b))
            );
            assert_eq!(
                any_of(&block, b"\0a\xff"),
                expected(|b| b"\0a\xff".contains(&b))
            );
            assert_eq!(any_of(&block, b""), 0);
            for byte in block {
                let plain = matches!(byte, b' '..=b'~' | b'\t' | b'\n');
                let mut block = [b' '; BLOCK];
                block[usize::from(byte) % BLOCK] = byte;
                assert_eq!(is_plain(&block), plain, "{byte}");
            }
        }
    }
}
