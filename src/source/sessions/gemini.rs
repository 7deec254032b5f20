//! Sessions of Gemini CLI: `~/.gemini/tmp/<project>/chats/session-*.jsonl`.
//!
//! A chat names no working directory, but its project's folder says whose it is in `.project_root`; where that is
//! missing the registry `projects.json` does, and folders of before 2026 are named by a digest of the path. A chat is a
//! log that is replayed: records change, rewind and rebuild what stood before. What agents sent by agents said lies in
//! folders of its own and is left out.

use super::digest::{Material, Step};
use super::store::{self, MAX_DOCUMENT, OneRead, Transcript};
use super::{Head, Role, Session};
use crate::source::lax::{Content, Entries, Excerpt, Moment, Object, Text, Words};
use crate::source::reader::{self, Record};
use crate::source::stores::{self, Found, Stores};
use serde::Deserialize;
use std::borrow::Cow;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

const TOOL: &str = "gemini-cli";
/// The largest registry, and the longest path in a mark, in bytes.
const MAX_REGISTRY: u64 = 4 << 20;

/// The sessions of this repository, in no particular order.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    let Some(folder) = stores.home.map(|home| home.join(".gemini")) else {
        return Found::default();
    };
    let projects = stores::list(&folder.join("tmp"));
    if projects.is_empty() {
        return Found::default();
    }
    let registry = registry(&folder.join("projects.json"));
    let mut all = Vec::new();
    for (name, metadata) in projects {
        let project = folder.join("tmp").join(&name);
        if !metadata.is_dir() {
            continue;
        }
        let Some(root) = root_of(stores, &project, &name, &registry) else {
            continue;
        };
        let chats = project.join("chats");
        for (name, metadata) in stores::list(&chats) {
            if metadata.is_file() && (name.ends_with(".jsonl") || name.ends_with(".json")) {
                all.push(Transcript::new(
                    &chats,
                    chats.join(&name),
                    &metadata,
                    root.clone(),
                ));
            }
        }
    }
    let mut warnings = Vec::new();
    let transcripts = store::newest(all, &mut warnings);
    let mut found = store::read_all(stores, TOOL, &transcripts, |transcript| {
        Some(read_one(stores, transcript))
    });
    found.warnings.extend(warnings);
    found
}

/// The paths of projects and the names of their folders.
fn registry(path: &Path) -> Vec<(String, Text)> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Registry {
        projects: Entries<Text>,
    }
    let text = stores::read_text(path, MAX_REGISTRY).ok();
    let registry = text.and_then(|(text, _)| reader::document::<Registry>(text.as_bytes()));
    registry.unwrap_or_default().projects.0
}

/// The project that a folder belongs to, if that is in the repository.
fn root_of(
    stores: &Stores,
    folder: &Path,
    name: &str,
    registry: &[(String, Text)],
) -> Option<String> {
    let mark = stores::read_text(&folder.join(".project_root"), MAX_REGISTRY).ok();
    let mark = mark.map(|(text, _)| text.trim_end_matches(['\n', '\r']).to_owned());
    let registered = || {
        let entry = registry.iter().find(|(_, folder)| folder.is(name));
        entry.map(|(path, _)| path.clone())
    };
    let digested = || {
        let is_digest = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let mut roots = stores.roots.iter().map(|root| root.to_string_lossy());
        let root = roots.find(|root| is_digest && digest_of(root.as_bytes()) == name);
        root.map(|root| root.into_owned())
    };
    let root = mark
        .filter(|mark| !mark.is_empty())
        .or_else(registered)
        .or_else(digested)?;
    stores.holds(&root).then_some(root)
}

/// One line of a chat: its header, a message, or a change to what stood before. A document is a header with messages.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Line {
    #[serde(flatten)]
    about: About,
    #[serde(flatten)]
    message: Message,
    #[serde(rename = "$set")]
    set: Object<About>,
    #[serde(rename = "$rewindTo")]
    rewind_to: Text,
    #[serde(rename = "$patch")]
    patch: Object<Nothing>,
}

#[derive(Deserialize, Default)]
struct Nothing {}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct About {
    session_id: Text,
    kind: Text,
    start_time: Moment,
    last_updated: Moment,
    summary: Text,
    memory_scratchpad: Object<Scratchpad>,
    messages: Content<Message>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Scratchpad {
    workflow_summary: Text,
    validation_status: Text,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Message {
    id: Text,
    timestamp: Moment,
    #[serde(rename = "type")]
    kind: Text,
    content: Words,
    display_content: Words,
    tool_calls: Content<Call>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Call {
    name: Text,
    args: Object<Arguments>,
    status: Text,
    result: Content<Outcome>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Arguments {
    file_path: Text,
    command: Text,
    todos: Content<Todo>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Todo {
    description: Text,
    status: Text,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Outcome {
    function_response: Object<FunctionResponse>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FunctionResponse {
    response: Object<Response>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Response {
    output: Excerpt,
    error: Excerpt,
}

impl Record for Line {
    const STARTS: &'static [&'static [u8]] = &[b"{\"id\"", b"{\"sessionId\"", b"{\"$"];

    fn is_whole(&self) -> bool {
        let is_message = self.message.id.0.is_some() && self.message.kind.0.is_some();
        is_message || self.about.session_id.0.is_some() || self.is_change()
    }
}

impl Line {
    fn is_change(&self) -> bool {
        self.set.0.is_some() || self.rewind_to.0.is_some() || self.patch.0.is_some()
    }
}

/// A chat after all that was replayed so far.
#[derive(Default)]
struct Chat {
    about: About,
    messages: Vec<Message>,
    n_unknown: usize,
}

impl Chat {
    fn replay(&mut self, line: Line) {
        if let Some(id) = &line.rewind_to.0 {
            // The message goes too; an id that nobody knows clears everything, as the tool itself does.
            let at = self.messages.iter().position(|m| m.id.is(id));
            self.messages.truncate(at.unwrap_or(0));
        } else if let Some(set) = line.set.0 {
            self.know(set);
        } else if line.patch.0.is_some() {
        } else if line.message.id.0.is_some() {
            self.put(line.message);
        } else if line.about.session_id.0.is_some() {
            self.know(line.about);
        } else {
            self.n_unknown += 1;
        }
    }

    fn put(&mut self, message: Message) {
        let kind = message.kind.or_empty();
        let is_known = ["user", "gemini", "info", "error", "warning"].contains(&kind);
        self.n_unknown += usize::from(!is_known);
        let same = message.id.0.as_deref();
        let before = same.and_then(|id| self.messages.iter_mut().rev().find(|m| m.id.is(id)));
        match before {
            Some(before) => *before = message,
            None => self.messages.push(message),
        }
    }

    fn know(&mut self, new: About) {
        let about = &mut self.about;
        for (old, new) in [
            (&mut about.session_id, new.session_id),
            (&mut about.kind, new.kind),
            (&mut about.summary, new.summary),
        ] {
            if new.0.is_some() {
                *old = new;
            }
        }
        for (old, new) in [
            (&mut about.start_time, new.start_time),
            (&mut about.last_updated, new.last_updated),
        ] {
            if new.0 > 0 {
                *old = new;
            }
        }
        if new.memory_scratchpad.0.is_some() {
            about.memory_scratchpad = new.memory_scratchpad;
        }
        if let Content::Blocks(messages) = new.messages {
            self.messages.clear();
            for message in messages {
                self.put(message);
            }
        }
    }
}

fn read_one(stores: &Stores, transcript: &Transcript<String>) -> OneRead {
    let shown = stores.shown(&transcript.path);
    let mut one = OneRead::default();
    let mut chat = Chat::default();
    if transcript.path.extension().is_some_and(|e| e == "json") {
        let text = stores::read_text(&transcript.path, MAX_DOCUMENT);
        match text.map(|(text, _)| reader::document::<About>(text.as_bytes())) {
            Ok(Some(about)) => chat.know(about),
            Ok(None) => one.n_lost += 1,
            Err(error) => one.lost(&shown, Err(error)),
        }
    } else {
        let input = stores::open(&transcript.path).map(|(file, _)| file.take(transcript.size));
        let dirt = input.and_then(|input| {
            reader::read(input, |line: Line| {
                chat.replay(line);
                ControlFlow::Continue(())
            })
        });
        one.lost(&shown, dirt);
    }
    one.n_unknown = chat.n_unknown;
    if chat.about.kind.is("subagent") {
        return one;
    }
    let name = transcript.path.file_stem().unwrap_or_default();
    let id = chat.about.session_id.0.clone();
    let head = Head {
        tool: TOOL,
        id: id.unwrap_or_else(|| name.to_string_lossy().into_owned()),
        path: shown,
        title: chat.about.summary.0.clone(),
        started: chat.about.start_time.0,
        ended: chat.about.last_updated.0,
        branch: String::new(),
    };
    let material = material(stores, &transcript.known, &chat);
    one.sessions.extend(head.session(material));
    one
}

fn material(stores: &Stores, root: &str, chat: &Chat) -> Material {
    let mut material = Material {
        summary: summary(&chat.about),
        ..Material::default()
    };
    for message in &chat.messages {
        let at = message.timestamp.0;
        match message.kind.or_empty() {
            "user" => {
                let shown = &message.display_content.0;
                let text = if shown.is_empty() {
                    &message.content.0
                } else {
                    shown
                };
                let text = unhooked(text);
                material.said(Role::User, at, ask(&text).unwrap_or_default());
            }
            "gemini" => {
                material.said(Role::Assistant, at, &message.content.0);
                for call in message.tool_calls.blocks() {
                    let Some(arguments) = &call.args.0 else {
                        continue;
                    };
                    if call.name.is("write_todos") {
                        let is_over = |todo: &&Todo| {
                            !todo.status.is("completed") && !todo.status.is("cancelled")
                        };
                        let open = arguments.todos.blocks().iter().filter(is_over);
                        let open = open.map(|todo| todo.description.or_empty().to_owned());
                        material.unfinished = open.filter(|text| !text.is_empty()).collect();
                    } else {
                        material.steps.extend(step(stores, root, call, arguments));
                    }
                }
            }
            _ => {}
        }
    }
    material
}

/// What Gemini CLI wrote of the session: its summary and its notes for its memory.
fn summary(about: &About) -> String {
    let mut parts: Vec<String> = about.summary.0.iter().cloned().collect();
    if let Some(notes) = &about.memory_scratchpad.0 {
        parts.extend(
            notes
                .workflow_summary
                .0
                .iter()
                .map(|t| format!("Workflow: {t}")),
        );
        parts.extend(
            notes
                .validation_status
                .0
                .iter()
                .map(|t| format!("Validation: {t}")),
        );
    }
    parts.join("\n")
}

/// A message without what hooks have put before and behind it, ours among them. Tags within that come escaped.
fn unhooked(text: &str) -> Cow<'_, str> {
    const MARKS: (&str, &str) = ("<hook_context>", "</hook_context>");
    let mut text = Cow::Borrowed(text);
    while let Some((before, rest)) = text.split_once(MARKS.0) {
        let Some((_, after)) = rest.split_once(MARKS.1) else {
            break;
        };
        text = Cow::Owned(format!("{before}{after}"));
    }
    match text.starts_with(MARKS.0) {
        true => Cow::Borrowed(""), // cut off
        false => text,
    }
}

/// What a person asked: without the files that were pasted after it; `None` for what hosts wrote and for commands.
fn ask(text: &str) -> Option<&str> {
    const INJECTED: &[&str] = &[
        "<session_context>",
        "This is the Gemini CLI. We are setting up",
    ];
    const PASTED: &str = "--- Content from referenced files ---";
    let text = text.split(PASTED).next().unwrap_or(text).trim();
    let is_injected = INJECTED.iter().any(|start| text.starts_with(start));
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_command = first.strip_prefix('/').is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b':')
    });
    (!is_injected && !is_command).then_some(text)
}

fn step(stores: &Stores, root: &str, call: &Call, arguments: &Arguments) -> Option<Step> {
    let is_done = call.status.is("success");
    match call.name.or_empty() {
        "replace" | "write_file" | "edit" if is_done => {
            let path = arguments.file_path.0.as_deref()?;
            Some(Step::Edited(stores.file(root, path)))
        }
        "run_shell_command" if is_done || call.status.is("error") => {
            let result = call.result.blocks().first();
            let response = result.and_then(|r| r.function_response.0.as_ref()?.response.0.as_ref());
            let output = response.map(|r| r.output.0.as_str()).unwrap_or_default();
            let error = response.map(|r| r.error.0.as_str()).unwrap_or_default();
            let code = output
                .lines()
                .rev()
                .find_map(|l| l.strip_prefix("Exit Code: "));
            let is_failed =
                !is_done || !error.is_empty() || code.is_some_and(|code| code.trim() != "0");
            let text = if error.is_empty() { output } else { error };
            Some(Step::Ran {
                command: arguments.command.0.clone()?,
                error: is_failed.then(|| text.to_owned()),
            })
        }
        _ => None,
    }
}

/// The SHA-256 digest of a path, in hexadecimal.
fn digest_of(path: &[u8]) -> String {
    use sha2::Digest;
    let digest = sha2::Sha256::digest(path);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::{Home, said};
    use super::*;
    use serde_json::{Value, json};

    const CHAT: &str = ".gemini/tmp/shop/chats/session-2026-08-20T09-00-0000000a.jsonl";

    fn chat(records: &[Value]) -> String {
        let header = json!({"sessionId": "s", "projectHash": "shop", "startTime": "2026-08-20T09:00:00Z", "kind": "main"});
        let lines = std::iter::once(&header)
            .chain(records)
            .map(Value::to_string);
        lines.collect::<Vec<_>>().join("\n") + "\n"
    }

    fn user(id: &str, text: &str) -> Value {
        json!({"id": id, "timestamp": "2026-08-20T09:01:00Z", "type": "user", "content": [{"text": text}]})
    }

    fn gemini(id: &str, text: &str) -> Value {
        json!({"id": id, "timestamp": "2026-08-20T09:02:00Z", "type": "gemini", "content": text})
    }

    fn one(records: &[Value]) -> Session {
        let home = Home::new();
        home.put(".gemini/tmp/shop/.project_root", "/w/shop\n");
        home.put(CHAT, chat(records)).one(read)
    }

    /// A small whole store, for the tests of all readers.
    pub(in super::super) fn sample(home: &Home) {
        home.put(".gemini/tmp/shop/.project_root", "/w/shop");
        let records = [user("1", "gemini ask"), gemini("2", "gemini answer")];
        home.put(CHAT, chat(&records));
    }

    #[test]
    fn a_chat_is_told_in_turns_and_summed_up() {
        let ran = |command: &str, output: &str| {
            json!({"name": "run_shell_command", "args": {"command": command}, "status": "success",
            "result": [{"functionResponse": {"response": {"output": output}}}]})
        };
        let edit = |path: &str, status: &str| json!({"name": "replace", "args": {"file_path": path, "new_string": "x"}, "status": status});
        let mut answer = gemini("2", "I look.");
        answer["toolCalls"] = json!([
            ran("make test", "Command: make test\nOutput: error: no rule\nExit Code: 2"),
            edit("/w/shop/Makefile", "success"), edit("src/a.rs", "success"), edit("/w/shop/no.rs", "error"),
            ran("make test", "Output: ok\nExit Code: 0"),
            {"name": "write_todos", "args": {"todos": [{"description": "docs", "status": "pending"}, {"description": "x", "status": "completed"}]}, "status": "success"},
        ]);
        let notes = json!({"workflowSummary": "replace -> shell", "validationStatus": "passed"});
        let set = json!({"$set": {"lastUpdated": "2026-08-20T09:07:00Z", "summary": "Make the test pass", "memoryScratchpad": notes}});
        let session = one(&[
            user("0", "/help"),
            user(
                "1",
                "make it pass\n--- Content from referenced files ---\nSECRET",
            ),
            answer,
            json!({"id": "3", "type": "info", "content": "model switched"}),
            json!({"id": "4", "type": "hologram", "content": "x"}),
            set,
        ]);
        assert_eq!((session.tool, session.id.as_str()), ("gemini-cli", "s"));
        assert_eq!(session.title, "Make the test pass");
        assert_eq!(session.ended - session.started, 420);
        assert_eq!(said(&session), ["u: make it pass", "a: I look."]);
        assert_eq!(
            session.digest.summary,
            "Make the test pass\nWorkflow: replace -> shell\nValidation: passed"
        );
        assert_eq!(session.digest.files, ["Makefile", "src/a.rs"]);
        assert_eq!(session.digest.open, ["docs"]);
        assert_eq!(
            session.digest.fixes,
            [
                "`make test` failed (Output: error: no rule), passes after edits to Makefile, src/a.rs"
            ]
        );
    }

    #[test]
    fn what_hooks_put_in_is_nobodys_word() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(
                said(&one(&[user("1", text), user("2", "b")])),
                expected,
                "{text}"
            );
        };
        let hooked = "<hook_context>- &lt;b&gt; use a queue\n</hook_context>";
        check(&format!("{hooked}\n\nfix it"), &["u: fix it", "u: b"]);
        check(&format!("fix it\n{hooked}"), &["u: fix it", "u: b"]);
        check(
            &format!("{hooked}\n\nfix it\n{hooked}"),
            &["u: fix it", "u: b"],
        );
        check(&format!("{hooked}\n/help me"), &["u: b"]);
        check("<hook_context>cut off", &["u: b"]);
        check(
            "what is <hook_context> for",
            &["u: what is <hook_context> for", "u: b"],
        );
    }

    #[test]
    fn records_are_replayed() {
        let check = |records: &[Value], expected: &[&str]| {
            assert_eq!(said(&one(records)), expected, "{records:?}");
        };
        let (a, b, c) = (user("1", "a"), gemini("2", "b"), user("3", "c"));
        let rewind = |id: &str| json!({"$rewindTo": id});
        let later = gemini("2", "better");
        check(
            &[a.clone(), b.clone(), c.clone(), later],
            &["u: a", "a: better", "u: c"],
        );
        check(
            &[a.clone(), b.clone(), c.clone(), rewind("2"), user("4", "d")],
            &["u: a", "u: d"],
        );
        check(
            &[a.clone(), b.clone(), rewind("unknown"), c.clone()],
            &["u: c"],
        );
        let rebuilt = json!({"$set": {"messages": [c.clone()]}});
        check(
            &[a.clone(), b.clone(), rebuilt, b.clone()],
            &["u: c", "a: b"],
        );
        check(
            &[a, json!({"$patch": {"messages": []}}), b],
            &["u: a", "a: b"],
        );
    }

    #[test]
    fn the_folder_says_whose_it_is() {
        let text = chat(&[user("1", "go")]);
        let n = |files: &[(&str, &str)]| {
            let home = Home::new();
            for (path, text) in files {
                home.put(path, text);
            }
            home.read(read).items.len()
        };
        let registry = |path: &str| format!(r#"{{"projects":{{"/w/x":"x","{path}":"shop"}}}}"#);
        let registry_path = ".gemini/projects.json";
        assert_eq!(n(&[(CHAT, &text)]), 0);
        assert_eq!(
            n(&[(CHAT, &text), (registry_path, &registry("/w/shop/sub"))]),
            1
        );
        assert_eq!(
            n(&[(CHAT, &text), (registry_path, &registry("/w/shop-2"))]),
            0
        );
        let mark = (".gemini/tmp/shop/.project_root", "/w/other");
        assert_eq!(
            n(&[(CHAT, &text), (registry_path, &registry("/w/shop")), mark]),
            0
        );
        let old = |root: &str| {
            format!(
                ".gemini/tmp/{}/chats/session-x.jsonl",
                digest_of(root.as_bytes())
            )
        };
        assert_eq!(n(&[(&old("/w/trees/fix"), &text)]), 1);
        assert_eq!(n(&[(&old("/w/trees"), &text)]), 0);
    }

    #[test]
    fn documents_are_read_and_sub_agents_are_not() {
        let home = Home::new();
        let about = json!({"sessionId": "d", "startTime": "2026-02-01T09:00:00Z", "summary": "Sitemap", "messages": [user("1", "a"), gemini("2", "b")]});
        home.put(".gemini/tmp/shop/.project_root", "/w/shop")
            .put(".gemini/tmp/shop/chats/session-a.json", about.to_string())
            .put(".gemini/tmp/shop/chats/session-b.json", "{\"sessionId\":")
            .put(
                ".gemini/tmp/shop/chats/s/sub.jsonl",
                chat(&[user("1", "of an agent")]),
            )
            .put(
                ".gemini/tmp/shop/chats/session-c.jsonl",
                chat(&[user("1", "of an agent")]).replace("main", "subagent"),
            );
        let session = home.one(read);
        assert_eq!(said(&session), ["u: a", "a: b"]);
        assert_eq!(session.title, "Sitemap");
    }
}
