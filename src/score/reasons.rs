//! Why a file was taken: the parts of its score, as numbers and as sentences.

use super::explanation::Explanation;
use super::files::FILE_FEATURES;
use super::memory::{ScoredAtom, ScoredSession};
use super::pieces::PIECE_FEATURES;
use super::pointed::{Origin, Pointed};
use super::survey::Survey;

use crate::source::notes::{self, Atom, Class};

/// At most this many sentences per item.
const MAX_REASONS: usize = 3;

/// Sentences for a file of the shortlist, best first.
pub fn of_file(survey: &Survey, opened_idx: usize) -> Vec<String> {
    let Survey {
        query,
        ranked,
        pieces,
        model,
        ..
    } = survey;
    let opened = Some((&survey.opened[opened_idx], opened_idx));
    let file_idx = survey.opened[opened_idx].file_idx;
    let mut reasons = Vec::new();
    let named = ranked.named.iter().find(|(idx, _)| *idx == file_idx);
    if let Some((_, lines)) = named {
        reasons.push(match lines.first() {
            Some(line) => format!("the task names it, at line {line}"),
            None => "the task names it".to_owned(),
        });
    }
    if let Some(pointed) = survey.pointed(file_idx) {
        reasons.push(why_pointed(survey, pointed));
    }
    if let Some((opened, opened_idx)) = opened {
        let mentioned = |name: &str| {
            query
                .mentions
                .identifiers
                .iter()
                .any(|identifier| identifier.code_like && identifier.name == name)
        };
        let mut defined: Vec<&str> = opened
            .outline
            .definitions
            .iter()
            .map(|d| d.name.as_str())
            .filter(|name| mentioned(name))
            .collect();
        defined.dedup();
        defined.truncate(2);
        if !defined.is_empty() {
            let names: Vec<String> = defined.iter().map(|name| format!("`{name}`")).collect();
            reasons.push(format!(
                "defines {}, named in the task",
                names.join(" and ")
            ));
        }
        let best = pieces.by_file[opened_idx]
            .iter()
            .max_by(|a, b| a.p.total_cmp(&b.p).then(b.lines.cmp(&a.lines)));
        if reasons.is_empty()
            && let Some(definition) = best.and_then(|piece| {
                Some(
                    &opened.outline.definitions
                        [pieces.segments[piece.segment_idx].definition_idx?],
                )
            })
        {
            reasons.push(format!("`{}` matches the task best", definition.name));
        }
    }
    let mut parts: Vec<(f64, &str)> = FILE_FEATURES
        .iter()
        .zip(ranked.rows[file_idx])
        .zip(model.file.0)
        .map(|((name, value), weight)| (value * weight, *name))
        .collect();
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (gain, name) in parts {
        let sentence = match name {
            "bm25f" | "bm25f_title" | "bm25f_prose" => "it holds the words of the task",
            "best_segments" | "best_segment" => "its functions hold the words of the task",
            "history" => "commits that touched it speak of the task",
            "path_title" => "its path holds words of the task",
            "strings" => "its messages match the task",
            "imports" => "imports, or is imported by, what matches",
            "references" => "uses what the task names",
            "cochange" => "changed together with what matches",
            "recency" => "changed lately",
            _ => continue,
        };
        if gain < 0.3 || reasons.len() >= MAX_REASONS {
            break;
        }
        if !reasons.iter().any(|reason| reason == sentence) {
            reasons.push(sentence.to_owned());
        }
    }
    reasons
}

/// Who leads to the file, and why that counts.
fn why_pointed(survey: &Survey, pointed: &Pointed) -> String {
    let names: Vec<String> = pointed
        .names
        .iter()
        .take(2)
        .map(|name| format!("`{name}`"))
        .collect();
    let what = if names.is_empty() {
        String::new()
    } else {
        format!("{} is ", names.join(" and "))
    };
    match pointed.origin {
        Origin::Note(idx) => {
            let atom = &survey.remembered.atoms[idx];
            let path = notes::shown_path(&atom.path);
            format!(
                "{what}named by {path}:{}, which answers the task",
                atom.lines.0
            )
        }
        Origin::Session(idx) => {
            let name = &survey.remembered.session_names[idx];
            format!("edited in {name}, which answers the task")
        }
    }
}

/// Sentences for an atom.
pub fn of_note(atom: &Atom, scored: &ScoredAtom) -> Vec<String> {
    let mut reasons = Vec::new();
    if scored.cover > 0.05 {
        reasons.push(format!(
            "covers {:.0} % of the task's words by weight",
            scored.cover * 100.0
        ));
    }
    if scored.succeeds.is_some() {
        reasons.push("took the place of a note that answers the task".to_owned());
    }
    if scored.is_next {
        reasons.push("the handoff to go on from".to_owned());
    }
    if scored.link > 0.3 {
        reasons.push("speaks of code that ranks high".to_owned());
    }
    if !matches!(atom.class, Class::Fact | Class::Status) {
        reasons.push(format!("a {}", atom.class.word()));
    }
    if scored.repeats.is_some() {
        reasons.push("says what another note says".to_owned());
    }
    if scored.conflict.is_some() {
        reasons.push("contradicts another note".to_owned());
    }
    if scored.n_sources > 1 {
        reasons.push(format!("said {} times", scored.n_sources));
    }
    if reasons.is_empty() {
        reasons.push("a note of this repository".to_owned());
    }
    reasons
}

/// Sentences for a session.
pub fn of_session(scored: &ScoredSession) -> Vec<String> {
    let mut reasons = Vec::new();
    if scored.meant > 0.0 {
        reasons.push("the task means it by its time".to_owned());
    }
    if scored.touched {
        reasons.push("it edited a file that ranks high".to_owned());
    }
    if scored.cover > 0.05 {
        reasons.push(format!(
            "its best turn covers {:.0} % of the task's words by weight",
            scored.cover * 100.0
        ));
    }
    if scored.recency > 0.5 {
        reasons.push("lately".to_owned());
    }
    if reasons.is_empty() {
        reasons.push("a session in this repository".to_owned());
    }
    reasons
}

/// The score of a file as a tree of named numbers. `opened_idx` is its place in the shortlist, if it is there.
pub fn explain_file(survey: &Survey, file_idx: usize, opened_idx: Option<usize>) -> Explanation {
    let Survey {
        ranked,
        pieces,
        opened,
        model,
        ..
    } = survey;
    let products = |names: &[&str], row: &[f64], weights: &[f64]| {
        let mut parts: Vec<Explanation> = names
            .iter()
            .zip(row.iter().zip(weights))
            .filter(|(_, (value, weight))| **value * **weight != 0.0)
            .map(|(name, (value, weight))| {
                leaf(&format!("{name} {value:.2} x {weight:.2}"), value * weight)
            })
            .collect();
        parts.sort_by(|a, b| {
            b.value
                .abs()
                .total_cmp(&a.value.abs())
                .then(a.name.cmp(&b.name))
        });
        parts
    };
    let mut tree = leaf("P(file)", ranked.p[file_idx]);
    let row = &ranked.rows[file_idx];
    tree.parts.push(Explanation {
        name: "logit".to_owned(),
        value: model.file.logit(row),
        parts: products(&FILE_FEATURES, row, &model.file.0),
    });
    if let Some(pointed) = survey.pointed(file_idx) {
        tree.parts
            .push(leaf(&why_pointed(survey, pointed), pointed.share));
    }
    tree.parts.push(leaf("recency", ranked.recency[file_idx]));
    if let Some(opened_idx) = opened_idx {
        let mut best: Vec<&super::Piece> = pieces.by_file[opened_idx].iter().collect();
        best.sort_by(|a, b| b.p.total_cmp(&a.p).then(a.lines.cmp(&b.lines)));
        for piece in best.into_iter().take(3) {
            let name = pieces.segments[piece.segment_idx]
                .definition_idx
                .map_or("(rest of the file)", |idx| {
                    &opened[opened_idx].outline.definitions[idx].name
                });
            let row = &pieces.rows[piece.segment_idx];
            tree.parts.push(Explanation {
                name: format!("P(lines {}-{}, {name})", piece.lines.0, piece.lines.1),
                value: piece.p,
                parts: products(&PIECE_FEATURES, row, &model.piece.0),
            });
        }
    }
    tree
}

fn leaf(name: &str, value: f64) -> Explanation {
    Explanation {
        name: name.to_owned(),
        value,
        parts: Vec::new(),
    }
}

/// The score of an atom as a tree of named numbers.
pub fn explain_note(scored: &ScoredAtom) -> Explanation {
    let parts = vec![
        leaf("share of the task covered", scored.cover),
        leaf("recency", scored.recency),
        leaf("tied to likely code", scored.link),
    ];
    Explanation {
        name: "P(needed)".to_owned(),
        value: scored.p,
        parts,
    }
}

/// The score of a session as a tree of named numbers.
pub fn explain_session(scored: &ScoredSession) -> Explanation {
    let passages = scored.passages.iter().map(|passage| passage.p);
    let best_turn = passages.fold(0.0, f64::max);
    let parts = vec![
        leaf("best turn, P(needed)", best_turn),
        leaf("best turn, share of the task covered", scored.cover),
        leaf("recency", scored.recency),
        leaf("meant by its time", scored.meant),
        leaf(
            "edited a file that ranks high",
            f64::from(u8::from(scored.touched)),
        ),
    ];
    Explanation {
        name: "P(digest needed)".to_owned(),
        value: scored.p,
        parts,
    }
}
