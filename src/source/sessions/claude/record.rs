//! The records of a Claude Code transcript, as far as they are wanted.
//!
//! The format is internal to its tool and changes between versions, so every field is lax and unknown types are counted.

use crate::source::lax::{Content, Excerpt, Flag, Object, Present, Text, Whole};
use crate::source::reader::Record;
use serde::Deserialize;

/// One line of a transcript.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Line {
    #[serde(rename = "type")]
    pub kind: Text,
    pub uuid: Text,
    pub parent_uuid: Text,
    pub logical_parent_uuid: Text,
    pub is_sidechain: Flag,
    pub is_meta: Flag,
    pub is_compact_summary: Flag,
    pub is_visible_in_transcript_only: Flag,
    pub is_api_error_message: Flag,
    pub timestamp: Text,
    pub cwd: Text,
    pub git_branch: Text,
    pub session_id: Text,
    /// Of user and assistant records.
    pub message: Object<Message>,
    pub tool_use_result: Present,
    pub prompt_source: Text,
    pub origin: Object<Origin>,
    /// Of system records.
    pub subtype: Text,
    pub content: Text,
    /// Of attachment records.
    pub attachment: Object<Attachment>,
    /// Of records that name the session or sum it up.
    pub summary: Text,
    pub leaf_uuid: Text,
    pub ai_title: Text,
    pub custom_title: Text,
    pub agent_name: Text,
    /// Of records that say in which worktree the session goes on.
    pub worktree_session: Object<Worktree>,
    /// Of records that link a pull request.
    pub pr_number: Whole,
}

/// What was said, or what a tool answered.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Message {
    pub id: Text,
    pub model: Text,
    pub content: Content<Block>,
}

/// A part of a message.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Block {
    #[serde(rename = "type")]
    pub kind: Text,
    pub text: Text,
    pub id: Text,
    pub name: Text,
    pub input: Object<Input>,
    pub tool_use_id: Text,
    pub is_error: Flag,
    pub content: Excerpt,
}

/// The arguments of a tool call that say what was touched; all others are skipped.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Input {
    pub file_path: Text,
    pub notebook_path: Text,
    pub command: Text,
    pub todos: Content<Todo>,
    pub subject: Text,
    #[serde(rename = "taskId")]
    pub task_id: Text,
    pub status: Text,
}

/// An entry of a list of things to do.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Todo {
    pub content: Text,
    pub status: Text,
}

/// Who made a user record.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Origin {
    pub kind: Text,
}

/// A worktree that a session went into, and where it came from.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Worktree {
    pub original_cwd: Text,
    pub worktree_path: Text,
}

/// Something put into the conversation beside the messages.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Attachment {
    #[serde(rename = "type")]
    pub kind: Text,
    pub prompt: Content<Block>,
    pub command_mode: Text,
    pub origin: Object<Origin>,
}

impl Record for Line {
    const STARTS: &'static [&'static [u8]] = &[
        b"{\"parentUuid\"",
        b"{\"type\"",
        b"{\"uuid\"",
        b"{\"sessionId\"",
        b"{\"logicalParentUuid\"",
    ];

    fn is_whole(&self) -> bool {
        self.kind.0.is_some()
            && (self.uuid.0.is_some() || self.session_id.0.is_some() || self.leaf_uuid.0.is_some())
    }
}

impl Block {
    /// Whether it is the result of a tool that failed: by its own word, or by an exit code other than 0 at its start.
    pub fn is_failed(&self) -> bool {
        let text = self.content.0.as_str();
        let text = text.strip_prefix("Error: ").unwrap_or(text);
        let code = text.strip_prefix("Exit code ");
        self.is_error.0 || code.is_some_and(|code| !code.starts_with('0'))
    }

    /// Whether it says that the user did not let the tool run.
    pub fn is_refused(&self) -> bool {
        let starts = ["The user doesn't want", "[Request interrupted"];
        starts.iter().any(|start| self.content.0.starts_with(start))
    }
}

/// The types that carry something wanted, and those known to carry nothing.
const KNOWN: &[&str] = &[
    "user",
    "assistant",
    "system",
    "attachment",
    "summary",
    "ai-title",
    "custom-title",
    "agent-name",
    "tag",
    "task-summary",
    "marble-origami-commit",
    "pr-link",
    "worktree-state",
    "last-prompt",
    "queue-operation",
    "file-history-snapshot",
    "file-history-delta",
    "progress",
    "mode",
    "permission-mode",
    "content-replacement",
    "attribution-snapshot",
    "bridge-session",
    "fork-context-ref",
    "frame-link",
    "atis-latch",
    "speculation-accept",
    "cost-state",
];

impl Line {
    /// Whether this version knows the record's type.
    pub fn is_known(&self) -> bool {
        let kind = self.kind.or_empty();
        KNOWN.contains(&kind) || kind.starts_with("artifact-")
    }

    /// What a person asked in this record, or `None` if no person did.
    ///
    /// The record's own word on who made it is trusted where it has one. Commands, their output, reminders and
    /// notices that hosts write into user records are told by how they begin.
    pub fn ask(&self) -> Option<String> {
        let text = match self.kind.or_empty() {
            "user" => {
                let made_by_tool = self.is_meta.0
                    || self.is_compact_summary.0
                    || self.is_visible_in_transcript_only.0
                    || self.tool_use_result.0;
                let made_by_host = !by_person(&self.origin) || self.prompt_source.is("system");
                if made_by_tool || made_by_host {
                    return None;
                }
                said(&self.message.0.as_ref()?.content)?
            }
            "attachment" => {
                let attachment = self.attachment.0.as_ref()?;
                let is_prompt =
                    attachment.kind.is("queued_command") && attachment.command_mode.is("prompt");
                if !is_prompt || !by_person(&attachment.origin) {
                    return None;
                }
                said(&attachment.prompt)?
            }
            _ => return None,
        };
        let text = without_reminders(&text);
        let text = text.trim();
        let is_ask = !text.is_empty() && !INJECTED.iter().any(|start| text.starts_with(start));
        is_ask.then(|| text.to_owned())
    }

    /// What the assistant said in this record, or `None`.
    pub fn answer(&self) -> Option<String> {
        let message = self.message.0.as_ref()?;
        if !self.kind.is("assistant")
            || self.is_api_error_message.0
            || message.model.is("<synthetic>")
        {
            return None;
        }
        let text = said(&message.content)?;
        (!text.trim().is_empty()).then_some(text)
    }

    /// The text of its message, whoever made it.
    pub fn spoken(&self) -> Option<String> {
        said(&self.message.0.as_ref()?.content)
    }

    /// Drops the output of tools that did not fail: it is most of what is held and says nothing more.
    pub fn forget_outputs(&mut self) {
        let Some(Message {
            content: Content::Blocks(blocks),
            ..
        }) = &mut self.message.0
        else {
            return;
        };
        for block in blocks {
            if !block.is_failed() && !block.is_refused() {
                block.content = Excerpt::default();
            }
        }
    }

    /// The parts of its message, if it has any.
    pub fn blocks(&self) -> &[Block] {
        self.message
            .0
            .as_ref()
            .map_or(&[], |message| message.content.blocks())
    }
}

/// How text begins that hosts write in a user's name.
const INJECTED: &[&str] = &[
    "<command-name>",
    "<command-message>",
    "<command-args>",
    "<local-command-",
    "<bash-",
    "<task-notification",
    "<system-reminder>",
    "<user-prompt-submit-hook>",
    "<session-start-hook>",
    "<teammate-message",
    "[Request interrupted by user",
];

fn by_person(origin: &Object<Origin>) -> bool {
    match &origin.0 {
        Some(Origin {
            kind: Text(Some(kind)),
        }) => kind == "human",
        _ => true,
    }
}

/// The text of a message without tool calls, tool results, images and what an editor opened.
fn said(content: &Content<Block>) -> Option<String> {
    match content {
        Content::Text(text) => Some(text.clone()),
        Content::Blocks(blocks) => {
            if blocks.iter().any(|block| block.kind.is("tool_result")) {
                return None;
            }
            let texts: Vec<&str> = blocks
                .iter()
                .filter(|block| block.kind.is("text"))
                .map(|block| block.text.or_empty())
                .filter(|text| !text.starts_with("<ide_"))
                .collect();
            Some(texts.join("\n"))
        }
        Content::None => None,
    }
}

/// `text` without `<system-reminder>` passages, which hosts append to prompts.
fn without_reminders(text: &str) -> String {
    let (open, close) = ("<system-reminder>", "</system-reminder>");
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let Some(length) = rest[start..].find(close) else {
            break;
        };
        out.push_str(&rest[..start]);
        rest = &rest[start + length + close.len()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, ask: Option<&str>) {
        let line: Line = serde_json::from_str(json).unwrap();
        assert_eq!(line.ask().as_deref(), ask, "{json}");
    }

    #[test]
    fn people_ask_and_hosts_do_not() {
        check(
            r#"{"type":"user","message":{"content":"fix it"}}"#,
            Some("fix it"),
        );
        check(
            r#"{"type":"user","origin":{"kind":"human"},"message":{"content":"fix it"}}"#,
            Some("fix it"),
        );
        check(
            r#"{"type":"user","origin":{"kind":"hook"},"message":{"content":"fix it"}}"#,
            None,
        );
        check(
            r#"{"type":"user","promptSource":"system","message":{"content":"fix it"}}"#,
            None,
        );
        check(
            r#"{"type":"user","isMeta":true,"message":{"content":"fix it"}}"#,
            None,
        );
        check(
            r#"{"type":"user","isCompactSummary":true,"message":{"content":"fix it"}}"#,
            None,
        );
        check(
            r#"{"type":"user","message":{"content":"<command-name>/clear</command-name>"}}"#,
            None,
        );
        check(
            r#"{"type":"user","message":{"content":[{"type":"text","text":"[Request interrupted by user]"}]}}"#,
            None,
        );
        check(
            r#"{"type":"user","message":{"content":[{"type":"tool_result","content":"x"}]}}"#,
            None,
        );
        check(
            r#"{"type":"user","message":{"content":[{"type":"text","text":"<ide_opened_file>a</ide_opened_file>"},{"type":"text","text":"go"},{"type":"image","source":{}}]}}"#,
            Some("go"),
        );
        check(
            r#"{"type":"user","message":{"content":"go<system-reminder>tidy</system-reminder> on"}}"#,
            Some("go on"),
        );
        check(r#"{"type":"user","message":"odd"}"#, None);
        check(
            r#"{"type":"attachment","attachment":{"type":"queued_command","prompt":"wait","commandMode":"prompt"}}"#,
            Some("wait"),
        );
        check(
            r#"{"type":"attachment","attachment":{"type":"queued_command","prompt":"wait","commandMode":"bash"}}"#,
            None,
        );
    }
}
