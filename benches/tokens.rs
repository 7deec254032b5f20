//! Counting tokens: this crate and `tiktoken-rs` side by side, and what each takes to start.

use ctxpack::tokens::Tokenizer;
use divan::Bencher;
use divan::counter::BytesCount;
use std::path::Path;

fn main() {
    divan::main();
}

/// The repository's own sources, one text a file.
fn texts() -> Vec<String> {
    let mut texts = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(path) {
                texts.push(text);
            }
        }
    }
    texts
}

const ENCODINGS: &[Tokenizer] = &[Tokenizer::O200kBase, Tokenizer::Cl100kBase];

fn reference(tokenizer: Tokenizer) -> tiktoken_rs::CoreBPE {
    match tokenizer {
        Tokenizer::O200kBase => tiktoken_rs::o200k_base(),
        Tokenizer::Cl100kBase => tiktoken_rs::cl100k_base(),
    }
    .expect("tiktoken-rs embeds both vocabularies")
}

#[divan::bench(args = ENCODINGS)]
fn count(bencher: Bencher, tokenizer: &Tokenizer) {
    let texts = texts();
    bencher
        .counter(BytesCount::new(
            texts.iter().map(String::len).sum::<usize>(),
        ))
        .bench(|| {
            texts
                .iter()
                .map(|text| tokenizer.count(text))
                .sum::<usize>()
        });
}

#[divan::bench(args = ENCODINGS, max_time = 3)]
fn count_by_tiktoken_rs(bencher: Bencher, tokenizer: &Tokenizer) {
    let texts = texts();
    let bpe = reference(*tokenizer);
    bencher
        .counter(BytesCount::new(
            texts.iter().map(String::len).sum::<usize>(),
        ))
        .bench(|| {
            texts
                .iter()
                .map(|text| bpe.count_ordinary(text))
                .sum::<usize>()
        });
}

/// A fresh thread has no memo yet: the price of the first count, thread included.
#[divan::bench(args = ENCODINGS)]
fn start(tokenizer: &Tokenizer) -> usize {
    let tokenizer = *tokenizer;
    std::thread::spawn(move || tokenizer.count("fn main() {}"))
        .join()
        .unwrap_or(0)
}

#[divan::bench(args = ENCODINGS, sample_count = 5, sample_size = 1)]
fn start_of_tiktoken_rs(tokenizer: &Tokenizer) -> usize {
    reference(*tokenizer).count_ordinary("fn main() {}")
}
