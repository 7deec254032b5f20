//! Paths in a column: each once, ascending, as what it does not share with the one before.

use crate::index::varint;
use rustc_hash::FxHashMap;

/// The column of paths, read from the front.
pub(super) struct Paths<'a> {
    rest: &'a [u8],
    path: Vec<u8>,
}

impl<'a> Paths<'a> {
    pub(super) fn new(column: &'a [u8]) -> Self {
        Self {
            rest: column,
            path: Vec::new(),
        }
    }

    /// How many bytes the next one shares with the one before, and those that follow.
    fn step(&mut self) -> Option<(usize, &'a [u8])> {
        let n_shared = varint::take_u32(&mut self.rest)?;
        let n_more = varint::take_u32(&mut self.rest)?;
        let (more, rest) = self.rest.split_at_checked(n_more as usize)?;
        self.rest = rest;
        Some((n_shared as usize, more))
    }

    pub(super) fn next(&mut self) -> Option<&[u8]> {
        let (n_shared, more) = self.step()?;
        self.path.truncate(n_shared);
        self.path.extend_from_slice(more);
        Some(&self.path)
    }

    /// How many there are; `None` where one is not whole.
    pub(super) fn count(mut self) -> Option<u32> {
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
pub(super) struct Names<'a> {
    numbers: FxHashMap<&'a [u8], u32>,
    paths: Vec<&'a [u8]>,
}

impl<'a> Names<'a> {
    pub(super) fn number(&mut self, path: &'a [u8]) -> u32 {
        *self.numbers.entry(path).or_insert_with(|| {
            self.paths.push(path);
            self.paths.len() as u32 - 1
        })
    }

    /// The column of paths, and for each number which of it that is.
    pub(super) fn column(&self) -> (Vec<u8>, Vec<u32>) {
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
