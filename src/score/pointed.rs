//! Code that is named by a note, or was edited in a session, that answers the task: the thread from what is remembered to the place.
//!
//! "Customers are charged twice" shares no word with `src/payments/lock.rs`; the note that says how orders are locked shares some, and names the
//! file. One step is gone, from memory to code, and never back on the same thread. The shares are mixed into the probabilities of files
//! ([`super::Ranked::point`]) and bounded by [`MOST`], so that what is remembered gives a file its chance and takes little from those that the
//! words found; where nothing answers, nothing is changed. A feature of the file model lost: its weight would have to be fitted, and
//! the cases that weights are fitted to have no notes.

use super::links;
use super::said::Said;
use crate::lexicon::{Query, terms};
use crate::source::File;
use crate::source::notes::{Anchored, Atom};
use crate::source::sessions::Session;
use rustc_hash::FxHashMap;

/// Where a thread begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Index of the atom that names the code.
    Note(usize),
    /// Index of the session that edited it.
    Session(usize),
}

/// A file that a thread leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Pointed {
    /// Index into the files.
    pub file_idx: usize,
    /// Its share of the probability of all files, by what is remembered; all shares sum to [`MOST`] at most.
    pub share: f64,
    /// The strongest of those who say so.
    pub origin: Origin,
    /// Functions and types in it that are named.
    pub names: Vec<String>,
}

/// The share of the probability that goes by what is remembered, where an answer is certain.
pub const MOST: f64 = 0.35;
/// An answer less sure than this points nowhere.
const MIN_ANSWER: f64 = 0.1;
/// As many answers point, the surest.
const MAX_ORIGINS: usize = 12;
/// An anchor that as many files go by names none of them.
const MAX_FILES_OF_NAME: usize = 3;
/// An answer that names more files than this is a table of contents.
const MAX_FILES_OF_ORIGIN: usize = 12;
/// What a session's edits weigh beside what a note names: most of what it edited had to do with something else.
const EDITED: f64 = 0.5;

/// The files that what answers the task leads to, by index. `meant` says for each session how surely the task means it by its time.
/// O(atoms + sessions + files), the last times `MAX_ORIGINS`.
pub fn find(
    query: &Query,
    said: &Said,
    atoms: &[Atom],
    sessions: &[Session],
    meant: &[f64],
    files: &[File],
) -> Vec<Pointed> {
    let mut origins: Vec<(f64, Origin)> = Vec::new();
    for (idx, atom) in atoms.iter().enumerate() {
        let holds = !atom.superseded && !atom.done && atom.anchored != Anchored::Orphaned;
        if holds && !atom.anchors.is_empty() {
            origins.push((
                answers(said.cover(query, &said.atoms[idx])),
                Origin::Note(idx),
            ));
        }
    }
    for (idx, session) in sessions.iter().enumerate() {
        if !session.digest.files.is_empty() {
            let sure = answers(said.best_cover(query, idx)).max(meant[idx]);
            origins.push((EDITED * sure, Origin::Session(idx)));
        }
    }
    origins.retain(|(sure, _)| *sure >= MIN_ANSWER);
    origins.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    origins.truncate(MAX_ORIGINS);
    let Some(&(surest, _)) = origins.first() else {
        return Vec::new();
    };
    let definers = definers(files);
    let mut found: Vec<Pointed> = Vec::new();
    for (sure, origin) in origins {
        let named = match origin {
            Origin::Note(idx) => named(&atoms[idx].anchors, files, &definers),
            Origin::Session(idx) => edited(&sessions[idx].digest.files, files),
        };
        if named.is_empty() || named.len() > MAX_FILES_OF_ORIGIN {
            continue;
        }
        let share = sure / named.len() as f64;
        for (file_idx, names) in named {
            let known = found.iter_mut().find(|known| known.file_idx == file_idx);
            match known {
                Some(known) => {
                    known.share += share;
                    known.names.extend(names);
                }
                None => found.push(Pointed {
                    file_idx,
                    share,
                    origin,
                    names,
                }),
            }
        }
    }
    let sum: f64 = found.iter().map(|pointed| pointed.share).sum();
    for pointed in &mut found {
        pointed.share *= MOST * surest / sum;
        pointed.names.sort();
        pointed.names.dedup();
    }
    found.sort_by_key(|pointed| pointed.file_idx);
    found
}

/// How surely a text that covers so much of the task answers it; by its words alone.
fn answers(cover: f64) -> f64 {
    1.0 / (1.0 + (6.0 - 9.0 * cover.sqrt()).exp())
}

/// The names in notes whose definitions are to be looked for, when files are scanned.
pub fn names(atoms: &[Atom]) -> impl Iterator<Item = &str> {
    let anchors = atoms.iter().flat_map(|atom| &atom.anchors);
    anchors
        .map(|anchor| links::symbol(anchor))
        .filter(|symbol| is_looked_for(symbol))
}

fn is_looked_for(symbol: &str) -> bool {
    symbol.len() >= links::MIN_NAME_BYTES
}

/// The files that define each name, as far as they can be shown; code that only tests is left to what calls it.
fn definers(files: &[File]) -> FxHashMap<u64, Vec<usize>> {
    let mut definers: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
    for (idx, file) in files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.barred.is_none())
    {
        for name in &file.scan.defined {
            definers.entry(*name).or_default().push(idx);
        }
    }
    definers
}

/// A file, and what in it is named.
type Named = (usize, Vec<String>);

/// The files that anchors name, each once.
fn named(anchors: &[String], files: &[File], definers: &FxHashMap<u64, Vec<usize>>) -> Vec<Named> {
    let mut named: Vec<Named> = Vec::new();
    let mut add = |file_idx: usize, name: Option<&str>| {
        let at = named.iter().position(|(known, _)| *known == file_idx);
        let at = at.unwrap_or_else(|| {
            named.push((file_idx, Vec::new()));
            named.len() - 1
        });
        named[at].1.extend(name.map(str::to_owned));
    };
    for anchor in anchors {
        let is_named =
            |&idx: &usize| files[idx].barred.is_none() && links::names(anchor, &files[idx].path);
        let by_path = (0..files.len()).filter(is_named);
        let by_path: Vec<usize> = by_path.take(MAX_FILES_OF_NAME + 1).collect();
        if !by_path.is_empty() {
            if by_path.len() <= MAX_FILES_OF_NAME {
                by_path.into_iter().for_each(|idx| add(idx, None));
            }
            continue;
        }
        let symbol = links::symbol(anchor);
        let definers = is_looked_for(symbol)
            .then(|| definers.get(&terms::key(symbol.as_bytes())))
            .flatten();
        for &idx in definers
            .filter(|all| all.len() <= MAX_FILES_OF_NAME)
            .into_iter()
            .flatten()
        {
            add(idx, Some(symbol));
        }
    }
    named
}

/// The files that a session edited, as far as they can be shown.
fn edited(paths: &[String], files: &[File]) -> Vec<Named> {
    let place = |path: &String| files.binary_search_by(|file| (*file.path).cmp(path)).ok();
    let mut edited: Vec<usize> = paths.iter().filter_map(place).collect();
    edited.retain(|&idx| files[idx].barred.is_none());
    edited.sort_unstable();
    edited.dedup();
    edited.into_iter().map(|idx| (idx, Vec::new())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::{query, scan::Scanner, syntax};
    use crate::source::notes;

    const LOCK: &str = "pub fn hold_order_lock(tx: &mut Tx) -> Lock { tx.advisory(7) }\n";

    /// Notes of other things: a word is rare or not among many.
    const OTHERS: &str = "- The release train leaves on Mondays.\n- Ada signs the builds.\n- Tabs in Makefiles.\n\
        - Texts come from the translators.\n- The bench is in the basement.\n- Printers are leased.\n- Lunch is at noon.\n";

    fn file(query: &Query, path: &str, text: &str) -> File {
        File {
            path: path.into(),
            scan: Scanner::new(query).scan(text, &syntax::of_path(path)),
            n_bytes: text.len() as u64,
            pinned: false,
            barred: None,
            clean: None,
        }
    }

    /// The paths that notes lead to for a task, with the names in them, by share.
    #[track_caller]
    fn check(task: &str, note: &str, expected: &[(&str, &[&str])]) {
        let mut query = query::read(task);
        let atoms = notes::atoms("NOTES.md", &format!("{note}{OTHERS}"), None);
        names(&atoms).for_each(|name| query.look_for(name));
        let files = [
            file(&query, "src/payments/lock.rs", LOCK),
            file(&query, "src/report.rs", "pub fn report() {}\n"),
            file(&query, "web/a/index.ts", "export function open() {}\n"),
            file(&query, "web/b/index.ts", "export function open() {}\n"),
            file(&query, "web/c/index.ts", "export function open() {}\n"),
            file(&query, "web/d/index.ts", "export function open() {}\n"),
        ];
        let said = Said::read(&query, &atoms, &[]);
        let mut found = find(&query, &said, &atoms, &[], &[], &files);
        let sum: f64 = found.iter().map(|pointed| pointed.share).sum();
        assert!(sum <= MOST + 1e-9, "{found:?}");
        found.sort_by(|a, b| b.share.total_cmp(&a.share));
        let told: Vec<(&str, Vec<&str>)> = found
            .iter()
            .map(|pointed| {
                let names = pointed.names.iter().map(String::as_str);
                (files[pointed.file_idx].path.as_ref(), names.collect())
            })
            .collect();
        let expected: Vec<(&str, Vec<&str>)> = expected
            .iter()
            .map(|(path, names)| (*path, names.to_vec()))
            .collect();
        assert_eq!(told, expected, "{task}: {note}");
    }

    #[test]
    fn an_answer_leads_to_the_code_that_it_names() {
        let task = "customers are charged twice";
        let lock = "src/payments/lock.rs";
        check(
            task,
            "- Nobody is charged twice: orders are locked in src/payments/lock.rs.\n",
            &[(lock, &[])],
        );
        check(
            task,
            "- Customers are charged once because of `hold_order_lock`.\n",
            &[(lock, &["hold_order_lock"])],
        );
        check(task, "- Orders are locked in src/payments/lock.rs.\n", &[]);
        check(
            task,
            "- [x] customers were charged twice; mended in src/payments/lock.rs\n",
            &[],
        );
        // a name of many files names none
        check(task, "- Customers charged twice: see `index.ts`.\n", &[]);
        check(task, "- Customers charged twice: see `open`.\n", &[]);
    }

    #[test]
    fn nothing_remembered_changes_nothing() {
        check("customers are charged twice", "", &[]);
        check("", "- see src/report.rs\n", &[]);
    }
}
