//! The bundle's text in each format, and the manifest that accounts for it.
//!
//! Every format keeps three promises. Structure cannot be forged: parsing a bundle gives back exactly its items,
//! whatever their paths, labels and texts hold. Contents stand verbatim, line by line, because a reader that has to
//! undo escapes misreads code. Costs add up: an item's cost is counted on the very text that the bundle holds, and
//! pieces meet at line ends, where tokenizers never merge. Contents come first and the task last, after a first line
//! that no task and no tree changes, so that a prompt cache can keep what stands before the first difference.
//!
//! A template language lost: escaping is the whole difficulty here, and a template hides where it happens.

mod frame;
mod json;
#[cfg(test)]
mod laws;
mod manifest;
mod markdown;
mod omitted;
mod plain;
mod read;
#[cfg(test)]
mod readers;
mod xml;

pub use manifest::{
    ChanceEntry, ItemEntry, Manifest, NextEntry, OmittedEntry, SolverEntry, TaskEntry, ToolEntry,
    WarningEntry, manifest,
};
pub use omitted::{Files, Omissions, Omitted};
pub use read::{NotWritten, Written, WrittenItem, read};

use crate::error::Warning;
use crate::request::RenderingName;
use crate::request::{Format, Kind, Task};
use crate::tokens::Tokenizer;

/// How a format writes a bundle: `head`, the items with `separator` between them, `tail`.
struct Shape {
    /// All before the first item. The number is the bundle's own count of tokens, for a format that states it.
    head: fn(&Account, usize) -> String,
    /// One item. Starts a line and, with `separator`, ends one.
    item: fn(&Item) -> String,
    separator: &'static str,
    /// All after the last item.
    tail: fn(&Account) -> String,
}

/// The list of formats.
fn shape(format: Format) -> &'static Shape {
    match format {
        Format::Xml => &xml::SHAPE,
        Format::Markdown => &markdown::SHAPE,
        Format::Json => &json::SHAPE,
        Format::Plain => &plain::SHAPE,
    }
}

/// The bundle's text, `account.items` in their order.
///
/// Exact for every format but JSON, which states its own count of tokens: here the budget stands in its place, a
/// number with at least as many digits. [`finish`] puts the true one.
pub fn write(format: Format, account: &Account) -> String {
    let shape = shape(format);
    let mut text = (shape.head)(account, account.budget);
    text.push_str(&body(shape, account));
    text
}

/// The bundle's text without its items: what a budget must hold at least.
pub fn frame(format: Format, account: &Account) -> String {
    let shape = shape(format);
    let mut text = (shape.head)(account, account.budget);
    text.push_str(&(shape.tail)(account));
    text
}

/// One item as it stands in the bundle, separator included: what its cost is counted on.
///
/// Costs of items and frame add up to the bundle's, but for the separator that the last item lacks (JSON, one token).
pub fn item(format: Format, item: &Item) -> String {
    let shape = shape(format);
    let mut text = (shape.item)(item);
    text.push_str(shape.separator);
    text
}

/// How often the JSON bundle's count of itself is tried. Two rounds do where a count of digits holds; see [`finish`].
const MOST_ROUNDS: usize = 8;

/// Writes the bundle and counts it. What [`item`] makes of each item is `tokens` of it long.
///
/// A JSON bundle states its own count, which is part of what is counted. More digits never cost fewer tokens, so
/// counting again from what was counted ends at a number that holds; should a tokenizer break that rule, the text
/// states the last number tried and `Bundle.tokens` is exact all the same.
/// Costs two or three counts of the whole text for JSON, else one of what stands around the items.
pub fn finish(format: Format, account: Account, tokenizer: Tokenizer) -> Bundle {
    let (text, tokens) = match format {
        Format::Json => settle(format, &account, |text| tokenizer.count(text)),
        _ => add_up(shape(format), &account, tokenizer),
    };
    debug_assert_eq!(tokens, tokenizer.count(&text));
    Bundle {
        text,
        tokens,
        account,
        format,
    }
}

/// The text, and its count from those of the items: they are counted again only where they do not add up.
fn add_up(shape: &Shape, account: &Account, tokenizer: Tokenizer) -> (String, usize) {
    let head = ((shape.head)(account, account.budget), None);
    let tail = ((shape.tail)(account), None);
    let items = account.items.iter().enumerate().map(|(idx, item)| {
        let separator = if idx > 0 { shape.separator } else { "" };
        let is_counted = shape.separator.is_empty();
        let mut text = (shape.item)(item);
        text.insert_str(0, separator);
        (text, is_counted.then_some(item.tokens))
    });
    let n_bytes = account
        .items
        .iter()
        .map(|item| item.text.len())
        .sum::<usize>();
    let (mut text, mut tokens) = (String::with_capacity(n_bytes + n_bytes / 8), 0);
    // the end of what was counted, and the count of what stands behind it, where that is known
    let (mut end, mut known) = (0, Some(0));
    for (part, count) in [head].into_iter().chain(items).chain([tail]) {
        if Tokenizer::adds_up(&text, &part) {
            tokens += known.unwrap_or_else(|| tokenizer.count(&text[end..]));
            (end, known) = (text.len(), count);
        } else {
            known = None;
        }
        text.push_str(&part);
    }
    tokens += known.unwrap_or_else(|| tokenizer.count(&text[end..]));
    (text, tokens)
}

/// The text that states its own count, where the format does, and the count.
fn settle(format: Format, account: &Account, count: impl Fn(&str) -> usize) -> (String, usize) {
    let shape = shape(format);
    let body = body(shape, account);
    let mut stated = account.budget;
    let (mut text, mut tokens) = (String::new(), 0);
    for _ in 0..MOST_ROUNDS {
        text = (shape.head)(account, stated);
        text.push_str(&body);
        tokens = count(&text);
        if tokens == stated || format != Format::Json {
            break;
        }
        stated = tokens;
    }
    (text, tokens)
}

/// Items and tail.
fn body(shape: &Shape, account: &Account) -> String {
    let mut text = String::new();
    for (item_idx, item) in account.items.iter().enumerate() {
        if item_idx > 0 {
            text.push_str(shape.separator);
        }
        text.push_str(&(shape.item)(item));
    }
    text.push_str(&(shape.tail)(account));
    text
}

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

/// What the solver proves about its choice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proof {
    /// Value of the selection.
    pub value: f64,
    /// No selection can be worth more, for the additive model.
    pub bound: f64,
    /// Whether the selection is proven best.
    pub exact: bool,
    /// Value that 1,000 more tokens (characters, bytes: the unit of the budget) would buy at the margin, as a share of what
    /// everything would be worth, so that 0.01 is a hundredth of all there is to have. 0 where everything is in.
    pub price: f64,
}

/// How probable it is that the bundle holds what has to change; each in `[0, 1]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// P(the place to change is among the lines shown).
    pub place: f64,
    /// P(a file to change has any line among them).
    pub file: f64,
}

/// What a little more budget would add: an item that is not in, or more of one that is.
#[derive(Debug, Clone, PartialEq)]
pub struct Upgrade {
    /// Stable identity.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Path relative to the root; of a session, its tool and id.
    pub path: String,
    /// How it is written in the bundle; `None` where it is left out.
    pub from: Option<RenderingName>,
    /// How it would be written.
    pub to: RenderingName,
    /// Lines that would be shown and are not, 1-based inclusive.
    pub lines: Vec<(u32, u32)>,
    /// How much more than the budget it takes, in the budget's unit; at least 1.
    pub cost: usize,
    /// Value that it would add, as a share of what everything would be worth.
    pub value: f64,
}

/// Everything that stands in a bundle or its manifest.
#[derive(Debug, Clone)]
pub struct Account {
    /// The limit on tokens the bundle was made for (as tokens; see `Budget`).
    pub budget: usize,
    /// Bytes of the task that may be repeated; of other lists beside the items, a share of it.
    pub room: usize,
    /// Tokenizer's name.
    pub tokenizer: &'static str,
    /// What the reader is about to do, given or inferred.
    pub task: Task,
    /// What the solver proves.
    pub proof: Proof,
    /// How probable it is that what has to change is in; `None` where no file is a candidate.
    pub chance: Option<Chance>,
    /// What a little more budget would add, best value per token first. Stands in the manifest alone.
    pub next: Vec<Upgrade>,
    /// In bundle order.
    pub items: Vec<Item>,
    /// Most relevant first.
    pub omitted: Omissions,
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
