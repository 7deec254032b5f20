//! How long a selection takes: `cargo bench --bench solve`.

use ctxpack::solve::{Choice, Menu, Problem, select};
use divan::Bencher;
use instances::Kind;

#[allow(dead_code, missing_docs, reason = "shared with the solver's own tests")]
#[path = "../src/solve/instances.rs"]
mod instances;

const N_CANDIDATES: [usize; 3] = [100, 10_000, 100_000];

fn main() {
    divan::main();
}

/// Menus of 5 options at a budget of 100,000 tokens.
fn problem(kind: Kind, n_candidates: usize) -> Problem {
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
        budget: 100_000,
    }
}

#[divan::bench(args = N_CANDIDATES)]
fn context_like(bencher: Bencher, n_candidates: usize) {
    let problem = problem(Kind::Context, n_candidates);
    bencher.bench(|| select(&problem));
}

#[divan::bench(args = N_CANDIDATES)]
fn strongly_correlated(bencher: Bencher, n_candidates: usize) {
    let problem = problem(Kind::Strong, n_candidates);
    bencher.bench(|| select(&problem));
}
