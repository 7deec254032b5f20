//! What commits say and touch, in the very bytes that are kept between runs.
//!
//! A commit never changes, so it is kept under its id, for all branches of a repository in one record, and so is which commits lie behind
//! the last HEAD. A run works on the record as it was read: of each commit there is a row of fixed width, and what a row has any number of
//! lies in columns for all rows, one after another. Paths stand there once each, sorted, so that they are looked up side by side with
//! the files of a tree. Of messages the words are kept, as hashes: no text. A commit that touches a file whose name holds a secret, or of
//! which is not known what it touches, is in the bytes of its run alone.

use super::history::{MAX_COMMITS, MAX_FILES};
use super::memo::{Message, Touched, TouchedFile};
use crate::cache::{Bucket, Cache, Key};
use crate::guard::secrets::{EDITION, redact};
use crate::guard::text::path_text;
use crate::index::varint;
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
    /// than [`MAX_FILES`] this is not known.
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
        Paths {
            rest: self.column::<1>(PATHS).as_flattened(),
            path: Vec::new(),
        }
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

/// The column of paths, read from the front.
struct Paths<'a> {
    rest: &'a [u8],
    path: Vec<u8>,
}

impl<'a> Paths<'a> {
    /// How many bytes the next one shares with the one before, and those that follow.
    fn step(&mut self) -> Option<(usize, &'a [u8])> {
        let n_shared = varint::take_u32(&mut self.rest)?;
        let n_more = varint::take_u32(&mut self.rest)?;
        let (more, rest) = self.rest.split_at_checked(n_more as usize)?;
        self.rest = rest;
        Some((n_shared as usize, more))
    }

    fn next(&mut self) -> Option<&[u8]> {
        let (n_shared, more) = self.step()?;
        self.path.truncate(n_shared);
        self.path.extend_from_slice(more);
        Some(&self.path)
    }

    /// How many there are; `None` where one is not whole.
    fn count(mut self) -> Option<u32> {
        let (mut n, mut length) = (0, 0);
        while !self.rest.is_empty() {
            let (n_shared, more) = self.step().filter(|(n_shared, _)| *n_shared <= length)?;
            length = n_shared + more.len();
            n += 1;
        }
        Some(n)
    }
}

/// Paths, numbered as they are met.
#[derive(Default)]
struct Names<'a> {
    numbers: FxHashMap<&'a [u8], u32>,
    paths: Vec<&'a [u8]>,
}

impl<'a> Names<'a> {
    fn number(&mut self, path: &'a [u8]) -> u32 {
        *self.numbers.entry(path).or_insert_with(|| {
            self.paths.push(path);
            self.paths.len() as u32 - 1
        })
    }

    /// The column of paths, and for each number which of it that is.
    fn column(&self) -> (Vec<u8>, Vec<u32>) {
        let mut sorted: Vec<u32> = (0..self.paths.len() as u32).collect();
        sorted.sort_unstable_by_key(|&number| self.paths[number as usize]);
        let (mut column, mut ranks) = (Vec::new(), vec![0; sorted.len()]);
        let mut before: &[u8] = &[];
        for (&number, rank) in sorted.iter().zip(0..) {
            ranks[number as usize] = rank;
            let path = self.paths[number as usize];
            let same = before.iter().zip(path).take_while(|(a, b)| a == b);
            let n_shared = same.count();
            varint::put(&mut column, n_shared as u64);
            varint::put(&mut column, (path.len() - n_shared) as u64);
            column.extend_from_slice(&path[n_shared..]);
            before = path;
        }
        (column, ranks)
    }
}

/// Commits in bytes: those of `walk`, and of the other `known` ones as many as fit. Those with the lowest ids: any will do, if it is the
/// same everywhere. All counts fit 32 bits by what is read of trees and messages at most.
fn laid_out(
    known: &Commits,
    new: &[New],
    walk: &[Of],
    whole: Option<(gix::ObjectId, i64)>,
) -> Commits {
    let mut all: Vec<(Id, Of)> = Vec::with_capacity(walk.len());
    let mut is_walked = vec![false; known.n_rows()];
    for &of in walk {
        match of {
            Of::Known(row) => is_walked[row as usize] = true,
            Of::New(at) => all.push((raw(&new[at].id), of)),
        }
    }
    let mut n_others = MAX_KEPT.saturating_sub(walk.len());
    for (row, at) in known.rows().zip(0..) {
        let is_walked = is_walked[at as usize];
        if is_walked || n_others > 0 {
            all.push((row.id, Of::Known(at)));
            n_others -= usize::from(!is_walked);
        }
    }
    all.sort_unstable_by_key(|(id, _)| *id);

    let (mut text, mut ends) = (Vec::new(), vec![0]);
    let mut paths = known.all_paths();
    while let Some(path) = paths.next() {
        text.extend_from_slice(path);
        ends.push(text.len());
    }
    let mut names = Names::default();
    let mut numbers: Vec<u32> = Vec::new();
    let mut number_of: Vec<Option<u32>> = vec![None; ends.len()];
    for (_, of) in &all {
        match *of {
            Of::Known(row) => numbers.extend(known.paths(row).map(|path| {
                let path = path as usize;
                *number_of[path]
                    .get_or_insert_with(|| names.number(&text[ends[path]..ends[path + 1]]))
            })),
            Of::New(at) => {
                let files = new[at].files().iter();
                numbers.extend(files.map(|file| names.number(&file.path)));
            }
        }
    }
    let (paths, ranks) = names.column();

    let mut columns: [Vec<u8>; N_COLUMNS] = Default::default();
    columns[PATHS] = paths;
    let mut numbers = numbers.into_iter();
    let mut ends = Ends::default();
    let mut terms: Vec<(u64, RowIdx)> = Vec::new();
    let (mut known_at, mut new_at) = (vec![None; known.n_rows()], vec![None; new.len()]);
    for ((id, of), at) in all.iter().zip(0_u32..) {
        let (row, blobs): (Option<Row>, Vec<Option<Blobs>>) = match *of {
            Of::Known(row) => {
                known_at[row as usize] = Some(at);
                let blobs = known.touches(row).map(|(_, blobs)| blobs);
                (known.row(row), blobs.collect())
            }
            Of::New(idx) => {
                new_at[idx] = Some(at);
                let new = &new[idx];
                let Message { subject, words } = &new.touched.message;
                terms.extend(words.keys.iter().map(|key| (*key, at)));
                let files = new.files();
                let is_of_use = files.len() <= MAX_FILES;
                let blobs = files.iter().map(|file| {
                    let (old, new) = file.blobs.filter(|_| is_of_use)?;
                    let mut blobs = [0; 40];
                    blobs[..20].copy_from_slice(&raw(&old));
                    blobs[20..].copy_from_slice(&raw(&new));
                    Some(blobs)
                });
                let row = Row {
                    id: *id,
                    time: new.time,
                    n_read: new.n_read,
                    n_words: words.n_words,
                    has_subject: subject.is_some(),
                    ends,
                };
                (Some(row), blobs.collect())
            }
        };
        let touches = blobs.into_iter().zip(numbers.by_ref());
        let touches = touches.map(|(blobs, number)| (ranks[number as usize], blobs));
        let mut touches: Vec<(u32, Option<Blobs>)> = touches.collect();
        touches.sort_by_key(|(path, _)| *path);
        for (path, blobs) in touches {
            let touch = path << 1 | u32::from(blobs.is_some());
            columns[TOUCHES].extend(touch.to_le_bytes());
            columns[BLOBS].extend(blobs.into_iter().flatten());
        }
        ends = Ends {
            touches: (columns[TOUCHES].len() / 4) as u32,
            blobs: (columns[BLOBS].len() / 40) as u32,
        };
        let row = row.map(|row| Row { ends, ..row });
        row.into_iter().for_each(|row| row.put(&mut columns[ROWS]));
    }
    terms.sort_unstable();
    let mut from = 0;
    for term in known.all_terms() {
        let stands = known.stands(from, term.end);
        let stands = stands.filter_map(|row| known_at[row as usize]);
        terms.extend(stands.map(|at| (term.key, at)));
        from = term.end;
    }
    terms.sort(); // two runs that are sorted: they are merged
    for said in terms.chunk_by(|(a, _), (b, _)| a == b) {
        let stands = said.iter().flat_map(|(_, at)| (*at as u16).to_le_bytes());
        columns[STANDS].extend(stands);
        let term = said.first().map(|(key, _)| Term {
            key: *key,
            end: (columns[STANDS].len() / 2) as u32,
        });
        term.into_iter()
            .for_each(|term| term.put(&mut columns[TERMS]));
    }
    for of in walk {
        let at = match *of {
            Of::Known(row) => known_at[row as usize],
            Of::New(idx) => new_at[idx],
        };
        let at = at.map(RowIdx::to_le_bytes);
        columns[WALK].extend(at.into_iter().flatten());
    }
    joined(&columns, ranks.len() as u32, whole)
}

fn joined(
    columns: &[Vec<u8>; N_COLUMNS],
    n_paths: u32,
    whole: Option<(gix::ObjectId, i64)>,
) -> Commits {
    let whole = whole.map(|(id, time)| (raw(&id), time));
    let (id, time) = whole.unwrap_or_default();
    let n_bytes = columns.iter().map(Vec::len).sum::<usize>();
    let mut bytes = Vec::with_capacity(HEAD_BYTES + n_bytes);
    bytes.extend(id);
    bytes.extend(time.to_le_bytes());
    bytes.push(u8::from(whole.is_some()));
    bytes.extend(n_paths.to_le_bytes());
    for (column, width) in columns.iter().zip(WIDTHS) {
        bytes.extend(((column.len() / width) as u32).to_le_bytes());
    }
    let ranges = columns.each_ref().map(|column| {
        let begin = bytes.len();
        bytes.extend_from_slice(column);
        begin..bytes.len()
    });
    Commits {
        bytes,
        whole,
        n_paths,
        columns: ranges,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::Bag;

    fn id(n: u8) -> gix::ObjectId {
        gix::ObjectId::from([n; 20])
    }

    /// A commit that touches `paths`; each has blobs whose name has a `+`.
    fn new(n: u8, says: &str, paths: &[&str]) -> New {
        let files = paths.iter().map(|path| TouchedFile {
            path: path.as_bytes().into(),
            blobs: path.contains('+').then(|| (id(n), id(path.len() as u8))),
        });
        New {
            id: id(n),
            time: i64::from(n) * 10,
            n_read: 7,
            touched: Arc::new(Touched {
                message: Message {
                    subject: says.lines().next().map(str::to_owned),
                    words: Bag::of(says),
                },
                files: Some(files.collect()),
            }),
        }
    }

    /// What is known of a commit, and which of its paths stand where among `files`.
    fn told(commits: &Commits, n: u8, files: &[&str]) -> Option<(Row, Vec<u64>, Vec<String>)> {
        let at = commits.find(&id(n))?;
        let files = (0_u32..).zip(files.iter().map(|path| Cow::Borrowed(path.as_bytes())));
        let places = commits.places(b"", files);
        let blobs: FxHashMap<u32, (gix::ObjectId, gix::ObjectId)> = commits
            .versions(at)
            .map(|(path, old, new)| (path, (old, new)))
            .collect();
        let paths = commits.paths(at).map(|path| {
            let place = places[path as usize] as i32;
            let blobs = blobs
                .get(&path)
                .map(|(old, new)| (old.as_bytes()[0], new.as_bytes()[0]));
            format!("{place} {blobs:?}")
        });
        let row = Row {
            ends: Ends::default(),
            ..commits.row(at)?
        };
        let terms = commits.all_terms().flat_map(|term| {
            let n = commits.saying(term.key).filter(|row| *row == at).count();
            std::iter::repeat_n(term.key, n)
        });
        Some((row, terms.collect(), paths.collect()))
    }

    fn paths_of(commits: &Commits, n: u8, files: &[&str]) -> Vec<String> {
        told(commits, n, files).map(|it| it.2).unwrap_or_default()
    }

    fn read_back(commits: &Commits) -> Option<Commits> {
        Commits::from_bytes(commits.bytes.clone())
    }

    #[test]
    fn commits_come_back() {
        let commits = [
            new(
                9,
                "Parse the config, the config",
                &["src/b+.rs", "a.rs", "src/a.rs"],
            ),
            new(2, "", &[]),
        ];
        let walk = [Of::New(0), Of::New(1)];
        let first = Commits::default().with(&commits, &walk, Some((id(9), 90)), None);
        let files = ["a.rs", "b.rs", "src/b+.rs", "z"];
        for commits in [&first, &read_back(&first).unwrap()] {
            let (row, terms, paths) = told(commits, 9, &files).unwrap();
            assert_eq!(
                (row.time, row.n_read, row.n_words, row.has_subject),
                (90, 7, 5, true)
            );
            assert_eq!(terms, Bag::of("Parse the config, the config").keys);
            assert_eq!(paths, ["0 None", "-1 None", "2 Some((9, 9))"]);
            let (row, terms, paths) = told(commits, 2, &files).unwrap();
            assert_eq!(
                (row.n_words, row.has_subject, terms.len(), paths.len()),
                (0, false, 0, 0)
            );
            assert_eq!(
                commits.saying(0).count() + commits.saying(u64::MAX).count(),
                0
            );
            assert_eq!(commits.walk().collect::<Vec<_>>(), [1, 0]);
            assert_eq!(
                (commits.head_time(&id(9)), commits.head_time(&id(2))),
                (Some(90), None)
            );
            assert_eq!(told(commits, 3, &files), None);
        }
    }

    #[test]
    fn what_was_known_is_as_it_was_beside_what_is_new() {
        let old = [
            new(5, "one", &["m.rs", "gone+"]),
            new(7, "two", &["m.rs", "src/x+.rs"]),
        ];
        let known = Commits::default().with(&old, &[Of::New(1), Of::New(0)], None, None);
        let (five, seven) = (known.find(&id(5)).unwrap(), known.find(&id(7)).unwrap());
        let newest = [new(6, "three", &["src/", "b.rs", "m.rs"])];
        let walk = [Of::New(0), Of::Known(seven)];
        let all = known.with(&newest, &walk, Some((id(6), 60)), None);
        let files = ["b.rs", "gone+", "m.rs", "src/x+.rs"];
        for n in [5, 7] {
            assert_eq!(told(&all, n, &files), told(&known, n, &files));
        }
        assert_eq!(paths_of(&all, 5, &files), ["1 Some((5, 5))", "2 None"]);
        assert_eq!(paths_of(&all, 6, &files), ["0 None", "2 None", "-1 None"]);
        assert_eq!(all.walk().collect::<Vec<_>>(), [1, 2]);
        assert_eq!((five, all.find(&id(5))), (0, Some(0)));
    }

    #[test]
    fn files_in_another_order_are_found() {
        let paths = ["a", "b", "c", "d"];
        let commits = Commits::default().with(&[new(1, "x", &paths)], &[Of::New(0)], None, None);
        for files in [
            ["a", "b", "c", "d"],
            ["d", "c", "b", "a"],
            ["b", "a", "d", "c"],
            ["c", "x", "d", "a"],
            ["x", "d", "y", "c"],
            ["c", "d", "e", "b"],
        ] {
            let found = |path| {
                files
                    .iter()
                    .position(|file| file == path)
                    .map_or(-1, |at| at as i32)
            };
            let expected = paths.iter().map(|path| format!("{} None", found(path)));
            assert_eq!(
                paths_of(&commits, 1, &files),
                expected.collect::<Vec<_>>(),
                "{files:?}"
            );
        }
        let below = [(4, Cow::Borrowed(&b"x"[..])), (5, Cow::Borrowed(&b"y"[..]))];
        let paths = ["a/x", "ab", "x", "a/y"];
        let commits = Commits::default().with(&[new(1, "x", &paths)], &[Of::New(0)], None, None);
        assert_eq!(
            commits.places(b"a/", below.into_iter()),
            [4, 5, NO_FILE, NO_FILE]
        );
    }

    #[test]
    fn of_many_files_no_blobs_are_kept() {
        let names: Vec<String> = (0..=MAX_FILES).map(|n| format!("{n}+")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let commits = [new(1, "x", &names), new(2, "x", &names[1..])];
        let all = Commits::default().with(&commits, &[Of::New(0), Of::New(1)], None, None);
        let n = |n| {
            let at = all.find(&id(n)).unwrap();
            (all.n_files(at), all.versions(at).count())
        };
        assert_eq!((n(1), n(2)), ((61, 0), (60, 60)));
    }

    #[test]
    fn numbers_that_lead_nowhere_are_a_miss() {
        let commits = [new(9, "a b", &["a+", "b"]), new(2, "c", &["b"])];
        let walk = [Of::New(0), Of::New(1)];
        let whole = Commits::default().with(&commits, &walk, None, None);
        assert!(read_back(&whole).is_some());
        for column in [ROWS, WALK, TOUCHES, PATHS, TERMS, STANDS] {
            let mut damaged = whole.clone();
            let at = damaged.columns[column].clone();
            damaged.bytes[at].fill(0xff);
            assert!(read_back(&damaged).is_none(), "{column}");
        }
        let ends = Row::WIDTH - 8;
        for at in (0..HEAD_BYTES).chain(HEAD_BYTES + ends..HEAD_BYTES + Row::WIDTH) {
            let mut damaged = whole.clone();
            damaged.bytes[at] ^= 0x80;
            // what is left of it can be read, or it is none
            if let Some(damaged) = read_back(&damaged) {
                assert!(at < 29, "{at}");
                assert_eq!(paths_of(&damaged, 9, &["b"]), paths_of(&whole, 9, &["b"]));
            }
        }
        for cut in 0..whole.bytes.len() {
            let mut short = whole.clone();
            short.bytes.truncate(cut);
            assert!(read_back(&short).is_none(), "{cut}");
        }
    }
}
