//! A file of a tree, lists of them, and paths as git has them.

use super::walk::is_git;
use crate::cache::Stamp;
use rayon::prelude::*;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One file of a tree: of some trees there are a million.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path shown: relative, with `/`, odd bytes percent-escaped, the root's label in front.
    pub path: Arc<str>,
    /// Path below the root as it is on disk, where that is not what is shown.
    pub(super) below: Option<Box<PathBuf>>,
    pub(super) contents: Contents,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contents {
    OnDisk(Stamp),
    Object { id: gix::ObjectId, n_bytes: u64 },
}

impl Entry {
    /// Path below the root, as it is on disk.
    pub fn below(&self) -> &Path {
        self.below
            .as_ref()
            .map_or(Path::new(&*self.path), |below| below)
    }

    /// Size in bytes.
    pub fn n_bytes(&self) -> u64 {
        match self.contents {
            Contents::OnDisk(stamp) => stamp.size,
            Contents::Object { n_bytes, .. } => n_bytes,
        }
    }

    /// What tells that it is as it was; of no meaning in a revision.
    pub fn stamp(&self) -> Stamp {
        match self.contents {
            Contents::OnDisk(stamp) => stamp,
            Contents::Object { .. } => Stamp::default(),
        }
    }

    /// Time of last change, Unix seconds; 0 in a revision, and for what lies before 1970.
    pub fn modified(&self) -> i64 {
        (self.stamp().changed_ns / 1_000_000_000) as i64
    }

    /// The object that holds its bytes, in a revision.
    pub fn object(&self) -> Option<gix::ObjectId> {
        match self.contents {
            Contents::OnDisk(_) => None,
            Contents::Object { id, .. } => Some(id),
        }
    }

    /// Shows it as `path` from now on.
    pub(super) fn show_as(&mut self, path: Arc<str>) {
        let below = self.below().to_owned();
        self.below.get_or_insert_with(|| Box::new(below));
        self.path = path;
    }
}

/// By path, each once.
pub(super) fn sort(entries: &mut Vec<Entry>) {
    // most are listed so
    let pairs = entries.par_windows(2).with_min_len(MIN_COMPARED);
    if pairs.all(|pair| pair[0].path < pair[1].path) {
        return;
    }
    entries.par_sort_by(|a, b| a.path.cmp(&b.path));
    entries.dedup_by(|a, b| a.path == b.path);
}

/// Those of two lists, both by path, of which one is often short or empty. What is in both is the first one's.
pub(super) fn merged(first: Vec<Entry>, second: Vec<Entry>) -> Vec<Entry> {
    if first.is_empty() {
        return second;
    }
    let mut merged = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    while let (Some(one), Some(other)) = (first.as_slice().first(), second.as_slice().first()) {
        match one.path.cmp(&other.path) {
            Ordering::Less => {
                let n = n_before(first.as_slice(), &other.path);
                merged.extend(first.by_ref().take(n));
            }
            Ordering::Greater => {
                let n = n_before(second.as_slice(), &one.path);
                merged.extend(second.by_ref().take(n));
            }
            Ordering::Equal => drop(second.next()),
        }
    }
    merged.extend(first);
    merged.extend(second);
    merged
}

/// How many of `entries`, by path, stand before `path`. O(log of that number).
fn n_before(entries: &[Entry], path: &str) -> usize {
    let mut end = 1;
    while entries.get(end).is_some_and(|it| *it.path < *path) {
        end *= 2;
    }
    let start = end / 2;
    let rest = &entries[start.min(entries.len())..end.min(entries.len())];
    start + rest.partition_point(|it| *it.path < *path)
}

/// Entries that are compared on one core at least.
const MIN_COMPARED: usize = 1024;

/// Whether the path is one that git would check out: no `..`, no root, no `.git`, and spelled the one way.
pub(super) fn is_plain(path: &[u8]) -> bool {
    // that of nearly every file is told by its bytes, of which compilers look at many at a time
    let is_usual = |b: u8| b.is_ascii_alphanumeric() | matches!(b, b'_' | b'-' | b'/' | b'.');
    let is_odd = |(&a, &b): (&u8, &u8)| (a == b'/') & matches!(b, b'/' | b'.');
    let pairs = path.iter().zip(path.get(1..).unwrap_or_default());
    if cfg!(unix)
        && path.first().is_some_and(|b| !matches!(b, b'/' | b'.'))
        && path.last() != Some(&b'/')
        && path.iter().fold(true, |all, &b| all & is_usual(b))
        && !pairs.fold(false, |any, pair| any | is_odd(pair))
    {
        return true;
    }
    let below = path_of(path);
    let plain: PathBuf = below.components().collect();
    plain.as_os_str() == below.as_os_str()
        && !below.as_os_str().is_empty()
        && below
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(name) if !is_git(name)))
}

/// The bytes of a path as git has them, borrowed where they are the path's own.
pub(super) fn bytes_of(path: &Path) -> Cow<'_, [u8]> {
    #[cfg(unix)]
    let bytes = Cow::Borrowed(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()));
    #[cfg(not(unix))]
    let bytes = Cow::Owned(path.to_string_lossy().replace('\\', "/").into_bytes());
    bytes
}

#[cfg(unix)]
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// A path or a name as the system wants it, borrowed where it is the same.
#[cfg(unix)]
pub(super) fn name_of(bytes: &[u8]) -> Cow<'_, std::ffi::OsStr> {
    Cow::Borrowed(std::os::unix::ffi::OsStrExt::from_bytes(bytes))
}

#[cfg(not(unix))]
pub(super) fn name_of(bytes: &[u8]) -> Cow<'_, std::ffi::OsStr> {
    Cow::Owned(path_of(bytes).into_os_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sorted_lists_become_one() {
        let entries = |names: &str, size: u64| -> Vec<Entry> {
            let entry = |name: char| Entry {
                path: name.to_string().into(),
                below: None,
                contents: Contents::OnDisk(Stamp {
                    size,
                    ..Stamp::default()
                }),
            };
            names.chars().map(entry).collect()
        };
        let check = |first: &str, second: &str, expected: &str, from_first: &str| {
            let merged = merged(entries(first, 1), entries(second, 2));
            let paths: String = merged.iter().map(|it| &*it.path).collect();
            assert_eq!(paths, expected, "{first} and {second}");
            let ours = merged.iter().filter(|it| it.n_bytes() == 1);
            assert_eq!(ours.map(|it| &*it.path).collect::<String>(), from_first);
        };
        check("", "", "", "");
        check("ab", "", "ab", "ab");
        check("", "ab", "ab", "");
        check("bd", "ace", "abcde", "bd");
        check("abc", "b", "abc", "abc");
        check("m", "abcdefghijklnopqrst", "abcdefghijklmnopqrst", "m");
        check(
            "abcdefghijklnopqrst",
            "m",
            "abcdefghijklmnopqrst",
            "abcdefghijklnopqrst",
        );
        check("abxyz", "cdefghxz", "abcdefghxyz", "abxyz");
    }
}
