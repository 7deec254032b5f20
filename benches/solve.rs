//! How long a selection takes, and how much memory: `cargo bench --bench solve`.

use ctxpack::solve::{Choice, Menu, Problem, select};
use divan::{AllocProfiler, Bencher};
use instances::{KINDS, Kind};

#[allow(dead_code, missing_docs, reason = "shared with the solver's own tests")]
#[path = "../src/solve/instances.rs"]
mod instances;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const N_CANDIDATES: [usize; 3] = [100, 10_000, 100_000];

fn main() {
    divan::main();
}

/// Menus of 5 options.
fn problem(kind: Kind, n_candidates: usize, budget: u64) -> Problem {
    let menu = |options: Vec<(u32, f64)>| Menu {
        options: options
            .into_iter()
            .map(|(cost, value)| Choice { cost, value })
            .collect(),
        pinned: None,
    };
    let menus = instances::menus(kind, n_candidates, 5, 1000, 1);
    Problem {
        menus: menus.into_iter().map(menu).collect(),
        budget,
    }
}

#[divan::bench(args = N_CANDIDATES)]
fn context_like(bencher: Bencher, n_candidates: usize) {
    let problem = problem(Kind::Context, n_candidates, 100_000);
    bencher.bench(|| select(&problem));
}

#[divan::bench(args = N_CANDIDATES)]
fn strongly_correlated(bencher: Bencher, n_candidates: usize) {
    let problem = problem(Kind::Strong, n_candidates, 100_000);
    bencher.bench(|| select(&problem));
}

/// The largest that is to be expected, of every kind: a million candidates and two million tokens.
#[divan::bench(args = KINDS, sample_count = 3)]
fn largest(bencher: Bencher, kind: Kind) {
    let problem = problem(kind, 1_000_000, 2_000_000);
    bencher.bench(|| select(&problem));
}
