//! `ctxpack curve`: what a budget buys, as a chart on a terminal, a table in a pipe, JSON, or an SVG.

use crate::cli::args::{AskArgs, TalkArgs};
use crate::cli::budget::{self, Size};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::outlook::probability;
use crate::cli::output::{self, Target};
use crate::cli::progress::Progress;
use crate::cli::resolve::{self, Resolved};
use crate::cli::style::{Style, number, right, terminal_size};
use crate::cli::{chart, summary, svg};
use clap::Args;
use ctxpack::curve::{Curve, Point, size, unit};
use ctxpack::request::{Budget, Request};
use std::io::IsTerminal;
use std::path::PathBuf;

/// Show what a budget buys: the chance that the bundle holds the place to change.
///
/// Reads once and packs for many budgets, and draws how probable it is, for the task, that the lines to change are in the bundle:
/// as a chart on a terminal, as a table in a pipe. The knee is where 1,000 more tokens stop to add half a point (0.005). Nothing is
/// written unless asked. The chance is what the model believes; what such bundles held of real changes is told in the README.
#[derive(Debug, Args)]
#[command(after_help = CURVE_EXAMPLES)]
pub struct CurveArgs {
    #[command(flatten)]
    pub ask: AskArgs,

    /// Try these budgets: 2k,4k,8k [default: 1k to 200k].
    ///
    /// All in the unit of --budget. Without it, sixteen budgets from 1k to 200k tokens are tried, and --budget, until everything is in.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        help_heading = "How much"
    )]
    pub budgets: Vec<String>,

    /// Also draw the curve there, as an SVG that suits light and dark.
    #[arg(long, value_name = "FILE", help_heading = "Where to")]
    pub svg: Option<PathBuf>,

    /// Print JSON: schema 1, one object a budget.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const CURVE_EXAMPLES: &str = "\
Examples:
  ctxpack curve -t 'fix the retry'              how much budget this task needs
  ctxpack curve -t 'fix the retry' --svg curve.svg
  ctxpack curve -b 16k --budgets 4k,8k,16k --json | jq '.points[].chance'";

/// Runs `ctxpack curve`.
///
/// # Errors
/// As packing does; budgets in several units; a request without files.
pub fn run(args: &CurveArgs) -> Outcome<()> {
    let target = args.svg.as_deref().map(output::target).transpose()?;
    if target == Some(Target::Stdout) {
        return Err(Failure::new("--svg goes to a file: stdout is the chart's")
            .hint("ctxpack curve --svg curve.svg"));
    }
    let Resolved {
        mut request,
        mut warnings,
        ..
    } = resolve::pack(&args.ask, &args.talk)?;
    let budgets = budgets(args, &request)?;
    for root in &request.roots {
        let own = target
            .as_ref()
            .and_then(|own| output::glob_below(own, root));
        request.exclude.extend(own);
    }
    let progress = Progress::start(args.talk.quiet);
    let result = ctxpack::curve::curve(&request, &budgets, &|stage, n| progress.report(stage, n));
    drop(progress);
    let curve = result?.ok_or_else(|| {
        Failure::new("there is no file among the candidates, and so no place to change")
            .hint("ctxpack sources shows what is read, and leaves out what --only and -i do")
    })?;
    if !args.talk.quiet {
        warnings.extend(curve.warnings.iter().filter_map(output::shown_warning));
        output::warn(&warnings, output::MAX_WARNINGS, args.talk.color);
    }
    let name = summary::names(&request);
    if let Some(target) = &target {
        output::write(target, &svg::svg(&curve, &name))?;
    }
    let text = if args.json {
        json(&curve)
    } else if std::io::stdout().is_terminal() {
        let style = Style::stdout(args.talk.color);
        chart::chart(&curve, &name, terminal_size(), style)
    } else {
        table(&curve)
    };
    output::write(&Target::Stdout, &text)
}

/// The budgets that are named, and `--budget` where it is typed; none where the usual ones are meant.
fn budgets(args: &CurveArgs, request: &Request) -> Outcome<Vec<usize>> {
    let mut sizes = Vec::new();
    let (_, unit) = budget::parts(request.budget);
    for typed in &args.budgets {
        let Size::Plain(budget) = budget::parse(typed)? else {
            return Err(
                Failure::new(format!("--budgets {typed}: not a share")).hint("--budgets 4k,8k,16k")
            );
        };
        let (n, its_unit) = budget::parts(budget);
        if its_unit != unit {
            return Err(Failure::new(format!(
                "--budgets {typed}: in {its_unit}, and the budget is in {unit}"
            ))
            .hint(format!(
                "--budget {typed} --budgets {}",
                args.budgets.join(",")
            )));
        }
        sizes.push(n);
    }
    if !sizes.is_empty() && (args.ask.budget.is_some() || args.ask.host.is_some()) {
        sizes.push(size(request.budget));
    }
    Ok(sizes)
}

/// A budget as it could be typed, in the unit of `asked`: `8k`, `1.5k`, `9500c`.
pub fn typed(n: usize, asked: Budget) -> String {
    let suffix = match asked {
        Budget::Tokens(_) => "",
        Budget::Characters(_) => "c",
        Budget::Bytes(_) => "B",
    };
    let tenths = |n: usize, part: usize, letter: &str| match (n / part, n % part * 10 / part) {
        (whole, 0) => format!("{whole}{letter}{suffix}"),
        (whole, tenth) => format!("{whole}.{tenth}{letter}{suffix}"),
    };
    match n {
        n if n >= 1_000_000 && n.is_multiple_of(100_000) => tenths(n, 1_000_000, "m"),
        n if n >= 1_000 && n.is_multiple_of(100) => tenths(n, 1_000, "k"),
        n => format!("{n}{suffix}"),
    }
}

/// The curve in one sentence: what some budgets hold, and from where on more is of little use.
pub fn advice(curve: &Curve) -> String {
    let (Some(last), knee) = (curve.points.last(), curve.knee()) else {
        return String::new();
    };
    let named = |point: &Point| typed(point.budget, curve.asked);
    // the one that matters, half of it, and the one that was asked for
    let main = knee.unwrap_or(last);
    let half = |point: &&Point| point.budget <= main.budget / 2;
    let asked = |point: &&Point| point.budget == size(curve.asked);
    let mut points = vec![main];
    points.extend(curve.points.iter().rfind(half));
    points.extend(curve.points.iter().find(asked));
    points.sort_by_key(|point| point.budget);
    points.dedup_by_key(|point| point.budget);
    let mut parts: Vec<String> = points
        .iter()
        .map(|point| {
            let p = probability(point.chance.place);
            format!("{} with {p}", named(point))
        })
        .collect();
    parts[0] = format!(
        "{} holds the place to change with probability {}",
        named(points[0]),
        probability(points[0].chance.place)
    );
    parts.push(match knee {
        Some(knee) if curve.is_whole() && knee.budget == last.budget => {
            format!("with {} everything is in", named(knee))
        }
        Some(knee) => {
            let (_, unit_name) = budget::parts(curve.asked);
            format!(
                "after {} each further {} {unit_name} add less than 0.5 points",
                named(knee),
                number(1000 * unit(curve.asked))
            )
        }
        None if curve.points.len() == 1 => "there is more to add".to_owned(),
        None => format!("at {} it still climbs", named(last)),
    });
    parts.join("; ")
}

/// A line a budget, and the advice.
fn table(curve: &Curve) -> String {
    let (_, unit_name) = budget::parts(curve.asked);
    let mut out = String::new();
    let mut row = |cells: [&str; 6]| {
        let widths = [10, 10, 7, 8, 8, 20];
        for (cell, width) in cells.into_iter().zip(widths) {
            out.push_str(&right(cell, width));
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    };
    let per = format!("points per {}", number(1000 * unit(curve.asked)));
    row([unit_name, "used", "items", "place", "file", &per]);
    for (at, point) in curve.points.iter().enumerate() {
        // what the knee is found by: how steep the way to the next point is
        let next = curve.points.get(at + 1);
        let climb = next.map(|next| format!("{:+.2}", 100.0 * curve.climb(point, next)));
        row([
            &number(point.budget),
            &number(point.used),
            &number(point.n_items),
            &format!("{:.3}", point.chance.place),
            &format!("{:.3}", point.chance.file),
            climb.as_deref().unwrap_or(""),
        ]);
    }
    out.push_str(&format!("\n{}\n", advice(curve)));
    out
}

fn json(curve: &Curve) -> String {
    let rounded = |number: f64, parts: f64| (number * parts).round() / parts;
    let points: Vec<_> = curve
        .points
        .iter()
        .map(|point| {
            serde_json::json!({
                "budget": point.budget,
                "used": point.used,
                "tokens": point.tokens,
                "items": point.n_items,
                "chance": {
                    "place": rounded(point.chance.place, 1e4),
                    "file": rounded(point.chance.file, 1e4),
                },
                "price": rounded(point.price, 1e6),
            })
        })
        .collect();
    let warnings: Vec<_> = curve
        .warnings
        .iter()
        .map(|warning| serde_json::json!({"code": warning.code, "path": warning.path, "message": warning.message}))
        .collect();
    let (asked, unit_name) = budget::parts(curve.asked);
    let whole = serde_json::json!({
        "schema": 1,
        "task": curve.task.text,
        "unit": unit_name,
        "asked": asked,
        "knee": curve.knee().map(|point| point.budget),
        "points": points,
        "advice": advice(curve),
        "warnings": warnings,
    });
    format!("{whole:#}\n")
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use ctxpack::emit::Chance;
    use ctxpack::request::{Task, TaskSource};

    /// A curve through budgets, with the chance of place and file at each; what is left at the end is worth something.
    pub fn through(points: &[(usize, f64, f64)], asked: Budget) -> Curve {
        let point = |&(budget, place, file): &(usize, f64, f64)| Point {
            budget,
            tokens: budget - 3,
            used: budget - 3,
            n_items: budget / 200,
            chance: Chance { place, file },
            price: 10.0 / budget as f64,
        };
        Curve {
            asked,
            task: Task {
                source: TaskSource::Flag,
                text: "fix <the>\n bug & \"more\"".to_owned(),
            },
            points: points.iter().map(point).collect(),
            warnings: Vec::new(),
        }
    }

    /// A curve as they are.
    pub fn sample() -> Curve {
        let points = [
            (1_000, 0.22, 0.48),
            (2_000, 0.41, 0.70),
            (4_000, 0.63, 0.84),
            (8_000, 0.81, 0.92),
            (16_000, 0.88, 0.96),
            (32_000, 0.91, 0.98),
            (64_000, 0.93, 0.99),
        ];
        through(&points, Budget::Tokens(32_000))
    }

    #[test]
    fn budgets_as_typed() {
        let check = |n, asked, expected: &str| assert_eq!(typed(n, asked), expected);
        check(8_000, Budget::Tokens(1), "8k");
        check(1_500, Budget::Tokens(1), "1.5k");
        check(1_234, Budget::Tokens(1), "1234");
        check(999, Budget::Tokens(1), "999");
        check(1_500_000, Budget::Tokens(1), "1.5m");
        check(9_500, Budget::Characters(1), "9.5kc");
        check(32_768, Budget::Bytes(1), "32768B");
    }

    #[test]
    fn a_curve_in_one_sentence() {
        let check = |curve: &Curve, expected: &str| assert_eq!(advice(curve), expected);
        let mut curve = sample();
        check(
            &curve,
            "8k holds the place to change with probability 0.81; 16k with 0.88; 32k with 0.91; \
             after 16k each further 1,000 tokens add less than 0.5 points",
        );
        curve.points.truncate(4);
        check(
            &curve,
            "4k holds the place to change with probability 0.63; 8k with 0.81; at 8k it still climbs",
        );
        curve.points[3].price = 0.0;
        check(
            &curve,
            "4k holds the place to change with probability 0.63; 8k with 0.81; with 8k everything is in",
        );
        curve.points.truncate(1);
        curve.asked = Budget::Characters(1);
        check(
            &curve,
            "1kc holds the place to change with probability 0.22; there is more to add",
        );
    }

    #[test]
    fn a_table_for_pipes() {
        let mut curve = sample();
        curve.points.truncate(2);
        assert_eq!(
            table(&curve),
            "    tokens      used  items   place    file    points per 1,000
     1,000       997      5   0.220   0.480              +19.00
     2,000     1,997     10   0.410   0.700

1k holds the place to change with probability 0.22; 2k with 0.41; at 2k it still climbs
"
        );
    }
}
