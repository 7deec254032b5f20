//! How what was chosen is written into a bundle, and by which path and identity it goes.

use crate::emit::Item;
use crate::render::{self, Rendering, Subject, lines::Lines};
use crate::request::Kind;
use crate::score::{self, Survey};
use crate::source;

/// A file, by its place among the opened ones, as it is written.
pub(crate) fn file_item(survey: &Survey, opened_idx: usize, rendering: &Rendering) -> Item {
    let opened = &survey.opened[opened_idx];
    let file = &survey.files[opened.file_idx];
    Item {
        id: format!("file:{}", file.path),
        kind: Kind::File,
        path: file.path.to_string(),
        rendering: rendering.name,
        lines: rendering.lines.clone(),
        labels: Vec::new(),
        text: rendering
            .text
            .clone()
            .unwrap_or_else(|| Lines::new(&opened.text).text(&rendering.lines)),
        tokens: rendering.cost,
        value: rendering.value,
        relevance: score::chance::needed(survey.ranked.p[opened.file_idx]),
        recency: survey.ranked.recency[opened.file_idx],
        reasons: score::reasons::of_file(survey, opened_idx),
    }
}

/// A note's atom as it is written.
pub(crate) fn note_item(survey: &Survey, idx: usize, rendering: &Rendering) -> Item {
    let atom = &survey.remembered.atoms[idx];
    let scored = &survey.memory.atoms[idx];
    let text = rendering.text.clone().unwrap_or_default();
    Item {
        tokens: rendering.cost,
        value: rendering.value,
        relevance: scored.p,
        recency: scored.recency,
        reasons: score::reasons::of_note(atom, scored),
        ..render::memory::note_item(survey, idx, rendering.name, &rendering.lines, text)
    }
}

/// A session as it is written.
pub(crate) fn session_item(survey: &Survey, idx: usize, rendering: &Rendering) -> Item {
    let scored = &survey.memory.sessions[idx];
    let text = rendering.text.clone().unwrap_or_default();
    Item {
        tokens: rendering.cost,
        value: rendering.value,
        relevance: scored.p,
        recency: scored.recency,
        reasons: score::reasons::of_session(scored),
        ..render::memory::session_item(survey, idx, rendering.name, text)
    }
}

/// The path of a subject, as in the manifest.
pub(crate) fn subject_path(survey: &Survey, subject: Subject) -> String {
    match subject {
        Subject::File(idx) => survey.files[survey.opened[idx].file_idx].path.to_string(),
        Subject::Note(idx) => source::notes::shown_path(&survey.remembered.atoms[idx].path),
        Subject::Session(idx) => survey.remembered.session_names[idx].clone(),
    }
}

/// The stable identity of a subject, as in the manifest.
pub(crate) fn identity(survey: &Survey, subject: Subject) -> (Kind, String) {
    let path = subject_path(survey, subject);
    match subject {
        Subject::File(_) => (Kind::File, format!("file:{path}")),
        Subject::Note(idx) => {
            let first = survey.remembered.atoms[idx].lines.0;
            (Kind::Note, format!("note:{path}:{first}"))
        }
        Subject::Session(idx) => {
            let session = &survey.remembered.sessions[idx];
            (
                Kind::Session,
                format!("session:{}:{}", session.tool, session.id),
            )
        }
    }
}
