//! Files that somebody listed, where a walk would choose otherwise: `fd -0 | ctxpack --files-from - -0`.
//!
//! A list is a wish and no proof: each path is held to the roots, no link is followed, and what git keeps for itself stays unread. Tools
//! that list files list folders and links as well, so that those are passed over and counted, and are no error.

use super::tree::Tree;
use super::walk::is_git;
use crate::error::{Error, Warning};
use std::path::{Path, PathBuf};

/// Makes `files`, absolute or relative to the working directory, the only candidates of `trees`. No ignore file has a say.
///
/// # Errors
/// [`Error::NoSuchPath`], [`Error::Outside`] and [`Error::Io`], each about a path as it is listed.
pub fn restrict(trees: &mut [Tree], files: &[PathBuf]) -> Result<(), Error> {
    let mut below: Vec<Vec<PathBuf>> = vec![Vec::new(); trees.len()];
    let mut n_other = 0;
    for file in files {
        let real = real(file)?;
        // of roots in one another the innermost has it
        let of_root = |tree: &Tree| real.strip_prefix(&tree.root).ok().map(Path::to_owned);
        let found = trees.iter().enumerate();
        let found = found.filter_map(|(idx, tree)| Some((idx, of_root(tree)?)));
        let Some((tree_idx, path)) = found.min_by_key(|(_, path)| path.components().count()) else {
            return Err(Error::Outside(file.clone()));
        };
        let metadata = real.symlink_metadata().map_err(|e| of_system(file, e))?;
        let is_of_git = path.components().any(|part| is_git(part.as_os_str()));
        match metadata.is_file() && !is_of_git {
            true => below[tree_idx].push(path),
            false => n_other += 1,
        }
    }
    for (tree, below) in trees.iter_mut().zip(below) {
        tree.restrict(below);
    }
    if let (Some(tree), 1..) = (trees.first_mut(), n_other) {
        let message = format!(
            "what is listed and is no file (folders, links, git's own) is passed over: {n_other} of {}",
            files.len()
        );
        tree.warnings
            .push(Warning::new("listed-no-file", "", message));
    }
    Ok(())
}

/// Where a path leads, the last name as it is.
fn real(path: &Path) -> Result<PathBuf, Error> {
    let Some(name) = path.file_name() else {
        return path.canonicalize().map_err(|e| of_system(path, e));
    };
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    Ok(parent.map_err(|e| of_system(path, e))?.join(name))
}

fn of_system(path: &Path, error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::NotFound => Error::NoSuchPath(path.to_owned()),
        _ => Error::io(path, error),
    }
}
