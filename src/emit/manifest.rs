//! The manifest: what a bundle holds, what it leaves out and why, for machines.
//!
//! These are wire types, apart from the pipeline's: a field renamed inside must not break a script outside. Numbers are
//! rounded to four decimals, so that a last bit that differs between machines changes no byte.

use super::{Bundle, Chance, Item, Omitted, Upgrade, frame::is_unruly};
use crate::error::Warning;
use crate::request::TaskSource;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Version of the manifest's shape; raised when a key changes its meaning or goes.
pub(super) const SCHEMA: u32 = 1;

/// The account of a bundle, as written to `--manifest` and read by other commands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this shape.
    pub schema: u32,
    /// What wrote the bundle.
    pub tool: ToolEntry,
    /// The most tokens the bundle was allowed.
    pub budget: usize,
    /// Exact tokens of the bundle.
    pub tokens: usize,
    /// How they were counted, for example `o200k_base`.
    pub tokenizer: String,
    /// What the bundle was made for.
    pub task: TaskEntry,
    /// How good the choice is.
    pub solver: SolverEntry,
    /// How probable it is that what has to change is in; absent where no file is a candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<ChanceEntry>,
    /// What stands in the bundle, in its order.
    pub items: Vec<ItemEntry>,
    /// What was left out, most relevant first.
    pub omitted: Vec<OmittedEntry>,
    /// What a little more budget would add, best value per token first.
    #[serde(default)]
    pub next: Vec<NextEntry>,
    /// Trouble met on the way.
    pub warnings: Vec<WarningEntry>,
}

/// The program and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolEntry {
    /// `ctxpack`.
    pub name: String,
    /// For example `0.1.0`.
    pub version: String,
}

/// The task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskEntry {
    /// `flag`, `file`, `stdin` or `inferred`.
    pub source: String,
    /// The text, as given.
    pub text: String,
}

/// What the solver proves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SolverEntry {
    /// Value of the selection.
    pub value: f64,
    /// No selection is worth more, for the model.
    pub bound: f64,
    /// (bound - value) / bound, in `[0, 1]`.
    pub gap: f64,
    /// Whether the selection is proven best, for the model.
    pub exact: bool,
    /// `additive`: values of items are added up, and that two items say the same is not seen.
    #[serde(default)]
    pub model: String,
    /// What 1,000 more tokens (characters, bytes: the unit of the budget) would buy at the margin, as a share of what everything would
    /// be worth; six decimals. 0 where everything is in.
    #[serde(default)]
    pub price: f64,
}

/// How probable it is that the bundle holds what has to change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChanceEntry {
    /// P(the place to change is among the lines shown), in `[0, 1]`.
    pub place: f64,
    /// P(a file to change has any line among them), in `[0, 1]`.
    pub file: f64,
}

/// What a little more budget would add: an item that is not in, or more of one that is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextEntry {
    /// Stable identity, for example `file:src/lib.rs`.
    pub id: String,
    /// `file`, `note` or `session`.
    pub kind: String,
    /// Relative to the root, with `/`.
    pub path: String,
    /// How it is written in the bundle; null where it is left out.
    pub from: Option<String>,
    /// How it would be written.
    pub to: String,
    /// Lines that would be shown and are not, 1-based inclusive.
    pub lines: Vec<(u32, u32)>,
    /// How much more than the budget it takes, in the budget's unit.
    pub cost: usize,
    /// Value that it would add, as a share of what everything would be worth; six decimals.
    pub value: f64,
}

/// One item of the bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemEntry {
    /// Stable identity, for example `file:src/lib.rs`.
    pub id: String,
    /// `file`, `note` or `session`.
    pub kind: String,
    /// Relative to the root, with `/`.
    pub path: String,
    /// `full`, `excerpt`, `outline`, `mention`, `digest` or `headline`.
    pub rendering: String,
    /// The file's own lines shown verbatim, 1-based inclusive.
    pub lines: Vec<(u32, u32)>,
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

/// One candidate that was left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OmittedEntry {
    /// Stable identity.
    pub id: String,
    /// `file`, `note` or `session`.
    pub kind: String,
    /// Relative to the root.
    pub path: String,
    /// Tokens of it in full.
    pub tokens_full: usize,
    /// In `[0, 1]`.
    pub relevance: f64,
    /// Why.
    pub reason: String,
}

/// One warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningEntry {
    /// Stable kebab-case code.
    pub code: String,
    /// What it is about; empty where it is about the whole run.
    pub path: String,
    /// One sentence for a person.
    pub message: String,
}

/// The account of `bundle` in the shape that leaves the program.
pub fn manifest(bundle: &Bundle) -> Manifest {
    let account = &bundle.account;
    Manifest {
        schema: SCHEMA,
        tool: ToolEntry::this(),
        budget: account.budget,
        tokens: bundle.tokens,
        tokenizer: account.tokenizer.to_owned(),
        task: TaskEntry {
            source: source_word(account.task.source).to_owned(),
            text: account.task.text.clone(),
        },
        solver: SolverEntry::from(&account.proof),
        chance: account.chance.as_ref().map(ChanceEntry::from),
        items: account.items.iter().map(ItemEntry::from).collect(),
        omitted: account.omitted.iter().map(OmittedEntry::from).collect(),
        next: account.next.iter().map(NextEntry::from).collect(),
        warnings: account.warnings.iter().map(WarningEntry::from).collect(),
    }
}

impl Manifest {
    /// JSON for a file: one key a line, and one line for each item, omitted candidate and warning, so that two
    /// manifests differ in the lines of what differs. Ends in a newline.
    pub fn to_json(&self) -> String {
        let mut json = String::from("{\n");
        let mut field = |key: &str, value: String| {
            // Writing to a String cannot fail.
            let _ = writeln!(json, "  \"{key}\": {value},");
        };
        field("schema", to_line(&self.schema));
        field("tool", to_line(&self.tool));
        field("budget", to_line(&self.budget));
        field("tokens", to_line(&self.tokens));
        field("tokenizer", to_line(&self.tokenizer));
        field("task", to_line(&self.task));
        field("solver", to_line(&self.solver));
        if let Some(chance) = &self.chance {
            field("chance", to_line(chance));
        }
        field("items", to_lines(&self.items));
        field("omitted", to_lines(&self.omitted));
        field("next", to_lines(&self.next));
        let _ = write!(json, "  \"warnings\": {}\n}}\n", to_lines(&self.warnings));
        json
    }
}

/// An array with an element a line.
fn to_lines<T: Serialize>(values: &[T]) -> String {
    if values.is_empty() {
        return "[]".to_owned();
    }
    let lines: Vec<String> = values.iter().map(to_line).collect();
    format!("[\n    {}\n  ]", lines.join(",\n    "))
}

/// JSON on one line. What could deceive a terminal or a reader of lines is escaped (`\u202e`): in JSON such characters
/// stand in strings alone, where the escape means the same.
pub(super) fn to_line<T: Serialize>(value: &T) -> String {
    // Serializing strings, numbers and lists of them cannot fail.
    let json = serde_json::to_string(value).unwrap_or_default();
    if !json.contains(is_unruly) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_unruly(c) {
            // Writing to a String cannot fail.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Four decimals; 0 for what JSON cannot hold.
pub(super) fn rounded(number: f64) -> f64 {
    rounded_to(number, 1e4)
}

/// Six decimals, for shares that are small where the budget is large.
fn finely_rounded(number: f64) -> f64 {
    rounded_to(number, 1e6)
}

fn rounded_to(number: f64, parts: f64) -> f64 {
    let rounded = (number * parts).round() / parts;
    // Adding zero turns -0 into 0.
    if rounded.is_finite() {
        rounded + 0.0
    } else {
        0.0
    }
}

pub(super) fn source_word(source: TaskSource) -> &'static str {
    match source {
        TaskSource::Flag => "flag",
        TaskSource::File => "file",
        TaskSource::Stdin => "stdin",
        TaskSource::Inferred => "inferred",
    }
}

impl ToolEntry {
    pub(super) fn this() -> Self {
        Self {
            name: "ctxpack".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl From<&super::Proof> for SolverEntry {
    fn from(proof: &super::Proof) -> Self {
        let gap = if proof.bound > 0.0 {
            ((proof.bound - proof.value) / proof.bound).clamp(0.0, 1.0)
        } else {
            0.0
        };
        Self {
            value: rounded(proof.value),
            bound: rounded(proof.bound),
            gap: rounded(gap),
            exact: proof.exact,
            model: "additive".to_owned(),
            price: finely_rounded(proof.price),
        }
    }
}

impl From<&Chance> for ChanceEntry {
    fn from(chance: &Chance) -> Self {
        Self {
            place: rounded(chance.place),
            file: rounded(chance.file),
        }
    }
}

impl From<&Upgrade> for NextEntry {
    fn from(upgrade: &Upgrade) -> Self {
        Self {
            id: upgrade.id.clone(),
            kind: upgrade.kind.as_str().to_owned(),
            path: upgrade.path.clone(),
            from: upgrade.from.map(|name| name.as_str().to_owned()),
            to: upgrade.to.as_str().to_owned(),
            lines: upgrade.lines.clone(),
            cost: upgrade.cost,
            value: finely_rounded(upgrade.value),
        }
    }
}

impl From<&Item> for ItemEntry {
    fn from(item: &Item) -> Self {
        Self {
            id: item.id.clone(),
            kind: item.kind.as_str().to_owned(),
            path: item.path.clone(),
            rendering: item.rendering.as_str().to_owned(),
            lines: item.lines.clone(),
            tokens: item.tokens,
            value: rounded(item.value),
            relevance: rounded(item.relevance),
            recency: rounded(item.recency),
            reasons: item.reasons.clone(),
        }
    }
}

impl From<&Omitted> for OmittedEntry {
    fn from(omitted: &Omitted) -> Self {
        Self {
            id: omitted.id(),
            kind: omitted.kind.as_str().to_owned(),
            path: omitted.path.as_ref().to_owned(),
            tokens_full: omitted.tokens_full,
            relevance: rounded(omitted.relevance),
            reason: omitted.reason.to_owned(),
        }
    }
}

impl From<&Warning> for WarningEntry {
    fn from(warning: &Warning) -> Self {
        Self {
            code: warning.code.to_owned(),
            path: warning.path.clone(),
            message: warning.message.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_finite() {
        let check = |number: f64, expected: &str| assert_eq!(to_line(&rounded(number)), expected);
        check(0.000_615_1, "0.0006");
        check(812.449_99, "812.45");
        check(-0.000_01, "0.0");
        check(f64::NAN, "0.0");
        check(f64::INFINITY, "0.0");
        check(1e9, "1000000000.0");
    }

    #[test]
    fn strings_deceive_no_terminal() {
        let line = to_line(&"\u{9b}\u{7f}\u{202e}\u{2028}\u{ffff}\u{e0041}\x1bé");
        assert_eq!(
            line,
            r#""\u009b\u007f\u202e\u2028\uffff\udb40\udc41\u001bé""#
        );
        let back: Result<String, _> = serde_json::from_str(&line);
        assert_eq!(
            back.ok().as_deref(),
            Some("\u{9b}\u{7f}\u{202e}\u{2028}\u{ffff}\u{e0041}\x1bé")
        );
    }
}
