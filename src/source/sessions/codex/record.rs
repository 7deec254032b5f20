//! The records of a rollout of Codex, of all its ages: with an envelope, flat lines, one document.

use crate::source::lax::{
    Content, Either, Entries, Excerpt, Flag, Moment, Object, Present, Text, Whole, Words,
};
use crate::source::reader::Record;
use serde::Deserialize;

/// One line. Flat lines of 2025 are what later stands in `payload`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Line {
    pub timestamp: Moment,
    pub payload: Object<Item>,
    #[serde(flatten)]
    pub flat: Item,
}

/// What happened, or who the session is.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Item {
    #[serde(rename = "type")]
    pub kind: Text,
    /// Of the record that opens a rollout.
    pub id: Text,
    pub cwd: Text,
    pub source: Either<Source>,
    pub thread_source: Text,
    pub git: Object<Git>,
    /// Of messages, events and compactions.
    pub message: Text,
    pub role: Text,
    pub content: Words,
    pub num_turns: Whole,
    /// Of tool calls and of what became of them.
    pub name: Text,
    pub call_id: Text,
    pub arguments: Text,
    pub input: Text,
    pub output: Excerpt,
    pub exit_code: Whole,
    pub aggregated_output: Excerpt,
    pub success: Flag,
    pub changes: Entries<Object<Change>>,
}

/// Where a session came from, if not from a person's terminal.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Source {
    pub subagent: Present,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Git {
    pub branch: Text,
}

/// What a patch did to one file.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Change {
    pub move_path: Text,
}

/// The arguments of a tool call, which stand as JSON in a string.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Arguments {
    pub command: Command,
    pub cmd: Command,
    pub workdir: Text,
    pub input: Text,
    pub plan: Content<PlanEntry>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PlanEntry {
    pub step: Text,
    pub status: Text,
}

/// A command as words of a command line, or as one text.
#[derive(Deserialize, Default)]
#[serde(untagged)]
pub(super) enum Command {
    Words(Vec<String>),
    Text(String),
    #[default]
    None,
    Odd(serde::de::IgnoredAny),
}

/// A rollout of early 2025: one document.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Document {
    pub session: Object<Opening>,
    pub items: Content<Item>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Opening {
    pub id: Text,
    pub timestamp: Moment,
    pub cwd: Text,
}

impl Record for Line {
    const STARTS: &'static [&'static [u8]] = &[b"{\"timestamp\"", b"{\"type\"", b"{\"id\""];

    fn is_whole(&self) -> bool {
        self.payload.0.is_some()
    }
}

/// Types of records with an envelope, and of flat ones, that carry something wanted or are known to carry nothing.
const KNOWN: &[&str] = &[
    "session_meta",
    "turn_context",
    "event_msg",
    "response_item",
    "compacted",
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "local_shell_call",
    "web_search_call",
    "ghost_snapshot",
    "inter_agent_communication",
    "inter_agent_communication_metadata",
    "world_state",
];

impl Line {
    /// Whether this version knows the record's type; the opening and the state of flat rollouts have none.
    pub fn is_known(&self) -> bool {
        let kind = &self.flat.kind.0;
        kind.as_deref().is_none_or(|kind| KNOWN.contains(&kind))
    }

    /// The type in the envelope, and what stands in it; a flat line is a response item.
    pub fn open(&self) -> (&str, &Item) {
        match &self.payload.0 {
            Some(item) => (self.flat.kind.or_empty(), item),
            None => ("response_item", &self.flat),
        }
    }
}

impl Item {
    /// The arguments of a tool call; none where they do not parse.
    pub fn call(&self) -> Option<Arguments> {
        serde_json::from_str(self.arguments.0.as_deref()?).ok()
    }

    /// Whether it opens a session that an agent, not a person, started.
    pub fn is_sub_agent(&self) -> bool {
        let by_source = match &self.source {
            Either::Object(source) => source.subagent.0,
            Either::Text(text) => text.starts_with("subagent"),
            Either::None => false,
        };
        by_source || self.thread_source.is("subagent")
    }
}

impl Arguments {
    /// The command as a person would type it: without the shell that runs it.
    pub fn command(&self) -> Option<String> {
        match (&self.command, &self.cmd) {
            (Command::Words(words), _) | (_, Command::Words(words)) => typed(words),
            (Command::Text(text), _) | (_, Command::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }

    /// The patch that a shell was asked to apply, as the first versions did it.
    pub fn patch(&self) -> Option<&str> {
        match (&self.command, &self.input.0) {
            (Command::Words(words), _) if words.first().is_some_and(|w| w == "apply_patch") => {
                words.get(1).map(String::as_str)
            }
            (_, Some(input)) if input.contains("*** Begin Patch") => Some(input),
            _ => None,
        }
    }
}

fn typed(words: &[String]) -> Option<String> {
    match words {
        [] => None,
        [shell, flag, script]
            if flag.starts_with('-') && flag.ends_with('c') && shell.ends_with("sh") =>
        {
            Some(script.clone())
        }
        words => Some(words.join(" ")),
    }
}

/// What became of a command: `Some(None)` passed, `Some(output)` failed, `None` is not known.
pub(super) fn result_of(output: &str) -> Option<Option<String>> {
    if output.trim_start().starts_with('{') {
        let code = number_after(output, "\"exit_code\":")?;
        let text = serde_json::from_str::<Spilled>(output).ok();
        let text = text.map_or_else(|| output.to_owned(), |spilled| spilled.output.0);
        return Some((code != 0).then_some(text));
    }
    // The header names the code; the output itself may talk of others.
    let header = &output[..output.find("\nOutput:").unwrap_or(output.len())];
    let code = ["Exit code: ", "Process exited with code "]
        .iter()
        .find_map(|mark| number_after(header, mark))?;
    let body = output.split_once("\nOutput:").map_or(output, |(_, b)| b);
    Some((code != 0).then(|| body.trim().to_owned()))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spilled {
    output: Excerpt,
}

fn number_after(text: &str, mark: &str) -> Option<i64> {
    let rest = text[text.rfind(mark)? + mark.len()..].trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-');
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

/// How text begins that hosts write in a user's name.
const INJECTED: &[&str] = &[
    "# AGENTS.md instructions",
    "<environment_context>",
    "<session_context>",
    "<user_instructions>",
    "<INSTRUCTIONS>",
    "<permissions instructions>",
    "<turn_aborted>",
    "<user_shell_command>",
    "<subagent_notification>",
    "<skill>",
];

/// What a person asked, without what editors put before it; `None` if no person did.
pub(super) fn ask(text: &str) -> Option<&str> {
    const EDITOR: &str = "## My request for Codex:";
    let text = text.trim();
    let text = match text.rfind(EDITOR) {
        Some(at) if text.starts_with("# Context from my IDE") => text[at + EDITOR.len()..].trim(),
        _ => text,
    };
    let is_injected = INJECTED.iter().any(|start| text.starts_with(start));
    (!is_injected && !text.is_empty()).then_some(text)
}

/// The working directory that injected text of rollouts without an envelope names.
pub(super) fn cwd_of_context(text: &str) -> Option<&str> {
    let text = text.trim_start();
    if !text.starts_with("<environment_context>") {
        return None;
    }
    let tagged = text
        .split_once("<cwd>")
        .and_then(|(_, rest)| rest.split_once("</cwd>"));
    let line = || {
        let (_, rest) = text.split_once("Current working directory: ")?;
        rest.lines().next()
    };
    // A blank at the end is part of a folder's name.
    let cwd = tagged.map(|(cwd, _)| cwd).or_else(line)?;
    let cwd = cwd.trim_matches(['\n', '\r']);
    (!cwd.is_empty()).then_some(cwd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_commands() {
        let check = |output: &str, expected: Option<Option<&str>>| {
            let result = result_of(output);
            assert_eq!(result.as_ref().map(Option::as_deref), expected, "{output}");
        };
        check("Exit code: 0\nOutput:\nExit code: 7", Some(None));
        check(
            "Exit code: 101\nWall time: 2\nOutput:\nno\n",
            Some(Some("no")),
        );
        check(
            "Chunk ID: 1\nProcess exited with code 2\nOutput:\nno",
            Some(Some("no")),
        );
        check(
            r#"{"output":"no\n","metadata":{"exit_code":1}}"#,
            Some(Some("no\n")),
        );
        check(r#"{"output":"x","metadata":{"exit_code":0}}"#, Some(None));
        check("Process running with session ID 7", None);
        check("{}", None);
        check("", None);
    }

    #[test]
    fn asks_are_of_people() {
        assert_eq!(ask(" go "), Some("go"));
        assert_eq!(ask("<environment_context>\n</environment_context>"), None);
        assert_eq!(ask("# AGENTS.md instructions for /w\nx"), None);
        assert_eq!(
            ask(
                "# Context from my IDE setup:\n\n## Open tabs\n- a.rs\n\n## My request for Codex:\ngo\n"
            ),
            Some("go")
        );
        assert_eq!(ask("  "), None);
    }

    #[test]
    fn commands_as_typed() {
        let check = |json: &str, expected: Option<&str>| {
            let arguments: Arguments = serde_json::from_str(json).unwrap();
            assert_eq!(arguments.command().as_deref(), expected, "{json}");
        };
        check(
            r#"{"command":["bash","-lc","cargo test"]}"#,
            Some("cargo test"),
        );
        check(r#"{"command":["cargo","test"]}"#, Some("cargo test"));
        check(r#"{"cmd":"make"}"#, Some("make"));
        check(r#"{"command":[1,{}],"cmd":7}"#, None);
        check(r#"{"command":null}"#, None);
        check("{}", None);
    }

    #[test]
    fn working_directories_of_old_rollouts() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(cwd_of_context(text), expected, "{text}");
        };
        check(
            "<environment_context>\n<cwd>/w/a</cwd>\n</environment_context>",
            Some("/w/a"),
        );
        check(
            "<environment_context>\nCurrent working directory: /w/a\nApproval: x",
            Some("/w/a"),
        );
        check("<environment_context>\n<cwd>\n/w/a \n</cwd>", Some("/w/a "));
        check(
            "<environment_context>\r\nCurrent working directory: /w/a \r\n",
            Some("/w/a "),
        );
        check("it says <cwd>/w/a</cwd>", None);
        check("<environment_context><cwd></cwd>", None);
    }
}
