//! Recall and precision of memory at a budget, over the projects in `fixtures/memory/`.
//!
//! ```text
//! cargo bench --bench memory [-- --each] [--filter NAME] [--budgets 500,1000,2000,4000]
//! ```
//!
//! `--each` names the sentences that are missed and the ones shown in spite of being forbidden; `--filter` takes the scenarios
//! whose `project/name` or kind holds NAME. The table has one row for each way to choose: ctxpack among notes and sessions alone,
//! ctxpack with the code competing, and two baselines.
#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

mod baselines;
mod project;
mod scenario;

use ctxpack::emit::Item;
use ctxpack::eval;
use ctxpack::request::{Budget, Kind, Kinds, Request, Task, TaskSource};
use project::Built;
use scenario::{Project, Scenario, folded};
use std::collections::BTreeMap;
use std::path::Path;

/// The way in which files compete too.
const WITH_CODE: &str = "ctxpack, with code";

/// The ways to choose, in the order of the table.
const WAYS: [&str; 4] = ["ctxpack", WITH_CODE, "newest first", "everything in order"];

/// Notes and sessions alone.
const MEMORY: Kinds = Kinds {
    files: false,
    notes: true,
    sessions: true,
};
/// Files alone.
const FILES: Kinds = Kinds {
    files: true,
    notes: false,
    sessions: false,
};

/// A budget that holds all there is: what is not shown then, no reader has kept.
const ALL: usize = 200_000;

/// What one way shows of one scenario at one budget.
#[derive(Debug, Clone, Default)]
struct Shown {
    /// Share of the sentences that must come.
    recall: f64,
    /// Share of the items that hold one that must or may come; `None` where there is no item.
    precision: Option<f64>,
    missed: Vec<String>,
    forbidden: Vec<String>,
    /// Of the forbidden ones, those in an item that says that it no longer holds.
    n_labelled: usize,
    /// Whether each item that had to bear a mark does; `None` where nothing is asked or nothing shown.
    marked: Option<bool>,
    /// Share of the files that must come; `None` where none must, or none could.
    code: Option<f64>,
}

struct Row {
    name: String,
    kind: String,
    /// By budget and way.
    shown: Vec<Vec<Shown>>,
    /// By budget: the share of the files that must come where nothing is remembered.
    unremembered: Vec<Option<f64>>,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let flag = |name: &str| {
        let at = args.iter().position(|arg| arg == name)?;
        args.get(at + 1).cloned()
    };
    let budgets: Vec<usize> = flag("--budgets")
        .unwrap_or("500,1000,2000,4000".into())
        .split(',')
        .map(|n| n.parse().expect("budget"))
        .collect();
    let each = args.iter().any(|arg| arg == "--each");
    let filter = flag("--filter").unwrap_or_default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/memory");
    let mut rows: Vec<Row> = Vec::new();
    for (name, project) in scenario::read(&folder).expect("scenarios") {
        let is_asked = |scenario: &&Scenario| {
            format!("{name}/{}", scenario.name).contains(&filter) || scenario.kind.contains(&filter)
        };
        let scenarios: Vec<&Scenario> = project.scenarios.iter().filter(is_asked).collect();
        if scenarios.is_empty() {
            continue;
        }
        if each {
            println!("\n{name}: {}", project.about);
        }
        let built = project::build(&name, &project).expect("project");
        for scenario in scenarios {
            let row = measure(&name, &project, &built, scenario, &budgets);
            if each {
                tell(&row, scenario, &budgets, &reach(&built, scenario));
            }
            rows.push(row);
        }
    }
    table(&rows, &budgets);
}

fn request(built: &Built, scenario: &Scenario, budget: usize, kinds: Kinds) -> Request {
    let task = scenario.task.clone();
    Request {
        task: task.map(|text| Task {
            source: TaskSource::Flag,
            text,
        }),
        kinds,
        home: Some(built.home.clone()),
        now: Some(built.now),
        ..Request::new(built.repo.clone(), Budget::Tokens(budget))
    }
}

/// The items of a bundle.
fn pack(built: &Built, scenario: &Scenario, budget: usize, kinds: Kinds) -> Vec<Item> {
    let request = request(built, scenario, budget, kinds);
    let packed = ctxpack::pack(&request, &|_, _| {}).expect("a bundle");
    assert!(
        packed.bundle.tokens <= budget,
        "{} over budget",
        scenario.name
    );
    let items = packed.bundle.account.items.into_iter();
    items.collect()
}

/// The share of the files that must come of which any line is shown.
fn code_shown(scenario: &Scenario, items: &[Item]) -> Option<f64> {
    let is_shown = |path: &&String| {
        let mut files = items.iter().filter(|item| item.kind == Kind::File);
        files.any(|item| item.path == **path && !item.lines.is_empty())
    };
    let n = scenario.code.len();
    (n > 0).then(|| scenario.code.iter().filter(is_shown).count() as f64 / n as f64)
}

fn measure(
    name: &str,
    project: &Project,
    built: &Built,
    scenario: &Scenario,
    budgets: &[usize],
) -> Row {
    let survey =
        ctxpack::survey(&request(built, scenario, ALL, MEMORY), &|_, _| {}).expect("a survey");
    let n_ours = project
        .sessions
        .iter()
        .filter(|session| session.elsewhere.is_none());
    let n_read = survey.remembered.sessions.len();
    assert_eq!(n_read, n_ours.count(), "{name}: sessions that are read");
    let shown = budgets.iter().map(|&budget| {
        let texts = |texts: Vec<String>| {
            look(
                scenario,
                &texts
                    .into_iter()
                    .map(|text| (text, String::new()))
                    .collect::<Vec<_>>(),
            )
        };
        let packed = |kinds| {
            let items = pack(built, scenario, budget, kinds);
            let code = code_shown(scenario, &items);
            let memory = items.into_iter().filter(|item| item.kind != Kind::File);
            Shown {
                code,
                ..look(scenario, &memory.map(labelled).collect::<Vec<_>>())
            }
        };
        vec![
            packed(MEMORY),
            packed(Kinds::default()),
            texts(baselines::newest(&survey, budget)),
            texts(baselines::everything(project, &survey, budget)),
        ]
    });
    Row {
        name: format!("{name}/{}", scenario.name),
        kind: scenario.kind.clone(),
        shown: shown.collect(),
        unremembered: budgets
            .iter()
            .map(|&budget| code_shown(scenario, &pack(built, scenario, budget, FILES)))
            .collect(),
    }
}

/// An item's text, and its labels as one text.
fn labelled(item: Item) -> (String, String) {
    let labels = item
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}; "));
    (item.text, labels.collect())
}

/// Compares texts, each with its labels, with a scenario.
fn look(scenario: &Scenario, texts: &[(String, String)]) -> Shown {
    let texts: Vec<(String, &str)> = texts
        .iter()
        .map(|(text, labels)| (folded(text), labels.as_str()))
        .collect();
    let holds =
        |text: &str, sentences: &[String]| sentences.iter().any(|s| text.contains(&folded(s)));
    let holders = |sentence: &str| {
        let sentence = folded(sentence);
        texts
            .iter()
            .filter(move |(text, _)| text.contains(&sentence))
    };
    let n = scenario.must.len();
    let missed: Vec<String> = scenario
        .must
        .iter()
        .filter(|s| holders(s).next().is_none())
        .cloned()
        .collect();
    let is_good =
        |(text, _): &&(String, &str)| holds(text, &scenario.must) || holds(text, &scenario.may);
    let n_good = texts.iter().filter(is_good).count();
    let forbidden = scenario
        .must_not
        .iter()
        .filter(|s| holders(s).next().is_some());
    let forbidden: Vec<String> = forbidden.cloned().collect();
    let says_old = |labels: &str| {
        ["state=", "stale", "superseded"]
            .iter()
            .any(|word| labels.contains(word))
    };
    let n_labelled = forbidden
        .iter()
        .filter(|s| holders(s).all(|(_, labels)| says_old(labels)))
        .count();
    let marked = scenario
        .mark
        .as_ref()
        .filter(|_| missed.is_empty())
        .map(|mark| {
            let mut all = scenario.must.iter();
            all.all(|s| {
                holders(s).any(|(text, labels)| {
                    labels.contains(mark.as_str()) || text.contains(mark.as_str())
                })
            })
        });
    Shown {
        recall: if n == 0 {
            1.0
        } else {
            1.0 - missed.len() as f64 / n as f64
        },
        precision: (!texts.is_empty()).then(|| n_good as f64 / texts.len() as f64),
        missed,
        forbidden,
        n_labelled,
        marked,
        code: None,
    }
}

/// The sentences that no budget shows: their reader left them out.
fn reach(built: &Built, scenario: &Scenario) -> Vec<String> {
    let items: Vec<(String, String)> = pack(built, scenario, ALL, MEMORY)
        .into_iter()
        .map(labelled)
        .collect();
    look(scenario, &items).missed
}

fn tell(row: &Row, scenario: &Scenario, budgets: &[usize], unreachable: &[String]) {
    println!(
        "{} ({}): {}",
        row.name,
        row.kind,
        scenario.task.as_deref().unwrap_or("[no task]")
    );
    println!("  {}", scenario.why);
    for (budget, shown) in budgets.iter().zip(&row.shown) {
        let shown = &shown[0];
        println!(
            "  {budget:>6}  recall {:.2}  precision {:.2}",
            shown.recall,
            shown.precision.unwrap_or(f64::NAN)
        );
        for missed in &shown.missed {
            let lost = if unreachable.contains(missed) {
                " (at any budget)"
            } else {
                ""
            };
            println!("          missed{lost}: {missed}");
        }
        for forbidden in &shown.forbidden {
            println!("          FORBIDDEN: {forbidden}");
        }
        if shown.marked == Some(false) {
            println!(
                "          not marked `{}`",
                scenario.mark.as_deref().unwrap_or_default()
            );
        }
    }
}

fn table(rows: &[Row], budgets: &[usize]) {
    println!(
        "{} scenarios\n{:>6}  {:<20} {:>20} {:>20} {:>9} {:>9}",
        rows.len(),
        "budget",
        "",
        "recall",
        "precision",
        "forbidden",
        "unmarked"
    );
    for (at, budget) in budgets.iter().enumerate() {
        for (way, name) in WAYS.iter().enumerate() {
            let shown = || rows.iter().map(|row| &row.shown[at][way]);
            let n_forbidden: usize = shown().map(|shown| shown.forbidden.len()).sum();
            let n_bare: usize = shown()
                .map(|shown| shown.forbidden.len() - shown.n_labelled)
                .sum();
            let n_unmarked = shown().filter(|shown| shown.marked == Some(false)).count();
            println!(
                "{:>6}  {name:<20} {:>20} {:>20} {:>9} {n_unmarked:>9}",
                if way == 0 {
                    budget.to_string()
                } else {
                    String::new()
                },
                interval(shown().map(|shown| shown.recall)),
                interval(shown().filter_map(|shown| shown.precision)),
                format!("{n_forbidden} ({n_bare})"),
            );
        }
    }
    let with_code = WAYS.iter().position(|way| *way == WITH_CODE).unwrap_or(0);
    let of_code = |at: usize| {
        rows.iter()
            .filter_map(move |row| row.shown[at][with_code].code)
    };
    if of_code(0).next().is_some() {
        println!(
            "\n{:>6}  {:>20} {:>20}",
            "code", "by memory", "by words alone"
        );
        for (at, budget) in budgets.iter().enumerate() {
            let alone = rows.iter().filter_map(|row| row.unremembered[at]);
            println!(
                "{budget:>6}  {:>20} {:>20}",
                interval(of_code(at)),
                interval(alone)
            );
        }
    }
    let mut by_kind: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        by_kind.entry(&row.kind).or_default().push(row);
    }
    println!(
        "\n{:<22} {:>3}  recall of ctxpack at {budgets:?} (newest first); forbidden sentences",
        "kind", "n"
    );
    for (kind, rows) in by_kind {
        let cells: Vec<String> = (0..budgets.len())
            .map(|at| {
                let mean = |way: usize| {
                    100.0
                        * rows
                            .iter()
                            .map(|row| row.shown[at][way].recall)
                            .sum::<f64>()
                        / rows.len() as f64
                };
                let n: usize = rows
                    .iter()
                    .map(|row| row.shown[at][0].forbidden.len())
                    .sum();
                format!("{:>3.0} ({:>3.0}) {n}", mean(0), mean(2))
            })
            .collect();
        println!("{kind:<22} {:>3}  {}", rows.len(), cells.join("   "));
    }
}

/// Mean and 95 % bootstrap interval, in percent.
fn interval(values: impl Iterator<Item = f64>) -> String {
    let eval::Interval { mean, low, high } = eval::interval(&values.collect::<Vec<_>>());
    format!(
        "{:.1} [{:.1}, {:.1}]",
        100.0 * mean,
        100.0 * low,
        100.0 * high
    )
}
