//! Lines past what hosts load.

use super::{Code, Document, Finding, add, is_memory, split};
use crate::source::notes::front;
use rustc_hash::FxHashMap;

/// What Claude Code loads of the index of its memory, whichever ends first.
pub const INDEX_LINES: usize = 200;
/// See [`INDEX_LINES`].
pub const INDEX_BYTES: usize = 25_000;
/// The advice of its makers for CLAUDE.md.
pub const INSTRUCTION_LINES: usize = 200;
/// What Codex loads of all AGENTS.md from the root to the working directory.
pub const CHAIN_BYTES: usize = 32 << 10;

/// The lines that a host loads, numbered from 1: without front matter and without comments on lines of their own.
pub fn loaded(text: &str) -> Vec<(u32, &str)> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = Vec::new();
    let mut in_comment = false;
    for (at, line) in lines.iter().enumerate().skip(front::front(&lines).n_lines) {
        in_comment |= line.trim_start().starts_with("<!--");
        if !in_comment {
            out.push((at as u32 + 1, *line));
        }
        in_comment &= !line.contains("-->");
    }
    out
}

/// Lines past what hosts load of one file.
pub(super) fn caps(document: &Document, found: &mut Vec<Finding>) {
    let (folder, name) = split(&document.path);
    let lines = loaded(&document.text);
    if name == "MEMORY.md" && is_memory(folder) {
        let mut n_bytes = 0;
        let past = lines.iter().enumerate().find(|(n, (_, line))| {
            n_bytes += line.trim_end_matches(['\n', '\r']).len() + 1;
            *n >= INDEX_LINES || n_bytes > INDEX_BYTES
        });
        if let Some((n, (line, _))) = past {
            let lost = lines.len() - n;
            let message = format!(
                "{lost} lines from here on are not loaded: only {INDEX_LINES} lines or {INDEX_BYTES} bytes are"
            );
            add(found, Code::IndexPastCap, &document.path, *line, message);
        }
    }
    if matches!(name, "CLAUDE.md" | "CLAUDE.local.md") && lines.len() > INSTRUCTION_LINES {
        let message = format!(
            "{} lines are loaded into every session; up to {INSTRUCTION_LINES} are advised",
            lines.len()
        );
        add(
            found,
            Code::InstructionsTooLong,
            &document.path,
            lines[INSTRUCTION_LINES].0,
            message,
        );
    }
}

/// The names of files of which Codex loads a chain: one of a folder, the later of these before the earlier.
pub const CHAIN_NAMES: [&str; 2] = ["AGENTS.md", "AGENTS.override.md"];

/// For each file of a chain its path, its bytes with those above it, and the bytes above it alone; sorted by folder. `files` are paths
/// and bytes.
pub fn chained<'a>(files: &[(&'a str, usize)]) -> Vec<(&'a str, usize, usize)> {
    let mut by_folder: FxHashMap<&str, (&str, usize)> = FxHashMap::default();
    for name in CHAIN_NAMES {
        let own = files.iter().filter(|(path, _)| split(path).1 == name);
        by_folder.extend(own.map(|file| (split(file.0).0, *file)));
    }
    let mut all: Vec<(&str, (&str, usize))> = by_folder.iter().map(|(at, it)| (*at, *it)).collect();
    all.sort_unstable();
    let of = |(folder, (path, own)): &(&'a str, (&'a str, usize))| {
        let above = |other: &&str| {
            other.is_empty()
                || folder
                    .strip_prefix(*other)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let folders = by_folder
            .iter()
            .filter(|(other, _)| *other != folder && above(other));
        let n_above: usize = folders.map(|(_, (_, n))| n).sum();
        (*path, n_above + own, n_above)
    };
    all.iter().map(of).collect()
}

/// Chains of AGENTS.md, from the root down, that are longer than what is loaded of them.
pub(super) fn chains(documents: &[Document], found: &mut Vec<Finding>) {
    let own = documents
        .iter()
        .filter(|document| !document.path.starts_with(['~', '/']));
    let files: Vec<(&str, usize)> = own.map(|it| (it.path.as_str(), it.text.len())).collect();
    for (path, n, n_above) in chained(&files) {
        if n > CHAIN_BYTES && n_above <= CHAIN_BYTES {
            let message =
                format!("with those above it, it has {n} bytes; {CHAIN_BYTES} are loaded");
            add(found, Code::AgentsChainTooLong, path, 0, message);
        }
    }
}
