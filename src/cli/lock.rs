//! The lock file of a project: read as it is staged or as it stands on disk, and written.

use crate::cli::failure::{Failure, Outcome};
use crate::cli::output::{self, Target};
use crate::cli::resolve::Project;
use ctxpack::error::Error;
use ctxpack::lock::{self, Lock};
use ctxpack::request::Index;
use ctxpack::source::{self, staged};
use std::io::Read;
use std::path::Path;

/// The largest lock that is read, in bytes.
const MAX_LOCK: u64 = 16 << 20;

/// The lock, as it is staged or as it stands on disk; an empty one where there is none.
///
/// # Errors
/// One that cannot be read, or is in conflict.
pub fn read_lock(project: &Project, index: Option<&Index>) -> Outcome<Lock> {
    let is_unmerged = match index {
        Some(index) => staged::is_in_conflict(&project.root, index, Path::new(lock::NAME))?,
        None => false,
    };
    let parsed = match is_unmerged {
        true => Err(lock::Conflict),
        false => Lock::parse(&lock_text(&project.root, index)?),
    };
    parsed.map_err(|lock::Conflict| {
        // each command writes its own lines anew; one that has nothing to write would fail
        let bundles = (!project.settings.bundle.is_empty()).then_some("ctxpack bundle --write");
        let checks = (!project.settings.check.is_empty() || bundles.is_none())
            .then_some("ctxpack check --write");
        let commands = [bundles, checks, Some("git add ctxpack.lock")];
        let commands: Vec<&str> = commands.into_iter().flatten().collect();
        Failure::new("ctxpack.lock: it holds a conflict of git's").hint(commands.join(" && "))
    })
}

/// The text of the lock, as it is staged or as it stands on disk; empty where there is none.
///
/// # Errors
/// One that cannot be read.
pub fn lock_text(root: &Path, index: Option<&Index>) -> Outcome<String> {
    let bytes = match index {
        Some(index) => staged::read(root, index, Path::new(lock::NAME))?,
        None => lock_on_disk(root)?,
    };
    let bytes = bytes.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The bytes of the lock that stands at `root`; a link or a pipe counts as none.
///
/// # Errors
/// One that cannot be read.
pub fn lock_on_disk(root: &Path) -> Outcome<Option<Vec<u8>>> {
    let path = root.join(lock::NAME);
    if !path.symlink_metadata().is_ok_and(|it| it.is_file()) {
        return Ok(None);
    }
    let failed = |error| Failure::from(Error::io(&path, error));
    let (file, _) = source::stores::open(&path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MAX_LOCK)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    Ok(Some(bytes))
}

/// Writes the lock, if it is another than the one that is there.
///
/// # Errors
/// What is no regular file, and what cannot be written.
pub fn write_lock(root: &Path, lock: &Lock) -> Outcome<bool> {
    let path = root.join(lock::NAME);
    let there = path.symlink_metadata();
    if there.is_ok_and(|it| !it.is_file()) {
        return Err(Failure::new(
            "ctxpack.lock: it is no regular file, and is not replaced",
        ));
    }
    let text = lock.text();
    let before = lock_on_disk(root)?;
    if before.as_deref() == Some(text.as_bytes()) || (before.is_none() && lock.is_empty()) {
        return Ok(false);
    }
    output::write(&Target::File(path), &text)?;
    Ok(true)
}
