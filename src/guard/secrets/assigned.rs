//! Values that are given to names: `API_KEY=...`, `"token": "..."`, `setenv("SECRET", "...")`, `<apiKey>...</apiKey>`.
//!
//! gitleaks writes this part into each of a hundred expressions. It is one walk here, because it is the same for all of them and
//! takes a bounded number of steps for each name, whatever stands there.

/// How much of a name may follow a word of it.
const MAX_NAME_REST: usize = 24;
/// Spaces, quotes and closing brackets between a name and its operator, and between that and its value.
const MAX_AROUND: usize = 6;

/// Spaces that a table fills a cell with.
const MAX_PADDING: usize = 64;
/// The tags between two cells of a table, and how long each may be.
const MAX_TAGS: usize = 6;
const MAX_TAG: usize = 80;

/// Where the values begin that the name around the word that ends at `at` may be given: at most four places.
pub(super) fn values(text: &[u8], at: usize) -> [Option<usize>; 4] {
    let name_end = at
        + run(&text[at..], MAX_NAME_REST, |b| {
            b.is_ascii_alphanumeric() || b"_-. \t".contains(&b)
        });
    let is_around = |b: u8| b.is_ascii_whitespace() || b"'\"`\\])*~".contains(&b);
    let mut operator = name_end + run(&text[name_end..], MAX_AROUND, is_around);
    let padded = operator + run(&text[operator..], MAX_PADDING, |b| b == b' ');
    if text.get(padded) == Some(&b'|') {
        operator = padded;
    }
    let said = said(text, at);
    let rest = &text[operator..];
    let len = match rest {
        [b'=', b'>', ..] | [b'|', b'|', ..] | [b'?', b'=', ..] | [b':', b'=', ..] => 2,
        [b':', b':', b'=', ..] | [0xe2, 0x86, 0x92, ..] => 3,
        [b'=' | b'>' | b':' | b',' | b'|', ..] => 1,
        [b';', next, ..] if !next.is_ascii_whitespace() => 1,
        [b'<', b'/', ..] => return [cell(text, operator), None, None, said],
        _ => return [None, None, None, said],
    };
    let after = operator + len;
    let first = Some(open(text, after));
    match rest[0] {
        b':' if len == 1 => [first, typed(text, after), None, said],
        b',' => [first, None, listed(text, after), said],
        b'|' => {
            let padding = run(&text[after..], MAX_PADDING, |b| b == b' ');
            [Some(open(text, after + padding)), None, None, said]
        }
        _ => [first, None, None, said],
    }
}

/// The value behind `is`, or in the next column of what tabs part: `the password is ...`.
fn said(text: &[u8], at: usize) -> Option<usize> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"_-.'\"`*)".contains(&b);
    let end = at + run(&text[at..], MAX_NAME_REST, is_name);
    match text[end..] {
        [b'\t', ..] => Some(open(text, end + 1)),
        [b' ', b'i', b's', b' ', ..] => Some(open(text, end + 4)),
        _ => None,
    }
}

/// What is behind the tags that end one cell of a table and begin the next: `<td>key</td><td>...</td>`.
fn cell(text: &[u8], mut at: usize) -> Option<usize> {
    for _ in 0..MAX_TAGS {
        if text.get(at) != Some(&b'<') {
            break;
        }
        let tag = &text[at..text.len().min(at + MAX_TAG)];
        at += memchr::memchr(b'>', tag)? + 1;
        at += run(&text[at..], MAX_PADDING, |b| b.is_ascii_whitespace());
    }
    Some(open(text, at))
}

/// What dresses the value at `at`, of the name that begins at `name`, and so ends it: bold type, or the border of a cell.
pub(super) fn closer(text: &[u8], name: usize, at: usize) -> Option<&'static [u8]> {
    let before = [
        &text[name.saturating_sub(4)..name],
        &text[at.saturating_sub(12).max(name)..at],
    ];
    let dressings: [(&[u8], &'static [u8]); 4] =
        [(b"**", b"**"), (b"~~", b"~~"), (b"|", b"|"), (b">", b"<")];
    dressings
        .iter()
        .find(|(open, _)| {
            before
                .iter()
                .any(|part| memchr::memmem::find(part, open).is_some())
        })
        .map(|(_, close)| *close)
}

/// The value of the next key `value`, as lists of variables have it: `name: API_KEY`, `value: ...`.
pub(super) fn listed_below(text: &[u8], at: usize) -> Option<usize> {
    let name_end = at
        + run(&text[at..], MAX_NAME_REST, |b| {
            b.is_ascii_alphanumeric() || b"_-.".contains(&b)
        });
    listed(text, name_end)
}

fn listed(text: &[u8], at: usize) -> Option<usize> {
    let at = at
        + run(&text[at..], 40, |b| {
            b.is_ascii_whitespace() || b"'\"\\,".contains(&b)
        });
    let word = text.get(at..at + 5)?;
    if !word.eq_ignore_ascii_case(b"value") {
        return None;
    }
    let at = at + 5;
    let at = at + run(&text[at..], MAX_AROUND, |b| b"'\"\\ \t".contains(&b));
    matches!(text.get(at), Some(b':' | b'=')).then(|| open(text, at + 1))
}

/// The value behind a type: `token: &str = "..."`.
fn typed(text: &[u8], at: usize) -> Option<usize> {
    let at = at
        + run(&text[at..], 40, |b| {
            b.is_ascii_alphanumeric() || b" &*'_<>[]?:".contains(&b)
        });
    (text.get(at) == Some(&b'=') && text.get(at + 1) != Some(&b'=')).then(|| open(text, at + 1))
}

/// Past spaces, quotes and the marks that languages put before quotes.
fn open(text: &[u8], at: usize) -> usize {
    let is_open = |b: u8| b.is_ascii_whitespace() || b"'\"`=\\([*~".contains(&b);
    let mut at = at + run(&text[at..], MAX_AROUND, is_open);
    // in Go, bytes of a string
    if text[at..].starts_with(b"]byte(") {
        at += b"]byte(".len();
        at += run(&text[at..], 2, |b| b"'\"`".contains(&b));
    }
    // a value in braces is a variable, unless it is quoted there
    if let [b'{', b'\'' | b'"' | b'`', ..] = text[at..] {
        at += 2;
    }
    if let [
        b'b' | b'r' | b'f' | b'u' | b'@' | b'L' | b'B' | b'R',
        b'\'' | b'"',
        ..,
    ] = text[at..]
    {
        at += 2;
    }
    at
}

/// How many bytes at the start of `text` are so, at most `most`.
fn run(text: &[u8], most: usize, is: impl Fn(u8) -> bool) -> usize {
    text.iter().take(most).take_while(|&&b| is(b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` has the word `key`, and one of the values begins at the V.
    #[track_caller]
    fn check(text: &str) {
        let at = text.find("key").unwrap() + 3;
        let value = text.find('V').unwrap();
        let bytes = text.as_bytes();
        let mut all = values(bytes, at).to_vec();
        all.push(listed_below(bytes, at));
        assert!(all.contains(&Some(value)), "{text}: {all:?}");
    }

    #[test]
    fn a_value_is_found_behind_its_name() {
        check("key=V");
        check("key = 'V'");
        check("key_of_prod := `V`");
        check("{\"key\": \"V\"}");
        check("{\\\"key\\\": \\\"V\\\"}");
        check("env['key'] = 'V'");
        check("set(\"key\", \"V\")");
        check(":key => 'V'");
        check("<key>V</key>");
        check("key: &'static str = \"V\"");
        check("key: b'V'");
        check("- name: the_key\n  value: V");
        check("{\"name\": \"key\", \"value\": \"V\"}");
        check("key ?= V");
        check("key || 'V'");
        check("key == \"V\"");
        check("**key:** V");
        check("**key**: `V`");
        check("~~key=V~~");
        check("|key|V|");
        check("| `key`                                  |                      **V** |");
        check("key;V");
        check("key\tV");
        check("the key is `V`");
        check("key \u{2192} V");
        check("<tr><td>key</td>\n      <td class=\"x\"><code>V</code></td></tr>");
        check("key={\"V\"}");
        check("key: [V]");
        check("key = []byte(\"V\")");
    }

    #[test]
    fn what_dresses_a_value_ends_it() {
        let close = |text: &[u8], name, at| closer(text, name, at);
        assert_eq!(close(b"**key=V**", 2, 6), Some(&b"**"[..]));
        assert_eq!(close(b"| key | V |", 2, 8), Some(&b"|"[..]));
        assert_eq!(close(b"<td>key</td><td>V<", 4, 16), Some(&b"<"[..]));
        assert_eq!(close(b"x key=V", 2, 6), None);
    }

    #[test]
    fn without_an_operator_there_is_none() {
        for text in [
            "key",
            "key of the house",
            "key(",
            "key;",
            "key;\n V",
            "key + V",
            "key isolates",
            "key</a",
        ] {
            assert_eq!(values(text.as_bytes(), 3), [None; 4], "{text}");
        }
    }
}
