//! Sessions of Cursor's agent that are kept as text: `~/.cursor/projects/<folder>/agent-transcripts/`.
//!
//! A folder's name is its path with dashes, which cannot be undone; `.workspace-trusted` in it holds the path. Neither
//! moments nor results of tools are recorded: a session ended when its file was last written, and commands give no steps.

use super::digest::{Material, Step};
use super::store::{self, MAX_DOCUMENT, OneRead, Transcript};
use super::{Head, Role, Session};
use crate::source::lax::{Content, Object, Text};
use crate::source::reader::{self, Record};
use crate::source::stores::{self, Found, Stores};
use serde::Deserialize;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

const TOOL: &str = "cursor";
/// The largest mark of a folder, in bytes.
const MAX_MARK: u64 = 1 << 20;

/// The sessions of this repository, in no particular order.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    let Some(projects) = stores.home.map(|home| home.join(".cursor/projects")) else {
        return Found::default();
    };
    let mut all = Vec::new();
    for (name, metadata) in stores::list(&projects) {
        let project = projects.join(&name);
        let Some(root) = metadata.is_dir().then(|| workspace(&project)).flatten() else {
            continue;
        };
        if !stores.holds(&root) {
            continue;
        }
        let folder = project.join("agent-transcripts");
        for (name, metadata) in stores::list(&folder) {
            // `<id>.txt`, `<id>.jsonl`, or `<id>/<id>.jsonl`; what agents sent by agents said lies deeper.
            let (path, id) = if metadata.is_dir() {
                let path = folder.join(&name).join(format!("{name}.jsonl"));
                (path, name.as_str())
            } else {
                let id = name.strip_suffix(".jsonl").or(name.strip_suffix(".txt"));
                let Some(id) = id else { continue };
                (folder.join(&name), id)
            };
            if let Ok((_, metadata)) = stores::open(&path) {
                let known = (id.to_owned(), root.clone());
                all.push(Transcript::new(&folder, path, &metadata, known));
            }
        }
    }
    let mut warnings = Vec::new();
    let mut transcripts = store::newest(all, &mut warnings);
    // The plain text is older and says less than the records of the same session.
    let is_text = |t: &Transcript<_>| t.path.extension().is_some_and(|e| e == "txt");
    transcripts.sort_by_key(is_text);
    let mut seen = rustc_hash::FxHashSet::default();
    transcripts.retain(|transcript| seen.insert(transcript.known.0.clone()));
    let mut found = store::read_all(stores, TOOL, &transcripts, |transcript| {
        Some(read_one(stores, transcript))
    });
    found.warnings.extend(warnings);
    found
}

/// The path that Cursor was trusted to work in.
fn workspace(project: &Path) -> Option<String> {
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Mark {
        workspace_path: Text,
    }
    let (text, _) = stores::read_text(&project.join(".workspace-trusted"), MAX_MARK).ok()?;
    let mark: Mark = reader::document(text.as_bytes())?;
    stores::path_of_uri(&mark.workspace_path.0?)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Line {
    role: Text,
    message: Object<Message>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Message {
    content: Content<Part>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Part {
    #[serde(rename = "type")]
    kind: Text,
    text: Text,
    name: Text,
    input: Object<Input>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Input {
    path: Text,
    file_path: Text,
    target_file: Text,
}

impl Record for Line {
    const STARTS: &'static [&'static [u8]] = &[b"{\"role\""];

    fn is_whole(&self) -> bool {
        self.role.0.is_some() && self.message.0.is_some()
    }
}

fn read_one(stores: &Stores, transcript: &Transcript<(String, String)>) -> OneRead {
    let shown = stores.shown(&transcript.path);
    let (id, root) = &transcript.known;
    let mut one = OneRead::default();
    let mut material = Material::default();
    if transcript.path.extension().is_some_and(|e| e == "txt") {
        match stores::read_text(&transcript.path, MAX_DOCUMENT) {
            Ok((text, _)) => tell(&mut material, &text),
            Err(error) => one.lost(&shown, Err(error)),
        }
    } else {
        let input = stores::open(&transcript.path).map(|(file, _)| file.take(transcript.size));
        let dirt = input.and_then(|input| {
            reader::read(input, |line: Line| {
                let is_known = line.role.is("user") || line.role.is("assistant");
                one.n_unknown += usize::from(!is_known);
                take(stores, root, &mut material, &line);
                ControlFlow::Continue(())
            })
        });
        one.lost(&shown, dirt);
    }
    let head = Head {
        tool: TOOL,
        id: id.clone(),
        path: shown,
        ended: transcript.mtime,
        ..Head::default()
    };
    one.sessions.extend(head.session(material));
    one
}

fn take(stores: &Stores, root: &str, material: &mut Material, line: &Line) {
    let Some(message) = &line.message.0 else {
        return;
    };
    let text = match &message.content {
        Content::Text(text) => text.clone(),
        content => {
            let parts = content.blocks().iter().filter(|part| part.kind.is("text"));
            let texts: Vec<&str> = parts.map(|part| part.text.or_empty()).collect();
            texts.join("\n")
        }
    };
    say(material, line.role.or_empty(), &text);
    const EDITS: &[&str] = &[
        "Write",
        "StrReplace",
        "Delete",
        "EditNotebook",
        "ApplyPatch",
        "write",
        "search_replace",
        "edit_file",
        "delete_file",
    ];
    for part in message.content.blocks() {
        let Some(input) = &part.input.0 else { continue };
        let path = [&input.path, &input.file_path, &input.target_file];
        let path = path.into_iter().find_map(|path| path.0.as_deref());
        if let Some(path) = path.filter(|_| EDITS.iter().any(|name| part.name.is(name))) {
            material.steps.push(Step::Edited(stores.file(root, path)));
        }
    }
}

/// Plain text: lines `user:` and `assistant:` and what they said, with marks before what nobody said.
///
/// The arguments of a call are indented and thoughts end at an empty line. Output of a tool has no end that could be
/// told, so everything is passed over up to the next who speaks or calls.
fn tell(material: &mut Material, text: &str) {
    let mut role = "";
    let mut said: Vec<&str> = Vec::new();
    let mut mark = "";
    const MARKS: &[&str] = &["[Tool call]", "[Tool result]", "[Thinking]"];
    for line in text.lines().chain(["user:"]) {
        let speaker = line.strip_suffix(':');
        if let Some(next) = speaker.filter(|next| matches!(*next, "user" | "assistant")) {
            say(material, role, &std::mem::take(&mut said).join("\n"));
            (role, mark) = (next, "");
            continue;
        }
        mark = match MARKS.iter().find(|mark| line.starts_with(**mark)) {
            Some(mark) => mark,
            None => match mark {
                "[Tool call]" if !line.is_empty() && !line.starts_with([' ', '\t']) => "",
                "[Thinking]" if line.is_empty() => "",
                mark => mark,
            },
        };
        if mark.is_empty() {
            said.push(line);
        }
    }
}

fn say(material: &mut Material, role: &str, text: &str) {
    match role {
        "user" => {
            let asked = text.split_once("<user_query>").map(|(_, rest)| rest);
            let asked = asked.map(|rest| rest.split("</user_query>").next().unwrap_or(rest));
            // Without its tag it is what people said only if no other tag stands there.
            let plain = Some(text).filter(|text| !text.trim_start().starts_with('<'));
            material.said(Role::User, 0, asked.or(plain).unwrap_or_default());
        }
        "assistant" => material.said(Role::Assistant, 0, &text.replace("[REDACTED]", "")),
        _ => {}
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::testing::{Home, said};
    use super::*;
    use serde_json::{Value, json};

    const PROJECT: &str = ".cursor/projects/w-shop";

    fn line(role: &str, content: Value) -> String {
        json!({"role": role, "message": {"content": content}}).to_string() + "\n"
    }

    fn text(text: &str) -> Value {
        json!([{"type": "text", "text": text}])
    }

    fn trust(home: &Home, path: &str) {
        let mark = json!({"trustedAt": "2026-08-15T10:00:00Z", "workspacePath": path});
        home.put(&format!("{PROJECT}/.workspace-trusted"), mark.to_string());
    }

    /// A small whole store, for the tests of all readers.
    pub(in super::super) fn sample(home: &Home) {
        trust(home, "/w/shop");
        let ask = line("user", text("<user_query>\ncursor ask\n</user_query>"));
        let lines = ask + &line("assistant", text("cursor answer"));
        home.put(&format!("{PROJECT}/agent-transcripts/c/c.jsonl"), lines);
    }

    #[test]
    fn records_are_told_in_turns() {
        let call = |name: &str, path: &str| json!({"type": "tool_use", "name": name, "input": {"path": path, "contents": "SECRET"}});
        let lines = line(
            "user",
            text("<rules>x</rules>\n<user_query>\nadd a button\n</user_query>"),
        ) + &line(
            "assistant",
            json!([{"type": "text", "text": "[REDACTED]"}, call("Write", "/w/shop/web/b.ts"), call("Read", "/w/shop/no.ts")]),
        ) + &line("user", text("<system_reminder>x</system_reminder>"))
            + &line("assistant", text("Added the button.\n[REDACTED]"))
            + "{\"role\":\"assist";
        let home = Home::new();
        trust(&home, "/w/shop");
        home.put(&format!("{PROJECT}/agent-transcripts/c/c.jsonl"), lines)
            .put(
                &format!("{PROJECT}/agent-transcripts/c.txt"),
                "user:\nolder\n",
            )
            .put(
                &format!("{PROJECT}/agent-transcripts/c/subagents/d.jsonl"),
                line("user", text("of an agent")),
            );
        let session = home.one(read);
        assert_eq!((session.tool, session.id.as_str()), ("cursor", "c"));
        assert_eq!(said(&session), ["u: add a button", "a: Added the button."]);
        assert_eq!(session.digest.files, ["web/b.ts"]);
        assert!(session.ended > 0 && session.started == 0);
    }

    #[test]
    fn plain_text_is_told_in_turns() {
        let text = "user:\n<user_query>\nmend it\n</user_query>\n\nassistant:\nI look.\n[Tool call] Read\n  path: SECRET\n\nDone in cart.ts.\n[Thinking] hm\nhm\n\nYes.\n[Tool result] Read\nSECRET\n\nSECRET\nassistant:\nOver.";
        let home = Home::new();
        trust(&home, "/w/shop");
        home.put(&format!("{PROJECT}/agent-transcripts/t.txt"), text);
        assert_eq!(
            said(&home.one(read)),
            [
                "u: mend it",
                "a: I look.\nDone in cart.ts.\n\nYes.",
                "a: Over."
            ]
        );
    }

    #[test]
    fn the_trusted_path_decides() {
        let n = |path: &str| {
            let home = Home::new();
            sample(&home);
            trust(&home, path);
            home.read(read).items.len()
        };
        assert_eq!(n("/w/shop/web"), 1);
        assert_eq!(n("/w-shop"), 0);
        assert_eq!(n(""), 0);
    }
}
