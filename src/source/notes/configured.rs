//! Folders of notes that a config file names.
//!
//! One inside the tree that is packed makes notes of the tree's files, so that ignore rules and revisions hold for it as
//! for all; one elsewhere is read from disk.

use super::folder::Folder;
use super::{Atom, Class, split_note};
use crate::request::Memory;
use crate::source::stores::{Found, Stores};
use globset::{GlobBuilder, GlobMatcher};
use std::path::{Path, PathBuf};

/// A configured folder inside a tree.
#[derive(Debug, Clone)]
pub struct Below {
    /// The folder, below the root of the tree.
    folder: PathBuf,
    glob: GlobMatcher,
}

impl Below {
    /// Whether a file is one of its notes, by its path below the root.
    pub fn holds(&self, file: &Path) -> bool {
        let inside = file.strip_prefix(&self.folder);
        inside.is_ok_and(|inside| self.glob.is_match(inside))
    }
}

/// The folders that lie below `root`, which is canonical. A glob that does not parse matches nothing.
pub fn below(memory: &[Memory], root: &Path, home: Option<&Path>) -> Vec<Below> {
    let folders = memory.iter().filter_map(|it| {
        let path = placed(&it.path, home)?;
        let path = path.canonicalize().unwrap_or(path);
        let folder = path.strip_prefix(root).ok()?.to_owned();
        let glob = glob(&it.glob)?;
        Some(Below { folder, glob })
    });
    folders.collect()
}

/// The atoms of the folders outside the roots; of none where there is no home.
pub fn read(stores: &Stores, memory: &[Memory]) -> Found<Atom> {
    let mut found = Found::default();
    for it in memory {
        let path = stores.home.and_then(|_| placed(&it.path, stores.home));
        let path = path.map(|path| path.canonicalize().unwrap_or(path));
        let path = path.filter(|path| !stores.holds(&path.to_string_lossy()));
        let (Some(path), Some(glob)) = (path, glob(&it.glob)) else {
            continue;
        };
        let mut folder = Folder::new(stores, "config", &path);
        for read in folder.read_all(&path, &|path| glob.is_match(path)) {
            folder.add(split_note(&read.shown, &read.text, read.mtime, Class::Fact));
        }
        found.extend(folder.finish());
    }
    found
}

fn placed(path: &Path, home: Option<&Path>) -> Option<PathBuf> {
    match path.strip_prefix("~") {
        Ok(rest) => Some(home?.join(rest)),
        Err(_) => Some(path.to_owned()),
    }
}

fn glob(pattern: &str) -> Option<GlobMatcher> {
    let mut builder = GlobBuilder::new(pattern.trim_start_matches("./"));
    let glob = builder.literal_separator(true).build().ok()?;
    Some(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn memory(path: &Path, glob: &str) -> Memory {
        Memory {
            path: path.to_owned(),
            glob: glob.to_owned(),
        }
    }

    #[test]
    fn a_folder_in_the_tree_makes_notes_of_its_files() {
        let check = |path: &str, glob: &str, file: &str, expected: bool| {
            let memory = [memory(Path::new(path), glob)];
            let found = below(&memory, Path::new("/w/shop"), Some(Path::new("/w")));
            let is_note = found.iter().any(|folder| folder.holds(Path::new(file)));
            assert_eq!(is_note, expected, "{file} in {path} by {glob}");
        };
        check("/w/shop/kb", "**/*.md", "kb/a.md", true);
        check("/w/shop/kb", "**/*.md", "kb/deep/a.md", true);
        check("/w/shop/kb", "*.md", "kb/deep/a.md", false);
        check("/w/shop/kb", "**/*.md", "kb2/a.md", false);
        check("/w/shop/kb", "**/*.md", "kb/a.rs", false);
        check("/w/shop", "*.md", "a.md", true);
        check("~/shop/kb", "./*.md", "kb/a.md", true);
        check("/w/other", "**", "a.md", false);
        check("/w/shop/kb", "{", "kb/a.md", false);
    }

    #[test]
    fn a_folder_elsewhere_is_read_where_there_is_a_home() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().canonicalize().unwrap();
        for path in [
            "notes/a.md",
            "notes/deep/b.md",
            "notes/c.txt",
            "repo/kb/d.md",
        ] {
            let path = home.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "- A thought.\n").unwrap();
        }
        let memory = [
            memory(Path::new("~/notes"), "**/*.md"),
            memory(&home.join("repo/kb"), "**/*.md"),
            memory(&home.join("none"), "**/*.md"),
        ];
        let roots = [home.join("repo")];
        let variables = BTreeMap::new();
        let paths = |home: Option<&Path>| {
            let stores = Stores {
                roots: &roots,
                home,
                variables: &variables,
                cache: None,
            };
            let found = read(&stores, &memory);
            assert_eq!(found.warnings, []);
            let paths = found.items.into_iter().map(|atom| atom.path);
            paths.collect::<Vec<_>>()
        };
        assert_eq!(paths(Some(&home)), ["~/notes/a.md", "~/notes/deep/b.md"]);
        assert!(paths(None).is_empty());
    }
}
