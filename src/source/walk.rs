//! Walks the folders of a root by the ignore files in them.
//!
//! The rules are git's, those of `.ignore` and, before both, those of `.ctxpackignore`; the `ignore` crate matches them.
//! Its walker lost, because it opens whatever is called `.gitignore`: a FIFO would hold the run for ever, a device would
//! fill the memory, and a link, or a folder above the repository, would rule a tree from outside.

use super::tree::{Unreadable, bytes_of, read_file};
use crate::error::{Error, Warning};
use crate::guard::text::path_text;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustc_hash::FxHashMap;
use std::ffi::OsStr;
use std::fs::FileType;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Ignore files above this size are not read: far more than people write, and little enough to compile in passing.
const MAX_BYTES: usize = 1024 * 1024;

/// Ignore files, those that rule first first. What `.ctxpackignore` says of a file holds whatever git's say of it.
const NAMES: [&str; 3] = [".ctxpackignore", ".ignore", ".gitignore"];

/// Kinds of rules: [`NAMES`], and the repository's `info/exclude`.
const N_LAYERS: usize = NAMES.len() + 1;

/// Layers from this one on are git's, and end at the folder of a repository.
const FIRST_OF_GIT: usize = 2;

/// The rules of a folder and of those above it.
#[derive(Debug, Default)]
pub struct Rules {
    layers: [Option<Gitignore>; N_LAYERS],
    is_repository: bool,
    above: Option<Rc<Rules>>,
}

/// What a walk found, in no order.
#[derive(Debug, Default)]
pub struct Found {
    /// Regular files, relative to the root.
    pub files: Vec<PathBuf>,
    /// Trouble on the way.
    pub warnings: Vec<Warning>,
}

impl Rules {
    /// The rules above `root`: of the folders from `top`, the repository's, down to it, and `exclude`, git's list for one clone.
    pub fn above(
        root: &Path,
        top: Option<&Path>,
        exclude: Option<&Path>,
        warnings: &mut Vec<Warning>,
    ) -> Rc<Self> {
        let Some(top) = top else {
            return Rc::default();
        };
        let mut outermost = Self {
            is_repository: true,
            ..Self::default()
        };
        outermost.layers[N_LAYERS - 1] =
            exclude.and_then(|file| read(top, file, "info/exclude", warnings));
        let mut rules = Rc::new(outermost);
        let mut folders: Vec<&Path> = root
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(top))
            .collect();
        folders.reverse();
        for folder in folders {
            let is_repository = folder != top && folder.join(".git").symlink_metadata().is_ok();
            rules = Self::of(folder, &rules, is_repository, folder, warnings);
        }
        rules
    }

    /// The rules of `folder`, below `above`. `root` is what warnings name paths from.
    fn of(
        folder: &Path,
        above: &Rc<Self>,
        is_repository: bool,
        root: &Path,
        warnings: &mut Vec<Warning>,
    ) -> Rc<Self> {
        let mut layers = [const { None }; N_LAYERS];
        for (layer, name) in layers.iter_mut().zip(NAMES) {
            let file = folder.join(name);
            *layer = read(folder, &file, &shown(&file, root), warnings);
        }
        Rc::new(Self {
            layers,
            is_repository,
            above: Some(Rc::clone(above)),
        })
    }

    /// What one kind of rules says of `path`, absolute: the innermost folder that says anything rules.
    fn verdict(&self, layer: usize, path: &Path, is_folder: bool) -> Option<bool> {
        let mut at = Some(self);
        while let Some(rules) = at {
            if let Some(matcher) = &rules.layers[layer] {
                match matcher.matched(path, is_folder) {
                    Match::Ignore(_) => return Some(true),
                    Match::Whitelist(_) => return Some(false),
                    Match::None => {}
                }
            }
            if rules.is_repository && layer >= FIRST_OF_GIT {
                return None;
            }
            at = rules.above.as_deref();
        }
        None
    }

    fn ignores(&self, path: &Path, is_folder: bool) -> bool {
        (0..N_LAYERS)
            .find_map(|layer| self.verdict(layer, path, is_folder))
            .unwrap_or(false)
    }
}

/// Lists the files below `root`, canonical, that no rule leaves out. Links are not followed, `.git` is passed over.
///
/// # Errors
/// [`Error::Io`] where the root itself cannot be listed; a folder below it is a warning.
pub fn walk(root: &Path, above: &Rc<Rules>) -> Result<Found, Error> {
    let mut found = Found::default();
    let mut links: Vec<PathBuf> = Vec::new();
    let mut pending = vec![(PathBuf::new(), Rc::clone(above))];
    while let Some((below, above)) = pending.pop() {
        let folder = match below.as_os_str().is_empty() {
            true => root.to_owned(),
            false => root.join(&below),
        };
        let listing = std::fs::read_dir(&folder).and_then(|listing| {
            let kinds = listing.map(|entry| {
                let entry = entry?;
                Ok((entry.file_name(), entry.file_type()?))
            });
            kinds.collect::<std::io::Result<Vec<_>>>()
        });
        let listing = match listing {
            Ok(listing) => listing,
            Err(e) if below.as_os_str().is_empty() => return Err(Error::io(root, e)),
            Err(e) => {
                let path = path_text(&bytes_of(&below));
                let message = format!("the folder cannot be listed: {e}");
                found
                    .warnings
                    .push(Warning::new("unreadable", path, message));
                continue;
            }
        };
        let has = |wanted: &str| listing.iter().any(|(name, _)| name == wanted);
        let is_repository = !below.as_os_str().is_empty() && has(".git");
        let rules = if is_repository || NAMES.into_iter().any(has) {
            Rules::of(&folder, &above, is_repository, root, &mut found.warnings)
        } else {
            above
        };
        for (name, kind) in listing {
            let path = folder.join(&name);
            if is_git(&name) || rules.ignores(&path, kind.is_dir()) {
                continue;
            }
            let below = below.join(&name);
            if kind.is_dir() {
                pending.push((below, Rc::clone(&rules)));
            } else if kind.is_file() {
                found.files.push(below);
            } else if kind.is_symlink() {
                links.push(below);
            } else {
                let path = path_text(&bytes_of(&below));
                let message = format!("{}, and not read", noun(kind));
                found
                    .warnings
                    .push(Warning::new("special-file", path, message));
            }
        }
    }
    found.warnings.extend(not_followed(root, links));
    Ok(found)
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

#[cfg(unix)]
fn noun(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn noun(_: FileType) -> &'static str {
    "no regular file"
}

/// The rules in `file`, which is about paths below `folder`; `None` where there are none.
fn read(folder: &Path, file: &Path, shown: &str, warnings: &mut Vec<Warning>) -> Option<Gitignore> {
    let mut warn =
        |message: String| warnings.push(Warning::new("ignore-file-not-read", shown, message));
    let metadata = file.symlink_metadata().ok()?;
    if metadata.is_symlink() {
        warn("a link, and not followed: its rules do not hold".to_owned());
        return None;
    }
    if !metadata.is_file() {
        warn("no regular file: it holds no rules".to_owned());
        return None;
    }
    let bytes = match read_file(file) {
        Ok(bytes) if bytes.len() <= MAX_BYTES => bytes,
        Ok(_) | Err(Unreadable::TooLarge) => {
            warn(format!(
                "larger than {} KiB: its rules do not hold",
                MAX_BYTES >> 10
            ));
            return None;
        }
        Err(Unreadable::Gone) => return None,
        Err(Unreadable::Failed(message)) => {
            warn(format!("{message}: its rules do not hold"));
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut builder = GitignoreBuilder::new(folder);
    let mut bad: Option<usize> = None;
    for (line_idx, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        if builder.add_line(None, line).is_err() {
            bad.get_or_insert(line_idx + 1);
        }
    }
    if let Some(line) = bad {
        warn(format!(
            "line {line} is no glob, and lines like it do not hold"
        ));
    }
    match builder.build() {
        Ok(matcher) => (!matcher.is_empty()).then_some(matcher),
        Err(_) => {
            warn("too much to compile: its rules do not hold".to_owned());
            None
        }
    }
}

fn shown(file: &Path, root: &Path) -> String {
    path_text(&bytes_of(file.strip_prefix(root).unwrap_or(file)))
}

/// `.ctxpackignore` alone, for files that the walk did not come by: what git tracks although git's own rules name it.
#[derive(Debug)]
pub struct Custom<'a> {
    root: &'a Path,
    above: &'a Rules,
    /// By folder, relative to the root.
    folders: FxHashMap<PathBuf, Option<Gitignore>>,
}

impl<'a> Custom<'a> {
    /// The rules of the folders of `root`, read as they are needed, below `above`.
    pub fn new(root: &'a Path, above: &'a Rules) -> Self {
        Self {
            root,
            above,
            folders: FxHashMap::default(),
        }
    }

    /// Whether the file `below` the root, or a folder that it lies in, is left out. No folder on the way may be a link.
    pub fn ignores(&mut self, below: &Path, warnings: &mut Vec<Warning>) -> bool {
        let mut on_the_way: Vec<&Path> = below
            .ancestors()
            .filter(|path| !path.as_os_str().is_empty())
            .collect();
        on_the_way.reverse();
        on_the_way.into_iter().any(|path| {
            let full = self.root.join(path);
            let is_folder = path != below;
            for folder in path.ancestors().skip(1) {
                if !self.folders.contains_key(folder) {
                    let file = self.root.join(folder).join(NAMES[0]);
                    let shown = shown(&file, self.root);
                    let rules = read(&self.root.join(folder), &file, &shown, warnings);
                    self.folders.insert(folder.to_owned(), rules);
                }
                match self.folders[folder]
                    .as_ref()
                    .map(|matcher| matcher.matched(&full, is_folder))
                {
                    Some(Match::Ignore(_)) => return true,
                    Some(Match::Whitelist(_)) => return false,
                    Some(Match::None) | None => {}
                }
            }
            self.above.verdict(0, &full, is_folder).unwrap_or(false)
        })
    }
}
