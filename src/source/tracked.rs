//! What git tracks beside what a walk of the work tree finds.

use super::beneath::{Folder, Kind};
use super::entry::{Contents, Entry, bytes_of, is_plain, name_of, path_of};
use super::rules::{Custom, Rules};
use super::tree::Tree;
use super::walk;
use crate::error::Warning;
use rayon::prelude::*;
use std::borrow::Cow;
use std::path::Path;

impl Tree {
    /// Files that git tracks although an ignore file names them belong to the repository; `.ctxpackignore` still rules. What is listed
    /// already, sorted, is passed over.
    pub(super) fn tracked(
        &mut self,
        walk::Tracked { index, prefix }: walk::Tracked<'_>,
        folder: &Folder,
        above: &Rules,
    ) -> Vec<Entry> {
        let mut tracked = Vec::new();
        let entries = self.entries.iter();
        let mut known: Vec<Cow<'_, [u8]>> = entries.map(|it| bytes_of(it.below())).collect();
        if !known.is_sorted() {
            known.par_sort_unstable();
        }
        let look_up = |entries: &[gix::index::Entry]| {
            let below = entries.iter().map(|entry| entry.path(index));
            let mut below = below.filter_map(|path| path.strip_prefix(prefix));
            let mut unknown: Vec<&[u8]> = Vec::new();
            if let Some(first) = below.next() {
                let start = known.partition_point(|path| path.as_ref() < first);
                let mut known = known[start..].iter().peekable();
                for below in [first].into_iter().chain(below) {
                    // both are in git's order; what an index that is not lists twice is dropped in the end
                    while known.next_if(|path| path.as_ref() < below).is_some() {}
                    if known.peek().is_none_or(|path| path.as_ref() != below) {
                        unknown.push(below);
                    }
                }
            }
            self.look_up(folder, above, &unknown)
        };
        // each on its own: who is done early takes one more
        let chunks = index.entries().par_chunks(TRACKED_AT_ONCE);
        let looked_up: Vec<Tracked> = chunks.with_max_len(1).map(look_up).collect();
        let n_odd: usize = looked_up.iter().map(|it| it.n_odd).sum();
        if let Some(odd) = looked_up.iter().rev().find_map(|it| it.odd.as_ref()) {
            let message = format!(
                "the git index names {n_odd} path{} that no work tree may hold, such as {odd}",
                if n_odd == 1 { "" } else { "s" }
            );
            self.warnings
                .push(Warning::new("git-odd-path", "", message));
        }
        tracked.reserve_exact(looked_up.iter().map(|it| it.entries.len()).sum());
        for found in looked_up {
            tracked.extend(found.entries);
            self.warnings.extend(found.warnings);
        }
        tracked
    }

    /// Looks `paths` up, as the index has them: one folder after the other.
    fn look_up(&self, folder: &Folder, above: &Rules, paths: &[&[u8]]) -> Tracked {
        let mut found = Tracked {
            entries: Vec::with_capacity(paths.len()),
            ..Tracked::default()
        };
        let mut custom = Custom::new(&self.root, folder, above);
        // the folder of the one before, most often
        let mut last: Option<(&[u8], Option<InFolder>)> = None;
        for &path in paths {
            if !is_plain(path) {
                found.n_odd += 1;
                found.odd = Some(self.shown(path));
                continue;
            }
            let (parent, name) = match memchr::memrchr(b'/', path) {
                Some(at) => (&path[..at], &path[at + 1..]),
                None => (&path[..0], path),
            };
            let parent = match &last {
                Some((path, folder)) if *path == parent => folder,
                _ => {
                    let below = path_of(parent);
                    let handle = folder.folder(&below).ok();
                    let handle = handle.map(|handle| {
                        custom.enter(&below, &handle, &mut found.warnings);
                        let has_rules = custom.has_rules(&below, &mut found.warnings);
                        InFolder { handle, has_rules }
                    });
                    &last.insert((parent, handle)).1
                }
            };
            let Some(parent) = parent else { continue };
            let Ok(stat) = parent.handle.stat_name(&name_of(name)) else {
                continue;
            };
            let below = name_of(path);
            let below = Path::new(&*below);
            let is_ignored = parent.has_rules && custom.ignores(below, &mut found.warnings);
            if stat.kind == Kind::File && !is_ignored {
                let entry = self.entry(below, Contents::OnDisk(stat.stamp));
                found.entries.push(entry);
            }
        }
        found
    }
}

/// A folder, and whether any rules are about what lies in it.
struct InFolder {
    handle: Folder,
    has_rules: bool,
}

/// What git tracks and an ignore file names, out of some paths of the index.
#[derive(Default)]
struct Tracked {
    entries: Vec<Entry>,
    /// Paths that no work tree may hold, and the last of them.
    n_odd: usize,
    odd: Option<String>,
    warnings: Vec<Warning>,
}

/// Paths of the index that are looked up on one core.
const TRACKED_AT_ONCE: usize = 512;
