//! Notes and sessions read against the task: which of its words each holds, and how much of its weight that is.
//!
//! They are read once, before files are ranked, because what a note says may raise a file ([`super::pointed`]) and what files are likely
//! weighs in what a note is worth ([`super::memory`]).

use super::statistics::{idf, length_norm, saturate};
use super::turns::{self, Document, Passage};
use crate::lexicon::scan::{Scanner, Scanners};
use crate::lexicon::{Query, syntax};
use crate::source::notes::Atom;
use crate::source::sessions::{Session, digest};
use rayon::prelude::*;

/// Atoms that are read on one core at least.
const MIN_ATOMS: usize = 64;

const K1: f64 = 1.2;
const B: f64 = 0.4;

/// Notes and sessions, as the task's words stand in them.
#[derive(Debug, Clone)]
pub struct Said {
    /// One per atom, its headings included.
    pub atoms: Vec<Document>,
    /// For each session what was said, cut into passages.
    pub passages: Vec<Vec<(Passage, Document)>>,
    /// For each session what its digest says.
    pub digests: Vec<Document>,
    /// Of each term, over atoms and passages.
    pub idf: Vec<f64>,
    /// Words of an atom or passage, the mean.
    pub average: f64,
    /// The most that a document could score, by the whole task and by its first line.
    ceilings: [f64; 2],
}

impl Said {
    /// Reads atoms and sessions. O(length of both).
    pub fn read(query: &Query, atoms: &[Atom], sessions: &[Session]) -> Self {
        let scanners = Scanners::new(query);
        let read = |scanner: &mut Scanner<'_>, text: &str| {
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
        let of_atoms = |atoms: &[Atom]| -> Vec<Document> {
            scanners.with(|scanner| {
                let text = |atom: &Atom| format!("{}\n{}", atom.heading.join("\n"), atom.text);
                let read = |atom: &Atom| read(scanner, &text(atom));
                atoms.iter().map(read).collect()
            })
        };
        let atoms: Vec<Document> = atoms
            .par_chunks(MIN_ATOMS)
            .flat_map_iter(of_atoms)
            .collect();
        let of_session = |session: &Session| {
            let mut of_session = Vec::new();
            let read = |text: &str| scanners.with(|scanner| read(scanner, text));
            for (turn_idx, turn) in session.turns.iter().enumerate() {
                for range in turns::cut(&turn.text) {
                    let document = read(&turn.text[range.clone()]);
                    let passage = Passage {
                        turn_idx,
                        range,
                        p: 0.0,
                    };
                    of_session.push((passage, document));
                }
            }
            (of_session, read(&digest_text(session)))
        };
        let (passages, digests): (Vec<_>, Vec<_>) = sessions.par_iter().map(of_session).unzip();
        let mut df = vec![0_u32; query.vocabulary.len()];
        let mut n = 0;
        let mut length = 0.0;
        for document in atoms
            .iter()
            .chain(passages.iter().flatten().map(|(_, document)| document))
        {
            n += 1;
            length += document.length;
            for &(term, _) in &document.terms {
                df[term as usize] += 1;
            }
        }
        let idf: Vec<f64> = df.iter().map(|&df| idf(n, df)).collect();
        let ceilings = [&query.joint, &query.title].map(|weights| {
            let most = idf.iter().zip(weights);
            most.map(|(idf, weight)| idf * weight * (K1 + 1.0)).sum()
        });
        Self {
            atoms,
            passages,
            digests,
            idf,
            average: if n == 0 { 0.0 } else { length / n as f64 },
            ceilings,
        }
    }

    /// The cover of the best passage of a session, 0 where nothing was said.
    pub fn best_cover(&self, query: &Query, session_idx: usize) -> f64 {
        let covers = self.passages[session_idx].iter();
        covers
            .map(|(_, document)| self.cover(query, document))
            .fold(0.0, f64::max)
    }

    /// BM25 as a share of what a document that says it all would score; of the whole task, or of its first line if that is more.
    pub fn cover(&self, query: &Query, document: &Document) -> f64 {
        let norm = length_norm(document.length, self.average, B);
        let share = |weights: &[f64], ceiling: f64| {
            let sum: f64 = document
                .terms
                .iter()
                .map(|&(term, n)| {
                    weights[term as usize] * self.idf[term as usize] * saturate(n / norm, K1)
                })
                .sum();
            if ceiling > 0.0 {
                (sum / ceiling).clamp(0.0, 1.0) + 0.0 // a sum of nothing is -0
            } else {
                0.0
            }
        };
        share(&query.joint, self.ceilings[0]).max(share(&query.title, self.ceilings[1]))
    }
}

/// Without the names of its sections, which are words of tasks as well: `open`, `fixed`.
fn digest_text(session: &Session) -> String {
    let mut text = session.title.clone();
    let sections = digest::sections(&session.digest);
    for line in sections.iter().flat_map(|(_, lines)| *lines) {
        text.push('\n');
        text.push_str(line);
    }
    text
}
