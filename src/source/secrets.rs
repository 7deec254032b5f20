//! What becomes of the secrets that are met on the way in: names and atoms are redacted, and every place is told.

use super::cleared;
use super::notes::Atom;
use super::sessions::Session;
use super::tree::Tree;
use crate::cache::Cache;
use crate::error::{Error, Warning};
use crate::guard::secrets::{self, Redaction, redact};
use crate::request::Secrets;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The code of the warning that tells how many secrets there were, and of those that tell where.
pub const SECRETS_TOLD: &str = "secrets-redacted";
/// See [`SECRETS_TOLD`].
pub const SECRET_TOLD: &str = "secret-redacted";

/// Redacts what is shown of the names of files; two that look alike then are numbered.
pub(super) fn redact_paths(cache: Option<&Cache>, tree: &mut Tree) {
    let label = tree.label.len();
    let below: Vec<&str> = tree.entries.iter().map(|it| &it.path[label..]).collect();
    let redacted = cleared::redact_names(cache, &below);
    let mut taken = rustc_hash::FxHashMap::default();
    for (idx, below) in redacted {
        let mut path = format!("{}{below}", &tree.entries[idx].path[..label]);
        let n: &mut usize = taken.entry(below).or_default();
        *n += 1;
        if *n > 1 {
            path.push_str(&format!("~{n}"));
        }
        tree.entries[idx].show_as(path.into());
    }
    for warning in &mut tree.warnings {
        redact_warning(warning);
    }
}

fn redact_warning(warning: &mut Warning) {
    for text in [&mut warning.path, &mut warning.message] {
        if let Cow::Owned(redacted) = redact(text) {
            *text = redacted;
        }
    }
}

/// Redacts the atoms of stores in the home directory; those of files come redacted.
pub(super) fn redact_atoms(
    found: &mut Vec<(Atom, Option<usize>)>,
    how: Secrets,
    warnings: &mut Vec<Warning>,
) {
    if how == Secrets::Off {
        return;
    }
    let mut by_path: BTreeMap<String, Vec<Redaction>> = BTreeMap::new();
    found.retain_mut(|(atom, file)| {
        if file.is_some() {
            return true;
        }
        let (text, mut redactions) = secrets::redact_in(None, &atom.text);
        if let Cow::Owned(text) = text {
            atom.text = text;
        }
        let words = atom
            .heading
            .iter_mut()
            .chain(&mut atom.anchors)
            .chain(&mut atom.keys)
            .chain(&mut atom.supersedes)
            .chain(&mut atom.applies_to)
            .chain(&mut atom.gone);
        for word in words.chain([&mut atom.path, &mut atom.status]) {
            if let Cow::Owned(redacted) = redact(word) {
                *word = redacted;
            }
        }
        redactions
            .iter_mut()
            .for_each(|it| it.line += atom.lines.0.saturating_sub(1));
        let is_clean = redactions.is_empty();
        by_path
            .entry(atom.path.clone())
            .or_default()
            .extend(redactions);
        is_clean || how != Secrets::Exclude
    });
    for (path, mut redactions) in by_path {
        redactions.sort_unstable();
        redactions.dedup();
        warnings.extend(told(&path, &redactions, how));
    }
}

/// Tells of the secrets that were said in sessions, whose readers redact them; leaves those sessions out where that is asked for.
pub(super) fn tell_sessions(
    sessions: &mut Vec<Session>,
    how: Secrets,
    warnings: &mut Vec<Warning>,
) {
    sessions.retain(|session| {
        let texts = session
            .turns
            .iter()
            .map(|turn| turn.text.as_str())
            .chain([session.digest.summary.as_str()]);
        // a turn has no line that anybody could look up
        let redactions: Vec<Redaction> = texts
            .flat_map(secrets::redactions)
            .map(|it| Redaction { line: 0, ..it })
            .collect();
        if how != Secrets::Off {
            warnings.extend(told(&session.path, &redactions, how));
        }
        redactions.is_empty() || how != Secrets::Exclude
    });
}

/// Places of one file that are named.
const MAX_PLACES: usize = 5;

/// The warning that a file held secrets: never what they are.
pub(super) fn told(path: &str, redactions: &[Redaction], how: Secrets) -> Option<Warning> {
    if redactions.is_empty() {
        return None;
    }
    let place = |it: &Redaction| match it.line {
        0 => it.kind.to_owned(),
        line => format!("line {line}: {}", it.kind),
    };
    let mut places: Vec<String> = redactions.iter().map(place).collect();
    places.dedup();
    let n_more = places.len().saturating_sub(MAX_PLACES);
    places.truncate(MAX_PLACES);
    if n_more > 0 {
        places.push(format!("and {n_more} more"));
    }
    let done = if how == Secrets::Exclude {
        "left out, for it holds"
    } else {
        "redacted"
    };
    let plural = if redactions.len() == 1 { "" } else { "s" };
    let message = format!(
        "{done} {} secret{plural}: {}",
        redactions.len(),
        places.join(", ")
    );
    Some(Warning::new(SECRET_TOLD, path, message))
}

/// One warning for all that tell of secrets, to go before them; or the error, where secrets are to fail the run.
///
/// # Errors
/// [`Error::SecretsFound`].
pub fn tell_secrets(how: Secrets, warnings: &mut Vec<Warning>) -> Result<(), Error> {
    let told: Vec<&Warning> = warnings
        .iter()
        .filter(|warning| warning.code == SECRET_TOLD)
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    if how == Secrets::Fail {
        let mut told = told;
        told.sort();
        let places = told.iter().map(|warning| {
            format!(
                "{}: {}",
                warning.path,
                warning.message.replacen("redacted", "holds", 1)
            )
        });
        let first = format!(
            "secrets in {} place{}",
            told.len(),
            if told.len() == 1 { "" } else { "s" }
        );
        return Err(Error::SecretsFound(
            [first].into_iter().chain(places).collect(),
        ));
    }
    let n_secrets: usize = told
        .iter()
        .filter_map(|warning| number_in(&warning.message))
        .sum();
    let done = if how == Secrets::Exclude {
        "left out with what holds them"
    } else {
        "redacted"
    };
    let message = format!(
        "{n_secrets} secret{} {done}, in {} place{}; `ctxpack --secrets fail` lists them",
        if n_secrets == 1 { "" } else { "s" },
        told.len(),
        if told.len() == 1 { "" } else { "s" },
    );
    warnings.push(Warning::new(SECRETS_TOLD, "", message));
    Ok(())
}

/// The first number in a message of [`told`].
fn number_in(message: &str) -> Option<usize> {
    message.split(' ').find_map(|word| word.parse().ok())
}
