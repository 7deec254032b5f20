//! What a session is worth remembering for, extracted without a model.
//!
//! The extraction quotes and never rewords: numbers, paths, names and error strings are what a later reader needs and
//! what paraphrase loses. Cues are small tables; a summary that the tool itself wrote is taken whole and comes first.
//! Every tool's reader turns its records into the same [`Material`], so all of them share this file.

use super::sentence::{MAX_LINE_CHARS, one_line, sentences, without_marker};
use super::{Digest, Role, Turn};
use rustc_hash::{FxHashMap, FxHashSet};

const MAX_ASKS: usize = 5;
const MAX_DECISIONS: usize = 8;
const MAX_FIXES: usize = 6;
const MAX_FILES: usize = 20;
const MAX_OPEN: usize = 8;
/// The most bytes of a tool's own summary that are kept.
const MAX_SUMMARY_BYTES: usize = 16 << 10;
/// How many of the last answers are searched for what was left open.
const N_LAST_ANSWERS: usize = 3;

/// What happened in a session, in order, in the terms of no particular tool.
#[derive(Debug, Clone, Default)]
pub struct Material {
    /// What was said and done.
    pub steps: Vec<Step>,
    /// Entries of the session's own list of things to do that were never done.
    pub unfinished: Vec<String>,
    /// The newest summary that the tool wrote, or empty.
    pub summary: String,
    /// What the tool recorded as reached: "PR #128", "commit 1a2b3c4 fix: VAT".
    pub reached: Vec<String>,
}

impl Material {
    /// Adds what was said, unless it is nothing. `at` is in Unix seconds, 0 where unknown.
    pub fn said(&mut self, role: Role, at: i64, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            let text = text.to_owned();
            self.steps.push(Step::Said(Turn { role, at, text }));
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Somebody said something.
    Said(Turn),
    /// A command ran; `error` is its output where it failed.
    Ran {
        /// As typed.
        command: String,
        /// Output of a failure, perhaps cut; `None` for success.
        error: Option<String>,
    },
    /// A file was changed; its path as it should be shown.
    Edited(String),
}

/// Extracts the digest. Deterministic; O(length of what was said).
pub fn digest(material: &Material) -> Digest {
    let turns: Vec<&Turn> = material
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Said(turn) => Some(turn),
            _ => None,
        })
        .collect();
    let summary = material.summary.trim();
    let summary = &summary[..summary.floor_char_boundary(MAX_SUMMARY_BYTES)];
    Digest {
        summary: summary.to_owned(),
        asks: asks(&turns),
        decisions: decisions(&turns),
        fixes: fixes(&material.steps),
        files: files(&material.steps),
        open: open_items(&turns, &material.unfinished),
        outcome: outcome(&turns, &material.reached),
    }
}

/// What a digest holds, each part under its name, in the order that they are written in; empty parts are left out.
pub fn sections(digest: &Digest) -> Vec<(&'static str, &[String])> {
    let sections = [
        ("asked", &digest.asks[..]),
        ("decided", &digest.decisions),
        ("fixed", &digest.fixes),
        ("edited", &digest.files),
        ("open", &digest.open),
        ("outcome", std::slice::from_ref(&digest.outcome)),
        ("summary", std::slice::from_ref(&digest.summary)),
    ];
    let is_told = |lines: &[String]| lines.iter().any(|line| !line.is_empty());
    sections
        .into_iter()
        .filter(|(_, lines)| is_told(lines))
        .collect()
}

/// A digest as text, with at most `most` entries of each list, the last ones; what the tool wrote itself only where
/// `most` is [`usize::MAX`]. Ends in a newline unless it is empty.
pub fn written(digest: &Digest, most: usize) -> String {
    let mut text = String::new();
    for (name, lines) in sections(digest) {
        match name {
            "edited" => {
                let n_shown = lines.len().min(most.saturating_mul(3));
                text.push_str(&format!("{name}: {}\n", lines[..n_shown].join(", ")));
            }
            "summary" if most < usize::MAX => {}
            "summary" => text.push_str(&format!("{name}:\n{}\n", lines.concat().trim_end())),
            _ => {
                for line in &lines[lines.len().saturating_sub(most)..] {
                    text.push_str(&format!("{name}: {line}\n"));
                }
            }
        }
    }
    text
}

/// The opening ask and the last ones.
fn asks(turns: &[&Turn]) -> Vec<String> {
    let mut asks: Vec<String> = turns
        .iter()
        .filter(|turn| turn.role == Role::User)
        .map(|turn| one_line(&turn.text))
        .collect();
    asks.dedup();
    if asks.len() > MAX_ASKS {
        asks.drain(1..asks.len() - (MAX_ASKS - 1));
    }
    asks
}

/// The least weight of a sentence that is quoted as a decision.
const MIN_WEIGHT: u32 = 2;
/// Wording that decides something, and how surely; the weakest count only together.
const DECISION_CUES: &[(&str, u32)] = &[
    ("decision:", 6),
    ("decided", 6),
    ("we'll use", 6),
    ("we will use", 6),
    ("let's use", 6),
    ("let's go with", 6),
    ("going with", 6),
    ("settled on", 6),
    ("opted for", 6),
    ("go with", 4),
    ("chose", 4),
    ("instead of", 4),
    ("rather than", 4),
    ("agreed", 4),
    ("trade-off", 4),
    ("from now on", 4),
    ("root cause", 4),
    ("turns out", 4),
    ("because", 2),
    ("prefer", 1),
    ("must not", 1),
    ("never", 1),
    ("always", 1),
];
/// What a person says against the way things are done; a decision only in a person's mouth.
const CORRECTION_CUES: &[&str] = &[
    "don't",
    "do not",
    "please use",
    "stop ",
    "no, ",
    "actually",
    "keep ",
];

fn decisions(turns: &[&Turn]) -> Vec<String> {
    let mut found: Vec<(u32, usize, String)> = Vec::new();
    let mut seen: FxHashSet<String> = FxHashSet::default();
    let mut position = 0;
    for turn in turns {
        for sentence in sentences(&turn.text) {
            position += 1;
            let n_chars = sentence.chars().count();
            if sentence.ends_with('?') || !(20..=400).contains(&n_chars) {
                continue;
            }
            let folded = sentence.to_lowercase().replace('’', "'");
            let mut weight: u32 = DECISION_CUES
                .iter()
                .filter(|(cue, _)| contains_word(&folded, cue))
                .map(|(_, weight)| weight)
                .sum();
            if turn.role == Role::User
                && CORRECTION_CUES
                    .iter()
                    .any(|cue| contains_word(&folded, cue))
            {
                weight += 4;
            }
            let line = one_line(&sentence);
            if weight >= MIN_WEIGHT && seen.insert(line.clone()) {
                found.push((weight, position, line));
            }
        }
    }
    // The surest, and of equally sure ones the later: it may replace the earlier.
    found.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.cmp(&a.1)));
    found.truncate(MAX_DECISIONS);
    found.sort_by_key(|(_, position, _)| *position);
    found.into_iter().map(|(_, _, line)| line).collect()
}

/// Whether `cue` stands in `text` and does not begin inside a word.
fn contains_word(text: &str, cue: &str) -> bool {
    text.match_indices(cue)
        .any(|(at, _)| !text[..at].ends_with(char::is_alphanumeric))
}

/// Commands that failed and later passed, with the first line of the error and what was edited in between.
fn fixes(steps: &[Step]) -> Vec<String> {
    struct Failure {
        error: String,
        at: usize,
    }
    let mut failing: FxHashMap<String, Failure> = FxHashMap::default();
    let mut found: Vec<(bool, usize, String)> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let Step::Ran { command, error } = step else {
            continue;
        };
        let command = bare_command(command);
        if command.is_empty() {
            continue;
        }
        match error {
            Some(error) => {
                failing.entry(command).or_insert_with(|| Failure {
                    error: error_line(error),
                    at,
                });
            }
            None => {
                if let Some(failure) = failing.remove(&command) {
                    let edited = files(&steps[failure.at..at]);
                    let line = fix_line(&command, &failure.error, &edited);
                    found.push((edited.is_empty(), at, line));
                }
            }
        }
    }
    // Those that an edit mended say more than those that passed by themselves; the newest are worth most.
    found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    found.truncate(MAX_FIXES);
    found.sort_by_key(|(_, at, _)| *at);
    found.into_iter().map(|(_, _, line)| line).collect()
}

fn fix_line(command: &str, error: &str, edited: &[String]) -> String {
    let after = match edited {
        [] => " without an edit".to_owned(),
        rest if rest.len() > 3 => {
            format!(
                " after edits to {} and {} more",
                rest[..3].join(", "),
                rest.len() - 3
            )
        }
        rest => format!(" after edits to {}", rest.join(", ")),
    };
    let error = if error.is_empty() {
        String::new()
    } else {
        format!(" ({})", cut(error, 110))
    };
    one_line(&format!(
        "`{}` failed{error}, passes{after}",
        cut(command, 70)
    ))
}

fn cut(text: &str, max_chars: usize) -> String {
    debug_assert!(max_chars < MAX_LINE_CHARS);
    match text.char_indices().nth(max_chars) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.to_owned(),
    }
}

/// A command without what changes between two runs of the same: the folder, variables, what is done with its output.
pub fn bare_command(command: &str) -> String {
    let mut rest = command.trim();
    loop {
        let before = rest;
        if let Some(tail) = rest.strip_prefix("cd ") {
            let end = tail.find("&&").map(|at| at + 2);
            let end = end.or_else(|| tail.find([';', '\n']).map(|at| at + 1));
            if let Some(end) = end {
                rest = tail[end..].trim_start();
            }
        }
        let word = rest.split_whitespace().next().unwrap_or_default();
        if let Some((name, _)) = word.split_once('=')
            && !name.is_empty()
            && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
            && !word.contains(['"', '\'', '$'])
        {
            rest = rest[word.len()..].trim_start();
        }
        for pipe in ["| tail", "| head", "2>&1"] {
            if let Some(at) = rest.rfind(pipe)
                && !rest[at + pipe.len()..].contains(['|', '&', ';', '\n'])
            {
                rest = rest[..at].trim_end();
            }
        }
        if rest == before {
            break;
        }
    }
    rest.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first line of some output that names an error; failing that, its first line.
fn error_line(output: &str) -> String {
    const CUES: &[&str] = &[
        "error:",
        "error[",
        "panicked",
        "FAILED",
        "Exception",
        "assert",
        "Error:",
        "fatal:",
        "cannot ",
        "not found",
    ];
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with("Exit code ");
    let lines = || output.lines().map(str::trim);
    let line = lines()
        .filter(is_code)
        .find(|line| CUES.iter().any(|cue| line.contains(cue)))
        .or_else(|| lines().find(is_code))
        .or_else(|| lines().find(|line| !line.is_empty()));
    one_line(line.unwrap_or_default())
}

/// The files edited, in the order of the first edit; of too many those edited most often.
fn files(steps: &[Step]) -> Vec<String> {
    let mut counts: FxHashMap<&str, (usize, usize)> = FxHashMap::default();
    for (at, step) in steps.iter().enumerate() {
        if let Step::Edited(path) = step {
            counts.entry(path).or_insert((0, at)).0 += 1;
        }
    }
    let mut files: Vec<(&str, (usize, usize))> = counts.into_iter().collect();
    files.sort_by(|a, b| b.1.0.cmp(&a.1.0).then(a.1.1.cmp(&b.1.1)));
    files.truncate(MAX_FILES);
    files.sort_by_key(|(_, (_, at))| *at);
    files.into_iter().map(|(path, _)| path.to_owned()).collect()
}

/// Lines after which a list of things left to do stands.
const OPEN_TITLES: &[&str] = &[
    "next step",
    "next:",
    "remaining",
    "todo",
    "to do",
    "open item",
    "open question",
    "still open",
    "left to do",
    "follow-up",
    "follow up",
    "not done",
    "outstanding",
    "pending",
];
/// Wording of a sentence that leaves something open.
const OPEN_CUES: &[&str] = &[
    "todo",
    "next step",
    "remaining",
    "remains to",
    "still need",
    "still has to",
    "still have to",
    "still fails",
    "still failing",
    "left to do",
    "not yet",
    "follow-up",
    "haven't",
    "hasn't",
    "pending",
    "blocked",
    "unresolved",
];

/// What the session left open: its own unfinished list first, then what the last answers say, newest answer first.
fn open_items(turns: &[&Turn], unfinished: &[String]) -> Vec<String> {
    let mut items: Vec<String> = unfinished.iter().map(|item| one_line(item)).collect();
    let answers = turns
        .iter()
        .rev()
        .filter(|turn| turn.role == Role::Assistant);
    for turn in answers.take(N_LAST_ANSWERS) {
        let mut in_list = false;
        for line in turn.text.lines() {
            let trimmed = line.trim();
            let bullet = without_marker(trimmed);
            if bullet.len() < trimmed.len() {
                let is_done = trimmed.contains("[x]") || trimmed.contains("[X]");
                if in_list && !is_done {
                    items.push(one_line(bullet));
                }
            } else if !trimmed.is_empty() {
                let title = trimmed.trim_matches(['#', '*', ' ']).to_lowercase();
                let is_title = trimmed.starts_with('#')
                    || trimmed.trim_end_matches('*').ends_with(':')
                    || trimmed.starts_with("**") && trimmed.ends_with("**");
                in_list = is_title && OPEN_TITLES.iter().any(|cue| contains_word(&title, cue));
            }
        }
        for sentence in sentences(&turn.text) {
            let folded = sentence.to_lowercase().replace('’', "'");
            let is_open = OPEN_CUES.iter().any(|cue| contains_word(&folded, cue));
            if is_open && !is_offer(&folded) && !sentence.trim_end_matches('*').ends_with(':') {
                items.push(one_line(&sentence));
            }
        }
    }
    let mut unique: Vec<String> = Vec::new();
    for item in items {
        if unique.len() < MAX_OPEN && !item.is_empty() && !unique.contains(&item) {
            unique.push(item);
        }
    }
    unique
}

/// Wording that reports a result.
const DONE_CUES: &[&str] = &[
    "fixed",
    "done",
    "passes",
    "passing",
    "pass.",
    "implemented",
    "works",
    "working",
    "ready",
    "added",
    "complete",
    "deployed",
    "merged",
    "committed",
    "updated",
    "removed",
    "created",
    "written",
    "renamed",
    "now ",
    "failed",
    "fails",
];

/// Questions and offers, which say nothing of what was reached.
fn is_offer(folded: &str) -> bool {
    folded.ends_with('?')
        || [
            "let me know",
            "would you like",
            "shall i",
            "want me to",
            "if you'd like",
            "if you want",
            "happy to",
        ]
        .iter()
        .any(|cue| folded.contains(cue))
}

/// What the last answer says was reached, and then the last thing that the tool recorded as reached.
fn outcome(turns: &[&Turn], reached: &[String]) -> String {
    let said = said_outcome(turns);
    match reached.last().map(|reached| cut(&one_line(reached), 100)) {
        None => said,
        Some(reached) if said.is_empty() => reached,
        Some(reached) => {
            let max_chars = MAX_LINE_CHARS - 4 - reached.chars().count();
            format!("{} ({reached})", cut(&said, max_chars))
        }
    }
}

/// One or two sentences of the last answer: those that report a result, else the last ones.
fn said_outcome(turns: &[&Turn]) -> String {
    let last = turns.iter().rev().find(|turn| turn.role == Role::Assistant);
    let Some(last) = last else {
        return String::new();
    };
    let all: Vec<(String, bool)> = sentences(&last.text)
        .into_iter()
        .map(|sentence| (sentence.to_lowercase().replace('’', "'"), sentence))
        .filter(|(folded, _)| !is_offer(folded))
        .map(|(folded, sentence)| {
            let is_result = DONE_CUES.iter().any(|cue| contains_word(&folded, cue));
            (sentence, is_result)
        })
        .collect();
    let has_result = all.iter().any(|(_, is_result)| *is_result);
    let mut chosen: Vec<&str> = Vec::new();
    for (sentence, is_result) in all.iter().rev() {
        if chosen.len() < 2 && (*is_result || !has_result) {
            chosen.insert(0, sentence);
        }
    }
    // One whole sentence says more than two cut ones.
    if chosen.len() == 2 && chosen[0].chars().count() + chosen[1].chars().count() >= MAX_LINE_CHARS
    {
        chosen.remove(0);
    }
    one_line(&chosen.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One step a line: `u ` and `a ` say (with `\n` for a line break), `+ ` and `- ` run, `e ` edits, `t ` is left to do,
    /// `r ` is recorded as reached.
    fn material(script: &str) -> Material {
        let mut material = Material::default();
        let said = |role, text: &str| {
            let text = text.replace("\\n", "\n");
            Step::Said(Turn { role, at: 0, text })
        };
        for line in script.lines().map(str::trim).filter(|line| line.len() > 2) {
            let rest = &line[2..];
            let step = match &line[..2] {
                "u " => said(Role::User, rest),
                "a " => said(Role::Assistant, rest),
                "e " => Step::Edited(rest.to_owned()),
                "t " => {
                    material.unfinished.push(rest.to_owned());
                    continue;
                }
                "r " => {
                    material.reached.push(rest.to_owned());
                    continue;
                }
                sign => {
                    let (command, error) = rest.split_once(" # ").unwrap_or((rest, ""));
                    let error = (sign == "- ").then(|| error.replace("\\n", "\n"));
                    Step::Ran {
                        command: command.to_owned(),
                        error,
                    }
                }
            };
            material.steps.push(step);
        }
        material
    }

    fn check<T: PartialEq<[&'static str; N]> + std::fmt::Debug, const N: usize>(
        script: &str,
        field: fn(Digest) -> T,
        expected: [&'static str; N],
    ) {
        assert_eq!(field(digest(&material(script))), expected, "{script}");
    }

    #[test]
    fn asks_are_the_first_and_the_last() {
        check("u a\nu b\nu b\nu c", |d| d.asks, ["a", "b", "c"].map(|s| s));
        check(
            "u one\nu two\nu three\nu four\nu five\nu six",
            |d| d.asks,
            ["one", "three", "four", "five", "six"],
        );
    }

    #[test]
    fn decisions_are_quoted() {
        check(
            "a This always works here, as I recall.\nu also keep the sandbox out of unit tests\na I read the file. We'll use an advisory lock instead of Redis, because Redis lost it.\na Did you decide because of that one?",
            |d| d.decisions,
            [
                "also keep the sandbox out of unit tests",
                "We'll use an advisory lock instead of Redis, because Redis lost it.",
            ],
        );
        let many: String = (0..20)
            .map(|i| format!("a We decided to use number {i} here.\n"))
            .collect();
        let found = digest(&material(&many)).decisions;
        assert_eq!(found.len(), MAX_DECISIONS);
        assert_eq!(found.last().unwrap(), "We decided to use number 19 here.");
    }

    #[test]
    fn a_failure_and_its_mend_are_paired() {
        check(
            "- cd /w && cargo test a 2>&1 | tail -5 # Exit code 101\\nrunning\\nthread 'a' panicked: 2 != 1\ne src/a.rs\n- cargo test a # other\n+ ls\n+ cargo test a",
            |d| d.fixes,
            ["`cargo test a` failed (thread 'a' panicked: 2 != 1), passes after edits to src/a.rs"],
        );
        check(
            "- make # Exit code 2\n+ make",
            |d| d.fixes,
            ["`make` failed (Exit code 2), passes without an edit"],
        );
        check("- make # no\ne a.rs", |d| d.fixes, []);
        check("+ make\ne a.rs\n+ make", |d| d.fixes, []);
    }

    #[test]
    fn commands_are_compared_bare() {
        for command in [
            "cargo test",
            "cd /a/b && cargo test",
            "cd a; RUST_LOG=1 cargo  test 2>&1",
            "cargo test 2>&1 | tail -20",
            "A=1 B=2 cargo test | head -3",
        ] {
            assert_eq!(bare_command(command), "cargo test", "{command}");
        }
        assert_eq!(
            bare_command("cargo test | tail -3 && ls"),
            "cargo test | tail -3 && ls"
        );
        assert_eq!(bare_command("cd /a"), "cd /a");
    }

    #[test]
    fn what_is_left_open_is_listed() {
        check(
            "t write docs\na Old news.\nu ok\na Done.\\n\\n**Next steps:**\\n- run `0042` on staging\\n- [x] lint\\n\\nsrc/x.rs is the remaining reader. Want me to mend the remaining one?",
            |d| d.open,
            [
                "write docs",
                "run `0042` on staging",
                "src/x.rs is the remaining reader.",
            ],
        );
    }

    #[test]
    fn the_outcome_is_what_was_reached() {
        let outcome = |script: &str| digest(&material(script)).outcome;
        assert_eq!(
            outcome("a I fixed the parser. All 12 tests pass. Let me know what you think."),
            "I fixed the parser. All 12 tests pass."
        );
        assert_eq!(
            outcome("a It is a matter of taste. Both read well. Which one?"),
            "It is a matter of taste. Both read well."
        );
        assert_eq!(outcome("u hello"), "");
        assert_eq!(outcome("r PR #7\nr PR #8"), "PR #8");
        assert_eq!(
            outcome("a I fixed the parser.\nr PR #8"),
            "I fixed the parser. (PR #8)"
        );
    }

    proptest! {
        #[test]
        fn every_list_is_short_and_every_entry_a_line(
            script in prop::collection::vec("[uaetr+-] (fix|because|we decided|TODO|next step|é| |a\\.rs|\\\\n- |error:|cargo test|[a-z]{1,80}){0,40}", 0..60),
        ) {
            let d = digest(&material(&script.join("\n")));
            let lists = [(&d.asks, 5), (&d.decisions, 8), (&d.fixes, 6), (&d.files, 20), (&d.open, 8)];
            for (list, max) in lists {
                prop_assert!(list.len() <= max);
            }
            for line in d.asks.iter().chain(&d.decisions).chain(&d.fixes).chain(&d.open).chain([&d.outcome]) {
                prop_assert!(line.chars().count() <= MAX_LINE_CHARS && !line.contains('\n'));
            }
        }
    }
}
