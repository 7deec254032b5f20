//! Where an earlier run looked for secrets and found none. Notes and the names of files are met on each run, and to look takes longer
//! than to read.

use crate::cache::{Bucket, Cache, Key};
use crate::guard::secrets::{EDITION, redact, redact_lines};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Texts that are kept at most beside those of the last run, such as those of other branches: 64 kB.
const MAX_OTHER: usize = 4096;

/// A text and the path that it stands at, digested.
pub(super) type Digest = [u8; 16];

/// What is known of the texts below some roots.
pub(super) struct Cleared<'a> {
    cache: &'a Cache,
    key: Key,
    /// Texts that hold no secret, those of the last run first.
    known: Vec<Digest>,
    is_known: FxHashSet<Digest>,
    /// Those that were met in this run.
    met: Mutex<Vec<Digest>>,
}

impl<'a> Cleared<'a> {
    /// Reads what is known.
    pub(super) fn read<'r>(cache: &'a Cache, roots: impl Iterator<Item = &'r Path>) -> Self {
        let roots = roots.map(|root| root.as_os_str().as_encoded_bytes());
        let key = roots.fold(Key::new("cleared").with(EDITION), Key::with);
        let known = cache.get::<Vec<Digest>>(Bucket::Notes, &key);
        let known = known.map_or_else(Vec::new, |(known, _)| known);
        Self {
            cache,
            key,
            is_known: known.iter().copied().collect(),
            known,
            met: Mutex::default(),
        }
    }

    /// That of a text, decoded or not.
    pub(super) fn digest(&self, path: &str, text: &[u8]) -> Digest {
        let key = Key::new("text").with(EDITION).with(path);
        key.with(text).digest()
    }

    /// Whether a text is known to hold no secret.
    pub(super) fn knows(&self, digest: Digest) -> bool {
        let is_known = self.is_known.contains(&digest);
        if is_known {
            self.learn(digest);
        }
        is_known
    }

    /// From now on it is known. Never to be said of a text in which nobody looked.
    pub(super) fn learn(&self, digest: Digest) {
        let met = self.met.lock();
        met.unwrap_or_else(PoisonError::into_inner).push(digest);
    }

    /// Keeps what was met, where any of it is new.
    pub(super) fn keep(self) {
        let met = self.met.into_inner();
        let mut met = met.unwrap_or_else(PoisonError::into_inner);
        if met.iter().all(|digest| self.is_known.contains(digest)) {
            return;
        }
        // in one order, on any number of cores
        met.sort_unstable();
        met.dedup();
        let is_met: FxHashSet<&Digest> = met.iter().collect();
        let others = self.known.iter().filter(|digest| !is_met.contains(digest));
        let others: Vec<Digest> = others.copied().take(MAX_OTHER).collect();
        met.extend(others);
        self.cache.put(Bucket::Notes, &self.key, &met);
    }
}

/// Names from which on it is kept which of them hold a secret: in fewer one looks as fast.
const MIN_NAMES: usize = 256;

/// Names that are digested in one.
const NAMES_AT_ONCE: usize = 1024;

/// [`redact_lines`] of `names`. That of the same list is looked up in `cache`, which has the places of those that change.
pub(super) fn redact_names(cache: Option<&Cache>, names: &[&str]) -> Vec<(usize, String)> {
    let Some(cache) = cache.filter(|_| names.len() >= MIN_NAMES) else {
        return redact_lines(names);
    };
    let digest = |names: &[&str]| {
        // in a name there is no end of a line
        twox_hash::XxHash3_128::oneshot(names.join("\n").as_bytes()).to_le_bytes()
    };
    let digests: Vec<Digest> = names.par_chunks(NAMES_AT_ONCE).map(digest).collect();
    let key = Key::new("names").with(EDITION).with(digests.as_flattened());
    let known = cache.get::<Vec<u32>>(Bucket::Notes, &key);
    let redacted = known.and_then(|(places, _)| {
        let redacted = places.into_iter().map(|place| {
            let place = place as usize;
            Some((place, redact(names.get(place)?).into_owned()))
        });
        redacted.collect::<Option<Vec<_>>>()
    });
    redacted.unwrap_or_else(|| {
        let redacted = redact_lines(names);
        let places: Vec<u32> = redacted.iter().map(|it| it.0 as u32).collect();
        cache.put(Bucket::Notes, &key, &places);
        redacted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_looked_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let roots = || [Path::new("/w")].into_iter();
        // which of the texts are looked at
        let run = |texts: &[(&str, &str)]| {
            let cleared = Cleared::read(&cache, roots());
            let mut looked_at = Vec::new();
            for &(path, text) in texts {
                let digest = cleared.digest(path, text.as_bytes());
                if !cleared.knows(digest) {
                    looked_at.push(text);
                    if !text.contains("secret") {
                        cleared.learn(digest);
                    }
                }
            }
            cleared.keep();
            looked_at.join(" ")
        };
        let both = [("a.md", "one"), ("b.md", "secret")];
        assert_eq!(run(&both), "one secret");
        // what holds a secret is looked at each time, as is what stands elsewhere
        assert_eq!(run(&both), "secret");
        assert_eq!(run(&[("b.md", "one"), ("a.md", "two")]), "one two");
        // that of another branch is known, when it comes back
        assert_eq!(run(&[("a.md", "one"), ("a.md", "two")]), "");
        let elsewhere = Cleared::read(&cache, [Path::new("/v")].into_iter());
        assert!(!elsewhere.knows(elsewhere.digest("a.md", b"one")));
    }

    #[test]
    fn names_are_redacted_as_without_a_cache() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let mut names: Vec<String> = (0..MIN_NAMES).map(|n| format!("src/{n}.rs")).collect();
        let check = |names: &[String]| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let alone = redact_lines(&names);
            for _ in 0..2 {
                assert_eq!(redact_names(Some(&cache), &names), alone);
            }
            alone.len()
        };
        assert_eq!(check(&names), 0);
        names[7] = format!(
            "keys/{}.txt",
            ["ghp_", "1xWq", &"7kTbR3vN".repeat(4)].concat()
        );
        assert_eq!(check(&names), 1);
        names.swap(7, 9);
        assert_eq!(check(&names), 1);
        names.remove(9);
        assert_eq!(check(&names), 0);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let roots = || [Path::new("/w")].into_iter();
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        for round in 0..3 {
            let cleared = Cleared::read(&cache, roots());
            for n in 0..MAX_OTHER {
                let text = format!("{round} {n}");
                cleared.learn(cleared.digest("a.md", text.as_bytes()));
            }
            cleared.keep();
        }
        assert_eq!(Cleared::read(&cache, roots()).known.len(), 2 * MAX_OTHER);
    }
}
