//! That no text takes the process down: for each language, whatever nests in it, as deep as the limits let through.
//!
//! A parser in C that runs out of stack, or that finds something amiss, ends the process, and nothing can catch that. So each
//! folder of `grammars/` has a `nests.toml` that says what can be opened again and again in its language, and here it is: alone,
//! many times, with comments between that keep it from looking repetitive, mixed, and cut off by the end of the file. Each text is
//! parsed on a thread with [`STACK_BYTES`] of stack: a third, byte for byte, of what the longest text has in a run, and a
//! five hundredth of it in all. A grammar without such a file fails here.

use super::table::{Row, rows};
use super::{Language, limits, parsed, promises};
use rayon::prelude::*;
use serde::Deserialize;
use std::path::Path;

/// How long the texts are, and how much stack they have. Some of it is taken by what does not depend on the text.
const TEXT_BYTES: usize = 6 * 1024;
const STACK_BYTES: usize = 128 * 1024;

/// What `nests.toml` says of a language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nests {
    /// What stands before anything that nests.
    before: String,
    /// What begins a comment, and what ends it.
    comment: (String, String),
    /// What opens something, or takes something that stands before or behind it in.
    units: Vec<String>,
    /// Openers of which the scanner, the part of a parser that is written by hand, keeps a list.
    #[serde(default)]
    kept: Vec<String>,
    /// What has a length that a scanner keeps: what stands before, what is repeated, what stands after.
    #[serde(default)]
    measured: Vec<(String, String, String)>,
    /// A line that opens a block by indentation.
    indented: Option<String>,
}

impl Nests {
    fn of(row: &Row) -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("grammars/{}/nests.toml", row.id));
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// `units` one after another, as many as `bytes` hold: on lines that are not too long, no deeper in brackets than is parsed,
    /// and never the same for long.
    fn sequence<'t>(&self, units: impl Iterator<Item = &'t String>, bytes: usize) -> String {
        let mut text = self.before.clone();
        let (mut depth, mut line_start, mut n_after_comment) = (0_i32, 0, 0);
        for (n, unit) in units.enumerate() {
            depth += unit.chars().map(bracket).sum::<i32>();
            if text.len() + unit.len() > bytes || depth.abs() >= limits::MAX_DEPTH {
                break;
            }
            text.push_str(unit);
            n_after_comment += unit.len();
            if n_after_comment > 100 {
                let marks = b"=;,.%^?:@$_"
                    .iter()
                    .cycle()
                    .skip(n % 11)
                    .step_by(1 + n % 7);
                let marks = marks.take(20).map(|mark| char::from(*mark));
                text.extend(
                    self.comment
                        .0
                        .chars()
                        .chain(marks)
                        .chain(self.comment.1.chars()),
                );
                n_after_comment = 0;
            }
            if text.len() - line_start > 400 {
                text.push('\n');
                line_start = text.len();
            }
        }
        text
    }

    /// The texts, each with a word for what it is.
    fn texts(&self) -> Vec<(String, String)> {
        let mut texts: Vec<(String, String)> = Vec::new();
        let mut add = |what: String, text: String| texts.push((what, text));
        for unit in &self.units {
            let label = format!("{unit:?}");
            add(
                label.clone(),
                self.sequence(std::iter::repeat(unit), TEXT_BYTES),
            );
            add(label, format!("{}{unit}", self.before));
        }
        // Units drawn by a generator of Knuth's, so that they are the same everywhere.
        let mut state = 1_u64;
        for n in 0..20 {
            let drawn = std::iter::from_fn(|| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                // two kinds that take turns, then three, then all
                let among = self
                    .units
                    .len()
                    .min(if n < 16 { 2 + n % 4 } else { usize::MAX });
                self.units
                    .get(((state >> 33) as usize % among + n * 5) % self.units.len())
            });
            add(format!("mixed {n}"), self.sequence(drawn, TEXT_BYTES));
        }
        for (before, repeated, after) in &self.measured {
            for n in (1..20).chain(250..260).chain(1_000..1_030) {
                let text = format!("{}{before}{}{after}", self.before, repeated.repeat(n));
                add(format!("{n} times {repeated:?}"), text);
            }
        }
        let short = |n: usize| -> Vec<String> {
            let measured = self.measured.iter();
            let measured = measured
                .map(|(before, repeated, after)| format!("{before}{}{after}", repeated.repeat(n)));
            self.kept.iter().cloned().chain(measured).collect()
        };
        for kept in &self.kept {
            for depth in (0..200).step_by(9).chain(200..206).chain(252..258) {
                let around = format!("{}{}", self.before, kept.repeat(depth));
                for inside in short(1 + depth % 7) {
                    add(
                        format!("{inside:?} in {depth} of {kept:?}"),
                        around.clone() + &inside,
                    );
                }
            }
            for (depth, n) in (198..206).flat_map(|depth| (1..9).map(move |n| (depth, n))) {
                let around = format!("{}{}", self.before, kept.repeat(depth));
                for inside in short(n) {
                    add(
                        format!("{inside:?} in {depth} of {kept:?}"),
                        around.clone() + &inside,
                    );
                }
            }
        }
        if let Some(line) = &self.indented {
            for depth in (60..70).chain(250..260).chain(505..516) {
                let blocks = (0..depth).map(|width| " ".repeat(width) + line);
                let around: String = blocks.chain([" ".repeat(depth)]).collect();
                for inside in short(1) {
                    add(
                        format!("{inside:?} under {depth} lines"),
                        around.clone() + &inside,
                    );
                }
            }
        }
        texts
    }
}

fn bracket(mark: char) -> i32 {
    match mark {
        '(' | '[' | '{' => 1,
        ')' | ']' | '}' => -1,
        _ => 0,
    }
}

/// Takes the outline of `text` with little stack. Where that is not enough the process ends, with the name of the thread.
fn check(what: &str, text: &str, row: &'static Row) {
    let language = Language(row);
    let take = || {
        let outline = match row.grammar {
            Some(grammar) => parsed(text, language, grammar),
            None => super::markdown::outline(text),
        };
        promises::check(text, &outline);
        // Counts end what is hostile, on any machine: not the clock.
        assert_ne!(outline.fallback, Some("out of time"));
    };
    let name = format!("{} {what}", row.id).replace('\0', "");
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name(name)
            .stack_size(STACK_BYTES);
        let ended = thread.spawn_scoped(scope, take).unwrap().join();
        assert!(ended.is_ok(), "{} {what}", row.id);
    });
}

#[test]
fn no_nesting_takes_the_process_down() {
    let all: Vec<&'static Row> = rows().collect();
    all.into_par_iter().for_each(|row| {
        // the queries are compiled once, and by a machine that knows no text
        super::captures::of(row);
        let texts = Nests::of(row).texts();
        assert!(texts.len() > 60, "{} says little of what nests", row.id);
        texts
            .par_iter()
            .for_each(|(what, text)| check(what, text, row));
    });
}

/// Texts that once took stack by their length, or might, where nothing stops them early.
#[test]
fn stack_does_not_grow_with_the_text() {
    for (id, unit) in [
        ("java", "x => "),
        ("c", "(a)-"),
        ("rust", "&"),
        ("elixir", "a |> "),
    ] {
        let row = rows().find(|row| row.id == id).unwrap();
        let units = std::iter::repeat_n(unit.to_owned(), 32 * TEXT_BYTES);
        let units: Vec<String> = units.collect();
        let text = Nests::of(row).sequence(units.iter(), 32 * TEXT_BYTES);
        check(unit, &text, row);
    }
}
