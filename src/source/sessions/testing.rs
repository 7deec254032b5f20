//! What the tests of the readers share: a home directory under construction, and looks at what was read from it.

use super::{Role, Session};
use crate::source::stores::{Found, Stores};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a reader finds in a home for the repository at `root`, which need not exist.
pub(super) fn read_in(
    home: &Path,
    root: &str,
    read: fn(&Stores) -> Found<Session>,
) -> Found<Session> {
    read(&Stores {
        roots: &[PathBuf::from(root)],
        home: Some(home),
        variables: &BTreeMap::new(),
        cache: None,
    })
}

/// A home directory; the repository is at `/w/shop`, which need not exist, with a worktree at `/w/trees/fix`.
pub(super) struct Home {
    pub dir: tempfile::TempDir,
    pub roots: Vec<PathBuf>,
}

impl Home {
    pub fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            roots: vec!["/w/shop".into(), "/w/trees/fix".into()],
        }
    }

    pub fn put(&self, path: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub fn read(&self, read: fn(&Stores) -> Found<Session>) -> Found<Session> {
        let mut found = read(&Stores {
            roots: &self.roots,
            home: Some(self.dir.path()),
            variables: &BTreeMap::new(),
            cache: None,
        });
        found.items.sort_by(|a, b| a.id.cmp(&b.id));
        found
    }

    /// The only session that is read.
    pub fn one(&self, read: fn(&Stores) -> Found<Session>) -> Session {
        let mut found = self.read(read);
        let ids: Vec<&str> = found.items.iter().map(|s| s.id.as_str()).collect();
        assert_eq!(ids.len(), 1, "{ids:?} {:?}", found.warnings);
        found.items.remove(0)
    }

    /// All files, sorted.
    pub fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, files);
                } else {
                    files.push(path);
                }
            }
        }
        let mut files = Vec::new();
        walk(self.dir.path(), &mut files);
        files.sort();
        files
    }
}

/// What was said, as `u: ...` and `a: ...`.
pub(super) fn said(session: &Session) -> Vec<String> {
    let line = |turn: &super::Turn| {
        let who = if turn.role == Role::User { "u" } else { "a" };
        format!("{who}: {}", turn.text)
    };
    session.turns.iter().map(line).collect()
}
