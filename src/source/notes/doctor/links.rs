//! What leads nowhere: links, names, anchors, and topic files that nothing leads to.

use super::{Code, Finding, Notes, add, is_memory, split};
use crate::source::notes::{Anchored, Atom, status};
use rustc_hash::{FxHashMap, FxHashSet};

/// What one note names in vain that is told.
const MAX_NAMED: usize = 3;

/// Topic files that no index names, and index lines that lead to what no longer holds.
pub(super) fn indexes(notes: &Notes<'_>, found: &mut Vec<Finding>) {
    let memories = notes
        .documents
        .iter()
        .filter(|document| is_memory(split(&document.path).0));
    let mut listed: FxHashMap<&str, FxHashSet<String>> = FxHashMap::default();
    for index in memories
        .clone()
        .filter(|document| split(&document.path).1 == "MEMORY.md")
    {
        let names = listed.entry(split(&index.path).0).or_default();
        for (_, part) in prose(&index.text) {
            names.extend(targets(part).map(status::key));
            names.extend(names_in(part).map(status::key));
        }
    }
    for document in memories {
        let (folder, name) = split(&document.path);
        let is_listed = || {
            listed
                .get(folder)
                .is_some_and(|names| names.contains(&status::key(name)))
        };
        if name != "MEMORY.md" && name.ends_with(".md") && !is_listed() {
            let message = "no line of MEMORY.md links to it, so it is never found".to_owned();
            add(found, Code::NotInIndex, &document.path, 0, message);
        }
    }
    for atom in notes
        .atoms
        .iter()
        .filter(|atom| atom.superseded && split(&atom.path).1 == "MEMORY.md")
    {
        if let Some(target) = status::link_target(&atom.text) {
            let message = format!("{target} is superseded, and the index still lists it");
            add(
                found,
                Code::SupersededListed,
                &atom.path,
                atom.lines.0,
                message,
            );
        }
    }
}

/// The parts of a text that are no code, with their line.
fn prose(text: &str) -> Vec<(u32, &str)> {
    let mut out = Vec::new();
    let mut in_fence = false;
    for (at, line) in text.lines().enumerate() {
        let is_mark = ["```", "~~~"]
            .iter()
            .any(|mark| line.trim_start().starts_with(mark));
        in_fence ^= is_mark;
        if !in_fence && !is_mark {
            out.extend(line.split('`').step_by(2).map(|part| (at as u32 + 1, part)));
        }
    }
    out
}

/// Targets of links.
fn targets(part: &str) -> impl Iterator<Item = &str> {
    let ends = part.split("](").skip(1);
    ends.filter_map(|rest| rest.split_once(')')?.0.split_whitespace().next())
}

/// Names in double brackets, without what is shown for them and without a heading.
fn names_in(part: &str) -> impl Iterator<Item = &str> {
    let inner = part
        .split("[[")
        .skip(1)
        .filter_map(|rest| rest.split_once("]]"));
    inner
        .map(|(name, _)| name.split(['|', '#']).next().unwrap_or(name).trim())
        .filter(|name| {
            name.len() > 2
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || "-_./".contains(c))
        })
}

pub(super) fn links(notes: &Notes<'_>, exists: &dyn Fn(&str) -> bool, found: &mut Vec<Finding>) {
    let known: FxHashSet<&str> = notes
        .documents
        .iter()
        .map(|document| document.path.as_str())
        .chain(notes.paths.iter().copied())
        .collect();
    let mut folders: FxHashSet<&str> = FxHashSet::default();
    for path in notes.paths {
        folders.extend(path.match_indices('/').map(|(at, _)| &path[..at]));
    }
    let is_there = |path: &str| known.contains(path) || folders.contains(path) || path.is_empty();
    let mut names: FxHashSet<String> = notes
        .atoms
        .iter()
        .flat_map(|atom| atom.keys.iter().cloned())
        .collect();
    names.extend(known.iter().map(|path| status::key(path)));
    for document in notes
        .documents
        .iter()
        .filter(|document| document.path.ends_with(".md"))
    {
        let folder = split(&document.path).0;
        let is_outside = folder.starts_with(['~', '/']);
        for (line, part) in prose(&document.text) {
            for target in targets(part) {
                let file = target.split(['#', '?']).next().unwrap_or(target);
                let is_odd = file.is_empty()
                    || file.contains(':')
                    || file.starts_with(['/', '~', '<', '$', '@'])
                    || file.contains(['*', '{', '%', '\\']);
                // Of a store only what lies beside a note is known.
                let is_known = !is_outside
                    || (is_memory(folder) && !file.contains('/') && file.ends_with(".md"));
                let Some(path) = joined(folder, file).filter(|_| !is_odd && is_known) else {
                    continue;
                };
                if !is_there(&path) && (is_outside || !exists(&path)) {
                    add(
                        found,
                        Code::DanglingLink,
                        &document.path,
                        line,
                        format!("`{target}` leads nowhere"),
                    );
                }
            }
            for name in names_in(part).filter(|name| !names.contains(&status::key(name))) {
                add(
                    found,
                    Code::DanglingName,
                    &document.path,
                    line,
                    format!("no note is called [[{name}]]"),
                );
            }
        }
    }
}

/// A relative path as seen from a folder; `None` where it leads out of the root.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let lead = if folder.starts_with('/') { "/" } else { "" };
    Some(format!("{lead}{}", parts.join("/")))
}

/// What notes name that is not there, in folders and files that are.
pub(super) fn anchors(notes: &Notes<'_>, exists: &dyn Fn(&str) -> bool, found: &mut Vec<Finding>) {
    let is_live = |atom: &&Atom| !atom.superseded && !atom.done;
    for atom in notes.atoms.iter().filter(is_live) {
        let gone = atom.gone.iter().filter(|anchor| !exists(anchor));
        let gone: Vec<String> = gone.take(MAX_NAMED).map(|it| format!("`{it}`")).collect();
        if gone.is_empty() {
            continue;
        }
        let verb = if gone.len() == 1 { "is" } else { "are" };
        let (code, rest) = match atom.anchored {
            Anchored::Drifted => (Code::DriftedAnchor, "; the rest of what it names is"),
            _ => (Code::OrphanedAnchor, ""),
        };
        let message = format!("{} {verb} not there any more{rest}", gone.join(", "));
        add(found, code, &atom.path, atom.lines.0, message);
    }
}
