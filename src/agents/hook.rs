//! A call of a hook: the JSON that a host writes to it, and the answer in the shape that the host reads.
//!
//! One row of [`HOSTS`] a host. A hook must never stand in the way of a prompt: what is not understood is answered with nothing.

use serde_json::{Value, json};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A host that calls hooks.
#[derive(Debug, PartialEq, Eq)]
pub struct Host {
    /// What is typed: `ctxpack hook NAME`.
    pub name: &'static str,
    /// The preset of `--for` that says how much it takes, and who reads it.
    pub preset: &'static str,
    /// The events that are answered, by the names that the host gives them.
    pub events: &'static [(&'static str, Event)],
    /// How an answer is written.
    pub shape: Shape,
}

/// When a hook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A session begins, or goes on with an emptied context.
    Start,
    /// A person has asked for something.
    Prompt,
    /// The session is about to be summed up; what is said goes to the one who does.
    Compact,
}

/// How a host reads an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// stdout as it is, unless it begins with `{`.
    Text,
    /// An object with `hookSpecificOutput.additionalContext`; nothing where there is nothing to say.
    Json,
    /// The same, and `{}` where there is nothing to say: without it stderr would be shown in its place.
    AlwaysJson,
}

/// Every host, in the order in which help lists them.
pub const HOSTS: &[Host] = &[
    Host {
        name: "claude-code",
        preset: "claude-hook",
        events: &[
            ("SessionStart", Event::Start),
            ("UserPromptSubmit", Event::Prompt),
            ("PreCompact", Event::Compact),
        ],
        shape: Shape::Text,
    },
    Host {
        name: "codex",
        preset: "codex-hook",
        events: &[
            ("SessionStart", Event::Start),
            ("UserPromptSubmit", Event::Prompt),
        ],
        shape: Shape::Json,
    },
    Host {
        name: "gemini",
        preset: "gemini-hook",
        events: &[
            ("SessionStart", Event::Start),
            ("BeforeAgent", Event::Prompt),
        ],
        shape: Shape::AlwaysJson,
    },
];

/// The most that is read of a call, in bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Words that a prompt has at least which names nothing of the code.
const MIN_WORDS: usize = 4;

/// One call, of an event that is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When it came.
    pub event: Event,
    /// What the host calls that.
    pub event_name: &'static str,
    /// What was asked for; empty where nothing was.
    pub prompt: String,
    /// The folder that the agent works in, absolute; `None` where the host does not say.
    pub cwd: Option<PathBuf>,
    /// Whether the session has lost what it knew: what it did and what it needs for that is brought again.
    pub is_emptied: bool,
    /// The session that called: its id, as far as it is told, ...
    pub session: Option<String>,
    /// ... and its transcript.
    pub transcript: Option<PathBuf>,
}

/// Reads one object from `input`, and no further: a host may leave the pipe open. `None` where there is nothing to say to it: an
/// event without an answer, a session that goes on with all it knew, a prompt that is for the host or asks for nothing in particular.
///
/// # Errors
/// What is no object, or too long.
pub fn read(host: &Host, input: impl Read) -> Result<Option<Call>, String> {
    let mut input = input.take(MAX_BYTES);
    let value = serde_json::Deserializer::from_reader(&mut input)
        .into_iter::<Value>()
        .next();
    let value = match value {
        Some(Ok(value)) if value.is_object() => value,
        Some(Ok(_)) => return Err("stdin holds no JSON object".to_owned()),
        Some(Err(_)) if input.limit() == 0 => {
            return Err(format!("stdin holds more than {} MiB", MAX_BYTES >> 20));
        }
        // what serde_json says may quote the text
        Some(Err(error)) => {
            return Err(format!(
                "stdin holds no whole JSON, at line {}, column {}",
                error.line(),
                error.column()
            ));
        }
        None => return Err("stdin is empty".to_owned()),
    };
    let text = |key: &str| value[key].as_str().unwrap_or_default();
    let named = text("hook_event_name");
    let Some(&(event_name, event)) = host.events.iter().find(|(name, _)| *name == named) else {
        return Ok(None);
    };
    let keeps_its_context = matches!(text("source"), "resume" | "fork");
    let prompt = text("prompt").trim();
    let says_nothing = match event {
        Event::Start => keeps_its_context,
        Event::Prompt => !is_worth_an_answer(prompt),
        Event::Compact => false,
    };
    if says_nothing {
        return Ok(None);
    }
    let cwd = Some(text("cwd")).filter(|cwd| Path::new(cwd).is_absolute());
    let given = |key: &str| Some(text(key)).filter(|text| !text.is_empty());
    Ok(Some(Call {
        event,
        event_name,
        prompt: prompt.to_owned(),
        cwd: cwd.map(PathBuf::from),
        is_emptied: text("source") == "compact",
        session: given("session_id").map(str::to_owned),
        transcript: given("transcript_path").map(PathBuf::from),
    }))
}

/// Whether a prompt asks for something that a repository may know: not a command of the host, and not "yes, go on".
fn is_worth_an_answer(prompt: &str) -> bool {
    let mut words = prompt.split_whitespace();
    let is_command = words
        .next()
        .and_then(|word| word.strip_prefix('/'))
        .is_some_and(|name| !name.contains(['/', '.']));
    let says = |word: &&str| word.contains(char::is_alphanumeric);
    !is_command
        && (prompt.split_whitespace().filter(says).count() >= MIN_WORDS
            || prompt.split_whitespace().any(is_name))
}

/// Whether a word can only be a name out of code: `a_b`, `a::b`, `src/a`, `a.rs`, `aB`, `f()`.
fn is_name(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != ')');
    let inner = |c: char| matches!(c, '_' | '/' | '.' | ':' | '(' | '#');
    let is_between = |at: usize| {
        at > 0
            && word[at + 1..]
                .chars()
                .next()
                .is_some_and(|c| c.is_alphanumeric() || c == ':' || c == ')')
    };
    let has_hump = word
        .chars()
        .zip(word.chars().skip(1))
        .any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    has_hump
        || word
            .char_indices()
            .any(|(at, c)| inner(c) && is_between(at))
}

/// `text` as the host wants it; an empty text is nothing to say.
pub fn answer(host: &Host, event_name: &str, text: &str) -> String {
    match host.shape {
        Shape::AlwaysJson if text.is_empty() => "{}\n".to_owned(),
        _ if text.is_empty() => String::new(),
        Shape::Text => text.to_owned(),
        Shape::Json | Shape::AlwaysJson => {
            let output = json!({"hookEventName": event_name, "additionalContext": text});
            format!("{}\n", json!({"hookSpecificOutput": output}))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: usize, input: &str, expected: Option<(Event, &str)>) {
        let call = read(&HOSTS[host], input.as_bytes()).unwrap();
        let found = call.as_ref().map(|call| (call.event, call.prompt.as_str()));
        assert_eq!(found, expected, "{input}");
    }

    #[test]
    fn events_are_known_by_the_names_of_their_host() {
        let prompt =
            |name: &str| format!(r#"{{"hook_event_name":"{name}","prompt":"fix the retry loop"}}"#);
        let answered = Some((Event::Prompt, "fix the retry loop"));
        check(0, &prompt("UserPromptSubmit"), answered);
        check(0, &prompt("BeforeAgent"), None);
        check(1, &prompt("UserPromptSubmit"), answered);
        check(2, &prompt("BeforeAgent"), answered);
        check(
            0,
            r#"{"hook_event_name":"PreCompact"}"#,
            Some((Event::Compact, "")),
        );
        check(1, r#"{"hook_event_name":"PreCompact"}"#, None);
        check(0, "{}", None);
        check(0, r#"{"hook_event_name":["SessionStart"]}"#, None);
    }

    #[test]
    fn a_session_that_goes_on_knows_already() {
        let start =
            |source: &str| format!(r#"{{"hook_event_name":"SessionStart","source":"{source}"}}"#);
        for source in ["startup", "clear", "compact", ""] {
            check(0, &start(source), Some((Event::Start, "")));
        }
        check(0, &start("resume"), None);
        check(0, &start("fork"), None);
    }

    #[test]
    fn prompts_that_ask_for_nothing() {
        for prompt in [
            "",
            "yes",
            "yes, go on",
            "ok. thanks!",
            "/compact",
            "/model opus of some kind",
            "1.",
            "- - - - -",
        ] {
            assert!(!is_worth_an_answer(prompt), "{prompt}");
        }
        for prompt in [
            "why is the cache slow",
            "fix setByForm",
            "see src/lib.rs",
            "rename do_it",
            "/src/main.rs is broken",
            "a::b",
            "f()",
        ] {
            assert!(is_worth_an_answer(prompt), "{prompt}");
        }
    }

    #[test]
    fn what_is_no_call_is_an_error() {
        for input in [
            "",
            " ",
            "[]",
            "3",
            "{",
            "nonsense",
            "\u{0}",
            &"[".repeat(100_000),
            r#"{"a":"#,
        ] {
            assert!(read(&HOSTS[0], input.as_bytes()).is_err(), "{input:.20}");
        }
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(5 << 20));
        let told = read(&HOSTS[0], long.as_bytes()).unwrap_err();
        assert_eq!(told, "stdin holds more than 4 MiB");
        let quotes = read(&HOSTS[0], "{\"a\": hunter2}".as_bytes()).unwrap_err();
        assert!(!quotes.contains("hunter2"), "{quotes}");
    }

    #[test]
    fn no_end_of_the_input_is_waited_for() {
        struct Open<'a>(&'a [u8]);
        impl Read for Open<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                assert!(!self.0.is_empty(), "read on after the object");
                self.0.read(buffer)
            }
        }
        let input = br#"{"hook_event_name":"SessionStart","cwd":"relative","session_id":"s","transcript_path":3}"#;
        let call = read(&HOSTS[0], Open(input)).unwrap().unwrap();
        assert_eq!(
            (call.cwd, call.session.as_deref(), call.transcript),
            (None, Some("s"), None)
        );
    }

    #[test]
    fn answers_have_the_shape_of_their_host() {
        let shapes = |text: &str| -> Vec<String> {
            HOSTS.iter().map(|host| answer(host, "E", text)).collect()
        };
        assert_eq!(shapes(""), ["", "", "{}\n"]);
        let json =
            "{\"hookSpecificOutput\":{\"additionalContext\":\"a\\n\",\"hookEventName\":\"E\"}}\n";
        assert_eq!(shapes("a\n"), ["a\n", json, json]);
    }
}
