//! Slow and plain answers to compare with: all selections one by one, and a table over the whole budget.

use super::problem::{Choice, Menu, Problem};

/// What can be taken from a menu besides nothing, and whether nothing can be taken.
fn offers(menu: &Menu) -> (&[Choice], bool) {
    match menu.pinned {
        Some(option) if option < menu.options.len() => (&menu.options[option..=option], false),
        _ => (&menu.options, true),
    }
}

/// The greatest value, by trying every selection; `None` if none fits. O(product of the menus' sizes).
pub(super) fn brute_force(problem: &Problem) -> Option<f64> {
    fn rest(menus: &[Menu], left: u64) -> Option<f64> {
        let Some((menu, others)) = menus.split_first() else {
            return Some(0.0);
        };
        let (options, may_leave_out) = offers(menu);
        let mut best = if may_leave_out {
            rest(others, left)
        } else {
            None
        };
        for choice in options {
            if let Some(left) = left.checked_sub(choice.cost.into()) {
                let value = rest(others, left).map(|value| value + choice.worth());
                best = best.into_iter().chain(value).reduce(f64::max);
            }
        }
        best
    }
    rest(&problem.menus, problem.budget)
}

/// The greatest value, by a table over all budgets; nothing may be pinned. O(options x budget).
pub(super) fn table(problem: &Problem) -> f64 {
    let mut best = vec![0.0f64; problem.budget as usize + 1];
    for menu in &problem.menus {
        let before = best.clone();
        for choice in &menu.options {
            for (after, before) in best.iter_mut().skip(choice.cost as usize).zip(&before) {
                *after = after.max(before + choice.worth());
            }
        }
    }
    best[problem.budget as usize]
}

/// The optimum of the linear relaxation by a simplex; nothing may be pinned. Options that can never fit are left out,
/// and values are scaled to the simplex's absolute tolerances.
pub(super) fn simplex(problem: &Problem) -> f64 {
    use microlp::{ComparisonOp, LinearExpr, OptimizationDirection, SolveOutcome};
    let mut lp = microlp::Problem::new(OptimizationDirection::Maximize);
    let mut total = LinearExpr::empty();
    let fits = |choice: &&Choice| u64::from(choice.cost) <= problem.budget;
    let options = || {
        problem
            .menus
            .iter()
            .flat_map(|menu| &menu.options)
            .filter(fits)
    };
    let greatest = options()
        .map(|choice| choice.worth())
        .fold(1e-300, f64::max);
    let scale = 1e6 / greatest;
    for menu in &problem.menus {
        let mut one = LinearExpr::empty();
        for choice in menu.options.iter().filter(fits) {
            let share = lp.add_var(choice.worth() * scale, (0.0, 1.0));
            one.add(share, 1.0);
            total.add(share, choice.cost.into());
        }
        lp.add_constraint(one, ComparisonOp::Le, 1.0);
    }
    lp.add_constraint(total, ComparisonOp::Le, problem.budget as f64);
    match lp.solve().expect("taking nothing is feasible") {
        SolveOutcome::Solution(solution) => solution.objective() / scale,
        SolveOutcome::Interrupted(_) => unreachable!("no limit was set"),
    }
}

#[test]
fn the_oracles_agree() {
    let menu = |options: &[(u32, f64)]| Menu {
        options: options
            .iter()
            .map(|&(cost, value)| Choice { cost, value })
            .collect(),
        pinned: None,
    };
    let menus = vec![
        menu(&[(3, 4.0), (5, 6.0)]),
        menu(&[(4, 5.0), (1, 1.0)]),
        menu(&[(2, 2.0)]),
    ];
    for (budget, value) in [
        (0, 0.0),
        (1, 1.0),
        (3, 4.0),
        (5, 6.0),
        (6, 7.0),
        (7, 9.0),
        (11, 13.0),
    ] {
        let problem = Problem {
            menus: menus.clone(),
            budget,
        };
        assert_eq!(brute_force(&problem), Some(value), "{budget}");
        assert_eq!(table(&problem), value, "{budget}");
        assert!(simplex(&problem) >= value - 1e-9, "{budget}");
    }
}
