//! Which file, known by its contents, stands where in which shard.

use super::Fingerprint;
use crate::cache::{Bucket, Cache, Key, MAX_BODY, Stamp};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// The number of a text in a catalog.
pub type RowIdx = u32;

/// A shard smaller than this is made anew with others, when there are many.
const SMALL_BYTES: u64 = 256 << 10;

/// So many small shards are left alone, and one more for so many files in them.
const MAX_SMALL: usize = 8;
const FILES_PER_SMALL: usize = 32;

/// Rows kept of contents that no file had when the catalog was written: those of other branches. More than there are files, and
/// this many.
const MAX_OTHER: usize = 50_000;

/// What stands where.
#[derive(Debug, Default)]
pub struct Catalog {
    shards: Vec<Shard>,
    /// By shard, whether what stands in it is forgotten.
    is_gone: Vec<bool>,
    rows: Rows,
    /// By path, the row of what was there when it was looked at last: made when the first file is not where it stood.
    by_path: OnceLock<FxHashMap<u64, RowIdx>>,
    by_content: FxHashMap<u128, RowIdx>,
    /// Before the first of the files was read that were read when it was written.
    looked: Stamp,
    seed: u64,
}

/// A shard, by its name in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Shard {
    name: String,
    n_bytes: u64,
}

/// One text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    path: u64,
    content: u128,
    /// That of the file when it had this content; none, where it has another by now.
    stamp: Option<Stamp>,
    place: Place,
}

/// Where a file stands in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which shard.
    pub shard: u32,
    /// Which of its files.
    pub file: u32,
}

/// A file that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its path, by [`Catalog::path`].
    pub path: u64,
    /// Its contents, by [`Catalog::content`].
    pub content: u128,
    /// Size, time and identity.
    pub stamp: Stamp,
    /// Where it stands.
    pub place: Place,
}

/// Rows as they are written: of a large tree there are a hundred thousand, and each is looked at once.
#[derive(Debug, Default)]
struct Rows {
    body: Vec<u8>,
    /// Where they begin in it.
    start: usize,
}

impl Rows {
    fn bytes(&self) -> &[u8] {
        self.body.get(self.start..).unwrap_or_default()
    }

    fn get(&self, row: RowIdx) -> Option<Row> {
        let start = row as usize * Row::WIDTH;
        Row::take(self.bytes().get(start..start + Row::WIDTH)?)
    }

    fn iter(&self) -> impl Iterator<Item = Row> {
        self.bytes().chunks(Row::WIDTH).filter_map(Row::take)
    }
}

impl Row {
    /// Bytes that it is written in.
    const WIDTH: usize = 8 + 16 + 1 + 4 * 8 + 2 * 4;

    fn put(&self, out: &mut Vec<u8>) {
        let stamp = self.stamp.unwrap_or_default();
        out.extend(self.path.to_le_bytes());
        out.extend(self.content.to_le_bytes());
        out.push(u8::from(self.stamp.is_some()));
        for number in [stamp.size, stamp.changed_ns, stamp.status_ns, stamp.inode] {
            out.extend(number.to_le_bytes());
        }
        out.extend(self.place.shard.to_le_bytes());
        out.extend(self.place.file.to_le_bytes());
    }

    /// `None` where there are too few bytes.
    fn take(mut bytes: &[u8]) -> Option<Self> {
        fn next<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
            let (number, rest) = bytes.split_first_chunk::<N>()?;
            *bytes = rest;
            Some(*number)
        }
        let path = u64::from_le_bytes(next(&mut bytes)?);
        let content = u128::from_le_bytes(next(&mut bytes)?);
        let [is_there] = next(&mut bytes)?;
        let mut number = || Some(u64::from_le_bytes(next(&mut bytes)?));
        let stamp = Stamp {
            size: number()?,
            changed_ns: number()?,
            status_ns: number()?,
            inode: number()?,
        };
        let place = Place {
            shard: u32::from_le_bytes(next(&mut bytes)?),
            file: u32::from_le_bytes(next(&mut bytes)?),
        };
        Some(Self {
            path,
            content,
            stamp: (is_there == 1).then_some(stamp),
            place,
        })
    }
}

/// What a record holds: when files were looked at, the length of the list of shards, the list, and of the rows as many as have room.
fn written(shards: &[Shard], rows: &[Row], looked: Stamp) -> Option<Vec<u8>> {
    let shards = postcard::to_stdvec(shards).ok()?;
    let n_bytes = MAX_BODY.checked_sub(8 + 4 + shards.len())?;
    let rows = &rows[..rows.len().min(n_bytes / Row::WIDTH)];
    let mut out = Vec::with_capacity(8 + 4 + shards.len() + rows.len() * Row::WIDTH);
    out.extend(looked.changed_ns.to_le_bytes());
    out.extend(u32::try_from(shards.len()).ok()?.to_le_bytes());
    out.extend(shards);
    rows.iter().for_each(|row| row.put(&mut out));
    Some(out)
}

/// `None` where that is not what stands there.
fn read(body: Vec<u8>) -> Option<(Vec<Shard>, Rows, Stamp)> {
    let (looked, rest) = body.split_first_chunk::<8>()?;
    let looked = Stamp {
        changed_ns: u64::from_le_bytes(*looked),
        ..Stamp::default()
    };
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (shards, rows) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let is_even = rows.len().is_multiple_of(Row::WIDTH);
    let shards: Vec<Shard> = postcard::from_bytes(shards).ok()?;
    let start = body.len() - rows.len();
    let rows = Rows { body, start };
    let n_shards = shards.len() as u32;
    let is_whole = is_even && rows.iter().all(|row| row.place.shard < n_shards);
    is_whole.then_some((shards, rows, looked))
}

impl Catalog {
    /// The catalog kept under `key`; an empty one where there is none.
    pub fn read(cache: &Cache, key: &Key) -> Self {
        let mut catalog = Self {
            // contents that have the same hash in one place do not in another
            seed: key.number(),
            ..Self::default()
        };
        let kept = cache.get_bytes(Bucket::Catalogs, key);
        let Some((shards, rows, looked)) = kept.and_then(|(body, _)| read(body)) else {
            return catalog;
        };
        catalog.is_gone = vec![false; shards.len()];
        (catalog.shards, catalog.rows, catalog.looked) = (shards, rows, looked);
        catalog.drop_small();
        catalog
    }

    /// Small shards are left out where there are many, so that their files come into one.
    fn drop_small(&mut self) {
        let is_small = |shard: &Shard| shard.n_bytes < SMALL_BYTES;
        let is_small: Vec<bool> = self.shards.iter().map(is_small).collect();
        let n_small = is_small.iter().filter(|it| **it).count();
        if n_small <= MAX_SMALL {
            return;
        }
        let rows = self.rows.iter();
        let n_files = rows
            .filter(|row| is_small[row.place.shard as usize])
            .count();
        if n_small > MAX_SMALL + n_files / FILES_PER_SMALL {
            self.is_gone = is_small;
        }
    }

    /// A row, if what it says is not forgotten.
    fn row(&self, row: RowIdx) -> Option<Row> {
        let row = self.rows.get(row)?;
        (!self.is_gone[row.place.shard as usize]).then_some(row)
    }

    fn by_path(&self) -> &FxHashMap<u64, RowIdx> {
        self.by_path.get_or_init(|| {
            let there = self.rows.iter().zip(0..);
            let there = there.filter(|(row, _)| row.stamp.is_some());
            there.map(|(row, idx)| (row.path, idx)).collect()
        })
    }

    /// What the path of a file is known by.
    pub fn path(&self, below: &[u8]) -> u64 {
        twox_hash::XxHash3_64::oneshot_with_seed(self.seed, below)
    }

    /// What the contents of a file are known by.
    pub fn content(&self, path: u64, bytes: &[u8]) -> u128 {
        u128::from_le_bytes(Fingerprint::of(self.seed ^ path, bytes).hash)
    }

    /// The contents of a file that was seen.
    pub fn fingerprint(&self, path: u64, content: u128) -> Fingerprint {
        Fingerprint {
            seed: self.seed ^ path,
            hash: content.to_le_bytes(),
        }
    }

    /// The row of a file that is as it was, and where its text stands; probably `next`, for rows are written in the order of the files.
    pub fn settled(&self, path: u64, stamp: Stamp, next: RowIdx) -> Option<(RowIdx, Place)> {
        let expected = self.row(next).filter(|it| it.path == path);
        let (idx, row) = match expected {
            Some(row) => (next, row),
            None => {
                let idx = *self.by_path().get(&path)?;
                (idx, self.row(idx)?)
            }
        };
        let is_same = row.stamp == Some(stamp) && !stamp.is_racy(self.looked);
        is_same.then_some((idx, row.place))
    }

    /// A row, as what is now seen under `stamp`.
    pub fn seen(&self, row: RowIdx, stamp: Stamp) -> Option<Seen> {
        let Row {
            path,
            content,
            place,
            ..
        } = self.rows.get(row)?;
        Some(Seen {
            path,
            content,
            stamp,
            place,
        })
    }

    /// Where a row's text stands.
    pub fn place(&self, row: RowIdx) -> Option<Place> {
        Some(self.rows.get(row)?.place)
    }

    /// Makes [`Catalog::known`] ready, which most runs have no need of.
    pub fn prepare(&mut self) {
        if self.by_content.is_empty() {
            let rows = self.rows.iter().zip(0..);
            let rows = rows.filter(|(row, _)| !self.is_gone[row.place.shard as usize]);
            self.by_content = rows.map(|(row, idx)| (row.content, idx)).collect();
        }
    }

    /// The row of contents that were met before; after [`Catalog::prepare`].
    pub fn known(&self, content: u128) -> Option<RowIdx> {
        self.by_content.get(&content).copied()
    }

    /// The name of a shard.
    pub fn name(&self, shard: u32) -> &str {
        &self.shards[shard as usize].name
    }

    /// Its length.
    pub fn n_bytes(&self, shard: u32) -> u64 {
        self.shards[shard as usize].n_bytes
    }

    /// Forgets all that stands in a shard: it is gone, or not whole.
    pub fn forget(&mut self, shard: u32) {
        self.is_gone[shard as usize] = true;
        self.by_content.clear();
    }

    /// Adds a shard; its number comes back.
    pub fn add(&mut self, name: String, n_bytes: u64) -> u32 {
        self.shards.push(Shard { name, n_bytes });
        self.is_gone.push(false);
        self.shards.len() as u32 - 1
    }

    /// Keeps where the files that were `seen` stand, and of what else was known the newest. None that is not known from before was read
    /// before `looked`.
    pub fn write(self, cache: &Cache, key: &Key, seen: &[Seen], looked: Stamp) {
        let now: FxHashMap<u128, ()> = seen.iter().map(|it| (it.content, ())).collect();
        let mut others: Vec<Row> = self
            .rows
            .iter()
            .filter(|row| !self.is_gone[row.place.shard as usize])
            .filter(|row| !now.contains_key(&row.content))
            .map(|row| Row { stamp: None, ..row })
            .collect();
        // shards are in the order of their making
        others.sort_by_key(|row| std::cmp::Reverse(row.place.shard));
        others.truncate(seen.len() + MAX_OTHER);
        let seen = seen.iter().map(|it| Row {
            path: it.path,
            content: it.content,
            stamp: Some(it.stamp),
            place: it.place,
        });
        let mut rows: Vec<Row> = seen.chain(others).collect();
        let mut numbers: Vec<Option<u32>> = vec![None; self.shards.len()];
        for row in &rows {
            numbers[row.place.shard as usize] = Some(0);
        }
        let mut shards = Vec::new();
        for (number, shard) in numbers.iter_mut().zip(self.shards) {
            if let Some(number) = number {
                *number = shards.len() as u32;
                shards.push(shard);
            }
        }
        for row in &mut rows {
            row.place.shard = numbers[row.place.shard as usize].unwrap_or_default();
        }
        if let Some(body) = written(&shards, &rows, looked) {
            cache.put_bytes(Bucket::Catalogs, key, &body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: Stamp = Stamp {
        size: 1,
        changed_ns: 1,
        status_ns: 1,
        inode: 1,
    };

    const NOW: Stamp = Stamp {
        changed_ns: 3_000_000_000,
        ..OLD
    };

    fn seen(catalog: &Catalog, path: &str, text: &str, shard: u32, file: u32) -> Seen {
        let path = catalog.path(path.as_bytes());
        Seen {
            path,
            content: catalog.content(path, text.as_bytes()),
            stamp: OLD,
            place: Place { shard, file },
        }
    }

    #[test]
    fn a_file_is_known_as_it_was_and_by_its_contents() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let key = Key::new("test");
        let mut catalog = Catalog::read(&cache, &key);
        let shard = catalog.add("one".into(), 10);
        let (a, b) = (
            seen(&catalog, "a", "x", shard, 0),
            seen(&catalog, "b", "x", shard, 1),
        );
        assert_ne!(a.content, b.content, "what a text is depends on its name");
        catalog.write(&cache, &key, &[a, b], NOW);

        let mut catalog = Catalog::read(&cache, &key);
        let settled = |catalog: &Catalog, it: Seen| {
            let (row, _) = catalog.settled(it.path, OLD, 0)?;
            catalog.seen(row, OLD)
        };
        let known = |catalog: &Catalog, it: Seen| catalog.place(catalog.known(it.content)?);
        assert_eq!(settled(&catalog, a), Some(a));
        assert_eq!(settled(&catalog, b), Some(b));
        let touched = Stamp { size: 2, ..OLD };
        let recent = Stamp {
            changed_ns: u64::MAX,
            ..OLD
        };
        assert_eq!(catalog.settled(a.path, touched, 0), None);
        assert_eq!(catalog.settled(a.path, recent, 0), None);
        catalog.prepare();
        assert_eq!(known(&catalog, a), Some(a.place));
        // a now has other contents; what it was is still known, and no longer by its path
        let two = catalog.add("two".into(), 10);
        let other = seen(&catalog, "a", "y", two, 0);
        catalog.write(&cache, &key, &[other, b], NOW);
        let mut catalog = Catalog::read(&cache, &key);
        assert_eq!(settled(&catalog, other), Some(other));
        catalog.prepare();
        assert_eq!(known(&catalog, a), Some(a.place));
        assert_eq!(
            (catalog.name(a.place.shard), catalog.name(two)),
            ("one", "two")
        );
        catalog.forget(two);
        catalog.prepare();
        assert_eq!(catalog.known(other.content), None);
    }

    #[test]
    fn many_small_shards_are_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let key = Key::new("test");
        let mut catalog = Catalog::read(&cache, &key);
        let large = catalog.add("large".into(), SMALL_BYTES);
        let mut all = vec![seen(&catalog, "l", "x", large, 0)];
        for n in 0..MAX_SMALL as u32 {
            let shard = catalog.add(n.to_string(), 10);
            all.push(seen(&catalog, &n.to_string(), "x", shard, 0));
        }
        catalog.write(&cache, &key, &all, NOW);
        let mut catalog = Catalog::read(&cache, &key);
        assert!(
            all.iter()
                .all(|it| catalog.settled(it.path, OLD, 0).is_some())
        );
        let shard = catalog.add("more".into(), 10);
        all.push(seen(&catalog, "more", "x", shard, 0));
        catalog.write(&cache, &key, &all, NOW);
        let catalog = Catalog::read(&cache, &key);
        let known = all
            .iter()
            .filter(|it| catalog.settled(it.path, OLD, 0).is_some());
        assert_eq!(known.collect::<Vec<_>>(), [&all[0]]);
    }

    #[test]
    fn a_file_that_changed_as_it_was_looked_at_is_looked_at_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let key = Key::new("test");
        let mut catalog = Catalog::read(&cache, &key);
        let shard = catalog.add("one".into(), 10);
        let just_before = Stamp {
            changed_ns: NOW.changed_ns - 1_900_000_000,
            ..OLD
        };
        let (a, b) = (
            seen(&catalog, "a", "x", shard, 0),
            Seen {
                stamp: just_before,
                ..seen(&catalog, "b", "x", shard, 1)
            },
        );
        // the record is from long after that moment
        catalog.write(&cache, &key, &[a, b], NOW);
        let catalog = Catalog::read(&cache, &key);
        assert!(catalog.settled(a.path, OLD, 0).is_some());
        assert!(catalog.settled(b.path, just_before, 1).is_none());
    }

    #[test]
    fn of_too_many_rows_as_many_are_kept_as_have_room() {
        let row = Row {
            path: 1,
            content: 2,
            stamp: Some(OLD),
            place: Place { shard: 0, file: 3 },
        };
        let shards = [Shard {
            name: "one".into(),
            n_bytes: 10,
        }];
        let body = written(&shards, &vec![row; MAX_BODY / Row::WIDTH + 9], NOW).unwrap();
        assert!(body.len() <= MAX_BODY && body.len() + Row::WIDTH > MAX_BODY);
        let (_, rows, looked) = read(body).unwrap();
        assert_eq!(
            (rows.get(7), looked.changed_ns),
            (Some(row), NOW.changed_ns)
        );
    }
}
