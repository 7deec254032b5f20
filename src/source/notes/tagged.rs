//! Memory of Goose: `<category>.txt`, entries parted by blank lines, of which the first line may be `# tags`.
//!
//! The file is no Markdown: a line of tags is no heading, and what it is about ends with its entry.

use super::folder::{Folder, dated, told};
use super::{Atom, Class, class, line_number};
use crate::source::stores::{Found, Stores};
use std::path::PathBuf;

/// The atoms of the user's memory.
pub(super) fn read(stores: &Stores) -> Found<Atom> {
    let mut found = Found::default();
    for config in config_dirs(stores) {
        let path = config.join("memory");
        let mut folder = Folder::new(stores, "goose", &path);
        let is_memory = |path: &str| path.ends_with(".txt") && !path.contains('/');
        for read in folder.read_all(&path, &is_memory) {
            folder.add(atoms(&read.shown, &read.text, read.mtime));
        }
        found.extend(folder.finish());
    }
    found
}

/// Where Goose keeps its settings, its memory among them. None is promised to exist.
pub(super) fn config_dirs(stores: &Stores) -> Vec<PathBuf> {
    if stores.home.is_none() {
        return Vec::new();
    }
    if let Some(root) = stores.variable("GOOSE_PATH_ROOT") {
        return vec![root.join("config")];
    }
    let configs = stores.config_dirs().into_iter();
    configs
        .flat_map(|config| [config.join("goose"), config.join("Block/goose/config")])
        .collect()
}

/// The entries of one file.
pub(super) fn atoms(path: &str, text: &str, mtime: Option<i64>) -> Vec<Atom> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file_name = path.rsplit('/').next().unwrap_or_default();
    let category = file_name.strip_suffix(".txt").unwrap_or(file_name);
    let lines: Vec<&str> = text.lines().collect();
    let mut atoms = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines[at].trim().is_empty() {
            at += 1;
            continue;
        }
        let n_lines = lines[at..]
            .iter()
            .take_while(|line| !line.trim().is_empty())
            .count();
        let entry = &lines[at..at + n_lines];
        let tags = entry[0].strip_prefix("# ").map(str::trim);
        let first = at + usize::from(tags.is_some());
        at += n_lines;
        if first == at {
            continue;
        }
        let words = format!("{}\n", lines[first..at].join("\n"));
        let heading: Vec<String> = [Some(category), tags]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect();
        let class = class::class(&words, &heading, Class::Fact);
        let mut atom = told(path, first, words, class);
        atom.lines.1 = line_number(at - 1);
        atom.heading = heading;
        atom.date = dated(None, mtime);
        atoms.push(atom);
    }
    atoms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entries_and_their_tags() {
        let found = atoms(
            ".goose/memory/dev.txt",
            "# rust formatting\nRun cargo fmt.\nAlways.\n\nPort 5433 is free.\n\n\n# only tags\n\n#no tag\n",
            Some(7),
        );
        let told: Vec<String> = found
            .iter()
            .map(|atom| {
                format!(
                    "{:?} {} {:?}",
                    atom.lines,
                    atom.heading.join("/"),
                    atom.text
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "(2, 3) dev/rust formatting \"Run cargo fmt.\\nAlways.\\n\"",
                "(5, 5) dev \"Port 5433 is free.\\n\"",
                "(10, 10) dev \"#no tag\\n\"",
            ]
        );
    }

    proptest! {
        #[test]
        fn atoms_ascend_and_hold_text(text in "(# |[a-b]| |\r|\n|é){0,60}") {
            let found = atoms("a.txt", &text, None);
            prop_assert!(found.iter().all(|atom| atom.lines.0 <= atom.lines.1 && !atom.text.trim().is_empty()));
            prop_assert!(found.windows(2).all(|pair| pair[0].lines.1 < pair[1].lines.0));
        }
    }
}
