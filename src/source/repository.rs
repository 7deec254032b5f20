//! Git, read in process. The repository's own configuration is data here: nothing of it is executed.
//!
//! A tree that came from elsewhere may point anywhere. A `.git` that leads out of its folder is followed only where the
//! other end names that folder in turn, as git's own work trees and submodules do: otherwise a folder could have the
//! commits of some private repository read as its own.

use super::memo::Memo;
use super::tree::{bytes_of, path_of, read_file};
use crate::guard::secrets::redact;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A git repository around a root.
#[derive(Clone)]
pub struct Repository {
    inner: gix::ThreadSafeRepository,
    /// The work tree, canonical; `None` for a bare repository.
    pub work_tree: Option<PathBuf>,
    /// The root's path below the work tree as in git, with `/`, ending in `/` unless empty.
    pub prefix: Vec<u8>,
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

/// Finds the repository that `root` (canonical) lies in. `Ok(None)` where there is none.
///
/// # Errors
/// What is wrong, in one line, where there is a repository that cannot be opened or does not belong to this folder.
pub fn find(root: &Path) -> Result<Option<Repository>, String> {
    let at = root
        .ancestors()
        .find(|dir| dir.join(".git").symlink_metadata().is_ok());
    // a bare repository is opened where it is named outright, never by looking up from a folder inside it
    let Some(at) = at.or_else(|| is_bare(root).then_some(root)) else {
        return Ok(None);
    };
    let dot_git = at.join(".git");
    let bare = dot_git.symlink_metadata().is_err();
    let places = if bare {
        Places::of(at.to_owned())?
    } else {
        Places::behind(&dot_git)?
    };
    places.check_files()?;
    let inner = gix::ThreadSafeRepository::open_opts(at, gix::open::Options::isolated())
        .map_err(|e| one_line(&e))?;
    let local = inner.to_thread_local();
    if bare {
        return Ok(Some(Repository {
            inner,
            work_tree: None,
            prefix: Vec::new(),
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
    let mut prefix = bytes_of(below);
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    Ok(Some(Repository {
        inner,
        work_tree: Some(at.to_owned()),
        prefix,
        memo: None,
    }))
}

fn is_bare(root: &Path) -> bool {
    root.join("HEAD").is_file() && root.join("objects").is_dir() && root.join("refs").is_dir()
}

/// Where git keeps what belongs to a work tree, both canonical.
struct Places {
    /// What is this work tree's own: HEAD, the index.
    own: PathBuf,
    /// What its work trees share: objects, branches.
    common: PathBuf,
}

impl Places {
    /// Follows `.git`: a folder, a link to one, or a file that names one.
    fn behind(dot_git: &Path) -> Result<Self, String> {
        let metadata = dot_git.metadata().map_err(|e| format!(".git: {e}"))?;
        if metadata.is_dir() {
            let own = dot_git.canonicalize().map_err(|e| format!(".git: {e}"))?;
            return Self::of(own);
        }
        let bytes = read_file(dot_git).map_err(|_| ".git is no regular file or folder")?;
        let named = bytes
            .strip_prefix(b"gitdir:")
            .ok_or(".git is a file that names no folder")?
            .trim_ascii();
        let folder = dot_git.parent().unwrap_or(dot_git).join(path_of(named));
        let own = folder
            .canonicalize()
            .map_err(|_| ".git names a folder that is not there")?;
        Self::of(own)
    }

    fn of(own: PathBuf) -> Result<Self, String> {
        let named = own.join("commondir");
        let common = if named.symlink_metadata().is_ok() {
            let bytes = read_file(&named).map_err(|_| "commondir is no regular file")?;
            own.join(path_of(bytes.trim_ascii()))
                .canonicalize()
                .map_err(|_| "commondir names a folder that is not there")?
        } else {
            own.clone()
        };
        Ok(Self { own, common })
    }

    /// Whether what is opened first is what it should be: a FIFO would be waited on for ever, a link would lead elsewhere.
    fn check_files(&self) -> Result<(), String> {
        let inside = |path: &Path| {
            path.canonicalize().is_ok_and(|target| {
                target.starts_with(&self.own) || target.starts_with(&self.common)
            })
        };
        for folder in [&self.own, &self.common] {
            for (name, is_folder) in [
                ("HEAD", false),
                ("config", false),
                ("config.worktree", false),
                ("index", false),
                ("packed-refs", false),
                ("shallow", false),
                ("gitdir", false),
                ("info/exclude", false),
                ("objects/info/alternates", false),
                ("objects", true),
                ("refs", true),
            ] {
                let path = folder.join(name);
                let Ok(link) = path.symlink_metadata() else {
                    continue;
                };
                if link.is_symlink() && !inside(&path) {
                    return Err(format!("{name} is a link to elsewhere"));
                }
                let sound = path.metadata().is_ok_and(|metadata| {
                    if is_folder {
                        metadata.is_dir()
                    } else {
                        metadata.is_file()
                    }
                });
                if !sound {
                    let wanted = if is_folder { "folder" } else { "regular file" };
                    return Err(format!("{name} is no {wanted}"));
                }
            }
        }
        let head = read_file(&self.own.join("HEAD")).unwrap_or_default();
        if let Some(name) = head.strip_prefix(b"ref:") {
            let branch = self.common.join(path_of(name.trim_ascii()));
            let odd = branch.symlink_metadata().is_ok_and(|it| !it.is_file());
            if odd && !inside(&branch) {
                return Err("HEAD's branch is a link to elsewhere".to_owned());
            }
            if branch.metadata().is_ok_and(|it| !it.is_file()) {
                return Err("HEAD's branch is no regular file".to_owned());
            }
        }
        Ok(())
    }

    /// Whether the repository knows the folder `at` as one of its own. `named`: its configuration names the work tree, which
    /// is known to be `at`.
    fn check_back_link(
        &self,
        at: &Path,
        dot_git: &Path,
        is_link: bool,
        named: bool,
    ) -> Result<(), String> {
        let whole = self.own == self.common;
        if whole && (!is_link || named || self.own.starts_with(at)) {
            return Ok(());
        }
        let back = read_file(&self.own.join("gitdir")).unwrap_or_default();
        let back = self.own.join(path_of(back.trim_ascii()));
        let linked = is_link
            && self.own.parent() == Some(self.common.join("worktrees").as_path())
            && back.parent().and_then(|dir| dir.canonicalize().ok()) == Some(at.to_owned())
            && back.file_name() == dot_git.file_name();
        if linked {
            return Ok(());
        }
        Err("its .git leads to a repository that does not know this folder".to_owned())
    }
}

impl Repository {
    /// A handle for this thread, with room to keep decoded objects.
    pub fn handle(&self) -> gix::Repository {
        let mut handle = self.inner.to_thread_local();
        handle.object_cache_size_if_unset(32 * 1024 * 1024);
        handle
    }

    /// Where git lists what is ignored in this clone alone; it need not be there.
    pub fn exclude_file(&self) -> PathBuf {
        self.handle().common_dir().join("info/exclude")
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
            .filter_map(|proxy| proxy.base().ok()?.canonicalize().ok());
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
