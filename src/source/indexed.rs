//! Scans the files of a work tree by its index: those that are as they were are not read.
//!
//! What comes out is what [`super::scan`] finds without an index. A file that is read with trouble is in none, and is read each time.

use super::tree::MAX_FILE_BYTES;
use super::{BUNDLE, File, FileRef, HOLDS_SECRET, Trees, scan_one, told};
use crate::cache::{Bucket, Cache, Key};
use crate::error::Warning;
use crate::guard::is_bundle;
use crate::guard::secrets::{self, EDITION, Redaction, names::is_secret_name};
use crate::index::Bytes;
use crate::index::catalog::{Catalog, Place, Seen};
use crate::index::shard::{Builder, Found, Wanted, search};
use crate::lexicon::scan::Scanner;
use crate::lexicon::{Query, syntax};
use crate::request::Secrets;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Files of a shard at most, and at least where there are so many to read.
const MAX_FILES: usize = 512;
const MIN_FILES: usize = 64;

/// Bytes of a shard's files, about.
const MAX_BYTES: u64 = 8 << 20;

/// Why files in an index are no candidates, by number; a new reason is put at the end.
const BARRED: [&str; 2] = ["binary", BUNDLE];

/// What a file is, or where that stands.
enum Read {
    Plain(Box<File>, Vec<Warning>),
    Known(Seen),
    /// Its number in the shard being made.
    New(Seen),
}

/// Scans the files of one tree whose indexes in [`Trees::files`] are `files`; each comes back with its index.
pub(super) fn scan(
    trees: &Trees,
    tree_idx: usize,
    files: &[usize],
    query: &Query,
    cache: &Cache,
    progress: &(dyn Fn(usize) + Sync),
) -> (Vec<(usize, File)>, Vec<Warning>) {
    let key = key(trees, tree_idx);
    let mut run = Run {
        trees,
        query,
        wanted: Wanted::of(query),
        cache,
        catalog: Catalog::read(cache, &key),
        files: Vec::with_capacity(files.len()),
        warnings: Vec::new(),
        seen: Vec::with_capacity(files.len()),
    };
    let mut unknown: Vec<usize> = Vec::new();
    let mut known: Vec<(usize, Seen)> = Vec::new();
    for &file in files {
        match run.settled(&trees.files[file]) {
            Some(seen) => known.push((file, seen)),
            None => unknown.push(file),
        }
    }
    progress(known.len());
    let lost = run.find(known);
    let is_other = !unknown.is_empty() || !lost.is_empty();
    unknown.extend(lost);
    unknown.sort_unstable();
    if is_other {
        run.catalog.prepare();
    }
    let n_seen = run.seen.len();
    let known = run.read(&unknown, progress);
    let lost = run.find(known);
    // a shard was damaged just now: its files are read as without an index
    let mut scanner = Scanner::new(query);
    for file in lost {
        let read = scan_one(trees, &trees.files[file], &mut scanner, &mut run.warnings);
        run.files.push((file, read));
    }
    let Run {
        files,
        warnings,
        seen,
        catalog,
        ..
    } = run;
    if seen.len() > n_seen {
        catalog.write(cache, &key, &seen);
    }
    (files, warnings)
}

/// An index is of one root, and of texts with or without their secrets.
fn key(trees: &Trees, tree_idx: usize) -> Key {
    let root = trees.trees[tree_idx].root.as_os_str();
    Key::new("catalog")
        .with(EDITION)
        .with([u8::from(trees.secrets == Secrets::Off)])
        .with(root.as_encoded_bytes())
}

struct Run<'a> {
    trees: &'a Trees,
    query: &'a Query,
    wanted: Wanted,
    cache: &'a Cache,
    catalog: Catalog,
    files: Vec<(usize, File)>,
    warnings: Vec<Warning>,
    seen: Vec<Seen>,
}

impl Run<'_> {
    fn path(&self, file: &FileRef) -> u64 {
        let below = &self.trees.entry(file).below;
        self.catalog.path(below.as_os_str().as_encoded_bytes())
    }

    /// Whether a file could be in an index.
    fn is_kept(&self, file: &FileRef) -> bool {
        let entry = self.trees.entry(file);
        let label = self.trees.trees[file.tree_idx as usize].label.len();
        !file.is_note
            && entry.n_bytes <= MAX_FILE_BYTES
            && entry.object().is_none()
            && (self.trees.secrets == Secrets::Off || !is_secret_name(&entry.path[label..]))
    }

    fn settled(&self, file: &FileRef) -> Option<Seen> {
        let seen = self
            .catalog
            .settled(self.path(file), self.trees.entry(file).stamp)?;
        self.is_kept(file).then_some(seen)
    }

    /// Looks files up where they stand. Those of shards that are not there come back, and the shards are forgotten.
    fn find(&mut self, known: Vec<(usize, Seen)>) -> Vec<usize> {
        let mut by_shard: BTreeMap<u32, Vec<(usize, Seen)>> = BTreeMap::new();
        for (file, seen) in known {
            by_shard
                .entry(seen.place.shard)
                .or_default()
                .push((file, seen));
        }
        let by_shard: Vec<(u32, Vec<(usize, Seen)>)> = by_shard.into_iter().collect();
        let found: Vec<Option<Files>> = by_shard
            .par_iter()
            .map(|(shard, known)| {
                let kept = self.cache.open(Bucket::Index, self.catalog.name(*shard))?;
                let found = search(&Bytes::Kept(kept), &self.wanted)?;
                self.files_of(found, known)
            })
            .collect();
        let mut lost = Vec::new();
        for ((shard, known), found) in by_shard.into_iter().zip(found) {
            match found {
                Some((found, warnings)) => {
                    self.files.extend(found);
                    self.warnings.extend(warnings);
                    self.seen.extend(known.into_iter().map(|(_, seen)| seen));
                }
                None => {
                    self.catalog.forget(shard);
                    lost.extend(known.into_iter().map(|(file, _)| file));
                }
            }
        }
        lost
    }

    /// The files of a shard that are `known` to be in it.
    fn files_of(&self, found: Vec<Found>, known: &[(usize, Seen)]) -> Option<Files> {
        let mut warnings = Vec::new();
        let mut found: Vec<Option<Found>> = found.into_iter().map(Some).collect();
        let of_known = known.iter().map(|&(file_idx, seen)| {
            let entry = self.trees.entry(&self.trees.files[file_idx]);
            let mut file = File {
                path: entry.path.clone(),
                scan: Default::default(),
                n_bytes: entry.n_bytes,
                pinned: self.trees.files[file_idx].pinned,
                barred: None,
                clean: None,
            };
            match found.get_mut(seen.place.file as usize)?.take()? {
                Found::Text(scan, marks) => {
                    let redactions = marks.iter().map(|(line, name)| {
                        let kind = secrets::kind(name)?;
                        Some(Redaction { line: *line, kind })
                    });
                    let redactions: Vec<Redaction> = redactions.collect::<Option<_>>()?;
                    warnings.extend(told(&entry.path, &redactions, self.trees.secrets));
                    if redactions.is_empty() {
                        file.clean = Some(self.catalog.fingerprint(&seen));
                    }
                    if self.trees.secrets == Secrets::Exclude && !redactions.is_empty() {
                        file.barred = Some(HOLDS_SECRET);
                    } else {
                        file.scan = scan;
                    }
                }
                Found::Barred(why) => file.barred = Some(BARRED.get(usize::from(why))?),
            }
            Some((file_idx, file))
        });
        let files: Vec<(usize, File)> = of_known.collect::<Option<_>>()?;
        Some((files, warnings))
    }

    /// Reads files. Those whose contents were met before come back with where they stand; the others come into shards.
    fn read(&mut self, files: &[usize], progress: &(dyn Fn(usize) + Sync)) -> Vec<(usize, Seen)> {
        let chunks = self.chunks(files);
        let read: Vec<Chunk> = chunks
            .par_iter()
            .map(|chunk| {
                let read = self.read_chunk(chunk);
                progress(chunk.len());
                read
            })
            .collect();
        let mut known = Vec::new();
        for (read, shard) in read {
            let number = shard.map(|(kept, (found, warnings))| {
                let number = kept.map(|(name, n_bytes)| self.catalog.add(name, n_bytes));
                self.files.extend(found);
                self.warnings.extend(warnings);
                number
            });
            for (file_idx, read) in read {
                match read {
                    Read::Plain(file, warnings) => {
                        self.files.push((file_idx, *file));
                        self.warnings.extend(warnings);
                    }
                    Read::Known(seen) => known.push((file_idx, seen)),
                    Read::New(seen) => {
                        if let Some(Some(shard)) = number {
                            let place = Place {
                                shard,
                                ..seen.place
                            };
                            self.seen.push(Seen { place, ..seen });
                        }
                    }
                }
            }
        }
        known
    }

    /// As many shards as there are cores, if that makes none too small; no longer than fits into memory on the way.
    fn chunks<'f>(&self, files: &'f [usize]) -> Vec<&'f [usize]> {
        let per_core = files
            .len()
            .div_ceil(rayon::current_num_threads().max(1) * 2);
        let n_most = per_core.clamp(MIN_FILES, MAX_FILES);
        let mut chunks = Vec::new();
        let (mut start, mut n_bytes) = (0, 0);
        for (idx, &file) in files.iter().enumerate() {
            n_bytes += self
                .trees
                .entry(&self.trees.files[file])
                .n_bytes
                .min(MAX_FILE_BYTES);
            if idx + 1 - start == n_most || n_bytes > MAX_BYTES || idx + 1 == files.len() {
                chunks.push(&files[start..=idx]);
                (start, n_bytes) = (idx + 1, 0);
            }
        }
        chunks
    }

    fn read_chunk(&self, chunk: &[usize]) -> Chunk {
        let mut builder = Builder::default();
        let mut scanner = Scanner::new(self.query);
        let read: Vec<(usize, Read)> = chunk
            .iter()
            .map(|&file| (file, self.read_one(file, &mut builder, &mut scanner)))
            .collect();
        let Some(bytes) = builder.end() else {
            return (read, None);
        };
        let kept = self.cache.keep(Bucket::Index, &bytes);
        let kept = kept.map(|name| (name, bytes.len() as u64));
        let new: Vec<(usize, Seen)> = read
            .iter()
            .filter_map(|(file, read)| match read {
                Read::New(seen) => Some((*file, *seen)),
                Read::Plain(..) | Read::Known(_) => None,
            })
            .collect();
        let found = search(&Bytes::Memory(bytes), &self.wanted);
        match found.and_then(|found| self.files_of(found, &new)) {
            Some(files) => (read, Some((kept, files))),
            // more than a shard can say: as without an index
            None => {
                let plain = |file: usize| (file, self.plain(file, &mut scanner));
                (chunk.iter().copied().map(plain).collect(), None)
            }
        }
    }

    fn plain(&self, file: usize, scanner: &mut Scanner<'_>) -> Read {
        let mut warnings = Vec::new();
        let file = scan_one(self.trees, &self.trees.files[file], scanner, &mut warnings);
        Read::Plain(Box::new(file), warnings)
    }

    fn read_one(&self, file_idx: usize, builder: &mut Builder, scanner: &mut Scanner<'_>) -> Read {
        let file = &self.trees.files[file_idx];
        let tree = &self.trees.trees[file.tree_idx as usize];
        let entry = self.trees.entry(file);
        let bytes = if self.is_kept(file) {
            tree.read(entry).ok()
        } else {
            None
        };
        let Some(bytes) = bytes else {
            return self.plain(file_idx, scanner);
        };
        let path = self.path(file);
        let mut seen = Seen {
            path,
            content: self.catalog.content(path, &bytes),
            stamp: entry.stamp,
            place: Place { shard: 0, file: 0 },
        };
        if let Some(place) = self.catalog.known(seen.content) {
            return Read::Known(Seen { place, ..seen });
        }
        let number = match self.trees.redacted_of(file, &bytes) {
            Ok((clean, _)) if is_bundle(&clean.text) => builder.add_barred(1),
            Ok((clean, redactions)) => {
                let marks: Vec<(u32, &str)> =
                    redactions.iter().map(|it| (it.line, it.kind)).collect();
                builder.add(&clean.text, &syntax::of_path(&entry.path), &marks)
            }
            Err(("binary", _)) => builder.add_barred(0),
            Err(_) => return self.plain(file_idx, scanner),
        };
        seen.place.file = number;
        Read::New(seen)
    }
}

/// Files, by index, and the shard that was made of them.
type Chunk = (Vec<(usize, Read)>, Option<Shard>);

/// A shard that was made: its name and size, where it could be kept, and its files.
type Shard = (Option<(String, u64)>, Files);

/// Files, by index, and what is to be told of them.
type Files = (Vec<(usize, File)>, Vec<Warning>);
