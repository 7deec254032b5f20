//! Bytes to harmless text: what a file holds, shown so that neither a terminal nor a reader can be deceived by it.
//!
//! Three rules. What is dangerous but meaningful is made visible (`\x1b`, `<U+202E>`); what is invisible by design and
//! carries nothing for a person is removed and counted (tag characters, piled-up variation selectors and characters without
//! width); everything else stays, joiners and marks of living scripts included. No line is ever added or dropped, so that line numbers of the
//! clean text are those of the file. Escaping everything outside ASCII lost, because it hides honest text from the
//! reader; refusing odd files lost, because one stray byte would hide a whole file.

use crate::classes::{self, BLOCK};
use std::borrow::Cow;
use std::fmt::Write;

/// What became of a file's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// Text, clean.
    Text(CleanText),
    /// Not text; why, for example `holds NUL bytes`.
    Binary(&'static str),
}

/// Text that is safe to show, and what was done to make it so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CleanText {
    /// The text. Lines end in `\n`; line numbers are those of the file.
    pub text: String,
    /// What was changed.
    pub counts: Counts,
}

/// How often each kind of oddity was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Invalid sequences, each now one U+FFFD.
    pub invalid: usize,
    /// Control characters (a lone carriage return among them) and noncharacters, now visible.
    pub controls: usize,
    /// Bidirectional overrides and isolates, now visible.
    pub bidi: usize,
    /// Invisible characters that were removed: tag characters, and of variation selectors and of characters without width all
    /// beyond one a base.
    pub hidden: usize,
}

impl Counts {
    /// Whether the text is the file's own, line endings and a byte order mark aside.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what was found in another text.
    pub fn add(&mut self, other: &Self) {
        self.invalid += other.invalid;
        self.controls += other.controls;
        self.bidi += other.bidi;
        self.hidden += other.hidden;
    }
}

/// How far into a file a NUL byte makes it binary (git looks at 8,000 bytes).
const NUL_WINDOW: usize = 8 * 1024;

/// One in so many bytes may be invalid or NUL; beyond that the file is binary. Latin-1 prose has about one in thirty.
const ODD_SHARE: usize = 10;

/// Decodes a file and cleans it.
///
/// UTF-8 and, with a byte order mark, UTF-16 are text. Invalid sequences become U+FFFD, one for each maximal one.
/// More than a tenth of invalid or NUL units, or a NUL in the first 8 KiB of UTF-8, makes the file binary. Valid UTF-8
/// without oddities costs one validation, one scan and one copy.
pub fn decode(bytes: &[u8]) -> Decoded {
    let (text, invalid) = match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Decoded::Binary("is UTF-32"),
        [0xff, 0xfe, rest @ ..] => match from_utf16(rest, u16::from_le_bytes) {
            Some(decoded) => decoded,
            None => return Decoded::Binary("is not valid UTF-16"),
        },
        [0xfe, 0xff, rest @ ..] => match from_utf16(rest, u16::from_be_bytes) {
            Some(decoded) => decoded,
            None => return Decoded::Binary("is not valid UTF-16"),
        },
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            if memchr::memchr(0, &bytes[..bytes.len().min(NUL_WINDOW)]).is_some() {
                return Decoded::Binary("holds NUL bytes");
            }
            match from_utf8(bytes) {
                Some(decoded) => decoded,
                None => return Decoded::Binary("is not valid UTF-8"),
            }
        }
    };
    let (clean, mut counts) = clean(&text);
    counts.invalid = invalid;
    let clean = match clean {
        Cow::Owned(clean) => clean,
        Cow::Borrowed(_) => text.into_owned(),
    };
    Decoded::Text(CleanText {
        text: clean,
        counts,
    })
}

/// UTF-8 with U+FFFD for each invalid sequence, and how many there were; `None` where too much is odd.
fn from_utf8(bytes: &[u8]) -> Option<(Cow<'_, str>, usize)> {
    let n_nul = memchr::memchr_iter(0, bytes).count();
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (n_nul * ODD_SHARE <= bytes.len()).then_some((Cow::Borrowed(text), 0));
    }
    let mut text = String::with_capacity(bytes.len());
    let (mut invalid, mut n_odd) = (0, n_nul);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push('\u{fffd}');
            invalid += 1;
            n_odd += chunk.invalid().len();
        }
    }
    (n_odd * ODD_SHARE <= bytes.len()).then_some((Cow::Owned(text), invalid))
}

/// UTF-16 after its byte order mark, by the same rules; an odd last byte is one invalid sequence.
fn from_utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Option<(Cow<'static, str>, usize)> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    let (mut invalid, mut n_nul) = (0, 0);
    for decoded in char::decode_utf16(pairs.iter().map(|&pair| unit(pair))) {
        let c = decoded.unwrap_or_else(|_| {
            invalid += 1;
            char::REPLACEMENT_CHARACTER
        });
        n_nul += usize::from(c == '\0');
        text.push(c);
    }
    if !rest.is_empty() {
        invalid += 1;
        text.push(char::REPLACEMENT_CHARACTER);
    }
    ((invalid + n_nul) * ODD_SHARE <= pairs.len().max(ODD_SHARE))
        .then_some((Cow::Owned(text), invalid))
}

/// Makes text harmless; borrows where there is nothing to do. `clean(clean(t)) == clean(t)`.
///
/// CRLF becomes LF. `counts.invalid` stays 0: text has no invalid sequences. O(n), at memory speed for plain text.
pub fn clean(text: &str) -> (Cow<'_, str>, Counts) {
    let mut counts = Counts::default();
    let mut out = String::new();
    // Everything before `done` stands in `out`, cleaned; nothing does while `done` is 0.
    let (mut done, mut at) = (0, 0);
    while let Some(odd) = next_odd(text.as_bytes(), at) {
        let Some(c) = text[odd..].chars().next() else {
            break;
        };
        let mut end = odd + c.len_utf8();
        let shown = match c {
            '\r' if text[end..].starts_with('\n') => Shown::Nothing,
            '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => {
                let base = text[done..odd].chars().next_back();
                match base.or_else(|| out.chars().next_back()) {
                    Some(base)
                        if base != '\n' && !is_variation_selector(base) && !is_widthless(base) =>
                    {
                        Shown::Itself
                    }
                    _ => {
                        counts.hidden += 1;
                        Shown::Nothing
                    }
                }
            }
            // One joins, parts or hints; what comes right behind it says nothing more, but can spell a message.
            _ if is_widthless(c) => {
                let before = text[done..odd].chars().next_back();
                match before.or_else(|| out.chars().next_back()) {
                    Some(before) if is_widthless(before) => {
                        counts.hidden += 1;
                        Shown::Nothing
                    }
                    _ => Shown::Itself,
                }
            }
            '\u{e0000}'..='\u{e007f}' => {
                let n_tags = text[odd..].chars().take_while(|&c| is_tag(c)).count();
                end = odd + n_tags * c.len_utf8();
                if text[..odd].ends_with(BLACK_FLAG) && is_flag(&text[odd..end]) {
                    Shown::Itself
                } else {
                    counts.hidden += n_tags;
                    Shown::Nothing
                }
            }
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                counts.bidi += 1;
                Shown::CodePoint
            }
            _ => {
                counts.controls += 1;
                Shown::CodePoint
            }
        };
        if shown != Shown::Itself {
            if done == 0 {
                out.reserve(text.len());
            }
            out.push_str(&text[done..odd]);
            if shown == Shown::CodePoint {
                push_visible(c, &mut out);
            }
            done = end;
        }
        at = end;
    }
    if done == 0 {
        return (Cow::Borrowed(text), counts);
    }
    out.push_str(&text[done..]);
    (Cow::Owned(out), counts)
}

/// What stands in clean text for an odd character.
#[derive(PartialEq, Eq)]
enum Shown {
    Itself,
    Nothing,
    CodePoint,
}

/// Writes a character's number: `\x1b` where two digits hold it, else `<U+202E>`.
fn push_visible(c: char, out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    match u8::try_from(u32::from(c)) {
        Ok(byte) => {
            out.push_str("\\x");
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        Err(_) => {
            // Writing to a String cannot fail.
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        }
    }
}

/// The only base of emoji tag sequences in use: flags of England, Scotland, Wales and other subdivisions.
const BLACK_FLAG: char = '\u{1f3f4}';

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}')
}

fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Characters without width that only join, part or hint: soft hyphen, zero-width space, joiners, invisible operators, BOM.
fn is_widthless(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// Whether a run of tag characters names a subdivision (3 to 6 letters or digits, then CANCEL TAG). The length is
/// bounded because a longer run is a message in disguise.
fn is_flag(run: &str) -> bool {
    let Some(name) = run.strip_suffix('\u{e007f}') else {
        return false;
    };
    (3..=6).contains(&name.chars().count())
        && name
            .chars()
            .all(|c| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}'))
}

/// Where the next character stands that [`clean`] must look at, from byte `from` (a character boundary) on.
///
/// Blocks are tested whole; only one with a suspect is read byte by byte.
fn next_odd(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at < bytes.len() {
        let block = &bytes[at..bytes.len().min(at + BLOCK)];
        let is_plain = block.first_chunk().is_some_and(classes::is_plain);
        if !is_plain && block.iter().any(|&byte| is_suspect(byte)) {
            for (offset, &byte) in block.iter().enumerate() {
                if is_suspect(byte) && is_odd(&bytes[at + offset..]) {
                    return Some(at + offset);
                }
            }
        }
        at += block.len();
    }
    None
}

/// Whether a character that starts with `byte` may be odd.
fn is_suspect(byte: u8) -> bool {
    ((byte < 0x20) & (byte != b'\t') & (byte != b'\n'))
        | (byte == 0x7f)
        | (byte == 0xc2)
        | (byte == 0xcd)
        | (byte == 0xe1)
        | (byte == 0xe2)
        | (byte == 0xef)
        | (byte == 0xf3)
}

/// Whether the UTF-8 character at the start of `bytes` is one that [`clean`] must look at.
fn is_odd(bytes: &[u8]) -> bool {
    match bytes {
        [0xc2, second, ..] => *second < 0xa0 || *second == 0xad, // C1 controls, U+00AD
        [0xcd, second, ..] => *second == 0x8f,                   // U+034F
        [0xe1, 0xa0, third, ..] => *third == 0x8e,               // U+180E
        [0xe2, 0x80, third, ..] => matches!(third, 0x8b..=0x8d | 0xaa..=0xae), // U+200B..200D, U+202A..202E
        [0xe2, 0x81, third, ..] => matches!(third, 0xa0..=0xa4 | 0xa6..=0xa9), // U+2060..2064, U+2066..2069
        [0xef, 0xbb, third, ..] => *third == 0xbf,                             // U+FEFF
        [0xef, 0xb8, third, ..] => *third < 0x90,                              // U+FE00..FE0F
        [0xef, 0xbf, third, ..] => *third >= 0xbe,                             // U+FFFE, U+FFFF
        [0xf3, 0xa0, 0x80 | 0x81, ..] => true,                                 // U+E0000..E007F
        [0xf3, 0xa0, 0x84..=0x86, ..] => true,                                 // U+E0100..E01BF
        [0xf3, 0xa0, 0x87, fourth, ..] => *fourth <= 0xaf,                     // U+E01C0..E01EF
        [first, ..] => *first < 0x80,
        [] => false,
    }
}

/// A path as text, lossless: [`path_bytes`] gives back the bytes.
///
/// `raw` has `/` between its parts. Bytes that are not UTF-8, and characters that are invisible, break lines or steer
/// terminals, are percent-escaped byte by byte (`%1B`). A `%` is escaped (`%25`) only where two hexadecimal digits
/// follow, that is where a decoder would misread it: `100%.txt` stays as it is. Escaping every `%` lost because honest
/// names are then changed for no gain. So is the first character of what a build machine would take for a command to itself where
/// it prints the name: `::error::` at the start, `##[` and `##vso[` anywhere.
pub fn path_text(raw: &[u8]) -> String {
    if let Some(text) = plain_path(raw) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(raw.len());
    let mut at = 0;
    for chunk in raw.utf8_chunks() {
        for c in chunk.valid().chars() {
            let end = at + c.len_utf8();
            let misread = match c {
                '%' => hex_pair(&raw[end..]).is_some(),
                // blanks before it do not matter to a build machine
                ':' => raw[end..].starts_with(b":") && raw[..at].trim_ascii().is_empty(),
                '#' => raw[end..].starts_with(b"#[") || raw[end..].starts_with(b"#vso["),
                _ => false,
            };
            if misread || is_escaped_in_paths(c) {
                escape_bytes(&raw[at..end], &mut text);
            } else {
                text.push(c);
            }
            at = end;
        }
        escape_bytes(chunk.invalid(), &mut text);
        at += chunk.invalid().len();
    }
    text
}

/// `raw` as text, where it is what [`path_text`] makes of it and that is plain to see: nearly everywhere. Looks at all bytes and decides in
/// the end, which compilers do many at a time.
pub fn plain_path(raw: &[u8]) -> Option<&str> {
    let is_plain = |b: u8| matches!(b, b' '..=b'~') & !matches!(b, b'%' | b':' | b'#');
    let all = raw.iter().fold(true, |all, &b| all & is_plain(b));
    str::from_utf8(raw).ok().filter(|_| all)
}

/// The bytes of a path that [`path_text`] wrote: every `%` with two hexadecimal digits is one byte.
pub fn path_bytes(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut raw = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, hex_pair(&bytes[at + 1..])) {
            (b'%', Some(escaped)) => {
                raw.push(escaped);
                at += 3;
            }
            _ => {
                raw.push(byte);
                at += 1;
            }
        }
    }
    raw
}

/// Characters that a path never shows. Wider than for text: a name is an identity, so nothing in it may be unseen,
/// joiners of living scripts (ZWJ, ZWNJ) aside.
fn is_escaped_in_paths(c: char) -> bool {
    c.is_control()
        || is_tag(c)
        || is_variation_selector(c)
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'
                ..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        )
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match bytes {
        [high, low, ..] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    }
}

fn escape_bytes(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "%{byte:02X}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(dirty: &str, expected: &str, counts: (usize, usize, usize)) {
        let (text, got) = clean(dirty);
        assert_eq!(text, expected, "from {dirty:?}");
        assert_eq!(
            (got.controls, got.bidi, got.hidden),
            counts,
            "from {dirty:?}"
        );
    }

    #[test]
    fn dangerous_is_visible_invisible_is_gone_the_rest_stays() {
        check("fn a() {}\t\n", "fn a() {}\t\n", (0, 0, 0));
        check("a\r\nb\r\n", "a\nb\n", (0, 0, 0));
        check("a\rb\r\r\n", "a\\x0db\\x0d\n", (2, 0, 0));
        check("\x1b[2J\x07\x08\x7f", "\\x1b[2J\\x07\\x08\\x7f", (4, 0, 0));
        check("\u{9b}31m\u{85}é", "\\x9b31m\\x85é", (2, 0, 0));
        check("a\u{202e}b\u{2066}c", "a<U+202E>b<U+2066>c", (0, 2, 0));
        check(
            "\u{fffe}\u{ffff}\u{fffd}",
            "<U+FFFE><U+FFFF>\u{fffd}",
            (2, 0, 0),
        );
        check("# Hi\u{e0001}\u{e0049}\u{e004e}\n", "# Hi\n", (0, 0, 3));
        // The flag of England stays; a message behind the same base goes.
        check(
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            (0, 0, 0),
        );
        check("🏴\u{e0049}\u{e0047}\u{e004e}\u{e007f}", "🏴", (0, 0, 4));
        check("🏴\u{e0067}\u{e0062}", "🏴", (0, 0, 2));
        check(
            "❤\u{fe0f} and 葛\u{e0100}",
            "❤\u{fe0f} and 葛\u{e0100}",
            (0, 0, 0),
        );
        check("a\u{fe01}\u{e0101}\u{fe02}b", "a\u{fe01}b", (0, 0, 2));
        check("\u{fe0f}x\n\u{fe0f}", "x\n", (0, 0, 2));
        // One character without width may stand; a run of them is a message.
        check(
            "a\u{200b}b\u{ad}c\u{feff}",
            "a\u{200b}b\u{ad}c\u{feff}",
            (0, 0, 0),
        );
        check(
            "a\u{200b}\u{200c}\u{200c}\u{2060}b",
            "a\u{200b}b",
            (0, 0, 3),
        );
        check(
            "a\u{200d}\u{fe0f}\u{200d}\u{fe0f}b",
            "a\u{200d}b",
            (0, 0, 3),
        );
        check("❤\u{fe0f}\u{200d}🔥", "❤\u{fe0f}\u{200d}🔥", (0, 0, 0));
        check("\u{34f}\u{34f}\u{180e}x", "\u{34f}x", (0, 0, 2));
        check(
            "👨\u{200d}👩 می\u{200c}خ \u{200e}\u{200f} “q” — 字",
            "👨\u{200d}👩 می\u{200c}خ \u{200e}\u{200f} “q” — 字",
            (0, 0, 0),
        );
    }

    #[test]
    fn nothing_odd_borrows() {
        for text in ["", "plain\n", "字“—”❤\u{fe0f}", &"é".repeat(100)] {
            assert!(matches!(clean(text).0, Cow::Borrowed(_)), "{text:?}");
        }
    }

    fn text_of(bytes: &[u8]) -> (String, usize) {
        match decode(bytes) {
            Decoded::Text(clean) => (clean.text, clean.counts.invalid),
            Decoded::Binary(why) => (format!("binary: {why}"), 0),
        }
    }

    #[test]
    fn decodes_what_files_hold() {
        let check = |bytes: &[u8], expected: &str, invalid: usize| {
            assert_eq!(
                text_of(bytes),
                (expected.to_owned(), invalid),
                "from {bytes:?}"
            );
        };
        check(b"", "", 0);
        check(b"\xef\xbb\xbfa\r\n", "a\n", 0);
        check(b"\xff\xfea\0\r\0\n\0", "a\n", 0);
        check(b"\xfe\xff\0a\0\n", "a\n", 0);
        check(b"\xff\xfe", "", 0);
        check(
            b"\xff\xfea\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k",
            "abcdefghij\u{fffd}",
            1,
        );
        check(b"\xff\xfe\0\0a\0\0\0", "binary: is UTF-32", 0);
        check(
            b"\xff\xfe\0\xd8\0\xd8\0\xd8",
            "binary: is not valid UTF-16",
            0,
        );
        check(b"un caf\xe9 noir\n", "un caf\u{fffd} noir\n", 1);
        check(b"\x89PNG\0", "binary: holds NUL bytes", 0);
        check(b"\xff\xff\xff abc", "binary: is not valid UTF-8", 0);
        let late = |n_nul: usize| [vec![b'a'; NUL_WINDOW], vec![0; n_nul]].concat();
        assert!(text_of(&late(1)).0.ends_with("a\\x00"));
        check(&late(NUL_WINDOW), "binary: is not valid UTF-8", 0);
    }

    fn is_harmless(text: &str) -> bool {
        text.chars().all(|c| {
            (!c.is_control() || c == '\n' || c == '\t')
                && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
        })
    }

    /// Text rich in what the cleaner looks at.
    fn odd_text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            proptest::sample::select(vec![
                "\r",
                "\n",
                "\r\n",
                "\x1b",
                "\u{85}",
                "\u{202e}",
                "\u{fe0f}",
                "\u{e0100}",
                "🏴",
                "\u{e0067}",
                "\u{e0062}\u{e0065}\u{e006e}",
                "\u{e007f}",
                "\u{e0001}",
                "\u{ffff}",
                "\u{200b}",
                "\u{200d}\u{2060}",
                "\u{ad}",
                "\u{feff}",
                "a",
                "é",
                "❤",
                "—",
                "0123456789012345678901234567890123456789012345678901234567890123456789",
            ])
            .prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn clean_text_is_harmless_and_keeps_its_lines(text in odd_text()) {
            let (once, counts) = clean(&text);
            prop_assert!(is_harmless(&once), "{once:?}");
            prop_assert_eq!(once.matches('\n').count(), text.matches('\n').count());
            let (twice, none) = clean(&once);
            prop_assert_eq!(&twice, &once);
            prop_assert!(none.is_zero());
            prop_assert_eq!(counts.is_zero(), once == text.replace("\r\n", "\n"));
        }

        #[test]
        fn any_bytes_decode_to_harmless_text(bytes in proptest::collection::vec(any::<u8>(), 0..200), plain in "[a-z\n]{0,3000}") {
            let bytes = [plain.as_bytes(), &bytes].concat();
            if let Decoded::Text(clean) = decode(&bytes) {
                prop_assert!(is_harmless(&clean.text));
                if !bytes.starts_with(b"\xff\xfe") && !bytes.starts_with(b"\xfe\xff") {
                    let n_lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
                    prop_assert_eq!(clean.text.matches('\n').count(), n_lines);
                }
            }
        }

        #[test]
        fn paths_come_back(raw in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'%'), Just(b'4'), Just(b'f')], 0..60)) {
            let text = path_text(&raw);
            prop_assert_eq!(path_bytes(&text), raw);
            prop_assert!(is_harmless(&text) && !text.contains(['\n', '\t']));
        }

        #[test]
        fn unicode_paths_come_back(name in odd_text()) {
            prop_assert_eq!(path_bytes(&path_text(name.as_bytes())), name.into_bytes());
        }
    }

    #[test]
    fn paths_read_as_they_are_named() {
        let check = |raw: &[u8], expected: &str| assert_eq!(path_text(raw), expected);
        check(b"src/a b.rs", "src/a b.rs");
        check("café/字.rs".as_bytes(), "café/字.rs");
        check(b"100%.txt", "100%.txt");
        check(b"a%20b", "a%2520b");
        check(b"\xff\xfe-name", "%FF%FE-name");
        check(b"nl\nesc\x1b", "nl%0Aesc%1B");
        check("rtl\u{202e}gnp".as_bytes(), "rtl%E2%80%AEgnp");
        check(b"::error file=a::x", "%3A:error file=a::x");
        check(b"  ::x", "  %3A:x");
        check(b"a::b ##c", "a::b ##c");
        check(b"a ##[group]x ##vso[y]", "a %23#[group]x %23#vso[y]");
        check("a\u{3164}".as_bytes(), "a%E3%85%A4");
    }
}
