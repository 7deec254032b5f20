//! Memory notes: what people and agents wrote down for later, split into atoms.
//!
//! A note is packed and cited by the atom, because the one bullet that matters is worth more than the file around it. The
//! text of an atom is verbatim and its lines are the note's own. Meaning is read off what stands there (headings, marks,
//! dates, status words); nothing is rewritten and no note is ever changed. A model that sums notes up lost: it costs
//! money, differs from day to day, and drops the numbers and names that notes are kept for.

pub mod anchored;
mod anchors;
mod beads;
mod class;
mod claude_memory;
mod claude_user;
mod codex_memory;
pub mod configured;
pub mod conflict;
mod date;
pub mod doctor;
mod folder;
mod front;
mod gemini_memory;
mod graph;
pub mod import;
pub mod remember;
pub mod seen;
mod split;
mod status;
pub(super) mod table;
mod tagged;
mod user_wide;

pub use anchored::Anchored;
pub use anchors::anchors;
pub use status::{mark_superseded, replacements};

use super::stores::{Found, Stores};
use crate::error::Warning;
use front::Front;
use split::{Kind, Piece};
use table::Form;

/// The smallest unit of a note that is packed and cited: a bullet with its children, a dated entry, a short section, an ADR.
#[derive(Debug, Clone, PartialEq)]
pub struct Atom {
    /// Path of the note, relative to the root, or `~/...` for a store in the home directory.
    pub path: String,
    /// First and last line in the note, 1-based inclusive.
    pub lines: (u32, u32),
    /// Headings above it, outermost first; the title in the front matter counts as one.
    pub heading: Vec<String>,
    /// Its text, ending in a newline: verbatim, or for a record that is no text (an issue, an entity) what it says in words.
    pub text: String,
    /// What kind of knowledge it is; sets how it ages.
    pub class: Class,
    /// When it was written, Unix seconds, and how that is known. The caller may put git's date in the place of an mtime.
    pub date: Option<(i64, DateSource)>,
    /// Paths, backticked identifiers and commits that it names.
    pub anchors: Vec<String>,
    /// Its status as written (`accepted`, `superseded`, `rejected`, ...), or empty.
    pub status: String,
    /// Whether it says that it is done: a ticked box, or struck through.
    pub done: bool,
    /// Whether it no longer holds, by its own word or (after [`mark_superseded`]) by that of another note.
    pub superseded: bool,
    /// The names by which other notes refer to it, in a normal form: `adr-7`, `redis-lock`.
    pub keys: Vec<String>,
    /// The keys of what it says it supersedes.
    pub supersedes: Vec<String>,
    /// Globs of the files that its rule is meant for, relative to the root as written; empty where it is meant for all.
    pub applies_to: Vec<String>,
    /// How many sessions or notes say it; 1 for what stands once.
    pub n_sources: usize,
    /// Whether what it names is still in the tree being packed (after [`anchored::look_up`]).
    pub anchored: Anchored,
    /// Those of its anchors that are not.
    pub gone: Vec<String>,
}

impl Atom {
    /// Whether it holds, in one word: `superseded`, `done`, a status that others do not share (`rejected`, `proposed`, `draft`), else
    /// whether what it names is still there (`fresh`, `drifted`, `orphaned`); empty where nothing can be told.
    pub fn state(&self) -> &str {
        if self.superseded {
            "superseded"
        } else if self.done {
            "done"
        } else if matches!(&*self.status, "rejected" | "proposed" | "draft") {
            &self.status
        } else if self.anchored == Anchored::Unverifiable {
            ""
        } else {
            self.anchored.word()
        }
    }
}

/// What kind of knowledge an atom is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Class {
    Principle,
    Decision,
    Preference,
    Gotcha,
    Fact,
    Status,
    Handoff,
}

impl Class {
    /// All of them, the most lasting first.
    pub const ALL: [Self; 7] = [
        Self::Principle,
        Self::Decision,
        Self::Preference,
        Self::Gotcha,
        Self::Fact,
        Self::Status,
        Self::Handoff,
    ];

    /// Its name: `principle`, `decision`, ...
    pub fn word(self) -> &'static str {
        match self {
            Self::Principle => "principle",
            Self::Decision => "decision",
            Self::Preference => "preference",
            Self::Gotcha => "gotcha",
            Self::Fact => "fact",
            Self::Status => "status",
            Self::Handoff => "handoff",
        }
    }
}

/// How a date is known, most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum DateSource {
    Record,
    Heading,
    Git,
    Mtime,
}

/// The stores of notes outside the repository: one file and one row each.
const STORES: &[fn(&Stores) -> Found<Atom>] = &[
    claude_memory::read,
    claude_user::read,
    codex_memory::read,
    gemini_memory::read,
    graph::read,
    tagged::read,
    user_wide::read,
];

/// Whether a file of the repository is a note, by its path relative to the root. Cost: one automaton run.
pub fn is_note(path: &str) -> bool {
    table::find(path).is_some()
}

/// Whether a path is that of a handoff.
pub fn is_handoff(path: &str) -> bool {
    table::find(path).is_some_and(|row| row.class == Class::Handoff)
}

/// What kind of note a path is, in a few words; `None` if it is none.
pub fn describe(path: &str) -> Option<&'static str> {
    table::find(path).map(|row| row.what)
}

/// The path of a note, without what says where this machine keeps its home: `claude-code:memory/x.md`.
pub fn shown_path(path: &str) -> String {
    match path.split_once("/projects/") {
        Some((home, rest)) if home.starts_with('~') => format!(
            "claude-code:{}",
            rest.split_once('/').map_or(rest, |(_, below)| below)
        ),
        _ => path.to_owned(),
    }
}

/// The atoms of one note, ascending and disjoint; `mtime` in Unix seconds is the date of last resort.
///
/// Every line of a note that is text is in exactly one atom. Headings, front matter, rules and HTML comments on lines of their own are in
/// none, but for a heading with nothing below it, which is an atom where it says something, and for decision records,
/// which are whole. O(length); never fails. Supersession between notes is the business of [`mark_superseded`].
pub fn atoms(path: &str, text: &str, mtime: Option<i64>) -> Vec<Atom> {
    read(path, text, mtime).0
}

/// [`atoms`], and a warning where records among them could not be read.
pub fn read(path: &str, text: &str, mtime: Option<i64>) -> (Vec<Atom>, Option<Warning>) {
    let Some(row) = table::find(path) else {
        return (split_note(path, text, mtime, Class::Fact), None);
    };
    let (atoms, n_lost) = match row.form {
        Form::Text => (split_note(path, text, mtime, row.class), 0),
        Form::Graph => graph::atoms(path, text, mtime),
        Form::Issues => beads::atoms(path, text, mtime),
        Form::Tagged => (tagged::atoms(path, text, mtime), 0),
    };
    (atoms, torn(path, n_lost))
}

/// One line about records of a note that could not be read, if there are any.
fn torn(path: &str, n_lost: usize) -> Option<Warning> {
    let lines = if n_lost == 1 { "line" } else { "lines" };
    let message = format!("{n_lost} {lines} could not be read");
    (n_lost > 0).then(|| Warning::new("torn-record", path, message))
}

/// Whether a file is one of instructions that may import others.
pub fn imports_others(row: &table::Row) -> bool {
    row.what == table::CLAUDE
}

/// The atoms of the notes kept outside the repository, sorted by path and line, supersession marked.
///
/// What is returned is verbatim and may hold secrets: redact before showing or storing it.
pub fn stored(stores: &Stores) -> Found<Atom> {
    let mut found = Found::default();
    for read in STORES {
        found.extend(read(stores));
    }
    mark_superseded(&mut found.items);
    found
        .items
        .sort_by(|a, b| a.path.cmp(&b.path).then(a.lines.cmp(&b.lines)));
    found.reports.sort();
    found.warnings.sort();
    found
}

/// A dated section or a list with its introduction is one atom up to this many bytes (about 300 tokens).
const MAX_MERGED_BYTES: usize = 1_200;
/// Its list has at most this many lines; a longer one is a list of single thoughts.
const MAX_INTRODUCED_LINES: usize = 12;
/// A file in a folder of decision records with this many dated headings is a log of them.
const MIN_LOG_ENTRIES: usize = 2;

/// What all atoms of one note share.
struct Note<'a> {
    path: &'a str,
    lines: Vec<&'a str>,
    front: Front,
    mtime: Option<i64>,
    default: Class,
}

fn split_note(path: &str, text: &str, mtime: Option<i64>, default: Class) -> Vec<Atom> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let front = front::front(&lines);
    let note = Note {
        path,
        lines,
        front,
        mtime,
        default,
    };
    let body = &note.lines[note.front.n_lines..];
    let mut pieces = split::pieces(body);
    for piece in &mut pieces {
        piece.first += note.front.n_lines;
        piece.last += note.front.n_lines;
        for heading in &mut piece.headings {
            *heading += note.front.n_lines;
        }
    }
    let is_log = || {
        let is_dated = |line: &&&str| line.starts_with('#') && date::find(line).is_some();
        body.iter().filter(is_dated).count() >= MIN_LOG_ENTRIES
    };
    // A decision in basic-memory is a list of observations, each with a category of its own.
    let is_record = table::is_adr(path) && default == Class::Decision && !note.front.is_linked;
    if is_record && !is_log() {
        return note.record().into_iter().collect();
    }
    note.merged(pieces)
}

impl Note<'_> {
    /// The whole of a decision record as one atom.
    fn record(&self) -> Option<Atom> {
        let has_text = |line: &&str| !line.trim().is_empty();
        let first =
            self.front.n_lines + self.lines[self.front.n_lines..].iter().position(has_text)?;
        let last = self.lines.iter().rposition(has_text)?;
        let body = &self.lines[first..=last];
        let status = status::written(body, self.front.status.as_deref());
        let dated = body.iter().take(30).find_map(|line| {
            let bare = line
                .trim()
                .trim_start_matches(['*', '-', '_', ' '])
                .to_lowercase();
            let rest = bare.strip_prefix("date")?.trim_start_matches(['*', '_']);
            date::find(rest.strip_prefix(':')?).map(|(at, _)| at)
        });
        let mut atom = self.atom(first, last, &[], Some(Class::Decision));
        let record = self.front.date.or(dated).map(|at| (at, DateSource::Record));
        atom.date = record.or(atom.date);
        atom.superseded |= status::is_over(&status)
            || body.iter().take(30).any(|line| {
                status::says_superseded(line.trim_start_matches(['*', '-', ' ']))
                    && line.to_lowercase().contains("superseded by")
            });
        atom.status = status;
        Some(atom)
    }

    /// Pieces put together where they say one thing: a short dated entry, a short section, a list with its introduction.
    fn merged(&self, pieces: Vec<Piece>) -> Vec<Atom> {
        let mut out: Vec<Atom> = Vec::new();
        let mut i = 0;
        while i < pieces.len() {
            let mut n = self.introduced(&pieces[i..]);
            if n == 1 {
                n = self.alike(&pieces[i..]);
            }
            let (first, last) = (pieces[i].first, pieces[i + n - 1].last);
            out.push(self.atom(first, last, &pieces[i].headings, None));
            i += n;
        }
        out
    }

    /// How many pieces, 1 or more, are an introduction (`Deploy in this order:`) and its list: all of a short list, or
    /// the first item of a long one.
    fn introduced(&self, pieces: &[Piece]) -> usize {
        let intro = &pieces[0];
        let is_intro = intro.kind == Kind::Paragraph
            && self.lines[intro.last]
                .trim_end()
                .trim_end_matches('*')
                .ends_with(':');
        if !is_intro {
            return 1;
        }
        let is_item = |piece: &&Piece| {
            piece.run == intro.run && matches!(piece.kind, Kind::Bullet | Kind::Steps)
        };
        let n_items = pieces[1..].iter().take_while(is_item).count();
        if n_items == 0 {
            return 1;
        }
        let items = &pieces[1..=n_items];
        let n_lines = pieces[n_items].last - intro.first + 1;
        let done = |piece: &Piece| status::is_done(&self.text(piece.first, piece.last));
        let is_whole = n_lines <= MAX_INTRODUCED_LINES
            && self.n_bytes(intro.first, pieces[n_items].last) <= MAX_MERGED_BYTES
            && items.iter().all(|piece| done(piece) == done(&items[0]));
        if is_whole { 1 + n_items } else { 2 }
    }

    /// How many pieces, 1 or more, go together because they stand in one short section: entries of a date that are of
    /// one class, or paragraphs of which the later ones (`**Why:** ...`) do not announce a class of their own.
    fn alike(&self, pieces: &[Piece]) -> usize {
        let head = &pieces[0];
        let may_join = |piece: &Piece| {
            piece.run == head.run && self.n_bytes(head.first, piece.last) <= MAX_MERGED_BYTES
        };
        if !pieces.get(1).is_some_and(may_join) {
            return 1;
        }
        let is_dated = self.heading_date(&head.headings).is_some();
        let headings = self.headings(&head.headings);
        let look = |text: &str| {
            let opening = text.lines().next().unwrap_or_default();
            (
                status::is_done(text),
                date::opening(text),
                status::says_superseded(opening),
            )
        };
        let class = |text: &str| class::class(text, &headings, self.default);
        let head_text = self.text(head.first, head.last);
        let (head_look, head_class) = (look(&head_text), is_dated.then(|| class(&head_text)));
        let mut n = 1;
        while let Some(piece) = pieces.get(n).filter(|piece| may_join(piece)) {
            let is_text = head.kind == Kind::Paragraph && piece.kind == Kind::Paragraph;
            if !is_dated && !is_text {
                break;
            }
            let text = self.text(piece.first, piece.last);
            let continues = match head_class {
                Some(head_class) => class(&text) == head_class,
                None => class::mark(&text).is_none() && self.introduced(&pieces[n..]) == 1,
            };
            if !continues || look(&text) != head_look {
                break;
            }
            n += 1;
        }
        n
    }

    fn atom(&self, first: usize, last: usize, headings: &[usize], class: Option<Class>) -> Atom {
        let mut text = self.text(first, last);
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let heading = self.headings(headings);
        let own_date = date::opening(&text).or_else(|| {
            // A heading that is an atom by itself carries its date in its text.
            let line = text.lines().next().filter(|line| line.starts_with('#'))?;
            date::find(line).map(|(at, _)| at)
        });
        let file_name = self.path.rsplit('/').next().unwrap_or_default();
        let told = own_date
            .or_else(|| self.heading_date(headings))
            .map(|at| (at, DateSource::Heading));
        let date = told
            .or(self.front.date.map(|at| (at, DateSource::Record)))
            .or(date::find(file_name).map(|(at, _)| (at, DateSource::Heading)))
            .or(self.mtime.map(|at| (at, DateSource::Mtime)));
        let status = self
            .front
            .status
            .as_deref()
            .map_or_else(String::new, |status| status::written(&[], Some(status)));
        let says_superseded = |line: Option<&str>| line.is_some_and(status::says_superseded);
        let mut supersedes = status::supersedes(&text);
        supersedes.extend(self.front.supersedes.as_deref().map(status::key));
        Atom {
            path: self.path.to_owned(),
            lines: (line_number(first), line_number(last)),
            class: class.unwrap_or_else(|| class::class(&text, &heading, self.default)),
            date,
            anchors: anchors(&text),
            done: status::is_done(&text),
            superseded: status::is_over(&status)
                || says_superseded(text.lines().next())
                || says_superseded(heading.last().map(String::as_str)),
            keys: self.keys(file_name, &text, &heading),
            supersedes,
            applies_to: self.front.applies_to.clone(),
            n_sources: 1,
            anchored: Anchored::default(),
            gone: Vec::new(),
            status,
            heading,
            text,
        }
    }

    /// The names that others may call an atom: an id that opens its heading; else the note's own.
    fn keys(&self, file_name: &str, text: &str, heading: &[String]) -> Vec<String> {
        let own = text
            .lines()
            .next()
            .filter(|line| line.starts_with('#'))
            .map(split::title);
        let id = own
            .into_iter()
            .chain(heading.iter().rev().map(String::as_str))
            .find_map(|title| {
                let word = title
                    .split_whitespace()
                    .next()?
                    .trim_end_matches([':', '.']);
                let (letters, digits) = word.split_once('-')?;
                let is_id = !digits.is_empty()
                    && digits.bytes().all(|b| b.is_ascii_digit())
                    && (1..=5).contains(&letters.len())
                    && letters.bytes().all(|b| b.is_ascii_alphabetic());
                is_id.then(|| status::key(word))
            });
        let mut keys: Vec<String> = match id {
            Some(id) => vec![id],
            None => {
                let name = self.front.name.as_deref().map(status::key);
                let title = self.front.title.as_deref().map(status::key);
                let names = name.into_iter().chain(title);
                names.chain([status::key(file_name)]).collect()
            }
        };
        keys.dedup();
        keys
    }

    fn text(&self, first: usize, last: usize) -> String {
        self.lines[first..=last].concat()
    }

    fn n_bytes(&self, first: usize, last: usize) -> usize {
        self.lines[first..=last].iter().map(|line| line.len()).sum()
    }

    fn headings(&self, headings: &[usize]) -> Vec<String> {
        let title = match (&self.front.title, &self.front.description) {
            (Some(title), Some(description)) => Some(format!("{title}: {description}")),
            (title, description) => title.clone().or_else(|| description.clone()),
        };
        let own = headings
            .iter()
            .map(|line| split::title(self.lines[*line]).to_owned());
        title.into_iter().chain(own).collect()
    }

    fn heading_date(&self, headings: &[usize]) -> Option<i64> {
        let mut dates = headings
            .iter()
            .rev()
            .filter_map(|line| date::find(self.lines[*line]));
        dates.next().map(|(at, _)| at)
    }
}

fn line_number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
