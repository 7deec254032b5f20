//! Secrets that have a shape rather than an expression: blocks of keys over many lines, logins in URLs, and manifests of Secrets.

use super::harmless::{entropy, is_common, is_placeholder};
use super::views::decode;
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

/// Random by its look, or made up to be guessed by nobody: letters with digits among them, or small and large ones mixed.
fn is_drawn(value: &[u8]) -> bool {
    let turns = |pair: &[u8]| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase();
    let n_turns = value.windows(2).filter(|pair| turns(pair)).count();
    let n_digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    is_token_like(value)
        || entropy(value) > 2.8 && n_turns > 1
        || entropy(value) > 2.6 && n_digits > 1 && value.len() >= 10
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

/// How far before and behind its kind a Secret of Kubernetes may go: it holds a megabyte at most, and few hold so much.
const MAX_SECRET: usize = 64 << 10;

/// Whether the file at `path` may be a manifest: what explains them shows some as well.
pub(super) fn is_manifest(path: Option<&str>) -> bool {
    let Some(path) = path else { return true };
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.to_ascii_lowercase();
    !name.contains('.') || name.contains(".yaml") || name.contains(".yml")
}

/// The values under `data` and `stringData` of the Secret of Kubernetes whose `kind: Secret` begins at `at`, before it or behind.
/// Those are all secret whatever their names; a text of many lines under `stringData` is left to the other rules.
/// Also where the object ends, up to which all has been looked at.
pub(super) fn kubernetes(text: &[u8], at: usize) -> (Vec<Range<usize>>, usize) {
    let from = at.saturating_sub(MAX_SECRET);
    let to = text.len().min(at + MAX_SECRET);
    let line_of =
        |at: usize| memchr::memrchr(b'\n', &text[from..at]).map_or(from, |n| from + n + 1);
    let mut start = line_of(at);
    let kind = line_at(text, start, to);
    let is_secret = unquoted(&text[kind.value]).eq_ignore_ascii_case(b"secret");
    if start + kind.column != at || !is_secret {
        return (Vec::new(), kind.end);
    }
    // back to where the object begins: behind a line that is indented less, or with the item of a list
    let mut is_first = kind.is_item;
    while !is_first && start > from {
        let previous = line_of(start - 1);
        let line = line_at(text, previous, to);
        if line.is_mark || !line.is_empty && line.column < kind.column {
            break;
        }
        start = previous;
        is_first = line.is_item && line.column == kind.column;
    }
    values_from(text, start, to, kind.column)
}

/// What a key of a Secret holds.
#[derive(PartialEq, Clone, Copy)]
enum Part {
    Other,
    /// Values in base64.
    Data,
    /// Values as they are.
    StringData,
}

/// The values of the object that begins at `start` and whose keys stand at `column`.
fn values_from(text: &[u8], start: usize, to: usize, column: usize) -> (Vec<Range<usize>>, usize) {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut part = Part::Other;
    let mut inner = None;
    // a value of many lines, which begins with the first of them
    let mut block: Option<Option<Range<usize>>> = None;
    let mut at = start;
    while at < to {
        let line = line_at(text, at, to);
        let is_next = line.is_item && line.column == column && at > start;
        let is_over = line.is_mark || line.column < column || is_next;
        if line.is_empty {
        } else if is_over {
            break;
        } else if inner.is_some_and(|inner| line.column > inner) {
            if let Some(range) = &mut block {
                let start = range
                    .as_ref()
                    .map_or(line.content.start, |range| range.start);
                *range = Some(start..line.content.end);
            }
        } else {
            found.extend(
                block
                    .take()
                    .flatten()
                    .filter(|range| is_encoded(text, range)),
            );
            let value = &text[line.value.clone()];
            if line.column == column {
                inner = None;
                part = match unquoted(&text[line.key.clone()]) {
                    b"data" if value.is_empty() => Part::Data,
                    b"stringData" if value.is_empty() => Part::StringData,
                    _ => Part::Other,
                };
            } else if part != Part::Other && !line.key.is_empty() {
                inner = Some(line.column);
                let bare = unquoted(value);
                let is_block = matches!(value, [b'|' | b'>', ..]);
                if is_block && part == Part::Data {
                    block = Some(None);
                } else if !is_block && !is_shown(&text[line.key], part) && is_kept(bare, part) {
                    let start = line.value.start + usize::from(bare.len() < value.len());
                    found.push(start..start + bare.len());
                }
            }
        }
        at = line.end + 1;
    }
    found.extend(block.flatten().filter(|range| is_encoded(text, range)));
    (found, at)
}

/// Whether the lines hold base64 and nothing else: what makes them, in a template, is none.
fn is_encoded(text: &[u8], range: &Range<usize>) -> bool {
    let is_body = |b: &u8| is_base64(*b) || b.is_ascii_whitespace();
    text[range.clone()].iter().all(is_body)
}

/// A line of YAML.
struct Line {
    /// Where it begins behind spaces and the mark of an item, as the column.
    column: usize,
    is_item: bool,
    /// `---`
    is_mark: bool,
    /// Nothing, or a comment.
    is_empty: bool,
    /// In the text: what stands before the colon, behind it, and all of it, without spaces and without a comment.
    key: Range<usize>,
    value: Range<usize>,
    content: Range<usize>,
    /// Where its break stands.
    end: usize,
}

/// The line that begins at `at` and ends before `to`.
fn line_at(text: &[u8], at: usize, to: usize) -> Line {
    let end = memchr::memchr(b'\n', &text[at..to]).map_or(to, |n| at + n);
    let line = &text[at..end];
    let spaces = |from: usize| {
        line[from..]
            .iter()
            .take_while(|b| b" \t".contains(b))
            .count()
    };
    let indent = spaces(0);
    let is_item = line[indent..].starts_with(b"- ");
    let column = match is_item {
        true => indent + 1 + spaces(indent + 1),
        false => indent,
    };
    let whole = line[column..].trim_ascii_end();
    let is_empty = whole.is_empty() || whole.starts_with(b"#");
    let content = match memchr::memmem::find(whole, b" #") {
        Some(n) => whole[..n].trim_ascii_end(),
        None => whole,
    };
    let colon = memchr::memmem::find(content, b": ")
        .or_else(|| content.ends_with(b":").then(|| content.len() - 1));
    let start = at + column;
    let after = colon.map_or(content.len(), |colon| colon + 1);
    let lead = content[after..].len() - content[after..].trim_ascii_start().len();
    Line {
        column,
        is_item,
        is_mark: line.starts_with(b"---"),
        is_empty,
        key: start..start + colon.unwrap_or(0),
        value: start + after + lead..start + content.len(),
        content: start..start + content.len(),
        end,
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => value,
    }
}

/// Whether the key says that its value may be seen, where values can be read at all.
fn is_shown(key: &[u8], part: Part) -> bool {
    const NAMES: &[&[u8]] = &[
        b"type",
        b"project",
        b"name",
        b"namespace",
        b"url",
        b"host",
        b"hostname",
        b"port",
        b"user",
        b"username",
    ];
    part == Part::StringData && NAMES.contains(&unquoted(key))
}

/// Whether a value of a Secret is one: no template, no reference, and no word that documentation has for passwords.
fn is_kept(value: &[u8], part: Part) -> bool {
    let is_data = part == Part::Data;
    let decoded = is_data.then(|| decode(value)).flatten();
    let shown = decoded.as_deref().unwrap_or(value);
    let is_word = value.len() < 4 || matches!(value, b"true" | b"false" | b"null");
    let is_address = !is_data && value.starts_with(b"http") && !value.contains(&b'@');
    let is_odd = |b: &u8| b"{}<>$*&|! ".contains(b);
    !is_word
        && !is_address
        && !value.iter().any(is_odd)
        && !is_placeholder(value)
        && !is_common(shown.trim_ascii())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The values in the manifest, whose Secret is the first one.
    fn values(text: &str) -> Vec<&str> {
        let at = text.to_ascii_lowercase().find("kind: ").unwrap();
        let ranges = kubernetes(text.as_bytes(), at).0.into_iter();
        ranges.map(|range| &text[range]).collect()
    }

    #[test]
    fn values_of_secrets_of_kubernetes() {
        assert_eq!(
            values(
                "kind: Secret\nmetadata:\n  name: app\ndata:\n  # of the db\n  pw: S3E4enozMQ== # x\n  'a.b': \"Zm9vYmFyMQ==\"\ntype: Opaque\n"
            ),
            ["S3E4enozMQ==", "Zm9vYmFyMQ=="]
        );
        assert_eq!(
            values(
                "data:\n  pw: S3E4enozMQ==\nkind: 'secret'\nmetadata:\n  name: app\n---\ndata:\n  b: S3E4enozMQ==\n"
            ),
            ["S3E4enozMQ=="]
        );
        assert_eq!(
            values(
                "a:\n- data:\n    z: S3E4enozMQ==\n- apiVersion: v1\n  kind: Secret\n  stringData:\n    pw: hunter2x\n- stringData:\n    b: hunter3x\n"
            ),
            ["hunter2x"]
        );
        assert_eq!(
            values(
                "kind: Secret\ndata:\n  .cfg: |\n    eyJhdXRocyI6e30K\n\n    eyJhdXRocyI6e30K\n  b: >-\n    S3E4enozMQ==\n"
            ),
            ["eyJhdXRocyI6e30K\n\n    eyJhdXRocyI6e30K", "S3E4enozMQ=="]
        );
    }

    #[test]
    fn what_is_no_value_of_a_secret() {
        for text in [
            "kind: SecretStore\ndata:\n  pw: S3E4enozMQ==\n",
            "kind: ConfigMap\ndata:\n  pw: S3E4enozMQ==\n",
            "kind: Secret\ndata:\n  pw: {{ .Values.pw }}\n  user: YWRtaW4=\n  a: <value>\n  c: \"\"\n",
            "kind: Secret\nmetadata:\n  data:\n    pw: S3E4enozMQ==\n",
            "kind: Secret\nstringData:\n  url: https://h.io/a\n  type: gitlab\n  on: true\n  conf.yaml: |\n    debug: yes\n",
            "refers to kind: Secret\ndata:\n  pw: S3E4enozMQ==\n",
            "kind: Secret\ndata:\n  a: |-\n    {{- include \"a.b\" . | b64enc }}\n",
            "kind: Secret",
        ] {
            assert_eq!(values(text), [""; 0], "{text}");
        }
    }
}
