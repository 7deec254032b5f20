//! Values that are given to names: `API_KEY=...`, `"token": "..."`, `setenv("SECRET", "...")`, `<apiKey>...</apiKey>`.
//!
//! gitleaks writes this part into each of a hundred expressions. It is one walk here, because it is the same for all of them and
//! takes a bounded number of steps for each name, whatever stands there.

/// How much of a name may follow a word of it.
const MAX_NAME_REST: usize = 24;
/// Spaces, quotes and closing brackets between a name and its operator, and between that and its value.
const MAX_AROUND: usize = 6;

/// Where the values begin that the name around the word that ends at `at` may be given: at most three places.
pub(super) fn values(text: &[u8], at: usize) -> [Option<usize>; 3] {
    let name_end = at
        + run(&text[at..], MAX_NAME_REST, |b| {
            b.is_ascii_alphanumeric() || b"_-. \t".contains(&b)
        });
    let is_around = |b: u8| b.is_ascii_whitespace() || b"'\"`\\])".contains(&b);
    let operator = name_end + run(&text[name_end..], MAX_AROUND, is_around);
    let rest = &text[operator..];
    let len = match rest {
        [b'=', b'>', ..] | [b'|', b'|', ..] | [b'?', b'=', ..] | [b':', b'=', ..] => 2,
        [b':', b':', b'=', ..] => 3,
        [b'=' | b'>' | b':' | b',', ..] => 1,
        _ => return [None; 3],
    };
    let after = operator + len;
    let first = Some(open(text, after));
    match rest[0] {
        b':' if len == 1 => [first, typed(text, after), None],
        b',' => [first, None, listed(text, after)],
        _ => [first, None, None],
    }
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
    let is_open = |b: u8| b.is_ascii_whitespace() || b"'\"`=\\(".contains(&b);
    let mut at = at + run(&text[at..], MAX_AROUND, is_open);
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
    }

    #[test]
    fn without_an_operator_there_is_none() {
        for text in ["key", "key of the house", "key(", "key;", "key + V"] {
            assert_eq!(values(text.as_bytes(), 3), [None; 3], "{text}");
        }
    }
}
