//! What an answer depends on: every file that was opened or looked for while it was found, and whether all of it could be read.
//!
//! A cache may give an answer again only while everything that it was made from is as it was. Readers look at files that
//! their callers know nothing of, and one that is forgotten is a stale answer that nobody notices. So the doors through which readers
//! go ([`super::stores::open`], [`super::stores::list`], [`look`]) write down by themselves what they were asked for. A list of
//! paths that each reader returns lost, because every new reader can forget one.

use crate::cache::Stamp;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// A path that was opened, listed or looked for, and what was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    path: PathBuf,
    /// `None` where nothing was there.
    stamp: Option<Stamp>,
}

impl Seen {
    /// Whether it is `path` that was looked at.
    pub fn is(&self, path: &Path) -> bool {
        self.path == path
    }

    /// Where that is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the same would be found again, as far as the system tells; `written` is when it was written down.
    pub fn holds(&self, written: Stamp) -> bool {
        let now = std::fs::symlink_metadata(&self.path);
        let now = now.as_ref().ok().map(Stamp::of);
        now == self.stamp && now.is_none_or(|now| !now.is_racy(written))
    }
}

/// What was seen so far, and whether something that is there could not be read.
#[derive(Default)]
struct Watch {
    seen: Vec<Seen>,
    is_troubled: bool,
}

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// Runs `read`, which stays on this thread, and says what its answer depends on; `None` where something could not be read, so that
/// the answer may be another next time.
pub fn watch<T>(read: impl FnOnce() -> T) -> (T, Option<Vec<Seen>>) {
    let outer = WATCH.replace(Some(Watch::default()));
    let answer = read();
    let watch = WATCH.replace(outer).unwrap_or_default();
    (answer, (!watch.is_troubled).then_some(watch.seen))
}

/// What stands at `path`, links not followed.
///
/// # Errors
/// The system's.
pub fn look(path: &Path) -> Result<Metadata> {
    let there = heed(std::fs::symlink_metadata(path));
    WATCH.with_borrow_mut(|watch| {
        if let Some(watch) = watch {
            watch.seen.push(Seen {
                path: path.to_owned(),
                stamp: there.as_ref().ok().map(Stamp::of),
            });
        }
    });
    there
}

/// Whether `path` is a folder, and no link to one.
pub fn is_folder(path: &Path) -> bool {
    look(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Takes note if something failed; that nothing is there is no failure.
pub fn heed<T>(result: Result<T>) -> Result<T> {
    if let Err(error) = &result
        && !matches!(
            error.kind(),
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::Interrupted
        )
    {
        WATCH.with_borrow_mut(|watch| {
            if let Some(watch) = watch {
                watch.is_troubled = true;
            }
        });
    }
    result
}

/// An open file whose failures are taken note of, whatever its reader makes of them.
#[derive(Debug)]
pub struct Input(File);

impl Input {
    /// Reads on from where `file` stands.
    pub fn new(file: File) -> Self {
        Self(file)
    }
}

impl Read for Input {
    fn read(&mut self, to: &mut [u8]) -> Result<usize> {
        heed(self.0.read(to))
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        heed(self.0.seek(to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_at_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("there"), "x").unwrap();
        let (inner, outer) = watch(|| {
            let _ = look(&at("there"));
            watch(|| look(&at("gone")).is_err())
        });
        let paths = |seen: Option<Vec<Seen>>| {
            let seen = seen.unwrap().into_iter();
            seen.map(|seen| (seen.path, seen.stamp.is_some()))
                .collect::<Vec<_>>()
        };
        assert!(inner.0);
        assert_eq!(paths(inner.1), [(at("gone"), false)]);
        assert_eq!(paths(outer), [(at("there"), true)]);
        // nobody wants to know
        assert!(look(&at("there")).is_ok());
    }

    #[test]
    fn an_answer_that_something_is_missing_of_is_no_answer() {
        let failed = || Err::<(), _>(std::io::Error::other("broken"));
        assert_eq!(watch(|| heed(failed()).is_err()), (true, None));
        let gone = || Err::<(), _>(ErrorKind::NotFound.into());
        assert_eq!(watch(|| heed(gone()).is_err()), (true, Some(vec![])));
        // a folder opens and cannot be read as a file
        let folder = tempfile::tempdir().unwrap();
        if let Ok(file) = File::open(folder.path()) {
            let mut input = Input::new(file);
            let (answer, seen) = watch(|| input.read(&mut [0]).ok());
            assert_eq!((answer, seen), (None, None));
        }
    }
}
