//! What earlier runs found out, kept in a folder of the user's: always safe to delete, never trusted.
//!
//! A record holds what can be computed again, under a key that names everything it depends on. It is checked whole before it is
//! believed, and whatever is wrong with it, or with the folder, is a miss: a cache can make a run slow and never make it
//! different. Records are written beside their place and renamed, so that runs need no locks; a run that dies leaves at most a
//! temporary file, which the next sweep takes. One file a record lost against SQLite in nothing but the number of files, and
//! needs no recovery.
//!
//! What goes in has been redacted ([`crate::guard::secrets`]); the folder and its files are for their user's eyes alone.

pub mod care;
mod key;
mod stamp;
mod sweep;
mod walk;

pub use key::Key;
pub use stamp::Stamp;

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What sort of record it is. The number is the version of its layout: a change of what is stored raises it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bucket {
    /// What a transcript gave: sessions, redacted, and what was lost.
    Sessions,
    /// For each transcript of a tool whether it belongs to the repository, and what its reader learned from telling.
    Heads,
    /// What a text defines, as places in it, and the tokens of its lines; none of its words.
    Outlines,
    /// What the commits of a repository say and touch: hashes of words, names of files and ids.
    Commits,
    /// Which lines the versions of a file differ in, as hashes.
    Hunks,
    /// Parts of indexes: which terms, as hashes, stand how often in which texts.
    Index,
    /// What stands where in an index, for each tree.
    Catalogs,
    /// Who imports whom in a tree, as numbers of its files.
    Graphs,
    /// What notes and names of files were found to be, as hashes and numbers: which hold no secret, which say the same or the opposite.
    Notes,
    /// Which items the last bundle of a tree held, as hashes.
    Bundles,
}

impl Bucket {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::Sessions,
        Self::Heads,
        Self::Outlines,
        Self::Commits,
        Self::Hunks,
        Self::Index,
        Self::Catalogs,
        Self::Graphs,
        Self::Notes,
        Self::Bundles,
    ];

    fn folder(self) -> &'static str {
        match self {
            Self::Sessions => "sessions-v3",
            Self::Heads => "heads-v2",
            Self::Outlines => "outlines-v2",
            Self::Commits => "commits-v3",
            Self::Hunks => "hunks-v1",
            Self::Index => "index-v1",
            Self::Catalogs => "catalogs-v3",
            Self::Graphs => "graphs-v1",
            Self::Notes => "notes-v1",
            Self::Bundles => "bundles-v1",
        }
    }

    /// Bytes that it may hold. What 400 MB of transcripts give is a tenth of that; an index is a sixth of its texts, so that some trees
    /// as large as Linux fit, or hundreds of others.
    fn most_bytes(self) -> u64 {
        match self {
            Self::Index => 1 << 30,
            _ => 256 << 20,
        }
    }
}

/// The first bytes of a record.
const MAGIC: &[u8; 8] = b"ctxpack\x02";

/// Before what is kept: the first bytes, and its checksum.
const HEAD: usize = MAGIC.len() + 8;

/// The largest record that is read or written, in bytes.
const MAX_RECORD: u64 = 64 << 20;

/// Bytes that can be kept under a key.
pub const MAX_BODY: usize = MAX_RECORD as usize - HEAD;

/// A folder of records.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    /// Bytes that this run wrote.
    written: AtomicU64,
}

impl Cache {
    /// The cache in `folder`, which may not exist yet.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            written: AtomicU64::new(0),
        }
    }

    /// What is kept under `key`, and when it was written; `None` where nothing is, or nothing whole.
    pub fn get<T: DeserializeOwned>(&self, bucket: Bucket, key: &Key) -> Option<(T, Stamp)> {
        let (body, written) = self.get_bytes(bucket, key)?;
        Some((postcard::from_bytes(&body).ok()?, written))
    }

    /// The same, as it is.
    pub fn get_bytes(&self, bucket: Bucket, key: &Key) -> Option<(Vec<u8>, Stamp)> {
        let mut file = regular(&self.path(bucket, key))?;
        let metadata = file.metadata().ok()?;
        let n_bytes = metadata.len().checked_sub(HEAD as u64)?;
        if !metadata.is_file() || metadata.len() > MAX_RECORD {
            return None;
        }
        let mut head = [0; HEAD];
        file.read_exact(&mut head).ok()?;
        let mut body = Vec::with_capacity(usize::try_from(n_bytes).ok()?);
        // one that grows meanwhile is not whole
        file.take(n_bytes).read_to_end(&mut body).ok()?;
        is_whole(&key.hex(), &head, &body).ok()?;
        Some((body, Stamp::of(&metadata)))
    }

    /// Keeps `value` under `key`. Where that cannot be done, it is not kept.
    pub fn put<T: Serialize>(&self, bucket: Bucket, key: &Key, value: &T) {
        if let Ok(body) = postcard::to_stdvec(value) {
            self.put_bytes(bucket, key, &body);
        }
    }

    /// The same, as it is.
    pub fn put_bytes(&self, bucket: Bucket, key: &Key, body: &[u8]) {
        if body.len() <= MAX_BODY && self.may_write(bucket) {
            // a folder that is full, read-only or none at all is no reason to fail
            if write(
                &self.path(bucket, key),
                &[MAGIC, &checksum(&key.hex(), body), body],
            )
            .is_ok()
            {
                self.note(body.len());
            }
        }
    }

    /// Opens what [`Cache::keep`] kept, to be read in parts. Its reader tells whether they are whole.
    pub fn open(&self, bucket: Bucket, name: &str) -> Option<File> {
        let path = self.place(bucket, name)?;
        if !std::fs::symlink_metadata(&path).ok()?.is_file() {
            return None;
        }
        File::open(path).ok()
    }

    /// Keeps `bytes` under a name of their own, which comes back; `None` where that cannot be done.
    pub fn keep(&self, bucket: Bucket, bytes: &[u8]) -> Option<String> {
        let name = digits(bytes);
        let path = self
            .place(bucket, &name)
            .filter(|_| self.may_write(bucket))?;
        write(&path, &[bytes]).ok()?;
        self.note(bytes.len());
        Some(name)
    }

    /// Now, by the clock of the file system that a record lies in; `None` where it cannot be written.
    pub fn moment(&self, bucket: Bucket, key: &Key) -> Option<Stamp> {
        let path = self.path(bucket, key);
        let folder = path.parent().filter(|_| self.may_write(bucket))?;
        make_private(folder).ok()?;
        let file = tempfile::NamedTempFile::with_prefix_in(TEMPORARY, folder).ok()?;
        Some(Stamp::of(&file.as_file().metadata().ok()?))
    }

    /// Whether a bucket is a folder, or will be one: nothing is written through a link, to where nobody looks after it.
    fn may_write(&self, bucket: Bucket) -> bool {
        let place = std::fs::symlink_metadata(self.folder.join(bucket.folder()));
        place.map_or_else(|e| e.kind() == ErrorKind::NotFound, |it| it.is_dir())
    }

    fn note(&self, n_bytes: usize) {
        self.written
            .fetch_add(n_bytes.max(1) as u64, Ordering::Relaxed);
    }

    fn path(&self, bucket: Bucket, key: &Key) -> PathBuf {
        let name = key.hex();
        let mut path = self.folder.join(bucket.folder());
        path.push(&name[..2]);
        path.push(&name[2..]);
        path
    }

    /// `None` for what is no name: a record may say anything.
    fn place(&self, bucket: Bucket, name: &str) -> Option<PathBuf> {
        let is_name = name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let (shelf, rest) = name.split_at_checked(2).filter(|_| is_name)?;
        Some(self.folder.join(bucket.folder()).join(shelf).join(rest))
    }
}

/// Opens a file that is no link, and waits for none that is a pipe.
#[cfg(unix)]
fn regular(path: &Path) -> Option<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = File::options();
    let options = options.read(true).custom_flags(flags.bits() as i32);
    options.open(path).ok()
}

/// Opens a file that is no link.
#[cfg(not(unix))]
fn regular(path: &Path) -> Option<File> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    File::open(path).ok().filter(|_| metadata.is_file())
}

/// Writes a record beside its place and renames it.
fn write(path: &Path, parts: &[&[u8]]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    make_private(folder)?;
    let mut file = tempfile::NamedTempFile::with_prefix_in(TEMPORARY, folder)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.persist(path)?;
    Ok(())
}

impl Drop for Cache {
    /// Who writes, sweeps when it is time: a cache that is only read costs nothing, and one that grows is looked after.
    fn drop(&mut self) {
        let written = self.written.load(Ordering::Relaxed);
        if written > 0 && sweep::is_due(&self.folder, written) {
            sweep::sweep(&self.folder);
        }
    }
}

/// How the names of unfinished records begin.
const TEMPORARY: &str = ".new-";

/// What is wrong with a record, if anything is.
fn is_whole(name: &str, head: &[u8; HEAD], body: &[u8]) -> Result<(), &'static str> {
    let (magic, sum) = head.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err("does not begin as a record does");
    }
    if sum != checksum(name, body) {
        return Err("its bytes are not those that were written");
    }
    Ok(())
}

/// The name of what is kept under a name of its own.
fn digits(bytes: &[u8]) -> String {
    format!("{:032x}", twox_hash::XxHash3_128::oneshot(bytes))
}

/// Against torn and flipped bytes, not against enemies: those who can write here can write anything.
/// Of the name too, the digits of the key: a record in the place of another is none.
fn checksum(name: &str, body: &[u8]) -> [u8; 8] {
    let seed = twox_hash::XxHash3_64::oneshot(name.as_bytes());
    twox_hash::XxHash3_64::oneshot_with_seed(seed, body).to_le_bytes()
}

/// Makes a folder, and those above it, that their owner alone may enter.
///
/// # Errors
/// A place where no folder can be made.
pub fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key::new("test").with(name)
    }

    fn get(cache: &Cache, name: &str) -> Option<Vec<String>> {
        cache
            .get(Bucket::Sessions, &key(name))
            .map(|(value, _)| value)
    }

    #[test]
    fn what_is_kept_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("a/b"));
        assert_eq!(get(&cache, "x"), None);
        let value = vec!["one".to_owned(), "two".to_owned()];
        cache.put(Bucket::Sessions, &key("x"), &value);
        assert_eq!(get(&cache, "x"), Some(value));
        assert_eq!(get(&cache, "y"), None);
        assert_eq!(cache.get::<Vec<String>>(Bucket::Heads, &key("x")), None);
    }

    #[test]
    fn what_is_not_whole_is_a_miss() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let path = cache.path(Bucket::Sessions, &key("x"));
        cache.put(
            Bucket::Sessions,
            &key("x"),
            &vec!["text".to_owned().repeat(9)],
        );
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut torn = whole.clone();
            torn[at] ^= 0x10;
            std::fs::write(&path, &torn).unwrap();
            assert_eq!(get(&cache, "x"), None, "byte {at} flipped");
            std::fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(get(&cache, "x"), None, "cut at {at}");
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(get(&cache, "x"), None);
        // written over with success or not, nothing fails
        cache.put(Bucket::Sessions, &key("x"), &vec!["again".to_owned()]);
    }

    #[test]
    fn a_folder_that_cannot_be_is_no_reason_to_fail() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "in the way").unwrap();
        let cache = Cache::new(file.join("cache"));
        cache.put(Bucket::Heads, &key("x"), &vec!["text".to_owned()]);
        assert_eq!(get(&cache, "x"), None);
    }

    #[test]
    fn a_record_in_the_place_of_another_is_a_miss() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        cache.put(Bucket::Sessions, &key("x"), &vec!["one".to_owned()]);
        cache.put(Bucket::Sessions, &key("y"), &vec!["two".to_owned()]);
        let path = |name| cache.path(Bucket::Sessions, &key(name));
        std::fs::copy(path("x"), path("y")).unwrap();
        assert!(get(&cache, "x").is_some());
        assert_eq!(get(&cache, "y"), None);
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let bucket = folder.path().join(Bucket::Index.folder());
        std::os::unix::fs::symlink(elsewhere.path(), bucket).unwrap();
        cache.put(Bucket::Index, &key("x"), &1_u8);
        assert_eq!(cache.keep(Bucket::Index, b"a shard"), None);
        assert_eq!(cache.moment(Bucket::Index, &key("x")), None);
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        assert!(cache.moment(Bucket::Graphs, &key("x")).is_some());
        assert!(cache.keep(Bucket::Graphs, b"a shard").is_some());
    }

    #[cfg(unix)]
    #[test]
    fn others_may_not_look() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"));
        cache.put(Bucket::Sessions, &key("x"), &1_u8);
        let path = cache.path(Bucket::Sessions, &key("x"));
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        for folder in path.ancestors().skip(1).take(3) {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
    }
}
