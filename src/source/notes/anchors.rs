//! What an atom names: paths, identifiers, commits, decision records and other notes.

/// The most anchors of one atom; a longer list is a table of contents and anchors nothing.
const MAX_ANCHORS: usize = 40;
const MAX_ANCHOR_BYTES: usize = 160;

/// The anchors of `text`, in order, each once.
///
/// Taken are backticked spans without white space, paths (`src/a.rs`, `src/a.rs:12` without the line, `@docs/x.md`),
/// targets of links that are not on the web, `[[names]]`, ids such as `ADR-0007`, and commits of 7 to 40 hex digits.
pub fn anchors(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |anchor: &str| {
        let is_new = !found.iter().any(|other| other == anchor);
        let fits = (2..=MAX_ANCHOR_BYTES).contains(&anchor.len()) && found.len() < MAX_ANCHORS;
        if is_new && fits && anchor.chars().any(char::is_alphanumeric) {
            found.push(anchor.to_owned());
        }
    };
    let mut in_fence = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            in_fence = !in_fence;
            continue;
        }
        if in_fence {
            continue;
        }
        for (i, part) in line.split('`').enumerate() {
            let is_code = i % 2 == 1;
            if is_code && !part.contains(char::is_whitespace) {
                add(bare(part));
                continue;
            }
            words(part, is_code, &mut add);
        }
    }
    found
}

fn words(text: &str, is_code: bool, add: &mut impl FnMut(&str)) {
    let mut rest = if text.contains('[') { text } else { "" };
    while let Some(start) = rest.find("[[") {
        let Some(length) = rest[start..].find("]]") else {
            break;
        };
        add(rest[start + 2..start + length].trim());
        rest = &rest[start + length + 2..];
    }
    let is_mark = |c: char| {
        matches!(
            c,
            '(' | ')'
                | '['
                | ']'
                | '<'
                | '>'
                | '{'
                | '}'
                | ','
                | ';'
                | '"'
                | '\''
                | '!'
                | '?'
                | '*'
                | '|'
                | '“'
                | '”'
        )
    };
    let is_edge = |c: char| is_mark(c) || c.is_whitespace();
    // none of the kinds is of letters alone, as most words are
    let is_plain = |word: &&str| word.bytes().all(|b| b.is_ascii_alphabetic());
    for word in text.split(is_edge).filter(|word| !is_plain(word)) {
        let word = word.trim_end_matches(['.', ':']);
        if word.contains("://") {
            continue;
        }
        let word = bare(word);
        if is_path(word) || is_commit(word) || (!is_code && is_record_id(word)) {
            add(word);
        }
    }
}

/// Without a leading `@` or `./`, a closing `()` and a line number.
fn bare(word: &str) -> &str {
    let import = word.strip_prefix('@').filter(|path| is_path(path));
    let word = import.unwrap_or(word);
    let word = word.strip_prefix("./").unwrap_or(word);
    let word = word.strip_suffix("()").unwrap_or(word);
    match word.split_once(':') {
        Some((path, line)) if is_path(path) && line.starts_with(|c: char| c.is_ascii_digit()) => {
            path
        }
        _ => word,
    }
}

/// `a/b`, where the last part has an extension or the whole is longer than a pair of words; or `name.ext` of a known look.
fn is_path(word: &str) -> bool {
    let is_mark = |c: char| matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | '~' | '$');
    let is_path_char = |c: char| c.is_alphanumeric() || is_mark(c);
    if !word.chars().all(is_path_char) || word.ends_with("..") {
        return false;
    }
    let (folder, file) = word.rsplit_once('/').unwrap_or(("", word));
    let has_extension = file.rsplit_once('.').is_some_and(|(stem, extension)| {
        let is_extension = (1..=5).contains(&extension.len())
            && extension.bytes().all(|b| b.is_ascii_alphanumeric())
            && extension.bytes().any(|b| b.is_ascii_lowercase());
        is_extension && (!stem.is_empty() || !folder.is_empty())
    });
    if folder.is_empty() {
        // `e.g` and `1.5` look like files; a stem of two letters and an extension of letters do not lie as often.
        let stem = file.split('.').next().unwrap_or_default();
        return has_extension && stem.len() >= 2 && !file.starts_with(|c: char| c.is_ascii_digit());
    }
    let n_parts = word.split('/').filter(|part| !part.is_empty()).count();
    has_extension || (file.is_empty() && n_parts >= 1) || n_parts >= 3
}

fn is_commit(word: &str) -> bool {
    (7..=40).contains(&word.len())
        && word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_lowercase())
}

/// `ADR-0007`, `D-002`.
fn is_record_id(word: &str) -> bool {
    word.split_once('-').is_some_and(|(letters, digits)| {
        (1..=5).contains(&letters.len())
            && letters.bytes().all(|b| b.is_ascii_uppercase())
            && (1..=6).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(anchors(text), expected, "{text}");
    }

    #[test]
    fn kinds() {
        check(
            "Use `hold_order_lock()` in `src/lock.rs:12`.",
            &["hold_order_lock", "src/lock.rs"],
        );
        check(
            "See @docs/x.md, src/a.rs:3 and [b](sub/b.md).",
            &["docs/x.md", "src/a.rs", "sub/b.md"],
        );
        check(
            "Supersedes [[redis-lock]] and ADR-0003 at 1a2b3c4.",
            &["redis-lock", "ADR-0003", "1a2b3c4"],
        );
        check("Run `cargo test --test it` in charge.rs", &["charge.rs"]);
        check(
            "https://example.com/a/b.html and and/or, 1.5, e.g. this; 1234567",
            &[],
        );
        check("`cargo run src/main.rs`", &["src/main.rs"]);
        check("a `b` a `bc`", &["bc"]);
        check("`@types/node` is a package", &["@types/node"]);
        check("see migrations/ and a/b/c", &["migrations/", "a/b/c"]);
        check("```\nsrc/in_fence.rs\n```\nsrc/out.rs", &["src/out.rs"]);
    }

    proptest! {
        #[test]
        fn any_text_gives_few_short_anchors(text in "[`\\[\\]a-z/.@:A-F0-9é -]{0,300}") {
            let found = anchors(&text);
            prop_assert!(found.len() <= MAX_ANCHORS);
            for anchor in found {
                prop_assert!(text.contains(&anchor) && anchor.len() <= MAX_ANCHOR_BYTES);
            }
        }
    }
}
