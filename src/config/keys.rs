//! The text of a config file, key by key.
//!
//! An unknown key is answered with its line, its column and the key that was probably meant.

use super::Settings;
use super::bundle::bundles;
use super::check::{checks, size};
use super::file::Trust;
use super::globs::globs;
use super::memory::{memory, place_memory};
use super::names::{parse_format, parse_kinds, parse_model, parse_secrets, parse_tokenizer};
use super::values::{Wrong, expected, in_file, in_order, position, string, strings};
use super::weights::weights;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::suggest;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// A key of a config file.
struct Key {
    name: &'static str,
    /// Whether a project may set it.
    project: bool,
    /// Puts a value into the settings, or says what it should have been.
    set: fn(&mut Settings, &DeValue<'_>) -> Result<(), Wrong>,
}

/// Every key. A new one is one row here and one field of [`Settings`].
const KEYS: &[Key] = &[
    Key {
        name: "budget",
        project: true,
        set: |settings, value| {
            settings.budget = Some(size(value)?);
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
            settings.include = globs(value)?;
            Ok(())
        },
    },
    Key {
        name: "exclude",
        project: true,
        set: |settings, value| {
            settings.exclude = globs(value)?;
            Ok(())
        },
    },
    Key {
        name: "pin",
        project: true,
        set: |settings, value| {
            settings.pin = globs(value)?;
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
        name: "cache",
        project: false,
        set: |settings, value| {
            settings.cache = Some(value.as_bool().ok_or_else(|| expected("true or false"))?);
            Ok(())
        },
    },
    Key {
        name: "secrets",
        project: true,
        set: |settings, value| {
            settings.secrets = Some(parse_secrets(string(value, "\"redact\"")?)?);
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
    Key {
        name: "check",
        project: true,
        set: |settings, value| {
            settings.check = checks(value)?;
            Ok(())
        },
    },
    Key {
        name: "bundle",
        project: true,
        set: |settings, value| {
            settings.bundle = bundles(value)?;
            Ok(())
        },
    },
];

/// Characters of a mistake that are repeated: a key may be as long as its file.
const LONGEST_SHOWN: usize = 300;

/// Settings of `text`, which stands at `path`.
///
/// # Errors
/// As for [`read`].
pub fn parse(text: &str, path: &Path, trust: Trust) -> Outcome<Settings> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let at = |offset: usize, what: &str| {
        let (line, column) = position(text, offset);
        let (what, more) = match what.char_indices().nth(LONGEST_SHOWN) {
            Some((end, _)) => (&what[..end], "..."),
            None => (what, ""),
        };
        in_file(path, format!("line {line}, column {column}: {what}{more}"))
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
        if trust == Trust::User && matches!(key.name, "check" | "bundle") {
            return Err(at(
                start,
                &format!("`{}` is a project's to set, not a user's", key.name),
            )
            .hint("put it into ctxpack.toml at the root of the repository"));
        }
        (key.set)(&mut settings, value.get_ref()).map_err(|wrong| Failure {
            hints: wrong.failure.hints,
            ..at(
                wrong.offset.unwrap_or(value.span().start),
                &format!("`{}`: {}", key.name, wrong.failure.message),
            )
        })?;
        settings.lines.insert(key.name, position(text, start).0);
        if key.name == "memory" {
            place_memory(&mut settings.memory, path, trust)
                .map_err(|message| at(start, &format!("`memory`: {message}")))?;
        }
    }
    for place in settings.check.iter_mut().flat_map(|it| &mut it.places) {
        *place = position(text, *place).0;
    }
    for entry in &mut settings.bundle {
        entry.place = position(text, entry.place).0;
    }
    Ok(settings)
}

fn set_kinds(settings: &mut Settings, only: &[String], without: &[String]) -> Outcome<()> {
    settings.kinds = parse_kinds(only, without)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::budget::Size;
    use crate::config::testing::{check_wrong, project};
    use ctxpack::request::{Budget, Format, Kinds};
    use ctxpack::tokens::Tokenizer;
    use proptest::prelude::*;

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
            "[rules]\n",
            "line 1, column 2: unknown key `rules`",
            "the keys are budget, model, tokenizer, format, include, exclude, pin, only, without, secrets, weights, memory, check, bundle",
        );
        check_wrong(
            "output = \"/etc/passwd\"",
            "line 1, column 1: unknown key `output`",
            "the keys are budget, model, tokenizer, format, include, exclude, pin, only, without, secrets, weights, memory, check, bundle",
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
            "the keys are budget, model, tokenizer, format, include, exclude, pin, only, without, secrets, weights, memory, check, bundle",
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
        let user = parse(
            "home = false\ncache = false",
            Path::new("config.toml"),
            Trust::User,
        )
        .unwrap();
        assert_eq!((user.home, user.cache), (Some(false), Some(false)));
    }

    #[test]
    fn files_as_nobody_means_them() {
        let check = |text: &str, start: &str| {
            let failure = project(text).unwrap_err();
            let wanted = format!("ctxpack.toml: line {start}");
            assert!(failure.message.starts_with(&wanted), "{}", failure.message);
            assert!(
                failure.message.chars().count() < 400,
                "{}",
                failure.message.len()
            );
        };
        check("budget = 1\r\nbudget = 2\r\n", "2, column 1: ");
        check("\u{feff}a = 1", "1, column 1: unknown key `a`");
        check("budget = \"\u{0}\"", "1, column 11: ");
        check("budget = 1\0", "1, column ");
        check("budget = 1979-05-27T07:32:00Z", "1, column 10: `budget`: ");
        check(
            "budget = 99999999999999999999999999",
            "1, column 10: `budget`: ",
        );
        check("budget = inf", "1, column 10: `budget`: ");
        check("budget = -1", "1, column 10: `budget`: ");
        check("budget = 1\rmodel = \"x\"", "1, column ");
        check(
            &format!("{} = 1", "k".repeat(100_000)),
            "1, column 1: unknown key `kkk",
        );
        check(
            &format!("budget = \"{}\"", "9".repeat(100_000)),
            "1, column 10: `budget`: ",
        );
        check(&format!("budget = {}", "[".repeat(100_000)), "1, column ");
        check(&format!("a.{} = 1", "b.".repeat(50_000)), "1, column ");
        check(&format!("[{}a]", "a.".repeat(50_000)), "1, column ");
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,60}(\n\\PC{0,20})?") {
            let _ = project(&text);
        }
    }
}
