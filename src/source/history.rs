//! What the commits say: which files changed together, when, and in which words.

use super::memo::{Touched, TouchedFile};
use super::meter::Metered;
use super::repository::{Repository, one_line};
use super::touched::{Known, KnownCommits};
use super::tree::Tree;
use crate::cache::Cache;
use crate::error::Warning;
use crate::guard::secrets::redact;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Commits read at most. Older ones weigh next to nothing: a message's weight halves every five years.
pub const MAX_COMMITS: usize = 3000;

/// Commits that touch more files than this say nothing about any one of them.
pub const MAX_FILES: usize = 60;

/// Bytes of trees read for one commit: enough for one that adds two hundred thousand files. What a larger one touches is not known.
const MAX_TREE_BYTES: u64 = 8 << 20;

/// Bytes of trees read in all; ordinary histories take a hundredth of it. Looked at after each batch of commits, so that the same
/// commits are read on any number of cores.
const MAX_BYTES: u64 = 1 << 30;
const BATCH: usize = 128;

/// Bytes of a message kept.
const MAX_MESSAGE: usize = 4000;

/// The commits behind a tree.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Newest first; merges left out.
    pub commits: Vec<Commit>,
    /// Time of the commit that the tree shows, Unix seconds; 0 without history.
    pub head_time: i64,
    /// What could not be read.
    pub warnings: Vec<Warning>,
}

/// One commit.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Committer's time, Unix seconds.
    pub time: i64,
    /// Subject and body, at most 4,000 bytes.
    pub message: String,
    /// Files it touches that are still there: indexes into the tree's entries, ascending.
    pub files: Vec<u32>,
    /// For each of them what it was and what it became; `None` for one that was added.
    pub blobs: Vec<Option<(gix::ObjectId, gix::ObjectId)>>,
    /// Files it touches in all.
    pub n_files: usize,
}

/// Reads the newest [`MAX_COMMITS`] commits behind `tree`. Without a repository, or without commits, there are none. What `cache`
/// knows is not looked up again.
pub fn read(tree: &Tree, cache: Option<&Cache>) -> History {
    let mut history = History::default();
    let Some(repository) = &tree.repository else {
        return history;
    };
    let handle = repository.handle();
    let mut warn = |code, message| history.warnings.push(Warning::new(code, "", message));
    if !tree.is_revision() {
        match handle.head() {
            Ok(head) if head.is_unborn() => {
                warn(
                    "no-commits",
                    "no commits yet: there is no history to judge by".to_owned(),
                );
            }
            Ok(_) => {
                if let Err(e) = handle.head_id() {
                    let message = format!("HEAD's commit could not be read ({})", one_line(&e));
                    warn("git-unreadable", message);
                }
            }
            Err(e) => {
                let message = format!("HEAD could not be read ({})", one_line(&e));
                warn("git-unreadable", message);
            }
        }
    }
    if repository.is_shallow() {
        let message = "a shallow clone: the history ends where it was cut off";
        warn("shallow-clone", message.to_owned());
    }
    let Some(head) = tree.commit() else {
        return history;
    };
    let walk = handle
        .rev_walk([head])
        .sorting(gix::revision::walk::Sorting::ByCommitTime(
            gix::traverse::commit::simple::CommitTimeOrder::NewestFirst,
        ))
        .all();
    let walk = match walk {
        Ok(walk) => walk,
        Err(e) => {
            history.warnings.push(Warning::new(
                "git-unreadable",
                "",
                format!("the history could not be read ({})", one_line(&e)),
            ));
            return history;
        }
    };
    let mut found: Vec<(gix::ObjectId, Option<gix::ObjectId>, i64)> = Vec::new();
    for info in walk {
        match info {
            Ok(info) => {
                let time = info.commit_time.unwrap_or(0);
                if info.id == head {
                    history.head_time = time;
                }
                if info.parent_ids.len() <= 1 {
                    found.push((info.id, info.parent_ids.first().copied(), time));
                }
            }
            Err(e) => {
                history.warnings.push(Warning::new(
                    "git-unreadable",
                    "",
                    format!("the history ends early ({})", one_line(&e)),
                ));
                break;
            }
        }
        if found.len() >= MAX_COMMITS {
            break;
        }
    }
    let paths: FxHashMap<Vec<u8>, u32> = tree
        .entries
        .iter()
        .enumerate()
        .map(|(idx, entry)| (super::tree::bytes_of(&entry.below), idx as u32))
        .collect();
    let prefix = &*repository.prefix;
    let known = cache.map(|cache| KnownCommits::read(cache, repository));
    let mut new: Vec<(gix::ObjectId, Known)> = Vec::new();
    let (mut n_done, mut n_bytes) = (0, 0);
    for batch in found.chunks(BATCH) {
        type Read = (Option<Commit>, u64, Option<(gix::ObjectId, Known)>);
        let read: Vec<Read> = batch
            .par_chunks(16)
            .flat_map_iter(|chunk| {
                let handle = repository.handle();
                let read: Vec<_> = chunk
                    .iter()
                    .map(|&(id, parent, time)| {
                        let meter = Metered::new(&handle, MAX_TREE_BYTES);
                        if let Some(known) = known.as_ref().and_then(|known| known.get(id)) {
                            let message = message(&handle, id);
                            let commit =
                                message.map(|it| commit(it, &known.files, time, &paths, prefix));
                            return (commit, known.n_read, None);
                        }
                        let touched = touched(repository, &handle, &meter, id, parent);
                        let commit = touched.as_ref().map(|it| {
                            let files = it.files.as_deref().unwrap_or_default();
                            commit(it.message.clone(), files, time, &paths, prefix)
                        });
                        let files = touched.filter(|_| known.is_some());
                        let new = files.and_then(|it| {
                            let known = Known {
                                n_read: meter.n_read(),
                                files: it.files.clone()?,
                            };
                            Some((id, known))
                        });
                        (commit, meter.n_read(), new)
                    })
                    .collect();
                read
            })
            .collect();
        n_done += batch.len();
        for (commit, n_read, found) in read {
            n_bytes += n_read;
            history.commits.extend(commit);
            new.extend(found);
        }
        if n_bytes > MAX_BYTES && n_done < found.len() {
            let message =
                format!("only the newest {n_done} commits are read: their trees are too large");
            let warning = Warning::new("history-cut", "", message);
            history.warnings.push(warning);
            break;
        }
    }
    if let (Some(cache), Some(known)) = (cache, known) {
        let walked = found.iter().map(|(id, ..)| *id).collect();
        known.keep(cache, repository, new, &walked);
    }
    let n_lost = n_done - history.commits.len();
    if n_lost > 0 {
        let plural = if n_lost == 1 { "" } else { "s" };
        let message =
            format!("{n_lost} commit{plural} could not be read: objects are missing or broken");
        history
            .warnings
            .push(Warning::new("git-unreadable", "", message));
    }
    history
}

/// What a commit touches, by `path -> index` of the files that are still there.
fn commit(
    message: String,
    touched: &[TouchedFile],
    time: i64,
    paths: &FxHashMap<Vec<u8>, u32>,
    prefix: &[u8],
) -> Commit {
    let mut commit = Commit {
        time,
        message,
        ..Commit::default()
    };
    let mut files: Vec<(u32, Option<(gix::ObjectId, gix::ObjectId)>)> = Vec::new();
    for file in touched {
        commit.n_files += 1;
        if let Some(below) = file.path.strip_prefix(prefix)
            && let Some(&idx) = paths.get(below)
        {
            files.push((idx, file.blobs));
        }
    }
    files.sort_unstable();
    (commit.files, commit.blobs) = files.into_iter().unzip();
    commit
}

/// Reads a commit, or finds it among what was read before; `None` where objects are missing.
fn touched(
    repository: &Repository,
    handle: &gix::Repository,
    meter: &Metered<'_>,
    id: gix::ObjectId,
    parent: Option<gix::ObjectId>,
) -> Option<Arc<Touched>> {
    if let Some(known) = repository.memo.as_ref().and_then(|memo| memo.commit(id)) {
        return Some(known);
    }
    let message = message(handle, id)?;
    let object = handle.find_commit(id).ok()?;
    let tree = object.tree_id().ok()?.detach();
    let tree_of = |id| Some(handle.find_commit(id).ok()?.tree_id().ok()?.detach());
    let files = match parent {
        None => changed(handle, meter, None, tree),
        // a shallow clone lacks the parent: its boundary commit would seem to touch everything
        Some(parent) => match tree_of(parent) {
            None => Some(None),
            old => changed(handle, meter, old, tree),
        },
    };
    let files = match files {
        Some(files) => files,
        None if meter.is_over() => None,
        None => return None,
    };
    let touched = Arc::new(Touched { message, files });
    if let Some(memo) = &repository.memo {
        memo.keep_commit(id, &touched);
    }
    Some(touched)
}

/// A commit's message, cut and without secrets; `None` where the commit is missing.
fn message(handle: &gix::Repository, id: gix::ObjectId) -> Option<String> {
    let object = handle.find_commit(id).ok()?;
    let message = object.message_raw().ok()?;
    // before it is cut, which would hide what is cut in two; of a message that is a file, its beginning alone
    let message = String::from_utf8_lossy(&message[..message.len().min(MAX_MESSAGE * 4)]);
    let message = redact(&message);
    Some(message[..message.floor_char_boundary(MAX_MESSAGE)].to_owned())
}

/// The blobs that differ between two trees; `None` where an object is missing, or more is to be read than may be.
fn changed(
    handle: &gix::Repository,
    meter: &Metered<'_>,
    old: Option<gix::ObjectId>,
    new: gix::ObjectId,
) -> Option<Option<Vec<TouchedFile>>> {
    let old = old
        .map(|id| handle.find_object(id).map(gix::Object::detach))
        .transpose()
        .ok()?;
    let new = handle.find_object(new).ok()?.detach();
    let mut recorder = gix::diff::tree::Recorder::default();
    gix::diff::tree(
        gix::objs::TreeRefIter::from_bytes(
            old.as_ref().map_or(&[], |tree| &tree.data),
            gix::hash::Kind::Sha1,
        ),
        gix::objs::TreeRefIter::from_bytes(&new.data, gix::hash::Kind::Sha1),
        gix::diff::tree::State::default(),
        meter,
        &mut recorder,
    )
    .ok()?;
    use gix::diff::tree::recorder::Change;
    let files = recorder.records.into_iter().filter_map(|change| {
        let (entry_mode, path, blobs) = match change {
            Change::Modification {
                previous_oid,
                entry_mode,
                oid,
                path,
                ..
            } => (entry_mode, path, Some((previous_oid, oid))),
            Change::Addition {
                entry_mode, path, ..
            }
            | Change::Deletion {
                entry_mode, path, ..
            } => (entry_mode, path, None),
        };
        (!entry_mode.is_tree()).then(|| TouchedFile {
            path: path.into(),
            blobs,
        })
    });
    Some(Some(files.collect()))
}
