//! Imports in instruction files of Claude Code: `@docs/style.md` takes that file in.
//!
//! A path is relative to the file that imports it, below the home directory (`~/`), or absolute. Spans and fences of code
//! and HTML comments import nothing. Only text files are taken for notes: an imported manifest or source file stays what
//! it is, a file of the repository.

use std::path::{Component, Path, PathBuf};

/// How many files an import may be away from the one that is read first.
pub const MAX_HOPS: usize = 4;
/// The most imports of one file.
const MAX_IMPORTS: usize = 100;

/// The paths that a text imports, as written, each once, in order.
pub fn imports(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut in_comment = false;
    for line in text.lines() {
        let trimmed = line.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| trimmed.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) if !in_comment => {
                fence = Some(mark);
                continue;
            }
            (Some(open), mark) => {
                if mark == Some(open) {
                    fence = None;
                }
                continue;
            }
            _ => {}
        }
        let mut rest = line;
        loop {
            let (part, after) = match (in_comment, rest.find("<!--"), rest.find("-->")) {
                (true, _, Some(end)) => {
                    in_comment = false;
                    rest = &rest[end + 3..];
                    continue;
                }
                (true, _, None) => break,
                (false, Some(start), _) => {
                    in_comment = true;
                    (&rest[..start], &rest[start + 4..])
                }
                (false, None, _) => (rest, ""),
            };
            for (i, words) in part.split('`').enumerate() {
                if i % 2 == 0 {
                    found.extend(words.split_whitespace().filter_map(target));
                }
            }
            if after.is_empty() {
                break;
            }
            rest = after;
        }
    }
    let mut unique: Vec<&str> = Vec::new();
    for path in found {
        if !unique.contains(&path) && unique.len() < MAX_IMPORTS {
            unique.push(path);
        }
    }
    unique
}

/// The path of a word that imports one; a package (`@types/node`), a person and an address are none.
fn target(word: &str) -> Option<&str> {
    let path = word.strip_prefix('@')?;
    let path = path.trim_end_matches(['.', ',', ';', ':', ')', '!', '?']);
    let name = path.rsplit('/').next().unwrap_or_default();
    let (_, extension) = name.rsplit_once('.')?;
    let is_text = ["md", "mdc", "markdown", "txt"]
        .iter()
        .any(|it| extension.eq_ignore_ascii_case(it));
    is_text.then_some(path)
}

/// The path that an import in the file `from` means, without `.` and `..`; links are not resolved.
pub fn resolve(from: &Path, import: &str, home: Option<&Path>) -> Option<PathBuf> {
    let whole = match import.strip_prefix("~/") {
        Some(rest) => home?.join(rest),
        None => from.parent()?.join(import),
    };
    let mut path = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            part => path.push(part),
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn code_and_comments_import_nothing() {
        let check = |text: &str, expected: &[&str]| assert_eq!(imports(text), expected, "{text}");
        check(
            "See @docs/a.md and @b.txt. Or @docs/a.md, (@c.md)",
            &["docs/a.md", "b.txt"],
        );
        check("`@a.md` @b.md `x @c.md`", &["b.md"]);
        check("```\n@a.md\n```\n@b.md", &["b.md"]);
        check("~~~\n@a.md\n```\n@b.md\n~~~\n@c.md", &["c.md"]);
        check(
            "<!-- @a.md --> @b.md <!-- @c.md\n@d.md\n--> @e.md",
            &["b.md", "e.md"],
        );
        check(
            "@types/node me@a.md @~/.claude/x.md @/w/y.md @package.json",
            &["~/.claude/x.md", "/w/y.md"],
        );
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let check = |from: &str, import: &str, expected: Option<&str>| {
            let found = resolve(Path::new(from), import, Some(Path::new("/home/dev")));
            assert_eq!(found, expected.map(PathBuf::from), "{import} in {from}");
        };
        check("/w/CLAUDE.md", "./docs/a.md", Some("/w/docs/a.md"));
        check("/w/docs/a.md", "../b.md", Some("/w/b.md"));
        check("docs/a.md", "../../b.md", None);
        check("/w/CLAUDE.md", "~/x.md", Some("/home/dev/x.md"));
        check("/w/CLAUDE.md", "/etc/x.md", Some("/etc/x.md"));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(@[a-z./~]{0,6}(\\.md)?|`|```|<!--|-->| |\n|é){0,40}") {
            for path in imports(&text) {
                prop_assert!(text.contains(path));
                resolve(Path::new("/w/CLAUDE.md"), path, None);
            }
        }
    }
}
