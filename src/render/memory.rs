//! The menus of notes and sessions: full, digest, headline; a session's digests also carry the turns that answer the task,
//! chosen like the functions of a file.

use super::lines::{Lines, gap};
use super::{Measure, Rendering, Renderings, Subject};
use crate::emit::Item;
use crate::request::{Kind, RenderingName};
use crate::score::Survey;
use crate::score::memory::{ScoredSession, class_word};
use crate::source::notes::Atom;
use crate::source::sessions::{Digest, Role, Session};
use jiff::Timestamp;

/// What a probability of a note or a turn is worth beside that of a piece of code: there are many of them, and the model of files
/// shares one unit of probability among all files.
const NOTE_WORTH: f64 = 0.12;
const TURN_WORTH: f64 = 0.12;
const DIGEST_WORTH: f64 = 0.2;

/// Most turns picked out of one session.
const MAX_TURNS: usize = 40;

/// Lines of the digest of a note.
const DIGEST_LINES: u32 = 3;

/// Characters of a headline.
const HEADLINE: usize = 110;

/// Makes the menus of all atoms and sessions.
pub fn menus(survey: &Survey, measure: &Measure<'_>) -> Vec<Renderings> {
    let Survey {
        remembered,
        memory,
        files,
        ..
    } = survey;
    let notes = remembered.atoms.iter().enumerate().map(|(idx, atom)| {
        let pinned = remembered.atom_files[idx].is_some_and(|file| files[file].pinned);
        let mut options = note(atom, memory.atoms[idx].p * NOTE_WORTH, measure);
        if pinned {
            options.truncate(1); // the full one
        }
        Renderings {
            subject: Subject::Note(idx),
            options,
            pinned,
        }
    });
    let sessions = remembered
        .sessions
        .iter()
        .enumerate()
        .map(|(idx, session)| Renderings {
            subject: Subject::Session(idx),
            options: session_menu(session, &memory.sessions[idx], measure),
            pinned: false,
        });
    notes.chain(sessions).collect()
}

fn note(atom: &Atom, worth: f64, measure: &Measure<'_>) -> Vec<Rendering> {
    let n_lines = atom.lines.1 - atom.lines.0 + 1;
    let rendering = |name, lines: Vec<(u32, u32)>, text: String, fidelity: f64| {
        let cost = measure.item(&note_item(atom, name, &lines, text.clone()));
        Rendering {
            name,
            lines,
            text: Some(text),
            cost,
            value: worth * fidelity,
        }
    };
    let mut options = vec![rendering(
        RenderingName::Full,
        vec![atom.lines],
        atom.text.clone(),
        1.0,
    )];
    if n_lines > DIGEST_LINES * 2 {
        let first = gist(&atom.text).min(n_lines);
        let last = (first + DIGEST_LINES - 1).min(n_lines);
        let text = Lines::new(&atom.text).text(&[(first, last)]);
        let lines = vec![(atom.lines.0 + first - 1, atom.lines.0 + last - 1)];
        options.push(rendering(RenderingName::Digest, lines, text, 0.5));
    }
    let headline = headline(&atom.text);
    if headline.len() + 40 < atom.text.len() {
        options.push(rendering(
            RenderingName::Headline,
            Vec::new(),
            headline,
            0.2,
        ));
    }
    options
}

/// The line, from 1, at which a note says what it is for: below the heading of its decision, if it has one.
fn gist(text: &str) -> u32 {
    let is_heading = |line: &str| {
        let words = line
            .trim_start_matches(['#', '*', ' '])
            .to_ascii_lowercase();
        line.starts_with(['#', '*'])
            && (words.starts_with("decision") || words.starts_with("summary"))
    };
    let lines: Vec<&str> = text.lines().collect();
    let Some(heading) = lines.iter().position(|line| is_heading(line)) else {
        return 1;
    };
    let below = lines[heading + 1..]
        .iter()
        .take_while(|line| line.trim().is_empty())
        .count();
    (heading + below + 2) as u32
}

/// The first line with words, shortened.
fn headline(text: &str) -> String {
    let line = text
        .lines()
        .find(|line| line.bytes().any(|b| b.is_ascii_alphanumeric() || b >= 0x80))
        .unwrap_or("")
        .trim();
    let mut short: String = line.chars().take(HEADLINE).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short.push('\n');
    short
}

/// An atom as an item of the bundle, without its numbers.
pub fn note_item(
    atom: &Atom,
    rendering: RenderingName,
    lines: &[(u32, u32)],
    text: String,
) -> Item {
    let mut labels = vec![("line", atom.lines.0.to_string())];
    if let Some((at, _)) = atom.date {
        labels.push(("date", day(at)));
    }
    labels.push(("class", class_word(atom.class).to_owned()));
    if atom.superseded {
        labels.push(("state", "superseded".to_owned()));
    } else if atom.done {
        labels.push(("state", "done".to_owned()));
    }
    if let Some(heading) = atom.heading.last() {
        labels.push(("under", heading.chars().take(60).collect()));
    }
    let path = shown_path(&atom.path);
    Item {
        labels,
        ..item(
            Kind::Note,
            format!("note:{path}:{}", atom.lines.0),
            path,
            rendering,
            lines,
            text,
        )
    }
}

fn session_menu(
    session: &Session,
    scored: &ScoredSession,
    measure: &Measure<'_>,
) -> Vec<Rendering> {
    let rendering = |name, text: String, value: f64| {
        let cost = measure.item(&session_item(session, name, text.clone()));
        Rendering {
            name,
            lines: Vec::new(),
            text: Some(text),
            cost,
            value,
        }
    };
    let digest = digest_text(&session.digest);
    let digest_value = scored.p * DIGEST_WORTH;
    let mut options = vec![rendering(
        RenderingName::Headline,
        headline(&session.title),
        digest_value * 0.2,
    )];
    if !digest.is_empty() {
        options.push(rendering(
            RenderingName::Digest,
            digest.clone(),
            digest_value,
        ));
    }
    let texts: Vec<String> = session
        .turns
        .iter()
        .map(|turn| turn_text(turn.role, &turn.text))
        .collect();
    let costs: Vec<usize> = texts.iter().map(|text| measure.text(text)).collect();
    let density: Vec<f64> = costs
        .iter()
        .zip(&scored.turns)
        .map(|(&cost, p)| p / (cost as f64 + 3.0))
        .collect();
    let order = crate::score::statistics::ranking(&density);
    let mut chosen: Vec<usize> = Vec::new();
    let mut value = 0.0;
    for &at in order.iter().take(MAX_TURNS) {
        let place = chosen.partition_point(|&other| other < at);
        chosen.insert(place, at);
        value += scored.turns[at] * TURN_WORTH;
        let turns = joined(&texts, &chosen);
        options.push(rendering(RenderingName::Digest, turns.clone(), value));
        if !digest.is_empty() {
            options.push(rendering(
                RenderingName::Digest,
                format!("{digest}\n{turns}"),
                value + digest_value,
            ));
        }
    }
    let all: Vec<usize> = (0..texts.len()).collect();
    if !all.is_empty() {
        let value = scored.turns.iter().sum::<f64>() * TURN_WORTH + digest_value;
        options.push(rendering(RenderingName::Full, joined(&texts, &all), value));
    }
    options
}

/// Turns in their order, with a mark where some are left out: the number of the next turn.
fn joined(texts: &[String], chosen: &[usize]) -> String {
    let mut text = String::new();
    let mut next = 0;
    for &at in chosen {
        if at != next {
            text.push_str(&gap(at as u32 + 1));
        }
        text.push_str(&texts[at]);
        next = at + 1;
    }
    text
}

fn turn_text(role: Role, text: &str) -> String {
    let who = match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    format!("{who}: {}\n", text.trim_end())
}

fn digest_text(digest: &Digest) -> String {
    let mut text = String::new();
    let mut section = |name: &str, lines: &[String]| {
        for line in lines {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(line);
            text.push('\n');
        }
    };
    section("asked", &digest.asks);
    section("decided", &digest.decisions);
    section("fixed", &digest.fixes);
    if !digest.files.is_empty() {
        section("edited", &[digest.files.join(", ")]);
    }
    section("open", &digest.open);
    if !digest.outcome.is_empty() {
        section("outcome", std::slice::from_ref(&digest.outcome));
    }
    if !digest.summary.is_empty() {
        text.push_str("summary:\n");
        text.push_str(digest.summary.trim_end());
        text.push('\n');
    }
    text
}

/// A session as an item of the bundle, without its numbers.
pub fn session_item(session: &Session, rendering: RenderingName, text: String) -> Item {
    let mut labels = Vec::new();
    if session.ended > 0 {
        labels.push(("date", day(session.ended)));
    }
    if rendering != RenderingName::Headline {
        labels.push(("title", session.title.chars().take(80).collect()));
    }
    let path = format!("{}:{}", session.tool, session.id);
    Item {
        labels,
        ..item(
            Kind::Session,
            format!("session:{path}"),
            path,
            rendering,
            &[],
            text,
        )
    }
}

fn item(
    kind: Kind,
    id: String,
    path: String,
    rendering: RenderingName,
    lines: &[(u32, u32)],
    text: String,
) -> Item {
    Item {
        id,
        kind,
        path,
        rendering,
        lines: lines.to_vec(),
        labels: Vec::new(),
        text,
        tokens: 0,
        value: 0.0,
        relevance: 0.0,
        recency: 0.0,
        reasons: Vec::new(),
    }
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

/// The day of a moment, in UTC: `2026-08-20`.
fn day(at: i64) -> String {
    Timestamp::from_second(at).map_or_else(
        |_| "unknown".to_owned(),
        |moment| moment.strftime("%Y-%m-%d").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_path_says_nothing_of_the_machine() {
        assert_eq!(
            shown_path("~/.claude/projects/-home-ann-acme/memory/order-lock.md"),
            "claude-code:memory/order-lock.md"
        );
        assert_eq!(shown_path("docs/adr/0001.md"), "docs/adr/0001.md");
    }

    #[test]
    fn the_gist_of_a_decision_is_the_decision() {
        assert_eq!(
            gist("# 7. Retry\n\nStatus: accepted\n\n## Decision\n\nWe back off.\n"),
            7
        );
        assert_eq!(gist("plain\ntext\n"), 1);
    }

    #[test]
    fn turns_left_out_leave_a_mark() {
        let texts = ["a\n", "b\n", "c\n"].map(str::to_owned);
        assert_eq!(joined(&texts, &[0, 2]), "a\n… 3\nc\n");
    }
}
