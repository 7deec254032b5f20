//! Scans the files of a work tree by its index: those that are as they were are not read.
//!
//! What comes out is what [`super::scan`] finds without an index. A file that is read with trouble is in none, and is read each time.

use super::repository;
use super::touched::Commits;
use super::tree::MAX_FILE_BYTES;
use super::{BUNDLE, File, FileRef, HOLDS_SECRET, MIN_ENTRIES, Trees, scan_one, told};
use crate::cache::{Bucket, Cache, Key};
use crate::error::Warning;
use crate::guard::is_bundle;
use crate::guard::secrets::{self, EDITION, Redaction, names::is_secret_name};
use crate::index::Bytes;
use crate::index::catalog::{Catalog, Place, RowIdx, Seen};
use crate::index::shard::{Builder, Found, Room, Wanted, search};
use crate::lexicon::profile::Profiler;
use crate::lexicon::scan::Scanner;
use crate::lexicon::{Query, syntax};
use crate::request::{Request, Secrets};
use rayon::prelude::*;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

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
    Known(RowIdx),
    /// Its number in the shard being made.
    New(Seen),
}

/// A file whose contents are known.
#[derive(Clone, Copy)]
struct Known {
    /// Index into [`Trees::files`].
    file: u32,
    /// The row of what it holds, and the shard that it stands in.
    row: RowIdx,
    shard: u32,
}

/// What is known of roots, by the root: it can be read while the disk is asked what there is.
#[derive(Debug, Default)]
pub struct Ahead {
    /// What their indexes say.
    pub catalogs: Vec<(PathBuf, Catalog)>,
    /// What their commits touch.
    pub commits: Vec<(PathBuf, Commits)>,
}

/// What was read ahead of `root`.
pub(super) fn take<T>(ahead: &mut Vec<(PathBuf, T)>, root: &Path) -> Option<T> {
    let at = ahead.iter().position(|(path, _)| path == root)?;
    Some(ahead.swap_remove(at).1)
}

/// Reads ahead what a scan and the history begin with, for the work trees of `request`.
pub fn read_ahead(request: &Request, cache: &Cache) -> Ahead {
    let mut ahead = Ahead::default();
    if request.revision.is_some() || request.staged.is_some() {
        return ahead;
    }
    let roots = request.roots.iter();
    for root in roots.filter_map(|root| root.canonicalize().ok()) {
        let catalog = Catalog::read(cache, &key(&root, request.secrets));
        if !request.contents_only
            && let Some(common) = repository::common_folder(&root)
        {
            let commits = Commits::read(cache, &common);
            ahead.commits.push((root.clone(), commits));
        }
        ahead.catalogs.push((root, catalog));
    }
    ahead
}

/// Scans the files of one tree whose indexes in [`Trees::files`] are `files`, into `out`, where each has its place.
#[allow(clippy::too_many_arguments)] // one call, in the room's front door
pub(super) fn scan(
    trees: &Trees,
    tree_idx: usize,
    files: &[usize],
    query: &Query,
    cache: &Cache,
    catalog: Option<Catalog>,
    progress: &(dyn Fn(usize) + Sync),
    out: &mut [File],
) -> Vec<Warning> {
    let root = &trees.trees[tree_idx].root;
    let key = key(root, trees.secrets);
    let catalog = catalog.unwrap_or_else(|| Catalog::read(cache, &key));
    let mut run = Run {
        trees,
        query,
        wanted: Wanted::of(query),
        cache,
        catalog,
        out,
        warnings: Vec::new(),
        known: Vec::with_capacity(files.len()),
        new: Vec::new(),
    };
    let settled = |chunk: &[usize]| {
        let mut next = 0;
        let settled = chunk.iter().map(|&file| {
            let known = run.settled(file, next)?;
            next = known.row + 1;
            Some(known)
        });
        settled.collect::<Vec<Option<Known>>>()
    };
    let settled = files.par_chunks(MIN_ENTRIES).flat_map_iter(settled);
    let settled: Vec<Option<Known>> = settled.collect();
    let mut unknown: Vec<usize> = Vec::new();
    let mut known: Vec<Known> = Vec::with_capacity(files.len());
    for (&file, settled) in files.iter().zip(settled) {
        match settled {
            Some(it) => known.push(it),
            None => unknown.push(file),
        }
    }
    progress(known.len());
    let lost = run.find(known);
    unknown.extend(lost);
    unknown.sort_unstable();
    if unknown.iter().any(|&file| run.is_kept(&trees.files[file])) {
        run.catalog.prepare();
    }
    let n_known = run.known.len();
    let looked = (!unknown.is_empty()).then(|| cache.moment(Bucket::Catalogs, &key));
    let looked = looked.flatten();
    let (known, mut lost) = run.read(&unknown, progress);
    lost.extend(run.find(known));
    // a shard was damaged just now: its files are read as without an index
    let mut scanner = Scanner::new(query);
    for file in lost {
        run.out[file] = scan_one(trees, &trees.files[file], &mut scanner, &mut run.warnings);
    }
    if run.known.len() > n_known || !run.new.is_empty() {
        // rows are looked for in the order of the files
        run.known.sort_unstable_by_key(|it| it.file);
        let known = run.known.iter().filter_map(|it| {
            let stamp = trees.entry(&trees.files[it.file as usize]).stamp();
            run.catalog.seen(it.row, stamp)
        });
        let mut seen: Vec<Seen> = known.collect();
        seen.append(&mut run.new);
        if let Some(looked) = looked {
            run.catalog.write(cache, &key, &seen, looked);
        }
    }
    run.warnings
}

/// An index is of one root, and of texts with or without their secrets.
fn key(root: &Path, how: Secrets) -> Key {
    Key::new("catalog")
        .with(EDITION)
        .with([u8::from(how == Secrets::Off)])
        .with(root.as_os_str().as_encoded_bytes())
}

struct Run<'a> {
    trees: &'a Trees,
    query: &'a Query,
    wanted: Wanted,
    cache: &'a Cache,
    catalog: Catalog,
    /// The files of all trees.
    out: &'a mut [File],
    warnings: Vec<Warning>,
    /// Files that stand where they stood.
    known: Vec<Known>,
    /// Files that stand in a new shard.
    new: Vec<Seen>,
}

impl Run<'_> {
    fn path(&self, file: &FileRef) -> u64 {
        let below = self.trees.entry(file).below();
        self.catalog.path(below.as_os_str().as_encoded_bytes())
    }

    /// Whether a file could be in an index.
    fn is_kept(&self, file: &FileRef) -> bool {
        let entry = self.trees.entry(file);
        let label = self.trees.trees[file.tree_idx as usize].label.len();
        !file.is_note
            && entry.n_bytes() <= MAX_FILE_BYTES
            && entry.object().is_none()
            && (self.trees.secrets == Secrets::Off || !is_secret_name(&entry.path[label..]))
    }

    fn settled(&self, file_idx: usize, next: RowIdx) -> Option<Known> {
        let file = &self.trees.files[file_idx];
        let stamp = self.trees.entry(file).stamp();
        if file.is_note || self.trees.entry(file).object().is_some() {
            return None;
        }
        // what else bars a file from an index is its name and its size, which are as they were when it came into this one
        let (row, place) = self.catalog.settled(self.path(file), stamp, next)?;
        Some(Known {
            file: file_idx as u32,
            row,
            shard: place.shard,
        })
    }

    fn known(&self, file: usize, row: RowIdx) -> Option<Known> {
        Some(Known {
            file: file as u32,
            row,
            shard: self.catalog.place(row)?.shard,
        })
    }

    /// Looks files up where they stand. Those of shards that are not there come back, and the shards are forgotten.
    fn find(&mut self, mut known: Vec<Known>) -> Vec<usize> {
        known.sort_by_key(|it| it.shard);
        let mut by_shard: Vec<&[Known]> = known.chunk_by(|a, b| a.shard == b.shard).collect();
        // those whose files lie between no others' are filled in at the same time; a shard's files stood in a row when it was made
        by_shard.sort_by_key(|of_shard| span(of_shard).end);
        let mut lost = Vec::new();
        while !by_shard.is_empty() {
            let mut apart = Vec::new();
            let mut rest = &mut *self.out;
            let mut at = 0;
            by_shard.retain(|of_shard| {
                let span = span(of_shard);
                if span.start < at {
                    return true;
                }
                let from_here = std::mem::take(&mut rest).split_at_mut(span.start - at).1;
                let (files, behind) = from_here.split_at_mut(span.len());
                apart.push((*of_shard, files));
                (rest, at) = (behind, span.end);
                false
            });
            let (cache, catalog, wanted) = (self.cache, &self.catalog, &self.wanted);
            let how = self.trees.secrets;
            let filled: Vec<(&[Known], Option<Vec<Warning>>)> = apart
                .into_par_iter()
                .map_init(Room::default, |room, (of_shard, files)| {
                    let filled = fill_all(cache, catalog, wanted, how, of_shard, files, room);
                    (of_shard, filled)
                })
                .collect();
            for (of_shard, warnings) in filled {
                if let Some(warnings) = warnings {
                    self.warnings.extend(warnings);
                    self.known.extend(of_shard);
                } else {
                    self.catalog.forget(of_shard[0].shard);
                    lost.extend(of_shard.iter().map(|it| it.file as usize));
                }
            }
        }
        lost
    }

    /// Reads files. Those whose contents were met before come back with where they stand; the others come into shards. What a shard does
    /// not say comes back, too.
    fn read(
        &mut self,
        files: &[usize],
        progress: &(dyn Fn(usize) + Sync),
    ) -> (Vec<Known>, Vec<usize>) {
        let chunks = self.chunks(files);
        // as many as there are threads, for what one learns of words serves for the chunks that come after
        let profilers: Mutex<Vec<Profiler>> = Mutex::default();
        let read: Vec<Chunk> = chunks
            .par_iter()
            .map(|chunk| {
                let read = self.read_chunk(chunk, &profilers);
                progress(chunk.len());
                read
            })
            .collect();
        let (mut known, mut lost) = (Vec::new(), Vec::new());
        for (read, shard) in read {
            let (kept, mut found) = shard.unwrap_or_default();
            let number = kept.map(|(name, n_bytes)| self.catalog.add(name, n_bytes));
            for (file_idx, read) in read {
                match read {
                    Read::Plain(file, warnings) => {
                        self.out[file_idx] = *file;
                        self.warnings.extend(warnings);
                    }
                    Read::Known(row) => match self.known(file_idx, row) {
                        Some(it) => known.push(it),
                        None => lost.push(file_idx),
                    },
                    Read::New(seen) => {
                        let (file, catalog) = (&mut self.out[file_idx], &self.catalog);
                        let filled = fill(catalog, self.trees.secrets, &seen, &mut found, file);
                        let Some(warning) = filled else {
                            lost.push(file_idx);
                            continue;
                        };
                        self.warnings.extend(warning);
                        if let Some(shard) = number {
                            let place = Place {
                                shard,
                                ..seen.place
                            };
                            self.new.push(Seen { place, ..seen });
                        }
                    }
                }
            }
        }
        (known, lost)
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
                .n_bytes()
                .min(MAX_FILE_BYTES);
            if idx + 1 - start == n_most || n_bytes > MAX_BYTES || idx + 1 == files.len() {
                chunks.push(&files[start..=idx]);
                (start, n_bytes) = (idx + 1, 0);
            }
        }
        chunks
    }

    fn read_chunk(&self, chunk: &[usize], profilers: &Mutex<Vec<Profiler>>) -> Chunk {
        let all = || profilers.lock().unwrap_or_else(PoisonError::into_inner);
        let spare = all().pop();
        let mut builder = Builder::new(spare.unwrap_or_default());
        let mut scanner = Scanner::new(self.query);
        let read: Vec<(usize, Read)> = chunk
            .iter()
            .map(|&file| (file, self.read_one(file, &mut builder, &mut scanner)))
            .collect();
        let (shard, profiler) = builder.end();
        all().push(profiler);
        let Some(bytes) = shard else {
            return (read, None);
        };
        let kept = self.cache.keep(Bucket::Index, &bytes);
        let kept = kept.map(|name| (name, bytes.len() as u64));
        match search(&Bytes::Memory(bytes), &self.wanted, &mut Room::default()) {
            Some(found) => (read, Some((kept, found))),
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
            tree.read_as_listed(entry)
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
            stamp: entry.stamp(),
            place: Place { shard: 0, file: 0 },
        };
        if let Some(row) = self.catalog.known(seen.content) {
            return Read::Known(row);
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

/// From the first of some files to the last; they stand by index.
fn span(files: &[Known]) -> Range<usize> {
    let (first, last) = (files.first(), files.last());
    first.map_or(0, |it| it.file as usize)..last.map_or(0, |it| it.file as usize + 1)
}

/// Puts in its place what a shard has of each of the files `of_shard`, which lie within `files`; `None` where it is not whole.
fn fill_all(
    cache: &Cache,
    catalog: &Catalog,
    wanted: &Wanted,
    how: Secrets,
    of_shard: &[Known],
    files: &mut [File],
    room: &mut Room,
) -> Option<Vec<Warning>> {
    let start = span(of_shard).start;
    let shard = of_shard.first()?.shard;
    let kept = cache.open(Bucket::Index, catalog.name(shard))?;
    // one in the place of another is told by its length: to read all of it takes too long
    if kept.metadata().ok()?.len() != catalog.n_bytes(shard) {
        return None;
    }
    let mut found = search(&Bytes::Kept(kept), wanted, room)?;
    let mut warnings = Vec::new();
    for it in of_shard {
        let seen = catalog.seen(it.row, Default::default())?;
        let file = &mut files[it.file as usize - start];
        warnings.extend(fill(catalog, how, &seen, &mut found, file)?);
    }
    Some(warnings)
}

/// Puts in its place what a shard has of a file, and says what is to be told of it; `None` where it has not.
fn fill(
    catalog: &Catalog,
    how: Secrets,
    seen: &Seen,
    found: &mut [Found],
    file: &mut File,
) -> Option<Option<Warning>> {
    let mut warning = None;
    match std::mem::replace(found.get_mut(seen.place.file as usize)?, Found::Taken) {
        Found::Text(scan, marks) => {
            let redactions = marks.iter().map(|(line, name)| {
                let kind = secrets::kind(name)?;
                Some(Redaction { line: *line, kind })
            });
            let redactions: Vec<Redaction> = redactions.collect::<Option<_>>()?;
            if redactions.is_empty() {
                file.clean = Some(catalog.fingerprint(seen.path, seen.content));
            } else {
                warning = told(&file.path, &redactions, how);
            }
            if how == Secrets::Exclude && !redactions.is_empty() {
                file.barred = Some(HOLDS_SECRET);
            } else {
                file.scan = scan;
            }
        }
        Found::Barred(why) => file.barred = Some(BARRED.get(usize::from(why))?),
        Found::Taken => return None,
    }
    Some(warning)
}

/// Files, by index, and the shard that was made of them.
type Chunk = (Vec<(usize, Read)>, Option<Shard>);

/// A shard that was made: its name and size, where it could be kept, and what it says of its files.
type Shard = (Option<(String, u64)>, Vec<Found>);
