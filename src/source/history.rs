//! What the commits say: which files changed together, when, and in which words.

use super::memo::{Message, Touched, TouchedFile};
use super::meter::Metered;
use super::repository::{Repository, one_line};
use super::touched::{Known, KnownCommits};
use super::tree::{Entry, Tree, bytes_of};
use crate::cache::Cache;
use crate::error::Warning;
use crate::guard::secrets::redact;
use crate::lexicon::Bag;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

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
    /// The first line of its message: of as many of the newest that have one as were asked for, and maybe of others.
    pub subject: Option<String>,
    /// The words of its message, of which 4,000 bytes are read.
    pub words: Bag,
    /// Files it touches that are still there: indexes into the tree's entries, ascending.
    pub files: Vec<u32>,
    /// For each of them what it was and what it became; `None` for one that was added.
    pub blobs: Vec<Option<(gix::ObjectId, gix::ObjectId)>>,
    /// Files it touches in all.
    pub n_files: usize,
}

/// Reads the newest [`MAX_COMMITS`] commits behind `tree`. Without a repository, or without commits, there are none. What `cache`
/// knows is not looked up again, but for the first `n_subjects` subjects; `ahead` is what it knows, where that was read already.
pub fn read(
    tree: &Tree,
    cache: Option<&Cache>,
    ahead: Option<KnownCommits>,
    n_subjects: usize,
) -> History {
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
    let known = cache.map(|cache| ahead.unwrap_or_else(|| KnownCommits::read(cache, repository)));
    // where a shallow clone ends is no matter of ids
    let lasting = known.as_ref().filter(|_| !repository.is_shallow());
    let walked = match lasting.and_then(|known| known.walked(head)) {
        Some(walked) => Ok(walked),
        None => walk(&handle, head),
    };
    let Walked {
        found,
        head_time,
        ended,
    } = match walked {
        Ok(walked) => walked,
        Err(message) => {
            let message = format!("the history could not be read ({message})");
            history
                .warnings
                .push(Warning::new("git-unreadable", "", message));
            return history;
        }
    };
    history.head_time = head_time;
    if let Some(message) = &ended {
        let message = format!("the history ends early ({message})");
        history
            .warnings
            .push(Warning::new("git-unreadable", "", message));
    }
    if found.is_empty() {
        return history;
    }
    let paths = Places::new(&tree.entries);
    let prefix = &*repository.prefix;
    let mut new: Vec<(gix::ObjectId, Known)> = Vec::new();
    let has_subject = |id| {
        let known = known.as_ref().and_then(|known| known.get(id));
        known.is_some_and(|it| it.has_subject)
    };
    let (mut n_done, mut n_bytes) = (0, 0);
    let (mut n_lost, mut n_told) = (0, 0);
    for batch in found.chunks(BATCH) {
        type Read = (Option<Commit>, u64, Option<(gix::ObjectId, Known)>);
        let read: Vec<Read> = batch
            .par_chunks(16)
            .flat_map_iter(|chunk| {
                // costs as much as hundreds of commits that are known
                let mut opened: Option<gix::Repository> = None;
                let read: Vec<_> = chunk
                    .iter()
                    .map(|&Step { id, parent, time }| {
                        if let Some(known) = known.as_ref().and_then(|known| known.get(id)) {
                            let message = Message {
                                subject: None,
                                words: known.words.clone(),
                            };
                            let commit = commit(message, &known.files, time, &paths, prefix);
                            return (Some(commit), known.n_read, None);
                        }
                        let handle = opened.get_or_insert_with(|| repository.handle());
                        let meter = Metered::new(handle, MAX_TREE_BYTES);
                        let touched = touched(repository, handle, &meter, id, parent);
                        let commit = touched.as_ref().map(|it| {
                            let files = it.files.as_deref().unwrap_or_default();
                            commit(it.message.clone(), files, time, &paths, prefix)
                        });
                        let files = touched.filter(|_| known.is_some());
                        let new = files.and_then(|it| {
                            let known = Known {
                                parent,
                                time,
                                n_read: meter.n_read(),
                                has_subject: it.message.subject.is_some(),
                                words: it.message.words.clone(),
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
        for (step, (commit, n_read, found)) in batch.iter().zip(read) {
            n_bytes += n_read;
            let Some(mut commit) = commit else {
                n_lost += 1;
                continue;
            };
            // of commits that are known, those few whose first line is asked for are read
            if n_told < n_subjects && found.is_none() && has_subject(step.id) {
                commit.subject = message(&handle, step.id).and_then(|it| it.subject);
            }
            n_told += usize::from(commit.subject.is_some());
            history.commits.push(commit);
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
        let ids: Vec<gix::ObjectId> = found.iter().map(|it| it.id).collect();
        let whole = (ended.is_none() && !repository.is_shallow()).then_some((head, head_time));
        known.keep(cache, repository, new, &ids, whole);
    }
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

/// A commit on the way into the past.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) id: gix::ObjectId,
    pub(super) parent: Option<gix::ObjectId>,
    pub(super) time: i64,
}

/// Which commits lie behind one.
pub(super) struct Walked {
    /// Newest first, at most [`MAX_COMMITS`], merges left out.
    pub(super) found: Vec<Step>,
    /// When the one itself was made.
    pub(super) head_time: i64,
    /// Why there are no more, where that is trouble.
    pub(super) ended: Option<String>,
}

/// # Errors
/// What is wrong, in one line.
fn walk(handle: &gix::Repository, head: gix::ObjectId) -> Result<Walked, String> {
    let order = gix::traverse::commit::simple::CommitTimeOrder::NewestFirst;
    let walk = handle
        .rev_walk([head])
        .sorting(gix::revision::walk::Sorting::ByCommitTime(order))
        .all()
        .map_err(|e| one_line(&e))?;
    let mut walked = Walked {
        found: Vec::new(),
        head_time: 0,
        ended: None,
    };
    for info in walk {
        match info {
            Ok(info) => {
                let time = info.commit_time.unwrap_or(0);
                if info.id == head {
                    walked.head_time = time;
                }
                if info.parent_ids.len() <= 1 {
                    walked.found.push(Step {
                        id: info.id,
                        parent: info.parent_ids.first().copied(),
                        time,
                    });
                }
            }
            Err(e) => {
                walked.ended = Some(one_line(&e));
                break;
            }
        }
        if walked.found.len() >= MAX_COMMITS {
            break;
        }
    }
    Ok(walked)
}

/// Where each file of a tree stands in it.
struct Places<'a> {
    entries: &'a [Entry],
    by_path: OnceLock<FxHashMap<Cow<'a, [u8]>, u32>>,
}

impl<'a> Places<'a> {
    fn new(entries: &'a [Entry]) -> Self {
        let by_path = OnceLock::new();
        Self { entries, by_path }
    }

    /// The place of a path, which is probably `next`: a commit names its files in the order of the tree, and the first of a history often
    /// all of them.
    fn find(&self, path: &[u8], next: usize) -> Option<u32> {
        let is_there = |entry: &Entry| *bytes_of(entry.below()) == *path;
        if self.entries.get(next).is_some_and(is_there) {
            return Some(next as u32);
        }
        let by_path = self.by_path.get_or_init(|| {
            let entries = self.entries.iter().zip(0..);
            let entries = entries.map(|(entry, idx)| (bytes_of(entry.below()), idx));
            entries.collect()
        });
        by_path.get(path).copied()
    }
}

/// What a commit touches of the files that are still there.
fn commit(
    message: Message,
    touched: &[TouchedFile],
    time: i64,
    paths: &Places<'_>,
    prefix: &[u8],
) -> Commit {
    let mut commit = Commit {
        time,
        subject: message.subject,
        words: message.words,
        ..Commit::default()
    };
    let mut files: Vec<(u32, Option<(gix::ObjectId, gix::ObjectId)>)> = Vec::new();
    let mut next = 0;
    for file in touched {
        commit.n_files += 1;
        if let Some(below) = file.path.strip_prefix(prefix)
            && let Some(idx) = paths.find(below, next)
        {
            next = idx as usize + 1;
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

/// What a commit's message says, cut and without secrets; `None` where the commit is missing.
fn message(handle: &gix::Repository, id: gix::ObjectId) -> Option<Message> {
    let object = handle.find_commit(id).ok()?;
    let message = object.message_raw().ok()?;
    // before it is cut, which would hide what is cut in two; of a message that is a file, its beginning alone
    let message = String::from_utf8_lossy(&message[..message.len().min(MAX_MESSAGE * 4)]);
    let message = redact(&message);
    let message = &message[..message.floor_char_boundary(MAX_MESSAGE)];
    Some(Message {
        subject: message.lines().next().map(str::to_owned),
        words: Bag::of(message),
    })
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
            path: (**path).into(),
            blobs,
        })
    });
    Some(Some(files.collect()))
}
