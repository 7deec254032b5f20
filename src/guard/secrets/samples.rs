//! Every rule against its own samples: what it must find, and what no rule may.
//!
//! Samples are templates, expanded the same way each time, so that no file here holds what a scanner takes for a leak.

use super::look;
use super::rules::{RULES, Shape, compile};
use base64::Engine as _;

/// A small generator of numbers: samples must be random to the eye, and the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n
    }
}

fn alphabet(name: &str) -> &'static str {
    match name {
        "alnum" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "word" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-",
        "lower" => "abcdefghijklmnopqrstuvwxyz0123456789",
        "upper" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
        "letter" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "UPPER" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "hex" => "0123456789abcdef",
        "HEX" => "0123456789ABCDEF",
        "digit" => "0123456789",
        "base64" => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "base32" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "base58" => "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
        "nostr" => "qpzry9x8gf2tvdw0s3jn54khce6mua7l",
        "pat" => "abcdefghijklmnopqrstuvwxyz234567",
        "bech32" => "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
        "same" => "a",
        _ => "",
    }
}

/// A sample with its places filled.
pub(super) fn expand(template: &str) -> String {
    let seed = template.bytes().fold(0x9e37_79b9_7f4a_7c15_u64, |seed, b| {
        (seed ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut random = Random(seed | 1);
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        rest = after;
        let filled = after.split_once('>').and_then(|(inner, tail)| {
            if let Some(login) = inner.strip_prefix("login:") {
                return Some((
                    base64::engine::general_purpose::STANDARD.encode(login),
                    tail,
                ));
            }
            let (name, n) = inner.split_once(':')?;
            let (alphabet, n) = (alphabet(name).as_bytes(), n.parse::<usize>().ok()?);
            let draw = |_| char::from(alphabet[random.below(alphabet.len())]);
            (!alphabet.is_empty()).then(|| ((0..n).map(draw).collect(), tail))
        });
        match filled {
            Some((filled, tail)) => {
                out.push_str(&filled);
                rest = tail;
            }
            None => out.push('<'),
        }
    }
    out + rest
}

/// Where a rule that is for some files finds its samples.
fn path_for(path: Option<&str>) -> Option<&'static str> {
    let all = [
        "a.php",
        "main.tf",
        "nuget.config",
        "x.yaml",
        "dev.env",
        "build.gradle",
        "Dockerfile",
        "dump.sql",
    ];
    let is_for = |name: &&&str| {
        let regex = path.and_then(|path| compile(path).ok());
        regex.is_some_and(|regex| regex.is_match(name.as_bytes()))
    };
    all.iter().find(is_for).copied()
}

fn rules(text: &str) -> toml::Table {
    text.parse().unwrap()
}

fn list(rule: &toml::Value, key: &str) -> Vec<String> {
    let values = rule.get(key).and_then(toml::Value::as_array).unwrap();
    values
        .iter()
        .map(|value| expand(value.as_str().unwrap()))
        .collect()
}

#[test]
fn every_rule_compiles() {
    for (idx, rule) in RULES.iter().enumerate() {
        let (Shape::Find(text) | Shape::After(text)) = rule.shape;
        if let Err(error) = compile(text) {
            panic!("{}: {error}", rule.id);
        }
        assert!(super::rules::regex(idx).is_some(), "{}", rule.id);
        for text in rule
            .allow
            .iter()
            .copied()
            .chain(rule.path)
            .chain(rule.unless)
        {
            assert!(compile(text).is_ok(), "{}: {text}", rule.id);
        }
        assert!(rule.path.is_none() || rule.unless.is_none(), "{}", rule.id);
        assert!(rule.words.iter().all(|word| word.len() > 1), "{}", rule.id);
    }
}

/// What a rule must find, it must find itself, whatever others do; what it must leave, another may know better.
#[track_caller]
fn check(text: &str) {
    let mut wrong = Vec::new();
    for (id, rule) in rules(text) {
        let path = path_for(rule.get("path").and_then(toml::Value::as_str));
        let kinds = |text: &str| -> Vec<&str> {
            let hits = super::Look::new(path, text).hits();
            hits.iter().map(|hit| hit.kind).collect()
        };
        for sample in list(&rule, "yes") {
            let is_found = kinds(&sample).contains(&id.as_str()) && !look(path, &sample).is_empty();
            if !is_found {
                wrong.push(format!("{id} misses {sample}"));
            }
        }
        for sample in list(&rule, "no") {
            if kinds(&sample).contains(&id.as_str()) {
                wrong.push(format!("{id} finds {sample}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn our_rules_find_and_leave_what_they_must() {
    check(include_str!("ours.toml"));
}

#[test]
fn our_rules_for_ways_find_and_leave_what_they_must() {
    check(include_str!("ways.toml"));
}

#[test]
fn the_rules_of_gitleaks_find_and_leave_what_they_must() {
    check(include_str!("gitleaks.toml"));
}

#[test]
fn samples_are_the_same_each_time() {
    assert_eq!(expand("a<same:3><b"), "aaaa<b");
    assert_eq!(expand("<alnum:8>"), expand("<alnum:8>"));
    assert_ne!(expand("<alnum:8>1"), expand("<alnum:8>2"));
}
