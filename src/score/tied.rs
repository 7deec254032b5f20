//! Files that nothing tells apart, and in which order they come.

use crate::source::File;
use rustc_hash::FxHashMap;

/// So many files of one probability stand in the order of their paths.
const MAX_TIED: usize = 100;

/// Of many files that nothing tells apart, the first of each folder come first, then the second of each, and so on: a folder of a
/// hundred thousand generated files does not hide what is beside it.
pub(super) fn take_turns(order: &mut [usize], files: &[File], p: &[f64]) {
    for tied in order.chunk_by_mut(|&a, &b| p[a].to_bits() == p[b].to_bits()) {
        if tied.len() <= MAX_TIED {
            continue;
        }
        let mut n_in: FxHashMap<&str, usize> = FxHashMap::default();
        let mut ranked: Vec<(usize, usize)> = tied
            .iter()
            .map(|&idx| {
                let folder = files[idx]
                    .path
                    .rsplit_once('/')
                    .map_or("", |(folder, _)| folder);
                let n = n_in.entry(folder).or_default();
                *n += 1;
                (*n, idx)
            })
            .collect();
        ranked.sort_unstable();
        for (place, (_, idx)) in tied.iter_mut().zip(ranked) {
            *place = idx;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::statistics::ranking;

    #[test]
    fn a_folder_of_many_files_does_not_hide_what_is_beside_it() {
        let file = |path: String| File {
            path,
            scan: Default::default(),
            n_bytes: 1,
            pinned: false,
            barred: None,
        };
        let mut files: Vec<File> = (0..300).map(|n| file(format!("a/{n:03}"))).collect();
        files.push(file("b/x".into()));
        files.push(file("z".into()));
        let mut p = vec![0.001; files.len()];
        p[7] = 0.002;
        let mut order = ranking(&p);
        take_turns(&mut order, &files, &p);
        assert_eq!(order[..5], [7, 0, 300, 301, 1]);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..files.len()), "each stays, once");
    }
}
