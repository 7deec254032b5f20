//! Which files of a tree its instructions for Claude Code import: they are notes too, wherever they stand.
//!
//! A host shows an imported file to its agent as part of the instructions, so its rules are packed one by one as theirs
//! are. What lies outside the tree is not looked at here.

use super::entry::Entry;
use super::notes::import::{MAX_HOPS, imports, resolve};
use super::tree::Tree;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::path::Path;

/// The files of `tree` that those of `open` import, as shown, without its label. Reads these, and what they import.
pub fn of<'t>(tree: &'t Tree, mut open: Vec<&'t Entry>) -> BTreeSet<String> {
    let shown = |entry: &Entry| entry.path[tree.label.len()..].to_owned();
    let mut imported = BTreeSet::new();
    if open.is_empty() {
        return imported;
    }
    let by_path: FxHashMap<&Path, &Entry> = tree
        .entries
        .iter()
        .map(|entry| (entry.below(), entry))
        .collect();
    for _ in 0..MAX_HOPS {
        let mut next = Vec::new();
        for entry in open {
            let Ok(bytes) = tree.read(entry) else {
                continue;
            };
            let text = String::from_utf8_lossy(&bytes);
            let from = tree.root.join(entry.below());
            for import in imports(&text) {
                let path = resolve(&from, import, None);
                let below = path
                    .as_deref()
                    .and_then(|path| path.strip_prefix(&tree.root).ok());
                if let Some(&target) = below.and_then(|below| by_path.get(below))
                    && imported.insert(shown(target))
                {
                    next.push(target);
                }
            }
        }
        open = next;
    }
    imported
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tree;

    #[test]
    fn imports_are_followed_four_hops_and_not_out_of_the_tree() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("repo");
        let put = |path: &str, text: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put(
            "CLAUDE.md",
            "@docs/1.md `@docs/no.md` @../out.md @docs/gone.md\n",
        );
        put("docs/1.md", "@2.md\n");
        put("docs/2.md", "@./3.md @../CLAUDE.md\n");
        put("docs/3.md", "@4.md\n");
        put("docs/4.md", "@5.md\n");
        put("docs/5.md", "too far\n");
        put("docs/no.md", "@6.md\n");
        put("docs/6.md", "of no instructions\n");
        put("web/CLAUDE.md", "@style.md @main.ts\n");
        put("web/style.md", "tabs\n");
        put("web/main.ts", "code\n");
        put("../out.md", "outside\n");
        let tree = tree::of_work_tree(&root, String::new()).unwrap();
        let is_open = |entry: &&Entry| entry.path.ends_with("CLAUDE.md");
        let open = tree.entries.iter().filter(is_open).collect();
        let found: Vec<String> = of(&tree, open).into_iter().collect();
        assert_eq!(
            found,
            [
                "CLAUDE.md",
                "docs/1.md",
                "docs/2.md",
                "docs/3.md",
                "docs/4.md",
                "web/style.md"
            ]
        );
    }
}
