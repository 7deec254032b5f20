//! Which notes say the same, and which say the opposite.
//!
//! Both are told by words alone, so both are strict: a pair that is passed over costs a few tokens, a pair that is wrongly
//! taken for one thought loses the other. Measured on notes of one line, similarity of word sets or of n-grams cannot tell
//! `use pnpm, not npm` from `use npm, not pnpm` (1.00), nor `run cargo fmt` from `run cargo test` (0.71); order can. So one note
//! repeats another only if its words stand in the other in the same order, and what the other has besides is no code, number,
//! condition or negation. Nothing is resolved here: who has both shows both, the newer first.

use super::{Atom, Class, table};
use crate::lexicon::terms;
use crate::source::sessions::sentence::{sentences, without_marker};
use rustc_hash::{FxHashMap, FxHashSet};

/// Two atoms of which one says what the other says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duplicate {
    /// Index of the one to keep: the newer, or the first.
    pub kept: usize,
    /// Index of the one that adds nothing, or little.
    pub other: usize,
    /// Whether both have the same words in the same order; else one has a few more.
    pub is_exact: bool,
}

/// Two atoms that cannot both hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// Index of the newer, or the first where no dates tell them apart.
    pub newer: usize,
    /// Index of the other.
    pub older: usize,
    /// How they differ.
    pub clash: Clash,
}

/// How two statements exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
/// The most words of a statement; longer ones say several things.
const MAX_WORDS: usize = 40;
/// The most statements of one atom.
const MAX_STATEMENTS: usize = 12;
/// The share of the longer atom's words that the shorter one has, in a duplicate.
const MIN_SHARE: f64 = 0.7;
/// The same for statements of which one denies the other.
const MIN_DENIED_SHARE: f64 = 0.75;
/// A duplicate has at least this many words; `None so far` repeats nothing.
const MIN_WORDS: usize = 3;

const NEGATIONS: &[&str] = &[
    "not",
    "no",
    "never",
    "don't",
    "dont",
    "cannot",
    "can't",
    "avoid",
    "stop",
    "mustn't",
    "shouldn't",
    "won't",
    "isn't",
    "aren't",
    "doesn't",
    "neither",
    "nor",
];
const CONDITIONS: &[&str] = &[
    "unless",
    "except",
    "only",
    "if",
    "when",
    "until",
    "while",
    "but",
    "otherwise",
    "without",
];
const STOP_WORDS: &[&str] = &[
    "a", "an", "the", "is", "are", "be", "been", "being", "in", "on", "of", "for", "to", "and",
    "or", "with", "by", "at", "from", "it", "its", "this", "that", "these", "those", "as", "we",
    "our", "you", "your", "i", "they", "their", "was", "were", "has", "have", "had", "do", "does",
    "did", "will", "would", "can", "could", "may", "might", "shall", "should", "must", "please",
    "always", "just", "also", "so", "then", "there", "here",
];
/// Verbs of choosing, which say nothing of what is chosen.
const CHOOSING: &[&str] = &[
    "use", "using", "used", "uses", "prefer", "choose", "chose", "pick", "take", "want", "keep",
    "instead", "rather", "than", "over",
];
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

/// A word of a note, as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    /// Code as it stands; other words in lower case and stemmed.
    key: String,
    /// The word in lower case.
    lower: String,
    /// Code, a name, a number: it must not be missing.
    is_code: bool,
    /// Whether a comma or a dash stands right behind it.
    is_cut: bool,
}

impl Word {
    fn is(&self, list: &[&str]) -> bool {
        !self.is_code && list.contains(&self.lower.as_str())
    }

    fn is_value(&self) -> bool {
        let bare = self
            .key
            .trim_start_matches(['$', '<', '>', '~', '=', '-', '+']);
        bare.starts_with(|c: char| c.is_ascii_digit()) && super::date::opening(bare).is_none()
    }
}

/// What an atom says, without the marks, the date and the class that open it.
pub fn body(text: &str) -> &str {
    let text = without_marker(text.trim());
    let (_, rest) = super::class::stated(text);
    rest
}

fn words(text: &str) -> Vec<Word> {
    let mut out = Vec::new();
    let mut in_code = false;
    for raw in text.split_whitespace() {
        let n_ticks = raw.matches('`').count();
        let was_code = in_code || n_ticks > 0;
        in_code ^= n_ticks % 2 == 1;
        let bare = raw.trim_start_matches(|c: char| "`*_\"'([{,;:.!?“”‘’>#|•–—".contains(c));
        let end = |c: char| "`*_\"')]},;:.!?“”‘’|–—".contains(c);
        let bare = bare.trim_end_matches(end);
        let is_cut = raw.ends_with([',', ';', ':', '–', '—']) || matches!(bare, "" | "-");
        if !bare.chars().any(char::is_alphanumeric) {
            // Operators count in code alone; elsewhere they are marks of a list, a table, an emphasis.
            if was_code && !bare.is_empty() {
                let key = bare.to_owned();
                out.push(Word {
                    lower: key.clone(),
                    key,
                    is_code: true,
                    is_cut,
                });
            } else if let Some(last) = out.last_mut().filter(|_| is_cut) {
                last.is_cut = true;
            }
            continue;
        }
        let lower = bare.to_lowercase().replace('’', "'");
        let is_name = bare.starts_with('-')
            || bare.contains(|c: char| "_/.:=@#$\\<>&|+*(".contains(c))
            || bare.bytes().any(|b| b.is_ascii_digit())
            || bare
                .as_bytes()
                .windows(2)
                .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        let is_code = was_code || is_name;
        let key = if is_code {
            bare.to_owned()
        } else {
            lower[..terms::stem(lower.as_bytes()).min(lower.len())].to_owned()
        };
        out.push(Word {
            key,
            lower,
            is_code,
            is_cut,
        });
    }
    out
}

/// What an atom says in a normal form: words in lower case and in order, without punctuation, emphasis, list marks, date and
/// class. Code keeps its case.
pub fn normal(text: &str) -> String {
    let words = words(body(text));
    let forms: Vec<&str> = words
        .iter()
        .map(|word| {
            if word.is_code {
                word.key.as_str()
            } else {
                word.lower.as_str()
            }
        })
        .collect();
    forms.join(" ")
}

/// One sentence, taken apart.
#[derive(Debug)]
struct Statement {
    /// Its words without stop words; negations and conditions count.
    sequence: Vec<Word>,
    /// The keys of its words without verbs of choosing, negations and conditions.
    topic: FxHashSet<String>,
    n_negations: usize,
    is_conditional: bool,
    /// What is taken and what is left: `X, not Y`.
    contrasts: Vec<(String, String)>,
    /// Whether it opens with a verb of choosing.
    chooses: bool,
}

fn statement(text: &str) -> Option<Statement> {
    if text.trim_end().ends_with('?') {
        return None;
    }
    let all = words(text);
    if all.len() > MAX_WORDS {
        return None;
    }
    let contrasts = contrasts(&all);
    let sequence: Vec<Word> = all
        .iter()
        .filter(|word| !word.is(STOP_WORDS))
        .cloned()
        .collect();
    let is_topic = |word: &&Word| !word.is(NEGATIONS) && !word.is(CONDITIONS) && !word.is(CHOOSING);
    Some(Statement {
        topic: sequence
            .iter()
            .filter(is_topic)
            .map(|word| word.key.clone())
            .collect(),
        n_negations: sequence.iter().filter(|word| word.is(NEGATIONS)).count(),
        is_conditional: sequence.iter().any(|word| word.is(CONDITIONS)),
        chooses: sequence.first().is_some_and(|word| word.is(CHOOSING)),
        contrasts,
        sequence,
    })
}

/// The pairs of what is taken and what is left.
fn contrasts(words: &[Word]) -> Vec<(String, String)> {
    const AUXILIARIES: &[&str] = &[
        "is", "are", "was", "were", "do", "does", "did", "should", "must", "can", "could", "will",
        "may", "would", "has", "have", "might", "shall", "be",
    ];
    let is_thing = |word: &&Word| {
        !word.is(STOP_WORDS) && !word.is(NEGATIONS) && !word.is(CHOOSING) && !word.is(CONDITIONS)
    };
    let mut found = Vec::new();
    for at in 1..words.len() {
        let (before, word) = (&words[at - 1], &words[at]);
        let next = words.get(at + 1);
        let length = match word.lower.as_str() {
            _ if word.is_code => 0,
            "not" if before.is_cut || (is_thing(&before) && !before.is(AUXILIARIES)) => 1,
            "instead" if next.is_some_and(|next| next.lower == "of") => 2,
            "rather" if next.is_some_and(|next| next.lower == "than") => 2,
            "over" if words[..at].iter().any(|word| word.lower == "prefer") => 1,
            _ => 0,
        };
        if length == 0 {
            continue;
        }
        let taken = words[..at].iter().rev().find(is_thing);
        let left = words[at + length..].iter().find(is_thing);
        if let (Some(taken), Some(left)) = (taken, left)
            && taken.key != left.key
        {
            found.push((taken.key.clone(), left.key.clone()));
        }
    }
    found
}

/// An atom, taken apart.
struct Taken {
    normal: String,
    n_words: usize,
    /// All its words but stop words, in order.
    sequence: Vec<Word>,
    statements: Vec<Statement>,
}

fn take(atom: &Atom) -> Taken {
    let text = body(&atom.text);
    let said = sentences(text);
    // what stands before a semicolon or a colon says something by itself
    let clauses = said.iter().flat_map(|said| said.split("; "));
    let clauses = clauses.flat_map(|clause| clause.split(": "));
    let all = words(text);
    Taken {
        normal: normal(&atom.text),
        n_words: all.len(),
        sequence: all
            .into_iter()
            .filter(|word| !word.is(STOP_WORDS))
            .collect(),
        statements: clauses
            .take(MAX_STATEMENTS)
            .filter_map(|clause| statement(body(clause)))
            .collect(),
    }
}

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

/// The pairs of atoms of which one says what the other says; of several that say the same, each with the one to keep. Sorted.
///
/// Atoms that are done or superseded are none, nor what is said of different days about where the work stands. O(n) but
/// for sorting.
pub fn duplicates(atoms: &[Atom]) -> Vec<Duplicate> {
    let taken: Vec<Option<Taken>> = atoms
        .iter()
        .map(|atom| holds(atom).then(|| take(atom)))
        .collect();
    let may = |a: usize, b: usize| {
        share_scope(&atoms[a], &atoms[b]) && !(is_of_the_day(&atoms[a]) && is_of_the_day(&atoms[b]))
    };
    let mut found = Vec::new();
    let mut same: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (idx, one) in taken.iter().enumerate() {
        if let Some(one) = one.as_ref().filter(|one| one.n_words >= MIN_WORDS) {
            same.entry(&one.normal).or_default().push(idx);
        }
    }
    let mut is_repeated = vec![false; atoms.len()];
    for group in same.into_values().filter(|group| group.len() > 1) {
        let kept = group
            .iter()
            .copied()
            .reduce(|a, b| newest_first(atoms, a, b).0)
            .unwrap_or(group[0]);
        for other in group
            .into_iter()
            .filter(|idx| *idx != kept && may(*idx, kept))
        {
            is_repeated[other] = true;
            found.push(Duplicate {
                kept,
                other,
                is_exact: true,
            });
        }
    }
    for (a, b) in linked(atoms, &taken) {
        let (Some(one), Some(two)) = (&taken[a], &taken[b]) else {
            continue;
        };
        if !is_repeated[a]
            && !is_repeated[b]
            && one.normal != two.normal
            && may(a, b)
            && repeats(&one.sequence, &two.sequence)
        {
            let (kept, other) = newest_first(atoms, a, b);
            found.push(Duplicate {
                kept,
                other,
                is_exact: false,
            });
        }
    }
    found.sort_unstable();
    found
}

/// Whether the words of one stand in the other in their order, and what that has besides changes nothing.
fn repeats(a: &[Word], b: &[Word]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() < MIN_WORDS || (short.len() as f64) < MIN_SHARE * long.len() as f64 {
        return false;
    }
    let mut rest = short.iter().peekable();
    for word in long {
        if rest.peek().is_some_and(|next| next.key == word.key) {
            rest.next();
        } else if word.is_code || word.is(NEGATIONS) || word.is(CONDITIONS) {
            return false;
        }
    }
    rest.peek().is_none()
}

/// The pairs of atoms that cannot both hold. Sorted; each pair once.
///
/// Atoms that are done or superseded conflict with nothing, nor do conditions, questions, and what is said of different
/// days about where the work stands. Near-linear.
pub fn conflicts(atoms: &[Atom]) -> Vec<Conflict> {
    let taken: Vec<Option<Taken>> = atoms
        .iter()
        .map(|atom| holds(atom).then(|| take(atom)))
        .collect();
    let mut found = Vec::new();
    for (a, b) in linked(atoms, &taken) {
        let (Some(one), Some(two)) = (&taken[a], &taken[b]) else {
            continue;
        };
        if !share_scope(&atoms[a], &atoms[b])
            || (is_of_the_day(&atoms[a]) && is_of_the_day(&atoms[b]))
        {
            continue;
        }
        // Entries of one list have values of their own.
        let is_list = atoms[a].path == atoms[b].path && atoms[a].heading == atoms[b].heading;
        let pairs = one
            .statements
            .iter()
            .flat_map(|x| two.statements.iter().map(move |y| (x, y)));
        let clash = pairs
            .filter_map(|(x, y)| clash(x, y))
            .find(|clash| !(is_list && *clash == Clash::Value));
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

fn clash(a: &Statement, b: &Statement) -> Option<Clash> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The atoms of as many notes as there are texts, in folders of their own, so that they are no list.
    fn atoms(texts: &[&str]) -> Vec<Atom> {
        let each = texts.iter().enumerate().flat_map(|(n, text)| {
            let path = [
                "NOTES.md",
                "docs/NOTES.md",
                "notes/NOTES.md",
                "memory/NOTES.md",
            ][n % 4];
            super::super::atoms(path, &format!("- {text}\n"), None)
        });
        each.collect()
    }

    #[track_caller]
    fn check_duplicate(a: &str, b: &str, expected: Option<bool>) {
        for texts in [[a, b], [b, a]] {
            let found = duplicates(&atoms(&texts));
            assert_eq!(
                found.first().map(|pair| pair.is_exact),
                expected,
                "{texts:?}"
            );
        }
    }

    #[track_caller]
    fn check_conflict(a: &str, b: &str, expected: Option<Clash>) {
        for texts in [[a, b], [b, a]] {
            let found = conflicts(&atoms(&texts));
            assert_eq!(found.first().map(|pair| pair.clash), expected, "{texts:?}");
        }
    }

    #[test]
    fn the_same_said_again() {
        check_duplicate("Use pnpm, not npm", "**use pnpm not npm.**", Some(true));
        check_duplicate(
            "2026-08-20 (preference): we use pnpm",
            "We use pnpm!",
            Some(true),
        );
        check_duplicate(
            "Money is integer cents",
            "Money is an integer number of cents!",
            Some(false),
        );
        check_duplicate(
            "Lock orders with `hold_order_lock` in Postgres",
            "Lock the orders with `hold_order_lock`, in Postgres always",
            Some(false),
        );
        check_duplicate("Build: make", "build make", None);
    }

    #[test]
    fn false_friends_are_told_apart() {
        for (a, b) in [
            ("Use pnpm, not npm", "Use npm, not pnpm"),
            (
                "Run cargo fmt before every commit",
                "Run cargo test before every commit",
            ),
            (
                "Unit tests never call the Stripe sandbox",
                "Unit tests must not call the Stripe sandbox; use FakeGateway",
            ),
            (
                "Unit tests never call the Stripe sandbox",
                "Unit tests call the Stripe sandbox",
            ),
            (
                "The gateway listens on port 8080",
                "The gateway listens on port 9090",
            ),
            (
                "Deploy the gateway with `make ship`",
                "Deploy the gateway with `make shop`",
            ),
            (
                "Deploy the gateway from main",
                "Deploy the gateway from main only when it is green",
            ),
            (
                "Check that `a == b` holds here",
                "Check that `a != b` holds here",
            ),
            (
                "Pass `--verify` to the release script",
                "Pass `--no-verify` to the release script",
            ),
            (
                "Ada reviews the payment code",
                "Bob reviews the payment code",
            ),
        ] {
            check_duplicate(a, b, None);
        }
    }

    #[test]
    fn what_cannot_both_hold() {
        use Clash::{Opposite, Swapped, Value};
        for (a, b, clash) in [
            ("Use pnpm, not npm", "Use npm, not pnpm", Swapped),
            ("Use pnpm, not npm", "We use npm", Swapped),
            (
                "Lock orders in Postgres instead of Redis",
                "Orders: lock in Redis rather than Postgres",
                Swapped,
            ),
            ("Prefer tabs over spaces", "Use spaces, not tabs", Swapped),
            (
                "Always run migrations by hand",
                "Never run migrations by hand",
                Opposite,
            ),
            (
                "Unit tests never call the Stripe sandbox",
                "Unit tests call the Stripe sandbox",
                Opposite,
            ),
            (
                "Avoid mocks in integration tests",
                "Use mocks in integration tests",
                Opposite,
            ),
            ("Never use `unwrap()`", "Use `unwrap()`", Opposite),
            (
                "Run the formatter before the tests",
                "Run the formatter after the tests",
                Opposite,
            ),
            (
                "The gateway listens on port 8080",
                "The gateway listens on port 9090",
                Value,
            ),
            ("`MAX_RETRIES` = 3", "`MAX_RETRIES` = 5", Value),
            (
                "Requests to Stripe time out after 30s",
                "Requests to Stripe time out after 60s",
                Value,
            ),
        ] {
            check_conflict(a, b, Some(clash));
        }
    }

    #[test]
    fn what_can_both_hold() {
        for (a, b) in [
            (
                "Use tabs, not spaces, in Makefiles",
                "Use spaces, not tabs, in Python",
            ),
            (
                "Money is integer cents, not floats",
                "Money is integer cents",
            ),
            ("Use Redis for caching", "Never use Redis for locks"),
            (
                "Call the sandbox in tests of CI",
                "Never call the sandbox in tests unless it is CI",
            ),
            (
                "The parser never panics on bad input",
                "The lexer panics on bad input",
            ),
            (
                "See ADR-0001 on locks in Postgres",
                "See ADR-0002 on locks in Postgres",
            ),
            (
                "Step 1 of the release is the tag",
                "Step 2 of the release is the tag",
            ),
            (
                "Released the gateway on 2026-08-01",
                "Released the gateway on 2026-08-02",
            ),
            (
                "Should the tests call the sandbox?",
                "Tests never call the sandbox",
            ),
            (
                "Run cargo fmt before every commit",
                "Run cargo test before every commit",
            ),
            (
                "Unit tests never call the Stripe sandbox",
                "Unit tests must not call the Stripe sandbox; use FakeGateway",
            ),
            (
                "~~Always run migrations by hand~~",
                "Never run migrations by hand",
            ),
            (
                "[ ] never run migrations by hand",
                "[ ] always run migrations by hand",
            ),
            (
                "Ada owns payments and the ledger",
                "Bob owns search and the index",
            ),
        ] {
            check_conflict(a, b, None);
        }
    }

    #[test]
    fn entries_of_a_list_have_values_of_their_own() {
        let list = super::super::atoms(
            "NOTES.md",
            "- The free plan allows 30 requests\n- The free plan allows 60 requests\n",
            None,
        );
        assert_eq!(conflicts(&list), []);
    }

    #[test]
    fn the_newer_comes_first() {
        let found = conflicts(&atoms(&[
            "2026-08-01: use pnpm, not npm",
            "2026-08-02: use npm, not pnpm",
        ]));
        assert_eq!(
            found,
            [Conflict {
                newer: 1,
                older: 0,
                clash: Clash::Swapped
            }]
        );
        let found = duplicates(&atoms(&[
            "use pnpm here",
            "2026-08-02: use pnpm here",
            "use pnpm here",
        ]));
        let pair = |other| Duplicate {
            kept: 1,
            other,
            is_exact: true,
        };
        assert_eq!(found, [pair(0), pair(2)]);
    }

    #[test]
    fn rules_of_other_places_do_not_conflict() {
        let mut both = super::super::atoms("a/CLAUDE.md", "- Use pnpm, not npm\n", None);
        both.extend(super::super::atoms(
            "b/CLAUDE.md",
            "- Use npm, not pnpm\n",
            None,
        ));
        assert_eq!(conflicts(&both), []);
        both[1].path = "a/AGENTS.md".to_owned();
        assert_eq!(conflicts(&both).len(), 1);
    }

    #[test]
    fn thousands_of_notes_are_compared_at_once() {
        let text: String = (0..1_500)
            .map(|n| {
                format!(
                    "- 2026-08-01 The {n} retry of worker w{} is not like `job_{}`, but so\n",
                    n % 7,
                    n / 3
                )
            })
            .collect();
        let many = super::super::atoms("NOTES.md", &text, None);
        assert_eq!(many.len(), 1_500);
        let since = std::time::Instant::now();
        duplicates(&many);
        conflicts(&many);
        assert!(since.elapsed().as_secs() < 10, "{:?}", since.elapsed());
    }

    proptest! {
        #[test]
        fn any_notes_are_compared(texts in prop::collection::vec("(use |never |not |, |`a` |b |3 |4 |instead of |é|~|if ){0,8}", 0..8)) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let all = atoms(&texts);
            for pair in duplicates(&all) {
                prop_assert!(pair.kept != pair.other && pair.kept.max(pair.other) < all.len());
            }
            for pair in conflicts(&all) {
                prop_assert!(pair.newer != pair.older && pair.newer.max(pair.older) < all.len());
                prop_assert!(all[pair.newer].date >= all[pair.older].date);
            }
        }
    }
}
