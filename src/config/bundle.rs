//! The tables `[bundle.NAME]`: bundles that a team agreed on.
//!
//! The one place where a project names a file to write. It lies below the project's own folder, ends as bundles do, and is written by
//! `ctxpack bundle --write` alone, which replaces nothing but a bundle.

use super::Settings;
use super::check::size;
use super::globs::globs;
use super::names::{parse_format, parse_kinds};
use super::values::{Wrong, expected, in_order, no_secret, string, strings, wrong_at};
use crate::cli::budget::Size;
use crate::cli::failure::Failure;
use crate::cli::suggest;
use ctxpack::request::Budget;
use std::path::{Component, Path};
use toml::de::DeValue;

/// Bundles of one file, bytes of a task, and the most that one may hold, in tokens: what a project may spend without being asked.
const MAX_BUNDLES: usize = 100;
const MAX_TASK: usize = 16 << 10;
const MAX_BUDGET: usize = 200_000;

/// What the names of bundles end in.
const ENDINGS: [&str; 5] = ["xml", "md", "markdown", "json", "txt"];

/// One `[bundle.NAME]`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BundleEntry {
    /// What it is called.
    pub name: String,
    /// What it is for; empty where it is for nothing in particular.
    pub task: String,
    /// The file to write, relative to the project's folder.
    pub output: Option<String>,
    /// Everything that flags say as well.
    pub settings: Settings,
    /// Where it begins: an offset into the file until that is parsed, and a line from then on.
    pub place: usize,
}

const KEYS: [&str; 9] = [
    "budget", "task", "include", "exclude", "pin", "only", "without", "format", "output",
];

/// The tables of `[bundle]`.
pub(super) fn bundles(value: &DeValue<'_>) -> Result<Vec<BundleEntry>, Wrong> {
    let tables = || expected("tables such as [bundle.review]");
    let table = value.as_table().ok_or_else(tables)?;
    if table.len() > MAX_BUNDLES {
        return Err(expected(&format!("at most {MAX_BUNDLES} bundles")).into());
    }
    let mut all: Vec<BundleEntry> = Vec::new();
    for (name, value) in in_order(table) {
        let at = name.span().start;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let text = name.get_ref();
        if text.is_empty() || text.len() > 60 || !text.chars().all(is_plain) {
            let what = expected("a name of letters, digits, `-`, `_` and `.`");
            return Err(wrong_at(at, what));
        }
        no_secret(text, at)?;
        let body = value.get_ref().as_table();
        let body = body.ok_or_else(|| wrong_at(at, tables()))?;
        let mut entry = bundle(body, at)?;
        entry.name = text.to_string();
        if let Some(output) = &entry.output
            && let Some(other) = all.iter().find(|it| it.output.as_ref() == Some(output))
        {
            let what = format!("`{}` and `{text}` have one output", other.name);
            return Err(wrong_at(at, Failure::new(what)));
        }
        all.push(entry);
    }
    Ok(all)
}

fn bundle(table: &toml::de::DeTable<'_>, place: usize) -> Result<BundleEntry, Wrong> {
    let mut entry = BundleEntry {
        place,
        ..BundleEntry::default()
    };
    let settings = &mut entry.settings;
    let (mut only, mut without) = (Vec::new(), Vec::new());
    for (key, value) in in_order(table) {
        let at = value.span().start;
        let it = value.get_ref();
        let here = |failure| wrong_at(at, failure);
        let placed = |wrong: Wrong| Wrong {
            offset: wrong.offset.or(Some(at)),
            ..wrong
        };
        match key.get_ref().as_ref() {
            "budget" => settings.budget = Some(within(size(it).map_err(here)?).map_err(here)?),
            "task" => {
                let task = string(it, "\"review a change\"").map_err(here)?;
                if task.len() > MAX_TASK {
                    let most = format!("a task of at most {} KiB", MAX_TASK >> 10);
                    return Err(here(expected(&most)));
                }
                entry.task = task.trim().to_owned();
            }
            "include" => settings.include = globs(it).map_err(placed)?,
            "exclude" => settings.exclude = globs(it).map_err(placed)?,
            "pin" => settings.pin = globs(it).map_err(placed)?,
            "only" => only = strings(it).map_err(here)?,
            "without" => without = strings(it).map_err(here)?,
            "format" => {
                let format = string(it, "\"markdown\"").and_then(parse_format);
                settings.format = Some(format.map_err(here)?);
            }
            "output" => {
                let path = string(it, "\"docs/context.md\"").map_err(here)?;
                entry.output = Some(output(path).map_err(here)?);
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
    settings.kinds = parse_kinds(&only, &without).map_err(|it| wrong_at(place, it))?;
    Ok(entry)
}

fn within(size: Size) -> Result<Size, Failure> {
    let tokens = match size {
        Size::Plain(Budget::Tokens(n)) => n,
        Size::Plain(Budget::Characters(n) | Budget::Bytes(n)) => n / 4,
        Size::Share(_) => 0, // of a window, which is looked at where it is known
    };
    if tokens > MAX_BUDGET {
        return Err(expected(
            "at most 200k tokens, which is the window of most models",
        ));
    }
    Ok(size)
}

/// A path below the project's folder that a bundle may be written to.
fn output(path: &str) -> Result<String, Failure> {
    let shown = Path::new(path);
    let is_below = shown
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let is_gits = path.split(['/', '\\']).any(|part| {
        let name = part.to_ascii_lowercase();
        name.trim_end_matches([' ', '.']) == ".git" || name.starts_with("git~")
    });
    let is_odd = |c: char| c.is_control() || matches!(c, '\\' | ':');
    // one file, one name
    let parts: Vec<&str> = shown.iter().filter_map(|part| part.to_str()).collect();
    let is_plain = parts.join("/") == path;
    if path.is_empty()
        || !is_below
        || !is_plain
        || is_gits
        || path.ends_with('/')
        || path.contains(is_odd)
    {
        let what = format!("`{path}` is no file below the repository");
        return Err(Failure::new(what).hint("output = \"docs/context.md\""));
    }
    let ending = shown.extension().and_then(|it| it.to_str());
    if !ending.is_some_and(|it| ENDINGS.contains(&it)) {
        let endings = ENDINGS.join(", .");
        return Err(Failure::new(format!(
            "a bundle ends in .{endings}; not `{path}`"
        )));
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::testing::{check_wrong, project};

    #[test]
    fn bundles_are_tables() {
        let text = "[bundle.review]\nbudget = \"8k\"\ntask = \"review\"\ninclude = [\"src/**\"]\noutput = \"docs/review.xml\"\n\
                    [bundle.\"v1.2\"]\nformat = \"md\"\nonly = [\"notes\"]\n";
        let bundles = project(text).unwrap().bundle;
        let told: Vec<_> = bundles
            .iter()
            .map(|it| (it.name.as_str(), it.output.as_deref(), it.place))
            .collect();
        assert_eq!(
            told,
            [("review", Some("docs/review.xml"), 1), ("v1.2", None, 6)]
        );
        assert_eq!(bundles[0].settings.include, ["src/**"]);
        assert!(bundles[1].settings.kinds.is_some_and(|kinds| !kinds.files));
    }

    #[test]
    fn a_bundle_stays_inside() {
        for output in [
            "../x.xml",
            "/tmp/x.xml",
            "",
            "a/../../x.md",
            "a//x.md",
            "a/./x.md",
            ".git/x.md",
            "a/.GIT/x.md",
            "x.sh",
            "Makefile",
            ".md",
            "a\\b.md",
            "c:x.md",
            "docs/",
            "git~1/x.md",
            "x.md\\u0000",
        ] {
            let text = format!(
                "[bundle.a]\noutput = \"{}\"\n",
                output.replace("\\b", "\\\\b")
            );
            let failure = project(&text).unwrap_err();
            assert!(
                failure.message.contains("line 2, column 10: `bundle`: "),
                "{output}: {failure:?}"
            );
        }
        check_wrong(
            "[bundle.a]\nbudget = \"1m\"\n",
            "line 2, column 10: `bundle`: expected at most 200k tokens, which is the window of most models",
            "",
        );
        check_wrong(
            "[bundle.\"a b\"]\n",
            "line 1, column 9: `bundle`: expected a name of letters, digits, `-`, `_` and `.`",
            "",
        );
        // a name is shown, and stands in the lock
        let key = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0".repeat(2));
        check_wrong(
            &format!("[bundle.{key}]\n"),
            "line 1, column 9: `bundle`: expected a name that does not look like a secret",
            "",
        );
        check_wrong(
            &format!("[[check]]\nname = \"{key}\"\nbudget = 1\n"),
            "line 2, column 8: `check`: expected a name that does not look like a secret",
            "",
        );
        check_wrong(
            "[bundle.a]\noutput = \"x.md\"\n[bundle.b]\noutput = \"x.md\"\n",
            "line 3, column 9: `bundle`: `a` and `b` have one output",
            "",
        );
    }
}
