//! Who imports whom, read off import lines without a grammar.
//!
//! Every dotted, slashed or coloned name on an import line is compared, component by component from its end, with the paths of
//! the tree; the longest common suffix wins. One rule serves all languages: `a.b.C`, `./b/c`, `a::b::c` and `A.B` name `a/b/c.*`.

use super::folders::{Folders, split};
use crate::lexicon::imports::{names, part};
use crate::source::File;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Edges of the import graph: for each file the files it imports, with a weight that sums to at most 1 per import.
#[derive(Debug, Clone, Default)]
pub struct ImportGraph {
    /// `out[i]` holds (file, weight), ascending by file.
    pub out: Vec<Vec<(u32, f64)>>,
}

/// An import that could mean more files than this means none.
const MAX_MEANINGS: usize = 8;

/// Builds the graph. O(names x meanings).
pub(super) fn graph(files: &[File], folders: &Folders<'_>) -> ImportGraph {
    let index = Index::new(files, folders);
    let out = files
        .par_iter()
        .enumerate()
        .map(|(idx, file)| {
            let mut edges: FxHashMap<u32, f64> = FxHashMap::default();
            for name in names(&file.scan.imports) {
                let meanings = index.resolve(name, idx);
                for &meaning in &meanings {
                    if meaning as usize != idx {
                        let weight = edges.entry(meaning).or_default();
                        *weight = weight.max(1.0 / meanings.len() as f64);
                    }
                }
            }
            let mut edges: Vec<(u32, f64)> = edges.into_iter().collect();
            edges.sort_unstable_by_key(|&(to, _)| to);
            edges
        })
        .collect();
    ImportGraph { out }
}

impl ImportGraph {
    /// Personalised PageRank over the undirected graph: `seed` (>= 0) spreads for `n_steps` with probability `restart` of
    /// starting over. Returns one value per file, summing to at most the seed's sum.
    pub fn spread(&self, seed: &[f64], restart: f64, n_steps: usize) -> Vec<f64> {
        let total: f64 = seed.iter().sum();
        if total <= 0.0 {
            return vec![0.0; seed.len()];
        }
        let seed: Vec<f64> = seed.iter().map(|s| s / total).collect();
        let mut degree = vec![0.0; seed.len()];
        for (from, edges) in self.out.iter().enumerate() {
            for &(to, weight) in edges {
                degree[from] += weight;
                degree[to as usize] += weight;
            }
        }
        // both ways of each edge, with the share of what it carries
        let mut edges: Vec<(u32, u32, f64, f64)> = Vec::new();
        for (from, out) in self.out.iter().enumerate() {
            edges.extend(out.iter().map(|&(to, weight)| {
                let carried = (1.0 - restart) * weight;
                let share = |file: usize| carried / degree[file];
                (from as u32, to, share(from), share(to as usize))
            }));
        }
        let mut at = seed.clone();
        let mut next = vec![0.0; seed.len()];
        for _ in 0..n_steps {
            for (next, seed) in next.iter_mut().zip(&seed) {
                *next = seed * restart;
            }
            for &(from, to, there, back) in &edges {
                let (from, to) = (from as usize, to as usize);
                next[to] += at[from] * there;
                next[from] += at[to] * back;
            }
            std::mem::swap(&mut at, &mut next);
        }
        at
    }
}

/// Files by a key, each key's ascending.
struct Groups {
    places: FxHashMap<u64, (u32, u32)>,
    files: Vec<u32>,
}

impl Groups {
    fn new(mut keyed: Vec<(u64, u32)>) -> Self {
        keyed.par_sort_unstable();
        let mut places = FxHashMap::default();
        let mut start = 0;
        for group in keyed.chunk_by(|(a, _), (b, _)| a == b) {
            let end = start + group.len() as u32;
            places.insert(group[0].0, (start, end));
            start = end;
        }
        Self {
            places,
            files: keyed.into_iter().map(|(_, file)| file).collect(),
        }
    }

    fn get(&self, key: u64) -> &[u32] {
        let place = self.places.get(&key);
        place.map_or(&[], |&(start, end)| {
            &self.files[start as usize..end as usize]
        })
    }
}

/// Two numbers as one key.
fn pair(first: u32, second: u32) -> u64 {
    u64::from(first) << 32 | u64::from(second)
}

/// Where each name could lead.
struct Index<'a> {
    by_last: Groups,
    /// By the last component but one, and the last.
    by_last_two: Groups,
    /// By folder and last component.
    by_place: Groups,
    /// Components, extension and `index`-like names dropped: those of a file stand from its place to that of the next.
    components: Vec<u32>,
    places: Vec<u32>,
    folders: &'a Folders<'a>,
}

impl<'a> Index<'a> {
    fn new(files: &[File], folders: &'a Folders<'a>) -> Self {
        let mut components = Vec::new();
        let mut places = vec![0];
        let parts_of = |folder: &&str| -> Vec<u32> {
            let parts = folder.split('/').filter(|part| !part.is_empty());
            parts.map(part).collect()
        };
        let of_folders: Vec<Vec<u32>> = folders.names.iter().map(parts_of).collect();
        let (mut by_last, mut by_last_two, mut by_place) = (Vec::new(), Vec::new(), Vec::new());
        for (idx, file) in files.iter().enumerate() {
            let (_, name) = split(&file.path);
            let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
            let folder = folders.of[idx];
            let parts = &of_folders[folder as usize];
            let start = components.len();
            components.extend(parts.iter().copied());
            if !matches!(stem, "index" | "__init__" | "mod" | "lib" | "main") || parts.is_empty() {
                components.push(part(stem));
            }
            places.push(components.len() as u32);
            if let [before @ .., last] = &components[start..]
                && file.barred.is_none()
            {
                let file = idx as u32;
                by_last.push((u64::from(*last), file));
                by_place.push((pair(folder, *last), file));
                if let Some(one_before) = before.last() {
                    by_last_two.push((pair(*one_before, *last), file));
                }
            }
        }
        Self {
            by_last: Groups::new(by_last),
            by_last_two: Groups::new(by_last_two),
            by_place: Groups::new(by_place),
            components,
            places,
            folders,
        }
    }

    fn parts(&self, file: u32) -> &[u32] {
        let file = file as usize;
        &self.components[self.places[file] as usize..self.places[file + 1] as usize]
    }

    /// The files that a name means: those that share the longest end with it, and of these those beside the importer; none, where one
    /// part alone is shared and does not settle it.
    fn resolve(&self, name: &[u32], importer: usize) -> Vec<u32> {
        let folder = self.folders.of[importer];
        // the name itself, or the module that holds it
        for end in (name.len().saturating_sub(1).max(1)..=name.len()).rev() {
            let Some([before @ .., last]) = name.get(..end) else {
                continue;
            };
            let far = match before.last() {
                Some(before) => self.by_last_two.get(pair(*before, *last)),
                None => &[],
            };
            let meanings = if !far.is_empty() {
                self.best(far, &name[..end], folder)
            } else {
                let near = self.by_place.get(pair(folder, *last));
                match (near.is_empty(), before.is_empty()) {
                    (false, _) => near.to_vec(),
                    (true, true) => Self::few(self.by_last.get(u64::from(*last))),
                    (true, false) => continue,
                }
            };
            if !meanings.is_empty() && meanings.len() <= MAX_MEANINGS {
                return meanings;
            }
        }
        Vec::new()
    }

    /// None of what would be too many.
    fn few(files: &[u32]) -> Vec<u32> {
        match files.len() <= MAX_MEANINGS {
            true => files.to_vec(),
            false => Vec::new(),
        }
    }

    /// Those of `files` that share the longest end with `name`; of as long ends, those in `folder`.
    fn best(&self, files: &[u32], name: &[u32], folder: u32) -> Vec<u32> {
        let mut best = 0;
        let mut meanings: Vec<u32> = Vec::new();
        for &file in files {
            let parts = self.parts(file).iter().rev();
            let common = parts.zip(name.iter().rev()).take_while(|(a, b)| a == b);
            let near = usize::from(self.folders.of[file as usize] == folder);
            let score = common.count() * 2 + near;
            if score > best {
                best = score;
                meanings.clear();
            }
            if score == best {
                meanings.push(file);
            }
        }
        meanings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, imports: &[&str]) -> File {
        let query = crate::lexicon::query::read("");
        let syntax = crate::lexicon::syntax::of_path(path);
        let scan = crate::lexicon::scan::Scanner::new(&query).scan(&imports.join("\n"), &syntax);
        File {
            path: path.into(),
            scan,
            n_bytes: 1,
            pinned: false,
            barred: None,
            clean: None,
        }
    }

    #[test]
    fn import_lines_name_files() {
        let files = [
            file(
                "src/flags/parse.rs",
                &["use crate::flags::{defs, hiargs};", "use std::io;"],
            ),
            file("src/flags/defs.rs", &[]),
            file("src/flags/hiargs.rs", &["mod defs;"]),
            file("django/db/models/__init__.py", &[]),
            file("django/forms/models.py", &["from django.db import models"]),
            file("lib/view.js", &["var a = require('./utils')"]),
            file("lib/utils.js", &[]),
            file(
                "com/x/gson/Gson.java",
                &["import com.x.gson.internal.Streams;"],
            ),
            file("com/x/gson/internal/Streams.java", &[]),
            file(
                "lib/electric/shapes/shape.ex",
                &["alias Electric.Shapes.ShapeCache"],
            ),
            file("lib/electric/shapes/shape_cache.ex", &[]),
            file("src/server.c", &["#include \"dict.h\""]),
            file("src/dict.h", &[]),
        ];
        let graph = graph(&files, &Folders::new(&files));
        let edges: Vec<(u32, Vec<u32>)> = graph
            .out
            .iter()
            .enumerate()
            .map(|(i, e)| (i as u32, e.iter().map(|&(to, _)| to).collect()))
            .filter(|(_, e): &(u32, Vec<u32>)| !e.is_empty())
            .collect();
        assert_eq!(
            edges,
            [
                (0, vec![1, 2]),
                (2, vec![1]),
                (4, vec![3]),
                (5, vec![6]),
                (7, vec![8]),
                (9, vec![10]),
                (11, vec![12])
            ]
        );
        let spread = graph.spread(
            &[
                1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
            ],
            0.5,
            10,
        );
        assert!(spread[1] > 0.1 && spread[3] == 0.0);
    }
}
