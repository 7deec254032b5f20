//! An inverted index of the files of a tree, kept between runs: what a query looks for is found without reading them.
//!
//! It holds numbers alone, hashes of terms and how often they stand where, and gives back what a scan of the text would
//! ([`crate::lexicon::scan`]). It is made of *shards* ([`shard`]), each of some hundreds of files, written once and never changed, and of
//! one *catalog* ([`catalog`]) a tree, which says of which file, known by its contents, what stands in which shard. Files that
//! changed come into a new shard; small shards are made anew together when there are many. What is damaged or gone is read from the
//! files again.

mod blocks;
pub mod catalog;
pub mod shard;
pub mod varint;

use std::fs::File;

/// What the contents of a file are known by, which are read by its path. Nothing that two texts could be made to share without
/// knowing the seed, which is another for each tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    seed: u64,
    /// As bytes, which need no room around them: there is one for each file.
    hash: [u8; 16],
}

impl Fingerprint {
    /// That of `bytes`.
    pub fn of(seed: u64, bytes: &[u8]) -> Self {
        Self {
            seed,
            hash: twox_hash::XxHash3_128::oneshot_with_seed(seed, bytes).to_le_bytes(),
        }
    }

    /// Whether these are the contents.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        *self == Self::of(self.seed, bytes)
    }
}

/// Where a shard is read from.
#[derive(Debug)]
pub enum Bytes {
    /// It was made just now.
    Memory(Vec<u8>),
    /// It is kept.
    Kept(File),
}

impl Bytes {
    /// `length` bytes from `at`, in `buffer` where they are not in memory; `None` where there are not so many.
    fn read<'a>(&'a self, at: u64, length: usize, buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        match self {
            Self::Memory(bytes) => {
                let at = usize::try_from(at).ok()?;
                bytes.get(at..at.checked_add(length)?)
            }
            Self::Kept(file) => {
                // what is said to follow may be nothing but a flipped bit
                if length > MAX_READ {
                    return None;
                }
                buffer.resize(length, 0);
                read_at(file, at, buffer).ok()?;
                Some(buffer)
            }
        }
    }
}

/// The most that is read at once, in bytes.
const MAX_READ: usize = 64 << 20;

#[cfg(unix)]
fn read_at(file: &File, at: u64, buffer: &mut [u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, at: u64, buffer: &mut [u8]) -> std::io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(buffer)
}

/// Half of what tells a torn or flipped record: an index that was damaged is read again, one that was forged is its owner's doing.
fn checksum(bytes: &[u8]) -> u32 {
    twox_hash::XxHash3_64::oneshot(bytes) as u32
}
