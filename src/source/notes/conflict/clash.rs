//! How two statements exclude each other.

use super::Clash;
use super::statement::Statement;
use super::words::{CHOOSING, NEGATIONS, STOP_WORDS, UNIVERSALS, Word};
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
    let opposes = |a, b| denies(a, b) || forbids(a, b) || drops(a, b);
    if opposes(a, b) || opposes(b, a) {
        return Some(Clash::Opposite);
    }
    one_difference(a, b).or_else(|| measured_otherwise(a, b).then_some(Clash::Value))
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

/// Whether `b` takes what `a` says is not to be taken: `use pnpm, not npm`, `we use npm`; or `fees are rounded up, never half-even`,
/// `rounding is half-even everywhere`.
fn takes_what_is_left(a: &Statement, b: &Statement) -> bool {
    b.is_plain()
        && a.contrasts.iter().any(|(taken, left)| {
            let others = || {
                let topic = b.sequence.iter().filter(|word| b.is_topic(word));
                topic.filter(|word| word.key != *left && !word.is(UNIVERSALS))
            };
            let is_known = |key: &String| key != taken && a.topic.contains(key);
            // `rounding is half-even`: what stands before is what it speaks of
            let copula = b.words.iter().position(|word| word.is(COPULAS));
            let is_said = |at: usize| b.words[at..].iter().any(|word| word.key == *left);
            let says_so = b.chooses || (others().next().is_some() && copula.is_some_and(is_said));
            b.topic.contains(left) && says_so && others().all(|word| is_known(&word.key))
        })
}

/// Whether `a` denies what `b` says.
fn denies(a: &Statement, b: &Statement) -> bool {
    let is_about_one = !a.is_conditional && a.contrasts.is_empty();
    if !is_about_one || !b.is_plain() || a.n_negations != 1 {
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

/// Whether `a` drops the one thing that `b` chooses: `we no longer use pnpm`, `use pnpm, not npm`.
fn drops(a: &Statement, b: &Statement) -> bool {
    let [no, verb, ..] = a.sequence.as_slice() else {
        return false;
    };
    let is_drop = no.is(NEGATIONS) && verb.is(CHOOSING) && a.n_negations == 1;
    if !is_drop || a.is_conditional || !a.contrasts.is_empty() || a.topic.len() != 1 {
        return false;
    }
    let is_taken = |key: &String| match b.contrasts.as_slice() {
        [] => b.is_plain() && b.topic.len() == 1 && b.topic.contains(key),
        contrasts => !b.is_conditional && contrasts.iter().any(|(taken, _)| taken == key),
    };
    b.chooses && a.topic.iter().all(is_taken)
}

const COPULAS: &[&str] = &["is", "are", "gets", "get", "be"];
const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
];
/// A statement of more words than this says something else of a version than that it is used.
const MAX_VERSIONED: usize = 4;

/// A ban on more than this is a sentence of its own.
const MAX_BANNED: usize = 4;

/// Whether `a` bans what `b` does, with more words: `never cache availability`, `availability is cached for 60 s`.
///
/// Many sentences hold two words of a ban and speak of something else, so that `b` has to open with what is banned, as an order or in the
/// passive, and go on with no other thing: `push to main` is banned, `push to main triggers a deployment` does not do it.
fn forbids(a: &Statement, b: &Statement) -> bool {
    const DENIED: &[&str] = &["do", "must", "should", "may", "can"];
    let n = a.topic.len();
    let is_small = (2..=MAX_BANNED).contains(&n) && n < b.topic.len();
    if !is_small || a.is_conditional || !a.contrasts.is_empty() || !b.is_plain() {
        return false;
    }
    let mut bans = (0..a.words.len()).filter(|&at| a.words[at].is(NEGATIONS));
    let (Some(at), None) = (bans.next(), bans.next()) else {
        return false;
    };
    let is_ban = match a.words[at].lower.as_str() {
        "never" | "don't" | "dont" | "mustn't" | "cannot" => true,
        "not" => at > 0 && a.words[at - 1].is(DENIED),
        _ => false,
    };
    let Some(verb) = a.words[at + 1..].iter().find(|word| a.is_topic(word)) else {
        return false;
    };
    let opening: Vec<usize> = (0..b.words.len())
        .filter(|&at| b.is_topic(&b.words[at]))
        .take(n)
        .collect();
    let is_banned = |at: &usize| a.is_topic(&b.words[*at]);
    let (Some(first), Some(last)) = (opening.first(), opening.last()) else {
        return false;
    };
    let done = opening.iter().find(|at| b.words[**at].key == verb.key);
    let says_so = done.is_some_and(|&at| {
        let is_order = at == *first && b.words[..at].iter().all(|word| !word.is(CHOOSING));
        is_order || (at > 0 && b.words[at - 1].is(COPULAS))
    });
    let goes_on = b
        .words
        .get(last + 1)
        .is_none_or(|next| b.words[*last].is_cut || next.is(STOP_WORDS) && !next.is(COPULAS));
    is_ban && says_so && goes_on && opening.iter().all(is_banned)
}

/// Whether both say how much of one thing there is, in words of another order: `the cache TTL is 30 seconds`, `TTL of the cache is
/// 60 seconds`.
fn measured_otherwise(a: &Statement, b: &Statement) -> bool {
    fn parts(statement: &Statement) -> Option<(Vec<&str>, &Word)> {
        let (measures, mut others): (Vec<&Word>, Vec<&Word>) =
            statement.sequence.iter().partition(|word| word.is_value());
        others.sort_by(|x, y| x.key.cmp(&y.key));
        let says_is = statement.words.iter().any(|word| word.is(COPULAS));
        match measures.as_slice() {
            [measure] if measure.has_unit() && says_is => Some((
                others.iter().map(|word| word.key.as_str()).collect(),
                measure,
            )),
            _ => None,
        }
    }
    match (parts(a), parts(b)) {
        (Some((of_a, x)), Some((of_b, y))) => {
            of_a.len() >= 2 && of_a == of_b && x.key != y.key && a.subject == b.subject
        }
        _ => false,
    }
}

/// Statements that differ in one word, where that word is a value or has an opposite.
fn one_difference(a: &Statement, b: &Statement) -> Option<Clash> {
    // `retries: at most 3` and `workers: at most 5` are of two things
    if a.sequence.len() != b.sequence.len() || a.sequence.is_empty() || a.subject != b.subject {
        return None;
    }
    let mut differing =
        (0..a.sequence.len()).filter(|at| a.sequence[*at].key != b.sequence[*at].key);
    let (at, None) = (differing.next()?, differing.next()) else {
        return None;
    };
    let (x, y) = (&a.sequence[at], &b.sequence[at]);
    if let (Some((name, _)), Some((other, _))) = (x.assignment(), y.assignment()) {
        return (name == other).then_some(Clash::Value);
    }
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
    let before = at.checked_sub(1).map(|before| &a.sequence[before]);
    let counts = before.is_some_and(|before| before.is(COUNTERS) || before.is(MONTHS));
    // `Vite 8` is a name; what is said of another version is of another time
    let is_version = before.is_some_and(|before| before.is_capital) && at > 1;
    let is_name = is_version && a.sequence.len() > MAX_VERSIONED;
    // `sampling is at 4 Hz` says of what, `wait 30 s` does not
    let is_measure = x.has_unit() && y.has_unit() && a.words.iter().any(|word| word.is(COPULAS));
    let is_told = others().count() >= if is_measure { 1 } else { 2 }
        || others().any(|word| word.is_code && !word.is_value());
    (x.is_value() && y.is_value() && !counts && !is_name && is_told).then_some(Clash::Value)
}
