//! What a file must keep to before a parser sees it.
//!
//! A parser written in C can be led to eat all memory, time or stack; a stack overflow there ends the process and no `catch`
//! helps, nor against an assertion that fails. These checks are on the text alone, linear, and give the same answer on every
//! machine, so they come first; then come the counts of [`super::parse`], whose deadline is only the last resort.

use super::table::Language;
use rustc_hash::FxHashSet;
use std::ops::Range;

/// The most bytes that are parsed. Hand-written files above this are rare; generated ones are not worth the seconds.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// The longest line that is parsed, in bytes: beyond it the file is minified or data, and line ranges say nothing.
pub(super) const MAX_LINE_BYTES: usize = 20_000;

/// The deepest nesting of brackets that is parsed. Real code stays under 60; 500 leaves room for generated tables.
pub(super) const MAX_DEPTH: i32 = 500;

/// The longest run of prefix operators, each of which nests one level without a bracket.
const MAX_PREFIX_RUN: usize = 2_000;

/// The longest word that may end a heredoc in Ruby: its scanner keeps the length in one byte, and ends the process where what it
/// kept does not add up.
const MAX_HEREDOC_WORD_BYTES: usize = 255;

/// Says why `text` must not be parsed, if so.
pub(super) fn refuse(text: &str, language: Language) -> Option<&'static str> {
    let bytes = text.as_bytes();
    if bytes.len() > MAX_BYTES {
        return Some("too large");
    }
    let mut line_start = 0;
    for newline in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        if newline - line_start > MAX_LINE_BYTES {
            return Some("lines too long");
        }
        line_start = newline + 1;
    }
    if too_deep(bytes) {
        return Some("too deep");
    }
    if language.id() == "ruby" && has_long_heredoc_word(bytes) {
        return Some("heredoc word too long");
    }
    None
}

/// Whether what follows a `<<`, as the scanner reads it, is longer than [`MAX_HEREDOC_WORD_BYTES`].
fn has_long_heredoc_word(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'<', bytes).any(|at| {
        let length = match &bytes[at..] {
            [b'<', b'<', b'-' | b'~', word @ ..] | [b'<', b'<', word @ ..] => word_length(word),
            _ => 0,
        };
        length > MAX_HEREDOC_WORD_BYTES
    })
}

/// How long the word is that stands here, or what stands in quotes.
fn word_length(bytes: &[u8]) -> usize {
    match bytes {
        [quote @ (b'"' | b'\'' | b'`'), rest @ ..] => {
            memchr::memchr(*quote, rest).unwrap_or(rest.len())
        }
        _ => bytes
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | 0x80..))
            .count(),
    }
}

/// Whether brackets, counted without regard to strings and comments, ever stand more than [`MAX_DEPTH`] deep in either
/// direction, or prefix operators run on for longer than any code has them.
fn too_deep(bytes: &[u8]) -> bool {
    let mut depth = 0_i32;
    let mut prefix_run = 0;
    for byte in bytes {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            // Closers without openers must not make room for openers later on.
            b')' | b']' | b'}' => depth = (depth - 1).max(-MAX_DEPTH - 1),
            _ => {}
        }
        match byte {
            b'-' | b'+' | b'!' | b'~' | b'&' | b'*' | b'@' | b'^' | b'<' | b'?' | b':' | b'\\'
            | b'$' => prefix_run += 1,
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => prefix_run = 0,
        }
        if depth.abs() > MAX_DEPTH || prefix_run > MAX_PREFIX_RUN {
            return true;
        }
    }
    false
}

/// How many tokens make a window, and how few different groups of four make it repetitive. Real code has 60 and more; tables of
/// numbers and lists of names have few as well, which is why a repetitive stretch alone refuses nothing.
const WINDOW_TOKENS: usize = 256;
const MIN_GROUPS: usize = 12;

/// How much of a repetitive stretch an [`excerpt`] keeps at either end, in bytes, and of how many stretches.
const KEPT_BYTES: usize = 1_024;
const KEPT_STRETCHES: usize = 4;

/// How many bytes of a file may be repetitive: beyond it the file is data, and hostile data costs most where there is most.
pub(super) const MAX_REPETITIVE_BYTES: usize = 256 * 1024;

/// `text` without the middle of its repetitive stretches, and where in that the ends of the stretches are.
///
/// Error recovery is quadratic where a parser can make nothing of many tokens, and such text is nearly always repetitive. It
/// is cheap to see before a parse, so [`super::parse`] can try an excerpt before it risks the whole: what is code stays code
/// when something repeated is repeated less. `None` where nothing is repetitive.
pub(super) fn excerpt(text: &str) -> Option<(String, Vec<Range<usize>>)> {
    let stretches = repetitive_stretches(text);
    let last = stretches.last()?.end;
    let mut excerpt = String::new();
    let mut kept = Vec::new();
    let mut copied = 0;
    for (idx, stretch) in stretches.iter().enumerate() {
        let (head_end, tail_start) = if idx >= KEPT_STRETCHES {
            (stretch.start, stretch.end)
        } else if stretch.len() <= 3 * KEPT_BYTES {
            (stretch.end, stretch.end)
        } else {
            let head_end = next_line(text, stretch.start + KEPT_BYTES);
            (
                head_end,
                next_line(text, stretch.end - KEPT_BYTES).max(head_end),
            )
        };
        let (head_end, tail_start) = (head_end.min(stretch.end), tail_start.min(stretch.end));
        let start = excerpt.len() + stretch.start - copied;
        excerpt.push_str(&text[copied..head_end]);
        excerpt.push_str(&text[tail_start..stretch.end]);
        kept.push(start..excerpt.len());
        copied = stretch.end;
    }
    excerpt.push_str(&text[last..]);
    Some((excerpt, kept))
}

/// Where the line after the one at `offset` begins, or the next character if the line is long.
fn next_line(text: &str, offset: usize) -> usize {
    let rest = text.as_bytes().get(offset..).unwrap_or_default();
    match memchr::memchr(b'\n', rest).filter(|length| *length < KEPT_BYTES) {
        Some(length) => offset + length + 1,
        None => (offset..text.len())
            .find(|offset| text.is_char_boundary(*offset))
            .unwrap_or(text.len()),
    }
}

/// The long stretches in which the same few tokens come again and again, names and numbers taken as alike.
fn repetitive_stretches(text: &str) -> Vec<Range<usize>> {
    let mut stretches: Vec<Range<usize>> = Vec::new();
    let mut groups: FxHashSet<u32> = FxHashSet::default();
    let mut group = 0_u32;
    let mut n_tokens = 0;
    let mut window_start = 0;
    // A repetitive window that has yet to be followed by another.
    let mut single: Option<Range<usize>> = None;
    let mut in_word = false;
    for (offset, byte) in text.bytes().enumerate() {
        let is_word = byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
        if (is_word && in_word) || byte.is_ascii_whitespace() {
            in_word = is_word;
            continue;
        }
        in_word = is_word;
        if n_tokens == WINDOW_TOKENS {
            let window = window_start..offset;
            let repetitive = groups.len() <= MIN_GROUPS;
            match stretches
                .last_mut()
                .filter(|stretch| repetitive && stretch.end == window.start)
            {
                Some(stretch) => stretch.end = window.end,
                None => match single.take() {
                    Some(before) if repetitive => stretches.push(before.start..window.end),
                    _ => single = repetitive.then_some(window),
                },
            }
            groups.clear();
            n_tokens = 0;
            window_start = offset;
        }
        group = (group << 8) | u32::from(if is_word { b'a' } else { byte });
        groups.insert(group);
        n_tokens += 1;
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_as(id: &str, text: &str, expected: Option<&str>) {
        let language = Language::from_id(id).unwrap();
        assert_eq!(refuse(text, language), expected);
    }

    fn check(text: &str, expected: Option<&str>) {
        check_as("c", text, expected);
        check_as("ruby", text, expected);
    }

    #[test]
    fn limits_hold_at_their_edges() {
        check("", None);
        check(&"x\n".repeat(MAX_BYTES / 2), None);
        check(&"x\n".repeat(MAX_BYTES / 2 + 1), Some("too large"));
        check(&"x".repeat(MAX_LINE_BYTES), None);
        check(&"x".repeat(MAX_LINE_BYTES + 1), Some("lines too long"));
        check(&format!("{}{}", "(".repeat(500), ")".repeat(500)), None);
        check(&"(\n".repeat(501), Some("too deep"));
        check(&"}\n".repeat(501), Some("too deep"));
        check(&"()".repeat(5_000), None);
        check(&"- ".repeat(2_001), Some("too deep"));
        check(&format!("x{}", "\n#----".repeat(2_000)), None);
    }

    #[test]
    fn words_of_heredocs_are_measured() {
        let too_long = Some("heredoc word too long");
        for (before, after) in [
            ("<<", "\n"),
            ("x <<~", ""),
            ("<<-'", "'"),
            ("<<<\"", "\""),
            ("<<`", ""),
        ] {
            let with = |length: usize| {
                format!(
                    "{before}{}{after}",
                    "é".repeat(length / 2) + &"a".repeat(length % 2)
                )
            };
            check(&with(255), None);
            check_as("ruby", &with(256), too_long);
            check_as("cpp", &with(256), None);
        }
        check(&format!("x << \"{}\"\n", "a".repeat(300)), None);
    }

    fn check_stretches(text: &str, starts: &[usize]) {
        let found = repetitive_stretches(text);
        assert_eq!(
            found
                .iter()
                .map(|stretch| stretch.start)
                .collect::<Vec<_>>(),
            starts
        );
        assert_eq!(excerpt(text).is_some(), !starts.is_empty());
    }

    #[test]
    fn repetition_is_seen_through_names() {
        check_stretches("", &[]);
        check_stretches(&"x => ".repeat(300), &[0]);
        check_stretches(&"x => ".repeat(100), &[]);
        let names: String = (0..900).map(|number| format!("x{number} => ")).collect();
        check_stretches(&names, &[0]);
        let code = include_str!("limits.rs");
        check_stretches(code, &[]);
        assert_eq!(
            repetitive_stretches(&format!("{code}{names}{code}{names}{code}")).len(),
            2
        );
        check_stretches(&"é,".repeat(2_000), &[0]);
    }

    #[test]
    fn an_excerpt_keeps_both_ends_of_a_stretch() {
        let text = format!("begin {{\n{}}} end\n", "1, 2, 3,\n".repeat(4_000));
        let (excerpt, kept) = excerpt(&text).unwrap();
        assert!(
            excerpt.starts_with("begin {\n1, 2, 3,\n1, 2")
                && excerpt.ends_with("3,\n1, 2, 3,\n} end\n")
        );
        assert!(
            excerpt
                .lines()
                .all(|line| text.contains(&format!("{line}\n")))
        );
        assert!(excerpt.len() < 8_000, "{}", excerpt.len());
        assert_eq!(kept.len(), 1);
        assert!(kept[0].end <= excerpt.len());
    }
}
