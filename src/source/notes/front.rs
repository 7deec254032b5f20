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
    /// Whether it has a `permalink`, as notes of basic-memory do.
    pub is_linked: bool,
    /// Globs of the files that the note is meant for, as hosts of rules write them; empty where it is meant for all.
    pub applies_to: Vec<String>,
}

/// The keys under which hosts keep globs: Cursor, Windsurf and Continue, Claude Code, Copilot, Kiro.
const GLOB_KEYS: &[&str] = &["globs", "paths", "applyto", "filematchpattern"];
/// The most globs of one note.
const MAX_GLOBS: usize = 50;

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
    let mut in_globs = false;
    let mut is_always = false;
    for line in &lines[1..close] {
        if let Some(item) = line.trim_start().strip_prefix("- ").filter(|_| in_globs) {
            front.applies_to.extend(globs(item));
            continue;
        }
        in_globs = false;
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let lower = key.trim().to_lowercase();
        if GLOB_KEYS.contains(&lower.as_str()) && !key.starts_with([' ', '\t']) {
            front.applies_to.extend(globs(value));
            in_globs = value.trim().is_empty();
            continue;
        }
        let value = value.trim().trim_matches(['"', '\'']).trim();
        is_always |= matches!(
            (lower.as_str(), value),
            ("alwaysapply", "true") | ("inclusion", "always") | ("trigger", "always_on")
        );
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
            "permalink" => front.is_linked = true,
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
    let is_all = |glob: &String| matches!(glob.as_str(), "*" | "**" | "**/*");
    if is_always || front.applies_to.iter().any(is_all) {
        front.applies_to.clear();
    }
    front.applies_to.truncate(MAX_GLOBS);
    front.date = dates.into_iter().flatten().next();
    front.title = front.title.or_else(|| front.name.clone());
    front
}

/// The globs of a value: one, several with commas between them, or a list in brackets. A comma in braces parts nothing.
fn globs(value: &str) -> Vec<String> {
    let value = value.trim();
    let inner = value.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let mut found = vec![String::new()];
    let mut depth = 0_usize;
    for c in inner.unwrap_or(value).chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match found.last_mut() {
            Some(glob) if c != ',' || depth > 0 => glob.push(c),
            _ => found.push(String::new()),
        }
    }
    let bare = |glob: &String| {
        let glob = glob.trim().trim_matches(['"', '\'']).trim();
        glob.to_owned()
    };
    let globs = found.iter().map(bare);
    globs.filter(|glob| !glob.is_empty()).collect()
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

    #[test]
    fn rules_name_the_files_that_they_are_meant_for() {
        let check = |lines: &str, expected: &[&str]| {
            let front = read(&format!("---\n{lines}\n---\nbody"));
            assert_eq!(front.applies_to, expected, "{lines}");
        };
        check(
            "globs: src/**/*.rs, migrations/*.sql\nalwaysApply: false",
            &["src/**/*.rs", "migrations/*.sql"],
        );
        check("globs: [\"*.ts\", 'web/**']", &["*.ts", "web/**"]);
        check(
            "paths:\n  - \"src/**/*.rs\"\n  - \"m/*.{sql,psql}\"\ntitle: x",
            &["src/**/*.rs", "m/*.{sql,psql}"],
        );
        check(
            "applyTo: \"web/**/*.ts,web/**/*.tsx\"",
            &["web/**/*.ts", "web/**/*.tsx"],
        );
        check(
            "inclusion: fileMatch\nfileMatchPattern: \"src/**\"",
            &["src/**"],
        );
        check("trigger: glob\nglobs: a/*", &["a/*"]);
        check("alwaysApply: true\nglobs: a/*", &[]);
        check("applyTo: '**'", &[]);
        check("globs:\ntags:\n- a", &[]);
        check("metadata:\n  paths: a", &[]);
        check("globs: }{,", &["}{,"]);
    }
}
