//! Sessions with agents, read from their transcripts, and what is worth remembering of them.
//!
//! One file for each tool turns its records into turns and steps; [`digest`] extracts the same things from all of them.
//! Only sessions of the repository at hand are read, told by the working directory that their records name. A full
//! text search over every session of a user lost: it would carry one project's words into another's bundle.
//!
//! What is returned is verbatim but for secrets that were pasted or printed, which are redacted before anything is extracted, cut, kept or shown.

mod aider;
mod claude;
mod cline;
mod codex;
mod continue_dev;
mod copilot;
mod cursor;
mod cursor_transcripts;
pub mod digest;
mod gemini;
mod goose;
pub mod handoff;
mod kiro;
mod opencode;
mod patch;
mod recall;
pub mod sentence;
mod shelf;
mod store;
mod zed;

use super::stores::{Found, Stores};
use crate::guard::secrets::redact;
use crate::guard::text::clean;
use digest::{Material, Step};
use sentence::one_line;
use std::borrow::Cow;

/// The tools whose sessions can be read: one file and one row each.
const TOOLS: &[fn(&Stores) -> Found<Session>] = &[
    claude::read,
    codex::read,
    gemini::read,
    copilot::read,
    aider::read,
    cline::read,
    continue_dev::read,
    kiro::read,
    cursor_transcripts::read,
    cursor::read,
    goose::read,
    opencode::read,
    zed::read,
];

/// The sessions of the repository, newest first (by end, start, path), from every known store.
///
/// Costs about 2.5 ms of processor time for each megabyte of transcripts, spread over all cores. Of each tool at most 500
/// transcripts and 400 MB are read, the newest first, and a warning says so where that leaves some out. Nothing is
/// fatal: trouble is a warning.
pub fn read(stores: &Stores) -> Found<Session> {
    let mut found = Found::default();
    for read in TOOLS {
        found.extend(read(stores));
    }
    drop_doubles(&mut found.items);
    found.items.sort_by(|a, b| {
        (b.ended, b.started)
            .cmp(&(a.ended, a.started))
            .then_with(|| a.path.cmp(&b.path))
    });
    found.reports.sort();
    found.warnings.sort();
    found
}

/// Of a session that its tool keeps twice, as rows and as a transcript, the one in which more was said counts.
fn drop_doubles(sessions: &mut Vec<Session>) {
    sessions.sort_by(|a, b| {
        (a.tool, &a.id)
            .cmp(&(b.tool, &b.id))
            .then(b.turns.len().cmp(&a.turns.len()))
            .then_with(|| a.path.cmp(&b.path))
    });
    let opening = |session: &Session| session.turns.first().map(|turn| turn.text.clone());
    sessions.dedup_by(|next, kept| {
        next.tool == kept.tool && next.id == kept.id && opening(next) == opening(kept)
    });
}

/// One session: who said what, without tool output, images, injected text and rewound branches.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// `claude-code`, ...
    pub tool: &'static str,
    /// The session's own id.
    pub id: String,
    /// Where it is kept, as `~/...`.
    pub path: String,
    /// Its title, or its first ask in one line.
    pub title: String,
    /// First and last moment, Unix seconds; 0 where unknown.
    pub started: i64,
    /// Last moment, Unix seconds; 0 where unknown.
    pub ended: i64,
    /// Branch, or empty.
    pub branch: String,
    /// In order.
    pub turns: Vec<Turn>,
    /// What is worth remembering, extracted.
    pub digest: Digest,
}

/// The fewest characters of an id that are shown.
const MIN_ID: usize = 8;

/// For each session the shortest beginning of its id, of 8 characters at least, that no other's id has.
pub fn short_ids(sessions: &[Session]) -> Vec<&str> {
    let mut sorted: Vec<&str> = sessions.iter().map(|session| session.id.as_str()).collect();
    sorted.sort_unstable();
    let shared = |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let short = |id| {
        let at = sorted.partition_point(|other| *other < id);
        let before = at.checked_sub(1).map_or(0, |at| shared(sorted[at], id));
        let after = sorted[at..].iter().find(|other| **other != id);
        let n_chars = before.max(after.map_or(0, |other| shared(other, id))) + 1;
        head(id, n_chars.max(MIN_ID))
    };
    sessions.iter().map(|session| short(&session.id)).collect()
}

/// For each session its tool and the opening of its id, which says enough to find it again: `claude-code:0199f000`.
pub fn names(sessions: &[Session]) -> Vec<String> {
    let name = |(session, short): (&Session, &str)| {
        let id = session.id.as_str();
        // ids of one time begin alike, and an id of words is cut nowhere
        let opening = id.split_once('-').map_or(id, |(first, _)| first);
        let shown = match opening.len() {
            ..MIN_ID => id,
            n if n < short.len() => short,
            _ => opening,
        };
        format!("{}:{shown}", session.tool)
    };
    sessions.iter().zip(short_ids(sessions)).map(name).collect()
}

/// The first characters of a text.
fn head(text: &str, n_chars: usize) -> &str {
    let end = text.char_indices().nth(n_chars);
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

/// What a tool's reader knows of a session besides what happened in it.
#[derive(Debug, Clone, Default)]
struct Head {
    tool: &'static str,
    id: String,
    /// Where it is kept, as `~/...`.
    path: String,
    /// The name that a person or the tool gave it.
    title: Option<String>,
    /// Unix seconds, 0 where the store names none; the turns may know better.
    started: i64,
    ended: i64,
    branch: String,
}

impl Head {
    /// The session; `None` if nobody said anything in it. Without a title it is called by its first ask.
    fn session(self, material: Material) -> Option<Session> {
        let material = harmless(material);
        let digest = digest::digest(&material);
        let turns: Vec<Turn> = material
            .steps
            .into_iter()
            .filter_map(|step| match step {
                Step::Said(turn) => Some(turn),
                _ => None,
            })
            .collect();
        let first = turns.iter().find(|turn| turn.role == Role::User);
        let first = first.or(turns.first())?;
        let title = self.title.filter(|title| !title.trim().is_empty());
        let title = one_line(&safe(title.as_ref().unwrap_or(&first.text)));
        let moments = || turns.iter().map(|turn| turn.at).filter(|at| *at > 0);
        let known = |at: i64, other: Option<i64>| if at > 0 { at } else { other.unwrap_or(0) };
        Some(Session {
            tool: self.tool,
            id: safe(&self.id).into_owned(),
            path: safe(&self.path).into_owned(),
            title,
            started: known(self.started, moments().min()),
            ended: known(self.ended, moments().max()),
            branch: safe(&self.branch).into_owned(),
            turns,
            digest,
        })
    }
}

/// What happened, with nothing in it that deceives and without secrets: what is extracted from it, kept or shown has none. Before anything is cut, for half a secret is none
/// that could be told.
fn harmless(mut material: Material) -> Material {
    let make_safe = |text: &mut String| {
        if let Cow::Owned(safe) = safe(text) {
            *text = safe;
        }
    };
    for step in &mut material.steps {
        match step {
            Step::Said(turn) => make_safe(&mut turn.text),
            Step::Ran { command, error } => {
                make_safe(command);
                error.iter_mut().for_each(make_safe);
            }
            Step::Edited(path) => make_safe(path),
        }
    }
    material.unfinished.iter_mut().for_each(make_safe);
    material.reached.iter_mut().for_each(make_safe);
    make_safe(&mut material.summary);
    material
}

/// Text with nothing in it that deceives, and no secret of a known form.
fn safe(text: &str) -> Cow<'_, str> {
    match clean(text).0 {
        Cow::Borrowed(text) => redact(text),
        Cow::Owned(text) => Cow::Owned(redact(&text).into_owned()),
    }
}

/// One thing said.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// When, Unix seconds; 0 where unknown.
    pub at: i64,
    /// What, verbatim.
    pub text: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Role {
    User,
    Assistant,
}

/// What a session is worth remembering for, extracted without a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Digest {
    /// The newest summary a tool wrote (compaction, session memory), or empty.
    pub summary: String,
    /// Opening and last asks, one line each.
    pub asks: Vec<String>,
    /// Sentences that decide something.
    pub decisions: Vec<String>,
    /// "`cargo test` failed (error...), passes after edits to a.rs".
    pub fixes: Vec<String>,
    /// Files edited, relative to the root where inside it.
    pub files: Vec<String>,
    /// What was left open.
    pub open: Vec<String>,
    /// The last thing the assistant said it reached, one or two sentences.
    pub outcome: String,
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
