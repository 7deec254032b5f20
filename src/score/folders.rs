//! Which folder each file lies in: what a path says by its folders is found out once for each of them.

use crate::source::File;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// The folders of files.
#[derive(Debug, Default)]
pub(super) struct Folders<'a> {
    /// Each once, in the order in which files name them; empty for the root.
    pub names: Vec<&'a str>,
    /// For each file, which of them.
    pub of: Vec<u32>,
}

impl<'a> Folders<'a> {
    /// Those of `files`. O(bytes of their paths).
    pub fn new(files: &'a [File]) -> Self {
        // of each part as if there was no other
        let parts: Vec<Self> = files.par_chunks(PER_PART).map(Self::of_part).collect();
        let mut folders = Self::default();
        let mut known: FxHashMap<&str, u32> = FxHashMap::default();
        folders.of.reserve(files.len());
        for part in parts {
            let numbers = part.names.into_iter().map(|name| {
                *known.entry(name).or_insert_with(|| {
                    folders.names.push(name);
                    folders.names.len() as u32 - 1
                })
            });
            let numbers: Vec<u32> = numbers.collect();
            let of = part.of.into_iter().map(|number| numbers[number as usize]);
            folders.of.extend(of);
        }
        folders
    }

    fn of_part(files: &'a [File]) -> Self {
        let mut folders = Self::default();
        folders.of.reserve(files.len());
        let mut known: FxHashMap<&str, u32> = FxHashMap::default();
        let mut last = None;
        for file in files {
            let (folder, _) = split(&file.path);
            let number = match last {
                // files come sorted
                Some((name, number)) if name == folder => number,
                _ => *known.entry(folder).or_insert_with(|| {
                    folders.names.push(folder);
                    folders.names.len() as u32 - 1
                }),
            };
            last = Some((folder, number));
            folders.of.push(number);
        }
        folders
    }
}

/// Files that are looked at on one core at once.
const PER_PART: usize = 2048;

/// A path's folder, empty for the root, and its name.
pub(super) fn split(path: &str) -> (&str, &str) {
    match memchr::memrchr(b'/', path.as_bytes()) {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => ("", path),
    }
}
