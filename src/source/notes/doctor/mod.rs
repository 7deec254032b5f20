//! What is wrong with the notes: told, never mended.
//!
//! Notes rot in ways that nobody sees: an index grows past what its host loads, a link leads nowhere, two notes contradict each
//! other, a handoff stays when the work has moved on. Each check takes what was read and gives findings; only what can be
//! told for certain is one, because a list of guesses is not read twice.

use super::conflict::{self, Clash};
use super::{Anchored, Atom, Class, front, is_handoff, status};
use crate::guard::secrets;
use crate::request::Request;
use crate::source::stores::{self, Stores};
use crate::source::tree::Tree;
use crate::source::{Remembered, Trees};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What Claude Code loads of the index of its memory, whichever ends first.
const INDEX_LINES: usize = 200;
const INDEX_BYTES: usize = 25_000;
/// The advice of its makers for CLAUDE.md.
const INSTRUCTION_LINES: usize = 200;
/// What Codex loads of all AGENTS.md from the root to the working directory.
const CHAIN_BYTES: usize = 32 << 10;
/// A handoff of so many commits ago tells of other work.
const MAX_BEHIND: usize = 10;
/// Repetitions between the same two notes that are told as one.
const MANY_REPEATED: usize = 4;
/// The largest note of a store that is read.
const MAX_NOTE_BYTES: u64 = 4 << 20;
/// Commits counted at most.
const MAX_COUNTED: usize = 10_000;

/// What kind of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Code {
    AgentsChainTooLong,
    Conflict,
    DanglingLink,
    DanglingName,
    Duplicate,
    IndexPastCap,
    InstructionsTooLong,
    NearDuplicate,
    NotInIndex,
    OrphanedAnchor,
    ProbableSecret,
    StaleHandoff,
    SupersededListed,
}

impl Code {
    /// All of them, by name.
    pub const ALL: [Self; 13] = [
        Self::AgentsChainTooLong,
        Self::Conflict,
        Self::DanglingLink,
        Self::DanglingName,
        Self::Duplicate,
        Self::IndexPastCap,
        Self::InstructionsTooLong,
        Self::NearDuplicate,
        Self::NotInIndex,
        Self::OrphanedAnchor,
        Self::ProbableSecret,
        Self::StaleHandoff,
        Self::SupersededListed,
    ];

    /// Its stable name, in kebab case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AgentsChainTooLong => "agents-chain-too-long",
            Self::Conflict => "conflict",
            Self::DanglingLink => "dangling-link",
            Self::DanglingName => "dangling-name",
            Self::Duplicate => "duplicate",
            Self::IndexPastCap => "index-past-cap",
            Self::InstructionsTooLong => "instructions-too-long",
            Self::NearDuplicate => "near-duplicate",
            Self::NotInIndex => "not-in-index",
            Self::OrphanedAnchor => "orphaned-anchor",
            Self::ProbableSecret => "probable-secret",
            Self::StaleHandoff => "stale-handoff",
            Self::SupersededListed => "superseded-listed",
        }
    }

    /// What to do about it, in one line.
    pub fn advice(self) -> &'static str {
        match self {
            Self::AgentsChainTooLong => {
                "shorten it, or move what concerns one folder into the AGENTS.md there"
            }
            Self::Conflict => {
                "decide which one holds, and strike the other out or let one say that it supersedes the other"
            }
            Self::DanglingLink => "mend the link, or take it out",
            Self::DanglingName => "write that note, mend the name, or take it out",
            Self::Duplicate => "keep one of them",
            Self::IndexPastCap => {
                "move the oldest lines into topic files, so that the newest are loaded again"
            }
            Self::InstructionsTooLong => {
                "move what is not always needed into rules with paths, or into other notes"
            }
            Self::NearDuplicate => "read both, and put them together",
            Self::NotInIndex => "add a line for it: - [Title](file.md) - what it is about",
            Self::OrphanedAnchor => "name where that is now, or strike the note out",
            Self::ProbableSecret => {
                "take it out, and change it where it is used: it may be in the history too"
            }
            Self::StaleHandoff => "write a new one (ctxpack handoff), or delete it",
            Self::SupersededListed => {
                "take the line out of the index, or link to what took its place"
            }
        }
    }
}

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
    /// Handoffs, and how many commits HEAD is ahead of each.
    pub behind: &'a [(String, usize)],
}

/// All findings, sorted. `exists` says whether a path below the root is there at all: ignored files are, and are in no tree.
pub fn findings(notes: &Notes<'_>, exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut found = Vec::new();
    for document in notes.documents {
        caps(document, &mut found);
        secrets_of(&document.path, &document.text, 1, &mut found);
    }
    chains(notes.documents, &mut found);
    indexes(notes, &mut found);
    links(notes, exists, &mut found);
    anchors(notes, exists, &mut found);
    pairs(notes.atoms, &mut found);
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
    for (path, n) in notes.behind.iter().filter(|(_, n)| *n >= MAX_BEHIND) {
        let many = if *n >= MAX_COUNTED { "or more " } else { "" };
        add(
            &mut found,
            Code::StaleHandoff,
            path,
            0,
            format!("HEAD is {n} {many}commits ahead of it"),
        );
    }
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
fn caps(document: &Document, found: &mut Vec<Finding>) {
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
fn chains(documents: &[Document], found: &mut Vec<Finding>) {
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

/// Topic files that no index names, and index lines that lead to what no longer holds.
fn indexes(notes: &Notes<'_>, found: &mut Vec<Finding>) {
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

fn links(notes: &Notes<'_>, exists: &dyn Fn(&str) -> bool, found: &mut Vec<Finding>) {
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

/// Paths that a note names and that are not there, in folders that are.
fn anchors(notes: &Notes<'_>, exists: &dyn Fn(&str) -> bool, found: &mut Vec<Finding>) {
    let is_stale = |atom: &&Atom| {
        matches!(atom.anchored, Anchored::Drifted | Anchored::Orphaned)
            && !atom.superseded
            && !atom.done
            && !atom.text.contains("[ ]")
    };
    let mut stale = notes.atoms.iter().filter(is_stale).peekable();
    if stale.peek().is_none() {
        return;
    }
    let mut folders: FxHashSet<&str> = FxHashSet::default();
    let mut ends: FxHashSet<&str> = FxHashSet::default();
    for path in notes.paths {
        folders.extend(path.match_indices('/').map(|(at, _)| &path[..at]));
        ends.insert(path);
        ends.extend(path.match_indices('/').map(|(at, _)| &path[at + 1..]));
    }
    for atom in stale {
        let is_gone = |anchor: &&String| {
            let anchor = anchor.trim_end_matches('/');
            let is_inside = !anchor.starts_with(['/', '~', '$', '@'])
                && !anchor.contains("..")
                && !anchor.contains('*');
            let top = anchor.split_once('/').map(|(top, _)| top);
            is_inside
                && top.is_some_and(|top| folders.contains(top))
                && !ends.contains(anchor)
                && !folders.contains(anchor)
                && !folders.iter().any(|folder| {
                    folder
                        .strip_suffix(anchor)
                        .is_some_and(|rest| rest.ends_with('/'))
                })
                && !exists(anchor)
        };
        let gone: Vec<String> = atom
            .anchors
            .iter()
            .filter(is_gone)
            .take(3)
            .map(|anchor| format!("`{anchor}`"))
            .collect();
        if !gone.is_empty() {
            let verb = if gone.len() == 1 { "is" } else { "are" };
            add(
                found,
                Code::OrphanedAnchor,
                &atom.path,
                atom.lines.0,
                format!("{} {verb} not there any more", gone.join(", ")),
            );
        }
    }
}

fn place(atom: &Atom) -> String {
    format!("{}:{}", atom.path, atom.lines.0)
}

/// Places of one thought that are named; of more, only how many there are is told.
const MAX_PLACES: usize = 3;

/// Notes that say the same, and notes that say the opposite.
fn pairs(atoms: &[Atom], found: &mut Vec<Finding>) {
    let duplicates = conflict::duplicates(atoms);
    let mut n_exact: FxHashMap<(&str, &str), usize> = FxHashMap::default();
    let files = |pair: &conflict::Duplicate| {
        (
            atoms[pair.other].path.as_str(),
            atoms[pair.kept].path.as_str(),
        )
    };
    for pair in duplicates.iter().filter(|pair| pair.is_exact) {
        *n_exact.entry(files(pair)).or_default() += 1;
    }
    // one finding for a copy of a whole note
    let is_copy = |pair: &conflict::Duplicate| {
        let (other, kept) = files(pair);
        pair.is_exact && other != kept && n_exact[&(other, kept)] >= MANY_REPEATED
    };
    let mut copies: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
    for ((other, kept), n) in &n_exact {
        if *n >= MANY_REPEATED && other != kept {
            copies.entry(kept).or_default().insert(other, *n);
        }
    }
    for (kept, others) in copies {
        let n = others.values().max().copied().unwrap_or_default();
        let message = if others.len() == 1 {
            format!("says in {n} places what {kept} says")
        } else {
            let rest: Vec<&str> = others.keys().copied().skip(1).collect();
            format!(
                "says in up to {n} places what {kept} says, as {} do",
                listed(&rest)
            )
        };
        let first = others.keys().next().copied().unwrap_or_default();
        add(found, Code::Duplicate, first, 0, message);
    }
    // and one for a thought, in however many places it stands
    let mut clusters: BTreeMap<(usize, bool), Vec<usize>> = BTreeMap::new();
    for pair in duplicates.iter().filter(|pair| !is_copy(pair)) {
        let cluster = clusters.entry((pair.kept, pair.is_exact)).or_default();
        cluster.push(pair.other);
    }
    for ((kept, is_exact), others) in clusters {
        let (code, says) = if is_exact {
            (Code::Duplicate, "says what")
        } else {
            (Code::NearDuplicate, "says nearly what")
        };
        let first = &atoms[others[0]];
        let rest: Vec<String> = others[1..].iter().map(|&at| place(&atoms[at])).collect();
        let mut message = format!("{says} {} says", place(&atoms[kept]));
        if !rest.is_empty() {
            let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
            let does = if rest.len() == 1 { "does" } else { "do" };
            message.push_str(&format!(", as {} {does}", listed(&rest)));
        }
        add(found, code, &first.path, first.lines.0, message);
    }
    for pair in conflict::conflicts(atoms) {
        let (newer, older) = (&atoms[pair.newer], &atoms[pair.older]);
        let how = match pair.clash {
            Clash::Swapped => "takes what it leaves",
            Clash::Opposite => "says the opposite",
            Clash::Value => "has another value",
        };
        add(
            found,
            Code::Conflict,
            &older.path,
            older.lines.0,
            format!("{} {how}", place(newer)),
        );
    }
}

/// `a`, `a and b`, `a, b, c and 4 more`.
fn listed(places: &[&str]) -> String {
    let n_more = places.len().saturating_sub(MAX_PLACES);
    let named = &places[..places.len() - n_more];
    match named {
        _ if n_more > 0 => format!("{} and {n_more} more", named.join(", ")),
        [head @ .., last] if !head.is_empty() => format!("{} and {last}", head.join(", ")),
        _ => named.join(", "),
    }
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

/// The handoffs of a tree, and how many commits HEAD is ahead of what each names: its commit, else its date. One that
/// names neither is left out. At most 10,000 are counted.
pub fn behind(tree: &Tree, atoms: &[Atom]) -> Vec<(String, usize)> {
    let (Some(repository), Some(head)) = (&tree.repository, tree.commit()) else {
        return Vec::new();
    };
    let handle = repository.handle();
    let since_commit = |name: &String| {
        let is_hex = (7..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_hexdigit());
        let object = is_hex
            .then(|| handle.rev_parse_single(name.as_bytes()).ok())
            .flatten()?;
        let commit = object
            .object()
            .ok()?
            .peel_to_kind(gix::object::Kind::Commit)
            .ok()?
            .id;
        let walk = handle.rev_walk([head]).with_hidden([commit]).all().ok()?;
        Some(walk.take(MAX_COUNTED).filter(Result::is_ok).count())
    };
    let since_date = |date: i64| {
        let newest_first = gix::revision::walk::Sorting::ByCommitTime(
            gix::traverse::commit::simple::CommitTimeOrder::NewestFirst,
        );
        let walk = handle.rev_walk([head]).sorting(newest_first).all().ok()?;
        // a day has room for the commits that it tells of
        let is_later = |at: Option<i64>| at.is_some_and(|at| at >= date + 86_400);
        let later = walk
            .take(MAX_COUNTED)
            .map_while(Result::ok)
            .take_while(|info| is_later(info.commit_time));
        Some(later.count())
    };
    let mut found: Vec<(String, usize)> = Vec::new();
    let mut handoffs: Vec<&Atom> = atoms
        .iter()
        .filter(|atom| atom.class == Class::Handoff && is_handoff(&atom.path))
        .collect();
    handoffs.sort_by(|a, b| a.path.cmp(&b.path));
    for of_note in handoffs.chunk_by(|a, b| a.path == b.path) {
        let by_commit = of_note
            .iter()
            .flat_map(|atom| &atom.anchors)
            .filter_map(since_commit)
            .min();
        let newest = of_note
            .iter()
            .filter_map(|atom| atom.date)
            .map(|(at, _)| at)
            .max();
        if let Some(n) = by_commit.or_else(|| newest.and_then(since_date)) {
            found.push((of_note[0].path.clone(), n));
        }
    }
    found
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
        let all = super::super::anchored::Paths::new(paths.into_iter());
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
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(listed(&["a", "b", "c", "d"]), "a, b, c and 1 more");
    }

    const MEMORY: &str = "~/.claude/projects/-w/memory";

    #[test]
    fn codes_are_stable() {
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(
            codes.join(" "),
            "agents-chain-too-long conflict dangling-link dangling-name duplicate index-past-cap instructions-too-long \
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
