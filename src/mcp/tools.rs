//! The tools as clients see them: names, what they are for, and the schemas of what they take and give.

use super::arguments::BUDGETS;
use crate::cli::host;
use ctxpack::request::Budget;
use ctxpack::source::notes::Class;
use rmcp::model::{JsonObject, MetaObject, Tool, ToolAnnotations};
use serde_json::{Value, json};
use std::sync::Arc;

/// The preset of `--for` that says how large a bundle is.
pub const PRESET: &str = "mcp";

/// Tokens that `read_more` gives by default.
pub const MORE: usize = 10_000;

/// The most that one result may hold, in characters, for hosts that ask: they would cut it shorter by themselves.
const MAX_CHARACTERS: usize = 200_000;

/// The tools, in the order in which they are listed.
pub fn all(allows_writing: bool) -> Vec<Tool> {
    let preset = match host::host(PRESET).map(|host| host.budget) {
        Ok(Budget::Tokens(n)) => n,
        _ => *BUDGETS.end(),
    };
    let budget = |default: usize| json!({"type": "integer", "minimum": BUDGETS.start(), "maximum": BUDGETS.end(), "default": default, "description": "Most tokens of the bundle"});
    let task = json!({"type": "string", "minLength": 1, "description": "What is to be done, in the user's words, with every name, path and error message that they gave"});
    let globs = |what: &str| json!({"type": "array", "items": {"type": "string"}, "maxItems": 64, "description": what});
    let path = |what: &str| json!({"type": "string", "minLength": 1, "description": what});
    let bundle =
        json!({"type": "string", "description": "The name of an earlier bundle, such as b1"});
    let classes: Vec<&str> = Class::ALL.iter().map(|class| class.word()).collect();
    let class =
        json!({"type": "string", "enum": classes, "description": "What kind of knowledge it is"});
    let list = json!({"type": "array", "items": {"type": "object"}});
    let mut tools = vec![
        Tool::new(
            "pack",
            "The part of the repository that a task needs, within a token budget: files in full, excerpts, outlines, notes, and what earlier \
             sessions with agents found out. Call it once before searching file by file. The best stands last; `… 58` means that the next line is \
             line 58 of the file. Ends with the name of the bundle, for read_more and explain.",
            schema(
                json!({
                    "task": task, "budget": budget(preset),
                    "format": {"type": "string", "enum": ["xml", "markdown", "plain", "json"], "default": "xml", "description": "json gives structured content, with an account of what is in and what is not"},
                    "pins": globs("Globs of files that must be in, in full"),
                    "include": globs("Only files like these, such as src/**"),
                    "exclude": globs("No files like these"),
                }),
                &["task"],
            ),
        )
        .with_title("What a task needs"),
        Tool::new(
            "read_more",
            "The next best files, notes and sessions for the task of an earlier bundle, without what that bundle showed.",
            schema(json!({"bundle": bundle, "budget": budget(MORE)}), &["bundle"]),
        )
        .with_title("What comes next"),
        Tool::new(
            "explain",
            "Why a file, a note or a session is in a bundle or was left out, as a tree of named numbers. Takes the name of a bundle, or a task.",
            schema(
                json!({"path": path("A path below the root, or the id of an item; a folder names all below it"), "bundle": bundle, "task": task}),
                &["path"],
            ),
        )
        .with_title("Why it is in or out")
        .with_raw_output_schema(schema(json!({"candidates": list, "left_out": {"type": "integer"}}), &["candidates", "left_out"])),
        Tool::new(
            "notes",
            "What is written down for this repository: decisions, preferences, gotchas, facts, the state of things; each with its age and whether what \
             it names is still there.",
            schema(json!({"class": class, "path": path("Only notes of this file")}), &[]),
        )
        .with_title("What is written down")
        .with_raw_output_schema(schema(json!({"notes": list, "left_out": {"type": "integer"}}), &["notes", "left_out"])),
    ];
    for tool in &mut tools {
        let hints = ToolAnnotations::new()
            .read_only(true)
            .destructive(false)
            .idempotent(true)
            .open_world(false);
        tool.annotations = Some(hints);
        let mut meta = JsonObject::new();
        meta.insert(
            "anthropic/maxResultSizeChars".to_owned(),
            MAX_CHARACTERS.into(),
        );
        tool.meta = Some(MetaObject(meta));
    }
    if allows_writing {
        let hints = ToolAnnotations::new()
            .read_only(false)
            .destructive(false)
            .idempotent(false)
            .open_world(false);
        let tool = Tool::new(
            "remember",
            "Writes one line down in the notes of the repository, with its date and class. Only what the user wants to be kept; no secrets. Names \
             the notes that say otherwise.",
            schema(
                json!({
                    "text": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "One sentence"},
                    "class": class,
                    "file": path("A file that is read as notes, such as NOTES.md or docs/DECISIONS.md"),
                }),
                &["text"],
            ),
        )
        .with_title("Write it down")
        .with_raw_output_schema(schema(
            json!({"place": {"type": "string"}, "entry": {"type": "string"}, "conflicts": list, "ignored_by_git": {"type": "boolean"}}),
            &["place", "entry", "conflicts", "ignored_by_git"],
        ));
        tools.push(tool.with_annotations(hints));
    }
    tools
}

fn schema(properties: Value, required: &[&str]) -> Arc<JsonObject> {
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties);
    schema.insert("required".to_owned(), json!(required));
    schema.insert("additionalProperties".to_owned(), false.into());
    Arc::new(schema)
}
