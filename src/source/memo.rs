//! What was read of a repository's objects, kept for a run that reads many revisions of it. Objects never change, so nothing
//! here can be stale; a run that packs once has no use for it, and keeps nothing.

use crate::lexicon::Bag;
use gix::bstr::BString;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes of files kept at most.
const MAX_BYTES: usize = 256 << 20;

/// Objects once read.
#[derive(Default)]
pub struct Memo {
    blobs: Mutex<Blobs>,
    commits: Mutex<FxHashMap<gix::ObjectId, Arc<Touched>>>,
}

#[derive(Default)]
struct Blobs {
    bytes: FxHashMap<gix::ObjectId, Arc<[u8]>>,
    n_bytes: usize,
}

/// A commit's message, and the files that it touches.
#[derive(Debug, Default)]
pub struct Touched {
    /// What it says.
    pub message: Message,
    /// `None` where the parent is not there, as at the end of a shallow clone, or they are too many to be looked at.
    pub files: Option<Vec<TouchedFile>>,
}

/// What the message of a commit says.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Its first line; `None` where it is empty.
    pub subject: Option<String>,
    /// Its words.
    pub words: Bag,
}

/// A file that a commit touches.
#[derive(Debug, Clone)]
pub struct TouchedFile {
    /// Its path, as in git.
    pub path: BString,
    /// What it was and what it became; `None` for one that was added or deleted.
    pub blobs: Option<(gix::ObjectId, gix::ObjectId)>,
}

impl Memo {
    /// The bytes of a file, if they are kept.
    pub fn blob(&self, id: gix::ObjectId) -> Option<Arc<[u8]>> {
        lock(&self.blobs).bytes.get(&id).cloned()
    }

    /// Keeps the bytes of a file, while there is room.
    pub fn keep_blob(&self, id: gix::ObjectId, bytes: &[u8]) {
        let mut blobs = lock(&self.blobs);
        if blobs.n_bytes + bytes.len() <= MAX_BYTES && !blobs.bytes.contains_key(&id) {
            blobs.n_bytes += bytes.len();
            blobs.bytes.insert(id, Arc::from(bytes));
        }
    }

    /// What a commit touches, if it is kept.
    pub fn commit(&self, id: gix::ObjectId) -> Option<Arc<Touched>> {
        lock(&self.commits).get(&id).cloned()
    }

    /// Keeps what a commit touches.
    pub fn keep_commit(&self, id: gix::ObjectId, touched: &Arc<Touched>) {
        lock(&self.commits).insert(id, Arc::clone(touched));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
