//! How two statements exclude each other.

use super::Clash;
use super::statement::Statement;
use super::words::Word;
use rustc_hash::FxHashSet;

/// The same for statements of which one denies the other.
const MIN_DENIED_SHARE: f64 = 0.75;
const OPPOSITES: &[(&str, &str)] = &[
    ("before", "after"),
    ("enable", "disable"),
    ("allow", "forbid"),
    ("true", "false"),
    ("required", "optional"),
    ("include", "exclude"),
    ("accept", "reject"),
    ("safe", "unsafe"),
    ("supported", "unsupported"),
    ("public", "private"),
    ("tabs", "spaces"),
    ("sync", "async"),
];
/// A number behind one of these counts things; it is no value.
const COUNTERS: &[&str] = &[
    "step",
    "phase",
    "version",
    "level",
    "chapter",
    "section",
    "part",
    "tier",
    "issue",
    "pr",
    "milestone",
    "day",
    "week",
    "sprint",
    "case",
    "line",
    "number",
    "adr",
];
pub(super) fn clash(a: &Statement, b: &Statement) -> Option<Clash> {
    if is_swapped(a, b) || takes_what_is_left(a, b) || takes_what_is_left(b, a) {
        return Some(Clash::Swapped);
    }
    if denies(a, b) || denies(b, a) {
        return Some(Clash::Opposite);
    }
    one_difference(a, b)
}

fn is_swapped(a: &Statement, b: &Statement) -> bool {
    let rest = |statement: &Statement, pair: &(String, String)| -> FxHashSet<String> {
        let others = statement
            .topic
            .iter()
            .filter(|key| **key != pair.0 && **key != pair.1);
        others.cloned().collect()
    };
    a.contrasts.iter().any(|pair| {
        let back = (pair.1.clone(), pair.0.clone());
        if !b.contrasts.contains(&back) {
            return false;
        }
        // `tabs, not spaces, in Makefiles` and `spaces, not tabs, in Python` go together.
        let (of_a, of_b) = (rest(a, pair), rest(b, pair));
        of_a.is_empty() || of_b.is_empty() || !of_a.is_disjoint(&of_b)
    })
}

/// Whether `b` chooses what `a` says is not to be chosen: `use pnpm, not npm`, `we use npm`.
fn takes_what_is_left(a: &Statement, b: &Statement) -> bool {
    let is_plain = b.chooses && b.n_negations == 0 && !b.is_conditional && b.contrasts.is_empty();
    is_plain
        && a.contrasts.iter().any(|(taken, left)| {
            let is_known = |key: &String| key != taken && a.topic.contains(key);
            b.topic.contains(left) && b.topic.iter().all(is_known)
        })
}

/// Whether `a` denies what `b` says.
fn denies(a: &Statement, b: &Statement) -> bool {
    let is_plain =
        |statement: &Statement| !statement.is_conditional && statement.contrasts.is_empty();
    if !is_plain(a) || !is_plain(b) || a.n_negations != 1 || b.n_negations != 0 {
        return false;
    }
    let (short, long) = if a.topic.len() <= b.topic.len() {
        (&a.topic, &b.topic)
    } else {
        (&b.topic, &a.topic)
    };
    let has_code = |statement: &Statement| statement.sequence.iter().any(|word| word.is_code);
    let enough = match short.len() {
        0 => false,
        1 => long.len() == 1 && has_code(a) && (a.chooses || b.chooses),
        2 => long.len() == 2,
        n => n as f64 >= MIN_DENIED_SHARE * long.len() as f64,
    };
    enough && short.is_subset(long)
}

/// Statements that differ in one word, where that word is a value or has an opposite.
fn one_difference(a: &Statement, b: &Statement) -> Option<Clash> {
    if a.sequence.len() != b.sequence.len() || a.sequence.len() < 2 {
        return None;
    }
    let mut differing =
        (0..a.sequence.len()).filter(|at| a.sequence[*at].key != b.sequence[*at].key);
    let (at, None) = (differing.next()?, differing.next()) else {
        return None;
    };
    let (x, y) = (&a.sequence[at], &b.sequence[at]);
    let others = || {
        (0..a.sequence.len())
            .filter(|other| *other != at)
            .map(|other| &a.sequence[other])
    };
    let is_opposite = OPPOSITES.iter().any(|(one, two)| {
        let pair = (x.lower.as_str(), y.lower.as_str());
        pair == (*one, *two) || pair == (*two, *one)
    });
    if is_opposite && others().count() >= 2 {
        return Some(Clash::Opposite);
    }
    let counts = at
        .checked_sub(1)
        .is_some_and(|before| a.sequence[before].is(COUNTERS));
    let is_told = others().count() >= 2 || others().any(|word| word.is_code && !word.is_value());
    (x.is_value() && y.is_value() && !counts && is_told).then_some(Clash::Value)
}
