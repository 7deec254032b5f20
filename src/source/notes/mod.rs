//! Memory notes: what people and agents wrote down for later, split into atoms.

/// The smallest unit of a note that is packed and cited: a bullet with its children, a dated entry, a short section, an ADR.
#[derive(Debug, Clone, PartialEq)]
pub struct Atom {
    /// Path of the note, relative to the root, or `~/...` for a store in the home directory.
    pub path: String,
    /// First and last line in the note, 1-based inclusive.
    pub lines: (u32, u32),
    /// Headings above it, outermost first.
    pub heading: Vec<String>,
    /// Its text, verbatim, ending in a newline.
    pub text: String,
    /// What kind of knowledge it is; sets how it ages.
    pub class: Class,
    /// When it was written, Unix seconds, and how that is known.
    pub date: Option<(i64, DateSource)>,
    /// Paths, backticked identifiers and commits that it names.
    pub anchors: Vec<String>,
}

/// What kind of knowledge an atom is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Class {
    Principle,
    Decision,
    Preference,
    Gotcha,
    Fact,
    Status,
    Handoff,
}

/// How a date is known, most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum DateSource {
    Record,
    Heading,
    Git,
    Mtime,
}
