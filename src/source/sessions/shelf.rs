//! What the readers of databases do alike: open one, count what is lost of it, and gather its sessions.
//!
//! Values are JSON of a shape that changes with every version of a tool, so they are read as `serde_json::Value`: each is
//! bounded by the database's reader, unlike a transcript, and most of it is wanted.

use super::digest::{Material, Step};
use super::{Head, Role, Session, Turn};
use crate::error::Warning;
use crate::request::Kind;
use crate::source::reader::{self, Dirt};
use crate::source::sqlite::{Cell, Database};
use crate::source::stores::{self, Found, StoreReport, Stores};
use serde_json::Value;
use std::path::Path;

/// Sessions of one database that are read, the newest first.
pub(super) const MAX_SESSIONS: usize = 500;

/// A store while it is read.
pub(super) struct Shelf<'a> {
    pub stores: &'a Stores<'a>,
    /// The file or folder, as `~/...`.
    pub shown: String,
    found: Found<Session>,
    report: StoreReport,
}

impl<'a> Shelf<'a> {
    /// The store at `path`, a file or a folder.
    pub fn new(stores: &'a Stores<'a>, tool: &'static str, path: &Path) -> Self {
        let shown = stores.shown(path);
        Self {
            stores,
            found: Found::default(),
            report: StoreReport {
                kind: Kind::Session,
                tool,
                location: shown.clone(),
                n_items: 0,
                bytes: 0,
                n_lost: 0,
                n_unknown: 0,
            },
            shown,
        }
    }

    /// The database at `path`; none, with a warning, where there is one that cannot be read.
    pub fn open(&mut self, path: &Path) -> Option<Database> {
        let metadata = std::fs::symlink_metadata(path).ok()?;
        match Database::open(path) {
            Ok(database) => {
                self.report.bytes += metadata.len();
                Some(database)
            }
            Err(message) => {
                self.warn("unreadable", message);
                None
            }
        }
    }

    /// The rows of a query; where some are missing, a warning says so.
    pub fn rows(&mut self, database: &Database, sql: &str, parameters: &[&str]) -> Vec<Vec<Cell>> {
        let rows = database.rows(sql, parameters);
        if let Some(message) = rows.trouble {
            self.lost();
            self.warn("unreadable", message);
        }
        rows.rows
    }

    /// A value as JSON; what is none is counted.
    pub fn json(&mut self, bytes: &[u8]) -> Option<Value> {
        let value = reader::document::<Value>(bytes);
        self.report.n_lost += usize::from(value.is_none());
        value
    }

    /// A small file of JSON; what is none is counted.
    pub fn file(&mut self, path: &Path, max_bytes: u64) -> Option<Value> {
        match stores::read_text(path, max_bytes) {
            Ok((text, metadata)) => {
                self.report.bytes += metadata.len();
                self.json(text.as_bytes())
            }
            Err(_) => {
                self.lost();
                None
            }
        }
    }

    /// Counts the bytes of a file of JSON Lines, and what reading it lost.
    pub fn read(&mut self, shown: &str, n_bytes: u64, dirt: std::io::Result<Dirt>) {
        self.report.bytes += n_bytes;
        match dirt {
            Ok(dirt) => {
                self.report.n_lost += dirt.n_lost();
                let warning = stores::dirt_warning(shown, &dirt);
                self.found.warnings.extend(warning);
            }
            Err(error) => self.warn("unreadable", error.to_string()),
        }
    }

    /// Counts a piece that could not be read.
    pub fn lost(&mut self) {
        self.report.n_lost += 1;
    }

    /// Counts a record of a type that is not known.
    pub fn unknown(&mut self) {
        self.report.n_unknown += 1;
    }

    /// Warns about the whole store, once in the same words.
    pub fn warn(&mut self, code: &'static str, message: impl Into<String>) {
        let warning = Warning::new(code, self.shown.clone(), message);
        if !self.found.warnings.contains(&warning) {
            self.found.warnings.push(warning);
        }
    }

    /// Cuts a list of sessions, newest first, to as many as are read; a warning says how many are not.
    pub fn newest<T>(&mut self, sessions: &mut Vec<T>) {
        if sessions.len() > MAX_SESSIONS {
            let message = format!(
                "{} of {} sessions were not read: at most {MAX_SESSIONS} are, the newest first",
                sessions.len() - MAX_SESSIONS,
                sessions.len()
            );
            self.warn("transcripts-not-read", message);
            sessions.truncate(MAX_SESSIONS);
        }
    }

    /// The head of a session of this store. A store holds many, so its path is the store's with the id behind a `#`.
    pub fn head(&self, id: &str, title: &str) -> Head {
        Head {
            tool: self.report.tool,
            id: id.to_owned(),
            path: format!("{}#{id}", self.shown),
            title: Some(title.to_owned()),
            ..Head::default()
        }
    }

    /// Adds a session, if anything was said in it.
    pub fn add(&mut self, head: Head, material: Material) {
        if let Some(session) = head.session(material) {
            self.report.n_items += 1;
            self.found.items.push(session);
        }
    }

    /// What was found.
    pub fn finish(mut self) -> Found<Session> {
        if self.report.n_items > 0 {
            self.found.reports.push(self.report);
        }
        self.found
    }
}

/// The string under `key`, or an empty one.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The first of `keys` under which a string stands.
pub(super) fn first<'v>(value: &'v Value, keys: &[&str]) -> Option<&'v str> {
    let texts = keys.iter().map(|key| text(value, key));
    texts.into_iter().find(|text| !text.is_empty())
}

/// The list under `key`, or an empty one.
pub(super) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    let list = value.get(key).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// The moment under `key`, as text or as a number of any unit; 0 where there is none.
pub(super) fn moment(value: &Value, key: &str) -> i64 {
    let at = match value.get(key) {
        Some(Value::String(text)) => {
            stores::moment(text).or_else(|| stores::moment_of_number(text.trim().parse().ok()?))
        }
        Some(Value::Number(number)) => number.as_f64().and_then(stores::moment_of_number),
        _ => None,
    };
    at.unwrap_or_default()
}

/// Something said, unless it is blank.
pub(super) fn said(role: Role, at: i64, text: &str) -> Option<Step> {
    let is_blank = text.trim().is_empty();
    (!is_blank).then(|| {
        Step::Said(Turn {
            role,
            at,
            text: text.trim().to_owned(),
        })
    })
}

/// A list of texts under `key` of the objects of a list whose `type` is `text`, joined.
pub(super) fn texts(parts: &[Value]) -> String {
    let texts: Vec<&str> = parts
        .iter()
        .filter(|part| text(part, "type") == "text")
        .map(|part| text(part, "text"))
        .collect();
    texts.join("\n")
}
