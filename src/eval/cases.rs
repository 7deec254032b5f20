//! Cases, one JSON object a line.

use serde::Deserialize;
use std::collections::BTreeMap;

/// One case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// `owner/name`.
    pub repo: String,
    /// The folder of the repository below the folder of clones, with `/`.
    pub mirror: String,
    /// The revision before the change.
    pub base: String,
    /// The task.
    pub query: String,
    /// The commit that made the change, where it is known.
    #[serde(default)]
    pub commit: Option<String>,
    /// The main language.
    #[serde(default)]
    pub language: String,
    /// Files that the change modifies.
    pub gold_files: Vec<String>,
    /// Their lines that it changes, 1-based inclusive.
    pub gold_lines: BTreeMap<String, Vec<(u32, u32)>>,
}

/// Reads cases; blank lines are skipped.
///
/// # Errors
/// The number of the first line that is no case, and why.
pub fn read(text: &str) -> Result<Vec<Case>, String> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| serde_json::from_str(line).map_err(|e| format!("line {}: {e}", at + 1)))
        .collect()
}
