//! BM25 and friends: the few formulas that every score is made of.

use rayon::prelude::*;

/// Inverse document frequency of a term that stands in `df` of `n` documents; > 0.
///
/// Robertson and Zaragoza 2009, with the 1 inside the logarithm that keeps it positive (Lucene).
pub fn idf(n: usize, df: u32) -> f64 {
    (1.0 + (n as f64 - f64::from(df) + 0.5) / (f64::from(df) + 0.5)).ln()
}

/// Saturated term frequency: `tf (k1 + 1) / (tf + k1)`.
pub fn saturate(tf: f64, k1: f64) -> f64 {
    if tf <= 0.0 {
        0.0
    } else {
        tf * (k1 + 1.0) / (tf + k1)
    }
}

/// Length normalisation: `1 - b + b length / average`.
pub fn length_norm(length: f64, average: f64, b: f64) -> f64 {
    if average <= 0.0 {
        1.0
    } else {
        1.0 - b + b * length / average
    }
}

/// Divides by the largest value, so that the best is 1; leaves all-zero columns alone.
pub fn normalise(values: &mut [f64]) {
    let max = values.iter().copied().fold(0.0, f64::max);
    if max > 0.0 {
        for value in values {
            *value /= max;
        }
    }
}

/// Softmax of logits; empty in, empty out.
pub fn softmax(logits: &[f64]) -> Vec<f64> {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exps: Vec<f64> = logits.iter().map(|logit| (logit - max).exp()).collect();
    let sum: f64 = exps.iter().sum();
    exps.into_iter().map(|e| e / sum).collect()
}

/// Indexes of `values`, largest first; ties by index.
pub fn ranking(values: &[f64]) -> Vec<usize> {
    // by value and place side by side: of a large tree each look into `values` would be one into memory
    let keyed = values.iter().enumerate().map(|(idx, &value)| (value, idx));
    let mut keyed: Vec<(f64, usize)> = keyed.collect();
    keyed.par_sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    keyed.into_iter().map(|(_, idx)| idx).collect()
}
