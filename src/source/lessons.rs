//! Lessons: what several sessions came to, each by itself.
//!
//! A decision that was taken three times over is one principle that has been tried three times, not three data points. It leaves the
//! digests and becomes a note of its own, dated by the last session and labelled with their number.

use super::notes::conflict::duplicates;
use super::notes::{self, Atom, Class, DateSource};
use super::sessions::{self, Session};

/// Takes what at least two of `sessions` (newest first) decided alike out of their digests, and gives it as atoms, in the order of
/// the sessions. Near-linear in the number of decisions.
pub fn lessons(sessions: &mut [Session]) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    let mut places: Vec<(usize, usize)> = Vec::new(); // session, decision
    let names = sessions::names(sessions);
    for (session_idx, session) in sessions.iter().enumerate() {
        for (idx, decision) in session.digest.decisions.iter().enumerate() {
            let text = format!("- {decision}\n");
            let date = (session.ended > 0).then_some(session.ended);
            if let Some(mut atom) = notes::atoms(&names[session_idx], &text, date).pop() {
                atom.date = date.map(|at| (at, DateSource::Record));
                atom.lines = (idx as u32 + 1, idx as u32 + 1);
                atoms.push(atom);
                places.push((session_idx, idx));
            }
        }
    }
    let mut group: Vec<usize> = (0..atoms.len()).collect();
    for pair in duplicates(&atoms) {
        let (a, b) = (root(&group, pair.kept), root(&group, pair.other));
        // the newest stands first
        group[a.max(b)] = a.min(b);
    }
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); atoms.len()];
    for idx in 0..atoms.len() {
        members[root(&group, idx)].push(idx);
    }
    let mut lessons = Vec::new();
    let mut taken: Vec<(usize, usize)> = Vec::new();
    for members in members {
        let mut of: Vec<usize> = members.iter().map(|&idx| places[idx].0).collect();
        of.dedup();
        if of.len() < 2 {
            continue;
        }
        let mut atom = atoms[members[0]].clone();
        atom.n_sources = of.len();
        if matches!(atom.class, Class::Fact | Class::Status | Class::Handoff) {
            atom.class = Class::Principle;
        }
        lessons.push(atom);
        taken.extend(members.iter().map(|&idx| places[idx]));
    }
    taken.sort_unstable();
    for (session_idx, idx) in taken.into_iter().rev() {
        sessions[session_idx].digest.decisions.remove(idx);
    }
    lessons
}

fn root(group: &[usize], mut idx: usize) -> usize {
    while group[idx] != idx {
        idx = group[idx];
    }
    idx
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sessions_decide_alike_is_one_lesson() {
        let session = |id: &str, ended: i64, decisions: &[&str]| Session {
            tool: "t",
            id: id.to_owned(),
            path: String::new(),
            title: String::new(),
            started: ended,
            ended,
            branch: String::new(),
            turns: vec![],
            digest: crate::source::sessions::Digest {
                decisions: decisions.iter().map(|text| (*text).to_owned()).collect(),
                ..Default::default()
            },
        };
        let mut sessions = [
            session(
                "c",
                30,
                &[
                    "We chose Postgres.",
                    "Unit tests never call the Stripe sandbox.",
                ],
            ),
            session("b", 20, &["Unit tests must never call the Stripe sandbox."]),
            session(
                "a",
                10,
                &["Unit tests call the Stripe sandbox.", "We chose Redis."],
            ),
        ];
        let lessons = lessons(&mut sessions);
        let told: Vec<_> = lessons
            .iter()
            .map(|atom| (&*atom.text, atom.n_sources))
            .collect();
        assert_eq!(told, [("- Unit tests never call the Stripe sandbox.\n", 2)]);
        assert_eq!(lessons[0].date, Some((30, DateSource::Record)));
        assert_eq!(lessons[0].path, "t:c");
        let left: Vec<usize> = sessions.iter().map(|s| s.digest.decisions.len()).collect();
        assert_eq!(left, [1, 0, 2]);
    }
}
