//! Fits weights: one softmax a case, the target spread over what the real change touched.
//!
//! The loss is the cross-entropy between target and softmax, with an L2 penalty on weights scaled to unit variance. Weights of
//! features that can only speak for a candidate stay >= 0: a negative one would be fitting noise.

/// One case: rows of features and the target, which sums to 1.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// Features, one row a candidate.
    pub rows: Vec<Vec<f64>>,
    /// Share of the gold, one number a candidate.
    pub target: Vec<f64>,
}

/// Fits weights to lists by full-batch Adam, from `start` on. `free` names the features whose weight may be negative.
///
/// The penalty pulls towards `start`: zeros for weights from nothing, known weights where the lists are too few to
/// say much by themselves. `n_features` is the length of `start` and of every row.
///
/// O(rounds x rows x features). Deterministic.
pub fn fit(
    lists: &[List],
    start: &[f64],
    free: &dyn Fn(usize) -> bool,
    penalty: f64,
    n_rounds: usize,
) -> Vec<f64> {
    let n_features = start.len();
    let n_rows: f64 = lists
        .iter()
        .map(|list| list.rows.len())
        .sum::<usize>()
        .max(1) as f64;
    let mut mean = vec![0.0; n_features];
    let mut square = vec![0.0; n_features];
    for row in lists.iter().flat_map(|list| &list.rows) {
        for f in 0..n_features {
            mean[f] += row[f] / n_rows;
            square[f] += row[f] * row[f] / n_rows;
        }
    }
    let scale: Vec<f64> = (0..n_features)
        .map(|f| (square[f] - mean[f] * mean[f]).max(0.0).sqrt().max(1e-6))
        .collect();
    let start: Vec<f64> = start.iter().zip(&scale).map(|(w, s)| w * s).collect();
    let mut weights = start.clone(); // of scaled features
    let mut momentum = vec![0.0; n_features];
    let mut variance = vec![0.0; n_features];
    for round in 1..=n_rounds {
        use rayon::prelude::*;
        let per_unit: Vec<f64> = weights.iter().zip(&scale).map(|(w, s)| w / s).collect();
        let gradient = lists
            .par_iter()
            .map(|list| {
                let dot = |row: &Vec<f64>| row.iter().zip(&per_unit).map(|(x, w)| x * w).sum();
                let logits: Vec<f64> = list.rows.iter().map(dot).collect();
                let p = crate::score::statistics::softmax(&logits);
                let mut gradient = vec![0.0; n_features];
                for ((row, p), target) in list.rows.iter().zip(&p).zip(&list.target) {
                    let error = p - target;
                    // what is neither believed nor true moves nothing
                    if error.abs() > 1e-9 {
                        for (sum, x) in gradient.iter_mut().zip(row) {
                            *sum += error * x;
                        }
                    }
                }
                for (sum, scale) in gradient.iter_mut().zip(&scale) {
                    *sum /= scale;
                }
                gradient
            })
            .collect::<Vec<Vec<f64>>>();
        let rate = 0.05 * (1.0 - round as f64 / (n_rounds as f64 + 1.0)).max(0.02);
        for f in 0..n_features {
            let sum: f64 = gradient.iter().map(|g| g[f]).sum();
            let g = sum / lists.len().max(1) as f64 + penalty * (weights[f] - start[f]);
            momentum[f] = 0.9 * momentum[f] + 0.1 * g;
            variance[f] = 0.99 * variance[f] + 0.01 * g * g;
            let m = momentum[f] / (1.0 - 0.9_f64.powi(round as i32));
            let v = variance[f] / (1.0 - 0.99_f64.powi(round as i32));
            weights[f] -= rate * m / (v.sqrt() + 1e-8);
            if !free(f) {
                weights[f] = f64::max(weights[f], f64::min(start[f], 0.0));
            }
        }
    }
    weights.iter().zip(&scale).map(|(w, s)| w / s).collect()
}

/// The cross-entropy between the target of a case and what `weights` believe, in nats.
pub fn loss(list: &List, weights: &[f64]) -> f64 {
    let logit = |row: &Vec<f64>| row.iter().zip(weights).map(|(x, w)| x * w).sum();
    let logits: Vec<f64> = list.rows.iter().map(logit).collect();
    let p = crate::score::statistics::softmax(&logits);
    let gain = |(target, p): (&f64, &f64)| target * p.max(1e-12).ln();
    -list.target.iter().zip(&p).map(gain).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telling_feature_gets_the_weight() {
        let list = |gold: usize| List {
            rows: (0..10)
                .map(|i| vec![f64::from(u8::from(i == gold)), (i * 7 % 10) as f64 / 10.0])
                .collect(),
            target: (0..10).map(|i| f64::from(u8::from(i == gold))).collect(),
        };
        let lists: Vec<List> = (0..10).map(list).collect();
        let weights = fit(&lists, &[0.0, 0.0], &|_| false, 1e-3, 300);
        assert!(weights[0] > 3.0 && weights[1] < 1.0, "{weights:?}");
    }

    /// Few lists and a strong penalty leave weights where they were; many lists and a weak one do not.
    #[test]
    fn the_penalty_pulls_to_the_start() {
        let list = List {
            rows: vec![vec![1.0, 0.0], vec![0.0, 1.0]],
            target: vec![1.0, 0.0],
        };
        let start = [0.5, 2.0];
        let held = fit(std::slice::from_ref(&list), &start, &|_| true, 1e3, 200);
        let freed = fit(&[list], &start, &|_| true, 1e-4, 200);
        for f in 0..2 {
            assert!((held[f] - start[f]).abs() < 0.02, "{held:?}");
        }
        assert!(freed[0] > 1.0 && freed[1] < 1.0, "{freed:?}");
        assert_eq!(fit(&[], &start, &|_| true, 1.0, 10), start);
    }
}
