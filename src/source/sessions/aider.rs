//! Sessions of Aider: `.aider.chat.history.md` in the repository itself.
//!
//! One file holds all sessions, one after the other, as markdown that the assistant's answers are part of. So a
//! heading in an answer looks like Aider's own marks, and three rules tell them apart: a session starts only at the whole
//! line that Aider writes; what a person typed is marked `####` and closed by the two spaces of a line break in markdown,
//! as Aider writes it and answers hardly ever do; lines with `> ` are said by tools. Moments are in local time without a
//! zone and are taken as UTC: half a day off at most.

use super::digest::{Material, Step};
use super::store::{self, OneRead, Transcript};
use super::{Head, Role, Session};
use crate::source::stores::{self, Found, Stores};
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

const TOOL: &str = "aider";
const NAME: &str = ".aider.chat.history.md";
/// Bytes at the end of a history that are read; it is never cut by its tool.
const MAX_HISTORY: u64 = 16 << 20;
const START: &str = "# aider chat started at ";

/// The sessions of this repository, in no particular order.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    let mut roots: Vec<&PathBuf> = stores.roots.iter().collect();
    roots.sort();
    roots.dedup();
    let mut all = Vec::new();
    for root in roots {
        let path = root.join(NAME);
        if let Ok((_, metadata)) = stores::open(&path) {
            let mut transcript = Transcript::new(root, path, &metadata, root.to_string_lossy());
            transcript.cost = transcript.cost.min(MAX_HISTORY);
            all.push(transcript);
        }
    }
    let mut warnings = Vec::new();
    let transcripts = store::newest(all, &mut warnings);
    let mut found = store::read_all(stores, TOOL, &transcripts, |transcript| {
        let shown = stores.shown(&transcript.path);
        let mut one = OneRead::default();
        match text(transcript) {
            Ok(text) => one.sessions = sessions(stores, &transcript.known, &shown, &text),
            Err(error) => one.lost(&shown, Err(error)),
        }
        Some(one)
    });
    found.warnings.extend(warnings);
    found
}

/// The end of the history, from the start of a session on.
fn text<K>(transcript: &Transcript<K>) -> std::io::Result<String> {
    let (mut file, _) = stores::open(&transcript.path)?;
    let skipped = transcript.size.saturating_sub(MAX_HISTORY);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(MAX_HISTORY).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(match text.find(&format!("\n{START}")) {
        Some(at) if skipped > 0 => text[at..].to_owned(),
        _ => text,
    })
}

/// One session for each start, called by its moment: that never changes, whatever is appended later.
fn sessions(stores: &Stores, root: &str, shown: &str, text: &str) -> Vec<Session> {
    let mut parts: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        let moment = line.trim_start_matches('\u{feff}').strip_prefix(START);
        match (moment.map(str::trim), parts.last_mut()) {
            (Some(moment), _) if stores::moment(moment).is_some() => {
                parts.push((moment, Vec::new()));
            }
            (_, Some((_, lines))) => lines.push(line),
            (_, None) => {}
        }
    }
    // An editor may have cut the spaces at the ends of lines; then every mark is one.
    let is_cut = !text
        .lines()
        .any(|line| is_mark(line) && line.ends_with("  "));
    let n_parts = parts.len();
    let mut sessions: Vec<Session> = Vec::new();
    for (i, (moment, lines)) in parts.into_iter().enumerate() {
        let started = stores::moment(moment).unwrap_or_default();
        // without hyphens, so that its opening is the whole day
        let stem = moment.replace(' ', "T").replace([':', '-'], "");
        let n_same = sessions
            .iter()
            .filter(|session| session.started == started)
            .count();
        let head = Head {
            tool: TOOL,
            id: if n_same == 0 {
                stem
            } else {
                format!("{stem}.{}", n_same + 1)
            },
            path: shown.to_owned(),
            title: None,
            started,
            ended: started,
            branch: String::new(),
        };
        let material = material(stores, root, &lines, started, is_cut, i + 1 == n_parts);
        sessions.extend(head.session(material));
    }
    sessions
}

fn is_mark(line: &str) -> bool {
    line.starts_with("#### ") || line.trim_end() == "####"
}

fn material(
    stores: &Stores,
    root: &str,
    lines: &[&str],
    at: i64,
    is_cut: bool,
    is_last: bool,
) -> Material {
    let mut material = Material::default();
    let mut ask: Vec<&str> = Vec::new();
    let mut answer: Vec<&str> = Vec::new();
    let flush = |material: &mut Material, role: Role, lines: &mut Vec<&str>| {
        let text = std::mem::take(lines).join("\n");
        let text = if role == Role::User {
            typed(&text)
        } else {
            &text
        };
        material.said(role, at, text);
    };
    for (i, line) in lines.iter().enumerate() {
        // The last line may have been torn before its spaces.
        let is_torn = is_last && i + 1 == lines.len();
        if is_mark(line) && (is_cut || is_torn || line.ends_with("  ")) {
            flush(&mut material, Role::Assistant, &mut answer);
            ask.push(line["####".len()..].trim());
            continue;
        }
        flush(&mut material, Role::User, &mut ask);
        // `>>>>>>> REPLACE` closes an edit and is part of the answer.
        let Some(told) = line.strip_prefix("> ").or((*line == ">").then_some("")) else {
            answer.push(line);
            continue;
        };
        flush(&mut material, Role::Assistant, &mut answer);
        let told = told.trim();
        if let Some(path) = told.strip_prefix("Applied edit to ") {
            material.steps.push(Step::Edited(stores.file(root, path)));
        } else if let Some(commit) = told.strip_prefix("Commit ") {
            material.reached.push(format!("commit {commit}"));
        }
    }
    flush(&mut material, Role::User, &mut ask);
    flush(&mut material, Role::Assistant, &mut answer);
    material
}

/// What a person typed, without the name of a mode; empty for commands, which ask nothing.
fn typed(text: &str) -> &str {
    const MODES: &[&str] = &["/ask ", "/code ", "/architect ", "/context "];
    let text = text.trim();
    if let Some(ask) = MODES.iter().find_map(|mode| text.strip_prefix(mode)) {
        return ask;
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_command = first.strip_prefix('/').is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
    });
    if is_command || first.starts_with('!') || text == "<blank>" {
        ""
    } else {
        text
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::{Home, said};
    use super::*;

    fn home(text: &str) -> Home {
        let mut home = Home::new();
        home.roots = vec![home.dir.path().join("repo"), home.dir.path().join("repo")];
        home.put(&format!("repo/{NAME}"), text);
        home
    }

    /// A small whole store, for the tests of all readers.
    pub(in super::super) fn sample(home: &mut Home) {
        home.roots.push(home.dir.path().join("repo"));
        home.put(
            &format!("repo/{NAME}"),
            format!("\n{START}2026-08-05 21:15:00\n\n#### aider ask  \n\naider answer\n"),
        );
    }

    #[test]
    fn a_history_is_cut_into_sessions() {
        let text = "\u{feff}# aider chat started at 2026-08-05 21:15:00\r\n\r\n> Aider v1  \r\n\r\n#### The rate is wrong  \r\n#### look at the table  \r\n\r\nIt is stored as 2.5.\r\n#### A heading\r\n# aider chat started at no time\r\n> Applied edit to src/tax.rs  \r\n> Commit 1a2b3c4 fix: the rate  \r\n\r\n#### /run make  \r\n> ok  \r\n>\r\n\r\nThe rate is fixed.\r\n>>>>>>> REPLACE\r\n# aider chat started at 2026-08-06 08:00:00\r\n#### /ask where is it?";
        let home = home(text);
        let found = home.read(read);
        let [first, second] = found.items.as_slice() else {
            panic!("{:?}", found.items)
        };
        assert_eq!(
            (first.tool, first.id.as_str(), first.path.as_str()),
            ("aider", "20260805T211500", "~/repo/.aider.chat.history.md")
        );
        assert_eq!(
            said(first),
            [
                "u: The rate is wrong\nlook at the table",
                "a: It is stored as 2.5.\n#### A heading\n# aider chat started at no time",
                "a: The rate is fixed.\n>>>>>>> REPLACE",
            ]
        );
        assert_eq!(first.digest.files, ["src/tax.rs"]);
        assert_eq!(
            first.digest.outcome,
            "The rate is fixed. (commit 1a2b3c4 fix: the rate)"
        );
        assert_eq!(
            first.started,
            stores::moment("2026-08-05T21:15:00").unwrap()
        );
        assert_eq!(said(second), ["u: where is it?"]);
        assert_eq!(found.reports.len(), 1);
        assert_eq!(found.reports[0].n_items, 2);
    }

    #[test]
    fn ids_stay_when_the_history_grows() {
        let ids = |text: &str| {
            let items = home(text).read(read).items;
            items.into_iter().map(|s| s.id).collect::<Vec<_>>()
        };
        let one = format!("{START}2026-08-05 21:15:00\n#### a  \n");
        let two = format!("{one}{START}2026-08-05 21:15:00\n#### b  \n");
        assert_eq!(ids(&one), ["20260805T211500"]);
        assert_eq!(ids(&two), ["20260805T211500", "20260805T211500.2"]);
        assert!(ids("#### without a start  \n").is_empty());
    }

    #[test]
    fn marks_without_their_spaces_count_where_none_has_any() {
        let asks = |text: &str| {
            let session = home(&format!("{START}2026-08-05 21:15:00\n{text}")).one(read);
            session.digest.asks
        };
        assert_eq!(asks("#### a\nb\n#### c\n"), ["a", "c"]);
        assert_eq!(asks("#### a  \nb\n#### c\nd\n"), ["a"]);
    }

    #[test]
    fn of_a_long_history_the_end_is_read() {
        let long = format!(
            "{START}2026-08-05 21:15:00\n#### old  \n{}\n",
            "x".repeat(MAX_HISTORY as usize)
        );
        let text = format!("{long}{START}2026-08-06 08:00:00\n#### new  \n");
        assert_eq!(home(&text).one(read).title, "new");
    }
}
