//! Sources: where candidates come from.
//!
//! [`open`] lists, [`scan`] reads every file once and keeps its lexical profile against the query; no text of a file stays in
//! memory. The few that could be shown are read again by [`Trees::text`].

mod beneath;
pub mod changes;
mod claude_dir;
mod cleared;
pub mod entry;
pub mod fork;
mod globs;
pub mod history;
pub mod hunks;
mod imports;
mod indexed;
pub mod lax;
mod lessons;
mod listed;
pub mod memo;
mod meter;
pub mod notes;
pub mod odd;
mod places;
pub mod reader;
mod remembered;
pub mod repository;
mod rules;
pub mod secrets;
pub mod sessions;
mod sqlite;
pub mod staged;
pub mod stores;
pub mod task;
mod touched;
mod tracked;
pub mod tree;
mod walk;
mod watch;

use crate::cache::Cache;
use crate::error::{Error, Warning};
use crate::guard::is_bundle;
use crate::guard::secrets::{self as known, Redaction, names::is_secret_name, redact};
use crate::guard::text::{CleanText, Decoded, decode};
use crate::index::Fingerprint;
use crate::index::catalog::Catalog;
use crate::lexicon::scan::{Scanner, Scanners};
use crate::lexicon::{Query, Scan, syntax};
use crate::request::{Request, Secrets};
pub use globs::{Matcher, file_filter};
pub use indexed::{Ahead, read_ahead};
pub use remembered::{Remembered, remember};

use beneath::Unreadable;
use cleared::Cleared;
use entry::Entry;
use globs::{check_globs, globs};
use globset::GlobSet;
use history::History;
use notes::configured;
use rayon::prelude::*;
use secrets::{redact_paths, told};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use touched::Commits;
use tree::Tree;

/// The roots of a run, and the files below them that are candidates.
#[derive(Debug, Clone)]
pub struct Trees {
    /// One per root.
    pub trees: Vec<Tree>,
    /// All files of all roots, sorted by path.
    pub files: Vec<FileRef>,
    /// Trouble on the way.
    pub warnings: Vec<Warning>,
    /// What becomes of secrets in them.
    pub secrets: Secrets,
}

/// Where a file is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRef {
    /// Index into [`Trees::trees`].
    pub tree_idx: u32,
    /// Index into that tree's entries.
    pub entry_idx: u32,
    /// Whether `--pin` names it.
    pub pinned: bool,
    /// Whether it is a memory note: packed by its atoms, not as a file.
    pub is_note: bool,
}

/// A file after the cheap pass.
#[derive(Debug, Clone)]
pub struct File {
    /// Path shown.
    pub path: Arc<str>,
    /// Its lexical profile; empty where it was not read.
    pub scan: Scan,
    /// Size on disk in bytes.
    pub n_bytes: u64,
    /// Whether it must be in.
    pub pinned: bool,
    /// Why it cannot be shown, if so: `binary`, `too large`, ...
    pub barred: Option<&'static str>,
    /// The contents that were found to hold no secret, where an index says so.
    pub clean: Option<Fingerprint>,
}

/// Entries that are looked at on one core at least.
const MIN_ENTRIES: usize = 256;

/// Lists the candidates of a request.
///
/// # Errors
/// A root that does not exist, a revision that git does not know, a glob that does not parse, a pin that matches nothing.
pub fn open(request: &Request) -> Result<Trees, Error> {
    check_globs(request)?; // a mistyped glob is told before a large tree is listed
    // while the disk is asked
    rayon::spawn(notes::table::prepare);
    let labels = labels(&request.roots);
    let mut trees = Vec::new();
    for (root, label) in request.roots.iter().zip(labels) {
        trees.push(match (&request.revision, &request.staged) {
            (Some(revision), _) => tree::of_revision(root, revision, label)?,
            (None, Some(index)) => staged::of_index(root, index, label)?,
            (None, None) => tree::of_work_tree(root, label)?,
        });
    }
    drop_doubles(&mut trees);
    if let Some(files) = &request.files {
        listed::restrict(&mut trees, files)?;
    }
    list(request, trees)
}

/// The candidates of a request among the files of `trees`, one for each root.
///
/// # Errors
/// A glob that does not parse, a pin that matches nothing.
pub fn list(request: &Request, mut trees: Vec<Tree>) -> Result<Trees, Error> {
    let (include, exclude, pins) = check_globs(request)?;
    let unused = |sets: &[GlobSet]| sets.iter().map(|_| AtomicBool::new(false)).collect();
    let (include_used, pin_used): (Vec<_>, Vec<_>) = (unused(&include), unused(&pins));
    let mut files = Vec::new();
    for (tree_idx, tree) in trees.iter().enumerate() {
        let kinds: Vec<Option<&'static notes::table::Row>> = tree
            .entries
            .par_iter()
            .with_min_len(MIN_ENTRIES)
            .map(|entry| notes::table::find(&entry.path[tree.label.len()..]))
            .collect();
        let imported = if request.kinds.notes {
            let importing = tree.entries.iter().zip(&kinds);
            let importing = importing.filter(|(_, row)| row.is_some_and(notes::imports_others));
            imports::of(tree, importing.map(|(entry, _)| entry).collect())
        } else {
            BTreeSet::new()
        };
        let configured = configured::below(&request.memory, &tree.root, request.home.as_deref());
        let candidate = |(entry_idx, entry): (usize, &Entry)| {
            let below = &entry.path[tree.label.len()..];
            if is_temporary(below) || !tree.may_show(entry) {
                return None;
            }
            let matches = |set: &GlobSet| {
                // an empty one takes the path apart all the same
                !set.is_empty() && (set.is_match(below) || set.is_match(&*entry.path))
            };
            if matches(&exclude) {
                return None;
            }
            let any = |sets: &[GlobSet], used: &[AtomicBool]| {
                let mut any = false;
                for (set, used) in sets.iter().zip(used) {
                    if matches(set) {
                        used.store(true, Ordering::Relaxed);
                        any = true;
                    }
                }
                any
            };
            let pinned = any(&pins, &pin_used);
            let wanted = any(&include, &include_used) || include.is_empty();
            let is_note = kinds[entry_idx].is_some()
                || imported.contains(below)
                || configured.iter().any(|folder| folder.holds(entry.below()));
            let asked = if is_note {
                request.kinds.notes
            } else {
                request.kinds.files
            };
            ((wanted && asked) || pinned).then_some(FileRef {
                tree_idx: tree_idx as u32,
                entry_idx: entry_idx as u32,
                pinned,
                is_note: is_note && request.kinds.notes,
            })
        };
        let entries = tree.entries.par_iter().with_min_len(MIN_ENTRIES);
        files.par_extend(entries.enumerate().filter_map(candidate));
    }
    let is_unused = |used: &AtomicBool| !used.load(Ordering::Relaxed);
    if let Some(unused) = pin_used.iter().position(is_unused) {
        return Err(Error::PinMatchesNothing(request.pin[unused].clone()));
    }
    // after the globs, which are about the names as they are
    let cache = request.cache.clone().map(Cache::new);
    let redact = |tree: &mut Tree| redact_paths(cache.as_ref(), tree);
    trees.iter_mut().for_each(redact);
    let pairs = files.par_windows(2).with_min_len(MIN_ENTRIES);
    if !pairs.all(|pair| path(&trees, &pair[0]) <= path(&trees, &pair[1])) {
        files.sort_by(|a, b| path(&trees, a).cmp(path(&trees, b)));
    }
    let mut warnings: Vec<Warning> = trees
        .iter()
        .flat_map(|tree| tree.warnings.iter().cloned())
        .collect();
    let used = request.include.iter().zip(&include_used);
    for (glob, _) in used.filter(|it| is_unused(it.1)) {
        let message = format!("--include {glob}: no file matches");
        warnings.push(Warning::new("include-matches-nothing", "", message));
    }
    if files.is_empty() && request.kinds.files {
        let message =
            "no file to pack: there is none, or ignore files, --include and --exclude leave none";
        warnings.push(Warning::new("no-files", "", message));
    }
    warnings.sort();
    warnings.dedup();
    Ok(Trees {
        trees,
        files,
        warnings,
        secrets: request.secrets,
    })
}

/// How the names of files begin and end under which output is written before it gets its own: one that a killed run left
/// behind is nothing of the repository's.
pub const TEMPORARY: (&str, &str) = (".ctxpack-", ".tmp");

fn is_temporary(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1)
}

fn path<'a>(trees: &'a [Tree], file: &FileRef) -> &'a str {
    &trees[file.tree_idx as usize].entries[file.entry_idx as usize].path
}

/// A file that lies below several roots is the innermost root's; of a root that is named twice, the first one's.
fn drop_doubles(trees: &mut [Tree]) {
    if trees.len() < 2 {
        return;
    }
    let mut order: Vec<usize> = (0..trees.len()).collect();
    order.sort_by_key(|&idx| std::cmp::Reverse(trees[idx].root.components().count()));
    let mut seen = rustc_hash::FxHashSet::default();
    for idx in order {
        let Tree { root, entries, .. } = &mut trees[idx];
        entries.retain(|entry| seen.insert(root.join(entry.below())));
    }
}

/// One root needs no label; several are told apart by the name of their folder, numbered where names repeat.
fn labels(roots: &[PathBuf]) -> Vec<String> {
    if roots.len() < 2 {
        return vec![String::new(); roots.len()];
    }
    let mut labels: Vec<String> = Vec::new();
    for root in roots {
        let name = root.canonicalize().unwrap_or_else(|_| root.clone());
        let name = name.file_name().map_or_else(
            || "root".to_owned(),
            |name| redact(&crate::guard::text::path_text(name.as_encoded_bytes())).into_owned(),
        );
        let mut label = format!("{name}/");
        let mut n = 2;
        while labels.contains(&label) {
            label = format!("{name}-{n}/");
            n += 1;
        }
        labels.push(label);
    }
    labels
}

impl Trees {
    /// The entry behind a file.
    pub fn entry(&self, file: &FileRef) -> &Entry {
        &self.trees[file.tree_idx as usize].entries[file.entry_idx as usize]
    }

    /// Path shown of a file.
    pub fn path(&self, file: &FileRef) -> &str {
        &self.entry(file).path
    }

    /// The clean text of a file, without secrets.
    ///
    /// # Errors
    /// Why it cannot be shown, as a word, and what the system said.
    pub fn text(&self, file: &FileRef) -> Result<String, (&'static str, String)> {
        self.clean_text(file).map(|clean| clean.text)
    }

    /// The clean text of a file, and what cleaning changed.
    ///
    /// # Errors
    /// As for [`Trees::text`].
    pub fn clean_text(&self, file: &FileRef) -> Result<CleanText, (&'static str, String)> {
        self.redacted(file).map(|(clean, _)| clean)
    }

    /// The same of a file that was scanned: it is not searched for secrets again where it is known to hold none.
    ///
    /// # Errors
    /// As for [`Trees::text`].
    pub fn scanned_text(
        &self,
        file: &FileRef,
        scanned: &File,
    ) -> Result<CleanText, (&'static str, String)> {
        let bytes = self.bytes(file)?;
        if scanned.clean.is_some_and(|clean| clean.is_of(&bytes))
            && let Decoded::Text(clean) = decode(&bytes)
        {
            return Ok(clean);
        }
        self.redacted_of(file, &bytes).map(|(clean, _)| clean)
    }

    /// The same, and what was redacted. The one way by which a file's text enters: no later room sees a secret.
    ///
    /// # Errors
    /// As for [`Trees::text`].
    pub fn redacted(
        &self,
        file: &FileRef,
    ) -> Result<(CleanText, Vec<Redaction>), (&'static str, String)> {
        self.redacted_of(file, &self.bytes(file)?)
    }

    /// The same of a note, which is not searched for secrets where it is `cleared`.
    fn redacted_note(
        &self,
        file: &FileRef,
        cleared: Option<&Cleared<'_>>,
    ) -> Result<(CleanText, Vec<Redaction>), (&'static str, String)> {
        let bytes = self.bytes(file)?;
        let Some(cleared) = cleared else {
            return self.redacted_of(file, &bytes);
        };
        let label = self.trees[file.tree_idx as usize].label.len();
        let digest = cleared.digest(&self.path(file)[label..], &bytes);
        if cleared.knows(digest)
            && let Decoded::Text(clean) = decode(&bytes)
        {
            return Ok((clean, Vec::new()));
        }
        let (clean, redactions) = self.redacted_of(file, &bytes)?;
        if redactions.is_empty() {
            cleared.learn(digest);
        }
        Ok((clean, redactions))
    }

    /// Whether the first bytes of a file, which may be too large to be read, are no text.
    pub fn begins_binary(&self, file: &FileRef) -> bool {
        let tree = &self.trees[file.tree_idx as usize];
        let head = tree.head(self.entry(file), 8 << 10);
        head.is_none_or(|head| matches!(decode(&head), Decoded::Binary(_)))
    }

    fn bytes(&self, file: &FileRef) -> Result<Vec<u8>, (&'static str, String)> {
        let label = self.trees[file.tree_idx as usize].label.len();
        let path = &self.path(file)[label..];
        if self.secrets != Secrets::Off && is_secret_name(path) {
            return Err((SECRET_NAME, String::new()));
        }
        self.trees[file.tree_idx as usize]
            .read(self.entry(file))
            .map_err(|why| match why {
                Unreadable::TooLarge => ("too large", String::new()),
                Unreadable::Gone => ("gone", "it is gone, or no regular file".to_owned()),
                Unreadable::Failed(message) => ("unreadable", message),
            })
    }

    /// The same of the bytes of a file, which were just read.
    fn redacted_of(
        &self,
        file: &FileRef,
        bytes: &[u8],
    ) -> Result<(CleanText, Vec<Redaction>), (&'static str, String)> {
        let label = self.trees[file.tree_idx as usize].label.len();
        let path = &self.path(file)[label..];
        match decode(bytes) {
            Decoded::Text(clean) if self.secrets == Secrets::Off => Ok((clean, Vec::new())),
            Decoded::Text(mut clean) => {
                let (redacted, found) = known::redact_in(Some(path), &clean.text);
                if let Cow::Owned(redacted) = redacted {
                    clean.text = redacted;
                }
                Ok((clean, found))
            }
            Decoded::Binary(why) => Err(("binary", why.to_owned())),
        }
    }

    /// The branch checked out in the first root that is in a repository, or empty.
    pub fn branch(&self) -> String {
        let mut repositories = self
            .trees
            .iter()
            .filter_map(|tree| tree.repository.as_ref());
        let first = repositories.next();
        first
            .map(repository::Repository::branch)
            .unwrap_or_default()
    }

    /// Whether ids of objects stand for the same content in every run.
    pub fn ids_are_lasting(&self) -> bool {
        let repositories = self
            .trees
            .iter()
            .filter_map(|tree| tree.repository.as_ref());
        repositories.into_iter().all(|it| !it.has_replacements())
    }

    /// The commits behind all roots, newest first.
    /// What `cache` knows is not looked up again, but for `n_subjects` subjects of each root, and `ahead` is what was read of it before.
    pub fn history(
        &self,
        cache: Option<&Cache>,
        mut ahead: Vec<(PathBuf, Commits)>,
        n_subjects: usize,
    ) -> History {
        let mut all = History::default();
        for (tree_idx, tree) in self.trees.iter().enumerate() {
            let known = indexed::take(&mut ahead, &tree.root);
            history::read(&mut all, self, tree_idx, cache, known, n_subjects);
        }
        all.commits
            .sort_by_key(|commit| std::cmp::Reverse(commit.time));
        all
    }
}

/// Why a note is no candidate as a file.
pub const NOTE: &str = "packed as a note";

/// Why a file is no candidate whose name says that it is secret.
pub const SECRET_NAME: &str = "secret by its name";

/// Why a file is no candidate that holds a secret, where those are asked to be left out.
pub const HOLDS_SECRET: &str = "holds a secret";

/// Why a bundle is no candidate: it would show the repository twice, and the next bundle would hold this one.
pub const BUNDLE: &str = "a bundle of ctxpack";

/// Reads every file once, on all cores, and keeps its profile against `query`. O(bytes of the tree); with a `cache`, of a work tree,
/// O(bytes of what changed and of what the index has of the query's terms), of which `ahead` was read before.
pub fn scan(
    trees: &Trees,
    query: &Query,
    cache: Option<&Cache>,
    mut ahead: Vec<(PathBuf, Catalog)>,
    progress: &(dyn Fn(usize) + Sync),
) -> (Vec<File>, Vec<Warning>) {
    let Some(cache) = cache else {
        return scan_all(trees, query, progress);
    };
    let files = trees.files.par_iter().with_min_len(MIN_ENTRIES);
    let mut files: Vec<File> = files.map(|file| unread(trees, file)).collect();
    let mut warnings = Vec::new();
    for tree_idx in 0..trees.trees.len() {
        let of_tree =
            (0..trees.files.len()).filter(|&idx| trees.files[idx].tree_idx as usize == tree_idx);
        let of_tree: Vec<usize> = of_tree.collect();
        let catalog = indexed::take(&mut ahead, &trees.trees[tree_idx].root);
        let told = indexed::scan(
            trees, tree_idx, &of_tree, query, cache, catalog, progress, &mut files,
        );
        warnings.extend(told);
    }
    (files, warnings)
}

/// [`scan`] without an index.
fn scan_all(
    trees: &Trees,
    query: &Query,
    progress: &(dyn Fn(usize) + Sync),
) -> (Vec<File>, Vec<Warning>) {
    let scanners = Scanners::new(query);
    let scanned: Vec<(Vec<File>, Vec<Warning>)> = trees
        .files
        .par_chunks(64)
        .map(|chunk| {
            let mut warnings = Vec::new();
            let files = scanners.with(|scanner| {
                let files = chunk.iter();
                files
                    .map(|file| scan_one(trees, file, scanner, &mut warnings))
                    .collect()
            });
            progress(chunk.len());
            (files, warnings)
        })
        .collect();
    let mut files = Vec::with_capacity(trees.files.len());
    let mut warnings = Vec::new();
    for (some_files, some_warnings) in scanned {
        files.extend(some_files);
        warnings.extend(some_warnings);
    }
    (files, warnings)
}

/// Whether what `--pin` names can be shown. `files` are those of `trees`, scanned.
///
/// A glob may take in a picture among texts: that is a warning. One that names nothing but what cannot be shown is a mistake.
///
/// # Errors
/// [`Error::PinNotShown`].
pub fn check_pins(request: &Request, trees: &Trees, files: &[File]) -> Result<Vec<Warning>, Error> {
    let mut warnings = Vec::new();
    if request.pin.is_empty() {
        return Ok(warnings);
    }
    let mut shown = vec![false; request.pin.len()];
    let mut barred = vec![None; request.pin.len()];
    let pins = request
        .pin
        .iter()
        .map(|pin| globs("--pin", std::slice::from_ref(pin)))
        .collect::<Result<Vec<_>, _>>()?;
    for (file, listed) in files.iter().zip(&trees.files) {
        if !file.pinned {
            continue;
        }
        // a note is shown by its atoms
        let barred_by = file.barred.filter(|why| *why != NOTE);
        let label = trees.trees[listed.tree_idx as usize].label.len();
        let by = |set: &GlobSet| set.is_match(&file.path[label..]) || set.is_match(&*file.path);
        for (pin_idx, _) in pins.iter().enumerate().filter(|(_, pin)| by(pin)) {
            shown[pin_idx] |= barred_by.is_none();
            if let Some(why) = barred_by {
                barred[pin_idx].get_or_insert((&file.path, why));
            }
        }
        if let Some(why) = barred_by {
            let message = format!("it is pinned, and cannot be shown: {why}");
            warnings.push(Warning::new("pin-not-shown", &*file.path, message));
        }
    }
    for ((pin, shown), barred) in request.pin.iter().zip(shown).zip(barred) {
        if let (false, Some((path, why))) = (shown, barred) {
            return Err(Error::PinNotShown {
                glob: pin.clone(),
                path: path.to_string(),
                why,
            });
        }
    }
    Ok(warnings)
}

/// What is known of a file before it is read.
fn unread(trees: &Trees, file: &FileRef) -> File {
    let entry = trees.entry(file);
    File {
        path: entry.path.clone(),
        scan: Scan::default(),
        n_bytes: entry.n_bytes(),
        pinned: file.pinned,
        barred: None,
        clean: None,
    }
}

fn scan_one(
    trees: &Trees,
    file: &FileRef,
    scanner: &mut Scanner<'_>,
    warnings: &mut Vec<Warning>,
) -> File {
    let entry = trees.entry(file);
    let mut read = unread(trees, file);
    if file.is_note {
        read.barred = Some(NOTE);
        return read;
    }
    match trees.redacted(file) {
        Ok((CleanText { text, .. }, _)) if is_bundle(&text) => read.barred = Some(BUNDLE),
        Ok((CleanText { text, .. }, redactions)) => {
            warnings.extend(told(&entry.path, &redactions, trees.secrets));
            if trees.secrets == Secrets::Exclude && !redactions.is_empty() {
                read.barred = Some(HOLDS_SECRET);
            } else {
                read.scan = scanner.scan(&text, &syntax::of_path(&entry.path));
            }
        }
        Err((why, message)) => {
            read.barred = Some(why);
            if !message.is_empty() && why != "binary" {
                warnings.push(Warning::new("unreadable", &*entry.path, message));
            }
        }
    }
    read
}
