//! Sessions of OpenCode: `opencode.db`, and the tree of JSON files that it kept before.
//!
//! A session names its directory; child sessions are those of sub-agents and are left out. A compaction is a message of
//! the assistant marked as a summary: it becomes the session's own summary and is not something said. A session that is
//! in both stores was moved from the tree to the database, which then knows better.

use super::digest::{Material, Step};
use super::recall::Recall;
use super::shelf::{Shelf, first, list, moment, said, text, texts};
use super::{Role, Session};
use crate::source::sqlite;
use crate::source::stores::{self, Found, Stores};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;
use std::path::Path;

const TOOL: &str = "opencode";
/// The largest file of the tree that is read, in bytes.
const MAX_FILE_BYTES: u64 = 8 << 20;

/// The sessions of this repository.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    Recall::new(stores, TOOL).stores(|| read_all(stores))
}

fn read_all(stores: &Stores) -> Found<Session> {
    let mut found = Found::default();
    for data in stores.data_dirs() {
        let folder = data.join("opencode");
        let database = read_database(stores, &folder.join("opencode.db"));
        let known: FxHashSet<String> = database.items.iter().map(|it| it.id.clone()).collect();
        found.extend(database);
        found.extend(read_tree(stores, &folder.join("storage"), &known));
    }
    found
}

/// A session while it is read.
#[derive(Default)]
struct Talk {
    material: Material,
    directory: String,
}

impl Talk {
    /// Adds a message and its parts, in order.
    fn add(&mut self, shelf: &mut Shelf, message: &Value, at: i64, parts: &[Value]) {
        let role = match text(message, "role") {
            "user" => Role::User,
            _ => Role::Assistant,
        };
        let is_injected = |part: &&Value| part.get("synthetic") == Some(&Value::Bool(true));
        let spoken: Vec<Value> = parts
            .iter()
            .filter(|part| !is_injected(part))
            .cloned()
            .collect();
        let spoken = texts(&spoken);
        // What stands under `summary` of a user's message is a list of changes.
        if role == Role::Assistant && message.get("summary") == Some(&Value::Bool(true)) {
            if !spoken.trim().is_empty() {
                self.material.summary = spoken;
            }
        } else {
            self.material.steps.extend(said(role, at, &spoken));
        }
        let mut edited: Vec<String> = Vec::new();
        for part in parts {
            match text(part, "type") {
                "tool" => self
                    .material
                    .steps
                    .extend(self.step(shelf.stores, part, &mut edited)),
                "patch" => {
                    // What tools changed by other ways; those of this message are told already.
                    for path in list(part, "files").iter().filter_map(Value::as_str) {
                        let path = shelf.stores.file(&self.directory, path);
                        if !edited.contains(&path) {
                            edited.push(path.clone());
                            self.material.steps.push(Step::Edited(path));
                        }
                    }
                }
                "text" | "reasoning" | "file" | "compaction" | "step-start" | "step-finish"
                | "subtask" | "agent" | "retry" | "snapshot" => {}
                _ => shelf.unknown(),
            }
        }
    }

    /// What a tool call did, if it is worth a step.
    fn step(&self, stores: &Stores, part: &Value, edited: &mut Vec<String>) -> Option<Step> {
        let state = part.get("state")?;
        let input = state.get("input")?;
        let is_failed = match text(state, "status") {
            "completed" => false,
            "error" => true,
            _ => return None,
        };
        match text(part, "tool") {
            "bash" => {
                let exit = state.pointer("/metadata/exit").and_then(Value::as_i64);
                let is_failed = is_failed || exit.is_some_and(|code| code != 0);
                let output = first(state, &["error", "output"]).unwrap_or_default();
                Some(Step::Ran {
                    command: text(input, "command").to_owned(),
                    error: is_failed.then(|| output.to_owned()),
                })
            }
            "edit" | "write" | "multiedit" | "patch" if !is_failed => {
                let path = first(input, &["filePath", "file_path", "path"])?;
                let path = stores.file(&self.directory, path);
                edited.push(path.clone());
                Some(Step::Edited(path))
            }
            _ => None,
        }
    }
}

fn read_database(stores: &Stores, path: &Path) -> Found<Session> {
    let mut shelf = Shelf::new(stores, TOOL, path);
    let Some(database) = shelf.open(path) else {
        return shelf.finish();
    };
    let is_known = database.has("session", &["id", "directory", "title"])
        && database.has("message", &["id", "session_id", "data"])
        && database.has("part", &["id", "message_id", "session_id", "data"]);
    if !is_known {
        shelf.warn("unreadable", "not the tables of a version that is known");
        return shelf.finish();
    }
    let parent = database.column("session", "parent_id");
    let created = database.column("session", "time_created");
    let updated = database.column("session", "time_updated");
    let sql = format!(
        "SELECT id, directory, title, {created}, {updated} FROM session WHERE {parent} IS NULL"
    );
    let mut sessions = shelf.rows(&database, &sql, &[]);
    sessions.retain(|row| stores.holds(&row[1].text()));
    sessions.sort_by(|a, b| {
        let at = |row: &[sqlite::Cell]| row[4].moment();
        at(b)
            .cmp(&at(a))
            .then_with(|| a[0].text().cmp(&b[0].text()))
    });
    shelf.newest(&mut sessions);
    let time = |table| match database.column(table, "time_created") {
        "NULL" => "id",
        column => column,
    };
    let data = sqlite::bounded("data");
    let messages_sql = format!(
        "SELECT id, {data}, {0} FROM message WHERE session_id = ?1 ORDER BY {0}, id",
        time("message")
    );
    let parts_sql = format!(
        "SELECT message_id, {data} FROM part WHERE session_id = ?1 ORDER BY {}, id",
        time("part")
    );
    for row in sessions {
        let id = row[0].text().into_owned();
        let mut parts: FxHashMap<String, Vec<Value>> = FxHashMap::default();
        for row in shelf.rows(&database, &parts_sql, &[&id]) {
            if let Some(part) = shelf.json(row[1].bytes()) {
                parts
                    .entry(row[0].text().into_owned())
                    .or_default()
                    .push(part);
            }
        }
        let mut talk = Talk {
            directory: row[1].text().into_owned(),
            ..Talk::default()
        };
        for row in shelf.rows(&database, &messages_sql, &[&id]) {
            let Some(message) = shelf.json(row[1].bytes()) else {
                continue;
            };
            let parts = parts.remove(&*row[0].text()).unwrap_or_default();
            talk.add(&mut shelf, &message, row[2].moment(), &parts);
        }
        let mut head = shelf.head(&id, &row[2].text());
        head.started = row[3].moment();
        head.ended = row[4].moment();
        shelf.add(head, talk.material);
    }
    shelf.finish()
}

/// The JSON files of a folder, sorted by name.
fn files(folder: &Path) -> Vec<String> {
    let files = stores::list(folder).into_iter();
    let files = files.filter(|(name, metadata)| metadata.is_file() && name.ends_with(".json"));
    files.map(|(name, _)| name).collect()
}

/// The folder of `parent` that `id` names; an id that is more than a name names none.
fn folder_of(parent: &Path, id: &str) -> Option<std::path::PathBuf> {
    let is_name = !id.is_empty() && !id.contains(['/', '\\', ':']) && !id.starts_with('.');
    is_name.then(|| parent.join(id))
}

fn read_tree(stores: &Stores, storage: &Path, known: &FxHashSet<String>) -> Found<Session> {
    let mut shelf = Shelf::new(stores, TOOL, storage);
    let projects = storage.join("session");
    let mut sessions: Vec<(i64, String, Value)> = Vec::new();
    for (project, metadata) in stores::list(&projects) {
        if !metadata.is_dir() {
            continue;
        }
        let folder = projects.join(project);
        for name in files(&folder) {
            // Another project's session may be torn; that is no loss to this one.
            let Ok((json, _)) = stores::read_text(&folder.join(&name), MAX_FILE_BYTES) else {
                continue;
            };
            let Ok(session) = serde_json::from_str::<Value>(&json) else {
                continue;
            };
            let id = text(&session, "id").to_owned();
            let is_child = session.get("parentID").is_some_and(|id| !id.is_null());
            if !is_child && !known.contains(&id) && stores.holds(text(&session, "directory")) {
                let time = session.get("time").unwrap_or(&Value::Null);
                sessions.push((moment(time, "updated"), id, session));
            }
        }
    }
    sessions.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    shelf.newest(&mut sessions);
    for (ended, id, session) in sessions {
        let mut talk = Talk {
            directory: text(&session, "directory").to_owned(),
            ..Talk::default()
        };
        let Some(folder) = folder_of(&storage.join("message"), &id) else {
            continue;
        };
        let mut messages: Vec<(i64, Value)> = Vec::new();
        for name in files(&folder) {
            if let Some(message) = shelf.file(&folder.join(name), MAX_FILE_BYTES) {
                let time = message.get("time").unwrap_or(&Value::Null);
                messages.push((moment(time, "created"), message));
            }
        }
        messages.sort_by_key(|(at, _)| *at);
        for (at, message) in messages {
            let mut parts: Vec<Value> = Vec::new();
            if let Some(folder) = folder_of(&storage.join("part"), text(&message, "id")) {
                for name in files(&folder) {
                    parts.extend(shelf.file(&folder.join(name), MAX_FILE_BYTES));
                }
            }
            talk.add(&mut shelf, &message, at, &parts);
        }
        let mut head = shelf.head(&id, text(&session, "title"));
        head.started = moment(session.get("time").unwrap_or(&Value::Null), "created");
        head.ended = ended;
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

    use std::path::PathBuf;

    const TABLES: &str = "CREATE TABLE session (id TEXT PRIMARY KEY, parent_id TEXT, directory TEXT, title TEXT,
            time_created INTEGER, time_updated INTEGER);
        CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER, data TEXT);
        CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT, session_id TEXT, time_created INTEGER, data TEXT);";

    fn folder(home: &Path) -> PathBuf {
        home.join(".local/share/opencode")
    }

    fn read_in(home: &Path) -> Found<Session> {
        testing::read_in(home, "/w/shop", read)
    }

    fn session(id: &str, parent: &str, directory: &str) -> String {
        format!(
            "INSERT INTO session VALUES ('{id}', {parent}, '{directory}', 'title of {id}', 1786500000000, 1786500060000);"
        )
    }

    /// A message of session `s` with its parts.
    fn message(n: usize, message: Value, parts: &[Value]) -> String {
        let at = 1_786_500_000_000_usize + n * 1000;
        let mut sql = format!(
            "INSERT INTO message VALUES ('m{n}', 's', {at}, {});",
            quoted(&message.to_string())
        );
        for (i, part) in parts.iter().enumerate() {
            let part = quoted(&part.to_string());
            sql.push_str(&format!(
                "INSERT INTO part VALUES ('p{n}{i}', 'm{n}', 's', {at}, {part});"
            ));
        }
        sql
    }

    fn tool(name: &str, state: Value) -> Value {
        json!({ "type": "tool", "tool": name, "state": state })
    }

    #[test]
    fn a_session_is_told_from_its_parts() {
        let home = tempfile::tempdir().unwrap();
        let user = || json!({ "role": "user", "summary": { "diffs": [] } });
        let assistant = || json!({ "role": "assistant" });
        let say = |text: &str| json!({ "type": "text", "text": text });
        let run = |status: &str, key: &str| {
            tool(
                "bash",
                json!({ "status": status, "input": { "command": "make" }, key: "error: no rule" }),
            )
        };
        let sql = [
            TABLES.to_owned(),
            session("s", "NULL", "/w/shop/web"),
            session("child", "'s'", "/w/shop"),
            session("foreign", "NULL", "/w/shop-2"),
            message(
                0,
                user(),
                &[
                    say("Add alerts"),
                    json!({ "type": "text", "text": "injected", "synthetic": true }),
                ],
            ),
            message(
                1,
                assistant(),
                &[
                    run("error", "error"),
                    tool(
                        "edit",
                        json!({ "status": "completed", "input": { "filePath": "/w/shop/src/a.rs" } }),
                    ),
                    json!({ "type": "patch", "files": ["/w/shop/src/a.rs", "b.rs"] }),
                    run("completed", "output"),
                    tool(
                        "write",
                        json!({ "status": "error", "input": { "filePath": "/w/shop/src/no.rs" } }),
                    ),
                    say("Alerts fire."),
                    json!({ "type": "mystery" }),
                ],
            ),
            message(
                2,
                json!({ "role": "assistant", "summary": true }),
                &[say("Summary: alerts were added.")],
            ),
            "INSERT INTO part VALUES ('bad', 'm1', 's', 1, '{broken');".to_owned(),
        ];
        make(&folder(home.path()).join("opencode.db"), &sql.concat());
        let found = read_in(home.path());
        assert_eq!(found.items.len(), 1);
        let session = &found.items[0];
        let texts: Vec<&str> = session
            .turns
            .iter()
            .map(|turn| turn.text.as_str())
            .collect();
        assert_eq!(texts, ["Add alerts", "Alerts fire."]);
        assert_eq!(session.digest.summary, "Summary: alerts were added.");
        assert_eq!(session.digest.files, ["src/a.rs", "web/b.rs"]);
        assert_eq!(
            session.digest.fixes,
            ["`make` failed (error: no rule), passes after edits to src/a.rs, web/b.rs"]
        );
        assert_eq!(
            (session.started, session.ended),
            (1_786_500_000, 1_786_500_060)
        );
        assert_eq!(
            (found.reports[0].n_lost, found.reports[0].n_unknown),
            (1, 1)
        );
    }

    fn put(home: &Path, path: &str, text: &str) {
        let path = folder(home).join("storage").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn the_tree_of_files_is_read_where_the_database_lacks_a_session() {
        let home = tempfile::tempdir().unwrap();
        for (id, directory) in [
            ("old", "/w/shop"),
            ("foreign", "/w/other"),
            ("..", "/w/shop"),
        ] {
            let session = json!({ "id": id, "directory": directory, "title": id, "time": { "updated": 1_760_000_100_000_i64 } });
            put(
                home.path(),
                &format!("session/p/{id}.json"),
                &session.to_string(),
            );
        }
        put(
            home.path(),
            "message/old/m.json",
            r#"{"id":"m","role":"user","time":{"created":1760000000000}}"#,
        );
        put(
            home.path(),
            "part/m/a.json",
            r#"{"type":"text","text":"Sitemap misses pages"}"#,
        );
        put(home.path(), "part/m/b.json", r#"{"type":"te"#);
        let found = read_in(home.path());
        assert_eq!(found.items.len(), 1);
        assert_eq!(found.items[0].turns[0].text, "Sitemap misses pages");
        assert_eq!(
            (found.items[0].turns[0].at, found.items[0].ended),
            (1_760_000_000, 1_760_000_100)
        );
        assert_eq!(found.reports[0].n_lost, 1);
        let part = json!({ "type": "text", "text": "moved" });
        let sql = [
            TABLES.to_owned(),
            session("old", "NULL", "/w/shop"),
            message(0, json!({ "role": "user" }), &[part]),
        ];
        make(
            &folder(home.path()).join("opencode.db"),
            &sql.concat().replace("'s'", "'old'"),
        );
        let found = read_in(home.path());
        assert_eq!(found.items.len(), 1);
        assert_eq!(found.items[0].turns[0].text, "moved");
    }

    #[test]
    fn other_tables_are_a_warning() {
        let home = tempfile::tempdir().unwrap();
        make(
            &folder(home.path()).join("opencode.db"),
            "CREATE TABLE session_v2 (id TEXT)",
        );
        let found = read_in(home.path());
        assert_eq!((found.items.len(), found.warnings.len()), (0, 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        #[test]
        fn any_values_are_survived(values in prop::collection::vec("[\\[\\]{}\",:a-c0-9]{0,40}", 2..6)) {
            let home = tempfile::tempdir().unwrap();
            let mut sql = format!("{TABLES}{}", session("s", "NULL", "/w/shop"));
            for (n, value) in values.iter().enumerate() {
                let value = quoted(value);
                sql.push_str(&format!("INSERT INTO message VALUES ('m{n}', 's', {value}, {value});"));
                sql.push_str(&format!("INSERT INTO part VALUES ('p{n}', 'm{n}', 's', {value}, {value});"));
            }
            make(&folder(home.path()).join("opencode.db"), &sql);
            prop_assert!(read_in(home.path()).items.len() <= 1);
        }
    }
}
