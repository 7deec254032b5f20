//! Numbers in as few bytes as they need: seven bits a byte, the lowest first, LEB128.

/// Appends `n`.
pub fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Takes a number off the front; `None` where there is none, or one of more than 64 bits.
#[inline(always)]
pub fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    // most are small
    if first < 0x80 {
        *bytes = rest;
        return Some(u64::from(first));
    }
    // so are nearly all others
    if let Some((&second, rest)) = rest.split_first()
        && second < 0x80
    {
        *bytes = rest;
        return Some(u64::from(first & 0x7f) | u64::from(second) << 7);
    }
    take_long(first, rest, bytes)
}

/// One of three bytes and more, of which the `first` was taken.
#[cold]
fn take_long<'a>(first: u8, rest: &'a [u8], bytes: &mut &'a [u8]) -> Option<u64> {
    let mut n = u64::from(first & 0x7f);
    for (idx, &byte) in rest.iter().enumerate().take(9) {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * (idx as u32 + 1);
        if shift == 63 && bits > 1 {
            return None;
        }
        n |= bits << shift;
        if byte < 0x80 {
            *bytes = &rest[idx + 1..];
            return Some(n);
        }
    }
    None
}

/// The same, where it has to fit 32 bits.
#[inline]
pub fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    take(bytes)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for n in [0, 1, 127, 128, 300, 1 << 14, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put(&mut out, n);
            out.push(7);
            let mut rest = &out[..];
            assert_eq!((take(&mut rest), rest), (Some(n), &[7][..]));
            for cut in 0..out.len() - 1 {
                assert_eq!(take(&mut &out[..cut]), None, "{n} cut at {cut}");
            }
        }
        assert_eq!(take(&mut &[0xff; 20][..]), None);
        let beyond = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2];
        assert_eq!(take(&mut &beyond[..]), None);
    }
}
