//! What no compiler checks: which room knows which, and whether the documents still speak of what is there.

use crate::common::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Which rooms a room may import from. A new edge is a change of the design: it has its own commit, which says why.
const EDGES: &[(&str, &[&str])] = &[
    // what all rooms talk in
    ("error", &[]),
    ("request", &["score", "sticky", "tokens"]),
    ("packed", &["emit", "request", "score"]),
    // holds on to what a bundle showed
    (
        "sticky",
        &["cache", "emit", "fit", "render", "request", "solve"],
    ),
    // packs the same for many budgets, through the front door
    ("curve", &["emit", "error", "lib", "request"]),
    // what earlier runs, and the repository, say of sizes
    ("lock", &[]),
    ("bundle", &["emit", "lock", "request"]),
    // two of those, compared
    ("diff", &["bundle", "emit", "lock", "tokens"]),
    // limits on what is read; packs pins through the front door
    (
        "check",
        &[
            "error", "guard", "lib", "lock", "request", "source", "tokens",
        ],
    ),
    // what earlier runs parsed and counted
    ("outlines", &["cache", "language", "tokens"]),
    // and who imports whom
    ("graphs", &["cache", "score", "source"]),
    // what would be read, without packing it
    ("inputs", &["error", "packed", "request", "source"]),
    // reads files, notes, sessions and commits at the same time
    (
        "collect",
        &[
            "cache", "error", "guard", "lexicon", "request", "score", "source",
        ],
    ),
    // which files are opened
    (
        "shortlist",
        &[
            "language", "lexicon", "outlines", "request", "score", "source", "sticky",
        ],
    ),
    // what no bundle has room for
    (
        "left_out",
        &["emit", "render", "request", "score", "source"],
    ),
    // how what was chosen is written
    ("items", &["emit", "render", "request", "score", "source"]),
    // what that shows
    ("shown", &["emit", "error", "render", "score"]),
    // what a larger budget would show
    (
        "next",
        &[
            "emit", "fit", "items", "packed", "render", "score", "shown", "solve",
        ],
    ),
    // why each was chosen or not
    ("explanations", &["items", "packed", "render", "score"]),
    // what the hosts of agents say and want to hear
    ("agents", &[]),
    // the stages, and what they lean on; none imports from a later stage
    ("tokens", &[]),
    ("classes", &[]),
    ("guard", &["classes"]),
    ("cache", &[]),
    ("language", &[]),
    ("lexicon", &["classes"]),
    // what earlier runs read of the words of files
    ("index", &["cache", "lexicon"]),
    (
        "source",
        &["cache", "error", "guard", "index", "lexicon", "request"],
    ),
    (
        "score",
        &["error", "language", "lexicon", "request", "source"],
    ),
    ("solve", &[]),
    ("emit", &["error", "guard", "request", "tokens"]),
    (
        "render",
        &["emit", "language", "request", "score", "source", "tokens"],
    ),
    ("fit", &["emit", "error", "render", "request", "solve"]),
    (
        "eval",
        &[
            "emit",
            "error",
            "language",
            "lexicon",
            "lib",
            "outlines",
            "request",
            "score",
            "shortlist",
            "source",
        ],
    ),
    // the outside: the command line and its settings are one program
    (
        "cli",
        &[
            "agents", "bundle", "cache", "check", "config", "curve", "diff", "emit", "error",
            "eval", "guard", "lib", "lock", "mcp", "request", "score", "source", "sticky",
            "tokens",
        ],
    ),
    (
        "config",
        &[
            // what is named in a config file is shown, and names are held against the rules for secrets
            "check", "cli", "error", "guard", "request", "score", "source", "tokens",
        ],
    ),
    // the command as a server: what its tools do, the commands do
    (
        "mcp",
        &["cli", "config", "emit", "guard", "lib", "request", "source"],
    ),
];

/// Edges that are there and should go; the list may only get shorter.
const DEBTS: &[(&str, &str)] = &[];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    let text = std::fs::read_to_string(root().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below a folder, relative to the root with `/`, sorted.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(root().join(&folder));
        for entry in entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else {
                found.push(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(String, String)> {
    let rust = files("src")
        .into_iter()
        .filter(|path| path.ends_with(".rs"));
    rust.map(|path| (read(&path), path))
        .map(|(text, path)| (path, text))
        .collect()
}

/// The room that a file under `src/` belongs to.
fn room(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap();
    below
        .split_once('/')
        .map_or_else(|| below.trim_end_matches(".rs"), |(room, _)| room)
}

/// The code of a file, without comments and without the tests at its end, which may look around as they like.
fn code(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// What follows `crate::` or `ctxpack::`: the first name of each path, or of each branch of a group.
fn imports(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for root in ["crate::", "ctxpack::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$' || c == ':') {
                continue;
            }
            let rest = &code[at + root.len()..];
            match rest.strip_prefix('{') {
                Some(group) => names.extend(branches(group)),
                None => names.extend(name(rest)),
            }
        }
    }
    names
}

fn name(text: &str) -> Option<String> {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// The first names in `a::b, c::{d, e}, f}...`, up to the brace that closes the group.
fn branches(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut at_start) = (0, Vec::new(), true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' => at_start = depth == 0,
            c if c.is_whitespace() => {}
            _ if at_start => {
                names.extend(name(&group[at..]));
                at_start = false;
            }
            _ => {}
        }
    }
    names
}

#[track_caller]
fn check_imports(code: &str, expected: &[&str]) {
    let found: Vec<String> = imports(code).into_iter().collect();
    assert_eq!(found, expected, "{code}");
}

#[test]
fn imports_are_found() {
    check_imports("use crate::error::Error;", &["error"]);
    check_imports(
        "use ctxpack::{Kind, emit::{self, Item}, request};",
        &["Kind", "emit", "request"],
    );
    check_imports(
        "fn f(a: crate::emit::Item) -> ctxpack::Survey {}",
        &["Survey", "emit"],
    );
    check_imports(
        "use crate::{\n    cli::{a, b},\n    config,\n};",
        &["cli", "config"],
    );
    check_imports("use mycrate::a; use other::crate::b;", &[]);
}

#[test]
fn rooms_import_what_the_table_allows() {
    let rooms: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let from = room(&path);
        if from == "lib" || from == "main" {
            continue; // they tie the rooms together
        }
        if !rooms.contains_key(from) {
            wrong.push(format!(
                "{path}: the room `{from}` has no row in the table of tests/it/tidy.rs"
            ));
        }
        let code = code(&text);
        for name in imports(&code) {
            // `crate::pack` and `crate::Survey` are of lib.rs
            let to = if rooms.contains_key(name.as_str()) {
                name
            } else {
                "lib".to_owned()
            };
            if to != from {
                found
                    .entry((from.to_owned(), to))
                    .or_default()
                    .push(path.clone());
            }
        }
        // how many modules stand between the file and the root
        let depth = path.matches('/').count() - usize::from(path.ends_with("/mod.rs"));
        let out = format!("use {}", "super::".repeat(depth));
        if code
            .lines()
            .any(|line| line.trim_start_matches("pub ").starts_with(&out))
        {
            wrong.push(format!("{path}: `{out}` leaves the room; say `crate::`"));
        }
    }
    let is_allowed =
        |from: &str, to: &str| rooms.get(from).is_some_and(|rooms| rooms.contains(&to));
    for ((from, to), paths) in &found {
        if !is_allowed(from, to) && !DEBTS.contains(&(from, to)) {
            wrong.push(format!(
                "`{from}` may not import from `{to}`: {}",
                paths.join(", ")
            ));
        }
    }
    let is_found = |from: &str, to: &str| found.contains_key(&(from.to_owned(), to.to_owned()));
    let listed = EDGES
        .iter()
        .flat_map(|(from, rooms)| rooms.iter().map(move |to| (*from, *to)));
    for (from, to) in listed.chain(DEBTS.iter().copied()) {
        if !is_found(from, to) {
            wrong.push(format!(
                "`{from}` imports nothing from `{to}` any more: delete the edge from the table"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut paths = files("src");
    paths.extend(files("tests"));
    paths.extend(files("benches"));
    paths.extend(files("fuzz/src"));
    paths.extend(files("fuzz/fuzz_targets"));
    paths.push("build.rs".to_owned());
    let silent: Vec<&String> = paths
        .iter()
        .filter(|path| path.ends_with(".rs") && !read(path).starts_with("//!"))
        .collect();
    assert!(silent.is_empty(), "no `//!` on the first line: {silent:?}");
}

#[test]
fn nothing_is_printed_in_passing_or_left_to_do() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for word in ["println!", "print!", "dbg!", "todo!", "unimplemented!"] {
                if code.contains(word) {
                    found.push(format!("{path}:{}: {word}", number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn folders_of_grammars_are_whole() {
    let mut folders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files("grammars") {
        let (folder, name) = path.rsplit_once('/').unwrap();
        let name = match name {
            "sample.outline" | "outline.scm" | "tags.scm" | "nests.toml" => name,
            _ if name.starts_with("sample.") => "sample",
            _ => panic!("{path} is no part of a grammar"),
        };
        folders
            .entry(folder.to_owned())
            .or_default()
            .insert(name.to_owned());
    }
    for (folder, names) in folders {
        let has = |name: &str| names.contains(name);
        // queries may serve several languages and have no sample; Markdown has a sample and no queries
        assert_eq!(
            has("outline.scm"),
            has("tags.scm"),
            "{folder}: one query without the other"
        );
        assert_eq!(
            has("sample"),
            has("sample.outline"),
            "{folder}: a sample without its outline"
        );
        assert_eq!(
            has("sample"),
            has("nests.toml"),
            "{folder}: nobody says what nests"
        );
    }
}

/// What stands between single backticks, outside of fenced blocks.
fn quoted(markdown: &str) -> Vec<String> {
    let mut is_fenced = false;
    let mut quoted = Vec::new();
    for line in markdown.lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            quoted.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    quoted
}

/// Whether a word is a Rust path such as `solve`, `Budget` or `source::notes`.
fn is_rust_path(text: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    text.split("::").all(is_word)
}

#[test]
fn the_architecture_names_what_is_there() {
    let all: Vec<(String, String)> = sources();
    let is_defined = |path: &str| {
        let name = path.rsplit("::").next().unwrap();
        let room = path.split_once("::").map(|(room, _)| room);
        let forms: Vec<String> = [
            "fn ", "struct ", "enum ", "trait ", "type ", "mod ", "const ",
        ]
        .iter()
        .map(|keyword| format!("{keyword}{name}"))
        .collect();
        let ends = |text: &str, form: &str| {
            let after = |at: usize| text[at + form.len()..].chars().next();
            text.match_indices(form)
                .any(|(at, _)| after(at).is_none_or(|c| !c.is_alphanumeric() && c != '_'))
        };
        let variant = format!("    {name}");
        all.iter()
            .filter(|(path, _)| room.is_none_or(|room| path.contains(&format!("/{room}"))))
            .any(|(_, text)| {
                forms.iter().any(|form| ends(text, form))
                    || (name.starts_with(char::is_uppercase) && ends(text, &variant))
            })
    };
    let help = Place::new().run(&["--help"]).good();
    let mut wrong = Vec::new();
    for text in quoted(&read("ARCHITECTURE.md")) {
        let is_path = text.contains('/') || text.contains('.');
        let is_there = if text.starts_with("--") {
            help.contains(&text)
        } else if is_rust_path(&text) {
            is_defined(&text) || root().join(&text).exists()
        } else {
            !is_path || root().join(&text).exists()
        };
        if !is_there {
            wrong.push(text);
        }
    }
    assert!(
        wrong.is_empty(),
        "ARCHITECTURE.md names what is not there: {wrong:?}"
    );
}

/// Flags of git, of cargo and of `benches/evaluate.rs`, which the documents name as well.
const FOREIGN: &[&str] = &[
    "--all",
    "--bench",
    "--fit",
    "--folds",
    "--locked",
    "--no-default-features",
    "--path",
    "--release",
];

#[test]
fn the_readme_agrees_with_the_help() {
    let place = Place::new();
    let readme = read("README.md");
    let (start, end) = ("<!-- help -->\n```text\n", "```\n<!-- /help -->");
    let (before, rest) = readme
        .split_once(start)
        .expect("README.md has a place for the help");
    let (shown, after) = rest.split_once(end).expect("the help ends");
    let help = place.run(&["-h"]).good();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(
            root().join("README.md"),
            format!("{before}{start}{help}{end}{after}"),
        )
        .unwrap();
    } else {
        assert_eq!(
            shown, help,
            "UPDATE_EXPECT=1 writes the help into README.md"
        );
    }
    let needed = concat!("Rust ", env!("CARGO_PKG_RUST_VERSION"), " or newer");
    assert!(readme.contains(needed), "README.md does not say `{needed}`");
    let mut known = place.run(&["--help"]).good();
    for command in [
        "sources",
        "curve",
        "eval",
        "tune",
        "sessions",
        "notes",
        "remember",
        "handoff",
        "doctor",
        "bundle",
        "cache",
        "check",
        "completions",
        "diff",
        "man",
        "init",
        "hook",
        "mcp",
    ] {
        known += &place.run(&[command, "--help"]).good();
    }
    for what in ["clear", "verify"] {
        known += &place.run(&["cache", what, "--help"]).good();
    }
    let known: BTreeSet<String> = flags(&known).collect();
    let wrong: Vec<String> = flags(&(readme + &read("docs/ci.md")))
        .filter(|flag| !known.contains(flag) && !FOREIGN.contains(&flag.as_str()))
        .collect();
    assert!(
        wrong.is_empty(),
        "README.md or docs/ci.md names flags that are not there: {wrong:?}"
    );
}

/// The long flags that a text names.
fn flags(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words
        .filter(|word| {
            word.strip_prefix("--")
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
        })
        .map(str::to_owned)
}
