//! JSON: the manifest with each item's text, one item a line.
//!
//! The same keys as the manifest, plus `about` (the first line of the other formats), `labels` and `text` of an item,
//! and the length of the lists of which a bundle repeats the start alone: a tree of fifty thousand files must not spend
//! the budget on what is not in the bundle. For the same reason what more budget would add (`next`) stands in the manifest alone.

use super::frame::{PREAMBLE, affordable, ended, labels, shown_task};
use super::manifest::{
    ChanceEntry, ItemEntry, OmittedEntry, SCHEMA, SolverEntry, TaskEntry, ToolEntry, WarningEntry,
    source_word, to_line,
};
use super::{Account, Item, Shape};
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) const SHAPE: Shape = Shape {
    head,
    item,
    separator: ",\n",
    tail,
};

#[derive(Serialize)]
struct Head {
    schema: u32,
    about: &'static str,
    tool: ToolEntry,
    budget: usize,
    tokens: usize,
    tokenizer: &'static str,
    task: TaskEntry,
    solver: SolverEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    chance: Option<ChanceEntry>,
}

#[derive(Serialize)]
struct ItemWithText<'a> {
    #[serde(flatten)]
    entry: ItemEntry,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<&'static str, &'a str>,
    text: &'a str,
}

fn head(account: &Account, tokens: usize) -> String {
    let mut head = to_line(&Head {
        schema: SCHEMA,
        about: PREAMBLE,
        tool: ToolEntry::this(),
        budget: account.budget,
        tokens,
        tokenizer: account.tokenizer,
        task: TaskEntry {
            source: source_word(account.task.source).to_owned(),
            text: shown_task(account),
        },
        solver: SolverEntry::from(&account.proof),
        chance: account.chance.as_ref().map(ChanceEntry::from),
    });
    // The object stays open for the items.
    head.pop();
    head.push_str(",\"items\":[\n");
    head
}

fn item(item: &Item) -> String {
    to_line(&ItemWithText {
        entry: ItemEntry::from(item),
        labels: labels(item).collect(),
        text: &ended(&item.text),
    })
}

fn tail(account: &Account) -> String {
    let omitted = account
        .omitted
        .iter()
        .map(|omitted| to_line(&OmittedEntry::from(omitted)));
    let warnings = account
        .warnings
        .iter()
        .map(|warning| to_line(&WarningEntry::from(warning)));
    format!(
        "\n],\"omitted\":[\n{}\n],\"omitted_total\":{},\"warnings\":[\n{}\n],\"warnings_total\":{}}}\n",
        affordable(omitted, account).join(",\n"),
        account.omitted.len(),
        affordable(warnings, account).join(",\n"),
        account.warnings.len(),
    )
}
