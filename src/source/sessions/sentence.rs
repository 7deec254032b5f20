//! Prose cut into sentences, and sentences into single lines: the grain at which digests quote.

/// The most characters that one line of a digest holds.
pub const MAX_LINE_CHARS: usize = 240;

/// White space folded, cut to [`MAX_LINE_CHARS`] with `…`, preferably between words.
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut n_chars = 0;
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
            n_chars += 1;
        }
        line.push_str(word);
        n_chars += word.chars().count();
        if n_chars > MAX_LINE_CHARS {
            break;
        }
    }
    if n_chars > MAX_LINE_CHARS {
        let cut = line
            .char_indices()
            .nth(MAX_LINE_CHARS - 1)
            .map_or(line.len(), |(at, _)| at);
        let whole_words = line[..cut].rfind(' ').filter(|at| *at > cut / 2);
        line.truncate(whole_words.unwrap_or(cut));
        line.push('…');
    }
    line
}

/// The sentences of markdown prose, in order, each verbatim but for folded white space and the list marker.
///
/// Fenced code, tables and headings hold none. A bullet is at least one sentence of its own. A full stop ends a
/// sentence only before white space, so `a.rs` and `1.5` stay whole, and not after abbreviations such as `e.g.`.
pub fn sentences(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut paragraph = String::new();
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        let mark = ["```", "~~~"].into_iter().find(|m| trimmed.starts_with(m));
        if let Some(open) = fence {
            if mark == Some(open) {
                fence = None;
            }
            continue;
        }
        if mark.is_some() {
            fence = mark;
            cut(&mut paragraph, &mut out);
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with('#') || trimmed.starts_with('|') {
            cut(&mut paragraph, &mut out);
            continue;
        }
        let bullet = without_marker(trimmed);
        if bullet.len() < trimmed.len() {
            cut(&mut paragraph, &mut out);
        }
        if !paragraph.is_empty() {
            paragraph.push(' ');
        }
        paragraph.push_str(bullet);
    }
    cut(&mut paragraph, &mut out);
    out
}

/// A line without its list marker, number or check box.
pub fn without_marker(line: &str) -> &str {
    let rest = line
        .strip_prefix("- ")
        .or_else(|| line.strip_prefix("* "))
        .or_else(|| line.strip_prefix("+ "))
        .or_else(|| line.strip_prefix("• "))
        .or_else(|| {
            let digits = line.bytes().take_while(u8::is_ascii_digit).count();
            let rest = line.get(digits..)?;
            let rest = rest
                .strip_prefix(". ")
                .or_else(|| rest.strip_prefix(") "))?;
            (1..=3).contains(&digits).then_some(rest)
        });
    let Some(rest) = rest else {
        return line;
    };
    let rest = rest.trim_start();
    for mark in ["[ ] ", "[x] ", "[X] "] {
        if let Some(rest) = rest.strip_prefix(mark) {
            return rest.trim_start();
        }
    }
    rest
}

const ABBREVIATIONS: &[&str] = &[
    "e.g.", "i.e.", "etc.", "vs.", "cf.", "approx.", "no.", "fig.",
];

fn cut(paragraph: &mut String, out: &mut Vec<String>) {
    let text = std::mem::take(paragraph);
    let mut start = 0;
    let mut in_code = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '`' {
            in_code = !in_code && text[at + 1..].contains('`');
        }
        let next = chars.peek().map(|(_, c)| *c);
        let closes =
            matches!(c, '"' | ')' | '*' | '”' | '\'') && text[..at].ends_with(['.', '!', '?']);
        if in_code
            || !(matches!(c, '.' | '!' | '?') || closes)
            || !next.is_none_or(char::is_whitespace)
        {
            continue;
        }
        let end = at + c.len_utf8();
        let word = text[start..end]
            .rsplit(char::is_whitespace)
            .next()
            .unwrap_or_default();
        if ABBREVIATIONS.contains(&word.to_lowercase().trim_start_matches('(')) {
            continue;
        }
        push(&text[start..end], out);
        start = end;
    }
    push(&text[start..], out);
}

fn push(text: &str, out: &mut Vec<String>) {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().any(char::is_alphanumeric) {
        out.push(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(sentences(text), expected, "{text}");
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        check("One. Two!  Three?", &["One.", "Two!", "Three?"]);
        check(
            "Edit src/a.rs, e.g. line 1.5. Then stop",
            &["Edit src/a.rs, e.g. line 1.5.", "Then stop"],
        );
        check("wrapped\nline.\n\nnext", &["wrapped line.", "next"]);
        check(
            "# Head\n- one\n- [x] two. three\n  more\n2. four",
            &["one", "two.", "three more", "four"],
        );
        check(
            "before\n```\nlet a = 1. b\n```\nafter",
            &["before", "after"],
        );
        check(
            "He said \"no.\" Then left.",
            &["He said \"no.\"", "Then left."],
        );
        check("Run `a. b` now.", &["Run `a. b` now."]);
        check("---\n\n***", &[]);
    }

    #[test]
    fn lines_are_cut_between_words() {
        assert_eq!(one_line(" a \n b\t"), "a b");
        let long = one_line(&"word ".repeat(100));
        assert!(long.ends_with("word…") && long.chars().count() <= MAX_LINE_CHARS);
        assert_eq!(one_line(&"é".repeat(500)).chars().count(), MAX_LINE_CHARS);
        assert_eq!(
            one_line(&"é".repeat(MAX_LINE_CHARS)),
            "é".repeat(MAX_LINE_CHARS)
        );
    }

    proptest! {
        #[test]
        fn prose_loses_no_words(text in "[a-z][a-z.!?` \n]{0,400}") {
            prop_assert!(one_line(&text).chars().count() <= MAX_LINE_CHARS);
            prop_assume!(!text.contains("```"));
            let words = |text: &str| -> Vec<String> {
                let parts = text.split(|c: char| !c.is_alphabetic());
                parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
            };
            prop_assert_eq!(words(&sentences(&text).join(" ")), words(&text));
        }
    }
}
