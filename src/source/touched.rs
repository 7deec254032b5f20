//! What earlier runs found in commits, so that they are not read and their trees not compared again.
//!
//! A commit never changes, so what it says and touches is kept under its id, for all branches of a repository in one record, and so is which
//! commits lie behind the last HEAD. Of messages the words are kept, as hashes: no text. A commit that touches a file whose name holds a
//! secret is not kept.

use super::history::{Step, Walked};
use super::memo::TouchedFile;
use super::repository::Repository;
use crate::cache::{Bucket, Cache, Key};
use crate::guard::secrets::{EDITION, redact};
use crate::guard::text::path_text;
use crate::lexicon::Bag;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// Commits kept for one repository: those of some branches.
const MAX_KEPT: usize = 4 * super::history::MAX_COMMITS;

/// What a commit says and touches.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its parent, if it has one; merges are not kept.
    pub parent: Option<gix::ObjectId>,
    /// When it was made, Unix seconds.
    pub time: i64,
    /// Whether its message has a first line.
    pub has_subject: bool,
    /// The words of its message, without secrets.
    pub words: Bag,
    /// Bytes of trees that were read to tell: they count as if they were read again, so that limits hold as they would.
    pub n_read: u64,
    /// The files.
    pub files: Vec<TouchedFile>,
}

/// Commits of a repository.
#[derive(Debug, Default)]
pub struct KnownCommits {
    by_id: FxHashMap<gix::ObjectId, Known>,
    walk: Option<Walk>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    /// Each once, as in git.
    paths: Vec<Vec<u8>>,
    commits: Vec<KeptCommit>,
    walk: Option<Walk>,
}

/// What lies behind a commit.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Walk {
    head: Id,
    head_time: i64,
    /// Newest first, as places in the list of all commits.
    commits: Vec<u32>,
    #[serde(skip)]
    ids: Vec<gix::ObjectId>,
}

#[derive(Serialize, Deserialize)]
struct KeptCommit {
    id: Id,
    parent: Option<Id>,
    time: i64,
    has_subject: bool,
    words: Bag,
    n_read: u64,
    /// Index into the paths; what it was and what it became.
    files: Vec<(u32, Option<(Id, Id)>)>,
}

type Id = [u8; 20];

fn key(repository: &Repository) -> Key {
    let handle = repository.handle();
    let folder = handle.common_dir();
    Key::new("commits")
        .with(EDITION) // names are looked at
        .with(folder.as_os_str().as_encoded_bytes())
}

impl KnownCommits {
    /// What is kept of `repository`; nothing, where nothing is.
    pub fn read(cache: &Cache, repository: &Repository) -> Self {
        let kept = cache.get::<Kept>(Bucket::Commits, &key(repository));
        let known = kept.and_then(|(kept, _)| revived(kept));
        known.unwrap_or_default()
    }

    /// The commits behind `head`, if that is where the last walk began.
    pub(super) fn walked(&self, head: gix::ObjectId) -> Option<Walked> {
        let walk = self.walk.as_ref()?;
        if gix::ObjectId::from(walk.head) != head {
            return None;
        }
        let steps = walk.ids.iter().map(|&id| {
            let known = self.get(id)?;
            Some(Step {
                id,
                parent: known.parent,
                time: known.time,
            })
        });
        Some(Walked {
            found: steps.collect::<Option<_>>()?,
            head_time: walk.head_time,
            ended: None,
        })
    }

    /// What a commit touches, if it is known.
    pub fn get(&self, id: gix::ObjectId) -> Option<&Known> {
        self.by_id.get(&id)
    }

    /// Keeps `new`, and of what was known before as much as fits; `walked` are the commits of this run, newest first, and `whole` says
    /// behind which they lie, and its time, where they are all there is.
    pub fn keep(
        mut self,
        cache: &Cache,
        repository: &Repository,
        mut new: Vec<(gix::ObjectId, Known)>,
        walked: &[gix::ObjectId],
        whole: Option<(gix::ObjectId, i64)>,
    ) {
        let mut clean: FxHashMap<Arc<[u8]>, bool> = FxHashMap::default();
        new.retain(|(_, known)| {
            known.files.iter().all(|file| {
                let is = clean.entry(file.path.clone());
                *is.or_insert_with_key(|path| is_clean(path))
            })
        });
        let is_walked = |walk: &Walk| whole.and_then(|it| raw(it.0)) == Some(walk.head);
        if new.is_empty() && self.walk.as_ref().is_some_and(is_walked) {
            return;
        }
        let is_new = !new.is_empty();
        self.by_id.extend(new);
        let all_known = walked.iter().all(|id| self.by_id.contains_key(id));
        if !is_new && (whole.is_none() || !all_known) {
            return;
        }
        let is_of_run: FxHashSet<gix::ObjectId> = walked.iter().copied().collect();
        let mut ids: Vec<gix::ObjectId> = self.by_id.keys().copied().collect();
        // of other branches those with the lowest ids: any will do, if it is the same everywhere
        ids.sort_unstable_by_key(|id| (!is_of_run.contains(id), *id));
        ids.truncate(MAX_KEPT);
        let mut paths: FxHashMap<&[u8], u32> = FxHashMap::default();
        let mut kept = Kept {
            paths: Vec::new(),
            commits: Vec::new(),
            walk: None,
        };
        let mut places: FxHashMap<gix::ObjectId, u32> = FxHashMap::default();
        for id in ids {
            let (Some(known), Some(bytes)) = (self.by_id.get(&id), raw(id)) else {
                continue;
            };
            let files = known.files.iter().map(|file| {
                let next = paths.len() as u32;
                let at = *paths.entry(&file.path).or_insert_with(|| {
                    kept.paths.push(file.path.to_vec());
                    next
                });
                let blobs = match file.blobs {
                    Some((old, new)) => Some((raw(old)?, raw(new)?)),
                    None => None,
                };
                Some((at, blobs))
            });
            let files: Option<Vec<_>> = files.collect();
            let Some(files) = files else { continue };
            places.insert(id, kept.commits.len() as u32);
            kept.commits.push(KeptCommit {
                id: bytes,
                parent: known.parent.and_then(raw),
                time: known.time,
                has_subject: known.has_subject,
                words: known.words.clone(),
                n_read: known.n_read,
                files,
            });
        }
        let commits: Option<Vec<u32>> = walked.iter().map(|id| places.get(id).copied()).collect();
        if let (Some((head, head_time)), Some(commits)) = (whole, commits) {
            kept.walk = raw(head).map(|head| Walk {
                head,
                head_time,
                commits,
                ids: Vec::new(),
            });
        }
        cache.put(Bucket::Commits, &key(repository), &kept);
    }
}

/// Whether a name holds no secret.
fn is_clean(path: &[u8]) -> bool {
    matches!(redact(&path_text(path)), Cow::Borrowed(_))
}

fn raw(id: gix::ObjectId) -> Option<Id> {
    id.as_slice().try_into().ok()
}

/// `None` where an index leads nowhere.
fn revived(mut kept: Kept) -> Option<KnownCommits> {
    let id = |bytes: Id| gix::ObjectId::from(bytes);
    if let Some(walk) = &mut kept.walk {
        let commits = walk.commits.iter();
        let ids = commits.map(|&at| Some(id(kept.commits.get(at as usize)?.id)));
        walk.ids = ids.collect::<Option<_>>()?;
    }
    let paths: Vec<Arc<[u8]>> = kept.paths.into_iter().map(Arc::from).collect();
    let commits = kept.commits.into_iter().map(|commit| {
        let files = commit.files.iter().map(|(path, blobs)| {
            Some(TouchedFile {
                path: paths.get(*path as usize)?.clone(),
                blobs: blobs.map(|(old, new)| (id(old), id(new))),
            })
        });
        let known = Known {
            parent: commit.parent.map(id),
            time: commit.time,
            has_subject: commit.has_subject,
            words: commit.words,
            n_read: commit.n_read,
            files: files.collect::<Option<_>>()?,
        };
        Some((id(commit.id), known))
    });
    Some(KnownCommits {
        by_id: commits.collect::<Option<_>>()?,
        walk: kept.walk,
    })
}
