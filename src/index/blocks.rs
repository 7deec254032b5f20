//! A table from keys to bytes, cut into blocks of which each can be read alone and is checked when it is.

use super::varint::{put, take, take_u32};
use super::{Bytes, checksum};
use crate::lexicon::terms::KEY_BITS;
use serde::{Deserialize, Serialize};

/// Bytes of a block, about: what one call reads as fast as a few bytes.
const BLOCK_BYTES: usize = 8 << 10;

/// The most blocks of a table, as a power of two.
const MAX_BITS: u32 = 20;

/// Where the blocks of a table stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Blocks {
    /// A key's first so many bits say which block it is in.
    bits: u32,
    /// Of each its length in bytes and its checksum.
    blocks: Vec<(u32, u32)>,
}

/// Lays out a table, whose keys ascend, at the end of `out`.
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    blocks: Blocks,
    n: u64,
    last: u64,
    keys: Vec<u8>,
    values: Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Of a table whose values have about `n_bytes` bytes.
    pub(super) fn new(out: &'a mut Vec<u8>, n_bytes: usize) -> Self {
        let n_blocks = (n_bytes / BLOCK_BYTES).max(1).next_power_of_two();
        let bits = n_blocks.trailing_zeros().min(MAX_BITS);
        Self {
            out,
            blocks: Blocks {
                bits,
                blocks: Vec::with_capacity(1 << bits),
            },
            n: 0,
            last: 0,
            keys: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Adds what stands under `key`: what `write` appends.
    pub(super) fn add(&mut self, key: u64, write: impl FnOnce(&mut Vec<u8>)) {
        while self.blocks.blocks.len() < self.blocks.of(key) {
            self.end_block();
        }
        put(&mut self.keys, key - self.last);
        self.last = key;
        let before = self.values.len();
        write(&mut self.values);
        put(&mut self.keys, (self.values.len() - before) as u64);
        self.n += 1;
    }

    fn end_block(&mut self) {
        let start = self.out.len();
        if self.n > 0 {
            put(self.out, self.n);
            put(self.out, self.keys.len() as u64);
            self.out.append(&mut self.keys);
            self.out.append(&mut self.values);
        }
        (self.n, self.last) = (0, 0);
        let block = &self.out[start..];
        let described = (block.len() as u32, checksum(block));
        self.blocks.blocks.push(described);
    }

    /// Where it all stands.
    pub(super) fn end(mut self) -> Blocks {
        while self.blocks.blocks.len() < 1 << self.blocks.bits {
            self.end_block();
        }
        self.blocks
    }
}

impl Blocks {
    fn of(&self, key: u64) -> usize {
        (key >> (KEY_BITS - self.bits)) as usize
    }

    /// Bytes of all.
    pub(super) fn n_bytes(&self) -> u64 {
        self.blocks.iter().map(|it| u64::from(it.0)).sum()
    }

    /// Calls `found` with the index of each of `keys` (ascending) that is there, and what stands under it. The table begins at `at`
    /// of `bytes`, of which a block at a time is in `buffer`. `None` where it is not whole.
    pub(super) fn find(
        &self,
        bytes: &Bytes,
        at: u64,
        keys: &[u64],
        buffer: &mut Vec<u8>,
        mut found: impl FnMut(usize, &[u8]) -> Option<()>,
    ) -> Option<()> {
        if self.bits > MAX_BITS || self.blocks.len() != 1 << self.bits {
            return None;
        }
        let (mut block_idx, mut block_at) = (0, at);
        let mut rest = 0;
        while let Some(&key) = keys.get(rest) {
            let wanted = self.of(key);
            let passed = self.blocks.get(block_idx..wanted)?;
            block_at += passed.iter().map(|it| u64::from(it.0)).sum::<u64>();
            block_idx = wanted;
            let n = keys[rest..].partition_point(|&key| self.of(key) == wanted);
            let (length, sum) = self.blocks[block_idx];
            if length > 0 {
                let block = bytes.read(block_at, length as usize, buffer)?;
                if checksum(block) != sum {
                    return None;
                }
                look_up(block, &keys[rest..rest + n], |idx, value| {
                    found(rest + idx, value)
                })?;
            }
            rest += n;
        }
        Some(())
    }
}

/// Walks a block and `keys` side by side.
fn look_up(
    mut block: &[u8],
    keys: &[u64],
    mut found: impl FnMut(usize, &[u8]) -> Option<()>,
) -> Option<()> {
    let n = take(&mut block)?;
    let n_bytes = usize::try_from(take(&mut block)?).ok()?;
    let (mut listed, mut values) = block.split_at_checked(n_bytes)?;
    let (mut key, mut idx) = (0_u64, 0);
    for _ in 0..n {
        key = key.checked_add(take(&mut listed)?)?;
        let length = take_u32(&mut listed)? as usize;
        let (value, after) = values.split_at_checked(length)?;
        values = after;
        while keys.get(idx).is_some_and(|wanted| *wanted < key) {
            idx += 1;
        }
        match keys.get(idx) {
            None => break,
            Some(wanted) if *wanted == key => found(idx, value)?,
            Some(_) => {}
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::terms::key;

    fn table(n: usize) -> (Vec<u64>, Vec<u8>, Blocks) {
        let mut keys: Vec<u64> = (0..n).map(|n| key(&n.to_le_bytes())).collect();
        keys.sort_unstable();
        let mut out = b"before".to_vec();
        let mut writer = Writer::new(&mut out, n * 40);
        for key in &keys {
            writer.add(*key, |out| {
                out.extend(&key.to_le_bytes()[..(*key % 9) as usize])
            });
        }
        let blocks = writer.end();
        assert_eq!(blocks.n_bytes() + 6, out.len() as u64);
        (keys, out, blocks)
    }

    #[test]
    fn what_was_written_is_found_and_nothing_else() {
        for n in [0, 1, 2, 300, 5_000] {
            let (keys, out, blocks) = table(n);
            let mut wanted: Vec<u64> = keys.iter().flat_map(|&key| [key, key ^ 1]).collect();
            wanted.extend([0, (1 << KEY_BITS) - 1]);
            wanted.sort_unstable();
            wanted.dedup();
            let mut found = Vec::new();
            let whole = blocks.find(
                &Bytes::Memory(out),
                6,
                &wanted,
                &mut Vec::new(),
                |idx, value| {
                    assert_eq!(
                        value,
                        &wanted[idx].to_le_bytes()[..(wanted[idx] % 9) as usize]
                    );
                    found.push(wanted[idx]);
                    Some(())
                },
            );
            assert_eq!((whole, found), (Some(()), keys));
        }
    }

    #[test]
    fn what_is_not_whole_is_told() {
        let (keys, out, blocks) = table(300);
        let find = |out: Vec<u8>| {
            blocks.find(&Bytes::Memory(out), 6, &keys, &mut Vec::new(), |_, _| {
                Some(())
            })
        };
        assert_eq!(find(out.clone()), Some(()));
        for at in (6..out.len()).step_by(41) {
            let mut torn = out.clone();
            torn[at] ^= 0x20;
            assert_eq!(find(torn), None, "byte {at} flipped");
            assert_eq!(find(out[..at].to_vec()), None, "cut at {at}");
        }
    }
}
