//! Looking for secrets: what each megabyte costs where there are none and where there are, and what the first look costs.

use ctxpack::guard::secrets;
use divan::Bencher;
use divan::counter::BytesCount;
use std::path::Path;

fn main() {
    divan::main();
}

/// The repository's own sources, or those of the folder that REDACT_BENCH names, one text a file.
fn texts() -> Vec<String> {
    let root = std::env::var_os("REDACT_BENCH").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        Into::into,
    );
    let (mut texts, mut folders) = (Vec::new(), vec![root]);
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

fn redact(bencher: Bencher, texts: &[String]) {
    let n_bytes: usize = texts.iter().map(String::len).sum();
    bencher.counter(BytesCount::new(n_bytes)).bench(|| {
        texts
            .iter()
            .map(|text| secrets::redact(text).len())
            .sum::<usize>()
    });
}

#[divan::bench]
fn code(bencher: Bencher) {
    redact(bencher, &texts());
}

/// Prose without a word of any rule.
#[divan::bench]
fn no_word(bencher: Bencher) {
    redact(
        bencher,
        &["The quick brown fox jumps over the lazy dog. ".repeat(20_000)],
    );
}

/// Names and values on every line, none of them a secret.
#[divan::bench]
fn names_everywhere(bencher: Bencher) {
    redact(
        bencher,
        &["    api_key = settings.get(\"api_key\", default=token)\n".repeat(20_000)],
    );
}

/// A secret on every line.
#[divan::bench]
fn secrets_everywhere(bencher: Bencher) {
    let body: String = "q8Zr2Lw0XcV5bN1mK7tY".chars().cycle().take(36).collect();
    redact(
        bencher,
        &[format!("let token = \"ghp_{body}\";\n").repeat(5_000)],
    );
}
