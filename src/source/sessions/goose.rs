//! Sessions of Goose: `sessions.db`, and the files of JSON Lines that it kept before.
//!
//! A session names its working directory. Hidden ones and those of sub-agents are left out. After a compaction the agent
//! goes on from a message that it alone sees: that is the session's own summary.

use super::digest::{Material, Step};
use super::recall::Recall;
use super::shelf::{Shelf, first, moment, said, text, texts};
use super::{Role, Session};
use crate::source::reader::{self, Record};
use crate::source::sqlite;
use crate::source::stores::{self, Found, Stores};
use rustc_hash::FxHashMap;
use serde_json::Value;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

const TOOL: &str = "goose";
/// The largest file of JSON Lines that is read, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// The sessions of this repository.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    Recall::new(stores, TOOL).stores(|| read_all(stores))
}

fn read_all(stores: &Stores) -> Found<Session> {
    let mut found = Found::default();
    for folder in folders(stores) {
        found.extend(read_database(stores, &folder.join("sessions.db")));
        found.extend(read_files(stores, &folder));
    }
    found
}

/// The folders that sessions may be in.
fn folders(stores: &Stores) -> Vec<PathBuf> {
    if stores.home.is_none() {
        return Vec::new();
    }
    let moved = stores.variable("GOOSE_PATH_ROOT");
    if let Some(root) = moved {
        return vec![root.join("data/sessions")];
    }
    let data = stores.data_dirs().into_iter();
    data.flat_map(|data| {
        [
            data.join("goose/sessions"),
            data.join("Block/goose/data/sessions"),
        ]
    })
    .collect()
}

/// The steps of messages: their `role`, moment, parts, and whether the agent alone sees them.
#[derive(Default)]
struct Talk {
    material: Material,
    directory: String,
    /// Calls that wait for their result.
    calls: FxHashMap<String, Value>,
}

impl Talk {
    fn add(&mut self, shelf: &mut Shelf, role: &str, at: i64, parts: &[Value], is_summary: bool) {
        let role = match role {
            "user" => Role::User,
            _ => Role::Assistant,
        };
        let spoken = texts(parts);
        if is_summary {
            if !spoken.trim().is_empty() {
                self.material.summary = spoken;
            }
            return;
        }
        self.material.steps.extend(said(role, at, &spoken));
        for part in parts {
            let id = text(part, "id");
            match text(part, "type") {
                "toolRequest" => {
                    if let Some(call) = part.pointer("/toolCall/value") {
                        self.calls.insert(id.to_owned(), call.clone());
                    }
                }
                "toolResponse" => {
                    if let Some(call) = self.calls.remove(id) {
                        let step = self.step(shelf.stores, &call, part);
                        self.material.steps.extend(step);
                    }
                }
                "text"
                | "image"
                | "thinking"
                | "redactedThinking"
                | "frontendToolRequest"
                | "toolConfirmationRequest"
                | "contextLengthExceeded"
                | "summarizationRequested"
                | "systemNotification"
                | "conversationCompacted"
                | "actionRequired" => {}
                _ => shelf.unknown(),
            }
        }
    }

    /// What a tool call did, if it is worth a step.
    fn step(&self, stores: &Stores, call: &Value, response: &Value) -> Option<Step> {
        let arguments = call.get("arguments")?;
        let result = response.get("toolResult")?;
        let is_failed = text(result, "status") == "error"
            || result.pointer("/value/isError") == Some(&Value::Bool(true));
        let name = text(call, "name");
        let name = name.rsplit("__").next().unwrap_or(name);
        let command = text(arguments, "command");
        let is_edit = match name {
            "text_editor" => matches!(
                command,
                "write" | "str_replace" | "create" | "insert" | "diff"
            ),
            "write" | "edit" | "write_file" | "edit_file" => true,
            _ => false,
        };
        if is_edit && !is_failed {
            let path = first(arguments, &["path", "file_path"])?;
            return Some(Step::Edited(stores.file(&self.directory, path)));
        }
        if name != "shell" || command.is_empty() {
            return None;
        }
        let output = match result.pointer("/value/content") {
            Some(Value::Array(parts)) => texts(parts),
            _ => text(result, "error").to_owned(),
        };
        Some(Step::Ran {
            command: command.to_owned(),
            error: is_failed.then_some(output),
        })
    }
}

fn read_database(stores: &Stores, path: &Path) -> Found<Session> {
    let mut shelf = Shelf::new(stores, TOOL, path);
    let Some(database) = shelf.open(path) else {
        return shelf.finish();
    };
    let is_known = database.has("sessions", &["id", "working_dir"])
        && database.has("messages", &["session_id", "role", "content_json"]);
    if !is_known {
        shelf.warn("unreadable", "not the tables of a version that is known");
        return shelf.finish();
    }
    let column = |name| database.column("sessions", name);
    let sql = format!(
        "SELECT id, working_dir, {}, {}, {}, {}, {} FROM sessions",
        column("name"),
        column("description"),
        column("session_type"),
        column("created_at"),
        column("updated_at"),
    );
    let mut sessions = shelf.rows(&database, &sql, &[]);
    sessions.retain(|row| {
        let is_hidden = matches!(&*row[4].text(), "hidden" | "sub_agent" | "subagent");
        !is_hidden && stores.holds(&row[1].text())
    });
    sessions.sort_by(|a, b| {
        let at = |row: &[sqlite::Cell]| row[6].moment();
        at(b)
            .cmp(&at(a))
            .then_with(|| a[0].text().cmp(&b[0].text()))
    });
    shelf.newest(&mut sessions);
    let column = |name| database.column("messages", name);
    let order = match column("id") {
        "NULL" => "rowid",
        column => column,
    };
    let sql = format!(
        "SELECT role, {}, {}, {} FROM messages WHERE session_id = ?1 ORDER BY {order}",
        sqlite::bounded("content_json"),
        column("created_timestamp"),
        column("metadata_json"),
    );
    for row in sessions {
        let id = row[0].text().into_owned();
        let mut talk = Talk {
            directory: row[1].text().into_owned(),
            ..Talk::default()
        };
        for row in shelf.rows(&database, &sql, &[&id]) {
            let Some(content) = shelf.json(row[1].bytes()) else {
                continue;
            };
            // A message without metadata is seen by both.
            let metadata: Value = serde_json::from_slice(row[3].bytes()).unwrap_or_default();
            let parts = content.as_array().map_or(&[][..], Vec::as_slice);
            talk.add(
                &mut shelf,
                &row[0].text(),
                row[2].moment(),
                parts,
                is_summary(&metadata),
            );
        }
        let name = row[2].text();
        let title = if name.is_empty() { row[3].text() } else { name };
        let mut head = shelf.head(&id, &title);
        head.started = row[5].moment();
        head.ended = row[6].moment();
        shelf.add(head, talk.material);
    }
    shelf.finish()
}

/// Whether the agent sees a message and its user does not.
fn is_summary(metadata: &Value) -> bool {
    metadata.get("userVisible") == Some(&Value::Bool(false))
        && metadata.get("agentVisible") != Some(&Value::Bool(false))
}

/// A line of the old form: the first is about the session, the others are messages.
#[derive(serde::Deserialize)]
struct Line(Value);

impl Record for Line {
    const STARTS: &'static [&'static [u8]] = &[b"{\"id\":", b"{\"role\":"];
    fn is_whole(&self) -> bool {
        self.0.get("role").is_some()
    }
}

fn read_files(stores: &Stores, folder: &Path) -> Found<Session> {
    let mut files: Vec<_> = stores::list(folder)
        .into_iter()
        .filter(|(name, metadata)| {
            metadata.is_file() && name.ends_with(".jsonl") && metadata.len() <= MAX_FILE_BYTES
        })
        .collect();
    // Names begin with the moment of the session.
    files.reverse();
    let mut shelf = Shelf::new(stores, TOOL, folder);
    for (name, metadata) in files {
        let path = folder.join(&name);
        let mut talk: Option<(Talk, String)> = None;
        let input = stores::open(&path);
        let dirt = input.and_then(|(file, _)| {
            reader::read(file, |Line(line): Line| match &mut talk {
                None => {
                    let directory = text(&line, "working_dir").to_owned();
                    if !stores.holds(&directory) {
                        return ControlFlow::Break(());
                    }
                    let title = text(&line, "description").to_owned();
                    let begun = Talk {
                        directory,
                        ..Talk::default()
                    };
                    talk = Some((begun, title));
                    ControlFlow::Continue(())
                }
                Some((talk, _)) => {
                    let parts = super::shelf::list(&line, "content");
                    let metadata = line.get("metadata").unwrap_or(&Value::Null);
                    let at = moment(&line, "created");
                    talk.add(
                        &mut shelf,
                        text(&line, "role"),
                        at,
                        parts,
                        is_summary(metadata),
                    );
                    ControlFlow::Continue(())
                }
            })
        });
        let Some((talk, title)) = talk else { continue };
        let id = name.strip_suffix(".jsonl").unwrap_or(&name);
        let mut head = shelf.head(id, &title);
        head.path = stores.shown(&path);
        shelf.read(&head.path, metadata.len(), dirt);
        shelf.add(head, talk.material);
    }
    shelf.finish()
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::source::sqlite::tests::{make, quoted};
    use proptest::prelude::*;
    use serde_json::json;

    const TABLES: &str = "CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT, description TEXT, session_type TEXT,
            working_dir TEXT, created_at TIMESTAMP, updated_at TIMESTAMP);
        CREATE TABLE messages (id INTEGER PRIMARY KEY, session_id TEXT, role TEXT, content_json TEXT,
            created_timestamp INTEGER, metadata_json TEXT);";

    fn folder(home: &Path) -> PathBuf {
        home.join(".local/share/goose/sessions")
    }

    fn read_in(home: &Path) -> Found<Session> {
        testing::read_in(home, "/w/shop", read)
    }

    fn session(id: &str, kind: &str, directory: &str) -> String {
        format!(
            "INSERT INTO sessions VALUES ('{id}', '', 'about {id}', '{kind}', '{directory}', '2026-08-14 09:00:00', '2026-08-14 09:30:00');
             INSERT INTO messages VALUES (NULL, '{id}', 'user', '[{{\"type\":\"text\",\"text\":\"ask of {id}\"}}]', 1786698000, NULL);"
        )
    }

    fn message(role: &str, content: Value, metadata: Value) -> String {
        let (content, metadata) = (quoted(&content.to_string()), quoted(&metadata.to_string()));
        format!(
            "INSERT INTO messages VALUES (NULL, 's', '{role}', {content}, 1786698001, {metadata});"
        )
    }

    #[test]
    fn a_session_is_told_from_its_messages() {
        let home = tempfile::tempdir().unwrap();
        let request = |id: &str, name: &str, arguments: Value| {
            json!({ "type": "toolRequest", "id": id,
                "toolCall": { "status": "success", "value": { "name": name, "arguments": arguments } } })
        };
        let response = |id: &str, is_error: bool| {
            json!({ "type": "toolResponse", "id": id, "toolResult": { "status": "success",
                "value": { "isError": is_error, "content": [{ "type": "text", "text": "error: no" }] } } })
        };
        let say = |text: &str| json!({ "type": "text", "text": text });
        let sql = [
            TABLES.to_owned(),
            session("s", "user", "/w/shop"),
            session("hidden", "hidden", "/w/shop"),
            session("sub", "sub_agent", "/w/shop"),
            session("foreign", "user", "/w/shop-2"),
            message(
                "assistant",
                json!([
                    request("1", "developer__shell", json!({ "command": "make" })),
                    request(
                        "2",
                        "developer__text_editor",
                        json!({ "command": "write", "path": "src/a.rs" })
                    ),
                    request(
                        "3",
                        "developer__text_editor",
                        json!({ "command": "view", "path": "src/b.rs" })
                    ),
                    request("4", "developer__shell", json!({ "command": "make" })),
                ]),
                json!({}),
            ),
            message(
                "user",
                json!([
                    response("1", true),
                    response("2", false),
                    response("3", false),
                    response("4", false)
                ]),
                json!({}),
            ),
            message(
                "user",
                json!([say("Summary: it was made.")]),
                json!({ "userVisible": false, "agentVisible": true }),
            ),
            message(
                "assistant",
                json!([say("Done."), { "type": "warpDrive" }]),
                json!(null),
            ),
            "INSERT INTO messages VALUES (NULL, 's', 'user', '[{', 1, NULL);".to_owned(),
        ];
        make(&folder(home.path()).join("sessions.db"), &sql.concat());
        let found = read_in(home.path());
        assert_eq!(found.items.len(), 1);
        let session = &found.items[0];
        let texts: Vec<&str> = session
            .turns
            .iter()
            .map(|turn| turn.text.as_str())
            .collect();
        assert_eq!(texts, ["ask of s", "Done."]);
        assert_eq!(session.title, "about s");
        assert_eq!(session.digest.summary, "Summary: it was made.");
        assert_eq!(session.digest.files, ["src/a.rs"]);
        assert_eq!(
            session.digest.fixes,
            ["`make` failed (error: no), passes after edits to src/a.rs"]
        );
        assert_eq!(
            (session.started, session.ended),
            (1_786_698_000, 1_786_699_800)
        );
        assert_eq!(
            (found.reports[0].n_lost, found.reports[0].n_unknown),
            (1, 1)
        );
    }

    #[test]
    fn old_files_are_read() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder(home.path())).unwrap();
        let put = |name: &str, directory: &str| {
            let text = format!(
                "{{\"working_dir\":\"{directory}\",\"description\":\"Old\"}}\n{{\"role\":\"user\",\"created\":1740823500,\"content\":[{{\"type\":\"text\",\"text\":\"old ask\"}}]}}\n{{\"role\":\"assis"
            );
            std::fs::write(folder(home.path()).join(name), text).unwrap();
        };
        put("20250301_101500.jsonl", "/w/shop");
        put("20250301_101501.jsonl", "/w/other");
        put("20250301_101502.txt", "/w/shop");
        let found = read_in(home.path());
        assert_eq!(found.items.len(), 1);
        assert_eq!(
            (found.items[0].title.as_str(), found.items[0].ended),
            ("Old", 1_740_823_500)
        );
        assert_eq!(
            found.items[0].path,
            "~/.local/share/goose/sessions/20250301_101500.jsonl"
        );
        assert_eq!(found.reports[0].n_lost, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        #[test]
        fn any_values_are_survived(values in prop::collection::vec("[\\[\\]{}\",:a-c0-9]{0,40}", 2..6)) {
            let home = tempfile::tempdir().unwrap();
            let mut sql = format!("{TABLES}{}", session("s", "user", "/w/shop"));
            for value in values {
                let value = quoted(&value);
                sql.push_str(&format!("INSERT INTO messages VALUES (NULL, 's', {value}, {value}, {value}, {value});"));
            }
            make(&folder(home.path()).join("sessions.db"), &sql);
            prop_assert_eq!(read_in(home.path()).items.len(), 1);
        }
    }
}
