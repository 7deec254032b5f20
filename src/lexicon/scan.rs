//! One pass over a text: where the query's terms stand, in which field and segment, and what the text defines and imports.

use super::definition;
use super::imports::Imports;
use super::places::{MAX_BYTES, Places};
use super::query::{Query, bigram_key, word_key};
use super::syntax::Syntax;
use super::terms::{Memo, TermIdx, each_term, key, word_hash};
use memchr::memmem::Finder;
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::{LazyLock, Mutex, PoisonError};

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
    /// What it knows of a word.
    type Word: Copy;
    /// A text begins.
    fn begin(&mut self) {}
    /// Looks a word of the text up.
    fn look_up(&mut self, text: &[u8], word: Range<usize>) -> Self::Word;
    /// A word on a line, in a field. Returns how many terms it has.
    fn word(&mut self, line_no: u32, field: Field, word: Self::Word) -> u8;
    /// Another string begins.
    fn string(&mut self);
    /// The same word, where it stands in a string.
    fn string_word(&mut self, word: &[u8]);
    /// The name of a definition.
    fn definition(&mut self, name: &[u8]);
    /// A line that imports something.
    fn import(&mut self, line: &str);
    /// What was told so far stands in the segment that it began in.
    fn settle(&mut self) {}
    /// What was told since that was settled, and what follows, is of another segment.
    fn segment(&mut self) {}
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
    path: Path,
    memo: Memo<Word>,
    pool: Vec<TermIdx>,
    line_hits: Vec<LineHit>,
    bigrams: FxHashMap<u16, u16>,
    previous: u64,
    defined: Vec<u64>,
    imports: Imports,
}

/// As many scanners for a query as threads use at once: what one learns of words serves for the texts that come after.
pub struct Scanners<'q> {
    query: &'q Query,
    spare: Mutex<Vec<Scanner<'q>>>,
}

impl<'q> Scanners<'q> {
    /// None as yet.
    pub fn new(query: &'q Query) -> Self {
        Self {
            query,
            spare: Mutex::default(),
        }
    }

    /// Lends one to `work`.
    pub fn with<T>(&self, work: impl FnOnce(&mut Scanner<'q>) -> T) -> T {
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let one = spare().pop();
        let mut scanner = one.unwrap_or_else(|| Scanner::new(self.query));
        let done = work(&mut scanner);
        spare().push(scanner);
        done
    }
}

/// Where the terms of a word stand that are looked for, how many, and how many it has.
#[derive(Clone, Copy, Default)]
pub struct Word {
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
            path: Path::default(),
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
        let mut path = std::mem::take(&mut self.path);
        let walked = walk(text, syntax, &mut path, self);
        self.path = path;
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
}

/// Distinct words remembered from text to text: more do not stay near the processor, and to find them there takes longer than to split
/// those anew that do come.
const MAX_WORDS: usize = 1 << 16;

/// Terms of one word at most.
pub(super) const MAX_TERMS_OF_WORD: usize = 200;

impl Visitor for Scanner<'_> {
    type Word = Word;

    fn begin(&mut self) {
        if self.memo.len() >= MAX_WORDS {
            self.memo.clear(); // bounded memory on trees with endless distinct words
            self.pool.clear();
        }
    }

    #[inline]
    fn look_up(&mut self, text: &[u8], word: Range<usize>) -> Word {
        let (pool, vocabulary) = (&mut self.pool, &self.query.vocabulary);
        let number = self.memo.number(word_hash(text, &word), || {
            let start = pool.len();
            let mut n_terms = 0_u8;
            each_term(&text[word], |term| {
                n_terms = n_terms.saturating_add(1);
                if pool.len() - start < MAX_TERMS_OF_WORD {
                    pool.extend(vocabulary.get(term));
                }
            });
            Word {
                start: start as u32,
                n_found: (pool.len() - start) as u8,
                n_terms,
            }
        });
        *self.memo.at(number)
    }

    fn word(&mut self, line_no: u32, field: Field, word: Word) -> u8 {
        if word.n_found > 0 {
            let start = word.start as usize;
            let hits = self.pool[start..start + usize::from(word.n_found)].iter();
            self.line_hits
                .extend(hits.map(|&term| (line_no, term, field)));
        }
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

/// What a walk goes by: where words begin and end, where lines end, and where what it is inside of may change.
#[derive(Default)]
pub(super) struct Path {
    words: Places,
    line_ends: Places,
    marks: Places,
}

/// Reads `text` once, telling `visitor` what it holds. O(bytes).
pub(super) fn walk(
    text: &str,
    syntax: &Syntax,
    path: &mut Path,
    visitor: &mut impl Visitor,
) -> Walked {
    let text = &text.as_bytes()[..text.len().min(MAX_BYTES)];
    path.words.words(text);
    path.line_ends.of_any(text, b"\n");
    path.marks.of_any(text, &mark_bytes(syntax));
    let (words, _) = path.words.all().as_chunks::<2>();
    visitor.begin();
    let mut words = WordsAhead::new(text, words);
    let mut next = words.next(visitor);
    let mut line_ends = path.line_ends.all().iter();
    let mut marks = path.marks.all().iter().map(|&at| at as usize);
    let mut mark = marks.next().unwrap_or(usize::MAX);
    let mut requires = Upcoming::new(&REQUIRES);
    let mut is_from = Upcoming::new(&IS_FROM);
    let mut lengths = [0; N_FIELDS];
    let mut line_lengths: Vec<u16> = Vec::new();
    let mut inside = Inside::Code;
    let mut comment_run: Option<u32> = None; // first line of the comments and decorators that stand right above
    let mut starts: Vec<u32> = vec![1];
    let mut line_no = 0_u32;
    let mut n_imports = 0;
    visitor.string();

    let mut line_start = 0;
    while line_start < text.len() {
        line_no += 1;
        let line_end = line_ends.next().map_or(text.len(), |&at| at as usize);
        let mut name = (0, 0);
        if inside == Inside::Code && !syntax.prose {
            let body = &text[line_start..line_end];
            let indent = body.iter().take_while(|b| b.is_ascii_whitespace()).count();
            let first = body.get(indent).copied().unwrap_or(0);
            // the words of lines before are behind
            let first_end = match &next {
                Some((word, _)) if word.start == line_start + indent => word.end - line_start,
                _ => indent,
            };
            if let Some(range) = definition::name(body, indent, first_end, syntax.family) {
                visitor.definition(&body[range.0..range.1]);
                name = (line_start + range.0, line_start + range.1);
                if comment_run.is_none() {
                    visitor.settle();
                }
                let start = comment_run.take().unwrap_or(line_no);
                if starts.last() != Some(&start) {
                    starts.push(start);
                    visitor.segment();
                }
            } else if first == b'@'
                || first == b'#'
                || starts_any(&body[indent..], syntax.line_comments)
            {
                if comment_run.is_none() {
                    comment_run = Some(line_no);
                    visitor.settle();
                }
            } else if first != 0 && first != b'*' && first != b'/' {
                comment_run = None;
            }
            let after = line_start + indent..line_end;
            if n_imports < MAX_IMPORTS
                && (starts_import(&body[indent..])
                    || (after.len() < 300
                        && (requires.is_in(text, &after) || is_from.is_in(text, &after))))
            {
                n_imports += 1;
                let end = body.len().min(indent + 300);
                visitor.import(String::from_utf8_lossy(&body[indent..end]).trim());
            }
        }
        let mut length = 0_u16;
        loop {
            let start = next.as_ref().map_or(usize::MAX, |(word, _)| word.start);
            if mark < start.min(line_end) {
                let at = at_mark(&text[..line_end], mark, syntax, &mut inside, visitor);
                while mark < at {
                    mark = marks.next().unwrap_or(usize::MAX);
                }
                // what is escaped is passed over, be it a letter
                if start < at
                    && let Some((word, known)) = &mut next
                {
                    word.start = at;
                    if word.start == word.end {
                        next = words.next(visitor);
                    } else {
                        *known = visitor.look_up(text, word.clone());
                    }
                }
                continue;
            }
            if start >= line_end {
                break;
            }
            let Some((word, known)) = next else { break };
            let field = if syntax.prose {
                Field::Comment
            } else if word.start >= name.0 && word.end <= name.1 {
                Field::Definition
            } else {
                match inside {
                    Inside::Code => Field::Identifier,
                    Inside::Quote(_) => Field::String,
                    _ => Field::Comment,
                }
            };
            let n_terms = visitor.word(line_no, field, known);
            length = length.saturating_add(u16::from(n_terms));
            lengths[field as usize] += u32::from(n_terms);
            if field == Field::String {
                visitor.string_word(&text[word]);
            }
            next = words.next(visitor);
        }
        // an unclosed quote ends with its line, except in backticks: a stray apostrophe must not swallow the file
        if matches!(inside, Inside::Quote(quote) if quote != b'`') || inside == Inside::LineComment
        {
            inside = Inside::Code;
        }
        line_lengths.push(length);
        line_start = line_end + 1;
    }
    Walked {
        n_lines: line_no,
        lengths,
        segments: segments(&starts, &line_lengths),
    }
}

/// Words of a text, looked up some at a time: while memory is waited for that knows one, the next ones are looked up, and what knows
/// them is near when they are asked for.
struct WordsAhead<'t, W> {
    text: &'t [u8],
    words: &'t [[u32; 2]],
    known: Vec<W>,
    next: usize,
}

/// How many are looked up in one.
const WORDS_AT_ONCE: usize = 128;

impl<'t, W: Copy> WordsAhead<'t, W> {
    fn new(text: &'t [u8], words: &'t [[u32; 2]]) -> Self {
        Self {
            text,
            words,
            known: Vec::with_capacity(WORDS_AT_ONCE),
            next: 0,
        }
    }

    fn next(&mut self, visitor: &mut impl Visitor<Word = W>) -> Option<(Range<usize>, W)> {
        let range = |&[start, end]: &[u32; 2]| start as usize..end as usize;
        if self.next == self.known.len() {
            self.words = self.words.get(self.next..).unwrap_or_default();
            self.next = 0;
            self.known.clear();
            let some = &self.words[..self.words.len().min(WORDS_AT_ONCE)];
            let text = self.text;
            let known = some.iter().map(|word| visitor.look_up(text, range(word)));
            self.known.extend(known);
        }
        let known = *self.known.get(self.next)?;
        let word = range(self.words.get(self.next)?);
        self.next += 1;
        Some((word, known))
    }
}

/// The bytes, none of them of words, at which what the walk is inside of may change.
fn mark_bytes(syntax: &Syntax) -> Vec<u8> {
    let blocks = syntax.block_comments.iter();
    let marks = blocks.flat_map(|(open, close)| [*open, *close]);
    let marks = marks.chain(syntax.line_comments.iter().copied());
    let firsts = marks.filter_map(|mark| mark.as_bytes().first());
    let mut bytes: Vec<u8> = firsts.chain(syntax.quotes).copied().collect();
    if !syntax.quotes.is_empty() {
        bytes.push(b'\\');
    }
    bytes.sort_unstable();
    bytes.dedup();
    bytes
}

/// Takes in the mark at `at` of `text`, which ends with its line; where to go on comes back.
fn at_mark(
    text: &[u8],
    at: usize,
    syntax: &Syntax,
    inside: &mut Inside,
    visitor: &mut impl Visitor,
) -> usize {
    let rest = &text[at..];
    let byte = rest[0];
    match *inside {
        Inside::Code => {
            if starts_any(rest, syntax.line_comments) {
                *inside = Inside::LineComment;
            } else if let Some((open, close)) = syntax
                .block_comments
                .iter()
                .find(|(open, _)| starts(rest, open))
            {
                *inside = Inside::BlockComment(close);
                return at + open.len();
            } else if syntax.quotes.contains(&byte) {
                if syntax.triple_quotes && rest.starts_with(&[byte; 3]) {
                    *inside = Inside::TripleQuote(byte);
                    return at + 3;
                }
                *inside = Inside::Quote(byte);
                visitor.string();
            }
        }
        Inside::BlockComment(close) if starts(rest, close) => {
            *inside = Inside::Code;
            return at + close.len();
        }
        Inside::TripleQuote(quote) if rest.starts_with(&[quote; 3]) => {
            *inside = Inside::Code;
            return at + 3;
        }
        Inside::Quote(_) if byte == b'\\' => return text.len().min(at + 2),
        Inside::Quote(quote) if byte == quote => *inside = Inside::Code,
        _ => {}
    }
    at + 1
}

/// Where something stands next in a text that is walked; each part of the text is searched once.
struct Upcoming<'f> {
    finder: &'f Finder<'static>,
    next: usize,
}

impl<'f> Upcoming<'f> {
    fn new(finder: &'f Finder<'static>) -> Self {
        Self { finder, next: 0 }
    }

    /// Whether it stands in the `line` of `text`; lines ascend.
    fn is_in(&mut self, text: &[u8], line: &Range<usize>) -> bool {
        if self.next < line.start || self.next == 0 {
            let found = self.finder.find(&text[line.start..]);
            self.next = found.map_or(usize::MAX, |n| line.start + n);
        }
        self.next
            .checked_add(self.finder.needle().len())
            .is_some_and(|end| end <= line.end)
    }
}

fn starts_any(bytes: &[u8], marks: &[&str]) -> bool {
    marks.iter().any(|mark| starts(bytes, mark))
}

/// Mostly not by the first byte, for which no call is made.
fn starts(bytes: &[u8], mark: &str) -> bool {
    let mark = mark.as_bytes();
    bytes.len() >= mark.len() && bytes.iter().zip(mark).all(|(a, b)| a == b)
}

static REQUIRES: LazyLock<Finder> = LazyLock::new(|| Finder::new("require("));
static IS_FROM: LazyLock<Finder> = LazyLock::new(|| Finder::new(" from '"));

/// Whether the first word of a line says that it imports.
fn starts_import(line: &[u8]) -> bool {
    let starts: &[&str] = match line.first() {
        Some(b'i') => &["import ", "include "],
        Some(b'f') => &["from "],
        Some(b'u') => &["use ", "using "],
        Some(b'p') => &["pub use ", "pub mod "],
        Some(b'm') => &["mod "],
        Some(b'#') => &["#include"],
        Some(b'r') => &["require"],
        Some(b'a') => &["alias ", "autoload "],
        Some(b'e') => &["export * from", "export {"],
        Some(b'@') => &["@import"],
        Some(b's') => &["source "],
        Some(b'l') => &["load "],
        _ => &[],
    };
    starts_any(line, starts)
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
