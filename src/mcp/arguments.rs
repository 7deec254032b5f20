//! What a tool may be asked: each argument with its bounds. What no schema names is refused.

use crate::cli::failure::{Failure, Outcome};
use rmcp::model::JsonObject;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The longest task, in bytes: a long log.
const MAX_TASK: usize = 200_000;

/// The longest of any other text, in bytes, and the most texts of a list.
const MAX_TEXT: usize = 4_000;
const MAX_LIST: usize = 64;

/// Tokens that a bundle may have: hosts take up to 25,000.
pub const BUDGETS: std::ops::RangeInclusive<usize> = 200..=24_000;

/// Arguments of `pack`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    pub task: String,
    pub budget: Option<usize>,
    pub format: Option<String>,
    #[serde(default)]
    pub pins: Vec<String>,
    #[serde(default)]
    pub include: Vec<String>,
    #[serde(default)]
    pub exclude: Vec<String>,
}

/// Arguments of `read_more`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadMore {
    pub bundle: String,
    pub budget: Option<usize>,
}

/// Arguments of `explain`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    pub path: String,
    pub bundle: Option<String>,
    pub task: Option<String>,
}

/// Arguments of `notes`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    pub class: Option<String>,
    pub path: Option<String>,
}

/// Arguments of `remember`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remember {
    pub text: String,
    pub class: Option<String>,
    pub file: Option<String>,
}

/// Looks whether each argument is of the kind that `schema` says, because what is read below does not name the one that is not.
///
/// # Errors
/// An argument of another kind; it is named.
pub fn of_kind(schema: &JsonObject, arguments: &JsonObject) -> Outcome<()> {
    let required = schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|it| it == name));
    for (name, value) in arguments {
        let property = schema.get("properties").and_then(|all| all.get(name));
        let kind = property.and_then(|it| it.get("type")?.as_str());
        let (is_so, expected) = match kind {
            Some("string") => (value.is_string(), "a text"),
            Some("integer") => (value.is_u64(), "a count such as 8000"),
            Some("array") => (
                value
                    .as_array()
                    .is_some_and(|list| list.iter().all(Value::is_string)),
                "a list of texts",
            ),
            _ => continue,
        };
        if !is_so && (!value.is_null() || is_required(name)) {
            return Err(Failure::new(format!("{name}: expected {expected}")));
        }
    }
    Ok(())
}

/// The arguments of a call, of the kinds that [`of_kind`] has seen.
///
/// # Errors
/// What is missing or not known; it is named.
pub fn read<T: DeserializeOwned>(arguments: JsonObject) -> Outcome<T> {
    serde_json::from_value(arguments.into())
        .map_err(|error| Failure::new(format!("arguments: {error}")))
}

impl Pack {
    /// # Errors
    /// What is out of bounds.
    pub fn checked(self) -> Outcome<Self> {
        task(&self.task)?;
        budget(self.budget)?;
        for (name, globs) in [
            ("pins", &self.pins),
            ("include", &self.include),
            ("exclude", &self.exclude),
        ] {
            if globs.len() > MAX_LIST {
                return Err(Failure::new(format!("{name}: more than {MAX_LIST}")));
            }
            globs.iter().try_for_each(|glob| below(name, glob))?;
        }
        Ok(self)
    }
}

/// # Errors
/// A task that is empty or too long.
pub fn task(task: &str) -> Outcome<()> {
    if task.trim().is_empty() {
        return Err(
            Failure::new("task: is empty").hint("say what is to be done, in the user's words")
        );
    }
    if task.len() > MAX_TASK {
        return Err(Failure::new(format!("task: longer than {MAX_TASK} bytes")));
    }
    Ok(())
}

/// # Errors
/// Too few tokens, or too many.
pub fn budget(budget: Option<usize>) -> Outcome<()> {
    match budget {
        Some(n) if !BUDGETS.contains(&n) => Err(Failure::new(format!(
            "budget: {n} is not from {} to {}",
            BUDGETS.start(),
            BUDGETS.end()
        ))),
        _ => Ok(()),
    }
}

/// # Errors
/// A text that is no path or glob below the root.
pub fn below(name: &str, text: &str) -> Outcome<()> {
    let why = if text.is_empty() {
        "is empty"
    } else if text.len() > MAX_TEXT {
        "is too long"
    } else if text.contains('\0') {
        "holds a NUL"
    } else if text.starts_with(['/', '\\', '~']) || text.as_bytes().get(1) == Some(&b':') {
        "is not relative to the root"
    } else if text.split(['/', '\\']).any(|part| part == "..") {
        "leads out of the root"
    } else {
        return Ok(());
    };
    Err(Failure::new(format!("{name}: {why}"))
        .hint("paths and globs are below the root, such as src/main.rs or docs/**"))
}

/// # Errors
/// A text that is too long to be an id, a name or a line.
pub fn short(name: &str, text: &str) -> Outcome<()> {
    if text.len() > MAX_TEXT {
        return Err(Failure::new(format!(
            "{name}: longer than {MAX_TEXT} bytes"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_root() {
        for text in ["src/main.rs", "**/*.rs", "a..b", "...", ".github/x", "a b"] {
            assert_eq!(below("pins", text), Ok(()), "{text}");
        }
        for text in [
            "",
            "/etc/passwd",
            "..",
            "../x",
            "a/../../b",
            "a\\..\\b",
            "C:\\x",
            "~/.ssh",
            "a\0b",
            &"x".repeat(5_000),
        ] {
            assert!(below("pins", text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_asked_for_is_refused() {
        let read = |text: &str| -> Outcome<Pack> { read(serde_json::from_str(text).unwrap()) };
        assert!(read(r#"{"task": "a"}"#).is_ok());
        for text in [
            r#"{}"#,
            r#"{"task": 1}"#,
            r#"{"task": "a", "root": "/"}"#,
            r#"{"task": "a", "budget": -1}"#,
            r#"{"task": "a", "budget": 1e99}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let tool = super::super::tools::all(false).swap_remove(0);
        let kinds = |text: &str| of_kind(&tool.input_schema, &serde_json::from_str(text).unwrap());
        assert_eq!(
            kinds(r#"{"task": "a", "budget": null, "pins": [], "other": {}}"#),
            Ok(())
        );
        for (text, message) in [
            (r#"{"task": null}"#, "task: expected a text"),
            (
                r#"{"task": "a", "budget": -1}"#,
                "budget: expected a count such as 8000",
            ),
            (
                r#"{"task": "a", "budget": 1e99}"#,
                "budget: expected a count such as 8000",
            ),
            (
                r#"{"task": "a", "pins": "b"}"#,
                "pins: expected a list of texts",
            ),
            (
                r#"{"task": "a", "pins": [1]}"#,
                "pins: expected a list of texts",
            ),
        ] {
            assert_eq!(kinds(text).unwrap_err().message, message, "{text}");
        }
        for text in [
            r#"{"task": " "}"#,
            r#"{"task": "a", "budget": 0}"#,
            r#"{"task": "a", "budget": 30000}"#,
            r#"{"task": "a", "pins": ["../x"]}"#,
        ] {
            assert!(read(text).unwrap().checked().is_err(), "{text}");
        }
    }
}
