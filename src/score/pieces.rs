//! The costly pass: the shortlist, parsed and cut into pieces, each with its probability of holding the place of the work.
//!
//! A *segment* is what has a name of its own: a function, a type with what it holds outside its methods, the rest of a file. A
//! *piece* is a run of a segment's lines short enough to be shown by itself.

use super::cut::{self, cut, windows};
use super::files::Ranked;
use super::hunks::SegmentHistory;
use super::model::PieceModel;
use super::statistics::{idf, length_norm, saturate, softmax};
use crate::error::Warning;
use crate::language::{Definition, Outline};
use crate::lexicon::scan::{Scanner, Scanners};
use crate::lexicon::terms::{TermIdx, each_term};
use crate::lexicon::{Field, Query, Syntax, words_by_line};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// Names of the features of a segment, in the order of [`PieceRow`]. What each is stands beside its weight in `weights.toml`.
pub const PIECE_FEATURES: [&str; 18] = [
    "bm25",
    "bm25_code",
    "name_words",
    "name_mention",
    "parent_mention",
    "frame",
    "bm25_in_file",
    "body_in_file",
    "called",
    "messages",
    "changes",
    "body",
    "file_p",
    "n_pieces",
    "size",
    "is_header",
    "recency",
    "n_commits",
];

/// How many of them, from the first, never speak against a segment.
pub const N_PIECE_SIGNALS: usize = at("changes") + 1;

/// Where a feature stands in a row.
const fn at(feature: &str) -> usize {
    super::model::index_of(&PIECE_FEATURES, feature)
}

/// One segment's features.
pub type PieceRow = [f64; PIECE_FEATURES.len()];

/// A file of the shortlist, read and parsed.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Index into the files.
    pub file_idx: usize,
    /// Its text.
    pub text: String,
    /// How its text divides into code, comments and strings.
    pub syntax: Syntax,
    /// What it defines.
    pub outline: Outline,
    /// How many tokens begin on each of its lines, by the tokenizer of the survey.
    pub line_tokens: Vec<u32>,
    /// What a reader should know of its text, where that is shown.
    pub odd: Vec<Warning>,
}

/// A run of lines that is shown or left out as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// First and last line, 1-based inclusive.
    pub lines: (u32, u32),
    /// Index into [`Pieces::segments`].
    pub segment_idx: usize,
    /// P(this piece holds a place of the work), over all pieces of the shortlist.
    pub p: f64,
    /// Share of the file's own probability, over its pieces.
    pub share: f64,
}

/// A named part of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Index into the shortlist.
    pub opened_idx: usize,
    /// The definition, or none for the rest of the file.
    pub definition_idx: Option<usize>,
    /// Runs of its own lines.
    pub runs: Vec<(u32, u32)>,
}

/// The shortlist, cut and scored.
#[derive(Debug, Clone)]
pub struct Pieces {
    /// All segments, file by file.
    pub segments: Vec<Segment>,
    /// Features of each segment.
    pub rows: Vec<PieceRow>,
    /// For each file of the shortlist its pieces, by line.
    pub by_file: Vec<Vec<Piece>>,
}

const K1: f64 = 1.2;
const B: f64 = 0.6;

/// Cuts and scores the shortlist; `opened` in order of P(file). `past` tells what the history says of its segments.
/// O(bytes of the shortlist).
pub fn score(
    query: &Query,
    ranked: &Ranked,
    opened: &[Opened],
    past: &(dyn Fn(&[Segment]) -> Vec<SegmentHistory> + Sync),
    model: &PieceModel,
) -> Pieces {
    let by_opened: Vec<Vec<Segment>> = opened
        .par_iter()
        .enumerate()
        .map(|(opened_idx, file)| cut(opened_idx, &file.text, &file.outline))
        .collect();
    let segments = by_opened.concat();
    let (past, read) = rayon::join(
        || past(&segments),
        || {
            let scanners = Scanners::new(query);
            let read = |(file, segments): (&Opened, &Vec<Segment>)| {
                scanners.with(|scanner| read(query, scanner, file, segments))
            };
            // one by one: the likeliest files are often the longest
            let files = opened.par_iter().zip(&by_opened).with_max_len(1);
            files.map(read).collect::<Vec<Read>>()
        },
    );
    let mut counts: Vec<Counts> = Vec::new();
    let mut line_weights: Vec<Vec<f64>> = Vec::new();
    for file in read {
        counts.extend(file.counts);
        line_weights.push(file.line_weights);
    }
    let mut rows = features(query, ranked, opened, &segments, &counts, &past);
    let logits =
        |rows: &[PieceRow]| -> Vec<f64> { rows.iter().map(|row| model.logit(row)).collect() };
    // who is called by the best: "best" by all that is known but this
    let called = called(&logits(&rows), &segments, opened);
    for (row, called) in rows.iter_mut().zip(called) {
        row[const { at("called") }] = called;
    }
    let mut joint = softmax(&logits(&rows));
    point(&mut joint, ranked, opened, &segments);
    let paragraphs: Vec<OnceLock<Vec<u32>>> = opened.iter().map(|_| OnceLock::new()).collect();
    let all_windows: Vec<Vec<(u32, u32)>> = segments
        .par_iter()
        .map(|segment| {
            let file = &opened[segment.opened_idx];
            let paragraphs = &paragraphs[segment.opened_idx];
            let paragraphs = || &paragraphs.get_or_init(|| cut::paragraphs(&file.text))[..];
            windows(&segment.runs, &file.outline, &paragraphs)
        })
        .collect();
    let mut by_file: Vec<Vec<Piece>> = vec![Vec::new(); opened.len()];
    for ((segment_idx, segment), windows) in segments.iter().enumerate().zip(all_windows) {
        let weights = &line_weights[segment.opened_idx];
        let heat: Vec<f64> = windows
            .iter()
            .map(|&(first, last)| {
                let n_lines = f64::from(last - first + 1);
                let sum: f64 = weights[first as usize..=(last as usize).min(weights.len() - 1)]
                    .iter()
                    .sum();
                sum / n_lines * n_lines.sqrt()
            })
            .collect();
        let heat_sum: f64 = heat.iter().sum();
        let n_lines: f64 = windows
            .iter()
            .map(|&(first, last)| f64::from(last - first + 1))
            .sum();
        for (&(first, last), heat) in windows.iter().zip(heat) {
            let by_lines = f64::from(last - first + 1) / n_lines;
            let share = if heat_sum > 0.0 {
                2.0 / 3.0 * heat / heat_sum + by_lines / 3.0
            } else {
                by_lines
            };
            by_file[segment.opened_idx].push(Piece {
                lines: (first, last),
                segment_idx,
                p: joint[segment_idx] * share,
                share: 0.0,
            });
        }
    }
    for pieces in &mut by_file {
        pieces.sort_by_key(|piece| piece.lines);
        let sum: f64 = pieces.iter().map(|piece| piece.p).sum();
        for piece in pieces.iter_mut() {
            piece.share = if sum > 0.0 { piece.p / sum } else { 0.0 };
        }
    }
    Pieces {
        segments,
        rows,
        by_file,
    }
}

/// What the query has in a file.
struct Read {
    /// For each segment.
    counts: Vec<Counts>,
    line_weights: Vec<f64>,
}

fn read(query: &Query, scanner: &mut Scanner<'_>, file: &Opened, segments: &[Segment]) -> Read {
    let (scan, line_hits) = scanner.scan_lines(&file.text, &file.syntax);
    let mut owner = vec![usize::MAX; scan.n_lines as usize + 1];
    for (idx, segment) in segments.iter().enumerate() {
        for &(first, last) in &segment.runs {
            owner[first as usize..=(last as usize).min(scan.n_lines as usize)].fill(idx);
        }
    }
    let mut counts = vec![Counts::default(); segments.len()];
    for &(line, term, field) in line_hits {
        let owner = owner.get(line as usize);
        if let Some(count) = owner.and_then(|&idx| counts.get_mut(idx)) {
            count.add(term, field);
        }
    }
    for (idx, n_words) in words_by_line(&file.text).into_iter().enumerate() {
        let owner = owner.get(idx + 1);
        if let Some(count) = owner.and_then(|&idx| counts.get_mut(idx)) {
            count.n_lines += 1;
            count.length += f64::from(n_words);
        }
    }
    Read {
        counts,
        line_weights: line_weights_of(query, line_hits, scan.n_lines),
    }
}

/// Mixes what is remembered into the probabilities of segments, as [`Ranked::point`] does into those of files: what is named in a file
/// has the file's share, or else all of the file.
fn point(joint: &mut [f64], ranked: &Ranked, opened: &[Opened], segments: &[Segment]) {
    let mut shares = vec![0.0; joint.len()];
    for pointed in &ranked.pointed {
        let of_file = |at: &usize| opened[segments[*at].opened_idx].file_idx == pointed.file_idx;
        let is_named = |at: &usize| {
            definition(&segments[*at], opened)
                .is_some_and(|definition| pointed.names.contains(&definition.name))
        };
        let all: Vec<usize> = (0..segments.len()).filter(of_file).collect();
        let named: Vec<usize> = all.iter().copied().filter(is_named).collect();
        let meant = if named.is_empty() { all } else { named };
        let sum: f64 = meant.iter().map(|&at| joint[at]).sum();
        for &at in &meant {
            shares[at] += pointed.share
                * if sum > 0.0 {
                    joint[at] / sum
                } else {
                    1.0 / meant.len() as f64
                };
        }
    }
    let rest = 1.0 - shares.iter().sum::<f64>();
    for (joint, share) in joint.iter_mut().zip(shares) {
        *joint = *joint * rest + share;
    }
}

#[derive(Debug, Clone, Default)]
struct Counts {
    terms: FxHashMap<TermIdx, Found>,
    length: f64,
    n_lines: u32,
}

/// How often a term stands in a segment.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    /// Anywhere; three times in the name.
    all: f64,
    /// Outside the name.
    body: f64,
    /// In identifiers, the name among them.
    code: f64,
}

impl Counts {
    fn add(&mut self, term: TermIdx, field: Field) {
        let found = self.terms.entry(term).or_default();
        match field {
            Field::Definition => {
                found.all += 3.0;
                found.code += 1.0;
            }
            Field::Identifier => {
                found.all += 1.0;
                found.body += 1.0;
                found.code += 1.0;
            }
            Field::Comment | Field::String => {
                found.all += 1.0;
                found.body += 1.0;
            }
        }
    }

    fn sorted(&self) -> Vec<(TermIdx, Found)> {
        let mut terms: Vec<_> = self.terms.iter().map(|(&term, &n)| (term, n)).collect();
        terms.sort_unstable_by_key(|&(term, _)| term);
        terms
    }
}

fn line_weights_of(query: &Query, hits: &[(u32, TermIdx, Field)], n_lines: u32) -> Vec<f64> {
    let mut df: FxHashMap<TermIdx, u32> = FxHashMap::default();
    for &(_, term, _) in hits {
        *df.entry(term).or_default() += 1;
    }
    let mut weights = vec![0.0; n_lines as usize + 2];
    for &(line, term, _) in hits {
        weights[line as usize] +=
            query.joint[term as usize] * idf(n_lines as usize, df[&term].min(n_lines));
    }
    weights
}

fn features(
    query: &Query,
    ranked: &Ranked,
    opened: &[Opened],
    segments: &[Segment],
    counts: &[Counts],
    past: &[SegmentHistory],
) -> Vec<PieceRow> {
    let n = segments.len();
    let mut df = vec![0_u32; query.vocabulary.len()];
    for count in counts {
        for &term in count.terms.keys() {
            df[term as usize] += 1;
        }
    }
    let idfs: Vec<f64> = df.iter().map(|&df| idf(n, df)).collect();
    let average = counts.iter().map(|count| count.length).sum::<f64>() / n.max(1) as f64;
    let mut columns: Vec<Vec<f64>> = vec![vec![0.0; n]; PIECE_FEATURES.len()];
    for (idx, count) in counts.iter().enumerate() {
        let norm = length_norm(count.length, average, B);
        for (term, found) in count.sorted() {
            let weight = query.joint[term as usize] * idfs[term as usize];
            columns[const { at("bm25") }][idx] += weight * saturate(found.all / norm, K1);
            columns[const { at("bm25_code") }][idx] += weight * saturate(found.code / norm, K1);
            columns[const { at("body") }][idx] += weight * saturate(found.body / norm, K1);
        }
    }
    for (idx, past) in past.iter().enumerate() {
        columns[const { at("messages") }][idx] = past.messages;
        columns[const { at("changes") }][idx] = past.shares;
        columns[const { at("recency") }][idx] = past.recency;
        columns[const { at("n_commits") }][idx] = past.n_commits.ln_1p();
    }
    let names = names(segments, opened);
    let mut name_df: FxHashMap<&str, f64> = FxHashMap::default();
    for name in names.iter().filter(|name| !name.is_empty()) {
        *name_df.entry(name).or_default() += 1.0;
    }
    let mentioned: FxHashMap<&str, f64> = query
        .mentions
        .identifiers
        .iter()
        .map(|identifier| {
            (
                identifier.name.as_str(),
                if identifier.code_like { 1.0 } else { 0.5 },
            )
        })
        .collect();
    let framed: Vec<&str> = query
        .mentions
        .identifiers
        .iter()
        .filter(|identifier| identifier.in_frame)
        .map(|identifier| identifier.name.as_str())
        .collect();
    for (idx, segment) in segments.iter().enumerate() {
        let file = &opened[segment.opened_idx];
        if !names[idx].is_empty() {
            let mut sum = 0.0;
            let mut n_words = 0.0_f64;
            each_term(names[idx].as_bytes(), |term| {
                if term[0] != b'=' {
                    n_words += 1.0;
                    if let Some(term) = query.vocabulary.get(term) {
                        sum += query.joint[term as usize] * idfs[term as usize];
                    }
                }
            });
            columns[const { at("name_words") }][idx] = sum / n_words.max(1.0).sqrt();
            columns[const { at("name_mention") }][idx] = mentioned
                .get(names[idx])
                .map_or(0.0, |weight| weight / name_df[names[idx]].sqrt());
            columns[const { at("frame") }][idx] = f64::from(u8::from(framed.contains(&names[idx])));
        }
        let mut parent = definition(segment, opened).and_then(|d| d.parent);
        while let Some(parent_idx) = parent {
            let around = &file.outline.definitions[parent_idx];
            if mentioned.contains_key(around.name.as_str()) {
                columns[const { at("parent_mention") }][idx] = 1.0;
            }
            parent = around.parent;
        }
        if let Some((_, lines)) = ranked
            .named
            .iter()
            .find(|(file_idx, _)| *file_idx == file.file_idx)
            && lines.iter().any(|line| {
                segment
                    .runs
                    .iter()
                    .any(|&(first, last)| (first..=last).contains(line))
            })
        {
            columns[const { at("frame") }][idx] = 1.0;
        }
        let kind = definition(segment, opened).map(|d| d.kind);
        columns[const { at("size") }][idx] = (1.0 + counts[idx].length).ln();
        columns[const { at("is_header") }][idx] =
            f64::from(u8::from(kind.is_some_and(|kind| !kind.is_callable())));
        columns[const { at("file_p") }][idx] = ranked.p[file.file_idx].max(1e-9).ln();
    }
    let mut n_in_file = vec![0_u32; opened.len()];
    let mut best = vec![(0.0_f64, 0.0_f64); opened.len()];
    for (idx, segment) in segments.iter().enumerate() {
        n_in_file[segment.opened_idx] += 1;
        let best = &mut best[segment.opened_idx];
        *best = (
            best.0.max(columns[const { at("bm25") }][idx]),
            best.1.max(columns[const { at("body") }][idx]),
        );
    }
    for (idx, segment) in segments.iter().enumerate() {
        let (all, body) = best[segment.opened_idx];
        columns[const { at("bm25_in_file") }][idx] = if all > 0.0 {
            columns[const { at("bm25") }][idx] / all
        } else {
            0.0
        };
        columns[const { at("body_in_file") }][idx] = if body > 0.0 {
            columns[const { at("body") }][idx] / body
        } else {
            0.0
        };
        columns[const { at("n_pieces") }][idx] = f64::from(n_in_file[segment.opened_idx]).ln();
    }
    for feature in const {
        [
            at("bm25"),
            at("bm25_code"),
            at("name_words"),
            at("name_mention"),
            at("body"),
            at("messages"),
            at("changes"),
        ]
    } {
        super::statistics::normalise(&mut columns[feature]);
    }
    (0..n)
        .map(|idx| std::array::from_fn(|feature| columns[feature][idx]))
        .collect()
}

/// Callers that are looked at.
const MAX_CALLERS: usize = 15;

/// How much the best segments (by `logits`) call each segment, by name; relative to the most called.
fn called(logits: &[f64], segments: &[Segment], opened: &[Opened]) -> Vec<f64> {
    let names = names(segments, opened);
    let mut by_name: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (idx, name) in names.iter().enumerate() {
        if !name.is_empty() {
            by_name.entry(name).or_default().push(idx);
        }
    }
    let mut scores = vec![0.0; segments.len()];
    let order = super::statistics::ranking(logits);
    for (rank, &caller) in order.iter().take(MAX_CALLERS).enumerate() {
        let segment = &segments[caller];
        let inside = |line: u32| {
            let mut runs = segment.runs.iter();
            runs.any(|&(first, last)| (first..=last).contains(&line))
        };
        let references = &opened[segment.opened_idx].outline.references;
        let mut callees: Vec<&str> = references
            .iter()
            .filter(|reference| inside(reference.line))
            .map(|reference| reference.name.as_str())
            .collect();
        callees.sort_unstable();
        callees.dedup();
        for callee in callees.iter().filter_map(|name| by_name.get(name)) {
            for &idx in callee.iter().filter(|&&idx| idx != caller) {
                scores[idx] += 1.0 / (1.0 + rank as f64) / callee.len() as f64;
            }
        }
    }
    super::statistics::normalise(&mut scores);
    scores
}

/// The name of each segment; empty for the rest of a file.
fn names<'a>(segments: &[Segment], opened: &'a [Opened]) -> Vec<&'a str> {
    let name = |segment| definition(segment, opened).map_or("", |d| d.name.as_str());
    segments.iter().map(name).collect()
}

/// The names of all segments with their probability.
pub fn names_with_p<'a>(
    pieces: &Pieces,
    opened: &'a [Opened],
) -> impl Iterator<Item = (&'a str, f64)> {
    let mut p = vec![0.0; pieces.segments.len()];
    for piece in pieces.by_file.iter().flatten() {
        p[piece.segment_idx] += piece.p;
    }
    names(&pieces.segments, opened).into_iter().zip(p)
}

fn definition<'a>(segment: &Segment, opened: &'a [Opened]) -> Option<&'a Definition> {
    Some(&opened[segment.opened_idx].outline.definitions[segment.definition_idx?])
}
