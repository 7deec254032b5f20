//! What a note states, sentence by sentence: its topic, what it denies, what it takes and what it leaves.

use super::words::{
    CHOOSING, CONDITIONS, FILLERS, NEGATIONS, STOP_WORDS, Word, body, normal, with_units, words,
};
use crate::source::notes::Atom;
use crate::source::sessions::sentence::sentences;
use rustc_hash::FxHashSet;

/// The most words of a statement; longer ones say several things.
const MAX_WORDS: usize = 40;
/// The most statements of one atom.
const MAX_STATEMENTS: usize = 12;

/// One sentence, taken apart.
#[derive(Debug)]
pub(super) struct Statement {
    /// All its words.
    pub(super) words: Vec<Word>,
    /// Its words without stop words; negations and conditions count.
    pub(super) sequence: Vec<Word>,
    /// The keys of its words without verbs of choosing, negations and conditions.
    pub(super) topic: FxHashSet<String>,
    pub(super) n_negations: usize,
    pub(super) is_conditional: bool,
    /// What is taken and what is left: `X, not Y`.
    pub(super) contrasts: Vec<(String, String)>,
    /// What stands before the colon that it stands behind.
    pub(super) subject: Option<String>,
    /// Whether it opens with a verb of choosing.
    pub(super) chooses: bool,
}

pub(super) fn statement(text: &str) -> Option<Statement> {
    let is_example = text
        .get(..7)
        .is_some_and(|head| head.eq_ignore_ascii_case("example"));
    if text.trim_end().ends_with('?') || is_example {
        return None;
    }
    let all = with_units(words(text));
    if all.len() > MAX_WORDS {
        return None;
    }
    let contrasts = contrasts(&all);
    let sequence: Vec<Word> = all
        .iter()
        .filter(|word| !word.is(STOP_WORDS) && !word.is(FILLERS))
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
        subject: None,
        sequence,
        words: all,
    })
}

impl Statement {
    /// Whether it says something without denying it, without a condition, and without what is left.
    pub(super) fn is_plain(&self) -> bool {
        self.n_negations == 0 && !self.is_conditional && self.contrasts.is_empty()
    }

    /// Whether a word is one of the topic.
    pub(super) fn is_topic(&self, word: &Word) -> bool {
        self.topic.contains(&word.key)
    }
}

/// The pairs of what is taken and what is left.
pub(super) fn contrasts(words: &[Word]) -> Vec<(String, String)> {
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
            // `rounded up, never half-even`; what is longer says something by itself
            "never" if before.is_cut && words.len() - at <= 3 => 1,
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
pub(super) struct Taken {
    pub(super) normal: String,
    pub(super) n_words: usize,
    /// All its words but stop words, in order.
    pub(super) sequence: Vec<Word>,
    pub(super) statements: Vec<Statement>,
}

pub(super) fn take(atom: &Atom) -> Taken {
    let text = body(&atom.text);
    let all = words(text);
    Taken {
        normal: normal(&atom.text),
        n_words: all.len(),
        sequence: all
            .into_iter()
            .filter(|word| !word.is(STOP_WORDS))
            .collect(),
        statements: if is_of_bans(atom) || text.starts_with('<') {
            Vec::new()
        } else {
            statements(&prose(text))
        },
    }
}

/// Whether what stands in a note is under a heading or an introduction that denies it: `Don't`, `Non-goals`, `This may not:`.
fn is_of_bans(atom: &Atom) -> bool {
    const BANS: &[&str] = &["anti", "non", "wrong", "bad", "rejected", "out", "without"];
    let denies = |text: &str| {
        let words = words(&text.replace('-', " "));
        words.iter().any(|word| word.is(NEGATIONS) || word.is(BANS))
    };
    let intro = body(&atom.text).lines().next().unwrap_or_default();
    let intro = intro.trim_end_matches(['*', '_', ' ']);
    let introduces = intro.ends_with(':') && atom.lines.1 > atom.lines.0;
    atom.heading.last().is_some_and(|last| denies(last)) || (introduces && denies(intro))
}

/// What is written in sentences: without fenced code, what links and pictures lead to, tags and quoted blocks of other kinds.
fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_fence = false;
    for line in text.lines() {
        let bare = line.trim_start();
        let is_fence = bare.starts_with("```") || bare.starts_with("~~~");
        in_fence ^= is_fence;
        let is_markup = bare.starts_with(['<', '|']) || bare.contains("{{") || bare.contains("{%");
        if in_fence || is_fence || is_markup || bare.starts_with("![") || bare.starts_with(":::") {
            continue;
        }
        let mut parts = line.split("](");
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            out.push(']');
            out.push_str(part.split_once(')').map_or(part, |(_, rest)| rest));
        }
        out.push('\n');
    }
    out
}

fn statements(text: &str) -> Vec<Statement> {
    let mut out = Vec::new();
    let is_example = |said: &&str| {
        let head = body(said).get(..7);
        head.is_some_and(|head| head.eq_ignore_ascii_case("example"))
    };
    // what stands before a semicolon or a colon says something by itself, and what stands before a reason
    let all = sentences(text);
    let parts = all.iter().flat_map(|said| said.split("; "));
    for said in parts
        .flat_map(without_reason)
        .filter(|said| !is_example(said))
    {
        let clauses: Vec<&str> = match said.split_once(": ") {
            // `port: 8080` is one statement
            Some((_, value)) if value.split_whitespace().count() <= 2 => vec![said],
            _ => said.split(": ").collect(),
        };
        let subject = (clauses.len() > 1).then(|| normal(clauses[0]));
        for (at, clause) in clauses.into_iter().enumerate() {
            let subject = subject.clone().filter(|_| at > 0);
            out.extend(statement(body(clause)).map(|statement| Statement {
                subject,
                ..statement
            }));
        }
    }
    out.truncate(MAX_STATEMENTS);
    out
}

/// A clause, and the reason that it gives.
fn without_reason(clause: &str) -> Vec<&str> {
    const REASONS: &[&str] = &[", because ", " because ", ", since ", ", so that ", ", so "];
    let cut = REASONS.iter().find_map(|word| clause.split_once(word));
    cut.map_or_else(|| vec![clause], |(said, reason)| vec![said, reason])
}
