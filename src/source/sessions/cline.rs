//! Sessions of Cline and of its descendants Roo Code and Kilo Code: `<extension dir>/tasks/<id>/ui_messages.json`.
//!
//! A task's directory is written in a list beside all tasks (Cline), in `history_item.json` beside the task (Roo), or
//! else in what the task told its model of its surroundings. What people saw is one list of messages, most of whose
//! kinds are noise; a tool call stands in it as JSON in a string. No message tells how a command ended, so commands
//! give no steps.

use super::digest::{Material, Step};
use super::store::{self, MAX_DOCUMENT, OneRead, Transcript};
use super::{Head, Role, Session};
use crate::source::lax::{Content, Moment, Object, Text};
use crate::source::reader;
use crate::source::stores::{self, Found, Stores};
use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The extensions, and what their tasks are called here.
const EXTENSIONS: &[(&str, &str)] = &[
    ("saoudrizwan.claude-dev", "cline"),
    ("rooveterinaryinc.roo-cline", "roo-code"),
    ("kilocode.kilo-code", "kilo-code"),
];
/// Bytes at the start of a conversation that are searched for its surroundings.
const MAX_SURROUNDINGS: u64 = 256 << 10;

/// The sessions of this repository, in no particular order.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    let mut found = Found::default();
    for (extension, tool) in EXTENSIONS {
        let storage = |editor: PathBuf| editor.join("globalStorage").join(extension);
        let mut folders: Vec<PathBuf> = stores.editor_dirs().into_iter().map(storage).collect();
        if *tool == "cline" {
            folders.extend(stores.home.map(|home| home.join(".cline/data")));
        }
        found.extend(read_tool(stores, tool, &folders));
    }
    found
}

#[derive(Serialize, Deserialize)]
struct Known {
    id: String,
    cwd: String,
    title: Option<String>,
}

fn read_tool(stores: &Stores, tool: &'static str, folders: &[PathBuf]) -> Found<Session> {
    let mut all = Vec::new();
    for folder in folders {
        let tasks = folder.join("tasks");
        let entries = stores::list(&tasks);
        if entries.is_empty() {
            continue;
        }
        let mut listed = listed(folder);
        for (id, metadata) in entries {
            let path = tasks.join(&id).join("ui_messages.json");
            if !metadata.is_dir() {
                continue;
            }
            if let Ok((_, metadata)) = stores::open(&path) {
                let entry = listed.remove(&id).unwrap_or_default();
                all.push(Transcript::new(&tasks, path, &metadata, (id, entry)));
            }
        }
    }
    let mut warnings = Vec::new();
    let transcripts = store::shortlist(stores, tool, all, &mut warnings, |mut transcript| {
        let (id, mut entry) = std::mem::take(&mut transcript.known);
        if entry.folder().is_none() {
            let path = transcript.path.with_file_name("history_item.json");
            let item: Option<Entry> = document(&path).unwrap_or_default();
            entry = item.unwrap_or(entry);
        }
        let cwd = entry
            .folder()
            .map(str::to_owned)
            .or_else(|| surroundings(&transcript.path))?;
        let title = entry.task.0;
        stores
            .holds(&cwd)
            .then(|| transcript.with(Known { id, cwd, title }))
    });
    let mut found = store::read_all(stores, tool, &transcripts, |transcript| {
        Some(read_one(stores, tool, transcript))
    });
    found.warnings.extend(warnings);
    found
}

/// A task in a list of tasks.
#[derive(Serialize, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    id: Text,
    task: Text,
    cwd_on_task_initialization: Text,
    workspace: Text,
}

impl Entry {
    fn folder(&self) -> Option<&str> {
        let folder = self.cwd_on_task_initialization.0.as_deref();
        let folder = folder.or(self.workspace.0.as_deref());
        folder.filter(|folder| !folder.is_empty())
    }
}

/// `None` inside for a document that is torn.
fn document<T: DeserializeOwned>(path: &Path) -> std::io::Result<Option<T>> {
    let (text, _) = stores::read_text(path, MAX_DOCUMENT)?;
    Ok(reader::document(text.as_bytes()))
}

/// The tasks that an extension lists, by id.
fn listed(folder: &Path) -> FxHashMap<String, Entry> {
    let mut listed = FxHashMap::default();
    for name in ["state/taskHistory.json", "tasks/taskHistory.json"] {
        let list: Option<Content<Entry>> = document(&folder.join(name)).unwrap_or_default();
        if let Some(Content::Blocks(entries)) = list {
            let id = |entry: &Entry| entry.id.or_empty().to_owned();
            listed.extend(entries.into_iter().map(|entry| (id(&entry), entry)));
        }
    }
    listed
}

/// The directory that a task told its model it is in, as it stands in the conversation beside `messages`.
fn surroundings(messages: &Path) -> Option<String> {
    let path = messages.with_file_name("api_conversation_history.json");
    let (file, _) = stores::open(&path).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_SURROUNDINGS).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let marks = [
        "# Current Working Directory (",
        "# Current Workspace Directory (",
    ];
    let rest = marks
        .iter()
        .find_map(|mark| text.split_once(mark).map(|(_, rest)| rest))?;
    let (cwd, _) = rest.split_once(") Files")?;
    // It stands in a string of JSON, where a backslash is two.
    let cwd = cwd.replace("\\\\", "\\");
    (!cwd.contains(['"', '\n'])).then_some(cwd)
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Message {
    ts: Moment,
    #[serde(rename = "type")]
    kind: Text,
    say: Text,
    ask: Text,
    text: Text,
    context_condense: Object<Condensed>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Condensed {
    summary: Text,
}

/// What stands as JSON in the text of a message: a tool call, a question, a plan.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Told {
    tool: Text,
    path: Text,
    content: Text,
    question: Text,
    response: Text,
}

/// Kinds of messages that carry something wanted or are known to carry nothing.
const KNOWN: &[&str] = &[
    "task",
    "text",
    "user_feedback",
    "user_feedback_diff",
    "completion_result",
    "condense_context",
    "condense_context_error",
    "followup",
    "plan_mode_respond",
    "tool",
    "command",
    "command_output",
    "error",
    "error_retry",
    "reasoning",
    "api_req_started",
    "api_req_finished",
    "api_req_retried",
    "api_req_retry_delayed",
    "api_req_deleted",
    "api_req_failed",
    "checkpoint_created",
    "checkpoint_saved",
    "resume_task",
    "resume_completed_task",
    "mistake_limit_reached",
    "auto_approval_max_req_reached",
    "browser_action",
    "browser_action_launch",
    "browser_action_result",
    "shell_integration_warning",
    "deleted_api_reqs",
    "clineignore_error",
    "rooignore_error",
    "diff_error",
    "use_mcp_server",
    "use_subagents",
    "subagent",
    "mcp_server_request_started",
    "mcp_server_response",
    "mcp_notification",
    "new_task",
    "condense",
    "task_progress",
    "load_mcp_documentation",
    "info",
    "hook_status",
    "hook_output",
    "subtask_result",
    "image",
    "codebase_search_result",
    "user_edit_todos",
];

fn read_one(stores: &Stores, tool: &'static str, transcript: &Transcript<Known>) -> OneRead {
    let shown = stores.shown(&transcript.path);
    let mut one = OneRead::default();
    let messages = match document::<Content<Message>>(&transcript.path) {
        Ok(Some(Content::Blocks(messages))) => messages,
        Ok(_) => {
            one.torn(shown, "it is not a whole list of messages");
            return one;
        }
        Err(error) => {
            one.lost(&shown, Err(error));
            return one;
        }
    };
    let Known { id, cwd, title } = &transcript.known;
    let is_known = |message: &&Message| KNOWN.contains(&message.subtype());
    one.n_unknown = messages.len() - messages.iter().filter(is_known).count();
    let head = Head {
        tool,
        id: id.clone(),
        path: shown,
        title: title.clone(),
        started: messages.first().map_or(0, |message| message.ts.0),
        ended: messages.last().map_or(0, |message| message.ts.0),
        branch: String::new(),
    };
    let material = material(stores, cwd, &messages);
    one.sessions.extend(head.session(material));
    one
}

impl Message {
    fn subtype(&self) -> &str {
        match self.kind.or_empty() {
            "say" => self.say.or_empty(),
            "ask" => self.ask.or_empty(),
            _ => "",
        }
    }

    /// Its text as data; plain text where it is none.
    fn told(&self) -> Option<Told> {
        serde_json::from_str(self.text.or_empty()).ok()
    }
}

fn material(stores: &Stores, cwd: &str, messages: &[Message]) -> Material {
    let mut material = Material::default();
    // The first text of Roo is the ask: it has no message of its own for it.
    let mut is_asked = messages.iter().any(|message| message.say.is("task"));
    for message in messages {
        let at = message.ts.0;
        let text = message.text.or_empty();
        match message.subtype() {
            "task" | "user_feedback" => material.said(Role::User, at, text),
            "text" if !is_asked => {
                is_asked = true;
                material.said(Role::User, at, text);
            }
            "text" | "completion_result" => material.said(Role::Assistant, at, text),
            "followup" => {
                let question = message.told().and_then(|told| told.question.0);
                material.said(Role::Assistant, at, question.as_deref().unwrap_or(text));
            }
            "plan_mode_respond" => {
                let response = message.told().and_then(|told| told.response.0);
                material.said(Role::Assistant, at, response.as_deref().unwrap_or(text));
            }
            "condense_context" => {
                let condensed = message.context_condense.0.as_ref();
                if let Some(summary) = condensed.and_then(|condensed| condensed.summary.0.as_ref())
                {
                    material.summary.clone_from(summary);
                }
            }
            "tool" => {
                let Some(told) = message.told() else { continue };
                match told.tool.or_empty() {
                    "editedExistingFile" | "newFileCreated" | "appliedDiff" | "fileDeleted"
                    | "insertContent" | "searchAndReplace" => {
                        let path = told.path.0.iter();
                        let edited = path.map(|path| Step::Edited(stores.file(cwd, path)));
                        material.steps.extend(edited);
                    }
                    "summarizeTask" => {
                        material.summary = told.content.0.unwrap_or(material.summary);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    material
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::{Home, said};
    use super::*;
    use serde_json::{Value, json};

    const CLINE: &str = ".config/Code/User/globalStorage/saoudrizwan.claude-dev";
    const ROO: &str = ".vscode-server/data/User/globalStorage/rooveterinaryinc.roo-cline";

    fn say(second: i64, kind: &str, text: &str) -> Value {
        json!({"ts": 1_786_000_000_000_i64 + second * 1000, "type": "say", "say": kind, "text": text})
    }

    fn history(cwd: &str) -> String {
        json!([{"id": "7", "task": "Gift cards", "cwdOnTaskInitialization": cwd}]).to_string()
    }

    /// Small whole stores, for the tests of all readers.
    pub(in super::super) fn sample(home: &Home) {
        let cline = json!([say(0, "task", "cline ask"), say(1, "text", "cline answer")]);
        let roo = json!([say(0, "text", "roo ask"), say(1, "text", "roo answer")]);
        home.put(
            &format!("{CLINE}/state/taskHistory.json"),
            history("/w/shop"),
        )
        .put(
            &format!("{CLINE}/tasks/7/ui_messages.json"),
            cline.to_string(),
        )
        .put(&format!("{ROO}/tasks/8/ui_messages.json"), roo.to_string())
        .put(
            &format!("{ROO}/tasks/8/history_item.json"),
            r#"{"id":"8","workspace":"/w/shop"}"#,
        );
    }

    #[test]
    fn a_task_is_told_in_turns_and_summed_up() {
        let tool = |name: &str, path: &str| {
            json!({"tool": name, "path": path, "diff": "SECRET"}).to_string()
        };
        let messages = json!([
            say(0, "task", "add gift cards"),
            say(1, "reasoning", "hidden"),
            say(2, "tool", &tool("readFile", "src/lib.rs")),
            {"ts": 1_786_000_003_000_i64, "type": "ask", "ask": "tool", "text": tool("newFileCreated", "src/gift.rs")},
            say(4, "tool", &tool("editedExistingFile", "/w/shop/src/lib.rs")),
            say(5, "tool", "{not json"),
            say(6, "command_output", "SECRET"),
            {"ts": 1_786_000_006_000_i64, "type": "ask", "ask": "followup", "text": r#"{"question":"Do they expire?","options":[]}"#},
            say(7, "user_feedback", "after a year"),
            say(8, "quantum_state", "x"),
            {"type": "say", "say": "condense_context", "contextCondense": {"summary": "Cards exist."}},
            say(9, "completion_result", "Gift cards added."), 7]);
        let home = Home::new();
        home.put(
            &format!("{CLINE}/state/taskHistory.json"),
            history("/w/shop"),
        )
        .put(
            &format!("{CLINE}/tasks/7/ui_messages.json"),
            messages.to_string(),
        );
        let session = home.one(read);
        assert_eq!(
            (session.tool, session.id.as_str(), session.title.as_str()),
            ("cline", "7", "Gift cards")
        );
        assert_eq!(
            (session.started, session.ended),
            (1_786_000_000, 1_786_000_009)
        );
        assert_eq!(
            said(&session),
            [
                "u: add gift cards",
                "a: Do they expire?",
                "u: after a year",
                "a: Gift cards added."
            ]
        );
        assert_eq!(session.digest.files, ["src/gift.rs", "src/lib.rs"]);
        assert_eq!(session.digest.summary, "Cards exist.");
        assert_eq!(home.read(read).reports[0].n_unknown, 1);
    }

    #[test]
    fn the_working_directory_decides() {
        let task = json!([say(0, "task", "go")]).to_string();
        let n = |path: &str, text: &str| {
            let home = Home::new();
            home.put(&format!("{CLINE}/tasks/7/ui_messages.json"), &task)
                .put(&format!("{CLINE}/{path}"), text);
            home.read(read).items.len()
        };
        assert_eq!(n("state/taskHistory.json", &history("/w/trees/fix/x")), 1);
        assert_eq!(n("state/taskHistory.json", &history("/w/shop-2")), 0);
        assert_eq!(n("state/taskHistory.json", "[{"), 0);
        let told = "[{\"text\":\"<environment_details>\\n# Current Working Directory (/w/shop) Files\\nREADME\"}]";
        let conversation = "tasks/7/api_conversation_history.json";
        assert_eq!(n(conversation, told), 1);
        assert_eq!(n(conversation, &told.replace("/w/shop", "/w/shop-2")), 0);
    }

    #[test]
    fn a_torn_list_is_told() {
        let home = Home::new();
        sample(&home);
        home.put(
            &format!("{CLINE}/tasks/7/ui_messages.json"),
            "[{\"ts\":1,\"ty",
        );
        let found = home.read(read);
        assert_eq!((found.items.len(), found.warnings.len()), (1, 1));
        assert_eq!(found.warnings[0].code, "torn-record");
    }
}
