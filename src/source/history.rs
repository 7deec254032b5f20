//! What the commits say: which files changed together, when, and in which words.

use super::Trees;
use super::entry::bytes_of;
use super::memo::{Message, Touched, TouchedFile};
use super::meter::Metered;
use super::repository::{Repository, one_line};
use super::touched::{Commits, NO_FILE, New, Of, Row, RowIdx};
use crate::cache::Cache;
use crate::error::Warning;
use crate::guard::secrets::redact;
use crate::lexicon::terms::TermIdx;
use crate::lexicon::{Bag, Query};
use rayon::prelude::*;
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

/// The commits behind some trees.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Newest first; merges left out.
    pub commits: Vec<Commit>,
    /// Time of the newest commit that a tree shows, Unix seconds; 0 without history.
    pub head_time: i64,
    /// What could not be read.
    pub warnings: Vec<Warning>,
    /// What the commits say and touch, by tree.
    parts: Vec<Part>,
}

/// One commit. What it says and touches is asked of the history.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Committer's time, Unix seconds.
    pub time: i64,
    /// The first line of its message: of as many of the newest that have one as were asked for, and maybe of others.
    pub subject: Option<String>,
    /// Files it touches in all, also those that are no longer there.
    pub n_files: usize,
    part_idx: u32,
    row: RowIdx,
}

/// The commits behind one tree.
#[derive(Debug, Clone)]
struct Part {
    commits: Commits,
    /// Which file stands at each of their paths: index into [`Trees::files`], or [`NO_FILE`].
    files: Vec<u32>,
}

impl Part {
    fn file(&self, path: u32) -> Option<u32> {
        let file = self.files.get(path as usize).copied();
        file.filter(|file| *file != NO_FILE)
    }
}

impl History {
    fn part(&self, commit: &Commit) -> Option<&Part> {
        self.parts.get(commit.part_idx as usize)
    }

    /// Files that a commit touches and that are still there: indexes into [`Trees::files`].
    pub fn files(&self, commit: &Commit) -> impl Iterator<Item = u32> {
        let row = commit.row;
        let part = self.part(commit).into_iter();
        part.flat_map(move |part| {
            let paths = part.commits.paths(row);
            paths.filter_map(|path| part.file(path))
        })
    }

    /// What a file that is still there was before a commit and after it; `None` where the commit added it, or touches more than
    /// [`MAX_FILES`].
    pub fn versions(&self, commit: &Commit, file: u32) -> Option<(gix::ObjectId, gix::ObjectId)> {
        let part = self.part(commit)?;
        let mut versions = part.commits.versions(commit.row);
        let found = versions.find(|(path, ..)| part.file(*path) == Some(file));
        found.map(|(_, old, new)| (old, new))
    }

    /// The terms of `query` in each commit's message, of which 4,000 bytes are read: by number, with how often.
    pub fn hits(&self, query: &Query) -> Vec<Vec<(TermIdx, f64)>> {
        let mut hits: Vec<Vec<(TermIdx, f64)>> = vec![Vec::new(); self.commits.len()];
        let mut terms: Vec<(u64, TermIdx)> = query.vocabulary.keys().collect();
        terms.sort_unstable_by_key(|(_, term)| *term);
        for (part_idx, part) in self.parts.iter().enumerate() {
            let mut commit_of = vec![None; part.commits.n_rows()];
            for (idx, commit) in self.commits.iter().enumerate() {
                if commit.part_idx as usize == part_idx {
                    commit_of[commit.row as usize] = Some(idx);
                }
            }
            for &(key, term) in &terms {
                let said = part.commits.saying(key);
                for idx in said.filter_map(|row| commit_of[row as usize]) {
                    match hits[idx].last_mut() {
                        Some((last, n)) if *last == term => *n += 1.0,
                        _ => hits[idx].push((term, 1.0)),
                    }
                }
            }
        }
        hits
    }

    /// The words of a commit's message, each time that one stands there.
    pub fn n_words(&self, commit: &Commit) -> u32 {
        let part = self.part(commit);
        let row = part.and_then(|part| part.commits.row(commit.row));
        row.map_or(0, |row| row.n_words)
    }
}

/// Adds the newest [`MAX_COMMITS`] commits behind a tree to `history`. Without a repository, or without commits, there are none. What
/// `cache` knows is not looked up again, but for the first `n_subjects` subjects; `ahead` is what it knows, where that was read already.
pub fn read(
    history: &mut History,
    trees: &Trees,
    tree_idx: usize,
    cache: Option<&Cache>,
    ahead: Option<Commits>,
    n_subjects: usize,
) {
    let tree = &trees.trees[tree_idx];
    let Some(repository) = &tree.repository else {
        return;
    };
    let known = match (cache, ahead) {
        (None, _) => Commits::default(),
        (Some(_), Some(known)) => known,
        (Some(cache), None) => Commits::read(cache, &repository.common),
    };
    let handle = repository.handle();
    let warnings = &mut history.warnings;
    let head = match tree.is_revision() {
        true => tree.commit(),
        false => match head(&handle, &known) {
            Ok(head) => Some(head),
            Err((code, message)) => {
                warnings.push(Warning::new(code, "", message));
                None
            }
        },
    };
    let is_shallow = handle.is_shallow().unwrap_or(false);
    if is_shallow {
        let message = "a shallow clone: the history ends where it was cut off";
        warnings.push(Warning::new("shallow-clone", "", message));
    }
    let Some(head) = head else {
        return;
    };
    // where a shallow clone ends is no matter of ids
    let behind = match known.head_time(&head).filter(|_| !is_shallow) {
        Some(head_time) => Some(as_before(known, head_time)),
        None => look(repository, &handle, head, known, cache, warnings),
    };
    let Some(Behind {
        commits,
        rows,
        mut subjects,
        head_time,
    }) = behind
    else {
        return;
    };
    subjects.resize(rows.len(), None);
    tell(&handle, &commits, &rows, &mut subjects, n_subjects);
    history.head_time = history.head_time.max(head_time);
    let part_idx = history.parts.len() as u32;
    history
        .commits
        .extend(rows.into_iter().zip(subjects).filter_map(|(row, subject)| {
            Some(Commit {
                time: commits.row(row)?.time,
                subject,
                n_files: commits.n_files(row),
                part_idx,
                row,
            })
        }));
    let of_tree = trees.files.iter().zip(0..);
    let of_tree = of_tree.filter(|(file, _)| file.tree_idx as usize == tree_idx);
    let paths = of_tree.map(|(file, idx)| (idx, bytes_of(trees.entry(file).below())));
    let files = commits.places(&repository.prefix, paths);
    history.parts.push(Part { commits, files });
}

/// The commit checked out. What the last walk began at is known to be one.
///
/// # Errors
/// A warning, with its code.
fn head(
    handle: &gix::Repository,
    known: &Commits,
) -> Result<gix::ObjectId, (&'static str, String)> {
    let head = handle.head().map_err(|e| {
        let message = format!("HEAD could not be read ({})", one_line(&e));
        ("git-unreadable", message)
    })?;
    if head.is_unborn() {
        let message = "no commits yet: there is no history to judge by";
        return Err(("no-commits", message.to_owned()));
    }
    // to ask git what it is opens a pack
    if let Some(id) = head.id().filter(|id| known.head_time(id).is_some()) {
        return Ok(id.detach());
    }
    let id = handle.head_id().map_err(|e| {
        let message = format!("HEAD's commit could not be read ({})", one_line(&e));
        ("git-unreadable", message)
    })?;
    Ok(id.detach())
}

/// The commits behind one.
struct Behind {
    /// These, and others.
    commits: Commits,
    /// Which of those, newest first.
    rows: Vec<RowIdx>,
    /// The first lines of the messages of those that are new, by place in the rows.
    subjects: Vec<Option<String>>,
    /// When the one itself was made.
    head_time: i64,
}

/// The commits that the last run found, which began where this one does.
fn as_before(known: Commits, head_time: i64) -> Behind {
    Behind {
        rows: known.walk().collect(),
        commits: known,
        subjects: Vec::new(),
        head_time,
    }
}

/// Reads the first lines that are missing of the `n` newest messages that have one. Newest by their times: a commit may be older than those
/// behind it.
fn tell(
    handle: &gix::Repository,
    commits: &Commits,
    rows: &[RowIdx],
    subjects: &mut [Option<String>],
    n: usize,
) {
    if n == 0 {
        return;
    }
    let found = rows.iter().map(|row| commits.row(*row)).enumerate();
    let with_subject = found.filter_map(|(at, row)| Some((at, row.filter(|row| row.has_subject)?)));
    let mut with_subject: Vec<(usize, Row)> = with_subject.collect();
    with_subject.sort_by_key(|(_, row)| std::cmp::Reverse(row.time));
    let mut n_told = 0;
    for (at, row) in with_subject {
        if n_told == n {
            break;
        }
        if subjects[at].is_none() {
            subjects[at] = message(handle, row.id()).and_then(|it| it.subject);
        }
        n_told += usize::from(subjects[at].is_some());
    }
}

/// The commits behind `head`, of which those are read that are not known; `None` where there are none.
fn look(
    repository: &Repository,
    handle: &gix::Repository,
    head: gix::ObjectId,
    known: Commits,
    cache: Option<&Cache>,
    warnings: &mut Vec<Warning>,
) -> Option<Behind> {
    let mut warn = |code, message| warnings.push(Warning::new(code, "", message));
    let Walked {
        found,
        head_time,
        ended,
    } = match walk(handle, head, &known) {
        Ok(walked) => walked,
        Err(message) => {
            let message = format!("the history could not be read ({message})");
            warn("git-unreadable", message);
            return None;
        }
    };
    if let Some(message) = &ended {
        let message = format!("the history ends early ({message})");
        warn("git-unreadable", message);
    }
    if found.is_empty() {
        return Some(Behind {
            commits: known,
            rows: Vec::new(),
            subjects: Vec::new(),
            head_time,
        });
    }
    let mut new: Vec<New> = Vec::new();
    let mut of_run: Vec<(Of, Option<String>)> = Vec::new();
    let (mut n_done, mut n_bytes) = (0, 0);
    let mut n_lost = 0;
    for batch in found.chunks(BATCH) {
        let unknown = batch.iter().filter(|step| step.known.is_none());
        let unknown: Vec<Step> = unknown.copied().collect();
        let read: Vec<(Option<Arc<Touched>>, u64)> = unknown
            .par_chunks(16)
            .flat_map_iter(|chunk| {
                // costs as much as hundreds of commits that are known
                let handle = repository.handle();
                let read = chunk.iter().map(|step| {
                    let meter = Metered::new(&handle, MAX_TREE_BYTES);
                    let touched = touched(repository, &handle, &meter, step.id, step.parent);
                    (touched, meter.n_read())
                });
                read.collect::<Vec<_>>()
            })
            .collect();
        let mut read = read.into_iter();
        n_done += batch.len();
        for step in batch {
            let known = step.known.and_then(|at| Some((at, known.row(at)?)));
            let (of, subject) = match known {
                Some((at, row)) => {
                    n_bytes += row.n_read;
                    (Of::Known(at), None)
                }
                None => {
                    let (touched, n_read) = read.next().unwrap_or_default();
                    n_bytes += n_read;
                    let Some(touched) = touched else {
                        n_lost += 1;
                        continue;
                    };
                    let subject = touched.message.subject.clone();
                    new.push(New {
                        id: step.id,
                        time: step.time,
                        n_read,
                        touched,
                    });
                    (Of::New(new.len() - 1), subject)
                }
            };
            of_run.push((of, subject));
        }
        if n_bytes > MAX_BYTES && n_done < found.len() {
            let message =
                format!("only the newest {n_done} commits are read: their trees are too large");
            warn("history-cut", message);
            break;
        }
    }
    if n_lost > 0 {
        let plural = if n_lost == 1 { "" } else { "s" };
        let message =
            format!("{n_lost} commit{plural} could not be read: objects are missing or broken");
        warn("git-unreadable", message);
    }
    let (of_run, subjects): (Vec<Of>, Vec<Option<String>>) = of_run.into_iter().unzip();
    let is_shallow = handle.is_shallow().unwrap_or(false);
    let is_whole = ended.is_none() && !is_shallow && of_run.len() == found.len();
    let (commits, rows): (Commits, Vec<RowIdx>) = match new.is_empty() && !is_whole {
        true => {
            let rows = of_run.iter().filter_map(|of| match *of {
                Of::Known(row) => Some(row),
                Of::New(_) => None,
            });
            (known, rows.collect())
        }
        false => {
            let whole = is_whole.then_some((head, head_time));
            let kept_in = cache.map(|cache| (cache, &*repository.common));
            let commits = known.with(&new, &of_run, whole, kept_in);
            let rows = commits.walk().collect();
            (commits, rows)
        }
    };
    Some(Behind {
        commits,
        rows,
        subjects,
        head_time,
    })
}

/// A commit on the way into the past.
#[derive(Debug, Clone, Copy)]
struct Step {
    id: gix::ObjectId,
    parent: Option<gix::ObjectId>,
    time: i64,
    /// Where it stands, if it is known.
    known: Option<RowIdx>,
}

/// Which commits lie behind one.
struct Walked {
    /// Newest first, at most [`MAX_COMMITS`], merges left out.
    found: Vec<Step>,
    /// When the one itself was made.
    head_time: i64,
    /// Why there are no more, where that is trouble.
    ended: Option<String>,
}

/// # Errors
/// What is wrong, in one line.
fn walk(handle: &gix::Repository, head: gix::ObjectId, known: &Commits) -> Result<Walked, String> {
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
                        known: known.find(&info.id),
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
        (!entry_mode.is_tree()).then_some(TouchedFile { path, blobs })
    });
    Some(Some(files.collect()))
}
