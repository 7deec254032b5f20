//! The walker over `grammars/`: a language is tested because its folder exists.
//!
//! Each folder holds `sample.<ext>` and `sample.outline`, what is expected of it as readable text. After a change run with
//! `UPDATE_EXPECT=1`, and read the difference.

use super::table::rows;
use super::{Language, Outline, captures, detect, outline};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars")
}

/// The language, path and text of each folder's sample.
pub(super) fn all() -> Vec<(Language, PathBuf, String)> {
    rows()
        .map(|row| {
            let folder = root().join(row.id);
            let entries = std::fs::read_dir(&folder)
                .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            let mut paths = entries.map(|entry| entry.unwrap().path());
            let path = paths
                .find(|path| {
                    path.file_stem().is_some_and(|stem| stem == "sample")
                        && path.extension().is_some_and(|end| end != "outline")
                })
                .unwrap_or_else(|| panic!("{} has no sample", folder.display()));
            let text = std::fs::read_to_string(&path).unwrap();
            (Language(row), path, text)
        })
        .collect()
}

/// An outline as text: one definition a line, `lines (signature) kind name < bases`, nested by indentation.
fn written(outline: &Outline) -> String {
    let range = |(first, last): (u32, u32)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    };
    let mut text = String::new();
    let mut depths: Vec<usize> = Vec::new();
    for (idx, definition) in outline.definitions.iter().enumerate() {
        let depth = definition.parent.map_or(0, |parent| depths[parent] + 1);
        depths.push(depth);
        let bases: Vec<&str> = outline
            .bases
            .iter()
            .filter(|(owner, _)| *owner == idx)
            .map(|(_, name)| name.as_str())
            .collect();
        let _ = write!(
            text,
            "{}{} ({}) ",
            "  ".repeat(depth),
            range(definition.lines),
            range(definition.signature)
        );
        let _ = write!(text, "{} {}", definition.kind.as_str(), definition.name);
        let _ = writeln!(
            text,
            "{}{}",
            if bases.is_empty() { "" } else { " < " },
            bases.join(", ")
        );
    }
    let imports: Vec<String> = outline.imports.iter().map(|lines| range(*lines)).collect();
    let breaks: Vec<String> = outline.breaks.iter().map(u32::to_string).collect();
    let _ = writeln!(
        text,
        "imports {}\nbreaks {}\nreferences",
        imports.join(" "),
        breaks.join(" ")
    );
    for group in outline.references.chunk_by(|a, b| a.line == b.line) {
        let names: Vec<&str> = group
            .iter()
            .map(|reference| reference.name.as_str())
            .collect();
        let _ = writeln!(text, "  {}: {}", group[0].line, names.join(" "));
    }
    text
}

#[test]
fn rows_and_folders_match() {
    let mut folders: Vec<String> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    let lent = rows().flat_map(|row| row.queries.iter().map(|(folder, ..)| *folder));
    let ids: BTreeSet<&str> = rows().map(|row| row.id).chain(lent).collect();
    assert_eq!(
        folders,
        ids.into_iter().collect::<Vec<_>>(),
        "a folder without a row in table.rs, or a row without its folder in grammars/"
    );
}

#[test]
fn queries_compile() {
    let bad: Vec<String> = rows()
        .filter(|row| row.grammar.is_some())
        .filter_map(|row| {
            captures::compile(row)
                .err()
                .map(|reason| format!("{}: {reason}", row.id))
        })
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn samples_give_their_outlines() {
    let mut wrong = Vec::new();
    for (language, path, text) in all() {
        assert_eq!(
            detect(&path.to_string_lossy(), &text),
            Some(language),
            "{}",
            path.display()
        );
        let found = outline(&text, Some(language));
        assert_eq!(found.fallback, None, "{}", path.display());
        let found = written(&found);
        let expected_path = path.with_file_name("sample.outline");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&expected_path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_path).unwrap_or_default();
        if found != expected {
            wrong.push(format!("--- {} gives\n{found}", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n(UPDATE_EXPECT=1 rewrites the expected outlines)",
        wrong.join("\n")
    );
}
