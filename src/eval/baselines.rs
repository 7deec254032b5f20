//! What ctxpack is measured against: whole files in some order until the budget is spent. What does not fit is passed over.
//!
//! In their favour, files are counted without any frame, and only such files are taken as could be gold at all: no tests,
//! documentation, lock files or generated code.

use super::commits::could_be_gold;
use crate::lexicon::terms::TermIdx;
use crate::score::Survey;
use crate::score::statistics::{idf, length_norm, ranking, saturate};
use rustc_hash::FxHashMap;

const K1: f64 = 1.2;
const B: f64 = 0.75;

/// Less than this many tokens hold no file worth looking for.
const LEFT_OVER: usize = 50;

/// Files by flat BM25 of all their words, best first: no fields, no history, no paths; each word of the task counts once.
pub fn by_words(survey: &Survey) -> Vec<usize> {
    let n = survey.files.len();
    let length = |idx: usize| f64::from(survey.files[idx].scan.lengths.iter().sum::<u32>());
    let average = (0..n).map(length).sum::<f64>() / n.max(1) as f64;
    let vocabulary = &survey.query.vocabulary;
    let mut df = vec![0_u32; vocabulary.len()];
    let counts: Vec<Vec<(TermIdx, f64)>> = survey
        .files
        .iter()
        .map(|file| {
            let mut counts: FxHashMap<TermIdx, f64> = FxHashMap::default();
            for hit in &file.scan.hits {
                // whole identifiers repeat the words that they are made of
                if !vocabulary.name(hit.term_idx).starts_with('=') {
                    *counts.entry(hit.term_idx).or_default() += f64::from(hit.count);
                }
            }
            let mut counts: Vec<(TermIdx, f64)> = counts.into_iter().collect();
            counts.sort_unstable_by_key(|(term, _)| *term);
            counts
        })
        .collect();
    for (term, _) in counts.iter().flatten() {
        df[*term as usize] += 1;
    }
    let score = |idx: usize| -> f64 {
        let norm = length_norm(length(idx), average, B);
        counts[idx]
            .iter()
            .map(|&(term, tf)| idf(n, df[term as usize]) * saturate(tf / norm, K1))
            .sum()
    };
    let scores: Vec<f64> = (0..n).map(score).collect();
    shown(survey, ranking(&scores))
}

/// Files by their last change, newest first; ties by path.
pub fn by_recency(survey: &Survey) -> Vec<usize> {
    let changed_at = &survey.ranked.history.changed_at;
    let mut order: Vec<usize> = (0..survey.files.len()).collect();
    order.sort_by_key(|&idx| (std::cmp::Reverse(changed_at[idx]), idx));
    shown(survey, order)
}

/// Files by how many earlier commits changed them together with one of `seeds`; ties by last change.
pub fn by_cochange(survey: &Survey, seeds: &[usize]) -> Vec<usize> {
    let history = &survey.ranked.history;
    let mut commits: Vec<u32> = seeds
        .iter()
        .flat_map(|&seed| history.commits.of(seed).iter().copied())
        .collect();
    commits.sort_unstable();
    commits.dedup();
    let together = |idx: usize| {
        let of_file = history.commits.of(idx).iter();
        of_file
            .filter(|at| commits.binary_search(at).is_ok())
            .count()
    };
    let mut order: Vec<usize> = (0..survey.files.len()).collect();
    order.sort_by_key(|&idx| {
        let key = (together(idx), history.changed_at[idx]);
        (std::cmp::Reverse(key), idx)
    });
    shown(survey, order)
}

fn shown(survey: &Survey, mut order: Vec<usize>) -> Vec<usize> {
    order.retain(|&idx| {
        let file = &survey.files[idx];
        file.barred.is_none() && could_be_gold(&file.path)
    });
    order
}

/// The files of `order` that are taken at a budget. `tokens` counts a file.
pub fn take(
    survey: &Survey,
    order: &[usize],
    budget: usize,
    tokens: &dyn Fn(usize) -> usize,
) -> Vec<usize> {
    let mut left = budget;
    let mut taken = Vec::new();
    for &idx in order {
        if left < LEFT_OVER {
            break;
        }
        // no text has 16 bytes a token: counting it would be for nothing
        if survey.files[idx].n_bytes > left as u64 * 16 {
            continue;
        }
        let cost = tokens(idx);
        if cost <= left {
            left -= cost;
            taken.push(idx);
        }
    }
    taken
}
