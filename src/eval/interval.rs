//! How far a mean can be trusted: a bootstrap interval.
//!
//! Recalls of single cases are shares that pile up at 0 and 1, so no normal distribution is assumed; resampling cases is honest
//! about that, and about how few they are.

/// Resamples drawn.
const N_SAMPLES: usize = 2000;

/// A mean with its 95 % interval, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Interval {
    /// The mean of the values.
    pub mean: f64,
    /// 2.5 % of resampled means are lower.
    pub low: f64,
    /// 2.5 % of resampled means are higher.
    pub high: f64,
}

/// The mean of `values` and its 95 % percentile-bootstrap interval; zeros where there are none.
///
/// For a paired comparison give the differences. O(n) for n values, times 2,000. Deterministic: the generator is seeded with a
/// constant.
pub fn interval(values: &[f64]) -> Interval {
    let n = values.len();
    if n == 0 {
        return Interval::default();
    }
    let mut state = 0x2545_f491_4f6c_dd1d_u64; // xorshift64
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        values[(state % n as u64) as usize]
    };
    let mut means: Vec<f64> = (0..N_SAMPLES)
        .map(|_| (0..n).map(|_| draw()).sum::<f64>() / n as f64)
        .collect();
    means.sort_by(f64::total_cmp);
    let tail = N_SAMPLES / 40;
    Interval {
        mean: values.iter().sum::<f64>() / n as f64,
        low: means[tail],
        high: means[N_SAMPLES - 1 - tail],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_alike_leaves_no_doubt() {
        for (values, mean) in [(&[][..], 0.0), (&[0.5], 0.5), (&[1.0; 30], 1.0)] {
            let expected = Interval {
                mean,
                low: mean,
                high: mean,
            };
            assert_eq!(interval(values), expected);
        }
    }

    /// Against the normal approximation, which is good for a hundred coins.
    #[test]
    fn coins_are_as_uncertain_as_they_are() {
        let values: Vec<f64> = (0..100).map(|i| f64::from(u8::from(i % 4 == 0))).collect();
        let found = interval(&values);
        let half = 1.96 * (0.25_f64 * 0.75 / 100.0).sqrt();
        assert_eq!(found.mean, 0.25);
        assert!((found.low - (0.25 - half)).abs() < 0.015, "{found:?}");
        assert!((found.high - (0.25 + half)).abs() < 0.015, "{found:?}");
        assert_eq!(interval(&values), found);
    }

    /// Intervals of samples of a known distribution hold its mean about as often as they say.
    #[test]
    fn nineteen_in_twenty_hold_the_truth() {
        let mut state = 7_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let n_held = (0..200)
            .filter(|_| {
                let values: Vec<f64> = (0..60).map(|_| random()).collect();
                let found = interval(&values);
                found.low <= 0.5 && 0.5 <= found.high
            })
            .count();
        assert!((180..=198).contains(&n_held), "{n_held} of 200");
    }
}
