//! Everything that any query could ask of a text, as numbers: what an index keeps.

use super::imports::Imports;
use super::query::{bigram_key, word_key};
use super::scan::{Field, MAX_TERMS_OF_WORD, N_FIELDS, Visitor, walk};
use super::syntax::Syntax;
use super::terms::{Memo, each_term, hash, key};
use rustc_hash::FxHashMap;

/// The lexical profile of one text: what [`super::scan::Scanner`] would find in it, for all queries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Number of lines.
    pub n_lines: u32,
    /// Size of the text in bytes.
    pub n_bytes: u32,
    /// Terms per field.
    pub lengths: [u32; N_FIELDS],
    /// Terms of each segment.
    pub segments: Vec<u32>,
    /// How often each term stands in each field of each segment; segments ascend.
    pub terms: Vec<Occurrence>,
    /// Pairs of words in strings, as keys, ascending, with how often.
    pub pairs: Vec<(u64, u16)>,
    /// Names defined, as keys, ascending, each once.
    pub definitions: Vec<u64>,
    /// What it imports, for [`super::imports::names`].
    pub imports: Vec<u32>,
}

/// A term in a field of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// Which term: an index into [`Profiler::keys`].
    pub term: u32,
    /// Which segment, from 0.
    pub segment_idx: u32,
    /// The field.
    pub field: Field,
    /// How often, at most 65,535.
    pub count: u16,
}

/// Profiles texts, numbering the terms that it meets. What it remembers grows with the distinct words of all of them: one
/// serves some megabytes of text.
#[derive(Default)]
pub struct Profiler {
    /// The terms met so far, as [`key`]s, by number.
    pub keys: Vec<u64>,
    numbers: FxHashMap<u64, u32>,
    memo: Memo<Word>,
    pool: Vec<u32>,
    /// For each term and field where it was counted last, and in which segment of all that were ever met.
    counted: Vec<(u32, u32)>,
    n_segments: u32,
    hits: Vec<(u32, u32, Field)>,
    pairs: FxHashMap<u64, u16>,
    previous: u64,
    definitions: Vec<u64>,
    imports: Imports,
}

#[derive(Clone, Copy, Default)]
struct Word {
    start: u32,
    n_terms: u8,
}

impl Profiler {
    /// Profiles `text`. O(bytes).
    pub fn profile(&mut self, text: &str, syntax: &Syntax) -> Profile {
        let walked = walk(text, syntax, self);
        self.counted.resize(self.keys.len() * N_FIELDS, (0, 0));
        let mut terms: Vec<Occurrence> = Vec::new();
        let mut segment_idx = 0;
        self.n_segments += 1; // 0 is none
        for &(line_no, term, field) in &self.hits {
            let next = |idx: usize| walked.segments.get(idx + 1);
            while next(segment_idx).is_some_and(|it| it.first_line <= line_no) {
                segment_idx += 1;
                self.n_segments += 1;
            }
            let (segment, at) = &mut self.counted[term as usize * N_FIELDS + field as usize];
            if *segment == self.n_segments {
                let count = &mut terms[*at as usize].count;
                *count = count.saturating_add(1);
            } else {
                (*segment, *at) = (self.n_segments, terms.len() as u32);
                terms.push(Occurrence {
                    term,
                    segment_idx: segment_idx as u32,
                    field,
                    count: 1,
                });
            }
        }
        self.hits.clear();
        let mut pairs: Vec<(u64, u16)> = self.pairs.drain().collect();
        pairs.sort_unstable();
        self.definitions.sort_unstable();
        self.definitions.dedup();
        Profile {
            n_lines: walked.n_lines,
            n_bytes: u32::try_from(text.len()).unwrap_or(u32::MAX),
            lengths: walked.lengths,
            segments: walked.segments.iter().map(|it| it.length).collect(),
            terms,
            pairs,
            definitions: self.definitions.drain(..).collect(),
            imports: self.imports.take(),
        }
    }

    fn split(&mut self, word: &[u8]) -> Word {
        let start = self.pool.len();
        let mut n_terms = 0_u8;
        each_term(word, |term| {
            n_terms = n_terms.saturating_add(1);
            if self.pool.len() - start < MAX_TERMS_OF_WORD {
                let key = key(term);
                let number = *self.numbers.entry(key).or_insert_with(|| {
                    self.keys.push(key);
                    self.keys.len() as u32 - 1
                });
                self.pool.push(number);
            }
        });
        Word {
            start: start as u32,
            n_terms,
        }
    }
}

impl Visitor for Profiler {
    fn word(&mut self, line_no: u32, field: Field, word: &[u8]) -> u8 {
        let hash = hash(word);
        let known = self.memo.get(hash);
        let word = known.unwrap_or_else(|| {
            let word = self.split(word);
            self.memo.insert(hash, word);
            word
        });
        let start = word.start as usize;
        let terms = self.pool[start..start + usize::from(word.n_terms)].iter();
        self.hits.extend(terms.map(|&term| (line_no, term, field)));
        word.n_terms
    }

    fn string(&mut self) {
        self.previous = 0;
    }

    fn string_word(&mut self, word: &[u8]) {
        let word = word_key(word);
        if self.previous != 0 {
            let count = self
                .pairs
                .entry(bigram_key(self.previous, word))
                .or_default();
            *count = count.saturating_add(1);
        }
        self.previous = word;
    }

    fn definition(&mut self, name: &[u8]) {
        self.definitions.push(key(name));
    }

    fn import(&mut self, line: &str) {
        self.imports.add(line);
    }
}
