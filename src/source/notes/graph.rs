//! The knowledge graph of the MCP memory server: `memory.jsonl`, entities and relations, one a line.
//!
//! An entity is one atom: its name and kind, what was observed of it, each once, and what it relates to. A relation to
//! something that is not there is kept in words but is no link. A graph that `MEMORY_FILE_PATH` names is the user's, of
//! no project; one in the repository is the repository's.

use super::folder::{Folder, dated, told};
use super::{Atom, Class, class};
use crate::source::reader;
use crate::source::stores::{Found, Stores};
use serde_json::Value;

/// The longest line that is read, in bytes.
const MAX_LINE_BYTES: usize = 1 << 20;
/// Observations and relations told of one entity; of more, the last, since they are the newest.
const MAX_TOLD: usize = 60;

/// The atoms of the user's graph.
pub(super) fn read(stores: &Stores) -> Found<Atom> {
    let path = stores
        .home
        .and_then(|_| stores.variable("MEMORY_FILE_PATH"));
    // One in the repository is listed with its files.
    let Some(path) = path.filter(|path| !stores.holds(&path.to_string_lossy())) else {
        return Found::default();
    };
    let mut folder = Folder::new(stores, "mcp-memory", &path);
    if let Some(read) = folder.read(&path) {
        let (atoms, n_lost) = atoms(&read.shown, &read.text, read.mtime);
        folder.add(atoms);
        folder.lost(n_lost);
        folder.warn(super::torn(&read.shown, n_lost));
    }
    folder.finish()
}

struct Entity {
    line: usize,
    name: String,
    kind: String,
    told: Vec<String>,
}

/// The atoms of a graph, one an entity, and how many lines could not be read.
pub(super) fn atoms(path: &str, text: &str, mtime: Option<i64>) -> (Vec<Atom>, usize) {
    let (records, n_lost) = records(text);
    let mut entities: Vec<Entity> = Vec::new();
    let mut by_name: rustc_hash::FxHashMap<String, usize> = rustc_hash::FxHashMap::default();
    let field = |value: &Value, key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.unwrap_or_default().trim().to_owned()
    };
    for (line, record) in &records {
        let name = field(record, "name");
        if field(record, "type") != "entity" || name.is_empty() {
            continue;
        }
        let at = *by_name.entry(name.clone()).or_insert_with(|| {
            entities.push(Entity {
                line: *line,
                name,
                kind: field(record, "entityType"),
                told: Vec::new(),
            });
            entities.len() - 1
        });
        let observations = record.get("observations").and_then(Value::as_array);
        for observation in observations.into_iter().flatten() {
            let text = observation.as_str().unwrap_or_default();
            add(
                &mut entities[at],
                text.split_whitespace().collect::<Vec<_>>().join(" "),
            );
        }
    }
    for (_, record) in &records {
        let (from, to) = (field(record, "from"), field(record, "to"));
        let Some(at) = by_name
            .get(&from)
            .filter(|_| field(record, "type") == "relation")
        else {
            continue;
        };
        let kind = field(record, "relationType");
        let target = if by_name.contains_key(&to) {
            format!("[[{to}]]")
        } else {
            to
        };
        add(&mut entities[*at], format!("{kind} {target}"));
    }
    let atoms = entities.into_iter().map(|entity| {
        let Entity {
            line,
            name,
            kind,
            told: lines,
        } = entity;
        let mut text = if kind.is_empty() {
            name.clone()
        } else {
            format!("{name} ({kind})")
        };
        let n_skipped = lines.len().saturating_sub(MAX_TOLD);
        for line in &lines[n_skipped..] {
            text.push_str("\n- ");
            text.push_str(line);
        }
        text.push('\n');
        let body = lines.join(". ");
        let stated = class::mark(&format!("{}:", kind.to_lowercase()));
        let class = stated
            .or_else(|| class::by_wording(&body))
            .unwrap_or(Class::Fact);
        let mut atom = told(path, line, text, class);
        atom.date = dated(None, mtime);
        atom.keys = vec![super::status::key(&name)];
        atom
    });
    (atoms.collect(), n_lost)
}

fn add(entity: &mut Entity, text: String) {
    let text = text.trim().to_owned();
    if !text.is_empty() && !entity.told.contains(&text) {
        entity.told.push(text);
    }
}

/// The objects of JSON Lines with the index of their line, and how many lines hold none; marks of a merge conflict are
/// no loss, both of its sides are read.
pub(super) fn records(text: &str) -> (Vec<(usize, Value)>, usize) {
    let mut records = Vec::new();
    let mut n_lost = 0;
    for (at, line) in text.split('\n').enumerate() {
        let line = line.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
        let is_mark = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
            .iter()
            .any(|mark| line.starts_with(mark));
        if line.is_empty() || is_mark {
            continue;
        }
        let value =
            (line.len() <= MAX_LINE_BYTES).then(|| reader::document::<Value>(line.as_bytes()));
        match value.flatten().filter(Value::is_object) {
            Some(value) => records.push((at, value)),
            None => n_lost += 1,
        }
    }
    (records, n_lost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &[&str], n_lost: usize) {
        let (atoms, lost) = atoms("memory.jsonl", text, Some(7));
        let texts: Vec<&str> = atoms.iter().map(|atom| atom.text.as_str()).collect();
        assert_eq!((texts, lost), (expected.to_vec(), n_lost), "{text}");
    }

    #[test]
    fn an_entity_is_an_atom() {
        let shop = r#"{"type":"entity","name":"shop","entityType":"project","observations":["Sells","Sells"," "]}"#;
        let key = r#"{"type":"entity","name":"key","entityType":"function","observations":["Lives in src/key.rs"]}"#;
        let has = r#"{"type":"relation","from":"shop","to":"key","relationType":"contains"}"#;
        let ghost = r#"{"type":"relation","from":"shop","to":"ghost","relationType":"mentions"}"#;
        let lost = r#"{"type":"relation","from":"nobody","to":"shop","relationType":"has"}"#;
        let text = format!(
            "{has}\n{shop}\n{key}\n{ghost}\n{lost}\n{{\"type\":\"entity\",\"name\":\"torn\n"
        );
        check(
            &text,
            &[
                "shop (project)\n- Sells\n- contains [[key]]\n- mentions ghost\n",
                "key (function)\n- Lives in src/key.rs\n",
            ],
            1,
        );
        let (atoms, _) = atoms("memory.jsonl", &text, Some(7));
        assert_eq!((atoms[0].lines, atoms[1].lines), ((2, 2), (3, 3)));
        assert_eq!(
            (atoms[0].anchors.as_slice(), atoms[1].anchors.as_slice()),
            (&["key".to_owned()][..], &["src/key.rs".to_owned()][..])
        );
    }

    #[test]
    fn an_entity_that_stands_twice_is_one() {
        let one = |observation: &str| {
            format!(
                r#"{{"type":"entity","name":"a","entityType":"","observations":["{observation}"]}}"#
            )
        };
        let text = format!(
            "<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n",
            one("x"),
            one("Never y")
        );
        check(&text, &["a\n- x\n- Never y\n"], 0);
        assert_eq!(atoms("m", &text, None).0[0].class, Class::Principle);
        check("[]\n7\n\n{}\n", &[], 2);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "([\\[\\]{}\",:\\\\]|\"type\":\"entity\",|\"name\":\"a\"|\n|[a-c]){0,60}") {
            let (atoms, n_lost) = atoms("m", &text, None);
            prop_assert!(atoms.len() + n_lost <= text.split('\n').count());
        }
    }
}
