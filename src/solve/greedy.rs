//! A good selection fast: the whole part of the relaxation, then whatever still fits.
//!
//! It is the floor under which the exact search prunes, and what is reported when that search is stopped. Greedy
//! alone lost as the answer: with few, large renderings it leaves one to three percent of the value behind.

use super::frontier::Frontiers;
use super::relaxation::Relaxation;

/// A point for every menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    /// For each menu the index of its point.
    pub points: Vec<u32>,
    /// Tokens.
    pub cost: u64,
    /// In units.
    pub value: u64,
}

impl Draft {
    /// Adds up `points`.
    pub fn of(frontiers: &Frontiers, points: Vec<u32>) -> Self {
        let (mut cost, mut value) = (0, 0);
        for &point in &points {
            let point = frontiers.points[point as usize];
            cost += u64::from(point.cost);
            value += point.value;
        }
        Self {
            points,
            cost,
            value,
        }
    }
}

/// Completes the whole part of the relaxation within `room`.
pub(super) fn complete(frontiers: &Frontiers, relaxation: &Relaxation, room: u64) -> Draft {
    let mut draft = Draft::of(frontiers, relaxation.points.clone());
    for step in &relaxation.ahead {
        let point = &mut draft.points[step.menu as usize];
        if *point == step.from && draft.cost + u64::from(step.cost) <= room {
            *point = step.to;
            draft.cost += u64::from(step.cost);
            draft.value += frontiers.points[step.to as usize].value
                - frontiers.points[step.from as usize].value;
        }
    }
    fill(frontiers, &mut draft, room);
    draft
}

/// An exchange of one menu's point for a better and costlier one.
struct Upgrade {
    gain: u64,
    cost: u32,
    menu: usize,
    to: usize,
}

/// Takes upgrades, the greatest gain first, until none fits: no room is left that a single menu could use.
pub(super) fn fill(frontiers: &Frontiers, draft: &mut Draft, room: u64) {
    let mut menus: Vec<usize> = (0..frontiers.n_menus()).collect();
    loop {
        let mut upgrades: Vec<Upgrade> = menus
            .iter()
            .filter_map(|&menu| best_upgrade(frontiers, draft, room, menu))
            .collect();
        // At least the first one is taken, so the loop ends.
        if upgrades.is_empty() {
            return;
        }
        upgrades.sort_unstable_by(|a, b| {
            b.gain
                .cmp(&a.gain)
                .then(a.cost.cmp(&b.cost))
                .then_with(|| frontiers.compare(a.menu, b.menu))
        });
        for upgrade in &upgrades {
            if draft.cost + u64::from(upgrade.cost) <= room {
                draft.points[upgrade.menu] = upgrade.to as u32;
                draft.cost += u64::from(upgrade.cost);
                draft.value += upgrade.gain;
            }
        }
        // Room only shrinks: what has no upgrade now has none later.
        menus.clear();
        menus.extend(upgrades.iter().map(|upgrade| upgrade.menu));
    }
}

fn best_upgrade(frontiers: &Frontiers, draft: &Draft, room: u64, menu: usize) -> Option<Upgrade> {
    let from = draft.points[menu] as usize;
    let now = frontiers.points[from];
    let most = u64::from(now.cost) + room - draft.cost;
    let costlier = from + 1..frontiers.range(menu).end;
    // Costs and values rise together: the last that fits is the best.
    let to = costlier
        .take_while(|&idx| u64::from(frontiers.points[idx].cost) <= most)
        .last()?;
    let then = frontiers.points[to];
    Some(Upgrade {
        gain: then.value - now.value,
        cost: then.cost - now.cost,
        menu,
        to,
    })
}

#[cfg(test)]
mod tests {
    use super::super::problem::{Choice, Menu, Problem};
    use super::super::relaxation::relax;
    use super::*;

    /// `menus` are lists of (cost, value).
    fn check(menus: &[&[(u32, f64)]], room: u64, cost: u64, value: f64) {
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
        let draft = complete(&frontiers, &relax(&frontiers, room), room);
        assert_eq!(
            (draft.cost, frontiers.unit.value(draft.value as f64)),
            (cost, value)
        );
        assert_eq!(draft, Draft::of(&frontiers, draft.points.clone()));
    }

    #[test]
    fn skips_the_step_that_breaks() {
        check(&[&[(4, 8.0)], &[(4, 4.0)], &[(2, 1.0)]], 6, 6, 9.0);
    }

    #[test]
    fn an_option_inside_the_hull_fills_the_rest() {
        check(&[&[(4, 8.0)], &[(2, 1.0), (4, 4.0)]], 6, 6, 9.0);
    }

    #[test]
    fn one_menu_may_be_upgraded_again() {
        check(&[&[(1, 1.0), (2, 1.5), (3, 1.75)]], 2, 2, 1.5);
    }
}
