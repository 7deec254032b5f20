//! A task as a query: weighted terms, and what it mentions by name.
//!
//! An issue is not one bag of words. Its first line says most; a traceback names frames; version tables and the program's own
//! output say little. Each line gets a class, and a term's weight is the sum over classes of `class weight x log(1 + tf)`.

use super::terms::{TermIdx, Vocabulary, each_term, hash, is_word_byte, key, short};
use rustc_hash::{FxHashMap, FxHashSet};

/// A task, read.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// The terms it looks for.
    pub vocabulary: Vocabulary,
    /// Joint weight per term.
    pub joint: Vec<f64>,
    /// Weight per term of the first line alone.
    pub title: Vec<f64>,
    /// Weight per term of prose alone.
    pub prose: Vec<f64>,
    /// Pairs of neighbouring words, for messages in string literals: key -> index into `bigram_weights`.
    pub bigrams: FxHashMap<u64, u16>,
    /// 2 for a pair of an error line, else 1.
    pub bigram_weights: Vec<f64>,
    /// Paths, identifiers and frames named.
    pub mentions: Mentions,
    /// Names whose definitions are looked for, as [`key`]s: the identifiers named, and what [`Query::look_for`] adds.
    pub names: FxHashSet<u64>,
}

impl Query {
    /// Has the definition of a name looked for, too.
    pub fn look_for(&mut self, name: &str) {
        self.names.insert(key(name.as_bytes()));
    }
}

/// What a task names outright.
#[derive(Debug, Clone, Default)]
pub struct Mentions {
    /// Path-like strings with the lines named beside them, in order, without repeats.
    pub paths: Vec<PathMention>,
    /// Identifiers with how often each stands, in order of first appearance.
    pub identifiers: Vec<Identifier>,
}

/// A path named in a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathMention {
    /// The path as written, `/` between components, without a leading `./`.
    pub path: String,
    /// Line numbers named with it.
    pub lines: Vec<u32>,
}

/// An identifier named in a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Identifier {
    /// The last part of a dotted name.
    pub name: String,
    /// Occurrences.
    pub n: u32,
    /// Whether it looks like code: an underscore, an inner capital, in backticks, dotted, or followed by `(`.
    pub code_like: bool,
    /// Whether it is the function of a stack frame.
    pub in_frame: bool,
}

/// What a line of a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Title,
    Prose,
    Code,
    Trace,
    Error,
    Noise,
}

impl Class {
    /// Joint weights, measured on issues of twelve repositories: only that of the title matters much.
    const fn weight(self) -> f64 {
        match self {
            Self::Title => 3.0,
            Self::Prose => 1.0,
            Self::Code => 0.7,
            Self::Trace => 0.5,
            Self::Error => 1.5,
            Self::Noise => 0.0,
        }
    }
}

/// Words that say nothing about where to look: plain English and the furniture of issue templates.
const STOP_WORDS: &str = "a about above after again all also am an and any are as at be because been before being below between both but by \
    can cannot could did do does doing don down during each few for from further had has have having he her here hers him his how i if in \
    into is it its itself just me more most my no nor not now of off on once only or other our out over own same she should so some such than \
    that the their them then there these they this those through to too under until up very was we were what when where which while who \
    whom why will with would you your yours \
    expected actual behavior behaviour steps reproduce reproduction version versions issue bug please thanks thank hi hello problem \
    following example examples seems like want need needs get gets got using used use uses make makes see way work works working try tried \
    trying instead however since still even though one two first new old note code python currently current would think maybe able https \
    http www com org github ok yes description environment";

/// Reads a task. O(bytes of the task); at most [`super::terms::MAX_TERMS`] terms and 400 identifiers are kept.
pub fn read(task: &str) -> Query {
    let mut query = Query::default();
    let stop_words: FxHashSet<&str> = STOP_WORDS.split_ascii_whitespace().collect();
    let mut counts: Vec<FxHashMap<TermIdx, f64>> = vec![FxHashMap::default(); 6];
    let mut identifiers: FxHashMap<String, usize> = FxHashMap::default();
    let text = without_html_comments(task);
    for (class, line) in classify(&text) {
        if class == Class::Noise {
            continue;
        }
        let frame = frame_of(line);
        if let Some((path, line_no, _)) = &frame {
            add_path(&mut query.mentions.paths, path, *line_no);
        }
        for (path, line_no) in paths_in(line) {
            add_path(&mut query.mentions.paths, &path, line_no);
        }
        let mut previous = 0_u64;
        for word in words_in(line) {
            let lower = word.text.to_ascii_lowercase();
            let is_stop = stop_words.contains(lower.as_str()) && !word.code_like;
            if !is_stop {
                each_term(word.text.as_bytes(), |term| {
                    let Ok(term) = std::str::from_utf8(term) else {
                        return;
                    };
                    let whole = term.starts_with('=');
                    if !whole && stop_words.contains(term) {
                        return;
                    }
                    if let Some(idx) = query.vocabulary.add(term) {
                        *counts[class as usize].entry(idx).or_default() +=
                            if whole && !word.code_like { 0.5 } else { 1.0 };
                    }
                });
            }
            let key = word_key(word.text.as_bytes());
            if matches!(class, Class::Title | Class::Prose | Class::Error)
                && previous != 0
                && query.bigram_weights.len() < 2000
            {
                let idx = *query
                    .bigrams
                    .entry(bigram_key(previous, key))
                    .or_insert_with(|| {
                        query.bigram_weights.push(1.0);
                        (query.bigram_weights.len() - 1) as u16
                    });
                if class == Class::Error {
                    query.bigram_weights[idx as usize] = 2.0;
                }
            }
            previous = key;
            let is_name =
                !is_stop && word.text.len() >= 2 && !word.text.as_bytes()[0].is_ascii_digit();
            if is_name
                && (word.code_like || !lower.is_empty())
                && (identifiers.len() < 400 || identifiers.contains_key(word.text))
            {
                let at = *identifiers.entry(word.text.to_owned()).or_insert_with(|| {
                    query.mentions.identifiers.push(Identifier {
                        name: word.text.to_owned(),
                        n: 0,
                        code_like: false,
                        in_frame: false,
                    });
                    query.mentions.identifiers.len() - 1
                });
                let identifier = &mut query.mentions.identifiers[at];
                identifier.n += 1;
                identifier.code_like |= word.code_like;
                identifier.in_frame |= frame
                    .as_ref()
                    .is_some_and(|(_, _, function)| function == word.text);
            }
        }
    }
    for at in 0..query.mentions.identifiers.len() {
        let name = key(query.mentions.identifiers[at].name.as_bytes());
        query.names.insert(name);
    }
    let n = query.vocabulary.len();
    query.joint = vec![0.0; n];
    query.title = vec![0.0; n];
    query.prose = vec![0.0; n];
    for class in [
        Class::Title,
        Class::Prose,
        Class::Code,
        Class::Trace,
        Class::Error,
    ] {
        for (&idx, &tf) in &counts[class as usize] {
            let weight = (1.0 + tf).ln();
            query.joint[idx as usize] += class.weight() * weight;
            match class {
                Class::Title => query.title[idx as usize] += weight,
                Class::Prose => query.prose[idx as usize] += weight,
                _ => {}
            }
        }
    }
    // a sum over hash maps would depend on nothing but the order of additions to one slot, which is by class: deterministic
    query
}

/// The key of a word in bigrams: lower-case.
pub fn word_key(word: &[u8]) -> u64 {
    let mut lower = [0_u8; 64];
    let n = word.len().min(64);
    for (to, from) in lower.iter_mut().zip(&word[..n]) {
        *to = from.to_ascii_lowercase();
    }
    hash(&lower[..n])
}

/// The key of two neighbouring words.
pub fn bigram_key(first: u64, second: u64) -> u64 {
    short(first.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ second)
}

fn without_html_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("<!--") {
        out.push_str(&rest[..start]);
        match rest[start..].find("-->") {
            Some(end) => rest = &rest[start + end + 3..],
            None => {
                rest = "";
            }
        }
    }
    out.push_str(rest);
    out
}

/// Gives each line its class.
fn classify(text: &str) -> Vec<(Class, &str)> {
    let mut classes = Vec::new();
    let mut fenced = false;
    let mut in_trace = false;
    let mut in_environment = false;
    let mut seen_title = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
            in_trace = false;
            continue;
        }
        if trimmed.is_empty() {
            continue;
        }
        if !seen_title && !fenced {
            seen_title = true;
            classes.push((Class::Title, line));
            continue;
        }
        if trimmed.starts_with('#') && !fenced {
            let heading = trimmed.trim_start_matches('#').trim().to_ascii_lowercase();
            in_environment = [
                "environment",
                "version",
                "system info",
                "your env",
                "platform",
            ]
            .iter()
            .any(|word| heading.contains(word));
        }
        if trimmed.starts_with("Traceback (most recent call last)")
            || trimmed.contains("panicked at")
            || trimmed.contains("stack backtrace")
        {
            in_trace = true;
        }
        let class = if in_environment || is_version_line(trimmed) {
            Class::Noise
        } else if is_error_line(trimmed) {
            in_trace = false;
            Class::Error
        } else if in_trace || frame_of(line).is_some() {
            Class::Trace
        } else if fenced || looks_like_code(line) {
            Class::Code
        } else {
            Class::Prose
        };
        classes.push((class, line));
    }
    classes
}

fn is_version_line(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let names = [
        "python:",
        "os:",
        "version:",
        "platform:",
        "node:",
        "npm:",
        "go version",
        "rustc ",
        "cargo ",
    ];
    names
        .iter()
        .any(|name| lower.trim_start_matches(['-', '*', ' ']).starts_with(name))
        && lower.len() < 120
}

/// `FooError: message`, `error[E0308]: ...`, `panic: ...`.
fn is_error_line(line: &str) -> bool {
    let head: String = line
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '_'))
        .collect();
    let rest = &line[head.len()..];
    let named = head.ends_with("Error")
        || head.ends_with("Exception")
        || head.ends_with("Warning")
        || head.ends_with("Failure");
    (named && (rest.starts_with(':') || rest.is_empty()))
        || ((head == "error"
            || head == "panic"
            || head == "fatal"
            || head == "Error"
            || head == "E")
            && rest.starts_with([':', '[', ' '])
            && rest.len() > 4)
}

fn looks_like_code(line: &str) -> bool {
    let trimmed = line.trim_end();
    let indented = line.starts_with("    ") || line.starts_with('\t');
    indented
        || trimmed.starts_with(">>>")
        || trimmed.starts_with("$ ")
        || trimmed.ends_with(['{', ';'])
        || (trimmed.ends_with("):") && trimmed.contains('('))
}

/// The path, line and function of a stack frame, in the forms of Python, Rust, Go, Java, JavaScript and compilers.
fn frame_of(line: &str) -> Option<(String, Option<u32>, String)> {
    let trimmed = line.trim();
    if let Some(rest) = trimmed.strip_prefix("File \"") {
        let (path, rest) = rest.split_once('"')?;
        let line_no = rest.split("line ").nth(1).and_then(leading_number);
        let function = rest.split(" in ").nth(1).unwrap_or("").trim();
        return Some((path.to_owned(), line_no, function.to_owned()));
    }
    if let Some(rest) = trimmed.strip_prefix("at ") {
        let (function, place) = match rest.split_once('(') {
            Some((function, place)) => (function.trim(), place.trim_end_matches(')')),
            None => ("", rest),
        };
        let mut parts = place.rsplitn(3, ':');
        let (last, middle, first) = (parts.next()?, parts.next()?, parts.next());
        let (path, line_no) = match first {
            Some(path) if middle.bytes().all(|b| b.is_ascii_digit()) => {
                (path, leading_number(middle))
            }
            _ => (middle, leading_number(last)),
        };
        line_no?;
        let function = function.rsplit(['.', ' ', ':']).next().unwrap_or("");
        return Some((
            path.trim_start_matches("file://").to_owned(),
            line_no,
            function.to_owned(),
        ));
    }
    None
}

fn leading_number(text: &str) -> Option<u32> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn add_path(paths: &mut Vec<PathMention>, path: &str, line_no: Option<u32>) {
    let path = path.replace('\\', "/");
    let path = path.trim_start_matches("./").to_owned();
    if path.is_empty() || paths.len() >= 200 {
        return;
    }
    let at = paths
        .iter()
        .position(|mention| mention.path == path)
        .unwrap_or_else(|| {
            paths.push(PathMention {
                path,
                lines: Vec::new(),
            });
            paths.len() - 1
        });
    if let Some(line_no) = line_no
        && !paths[at].lines.contains(&line_no)
    {
        paths[at].lines.push(line_no);
    }
}

/// Strings of a line that look like a path or a file name, with a line number behind (`a/b.rs:12`).
fn paths_in(line: &str) -> Vec<(String, Option<u32>)> {
    let mut found = Vec::new();
    for raw in line.split(|c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '`' | '"'
                    | '\''
                    | '('
                    | ')'
                    | '['
                    | ']'
                    | '<'
                    | '>'
                    | ','
                    | ';'
                    | '|'
                    | '{'
                    | '}'
                    | '='
            )
    }) {
        if raw.len() < 4 || raw.len() > 300 {
            continue;
        }
        let raw = match raw.find("/blob/") {
            // a link to a file on a code host: .../blob/REVISION/path#L12
            Some(at) => raw[at + 6..].split_once('/').map_or("", |(_, path)| path),
            None if raw.contains("://") => continue,
            None => raw,
        };
        let (path, line_no) = match raw.split_once("#L") {
            Some((path, rest)) => (path, leading_number(rest)),
            None => match raw.split_once(':') {
                Some((path, rest)) => (path, leading_number(rest)),
                None => (raw, None),
            },
        };
        let path = path.trim_end_matches(['.', ',', '!', '?', ':']);
        let Some((stem, extension)) = path.rsplit_once('.') else {
            continue;
        };
        let extension_ok = (1..=6).contains(&extension.len())
            && extension.bytes().all(|b| b.is_ascii_alphanumeric())
            && extension.bytes().any(|b| b.is_ascii_alphabetic());
        let known = super::syntax::of_path(path) != super::syntax::of_path("x.unknown");
        if extension_ok && !stem.is_empty() && (path.contains('/') || known) {
            found.push((path.to_owned(), line_no));
        }
    }
    found
}

/// A word of a line and whether it looks like code.
struct WordInLine<'a> {
    text: &'a str,
    code_like: bool,
}

fn words_in(line: &str) -> Vec<WordInLine<'_>> {
    let bytes = line.as_bytes();
    let mut words = Vec::new();
    let mut ticked = false;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'`' {
            ticked = !ticked;
        }
        if !is_word_byte(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_word_byte(bytes[at]) {
            at += 1;
        }
        let text = &line[start..at];
        let inner_capital = text.bytes().skip(1).any(|b| b.is_ascii_uppercase())
            && text.bytes().any(|b| b.is_ascii_lowercase());
        let dotted = (start > 1 && bytes[start - 1] == b'.' && is_word_byte(bytes[start - 2]))
            || (at + 1 < bytes.len() && bytes[at] == b'.' && is_word_byte(bytes[at + 1]));
        let called = bytes.get(at) == Some(&b'(');
        let code_like =
            ticked || text.trim_matches('_').contains('_') || inner_capital || dotted || called;
        words.push(WordInLine { text, code_like });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_names_paths_lines_and_frames() {
        let query = read(
            "Fix the redirect loop in src/session.rs:42\n\n  File \"lib/a.py\", line 7, in rebuild_auth\nsee https://github.com/o/r/blob/main/x/y.go#L9",
        );
        let paths: Vec<(&str, &[u32])> = query
            .mentions
            .paths
            .iter()
            .map(|m| (m.path.as_str(), &m.lines[..]))
            .collect();
        assert_eq!(
            paths,
            [
                ("src/session.rs", &[42][..]),
                ("lib/a.py", &[7]),
                ("x/y.go", &[9])
            ]
        );
        let frame = query
            .mentions
            .identifiers
            .iter()
            .find(|i| i.name == "rebuild_auth")
            .unwrap();
        assert!(frame.in_frame && frame.code_like);
    }

    #[test]
    fn the_first_line_weighs_most() {
        let query = read("redirect loop\n\nthe cookie is lost");
        let weight =
            |term: &str| query.joint[query.vocabulary.get(term.as_bytes()).unwrap() as usize];
        assert!(
            weight("redirect") > 2.0 * weight("cooki"),
            "{:?}",
            query.joint
        );
        assert!(query.vocabulary.get(b"the").is_none());
    }

    #[test]
    fn odd_tasks_are_read() {
        for task in [
            "",
            "\n\n",
            "<!--",
            "```",
            "at (",
            "File \"",
            "\u{0}é`(",
            "a:b:c:d",
            "at x (y:1)",
        ] {
            read(task);
        }
    }
}
