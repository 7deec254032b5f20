//! Notes that say the same, and notes that say the opposite.

use super::{Code, Finding, add};
use crate::source::notes::Atom;
use crate::source::notes::conflict::{self, Clash};
use crate::source::sessions::sentence::without_marker;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Repetitions between the same two notes that are told as one.
const MANY_REPEATED: usize = 4;

/// Characters of a note that are quoted.
const QUOTED: usize = 80;

/// What an atom says, opening with its first words: `"Use pnpm, not npm"`.
fn quote(atom: &Atom) -> String {
    let line = without_marker(atom.text.lines().next().unwrap_or_default().trim());
    let mut said: String = line.chars().take(QUOTED).collect();
    if said.len() < line.len() {
        said.push('…');
    }
    format!("\"{said}\"")
}

fn place(atom: &Atom) -> String {
    format!("{}:{}", atom.path, atom.lines.0)
}

/// Places of one thought that are named; of more, only how many there are is told.
const MAX_PLACES: usize = 3;

/// Notes that say the same, and notes that say the opposite.
pub(super) fn pairs(atoms: &[Atom], found: &mut Vec<Finding>) {
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
        if !is_exact {
            message.push_str(&format!(", {}", quote(&atoms[kept])));
        }
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
            Clash::Swapped => "takes what this rejects",
            Clash::Opposite => "says the opposite",
            Clash::Value => "has another value",
        };
        add(
            found,
            Code::Conflict,
            &older.path,
            older.lines.0,
            format!("{} {how}: {}", place(newer), quote(newer)),
        );
    }
}

/// `a`, `a and b`, `a, b, c and 4 more`.
pub(super) fn listed(places: &[&str]) -> String {
    let n_more = places.len().saturating_sub(MAX_PLACES);
    let named = &places[..places.len() - n_more];
    match named {
        _ if n_more > 0 => format!("{} and {n_more} more", named.join(", ")),
        [head @ .., last] if !head.is_empty() => format!("{} and {last}", head.join(", ")),
        _ => named.join(", "),
    }
}
