//! Sessions of Zed's agent: `threads.db`, one row a thread, its messages in one value, mostly compressed.
//!
//! The folders that a thread was opened in decide whose it is; a thread without any is nobody's, for its messages name
//! files but no working directory. Threads with a parent are those of sub-agents and are left out.

use super::digest::{Material, Step};
use super::recall::Recall;
use super::shelf::{Shelf, first, list, said, text};
use super::{Role, Session};
use crate::source::sqlite;
use crate::source::stores::{Found, Stores};
use serde_json::Value;
use std::io::Read;
use std::path::Path;

const TOOL: &str = "zed";
/// The most bytes of a thread once it is decompressed.
const MAX_THREAD_BYTES: u64 = 64 << 20;

/// The sessions of this repository.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    Recall::new(stores, TOOL).stores(|| read_all(stores))
}

fn read_all(stores: &Stores) -> Found<Session> {
    let mut found = Found::default();
    for data in stores.data_dirs() {
        for name in ["zed", "Zed"] {
            let path = data.join(name).join("threads/threads.db");
            let threads = read_database(stores, &path);
            // Where names are the same in either case, both are one file.
            let is_seen =
                |it: &Session| found.items.iter().any(|other: &Session| other.id == it.id);
            if !threads.items.iter().any(is_seen) {
                found.extend(threads);
            }
        }
    }
    found
}

/// The folders that a thread was opened in: one a line, or a list.
fn folders(text: &str) -> Vec<String> {
    let listed: Option<Vec<String>> = serde_json::from_str(text).ok();
    let mut folders = listed.unwrap_or_else(|| text.lines().map(str::to_owned).collect());
    folders.retain(|path| !path.is_empty());
    folders
}

/// Whether at least half of the folders of a thread are of this repository.
fn is_ours(stores: &Stores, folders: &[String]) -> bool {
    let n_ours = folders.iter().filter(|path| stores.holds(path)).count();
    n_ours > 0 && 2 * n_ours >= folders.len()
}

fn read_database(stores: &Stores, path: &Path) -> Found<Session> {
    let mut shelf = Shelf::new(stores, TOOL, path);
    let Some(database) = shelf.open(path) else {
        return shelf.finish();
    };
    if !database.has(
        "threads",
        &["id", "summary", "updated_at", "data_type", "data"],
    ) {
        shelf.warn("unreadable", "not the tables of a version that is known");
        return shelf.finish();
    }
    let column = |name| database.column("threads", name);
    let (opened, parent, created) = (
        column("folder_paths"),
        column("parent_id"),
        column("created_at"),
    );
    let sql = format!(
        "SELECT id, summary, updated_at, {created}, {opened} FROM threads WHERE {parent} IS NULL AND {opened} IS NOT NULL"
    );
    let mut threads = shelf.rows(&database, &sql, &[]);
    threads.retain(|row| is_ours(stores, &folders(&row[4].text())));
    threads.sort_by(|a, b| {
        let at = |row: &[sqlite::Cell]| row[2].moment();
        at(b)
            .cmp(&at(a))
            .then_with(|| a[0].text().cmp(&b[0].text()))
    });
    shelf.newest(&mut threads);
    let sql = format!(
        "SELECT data_type, {} FROM threads WHERE id = ?1",
        sqlite::bounded("data")
    );
    for row in threads {
        let id = row[0].text().into_owned();
        let data = shelf.rows(&database, &sql, &[&id]);
        let Some(cells) = data.first() else { continue };
        let json = match &*cells[0].text() {
            "json" => Some(cells[1].bytes().to_vec()),
            "zstd" => decompressed(cells[1].bytes()),
            _ => {
                shelf.unknown();
                continue;
            }
        };
        let Some(thread) = shelf.json(&json.unwrap_or_default()) else {
            continue;
        };
        let mut head = shelf.head(&id, &row[1].text());
        head.started = row[3].moment();
        head.ended = row[2].moment();
        let material = material(&mut shelf, &thread, &folders(&row[4].text()));
        shelf.add(head, material);
    }
    shelf.finish()
}

fn decompressed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let decoder = ruzstd::decoding::StreamingDecoder::new(bytes).ok()?;
    let mut decoder = decoder.take(MAX_THREAD_BYTES + 1);
    decoder.read_to_end(&mut out).ok()?;
    (out.len() as u64 <= MAX_THREAD_BYTES).then_some(out)
}

/// What a thread says and does. Messages of newer versions stand under their kind, older ones name a role.
fn material(shelf: &mut Shelf, thread: &Value, folders: &[String]) -> Material {
    let mut material = Material::default();
    for message in list(thread, "messages") {
        if message.as_str() == Some("Resume") {
            continue;
        }
        if let Some(user) = message.get("User") {
            let words = spoken(list(user, "content"));
            material.steps.extend(said(Role::User, 0, &words));
        } else if let Some(agent) = message.get("Agent") {
            let content = list(agent, "content");
            material
                .steps
                .extend(said(Role::Assistant, 0, &spoken(content)));
            for part in content {
                let call = part.get("ToolUse");
                let step = call.and_then(|call| step(shelf.stores, folders, call, agent));
                material.steps.extend(step);
            }
        } else {
            let role = match text(message, "role") {
                "user" => Role::User,
                "assistant" => Role::Assistant,
                _ => {
                    shelf.unknown();
                    continue;
                }
            };
            let segments = list(message, "segments").iter();
            let segments = segments.filter(|segment| text(segment, "type") == "text");
            let words: Vec<&str> = segments.map(|segment| text(segment, "text")).collect();
            let words = words.join("\n");
            let words = if words.is_empty() {
                text(message, "text")
            } else {
                &words
            };
            material.steps.extend(said(role, 0, words));
        }
    }
    material.summary = text(thread, "detailed_summary").to_owned();
    material
}

fn spoken(content: &[Value]) -> String {
    let texts = content.iter().filter_map(|part| part.get("Text")?.as_str());
    texts.collect::<Vec<_>>().join("\n")
}

/// What a tool call did, if it is worth a step.
fn step(stores: &Stores, folders: &[String], call: &Value, agent: &Value) -> Option<Step> {
    let input = call.get("input")?;
    let result = agent.get("tool_results")?.get(text(call, "id"))?;
    let is_failed = result.get("is_error") == Some(&Value::Bool(true));
    match text(call, "name") {
        "edit_file" | "write_file" | "create_file" | "save_file" if !is_failed => {
            let path = first(input, &["path", "file_path"])?;
            Some(Step::Edited(file(stores, folders, path)))
        }
        "terminal" => {
            let output = result.pointer("/content/Text").and_then(Value::as_str);
            Some(Step::Ran {
                command: text(input, "command").to_owned(),
                error: is_failed.then(|| output.unwrap_or_default().to_owned()),
            })
        }
        _ => None,
    }
}

/// The file at a path that begins with the name of one of the folders, instead of being below it; or is below the first.
fn file(stores: &Stores, folders: &[String], path: &str) -> String {
    let inside = folders.iter().find_map(|folder| {
        let name = folder.rsplit(['/', '\\']).next()?;
        let rest = path.strip_prefix(name).filter(|_| !name.is_empty())?;
        Some((folder, rest.strip_prefix(['/', '\\'])?))
    });
    match inside {
        // Whole, so that a file of another folder is not taken for one of this repository.
        Some((folder, rest)) => stores.file("", &format!("{folder}/{rest}")),
        None => stores.file(folders.first().map_or("", String::as_str), path),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::source::sqlite::tests::{make, quoted};
    use proptest::prelude::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use serde_json::json;

    use std::path::PathBuf;

    const TABLE: &str =
        "CREATE TABLE threads (id TEXT PRIMARY KEY, summary TEXT, updated_at TEXT, data_type TEXT,
        data BLOB, parent_id TEXT, folder_paths TEXT);";

    fn path(home: &Path) -> PathBuf {
        home.join(".local/share/zed/threads/threads.db")
    }

    fn read_in(home: &Path) -> Found<Session> {
        testing::read_in(home, "/w/shop", read)
    }

    fn thread(id: &str, kind: &str, data: &[u8], parent: &str, folders: &str) -> String {
        let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "INSERT INTO threads VALUES ('{id}', 'title of {id}', '2026-08-09T11:00:00-08:00', '{kind}', x'{hex}', {parent}, {folders});"
        )
    }

    fn messages() -> Vec<u8> {
        let call = json!({ "id": "t1", "name": "edit_file", "input": { "path": "shop/src/a.rs" } });
        let run = json!({ "id": "t2", "name": "terminal", "input": { "command": "make" } });
        let thread = json!({ "detailed_summary": null, "messages": [
            { "User": { "content": [{ "Text": "Add a wishlist" }, { "Mention": {} }] } },
            { "Agent": { "content": [{ "Text": "Added." }, { "ToolUse": call }, { "ToolUse": run }],
                "tool_results": { "t1": { "is_error": false }, "t2": { "is_error": true } } } },
            "Resume",
            { "Other": {} },
        ] });
        thread.to_string().into_bytes()
    }

    #[test]
    fn folders_decide_and_both_codecs_are_read() {
        let home = tempfile::tempdir().unwrap();
        let plain = messages();
        let packed = compress_to_vec(&plain[..], CompressionLevel::Fastest);
        let ours = quoted("/w/shop");
        let sql = [
            TABLE.to_owned(),
            thread("a", "zstd", &packed, "NULL", &ours),
            thread(
                "b",
                "json",
                &plain,
                "NULL",
                &quoted("/w/other\n/w/shop/web"),
            ),
            thread("child", "json", &plain, "'a'", &ours),
            thread("nobody", "json", &plain, "NULL", "NULL"),
            thread(
                "foreign",
                "json",
                &plain,
                "NULL",
                &quoted("/w/shop-2\n/w/b\n/w/shop"),
            ),
            thread("odd", "lz9", &plain, "NULL", &ours),
            thread("torn", "zstd", &packed[..packed.len() / 2], "NULL", &ours),
        ];
        make(&path(home.path()), &sql.concat());
        let found = read_in(home.path());
        let ids: Vec<&str> = found
            .items
            .iter()
            .map(|session| session.id.as_str())
            .collect();
        assert_eq!(ids, ["a", "b"]);
        let session = &found.items[0];
        let texts: Vec<&str> = session
            .turns
            .iter()
            .map(|turn| turn.text.as_str())
            .collect();
        assert_eq!(texts, ["Add a wishlist", "Added."]);
        assert_eq!(
            (session.title.as_str(), session.ended),
            ("title of a", 1_786_302_000)
        );
        assert_eq!(session.digest.files, ["src/a.rs"]);
        assert_eq!(
            (found.reports[0].n_lost, found.reports[0].n_unknown),
            (1, 3)
        );
    }

    #[test]
    fn older_messages_name_a_role() {
        let home = tempfile::tempdir().unwrap();
        let data = json!({ "detailed_summary": "It was done.", "messages": [
            { "role": "user", "segments": [{ "type": "text", "text": "old ask" }, { "type": "thinking", "text": "hm" }] },
            { "role": "assistant", "text": "older answer" },
        ] });
        let sql = format!(
            "{TABLE}{}",
            thread(
                "a",
                "json",
                data.to_string().as_bytes(),
                "NULL",
                "'[\"/w/shop\"]'"
            )
        );
        make(&path(home.path()), &sql);
        let found = read_in(home.path());
        assert_eq!(found.items[0].turns.len(), 2);
        assert_eq!(found.items[0].digest.summary, "It was done.");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn any_data_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>()) {
            let home = tempfile::tempdir().unwrap();
            let mut packed = compress_to_vec(&messages()[..], CompressionLevel::Fastest);
            let at = at.index(packed.len());
            packed.splice(at..(at + bytes.len() / 4).min(packed.len()), bytes.iter().copied());
            let sql = format!(
                "{TABLE}{}{}", thread("a", "zstd", &packed, "NULL", "'/w/shop'"), thread("b", "json", &bytes, "NULL", "'/w/shop'")
            );
            make(&path(home.path()), &sql);
            prop_assert!(read_in(home.path()).items.len() <= 2);
        }
    }
}
