//! A cache looked after by hand: what it holds, whether it is whole, and what is to go.
//!
//! Only what this program writes is counted or deleted: files with the names of records, in the folders of buckets, of this version
//! and of others. The folder itself may be a link, which is its user's word; below it no link is followed. Nothing is locked: a
//! record that a run misses is made again, and one that has gone meanwhile is no trouble.

use super::sweep::{TALLY, list};
use super::walk::{Found, Sort, is_folder, is_hex, name, walk};
use super::{Bucket, MAX_RECORD, digits, is_whole};
use rayon::prelude::*;
use std::io::{Error, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files, and the bytes in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amount {
    /// How many files.
    pub n_files: usize,
    /// What they hold.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.n_files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// What one bucket holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Which one.
    pub bucket: Bucket,
    /// Its records.
    pub records: Amount,
    /// When the first and the last of them were written; `None` where there are none.
    pub written: Option<(SystemTime, SystemTime)>,
    /// Bytes that it may hold.
    pub most_bytes: u64,
}

/// What a cache holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// One for each bucket, in the order of [`Bucket::ALL`], also where there is nothing in it.
    pub buckets: Vec<Holding>,
    /// Records of other versions of the layout, which nobody reads any more.
    pub outdated: Amount,
    /// What is being written, or was when a run died.
    pub unfinished: Amount,
    /// Files and folders that are not ours, or that cannot be read.
    pub n_foreign: usize,
}

/// What was deleted, or would be.
#[derive(Debug, Default)]
pub struct Cleared {
    /// Records and unfinished files.
    pub freed: Amount,
    /// What could not be deleted, and why.
    pub failed: Vec<(PathBuf, Error)>,
    /// Files and folders that are not ours, and were let be.
    pub n_foreign: usize,
}

/// A record that is not whole, or something else that stands in a record's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
    /// Whether it is deleted now.
    pub is_removed: bool,
}

/// What a look at every record gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The records that were read, also those that are not whole.
    pub records: Amount,
    /// What is wrong, in the order of the paths.
    pub faults: Vec<Fault>,
}

/// Looks at the bytes of the record called `name`, the digits of its key; says what is wrong with them.
type Check = fn(name: &str, bytes: &[u8]) -> Result<(), &'static str>;

/// What tells a whole record of a bucket from a broken one.
fn check(bucket: Bucket) -> Check {
    match bucket {
        Bucket::Sessions
        | Bucket::Heads
        | Bucket::Outlines
        | Bucket::Bundles
        | Bucket::Commits
        | Bucket::Hunks
        | Bucket::Catalogs
        | Bucket::Graphs
        | Bucket::Notes => |name, bytes| {
            let (head, body) = bytes.split_first_chunk().ok_or("shorter than any record")?;
            is_whole(name, head, body)
        },
        Bucket::Index => |name, bytes| {
            let is_named_so = name == digits(bytes);
            is_named_so
                .then_some(())
                .ok_or("its bytes are not those of its name")
        },
    }
}

impl Bucket {
    /// The bucket called `name`, as [`Self::name`] has it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bucket| bucket.name() == name)
    }

    /// What people call it: `sessions`.
    pub fn name(self) -> &'static str {
        self.folder().split("-v").next().unwrap_or_default()
    }

    /// What its records hold, in few words.
    pub fn holds(self) -> &'static str {
        match self {
            Self::Sessions => "what transcripts say, redacted",
            Self::Heads => "whose transcripts are whose",
            Self::Outlines => "where names stand in a text, and its tokens",
            Self::Commits => "which files commits touch",
            Self::Hunks => "which lines they change",
            Self::Index => "how often terms stand in files",
            Self::Catalogs => "which files are indexed where",
            Self::Graphs => "which files import which",
            Self::Notes => "which notes and names hold no secret, and which notes differ",
            Self::Bundles => "what the last bundle showed",
        }
    }
}

/// What the cache in `folder` holds. Opens no record.
///
/// # Errors
/// A folder that cannot be listed; one that is not there holds nothing.
pub fn contents(folder: &Path) -> Result<Contents, Error> {
    let holding = |bucket| Holding {
        bucket,
        records: Amount::default(),
        written: None,
        most_bytes: bucket.most_bytes(),
    };
    let mut contents = Contents {
        buckets: Bucket::ALL.map(holding).to_vec(),
        outdated: Amount::default(),
        unfinished: Amount::default(),
        n_foreign: 0,
    };
    for found in walk(folder)? {
        match (found.sort, found.bucket) {
            (Sort::Record, Some((bucket, true))) => {
                let mut holdings = contents.buckets.iter_mut();
                if let Some(holding) = holdings.find(|holding| holding.bucket == bucket) {
                    holding.records.add(found.bytes);
                    let at = found.written;
                    let (first, last) = holding.written.unwrap_or((at, at));
                    holding.written = Some((first.min(at), last.max(at)));
                }
            }
            (Sort::Record, _) => contents.outdated.add(found.bytes),
            (Sort::Unfinished, _) => contents.unfinished.add(found.bytes),
            (Sort::Foreign(_), _) => contents.n_foreign += 1,
        }
    }
    Ok(contents)
}

/// Deletes what the cache in `folder` keeps: of `buckets` (of all, where none is named), of every version, and only what was written
/// before `before`, where that is given. With `is_dry` it only says what that would be.
///
/// # Errors
/// As [`contents`]; what cannot be deleted is in [`Cleared::failed`].
pub fn clear(
    folder: &Path,
    buckets: &[Bucket],
    before: Option<SystemTime>,
    is_dry: bool,
) -> Result<Cleared, Error> {
    let is_asked = |bucket: Bucket| buckets.is_empty() || buckets.contains(&bucket);
    let mut cleared = Cleared::default();
    for found in walk(folder)? {
        let is_left = found.bucket.is_some_and(|(bucket, _)| !is_asked(bucket));
        if is_left {
            continue;
        }
        if matches!(found.sort, Sort::Foreign(_)) {
            cleared.n_foreign += 1;
        } else if before.is_none_or(|before| found.written < before) {
            match remove(&found.path, is_dry) {
                Ok(true) => cleared.freed.add(found.bytes),
                Ok(false) => {}
                Err(error) => cleared.failed.push((found.path, error)),
            }
        }
    }
    if !is_dry {
        remove_empty(folder, is_asked);
        let tally = folder.join(TALLY);
        if tally.symlink_metadata().is_ok_and(|it| it.is_file()) {
            let _ = std::fs::remove_file(tally); // then the next run that writes sweeps
        }
    }
    Ok(cleared)
}

/// Whether the file was there to be deleted.
fn remove(path: &Path, is_dry: bool) -> Result<bool, Error> {
    if is_dry {
        return Ok(true);
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        done => done.map(|()| true),
    }
}

/// Shelves and buckets in which nothing is left: the system deletes no folder that holds something.
fn remove_empty(folder: &Path, is_asked: impl Fn(Bucket) -> bool) {
    let folder = folder.canonicalize().unwrap_or_default();
    for bucket in list(&folder) {
        if !Bucket::of_folder(name(&bucket)).is_some_and(|(bucket, _)| is_asked(bucket)) {
            continue;
        }
        let shelves = list(&bucket).into_iter();
        for shelf in shelves.filter(|shelf| is_hex(name(shelf), 2..=2)) {
            let _ = std::fs::remove_dir(shelf);
        }
        if is_folder(&bucket) {
            let _ = std::fs::remove_dir(&bucket);
        }
    }
}

/// Reads every record of the cache in `folder` and looks whether it is whole; with `repairs`, deletes those that are not. What else
/// stands in a bucket is a fault too, since no record can stand there, and is never deleted.
///
/// # Errors
/// As [`contents`].
pub fn verify(folder: &Path, repairs: bool) -> Result<Verified, Error> {
    let found = walk(folder)?;
    let mut records = Amount::default();
    for found in found.iter().filter(|found| found.is_current()) {
        if found.sort == Sort::Record {
            records.add(found.bytes);
        }
    }
    let faults = found
        .into_par_iter()
        .filter(Found::is_current)
        .filter_map(|found| {
            let (bucket, _) = found.bucket?;
            let why = match found.sort {
                Sort::Unfinished => return None,
                Sort::Foreign(what) => Some(what.to_owned()),
                Sort::Record => fault(&found.path, bucket),
            }?;
            let can_go = repairs && found.sort == Sort::Record;
            let (why, is_removed) = match remove(&found.path, !can_go) {
                Ok(_) => (why, can_go),
                Err(error) => (format!("{why}; cannot be deleted: {error}"), false),
            };
            Some(Fault {
                path: found.path,
                why,
                is_removed,
            })
        });
    Ok(Verified {
        records,
        faults: faults.collect(),
    })
}

/// What is wrong with a record; `None` where nothing is, or where it has gone.
fn fault(path: &Path, bucket: Bucket) -> Option<String> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path);
    match file.and_then(|file| file.take(MAX_RECORD + 1).read_to_end(&mut bytes)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => return Some(format!("cannot be read: {error}")),
        Ok(_) => {}
    }
    if bytes.len() as u64 > MAX_RECORD {
        return Some("longer than any record".to_owned());
    }
    let shelf = path.parent().map_or("", name);
    let why = check(bucket)(&format!("{shelf}{}", name(path)), &bytes).err()?;
    Some(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{Cache, Key};
    use super::*;
    use std::time::Duration;

    /// A cache with three records of two buckets, the last of them younger by a day, and things that are not ours.
    fn cache() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        for (bucket, name, age) in [
            (Bucket::Sessions, "a", 3),
            (Bucket::Sessions, "b", 2),
            (Bucket::Hunks, "c", 1),
        ] {
            let key = Key::new("test").with(name);
            cache.put(bucket, &key, &name.repeat(100));
            let file = std::fs::File::options()
                .write(true)
                .open(cache.path(bucket, &key));
            file.unwrap().set_modified(day(age)).unwrap();
        }
        let shelf = cache.path(Bucket::Hunks, &Key::new("test").with("c"));
        let shelf = shelf.parent().unwrap().to_owned();
        drop(cache);
        for path in [
            shelf.join(".new-x"),
            folder
                .path()
                .join("hunks-v0/ab/0123456789abcdef0123456789abcd"),
            folder.path().join("hunks-v0/ab/mine.txt"),
            folder
                .path()
                .join("theirs-v1/ab/0123456789abcdef0123456789abcd"),
            folder.path().join("notes.txt"),
        ] {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = std::fs::File::create(path).unwrap();
            file.set_modified(day(2)).unwrap();
        }
        folder
    }

    /// So many days before a moment that is past.
    fn day(age: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(86_400) * (20_000 - age)
    }

    /// Records of sessions, of hunks and of all buckets; then other versions, unfinished and not ours.
    fn held(folder: &Path) -> ([usize; 3], [usize; 3]) {
        let contents = contents(folder).unwrap();
        let records = |of: &dyn Fn(Bucket) -> bool| {
            let rows = contents.buckets.iter().filter(|row| of(row.bucket));
            rows.map(|row| row.records.n_files).sum()
        };
        (
            [
                records(&|bucket| bucket == Bucket::Sessions),
                records(&|bucket| bucket == Bucket::Hunks),
                records(&|_| true),
            ],
            [
                contents.outdated.n_files,
                contents.unfinished.n_files,
                contents.n_foreign,
            ],
        )
    }

    #[test]
    fn what_is_there_is_counted() {
        let folder = cache();
        let (records, other) = held(folder.path());
        assert_eq!(records, [2, 1, 3]);
        assert_eq!(
            other,
            [1, 1, 3],
            "hunks-v0, .new-x; mine.txt, theirs-v1, notes.txt"
        );
        let contents = contents(folder.path()).unwrap();
        assert_eq!(contents.buckets[0].written, Some((day(3), day(2))));
        assert!(contents.buckets[0].records.bytes > 200);
        let gone = super::contents(&folder.path().join("gone")).unwrap();
        assert_eq!((gone.n_foreign, gone.buckets.len()), (0, Bucket::ALL.len()));
        super::contents(&folder.path().join("notes.txt")).unwrap_err();
    }

    #[test]
    fn only_what_is_asked_goes() {
        let check = |buckets: &[Bucket], before, n_freed, records, other| {
            let folder = cache();
            let dry = clear(folder.path(), buckets, before, true).unwrap();
            assert_eq!(held(folder.path()), held(cache().path()), "dry");
            let cleared = clear(folder.path(), buckets, before, false).unwrap();
            assert_eq!(cleared.freed, dry.freed);
            assert_eq!((cleared.freed.n_files, cleared.failed.len()), (n_freed, 0));
            assert_eq!(held(folder.path()), (records, other));
            assert!(folder.path().join("notes.txt").exists());
            folder
        };
        let folder = check(&[], None, 5, [0; 3], [0, 0, 3]);
        let left = std::fs::read_dir(folder.path()).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["hunks-v0", "notes.txt", "theirs-v1"]);
        check(&[Bucket::Sessions], None, 2, [0, 1, 1], [1, 1, 3]);
        check(&[Bucket::Hunks], None, 3, [2, 0, 2], [0, 0, 3]);
        check(&[], Some(day(2)), 1, [1, 1, 2], [1, 1, 3]);
        check(&[], Some(day(1)), 4, [0, 1, 1], [0, 0, 3]);
        check(&[Bucket::Heads], None, 0, [2, 1, 3], [1, 1, 3]);
    }

    #[test]
    fn what_is_not_whole_is_told_and_goes_if_asked() {
        let folder = cache();
        let verify = |repairs| {
            let verified = verify(folder.path(), repairs).unwrap();
            let faults = verified.faults.into_iter();
            let faults: Vec<_> = faults.map(|fault| (fault.why, fault.is_removed)).collect();
            (verified.records.n_files, faults)
        };
        assert_eq!(verify(true), (3, Vec::new()));
        let paths: Vec<PathBuf> = walk(folder.path())
            .unwrap()
            .into_iter()
            .filter(|found| found.sort == Sort::Record && found.is_current())
            .map(|found| found.path)
            .collect();
        let mut bytes = std::fs::read(&paths[0]).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&paths[0], &bytes).unwrap();
        std::fs::write(&paths[1], "ctxpack").unwrap();
        std::fs::write(&paths[2], [b'x'; 99]).unwrap();
        let expected = |is_removed| {
            [
                "its bytes are not those that were written",
                "shorter than any record",
                "does not begin as a record does",
            ]
            .map(|why| (why.to_owned(), is_removed))
            .to_vec()
        };
        assert_eq!(verify(false), (3, expected(false)));
        assert_eq!(verify(true), (3, expected(true)));
        assert_eq!(verify(false), (0, Vec::new()));
        std::fs::create_dir_all(&paths[0]).unwrap();
        let why = "a folder that is not ctxpack's".to_owned();
        assert_eq!(verify(true), (0, vec![(why, false)]));
    }

    #[test]
    fn what_has_a_name_of_its_own_is_held_against_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let name = cache.keep(Bucket::Index, b"any bytes").unwrap();
        let n_faults = || verify(folder.path(), false).unwrap().faults.len();
        assert_eq!(n_faults(), 0);
        let path = cache.place(Bucket::Index, &name).unwrap();
        std::fs::write(path, b"any bites").unwrap();
        assert_eq!(n_faults(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed() {
        use std::os::unix::fs::symlink;
        let elsewhere = cache();
        let before = held(elsewhere.path());
        let folder = tempfile::tempdir().unwrap();
        symlink(
            elsewhere.path().join(Bucket::Hunks.folder()),
            folder.path().join(Bucket::Hunks.folder()),
        )
        .unwrap();
        let shelf = folder.path().join(Bucket::Sessions.folder());
        std::fs::create_dir(&shelf).unwrap();
        symlink(elsewhere.path().join("hunks-v0/ab"), shelf.join("ab")).unwrap();
        std::fs::create_dir(shelf.join("cd")).unwrap();
        let record = shelf.join("cd/0123456789abcdef0123456789abcd");
        symlink(elsewhere.path().join("notes.txt"), &record).unwrap();
        assert_eq!(held(folder.path()), ([0; 3], [0, 0, 3]));
        let cleared = clear(folder.path(), &[], None, false).unwrap();
        assert_eq!((cleared.freed.n_files, cleared.n_foreign), (0, 3));
        assert_eq!(verify(folder.path(), true).unwrap().faults.len(), 3);
        assert!(record.symlink_metadata().is_ok());
        assert_eq!(held(elsewhere.path()), before);
        // but the folder itself may be one
        let link = folder.path().join("link");
        symlink(elsewhere.path(), &link).unwrap();
        assert_eq!(held(&link), before);
        assert_eq!(clear(&link, &[], None, false).unwrap().freed.n_files, 5);
        assert_eq!(held(elsewhere.path()).0, [0; 3]);
    }
}
