//! Settings of agents: whatever stands in them, what is added takes nothing away, and is added once.

use ctxpack::agents::edit::{Change, apply, undo};
use ctxpack::agents::hook::{HOSTS, read};
use ctxpack::agents::setup::AGENTS;
use ctxpack::agents::told::told;
use serde_json::Value;

/// Adds what each agent needs to any text, and takes it out again; reads the text as the call of a hook, and as a transcript.
///
/// # Panics
/// Where something of the text is gone, or is not as it should be after it was said to be.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for edit in AGENTS.iter().flat_map(|agent| (agent.edits)()) {
        let Change::Write(after) = apply(&edit, Some(&text)) else {
            continue;
        };
        assert_eq!(
            apply(&edit, Some(&after)),
            Change::None,
            "{}: {after}",
            edit.path
        );
        let values = |text: &str| -> Option<Value> {
            if edit.path.ends_with(".json") {
                serde_json::from_str(text).ok()
            } else if edit.path.ends_with(".toml") {
                let table: toml::Table = toml::from_str(text).ok()?;
                serde_json::to_value(table).ok()
            } else {
                None
            }
        };
        if let Some(before) = values(&text) {
            let after = values(&after).unwrap_or_else(|| panic!("{}: {after}", edit.path));
            assert!(holds(&after, &before), "{}: {before}\n{after}", edit.path);
        }
        if let Change::Write(back) = undo(&edit, Some(&after)) {
            assert_eq!(
                undo(&edit, Some(&back)),
                Change::None,
                "{}: {back}",
                edit.path
            );
        }
    }
    for host in HOSTS {
        let _ = read(host, data);
    }
    let half = text.chars().take(200).collect::<String>();
    assert_eq!(told(data, &[&text, &half]).len(), 2);
}

/// Whether everything of `part` stands in `whole`.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            let has =
                |(key, value): (&String, &Value)| whole.get(key).is_some_and(|it| holds(it, value));
            part.iter().all(has)
        }
        (Value::Array(whole), Value::Array(part)) => whole.starts_with(part),
        _ => whole == part,
    }
}
