//! One pass over a text: where the query's terms stand, in which field and segment, and what the text defines and imports.

use super::definition;
use super::imports::Imports;
use super::query::{Query, bigram_key, word_key};
use super::syntax::Syntax;
use super::terms::{Memo, TermIdx, each_term, hash, is_word_byte, key};
use memchr::memmem::Finder;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// Number of [`Field`]s.
pub const N_FIELDS: usize = 4;

/// Where in a file a word stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Field {
    /// The name of a definition.
    Definition,
    /// Any other identifier.
    Identifier,
    /// A comment, documentation, prose.
    Comment,
    /// A string literal.
    String,
}

/// How often a term stands in a field of a segment: a run of lines from one definition to the next, by the look of its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Which segment, from 0.
    pub segment_idx: u32,
    /// Terms in that segment, all fields together.
    pub segment_length: u32,
    /// The term.
    pub term_idx: TermIdx,
    /// The field.
    pub field: Field,
    /// Occurrences, at most 65,535.
    pub count: u16,
}

/// A line on which a term of the query stands, and in which field.
pub type LineHit = (u32, TermIdx, Field);

/// The lexical profile of one text against one query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Number of lines.
    pub n_lines: u32,
    /// Size of the text in bytes.
    pub n_bytes: u32,
    /// Terms per field.
    pub lengths: [u32; N_FIELDS],
    /// Number of segments; the first begins at line 1.
    pub n_segments: u32,
    /// Terms in all segments.
    pub segments_length: u64,
    /// Sorted by segment, term, field.
    pub hits: Vec<Hit>,
    /// The query's word pairs found inside strings, with how often.
    pub bigrams: Vec<(u16, u16)>,
    /// Which of the query's names it defines, as [`key`]s, ascending, each once.
    pub defined: Vec<u64>,
    /// What it imports, as [`super::imports`] writes it.
    pub imports: Vec<u32>,
}

/// The most import lines read of one file.
pub const MAX_IMPORTS: usize = 200;

/// Hears what a text holds, in its order.
pub(super) trait Visitor {
    /// A word on a line, in a field. Returns how many terms it has.
    fn word(&mut self, line_no: u32, field: Field, word: &[u8]) -> u8;
    /// Another string begins.
    fn string(&mut self);
    /// The same word, where it stands in a string.
    fn string_word(&mut self, word: &[u8]);
    /// The name of a definition.
    fn definition(&mut self, name: &[u8]);
    /// A line that imports something.
    fn import(&mut self, line: &str);
}

/// What is counted on the way.
pub(super) struct Walked {
    pub(super) n_lines: u32,
    pub(super) lengths: [u32; N_FIELDS],
    pub(super) segments: Vec<Segment>,
}

/// First line, 1-based, and number of terms.
pub(super) struct Segment {
    pub(super) first_line: u32,
    pub(super) length: u32,
}

/// Scans texts against one query, remembering the words it has met: a word is split and stemmed once.
pub struct Scanner<'q> {
    query: &'q Query,
    memo: Memo<Word>,
    pool: Vec<TermIdx>,
    line_hits: Vec<LineHit>,
    bigrams: FxHashMap<u16, u16>,
    previous: u64,
    defined: Vec<u64>,
    imports: Imports,
}

#[derive(Clone, Copy, Default)]
struct Word {
    start: u32,
    n_found: u8,
    n_terms: u8,
}

/// What the scanner is inside of.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Code,
    LineComment,
    BlockComment(&'static str),
    Quote(u8),
    TripleQuote(u8),
}

impl<'q> Scanner<'q> {
    /// A scanner for `query`.
    pub fn new(query: &'q Query) -> Self {
        Self {
            query,
            memo: Memo::default(),
            pool: Vec::new(),
            line_hits: Vec::new(),
            bigrams: FxHashMap::default(),
            previous: 0,
            defined: Vec::new(),
            imports: Imports::default(),
        }
    }

    /// Scans `text`. O(bytes).
    pub fn scan(&mut self, text: &str, syntax: &Syntax) -> Scan {
        self.scan_lines(text, syntax).0
    }

    /// The same, with the lines on which a term of the query stands, ascending, and the term.
    pub fn scan_lines(&mut self, text: &str, syntax: &Syntax) -> (Scan, &[LineHit]) {
        self.line_hits.clear();
        let walked = walk(text, syntax, self);
        let mut bigrams: Vec<(u16, u16)> = self.bigrams.drain().collect();
        bigrams.sort_unstable();
        self.defined.sort_unstable();
        self.defined.dedup();
        let scan = Scan {
            n_lines: walked.n_lines,
            n_bytes: u32::try_from(text.len()).unwrap_or(u32::MAX),
            lengths: walked.lengths,
            n_segments: walked.segments.len() as u32,
            segments_length: walked.segments.iter().map(|it| u64::from(it.length)).sum(),
            hits: hits(&walked.segments, &self.line_hits),
            bigrams,
            // of every file of the tree one is kept: none larger than it has to be
            defined: self.defined.drain(..).collect(),
            imports: self.imports.take(),
        };
        (scan, &self.line_hits)
    }

    fn look_up(&mut self, key: u64, bytes: &[u8]) -> Word {
        if let Some(word) = self.memo.get(key) {
            return word;
        }
        if self.memo.len() >= MAX_WORDS {
            self.memo.clear(); // bounded memory on trees with endless distinct words
            self.pool.clear();
        }
        let start = self.pool.len();
        let mut n_terms = 0_u8;
        each_term(bytes, |term| {
            n_terms = n_terms.saturating_add(1);
            if self.pool.len() - start < MAX_TERMS_OF_WORD {
                self.pool.extend(self.query.vocabulary.get(term));
            }
        });
        let word = Word {
            start: start as u32,
            n_found: (self.pool.len() - start) as u8,
            n_terms,
        };
        self.memo.insert(key, word);
        word
    }
}

/// Distinct words remembered.
pub(super) const MAX_WORDS: usize = 1 << 19;

/// Terms of one word at most.
pub(super) const MAX_TERMS_OF_WORD: usize = 200;

impl Visitor for Scanner<'_> {
    fn word(&mut self, line_no: u32, field: Field, word: &[u8]) -> u8 {
        let word = self.look_up(hash(word), word);
        let found = word.start as usize..word.start as usize + word.n_found as usize;
        let hits = self.pool[found].iter();
        self.line_hits
            .extend(hits.map(|&term| (line_no, term, field)));
        word.n_terms
    }

    fn string(&mut self) {
        self.previous = 0;
    }

    fn string_word(&mut self, word: &[u8]) {
        if self.query.bigrams.is_empty() {
            return;
        }
        let word = word_key(word);
        if self.previous != 0
            && let Some(&idx) = self.query.bigrams.get(&bigram_key(self.previous, word))
        {
            let count = self.bigrams.entry(idx).or_default();
            *count = count.saturating_add(1);
        }
        self.previous = word;
    }

    fn definition(&mut self, name: &[u8]) {
        let name = key(name);
        if self.query.names.contains(&name) {
            self.defined.push(name);
        }
    }

    fn import(&mut self, line: &str) {
        self.imports.add(line);
    }
}

/// Reads `text` once, telling `visitor` what it holds. O(bytes).
pub(super) fn walk(text: &str, syntax: &Syntax, visitor: &mut impl Visitor) -> Walked {
    let mut lengths = [0; N_FIELDS];
    let mut line_lengths: Vec<u16> = Vec::new();
    let mut inside = Inside::Code;
    let mut comment_run: Option<u32> = None; // first line of the comments and decorators that stand right above
    let mut starts: Vec<u32> = vec![1];
    let mut line_no = 0_u32;
    let mut n_imports = 0;
    visitor.string();
    // most of what is no word opens nothing
    let mut opens = [false; 256];
    let marks = syntax.line_comments.iter().copied();
    let marks = marks.chain(syntax.block_comments.iter().map(|(open, _)| *open));
    let firsts = marks.filter_map(|mark| mark.as_bytes().first());
    for &byte in firsts.chain(syntax.quotes) {
        opens[byte as usize] = true;
    }

    for line in text.as_bytes().split_inclusive(|&b| b == b'\n') {
        line_no += 1;
        let body = line.strip_suffix(b"\n").unwrap_or(line);
        let indent = body.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let mut name = (0, 0);
        if inside == Inside::Code && !syntax.prose {
            let first = body.get(indent).copied().unwrap_or(0);
            if let Some(range) = definition::name(body, syntax.family) {
                name = range;
                visitor.definition(&body[range.0..range.1]);
                starts.push(comment_run.unwrap_or(line_no));
                comment_run = None;
            } else if first == b'@'
                || first == b'#'
                || starts_any(&body[indent..], syntax.line_comments)
            {
                comment_run.get_or_insert(line_no);
            } else if first != 0 && first != b'*' && first != b'/' {
                comment_run = None;
            }
            if n_imports < MAX_IMPORTS && is_import(&body[indent..]) {
                n_imports += 1;
                let end = body.len().min(indent + 300);
                visitor.import(String::from_utf8_lossy(&body[indent..end]).trim());
            }
        }
        if matches!(inside, Inside::LineComment) {
            inside = Inside::Code;
        }
        let mut length = 0_u16;
        let mut at = 0;
        while at < body.len() {
            let byte = body[at];
            if is_word_byte(byte) {
                let start = at;
                while at < body.len() && is_word_byte(body[at]) {
                    at += 1;
                }
                let field = if syntax.prose {
                    Field::Comment
                } else if start >= name.0 && at <= name.1 {
                    Field::Definition
                } else {
                    match inside {
                        Inside::Code => Field::Identifier,
                        Inside::Quote(_) => Field::String,
                        _ => Field::Comment,
                    }
                };
                let n_terms = visitor.word(line_no, field, &body[start..at]);
                length = length.saturating_add(u16::from(n_terms));
                lengths[field as usize] += u32::from(n_terms);
                if field == Field::String {
                    visitor.string_word(&body[start..at]);
                }
                continue;
            }
            let rest = &body[at..];
            match inside {
                Inside::Code if !opens[byte as usize] => at += 1,
                Inside::Code if !syntax.prose => {
                    if starts_any(rest, syntax.line_comments) {
                        inside = Inside::LineComment;
                        at += 1;
                    } else if let Some((open, close)) = syntax
                        .block_comments
                        .iter()
                        .find(|(open, _)| rest.starts_with(open.as_bytes()))
                    {
                        inside = Inside::BlockComment(close);
                        at += open.len();
                    } else if syntax.quotes.contains(&byte) {
                        if syntax.triple_quotes
                            && rest.len() >= 3
                            && rest[1] == byte
                            && rest[2] == byte
                        {
                            inside = Inside::TripleQuote(byte);
                            at += 3;
                        } else {
                            inside = Inside::Quote(byte);
                            visitor.string();
                            at += 1;
                        }
                    } else {
                        at += 1;
                    }
                }
                Inside::BlockComment(close)
                    if close.as_bytes().first() == Some(&byte)
                        && rest.starts_with(close.as_bytes()) =>
                {
                    inside = Inside::Code;
                    at += close.len();
                }
                Inside::TripleQuote(quote) if rest.len() >= 3 && rest[..3] == [quote; 3] => {
                    inside = Inside::Code;
                    at += 3;
                }
                Inside::Quote(_) if byte == b'\\' => at += 2,
                Inside::Quote(quote) if byte == quote => {
                    inside = Inside::Code;
                    at += 1;
                }
                _ => at += 1,
            }
        }
        // an unclosed quote ends with its line, except in backticks: a stray apostrophe must not swallow the file
        if matches!(inside, Inside::Quote(quote) if quote != b'`') || inside == Inside::LineComment
        {
            inside = Inside::Code;
        }
        line_lengths.push(length);
    }
    starts.dedup();
    Walked {
        n_lines: line_no,
        lengths,
        segments: segments(&starts, &line_lengths),
    }
}

fn starts_any(bytes: &[u8], marks: &[&str]) -> bool {
    marks.iter().any(|mark| bytes.starts_with(mark.as_bytes()))
}

fn is_import(line: &[u8]) -> bool {
    const STARTS: &[&str] = &[
        "import ",
        "from ",
        "use ",
        "pub use ",
        "mod ",
        "pub mod ",
        "#include",
        "require",
        "include ",
        "alias ",
        "using ",
        "export * from",
        "export {",
        "@import",
        "source ",
        "load ",
        "autoload ",
    ];
    static REQUIRES: LazyLock<Finder> = LazyLock::new(|| Finder::new("require("));
    static IS_FROM: LazyLock<Finder> = LazyLock::new(|| Finder::new(" from '"));
    let is_first = |b: &u8| {
        matches!(
            b,
            b'i' | b'f' | b'u' | b'p' | b'm' | b'#' | b'r' | b'a' | b'e' | b'@' | b's' | b'l'
        )
    };
    (line.first().is_some_and(is_first) && starts_any(line, STARTS))
        || (line.len() < 300 && (REQUIRES.find(line).is_some() || IS_FROM.find(line).is_some()))
}

fn segments(starts: &[u32], line_lengths: &[u16]) -> Vec<Segment> {
    let n_lines = line_lengths.len() as u32;
    starts
        .iter()
        .enumerate()
        .map(|(idx, &first_line)| {
            let end = starts
                .get(idx + 1)
                .map_or(n_lines + 1, |&next| next)
                .min(n_lines + 1);
            let from = (first_line as usize - 1).min(line_lengths.len());
            let to = (end as usize - 1).clamp(from, line_lengths.len());
            Segment {
                first_line,
                length: line_lengths[from..to].iter().map(|&n| u32::from(n)).sum(),
            }
        })
        .collect()
}

fn hits(segments: &[Segment], line_hits: &[LineHit]) -> Vec<Hit> {
    let mut keyed: Vec<(u32, TermIdx, Field)> = Vec::with_capacity(line_hits.len());
    let mut segment_idx = 0;
    for &(line, term, field) in line_hits {
        while segment_idx + 1 < segments.len() && segments[segment_idx + 1].first_line <= line {
            segment_idx += 1;
        }
        keyed.push((segment_idx as u32, term, field));
    }
    keyed.sort_unstable();
    let mut hits: Vec<Hit> = Vec::new();
    for (segment_idx, term_idx, field) in keyed {
        match hits.last_mut() {
            Some(last)
                if (last.segment_idx, last.term_idx, last.field)
                    == (segment_idx, term_idx, field) =>
            {
                last.count = last.count.saturating_add(1);
            }
            _ => hits.push(Hit {
                segment_idx,
                segment_length: segments[segment_idx as usize].length,
                term_idx,
                field,
                count: 1,
            }),
        }
    }
    hits.shrink_to_fit();
    hits
}
