//! Sessions of Cursor: `state.vscdb`, a database of keys and values for all projects of a user.
//!
//! A composer (a chat) does not say where it ran. The list of headers does, or the small database of the workspace that
//! opened it; failing both, the folders that its bubbles (messages) name. The database reaches gigabytes, nearly all of
//! them file snapshots, so it is only ever asked for ranges of keys. The list of bubbles in a composer's own row misses
//! some, so bubbles are found by their keys and put in by their time.

use super::digest::{Material, Step};
use super::recall::Recall;
use super::shelf::{Shelf, first, list, moment, said, text};
use super::{Role, Session};
use crate::source::sqlite::{self, Database};
use crate::source::stores::{self, Found, Stores};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;
use std::path::Path;

const TOOL: &str = "cursor";
const DATABASE: &str = "state.vscdb";
/// The largest `workspace.json`.
const MAX_WORKSPACE_BYTES: u64 = 64 << 10;
/// Composers without a header whose bubbles are asked where they ran.
const MAX_ASKED: usize = 2_000;

/// The sessions of this repository.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    Recall::new(stores, TOOL).stores(|| read_all(stores))
}

fn read_all(stores: &Stores) -> Found<Session> {
    let mut found = Found::default();
    for config in stores.config_dirs() {
        let user = config.join("Cursor/User");
        let storage = user.join("workspaceStorage");
        let mut spaces = Spaces::default();
        for (name, metadata) in stores::list(&storage) {
            if !metadata.is_dir() {
                continue;
            }
            let folder = storage.join(&name);
            let is_ours = workspace(&folder).is_some_and(|path| stores.holds(&path));
            if is_ours {
                found.extend(read_workspace(stores, &folder, &mut spaces));
                spaces.ours.insert(name);
            } else {
                spaces.others.insert(name);
            }
        }
        found.extend(read_global(stores, &user.join("globalStorage"), &spaces));
    }
    found
}

/// What the workspaces of a user say.
#[derive(Default)]
struct Spaces {
    /// Names of the workspaces of this repository.
    ours: FxHashSet<String>,
    /// Names of the others.
    others: FxHashSet<String>,
    /// Composers that were opened in ours, with their names.
    composers: FxHashMap<String, String>,
}

/// The folder that a workspace opens, or the file that lists its folders.
fn workspace(folder: &Path) -> Option<String> {
    let (text, _) = stores::read_text(&folder.join("workspace.json"), MAX_WORKSPACE_BYTES).ok()?;
    let value: Value = serde_json::from_str(&text).ok()?;
    stores::path_of_uri(first(&value, &["folder", "workspace"])?)
}

/// The value of a key of the table that VS Code keeps settings in.
fn item(shelf: &mut Shelf, database: &Database, key: &str) -> Option<Value> {
    if !database.has("ItemTable", &["key", "value"]) {
        return None;
    }
    let sql = format!(
        "SELECT {} FROM ItemTable WHERE key = ?1",
        sqlite::bounded("value")
    );
    let rows = shelf.rows(database, &sql, &[key]);
    let cell = rows.first()?.first()?;
    if cell.is_null() {
        return None;
    }
    shelf.json(cell.bytes())
}

/// Which composers a workspace opened, and the chats of the time before composers.
fn read_workspace(stores: &Stores, folder: &Path, spaces: &mut Spaces) -> Found<Session> {
    let path = folder.join(DATABASE);
    let mut shelf = Shelf::new(stores, TOOL, &path);
    let Some(database) = shelf.open(&path) else {
        return shelf.finish();
    };
    if let Some(value) = item(&mut shelf, &database, "composer.composerData") {
        for composer in list(&value, "allComposers") {
            let id = text(composer, "composerId").to_owned();
            spaces
                .composers
                .insert(id, text(composer, "name").to_owned());
        }
    }
    let key = "workbench.panel.aichat.view.aichat.chatdata";
    if let Some(value) = item(&mut shelf, &database, key) {
        for tab in list(&value, "tabs") {
            let steps = list(tab, "bubbles").iter().filter_map(|bubble| {
                let role = match text(bubble, "type") {
                    "user" => Role::User,
                    _ => Role::Assistant,
                };
                said(role, 0, first(bubble, &["text", "rawText"])?)
            });
            let material = Material {
                steps: steps.collect(),
                ..Material::default()
            };
            let mut head = shelf.head(text(tab, "tabId"), text(tab, "chatTitle"));
            head.ended = moment(tab, "lastSendTime");
            shelf.add(head, material);
        }
    }
    shelf.finish()
}

/// The composers of this repository, from the database that holds those of all.
fn read_global(stores: &Stores, folder: &Path, spaces: &Spaces) -> Found<Session> {
    let path = folder.join(DATABASE);
    let mut shelf = Shelf::new(stores, TOOL, &path);
    let Some(database) = shelf.open(&path) else {
        return shelf.finish();
    };
    if !database.has("cursorDiskKV", &["key", "value"]) {
        return shelf.finish();
    }
    let mut names = spaces.composers.clone();
    let mut foreign: FxHashSet<String> = FxHashSet::default();
    if let Some(value) = item(&mut shelf, &database, "composer.composerHeaders") {
        for header in list(&value, "allComposers") {
            let id = text(header, "composerId");
            match is_ours(stores, spaces, header) {
                Some(true) => {
                    let name = text(header, "name").to_owned();
                    names.insert(id.to_owned(), name);
                }
                Some(false) => {
                    foreign.insert(id.to_owned());
                    names.remove(id);
                }
                None => {}
            }
        }
    }
    let (from, to) = range("composerData:");
    let keys = "SELECT key FROM cursorDiskKV WHERE key >= ?1 AND key < ?2 ORDER BY key";
    let mut n_asked = 0;
    for row in shelf.rows(&database, keys, &[&from, &to]) {
        // A damaged index may give keys out of range.
        let Some(id) = row[0].text().strip_prefix(&from).map(str::to_owned) else {
            continue;
        };
        if names.contains_key(&id) || foreign.contains(&id) || n_asked == MAX_ASKED {
            continue;
        }
        n_asked += 1;
        if bubbles_are_ours(&mut shelf, &database, &id) {
            names.insert(id, String::new());
        }
    }
    let mut ids: Vec<(&String, &String)> = names.iter().collect();
    ids.sort();
    let mut composers: Vec<(i64, Value, &str)> = Vec::new();
    for (id, name) in ids {
        let sql = format!(
            "SELECT {} FROM cursorDiskKV WHERE key = ?1",
            sqlite::bounded("value")
        );
        let rows = shelf.rows(&database, &sql, &[&format!("composerData:{id}")]);
        // A header may outlive its composer.
        let Some(cell) = rows.first().map(|row| &row[0]) else {
            continue;
        };
        if let Some(mut value) = shelf.json(cell.bytes()) {
            if let Some(object) = value.as_object_mut() {
                object.insert("composerId".to_owned(), Value::from(id.as_str()));
            }
            let at = moment(&value, "lastUpdatedAt").max(moment(&value, "createdAt"));
            composers.push((at, value, name));
        }
    }
    composers.sort_by_key(|composer| std::cmp::Reverse(composer.0));
    shelf.newest(&mut composers);
    for (_, composer, name) in composers {
        read_composer(&mut shelf, &database, &composer, name);
    }
    shelf.finish()
}

/// Whether a header names this repository; none where it names nothing that is known.
fn is_ours(stores: &Stores, spaces: &Spaces, header: &Value) -> Option<bool> {
    let workspace = header.get("workspaceIdentifier")?;
    let place = workspace.get("uri").or(workspace.get("configPath"));
    let path = match place {
        Some(Value::String(uri)) => stores::path_of_uri(uri),
        Some(uri) => first(uri, &["fsPath", "path"]).map(str::to_owned),
        None => None,
    };
    if let Some(path) = path {
        return Some(stores.holds(&path));
    }
    let id = text(workspace, "id");
    if spaces.ours.contains(id) {
        return Some(true);
    }
    spaces.others.contains(id).then_some(false)
}

/// The first and the first later key of those that begin with `prefix`, which ends in a colon.
fn range(prefix: &str) -> (String, String) {
    let end = format!("{};", prefix.trim_end_matches(':'));
    (prefix.to_owned(), end)
}

/// Whether the first bubbles of a composer that name folders name those of this repository alone.
fn bubbles_are_ours(shelf: &mut Shelf, database: &Database, id: &str) -> bool {
    let (from, to) = range(&format!("bubbleId:{id}:"));
    let sql = format!(
        "SELECT {} FROM cursorDiskKV WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT 8",
        sqlite::bounded("value")
    );
    let mut is_any = false;
    for row in shelf.rows(database, &sql, &[&from, &to]) {
        let Ok(bubble) = serde_json::from_slice::<Value>(row[0].bytes()) else {
            continue;
        };
        for uri in list(&bubble, "workspaceUris") {
            let path = uri.as_str().and_then(stores::path_of_uri);
            if !path.is_some_and(|path| shelf.stores.holds(&path)) {
                return false;
            }
            is_any = true;
        }
    }
    is_any
}

fn read_composer(shelf: &mut Shelf, database: &Database, composer: &Value, name: &str) {
    let id = text(composer, "composerId");
    let headers = list(composer, "fullConversationHeadersOnly");
    let order: FxHashMap<&str, usize> = headers
        .iter()
        .enumerate()
        .map(|(at, header)| (text(header, "bubbleId"), at))
        .collect();
    let mut bubbles: Vec<Value> = list(composer, "conversation").to_vec();
    let inline = composer.get("conversationMap").and_then(Value::as_object);
    bubbles.extend(inline.into_iter().flat_map(|map| map.values().cloned()));
    let mut seen: FxHashSet<String> = bubbles
        .iter()
        .map(|bubble| text(bubble, "bubbleId").to_owned())
        .collect();
    let (from, to) = range(&format!("bubbleId:{id}:"));
    let sql = format!(
        "SELECT key, {} FROM cursorDiskKV WHERE key >= ?1 AND key < ?2 ORDER BY key",
        sqlite::bounded("value")
    );
    for row in shelf.rows(database, &sql, &[&from, &to]) {
        if row[1].is_null() {
            shelf.lost();
        } else if let Some(mut bubble) = shelf.json(row[1].bytes()) {
            let key = row[0].text();
            let bubble_id = key.get(from.len()..).unwrap_or_default();
            if let Some(object) = bubble.as_object_mut() {
                object.insert("bubbleId".to_owned(), Value::from(bubble_id));
            }
            if seen.insert(bubble_id.to_owned()) {
                bubbles.push(bubble);
            }
        }
    }
    let material = Material {
        steps: in_order(&bubbles, &order)
            .into_iter()
            .flat_map(|(bubble, at)| steps(shelf.stores, bubble, at))
            .collect(),
        ..Material::default()
    };
    let title = Some(text(composer, "name")).filter(|title| !title.is_empty());
    let mut head = shelf.head(id, title.unwrap_or(name));
    head.started = moment(composer, "createdAt");
    head.ended = moment(composer, "lastUpdatedAt");
    shelf.add(head, material);
}

/// Bubbles in the order of the composer's list, the ones that it misses put in by their time; with that time.
fn in_order<'v>(bubbles: &'v [Value], order: &FxHashMap<&str, usize>) -> Vec<(&'v Value, i64)> {
    let place = |bubble: &Value| order.get(text(bubble, "bubbleId")).copied();
    let time = |bubble: &Value| moment(bubble, "createdAt");
    let (mut listed, mut missed): (Vec<&Value>, Vec<&Value>) = bubbles
        .iter()
        .partition(|bubble| order.is_empty() || place(bubble).is_some());
    listed.sort_by_key(|bubble| place(bubble));
    missed.sort_by_key(|bubble| time(bubble));
    let mut all: Vec<(&Value, i64)> = Vec::new();
    let mut latest = 0;
    let mut missed = missed.into_iter().peekable();
    for bubble in listed {
        let at = time(bubble);
        while let Some(other) = missed.next_if(|other| at > 0 && time(other) < at) {
            all.push((other, time(other)));
        }
        latest = latest.max(at);
        all.push((bubble, if at > 0 { at } else { latest }));
    }
    all.extend(missed.map(|bubble| (bubble, time(bubble))));
    all
}

/// What a bubble says and does.
fn steps(stores: &Stores, bubble: &Value, at: i64) -> Vec<Step> {
    let role = match bubble.get("type").and_then(Value::as_i64) {
        Some(1) => Role::User,
        _ => Role::Assistant,
    };
    let mut steps: Vec<Step> = said(role, at, text(bubble, "text")).into_iter().collect();
    let Some(call) = bubble.get("toolFormerData") else {
        return steps;
    };
    let is_failed = text(call, "status") == "error";
    let parsed = |key: &str| -> Value {
        match call.get(key) {
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
            Some(value) => value.clone(),
            None => Value::Null,
        }
    };
    let (params, arguments) = (parsed("params"), parsed("rawArgs"));
    let named = |keys: &[&str]| first(&params, keys).or(first(&arguments, keys));
    let name = text(call, "name");
    let is_edit = [
        "edit",
        "write",
        "create",
        "search_replace",
        "apply",
        "multi",
    ]
    .iter()
    .any(|verb| name.starts_with(verb));
    if is_edit && !is_failed {
        let keys = ["relativeWorkspacePath", "target_file", "file_path", "path"];
        let root = stores.roots.first().map(|root| root.to_string_lossy());
        let path = named(&keys).map(|path| stores.file(root.as_deref().unwrap_or(""), path));
        steps.extend(path.map(Step::Edited));
    } else if name.starts_with("run_terminal")
        && matches!(text(call, "status"), "completed" | "error")
    {
        let result = parsed("result");
        let exit = first_number(&result, &["exitCode", "exit_code", "exitCodeV2"]);
        let is_failed = is_failed || exit.is_some_and(|code| code != 0);
        let output = first(&result, &["output", "stderr", "error", "contents"]).unwrap_or_default();
        steps.extend(named(&["command"]).map(|command| Step::Ran {
            command: command.to_owned(),
            error: is_failed.then(|| output.to_owned()),
        }));
    }
    steps
}

fn first_number(value: &Value, keys: &[&str]) -> Option<i64> {
    keys.iter().find_map(|key| value.get(key)?.as_i64())
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::source::sqlite::tests::{make, quoted};
    use proptest::prelude::*;
    use serde_json::json;

    use std::path::PathBuf;

    const TABLES: &str = "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);
        CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);";

    fn put(sql: &mut String, table: &str, key: &str, value: &Value) {
        let (key, value) = (quoted(key), quoted(&value.to_string()));
        sql.push_str(&format!(
            "INSERT INTO {table} VALUES ({key}, CAST({value} AS BLOB));"
        ));
    }

    fn user(home: &Path) -> PathBuf {
        home.join(".config/Cursor/User")
    }

    fn put_workspace(home: &Path, name: &str, uri: &str, sql: &str) {
        let folder = user(home).join("workspaceStorage").join(name);
        make(&folder.join(DATABASE), &format!("{TABLES}{sql}"));
        let text = json!({ "folder": uri }).to_string();
        std::fs::write(folder.join("workspace.json"), text).unwrap();
    }

    fn put_global(home: &Path, sql: &str) {
        let path = user(home).join("globalStorage").join(DATABASE);
        make(&path, &format!("{TABLES}{sql}"));
    }

    fn read_in(home: &Path) -> Found<Session> {
        testing::read_in(home, "/w/my shop", read)
    }

    /// A composer of one ask.
    fn composer(sql: &mut String, id: &str) {
        let row = json!({ "composerId": id, "createdAt": 1_786_788_000_000_i64 });
        put(sql, "cursorDiskKV", &format!("composerData:{id}"), &row);
        let bubble = json!({ "type": 1, "text": format!("ask of {id}") });
        put(sql, "cursorDiskKV", &format!("bubbleId:{id}:b1"), &bubble);
    }

    fn asks(found: &Found<Session>) -> Vec<String> {
        let mut asks: Vec<String> = found
            .items
            .iter()
            .flat_map(|session| session.digest.asks.clone())
            .collect();
        asks.sort();
        asks
    }

    #[test]
    fn headers_workspaces_and_bubbles_tell_whose_a_composer_is() {
        let home = tempfile::tempdir().unwrap();
        let opened = json!({ "allComposers": [{ "composerId": "opened", "name": "N" }] });
        let mut sql = String::new();
        put(&mut sql, "ItemTable", "composer.composerData", &opened);
        put_workspace(home.path(), "ours", "file:///w/my%20shop", &sql);
        put_workspace(
            home.path(),
            "theirs",
            "file:///w/my%20shop-2",
            &sql.replace("opened", "not-ours"),
        );
        let mut sql = String::new();
        for id in [
            "opened",
            "not-ours",
            "by-path",
            "other-path",
            "by-id",
            "by-bubble",
            "mixed",
            "unknown",
        ] {
            composer(&mut sql, id);
        }
        let at = |id: &str, workspace: Value| json!({ "composerId": id, "workspaceIdentifier": workspace });
        let headers = json!({ "allComposers": [
            at("by-path", json!({ "uri": { "fsPath": "/w/my shop/web" } })),
            at("other-path", json!({ "uri": { "fsPath": "/w/other" } })),
            at("by-id", json!({ "id": "ours" })),
            at("gone", json!({ "id": "ours" })),
        ] });
        put(&mut sql, "ItemTable", "composer.composerHeaders", &headers);
        let uris = |uris: Value| json!({ "type": 2, "text": "x", "workspaceUris": uris });
        put(
            &mut sql,
            "cursorDiskKV",
            "bubbleId:by-bubble:b2",
            &uris(json!(["file:///w/my%20shop"])),
        );
        put(
            &mut sql,
            "cursorDiskKV",
            "bubbleId:mixed:b2",
            &uris(json!(["file:///w/my%20shop", "file:///w/b"])),
        );
        put(
            &mut sql,
            "cursorDiskKV",
            "bubbleId:other-path:b2",
            &uris(json!(["file:///w/my%20shop"])),
        );
        put_global(home.path(), &sql);
        let found = read_in(home.path());
        assert_eq!(
            asks(&found),
            [
                "ask of by-bubble",
                "ask of by-id",
                "ask of by-path",
                "ask of opened"
            ]
        );
        assert_eq!(found.warnings, []);
        assert_eq!((found.reports.len(), found.reports[0].n_items), (1, 4));
    }

    #[test]
    fn bubbles_come_in_order_with_those_the_list_misses() {
        let home = tempfile::tempdir().unwrap();
        put_workspace(home.path(), "ours", "file:///w/my%20shop", "");
        let mut sql = String::new();
        let headers = json!({ "allComposers": [{ "composerId": "c", "workspaceIdentifier": { "id": "ours" } }] });
        put(&mut sql, "ItemTable", "composer.composerHeaders", &headers);
        let row = json!({
            "name": "Rounding", "createdAt": 1_786_788_000_000_i64, "lastUpdatedAt": 1_786_788_360_000_i64,
            "fullConversationHeadersOnly": [{ "bubbleId": "z" }, { "bubbleId": "a" }, { "bubbleId": "gone" }],
        });
        put(&mut sql, "cursorDiskKV", "composerData:c", &row);
        let bubble = |kind: i64, text: &str, minute: i64| json!({ "type": kind, "text": text, "createdAt": format!("2026-08-15T10:{minute:02}:00.000Z") });
        put(
            &mut sql,
            "cursorDiskKV",
            "bubbleId:c:z",
            &bubble(1, "first", 1),
        );
        put(
            &mut sql,
            "cursorDiskKV",
            "bubbleId:c:m",
            &bubble(1, "missed", 2),
        );
        put(
            &mut sql,
            "cursorDiskKV",
            "bubbleId:c:n",
            &bubble(1, "last", 9),
        );
        let mut edit = bubble(2, "Done.", 3);
        edit["toolFormerData"] = json!({
            "name": "edit_file_v2", "status": "completed", "params": "{\"relativeWorkspacePath\":\"src/a.rs\"}",
        });
        put(&mut sql, "cursorDiskKV", "bubbleId:c:a", &edit);
        let mut run = bubble(2, "", 4);
        run["toolFormerData"] = json!({
            "name": "run_terminal_cmd", "status": "completed",
            "params": { "command": "make" }, "result": "{\"exitCode\":2,\"output\":\"error: x\"}",
        });
        put(&mut sql, "cursorDiskKV", "bubbleId:c:r", &run);
        sql.push_str("INSERT INTO cursorDiskKV VALUES ('bubbleId:c:null', NULL), ('bubbleId:c:torn', '{\"a');");
        put_global(home.path(), &sql);
        let found = read_in(home.path());
        let session = &found.items[0];
        let texts: Vec<&str> = session
            .turns
            .iter()
            .map(|turn| turn.text.as_str())
            .collect();
        assert_eq!(texts, ["first", "missed", "Done.", "last"]);
        assert_eq!(
            (session.title.as_str(), session.started),
            ("Rounding", 1_786_788_000)
        );
        assert_eq!(session.digest.files, ["src/a.rs"]);
        assert_eq!(
            session.path,
            "~/.config/Cursor/User/globalStorage/state.vscdb#c"
        );
        assert_eq!(found.reports[0].n_lost, 2);
    }

    #[test]
    fn old_forms_are_read() {
        let home = tempfile::tempdir().unwrap();
        let mut sql = String::new();
        let opened = json!({ "allComposers": [{ "composerId": "c", "name": "Inline" }] });
        put(&mut sql, "ItemTable", "composer.composerData", &opened);
        let chats = json!({ "tabs": [{ "tabId": "t", "chatTitle": "Chat", "lastSendTime": 1_700_000_000_000_i64,
            "bubbles": [{ "type": "user", "text": "old ask" }, { "type": "ai", "rawText": "old answer" }] }] });
        put(
            &mut sql,
            "ItemTable",
            "workbench.panel.aichat.view.aichat.chatdata",
            &chats,
        );
        put_workspace(home.path(), "ours", "file:///w/my%20shop", &sql);
        let mut sql = String::new();
        let row = json!({ "conversation": [
            { "type": 1, "bubbleId": "x", "text": "inline ask" }, { "type": 2, "bubbleId": "y", "text": "inline answer" },
        ] });
        put(&mut sql, "cursorDiskKV", "composerData:c", &row);
        put_global(home.path(), &sql);
        let found = read_in(home.path());
        assert_eq!(asks(&found), ["inline ask", "old ask"]);
        let titles: Vec<&str> = found
            .items
            .iter()
            .map(|session| session.title.as_str())
            .collect();
        assert_eq!(titles, ["Chat", "Inline"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        #[test]
        fn any_values_are_survived(values in prop::collection::vec("[\\[\\]{}\",:a-c0-9]{0,40}", 4..8)) {
            let home = tempfile::tempdir().unwrap();
            put_workspace(home.path(), "ours", "file:///w/my%20shop", "");
            let mut sql = String::new();
            let headers = json!({ "allComposers": [{ "composerId": "c", "workspaceIdentifier": { "id": "ours" } }] });
            put(&mut sql, "ItemTable", "composer.composerHeaders", &headers);
            for (at, value) in values.iter().enumerate() {
                let key = if at == 0 { "composerData:c".to_owned() } else { format!("bubbleId:c:{at}") };
                sql.push_str(&format!("INSERT INTO cursorDiskKV VALUES ({}, {});", quoted(&key), quoted(value)));
            }
            put_global(home.path(), &sql);
            let found = read_in(home.path());
            prop_assert!(found.items.len() <= 1);
        }
    }
}
