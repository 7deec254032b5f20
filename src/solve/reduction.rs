//! Penalties: which options can still be part of a better selection.
//!
//! At the relaxation's price each token costs the same value, and every menu has a best point, its base. Taking
//! another option loses its penalty against the base, and a selection that takes it is worth at most the bound less
//! that penalty. Once this is no more than the value of the selection in hand, the option can go. What is left is
//! the core: usually a few dozen menus out of many thousands.
//!
//! Everything is counted in fractions with one denominator, the run of the price, so nothing is rounded.

use super::frontier::Frontiers;
use super::greedy::Draft;
use super::relaxation::{Relaxation, Slope};

/// An option of the core, as a difference from the base of its menu.
#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    /// Tokens; never 0.
    pub cost: i64,
    /// In units; has the sign of `cost`.
    pub value: i64,
    /// What is lost at the price, times the run of the price; at least 0.
    pub penalty: i128,
    /// Index of the menu.
    pub menu: u32,
    /// Index of the point.
    pub point: u32,
}

impl Move {
    fn slope(&self) -> Slope {
        Slope {
            rise: self.value.abs(),
            run: self.cost.abs(),
        }
    }
}

/// A menu of the core.
#[derive(Debug, Clone)]
pub(super) struct CoreMenu {
    /// Between the price and the nearest slope of a move.
    distance: f64,
    /// Its options besides the base.
    pub moves: Vec<Move>,
    /// The steepest rise of a costlier option in this and all later menus of the core; at most the price.
    pub up: Slope,
    /// The gentlest fall of a cheaper option in this and all later menus of the core; at least the price.
    /// `None` when none is cheaper.
    pub down: Option<Slope>,
}

/// What is left to be searched.
#[derive(Debug, Clone)]
pub(super) struct Core {
    /// The best point of each menu at the price; its cost may exceed the room.
    pub base: Draft,
    /// The price.
    pub price: Slope,
    /// The bound times the run of the price.
    pub ceiling: i128,
    /// The menus whose options lie nearest to the price come first.
    pub menus: Vec<CoreMenu>,
}

impl Core {
    /// The greatest penalty with which an option can be part of a selection worth more than `floor`.
    /// Negative when `floor` is proven greatest.
    pub fn tolerance(&self, floor: u64) -> i128 {
        self.ceiling - (i128::from(floor) + 1) * i128::from(self.price.run)
    }

    /// No selection is worth more, in units.
    pub fn bound(&self) -> u64 {
        (self.ceiling / i128::from(self.price.run)) as u64
    }
}

/// Finds the options that selections worth more than `floor` could take. Linear in the number of points, but for
/// the order of the core.
pub(super) fn reduce(
    frontiers: &Frontiers,
    relaxation: &Relaxation,
    price: Slope,
    room: u64,
    floor: u64,
) -> Core {
    // What a point is worth at the price, times the run of the price.
    let worth = |idx: usize| {
        let point = frontiers.points[idx];
        i128::from(point.value) * i128::from(price.run)
            - i128::from(point.cost) * i128::from(price.rise)
    };
    // The relaxation's own points are best up to the rounding of efficiencies; take no chances with a proof.
    let mut ceiling = i128::from(room) * i128::from(price.rise);
    let mut base = relaxation.points.clone();
    for (menu, point) in base.iter_mut().enumerate() {
        let mut best = worth(*point as usize);
        for idx in frontiers.range(menu) {
            let other = worth(idx);
            if other > best {
                (best, *point) = (other, idx as u32);
            }
        }
        ceiling += best;
    }
    let mut core = Core {
        base: Draft::of(frontiers, base),
        price,
        ceiling,
        menus: Vec::new(),
    };
    let tolerance = core.tolerance(floor);
    if tolerance >= 0 {
        for menu in 0..frontiers.n_menus() {
            let moves = moves(
                frontiers,
                menu,
                core.base.points[menu] as usize,
                tolerance,
                worth,
            );
            if !moves.is_empty() {
                let distances = moves
                    .iter()
                    .map(|mv| (mv.slope().as_f64() - price.as_f64()).abs());
                core.menus.push(CoreMenu {
                    distance: distances.fold(f64::INFINITY, f64::min),
                    moves,
                    up: Slope::FLAT,
                    down: None,
                });
            }
        }
        core.menus = arrange(frontiers, core.menus);
    }
    core
}

fn moves(
    frontiers: &Frontiers,
    menu: usize,
    base: usize,
    tolerance: i128,
    worth: impl Fn(usize) -> i128,
) -> Vec<Move> {
    let best = worth(base);
    let from = frontiers.points[base];
    let others = frontiers.range(menu).filter(|&idx| idx != base);
    others
        .filter_map(|idx| {
            let penalty = best - worth(idx);
            let to = frontiers.points[idx];
            (penalty <= tolerance).then(|| Move {
                cost: i64::from(to.cost) - i64::from(from.cost),
                value: to.value as i64 - from.value as i64,
                penalty,
                menu: menu as u32,
                point: idx as u32,
            })
        })
        .collect()
}

/// Orders the core by distance from the price, menus that can grow and menus that can only shrink by turns, so that
/// the search can soon use any room and make any. Then notes for each menu the slopes of what follows: the farther
/// the search gets, the less can be bought with the room that is left, and the more it costs to make room.
fn arrange(frontiers: &Frontiers, mut menus: Vec<CoreMenu>) -> Vec<CoreMenu> {
    menus.sort_unstable_by(|a, b| {
        a.distance
            .total_cmp(&b.distance)
            .then_with(|| frontiers.compare(a.moves[0].menu as usize, b.moves[0].menu as usize))
    });
    let n_menus = menus.len();
    let grows = |menu: &CoreMenu| menu.moves.iter().any(|mv| mv.cost > 0);
    let (growing, shrinking): (Vec<_>, Vec<_>) = menus.into_iter().partition(grows);
    let (mut growing, mut shrinking) = (growing.into_iter(), shrinking.into_iter());
    let mut menus = Vec::with_capacity(n_menus);
    while menus.len() < n_menus {
        menus.extend(growing.next());
        menus.extend(shrinking.next());
    }
    let (mut up, mut down) = (Slope::FLAT, None);
    for menu in menus.iter_mut().rev() {
        for mv in &menu.moves {
            let slope = mv.slope();
            if mv.cost > 0 {
                if slope.compare(up).is_gt() {
                    up = slope;
                }
            } else if down.is_none_or(|down| slope.compare(down).is_lt()) {
                down = Some(slope);
            }
        }
        (menu.up, menu.down) = (up, down);
    }
    menus
}
