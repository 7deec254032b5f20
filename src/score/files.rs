//! The cheap pass: every file's features against the query, from its lexical profile, its path, the import graph and history.

use super::commits::{self, FileHistory};
use super::folders::{Folders, split};
use super::imports::ImportGraph;
use super::look::Look;
use super::model::FileModel;
use super::pointed::Pointed;
use super::statistics::{idf, length_norm, normalise, ranking, saturate, softmax};
use super::tied::take_turns;
use crate::lexicon::query::PathMention;
use crate::lexicon::terms::{self, TermIdx, each_term};
use crate::lexicon::{Field, N_FIELDS, Query};
use crate::source::File;
use crate::source::history::History;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// Names of the features of a file, in the order of [`FileRow`]. What each is stands beside its weight in `weights.toml`.
pub const FILE_FEATURES: [&str; 21] = [
    "bm25f",
    "bm25f_title",
    "bm25f_prose",
    "best_segments",
    "best_segment",
    "history",
    "path_mention",
    "path_title",
    "strings",
    "imports",
    "references",
    "defines",
    "cochange",
    "recency",
    "size",
    "is_test",
    "is_prose",
    "is_data",
    "is_aside",
    "is_generated",
    "not_code",
];

/// How many of them, from the first, are signals: relative to the best of the case, and never against a file.
pub const N_FILE_SIGNALS: usize = at("cochange") + 1;

/// Where a feature stands in a row.
const fn at(feature: &str) -> usize {
    super::model::index_of(&FILE_FEATURES, feature)
}

/// One file's features.
pub type FileRow = [f64; FILE_FEATURES.len()];

/// What the cheap pass finds.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// Features of each file.
    pub rows: Vec<FileRow>,
    /// P(this file is where the work is), summing to 1 over all files that can be shown.
    pub p: Vec<f64>,
    /// Recency in `[0, 1]`.
    pub recency: Vec<f64>,
    /// Files, most probable first; barred ones are left out.
    pub order: Vec<usize>,
    /// The history, seen from the files.
    pub history: FileHistory,
    /// Files that the task names, with the lines it names in them.
    pub named: Vec<(usize, Vec<u32>)>,
    /// Files that have a share of `p` by what is remembered (after [`Ranked::point`]).
    pub pointed: Vec<Pointed>,
}

impl Ranked {
    /// Mixes what is remembered into the probabilities: each file of `pointed` has its share, and what the words found has the rest.
    pub fn point(&mut self, pointed: Vec<Pointed>) {
        let rest = 1.0 - pointed.iter().map(|pointed| pointed.share).sum::<f64>();
        if pointed.is_empty() {
            return;
        }
        for p in &mut self.p {
            *p *= rest;
        }
        for pointed in &pointed {
            self.p[pointed.file_idx] += pointed.share;
        }
        let is_shown: FxHashSet<usize> = self.order.iter().copied().collect();
        self.order = ranking(&self.p);
        self.order.retain(|idx| is_shown.contains(idx));
        self.pointed = pointed;
    }
}

/// Field weights of BM25F and its length normalisation.
const FIELD_WEIGHTS: [f64; N_FIELDS] = [3.0, 1.0, 1.0, 1.0];
const PATH_WEIGHT: f64 = 4.0;
const B: f64 = 0.6;
const PATH_B: f64 = 0.3;
const K1: f64 = 1.2;

/// Files that the work is likeliest in by their words: what changed with them counts.
const N_SEEDS: usize = 10;

/// Files that are looked at on one core at least.
const MIN_FILES: usize = 256;

/// Ranks all files, of which `graph` tells who imports whom. O(hits + import lines + history).
pub fn rank(
    query: &Query,
    files: &[File],
    graph: &(dyn Fn() -> ImportGraph + Sync),
    history: &History,
    now: i64,
    model: &FileModel,
) -> Ranked {
    let n = files.len();
    let folders = Folders::new(files);
    let (graph, (lexical, file_history)) = rayon::join(graph, || {
        rayon::join(
            || Lexical::new(query, files, &folders),
            || commits::read(history, n, query, now),
        )
    });
    let [bm25f, title, prose] = lexical.bm25f([&query.joint, &query.title, &query.prose]);
    let mut relative = bm25f.clone();
    normalise(&mut relative);
    // on all cores: the system gives a page to whoever touches it first, and takes its time
    let rows = (0..n).into_par_iter().with_min_len(MIN_FILES);
    let mut rows: Vec<FileRow> = rows.map(|_| [0.0; FILE_FEATURES.len()]).collect();
    let around = || {
        let seed: Vec<f64> = relative.iter().map(|s| s.powi(6)).collect();
        let seed_sum: f64 = seed.iter().sum::<f64>().max(1e-12);
        let spread = graph.spread(&seed, 0.5, 10);
        let beyond = spread.iter().zip(&seed);
        let beyond = beyond.map(|(s, seed)| (s - seed / seed_sum).max(0.0).sqrt());
        beyond.collect::<Vec<f64>>()
    };
    let beside = || {
        let seeds: Vec<(usize, f64)> = best(&relative, N_SEEDS)
            .into_iter()
            .map(|idx| (idx, relative[idx].powi(4)))
            .collect();
        let named = resolve_paths(&query.mentions.paths, files);
        let mut put = |columns: Vec<(usize, Vec<f64>)>| put(&mut rows, columns);
        put(vec![
            (const { at("bm25f") }, bm25f),
            (const { at("bm25f_title") }, title),
            (const { at("bm25f_prose") }, prose),
        ]);
        put(vec![
            (const { at("path_title") }, lexical.path_bm25(&query.title)),
            (const { at("references") }, lexical.references(query)),
        ]);
        let Lexical {
            segments,
            with_strings,
            with_names,
            ..
        } = lexical;
        let (top3, top1) = best_segments(query, files, &segments);
        put(vec![
            (const { at("best_segments") }, top3),
            (const { at("best_segment") }, top1),
            (
                const { at("strings") },
                strings(query, files, &with_strings),
            ),
            (const { at("defines") }, defines(query, files, &with_names)),
        ]);
        let mut mentioned = vec![0.0; n];
        for (mention_rank, (idx, _)) in named.iter().enumerate() {
            mentioned[*idx] += 1.0 / (1.0 + mention_rank as f64 * 0.1);
        }
        let together = commits::together(history, &file_history, &seeds, now);
        put(vec![
            (const { at("history") }, file_history.messages.clone()),
            (const { at("path_mention") }, mentioned),
            (const { at("cochange") }, together),
        ]);
        named
    };
    let (around, named) = rayon::join(around, beside);
    put(&mut rows, vec![(const { at("imports") }, around)]);

    let mut recency = vec![0.0; n];
    for (recency, &changed_at) in recency.iter_mut().zip(&file_history.changed_at) {
        if changed_at > 0 {
            *recency = 1.0 / (1.0 + (now - changed_at).max(0) as f64 / 86_400.0 / 30.0);
        }
    }
    let by_folder: Vec<Look> = folders
        .names
        .iter()
        .map(|name| Look::of_folder(name))
        .collect();
    let fill = |(idx, row): (usize, &mut FileRow)| {
        let file = &files[idx];
        let look = by_folder[folders.of[idx] as usize].and_of(split(&file.path).1);
        let is = |fact: bool| f64::from(u8::from(fact));
        let size = f64::from(file.scan.lengths.iter().sum::<u32>());
        row[const { at("recency") }] = recency[idx];
        row[const { at("size") }] = (1.0 + size).ln();
        row[const { at("is_test") }] = is(look.is_test);
        row[const { at("is_prose") }] = is(look.is_prose);
        row[const { at("is_data") }] = is(look.is_data);
        row[const { at("is_aside") }] = is(look.is_aside);
        row[const { at("is_generated") }] = is(look.is_generated || is_machine_made(file));
        row[const { at("not_code") }] = is(!look.is_code);
        if file.barred.is_some() {
            f64::NEG_INFINITY
        } else {
            model.logit(row)
        }
    };
    let rows_by_idx = rows.par_iter_mut().enumerate().with_min_len(MIN_FILES);
    let logits: Vec<f64> = rows_by_idx.map(fill).collect();
    let p = if logits.iter().all(|l| *l == f64::NEG_INFINITY) {
        vec![0.0; n]
    } else {
        softmax(&logits)
    };
    let mut order: Vec<usize> = ranking(&p)
        .into_iter()
        .filter(|&idx| files[idx].barred.is_none())
        .collect();
    take_turns(&mut order, &folders, &p);
    Ranked {
        rows,
        p,
        recency,
        order,
        history: file_history,
        named,
        pointed: Vec::new(),
    }
}

/// Puts columns into rows. Of a million files a column is 8 MB, so that all at once are too many; one at a time they pass over the rows
/// too often.
fn put(rows: &mut [FileRow], mut columns: Vec<(usize, Vec<f64>)>) {
    for (feature, column) in &mut columns {
        if *feature < N_FILE_SIGNALS {
            normalise(column);
        }
    }
    let rows = rows.par_iter_mut().enumerate().with_min_len(MIN_FILES);
    rows.for_each(|(idx, row)| {
        for (feature, column) in &columns {
            row[*feature] = column[idx];
        }
    });
}

/// Term counts per file and what BM25F needs of them.
struct Lexical {
    n_files: usize,
    /// Of [`PER_PART`] files each.
    parts: Vec<Part>,
    df: Vec<u32>,
    path_df: Vec<u32>,
    segments: Segments,
    /// Files that have word pairs in strings, and files that define names, of those that are looked for; ascending.
    with_strings: Vec<u32>,
    with_names: Vec<u32>,
}

/// All segments of all files.
#[derive(Default)]
struct Segments {
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
    fn new(query: &Query, files: &[File], folders: &Folders<'_>) -> Self {
        let n_terms = query.vocabulary.len();
        let names = folders.names.par_iter().with_min_len(MIN_FILES);
        let by_folder: Vec<PathTerms> = names.map(|name| of_folder(query, name)).collect();
        let none = || Self {
            n_files: 0,
            parts: Vec::new(),
            df: vec![0; n_terms],
            path_df: vec![0; n_terms],
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
        self.segments.n += other.segments.n;
        self.segments.length += other.segments.length;
        self.n_files += other.n_files;
        self.parts.append(&mut other.parts);
        self.with_strings.append(&mut other.with_strings);
        self.with_names.append(&mut other.with_names);
        self
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.parts.iter().flat_map(|part| &part.places)
    }

    fn average_path(&self) -> f64 {
        let sum: f64 = self.places().map(|place| place.path_length).sum();
        sum / self.n_files.max(1) as f64
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

    fn bm25f(&self, weights: [&[f64]; 3]) -> [Vec<f64>; 3] {
        let n = self.n_files;
        let mut average = [0.0; N_FIELDS];
        for place in self.places() {
            for (sum, &length) in average.iter_mut().zip(&place.lengths) {
                *sum += f64::from(length) / n as f64;
            }
        }
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
    fn path_bm25(&self, weights: &[f64]) -> Vec<f64> {
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
    fn references(&self, query: &Query) -> Vec<f64> {
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

/// The `n` largest of `values`, largest first, ties by index.
fn best(values: &[f64], n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let by_value = |a: &usize, b: &usize| values[*b].total_cmp(&values[*a]).then(a.cmp(b));
    if n < order.len() {
        order.select_nth_unstable_by(n, by_value);
        order.truncate(n);
    }
    order.sort_by(by_value);
    order
}

/// Sum of the three best segments' BM25, and the best, per file. Files have `n_segments` segments of `length` terms in all, of which
/// `df` hold each term.
fn best_segments(
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
fn strings(query: &Query, files: &[File], some: &[u32]) -> Vec<f64> {
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
fn defines(query: &Query, files: &[File], some: &[u32]) -> Vec<f64> {
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

/// Files that the task names: longest common suffix with a path, at most three sharing it. In order of mention.
fn resolve_paths(mentions: &[PathMention], files: &[File]) -> Vec<(usize, Vec<u32>)> {
    if mentions.is_empty() {
        return Vec::new();
    }
    let mut by_name: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (idx, file) in files.iter().enumerate() {
        by_name
            .entry(file.path.rsplit('/').next().unwrap_or(&file.path))
            .or_default()
            .push(idx);
    }
    let mut named: Vec<(usize, Vec<u32>)> = Vec::new();
    for mention in mentions {
        let parts: Vec<&str> = mention
            .path
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        let Some(candidates) = parts.last().and_then(|name| by_name.get(name)) else {
            continue;
        };
        let common = |idx: usize| {
            files[idx]
                .path
                .rsplit('/')
                .zip(parts.iter().rev())
                .take_while(|(a, b)| a == *b)
                .count()
        };
        let best = candidates.iter().map(|&idx| common(idx)).max().unwrap_or(0);
        let matched: Vec<usize> = candidates
            .iter()
            .copied()
            .filter(|&idx| common(idx) == best)
            .collect();
        if best < parts.len().min(2) || matched.len() > 3 {
            continue;
        }
        for idx in matched {
            match named.iter_mut().find(|(known, _)| *known == idx) {
                Some((_, lines)) => lines.extend(&mention.lines),
                None => named.push((idx, mention.lines.clone())),
            }
        }
    }
    named
}

/// Long lines by the thousand: minified or generated.
fn is_machine_made(file: &File) -> bool {
    file.scan.n_lines > 0 && file.scan.n_bytes / file.scan.n_lines.max(1) > 300
}
