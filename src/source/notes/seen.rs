//! What an agent has read before it asks: the notes that its host loads by itself, on which a bundle for it spends nothing.
//!
//! Hosts load instruction files whole up to a cap and cut the rest off without a word. What lies past the cap, rules that wait for a
//! file, folders' own instructions and the notes of other tools are what a bundle is for.

use super::conflict::Duplicate;
use super::{Atom, table};
use crate::request::Agent;

/// Lines and bytes of `MEMORY.md` that Claude Code loads.
const MEMORY_LINES: u32 = 200;
const MEMORY_BYTES: usize = 25_000;

/// Bytes of the chain of `AGENTS.md` that Codex loads.
const CHAIN_BYTES: usize = 32 << 10;

/// For each atom whether `agent` has it already. `atoms` sorted by path and line; `in_tree` says which are of the repository.
///
/// Bytes are those of the atoms, headings left out, so that a file near its cap counts as loaded for a few lines too many.
pub fn seen(agent: Agent, atoms: &[Atom], in_tree: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut n_bytes = 0; // of the file, or of the chain, so far
    let mut before = "";
    (0..atoms.len())
        .map(|idx| {
            let atom = &atoms[idx];
            if atom.path != before && agent == Agent::Claude {
                n_bytes = 0;
            }
            before = &atom.path;
            let is_loaded = match agent {
                Agent::Claude => is_loaded_by_claude(atom, in_tree(idx)),
                Agent::Codex => is_in_chain(atoms, atom),
                Agent::Gemini => matches!(&*atom.path, "GEMINI.md" | "~/.gemini/GEMINI.md"),
            };
            n_bytes += if is_loaded { atom.text.len() } else { 0 };
            let is_memory = atom.path.ends_with("/memory/MEMORY.md");
            is_loaded
                && match agent {
                    Agent::Claude if is_memory => {
                        atom.lines.1 <= MEMORY_LINES && n_bytes <= MEMORY_BYTES
                    }
                    Agent::Codex => n_bytes <= CHAIN_BYTES,
                    _ => true,
                }
        })
        .collect()
}

/// Who has read one of several notes that say the same, word for word, has read them all.
pub fn with_copies(mut seen: Vec<bool>, duplicates: &[Duplicate]) -> Vec<bool> {
    for pair in duplicates.iter().filter(|pair| pair.is_exact) {
        seen[pair.kept] |= seen[pair.other];
    }
    seen
}

fn is_loaded_by_claude(atom: &Atom, in_tree: bool) -> bool {
    let path = &*atom.path;
    let is_rule = path.starts_with(".claude/rules/") || path.starts_with("~/.claude/rules/");
    match path {
        "CLAUDE.md" | ".claude/CLAUDE.md" | "CLAUDE.local.md" | "~/.claude/CLAUDE.md" => true,
        _ if is_rule => atom.applies_to.is_empty(),
        // no name of a note: it is one because an instruction file imports it
        _ if in_tree => table::find(path).is_none(),
        _ => path.starts_with("~/") && path.ends_with("/memory/MEMORY.md"),
    }
}

/// In each folder the override counts in the place of the other.
fn is_in_chain(atoms: &[Atom], atom: &Atom) -> bool {
    let Some(folder) = ["", "~/.codex/"].into_iter().find(|folder| {
        atom.path
            .strip_prefix(folder)
            .is_some_and(|name| !name.contains('/'))
    }) else {
        return false;
    };
    let is = |path: &str, name: &str| path.strip_prefix(folder) == Some(name);
    let has_override = || {
        atoms
            .iter()
            .any(|other| is(&other.path, "AGENTS.override.md"))
    };
    is(&atom.path, "AGENTS.override.md") || (is(&atom.path, "AGENTS.md") && !has_override())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(agent: Agent, files: &[(&str, &str)], expected: &[bool]) {
        let atoms: Vec<Atom> = files
            .iter()
            .flat_map(|(path, text)| super::super::atoms(path, text, None))
            .collect();
        let in_tree = |idx: usize| !atoms[idx].path.starts_with('~');
        assert_eq!(seen(agent, &atoms, in_tree), expected, "{files:?}");
    }

    #[test]
    fn claude_has_its_instructions_and_the_head_of_its_index() {
        let rule = "---\npaths: src/**\n---\n- a\n";
        check(
            Agent::Claude,
            &[
                (".claude/rules/a.md", "- a\n"),
                (".claude/rules/b.md", rule),
                ("AGENTS.md", "- a\n"),
                ("CLAUDE.md", "- a\n"),
                ("src/CLAUDE.md", "- a\n"),
                ("~/.claude/projects/-w/memory/topic.md", "- a\n"),
            ],
            &[true, false, false, true, false, false],
        );
        let index: String = (0..203).map(|n| format!("- entry {n}\n")).collect();
        let mut expected = vec![true; 200];
        expected.extend([false; 3]);
        check(
            Agent::Claude,
            &[("~/.claude/projects/-w/memory/MEMORY.md", &index)],
            &expected,
        );
        let long: String = (0..3)
            .map(|n| format!("- {n} {}\n", "x".repeat(12_000)))
            .collect();
        let path = "~/.claude/projects/-w/memory/MEMORY.md";
        check(Agent::Claude, &[(path, &long)], &[true, true, false]);
    }

    #[test]
    fn a_copy_of_what_was_read_was_read() {
        let said = [
            ("AGENTS.md", "- Never charge a card twice.\n"),
            ("CLAUDE.md", "- never charge a card twice\n"),
        ];
        let atoms: Vec<Atom> = said
            .iter()
            .flat_map(|(path, text)| super::super::atoms(path, text, None))
            .collect();
        let all = super::super::conflict::duplicates(&atoms);
        let loaded = seen(Agent::Claude, &atoms, |_| true);
        assert_eq!(loaded, [false, true]);
        assert_eq!(with_copies(loaded, &all), [true, true]);
    }

    #[test]
    fn codex_has_its_chain_to_the_cap() {
        check(
            Agent::Codex,
            &[
                ("AGENTS.md", "- a\n"),
                ("AGENTS.override.md", "- b\n"),
                ("CLAUDE.md", "- a\n"),
            ],
            &[false, true, false],
        );
        let long: String = (0..5)
            .map(|n| format!("- {n} {}\n", "x".repeat(10_000)))
            .collect();
        check(
            Agent::Codex,
            &[("AGENTS.md", &long)],
            &[true, true, true, false, false],
        );
        check(
            Agent::Gemini,
            &[("GEMINI.md", "- a\n"), ("web/GEMINI.md", "- a\n")],
            &[true, false],
        );
    }
}
