//! Claude Code's own memory of this repository: `<claude dir>/projects/<folder>/memory/*.md`.
//!
//! Memory files name no working directory. The folder's name must be exactly that of a root, and the transcripts beside
//! them bear witness: where all of them were written elsewhere, the memory is another project's and is left. What
//! remains is a collision of two roots whose names differ in punctuation alone (`/w/acme.shop`, `/w/acme-shop`): they
//! share one folder and one memory, and no reader can tell their notes apart. Then the memory is taken, with a warning.
//! For roots with names above 200 characters, whose folder names are cut and hashed, at least one witness is needed.

use super::{Atom, Class, class, split_note, status};
use crate::error::Warning;
use crate::request::Kind;
use crate::source::claude_dir;
use crate::source::stores::{self, Found, StoreReport, Stores};

/// The largest file that is read, as large as its writer reads.
const MAX_FILE_BYTES: u64 = 4 << 20;
/// Files read of one folder; the largest store seen has 868.
const MAX_FILES: usize = 4_000;

/// The atoms of the memory of every root.
pub(super) fn read(stores: &Stores) -> Found<Atom> {
    let mut found = Found::default();
    for folder in claude_dir::folders(stores) {
        let memory = folder.path.join("memory");
        let is_folder = std::fs::symlink_metadata(&memory).is_ok_and(|metadata| metadata.is_dir());
        if !is_folder {
            continue;
        }
        let location = stores.shown(&memory);
        let (n_ours, n_others) = claude_dir::witnesses(stores, &folder.path);
        if n_ours == 0 && (n_others > 0 || !folder.is_root) {
            continue;
        }
        if !folder.is_root && !claude_dir::is_cut(&folder.path) {
            continue;
        }
        if n_others > 0 {
            let message =
                "another project shares this folder, so some of these notes may be about that one";
            found
                .warnings
                .push(Warning::new("memory-shared", location.clone(), message));
        }
        let mut report = StoreReport {
            kind: Kind::Note,
            tool: "claude-code",
            location,
            n_items: 0,
            bytes: 0,
            n_lost: 0,
            n_unknown: 0,
        };
        let files = stores::list(&memory).into_iter();
        let notes = files.filter(|(name, metadata)| metadata.is_file() && name.ends_with(".md"));
        for (name, _) in notes.take(MAX_FILES) {
            let path = memory.join(&name);
            let shown = stores.shown(&path);
            match stores::read_text(&path, MAX_FILE_BYTES) {
                Ok((text, metadata)) => {
                    let atoms = atoms(&shown, &text, stores::mtime(&metadata));
                    report.n_items += atoms.len();
                    report.bytes += metadata.len();
                    found.items.extend(atoms);
                }
                Err(error) => {
                    found
                        .warnings
                        .push(Warning::new("unreadable", shown, error.to_string()))
                }
            }
        }
        if report.n_items > 0 {
            found.reports.push(report);
        }
    }
    found
}

/// The atoms of one memory file, classed by the type that it states; index lines by the name of what they point at.
fn atoms(shown: &str, text: &str, mtime: Option<i64>) -> Vec<Atom> {
    let lines: Vec<&str> = text
        .strip_prefix('\u{feff}')
        .unwrap_or(text)
        .lines()
        .collect();
    let stated = super::front::front(&lines).kind;
    let mut atoms = split_note(shown, text, mtime, Class::Fact);
    let file_name = shown.rsplit('/').next().unwrap_or_default();
    for atom in &mut atoms {
        let named = match status::link_target(&atom.text) {
            Some(target) if file_name == "MEMORY.md" => target,
            _ => file_name,
        };
        let kind = stated
            .as_deref()
            .or_else(|| named.split_once('_').map(|(kind, _)| kind));
        // The rule stands first; what follows says why, in words that tell of other things.
        let rule = atom.text.lines().next().unwrap_or_default();
        atom.class = match kind {
            Some("feedback") if class::by_wording(rule) == Some(Class::Principle) => {
                Class::Principle
            }
            Some("feedback" | "user") => Class::Preference,
            Some("reference") => Class::Fact,
            _ => atom.class,
        };
    }
    atoms
}
