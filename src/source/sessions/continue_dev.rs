//! Sessions of Continue: `~/.continue/sessions/<id>.json`, one document each.
//!
//! A document names its directory and no moment; the list `sessions.json` beside it knows when it began, and the file
//! itself when it was last written.

use super::digest::{Material, Step};
use super::store::{self, MAX_DOCUMENT, OneRead, Transcript};
use super::{Head, Role, Session};
use crate::source::lax::{Content, Either, Excerpt, Moment, Object, Text, Words};
use crate::source::reader;
use crate::source::stores::{self, Found, Stores};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::path::Path;

const TOOL: &str = "continue";

/// The sessions of this repository, in no particular order.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    let Some(folder) = stores.home.map(|home| home.join(".continue/sessions")) else {
        return Found::default();
    };
    let entries = stores::list(&folder);
    if entries.is_empty() {
        return Found::default();
    }
    let listed = listed(&folder.join("sessions.json"));
    let mut all = Vec::new();
    for (name, metadata) in entries {
        let Some(id) = name.strip_suffix(".json").filter(|id| *id != "sessions") else {
            continue;
        };
        let entry = listed.get(id);
        let folder_of = entry.and_then(|entry| entry.workspace_directory.0.as_deref());
        // The list spares the reading of other projects' documents; what it does not know is read.
        let is_ours = folder_of.map(|folder| is_here(stores, folder));
        if metadata.is_file() && is_ours != Some(false) {
            let known = Known {
                started: entry.map_or(0, |entry| entry.date_created.0),
                is_ours: is_ours.is_some(),
            };
            let path = folder.join(&name);
            all.push(Transcript::new(&folder, path, &metadata, known));
        }
    }
    let mut warnings = Vec::new();
    let transcripts = store::newest(all, &mut warnings);
    let mut found = store::read_all(stores, TOOL, &transcripts, |transcript| {
        read_one(stores, transcript)
    });
    found.warnings.extend(warnings);
    found
}

#[derive(Serialize)]
struct Known {
    started: i64,
    /// Whether the list says that it is of this repository.
    is_ours: bool,
}

fn is_here(stores: &Stores, folder: &str) -> bool {
    stores::path_of_uri(folder).is_some_and(|path| stores.holds(&path))
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    session_id: Text,
    date_created: Moment,
    workspace_directory: Text,
}

fn listed(path: &Path) -> FxHashMap<String, Entry> {
    let text = stores::read_text(path, MAX_DOCUMENT).ok();
    let list = text.and_then(|(text, _)| reader::document::<Content<Entry>>(text.as_bytes()));
    let Some(Content::Blocks(entries)) = list else {
        return FxHashMap::default();
    };
    let id = |entry: &Entry| entry.session_id.or_empty().to_owned();
    entries.into_iter().map(|e| (id(&e), e)).collect()
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    session_id: Text,
    title: Text,
    workspace_directory: Text,
    history: Content<Item>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Item {
    message: Object<Message>,
    conversation_summary: Text,
    tool_call_states: Content<State>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Message {
    role: Text,
    content: Words,
    tool_calls: Content<Call>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Call {
    id: Text,
    function: Object<Function>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Function {
    name: Text,
    arguments: Either<Arguments>,
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct Arguments {
    filepath: Text,
    command: Text,
}

/// What became of a tool call.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct State {
    tool_call_id: Text,
    status: Text,
    output: Content<Output>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Output {
    content: Excerpt,
    status: Text,
}

fn read_one(stores: &Stores, transcript: &Transcript<Known>) -> Option<OneRead> {
    let shown = stores.shown(&transcript.path);
    let mut one = OneRead::default();
    let text = stores::read_text(&transcript.path, MAX_DOCUMENT);
    let document = match text.map(|(text, _)| reader::document::<Document>(text.as_bytes())) {
        Ok(Some(document)) => document,
        // Whose it is stands in what is torn, or in the list alone.
        Ok(None) if transcript.known.is_ours => {
            one.torn(shown, "it is not a whole document");
            return Some(one);
        }
        Ok(None) => return None,
        Err(error) => {
            one.lost(&shown, Err(error));
            return Some(one);
        }
    };
    let folder = stores::path_of_uri(document.workspace_directory.or_empty())?;
    if !stores.holds(&folder) {
        return None;
    }
    let name = transcript.path.file_stem().unwrap_or_default();
    let id = document.session_id.0.clone().filter(|id| !id.is_empty());
    let head = Head {
        tool: TOOL,
        id: id.unwrap_or_else(|| name.to_string_lossy().into_owned()),
        path: shown,
        title: document.title.0.clone(),
        started: transcript.known.started,
        ended: transcript.mtime.max(transcript.known.started),
        branch: String::new(),
    };
    let mut material = Material::default();
    for item in document.history.blocks() {
        if let Some(summary) = item.conversation_summary.0.as_ref() {
            material.summary.clone_from(summary);
        }
        let Some(message) = &item.message.0 else {
            continue;
        };
        match message.role.or_empty() {
            "user" => material.said(Role::User, 0, &message.content.0),
            "assistant" => {
                material.said(Role::Assistant, 0, &message.content.0);
                for call in message.tool_calls.blocks() {
                    let states = item.tool_call_states.blocks();
                    let state = states.iter().find(|s| s.tool_call_id.0 == call.id.0);
                    material.steps.extend(step(stores, &folder, call, state));
                }
            }
            _ => {}
        }
    }
    one.sessions.extend(head.session(material));
    Some(one)
}

fn step(stores: &Stores, folder: &str, call: &Call, state: Option<&State>) -> Option<Step> {
    let function = call.function.0.as_ref()?;
    let arguments: Arguments = match &function.arguments {
        Either::Object(arguments) => arguments.clone(),
        Either::Text(text) => serde_json::from_str(text).ok()?,
        Either::None => return None,
    };
    let was_refused =
        state.is_some_and(|state| ["errored", "canceled"].iter().any(|s| state.status.is(s)));
    match function.name.or_empty() {
        _ if was_refused => None,
        "edit_existing_file" | "create_new_file" | "single_find_and_replace" | "multi_edit" => {
            let path = stores::path_of_uri(arguments.filepath.or_empty())?;
            (!path.is_empty()).then(|| Step::Edited(stores.file(folder, &path)))
        }
        "run_terminal_command" => {
            let output = state?.output.blocks().first()?;
            let status = output.status.or_empty();
            let has_failed = status.starts_with("Command failed");
            // A command that runs on, or was not waited for, neither failed nor passed.
            let is_over = has_failed || status.starts_with("Command completed");
            let command = arguments.command.0?;
            let error = has_failed.then(|| output.content.0.clone());
            is_over.then_some(Step::Ran { command, error })
        }
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::{Home, said};
    use super::*;
    use serde_json::{Value, json};

    const PATH: &str = ".continue/sessions/c.json";

    fn document(folder: &str, history: Value) -> String {
        json!({"sessionId": "c", "title": "Picker", "workspaceDirectory": folder, "history": history}).to_string()
    }

    fn message(role: &str, content: Value) -> Value {
        json!({"message": {"role": role, "content": content}, "contextItems": [{"content": "SECRET"}]})
    }

    /// A small whole store, for the tests of all readers.
    pub(in super::super) fn sample(home: &Home) {
        let history = json!([
            message("user", json!("continue ask")),
            message("assistant", json!("continue answer"))
        ]);
        home.put(PATH, document("/w/shop", history));
    }

    #[test]
    fn a_document_is_told_in_turns_and_summed_up() {
        let call = |id: &str, name: &str, arguments: Value| json!({"id": id, "function": {"name": name, "arguments": arguments.to_string()}});
        let state = |id: &str, status: &str, output: &str| json!({"toolCallId": id, "status": status, "output": [{"content": "error: no", "status": output}]});
        let mut answer = message("assistant", json!("Done."));
        let run = json!({"command": "make"});
        answer["message"]["toolCalls"] = json!([
            call("1", "run_terminal_command", run.clone()),
            call("2", "edit_existing_file", json!({"filepath": "web/p.ts"})),
            call("3", "create_new_file", json!({"filepath": "web/no.ts"})),
            call("4", "run_terminal_command", run),
            {"id": "5", "function": {"name": "edit_existing_file", "arguments": "{torn"}}]);
        answer["toolCallStates"] = json!([
            state("1", "done", "Command failed with: exit code 2"),
            state("3", "errored", ""),
            state("4", "done", "Command completed")
        ]);
        answer["conversationSummary"] = json!("A picker exists.");
        let history = json!([
            message(
                "user",
                json!([{"type": "text", "text": "add a picker"}, {"type": "imageUrl"}])
            ),
            message("thinking", json!("hidden")),
            answer
        ]);
        let home = Home::new();
        home.put(PATH, document("file:///w/shop", history)).put(
            ".continue/sessions/sessions.json",
            r#"[{"sessionId":"c","dateCreated":"1786400000000","workspaceDirectory":"file:///w/shop"}]"#,
        );
        let session = home.one(read);
        assert_eq!(
            (session.tool, session.id.as_str(), session.title.as_str()),
            ("continue", "c", "Picker")
        );
        assert_eq!(session.started, 1_786_400_000);
        assert!(session.ended >= session.started);
        assert_eq!(said(&session), ["u: add a picker", "a: Done."]);
        assert_eq!(session.digest.files, ["web/p.ts"]);
        assert_eq!(session.digest.summary, "A picker exists.");
        assert_eq!(
            session.digest.fixes,
            ["`make` failed (error: no), passes after edits to web/p.ts"]
        );
    }

    #[test]
    fn the_working_directory_decides() {
        let n = |folder: &str, list: &str| {
            let home = Home::new();
            let history = json!([message("user", json!("go"))]);
            home.put(PATH, document(folder, history))
                .put(".continue/sessions/sessions.json", list);
            home.read(read).items.len()
        };
        assert_eq!(n("/w/shop/web", ""), 1);
        assert_eq!(n("/w/shop-2", ""), 0);
        assert_eq!(n("", ""), 0);
        let list = r#"[{"sessionId":"c","workspaceDirectory":"/w/shop"}]"#;
        assert_eq!(n("/w/other", list), 0, "the list is a hint");
        assert_eq!(n("/w/shop", list), 1);
    }
}
