//! Names that flags, variables and config files share: of models, encodings, formats and kinds.
//!
//! Whatever is not known is answered with what is, the nearest first.

use crate::cli::failure::{Failure, Outcome};
use crate::cli::suggest;
use ctxpack::request::{Format, Kinds, Secrets};
use ctxpack::tokens::Tokenizer;
use ctxpack::tokens::models::{Model, known_models, model};

/// The model called `name`.
///
/// # Errors
/// An unknown name; the hints name the nearest and list the known ones, nearest first.
pub fn parse_model(name: &str) -> Outcome<Model> {
    model(name.trim()).ok_or_else(|| {
        let known = suggest::nearest_first(name, known_models().map(|model| model.name));
        let failure = Failure::new(format!("unknown model `{name}`"));
        let failure = match suggest::nearest(name, known.iter().copied()) {
            Some(meant) => failure.hint(format!("did you mean --model {meant}?")),
            None => failure,
        };
        failure.hint(format!("known models: {}", known.join(", ")))
    })
}

/// The encoding called `name`: `o200k_base`, or `o200k` for short.
///
/// # Errors
/// An unknown name.
pub fn parse_tokenizer(name: &str) -> Outcome<Tokenizer> {
    const ALL: [Tokenizer; 2] = [Tokenizer::O200kBase, Tokenizer::Cl100kBase];
    ALL.into_iter()
        .find(|known| known.name() == name || known.name().strip_suffix("_base") == Some(name))
        .ok_or_else(|| {
            let known = suggest::nearest_first(name, ALL.map(Tokenizer::name));
            Failure::new(format!("unknown tokenizer `{name}`"))
                .hint(format!("one of {}", known.join(", ")))
        })
}

/// The format called `name`: `xml`, `markdown` (or `md`), `json` or `plain`.
///
/// # Errors
/// An unknown name.
pub fn parse_format(name: &str) -> Outcome<Format> {
    match name {
        "xml" => Ok(Format::Xml),
        "markdown" | "md" => Ok(Format::Markdown),
        "json" => Ok(Format::Json),
        "plain" | "text" => Ok(Format::Plain),
        _ => Err(Failure::new(format!("unknown format `{name}`"))
            .hint("one of xml, markdown, json, plain")),
    }
}

/// What is to become of secrets: `redact`, `exclude`, `fail` or `off`.
///
/// # Errors
/// An unknown word.
pub fn parse_secrets(name: &str) -> Outcome<Secrets> {
    match name {
        "redact" => Ok(Secrets::Redact),
        "exclude" => Ok(Secrets::Exclude),
        "fail" => Ok(Secrets::Fail),
        "off" => Ok(Secrets::Off),
        _ => Err(Failure::new(format!("--secrets {name}: no such way"))
            .hint("--secrets redact, exclude, fail or off")),
    }
}

/// The kinds left when only those of `only` are taken (all, where it is empty) and those of `without` are not.
///
/// # Errors
/// An unknown kind, or nothing left.
pub fn parse_kinds(only: &[String], without: &[String]) -> Outcome<Option<Kinds>> {
    if only.is_empty() && without.is_empty() {
        return Ok(None);
    }
    let mut kinds = Kinds {
        files: only.is_empty(),
        notes: only.is_empty(),
        sessions: only.is_empty(),
    };
    for (names, value) in [(only, true), (without, false)] {
        for name in names {
            let kind = match name.as_str() {
                "files" | "file" => &mut kinds.files,
                "notes" | "note" => &mut kinds.notes,
                "sessions" | "session" => &mut kinds.sessions,
                _ => {
                    return Err(Failure::new(format!("unknown kind `{name}`"))
                        .hint("one of files, notes, sessions"));
                }
            };
            *kind = value;
        }
    }
    if kinds
        == (Kinds {
            files: false,
            notes: false,
            sessions: false,
        })
    {
        return Err(
            Failure::new("no kind is left to pack").hint("--only files, or leave --without away")
        );
    }
    Ok(Some(kinds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_model_lists_the_nearest_first() {
        let failure = parse_model("gtp-5.5").unwrap_err();
        assert_eq!(failure.message, "unknown model `gtp-5.5`");
        assert_eq!(failure.hints[0], "did you mean --model gpt-5.5?");
        assert!(
            failure.hints[1].starts_with("known models: gpt-5.5, "),
            "{failure:?}"
        );
        for known in known_models() {
            assert!(failure.hints[1].contains(known.name), "{}", known.name);
        }
    }
}
