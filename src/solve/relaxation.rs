//! The linear relaxation: what could be had if options could be taken in part.
//!
//! Its optimum follows the upper hull of each frontier. Walking a hull is a chain of steps of falling efficiency
//! (value per token), and the relaxation takes the most efficient steps of all menus until the budget breaks one of
//! them. Where it breaks is found by splitting at medians, in linear time; sorting all steps lost (at 100,000 menus
//! it alone would cost more than the whole solver does now), and so did a simplex, which needs seconds.
//!
//! Sources: Sinha and Zoltners 1979 for the hull; Dyer 1984 and Zemel 1984 for the split.

use std::cmp::Ordering;

use super::frontier::{Frontiers, Point};

/// How many steps after the break are put in order for the greedy fill. A few hundred are enough to use up the rest
/// of the budget in practice; what is beyond them is looked at by [`fill`](super::greedy::fill) anyway.
const STEPS_AHEAD: usize = 1024;
/// How many more steps are gathered before they are split; 400 kB of them.
const STEPS_AT_ONCE: usize = 1 << 14;

/// Value per token, as an exact fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slope {
    /// Value, in units; fewer than 2^53.
    pub rise: i64,
    /// Tokens, more than 0, fewer than 2^32.
    pub run: i64,
}

impl Slope {
    /// Nothing for any number of tokens.
    pub const FLAT: Self = Self { rise: 0, run: 1 };

    /// The nearest `f64`; of two slopes the steeper one is never the smaller `f64`.
    pub fn as_f64(self) -> f64 {
        self.rise as f64 / self.run as f64
    }

    /// Orders by steepness, exactly.
    pub fn compare(self, other: Self) -> Ordering {
        let left = i128::from(self.rise) * i128::from(other.run);
        let right = i128::from(other.rise) * i128::from(self.run);
        left.cmp(&right)
    }
}

/// From one point of a hull to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Value per token.
    efficiency: f64,
    /// Tokens that it adds.
    pub cost: u32,
    /// Index of the menu.
    pub menu: u32,
    /// Index of the point that it leaves.
    pub from: u32,
    /// Index of the point that it reaches.
    pub to: u32,
}

/// The optimum of the relaxation.
#[derive(Debug, Clone)]
pub(super) struct Relaxation {
    /// The whole part: for each menu the index of its point, every step before the break taken.
    pub points: Vec<u32>,
    /// Slope of the step that breaks: the price of a token. `None` when all steps fit.
    pub price: Option<Slope>,
    /// The steps from the break on, most efficient first; not all of them.
    pub ahead: Vec<Step>,
}

/// Solves the relaxation for `room` tokens. Linear in the number of points.
pub(super) fn relax(frontiers: &Frontiers, room: u64) -> Relaxation {
    let mut hull = Vec::new();
    let mut steps = Vec::new();
    // Steps so far behind the break that they cannot matter, whatever comes, are dropped along the way: what is
    // left fits the processor's cache.
    let mut least = 0.0;
    let mut most_steps = STEPS_AT_ONCE;
    for menu in 0..frontiers.n_menus() {
        add_steps(frontiers, menu, least, &mut hull, &mut steps);
        if steps.len() > most_steps {
            let whole = split(frontiers, &mut steps, room);
            least = drop_behind(frontiers, &mut steps, whole).max(least);
            most_steps = 2 * steps.len() + STEPS_AT_ONCE;
        }
    }
    let whole = split(frontiers, &mut steps, room);
    drop_behind(frontiers, &mut steps, whole);
    let mut ahead = steps.split_off(whole);
    ahead.sort_unstable_by(|a, b| order(frontiers, a, b));
    let first = |menu| frontiers.range(menu).start as u32;
    let mut points: Vec<u32> = (0..frontiers.n_menus()).map(first).collect();
    for step in steps {
        // Steps are not in order here; along a hull the indexes rise.
        let point = &mut points[step.menu as usize];
        *point = step.to.max(*point);
    }
    let price = ahead.first().map(|step| slope(frontiers, step));
    Relaxation {
        points,
        price,
        ahead,
    }
}

/// The most efficient first; of equal ones in an order that the order of the menus does not change.
fn order(frontiers: &Frontiers, a: &Step, b: &Step) -> Ordering {
    b.efficiency
        .total_cmp(&a.efficiency)
        .then_with(|| frontiers.compare(a.menu as usize, b.menu as usize))
        .then(a.to.cmp(&b.to))
}

/// Moves the steps that fit into `room` together, the most efficient first, to the front; returns how many they are.
fn split(frontiers: &Frontiers, steps: &mut [Step], room: u64) -> usize {
    // Before `low` all steps fit together, from `high` on at least one is too many.
    let (mut low, mut high) = (0, steps.len());
    let mut left = room;
    while low < high {
        let half = (high - low) / 2;
        steps[low..high].select_nth_unstable_by(half, |a, b| order(frontiers, a, b));
        let middle = low + half;
        let cost = steps[low..=middle]
            .iter()
            .map(|step| u64::from(step.cost))
            .sum();
        match left.checked_sub(cost) {
            Some(rest) => (left, low) = (rest, middle + 1),
            None => high = middle,
        }
    }
    low
}

/// Drops all but the first steps after the break; returns an efficiency below which no step is needed.
fn drop_behind(frontiers: &Frontiers, steps: &mut Vec<Step>, whole: usize) -> f64 {
    let behind = &mut steps[whole..];
    if behind.len() <= STEPS_AHEAD {
        return 0.0;
    }
    behind.select_nth_unstable_by(STEPS_AHEAD, |a, b| order(frontiers, a, b));
    let least = behind[STEPS_AHEAD].efficiency;
    steps.truncate(whole + STEPS_AHEAD);
    least
}

fn slope(frontiers: &Frontiers, step: &Step) -> Slope {
    let (from, to) = (
        frontiers.points[step.from as usize],
        frontiers.points[step.to as usize],
    );
    Slope {
        rise: to.value as i64 - from.value as i64,
        run: i64::from(step.cost),
    }
}

/// Adds the steps along the upper hull of a menu that are no less efficient than `least`; `hull` is scratch.
fn add_steps(
    frontiers: &Frontiers,
    menu: usize,
    least: f64,
    hull: &mut Vec<u32>,
    steps: &mut Vec<Step>,
) {
    hull.clear();
    let at = |idx: u32| frontiers.points[idx as usize];
    for idx in frontiers.range(menu) {
        let idx = idx as u32;
        while let [.., before, last] = hull[..]
            && !turns_down(at(before), at(last), at(idx))
        {
            hull.pop();
        }
        hull.push(idx);
    }
    for pair in hull.windows(2) {
        let (from, to) = (at(pair[0]), at(pair[1]));
        let cost = to.cost - from.cost;
        let efficiency = (to.value - from.value) as f64 / f64::from(cost);
        if efficiency < least {
            return; // and so are all steps that follow
        }
        steps.push(Step {
            efficiency,
            cost,
            menu: menu as u32,
            from: pair[0],
            to: pair[1],
        });
    }
}

/// Whether the slope falls at `b`, exactly.
fn turns_down(a: Point, b: Point, c: Point) -> bool {
    let before = u128::from(b.value - a.value) * u128::from(c.cost - b.cost);
    let after = u128::from(c.value - b.value) * u128::from(b.cost - a.cost);
    before > after
}

impl Relaxation {
    /// The value of the relaxation, fraction included, to the precision of `f64`.
    #[cfg(test)]
    pub fn value(&self, frontiers: &Frontiers, room: u64) -> f64 {
        let whole = super::greedy::Draft::of(frontiers, self.points.clone());
        let part = self.price.map_or(0.0, Slope::as_f64) * (room - whole.cost) as f64;
        frontiers.unit.value(whole.value as f64 + part)
    }
}

#[cfg(test)]
mod tests {
    use super::super::instances::{self, Kind};
    use super::super::problem::{Choice, Menu, Problem};
    use super::*;

    /// `menus` are lists of (cost, value).
    fn check(menus: &[&[(u32, f64)]], room: u64, value: f64, price: f64) {
        let menu = |options: &&[(u32, f64)]| Menu {
            options: options
                .iter()
                .map(|&(cost, value)| Choice { cost, value })
                .collect(),
            pinned: None,
        };
        let problem = Problem {
            menus: menus.iter().map(menu).collect(),
            budget: room,
        };
        let frontiers = Frontiers::of(&problem, room);
        let relaxation = relax(&frontiers, room);
        let found = relaxation.value(&frontiers, room);
        assert!(
            (found - value).abs() <= 1e-12 * value,
            "{found} is not {value}"
        );
        let found = relaxation.price.map_or(0.0, Slope::as_f64);
        assert_eq!(frontiers.unit.value(found), price);
    }

    #[test]
    fn all_of_it_when_all_fits() {
        check(&[&[(1, 1.0)], &[(2, 3.0)]], 3, 4.0, 0.0);
    }

    #[test]
    fn the_step_that_breaks_counts_in_part() {
        check(&[&[(4, 8.0)], &[(4, 4.0)]], 6, 10.0, 1.0);
    }

    #[test]
    fn steps_of_one_menu_are_taken_in_order() {
        check(&[&[(2, 6.0), (4, 8.0)], &[(3, 6.0)]], 6, 13.0, 1.0);
    }

    #[test]
    fn the_hull_skips_what_lies_inside() {
        check(&[&[(2, 1.0), (4, 8.0)]], 4, 8.0, 0.0);
        check(&[&[(2, 1.0), (4, 8.0)], &[(4, 4.0)]], 5, 9.0, 1.0);
    }

    #[test]
    fn nothing_to_take() {
        check(&[], 5, 0.0, 0.0);
        check(&[&[]], 0, 0.0, 0.0);
        check(&[&[(0, 2.0)]], 0, 2.0, 0.0);
    }

    #[test]
    fn many_steps_are_split_as_if_they_were_sorted() {
        let singles = instances::menus(Kind::Weak, 3 * STEPS_AT_ONCE, 1, 100, 1);
        let mut sorted: Vec<(u32, f64)> = singles.iter().flatten().copied().collect();
        sorted.sort_by(|a, b| (b.1 / f64::from(b.0)).total_cmp(&(a.1 / f64::from(a.0))));
        let menus: Vec<&[(u32, f64)]> = singles.iter().map(Vec::as_slice).collect();
        for room in [1_000u32, 100_000, 2_000_000] {
            let (mut left, mut value, mut price) = (f64::from(room), 0.0, 0.0);
            for &(cost, worth) in &sorted {
                let part = (left / f64::from(cost)).min(1.0);
                if part > 0.0 {
                    (left, value) = (left - part * f64::from(cost), value + part * worth);
                    price = worth / f64::from(cost);
                }
            }
            check(&menus, room.into(), value, price);
        }
    }
}
