//! The menus of notes and sessions: full, digest, headline; a session's digests also carry the passages that answer the task,
//! chosen like the functions of a file.

use super::lines::Lines;
use super::{Measure, Rendering, Renderings, Subject};
use crate::emit::Item;
use crate::request::{Kind, RenderingName};
use crate::score::Survey;
use crate::score::turns::{self, Passage};
use crate::source::notes;
use crate::source::sessions::{Session, digest};
use jiff::Timestamp;
use jiff::tz::Offset;
use rayon::prelude::*;

/// What a probability of a note or a turn is worth beside that of a piece of code: there are many of them, and the model of files
/// shares one unit of probability among all files.
const NOTE_WORTH: f64 = 0.12;
const PASSAGE_WORTH: f64 = 0.25;
const DIGEST_WORTH: f64 = 0.2;

/// A note that is less likely to be needed is noise, however much room there is.
const LEAST_P: f64 = 0.01;

/// Passages that could be shown, over all sessions, and of one session.
const MAX_PASSAGES: usize = 400;
const MAX_OF_SESSION: usize = 60;

/// Entries of each list in the short form of a digest.
const BRIEF: usize = 2;

/// Lines of the digest of a note.
const DIGEST_LINES: u32 = 3;

/// Characters of a headline.
const HEADLINE: usize = 110;

/// Notes that are measured on one core at least.
const MIN_NOTES: usize = 16;

/// Makes the menus of all atoms and sessions.
pub fn menus(survey: &Survey, measure: &Measure<'_>) -> Vec<Renderings> {
    let Survey {
        remembered,
        memory,
        files,
        ..
    } = survey;
    let note_menu = |idx: usize| {
        let pinned = remembered.atom_files[idx].is_some_and(|file| files[file].pinned);
        let p = memory.atoms[idx].p;
        let worth = if remembered.seen[idx] || p < LEAST_P {
            0.0
        } else {
            p * NOTE_WORTH
        };
        let mut options = note(survey, idx, worth, measure);
        if pinned {
            options.truncate(1); // the full one
        }
        Renderings {
            subject: Subject::Note(idx),
            options,
            pinned,
        }
    };
    let likely = likely_passages(survey);
    let session_menu = |idx: usize| Renderings {
        subject: Subject::Session(idx),
        options: session_menu(survey, idx, &likely[idx], measure),
        pinned: false,
    };
    let notes = (0..remembered.atoms.len()).into_par_iter();
    let notes = notes.with_min_len(MIN_NOTES).map(note_menu);
    let sessions = (0..remembered.sessions.len()).into_par_iter();
    notes.chain(sessions.map(session_menu)).collect()
}

fn note(survey: &Survey, idx: usize, worth: f64, measure: &Measure<'_>) -> Vec<Rendering> {
    let atom = &survey.remembered.atoms[idx];
    let n_lines = atom.lines.1 - atom.lines.0 + 1;
    let rendering = |name, lines: Vec<(u32, u32)>, text: String, fidelity: f64| {
        let cost = measure.item(&note_item(survey, idx, name, &lines, text.clone()));
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
    survey: &Survey,
    idx: usize,
    rendering: RenderingName,
    lines: &[(u32, u32)],
    text: String,
) -> Item {
    let atom = &survey.remembered.atoms[idx];
    let scored = &survey.memory.atoms[idx];
    let mut labels = vec![("line", atom.lines.0.to_string())];
    if let Some((at, _)) = atom.date {
        labels.push(("date", day(at)));
    }
    labels.push(("class", atom.class.word().to_owned()));
    if !matches!(atom.state(), "" | "fresh") {
        labels.push(("state", atom.state().to_owned()));
    }
    if scored.n_sources > 1 {
        labels.push(("seen", format!("{} times", scored.n_sources)));
    }
    if let Some(other) = scored.conflict {
        let other = &survey.remembered.atoms[other];
        let path = notes::shown_path(&other.path);
        labels.push(("conflicts", format!("{path}:{}", other.lines.0)));
    }
    if let Some(heading) = atom.heading.last() {
        labels.push(("under", heading.chars().take(60).collect()));
    }
    let path = notes::shown_path(&atom.path);
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

/// For each session the indexes of those of its passages that could be worth their place, by P for each byte.
fn likely_passages(survey: &Survey) -> Vec<Vec<usize>> {
    let sessions = &survey.memory.sessions;
    let mut all: Vec<(f64, usize, usize)> = Vec::new();
    for (session_idx, session) in sessions.iter().enumerate() {
        for (idx, passage) in session.passages.iter().enumerate() {
            // a turn costs who says it and a line break besides
            let density = passage.p / (passage.range.len() as f64 + 16.0);
            if density > 0.0 {
                all.push((density, session_idx, idx));
            }
        }
    }
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut likely = vec![Vec::new(); sessions.len()];
    for (_, session_idx, idx) in all.into_iter().take(MAX_PASSAGES) {
        likely[session_idx].push(idx);
    }
    likely
}

/// Costs are added up from the parts, which count at least as much apart as together.
fn session_menu(
    survey: &Survey,
    idx: usize,
    likely: &[usize],
    measure: &Measure<'_>,
) -> Vec<Rendering> {
    let session = &survey.remembered.sessions[idx];
    let scored = &survey.memory.sessions[idx];
    let frame = |name| measure.item(&session_item(survey, idx, name, String::new()));
    let frame_of_digest = frame(RenderingName::Digest);
    let rendering = |name, text: String, cost: usize, value: f64| Rendering {
        name,
        lines: Vec::new(),
        text: Some(text),
        cost,
        value,
    };
    let digest = digest::written(&session.digest, usize::MAX);
    let brief = digest::written(&session.digest, BRIEF);
    let digest_value = scored.p * DIGEST_WORTH;
    let title = headline(&session.title);
    let mut options = vec![rendering(
        RenderingName::Headline,
        title.clone(),
        frame(RenderingName::Headline) + measure.text(&title),
        digest_value * 0.2,
    )];
    // each with what is worth saying of the whole session, and without
    let mut heads = vec![(String::new(), 0, 0.0)];
    if !digest.is_empty() {
        let cost = measure.text(&digest) + 1;
        if brief.len() < digest.len() {
            let cost = measure.text(&brief) + 1;
            heads.push((brief, cost, digest_value * 0.6));
        }
        heads.push((digest, cost, digest_value));
    }
    for (head, cost, value) in heads.iter().filter(|(head, ..)| !head.is_empty()) {
        let cost = frame_of_digest + cost;
        options.push(rendering(RenderingName::Digest, head.clone(), cost, *value));
    }
    let gap = measure.text(GAP);
    let mut chosen: Vec<usize> = Vec::new();
    let (mut cost, mut value) = (frame_of_digest, 0.0);
    for &at in likely.iter().take(MAX_OF_SESSION) {
        let place = chosen.partition_point(|&other| other < at);
        chosen.insert(place, at);
        cost += measure.text(&said(session, &scored.passages, &[at])) + gap;
        value += scored.passages[at].p * PASSAGE_WORTH;
        let text = said(session, &scored.passages, &chosen);
        for (head, head_cost, head_value) in &heads {
            let text = if head.is_empty() {
                text.clone()
            } else {
                format!("{head}\n{text}")
            };
            let (cost, value) = (cost + head_cost, value + head_value);
            options.push(rendering(RenderingName::Digest, text, cost, value));
        }
    }
    if !session.turns.is_empty() && !likely.is_empty() {
        let all: Vec<usize> = (0..scored.passages.len()).collect();
        let value = scored.passages.iter().map(|passage| passage.p).sum::<f64>() * PASSAGE_WORTH;
        let mut text = said(session, &scored.passages, &all);
        for item in &session.digest.open {
            text.push_str(&format!("open: {item}\n"));
        }
        let cost = frame(RenderingName::Full) + measure.text(&text);
        options.push(rendering(
            RenderingName::Full,
            text,
            cost,
            value + digest_value,
        ));
    }
    options
}

/// Where something that was said is left out.
const GAP: &str = "…\n";

/// Passages in their order, each turn opened by who speaks, with a mark where some are left out.
fn said(session: &Session, passages: &[Passage], chosen: &[usize]) -> String {
    let mut text = String::new();
    let mut next = 0;
    for &at in chosen {
        let Passage {
            turn_idx, range, ..
        } = &passages[at];
        let turn = &session.turns[*turn_idx];
        if at != next && !text.is_empty() {
            text.push_str(GAP);
        }
        let continues =
            at > 0 && at == next && !text.is_empty() && passages[at - 1].turn_idx == *turn_idx;
        if !continues {
            text.push_str(turns::who(turn.role));
            text.push_str(": ");
        }
        text.push_str(turn.text[range.clone()].trim_end());
        text.push('\n');
        next = at + 1;
    }
    text
}

/// A session as an item of the bundle, without its numbers.
pub fn session_item(survey: &Survey, idx: usize, rendering: RenderingName, text: String) -> Item {
    let session = &survey.remembered.sessions[idx];
    let mut labels = Vec::new();
    if session.ended > 0 {
        labels.push(("date", day(session.ended)));
    }
    let is_called_by_its_ask = session.digest.asks.first() == Some(&session.title);
    if rendering != RenderingName::Headline && !is_called_by_its_ask {
        labels.push(("title", session.title.chars().take(80).collect()));
    }
    Item {
        labels,
        ..item(
            Kind::Session,
            format!("session:{}:{}", session.tool, session.id),
            survey.remembered.session_names[idx].clone(),
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

/// The day of a moment, in UTC: `2026-08-20`.
fn day(at: i64) -> String {
    let day = |moment| match Offset::UTC.to_datetime(moment).date() {
        // written so by itself, in a fraction of the time
        date if date.year() >= 0 => date.to_string(),
        date => date.strftime("%Y-%m-%d").to_string(),
    };
    Timestamp::from_second(at).map_or_else(|_| "unknown".to_owned(), day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::sessions::{Digest, Role};

    #[test]
    fn days_have_four_digits_of_a_year() {
        assert_eq!(day(1_787_270_399), "2026-08-20");
        assert_eq!(day(i64::MAX), "unknown");
        for at in [0, -62_000_000_000, -63_000_000_000, 253_402_207_200] {
            let moment = Timestamp::from_second(at).unwrap();
            assert_eq!(day(at), moment.strftime("%Y-%m-%d").to_string());
        }
    }

    #[test]
    fn a_home_path_says_nothing_of_the_machine() {
        assert_eq!(
            notes::shown_path("~/.claude/projects/-home-ann-acme/memory/order-lock.md"),
            "claude-code:memory/order-lock.md"
        );
        assert_eq!(notes::shown_path("docs/adr/0001.md"), "docs/adr/0001.md");
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
    fn what_is_left_out_leaves_a_mark() {
        let turn = |role, text: &str| crate::source::sessions::Turn {
            role,
            at: 0,
            text: text.to_owned(),
        };
        let session = Session {
            tool: "t",
            id: "0199f000-aaaa".to_owned(),
            path: String::new(),
            title: String::new(),
            started: 0,
            ended: 0,
            branch: String::new(),
            turns: vec![turn(Role::User, "a b\n\nc"), turn(Role::Assistant, "d")],
            digest: Digest::default(),
        };
        let passage = |turn_idx, range| Passage {
            turn_idx,
            range,
            p: 0.0,
        };
        let passages = [passage(0, 0..2), passage(0, 2..6), passage(1, 0..1)];
        let check = |chosen: &[usize], expected: &str| {
            assert_eq!(said(&session, &passages, chosen), expected);
        };
        check(&[0, 2], "user: a\n…\nassistant: d\n");
        check(&[0, 1], "user: a\nb\n\nc\n");
        check(&[1], "user: b\n\nc\n");
        check(&[], "");
    }
}
