//! Which file, known by its contents, stands where in which shard.

use super::Fingerprint;
use crate::cache::{Bucket, Cache, Key, Stamp};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

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
    rows: Vec<Row>,
    /// By path, the row of what was there when it was looked at last.
    by_path: FxHashMap<u64, u32>,
    by_content: FxHashMap<u128, u32>,
    written: Stamp,
    seed: u64,
}

/// A shard, by its name in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Shard {
    name: String,
    n_bytes: u64,
}

/// One text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    path: u64,
    content: u128,
    /// That of the file when it had this content; none, where it has another by now.
    stamp: Option<Stamp>,
    place: Place,
}

/// Where a file stands in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

#[derive(Serialize, Deserialize)]
struct Kept {
    shards: Vec<Shard>,
    rows: Vec<Row>,
}

impl Catalog {
    /// The catalog kept under `key`; an empty one where there is none.
    pub fn read(cache: &Cache, key: &Key) -> Self {
        let mut catalog = Self {
            // contents that have the same hash in one place do not in another
            seed: key.number(),
            ..Self::default()
        };
        let Some((kept, written)) = cache.get::<Kept>(Bucket::Catalogs, key) else {
            return catalog;
        };
        let n_shards = kept.shards.len() as u32;
        if kept.rows.iter().any(|row| row.place.shard >= n_shards) {
            return catalog;
        }
        (catalog.shards, catalog.rows, catalog.written) = (kept.shards, kept.rows, written);
        catalog.drop_small();
        catalog.by_path.reserve(catalog.rows.len());
        for (idx, row) in catalog.rows.iter().enumerate() {
            if row.stamp.is_some() {
                catalog.by_path.insert(row.path, idx as u32);
            }
        }
        catalog
    }

    /// Small shards are left out where there are many, so that their files come into one.
    fn drop_small(&mut self) {
        let is_small: Vec<bool> = self
            .shards
            .iter()
            .map(|shard| shard.n_bytes < SMALL_BYTES)
            .collect();
        let is_in_small = |row: &Row| is_small[row.place.shard as usize];
        let n_small = is_small.iter().filter(|it| **it).count();
        let n_files = self.rows.iter().filter(|row| is_in_small(row)).count();
        if n_small > MAX_SMALL + n_files / FILES_PER_SMALL {
            self.rows.retain(|row| !is_in_small(row));
        }
    }

    /// What the path of a file is known by.
    pub fn path(&self, below: &[u8]) -> u64 {
        twox_hash::XxHash3_64::oneshot_with_seed(self.seed, below)
    }

    /// What the contents of a file are known by.
    pub fn content(&self, path: u64, bytes: &[u8]) -> u128 {
        Fingerprint::of(self.seed ^ path, bytes).hash
    }

    /// The contents of a file that was seen.
    pub fn fingerprint(&self, seen: &Seen) -> Fingerprint {
        Fingerprint {
            seed: self.seed ^ seen.path,
            hash: seen.content,
        }
    }

    /// Where a file stands that is as it was.
    pub fn settled(&self, path: u64, stamp: Stamp) -> Option<Seen> {
        let row = &self.rows[*self.by_path.get(&path)? as usize];
        let is_same = row.stamp == Some(stamp) && !stamp.is_racy(self.written);
        is_same.then_some(Seen {
            path,
            content: row.content,
            stamp,
            place: row.place,
        })
    }

    /// Makes [`Catalog::known`] ready, which most runs have no need of.
    pub fn prepare(&mut self) {
        if self.by_content.is_empty() {
            let rows = self.rows.iter().enumerate();
            self.by_content = rows.map(|(idx, row)| (row.content, idx as u32)).collect();
        }
    }

    /// Where contents stand that were met before; after [`Catalog::prepare`].
    pub fn known(&self, content: u128) -> Option<Place> {
        let row = self.by_content.get(&content)?;
        Some(self.rows[*row as usize].place)
    }

    /// The name of a shard.
    pub fn name(&self, shard: u32) -> &str {
        &self.shards[shard as usize].name
    }

    /// Forgets all that stands in a shard: it is gone, or not whole.
    pub fn forget(&mut self, shard: u32) {
        self.rows.retain(|row| row.place.shard != shard);
        self.by_path.clear();
        self.by_content.clear();
    }

    /// Adds a shard; its number comes back.
    pub fn add(&mut self, name: String, n_bytes: u64) -> u32 {
        self.shards.push(Shard { name, n_bytes });
        self.shards.len() as u32 - 1
    }

    /// Keeps where the files that were `seen` stand, and of what else was known the newest.
    pub fn write(self, cache: &Cache, key: &Key, seen: &[Seen]) {
        let now: FxHashMap<u128, ()> = seen.iter().map(|it| (it.content, ())).collect();
        let mut others: Vec<Row> = self
            .rows
            .into_iter()
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
        cache.put(Bucket::Catalogs, key, &Kept { shards, rows });
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
        catalog.write(&cache, &key, &[a, b]);

        let mut catalog = Catalog::read(&cache, &key);
        assert_eq!(catalog.settled(a.path, OLD), Some(a));
        assert_eq!(catalog.settled(b.path, OLD), Some(b));
        let touched = Stamp { size: 2, ..OLD };
        let recent = Stamp {
            changed_ns: u64::MAX,
            ..OLD
        };
        assert_eq!(catalog.settled(a.path, touched), None);
        assert_eq!(catalog.settled(a.path, recent), None);
        catalog.prepare();
        assert_eq!(catalog.known(a.content), Some(a.place));
        // a now has other contents; what it was is still known, and no longer by its path
        let two = catalog.add("two".into(), 10);
        let other = seen(&catalog, "a", "y", two, 0);
        catalog.write(&cache, &key, &[other, b]);
        let mut catalog = Catalog::read(&cache, &key);
        assert_eq!(catalog.settled(a.path, OLD), Some(other));
        catalog.prepare();
        assert_eq!(catalog.known(a.content), Some(a.place));
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
        catalog.write(&cache, &key, &all);
        let mut catalog = Catalog::read(&cache, &key);
        assert!(
            all.iter()
                .all(|it| catalog.settled(it.path, OLD) == Some(*it))
        );
        let shard = catalog.add("more".into(), 10);
        all.push(seen(&catalog, "more", "x", shard, 0));
        catalog.write(&cache, &key, &all);
        let catalog = Catalog::read(&cache, &key);
        let known = all
            .iter()
            .filter(|it| catalog.settled(it.path, OLD).is_some());
        assert_eq!(known.collect::<Vec<_>>(), [&all[0]]);
    }
}
