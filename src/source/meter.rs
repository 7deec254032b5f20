//! Git's trees, read up to a limit.
//!
//! Ten trees that hold the next one ten times each are a repository of a few kilobytes with more paths than there are atoms. The
//! library follows whatever the objects say, so what it asks for is counted, and a walk that asks for too much is broken off.

use gix::bstr::{BStr, BString, ByteSlice as _};
use gix::objs::tree::{EntryMode, EntryRef};
use gix::objs::{Data, Find};
use gix::traverse::tree::{Visit, visit::Action};
use std::cell::Cell;
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// What an object costs beyond its bytes: finding it.
const OBJECT_BYTES: u64 = 256;

/// Objects, up to so many bytes.
pub struct Metered<'a> {
    objects: &'a gix::OdbHandle,
    max: u64,
    read: Cell<u64>,
}

impl<'a> Metered<'a> {
    /// The objects of a repository, of which `max` bytes may be read.
    pub fn new(repository: &'a gix::Repository, max: u64) -> Self {
        Self {
            objects: &repository.objects,
            max,
            read: Cell::new(0),
        }
    }

    /// Bytes read so far.
    pub fn n_read(&self) -> u64 {
        self.read.get()
    }

    /// Whether more was asked for than may be read.
    pub fn is_over(&self) -> bool {
        self.read.get() > self.max
    }
}

impl Find for Metered<'_> {
    fn try_find<'b>(
        &self,
        id: &gix::oid,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Option<Data<'b>>, gix::Error> {
        if self.is_over() {
            return Ok(None);
        }
        let found = self.objects.try_find(id, buffer)?;
        let n_bytes = found.as_ref().map_or(0, |data| data.data.len() as u64);
        self.read.set(self.read.get() + n_bytes + OBJECT_BYTES);
        Ok(found)
    }
}

/// A file of a tree.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its path below the tree.
    pub path: BString,
    /// What it is.
    pub mode: EntryMode,
    /// The object that holds it.
    pub id: gix::ObjectId,
}

/// The files below a tree, up to limits: see [`super::walk::Limits`].
#[derive(Debug)]
pub struct Listing {
    /// What is no folder, breadth first.
    pub files: Vec<Listed>,
    /// Whether there are more than the limit.
    pub is_cut: bool,
    max: usize,
    depth: usize,
    n_folders: usize,
    pending: VecDeque<BString>,
    path: BString,
}

impl Listing {
    /// Nothing yet.
    pub fn new(limits: super::walk::Limits) -> Self {
        Self {
            files: Vec::new(),
            is_cut: false,
            max: limits.n_files,
            depth: limits.depth,
            n_folders: 0,
            pending: VecDeque::new(),
            path: BString::default(),
        }
    }

    fn push(&mut self, name: &BStr) {
        if !self.path.is_empty() {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(name);
    }
}

impl Visit for Listing {
    fn pop_back_tracked_path_and_set_current(&mut self) {
        self.path = self.pending.pop_back().unwrap_or_default();
    }

    fn pop_front_tracked_path_and_set_current(&mut self) {
        self.path = self.pending.pop_front().unwrap_or_default();
    }

    fn push_back_tracked_path_component(&mut self, name: &BStr) {
        self.push(name);
        self.pending.push_back(self.path.clone());
    }

    fn push_path_component(&mut self, name: &BStr) {
        self.push(name);
    }

    fn pop_path_component(&mut self) {
        let end = self.path.rfind_byte(b'/').unwrap_or(0);
        self.path.truncate(end);
    }

    fn visit_tree(&mut self, _: &EntryRef<'_>) -> Action {
        self.n_folders += 1;
        let is_deep = self.path.find_iter("/").count() >= self.depth;
        if self.n_folders > self.max || is_deep {
            self.is_cut = true;
            return ControlFlow::Continue(false);
        }
        ControlFlow::Continue(true)
    }

    fn visit_nontree(&mut self, entry: &EntryRef<'_>) -> Action {
        if self.files.len() >= self.max {
            self.is_cut = true;
            return ControlFlow::Break(());
        }
        self.files.push(Listed {
            path: self.path.clone(),
            mode: entry.mode,
            id: entry.oid.to_owned(),
        });
        ControlFlow::Continue(true)
    }
}
