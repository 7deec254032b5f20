//! The tables `[[check]]`: limits on what is read, reviewed like code.

use super::globs::globs;
use super::values::{Wrong, expected, in_order, no_secret, string, wrong_at};
use crate::cli::budget::{self, Size};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::suggest;
use ctxpack::check::{Growth, LIMITS, Named, named};
use toml::de::DeValue;

/// Checks of one file, and characters of a name and of a message: they are shown.
const MAX_CHECKS: usize = 200;
const MAX_NAME: usize = 100;
const MAX_MESSAGE: usize = 500;

/// One `[[check]]`. Places are offsets into the file until it is parsed, and lines from then on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CheckEntry {
    /// What it is called.
    pub name: String,
    /// Globs of its files; empty is all, or what the host loads.
    pub include: Vec<String>,
    /// Globs of files that are not meant.
    pub exclude: Vec<String>,
    /// The most that they may be.
    pub budget: Option<Size>,
    /// Whether that is meant of each alone.
    pub each: bool,
    /// Whose limit it is.
    pub host: Option<&'static Named>,
    /// How fast they may grow.
    pub max_growth: Option<Growth>,
    /// What whoever broke it should know.
    pub message: String,
    /// Where the entry begins, where its limit stands, and where its growth does.
    pub places: [usize; 3],
}

const KEYS: [&str; 8] = [
    "name",
    "include",
    "exclude",
    "budget",
    "each",
    "for",
    "max-growth",
    "message",
];

/// The tables of `[[check]]`.
pub(super) fn checks(value: &DeValue<'_>) -> Result<Vec<CheckEntry>, Wrong> {
    let tables = || expected("tables [[check]] with a name");
    let list = value.as_array().ok_or_else(tables)?;
    if list.len() > MAX_CHECKS {
        return Err(expected(&format!("at most {MAX_CHECKS} checks")).into());
    }
    let mut all: Vec<CheckEntry> = Vec::new();
    for table in list {
        let start = table.span().start;
        let entry = check(table.get_ref(), start)?;
        if all.iter().any(|other| other.name == entry.name) {
            let twice = Failure::new(format!("two checks are called `{}`", entry.name));
            return Err(wrong_at(start, twice));
        }
        all.push(entry);
    }
    Ok(all)
}

fn check(table: &DeValue<'_>, start: usize) -> Result<CheckEntry, Wrong> {
    let mut entry = CheckEntry {
        places: [start; 3],
        ..CheckEntry::default()
    };
    let table = table
        .as_table()
        .ok_or_else(|| expected("tables [[check]] with a name"))?;
    for (key, value) in in_order(table) {
        let at = value.span().start;
        let it = value.get_ref();
        let text = |example| string(it, example).map_err(|failure| wrong_at(at, failure));
        let placed = |wrong: Wrong| Wrong {
            offset: wrong.offset.or(Some(at)),
            ..wrong
        };
        match key.get_ref().as_ref() {
            "name" => {
                entry.name = shown(text("\"docs\"")?, MAX_NAME, at)?;
                no_secret(&entry.name, at)?;
            }
            "message" => entry.message = shown(text("\"why, and what to do\"")?, MAX_MESSAGE, at)?,
            "include" => entry.include = globs(it).map_err(placed)?,
            "exclude" => entry.exclude = globs(it).map_err(placed)?,
            "budget" => {
                entry.budget = Some(size(it).map_err(|failure| wrong_at(at, failure))?);
                entry.places[1] = at;
            }
            "each" => {
                let each = it.as_bool().ok_or_else(|| expected("true or false"));
                entry.each = each.map_err(|failure| wrong_at(at, failure))?;
            }
            "for" => {
                let host = parse_limit(text("\"claude-hook\"")?);
                entry.host = Some(host.map_err(|failure| wrong_at(at, failure))?);
                entry.places[1] = at;
            }
            "max-growth" => {
                let growth = parse_growth(text("\"5%\"")?);
                entry.max_growth = Some(growth.map_err(|failure| wrong_at(at, failure))?);
                entry.places[2] = at;
            }
            other => {
                let failure = Failure::new(format!("unknown key `{other}`"));
                let hint = match suggest::nearest(other, KEYS) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the keys are {}", KEYS.join(", ")),
                };
                return Err(wrong_at(key.span().start, failure.hint(hint)));
            }
        }
    }
    let wrong = |what: &str, hint: &str| Err(wrong_at(start, Failure::new(what).hint(hint)));
    if entry.name.is_empty() {
        return wrong("a check has no name", "name = \"docs\"");
    }
    match (entry.budget, entry.host, entry.max_growth) {
        (Some(_), Some(_), _) => wrong(
            "a check has a `budget`, or is `for` a host, but not both",
            "write two checks",
        ),
        (None, None, None) => wrong("a check says how much is allowed", "budget = \"40k\""),
        (None, _, _) if entry.each => wrong("`each` is about a budget", "budget = \"2k\""),
        (_, Some(host), _) if host.files.is_empty() && entry.include.is_empty() => wrong(
            "the check does not say which files",
            "include = [\"docs/hook.md\"]",
        ),
        _ => Ok(entry),
    }
}

/// A budget as a number or as text.
pub(super) fn size(value: &DeValue<'_>) -> Outcome<Size> {
    match value {
        DeValue::Integer(n) if n.radix() == 10 => budget::parse(n.as_str()),
        value => budget::parse(string(value, "\"32k\"")?),
    }
}

fn shown(text: &str, most: usize, at: usize) -> Result<String, Wrong> {
    let text = text.trim();
    if text.chars().count() > most {
        let failure = expected(&format!("at most {most} characters"));
        return Err(wrong_at(at, failure));
    }
    Ok(text.to_owned())
}

/// The limit called `name`.
///
/// # Errors
/// An unknown name.
pub fn parse_limit(name: &str) -> Outcome<&'static Named> {
    named(name).ok_or_else(|| {
        let known = suggest::nearest_first(name, LIMITS.iter().map(|limit| limit.name));
        Failure::new(format!("unknown host `{name}`")).hint(format!("one of {}", known.join(", ")))
    })
}

/// A growth: `5%` or, in tokens, `2k`.
///
/// # Errors
/// What is neither.
pub fn parse_growth(text: &str) -> Outcome<Growth> {
    let wrong = || {
        Failure::new(format!("invalid growth `{}`", text.trim()))
            .hint("--max-growth 5%, 0%, or in tokens: 2k")
    };
    let text = text.trim();
    if let Some(share) = text.strip_suffix('%') {
        let (whole, part) = share.split_once('.').unwrap_or((share, ""));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || (share.contains('.') && !is_number(part)) || part.len() > 2 {
            return Err(wrong());
        }
        let hundredths = format!("{whole}{part:0<2}").parse::<u32>();
        return hundredths.map(Growth::Share).map_err(|_| wrong());
    }
    if text == "0" {
        return Ok(Growth::Tokens(0));
    }
    match budget::parse(text) {
        Ok(Size::Plain(ctxpack::request::Budget::Tokens(n))) => Ok(Growth::Tokens(n)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::{check_wrong, project};
    use ctxpack::request::Budget;

    #[test]
    fn a_check_is_a_table() {
        let text = "# ours\n[[check]]\nname = \"docs\"\ninclude = [\"docs/**\"]\nbudget = \"40k\"\nmessage = \"ask Ann\"\n\n\
                    [[check]]\nname = \"rules\"\nfor = \"claude-md\"\nmax-growth = \"2.5%\"\n";
        let checks = project(text).unwrap().check;
        assert_eq!(checks[0].budget, Some(Size::Plain(Budget::Tokens(40_000))));
        assert_eq!(
            (checks[0].places, checks[1].places),
            ([2, 5, 2], [8, 10, 11])
        );
        assert_eq!(checks[0].message, "ask Ann");
        assert_eq!(checks[1].host.map(|it| it.name), Some("claude-md"));
        assert_eq!(checks[1].max_growth, Some(Growth::Share(250)));
    }

    #[test]
    fn mistakes_are_told_where_they_stand() {
        let wrong = |body: &str, message: &str, hint: &str| {
            let message = format!("`check`: {message}");
            let (line, message) = match body.lines().count() {
                _ if message.contains("no name") || message.contains("how much") => (1, message),
                n => (n + 1, message),
            };
            let column = if message.contains("unknown key") {
                1
            } else {
                0
            };
            let text = format!("[[check]]\n{body}\n");
            let failure = project(&text).unwrap_err();
            let start = format!("ctxpack.toml: line {line}, column ");
            assert!(failure.message.starts_with(&start), "{failure:?}");
            assert!(failure.message.ends_with(&message), "{failure:?}");
            assert!(
                column == 0 || failure.message.contains("column 1: "),
                "{failure:?}"
            );
            assert_eq!(failure.hints.join("|"), hint);
        };
        wrong("budget = 5", "a check has no name", "name = \"docs\"");
        wrong(
            "name = \"a\"",
            "a check says how much is allowed",
            "budget = \"40k\"",
        );
        wrong(
            "name = \"a\"\nbugdet = 5",
            "unknown key `bugdet`",
            "did you mean `budget`?",
        );
        wrong(
            "name = \"a\"\nmax-growth = \"much\"",
            "invalid growth `much`",
            "--max-growth 5%, 0%, or in tokens: 2k",
        );
        wrong(
            "name = \"a\"\ninclude = [\"../x\"]",
            "`../x` leads out of the repository",
            "",
        );
        check_wrong(
            "[[check]]\nname = \"a\"\nbudget = 1\n[[check]]\nname = \"a\"\nbudget = 1\n",
            "line 4, column 1: `check`: two checks are called `a`",
            "",
        );
    }

    #[test]
    fn checks_are_a_projects() {
        for text in ["check = []", "bundle = {}"] {
            let wrong =
                crate::config::parse(text, std::path::Path::new("x"), crate::config::Trust::User);
            let message = wrong.unwrap_err().message;
            assert!(
                message.ends_with("is a project's to set, not a user's"),
                "{message}"
            );
            assert!(project(text).is_ok());
        }
    }

    #[test]
    fn growths() {
        let check = |text: &str, expected: Option<Growth>| {
            assert_eq!(parse_growth(text).ok(), expected, "{text}");
        };
        check("5%", Some(Growth::Share(500)));
        check("0%", Some(Growth::Share(0)));
        check(" 2.5% ", Some(Growth::Share(250)));
        check("0.25%", Some(Growth::Share(25)));
        check("2k", Some(Growth::Tokens(2_000)));
        check("0", Some(Growth::Tokens(0)));
        for wrong in ["", "%", "-5%", "5.%", "1.234%", "5c", "lots", "99999999%"] {
            check(wrong, None);
        }
    }
}
