//! What holds for the readers of all tools.

use super::testing::{Home, said};
use super::*;
use proptest::prelude::*;

/// A home with a small session of every tool whose sessions are kept as text.
fn home() -> Home {
    let mut home = Home::new();
    codex::tests::sample(&home);
    gemini::tests::sample(&home);
    copilot::tests::sample(&home);
    aider::tests::sample(&mut home);
    cline::tests::sample(&home);
    continue_dev::tests::sample(&home);
    kiro::tests::sample(&home);
    cursor_transcripts::tests::sample(&home);
    home
}

#[test]
fn every_sample_is_a_session() {
    let found = home().read(read);
    let told: Vec<String> = found.items.iter().map(|s| said(s).join(" | ")).collect();
    let mut told: Vec<&str> = told.iter().map(String::as_str).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "u: aider ask | a: aider answer",
            "u: chat ask | a: chat answer",
            "u: cline ask | a: cline answer",
            "u: codex ask | a: codex answer",
            "u: continue ask | a: continue answer",
            "u: copilot ask | a: copilot answer",
            "u: cursor ask | a: cursor answer",
            "u: gemini ask | a: gemini answer",
            "u: kiro ask | a: kiro answer",
            "u: roo ask | a: roo answer",
        ]
    );
    assert_eq!(found.reports.len(), found.items.len());
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    assert_eq!(home().read(read).items.len(), found.items.len());
}

#[test]
fn no_home_is_no_trouble() {
    let home = Home::new();
    let found = home.read(read);
    assert!(found.items.is_empty() && found.reports.is_empty() && found.warnings.is_empty());
}

/// A change to the bytes of a file.
#[derive(Debug, Clone)]
enum Harm {
    Cut(usize),
    Put(usize, Vec<u8>),
    Drop(usize, usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        "(\\{|\\}|\\[|\\]|\"|:|,|null|1e999|-1|\\\\u[dD]8[0-9a-f]{2}|\u{0}|\n|#### |> |é){1,6}"
            .prop_map(String::into_bytes),
    ];
    prop_oneof![
        any::<usize>().prop_map(Harm::Cut),
        (any::<usize>(), bytes).prop_map(|(at, bytes)| Harm::Put(at, bytes)),
        (any::<usize>(), 1usize..60).prop_map(|(at, n)| Harm::Drop(at, n)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_harm_to_any_file_is_fatal(harms in prop::collection::vec((any::<usize>(), harm()), 1..12)) {
        let home = home();
        let files = home.files();
        for (which, harm) in harms {
            let path = &files[which % files.len()];
            let mut bytes = std::fs::read(path).unwrap();
            let n = bytes.len() + 1;
            match harm {
                Harm::Cut(at) => bytes.truncate(at % n),
                Harm::Put(at, more) => { bytes.splice(at % n..at % n, more); }
                Harm::Drop(at, k) => { let at = at % n; bytes.drain(at..(at + k).min(n - 1)); }
            }
            std::fs::write(path, bytes).unwrap();
        }
        let found = home.read(read);
        for session in &found.items {
            prop_assert!(!session.turns.is_empty() && !session.id.is_empty());
            prop_assert!(session.turns.iter().all(|turn| !turn.text.trim().is_empty()));
        }
        prop_assert_eq!(home.read(read).items.len(), found.items.len());
    }
}

#[test]
fn names_tell_sessions_apart() {
    let session = |tool, id: &str| Session {
        tool,
        id: id.to_owned(),
        path: String::new(),
        title: String::new(),
        started: 0,
        ended: 0,
        branch: String::new(),
        turns: Vec::new(),
        digest: Digest::default(),
    };
    let check = |ids: &[&str], short: &[&str], shown: &[&str]| {
        let all: Vec<Session> = ids.iter().map(|id| session("t", id)).collect();
        assert_eq!(short_ids(&all), short);
        let shown: Vec<String> = shown.iter().map(|id| format!("t:{id}")).collect();
        assert_eq!(names(&all), shown);
    };
    check(
        &["0199f000-aaaa", "0199f000-ab", "7b1f0c3e-5a52"],
        &["0199f000-aa", "0199f000-ab", "7b1f0c3e"],
        &["0199f000-aa", "0199f000-ab", "7b1f0c3e"],
    );
    check(
        &["20260814_1", "20260814_12", "2026-08-20T10", "é"],
        &["20260814_1", "20260814_12", "2026-08-", "é"],
        &["20260814_1", "20260814_12", "2026-08-20T10", "é"],
    );
}
