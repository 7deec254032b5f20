//! Who imports whom in a large tree, as an earlier run worked it out: it is the same until a path or an import changes.

use crate::cache::{Bucket, Cache, Key};
use crate::score::imports::{self, ImportGraph};
use crate::source::File;
use rayon::prelude::*;

/// Files from which on a graph is kept: that of fewer is worked out as fast as it is found.
const MIN_FILES: usize = 4096;

/// Files that are digested in one.
const AT_ONCE: usize = 256;

/// The import graph of `files`.
pub(crate) fn of(cache: Option<&Cache>, files: &[File]) -> ImportGraph {
    let Some(cache) = cache.filter(|_| files.len() >= MIN_FILES) else {
        return imports::graph(files);
    };
    let key = key(files);
    let known = cache.get_bytes(Bucket::Graphs, &key);
    if let Some(known) = known.and_then(|(bytes, _)| ImportGraph::from_bytes(&bytes, files.len())) {
        return known;
    }
    let graph = imports::graph(files);
    cache.put_bytes(Bucket::Graphs, &key, &graph.to_bytes());
    graph
}

/// All that a graph depends on.
fn key(files: &[File]) -> Key {
    let digest = |files: &[File]| {
        let mut parts = Vec::new();
        for file in files {
            let imports = &file.scan.imports;
            parts.extend((file.path.len() as u32).to_le_bytes());
            parts.extend(file.path.as_bytes());
            parts.push(u8::from(file.barred.is_some()));
            parts.extend((imports.len() as u32).to_le_bytes());
            let start = parts.len();
            parts.resize(start + imports.len() * 4, 0);
            for (to, from) in parts[start..]
                .as_chunks_mut::<4>()
                .0
                .iter_mut()
                .zip(imports)
            {
                *to = from.to_le_bytes();
            }
        }
        twox_hash::XxHash3_128::oneshot(&parts).to_le_bytes()
    };
    let digests: Vec<[u8; 16]> = files.par_chunks(AT_ONCE).map(digest).collect();
    digests.iter().fold(Key::new("graph"), Key::with)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_is_of_its_paths_and_imports() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let query = crate::lexicon::query::read("");
        let file = |path: String, text: &str| {
            let syntax = crate::lexicon::syntax::of_path(&path);
            File {
                path: path.into(),
                scan: crate::lexicon::scan::Scanner::new(&query).scan(text, &syntax),
                n_bytes: 1,
                pinned: false,
                barred: None,
                clean: None,
            }
        };
        let mut files: Vec<File> = (0..MIN_FILES)
            .map(|n| {
                file(
                    format!("src/part{n}.c"),
                    &format!("#include \"part{}.c\"", n / 2),
                )
            })
            .collect();
        let check = |files: &[File]| {
            let graph = imports::graph(files);
            for _ in 0..2 {
                assert_eq!(of(Some(&cache), files), graph);
            }
            graph
        };
        let first = check(&files);
        files[7] = file("src/part7.c".to_owned(), "#include \"part9.c\"");
        let second = check(&files);
        assert_ne!(first, second);
        files[9].barred = Some("binary");
        assert_ne!(check(&files), second);
        files[9].path = "src/part9.h".into();
        files[9].barred = None;
        check(&files);
    }
}
