//! Menus in, bundle out: turns renderings into the solver's problem and its choices back into items, and closes the gap between
//! costs that add up and the exact count of the text as written.
//!
//! Counting is not additive across joins, so the solver's budget is moved until the text, counted whole, fills the limit and
//! does not pass it.

use crate::emit::{self, Account, Bundle, Item, Proof};
use crate::error::Error;
use crate::render::{Measure, Rendering, Renderings};
use crate::request::Budget;
use crate::solve::{self, Choice, Menu, Problem, Selection};

/// Rounds of solving, writing and counting. Two do in nearly all runs.
const MAX_ROUNDS: usize = 12;

/// What the solver chose, and the text of it.
#[derive(Debug)]
pub struct Fitted {
    /// The bundle.
    pub bundle: Bundle,
    /// For each menu the chosen option.
    pub chosen: Vec<Option<usize>>,
    /// Menus that twice the budget would take and this one does not, by value, greatest first.
    pub next: Vec<usize>,
}

/// Index of a menu, and of the option chosen of it.
pub type Taken = (usize, usize);

/// Chooses among `menus` and writes the bundle within the budget.
///
/// `account` holds everything but items and proof; `make` writes a rendering as an item, and `order` sorts the chosen
/// (menu, option) pairs into bundle order.
///
/// # Errors
/// [`Error::BudgetTooSmall`] where the frame and the pinned items do not fit, with the least budget that would do.
pub fn fit(
    measure: &Measure<'_>,
    safety_factor: f64,
    account: &Account,
    menus: &[Renderings],
    make: &dyn Fn(&Renderings, &Rendering) -> Item,
    order: &dyn Fn(&mut [Taken]),
    omit: &dyn Fn(&[Option<usize>]) -> Vec<emit::Omitted>,
) -> Result<Fitted, Error> {
    let (given, unit) = match *measure.budget {
        Budget::Tokens(n) => (n, "tokens"),
        Budget::Characters(n) => (n, "characters"),
        Budget::Bytes(n) => (n, "bytes"),
    };
    let limit = if unit == "tokens" {
        (given as f64 / safety_factor.max(1.0)).floor() as usize
    } else {
        given
    };
    let needed_budget = |size: usize| {
        if unit == "tokens" {
            (size as f64 * safety_factor.max(1.0)).ceil() as usize
        } else {
            size
        }
    };
    let mut problem = Problem {
        menus: menus
            .iter()
            .map(|menu| Menu {
                options: menu
                    .options
                    .iter()
                    .map(|option| Choice {
                        cost: u32::try_from(option.cost).unwrap_or(u32::MAX),
                        value: option.value,
                    })
                    .collect(),
                pinned: menu.pinned.then_some(0),
            })
            .collect(),
        budget: 0,
    };
    let write = |selection: &Selection| -> (Bundle, usize) {
        let mut taken: Vec<(usize, usize)> = selection
            .chosen
            .iter()
            .enumerate()
            .filter_map(|(menu, option)| Some((menu, (*option)?)))
            .collect();
        order(&mut taken);
        let mut account = account.clone();
        account.items = taken
            .iter()
            .map(|&(menu, option)| {
                let mut item = make(&menus[menu], &menus[menu].options[option]);
                item.tokens = measure.tokenizer.count(&emit::item(measure.format, &item));
                item
            })
            .collect();
        account.omitted = omit(&selection.chosen);
        account.proof = Proof {
            value: selection.value,
            bound: selection.bound,
            exact: selection.exact,
        };
        let bundle = emit::finish(measure.format, account, measure.tokenizer);
        let size = if unit == "tokens" {
            bundle.tokens
        } else {
            measure.text(&bundle.text)
        };
        (bundle, size)
    };
    // the least that can be written: the frame and what is pinned
    let least = Selection {
        chosen: problem.menus.iter().map(|menu| menu.pinned).collect(),
        cost: 0,
        value: 0.0,
        bound: 0.0,
        exact: true,
        price: 0.0,
    };
    let (least_bundle, least_size) = write(&least);
    if least_size > limit {
        let what = if menus.iter().any(|menu| menu.pinned) {
            "the frame with the pinned items"
        } else {
            "the frame"
        };
        return Err(Error::BudgetTooSmall {
            budget: given,
            needed: needed_budget(least_size),
            unit,
            what,
        });
    }
    let pinned_cost: u64 = menus
        .iter()
        .filter(|menu| menu.pinned)
        .map(|menu| menu.options[0].cost as u64)
        .sum();
    let mut best = Fitted {
        bundle: least_bundle,
        chosen: least.chosen.clone(),
        next: Vec::new(),
    };
    let mut best_value = -1.0;
    let mut target = (limit - least_size) as u64 + pinned_cost;
    let (mut low, mut high) = (0, u64::MAX); // targets known to fit, and known not to
    for _ in 0..MAX_ROUNDS {
        problem.budget = target;
        let Ok(selection) = solve::select(&problem) else {
            break;
        };
        let (bundle, size) = write(&selection);
        if size <= limit {
            low = low.max(target);
            let everything = selection.price <= 0.0 && selection.chosen.iter().all(Option::is_some);
            if selection.value > best_value {
                best_value = selection.value;
                best = Fitted {
                    bundle,
                    chosen: selection.chosen,
                    next: Vec::new(),
                };
            }
            let slack = (limit - size) as u64;
            if everything || slack <= (limit as u64 / 200).max(12) {
                break;
            }
            let step = target + slack;
            target = if step < high {
                step
            } else {
                low.midpoint(high)
            };
        } else {
            high = high.min(target);
            let step = target.saturating_sub((size - limit) as u64 + 2);
            target = if step > low { step } else { low.midpoint(high) };
        }
        if target <= low || target >= high {
            break;
        }
    }
    problem.budget = (limit as u64).saturating_mul(2);
    if let Ok(selection) = solve::select(&problem) {
        let value = |menu: usize| {
            selection.chosen[menu].map_or(0.0, |option| menus[menu].options[option].value)
        };
        let newcomers = (0..menus.len())
            .filter(|&menu| best.chosen[menu].is_none() && selection.chosen[menu].is_some());
        best.next = newcomers.collect();
        best.next
            .sort_by(|&a, &b| value(b).total_cmp(&value(a)).then(a.cmp(&b)));
    }
    Ok(best)
}
