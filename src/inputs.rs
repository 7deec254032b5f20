//! What a run would read, for those who want to know without packing it.

use crate::error::{Error, Warning};
use crate::packed::Source;
use crate::request::{Kind, Request, Secrets};
use crate::source;
use rustc_hash::FxHashMap;

/// What [`pack`](crate::pack) would read for `request`, without packing it.
///
/// # Errors
/// See [`Error`].
pub fn sources(request: &Request) -> Result<(Vec<Source>, Vec<Warning>), Error> {
    let trees = source::open(request)?;
    let remembered = source::remember(request, &trees);
    let mut sources = Vec::new();
    for (tree_idx, root) in request.roots.iter().enumerate() {
        let of_root = |file: &&source::FileRef| file.tree_idx as usize == tree_idx && !file.is_note;
        let sizes: Vec<u64> = trees
            .files
            .iter()
            .filter(of_root)
            .map(|file| trees.entry(file).n_bytes())
            .collect();
        let size_bytes: u64 = sizes.iter().sum();
        sources.push(Source {
            kind: Kind::File,
            name: "repository".to_owned(),
            location: root.display().to_string(),
            n_candidates: sizes.len(),
            size_bytes,
            tokens: (size_bytes / 4) as usize,
        });
    }
    for (idx, file) in trees
        .files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.is_note)
    {
        let entry = trees.entry(file);
        sources.push(Source {
            kind: Kind::Note,
            name: source::notes::describe(&entry.path)
                .unwrap_or("note")
                .to_owned(),
            location: entry.path.to_string(),
            n_candidates: remembered
                .atom_files
                .iter()
                .filter(|of| **of == Some(idx))
                .count(),
            size_bytes: entry.n_bytes(),
            tokens: (entry.n_bytes() / 4) as usize,
        });
    }
    sources.extend(remembered.reports.iter().map(|report| Source {
        kind: report.kind,
        name: report.tool.to_owned(),
        location: report.location.clone(),
        n_candidates: report.n_items,
        size_bytes: report.bytes,
        tokens: (report.bytes / 4) as usize,
    }));
    let mut warnings = trees.warnings;
    warnings.extend(remembered.warnings);
    warnings.sort();
    warnings.dedup();
    Ok((sources, warnings))
}

/// What people and agents wrote down for the repository of `request`, and the trees that they wrote it for.
///
/// An atom without a date of its own carries that of the last commit that touched its note, else that of the file. Commits are
/// read only where they are needed for that.
///
/// # Errors
/// See [`Error`].
pub fn remembered(request: &Request) -> Result<(source::Trees, source::Remembered), Error> {
    let trees = source::open(request)?;
    let mut remembered = source::remember(request, &trees);
    let needs_date = |(atom, file): (&source::notes::Atom, &Option<usize>)| {
        atom.date.is_none() && file.is_some()
    };
    let mut undated = remembered.atoms.iter().zip(&remembered.atom_files);
    if undated.any(needs_date) {
        let mut changed_at: FxHashMap<u32, i64> = FxHashMap::default();
        let history = trees.history(None, Vec::new(), 0);
        for commit in &history.commits {
            for file in history.files(commit) {
                let at = changed_at.entry(file).or_default();
                *at = commit.time.max(*at);
            }
        }
        for (atom, file) in remembered.atoms.iter_mut().zip(&remembered.atom_files) {
            let (None, Some(file)) = (atom.date, *file) else {
                continue;
            };
            let modified = trees.entry(&trees.files[file]).modified();
            let by_git = u32::try_from(file)
                .ok()
                .and_then(|file| changed_at.get(&file));
            atom.date = by_git
                .map(|at| (*at, source::notes::DateSource::Git))
                .or((modified > 0).then_some((modified, source::notes::DateSource::Mtime)));
        }
    }
    remembered.warnings.extend(trees.warnings.iter().cloned());
    remembered.warnings.sort();
    remembered.warnings.dedup();
    // what is asked of secrets is asked of packing; here they are redacted
    source::secrets::tell_secrets(Secrets::Redact, &mut remembered.warnings)?;
    Ok((trees, remembered))
}
