//! The bundle's text in each format, and the manifest that accounts for it.

use crate::error::Warning;
use crate::render::RenderingName;
use crate::request::{Format, Kind, Task};

/// One item of the bundle, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Stable identity, for example `file:src/lib.rs`.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Path relative to the root, with `/`; odd bytes percent-escaped.
    pub path: String,
    /// How it is written.
    pub rendering: RenderingName,
    /// The file's own lines that stand in `text` verbatim, 1-based inclusive, ascending, disjoint.
    pub lines: Vec<(u32, u32)>,
    /// Labels shown beside the path (`date`, `class`, ...), in this order; keys match `[a-z]+`.
    pub labels: Vec<(&'static str, String)>,
    /// What is shown. Ends in a newline unless empty. Any Unicode text.
    pub text: String,
    /// Cost, framing included.
    pub tokens: usize,
    /// What the solver added up for it.
    pub value: f64,
    /// In `[0, 1]`.
    pub relevance: f64,
    /// In `[0, 1]`.
    pub recency: f64,
    /// Why it was taken, best first.
    pub reasons: Vec<String>,
}

/// A candidate that was left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Omitted {
    /// Stable identity.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Path relative to the root.
    pub path: String,
    /// Tokens of it in full (an estimate where it was never counted).
    pub tokens_full: usize,
    /// In `[0, 1]`.
    pub relevance: f64,
    /// Why it was left out.
    pub reason: &'static str,
}

/// What the solver proves about its choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proof {
    /// Value of the selection.
    pub value: f64,
    /// No selection can be worth more, for the additive model.
    pub bound: f64,
    /// Whether the selection is proven best.
    pub exact: bool,
}

/// Everything that stands in a bundle or its manifest.
#[derive(Debug, Clone)]
pub struct Account {
    /// The limit on tokens the bundle was made for (as tokens; see `Budget`).
    pub budget: usize,
    /// Tokenizer's name.
    pub tokenizer: &'static str,
    /// What the reader is about to do, given or inferred.
    pub task: Task,
    /// What the solver proves.
    pub proof: Proof,
    /// In bundle order.
    pub items: Vec<Item>,
    /// Most relevant first.
    pub omitted: Vec<Omitted>,
    /// Sorted.
    pub warnings: Vec<Warning>,
}

/// The finished bundle.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The exact text to write.
    pub text: String,
    /// Exact tokens of `text`.
    pub tokens: usize,
    /// What stands in it and what does not.
    pub account: Account,
    /// The shape of `text`.
    pub format: Format,
}
