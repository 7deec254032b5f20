//! What the history says of each file: the words of its commits, what changed with it, and how long ago.

use super::statistics::{idf, length_norm, normalise, saturate};
use crate::lexicon::Query;
use crate::lexicon::terms::TermIdx;
use crate::source::history::{History, MAX_FILES};
use rustc_hash::FxHashMap;

/// A commit's message weighs half after five years.
const MESSAGE_HALF_LIFE_DAYS: f64 = 1825.0;

/// A change made together weighs half after three years.
const COCHANGE_HALF_LIFE_DAYS: f64 = 1095.0;

const K1: f64 = 1.2;
const B: f64 = 0.6;

/// The history, seen from the files.
#[derive(Debug, Clone, Default)]
pub struct FileHistory {
    /// BM25 of the messages of the commits that touched the file, weighted by age and by how many files they touched.
    pub messages: Vec<f64>,
    /// Unix seconds of the newest commit that touched it; 0 if none did.
    pub changed_at: Vec<i64>,
    /// For each file the commits that touched it, newest first: indexes into `History::commits`.
    pub commits: Vec<Vec<u32>>,
    /// How much each commit's message is about the task: BM25 over the messages, relative to the best.
    pub about: Vec<f64>,
}

/// Reads the history for `n_files` files against a query. O(words of messages + file changes).
pub fn read(history: &History, n_files: usize, query: &Query, now: i64) -> FileHistory {
    let mut changed_at = vec![0_i64; n_files];
    let mut commits: Vec<Vec<u32>> = vec![Vec::new(); n_files];
    let mut tf: Vec<FxHashMap<TermIdx, f64>> = vec![FxHashMap::default(); n_files];
    let mut length = vec![0.0; n_files];
    let mut messages: Vec<(Vec<(TermIdx, f64)>, f64)> = Vec::with_capacity(history.commits.len());
    for (idx, commit) in history.commits.iter().enumerate() {
        for &file in &commit.files {
            changed_at[file as usize] = changed_at[file as usize].max(commit.time);
        }
        if commit.n_files > MAX_FILES || commit.files.is_empty() {
            messages.push((Vec::new(), 0.0));
            continue;
        }
        let weight =
            decay(now - commit.time, MESSAGE_HALF_LIFE_DAYS) / (commit.n_files as f64).sqrt();
        let n_words = f64::from(commit.words.n_words);
        let terms = commit.words.hits(query);
        for &file in &commit.files {
            commits[file as usize].push(idx as u32);
            length[file as usize] += n_words * weight;
            for &(term, n) in &terms {
                *tf[file as usize].entry(term).or_default() += n * weight;
            }
        }
        messages.push((terms, n_words));
    }
    let mut df: FxHashMap<TermIdx, u32> = FxHashMap::default();
    for terms in &tf {
        for &term in terms.keys() {
            *df.entry(term).or_default() += 1;
        }
    }
    let n_documents = length.iter().filter(|&&l| l > 0.0).count();
    let average = if n_documents == 0 {
        0.0
    } else {
        length.iter().sum::<f64>() / n_documents as f64
    };
    let about = about(&messages, query);
    let messages = tf
        .iter()
        .zip(&length)
        .map(|(terms, &length)| {
            let norm = length_norm(length, average, B);
            let mut terms: Vec<(TermIdx, f64)> =
                terms.iter().map(|(&term, &n)| (term, n)).collect();
            terms.sort_unstable_by_key(|&(term, _)| term);
            terms
                .iter()
                .map(|&(term, n)| {
                    query.joint[term as usize]
                        * idf(n_documents, df[&term])
                        * saturate(n / norm, K1)
                })
                .sum()
        })
        .collect();
    FileHistory {
        messages,
        changed_at,
        commits,
        about,
    }
}

/// BM25 of each message (its terms, its words) over all of them, relative to the best.
fn about(messages: &[(Vec<(TermIdx, f64)>, f64)], query: &Query) -> Vec<f64> {
    let mut df = vec![0_u32; query.vocabulary.len()];
    for &(term, _) in messages.iter().flat_map(|(terms, _)| terms) {
        df[term as usize] += 1;
    }
    let n = messages.len();
    let average = messages.iter().map(|(_, words)| words).sum::<f64>() / n.max(1) as f64;
    let bm25 = |(terms, words): &(Vec<(TermIdx, f64)>, f64)| {
        let norm = length_norm(*words, average, B);
        let gain = |&(term, tf): &(TermIdx, f64)| {
            query.joint[term as usize] * idf(n, df[term as usize]) * saturate(tf / norm, K1)
        };
        terms.iter().map(gain).sum()
    };
    let mut about: Vec<f64> = messages.iter().map(bm25).collect();
    normalise(&mut about);
    about
}

/// How much each file changed together with the `seeds` (file, weight): cosine-like, >= 0.
pub fn together(
    history: &History,
    files: &FileHistory,
    seeds: &[(usize, f64)],
    now: i64,
) -> Vec<f64> {
    let n_files = files.commits.len();
    let weight = |idx: u32| {
        let commit = &history.commits[idx as usize];
        decay(now - commit.time, COCHANGE_HALF_LIFE_DAYS) / commit.n_files as f64
    };
    let total: Vec<f64> = files
        .commits
        .iter()
        .map(|commits| commits.iter().map(|&idx| weight(idx)).sum())
        .collect();
    let mut score = vec![0.0; n_files];
    for &(seed, seed_weight) in seeds {
        for &idx in &files.commits[seed] {
            let w = weight(idx);
            for &file in &history.commits[idx as usize].files {
                let file = file as usize;
                if file != seed {
                    score[file] +=
                        seed_weight * w / ((total[seed] + 0.5) * (total[file] + 0.5)).sqrt();
                }
            }
        }
    }
    score
}

/// `2^(-age / half-life)`, 1 for the future.
pub fn decay(age_seconds: i64, half_life_days: f64) -> f64 {
    let days = age_seconds.max(0) as f64 / 86_400.0;
    (-days / half_life_days).exp2()
}
