//! Instructions of the hot paths, counted by valgrind: the same from run to run, whatever else the machine does.
//!
//! ```text
//! .ci/hot                    compares with benches/hot.toml; a count more than a tenth above it fails
//! .ci/hot write              writes benches/hot.toml
//! .ci/hot run PATH N         runs one path N times, for a profiler: callgrind, perf
//! ```
//!
//! Each path is told by two counts: of its first run, in which tables are unpacked, automata built and queries compiled, start of the
//! program included, and of each run more. The texts are made here, so that no change of the sources changes what is counted.
#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use ctxpack::emit::{self, Account, Item, Proof};
use ctxpack::guard::secrets;
use ctxpack::language;
use ctxpack::lexicon::{query, scan::Scanner, syntax};
use ctxpack::request::{Format, Kind, RenderingName, Task, TaskSource};
use ctxpack::solve::{Choice, Menu, Problem, select};
use ctxpack::tokens::Tokenizer;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};

#[allow(dead_code, missing_docs, reason = "shared with the solver's own tests")]
#[path = "../src/solve/instances.rs"]
mod instances;

/// The table of counts.
const TABLE: &str = "benches/hot.toml";

/// How many times the count of the table a count may be.
const MOST: f64 = 1.1;

/// A name, and what runs it so many times.
type Hot = (&'static str, fn(usize) -> usize);

/// The paths by name. Each is given a number of runs and returns something that depends on all of them.
const PATHS: &[Hot] = &[
    ("count", count),
    ("redact", redact),
    ("scan", scan),
    ("outline", outline),
    ("solve", solve),
    ("emit", emit),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["run", path, n] => {
            let path = PATHS.iter().find(|(name, _)| name == path);
            let (_, run) = path.expect("a path of the list");
            println!("{}", black_box(run(n.parse().expect("a number of runs"))));
            ExitCode::SUCCESS
        }
        ["write"] => write(),
        ["check"] => check(),
        _ => {
            eprintln!("hot: counts instructions; .ci/hot says of what, and compares");
            ExitCode::from(2)
        }
    }
}

/// What was counted, and by what: counts are of one compiler and one sort of processor.
#[derive(Debug, Serialize, Deserialize)]
struct Table {
    rustc: String,
    valgrind: String,
    processor: String,
    /// Instructions, in thousands, of the first run and of each more.
    counts: BTreeMap<String, (u64, u64)>,
}

/// The first line that a program says of its version; `None` where there is no such program.
fn version(program: &str) -> Option<String> {
    let said = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&said.stdout);
    Some(text.lines().next()?.trim().to_owned())
}

/// Libraries choose their code by what the processor can do.
fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    let more = if std::arch::is_x86_feature_detected!("avx2") {
        " with avx2"
    } else {
        " without avx2"
    };
    #[cfg(not(target_arch = "x86_64"))]
    let more = "";
    format!("{}{more}", std::env::consts::ARCH)
}

/// Counts all paths; `None` where there is no valgrind.
fn counted() -> Option<Table> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let valgrind = version("valgrind")?;
    let count = |(name, _): &(&str, fn(usize) -> usize)| {
        let (first, two) = (instructions(name, 1)?, instructions(name, 2)?);
        Some(((*name).to_owned(), (first, two.saturating_sub(first))))
    };
    let counts = PATHS.par_iter().map(count).collect::<Option<_>>()?;
    Some(Table {
        rustc: version(&rustc)?,
        valgrind,
        processor: processor(),
        counts,
    })
}

/// Thousands of instructions that running a path `n` times takes.
fn instructions(path: &str, n: usize) -> Option<u64> {
    let run = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args(["run", path, &n.to_string()])
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&run.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let n_instructions: u64 = collected?.1.trim().parse().ok()?;
    Some(n_instructions / 1000)
}

fn place() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE)
}

const HEAD: &str = "\
# Thousands of instructions that each hot path takes: its first run with the start of the program, and each run more.
# Written by `.ci/hot write`, read by `.ci/hot`. They hold for this compiler and this sort of processor alone.
";

fn write() -> ExitCode {
    let Some(table) = counted() else {
        eprintln!("no valgrind here: nothing is counted");
        return ExitCode::from(2);
    };
    let mut text = format!(
        "{HEAD}rustc = {:?}\nvalgrind = {:?}\nprocessor = {:?}\n\n[counts]\n",
        table.rustc, table.valgrind, table.processor
    );
    for (name, (first, more)) in &table.counts {
        text += &format!("{name} = [{first}, {more}]\n");
    }
    std::fs::write(place(), &text).expect(TABLE);
    print!("{text}");
    ExitCode::SUCCESS
}

fn check() -> ExitCode {
    let known = std::fs::read_to_string(place()).expect(TABLE);
    let known: Table = toml::from_str(&known).expect(TABLE);
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let here = [version(&rustc), version("valgrind"), Some(processor())];
    let there = [&known.rustc, &known.valgrind, &known.processor];
    for (here, there) in here.iter().zip(there) {
        if here.as_ref() != Some(there) {
            let here = here.as_deref().unwrap_or("none");
            println!(
                "NOT CHECKED: instructions of the hot paths, which are known of {there}; here is {here}"
            );
            return ExitCode::SUCCESS;
        }
    }
    let counts = counted().expect("valgrind ran before").counts;
    if counts.keys().ne(known.counts.keys()) {
        eprintln!("{TABLE} has other paths than benches/hot.rs: .ci/hot write");
        return ExitCode::FAILURE;
    }
    let mut is_worse = false;
    println!(
        "{:10}{:>12}{:>8}{:>12}{:>8}",
        "thousands", "first", "", "each more", ""
    );
    for (name, (first, more)) in &counts {
        let (known_first, known_more) = known.counts[name];
        let mut cell = |now: u64, before: u64| {
            let share = now as f64 / before.max(1) as f64;
            is_worse |= share > MOST;
            format!("{now:>12}{:>+7.1}%", (share - 1.0) * 100.0)
        };
        let cells = cell(*first, known_first) + &cell(*more, known_more);
        println!("{name:10}{cells}");
    }
    if is_worse {
        eprintln!(
            "a hot path takes over 10 % more than in {TABLE}; if that is worth it: .ci/hot write, and say why"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Numbers without a pattern, the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % most
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

const WORDS: &[&str] = &[
    "parse", "header", "retry", "socket", "buffer", "index", "commit", "session", "token",
    "budget", "render", "cache", "window", "stream", "record", "offset", "handler", "config",
    "timeout", "request", "response", "worker", "queue", "schema", "column", "reader", "writer",
    "signal", "vector", "matrix", "cursor", "folder", "branch", "author",
];

/// About 150 kB of Rust: names of two words, comments, strings, numbers, some of which look like a secret's.
fn code() -> String {
    let mut dice = Dice(7);
    let mut out = String::from("use std::collections::HashMap;\nuse crate::worker::Queue;\n\n");
    for n in 0..400 {
        let (a, b, c) = (dice.of(WORDS), dice.of(WORDS), dice.of(WORDS));
        out += &format!("/// Makes the {a} of a {b} ready, before the {c} is asked.\n");
        out += &format!("pub fn {a}_{b}_{n}({c}: &mut HashMap<u64, String>) -> Option<usize> {{\n");
        for _ in 0..dice.below(8) + 2 {
            let (d, e, n) = (dice.of(WORDS), dice.of(WORDS), dice.below(100_000));
            out += &match dice.below(5) {
                0 => format!("    // the {d} may be later than its {e}\n"),
                1 => format!("    let {d} = {c}.get(&{n})?.len() + {e}_limit({n});\n"),
                2 => format!("    if {d} > {n} {{\n        return self.{e}.next();\n    }}\n"),
                3 => format!("    let api_key = config.get(\"{d}.{e}\", \"no {d} for {n}\");\n"),
                _ => format!("    log::warn!(\"cannot {d} the {e}: {{}}\", {n:#x});\n"),
            };
        }
        out += "    None\n}\n\n";
    }
    out
}

fn count(n: usize) -> usize {
    let code = code();
    let runs = (0..n).map(|_| Tokenizer::O200kBase.count(black_box(&code)));
    runs.sum()
}

fn redact(n: usize) -> usize {
    let code = code();
    let runs = (0..n).map(|_| secrets::redact(black_box(&code)).len());
    runs.sum()
}

fn scan(n: usize) -> usize {
    let code = code();
    let query = query::read(
        "the retry of a session reads its cursor twice, where parse_header has timed out",
    );
    let syntax = syntax::of_path("src/code.rs");
    let mut scanner = Scanner::new(&query);
    let runs = (0..n).map(|_| scanner.scan(black_box(&code), &syntax));
    runs.map(|scan| black_box(scan).hits.len()).sum()
}

fn outline(n: usize) -> usize {
    let code = code();
    let language = language::detect("src/code.rs", &code);
    let runs = (0..n).map(|_| language::outline(black_box(&code), language));
    runs.map(|outline| outline.definitions.len()).sum()
}

fn solve(n: usize) -> usize {
    let menu = |options: Vec<(u32, f64)>| Menu {
        options: options
            .into_iter()
            .map(|(cost, value)| Choice { cost, value })
            .collect(),
        pinned: None,
    };
    let menus = instances::menus(instances::Kind::Context, 5_000, 5, 1000, 1);
    let problem = Problem {
        menus: menus.into_iter().map(menu).collect(),
        budget: 100_000,
    };
    let runs = (0..n).map(|_| select(black_box(&problem)).is_ok());
    runs.filter(|is_ok| *is_ok).count()
}

fn emit(n: usize) -> usize {
    let code = code();
    let functions = code.split_inclusive("\n}\n\n").enumerate();
    let item = |(at, text): (usize, &str)| Item {
        id: format!("file:src/code_{at}.rs"),
        kind: Kind::File,
        path: format!("src/code_{at}.rs"),
        rendering: RenderingName::Full,
        lines: vec![(1, text.lines().count() as u32)],
        labels: Vec::new(),
        text: text.to_owned(),
        tokens: 100,
        value: 1.0,
        relevance: 0.5,
        recency: 0.5,
        reasons: vec!["`retry` matches the task best".to_owned()],
    };
    let account = Account {
        budget: 50_000,
        room: 4_000,
        tokenizer: "o200k_base",
        task: Task {
            source: TaskSource::Flag,
            text: "fix the retry".to_owned(),
        },
        proof: Proof {
            value: 1.0,
            bound: 1.0,
            exact: true,
            price: 0.0,
        },
        chance: None,
        next: Vec::new(),
        items: functions.map(item).collect(),
        omitted: Default::default(),
        warnings: Vec::new(),
    };
    let formats = [Format::Xml, Format::Markdown, Format::Json, Format::Plain];
    let runs = (0..n).flat_map(|_| formats);
    let texts = runs.map(|format| emit::write(format, black_box(&account)).len());
    texts.sum()
}
