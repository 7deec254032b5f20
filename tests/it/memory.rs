//! The scenarios of `fixtures/memory/` say what they mean: `cargo bench --bench memory` measures by them.

#[allow(dead_code)]
#[path = "../../benches/memory/scenario.rs"]
mod scenario;

use scenario::{Project, Session, Step, folded};
use std::collections::BTreeSet;
use std::path::Path;

/// Fewer than this are too few to tell two ways to choose apart.
const MIN_SCENARIOS: usize = 40;

fn projects() -> Vec<(String, Project)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/memory");
    scenario::read(&folder).unwrap()
}

/// Every line of notes and sessions, and every text as a whole, white space folded.
fn memory(project: &Project) -> (Vec<String>, Vec<String>) {
    let notes = project.notes.iter().map(|note| note.text.as_str());
    let texts: Vec<&str> = notes
        .chain(project.sessions.iter().map(|s| s.script.as_str()))
        .collect();
    let lines = texts
        .iter()
        .flat_map(|text| text.lines())
        .map(folded)
        .collect();
    (lines, texts.iter().map(|text| folded(text)).collect())
}

#[test]
fn scenarios_are_many() {
    let projects = projects();
    let n: usize = projects
        .iter()
        .map(|(_, project)| project.scenarios.len())
        .sum();
    assert!(n >= MIN_SCENARIOS, "{n}");
    for (name, project) in &projects {
        let names: BTreeSet<&str> = project.scenarios.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(
            names.len(),
            project.scenarios.len(),
            "{name}: a name that repeats"
        );
        let steps = project.sessions.iter().map(|session| session.steps());
        steps
            .collect::<Result<Vec<_>, _>>()
            .unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

/// A sentence that stands nowhere could never come, and one that is forbidden would never be missed.
#[test]
fn every_sentence_stands_in_the_memory_alone() {
    let mut wrong = Vec::new();
    for (name, project) in projects() {
        let (lines, texts) = memory(&project);
        let files: Vec<String> = project
            .files
            .iter()
            .map(|file| folded(&file.text))
            .collect();
        for scenario in &project.scenarios {
            let at = format!("{name}/{}", scenario.name);
            if scenario.must.is_empty() || scenario.why.is_empty() {
                wrong.push(format!("{at}: nothing must come, or nobody knows why"));
            }
            for path in &scenario.code {
                if !project.files.iter().any(|file| file.path == *path) {
                    wrong.push(format!("{at}: no file: {path}"));
                }
            }
            let sentences = scenario
                .must
                .iter()
                .chain(&scenario.may)
                .chain(&scenario.must_not);
            for sentence in sentences.map(|sentence| folded(sentence)) {
                if !texts.iter().any(|text| text.contains(&sentence)) {
                    wrong.push(format!("{at}: in no note and no session: {sentence}"));
                }
                if files.iter().any(|text| text.contains(&sentence)) {
                    wrong.push(format!("{at}: in a file that is no note: {sentence}"));
                }
            }
            let holds = |line: &str, all: &[String]| all.iter().any(|s| line.contains(&folded(s)));
            let both =
                |line: &&String| holds(line, &scenario.must) && holds(line, &scenario.must_not);
            wrong.extend(
                lines
                    .iter()
                    .filter(both)
                    .map(|line| format!("{at}: wanted and forbidden: {line}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// At the smaller budgets memory must be chosen from, so a project holds more than they do.
#[test]
fn no_small_budget_holds_a_project() {
    for (name, project) in projects() {
        let (_, texts) = memory(&project);
        let n_words: usize = texts.iter().map(|text| text.split(' ').count()).sum();
        assert!(n_words > 1_500, "{name}: {n_words} words");
    }
}

#[track_caller]
fn check_script(script: &str, expected: Result<&[Step], &str>) {
    let session: Session =
        toml::from_str(&format!("days_ago = 1\nscript = '''{script}'''")).unwrap();
    let expected = expected.map(<[Step]>::to_vec).map_err(str::to_owned);
    assert_eq!(session.steps(), expected, "{script}");
}

#[test]
fn scripts_are_read() {
    let user = |text: &str| Step::User(text.to_owned());
    check_script(
        "user: a\nuser b\n\nuser: c",
        Ok(&[user("a\nuser b\n"), user("c")]),
    );
    let run = |error: Option<&str>| Step::Run {
        command: "make".to_owned(),
        error: error.map(str::to_owned),
    };
    check_script(
        "run: make\nfail: make\nerror: x",
        Ok(&[run(None), run(Some("error: x"))]),
    );
    check_script("fail: make", Ok(&[run(Some("failed"))]));
    check_script("user: a\nrewind: 1", Ok(&[user("a"), Step::Rewind(1)]));
    check_script("hello", Err("no marker before `hello`"));
    check_script("rewind: x", Err("rewind: x: invalid digit found in string"));
}
