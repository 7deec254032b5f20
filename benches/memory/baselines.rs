//! What the choice is measured against: memory by age, and memory in the order of its files.

use crate::scenario::Project;
use ctxpack::Survey;
use ctxpack::source::sessions::Role;
use ctxpack::tokens::Tokenizer;
use std::cmp::Reverse;

/// Atoms and turns, the newest first, until one does not fit.
pub fn newest(survey: &Survey, budget: usize) -> Vec<String> {
    let atoms = survey.remembered.atoms.iter();
    let atoms = atoms.map(|atom| (atom.date.map_or(0, |(at, _)| at), atom.text.clone()));
    let turns = survey
        .remembered
        .sessions
        .iter()
        .flat_map(|session| &session.turns);
    let mut all: Vec<(i64, String)> = atoms
        .chain(turns.map(|turn| (turn.at, turn.text.clone())))
        .collect();
    all.sort_by_key(|(at, _)| Reverse(*at));
    let mut left = budget;
    let mut taken = Vec::new();
    for (_, text) in all {
        let cost = Tokenizer::default().count(&text);
        if cost > left {
            break;
        }
        left -= cost;
        taken.push(text);
    }
    taken
}

/// Whole notes of the project by path, then those of the home directory, then all that was said, until the budget is spent.
/// Sessions are taken as they are read: without what tools printed, which would fill any budget by itself.
pub fn everything(project: &Project, survey: &Survey, budget: usize) -> Vec<String> {
    let is_home = |path: &str| path.starts_with("memory:") || path.starts_with("~/");
    let mut notes: Vec<(bool, &str, &str)> = project
        .notes
        .iter()
        .filter(|note| !note.path.contains("/projects/")) // of another project
        .map(|note| (is_home(&note.path), note.path.as_str(), note.text.as_str()))
        .collect();
    notes.sort_unstable();
    let mut sessions: Vec<(&str, String)> = Vec::new();
    for session in &survey.remembered.sessions {
        let who = |role| if role == Role::User { "user" } else { "agent" };
        let said = session
            .turns
            .iter()
            .map(|turn| format!("{}: {}\n", who(turn.role), turn.text));
        sessions.push((&session.path, said.collect()));
    }
    sessions.sort_unstable();
    let texts = notes.into_iter().map(|(_, _, text)| text.to_owned());
    let mut left = budget;
    let mut taken = Vec::new();
    for text in texts.chain(sessions.into_iter().map(|(_, text)| text)) {
        let mut shown = String::new();
        for line in text.split_inclusive('\n') {
            let cost = Tokenizer::default().count(line);
            if cost > left {
                left = 0;
                break;
            }
            left -= cost;
            shown.push_str(line);
        }
        if !shown.is_empty() {
            taken.push(shown);
        }
        if left == 0 {
            break;
        }
    }
    taken
}
