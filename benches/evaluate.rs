//! Recall at a budget over a file of cases, and the fit of the weights.
//!
//! ```text
//! cargo bench --bench evaluate -- --cases CASES.jsonl --clones DIR [--budgets 4000,8000] [--weights FILE] [--fit OUT.toml] [--folds] [--ablate]
//! ```
//!
//! `DIR/<mirror>` is the repository of each case. `--fit` fits the weights on all cases; `--folds` fits them on the other
//! repositories for each case, and reports what is reached on repositories that the weights have not seen; `--ablate` leaves out
//! one feature at a time, and reports what that costs there.
#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use ctxpack::eval::fit::List;
use ctxpack::eval::lists::{Lists, fit, lists, print, request};
use ctxpack::eval::{self, Case, Recall};
use ctxpack::score::files::{FILE_FEATURES, N_FILE_SIGNALS};
use ctxpack::score::pieces::{N_PIECE_SIGNALS, PIECE_FEATURES};
use ctxpack::score::{Model, chance, statistics};
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
            "usage: cargo bench --bench evaluate -- --cases FILE --clones DIR [--budgets N,N] [--weights FILE] [--fit OUT] [--folds] [--ablate]"
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
    let ablate = args.iter().any(|arg| arg == "--ablate");
    if flag("--fit").is_none() && !folds && !ablate {
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
        let files = lists.iter().flat_map(|lists| {
            let List { rows, target } = &lists.files;
            let model = &models[fold_of(&lists.repo)].file;
            let logit = |row: &Vec<f64>| row.iter().zip(model.0).map(|(x, w)| x * w).sum();
            let p = statistics::softmax(&rows.iter().map(logit).collect::<Vec<f64>>());
            let is_gold = target
                .iter()
                .map(|target| f64::from(u8::from(*target > 0.0)));
            p.into_iter()
                .map(chance::needed)
                .zip(is_gold)
                .collect::<Vec<_>>()
        });
        calibration("one file", files.collect(), chance::NEEDED);
        let rows = pack_all(
            &cases,
            clones,
            &budgets,
            &|case| models[fold_of(&case.repo)].clone(),
            args.iter().any(|arg| arg == "--each"),
        );
        table(&rows, &budgets);
    }
    if ablate {
        ablation(&lists);
    }
}

/// What the loss on repositories not seen (nats a case, lower is better) rises by when one feature is left out.
fn ablation(lists: &[Lists]) {
    type Get = fn(&Lists) -> &List;
    let models: [(&str, &[&str], usize, Get); 2] = [
        ("file", &FILE_FEATURES, N_FILE_SIGNALS, |lists| &lists.files),
        ("piece", &PIECE_FEATURES, N_PIECE_SIGNALS, |lists| {
            &lists.pieces
        }),
    ];
    for (model, names, n_signals, get) in models {
        let full = held_out(lists, get, n_signals, None);
        println!(
            "\n{model}: {:.4} nats a case with all features",
            mean(&full)
        );
        for (f, name) in names.iter().enumerate() {
            let without = held_out(lists, get, n_signals, Some(f));
            let rise: Vec<f64> = without.iter().zip(&full).map(|(a, b)| a - b).collect();
            let eval::Interval { mean, low, high } = eval::interval(&rise);
            println!("{name:>16} {mean:+.4} [{low:+.4}, {high:+.4}]");
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The loss of each case under weights fitted to the other folds, without the feature `dropped`.
fn held_out(
    lists: &[Lists],
    get: fn(&Lists) -> &List,
    n_signals: usize,
    dropped: Option<usize>,
) -> Vec<f64> {
    let cut = |list: &List| {
        let mut list = list.clone();
        for row in &mut list.rows {
            if let Some(f) = dropped {
                row[f] = 0.0;
            }
        }
        list
    };
    let lists: Vec<(usize, List)> = lists
        .iter()
        .map(|lists| (fold_of(&lists.repo), cut(get(lists))))
        .collect();
    let mut losses = vec![0.0; lists.len()];
    for fold in 0..N_FOLDS {
        let seen: Vec<List> = lists
            .iter()
            .filter(|(of, _)| *of != fold)
            .map(|(_, list)| list.clone())
            .collect();
        let start = vec![0.0; seen.first().map_or(0, |list| list.rows[0].len())];
        let weights = eval::fit::fit(&seen, &start, &|f| f >= n_signals, 1e-2, 120);
        for (loss, (_, list)) in losses.iter_mut().zip(&lists).filter(|(_, l)| l.0 == fold) {
            *loss = eval::fit::loss(list, &weights);
        }
    }
    losses
}

/// Repositories are dealt into folds by a hash of their name.
fn fold_of(repo: &str) -> usize {
    repo.bytes().fold(7_usize, |hash, byte| {
        (hash * 31 + usize::from(byte)) % 1_000_003
    }) % N_FOLDS
}

type Row = (String, String, Vec<Recall>, f64, Vec<(f64, f64)>);

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
            let mut chances = Vec::new();
            for &budget in budgets {
                match ctxpack::spend(
                    &request(case, clones, budget, &weights),
                    &survey,
                    &|_, _| {},
                ) {
                    Ok(packed) => {
                        assert!(packed.bundle.tokens <= budget, "{} over budget", case.id);
                        recalls.push(eval::measure(case, &packed.bundle));
                        chances.push(packed.chance.map_or((0.0, 0.0), |c| (c.place, c.file)));
                    }
                    Err(e) => {
                        eprintln!("{} at {budget}: {e}", case.id);
                        recalls.push(Recall::default());
                        chances.push((0.0, 0.0));
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
                chances,
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
            interval(&rows.iter().map(|row| get(&row.2[at])).collect::<Vec<_>>())
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
    let of = |get: fn(&Recall) -> f64, chance: fn(&(f64, f64)) -> f64| -> Vec<(f64, f64)> {
        let pairs = rows.iter().flat_map(|row| row.2.iter().zip(&row.4));
        pairs.map(|(recall, c)| (chance(c), get(recall))).collect()
    };
    calibration(
        "place",
        of(|recall| recall.sites, |chance| chance.0),
        chance::PLACE,
    );
    calibration(
        "file",
        of(|recall| recall.files, |chance| chance.1),
        chance::FILE,
    );
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

/// What was said to be in the bundle, against what was, over all cases and budgets.
/// `before` are the constants behind what was said; those that would have fitted best are printed with it.
fn calibration(what: &str, mut pairs: Vec<(f64, f64)>, before: (f64, f64)) {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (a, b) = platt(&pairs);
    println!(
        "{what}: expected -> observed (n); best constants ({:.2}, {:.2}), used {before:?}",
        a + b * before.0,
        b * before.1
    );
    for bin in 0..10 {
        let inside: Vec<&(f64, f64)> = pairs
            .iter()
            .filter(|(p, _)| ((p * 10.0) as usize).min(9) == bin)
            .collect();
        if inside.is_empty() {
            continue;
        }
        let n = inside.len() as f64;
        println!(
            "  {:.3} -> {:.3} ({n})",
            inside.iter().map(|(p, _)| p).sum::<f64>() / n,
            inside.iter().map(|(_, o)| o).sum::<f64>() / n
        );
    }
}

/// The logistic line from `logit(expected)` to what was observed: intercept and slope. Newton's method.
fn platt(pairs: &[(f64, f64)]) -> (f64, f64) {
    let points: Vec<(f64, f64)> = pairs
        .iter()
        .map(|&(p, observed)| (p.clamp(1e-3, 1.0 - 1e-3), observed))
        .map(|(p, observed)| ((p / (1.0 - p)).ln(), observed))
        .collect();
    let (mut a, mut b) = (0.0, 1.0);
    for _ in 0..20 {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 1e-6, 0.0, 1e-6);
        for &(x, observed) in &points {
            let p: f64 = 1.0 / (1.0 + f64::exp(-(a + b * x)));
            let w = p * (1.0 - p);
            ga += observed - p;
            gb += (observed - p) * x;
            haa += w;
            hab += w * x;
            hbb += w * x * x;
        }
        let det: f64 = haa * hbb - hab * hab;
        a += (hbb * ga - hab * gb) / det;
        b += (haa * gb - hab * ga) / det;
    }
    (a, b)
}

/// Mean and 95 % bootstrap interval, in percent.
fn interval(values: &[f64]) -> String {
    let eval::Interval { mean, low, high } = eval::interval(values);
    format!(
        "{:.1} [{:.1}, {:.1}]",
        100.0 * mean,
        100.0 * low,
        100.0 * high
    )
}
