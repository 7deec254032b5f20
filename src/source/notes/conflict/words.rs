//! The words of a note, as they are compared: code keeps its case, other words are folded and stemmed.

use crate::lexicon::terms;
use crate::source::notes::{class, date};
use crate::source::sessions::sentence::without_marker;

pub(super) const NEGATIONS: &[&str] = &[
    "not",
    "no",
    "never",
    "don't",
    "dont",
    "cannot",
    "can't",
    "avoid",
    "stop",
    "mustn't",
    "shouldn't",
    "won't",
    "isn't",
    "aren't",
    "doesn't",
    "neither",
    "nor",
];
pub(super) const CONDITIONS: &[&str] = &[
    "unless",
    "except",
    "only",
    "if",
    "when",
    "until",
    "while",
    "but",
    "otherwise",
    "without",
];
pub(super) const STOP_WORDS: &[&str] = &[
    "a", "an", "the", "is", "are", "be", "been", "being", "in", "on", "of", "for", "to", "and",
    "or", "with", "by", "at", "from", "it", "its", "this", "that", "these", "those", "as", "we",
    "our", "you", "your", "i", "they", "their", "was", "were", "has", "have", "had", "do", "does",
    "did", "will", "would", "can", "could", "may", "might", "shall", "should", "must", "please",
    "always", "just", "also", "so", "then", "there", "here",
];
/// Words that say when a statement began to hold, or how surely it does.
pub(super) const FILLERS: &[&str] = &[
    "now",
    "currently",
    "today",
    "still",
    "actually",
    "exactly",
    "nowadays",
    "again",
    "already",
    "longer",
    "anymore",
];
/// Words by which a statement is meant for all there is.
pub(super) const UNIVERSALS: &[&str] = &[
    "everywhere",
    "anywhere",
    "all",
    "every",
    "any",
    "only",
    "everything",
];
/// Verbs of choosing, which say nothing of what is chosen.
pub(super) const CHOOSING: &[&str] = &[
    "use", "using", "used", "uses", "prefer", "choose", "chose", "pick", "take", "want", "keep",
    "instead", "rather", "than", "over",
];
/// A word of a note, as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Code as it stands; other words in lower case and stemmed.
    pub(super) key: String,
    /// The word in lower case.
    pub(super) lower: String,
    /// Code, a name, a number: it must not be missing.
    pub(super) is_code: bool,
    /// Whether a comma or a dash stands right behind it.
    pub(super) is_cut: bool,
    /// Whether it opens with a capital letter.
    pub(super) is_capital: bool,
}

impl Word {
    pub(super) fn is(&self, list: &[&str]) -> bool {
        !self.is_code && list.contains(&self.lower.as_str())
    }

    /// What is set and what to: `WORKERS=4`.
    pub(super) fn assignment(&self) -> Option<(&str, &str)> {
        let (name, value) = self.key.split_once('=').filter(|_| self.is_code)?;
        let is_name = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
        // what a shell or an environment is given; attributes of markup look alike and set nothing
        let is_setting = name.starts_with("--") || name.chars().any(|c| c.is_ascii_uppercase());
        let is_one = is_setting
            && name.chars().all(is_name)
            && !name
                .chars()
                .any(|c| c.is_ascii_lowercase() && !name.starts_with("--"));
        (is_one && !value.is_empty() && !value.starts_with(['=', '>', '~']))
            .then_some((name, value))
    }

    /// Whether it is a number of something, as [`with_units`] writes it.
    pub(super) fn has_unit(&self) -> bool {
        self.is_value()
            && UNITS
                .iter()
                .any(|(counted, ..)| self.key.ends_with(counted))
    }

    pub(super) fn is_value(&self) -> bool {
        let bare = self
            .key
            .trim_start_matches(['$', '<', '>', '~', '=', '-', '+']);
        bare.starts_with(|c: char| c.is_ascii_digit()) && date::opening(bare).is_none()
    }
}

/// What an atom says, without the marks, the date and the class that open it.
pub fn body(text: &str) -> &str {
    let text = without_marker(text.trim());
    let (_, rest) = class::stated(text);
    rest
}

pub(super) fn words(text: &str) -> Vec<Word> {
    let mut out = Vec::new();
    let mut in_code = false;
    for raw in text.split_whitespace() {
        let n_ticks = raw.matches('`').count();
        let was_code = in_code || n_ticks > 0;
        in_code ^= n_ticks % 2 == 1;
        let bare = raw.trim_start_matches(|c: char| "`*_\"'([{,;:.!?“”‘’>#|•–—".contains(c));
        let end = |c: char| "`*_\"')]},;:.!?“”‘’|–—".contains(c);
        let bare = bare.trim_end_matches(end);
        let is_cut = raw.ends_with([',', ';', ':', '–', '—']) || matches!(bare, "" | "-");
        if !bare.chars().any(char::is_alphanumeric) {
            // Operators count in code alone; elsewhere they are marks of a list, a table, an emphasis.
            if was_code && !bare.is_empty() {
                let key = bare.to_owned();
                out.push(Word {
                    lower: key.clone(),
                    key,
                    is_code: true,
                    is_cut,
                    is_capital: false,
                });
            } else if let Some(last) = out.last_mut().filter(|_| is_cut) {
                last.is_cut = true;
            }
            continue;
        }
        // `#3497` is the number of an issue, and no value
        let is_issue =
            bare.bytes().all(|b| b.is_ascii_digit()) && raw.contains(&format!("#{bare}"));
        let issue = format!("#{bare}");
        let bare = if is_issue { issue.as_str() } else { bare };
        let lower = bare.to_lowercase().replace('’', "'");
        let is_name = bare.starts_with('-')
            || bare.contains(|c: char| "_/.:=@#$\\<>&|+*(".contains(c))
            || bare.bytes().any(|b| b.is_ascii_digit())
            || bare
                .as_bytes()
                .windows(2)
                .any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        let is_code = was_code || is_name;
        let key = if is_code {
            bare.to_owned()
        } else {
            lower[..terms::stem(lower.as_bytes()).min(lower.len())].to_owned()
        };
        out.push(Word {
            key,
            lower,
            is_code,
            is_cut,
            is_capital: bare.starts_with(char::is_uppercase),
        });
    }
    out
}

/// What an atom says in a normal form: words in lower case and in order, without punctuation, emphasis, list marks, date and
/// class. Code keeps its case.
pub fn normal(text: &str) -> String {
    let words = words(body(text));
    let forms: Vec<&str> = words
        .iter()
        .map(|word| {
            if word.is_code {
                word.key.as_str()
            } else {
                word.lower.as_str()
            }
        })
        .collect();
    forms.join(" ")
}

/// Units of measure by what they are counted in, each with how many of that it is.
const UNITS: &[(&str, f64, &[&str])] = &[
    ("ms", 1.0, &["ms", "millisecond", "milliseconds"]),
    ("ms", 1e3, &["s", "sec", "secs", "second", "seconds"]),
    ("ms", 6e4, &["min", "mins", "minute", "minutes"]),
    ("ms", 3.6e6, &["h", "hr", "hrs", "hour", "hours"]),
    ("ms", 8.64e7, &["d", "day", "days"]),
    ("ms", 6.048e8, &["week", "weeks"]),
    ("hz", 1.0, &["hz"]),
    ("hz", 1e3, &["khz"]),
    ("hz", 1e6, &["mhz"]),
    ("kb", 1.0, &["kb", "kib"]),
    ("kb", 1024.0, &["mb", "mib"]),
    ("kb", 1_048_576.0, &["gb", "gib"]),
    ("%", 1.0, &["%", "percent"]),
    ("px", 1.0, &["px", "pixels"]),
];

/// `60 s`, `60s` and `1 minute` as one word each, and the same one; other words as they are.
pub(super) fn with_units(words: Vec<Word>) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::with_capacity(words.len());
    for word in words {
        let unit = |name: &str| {
            let named = |row: &&(&str, f64, &[&str])| row.2.contains(&name);
            UNITS.iter().find(named)
        };
        let parsed = |text: &str| text.replace([',', '_'], "").parse::<f64>().ok();
        if let (Some(n), Some((counted, factor, _))) = (
            out.last().and_then(|last| parsed(&last.key)),
            unit(&word.lower),
        ) && let Some(last) = out.last_mut()
        {
            last.key = format!("{}{counted}", n * factor);
            last.lower.clone_from(&last.key);
            last.is_cut = word.is_cut;
            continue;
        }
        let n_digits = word.key.find(|c: char| c.is_alphabetic() || c == '%');
        let (digits, name) = word.key.split_at(n_digits.unwrap_or(word.key.len()));
        let key = match (parsed(digits), unit(&name.to_lowercase())) {
            (Some(n), Some((counted, factor, _))) => format!("{}{counted}", n * factor),
            _ => {
                out.push(word);
                continue;
            }
        };
        out.push(Word {
            lower: key.clone(),
            key,
            ..word
        });
    }
    out
}
