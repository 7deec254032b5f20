//! What is said of the chosen options: how probable it is that they show what has to change, and what is odd about them.

use crate::emit::Chance;
use crate::error::Warning;
use crate::render::{Renderings, Subject};
use crate::score::{self, Survey};

/// How probable it is that the chosen options show what has to change; `None` where no file is a candidate.
pub(crate) fn chance(
    survey: &Survey,
    menus: &[Renderings],
    chosen: &[Option<usize>],
) -> Option<Chance> {
    let mut shown: Vec<Vec<(u32, u32)>> = vec![Vec::new(); survey.opened.len()];
    for (menu, choice) in menus.iter().zip(chosen) {
        if let (Subject::File(idx), Some(option)) = (menu.subject, choice) {
            shown[idx].clone_from(&menu.options[*option].lines);
        }
    }
    (!shown.is_empty()).then(|| Chance {
        place: score::chance::place(survey, &shown),
        file: score::chance::file(survey, &shown),
    })
}

/// What went wrong on the way, and what is odd about the files that are shown; sorted.
pub(crate) fn warnings(
    survey: &Survey,
    menus: &[Renderings],
    chosen: &[Option<usize>],
) -> Vec<Warning> {
    let mut warnings = survey.warnings.clone();
    for (menu, choice) in menus.iter().zip(chosen) {
        if let (Subject::File(idx), Some(_)) = (menu.subject, choice) {
            warnings.extend(survey.opened[idx].odd.iter().cloned());
        }
    }
    warnings.sort();
    warnings
}
