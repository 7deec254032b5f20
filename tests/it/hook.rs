//! `ctxpack hook`: what the hosts of agents get, and that nothing keeps a prompt waiting or turns it away.

use crate::common::{Place, Ran};
use crate::memory_commands::write_session;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const OPEN: &str = "0a0a0a0a-5a52-4c1d-9a57-0f6f2d1c0a01";
const DONE: &str = "0b0b0b0b-5a52-4c1d-9a57-0f6f2d1c0a01";
const PROMPT: &str = "why does hold_the_lock give the orders up";

/// A repository with code, notes of every host, and two sessions that speak of the same thing.
fn shop() -> Place {
    let place = Place::new();
    place.write(
        "src/lock.rs",
        "pub fn hold_the_lock() { give_the_orders_up() }\n",
    );
    for (path, says) in [
        (
            "CLAUDE.md",
            "- hold_the_lock is called once per order, claude knows\n",
        ),
        (
            "AGENTS.md",
            "- never give the orders up before hold_the_lock, codex knows\n",
        ),
        (
            "GEMINI.md",
            "- why hold_the_lock waits is in the ledger, gemini knows\n",
        ),
    ] {
        place.write(path, says);
    }
    let said = |what| [("user", "lock the orders"), ("assistant", what)];
    write_session(
        &place,
        OPEN,
        20,
        "main",
        &said("We lock the orders by Quince, decided now."),
    );
    write_session(
        &place,
        DONE,
        18,
        "main",
        &said("We lock the orders by Medlar, decided then."),
    );
    place
}

fn call(place: &Place, event: &str) -> Value {
    json!({"session_id": OPEN, "cwd": place.repo(), "hook_event_name": event, "prompt": PROMPT})
}

/// Runs the hook with `input` on stdin, which is closed behind it.
fn hook(place: &Place, args: &[&str], input: &[u8]) -> Ran {
    let mut all = vec!["hook"];
    all.extend(args);
    run(place.command(&all), input)
}

fn run(mut command: Command, input: &[u8]) -> Ran {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input); // who needs none of it may have gone
    Ran::new(child.wait_with_output().unwrap())
}

fn context(event: &str, answer: &str) -> String {
    let answer: Value = serde_json::from_str(answer).unwrap();
    let output = &answer["hookSpecificOutput"];
    assert_eq!(output["hookEventName"], event);
    assert_eq!(
        (
            answer.as_object().unwrap().len(),
            output.as_object().unwrap().len()
        ),
        (1, 2)
    );
    output["additionalContext"].as_str().unwrap().to_owned()
}

#[test]
fn an_agent_gets_what_it_does_not_have() {
    let place = shop();
    let at_prompt = |agent: &str, event: &str| {
        hook(
            &place,
            &[agent, "--within", "30"],
            call(&place, event).to_string().as_bytes(),
        )
        .good()
    };
    let claude = at_prompt("claude-code", "UserPromptSubmit");
    let codex = context("UserPromptSubmit", &at_prompt("codex", "UserPromptSubmit"));
    let gemini = context("BeforeAgent", &at_prompt("gemini", "BeforeAgent"));
    assert!(claude.starts_with("<context>\n"), "{claude}");
    for (bundle, who) in [(claude, "claude"), (codex, "codex"), (gemini, "gemini")] {
        assert!(bundle.contains("hold_the_lock()"), "{bundle}");
        assert!(!bundle.contains(PROMPT), "{who} has the prompt: {bundle}");
        assert!(bundle.contains("Medlar"), "{bundle}");
        assert!(!bundle.contains("Quince"), "{who} said it: {bundle}");
        for other in ["claude", "codex", "gemini"] {
            let knows = bundle.contains(&format!("{other} knows"));
            assert_eq!(knows, other != who, "{who} and {other}: {bundle}");
        }
    }
}

#[test]
fn nothing_is_told_twice_in_a_session() {
    let place = shop();
    let body = |name: &str| {
        format!(
            "pub fn {name}(orders: &[Order]) -> usize {{\n    give_the_orders_up(orders) // {name}\n}}\n"
        )
    };
    place.write(
        "src/lock.rs",
        &format!("{}{}", body("hold_the_lock"), body("hold_the_lock_again")),
    );
    place.write("src/ledger.rs", &body("write_the_ledger"));
    let mut call = call(&place, "UserPromptSubmit");
    call["transcript_path"] = json!(place.home().join("open.jsonl"));
    let ask = |call: &Value| {
        hook(
            &place,
            &["claude-code", "--within", "30"],
            call.to_string().as_bytes(),
        )
        .good()
    };
    let first = ask(&call);
    assert!(first.contains("fn hold_the_lock_again"), "{first}");
    let mut records = vec![
        json!({"type": "attachment", "attachment": {"type": "hook_success", "stdout": first}}),
    ];
    let write = |records: &[Value]| {
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        place.write_home("open.jsonl", &lines);
    };
    write(&records);
    let second = ask(&call);
    assert!(
        !second.contains("fn hold_the_lock") && !second.contains("Medlar"),
        "{second}"
    );
    // the file has changed, so that it is news
    place.write(
        "src/lock.rs",
        &format!("{}{}", body("hold_the_lock"), body("hold_the_lock_at_last")),
    );
    assert!(ask(&call).contains("fn hold_the_lock_at_last"));
    place.write(
        "src/lock.rs",
        &format!("{}{}", body("hold_the_lock"), body("hold_the_lock_again")),
    );
    // the session was summed up, and what it was told is gone from it
    records.push(json!({"type": "system", "subtype": "compact_boundary"}));
    write(&records);
    assert_eq!(ask(&call), first);
    for odd in ["", "\u{0}\u{1}", "{"] {
        place.write_home("open.jsonl", odd);
        assert_eq!(ask(&call), first);
    }
    call["transcript_path"] = json!(place.home());
    assert_eq!(ask(&call), first);
}

#[test]
fn a_session_begins_with_what_is_remembered() {
    let place = shop();
    let mut call = call(&place, "SessionStart");
    let ask = |call: &Value| {
        hook(
            &place,
            &["claude-code", "--within", "30", "--no-cache"],
            call.to_string().as_bytes(),
        )
        .good()
    };
    call["source"] = "startup".into();
    let start = ask(&call);
    assert!(
        start.contains("Medlar") && !start.contains("fn hold_the_lock"),
        "{start}"
    );
    assert!(start.chars().count() <= 4_750, "{start}");
    // who has lost what it knew needs the files as well
    call["source"] = "compact".into();
    assert!(ask(&call).contains("fn hold_the_lock"));
    call["source"] = "resume".into();
    assert_eq!(ask(&call), "");
    let bare = Place::new();
    call["source"] = "startup".into();
    call["cwd"] = json!(bare.repo());
    assert_eq!(ask(&call), "");
}

#[cfg(unix)] // elsewhere folders have no locks, and nothing is filled
#[test]
fn the_cache_is_filled_behind_the_beginning_of_a_session() {
    let place = shop();
    let index = place.home().join(".cache/ctxpack/index-v1");
    // one run at a time, for as long as the cache is locked
    std::fs::create_dir_all(place.home().join(".cache/ctxpack")).unwrap();
    let kept = std::fs::File::open(place.home().join(".cache/ctxpack")).unwrap();
    kept.lock().unwrap();
    assert_eq!(
        place.run(&["hook", "claude-code", "--fill", "."]).good(),
        ""
    );
    assert!(!index.exists());
    kept.unlock().unwrap();
    let mut call = call(&place, "SessionStart");
    call["source"] = "startup".into();
    hook(
        &place,
        &["claude-code", "--within", "30"],
        call.to_string().as_bytes(),
    )
    .good();
    let since = Instant::now();
    // what is left behind ends by itself, and lets go of the cache then
    while !index.exists() || kept.try_lock().is_err() {
        assert!(since.elapsed() < Duration::from_secs(60), "nothing is kept");
        std::thread::sleep(Duration::from_millis(20));
    }
    kept.unlock().unwrap();
    assert_eq!(
        place.run(&["hook", "claude-code", "--fill", "no/such"]),
        place.run(&["hook", "claude-code", "--fill", ".", "--no-cache"])
    );
}

#[test]
fn the_cap_of_the_host_holds() {
    let place = shop();
    for n in 0..200 {
        let body =
            format!("pub fn hold_the_lock_{n}() {{ /* Größe */ orders(\"é\") }}\n").repeat(20);
        place.write(&format!("src/lock_{n}.rs"), &body);
    }
    for (agent, event) in [
        ("claude-code", "UserPromptSubmit"),
        ("codex", "UserPromptSubmit"),
        ("gemini", "BeforeAgent"),
    ] {
        let said = hook(
            &place,
            &[agent, "--within", "30"],
            call(&place, event).to_string().as_bytes(),
        )
        .good();
        let text = if agent == "claude-code" {
            said
        } else {
            context(event, &said)
        };
        let n = if agent == "codex" {
            text.len()
        } else {
            text.chars().count()
        };
        let cap = if agent == "codex" { 8_000 } else { 9_500 };
        assert!((cap * 9 / 10..=cap).contains(&n), "{agent} {event}: {n}");
    }
}

#[test]
fn before_a_summary_claude_is_told_what_to_keep() {
    let place = shop();
    let mut call = call(&place, "PreCompact");
    let kept = hook(
        &place,
        &["claude-code", "--within", "30"],
        call.to_string().as_bytes(),
    )
    .good();
    assert!(
        kept.starts_with("Keep in the summary")
            && kept.contains("Quince")
            && !kept.contains("Medlar"),
        "{kept}"
    );
    call["session_id"] = "unknown".into();
    assert_eq!(
        hook(
            &place,
            &["claude-code", "--within", "30"],
            call.to_string().as_bytes()
        )
        .good(),
        ""
    );
}

#[test]
fn what_cannot_be_answered_is_met_with_silence() {
    let place = shop();
    let with = |key: &str, value: Value| {
        let mut call = call(&place, "UserPromptSubmit");
        call[key] = value;
        call.to_string().into_bytes()
    };
    let deep = "[".repeat(200_000);
    let cases: &[(Vec<u8>, bool)] = &[
        (b"".to_vec(), true),
        (b"{".to_vec(), true),
        (b"\xff\xfe\0".to_vec(), true),
        (b"[1]".to_vec(), true),
        (b"null".to_vec(), true),
        (deep.into_bytes(), true),
        (vec![b'{'; 5 << 20], true),
        (b"{}".to_vec(), false),
        (with("prompt", "yes, go on".into()), false),
        (with("prompt", json!({"a": [1]})), false),
        (
            with("prompt", "/compact all of it that is old".into()),
            false,
        ),
        (with("hook_event_name", "Stop".into()), false),
        (with("cwd", "/".into()), false),
        (with("cwd", json!(place.home())), false),
        (with("cwd", "/no/such/folder".into()), false),
    ];
    for (input, is_trouble) in cases {
        let shown = String::from_utf8_lossy(&input[..input.len().min(60)]).into_owned();
        for (agent, nothing) in [("claude-code", ""), ("codex", ""), ("gemini", "{}\n")] {
            let ran = hook(&place, &[agent, "--within", "30"], input);
            assert_eq!(
                (ran.code, ran.stdout.as_str()),
                (Some(0), nothing),
                "{agent} {shown}: {}",
                ran.stderr
            );
            assert_eq!(
                ran.stderr.lines().count(),
                usize::from(*is_trouble),
                "{agent} {shown}: {}",
                ran.stderr
            );
        }
    }
    place.write("ctxpack.toml", "nonsense = 1\n");
    for args in [
        &["claude-code"][..],
        &["nobody"],
        &["claude-code", "--no-such-flag"],
        &["claude-code", "--within", "soon"],
        &[],
    ] {
        let ran = hook(&place, args, &with("prompt", PROMPT.into()));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{args:?}");
        assert!(!ran.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn a_prompt_is_not_kept_waiting() {
    let place = shop();
    let whole = call(&place, "UserPromptSubmit").to_string();
    // a call that never ends, and one that is whole in a pipe that nobody closes
    for (input, within, says) in [(&whole[..20], "0.3", false), (&whole[..], "30", true)] {
        let since = Instant::now();
        let mut child = place
            .command(&["hook", "claude-code", "--within", within])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        let mut ran = child.wait_with_output().map(Ran::new).unwrap();
        assert!(since.elapsed() < Duration::from_secs(20));
        drop(stdin);
        assert_eq!(ran.stdout.is_empty(), !says, "{input}");
        ran.stdout.clear();
        let told = if says {
            ""
        } else {
            "ctxpack: nothing said: no answer within 0.3 s; ctxpack run here once keeps what the next answer needs\n"
        };
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), told), "{input}");
    }
}
