//! Secrets that have a shape rather than an expression: blocks of keys over many lines, and logins in URLs.

use super::harmless::{entropy, is_common};
use std::ops::Range;

/// How far a block of a key may go: larger than any key that people use.
const MAX_BLOCK: usize = 32 << 10;
/// The fewest characters of base64 that a block has in one piece: less is a mention of one.
const MIN_RUN: usize = 20;
/// How far from `://` a password may end.
const MAX_AUTHORITY: usize = 400;

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_')
}

/// A private key in PEM and its kin, whose `BEGIN ` ends at `at`: from its first dash to the last of its end or, where that is
/// missing, to its last line that can be one of a key. In code and JSON lines may be escaped, quoted or indented.
pub(super) fn key(text: &[u8], at: usize) -> Option<Range<usize>> {
    let line = &text[at..text.len().min(at + 120)];
    let label_len = memchr::memchr2(b'\n', b'\\', line).unwrap_or(line.len());
    let label = memchr::memmem::find(&line[..label_len], b"PRIVATE KEY")?;
    let body = at + label + "PRIVATE KEY".len();
    let opening = text[..at - "BEGIN ".len()].iter().rev();
    let start = at
        - "BEGIN ".len()
        - opening
            .take_while(|b| matches!(b, b'-' | b' '))
            .take(6)
            .count();
    let start = start + text[start..at].iter().take_while(|b| **b == b' ').count();
    let rest = &text[body..text.len().min(body + MAX_BLOCK)];
    // the next key's beginning is no part of this one
    let rest = &rest[..memchr::memmem::find(rest, b"BEGIN ").unwrap_or(rest.len())];
    let is_whole = memchr::memmem::find(rest, b"END ").and_then(|end| {
        let after = &rest[end..];
        let close = memchr::memmem::find(after, b"PRIVATE KEY")?;
        let dashes = &after[close + "PRIVATE KEY".len()..];
        let n = dashes.iter().take_while(|b| b" BLOCK-".contains(b)).count();
        (close < 60).then_some(end + close + "PRIVATE KEY".len() + n)
    });
    let end = is_whole.unwrap_or_else(|| torn(rest));
    if longest_run(&rest[..end]) < MIN_RUN {
        return None;
    }
    let end = body + end;
    let end = end
        - text[start..end]
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_whitespace())
            .count();
    Some(start..end)
}

/// How much of `rest` can be the body of a key: lines of base64, and headers before them.
fn torn(rest: &[u8]) -> usize {
    let mut end = 0;
    let mut is_first = true;
    let mut seen_body = false;
    for line in rest.split_inclusive(|b| *b == b'\n') {
        let is_decoration = |b: &u8| b" \t\r\n>|#*+\"',;`()".contains(b);
        let trimmed: &[u8] = {
            let from = line
                .iter()
                .position(|b| !is_decoration(b))
                .unwrap_or(line.len());
            let to = line
                .iter()
                .rposition(|b| !is_decoration(b))
                .map_or(from, |n| n + 1);
            &line[from..to]
        };
        // escaped line breaks, and what a dashed label leaves on the first line
        let is_body = trimmed
            .iter()
            .all(|b| is_base64(*b) || matches!(b, b'\\' | b'.'))
            && !trimmed.is_empty()
            && (trimmed.len() >= 16
                || is_first
                || seen_body && trimmed.iter().all(|b| is_base64(*b)));
        let is_header =
            !seen_body && memchr::memmem::find(trimmed, b": ").is_some_and(|n| n < 30 && n > 2);
        if is_first || is_body || is_header || trimmed.is_empty() && !seen_body {
            if is_first && !is_body {
                // the rest of the line, as far as it can be of a key
                let n = line_of_key(line);
                if n + 1 < line.len() {
                    return n;
                }
            }
            seen_body |= is_body && !is_first;
            end += line.len();
            is_first = false;
        } else {
            break;
        }
    }
    end
}

/// How much of a line is of a key whose line breaks are escaped, or spaces.
fn line_of_key(line: &[u8]) -> usize {
    let is_key = |b: &u8| is_base64(*b) || *b == b'\\';
    let run = |at: usize| line[at..].iter().take_while(|b| is_key(b)).count();
    let mut end = run(0);
    while line.get(end) == Some(&b' ') && run(end + 1) >= 16 {
        end += 1 + run(end + 1);
    }
    end
}

fn longest_run(text: &[u8]) -> usize {
    let is_key = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let runs = text.split(|b| !is_key(b));
    runs.filter(|run| entropy(run) > 2.5)
        .map(<[u8]>::len)
        .max()
        .unwrap_or(0)
}

/// The private lines of a key of PuTTY, whose name begins at `at`.
pub(super) fn putty(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..text.len().min(at + MAX_BLOCK)];
    let head = memchr::memmem::find(rest, b"Private-Lines:")?;
    let digits = head + "Private-Lines:".len();
    let start = digits
        + rest[digits..]
            .iter()
            .take_while(|b| b.is_ascii_digit() || **b == b' ')
            .count();
    let is_key = |b: &u8| is_base64(*b) || b.is_ascii_whitespace() || *b == b'\\';
    let mut end = start + rest[start..].iter().take_while(|b| is_key(b)).count();
    // `Private-MAC: ...` ends it; its name is no base64 further than the colon
    if let Some(mac) = memchr::memmem::find(&rest[start..], b"Private-MAC:") {
        let mac = start + mac + "Private-MAC:".len();
        end = mac
            + rest[mac..]
                .iter()
                .take_while(|b| b.is_ascii_hexdigit() || **b == b' ')
                .count();
    }
    let lead = rest[start..end]
        .iter()
        .take_while(|b| b.is_ascii_whitespace() || **b == b'\\')
        .count();
    let start = start + lead;
    (longest_run(&rest[start..end]) >= MIN_RUN).then(|| at + start..at + end)
}

/// The password in `scheme://user:password@host`, whose `://` ends at `at`; or the user, where it is a token and nothing else is said.
pub(super) fn login(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..text.len().min(at + MAX_AUTHORITY)];
    let is_end =
        |b: &u8| b.is_ascii_whitespace() || b"\"'`<>|\\^".contains(b) || b.is_ascii_control();
    let authority = &rest[..rest.iter().position(is_end).unwrap_or(rest.len())];
    // a slash, a question mark or a sign ends it, unless an `@` stands behind and a colon before: people do not escape passwords
    let stop = authority
        .iter()
        .position(|b| b"/?#,;)".contains(b))
        .unwrap_or(authority.len());
    let sign = match memchr::memrchr(b'@', &authority[..stop]) {
        Some(sign) => sign,
        None if authority.starts_with(b"[") => return None,
        None => {
            let sign = memchr::memchr(b'@', authority)?;
            let colon = memchr::memchr(b':', &authority[..stop])?;
            let is_port = authority[colon + 1..stop].iter().all(u8::is_ascii_digit);
            let is_host = authority[..colon].contains(&b'.') || authority[..colon].is_empty();
            if is_port
                || is_host
                || sign - colon > 80
                || authority[stop] == b','
                || authority[stop] == b')'
            {
                return None;
            }
            sign
        }
    };
    let host = &authority[sign + 1..];
    let host = &host[..host
        .iter()
        .position(|b| b":/?#,;)".contains(b))
        .unwrap_or(host.len())];
    if host.is_empty()
        || !host.iter().any(u8::is_ascii_alphanumeric) && host[0] != b'[' && host[0] != b'$'
    {
        return None;
    }
    let Some(colon) = memchr::memchr(b':', &authority[..sign]) else {
        let user = &authority[..sign];
        // the key of a DSN of Sentry is public
        let is_public = host.ends_with(b"sentry.io");
        return (is_token(user) && !is_public).then_some(at..at + sign);
    };
    let (user, password) = (&authority[..colon], &authority[colon + 1..sign]);
    if is_token(user) && is_common(password) {
        return Some(at..at + colon);
    }
    let is_example = is_example(host) && !(password.len() >= 8 && is_drawn(password));
    let is_shown = password.len() < 4
        || password == user
        || is_common(password)
        || is_format(password)
        || is_example;
    (!is_shown).then(|| at + colon + 1..at + sign)
}

/// Twenty random letters and digits.
fn is_token(user: &[u8]) -> bool {
    let is_plain = user
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    user.len() >= 20 && is_plain && is_token_like(user) && !is_common(user)
}

fn is_token_like(value: &[u8]) -> bool {
    entropy(value) > 2.8
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
}

/// Random by its look: letters with digits among them, or small and large ones mixed.
fn is_drawn(value: &[u8]) -> bool {
    let turns = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    let n_turns = value.windows(2).filter(|pair| turns(pair)).count();
    is_token_like(value) || entropy(value) > 2.8 && n_turns > 1
}

/// `%s`, `{password}`, `$PASS`, `...`: a place for a password.
fn is_format(password: &[u8]) -> bool {
    let has = |pattern: &[u8]| memchr::memmem::find(password, pattern).is_some();
    password.starts_with(b"$")
        || password.contains(&b'{')
        || password.contains(&b'}')
        || password.starts_with(b"[")
        || password.starts_with(b"%")
            && password.len() <= 4
            && !password[1..].iter().all(u8::is_ascii_hexdigit)
        || has(b"..")
        || has(b"\xe2\x80\xa6")
        || has(b"(")
        || password.iter().all(|b| b.is_ascii_digit()) && password.len() <= 5
        || password
            .iter()
            .all(|b| b.is_ascii_uppercase() || *b == b'_')
}

/// Hosts that documentation speaks of, and the machine itself: only a random password is one there.
fn is_example(host: &[u8]) -> bool {
    const NAMES: &[&str] = &[
        "localhost",
        "127.0.0.1",
        "0.0.0.0",
        "[",
        "host",
        "hostname",
        "server",
        "foo",
        "bar",
        "foo.com",
        "bar.com",
        "domain.com",
        "test.com",
    ];
    const ENDS: &[&str] = &["example.com", "example.org", "example.net", ".example"];
    let host = host.to_ascii_lowercase();
    NAMES.iter().any(|name| host == name.as_bytes())
        || ENDS.iter().any(|end| host.ends_with(end.as_bytes()))
}
