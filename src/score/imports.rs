//! Who imports whom, read off import lines without a grammar.
//!
//! Every dotted, slashed or coloned name on an import line is compared, component by component from its end, with the paths of
//! the tree; the longest common suffix wins. One rule serves all languages: `a.b.C`, `./b/c`, `a::b::c` and `A.B` name `a/b/c.*`.

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
pub fn graph(files: &[File]) -> ImportGraph {
    let index = Index::new(files);
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
        let mut at = seed.clone();
        for _ in 0..n_steps {
            let mut next: Vec<f64> = seed.iter().map(|s| s * restart).collect();
            for (from, edges) in self.out.iter().enumerate() {
                for &(to, weight) in edges {
                    let to = to as usize;
                    next[to] += (1.0 - restart) * at[from] * weight / degree[from];
                    next[from] += (1.0 - restart) * at[to] * weight / degree[to];
                }
            }
            at = next;
        }
        at
    }
}

struct Index {
    /// Last component -> files.
    by_last: FxHashMap<u32, Vec<u32>>,
    /// Components, extension and `index`-like names dropped: those of a file stand from its place to that of the next.
    components: Vec<u32>,
    places: Vec<u32>,
    /// Folder that each file lies in, as a number.
    folders: Vec<u32>,
}

impl Index {
    fn new(files: &[File]) -> Self {
        let mut index = Self {
            by_last: FxHashMap::default(),
            components: Vec::new(),
            places: vec![0],
            folders: Vec::new(),
        };
        let mut known: FxHashMap<&str, (u32, Vec<u32>)> = FxHashMap::default();
        for (idx, file) in files.iter().enumerate() {
            let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
            let n_known = known.len() as u32;
            let (folder, parts) = known.entry(folder).or_insert_with(|| {
                let parts = folder.split('/').filter(|part| !part.is_empty());
                (n_known, parts.map(part).collect())
            });
            index.folders.push(*folder);
            index.components.extend(parts.iter().copied());
            if !matches!(stem, "index" | "__init__" | "mod" | "lib" | "main") || parts.is_empty() {
                index.components.push(part(stem));
            }
            if file.barred.is_none()
                && let Some(&last) = index.components.last()
            {
                index.by_last.entry(last).or_default().push(idx as u32);
            }
            index.places.push(index.components.len() as u32);
        }
        index
    }

    fn parts(&self, file: u32) -> &[u32] {
        let file = file as usize;
        &self.components[self.places[file] as usize..self.places[file + 1] as usize]
    }

    fn resolve(&self, name: &[u32], importer: usize) -> Vec<u32> {
        let folder = self.folders[importer];
        // the name itself, or the module that holds it
        for end in (name.len().saturating_sub(1).max(1)..=name.len()).rev() {
            let Some(name) = name.get(..end) else {
                continue;
            };
            let Some(last) = name.last() else { continue };
            let Some(files) = self.by_last.get(last) else {
                continue;
            };
            let mut best = 0;
            let mut meanings: Vec<u32> = Vec::new();
            for &file in files {
                let parts = self.parts(file);
                let common = parts
                    .iter()
                    .rev()
                    .zip(name.iter().rev())
                    .take_while(|(a, b)| a == b)
                    .count();
                let near = usize::from(self.folders[file as usize] == folder);
                let score = common * 2 + near;
                if score > best {
                    best = score;
                    meanings.clear();
                }
                if score == best {
                    meanings.push(file);
                }
            }
            let whole = best / 2 >= name.len().min(2) || best % 2 == 1;
            if whole && meanings.len() <= MAX_MEANINGS {
                return meanings;
            }
        }
        Vec::new()
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
            path: path.to_owned(),
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
        let graph = graph(&files);
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
