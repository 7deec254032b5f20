//! What was left out of a bundle, and why.

use crate::emit::Omitted;
use crate::render::{self, Renderings, Subject};
use crate::request::{Kind, RenderingName};
use crate::score::{self, Survey};
use crate::source;
use rayon::prelude::*;
use std::cmp::Ordering;
use std::sync::Arc;

/// A file that was left out.
fn omitted_file(survey: &Survey, file_idx: usize, reason: &'static str) -> Omitted {
    let file = &survey.files[file_idx];
    Omitted {
        own_id: None,
        kind: Kind::File,
        path: Arc::clone(&file.path),
        tokens_full: (file.n_bytes / 4) as usize,
        relevance: score::chance::needed(survey.ranked.p[file_idx]),
        reason: file.barred.unwrap_or(reason),
    }
}

/// The order of what was left out: most relevant first.
fn by_relevance(a: &Omitted, b: &Omitted) -> Ordering {
    b.relevance
        .total_cmp(&a.relevance)
        .then_with(|| a.kind.cmp(&b.kind))
        .then_with(|| a.path.cmp(&b.path))
        .then_with(|| a.own_id.cmp(&b.own_id))
}

/// The files that are left out of every bundle, because they have no menu; most relevant first.
pub(crate) fn unlisted(survey: &Survey, menus: &[Renderings]) -> Vec<Omitted> {
    let mut is_listed = vec![false; survey.files.len()];
    for menu in menus {
        if let Subject::File(idx) = menu.subject {
            is_listed[survey.opened[idx].file_idx] = true;
        }
    }
    let mut unlisted: Vec<Omitted> = (0..survey.files.len())
        .into_par_iter()
        .filter(|&idx| {
            let barred = survey.files[idx].barred;
            !is_listed[idx] && !matches!(barred, Some(source::NOTE | source::BUNDLE))
        })
        .map(|idx| omitted_file(survey, idx, "not among the most probable"))
        .collect();
    unlisted.par_sort_by(by_relevance);
    unlisted
}

/// What was left out, most relevant first: `unlisted`, and what was not chosen.
pub(crate) fn omitted(
    survey: &Survey,
    menus: &[Renderings],
    chosen: &[Option<usize>],
    unlisted: &[Omitted],
) -> Vec<Omitted> {
    let Survey {
        opened,
        remembered,
        memory,
        ..
    } = survey;
    let cut = "value density under the cut";
    let mut omitted: Vec<Omitted> = Vec::new();
    for (menu, choice) in menus.iter().zip(chosen) {
        let tokens_full = menu
            .options
            .iter()
            .map(|option| option.cost)
            .max()
            .unwrap_or(0);
        match menu.subject {
            Subject::File(idx) if choice.is_none() => {
                let reason = match survey.copies[idx] {
                    Some(_) => "a near copy of a likelier file",
                    None => cut,
                };
                omitted.push(omitted_file(survey, opened[idx].file_idx, reason));
            }
            Subject::Note(idx) if choice.is_none() => {
                let item =
                    render::memory::note_item(survey, idx, RenderingName::Full, &[], String::new());
                omitted.push(Omitted {
                    own_id: Some(item.id.into()),
                    kind: Kind::Note,
                    path: item.path.into(),
                    tokens_full,
                    relevance: memory.atoms[idx].p,
                    reason: if remembered.seen[idx] {
                        "the agent has read it already"
                    } else if memory.atoms[idx].repeats.is_some_and(|it| it.is_exact) {
                        "says what another note says"
                    } else {
                        cut
                    },
                });
            }
            Subject::Session(idx) if choice.is_none() => {
                let item =
                    render::memory::session_item(survey, idx, RenderingName::Full, String::new());
                omitted.push(Omitted {
                    own_id: Some(item.id.into()),
                    kind: Kind::Session,
                    path: item.path.into(),
                    tokens_full,
                    relevance: memory.sessions[idx].p,
                    reason: cut,
                });
            }
            Subject::File(_) | Subject::Note(_) | Subject::Session(_) => {}
        }
    }
    omitted.sort_by(by_relevance);
    let mut all = Vec::with_capacity(omitted.len() + unlisted.len());
    let mut rest = unlisted;
    for one in omitted {
        let before = rest.partition_point(|other| by_relevance(other, &one).is_lt());
        all.extend_from_slice(&rest[..before]);
        all.push(one);
        rest = &rest[before..];
    }
    all.extend_from_slice(rest);
    all
}
