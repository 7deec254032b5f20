//! The memory of Gemini CLI: `~/.gemini/tmp/<id>/memory/*.md` of this repository, and what was added to the user's
//! `GEMINI.md`.
//!
//! A folder of `tmp` names its project in a file, and older ones in a registry of all projects; its own name decides
//! nothing, since two projects with the same last part of their paths are told apart by a number alone.

use super::folder::{Folder, masked};
use super::{Atom, Class, split_note};
use crate::source::stores::{self, Found, Stores};
use serde_json::Value;
use std::path::Path;

/// The largest registry or marker that is read, in bytes.
const MAX_REGISTRY_BYTES: u64 = 4 << 20;

/// The atoms of this repository's memory and of the user's.
pub(super) fn read(stores: &Stores) -> Found<Atom> {
    let Some(home) = stores.home else {
        return Found::default();
    };
    let gemini = home.join(".gemini");
    let mut found = Found::default();
    let mut folder = Folder::new(stores, "gemini", &gemini.join("GEMINI.md"));
    if let Some(read) = folder.read_own(&gemini.join("GEMINI.md")) {
        let text = added(&read.text);
        folder.add(split_note(
            &read.shown,
            &text,
            read.mtime,
            Class::Preference,
        ));
    }
    found.extend(folder.finish());
    let tmp = gemini.join("tmp");
    let registered = registered(stores, &gemini.join("projects.json"));
    for (name, metadata) in stores::list(&tmp) {
        let project = tmp.join(&name);
        if !metadata.is_dir() || !is_ours(stores, &project, registered.contains(&name)) {
            continue;
        }
        let memory = project.join("memory");
        let mut folder = Folder::new(stores, "gemini", &memory);
        for read in folder.read_all(&memory, &|path| path.ends_with(".md")) {
            folder.add(split_note(&read.shown, &read.text, read.mtime, Class::Fact));
        }
        found.extend(folder.finish());
    }
    found
}

/// The section of what the tool added itself; other lines are blank.
fn added(text: &str) -> String {
    let mut is_in = false;
    masked(text, |_, line| {
        let n_marks = line.bytes().take_while(|b| *b == b'#').count();
        if (1..=2).contains(&n_marks) {
            is_in = line.trim_start_matches('#').trim() == "Gemini Added Memories";
        }
        is_in
    })
}

/// The names under which the registry holds the roots.
fn registered(stores: &Stores, path: &Path) -> Vec<String> {
    let Ok((text, _)) = stores::read_text(path, MAX_REGISTRY_BYTES) else {
        return Vec::new();
    };
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let projects = value.get("projects").and_then(Value::as_object);
    let ours = projects
        .into_iter()
        .flatten()
        .filter(|(path, _)| stores.holds(path));
    ours.filter_map(|(_, name)| Some(name.as_str()?.to_owned()))
        .collect()
}

fn is_ours(stores: &Stores, project: &Path, is_registered: bool) -> bool {
    match stores::read_text(&project.join(".project_root"), MAX_REGISTRY_BYTES) {
        Ok((root, _)) => stores.holds(root.trim_end_matches(['\n', '\r'])),
        Err(_) => is_registered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    #[test]
    fn a_folder_is_ours_by_what_it_says_and_not_by_its_name() {
        let home = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = home.path().join(".gemini").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put(
            "projects.json",
            r#"{"projects":{"/w/shop":"shop","/w/b/shop":"shop-1","/w/shop/web":"web","/x":7}}"#,
        );
        put("tmp/marked/.project_root", "/w/shop\n");
        put("tmp/shop/.project_root", "/w/b/shop");
        for name in ["marked", "shop", "shop-1", "web", "other"] {
            put(&format!("tmp/{name}/memory/a.md"), &format!("of {name}\n"));
        }
        put(
            "GEMINI.md",
            "Be brief.\n\n## Gemini Added Memories\n- Deploys with just.\n\n# Else\n- no\n",
        );
        let roots = [PathBuf::from("/w/shop")];
        let found = read(&Stores {
            roots: &roots,
            home: Some(home.path()),
            variables: &BTreeMap::new(),
            cache: None,
        });
        let texts: Vec<&str> = found.items.iter().map(|atom| atom.text.trim()).collect();
        assert_eq!(texts, ["- Deploys with just.", "of marked", "of web"]);
        assert_eq!(found.items[0].lines, (4, 4));
        assert_eq!(found.reports.len(), 3);
    }
}
