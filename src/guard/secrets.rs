//! Probable secrets in text: what must not be shown, stored or remembered.
//!
//! Only what is a secret by its look: prefixes that vendors give to their tokens, private keys, signed tokens, passwords in
//! URLs, and random values behind names such as `password`. Entropy alone lost: it takes commits, checksums and
//! identifiers for secrets, and a warning that is mostly wrong is not read. Values of documentation (`...EXAMPLE`, `<token>`,
//! `$TOKEN`) are none.

use std::borrow::Cow;
use std::ops::Range;

/// A probable secret: never its value, only what it is and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// What it is, in kebab case: `github-token`.
    pub kind: &'static str,
    /// Its bytes in the text.
    pub range: Range<usize>,
}

/// Prefix, kind, and how many characters of a token follow at least.
const PREFIXES: &[(&str, &str, usize)] = &[
    ("AKIA", "aws-access-key", 16),
    ("ASIA", "aws-access-key", 16),
    ("ghp_", "github-token", 36),
    ("gho_", "github-token", 36),
    ("ghu_", "github-token", 36),
    ("ghs_", "github-token", 36),
    ("ghr_", "github-token", 36),
    ("github_pat_", "github-token", 22),
    ("glpat-", "gitlab-token", 20),
    ("sk-ant-", "api-key", 20),
    ("sk-", "api-key", 20),
    ("sk_live_", "api-key", 16),
    ("rk_live_", "api-key", 16),
    ("xoxb-", "slack-token", 10),
    ("xoxa-", "slack-token", 10),
    ("xoxp-", "slack-token", 10),
    ("xoxr-", "slack-token", 10),
    ("xoxs-", "slack-token", 10),
    ("AIza", "google-api-key", 35),
    ("npm_", "npm-token", 36),
    ("hf_", "huggingface-token", 30),
];

/// Ends of names whose random values are secrets.
const NAMES: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "api-key",
    "apikey",
    "access_key",
    "access-key",
    "secret_key",
    "secret-key",
    "private_key",
];

/// The least entropy of a value behind such a name, in bits a character: words have about 3, random letters and digits more.
const MIN_ENTROPY: f64 = 3.0;
/// The fewest characters of such a value.
const MIN_VALUE_CHARS: usize = 12;

/// As far as one is looked at.
const MAX_VALUE_BYTES: usize = 400;

/// The probable secrets in `text`, ascending and disjoint. O(length); never fails.
pub fn find(text: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    keys(text, &mut found);
    tokens(text, &mut found);
    signed(text, &mut found);
    urls(text, &mut found);
    assignments(text, &mut found);
    found.sort_by_key(|secret| (secret.range.start, std::cmp::Reverse(secret.range.end)));
    let mut end = 0;
    found.retain(|secret| {
        let is_new = secret.range.start >= end;
        end = end.max(secret.range.end);
        is_new
    });
    found
}

/// `text` with each probable secret replaced by `[REDACTED:kind]`. Lines stay: a key of many lines leaves as many.
pub fn redact(text: &str) -> Cow<'_, str> {
    let secrets = find(text);
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for Secret { kind, range } in secrets {
        out.push_str(&text[at..range.start]);
        out.push_str(&format!("[REDACTED:{kind}]"));
        let n_lines = text[range.clone()].matches('\n').count();
        out.extend(std::iter::repeat_n('\n', n_lines));
        at = range.end;
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Where the run of bytes of a token that begins at `at` ends.
fn token_end(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at..];
    at + rest.iter().take_while(|byte| is_token_byte(**byte)).count()
}

fn starts_word(text: &str, at: usize) -> bool {
    !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-')
}

/// PEM blocks of private keys, to their end; a torn one to the first line that is no part of it.
fn keys(text: &str, found: &mut Vec<Secret>) {
    let mut from = 0;
    while let Some(offset) = text[from..].find("-----BEGIN ") {
        let start = from + offset;
        let rest = &text[start..];
        let head = rest.lines().next().unwrap_or_default();
        from = start + "-----BEGIN ".len();
        let head = &head[..head.floor_char_boundary(60)];
        let Some(label) = head["-----BEGIN ".len()..].find("PRIVATE KEY") else {
            continue;
        };
        let body_at = "-----BEGIN ".len() + label + "PRIVATE KEY".len();
        let is_body =
            |c: char| c.is_ascii_alphanumeric() || c.is_whitespace() || "+/=-:,\\".contains(c);
        let limit = rest[body_at..]
            .find(|c| !is_body(c))
            .map_or(rest.len(), |n| body_at + n);
        let mut end = rest[body_at..limit]
            .find("-----END")
            .map(|n| body_at + n)
            .map_or(limit, |end| {
                end + rest[end..].lines().next().map_or(0, str::len)
            });
        if let Some(blank) = rest[body_at..end].find("\n\n") {
            end = body_at + blank;
        }
        let end = rest[..end].trim_end().len();
        found.push(Secret {
            kind: "private-key",
            range: start..start + end,
        });
        from = start + end.max(1);
    }
}

fn tokens(text: &str, found: &mut Vec<Secret>) {
    for &(prefix, kind, least) in PREFIXES {
        for (at, _) in text.match_indices(prefix) {
            if !starts_word(text, at) {
                continue;
            }
            let end = token_end(text, at);
            let body = &text[at + prefix.len()..end];
            let is_aws = kind == "aws-access-key";
            let fits = body.len() >= least && (!is_aws || body.len() == least);
            let is_upper = || {
                body.bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            };
            if fits && (!is_aws || is_upper()) && is_random(body) && !is_placeholder(body) {
                let range = at..end;
                found.push(Secret { kind, range });
            }
        }
    }
}

/// JSON Web Tokens: three parts in base64, of which the first two open an object.
fn signed(text: &str, found: &mut Vec<Secret>) {
    for (at, _) in text.match_indices("eyJ") {
        if !starts_word(text, at) {
            continue;
        }
        let first = token_end(text, at);
        let Some(rest) = text[first..].strip_prefix('.') else {
            continue;
        };
        let second = token_end(text, first + 1);
        let is_object = rest.starts_with("eyJ") && first - at >= 12 && second - first >= 10;
        if is_object && text[second..].starts_with('.') {
            let end = token_end(text, second + 1);
            if end - second > 10 {
                let range = at..end;
                found.push(Secret { kind: "jwt", range });
            }
        }
    }
}

/// The password in `scheme://user:password@host`.
fn urls(text: &str, found: &mut Vec<Secret>) {
    for (at, _) in text.match_indices("://") {
        let start = at + 3;
        let rest = &text[start..];
        let rest = &rest[..rest.floor_char_boundary(300)];
        let end = rest.find(|c: char| c.is_whitespace() || "/\"'`<>?#".contains(c));
        let authority = &rest[..end.unwrap_or(rest.len())];
        let Some((login, _)) = authority.rsplit_once('@') else {
            continue;
        };
        let Some((user, password)) = login.split_once(':') else {
            continue;
        };
        if password.len() >= 4 && password != user && !is_placeholder(password) {
            let from = start + user.len() + 1;
            found.push(Secret {
                kind: "url-password",
                range: from..from + password.len(),
            });
        }
    }
}

/// Random values behind names of secrets: `API_KEY="..."`, `token: ...`.
fn assignments(text: &str, found: &mut Vec<Secret>) {
    let lower = text.to_ascii_lowercase();
    for name in NAMES {
        for (at, _) in lower.match_indices(name) {
            let rest = &text[at + name.len()..];
            let rest = rest.trim_start_matches(['"', '\'', '`', ' ']);
            let Some(rest) = rest.strip_prefix(['=', ':']) else {
                continue;
            };
            let value = rest.trim_start_matches(['=', ' ', '"', '\'', '`']);
            let value_at = text.len() - value.len();
            let value = &value[..value.floor_char_boundary(MAX_VALUE_BYTES)];
            let end = value.find(|c: char| c.is_whitespace() || "\"'`,;)]}<>".contains(c));
            let value = &value[..end.unwrap_or(value.len())].trim_end_matches('.');
            let is_value = value.len() >= MIN_VALUE_CHARS
                && value.bytes().all(|b| b.is_ascii_graphic())
                && !value.contains(['(', '[', '{', '$'])
                && !value.contains("::")
                && is_random(value)
                && entropy(value) >= MIN_ENTROPY
                && !is_placeholder(value);
            if is_value {
                found.push(Secret {
                    kind: "secret-value",
                    range: value_at..value_at + value.len(),
                });
            }
        }
    }
}

/// Letters and digits together, and not one character over and over.
fn is_random(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.as_bytes().iter().any(is);
    let mut distinct = [false; 256];
    value.bytes().for_each(|b| distinct[usize::from(b)] = true);
    let n_distinct = distinct.iter().filter(|is| **is).count();
    has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && n_distinct >= 6
}

fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    value.bytes().for_each(|b| counts[usize::from(b)] += 1);
    let n = value.len() as f64;
    let used = counts.iter().filter(|n| **n > 0);
    used.map(|&count| {
        let share = f64::from(count) / n;
        -share * share.log2()
    })
    .sum()
}

/// What documentation writes in the place of a secret.
fn is_placeholder(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "example",
        "placeholder",
        "changeme",
        "change-me",
        "redacted",
        "xxxx",
        "your",
        "dummy",
        "****",
    ];
    let lower = value.to_ascii_lowercase();
    let is_word = matches!(
        lower.as_str(),
        "password" | "passwd" | "pass" | "secret" | "token" | "test"
    );
    is_word
        || lower.starts_with(['$', '<', '{', '*', '%', '['])
        || WORDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Put together here, so that no scanner takes these lines for leaks.
    fn body(n: usize) -> String {
        "a1B2c3D4e5F6g7H8i9J0".chars().cycle().take(n).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let kinds: Vec<&str> = find(text).iter().map(|secret| secret.kind).collect();
        assert_eq!(kinds, expected, "{text}");
    }

    #[test]
    fn secrets_are_found() {
        check(
            &format!("key AKIA{}", "Q3EGRIZ7P2LMW4XA"),
            &["aws-access-key"],
        );
        check(&format!("`ghp_{}`", body(36)), &["github-token"]);
        check(&format!("github_pat_{}", body(60)), &["github-token"]);
        check(&format!("sk-ant-api03-{}", body(40)), &["api-key"]);
        check(&format!("OPENAI=sk-proj-{}", body(40)), &["api-key"]);
        check(&format!("xoxb-{}", body(24)), &["slack-token"]);
        check(&format!("AIza{}", body(35)), &["google-api-key"]);
        check(
            &format!("eyJ{}.eyJ{}.{}", body(20), body(30), body(43)),
            &["jwt"],
        );
        check("postgres://app:hunter2x@db/shop", &["url-password"]);
        check(&format!("API_TOKEN: \"{}\"", body(24)), &["secret-value"]);
        check(
            &format!("the password = {} is old", body(16)),
            &["secret-value"],
        );
        let pem = format!("-----BEGIN RSA {} KEY-----\n{}\n", "PRIVATE", body(64));
        check(
            &format!("{pem}-----END RSA {} KEY-----\nafter", "PRIVATE"),
            &["private-key"],
        );
        check(&pem, &["private-key"]);
    }

    #[test]
    fn what_looks_like_one_is_left() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "sk-learn and task-list-of-things-to-do-1",
            "at 1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d",
            "token = std::env::var(\"TOKEN\")",
            "password: <the one of the vault>",
            "API_KEY=$OPENAI_API_KEY_2024",
            "token: your-token-goes-here-123",
            "postgres://user:password@localhost/db",
            "postgres://postgres:postgres@localhost/db",
            "https://example.com/a:b@c",
            "-----BEGIN PUBLIC KEY-----\nMIIB\n",
            "eyJ is how an object starts",
            "the secret: patience",
            "ghp_short",
            "",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn redacting_keeps_lines() {
        let pem = format!(
            "a\n-----BEGIN {} KEY-----\n{}\n-----END\nb\n",
            "PRIVATE",
            body(40)
        );
        assert_eq!(redact(&pem), "a\n[REDACTED:private-key]\n\n\nb\n");
        assert_eq!(
            redact("https://u:hunter2x@h and more"),
            "https://u:[REDACTED:url-password]@h and more"
        );
        assert_eq!(redact("nothing"), "nothing");
    }

    proptest! {
        #[test]
        fn ranges_are_in_order_and_nothing_is_found_twice(
            text in "(AKIA|ghp_|sk-|eyJ|\\.|-----BEGIN |PRIVATE KEY-----|-----END|\n|://|a:|@|token=|é| |[a-zA-Z0-9]{1,20}){0,30}",
        ) {
            let found = find(&text);
            let mut end = 0;
            for secret in &found {
                prop_assert!(secret.range.start >= end && secret.range.end > secret.range.start);
                prop_assert!(text.is_char_boundary(secret.range.start) && text.is_char_boundary(secret.range.end));
                end = secret.range.end;
            }
            let redacted = redact(&text);
            prop_assert_eq!(redacted.matches('\n').count(), text.matches('\n').count());
        }
    }
}
