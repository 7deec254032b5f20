//! A language's compiled query, and what each of its captures means.

use super::DefinitionKind;
use super::table::Row;
use tree_sitter::{Query, QueryError};

/// A compiled query with the meaning of each capture.
pub(super) struct Captures {
    pub(super) query: Query,
    /// By capture index.
    pub(super) roles: Vec<Role>,
}

/// What a captured node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `@definition.<kind>`: a definition, dropped inside functions; `@nested.<kind>`: kept there too.
    Definition { kind: DefinitionKind, nested: bool },
    /// `@name`: what the definition of this match is called.
    Name,
    /// `@body`: what the signature of this match's definition ends before.
    Body,
    /// `@leading`: a comment, attribute or decorator; belongs to the definition on the line below it.
    Leading,
    /// `@wrapper`: what begins earlier than the definition that it ends with, and belongs to it.
    Wrapper,
    /// `@import`: a statement that imports.
    Import,
    /// `@base`: a name that the innermost definition around it extends or implements.
    Base,
    /// `@reference.<anything>`: a use of a name.
    Reference,
    /// `@_<anything>`: for predicates alone.
    Private,
}

impl Role {
    fn from_capture(name: &str) -> Option<Self> {
        let (first, rest) = name.split_once('.').unwrap_or((name, ""));
        Some(match first {
            "definition" | "nested" => Self::Definition {
                kind: DefinitionKind::from_word(rest)?,
                nested: first == "nested",
            },
            "name" => Self::Name,
            "body" => Self::Body,
            "leading" => Self::Leading,
            "wrapper" => Self::Wrapper,
            "import" => Self::Import,
            "base" => Self::Base,
            "reference" => Self::Reference,
            private if private.starts_with('_') => Self::Private,
            _ => return None,
        })
    }
}

/// Why a row's queries do not work: only a mistake in `grammars/` can cause it, and a test finds that.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadQuery {
    #[error("there is no grammar")]
    NoGrammar,
    #[error("{0}")]
    Syntax(QueryError),
    #[error("no meaning is known for @{0}")]
    UnknownCapture(String),
}

/// Compiles a row's queries. Takes up to tens of milliseconds, so [`of`] does it once.
pub(super) fn compile(row: &Row) -> Result<Captures, BadQuery> {
    let grammar = row.grammar.ok_or(BadQuery::NoGrammar)?;
    let source: String = row
        .queries
        .iter()
        .flat_map(|(_, outline, tags)| [*outline, "\n", *tags, "\n"])
        .collect();
    let query = Query::new(&grammar.into(), &source).map_err(BadQuery::Syntax)?;
    let roles = query
        .capture_names()
        .iter()
        .map(|name| {
            Role::from_capture(name).ok_or_else(|| BadQuery::UnknownCapture(name.to_string()))
        })
        .collect::<Result<_, _>>()?;
    Ok(Captures { query, roles })
}

/// The captures of a row, compiled on first use and kept as long as the process.
pub(super) fn of(row: &'static Row) -> Option<&'static Captures> {
    row.captures.get_or_init(|| compile(row).ok()).as_ref()
}
