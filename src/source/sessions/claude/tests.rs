//! Whole stores, built in temporary folders by a small generator of records.

use super::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;

/// A store under construction: `<dir>/claude` and a repository at `/w/shop` that need not exist.
struct Store {
    dir: tempfile::TempDir,
    roots: Vec<PathBuf>,
}

const A: &str = "00000000-0000-4000-8000-00000000000a";
const B: &str = "00000000-0000-4000-8000-00000000000b";

impl Store {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            roots: vec![PathBuf::from("/w/shop")],
        }
    }

    fn path(&self, folder: &str, name: &str) -> PathBuf {
        let folder = self.dir.path().join("claude/projects").join(folder);
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn put(&self, folder: &str, id: &str, text: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path(folder, &format!("{id}.jsonl")), text).unwrap();
        self
    }

    fn read(&self) -> Found<Session> {
        let claude_dir = self.dir.path().join("claude");
        let stores = Stores {
            roots: &self.roots,
            home: Some(self.dir.path()),
            variables: &BTreeMap::from([(
                "CLAUDE_CONFIG_DIR".to_owned(),
                claude_dir.to_string_lossy().into_owned(),
            )]),
            cache: None,
        };
        crate::source::sessions::read(&stores)
    }
}

/// A transcript, one record after the other, each the child of the one before.
struct Script {
    text: String,
    n: usize,
    parent: Value,
    cwd: &'static str,
}

fn script() -> Script {
    Script {
        text: String::new(),
        n: 0,
        parent: Value::Null,
        cwd: "/w/shop",
    }
}

impl Script {
    fn raw(mut self, line: &str) -> Self {
        self.text.push_str(line);
        self.text.push('\n');
        self
    }
    fn put(mut self, mut record: Value) -> Self {
        self.n += 1;
        let uuid = format!("u{}", self.n);
        let fixed = json!({
            "parentUuid": self.parent, "isSidechain": false, "cwd": self.cwd, "uuid": uuid,
            "gitBranch": "main", "timestamp": format!("2026-08-20T09:00:{:02}.123Z", self.n % 60),
        });
        for (key, value) in fixed.as_object().unwrap() {
            record
                .as_object_mut()
                .unwrap()
                .entry(key)
                .or_insert(value.clone());
        }
        self.parent = uuid.into();
        self.raw(&record.to_string())
    }
    fn back_to(mut self, n: usize) -> Self {
        self.parent = format!("u{n}").into();
        self
    }
    fn at(mut self, cwd: &'static str) -> Self {
        self.cwd = cwd;
        self
    }
    fn user(self, text: &str) -> Self {
        self.put(json!({"type": "user", "message": {"role": "user", "content": text}}))
    }
    fn assistant(self, text: &str) -> Self {
        self.put(
            json!({"type": "assistant", "message": {"content": [{"type": "text", "text": text}]}}),
        )
    }
    fn call(self, name: &str, input: Value, output: &str, is_error: bool) -> Self {
        let id = format!("t{}", self.n);
        self.put(json!({"type": "assistant", "message": {"content": [{"type": "tool_use", "id": id, "name": name, "input": input}]}}))
            .put(json!({"type": "user", "toolUseResult": {"originalFile": "x"}, "message": {"content": [
                {"type": "tool_result", "tool_use_id": id, "content": output, "is_error": is_error}]}}))
    }
}

fn one(script: Script) -> Session {
    let store = Store::new();
    let mut found = store.put("-w-shop", A, script.text).read();
    assert_eq!(found.items.len(), 1);
    found.items.remove(0)
}

fn turns(session: &Session) -> Vec<&str> {
    session
        .turns
        .iter()
        .map(|turn| turn.text.as_str())
        .collect()
}

#[test]
fn a_session_is_told_in_turns_and_summed_up() {
    let session = one(script()
        .user("Why are customers charged twice? Look at src/charge.rs")
        .call("Bash", json!({"command": "cargo test retry"}), "Exit code 101\nthread 'retry' panicked: left 2", true)
        .call("Edit", json!({"file_path": "/w/shop/src/charge.rs"}), "ok", false)
        .call("Edit", json!({"file_path": "/w/shop/src/no.rs"}), "no match", true)
        .put(json!({"type": "attachment", "attachment": {"type": "queued_command", "commandMode": "prompt", "prompt": "keep the sandbox out of unit tests"}}))
        .call("Bash", json!({"command": "cd /w/shop && cargo test retry 2>&1 | tail -3"}), "ok", false)
        .call("TodoWrite", json!({"todos": [{"content": "write docs", "status": "pending"}, {"content": "fix", "status": "completed"}]}), "ok", false)
        .assistant("We decided to derive the key from the order id. All tests pass.")
        .put(json!({"type": "ai-title", "aiTitle": "Double charge"}))
        .raw(r#"{"type":"pr-link","sessionId":"s","prNumber":128,"prUrl":"https://example.org/128"}"#));
    assert_eq!(session.title, "Double charge");
    assert_eq!(
        (session.tool, session.id.as_str(), session.branch.as_str()),
        ("claude-code", A, "main")
    );
    assert_eq!(session.path, format!("~/claude/projects/-w-shop/{A}.jsonl"));
    assert_eq!(session.turns.len(), 3);
    assert_eq!(session.turns[0].at, session.started);
    assert_eq!(
        session.ended - session.started,
        12,
        "the title is not a moment of the talk"
    );
    let digest = &session.digest;
    assert_eq!(
        digest.asks,
        [
            "Why are customers charged twice? Look at src/charge.rs",
            "keep the sandbox out of unit tests"
        ]
    );
    assert_eq!(
        digest.fixes,
        [
            "`cargo test retry` failed (thread 'retry' panicked: left 2), passes after edits to src/charge.rs"
        ]
    );
    assert_eq!(digest.files, ["src/charge.rs"]);
    assert_eq!(digest.open, ["write docs"]);
    assert_eq!(
        digest.decisions.last().unwrap(),
        "We decided to derive the key from the order id."
    );
    assert_eq!(digest.outcome, "All tests pass. (PR #128)");
}

#[test]
fn what_no_person_said_and_what_was_rewound_is_left_out() {
    let session = one(script()
        .user("first")
        .put(json!({"type": "user", "isMeta": true, "message": {"content": "caveat"}}))
        .user("<command-name>/compact</command-name>")
        .user("abandoned")
        .assistant("abandoned too")
        .back_to(3)
        .user("second")
        .put(json!({"type": "user", "isSidechain": true, "message": {"content": "to a sub-agent"}}))
        .back_to(6)
        .put(json!({"type": "assistant", "isApiErrorMessage": true, "message": {"content": [{"type": "text", "text": "API Error"}]}}))
        .put(json!({"type": "assistant", "message": {"id": "m", "content": [{"type": "text", "text": "part one"}]}}))
        .put(json!({"type": "assistant", "message": {"id": "m", "content": [{"type": "text", "text": "part two"}]}})));
    assert_eq!(turns(&session), ["first", "second", "part one\n\npart two"]);
    assert_eq!(session.title, "first");
}

#[test]
fn a_compaction_gives_the_summary_and_hides_nothing() {
    let session = one(script()
        .user("first")
        .put(json!({"type": "system", "subtype": "compact_boundary", "parentUuid": null, "logicalParentUuid": "u1"}))
        .put(json!({"type": "user", "isCompactSummary": true, "message": {"content":
            "This session is being continued from another.\nSummary:\n1. Primary Request:\n   Stop it.\n\nPlease continue the conversation from where we left it."}}))
        .user("second"));
    assert_eq!(turns(&session), ["first", "second"]);
    assert_eq!(session.digest.summary, "1. Primary Request:\n   Stop it.");
}

#[test]
fn running_notes_are_the_best_summary() {
    let store = Store::new();
    store.put("-w-shop", A, script().user("first").text);
    let notes = store.path("-w-shop", &format!("{A}/session-memory/summary.md"));
    fs::write(
        notes,
        "# Session Title\n_x_\nRefunds\n# Learnings\n_y_\n- keep\n",
    )
    .unwrap();
    let session = &store.read().items[0];
    assert_eq!(
        (session.title.as_str(), session.digest.summary.as_str()),
        ("Refunds", "# Learnings\n- keep")
    );
}

#[test]
fn titles_by_rank() {
    let lines = [
        r#"{"type":"summary","summary":"of another","leafUuid":"elsewhere"}"#,
        r#"{"type":"summary","summary":"own","leafUuid":"u1"}"#,
        r#"{"type":"ai-title","aiTitle":"by the tool"}"#,
        r#"{"type":"agent-name","agentName":"by an agent"}"#,
        r#"{"type":"custom-title","customTitle":"by the user"}"#,
    ];
    let mut told = script().user("the ask");
    for (line, title) in lines.into_iter().zip([
        "the ask",
        "own",
        "by the tool",
        "by an agent",
        "by the user",
    ]) {
        told = told.raw(line);
        assert_eq!(
            one(Script {
                text: told.text.clone(),
                ..script()
            })
            .title,
            title
        );
    }
}

#[test]
fn the_working_directory_decides_not_the_folder() {
    let store = Store::new();
    store
        .put(
            "-w-shop",
            A,
            script().at("/w.shop").user("another project").text,
        )
        .put(
            "-w-shop-web",
            A,
            script().at("/w/shop/web").user("a sub-folder").text,
        )
        .put(
            "-w-shop-web",
            B,
            script().at("/w/shop-web").user("a neighbour").text,
        )
        .put("-w-other", B, script().user("never looked at").text)
        .put(
            "-w-shop",
            B,
            script()
                .user("went away")
                .at("/w/other")
                .user("far")
                .user("further")
                .text,
        )
        .put(
            "-w-shop",
            "agent-0badcafe",
            script().user("an old sub-agent").text,
        );
    let found = store.read();
    let asks: Vec<_> = found
        .items
        .iter()
        .map(|session| session.title.as_str())
        .collect();
    assert_eq!(asks, ["a sub-folder"]);
    assert_eq!(found.reports.len(), 1);
    assert_eq!(found.reports[0].location, "~/claude/projects/-w-shop-web");
    assert_eq!((found.reports[0].n_items, found.warnings.len()), (1, 0));
}

#[test]
fn worktree_paths_stand_for_files_of_the_root() {
    let edit = json!({"file_path": "/w/shop/.claude/worktrees/x/src/a.rs"});
    let session = one(script()
        .user("go")
        .at("/w/shop/.claude/worktrees/x")
        .call("Write", edit, "ok", false));
    assert_eq!(session.digest.files, ["src/a.rs"]);
}

#[test]
fn a_worktree_that_a_session_went_into_is_of_the_repository() {
    let told = |from: &str| {
        let state = json!({"type": "worktree-state", "sessionId": "s", "worktreeSession": {"originalCwd": from, "worktreePath": "/w/gone"}});
        let store = Store::new();
        let script = script()
            .user("go")
            .raw(&state.to_string())
            .at("/w/gone")
            .call(
                "Write",
                json!({"file_path": "/w/gone/src/a.rs"}),
                "ok",
                false,
            )
            .assistant("done");
        store.put("-w-shop", A, script.text).read().items
    };
    assert_eq!(told("/w/shop")[0].digest.files, ["src/a.rs"]);
    assert!(told("/w/other").is_empty());
}

#[test]
fn results_of_tools_called_at_once_are_found_beside_the_chain() {
    let call = |id: &str, path: &str| json!({"type": "tool_use", "id": id, "name": "Edit", "input": {"file_path": path}});
    let result = |id: &str, is_error: bool| json!({"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": id, "is_error": is_error}]}});
    let session = one(script()
        .user("go")
        .put(json!({"type": "assistant", "message": {"id": "m", "content": [call("1", "/w/shop/a")]}}))
        .put(json!({"type": "assistant", "message": {"id": "m", "content": [call("2", "/w/shop/b")]}}))
        .back_to(2)
        .put(result("1", false))
        .back_to(3)
        .put(result("2", true))
        .back_to(4)
        .assistant("done"));
    assert_eq!(session.digest.files, ["a"], "the second edit failed");
}

#[test]
fn dirt_costs_only_itself() {
    let clean = script().user("one").user("two").user("three").text;
    let mut lines: Vec<Vec<u8>> = clean.lines().map(|line| line.as_bytes().to_vec()).collect();
    lines[0].splice(0..0, *b"\xef\xbb\xbf");
    lines[0].push(b'\r');
    let torn = lines[1][..40].to_vec();
    // A torn record, then a whole one, whose type stands twice as a bonus.
    lines[2].splice(0..1, [&torn[..], br#"{"type":"user","#].concat());
    lines.insert(1, vec![0; 300]);
    lines.insert(1, br#"{"type":"galaxy-brain-v9","sessionId":"x"}"#.to_vec());
    let mut bytes = lines.join(&b"\n"[..]);
    bytes.extend(b"\n{\"parentUuid\":\"u3\",\"type\":\"us");
    let store = Store::new();
    let found = store.put("-w-shop", A, bytes).read();
    assert_eq!(turns(&found.items[0]), ["one", "two", "three"]);
    assert_eq!(
        (found.reports[0].n_lost, found.reports[0].n_unknown),
        (3, 1)
    );
    let codes: Vec<_> = found.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["torn-record"]);
}

#[test]
fn sessions_come_newest_first_and_the_same_each_time() {
    let store = Store::new();
    let old = script().put(
        json!({"type": "user", "timestamp": "2025-01-01T00:00:00Z", "message": {"content": "old"}}),
    );
    store
        .put("-w-shop", A, old.text)
        .put("-w-shop", B, script().user("new").text)
        .put("-w-shop-sub", B, script().user("same moment").text);
    let titles: Vec<_> = store
        .read()
        .items
        .into_iter()
        .map(|session| session.title)
        .collect();
    assert_eq!(titles, ["same moment", "new", "old"]);
    assert_eq!(store.read().items, store.read().items);
}

#[test]
fn no_store_is_no_trouble() {
    let store = Store::new();
    let found = store.read();
    assert!(found.items.is_empty() && found.reports.is_empty() && found.warnings.is_empty());
    store
        .put("-w-shop", A, "")
        .put("-w-shop", B, "\0\0\n[]\n{}\n");
    assert!(store.read().items.is_empty());
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let store = Store::new();
    store.put("-elsewhere", A, script().user("linked").text);
    let target = store.path("-elsewhere", &format!("{A}.jsonl"));
    std::os::unix::fs::symlink(target, store.path("-w-shop", &format!("{B}.jsonl"))).unwrap();
    std::os::unix::fs::symlink(
        store.path("-elsewhere", ""),
        store.dir.path().join("claude/projects/-w-shop-x"),
    )
    .unwrap();
    assert!(store.read().items.is_empty());
}
