//! How probable it is that what is shown holds the place to change: the sum that a reader of a budget wants to know.
//!
//! The probabilities are those by which files and pieces were scored, held against what came true on real changes. Those of
//! pieces are about the shortlist alone; what the files outside it have of the probability is taken off. The value
//! that the solver adds up lost: it has parts that are no probability (a bonus for a first look at a file, a flattened share of
//! middling files), and what notes and sessions are worth.

use super::{Opened, Piece, Survey};

/// First and last line, 1-based inclusive.
type Range = (u32, u32);

/// P(the place to change is among the lines shown), in `[0, 1]`. `shown` has for each file of the shortlist the lines that are shown,
/// ascending and disjoint; a file past its end shows none. Never lower for more lines. O(pieces + ranges).
pub fn place(survey: &Survey, shown: &[Vec<Range>]) -> f64 {
    calibrate(raw_place(survey, shown), PLACE)
}

fn raw_place(survey: &Survey, shown: &[Vec<Range>]) -> f64 {
    let of_file = |(pieces, shown): (&Vec<Piece>, &Vec<Range>)| covered(pieces, shown);
    let within: f64 = survey.pieces.by_file.iter().zip(shown).map(of_file).sum();
    let p = |opened: &Opened| survey.ranked.p[opened.file_idx];
    let shortlist: f64 = survey.opened.iter().map(p).sum();
    shortlist * within
}

/// P(a file to change has any line among those shown), in `[0, 1]`. `shown` as for [`place`].
pub fn file(survey: &Survey, shown: &[Vec<Range>]) -> f64 {
    calibrate(raw_file(survey, shown), FILE)
}

fn raw_file(survey: &Survey, shown: &[Vec<Range>]) -> f64 {
    let opened = survey.opened.iter().zip(shown);
    let is_seen = opened.filter(|(_, shown)| !shown.is_empty());
    is_seen
        .map(|(opened, _)| survey.ranked.p[opened.file_idx])
        .sum()
}

/// From what the model believes to how often that comes true: `(a, b)` of `logit(p) -> a + b logit(p)`.
///
/// A change mostly touches several pieces, and any of them shown is a place to start: the sum over pieces says too little where it
/// is small. Where it is large it says too much, as every fitted model does on what it has not seen. Platt 1999, fitted to
/// repositories that the weights were not: `cargo bench --bench evaluate -- --folds` prints both numbers anew.
pub const PLACE: (f64, f64) = (1.27, 0.41);
/// The same for files.
pub const FILE: (f64, f64) = (2.27, 0.37);

/// The same for one file by itself: the softmax shares one file out, changes mostly touch more.
pub const NEEDED: (f64, f64) = (0.48, 0.89);

/// P(this file has to change), from its share of the softmax over all files; in `[0, 1]`, monotone.
pub fn needed(p: f64) -> f64 {
    calibrate(p, NEEDED)
}

/// Monotone, from `[0, 1]` to `[0, 1]`; nothing stays nothing, and all stays all.
fn calibrate(raw: f64, (a, b): (f64, f64)) -> f64 {
    // a sum of thousands of parts may pass 1 in its last bits
    let p = raw.clamp(0.0, 1.0);
    1.0 / (1.0 + (-a).exp() * ((1.0 - p) / p).powf(b))
}

/// Sum over the pieces of a file of P times the share of its lines that is shown.
fn covered(pieces: &[Piece], shown: &[Range]) -> f64 {
    let share = |&(first, last): &Range| {
        let from = shown.partition_point(|range| range.1 < first);
        let inside = shown[from..].iter().take_while(|range| range.0 <= last);
        let n: u32 = inside
            .map(|range| range.1.min(last) - range.0.max(first) + 1)
            .sum();
        f64::from(n) / f64::from(last - first + 1)
    };
    pieces
        .iter()
        .map(|piece| piece.p * share(&piece.lines))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces() -> Vec<Piece> {
        let piece = |lines, p| Piece {
            lines,
            segment_idx: 0,
            p,
            share: 0.0,
        };
        vec![
            piece((1, 4), 0.1),
            piece((5, 5), 0.4),
            piece((6, 15), 0.3),
            piece((16, 40), 0.2),
        ]
    }

    #[track_caller]
    fn check(shown: &[Range], expected: f64) {
        let found = covered(&pieces(), shown);
        assert!((found - expected).abs() < 1e-12, "{shown:?}: {found}");
    }

    #[test]
    fn a_piece_counts_by_the_share_of_its_lines() {
        check(&[], 0.0);
        check(&[(1, 40)], 1.0);
        check(&[(5, 5)], 0.4);
        check(&[(1, 2)], 0.05);
        check(&[(4, 6)], 0.025 + 0.4 + 0.03);
        check(&[(1, 1), (3, 3), (11, 15)], 0.05 + 0.15);
        check(&[(41, 99)], 0.0);
        check(&[(1, u32::MAX)], 1.0);
    }

    #[test]
    fn a_probability_stays_one() {
        for raw in [-0.1, 0.0, 0.3, 1.0, 1.0 + 1e-12, 7.0] {
            assert!((0.0..=1.0).contains(&calibrate(raw, PLACE)), "{raw}");
        }
        assert_eq!((calibrate(0.0, PLACE), calibrate(1.0, FILE)), (0.0, 1.0));
        assert!((calibrate(0.3, (0.0, 1.0)) - 0.3).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn more_lines_never_lower_it(lines in prop::collection::vec(any::<bool>(), 40), more in 0usize..40) {
            let ranges = |lines: &[bool]| -> Vec<Range> {
                let shown = (1u32..).zip(lines).filter(|(_, shown)| **shown);
                shown.map(|(line, _)| (line, line)).collect()
            };
            let before = calibrate(covered(&pieces(), &ranges(&lines)), PLACE);
            let mut lines = lines;
            lines[more] = true;
            let after = calibrate(covered(&pieces(), &ranges(&lines)), PLACE);
            prop_assert!((0.0..=1.0).contains(&before) && after >= before - 1e-12);
        }
    }
}
