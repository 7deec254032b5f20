//! Files and folders below a folder that is held open, so that nothing on the way to them leads out of it.
//!
//! A path is looked up anew by every call that names it, and a hostile tree may change in between: a folder that was listed
//! can be a link by the time its files are read. So names are resolved from a handle, no link is followed at any step, and
//! only an open file is asked what it is: it is opened without waiting, a FIFO cannot hold the run. On Linux one call does
//! that (`openat2`); elsewhere, and where a sandbox knows no such call, a path is walked folder by folder. `cap-std` does the same
//! and lost because it resolves `..` and links inside the root too, of which there is no need here.

use crate::cache::Stamp;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::{Component, Path};

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// It is larger than what is read of one file.
    TooLarge,
    /// It is gone, or is no regular file any more.
    Gone,
    /// The system said no.
    Failed(String),
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, wherever it leads.
    Link,
    /// A FIFO.
    Fifo,
    /// A socket.
    Socket,
    /// A device, or whatever else the system has.
    Device,
}

/// What is known of a name without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// What it stands for.
    pub kind: Kind,
    /// Its size, and what else tells that it is as it was.
    pub stamp: Stamp,
}

/// A folder that is held open.
#[derive(Debug, Clone)]
pub struct Folder(system::Handle);

impl Folder {
    /// Opens the folder at `path`, whose own links are followed: whoever names a root means what it leads to.
    ///
    /// # Errors
    /// The system's error.
    pub fn open(path: &Path) -> Result<Self> {
        system::root(path).map(Self)
    }

    /// The folder `below`, relative; empty for this one.
    ///
    /// # Errors
    /// The system's error, also for a link anywhere on the way.
    pub fn folder(&self, below: &Path) -> Result<Self> {
        check_plain(below)?;
        system::folder(&self.0, below).map(Self)
    }

    /// What `below`, relative, stands for; a link is not followed.
    ///
    /// # Errors
    /// The system's error, also for a link on the way.
    pub fn stat(&self, below: &Path) -> Result<Stat> {
        check_plain(below)?;
        let (parent, name) = split(below)?;
        match parent.as_os_str().is_empty() {
            true => system::stat(&self.0, name),
            false => system::stat(&system::folder(&self.0, parent)?, name),
        }
    }

    /// What a name in this folder stands for; a link is not followed.
    ///
    /// # Errors
    /// The system's error; [`ErrorKind::NotFound`] for what is no name.
    pub fn stat_name(&self, name: &OsStr) -> Result<Stat> {
        let bytes = name.as_encoded_bytes();
        let has_separator = match cfg!(unix) {
            true => memchr::memchr(b'/', bytes).is_some(),
            false => (bytes.iter()).any(|b| std::path::is_separator(char::from(*b))),
        };
        if bytes.is_empty() || bytes == b"." || bytes == b".." || has_separator {
            return Err(ErrorKind::NotFound.into());
        }
        system::stat(&self.0, name)
    }

    /// The names in this folder, in the system's order, at most `max` of them; the flag says whether there are more.
    ///
    /// # Errors
    /// The system's error.
    pub fn list(&self, max: usize) -> Result<(Vec<(OsString, Kind)>, bool)> {
        system::list(&self.0, max)
    }

    /// Opens the regular file `below`, relative, and nothing else.
    ///
    /// # Errors
    /// The system's error; [`ErrorKind::InvalidInput`] for what is no regular file.
    pub fn file(&self, below: &Path) -> Result<(File, Metadata)> {
        check_plain(below)?;
        regular(system::file(&self.0, below)?)
    }

    /// The bytes of the regular file `below`, of which there may be `max`.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(&self, below: &Path, max: u64) -> std::result::Result<Vec<u8>, Unreadable> {
        bytes(self.file(below), max).map(|(bytes, _)| bytes)
    }

    /// The same, with the stamp that the file has when it was read.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read_stamped(
        &self,
        below: &Path,
        max: u64,
    ) -> std::result::Result<(Vec<u8>, Stamp), Unreadable> {
        let (bytes, file) = bytes(self.file(below), max)?;
        let metadata = file.metadata();
        let stamp = metadata.map_or_else(|_| Stamp::default(), |it| Stamp::of(&it));
        Ok((bytes, stamp))
    }
}

/// Opens the regular file at `path`, and nothing else: no link at its end, no FIFO, no device. For files of the user's own, in
/// folders that they may well have linked.
///
/// # Errors
/// As for [`Folder::file`].
pub fn file(path: &Path) -> Result<(File, Metadata)> {
    regular(system::lone_file(path)?)
}

/// The bytes of the regular file at `path`, of which there may be `max`.
///
/// # Errors
/// [`Unreadable`].
pub fn read(path: &Path, max: u64) -> std::result::Result<Vec<u8>, Unreadable> {
    bytes(file(path), max).map(|(bytes, _)| bytes)
}

fn regular(file: File) -> Result<(File, Metadata)> {
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok((file, metadata))
    } else {
        Err(no_file())
    }
}

fn no_file() -> Error {
    Error::new(ErrorKind::InvalidInput, "not a regular file")
}

/// What an open file holds, and the file.
fn bytes(
    opened: Result<(File, Metadata)>,
    max: u64,
) -> std::result::Result<(Vec<u8>, File), Unreadable> {
    let failed = |error: Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidInput => {
            Unreadable::Gone
        }
        _ => Unreadable::Failed(error.to_string()),
    };
    let (file, metadata) = opened.map_err(failed)?;
    if metadata.len() > max {
        return Err(Unreadable::TooLarge);
    }
    let bytes = all(&file, metadata.len() as usize, max).map_err(failed)?;
    if bytes.len() as u64 > max {
        return Err(Unreadable::TooLarge);
    }
    Ok((bytes, file))
}

/// What a file of some `n` bytes holds, and a byte more than `max` at most, since it may have grown meanwhile.
///
/// One call where it is as long as it was said to be: a read that stops short of what was asked for has met the end.
fn all(mut file: &File, n: usize, max: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; n + 1];
    let n_read = match file.read(&mut bytes) {
        Err(error) if error.kind() == ErrorKind::Interrupted => 0,
        read => read?,
    };
    bytes.truncate(n_read);
    if n_read != n {
        let rest = (max + 1).saturating_sub(n_read as u64);
        file.take(rest).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Refuses `..` and absolute paths: a file below a folder has neither in its name.
fn check_plain(below: &Path) -> Result<()> {
    let plain = |part| matches!(part, Component::Normal(_));
    if below.components().all(plain) {
        return Ok(());
    }
    let message = "not a path below a folder";
    Err(Error::new(ErrorKind::NotFound, message))
}

fn split(below: &Path) -> Result<(&Path, &OsStr)> {
    let name = below.file_name().ok_or_else(no_file)?;
    Ok((below.parent().unwrap_or(Path::new("")), name))
}

#[cfg(unix)]
mod system {
    use super::*;
    use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    use std::sync::Arc;

    pub(super) type Handle = Arc<OwnedFd>;

    /// Never waits, never becomes the terminal of the run, and follows no link at the end.
    const FILE: OFlags = OFlags::RDONLY
        .union(OFlags::NOFOLLOW)
        .union(OFlags::NONBLOCK)
        .union(OFlags::NOCTTY)
        .union(OFlags::CLOEXEC);
    const FOLDER: OFlags = FILE.union(OFlags::DIRECTORY);

    /// Bytes of a path that are looked up by one call: less than any system takes.
    const MAX_PATH: usize = 1000;

    pub(super) fn root(path: &Path) -> Result<Handle> {
        let flags = FOLDER.difference(OFlags::NOFOLLOW);
        Ok(Arc::new(rustix::fs::open(path, flags, Mode::empty())?))
    }

    pub(super) fn lone_file(path: &Path) -> Result<File> {
        let file = rustix::fs::open(path, FILE, Mode::empty()).map_err(plainer)?;
        Ok(file.into())
    }

    pub(super) fn folder(at: &Handle, below: &Path) -> Result<Handle> {
        if below.as_os_str().is_empty() {
            return Ok(Arc::clone(at));
        }
        open(at, below, FOLDER).map(Arc::new)
    }

    pub(super) fn file(at: &Handle, below: &Path) -> Result<File> {
        open(at, below, FILE).map(File::from)
    }

    /// Opens a path of any length, by as many calls as it takes.
    fn open(at: &Handle, below: &Path, flags: OFlags) -> Result<OwnedFd> {
        let mut held: Option<OwnedFd> = None;
        let mut rest = below.as_os_str().as_bytes();
        while rest.len() > MAX_PATH {
            // a name alone is longer than this on no system
            let cut = rest[..MAX_PATH].iter().rposition(|&b| b == b'/');
            let Some(cut) = cut.filter(|&cut| cut > 0) else {
                break;
            };
            let next = step(held.as_ref().unwrap_or(at), &rest[..cut], FOLDER)?;
            held = Some(next);
            rest = &rest[cut + 1..];
        }
        step(held.as_ref().unwrap_or(at), rest, flags)
    }

    #[cfg(target_os = "linux")]
    fn step(at: &OwnedFd, below: &[u8], flags: OFlags) -> Result<OwnedFd> {
        use rustix::fs::ResolveFlags;
        use rustix::io::Errno;
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(at, below, flags, Mode::empty(), resolve) {
            // an old kernel, or a sandbox that lets only known calls through
            Err(Errno::NOSYS | Errno::PERM | Errno::AGAIN) => one_by_one(at, below, flags),
            opened => opened.map_err(plainer),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn step(at: &OwnedFd, below: &[u8], flags: OFlags) -> Result<OwnedFd> {
        one_by_one(at, below, flags)
    }

    pub(super) fn one_by_one(at: &OwnedFd, below: &[u8], flags: OFlags) -> Result<OwnedFd> {
        let mut held: Option<OwnedFd> = None;
        let mut parts = below.split(|&b| b == b'/').peekable();
        while let Some(part) = parts.next() {
            let flags = if parts.peek().is_some() {
                FOLDER
            } else {
                flags
            };
            let at = held.as_ref().unwrap_or(at);
            held = Some(rustix::fs::openat(at, part, flags, Mode::empty()).map_err(plainer)?);
        }
        held.ok_or_else(no_file)
    }

    /// What is said of a link, a socket and a device without a driver is that they are no regular files.
    fn plainer(error: rustix::io::Errno) -> Error {
        use rustix::io::Errno;
        match error {
            Errno::LOOP | Errno::MLINK | Errno::NXIO | Errno::NODEV => no_file(),
            error => error.into(),
        }
    }

    pub(super) fn stat(at: &Handle, name: &OsStr) -> Result<Stat> {
        let stat = rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW)?;
        #[allow(clippy::unnecessary_cast)] // the types differ from system to system
        Ok(Stat {
            kind: kind(FileType::from_raw_mode(stat.st_mode)),
            stamp: Stamp {
                size: u64::try_from(stat.st_size).unwrap_or(0),
                changed_ns: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
                status_ns: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
                inode: stat.st_ino as u64,
            },
        })
    }

    /// 0 for what lies before 1970.
    fn nanoseconds(seconds: i64, rest: i64) -> u64 {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        let rest = u64::try_from(rest).unwrap_or(0);
        seconds.saturating_mul(1_000_000_000).saturating_add(rest)
    }

    fn kind(kind: FileType) -> Kind {
        match kind {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            FileType::Fifo => Kind::Fifo,
            FileType::Socket => Kind::Socket,
            _ => Kind::Device,
        }
    }

    pub(super) fn list(at: &Handle, max: usize) -> Result<(Vec<(OsString, Kind)>, bool)> {
        let mut names = Vec::new();
        for entry in Dir::read_from(at)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if names.len() == max {
                return Ok((names, true));
            }
            let name = OsString::from_vec(name.to_owned());
            let kind = match entry.file_type() {
                // some file systems do not say
                FileType::Unknown => match stat(at, &name) {
                    Ok(stat) => stat.kind,
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                },
                known => kind(known),
            };
            names.push((name, kind));
        }
        Ok((names, false))
    }
}

/// Where no call takes a handle, names are looked up anew, and each step is asked whether it is a link before the next.
#[cfg(not(unix))]
mod system {
    use super::*;
    use std::path::PathBuf;

    pub(super) type Handle = PathBuf;

    pub(super) fn root(path: &Path) -> Result<Handle> {
        match path.metadata()?.is_dir() {
            true => Ok(path.to_owned()),
            false => Err(ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn lone_file(path: &Path) -> Result<File> {
        if !path.symlink_metadata()?.is_file() {
            return Err(no_file());
        }
        File::open(path)
    }

    pub(super) fn folder(at: &Handle, below: &Path) -> Result<Handle> {
        let mut path = at.clone();
        for part in below.components() {
            path.push(part);
            if !path.symlink_metadata()?.is_dir() {
                return Err(ErrorKind::NotADirectory.into());
            }
        }
        Ok(path)
    }

    pub(super) fn file(at: &Handle, below: &Path) -> Result<File> {
        let (parent, name) = split(below)?;
        lone_file(&folder(at, parent)?.join(name))
    }

    pub(super) fn stat(at: &Handle, name: &OsStr) -> Result<Stat> {
        let metadata = at.join(name).symlink_metadata()?;
        Ok(Stat {
            kind: kind(metadata.file_type()),
            stamp: Stamp::of(&metadata),
        })
    }

    fn kind(kind: std::fs::FileType) -> Kind {
        if kind.is_file() {
            Kind::File
        } else if kind.is_dir() {
            Kind::Folder
        } else if kind.is_symlink() {
            Kind::Link
        } else {
            Kind::Device
        }
    }

    pub(super) fn list(at: &Handle, max: usize) -> Result<(Vec<(OsString, Kind)>, bool)> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(at)? {
            let entry = entry?;
            if names.len() == max {
                return Ok((names, true));
            }
            names.push((entry.file_name(), kind(entry.file_type()?)));
        }
        Ok((names, false))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// What becomes of a path, as text or as the error's kind.
    fn check(folder: &Folder, below: &str, expected: std::result::Result<&str, Unreadable>) {
        let read = folder.read(Path::new(below), 8);
        let text = read.map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(text.as_deref().map_err(Clone::clone), expected, "{below}");
    }

    #[test]
    fn nothing_on_the_way_leads_out() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("root/a/b")).unwrap();
        std::fs::write(at("root/a/b/f"), "inside").unwrap();
        std::fs::write(at("root/large"), "123456789").unwrap();
        std::fs::create_dir_all(at("out/b")).unwrap();
        std::fs::write(at("out/b/f"), "outside").unwrap();
        symlink("a", at("root/l")).unwrap();
        symlink("f", at("root/a/b/l")).unwrap();
        let socket = std::os::unix::net::UnixListener::bind(at("root/socket")).unwrap();
        let folder = Folder::open(&at("root")).unwrap();
        let gone = || Err(Unreadable::Gone);
        check(&folder, "a/b/f", Ok("inside"));
        check(&folder, "large", Err(Unreadable::TooLarge));
        for below in [
            "l/b/f",
            "a/b/l",
            "a/b",
            "socket",
            "none",
            "a/b/f/g",
            "../out/b/f",
            "/etc/passwd",
            "",
        ] {
            check(&folder, below, gone());
        }
        // a link where a folder stood when it was listed, and another folder where the root stood
        std::fs::rename(at("root/a"), at("root/was")).unwrap();
        symlink(at("out"), at("root/a")).unwrap();
        check(&folder, "a/b/f", gone());
        assert!(
            folder.stat(Path::new("a/b/f")).is_err() && folder.folder(Path::new("a/b")).is_err()
        );
        std::fs::rename(at("root"), at("moved")).unwrap();
        std::fs::create_dir_all(at("root/was/b")).unwrap();
        check(&folder, "was/b/f", Ok("inside"));
        drop(socket);
    }

    #[test]
    fn folder_by_folder_is_the_same() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("a/b")).unwrap();
        std::fs::write(dir.path().join("a/b/f"), "inside").unwrap();
        symlink("a", dir.path().join("l")).unwrap();
        let at = rustix::fs::open(
            dir.path(),
            rustix::fs::OFlags::RDONLY,
            rustix::fs::Mode::empty(),
        )
        .unwrap();
        let open =
            |below: &str| system::one_by_one(&at, below.as_bytes(), rustix::fs::OFlags::RDONLY);
        assert!(open("a/b/f").is_ok() && open("l/b/f").is_err() && open("a/none").is_err());
    }

    #[test]
    fn listing_stops_where_it_is_told() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        let folder = Folder::open(dir.path()).unwrap();
        let (names, is_cut) = folder.list(3).unwrap();
        assert_eq!((names.len(), is_cut), (3, false));
        let (names, is_cut) = folder.list(2).unwrap();
        assert_eq!((names.len(), is_cut), (2, true));
    }
}
