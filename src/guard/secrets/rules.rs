//! The rules, as `build.rs` laid them out: nothing is parsed at start-up, and a regular expression is compiled when one of its
//! rule's words is met for the first time. A run that looks at much pays for one automaton.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::{Anchored, dfa::DFA};
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use std::cmp::Reverse;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, OnceLock};

/// One rule of `ours.toml`, `ways.toml` or `gitleaks.toml`.
#[derive(Debug)]
pub struct Rule {
    /// What it finds, in kebab case.
    pub id: &'static str,
    /// A text without any of these holds no such secret. In the case that they have in secrets.
    pub words: &'static [&'static str],
    /// Where the secret is.
    pub shape: Shape,
    /// The least entropy of a secret, in bits a character.
    pub entropy: f64,
    /// The group that is the secret; by default the first one that took part, or all where there is none.
    pub group: Option<usize>,
    /// Paths it is for; none means all.
    pub path: Option<&'static str>,
    /// Paths it is not for.
    pub unless: Option<&'static str>,
    /// Values that are no secrets.
    pub allow: &'static [&'static str],
    /// What else a value must be.
    pub check: Check,
    /// The expression begins with the words.
    pub starts: bool,
    /// What comes before it is no letter and no digit.
    pub bounded: bool,
    /// The case of the words counts.
    pub exact: bool,
    /// A match begins with one of the words, and with so many characters of tokens at least; 0 where that cannot be told.
    pub least: usize,
}

/// Where a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// It is the value that is given to a name that one of the words is part of: this expression is about the value.
    After(&'static str),
    /// Where this expression matches.
    Find(&'static str),
}

/// What a value must be besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Nothing more.
    None,
    /// Random letters and digits, and no word: for names that mean many things.
    Generic,
    /// A password as a person makes one up: several kinds of characters.
    Password,
    /// A password as what is around it says: no placeholder, name, type, path or code.
    Assigned,
    /// The same, in quotes behind a name that ends with the word: code gives passwords so.
    Quoted,
    /// A user and a password, in base64.
    Login,
}

include!(concat!(env!("OUT_DIR"), "/secret_rules.rs"));

/// Memory that an expression may take when compiled, and that its automaton may grow to while it runs.
const MAX_COMPILED: usize = 4 << 20;
const MAX_AUTOMATON: usize = 256 << 10;

static COMPILED: [OnceLock<Option<Regex>>; RULES.len()] = [const { OnceLock::new() }; RULES.len()];
static ALLOWED: [OnceLock<Option<RegexSet>>; RULES.len()] =
    [const { OnceLock::new() }; RULES.len()];
static PATHS: [OnceLock<Option<Regex>>; RULES.len()] = [const { OnceLock::new() }; RULES.len()];

/// As RE2 reads them: classes are of ASCII. Over bytes, for such expressions may match half a character.
pub(super) fn compile(expression: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(expression)
        .unicode(false)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_AUTOMATON)
        .build()
}

impl Rule {
    /// The expression as it is run: that of a value is tied to where the value begins, and an underscore parts words, so that
    /// a token is found that somebody put another word in front of (`old_ghp_...`) or behind.
    fn expression(&self) -> String {
        match self.shape {
            Shape::Find(find) => {
                let find = match find.rsplit_once(r"\b") {
                    Some((find, "")) => format!(r"{find}(?:\b|_)"),
                    _ => find.to_owned(),
                };
                let start = find.strip_prefix("(?i)").unwrap_or(&find);
                // what takes in underscores itself needs no help, and would only take longer with it
                let rest = start.strip_prefix(r"\b");
                let Some(rest) = rest.filter(|rest| !rest.starts_with(r"[\w")) else {
                    return find;
                };
                let flags = &find[..find.len() - start.len()];
                // an escape may stand in front (`\n`), whose letter is none of the word
                format!(r"{flags}(?:\b|_|\\[nrt]){rest}")
            }
            // a full stop may end the sentence, and a value what JSON, code or Markdown puts around it
            Shape::After(value) => {
                format!(r#"\A({value})(?:[`'"\s;,)\]}}<>&\\|*~]|\.(?:\s|$)|$)"#)
            }
        }
    }
}

/// The expression of a rule; none would be a mistake in the data, which tests find.
pub(super) fn regex(idx: usize) -> Option<&'static Regex> {
    COMPILED[idx]
        .get_or_init(|| compile(&RULES[idx].expression()).ok())
        .as_ref()
}

/// Whether the rule is for a file at `path`; a text without a path is none of those that a rule is for, or not for.
pub(super) fn is_for(idx: usize, path: Option<&str>) -> bool {
    let (asks, unless) = (RULES[idx].path, RULES[idx].unless);
    let Some(expression) = asks.or(unless) else {
        return true;
    };
    let compiled = PATHS[idx].get_or_init(|| compile(expression).ok());
    let is_such = path
        .zip(compiled.as_ref())
        .is_some_and(|(path, regex)| regex.is_match(path.as_bytes()));
    is_such == asks.is_some()
}

/// Whether the rule's own exceptions take in `secret`.
pub(super) fn is_allowed(idx: usize, secret: &[u8]) -> bool {
    let allow = RULES[idx].allow;
    if allow.is_empty() {
        return false;
    }
    let compiled = ALLOWED[idx].get_or_init(|| {
        RegexSetBuilder::new(allow)
            .unicode(false)
            .size_limit(MAX_COMPILED)
            .build()
            .ok()
    });
    compiled.as_ref().is_some_and(|set| set.is_match(secret))
}

/// What a word is looked for by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// A rule, and whether its word is in its own case only.
    Rule(usize, Option<&'static str>),
    /// PEM and its kin.
    Key,
    /// A key of PuTTY.
    Putty,
    /// A login in a URL.
    Url,
    /// A Secret of Kubernetes.
    Kubernetes,
}

/// A word, and one thing that it is looked for by.
struct Word {
    text: &'static str,
    a_use: Use,
    /// Its last eight bytes, [`folded`], and which of them it has.
    tail: u64,
    mask: u64,
}

/// All words of all rules, found by how they end.
pub(super) struct Words {
    /// By the bucket of their ends, of each the longest first; those of two bytes behind all others.
    words: Vec<Word>,
    /// Where each bucket begins in them, and where the last one ends.
    buckets: Vec<u16>,
    /// As bits, the hashes that the end of a word may have.
    ends: Box<[u64; N_ENDS / 64]>,
    /// Bytes of the longest.
    longest: usize,
    /// Three times as fast, and made in the time in which [`FEW_BYTES`] are looked at without.
    dfa: OnceLock<Option<DFA>>,
    n_bytes: AtomicUsize,
}

/// Hashes of ends.
const N_ENDS: usize = 1 << 15;

/// Buckets of words by the hash of their ends, and one more for those without.
const N_BUCKETS: usize = 1 << 10;

/// Bytes of an end; only four words are shorter.
const END: usize = 3;

/// A byte as one of its kin, which the cases of a letter are.
fn folded(byte: u8) -> u64 {
    u64::from(byte | 0x20)
}

/// The hash of the end of a text that ends in `tail`.
fn end_of(tail: u64) -> usize {
    let end = tail as u32 & 0xff_ffff;
    (end.wrapping_mul(0x9e37_79b1) >> (u32::BITS - N_ENDS.ilog2())) as usize
}

fn bucket_of(end: usize) -> usize {
    end / (N_ENDS / N_BUCKETS)
}

pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let others = [
        ("-- begin ", Use::Key),
        ("--begin ", Use::Key),
        ("putty-user-key-file", Use::Putty),
        ("://", Use::Url),
        ("kind: secret", Use::Kubernetes),
        ("kind: \"secret\"", Use::Kubernetes),
        ("kind: 'secret'", Use::Kubernetes),
    ];
    let of_rules = RULES.iter().enumerate().flat_map(|(idx, rule)| {
        let of_rule = move |&word| (word, Use::Rule(idx, rule.exact.then_some(word)));
        rule.words.iter().map(of_rule)
    });
    let mut ends = Box::new([0; N_ENDS / 64]);
    let mut add = |end: usize| ends[end / 64] |= 1 << (end % 64);
    let word = |(text, a_use): (&'static str, Use)| {
        let tail = text.bytes().fold(0, |tail, byte| tail << 8 | folded(byte));
        let mask = match text.len() {
            n @ 0..8 => (1 << (8 * n)) - 1,
            _ => u64::MAX,
        };
        let bucket = if text.len() < END {
            (0..=u8::MAX).for_each(|byte| add(end_of(folded(byte) << 16 | tail)));
            N_BUCKETS
        } else {
            add(end_of(tail));
            bucket_of(end_of(tail))
        };
        let word = Word {
            text,
            a_use,
            tail,
            mask,
        };
        (bucket, word)
    };
    let mut words: Vec<(usize, Word)> = others.into_iter().chain(of_rules).map(word).collect();
    words.sort_by_key(|(bucket, word)| (*bucket, Reverse(word.text.len())));
    let mut buckets = vec![0; N_BUCKETS + 2];
    words.iter().for_each(|it| buckets[it.0 + 1] += 1);
    for bucket in 1..buckets.len() {
        buckets[bucket] += buckets[bucket - 1];
    }
    Words {
        longest: words.iter().map(|it| it.1.text.len()).max().unwrap_or(0),
        words: words.into_iter().map(|it| it.1).collect(),
        buckets,
        ends,
        dfa: OnceLock::new(),
        n_bytes: AtomicUsize::new(0),
    }
});

/// Bytes that are looked at before the automaton is made.
const FEW_BYTES: usize = 2 << 20;

/// Parts of a text that are looked at side by side: each step of an automaton waits for the one before, but not for those of others.
const N_PARTS: usize = 4;

/// Bytes of a part at least.
const MIN_PART: usize = 256;

impl Words {
    /// Prepares for so many bytes more.
    pub fn expect(&self, n: usize) {
        if self
            .n_bytes
            .fetch_add(n, Ordering::Relaxed)
            .saturating_add(n)
            >= FEW_BYTES
        {
            self.dfa();
        }
    }

    fn dfa(&self) -> Option<&DFA> {
        let mut builder = DFA::builder();
        let builder = builder.ascii_case_insensitive(true).prefilter(false);
        let words = self.words.iter().map(|word| word.text);
        self.dfa.get_or_init(|| builder.build(words).ok()).as_ref()
    }

    /// Calls `found` with what each word in `text` is looked for by and where it stands, by where they end, of those that end together
    /// the longest first.
    pub fn each(&self, text: &[u8], found: impl FnMut(Use, Range<usize>)) {
        let so_far = self.n_bytes.fetch_add(text.len(), Ordering::Relaxed);
        if so_far.saturating_add(text.len()) < FEW_BYTES {
            self.each_by_end(text, found);
        } else if let Some(dfa) = self.dfa() {
            self.each_by(dfa, text, found);
        }
    }

    /// The same, without an automaton.
    fn each_by_end(&self, text: &[u8], mut found: impl FnMut(Use, Range<usize>)) {
        let bucket = |bucket: usize| {
            let (from, to) = (self.buckets[bucket], self.buckets[bucket + 1]);
            &self.words[usize::from(from)..usize::from(to)]
        };
        let shorts = bucket(N_BUCKETS);
        let mut tail = u64::from_ne_bytes([b' '; 8]);
        for (end, &byte) in (1_usize..).zip(text) {
            tail = tail << 8 | folded(byte);
            let hash = end_of(tail);
            if self.ends[hash / 64] >> (hash % 64) & 1 == 0 {
                continue;
            }
            for word in bucket(bucket_of(hash)).iter().chain(shorts) {
                if (tail ^ word.tail) & word.mask == 0
                    && let Some(start) = end.checked_sub(word.text.len())
                    && text[start..end].eq_ignore_ascii_case(word.text.as_bytes())
                {
                    found(word.a_use, start..end);
                }
            }
        }
    }

    /// The same, by the automaton.
    fn each_by(&self, automaton: &DFA, text: &[u8], mut found: impl FnMut(Use, Range<usize>)) {
        let Ok(start) = automaton.start_state(Anchored::No) else {
            return; // none that was made without a start
        };
        let step = |state: &mut StateID, byte: u8| {
            *state = automaton.next_state(Anchored::No, *state, byte);
            automaton.is_special(*state) && automaton.is_match(*state)
        };
        let part = match text.len() / N_PARTS {
            short if short < MIN_PART => 0,
            part => part,
        };
        let mut states = [start; N_PARTS];
        // no state knows more of what is before than the longest word
        for (n, state) in states.iter_mut().enumerate() {
            for &byte in &text[(n * part).saturating_sub(self.longest)..n * part] {
                step(state, byte);
            }
        }
        let mut ends: [Vec<(usize, StateID)>; N_PARTS] = Default::default();
        let (a, rest) = text.split_at(part);
        let (b, rest) = rest.split_at(part);
        let (c, rest) = rest.split_at(part);
        let (d, rest) = rest.split_at(part);
        for (idx, (((&a, &b), &c), &d)) in a.iter().zip(b).zip(c).zip(d).enumerate() {
            let mut any = false;
            for (state, byte) in states.iter_mut().zip([a, b, c, d]) {
                *state = automaton.next_state(Anchored::No, *state, byte);
                any |= automaton.is_special(*state);
            }
            if any {
                for (n, &state) in states.iter().enumerate() {
                    if automaton.is_match(state) {
                        ends[n].push((n * part + idx + 1, state));
                    }
                }
            }
        }
        let [.., last] = &mut states;
        for (idx, &byte) in rest.iter().enumerate() {
            if step(last, byte) {
                ends[N_PARTS - 1].push((N_PARTS * part + idx + 1, *last));
            }
        }
        // part after part, ends ascend
        for (end, state) in ends.into_iter().flatten() {
            for n in 0..automaton.match_len(state) {
                let pattern = automaton.match_pattern(state, n);
                let word = &self.words[pattern.as_usize()];
                found(word.a_use, end - word.text.len()..end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_found_across_the_parts_of_a_text() {
        let dfa = WORDS.dfa().unwrap();
        let find = |text: &str| {
            let mut found = Vec::new();
            WORDS.each_by(dfa, text.as_bytes(), |a_use, range| {
                found.push((a_use, range))
            });
            found
        };
        let word = "the API of a PuTTY-User-Key-File";
        let alone = find(word);
        assert!(alone.len() > 3 && alone.is_sorted_by_key(|(_, range)| range.end));
        let least = N_PARTS * MIN_PART;
        for n_bytes in [least - 1, least, least + 3] {
            for at in 0..=n_bytes - word.len() {
                let behind = "\n".repeat(n_bytes - word.len() - at);
                let found = find(&format!("{}{word}{behind}", "\n".repeat(at)));
                let moved = found
                    .into_iter()
                    .map(|(a_use, range)| (a_use, range.start - at..range.end - at));
                assert!(moved.eq(alone.iter().cloned()), "{n_bytes}, {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn words_are_found_alike_with_and_without_an_automaton(
            picks in proptest::collection::vec((0..WORDS.words.len(), 0_usize..40, any::<u64>()), 0..40),
        ) {
            let mut text = Vec::new();
            for (word, cut, cases) in picks {
                let word = WORDS.words[word].text.bytes().enumerate();
                let cased = word.map(|(n, byte)| match cases >> (n % 64) & 1 {
                    0 => byte.to_ascii_uppercase(),
                    _ => byte,
                });
                text.extend(cased.take(cut));
                text.extend(["", "", " ", "_", "=", "\u{ff}", "\0", "k"][cases as usize % 8].bytes());
            }
            let mut found = (Vec::new(), Vec::new());
            WORDS.each_by_end(&text, |a_use, range| found.0.push((a_use, range)));
            WORDS.each_by(WORDS.dfa().unwrap(), &text, |a_use, range| found.1.push((a_use, range)));
            prop_assert_eq!(found.0, found.1);
        }
    }

    #[test]
    fn every_word_is_found() {
        for word in &WORDS.words {
            let mut found = Vec::new();
            WORDS.each_by_end(word.text.as_bytes(), |a_use, range| {
                found.push((a_use, range))
            });
            assert!(
                found.contains(&(word.a_use, 0..word.text.len())),
                "{}",
                word.text
            );
        }
    }
}
