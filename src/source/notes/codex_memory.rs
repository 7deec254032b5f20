//! The memory of Codex: `<codex dir>/memories/`, one for all projects of a user.
//!
//! `memory_summary.md` is about the user and is taken whole. `MEMORY.md` falls into task groups, and a group that says
//! which working directory it applies to is taken only if that lies in this repository: groups of other projects in an
//! agent's context are a known complaint. Summaries of single sessions name theirs in a header. `raw_memories.md` is
//! what the others were made of and is left out.

use super::folder::{Folder, Read, masked};
use super::{Atom, Class, DateSource, split_note};
use crate::source::stores::{self, Found, Stores};

/// Lines of a header of `key: value`.
const MAX_HEADER_LINES: usize = 40;

/// The atoms of the memory that concern this repository or its user.
pub(super) fn read(stores: &Stores) -> Found<Atom> {
    let Some(codex) = stores.home_dir(".codex", "CODEX_HOME") else {
        return Found::default();
    };
    let memories = codex.join("memories");
    let mut folder = Folder::new(stores, "codex", &memories);
    if !std::fs::symlink_metadata(&memories).is_ok_and(|metadata| metadata.is_dir()) {
        return folder.finish();
    }
    if let Some(read) = folder.read(&memories.join("memory_summary.md")) {
        // The first line may be the version of the form.
        let is_version = |line: &str| line.trim() == "v1" || line.trim() == "v2";
        let text = masked(&read.text, |at, line| at > 0 || !is_version(line));
        folder.add(split_note(
            &read.shown,
            &text,
            read.mtime,
            Class::Preference,
        ));
    }
    if let Some(read) = folder.read(&memories.join("MEMORY.md")) {
        let text = groups(stores, &read.text);
        folder.add(split_note(&read.shown, &text, read.mtime, Class::Fact));
    }
    let is_summary = |path: &str| path.ends_with(".md") && !path.contains('/');
    for read in folder.read_all(&memories.join("rollout_summaries"), &is_summary) {
        let atoms = summary(stores, &read);
        folder.add(atoms);
    }
    folder.finish()
}

/// The task groups that apply here, without lists of files and words to search for; other lines are blank.
fn groups(stores: &Stores, text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut keep = vec![false; lines.len()];
    let mut first = 0;
    for end in 1..=lines.len() {
        if end < lines.len() && !is_title(lines[end], 1) {
            continue;
        }
        let group = &lines[first..end];
        let is_ours = applies(stores, group);
        let mut in_list = false;
        for (line, keep) in group.iter().zip(&mut keep[first..end]) {
            if line.starts_with('#') {
                let title = line.trim_start_matches('#').trim().to_lowercase();
                in_list = title == "rollout_summary_files" || title == "keywords";
            }
            let is_scope = line.trim_start().to_lowercase().starts_with("applies_to:");
            *keep = is_ours && !in_list && !is_scope;
        }
        first = end;
    }
    masked(text, |at, _| keep.get(at).copied().unwrap_or_default())
}

/// Whether a line is a heading of exactly this level.
fn is_title(line: &str, level: usize) -> bool {
    let n_marks = line.bytes().take_while(|b| *b == b'#').count();
    n_marks == level && line[n_marks..].starts_with(' ')
}

/// Whether a group applies here: each of its `applies_to: cwd=...` names a folder of this repository, or it has none.
fn applies(stores: &Stores, group: &[&str]) -> bool {
    group.iter().all(|line| {
        let line = line.trim_start_matches(['-', '*', ' ', '\t']);
        let Some(rest) = line
            .get(..11)
            .filter(|key| key.eq_ignore_ascii_case("applies_to:"))
        else {
            return true;
        };
        let rest = &line[rest.len()..];
        let Some((_, folders)) = rest.split_once("cwd=") else {
            return true;
        };
        let folders = folders.split(';').next().unwrap_or_default();
        let mut folders = folders
            .split([',', '|'])
            .map(|folder| folder.trim().trim_matches(['`', '"', '\'']));
        folders.any(|folder| {
            matches!(folder, "*" | "any" | "all") || stores.holds(&from_home(stores, folder))
        })
    })
}

fn from_home(stores: &Stores, folder: &str) -> String {
    match (folder.strip_prefix("~/"), stores.home) {
        (Some(rest), Some(home)) => home.join(rest).to_string_lossy().into_owned(),
        _ => folder.to_owned(),
    }
}

/// The atoms of the summary of one session, if it was one of this repository.
fn summary(stores: &Stores, read: &Read) -> Vec<Atom> {
    let is_header = |line: &&str| line.split_once(':').is_some() && !line.starts_with('#');
    let header: Vec<&str> = read
        .text
        .lines()
        .take(MAX_HEADER_LINES)
        .take_while(is_header)
        .collect();
    let value = |key: &str| {
        let mut lines = header.iter().filter_map(|line| line.split_once(':'));
        lines
            .find(|(name, _)| name.trim() == key)
            .map(|(_, value)| value.trim())
    };
    if !value("cwd").is_some_and(|cwd| stores.holds(&from_home(stores, cwd))) {
        return Vec::new();
    }
    let text = masked(&read.text, |at, _| at >= header.len());
    let mut atoms = split_note(&read.shown, &text, read.mtime, Class::Status);
    if let Some(at) = value("updated_at").and_then(stores::moment) {
        for atom in &mut atoms {
            atom.date = Some((at, DateSource::Record));
        }
    }
    atoms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    fn put(home: &Path, path: &str, text: &str) {
        let path = home.join(".codex/memories").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read_in(home: &Path) -> Found<Atom> {
        let roots = [PathBuf::from("/w/shop")];
        read(&Stores {
            roots: &roots,
            home: Some(home),
            variables: &BTreeMap::new(),
            cache: None,
        })
    }

    fn texts(found: &Found<Atom>) -> Vec<&str> {
        found.items.iter().map(|atom| atom.text.trim()).collect()
    }

    #[test]
    fn only_groups_that_apply_here_come_out() {
        let check = |scope: &str, is_ours: bool| {
            let home = tempfile::tempdir().unwrap();
            let text = format!(
                "# Task Group: a\nscope: locks\n{scope}\n\n## Task 1: x\n\n### keywords\n\n- word\n\n## Reusable knowledge\n\n- kept\n\n# Task Group: b\n\n- after\n"
            );
            put(home.path(), "MEMORY.md", &text);
            let expected = if is_ours {
                vec!["scope: locks", "- kept", "- after"]
            } else {
                vec!["- after"]
            };
            let found = read_in(home.path());
            assert_eq!(texts(&found), expected, "{scope}");
            assert_eq!(found.items.last().unwrap().lines, (17, 17));
        };
        check("", true);
        check("applies_to: cwd=/w/shop; reuse_rule=safe here", true);
        check("Applies_To: cwd=/w/shop/web", true);
        check("applies_to: cwd=/w/other, /w/shop", true);
        check("applies_to: cwd=any; reuse_rule=safe", true);
        check("applies_to: reuse_rule=safe", true);
        check("applies_to: cwd=/w/shop-2", false);
        check("- applies_to: cwd=`/w/other`", false);
        check("applies_to: cwd=", false);
    }

    #[test]
    fn the_user_and_sessions_of_this_repository() {
        let home = tempfile::tempdir().unwrap();
        put(
            home.path(),
            "memory_summary.md",
            "v1\n\n## User preferences\n- Prefers `just test`.\n",
        );
        put(home.path(), "raw_memories.md", "- raw\n");
        let summary = |cwd: &str| {
            format!(
                "thread_id: 1\nupdated_at: 2026-08-18T14:05:09Z\ncwd: {cwd}\n\n# Keys\n\nOutcome: success\n"
            )
        };
        put(home.path(), "rollout_summaries/a.md", &summary("/w/shop"));
        put(home.path(), "rollout_summaries/b.md", &summary("/w/shop-2"));
        put(home.path(), "rollout_summaries/c.md", "no header\n");
        let found = read_in(home.path());
        assert_eq!(
            texts(&found),
            ["- Prefers `just test`.", "Outcome: success"]
        );
        assert_eq!(found.items[0].class, Class::Preference);
        assert_eq!(
            found.items[1].date,
            Some((1_787_061_909, DateSource::Record))
        );
        assert_eq!(found.items[1].lines, (7, 7));
        assert_eq!(
            (found.reports[0].tool, found.reports[0].n_items),
            ("codex", 2)
        );
    }

    proptest! {
        #[test]
        fn no_group_of_another_project_leaks(lines in prop::collection::vec("(# |## |- |applies_to: |cwd=|[a-z]{1,3}){0,3}", 0..12)) {
            let roots = [PathBuf::from("/w/shop")];
            let stores = Stores { roots: &roots, home: None, variables: &BTreeMap::new(), cache: None };
            let before = lines.join("\n");
            let text = format!("{before}\n# Other\napplies_to: cwd=/w/other\n## More\nSECRET {before}\n");
            let kept = groups(&stores, &text);
            prop_assert_eq!(kept.lines().count(), text.lines().count());
            prop_assert!(!kept.contains("SECRET"));
        }
    }
}
