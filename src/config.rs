//! Settings from files and the environment, each with the place it came from.
//!
//! A layer (the flags, the environment, a project's `ctxpack.toml`, the user's `config.toml`) is one [`Settings`]; [`merge`] lays
//! them over one another. A project's file comes with the repository, perhaps from a stranger: it may narrow and shape a bundle,
//! but it names no output, no root and no store. Read as a table with positions rather than through serde, because an unknown key
//! is answered with its line, its column and the key that was probably meant.

use crate::cli::budget::{self, Size};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::suggest;
use ctxpack::error::Error;
use ctxpack::request::{Format, Kinds, Memory};
use ctxpack::score::files::FILE_FEATURES;
use ctxpack::score::model::Model as Weights;
use ctxpack::score::pieces::PIECE_FEATURES;
use ctxpack::tokens::Tokenizer;
use ctxpack::tokens::models::{Model, known_models, model};
use std::borrow::Cow;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The name of a project's file, at the root of the repository.
pub const PROJECT_FILE: &str = "ctxpack.toml";

/// Config files are short; whatever is longer is something else. In bytes.
const LIMIT: u64 = 256 << 10;

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
    /// Folders of notes; layers add up.
    pub memory: Vec<Memory>,
    /// What features weigh; the highest layer that has any wins. A feature that it does not name weighs what it does by default.
    pub weights: Option<Weights>,
}

/// How far a file is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It came with the repository.
    Project,
    /// The user wrote it.
    User,
}

/// A key of a config file.
struct Key {
    name: &'static str,
    /// Whether a project may set it.
    project: bool,
    /// Puts a value into the settings, or says what it should have been.
    set: fn(&mut Settings, &DeValue<'_>) -> Result<(), Wrong>,
}

/// A value that is wrong, and where in the file if not at its beginning.
struct Wrong {
    failure: Failure,
    offset: Option<usize>,
}

impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            offset: None,
        }
    }
}

/// Every key. A new one is one row here and one field of [`Settings`].
const KEYS: &[Key] = &[
    Key {
        name: "budget",
        project: true,
        set: |settings, value| {
            let size = match value {
                DeValue::Integer(n) if n.radix() == 10 => budget::parse(n.as_str())?,
                value => budget::parse(string(value, "\"32k\"")?)?,
            };
            settings.budget = Some(size);
            Ok(())
        },
    },
    Key {
        name: "model",
        project: true,
        set: |settings, value| {
            settings.model = Some(parse_model(string(value, "\"gpt-5.5\"")?)?);
            Ok(())
        },
    },
    Key {
        name: "tokenizer",
        project: true,
        set: |settings, value| {
            settings.tokenizer = Some(parse_tokenizer(string(value, "\"o200k_base\"")?)?);
            Ok(())
        },
    },
    Key {
        name: "format",
        project: true,
        set: |settings, value| {
            settings.format = Some(parse_format(string(value, "\"markdown\"")?)?);
            Ok(())
        },
    },
    Key {
        name: "include",
        project: true,
        set: |settings, value| {
            settings.include = strings(value)?;
            Ok(())
        },
    },
    Key {
        name: "exclude",
        project: true,
        set: |settings, value| {
            settings.exclude = strings(value)?;
            Ok(())
        },
    },
    Key {
        name: "pin",
        project: true,
        set: |settings, value| {
            settings.pin = strings(value)?;
            Ok(())
        },
    },
    Key {
        name: "only",
        project: true,
        set: |settings, value| Ok(set_kinds(settings, &strings(value)?, &[])?),
    },
    Key {
        name: "without",
        project: true,
        set: |settings, value| Ok(set_kinds(settings, &[], &strings(value)?)?),
    },
    Key {
        name: "home",
        project: false,
        set: |settings, value| {
            settings.home = Some(value.as_bool().ok_or_else(|| expected("true or false"))?);
            Ok(())
        },
    },
    Key {
        name: "weights",
        project: true,
        set: |settings, value| {
            settings.weights = Some(weights(value)?);
            Ok(())
        },
    },
    Key {
        name: "memory",
        project: true,
        set: |settings, value| {
            settings.memory = memory(value)?;
            Ok(())
        },
    },
];

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
        if merged.weights.is_none() {
            merged.weights.clone_from(&layer.weights);
        }
    }
    merged
}

/// Settings of the environment: `CTXPACK_BUDGET`, `CTXPACK_MODEL`, `CTXPACK_TOKENIZER`, `CTXPACK_FORMAT` and `CTXPACK_NO_HOME`.
/// An empty variable says nothing.
///
/// # Errors
/// A value that the flag of the same name would refuse.
pub fn environment(variable: &dyn Fn(&str) -> Option<String>) -> Outcome<Settings> {
    let read = |name: &str| variable(name).filter(|value| !value.is_empty());
    let mut settings = Settings::default();
    let in_variable = |name: &str, failure: Failure| Failure {
        message: format!("{name}: {}", failure.message),
        ..failure
    };
    if let Some(text) = read("CTXPACK_BUDGET") {
        let size = budget::parse(&text).map_err(|wrong| in_variable("CTXPACK_BUDGET", wrong))?;
        settings.budget = Some(size);
    }
    if let Some(text) = read("CTXPACK_MODEL") {
        let model = parse_model(&text).map_err(|wrong| in_variable("CTXPACK_MODEL", wrong))?;
        settings.model = Some(model);
    }
    if let Some(text) = read("CTXPACK_TOKENIZER") {
        let found =
            parse_tokenizer(&text).map_err(|wrong| in_variable("CTXPACK_TOKENIZER", wrong))?;
        settings.tokenizer = Some(found);
    }
    if let Some(text) = read("CTXPACK_FORMAT") {
        let format = parse_format(&text).map_err(|wrong| in_variable("CTXPACK_FORMAT", wrong))?;
        settings.format = Some(format);
    }
    settings.home = read("CTXPACK_NO_HOME").map(|text| text == "0");
    Ok(settings)
}

/// Settings of the file at `path`; `None` where there is no such file. A project's file that is no regular file (a link out of
/// the repository, a pipe that would hang the run) counts as absent.
///
/// # Errors
/// A file that cannot be read, does not parse, or holds an unknown key or a wrong value.
pub fn read(path: &Path, trust: Trust) -> Outcome<Option<Settings>> {
    let metadata = match trust {
        Trust::Project => path.symlink_metadata(),
        Trust::User => path.metadata(),
    };
    if !metadata.is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::from(Error::io(path, error)))?;
    if bytes.len() as u64 > LIMIT {
        let message = format!("a config file holds at most {} KiB", LIMIT >> 10);
        return Err(in_file(path, message));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
            let (line, column) = position(&before, before.len());
            return Err(in_file(
                path,
                format!("line {line}, column {column}: not UTF-8"),
            ));
        }
    };
    let settings = parse(&text, path, trust)?;
    if trust == Trust::Project {
        check_inside(&settings, path)?;
    }
    Ok(Some(settings))
}

/// Whether the folders of notes that a project names are inside the repository after links are resolved too.
fn check_inside(settings: &Settings, path: &Path) -> Outcome<()> {
    let root = path.parent().and_then(|root| root.canonicalize().ok());
    for folder in &settings.memory {
        // A folder that is not there is read from nowhere.
        let real = folder.path.canonicalize();
        if real.is_ok_and(|real| root.as_ref().is_none_or(|root| !real.starts_with(root))) {
            let shown = folder.path.display();
            let message = format!("`memory`: {shown} is a link out of the repository");
            return Err(in_file(path, message));
        }
    }
    Ok(())
}

/// Settings of `text`, which stands at `path`.
///
/// # Errors
/// As for [`read`].
pub fn parse(text: &str, path: &Path, trust: Trust) -> Outcome<Settings> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let at = |offset: usize, what: &str| {
        let (line, column) = position(text, offset);
        in_file(path, format!("line {line}, column {column}: {what}"))
    };
    let table = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        at(offset, &error.message().replace('\n', ", "))
    })?;
    // In the order of the file, so that the first mistake is the one reported.
    let entries = in_order(table.get_ref());
    let mut settings = Settings::default();
    let has = |name: &str| entries.iter().any(|(key, _)| key.get_ref() == name);
    if has("only") && has("without") {
        return Err(in_file(
            path,
            "`only` and `without` say the same thing twice".to_owned(),
        )
        .hint("keep one of them"));
    }
    for (name, value) in entries {
        let start = name.span().start;
        let Some(key) = KEYS.iter().find(|key| key.name == name.get_ref()) else {
            let allowed = KEYS
                .iter()
                .filter(|key| key.project || trust == Trust::User)
                .map(|key| key.name);
            let failure = at(start, &format!("unknown key `{}`", name.get_ref()));
            return Err(match suggest::nearest(name.get_ref(), allowed.clone()) {
                Some(meant) => failure.hint(format!("did you mean `{meant}`?")),
                None => failure.hint(format!(
                    "the keys are {}",
                    allowed.collect::<Vec<_>>().join(", ")
                )),
            });
        };
        if !key.project && trust == Trust::Project {
            return Err(at(
                start,
                &format!("`{}` is the user's to set, not a project's", key.name),
            )
            .hint("put it into ~/.config/ctxpack/config.toml"));
        }
        (key.set)(&mut settings, value.get_ref()).map_err(|wrong| Failure {
            hints: wrong.failure.hints,
            ..at(
                wrong.offset.unwrap_or(value.span().start),
                &format!("`{}`: {}", key.name, wrong.failure.message),
            )
        })?;
        if key.name == "memory" {
            place_memory(&mut settings.memory, path, trust)
                .map_err(|message| at(start, &format!("`memory`: {message}")))?;
        }
    }
    Ok(settings)
}

/// Makes the folders of notes of a config file at `path` absolute: a project's lie below its own folder and nowhere else,
/// a user's anywhere.
fn place_memory(memory: &mut [Memory], path: &Path, trust: Trust) -> Result<(), String> {
    for folder in memory {
        let shown = folder.path.display();
        let is_below = folder
            .path
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let is_home = folder.path.starts_with("~");
        match trust {
            Trust::Project if !is_below || is_home => {
                return Err(format!("a project names folders of its own, not `{shown}`"));
            }
            Trust::Project => {
                let parts = folder.path.components();
                let parts = parts.filter(|part| *part != Component::CurDir);
                folder.path = parts.fold(
                    path.parent().unwrap_or(Path::new("")).to_owned(),
                    |path, part| path.join(part),
                );
            }
            Trust::User if !is_home && !folder.path.is_absolute() => {
                return Err(format!("`{shown}` is neither absolute nor below ~/"));
            }
            Trust::User => {}
        }
    }
    Ok(())
}

/// The tables `[[memory]]`: a `path`, and a `glob` over the paths below it.
fn memory(value: &DeValue<'_>) -> Result<Vec<Memory>, Wrong> {
    const KEYS: [&str; 2] = ["path", "glob"];
    let tables = || expected("tables [[memory]] with a path");
    let mut memory = Vec::new();
    for table in value.as_array().ok_or_else(tables)? {
        let start = table.span().start;
        let mut path = None;
        let mut glob = "**/*.md".to_owned();
        for (name, value) in in_order(table.get_ref().as_table().ok_or_else(tables)?) {
            let at = value.span().start;
            let text =
                |example| string(value.get_ref(), example).map_err(|failure| wrong_at(at, failure));
            match name.get_ref().as_ref() {
                "path" => {
                    let text = text("\"~/notes\"")?;
                    path = Some(text).filter(|path| !path.is_empty());
                }
                "glob" => {
                    text("\"**/*.md\"")?.clone_into(&mut glob);
                    globset::Glob::new(&glob).map_err(|error| {
                        let message = format!("{glob}: {}", error.kind());
                        wrong_at(at, Failure::new(message))
                    })?;
                }
                other => {
                    let failure = Failure::new(format!("unknown key `{other}`"));
                    let hint = match suggest::nearest(other, KEYS) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("the keys are {}", KEYS.join(", ")),
                    };
                    return Err(wrong_at(name.span().start, failure.hint(hint)));
                }
            }
        }
        let path = path.ok_or_else(|| wrong_at(start, expected("a path such as \"notes\"")))?;
        memory.push(Memory {
            path: PathBuf::from(path),
            glob,
        });
    }
    Ok(memory)
}

/// The entries of a table in the order in which they stand in the file.
fn in_order<'a, 'i>(
    table: &'a DeTable<'i>,
) -> Vec<(&'a Spanned<Cow<'i, str>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

/// The repository that `root` lies in: the nearest folder upwards that holds `.git`, or `root` itself.
pub fn repository(root: &Path) -> PathBuf {
    let absolute = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    absolute
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(&absolute)
        .to_owned()
}

/// Where the user's file is: `$XDG_CONFIG_HOME/ctxpack/config.toml`, by default under `~/.config`.
pub fn user_file(
    variable: &dyn Fn(&str) -> Option<String>,
    home: Option<&Path>,
) -> Option<PathBuf> {
    let folder = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute()) // the XDG specification: relative paths are to be ignored
        .or_else(|| home.map(|home| home.join(".config")))?;
    Some(folder.join("ctxpack").join("config.toml"))
}

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

fn set_kinds(settings: &mut Settings, only: &[String], without: &[String]) -> Outcome<()> {
    settings.kinds = parse_kinds(only, without)?;
    Ok(())
}

/// No fitted weight comes near; larger ones could leave nothing but infinities of a sum.
const MAX_WEIGHT: f64 = 1_000.0;

/// The tables `file` and `piece`, laid over the weights shipped.
fn weights(value: &DeValue<'_>) -> Result<Weights, Wrong> {
    let tables = || expected("tables [weights.file] and [weights.piece]");
    let mut weights = Weights::default();
    // In the order of the file, so that the first mistake is the one reported.
    for (name, table) in in_order(value.as_table().ok_or_else(tables)?) {
        let (names, row): (&[&str], &mut [f64]) = match name.get_ref().as_ref() {
            "file" => (&FILE_FEATURES, &mut weights.file.0),
            "piece" => (&PIECE_FEATURES, &mut weights.piece.0),
            other => {
                let failure = Failure::new(format!("unknown table `{other}`"));
                return Err(wrong_at(
                    name.span().start,
                    failure.hint("one of file, piece"),
                ));
            }
        };
        let table = table.get_ref().as_table().ok_or_else(tables)?;
        for (feature, weight) in in_order(table) {
            let feature_name = feature.get_ref().as_ref();
            let Some(at) = names.iter().position(|name| *name == feature_name) else {
                let failure = Failure::new(format!("unknown feature `{feature_name}`"));
                let hint = match suggest::nearest(feature_name, names.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the features are {}", names.join(", ")),
                };
                return Err(wrong_at(feature.span().start, failure.hint(hint)));
            };
            let number = match weight.get_ref() {
                DeValue::Float(n) => n.as_str().parse().ok(),
                DeValue::Integer(n) if n.radix() == 10 => n.as_str().parse().ok(),
                _ => None,
            };
            row[at] = number
                .filter(|n: &f64| n.abs() <= MAX_WEIGHT)
                .ok_or_else(|| {
                    let what =
                        format!("a number from -{MAX_WEIGHT} to {MAX_WEIGHT} for `{feature_name}`");
                    wrong_at(weight.span().start, expected(&what))
                })?;
        }
    }
    Ok(weights)
}

fn wrong_at(offset: usize, failure: Failure) -> Wrong {
    Wrong {
        failure,
        offset: Some(offset),
    }
}

fn expected(what: &str) -> Failure {
    Failure::new(format!("expected {what}"))
}

fn string<'a>(value: &'a DeValue<'_>, example: &str) -> Outcome<&'a str> {
    value
        .as_str()
        .ok_or_else(|| expected(&format!("a string such as {example}")))
}

fn strings(value: &DeValue<'_>) -> Outcome<Vec<String>> {
    let wrong = || expected("a list of strings such as [\"docs/**\"]");
    value
        .as_array()
        .ok_or_else(wrong)?
        .iter()
        .map(|item| item.get_ref().as_str().map(str::to_owned).ok_or_else(wrong))
        .collect()
}

fn in_file(path: &Path, message: String) -> Failure {
    Failure::from(Error::Config {
        path: path.to_owned(),
        message,
    })
}

/// Line and column of a byte offset, both from 1; columns count characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before: String = text
        .char_indices()
        .take_while(|(at, _)| *at < offset)
        .map(|(_, c)| c)
        .collect();
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ctxpack::request::Budget;
    use proptest::prelude::*;

    fn project(text: &str) -> Outcome<Settings> {
        parse(text, Path::new("ctxpack.toml"), Trust::Project)
    }

    #[track_caller]
    fn check_wrong(text: &str, message: &str, hint: &str) {
        let failure = project(text).unwrap_err();
        assert_eq!(
            (failure.message.as_str(), failure.hints.join("|").as_str()),
            (format!("ctxpack.toml: {message}").as_str(), hint)
        );
    }

    #[test]
    fn a_file_sets_what_flags_set() {
        let text = "# ours\nbudget = \"60%\"\nmodel = \"gpt-4o\"\ntokenizer = 'cl100k_base'\nformat = \"markdown\"\n\
                    include = [\"src/**\"]\nexclude = [\"*.lock\", \"vendor/**\"]\npin = [\"README.md\"]\nwithout = [\"sessions\"]\n";
        let settings = project(text).unwrap();
        assert_eq!(settings.budget, Some(Size::Share(6_000)));
        assert_eq!(settings.model.unwrap().name, "gpt-4o");
        assert_eq!(settings.tokenizer, Some(Tokenizer::Cl100kBase));
        assert_eq!(settings.format, Some(Format::Markdown));
        assert_eq!(settings.include, ["src/**"]);
        assert_eq!(settings.exclude, ["*.lock", "vendor/**"]);
        assert_eq!(settings.pin, ["README.md"]);
        assert_eq!(
            settings.kinds,
            Some(Kinds {
                files: true,
                notes: true,
                sessions: false
            })
        );
    }

    #[test]
    fn a_budget_may_be_a_bare_number() {
        for text in ["budget = 8000", "budget = 8_000", "budget = \"8k\""] {
            assert_eq!(
                project(text).unwrap().budget,
                Some(Size::Plain(Budget::Tokens(8000))),
                "{text}"
            );
        }
    }

    #[test]
    fn folders_of_notes() {
        let of = |text: &str, trust: Trust| {
            let folders = parse(text, Path::new("/w/shop/ctxpack.toml"), trust).unwrap();
            let folders = folders.memory.into_iter();
            let told = folders.map(|it| format!("{} {}", it.path.display(), it.glob));
            told.collect::<Vec<_>>()
        };
        let project = "[[memory]]\npath = \"./kb\"\n[[memory]]\npath = \"n/x\"\nglob = \"*.txt\"\n";
        assert_eq!(
            of(project, Trust::Project),
            ["/w/shop/kb **/*.md", "/w/shop/n/x *.txt"]
        );
        let user = "[[memory]]\npath = \"~/notes\"\n[[memory]]\npath = \"/data/notes\"\n";
        assert_eq!(
            of(user, Trust::User),
            ["~/notes **/*.md", "/data/notes **/*.md"]
        );
        for path in ["/etc", "~/notes", "../x", "a/../../x", "~"] {
            check_wrong(
                &format!("[[memory]]\npath = \"{path}\"\n"),
                &format!(
                    "line 1, column 3: `memory`: a project names folders of its own, not `{path}`"
                ),
                "",
            );
        }
        let relative = parse("[[memory]]\npath = \"x\"", Path::new("c.toml"), Trust::User);
        assert!(relative.unwrap_err().message.contains("neither absolute"));
        check_wrong(
            "[[memory]]\npaht = \"a\"",
            "line 2, column 1: `memory`: unknown key `paht`",
            "did you mean `path`?",
        );
        check_wrong(
            "[[memory]]\nglob = \"*.md\"",
            "line 1, column 1: `memory`: expected a path such as \"notes\"",
            "",
        );
        assert!(project_is_wrong("memory = 1"));
        assert!(project_is_wrong("[[memory]]\npath = \"a\"\nglob = \"{\""));
    }

    fn project_is_wrong(text: &str) -> bool {
        project(text).is_err()
    }

    #[cfg(unix)]
    #[test]
    fn a_project_names_no_link_out_of_the_repository() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("repo").join(PROJECT_FILE);
        std::fs::create_dir_all(dir.path().join("repo/notes")).unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("repo/out")).unwrap();
        let check = |path: &str, is_ok: bool| {
            std::fs::write(&file, format!("[[memory]]\npath = \"{path}\"")).unwrap();
            assert_eq!(read(&file, Trust::Project).is_ok(), is_ok, "{path}");
        };
        check("notes", true);
        check("missing", true);
        check("out", false);
        check("out/repo/notes", true);
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert_eq!(project(""), Ok(Settings::default()));
        assert_eq!(project("\u{feff}# nothing\n"), Ok(Settings::default()));
    }

    #[test]
    fn mistakes_have_a_place_and_a_way_out() {
        check_wrong(
            "\n  bugdet = 1\n",
            "line 2, column 3: unknown key `bugdet`",
            "did you mean `budget`?",
        );
        check_wrong(
            "[check]\n",
            "line 1, column 2: unknown key `check`",
            "the keys are budget, model, tokenizer, format, include, exclude, pin, only, without, weights, memory",
        );
        check_wrong(
            "output = \"/etc/passwd\"",
            "line 1, column 1: unknown key `output`",
            "the keys are budget, model, tokenizer, format, include, exclude, pin, only, without, weights, memory",
        );
        check_wrong(
            "home = true",
            "line 1, column 1: `home` is the user's to set, not a project's",
            "put it into ~/.config/ctxpack/config.toml",
        );
        check_wrong(
            "budget = true",
            "line 1, column 10: `budget`: expected a string such as \"32k\"",
            "",
        );
        check_wrong(
            "model = \"gpt-4p\"",
            "line 1, column 9: `model`: unknown model `gpt-4p`",
            &config_hint("gpt-4p"),
        );
        check_wrong(
            "include = \"src\"",
            "line 1, column 11: `include`: expected a list of strings such as [\"docs/**\"]",
            "",
        );
        check_wrong(
            "include = [1]",
            "line 1, column 11: `include`: expected a list of strings such as [\"docs/**\"]",
            "",
        );
        check_wrong(
            "format = \"yaml\"",
            "line 1, column 10: `format`: unknown format `yaml`",
            "one of xml, markdown, json, plain",
        );
        check_wrong(
            "only = [\"filez\"]",
            "line 1, column 8: `only`: unknown kind `filez`",
            "one of files, notes, sessions",
        );
        check_wrong(
            "only = [\"files\"]\nwithout = [\"notes\"]",
            "`only` and `without` say the same thing twice",
            "keep one of them",
        );
        check_wrong(
            "zzzz = 1\nbugdet = 1",
            "line 1, column 1: unknown key `zzzz`",
            "the keys are budget, model, tokenizer, format, include, exclude, pin, only, without, weights, memory",
        );
    }

    #[test]
    fn weights_are_laid_over_those_shipped() {
        let first = |names: &'static [&str]| names[0];
        let (file, piece) = (first(&FILE_FEATURES), first(&PIECE_FEATURES));
        let text = format!("[weights.file]\n{file} = -2.5\n[weights.piece]\n{piece} = 3\n");
        let mut expected = Weights::default();
        expected.file.0[0] = -2.5;
        expected.piece.0[0] = 3.0;
        assert_eq!(project(&text).unwrap().weights, Some(expected.clone()));
        let merged = merge(&[layer(""), layer(&text), layer("[weights.file]\nsize = 1")]);
        assert_eq!(merged.weights, Some(expected));
        assert_eq!(
            project("[weights]").unwrap().weights,
            Some(Weights::default())
        );
    }

    #[test]
    fn a_weight_of_no_feature_is_a_mistake() {
        check_wrong(
            "[weights.file]\nsiz = 1.0\n",
            "line 2, column 1: `weights`: unknown feature `siz`",
            "did you mean `size`?",
        );
        check_wrong(
            "[weights.files]\nsize = 1.0\n",
            "line 1, column 10: `weights`: unknown table `files`",
            "one of file, piece",
        );
        for value in ["nan", "inf", "1e9", "\"1\"", "0x10"] {
            check_wrong(
                &format!("[weights.piece]\nsize = {value}\n"),
                "line 2, column 8: `weights`: expected a number from -1000 to 1000 for `size`",
                "",
            );
        }
        check_wrong(
            "weights = 1",
            "line 1, column 11: `weights`: expected tables [weights.file] and [weights.piece]",
            "",
        );
    }

    fn config_hint(name: &str) -> String {
        parse_model(name).unwrap_err().hints.join("|")
    }

    #[test]
    fn bad_toml_has_a_place() {
        let failure = project("budget = \n").unwrap_err();
        assert!(
            failure.message.starts_with("ctxpack.toml: line 1, column "),
            "{failure:?}"
        );
        let failure = project("é = = 1").unwrap_err();
        assert!(
            failure.message.starts_with("ctxpack.toml: line 1, column "),
            "{failure:?}"
        );
    }

    #[test]
    fn a_user_may_say_more_than_a_project() {
        let user = parse("home = false", Path::new("config.toml"), Trust::User).unwrap();
        assert_eq!(user.home, Some(false));
    }

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

    fn layer(text: &str) -> Settings {
        parse(text, Path::new("x"), Trust::User).unwrap()
    }

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

    #[test]
    fn the_environment_is_a_layer() {
        let variables = |name: &str| match name {
            "CTXPACK_BUDGET" => Some("9.5kc".to_owned()),
            "CTXPACK_FORMAT" => Some("md".to_owned()),
            "CTXPACK_MODEL" => Some(String::new()),
            "CTXPACK_NO_HOME" => Some("1".to_owned()),
            _ => None,
        };
        let settings = environment(&variables).unwrap();
        assert_eq!(
            settings.budget,
            Some(Size::Plain(Budget::Characters(9_500)))
        );
        assert_eq!(settings.format, Some(Format::Markdown));
        assert_eq!(settings.model, None);
        assert_eq!(settings.home, Some(false));
        let wrong = environment(&|name| (name == "CTXPACK_BUDGET").then(|| "lots".to_owned()));
        assert_eq!(
            wrong.unwrap_err().message,
            "CTXPACK_BUDGET: invalid budget `lots`: no number"
        );
    }

    #[test]
    fn the_users_file_follows_xdg() {
        let home = Path::new("/home/me");
        let at = |xdg: Option<&str>| user_file(&|_| xdg.map(str::to_owned), Some(home)).unwrap();
        assert_eq!(at(None), Path::new("/home/me/.config/ctxpack/config.toml"));
        assert_eq!(
            at(Some("relative")),
            Path::new("/home/me/.config/ctxpack/config.toml")
        );
        #[cfg(unix)]
        assert_eq!(at(Some("/x")), Path::new("/x/ctxpack/config.toml"));
        assert_eq!(user_file(&|_| None, None), None);
    }

    #[test]
    fn only_plain_files_are_read_from_a_project() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(PROJECT_FILE);
        assert_eq!(read(&path, Trust::Project), Ok(None));
        std::fs::create_dir(&path).unwrap();
        assert_eq!(read(&path, Trust::Project), Ok(None));
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, b"budget = 1\n# \xff\n").unwrap();
        let failure = read(&path, Trust::Project).unwrap_err();
        assert!(
            failure.message.ends_with("line 2, column 3: not UTF-8"),
            "{failure:?}"
        );
        std::fs::write(&path, vec![b'#'; LIMIT as usize + 1]).unwrap();
        assert!(
            read(&path, Trust::Project)
                .unwrap_err()
                .message
                .ends_with("at most 256 KiB")
        );
        #[cfg(unix)]
        {
            let link = folder.path().join("link.toml");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            assert_eq!(read(&link, Trust::Project), Ok(None));
            assert!(read(&link, Trust::User).is_err());
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,60}(\n\\PC{0,20})?") {
            let _ = project(&text);
        }
    }
}
