//! Why each candidate was taken or left, in numbers.

use crate::items;
use crate::packed::Explained;
use crate::render::{Renderings, Subject};
use crate::score::{self, Survey};

/// Files that were opened, notes and sessions with the numbers behind their scores, then all other files with their P alone.
pub(crate) fn explanations(
    survey: &Survey,
    menus: &[Renderings],
    chosen: &[Option<usize>],
) -> Vec<Explained> {
    let mut explained: Vec<Explained> = Vec::new();
    let mut opened = vec![false; survey.files.len()];
    for (menu, choice) in menus.iter().zip(chosen) {
        let option = choice.map(|choice| &menu.options[choice]);
        let most = menu
            .options
            .iter()
            .map(|option| option.cost)
            .max()
            .unwrap_or(0);
        let path = items::subject_path(survey, menu.subject);
        let (_, id) = items::identity(survey, menu.subject);
        let tree = match menu.subject {
            Subject::File(idx) => {
                let file_idx = survey.opened[idx].file_idx;
                opened[file_idx] = true;
                score::reasons::explain_file(survey, file_idx, Some(idx))
            }
            Subject::Note(idx) => score::reasons::explain_note(&survey.memory.atoms[idx]),
            Subject::Session(idx) => score::reasons::explain_session(&survey.memory.sessions[idx]),
        };
        let tokens = option.map_or(most, |option| option.cost);
        explained.push(Explained {
            id,
            path,
            rendering: option.map(|option| option.name),
            tokens,
            tree,
        });
    }
    explained.sort_by(|a, b| {
        b.tree
            .value
            .total_cmp(&a.tree.value)
            .then_with(|| a.id.cmp(&b.id))
    });
    let rest = survey.ranked.order.iter().filter(|idx| !opened[**idx]);
    explained.extend(rest.map(|&idx| Explained {
        id: format!("file:{}", survey.files[idx].path),
        path: survey.files[idx].path.to_string(),
        rendering: None,
        tokens: (survey.files[idx].n_bytes / 4) as usize,
        tree: score::reasons::explain_file(survey, idx, None),
    }));
    explained
}
