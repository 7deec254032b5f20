//! What ignore files say: git's, `.ignore` and, before both, `.ctxpackignore`; the `ignore` crate matches them.

use super::beneath::{Folder, Kind, Unreadable};
use super::entry::{Entry, bytes_of};
use crate::error::Warning;
use crate::guard::text::path_text;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustc_hash::FxHashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Ignore files above this size are not read: far more than people write, and little enough to compile in passing.
const MAX_BYTES: u64 = 1024 * 1024;

/// Ignore files, those that rule first first. What `.ctxpackignore` says of a file holds whatever git's say of it.
pub(super) const NAMES: [&str; 3] = [".ctxpackignore", ".ignore", ".gitignore"];

/// Kinds of rules: [`NAMES`], and the repository's `info/exclude`.
const N_LAYERS: usize = NAMES.len() + 1;

/// Layers from this one on are git's, and end at the folder of a repository.
const FIRST_OF_GIT: usize = 2;

/// The rules of a folder and of those above it.
#[derive(Debug, Default)]
pub struct Rules {
    layers: [Option<Gitignore>; N_LAYERS],
    is_repository: bool,
    above: Option<Arc<Rules>>,
}

impl Rules {
    /// The rules above `root`: of the folders from `top`, the repository's, down to it, and those in `exclude`, the folder where
    /// git keeps its list for one clone.
    pub fn above(
        root: &Path,
        top: Option<&Path>,
        exclude: Option<&Path>,
        warnings: &mut Vec<Warning>,
    ) -> Arc<Self> {
        let Some(top) = top else {
            return Arc::default();
        };
        let mut outermost = Self {
            is_repository: true,
            ..Self::default()
        };
        outermost.layers[N_LAYERS - 1] = exclude.and_then(|info| {
            let folder = Folder::open(info).ok()?;
            read(top, &folder, Path::new("exclude"), "info/exclude", warnings)
        });
        let mut rules = Arc::new(outermost);
        let mut folders: Vec<&Path> = root
            .ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(top))
            .collect();
        folders.reverse();
        for folder in folders {
            let Ok(handle) = Folder::open(folder) else {
                continue;
            };
            let is_repository = folder != top && handle.stat(Path::new(".git")).is_ok();
            rules = Self::of(folder, &handle, &rules, is_repository, folder, warnings);
        }
        rules
    }

    /// The rules of `folder`, held open as `handle`, below `above`. `root` is what warnings name paths from.
    pub(super) fn of(
        folder: &Path,
        handle: &Folder,
        above: &Arc<Self>,
        is_repository: bool,
        root: &Path,
        warnings: &mut Vec<Warning>,
    ) -> Arc<Self> {
        let mut layers = [const { None }; N_LAYERS];
        for (layer, name) in layers.iter_mut().zip(NAMES) {
            let shown = shown(&folder.join(name), root);
            *layer = read(folder, handle, Path::new(name), &shown, warnings);
        }
        Arc::new(Self {
            layers,
            is_repository,
            above: Some(Arc::clone(above)),
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

    /// Whether one kind of rules says anything at all.
    fn says(&self, layer: usize) -> bool {
        let mut at = Some(self);
        while let Some(rules) = at {
            if rules.layers[layer].is_some() {
                return true;
            }
            at = rules.above.as_deref();
        }
        false
    }

    pub(super) fn ignores(&self, path: &Path, is_folder: bool) -> bool {
        (0..N_LAYERS)
            .find_map(|layer| self.verdict(layer, path, is_folder))
            .unwrap_or(false)
    }

    /// The same of a file that git tracks: its own rules are not about that.
    pub(super) fn ignores_tracked(&self, path: &Path) -> bool {
        self.verdict(0, path, false).unwrap_or(false)
    }
}

/// The rules in the file `name` of `handle`, which are about paths below `folder`; `None` where there are none.
fn read(
    folder: &Path,
    handle: &Folder,
    name: &Path,
    shown: &str,
    warnings: &mut Vec<Warning>,
) -> Option<Gitignore> {
    let mut warn =
        |message: String| warnings.push(Warning::new("ignore-file-not-read", shown, message));
    match handle.stat(name).ok()?.kind {
        Kind::File => {}
        Kind::Link => {
            warn("a link, and not followed: its rules do not hold".to_owned());
            return None;
        }
        _ => {
            warn("no regular file: it holds no rules".to_owned());
            return None;
        }
    }
    let bytes = match handle.read(name, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(Unreadable::TooLarge) => {
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
    rules_of(&bytes, folder, &mut warn)
}

/// The rules that the bytes of an ignore file hold, which are about paths below `folder`; `None` where there are none.
fn rules_of(bytes: &[u8], folder: &Path, warn: &mut dyn FnMut(String)) -> Option<Gitignore> {
    let text = String::from_utf8_lossy(bytes);
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

/// Leaves out of `entries`, whose files are objects of git's, what the `.ctxpackignore` among them leave out, as a walk would.
pub(super) fn drop_ignored(
    entries: &mut Vec<Entry>,
    text: &dyn Fn(&Entry) -> Option<Vec<u8>>,
    warnings: &mut Vec<Warning>,
) {
    let mut folders: FxHashMap<PathBuf, Gitignore> = FxHashMap::default();
    let named = entries
        .iter()
        .filter(|entry| entry.below().file_name() == Some(OsStr::new(NAMES[0])));
    for entry in named.filter(|entry| entry.n_bytes() <= MAX_BYTES) {
        let folder = entry.below().parent().unwrap_or(Path::new(""));
        let Some(bytes) = text(entry) else {
            continue;
        };
        let rules = rules_of(&bytes, folder, &mut |message| {
            warnings.push(Warning::new("ignore-file-not-read", &*entry.path, message));
        });
        folders.extend(rules.map(|rules| (folder.to_owned(), rules)));
    }
    if folders.is_empty() {
        return;
    }
    let ignores = |below: &Path| {
        let mut on_the_way: Vec<&Path> = below.ancestors().collect();
        on_the_way.pop(); // the root itself
        on_the_way.into_iter().rev().any(|path| {
            let rules = path.ancestors().skip(1).filter_map(|at| folders.get(at));
            let mut said = rules.map(|rules| rules.matched(path, path != below));
            said.find(|said| !said.is_none())
                .is_some_and(|said| said.is_ignore())
        })
    };
    entries.retain(|entry| !ignores(entry.below()));
}

/// The rules of `.ctxpackignore` in a folder that is held open.
fn custom(
    full: &Path,
    folder: &Path,
    handle: &Folder,
    warnings: &mut Vec<Warning>,
) -> Option<Gitignore> {
    let name = Path::new(NAMES[0]);
    read(
        full,
        handle,
        name,
        &shown(&folder.join(name), Path::new("")),
        warnings,
    )
}

fn shown(file: &Path, root: &Path) -> String {
    path_text(&bytes_of(file.strip_prefix(root).unwrap_or(file)))
}

/// `.ctxpackignore` alone, for files that the walk did not come by: what git tracks although git's own rules name it.
#[derive(Debug)]
pub struct Custom<'a> {
    root: &'a Path,
    handle: &'a Folder,
    above: &'a Rules,
    /// By folder, relative to the root.
    folders: FxHashMap<PathBuf, Option<Gitignore>>,
}

impl<'a> Custom<'a> {
    /// The rules of the folders of `root`, read as they are needed, below `above`.
    pub fn new(root: &'a Path, handle: &'a Folder, above: &'a Rules) -> Self {
        Self {
            root,
            handle,
            above,
            folders: FxHashMap::default(),
        }
    }

    /// Reads the rules of a folder by the handle that it is held open by.
    pub fn enter(&mut self, folder: &Path, handle: &Folder, warnings: &mut Vec<Warning>) {
        if !self.folders.contains_key(folder) {
            let rules = custom(&self.root.join(folder), folder, handle, warnings);
            self.folders.insert(folder.to_owned(), rules);
        }
    }

    /// Whether any rules are about what lies in a folder: in most trees there are none.
    pub fn has_rules(&mut self, folder: &Path, warnings: &mut Vec<Warning>) -> bool {
        let mut has_rules = self.above.says(0);
        for folder in folder.ancestors() {
            has_rules |= self.rules(folder, warnings).is_some();
        }
        has_rules
    }

    /// The rules of a folder itself.
    fn rules(&mut self, folder: &Path, warnings: &mut Vec<Warning>) -> Option<&Gitignore> {
        if !self.folders.contains_key(folder) {
            let full = self.root.join(folder);
            let handle = self.handle.folder(folder).ok();
            let rules = handle.and_then(|handle| custom(&full, folder, &handle, warnings));
            self.folders.insert(folder.to_owned(), rules);
        }
        self.folders.get(folder)?.as_ref()
    }

    /// Whether the file `below` the root, or a folder that it lies in, is left out.
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
                let rules = self.rules(folder, warnings);
                match rules.map(|matcher| matcher.matched(&full, is_folder)) {
                    Some(Match::Ignore(_)) => return true,
                    Some(Match::Whitelist(_)) => return false,
                    Some(Match::None) | None => {}
                }
            }
            self.above.verdict(0, &full, is_folder).unwrap_or(false)
        })
    }
}
