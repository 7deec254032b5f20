//! Notes and sessions against the task, by the same words as files, with recency and durability beside them.
//!
//! Every atom of a note is a document. Its match is the share of the task's weight that it covers, so that it means the same for a
//! long task and a short one, and in a repository with ten notes or ten thousand. What was said in sessions competes for
//! one answer ([`super::turns`]); how much of it is needed at all is told by the best match.

use super::commits::decay;
use super::statistics::{idf, length_norm, saturate};
use super::turns::{self, Document, Passage};
use crate::lexicon::scan::Scanner;
use crate::lexicon::{Query, syntax};
use crate::source::notes::{Atom, Class};
use crate::source::sessions::Session;
use rustc_hash::FxHashSet;

/// An atom, scored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredAtom {
    /// P(needed), in `[0, 1]`.
    pub p: f64,
    /// Share of the task's weight that it covers, in `[0, 1]`.
    pub cover: f64,
    /// In `[0, 1]`; 1 for knowledge that does not age.
    pub recency: f64,
    /// Whether it names a file that ranks high.
    pub linked: bool,
    /// Whether another atom, likelier or before it, says the same.
    pub repeats: bool,
}

/// A session, scored.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredSession {
    /// P(its digest is needed), in `[0, 1]`.
    pub p: f64,
    /// What was said, in order, each with its P(needed).
    pub passages: Vec<Passage>,
    /// The best passage's cover.
    pub cover: f64,
    /// In `[0, 1]`.
    pub recency: f64,
    /// How surely the task means this session by its time, in `[0, 1]`.
    pub meant: f64,
    /// Whether it edited a file that ranks high.
    pub touched: bool,
}

/// Both, scored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    /// One per atom.
    pub atoms: Vec<ScoredAtom>,
    /// One per session.
    pub sessions: Vec<ScoredSession>,
}

const K1: f64 = 1.2;
const B: f64 = 0.4;

/// Scores atoms and sessions. `task` is what `query` was read from; `best_files` are the paths of the likeliest files with their P,
/// best first.
pub fn score(
    task: &str,
    query: &Query,
    atoms: &[Atom],
    sessions: &[Session],
    best_files: &[(&str, f64)],
    now: i64,
) -> Memory {
    let mut scanner = Scanner::new(query);
    let mut read = |text: &str| {
        let scan = scanner.scan(text, &syntax::of_path("x.md"));
        let mut terms: Vec<(u16, f64)> = Vec::new();
        for hit in &scan.hits {
            match terms.last_mut() {
                Some((term, n)) if *term == hit.term_idx => *n += f64::from(hit.count),
                _ => terms.push((hit.term_idx, f64::from(hit.count))),
            }
        }
        Document {
            terms,
            length: scan.lengths.iter().map(|&n| f64::from(n)).sum(),
        }
    };
    let atom_documents: Vec<Document> = atoms
        .iter()
        .map(|atom| read(&format!("{}\n{}", atom.heading.join("\n"), atom.text)))
        .collect();
    let said: Vec<Vec<(Passage, Document)>> = sessions
        .iter()
        .map(|session| {
            let turns = session.turns.iter().enumerate();
            let passages = turns.flat_map(|(turn_idx, turn)| {
                let ranges = turns::cut(&turn.text).into_iter();
                ranges.map(move |range| (turn_idx, &turn.text, range))
            });
            passages
                .map(|(turn_idx, text, range)| {
                    let document = read(&text[range.clone()]);
                    let passage = Passage {
                        turn_idx,
                        range,
                        p: 0.0,
                    };
                    (passage, document)
                })
                .collect()
        })
        .collect();
    let digests: Vec<Document> = sessions
        .iter()
        .map(|session| read(&digest_text(session)))
        .collect();
    let passages = said.iter().flatten().map(|(_, document)| document);
    let statistics = Statistics::new(query, atom_documents.iter().chain(passages));
    let scored = atoms
        .iter()
        .zip(&atom_documents)
        .map(|(atom, document)| {
            let cover = statistics.cover(query, document);
            let linked = best_files
                .iter()
                .take(20)
                .any(|(path, _)| atom.anchors.iter().any(|anchor| names(anchor, path)));
            let recency = recency_of_atom(atom, now);
            let stale = atom.superseded || atom.done;
            let p = p_of_atom(atom.class, cover, recency, linked) * if stale { 0.2 } else { 1.0 };
            ScoredAtom {
                p,
                cover,
                recency,
                linked,
                repeats: false,
            }
        })
        .collect();
    let scored = without_repeats(atoms, scored);
    let (shares, _) = turns::score(query, sessions, &statistics.idf, &said);
    let covers: Vec<f64> = said
        .iter()
        .map(|session| {
            let covers = session.iter().map(|(_, d)| statistics.cover(query, d));
            covers.fold(0.0, f64::max)
        })
        .collect();
    let best = covers.iter().copied().fold(0.0, f64::max);
    // that one of them answers the task at all
    let asked = logistic(-5.0 + 9.0 * best.sqrt());
    let meant = super::when::meant(task, sessions, now);
    let sessions = (0..sessions.len())
        .map(|at| {
            let passages = said[at].iter().zip(&shares[at]);
            let passages = passages.map(|((passage, _), share)| Passage {
                p: asked * share,
                ..passage.clone()
            });
            let whole = Document::merged(said[at].iter().map(|(_, d)| d).chain([&digests[at]]));
            let whole = statistics.cover(
                query,
                &Document {
                    length: statistics.average,
                    ..whole
                },
            );
            let recency = decay(now - sessions[at].ended, SESSION_HALF_LIFE_DAYS);
            let mut files = sessions[at].digest.files.iter();
            let touched =
                files.any(|file| best_files.iter().take(10).any(|(path, _)| path == file));
            let p = logistic(
                -7.5 + 3.0 * whole.sqrt()
                    + 2.5 * recency
                    + if touched { 1.5 } else { 0.0 }
                    + 8.0 * meant[at],
            );
            ScoredSession {
                p,
                passages: passages.collect(),
                cover: covers[at],
                recency,
                meant: meant[at],
                touched,
            }
        })
        .collect();
    Memory {
        atoms: scored,
        sessions,
    }
}

/// What an atom is worth that says what another says.
const REPEATED: f64 = 0.1;

/// Of atoms with the same words, as copied between the notes of several tools, the likeliest counts.
fn without_repeats(atoms: &[Atom], mut scored: Vec<ScoredAtom>) -> Vec<ScoredAtom> {
    let p: Vec<f64> = scored.iter().map(|atom| atom.p).collect();
    let mut said: FxHashSet<Vec<String>> = FxHashSet::default();
    for idx in super::statistics::ranking(&p) {
        let words = atoms[idx].text.split(|c: char| !c.is_alphanumeric());
        let words: Vec<String> = words
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        if !words.is_empty() && !said.insert(words) {
            scored[idx].p *= REPEATED;
            scored[idx].repeats = true;
        }
    }
    scored
}

/// Whether an anchor names the file: the path itself, or its end from a component on.
fn names(anchor: &str, path: &str) -> bool {
    let anchor = anchor
        .split(':')
        .next()
        .unwrap_or(anchor)
        .trim_start_matches("./");
    anchor.len() > 3
        && anchor.contains('.')
        && (path == anchor
            || path
                .strip_suffix(anchor)
                .is_some_and(|rest| rest.ends_with('/')))
}

struct Statistics {
    idf: Vec<f64>,
    average: f64,
    /// The most that a document could score.
    ceiling: f64,
}

impl Statistics {
    fn new<'a>(query: &Query, documents: impl Iterator<Item = &'a Document>) -> Self {
        let mut df = vec![0_u32; query.vocabulary.len()];
        let mut n = 0;
        let mut length = 0.0;
        for document in documents {
            n += 1;
            length += document.length;
            for &(term, _) in &document.terms {
                df[term as usize] += 1;
            }
        }
        let idf: Vec<f64> = df.iter().map(|&df| idf(n, df)).collect();
        let ceiling = idf
            .iter()
            .zip(&query.joint)
            .map(|(idf, weight)| idf * weight * (K1 + 1.0))
            .sum();
        Self {
            idf,
            average: if n == 0 { 0.0 } else { length / n as f64 },
            ceiling,
        }
    }

    /// BM25 as a share of what a document that says it all would score.
    fn cover(&self, query: &Query, document: &Document) -> f64 {
        if self.ceiling <= 0.0 {
            return 0.0;
        }
        let norm = length_norm(document.length, self.average, B);
        let sum: f64 = document
            .terms
            .iter()
            .map(|&(term, n)| {
                query.joint[term as usize] * self.idf[term as usize] * saturate(n / norm, K1)
            })
            .sum();
        (sum / self.ceiling).min(1.0)
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The word for a class of knowledge.
pub fn class_word(class: Class) -> &'static str {
    match class {
        Class::Principle => "principle",
        Class::Decision => "decision",
        Class::Preference => "preference",
        Class::Gotcha => "gotcha",
        Class::Fact => "fact",
        Class::Status => "status",
        Class::Handoff => "handoff",
    }
}

/// What a class of knowledge is worth before its words are read, and after how many days it weighs half.
const fn class_terms(class: Class) -> (f64, Option<f64>) {
    match class {
        Class::Principle => (1.2, None),
        Class::Decision | Class::Preference | Class::Gotcha => (1.0, None),
        Class::Fact => (0.0, Some(365.0)),
        Class::Status => (-0.5, Some(14.0)),
        Class::Handoff => (1.5, Some(7.0)),
    }
}

fn recency_of_atom(atom: &Atom, now: i64) -> f64 {
    match (class_terms(atom.class).1, atom.date) {
        (None, _) => 1.0,
        (Some(half_life), Some((at, _))) => decay(now - at, half_life),
        (Some(_), None) => 0.5, // nothing is known of its age
    }
}

fn p_of_atom(class: Class, cover: f64, recency: f64, linked: bool) -> f64 {
    let (prior, _) = class_terms(class);
    let ages = class_terms(class).1.is_some();
    logistic(
        -6.0 + prior
            + 9.0 * cover.sqrt()
            + if linked { 1.0 } else { 0.0 }
            + if ages { 2.0 * (recency - 0.5) } else { 0.0 },
    )
}

/// Sessions weigh half after three weeks.
const SESSION_HALF_LIFE_DAYS: f64 = 21.0;

fn digest_text(session: &Session) -> String {
    let digest = &session.digest;
    let mut text = format!(
        "{}\n{}\n{}\n",
        session.title, digest.summary, digest.outcome
    );
    for line in digest
        .asks
        .iter()
        .chain(&digest.decisions)
        .chain(&digest.fixes)
        .chain(&digest.files)
        .chain(&digest.open)
    {
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(text: &str, class: Class) -> Atom {
        let mut atoms = crate::source::notes::atoms("NOTES.md", text, None);
        Atom {
            class,
            ..atoms.remove(0)
        }
    }

    #[test]
    fn a_note_that_speaks_of_the_task_is_needed_more() {
        let query = crate::lexicon::query::read("fix the redirect loop in session handling");
        let atoms = [
            atom(
                "- Redirects: the loop is cut after 20 hops in session handling.\n",
                Class::Gotcha,
            ),
            atom("- Use tabs in Makefiles.\n", Class::Preference),
            atom("- The release train leaves on Mondays.\n", Class::Status),
        ];
        let memory = score("", &query, &atoms, &[], &[], 0);
        assert!(memory.atoms[0].p > 0.3, "{memory:?}");
        assert!(
            memory.atoms[1].p < 0.05 && memory.atoms[2].p < 0.02,
            "{memory:?}"
        );
    }

    #[test]
    fn what_two_notes_say_counts_once() {
        let query = crate::lexicon::query::read("fix the redirect loop in session handling");
        let atoms = [
            atom("- Redirects: the loop is cut.\n", Class::Fact),
            atom("* redirects, the loop is cut\n", Class::Gotcha),
            atom("- Redirects: the loop is not cut.\n", Class::Fact),
        ];
        let atoms = score("", &query, &atoms, &[], &[], 0).atoms;
        let repeats: Vec<bool> = atoms.iter().map(|atom| atom.repeats).collect();
        assert_eq!(repeats, [true, false, false], "{atoms:?}");
        assert!(atoms[0].p < atoms[2].p, "{atoms:?}");
    }
}
