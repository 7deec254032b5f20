//! What an agent has before it: the texts that stand in the transcript of its session, as hosts write it, one JSON object a line.
//!
//! The transcript is asked, and nothing is kept between calls: it knows as well what the agent has read by itself, and what it
//! lost when the session was summed up.

use aho_corasick::AhoCorasick;

/// Pieces of text shorter than this say nothing: `}` stands everywhere.
const MIN_BYTES: usize = 40;

/// How the record of a summary is marked, by Claude Code and by Codex: what stands before it is not before the agent any more.
const SUMMARIES: &[&str] = &[
    "\"isCompactSummary\":true",
    "\"subtype\":\"compact_boundary\"",
    "\"type\":\"compacted\"",
];

/// For each of `texts` whether all of it stands in `transcript`, behind the last summary. Of an excerpt each part is looked for.
///
/// One pass over the transcript, whatever the number of texts.
pub fn told(transcript: &[u8], texts: &[&str]) -> Vec<bool> {
    let transcript = behind_summaries(transcript);
    let (mut patterns, mut owners) = (Vec::new(), Vec::new());
    for (owner, text) in texts.iter().enumerate() {
        for part in parts(text) {
            patterns.push(escaped(&part));
            owners.push(owner);
        }
    }
    let mut missing: Vec<usize> = vec![0; texts.len()];
    owners.iter().for_each(|&owner| missing[owner] += 1);
    let has_parts: Vec<bool> = missing.iter().map(|n| *n > 0).collect();
    // no automaton can be built of more than memory holds: then nothing counts as told
    let Ok(automaton) = AhoCorasick::new(&patterns) else {
        return vec![false; texts.len()];
    };
    let mut is_found = vec![false; patterns.len()];
    for found in automaton.find_overlapping_iter(transcript) {
        let pattern = found.pattern().as_usize();
        if !std::mem::replace(&mut is_found[pattern], true) {
            missing[owners[pattern]] -= 1;
        }
    }
    missing
        .iter()
        .zip(has_parts)
        .map(|(n, has_parts)| *n == 0 && has_parts)
        .collect()
}

fn behind_summaries(transcript: &[u8]) -> &[u8] {
    let last = SUMMARIES
        .iter()
        .filter_map(|mark| memchr::memmem::rfind(transcript, mark.as_bytes()));
    last.max().map_or(transcript, |at| &transcript[at..])
}

/// The parts of a text between its gaps (`… 58`) that are long enough to be known again.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let is_gap = line
            .strip_prefix("… ")
            .is_some_and(|rest| rest.trim_end().bytes().all(|b| b.is_ascii_digit()));
        match parts.last_mut() {
            Some(part) if !is_gap => part.push_str(line),
            _ => parts.push(String::new()),
        }
    }
    let parts = parts.iter().map(|part| part.trim());
    parts
        .filter(|part| part.len() >= MIN_BYTES)
        .map(str::to_owned)
        .collect()
}

/// As the text stands within a string of JSON.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(&quoted).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FULL: &str = "fn hold_the_lock() {\n\tlet a = \"ü\\n\"; // every order\n}\n";
    const EXCERPT: &str = "… 7\nfn hold_the_lock() {\n\tlet a = \"ü\\n\"; // every order\n}\n… 90\nfn give_the_orders_up(orders: &[Order]) -> usize {\n";

    #[track_caller]
    fn check(records: &[serde_json::Value], text: &str, expected: bool) {
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        assert_eq!(
            told(
                lines.as_bytes(),
                &[text, "never said, and long enough to be looked for"]
            ),
            [expected, false],
            "{lines}"
        );
    }

    #[test]
    fn what_was_told_is_known_again() {
        let record = |text: &str| json!({"type": "attachment", "attachment": {"stdout": format!("<document>\n{text}</document>")}});
        check(&[record(FULL)], FULL, true);
        check(&[record(EXCERPT)], FULL, true);
        check(&[record(EXCERPT)], EXCERPT, true);
        // one part of two
        check(&[record(FULL)], EXCERPT, false);
        check(
            &[
                record(FULL),
                record("fn give_the_orders_up(orders: &[Order]) -> usize {\n"),
            ],
            EXCERPT,
            true,
        );
        check(&[record("fn other() {}")], FULL, false);
        check(&[], FULL, false);
        // too short to say anything
        check(&[record("}\n")], "}\n", false);
        check(&[record("")], "", false);
    }

    #[test]
    fn what_was_summed_up_is_told_again() {
        let record = json!({"stdout": FULL});
        check(
            &[
                record.clone(),
                json!({"type": "user", "isCompactSummary": true}),
            ],
            FULL,
            false,
        );
        check(&[json!({"type": "compacted"}), record], FULL, true);
    }

    #[test]
    fn a_text_that_ends_in_a_quote_is_escaped_whole() {
        let text = "\"the first and the last are quotes, and a backslash \\\"";
        check(&[json!({ "a": text })], text, true);
    }
}
