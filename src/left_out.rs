//! What was left out of a bundle, and why.

use crate::emit::{Files, Omissions, Omitted};
use crate::render::{self, Renderings, Subject};
use crate::request::{Kind, RenderingName};
use crate::score::{self, Survey};
use crate::source::{self, File};
use rayon::prelude::*;
use std::sync::Arc;

/// A file that was left out, for `reason` where it could have been shown.
fn omitted_file(file: &File, p: f64, reason: &'static str) -> Omitted {
    Omitted {
        own_id: None,
        kind: Kind::File,
        path: Arc::clone(&file.path),
        tokens_full: (file.n_bytes / 4) as usize,
        relevance: score::chance::needed(p),
        reason: file.barred.unwrap_or(reason),
    }
}

/// Why most are left out.
const IMPROBABLE: &str = "not among the most probable";

/// Files that are ready before somebody asks for all of them: more than a bundle and a summary name.
const N_FIRST: usize = 64;

/// The files that are left out of every bundle, because they were not opened; none of those that are `known` to whoever asks. O(files),
/// but for the order of those that nobody asks for.
pub(crate) fn unlisted(survey: &Survey, known: &[String]) -> Files {
    let mut is_told: Vec<bool> = survey.files.par_iter().map(is_of_use).collect();
    for opened in &survey.opened {
        is_told[opened.file_idx] = false;
    }
    let p = &survey.ranked.p;
    let told = (0..is_told.len()).filter(|&idx| is_told[idx]);
    let mut told: Vec<(f64, u32)> = told.map(|idx| (p[idx], idx as u32)).collect();
    let files = Arc::clone(&survey.files);
    if !known.is_empty() {
        told.retain(|&(p, idx)| {
            let row = omitted_file(&files[idx as usize], p, IMPROBABLE);
            !known.contains(&row.id())
        });
    }
    let first = match told.len() > N_FIRST {
        true => {
            let mut likeliest = told.clone();
            let (before, at, _) =
                likeliest.select_nth_unstable_by(N_FIRST, |(a, _), (b, _)| b.total_cmp(a));
            // the more probable is never less relevant, but may be as relevant: of the last such ones some are missing here
            let last = score::chance::needed(at.0);
            let before = before.iter().copied();
            let sure = before.filter(|&(p, _)| score::chance::needed(p) > last);
            rows(&files, sure.collect())
        }
        false => rows(&files, told.clone()),
    };
    Files::new(told.len(), first, move || rows(&files, told.clone()))
}

/// Whether it is told that a file is left out.
fn is_of_use(file: &File) -> bool {
    !matches!(file.barred, Some(source::NOTE | source::BUNDLE))
}

/// The files that were opened, and have no menu all the same; none of those that are `known`.
pub(crate) fn without_menu(
    survey: &Survey,
    menus: &[Renderings],
    known: &[String],
) -> Vec<Omitted> {
    let mut has_menu = vec![false; survey.opened.len()];
    for menu in menus {
        if let Subject::File(idx) = menu.subject {
            has_menu[idx] = true;
        }
    }
    let opened = survey.opened.iter().zip(has_menu);
    let without =
        opened.filter(|(opened, has_menu)| !has_menu && is_of_use(&survey.files[opened.file_idx]));
    without
        .map(|(opened, _)| {
            let p = survey.ranked.p[opened.file_idx];
            omitted_file(&survey.files[opened.file_idx], p, IMPROBABLE)
        })
        .filter(|row| known.is_empty() || !known.contains(&row.id()))
        .collect()
}

/// Files with their P, as rows, most relevant first.
fn rows(files: &[File], told: Vec<(f64, u32)>) -> Vec<Omitted> {
    let rows = told.into_par_iter();
    let rows = rows.map(|(p, idx)| omitted_file(&files[idx as usize], p, IMPROBABLE));
    let mut rows: Vec<Omitted> = rows.collect();
    rows.par_sort_unstable_by(Omitted::order);
    rows
}

/// What was left out, most relevant first: `unlisted`, what is `without_menu`, and what was not chosen.
pub(crate) fn omitted(
    survey: &Survey,
    menus: &[Renderings],
    chosen: &[Option<usize>],
    unlisted: &Arc<Files>,
    without_menu: &[Omitted],
) -> Omissions {
    let Survey {
        opened,
        remembered,
        memory,
        ..
    } = survey;
    let cut = "value density under the cut";
    let mut omitted: Vec<Omitted> = without_menu.to_vec();
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
                let file_idx = opened[idx].file_idx;
                let p = survey.ranked.p[file_idx];
                omitted.push(omitted_file(&survey.files[file_idx], p, reason));
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
