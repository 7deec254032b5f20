//! What a written case names, held against the tree that it is of.
//!
//! A line that is not there is found by nobody, and a file that is not there by everybody who packs whole files: both would be
//! measured as if they said something.

use super::Case;
use super::replay::Replay;

/// What can be found of `case`, and what had to be left out of it, each as a sentence that begins with the line of the case. `None`
/// where nothing is left. `needs_query` is whether the task is what the case is about.
///
/// Left out are files that its base does not hold, and ranges of lines that are reversed or lie behind the end; a range that goes over the
/// end is cut there. A file without lines is changed in all of its lines. A base that git does not know is left for packing to
/// complain of. Costs a look into the tree, and the reading of the files.
pub fn check(replay: &Replay, case: Case, needs_query: bool) -> (Option<Case>, Vec<String>) {
    let at = case.line;
    if needs_query && case.query.trim().is_empty() {
        let message = format!("line {at}: its `query` is empty: the case is left out");
        return (None, vec![message]);
    }
    let mut told = Vec::new();
    let mut checked = Case {
        gold_files: Vec::new(),
        gold_lines: Default::default(),
        ..case.clone()
    };
    for path in case.gold_lines.keys() {
        if !case.gold_files.contains(path) {
            told.push(format!(
                "line {at}: the lines of {path} are left out: it is none of `gold_files`"
            ));
        }
    }
    for path in &case.gold_files {
        let n_lines = match n_lines(replay, &case.base, path) {
            Ok(n_lines) => n_lines,
            Err(Missing::Base) => return (Some(case), Vec::new()),
            Err(Missing::File) => {
                told.push(format!(
                    "line {at}: {path} is left out: no such text file at {}",
                    case.base
                ));
                continue;
            }
        };
        let ranges = case.gold_lines.get(path).map_or(&[][..], Vec::as_slice);
        let mut kept = Vec::new();
        for &(first, last) in ranges {
            let why = if first > last {
                "reversed"
            } else if first > n_lines || last == 0 {
                "not there"
            } else {
                kept.push((first.max(1), last.min(n_lines)));
                if first >= 1 && last <= n_lines {
                    continue;
                }
                "partly not there"
            };
            told.push(format!(
                "line {at}: lines {first}-{last} of {path} are {why}, and left out (it has {n_lines})"
            ));
        }
        if ranges.is_empty() && n_lines > 0 {
            kept.push((1, n_lines));
        }
        if kept.is_empty() {
            told.push(format!(
                "line {at}: {path} is left out: none of its lines can be found"
            ));
            continue;
        }
        checked.gold_files.push(path.clone());
        checked.gold_lines.insert(path.clone(), kept);
    }
    if checked.gold_files.is_empty() {
        told.push(format!(
            "line {at}: nothing is left to be found: the case is left out"
        ));
        return (None, told);
    }
    (Some(checked), told)
}

/// What is not there.
enum Missing {
    Base,
    File,
}

fn n_lines(replay: &Replay, base: &str, path: &str) -> Result<u32, Missing> {
    let repository = replay.repository();
    let handle = repository.handle();
    let tree = handle
        .rev_parse_single(base.as_bytes())
        .ok()
        .and_then(|id| id.object().ok())
        .and_then(|object| object.peel_to_tree().ok())
        .ok_or(Missing::Base)?;
    let parts = repository
        .prefix
        .split(|byte| *byte == b'/')
        .chain(path.as_bytes().split(|byte| *byte == b'/'))
        .filter(|part| !part.is_empty());
    let entry = tree.lookup_entry(parts).ok().flatten();
    let entry = entry.filter(|entry| entry.mode().is_blob());
    let object = entry.and_then(|entry| entry.object().ok());
    let bytes = object.ok_or(Missing::File)?.detach().data;
    let n_ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    let is_open = bytes.last().is_some_and(|byte| *byte != b'\n');
    Ok(u32::try_from(n_ends + usize::from(is_open)).unwrap_or(u32::MAX))
}
