//! Who imports whom, read off import lines without a grammar.
//!
//! Every dotted, slashed or coloned name on an import line is compared, component by component from its end, with the paths of
//! the tree; the longest common suffix wins. One rule serves all languages: `a.b.C`, `./b/c`, `a::b::c` and `A.B` name `a/b/c.*`.

use crate::source::File;
use rustc_hash::FxHashMap;

/// Edges of the import graph: for each file the files it imports, with a weight that sums to at most 1 per import.
#[derive(Debug, Clone, Default)]
pub struct ImportGraph {
    /// `out[i]` holds (file, weight), ascending by file.
    pub out: Vec<Vec<(u32, f64)>>,
}

/// An import that could mean more files than this means none.
const MAX_MEANINGS: usize = 8;

/// Builds the graph. O(import lines x meanings).
pub fn graph(files: &[File]) -> ImportGraph {
    let index = Index::new(files);
    let out = files
        .iter()
        .enumerate()
        .map(|(idx, file)| {
            let mut edges: FxHashMap<u32, f64> = FxHashMap::default();
            for line in &file.scan.imports {
                for name in names(line) {
                    let meanings = index.resolve(&name, &file.path);
                    for &meaning in &meanings {
                        if meaning as usize != idx {
                            let weight = edges.entry(meaning).or_default();
                            *weight = weight.max(1.0 / meanings.len() as f64);
                        }
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
    /// Normal form of the last component -> files.
    by_last: FxHashMap<String, Vec<u32>>,
    /// Components in normal form, extension and `index`-like names dropped.
    components: Vec<Vec<String>>,
    folders: Vec<String>,
}

impl Index {
    fn new(files: &[File]) -> Self {
        let mut index = Self {
            by_last: FxHashMap::default(),
            components: Vec::new(),
            folders: Vec::new(),
        };
        for (idx, file) in files.iter().enumerate() {
            let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
            let mut parts: Vec<String> = folder
                .split('/')
                .filter(|part| !part.is_empty())
                .map(normal)
                .collect();
            if !matches!(stem, "index" | "__init__" | "mod" | "lib" | "main") || parts.is_empty() {
                parts.push(normal(stem));
            }
            if file.barred.is_none()
                && let Some(last) = parts.last()
            {
                index
                    .by_last
                    .entry(last.clone())
                    .or_default()
                    .push(idx as u32);
            }
            index.components.push(parts);
            index.folders.push(folder.to_owned());
        }
        index
    }

    fn resolve(&self, name: &[String], importer: &str) -> Vec<u32> {
        let folder = importer.rsplit_once('/').map_or("", |(folder, _)| folder);
        // the name itself, or the module that holds it
        for end in (name.len().saturating_sub(1).max(1)..=name.len()).rev() {
            let name = &name[..end];
            let Some(last) = name.last() else { continue };
            let Some(files) = self.by_last.get(last) else {
                continue;
            };
            let mut best = 0;
            let mut meanings: Vec<u32> = Vec::new();
            for &file in files {
                let parts = &self.components[file as usize];
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

/// Lower case without `_` and `-`, so that `RequestHandler` is `request_handler`.
fn normal(part: &str) -> String {
    part.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The names on an import line, as components in normal form; at most 12.
fn names(line: &str) -> Vec<Vec<String>> {
    const WORDS: &[&str] = &[
        "import", "from", "use", "pub", "mod", "require", "include", "alias", "using", "export",
        "as", "type", "static", "const",
    ];
    let mut names = Vec::new();
    let mut module: Vec<String> = Vec::new();
    for token in line.split(|c: char| {
        !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '\\' | '@'))
    }) {
        if token.is_empty() || WORDS.contains(&token) {
            continue;
        }
        let is_path = token.contains('/');
        let mut parts: Vec<&str> = token
            .split(['/', ':', '\\'])
            .filter(|part| !part.is_empty() && *part != "." && *part != "..")
            .collect();
        if is_path || line.starts_with('#') {
            // a path: drop the extension
            if let Some(last) = parts.pop() {
                parts.push(last.split_once('.').map_or(last, |(stem, _)| stem));
            }
        } else {
            parts = parts.iter().flat_map(|part| part.split('.')).collect();
        }
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|part| !matches!(*part, "" | "crate" | "self" | "super" | "*"))
            .map(normal)
            .filter(|part| !part.is_empty())
            .collect();
        if parts.is_empty() {
            continue;
        }
        if module.is_empty() {
            module.clone_from(&parts);
        } else if parts.len() == 1 && names.len() < 12 {
            // `from a.b import c`, `use a::b::{c, d}`
            let mut joined = module.clone();
            joined.extend(parts.iter().cloned());
            names.push(joined);
        }
        if names.len() < 12 {
            names.push(parts);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, imports: &[&str]) -> File {
        let scan = crate::lexicon::Scan {
            imports: imports.iter().map(|&line| line.into()).collect(),
            ..Default::default()
        };
        File {
            path: path.to_owned(),
            scan,
            n_bytes: 1,
            pinned: false,
            barred: None,
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
