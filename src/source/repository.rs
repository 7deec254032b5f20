//! Git, read in process. The repository's own configuration is data here: nothing of it is executed.
//!
//! A tree that came from elsewhere may point anywhere. A `.git` that leads out of its folder is followed only where the
//! other end names that folder in turn, as git's own work trees and submodules do: otherwise a folder could have the
//! commits of some private repository read as its own.

use super::entry::{bytes_of, path_of};
use super::memo::Memo;
use super::places::{self, Places};
use crate::guard::secrets::redact;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The largest object that is read from git, in bytes.
const MAX_ALLOCATION: u64 = 64 << 20;

/// A git repository around a root.
#[derive(Clone)]
pub struct Repository {
    inner: gix::ThreadSafeRepository,
    /// The work tree, canonical; `None` for a bare repository.
    pub work_tree: Option<PathBuf>,
    /// The root's path below the work tree as in git, with `/`, ending in `/` unless empty.
    pub prefix: Vec<u8>,
    /// The folder that its work trees share, canonical.
    pub common: PathBuf,
    /// Keeps what is read, where many revisions are.
    pub memo: Option<Arc<Memo>>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository")
            .field("work_tree", &self.work_tree)
            .field("prefix", &String::from_utf8_lossy(&self.prefix))
            .finish_non_exhaustive()
    }
}

/// The work tree around `root`, by its folder `.git` alone, whether that can be read or not.
pub fn around(root: &Path) -> Option<&Path> {
    let metadata = |at: &Path| at.join(".git").symlink_metadata().ok();
    let mut found = root.ancestors().filter_map(|at| Some((at, metadata(at)?)));
    found.next().filter(|(_, it)| it.is_dir()).map(|(at, _)| at)
}

/// Finds the repository that `root` (canonical) lies in. `Ok(None)` where there is none.
///
/// # Errors
/// What is wrong, in one line, where there is a repository that cannot be opened or does not belong to this folder.
pub fn find(root: &Path) -> Result<Option<Repository>, String> {
    let Some((at, places)) = places(root)? else {
        return Ok(None);
    };
    let dot_git = at.join(".git");
    let bare = dot_git.symlink_metadata().is_err();
    places.check()?;
    let inner = gix::ThreadSafeRepository::open_opts(at, options()).map_err(|e| one_line(&e))?;
    let local = inner.to_thread_local();
    if bare {
        return Ok(Some(Repository {
            inner,
            work_tree: None,
            prefix: Vec::new(),
            common: places.common,
            memo: None,
        }));
    }
    let named = local
        .config_snapshot()
        .string("core.worktree")
        .map(|dir| places.own.join(path_of(&dir)));
    // asked itself, because the library minds it only where the configuration also says that there is a work tree
    for dir in local.workdir().into_iter().chain(named.as_deref()) {
        if dir.canonicalize().ok().as_deref() != Some(at) {
            return Err("its work tree is elsewhere".to_owned());
        }
    }
    let named = named.is_some();
    let is_link = !dot_git.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    places.check_back_link(at, &dot_git, is_link, named)?;
    let below = root.strip_prefix(at).unwrap_or(Path::new(""));
    let mut prefix = bytes_of(below).into_owned();
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    Ok(Some(Repository {
        inner,
        work_tree: Some(at.to_owned()),
        prefix,
        common: places.common,
        memo: None,
    }))
}

/// The folder around `root` that a repository belongs to, and where that keeps what.
fn places(root: &Path) -> Result<Option<(&Path, Places)>, String> {
    let at = root
        .ancestors()
        .find(|dir| dir.join(".git").symlink_metadata().is_ok());
    // a bare repository is opened where it is named outright, never by looking up from a folder inside it
    let Some(at) = at.or_else(|| is_bare(root).then_some(root)) else {
        return Ok(None);
    };
    let dot_git = at.join(".git");
    let places = match dot_git.symlink_metadata() {
        Ok(_) => Places::behind(&dot_git)?,
        Err(_) => Places::of(at.to_owned())?,
    };
    Ok(Some((at, places)))
}

/// [`Repository::common`] of the repository that `root` (canonical) lies in, which is not looked into.
pub fn common_folder(root: &Path) -> Option<PathBuf> {
    let (_, places) = places(root).ok()??;
    Some(places.common)
}

/// Nothing outside of the repository's own configuration counts, and no size written in a file of it is believed.
fn options() -> gix::open::Options {
    let overrides = [
        format!("gitoxide.objects.allocLimit={MAX_ALLOCATION}"),
        "core.commitGraph=false".to_owned(), // of no use to so few commits, and one more file to be led astray by
        "index.skipHash=true".to_owned(), // git checks that sum in `git fsck` alone; it takes as long as to read the index
    ];
    gix::open::Options::isolated().config_overrides(overrides)
}

fn is_bare(root: &Path) -> bool {
    root.join("HEAD").is_file() && root.join("objects").is_dir() && root.join("refs").is_dir()
}

impl Repository {
    /// A handle for this thread, with room to keep decoded objects.
    pub fn handle(&self) -> gix::Repository {
        let mut handle = self.inner.to_thread_local();
        handle.object_cache_size_if_unset(32 * 1024 * 1024);
        handle
    }

    /// Whether an id may stand for other content than its own: git shows a replacement where there is one (`git replace`).
    pub fn has_replacements(&self) -> bool {
        let handle = self.handle();
        let is_any = |platform: gix::reference::iter::Platform<'_>| {
            let mut all = platform.prefixed("refs/replace/").ok()?;
            Some(all.next().is_some())
        };
        // who cannot tell does not trust
        let platform = handle.references().ok();
        platform.and_then(is_any).unwrap_or(true)
    }

    /// The folder where git lists what is ignored in this clone alone; it need not be there.
    pub fn info_folder(&self) -> PathBuf {
        self.handle().common_dir().join("info")
    }

    /// Whether the history was cut off when it was fetched.
    pub fn is_shallow(&self) -> bool {
        self.handle().is_shallow().unwrap_or(false)
    }

    /// Whether there is no work tree to read.
    pub fn is_bare(&self) -> bool {
        self.work_tree.is_none()
    }

    /// The work trees that share this repository, canonical, this one first.
    pub fn work_trees(&self) -> Vec<PathBuf> {
        let handle = self.handle();
        let mut all: Vec<PathBuf> = self.work_tree.iter().cloned().collect();
        let main = handle
            .common_dir()
            .parent()
            .filter(|_| handle.common_dir().ends_with(".git"))
            .and_then(|dir| dir.canonicalize().ok());
        let others = handle
            .worktrees()
            .unwrap_or_default()
            .into_iter()
            .filter_map(|proxy| {
                let base = proxy.base().ok()?.canonicalize().ok()?;
                // one that does not name this repository in turn is somebody else's
                let back = places::named_by(&base.join(".git")).ok()?;
                (back == proxy.git_dir().canonicalize().ok()?).then_some(base)
            });
        for dir in main.into_iter().chain(others) {
            if !all.contains(&dir) {
                all.push(dir);
            }
        }
        all
    }

    /// The short name of the branch checked out, or empty.
    pub fn branch(&self) -> String {
        let name = self.handle().head_name().ok().flatten();
        name.map(|name| redact(&name.shorten().to_string()).into_owned())
            .unwrap_or_default()
    }
}

/// What is said of a revision that is not there: on build machines, clones are often too shallow to have it.
pub fn no_such_revision(repository: &Repository) -> String {
    let shallow = match repository.is_shallow() {
        true => ": the clone is shallow, and git fetch --unshallow brings the rest",
        false => "",
    };
    format!("git knows no such revision here{shallow}")
}

/// An error and what caused it, in one line.
pub fn one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let message = next.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = next.source();
    }
    text.replace(['\n', '\r'], " ")
}
