//! Names of records: a digest of everything that their contents depend on.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Everything that a record depends on, digested part by part.
#[derive(Debug, Clone)]
pub struct Key(Sha256);

impl Key {
    /// A key of one sort of record; `sort` keeps the keys of different sorts apart.
    pub fn new(sort: &str) -> Self {
        // The program itself is a part: what it extracts may change with every version.
        Self(Sha256::new())
            .with(env!("CARGO_PKG_VERSION"))
            .with(sort)
    }

    /// The key with one part more. Parts cannot run into one another: their lengths are digested too.
    #[must_use]
    pub fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// Its digest as a number: a seed that differs from key to key.
    pub fn number(&self) -> u64 {
        let first = self.digest().first_chunk().copied();
        u64::from_le_bytes(first.unwrap_or_default())
    }

    /// The first 16 bytes of its digest.
    pub fn digest(&self) -> [u8; 16] {
        let digest = self.0.clone().finalize();
        digest.first_chunk().copied().unwrap_or_default()
    }

    /// The same as 32 hexadecimal digits.
    pub fn hex(&self) -> String {
        let mut hex = String::with_capacity(32);
        for byte in self.digest() {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_one_another() {
        let key = |parts: &[&str]| {
            let key = parts.iter().fold(Key::new("x"), |key, part| key.with(part));
            key.hex()
        };
        assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
        for other in [&["ab"][..], &["b", "a"], &["a", "b", ""], &["a"]] {
            assert_ne!(key(&["a", "b"]), key(other), "{other:?}");
        }
        assert_ne!(Key::new("x").hex(), Key::new("y").hex());
        assert_eq!(key(&[]).len(), 32);
    }
}
