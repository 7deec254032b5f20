//! Why a command failed, as a person reads it: `error: ...`, then `hint: ...` with something that can be typed.
//!
//! Plain strings rather than `anyhow`: every failure needs its hint beside it, and a chain of causes is harder to read than one sentence.

use crate::cli::style::{Style, plain};
use ctxpack::error::Error;
use ctxpack::guard::secrets::redact;
use ctxpack::source::{HOLDS_SECRET, SECRET_NAME};
use std::io::Write;

/// A failed command: exit code 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One sentence, without a full stop, on one line.
    pub message: String,
    /// What is to be told of it besides, one line each.
    pub details: Vec<String>,
    /// What to type instead, one line each; the first starts with a verb or a command.
    pub hints: Vec<String>,
    /// The exit code: 2, or 1 where a check found something.
    pub code: u8,
}

/// What a command returns.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// A failure without a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            details: Vec::new(),
            hints: Vec::new(),
            code: 2,
        }
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Writes the failure to stderr. A closed stderr is no reason to fail again.
    pub fn print(&self, style: Style) {
        // what is typed, read or named may hold anything: it breaks no line, which a build machine would take for an order
        let mut text = format!("{} {}\n", style.red("error:"), plain(&self.message));
        for detail in &self.details {
            text.push_str(&format!("{}\n", plain(detail)));
        }
        for hint in &self.hints {
            text.push_str(&format!("{} {}\n", style.cyan("hint:"), plain(hint)));
        }
        // what was typed or stands in a config file is repeated here
        let text = redact(&text);
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::NoSuchPath(_) => None,
            Error::Outside(_) => Some("--files-from lists files below PATH: ctxpack --files-from LIST FOLDER, or several folders".to_owned()),
            Error::Io { .. } => None,
            Error::BudgetTooSmall {
                needed, unit, what, ..
            } => {
                let typed = match *unit {
                    "characters" => format!("{needed}c"),
                    "bytes" => format!("{needed}B"),
                    _ => needed.to_string(),
                };
                Some(if what.contains("pinned") {
                    format!("ctxpack --budget {typed}, or pin less")
                } else {
                    format!("ctxpack --budget {typed}")
                })
            }
            Error::BadGlob { .. } => Some("quote globs, and write [*] for a real star: -i '*.rs' -e 'docs/**'".to_owned()),
            Error::PinMatchesNothing(_) => {
                Some("--pin takes a glob of paths relative to the root: --pin 'src/**/mod.rs'; --exclude and --only come first".to_owned())
            }
            Error::PinNotShown { why, .. } if *why == SECRET_NAME => {
                Some("such a file is packed by --secrets off alone; an example of it, such as .env.example, always".to_owned())
            }
            Error::PinNotShown { why, .. } if *why == HOLDS_SECRET => {
                Some("--secrets redact packs it without the secret".to_owned())
            }
            Error::SecretsFound(_) => Some("--secrets redact replaces them; a line that says ctxpack:allow is let be".to_owned()),
            Error::PinNotShown { .. } => {
                Some("only text of up to 4 MiB a file is packed: pin another file, or none".to_owned())
            }
            Error::BadRevision { .. } => {
                Some("`git log --oneline -5` and `git branch` list revisions to choose from".to_owned())
            }
            Error::Index(_) => Some("git status shows what is staged".to_owned()),
            Error::Config { .. } => None,
        };
        let mut failure = Self::new(error.to_string());
        if let Error::SecretsFound(places) = &error {
            failure.code = 1;
            let mut places = places.iter().cloned();
            failure.message = places.next().unwrap_or_default();
            failure.details = places.collect();
        }
        failure.hints.extend(hint);
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: Error, message: &str, hint: &str) {
        let failure = Failure::from(error);
        assert_eq!(
            (failure.message.as_str(), failure.hints.join("|").as_str()),
            (message, hint)
        );
    }

    fn small(unit: &'static str, what: &'static str) -> Error {
        Error::BudgetTooSmall {
            budget: 10,
            needed: 95,
            unit,
            what,
        }
    }

    #[test]
    fn a_budget_that_is_too_small_names_one_that_would_do() {
        check(
            Error::BudgetTooSmall {
                budget: 1,
                needed: 9,
                unit: "bytes",
                what: "the frame",
            },
            "the budget of 1 byte is too small: the frame needs at least 9",
            "ctxpack --budget 9B",
        );
        check(
            small("tokens", "the frame"),
            "the budget of 10 tokens is too small: the frame needs at least 95",
            "ctxpack --budget 95",
        );
        check(
            small("characters", "the frame"),
            "the budget of 10 characters is too small: the frame needs at least 95",
            "ctxpack --budget 95c",
        );
        check(
            small("bytes", "the frame with the pinned items"),
            "the budget of 10 bytes is too small: the frame with the pinned items needs at least 95",
            "ctxpack --budget 95B, or pin less",
        );
    }
}
