//! What is fuzzed: one function a target, which takes any bytes and panics where a promise is broken.
//!
//! This file is two crates. In the package beside it, it is a library that the targets of libFuzzer call. In the package above,
//! it is a test without a harness, whose `main` gives every input under `corpus-regressions/` to its function: an input that
//! once broke a promise never breaks it again, and no contributor needs a fuzzer to check that. Two copies of the functions
//! lost, since the one that nobody runs would rot; a public door into the command's private rooms lost, because the few files
//! of it that are needed can be compiled in here.

#![forbid(unsafe_code)]
#![allow(dead_code, unused_imports)] // of the files compiled in, no more is called than a target needs

use ctxpack::{language, request};
use std::path::Path;

mod cli;
#[path = "../../src/config/mod.rs"]
mod config;
mod databases;
mod emitted;
mod kept;
#[path = "../../src/language/promises.rs"]
mod promises;
#[path = "../../src/emit/readers.rs"]
mod readers;
mod settings;

pub use databases::sqlite;
pub use emitted::emit;
pub use kept::{notes, transcripts};
pub use settings::settings;

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target; each has a file in `fuzz_targets/` and may have a folder in `corpus-regressions/`.
pub const TARGETS: &[Target] = &[
    ("budget", budget),
    ("config", config),
    ("emit", emit),
    ("globs", globs),
    ("notes", notes),
    ("outline", outline),
    ("read", read),
    ("settings", settings),
    ("sqlite", sqlite),
    ("task", task),
    ("text", text),
    ("tokens", tokens),
    ("transcripts", transcripts),
];

/// Gives every input that is kept to its function. Runs in the package above alone.
///
/// # Panics
/// Where an input breaks a promise, or a folder is nobody's.
pub fn main() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (target, _) in TARGETS {
        // Nothing here compiles these files, which need the engine: they are held to the letter.
        let path = format!("fuzz_targets/{target}.rs");
        let call =
            format!("libfuzzer_sys::fuzz_target!(|data: &[u8]| ctxpack_fuzz::{target}(data));\n");
        let text = std::fs::read_to_string(fuzz.join(&path)).unwrap_or_default();
        assert!(text.ends_with(&format!("#![no_main]\n\n{call}")), "{path}");
        let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap_or_default();
        assert!(
            manifest.contains(&format!("name = \"{target}\"\npath = \"{path}\"\n")),
            "{path} has no [[bin]]"
        );
    }
    let mut folders: Vec<_> = entries(&fuzz.join("corpus-regressions"));
    folders.sort();
    for folder in folders {
        let name = folder.file_name().unwrap_or_default();
        let target = TARGETS.iter().find(|(target, _)| *target == name);
        let (_, run) = target.unwrap_or_else(|| panic!("{}: no such target", folder.display()));
        let mut inputs = entries(&folder);
        inputs.sort();
        for input in inputs {
            let data = std::fs::read(&input).expect("an input can be read");
            let shown = input.display().to_string();
            // Said last, after what the panic itself says.
            if std::panic::catch_unwind(|| run(&data)).is_err() {
                panic!("{shown} breaks a promise");
            }
        }
    }
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let listed = std::fs::read_dir(folder);
    let listed = listed.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    listed
        .map(|entry| entry.expect("a folder can be listed").path())
        .collect()
}

/// The row of `rows` that the first byte means (`A` the first, `B` the second, round and round), and the bytes behind it.
fn choose<'a, T>(rows: &'a [T], data: &'a [u8]) -> Option<(&'a T, &'a [u8])> {
    let (first, rest) = data.split_first()?;
    let row = rows.get(usize::from(first.wrapping_sub(b'A')) % rows.len())?;
    Some((row, rest))
}

/// Sizes as people write them: what is read is shown so that it reads the same.
pub fn budget(data: &[u8]) {
    use cli::budget::{Size, parse, show};
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match parse(text) {
        Ok(size @ Size::Plain(budget)) => assert_eq!(parse(&show(budget)), Ok(size), "{text:?}"),
        Ok(Size::Share(share)) => assert!((1..=10_000).contains(&share), "{text:?}"),
        Err(failure) => assert!(!failure.message.is_empty()),
    }
}

/// Config files of projects and users: whatever they hold, a project's names nothing outside of it and no number that is none.
pub fn config(data: &[u8]) {
    use config::{Trust, merge, parse};
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let path = Path::new("/w/shop/ctxpack.toml");
    let _ = parse(text, path, Trust::User);
    let project = match parse(text, path, Trust::Project) {
        Ok(settings) => settings,
        Err(failure) => {
            assert!(failure.message.starts_with("/w/shop/ctxpack.toml: "));
            return;
        }
    };
    assert_eq!(project.home, None);
    for folder in &project.memory {
        let inside = folder.path.strip_prefix("/w/shop");
        let parts = inside.expect("a project's notes lie inside").components();
        assert!(parts.into_iter().all(|part| part.as_os_str() != ".."));
    }
    for output in project.bundle.iter().filter_map(|it| it.output.as_ref()) {
        let mut parts = Path::new(output).components();
        let is_below = |part| matches!(part, std::path::Component::Normal(name) if name != ".git");
        assert!(parts.all(is_below), "{output}");
    }
    let of_checks = project
        .check
        .iter()
        .flat_map(|it| [&it.include, &it.exclude]);
    let of_bundles = project.bundle.iter().map(|it| &it.settings.include);
    for glob in [&project.include, &project.exclude, &project.pin]
        .into_iter()
        .chain(of_checks)
        .chain(of_bundles)
        .flatten()
    {
        let parts = Path::new(glob).components();
        assert!(
            parts.into_iter().all(|part| part.as_os_str() != ".."),
            "{glob}"
        );
    }
    if let Some(weights) = &project.weights {
        let mut all = weights.file.0.iter().chain(&weights.piece.0);
        assert!(all.all(|weight| weight.is_finite()));
    }
    assert_eq!(merge(std::slice::from_ref(&project)), project);
}

/// Globs of flags and files: each compiles or is a mistake, and matching ends.
pub fn globs(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.splitn(3, '\n').map(str::to_owned);
    let request = request::Request {
        include: lines.next().into_iter().collect(),
        exclude: lines.next().into_iter().collect(),
        ..request_of_nothing()
    };
    let path = lines.next().unwrap_or_default();
    if let Ok(is_candidate) = ctxpack::source::file_filter(&request) {
        for path in ["src/lib.rs", "a/b/c/d", "[", "", &path] {
            is_candidate(path);
        }
    }
}

fn request_of_nothing() -> request::Request {
    request::Request::new("", request::Budget::Tokens(1))
}

/// Names that stand for the languages whose grammars are built in, and for what has none.
const FILES: &[&str] = &[
    "a.sh", "a.c", "a.cs", "a.cpp", "a.ex", "a.go", "a.java", "a.js", "a.php", "a.py", "a.rb",
    "a.rs", "a.ts", "a.tsx", "a.md", "a.txt",
];

/// Source of every language: an outline keeps its promises.
pub fn outline(data: &[u8]) {
    let Some((file, source)) = choose(FILES, data) else {
        return;
    };
    let text = String::from_utf8_lossy(source);
    let language = language::detect(file, &text);
    promises::check(&text, &language::outline(&text, language));
}

/// Bundles read back: whatever is taken for one, its items stand in it one after the other, each with its text.
pub fn read(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(written) = ctxpack::emit::read(&text) else {
        return;
    };
    let mut rest = &*text;
    for item in &written.items {
        let at = rest.find(&item.whole).expect("items stand in the bundle");
        rest = &rest[at + item.whole.len()..];
        assert!(["file", "note", "session"].contains(&&*item.kind) || item.whole.is_empty());
    }
    // what a diff says of anything and itself
    let tokenizer = ctxpack::tokens::Tokenizer::default();
    let side = ctxpack::diff::Inventory::of_written(written, &text, tokenizer);
    assert!(ctxpack::diff::Diff::of(&side, &side).is_empty());
}

/// Tasks: a query is read out of anything.
pub fn task(data: &[u8]) {
    let _ = ctxpack::lexicon::query::read(&String::from_utf8_lossy(data));
}

/// Bytes to text, and paths: nothing dangerous is left, no line is added or lost, a name comes back.
pub fn text(data: &[u8]) {
    use ctxpack::guard::text::{Decoded, clean, decode, path_bytes, path_text};
    let is_harmless = |text: &str| {
        text.chars().all(|c| {
            (!c.is_control() || c == '\n' || c == '\t')
                && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
        })
    };
    if let Decoded::Text(decoded) = decode(data) {
        assert!(is_harmless(&decoded.text));
        let (again, counts) = clean(&decoded.text);
        assert!(counts.is_zero() && again == decoded.text);
    }
    let dirty = String::from_utf8_lossy(data);
    let (cleaned, _) = clean(&dirty);
    assert!(is_harmless(&cleaned));
    assert_eq!(cleaned.matches('\n').count(), dirty.matches('\n').count());
    let shown = path_text(data);
    assert!(is_harmless(&shown) && !shown.contains(['\n', '\t']));
    assert_eq!(path_bytes(&shown), data);
}

/// Counts of both encodings, against the crate that the vocabularies come from.
pub fn tokens(data: &[u8]) {
    use ctxpack::tokens::Tokenizer;
    // The oracle panics on long runs of one kind of character.
    let text = String::from_utf8_lossy(&data[..data.len().min(20_000)]);
    for (tokenizer, oracle) in [
        (Tokenizer::O200kBase, tiktoken_rs::o200k_base_singleton()),
        (Tokenizer::Cl100kBase, tiktoken_rs::cl100k_base_singleton()),
    ] {
        let expected = oracle.encode_ordinary(&text).len();
        assert_eq!(tokenizer.count(&text), expected, "{tokenizer:?}: {text:?}");
    }
}
