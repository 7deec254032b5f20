//! One pass over a text: where the query's terms stand, in which field and segment, and what the text defines and imports.

use super::definition;
use super::query::Query;
use super::syntax::Syntax;
use super::terms::{TermIdx, each_term, hash, is_word_byte};
use rustc_hash::FxHashMap;

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

/// How often a term stands in a field of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Index into [`Scan::segments`].
    pub segment_idx: u32,
    /// The term.
    pub term_idx: TermIdx,
    /// The field.
    pub field: Field,
    /// Occurrences, at most 65,535.
    pub count: u16,
}

/// A run of lines from one definition to the next, by the look of its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// First line, 1-based.
    pub first_line: u32,
    /// Terms in it, all fields together.
    pub length: u32,
}

/// The lexical profile of one text against one query.
#[derive(Debug, Clone, Default)]
pub struct Scan {
    /// Number of lines.
    pub n_lines: u32,
    /// Size of the text in bytes.
    pub n_bytes: u32,
    /// Terms per field.
    pub lengths: [u32; N_FIELDS],
    /// Segments, ascending; the first begins at line 1.
    pub segments: Vec<Segment>,
    /// Sorted by segment, term, field.
    pub hits: Vec<Hit>,
    /// Lines on which a term of the query stands, with the term: filled by [`Scanner::scan_lines`] alone.
    pub line_hits: Vec<(u32, TermIdx, Field)>,
    /// The query's word pairs found inside strings, with how often.
    pub bigrams: Vec<(u16, u16)>,
    /// Names defined, hashed with their case, and the line.
    pub definitions: Vec<(u64, u32)>,
    /// Import lines, trimmed, at most [`MAX_IMPORTS`].
    pub imports: Vec<Box<str>>,
}

/// The most import lines kept of one file.
pub const MAX_IMPORTS: usize = 200;

/// Scans texts against one query, remembering the words it has met: a word is split and stemmed once.
pub struct Scanner<'q> {
    query: &'q Query,
    memo: FxHashMap<u64, Word>,
    pool: Vec<TermIdx>,
}

#[derive(Clone, Copy)]
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
            memo: FxHashMap::default(),
            pool: Vec::new(),
        }
    }

    /// Scans `text`. O(bytes).
    pub fn scan(&mut self, text: &str, syntax: &Syntax) -> Scan {
        self.run(text, syntax, None, false)
    }

    /// Scans `text` and keeps the line of every hit. `boundaries` are the first lines of the segments (ascending; line 1 is
    /// implied), where a grammar has told them.
    pub fn scan_lines(&mut self, text: &str, syntax: &Syntax, boundaries: Option<&[u32]>) -> Scan {
        self.run(text, syntax, boundaries, true)
    }

    fn run(
        &mut self,
        text: &str,
        syntax: &Syntax,
        boundaries: Option<&[u32]>,
        keep_lines: bool,
    ) -> Scan {
        let mut scan = Scan {
            n_bytes: u32::try_from(text.len()).unwrap_or(u32::MAX),
            ..Scan::default()
        };
        let mut line_hits: Vec<(u32, TermIdx, Field)> = Vec::new();
        let mut line_lengths: Vec<u16> = Vec::new();
        let mut bigrams: FxHashMap<u16, u16> = FxHashMap::default();
        let mut inside = Inside::Code;
        let mut comment_run: Option<u32> = None; // first line of the comments and decorators that stand right above
        let mut starts: Vec<u32> = vec![1];
        let mut line_no = 0_u32;
        let mut previous_string_word = 0_u64;

        for line in text.as_bytes().split_inclusive(|&b| b == b'\n') {
            line_no += 1;
            let body = line.strip_suffix(b"\n").unwrap_or(line);
            let indent = body.iter().take_while(|b| b.is_ascii_whitespace()).count();
            let mut name = (0, 0);
            if inside == Inside::Code && !syntax.prose {
                let first = body.get(indent).copied().unwrap_or(0);
                if let Some(range) = definition::name(body, syntax.family) {
                    name = range;
                    scan.definitions
                        .push((hash(&body[range.0..range.1]), line_no));
                    if boundaries.is_none() {
                        starts.push(comment_run.unwrap_or(line_no));
                    }
                    comment_run = None;
                } else if first == b'@'
                    || first == b'#'
                    || starts_any(&body[indent..], syntax.line_comments)
                {
                    comment_run.get_or_insert(line_no);
                } else if first != 0 && first != b'*' && first != b'/' {
                    comment_run = None;
                }
                if scan.imports.len() < MAX_IMPORTS && is_import(&body[indent..]) {
                    let end = body.len().min(indent + 300);
                    scan.imports
                        .push(String::from_utf8_lossy(&body[indent..end]).trim().into());
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
                    let word_hash = hash(&body[start..at]);
                    let word = self.word(word_hash, &body[start..at]);
                    length = length.saturating_add(u16::from(word.n_terms));
                    scan.lengths[field as usize] += u32::from(word.n_terms);
                    for &term in
                        &self.pool[word.start as usize..word.start as usize + word.n_found as usize]
                    {
                        line_hits.push((line_no, term, field));
                    }
                    if field == Field::String && !self.query.bigrams.is_empty() {
                        let lower = super::query::word_key(&body[start..at]);
                        if let Some(&idx) = self
                            .query
                            .bigrams
                            .get(&super::query::bigram_key(previous_string_word, lower))
                        {
                            let count = bigrams.entry(idx).or_default();
                            *count = count.saturating_add(1);
                        }
                        previous_string_word = lower;
                    }
                    continue;
                }
                let rest = &body[at..];
                match inside {
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
                                previous_string_word = 0;
                                at += 1;
                            }
                        } else {
                            at += 1;
                        }
                    }
                    Inside::BlockComment(close) if rest.starts_with(close.as_bytes()) => {
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
            if matches!(inside, Inside::Quote(quote) if quote != b'`')
                || inside == Inside::LineComment
            {
                inside = Inside::Code;
            }
            line_lengths.push(length);
        }
        scan.n_lines = line_no;
        if let Some(boundaries) = boundaries {
            starts.extend(
                boundaries
                    .iter()
                    .copied()
                    .filter(|&line| line > 1 && line <= line_no),
            );
        }
        starts.sort_unstable();
        starts.dedup();
        scan.segments = segments(&starts, &line_lengths);
        scan.hits = hits(&scan.segments, &line_hits);
        let mut bigrams: Vec<(u16, u16)> = bigrams.into_iter().collect();
        bigrams.sort_unstable();
        scan.bigrams = bigrams;
        if keep_lines {
            scan.line_hits = line_hits;
        }
        // of every file of the tree one is kept
        scan.segments.shrink_to_fit();
        scan.hits.shrink_to_fit();
        scan.definitions.shrink_to_fit();
        scan.imports.shrink_to_fit();
        scan
    }

    fn word(&mut self, key: u64, bytes: &[u8]) -> Word {
        if let Some(&word) = self.memo.get(&key) {
            return word;
        }
        if self.memo.len() >= 1 << 19 {
            self.memo.clear(); // bounded memory on trees with endless distinct words
            self.pool.clear();
        }
        let start = self.pool.len();
        let mut n_terms = 0_u8;
        each_term(bytes, |term| {
            n_terms = n_terms.saturating_add(1);
            if self.pool.len() - start < 200 {
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
    starts_any(line, STARTS)
        || (line.len() < 300
            && (memchr::memmem::find(line, b"require(").is_some()
                || memchr::memmem::find(line, b" from '").is_some()))
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

fn hits(segments: &[Segment], line_hits: &[(u32, TermIdx, Field)]) -> Vec<Hit> {
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
                term_idx,
                field,
                count: 1,
            }),
        }
    }
    hits
}
