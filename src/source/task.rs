//! The task of a user who names none: read off what they are doing.
//!
//! In order of how much it tells: what is changed and not yet committed, the last thing asked of an agent, the name of the branch, the
//! newest commits. The result is a text like any other task, so that the bundle can show what was assumed.
//!
//! What is written of a change was chosen by measuring how much of its other half is found (`ctxpack eval --no-task`). The
//! words that went or came say most: who renames a function has its callers still to do. So do lines taken out, and the
//! files that changed together before. Subjects of the newest commits, beside a change, did harm.

use super::entry::{Entry, bytes_of};
use super::history::History;
use super::repository::Repository;
use super::sessions::{Role, Session};
use super::tree::{Tree, list_files};
use super::walk::LIMITS;
use super::{Remembered, Trees};
use crate::guard::secrets::{names::is_secret_name, redact_in};
use rustc_hash::{FxHashMap, FxHashSet};

/// Changed files looked into.
const MAX_CHANGED: usize = 40;

/// Added lines kept of all changed files together, and as many removed ones.
const MAX_LINES: usize = 60;

/// Words kept that a change brought or took.
const MAX_WORDS: usize = 30;

/// Files kept that often changed together with the changed ones.
const MAX_TOGETHER: usize = 5;

/// Commits that touch more files than this say little about any two of them.
const MAX_FILES_TOGETHER: usize = 30;

/// Subjects of newest commits that [`infer`] looks at.
pub const MAX_SUBJECTS: usize = 6;

/// A session's last ask counts if the session ended at most this long before the newest thing known.
const FRESH_SECONDS: i64 = 3 * 86_400;

/// One file that differs from HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Path shown.
    pub path: String,
    /// Lines that HEAD lacks, trimmed, without the blank ones.
    pub added: Vec<String>,
    /// Lines that HEAD alone has, likewise.
    pub removed: Vec<String>,
}

/// Writes the task down.
pub fn infer(trees: &Trees, history: &History, remembered: &Remembered) -> String {
    // what was asked last was asked in the session that is still open, if there is one
    let sessions: Vec<&Session> = remembered
        .in_progress
        .iter()
        .chain(&remembered.sessions)
        .collect();
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
        .filter_map(|commit| commit.subject.as_deref())
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
        let with = together(trees, history, &changes);
        if !with.is_empty() {
            line(&format!("They often change with {}", with.join(" ")));
        }
        let words = changed_words(&changes);
        if !words.is_empty() {
            line(&format!("Words that come or go: {}", words.join(" ")));
        }
        let per_file = (MAX_LINES / changes.len()).max(3);
        let some = |of: fn(&Change) -> &Vec<String>| {
            let lines = changes
                .iter()
                .flat_map(move |change| of(change).iter().take(per_file));
            lines.take(MAX_LINES)
        };
        let mut lines = some(|change| &change.added)
            .chain(some(|change| &change.removed))
            .peekable();
        if lines.peek().is_some() {
            line("```");
            lines.for_each(|changed| line(changed));
            line("```");
        }
    }
    // what was done last says little beside what is asked for, and nothing beside what is being done
    let n_subjects = match (changes.is_empty(), &ask) {
        (false, _) => 0,
        (true, Some(_)) => 2,
        (true, None) => MAX_SUBJECTS,
    };
    for subject in subjects.iter().take(n_subjects) {
        line(subject);
    }
    text
}

fn words(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .filter(|word| word.len() > 3 && word.contains(char::is_alphabetic))
        .collect()
}

/// Words that stand in lines removed and in none added, file by file, or the other way round.
fn changed_words(changes: &[Change]) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for change in changes {
        let (added, removed) = (words(&change.added), words(&change.removed));
        let in_added: FxHashSet<&str> = added.iter().copied().collect();
        let in_removed: FxHashSet<&str> = removed.iter().copied().collect();
        let gone = removed.iter().filter(|word| !in_added.contains(*word));
        let come = added.iter().filter(|word| !in_removed.contains(*word));
        found.extend(gone.chain(come).filter(|word| seen.insert(word)));
    }
    found.truncate(MAX_WORDS);
    found
}

/// Files that changed with the changed ones twice or more, and in a tenth of the commits that touched those; most often first.
fn together<'a>(trees: &'a Trees, history: &History, changes: &[Change]) -> Vec<&'a str> {
    let is_changed = |idx: u32| {
        let path = trees.path(&trees.files[idx as usize]);
        changes.iter().any(|change| change.path == path)
    };
    let changed: FxHashSet<u32> = (0..trees.files.len() as u32)
        .filter(|idx| is_changed(*idx))
        .collect();
    let mut counts: FxHashMap<u32, usize> = FxHashMap::default();
    let mut n_commits = 0;
    for commit in &history.commits {
        if commit.n_files > MAX_FILES_TOGETHER
            || !history.files(commit).any(|idx| changed.contains(&idx))
        {
            continue;
        }
        n_commits += 1;
        for idx in history.files(commit).filter(|idx| !changed.contains(idx)) {
            *counts.entry(idx).or_default() += 1;
        }
    }
    let mut often: Vec<(usize, u32)> = counts
        .into_iter()
        .filter(|(_, n)| *n >= 2 && n * 10 > n_commits)
        .map(|(idx, n)| (n, idx))
        .collect();
    often.sort_by_key(|&(n, idx)| (std::cmp::Reverse(n), idx));
    often
        .iter()
        .take(MAX_TOGETHER)
        .map(|&(_, idx)| trees.path(&trees.files[idx as usize]))
        .collect()
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
        .and_then(|commit| list_files(&handle, &commit.tree().ok()?, LIMITS).ok())
        .map(|head| {
            let files = head.files.into_iter();
            files.map(|file| (file.path.into(), file.id)).collect()
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
        path.extend(bytes_of(entry.below()).iter());
        let known = stats.get(path.as_slice());
        let in_head = head.get(&path);
        let untouched = known.is_some_and(|&(size, mtime, id)| {
            u64::from(size) == entry.n_bytes()
                && i64::from(mtime) == entry.modified()
                && in_head == Some(&id)
        });
        if untouched {
            continue;
        }
        let Ok(bytes) = tree.read(entry) else {
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
        changes.push(change(entry, &old, &bytes));
        if changes.len() >= MAX_CHANGED {
            break;
        }
    }
    changes
}

/// What differs from a revision that some files of another were laid over.
fn replaced(tree: &Tree) -> Vec<Change> {
    let of = |(entry, old): (&Entry, Vec<u8>)| Some(change(entry, &old, &tree.read(entry).ok()?));
    tree.replaced().filter_map(of).collect()
}

/// What differs between two versions of a file. Lines with a secret are as they are in a bundle; of a file that is secret by name none is told.
fn change(entry: &Entry, old: &[u8], new: &[u8]) -> Change {
    let clean = |bytes: &[u8]| {
        redact_in(Some(&entry.path), &String::from_utf8_lossy(bytes))
            .0
            .into_owned()
    };
    let (old, new) = match is_secret_name(&entry.path) {
        true => (String::new(), String::new()),
        false => (clean(old), clean(new)),
    };
    Change {
        path: entry.path.to_string(),
        added: added_lines(old.as_bytes(), new.as_bytes()),
        removed: added_lines(new.as_bytes(), old.as_bytes()),
    }
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

    #[track_caller]
    fn check_words(removed: &[&str], added: &[&str], expected: &[&str]) {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        let change = Change {
            path: "a.rs".to_owned(),
            added: lines(added),
            removed: lines(removed),
        };
        assert_eq!(changed_words(&[change]), expected);
    }

    #[test]
    fn words_come_and_go() {
        check_words(
            &["fn open_file(path: &str)"],
            &["fn open_folder(path: &str)"],
            &["open_file", "open_folder"],
        );
        check_words(&["let total = 1;"], &["let total = 2222;"], &[]);
        check_words(&[], &["retry(retry, delay)"], &["retry", "delay"]);
        let many: Vec<String> = (0..50).map(|i| format!("word{i}")).collect();
        let change = Change {
            path: "a.rs".to_owned(),
            added: many,
            removed: Vec::new(),
        };
        assert_eq!(changed_words(&[change]).len(), MAX_WORDS);
    }
}
