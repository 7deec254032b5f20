//! Cuts text into the pieces that are encoded one by one.
//!
//! Each encoding defines its pieces by a regular expression, and a count is exact only if every piece is. The expressions are
//! walked by hand here: the look-ahead in them needs a backtracking engine, which is slow on ordinary text and gives up on a
//! megabyte of spaces. By hand, every character is looked at no more than three times, whatever the text.
//!
//! A class of characters is a set of bits, worked out in `build.rs` from the tables of the regex engine that the reference
//! implementation uses.

use super::layout::{LETTER, LOWER, NEWLINE, NUMBER, PREFIX, PUNCTUATION, SPACE, UPPER};

/// For each block of 256 characters its page, then the pages.
static CLASSES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/classes"));
/// Number of blocks of 256 characters.
const BLOCKS: usize = 0x11_0000 / 256;

/// Class of each ASCII character, apart so that the common case is one look-up in two cache lines.
static ASCII: [u8; 128] = {
    let mut ascii = [0; 128];
    let mut byte = 0;
    while byte < 128 {
        ascii[byte] = CLASSES[BLOCKS + 256 * CLASSES[0] as usize + byte];
        byte += 1;
    }
    ascii
};

/// End of the `o200k_base` piece that starts at `start`, a character boundary before the end of `text`. Always beyond `start`.
///
/// The expression, alternatives in the order in which they are tried:
///
/// ```text
/// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
/// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
/// \p{N}{1,3}
///  ?[^\s\p{L}\p{N}]+[\r\n/]*
/// \s*[\r\n]+
/// \s+(?!\S)
/// \s+
/// ```
#[inline]
pub fn o200k(text: &str, start: usize) -> usize {
    let text = text.as_bytes();
    let (first, width) = class_at(text, start);
    let after = start + width;
    let word = if first & LETTER != 0 {
        word(text, start)
    } else if first & PREFIX != 0 {
        match word(text, after) {
            // A mark is both a prefix and a letter of either case. As prefix it is tried first; where that leads to the second
            // alternative or to none, the first has still to be tried with the mark as its only letter, and matches.
            Word::Capitals(_) | Word::None if first & UPPER != 0 => Word::Cased(after),
            word => word,
        }
    } else {
        Word::None
    };
    match word {
        Word::Cased(end) | Word::Capitals(end) => contraction(text, end),
        Word::None if first & NUMBER != 0 => number(text, after),
        Word::None => {
            let symbols = if text[start] == b' ' { after } else { start };
            let end = run(text, symbols, PUNCTUATION);
            if end == symbols {
                return blank(text, start, false);
            }
            let tail = text[end..]
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n' | b'/'))
                .count();
            end + tail
        }
    }
}

/// End of the `cl100k_base` piece that starts at `start`, a character boundary before the end of `text`. Always beyond `start`.
///
/// The expression, alternatives in the order in which they are tried:
///
/// ```text
/// '(?i:[sdmt]|ll|ve|re)
/// [^\r\n\p{L}\p{N}]?+\p{L}++
/// \p{N}{1,3}+
///  ?[^\s\p{L}\p{N}]++[\r\n]*+
/// \s++$
/// \s*[\r\n]
/// \s+(?!\S)
/// \s
/// ```
#[inline]
pub fn cl100k(text: &str, start: usize) -> usize {
    let text = text.as_bytes();
    let end = contraction(text, start);
    if end > start {
        return end;
    }
    let (first, width) = class_at(text, start);
    let after = start + width;
    if first & LETTER != 0 {
        return run(text, after, LETTER);
    }
    if first & PREFIX != 0 {
        let end = run(text, after, LETTER);
        if end > after {
            return end;
        }
    }
    if first & NUMBER != 0 {
        return number(text, after);
    }
    let symbols = if text[start] == b' ' { after } else { start };
    let end = run(text, symbols, PUNCTUATION);
    if end == symbols {
        return blank(text, start, true);
    }
    run(text, end, NEWLINE)
}

/// What `o200k`'s first two alternatives match, their prefix and contraction aside; holds the end.
enum Word {
    /// The first: ends in a letter that is not a capital.
    Cased(usize),
    /// The second: capitals alone.
    Capitals(usize),
    /// Neither.
    None,
}

/// Matches `[upper]*[lower]+`, else `[upper]+[lower]*`, at `start`. The classes share letters without case and marks (`both`).
#[inline(always)] // called, it makes a count a tenth longer; left to the compiler, code elsewhere decides
fn word(text: &[u8], start: usize) -> Word {
    let mut upper_end = start;
    let mut both_end = start;
    let next = loop {
        let (class, width) = class_at(text, upper_end);
        if class & UPPER == 0 {
            break class;
        }
        upper_end += width;
        if class & LOWER != 0 {
            both_end = upper_end;
        }
    };
    if next & LOWER != 0 {
        Word::Cased(run(text, upper_end, LOWER))
    } else if both_end > start {
        // `[upper]*` took all and gives back until `[lower]+` has one: the last of `both`. Capitals beyond it stay out.
        Word::Cased(both_end)
    } else if upper_end > start {
        Word::Capitals(upper_end)
    } else {
        Word::None
    }
}

/// End of a run of one to three numbers whose first ends at `at`.
#[inline]
fn number(text: &[u8], mut at: usize) -> usize {
    for _ in 0..2 {
        let (class, width) = class_at(text, at);
        if class & NUMBER == 0 {
            break;
        }
        at += width;
    }
    at
}

/// End of the piece of white space at `start`: up to the last newline of the run, else all but its last character (which goes
/// before the next word), else that one. `whole_at_end`: at the end of the text the run is one piece, newlines or not.
#[inline]
fn blank(text: &[u8], start: usize, whole_at_end: bool) -> usize {
    let (mut end, mut last, mut newline_end) = (start, start, start);
    loop {
        let (class, width) = class_at(text, end);
        if class & SPACE == 0 {
            break;
        }
        last = end;
        end += width;
        if class & NEWLINE != 0 {
            newline_end = end;
        }
    }
    if newline_end > start && !(whole_at_end && end == text.len()) {
        newline_end
    } else if end < text.len() && last > start {
        last
    } else {
        end
    }
}

/// End of the contraction at `at` (`'s`, `'LL`), or `at`. In Unicode's simple case folding the long s (U+017F) is an s, too.
#[inline]
fn contraction(text: &[u8], at: usize) -> usize {
    if text.get(at) != Some(&b'\'') {
        return at;
    }
    let letter = |idx| text.get(at + idx).map_or(0, |byte: &u8| byte | 0x20);
    match (letter(1), letter(2)) {
        (b's' | b't' | b'm' | b'd', _) => at + 2,
        (b'r' | b'v', b'e') | (b'l', b'l') => at + 3,
        _ if text[at + 1..].starts_with("ſ".as_bytes()) => at + 3,
        _ => at,
    }
}

/// End of the run of characters with any of `bits` that starts at `at`; `at` if there is none.
#[inline]
fn run(text: &[u8], mut at: usize, bits: u8) -> usize {
    loop {
        let (class, width) = class_at(text, at);
        if class & bits == 0 {
            return at;
        }
        at += width;
    }
}

/// Class and width in bytes of the character at `at`; none of either at the end of the text.
#[inline]
fn class_at(text: &[u8], at: usize) -> (u8, usize) {
    match text.get(at) {
        Some(&byte) if byte < 0x80 => (ASCII[usize::from(byte)], 1),
        Some(&byte) => wide_class_at(text, at, byte),
        None => (0, 0),
    }
}

/// [`class_at`] for a character beyond ASCII whose first byte is `lead`. The text came as `&str`, so its bytes are well formed.
#[inline]
fn wide_class_at(text: &[u8], at: usize, lead: u8) -> (u8, usize) {
    let tail = |idx| {
        text.get(at + idx)
            .map_or(0, |byte| usize::from(byte & 0x3f))
    };
    let lead = usize::from(lead);
    let (character, width) = if lead < 0xe0 {
        ((lead & 0x1f) << 6 | tail(1), 2)
    } else if lead < 0xf0 {
        ((lead & 0x0f) << 12 | tail(1) << 6 | tail(2), 3)
    } else {
        (
            (lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3),
            4,
        )
    };
    let page = CLASSES
        .get(character >> 8)
        .map_or(0, |page| usize::from(*page));
    (
        CLASSES
            .get(BLOCKS + 256 * page + (character & 0xff))
            .map_or(0, |class| *class),
        width,
    )
}
