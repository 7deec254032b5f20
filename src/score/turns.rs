//! What was said in sessions, against the task: which passages answer it.
//!
//! A *passage* is what is chosen by itself: a turn, or a part of a long one. All passages of all sessions compete, as the pieces
//! of all files do, by a weighted sum and a softmax: an answer rarely holds the words of the question alone, so that what
//! stands beside it and the session as a whole speak as well. A threshold on the match of each passage by itself lost: it found
//! 16 points less at 500 tokens.

use super::statistics::{length_norm, normalise, saturate, softmax};
use crate::lexicon::Query;
use crate::source::sessions::{Role, Session, Turn};
use std::ops::Range;

/// Bytes that a passage grows to before it is closed, about 150 tokens.
const PASSAGE_BYTES: usize = 600;

/// Bytes above which a paragraph is cut between its lines.
const MAX_PARAGRAPH_BYTES: usize = 1_600;

/// Features of a passage with their weights, fitted as a listwise logistic to 780 questions on five long conversations; held out
/// by conversation, their loss is 2.86 nats against 3.32 for the first three alone.
const WEIGHTS: [f64; 7] = [
    1.76,  // BM25 of the passage, against the best
    2.97,  // BM25 of it with the passages beside it
    3.34,  // BM25 of its session
    1.11,  // BM25 of the passage before it: an answer follows its question
    2.69,  // it opens with the name of a speaker whom the task names
    -0.96, // it ends with a question
    0.87,  // ln(its words)
];

const K1: f64 = 1.2;
const B: f64 = 0.4;

/// A part of a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Index into [`Session::turns`].
    pub turn_idx: usize,
    /// Bytes of the turn's text.
    pub range: Range<usize>,
    /// P(this is what the task asks for), over all passages of all sessions.
    pub p: f64,
}

/// A text against the task's terms: which it holds, how often, and its length in words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// By term.
    pub terms: Vec<(u16, f64)>,
    /// Words.
    pub length: f64,
}

impl Document {
    /// Several as one.
    pub fn merged<'a>(documents: impl Iterator<Item = &'a Document>) -> Self {
        let mut terms: Vec<(u16, f64)> = Vec::new();
        let mut length = 0.0;
        for document in documents {
            length += document.length;
            terms.extend(&document.terms);
        }
        terms.sort_by_key(|&(term, _)| term);
        terms.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        Self { terms, length }
    }
}

/// Cuts a turn into passages: paragraphs put together until they are worth a place, long ones cut between lines. Every byte is in
/// exactly one. O(length).
pub fn cut(text: &str) -> Vec<Range<usize>> {
    let mut passages: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let mut fenced = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
        }
        at += line.len();
        let long = at - start;
        let is_end = (trimmed.is_empty() && !fenced && long >= PASSAGE_BYTES / 2)
            || (long >= PASSAGE_BYTES && !fenced)
            || long >= MAX_PARAGRAPH_BYTES;
        if is_end && at < text.len() {
            passages.push(start..at);
            start = at;
        }
    }
    if start < text.len() || passages.is_empty() {
        passages.push(start..text.len());
    }
    passages
}

/// The passages of all sessions, each with its P; P sum to 1 over all of them where any holds a word of the task, and are 0 where
/// none does. Also the BM25 of each session.
pub fn score(
    query: &Query,
    sessions: &[Session],
    idf: &[f64],
    documents: &[Vec<(Passage, Document)>],
) -> (Vec<Vec<f64>>, Vec<f64>) {
    let flat: Vec<&Document> = documents.iter().flatten().map(|(_, d)| d).collect();
    let bm25 = |documents: &[Document]| -> Vec<f64> {
        let length: f64 = documents.iter().map(|document| document.length).sum();
        let average = length / documents.len().max(1) as f64;
        let score = |document: &Document| {
            let norm = length_norm(document.length, average, B);
            let terms = document.terms.iter();
            terms
                .map(|&(term, n)| {
                    query.joint[term as usize] * idf[term as usize] * saturate(n / norm, K1)
                })
                .sum()
        };
        documents.iter().map(score).collect()
    };
    let around: Vec<Document> = documents
        .iter()
        .flat_map(|session| {
            (0..session.len()).map(|at| {
                let beside = &session[at.saturating_sub(1)..(at + 2).min(session.len())];
                Document::merged(beside.iter().map(|(_, document)| document))
            })
        })
        .collect();
    let whole: Vec<Document> = documents
        .iter()
        .map(|session| Document::merged(session.iter().map(|(_, document)| document)))
        .collect();
    let own: Vec<Document> = flat.iter().map(|&document| document.clone()).collect();
    let mut own = bm25(&own);
    let mut around = bm25(&around);
    let mut whole = bm25(&whole);
    for scores in [&mut own, &mut around, &mut whole] {
        normalise(scores);
    }
    let mut logits = Vec::with_capacity(own.len());
    let mut at = 0;
    for (session_idx, session) in documents.iter().enumerate() {
        for (in_session, (passage, document)) in session.iter().enumerate() {
            let turn = &sessions[session_idx].turns[passage.turn_idx];
            let text = &turn.text[passage.range.clone()];
            let is = |fact: bool| f64::from(u8::from(fact));
            let row = [
                own[at],
                around[at],
                whole[session_idx],
                if in_session > 0 { own[at - 1] } else { 0.0 },
                is(speaker(turn).is_some_and(|name| names(query, name))),
                is(text.trim_end().ends_with('?')),
                (1.0 + document.length).ln(),
            ];
            logits.push(
                row.iter()
                    .zip(WEIGHTS)
                    .map(|(x, weight)| x * weight)
                    .sum::<f64>(),
            );
            at += 1;
        }
    }
    let p = if own.iter().any(|score| *score > 0.0) {
        softmax(&logits)
    } else {
        vec![0.0; logits.len()]
    };
    let mut p = p.into_iter();
    let shares = documents
        .iter()
        .map(|session| p.by_ref().take(session.len()).collect())
        .collect();
    (shares, whole)
}

/// The name before a colon that opens a turn, as in minutes and chats that were pasted.
fn speaker(turn: &Turn) -> Option<&str> {
    let (name, _) = turn.text.split_once(':')?;
    let is_name = (2..=40).contains(&name.len())
        && name.split(' ').count() <= 3
        && name.starts_with(char::is_uppercase)
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == ' ' || c == '.');
    is_name.then_some(name)
}

/// Whether the task names a person by a part of the name.
fn names(query: &Query, name: &str) -> bool {
    let mut named = query.mentions.identifiers.iter();
    named.any(|identifier| name.split(' ').any(|part| part == identifier.name))
}

/// Who speaks, as it stands before a passage.
pub fn who(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_turn_is_one_passage() {
        assert_eq!(cut("a\n\nb\n"), vec![0..5]);
        assert_eq!(cut(""), vec![0..0]);
    }

    #[test]
    fn a_long_turn_is_cut_between_paragraphs() {
        let text = format!("{}\n\n{}\n\nend", "x ".repeat(200), "y ".repeat(200));
        let parts: Vec<&str> = cut(&text).into_iter().map(|r| &text[r]).collect();
        assert_eq!(parts.len(), 3, "{parts:?}");
        assert!(parts[1].starts_with('y') && parts[2] == "end");
    }

    #[test]
    fn speakers_are_names() {
        let speaker = |text: &str| {
            super::speaker(&Turn {
                role: Role::User,
                at: 0,
                text: text.to_owned(),
            })
            .map(str::to_owned)
        };
        assert_eq!(speaker("Ann Lee: hello").as_deref(), Some("Ann Lee"));
        for text in [
            "error: x",
            "see http://x",
            "A",
            "Fix the following bugs now: a",
        ] {
            assert_eq!(speaker(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn passages_tile_a_turn(text in "([a-zé ]{0,300}|\n|```\n|\n\n){0,30}") {
            let mut at = 0;
            for range in cut(&text) {
                prop_assert_eq!(range.start, at);
                prop_assert!(text.is_char_boundary(range.end));
                at = range.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
