//! What the formats share: the fixed first line, names on one line, and how much is said about what is not shown.

use super::{Account, Item};
pub(super) use crate::guard::PREAMBLE;
use crate::guard::text::clean;
use crate::request::{Kind, RenderingName, TaskSource};
use std::borrow::Cow;
use std::fmt::Write;

/// A task of so many bytes is shown whole: saying what is left out would take no less.
const WHOLE_BYTES: usize = 32;

/// The most bytes of paths that [`left_out`] names: some 40 tokens, for orientation and no more.
const MOST_NAMED_BYTES: usize = 160;

/// The most bytes of the account that a JSON bundle repeats of each list beyond its items: some 1,000 tokens.
const MOST_LISTED_BYTES: usize = 4_000;

/// What an item is called where the format tags it.
pub(super) fn noun(item: &Item) -> &'static str {
    match (item.kind, item.rendering) {
        (Kind::File, RenderingName::Mention) => "mention",
        (Kind::File, _) => "document",
        (Kind::Note, _) => "note",
        (Kind::Session, _) => "session",
    }
}

/// An item's labels without doubles, and without keys that a format could not write.
pub(super) fn labels(item: &Item) -> impl Iterator<Item = (&'static str, &str)> {
    let sound = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase());
    item.labels
        .iter()
        .enumerate()
        .filter(move |(idx, (key, _))| {
            let first = item.labels[..*idx].iter().all(|(other, _)| other != key);
            first && *key != "path" && sound(key)
        })
        .map(|(_, (key, value))| (*key, value.as_str()))
}

/// What stands beside an item's path where a format has no tag for it: `note, date: 2026-01-02`. Empty for a document
/// without labels.
pub(super) fn remark(item: &Item) -> String {
    let noun = match noun(item) {
        "document" => None,
        noun => Some(noun.to_owned()),
    };
    let labels = labels(item).map(|(key, value)| format!("{key}: {}", one_value(value)));
    noun.into_iter()
        .chain(labels)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A label's value among others: in double quotes, with `\` before those inside, where it could be read as the next label.
fn one_value(text: &str) -> Cow<'_, str> {
    let text = one_line(text);
    if !text.contains([',', '"']) {
        return text;
    }
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    Cow::Owned(format!("\"{escaped}\""))
}

/// A name or label that holds to its line: what breaks lines or steers terminals is percent-escaped, byte by byte.
///
/// Paths and labels arrive clean; this is the second lock, for text that came another way.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unruly) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unruly(c) {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(shown, "%{byte:02X}");
            }
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Control characters, line and paragraph separators, bidirectional overrides and isolates, noncharacters, tag characters.
pub(super) fn is_unruly(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// A text that is clean and whose last line is ended, as [`Item::text`] promises; formats rely on it to close what they opened.
///
/// Texts arrive clean; this is the second lock, for text that came another way.
pub(super) fn ended(text: &str) -> Cow<'_, str> {
    let text = clean(text).0;
    if text.is_empty() || text.ends_with('\n') {
        text
    } else {
        Cow::Owned(format!("{text}\n"))
    }
}

/// The task as the bundle shows it: whole where there is room ([`Account::room`]), else
/// its first and last lines, since asks begin a task and the failure ends a log. Cleaned as contents are: a task is often pasted.
/// Ends in a newline; empty where there is no task.
pub(super) fn shown_task(account: &Account) -> String {
    let text = clean(account.task.text.trim_end()).0;
    let text = text.trim_end();
    if text.is_empty() {
        return String::new();
    }
    if text.len() <= account.room.max(WHOLE_BYTES) {
        return format!("{text}\n");
    }
    let half = account.room / 2;
    let is_boundary = |at: &usize| text.is_char_boundary(*at);
    let start = &text[..(0..=half).rev().find(is_boundary).unwrap_or(0)];
    let end = (text.len() - half..text.len()).find(is_boundary);
    let end = &text[end.unwrap_or(text.len())..];
    // Whole lines where there are any.
    let start = start.rsplit_once('\n').map_or(start, |(lines, _)| lines);
    let end = end.split_once('\n').map_or(end, |(_, lines)| lines);
    let n_bytes = text.len() - start.len() - end.len();
    format!("{start}\n[{n_bytes} bytes of the task left out]\n{end}\n")
}

/// Whether the task was worked out rather than given: then it is no instruction, and the bundle says so.
pub(super) fn is_inferred(account: &Account) -> bool {
    account.task.source == TaskSource::Inferred
}

/// One line about what was left out, for example `12 files, 1 note; most relevant: src/a.rs, src/b.rs`; about 60
/// tokens at most. `None` where nothing was.
pub(super) fn left_out(account: &Account) -> Option<String> {
    let counts: Vec<String> = [
        (Kind::File, "file"),
        (Kind::Note, "note"),
        (Kind::Session, "session"),
    ]
    .into_iter()
    .filter_map(|(kind, noun)| {
        let n_omitted = account.omitted.len_of(kind);
        let plural = if n_omitted == 1 { "" } else { "s" };
        (n_omitted > 0).then(|| format!("{n_omitted} {noun}{plural}"))
    })
    .collect();
    if counts.is_empty() {
        return None;
    }
    let mut line = counts.join(", ");
    // A small budget has better uses than names.
    let mut room = MOST_NAMED_BYTES.min(account.room / 8);
    let mut lead = "; most relevant: ";
    for omitted in account.omitted.iter().filter(|o| o.relevance > 0.0) {
        let path = one_line(&omitted.path);
        let Some(rest) = room.checked_sub(path.len() + 2) else {
            break;
        };
        room = rest;
        line.push_str(lead);
        line.push_str(&path);
        lead = ", ";
    }
    Some(line)
}

/// The first of `lines` that a bundle may repeat: a quarter of the room, and 4,000 bytes.
pub(super) fn affordable(lines: impl Iterator<Item = String>, account: &Account) -> Vec<String> {
    let room = MOST_LISTED_BYTES.min(account.room / 4);
    let mut taken = 0;
    lines
        .take_while(|line| {
            taken += line.len();
            taken <= room
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::{Omitted, Proof};
    use crate::request::Task;

    fn account(budget: usize, task: &str, omitted: &[(Kind, &str, f64)]) -> Account {
        let omitted = omitted.iter().map(|&(kind, path, relevance)| Omitted {
            own_id: None,
            kind,
            path: path.into(),
            tokens_full: 1,
            relevance,
            reason: "no room",
        });
        Account {
            budget,
            room: budget,
            tokenizer: "o200k_base",
            task: Task {
                source: TaskSource::Flag,
                text: task.to_owned(),
            },
            proof: Proof {
                value: 0.0,
                bound: 0.0,
                exact: true,
                price: 0.0,
            },
            chance: None,
            next: vec![],
            items: Vec::new(),
            omitted: omitted.collect(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_long_task_keeps_its_ends() {
        let check = |budget, task: &str, shown: &str| {
            assert_eq!(
                shown_task(&account(budget, task, &[])),
                shown,
                "from {task:?}"
            );
        };
        check(100, "mend this", "mend this\n");
        check(100, " \n", "");
        check(100, "a\x1b[31m\tb\n\u{202e}", "a\\x1b[31m\tb\n<U+202E>\n");
        check(
            10,
            "ask\nlog 1\nlog 2\nlog 3 and on\nfail\n",
            "ask\n[26 bytes of the task left out]\nfail\n",
        );
        check(
            4,
            &"é".repeat(17),
            "é\n[30 bytes of the task left out]\né\n",
        );
        check(0, "short", "short\n");
    }

    #[test]
    fn what_was_left_out_is_said_in_one_short_line() {
        let check = |budget, omitted: &[(Kind, &str, f64)], line: Option<&str>| {
            assert_eq!(left_out(&account(budget, "", omitted)).as_deref(), line);
        };
        check(8_000, &[], None);
        check(8_000, &[(Kind::Note, "a", 0.0)], Some("1 note"));
        let two = [(Kind::File, "a\nb", 0.5), (Kind::File, "c", 0.25)];
        check(8_000, &two, Some("2 files; most relevant: a%0Ab, c"));
        check(60, &two, Some("2 files; most relevant: a%0Ab"));
        check(20, &two, Some("2 files"));
    }
}
