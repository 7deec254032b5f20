//! Where a branch left another: what a change is measured against, so that nobody answers for what others did meanwhile.

use super::repository::{self, one_line};
use crate::error::Error;
use std::path::Path;

/// The commit at which HEAD left `revision`, in hexadecimal; where they have none in common (a clone may be too shallow to show it), or
/// there is no HEAD, `revision` itself. The repository is that of `path`.
///
/// # Errors
/// [`Error::BadRevision`].
pub fn fork_point(path: &Path, revision: &str) -> Result<String, Error> {
    let bad = |message: &str| Error::BadRevision {
        revision: revision.to_owned(),
        message: message.to_owned(),
    };
    let root = path
        .canonicalize()
        .map_err(|_| Error::NoSuchPath(path.to_owned()))?;
    let repository = repository::find(&root).map_err(|e| bad(&e))?;
    let repository = repository.ok_or_else(|| bad("there is no git repository here"))?;
    let handle = repository.handle();
    let id = handle
        .rev_parse_single(revision.as_bytes())
        .map_err(|_| bad(&repository::no_such_revision(&repository)))?;
    let other = id
        .object()
        .map_err(|e| bad(&one_line(&e)))?
        .peel_to_kind(gix::object::Kind::Commit)
        .map_err(|_| bad("it is no commit, and no tag of one"))?
        .id;
    let head = handle.head_id().ok();
    let fork = head.and_then(|head| handle.merge_base(head, other).ok().flatten());
    Ok(fork.map_or(other, |id| id.detach()).to_string())
}
