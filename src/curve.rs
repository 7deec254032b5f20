//! What a budget buys: one survey, many budgets, and the chance that the bundle of each holds what has to change.
//!
//! One survey for all of them, because reading is what costs; it is made for the largest budget, so that a point may differ a little from
//! what a run with that budget alone would open and find.

use crate::emit::Chance;
use crate::error::{Error, Warning};
use crate::request::{Budget, Request, Task};
use crate::{Progress, Survey};

/// Budgets that are tried where none are named, in tokens: four or so steps from one to twice as much read well on a logarithmic axis.
const BUDGETS: [usize; 16] = [
    1_000, 1_500, 2_000, 3_000, 4_000, 6_000, 8_000, 12_000, 16_000, 24_000, 32_000, 48_000,
    64_000, 96_000, 128_000, 200_000,
];

/// Characters, or bytes, that stand for a token where the budget is in them.
const PER_TOKEN: usize = 4;

/// The least that 1,000 more tokens should add to the chance: half a point in a hundred.
pub const WORTHWHILE: f64 = 0.005;

/// One budget, and what comes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The budget, in the unit of [`Curve::asked`].
    pub budget: usize,
    /// Exact tokens of the bundle.
    pub tokens: usize,
    /// Exact size of the bundle in the unit of the budget.
    pub used: usize,
    /// Items in the bundle.
    pub n_items: usize,
    /// How probable it is that the bundle holds what has to change.
    pub chance: Chance,
    /// As [`crate::emit::Proof::price`]; 0 where everything is in.
    pub price: f64,
}

/// The chance against the budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The budget that was asked for; one of the points, unless budgets were named.
    pub asked: Budget,
    /// What the bundles are for.
    pub task: Task,
    /// By budget, smallest first. Where everything is in, there are no larger ones.
    pub points: Vec<Point>,
    /// Trouble on the way, sorted.
    pub warnings: Vec<Warning>,
}

impl Curve {
    /// The point of the smallest budget after which each further 1,000 tokens (4,000 characters or bytes) add less than [`WORTHWHILE`] to
    /// the chance of the place, up to the end of the curve; `None` where it still climbs there.
    pub fn knee(&self) -> Option<&Point> {
        let climbs = |pair: &[Point]| self.climb(&pair[0], &pair[1]) >= WORTHWHILE;
        let after = self.points.windows(2).rposition(climbs);
        let knee = after.map_or(0, |at| at + 1);
        // at the last point it is known only where nothing is left to add
        let known = knee + 1 < self.points.len() || self.is_whole();
        self.points.get(knee).filter(|_| known)
    }

    /// What each 1,000 tokens (4,000 characters or bytes) between two points add to the chance of the place.
    pub fn climb(&self, from: &Point, to: &Point) -> f64 {
        let more = (to.budget - from.budget) as f64 / 1000.0 / unit(self.asked) as f64;
        (to.chance.place - from.chance.place) / more
    }

    /// Whether everything is in at the largest budget.
    pub fn is_whole(&self) -> bool {
        self.points.last().is_some_and(|point| point.price <= 0.0)
    }
}

/// Packs `request` at each of `budgets` (in the unit of its own), smallest first, until everything is in. No budgets stand for a series
/// from 1,000 to 200,000 tokens and the request's own. Budgets that cannot hold what must be in are left out. `None` where no file is a
/// candidate, and so no place to change. Costs a run and, for each budget, its rendering and solving.
///
/// # Errors
/// As [`crate::pack`]; [`Error::BudgetTooSmall`] where no budget will do.
pub fn curve(
    request: &Request,
    budgets: &[usize],
    progress: Progress<'_>,
) -> Result<Option<Curve>, Error> {
    let mut sizes: Vec<usize> = match budgets {
        [] => {
            let series = BUDGETS.iter().map(|n| n * unit(request.budget));
            series.chain([size(request.budget)]).collect()
        }
        budgets => budgets.to_vec(),
    };
    sizes.sort_unstable();
    sizes.dedup();
    let with = |size: usize| Request {
        budget: match request.budget {
            Budget::Tokens(_) => Budget::Tokens(size),
            Budget::Characters(_) => Budget::Characters(size),
            Budget::Bytes(_) => Budget::Bytes(size),
        },
        ..request.clone()
    };
    let largest = sizes.last().copied().unwrap_or_default();
    let survey = crate::survey(&with(largest), progress)?;
    let mut points = Vec::with_capacity(sizes.len());
    let mut too_small = None;
    for &size in &sizes {
        let packed = match crate::spend(&with(size), &survey, progress) {
            Err(error @ Error::BudgetTooSmall { .. }) => {
                too_small = Some(error);
                continue;
            }
            packed => packed?,
        };
        let Some(chance) = packed.chance else {
            return Ok(None);
        };
        let account = &packed.bundle.account;
        points.push(Point {
            budget: size,
            tokens: packed.bundle.tokens,
            used: match request.budget {
                Budget::Tokens(_) => packed.bundle.tokens,
                Budget::Characters(_) => packed.bundle.text.chars().count(),
                Budget::Bytes(_) => packed.bundle.text.len(),
            },
            n_items: account.items.len(),
            chance,
            price: account.proof.price,
        });
        if account.proof.price <= 0.0 {
            break;
        }
    }
    let Survey { task, warnings, .. } = survey;
    match too_small {
        Some(error) if points.is_empty() => Err(error),
        _ => Ok(Some(Curve {
            asked: request.budget,
            task,
            points,
            warnings,
        })),
    }
}

/// A budget in its own unit.
pub fn size(budget: Budget) -> usize {
    match budget {
        Budget::Tokens(n) | Budget::Characters(n) | Budget::Bytes(n) => n,
    }
}

/// How much of the budget's unit stands for one token.
pub fn unit(budget: Budget) -> usize {
    match budget {
        Budget::Tokens(_) => 1,
        Budget::Characters(_) | Budget::Bytes(_) => PER_TOKEN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::TaskSource;

    /// A curve through `points` of budget and chance; whole where the last price is 0.
    fn through(points: &[(usize, f64)], asked: Budget, whole: bool) -> Curve {
        let point = |(idx, &(budget, place)): (usize, &(usize, f64))| Point {
            budget,
            tokens: budget,
            used: budget,
            n_items: 1,
            chance: Chance { place, file: place },
            price: if whole && idx + 1 == points.len() {
                0.0
            } else {
                0.1
            },
        };
        Curve {
            asked,
            task: Task {
                source: TaskSource::Flag,
                text: String::new(),
            },
            points: points.iter().enumerate().map(point).collect(),
            warnings: Vec::new(),
        }
    }

    #[track_caller]
    fn check(points: &[(usize, f64)], whole: bool, expected: Option<usize>) {
        let curve = through(points, Budget::Tokens(8_000), whole);
        assert_eq!(curve.knee().map(|point| point.budget), expected);
    }

    #[test]
    fn the_knee_is_where_more_stops_to_help() {
        let rising = [(1_000, 0.4), (2_000, 0.5), (4_000, 0.6), (8_000, 0.61)];
        check(&rising, false, Some(4_000));
        check(&rising[..3], false, None);
        check(&rising[..3], true, Some(4_000));
        // a flat stretch before a climb is no knee
        let late = [(1_000, 0.4), (2_000, 0.4), (4_000, 0.6), (8_000, 0.6)];
        check(&late, false, Some(4_000));
        check(&[(1_000, 0.9), (2_000, 0.89)], false, Some(1_000));
        check(&[(1_000, 1.0)], true, Some(1_000));
        check(&[(1_000, 0.5)], false, None);
        check(&[], false, None);
    }

    #[test]
    fn four_characters_stand_for_a_token() {
        let points = [(4_000, 0.4), (8_000, 0.407), (12_000, 0.41)];
        let knee = |asked| {
            let curve = through(&points, asked, false);
            curve.knee().map(|point| point.budget)
        };
        assert_eq!(knee(Budget::Tokens(1)), Some(4_000));
        assert_eq!(knee(Budget::Characters(1)), Some(8_000));
    }
}
