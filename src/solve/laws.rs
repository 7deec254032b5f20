//! The laws that every selection keeps, on problems of all kinds.

use proptest::prelude::*;

use super::exact::{LIMITS, Limits};
use super::frontier::Frontiers;
use super::instances::{self, KINDS, Kind};
use super::problem::{Choice, Menu, Overfull, Problem, Selection};
use super::{greedy, oracle, relaxation, select, select_within};

/// So tight that the search is stopped early and its beam is narrow.
const TIGHT: Limits = Limits {
    states: 4,
    work: 150,
    trail: 60,
};

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// Checks what must hold of any selection, however it was found.
fn check(problem: &Problem, limits: Limits) -> Selection {
    let selection = select_within(problem, limits).expect("the pinned options fit");
    assert_eq!(selection.chosen.len(), problem.menus.len());
    let (mut cost, mut value) = (0, 0.0);
    for (menu, &option) in problem.menus.iter().zip(&selection.chosen) {
        if menu.pinned_choice().is_some() {
            assert_eq!(option, menu.pinned);
        }
        if let Some(option) = option {
            cost += u64::from(menu.options[option].cost);
            value += menu.options[option].worth();
        }
    }
    assert!(cost <= problem.budget, "{cost} of {}", problem.budget);
    assert_eq!(selection.cost, cost);
    assert!(
        near(selection.value, value),
        "{} is not {value}",
        selection.value
    );
    assert!(selection.value <= selection.bound);
    assert!(selection.price >= 0.0 && selection.price.is_finite());
    assert!(!selection.exact || selection.value == selection.bound);

    let room = problem.room().expect("the pinned options fit");
    let frontiers = Frontiers::of(problem, room);
    let relaxed = relaxation::relax(&frontiers, room);
    let floor = greedy::complete(&frontiers, &relaxed, room);
    let floor = problem.pinned_value() + frontiers.unit.value(floor.value as f64);
    assert!(
        floor <= selection.value,
        "greedy {floor}, exact {}",
        selection.value
    );
    let ceiling = problem.pinned_value() + relaxed.value(&frontiers, room);
    assert!(
        selection.bound <= ceiling * (1.0 + 1e-9),
        "bound {}, relaxed {ceiling}",
        selection.bound
    );
    assert_nothing_fits(problem, &selection);
    selection
}

/// No menu alone could use the room that is left to do better.
fn assert_nothing_fits(problem: &Problem, selection: &Selection) {
    let left = problem.budget - selection.cost;
    for (menu, &option) in problem.menus.iter().zip(&selection.chosen) {
        if menu.pinned_choice().is_none() {
            let now = option.map_or(
                Choice {
                    cost: 0,
                    value: 0.0,
                },
                |option| menu.options[option],
            );
            for choice in &menu.options {
                let fits = u64::from(choice.cost) <= u64::from(now.cost) + left;
                let gain = choice.worth() - now.worth();
                assert!(
                    !fits || gain <= 1e-9 * selection.value,
                    "{choice:?} fits and beats {now:?}"
                );
            }
        }
    }
}

fn of_kind(
    kind: Kind,
    n_menus: usize,
    n_options: usize,
    scale: u32,
    budget: u64,
    seed: u64,
) -> Problem {
    let menus = instances::menus(kind, n_menus, n_options, scale, seed);
    let menu = |options: Vec<(u32, f64)>| Menu {
        options: options
            .into_iter()
            .map(|(cost, value)| Choice { cost, value })
            .collect(),
        pinned: None,
    };
    Problem {
        menus: menus.into_iter().map(menu).collect(),
        budget,
    }
}

/// Small problems of the five kinds; at most 3^10 selections.
fn small() -> impl Strategy<Value = Problem> {
    let sizes = prop_oneof![
        (1usize..=10, 0usize..=2),
        (1usize..=6, 3usize..=5),
        (1usize..=2, 6usize..=30)
    ];
    (
        prop::sample::select(&KINDS[..]),
        sizes,
        1u32..100,
        0u64..400,
        any::<u64>(),
    )
        .prop_map(|(kind, (menus, options), scale, budget, seed)| {
            of_kind(kind, menus, options, scale, budget, seed)
        })
}

/// Small problems full of ties, free, worthless and odd options, with some pinned.
fn odd() -> impl Strategy<Value = Problem> {
    let value = prop_oneof![
        4 => (0u8..8).prop_map(f64::from),
        4 => 0.0..10.0f64,
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -0.0, 1e-310, 1e18]),
    ];
    let cost = prop_oneof![9 => 0u32..12, 1 => Just(u32::MAX)];
    let choice = (cost, value).prop_map(|(cost, value)| Choice { cost, value });
    let pinned = prop_oneof![3 => Just(None), 1 => (0usize..6).prop_map(Some)];
    let menu = (prop::collection::vec(choice, 0..5), pinned)
        .prop_map(|(options, pinned)| Menu { options, pinned });
    let budget = prop_oneof![9 => 0u64..60, 1 => Just(u64::MAX)];
    (prop::collection::vec(menu, 0..6), budget)
        .prop_map(|(menus, budget)| Problem { menus, budget })
}

fn without_pins(mut problem: Problem) -> Problem {
    for menu in &mut problem.menus {
        menu.pinned = None;
    }
    problem
}

/// Problems large enough for the core and the beam to matter; costs and budgets small enough for a table.
fn middling() -> impl Strategy<Value = Problem> {
    (
        prop::sample::select(&KINDS[..]),
        1usize..60,
        1usize..8,
        5u32..80,
        0u64..1500,
        any::<u64>(),
    )
        .prop_map(|(kind, menus, options, scale, budget, seed)| {
            of_kind(kind, menus, options, scale, budget, seed)
        })
}

/// The same problem with its menus and their options in another order.
fn shuffled(problem: &Problem) -> impl Strategy<Value = Problem> + use<> {
    let budget = problem.budget;
    let menus: Vec<_> = problem
        .menus
        .iter()
        .map(|menu| {
            let pinned = menu.pinned;
            let options: Vec<_> = menu.options.iter().copied().enumerate().collect();
            Just(options).prop_shuffle().prop_map(move |options| Menu {
                pinned: options.iter().position(|&(idx, _)| Some(idx) == pinned),
                options: options.into_iter().map(|(_, choice)| choice).collect(),
            })
        })
        .collect();
    menus
        .prop_flat_map(|menus| Just(menus).prop_shuffle())
        .prop_map(move |menus| Problem { menus, budget })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn small_problems_are_solved_like_brute_force(problem in small()) {
        let selection = check(&problem, LIMITS);
        prop_assert!(selection.exact);
        let best = oracle::brute_force(&problem).expect("nothing is pinned");
        prop_assert!(near(selection.value, best), "{} is not {best}", selection.value);
    }

    #[test]
    fn odd_problems_are_solved_like_brute_force(problem in odd()) {
        match oracle::brute_force(&problem) {
            Some(best) => {
                let selection = check(&problem, LIMITS);
                prop_assert!(selection.exact);
                prop_assert!(near(selection.value, best), "{} is not {best}", selection.value);
            }
            None => {
                let pinned = problem.menus.iter().filter_map(Menu::pinned_choice);
                let needed = pinned.map(|choice| u64::from(choice.cost)).sum();
                prop_assert!(needed > problem.budget);
                prop_assert_eq!(select(&problem), Err(Overfull { needed }));
            }
        }
    }

    #[test]
    fn middling_problems_are_solved_like_a_table(problem in middling()) {
        let selection = check(&problem, LIMITS);
        let best = oracle::table(&problem);
        prop_assert!(selection.exact);
        prop_assert!(near(selection.value, best), "{} is not {best}", selection.value);
    }

    #[test]
    fn a_stopped_search_says_no_more_than_it_knows(problem in middling()) {
        let selection = check(&problem, TIGHT);
        let best = oracle::table(&problem);
        prop_assert!(selection.bound >= best * (1.0 - 1e-9), "bound {} under {best}", selection.bound);
        prop_assert!(!selection.exact || near(selection.value, best));
    }

    #[test]
    fn order_does_not_matter_for_the_value(
        (problem, other) in prop_oneof![small(), odd(), middling()]
            .prop_flat_map(|problem| { let other = shuffled(&problem); (Just(problem), other) })
    ) {
        for limits in [LIMITS, TIGHT] {
            let numbers = |problem: &Problem| {
                select_within(problem, limits)
                    .map(|found| (found.value.to_bits(), found.bound.to_bits(), found.price.to_bits(), found.exact))
            };
            prop_assert_eq!(numbers(&problem), numbers(&other));
        }
    }

    #[test]
    fn more_budget_is_never_worse(problem in prop_oneof![small(), middling()], more in 1u64..50) {
        let before = check(&problem, LIMITS).value;
        let after = check(&Problem { budget: problem.budget + more, ..problem }, LIMITS).value;
        prop_assert!(after >= before * (1.0 - 1e-12), "{before} became {after}");
    }

    #[test]
    fn one_more_option_is_never_worse(
        problem in prop_oneof![small(), middling()],
        menu in any::<prop::sample::Index>(),
        cost in 0u32..50,
        value in 0.0..50.0f64,
    ) {
        let before = check(&problem, LIMITS).value;
        let mut richer = problem;
        let menu = menu.index(richer.menus.len());
        richer.menus[menu].options.push(Choice { cost, value });
        let after = check(&richer, LIMITS).value;
        prop_assert!(after >= before * (1.0 - 1e-12), "{before} became {after}");
    }

    #[test]
    fn an_option_not_chosen_is_not_missed(
        problem in prop_oneof![small(), middling()],
        menu in any::<prop::sample::Index>(),
        option in any::<prop::sample::Index>(),
    ) {
        let before = check(&problem, LIMITS);
        let mut poorer = problem;
        let menu = menu.index(poorer.menus.len());
        let options = &mut poorer.menus[menu].options;
        prop_assume!(!options.is_empty());
        let option = option.index(options.len());
        prop_assume!(before.chosen[menu] != Some(option));
        options.remove(option);
        let after = check(&poorer, LIMITS);
        prop_assert!(near(before.value, after.value), "{} became {}", before.value, after.value);
    }

    #[test]
    fn the_relaxation_is_that_of_a_simplex(problem in prop_oneof![small(), odd().prop_map(without_pins)]) {
        prop_assume!(problem.budget < 1000); // a simplex has no use for u64::MAX
        let frontiers = Frontiers::of(&problem, problem.budget);
        let ours = relaxation::relax(&frontiers, problem.budget).value(&frontiers, problem.budget);
        let theirs = oracle::simplex(&problem);
        prop_assert!(near(ours, theirs), "{ours} is not {theirs}");
    }
}

#[test]
fn large_problems_of_all_kinds_are_proven() {
    for kind in KINDS {
        for seed in 0..3 {
            let selection = check(&of_kind(kind, 8000, 5, 300, 20_000, seed), LIMITS);
            assert!(
                selection.exact,
                "{kind:?} {seed}: {} of {}",
                selection.value, selection.bound
            );
        }
    }
}

#[test]
fn a_stopped_search_leaves_no_silly_gap() {
    for seed in 0..5 {
        let selection = check(&of_kind(Kind::SubsetSum, 2000, 5, 300, 20_000, seed), TIGHT);
        assert!(
            selection.cost >= 19_999,
            "{} of 20,000 used",
            selection.cost
        );
    }
}

#[test]
fn the_price_is_what_one_more_token_buys() {
    let menu = |cost, value| Menu {
        options: vec![Choice { cost, value }],
        pinned: None,
    };
    let price = |budget| {
        let menus = vec![menu(4, 8.0), menu(4, 2.0)];
        select(&Problem { menus, budget }).map(|selection| selection.price)
    };
    assert_eq!(price(2), Ok(0.0)); // nothing fits, so no token is missed
    assert_eq!(price(4), Ok(0.5));
    assert_eq!(price(8), Ok(0.0));
}

#[test]
fn a_pin_past_the_end_pins_nothing() {
    let options = vec![Choice {
        cost: 1,
        value: 1.0,
    }];
    let menus = vec![Menu {
        options,
        pinned: Some(1),
    }];
    assert_eq!(
        check(&Problem { menus, budget: 5 }, LIMITS).chosen,
        [Some(0)]
    );
}
