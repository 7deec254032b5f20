//! What lies in a cache's folder, and what of it is ours. No link below the folder is followed.

use super::sweep::{TALLY, list};
use super::{Bucket, TEMPORARY};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What a path in a cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Record,
    Unfinished,
    /// Nothing that we wrote, with what it is instead.
    Foreign(&'static str),
}

/// One file or folder.
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// The bucket that it lies in, and whether that is of this version.
    pub(super) bucket: Option<(Bucket, bool)>,
    pub(super) sort: Sort,
    pub(super) bytes: u64,
    pub(super) written: SystemTime,
}

impl Found {
    /// Whether it lies in a bucket that this version reads.
    pub(super) fn is_current(&self) -> bool {
        self.bucket.is_some_and(|(_, is_current)| is_current)
    }
}

impl Bucket {
    /// The bucket, and whether it is of this version, that a folder called `name` is of; `None` where it is none of ours.
    pub(super) fn of_folder(name: &str) -> Option<(Self, bool)> {
        let (stem, version) = name.rsplit_once("-v")?;
        let is_version = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
        let bucket = Self::named(stem).filter(|_| is_version)?;
        Some((bucket, bucket.folder() == name))
    }
}

/// Everything in a cache, in the order of the paths. A folder that is not there holds nothing.
pub(super) fn walk(folder: &Path) -> Result<Vec<Found>, Error> {
    let folder = match folder.canonicalize() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        folder => folder?,
    };
    std::fs::read_dir(&folder)?;
    let mut found = Vec::new();
    for path in list(&folder) {
        if name(&path) == TALLY && path.symlink_metadata().is_ok_and(|it| it.is_file()) {
            continue;
        }
        let bucket = Bucket::of_folder(name(&path));
        let Some(bucket) = bucket.filter(|_| is_folder(&path) && is_open(&path)) else {
            found.push(foreign(path, bucket));
            continue;
        };
        for shelf in list(&path) {
            if is_hex(name(&shelf), 2..=2) && is_folder(&shelf) && is_open(&shelf) {
                found.extend(
                    list(&shelf)
                        .into_iter()
                        .filter_map(|path| file(path, bucket)),
                );
            } else {
                found.push(foreign(shelf, Some(bucket)));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// What a path on a shelf is; `None` where it has gone.
fn file(path: PathBuf, bucket: (Bucket, bool)) -> Option<Found> {
    let metadata = path.symlink_metadata().ok()?;
    let sort = match name(&path) {
        name if !metadata.is_file() || name.is_empty() => return Some(foreign(path, Some(bucket))),
        name if name.starts_with(TEMPORARY) => Sort::Unfinished,
        name if is_hex(name, 14..=126) => Sort::Record,
        _ => return Some(foreign(path, Some(bucket))),
    };
    Some(Found {
        bucket: Some(bucket),
        sort,
        bytes: metadata.len(),
        written: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        path,
    })
}

fn foreign(path: PathBuf, bucket: Option<(Bucket, bool)>) -> Found {
    let kind = path.symlink_metadata().map(|it| it.file_type());
    let what = match kind {
        Ok(kind) if kind.is_symlink() => "a link, which is not followed",
        Ok(kind) if kind.is_dir() && !is_open(&path) => "a folder that cannot be read",
        Ok(kind) if kind.is_dir() => "a folder that is not ctxpack's",
        _ => "a file that is not ctxpack's",
    };
    Found {
        path,
        bucket,
        sort: Sort::Foreign(what),
        bytes: 0,
        written: SystemTime::UNIX_EPOCH,
    }
}

/// Empty for a name that is no text, which is none of ours.
pub(super) fn name(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str());
    name.unwrap_or_default()
}

pub(super) fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|it| it.is_dir())
}

fn is_open(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok()
}

pub(super) fn is_hex(name: &str, digits: std::ops::RangeInclusive<usize>) -> bool {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    digits.contains(&name.len()) && name.bytes().all(is_digit)
}
