//! What earlier runs found that commits touch, so that their trees are not compared again.
//!
//! A commit never changes, so what it touches is kept under its id, for all branches of a repository in one record. Messages are not
//! kept: they are text, and cost little to read. Nor is a commit that touches a file whose name holds a secret.

use super::memo::TouchedFile;
use super::repository::Repository;
use crate::cache::{Bucket, Cache, Key};
use crate::guard::secrets::{EDITION, redact};
use crate::guard::text::path_text;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Commits kept for one repository: those of some branches.
const MAX_KEPT: usize = 4 * super::history::MAX_COMMITS;

/// What a commit touches.
#[derive(Debug, Clone)]
pub struct Known {
    /// Bytes of trees that were read to tell: they count as if they were read again, so that limits hold as they would.
    pub n_read: u64,
    /// The files.
    pub files: Vec<TouchedFile>,
}

/// Commits of a repository.
#[derive(Debug, Default)]
pub struct KnownCommits {
    by_id: FxHashMap<gix::ObjectId, Known>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    /// Each once, as in git.
    paths: Vec<Vec<u8>>,
    commits: Vec<KeptCommit>,
}

#[derive(Serialize, Deserialize)]
struct KeptCommit {
    id: Id,
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
        let by_id = kept.and_then(|(kept, _)| revived(&kept));
        Self {
            by_id: by_id.unwrap_or_default(),
        }
    }

    /// What a commit touches, if it is known.
    pub fn get(&self, id: gix::ObjectId) -> Option<&Known> {
        self.by_id.get(&id)
    }

    /// Keeps `new`, and of what was known before as much as fits; `walked` are the commits of this run, newest first.
    pub fn keep(
        mut self,
        cache: &Cache,
        repository: &Repository,
        mut new: Vec<(gix::ObjectId, Known)>,
        walked: &FxHashSet<gix::ObjectId>,
    ) {
        let mut clean: FxHashMap<Vec<u8>, bool> = FxHashMap::default();
        new.retain(|(_, known)| {
            known.files.iter().all(|file| {
                let is = clean.entry(file.path.clone());
                *is.or_insert_with_key(|path| is_clean(path))
            })
        });
        if new.is_empty() {
            return;
        }
        self.by_id.extend(new);
        let mut ids: Vec<gix::ObjectId> = self.by_id.keys().copied().collect();
        // of other branches those with the lowest ids: any will do, if it is the same everywhere
        ids.sort_unstable_by_key(|id| (!walked.contains(id), *id));
        ids.truncate(MAX_KEPT);
        let mut paths: FxHashMap<&[u8], u32> = FxHashMap::default();
        let mut kept = Kept {
            paths: Vec::new(),
            commits: Vec::new(),
        };
        for id in ids {
            let (Some(known), Some(bytes)) = (self.by_id.get(&id), raw(id)) else {
                continue;
            };
            let files = known.files.iter().map(|file| {
                let next = paths.len() as u32;
                let at = *paths.entry(&file.path).or_insert_with(|| {
                    kept.paths.push(file.path.clone());
                    next
                });
                let blobs = match file.blobs {
                    Some((old, new)) => Some((raw(old)?, raw(new)?)),
                    None => None,
                };
                Some((at, blobs))
            });
            let files: Option<Vec<_>> = files.collect();
            kept.commits.extend(files.map(|files| KeptCommit {
                id: bytes,
                n_read: known.n_read,
                files,
            }));
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
fn revived(kept: &Kept) -> Option<FxHashMap<gix::ObjectId, Known>> {
    let id = |bytes: Id| gix::ObjectId::from(bytes);
    let commits = kept.commits.iter().map(|commit| {
        let files = commit.files.iter().map(|(path, blobs)| {
            Some(TouchedFile {
                path: kept.paths.get(*path as usize)?.clone(),
                blobs: blobs.map(|(old, new)| (id(old), id(new))),
            })
        });
        let known = Known {
            n_read: commit.n_read,
            files: files.collect::<Option<_>>()?,
        };
        Some((id(commit.id), known))
    });
    commits.collect()
}
