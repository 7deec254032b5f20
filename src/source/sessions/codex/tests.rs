//! Whole stores of Codex, built in temporary folders.

use super::super::testing::{Home, said};
use super::*;
use serde_json::{Value, json};

const ID: &str = "01990000-0000-7000-8000-00000000000a";

fn path(id: &str) -> String {
    format!(".codex/sessions/2026/08/20/rollout-2026-08-20T09-00-00-{id}.jsonl")
}

fn line(kind: &str, second: u32, payload: Value) -> String {
    let timestamp = format!("2026-08-20T09:00:{second:02}.000Z");
    json!({"timestamp": timestamp, "type": kind, "payload": payload}).to_string() + "\n"
}

fn meta(cwd: &str) -> String {
    line(
        "session_meta",
        0,
        json!({"id": ID, "cwd": cwd, "source": "cli", "git": {"branch": "main"}, "base_instructions": {"text": "x".repeat(9000)}}),
    )
}

fn event(second: u32, payload: Value) -> String {
    line("event_msg", second, payload)
}

fn asked(second: u32, text: &str) -> String {
    event(second, json!({"type": "user_message", "message": text})) + &message(second, "user", text)
}

fn answered(second: u32, text: &str) -> String {
    event(second, json!({"type": "agent_message", "message": text}))
        + &message(second, "assistant", text)
}

fn message(second: u32, role: &str, text: &str) -> String {
    let kind = if role == "user" {
        "input_text"
    } else {
        "output_text"
    };
    let content = json!([{"type": kind, "text": text}]);
    line(
        "response_item",
        second,
        json!({"type": "message", "role": role, "content": content}),
    )
}

fn call(id: &str, name: &str, arguments: Value, output: Value) -> String {
    let call = json!({"type": "function_call", "name": name, "arguments": arguments.to_string(), "call_id": id});
    let result = json!({"type": "function_call_output", "call_id": id, "output": output});
    line("response_item", 5, call) + &line("response_item", 6, result)
}

fn one(text: &str) -> Session {
    Home::new().put(&path(ID), text).one(read)
}

/// A small whole store, for the tests of all readers.
pub(in super::super) fn sample(home: &Home) {
    let text = meta("/w/shop") + &asked(1, "codex ask") + &answered(2, "codex answer");
    home.put(&path(ID), text);
}

#[test]
fn a_rollout_is_told_in_turns_and_summed_up() {
    let text = meta("/w/shop")
        + &message(1, "developer", "<permissions instructions>")
        + &message(1, "user", "# AGENTS.md instructions for /w/shop\nuse just")
        + &message(1, "user", "<environment_context></environment_context>")
        + &asked(2, "why is the badge stale?")
        + &call(
            "1",
            "exec_command",
            json!({"cmd": "cargo test badge"}),
            json!("Process exited with code 101\nOutput:\nerror[E1]: stale"),
        )
        + &call(
            "2",
            "shell",
            json!("{not json"),
            json!({"content": "x", "success": false}),
        )
        + &line(
            "response_item",
            7,
            json!({"type": "custom_tool_call", "name": "apply_patch", "call_id": "3", "input": "*** Update File: src/no.rs"}),
        )
        + &event(
            8,
            json!({"type": "patch_apply_end", "call_id": "3", "success": true, "changes": {
            "/w/shop/src/badge.rs": {"type": "update", "unified_diff": "+x", "move_path": "/w/shop/src/mark.rs"}, "docs/b.md": {"type": "add"}}}),
        )
        + &line(
            "response_item",
            9,
            json!({"type": "custom_tool_call", "name": "apply_patch", "call_id": "4", "input": "*** Add File: src/new.rs"}),
        )
        + &line(
            "response_item",
            9,
            json!({"type": "custom_tool_call_output", "call_id": "4", "output": "Exit code: 0\nOutput:\nDone"}),
        )
        + &line(
            "response_item",
            9,
            json!({"type": "custom_tool_call", "name": "apply_patch", "call_id": "5", "input": "*** Add File: src/lost.rs"}),
        )
        + &line(
            "response_item",
            9,
            json!({"type": "custom_tool_call_output", "call_id": "5", "output": "apply_patch verification failed: no"}),
        )
        + &call(
            "6",
            "shell",
            json!({"command": ["bash", "-lc", "cargo test badge"]}),
            json!("Exit code: 0\nOutput:\nok"),
        )
        + &call(
            "7",
            "update_plan",
            json!({"plan": [{"step": "docs", "status": "pending"}, {"step": "fix", "status": "completed"}]}),
            json!("ok"),
        )
        + &line(
            "compacted",
            10,
            json!({"message": "The badge is mended.", "replacement_history": []}),
        )
        + &line("compacted", 11, json!({"message": ""}))
        + &line("quantum", 11, json!({"type": "x"}))
        + &answered(12, "Badge fixed; the test passes.");
    let home = Home::new();
    home.put(&path(ID), &text).put(
        ".codex/history.jsonl",
        format!("{{\"session_id\":\"{ID}\",\"ts\":1,\"text\":\"by history\"}}\n"),
    );
    assert_eq!(home.one(read).title, "by history");
    home.put(
        ".codex/session_index.jsonl",
        format!("{{\"id\":\"{ID}\",\"thread_name\":\"first\"}}\n{{\"id\":\"{ID}\",\"thread_name\":\"Badge\"}}\n{{\"id\":\"other\",\"thread_name\":\"x\"}}\n{{\"id\":"),
    );
    let session = home.one(read);
    assert_eq!(
        (
            session.tool,
            session.id.as_str(),
            session.title.as_str(),
            session.branch.as_str()
        ),
        ("codex", ID, "Badge", "main")
    );
    assert_eq!(session.ended - session.started, 12);
    assert_eq!(session.path, format!("~/{}", path(ID)));
    assert_eq!(
        said(&session),
        [
            "u: why is the badge stale?",
            "a: Badge fixed; the test passes."
        ]
    );
    let digest = &session.digest;
    assert_eq!(digest.summary, "The badge is mended.");
    assert_eq!(
        digest.files,
        ["src/badge.rs", "src/mark.rs", "docs/b.md", "src/new.rs"]
    );
    assert_eq!(digest.open, ["docs"]);
    assert_eq!(
        digest.fixes,
        [
            "`cargo test badge` failed (error[E1]: stale), passes after edits to src/badge.rs, src/mark.rs, docs/b.md and 1 more"
        ]
    );
    let report = &home.read(read).reports[0];
    assert_eq!((report.n_items, report.n_unknown, report.n_lost), (1, 1, 0));
    assert_eq!(report.location, "~/.codex/sessions");
}

#[test]
fn what_was_rolled_back_is_left_out() {
    let text = meta("/w/shop")
        + &asked(1, "first")
        + &answered(2, "one")
        + &asked(3, "second")
        + &answered(4, "two")
        + &asked(5, "third")
        + &event(6, json!({"type": "thread_rolled_back", "num_turns": 2}))
        + &asked(6, "second");
    assert_eq!(said(&one(&text)), ["u: first", "a: one", "u: second"]);
    let text = text
        + &event(
            7,
            json!({"type": "thread_rolled_back", "num_turns": 1_000_000_000}),
        );
    assert!(Home::new().put(&path(ID), text).read(read).items.is_empty());
}

#[test]
fn an_ask_that_was_recorded_twice_is_one() {
    let event = |second, text| event(second, json!({"type": "user_message", "message": text}));
    let text = meta("/w/shop") + &event(1, "go") + &event(2, "go") + &event(9, "go");
    assert_eq!(said(&one(&text)), ["u: go", "u: go"]);
    let items_alone = meta("/w/shop") + &message(1, "user", "go") + &message(2, "assistant", "ok");
    assert_eq!(said(&one(&items_alone)), ["u: go", "a: ok"]);
}

#[test]
fn the_working_directory_decides() {
    let home = Home::new();
    let n = |n: u32| format!("01990000-0000-7000-8000-{n:012}");
    let put = |i: u32, text: String| {
        home.put(&path(&n(i)), text.replace(ID, &n(i)));
    };
    put(1, meta("/w/shop-2") + &asked(1, "a neighbour"));
    put(2, meta("/w/trees/fix") + &asked(1, "a worktree"));
    let away = line("turn_context", 2, json!({"cwd": "/w/other"}));
    put(3, meta("/w/shop") + &asked(1, "went away") + &away);
    let sub = json!({"id": ID, "cwd": "/w/shop", "source": {"subagent": "review"}});
    put(4, line("session_meta", 0, sub) + &asked(1, "of an agent"));
    put(5, asked(1, "from nowhere"));
    let found = home.read(read);
    let titles: Vec<&str> = found.items.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, ["a worktree"]);
}

#[test]
fn old_rollouts_are_read_where_they_say_whose_they_are() {
    let text = json!([{"type": "input_text", "text": "<environment_context>\n<cwd>/w/shop</cwd>\n</environment_context>"}]);
    let context = json!({"type": "message", "role": "user", "content": text});
    let ask = json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go"}]});
    let answer = json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "gone"}]});
    let opening =
        json!({"id": ID, "timestamp": "2025-08-02T17:00:00Z", "instructions": null, "git": {}});
    let state = json!({"record_type": "state"});
    let flat = [&opening, &state, &context, &ask, &answer].map(Value::to_string);
    let session = one(&flat.join("\n"));
    assert_eq!(said(&session), ["u: go", "a: gone"]);
    assert_eq!(session.started, 1_754_154_000);

    let document = |items: Value| json!({"session": {"id": ID, "timestamp": "2025-08-02T17:00:00Z"}, "items": items});
    let name = ".codex/archived_sessions/rollout-2025-05-01-x.json";
    let home = Home::new();
    home.put(name, document(json!([context, ask, answer])).to_string());
    assert_eq!(said(&home.one(read)), ["u: go", "a: gone"]);
    assert_eq!(home.one(read).id, ID);
    home.put(name, document(json!([ask, answer])).to_string());
    assert!(home.read(read).items.is_empty(), "it names no directory");
}

#[test]
fn compressed_rollouts_are_read_unless_they_lie_there_plain() {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    let pack = |text: &str| compress_to_vec(text.as_bytes(), CompressionLevel::Fastest);
    let text = meta("/w/shop") + &asked(1, "packed");
    let home = Home::new();
    home.put(&format!("{}.zst", path(ID)), pack(&text));
    assert_eq!(home.one(read).title, "packed");
    home.put(&path(ID), meta("/w/shop") + &asked(1, "plain"));
    assert_eq!(home.one(read).title, "plain");

    let mut torn = pack(&(text + &asked(2, &"later ".repeat(90_000))));
    torn.truncate(torn.len() - 9);
    let home = Home::new();
    home.put(&format!("{}.zst", path(ID)), torn);
    let found = home.read(read);
    assert!(found.items.len() <= 1 && found.warnings.len() <= 1);
}

#[test]
fn the_same_rollout_in_two_places_is_one() {
    let text = meta("/w/shop") + &asked(1, "go");
    let home = Home::new();
    home.put(&path(ID), &text);
    home.put(
        &format!(".codex/archived_sessions/rollout-x-{ID}.jsonl"),
        &text,
    );
    home.one(read);
}
