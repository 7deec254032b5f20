//! The task of a user who names none: read off what they are doing.
//!
//! In order of how much it tells: what is changed and not yet committed, the last thing asked of an agent, the name of the branch, the
//! newest commits. The result is a text like any other task, so that the bundle can show what was assumed.

use super::Trees;
use super::history::History;
use super::repository::Repository;
use super::sessions::{Role, Session};
use super::tree::{Entry, Tree, bytes_of, read_file};
use rustc_hash::{FxHashMap, FxHashSet};

/// Changed files looked into.
const MAX_CHANGED: usize = 40;

/// Added lines kept of all changed files together.
const MAX_ADDED_LINES: usize = 60;

/// Subjects of newest commits kept.
const MAX_SUBJECTS: usize = 6;

/// A session's last ask counts if the session ended at most this long before the newest thing known.
const FRESH_SECONDS: i64 = 3 * 86_400;

/// One file that differs from HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Path shown.
    pub path: String,
    /// Lines that HEAD lacks, trimmed, without the blank ones.
    pub added: Vec<String>,
}

/// Writes the task down.
pub fn infer(trees: &Trees, history: &History, sessions: &[Session]) -> String {
    let changes: Vec<Change> = trees
        .trees
        .iter()
        .flat_map(changes)
        .take(MAX_CHANGED)
        .collect();
    let branch = trees
        .trees
        .iter()
        .filter(|tree| !tree.is_revision()) // what is checked out now says nothing of what was
        .filter_map(|tree| tree.repository.as_ref())
        .map(Repository::branch)
        .find(|branch| !is_trunk(branch));
    let newest = history.head_time.max(
        sessions
            .iter()
            .map(|session| session.ended)
            .max()
            .unwrap_or(0),
    );
    let ask = sessions
        .iter()
        .filter(|session| newest - session.ended <= FRESH_SECONDS)
        .max_by_key(|session| session.ended)
        .and_then(|session| {
            session
                .turns
                .iter()
                .rev()
                .find(|turn| turn.role == Role::User)
        })
        .map(|turn| turn.text.lines().take(8).collect::<Vec<&str>>().join("\n"));
    let subjects: Vec<&str> = history
        .commits
        .iter()
        .filter_map(|commit| commit.message.lines().next())
        .take(MAX_SUBJECTS)
        .collect();

    let mut text = String::new();
    let mut line = |part: &str| {
        if !part.trim().is_empty() {
            text.push_str(part.trim_end());
            text.push('\n');
        }
    };
    if let Some(ask) = &ask {
        line(ask);
    }
    if let Some(branch) = &branch {
        line(&format!("Branch {}", branch.replace(['/', '-', '_'], " ")));
    }
    if !changes.is_empty() {
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        line(&format!("Uncommitted changes in {}", paths.join(" ")));
        let per_file = (MAX_ADDED_LINES / changes.len()).max(3);
        let added: Vec<&str> = changes
            .iter()
            .flat_map(|change| change.added.iter().take(per_file))
            .map(String::as_str)
            .collect();
        if !added.is_empty() {
            line("```");
            for added in added.iter().take(MAX_ADDED_LINES) {
                line(added);
            }
            line("```");
        }
    }
    // what was done last says little beside what is being done now
    let n_subjects = if changes.is_empty() && ask.is_none() {
        MAX_SUBJECTS
    } else {
        2
    };
    for subject in subjects.iter().take(n_subjects) {
        line(subject);
    }
    text
}

fn is_trunk(branch: &str) -> bool {
    matches!(
        branch,
        "" | "main" | "master" | "trunk" | "develop" | "dev" | "HEAD"
    )
}

/// What differs from HEAD in a work tree, by path; nothing without git, and in a revision only what [`Tree::replace`] replaced. Reads changed files alone: the rest is
/// known by the size and time that the index keeps.
pub fn changes(tree: &Tree) -> Vec<Change> {
    if tree.is_revision() {
        return replaced(tree);
    }
    let Some(repository) = &tree.repository else {
        return Vec::new();
    };
    if repository.is_bare() {
        return Vec::new();
    }
    let handle = repository.handle();
    let Ok(index) = handle.index_or_empty() else {
        return Vec::new();
    };
    let head: FxHashMap<Vec<u8>, gix::ObjectId> = handle
        .head_commit()
        .ok()
        .and_then(|commit| handle.index_from_tree(&commit.tree_id().ok()?).ok())
        .map(|head| {
            head.entries()
                .iter()
                .map(|entry| (entry.path(&head).to_vec(), entry.id))
                .collect()
        })
        .unwrap_or_default();
    let stats: FxHashMap<&[u8], (u32, u32, gix::ObjectId)> = index
        .entries()
        .iter()
        .map(|entry| {
            (
                &**entry.path(&index),
                (entry.stat.size, entry.stat.mtime.secs, entry.id),
            )
        })
        .collect();
    let mut changes = Vec::new();
    for entry in &tree.entries {
        let mut path = repository.prefix.clone();
        path.extend(bytes_of(&entry.below));
        let known = stats.get(path.as_slice());
        let in_head = head.get(&path);
        let untouched = known.is_some_and(|&(size, mtime, id)| {
            u64::from(size) == entry.n_bytes
                && i64::from(mtime) == entry.modified
                && in_head == Some(&id)
        });
        if untouched {
            continue;
        }
        let Ok(bytes) = read_file(&tree.root.join(&entry.below)) else {
            continue;
        };
        let id = gix::objs::compute_hash(gix::hash::Kind::Sha1, gix::objs::Kind::Blob, &bytes).ok();
        if id.is_some() && id.as_ref() == in_head {
            continue;
        }
        let old = in_head
            .and_then(|id| handle.find_object(*id).ok())
            .map(|object| object.detach().data)
            .unwrap_or_default();
        changes.push(Change {
            path: entry.path.clone(),
            added: added_lines(&old, &bytes),
        });
        if changes.len() >= MAX_CHANGED {
            break;
        }
    }
    changes
}

/// What differs from a revision that some files of another were laid over.
fn replaced(tree: &Tree) -> Vec<Change> {
    let change = |(entry, old): (&Entry, Vec<u8>)| {
        let new = tree.read(entry).ok()?;
        Some(Change {
            path: entry.path.clone(),
            added: added_lines(&old, &new),
        })
    };
    tree.replaced().filter_map(change).collect()
}

/// Lines of `new` that stand nowhere in `old`: cheaper than a diff, and moved lines do not count as new.
fn added_lines(old: &[u8], new: &[u8]) -> Vec<String> {
    if new.contains(&0) {
        return Vec::new();
    }
    let old: FxHashSet<&[u8]> = old.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).collect();
    new.split(|&b| b == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| line.len() > 3 && line.len() < 400 && !old.contains(line))
        .take(200)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_lines_are_added() {
        assert_eq!(
            added_lines(b"let a = 1;\nlet b = 2;\n", b"let b = 2;\nlet c = 3;\n"),
            ["let c = 3;"]
        );
        assert_eq!(added_lines(b"", b"\0\0\0\0\0"), Vec::<String>::new());
    }
}
