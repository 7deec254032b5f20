//! Files that nothing tells apart, and in which order they come.

use super::folders::Folders;

/// So many files of one probability stand in the order of their paths.
const MAX_TIED: usize = 100;

/// Files at the front whose order is that of their probabilities, however near these are to one another: as many as are opened for
/// most budgets.
const N_LIKELY: usize = 600;

/// Of many files that nothing tells apart, the first of each folder come first, then the second of each, and so on: a folder of a
/// hundred thousand generated files does not hide what is beside it. Behind the likely ones, a probability that is at most twice as large is
/// no difference.
pub(super) fn take_turns(order: &mut [usize], folders: &Folders<'_>, p: &[f64]) {
    for tied in order.chunk_by_mut(|&a, &b| p[a].to_bits() == p[b].to_bits()) {
        by_turns(tied, folders);
    }
    let Some((_, rest)) = order.split_at_mut_checked(N_LIKELY) else {
        return;
    };
    let most = rest.first().map_or(0.0, |&idx| p[idx]);
    // the exponent of the quotient
    let halvings = |idx: usize| (most / p[idx].max(f64::MIN_POSITIVE)).to_bits() >> 52;
    for near in rest.chunk_by_mut(|&a, &b| halvings(a) == halvings(b)) {
        by_turns(near, folders);
    }
}

fn by_turns(tied: &mut [usize], folders: &Folders<'_>) {
    if tied.len() <= MAX_TIED {
        return;
    }
    let mut n_in = vec![0_usize; folders.names.len()];
    let turn = |&idx: &usize| {
        let n = &mut n_in[folders.of[idx] as usize];
        *n += 1;
        (*n, idx)
    };
    let turns: Vec<(usize, usize)> = tied.iter().map(turn).collect();
    // where the files of each turn begin: there are as many turns as the largest folder has files
    let n_turns = turns.iter().map(|&(turn, _)| turn).max().unwrap_or(0);
    let mut starts = vec![0; n_turns + 1];
    for &(turn, _) in &turns {
        starts[turn] += 1;
    }
    let mut next = 0;
    for start in &mut starts {
        next += std::mem::replace(start, next);
    }
    for (turn, idx) in turns {
        tied[starts[turn]] = idx;
        starts[turn] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::statistics::ranking;
    use crate::source::File;

    #[test]
    fn a_folder_of_many_files_does_not_hide_what_is_beside_it() {
        let file = |path: String| File {
            path: path.into(),
            scan: Default::default(),
            n_bytes: 1,
            pinned: false,
            barred: None,
            clean: None,
        };
        let mut files: Vec<File> = (0..300).map(|n| file(format!("a/{n:03}"))).collect();
        files.push(file("b/x".into()));
        files.push(file("z".into()));
        let mut p = vec![0.001; files.len()];
        p[7] = 0.002;
        let mut order = ranking(&p);
        take_turns(&mut order, &Folders::new(&files), &p);
        assert_eq!(order[..5], [7, 0, 300, 301, 1]);
        // far behind, a little less likely is as likely
        let mut files: Vec<File> = (0..2_000).map(|n| file(format!("a/{n:04}"))).collect();
        files.push(file("b/x".into()));
        let mut p = vec![0.001; files.len()];
        p[2_000] = 0.0009;
        let mut far = ranking(&p);
        take_turns(&mut far, &Folders::new(&files), &p);
        assert_eq!(far[N_LIKELY..N_LIKELY + 2], [600, 2_000]);
        for (mut order, n) in [(order, 302), (far, 2_001)] {
            order.sort_unstable();
            assert!(order.into_iter().eq(0..n), "each stays, once");
        }
    }
}
