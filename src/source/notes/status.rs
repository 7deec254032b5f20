//! Whether a note still holds: its own status, and what other notes say of it.
//!
//! Only what somebody wrote down counts: a status word, `superseded by`, `supersedes`, strike-through, a ticked box. In a
//! pair usually one side alone is kept up, so both directions are read. Guessing contradictions from wording is not
//! done here.

use super::{Atom, DateSource, date};
use rustc_hash::{FxHashMap, FxHashSet};

/// The status written in a text: front matter's, a `Status:` line's, or the word under a `## Status` heading; lower case.
pub fn written(lines: &[&str], front: Option<&str>) -> String {
    if let Some(status) = front {
        return word(status);
    }
    let mut after_heading = false;
    for line in lines.iter().take(60) {
        let bare = line.trim().trim_start_matches(['#', '*', '-', '_', ' ']);
        let lower = bare.to_lowercase();
        let is_heading = line.trim_start().starts_with('#');
        if let Some(rest) = lower.strip_prefix("status") {
            let rest = rest.trim_start_matches(['*', '_', ' ']);
            if let Some(rest) = rest.strip_prefix(':') {
                return word(rest);
            }
            if is_heading && rest.is_empty() {
                after_heading = true;
                continue;
            }
        }
        if after_heading && !bare.is_empty() {
            return if is_heading {
                String::new()
            } else {
                word(bare)
            };
        }
    }
    String::new()
}

/// The status words that are known; anything else (`{proposed | accepted}`) is none.
const WORDS: &[&str] = &[
    "superseded",
    "deprecated",
    "rejected",
    "accepted",
    "proposed",
    "obsolete",
    "draft",
    "open",
    "approved",
    "replaced",
];

fn word(text: &str) -> String {
    let text = text
        .trim()
        .trim_start_matches(['*', '_', '"', '\'', '~', ' '])
        .to_lowercase();
    let first: String = text.chars().take_while(|c| c.is_alphabetic()).collect();
    if WORDS.contains(&first.as_str()) {
        first
    } else {
        String::new()
    }
}

/// Whether a status says that the note no longer holds. A rejected decision still holds: it says what not to do.
pub fn is_over(status: &str) -> bool {
    matches!(
        status,
        "superseded" | "deprecated" | "obsolete" | "replaced"
    )
}

/// Whether a heading or the start of an atom says that it is superseded: `... — superseded by D-002`, `(deprecated)`.
pub fn says_superseded(text: &str) -> bool {
    const WORDS: [&str; 3] = ["superseded", "deprecated", "obsolete"];
    if !WORDS.iter().any(|word| may_say(text, word)) {
        return false;
    }
    let text = text.trim().to_lowercase();
    let is_by = |rest: &str| {
        rest.strip_prefix(" by")
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let opens = |word: &str| {
        let head = text.trim_start_matches(|c: char| !c.is_alphanumeric());
        head.strip_prefix(word).is_some_and(|rest| {
            let rest = rest.trim_start_matches(['*', '_', ']', ')']);
            is_by(rest) || rest.starts_with(':') || rest.trim().is_empty()
        })
    };
    WORDS.iter().any(|word| {
        opens(word)
            || text.match_indices(word).any(|(at, _)| {
                let before = text[..at].trim_end();
                let after = &text[at + word.len()..];
                let after = after.trim_start_matches([')', ']', '*', '_', '.']);
                before.ends_with(['—', '–', '-', ':', '(', '[', '*', '_'])
                    && (after.is_empty() || is_by(after))
            })
    })
}

/// Whether `word` stands in `text`, in either case. Of its letters no other character is another case: neither `k` nor `i` is among them.
fn may_say(text: &str, word: &str) -> bool {
    // the rarest of all letters that the words here have
    let Some(rare) = word.bytes().position(|b| matches!(b, b'p' | b'b')) else {
        return true;
    };
    let (bytes, byte) = (text.as_bytes(), word.as_bytes()[rare]);
    memchr::memchr2_iter(byte, byte.to_ascii_uppercase(), bytes).any(|at| {
        let from = at.checked_sub(rare);
        let there = from.and_then(|from| bytes.get(from..from + word.len()));
        there.is_some_and(|there| there.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// Whether an atom is done with: its box is ticked and no box below it is open, or all of it is struck through.
pub fn is_done(text: &str) -> bool {
    let head = text.trim_start_matches(|c: char| {
        c.is_whitespace() || "-*+•".contains(c) || c.is_ascii_digit()
    });
    let head = head.trim_start_matches([')', '.', ' ']);
    let is_ticked = head.starts_with("[x]") || head.starts_with("[X]");
    let body = head.trim();
    let is_struck = body
        .strip_prefix("~~")
        .and_then(|rest| rest.strip_suffix("~~"))
        .is_some_and(|inner| !inner.is_empty() && !inner.contains("~~"));
    is_struck || (is_ticked && !text.contains("[ ]"))
}

/// The names by which other notes refer to one, in a normal form: ids without leading zeros, words joined by dashes.
pub fn key(name: &str) -> String {
    let name = name.trim().trim_start_matches("./");
    let name = name.rsplit('/').next().unwrap_or(name);
    let name = name.split('#').next().unwrap_or(name);
    let name = name.strip_suffix(".md").unwrap_or(name).to_lowercase();
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &name[digits..];
    if (1..=5).contains(&digits)
        && (rest.is_empty() || rest.starts_with(['-', '_', '.']))
        && !is_date(&name)
    {
        return format!("adr-{}", number(&name[..digits]));
    }
    if let Some((letters, digits)) = name.split_once('-')
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        return format!("{letters}-{}", number(digits));
    }
    name.replace(['_', ' '], "-")
}

fn is_date(name: &str) -> bool {
    super::date::opening(name).is_some()
}

fn number(digits: &str) -> &str {
    let bare = digits.trim_start_matches('0');
    if bare.is_empty() { "0" } else { bare }
}

/// How often one cue is looked for in one atom, and how far behind it names are: no text costs more than its length.
const MAX_CUES: usize = 20;
const MAX_REACH_BYTES: usize = 400;

/// The keys of what a text says it supersedes or replaces.
pub fn supersedes(text: &str) -> Vec<String> {
    const CUES: [&str; 3] = ["supersedes", "replaces", "obsoletes"];
    let mut keys = Vec::new();
    if !CUES.iter().any(|cue| may_say(text, cue)) {
        return keys;
    }
    let lower = text.to_lowercase();
    // Lower case may change the length of a text; then positions would lie.
    let lower = if lower.len() == text.len() {
        lower
    } else {
        text.to_owned()
    };
    behind(text, &lower, &CUES, &mut keys);
    keys
}

/// The keys of what a text says it is superseded or replaced by.
fn superseded_by(text: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let lower = text.to_ascii_lowercase();
    behind(text, &lower, &["superseded by", "replaced by"], &mut keys);
    keys
}

/// The keys that stand in the sentences behind cues; `lower` is the text in lower case, as long as it.
fn behind(text: &str, lower: &str, cues: &[&str], keys: &mut Vec<String>) {
    for cue in cues {
        for (at, _) in lower.match_indices(cue).take(MAX_CUES) {
            let rest = &text[at + cue.len()..];
            let rest = &rest[..rest.floor_char_boundary(MAX_REACH_BYTES)];
            let end = rest.find('\n').unwrap_or(rest.len());
            references(first_sentence(&rest[..end]), keys);
        }
    }
}

/// A line up to the full stop that ends a sentence; one inside brackets (`[4. Locks](4.md)`) ends none.
fn first_sentence(line: &str) -> &str {
    let mut depth = 0_i32;
    for (at, c) in line.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            '.' if depth <= 0 && line[at + 1..].starts_with(' ') => return &line[..at],
            _ => {}
        }
    }
    line
}

/// The key of a day, by which an entry of a log is called: `the decision of 2026-07-20`.
fn day(at: i64) -> String {
    let moment = jiff::Timestamp::from_second(at);
    moment.map_or_else(
        |_| String::new(),
        |moment| moment.strftime("%Y-%m-%d").to_string(),
    )
}

/// The keys of all ids, days, `[[names]]` and links to notes in a text.
fn references(text: &str, keys: &mut Vec<String>) {
    let mut add = |key: String| {
        if !key.is_empty() && !keys.contains(&key) {
            keys.push(key);
        }
    };
    for part in text.split("[[").skip(1) {
        if let Some((name, _)) = part.split_once("]]") {
            add(key(name));
        }
    }
    for part in text.split("](").skip(1) {
        if let Some((target, _)) = part.split_once(')')
            && target.ends_with(".md")
        {
            add(key(target));
        }
    }
    for word in text.split(|c: char| c.is_whitespace() || "()[],;:".contains(c)) {
        let word = word.trim_end_matches('.');
        let is_id = word.split_once('-').is_some_and(|(letters, digits)| {
            (1..=5).contains(&letters.len())
                && letters.bytes().all(|b| b.is_ascii_alphabetic())
                && !digits.is_empty()
                && digits.bytes().all(|b| b.is_ascii_digit())
        });
        let is_file = word.ends_with(".md") && word.starts_with(|c: char| c.is_ascii_digit());
        if is_id || is_file {
            add(key(word));
        }
    }
    if let Some((at, _)) = date::find(text) {
        add(day(at));
    }
}

/// The pairs of atoms of which the first takes the place of the second, because one of them says so: by index, sorted, each once.
///
/// Notes refer to each other within one folder, and to entries of a log by their day within one note. Of two that supersede each other
/// the newer stays; with no dates to tell them apart both do. O(n).
pub fn replacements(atoms: &[Atom]) -> Vec<(usize, usize)> {
    if !atoms
        .iter()
        .any(|atom| atom.superseded || !atom.supersedes.is_empty())
    {
        return Vec::new();
    }
    let folder = |atom: &Atom| {
        atom.path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned()
    };
    let mut by_key: FxHashMap<(String, String), Vec<usize>> = FxHashMap::default();
    for (i, atom) in atoms.iter().enumerate() {
        for key in &atom.keys {
            by_key
                .entry((folder(atom), key.clone()))
                .or_default()
                .push(i);
        }
        if let Some((at, DateSource::Heading)) = atom.date {
            by_key
                .entry((atom.path.clone(), day(at)))
                .or_default()
                .push(i);
        }
    }
    // a note that names itself speaks of all of it; an entry that names a day speaks of another entry
    let called = |i: usize, key: &String| -> Vec<usize> {
        let atom = &atoms[i];
        let at = |place: String| {
            by_key
                .get(&(place, key.clone()))
                .into_iter()
                .flatten()
                .copied()
        };
        let is_other_note =
            |other: &usize| atoms[*other].path != atom.path || atoms[*other].keys != atom.keys;
        let is_other_entry = |other: &usize| atoms[*other].date != atom.date;
        let notes = at(folder(atom)).filter(is_other_note);
        notes
            .chain(at(atom.path.clone()).filter(is_other_entry))
            .collect()
    };
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    for (i, atom) in atoms.iter().enumerate() {
        for key in &atom.supersedes {
            for target in called(i, key) {
                let other = &atoms[target];
                let is_mutual = other.supersedes.iter().any(|key| atom.keys.contains(key));
                let moment = |atom: &Atom| {
                    atom.date
                        .filter(|(_, source)| *source != DateSource::Mtime)
                        .map(|(at, _)| at)
                };
                let is_newer = match (moment(atom), moment(other)) {
                    (Some(a), Some(b)) => a > b || (a == b && !is_mutual),
                    _ => !is_mutual,
                };
                if is_newer {
                    pairs.push((i, target));
                }
            }
        }
        if atom.superseded {
            let said = format!("{}\n{}", atom.heading.join("\n"), atom.text);
            let newer = superseded_by(&said);
            let newer = newer.iter().flat_map(|key| called(i, key));
            pairs.extend(newer.map(|newer| (newer, i)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    // each says that the other took its place: the newer stays, or the later of them
    let age = |i: usize| (atoms[i].date.map_or(i64::MIN, |(at, _)| at), i);
    let mutual = |pair: &(usize, usize)| pairs.binary_search(&(pair.1, pair.0)).is_ok();
    let kept = pairs.iter().copied();
    kept.filter(|pair| !mutual(pair) || age(pair.0) > age(pair.1))
        .collect()
}

/// Marks the atoms that others supersede.
///
/// Call it once with all atoms of a repository or a store. An index line that links to a superseded note is marked with it. O(n).
pub fn mark_superseded(atoms: &mut [Atom]) {
    let replacements = replacements(atoms);
    let mut over: Vec<usize> = replacements.iter().map(|(_, over)| *over).collect();
    for (newer, older) in &replacements {
        // it says that the older one took its place, which says the same of it
        if atoms[*newer].superseded && atoms[*older].superseded && !over.contains(newer) {
            let said = superseded_by(&atoms[*newer].text);
            atoms[*newer].superseded &= !said.iter().any(|key| atoms[*older].keys.contains(key));
        }
    }
    // `AGENTS.override.md` with something in it stands in for the `AGENTS.md` beside it.
    let overriding: FxHashSet<String> = atoms
        .iter()
        .filter_map(|atom| atom.path.strip_suffix(".override.md"))
        .map(|stem| format!("{stem}.md"))
        .collect();
    over.extend((0..atoms.len()).filter(|i| overriding.contains(&atoms[*i].path)));
    for i in over {
        atoms[i].superseded = true;
    }
    // Index lines: `- [Redis lock](project_redis_lock.md) — hook`, where all of that note is superseded.
    let mut holds: FxHashMap<&str, bool> = FxHashMap::default();
    for atom in atoms.iter() {
        *holds.entry(&atom.path).or_default() |= !atom.superseded;
    }
    let stale: Vec<usize> = (0..atoms.len())
        .filter(|i| {
            let atom = &atoms[*i];
            let is_index = atom.path.rsplit('/').next() == Some("MEMORY.md");
            let prefix = atom
                .path
                .rsplit_once('/')
                .map(|(folder, _)| format!("{folder}/"));
            is_index
                && link_target(&atom.text).is_some_and(|target| {
                    let path = format!("{}{target}", prefix.unwrap_or_default());
                    holds.get(path.as_str()) == Some(&false)
                })
        })
        .collect();
    for i in stale {
        atoms[i].superseded = true;
    }
}

/// The note that a list item's first link leads to.
pub fn link_target(text: &str) -> Option<&str> {
    let (_, rest) = text.lines().next()?.split_once("](")?;
    let (target, _) = rest.split_once(')')?;
    target.ends_with(".md").then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_that_name_each_other_one_holds() {
        let record = |path: &str, text: &str| super::super::atoms(path, text, None);
        let check = |dates: [&str; 2], expected: [bool; 2]| {
            let first = format!(
                "# 1. Use Redis\nStatus: superseded by [2](0002-b.md)\n{}",
                dates[0]
            );
            let second = format!(
                "# 2. Use Memcached\nStatus: superseded by [1](0001-a.md)\n{}",
                dates[1]
            );
            let mut atoms = record("docs/adr/0001-a.md", &first);
            atoms.extend(record("docs/adr/0002-b.md", &second));
            mark_superseded(&mut atoms);
            let over: Vec<bool> = atoms.iter().map(|atom| atom.superseded).collect();
            assert_eq!(over, expected, "{dates:?}");
        };
        check(["Date: 2026-03-01\n", "Date: 2026-04-01\n"], [true, false]);
        check(["Date: 2026-05-01\n", "Date: 2026-04-01\n"], [false, true]);
        check(["", ""], [true, false]);
    }

    #[test]
    fn four_spellings_of_status() {
        let check = |text: &str, expected: &str| {
            let lines: Vec<&str> = text.lines().collect();
            assert_eq!(written(&lines, None), expected, "{text}");
        };
        check(
            "# A\n\n## Status\n\nSuperseded by [7](7.md)\n",
            "superseded",
        );
        check("# A\n* Status: rejected", "rejected");
        check("**Status:** Proposed", "proposed");
        check("Status: accepted", "accepted");
        check("## Status\n\n{proposed | accepted}", "");
        check("## Status\n## Context\naccepted", "");
        check("statusbar: accepted", "");
        assert_eq!(written(&[], Some("superseded by ADR-0123")), "superseded");
    }

    #[test]
    fn superseded_is_said_as_a_status_only() {
        for text in [
            "D-001 Redis lock — superseded by D-002",
            "Locks (deprecated)",
            "**Superseded by** D-2",
            "Deprecated: x",
            "Obsolete",
        ] {
            assert!(says_superseded(text), "{text}");
        }
        for text in [
            "Deprecated APIs",
            "How we handle superseded orders",
            "",
            "The obsolete one",
        ] {
            assert!(!says_superseded(text), "{text}");
        }
    }

    #[test]
    fn done_items() {
        for text in [
            "- [x] gift cards",
            "1. [X] a\n   - [x] b",
            "- ~~gone~~",
            "~~gone~~\n",
        ] {
            assert!(is_done(text), "{text}");
        }
        for text in [
            "- [ ] a",
            "- [x] a\n  - [ ] b",
            "- Blocked. ~~Blocked on review~~",
            "~~a~~ b ~~c~~",
            "~~~~",
            "",
        ] {
            assert!(!is_done(text), "{text}");
        }
    }

    #[test]
    fn keys_meet() {
        assert_eq!(key("0003-redis-order-lock.md"), "adr-3");
        assert_eq!(key("ADR-0003"), "adr-3");
        assert_eq!(key("D-002"), "d-2");
        assert_eq!(key("project_redis_lock.md"), "project-redis-lock");
        assert_eq!(key("docs/adr/0007-x.md#status"), "adr-7");
        assert_eq!(key("2026-08-21-backfill.md"), "2026-08-21-backfill");
        assert_eq!(
            supersedes("Use x. Supersedes [[redis-lock]]. See ADR-9"),
            ["redis-lock"]
        );
        assert_eq!(
            supersedes("Supersedes ADR-0003 and [4. B](0004-b.md)\nADR-5"),
            ["adr-4", "adr-3"]
        );
        assert!(supersedes("Superseded by ADR-1").is_empty());
    }
}
