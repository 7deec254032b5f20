//! The same text as other eyes see it: without characters of no width, with escapes resolved, out of base64. A secret in a view
//! is a secret in the text; its range is carried back.

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
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text without what is invisible, and without what the cleaning of text shows in the place of such (`<U+202E>`); `None`
/// where there is nothing of it. Text in ASCII costs one search.
pub(super) fn visible(text: &str) -> Option<View> {
    let has_shown = memmem::find(text.as_bytes(), b"<U+").is_some();
    if !has_shown && (text.is_ascii() || !text.contains(is_hidden)) {
        return None;
    }
    let mut view = View::new(text.len());
    let mut done = 0;
    let mut skip_to = 0;
    for (at, c) in text.char_indices() {
        if at < skip_to {
            continue;
        }
        let len = if is_hidden(c) {
            c.len_utf8()
        } else if c == '<' {
            shown_len(&text.as_bytes()[at..])
        } else {
            0
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

/// The text with the escapes of JSON resolved, where letters, digits or marks are written so (`\u0041`, `\/`).
pub(super) fn unescaped(text: &str) -> Option<View> {
    let bytes = text.as_bytes();
    let hides = |at: usize| matches!(bytes.get(at + 4), Some(b'2'..=b'7'));
    let has =
        memmem::find_iter(bytes, b"\\u00").any(hides) || memmem::find(bytes, b":\\/\\/").is_some();
    if !has {
        return None;
    }
    let mut view = View::new(text.len());
    let (mut done, mut from) = (0, 0);
    while let Some(at) = memchr::memchr(b'\\', &bytes[from..]).map(|n| from + n) {
        let (shown, len) = match bytes.get(at + 1) {
            Some(b'n') => ('\n', 2),
            Some(b't') => ('\t', 2),
            Some(&c @ (b'"' | b'/' | b'\\' | b'\'')) => (char::from(c), 2),
            Some(b'u') => match code(bytes, at + 2) {
                Some(c) => (c, 6),
                None => ('\\', 1),
            },
            _ => ('\\', 1),
        };
        view.copy(text, done, at);
        view.push(shown.encode_utf8(&mut [0; 4]), at);
        done = at + len;
        from = done;
    }
    view.copy(text, done, text.len());
    Some(view.end(text.len()))
}

/// A visible character of ASCII by its four digits.
fn code(bytes: &[u8], at: usize) -> Option<char> {
    let digits = std::str::from_utf8(bytes.get(at..at + 4)?).ok()?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    char::from_u32(code).filter(|c| (' '..='~').contains(c))
}

/// The text with percent escapes resolved, where a URL is hidden in a query.
pub(super) fn unquoted(text: &str) -> Option<View> {
    let bytes = text.as_bytes();
    let has = |pattern: &[u8]| memmem::find(bytes, pattern).is_some();
    if !has(b"%3A%2F%2F") && !has(b"%3a%2f%2f") {
        return None;
    }
    let mut view = View::new(text.len());
    let (mut done, mut from) = (0, 0);
    while let Some(at) = memchr::memchr(b'%', &bytes[from..]).map(|n| from + n) {
        from = at + 1;
        let digits = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(code @ b' '..=b'~') = code {
            view.copy(text, done, at);
            view.push(char::from(code).encode_utf8(&mut [0; 4]), at);
            done = at + 3;
            from = done;
        }
    }
    view.copy(text, done, text.len());
    Some(view.end(text.len()))
}

/// The shortest run of base64 that is looked into.
const MIN_RUN: usize = 40;
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

static BASE64: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        let c = b as u8;
        table[b] = c.is_ascii_alphanumeric() || c == b'+' || c == b'/' || c == b'-' || c == b'_';
        b += 1;
    }
    table
};

/// The runs of base64 that are long enough, ascending. Looks at one byte in forty where there is none.
pub(super) fn runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let is = |b: u8| BASE64[usize::from(b)];
    let mut at = 0;
    std::iter::from_fn(move || {
        // every run of that length covers a multiple of the step
        loop {
            let probe = at + MIN_RUN - 1;
            if probe >= text.len() {
                return None;
            }
            if !is(text[probe]) {
                at = probe + 1;
                continue;
            }
            let back = text[at..probe].iter().rev().take_while(|b| is(**b)).count();
            let start = probe - back;
            let end = probe + text[probe..].iter().take_while(|b| is(**b)).count();
            at = end.max(at + 1);
            if end - start >= MIN_RUN {
                return Some(start..end);
            }
        }
    })
}

/// The text that a run says in base64, from its first character or one of the next three, for a path or a name may stand right
/// before it; empty where it is none.
pub(super) fn texts(run: &[u8]) -> impl Iterator<Item = String> + '_ {
    let run = &run[..run.len().min(MAX_RUN)];
    (0..4).filter_map(move |skip| {
        let head = decode(run.get(skip..skip + 32)?)?;
        let is_text = |b: &u8| matches!(b, b' '..=b'~' | b'\n' | b'\r' | b'\t');
        if skip > 0 && !head.iter().all(is_text)
            || head.iter().filter(|b| is_text(b)).count() * 10 < head.len() * 9
        {
            return None;
        }
        Some(String::from_utf8_lossy(&decode(&run[skip..])?).into_owned())
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
        // up to where the next visible character begins
        assert_eq!(view.origin(&(0..2)), 0..13);
        assert_eq!(view.origin(&(1..3)), 4..16);
    }

    #[test]
    fn escapes_are_resolved() {
        assert!(unescaped("a \\u001b \\n b").is_none());
        let view = unescaped("x\\u0041\\nb").unwrap();
        assert_eq!(view.text, "xA\nb");
        assert_eq!(view.origin(&(1..2)), 1..7);
        assert_eq!(unescaped("a\\u0041\\u").unwrap().text, "aA\\u");
        assert_eq!(
            unquoted("?u=https%3A%2F%2Fa%40b%").unwrap().text,
            "?u=https://a@b%"
        );
    }

    #[test]
    fn runs_are_found_wherever_they_begin() {
        let run = "A".repeat(MIN_RUN);
        for lead in 0..100 {
            let text = format!("{}{run}=", " ".repeat(lead));
            let mut found = runs(text.as_bytes());
            assert_eq!(found.next(), Some(lead..lead + MIN_RUN));
            assert_eq!(found.next(), None);
        }
        assert_eq!(runs(&b"A".repeat(MIN_RUN - 1)).count(), 0);
        assert_eq!(runs("a b".repeat(1000).as_bytes()).count(), 0);
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
        fn views_map_back(text in "(\\\\u004[0-9a-f]|\\\\u00|\\\\n|\\\\|%3A%2F%2F|%4|\u{200b}|<U\\+202E>|<U|é|[a-z]){0,40}") {
            for view in [visible(&text), unescaped(&text), unquoted(&text)].into_iter().flatten() {
                prop_assert_eq!(view.origin.len(), view.text.len() + 1);
                prop_assert!(view.origin.is_sorted());
                prop_assert_eq!(view.origin.last().copied(), Some(text.len() as u32));
            }
        }
    }
}
