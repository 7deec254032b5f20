//! Settings from files and the environment, each with the place it came from.
//!
//! A layer (the flags, the environment, a project's `ctxpack.toml`, the user's `config.toml`) is one [`Settings`]; [`merge`] lays
//! them over one another. A project's file comes with the repository, perhaps from a stranger: it may narrow and shape a bundle,
//! but it names no output, no root and no store, reads nothing outside of itself, and spends no more than the user would.

mod bundle;
mod check;
mod environment;
mod file;
mod globs;
mod keys;
mod limits;
mod memory;
mod names;
mod values;
mod weights;

pub use bundle::BundleEntry;
pub use check::{CheckEntry, parse_growth, parse_limit};
pub use environment::environment;
pub use file::{PROJECT_FILE, Trust, read, read_staged, repository, user_file};
pub use keys::parse;
pub use limits::within;
pub use names::{parse_format, parse_kinds, parse_model, parse_secrets, parse_tokenizer};

use crate::cli::budget::Size;
use ctxpack::request::{Format, Kinds, Memory, Secrets};
use ctxpack::score::model::Model as Weights;
use ctxpack::tokens::Tokenizer;
use ctxpack::tokens::models::Model;
use std::collections::BTreeMap;

/// One layer of settings. `None` and empty lists say nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// The most the bundle may hold.
    pub budget: Option<Size>,
    /// Whose window and tokenizer.
    pub model: Option<Model>,
    /// How tokens are counted, if not as the model of the same or a lower layer does.
    pub tokenizer: Option<Tokenizer>,
    /// Shape of the bundle.
    pub format: Option<Format>,
    /// Globs to narrow to; the highest layer that has any wins.
    pub include: Vec<String>,
    /// Globs to leave out; layers add up.
    pub exclude: Vec<String>,
    /// Globs that must be in; layers add up.
    pub pin: Vec<String>,
    /// Kinds to consider; the highest layer that has `only` or `without` wins.
    pub kinds: Option<Kinds>,
    /// Whether stores in the home directory are read.
    pub home: Option<bool>,
    /// Whether anything is kept for later runs.
    pub cache: Option<bool>,
    /// Folders of notes; layers add up.
    pub memory: Vec<Memory>,
    /// What features weigh; the highest layer that has any wins. A feature that it does not name weighs what it does by default.
    pub weights: Option<Weights>,
    /// What becomes of secrets; of a project's file only what is stricter than the user's word.
    pub secrets: Option<Secrets>,
    /// Limits on what is read; a project's alone.
    pub check: Vec<CheckEntry>,
    /// Named bundles; a project's alone.
    pub bundle: Vec<BundleEntry>,
    /// The line of each key that a file sets, of the highest layer that is a file.
    pub lines: BTreeMap<&'static str, usize>,
}

/// What `layers` say together, highest first.
pub fn merge(layers: &[Settings]) -> Settings {
    let mut merged = Settings::default();
    for layer in layers {
        merged.budget = merged.budget.or(layer.budget);
        // A model decides how tokens are counted, unless the same layer or a higher one names a tokenizer.
        if merged.model.is_none() {
            merged.tokenizer = merged.tokenizer.or(layer.tokenizer);
            merged.model = layer.model;
        }
        merged.format = merged.format.or(layer.format);
        if merged.include.is_empty() {
            merged.include.clone_from(&layer.include);
        }
        for (all, more) in [
            (&mut merged.exclude, &layer.exclude),
            (&mut merged.pin, &layer.pin),
        ] {
            for glob in more {
                if !all.contains(glob) {
                    all.push(glob.clone());
                }
            }
        }
        for folder in &layer.memory {
            if !merged.memory.contains(folder) {
                merged.memory.push(folder.clone());
            }
        }
        merged.kinds = merged.kinds.or(layer.kinds);
        merged.home = merged.home.or(layer.home);
        merged.cache = merged.cache.or(layer.cache);
        merged.secrets = merged.secrets.or(layer.secrets);
        if merged.lines.is_empty() {
            merged.lines.clone_from(&layer.lines);
        }
        if merged.check.is_empty() {
            merged.check.clone_from(&layer.check);
        }
        if merged.bundle.is_empty() {
            merged.bundle.clone_from(&layer.bundle);
        }
        if merged.weights.is_none() {
            merged.weights.clone_from(&layer.weights);
        }
    }
    merged
}

/// What the tests of all files here begin with.
#[cfg(test)]
mod testing {
    use super::*;
    use crate::cli::failure::Outcome;
    use std::path::Path;

    pub fn project(text: &str) -> Outcome<Settings> {
        parse(text, Path::new("ctxpack.toml"), Trust::Project)
    }

    pub fn layer(text: &str) -> Settings {
        parse(text, Path::new("x"), Trust::User).unwrap()
    }

    #[track_caller]
    pub fn check_wrong(text: &str, message: &str, hint: &str) {
        let failure = project(text).unwrap_err();
        assert_eq!(
            (failure.message.as_str(), failure.hints.join("|").as_str()),
            (format!("ctxpack.toml: {message}").as_str(), hint)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::testing::layer;
    use super::*;
    use ctxpack::request::Budget;

    #[test]
    fn higher_layers_win_and_exclusions_add_up() {
        let merged = merge(&[
            layer("budget = 1\nexclude = [\"a\"]"),
            layer(
                "budget = 2\nformat = \"json\"\ninclude = [\"i\"]\nexclude = [\"b\", \"a\"]\nonly = [\"notes\"]",
            ),
            layer(
                "format = \"plain\"\ninclude = [\"j\"]\nexclude = [\"c\"]\nwithout = [\"notes\"]\nhome = false",
            ),
        ]);
        assert_eq!(merged.budget, Some(Size::Plain(Budget::Tokens(1))));
        assert_eq!(merged.format, Some(Format::Json));
        assert_eq!(merged.include, ["i"]);
        assert_eq!(merged.exclude, ["a", "b", "c"]);
        assert_eq!(
            merged.kinds,
            Some(Kinds {
                files: false,
                notes: true,
                sessions: false
            })
        );
        assert_eq!(merged.home, Some(false));
    }

    #[track_caller]
    fn check_counting(layers: &[&str], model: Option<&str>, tokenizer: Option<Tokenizer>) {
        let layers: Vec<Settings> = layers.iter().map(|text| layer(text)).collect();
        let merged = merge(&layers);
        assert_eq!(
            (merged.model.map(|model| model.name), merged.tokenizer),
            (model, tokenizer)
        );
    }

    #[test]
    fn a_model_beats_the_tokenizer_of_a_lower_layer() {
        let cl = Some(Tokenizer::Cl100kBase);
        check_counting(
            &["model = 'gpt-4o'", "tokenizer = 'cl100k'"],
            Some("gpt-4o"),
            None,
        );
        check_counting(
            &["tokenizer = 'cl100k'", "model = 'gpt-4o'"],
            Some("gpt-4o"),
            cl,
        );
        check_counting(
            &["model = 'gpt-4o'\ntokenizer = 'cl100k'"],
            Some("gpt-4o"),
            cl,
        );
        check_counting(
            &["model = 'gpt-4'", "model = 'gpt-4o'"],
            Some("gpt-4"),
            None,
        );
    }
}
