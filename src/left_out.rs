//! What was left out of a bundle, and why.

use crate::emit::{Omissions, Omitted};
use crate::render::{self, Renderings, Subject};
use crate::request::{Kind, RenderingName};
use crate::score::{self, Survey};
use crate::source;
use rayon::prelude::*;
use std::sync::Arc;

/// A file that was left out, for `reason` where it could have been shown.
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

/// The files that are left out of every bundle, because they have no menu; most relevant first.
pub(crate) fn unlisted(survey: &Survey, menus: &[Renderings]) -> Vec<Omitted> {
    let mut is_listed = vec![false; survey.files.len()];
    for menu in menus {
        if let Subject::File(idx) = menu.subject {
            is_listed[survey.opened[idx].file_idx] = true;
        }
    }
    // made in the order of the files, which memory has them in, and brought into that of the bundle afterwards
    let mut rows: Vec<Option<Omitted>> = (0..survey.files.len())
        .into_par_iter()
        .map(|idx| {
            let barred = survey.files[idx].barred;
            let is_told = !is_listed[idx] && !matches!(barred, Some(source::NOTE | source::BUNDLE));
            is_told.then(|| omitted_file(survey, idx, "not among the most probable"))
        })
        .collect();
    let ordered = rows.iter().enumerate();
    let ordered = ordered.filter_map(|(idx, row)| Some((row.as_ref()?.relevance, idx)));
    let mut ordered: Vec<(f64, usize)> = ordered.collect();
    // files stand by path
    ordered.par_sort_unstable_by(|(a, a_idx), (b, b_idx)| b.total_cmp(a).then(a_idx.cmp(b_idx)));
    let unlisted = ordered.into_iter().filter_map(|(_, idx)| rows[idx].take());
    let unlisted: Vec<Omitted> = unlisted.collect();
    debug_assert!(unlisted.is_sorted_by(|a, b| a.order(b).is_le()));
    unlisted
}

/// What was left out, most relevant first: `unlisted`, and what was not chosen.
pub(crate) fn omitted(
    survey: &Survey,
    menus: &[Renderings],
    chosen: &[Option<usize>],
    unlisted: &Arc<Vec<Omitted>>,
) -> Omissions {
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
    Omissions::new(Arc::clone(unlisted), omitted)
}
