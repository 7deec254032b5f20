//! What is staged: the files of git's index, whose bytes are objects already. It is what the next commit will hold, whatever the
//! work tree has besides, and so what a hook has to judge.

use super::entry::bytes_of;
use super::repository::{self, Repository, one_line};
use super::tree::Tree;
use crate::error::Error;
use crate::request::Index;
use gix::index::entry::{Flags, Mode, Stage};
use std::path::{Path, PathBuf};

/// Lists the files that are staged, without what `.ctxpackignore`, as it is staged, leaves out. Submodules, links and files that are
/// only announced (`git add --intent-to-add`) are none.
///
/// # Errors
/// [`Error::NoSuchPath`]; [`Error::Index`] where there is no repository, no index that can be read, or a conflict in it.
pub fn of_index(path: &Path, index: &Index, label: String) -> Result<Tree, Error> {
    let (root, repository) = find(path)?;
    let handle = repository.handle();
    let file = open(&handle, index)?;
    let mut tree = Tree::of_objects(root, repository.clone(), label);
    for entry in file.entries() {
        let Some(below) = entry.path(&file).strip_prefix(&*repository.prefix) else {
            continue;
        };
        if entry.mode == Mode::DIR {
            let message = "a sparse index names folders instead of their files; git sparse-checkout reapply --no-sparse-index writes a whole one";
            return Err(Error::Index(message.to_owned()));
        }
        if entry.stage() != Stage::Unconflicted {
            if index.made.iter().any(|made| made.as_bytes() == below) {
                continue;
            }
            let path = tree.shown(below);
            return Err(Error::Index(format!("{path} is in conflict")));
        }
        if is_file(entry) {
            tree.push_object(below, entry.id, &handle);
        }
    }
    tree.sort();
    tree.drop_ignored();
    Ok(tree)
}

/// Whether one file is in conflict, by its path below the root.
///
/// # Errors
/// As for [`of_index`].
pub fn is_in_conflict(path: &Path, index: &Index, below: &Path) -> Result<bool, Error> {
    let (_, repository) = find(path)?;
    let file = open(&repository.handle(), index)?;
    let name = [&*repository.prefix, &bytes_of(below)].concat();
    let mut entries = file.entries().iter();
    Ok(entries
        .any(|entry| entry.stage() != Stage::Unconflicted && entry.path(&file) == name.as_slice()))
}

/// The bytes of one file as it is staged, by its path below the root; `None` where it is not, or is in conflict.
///
/// # Errors
/// As for [`of_index`].
pub fn read(path: &Path, index: &Index, below: &Path) -> Result<Option<Vec<u8>>, Error> {
    let (_, repository) = find(path)?;
    let handle = repository.handle();
    let file = open(&handle, index)?;
    let name = [&*repository.prefix, &bytes_of(below)].concat();
    let entry = file.entry_by_path(gix::bstr::BStr::new(&name));
    let is_settled = |entry: &&gix::index::Entry| entry.stage() == Stage::Unconflicted;
    let Some(entry) = entry.filter(is_settled).filter(|entry| is_file(entry)) else {
        return Ok(None);
    };
    let object = handle.find_object(entry.id);
    let object = object.map_err(|e| Error::Index(one_line(&e)))?;
    Ok(Some(object.detach().data))
}

fn is_file(entry: &gix::index::Entry) -> bool {
    matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE)
        && !entry.flags.contains(Flags::INTENT_TO_ADD)
}

fn find(path: &Path) -> Result<(PathBuf, Repository), Error> {
    let root = path
        .canonicalize()
        .map_err(|_| Error::NoSuchPath(path.to_owned()))?;
    let repository = repository::find(&root).map_err(Error::Index)?;
    let repository = repository.filter(|repository| !repository.is_bare());
    let none = || Error::Index(format!("{} is in no git repository", path.display()));
    Ok((root, repository.ok_or_else(none)?))
}

/// Whether `index` names a file that is not read, because it does not stand where git puts the indexes of this repository: another
/// repository's hook, most likely.
pub fn is_foreign(path: &Path, index: &Index) -> bool {
    let Ok((_, repository)) = find(path) else {
        return false;
    };
    index.file.is_some() && own(&repository.handle(), index).is_none()
}

/// The index that is named, if it stands with those of the repository.
fn own(handle: &gix::Repository, index: &Index) -> Option<PathBuf> {
    let file = handle.workdir()?.join(index.file.as_ref()?);
    let file = file.canonicalize().ok()?;
    let folder = handle.git_dir().canonicalize().ok()?;
    file.starts_with(folder).then_some(file)
}

/// The repository's own index, or the one that git made for this very commit, which stands beside it.
fn open(handle: &gix::Repository, index: &Index) -> Result<gix::worktree::Index, Error> {
    if let Some(file) = own(handle, index) {
        let read = gix::index::File::at(file, handle.object_hash(), false, Default::default());
        let read = read.map_err(|e| Error::Index(one_line(&e)))?;
        return Ok(gix::worktree::Index::new(read.into()));
    }
    handle
        .index_or_empty()
        .map_err(|e| Error::Index(one_line(&e)))
}
