//! The same text as other eyes see it: without characters of no width, with escapes resolved, out of base64. A secret in a view
//! is a secret in the text; its range is carried back.

use crate::classes::{self, BLOCK};
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;
use std::ops::Range;

/// A text made of another.
pub(super) struct View {
    pub text: String,
    /// For each byte of `text`, and its end, where it stands in the other.
    origin: Vec<u32>,
}

impl View {
    fn new(capacity: usize) -> Self {
        Self {
            text: String::with_capacity(capacity),
            origin: Vec::with_capacity(capacity + 1),
        }
    }

    /// Adds `shown` for what stands at `from` of the other.
    fn push(&mut self, shown: &str, from: usize) {
        self.text.push_str(shown);
        self.origin
            .extend(std::iter::repeat_n(from as u32, shown.len()));
    }

    /// Adds `text[from..to]` as it is.
    fn copy(&mut self, text: &str, from: usize, to: usize) {
        self.text.push_str(&text[from..to]);
        self.origin.extend(from as u32..to as u32);
    }

    fn end(mut self, len: usize) -> Self {
        self.origin.push(len as u32);
        self
    }

    /// Where a range of the view stands in the other text.
    pub fn origin(&self, range: &Range<usize>) -> Range<usize> {
        self.origin[range.start] as usize..self.origin[range.end] as usize
    }
}

/// Whether `c` has no width, or stands for nothing that is seen.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}' | '\u{2028}' | '\u{2029}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
        || is_control(c)
}

/// Whether `c` steers and shows nothing; what divides lines and words does show.
fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}

/// Whether there could be a view of `text`: where not, [`visible`], [`unescaped`], [`unquoted`] and [`unmarked`] are none.
pub(super) fn may_be(text: &str) -> bool {
    let is_odd = |b: u8| !matches!(b, b' '..=b'~') | matches!(b, b'<' | b'\\' | b'%' | b'&');
    text.bytes().fold(false, |any, b| any | is_odd(b))
}

/// The text without what is invisible, and without what the cleaning of text shows in the place of such (`<U+202E>`, `\x1b`); `None`
/// where there is nothing of it. What steers a terminal goes whole (`\x1b[0m`). Text in ASCII costs three searches.
pub(super) fn visible(text: &str) -> Option<View> {
    let bytes = text.as_bytes();
    let has_shown = memmem::find(bytes, b"<U+").is_some()
        || memmem::find_iter(bytes, b"\\x").any(|at| escape_len(&bytes[at..]) > 0);
    if !has_shown && !hides(text) {
        return None;
    }
    let mut view = View::new(text.len());
    let mut done = 0;
    let mut skip_to = 0;
    for (at, c) in text.char_indices() {
        if at < skip_to {
            continue;
        }
        let rest = &bytes[at..];
        let len = match c {
            '<' => shown_len(rest),
            '\\' => escape_len(rest),
            '\u{1b}' | '\u{9b}' => c.len_utf8() + sequence_len(u32::from(c), &rest[c.len_utf8()..]),
            _ if is_hidden(c) => c.len_utf8(),
            _ => 0,
        };
        if len > 0 {
            view.copy(text, done, at);
            skip_to = at + len;
            done = skip_to;
        }
    }
    view.copy(text, done, text.len());
    Some(view.end(text.len()))
}

/// Whether anything in it is invisible. Character by character only those blocks are looked at that are not plain.
fn hides(text: &str) -> bool {
    let (whole, rest) = text.as_bytes().as_chunks::<BLOCK>();
    let is_plain = |b: u8| matches!(b, b' '..=b'~' | b'\t' | b'\n');
    let is_rest_plain = rest.iter().fold(true, |all, &b| all & is_plain(b));
    let last = (!is_rest_plain).then(|| text.len() - rest.len()..text.len());
    let odd = (0..).step_by(BLOCK).zip(whole);
    let odd = odd.filter(|(_, block)| !classes::is_plain(block));
    let mut odd = odd.map(|(at, _)| at..at + BLOCK).chain(last);
    odd.any(|block| {
        let (from, to) = (block.start, block.end);
        text[text.floor_char_boundary(from)..text.ceil_char_boundary(to)].contains(is_hidden)
    })
}

/// The length of `\x1b`, or of another control character so shown, at the start of `text`, with the sequence that it begins; or 0.
fn escape_len(text: &[u8]) -> usize {
    let Some([b'\\', b'x', high, low]) = text.first_chunk::<4>() else {
        return 0;
    };
    let digit = |b: u8| char::from(b).to_digit(16);
    match (digit(*high), digit(*low)) {
        (Some(high), Some(low)) => {
            let number = high * 16 + low;
            let is_shown = char::from_u32(number).is_some_and(is_control);
            if is_shown {
                4 + sequence_len(number, &text[4..])
            } else {
                0
            }
        }
        _ => 0,
    }
}

/// The length of what goes on after `control` as a sequence for a terminal: `[0;31m` after an escape.
fn sequence_len(control: u32, text: &[u8]) -> usize {
    let start = match (control, text.first()) {
        (0x1b, Some(b'[')) => 1,
        (0x9b, _) => 0,
        _ => return 0,
    };
    let parameters = text[start..].iter().take(32);
    let n = parameters
        .take_while(|b| matches!(b, b'0'..=b'9' | b';' | b':' | b'?'))
        .count();
    match text.get(start + n) {
        Some(b'@'..=b'~') => start + n + 1,
        _ => 0,
    }
}

/// The length of `<U+202E>` at the start of `text`, or 0.
fn shown_len(text: &[u8]) -> usize {
    let Some(rest) = text.strip_prefix(b"<U+") else {
        return 0;
    };
    let digits = rest
        .iter()
        .take(6)
        .take_while(|b| b.is_ascii_hexdigit())
        .count();
    if digits >= 4 && rest.get(digits) == Some(&b'>') {
        digits + 4
    } else {
        0
    }
}

/// What an escape says, how long it is, and whether it is there to hide something: a visible character that nobody has to escape.
type Escape = (char, usize, bool);

/// How far around what is hidden a view shows the text: a token and its name, or the key that begins there.
const BEFORE: usize = 512;
const BEHIND: usize = 4096;

/// The text with all that begins with `mark` read by `read`, around the places where something is hidden so; `None` where there
/// is none.
fn resolved(text: &str, mark: u8, read: fn(&[u8], usize) -> Option<Escape>) -> Option<View> {
    let bytes = text.as_bytes();
    let hides = |at: &usize| matches!(read(bytes, *at), Some((_, _, true)));
    let mut parts: Vec<Range<usize>> = Vec::new();
    for at in memchr::memchr_iter(mark, bytes).filter(hides) {
        let to = text.ceil_char_boundary(text.len().min(at + BEHIND));
        match parts.last_mut() {
            Some(part) if at <= part.end + BEFORE => part.end = to,
            _ => parts.push(text.floor_char_boundary(at.saturating_sub(BEFORE))..to),
        }
    }
    let mut view = View::new(parts.iter().map(|part| part.len() + 1).sum());
    for part in &parts {
        let (mut done, mut from) = (part.start, part.start);
        while let Some(at) = memchr::memchr(mark, &bytes[from..part.end]).map(|n| from + n) {
            from = at + 1;
            if let Some((shown, len, _)) = read(&bytes[..part.end], at) {
                view.copy(text, done, at);
                view.push(shown.encode_utf8(&mut [0; 4]), at);
                done = at + len;
                from = done;
            }
        }
        view.copy(text, done, part.end);
        if part.end < text.len() {
            view.push("\n", part.end);
        }
    }
    (!parts.is_empty()).then(|| view.end(text.len()))
}

/// The text with the escapes of JSON, of strings in code and of Markdown resolved, where letters, digits or marks are written so
/// (`\u0041`, `\x2d`, `\/`, `\_`).
pub(super) fn unescaped(text: &str) -> Option<View> {
    resolved(text, b'\\', backslash)
}

fn backslash(bytes: &[u8], at: usize) -> Option<Escape> {
    let is_inside = |to: usize| {
        let is_token = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        at > 0 && is_token(bytes.get(at - 1)) && is_token(bytes.get(to))
    };
    let coded = |from: usize, n: usize, radix: u32, len: usize| {
        code(bytes, from, n, radix).map(|c| (c, len, is_token(c)))
    };
    match *bytes.get(at + 1)? {
        b'n' => Some(('\n', 2, false)),
        b't' => Some(('\t', 2, false)),
        c @ (b'"' | b'\\' | b'\'') => Some((char::from(c), 2, false)),
        b'/' => Some(('/', 2, at > 0 && bytes[at - 1] == b':')),
        c @ (b'_' | b'-' | b'.' | b'*') => Some((char::from(c), 2, is_inside(at + 2))),
        b'u' if bytes.get(at + 2) == Some(&b'{') => {
            let rest = &bytes[at + 3..bytes.len().min(at + 9)];
            let n = rest.iter().position(|b| *b == b'}')?;
            coded(at + 3, n, 16, n + 4)
        }
        b'u' => coded(at + 2, 4, 16, 6),
        b'x' => coded(at + 2, 2, 16, 4),
        b'0' | b'1' => coded(at + 1, 3, 8, 4),
        _ => None,
    }
}

/// A visible character of ASCII by its `n` digits.
fn code(bytes: &[u8], at: usize, n: usize, radix: u32) -> Option<char> {
    let digits = std::str::from_utf8(bytes.get(at..at + n)?).ok()?;
    let is_digit = |b: u8| char::from(b).is_digit(radix);
    let code = u32::from_str_radix(digits, radix).ok()?;
    let c = char::from_u32(code).filter(|c| (' '..='~').contains(c))?;
    digits.bytes().all(is_digit).then_some(c)
}

/// Whether tokens and addresses are made of such.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.:/=+~".contains(c)
}

/// The text with percent escapes resolved, where what is hidden so is part of a token or a URL (`%2D`).
pub(super) fn unquoted(text: &str) -> Option<View> {
    resolved(text, b'%', |bytes, at| {
        let c = code(bytes, at + 1, 2, 16)?;
        Some((c, 3, is_token(c)))
    })
}

/// The text with the entities of HTML resolved (`&#95;`, `&quot;`).
pub(super) fn unmarked(text: &str) -> Option<View> {
    resolved(text, b'&', |bytes, at| {
        const NAMES: &[(&str, char)] = &[
            ("quot", '"'),
            ("apos", '\''),
            ("lowbar", '_'),
            ("dash", '-'),
            ("hyphen", '-'),
            ("colon", ':'),
            ("sol", '/'),
            ("equals", '='),
            ("period", '.'),
            ("amp", '&'),
        ];
        let rest = &bytes[at + 1..bytes.len().min(at + 10)];
        let n = rest.iter().position(|b| *b == b';')?;
        let c = match &rest[..n] {
            [b'#', b'x' | b'X', ..] => code(bytes, at + 3, n.checked_sub(2)?, 16)?,
            [b'#', ..] => code(bytes, at + 2, n - 1, 10)?,
            name => NAMES.iter().find(|it| it.0.as_bytes() == name)?.1,
        };
        Some((c, n + 2, is_token(c) || c == '"'))
    })
}

/// The shortest run of base64 that is looked into: the shortest token, of 20 characters, without padding.
const MIN_RUN: usize = 27;
/// The longest: what is longer is a file of its own.
const MAX_RUN: usize = 64 << 10;

const LAX: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

const ENGINES: [GeneralPurpose; 2] = [
    GeneralPurpose::new(&STANDARD, LAX),
    GeneralPurpose::new(&URL_SAFE, LAX),
];

/// What base64 of either alphabet says, however it is padded.
pub(super) fn decode(run: &[u8]) -> Option<Vec<u8>> {
    let run = run.trim_ascii();
    let padded = run.iter().rposition(|b| *b != b'=').map_or(0, |n| n + 1);
    let run = &run[..padded - usize::from(padded % 4 == 1)];
    ENGINES.iter().find_map(|engine| engine.decode(run).ok())
}

/// The runs of base64 that are long enough, ascending. O(bytes), at memory speed where there is none.
pub(super) fn runs(text: &[u8]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut add = |run: Range<usize>| {
        if run.len() >= MIN_RUN {
            runs.push(run);
        }
    };
    // characters right before the block that are of a run
    let mut n_before = 0;
    let (whole, last) = classes::blocks(text);
    for (at, block) in (0..).step_by(BLOCK).zip(whole.iter().chain([&last])) {
        let bits = classes::base64(block);
        if bits == u64::MAX {
            n_before += BLOCK;
            continue;
        }
        let n_first = bits.trailing_ones() as usize;
        add(at - n_before..at + n_first);
        n_before = bits.leading_ones() as usize;
        // what neither begins nor ends the block
        let mut inner = bits & bits.wrapping_add(1) & (u64::MAX >> n_before);
        if !holds_run(inner) {
            continue;
        }
        while inner != 0 {
            let start = inner.trailing_zeros() as usize;
            let n = (inner >> start).trailing_ones() as usize;
            add(at + start..at + start + n);
            inner &= inner.wrapping_add(1 << start);
        }
    }
    runs
}

/// Whether so many bits are set side by side as a run has characters.
fn holds_run(bits: u64) -> bool {
    const { assert!(MIN_RUN > 16 && MIN_RUN <= 32) };
    let two = bits & bits >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    let sixteen = eight & eight >> 8;
    sixteen & sixteen >> (MIN_RUN - 16) != 0
}

/// The text that a run says in base64, from its first character or one of the next three, for a path or a name may stand right
/// before it; empty where it is none.
pub(super) fn texts(run: &[u8]) -> impl Iterator<Item = String> + '_ {
    let run = &run[..run.len().min(MAX_RUN)];
    (0..4).filter_map(move |skip| {
        let run = run.get(skip..).filter(|run| run.len() >= MIN_RUN)?;
        let head = &run[..run.len().min(32)];
        // of a short run the whole is a token, or none
        let is_strict = skip > 0 || run.len() < 40;
        // the first bit of each byte of ASCII is none: every fourth character can be read off
        let is_ascii = |b: &u8| matches!(b, b'A'..=b'Z' | b'a'..=b'f');
        if is_strict && !head.iter().step_by(4).all(is_ascii) {
            return None;
        }
        let head = decode(head)?;
        let is_text = |b: &u8| matches!(b, b' '..=b'~' | b'\n' | b'\r' | b'\t');
        if is_strict && !head.iter().all(is_text)
            || head.iter().filter(|b| is_text(b)).count() * 10 < head.len() * 9
        {
            return None;
        }
        Some(String::from_utf8_lossy(&decode(run)?).into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_invisible_is_left_out() {
        assert!(visible("plain").is_none());
        assert!(visible("Grüße, 世界").is_none());
        let view = visible("a\u{200b}b<U+202E>c\u{ad}").unwrap();
        assert_eq!(view.text, "abc");
        // across blocks
        for n in 250..260 {
            assert!(visible(&format!("{}\u{200b}", "é".repeat(n / 2))).is_some());
            assert!(visible(&format!("{}\u{1b}", "a".repeat(n))).is_some());
            assert!(visible(&"字".repeat(n)).is_none());
        }
        // up to where the next visible character begins
        assert_eq!(view.origin(&(0..2)), 0..13);
        assert_eq!(view.origin(&(1..3)), 4..16);
    }

    #[test]
    fn escapes_are_resolved() {
        assert!(unescaped("a \\u001b \\n b \\d \\1 [\\-\\.] \\x1b").is_none());
        let view = unescaped("x\\u0041\\nb").unwrap();
        assert_eq!(view.text, "xA\nb");
        assert_eq!(view.origin(&(1..2)), 1..7);
        assert_eq!(unescaped("a\\u0041\\u").unwrap().text, "aA\\u");
        for hidden in ["a\\x2db", "a\\u{2d}b", "a\\055b", "a\\-b", "a\\u002Db"] {
            assert_eq!(unescaped(hidden).unwrap().text, "a-b", "{hidden}");
        }
        for hidden in ["a&#95;b", "a&#x5f;b", "a&lowbar;b"] {
            assert_eq!(unmarked(hidden).unwrap().text, "a_b", "{hidden}");
        }
        for text in ["a && b; &amp; &lt; &#8230; &#;", "100% %d %20 %zz"] {
            assert!(unmarked(text).is_none() && unquoted(text).is_none());
        }
        assert_eq!(
            unquoted("?u=https%3A%2F%2Fa%40b%").unwrap().text,
            "?u=https://a@b%"
        );
    }

    #[test]
    fn of_a_long_text_what_is_near_is_shown() {
        let far = "é".repeat(BEHIND);
        let text = format!("{far}a\\x2db{far}c\\x2dd");
        let view = unescaped(&text).unwrap();
        assert!(view.text.contains("a-b") && view.text.contains("c-d"));
        assert!(
            view.text.len() < 2 * BEFORE + BEHIND + 20,
            "{}",
            view.text.len()
        );
        let at = view.text.find("c-d").unwrap();
        assert_eq!(&text[view.origin(&(at..at + 3))], "c\\x2dd");
    }

    #[test]
    fn runs_are_found_wherever_they_begin() {
        let run = "A".repeat(MIN_RUN);
        for lead in 0..100 {
            let text = format!("{}{run}=", " ".repeat(lead));
            let found = runs(text.as_bytes());
            assert_eq!((found.len(), &found[0]), (1, &(lead..lead + MIN_RUN)));
        }
        assert!(runs(&b"A".repeat(MIN_RUN - 1)).is_empty());
        assert!(runs("a b".repeat(1000).as_bytes()).is_empty());
    }

    #[test]
    fn base64_says_something_or_nothing() {
        let run = ENGINES[0].encode("export TOKEN=abcdefgh and some more of it");
        assert!(
            texts(run.as_bytes())
                .next()
                .unwrap()
                .starts_with("export TOKEN")
        );
        assert!(texts(format!("ab{run}").as_bytes()).any(|text| text.starts_with("export TOKEN")));
        assert_eq!(texts("q".repeat(60).as_bytes()).count(), 0);
    }

    proptest! {
        #[test]
        fn views_map_back(text in "(\\\\u004[0-9a-f]|\\\\u00|\\\\n|\\\\|\\\\x4[0-9a-f]|\\\\u\\{4|\\\\u\\{41\\}|&#95;|&#|&quot;|%3A%2F%2F|%4|\u{200b}|<U\\+202E>|<U|é|[a-z]){0,40}") {
            let views = [visible(&text), unescaped(&text), unquoted(&text), unmarked(&text)];
            prop_assert!(may_be(&text) || views.iter().all(Option::is_none));
            for view in views.into_iter().flatten() {
                prop_assert_eq!(view.origin.len(), view.text.len() + 1);
                prop_assert!(view.origin.is_sorted());
                prop_assert_eq!(view.origin.last().copied(), Some(text.len() as u32));
            }
        }

        #[test]
        fn runs_are_all_that_are_long_enough(lengths in proptest::collection::vec((0_usize..90, 0_usize..4), 0..12)) {
            let text: String = lengths.iter().map(|&(n, gap)| "aZ9/-_+".repeat(n).split_at(n).0.to_owned() + [" ", "é", "{", ""][gap]).collect();
            let mut expected = Vec::new();
            let mut start = 0;
            for run in text.as_bytes().split(|b| !b.is_ascii_alphanumeric() && !b"+/-_".contains(b)) {
                if run.len() >= MIN_RUN {
                    expected.push(start..start + run.len());
                }
                start += run.len() + 1;
            }
            prop_assert_eq!(runs(text.as_bytes()), expected);
        }
    }
}
