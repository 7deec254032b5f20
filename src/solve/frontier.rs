//! The frontier of each menu: what is left when dominated options are dropped.
//!
//! An option is dominated when another one of its menu (or leaving the candidate out) costs no more and is worth no
//! less. Dropping it never lowers the optimum. The upper hull is not taken here: options inside the hull are never
//! part of the relaxation, but they may be part of the best selection.

use std::cmp::Ordering;
use std::cmp::Reverse;
use std::ops::Range;

use super::problem::{Menu, Problem};
use super::units::Unit;

/// Stands for the option of leaving a candidate out.
const LEFT_OUT: u32 = u32::MAX;

/// An option that is not dominated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    /// In the units of [`Frontiers::unit`].
    pub value: u64,
    /// Tokens.
    pub cost: u32,
    option: u32,
}

impl Point {
    const ORIGIN: Self = Self {
        value: 0,
        cost: 0,
        option: LEFT_OUT,
    };

    /// The option as the caller counts them; `None` = left out.
    pub fn option(self) -> Option<usize> {
        (self.option != LEFT_OUT).then_some(self.option as usize)
    }
}

/// The frontiers of all menus, end to end; a point is named by its index in `points`.
#[derive(Debug, Clone)]
pub(super) struct Frontiers {
    /// Within a menu costs and values rise strictly, and the first point is free.
    pub points: Vec<Point>,
    /// `starts[i]..starts[i + 1]` are the points of menu i.
    starts: Vec<u32>,
    /// What the values are counted in.
    pub unit: Unit,
    /// Whether all values are whole units.
    pub lossless: bool,
}

impl Frontiers {
    /// The frontiers of the options that cost at most `room`. A pinned menu offers nothing but its first point.
    ///
    /// O(m log k) for m options, k in a menu.
    pub fn of(problem: &Problem, room: u64) -> Self {
        let unit = Unit::of(problem, room);
        let mut frontiers = Self {
            points: Vec::with_capacity(problem.menus.len() * 4),
            starts: Vec::with_capacity(problem.menus.len() + 1),
            unit,
            lossless: true,
        };
        let mut menu_points = Vec::new();
        for menu in &problem.menus {
            frontiers.starts.push(frontiers.points.len() as u32);
            frontiers.points.push(Point::ORIGIN);
            if menu.pinned_choice().is_none() {
                frontiers.add(menu, room, &mut menu_points);
            }
        }
        frontiers.starts.push(frontiers.points.len() as u32);
        frontiers.coarsen();
        frontiers
    }

    fn add(&mut self, menu: &Menu, room: u64, menu_points: &mut Vec<Point>) {
        menu_points.clear();
        for (option, choice) in menu.options.iter().enumerate() {
            if u64::from(choice.cost) <= room {
                let (value, lossless) = self.unit.count(choice.worth());
                self.lossless &= lossless;
                menu_points.push(Point {
                    value,
                    cost: choice.cost,
                    option: option as u32,
                });
            }
        }
        // The option index makes the first of equal options win.
        menu_points.sort_unstable_by_key(|point| (point.cost, Reverse(point.value), point.option));
        let origin = self.points.len() - 1;
        for &point in &*menu_points {
            let last = self.points[self.points.len() - 1];
            if point.value > last.value {
                if point.cost == 0 {
                    self.points[origin] = point;
                } else {
                    self.points.push(point);
                }
            }
        }
    }

    /// Takes the greatest power of two that divides all values as the unit. With whole numbers for values, bounds
    /// can then be rounded down to whole numbers, which often closes the gap.
    fn coarsen(&mut self) {
        let bits = self.points.iter().fold(0, |bits, point| bits | point.value);
        if bits != 0 {
            let shift = bits.trailing_zeros();
            for point in &mut self.points {
                point.value >>= shift;
            }
            self.unit = self.unit.coarser(shift);
        }
    }

    /// How many menus there are.
    pub fn n_menus(&self) -> usize {
        self.starts.len() - 1
    }

    /// The indexes of the points of a menu; never empty.
    pub fn range(&self, menu: usize) -> Range<usize> {
        self.starts[menu] as usize..self.starts[menu + 1] as usize
    }

    /// The points of a menu; never empty.
    pub fn menu(&self, menu: usize) -> &[Point] {
        &self.points[self.range(menu)]
    }

    /// Orders menus by what they hold, then by index. Ties that are broken by it lead to the same value whatever the
    /// order of the menus, for only menus of equal content can change places.
    pub fn compare(&self, a: usize, b: usize) -> Ordering {
        let content = |menu| {
            self.menu(menu)
                .iter()
                .map(|point| (point.cost, point.value))
        };
        content(a).cmp(content(b)).then(a.cmp(&b))
    }
}

#[cfg(test)]
mod tests {
    use super::super::problem::Choice;
    use super::*;

    /// `given` and `expected` are (cost, value); the room is 100.
    fn check(given: &[(u32, f64)], expected: &[(u32, f64)]) {
        let options = given
            .iter()
            .map(|&(cost, value)| Choice { cost, value })
            .collect();
        let menu = Menu {
            options,
            pinned: None,
        };
        let problem = Problem {
            menus: vec![menu],
            budget: 100,
        };
        let frontiers = Frontiers::of(&problem, 100);
        let found: Vec<(u32, f64)> = frontiers
            .menu(0)
            .iter()
            .map(|point| (point.cost, frontiers.unit.value(point.value as f64)))
            .collect();
        assert_eq!(found, expected);
        for point in frontiers.menu(0) {
            if let Some(option) = point.option() {
                assert_eq!(given[option].0, point.cost);
            }
        }
    }

    #[test]
    fn an_empty_menu_can_be_left_out() {
        check(&[], &[(0, 0.0)]);
    }

    #[test]
    fn dominated_options_go() {
        check(
            &[(5, 2.0), (3, 2.0), (4, 1.0), (9, 3.0)],
            &[(0, 0.0), (3, 2.0), (9, 3.0)],
        );
    }

    #[test]
    fn options_inside_the_hull_stay() {
        check(
            &[(5, 1.0), (6, 4.0), (2, 0.5)],
            &[(0, 0.0), (2, 0.5), (5, 1.0), (6, 4.0)],
        );
    }

    #[test]
    fn a_free_option_replaces_leaving_out() {
        check(&[(0, 1.0), (4, 2.0), (0, 0.5)], &[(0, 1.0), (4, 2.0)]);
    }

    #[test]
    fn worthless_and_odd_values_go() {
        let odd = [
            (1, 0.0),
            (1, -3.0),
            (1, f64::NAN),
            (1, f64::INFINITY),
            (0, f64::NEG_INFINITY),
        ];
        check(&odd, &[(0, 0.0)]);
    }

    #[test]
    fn what_cannot_fit_goes() {
        check(&[(101, 9.0), (100, 1.0)], &[(0, 0.0), (100, 1.0)]);
    }

    #[test]
    fn the_first_of_equals_stays() {
        let menu = Menu {
            options: vec![
                Choice {
                    cost: 2,
                    value: 1.0
                };
                3
            ],
            pinned: None,
        };
        let problem = Problem {
            menus: vec![menu],
            budget: 9,
        };
        assert_eq!(Frontiers::of(&problem, 9).menu(0)[1].option(), Some(0));
    }
}
