//! Memory: the notes of the repository, the stores that agents keep in the home directory, and the sessions that were held here.

use super::cleared::Cleared;
use super::notes::anchored::Paths;
use super::notes::{self, Atom, configured};
use super::repository::Repository;
use super::secrets::{redact_atoms, tell_sessions, told};
use super::sessions::{self, Session};
use super::stores::{StoreReport, Stores};
use super::{FileRef, Trees, lessons, odd};
use crate::cache::Cache;
use crate::error::Warning;
use crate::guard::markup::{self, Markup};
use crate::guard::secrets::Redaction;
use crate::guard::text::{CleanText, Counts, Decoded, clean, decode};
use crate::request::{Request, Secrets};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What people and agents wrote down, for the repository at hand.
#[derive(Debug, Clone, Default)]
pub struct Remembered {
    /// Atoms of notes, sorted by path and line.
    pub atoms: Vec<Atom>,
    /// For each atom whether the agent that will read the bundle has it already.
    pub seen: Vec<bool>,
    /// For each atom the index of its file in [`Trees::files`], or none for a store in the home directory.
    pub atom_files: Vec<Option<usize>>,
    /// Sessions, newest first.
    pub sessions: Vec<Session>,
    /// The newest of the sessions that the reader is in the middle of, and no candidate.
    pub in_progress: Option<Session>,
    /// What each session is called by ([`sessions::names`]).
    pub session_names: Vec<String>,
    /// What was read where outside the repository.
    pub reports: Vec<StoreReport>,
    /// Trouble on the way.
    pub warnings: Vec<Warning>,
}

/// Reads the notes of the repository and, where the request names a home, the stores there that concern it.
pub fn remember(request: &Request, trees: &Trees) -> Remembered {
    let mut all = Remembered::default();
    let mut found: Vec<(Atom, Option<usize>)> = Vec::new();
    let cache = request.cache.clone().map(Cache::new);
    let cleared = cache.as_ref().filter(|_| trees.secrets != Secrets::Off);
    let cleared =
        cleared.map(|cache| Cleared::read(cache, trees.trees.iter().map(|tree| &*tree.root)));
    let files = trees.files.iter().enumerate();
    let notes: Vec<(usize, &FileRef)> = files.filter(|(_, file)| file.is_note).collect();
    let read = notes.par_iter().map(|(_, file)| {
        let (clean, redactions) = trees.redacted_note(file, cleared.as_ref())?;
        let atoms = notes::read(trees.path(file), &clean.text, None);
        Ok((clean, redactions, atoms))
    });
    type Note = (CleanText, Vec<Redaction>, (Vec<Atom>, Option<Warning>));
    type Read = Result<Note, (&'static str, String)>;
    let read: Vec<Read> = read.collect();
    if let Some(cleared) = cleared {
        cleared.keep();
    }
    for ((idx, file), read) in notes.into_iter().zip(read) {
        match read {
            Ok((_, redactions, _))
                if trees.secrets == Secrets::Exclude && !redactions.is_empty() =>
            {
                all.warnings
                    .extend(told(trees.path(file), &redactions, trees.secrets));
            }
            Ok((CleanText { text, counts }, redactions, (atoms, torn))) => {
                let path = trees.path(file);
                all.warnings.extend(told(path, &redactions, trees.secrets));
                all.warnings.extend(odd::warnings(path, &counts, &text));
                all.warnings.extend(torn);
                found.extend(atoms.into_iter().map(|atom| (atom, Some(idx))));
            }
            Err((why, message)) => {
                let message = if message.is_empty() {
                    why.to_owned()
                } else {
                    message
                };
                all.warnings
                    .push(Warning::new("unreadable", trees.path(file), message));
            }
        }
    }
    let mut roots: Vec<PathBuf> = Vec::new();
    for tree in &trees.trees {
        let shared = tree
            .repository
            .as_ref()
            .map(Repository::work_trees)
            .unwrap_or_default();
        for root in shared.into_iter().chain([tree.root.clone()]) {
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
    }
    let stores = Stores {
        roots: &roots,
        home: request.home.as_deref(),
        variables: &request.variables,
        cache: cache.as_ref(),
    };
    if request.kinds.notes && request.home.is_some() {
        let stored = notes::stored(&stores);
        found.extend(stored.items.into_iter().map(|atom| (atom, None)));
        all.reports.extend(stored.reports);
        all.warnings.extend(stored.warnings);
    }
    if request.kinds.notes && !request.contents_only {
        let configured = configured::read(&stores, &request.memory);
        found.extend(configured.items.into_iter().map(|atom| (atom, None)));
        all.reports.extend(configured.reports);
        all.warnings.extend(configured.warnings);
    }
    redact_atoms(&mut found, request.secrets, &mut all.warnings);
    if request.kinds.sessions && request.home.is_some() {
        let sessions = sessions::read(&stores);
        (all.in_progress, all.sessions) = set_apart(sessions.items, &request.in_progress, &stores);
        all.session_names = sessions::names(&all.sessions);
        tell_sessions(&mut all.sessions, request.secrets, &mut all.warnings);
        if request.kinds.notes {
            let lessons = lessons::lessons(&mut all.sessions);
            found.extend(lessons.into_iter().map(|atom| (atom, None)));
        }
        all.reports.extend(sessions.reports);
        all.warnings.extend(sessions.warnings);
    }
    let (mut atoms, files): (Vec<Atom>, Vec<Option<usize>>) = found.into_iter().unzip();
    notes::mark_superseded(&mut atoms);
    look_up(&mut atoms, trees);
    let mut atoms: Vec<(Atom, Option<usize>)> = atoms.into_iter().zip(files).collect();
    atoms.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path).then(a.lines.cmp(&b.lines)));
    (all.atoms, all.atom_files) = atoms.into_iter().unzip();
    let in_tree = |idx: usize| all.atom_files[idx].is_some();
    all.seen = match request.reader {
        Some(agent) => notes::seen::with_copies(
            notes::seen::seen(agent, &all.atoms, in_tree),
            &notes::conflict::known_pairs(cache.as_ref(), &all.atoms).duplicates,
        ),
        None => vec![false; all.atoms.len()],
    };
    clean_up(&mut all);
    all
}

/// Takes the sessions in progress out of all, which are sorted newest first; gives the newest of them.
fn set_apart(
    sessions: Vec<Session>,
    in_progress: &[String],
    stores: &Stores,
) -> (Option<Session>, Vec<Session>) {
    let shown: Vec<String> = in_progress
        .iter()
        .map(|name| stores.shown(Path::new(name)))
        .collect();
    let (mut apart, rest): (Vec<Session>, Vec<Session>) = sessions
        .into_iter()
        .partition(|session| in_progress.contains(&session.id) || shown.contains(&session.path));
    ((!apart.is_empty()).then(|| apart.swap_remove(0)), rest)
}

/// Cleans what notes say, and warns of what was odd in it, once a note; and of marks in sessions, which arrive clean, once a tool.
fn clean_up(all: &mut Remembered) {
    let mut odd: Vec<(String, Counts, String)> = Vec::new();
    for (atom, file) in all.atoms.iter_mut().zip(&all.atom_files) {
        let mut counts = Counts::default();
        for text in std::iter::once(&mut atom.text).chain(&mut atom.heading) {
            clean_in(text, &mut counts);
        }
        if file.is_some() {
            continue; // told of with its file
        }
        clean_in(&mut atom.path, &mut counts);
        match odd.last_mut().filter(|(path, ..)| *path == atom.path) {
            Some((_, all, text)) => {
                all.add(&counts);
                text.push_str(&atom.text);
            }
            None => odd.push((atom.path.clone(), counts, atom.text.clone())),
        }
    }
    let mut marks: BTreeMap<&'static str, Markup> = BTreeMap::new();
    for session in &all.sessions {
        let of_tool = marks.entry(session.tool).or_default();
        for turn in &session.turns {
            of_tool.add(&markup::count(&turn.text));
        }
    }
    for (path, counts, text) in odd {
        all.warnings.extend(odd::warnings(&path, &counts, &text));
    }
    let marks = marks.into_iter();
    all.warnings
        .extend(marks.filter_map(|(tool, found)| odd::of_markup(tool, &found)));
}

fn clean_in(text: &mut String, counts: &mut Counts) {
    let (clean, found) = clean(text);
    counts.add(&found);
    if let Cow::Owned(clean) = clean {
        *text = clean;
    }
}

/// Bytes of a file that is read to look for what notes say stands in it, at most.
const MAX_LOOKED_BYTES: u64 = 1 << 20;

/// Looks up what each atom names in the trees, whatever part of them the request asks for. Of a file nothing comes out but whether
/// a name stands in it, so that it is read with its secrets.
fn look_up(atoms: &mut [Atom], trees: &Trees) {
    if atoms.is_empty() {
        return;
    }
    let entries = trees.trees.iter().flat_map(|tree| &tree.entries);
    let paths: Vec<&str> = entries.map(|entry| &*entry.path).collect();
    let paths = Paths::new(&paths, atoms);
    let text = |path: &str| {
        let file = trees
            .files
            .binary_search_by(|file| trees.path(file).cmp(path))
            .ok()?;
        let file = &trees.files[file];
        if trees.entry(file).n_bytes() > MAX_LOOKED_BYTES {
            return None;
        }
        match decode(&trees.bytes(file).ok()?) {
            Decoded::Text(clean) => Some(clean.text),
            Decoded::Binary(_) => None,
        }
    };
    notes::anchored::look_up(atoms, &paths, &text);
}
