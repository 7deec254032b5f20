//! The rules, as `build.rs` laid them out: nothing is parsed at start-up, and a regular expression is compiled when one of its
//! rule's words is met for the first time. A run that meets none pays for one automaton.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
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

/// All words of all rules in one automaton.
pub(super) struct Words {
    patterns: Vec<String>,
    /// Made in no time.
    nfa: OnceLock<Option<AhoCorasick>>,
    /// Three times as fast, and made in the time in which the other looks at [`FEW_BYTES`].
    dfa: OnceLock<Option<AhoCorasick>>,
    n_bytes: AtomicUsize,
    /// By pattern.
    pub uses: Vec<Vec<Use>>,
}

pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words: Vec<(String, Use)> = vec![
        ("-- begin ".to_owned(), Use::Key),
        ("--begin ".to_owned(), Use::Key),
        ("putty-user-key-file".to_owned(), Use::Putty),
        ("://".to_owned(), Use::Url),
        ("kind: secret".to_owned(), Use::Kubernetes),
        ("kind: \"secret\"".to_owned(), Use::Kubernetes),
        ("kind: 'secret'".to_owned(), Use::Kubernetes),
    ];
    for (idx, rule) in RULES.iter().enumerate() {
        for &word in rule.words {
            let exact = rule.exact.then_some(word);
            words.push((word.to_ascii_lowercase(), Use::Rule(idx, exact)));
        }
    }
    words.sort_by(|a, b| a.0.cmp(&b.0));
    let mut patterns: Vec<String> = Vec::new();
    let mut uses: Vec<Vec<Use>> = Vec::new();
    for (word, a_use) in words {
        if patterns.last() != Some(&word) {
            patterns.push(word);
            uses.push(Vec::new());
        }
        if let Some(last) = uses.last_mut() {
            last.push(a_use);
        }
    }
    Words {
        patterns,
        nfa: OnceLock::new(),
        dfa: OnceLock::new(),
        n_bytes: AtomicUsize::new(0),
        uses,
    }
});

/// Bytes that are looked at before the faster automaton is made.
pub(super) const FEW_BYTES: usize = 1 << 20;

impl Words {
    /// The automaton that is to look at `n` bytes more.
    pub fn automaton(&self, n: usize) -> Option<&AhoCorasick> {
        let so_far = self.n_bytes.fetch_add(n, Ordering::Relaxed);
        let (place, kind) = match so_far.saturating_add(n) < FEW_BYTES {
            true => (&self.nfa, AhoCorasickKind::NoncontiguousNFA),
            false => (&self.dfa, AhoCorasickKind::DFA),
        };
        let make = || {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .kind(Some(kind))
                .build(&self.patterns)
                .ok()
        };
        place.get_or_init(make).as_ref()
    }
}
