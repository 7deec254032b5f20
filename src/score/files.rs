//! The cheap pass: every file's features against the query, from its lexical profile, its path, the import graph and history.

use super::commits::{self, FileHistory};
use super::folders::{Folders, split};
use super::imports::ImportGraph;
use super::lexical::{Lexical, best_segments, defines, strings};
use super::look::Look;
use super::model::FileModel;
use super::pointed::Pointed;
use super::statistics::{normalise, ranking, softmax};
use super::tied::take_turns;
use crate::lexicon::Query;
use crate::lexicon::query::PathMention;
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

/// Files that the work is likeliest in by their words: what changed with them counts.
const N_SEEDS: usize = 10;

/// Files that are looked at on one core at least.
pub(super) const MIN_FILES: usize = 256;

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
    let (graph, (lexical, (file_history, messages))) = rayon::join(graph, || {
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
            (const { at("history") }, messages),
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
        .par_iter()
        .with_min_len(MIN_FILES)
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
