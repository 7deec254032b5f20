//! Sessions of Claude Code: `<claude dir>/projects/<folder>/<uuid>.jsonl`.
//!
//! A transcript belongs to the repository if it was started inside one of its roots and at least half of its messages
//! were written there; the folder's name only shortlists. Sub-agents keep files of their own and are left out: what
//! they found is in the answers of the session that sent them.

mod branch;
mod record;
mod session_memory;

use super::digest::{Material, Step};
use super::store::{self, OneRead, Transcript};
use super::{Head, Role, Session, Turn};
use crate::source::claude_dir;
use crate::source::reader;
use crate::source::stores::{self, Found, Stores};
use record::{Block, Line};
use rustc_hash::{FxHashMap, FxHashSet};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

const TOOL: &str = "claude-code";

/// The sessions of this repository, in no particular order, with a report for each folder that gave some.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    let mut all: Vec<Transcript<String>> = Vec::new();
    for folder in claude_dir::folders(stores) {
        for (name, metadata) in stores::list(&folder.path) {
            if let Some(id) = claude_dir::session_id(&name).filter(|_| metadata.is_file()) {
                let path = folder.path.join(&name);
                let id = id.to_owned();
                all.push(Transcript::new(&folder.path, path, &metadata, id));
            }
        }
    }
    let mut warnings = Vec::new();
    let transcripts = store::shortlist(stores, TOOL, all, &mut warnings, |transcript| {
        let cwd = claude_dir::first_cwd(&transcript.path)?;
        stores.holds(&cwd).then_some(transcript)
    });
    let mut found = store::read_all(stores, TOOL, &transcripts, |transcript| {
        read_one(stores, transcript)
    });
    found.warnings.extend(warnings);
    found
}

fn read_one(stores: &Stores, transcript: &Transcript<String>) -> Option<OneRead> {
    let shown = stores.shown(&transcript.path);
    let mut lines: Vec<Line> = Vec::new();
    let mut one = OneRead::default();
    // The file may grow while it is read: what counts is what stood there when it was found.
    let input = stores::open(&transcript.path).map(|(file, _)| file.take(transcript.size));
    let dirt = input.and_then(|input| {
        reader::read(input, |mut line: Line| {
            one.n_unknown += usize::from(!line.is_known());
            line.forget_outputs();
            lines.push(line);
            ControlFlow::Continue(())
        })
    });
    let roots = with_worktrees(stores, &lines);
    let stores = &Stores {
        roots: &roots,
        ..*stores
    };
    let (mut n_inside, mut n_outside) = (0, 0);
    for cwd in lines
        .iter()
        .filter(|line| !line.is_sidechain.0)
        .filter_map(|line| line.cwd.0.as_deref())
    {
        if stores.holds(cwd) {
            n_inside += 1;
        } else {
            n_outside += 1;
        }
    }
    if n_outside > n_inside {
        return None;
    }
    one.lost(&shown, dirt);
    let written = session_memory::read(&transcript.path);
    let session = session(stores, &transcript.known, shown, &lines, &written);
    one.sessions.extend(session);
    Some(one)
}

/// The roots, and the worktrees that the session went into from one of them: they may be gone by now.
fn with_worktrees(stores: &Stores, lines: &[Line]) -> Vec<PathBuf> {
    let mut roots = stores.roots.to_vec();
    for worktree in lines
        .iter()
        .filter_map(|line| line.worktree_session.0.as_ref())
    {
        let path = worktree.worktree_path.or_empty();
        let is_ours = stores.holds(worktree.original_cwd.or_empty()) && !stores.holds(path);
        if is_ours && !path.is_empty() {
            roots.push(PathBuf::from(path));
        }
    }
    roots.sort();
    roots.dedup();
    roots
}

/// A session from its records; `None` if nobody said anything in it.
fn session(
    stores: &Stores,
    id: &str,
    shown: String,
    lines: &[Line],
    written: &session_memory::Written,
) -> Option<Session> {
    let branch: Vec<&Line> = branch::in_force(lines)
        .into_iter()
        .map(|i| &lines[i])
        .collect();
    let moments = || {
        branch
            .iter()
            .filter_map(|line| stores::moment(line.timestamp.0.as_deref()?))
    };
    let material = Material {
        steps: steps(stores, &branch),
        unfinished: unfinished(&branch),
        summary: summary(&branch, lines, written),
        reached: pull_requests(lines),
    };
    let git_branch = branch
        .iter()
        .rev()
        .map(|line| line.git_branch.or_empty())
        .find(|name| !name.is_empty() && *name != "HEAD");
    let head = Head {
        tool: TOOL,
        id: id.to_owned(),
        path: shown,
        title: title(lines).or_else(|| written.title.clone()),
        started: moments().min().unwrap_or_default(),
        ended: moments().max().unwrap_or_default(),
        branch: git_branch.unwrap_or_default().to_owned(),
    };
    head.session(material)
}

/// What was said and done on the branch in force. An answer that was recorded in parts is one turn.
fn steps(stores: &Stores, branch: &[&Line]) -> Vec<Step> {
    let results: FxHashMap<&str, &Block> = branch
        .iter()
        .flat_map(|line| line.blocks())
        .filter(|block| block.kind.is("tool_result"))
        .filter_map(|block| Some((block.tool_use_id.0.as_deref()?, block)))
        .collect();
    let mut steps: Vec<Step> = Vec::new();
    let mut by_message: FxHashMap<&str, usize> = FxHashMap::default();
    for line in branch {
        let at = line
            .timestamp
            .0
            .as_deref()
            .and_then(stores::moment)
            .unwrap_or_default();
        if let Some(text) = line.ask() {
            steps.push(Step::Said(Turn {
                role: Role::User,
                at,
                text,
            }));
        } else if let Some(text) = line.answer() {
            let message = line.message.0.as_ref();
            let message_id = message.and_then(|message| message.id.0.as_deref());
            let first = message_id.and_then(|id| by_message.get(id).copied());
            match first.map(|i| &mut steps[i]) {
                Some(Step::Said(turn)) => {
                    turn.text.push_str("\n\n");
                    turn.text.push_str(&text);
                }
                _ => {
                    if let Some(id) = message_id {
                        by_message.insert(id, steps.len());
                    }
                    steps.push(Step::Said(Turn {
                        role: Role::Assistant,
                        at,
                        text,
                    }));
                }
            }
        }
        if !line.kind.is("assistant") {
            continue;
        }
        for call in line
            .blocks()
            .iter()
            .filter(|block| block.kind.is("tool_use"))
        {
            let result = call.id.0.as_deref().and_then(|id| results.get(id).copied());
            steps.extend(step_of(stores, call, result));
        }
    }
    steps
}

/// What a tool call did, if it is worth a step.
fn step_of(stores: &Stores, call: &Block, result: Option<&Block>) -> Option<Step> {
    let input = call.input.0.as_ref()?;
    let is_refused = result.is_some_and(Block::is_refused);
    let is_failed = result.is_some_and(Block::is_failed);
    match call.name.or_empty() {
        _ if is_refused => None,
        "Bash" => Some(Step::Ran {
            command: input.command.0.clone()?,
            error: result
                .filter(|_| is_failed)
                .map(|result| result.content.0.clone()),
        })
        // A command without a result was cut off: it neither failed nor passed.
        .filter(|_| result.is_some()),
        "Edit" | "Write" | "MultiEdit" | "NotebookEdit" if !is_failed => {
            let path = input
                .file_path
                .0
                .as_deref()
                .or(input.notebook_path.0.as_deref())?;
            let inside = stores.relative(path);
            Some(Step::Edited(
                inside.unwrap_or_else(|| stores.shown(Path::new(path))),
            ))
        }
        _ => None,
    }
}

/// The entries of the session's list of things to do that were never done, by its last state.
fn unfinished(branch: &[&Line]) -> Vec<String> {
    let mut list: Vec<(String, bool)> = Vec::new();
    let mut tasks: Vec<(String, bool)> = Vec::new();
    let is_over = |status: &str| matches!(status, "completed" | "deleted" | "cancelled");
    let calls = branch
        .iter()
        .filter(|line| line.kind.is("assistant"))
        .flat_map(|line| line.blocks());
    for call in calls {
        let Some(input) = &call.input.0 else { continue };
        match call.name.or_empty() {
            "TodoWrite" => {
                let entries = input.todos.blocks().iter();
                list = entries
                    .map(|todo| {
                        (
                            todo.content.or_empty().to_owned(),
                            is_over(todo.status.or_empty()),
                        )
                    })
                    .collect();
            }
            // Tasks are numbered from 1 in the order in which they are made.
            "TaskCreate" => tasks.push((input.subject.or_empty().to_owned(), false)),
            "TaskUpdate" => {
                let number: Option<usize> = input.task_id.or_empty().parse().ok();
                let task = number.and_then(|n| tasks.get_mut(n.checked_sub(1)?));
                if let (Some(task), Some(status)) = (task, &input.status.0) {
                    task.1 = is_over(status);
                }
            }
            _ => {}
        }
    }
    list.extend(tasks);
    let open = list
        .into_iter()
        .filter(|(text, is_over)| !is_over && !text.is_empty());
    open.map(|(text, _)| text).collect()
}

/// The pull requests that were linked to the session.
fn pull_requests(lines: &[Line]) -> Vec<String> {
    let links = lines.iter().filter(|line| line.kind.is("pr-link"));
    let numbers = links.filter_map(|line| line.pr_number.0);
    numbers.map(|number| format!("PR #{number}")).collect()
}

/// The newest summary that the tool wrote: its running notes, a compaction, or a short word for a person who was away.
fn summary(branch: &[&Line], lines: &[Line], written: &session_memory::Written) -> String {
    if !written.text.is_empty() {
        return written.text.clone();
    }
    let compaction = branch.iter().rev().find(|line| line.is_compact_summary.0);
    if let Some(text) = compaction.and_then(|line| line.spoken()) {
        return without_preamble(&text).to_owned();
    }
    let away = branch
        .iter()
        .rev()
        .find(|line| line.subtype.is("away_summary"));
    let task = lines.iter().rev().find(|line| line.kind.is("task-summary"));
    away.and_then(|line| line.content.0.clone())
        .or_else(|| task.and_then(|line| line.summary.0.clone()))
        .unwrap_or_default()
}

/// A compaction summary without the sentences that introduce it to a model and those that send it off again.
fn without_preamble(text: &str) -> &str {
    let text = text
        .rsplit_once("</analysis>")
        .map_or(text, |(_, rest)| rest);
    let text = match text.find("Summary:") {
        Some(at) if at < 600 => &text[at + "Summary:".len()..],
        _ => text,
    };
    let end = text
        .rfind("\nPlease continue the conversation")
        .unwrap_or(text.len());
    text[..end].trim()
}

/// The session's name: given by the user, by an agent, by the tool; an old summary only if it is of this very session.
fn title(lines: &[Line]) -> Option<String> {
    let own: FxHashSet<&str> = lines
        .iter()
        .filter_map(|line| line.uuid.0.as_deref())
        .collect();
    let newest = |pick: fn(&Line) -> Option<&String>| lines.iter().rev().find_map(pick).cloned();
    newest(|line| {
        line.custom_title
            .0
            .as_ref()
            .filter(|_| line.kind.is("custom-title"))
    })
    .or_else(|| {
        newest(|line| {
            line.agent_name
                .0
                .as_ref()
                .filter(|_| line.kind.is("agent-name"))
        })
    })
    .or_else(|| {
        newest(|line| {
            line.ai_title
                .0
                .as_ref()
                .filter(|_| line.kind.is("ai-title"))
        })
    })
    .or_else(|| {
        let summaries = lines.iter().rev().filter(|line| line.kind.is("summary"));
        let mut own_ones = summaries.filter(|line| own.contains(line.leaf_uuid.or_empty()));
        own_ones.find_map(|line| line.summary.0.clone())
    })
    .filter(|title| !title.trim().is_empty())
}

#[cfg(test)]
mod tests;
