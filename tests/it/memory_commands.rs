//! The commands of memory: `sessions`, `notes`, `remember`, `handoff` and `doctor`, on repositories made here.

use crate::common::Place;
use ctxpack::source::notes::doctor::Code;
use std::process::{Command, Stdio};

const NOW: &str = "2026-08-25T12:00:00Z";

/// Random enough to be a secret, and put together here so that no scanner takes this file for a leak.
pub fn secret() -> String {
    format!(
        "ghp_{}",
        "a1B2c3D4e5F6g7H8i9J0".repeat(2).get(..36).unwrap()
    )
}

/// The session that [`write_session`] writes.
const ID: &str = "7b1f0c3e-5a52-4c1d-9a57-0f6f2d1c0a01";

/// What was said in a session: who, and what.
pub type Said<'a> = (&'a str, &'a str);

/// Writes a session of Claude Code that was held in the repository on a day of August 2026.
pub fn write_session(place: &Place, id: &str, day: u32, branch: &str, said: &[Said<'_>]) {
    let root = place.repo().canonicalize().unwrap();
    let root = root.to_str().unwrap();
    let mut text = String::new();
    let mut parent = serde_json::Value::Null;
    for (n, (who, what)) in said.iter().enumerate() {
        let uuid = format!("{n:08x}-0000-4000-8000-{day:012}");
        let line = serde_json::json!({
            "parentUuid": parent, "isSidechain": false, "type": who, "cwd": root, "sessionId": id,
            "gitBranch": branch, "uuid": uuid, "timestamp": format!("2026-08-{day:02}T09:{n:02}:00.000Z"),
            "message": {"role": who, "content": [{"type": "text", "text": what}]},
        });
        text.push_str(&format!("{line}\n"));
        parent = uuid.into();
    }
    let slug: String = root
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    place.write_home(&format!(".claude/projects/{slug}/{id}.jsonl"), &text);
}

/// A place with two sessions, the newer of which tells a secret.
fn with_sessions() -> Place {
    let place = Place::new();
    write_session(
        &place,
        "7b1f9999-0000-4c1d-9a57-0f6f2d1c0a01",
        18,
        "main",
        &[
            ("user", "list the orders"),
            ("assistant", "Done, they are listed."),
        ],
    );
    let told = format!(
        "We'll use an advisory lock instead of Redis, because Redis lost it. The token is {}.",
        secret()
    );
    write_session(
        &place,
        ID,
        20,
        "lock-orders",
        &[
            ("user", "lock the orders while they are charged"),
            ("assistant", &told),
        ],
    );
    place
}

fn json(place: &Place, args: &[&str]) -> serde_json::Value {
    serde_json::from_str(&place.run(args).good()).unwrap()
}

/// What is said to what cannot be done: exit 2, and nothing on stdout.
#[track_caller]
fn refused(place: &Place, args: &[&str]) -> String {
    let ran = place.run(args);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(2), ""),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("error: "), "{}", ran.stderr);
    ran.stderr
}

#[test]
fn sessions_are_listed_newest_first() {
    let place = with_sessions();
    let table = place.run(&["sessions", "--now", NOW]).good();
    let expected = "#  age  tool         id        branch       turns  edited  title
1  5 d  claude-code  7b1f0c3e  lock-orders      2       0  lock the orders while they are charged
2  7 d  claude-code  7b1f9999  main             2       0  list the orders
";
    assert_eq!(table, expected);
    assert_eq!(place.run(&["sessions", "list", "--now", NOW]).good(), table);
    let list = json(&place, &["sessions", "--json"]);
    assert_eq!(list["schema"], 1);
    let first = &list["sessions"][0];
    assert_eq!(first["id"], ID);
    assert_eq!(first["ended"], "2026-08-20T09:01:00Z");
    assert!(first["path"].as_str().unwrap().starts_with("~/.claude/"));
    let none = place.run(&["sessions", "--no-home"]).good();
    assert!(none.starts_with("No sessions"), "{none}");
}

#[test]
fn a_session_is_found_by_number_id_and_tool() {
    let place = with_sessions();
    let whole = place.run(&["sessions", "show", ID]).good();
    assert!(
        whole.contains("lock the orders while they are charged")
            && whole.contains("## assistant, 2026-08-20 09:01")
    );
    for name in ["1", "7b1f0", "7B1F0C", "claude-code:7b1f0c3e"] {
        assert_eq!(
            place.run(&["sessions", "show", name]).good(),
            whole,
            "{name}"
        );
    }
    let several = refused(&place, &["sessions", "show", "7b1f"]);
    assert!(
        several.contains("2 sessions")
            && several.contains("hint: 1: claude-code:7b1f0c3e, 2026-08-20"),
        "{several}"
    );
    for name in ["nothing", "9", "0", "", "claude-code:x"] {
        let unknown = refused(&place, &["sessions", "show", name]);
        assert!(
            unknown.contains("hint: ctxpack sessions lists them"),
            "{unknown}"
        );
    }
    let near = refused(&place, &["sessions", "show", "orders whi"]);
    assert!(near.contains("hint: 1: claude-code:7b1f0c3e"), "{near}");
}

#[test]
fn secrets_of_sessions_are_not_shown() {
    let place = with_sessions();
    let turns = json(&place, &["sessions", "show", "1", "--json"]);
    assert_eq!(turns["session"]["turns"][1]["role"], "assistant");
    for args in [
        &["sessions", "show", "1"][..],
        &["sessions", "show", "1", "--json"],
        &["sessions", "digest", "1"],
        &["sessions", "digest", "1", "--json"],
        &["sessions", "--json"],
    ] {
        let text = place.run(args).good();
        assert!(!text.contains(&secret()), "{args:?}: {text}");
    }
    assert!(
        place
            .run(&["sessions", "show", "1"])
            .good()
            .contains("[REDACTED:github-pat]")
    );
}

#[test]
fn a_digest_has_three_sizes() {
    let place = with_sessions();
    let digest = |size| {
        place
            .run(&["sessions", "digest", "1", "--size", size])
            .good()
    };
    assert_eq!(
        digest("headline"),
        "2026-08-20 claude-code: lock the orders while they are charged\n"
    );
    let full = digest("full");
    assert!(
        full.contains("\nasked: lock the orders")
            && full.contains("\ndecided: We'll use an advisory lock"),
        "{full}"
    );
    assert!(digest("brief").len() <= full.len());
    assert!(
        refused(&place, &["sessions", "digest", "1", "--size", "huge"])
            .contains("one of headline, brief, full")
    );
}

fn with_notes() -> Place {
    let place = Place::new();
    place.write(
        "NOTES.md",
        &format!(
            "# Notes\n\n- 2026-08-20 Never charge twice.\n- The key is `{}`.\n- [x] ship it\n",
            secret()
        ),
    );
    place.write(
        "docs/adr/0001-redis.md",
        "# 1. Locks in Redis\n\nDate: 2026-05-01\n\n## Status\n\nSuperseded by ADR-2\n",
    );
    place
}

#[test]
fn notes_are_listed_with_what_is_known_of_them() {
    let place = with_notes();
    let table = place.run(&["notes", "--now", NOW]).good();
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["where", "age", "from", "class", "state", "says"]);
    assert_eq!(lines[1][..2], ["NOTES.md:3", "5"]);
    assert_eq!(
        lines[1][3..8],
        ["heading", "principle", "2026-08-20", "Never", "charge"]
    );
    assert!(
        table.contains("superseded") && table.contains("done"),
        "{table}"
    );
    assert!(!table.contains(&secret()), "{table}");
    let decisions = json(&place, &["notes", "--class", "decision", "--json"]);
    let note = &decisions["notes"][0];
    assert_eq!(decisions["notes"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&note["date"], &note["date_source"]),
        (&"2026-05-01T00:00:00Z".into(), &"record".into())
    );
    assert_eq!(note["state"], "superseded");
    assert!(
        refused(&place, &["notes", "--class", "decisoin"])
            .contains("did you mean --class decision?")
    );
}

#[test]
fn a_note_is_shown_word_for_word() {
    let place = with_notes();
    let one = place.run(&["notes", "show", "NOTES.md:3"]).good();
    assert_eq!(
        one,
        "NOTES.md:3  principle, 2026-08-20 by heading, under \"Notes\"\n- 2026-08-20 Never charge twice.\n"
    );
    let all = place.run(&["notes", "show", "NOTES.md"]).good();
    assert!(
        all.starts_with(&one) && all.contains("[REDACTED:github-pat]"),
        "{all}"
    );
    assert!(
        place
            .run(&["notes", "show", "adr/0001-redis.md:1"])
            .good()
            .contains("Locks in Redis")
    );
    assert!(
        refused(&place, &["notes", "show", "docs/NOTSE.md"]).contains("did you mean NOTES.md?")
    );
    assert!(
        refused(&place, &["notes", "show", "NOTES.md:1"]).contains("the nearest is NOTES.md:3")
    );
}

#[test]
fn every_command_of_memory_has_an_example() {
    let place = Place::new();
    for command in ["sessions", "notes", "remember", "handoff", "doctor"] {
        let help = place.run(&[command, "--help"]).good();
        assert!(help.contains("Examples:"), "{command}");
    }
    assert!(
        place
            .run(&["sessions", "show", "--help"])
            .good()
            .contains("Examples:")
    );
}

/// git, away from the machine's own settings, on a day of August 2026.
pub fn git(place: &Place, day: u32, args: &[&str]) -> String {
    let date = format!("2026-08-{day:02}T10:00:00Z");
    let output = Command::new("git")
        .args(["-c", "core.autocrlf=false", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(place.repo())
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("GIT_CONFIG_GLOBAL", place.home().join("no-such-file"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.org"),
        ])
        .envs([
            ("GIT_COMMITTER_NAME", "A"),
            ("GIT_COMMITTER_EMAIL", "a@example.org"),
        ])
        .envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)])
        .stdin(Stdio::null())
        .output()
        .expect("git is installed");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Makes the repository one of git, and commits what is there.
pub fn commit(place: &Place, day: u32, message: &str) {
    let dot_git = place.repo().join(".git");
    if !dot_git.join("HEAD").exists() {
        std::fs::remove_dir_all(&dot_git).unwrap();
        git(place, day, &["init", "--quiet"]);
    }
    git(place, day, &["add", "--all"]);
    git(
        place,
        day,
        &["commit", "--quiet", "--allow-empty", "-m", message],
    );
}

#[test]
fn notes_without_a_date_have_that_of_their_commit() {
    let place = Place::new();
    place.write("NOTES.md", "- Build with make.\n");
    commit(&place, 11, "notes");
    let notes = json(&place, &["notes", "--json"]);
    assert_eq!(notes["notes"][0]["date"], "2026-08-11T10:00:00Z");
    assert_eq!(notes["notes"][0]["date_source"], "git");
}

#[test]
fn what_is_remembered_is_written_and_read_back() {
    let place = Place::new();
    let remember = |args: &[&str]| place.run(&[&["remember", "--now", NOW], args].concat());
    let ran = remember(&["we use pnpm,", "not npm", "--class", "preference"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), ""),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("added NOTES.md:3: - 2026-08-25 (preference): we use pnpm, not npm\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        place.read("NOTES.md"),
        "# Notes\n\n- 2026-08-25 (preference): we use pnpm, not npm\n"
    );
    let notes = json(&place, &["notes", "--json"]);
    assert_eq!(
        (&notes["notes"][0]["class"], &notes["notes"][0]["date"]),
        (&"preference".into(), &"2026-08-25T00:00:00Z".into())
    );
    remember(&["never charge twice"]).good();
    assert!(
        place
            .read("NOTES.md")
            .ends_with("npm\n- 2026-08-25 (principle): never charge twice\n")
    );
    let before = place.read("NOTES.md");
    let dry = remember(&["--dry-run", "tests need a port"]);
    assert!(
        dry.stderr.contains("would add NOTES.md:5: "),
        "{}",
        dry.stderr
    );
    assert_eq!(
        remember(&["--dry-run", "-q", "tests need a port"]).stderr,
        ""
    );
    let again = refused(&place, &["remember", "**We use pnpm, not npm.**"]);
    assert!(
        again.contains("already, at NOTES.md:3")
            && again.contains("hint: ctxpack notes show 'NOTES.md:3'"),
        "{again}"
    );
    let told = refused(&place, &["remember", &format!("the key is {}", secret())]);
    assert!(
        told.contains("secret (github-pat)") && !told.contains(&secret()),
        "{told}"
    );
    let strict = remember(&["--strict", "use npm, not pnpm"]);
    assert_eq!(strict.code, Some(1));
    assert!(
        strict
            .stderr
            .contains("conflict: NOTES.md:3 says otherwise"),
        "{}",
        strict.stderr
    );
    assert_eq!(place.read("NOTES.md"), before);
    let ran = remember(&["use npm, not pnpm"]);
    assert!(
        ran.stderr.contains("conflict: NOTES.md:3 says otherwise") && ran.code == Some(0),
        "{}",
        ran.stderr
    );
    assert_ne!(place.read("NOTES.md"), before);
}

#[test]
fn a_file_that_is_there_keeps_its_ways() {
    let place = Place::new();
    place.write("docs/NOTES.md", "- a\r\n- b");
    place.run(&["remember", "--now", NOW, "c is d"]).good();
    assert_eq!(
        place.read("docs/NOTES.md"),
        "- a\r\n- b\r\n- 2026-08-25 (fact): c is d"
    );
    place
        .run(&["remember", "--now", NOW, "--file", "CLAUDE.md", "e is f"])
        .good();
    assert_eq!(
        place.read("CLAUDE.md"),
        "# Notes\n\n- 2026-08-25 (fact): e is f\n"
    );
    // from a folder of the repository, it is the repository's note
    let mut command = place.command(&["remember", "--now", NOW, "g is h"]);
    assert!(
        command
            .current_dir(place.repo().join("src"))
            .output()
            .unwrap()
            .status
            .success()
    );
    assert!(place.read("docs/NOTES.md").ends_with("g is h"));
    for (args, message) in [
        (
            &["remember", "--file", "src/main.rs", "x"][..],
            "not a file that ctxpack reads as notes",
        ),
        (
            &["remember", "--file", "../NOTES.md", "x"],
            "leads out of the repository",
        ),
        (
            &["remember", "--file", ".git/NOTES.md", "x"],
            "leads out of the repository",
        ),
        (&["remember", "--file", "docs", "x"], "is a folder"),
        (&["remember", " - "], "nothing to remember"),
        (&["remember", "--class", "rumour", "x"], "no such class"),
        (&["remember"], "is missing"),
    ] {
        let said = refused(&place, args);
        assert!(said.contains(message), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn nothing_is_written_outside_of_the_repository() {
    let place = Place::new();
    place.write_home("NOTES.md", "mine\n");
    std::os::unix::fs::symlink(place.home().join("NOTES.md"), place.repo().join("NOTES.md"))
        .unwrap();
    std::os::unix::fs::symlink(place.home(), place.repo().join("docs")).unwrap();
    for file in [None, Some("docs/TODO.md"), Some("NOTES.md")] {
        let mut args = vec!["remember", "x is y"];
        args.extend(file.into_iter().flat_map(|file| ["--file", file]));
        let said = refused(&place, &args);
        assert!(said.contains("leads out of the repository"), "{said}");
    }
    assert_eq!(
        std::fs::read_to_string(place.home().join("NOTES.md")).unwrap(),
        "mine\n"
    );
    assert!(!place.home().join("TODO.md").exists());
}

#[test]
fn a_handoff_says_what_the_next_one_needs() {
    let place = with_sessions();
    commit(&place, 19, "Lock the orders");
    git(&place, 19, &["checkout", "--quiet", "-b", "lock-orders"]);
    place.write("src/lock.rs", "pub fn hold() {}\n");
    let note = place.run(&["handoff", "-q"]).good();
    let head = git(&place, 19, &["rev-parse", "--short=10", "HEAD"]);
    assert!(
        note.starts_with(&format!("# Handoff 2026-08-20 at {head}\n")),
        "{note}"
    );
    for words in [
        "- \"lock the orders while they are charged\"\n",
        &format!("- Branch `lock-orders` at commit `{head}` (\"Lock the orders\")\n"),
        "- 1 file is not committed\n",
        "- \"We'll use an advisory lock instead of Redis, because Redis lost it.\"\n",
        "- `src/lock.rs`, not committed; new in it: `pub fn hold() {}`\n",
    ] {
        assert!(note.contains(words), "{words} is not in {note}");
    }
    assert!(!note.contains(&secret()), "{note}");
    assert_eq!(place.run(&["handoff", "-q"]).good(), note);
    // what is written is known as a handoff, and is none of the work itself
    place.run(&["handoff", "-q", "-o", "HANDOFF.md"]).good();
    assert_eq!(place.read("HANDOFF.md"), note);
    assert_eq!(place.run(&["handoff", "-q"]).good(), note);
    let notes = json(&place, &["notes", "--class", "handoff", "--json", "-q"]);
    assert!(notes["notes"].as_array().unwrap().len() >= 4, "{notes}");
    assert!(place.run(&["handoff", "-b", "60%"]).bad().starts_with(
        "error: --budget 60%: a handoff is for no model to take a share of\nhint: --budget 1500"
    ));
    let small = place.run(&["handoff", "--budget", "80"]);
    assert!(
        small.stderr.contains("lines left out to fit --budget 80"),
        "{}",
        small.stderr
    );
    assert!(small.good().contains("of less weight left out)"));
    assert!(refused(&place, &["handoff", "--budget", "1"]).contains("too small"));
    assert!(refused(&place, &["handoff", "--session", "nothing"]).contains("no session"));
    git(&place, 19, &["checkout", "--quiet", "-b", "other"]);
    let other = place.run(&["handoff"]);
    assert!(
        other
            .stderr
            .contains("no session was held on the branch other")
            && !other.stdout.contains("## Goal"),
        "{other:?}"
    );
}

#[test]
fn a_doctor_tells_and_changes_nothing() {
    let place = Place::new();
    place.write(
        "NOTES.md",
        &format!(
            "- Use pnpm, not npm.\n- See src/gone.rs\n- The key is {}\n",
            secret()
        ),
    );
    place.write("docs/NOTES.md", "- Use npm, not pnpm.\n- [x](x.md)\n");
    commit(&place, 1, "notes");
    place
        .run(&["handoff", "-q", "--no-home", "-o", "HANDOFF.md"])
        .good();
    for n in 0..12 {
        commit(&place, 2, &format!("more {n}"));
    }
    let report = place.run(&["doctor"]);
    assert_eq!(report.code, Some(0));
    let text = &report.stdout;
    for words in [
        "NOTES.md:2: orphaned-anchor: `src/gone.rs` is not there any more\n    name where",
        "NOTES.md:3: probable-secret: this looks like a secret: github-pat\n",
        "docs/NOTES.md:1: conflict: NOTES.md:1 takes what this rejects: \"Use pnpm, not npm.\"\n",
        "docs/NOTES.md:2: dangling-link: `x.md` leads nowhere\n",
        "HANDOFF.md: stale-handoff: HEAD is 12 commits ahead of it\n",
        "\n5 findings in 3 notes. Nothing was changed.\n",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    assert!(!text.contains(&secret()), "{text}");
    assert_eq!(place.run(&["doctor", "--strict"]).code, Some(1));
    let found = json(&place, &["doctor", "--json"]);
    assert_eq!(found["findings"].as_array().unwrap().len(), 5);
    assert_eq!(found["findings"][0]["code"], "stale-handoff");
    assert_eq!(found["findings"][0]["line"], serde_json::Value::Null);
    assert_eq!(git(&place, 2, &["status", "--porcelain"]), "");
    let help = place.run(&["doctor", "--help"]).good();
    for code in Code::ALL {
        let line = format!("\n  {} ", code.as_str());
        assert!(help.contains(&line), "{line} is not in {help}");
    }
    let well = Place::new();
    well.write("NOTES.md", "- Use pnpm, not npm.\n");
    commit(&well, 1, "notes");
    let ran = well.run(&["doctor", "--strict"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "Nothing is wrong with 1 note.\n")
    );
}

#[cfg(unix)]
#[test]
fn what_many_remember_at_once_is_all_written() {
    let place = Place::new();
    let facts: Vec<String> = (0..8)
        .map(|n| format!("the relay number {n} listens on port 70{n}{n}"))
        .collect();
    let runs = facts.iter().map(|fact| {
        let mut command = place.command(&["remember", "-q", fact]);
        command.stdout(Stdio::null()).spawn().unwrap()
    });
    for mut run in runs.collect::<Vec<_>>() {
        assert!(run.wait().unwrap().success());
    }
    let notes = place.read("NOTES.md");
    for fact in &facts {
        assert_eq!(notes.matches(fact.as_str()).count(), 1, "{fact}:\n{notes}");
    }
}
