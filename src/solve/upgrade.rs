//! What a little more budget would buy: for each menu the next step above what is chosen.
//!
//! Solving again for each bigger budget lost: it answers with a whole selection, in which one thing comes and another goes, and the
//! question is what stands next in line.

use super::{Choice, Problem};
use std::cmp::Ordering;

/// How much less dense than the densest a longer step may be that is named in its place: a step of three lines says little, and the forty
/// after it are often worth nearly the same.
const NEARLY: f64 = 0.75;

/// The exchange of a menu's choice for a better and costlier one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Upgrade {
    /// Index of the menu.
    pub menu: usize,
    /// Index of the option that would be chosen.
    pub option: usize,
    /// Tokens more than what is chosen; at least 1.
    pub cost: u64,
    /// Value more than what is chosen; > 0.
    pub value: f64,
}

impl Upgrade {
    fn density(&self) -> f64 {
        self.value / self.cost as f64
    }
}

/// For each menu the longest exchange that gives nearly the most value per token, the densest first. Menus of which nothing better
/// is offered have none, and neither have pinned ones. O(options).
///
/// The greatest density above a choice is where the frontier's hull goes on from it, so that a step is never one that a longer step
/// would beat.
pub fn upgrades(problem: &Problem, chosen: &[Option<usize>]) -> Vec<Upgrade> {
    let mut upgrades: Vec<Upgrade> = problem
        .menus
        .iter()
        .zip(chosen)
        .enumerate()
        .filter(|(_, (menu, _))| menu.pinned_choice().is_none())
        .filter_map(|(menu_idx, (menu, choice))| {
            let now = choice
                .and_then(|idx| menu.options.get(idx).copied())
                .unwrap_or(Choice {
                    cost: 0,
                    value: 0.0,
                });
            let above = menu.options.iter().enumerate().filter_map(|(idx, option)| {
                let upgrade = Upgrade {
                    menu: menu_idx,
                    option: idx,
                    cost: u64::from(option.cost.checked_sub(now.cost)?),
                    value: option.worth() - now.worth(),
                };
                (upgrade.cost > 0 && upgrade.value > 0.0).then_some(upgrade)
            });
            let above: Vec<Upgrade> = above.collect();
            let most = above.iter().map(Upgrade::density).fold(0.0, f64::max);
            let nearly = |upgrade: &Upgrade| upgrade.density() >= most * NEARLY;
            let longest =
                |a: &Upgrade, b: &Upgrade| a.cost.cmp(&b.cost).then_with(|| by_density(b, a));
            above.into_iter().filter(nearly).max_by(longest)
        })
        .collect();
    upgrades.sort_by(by_density);
    upgrades
}

/// The denser first, then the cheaper, then the one that stands first.
fn by_density(a: &Upgrade, b: &Upgrade) -> Ordering {
    b.density()
        .total_cmp(&a.density())
        .then(a.cost.cmp(&b.cost))
        .then((a.menu, a.option).cmp(&(b.menu, b.option)))
}

#[cfg(test)]
mod tests {
    use super::super::{Menu, select};
    use super::*;
    use proptest::prelude::*;

    fn menu(options: &[(u32, f64)], pinned: Option<usize>) -> Menu {
        let choice = |&(cost, value): &(u32, f64)| Choice { cost, value };
        Menu {
            options: options.iter().map(choice).collect(),
            pinned,
        }
    }

    /// `expected` has menu and option of each upgrade, best first.
    #[track_caller]
    fn check(menus: &[Menu], chosen: &[Option<usize>], expected: &[(usize, usize)]) {
        let problem = Problem {
            menus: menus.to_vec(),
            budget: 0,
        };
        let found: Vec<(usize, usize)> = upgrades(&problem, chosen)
            .iter()
            .map(|upgrade| (upgrade.menu, upgrade.option))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_densest_step_of_each_menu() {
        let sizes = menu(&[(10, 5.0), (20, 6.0), (30, 9.0)], None);
        check(std::slice::from_ref(&sizes), &[None], &[(0, 0)]);
        check(std::slice::from_ref(&sizes), &[Some(0)], &[(0, 2)]); // 20 tokens for 4 beat 10 for 1
        check(std::slice::from_ref(&sizes), &[Some(2)], &[]);
        check(&[menu(&[(10, 5.0), (90, 38.0)], None)], &[None], &[(0, 1)]);
        let other = menu(&[(10, 1.0), (5, 3.0)], None);
        check(&[sizes.clone(), other], &[Some(0), None], &[(1, 1), (0, 2)]);
        check(&[menu(&[(1, 1.0), (2, 9.0)], Some(0))], &[Some(0)], &[]);
        check(&[menu(&[(5, f64::NAN), (0, 2.0)], None)], &[None], &[]);
        check(&[sizes.clone(), sizes], &[None, None], &[(0, 0), (1, 0)]);
    }

    proptest! {
        #[test]
        fn none_is_affordable_where_the_choice_is_proven_best(
            menus in prop::collection::vec(prop::collection::vec((0u32..20, 0u32..20), 0..4), 0..8),
            budget in 0u64..60,
        ) {
            let of = |options: &Vec<(u32, u32)>| {
                let options: Vec<(u32, f64)> = options.iter().map(|&(cost, value)| (cost, f64::from(value))).collect();
                menu(&options, None)
            };
            let problem = Problem { menus: menus.iter().map(of).collect(), budget };
            let selection = select(&problem).unwrap();
            let upgrades = upgrades(&problem, &selection.chosen);
            prop_assert!(upgrades.windows(2).all(|pair| pair[0].density() >= pair[1].density()));
            for upgrade in upgrades {
                prop_assert!(!selection.exact || selection.cost + upgrade.cost > budget, "{upgrade:?}");
            }
        }
    }
}
