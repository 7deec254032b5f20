//! Recall at a budget over a file of cases, and the fit of the weights.
//!
//! ```text
//! cargo bench --bench evaluate -- --cases CASES.jsonl --clones DIR [--budgets 4000,8000] [--weights FILE] [--fit OUT.toml] [--folds]
//! ```
//!
//! `DIR/<mirror>` is the repository of each case. `--fit` fits the weights on all cases; `--folds` fits them on the other
//! repositories for each case, and reports what is reached on repositories that the weights have not seen.
#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use ctxpack::eval::lists::{fit, lists, print, request};
use ctxpack::eval::{self, Case, Recall, interval};
use ctxpack::score::Model;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

const N_FOLDS: usize = 5;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let flag = |name: &str| {
        args.iter()
            .position(|arg| arg == name)
            .and_then(|at| args.get(at + 1).cloned())
    };
    let (Some(cases), Some(clones)) = (flag("--cases"), flag("--clones")) else {
        eprintln!(
            "usage: cargo bench --bench evaluate -- --cases FILE --clones DIR [--budgets N,N] [--weights FILE] [--fit OUT] [--folds]"
        );
        return;
    };
    let cases = eval::cases::read(&std::fs::read_to_string(cases).expect("cases")).expect("cases");
    let budgets: Vec<usize> = flag("--budgets")
        .unwrap_or("4000,8000,16000,27000".into())
        .split(',')
        .map(|n| n.parse().expect("budget"))
        .collect();
    let model = flag("--weights").map_or_else(Model::default, |path| {
        Model::from_toml(&std::fs::read_to_string(path).expect("weights")).expect("weights")
    });
    let clones = Path::new(&clones);
    let folds = args.iter().any(|arg| arg == "--folds");
    if flag("--fit").is_none() && !folds {
        let rows = pack_all(
            &cases,
            clones,
            &budgets,
            &|_| model.clone(),
            args.iter().any(|arg| arg == "--each"),
        );
        table(&rows, &budgets);
        return;
    }
    let lists = lists(&cases, clones, &model);
    eprintln!("{} lists", lists.len());
    if let Some(out) = flag("--fit") {
        let model = fit(&lists.iter().collect::<Vec<_>>());
        std::fs::write(out, print(&model)).expect("write");
    }
    if folds {
        let models: Vec<Model> = (0..N_FOLDS)
            .map(|fold| {
                fit(&lists
                    .iter()
                    .filter(|lists| fold_of(&lists.repo) != fold)
                    .collect::<Vec<_>>())
            })
            .collect();
        let rows = pack_all(
            &cases,
            clones,
            &budgets,
            &|case| models[fold_of(&case.repo)].clone(),
            args.iter().any(|arg| arg == "--each"),
        );
        table(&rows, &budgets);
    }
}

/// Repositories are dealt into folds by a hash of their name.
fn fold_of(repo: &str) -> usize {
    repo.bytes().fold(7_usize, |hash, byte| {
        (hash * 31 + usize::from(byte)) % 1_000_003
    }) % N_FOLDS
}

type Row = (String, String, Vec<Recall>, f64);

fn pack_all(
    cases: &[Case],
    clones: &Path,
    budgets: &[usize],
    model: &(dyn Fn(&Case) -> Model + Sync),
    each: bool,
) -> Vec<Row> {
    let most = budgets.iter().copied().max().unwrap_or(8000);
    cases
        .par_iter()
        .filter_map(|case| {
            let since = Instant::now();
            let weights = model(case);
            let survey = match ctxpack::survey(&request(case, clones, most, &weights), &|_, _| {}) {
                Ok(survey) => survey,
                Err(e) => {
                    eprintln!("{}: {e}", case.id);
                    return None;
                }
            };
            let mut recalls = Vec::new();
            for &budget in budgets {
                match ctxpack::spend(
                    &request(case, clones, budget, &weights),
                    &survey,
                    &|_, _| {},
                ) {
                    Ok(packed) => {
                        assert!(packed.bundle.tokens <= budget, "{} over budget", case.id);
                        recalls.push(eval::measure(case, &packed.bundle));
                    }
                    Err(e) => {
                        eprintln!("{} at {budget}: {e}", case.id);
                        recalls.push(Recall::default());
                    }
                }
            }
            if each {
                println!(
                    "{} {:?}",
                    case.id,
                    recalls
                        .iter()
                        .map(|r| (r.files, r.sites))
                        .collect::<Vec<_>>()
                );
            }
            Some((
                case.id.clone(),
                case.repo.clone(),
                recalls,
                since.elapsed().as_secs_f64(),
            ))
        })
        .collect()
}

fn table(rows: &[Row], budgets: &[usize]) {
    println!(
        "{} cases, {:.2} s a case",
        rows.len(),
        rows.iter().map(|row| row.3).sum::<f64>() / rows.len() as f64
    );
    println!(
        "{:>7}  {:>18} {:>18} {:>18}  {:>5}",
        "budget", "files", "sites", "lines", "fill"
    );
    for (at, budget) in budgets.iter().enumerate() {
        let column = |get: &dyn Fn(&Recall) -> f64| {
            percent(&rows.iter().map(|row| get(&row.2[at])).collect::<Vec<_>>())
        };
        let fill = rows.iter().map(|row| row.2[at].fill).sum::<f64>() / rows.len() as f64;
        println!(
            "{budget:>7}  {:>18} {:>18} {:>18}  {:>5.3}",
            column(&|r| r.files),
            column(&|r| r.sites),
            column(&|r| r.lines),
            fill
        );
    }
    let mut by_repo: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        by_repo.entry(&row.1).or_default().push(row);
    }
    for (repo, rows) in by_repo {
        let shares: Vec<String> = (0..budgets.len())
            .map(|at| {
                let mean = |get: &dyn Fn(&Recall) -> f64| {
                    100.0 * rows.iter().map(|row| get(&row.2[at])).sum::<f64>() / rows.len() as f64
                };
                format!("{:>4.0}/{:<3.0}", mean(&|r| r.files), mean(&|r| r.sites))
            })
            .collect();
        println!("{repo:>24} {:>4}  {}", rows.len(), shares.join(" "));
    }
}

/// Mean and 95 % interval, in percent.
fn percent(values: &[f64]) -> String {
    let found = interval(values);
    format!(
        "{:.1} [{:.1}, {:.1}]",
        100.0 * found.mean,
        100.0 * found.low,
        100.0 * found.high
    )
}
