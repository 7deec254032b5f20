//! Copilot's command line: `<copilot dir>/session-state/<uuid>/events.jsonl`, with `workspace.yaml` beside it.

use super::super::digest::{Material, Step};
use super::super::store::{self, OneRead, Transcript};
use super::super::{Head, Role, Session, patch};
use super::TOOL;
use crate::source::lax::{Either, Excerpt, Flag, Moment, Object, Text};
use crate::source::reader::{self, Record};
use crate::source::stores::{self, Found, Stores};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

/// The largest `workspace.yaml`, in bytes.
const MAX_YAML: u64 = 1 << 20;

pub(super) fn read(stores: &Stores) -> Found<Session> {
    let Some(folder) = stores.home_dir(".copilot", "COPILOT_HOME") else {
        return Found::default();
    };
    let folder = folder.join("session-state");
    let mut all = Vec::new();
    for (name, metadata) in stores::list(&folder) {
        let path = folder.join(&name).join("events.jsonl");
        if !metadata.is_dir() {
            continue;
        }
        if let Ok((_, metadata)) = stores::open(&path) {
            all.push(Transcript::new(&folder, path, &metadata, name));
        }
    }
    let mut warnings = Vec::new();
    let transcripts = store::shortlist(stores, TOOL, all, &mut warnings, |transcript| {
        let sheet = Sheet::beside(&transcript.path);
        let cwd = first_cwd(&transcript.path).or_else(|| sheet.cwd.clone())?;
        let id = transcript.known.clone();
        let known = Known { id, cwd, sheet };
        stores.holds(&known.cwd).then(|| transcript.with(known))
    });
    let mut found = store::read_all(stores, TOOL, &transcripts, |transcript| {
        Some(read_one(stores, transcript))
    });
    found.warnings.extend(warnings);
    found
}

#[derive(Serialize, Deserialize)]
struct Known {
    id: String,
    cwd: String,
    sheet: Sheet,
}

/// What `workspace.yaml` says. Its lines are read one by one, so that a torn one costs itself.
#[derive(Default, Serialize, Deserialize)]
struct Sheet {
    cwd: Option<String>,
    branch: Option<String>,
    title: Option<String>,
}

impl Sheet {
    fn beside(events: &Path) -> Self {
        let mut sheet = Self::default();
        let text = stores::read_text(&events.with_file_name("workspace.yaml"), MAX_YAML);
        let Ok((text, _)) = text else { return sheet };
        let mut summary = None;
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else {
                continue;
            };
            let value = unquoted(value.trim());
            if value.is_empty() {
                continue;
            }
            match key {
                "cwd" => sheet.cwd = Some(value),
                "branch" => sheet.branch = Some(value),
                "name" => sheet.title = Some(value),
                "summary" => summary = Some(value),
                _ => {}
            }
        }
        sheet.title = sheet.title.or(summary);
        sheet
    }
}

/// A plain or quoted value of YAML on one line.
fn unquoted(value: &str) -> String {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(inner) = inner('\'') {
        inner.replace("''", "'")
    } else if let Some(inner) = inner('"') {
        inner.replace("\\\"", "\"").replace("\\\\", "\\")
    } else if matches!(value, "|" | ">" | "|-" | ">-" | "null" | "~") {
        String::new()
    } else {
        value.to_owned()
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Line {
    #[serde(rename = "type")]
    kind: Text,
    timestamp: Moment,
    data: Object<Data>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Data {
    context: Object<Context>,
    content: Text,
    parent_tool_call_id: Text,
    tool_call_id: Text,
    tool_name: Text,
    arguments: Either<Arguments>,
    success: Flag,
    result: Object<Outcome>,
    error: Object<Failure>,
    summary_content: Text,
    summary: Text,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Context {
    cwd: Text,
    branch: Text,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Arguments {
    command: Text,
    path: Text,
    input: Text,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Outcome {
    content: Excerpt,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Failure {
    message: Excerpt,
}

impl Record for Line {
    const STARTS: &'static [&'static [u8]] = &[b"{\"type\"", b"{\"id\"", b"{\"data\""];

    fn is_whole(&self) -> bool {
        self.kind.0.is_some() && self.data.0.is_some()
    }
}

/// Families of event types that carry something wanted or are known to carry nothing.
const KNOWN: &[&str] = &[
    "session.",
    "user.message",
    "assistant.",
    "tool.",
    "hook.",
    "skill.",
    "system.",
    "permission.",
    "subagent.started",
    "subagent.completed",
    "subagent.failed",
    "subagent.selected",
    "abort",
];

fn first_cwd(path: &Path) -> Option<String> {
    let (file, _) = stores::open(path).ok()?;
    let mut cwd = None;
    reader::read(file, |line: Line| {
        let context = line.data.0.and_then(|data| data.context.0);
        cwd = context.and_then(|context| context.cwd.0);
        // The first record opens the session; if it was lost, another one says where it went on.
        if cwd.is_some() || line.kind.is("session.start") {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .ok()?;
    cwd.filter(|cwd| !cwd.is_empty())
}

fn read_one(stores: &Stores, transcript: &Transcript<Known>) -> OneRead {
    let shown = stores.shown(&transcript.path);
    let mut one = OneRead::default();
    let mut lines: Vec<Line> = Vec::new();
    let input = stores::open(&transcript.path).map(|(file, _)| file.take(transcript.size));
    let dirt = input.and_then(|input| {
        reader::read(input, |line: Line| {
            let kind = line.kind.or_empty();
            one.n_unknown += usize::from(!KNOWN.iter().any(|known| kind.starts_with(known)));
            lines.push(line);
            ControlFlow::Continue(())
        })
    });
    one.lost(&shown, dirt);
    let Known { id, cwd, sheet } = &transcript.known;
    let mut contexts = lines.iter().filter_map(|line| {
        let context = line.data.0.as_ref()?.context.0.as_ref()?;
        context.branch.0.clone()
    });
    let moments = || {
        lines
            .iter()
            .map(|line| line.timestamp.0)
            .filter(|at| *at > 0)
    };
    let head = Head {
        tool: TOOL,
        id: id.clone(),
        path: shown,
        title: sheet.title.clone(),
        started: moments().min().unwrap_or_default(),
        ended: moments().max().unwrap_or_default(),
        branch: contexts
            .next_back()
            .or_else(|| sheet.branch.clone())
            .unwrap_or_default(),
    };
    let material = material(stores, cwd, &lines);
    one.sessions.extend(head.session(material));
    one
}

fn material(stores: &Stores, cwd: &str, lines: &[Line]) -> Material {
    let mut results: FxHashMap<&str, &Data> = FxHashMap::default();
    for line in lines {
        if let Some(data) = &line.data.0
            && line.kind.is("tool.execution_complete")
            && let Some(id) = &data.tool_call_id.0
        {
            results.insert(id, data);
        }
    }
    let mut material = Material::default();
    let mut compaction = "";
    let mut done = "";
    for line in lines {
        let Some(data) = &line.data.0 else { continue };
        let at = line.timestamp.0;
        match line.kind.or_empty() {
            "user.message" => {
                let text = data.content.or_empty();
                if !text.trim_start().starts_with("<skill-context") {
                    material.said(Role::User, at, text);
                }
            }
            // What a sub-agent says names the call that sent it.
            "assistant.message" if data.parent_tool_call_id.0.is_none() => {
                material.said(Role::Assistant, at, data.content.or_empty());
            }
            "tool.execution_start" => {
                if let Some(result) = results.get(data.tool_call_id.or_empty()) {
                    material.steps.extend(steps(stores, cwd, data, result));
                }
            }
            "session.compaction_complete" => {
                compaction = data.summary_content.0.as_deref().unwrap_or(compaction);
                done = "";
            }
            "session.task_complete" => done = data.summary.0.as_deref().unwrap_or(done),
            _ => {}
        }
    }
    let parts = [compaction, done]
        .into_iter()
        .filter(|part| !part.is_empty());
    material.summary = parts.collect::<Vec<_>>().join("\n\n");
    material
}

/// What a call did, by its result.
fn steps(stores: &Stores, cwd: &str, call: &Data, result: &Data) -> Vec<Step> {
    let edited = |path: &str| Step::Edited(stores.file(cwd, path));
    let none = Arguments::default();
    let (arguments, text) = match &call.arguments {
        Either::Object(arguments) => (arguments, arguments.input.or_empty()),
        Either::Text(text) => (&none, text.as_str()),
        Either::None => (&none, ""),
    };
    let is_done = result.success.0;
    match call.tool_name.or_empty() {
        "bash" | "powershell" | "shell" => {
            let Some(command) = arguments.command.0.clone() else {
                return Vec::new();
            };
            let output = result.result.0.as_ref().map(|outcome| &outcome.content.0);
            let message = result.error.0.as_ref().map(|error| &error.message.0);
            let text = message.or(output).cloned().unwrap_or_default();
            const MARK: &str = "<exited with exit code ";
            let code = text.rfind(MARK).map(|at| &text[at + MARK.len()..]);
            let is_failed = !is_done || code.is_some_and(|code| !code.starts_with("0>"));
            let error = is_failed.then_some(text);
            vec![Step::Ran { command, error }]
        }
        "edit" | "create" if is_done => arguments.path.0.iter().map(|p| edited(p)).collect(),
        "str_replace_editor" if is_done && !arguments.command.is("view") => {
            arguments.path.0.iter().map(|p| edited(p)).collect()
        }
        "apply_patch" if is_done => patch::files(text).map(edited).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::testing::{Home, said};
    use super::*;
    use serde_json::{Value, json};

    const EVENTS: &str = ".copilot/session-state/0000000a/events.jsonl";

    fn event(second: u32, kind: &str, data: Value) -> String {
        let timestamp = format!("2026-08-20T09:00:{second:02}.000Z");
        json!({"type": kind, "data": data, "id": "e", "timestamp": timestamp}).to_string() + "\n"
    }

    fn start(cwd: &str) -> String {
        let context = json!({"cwd": cwd, "branch": "main"});
        event(
            0,
            "session.start",
            json!({"sessionId": "0000000a", "context": context}),
        )
    }

    fn user(text: &str) -> String {
        event(
            1,
            "user.message",
            json!({"content": text, "transformedContent": "SECRET"}),
        )
    }

    fn call(id: &str, name: &str, arguments: Value, result: Value) -> String {
        let mut result = result;
        result["toolCallId"] = id.into();
        event(
            2,
            "tool.execution_start",
            json!({"toolCallId": id, "toolName": name, "arguments": arguments}),
        ) + &event(3, "tool.execution_complete", result)
    }

    pub(in super::super) fn sample(home: &Home) {
        let answer = event(2, "assistant.message", json!({"content": "copilot answer"}));
        home.put(EVENTS, start("/w/shop") + &user("copilot ask") + &answer);
    }

    #[test]
    fn events_are_told_in_turns_and_summed_up() {
        let text = start("/w/shop")
            + &user("fix the clock")
            + &call(
                "1",
                "bash",
                json!({"command": "make t"}),
                json!({"success": true, "result": {"content": "error: late\n<exited with exit code 2>"}}),
            )
            + &call(
                "2",
                "edit",
                json!({"path": "/w/shop/a.rs"}),
                json!({"success": true}),
            )
            + &call(
                "3",
                "create",
                json!({"path": "/w/shop/no.rs"}),
                json!({"success": false, "error": {"message": "no"}}),
            )
            + &call(
                "4",
                "apply_patch",
                json!("*** Add File: b.rs\n+x"),
                json!({"success": true}),
            )
            + &call(
                "5",
                "bash",
                json!({"command": "make t"}),
                json!({"success": true, "result": {"content": "ok\n<exited with exit code 0>"}}),
            )
            + &event(
                4,
                "assistant.message",
                json!({"content": "of a sub-agent", "parentToolCallId": "9"}),
            )
            + &event(
                4,
                "session.compaction_complete",
                json!({"summaryContent": "The clock is late."}),
            )
            + &event(
                5,
                "session.task_complete",
                json!({"summary": "The clock is right."}),
            )
            + &event(5, "subagent.teleported", json!({"x": 1}))
            + &event(
                6,
                "assistant.message",
                json!({"content": "line\u{2028}sep. Done."}),
            );
        let home = Home::new();
        home.put(EVENTS, &text).put(
            ".copilot/session-state/0000000a/workspace.yaml",
            "id: x\nname: 'The ''clock'''\nsummary: other\nbranch: old\ncwd: /w/other\n",
        );
        let session = home.one(read);
        assert_eq!(
            (
                session.tool,
                session.title.as_str(),
                session.branch.as_str()
            ),
            ("copilot", "The 'clock'", "main")
        );
        assert_eq!(session.ended - session.started, 6);
        assert_eq!(
            said(&session),
            ["u: fix the clock", "a: line\u{2028}sep. Done."]
        );
        assert_eq!(
            session.digest.summary,
            "The clock is late.\n\nThe clock is right."
        );
        assert_eq!(session.digest.files, ["a.rs", "b.rs"]);
        assert_eq!(
            session.digest.fixes,
            ["`make t` failed (error: late), passes after edits to a.rs, b.rs"]
        );
        assert_eq!(home.read(read).reports[0].n_unknown, 1);
    }

    #[test]
    fn the_working_directory_decides() {
        let n = |cwd: &str, yaml: &str| {
            let home = Home::new();
            home.put(EVENTS, start(cwd) + &user("go"))
                .put(".copilot/session-state/0000000a/workspace.yaml", yaml);
            home.read(read).items.len()
        };
        assert_eq!(n("/w/shop/sub", ""), 1);
        assert_eq!(n("/w/shop-2", "cwd: /w/shop"), 0);
        assert_eq!(n("", "cwd: \"/w/shop\""), 1);
        assert_eq!(n("", "cwd: |"), 0);
    }
}
