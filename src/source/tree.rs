//! The files that could go in: those of a work tree as they are on disk, or those of a revision.
//!
//! On disk a file is opened from the root's handle (`src/source/beneath.rs`): a FIFO cannot hang the run, and a link cannot lead out
//! of the root, even one that was put where a folder stood when it was listed.

use super::beneath::{Folder, Kind, Unreadable};
use super::entry::{self, Contents, Entry, bytes_of, is_plain, merged, name_of};
use super::meter::{Listing, Metered};
use super::repository::{Repository, no_such_revision, one_line};
use super::rules::{self, Rules};
use super::walk::{self, LIMITS};
use crate::error::{Error, Warning};
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

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

    /// The bytes of a file on disk, if it is the one that was listed and as it was: a folder may have been moved meanwhile, or the file
    /// written.
    pub(super) fn read_as_listed(&self, entry: &Entry) -> Option<Vec<u8>> {
        let folder = self.folder.as_ref().filter(|_| entry.object().is_none())?;
        let read = folder.read_stamped(entry.below(), MAX_FILE_BYTES).ok()?;
        (read.1 == entry.stamp()).then_some(read.0)
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

    pub(super) fn entry(&self, below: &Path, contents: Contents) -> Entry {
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
        entry::sort(&mut self.entries);
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
        entry::sort(&mut tracked);
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
}

thread_local! {
    /// One handle per thread and root: opening one costs more than reading an object.
    static HANDLE: std::cell::RefCell<Option<(PathBuf, gix::Repository)>> = const { std::cell::RefCell::new(None) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_the_place_of_the_one_listed_is_not_read_as_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a", "b"] {
            std::fs::create_dir(at(name)).unwrap();
            std::fs::write(at(name).join("same.py"), name).unwrap();
        }
        let tree = of_work_tree(folder.path(), String::new()).unwrap();
        let read = || -> Vec<Option<Vec<u8>>> {
            let entries = tree.entries.iter();
            entries.map(|entry| tree.read_as_listed(entry)).collect()
        };
        assert_eq!(read(), [Some(b"a".to_vec()), Some(b"b".to_vec())]);
        // the stamps of the files stay what they are
        std::fs::rename(at("a"), at("c")).unwrap();
        std::fs::rename(at("b"), at("a")).unwrap();
        std::fs::rename(at("c"), at("b")).unwrap();
        if cfg!(unix) {
            assert_eq!(read(), [None, None]);
        }
        std::fs::write(at("a").join("same.py"), "longer").unwrap();
        assert_eq!(read()[0], None);
    }
}
