//! What Claude Code knows of its user in every project: `~/.claude/CLAUDE.md`, `rules/`, the memory of sub-agents, and
//! the files that these or the repository's own instructions import from that folder.
//!
//! An import is followed only if, links resolved, it lies below the user's folder: an instruction file of a repository
//! may come from a stranger and must not name a secret elsewhere. What it imports inside the repository is listed with
//! the repository's files and is not read here.

use super::folder::{Folder, Read};
use super::import::{MAX_HOPS, imports, resolve};
use super::{Atom, Class, split_note};
use crate::source::beneath;
use crate::source::stores::{Found, Stores};
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};

const TOOL: &str = "claude-code";

/// The atoms of the user's instructions, rules and sub-agents, and of what is imported.
pub(super) fn read(stores: &Stores) -> Found<Atom> {
    let Some(claude) = stores.home_dir(".claude", "CLAUDE_CONFIG_DIR") else {
        return Found::default();
    };
    // A home that is itself the repository lists these with its files.
    if stores.holds(&claude.to_string_lossy()) {
        return Found::default();
    }
    let mut found = Found::default();
    let mut folder = Folder::new(stores, TOOL, &claude);
    let mut reads: Vec<(PathBuf, Read, Class)> = Vec::new();
    let instructions = claude.join("CLAUDE.md");
    if let Some(read) = folder.read_own(&instructions) {
        reads.push((instructions, read, Class::Preference));
    }
    let rules = claude.join("rules");
    for read in folder.read_all(&rules, &|path| path.ends_with(".md")) {
        reads.push((rules.join("any"), read, Class::Principle));
    }
    let mut seen: FxHashSet<PathBuf> = FxHashSet::default();
    seen.extend(reads.iter().map(|(path, ..)| path.clone()));
    let mut open: Vec<(PathBuf, String)> = reads
        .iter()
        .map(|(path, read, _)| (path.clone(), read.text.clone()))
        .collect();
    open.extend(of_repository(&mut folder));
    for (_, read, class) in reads {
        folder.add(split_note(&read.shown, &read.text, read.mtime, class));
    }
    for _ in 0..MAX_HOPS {
        let mut next = Vec::new();
        for (from, text) in open {
            for import in imports(&text) {
                let path = resolve(&from, import, stores.home);
                let path = path.filter(|path| is_below(path, &claude));
                let Some(path) = path.filter(|path| seen.insert(path.clone())) else {
                    continue;
                };
                if let Some(read) = folder.read(&path) {
                    folder.add(split_note(&read.shown, &read.text, read.mtime, Class::Fact));
                    next.push((path, read.text));
                }
            }
        }
        open = next;
    }
    found.extend(folder.finish());
    let memory = claude.join("agent-memory");
    let mut folder = Folder::new(stores, TOOL, &memory);
    let is_memory = |path: &str| path.ends_with(".md") && path.contains('/');
    for read in folder.read_all(&memory, &is_memory) {
        folder.add(split_note(&read.shown, &read.text, read.mtime, Class::Fact));
    }
    found.extend(folder.finish());
    found
}

/// The instruction files of the roots, which may import what the user keeps for all projects.
fn of_repository(folder: &mut Folder) -> Vec<(PathBuf, String)> {
    let names = ["CLAUDE.md", ".claude/CLAUDE.md", "CLAUDE.local.md"];
    let mut open = Vec::new();
    for root in folder.stores.roots {
        // no link of the repository is followed, not even to its own folder of instructions
        let Ok(handle) = beneath::Folder::open(root) else {
            continue;
        };
        for name in names {
            if let Ok(bytes) = handle.read(Path::new(name), 1 << 20) {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                open.push((root.join(name), text));
            }
        }
    }
    open
}

/// Whether a file lies below a folder after links are resolved.
fn is_below(path: &Path, folder: &Path) -> bool {
    match (path.canonicalize(), folder.canonicalize()) {
        (Ok(path), Ok(folder)) => path.starts_with(folder),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[cfg(unix)]
    #[test]
    fn the_users_file_may_be_a_link_into_dotfiles() {
        let check = |target: &str, is_read: bool| {
            let outer = tempfile::tempdir().unwrap();
            let home = outer.path().join("home");
            for path in ["dotfiles/claude.md", "dotfiles/key", "dotfiles/deep.md/x"] {
                let path = home.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "- Tabs, please.\n").unwrap();
            }
            std::fs::write(outer.path().join("out.md"), "- Tabs, please.\n").unwrap();
            std::fs::create_dir_all(home.join(".claude")).unwrap();
            std::os::unix::fs::symlink(target, home.join(".claude/CLAUDE.md")).unwrap();
            let found = read(&Stores {
                roots: &[],
                home: Some(&home),
                variables: &BTreeMap::new(),
                cache: None,
            });
            let paths: Vec<&str> = found.items.iter().map(|atom| atom.path.as_str()).collect();
            let expected: &[&str] = if is_read {
                &["~/.claude/CLAUDE.md"]
            } else {
                &[]
            };
            assert_eq!(paths, expected, "{target}");
        };
        check("../dotfiles/claude.md", true);
        check("../dotfiles/key", false);
        check("../dotfiles/deep.md", false);
        check("../../out.md", false);
        check("../dotfiles/gone.md", false);
        check("/dev/zero", false);
        check("CLAUDE.md", false);
    }

    #[test]
    fn the_users_files_and_what_they_import() {
        let home = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put(
            ".claude/CLAUDE.md",
            "- Small commits.\n\n@~/.claude/a.md @~/secret.md @gone.md @../outside.md\n",
        );
        put(".claude/a.md", "a imports @b.md and `@no.md`\n");
        put(".claude/b.md", "b imports @c.md @a.md @CLAUDE.md\n");
        put(".claude/c.md", "c imports @d.md\n");
        put(".claude/d.md", "d imports @e.md\n");
        for name in ["e.md", "no.md", "linked.md"] {
            put(&format!(".claude/{name}"), "too far\n");
        }
        put(".claude/mine.md", "mine\n");
        put(
            ".claude/rules/deep/prose.md",
            "---\npaths: [\"docs/**\"]\n---\nPlain sentences.\n",
        );
        put(".claude/agent-memory/reviewer/MEMORY.md", "- Reviews\n");
        put("secret.md", "SECRET\n");
        put("outside.md", "SECRET\n");
        put(
            "repo/CLAUDE.md",
            "@~/.claude/mine.md @~/secret.md @docs/x.md @../outside.md\n",
        );
        put("repo/docs/x.md", "the repository's own\n");
        #[cfg(unix)]
        {
            put(".claude/rules/a.md", "@link.md\n");
            std::os::unix::fs::symlink(
                home.path().join("secret.md"),
                home.path().join(".claude/rules/link.md"),
            )
            .unwrap();
        }
        let roots = [home.path().join("repo")];
        let found = read(&Stores {
            roots: &roots,
            home: Some(home.path()),
            variables: &BTreeMap::new(),
            cache: None,
        });
        let mut paths: Vec<&str> = found.items.iter().map(|atom| atom.path.as_str()).collect();
        paths.retain(|path| *path != "~/.claude/rules/a.md");
        paths.dedup();
        assert_eq!(
            paths,
            [
                "~/.claude/CLAUDE.md",
                "~/.claude/rules/deep/prose.md",
                "~/.claude/a.md",
                "~/.claude/mine.md",
                "~/.claude/b.md",
                "~/.claude/c.md",
                "~/.claude/d.md",
                "~/.claude/agent-memory/reviewer/MEMORY.md",
            ]
        );
        assert!(found.items.iter().all(|atom| !atom.text.contains("SECRET")));
        let rule = found
            .items
            .iter()
            .find(|atom| atom.text == "Plain sentences.\n")
            .unwrap();
        assert_eq!(
            (rule.class, rule.applies_to.as_slice()),
            (Class::Principle, &["docs/**".to_owned()][..])
        );
        assert_eq!(found.warnings, []);
    }
}
