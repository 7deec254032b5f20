//! Where git keeps what belongs to a work tree, and whether the library may be let near it.
//!
//! The library opens what is there by its name: it would wait on a FIFO for ever, follow a link out of the repository, and read a file
//! of any size whole. So everything that it could come to open is looked at first, names and kinds
//! and sizes; what is not as git makes it means that the files are packed without a history. Who changes a repository in the very
//! moment between is not guarded against.

use super::beneath::{Folder, Kind};
use super::entry::{bytes_of, path_of};
use crate::guard::text::path_text;
use rayon::prelude::*;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What `.git` and its like hold: the path of a folder.
const MAX_LINK_BYTES: u64 = 16 * 1024;

/// Names looked at in one repository. Git itself packs loose objects at 6,700.
const MAX_NAMES: usize = 2_000_000;

/// What names the stores that objects are borrowed from, in bytes, and how many of them there may be, one behind the other.
const MAX_ALTERNATES_BYTES: u64 = 1 << 20;
const MAX_STORES: usize = 8;

/// Folders that are looked at in one go.
const AT_ONCE: usize = 32;

/// How deep refs nest at most.
const MAX_DEPTH: usize = 64;

/// The largest files of each name that are read whole, in bytes: far above what the largest repositories have.
const MAX_BYTES: &[(&str, u64)] = &[
    ("HEAD", MAX_LINK_BYTES),
    ("commondir", MAX_LINK_BYTES),
    ("gitdir", MAX_LINK_BYTES),
    ("config", 4 << 20),
    ("config.worktree", 4 << 20),
    ("shallow", 16 << 20),
    ("packed-refs", 256 << 20),
    ("index", 512 << 20),
];

/// The largest loose object or ref. Packs are not read whole.
const MAX_LOOSE_BYTES: u64 = 1 << 30;
const MAX_REF_BYTES: u64 = 1 << 20;

/// Folders of a repository that the library reads in, by what is read there. Others it has no business in: a FIFO among hooks
/// hurts nobody.
const READ: &[&str] = &["objects", "refs", "logs", "worktrees"];

/// Files of a repository that it does not read, which a tool may have linked.
const NOT_READ: &[&str] = &[
    "hooks",
    "info",
    "modules",
    "lfs",
    "annex",
    "svn",
    "rr-cache",
    "branches",
    "description",
];

/// Where git keeps what belongs to a work tree, both canonical.
pub struct Places {
    /// What is this work tree's own: HEAD, the index.
    pub own: PathBuf,
    /// What its work trees share: objects, branches.
    pub common: PathBuf,
}

impl Places {
    /// Follows `.git`: a folder, a link to one, or a file that names one.
    ///
    /// # Errors
    /// What is wrong, in one line.
    pub fn behind(dot_git: &Path) -> Result<Self, String> {
        let metadata = dot_git.metadata().map_err(|e| format!(".git: {e}"))?;
        if metadata.is_dir() {
            let own = dot_git.canonicalize().map_err(|e| format!(".git: {e}"))?;
            return Self::of(own);
        }
        let own = named_by(dot_git)?;
        Self::of(own)
    }

    /// What `own`, canonical, and its `commondir` name.
    ///
    /// # Errors
    /// What is wrong, in one line.
    pub fn of(own: PathBuf) -> Result<Self, String> {
        let folder = Folder::open(&own).map_err(|e| format!(".git: {e}"))?;
        let named = Path::new("commondir");
        let common = if folder.stat(named).is_ok() {
            let bytes = folder
                .read(named, MAX_LINK_BYTES)
                .map_err(|_| "commondir is no regular file")?;
            own.join(path_of(bytes.trim_ascii()))
                .canonicalize()
                .map_err(|_| "commondir names a folder that is not there")?
        } else {
            own.clone()
        };
        Ok(Self { own, common })
    }

    /// Whether all that the library could come to open is as git makes it.
    ///
    /// # Errors
    /// What is not, in one line.
    pub fn check(&self) -> Result<(), String> {
        let mut n_left = MAX_NAMES;
        self.check_folder(&self.own, &mut n_left)?;
        if self.own != self.common {
            self.check_folder(&self.common, &mut n_left)?;
        }
        self.check_borrowed(&mut n_left)
    }

    /// Whether the stores that objects are borrowed from (`git clone --shared`, `--reference`) are as git makes them.
    ///
    /// They lie outside of the repository, and git reads them all the same: what is in them is asked for by its hash, so that a
    /// repository can show of them only what it can name. Doing without lost, because so many clones have no history then. Any folder may
    /// be named: only what a store has is looked at, and nothing that is found there is told.
    fn check_borrowed(&self, n_left: &mut usize) -> Result<(), String> {
        let mut stores = vec![self.common.join("objects")];
        let mut at = 0;
        while let Some(store) = stores.get(at).cloned() {
            let alternates = Path::new("info/alternates");
            let folder = Folder::open(&store).ok();
            let named =
                folder.and_then(|folder| folder.read(alternates, MAX_ALTERNATES_BYTES).ok());
            let named = named.unwrap_or_default();
            for line in named.split(|&b| b == b'\n').map(<[u8]>::trim_ascii_end) {
                if line.is_empty() || line.starts_with(b"#") {
                    continue;
                }
                let other = store.join(path_of(line)).canonicalize();
                let other = other.map_err(|_| "it borrows objects from where nothing is")?;
                if !stores.contains(&other) {
                    stores.push(other);
                }
            }
            if stores.len() > MAX_STORES {
                return Err("it borrows objects from too many places".to_owned());
            }
            if at > 0 {
                let (parent, name) = (store.parent(), store.file_name());
                let (Some(parent), Some(name)) = (parent, name) else {
                    return Err("it borrows objects from no store of objects".to_owned());
                };
                let odd = || "it borrows objects from what is no store of objects".to_owned();
                let folder = Folder::open(parent).map_err(|_| odd())?;
                let inner = Folder::open(&store).map_err(|_| odd())?;
                let listed = list(&inner, Path::new("."), n_left).map_err(|_| odd())?;
                let mut parts = Vec::new();
                for (part, kind) in listed.into_iter().filter(|(part, _)| is_of_store(part)) {
                    let below = Path::new(name).join(&part);
                    self.check_name(parent, &inner, &below, Path::new(&part), kind)
                        .map_err(|_| odd())?;
                    if kind == Kind::Folder {
                        parts.push((below, MAX_DEPTH - 1)); // in `info` stands one folder more, and none in that
                    }
                }
                self.check_below(parent, &folder, parts, n_left)
                    .map_err(|_| odd())?;
            }
            at += 1;
        }
        Ok(())
    }

    fn check_folder(&self, at: &Path, n_left: &mut usize) -> Result<(), String> {
        let folder = Folder::open(at).map_err(|e| format!(".git: {e}"))?;
        let mut pending: Vec<(PathBuf, usize)> = Vec::new();
        for (name, kind) in list(&folder, Path::new("."), n_left)? {
            let path = PathBuf::from(&name);
            let is = |names: &[&str]| names.iter().any(|known| name == *known);
            if is(NOT_READ) {
                continue;
            }
            if kind == Kind::Socket {
                continue; // git's own file system monitor listens there
            }
            let kind = self.check_name(at, &folder, &path, &path, kind)?;
            if is(READ) {
                match kind {
                    Kind::Folder => pending.push((path, 1)),
                    _ => return Err(format!("{} is no folder", shown(&path))),
                }
            }
        }
        self.check_below(at, &folder, pending, n_left)
    }

    /// The same of all that is below folders of `folder`, which is at `at`.
    fn check_below(
        &self,
        at: &Path,
        folder: &Folder,
        mut pending: Vec<(PathBuf, usize)>,
        n_left: &mut usize,
    ) -> Result<(), String> {
        // a repository that was not packed for a while has thousands of objects, in 256 folders
        while !pending.is_empty() {
            let batch = pending.split_off(pending.len().saturating_sub(AT_ONCE));
            let most = *n_left;
            let looked: Vec<Looked> = batch
                .par_iter()
                .rev()
                .map(|(below, depth)| {
                    let mut n_left = most;
                    let found = self.check_one(at, folder, below, *depth, &mut n_left)?;
                    Ok((most - n_left, found))
                })
                .collect();
            for looked in looked {
                let (n, found) = looked?;
                *n_left = n_left.checked_sub(n).ok_or_else(too_many)?;
                pending.extend(found);
            }
        }
        Ok(())
    }

    /// The same of what is in one of them; gives the folders in it.
    fn check_one(
        &self,
        at: &Path,
        folder: &Folder,
        below: &Path,
        depth: usize,
        n_left: &mut usize,
    ) -> Result<Vec<(PathBuf, usize)>, String> {
        let mut found = Vec::new();
        if depth > MAX_DEPTH {
            return Err(format!("{} is nested too deep", shown(below)));
        }
        // a link to a folder of the repository is looked at where that is
        let Ok(inner) = folder.folder(below) else {
            return Ok(found);
        };
        for (name, kind) in list(&inner, below, n_left)? {
            let path = below.join(&name);
            if self.check_name(at, &inner, &path, Path::new(&name), kind)? == Kind::Folder
                && kind == Kind::Folder
            {
                found.push((path, depth + 1));
            }
        }
        Ok(found)
    }

    /// Whether what `name` in `folder` stands for, which is `below` in `at`, can be opened. Gives its kind, behind links too.
    fn check_name(
        &self,
        at: &Path,
        folder: &Folder,
        below: &Path,
        name: &Path,
        kind: Kind,
    ) -> Result<Kind, String> {
        let (kind, n_bytes) = match kind {
            Kind::File => (kind, folder.stat(name).map_or(0, |stat| stat.stamp.size)),
            Kind::Link => {
                let target = at.join(below).canonicalize();
                let inside = |target: &PathBuf| {
                    target.starts_with(&self.own) || target.starts_with(&self.common)
                };
                match target {
                    Ok(target) if inside(&target) => {
                        let metadata = target.symlink_metadata();
                        match metadata {
                            Ok(it) if it.is_file() => (Kind::File, it.len()),
                            Ok(it) if it.is_dir() => (Kind::Folder, 0),
                            _ => (Kind::Device, 0),
                        }
                    }
                    // nothing is there to be opened
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => (Kind::Link, 0),
                    _ => return Err(format!("{} is a link to elsewhere", shown(below))),
                }
            }
            kind => (kind, 0),
        };
        let is_control = MAX_BYTES.iter().any(|(known, _)| name == Path::new(known))
            && READ.iter().all(|read| !below.starts_with(read));
        match kind {
            Kind::File if n_bytes > max_bytes(below, name) => {
                Err(format!("{} is too large", shown(below)))
            }
            Kind::Folder if is_control => Err(format!("{} is no regular file", shown(below))),
            Kind::File | Kind::Folder | Kind::Link => Ok(kind),
            Kind::Fifo | Kind::Socket | Kind::Device => {
                Err(format!("{} is no regular file", shown(below)))
            }
        }
    }

    /// Whether the repository knows the folder `at` as one of its own. `named`: its configuration names the work tree, which
    /// is known to be `at`.
    ///
    /// # Errors
    /// That it does not.
    pub fn check_back_link(
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
        let back = Folder::open(&self.own)
            .ok()
            .and_then(|own| own.read(Path::new("gitdir"), MAX_LINK_BYTES).ok())
            .unwrap_or_default();
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

/// The folder, canonical, that the `.git` file at a path names.
///
/// # Errors
/// What is wrong, in one line.
pub fn named_by(dot_git: &Path) -> Result<PathBuf, String> {
    let bytes = super::beneath::read(dot_git, MAX_LINK_BYTES)
        .map_err(|_| ".git is no regular file or folder")?;
    let named = bytes
        .strip_prefix(b"gitdir:")
        .ok_or(".git is a file that names no folder")?
        .trim_ascii();
    let folder = dot_git.parent().unwrap_or(dot_git).join(path_of(named));
    let own = folder.canonicalize();
    Ok(own.map_err(|_| ".git names a folder that is not there")?)
}

/// Whether a folder of this name is part of a store of objects.
fn is_of_store(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    let is_shelf = bytes.len() == 2 && bytes.iter().all(u8::is_ascii_hexdigit);
    is_shelf || matches!(bytes, b"pack" | b"info")
}

/// How many names a folder has, and the folders in it.
type Looked = Result<(usize, Vec<(PathBuf, usize)>), String>;

fn too_many() -> String {
    format!("more than {MAX_NAMES} files: `git gc` packs them")
}

fn list(
    folder: &Folder,
    below: &Path,
    n_left: &mut usize,
) -> Result<Vec<(std::ffi::OsString, Kind)>, String> {
    let (mut names, is_cut) = folder
        .list(*n_left)
        .map_err(|e| format!("{}: {e}", shown(below)))?;
    if is_cut {
        return Err(too_many());
    }
    *n_left -= names.len();
    names.sort_unstable(); // the first that is wrong is told
    Ok(names)
}

fn max_bytes(below: &Path, name: &Path) -> u64 {
    let known = MAX_BYTES.iter().find(|(known, _)| name == Path::new(known));
    let top = below.components().next().map(|part| part.as_os_str());
    let is = |wanted: &str| top == Some(OsStr::new(wanted));
    match known {
        Some((_, max)) => *max,
        None if is("refs") => MAX_REF_BYTES,
        None if is("objects") && !below.starts_with("objects/pack") => MAX_LOOSE_BYTES,
        None if bytes_of(name).starts_with(b"sharedindex.") => MAX_LOOSE_BYTES,
        None => u64::MAX,
    }
}

fn shown(below: &Path) -> String {
    path_text(&bytes_of(below))
}
