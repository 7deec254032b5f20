//! What changed between two bundles, item by item: what came, what went, what takes more or less, and what is shown otherwise.
//!
//! Either side may be a bundle just packed, one read back, a manifest or a lock. They do not tell alike: only what both tell is compared,
//! so that a side which is silent about something is never taken for one that says otherwise.

use crate::bundle;
use crate::emit::{Bundle, Written};
use crate::lock::Lock;
use crate::tokens::Tokenizer;
use std::collections::{BTreeMap, VecDeque};

/// What stands in one bundle, or in all bundles of a lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// Tokens of the whole, frame and task included.
    pub tokens: usize,
    /// How they were counted.
    pub tokenizer: String,
    /// In the order in which they stand there.
    pub items: Vec<Held>,
}

/// One item, as far as its side tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// The name of the bundle, of a lock; else empty.
    pub bundle: String,
    /// `file`, `note` or `session`.
    pub kind: String,
    /// As it is shown.
    pub path: String,
    /// The line at which a note stands.
    pub line: Option<u32>,
    /// `full`, `excerpt`, ...; bundles without an account tell mentions alone.
    pub rendering: Option<String>,
    /// The lines that are shown.
    pub lines: Option<Vec<(u32, u32)>>,
    /// Its cost, framing included.
    pub tokens: usize,
    /// What tells its text from others.
    pub hash: Option<String>,
}

impl Inventory {
    /// Of a bundle that was just packed.
    pub fn of_bundle(bundle: &Bundle) -> Self {
        let items = bundle.account.items.iter().map(|item| Held {
            bundle: String::new(),
            kind: item.kind.as_str().to_owned(),
            path: item.path.clone(),
            line: line_of(&item.id),
            rendering: Some(item.rendering.as_str().to_owned()),
            lines: Some(item.lines.clone()),
            tokens: item.tokens,
            hash: Some(bundle::hash(&item.text)),
        });
        Self {
            tokens: bundle.tokens,
            tokenizer: bundle.account.tokenizer.to_owned(),
            items: items.collect(),
        }
    }

    /// Of a bundle or a manifest that was read back from `text`; what it does not say is counted with `tokenizer`.
    pub fn of_written(written: Written, text: &str, tokenizer: Tokenizer) -> Self {
        let (tokens, name) = match written.stated {
            Some(stated) => stated,
            None => (tokenizer.count(text), tokenizer.name().to_owned()),
        };
        let items = written.items.into_iter().map(|item| Held {
            bundle: String::new(),
            kind: item.kind,
            path: item.path,
            line: item.line,
            rendering: item.rendering,
            lines: item.lines,
            tokens: item.tokens.unwrap_or_else(|| tokenizer.count(&item.whole)),
            hash: item.text.as_deref().map(bundle::hash),
        });
        Self {
            tokens,
            tokenizer: name,
            items: items.collect(),
        }
    }

    /// Of the bundle called `name`, or of all that `lock` knows, in the order of their names.
    pub fn of_lock(lock: &Lock, name: Option<&str>) -> Self {
        let mut all = Self::default();
        for words in lock.behind(&["bundle"]) {
            let Some((bundle, words)) = words.split_first() else {
                continue;
            };
            if name.is_some_and(|name| name != bundle) {
                continue;
            }
            match words {
                [word, n, tokenizer] if word == "tokens" => {
                    all.tokens = all.tokens.saturating_add(n.parse().unwrap_or(0));
                    all.tokenizer.clone_from(tokenizer);
                }
                [word, id, rendering, tokens, hash] if word == "item" => {
                    let (kind, path) = id.split_once(':').unwrap_or(("file", id));
                    let line = line_of(id);
                    let path = match line {
                        Some(line) => path.strip_suffix(&format!(":{line}")).unwrap_or(path),
                        None => path,
                    };
                    all.items.push(Held {
                        // one bundle is told apart from nothing
                        bundle: name.map_or_else(|| bundle.clone(), |_| String::new()),
                        kind: kind.to_owned(),
                        path: path.to_owned(),
                        line,
                        rendering: Some(rendering.clone()),
                        lines: None,
                        tokens: tokens.parse().unwrap_or(0),
                        hash: Some(hash.clone()),
                    });
                }
                _ => {}
            }
        }
        all
    }

    fn n_in_items(&self) -> i128 {
        self.items.iter().map(|item| item.tokens as i128).sum()
    }
}

/// The line in the identity of a note.
fn line_of(id: &str) -> Option<u32> {
    let line = id.strip_prefix("note:")?.rsplit_once(':')?.1;
    line.parse().ok()
}

/// How an item of one side stands to that of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It is in the second alone.
    Added,
    /// It is in the first alone.
    Left,
    /// Written at another size.
    Rendering,
    /// Of the same rendering, it takes more.
    Grown,
    /// Of the same rendering, it takes less.
    Shrunk,
    /// It takes as much, and shows something else.
    Text,
    /// Nothing that both sides tell is different.
    Same,
}

impl Status {
    /// The word of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Left => "left",
            Self::Rendering => "rendering",
            Self::Grown => "grown",
            Self::Shrunk => "shrunk",
            Self::Text => "text",
            Self::Same => "same",
        }
    }
}

/// An item of either side, or of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What became of it.
    pub status: Status,
    /// As it was.
    pub before: Option<Held>,
    /// As it is.
    pub after: Option<Held>,
    /// Tokens more than before.
    pub delta: i128,
}

impl Change {
    fn of(before: Option<Held>, after: Option<Held>) -> Self {
        let tokens = |held: &Option<Held>| held.as_ref().map_or(0, |held| held.tokens as i128);
        let delta = tokens(&after) - tokens(&before);
        let status = match (&before, &after) {
            (None, _) => Status::Added,
            (_, None) => Status::Left,
            (Some(a), Some(b)) if is_rendered_otherwise(a, b) => Status::Rendering,
            _ if delta > 0 => Status::Grown,
            _ if delta < 0 => Status::Shrunk,
            (Some(a), Some(b)) if is_other_text(a, b) => Status::Text,
            _ => Status::Same,
        };
        Self {
            status,
            before,
            after,
            delta,
        }
    }

    /// The item, as it is or as it was.
    pub fn item(&self) -> &Held {
        const NONE: &Held = &Held {
            bundle: String::new(),
            kind: String::new(),
            path: String::new(),
            line: None,
            rendering: None,
            lines: None,
            tokens: 0,
            hash: None,
        };
        self.after.as_ref().or(self.before.as_ref()).unwrap_or(NONE)
    }
}

/// Whether one side shows it at another size. A bundle without an account tells mentions, so that what is none is told as well.
fn is_rendered_otherwise(a: &Held, b: &Held) -> bool {
    let is_mention = |held: &Held| held.rendering.as_deref() == Some("mention");
    match (&a.rendering, &b.rendering) {
        (Some(a), Some(b)) => a != b,
        _ => is_mention(a) != is_mention(b),
    }
}

/// Whether the text is another; of lines alone, whether they are.
fn is_other_text(a: &Held, b: &Held) -> bool {
    match (&a.hash, &b.hash, &a.lines, &b.lines) {
        (Some(a), Some(b), ..) => a != b,
        (.., Some(a), Some(b)) => a != b,
        _ => false,
    }
}

/// Two bundles, compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// Tokens of the first.
    pub before: usize,
    /// Tokens of the second.
    pub after: usize,
    /// What changed: the largest change of tokens first, then by path.
    pub changes: Vec<Change>,
    /// Items that are as they were.
    pub n_same: usize,
    /// Tokens that changed outside of items: the frame, what is said of what was left out, and the task.
    pub frame: i128,
}

impl Diff {
    /// Compares `before` with `after`.
    pub fn of(before: &Inventory, after: &Inventory) -> Self {
        let mut all = pairs(before, after);
        let n_all = all.len();
        all.retain(|change| change.status != Status::Same);
        let n_same = n_all - all.len();
        let key = |change: &Change| {
            let item = change.item();
            (item.path.clone(), item.line, item.bundle.clone())
        };
        all.sort_by(|a, b| {
            let sizes = b.delta.abs().cmp(&a.delta.abs());
            sizes.then_with(|| key(a).cmp(&key(b)))
        });
        let frame = |side: &Inventory| side.tokens as i128 - side.n_in_items();
        Self {
            before: before.tokens,
            after: after.tokens,
            changes: all,
            n_same,
            frame: frame(after) - frame(before),
        }
    }

    /// Whether nothing that both sides tell is different.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.before == self.after
    }

    /// How many items became `status`.
    pub fn count(&self, status: Status) -> usize {
        let of = |change: &&Change| change.status == status;
        self.changes.iter().filter(of).count()
    }
}

/// Every item of both sides, those of one identity together. A note is known by its line, which moves with every line above it: notes of a
/// path are paired by what they say first, and where a side does not tell, by their size.
fn pairs(before: &Inventory, after: &Inventory) -> Vec<Change> {
    let mut sides = [before, after].into_iter();
    let have_texts = sides.all(|side| side.items.iter().all(|held| held.hash.is_some()));
    let by_text = |held: &Held| {
        let text = match &held.hash {
            Some(hash) if have_texts => hash.clone(),
            _ => format!("{:?} {}", held.rendering, held.tokens),
        };
        let is_note = held.kind == "note";
        is_note.then(|| format!("{}\0{}\0{text}", held.bundle, held.path))
    };
    let by_place = |held: &Held| {
        let line = held.line.unwrap_or(0);
        let Held {
            bundle, kind, path, ..
        } = held;
        Some(format!("{bundle}\0{kind}\0{path}\0{line}"))
    };
    let (mut all, old, new) = paired(
        before.items.iter().collect(),
        after.items.iter().collect(),
        &by_text,
    );
    let (more, old, new) = paired(old, new, &by_place);
    all.extend(more);
    let gone = old.into_iter();
    all.extend(gone.map(|held| Change::of(Some(held.clone()), None)));
    let come = new.into_iter();
    all.extend(come.map(|held| Change::of(None, Some(held.clone()))));
    all
}

/// The items that have one key, in their order, and what is left of both sides.
fn paired<'a>(
    old: Vec<&'a Held>,
    new: Vec<&'a Held>,
    key: &dyn Fn(&Held) -> Option<String>,
) -> (Vec<Change>, Vec<&'a Held>, Vec<&'a Held>) {
    let mut by_key: BTreeMap<String, VecDeque<&Held>> = BTreeMap::new();
    let mut old_left = Vec::new();
    for held in old {
        match key(held) {
            Some(key) => by_key.entry(key).or_default().push_back(held),
            None => old_left.push(held),
        }
    }
    let (mut all, mut new_left) = (Vec::new(), Vec::new());
    for held in new {
        let other = key(held).and_then(|key| by_key.get_mut(&key)?.pop_front());
        match other {
            Some(other) => all.push(Change::of(Some(other.clone()), Some(held.clone()))),
            None => new_left.push(held),
        }
    }
    old_left.extend(by_key.into_values().flatten());
    (all, old_left, new_left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(items: &[&str]) -> Inventory {
        let item = |line: &&str| {
            let words: Vec<&str> = line.split(' ').collect();
            let some = |word: &str| Some(word.to_owned()).filter(|word| word != "?");
            let (kind, path) = words[0].split_once(':').unwrap();
            Held {
                kind: kind.to_owned(),
                path: path.split(':').next().unwrap().to_owned(),
                line: line_of(words[0]),
                rendering: some(words[1]),
                tokens: words[2].parse().unwrap(),
                hash: some(words[3]),
                ..Held::default()
            }
        };
        let items: Vec<Held> = items.iter().map(item).collect();
        Inventory {
            tokens: 10 + items.iter().map(|held| held.tokens).sum::<usize>(),
            tokenizer: "o200k_base".to_owned(),
            items,
        }
    }

    #[track_caller]
    fn check(before: &[&str], after: &[&str], expected: &[&str]) {
        let diff = Diff::of(&side(before), &side(after));
        let shown = |change: &Change| {
            format!(
                "{} {} {:+}",
                change.item().path,
                change.status.as_str(),
                change.delta
            )
        };
        let found: Vec<String> = diff.changes.iter().map(shown).collect();
        assert_eq!(found, expected, "{before:?} {after:?}");
        let sum: i128 = diff.changes.iter().map(|change| change.delta).sum();
        assert_eq!(sum + diff.frame, diff.after as i128 - diff.before as i128);
        assert_eq!(diff.is_empty(), expected.is_empty());
    }

    #[test]
    fn items_come_go_and_change() {
        check(
            &[
                "file:a full 9 1",
                "file:b full 5 2",
                "file:c full 5 3",
                "file:d full 5 4",
                "file:e full 5 5",
            ],
            &[
                "file:b excerpt 2 6",
                "file:c full 9 7",
                "file:d full 5 8",
                "file:e full 5 5",
                "file:f full 30 9",
            ],
            &[
                "f added +30",
                "a left -9",
                "c grown +4",
                "b rendering -3",
                "d text +0",
            ],
        );
        check(&["file:a full 9 1"], &["file:a full 8 2"], &["a shrunk -1"]);
        check(&[], &[], &[]);
    }

    #[test]
    fn what_one_side_does_not_tell_is_no_difference() {
        check(&["file:a full 9 ?"], &["file:a ? 9 1"], &[]);
        check(
            &["file:a mention 9 1"],
            &["file:a ? 9 1"],
            &["a rendering +0"],
        );
        check(&["file:a ? 9 1"], &["file:a ? 9 2"], &["a text +0"]);
    }

    #[test]
    fn a_note_that_moved_is_the_same() {
        check(
            &["note:N.md:3 full 9 1", "note:N.md:5 full 7 2"],
            &["note:N.md:4 full 9 1", "note:N.md:5 full 6 3"],
            &["N.md shrunk -1"],
        );
        // without texts, by their size
        check(&["note:N.md:3 full 9 ?"], &["note:N.md:4 full 9 ?"], &[]);
    }

    #[test]
    fn a_lock_tells_of_one_bundle_or_of_all() {
        let lock = "bundle a item file:x full 5 1\nbundle a tokens 9 o200k_base\nbundle b item note:N.md:3 full 6 2\nbundle b tokens 8 o200k_base\n";
        let lock = Lock::parse(lock).unwrap();
        let all = Inventory::of_lock(&lock, None);
        assert_eq!((all.tokens, all.items.len()), (17, 2));
        let one = Inventory::of_lock(&lock, Some("b"));
        assert_eq!(
            (one.tokens, one.items[0].line, &*one.items[0].path),
            (8, Some(3), "N.md")
        );
        assert_eq!(one.items[0].bundle, "");
    }
}
