//! Issues of beads: `.beads/issues.jsonl`, the part of its database that is committed with a repository.
//!
//! An issue is one atom: what is open says where the work stands, a decision decides, what is closed is done. The file is
//! merged by git, so marks of a conflict may stand in it; both sides are read and the newer one of an issue counts.

use super::folder::{dated, told};
use super::graph::records;
use super::{Atom, Class, status};
use crate::source::stores;
use rustc_hash::FxHashMap;
use serde_json::Value;

/// The most characters told of one field.
const MAX_FIELD_CHARS: usize = 2_000;

/// The atoms of the issues, in the order in which they stand, and how many lines could not be read.
pub(super) fn atoms(path: &str, text: &str, mtime: Option<i64>) -> (Vec<Atom>, usize) {
    let (records, n_lost) = records(text);
    let mut newest: FxHashMap<&str, (i64, usize)> = FxHashMap::default();
    for (idx, (_, issue)) in records.iter().enumerate() {
        let at = moment(issue, "updated_at").unwrap_or_default();
        let best = newest.entry(field(issue, "id")).or_insert((at, idx));
        if at >= best.0 {
            *best = (at, idx);
        }
    }
    let is_closed = |id: &str| {
        let issue = newest.get(id).map(|(_, idx)| &records[*idx].1);
        issue.is_some_and(|issue| field(issue, "status") == "closed")
    };
    let mut atoms = Vec::new();
    for (idx, (line, issue)) in records.iter().enumerate() {
        let id = field(issue, "id");
        let is_issue = !id.is_empty() && !field(issue, "title").is_empty();
        if !is_issue
            || field(issue, "status") == "tombstone"
            || newest.get(id).is_none_or(|best| best.1 != idx)
        {
            continue;
        }
        let mut atom = told(path, *line, words(issue), class(issue));
        let at = ["updated_at", "closed_at", "created_at"]
            .iter()
            .find_map(|key| moment(issue, key));
        atom.date = dated(at, mtime);
        atom.done = is_closed(id) && atom.class != Class::Decision;
        atom.keys = vec![status::key(id)];
        // Its words name the edges, whichever way they go.
        atom.supersedes.clear();
        atom.status = match field(issue, "status") {
            "open" => "open".to_owned(),
            _ => String::new(),
        };
        let edges = issue.get("dependencies").and_then(Value::as_array);
        for edge in edges.into_iter().flatten() {
            let target = field(edge, "depends_on_id");
            if !matches!(field(edge, "type"), "supersedes" | "duplicates") || target.is_empty() {
                continue;
            }
            // Written from either side: of a closed issue and one that is not, the closed one is over.
            if is_closed(id) && newest.contains_key(target) && !is_closed(target) {
                atom.superseded = true;
            } else {
                atom.supersedes.push(status::key(target));
            }
        }
        atoms.push(atom);
    }
    (atoms, n_lost)
}

fn field<'v>(issue: &'v Value, key: &str) -> &'v str {
    issue.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn moment(issue: &Value, key: &str) -> Option<i64> {
    stores::moment(field(issue, key))
}

fn class(issue: &Value) -> Class {
    match (field(issue, "issue_type"), field(issue, "status")) {
        ("decision", _) => Class::Decision,
        (_, "in_progress") => Class::Handoff,
        _ => Class::Status,
    }
}

/// An issue in words: id, title and state, then the fields that say something.
fn words(issue: &Value) -> String {
    let kind = field(issue, "issue_type");
    let priority = issue.get("priority").and_then(Value::as_i64);
    let state = [
        field(issue, "status").replace('_', " "),
        kind.to_owned(),
        priority.map_or_else(String::new, |priority| format!("P{priority}")),
    ];
    let state: Vec<String> = state.into_iter().filter(|word| !word.is_empty()).collect();
    let title: Vec<&str> = field(issue, "title").split_whitespace().collect();
    let mut text = format!(
        "{}: {} ({})\n",
        field(issue, "id"),
        title.join(" "),
        state.join(", ")
    );
    let fields = [
        ("description", ""),
        ("design", "Design: "),
        ("acceptance_criteria", "Acceptance: "),
        ("notes", "Notes: "),
        ("close_reason", "Closed: "),
    ];
    for (key, label) in fields {
        let value = field(issue, key).trim();
        if !value.is_empty() {
            let end = value
                .char_indices()
                .nth(MAX_FIELD_CHARS)
                .map_or(value.len(), |(at, _)| at);
            text.push_str(&format!("{label}{}\n", value[..end].trim_end()));
        }
    }
    let edges = issue.get("dependencies").and_then(Value::as_array);
    for edge in edges.into_iter().flatten() {
        let (kind, target) = (field(edge, "type"), field(edge, "depends_on_id"));
        if !target.is_empty() {
            text.push_str(&format!("{kind} [[{target}]]\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn issue(id: &str, state: &str, kind: &str, day: u32) -> Value {
        json!({ "id": id, "title": format!("Title of {id}"), "status": state, "issue_type": kind,
            "updated_at": format!("2026-08-{day:02}T10:00:00Z") })
    }

    fn lines(issues: &[Value]) -> String {
        issues.iter().map(|issue| format!("{issue}\n")).collect()
    }

    /// Ids with class and flags.
    fn check(text: &str, expected: &[&str], n_lost: usize) {
        let (mut atoms, lost) = atoms(".beads/issues.jsonl", text, None);
        super::super::mark_superseded(&mut atoms);
        let told: Vec<String> = atoms
            .iter()
            .map(|atom| {
                let flags = format!(
                    "{}{}",
                    if atom.done { " d" } else { "" },
                    if atom.superseded { " s" } else { "" }
                );
                format!("{} {:?}{flags}", atom.keys[0], atom.class)
            })
            .collect();
        assert_eq!(
            (told, lost),
            (expected.iter().map(|it| (*it).to_owned()).collect(), n_lost)
        );
    }

    #[test]
    fn states_and_kinds() {
        let issues = [
            issue("s-1", "open", "task", 1),
            issue("s-2", "in_progress", "bug", 1),
            issue("s-3", "closed", "bug", 1),
            issue("s-4", "closed", "decision", 1),
            issue("s-5", "tombstone", "task", 1),
            json!({ "title": "no id" }),
        ];
        check(
            &lines(&issues),
            &["s-1 Status", "s-2 Handoff", "s-3 Status d", "s-4 Decision"],
            0,
        );
    }

    #[test]
    fn a_conflict_is_survived_and_the_newer_side_counts() {
        let text = format!(
            "<<<<<<< HEAD\n{}=======\n{}>>>>>>> other\n{{\"id\":\"s-4\"\n",
            lines(&[issue("s-1", "closed", "task", 3)]),
            lines(&[
                issue("s-1", "open", "task", 2),
                issue("s-2", "open", "task", 2)
            ]),
        );
        check(&text, &["s-1 Status d", "s-2 Status"], 1);
    }

    #[test]
    fn what_is_superseded_is_over() {
        let with = |mut issue: Value, kind: &str, target: &str| {
            issue["dependencies"] = json!([{ "type": kind, "depends_on_id": target }]);
            issue
        };
        let issues = [
            with(issue("s-1", "open", "decision", 2), "supersedes", "s-2"),
            issue("s-2", "closed", "decision", 1),
            with(issue("s-3", "closed", "task", 2), "duplicates", "s-4"),
            issue("s-4", "open", "task", 1),
            with(issue("s-5", "open", "task", 1), "blocks", "s-4"),
        ];
        check(
            &lines(&issues),
            &[
                "s-1 Decision",
                "s-2 Decision s",
                "s-3 Status d s",
                "s-4 Status",
                "s-5 Status",
            ],
            0,
        );
    }

    #[test]
    fn an_issue_in_words() {
        let mut it = issue("s-1", "in_progress", "bug", 1);
        it["priority"] = json!(0);
        it["description"] = json!("Keys in `src/key.rs`\n");
        it["close_reason"] = json!("not yet");
        it["dependencies"] = json!([{ "type": "blocks", "depends_on_id": "s-9" }]);
        let atoms = atoms("p", &lines(&[it]), None).0;
        assert_eq!(
            atoms[0].text,
            "s-1: Title of s-1 (in progress, bug, P0)\nKeys in `src/key.rs`\nClosed: not yet\nblocks [[s-9]]\n"
        );
        assert_eq!(atoms[0].anchors, ["src/key.rs", "s-9"]);
        assert_eq!(atoms[0].date, dated(Some(1_785_578_400), None));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "([\\[\\]{}\",:]|\"id\":\"a\",|\"title\":\"b\"|\"dependencies\":|\n|é){0,60}") {
            let (atoms, n_lost) = atoms("p", &text, None);
            prop_assert!(atoms.len() + n_lost <= text.split('\n').count());
        }
    }
}
