//! What is wrong with the notes: told, never mended.
//!
//! Notes rot in ways that nobody sees: an index grows past what its host loads, a link leads nowhere, two notes contradict each
//! other, a handoff stays when the work has moved on. Each check takes what was read and gives findings; only what can be
//! told for certain is one, because a list of guesses is not read twice.

pub mod caps;
mod code;
mod handoffs;
mod links;
mod pairs;

pub use code::Code;
pub use handoffs::{Behind, behind};

use super::Atom;
use crate::guard::secrets;
use crate::request::Request;
use crate::source::stores::{self, Stores};
use crate::source::{Remembered, Trees};
use rustc_hash::FxHashSet;
use std::path::{Path, PathBuf};

/// The largest note of a store that is read.
const MAX_NOTE_BYTES: u64 = 4 << 20;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The note, as its atoms name it.
    pub path: String,
    /// The line, from 1; 0 where it is about the whole note.
    pub line: u32,
    /// What kind of thing.
    pub code: Code,
    /// What is wrong, in one sentence without a full stop. Never holds a secret's value.
    pub message: String,
}

/// A note as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its path, as its atoms name it.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Notes<'a> {
    /// Notes that are text files, sorted by path.
    pub documents: &'a [Document],
    /// The atoms of all notes.
    pub atoms: &'a [Atom],
    /// The files of the repository, relative to the root.
    pub paths: &'a [&'a str],
    /// Handoffs, and how far HEAD is ahead of each.
    pub behind: &'a [Behind],
}

/// All findings, sorted. `exists` says whether a path below the root is there at all: ignored files are, and are in no tree.
pub fn findings(notes: &Notes<'_>, exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in notes.documents {
        caps::caps(document, &mut found);
        secrets_of(&document.path, &document.text, 1, &mut found);
    }
    caps::chains(notes.documents, &mut found);
    links::indexes(notes, &mut found);
    links::links(notes, exists, &mut found);
    links::anchors(notes, exists, &mut found);
    pairs::pairs(notes.atoms, &mut found);
    let texts: FxHashSet<&str> = notes
        .documents
        .iter()
        .map(|document| document.path.as_str())
        .collect();
    for atom in notes
        .atoms
        .iter()
        .filter(|atom| !texts.contains(atom.path.as_str()))
    {
        secrets_of(&atom.path, &atom.text, atom.lines.0, &mut found);
    }
    handoffs::stale(notes.behind, &mut found);
    found.sort();
    found.dedup();
    found
}

fn add(found: &mut Vec<Finding>, code: Code, path: &str, line: u32, message: String) {
    found.push(Finding {
        path: path.to_owned(),
        line,
        code,
        message,
    });
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Whether a folder is one that Claude Code keeps memories in, with an index of which it loads the head.
fn is_memory(folder: &str) -> bool {
    (folder.ends_with("/memory") && folder.contains("/projects/"))
        || split(folder).0.ends_with(".claude/agent-memory")
        || split(folder).0.ends_with(".claude/agent-memory-local")
}

fn secrets_of(path: &str, text: &str, first: u32, found: &mut Vec<Finding>) {
    // what came through the trees is redacted, and says where
    let (_, found_now) = secrets::redact_in(None, text);
    for secret in secrets::redactions(text).into_iter().chain(found_now) {
        let line = first + secret.line - 1;
        add(
            found,
            Code::ProbableSecret,
            path,
            line,
            format!("this looks like a secret: {}", secret.kind),
        );
    }
}

/// The notes that are text files, read whole: those of the tree, and those of stores in the home directory.
pub fn documents(request: &Request, trees: &Trees, remembered: &Remembered) -> Vec<Document> {
    let mut all: Vec<Document> = Vec::new();
    for file in trees.files.iter().filter(|file| file.is_note) {
        if let Ok(text) = trees.text(file) {
            all.push(Document {
                path: trees.path(file).to_owned(),
                text,
            });
        }
    }
    let stores = Stores {
        roots: &[],
        home: request.home.as_deref(),
        variables: &request.variables,
        cache: None,
    };
    let outside = remembered
        .atoms
        .iter()
        .zip(&remembered.atom_files)
        .filter(|(_, file)| file.is_none());
    let mut files: FxHashSet<PathBuf> = FxHashSet::default();
    for (atom, _) in outside.filter(|(atom, _)| atom.path.ends_with(".md")) {
        let path = match (atom.path.strip_prefix("~/"), &request.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(&atom.path),
        };
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        if is_memory(split(&atom.path).0) && !files.contains(&path) {
            let names = stores::list(&folder)
                .into_iter()
                .filter(|(name, it)| it.is_file() && name.ends_with(".md"));
            files.extend(names.map(|(name, _)| folder.join(name)));
        }
        files.insert(path);
    }
    for path in files.iter().filter(|path| path.is_absolute()) {
        if let Ok((text, _)) = stores::read_own(path, stores.home, MAX_NOTE_BYTES) {
            all.push(Document {
                path: stores.shown(path),
                text,
            });
        }
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings of notes given by path and text, as `path:line code`, among some files.
    #[track_caller]
    fn check(notes: &[(&str, &str)], expected: &[&str]) {
        let paths = ["src/lock.rs", "src/pay/charge.rs", "docs/x.md", "README.md"];
        let mut documents: Vec<Document> = notes
            .iter()
            .map(|(path, text)| Document {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        documents.sort_by(|a, b| a.path.cmp(&b.path));
        let each = documents
            .iter()
            .flat_map(|document| super::super::atoms(&document.path, &document.text, None));
        let mut atoms: Vec<Atom> = each.collect();
        super::super::mark_superseded(&mut atoms);
        let all = super::super::anchored::Paths::new(&paths, &atoms);
        super::super::anchored::look_up(&mut atoms, &all, &|_| None);
        let notes = Notes {
            documents: &documents,
            atoms: &atoms,
            paths: &paths,
            behind: &[],
        };
        let found = findings(&notes, &|path| path == "src/ignored.rs");
        let lines: Vec<String> = found
            .iter()
            .map(|it| format!("{}:{} {}", it.path, it.line, it.code.as_str()))
            .collect();
        assert_eq!(lines, expected, "{found:#?}");
    }

    #[test]
    fn a_thought_in_many_places_is_one_finding() {
        let says = "- Orders are locked in Postgres by their own row.\n";
        let notes = [
            ("AGENTS.md", says),
            ("CLAUDE.md", says),
            ("GEMINI.md", says),
            ("NOTES.md", says),
        ];
        check(&notes, &["CLAUDE.md:1 duplicate"]);
        check(&notes[..2], &["CLAUDE.md:1 duplicate"]);
        assert_eq!(pairs::listed(&["a"]), "a");
        assert_eq!(pairs::listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(pairs::listed(&["a", "b", "c", "d"]), "a, b, c and 1 more");
    }

    const MEMORY: &str = "~/.claude/projects/-w/memory";

    #[test]
    fn codes_are_stable() {
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(
            codes.join(" "),
            "agents-chain-too-long conflict dangling-link dangling-name drifted-anchor duplicate index-past-cap instructions-too-long \
             near-duplicate not-in-index orphaned-anchor probable-secret stale-handoff superseded-listed"
        );
        assert!(codes.is_sorted() && Code::ALL.is_sorted());
        assert!(Code::ALL.iter().all(|code| !code.advice().contains('\n')));
    }

    #[test]
    fn what_hosts_do_not_load() {
        let index = format!("{MEMORY}/MEMORY.md");
        let lines = |n: usize| {
            (0..n)
                .map(|n| format!("- word{n} thing{n} matter{n}\n"))
                .collect::<String>()
        };
        check(&[(&index, &lines(200))], &[]);
        check(
            &[(
                &index,
                &format!("---\nname: x\n---\n<!-- a\nb -->\n{}", lines(200)),
            )],
            &[],
        );
        check(
            &[(&index, &lines(201))],
            &[&format!("{index}:201 index-past-cap")],
        );
        let wide = format!("- a{}\n", "b".repeat(2_500)).repeat(10);
        check(&[(&index, &wide)], &[&format!("{index}:10 index-past-cap")]);
        check(&[("MEMORY.md", &lines(300))], &[]);
        check(
            &[("CLAUDE.md", &lines(201))],
            &["CLAUDE.md:201 instructions-too-long"],
        );
        let (half, some) = (
            format!("# {}\n", "x".repeat(20_000)),
            format!("# {}\n", "y".repeat(13_000)),
        );
        check(
            &[
                ("AGENTS.md", &half),
                ("src/AGENTS.md", &some),
                ("src/pay/AGENTS.md", &some),
                ("srcs/AGENTS.md", "# z\n"),
            ],
            &["src/AGENTS.md:0 agents-chain-too-long"],
        );
    }

    #[test]
    fn the_index_and_its_topics() {
        let at = |name: &str| format!("{MEMORY}/{name}");
        let (index, old, new, lost) = (at("MEMORY.md"), at("old.md"), at("new.md"), at("lost.md"));
        check(
            &[
                (
                    &index,
                    "- [Old](old.md) - locks\n- [New](new.md) - locks\n- [Gone](gone.md) - nothing\n",
                ),
                (
                    &old,
                    "---\nname: old\nstatus: superseded\n---\nLock in Redis.\n",
                ),
                (&new, "Lock with Postgres. See [[old]] and [[nowhere]].\n"),
                (&lost, "Nobody links here.\n"),
            ],
            &[
                &format!("{index}:1 superseded-listed"),
                &format!("{index}:3 dangling-link"),
                &format!("{lost}:0 not-in-index"),
                &format!("{new}:1 dangling-name"),
            ],
        );
    }

    #[test]
    fn links_and_anchors_that_lead_nowhere() {
        check(
            &[(
                "docs/NOTES.md",
                "- [a](x.md), [b](../src/lock.rs#L3), [c](../src), [d](../src/ignored.rs), [e](https://a.b/c), [f](#x), [g](../../out.md)\n\
                 - [gone](gone.md) and `[code](no.md)`\n\
                 - See src/old.rs\n- See src/lock.rs, pay/charge.rs and src/ignored.rs\n- [ ] write src/plan.rs\n- See dist/app.js, ~/x.rs and /etc/x.conf\n",
            )],
            &[
                "docs/NOTES.md:2 dangling-link",
                "docs/NOTES.md:3 orphaned-anchor",
            ],
        );
    }

    #[test]
    fn pairs_and_secrets() {
        check(
            &[
                (
                    "NOTES.md",
                    "- Use pnpm, not npm\n- Never charge twice here\n",
                ),
                (
                    "docs/NOTES.md",
                    "- Use npm, not pnpm\n- **never charge twice here**\n",
                ),
            ],
            &["docs/NOTES.md:1 conflict", "docs/NOTES.md:2 duplicate"],
        );
        let copy: String = ["red", "green", "blue", "white"]
            .iter()
            .map(|word| format!("- All is {word} in the {word} house\n"))
            .collect();
        check(
            &[("AGENTS.md", &copy), ("CLAUDE.md", &copy)],
            &["CLAUDE.md:0 duplicate"],
        );
        let key = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0".repeat(2));
        check(
            &[("NOTES.md", &format!("# x\n<!--\n{key} -->\n"))],
            &["NOTES.md:3 probable-secret"],
        );
    }
}
