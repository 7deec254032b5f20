//! What the readers of all tools do alike: take the newest transcripts under limits, read them on all cores, report
//! what each folder gave.
//!
//! A store may hold years of work in hundreds of projects. So its files are sorted by when they were last changed,
//! asked cheaply whether they belong to this repository, and only then read, the newest first, until a limit is met.

use super::Session;
use super::recall::Recall;
use crate::cache::Stamp;
use crate::error::Warning;
use crate::request::Kind;
use crate::source::reader::Dirt;
use crate::source::stores::{self, Found, StoreReport, Stores};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Newest transcripts of a tool that are asked whether they belong to the repository.
const MAX_ASKED: usize = 10_000;
/// Newest transcripts of a tool that are read.
const MAX_TRANSCRIPTS: usize = 500;
/// Bytes of a tool's transcripts that are read, newest first: about half a second on two cores.
const MAX_BYTES: u64 = 400_000_000;
/// The largest document that is read whole, in bytes.
pub(super) const MAX_DOCUMENT: u64 = 64 << 20;

/// A file that holds a session, or several.
pub(super) struct Transcript<K> {
    pub path: PathBuf,
    /// The folder that reports name.
    pub folder: PathBuf,
    /// Bytes on disk when it was found; it may grow while it is read.
    pub size: u64,
    /// Bytes that reading it counts for; more than `size` where it is compressed.
    pub cost: u64,
    /// When it was last changed, Unix seconds.
    pub mtime: i64,
    /// What tells later whether it is still the same.
    pub stamp: Stamp,
    /// What its reader knows of it besides.
    pub known: K,
}

impl<K> Transcript<K> {
    /// A file of `folder` as [`stores::list`] found it.
    pub fn new(folder: &Path, path: PathBuf, metadata: &Metadata, known: K) -> Self {
        Self {
            path,
            folder: folder.to_owned(),
            size: metadata.len(),
            cost: metadata.len(),
            mtime: stores::mtime(metadata).unwrap_or_default(),
            stamp: Stamp::of(metadata),
            known,
        }
    }

    /// The same with something else known of it.
    pub fn with<L>(self, known: L) -> Transcript<L> {
        Transcript {
            path: self.path,
            folder: self.folder,
            size: self.size,
            cost: self.cost,
            mtime: self.mtime,
            stamp: self.stamp,
            known,
        }
    }
}

/// What one transcript gave.
#[derive(Default)]
pub(super) struct OneRead {
    pub sessions: Vec<Session>,
    /// Pieces of records that were lost.
    pub n_lost: usize,
    /// Records of unknown types.
    pub n_unknown: usize,
    pub warnings: Vec<Warning>,
}

impl OneRead {
    /// Counts a whole document that could not be read, and says what it is not.
    pub fn torn(&mut self, shown: String, message: &str) {
        self.n_lost += 1;
        self.warnings
            .push(Warning::new("torn-record", shown, message));
    }

    /// Counts what reading the file shown as `shown` lost; a file that could not be read at all is a warning.
    pub fn lost(&mut self, shown: &str, read: std::io::Result<Dirt>) {
        match read {
            Ok(dirt) => {
                self.n_lost += dirt.n_lost();
                self.warnings.extend(stores::dirt_warning(shown, &dirt));
            }
            Err(error) => self
                .warnings
                .push(Warning::new("unreadable", shown, error.to_string())),
        }
    }
}

/// Of `all` the transcripts that belong to the repository, newest first, as many as the limits allow.
///
/// `belongs` opens a transcript just far enough to tell, and says what it learned. It is not asked again about a transcript that
/// is as it was. One that cannot be opened is a warning: nobody knows whose it is.
pub(super) fn shortlist<J: Serialize + Send, K: Serialize + DeserializeOwned + Send>(
    stores: &Stores,
    tool: &'static str,
    mut all: Vec<Transcript<J>>,
    warnings: &mut Vec<Warning>,
    belongs: impl Fn(Transcript<J>) -> Option<Transcript<K>> + Sync + Send,
) -> Vec<Transcript<K>> {
    sort(&mut all);
    all.truncate(MAX_ASKED);
    let closed = Mutex::new(Vec::new());
    let ask = |transcript: Transcript<J>| {
        let path = transcript.path.clone();
        let answer = belongs(transcript);
        if answer.is_none()
            && let Err(error) = stores::open(&path)
            && error.kind() != ErrorKind::NotFound
            && let Ok(mut closed) = closed.lock()
        {
            closed.push(Warning::new(
                "unreadable",
                stores.shown(&path),
                error.to_string(),
            ));
        }
        answer
    };
    let all = Recall::new(stores, tool).heads(all, ask);
    let mut closed = closed.into_inner().unwrap_or_default();
    closed.sort();
    warnings.append(&mut closed);
    newest(all, warnings)
}

fn sort<K>(all: &mut [Transcript<K>]) {
    all.sort_by(|a, b| b.mtime.cmp(&a.mtime).then_with(|| a.path.cmp(&b.path)));
}

/// Of transcripts of the repository, newest first, as many as the limits allow.
pub(super) fn newest<K>(
    mut all: Vec<Transcript<K>>,
    warnings: &mut Vec<Warning>,
) -> Vec<Transcript<K>> {
    sort(&mut all);
    let n_all = all.len();
    let mut n_bytes = 0;
    let mut n_kept = 0;
    all.retain(|transcript| {
        let fits = n_kept < MAX_TRANSCRIPTS && n_bytes + transcript.cost <= MAX_BYTES;
        if fits {
            n_bytes += transcript.cost;
            n_kept += 1;
        }
        fits
    });
    if n_kept < n_all {
        let message = format!(
            "{} of {n_all} transcripts were not read: at most {MAX_TRANSCRIPTS} and {} MB are, the newest first",
            n_all - n_kept,
            MAX_BYTES / 1_000_000
        );
        warnings.push(Warning::new("transcripts-not-read", "", message));
    }
    all
}

/// Reads transcripts of `tool` on all cores: their sessions in their order, and a report for each folder that gave some.
///
/// Where `read` gives none for a transcript, it turned out not to belong to the repository. It is not asked again about a
/// transcript that is as it was; so all that it goes by must stand in the transcript, in what is known of it, or in files that it
/// opens by [`stores::open`].
pub(super) fn read_all<K: Serialize + Sync>(
    stores: &Stores,
    tool: &'static str,
    transcripts: &[Transcript<K>],
    read: impl Fn(&Transcript<K>) -> Option<OneRead> + Sync + Send,
) -> Found<Session> {
    let recall = Recall::new(stores, tool);
    let read: Vec<Option<OneRead>> = transcripts
        .par_iter()
        .map(|transcript| recall.read(transcript, &read))
        .collect();
    let mut found = Found::default();
    let mut reports: BTreeMap<&Path, StoreReport> = BTreeMap::new();
    for (transcript, one) in transcripts.iter().zip(read) {
        let Some(one) = one else { continue };
        found.warnings.extend(one.warnings);
        let report = reports
            .entry(&transcript.folder)
            .or_insert_with(|| StoreReport {
                kind: Kind::Session,
                tool,
                location: stores.shown(&transcript.folder),
                n_items: 0,
                bytes: 0,
                n_lost: 0,
                n_unknown: 0,
            });
        // What gave no session may be what was lost of it.
        if !one.sessions.is_empty() {
            report.bytes += transcript.size;
        }
        report.n_items += one.sessions.len();
        report.n_lost += one.n_lost;
        report.n_unknown += one.n_unknown;
        found.items.extend(one.sessions);
    }
    let gave = reports.into_values().filter(|it| it.n_items > 0);
    found.reports = gave.collect();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(name: &str, mtime: i64, cost: u64) -> Transcript<()> {
        Transcript {
            path: PathBuf::from(name),
            folder: PathBuf::from("/w"),
            size: cost,
            cost,
            mtime,
            stamp: Stamp::default(),
            known: (),
        }
    }

    fn names(all: Vec<Transcript<()>>) -> (Vec<String>, usize) {
        let mut warnings = Vec::new();
        let stores = Stores {
            roots: &[],
            home: None,
            variables: &BTreeMap::new(),
            cache: None,
        };
        let is_ours = |t: &Transcript<()>| !t.path.starts_with("foreign");
        let kept = shortlist(&stores, "any", all, &mut warnings, |t| {
            is_ours(&t).then_some(t)
        });
        let name = |t: Transcript<()>| t.path.to_string_lossy().into_owned();
        (kept.into_iter().map(name).collect(), warnings.len())
    }

    #[test]
    fn the_newest_that_belong_are_kept() {
        let all = vec![
            transcript("b", 1, 1),
            transcript("a", 1, 1),
            transcript("foreign", 9, MAX_BYTES),
            transcript("c", 2, 1),
        ];
        assert_eq!(names(all), (vec!["c".into(), "a".into(), "b".into()], 0));
    }

    #[test]
    fn what_cannot_be_opened_is_told() {
        let folder = tempfile::tempdir().unwrap();
        // as root nothing is closed; what is no file is as closed as one
        let closed = folder.path().join("closed.jsonl");
        std::fs::create_dir(&closed).unwrap();
        let missing = folder.path().join("foreign.jsonl");
        let all = [closed, missing].map(|path| transcript(&path.to_string_lossy(), 1, 1));
        let mut warnings = Vec::new();
        let stores = Stores {
            roots: &[],
            home: Some(folder.path()),
            variables: &BTreeMap::new(),
            cache: None,
        };
        let none = |_: Transcript<()>| -> Option<Transcript<()>> { None };
        assert!(shortlist(&stores, "any", all.into(), &mut warnings, none).is_empty());
        let told: Vec<(&str, &str)> = warnings.iter().map(|it| (it.code, &*it.path)).collect();
        assert_eq!(told, [("unreadable", "~/closed.jsonl")]);
    }

    #[test]
    fn limits_leave_out_and_say_so() {
        let all = vec![
            transcript("old", 1, 1),
            transcript("large", 2, MAX_BYTES),
            transcript("new", 3, 1),
        ];
        assert_eq!(names(all), (vec!["new".into(), "old".into()], 1));
        let many = (0..MAX_TRANSCRIPTS as i64 + 1).map(|i| transcript(&i.to_string(), i, 0));
        let (kept, n_warnings) = names(many.collect());
        assert_eq!((kept.len(), n_warnings), (MAX_TRANSCRIPTS, 1));
        assert_eq!(kept[0], MAX_TRANSCRIPTS.to_string());
    }
}
