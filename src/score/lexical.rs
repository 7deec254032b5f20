//! What the words of all files say: BM25F of the text and the path, the best segments, strings, names.

use super::files::MIN_FILES;
use super::folders::{Folders, split};
use super::statistics::{idf, length_norm, saturate};
use crate::lexicon::terms::{self, TermIdx, each_term};
use crate::lexicon::{Field, N_FIELDS, Query};
use crate::source::File;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Field weights of BM25F and its length normalisation.
const FIELD_WEIGHTS: [f64; N_FIELDS] = [3.0, 1.0, 1.0, 1.0];
const PATH_WEIGHT: f64 = 4.0;
const B: f64 = 0.6;
const PATH_B: f64 = 0.3;
const K1: f64 = 1.2;

/// Term counts per file and what BM25F needs of them.
pub(super) struct Lexical {
    n_files: usize,
    /// Of [`PER_PART`] files each.
    parts: Vec<Part>,
    df: Vec<u32>,
    path_df: Vec<u32>,
    /// Terms of all files in each field, and the weight of all words of their paths, which are halves: the sum is exact in any order.
    lengths: [u64; N_FIELDS],
    path_length: f64,
    pub(super) segments: Segments,
    /// Files that have word pairs in strings, and files that define names, of those that are looked for; ascending.
    pub(super) with_strings: Vec<u32>,
    pub(super) with_names: Vec<u32>,
}

/// All segments of all files.
#[derive(Default)]
pub(super) struct Segments {
    n: usize,
    /// In terms.
    length: u64,
    /// By term, how many of them it stands in.
    df: Vec<u32>,
}

/// Files that are counted on one core at once.
const PER_PART: usize = 1024;

/// What some files have of the query's terms, one behind the other.
#[derive(Default)]
struct Part {
    terms: Vec<Term>,
    path_terms: Vec<PathTerm>,
    places: Vec<Place>,
}

/// Where the terms of a file end in those of its part, how many terms it has in each field, and the weight of all words of its path.
struct Place {
    end: usize,
    path_end: usize,
    lengths: [u32; N_FIELDS],
    path_length: f64,
}

/// What one file has of the query's terms.
struct Counts<'a> {
    terms: &'a [Term],
    path_terms: &'a [PathTerm],
    place: &'a Place,
}

impl Part {
    fn counts(&self) -> impl Iterator<Item = Counts<'_>> {
        let (mut start, mut path_start) = (0, 0);
        self.places.iter().map(move |place| {
            let terms = &self.terms[start..place.end];
            let path_terms = &self.path_terms[path_start..place.path_end];
            (start, path_start) = (place.end, place.path_end);
            Counts {
                terms,
                path_terms,
                place,
            }
        })
    }
}

impl Lexical {
    pub(super) fn new(query: &Query, files: &[File], folders: &Folders<'_>) -> Self {
        let n_terms = query.vocabulary.len();
        let names = folders.names.par_iter().with_min_len(MIN_FILES);
        let by_folder: Vec<PathTerms> = names.map(|name| of_folder(query, name)).collect();
        let none = || Self {
            n_files: 0,
            parts: Vec::new(),
            df: vec![0; n_terms],
            path_df: vec![0; n_terms],
            lengths: [0; N_FIELDS],
            path_length: 0.0,
            segments: Segments {
                df: vec![0; n_terms],
                ..Segments::default()
            },
            with_strings: Vec::new(),
            with_names: Vec::new(),
        };
        let read = |(nth, (files, of)): (usize, (&[File], &[u32]))| {
            let mut part = Part::default();
            let mut slot = vec![usize::MAX; n_terms];
            let mut path = PathTerms::default();
            let mut lexical = none();
            for ((file, &folder), idx) in files.iter().zip(of).zip((nth * PER_PART) as u32..) {
                let start = part.terms.len();
                count(file, &mut slot, &mut part.terms, &mut lexical.segments.df);
                lexical.segments.n += file.scan.n_segments as usize;
                lexical.segments.length += file.scan.segments_length;
                for (sum, &length) in lexical.lengths.iter_mut().zip(&file.scan.lengths) {
                    *sum += u64::from(length);
                }
                if !file.scan.bigrams.is_empty() {
                    lexical.with_strings.push(idx);
                }
                if !file.scan.defined.is_empty() {
                    lexical.with_names.push(idx);
                }
                let terms = &part.terms[start..];
                path.clone_from(&by_folder[folder as usize]);
                add_name(query, split(&file.path).1, &mut path);
                for &(term, _) in terms {
                    lexical.df[term as usize] += 1;
                }
                for &(term, _) in &path.0 {
                    lexical.path_df[term as usize] += 1;
                    if terms.binary_search_by_key(&term, |&(t, _)| t).is_err() {
                        lexical.df[term as usize] += 1;
                    }
                }
                lexical.path_length += path.1;
                part.path_terms.extend_from_slice(&path.0);
                part.places.push(Place {
                    end: part.terms.len(),
                    path_end: part.path_terms.len(),
                    lengths: file.scan.lengths,
                    path_length: path.1,
                });
            }
            lexical.n_files = files.len();
            lexical.parts.push(part);
            lexical
        };
        let parts = files
            .par_chunks(PER_PART)
            .zip(folders.of.par_chunks(PER_PART));
        let read: Vec<Self> = parts.enumerate().map(read).collect();
        read.into_iter().fold(none(), Self::and)
    }

    /// Those of some files, and of those behind them.
    fn and(mut self, mut other: Self) -> Self {
        let add = |sums: &mut [u32], of_other: &[u32]| {
            sums.iter_mut().zip(of_other).for_each(|(sum, n)| *sum += n);
        };
        add(&mut self.df, &other.df);
        add(&mut self.path_df, &other.path_df);
        add(&mut self.segments.df, &other.segments.df);
        for (sum, length) in self.lengths.iter_mut().zip(other.lengths) {
            *sum += length;
        }
        self.path_length += other.path_length;
        self.segments.n += other.segments.n;
        self.segments.length += other.segments.length;
        self.n_files += other.n_files;
        self.parts.append(&mut other.parts);
        self.with_strings.append(&mut other.with_strings);
        self.with_names.append(&mut other.with_names);
        self
    }

    fn average_path(&self) -> f64 {
        self.path_length / self.n_files.max(1) as f64
    }

    /// What `score` says of each file, given room for its own use.
    fn each<T: Send, R: Default>(&self, score: impl Fn(&mut R, Counts<'_>) -> T + Sync) -> Vec<T> {
        let scores = self.parts.par_iter().flat_map_iter(|part| {
            let mut room = R::default();
            let score = &score;
            part.counts().map(move |counts| score(&mut room, counts))
        });
        scores.collect()
    }

    pub(super) fn bm25f(&self, weights: [&[f64]; 3]) -> [Vec<f64>; 3] {
        let n = self.n_files;
        let average = self.lengths.map(|length| length as f64 / n.max(1) as f64);
        let average_path = self.average_path();
        let idfs: Vec<f64> = self.df.iter().map(|&df| idf(n, df)).collect();
        let score = |found: &mut Vec<(TermIdx, f64)>, counts: Counts<'_>| {
            let mut scores = [0.0; 3];
            if counts.terms.is_empty() && counts.path_terms.is_empty() {
                return scores;
            }
            found.clear();
            let Place {
                lengths,
                path_length,
                ..
            } = counts.place;
            let norms: [f64; N_FIELDS] =
                std::array::from_fn(|f| length_norm(f64::from(lengths[f]), average[f], B));
            let path_norm = length_norm(*path_length, average_path, PATH_B);
            found.extend(counts.terms.iter().map(|(term, counts)| {
                let sum: f64 = (0..N_FIELDS)
                    .map(|f| FIELD_WEIGHTS[f] * counts[f] / norms[f])
                    .sum();
                (*term, sum)
            }));
            for &(term, count) in counts.path_terms {
                let gain = PATH_WEIGHT * count / path_norm;
                match found.binary_search_by_key(&term, |&(term, _)| term) {
                    Ok(at) => found[at].1 += gain,
                    Err(at) => found.insert(at, (term, gain)),
                }
            }
            for &(term, tf) in &*found {
                let gain = idfs[term as usize] * saturate(tf, K1);
                for (score, weight) in scores.iter_mut().zip(weights) {
                    *score += weight[term as usize] * gain;
                }
            }
            scores
        };
        let scores: Vec<[f64; 3]> = self.each(score);
        std::array::from_fn(|nth| scores.iter().map(|of_file| of_file[nth]).collect())
    }

    /// BM25 of path words alone.
    pub(super) fn path_bm25(&self, weights: &[f64]) -> Vec<f64> {
        let n = self.n_files;
        let average = self.average_path();
        let idfs: Vec<f64> = self.path_df.iter().map(|&df| idf(n, df)).collect();
        self.each(|(): &mut (), counts| {
            let norm = length_norm(counts.place.path_length, average, 0.5);
            let terms = counts.path_terms.iter();
            terms
                .map(|&(term, tf)| {
                    weights[term as usize] * idfs[term as usize] * saturate(tf / norm, 0.5)
                })
                .sum()
        })
    }

    /// Mentioned identifiers that stand in the body.
    pub(super) fn references(&self, query: &Query) -> Vec<f64> {
        let n = self.n_files;
        let mut wanted: Vec<TermIdx> = Vec::new();
        for identifier in query
            .mentions
            .identifiers
            .iter()
            .filter(|identifier| identifier.code_like)
        {
            each_term(identifier.name.as_bytes(), |term| {
                if term[0] == b'=' {
                    wanted.extend(query.vocabulary.get(term));
                }
            });
        }
        wanted.sort_unstable();
        wanted.dedup();
        self.each(|(): &mut (), Counts { terms, .. }| {
            wanted
                .iter()
                .filter_map(|term| {
                    terms
                        .binary_search_by_key(term, |&(t, _)| t)
                        .ok()
                        .map(|at| &terms[at])
                })
                .map(|(term, counts)| {
                    let df = f64::from(self.df[*term as usize].max(1));
                    (1.0 + (1.0 + counts.iter().sum::<f64>()).ln()) * (1.0 + n as f64 / df).ln()
                        / df.powf(0.3)
                })
                .sum()
        })
    }
}

/// A term of the query in a file, with how often it stands in each field. Those of a file stand by term.
type Term = (TermIdx, [f64; N_FIELDS]);

/// Appends those of a file, and counts for each term the segments that it stands in. `slot` is as long as the vocabulary, and comes back
/// as it was.
fn count(file: &File, slot: &mut [usize], terms: &mut Vec<Term>, segment_df: &mut [u32]) {
    let start = terms.len();
    let mut last = (u32::MAX, TermIdx::MAX);
    for hit in &file.scan.hits {
        if (hit.segment_idx, hit.term_idx) != last {
            last = (hit.segment_idx, hit.term_idx);
            segment_df[hit.term_idx as usize] += 1;
        }
        let at = &mut slot[hit.term_idx as usize];
        if *at == usize::MAX {
            *at = terms.len();
            terms.push((hit.term_idx, [0.0; N_FIELDS]));
        }
        terms[*at].1[hit.field as usize] += f64::from(hit.count);
    }
    let terms = &mut terms[start..];
    for (term, _) in &*terms {
        slot[*term as usize] = usize::MAX;
    }
    terms.sort_unstable_by_key(|&(term, _)| term);
}

/// A term of the query in a path, with its weight.
type PathTerm = (TermIdx, f64);

/// Those of a path, by term, and the weight of all its words.
type PathTerms = (Vec<PathTerm>, f64);

/// Of the folders of a path.
fn of_folder(query: &Query, folder: &str) -> PathTerms {
    let mut terms = PathTerms::default();
    for part in folder.split('/') {
        add_words(query, part, 0.5, &mut terms);
    }
    terms
}

/// Adds the name of a file to the terms of its folders.
fn add_name(query: &Query, name: &str, terms: &mut PathTerms) {
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    add_words(query, stem, 1.0, terms);
}

/// Adds the words of `text`. Weights are halves, so that the order in which they are added is no matter.
fn add_words(query: &Query, text: &str, weight: f64, (counts, length): &mut PathTerms) {
    let mut add = |term: TermIdx| match counts.binary_search_by_key(&term, |&(term, _)| term) {
        Ok(at) => counts[at].1 += weight,
        Err(at) => counts.insert(at, (term, weight)),
    };
    let mut whole = Vec::new();
    for word in text
        .as_bytes()
        .split(|&b| !terms::is_word_byte(b))
        .filter(|word| !word.is_empty())
    {
        each_term(word, |term| {
            if term[0] != b'=' {
                *length += weight;
                query.vocabulary.get(term).into_iter().for_each(&mut add);
            }
        });
        whole.clear();
        whole.push(b'=');
        whole.extend(word.iter().map(u8::to_ascii_lowercase));
        query.vocabulary.get(&whole).into_iter().for_each(&mut add);
    }
}

/// Sum of the three best segments' BM25, and the best, per file. Files have `n_segments` segments of `length` terms in all, of which
/// `df` hold each term.
pub(super) fn best_segments(
    query: &Query,
    files: &[File],
    Segments {
        n: n_segments,
        length,
        df,
    }: &Segments,
) -> (Vec<f64>, Vec<f64>) {
    let average = *length as f64 / (*n_segments).max(1) as f64;
    let idfs: Vec<f64> = df.iter().map(|&df| idf(*n_segments, df)).collect();
    let score = |file: &File| {
        let mut best = [0.0; 3];
        // by segment, term and field
        let mut hits = file.scan.hits.iter().peekable();
        let (mut segment, mut score) = (0, 0.0);
        while let Some(&first) = hits.peek() {
            if first.segment_idx != segment {
                keep_best(&mut best, score);
                (segment, score) = (first.segment_idx, 0.0);
            }
            let mut tf = 0.0;
            while let Some(hit) = hits.next_if(|hit| {
                (hit.segment_idx, hit.term_idx) == (first.segment_idx, first.term_idx)
            }) {
                let weight = if hit.field == Field::Definition {
                    3.0
                } else {
                    1.0
                };
                tf += weight * f64::from(hit.count);
            }
            let term = first.term_idx as usize;
            let norm = length_norm(f64::from(first.segment_length), average, B);
            score += query.joint[term] * idfs[term] * saturate(tf / norm, K1);
        }
        keep_best(&mut best, score);
        (best.iter().sum::<f64>(), best[0])
    };
    let files = files.par_iter().with_min_len(MIN_FILES);
    files.map(score).unzip()
}

/// Keeps `value` where it is one of the largest. No value is negative.
fn keep_best([first, second, third]: &mut [f64; 3], value: f64) {
    if value > *first {
        (*first, *second, *third) = (value, *first, *second);
    } else if value > *second {
        (*second, *third) = (value, *second);
    } else if value > *third {
        *third = value;
    }
}

/// Word pairs of the task that stand in string literals: messages. `some` are the files that have any.
pub(super) fn strings(query: &Query, files: &[File], some: &[u32]) -> Vec<f64> {
    let mut scores = vec![0.0; files.len()];
    let bigrams = |file: u32| &files[file as usize].scan.bigrams;
    let mut df = vec![0_u32; query.bigram_weights.len()];
    for &(bigram, _) in some.iter().flat_map(|&file| bigrams(file)) {
        df[bigram as usize] += 1;
    }
    let n = files.len() as f64;
    for &file in some {
        let gains = bigrams(file).iter().map(|&(bigram, count)| {
            let df = f64::from(df[bigram as usize]);
            let count = f64::from(count) * query.bigram_weights[bigram as usize];
            (1.0 + n / df).ln() * (1.0 + count).ln() / df.sqrt()
        });
        scores[file as usize] = gains.sum();
    }
    scores
}

/// The best of the mentioned identifiers that a file defines. `some` are the files that define any.
pub(super) fn defines(query: &Query, files: &[File], some: &[u32]) -> Vec<f64> {
    let wanted: FxHashMap<u64, f64> = query
        .mentions
        .identifiers
        .iter()
        .map(|identifier| {
            (
                terms::key(identifier.name.as_bytes()),
                f64::from(identifier.n) * if identifier.code_like { 2.0 } else { 1.0 },
            )
        })
        .collect();
    let mut scores = vec![0.0; files.len()];
    let defined = |file: u32| &files[file as usize].scan.defined;
    let mut df: FxHashMap<u64, u32> = FxHashMap::default();
    for name in some.iter().flat_map(|&file| defined(file)) {
        *df.entry(*name).or_default() += 1;
    }
    let n = files.len() as f64;
    for &file in some {
        let gains = defined(file).iter().filter_map(|name| {
            let count = wanted.get(name)?;
            let df = f64::from(df[name]);
            Some((1.0 + count.ln()) * (1.0 + n / df).ln() / df.sqrt())
        });
        scores[file as usize] = gains.fold(0.0, f64::max);
    }
    scores
}
