//! Everything that any query could ask of a text, as numbers: what an index keeps.

use super::imports::Imports;
use super::query::{bigram_key, word_key};
use super::scan::{Field, MAX_TERMS_OF_WORD, N_FIELDS, Path, Visitor, walk};
use super::syntax::Syntax;
use super::terms::{KEY_BITS, Memo, each_term, key, word_hash};
use rustc_hash::FxHashMap;
use std::ops::Range;

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
    /// Pairs of words in strings, as keys, in no order, with how often.
    pub pairs: Vec<(u64, u16)>,
    /// Names defined, as keys.
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

/// Profiles texts, numbering the terms that it meets. What it remembers grows with the distinct words of all of them, until it
/// is told to begin anew.
#[derive(Default)]
pub struct Profiler {
    path: Path,
    known: Terms,
    memo: Memo<Word>,
    /// The words that are not settled, each once for a field, in the order in which they first came.
    words: Vec<Counted>,
    /// How often each term stands in each field of each segment; segments ascend, from text to text anew.
    pub terms: Vec<Occurrence>,
    /// Of each term, for each field, the last that there may be of it in `terms`.
    last: Vec<[u32; N_FIELDS]>,
    segment_idx: u32,
    /// Where the segment begins in `terms`.
    segment_start: usize,
    pairs: FxHashMap<u64, u16>,
    previous: u64,
    definitions: Vec<u64>,
    imports: Imports,
}

/// A word, in the memo.
#[derive(Clone, Copy, Default)]
struct Word {
    /// Where it begins in the pool, where no other word does.
    start: u32,
    /// The last that there may be of it in `words`.
    last: u32,
}

/// How often a word came in a field.
struct Counted {
    start: u32,
    n: u32,
    /// The same word in another field, or none.
    other: u32,
    field: Field,
    n_terms: u8,
}

impl Profiler {
    /// The terms met so far, as [`key`]s, by number.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        self.known.numbers.hashes().map(first_bits)
    }

    /// Begins anew with occurrences, and where it knows too many words with those too; the room for them is kept.
    pub fn begin(&mut self) {
        self.terms.clear();
        if self.memo.len() > MAX_KEPT {
            self.known.numbers.clear();
            self.known.pool.clear();
            self.memo.clear();
            self.last.clear();
        }
    }

    /// Profiles `text`; the occurrences of its terms come behind those of earlier ones. O(bytes).
    pub fn profile(&mut self, text: &str, syntax: &Syntax) -> Profile {
        self.segment_idx = 0;
        self.segment_start = self.terms.len();
        let mut path = std::mem::take(&mut self.path);
        let walked = walk(text, syntax, &mut path, self);
        self.path = path;
        self.settle();
        Profile {
            n_lines: walked.n_lines,
            n_bytes: u32::try_from(text.len()).unwrap_or(u32::MAX),
            lengths: walked.lengths,
            segments: walked.segments.iter().map(|it| it.length).collect(),
            pairs: self.pairs.drain().collect(),
            definitions: std::mem::take(&mut self.definitions),
            imports: self.imports.take(),
        }
    }
}

/// The most words that are remembered from texts to others: more do not stay near the
/// processor, and to find them there takes longer than to split those anew that do come.
const MAX_KEPT: usize = 1 << 15;

/// The terms that were met, numbered, and which of them each word has.
#[derive(Default)]
struct Terms {
    /// By [`key`].
    numbers: Memo<()>,
    /// Of each word how many terms it has, and which.
    pool: Vec<u32>,
    /// Those of the word that is split.
    hashes: Vec<u64>,
}

/// A key in all bits of a hash.
fn twice(key: u64) -> u64 {
    key | key << KEY_BITS
}

/// The key of which [`twice`] made a hash.
fn first_bits(hash: u64) -> u64 {
    hash & ((1 << KEY_BITS) - 1)
}

impl Terms {
    /// Puts the terms of a new word into the pool; where they begin comes back.
    fn split(&mut self, word: &[u8]) -> u32 {
        each_term(word, |term| {
            if self.hashes.len() < MAX_TERMS_OF_WORD {
                self.hashes.push(twice(key(term)));
            }
        });
        let start = self.pool.len();
        self.pool.push(self.hashes.len() as u32);
        // all of them at the end: while memory is waited for that knows one, the next ones are looked up
        let numbers = self
            .hashes
            .drain(..)
            .map(|hash| self.numbers.number(hash, || ()));
        self.pool.extend(numbers);
        start as u32
    }
}

impl Visitor for Profiler {
    /// Its number in the memo.
    type Word = u32;

    #[inline]
    fn look_up(&mut self, text: &[u8], word: Range<usize>) -> u32 {
        self.memo.number(word_hash(text, &word), || Word {
            start: self.known.split(&text[word]),
            last: 0,
        })
    }

    /// Counts the word as a whole: most come more than once in a segment, and many have several terms.
    fn word(&mut self, _: u32, field: Field, number: u32) -> u8 {
        let known = self.memo.at(number);
        // what was counted of other segments is overwritten or gone: it is of no such word
        let mut at = known.last;
        let mut other = u32::MAX;
        while let Some(counted) = self.words.get_mut(at as usize)
            && counted.start == known.start
        {
            if counted.field == field {
                counted.n += 1;
                return counted.n_terms;
            }
            other = known.last;
            at = counted.other;
        }
        known.last = self.words.len() as u32;
        let n_terms = self.known.pool[known.start as usize] as u8;
        self.words.push(Counted {
            start: known.start,
            n: 1,
            other,
            field,
            n_terms,
        });
        n_terms
    }

    fn settle(&mut self) {
        self.last.resize(self.known.numbers.len(), [0; N_FIELDS]);
        for word in self.words.drain(..) {
            let start = word.start as usize + 1;
            let n = u16::try_from(word.n).unwrap_or(u16::MAX);
            for &term in &self.known.pool[start..start + usize::from(word.n_terms)] {
                let last = &mut self.last[term as usize][word.field as usize];
                match self.terms.get_mut(*last as usize) {
                    // in this segment; of an earlier shard any other may stand there now
                    Some(it)
                        if *last as usize >= self.segment_start
                            && it.term == term
                            && it.field == word.field =>
                    {
                        it.count = it.count.saturating_add(n);
                    }
                    _ => {
                        *last = self.terms.len() as u32;
                        self.terms.push(Occurrence {
                            term,
                            segment_idx: self.segment_idx,
                            field: word.field,
                            count: n,
                        });
                    }
                }
            }
        }
    }

    fn segment(&mut self) {
        self.segment_idx += 1;
        self.segment_start = self.terms.len();
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
