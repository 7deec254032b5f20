//! The least that certain work takes, done by nothing else: what `benches/whole.py` holds ctxpack against.
//!
//! ```text
//! floor stat DIR    decodes git's index and asks the system for each file in it, as a run must that reads nothing again
//! floor read DIR    walks the tree, reads every file and counts its words, as a run must that knows nothing
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use rayon::prelude::*;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (n_files, n_found) = match args.as_slice() {
        ["stat", dir] => stat(Path::new(dir)),
        ["read", dir] => read(Path::new(dir)),
        _ => {
            // `cargo bench` runs every bench, with `--bench`
            eprintln!("floor: floor stat DIR, floor read DIR");
            return ExitCode::SUCCESS;
        }
    };
    println!("{n_files} files, {n_found} found");
    ExitCode::SUCCESS
}

/// Files in the index, and how many of them are as it says.
fn stat(dir: &Path) -> (u64, u64) {
    let repo = gix::open_opts(dir, gix::open::Options::isolated()).expect("a git repository");
    let index = repo.open_index().expect("an index");
    let is_same = |entry: &gix::index::Entry| {
        let path = dir.join(gix::path::from_bstr(entry.path(&index)).unwrap_or_default());
        let metadata = path.symlink_metadata();
        metadata.is_ok_and(|it| it.len() as u32 == entry.stat.size)
    };
    let entries = index.entries();
    let same = entries.par_iter().filter(|entry| is_same(entry));
    (entries.len() as u64, same.count() as u64)
}

/// Files in the tree, and the words in them.
fn read(dir: &Path) -> (u64, u64) {
    let (n_files, n_words) = (AtomicU64::new(0), AtomicU64::new(0));
    // what is tracked counts, whatever an ignore file says of it; and in a fresh clone there is nothing else
    let walk = ignore::WalkBuilder::new(dir)
        .standard_filters(false)
        .build_parallel();
    walk.run(|| {
        let mut bytes = Vec::new();
        let (n_files, n_words) = (&n_files, &n_words);
        Box::new(move |entry| {
            let Ok(entry) = entry else {
                return ignore::WalkState::Continue;
            };
            if entry.file_name() == ".git" {
                return ignore::WalkState::Skip;
            }
            if entry.file_type().is_some_and(|it| it.is_file()) {
                bytes.clear();
                let file = std::fs::File::open(entry.path());
                let _ = file.and_then(|mut file| file.read_to_end(&mut bytes));
                n_files.fetch_add(1, Ordering::Relaxed);
                n_words.fetch_add(words(&bytes), Ordering::Relaxed);
            }
            ignore::WalkState::Continue
        })
    });
    (n_files.into_inner(), n_words.into_inner())
}

/// Words of letters, digits and `_`, each hashed, since no index can do with less.
fn words(bytes: &[u8]) -> u64 {
    const IS_WORD: [bool; 256] = {
        let mut table = [false; 256];
        let mut b = 0;
        while b < 256 {
            table[b] = (b as u8).is_ascii_alphanumeric() || b == b'_' as usize || b >= 0x80;
            b += 1;
        }
        table
    };
    let (mut n_words, mut hash, mut all) = (0, 0_u64, 0_u64);
    for byte in bytes {
        if IS_WORD[*byte as usize] {
            hash = (hash.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(0x517c_c1b7_2722_0a95);
        } else if hash != 0 {
            all ^= hash;
            n_words += 1;
            hash = 0;
        }
    }
    std::hint::black_box(all);
    n_words
}
