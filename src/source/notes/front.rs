//! Front matter, read line by line: much of it in the wild is not YAML, and a note is worth reading all the same.

use super::date;

/// The most lines that front matter may have; a `---` without a partner within them is a rule.
const MAX_LINES: usize = 200;

/// What front matter says that matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Front {
    /// Lines it takes, both `---` included; 0 where there is none.
    pub n_lines: usize,
    /// `title`, else `name`.
    pub title: Option<String>,
    /// `name`, by which other notes refer to this one.
    pub name: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `type`, in lower case; nested ones too.
    pub kind: Option<String>,
    /// `status`, in lower case.
    pub status: Option<String>,
    /// `modified`, `updated`, `date` or `created`, the first of these that holds a date.
    pub date: Option<i64>,
    /// What `supersedes` or `replaces` names, verbatim.
    pub supersedes: Option<String>,
}

/// Reads the front matter at the start of a note's lines.
pub fn front(lines: &[&str]) -> Front {
    let is_mark = |line: &str| line.trim_end() == "---";
    let mut front = Front::default();
    if !lines.first().is_some_and(|line| is_mark(line)) {
        return front;
    }
    let close = lines
        .iter()
        .take(MAX_LINES)
        .skip(1)
        .position(|line| is_mark(line) || line.trim_end() == "...");
    let Some(close) = close.map(|at| at + 1) else {
        return front;
    };
    front.n_lines = close + 1;
    let mut dates: [Option<i64>; 4] = [None; 4];
    for line in &lines[1..close] {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim().trim_matches(['"', '\'']).trim();
        // Lists, maps and blocks name nothing; a torn one would name rubbish.
        if value.is_empty() || value.starts_with(['[', '{', '|', '>']) {
            continue;
        }
        let text = || Some(value.to_owned());
        let key = key.trim().trim_start_matches("- ").to_lowercase();
        match key.as_str() {
            "title" => front.title = text(),
            "name" => front.name = text(),
            "description" => front.description = text(),
            "type" => front.kind = Some(value.to_lowercase()),
            "status" => front.status = Some(value.to_lowercase()),
            "supersedes" | "replaces" => front.supersedes = text(),
            "modified" => dates[0] = date::find(value).map(|(at, _)| at),
            "updated" | "last_updated" | "lastupdated" | "last-updated" | "updated_at" => {
                dates[1] = date::find(value).map(|(at, _)| at);
            }
            "date" => dates[2] = date::find(value).map(|(at, _)| at),
            "created" | "created_at" => dates[3] = date::find(value).map(|(at, _)| at),
            _ => {}
        }
    }
    front.date = dates.into_iter().flatten().next();
    front.title = front.title.or_else(|| front.name.clone());
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Front {
        front(&text.lines().collect::<Vec<_>>())
    }

    #[test]
    fn both_versions_of_memory_files() {
        let flat = read("---\r\nname: No sandbox\r\ntype: feedback\r\n---\r\nbody");
        assert_eq!((flat.n_lines, flat.kind.as_deref()), (4, Some("feedback")));
        let nested = read(
            "---\nname: lock\ndescription: \"a: b\"\nmetadata:\n  type: project\n  modified: 2026-08-20T09:04:00.000Z\n---",
        );
        assert_eq!(
            (nested.n_lines, nested.kind.as_deref()),
            (7, Some("project"))
        );
        assert_eq!(nested.description.as_deref(), Some("a: b"));
        assert_eq!(
            nested.date,
            date::find("2026-08-20 09:04").map(|(at, _)| at)
        );
    }

    #[test]
    fn broken_or_absent() {
        let broken = read("---\nname: [broken: yaml\n: : :\n---\nbody");
        assert_eq!((broken.n_lines, broken.title.as_deref()), (4, None));
        assert_eq!(read("---\nno end"), Front::default());
        assert_eq!(read("text\n---\n---"), Front::default());
        assert_eq!(read(""), Front::default());
    }
}
