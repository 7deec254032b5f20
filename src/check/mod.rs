//! Whether what models read stays as small as was agreed: limits on files, judged.
//!
//! An [`Entry`] says which files, how much, and how fast they may grow; [`measure()`] counts them, on all cores, and [`judge()`] turns
//! counts into rows and findings. A limit that matches nothing fails, because a gate that nothing passes through is open. Nothing
//! is written and nothing is printed here; limits are reviewed like code, and so stand in the repository.

mod code;
mod judge;
mod limits;
mod measure;
mod pins;

pub use code::{Code, Level};
pub use judge::{Finding, Report, Row, Status, Sums, judge, sums};
pub use limits::{LIMITS, Named, Scope, Unit, named};
pub use measure::{Counting, Files, Measured, Size, measure, measure_base, measure_text};
pub use pins::{Pins, pins};

use crate::request::Budget;

/// One limit on some files.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// Globs that its files match; empty takes all.
    pub include: Vec<String>,
    /// Globs of files that are not meant.
    pub exclude: Vec<String>,
    /// How much is allowed; without one only growth is judged.
    pub limit: Option<Limit>,
    /// How fast it may grow.
    pub max_growth: Option<Growth>,
    /// What whoever broke it should know; may be empty.
    pub message: String,
    /// Where it is written down; `None` where it was typed, or is built in.
    pub place: Option<Place>,
    /// Whether it is one that nobody asked for: then it is content to match nothing.
    pub is_built_in: bool,
}

/// How much is allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// All files together.
    Together(Budget),
    /// Each file alone.
    Each(Budget),
    /// What a host takes.
    Host(&'static Named),
}

/// How much larger than before something may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// Hundredths of a percent.
    Share(u32),
    /// Tokens.
    Tokens(usize),
}

impl Growth {
    /// The most that `base` tokens may become.
    pub fn most(self, base: usize) -> usize {
        match self {
            Self::Tokens(n) => base.saturating_add(n),
            Self::Share(share) => {
                let grown = base as u128 * (10_000 + u128::from(share)) / 10_000;
                usize::try_from(grown).unwrap_or(usize::MAX)
            }
        }
    }
}

/// Lines of a config file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the root.
    pub path: String,
    /// The line of the entry, from 1.
    pub line: u32,
    /// The line of its limit.
    pub limit_line: u32,
    /// The line of its growth.
    pub growth_line: u32,
}

/// The limits that hold whoever asks: of files that hosts load by their names.
pub fn built_in() -> Vec<Entry> {
    let with_names = LIMITS.iter().filter(|limit| !limit.files.is_empty());
    let entry = |limit: &'static Named| Entry {
        name: limit.name.to_owned(),
        include: limit.files.iter().map(|name| (*name).to_owned()).collect(),
        exclude: Vec::new(),
        limit: Some(Limit::Host(limit)),
        max_growth: None,
        message: String::new(),
        place: None,
        is_built_in: true,
    };
    with_names.map(entry).collect()
}
