//! What a lock says of a bundle: enough to tell whether it is still what would be packed, and what changed; none of its text.
//!
//! The hash of the whole text would tell as much in one line, and would be in conflict between any two branches.

use crate::emit::Bundle;
use crate::lock::Lock;
use crate::request::{Budget, Kind};
use std::collections::{BTreeMap, BTreeSet};
use twox_hash::XxHash3_64;

/// What a bundle is made for.
#[derive(Debug, Clone, Copy)]
pub struct Made<'a> {
    /// Its name.
    pub name: &'a str,
    /// The most that it may hold.
    pub budget: Budget,
    /// Its task.
    pub task: &'a str,
}

/// Replaces what `lock` says of the bundle `made.name` by what `bundle` is.
pub fn record(lock: &mut Lock, made: Made<'_>, bundle: &Bundle) {
    lock.remove(&["bundle", made.name]);
    let mut add = |words: &[&str]| lock.add(["bundle", made.name].iter().chain(words).copied());
    let (most, unit) = match made.budget {
        Budget::Tokens(n) => (n, "tokens"),
        Budget::Characters(n) => (n, "characters"),
        Budget::Bytes(n) => (n, "bytes"),
    };
    add(&["budget", &most.to_string(), unit]);
    add(&["format", bundle.format.as_str()]);
    add(&["task", &hash(made.task)]);
    let tokens = bundle.tokens.to_string();
    add(&["tokens", &tokens, bundle.account.tokenizer]);
    let mut kinds: BTreeMap<Kind, (usize, usize)> = BTreeMap::new();
    let mut items: BTreeMap<&str, Vec<[String; 3]>> = BTreeMap::new();
    for item in &bundle.account.items {
        let kind = kinds.entry(item.kind).or_default();
        kind.0 += 1;
        kind.1 += item.tokens;
        let lines = item.rendering.as_str().to_owned();
        items
            .entry(&item.id)
            .or_default()
            .push([lines, item.tokens.to_string(), hash(&item.text)]);
    }
    for (kind, (n, tokens)) in kinds {
        add(&[
            "kind",
            kind.as_str(),
            &n.to_string(),
            "tokens",
            &tokens.to_string(),
        ]);
    }
    for (id, each) in items {
        for [rendering, tokens, hash] in each {
            add(&["item", id, &rendering, &tokens, &hash]);
        }
    }
}

/// Sixteen hexadecimal digits that tell texts apart that were not made to be mistaken for one another.
pub(crate) fn hash(text: &str) -> String {
    format!("{:016x}", XxHash3_64::oneshot(text.as_bytes()))
}

/// The names of the bundles that a lock knows.
pub fn names(lock: &Lock) -> BTreeSet<&str> {
    let lines = lock.behind(&["bundle"]);
    lines
        .filter_map(|words| words.first().map(String::as_str))
        .collect()
}

/// How `new` differs from `old` about the bundle `name`, in a few words; `None` where it does not.
pub fn difference(name: &str, old: &Lock, new: &Lock) -> Option<String> {
    let start = ["bundle", name];
    let all = |lock: &Lock| -> BTreeSet<Vec<String>> {
        lock.behind(&start).map(<[String]>::to_vec).collect()
    };
    let (old, new) = (all(old), all(new));
    if old == new {
        return None;
    }
    if old.is_empty() {
        return Some("the lock does not know it".to_owned());
    }
    let lines = || old.symmetric_difference(&new);
    let ids: BTreeSet<&str> = lines()
        .filter(|words| words.first().is_some_and(|word| word == "item"))
        .filter_map(|words| words.get(1).map(String::as_str))
        .collect();
    let shown: Vec<&str> = ids
        .iter()
        .take(3)
        .map(|id| id.split_once(':').map_or(*id, |(_, path)| path))
        .collect();
    if !ids.is_empty() {
        let more = match ids.len() - shown.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        return Some(format!("other than locked: {}{more}", shown.join(", ")));
    }
    let keys: BTreeSet<&str> = lines()
        .filter_map(|words| words.first().map(String::as_str))
        .collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    Some(format!("other than locked: {}", keys.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: &str, new: &str, expected: Option<&str>) {
        let parse = |text: &str| Lock::parse(text).unwrap();
        let found = difference("a", &parse(old), &parse(new));
        assert_eq!(found.as_deref(), expected);
    }

    #[test]
    fn differences_name_what_changed() {
        let item = |id: &str, hash: &str| format!("bundle a item file:{id} full 1 {hash}\n");
        check("", "bundle b tokens 1\n", None);
        check("", "bundle a tokens 1\n", Some("the lock does not know it"));
        check(
            "bundle a tokens 1\n",
            "bundle a tokens 2\n",
            Some("other than locked: tokens"),
        );
        check(&item("x", "1"), &item("x", "1"), None);
        check(
            &item("x", "1"),
            &item("x", "2"),
            Some("other than locked: x"),
        );
        let many: String = ["p", "q", "r", "s"].map(|id| item(id, "1")).concat();
        check(
            &item("x", "1"),
            &many,
            Some("other than locked: p, q, r and 2 more"),
        );
    }

    #[test]
    fn names_of_bundles() {
        let lock = Lock::parse("bundle b x\nbundle a y\ncheck c z\n").unwrap();
        assert_eq!(names(&lock).into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
