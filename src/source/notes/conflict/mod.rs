//! Which notes say the same, and which say the opposite.
//!
//! Both are told by words alone, so both are strict: a pair that is passed over costs a few tokens, a pair that is wrongly
//! taken for one thought loses the other. Measured on notes of one line, similarity of word sets or of n-grams cannot tell
//! `use pnpm, not npm` from `use npm, not pnpm` (1.00), nor `run cargo fmt` from `run cargo test` (0.71); order can. So one note
//! repeats another only if its words stand in the other in the same order, and what the other has besides is no code, number,
//! condition or negation. Nothing is resolved here: who has both shows both, the newer first.

mod clash;
mod kept;
mod repeats;
mod statement;
mod words;

pub use kept::known_pairs;
pub use words::normal;

use super::{Atom, Class, DateSource, table};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use statement::{Taken, take};
use words::{CONDITIONS, NEGATIONS, Word};

/// The pairs of atoms of which one says what the other says; of several that say the same, each with the one to keep. Sorted.
///
/// Atoms that are done or superseded are none, nor what is said of different days about where the work stands. O(n) but
/// for sorting.
pub fn duplicates(atoms: &[Atom]) -> Vec<Duplicate> {
    pairs(atoms).duplicates
}

/// Two atoms of which one says what the other says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Duplicate {
    /// Index of the one to keep: the newer, or the first.
    pub kept: usize,
    /// Index of the one that adds nothing, or little.
    pub other: usize,
    /// Whether both have the same words in the same order; else one has a few more.
    pub is_exact: bool,
}

/// All that [`duplicates`] and [`conflicts`] find.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairs {
    /// Which say the same.
    pub duplicates: Vec<Duplicate>,
    /// Which cannot both hold.
    pub conflicts: Vec<Conflict>,
}

/// Both at once, for each needs the same of every atom, which takes most of the time.
pub fn pairs(atoms: &[Atom]) -> Pairs {
    let taken = take_all(atoms);
    let linked = linked(atoms, &taken);
    let (duplicates, conflicts) = rayon::join(
        || repeats::among(atoms, &taken, &linked),
        || clashes_among(atoms, &taken, &linked),
    );
    Pairs {
        duplicates,
        conflicts,
    }
}

/// Atoms that are read on one core at least.
const MIN_ATOMS: usize = 16;

/// What each of the atoms that hold says.
fn take_all(atoms: &[Atom]) -> Vec<Option<Taken>> {
    let atoms = atoms.par_iter().with_min_len(MIN_ATOMS);
    let taken = atoms.map(|atom| holds(atom).then(|| take(atom)));
    taken.collect()
}

/// Two atoms that cannot both hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Conflict {
    /// Index of the newer, or the first where no dates tell them apart.
    pub newer: usize,
    /// Index of the other.
    pub older: usize,
    /// How they differ.
    pub clash: Clash,
}

/// How two statements exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Clash {
    /// One takes what the other leaves: `X, not Y` and `Y instead of X`.
    Swapped,
    /// One denies what the other says: `always X`, `never X`, or `X before Y`, `X after Y`.
    Opposite,
    /// The same thing has two values: `port 8080`, `port 9090`.
    Value,
}

/// A word in more atoms than this links none of them.
const MAX_SHARING: usize = 12;
/// The most words of one atom that may link it to others.
const MAX_LINKS: usize = 120;

/// Whether an atom takes part: one that no longer holds contradicts nothing.
fn holds(atom: &Atom) -> bool {
    !atom.superseded && !atom.done
}

/// Whether two atoms speak of the same part of the repository: rules for other files do not contradict, nor do the
/// instructions of two folders.
fn share_scope(a: &Atom, b: &Atom) -> bool {
    let folder = |atom: &Atom| {
        atom.path
            .rsplit_once('/')
            .map(|(folder, _)| folder.to_owned())
    };
    let is_local = |atom: &Atom| {
        table::find(&atom.path).is_some_and(|row| row.what.starts_with("instructions"))
    };
    a.applies_to == b.applies_to && (!is_local(a) || !is_local(b) || folder(a) == folder(b))
}

/// Whether both say on which day they were written, and it is not the same.
fn is_log(a: &Atom, b: &Atom) -> bool {
    let told = |atom: &Atom| {
        let (at, source) = atom.date?;
        (source == DateSource::Heading && crate::source::notes::date::opening(&atom.text).is_some())
            .then_some(at)
    };
    matches!((told(a), told(b)), (Some(a), Some(b)) if a != b)
}

fn is_of_the_day(atom: &Atom) -> bool {
    matches!(atom.class, Class::Status | Class::Handoff)
}

/// The newer of two first; where no dates tell, the first of them.
fn newest_first(atoms: &[Atom], a: usize, b: usize) -> (usize, usize) {
    let at = |idx: usize| atoms[idx].date.map_or(i64::MIN, |(at, _)| at);
    let (a, b) = (a.min(b), a.max(b));
    if at(b) > at(a) { (b, a) } else { (a, b) }
}

/// The pairs worth comparing: those that share an anchor, what one contrasts, or two rare words. Near-linear: a word shared by
/// many links none.
fn linked(atoms: &[Atom], taken: &[Option<Taken>]) -> Vec<(usize, usize)> {
    let mut postings: FxHashMap<&str, Vec<(usize, u32)>> = FxHashMap::default();
    for (idx, one) in taken.iter().enumerate() {
        let Some(one) = one else { continue };
        let mut links: FxHashMap<&str, u32> = FxHashMap::default();
        let contrasts = one
            .statements
            .iter()
            .flat_map(|statement| &statement.contrasts);
        let strong = atoms[idx]
            .anchors
            .iter()
            .chain(contrasts.flat_map(|(taken, left)| [taken, left]));
        for key in strong {
            links.insert(key, 2);
        }
        let set = one.sequence.iter().filter_map(Word::assignment);
        links.extend(set.map(|(name, _)| (name, 2)));
        for word in &one.sequence {
            if links.len() < MAX_LINKS && !word.is(NEGATIONS) && !word.is(CONDITIONS) {
                links.entry(&word.key).or_insert(1);
            }
        }
        for (key, weight) in links {
            postings.entry(key).or_default().push((idx, weight));
        }
    }
    let mut shared: FxHashMap<(usize, usize), u32> = FxHashMap::default();
    for list in postings
        .values()
        .filter(|list| (2..=MAX_SHARING).contains(&list.len()))
    {
        for (n, (a, weight_a)) in list.iter().enumerate() {
            for (b, weight_b) in &list[n + 1..] {
                *shared.entry((*a.min(b), *a.max(b))).or_default() += weight_a.max(weight_b);
            }
        }
    }
    let mut pairs: Vec<(usize, usize)> = shared
        .into_iter()
        .filter(|(_, n)| *n >= 2)
        .map(|(pair, _)| pair)
        .collect();
    pairs.sort_unstable();
    pairs
}

/// The pairs of atoms that cannot both hold. Sorted; each pair once.
///
/// Atoms that are done or superseded conflict with nothing, nor do conditions, questions, and what is said of different
/// days about where the work stands. Near-linear.
pub fn conflicts(atoms: &[Atom]) -> Vec<Conflict> {
    pairs(atoms).conflicts
}

fn clashes_among(
    atoms: &[Atom],
    taken: &[Option<Taken>],
    linked: &[(usize, usize)],
) -> Vec<Conflict> {
    let mut found = Vec::new();
    for &(a, b) in linked {
        let (Some(one), Some(two)) = (&taken[a], &taken[b]) else {
            continue;
        };
        if !share_scope(&atoms[a], &atoms[b])
            || (is_of_the_day(&atoms[a]) && is_of_the_day(&atoms[b]))
        {
            continue;
        }
        // Entries of one list have values of their own, but for those of a log, which have dates of their own.
        // What is said of two functions, under the name of each, is no more about one thing.
        let is_reference = |atom: &Atom| {
            let last = atom.heading.last().map(String::as_str).unwrap_or_default();
            last.contains(['_', '(', '`', '.'])
        };
        let are_references = atoms[a].heading != atoms[b].heading
            && (is_reference(&atoms[a]) || is_reference(&atoms[b]));
        let is_list = atoms[a].path == atoms[b].path
            && atoms[a].heading == atoms[b].heading
            && !is_log(&atoms[a], &atoms[b]);
        let pairs = one
            .statements
            .iter()
            .flat_map(|x| two.statements.iter().map(move |y| (x, y)));
        let clash = pairs.filter_map(|(x, y)| clash::clash(x, y)).find(|clash| {
            *clash == Clash::Swapped || !(are_references || (is_list && *clash == Clash::Value))
        });
        if let Some(clash) = clash {
            let (newer, older) = newest_first(atoms, a, b);
            found.push(Conflict {
                newer,
                older,
                clash,
            });
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests;
