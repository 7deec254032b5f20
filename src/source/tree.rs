//! The files that could go in: those of a work tree as they are on disk, or those of a revision.
//!
//! On disk a file is opened from the root's handle (`src/source/beneath.rs`): a FIFO cannot hang the run, and a link cannot lead out
//! of the root, even one that was put where a folder stood when it was listed.

use super::beneath::{Folder, Kind, Unreadable};
use super::meter::{Listing, Metered};
use super::repository::{Repository, no_such_revision, one_line};
use super::rules::{self, Custom, Rules};
use super::walk::{self, LIMITS};
use crate::cache::Stamp;
use crate::error::{Error, Warning};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files above this size are listed and never read.
pub const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// A root and the files below it.
#[derive(Debug, Clone)]
pub struct Tree {
    /// The root, canonical.
    pub root: PathBuf,
    /// The repository around it.
    pub repository: Option<Repository>,
    /// Put before every path; empty where there is one root alone.
    pub label: String,
    /// The files, sorted by path.
    pub entries: Vec<Entry>,
    /// What was passed over on the way.
    pub warnings: Vec<Warning>,
    /// The root, held open; `None` for a revision.
    folder: Option<Folder>,
    revision: Option<gix::ObjectId>,
    /// Files that [`Tree::replace`] changed: indexes into the entries, ascending, with the blob of the revision.
    replaced: Vec<(usize, gix::ObjectId)>,
    /// The paths below the root that may be shown; all of them where it is `None`.
    only: Option<FxHashSet<PathBuf>>,
}

/// One file of a tree: of some trees there are a million.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path shown: relative, with `/`, odd bytes percent-escaped, the root's label in front.
    pub path: Arc<str>,
    /// Path below the root as it is on disk, where that is not what is shown.
    below: Option<Box<PathBuf>>,
    contents: Contents,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contents {
    OnDisk(Stamp),
    Object { id: gix::ObjectId, n_bytes: u64 },
}

impl Entry {
    /// Path below the root, as it is on disk.
    pub fn below(&self) -> &Path {
        self.below
            .as_ref()
            .map_or(Path::new(&*self.path), |below| below)
    }

    /// Size in bytes.
    pub fn n_bytes(&self) -> u64 {
        match self.contents {
            Contents::OnDisk(stamp) => stamp.size,
            Contents::Object { n_bytes, .. } => n_bytes,
        }
    }

    /// What tells that it is as it was; of no meaning in a revision.
    pub fn stamp(&self) -> Stamp {
        match self.contents {
            Contents::OnDisk(stamp) => stamp,
            Contents::Object { .. } => Stamp::default(),
        }
    }

    /// Time of last change, Unix seconds; 0 in a revision, and for what lies before 1970.
    pub fn modified(&self) -> i64 {
        (self.stamp().changed_ns / 1_000_000_000) as i64
    }

    /// The object that holds its bytes, in a revision.
    pub fn object(&self) -> Option<gix::ObjectId> {
        match self.contents {
            Contents::OnDisk(_) => None,
            Contents::Object { id, .. } => Some(id),
        }
    }

    /// Shows it as `path` from now on.
    pub(super) fn show_as(&mut self, path: Arc<str>) {
        let below = self.below().to_owned();
        self.below.get_or_insert_with(|| Box::new(below));
        self.path = path;
    }
}

/// Lists the files of a work tree: all that git tracks, and all others that no ignore file leaves out.
///
/// # Errors
/// [`Error::NoSuchPath`] where `path` does not exist, [`Error::Io`] where it cannot be listed.
pub fn of_work_tree(path: &Path, label: String) -> Result<Tree, Error> {
    let canonical = path.canonicalize().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::NoSuchPath(path.to_owned()),
        _ => Error::io(path, e),
    })?;
    let (root, only) = if canonical.is_file() {
        let parent = canonical.parent().unwrap_or(&canonical).to_owned();
        (parent, Some(canonical))
    } else {
        (canonical, None)
    };
    let mut warnings = Vec::new();
    if root.components().any(|part| walk::is_git(part.as_os_str())) {
        let message = "it is what git keeps for itself; pack the folder that it lies in";
        return Err(Error::io(path, std::io::Error::other(message)));
    }
    let repository = match super::repository::find(&root) {
        Ok(Some(repository)) if repository.is_bare() => {
            return of_bare(path, &root, repository, label);
        }
        Ok(Some(repository)) => Some(repository),
        Ok(None) => {
            let message = "in no git repository: files are judged without a history";
            warnings.push(Warning::new("no-git", "", message));
            None
        }
        Err(message) => {
            // where the root lies is the machine's business
            let message = message.replace(&root.display().to_string(), ".");
            let message = format!(
                "the git repository could not be read ({message}); packing the files alone"
            );
            warnings.push(Warning::new("git-unreadable", "", message));
            None
        }
    };
    let folder = Folder::open(&root).map_err(|e| Error::io(path, e))?;
    let mut tree = Tree {
        root,
        repository,
        label,
        entries: Vec::new(),
        warnings,
        folder: Some(folder),
        revision: None,
        replaced: Vec::new(),
        only: None,
    };
    match only {
        Some(file) => {
            let below = PathBuf::from(file.file_name().unwrap_or_default());
            tree.push_if_file(below);
        }
        None => {
            tree.list()?;
        }
    }
    Ok(tree)
}

/// A bare repository has no work tree: what HEAD holds is packed, and the manifest says so.
fn of_bare(path: &Path, root: &Path, repository: Repository, label: String) -> Result<Tree, Error> {
    let is_unborn = repository
        .handle()
        .head()
        .is_ok_and(|head| head.is_unborn());
    let (mut tree, message) = if is_unborn {
        let tree = Tree {
            root: root.to_owned(),
            repository: Some(repository),
            label,
            entries: Vec::new(),
            warnings: Vec::new(),
            folder: None,
            revision: None,
            replaced: Vec::new(),
            only: None,
        };
        (tree, "a bare repository without commits: nothing to pack")
    } else {
        let tree = of_revision(path, "HEAD", label)?;
        (tree, "a bare repository: the files of HEAD are packed")
    };
    tree.warnings
        .push(Warning::new("bare-repository", "", message));
    Ok(tree)
}

/// Lists the files of a revision.
///
/// # Errors
/// [`Error::NoSuchPath`], or [`Error::BadRevision`] where git does not know it.
pub fn of_revision(path: &Path, revision: &str, label: String) -> Result<Tree, Error> {
    let bad = |message: String| Error::BadRevision {
        revision: revision.to_owned(),
        message,
    };
    let root = path
        .canonicalize()
        .map_err(|_| Error::NoSuchPath(path.to_owned()))?;
    let repository = super::repository::find(&root)
        .map_err(bad)?
        .ok_or_else(|| bad(format!("{} is in no git repository", path.display())))?;
    of_repository(root, repository, revision, label)
}

/// Bytes of trees read of one revision: a million files have some fifty megabytes.
const MAX_TREE_BYTES: u64 = 512 << 20;

/// The files below a tree of git's, breadth first, up to `limits`.
///
/// # Errors
/// What is missing or broken, in one line.
pub(super) fn list_files(
    handle: &gix::Repository,
    top: &gix::Tree<'_>,
    limits: walk::Limits,
) -> Result<Listing, String> {
    let meter = Metered::new(handle, MAX_TREE_BYTES);
    let mut listing = Listing::new(limits);
    let root = gix::objs::TreeRefIter::from_bytes(&top.data, gix::hash::Kind::Sha1);
    let state = gix::traverse::tree::breadthfirst::State::default();
    let walked = gix::traverse::tree::breadthfirst(root, state, &meter, &mut listing);
    listing.is_cut |= meter.is_over();
    match walked {
        Err(e) if !listing.is_cut => Err(one_line(&e)),
        _ => Ok(listing),
    }
}

/// Lists the files of a revision of a repository that is open; `root` is canonical.
///
/// # Errors
/// [`Error::BadRevision`].
pub fn of_repository(
    root: PathBuf,
    repository: Repository,
    revision: &str,
    label: String,
) -> Result<Tree, Error> {
    let bad = |message: String| Error::BadRevision {
        revision: revision.to_owned(),
        message,
    };
    if revision.trim().is_empty() {
        return Err(bad("the revision is empty".to_owned()));
    }
    let handle = repository.handle();
    let id = handle
        .rev_parse_single(revision.as_bytes())
        .map_err(|_| bad(no_such_revision(&repository)))?;
    let commit = id
        .object()
        .map_err(|e| bad(one_line(&e)))?
        .peel_to_kind(gix::object::Kind::Commit)
        .map_err(|_| bad("it is no commit, and no tag of one".to_owned()))?;
    let commit_id = commit.id;
    let top = commit.into_commit().tree().map_err(|e| bad(one_line(&e)))?;
    let listing = list_files(&handle, &top, LIMITS).map_err(bad)?;
    let mut tree = Tree {
        revision: Some(commit_id),
        ..Tree::of_objects(root, repository.clone(), label)
    };
    let mut n_submodules = 0;
    if listing.is_cut {
        let message = format!(
            "more than {} files, or too deep: the rest is left out",
            LIMITS.n_files
        );
        tree.warnings
            .push(Warning::new("tree-too-large", "", message));
    }
    for file in &listing.files {
        let Some(below) = file.path.strip_prefix(&*repository.prefix) else {
            continue;
        };
        n_submodules += usize::from(file.mode.is_commit());
        if file.mode.is_blob() {
            tree.push_object(below, file.id, &handle);
        }
    }
    if n_submodules > 0 {
        let plural = if n_submodules == 1 { "" } else { "s" };
        let message = format!(
            "{n_submodules} submodule{plural} left out: a revision names their commits alone"
        );
        tree.warnings
            .push(Warning::new("submodule-left-out", "", message));
    }
    tree.sort();
    Ok(tree)
}

impl Tree {
    /// The commit that the tree shows: the revision, or HEAD.
    pub fn commit(&self) -> Option<gix::ObjectId> {
        self.revision
            .or_else(|| Some(self.repository.as_ref()?.handle().head_id().ok()?.detach()))
    }

    /// Whether the files come from a revision.
    pub fn is_revision(&self) -> bool {
        self.revision.is_some()
    }

    /// The bytes of one file.
    ///
    /// # Errors
    /// `Unreadable`; never waits on a special file.
    pub fn read(&self, entry: &Entry) -> Result<Vec<u8>, Unreadable> {
        if entry.n_bytes() > MAX_FILE_BYTES {
            return Err(Unreadable::TooLarge);
        }
        match entry.object() {
            None => {
                let folder = self.folder.as_ref().ok_or(Unreadable::Gone)?;
                folder.read(entry.below(), MAX_FILE_BYTES)
            }
            Some(id) => {
                let repository = self.repository.as_ref().ok_or(Unreadable::Gone)?;
                self.read_object(repository, id)
            }
        }
    }

    /// The first `n` bytes of one file, however large it is; `None` where they cannot be read.
    pub(super) fn head(&self, entry: &Entry, n: u64) -> Option<Vec<u8>> {
        let mut head = match entry.object() {
            Some(id) => self.read_object(self.repository.as_ref()?, id).ok()?,
            None => {
                let (file, _) = self.folder.as_ref()?.file(entry.below()).ok()?;
                let mut head = Vec::new();
                file.take(n).read_to_end(&mut head).ok()?;
                head
            }
        };
        head.truncate(n as usize);
        Some(head)
    }

    /// The bytes of an object.
    ///
    /// # Errors
    /// [`Unreadable::Failed`].
    pub(super) fn read_object(
        &self,
        repository: &Repository,
        id: gix::ObjectId,
    ) -> Result<Vec<u8>, Unreadable> {
        if let Some(known) = repository.memo.as_ref().and_then(|memo| memo.blob(id)) {
            return Ok(known.to_vec());
        }
        let bytes = HANDLE.with_borrow_mut(|slot| {
            let key = self.root.clone();
            if slot.as_ref().is_none_or(|(root, _)| *root != key) {
                *slot = Some((key, repository.handle()));
            }
            let (_, handle) = slot.as_ref().ok_or(Unreadable::Gone)?;
            let object = handle
                .find_object(id)
                .map_err(|e| Unreadable::Failed(one_line(&e)))?;
            Ok(object.detach().data)
        })?;
        if let Some(memo) = &repository.memo {
            memo.keep_blob(id, &bytes);
        }
        Ok(bytes)
    }

    /// Shows files as another commit of the repository has them, as if they were edited and not committed. What is not in
    /// both is left alone. `paths` are as shown.
    pub fn replace(&mut self, paths: &[String], commit: &str) {
        let Some(repository) = self.repository.clone() else {
            return;
        };
        let handle = repository.handle();
        let Some(tree) = handle
            .rev_parse_single(commit)
            .ok()
            .and_then(|id| id.object().ok()?.peel_to_tree().ok())
        else {
            return;
        };
        for (idx, entry) in self.entries.iter_mut().enumerate() {
            let mut path = repository.prefix.clone();
            path.extend(bytes_of(entry.below()).iter());
            if !paths.iter().any(|path| **path == *entry.path) {
                continue;
            }
            let parts = path.split(|&b| b == b'/');
            if let (Ok(Some(new)), Some(old)) = (tree.lookup_entry(parts), entry.object())
                && new.mode().is_blob()
            {
                let id = new.object_id();
                let n_bytes = handle.find_header(id).map_or(0, |header| header.size());
                entry.contents = Contents::Object { id, n_bytes };
                self.replaced.push((idx, old));
            }
        }
    }

    /// What [`Tree::replace`] replaced: each entry with the bytes that the revision has.
    pub fn replaced(&self) -> impl Iterator<Item = (&Entry, Vec<u8>)> {
        self.replaced.iter().filter_map(|&(idx, old)| {
            let old = self.read_object(self.repository.as_ref()?, old).ok()?;
            Some((&self.entries[idx], old))
        })
    }

    /// A tree of objects, with no file in it yet; `root` is canonical.
    pub(super) fn of_objects(root: PathBuf, repository: Repository, label: String) -> Self {
        Self {
            root,
            repository: Some(repository),
            label,
            entries: Vec::new(),
            warnings: Vec::new(),
            folder: None,
            revision: None,
            replaced: Vec::new(),
            only: None,
        }
    }

    /// Adds the file `below`, whose bytes the object `id` holds.
    pub(super) fn push_object(
        &mut self,
        below: &[u8],
        id: gix::ObjectId,
        handle: &gix::Repository,
    ) {
        if !is_plain(below) {
            let message = "no work tree may hold such a path; it is left out";
            let warning = Warning::new("git-odd-path", self.shown(below), message);
            self.warnings.push(warning);
            return;
        }
        // the size stands in the object's header; a partial clone may lack the object, and reading it will say so
        let n_bytes = handle.find_header(id).map_or(0, |header| header.size());
        let contents = Contents::Object { id, n_bytes };
        self.entries
            .push(self.entry(Path::new(&*name_of(below)), contents));
    }

    /// Leaves out what `.ctxpackignore` leaves out, in a tree of objects: a work tree is listed without it.
    pub fn drop_ignored(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        let mut warnings = Vec::new();
        rules::drop_ignored(&mut entries, &|entry| self.read(entry).ok(), &mut warnings);
        self.entries = entries;
        self.warnings.extend(warnings);
    }

    /// The path shown for `below`, whose bytes are as in git: `/` between components.
    pub fn shown(&self, below: &[u8]) -> String {
        format!("{}{}", self.label, crate::guard::text::path_text(below))
    }

    fn entry(&self, below: &Path, contents: Contents) -> Entry {
        let bytes = bytes_of(below);
        let plain = crate::guard::text::plain_path(&bytes);
        match plain.filter(|_| self.label.is_empty()) {
            // elsewhere it is written another way
            Some(path) if cfg!(unix) => Entry {
                path: path.into(),
                below: None,
                contents,
            },
            _ => Entry {
                path: self.shown(&bytes).into(),
                below: Some(Box::new(below.to_owned())),
                contents,
            },
        }
    }

    /// By path, each once.
    pub(super) fn sort(&mut self) {
        sort(&mut self.entries);
    }

    fn push_if_file(&mut self, below: PathBuf) {
        let stat = self.folder.as_ref().map(|folder| folder.stat(&below));
        if let Some(Ok(stat)) = stat
            && stat.kind == Kind::File
        {
            self.entries
                .push(self.entry(&below, Contents::OnDisk(stat.stamp)));
        }
    }

    fn list(&mut self) -> Result<(), Error> {
        let Some(folder) = self.folder.clone() else {
            return Ok(());
        };
        let root = self.root.clone();
        let (top, info) = match &self.repository {
            Some(repository) => (repository.work_tree.clone(), Some(repository.info_folder())),
            // what is excluded from a repository that cannot be read is so all the same
            None => {
                let top = super::repository::around(&root).map(Path::to_owned);
                let info = top.as_ref().map(|top| top.join(".git/info"));
                (top, info)
            }
        };
        let above = Rules::above(&root, top.as_deref(), info.as_deref(), &mut self.warnings);
        let index = self.index();
        let prefix = self.repository.as_ref().map(|it| it.prefix.clone());
        let tracked = index.as_ref().map(|index| walk::Tracked {
            index,
            prefix: prefix.as_deref().unwrap_or_default(),
        });
        let found = walk::walk(&root, &folder, &above, tracked, LIMITS)?;
        let n_before = self.warnings.len();
        self.warnings.extend(found.warnings);
        let files = found.files.into_par_iter();
        self.entries = files
            .map(|(below, stat)| self.entry(&below, Contents::OnDisk(stat.stamp)))
            .collect();
        self.sort();
        let tracked = tracked.map(|tracked| self.tracked(tracked, &folder, &above));
        let mut tracked = tracked.unwrap_or_default();
        sort(&mut tracked);
        self.entries = merged(std::mem::take(&mut self.entries), tracked);
        let label = self.label.clone();
        for warning in &mut self.warnings[n_before..] {
            if !warning.path.is_empty() {
                warning.path.insert_str(0, &label);
            }
        }
        Ok(())
    }

    /// Lets nothing but the files `below` be shown, and lists those of them that were not: what an ignore file leaves out. The others stay
    /// listed, for notes that name them.
    pub(super) fn restrict(&mut self, below: Vec<PathBuf>) {
        let known: FxHashSet<&Path> = self.entries.iter().map(|it| it.below()).collect();
        let unknown: Vec<PathBuf> = below
            .iter()
            .filter(|path| !known.contains(&***path))
            .cloned()
            .collect();
        for path in unknown {
            self.push_if_file(path);
        }
        self.sort();
        self.only = Some(below.into_iter().collect());
    }

    /// Whether a file may be a candidate.
    pub(super) fn may_show(&self, entry: &Entry) -> bool {
        let only = self.only.as_ref();
        only.is_none_or(|only| only.contains(entry.below()))
    }

    /// Git's list of what it tracks; none where there is no repository, or a warning.
    fn index(&mut self) -> Option<gix::worktree::Index> {
        let index = self.repository.as_ref()?.handle().index_or_empty();
        let warn = |e| {
            let message = format!("the git index could not be read ({})", one_line(&e));
            self.warnings
                .push(Warning::new("git-unreadable", "", message));
        };
        index.map_err(warn).ok()
    }

    /// Files that git tracks although an ignore file names them belong to the repository; `.ctxpackignore` still rules. What is listed
    /// already, sorted, is passed over.
    fn tracked(
        &mut self,
        walk::Tracked { index, prefix }: walk::Tracked<'_>,
        folder: &Folder,
        above: &Rules,
    ) -> Vec<Entry> {
        let mut tracked = Vec::new();
        let entries = self.entries.iter();
        let mut known: Vec<Cow<'_, [u8]>> = entries.map(|it| bytes_of(it.below())).collect();
        if !known.is_sorted() {
            known.par_sort_unstable();
        }
        let look_up = |entries: &[gix::index::Entry]| {
            let below = entries.iter().map(|entry| entry.path(index));
            let mut below = below.filter_map(|path| path.strip_prefix(prefix));
            let mut unknown: Vec<&[u8]> = Vec::new();
            if let Some(first) = below.next() {
                let start = known.partition_point(|path| path.as_ref() < first);
                let mut known = known[start..].iter().peekable();
                for below in [first].into_iter().chain(below) {
                    // both are in git's order; what an index that is not lists twice is dropped in the end
                    while known.next_if(|path| path.as_ref() < below).is_some() {}
                    if known.peek().is_none_or(|path| path.as_ref() != below) {
                        unknown.push(below);
                    }
                }
            }
            self.look_up(folder, above, &unknown)
        };
        // each on its own: who is done early takes one more
        let chunks = index.entries().par_chunks(TRACKED_AT_ONCE);
        let looked_up: Vec<Tracked> = chunks.with_max_len(1).map(look_up).collect();
        let n_odd: usize = looked_up.iter().map(|it| it.n_odd).sum();
        if let Some(odd) = looked_up.iter().rev().find_map(|it| it.odd.as_ref()) {
            let message = format!(
                "the git index names {n_odd} path{} that no work tree may hold, such as {odd}",
                if n_odd == 1 { "" } else { "s" }
            );
            self.warnings
                .push(Warning::new("git-odd-path", "", message));
        }
        tracked.reserve_exact(looked_up.iter().map(|it| it.entries.len()).sum());
        for found in looked_up {
            tracked.extend(found.entries);
            self.warnings.extend(found.warnings);
        }
        tracked
    }

    /// Looks `paths` up, as the index has them: one folder after the other.
    fn look_up(&self, folder: &Folder, above: &Rules, paths: &[&[u8]]) -> Tracked {
        let mut found = Tracked {
            entries: Vec::with_capacity(paths.len()),
            ..Tracked::default()
        };
        let mut custom = Custom::new(&self.root, folder, above);
        // the folder of the one before, most often
        let mut last: Option<(&[u8], Option<InFolder>)> = None;
        for &path in paths {
            if !is_plain(path) {
                found.n_odd += 1;
                found.odd = Some(self.shown(path));
                continue;
            }
            let (parent, name) = match memchr::memrchr(b'/', path) {
                Some(at) => (&path[..at], &path[at + 1..]),
                None => (&path[..0], path),
            };
            let parent = match &last {
                Some((path, folder)) if *path == parent => folder,
                _ => {
                    let below = path_of(parent);
                    let handle = folder.folder(&below).ok();
                    let handle = handle.map(|handle| {
                        custom.enter(&below, &handle, &mut found.warnings);
                        let has_rules = custom.has_rules(&below, &mut found.warnings);
                        InFolder { handle, has_rules }
                    });
                    &last.insert((parent, handle)).1
                }
            };
            let Some(parent) = parent else { continue };
            let Ok(stat) = parent.handle.stat_name(&name_of(name)) else {
                continue;
            };
            let below = name_of(path);
            let below = Path::new(&*below);
            let is_ignored = parent.has_rules && custom.ignores(below, &mut found.warnings);
            if stat.kind == Kind::File && !is_ignored {
                let entry = self.entry(below, Contents::OnDisk(stat.stamp));
                found.entries.push(entry);
            }
        }
        found
    }
}

/// By path, each once.
fn sort(entries: &mut Vec<Entry>) {
    // most are listed so
    let pairs = entries.par_windows(2).with_min_len(MIN_COMPARED);
    if pairs.all(|pair| pair[0].path < pair[1].path) {
        return;
    }
    entries.par_sort_by(|a, b| a.path.cmp(&b.path));
    entries.dedup_by(|a, b| a.path == b.path);
}

/// Those of two lists, both by path, of which one is often short or empty. What is in both is the first one's.
fn merged(first: Vec<Entry>, second: Vec<Entry>) -> Vec<Entry> {
    if first.is_empty() {
        return second;
    }
    let mut merged = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    while let (Some(one), Some(other)) = (first.as_slice().first(), second.as_slice().first()) {
        match one.path.cmp(&other.path) {
            Ordering::Less => {
                let n = n_before(first.as_slice(), &other.path);
                merged.extend(first.by_ref().take(n));
            }
            Ordering::Greater => {
                let n = n_before(second.as_slice(), &one.path);
                merged.extend(second.by_ref().take(n));
            }
            Ordering::Equal => drop(second.next()),
        }
    }
    merged.extend(first);
    merged.extend(second);
    merged
}

/// How many of `entries`, by path, stand before `path`. O(log of that number).
fn n_before(entries: &[Entry], path: &str) -> usize {
    let mut end = 1;
    while entries.get(end).is_some_and(|it| *it.path < *path) {
        end *= 2;
    }
    let start = end / 2;
    let rest = &entries[start.min(entries.len())..end.min(entries.len())];
    start + rest.partition_point(|it| *it.path < *path)
}

/// A folder, and whether any rules are about what lies in it.
struct InFolder {
    handle: Folder,
    has_rules: bool,
}

/// What git tracks and an ignore file names, out of some paths of the index.
#[derive(Default)]
struct Tracked {
    entries: Vec<Entry>,
    /// Paths that no work tree may hold, and the last of them.
    n_odd: usize,
    odd: Option<String>,
    warnings: Vec<Warning>,
}

/// Entries that are compared on one core at least.
const MIN_COMPARED: usize = 1024;

/// Paths of the index that are looked up on one core.
const TRACKED_AT_ONCE: usize = 512;

thread_local! {
    /// One handle per thread and root: opening one costs more than reading an object.
    static HANDLE: std::cell::RefCell<Option<(PathBuf, gix::Repository)>> = const { std::cell::RefCell::new(None) };
}

/// Whether the path is one that git would check out: no `..`, no root, no `.git`, and spelled the one way.
fn is_plain(path: &[u8]) -> bool {
    // that of nearly every file is told by its bytes, of which compilers look at many at a time
    let is_usual = |b: u8| b.is_ascii_alphanumeric() | matches!(b, b'_' | b'-' | b'/' | b'.');
    let is_odd = |(&a, &b): (&u8, &u8)| (a == b'/') & matches!(b, b'/' | b'.');
    let pairs = path.iter().zip(path.get(1..).unwrap_or_default());
    if cfg!(unix)
        && path.first().is_some_and(|b| !matches!(b, b'/' | b'.'))
        && path.last() != Some(&b'/')
        && path.iter().fold(true, |all, &b| all & is_usual(b))
        && !pairs.fold(false, |any, pair| any | is_odd(pair))
    {
        return true;
    }
    let below = path_of(path);
    let plain: PathBuf = below.components().collect();
    plain.as_os_str() == below.as_os_str()
        && !below.as_os_str().is_empty()
        && below
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(name) if !walk::is_git(name)))
}

/// The bytes of a path as git has them, borrowed where they are the path's own.
pub(super) fn bytes_of(path: &Path) -> Cow<'_, [u8]> {
    #[cfg(unix)]
    let bytes = Cow::Borrowed(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()));
    #[cfg(not(unix))]
    let bytes = Cow::Owned(path.to_string_lossy().replace('\\', "/").into_bytes());
    bytes
}

#[cfg(unix)]
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// A path or a name as the system wants it, borrowed where it is the same.
#[cfg(unix)]
fn name_of(bytes: &[u8]) -> Cow<'_, std::ffi::OsStr> {
    Cow::Borrowed(std::os::unix::ffi::OsStrExt::from_bytes(bytes))
}

#[cfg(not(unix))]
fn name_of(bytes: &[u8]) -> Cow<'_, std::ffi::OsStr> {
    Cow::Owned(path_of(bytes).into_os_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sorted_lists_become_one() {
        let entries = |names: &str, size: u64| -> Vec<Entry> {
            let entry = |name: char| Entry {
                path: name.to_string().into(),
                below: None,
                contents: Contents::OnDisk(Stamp {
                    size,
                    ..Stamp::default()
                }),
            };
            names.chars().map(entry).collect()
        };
        let check = |first: &str, second: &str, expected: &str, from_first: &str| {
            let merged = merged(entries(first, 1), entries(second, 2));
            let paths: String = merged.iter().map(|it| &*it.path).collect();
            assert_eq!(paths, expected, "{first} and {second}");
            let ours = merged.iter().filter(|it| it.n_bytes() == 1);
            assert_eq!(ours.map(|it| &*it.path).collect::<String>(), from_first);
        };
        check("", "", "", "");
        check("ab", "", "ab", "ab");
        check("", "ab", "ab", "");
        check("bd", "ace", "abcde", "bd");
        check("abc", "b", "abc", "abc");
        check("m", "abcdefghijklnopqrst", "abcdefghijklmnopqrst", "m");
        check(
            "abcdefghijklnopqrst",
            "m",
            "abcdefghijklmnopqrst",
            "abcdefghijklnopqrst",
        );
        check("abxyz", "cdefghxz", "abcdefghxyz", "abxyz");
    }
}
