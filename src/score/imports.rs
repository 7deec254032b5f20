//! Who imports whom, read off import lines without a grammar.
//!
//! Every dotted, slashed or coloned name on an import line is compared, component by component from its end, with the paths of
//! the tree; the longest common suffix wins. One rule serves all languages: `a.b.C`, `./b/c`, `a::b::c` and `A.B` name `a/b/c.*`.

use super::folders::{Folders, split};
use crate::lexicon::imports::{names, part};
use crate::source::File;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Edges of the import graph, flat: of a tree as large as Linux there are nearly a million.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportGraph {
    /// Where the edges of each file begin, and those of the last one end.
    starts: Vec<u32>,
    /// To which file each leads.
    to: Vec<u32>,
    /// And among how many that were meant: the fewer, the more it weighs.
    n_meanings: Vec<u8>,
}

/// An import that could mean more files than this means none.
const MAX_MEANINGS: usize = 8;

/// Files that are looked at on one core at least.
const MIN_FILES: usize = 256;

/// Builds the graph, which depends on paths, imports and what is barred alone. O(names x meanings).
pub fn graph(files: &[File]) -> ImportGraph {
    let folders = Folders::new(files);
    let index = Index::new(files, &folders);
    type Edges = Vec<(u32, u8)>;
    let chunks: Vec<(Vec<u32>, Edges)> = files
        .par_chunks(MIN_FILES)
        .enumerate()
        .map(|(chunk_idx, chunk)| {
            let (mut counts, mut edges) = (Vec::with_capacity(chunk.len()), Vec::new());
            let (mut of_file, mut meanings) = (Vec::new(), Vec::new());
            for (idx, file) in (chunk_idx * MIN_FILES..).zip(chunk) {
                of_file.clear();
                for name in names(&file.scan.imports) {
                    index.resolve(name, idx, &mut meanings);
                    let n = meanings.len() as u8; // of which there are few
                    let others = meanings.iter().filter(|&&to| to as usize != idx);
                    of_file.extend(others.map(|&to| (to, n)));
                }
                of_file.sort_unstable();
                of_file.dedup_by_key(|&mut (to, _)| to); // the heaviest stands first
                counts.push(of_file.len() as u32);
                edges.extend_from_slice(&of_file);
            }
            (counts, edges)
        })
        .collect();
    let n_edges = chunks.iter().map(|(_, edges)| edges.len()).sum();
    let mut graph = ImportGraph {
        starts: Vec::with_capacity(files.len() + 1),
        to: Vec::with_capacity(n_edges),
        n_meanings: Vec::with_capacity(n_edges),
    };
    let mut end = 0;
    graph.starts.push(end);
    for (counts, edges) in chunks {
        graph.starts.extend(counts.into_iter().map(|n| {
            end += n;
            end
        }));
        graph.to.extend(edges.iter().map(|(to, _)| to));
        graph.n_meanings.extend(edges.iter().map(|(_, n)| n));
    }
    graph
}

impl ImportGraph {
    /// The files that a file imports, ascending, with weights that sum to at most 1 per import.
    fn of(&self, file: usize) -> impl Iterator<Item = (usize, f64)> {
        let edges = self.starts[file] as usize..self.starts[file + 1] as usize;
        let edges = self.to[edges.clone()].iter().zip(&self.n_meanings[edges]);
        edges.map(|(&to, &n_meanings)| (to as usize, WEIGHTS[usize::from(n_meanings)]))
    }

    /// The graph as bytes, for [`ImportGraph::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = self.starts.iter().chain(&self.to);
        let mut bytes: Vec<u8> = numbers.flat_map(|n| n.to_le_bytes()).collect();
        bytes.extend_from_slice(&self.n_meanings);
        bytes
    }

    /// The graph of `n_files` that was written so; `None` where it is of no such graph.
    pub fn from_bytes(bytes: &[u8], n_files: usize) -> Option<Self> {
        let numbers = |bytes: &[u8]| -> Vec<u32> {
            let numbers = bytes.as_chunks::<4>().0.iter();
            numbers.map(|&it| u32::from_le_bytes(it)).collect()
        };
        let (starts, edges) = bytes.split_at_checked((n_files + 1) * 4)?;
        let starts = numbers(starts);
        let n_edges = *starts.last()? as usize;
        let (to, n_meanings) = edges.split_at_checked(n_edges * 4)?;
        let (to, n_meanings) = (numbers(to), n_meanings.to_vec());
        let is_whole = starts[0] == 0
            && starts.is_sorted()
            && n_meanings.len() == n_edges
            && to.iter().all(|&to| (to as usize) < n_files)
            && n_meanings.iter().all(|&n| usize::from(n) <= MAX_MEANINGS);
        is_whole.then_some(Self {
            starts,
            to,
            n_meanings,
        })
    }

    /// Personalised PageRank over the undirected graph: `seed` (>= 0), one for each file, spreads for `n_steps` with probability
    /// `restart` of starting over. Returns one value per file, summing to at most the seed's sum. O(steps x edges).
    pub fn spread(&self, seed: &[f64], restart: f64, n_steps: usize) -> Vec<f64> {
        let total: f64 = seed.iter().sum();
        if total <= 0.0 {
            return vec![0.0; seed.len()];
        }
        let seed: Vec<f64> = seed.iter().map(|s| s / total).collect();
        let mut degree = vec![0.0; seed.len()];
        for from in 0..seed.len() {
            for (to, weight) in self.of(from) {
                degree[from] += weight;
                degree[to] += weight;
            }
        }
        let mut at = seed.clone();
        let mut files = vec![Spread::default(); seed.len()];
        for _ in 0..n_steps {
            for ((file, at), (seed, degree)) in
                files.iter_mut().zip(&at).zip(seed.iter().zip(&degree))
            {
                file.next = seed * restart;
                file.given = if *degree > 0.0 {
                    at * (1.0 - restart) / degree
                } else {
                    0.0
                };
            }
            for from in 0..seed.len() {
                let given = files[from].given;
                let mut back = 0.0;
                for (to, weight) in self.of(from) {
                    let to = &mut files[to];
                    to.next += given * weight;
                    back += to.given * weight;
                }
                files[from].next += back;
            }
            for (at, file) in at.iter_mut().zip(&files) {
                *at = file.next;
            }
        }
        at
    }
}

/// A file on the way from one step to the next, in one place: an import leads anywhere.
#[derive(Clone, Copy, Default)]
struct Spread {
    /// What it gives to a neighbour of weight 1.
    given: f64,
    /// What it has after the step.
    next: f64,
}

/// What an import weighs by how many files it could mean.
const WEIGHTS: [f64; MAX_MEANINGS + 1] = {
    let mut weights = [0.0; MAX_MEANINGS + 1];
    let mut n = 1;
    while n <= MAX_MEANINGS {
        weights[n] = 1.0 / n as f64;
        n += 1;
    }
    weights
};

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
    /// part alone is shared and does not settle it. At most [`MAX_MEANINGS`].
    fn resolve(&self, name: &[u32], importer: usize, meanings: &mut Vec<u32>) {
        meanings.clear();
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
            if !far.is_empty() {
                self.best(far, &name[..end], folder, meanings);
            } else {
                let near = self.by_place.get(pair(folder, *last));
                let all = match (near.is_empty(), before.is_empty()) {
                    (false, _) => near,
                    (true, true) => self.by_last.get(u64::from(*last)),
                    (true, false) => continue,
                };
                if all.len() <= MAX_MEANINGS {
                    meanings.extend_from_slice(all);
                }
            }
            if (1..=MAX_MEANINGS).contains(&meanings.len()) {
                return;
            }
            meanings.clear();
        }
    }

    /// Those of `files` that share the longest end with `name`; of as long ends, those in `folder`.
    fn best(&self, files: &[u32], name: &[u32], folder: u32, meanings: &mut Vec<u32>) {
        let mut best = 0;
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
        let graph = graph(&files);
        let bytes = graph.to_bytes();
        let again = |n_files| ImportGraph::from_bytes(&bytes, n_files);
        assert_eq!(again(files.len()), Some(graph.clone()));
        assert_eq!(again(files.len() - 1), None);
        assert_eq!(again(files.len() + 1), None);
        let edges: Vec<(usize, Vec<usize>)> = (0..files.len())
            .map(|from| (from, graph.of(from).map(|(to, _)| to).collect()))
            .filter(|(_, to): &(usize, Vec<usize>)| !to.is_empty())
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
