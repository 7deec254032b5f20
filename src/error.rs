//! What can go wrong: an [`Error`] ends the run, a [`Warning`] is carried into the manifest and the run goes on.

use std::path::PathBuf;

/// A reason why no bundle can be made. Each variant names the path, flag or key it is about.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path given by the user does not exist.
    #[error("{}: no such file or directory", .0.display())]
    NoSuchPath(PathBuf),
    /// A path of [`crate::request::Request::files`] lies below none of the roots.
    #[error("{}: lies outside of what is packed", .0.display())]
    Outside(PathBuf),
    /// A path could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path at fault.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The frame and the pinned items need more than the budget.
    #[error("the budget of {budget} {} is too small: {what} needs at least {needed}", of(*budget, unit))]
    BudgetTooSmall {
        /// The budget as given, in `unit`.
        budget: usize,
        /// The least budget that would do, in `unit`.
        needed: usize,
        /// `tokens`, `characters` or `bytes`.
        unit: &'static str,
        /// What does not fit: `the frame`, or `the frame with the pinned items`.
        what: &'static str,
    },
    /// A glob of `--include`, `--exclude` or `--pin` does not parse.
    #[error("{flag} {glob}: {message}")]
    BadGlob {
        /// The flag that carries it.
        flag: &'static str,
        /// The glob as given.
        glob: String,
        /// What is wrong with it.
        message: String,
    },
    /// `--pin` matched nothing.
    #[error("--pin {0}: no candidate matches")]
    PinMatchesNothing(String),
    /// `--pin` matched nothing but files that cannot be shown.
    #[error("--pin {glob}: {path} cannot be shown: {why}")]
    PinNotShown {
        /// The glob as given.
        glob: String,
        /// The first file that it matches.
        path: String,
        /// `binary`, `too large`, `unreadable`, `gone`, or that it is secret.
        why: &'static str,
    },
    /// `--secrets fail`, and there are some.
    #[error("{}", .0.join("\n"))]
    SecretsFound(Vec<String>),
    /// A revision that git does not know.
    #[error("{revision}: {message}")]
    BadRevision {
        /// The revision as given.
        revision: String,
        /// What is wrong with it.
        message: String,
    },
    /// What is staged cannot be read.
    #[error("what is staged: {0}")]
    Index(String),
    /// A config file that does not parse or holds an unknown key.
    #[error("{}: {message}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        message: String,
    },
}

/// `unit` for so many.
fn of(n: usize, unit: &'static str) -> &'static str {
    match n {
        1 => unit.trim_end_matches('s'),
        _ => unit,
    }
}

impl Error {
    /// An I/O error about `path`.
    pub fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        Self::Io {
            path: path.into(),
            source,
        }
    }
}

/// Trouble with one file or one store: the run goes on, the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// Stable kebab-case code, for example `unreadable` or `torn-record`.
    pub code: &'static str,
    /// What it is about, relative to the root; empty where it is about the whole run.
    pub path: String,
    /// One sentence for a person.
    pub message: String,
}

impl Warning {
    /// A warning with `code` about `path`.
    pub fn new(code: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            path: path.into(),
            message: message.into(),
        }
    }
}
