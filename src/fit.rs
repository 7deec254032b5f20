//! Menus in, bundle out: turns renderings into the solver's problem and its choices back into items, and closes the gap between
//! costs that add up and the exact count of the text as written.
//!
//! Counting is not additive across joins, so the solver's budget is moved until the text, counted whole, fills the limit and
//! does not pass it.

use crate::emit::{self, Account, Bundle, Item, Proof};
use crate::error::Error;
use crate::render::{Measure, Rendering, Renderings};
use crate::request::Budget;
use crate::solve::{self, Choice, Menu, Problem, Selection, Upgrade};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// Rounds of solving, writing and counting. Two do in nearly all runs.
const MAX_ROUNDS: usize = 12;

/// Bytes of the task below which it is cut only where nothing else helps.
const LEAST_ROOM: usize = 1024;

/// What the solver chose, and the text of it.
#[derive(Debug)]
pub struct Fitted {
    /// The bundle.
    pub bundle: Bundle,
    /// For each menu the chosen option.
    pub chosen: Vec<Option<usize>>,
    /// For each menu the option that twice the budget would choose; empty where that is not known.
    pub doubled: Vec<Option<usize>>,
    /// The next step of each menu, best value per token first. `cost` is what is needed beyond the budget, `value` a share of what
    /// everything would be worth.
    pub upgrades: Vec<Upgrade>,
}

/// Steps beyond the budget that are enough to do without those too small to matter.
const ENOUGH: usize = 5;

/// A budget from which on items are counted on all cores even where it is one of many. Below it that takes milliseconds, and a thread
/// that waits for the others takes up other work meanwhile: of many cases at once, the next.
const MANY: usize = 250_000;

/// What may stay unused: filling it costs more rounds than it is worth.
fn slack_allowed(limit: usize) -> u64 {
    (limit as u64 / 200).max(12)
}

/// Index of a menu, and of the option chosen of it.
pub type Taken = (usize, usize);

/// Chooses among `menus` and writes the bundle within the budget.
///
/// All cores are for it where it `is_alone`. `account` holds everything but items and proof; `make` writes a rendering as an item, `order`
/// sorts the chosen (menu, option) pairs into bundle order, and `tell` puts into an account what the choice says besides: what is left
/// out, and the chance that it does.
///
/// # Errors
/// [`Error::BudgetTooSmall`] where the frame and the pinned items do not fit, with the least budget that would do.
#[allow(clippy::too_many_arguments)] // one call, in the library's front room
pub fn fit(
    measure: &Measure<'_>,
    safety_factor: f64,
    is_alone: bool,
    account: &Account,
    menus: &[Renderings],
    make: &(dyn Fn(&Renderings, &Rendering) -> Item + Sync),
    order: &dyn Fn(&mut [Taken]),
    tell: &dyn Fn(&mut Account, &[Option<usize>]),
) -> Result<Fitted, Error> {
    let (given, unit) = match *measure.budget {
        Budget::Tokens(n) => (n, "tokens"),
        Budget::Characters(n) => (n, "characters"),
        Budget::Bytes(n) => (n, "bytes"),
    };
    let factor = if unit == "tokens" {
        safety_factor.max(1.0)
    } else {
        1.0
    };
    let limit_of = |budget: usize| (budget as f64 / factor).floor() as usize;
    let limit = limit_of(given);
    let mut problem = problem(menus);
    let everything = worth_of_everything(menus);
    // one round takes most of what the one before took
    let made: RefCell<FxHashMap<Taken, Item>> = RefCell::default();
    let is_shared = given >= MANY || is_alone;
    let write = |selection: &Selection, account: &Account| -> (Bundle, usize) {
        let mut taken: Vec<(usize, usize)> = selection
            .chosen
            .iter()
            .enumerate()
            .filter_map(|(menu, option)| Some((menu, (*option)?)))
            .collect();
        order(&mut taken);
        let mut account = account.clone();
        let mut made = made.borrow_mut();
        let mut new = taken.clone();
        new.retain(|taken| !made.contains_key(taken));
        let new: Vec<(Taken, Item)> = new
            .into_par_iter()
            .with_min_len(if is_shared { 1 } else { usize::MAX })
            .map(|(menu, option)| {
                let mut item = make(&menus[menu], &menus[menu].options[option]);
                item.tokens = measure.tokenizer.count(&emit::item(measure.format, &item));
                ((menu, option), item)
            })
            .collect();
        made.extend(new);
        let items = taken.iter().filter_map(|taken| made.get(taken).cloned());
        account.items = items.collect();
        tell(&mut account, &selection.chosen);
        account.proof = Proof {
            value: selection.value,
            bound: selection.bound,
            exact: selection.exact,
            price: selection.price * 1000.0 / everything,
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
    let mut account = account.clone();
    tell(&mut account, &least.chosen);
    account.room = room(measure, limit, &account);
    let mut least_size = write(&least, &account).1;
    if least_size > limit && account.room > 0 {
        account.room = 0;
        least_size = write(&least, &account).1;
    }
    if least_size > limit {
        let what = if menus.iter().any(|menu| menu.pinned) {
            "the frame with the pinned items"
        } else {
            "the frame"
        };
        // the text may state the budget, whose digits count: what is named must do when it is given
        let mut needed = given;
        while limit_of(needed) < least_size {
            needed = needed.max((least_size as f64 * factor) as usize) + 1;
            while limit_of(needed - 1) >= least_size {
                needed -= 1;
            }
            account.budget = needed;
            least_size = write(&least, &account).1;
        }
        return Err(Error::BudgetTooSmall {
            budget: given,
            needed,
            unit,
            what,
        });
    }
    let pinned_cost: u64 = menus
        .iter()
        .filter(|menu| menu.pinned)
        .map(|menu| menu.options[0].cost as u64)
        .sum();
    // a bundle names all that is left out: of a tree of any size none is kept that is not needed
    let mut best_bundle: Option<Bundle> = None;
    let mut best_chosen = least.chosen.clone();
    let mut best_size = least_size;
    let mut best_value = -1.0;
    let mut target = (limit - least_size) as u64 + pinned_cost;
    let (mut low, mut high) = (pinned_cost, u64::MAX); // targets known to fit, and known not to
    for round in 0.. {
        // an empty bundle is no answer where something fits: halving on ends, at a target of nothing at the latest
        if round >= MAX_ROUNDS && best_value >= 0.0 {
            break;
        }
        problem.budget = target;
        let Ok(selection) = solve::select(&problem) else {
            break;
        };
        let (bundle, size) = write(&selection, &account);
        if size <= limit {
            low = low.max(target);
            let all_in = selection.price <= 0.0 && selection.chosen.iter().all(Option::is_some);
            if selection.value > best_value {
                (best_value, best_size) = (selection.value, size);
                (best_bundle, best_chosen) = (Some(bundle), selection.chosen);
            }
            let slack = (limit - size) as u64;
            if all_in || slack <= slack_allowed(limit) {
                break;
            }
            let step = target + slack;
            target = if step < high {
                step
            } else {
                low.midpoint(high)
            };
        } else {
            // what was chosen would be chosen again for any target that pays for it
            high = high.min(target).min(selection.cost.max(1));
            let step = target
                .saturating_sub((size - limit) as u64 + 2)
                .min(high - 1);
            target = if step > low && round < MAX_ROUNDS / 2 {
                step
            } else {
                low.midpoint(high)
            };
        }
        if target <= low || target >= high {
            break;
        }
    }
    let mut best = Fitted {
        bundle: best_bundle.unwrap_or_else(|| write(&least, &account).0),
        chosen: best_chosen,
        doubled: Vec::new(),
        upgrades: Vec::new(),
    };
    problem.budget = (limit as u64).saturating_mul(2);
    if let Ok(selection) = solve::select(&problem) {
        best.doubled = selection.chosen;
    }
    let slack = (limit - best_size) as u64;
    best.upgrades = solve::upgrades(&problem, &best.chosen);
    let least = slack_allowed(limit);
    if best
        .upgrades
        .iter()
        .filter(|step| step.cost > least)
        .count()
        >= ENOUGH
    {
        best.upgrades.retain(|step| step.cost > least);
    }
    for upgrade in &mut best.upgrades {
        // what is free pays first; a model's margin is paid for as well
        let beyond = upgrade.cost.saturating_sub(slack) as f64 * factor;
        upgrade.cost = (beyond.ceil() as u64).max(1);
        upgrade.value /= everything;
    }
    Ok(best)
}

/// What the solver is asked about `menus`, without a budget yet.
pub fn problem(menus: &[Renderings]) -> Problem {
    let menu = |menu: &Renderings| Menu {
        options: menu.options.iter().map(choice).collect(),
        pinned: menu.pinned.then_some(0),
    };
    Problem {
        menus: menus.iter().map(menu).collect(),
        budget: 0,
    }
}

/// An option, as the solver sees it.
pub fn choice(option: &Rendering) -> Choice {
    Choice {
        cost: u32::try_from(option.cost).unwrap_or(u32::MAX),
        value: option.value,
    }
}

/// Value of everything at its best; never 0.
fn worth_of_everything(menus: &[Renderings]) -> f64 {
    let best = |menu: &Renderings| {
        let values = menu.options.iter().map(|option| option.value);
        values.fold(0.0, f64::max)
    };
    let sum: f64 = menus.iter().map(best).sum();
    if sum > 0.0 { sum } else { 1.0 }
}

/// Bytes of the task that the bundle repeats. A token is about four bytes, so that half as many bytes as there are tokens make an
/// eighth of the budget; text that takes more tokens than that is cut until it leaves half of the budget to others.
fn room(measure: &Measure<'_>, limit: usize, account: &Account) -> usize {
    let mut account = account.clone();
    account.room = match *measure.budget {
        Budget::Tokens(n) => n / 2,
        Budget::Characters(n) | Budget::Bytes(n) => n / 8,
    };
    while account.room > 0 {
        let size = measure.text(&emit::frame(measure.format, &account));
        if size <= limit / 2 || (size <= limit && account.room < LEAST_ROOM) {
            break;
        }
        account.room /= 2;
    }
    account.room
}
