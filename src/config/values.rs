//! What a value of a config file should be, and where in the file it is not.
//!
//! Read as a table with positions rather than through serde, because a mistake is answered with its line and its column.

use crate::cli::failure::{Failure, Outcome};
use ctxpack::error::Error;
use ctxpack::guard::secrets::find;
use std::borrow::Cow;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value that is wrong, and where in the file if not at its beginning.
pub(super) struct Wrong {
    pub failure: Failure,
    pub offset: Option<usize>,
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            offset: None,
        }
    }
}

/// The entries of a table in the order in which they stand in the file.
pub(super) fn in_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(&'a Spanned<Cow<'i, str>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

pub(super) fn wrong_at(offset: usize, failure: Failure) -> Wrong {
    Wrong {
        failure,
        offset: Some(offset),
    }
}

pub(super) fn expected(what: &str) -> Failure {
    Failure::new(format!("expected {what}"))
}

pub(super) fn string<'a>(value: &'a DeValue<'_>, example: &str) -> Outcome<&'a str> {
    value
        .as_str()
        .ok_or_else(|| expected(&format!("a string such as {example}")))
}

pub(super) fn strings(value: &DeValue<'_>) -> Outcome<Vec<String>> {
    let wrong = || expected("a list of strings such as [\"docs/**\"]");
    value
        .as_array()
        .ok_or_else(wrong)?
        .iter()
        .map(|item| item.get_ref().as_str().map(str::to_owned).ok_or_else(wrong))
        .collect()
}

/// Refuses a name that looks like a secret: names are shown, and stand in the lock.
pub(super) fn no_secret(name: &str, at: usize) -> Result<(), Wrong> {
    match find(name).is_empty() {
        true => Ok(()),
        false => Err(wrong_at(
            at,
            expected("a name that does not look like a secret"),
        )),
    }
}

pub(super) fn in_file(path: &Path, message: String) -> Failure {
    Failure::from(Error::Config {
        path: path.to_owned(),
        message,
    })
}

/// Line and column of a byte offset, both from 1; columns count characters.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before: String = text
        .char_indices()
        .take_while(|(at, _)| *at < offset)
        .map(|(_, c)| c)
        .collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}
