//! Recall at a budget over a file of cases, and the fit of the weights.
//!
//! ```text
//! cargo bench --bench evaluate -- --cases CASES.jsonl --clones DIR [--budgets 4000,8000] [--weights FILE] [--fit OUT.toml] [--folds]
//! ```
//!
//! `DIR/<mirror>` is the repository of each case. `--fit` fits the weights on all cases; `--folds` fits them on the other
//! repositories for each case, and reports what is reached on repositories that the weights have not seen.
#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use ctxpack::Survey;
use ctxpack::eval::{self, Case, Recall, fit::List};
use ctxpack::request::{Budget, Format, Kinds, Request, Task, TaskSource};
use ctxpack::score::{
    Model,
    files::FILE_FEATURES,
    model::{FileModel, PieceModel},
    pieces::PIECE_FEATURES,
};
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
                    .filter(|(repo, ..)| fold_of(repo) != fold)
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

fn request(case: &Case, clones: &Path, budget: usize) -> Request {
    Request {
        roots: vec![clones.join(&case.mirror)],
        revision: Some(case.base.clone()),
        budget: Budget::Tokens(budget),
        tokenizer: Default::default(),
        safety_factor: 1.0,
        task: Some(Task {
            source: TaskSource::Flag,
            text: case.query.clone(),
        }),
        format: Format::Xml,
        include: vec![],
        exclude: vec![],
        pin: vec![],
        kinds: Kinds::default(),
        home: None,
        claude_config_dir: None,
        now: None,
    }
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
            let survey =
                match ctxpack::survey(&request(case, clones, most), model(case), &|_, _| {}) {
                    Ok(survey) => survey,
                    Err(e) => {
                        eprintln!("{}: {e}", case.id);
                        return None;
                    }
                };
            let mut recalls = Vec::new();
            for &budget in budgets {
                match ctxpack::spend(&request(case, clones, budget), &survey, &|_, _| {}) {
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

type Lists = (String, List, List);

/// Features and targets of every case, for files and for pieces.
fn lists(cases: &[Case], clones: &Path, model: &Model) -> Vec<Lists> {
    let one = |case: &Case| {
        let survey =
            ctxpack::survey(&request(case, clones, 27_000), model.clone(), &|_, _| {}).ok()?;
        Some((
            case.repo.clone(),
            file_list(case, &survey)?,
            piece_list(case, &survey)?,
        ))
    };
    cases.par_iter().filter_map(one).collect()
}

fn file_list(case: &Case, survey: &Survey) -> Option<List> {
    let mut list = List::default();
    let is_gold = |idx: usize| case.gold_files.contains(&survey.files[idx].path);
    let n_gold = (0..survey.files.len())
        .filter(|&idx| is_gold(idx) && survey.files[idx].barred.is_none())
        .count();
    if n_gold == 0 {
        return None;
    }
    for (rank, &idx) in survey.ranked.order.iter().enumerate() {
        let row = survey.ranked.rows[idx];
        // the rest of a large repository is alike: keep the likely ones, and those that any one feature likes
        if rank < 300 || is_gold(idx) || row[..14].iter().any(|value| *value > 0.5) {
            list.rows.push(row.to_vec());
            list.target
                .push(f64::from(u8::from(is_gold(idx))) / n_gold as f64);
        }
    }
    Some(list)
}

fn piece_list(case: &Case, survey: &Survey) -> Option<List> {
    let mut target = Vec::new();
    for segment in &survey.pieces.segments {
        let path = &survey.files[survey.opened[segment.opened_idx].file_idx].path;
        let gold = case.gold_lines.get(path).map_or(&[][..], Vec::as_slice);
        let n_gold: u32 = gold.iter().map(|(a, b)| b - a + 1).sum();
        let shown: u32 = segment
            .runs
            .iter()
            .flat_map(|&(a, b)| {
                gold.iter()
                    .map(move |&(c, d)| (b.min(d) + 1).saturating_sub(a.max(c)))
            })
            .sum();
        target.push(if n_gold > 0 {
            f64::from(shown) / f64::from(n_gold)
        } else {
            0.0
        });
    }
    let sum: f64 = target.iter().sum();
    if sum <= 0.0 {
        return None;
    }
    Some(List {
        rows: survey.pieces.rows.iter().map(|row| row.to_vec()).collect(),
        target: target.iter().map(|t| t / sum).collect(),
    })
}

fn fit(lists: &[&Lists]) -> Model {
    let files: Vec<List> = lists.iter().map(|(_, files, _)| files.clone()).collect();
    let pieces: Vec<List> = lists.iter().map(|(_, _, pieces)| pieces.clone()).collect();
    let file = eval::fit::fit(
        &files,
        FILE_FEATURES.len(),
        &|f| f >= 14 && FILE_FEATURES[f] != "frame",
        1e-2,
        400,
    );
    let piece = eval::fit::fit(
        &pieces,
        PIECE_FEATURES.len(),
        &|f| f == 8 || (10..17).contains(&f),
        1e-2,
        400,
    );
    Model {
        file: FileModel(std::array::from_fn(|f| file[f])),
        piece: PieceModel(std::array::from_fn(|f| piece[f])),
    }
}

fn print(model: &Model) -> String {
    let section = |name: &str, names: &[&str], weights: &[f64]| {
        let rows: String = names
            .iter()
            .zip(weights)
            .map(|(name, weight)| format!("{name} = {weight:.3}\n"))
            .collect();
        format!("[{name}]\n{rows}\n")
    };
    section("file", &FILE_FEATURES, &model.file.0)
        + &section("piece", &PIECE_FEATURES, &model.piece.0)
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

/// Mean and 95 % bootstrap interval, in percent.
fn interval(values: &[f64]) -> String {
    let n = values.len();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut means: Vec<f64> = (0..1000)
        .map(|_| {
            let sum: f64 = (0..n)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    values[(state % n as u64) as usize]
                })
                .sum();
            sum / n as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let mean = values.iter().sum::<f64>() / n as f64;
    format!(
        "{:.1} [{:.1}, {:.1}]",
        100.0 * mean,
        100.0 * means[25],
        100.0 * means[974]
    )
}
