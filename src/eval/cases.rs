//! Cases, one JSON object a line.

use serde::Deserialize;
use std::collections::BTreeMap;

/// One case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Case {
    /// Its name; the number of its line where none is given.
    #[serde(default)]
    pub id: String,
    /// `owner/name`, where it is known.
    #[serde(default)]
    pub repo: String,
    /// The folder of the repository below the folder of clones, with `/`; empty where it is that folder itself.
    #[serde(default)]
    pub mirror: String,
    /// The revision before the change.
    pub base: String,
    /// The task.
    pub query: String,
    /// The commit that made the change, where it is known.
    #[serde(default)]
    pub commit: Option<String>,
    /// The main language.
    #[serde(default)]
    pub language: String,
    /// Files that the change modifies.
    pub gold_files: Vec<String>,
    /// Their lines that it changes, 1-based inclusive. [`super::check()`] gives a file without any all of its lines.
    #[serde(default)]
    pub gold_lines: BTreeMap<String, Vec<(u32, u32)>>,
    /// The line of the file that it was read from, from 1; 0 where it was read from none.
    #[serde(skip)]
    pub line: usize,
}

/// Reads cases; blank lines are skipped. Paths lose `./` and doubled slashes.
///
/// # Errors
/// Line and column of the first thing that is no case, and why.
pub fn read(text: &str) -> Result<Vec<Case>, String> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| one(at + 1, line)).collect()
}

fn one(at: usize, line: &str) -> Result<Case, String> {
    let mut case: Case = serde_json::from_str(line).map_err(|error| {
        // serde_json counts lines of its own, and there is only one
        let text = error.to_string();
        let message = text
            .rsplit_once(" at line ")
            .map_or(text.as_str(), |(message, _)| message);
        format!("line {at}, column {}: {message}", error.column().max(1))
    })?;
    case.line = at;
    if case.id.is_empty() {
        case.id = format!("line {at}");
    }
    for path in &mut case.gold_files {
        *path = normal(path);
    }
    let mut seen = std::collections::BTreeSet::new();
    case.gold_files.retain(|path| seen.insert(path.clone()));
    let mut lines: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
    for (path, ranges) in std::mem::take(&mut case.gold_lines) {
        lines.entry(normal(&path)).or_default().extend(ranges);
    }
    case.gold_lines = lines;
    Ok(case)
}

fn normal(path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .enumerate()
        .filter(|(at, part)| *part != "." && (*at == 0 || !part.is_empty()))
        .map(|(_, part)| part)
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_left_out() {
        let line = r#"{"base": "v1", "query": "mend it", "gold_files": ["./src//a.rs", "src/a.rs"], "other": 1}"#;
        let case = read(&format!("\n{line}\n")).unwrap().remove(0);
        assert_eq!((case.id.as_str(), case.line), ("line 2", 2));
        assert_eq!((case.repo.as_str(), case.mirror.as_str()), ("", ""));
        assert_eq!(case.gold_files, ["src/a.rs"]);
        assert!(case.gold_lines.is_empty() && case.commit.is_none());
    }

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(read(&format!("\n{line}")).unwrap_err(), expected);
    }

    #[test]
    fn what_is_no_case() {
        check("nonsense", "line 2, column 2: expected ident");
        check(
            r#"{"base": "v1"}"#,
            "line 2, column 14: missing field `query`",
        );
        check(
            r#"{"base": 7}"#,
            "line 2, column 10: invalid type: integer `7`, expected a string",
        );
    }
}
