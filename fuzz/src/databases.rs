//! Databases that agents keep their sessions in: rows that a tool never wrote, files that are torn, schemas that were planted.

use crate::choose;
use crate::kept::put;
use ctxpack::cache::Cache;
use ctxpack::source::sessions;
use ctxpack::source::stores::Stores;
use rusqlite::Connection;
use rusqlite::limits::Limit;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a tool keeps its database, what stands beside it so that its sessions are those of the repository at `/w/shop`, and its tables.
struct Tool {
    files: &'static [&'static str],
    beside: &'static [(&'static str, &'static str)],
    sql: &'static str,
}

/// Every tool that is read from a database.
const TOOLS: &[Tool] = &[
    Tool {
        files: &[
            ".config/Cursor/User/globalStorage/state.vscdb",
            ".config/Cursor/User/workspaceStorage/0a/state.vscdb",
        ],
        beside: &[(
            ".config/Cursor/User/workspaceStorage/0a/workspace.json",
            r#"{"folder":"file:///w/shop"}"#,
        )],
        sql: "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);
            CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);",
    },
    Tool {
        files: &[".local/share/goose/sessions/sessions.db"],
        beside: &[],
        sql: "CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT, description TEXT, session_type TEXT,
                working_dir TEXT, created_at TIMESTAMP, updated_at TIMESTAMP);
            CREATE TABLE messages (id INTEGER PRIMARY KEY, session_id TEXT, role TEXT, content_json TEXT,
                created_timestamp INTEGER, metadata_json TEXT);",
    },
    Tool {
        files: &[".local/share/opencode/opencode.db"],
        beside: &[],
        sql: "CREATE TABLE session (id TEXT PRIMARY KEY, parent_id TEXT, directory TEXT, title TEXT,
                time_created INTEGER, time_updated INTEGER);
            CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER, data TEXT);
            CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT, session_id TEXT, time_created INTEGER, data TEXT);",
    },
    Tool {
        files: &[".local/share/zed/threads/threads.db"],
        beside: &[],
        sql: "CREATE TABLE threads (id TEXT PRIMARY KEY, summary TEXT, updated_at TEXT, data_type TEXT,
                data BLOB, parent_id TEXT, folder_paths TEXT, created_at TEXT);",
    },
];

/// What every database file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// What a journal begins with; a log begins otherwise.
const JOURNAL: &[u8] = b"\xd9\xd5\x05\xf9";

/// Databases of every tool: whatever they hold, reading ends, gives the same with a cache and without, and leaves no trace.
///
/// Behind the byte for the tool stands one of three: a database file, with its log or journal behind it; statements that make one, where
/// the first word is `CREATE`; or rows for the tool's own tables, one a line, cells between tabs, the first the table's name. Behind
/// `\n!` stand changes to the file that statements or rows made: place (two bytes) and byte.
pub fn sqlite(data: &[u8]) {
    let Some((tool, rest)) = choose(TOOLS, data) else {
        return;
    };
    let home = tempfile::tempdir().expect("a folder can be made");
    let (bytes, log) = if rest.starts_with(MAGIC) {
        rest.split_at(n_bytes(rest).min(rest.len()))
    } else {
        (&*made(tool, rest, home.path()), &[][..])
    };
    let suffix = if log.starts_with(JOURNAL) {
        "-journal"
    } else {
        "-wal"
    };
    for file in tool.files {
        put(home.path(), file, bytes);
        if !log.is_empty() {
            put(home.path(), &format!("{file}{suffix}"), log);
        }
    }
    for (path, text) in tool.beside {
        put(home.path(), path, text.as_bytes());
    }
    let before = files(home.path());
    // What changed just now would not be taken from the cache.
    for path in before.keys() {
        let file = std::fs::File::open(path).expect("a file can be opened");
        let settled = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        file.set_modified(settled).expect("a file has a time");
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let cache = Cache::new(folder.path().to_owned());
    let read = |cache| {
        sessions::read(&Stores {
            roots: &[PathBuf::from("/w/shop")],
            home: Some(home.path()),
            variables: &BTreeMap::new(),
            cache,
        })
    };
    let first = read(None);
    for session in &first.items {
        let _ = sessions::digest::written(&session.digest, 400);
        assert!(!session.id.is_empty() || !session.turns.is_empty());
    }
    // Into the cache, then out of it.
    for _ in 0..2 {
        let again = read(Some(&cache));
        assert_eq!(again.items, first.items);
        assert_eq!(again.reports, first.reports);
        assert_eq!(again.warnings, first.warnings);
    }
    assert!(files(home.path()) == before, "a trace is left");
}

/// The length of a database by its header: what stands behind it is its log.
fn n_bytes(data: &[u8]) -> usize {
    let number = |at: usize, n: usize| {
        let bytes = data.get(at..at + n).unwrap_or_default();
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    number(16, 2).saturating_mul(number(28, 4))
}

/// The file that statements or rows make; what is none of either is left out.
fn made(tool: &Tool, data: &[u8], folder: &Path) -> Vec<u8> {
    let end = data.windows(2).position(|pair| pair == b"\n!");
    let (lines, changes) = data.split_at(end.unwrap_or(data.len()));
    let path = folder.join("made");
    let database = Connection::open(&path).expect("a database can be made");
    let limit = database.set_limit(Limit::SQLITE_LIMIT_LENGTH, 1 << 20);
    limit.expect("a limit can be set");
    let begin = "PRAGMA page_size = 512; PRAGMA max_page_count = 1000; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;";
    database.execute_batch(begin).expect("these are statements");
    // What is made is bounded: the statements are any.
    let mut n_left = 1_000;
    let handler = database.progress_handler(
        1_000,
        Some(move || {
            n_left -= 1;
            n_left == 0
        }),
    );
    handler.expect("a handler can be set");
    if lines.starts_with(b"CREATE") {
        for statement in String::from_utf8_lossy(lines).split_inclusive(';') {
            // What is told of is the file alone, and the rest of what SQL can do is SQLite's.
            if ["CREATE", "INSERT"]
                .iter()
                .any(|word| statement.trim_start().starts_with(word))
            {
                let _ = database.execute_batch(statement);
            }
        }
    } else {
        database
            .execute_batch(tool.sql)
            .expect("these are statements");
        for line in lines.split(|byte| *byte == b'\n') {
            insert(&database, line);
        }
    }
    let _ = database.execute_batch("COMMIT");
    drop(database);
    let mut bytes = std::fs::read(&path).expect("a file can be read");
    std::fs::remove_file(&path).expect("a file can be removed");
    for change in changes.get(2..).unwrap_or_default().as_chunks().0 {
        let [high, low, byte] = *change;
        let at = usize::from(high) << 8 | usize::from(low);
        if let Some(changed) = bytes.get_mut(at) {
            *changed = byte;
        }
    }
    bytes
}

/// Puts a line's cells into the table that the first names: numbers, text, bytes where that is none, NULL for what is empty.
fn insert(database: &Connection, line: &[u8]) {
    let mut cells = line.split(|byte| *byte == b'\t');
    let table = String::from_utf8_lossy(cells.next().unwrap_or_default());
    let is_name = !table.is_empty() && table.chars().all(char::is_alphanumeric);
    let n_columns = database.prepare(&format!("SELECT * FROM \"{table}\""));
    let (true, Ok(n_columns)) = (is_name, n_columns.map(|it| it.column_count())) else {
        return;
    };
    let value = |cell: &[u8]| match std::str::from_utf8(cell) {
        Ok("") => Value::Null,
        Ok(text) => match text.parse() {
            Ok(number) => Value::Integer(number),
            Err(_) => Value::Text(text.to_owned()),
        },
        Err(_) => Value::Blob(cell.to_owned()),
    };
    let mut values: Vec<Value> = cells.map(value).collect();
    values.resize(n_columns, Value::Null);
    let marks = vec!["?"; n_columns].join(", ");
    let sql = format!("INSERT INTO \"{table}\" VALUES ({marks})");
    let _ = database.execute(&sql, rusqlite::params_from_iter(values));
}

/// All files below a folder with their bytes, sorted.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for path in crate::entries(folder) {
        if path.is_dir() {
            files.append(&mut self::files(&path));
        } else {
            let bytes = std::fs::read(&path).expect("a file can be read");
            files.insert(path, bytes);
        }
    }
    files
}
