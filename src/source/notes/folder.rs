//! What the readers of stores of notes do alike: read small files, count, and gather atoms.

use super::{Atom, Class, DateSource, anchors, status};
use crate::error::Warning;
use crate::request::Kind;
use crate::source::stores::{self, Found, StoreReport, Stores};
use std::fs::Metadata;
use std::path::Path;

/// The largest note that is read, in bytes.
const MAX_NOTE_BYTES: u64 = 4 << 20;
/// Notes read of one folder and those below it.
const MAX_NOTES: usize = 4_000;
/// How deep folders are entered.
const MAX_DEPTH: usize = 8;

/// A store while it is read.
pub(super) struct Folder<'a> {
    pub stores: &'a Stores<'a>,
    found: Found<Atom>,
    report: StoreReport,
}

/// A note as it was read.
pub(super) struct Read {
    /// Its path as `~/...`.
    pub shown: String,
    pub text: String,
    /// When it was last changed, Unix seconds.
    pub mtime: Option<i64>,
}

impl<'a> Folder<'a> {
    /// The store at `path`, a file or a folder.
    pub fn new(stores: &'a Stores<'a>, tool: &'static str, path: &Path) -> Self {
        Self {
            stores,
            found: Found::default(),
            report: StoreReport {
                kind: Kind::Note,
                tool,
                location: stores.shown(path),
                n_items: 0,
                bytes: 0,
                n_lost: 0,
                n_unknown: 0,
            },
        }
    }

    /// A note; none where there is no such file, and none with a warning where it cannot be read.
    pub fn read(&mut self, path: &Path) -> Option<Read> {
        self.read_by(path, stores::read_text(path, MAX_NOTE_BYTES))
    }

    /// [`Self::read`] of a file that the user keeps at this place, which may be a link ([`stores::read_own`]).
    pub fn read_own(&mut self, path: &Path) -> Option<Read> {
        self.read_by(
            path,
            stores::read_own(path, self.stores.home, MAX_NOTE_BYTES),
        )
    }

    fn read_by(&mut self, path: &Path, read: std::io::Result<(String, Metadata)>) -> Option<Read> {
        let shown = self.stores.shown(path);
        match read {
            Ok((text, metadata)) => {
                self.report.bytes += metadata.len();
                let mtime = stores::mtime(&metadata);
                Some(Read { shown, text, mtime })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                let warning = Warning::new("unreadable", shown, error.to_string());
                self.found.warnings.push(warning);
                None
            }
        }
    }

    /// The notes below a folder whose paths relative to it, with `/`, are wanted, in the order of their paths; links are
    /// not followed.
    pub fn read_all(&mut self, folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<Read> {
        let mut paths = Vec::new();
        let is_folder = std::fs::symlink_metadata(folder).is_ok_and(|it| it.is_dir());
        if is_folder {
            collect(folder, "", MAX_DEPTH, wanted, &mut paths);
        }
        let reads = paths.iter().map(|path| self.read(&folder.join(path)));
        reads.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    /// Adds atoms.
    pub fn add(&mut self, atoms: Vec<Atom>) {
        self.report.n_items += atoms.len();
        self.found.items.extend(atoms);
    }

    /// Counts records that could not be read.
    pub fn lost(&mut self, n_lost: usize) {
        self.report.n_lost += n_lost;
    }

    /// Warns about one note, where there is a reason to.
    pub fn warn(&mut self, warning: Option<Warning>) {
        self.found.warnings.extend(warning);
    }

    /// What was found.
    pub fn finish(mut self) -> Found<Atom> {
        if self.report.n_items > 0 {
            self.found.reports.push(self.report);
        }
        self.found
    }
}

fn collect(
    folder: &Path,
    below: &str,
    depth: usize,
    wanted: &dyn Fn(&str) -> bool,
    paths: &mut Vec<String>,
) {
    for (name, metadata) in stores::list(folder) {
        let path = format!("{below}{name}");
        if paths.len() >= MAX_NOTES {
            return;
        }
        if metadata.is_dir() && depth > 0 {
            collect(
                &folder.join(&name),
                &format!("{path}/"),
                depth - 1,
                wanted,
                paths,
            );
        } else if metadata.is_file() && wanted(&path) {
            paths.push(path);
        }
    }
}

/// A text with only the lines that are kept; the others are blank, so that line numbers hold.
pub(super) fn masked(text: &str, mut keep: impl FnMut(usize, &str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split_inclusive('\n').enumerate() {
        if keep(at, line) {
            out.push_str(line);
        } else if line.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

/// An atom told from a record that is not text: its words are written here, its line is the record's.
pub(super) fn told(path: &str, line: usize, text: String, class: Class) -> Atom {
    let line = super::line_number(line);
    Atom {
        path: path.to_owned(),
        lines: (line, line),
        heading: Vec::new(),
        anchors: anchors(&text),
        supersedes: status::supersedes(&text),
        text,
        class,
        date: None,
        status: String::new(),
        done: false,
        superseded: false,
        keys: Vec::new(),
        applies_to: Vec::new(),
        n_sources: 1,
        anchored: Default::default(),
        gone: Vec::new(),
    }
}

/// The date of a record, or failing that the file's.
pub(super) fn dated(at: Option<i64>, mtime: Option<i64>) -> Option<(i64, DateSource)> {
    let record = at.map(|at| (at, DateSource::Record));
    record.or(mtime.map(|at| (at, DateSource::Mtime)))
}
