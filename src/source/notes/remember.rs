//! Writing one thing down: the line, and where in a note it goes.
//!
//! A line carries its date and class in words, so that whoever reads the note reads them as well, and no file beside it can
//! be lost. What is written is read back before it is trusted: in a section that would swallow the line into another
//! atom it goes below a heading of its own. Nothing that stands in a note is changed.

use super::split::{self, Kind};
use super::table::{self, Form};
use super::{Class, front};

/// The heading below which remembered lines stand where nothing better is there.
const HEADING: &str = "Remembered";
/// Where a repository's notes are kept, best first.
const FOLDERS: &[&str] = &[
    "", "docs/", "doc/", "notes/", "memory/", ".claude/", ".agent/", ".agents/", ".ai/",
];
/// What they are called, best first.
const NAMES: &[&str] = &["NOTES.md", "MEMORY.md"];

/// A note with a line more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The whole note.
    pub text: String,
    /// The line's number, from 1.
    pub line: u32,
}

/// The line for what is to be remembered; `day` as `2026-08-20`. White space is folded: an entry is one line.
pub fn entry(day: &str, class: Class, said: &str) -> String {
    let said: Vec<&str> = said.split_whitespace().collect();
    format!("- {day} ({}): {}", class.word(), said.join(" "))
}

/// The note among `paths` (relative to the root) that things are remembered in; `None` where there is none yet.
///
/// The case of NOTES.md does not count; a `memory.md` in small letters is as often a document about memory.
pub fn place<'a>(paths: &[&'a str]) -> Option<&'a str> {
    let is_it = |path: &str, folder: &str, name: &str| {
        path.strip_prefix(folder).is_some_and(|rest| {
            rest == name || (name == NAMES[0] && rest.eq_ignore_ascii_case(name))
        })
    };
    NAMES.iter().find_map(|name| {
        let mut folders = FOLDERS.iter();
        folders.find_map(|folder| paths.iter().find(|path| is_it(path, folder, name)).copied())
    })
}

/// Whether lines can be added to a note: it is text, and not the record of a single decision.
pub fn can_hold(path: &str) -> bool {
    table::find(path).is_some_and(|row| row.form == Form::Text) && !table::is_adr(path)
}

/// The class that a line would have in a note, by its wording.
pub fn class(path: &str, said: &str) -> Class {
    let atoms = super::atoms(path, &format!("- {said}\n"), None);
    atoms.first().map_or(Class::Fact, |atom| atom.class)
}

/// Adds `entry` to the text of a note, so that it is read back as an atom of its own; `None` where that cannot be had.
///
/// It goes to the section of remembered lines, or to the end of a note that has no sections, or into a new section at the
/// end. Line endings stay as they are, and so does a missing newline at the end.
pub fn insert(path: &str, text: &str, entry: &str) -> Option<Written> {
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let Some(last) = lines
        .iter()
        .rposition(|line| !line.trim_start_matches('\u{feff}').trim().is_empty())
    else {
        let text = format!("# {}{newline}{newline}{entry}{newline}", title(path));
        return read_back(path, text, entry);
    };
    let unmarked: Vec<&str> = lines
        .iter()
        .map(|line| line.trim_start_matches('\u{feff}'))
        .collect();
    let n_front = front::front(&unmarked).n_lines;
    let pieces = split::pieces(&unmarked[n_front..]);
    let is_remembered = |piece: &&split::Piece| {
        let heading = piece
            .headings
            .last()
            .map(|line| split::title(unmarked[n_front + line]));
        heading == Some(HEADING)
    };
    let own = pieces.iter().rev().find(is_remembered);
    let is_flat = pieces.last().is_none_or(|piece| piece.headings.len() <= 1);
    let gap = |kind: Option<Kind>| {
        if kind == Some(Kind::Bullet) {
            ""
        } else {
            newline
        }
    };
    let mut places: Vec<(usize, String)> = Vec::new();
    if let Some(piece) = own {
        places.push((n_front + piece.last, gap(Some(piece.kind)).to_owned()));
    } else if is_flat {
        let below = pieces.last().filter(|piece| n_front + piece.last == last);
        places.push((last, gap(below.map(|piece| piece.kind)).to_owned()));
    }
    places.push((last, format!("{newline}## {HEADING}{newline}{newline}")));
    places.into_iter().find_map(|(after, between)| {
        let end: usize = lines[..=after].iter().map(|line| line.len()).sum();
        let end = text[..end].trim_end_matches(['\n', '\r']).len();
        let (head, tail) = text.split_at(end);
        read_back(
            path,
            format!("{head}{newline}{between}{entry}{tail}"),
            entry,
        )
    })
}

/// The title of a new note, by its file's name: `Decisions` for DECISIONS.md, `Notes` for what stands for a host's instructions.
fn title(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    let is_word = !stem.is_empty() && stem.bytes().all(|b| b.is_ascii_alphabetic());
    if !is_word || matches!(stem, "CLAUDE" | "AGENTS" | "GEMINI") {
        return "Notes".to_owned();
    }
    format!("{}{}", stem[..1].to_uppercase(), stem[1..].to_lowercase())
}

/// The note, if `entry` stands in it as an atom with the date and class that it states.
fn read_back(path: &str, text: String, entry: &str) -> Option<Written> {
    let stated = super::class::stated(entry).0;
    let date = super::date::opening(entry);
    let mut atoms = super::atoms(path, &text, None).into_iter().rev();
    let atom = atoms.find(|atom| atom.text.trim() == entry)?;
    let holds = stated == Some(atom.class)
        && date == atom.date.map(|(at, _)| at)
        && !atom.superseded
        && !atom.done;
    holds.then_some(Written {
        text,
        line: atom.lines.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ENTRY: &str = "- 2026-08-20 (preference): we use pnpm";

    #[track_caller]
    fn check(text: &str, expected: &str, line: u32) {
        let written = insert("NOTES.md", text, ENTRY).unwrap();
        assert_eq!(
            (written.text.replace(ENTRY, "E").as_str(), written.line),
            (expected, line),
            "{text:?}"
        );
    }

    #[test]
    fn lines_go_where_they_are_read() {
        check("", "# Notes\n\nE\n", 3);
        check("# Notes\n\n- a\n", "# Notes\n\n- a\nE\n", 4);
        check("# Notes\n\n- a", "# Notes\n\n- a\nE", 4);
        check("- a\r\n- b\r\n\r\n", "- a\r\n- b\r\nE\r\n\r\n", 3);
        check("Some words.\n", "Some words.\n\nE\n", 3);
        check(
            "# A\n\n## B\n\n- b\n",
            "# A\n\n## B\n\n- b\n\n## Remembered\n\nE\n",
            9,
        );
        check(
            "## Remembered\n\n- a\n\n## B\n\n- b\n",
            "## Remembered\n\n- a\nE\n\n## B\n\n- b\n",
            4,
        );
        // a list with its introduction is one atom, and would take the line in
        check("Rules:\n- a\n", "Rules:\n- a\n\n## Remembered\n\nE\n", 6);
        check(
            "# Old notes (deprecated)\n\n- a\n",
            "# Old notes (deprecated)\n\n- a\n\n## Remembered\n\nE\n",
            7,
        );
        check("---\ntitle: x\n---\n", "---\ntitle: x\n---\n\nE\n", 5);
    }

    #[test]
    fn a_new_note_has_the_title_of_its_file() {
        for (path, heading) in [
            ("NOTES.md", "# Notes"),
            ("docs/DECISIONS.md", "# Decisions"),
            ("AGENTS.md", "# Notes"),
            (".cursorrules", "# Notes"),
        ] {
            let text = insert(path, "", ENTRY).unwrap().text;
            assert_eq!(text.lines().next(), Some(heading), "{path}");
        }
    }

    #[test]
    fn the_best_place_is_taken() {
        assert_eq!(
            place(&["docs/NOTES.md", "memory.md", "notes.md"]),
            Some("notes.md")
        );
        assert_eq!(
            place(&["MEMORY.md", "docs/notes.md"]),
            Some("docs/notes.md")
        );
        assert_eq!(
            place(&["docs/memory.md", "memory/MEMORY.md"]),
            Some("memory/MEMORY.md")
        );
        assert_eq!(place(&["src/NOTES.md", "docs/memory.md"]), None);
        assert!(can_hold("CLAUDE.md") && can_hold("docs/DECISIONS.md"));
        assert!(
            !can_hold("docs/adr/0001-x.md")
                && !can_hold("src/a.rs")
                && !can_hold(".beads/issues.jsonl")
        );
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_read_back(
            lines in prop::collection::vec("( {0,4}(- |1\\. |## |```|<!--|---|2026-08-2[01] ?)?[a-z]{0,4}:?(-->)?\r?)", 0..12),
            ends in any::<bool>(),
            class in 0..7_usize,
            said in "[a-z`.,:()#*\\[\\]-]{1,12}( [a-zA-Z`.,:]{1,8}){0,5}",
        ) {
            let text = lines.join("\n") + if ends { "\n" } else { "" };
            let entry = entry("2026-08-20", Class::ALL[class], &said);
            let superseded = super::super::status::says_superseded(&entry);
            if let Some(written) = insert("NOTES.md", &text, &entry) {
                // nothing that was there is changed, and the end stays as it was
                prop_assert_eq!(written.text.replacen(&entry, "", 1).split_whitespace().filter(|word| *word != "##" && *word != "Remembered").collect::<String>().len()
                    , text.split_whitespace().filter(|word| *word != "##" && *word != "Remembered").collect::<String>().len() + if text.trim().is_empty() { "#Notes".len() } else { 0 });
                prop_assert!(text.trim().is_empty() || written.text.ends_with('\n') == text.ends_with('\n'));
                let atoms = super::super::atoms("NOTES.md", &written.text, None);
                let found = atoms.iter().find(|atom| atom.lines == (written.line, written.line)).unwrap();
                prop_assert_eq!(found.text.trim(), entry.as_str());
                prop_assert_eq!(found.class, Class::ALL[class]);
            } else {
                prop_assert!(superseded, "{:?} is not read back in {:?}", entry, text);
            }
        }
    }
}
