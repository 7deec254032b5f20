//! What single commits changed, for those who replay them: messages, files, lines.

use super::entry::{bytes_of, path_of};
use super::meter::Metered;
use super::repository::{Repository, no_such_revision, one_line};
use super::tree::MAX_FILE_BYTES;
use crate::error::Error;
use crate::guard::secrets::redact;
use crate::guard::text::path_text;

/// Bytes of trees read for one commit.
const MAX_TREE_BYTES: u64 = 64 << 20;

/// A commit with one parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Its id, in hexadecimal.
    pub id: String,
    /// The id of its parent.
    pub parent: String,
    /// Subject and body.
    pub message: String,
    commit: gix::ObjectId,
    base: gix::ObjectId,
}

/// A file that a commit changes, which was there before and is there after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modified {
    /// The path as shown, below the root.
    pub path: String,
    old: gix::ObjectId,
    new: gix::ObjectId,
}

/// Lines before a change that it removes or replaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OldLines {
    /// Ranges, 1-based inclusive, ascending. A pure insertion counts as the line before it (the first, at the top).
    pub ranges: Vec<(u32, u32)>,
    /// Whether nothing but white space differs.
    pub only_space: bool,
}

/// Visits the commits with one parent behind `revision`, itself included, newest first, until `visit` says that it has enough.
///
/// # Errors
/// [`Error::BadRevision`] where git knows no such revision, or there is no commit yet.
pub fn walk(
    repository: &Repository,
    revision: &str,
    visit: &mut dyn FnMut(Replayed) -> bool,
) -> Result<(), Error> {
    let bad = |message: String| Error::BadRevision {
        revision: revision.to_owned(),
        message,
    };
    let handle = repository.handle();
    let tip = handle
        .rev_parse_single(revision.as_bytes())
        .map_err(|_| bad(no_such_revision(repository)))?
        .object()
        .map_err(|e| bad(one_line(&e)))?
        .peel_to_kind(gix::object::Kind::Commit)
        .map_err(|_| bad("it is no commit, and no tag of one".to_owned()))?
        .id;
    let walk = handle
        .rev_walk([tip])
        .sorting(gix::revision::walk::Sorting::ByCommitTime(
            gix::traverse::commit::simple::CommitTimeOrder::NewestFirst,
        ))
        .all()
        .map_err(|e| bad(one_line(&e)))?;
    for info in walk {
        // a shallow clone ends here
        let Ok(info) = info else { break };
        let [base] = info.parent_ids[..] else {
            continue;
        };
        let Ok(object) = handle.find_commit(info.id) else {
            break;
        };
        let message = object.message_raw().map(|raw| raw.to_vec());
        let replayed = Replayed {
            id: info.id.to_string(),
            parent: base.to_string(),
            message: redact(&String::from_utf8_lossy(&message.unwrap_or_default())).into_owned(),
            commit: info.id,
            base,
        };
        if !visit(replayed) {
            break;
        }
    }
    Ok(())
}

/// The files below the root that a commit changes and that were there before, by path; `None` where objects are missing.
pub fn modified(repository: &Repository, commit: &Replayed) -> Option<Vec<Modified>> {
    let handle = repository.handle();
    let tree = |id| handle.find_commit(id).ok()?.tree().ok();
    let (old, new) = (tree(commit.base)?, tree(commit.commit)?);
    let mut recorder = gix::diff::tree::Recorder::default();
    gix::diff::tree(
        gix::objs::TreeRefIter::from_bytes(&old.data, gix::hash::Kind::Sha1),
        gix::objs::TreeRefIter::from_bytes(&new.data, gix::hash::Kind::Sha1),
        gix::diff::tree::State::default(),
        Metered::new(&handle, MAX_TREE_BYTES),
        &mut recorder,
    )
    .ok()?;
    use gix::diff::tree::recorder::Change;
    let mut found: Vec<Modified> = recorder
        .records
        .into_iter()
        .filter_map(|change| match change {
            Change::Modification {
                previous_entry_mode,
                previous_oid,
                entry_mode,
                oid,
                path,
            } if previous_entry_mode.is_blob() && entry_mode.is_blob() && previous_oid != oid => {
                let below = path.strip_prefix(&*repository.prefix)?;
                Some(Modified {
                    path: path_text(&bytes_of(&path_of(below))),
                    old: previous_oid,
                    new: oid,
                })
            }
            _ => None,
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Some(found)
}

/// The lines that a change removes or replaces; `None` for what is no text, too large, or missing.
pub fn old_lines(repository: &Repository, file: &Modified) -> Option<OldLines> {
    let handle = repository.handle();
    let read = |id| {
        let size = handle.find_header(id).ok()?.size();
        (size <= MAX_FILE_BYTES).then_some(())?;
        let bytes = handle.find_object(id).ok()?.detach().data;
        (!bytes.contains(&0)).then_some(bytes)
    };
    Some(compare(&read(file.old)?, &read(file.new)?))
}

fn compare(old: &[u8], new: &[u8]) -> OldLines {
    use gix::diff::blob::{Algorithm, InternedInput, diff_with_slider_heuristics};
    let input = InternedInput::new(old, new);
    let mut lines = OldLines::default();
    for hunk in diff_with_slider_heuristics(Algorithm::Histogram, &input).hunks() {
        // from 0, end exclusive
        let (start, end) = (hunk.before.start, hunk.before.end);
        let (first, last) = if start == end {
            (start.max(1), start.max(1))
        } else {
            (start + 1, end)
        };
        match lines.ranges.last_mut() {
            Some(range) if first <= range.1 + 1 => range.1 = range.1.max(last),
            _ => lines.ranges.push((first, last)),
        }
    }
    let bare = |bytes: &[u8]| -> Vec<u8> {
        let seen = bytes.iter().filter(|b| !b.is_ascii_whitespace());
        seen.copied().collect()
    };
    lines.only_space = bare(old) == bare(new);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: &str, new: &str, ranges: &[(u32, u32)], only_space: bool) {
        let found = compare(old.as_bytes(), new.as_bytes());
        assert_eq!(
            (found.ranges.as_slice(), found.only_space),
            (ranges, only_space),
            "{old:?} -> {new:?}"
        );
    }

    #[test]
    fn lines_that_a_change_is_about() {
        check("a\nb\nc\n", "a\nB\nc\n", &[(2, 2)], false);
        check("a\nb\nc\n", "a\nc\n", &[(2, 2)], false);
        check("a\nb\n", "a\nx\ny\nb\n", &[(1, 1)], false);
        check("a\n", "x\na\n", &[(1, 1)], false);
        check("a\nb\nc\nd\n", "A\nb\nc\nD\n", &[(1, 1), (4, 4)], false);
        check("a\nb\nc\n", "A\nB\nc\n", &[(1, 2)], false);
        check("if a {b}\n", "if a {\n    b\n}\n", &[(1, 1)], true);
        check("a\n", "a\n", &[], true);
    }
}
