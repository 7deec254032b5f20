//! `ctxpack mcp` over its streams: what clients of two protocols get, that no call reaches out of the root, and that nothing ends it
//! but the end of stdin.
#![cfg(feature = "mcp")]

use crate::common::Place;
use crate::memory_commands::{secret, write_session};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// A client that speaks lines.
struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    n_sent: u64,
    /// Methods and parameters of what came unasked.
    told: Vec<Value>,
}

impl Client {
    fn start(place: &Place, args: &[&str]) -> Self {
        let mut all = vec!["mcp", "--root", "."];
        all.extend(args);
        let mut child = place.command(&all).stdin(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (
            child.stdin.take(),
            BufReader::new(child.stdout.take().unwrap()),
        );
        let mut client = Self {
            child,
            stdin,
            stdout,
            n_sent: 0,
            told: Vec::new(),
        };
        let hello = client.ask(
            "initialize",
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "claude-code", "version": "1"}}),
        );
        assert_eq!(hello["result"]["serverInfo"]["name"], "ctxpack", "{hello}");
        assert_eq!(hello["result"]["protocolVersion"], "2025-06-18", "{hello}");
        client.say("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
        client
    }

    fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The answer to a request; every line before it is JSON as well.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.n_sent += 1;
        let id = self.n_sent;
        self.say(
            &json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string(),
        );
        loop {
            let mut line = String::new();
            assert!(
                self.stdout.read_line(&mut line).unwrap() > 0,
                "{method}: no answer"
            );
            let answer: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            if answer["id"] == id {
                return answer;
            }
            self.told.push(answer);
        }
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// The first text of a call that goes well.
    #[track_caller]
    fn text(&mut self, tool: &str, arguments: Value) -> String {
        let answer = self.call(tool, arguments);
        assert_eq!(answer["result"]["isError"], false, "{answer}");
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// What is said of a call that cannot be done.
    #[track_caller]
    fn refused(&mut self, tool: &str, arguments: Value) -> String {
        let answer = self.call(tool, arguments);
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Ends stdin; gives the exit code and stderr.
    fn end(mut self) -> (Option<i32>, String) {
        drop(self.stdin.take());
        let output = self.child.wait_with_output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }
}

fn shop() -> Place {
    let place = Place::new();
    place.write(
        "src/lock.rs",
        &format!(
            "pub fn hold_the_lock() {{ give_the_orders_up(\"{}\") }}\n",
            secret()
        ),
    );
    for n in 0..40 {
        place.write(
            &format!("src/order_{n}.rs"),
            &format!(
                "pub fn order_{n}() {{\n{}}}\n",
                "    hold_the_lock();\n".repeat(60)
            ),
        );
    }
    place.write("CLAUDE.md", "- hold_the_lock: claude has read this\n");
    place.write("docs/NOTES.md", "# Locks\n\n- 2026-08-01 (decision): we hold_the_lock by Quince\n- 2026-08-02 (gotcha): the lock of orders hangs\n");
    place
}

const TASK: &str = "why does hold_the_lock give the orders up";

#[test]
fn a_task_is_packed_and_read_on() {
    let place = shop();
    let mut client = Client::start(&place, &[]);
    let tools = client.ask("tools/list", json!({}));
    let tools = tools["result"]["tools"].as_array().unwrap().clone();
    let names: Vec<&str> = tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["pack", "read_more", "explain", "notes"]);
    for tool in &tools {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{tool}");
    }
    let first = client.call(
        "pack",
        json!({"task": TASK, "budget": 1_000, "format": "json"}),
    );
    let first = &first["result"];
    let bundle = &first["structuredContent"];
    assert_eq!(
        serde_json::from_str::<Value>(first["content"][0]["text"].as_str().unwrap()).unwrap(),
        *bundle
    );
    assert!(
        bundle["tokens"].as_u64().unwrap() <= 1_000 && bundle["budget"] == 1_000,
        "{bundle}"
    );
    assert!(
        first["content"][1]["text"]
            .as_str()
            .unwrap()
            .starts_with("Bundle b1: "),
        "{first}"
    );
    let shown = |bundle: &Value| -> Vec<String> {
        let items = bundle["items"].as_array().unwrap().iter();
        let items =
            items.filter(|item| item["rendering"] != "mention" && item["rendering"] != "headline");
        items
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut seen = shown(bundle);
    assert!(seen.contains(&"file:src/lock.rs".to_owned()), "{seen:?}");
    assert!(!bundle.to_string().contains("claude has read"), "{bundle}");
    for (before, budget) in [("b1", 1_500), ("b2", 1_500)] {
        let more = client.call("read_more", json!({"bundle": before, "budget": budget}));
        let more = shown(&more["result"]["structuredContent"]);
        assert!(!more.is_empty());
        assert!(
            more.iter().all(|id| !seen.contains(id)),
            "{more:?} after {seen:?}"
        );
        seen.extend(more);
    }
    let text = client.text("pack", json!({"task": TASK}));
    assert!(
        text.starts_with("<context>\n") && !text.contains(TASK),
        "{text}"
    );
    assert!(
        !text.contains(&secret()) && text.contains("[REDACTED:"),
        "{text}"
    );
    assert_eq!(client.text("pack", json!({"task": TASK})), text);
    assert_eq!(client.end(), (Some(0), String::new()));
}

#[test]
fn choices_are_explained_and_notes_are_there() {
    let place = shop();
    write_session(
        &place,
        "0a0a0a0a-5a52-4c1d-9a57-0f6f2d1c0a01",
        20,
        "main",
        &[("user", "lock the orders"), ("assistant", "Medlar it is.")],
    );
    let mut client = Client::start(&place, &["--no-home"]);
    client.text("pack", json!({"task": TASK, "budget": 1_000}));
    for from in [
        json!({"bundle": "b1", "path": "src/lock.rs"}),
        json!({"task": TASK, "path": "file:src/lock.rs"}),
    ] {
        let why = client.call("explain", from);
        let one = &why["result"]["structuredContent"]["candidates"][0];
        assert_eq!(one["id"], "file:src/lock.rs", "{why}");
        assert!(
            one["score"]["parts"]
                .as_array()
                .is_some_and(|parts| !parts.is_empty()),
            "{one}"
        );
    }
    let all = client.call("explain", json!({"bundle": "b1", "path": "src"}));
    let all = &all["result"]["structuredContent"];
    assert_eq!(
        (
            all["candidates"].as_array().unwrap().len(),
            &all["left_out"]
        ),
        (20, &json!(22))
    );
    let notes = client.call("notes", json!({"class": "decision"}));
    let notes = notes["result"]["structuredContent"]["notes"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0]["path"], "docs/NOTES.md");
    assert!(client.text("notes", json!({})).contains("CLAUDE.md:1  "));
    let resources = client.ask("resources/list", json!({}));
    let uris: Vec<&str> = resources["result"]["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["uri"].as_str().unwrap())
        .collect();
    assert_eq!(
        uris,
        ["ctxpack://notes/CLAUDE.md", "ctxpack://notes/docs/NOTES.md"]
    );
    let read = client.ask("resources/read", json!({"uri": uris[1]}));
    let text = read["result"]["contents"][0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("## Locks\n\n") && text.contains("Quince") && text.contains("hangs"),
        "{text}"
    );
    for uri in [
        "ctxpack://notes/src/lock.rs",
        "ctxpack://notes/../x",
        "file:///etc/passwd",
        "",
        "ctxpack://notes/",
    ] {
        let answer = client.ask("resources/read", json!({"uri": uri}));
        assert!(answer["error"]["message"].is_string(), "{uri}: {answer}");
    }
    assert!(
        client
            .text("pack", json!({"task": "what was said of Medlar"}))
            .find("Medlar it is")
            .is_none()
    );
    assert_eq!(client.end(), (Some(0), String::new()));
}

#[test]
fn progress_is_told_to_who_asks_for_it() {
    let place = shop();
    let mut client = Client::start(&place, &[]);
    client.text("pack", json!({"task": TASK}));
    assert!(client.told.is_empty(), "{:?}", client.told);
    client.ask(
        "tools/call",
        json!({"name": "pack", "arguments": {"task": TASK}, "_meta": {"progressToken": "p"}}),
    );
    let progress: Vec<f64> = client
        .told
        .iter()
        .map(|one| {
            assert_eq!(
                (&one["method"], &one["params"]["progressToken"]),
                (&json!("notifications/progress"), &json!("p"))
            );
            one["params"]["progress"].as_f64().unwrap()
        })
        .collect();
    // how much is told depends on how long it took
    assert!(progress.is_sorted(), "{progress:?}");
}

#[test]
fn hostile_arguments_are_refused() {
    let place = shop();
    std::fs::write(place.home().join("secret.txt"), "hold_the_lock outside\n").unwrap();
    let mut client = Client::start(&place, &[]);
    let globs = [
        "/etc/passwd",
        "../home/secret.txt",
        "a/../../home/*",
        "~/secret.txt",
        "a\u{0}b",
        "",
        "C:\\x",
    ];
    for glob in globs {
        for key in ["pins", "include", "exclude"] {
            let told = client.refused("pack", json!({"task": TASK, key: [glob]}));
            assert!(told.starts_with(key), "{told}");
        }
        client.refused("explain", json!({"task": TASK, "path": glob}));
    }
    let long = "x".repeat(300_000);
    for arguments in [
        json!({}),
        json!({"task": ""}),
        json!({"task": null}),
        json!({"task": ["a"]}),
        json!({"task": long}),
        json!({"task": TASK, "budget": 0}),
        json!({"task": TASK, "budget": -5}),
        json!({"task": TASK, "budget": 1e300}),
        json!({"task": TASK, "budget": 100_000}),
        json!({"task": TASK, "budget": "all"}),
        json!({"task": TASK, "format": "pdf"}),
        json!({"task": TASK, "root": "/"}),
        json!({"task": TASK, "secrets": "off"}),
        json!({"task": TASK, "pins": vec!["a"; 1_000]}),
        json!({"task": TASK, "include": ["[z-"]}),
        json!({"task": TASK, "pins": ["no/such/file"]}),
        json!({"task": TASK, "budget": 200, "pins": ["src/order_1.rs"]}),
    ] {
        let told = client.refused("pack", arguments);
        assert!(told.len() < 2_000, "{told}");
    }
    for (tool, arguments) in [
        ("read_more", json!({"bundle": "b1"})),
        ("read_more", json!({"bundle": long})),
        ("read_more", json!({"bundle": "../b1"})),
        ("explain", json!({"path": "src"})),
        (
            "explain",
            json!({"path": "src", "task": TASK, "bundle": "b1"}),
        ),
        ("explain", json!({"path": "session:../../x", "task": TASK})),
        ("notes", json!({"class": "nonsense"})),
        ("notes", json!({"path": long})),
    ] {
        client.refused(tool, arguments);
    }
    let secret = secret();
    let told = client.refused(
        "explain",
        json!({"path": format!("src/{secret}"), "task": TASK}),
    );
    assert!(!told.contains(&secret), "{told}");
    for (tool, arguments) in [
        ("remember", json!({"text": "we use pnpm"})),
        ("../pack", json!({"task": TASK})),
        ("", json!({})),
    ] {
        let answer = client.call(tool, arguments);
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    // what has another shape than its method takes, and what is no method
    for (method, params, code) in [
        ("tools/call", json!({}), -32602),
        ("tools/call", json!({"name": 5}), -32602),
        (
            "tools/call",
            json!({"name": "pack", "arguments": []}),
            -32602,
        ),
        ("resources/read", json!({}), -32602),
        (
            "resources/read",
            json!({"uri": "ctxpack://notes/none"}),
            -32002,
        ),
        ("tools/cull", json!({}), -32601),
        ("prompts/list", json!({}), -32601),
    ] {
        let answer = client.ask(method, params);
        assert_eq!(answer["error"]["code"], code, "{answer}");
    }
    // lines that are no request: none of them is the last one
    for line in [
        "",
        "nonsense",
        "[]",
        "{}",
        "{\"jsonrpc\":\"2.0\"}",
        "\u{0}",
        &"[".repeat(100_000),
        &"x".repeat(5 << 20),
    ] {
        client.say(line);
    }
    let text = client.text("pack", json!({"task": TASK, "include": ["**"]}));
    assert!(
        text.contains("hold_the_lock") && !text.contains("outside"),
        "{text}"
    );
    assert!(!place.repo().join("NOTES.md").exists());
    assert_eq!(client.end().0, Some(0));
}

#[test]
fn lines_are_written_down_only_where_that_is_allowed() {
    let place = shop();
    let mut client = Client::start(&place, &["--allow-write"]);
    let tools = client.ask("tools/list", json!({}));
    let last = tools["result"]["tools"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(
        (&last["name"], &last["annotations"]["readOnlyHint"]),
        (&json!("remember"), &json!(false))
    );
    let added = client.call(
        "remember",
        json!({"text": "we use pnpm, not npm", "class": "preference", "file": "docs/NOTES.md"}),
    );
    let added = &added["result"]["structuredContent"];
    assert!(
        added["place"]
            .as_str()
            .unwrap()
            .starts_with("docs/NOTES.md:"),
        "{added}"
    );
    assert!(
        place
            .read("docs/NOTES.md")
            .contains("(preference): we use pnpm, not npm\n")
    );
    let before = place.read("docs/NOTES.md");
    for arguments in [
        json!({"text": "we use pnpm, not npm"}),
        json!({"text": ""}),
        json!({"text": format!("the token is {}", secret())}),
        json!({"text": format!("the token is {} ctxpack:allow", secret())}),
        json!({"text": format!("the token is {} gitleaks:all:allowow", secret())}),
        json!({"text": "a new line", "file": "../home/NOTES.md"}),
        json!({"text": "a new line", "file": "/tmp/NOTES.md"}),
        json!({"text": "a new line", "file": "src/lock.rs"}),
        json!({"text": "a new line", "file": ".git/config"}),
        json!({"text": "a new line", "class": "nonsense"}),
    ] {
        client.refused("remember", arguments);
    }
    assert_eq!(place.read("docs/NOTES.md"), before);
    assert_eq!(client.end(), (Some(0), String::new()));
}

#[test]
fn the_newest_protocol_is_spoken_as_well() {
    let place = shop();
    let mut child = place
        .command(&["mcp"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"_meta": meta, "name": "pack", "arguments": {"task": TASK}}});
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("{call}\n").as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let answer: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(answer["result"]["resultType"], "complete", "{answer}");
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_root_is_a_folder_and_silence_is_no_failure() {
    let place = Place::new();
    assert_eq!(place.run(&["mcp"]).good(), "");
    let told = place.run(&["mcp", "--root", "no/such"]).bad();
    assert!(told.contains("no/such"), "{told}");
    assert!(
        place
            .run(&["mcp", "--root", "src/main.rs"])
            .bad()
            .contains("not a folder")
    );
    let mut child = place
        .command(&["mcp"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.code() == Some(0) || output.status.code() == Some(2),
        "{output:?}"
    );
}
