//! `ctxpack.lock`: what was true when it was written, one entry a line, sorted, for people to review and git to merge.
//!
//! A lock and not the thing itself: a committed bundle is in every diff and conflicts with every branch; its lock is a few kilobytes, two
//! branches that touch different files change different lines, and whatever git makes of the rest is written anew in a second.
//! Plain words rather than TOML or JSON: a line means the same wherever it stands, so that no merge can break the file.

use std::collections::BTreeSet;

/// Its name, at the root of the repository.
pub const NAME: &str = "ctxpack.lock";

const HEAD: &str = "# Written by ctxpack, for its next run to compare with: ctxpack bundle --write, ctxpack check --write\n";

/// The lines of a lock.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    lines: BTreeSet<Vec<String>>,
}

/// Why a lock cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict;

impl Lock {
    /// Reads a lock.
    ///
    /// # Errors
    /// [`Conflict`] where git left the marks of one in it.
    pub fn parse(text: &str) -> Result<Self, Conflict> {
        match text.lines().any(is_mark) {
            true => Err(Conflict),
            false => Ok(Self::of_both_sides(text)),
        }
    }

    /// Reads a lock that is to be written anew: of a conflict, the lines of both sides.
    pub fn of_both_sides(text: &str) -> Self {
        let is_line =
            |line: &&str| !is_mark(line) && !line.starts_with('#') && !line.trim().is_empty();
        Self {
            lines: text.lines().filter(is_line).map(words).collect(),
        }
    }

    /// Adds a line of `words`.
    pub fn add<S: Into<String>>(&mut self, words: impl IntoIterator<Item = S>) {
        self.lines
            .insert(words.into_iter().map(Into::into).collect());
    }

    /// Takes out the lines that begin so.
    pub fn remove(&mut self, words: &[&str]) {
        self.lines.retain(|line| !begins(line, words));
    }

    /// What stands behind `words`, for each line that begins so.
    pub fn behind<'a>(&'a self, words: &'a [&'a str]) -> impl Iterator<Item = &'a [String]> {
        let lines = self.lines.iter().filter(move |line| begins(line, words));
        lines.map(|line| &line[words.len()..])
    }

    /// The file as it is written: the same lines give the same bytes.
    pub fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for line in &self.lines {
            let words: Vec<String> = line.iter().map(|word| quoted(word)).collect();
            text.push_str(&words.join(" "));
            text.push('\n');
        }
        text
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// Whether `text` is a lock, whatever its file is called.
pub fn is_lock(text: &str) -> bool {
    text.starts_with(HEAD)
}

/// Whether git wrote the line, where two branches disagree.
fn is_mark(line: &str) -> bool {
    let marks = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"];
    marks.iter().any(|mark| line.starts_with(mark))
}

fn begins(line: &[String], words: &[&str]) -> bool {
    line.len() >= words.len() && line.iter().zip(words).all(|(a, b)| a == b)
}

/// A word as it is, or as a JSON string where it could be misread.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"';
    if !word.is_empty() && word.chars().all(is_plain) && !word.starts_with('#') {
        word.to_owned()
    } else {
        serde_json::Value::from(word).to_string()
    }
}

/// The words of a line; what is no JSON string is taken as it is.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let quoted = rest.starts_with('"').then(|| strings.next()).flatten();
        let end = match quoted {
            Some(Ok(word)) => {
                words.push(word);
                strings.byte_offset()
            }
            _ => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                words.push(rest[..end].to_owned());
                end
            }
        };
        rest = rest[end..].trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut lock = Lock::default();
        lock.add(["check", "all of it", "tokens", "12"]);
        lock.add(["bundle", "review", "item", "src/a b.rs", "\"q\"", ""]);
        lock.add(["bundle", "review", "item", "#x", "y\u{2028}z\n", "ü"]);
        let text = lock.text();
        assert_eq!(
            text.strip_prefix(HEAD),
            Some(
                "bundle review item \"#x\" \"y\u{2028}z\\n\" ü\nbundle review item \"src/a b.rs\" \"\\\"q\\\"\" \"\"\ncheck \"all of it\" tokens 12\n"
            )
        );
        assert_eq!(Lock::parse(&text), Ok(lock.clone()));
        let behind: Vec<_> = lock.behind(&["check", "all of it"]).collect();
        assert_eq!(behind, [["tokens", "12"]]);
        lock.remove(&["bundle"]);
        assert_eq!(lock.behind(&[]).count(), 1);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_locked_comes_back(lines in proptest::collection::vec(proptest::collection::vec(".*", 0..5), 0..6), torn in ".*") {
            let mut lock = Lock::default();
            for words in &lines {
                lock.add(["check".to_owned()].into_iter().chain(words.clone()));
            }
            let text = lock.text();
            proptest::prop_assert_eq!(text.lines().count(), lock.behind(&[]).count() + 1);
            proptest::prop_assert_eq!(Lock::parse(&text), Ok(lock));
            let _ = Lock::parse(&torn);
        }
    }

    #[test]
    fn torn_files_are_read_and_conflicts_are_told() {
        assert_eq!(
            Lock::parse("a\n<<<<<<< HEAD\nb\n=======\nc\n"),
            Err(Conflict)
        );
        let both = Lock::of_both_sides("a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x\n");
        assert_eq!(both.behind(&[]).count(), 3);
        let torn = Lock::parse("check \"half\n\n# x\n  b   c\n").unwrap();
        let lines: Vec<_> = torn.behind(&[]).map(|words| words.join("|")).collect();
        assert_eq!(lines, ["b|c", "check|\"half"]);
    }
}
