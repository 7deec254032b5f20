//! The proof: dynamic programming over the core, by lists of states.
//!
//! A state is a selection in the making: some menus of the core decided, all others at their base. One that costs
//! no more than the room is a selection already, so good ones are found early; one that costs more may still be
//! mended by a cheaper option later. A state goes when another costs no more and is worth no less, or when even the
//! slopes of what follows cannot lift it above the best in hand.
//!
//! Branch and bound lost, for it repeats itself where many options cost alike; a table over the whole budget lost,
//! for it costs menus x budget (10^10 at 100,000 menus) whatever the instance. The list is short where the instance
//! is easy. Where it is not, a beam keeps the most promising states and the bound says what was given up: memory and
//! time are limited by counts, never by a clock, so that a run can be repeated.
//!
//! Source: Pisinger 1995, "A minimal algorithm for the multiple-choice knapsack problem". We differ in that the core
//! is reduced once beforehand and ordered once, and in the beam.

use std::cmp::Reverse;

use super::frontier::Frontiers;
use super::greedy::Draft;
use super::reduction::{Core, CoreMenu, Move};
use super::relaxation::Slope;

/// How far the search may go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Most states in the list, 24 bytes each; past it the least promising go.
    pub states: usize,
    /// Most states looked at in all.
    pub work: usize,
    /// Most moves remembered, 8 bytes each.
    pub trail: usize,
}

/// A tenth of a second and some 40 MB at worst.
pub(super) const LIMITS: Limits = Limits {
    states: 1 << 16,
    work: 1 << 24,
    trail: 1 << 22,
};

/// What the search found.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    /// The best selection known; its value is at least that of the one given.
    pub draft: Draft,
    /// No selection is worth more, in units. Equals the draft's value when that is proven greatest.
    pub bound: u64,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// Tokens left; negative when it costs more than the room.
    left: i64,
    /// In units.
    value: i64,
    /// Its last move, an index into the trail.
    last: u32,
}

/// A move and the one before it.
#[derive(Debug, Clone, Copy)]
struct Mark {
    before: u32,
    point: u32,
}

const NO_MOVE: u32 = u32::MAX;

/// The slopes that bound what the undecided menus can add to a state.
#[derive(Debug, Clone, Copy)]
struct Outlook {
    up: Slope,
    down: Option<Slope>,
}

impl Outlook {
    fn of(menus: &[CoreMenu]) -> Self {
        menus.first().map_or(
            Self {
                up: Slope::FLAT,
                down: None,
            },
            |menu| Self {
                up: menu.up,
                down: menu.down,
            },
        )
    }

    fn slope(self, state: State) -> Option<Slope> {
        if state.left >= 0 {
            Some(self.up)
        } else {
            self.down
        }
    }

    /// Whether the state may lead to more than `floor`.
    fn may_exceed(self, state: State, floor: i64) -> bool {
        self.slope(state).is_some_and(|slope| {
            let missing = i128::from(floor + 1 - state.value) * i128::from(slope.run);
            missing <= i128::from(state.left) * i128::from(slope.rise)
        })
    }

    /// The most that the state may lead to.
    fn bound(self, state: State) -> i64 {
        self.slope(state).map_or(i64::MIN, |slope| {
            let more = i128::from(state.left) * i128::from(slope.rise);
            // Fits: values and their sums stay below 2^62, and so does what the relaxation adds to them.
            state.value + more.div_euclid(i128::from(slope.run)) as i64
        })
    }
}

struct Search {
    /// The best value in hand.
    floor: i64,
    /// Its last move; `None` while it is the selection that was given.
    best: Option<u32>,
    trail: Vec<Mark>,
    /// The most that a state given up by the beam could have led to.
    given_up: i64,
    work: usize,
}

/// Searches the core for a selection worth more than `draft`, and proves how much more there can be.
///
/// Time and memory grow with the number of states that can be neither dominated nor bounded, up to `limits`.
pub(super) fn search(
    frontiers: &Frontiers,
    core: &Core,
    draft: Draft,
    room: u64,
    limits: Limits,
) -> Finding {
    let mut search = Search {
        floor: draft.value as i64,
        best: None,
        trail: Vec::new(),
        given_up: 0,
        work: 0,
    };
    let start = State {
        left: room as i64 - core.base.cost as i64,
        value: core.base.value as i64,
        last: NO_MOVE,
    };
    let mut states = Vec::new();
    if core.tolerance(draft.value) >= 0 {
        search.keep(&mut states, start, None, Outlook::of(&core.menus));
    }
    for (idx, menu) in core.menus.iter().enumerate() {
        if states.is_empty() {
            break;
        }
        let tolerance = core.tolerance(search.floor as u64);
        let moves: Vec<&Move> = menu
            .moves
            .iter()
            .filter(|mv| mv.penalty <= tolerance)
            .collect();
        if moves.is_empty() {
            continue;
        }
        // A list grows with each move that is merged; this is an estimate, and the trail stays near its limit.
        let most = states.len() * moves.len();
        if search.work + 2 * most > limits.work || search.trail.len() + most > limits.trail {
            let outlook = Outlook::of(&core.menus[idx..]);
            search.give_up(&states, outlook);
            break;
        }
        let outlook = Outlook::of(&core.menus[idx + 1..]);
        states = search.decide(states, &moves, outlook);
        if states.len() > limits.states {
            search.narrow(&mut states, limits.states, outlook);
        }
    }
    let draft = match search.best {
        Some(last) => search.retrace(frontiers, core, last),
        None => draft,
    };
    let bound = (search.given_up.max(0) as u64)
        .min(core.bound())
        .max(draft.value);
    Finding { draft, bound }
}

impl Search {
    /// Decides one menu: each state as it is, and after each move.
    fn decide(&mut self, states: Vec<State>, moves: &[&Move], outlook: Outlook) -> Vec<State> {
        let mut merged = self.merge(&states, &states, moves[0], outlook);
        for mv in &moves[1..] {
            merged = self.merge(&merged, &states, mv, outlook);
        }
        merged
    }

    /// Merges two lists, the second one moved, by rising cost; of equal cost the more valuable comes first.
    fn merge(&mut self, stay: &[State], go: &[State], mv: &Move, outlook: Outlook) -> Vec<State> {
        self.work += stay.len() + go.len();
        let mut merged = Vec::with_capacity(stay.len() + go.len() / 2);
        let mut stay = stay.iter().copied().peekable();
        for &state in go {
            let moved = State {
                left: state.left - mv.cost,
                value: state.value + mv.value,
                last: state.last,
            };
            while let Some(state) =
                stay.next_if(|state| (state.left, state.value) >= (moved.left, moved.value))
            {
                self.keep(&mut merged, state, None, outlook);
            }
            self.keep(&mut merged, moved, Some(mv.point), outlook);
        }
        for state in stay {
            self.keep(&mut merged, state, None, outlook);
        }
        merged
    }

    /// Adds a state to a list, unless it is dominated or hopeless. `point` is where its last move went, if that is
    /// not in the trail yet.
    fn keep(
        &mut self,
        states: &mut Vec<State>,
        mut state: State,
        point: Option<u32>,
        outlook: Outlook,
    ) {
        let dominated = states.last().is_some_and(|last| last.value >= state.value);
        if dominated || !outlook.may_exceed(state, self.floor) {
            return;
        }
        if let Some(point) = point {
            let mark = Mark {
                before: state.last,
                point,
            };
            state.last = self.trail.len() as u32;
            self.trail.push(mark);
        }
        if state.left >= 0 && state.value > self.floor {
            (self.floor, self.best) = (state.value, Some(state.last));
        }
        states.push(state);
    }

    /// Gives up all but the `most` promising states; of equal promise those that cost about the room stay.
    fn narrow(&mut self, states: &mut Vec<State>, most: usize, outlook: Outlook) {
        let promise = |state: &State| {
            (
                outlook.bound(*state),
                Reverse(state.left.unsigned_abs()),
                state.left,
            )
        };
        let mut promises: Vec<_> = states.iter().map(promise).collect();
        // Costs differ within the list, so promises do.
        let (_, &mut cut, _) = promises.select_nth_unstable_by(most, |a, b| b.cmp(a));
        self.given_up = self.given_up.max(cut.0);
        states.retain(|state| promise(state) > cut);
    }

    fn give_up(&mut self, states: &[State], outlook: Outlook) {
        let bounds = states.iter().map(|&state| outlook.bound(state));
        self.given_up = bounds.fold(self.given_up, i64::max);
    }

    /// The selection whose last move is `last`.
    fn retrace(&self, frontiers: &Frontiers, core: &Core, mut last: u32) -> Draft {
        let mut points = core.base.points.clone();
        let mut menus = core.menus.iter().rev();
        while last != NO_MOVE {
            let mark = self.trail[last as usize];
            // Moves were made in the order of the core.
            let mv = menus
                .by_ref()
                .find_map(|menu| menu.moves.iter().find(|mv| mv.point == mark.point));
            if let Some(mv) = mv {
                points[mv.menu as usize] = mark.point;
            }
            last = mark.before;
        }
        Draft::of(frontiers, points)
    }
}
