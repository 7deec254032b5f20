//! What commits say and touch, in the very bytes that are kept between runs.
//!
//! A commit never changes, so it is kept under its id, for all branches of a repository in one record, and so is which commits lie behind
//! the last HEAD. A run works on the record as it was read: of each commit there is a row of fixed width, and what a row has any number of
//! lies in columns for all rows, one after another. Paths stand there once each, sorted, so that they are looked up side by side with
//! the files of a tree. Of messages the words are kept, as hashes: no text. A commit that touches a file whose name holds a secret, or of
//! which is not known what it touches, is in the bytes of its run alone.

mod layout;
mod paths;

use super::history::MAX_COMMITS;
use super::memo::{Touched, TouchedFile};
use crate::cache::{Bucket, Cache, Key};
use crate::guard::secrets::{EDITION, redact};
use crate::guard::text::path_text;
use layout::laid_out;
use paths::Paths;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Commits kept for one repository: those of some branches.
const MAX_KEPT: usize = 4 * MAX_COMMITS;

type Id = [u8; 20];

/// What a file was and what it became, ids of both.
type Blobs = [u8; 40];

/// Number of a commit, in the order of their ids.
pub type RowIdx = u32;

/// Number of the file that stands where none does.
pub const NO_FILE: u32 = u32::MAX;

/// Commits of a repository. Cheap to read, and laid out anew where one is added.
#[derive(Debug, Clone, Default)]
pub struct Commits {
    bytes: Vec<u8>,
    /// The commit that [`Commits::walk`] begins at, and its time; `None` where more lies behind it.
    whole: Option<(Id, i64)>,
    n_paths: u32,
    columns: [Range<usize>; N_COLUMNS],
}

/// [`Row`]s, ascending by id.
const ROWS: usize = 0;
/// Those of a run, newest first: [`RowIdx`]s.
const WALK: usize = 1;
/// Paths as in git, ascending, each once: how many bytes it shares with the one before, how many follow, and those.
const PATHS: usize = 2;
/// What is touched, by commit and path: twice the number of the path, and 1 more where it has blobs.
const TOUCHES: usize = 3;
/// [`Blobs`] of what is touched and has some, likewise.
const BLOBS: usize = 4;
/// [`Term`]s of messages, ascending by key.
const TERMS: usize = 5;
/// In which messages they stand: [`RowIdx`]s in half the bytes, by term, each time that one stands there.
const STANDS: usize = 6;
const N_COLUMNS: usize = 7;

/// Bytes that one of a column takes.
const WIDTHS: [usize; N_COLUMNS] = [Row::WIDTH, 4, 1, 4, size_of::<Blobs>(), Term::WIDTH, 2];
const _: () = assert!(MAX_KEPT <= u16::MAX as usize);

/// Bytes before the columns: the commit that the walk begins at, its time, whether that is all that lies behind it, how many paths there
/// are, and how many of each column.
const HEAD_BYTES: usize = 20 + 8 + 1 + 4 + N_COLUMNS * 4;

/// How far the columns of a commit go, in numbers; they begin where those of the one before end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Ends {
    touches: u32,
    blobs: u32,
}

/// One commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    id: Id,
    /// When it was made, Unix seconds.
    pub time: i64,
    /// Bytes of trees that were read to tell what it touches: they count as if they were read again, so that limits hold as they would.
    pub n_read: u64,
    /// Words of its message.
    pub n_words: u32,
    /// Whether its message has a first line.
    pub has_subject: bool,
    ends: Ends,
}

impl Row {
    const WIDTH: usize = 20 + 8 + 8 + 4 + 1 + 2 * 4;

    fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.id);
        out.extend(self.time.to_le_bytes());
        out.extend(self.n_read.to_le_bytes());
        out.extend(self.n_words.to_le_bytes());
        out.push(u8::from(self.has_subject));
        for end in [self.ends.touches, self.ends.blobs] {
            out.extend(end.to_le_bytes());
        }
    }

    /// `None` where there are too few bytes.
    fn take(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        Some(Self {
            id: next(bytes)?,
            time: i64::from_le_bytes(next(bytes)?),
            n_read: u64::from_le_bytes(next(bytes)?),
            n_words: u32::from_le_bytes(next(bytes)?),
            has_subject: next(bytes)? == [1],
            ends: Ends {
                touches: u32::from_le_bytes(next(bytes)?),
                blobs: u32::from_le_bytes(next(bytes)?),
            },
        })
    }

    /// What it is known by.
    pub fn id(&self) -> gix::ObjectId {
        gix::ObjectId::from(self.id)
    }
}

/// A term of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Term {
    /// As in a [`Bag`](crate::lexicon::Bag).
    key: u64,
    /// How far those go that say it; they begin where those of the term before end.
    end: u32,
}

impl Term {
    const WIDTH: usize = 8 + 4;

    fn put(&self, out: &mut Vec<u8>) {
        out.extend(self.key.to_le_bytes());
        out.extend(self.end.to_le_bytes());
    }

    /// `None` where there are too few bytes.
    fn take(mut bytes: &[u8]) -> Option<Self> {
        Some(Self {
            key: u64::from_le_bytes(next(&mut bytes)?),
            end: u32::from_le_bytes(next(&mut bytes)?),
        })
    }
}

/// A commit that was read in this run.
#[derive(Debug, Clone)]
pub struct New {
    /// What it is known by.
    pub id: gix::ObjectId,
    /// When it was made, Unix seconds.
    pub time: i64,
    /// See [`Row::n_read`].
    pub n_read: u64,
    /// What it says and touches.
    pub touched: Arc<Touched>,
}

impl New {
    fn files(&self) -> &[TouchedFile] {
        self.touched.files.as_deref().unwrap_or_default()
    }
}

/// A commit of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// One that was known.
    Known(RowIdx),
    /// One that is new, by its number.
    New(usize),
}

impl Commits {
    /// What is kept of the repository whose folder is `common`; nothing, where nothing is.
    pub fn read(cache: &Cache, common: &Path) -> Self {
        let kept = cache.get_bytes(Bucket::Commits, &key(common));
        let kept = kept.and_then(|(bytes, _)| Self::from_bytes(bytes));
        kept.unwrap_or_default()
    }

    /// `None` where that is nothing that [`laid_out`] makes.
    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let mut head = &bytes[..];
        let (id, time) = (next(&mut head)?, i64::from_le_bytes(next(&mut head)?));
        let is_whole = next(&mut head)? == [1];
        let n_paths = u32::from_le_bytes(next(&mut head)?);
        let mut columns: [Range<usize>; N_COLUMNS] = Default::default();
        let mut at = HEAD_BYTES;
        for (column, width) in columns.iter_mut().zip(WIDTHS) {
            let n = u32::from_le_bytes(next(&mut head)?) as usize;
            let end = at.checked_add(n.checked_mul(width)?)?;
            *column = at..end;
            at = end;
        }
        let is_filled = at == bytes.len();
        let commits = Self {
            bytes,
            whole: is_whole.then_some((id, time)),
            n_paths,
            columns,
        };
        (is_filled && commits.is_sound()).then_some(commits)
    }

    /// Whether all numbers lead somewhere.
    fn is_sound(&self) -> bool {
        let ends = self.rows().map(|row| row.ends);
        let touches = ends.clone().map(|ends| ends.touches);
        let blobs = ends.map(|ends| ends.blobs);
        let stands = self.all_terms().map(|term| term.end);
        let n_rows = self.n_rows() as u32;
        let is_path = |it: &[u8; 4]| u32::from_le_bytes(*it) >> 1 < self.n_paths;
        let is_row = |it: &[u8; 4]| u32::from_le_bytes(*it) < n_rows;
        let is_short_row = |it: &[u8; 2]| u32::from(u16::from_le_bytes(*it)) < n_rows;
        lead_to(touches, self.column::<4>(TOUCHES).len())
            && lead_to(blobs, self.column::<40>(BLOBS).len())
            && lead_to(stands, self.column::<2>(STANDS).len())
            && self.column(TOUCHES).iter().all(is_path)
            && self.column(WALK).iter().all(is_row)
            && self.column(STANDS).iter().all(is_short_row)
            && self.all_paths().count() == Some(self.n_paths)
    }

    fn column<const WIDTH: usize>(&self, column: usize) -> &[[u8; WIDTH]] {
        let bytes = self.bytes.get(self.columns[column].clone());
        bytes.unwrap_or_default().as_chunks().0
    }

    /// How many there are.
    pub fn n_rows(&self) -> usize {
        self.column::<{ Row::WIDTH }>(ROWS).len()
    }

    fn rows(&self) -> impl Iterator<Item = Row> + Clone {
        let rows = self.column::<{ Row::WIDTH }>(ROWS).iter();
        rows.filter_map(|row| Row::take(row))
    }

    /// One of them.
    pub fn row(&self, row: RowIdx) -> Option<Row> {
        let rows = self.column::<{ Row::WIDTH }>(ROWS);
        Row::take(rows.get(row as usize)?)
    }

    /// The row of a commit, if it is known.
    pub fn find(&self, id: &gix::oid) -> Option<RowIdx> {
        let rows = self.column::<{ Row::WIDTH }>(ROWS);
        let at = rows.binary_search_by(|row| row[..20].cmp(id.as_bytes()));
        at.ok().map(|at| at as RowIdx)
    }

    /// The commits of the last run, newest first.
    pub fn walk(&self) -> impl Iterator<Item = RowIdx> {
        let walk = self.column(WALK).iter();
        walk.map(|row| u32::from_le_bytes(*row))
    }

    /// The time of `head`, if [`Commits::walk`] is all that lies behind it.
    pub fn head_time(&self, head: &gix::oid) -> Option<i64> {
        let (id, time) = self.whole?;
        (head.as_bytes() == id).then_some(time)
    }

    /// Where the columns of a row begin and end.
    fn ends(&self, row: RowIdx) -> Option<(Ends, Ends)> {
        let begin = match row.checked_sub(1) {
            Some(before) => self.row(before)?.ends,
            None => Ends::default(),
        };
        Some((begin, self.row(row)?.ends))
    }

    /// A row's part of a column.
    fn part<const WIDTH: usize>(
        &self,
        column: usize,
        row: RowIdx,
        end: fn(&Ends) -> u32,
    ) -> &[[u8; WIDTH]] {
        let part = self.ends(row).and_then(|(from, to)| {
            let part = end(&from) as usize..end(&to) as usize;
            self.column(column).get(part)
        });
        part.unwrap_or_default()
    }

    /// What a commit touches: by number of the path, ascending, with the blobs where they are kept.
    fn touches(&self, row: RowIdx) -> impl Iterator<Item = (u32, Option<Blobs>)> {
        let mut blobs = self.part::<40>(BLOBS, row, |it| it.blobs).iter();
        let touches = self.part(TOUCHES, row, |it| it.touches).iter();
        touches.map(move |touch| {
            let touch = u32::from_le_bytes(*touch);
            let blobs = (touch & 1 == 1).then(|| blobs.next().copied());
            (touch >> 1, blobs.flatten())
        })
    }

    /// How many files a commit touches.
    pub fn n_files(&self, row: RowIdx) -> usize {
        self.part::<4>(TOUCHES, row, |it| it.touches).len()
    }

    /// The paths that a commit touches, by number, ascending.
    pub fn paths(&self, row: RowIdx) -> impl Iterator<Item = u32> {
        let touches = self.part(TOUCHES, row, |it| it.touches).iter();
        touches.map(|touch| u32::from_le_bytes(*touch) >> 1)
    }

    /// What a commit made of what: by number of the path, ascending, those that were there before and after. Of a commit that touches more
    /// than [`super::history::MAX_FILES`] this is not known.
    pub fn versions(
        &self,
        row: RowIdx,
    ) -> impl Iterator<Item = (u32, gix::ObjectId, gix::ObjectId)> {
        self.touches(row).filter_map(|(path, blobs)| {
            let blobs = blobs?;
            let mut ids = &blobs[..];
            let (old, new): (Id, Id) = (next(&mut ids)?, next(&mut ids)?);
            Some((path, old.into(), new.into()))
        })
    }

    fn all_terms(&self) -> impl Iterator<Item = Term> {
        let terms = self.column::<{ Term::WIDTH }>(TERMS).iter();
        terms.filter_map(|term| Term::take(term))
    }

    /// The messages from one place in [`STANDS`] to another.
    fn stands(&self, from: u32, to: u32) -> impl Iterator<Item = RowIdx> {
        let part = self.column(STANDS).get(from as usize..to as usize);
        let part = part.unwrap_or_default().iter();
        part.map(|row| RowIdx::from(u16::from_le_bytes(*row)))
    }

    /// The commits whose message says a term, by its key in a [`Bag`](crate::lexicon::Bag): ascending, each time that it stands there.
    pub fn saying(&self, key: u64) -> impl Iterator<Item = RowIdx> {
        let terms = self.column::<{ Term::WIDTH }>(TERMS);
        let term = |at: usize| Term::take(terms.get(at)?);
        let at = terms.partition_point(|it| Term::take(it).is_some_and(|it| it.key < key));
        let from = at.checked_sub(1).and_then(term).map_or(0, |it| it.end);
        let to = term(at).filter(|it| it.key == key);
        self.stands(from, to.map_or(from, |it| it.end))
    }

    fn all_paths(&self) -> Paths<'_> {
        Paths::new(self.column::<1>(PATHS).as_flattened())
    }

    /// For each path the number of the file that stands there, among `files` (number, path below `prefix`); [`NO_FILE`] where none does.
    /// O(paths + files) where the files are sorted.
    pub fn places<'a>(
        &self,
        prefix: &[u8],
        files: impl Iterator<Item = (u32, Cow<'a, [u8]>)> + Clone,
    ) -> Vec<u32> {
        let mut places = vec![NO_FILE; self.n_paths as usize];
        if self.find_sorted(prefix, files.clone(), &mut places) {
            return places;
        }
        let by_path = files.map(|(idx, path)| (path, idx));
        let by_path: FxHashMap<Cow<'a, [u8]>, u32> = by_path.collect();
        let mut paths = self.all_paths();
        for place in &mut places {
            let below = paths.next().and_then(|path| path.strip_prefix(prefix));
            let found = below.and_then(|below| by_path.get(below));
            *place = found.copied().unwrap_or(NO_FILE);
        }
        places
    }

    /// Goes through paths and files side by side. False where the files turn out not to be sorted, so that some may have been missed: those
    /// with odd bytes in their names are sorted by how they are shown.
    fn find_sorted<'a>(
        &self,
        prefix: &[u8],
        mut files: impl Iterator<Item = (u32, Cow<'a, [u8]>)>,
        places: &mut [u32],
    ) -> bool {
        let mut paths = self.all_paths();
        let mut file = files.next();
        // the last one that was passed by
        let mut last: Option<Cow<'a, [u8]>> = None;
        let mut is_any_lost = false;
        for place in places {
            let Some(below) = paths.next().and_then(|path| path.strip_prefix(prefix)) else {
                continue;
            };
            while let Some((_, path)) = file.take_if(|(_, path)| path.as_ref() < below) {
                if last.is_some_and(|last| last >= path) {
                    return false;
                }
                last = Some(path);
                file = files.next();
            }
            match file.take_if(|(_, path)| path.as_ref() == below) {
                Some((idx, path)) => {
                    *place = idx;
                    last = Some(path);
                    file = files.next();
                }
                None => is_any_lost = true,
            }
        }
        let rest = file.into_iter().chain(files).map(|(_, path)| path);
        !is_any_lost || last.into_iter().chain(rest).is_sorted()
    }

    /// These and the `new` ones, of which those that may be are kept in the cache. `walk` has the commits of this run, newest first; `whole`
    /// says behind which they lie, and its time, where they are all there is. Of what else is known as much stays as fits.
    pub fn with(
        &self,
        new: &[New],
        walk: &[Of],
        whole: Option<(gix::ObjectId, i64)>,
        cache: Option<(&Cache, &Path)>,
    ) -> Self {
        let all = laid_out(self, new, walk, whole);
        let Some((cache, common)) = cache else {
            return all;
        };
        let stays = lasting(new);
        let kept = match (stays.contains(&true), stays.contains(&false)) {
            (true, false) => Some(Cow::Borrowed(&all)),
            (false, false) => whole.map(|_| Cow::Borrowed(&all)),
            (false, true) => None,
            (true, true) => {
                let stays = |of: &Of| match *of {
                    Of::Known(_) => true,
                    Of::New(at) => stays[at],
                };
                let walk: Vec<Of> = walk.iter().copied().filter(stays).collect();
                Some(Cow::Owned(laid_out(self, new, &walk, None)))
            }
        };
        if let Some(kept) = kept {
            cache.put_bytes(Bucket::Commits, &key(common), &kept.bytes);
        }
        all
    }
}

fn key(common: &Path) -> Key {
    Key::new("commits")
        .with(EDITION) // names are looked at
        .with(common.as_os_str().as_encoded_bytes())
}

/// Which may be kept: those of which is known what they touch, where no name holds a secret.
fn lasting(new: &[New]) -> Vec<bool> {
    let mut known: FxHashMap<&[u8], bool> = FxHashMap::default();
    let is_clean = |path: &&[u8]| matches!(redact(&path_text(path)), Cow::Borrowed(_));
    let mut stays = Vec::with_capacity(new.len());
    for new in new {
        let mut files = new.files().iter();
        let is_clean = files.all(|file| *known.entry(&file.path).or_insert_with_key(is_clean));
        stays.push(new.touched.files.is_some() && is_clean);
    }
    stays
}

/// Whether the parts of a column that end there are the whole of it, `n` long.
fn lead_to(ends: impl Iterator<Item = u32>, n: usize) -> bool {
    let mut last = 0;
    let mut is_sorted = true;
    for end in ends {
        is_sorted &= last <= end;
        last = end;
    }
    is_sorted && last as usize == n
}

fn raw(id: &gix::oid) -> Id {
    id.as_bytes().try_into().unwrap_or_default() // all are of git's usual hash: no other repository can be opened
}

fn next<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests;
