//! Walks the folders of a root by the ignore files in them.
//!
//! The rules are git's, those of `.ignore` and, before both, those of `.ctxpackignore`; the `ignore` crate matches them.
//! Its walker lost, because it opens whatever is called `.gitignore`: a FIFO would hold the run for ever, a device would
//! fill the memory, and a link, or a folder above the repository, would rule a tree from outside.
//!
//! A tree may be larger than any run has time for. The walk goes breadth first and by name, so that what a limit leaves out is the
//! deepest and the last, and the same on every machine.

use super::beneath::{Folder, Kind, Stat};
use super::entry::bytes_of;
use super::rules::{NAMES, Rules};
use crate::error::{Error, Warning};
use crate::guard::text::path_text;
use rayon::prelude::*;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much is listed of a tree.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Files, and folders.
    pub n_files: usize,
    /// Folders that a file lies in, the root aside.
    pub depth: usize,
    /// Names looked at, those that are ignored among them.
    pub n_names: usize,
}

/// A million files take a minute and a gigabyte. Few systems open a path of a thousand folders.
pub const LIMITS: Limits = Limits {
    n_files: 1 << 20,
    depth: 1024,
    n_names: 1 << 22,
};

/// What a walk found, in no order.
#[derive(Debug, Default)]
pub struct Found {
    /// Regular files, relative to the root.
    pub files: Vec<(PathBuf, Stat)>,
    /// Trouble on the way.
    pub warnings: Vec<Warning>,
}

/// What git tracks, and the path of the root below its work tree.
#[derive(Clone, Copy)]
pub struct Tracked<'a> {
    /// Its index.
    pub index: &'a gix::index::State,
    /// With `/`, ending in `/` unless empty.
    pub prefix: &'a [u8],
}

/// That of one folder.
struct TrackedIn<'a> {
    index: &'a gix::index::State,
    /// Those whose paths begin with the folder's.
    entries: &'a [gix::index::Entry],
    path: Vec<u8>,
    /// Bytes of the path that are the folder's.
    n_folder: usize,
}

impl<'a> Tracked<'a> {
    fn below(self, folder: &Path) -> TrackedIn<'a> {
        let mut path = self.prefix.to_vec();
        path.extend(bytes_of(folder).iter());
        if path.last().is_some_and(|&b| b != b'/') {
            path.push(b'/');
        }
        let entries = self.index.prefixed_entries(path.as_slice().into());
        TrackedIn {
            index: self.index,
            entries: entries.unwrap_or_default(),
            n_folder: path.len(),
            path,
        }
    }
}

impl TrackedIn<'_> {
    /// Whether git tracks the file of this name. Of an index that is in no order it may say no.
    fn has(&mut self, name: &OsStr) -> bool {
        self.path.truncate(self.n_folder);
        self.path.extend(bytes_of(Path::new(name)).iter());
        let path = self.path.as_slice().into();
        let by_path = |entry: &gix::index::Entry| entry.path(self.index).cmp(path);
        self.entries.binary_search_by(by_path).is_ok()
    }
}

/// Folders that are looked into at once, and names of each: what has more is looked into by itself, so that memory is bounded.
const N_AT_ONCE: usize = 64;
const MAX_NAMES_AT_ONCE: usize = 1 << 14;

/// Files of a folder that are asked about on one core.
const MIN_STATS: usize = 256;

/// Lists the files below `root`, canonical and held open as `handle`, that no rule leaves out. Links are not followed, `.git` is
/// passed over; what is `tracked` git's own rules do not leave out. Where the tree is larger than `limits` the rest is left out, with a warning. Folders of one depth are looked into on all
/// cores, and counted in the order of their names.
///
/// # Errors
/// [`Error::Io`] where the root itself cannot be listed; a folder below it is a warning.
pub fn walk(
    root: &Path,
    handle: &Folder,
    above: &Arc<Rules>,
    tracked: Option<Tracked<'_>>,
    limits: Limits,
) -> Result<Found, Error> {
    let mut found = Found::default();
    let mut links: Vec<PathBuf> = Vec::new();
    let mut cut = Cut::default();
    let (mut n_folders, mut n_names) = (0, 0);
    let mut level = vec![(PathBuf::new(), Arc::clone(above))];
    let mut depth = 0;
    while !level.is_empty() {
        let mut next = Vec::new();
        for folders in level.chunks(N_AT_ONCE) {
            let most = MAX_NAMES_AT_ONCE.min(limits.n_names - n_names);
            let looked: Vec<std::io::Result<Looked>> = folders
                .par_iter()
                .map(|(below, above)| look(root, handle, below, above, tracked, most))
                .collect();
            for ((below, above), looked) in folders.iter().zip(looked) {
                let left = limits.n_names - n_names;
                let looked = match looked {
                    Ok(looked) if looked.is_cut || looked.n_names > left => {
                        look(root, handle, below, above, tracked, left)
                    }
                    looked => looked,
                };
                let looked = match looked {
                    Ok(looked) => looked,
                    Err(e) if depth == 0 => return Err(Error::io(root, e)),
                    Err(e) => {
                        let path = path_text(&bytes_of(below));
                        let message = format!("the folder cannot be listed: {e}");
                        let warning = Warning::new("unreadable", path, message);
                        found.warnings.push(warning);
                        continue;
                    }
                };
                n_names += looked.n_names;
                cut.names |= looked.is_cut;
                found.warnings.extend(looked.warnings);
                for (path, kind, stat) in looked.names {
                    match kind {
                        Kind::Folder if depth >= limits.depth => cut.deeper(path),
                        Kind::Folder if n_folders >= limits.n_files => cut.many = true,
                        Kind::Folder => {
                            n_folders += 1;
                            next.push((path, Arc::clone(&looked.rules)));
                        }
                        Kind::File if found.files.len() >= limits.n_files => cut.many = true,
                        // it may be gone by now, or something else
                        Kind::File => match stat {
                            Some(Ok(stat)) if stat.kind == Kind::File => {
                                found.files.push((path, stat));
                            }
                            Some(Err(e)) if e.kind() != std::io::ErrorKind::NotFound => {
                                let path = path_text(&bytes_of(&path));
                                let warning = Warning::new("unreadable", path, e.to_string());
                                found.warnings.push(warning);
                            }
                            _ => {}
                        },
                        Kind::Link => links.push(path),
                        Kind::Fifo | Kind::Socket | Kind::Device => {
                            found.warnings.push(special(&path, kind));
                        }
                    }
                }
            }
        }
        level = next;
        depth += 1;
    }
    found.warnings.extend(not_followed(root, links));
    found.warnings.extend(cut.warnings(limits));
    Ok(found)
}

/// A folder that was looked into.
struct Looked {
    /// What no rule leaves out, by name: its path below the root, and for what was listed as a file what it is now.
    names: Vec<(PathBuf, Kind, Option<std::io::Result<Stat>>)>,
    /// Names that were read, those that are ignored among them.
    n_names: usize,
    /// Whether there are more.
    is_cut: bool,
    /// The rules of what lies in it.
    rules: Arc<Rules>,
    warnings: Vec<Warning>,
}

/// Looks into the folder `below` the root, at no more than `most` names.
fn look(
    root: &Path,
    handle: &Folder,
    below: &Path,
    above: &Arc<Rules>,
    tracked: Option<Tracked<'_>>,
    most: usize,
) -> std::io::Result<Looked> {
    let folder = handle.folder(below)?;
    let (mut listing, is_cut) = folder.list(most)?;
    listing.sort_unstable();
    let mut warnings = Vec::new();
    let is_root = below.as_os_str().is_empty();
    // joined with nothing, a path would end in a slash
    let full = if is_root {
        root.to_owned()
    } else {
        root.join(below)
    };
    let has = |wanted: &str| {
        let found = listing.binary_search_by(|(name, _)| name.as_os_str().cmp(OsStr::new(wanted)));
        found.is_ok()
    };
    let is_repository = !is_root && has(".git");
    let rules = if is_repository || NAMES.into_iter().any(has) {
        Rules::of(&full, &folder, above, is_repository, root, &mut warnings)
    } else {
        Arc::clone(above)
    };
    let n_names = listing.len();
    let mut tracked = tracked.map(|tracked| tracked.below(below));
    let mut path = full.clone();
    listing.retain(|(name, kind)| {
        // one name after the other in one place
        path.push(name);
        // to look it up takes less than to ask all rules
        let is_file = *kind == Kind::File;
        let is_tracked = is_file && tracked.as_mut().is_some_and(|it| it.has(name));
        let is_left_out = match is_tracked {
            true => rules.ignores_tracked(&path),
            false => rules.ignores(&path, *kind == Kind::Folder),
        };
        path.pop();
        !is_git(name) && !is_left_out
    });
    let look = |(name, kind): (OsString, Kind)| {
        let stat = (kind == Kind::File).then(|| folder.stat_name(&name));
        (below.join(name), kind, stat)
    };
    let names = if n_names > MIN_STATS {
        let names = listing.into_par_iter().with_min_len(MIN_STATS);
        names.map(look).collect()
    } else {
        listing.into_iter().map(look).collect()
    };
    Ok(Looked {
        names,
        n_names,
        is_cut,
        rules,
        warnings,
    })
}

/// What limits left out of a walk.
#[derive(Debug, Default)]
struct Cut {
    many: bool,
    names: bool,
    deep: Option<PathBuf>,
    n_deep: usize,
}

impl Cut {
    fn deeper(&mut self, folder: PathBuf) {
        self.n_deep += 1;
        self.deep.get_or_insert(folder);
    }

    fn warnings(self, limits: Limits) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.many || self.names {
            let (n, what) = match self.many {
                true => (limits.n_files, "files or folders"),
                false => (limits.n_names, "names"),
            };
            let message = format!(
                "more than {n} {what}: the deepest and last are left out; an ignore file or a folder named instead of the whole helps"
            );
            warnings.push(Warning::new("tree-too-large", "", message));
        }
        if let Some(folder) = self.deep {
            let others = match self.n_deep - 1 {
                0 => String::new(),
                n => format!(", and {n} more"),
            };
            let message = format!(
                "{} folders deep, and not looked into{others}: the path is too long",
                limits.depth
            );
            let path = path_text(&bytes_of(&folder));
            warnings.push(Warning::new("tree-too-deep", path, message));
        }
        warnings
    }
}

fn special(below: &Path, kind: Kind) -> Warning {
    let noun = match kind {
        Kind::Fifo => "a FIFO",
        Kind::Socket => "a socket",
        _ => "a device",
    };
    let path = path_text(&bytes_of(below));
    Warning::new("special-file", path, format!("{noun}, and not read"))
}

/// Whether git keeps such a name for itself. In any case, as on file systems that do not tell cases apart.
pub fn is_git(name: &OsStr) -> bool {
    name.eq_ignore_ascii_case(".git")
}

/// Links that lead out of the root, or nowhere: those inside it hide nothing. One warning each, however many there are.
fn not_followed(root: &Path, mut links: Vec<PathBuf>) -> Vec<Warning> {
    links.sort();
    let (mut outside, mut nowhere) = (Vec::new(), Vec::new());
    for link in &links {
        match root.join(link).canonicalize() {
            Ok(target) if target.starts_with(root) => {}
            Ok(_) => outside.push(link),
            Err(_) => nowhere.push(link),
        }
    }
    let warning = |links: Vec<&PathBuf>, what: &str| {
        let path = path_text(&bytes_of(links.first()?));
        let others = match links.len() - 1 {
            0 => String::new(),
            1 => "; so does 1 other link".to_owned(),
            n => format!("; so do {n} other links"),
        };
        let message = format!("the link {what}, and is not followed{others}");
        Some(Warning::new("link-not-followed", path, message))
    };
    let both = [
        warning(outside, "leads out of the root"),
        warning(nowhere, "leads nowhere"),
    ];
    both.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files found below a tree of three levels, and the warnings.
    #[track_caller]
    fn check(limits: Limits, files: &[&str], warnings: &[&str]) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        for path in ["b/1/x", "b/1/y", "a/1/x", "b/z", "a/z", "top"] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let folder = Folder::open(&root).unwrap();
        let found = walk(&root, &folder, &Arc::default(), None, limits).unwrap();
        let paths: Vec<&str> = found.files.iter().filter_map(|it| it.0.to_str()).collect();
        assert_eq!(paths, files, "{limits:?}");
        let codes: Vec<&str> = found.warnings.iter().map(|it| it.code).collect();
        assert_eq!(codes, warnings, "{limits:?}");
    }

    #[test]
    fn what_limits_leave_out_is_the_deepest_and_last() {
        let limits = |n_files, depth, n_names| Limits {
            n_files,
            depth,
            n_names,
        };
        let all = &["top", "a/z", "b/z", "a/1/x", "b/1/x", "b/1/y"];
        check(limits(6, 2, 99), all, &[]);
        check(limits(5, 9, 99), &all[..5], &["tree-too-large"]);
        check(limits(9, 1, 99), &all[..3], &["tree-too-deep"]);
        check(limits(9, 0, 99), &all[..1], &["tree-too-deep"]);
        check(limits(9, 9, 7), &all[..3], &["tree-too-large"]);
        check(limits(0, 9, 99), &[], &["tree-too-large"]);
    }
}
