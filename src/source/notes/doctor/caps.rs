//! Lines past what hosts load.

use super::{Code, Document, Finding, add, is_memory, split};
use crate::source::notes::front;
use rustc_hash::FxHashMap;

/// What Claude Code loads of the index of its memory, whichever ends first.
const INDEX_LINES: usize = 200;
const INDEX_BYTES: usize = 25_000;
/// The advice of its makers for CLAUDE.md.
const INSTRUCTION_LINES: usize = 200;
/// What Codex loads of all AGENTS.md from the root to the working directory.
const CHAIN_BYTES: usize = 32 << 10;

/// The lines that a host loads, numbered from 1: without front matter and without comments on lines of their own.
fn loaded(text: &str) -> Vec<(u32, &str)> {
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

/// Chains of AGENTS.md, from the root down, that are longer than what is loaded of them.
pub(super) fn chains(documents: &[Document], found: &mut Vec<Finding>) {
    let mut by_folder: FxHashMap<&str, &Document> = FxHashMap::default();
    for name in ["AGENTS.md", "AGENTS.override.md"] {
        let own = documents.iter().filter(|document| {
            split(&document.path).1 == name && !document.path.starts_with(['~', '/'])
        });
        by_folder.extend(own.map(|document| (split(&document.path).0, document)));
    }
    let mut all: Vec<(&str, &Document)> = by_folder
        .iter()
        .map(|(folder, document)| (*folder, *document))
        .collect();
    all.sort_by_key(|(folder, _)| *folder);
    for (folder, document) in all {
        let above = |other: &&str| {
            other.is_empty()
                || folder
                    .strip_prefix(*other)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let n_above: usize = by_folder
            .iter()
            .filter(|(other, _)| **other != folder && above(other))
            .map(|(_, it)| it.text.len())
            .sum();
        let n = n_above + document.text.len();
        if n > CHAIN_BYTES && n_above <= CHAIN_BYTES {
            let message =
                format!("with those above it, it has {n} bytes; {CHAIN_BYTES} are loaded");
            add(found, Code::AgentsChainTooLong, &document.path, 0, message);
        }
    }
}
