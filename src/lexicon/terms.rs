//! Terms: sub-words of identifiers, lightly stemmed, and whole identifiers.

use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;
use std::ops::Range;

/// A term's number within one [`Vocabulary`].
pub type TermIdx = u16;

/// The most terms a vocabulary holds; a task with more words than this is cut.
pub const MAX_TERMS: usize = 4000;

/// The terms that a run looks for, numbered.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    index: FxHashMap<u64, TermIdx>,
    shapes: Shapes,
    names: Vec<String>,
}

impl Vocabulary {
    /// Number of terms.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether it holds no term.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The term's text; whole identifiers begin with `=`.
    pub fn name(&self, term_idx: TermIdx) -> &str {
        &self.names[term_idx as usize]
    }

    /// The term's number, added if it is new and there is room.
    pub fn add(&mut self, term: &str) -> Option<TermIdx> {
        let key = key(term.as_bytes());
        if let Some(&idx) = self.index.get(&key) {
            return Some(idx);
        }
        if self.names.len() >= MAX_TERMS {
            return None;
        }
        let idx = self.names.len() as TermIdx;
        self.index.insert(key, idx);
        self.shapes.add(term.as_bytes());
        self.names.push(term.to_owned());
        Some(idx)
    }

    /// The term's number, if it is in the vocabulary.
    pub fn get(&self, term: &[u8]) -> Option<TermIdx> {
        match self.shapes.may_hold(term) {
            true => self.by_key(key(term)),
            false => None,
        }
    }

    /// The terms, as [`key`]s, each with its number; in no order.
    pub fn keys(&self) -> impl Iterator<Item = (u64, TermIdx)> {
        self.index.iter().map(|(&key, &idx)| (key, idx))
    }

    /// The number of the term with this key, if it is in the vocabulary.
    pub fn by_key(&self, key: u64) -> Option<TermIdx> {
        self.index.get(&key).copied()
    }
}

/// By first byte, which lengths there are, as bits: what most terms that are looked for are told by that they are not there.
#[derive(Debug, Clone)]
struct Shapes([u32; 256]);

impl Default for Shapes {
    fn default() -> Self {
        Self([0; 256])
    }
}

impl Shapes {
    /// The first byte, and the bit of the length; the last one is for all lengths from there on.
    fn of(term: &[u8]) -> (usize, u32) {
        let first = term.first().copied().unwrap_or_default();
        (usize::from(first), 1 << term.len().min(31))
    }

    fn add(&mut self, term: &[u8]) {
        let (first, length) = Self::of(term);
        self.0[first] |= length;
    }

    fn may_hold(&self, term: &[u8]) -> bool {
        let (first, length) = Self::of(term);
        self.0[first] & length != 0
    }
}

/// A hash of a term's or a name's bytes, the same on every machine and day.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.write_u8(0xff);
    hasher.finish()
}

/// A hash of the word in `text`, for [`Memo`]: what is short, as most words are, is loaded at once.
#[inline(always)]
pub(super) fn word_hash(text: &[u8], word: &Range<usize>) -> u64 {
    let n = word.len();
    if n > 16 {
        return hash(&text[word.clone()]);
    }
    // no byte of a word is 0: one that ends here is like no longer one
    let all = match text[word.start..].first_chunk::<16>() {
        Some(from) => u128::from_le_bytes(*from) & FIRST[n],
        None => last_bytes(&text[word.clone()]),
    };
    // as many bits as a hash has, of a product that each bit of the word takes part in
    let product = u128::from((all as u64) ^ 0x9e37_79b9_7f4a_7c15)
        * u128::from(((all >> 64) as u64) ^ 0xd6e8_feb8_6659_fd93);
    (product as u64) ^ ((product >> 64) as u64)
}

/// A word near the end of its text, of 16 bytes at most.
#[cold]
fn last_bytes(word: &[u8]) -> u128 {
    let mut padded = [0; 16];
    padded[..word.len()].copy_from_slice(word);
    u128::from_le_bytes(padded)
}

/// The first so many of 16 bytes.
static FIRST: [u128; 17] = {
    let mut masks = [u128::MAX; 17];
    let mut n = 0;
    while n < 16 {
        masks[n] = (1 << (8 * n)) - 1;
        n += 1;
    }
    masks
};

/// Of [`hash`] as much as tells the terms, names and pairs of words of a tree apart: 40 bits. What is looked for, and what an index
/// keeps, are such keys, so that a search finds the same with an index and without.
pub fn key(bytes: &[u8]) -> u64 {
    short(hash(bytes))
}

/// Bits of a [`key`].
pub const KEY_BITS: u32 = 40;

/// The bits of a hash that make a key.
pub const fn short(hash: u64) -> u64 {
    hash >> (u64::BITS - KEY_BITS)
}

/// Whether the byte belongs to a word: letters, digits, `_` and every byte of a non-ASCII character.
pub const fn is_word_byte(byte: u8) -> bool {
    // without a branch or a table, so that many bytes are looked at in one step
    ((byte | 0x20).wrapping_sub(b'a') < 26)
        | (byte.wrapping_sub(b'0') < 10)
        | (byte == b'_')
        | (byte >= 0x80)
}

/// Remembers what came of words, by their [`word_hash`], and numbers them in the order in which they first came.
///
/// The table that is looked into is apart from what is known, and no larger than the words in it ask for: it is read in no order, so
/// that what it costs is whether it stays near the processor. The words that come most come early, and stand together.
pub(super) struct Memo<T> {
    /// Of each place the upper half of the hash, and in the lower half the number of the word and one; 0 is free. A power of two, of
    /// which half is free.
    places: Vec<u64>,
    words: Vec<(u64, T)>,
}

/// Places of a new memo, a power of two.
const N_PLACES: usize = 1 << 14;

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self {
            places: vec![0; N_PLACES],
            words: Vec::new(),
        }
    }
}

impl<T> Memo<T> {
    /// The number of the word with this hash; with what `split` says where it was not known.
    #[inline]
    pub fn number(&mut self, hash: u64, split: impl FnOnce() -> T) -> u32 {
        let last = self.places.len() - 1;
        let mut at = hash as usize & last;
        loop {
            let place = self.places[at];
            if place == 0 {
                return self.add(at, hash, split());
            }
            let number = place as u32 - 1;
            if place >> 32 == hash >> 32 && self.words[number as usize].0 == hash {
                return number;
            }
            at = (at + 1) & last;
        }
    }

    /// Adds a word whose place is free.
    #[inline(never)]
    fn add(&mut self, at: usize, hash: u64, known: T) -> u32 {
        let number = self.words.len() as u32;
        self.words.push((hash, known));
        self.places[at] = entry(hash, number);
        if self.words.len() * 2 > self.places.len() {
            self.widen();
        }
        number
    }

    fn widen(&mut self) {
        let last = self.places.len() * 2 - 1;
        self.places.clear();
        self.places.resize(last + 1, 0);
        for (number, &(hash, _)) in (0..).zip(&self.words) {
            let mut at = hash as usize & last;
            while self.places[at] != 0 {
                at = (at + 1) & last;
            }
            self.places[at] = entry(hash, number);
        }
    }

    /// What came of a word.
    #[inline]
    pub fn at(&mut self, number: u32) -> &mut T {
        &mut self.words[number as usize].1
    }

    /// The hashes of all words, by number.
    pub fn hashes(&self) -> impl ExactSizeIterator<Item = u64> + '_ {
        self.words.iter().map(|it| it.0)
    }

    /// Words that are known.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Forgets all, and the room that many words took.
    pub fn clear(&mut self) {
        self.places.clear();
        self.places.resize(N_PLACES, 0);
        self.words.clear();
    }
}

fn entry(hash: u64, number: u32) -> u64 {
    hash >> 32 << 32 | (u64::from(number) + 1)
}

/// Calls `emit` with each term of one word: its sub-words, stemmed, and `=whole` where the word has more than one part or
/// mixes letters and digits or is a single letter.
pub fn each_term(word: &[u8], mut emit: impl FnMut(&[u8])) {
    if word.len() > 120 {
        return; // no name; a hash, a key or encoded data
    }
    let mut lower = [0_u8; 128];
    lower[0] = b'=';
    for (to, from) in lower[1..].iter_mut().zip(word) {
        *to = from.to_ascii_lowercase();
    }
    let mut n_parts = 0;
    let mut at = 0;
    while let Some((start, end)) = next_part(word, at) {
        n_parts += 1;
        at = end;
        if end - start >= 2 {
            let part = &lower[1 + start..1 + end];
            emit(&part[..stem(part)]);
        }
    }
    if n_parts > 1 || word.len() == 1 {
        let trimmed = trim_underscores(word);
        if trimmed.len() == word.len() {
            emit(&lower[..=word.len()]);
        } else if !trimmed.is_empty() {
            let mut whole = [0_u8; 128];
            whole[0] = b'=';
            for (to, from) in whole[1..].iter_mut().zip(trimmed) {
                *to = from.to_ascii_lowercase();
            }
            emit(&whole[..=trimmed.len()]);
        }
    }
}

fn trim_underscores(word: &[u8]) -> &[u8] {
    let start = word.iter().position(|&b| b != b'_').unwrap_or(word.len());
    let end = word
        .iter()
        .rposition(|&b| b != b'_')
        .map_or(start, |i| i + 1);
    &word[start..end]
}

/// The next sub-word from `at`: `HTTPServer2_name` gives `HTTP`, `Server`, `2`, `name`.
pub fn next_part(word: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut start = at;
    while start < word.len() && word[start] == b'_' {
        start += 1;
    }
    let first = *word.get(start)?;
    let mut end = start + 1;
    if first.is_ascii_digit() {
        while end < word.len() && word[end].is_ascii_digit() {
            end += 1;
        }
    } else if first.is_ascii_uppercase() {
        if word.get(end).is_some_and(u8::is_ascii_uppercase) {
            while end < word.len() && word[end].is_ascii_uppercase() {
                end += 1;
            }
            // the last capital begins the next part where a small letter follows it: HTTPServer
            if word.get(end).is_some_and(u8::is_ascii_lowercase) && !is_plural_end(word, end) {
                end -= 1;
            } else if is_plural_end(word, end) {
                end += 1;
            }
        } else {
            while end < word.len() && is_small(word[end]) {
                end += 1;
            }
        }
    } else {
        while end < word.len() && is_small(word[end]) {
            end += 1;
        }
    }
    Some((start, end))
}

const fn is_small(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte >= 0x80
}

/// `URLs`, `IDs`: a small `s` behind capitals that ends the word or a part.
fn is_plural_end(word: &[u8], at: usize) -> bool {
    word.get(at) == Some(&b's') && !word.get(at + 1).is_some_and(|&b| is_small(b))
}

/// Length of the stem of a lower-case word: plural, `-ing`, `-ed` and a final `e` are cut.
///
/// Light on purpose: heavier stemmers were measured to change nothing in retrieval of code.
pub fn stem(word: &[u8]) -> usize {
    let mut n = word.len();
    if n <= 3 || !word.iter().all(u8::is_ascii_lowercase) {
        return n;
    }
    if word[..n].ends_with(b"ies") && n > 4 {
        return n - 2; // queries -> queri, as query -> queri below
    }
    if word[..n].ends_with(b"s") && !matches!(word[n - 2], b's' | b'u' | b'i') {
        n -= 1;
    }
    let verb = |n: usize, suffix: &[u8]| {
        word[..n].ends_with(suffix) && has_vowel(&word[..n - suffix.len()])
    };
    if n > 5 && verb(n, b"ing") {
        n = undouble(word, n - 3);
    } else if n > 4 && verb(n, b"ed") {
        n = undouble(word, n - 2);
    }
    if n > 3 && word[n - 1] == b'e' {
        n -= 1;
    }
    n
}

fn has_vowel(word: &[u8]) -> bool {
    word.iter()
        .any(|b| matches!(b, b'a' | b'e' | b'i' | b'o' | b'u' | b'y'))
}

fn undouble(word: &[u8], n: usize) -> usize {
    let doubled = n > 3
        && word[n - 1] == word[n - 2]
        && !matches!(word[n - 1], b'l' | b's' | b'z' | b'e' | b'o');
    if doubled { n - 1 } else { n }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: &str) {
        let mut terms = Vec::new();
        each_term(word.as_bytes(), |term| {
            terms.push(String::from_utf8_lossy(term).into_owned())
        });
        assert_eq!(terms.join(" "), expected, "{word}");
    }

    #[test]
    fn words_give_their_parts_and_the_whole() {
        check("redirect", "redirect");
        check("rebuild_auth", "rebuild auth =rebuild_auth");
        check("HTTPServer", "http server =httpserver");
        check("getElementById", "get element by id =getelementbyid");
        check("utf8", "utf =utf8");
        check("3d", "=3d");
        check("404", "404");
        check("Q", "=q");
        check("__init__", "init");
        check("URLs", "url");
        check("größe", "größe");
        check("_", "");
    }

    #[test]
    fn a_word_is_known_wherever_it_stands() {
        let word = "abcdefghijklmnopqrst";
        let text = format!("{word} {word}").into_bytes();
        let mut memo: Memo<usize> = Memo::default();
        for n in 1..=word.len() {
            let first = memo.number(word_hash(&text, &(0..n)), || n);
            // the second ends with the text
            let start = word.len() + 1;
            let again = memo.number(word_hash(&text[..start + n], &(start..start + n)), || 0);
            assert_eq!((first, *memo.at(again)), (again, n));
        }
        assert_eq!(memo.len(), word.len());
        // other words come in, and it is still known
        let numbers: Vec<String> = (0..10_000).map(|n| format!("{n}x")).collect();
        for (n, number) in numbers.iter().enumerate() {
            memo.number(word_hash(number.as_bytes(), &(0..number.len())), || 100 + n);
        }
        for (n, number) in numbers.iter().enumerate() {
            let place = memo.number(word_hash(number.as_bytes(), &(0..number.len())), || 0);
            assert_eq!(*memo.at(place), 100 + n);
        }
        let place = memo.number(word_hash(&text, &(0..7)), || 0);
        assert_eq!(*memo.at(place), 7);
    }

    #[test]
    fn inflections_meet() {
        let same = |words: &[&str]| {
            let stems: Vec<&str> = words
                .iter()
                .map(|word| &word[..stem(word.as_bytes())])
                .collect();
            assert!(stems.windows(2).all(|pair| pair[0] == pair[1]), "{stems:?}");
        };
        same(&["parse", "parsed", "parsing", "parses"]);
        same(&["redirect", "redirects", "redirected", "redirecting"]);
        same(&["stop", "stopped", "stopping", "stops"]);
        same(&["class"]);
    }
}
