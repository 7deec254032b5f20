//! Instructions that a user gives an agent for all projects, one row each: files that are notes as they are.

use super::folder::Folder;
use super::{Atom, Class, split_note, tagged};
use crate::source::stores::{Found, Stores};
use std::path::PathBuf;

/// Where a row begins.
enum Base {
    Home,
    /// A folder of the home directory that a variable moves.
    Moved(&'static str, &'static str),
    Config,
    /// Where Goose keeps its settings.
    Goose,
}

struct Row {
    tool: &'static str,
    base: Base,
    /// A file, or a folder of which all Markdown files are taken.
    path: &'static str,
    class: Class,
}

const fn row(tool: &'static str, base: Base, path: &'static str, class: Class) -> Row {
    Row {
        tool,
        base,
        path,
        class,
    }
}

use Class::{Preference, Principle};

const ROWS: &[Row] = &[
    row(
        "codex",
        Base::Moved(".codex", "CODEX_HOME"),
        "AGENTS.override.md",
        Preference,
    ),
    row(
        "codex",
        Base::Moved(".codex", "CODEX_HOME"),
        "AGENTS.md",
        Preference,
    ),
    row(
        "copilot",
        Base::Moved(".copilot", "COPILOT_HOME"),
        "copilot-instructions.md",
        Preference,
    ),
    row(
        "copilot",
        Base::Moved(".copilot", "COPILOT_HOME"),
        "instructions",
        Principle,
    ),
    row(
        "windsurf",
        Base::Home,
        ".codeium/windsurf/memories/global_rules.md",
        Principle,
    ),
    row("kiro", Base::Home, ".kiro/steering", Principle),
    row("factory", Base::Home, ".factory/AGENTS.md", Preference),
    row("cline", Base::Home, "Documents/Cline/Rules", Principle),
    row("roo", Base::Home, ".roo/rules", Principle),
    row("goose", Base::Goose, ".goosehints", Preference),
    row("opencode", Base::Config, "opencode/AGENTS.md", Preference),
    row("amp", Base::Config, "amp/AGENTS.md", Preference),
];

/// The atoms of all rows. Of a file and the one that overrides it only the latter counts.
pub(super) fn read(stores: &Stores) -> Found<Atom> {
    let mut found: Found<Atom> = Found::default();
    for row in ROWS {
        for base in bases(stores, &row.base) {
            let path = base.join(row.path);
            // A home that is itself the repository lists these with its files.
            if stores.holds(&path.to_string_lossy()) {
                continue;
            }
            let overridden = path.with_extension("override.md");
            if row.path.ends_with("AGENTS.md") && is_said(&overridden) {
                continue;
            }
            let mut folder = Folder::new(stores, row.tool, &path);
            let is_folder = std::fs::symlink_metadata(&path).is_ok_and(|it| it.is_dir());
            let reads = if is_folder {
                folder.read_all(&path, &|path| path.ends_with(".md"))
            } else {
                folder.read_own(&path).into_iter().collect()
            };
            for read in reads {
                folder.add(split_note(&read.shown, &read.text, read.mtime, row.class));
            }
            found.extend(folder.finish());
        }
    }
    found
}

fn bases(stores: &Stores, base: &Base) -> Vec<PathBuf> {
    match base {
        Base::Home => stores.home.map(PathBuf::from).into_iter().collect(),
        Base::Moved(name, variable) => stores.home_dir(name, variable).into_iter().collect(),
        Base::Config => stores.config_dirs(),
        Base::Goose => tagged::config_dirs(stores),
    }
}

/// Whether a file says something: an empty one overrides nothing.
fn is_said(path: &std::path::Path) -> bool {
    crate::source::stores::read_text(path, 1 << 20).is_ok_and(|(text, _)| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_row_finds_its_file() {
        for row in ROWS {
            let home = tempfile::tempdir().unwrap();
            let below = match row.base {
                Base::Home => row.path.to_owned(),
                Base::Moved(name, _) => format!("{name}/{}", row.path),
                Base::Config => format!(".config/{}", row.path),
                Base::Goose => format!(".config/goose/{}", row.path),
            };
            let is_file = row.path.contains(".md") || row.path.contains(".goosehints");
            let below = if is_file {
                below
            } else {
                format!("{below}/deep/a.md")
            };
            let path = home.path().join(&below);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "- Be brief.\n").unwrap();
            let found = read(&Stores {
                roots: &[],
                home: Some(home.path()),
                variables: &BTreeMap::new(),
                cache: None,
            });
            let paths: Vec<String> = found.items.iter().map(|atom| atom.path.clone()).collect();
            assert_eq!(paths, [format!("~/{below}")]);
            assert_eq!(
                (found.reports[0].tool, found.items[0].class),
                (row.tool, row.class)
            );
        }
    }

    #[test]
    fn an_override_counts_alone_if_it_says_something() {
        let check = |text: &str, expected: &str| {
            let home = tempfile::tempdir().unwrap();
            let codex = home.path().join(".codex");
            std::fs::create_dir_all(&codex).unwrap();
            std::fs::write(codex.join("AGENTS.md"), "usual\n").unwrap();
            std::fs::write(codex.join("AGENTS.override.md"), text).unwrap();
            let found = read(&Stores {
                roots: &[],
                home: Some(home.path()),
                variables: &BTreeMap::new(),
                cache: None,
            });
            assert_eq!(found.items.len(), 1);
            assert_eq!(found.items[0].text, expected);
        };
        check("override\n", "override\n");
        check("\n", "usual\n");
    }
}
