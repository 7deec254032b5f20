//! What kind of knowledge an atom is, told by small tables of cues.
//!
//! A mark at the atom's own start (`**Lesson:**`, `[decision]`, a check box) is surest, then the headings above, innermost
//! first, then wording; the kind of note decides where nothing else does. Wording is asked only in notes that mix
//! kinds: in a progress log `never` tells a story, in a rule file it is a rule.

use super::Class;
use Class::{Decision, Fact, Gotcha, Handoff, Preference, Principle, Status};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Words that open an atom, before a colon or in brackets.
const MARKS: &[(&str, Class)] = &[
    ("lesson", Principle),
    ("learned", Principle),
    ("learning", Principle),
    ("principle", Principle),
    ("invariant", Principle),
    ("rule", Principle),
    ("decision", Decision),
    ("decided", Decision),
    ("gotcha", Gotcha),
    ("pitfall", Gotcha),
    ("caveat", Gotcha),
    ("warning", Gotcha),
    ("watch out", Gotcha),
    ("root cause", Gotcha),
    ("fix", Gotcha),
    ("preference", Preference),
    ("prefer", Preference),
    ("todo", Status),
    ("blocked", Status),
    ("status", Status),
    ("next", Handoff),
    ("handoff", Handoff),
    ("fact", Fact),
];

/// Categories of observations in basic-memory (`- [category] text`) that are no marks elsewhere.
const CATEGORIES: &[(&str, Class)] = &[
    ("technique", Principle),
    ("insight", Principle),
    ("tip", Principle),
    ("best-practice", Principle),
    ("requirement", Principle),
    ("design", Decision),
    ("problem", Gotcha),
    ("issue", Gotcha),
    ("bug", Gotcha),
    ("solution", Gotcha),
    ("idea", Fact),
    ("context", Fact),
    ("produced", Status),
    ("summary", Status),
];

/// Words in a heading.
const HEADINGS: &[(&str, Class)] = &[
    ("handoff", Handoff),
    ("next step", Handoff),
    ("next", Handoff),
    ("lesson", Principle),
    ("learning", Principle),
    ("learned", Principle),
    ("principle", Principle),
    ("invariant", Principle),
    ("watch out", Gotcha),
    ("gotcha", Gotcha),
    ("pitfall", Gotcha),
    ("known issue", Gotcha),
    ("troubleshoot", Gotcha),
    ("caveat", Gotcha),
    ("errors", Gotcha),
    ("failures", Gotcha),
    ("debugging", Gotcha),
    ("decision", Decision),
    ("rationale", Decision),
    ("preference", Preference),
    ("code style", Preference),
    ("convention", Principle),
    ("guideline", Principle),
    ("rules", Principle),
    ("current state", Status),
    ("status", Status),
    ("progress", Status),
    ("in progress", Status),
    ("blocker", Status),
    ("blocked", Status),
    ("todo", Status),
    ("roadmap", Status),
    ("open question", Status),
];

/// Wording, in the order in which it decides.
const WORDS: &[(&str, Class)] = &[
    ("we decided", Decision),
    ("decided to", Decision),
    ("we chose", Decision),
    ("supersedes", Decision),
    ("rather than", Decision),
    ("gotcha", Gotcha),
    ("workaround", Gotcha),
    ("hangs", Gotcha),
    ("flaky", Gotcha),
    ("beware", Gotcha),
    ("watch out", Gotcha),
    ("fails when", Gotcha),
    ("fails if", Gotcha),
    ("never", Principle),
    ("always", Principle),
    ("must", Principle),
    ("invariant", Principle),
    ("prefer", Preference),
    ("don't", Preference),
    ("do not", Preference),
    ("avoid", Preference),
    ("please", Preference),
    ("in progress", Status),
    ("currently", Status),
    ("blocked", Status),
    ("next step", Handoff),
    ("instead of", Decision),
];

/// The class of an atom, by its own text, the headings above it (outermost first) and what the note holds by default.
pub fn class(text: &str, headings: &[String], default: Class) -> Class {
    if let (Some(class), _) = stated(text) {
        return class;
    }
    match mark(text) {
        Some(Status) if default == Handoff => return Handoff,
        Some(class) => return class,
        None => {}
    }
    for heading in headings.iter().rev() {
        let heading = heading.to_lowercase();
        static CUES: LazyLock<Vec<Cue>> = LazyLock::new(|| cues(HEADINGS));
        if let Some(class) = first_of(&CUES, &heading) {
            return class;
        }
    }
    if default == Fact
        && let Some(class) = by_wording(text)
    {
        return class;
    }
    default
}

/// The class that an entry states in brackets behind its date, as `ctxpack remember` writes it, and what it says:
/// `- 2026-08-20 (preference): we use pnpm`. Without a class in brackets only the date is taken off.
pub fn stated(text: &str) -> (Option<Class>, &str) {
    let entry = text.trim_start_matches(|c: char| c.is_whitespace() || "-*+•".contains(c));
    if !entry.starts_with(|c: char| c.is_ascii_digit()) || super::date::opening(entry).is_none() {
        return (None, text);
    }
    let is_date = |c: char| c.is_ascii_digit() || c == '-' || c == '/';
    let dated = entry.trim_start_matches(is_date);
    if entry.len() - dated.len() != "2026-08-20".len() {
        return (None, text);
    }
    let rest = dated.trim_start_matches(' ');
    let class = rest.strip_prefix('(').and_then(|rest| {
        let (word, said) = rest.split_once("):")?;
        let class = Class::ALL.into_iter().find(|class| class.word() == word)?;
        Some((class, said))
    });
    match class {
        Some((class, said)) => (Some(class), said.trim_start()),
        None => (None, dated.trim_start_matches([':', ' '])),
    }
}

/// The class that an atom's own start names: a check box, or a word before a colon or in brackets.
pub fn mark(text: &str) -> Option<Class> {
    let head = text.trim_start_matches(|c: char| c.is_whitespace() || "-*+>•".contains(c));
    let head = head[..head.floor_char_boundary(60)].to_lowercase();
    let head = head.trim_start_matches(|c: char| c.is_ascii_digit() || " .)".contains(c));
    if ["[ ] ", "[x] "].iter().any(|mark| head.starts_with(mark)) {
        return Some(Status);
    }
    if let Some((category, _)) = head
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    {
        let found = CATEGORIES.iter().find(|(word, _)| *word == category);
        if let Some((_, class)) = found {
            return Some(*class);
        }
    }
    let head = head.trim_start_matches(['*', '_', '[', ' ']);
    let mark = MARKS.iter().find(|(word, _)| {
        head.strip_prefix(word).is_some_and(|rest| {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_lowercase());
            rest.starts_with([':', ']', '*'])
        })
    });
    mark.map(|(_, class)| *class)
}

/// The class that wording alone gives.
pub fn by_wording(text: &str) -> Option<Class> {
    static CUES: LazyLock<Vec<Cue>> = LazyLock::new(|| cues(WORDS));
    let text = text.to_lowercase().replace('’', "'");
    let takes_one = || text.contains(", not ") && has_word(&text, &Finder::new("use"));
    first_of(&CUES, &text).or_else(|| takes_one().then_some(Preference))
}

/// A word, ready to be looked for: there are dozens, and an atom is shorter than it takes to prepare them.
type Cue = (Finder<'static>, Class);

fn cues(words: &[(&'static str, Class)]) -> Vec<Cue> {
    let cues = words
        .iter()
        .map(|&(word, class)| (Finder::new(word), class));
    cues.collect()
}

fn first_of(cues: &[Cue], text: &str) -> Option<Class> {
    let found = cues.iter().find(|(word, _)| has_word(text, word));
    found.map(|&(_, class)| class)
}

fn has_word(text: &str, word: &Finder<'_>) -> bool {
    word.find_iter(text.as_bytes()).any(|at| {
        let rest = &text[at + word.needle().len()..];
        let rest = rest.strip_prefix('s').unwrap_or(rest);
        !text[..at].ends_with(char::is_alphanumeric) && !rest.starts_with(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, heading: &str, default: Class, expected: Class) {
        let headings = [heading.to_owned()];
        assert_eq!(
            class(text, &headings, default),
            expected,
            "{text} under {heading}"
        );
    }

    #[test]
    fn marks_come_first() {
        check("We use pnpm, not npm.", "Notes", Fact, Preference);
        check(
            "- **Lesson:** keys outlive attempts",
            "2026-08-20",
            Status,
            Principle,
        );
        check("- [decision] use Postgres", "", Status, Decision);
        check("- [ ] refunds", "", Fact, Status);
        check("- [technique] fakes #tests (see #4)", "", Fact, Principle);
        check("- [problem] the port is taken", "", Status, Gotcha);
        check("- [12:30] stand-up", "", Fact, Fact);
        check("- [a link](b.md) to it", "", Fact, Fact);
        check("- [[Problem] list]] x", "", Fact, Fact);
        check("1. [x] refunds", "Next", Handoff, Handoff);
        check("Fixed: the parser", "", Status, Gotcha);
        check("Fixed the parser", "", Status, Status);
    }

    #[test]
    fn a_stated_class_comes_before_all() {
        check(
            "- 2026-08-20 (preference): never mind",
            "Lessons",
            Fact,
            Preference,
        );
        check("- 2026-08-20 (status): x", "", Handoff, Status);
        check("- 2026-08-20 (sic): never x", "", Fact, Principle);
        check("- (preference): never x", "", Fact, Principle);
        let said = |text| stated(text).1;
        assert_eq!(said("- 2026-08-20 (fact): a: b"), "a: b");
        assert_eq!(said("- 2026-08-20: a"), "a");
        assert_eq!(said("- a"), "- a");
    }

    #[test]
    fn then_headings_then_wording_then_the_note() {
        check("- export reads no key", "Watch out", Handoff, Gotcha);
        check("- run it", "Next steps", Status, Handoff);
        check(
            "- Unit tests never call the sandbox",
            "Testing",
            Fact,
            Principle,
        );
        check("- Please use pnpm", "", Fact, Preference);
        check(
            "- cargo test hangs when the port is taken",
            "",
            Fact,
            Gotcha,
        );
        check("- it never came up", "2026-08-20", Status, Status);
        check("- Build: cargo build", "", Fact, Fact);
        check("- mustard is a colour", "Ruleset of a context", Fact, Fact);
    }
}
