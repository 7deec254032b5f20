//! Copilot's chat in Visual Studio Code and its kin: `<editor dir>/workspaceStorage/<hash>/chatSessions/`.
//!
//! `workspace.json` beside the chats says which folder was open. A chat is one document, or a log of changes to one:
//! a snapshot, then values set, pushed and deleted at paths. The log is applied to plain JSON, since a path may lead
//! anywhere; what is wanted is picked out of the result.

use super::super::digest::{Material, Step};
use super::super::store::{self, MAX_DOCUMENT, OneRead, Transcript};
use super::super::{Head, Role, Session};
use super::TOOL;
use crate::source::lax::{Moment, Text};
use crate::source::reader::{self, Record};
use crate::source::stores::{self, Found, Stores};
use serde::Deserialize;
use serde_json::Value;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

/// The largest `workspace.json`, in bytes.
const MAX_WORKSPACE: u64 = 1 << 20;

pub(super) fn read(stores: &Stores) -> Found<Session> {
    let mut all = Vec::new();
    for editor in stores.editor_dirs() {
        let storage = editor.join("workspaceStorage");
        for (name, metadata) in stores::list(&storage) {
            let chats = storage.join(&name).join("chatSessions");
            if !metadata.is_dir() {
                continue;
            }
            let entries = stores::list(&chats);
            if entries.is_empty() {
                continue;
            }
            let Some(folder) = workspace(&storage.join(&name)).filter(|path| stores.holds(path))
            else {
                continue;
            };
            for (name, metadata) in entries {
                if metadata.is_file() && (name.ends_with(".json") || name.ends_with(".jsonl")) {
                    let path = chats.join(&name);
                    all.push(Transcript::new(&chats, path, &metadata, folder.clone()));
                }
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

/// The folder, or the file of a workspace of several folders, that was open.
fn workspace(storage: &Path) -> Option<String> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Workspace {
        folder: Text,
        workspace: Text,
    }
    let (text, _) = stores::read_text(&storage.join("workspace.json"), MAX_WORKSPACE).ok()?;
    let workspace: Workspace = reader::document(text.as_bytes())?;
    stores::path_of_uri(&workspace.folder.0.or(workspace.workspace.0)?)
}

/// A change in the log of a chat.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Change {
    kind: Value,
    k: Value,
    v: Value,
    i: Value,
}

impl Record for Change {
    const STARTS: &'static [&'static [u8]] = &[
        b"{\"kind\":0",
        b"{\"kind\":1",
        b"{\"kind\":2",
        b"{\"kind\":3",
    ];

    fn is_whole(&self) -> bool {
        self.kind.is_u64() && (self.k.is_array() || self.v.is_object())
    }
}

/// Applies a change; whether its kind is known. A path that leads nowhere changes nothing.
fn apply(chat: &mut Value, change: Change) -> bool {
    let path: &[Value] = change.k.as_array().map_or(&[], Vec::as_slice);
    match change.kind.as_u64() {
        Some(0) => *chat = change.v,
        Some(1) => set(chat, path, change.v),
        Some(2) => {
            let Some(list) = target(chat, path) else {
                return true;
            };
            if list.is_null() {
                *list = Value::Array(Vec::new());
            }
            if let Value::Array(list) = list {
                if let Some(n) = change.i.as_u64() {
                    list.truncate(usize::try_from(n).unwrap_or(usize::MAX));
                }
                if let Value::Array(more) = change.v {
                    list.extend(more);
                }
            }
        }
        Some(3) => {
            if let Some((last, path)) = path.split_last()
                && let Some(Value::Object(object)) = target(chat, path)
                && let Some(key) = last.as_str()
            {
                object.remove(key);
            }
        }
        _ => return false,
    }
    true
}

fn target<'c>(chat: &'c mut Value, path: &[Value]) -> Option<&'c mut Value> {
    let mut at = chat;
    for step in path {
        at = match (at, step) {
            (Value::Object(object), Value::String(key)) => {
                object.entry(key.as_str()).or_insert(Value::Null)
            }
            (Value::Array(list), Value::Number(n)) => {
                list.get_mut(usize::try_from(n.as_u64()?).ok()?)?
            }
            _ => return None,
        };
    }
    Some(at)
}

fn set(chat: &mut Value, path: &[Value], value: Value) {
    if let Some((Value::Number(n), path)) = path.split_last()
        && let Some(Value::Array(list)) = target(chat, path)
        && n.as_u64() == Some(list.len() as u64)
    {
        list.push(value);
    } else if let Some(place) = target(chat, path) {
        *place = value;
    }
}

fn read_one(stores: &Stores, transcript: &Transcript<String>) -> OneRead {
    let shown = stores.shown(&transcript.path);
    let mut one = OneRead::default();
    let mut chat = Value::Null;
    if transcript.path.extension().is_some_and(|e| e == "json") {
        let text = stores::read_text(&transcript.path, MAX_DOCUMENT);
        match text.map(|(text, _)| reader::document::<Value>(text.as_bytes())) {
            Ok(Some(document)) => chat = document,
            Ok(None) => one.n_lost += 1,
            Err(error) => one.lost(&shown, Err(error)),
        }
    } else {
        let input = stores::open(&transcript.path).map(|(file, _)| file.take(transcript.size));
        let dirt = input.and_then(|input| {
            reader::read(input, |change: Change| {
                one.n_unknown += usize::from(!apply(&mut chat, change));
                ControlFlow::Continue(())
            })
        });
        one.lost(&shown, dirt);
    }
    let name = transcript.path.file_stem().unwrap_or_default();
    let id = chat["sessionId"].as_str().map(str::to_owned);
    let head = Head {
        tool: TOOL,
        id: id.unwrap_or_else(|| name.to_string_lossy().into_owned()),
        path: shown,
        title: chat["customTitle"].as_str().map(str::to_owned),
        started: moment(&chat["creationDate"]),
        ended: moment(&chat["lastMessageDate"]),
        branch: String::new(),
    };
    let material = material(stores, &transcript.known, &chat);
    let last = material.steps.iter().filter_map(|step| match step {
        Step::Said(turn) => Some(turn.at),
        _ => None,
    });
    let ended = head.ended.max(last.max().unwrap_or_default());
    one.sessions
        .extend(Head { ended, ..head }.session(material));
    one
}

fn moment(value: &Value) -> i64 {
    Moment::deserialize(value).unwrap_or_default().0
}

fn material(stores: &Stores, folder: &str, chat: &Value) -> Material {
    let mut material = Material::default();
    let none = Vec::new();
    for request in chat["requests"].as_array().unwrap_or(&none) {
        let at = moment(&request["timestamp"]);
        let message = &request["message"];
        let ask = message.as_str().or(message["text"].as_str());
        material.said(Role::User, at, ask.unwrap_or_default());
        let mut answer = String::new();
        for piece in request["response"].as_array().unwrap_or(&none) {
            match piece["kind"].as_str() {
                None | Some("markdownContent") => {
                    let text = [
                        &piece["value"],
                        &piece["content"]["value"],
                        &piece["content"],
                    ];
                    let text = text.into_iter().find_map(Value::as_str);
                    answer.push_str(text.or(piece.as_str()).unwrap_or_default());
                }
                Some("inlineReference") => answer.push_str(&reference(piece)),
                Some("textEditGroup") => {
                    if let Some(path) = path_of(&piece["uri"]) {
                        let file = stores.file(folder, &path);
                        material.steps.push(Step::Edited(file));
                    }
                }
                Some("toolInvocationSerialized") => material.steps.extend(ran(piece)),
                Some(_) => {}
            }
        }
        material.said(Role::Assistant, at, &answer);
    }
    material
}

/// The name under which an answer mentions a file or a symbol in the middle of a sentence.
fn reference(piece: &Value) -> String {
    let what = &piece["inlineReference"];
    let name = piece["name"].as_str().or(what["name"].as_str());
    let path = || path_of(what).or_else(|| path_of(&what["uri"]));
    let file = || path().map(|p| p.rsplit(['/', '\\']).next().unwrap_or_default().to_owned());
    let name = name.map(str::to_owned).or_else(file);
    name.map(|name| format!("`{name}`")).unwrap_or_default()
}

fn path_of(uri: &Value) -> Option<String> {
    if let Some(path) = uri["fsPath"].as_str().or(uri["path"].as_str()) {
        return Some(path.to_owned());
    }
    stores::path_of_uri(uri.as_str().or(uri["external"].as_str())?)
}

/// A command of the terminal, if it is known what became of it.
fn ran(piece: &Value) -> Option<Step> {
    let data = &piece["toolSpecificData"];
    let line = &data["commandLine"];
    let command = line["original"].as_str().or(line.as_str())?.to_owned();
    let code = data["terminalCommandState"]["exitCode"].as_i64()?;
    let output = data["terminalCommandOutput"]["text"].as_str();
    let error = (code != 0).then(|| output.unwrap_or_default().to_owned());
    Some(Step::Ran { command, error })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::super::testing::{Home, said};
    use super::*;
    use serde_json::json;

    const STORAGE: &str = ".config/Code/User/workspaceStorage/0a";

    fn put(home: &Home, name: &str, text: &str) {
        home.put(
            &format!("{STORAGE}/workspace.json"),
            r#"{"folder":"file:///w/shop"}"#,
        )
        .put(&format!("{STORAGE}/chatSessions/{name}"), text);
    }

    fn request(ask: &str, response: Value) -> Value {
        json!({"requestId": "r", "timestamp": 1_786_300_001_000_i64, "message": {"text": ask}, "response": response})
    }

    pub(in super::super) fn sample(home: &Home) {
        let first = json!({"kind": 0, "v": {"sessionId": "c", "requests": []}});
        let answer = json!([{"value": "chat answer"}]);
        let push = json!({"kind": 2, "k": ["requests"], "v": [request("chat ask", answer)]});
        put(home, "c.jsonl", &format!("{first}\n{push}\n"));
    }

    #[test]
    fn a_chat_is_told_in_turns_and_summed_up() {
        let run = |code: i64, text: &str| {
            json!({"kind": "toolInvocationSerialized", "toolSpecificData": {"kind": "terminal",
            "commandLine": {"original": "make"}, "terminalCommandState": {"exitCode": code}, "terminalCommandOutput": {"text": text}}})
        };
        let response = json!([
            {"kind": "thinking", "value": "hidden"}, run(2, "error: slow"),
            {"value": "The cause is "}, {"kind": "inlineReference", "inlineReference": {"path": "/w/shop/src/list.rs"}}, {"value": ". Done."},
            {"kind": "textEditGroup", "uri": {"path": "/w/shop/src/list.rs"}, "edits": []}, run(0, ""), 7, null]);
        let chat = json!({"sessionId": "s", "creationDate": 1_786_300_000_000_i64, "customTitle": "Slow list", "requests": [request("why slow?", response)]});
        let home = Home::new();
        put(&home, "s.json", &chat.to_string());
        let session = home.one(read);
        assert_eq!(
            (session.id.as_str(), session.title.as_str()),
            ("s", "Slow list")
        );
        assert_eq!(
            (session.started, session.ended),
            (1_786_300_000, 1_786_300_001)
        );
        assert_eq!(
            said(&session),
            ["u: why slow?", "a: The cause is `list.rs`. Done."]
        );
        assert_eq!(session.digest.files, ["src/list.rs"]);
        assert_eq!(
            session.digest.fixes,
            ["`make` failed (error: slow), passes after edits to src/list.rs"]
        );
        assert_eq!(
            home.read(read).reports[0].location,
            format!("~/{STORAGE}/chatSessions")
        );
    }

    #[test]
    fn the_log_is_applied() {
        let check = |changes: &[Value], expected: Value| {
            let mut chat = json!({"requests": [1, 2], "title": "t"});
            for change in changes {
                apply(&mut chat, serde_json::from_value(change.clone()).unwrap());
            }
            assert_eq!(chat, expected, "{changes:?}");
        };
        let title = |title: &str| json!({"requests": [1, 2], "title": title});
        check(&[json!({"kind": 0, "v": 5})], json!(5));
        check(&[json!({"kind": 1, "k": ["title"], "v": "u"})], title("u"));
        check(
            &[json!({"kind": 1, "k": ["title", "x"], "v": "u"})],
            title("t"),
        );
        check(
            &[json!({"kind": 1, "k": ["requests", 2], "v": 3})],
            json!({"requests": [1, 2, 3], "title": "t"}),
        );
        check(
            &[json!({"kind": 1, "k": ["requests", 9], "v": 3})],
            title("t"),
        );
        check(
            &[json!({"kind": 2, "k": ["requests"], "v": [3], "i": 1})],
            json!({"requests": [1, 3], "title": "t"}),
        );
        check(
            &[json!({"kind": 2, "k": ["new"], "v": [3]})],
            json!({"requests": [1, 2], "title": "t", "new": [3]}),
        );
        check(
            &[json!({"kind": 3, "k": ["title"]})],
            json!({"requests": [1, 2]}),
        );
        check(
            &[json!({"kind": 3, "k": []}), json!({"kind": "x"})],
            title("t"),
        );
    }

    #[test]
    fn the_open_folder_decides() {
        let n = |workspace: &str| {
            let home = Home::new();
            sample(&home);
            home.put(&format!("{STORAGE}/workspace.json"), workspace);
            home.read(read).items.len()
        };
        assert_eq!(n(r#"{"folder":"file:///w/shop/sub%20dir"}"#), 1);
        assert_eq!(n(r#"{"workspace":"file:///w/shop/all.code-workspace"}"#), 1);
        assert_eq!(n(r#"{"folder":"file:///w/shop-2"}"#), 0);
        assert_eq!(
            n(r#"{"folder":"vscode-remote://ssh-remote%2Bx/w/shop"}"#),
            0
        );
        assert_eq!(n("{"), 0);

        let mut home = Home::new();
        sample(&home);
        home.roots = vec![r"C:\w\shop".into()];
        home.put(
            &format!("{STORAGE}/workspace.json"),
            r#"{"folder":"file:///c%3A/w/shop"}"#,
        );
        home.one(read);
    }
}
