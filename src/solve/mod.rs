//! Chooses at most one rendering per candidate, so that the bundle is worth most within the budget.
//!
//! # The problem
//! Every candidate offers a menu of renderings, each with a cost and a value, and one of them at most can be shown.
//! That is the multiple-choice knapsack problem. The plain knapsack lost, because it would have to fix the rendering
//! of each candidate beforehand; and "best first until the budget is full", which most packers do, loses what
//! matters most here: whether one file in full is worth more than ten outlines. What renderings of different
//! candidates have in common is not seen here: values are added up, and overlap must be priced in before.
//!
//! # The method
//! 1. `units`: values become whole numbers, so that everything after is exact.
//! 2. `frontier`: dominated options go.
//! 3. `relaxation`: the optimum if options could be taken in part, by one split at a median. It gives the bound and
//!    the price of a token.
//! 4. `greedy`: its whole part, completed. It gives the floor.
//! 5. `reduction`: options that the price rules out between floor and bound go. A small core is left.
//! 6. `exact`: dynamic programming over the core proves the best, or stops at a fixed count and says how far it got.
//!
//! Ordinary problems, 100,000 candidates included, are proven in tens of milliseconds. A general integer programming
//! library lost: it needs more time for the relaxation alone, and weighs more than this whole crate.
//!
//! The room knows no files, paths or texts; it reads no clock and imports nothing but `std`. The same problem always
//! gets the same selection.

mod exact;
mod frontier;
mod greedy;
mod problem;
mod reduction;
mod relaxation;
mod units;
mod upgrade;

#[cfg(test)]
mod instances;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod oracle;

pub use problem::{Choice, Menu, Overfull, Problem, Selection};
pub use upgrade::{Upgrade, upgrades};

use exact::{Finding, LIMITS, Limits};
use frontier::Frontiers;
use relaxation::{Relaxation, Slope};

/// Picks at most one option per menu so that total value is greatest within the budget; pinned options are taken
/// whatever their value.
///
/// Values are held to within 2^-52 of the greatest one that can be taken (2^-44 of it at 100,000 menus), and that is
/// the precision of `value`, `bound` and `exact`. Of selections equally good, which one is returned depends on the
/// input alone.
///
/// Near-linear in the number of options where costs and values are like those of renderings; never more than some
/// tenths of a second on top for the adversarial, which then may not be proven (`exact` is false, `bound` says how
/// much better another selection could be).
///
/// # Errors
/// [`Overfull`] if the pinned options alone cost more than the budget.
pub fn select(problem: &Problem) -> Result<Selection, Overfull> {
    select_within(problem, LIMITS)
}

fn select_within(problem: &Problem, limits: Limits) -> Result<Selection, Overfull> {
    let room = problem.room()?;
    let frontiers = Frontiers::of(problem, room);
    let relaxation = relaxation::relax(&frontiers, room);
    let finding = best(&frontiers, &relaxation, room, limits);
    Ok(selection(problem, &frontiers, relaxation.price, &finding))
}

/// The best selection that can be found and proven within `limits`.
fn best(frontiers: &Frontiers, relaxation: &Relaxation, room: u64, limits: Limits) -> Finding {
    let floor = greedy::complete(frontiers, relaxation, room);
    let Some(price) = relaxation.price else {
        // Everything fits.
        let bound = floor.value;
        return Finding {
            draft: floor,
            bound,
        };
    };
    let core = reduction::reduce(frontiers, relaxation, price, room, floor.value);
    let mut finding = exact::search(frontiers, &core, floor, room, limits);
    if finding.draft.value < finding.bound {
        greedy::fill(frontiers, &mut finding.draft, room);
        finding.bound = finding.bound.max(finding.draft.value);
    }
    finding
}

/// Says in the caller's terms what was found.
fn selection(
    problem: &Problem,
    frontiers: &Frontiers,
    price: Option<Slope>,
    finding: &Finding,
) -> Selection {
    let chosen: Vec<Option<usize>> = problem
        .menus
        .iter()
        .zip(&finding.draft.points)
        .map(|(menu, &point)| match menu.pinned_choice() {
            Some(_) => menu.pinned,
            None => frontiers.points[point as usize].option(),
        })
        .collect();
    let cost = problem
        .menus
        .iter()
        .zip(&chosen)
        .filter_map(|(menu, option)| Some(u64::from(menu.options[(*option)?].cost)))
        .sum();
    let pinned_value = problem.pinned_value();
    let value = pinned_value + frontiers.unit.value(finding.draft.value as f64);
    let exact = finding.bound == finding.draft.value;
    let bound = if exact {
        value
    } else {
        // Each menu may have lost half a unit to rounding.
        let lost = if frontiers.lossless {
            0
        } else {
            frontiers.n_menus() as u64
        };
        pinned_value + frontiers.unit.value((finding.bound + lost) as f64)
    };
    Selection {
        chosen,
        cost,
        value,
        bound,
        exact,
        price: price.map_or(0.0, |price| frontiers.unit.value(price.as_f64())),
    }
}
