//! Git, read in process. The repository's own configuration is data here: nothing of it is executed.

use std::path::{Path, PathBuf};

/// A git repository around a root.
#[derive(Clone)]
pub struct Repository {
    inner: gix::ThreadSafeRepository,
    /// The work tree, canonical; `None` for a bare repository.
    pub work_tree: Option<PathBuf>,
    /// The root's path below the work tree, with `/`, ending in `/` unless empty.
    pub prefix: String,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository")
            .field("work_tree", &self.work_tree)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Finds the repository that `root` (canonical) lies in. `Ok(None)` where there is none.
///
/// # Errors
/// What git said, in one line, where there is a repository that cannot be opened.
pub fn find(root: &Path) -> Result<Option<Repository>, String> {
    // a bare repository is opened where it is named outright, never by looking up from a folder inside it
    let Some(at) = root
        .ancestors()
        .find(|dir| dir.join(".git").symlink_metadata().is_ok())
        .or_else(|| is_bare(root).then_some(root))
    else {
        return Ok(None);
    };
    let inner = gix::ThreadSafeRepository::open_opts(at, gix::open::Options::isolated())
        .map_err(|e| one_line(&e))?;
    let local = inner.to_thread_local();
    let work_tree = local.workdir().and_then(|dir| dir.canonicalize().ok());
    let prefix = match work_tree.as_deref() {
        Some(dir) => {
            // a `.git` file may point anywhere: the work tree must be the folder that we found it in
            let below = root
                .strip_prefix(dir)
                .map_err(|_| format!("its work tree is elsewhere ({})", dir.display()))?;
            let mut prefix = below.to_string_lossy().replace('\\', "/");
            if !prefix.is_empty() {
                prefix.push('/');
            }
            prefix
        }
        None => String::new(),
    };
    Ok(Some(Repository {
        inner,
        work_tree,
        prefix,
    }))
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
        name.map(|name| name.shorten().to_string())
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
