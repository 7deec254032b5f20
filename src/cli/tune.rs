//! `ctxpack tune`: weights fitted to the repository's own commits, written down only where they are better.

use crate::cli::args::TalkArgs;
use crate::cli::eval::MEASURES;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::output::{self, Target};
use crate::cli::progress::Progress;
use crate::cli::replay::ReplayArgs;
use crate::cli::replay::{self, Work};
use crate::cli::style::{Style, left, number, plain, right};
use crate::config::{self, Trust};
use clap::Args;
use ctxpack::eval::tune::{self, Tuned};
use ctxpack::eval::{Interval, Row, interval};
use ctxpack::score::files::FILE_FEATURES;
use ctxpack::score::model::Model;
use ctxpack::score::pieces::PIECE_FEATURES;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fit the weights to your own commits, if that makes bundles better.
///
/// Replays commits as `ctxpack eval` does, fits what each feature of a file and of a piece weighs to them, starting from the weights
/// shipped, and measures the new weights on commits that they were not fitted to. They go into ctxpack.toml at the root of
/// the repository, as [weights.file] and [weights.piece], only if the share of sites found is higher for certain: the 95 % interval of
/// the difference lies above 0. It is judged at the first of --budgets that is 8k or more; where all are less, at the largest.
/// Weights that ctxpack.toml has already are measured as well, and not replaced by any that are worse for certain.
/// The rest of that file stays as it is. The probabilities that ctxpack states stay fitted to the weights shipped.
#[derive(Debug, Args)]
#[command(after_help = TUNE_EXAMPLES)]
pub struct TuneArgs {
    #[command(flatten)]
    pub replay: ReplayArgs,

    /// Only say what would be gained.
    #[arg(long, conflicts_with = "force", help_heading = "Where to")]
    pub dry_run: bool,

    /// Write the weights even if they are not better for certain.
    #[arg(long, help_heading = "Where to")]
    pub force: bool,

    /// Print JSON: schema 1, with the weights.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const TUNE_EXAMPLES: &str = "\
Examples:
  ctxpack tune --dry-run      what would be gained here
  ctxpack tune -n 300         fit to the newest 300 commits; write ctxpack.toml if better
  ctxpack tune --json --dry-run | jq .weights.file";

/// Fewer cases say nothing that an interval would not deny.
const MIN_CASES: usize = 10;

/// The budget that decides, or the next larger one that is measured.
const MAIN_BUDGET: usize = 8_000;

/// Weights shown that moved most.
const N_MOVED: usize = 6;

/// Runs `ctxpack tune`.
///
/// # Errors
/// Mistyped values, no history, too few suitable commits, a config file that cannot be written.
pub fn run(args: &TuneArgs) -> Outcome<()> {
    let mut work = replay::work(&args.replay, &args.talk, 1)?;
    let n_cases = work.n_cases();
    if n_cases < MIN_CASES {
        return Err(Failure::new(format!(
            "{n_cases} suitable cases are too few to fit weights to: {MIN_CASES} at least"
        ))
        .hint("ctxpack eval measures with the weights that there are"));
    }
    let root = work.base.roots[0].clone();
    let file = config::repository(&root).join(config::PROJECT_FILE);
    let before = if args.dry_run {
        None
    } else {
        Some(writable(&file, &root)?)
    };
    // what a config file says of weights is what is fitted anew, and what the new ones have to be held against
    let in_use = std::mem::take(&mut work.base.weights);
    let in_use = (in_use != work.base.weights).then_some(in_use);
    let jobs: Vec<_> = std::mem::take(&mut work.jobs)
        .into_iter()
        .map(|job| (job.root, job.cases))
        .collect();
    let progress = Progress::start(args.talk.quiet);
    let done = AtomicUsize::new(0);
    let n_packings = n_cases * if in_use.is_some() { 3 } else { 2 };
    let told = || {
        let n = done.fetch_add(1, Ordering::Relaxed) + 1;
        progress.count(n, n_packings, "packings");
    };
    let tuned = tune::tune(&jobs, &work.base, in_use.as_ref(), &work.budgets, &told);
    drop(progress);
    let tuned = tuned?;
    if !args.talk.quiet {
        replay::warn(&tuned.failed, &args.talk);
    }
    if tuned.before.is_empty() {
        return Err(Failure::new(
            tuned.failed.first().cloned().unwrap_or_default(),
        ));
    }
    let main_idx = main_budget(&work.budgets);
    let gain = tuned.gain(main_idx, MEASURES[1].1);
    let is_worse = tuned
        .gain_over_in_use(main_idx, MEASURES[1].1)
        .is_some_and(|gain| gain.high < 0.0);
    let is_better = gain.low > 0.0 && !is_worse;
    let mut written = None;
    if let Some(text) = before
        && (is_better || args.force)
    {
        let comment = comment(&tuned, &work, main_idx);
        let text = with_weights(&text, &tuned.weights, &comment, &file)?;
        output::write(&Target::File(file.clone()), &text)?;
        written = Some(file.as_path());
    }
    let text = if args.json {
        json(&tuned, &work, is_better, written)
    } else {
        let style = Style::stdout(args.talk.color);
        let mut text = table(&tuned, &work, style);
        text.push_str(&moved(&tuned.weights));
        text + &verdict(&tuned, &work, main_idx, is_better, written, style)
    };
    output::write(&Target::Stdout, &text)
}

fn main_budget(budgets: &[usize]) -> usize {
    let at = budgets.iter().position(|budget| *budget >= MAIN_BUDGET);
    at.unwrap_or(budgets.len().saturating_sub(1))
}

/// Line ends as the file has them: where most are CRLF, all are.
fn with_ends_of(before: &str, text: String) -> String {
    let n_lines = before.matches('\n').count();
    if 2 * before.matches("\r\n").count() > n_lines {
        text.replace("\r\n", "\n").replace('\n', "\r\n")
    } else {
        text
    }
}

/// The text of the config file that the weights go into; empty where there is none yet.
fn writable(file: &Path, root: &Path) -> Outcome<String> {
    let shown = file.display();
    let is_bare = !file.with_file_name(".git").exists() && root.join("HEAD").is_file();
    if is_bare {
        return Err(Failure::new(format!(
            "{}: a bare repository has no place for a config file",
            root.display()
        ))
        .hint("ctxpack tune --dry-run says what weights would gain"));
    }
    match file.symlink_metadata() {
        Err(_) => Ok(String::new()),
        Ok(metadata) if metadata.is_file() => {
            std::fs::read_to_string(file).map_err(|error| Failure::new(format!("{shown}: {error}")))
        }
        Ok(_) => Err(Failure::new(format!("{shown}: not a regular file"))
            .hint("ctxpack tune --dry-run says what weights would gain")),
    }
}

/// `text` with the weights in it, and everything else as it was.
fn with_weights(text: &str, weights: &Model, comment: &str, file: &Path) -> Outcome<String> {
    let wrong =
        |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", file.display()));
    let mut document: toml_edit::DocumentMut = text.parse().map_err(|error| wrong(&error))?;
    document.remove("weights");
    let mut tables = toml_edit::Table::new();
    tables.set_implicit(true);
    let sections: [(&str, &[&str], &[f64]); 2] = [
        ("file", &FILE_FEATURES, &weights.file.0),
        ("piece", &PIECE_FEATURES, &weights.piece.0),
    ];
    let is_empty = document.iter().next().is_none();
    for (name, features, row) in sections {
        let mut table = toml_edit::Table::new();
        for (feature, weight) in features.iter().zip(row) {
            // + 0.0, because -0.0 is a number too
            table[*feature] = toml_edit::value((weight * 1e3).round() / 1e3 + 0.0);
        }
        let gap = if name == "file" && is_empty { "" } else { "\n" };
        let above = if name == "file" { comment } else { "" };
        table.decor_mut().set_prefix(format!("{gap}{above}"));
        tables[name] = toml_edit::Item::Table(table);
    }
    document["weights"] = toml_edit::Item::Table(tables);
    let text = with_ends_of(text, document.to_string());
    config::parse(&text, file, Trust::Project)?;
    Ok(text)
}

fn mean(rows: &[Row], budget_idx: usize) -> f64 {
    let values: Vec<f64> = rows
        .iter()
        .map(|row| (MEASURES[1].1)(&row.recalls[budget_idx][0]))
        .collect();
    100.0 * interval(&values).mean
}

/// What a reader of the config file should know.
fn comment(tuned: &Tuned, work: &Work, main_idx: usize) -> String {
    format!(
        "# Fitted by `ctxpack tune` to {} cases. Sites at {} tokens, on cases not fitted to: {:.1} % before, {:.1} % after.\n",
        tuned.before.len(),
        number(work.budgets[main_idx]),
        mean(&tuned.before, main_idx),
        mean(&tuned.after, main_idx),
    )
}

/// `+2.3 [0.4, 4.1]`, in points of percent.
fn points(found: Interval) -> String {
    format!(
        "{:+.1} [{:+.1}, {:+.1}]",
        100.0 * found.mean,
        100.0 * found.low,
        100.0 * found.high
    )
}

fn table(tuned: &Tuned, work: &Work, style: Style) -> String {
    let line = |budget: &str, name: &str, cells: &[String]| {
        let cells: String = cells.iter().map(|cell| right(cell, 20)).collect();
        format!("{}  {}{cells}", right(budget, 6), left(name, 10))
    };
    let heads = MEASURES.map(|(name, _)| name.to_owned());
    let mut out = format!("{}\n", style.dim(&line("budget", "", &heads)));
    for (budget_idx, &budget) in work.budgets.iter().enumerate() {
        let cells = |rows: &[Row]| {
            MEASURES.map(|(_, of)| {
                let values: Vec<f64> = rows
                    .iter()
                    .map(|row| of(&row.recalls[budget_idx][0]))
                    .collect();
                format!("{:.1}", 100.0 * interval(&values).mean)
            })
        };
        let mut row = |budget: &str, name: &str, cells: &[String], is_bold: bool| {
            let text = line(budget, name, cells);
            let text = if is_bold { style.bold(&text) } else { text };
            out.push_str(&format!("{text}\n"));
        };
        row(&number(budget), "shipped", &cells(&tuned.before), false);
        if let Some(in_use) = &tuned.in_use {
            row("", "in use", &cells(in_use), false);
        }
        row("", "tuned", &cells(&tuned.after), false);
        let gains = MEASURES.map(|(_, of)| points(tuned.gain(budget_idx, of)));
        if tuned.in_use.is_none() {
            row("", "difference", &gains, true);
            continue;
        }
        row("", "- shipped", &gains, true);
        let gains = MEASURES.map(|(_, of)| {
            let gain = tuned.gain_over_in_use(budget_idx, of);
            gain.map(points).unwrap_or_default()
        });
        row("", "- in use", &gains, true);
    }
    let n = tuned.before.len();
    let mut note = format!(
        "Percent of {n} cases of {}; each was packed with weights fitted to the other\n\
         four fifths. Differences are of the same cases, with 95 % intervals.",
        plain(&work.name)
    );
    if tuned.in_use.is_some() {
        let file = plain(work.weights_from.as_deref().unwrap_or_default());
        note.push_str(&format!(
            "\nIn use are the weights of {file}. If they were fitted to these cases, they\n\
             have an advantage here."
        ));
    }
    out.push_str(&format!("\n{}\n", style.dim(&note)));
    out
}

/// The weights that moved most.
fn moved(weights: &Model) -> String {
    let shipped = Model::default();
    let pairs = |names: &[&'static str], old: &[f64], new: &[f64], of: &'static str| {
        let all = names.iter().zip(old).zip(new);
        all.map(|((name, old), new)| (format!("{of}.{name}"), *old, *new))
            .collect::<Vec<_>>()
    };
    let mut all = pairs(&FILE_FEATURES, &shipped.file.0, &weights.file.0, "file");
    all.extend(pairs(
        &PIECE_FEATURES,
        &shipped.piece.0,
        &weights.piece.0,
        "piece",
    ));
    all.sort_by(|a, b| (b.2 - b.1).abs().total_cmp(&(a.2 - a.1).abs()));
    let shown: Vec<String> = all
        .iter()
        .take(N_MOVED)
        .map(|(name, old, new)| format!("  {}{:>8.3} -> {new:.3}\n", left(name, 24), old))
        .collect();
    format!("\nWeights that move most:\n{}", shown.concat())
}

fn verdict(
    tuned: &Tuned,
    work: &Work,
    main_idx: usize,
    is_better: bool,
    written: Option<&Path>,
    style: Style,
) -> String {
    let budget = number(work.budgets[main_idx]);
    let gain = points(tuned.gain(main_idx, MEASURES[1].1));
    let over_in_use = tuned.gain_over_in_use(main_idx, MEASURES[1].1);
    let found = if is_better {
        style.green(&format!("Better: sites at {budget} {gain}."))
    } else if let Some(over) = over_in_use.filter(|over| over.high < 0.0) {
        let over = points(over);
        style.yellow(&format!(
            "Worse than those in use: sites at {budget} {over}."
        ))
    } else {
        style.yellow(&format!("Not surely better: sites at {budget} {gain}."))
    };
    let done = match written {
        Some(path) => format!(
            "Written to {}.\nThe probabilities that ctxpack states were fitted to the weights shipped: with others they\n\
             may be a little off.",
            plain(&path.display().to_string())
        ),
        None if is_better => "Nothing is written by --dry-run.".to_owned(),
        None => match &work.weights_from {
            Some(file) => format!(
                "Nothing is written; the weights in {} stay. --force would\nreplace them; deleting \
                 [weights] there goes back to those shipped.",
                plain(file)
            ),
            None => {
                "Nothing is written; the weights shipped stay. --force would write them.".to_owned()
            }
        },
    };
    format!("\n{found} {done}\n")
}

fn json(tuned: &Tuned, work: &Work, is_better: bool, written: Option<&Path>) -> String {
    let rounded = |n: f64| (n * 1e4).round() / 1e4;
    let one = |found: Interval| serde_json::json!({"mean": rounded(found.mean), "low": rounded(found.low), "high": rounded(found.high)});
    let results: Vec<_> = work
        .budgets
        .iter()
        .enumerate()
        .map(|(budget_idx, budget)| {
            let mut result = serde_json::json!({"budget": budget});
            for (name, of) in MEASURES {
                let all = |rows: &[Row]| {
                    let values: Vec<f64> = rows.iter().map(|row| of(&row.recalls[budget_idx][0])).collect();
                    one(interval(&values))
                };
                result[name] = serde_json::json!({
                    "shipped": all(&tuned.before), "tuned": all(&tuned.after), "difference": one(tuned.gain(budget_idx, of)),
                });
                if let (Some(in_use), Some(gain)) = (&tuned.in_use, tuned.gain_over_in_use(budget_idx, of)) {
                    result[name]["in_use"] = all(in_use);
                    result[name]["difference_in_use"] = one(gain);
                }
            }
            result
        })
        .collect();
    let weights = |names: &[&str], row: &[f64]| -> serde_json::Map<String, serde_json::Value> {
        let pairs = names.iter().zip(row);
        pairs
            .map(|(name, weight)| ((*name).to_owned(), rounded(*weight).into()))
            .collect()
    };
    let whole = serde_json::json!({
        "schema": 1,
        "of": work.name,
        "n_cases": tuned.before.len(),
        "better": is_better,
        "written": written.map(|path| path.display().to_string()),
        "results": results,
        "weights": {
            "file": weights(&FILE_FEATURES, &tuned.weights.file.0),
            "piece": weights(&PIECE_FEATURES, &tuned.weights.piece.0),
        },
    });
    format!("{whole:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut weights = Model::default();
        weights.file.0[0] = -0.000_1;
        weights.piece.0[0] = 2.345_67;
        let once = with_weights(text, &weights, "# ours\n", Path::new("ctxpack.toml")).unwrap();
        let twice = with_weights(&once, &weights, "# ours\n", Path::new("ctxpack.toml")).unwrap();
        assert_eq!(once, twice);
        let read = config::parse(&once, Path::new("ctxpack.toml"), Trust::Project).unwrap();
        weights.file.0[0] = 0.0;
        weights.piece.0[0] = 2.346;
        assert_eq!(read.weights, Some(weights));
        once
    }

    #[test]
    fn weights_go_round() {
        let text = written("");
        assert!(text.starts_with("# ours\n[weights.file]\n"), "{text}");
        assert!(!text.contains("= -0.0\n"), "{text}");
    }

    #[test]
    fn the_rest_of_the_file_stays() {
        let before = "# our settings\nbudget = \"24k\" # enough\nexclude = [\n    \"vendor/**\", # theirs\n]\n";
        let text = written(before);
        assert!(
            text.starts_with(&format!("{before}\n# ours\n[weights.file]\n")),
            "{text}"
        );
        let old = format!("{before}\n[weights.file]\nsize = 9.0\n\n[weights.piece]\nsize = 9.0\n");
        assert_eq!(written(&old), text);
        assert_eq!(written(&format!("{before}weights.file.size = 9.0\n")), text);
    }

    #[test]
    fn line_ends_stay() {
        let text = written("# ours\r\nbudget = \"24k\"\r\n");
        assert!(text.starts_with("# ours\r\nbudget"), "{text:?}");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        assert!(!written("budget = \"24k\"\n").contains('\r'));
    }

    #[test]
    fn the_budget_that_decides() {
        for (budgets, at) in [
            (&[4_000, 8_000, 16_000][..], 1),
            (&[9_000], 0),
            (&[1_000, 2_000], 1),
        ] {
            assert_eq!(main_budget(budgets), at, "{budgets:?}");
        }
    }
}
