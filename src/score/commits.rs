//! What the history says of each file: the words of its commits, what changed with it, and how long ago.

use super::statistics::{idf, length_norm, normalise, saturate};
use crate::lexicon::Query;
use crate::lexicon::terms::TermIdx;
use crate::source::history::{Commit, History, MAX_FILES};

/// A commit's message weighs half after five years.
const MESSAGE_HALF_LIFE_DAYS: f64 = 1825.0;

/// A change made together weighs half after three years.
const COCHANGE_HALF_LIFE_DAYS: f64 = 1095.0;

const K1: f64 = 1.2;
const B: f64 = 0.6;

/// The history, seen from the files.
#[derive(Debug, Clone, Default)]
pub struct FileHistory {
    /// Unix seconds of the newest commit that touched it; 0 if none did.
    pub changed_at: Vec<i64>,
    /// The commits that touched each file.
    pub commits: CommitsOf,
    /// How much each commit's message is about the task: BM25 over the messages, relative to the best.
    pub about: Vec<f64>,
}

/// For each file the commits that touched it and not too many others, newest first: indexes into `History::commits`.
#[derive(Debug, Clone, Default)]
pub struct CommitsOf {
    /// Where those of a file begin; one more than there are files.
    begins: Vec<u32>,
    commits: Vec<u32>,
}

impl CommitsOf {
    /// Of `n_files` files, out of pairs of a file and a commit, newest first. O(files + pairs).
    fn new(n_files: usize, pairs: &[(u32, u32)]) -> Self {
        let mut begins = vec![0_u32; n_files + 1];
        for &(file, _) in pairs {
            begins[file as usize + 1] += 1;
        }
        for file in 0..n_files {
            begins[file + 1] += begins[file];
        }
        let mut next = begins.clone();
        let mut commits = vec![0; pairs.len()];
        for &(file, commit) in pairs {
            let at = &mut next[file as usize];
            commits[*at as usize] = commit;
            *at += 1;
        }
        Self { begins, commits }
    }

    /// Those of one file.
    pub fn of(&self, file: usize) -> &[u32] {
        &self.commits[self.begins[file] as usize..self.begins[file + 1] as usize]
    }

    fn n_files(&self) -> usize {
        self.begins.len().saturating_sub(1)
    }
}

/// The terms of a message, with how often.
type Terms = Vec<(TermIdx, f64)>;

/// Reads the history for `n_files` files against a query. The second half of the pair has for each file the BM25 of the messages of the
/// commits that touched it, weighted by age and by how many files they touched. O(words of messages + file changes).
pub fn read(history: &History, n_files: usize, query: &Query, now: i64) -> (FileHistory, Vec<f64>) {
    let mut changed_at = vec![0_i64; n_files];
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    let mut messages: Vec<(Terms, f64)> = Vec::with_capacity(history.commits.len());
    let mut weights: Vec<f64> = Vec::with_capacity(history.commits.len());
    let hits = history.hits(query);
    for ((commit, hits), idx) in history.commits.iter().zip(hits).zip(0..) {
        let is_telling = commit.n_files <= MAX_FILES;
        let n_before = pairs.len();
        for file in history.files(commit) {
            changed_at[file as usize] = changed_at[file as usize].max(commit.time);
            if is_telling {
                pairs.push((file, idx));
            }
        }
        if pairs.len() == n_before {
            messages.push((Vec::new(), 0.0));
            weights.push(0.0);
            continue;
        }
        let age = decay(now - commit.time, MESSAGE_HALF_LIFE_DAYS);
        weights.push(age / (commit.n_files as f64).sqrt());
        let n_words = f64::from(history.n_words(commit));
        messages.push((hits, n_words));
    }
    let commits = CommitsOf::new(n_files, &pairs);
    let by_message = by_message(&commits, &messages, &weights, query);
    let about = about(&messages, query);
    let history = FileHistory {
        changed_at,
        commits,
        about,
    };
    (history, by_message)
}

/// BM25 of the messages about each file, of which each counts by its weight.
fn by_message(
    commits: &CommitsOf,
    messages: &[(Terms, f64)],
    weights: &[f64],
    query: &Query,
) -> Vec<f64> {
    /// What is said of one file.
    struct Said {
        file: usize,
        length: f64,
        terms: Terms,
    }
    let n_terms = query.vocabulary.len();
    let mut df = vec![0_u32; n_terms];
    // by term, and of which file that is
    let (mut tf, mut met) = (vec![0.0; n_terms], vec![usize::MAX; n_terms]);
    let mut said: Vec<Said> = Vec::new();
    for file in 0..commits.n_files() {
        let commits = commits.of(file);
        if commits.is_empty() {
            continue;
        }
        let mut length = 0.0;
        let mut terms: Terms = Vec::new();
        for &commit in commits {
            let (found, n_words) = &messages[commit as usize];
            let weight = weights[commit as usize];
            length += n_words * weight;
            for &(term, n) in found {
                let at = term as usize;
                if met[at] != file {
                    (met[at], tf[at]) = (file, 0.0);
                    terms.push((term, 0.0));
                }
                tf[at] += n * weight;
            }
        }
        terms.sort_unstable_by_key(|&(term, _)| term);
        for (term, n) in &mut terms {
            df[*term as usize] += 1;
            *n = tf[*term as usize];
        }
        said.push(Said {
            file,
            length,
            terms,
        });
    }
    let n_documents = said.iter().filter(|it| it.length > 0.0).count();
    let average = match n_documents {
        0 => 0.0,
        n => said.iter().map(|it| it.length).sum::<f64>() / n as f64,
    };
    let mut scores = vec![0.0; commits.n_files()];
    for it in said.iter().filter(|it| !it.terms.is_empty()) {
        let norm = length_norm(it.length, average, B);
        let gain = |&(term, n): &(TermIdx, f64)| {
            let idf = idf(n_documents, df[term as usize]);
            query.joint[term as usize] * idf * saturate(n / norm, K1)
        };
        scores[it.file] = it.terms.iter().map(gain).sum();
    }
    scores
}

/// BM25 of each message (its terms, its words) over all of them, relative to the best.
fn about(messages: &[(Terms, f64)], query: &Query) -> Vec<f64> {
    let mut df = vec![0_u32; query.vocabulary.len()];
    for &(term, _) in messages.iter().flat_map(|(terms, _)| terms) {
        df[term as usize] += 1;
    }
    let n = messages.len();
    let average = messages.iter().map(|(_, words)| words).sum::<f64>() / n.max(1) as f64;
    let bm25 = |(terms, words): &(Terms, f64)| {
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
    let mut score = vec![0.0; files.commits.n_files()];
    if seeds
        .iter()
        .all(|&(seed, _)| files.commits.of(seed).is_empty())
    {
        return score;
    }
    let weight =
        |commit: &Commit| decay(now - commit.time, COCHANGE_HALF_LIFE_DAYS) / commit.n_files as f64;
    let weights: Vec<f64> = history.commits.iter().map(weight).collect();
    let total = |file: usize| {
        let commits = files.commits.of(file).iter();
        commits.map(|&idx| weights[idx as usize]).sum()
    };
    let total: Vec<f64> = (0..score.len()).map(total).collect();
    for &(seed, seed_weight) in seeds {
        for &idx in files.commits.of(seed) {
            let w = weights[idx as usize];
            for file in history.files(&history.commits[idx as usize]) {
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
