//! Sessions of Codex: `<codex dir>/sessions/<year>/<month>/<day>/rollout-*.jsonl`, also compressed or archived.
//!
//! The store holds all projects of its user, so each rollout is asked for its working directory first, which stands in
//! its opening record. Rollouts of early 2025 name none but in the text that Codex put before the first ask; without
//! that they belong to nobody and are left out. Rollouts that agents started for agents are left out too.
//!
//! Most things stand twice, as an event and as an item of the model's history. Events are what people saw, so they
//! count; items fill in where a rollout has no events of that kind.

mod record;

use super::digest::{Material, Step};
use super::store::{self, MAX_DOCUMENT, OneRead, Transcript};
use super::{Head, Role, Session, patch};
use crate::source::lax::{Content, Text};
use crate::source::reader::{self, Record};
use crate::source::stores::{self, Found, Stores};
use record::{Document, Item, Line};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

const TOOL: &str = "codex";
/// Bytes of a compressed rollout that are unpacked at most.
const MAX_UNPACKED: u64 = 64 << 20;
/// How many times larger a compressed rollout is taken to be when read.
const PACKED: u64 = 10;
/// Records of a rollout that are looked at for its working directory.
const MAX_OPENING: usize = 40;
/// Seconds within which the same ask is one that was recorded twice.
const SAME_ASK: i64 = 2;

/// The sessions of this repository, in no particular order.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    let Some(folder) = stores.home_dir(".codex", "CODEX_HOME") else {
        return Found::default();
    };
    let mut all = Vec::new();
    for name in ["sessions", "archived_sessions"] {
        // Year, month and day are three folders deep.
        collect(&folder.join(name), &folder.join(name), 3, &mut all);
    }
    let mut warnings = Vec::new();
    let mut transcripts = store::shortlist(stores, TOOL, all, &mut warnings, |transcript| {
        let opening = opening(&transcript)?;
        stores.holds(&opening.cwd).then(|| transcript.with(opening))
    });
    let mut ids = FxHashSet::default();
    transcripts.retain(|transcript| ids.insert(transcript.known.id.clone()));
    let mut titles = titles(&folder, &ids);
    for transcript in &mut transcripts {
        transcript.known.title = titles.remove(&transcript.known.id);
    }
    let mut found = store::read_all(stores, TOOL, &transcripts, |transcript| {
        read_one(stores, transcript)
    });
    found.warnings.extend(warnings);
    found
}

/// The rollouts in `folder` and the folders in it; of one that is there plain and compressed the plain one.
fn collect(store: &Path, folder: &Path, depth: usize, all: &mut Vec<Transcript<()>>) {
    let entries = stores::list(folder);
    let plain: FxHashSet<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    for (name, metadata) in &entries {
        let path = folder.join(name);
        if metadata.is_dir() {
            if depth > 0 {
                collect(store, &path, depth - 1, all);
            }
            continue;
        }
        let unpacked = name.strip_suffix(".zst");
        let stem = unpacked.unwrap_or(name);
        let is_rollout =
            stem.starts_with("rollout-") && (stem.ends_with(".jsonl") || name.ends_with(".json"));
        if !is_rollout || unpacked.is_some_and(|plain_name| plain.contains(plain_name)) {
            continue;
        }
        let mut transcript = Transcript::new(store, path, metadata, ());
        if unpacked.is_some() {
            transcript.cost *= PACKED;
        }
        all.push(transcript);
    }
}

/// Who a rollout is.
#[derive(Serialize, Deserialize)]
struct Opening {
    id: String,
    cwd: String,
    branch: String,
    started: i64,
    /// Its name, which an index beside all rollouts gives.
    title: Option<String>,
}

fn open(path: &Path, size: u64) -> std::io::Result<Box<dyn Read>> {
    let (file, _) = stores::open(path)?;
    let file = file.take(size);
    if path.extension().is_some_and(|extension| extension == "zst") {
        let packed = std::io::BufReader::new(file);
        let unpacked = ruzstd::decoding::StreamingDecoder::new(packed)
            .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))?;
        return Ok(Box::new(unpacked.take(MAX_UNPACKED)));
    }
    Ok(Box::new(file))
}

fn is_document(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "json")
}

fn document(path: &Path) -> Option<Document> {
    let (text, _) = stores::read_text(path, MAX_DOCUMENT).ok()?;
    reader::document(text.as_bytes())
}

/// Reads just so far as to learn the working directory; `None` without one, and for rollouts of sub-agents.
fn opening<K>(transcript: &Transcript<K>) -> Option<Opening> {
    let mut opening = Opening {
        id: id_in_name(&transcript.path),
        cwd: String::new(),
        branch: String::new(),
        started: 0,
        title: None,
    };
    if is_document(&transcript.path) {
        let document = document(&transcript.path)?;
        let session = document.session.0?;
        let context = || {
            let mut texts = document.items.blocks().iter().map(|item| &item.content.0);
            texts.find_map(|text| record::cwd_of_context(text).map(str::to_owned))
        };
        opening.cwd = session.cwd.0.or_else(context)?;
        opening.started = session.timestamp.0;
        opening.id = session.id.0.unwrap_or(opening.id);
        return Some(opening);
    }
    let input = open(&transcript.path, transcript.size).ok()?;
    let mut n_lines = 0;
    let mut is_sub_agent = false;
    reader::read(input, |line: Line| {
        n_lines += 1;
        let (kind, item) = line.open();
        let is_meta = kind == "session_meta" || n_lines == 1 && item.kind.0.is_none();
        if is_meta && opening.started == 0 {
            is_sub_agent = item.is_sub_agent();
            opening.started = line.timestamp.0;
            opening.id = item.id.0.clone().unwrap_or_else(|| opening.id.clone());
            let branch = item.git.0.as_ref().and_then(|git| git.branch.0.clone());
            opening.branch = branch.unwrap_or_default();
        }
        let context = || record::cwd_of_context(&item.content.0).map(str::to_owned);
        let workdir = || item.call()?.workdir.0;
        let cwd = item.cwd.0.clone().or_else(context).or_else(workdir);
        opening.cwd = cwd.filter(|cwd| !cwd.is_empty()).unwrap_or_default();
        if is_sub_agent || !opening.cwd.is_empty() || n_lines == MAX_OPENING {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .ok()?;
    (!is_sub_agent && !opening.cwd.is_empty()).then_some(opening)
}

/// The id that closes the name of a rollout: `rollout-<local time>-<uuid>.jsonl`.
fn id_in_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    let start = stem.len().saturating_sub(36);
    stem.get(start..).unwrap_or(stem).to_owned()
}

/// What sessions are called: the last name of each in `session_index.jsonl`, else its first ask in `history.jsonl`.
fn titles(folder: &Path, ids: &FxHashSet<String>) -> FxHashMap<String, String> {
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct Entry {
        id: Text,
        session_id: Text,
        thread_name: Text,
        text: Text,
    }
    impl Record for Entry {
        const STARTS: &'static [&'static [u8]] = &[b"{\"id\"", b"{\"session_id\""];
        fn is_whole(&self) -> bool {
            self.id.0.is_some() || self.session_id.0.is_some()
        }
    }
    let mut titles = FxHashMap::default();
    if ids.is_empty() {
        return titles;
    }
    let each = |name: &str, take: &mut dyn FnMut(Entry)| {
        if let Ok((file, metadata)) = stores::open(&folder.join(name)) {
            // What cannot be read costs titles, nothing else.
            let _ = reader::read(file.take(metadata.len()), |entry: Entry| {
                take(entry);
                ControlFlow::Continue(())
            });
        }
    };
    each("history.jsonl", &mut |entry| {
        if let (Some(id), Some(text)) = (entry.session_id.0, entry.text.0)
            && ids.contains(&id)
            && !text.trim().is_empty()
        {
            titles.entry(id).or_insert(text);
        }
    });
    each("session_index.jsonl", &mut |entry| {
        if let (Some(id), Some(name)) = (entry.id.0, entry.thread_name.0)
            && ids.contains(&id)
            && !name.trim().is_empty()
        {
            titles.insert(id, name);
        }
    });
    titles
}

fn read_one(stores: &Stores, transcript: &Transcript<Opening>) -> Option<OneRead> {
    let shown = stores.shown(&transcript.path);
    let mut one = OneRead::default();
    let mut lines: Vec<Line> = Vec::new();
    if is_document(&transcript.path) {
        let items = match document(&transcript.path)?.items {
            Content::Blocks(items) => items,
            _ => Vec::new(),
        };
        lines.extend(items.into_iter().map(|flat| Line {
            flat,
            ..Line::default()
        }));
    } else {
        let dirt = open(&transcript.path, transcript.size).and_then(|input| {
            reader::read(input, |line: Line| {
                one.n_unknown += usize::from(!line.is_known());
                lines.push(line);
                ControlFlow::Continue(())
            })
        });
        one.lost(&shown, dirt);
    }
    let (mut n_inside, mut n_outside) = (0, 0);
    for line in &lines {
        let (kind, item) = line.open();
        if let Some(cwd) = item.cwd.0.as_deref().filter(|_| kind == "turn_context") {
            if stores.holds(cwd) {
                n_inside += 1;
            } else {
                n_outside += 1;
            }
        }
    }
    if n_outside > n_inside {
        return None;
    }
    let opening = &transcript.known;
    let moments = || {
        lines
            .iter()
            .map(|line| line.timestamp.0)
            .filter(|at| *at > 0)
    };
    let head = Head {
        tool: TOOL,
        id: opening.id.clone(),
        path: shown,
        title: transcript.known.title.clone(),
        started: moments().min().unwrap_or(opening.started),
        ended: moments().max().unwrap_or(opening.started),
        branch: opening.branch.clone(),
    };
    let material = material(stores, &opening.cwd, &lines);
    one.sessions.extend(head.session(material));
    Some(one)
}

fn material(stores: &Stores, cwd: &str, lines: &[Line]) -> Material {
    let has_event = |name: &str| {
        lines.iter().any(|line| {
            let (kind, item) = line.open();
            kind == "event_msg" && item.kind.is(name)
        })
    };
    let (asks_are_events, answers_are_events) =
        (has_event("user_message"), has_event("agent_message"));
    let mut results: FxHashMap<&str, &Item> = FxHashMap::default();
    let mut ended: FxHashMap<&str, &Item> = FxHashMap::default();
    let mut patched: FxHashSet<&str> = FxHashSet::default();
    for line in lines {
        let (_, item) = line.open();
        let Some(id) = item.call_id.0.as_deref() else {
            continue;
        };
        match item.kind.or_empty() {
            "function_call_output" | "custom_tool_call_output" => {
                results.insert(id, item);
            }
            "exec_command_end" => {
                ended.insert(id, item);
            }
            "patch_apply_end" => {
                patched.insert(id);
            }
            _ => {}
        }
    }
    let mut material = Material::default();
    let mut folder = cwd;
    let mut last_ask: Option<(i64, &str)> = None;
    for line in lines {
        let at = line.timestamp.0;
        let (kind, item) = line.open();
        let id = item.call_id.or_empty();
        let edited = |path: &str| Step::Edited(stores.file(folder, path));
        match (kind, item.kind.or_empty()) {
            ("turn_context", _) => folder = item.cwd.0.as_deref().unwrap_or(folder),
            ("compacted", _) => {
                // Compaction on a server leaves an empty message beside what only the server can read.
                if let Some(text) = item.message.0.as_deref().filter(|t| !t.trim().is_empty()) {
                    material.summary = text.to_owned();
                }
            }
            ("event_msg", "user_message") | ("response_item", "message")
                if kind == "event_msg" || item.role.is("user") && !asks_are_events =>
            {
                let text = item.message.0.as_deref().unwrap_or(&item.content.0);
                let Some(text) = record::ask(text) else {
                    continue;
                };
                let again = last_ask.replace((at, text));
                if again.is_none_or(|(before, same)| same != text || at - before > SAME_ASK) {
                    material.said(Role::User, at, text);
                }
            }
            ("event_msg", "agent_message") => {
                material.said(Role::Assistant, at, item.message.or_empty());
            }
            ("response_item", "message") if item.role.is("assistant") && !answers_are_events => {
                material.said(Role::Assistant, at, &item.content.0);
            }
            ("event_msg", "thread_rolled_back") => {
                roll_back(&mut material, item.num_turns.0.unwrap_or_default());
                last_ask = None;
            }
            ("event_msg", "patch_apply_end") if item.success.0 => {
                for (path, change) in &item.changes.0 {
                    material.steps.push(edited(path));
                    let moved = change.0.as_ref().and_then(|c| c.move_path.0.as_deref());
                    material.steps.extend(moved.map(edited));
                }
            }
            ("response_item", "custom_tool_call") if !patched.contains(id) => {
                let is_done = results.get(id).is_some_and(|result| !is_failed(result));
                if item.name.is("apply_patch") && is_done {
                    let files = patch::files(item.input.or_empty());
                    material.steps.extend(files.map(edited));
                }
            }
            ("response_item", "function_call") => {
                let Some(arguments) = item.call() else {
                    continue;
                };
                if item.name.is("update_plan") {
                    let open = arguments.plan.blocks().iter();
                    let open = open.filter(|entry| !entry.status.is("completed"));
                    let open = open.map(|entry| entry.step.or_empty().to_owned());
                    material.unfinished = open.filter(|step| !step.is_empty()).collect();
                } else if let Some(patch) = arguments.patch() {
                    let is_done = results.get(id).is_some_and(|result| !is_failed(result));
                    if is_done && !patched.contains(id) {
                        material.steps.extend(patch::files(patch).map(edited));
                    }
                } else if let Some(command) = arguments.command() {
                    let told = results.get(id).and_then(|r| record::result_of(&r.output.0));
                    let result = told.or_else(|| {
                        let end = ended.get(id)?;
                        let text = || end.aggregated_output.0.clone();
                        Some((end.exit_code.0? != 0).then(text))
                    });
                    // A command without a known result neither failed nor passed.
                    if let Some(error) = result {
                        material.steps.push(Step::Ran { command, error });
                    }
                }
            }
            _ => {}
        }
    }
    material
}

fn is_failed(result: &Item) -> bool {
    let text = &result.output.0;
    let has_failed = matches!(record::result_of(text), Some(Some(_)));
    has_failed || text.contains("verification failed") || text.starts_with("patch rejected")
}

/// Takes the last asks back, with all that came after them.
fn roll_back(material: &mut Material, n_turns: i64) {
    for _ in 0..n_turns.clamp(0, 10_000) {
        let is_ask = |step: &Step| matches!(step, Step::Said(turn) if turn.role == Role::User);
        match material.steps.iter().rposition(is_ask) {
            Some(at) => material.steps.truncate(at),
            None => return,
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
