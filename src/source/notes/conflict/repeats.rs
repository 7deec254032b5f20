//! Which notes say the same.

use super::statement::Taken;
use super::words::{CONDITIONS, NEGATIONS, Word};
use super::{Duplicate, is_of_the_day, newest_first, share_scope};
use crate::source::notes::Atom;
use rustc_hash::FxHashMap;

/// The share of the longer atom's words that the shorter one has, in a duplicate.
const MIN_SHARE: f64 = 0.7;
/// A duplicate has at least this many words; `None so far` repeats nothing.
const MIN_WORDS: usize = 3;

/// The pairs of `atoms`, of which are `taken` what they say and `linked` those that may be one; see [`super::duplicates`].
pub(super) fn among(
    atoms: &[Atom],
    taken: &[Option<Taken>],
    linked: &[(usize, usize)],
) -> Vec<Duplicate> {
    let may = |a: usize, b: usize| {
        share_scope(&atoms[a], &atoms[b]) && !(is_of_the_day(&atoms[a]) && is_of_the_day(&atoms[b]))
    };
    let mut found = Vec::new();
    let mut same: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (idx, one) in taken.iter().enumerate() {
        if let Some(one) = one.as_ref().filter(|one| one.n_words >= MIN_WORDS) {
            same.entry(&one.normal).or_default().push(idx);
        }
    }
    let mut is_repeated = vec![false; atoms.len()];
    for group in same.into_values().filter(|group| group.len() > 1) {
        let kept = group
            .iter()
            .copied()
            .reduce(|a, b| newest_first(atoms, a, b).0)
            .unwrap_or(group[0]);
        for other in group
            .into_iter()
            .filter(|idx| *idx != kept && may(*idx, kept))
        {
            is_repeated[other] = true;
            found.push(Duplicate {
                kept,
                other,
                is_exact: true,
            });
        }
    }
    for &(a, b) in linked {
        let (Some(one), Some(two)) = (&taken[a], &taken[b]) else {
            continue;
        };
        if !is_repeated[a]
            && !is_repeated[b]
            && one.normal != two.normal
            && may(a, b)
            && repeats(&one.sequence, &two.sequence)
        {
            let (kept, other) = newest_first(atoms, a, b);
            found.push(Duplicate {
                kept,
                other,
                is_exact: false,
            });
        }
    }
    found.sort_unstable();
    found
}

/// Whether the words of one stand in the other in their order, and what that has besides changes nothing.
fn repeats(a: &[Word], b: &[Word]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() < MIN_WORDS || (short.len() as f64) < MIN_SHARE * long.len() as f64 {
        return false;
    }
    let mut rest = short.iter().peekable();
    for word in long {
        if rest.peek().is_some_and(|next| next.key == word.key) {
            rest.next();
        } else if word.is_code || word.is(NEGATIONS) || word.is(CONDITIONS) {
            return false;
        }
    }
    rest.peek().is_none()
}
