//! Renderings: each candidate written at several sizes, with cost and value.
//!
//! The value of a rendering is an estimate with a meaning: the probability that what it shows is needed for the task. It is
//! the same unit for code, notes and sessions, so that they can share one budget.

pub mod files;
pub mod lines;
pub mod memory;
mod sizes;

use crate::emit::{self, Item};
use crate::request::{Budget, Format, Kind, RenderingName};
use crate::tokens::Tokenizer;

/// One way to write a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendering {
    /// Its name.
    pub name: RenderingName,
    /// Lines of the candidate that it shows verbatim, ascending, disjoint.
    pub lines: Vec<(u32, u32)>,
    /// Its text, where that is not the lines.
    pub text: Option<String>,
    /// What it takes of the budget, framing included, in the budget's unit.
    pub cost: usize,
    /// Unitless, >= 0.
    pub value: f64,
}

/// All ways to write one candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Renderings {
    /// What is written.
    pub subject: Subject,
    /// In any order; never empty.
    pub options: Vec<Rendering>,
    /// Whether it must be in; then there is one option.
    pub pinned: bool,
}

/// What a menu is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Index into the shortlist.
    File(usize),
    /// Index into the atoms.
    Note(usize),
    /// Index into the sessions.
    Session(usize),
}

/// Measures text in the unit of the budget.
#[derive(Debug, Clone, Copy)]
pub struct Measure<'a> {
    /// The unit.
    pub budget: &'a Budget,
    /// How tokens are counted.
    pub tokenizer: Tokenizer,
    /// The format that framing is counted in.
    pub format: Format,
}

impl Measure<'_> {
    /// The budget in its own unit.
    pub fn limit(&self) -> usize {
        match *self.budget {
            Budget::Tokens(n) | Budget::Characters(n) | Budget::Bytes(n) => n,
        }
    }

    /// Size of a text.
    pub fn text(&self, text: &str) -> usize {
        match self.budget {
            Budget::Tokens(_) => self.tokenizer.count(text),
            Budget::Characters(_) => text.chars().count(),
            Budget::Bytes(_) => text.len(),
        }
    }

    /// Size of what stands around a file's text.
    pub fn frame(&self, path: &str) -> usize {
        self.item(&Item {
            id: format!("file:{path}"),
            kind: Kind::File,
            path: path.to_owned(),
            rendering: RenderingName::Excerpt,
            lines: Vec::new(),
            labels: Vec::new(),
            text: "<\n".to_owned(), // what needs a CDATA section nearly all code needs
            tokens: 0,
            value: 0.0,
            relevance: 0.0,
            recency: 0.0,
            reasons: Vec::new(),
        })
    }

    /// Size of a whole item.
    pub fn item(&self, item: &Item) -> usize {
        self.text(&emit::item(self.format, item))
    }
}
