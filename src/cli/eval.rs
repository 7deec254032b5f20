//! `ctxpack eval`: how much of real changes the bundles would have held, beside simpler ways to fill a budget.

use crate::cli::args::TalkArgs;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::output::{self, Target};
use crate::cli::progress::Progress;
use crate::cli::replay::ReplayArgs;
use crate::cli::replay::{self, Work};
use crate::cli::style::{Style, fit, left, number, plain, right, terminal_size, width};
use clap::Args;
use ctxpack::eval::replay::{BASELINES, UNASKED_BASELINES};
use ctxpack::eval::{Interval, Recall, Replay, Row, interval};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Measure on your own commits how much of a change the bundle would have held.
///
/// Replays commits of the repository: the message is the task, the parent is packed (from git's objects; the work tree is neither
/// read nor touched), and what the commit then changed is looked for in the bundle. Nothing later than the parent is seen:
/// no later commit, and nothing from the home directory. Beside it stand two simpler ways to fill the budget: whole files
/// by BM25, and whole files by their last change.
///
/// Suitable commits have a message of four words or more and change one to eight files that were there before and are no tests,
/// documentation, lock files or generated code. Merges, reverts, releases and other mechanical changes are passed over.
/// Of messages, trailers such as Signed-off-by, numbers of pull requests and bare references to issues are dropped.
#[derive(Debug, Args)]
#[command(after_help = EVAL_EXAMPLES, after_long_help = format!("{EVAL_EXAMPLES}\n\n{CASES}"))]
pub struct EvalArgs {
    #[command(flatten)]
    pub replay: ReplayArgs,

    /// Do not tell the task: half of the change is made, how much of the rest is found?
    ///
    /// The first half of the files that a commit changes is as the commit leaves them, as if edited and not committed. The task is
    /// inferred from that, as it is in a work tree, and the other half is looked for. Beside it stand the files that
    /// changed together with the edited ones most often, and those that changed last. Takes commits of two files or more.
    #[arg(long, help_heading = "What to replay")]
    pub no_task: bool,

    /// One line a case as well.
    #[arg(long, help_heading = "Where to")]
    pub each: bool,

    /// Print JSON: schema 1; with --each, each case too.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const EVAL_EXAMPLES: &str = "\
Examples:
  ctxpack eval                          the newest 100 commits here
  ctxpack eval -n 30 -b 8k,32k --each   fewer, at other budgets, one by one
  ctxpack eval --no-task ../api         how well the task is inferred
  ctxpack eval --json | jq '.results[] | select(.packer == \"ctxpack\")'
  ctxpack eval --cases cases.jsonl --clones ~/clones";

// without spaces, because help is wrapped at them
const CASES: &str = "\
Lines of --cases, the least and all that may be said:
  {\"base\":\"v1.2\",\"query\":\"retry:wait_longer\",\"gold_files\":[\"src/retry.rs\"]}
  {\"id\":\"7\",\"repo\":\"acme/api\",\"mirror\":\"api\",\"base\":\"v1.2\",\"commit\":\"v1.3\",\"query\":\"retry:wait_longer\",\
\"gold_files\":[\"src/retry.rs\"],\"gold_lines\":{\"src/retry.rs\":[[3,9],[40,40]]}}";

/// Runs `ctxpack eval`.
///
/// # Errors
/// Mistyped values, no history, no suitable commit, no case that could be packed.
pub fn run(args: &EvalArgs) -> Outcome<()> {
    let min_gold = if args.no_task { 2 } else { 1 };
    let work = replay::work(&args.replay, &args.talk, min_gold)?;
    let started = Instant::now();
    let progress = Progress::start(args.talk.quiet);
    let done = AtomicUsize::new(0);
    let all = work.n_cases();
    let mut rows: Vec<Row> = Vec::new();
    let mut failed: Vec<String> = Vec::new();
    for job in &work.jobs {
        let replay = Replay::open(&job.root)?;
        let told = || progress.count(done.fetch_add(1, Ordering::Relaxed) + 1, all, "cases");
        let found = replay.run_all(&work.base, &job.cases, &work.budgets, args.no_task, &told);
        for (row, case) in found.into_iter().zip(&job.cases) {
            match row {
                Ok(row) => rows.push(row),
                Err(error) => failed.push(format!("{}: {error}", case.id)),
            }
        }
    }
    drop(progress);
    let first = failed.first().cloned();
    if rows.is_empty() {
        return Err(Failure::new(first.unwrap_or_default()));
    }
    if !args.talk.quiet {
        replay::warn(&failed, &args.talk);
    }
    let packers: Vec<&str> = std::iter::once("ctxpack")
        .chain(if args.no_task {
            UNASKED_BASELINES
        } else {
            BASELINES
        })
        .collect();
    let text = if args.json {
        json(&rows, &work, &packers, args)
    } else {
        let is_terminal = std::io::stdout().is_terminal();
        let columns = if is_terminal {
            terminal_size().0.clamp(40, 160) - 1
        } else {
            usize::MAX
        };
        let style = Style::stdout(args.talk.color);
        let mut text = String::new();
        if args.each {
            text.push_str(&each(&rows, &work.budgets, columns, style));
            text.push('\n');
        }
        text + &table(
            &rows,
            &work,
            &packers,
            started.elapsed(),
            args.no_task,
            style,
        )
    };
    output::write(&Target::Stdout, &text)
}

/// What is measured, with the heading of its column.
pub type Measure = (&'static str, fn(&Recall) -> f64);

/// All that is measured.
pub const MEASURES: [Measure; 3] = [
    ("files", |recall| recall.files),
    ("sites", |recall| recall.sites),
    ("lines", |recall| recall.lines),
];

fn column(rows: &[Row], budget_idx: usize, packer_idx: usize, of: fn(&Recall) -> f64) -> Interval {
    let values: Vec<f64> = rows
        .iter()
        .map(|row| of(&row.recalls[budget_idx][packer_idx]))
        .collect();
    interval(&values)
}

/// Fewer cases than this that are alike would make an interval without any width.
const MIN_FOR_INTERVAL: usize = 5;

/// `93.5 [89, 97]`, in percent; without the interval where the cases are too few for one.
fn percent(found: Interval, n_cases: usize) -> String {
    if n_cases < MIN_FOR_INTERVAL {
        return format!("{:.1}", 100.0 * found.mean);
    }
    format!(
        "{:.1} [{:.0}, {:.0}]",
        100.0 * found.mean,
        100.0 * found.low,
        100.0 * found.high
    )
}

fn table(
    rows: &[Row],
    work: &Work,
    packers: &[&str],
    elapsed: Duration,
    no_task: bool,
    style: Style,
) -> String {
    let widest = packers.iter().map(|name| width(name)).max().unwrap_or(0);
    let line = |budget: &str, packer: &str, cells: [&str; 3]| {
        let cells: String = cells.iter().map(|cell| right(cell, 18)).collect();
        format!("{}  {}{cells}", right(budget, 6), left(packer, widest))
    };
    let mut out = format!(
        "{}\n",
        style.dim(&line("budget", "", MEASURES.map(|(name, _)| name)))
    );
    for (budget_idx, &budget) in work.budgets.iter().enumerate() {
        for (packer_idx, packer) in packers.iter().enumerate() {
            let cells = MEASURES
                .map(|(_, of)| percent(column(rows, budget_idx, packer_idx, of), rows.len()));
            let is_ours = packer_idx == 0;
            let budget = if is_ours {
                number(budget)
            } else {
                String::new()
            };
            let text = line(&budget, packer, [&cells[0], &cells[1], &cells[2]]);
            let text = if is_ours { style.bold(&text) } else { text };
            out.push_str(&format!("{text}\n"));
        }
    }
    let n = rows.len();
    let s = if n == 1 { "" } else { "s" };
    let seconds = elapsed.as_secs_f64();
    let what = if no_task {
        "Half of each change was made and no task given. Of the other half,\n\
         files: those with any line in the bundle; sites: those of which a line that\n\
         changed is in it; lines: lines that changed. Percent"
    } else {
        "files: changed files with any line in the bundle; sites: those of which a line\n\
         that changed is in it; lines: lines that changed. Percent"
    };
    let sure = if n < MIN_FOR_INTERVAL {
        ": too few cases for intervals."
    } else {
        ", with 95 % intervals."
    };
    let weights = work.weights_from.as_deref().map_or_else(String::new, |file| {
        format!(
            "\nPacked with the weights of {}. If they were fitted to these commits, the numbers\n\
             flatter them: ctxpack tune --dry-run measures on commits not fitted to.\n",
            plain(file)
        )
    });
    let name = plain(&work.name);
    let summary = format!("{n} case{s} of {name} in {seconds:.1} s.");
    let what = style.dim(&format!("{what}{sure}"));
    out.push_str(&format!("\n{summary}\n{what}\n{weights}"));
    out
}

/// One line a case: which share of its files and sites is found at each budget.
fn each(rows: &[Row], budgets: &[usize], columns: usize, style: Style) -> String {
    let widest = rows
        .iter()
        .map(|row| width(&plain(&row.id)))
        .max()
        .unwrap_or(0)
        .clamp(4, 40);
    let heads: String = budgets
        .iter()
        .map(|budget| right(&number(*budget), 9))
        .collect();
    let mut out = format!(
        "{}\n",
        style.dim(&format!(
            "{}{heads}  files/sites at each budget; task",
            left("case", widest)
        ))
    );
    for row in rows {
        let shares: String = row
            .recalls
            .iter()
            .map(|recalls| {
                let share = |part: f64| format!("{:.0}", 100.0 * part);
                right(
                    &format!("{}/{}", share(recalls[0].files), share(recalls[0].sites)),
                    9,
                )
            })
            .collect();
        let id = left(&fit(&plain(&row.id), widest), widest);
        let line = format!("{id}{shares}  {}", plain(&row.subject));
        out.push_str(&format!("{}\n", fit(&line, columns)));
    }
    out
}

fn json(rows: &[Row], work: &Work, packers: &[&str], args: &EvalArgs) -> String {
    let rounded = |n: f64| (n * 1e4).round() / 1e4;
    let mut results = Vec::new();
    for (budget_idx, budget) in work.budgets.iter().enumerate() {
        for (packer_idx, packer) in packers.iter().enumerate() {
            let mut result = serde_json::json!({"budget": budget, "packer": packer});
            for (name, of) in MEASURES {
                let found = column(rows, budget_idx, packer_idx, of);
                let bound = |n: f64| (rows.len() >= MIN_FOR_INTERVAL).then(|| rounded(n));
                result[name] = serde_json::json!({
                    "mean": rounded(found.mean), "low": bound(found.low), "high": bound(found.high),
                });
            }
            results.push(result);
        }
    }
    let mut whole = serde_json::json!({
        "schema": 1,
        "of": work.name,
        "task": if args.no_task { "inferred" } else { "given" },
        "weights": work.weights_from.as_deref().unwrap_or("shipped"),
        "n_cases": rows.len(),
        "passed_over": work.skipped,
        "results": results,
    });
    if args.each {
        let each = rows.iter().map(|row| {
            let mut recalls = Vec::new();
            for (found, budget) in row.recalls.iter().zip(&work.budgets) {
                for (recall, packer) in found.iter().zip(packers) {
                    let mut one = serde_json::json!({"budget": budget, "packer": packer});
                    for (name, of) in MEASURES {
                        one[name] = rounded(of(recall)).into();
                    }
                    recalls.push(one);
                }
            }
            serde_json::json!({"id": row.id, "repo": row.repo, "subject": row.subject, "recalls": recalls})
        });
        whole["cases"] = each.collect();
    }
    format!("{whole:#}\n")
}
