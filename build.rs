//! Lays the vocabularies and the character classes out as flat files that the binary embeds, so that counting tokens has no start-up;
//! and the rules for secrets as a table, so that looking for them has none either.

// The library reads with the same functions that write here; a layout written twice would drift.
#[path = "src/tokens/layout.rs"]
#[allow(dead_code)]
mod layout;

use layout::{LONGEST, MIDDLE, RANK_BITS, SHORT};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/tokens/layout.rs");
    println!("cargo::rerun-if-changed=src/guard/secrets");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    write_vocabulary(
        &out.join("o200k_base.vocabulary"),
        &tiktoken_rs::o200k_base()?,
    )?;
    write_vocabulary(
        &out.join("cl100k_base.vocabulary"),
        &tiktoken_rs::cl100k_base()?,
    )?;
    write_classes(&out.join("classes"))?;
    write_secret_rules(&out.join("secret_rules.rs"))
}

/// A number for all that the files of a folder say: FNV-1a, for nobody gains by two that are alike.
fn edition(folder: &Path) -> Result<u64, Failure> {
    let entries = std::fs::read_dir(folder)?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_, std::io::Error>>()?;
    paths.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for path in paths {
        for byte in std::fs::read(path)? {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(hash)
}

/// Writes the rules of `src/guard/secrets/` as the table `RULES`.
fn write_secret_rules(path: &Path) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for name in ["ours.toml", "ways.toml", "gitleaks.toml"] {
        let text = std::fs::read_to_string(Path::new("src/guard/secrets").join(name))?;
        let rules: toml::Table = text.parse()?;
        for (id, rule) in &rules {
            let row = secret_rule(id, rule)
                .ok_or_else(|| format!("{name}: the rule `{id}` lacks a part"))?;
            rows.push(row);
        }
    }
    let table = format!(
        "/// Changes with the rules and the code that applies them.\npub static EDITION: &str = \"{:016x}\";\n\
         /// All rules, sorted by file and name.\npub(super) static RULES: &[Rule; {}] = &[\n{}];\n",
        edition(Path::new("src/guard/secrets"))?,
        rows.len(),
        rows.concat()
    );
    Ok(std::fs::write(path, table)?)
}

/// A row of the table; `None` where the rule says too little.
fn secret_rule(id: &str, rule: &toml::Value) -> Option<String> {
    let list = |key: &str| -> Vec<&str> {
        let values = rule.get(key).and_then(toml::Value::as_array);
        values
            .into_iter()
            .flatten()
            .filter_map(toml::Value::as_str)
            .collect()
    };
    let text = |key: &str| rule.get(key).and_then(toml::Value::as_str);
    let (words, shape, found) = match text("find") {
        Some(find) => {
            // what ends a token: anything that could not go on as one
            let find = find.replace("{end}", r"(?:[^A-Za-z0-9+/=]|$)");
            (list("words"), format!("Find({find:?})"), find)
        }
        None => (
            list("after"),
            format!("After({:?})", text("value")?),
            String::new(),
        ),
    };
    let check = match text("check") {
        None => "None",
        Some("generic") => "Generic",
        Some("password") => "Password",
        Some("assigned") => "Assigned",
        Some("quoted") => "Quoted",
        Some("login") => "Login",
        Some(_) => return None,
    };
    let (literal, is_bounded) = first_literal(&found);
    let agrees = |word: &str| {
        let pair = literal.bytes().zip(word.bytes());
        !literal.is_empty() && pair.into_iter().all(|(a, b)| a.eq_ignore_ascii_case(&b))
    };
    let starts = words.iter().all(|word| agrees(word));
    let plain = found.replace('\\', "");
    let folds_at = plain.find("(?i").unwrap_or(plain.len());
    let is_exact = |word: &&str| plain.find(*word).is_some_and(|at| at < folds_at);
    let says_exact = rule.get("exact").and_then(toml::Value::as_bool);
    let exact = says_exact.unwrap_or(!found.is_empty() && words.iter().all(is_exact));
    let least = match found.as_str() {
        "" => 0,
        found => least(found, &words, exact).unwrap_or(0),
    };
    let entropy = rule
        .get("entropy")
        .and_then(toml::Value::as_float)
        .unwrap_or(2.0);
    let group = rule.get("group").and_then(toml::Value::as_integer);
    (!words.is_empty() && !list("yes").is_empty() && !list("no").is_empty()).then(|| {
        format!(
            "    Rule {{ id: {id:?}, words: &{words:?}, shape: Shape::{shape}, entropy: {entropy:?}, group: {group:?}, path: {:?}, \
             unless: {:?}, allow: &{:?}, check: Check::{check}, starts: {starts}, bounded: {}, exact: {exact}, least: {least} }},\n",
            text("path"),
            text("unless"),
            list("allow"),
            starts && is_bounded,
        )
    })
}

/// The characters that every match of `expression` begins with, as far as they can be read off, and whether a word begins there.
fn first_literal(expression: &str) -> (String, bool) {
    let (mut rest, mut is_bounded) = (expression, false);
    while let Some(shorter) = ["(?i)", r"\b", "(?:", "("]
        .iter()
        .find_map(|open| rest.strip_prefix(open))
    {
        is_bounded |= rest.starts_with(r"\b");
        rest = shorter;
    }
    let mut literal = String::new();
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek().is_some_and(char::is_ascii_punctuation) => {
                literal.extend(chars.next())
            }
            '?' | '*' | '{' => {
                literal.pop();
                break;
            }
            c if "\\([.^$|+)".contains(c) => break,
            c => literal.push(c),
        }
    }
    is_bounded &= literal.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    (literal, is_bounded)
}

/// Where every match of `expression` begins with one of `words`: how many characters of tokens it begins with at least. Where fewer stand,
/// nobody has to look.
fn least(expression: &str, words: &[&str], exact: bool) -> Option<usize> {
    use regex_syntax::hir::literal::Extractor;
    let mut parser = regex_syntax::ParserBuilder::new();
    let hir = parser
        .unicode(false)
        .utf8(false)
        .build()
        .parse(expression)
        .ok()?;
    let begins = |literal: &[u8], word: &str| {
        let start = literal.get(..word.len());
        start.is_some_and(|start| match exact {
            true => start == word.as_bytes(),
            false => start.eq_ignore_ascii_case(word.as_bytes()),
        })
    };
    let literals = Extractor::new().extract(&hir);
    let mut literals = literals.literals()?.iter();
    let is_led = literals.all(|it| words.iter().any(|word| begins(it.as_bytes(), word)));
    is_led.then(|| leading(&hir).0)
}

/// How many characters of tokens all that `hir` matches begins with at least, and whether it consists of such.
fn leading(hir: &regex_syntax::hir::Hir) -> (usize, bool) {
    use regex_syntax::hir::{Class, HirKind};
    // as in `run_end` of src/guard/secrets/mod.rs
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"_-+/=.%~:".contains(b);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (0, true),
        HirKind::Literal(literal) => {
            let n = literal.0.iter().take_while(|b| is_token(b)).count();
            (n, n == literal.0.len())
        }
        HirKind::Class(class) => {
            let is_all = match class {
                Class::Bytes(class) => class
                    .ranges()
                    .iter()
                    .all(|it| (it.start()..=it.end()).all(|b| is_token(&b))),
                Class::Unicode(_) => false,
            };
            (usize::from(is_all), is_all)
        }
        HirKind::Repetition(it) => match leading(&it.sub) {
            (n, true) => (n * it.min as usize, true),
            (n, false) => (if it.min > 0 { n } else { 0 }, false),
        },
        HirKind::Capture(it) => leading(&it.sub),
        HirKind::Concat(parts) => {
            let mut sum = 0;
            for part in parts {
                let (n, is_all) = leading(part);
                sum += n;
                if !is_all {
                    return (sum, false);
                }
            }
            (sum, true)
        }
        HirKind::Alternation(parts) => {
            let parts = parts.iter().map(leading);
            parts
                .reduce(|a, b| (a.0.min(b.0), a.1 && b.1))
                .unwrap_or((0, false))
        }
    }
}

/// Writes every ordinary token of `bpe` as [`layout`] describes.
fn write_vocabulary(path: &Path, bpe: &tiktoken_rs::CoreBPE) -> Result<(), Failure> {
    let special = bpe.special_tokens();
    // A vocabulary may skip a rank, but the special tokens follow within a few dozen: a gap of a thousand is its end.
    let (mut tokens, mut rank, mut gap) = (Vec::new(), 0, 0);
    while gap < 1000 {
        match bpe.decode_bytes(&[rank]) {
            Ok(token) if !special.iter().any(|text| text.as_bytes() == token) => {
                tokens.push((token, rank));
                gap = 0;
            }
            _ => gap += 1,
        }
        rank += 1;
    }
    let n_ranks = tokens.last().map_or(0, |(_, rank)| rank + 1);

    let (mut short, mut middle, mut long) = (Vec::new(), Vec::new(), Vec::new());
    let mut bytes: Vec<u8> = Vec::new();
    for (token, rank) in &tokens {
        let len = token.len();
        assert!(
            len > 0 && len <= LONGEST && rank >> RANK_BITS == 0,
            "token {rank} does not fit the layout"
        );
        let value = ((len as u32) << RANK_BITS | rank).to_le_bytes();
        let mut key = [0; MIDDLE];
        if len <= MIDDLE {
            key[..len].copy_from_slice(token);
        }
        let hash = layout::hash_key(u128::from_le_bytes(key), len);
        if len <= SHORT {
            short.push((hash, [&key[..SHORT], &value].concat()));
        } else if len <= MIDDLE {
            middle.push((hash, [&key[..], &value].concat()));
        } else {
            let start = u32::try_from(bytes.len())?.to_le_bytes();
            long.push((layout::hash_long(token), [start, value].concat()));
            bytes.extend(token);
        }
    }

    let mut file = n_ranks.to_le_bytes().to_vec();
    let mut tables = Vec::new();
    for entries in [short, middle, long] {
        let (displacements, slots) = perfect(&entries);
        file.extend(u32::try_from(displacements.len())?.to_le_bytes());
        file.extend(u32::try_from(slots.len())?.to_le_bytes());
        tables.extend(
            displacements
                .iter()
                .flat_map(|displacement| displacement.to_le_bytes()),
        );
        tables.extend(slots.concat());
    }
    file.extend(tables);
    file.extend(bytes);
    Ok(std::fs::write(path, file)?)
}

/// Places each (hash, slot content) alone in a slot: the fullest buckets first, each with the least displacement
/// that sends all its entries to free slots ("hash, displace, and compress", Belazzougui, Botelho & Dietzfelbinger 2009).
fn perfect(entries: &[(u64, Vec<u8>)]) -> (Vec<u16>, Vec<Vec<u8>>) {
    // Four entries a bucket and one slot in ten free: displacements stay far below 2^16 and are found in a fraction of a second.
    let n_buckets = entries.len() / 4 + 1;
    let n_slots = entries.len() * 10 / 9 + 1;
    let mut buckets = vec![Vec::new(); n_buckets];
    for (entry_idx, (hash, _)) in entries.iter().enumerate() {
        buckets[layout::bucket(*hash, n_buckets)].push(entry_idx);
    }
    let mut order: Vec<usize> = (0..n_buckets).collect();
    order.sort_by_key(|&bucket_idx| (std::cmp::Reverse(buckets[bucket_idx].len()), bucket_idx));

    let mut displacements = vec![0; n_buckets];
    let mut taken: Vec<Option<usize>> = vec![None; n_slots];
    for bucket_idx in order {
        let bucket = &buckets[bucket_idx];
        let place = |displacement| -> Vec<usize> {
            bucket
                .iter()
                .map(|&entry_idx| layout::slot(entries[entry_idx].0, displacement, n_slots))
                .collect()
        };
        let displacement = (0..=u16::MAX)
            .find(|&displacement| {
                let places = place(displacement);
                places.iter().enumerate().all(|(i, slot)| taken[*slot].is_none() && !places[..i].contains(slot))
            })
            .expect("a displacement below 2^16 for each bucket; if tokens change, give `perfect` more slots");
        displacements[bucket_idx] = displacement;
        for (slot, entry_idx) in place(displacement).into_iter().zip(bucket) {
            taken[slot] = Some(*entry_idx);
        }
    }
    let empty = vec![0; entries.first().map_or(0, |(_, content)| content.len())];
    let slots = taken
        .into_iter()
        .map(|entry_idx| entry_idx.map_or_else(|| empty.clone(), |i| entries[i].1.clone()));
    (displacements, slots.collect())
}

/// Writes what the pre-tokenization patterns ask of each character: for each block of 256 characters the number of
/// its page (one byte), then the pages, one byte of class bits a character.
///
/// The classes are read out of `regex-syntax`, the parser beneath the engine that tiktoken-rs uses, so that both
/// know the same version of Unicode; a crate of categories may know a newer one and differ on new letters.
fn write_classes(path: &Path) -> Result<(), Failure> {
    let mut classes = vec![0_u8; 0x11_0000];
    for (bit, class) in [
        (layout::UPPER, r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"),
        (layout::LOWER, r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"),
        (layout::LETTER, r"\p{L}"),
        (layout::NUMBER, r"\p{N}"),
        (layout::SPACE, r"\s"),
        (layout::NEWLINE, r"[\r\n]"),
        (layout::PREFIX, r"[^\r\n\p{L}\p{N}]"),
        (layout::PUNCTUATION, r"[^\s\p{L}\p{N}]"),
    ] {
        let hir = regex_syntax::parse(class)?;
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(ranges)) =
            hir.kind()
        else {
            return Err(format!("{class} is not a class of characters").into());
        };
        for range in ranges.ranges() {
            for class in &mut classes[range.start() as usize..=range.end() as usize] {
                *class |= bit;
            }
        }
    }
    let (mut index, mut pages) = (Vec::new(), Vec::<u8>::new());
    let mut known = HashMap::new();
    for page in classes.chunks(256) {
        let next = known.len();
        let number = *known.entry(page).or_insert_with(|| {
            pages.extend(page);
            next
        });
        index.push(u8::try_from(number)?);
    }
    index.extend(pages);
    Ok(std::fs::write(path, index)?)
}
