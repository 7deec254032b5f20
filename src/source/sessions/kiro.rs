//! Sessions of Kiro's command line: `~/.kiro/sessions/cli/<uuid>.jsonl`, with `<uuid>.json` beside it.

use super::digest::{Material, Step};
use super::store::{self, OneRead, Transcript};
use super::{Head, Role, Session};
use crate::source::lax::{Content, Either, Excerpt, Moment, Object, Text};
use crate::source::reader::{self, Record};
use crate::source::stores::{self, Found, Stores};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::ops::ControlFlow;

const TOOL: &str = "kiro";
/// The largest file beside a session, in bytes.
const MAX_SHEET: u64 = 16 << 20;

/// The sessions of this repository, in no particular order.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    let Some(folder) = stores.home.map(|home| home.join(".kiro/sessions/cli")) else {
        return Found::default();
    };
    let mut all = Vec::new();
    for (name, metadata) in stores::list(&folder) {
        if let Some(id) = name.strip_suffix(".jsonl").filter(|_| metadata.is_file()) {
            let path = folder.join(&name);
            all.push(Transcript::new(&folder, path, &metadata, id.to_owned()));
        }
    }
    let mut warnings = Vec::new();
    let transcripts = store::shortlist(stores, TOOL, all, &mut warnings, |transcript| {
        let text = stores::read_text(&transcript.path.with_extension("json"), MAX_SHEET).ok()?;
        let mut sheet: Sheet = reader::document(text.0.as_bytes())?;
        let id = transcript.known.clone();
        sheet.session_id.0.get_or_insert(id);
        stores
            .holds(sheet.cwd.or_empty())
            .then(|| transcript.with(sheet))
    });
    let mut found = store::read_all(stores, TOOL, &transcripts, |transcript| {
        Some(read_one(stores, transcript))
    });
    found.warnings.extend(warnings);
    found
}

/// What the file beside a session says of it.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Sheet {
    session_id: Text,
    cwd: Text,
    title: Text,
    created_at: Moment,
    updated_at: Moment,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Line {
    kind: Text,
    data: Object<Data>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Data {
    content: Content<Part>,
    meta: Object<Meta>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Meta {
    timestamp: Moment,
}

/// A part of a message: its text, a tool call, or what became of one.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Part {
    kind: Text,
    data: Either<Box<Tool>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Tool {
    tool_use_id: Text,
    name: Text,
    input: Object<Input>,
    status: Text,
    content: Content<Outcome>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    path: Text,
    command: Text,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Outcome {
    data: Either<Ended>,
}

/// How a command ended.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Ended {
    exit_status: Text,
    stdout: Excerpt,
    stderr: Excerpt,
}

impl Record for Line {
    const STARTS: &'static [&'static [u8]] = &[
        b"{\"version\"",
        b"{\"kind\":\"Prompt",
        b"{\"kind\":\"Assistant",
    ];

    fn is_whole(&self) -> bool {
        self.kind.0.is_some() && self.data.0.is_some()
    }
}

const KNOWN: &[&str] = &["Prompt", "AssistantMessage", "ToolResults"];

fn read_one(stores: &Stores, transcript: &Transcript<Sheet>) -> OneRead {
    let shown = stores.shown(&transcript.path);
    let mut one = OneRead::default();
    let mut lines: Vec<Line> = Vec::new();
    let input = stores::open(&transcript.path).map(|(file, _)| file.take(transcript.size));
    let dirt = input.and_then(|input| {
        reader::read(input, |line: Line| {
            one.n_unknown += usize::from(!KNOWN.contains(&line.kind.or_empty()));
            lines.push(line);
            ControlFlow::Continue(())
        })
    });
    one.lost(&shown, dirt);
    let sheet = &transcript.known;
    let head = Head {
        tool: TOOL,
        id: sheet.session_id.or_empty().to_owned(),
        path: shown,
        title: sheet.title.0.clone(),
        started: sheet.created_at.0,
        ended: sheet.updated_at.0,
        branch: String::new(),
    };
    let material = material(stores, sheet.cwd.or_empty(), &lines);
    one.sessions.extend(head.session(material));
    one
}

fn material(stores: &Stores, cwd: &str, lines: &[Line]) -> Material {
    let mut results: FxHashMap<&str, &Tool> = FxHashMap::default();
    for line in lines.iter().filter(|line| line.kind.is("ToolResults")) {
        for part in line.data.0.iter().flat_map(|data| data.content.blocks()) {
            if let (Either::Object(tool), true) = (&part.data, part.kind.is("toolResult")) {
                results.insert(tool.tool_use_id.or_empty(), tool);
            }
        }
    }
    let mut material = Material::default();
    let mut at = 0;
    for line in lines {
        let Some(data) = &line.data.0 else { continue };
        let moment = data.meta.0.as_ref().map_or(0, |meta| meta.timestamp.0);
        // Answers have no moment of their own.
        at = if moment > 0 { moment } else { at };
        let role = match line.kind.or_empty() {
            "Prompt" => Role::User,
            "AssistantMessage" => Role::Assistant,
            _ => continue,
        };
        let mut texts: Vec<&str> = Vec::new();
        for part in data.content.blocks() {
            if let (Either::Text(text), true) = (&part.data, part.kind.is("text")) {
                texts.push(text);
            }
        }
        material.said(role, at, &texts.join("\n"));
        for part in data.content.blocks() {
            if let (Either::Object(call), true) = (&part.data, part.kind.is("toolUse")) {
                let result = results.get(call.tool_use_id.or_empty()).copied();
                material.steps.extend(step(stores, cwd, call, result));
            }
        }
    }
    material
}

fn step(stores: &Stores, cwd: &str, call: &Tool, result: Option<&Tool>) -> Option<Step> {
    let input = call.input.0.as_ref()?;
    let is_failed = result.is_some_and(|result| result.status.is("error"));
    match call.name.or_empty() {
        "fs_write" | "write" if !is_failed => {
            Some(Step::Edited(stores.file(cwd, input.path.0.as_deref()?)))
        }
        "execute_bash" | "shell" | "execute_cmd" => {
            let command = input.command.0.clone()?;
            let ended = result?
                .content
                .blocks()
                .iter()
                .find_map(|outcome| match &outcome.data {
                    Either::Object(ended) => Some(ended),
                    _ => None,
                });
            let status = ended.and_then(|ended| ended.exit_status.0.as_deref());
            // `exit status: 0`, or the number alone.
            let code = status.and_then(|status| status.rsplit([' ', ':']).next());
            let error = match (is_failed, code) {
                (false, None) => return None,
                (false, Some("0")) => None,
                _ => {
                    let [out, err] = [
                        |e: &Ended| e.stdout.0.clone(),
                        |e: &Ended| e.stderr.0.clone(),
                    ]
                    .map(|of| ended.map(of).unwrap_or_default());
                    Some(if err.is_empty() { out } else { err })
                }
            };
            Some(Step::Ran { command, error })
        }
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::{Home, said};
    use super::*;
    use serde_json::{Value, json};

    const PATH: &str = ".kiro/sessions/cli/k.jsonl";

    fn line(kind: &str, content: Value) -> String {
        let data = json!({"content": content, "meta": {"timestamp": 1_786_600_000}});
        json!({"version": "v1", "kind": kind, "data": data}).to_string() + "\n"
    }

    fn text(text: &str) -> Value {
        json!([{"kind": "text", "data": text}])
    }

    fn sheet(cwd: &str) -> String {
        json!({"session_id": "k", "cwd": cwd, "title": "Mail", "created_at": "2026-08-13T05:46:40Z", "updated_at": "2026-08-13T05:50:00Z"}).to_string()
    }

    /// A small whole store, for the tests of all readers.
    pub(in super::super) fn sample(home: &Home) {
        let lines =
            line("Prompt", text("kiro ask")) + &line("AssistantMessage", text("kiro answer"));
        home.put(PATH, lines)
            .put(".kiro/sessions/cli/k.json", sheet("/w/shop"));
    }

    #[test]
    fn a_session_is_told_in_turns_and_summed_up() {
        let call = |id: &str, name: &str, input: Value| {
            line(
                "AssistantMessage",
                json!([{"kind": "toolUse", "data": {"toolUseId": id, "name": name, "input": input}}]),
            )
        };
        let result = |id: &str, status: &str, data: Value| {
            line(
                "ToolResults",
                json!([{"kind": "toolResult", "data": {"toolUseId": id, "status": status, "content": [{"kind": "json", "data": data}]}}]),
            )
        };
        let lines = line("Prompt", text("add mail"))
            + &call("1", "execute_bash", json!({"command": "make"}))
            + &result(
                "1",
                "success",
                json!({"exit_status": "exit status: 2", "stderr": "error: no"}),
            )
            + &call("2", "fs_write", json!({"path": "src/mail.rs"}))
            + &call("3", "fs_write", json!({"path": "src/no.rs"}))
            + &result("3", "error", json!("SECRET"))
            + &call("4", "execute_bash", json!({"command": "make"}))
            + &result(
                "4",
                "success",
                json!({"exit_status": "0", "stdout": "SECRET"}),
            )
            + &line("Teapot", json!([]))
            + &line("AssistantMessage", text("Mail is sent."))
            + "{\"version\":\"v1\",\"ki";
        let home = Home::new();
        home.put(PATH, lines)
            .put(".kiro/sessions/cli/k.json", sheet("/w/shop"));
        let session = home.one(read);
        assert_eq!(
            (session.tool, session.id.as_str(), session.title.as_str()),
            ("kiro", "k", "Mail")
        );
        assert_eq!(session.ended - session.started, 200);
        assert_eq!(said(&session), ["u: add mail", "a: Mail is sent."]);
        assert_eq!(session.digest.files, ["src/mail.rs"]);
        assert_eq!(
            session.digest.fixes,
            ["`make` failed (error: no), passes after edits to src/mail.rs"]
        );
        let report = &home.read(read).reports[0];
        assert_eq!((report.n_unknown, report.n_lost), (1, 1));
    }

    #[test]
    fn the_working_directory_decides() {
        let n = |sheet: &str| {
            let home = Home::new();
            sample(&home);
            home.put(".kiro/sessions/cli/k.json", sheet);
            home.read(read).items.len()
        };
        assert_eq!(n(&sheet("/w/trees/fix")), 1);
        assert_eq!(n(&sheet("/w/shop-2")), 0);
        assert_eq!(n("{"), 0);
    }
}
