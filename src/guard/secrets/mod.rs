//! Known forms of secrets in text: found by the span, and redacted.
//!
//! A secret is what a rule says is one. `ours.toml`, `ways.toml` and `gitleaks.toml` hold the rules as data, each with samples that
//! it must find and samples that it must leave; to add one takes three lines. `shapes` has what no expression can say, keys over many
//! lines, logins in URLs and manifests. The words of all rules are looked for at once, so that a text without any costs one pass; where a
//! word stands, its rule looks at the text around it. Expressions run in time linear in the text, and are compiled when first needed.
//!
//! Two things come before: a text is also looked at without invisible characters, with escapes resolved and out of base64
//! (`views`). Two come after: what is found must be random enough for its rule and no placeholder (`harmless`), and a line that
//! says `ctxpack:allow` or `gitleaks:allow` is let be.
//!
//! Entropy alone lost: it takes commits, checksums and identifiers for secrets. Leaving out whole files lost where the name does not
//! say it ([`names`]): the code around a key is what the reader needs. A hash in the placeholder, to tell secrets apart, lost: it
//! lets whoever has the bundle guess weak passwords at leisure. And asking a service whether a key is alive lost, for nothing
//! here talks to a network. A secret without a form (`the door code is 4711`) is not found, nor is one that is cut in two.

mod assigned;
#[cfg(test)]
mod forms;
mod harmless;
pub mod names;
mod rules;
#[cfg(test)]
mod samples;
mod shapes;
#[cfg(test)]
mod tests;
mod views;

pub use rules::EDITION;

use rayon::prelude::*;
use rules::{Check, RULES, Shape, Use, WORDS};
use std::borrow::Cow;
use std::ops::Range;

/// A probable secret: never its value, only what it is and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// What it is, in kebab case: `github-pat`.
    pub kind: &'static str,
    /// Its bytes in the text.
    pub range: Range<usize>,
}

/// Where a secret was redacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Redaction {
    /// The line that it began in, from 1.
    pub line: u32,
    /// What it was, in kebab case.
    pub kind: &'static str,
}

/// What stands in the place of a secret, before its kind and a bracket.
pub const MARK: &str = "[REDACTED:";

/// How often a text is looked at again after something was redacted: two secrets may have hidden one another.
const MAX_ROUNDS: usize = 8;
/// From this round on all that touches a secret goes with it.
const WIDE_ROUND: usize = 3;

/// The probable secrets in `text`, ascending and disjoint, on boundaries of characters. O(length); never fails.
pub fn find(text: &str) -> Vec<Secret> {
    look(None, text)
}

/// `text` with each probable secret replaced by `[REDACTED:kind]`. Lines stay: a key of many lines leaves as many.
/// `redact(redact(text)) == redact(text)`.
pub fn redact(text: &str) -> Cow<'_, str> {
    redact_in(None, text).0
}

/// The same for the file at `path`, whose name some rules ask for, and what was redacted, by line.
pub fn redact_in<'a>(path: Option<&str>, text: &'a str) -> (Cow<'a, str>, Vec<Redaction>) {
    let mut redactions = Vec::new();
    let mut current = Cow::Borrowed(text);
    for round in 0..MAX_ROUNDS {
        let mut secrets = look(path, &current);
        if secrets.is_empty() {
            break;
        }
        if round >= WIDE_ROUND {
            widen(&current, &mut secrets);
        }
        let mut out = String::with_capacity(current.len());
        let (mut at, mut line) = (0, 1);
        for Secret { kind, range } in secrets {
            let before = &current[at..range.start];
            line += before.matches('\n').count() as u32;
            redactions.push(Redaction { line, kind });
            out.push_str(before);
            out.push_str(MARK);
            out.push_str(kind);
            out.push(']');
            let n_lines = current[range.clone()].matches('\n').count();
            out.extend(std::iter::repeat_n('\n', n_lines));
            line += n_lines as u32;
            at = range.end;
        }
        out.push_str(&current[at..]);
        current = Cow::Owned(out);
    }
    redactions.sort_unstable();
    (current, redactions)
}

/// Lines that are looked at in one.
const LINES_AT_ONCE: usize = 64;

/// Which of `lines`, none of which holds an end of a line, are not as [`redact`] leaves them, ascending, and what it makes of them. Costs
/// less than one by one: most hold nothing that a look begins with, which is seen in many at once.
pub fn redact_lines<S: AsRef<str> + Sync>(lines: &[S]) -> Vec<(usize, String)> {
    let n_bytes = lines.iter().map(|line| line.as_ref().len() + 1).sum();
    WORDS.expect(n_bytes);
    let chunks = lines.par_chunks(LINES_AT_ONCE).enumerate();
    let redacted = chunks.flat_map_iter(|(nth, chunk)| {
        let suspects = suspects(chunk).into_iter();
        suspects.filter_map(move |idx| match redact(chunk[idx].as_ref()) {
            Cow::Owned(redacted) => Some((nth * LINES_AT_ONCE + idx, redacted)),
            Cow::Borrowed(_) => None,
        })
    });
    redacted.collect()
}

/// Which of `lines` hold a word of a rule, base64 that says something, or what there is a view without.
fn suspects<S: AsRef<str>>(lines: &[S]) -> Vec<usize> {
    let mut joined = String::new();
    let mut ends = Vec::with_capacity(lines.len());
    for line in lines {
        joined.push_str(line.as_ref());
        joined.push('\n');
        ends.push(joined.len());
    }
    let mut places = Vec::new();
    WORDS.each(joined.as_bytes(), |_, word| places.push(word.end - 1));
    let runs = views::runs(joined.as_bytes());
    let says = |run: &Range<usize>| {
        views::texts(&joined.as_bytes()[run.clone()])
            .next()
            .is_some()
    };
    places.extend(runs.into_iter().filter(says).map(|run| run.start));
    let mut suspects: Vec<usize> = places
        .into_iter()
        .map(|place| ends.partition_point(|&end| end <= place))
        .collect();
    let has_views = lines.iter().map(|line| views::may_be(line.as_ref()));
    suspects.extend(has_views.enumerate().filter(|it| it.1).map(|it| it.0));
    suspects.sort_unstable();
    suspects.dedup();
    suspects
}

/// All kinds of secrets.
fn kinds() -> impl Iterator<Item = &'static str> {
    RULES
        .iter()
        .map(|rule| rule.id)
        .chain([KEY, PUTTY, URL, KUBERNETES])
}

/// The kind of secrets that has this name.
pub fn kind(name: &str) -> Option<&'static str> {
    kinds().find(|kind| *kind == name)
}

/// The kinds of secrets that were redacted in `text`, with the lines that they stand in, by the marks that they left.
pub fn redactions(text: &str) -> Vec<Redaction> {
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    for (mark, _) in text.match_indices(MARK) {
        line += text[at..mark].matches('\n').count() as u32;
        at = mark;
        let name = text[mark + MARK.len()..]
            .split(']')
            .next()
            .unwrap_or_default();
        found.extend(kind(name).map(|kind| Redaction { line, kind }));
    }
    found
}

const KEY: &str = "private-key";
const PUTTY: &str = "putty-private-key";
const URL: &str = "url-password";
const KUBERNETES: &str = "kubernetes-secret";

/// Ranges grow over all that is no space, and grow together where they meet.
fn widen(text: &str, secrets: &mut Vec<Secret>) {
    let is_space = |b: &u8| b.is_ascii_whitespace();
    let bytes = text.as_bytes();
    for secret in secrets.iter_mut() {
        let range = &mut secret.range;
        range.start -= bytes[..range.start]
            .iter()
            .rev()
            .take_while(|b| !is_space(b))
            .count();
        range.end += bytes[range.end..]
            .iter()
            .take_while(|b| !is_space(b))
            .count();
    }
    secrets.dedup_by(|next, kept| {
        let meets = next.range.start < kept.range.end;
        if meets {
            kept.range.end = kept.range.end.max(next.range.end);
        }
        meets
    });
}

/// A hit, and how much its rule is to be believed: 0 is most.
struct Hit {
    rank: u8,
    kind: &'static str,
    range: Range<usize>,
}

fn look(path: Option<&str>, text: &str) -> Vec<Secret> {
    let mut hits = Look::new(path, text).hits();
    for view in [
        views::visible(text),
        views::unescaped(text),
        views::unquoted(text),
        views::unmarked(text),
    ]
    .into_iter()
    .flatten()
    {
        hits.extend(
            Look::new(path, &view.text)
                .hits()
                .into_iter()
                .map(|hit| Hit {
                    range: view.origin(&hit.range),
                    ..hit
                }),
        );
    }
    let bytes = text.as_bytes();
    for run in views::runs(bytes) {
        let inner =
            views::texts(&bytes[run.clone()]).find_map(|text| inside(path, &text, MAX_LAYERS));
        if let Some(hit) = inner {
            let padding = bytes[run.end..]
                .iter()
                .take(2)
                .take_while(|b| **b == b'=')
                .count();
            hits.push(Hit {
                range: run.start..run.end + padding,
                ..hit
            });
        }
    }
    merge(text, hits)
}

/// How often base64 is looked into that stands in base64: manifests are encoded whose values are.
const MAX_LAYERS: usize = 2;
/// A longer text in base64 is a file, in which names are given values of all sorts.
const MAX_SETTINGS: usize = 4096;

/// What is most to be believed of what stands in a text that was in base64. Behind a name that means many things, only in settings:
/// a short text with nothing in it but what can be read.
fn inside(path: Option<&str>, text: &str, layers: usize) -> Option<Hit> {
    let is_readable = |b: u8| matches!(b, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    let is_settings = text.len() <= MAX_SETTINGS && text.bytes().all(is_readable);
    let hits = Look::new(path, text).hits().into_iter();
    let known = hits.filter(|hit| hit.rank <= 1 || is_settings);
    known.min_by_key(|hit| (hit.rank, hit.kind)).or_else(|| {
        let bytes = text.as_bytes();
        let runs = match is_settings && layers > 1 {
            true => views::runs(bytes),
            false => Vec::new(),
        };
        runs.into_iter()
            .flat_map(|run| views::texts(&bytes[run]).collect::<Vec<_>>())
            .find_map(|text| inside(path, &text, layers - 1))
    })
}

/// Hits as secrets: in order, those that overlap in one, those on lines that are allowed and those of earlier rounds left out.
fn merge(text: &str, mut hits: Vec<Hit>) -> Vec<Secret> {
    if hits.is_empty() {
        return Vec::new();
    }
    for hit in &mut hits {
        hit.range.start = text.floor_char_boundary(hit.range.start);
        hit.range.end = text.ceil_char_boundary(hit.range.end);
    }
    let bytes = text.as_bytes();
    hits.retain(|hit| {
        !hit.range.is_empty() && !is_marked(bytes, &hit.range) && !is_allowed(text, &hit.range)
    });
    hits.sort_by(|a, b| {
        a.range
            .start
            .cmp(&b.range.start)
            .then(a.rank.cmp(&b.rank))
            .then(a.kind.cmp(b.kind))
    });
    let mut merged: Vec<Hit> = Vec::new();
    for hit in hits {
        match merged.last_mut() {
            Some(last) if hit.range.start < last.range.end => {
                last.range.end = last.range.end.max(hit.range.end);
                if hit.rank < last.rank {
                    (last.rank, last.kind) = (hit.rank, hit.kind);
                }
            }
            _ => merged.push(hit),
        }
    }
    let secrets = merged
        .into_iter()
        .map(|Hit { kind, range, .. }| Secret { kind, range });
    secrets.collect()
}

/// Whether the range overlaps what stands in the place of a secret.
fn is_marked(text: &[u8], range: &Range<usize>) -> bool {
    const LONGEST: usize = 80;
    let from = range.start.saturating_sub(LONGEST);
    let around = &text[from..text.len().min(range.end + MARK.len())];
    memchr::memmem::find_iter(around, MARK.as_bytes()).any(|mark| {
        let mark = from + mark;
        let close = text[mark..].iter().take(LONGEST).position(|b| *b == b']');
        let end = mark + close.map_or(MARK.len(), |n| n + 1);
        mark < range.end && end > range.start
    })
}

/// Whether the line that the range begins or ends in says that it may be shown.
fn is_allowed(text: &str, range: &Range<usize>) -> bool {
    const MAX_LINE: usize = 2000;
    let bytes = text.as_bytes();
    let line = |at: usize| {
        let from = at.saturating_sub(MAX_LINE);
        let start = memchr::memrchr(b'\n', &bytes[from..at]).map_or(from, |n| from + n + 1);
        let to = bytes.len().min(at + MAX_LINE);
        let end = memchr::memchr(b'\n', &bytes[at..to]).map_or(to, |n| at + n);
        &bytes[start..end]
    };
    let says = |line: &[u8]| {
        let has = |word: &[u8]| memchr::memmem::find(line, word).is_some();
        has(b"ctxpack:allow") || has(b"gitleaks:allow")
    };
    says(line(range.start)) || says(line(range.end))
}

/// How far before a word its expression begins to look.
const BEFORE: usize = 256;
/// And how far behind it, at least.
const BEHIND: usize = 600;
/// The longest value behind a name.
const MAX_VALUE: usize = 4096;
/// How many times the text's length a rule may look at, word by word; beyond it looks at the whole text once.
const MAX_SPENT: usize = 8;

/// One look at one text.
struct Look<'a> {
    path: Option<&'a str>,
    text: &'a str,
    hits: Vec<Hit>,
    /// For each rule how many bytes it looked at; `usize::MAX` where it has seen all.
    spent: Vec<usize>,
    /// And where what it found last ends: what is before has been judged.
    judged: Vec<usize>,
    /// Where the last key ends: words inside are of it.
    key_end: usize,
    /// Where the last Secret of Kubernetes ends.
    object_end: usize,
    /// The last run of characters of tokens that was measured.
    run: Range<usize>,
}

impl<'a> Look<'a> {
    fn new(path: Option<&'a str>, text: &'a str) -> Self {
        Self {
            path,
            text,
            hits: Vec::new(),
            spent: Vec::new(),
            judged: Vec::new(),
            key_end: 0,
            object_end: 0,
            run: 0..0,
        }
    }

    fn hits(mut self) -> Vec<Hit> {
        let text = self.text.as_bytes();
        let mut named_at = (usize::MAX, [None; 5]);
        WORDS.each(text, |a_use, word| match a_use {
            Use::Rule(idx, exact) => {
                let rule = &RULES[idx];
                let is_bounded = !rule.bounded || before_word(text, word.start).is_some();
                if !is_bounded || exact.is_some_and(|exact| text[word.clone()] != *exact.as_bytes())
                {
                    return;
                }
                if let Shape::Find(_) = rule.shape {
                    self.around(idx, word.clone());
                    return;
                }
                if named_at.0 != word.end {
                    let [a, b, c, d] = assigned::values(text, word.end);
                    let below = assigned::listed_below(text, word.end);
                    named_at = (word.end, [a, b, c, d, below]);
                }
                for value in named_at.1.into_iter().flatten() {
                    self.value(idx, word.start, value);
                }
            }
            Use::Key if word.start >= self.key_end => {
                if let Some(range) = shapes::key(text, word.end) {
                    self.key_end = range.end;
                    self.hits.push(Hit {
                        rank: 0,
                        kind: KEY,
                        range,
                    });
                }
            }
            Use::Putty if word.start >= self.key_end => {
                if let Some(range) = shapes::putty(text, word.start) {
                    self.key_end = range.end;
                    self.hits.push(Hit {
                        rank: 0,
                        kind: PUTTY,
                        range,
                    });
                }
            }
            Use::Url => {
                if let Some(range) = shapes::login(text, word.end) {
                    self.hits.push(Hit {
                        rank: 0,
                        kind: URL,
                        range,
                    });
                }
            }
            Use::Kubernetes if word.start >= self.object_end && shapes::is_manifest(self.path) => {
                let (values, end) = shapes::kubernetes(text, word.start);
                self.object_end = end;
                self.hits.extend(values.into_iter().map(|range| Hit {
                    rank: 2,
                    kind: KUBERNETES,
                    range,
                }));
            }
            Use::Key | Use::Putty | Use::Kubernetes => {}
        });
        self.hits
    }

    /// Whether the value at `at`, of the name around `name`, is a secret of the rule.
    fn value(&mut self, idx: usize, name: usize, at: usize) {
        let text = self.text.as_bytes();
        let rest = &text[at.min(text.len())..text.len().min(at + MAX_VALUE)];
        let is_end = |b: &u8| b.is_ascii_whitespace() || b"'\"`".contains(b);
        if rest.iter().take(8).any(is_end) || rest.len() < 8 || !rules::is_for(idx, self.path) {
            return;
        }
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
        let name = name
            - text[..name]
                .iter()
                .rev()
                .take(50)
                .take_while(|b| is_name(b))
                .count();
        let close = assigned::closer(text, name, at);
        let end = close.and_then(|close| memchr::memmem::find(rest, close));
        let Some(found) = rules::regex(idx)
            .and_then(|regex| regex.captures(&rest[..end.unwrap_or(rest.len())]))
            .and_then(|groups| groups.get(1))
        else {
            return;
        };
        if harmless::is_secret(idx, found.as_bytes(), &text[name..at], self.path) {
            let rank = match RULES[idx].check {
                Check::None => 2,
                _ => 3,
            };
            self.hits.push(Hit {
                rank,
                kind: RULES[idx].id,
                range: at..at + found.end(),
            });
        }
    }

    /// Looks for a rule around one of its words.
    fn around(&mut self, idx: usize, word: Range<usize>) {
        if self.spent.is_empty() {
            self.spent.resize(RULES.len(), 0);
            self.judged.resize(RULES.len(), 0);
        }
        if self.spent[idx] == usize::MAX {
            return;
        }
        if self.spent[idx] == 0 && !rules::is_for(idx, self.path) {
            self.spent[idx] = usize::MAX;
            return;
        }
        let len = self.text.len();
        let run_end = self.run_end(word.end);
        // what begins here is too short; what begins elsewhere is looked at there
        if word.len() + (self.run.end - word.end) < RULES[idx].least {
            return;
        }
        let mut from = word.start;
        if RULES[idx].starts {
            from -= before_word(self.text.as_bytes(), from).unwrap_or(0);
        } else {
            from = from.saturating_sub(BEFORE);
        }
        let mut to = run_end.max(len.min(word.end + BEHIND));
        self.spent[idx] += to - from;
        if self.spent[idx] > MAX_SPENT * len + (64 << 10) {
            self.spent[idx] = usize::MAX;
            (from, to) = (0, len);
        }
        let Some(regex) = rules::regex(idx) else {
            return;
        };
        from = from.max(self.judged[idx]);
        while from < to {
            let Some(groups) = regex.captures_at(&self.text.as_bytes()[..to], from) else {
                return;
            };
            let Some(whole) = groups.get(0) else {
                return;
            };
            // what ends with the window may go on behind it
            if whole.end() == to && to < len {
                to = len.min(to + (to - from).max(MAX_VALUE));
                continue;
            }
            let secret = match RULES[idx].group {
                Some(group) => groups.get(group),
                None => groups.iter().skip(1).flatten().next(),
            };
            let secret = secret.unwrap_or(whole);
            let name = &self.text.as_bytes()[whole.start()..secret.start()];
            if harmless::is_secret(idx, secret.as_bytes(), name, self.path)
                && !(RULES[idx].check == Check::Assigned
                    && harmless::is_borrowed(self.text.as_bytes(), &secret.range()))
            {
                self.hits.push(Hit {
                    rank: 1,
                    kind: RULES[idx].id,
                    range: secret.range(),
                });
            }
            from = secret.end().max(whole.start() + 1);
            self.judged[idx] = from;
        }
    }

    /// Where the run of characters of tokens ends that `at` is in.
    fn run_end(&mut self, at: usize) -> usize {
        if !(self.run.start <= at && at < self.run.end) {
            let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"_-+/=.%~:".contains(b);
            let rest = &self.text.as_bytes()[at..];
            self.run = at..at + rest.iter().take_while(|b| is_token(b)).count();
        }
        // one more, for what ends a token is part of some expressions
        self.text.len().min(self.run.end.max(at) + 2)
    }
}

/// How many bytes part what stands at `at` from the word before: an underscore, or an escape that ends with a letter (`\n`);
/// `None` where it is in the middle of a word.
fn before_word(text: &[u8], at: usize) -> Option<usize> {
    match text[..at] {
        [.., b'_'] => Some(1),
        [.., b'\\', b'n' | b'r' | b't'] => Some(2),
        [.., b] if b.is_ascii_alphanumeric() => None,
        _ => Some(0),
    }
}
