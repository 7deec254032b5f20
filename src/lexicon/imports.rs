//! The names on import lines, read without a grammar, as numbers that are compared and never turned back.
//!
//! `a.b.C`, `./b/c`, `a::b::c` and `A.B` are all names of parts; a part is known by a hash of its normal form.

use super::terms::hash;
use rustc_hash::{FxHashSet, FxHasher};
use std::hash::{Hash as _, Hasher as _};

/// Names read of one line at most.
const MAX_NAMES: usize = 12;

/// Words of import lines that name nothing.
const WORDS: &[&str] = &[
    "import", "from", "use", "pub", "mod", "require", "include", "alias", "using", "export", "as",
    "type", "static", "const",
];

/// What a text imports: collects the names of its lines, each once.
#[derive(Debug, Default)]
pub(super) struct Imports {
    names: Vec<u32>,
    /// Hashes of those.
    known: FxHashSet<u64>,
    line: Names,
}

impl Imports {
    /// Adds the names of an import line.
    pub(super) fn add(&mut self, line: &str) {
        self.line.read(line);
        for name in names(&self.line.all) {
            let is_new =
                self.known.insert(hash_of(name)) || !names(&self.names).any(|it| it == name);
            if is_new {
                self.names.push(name.len() as u32);
                self.names.extend(name);
            }
        }
    }

    /// All of them, for [`names`] to read; begins anew.
    pub(super) fn take(&mut self) -> Vec<u32> {
        self.known.clear();
        let mut names = std::mem::take(&mut self.names);
        names.shrink_to_fit();
        names
    }
}

fn hash_of(name: &[u32]) -> u64 {
    let mut hasher = FxHasher::default();
    name.hash(&mut hasher);
    hasher.finish()
}

/// The names that a text imports, each as its [`part`]s, in the order of the text. Ends where `written` is torn.
pub fn names(written: &[u32]) -> impl Iterator<Item = &[u32]> {
    let mut rest = written;
    std::iter::from_fn(move || {
        let (&n, after) = rest.split_first()?;
        let (name, after) = after.split_at_checked(n as usize)?;
        rest = after;
        Some(name)
    })
}

/// What a part of a name or of a path is known by: its hash in lower case without `_` and `-`, so that `RequestHandler` is
/// `request_handler`.
pub fn part(text: &str) -> u32 {
    let mut short = [0_u8; 64];
    if text.is_ascii() && text.len() <= short.len() {
        let letters = text.bytes().filter(|b| !matches!(b, b'_' | b'-'));
        let mut n = 0;
        for (place, letter) in short.iter_mut().zip(letters) {
            *place = letter.to_ascii_lowercase();
            n += 1;
        }
        return (hash(&short[..n]) >> 32) as u32;
    }
    (hash(normal(text).as_bytes()) >> 32) as u32
}

fn normal(part: &str) -> String {
    part.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The names on one import line, as [`names`] reads them, with room that serves one line after the other.
#[derive(Debug, Default)]
struct Names {
    all: Vec<u32>,
    n: usize,
    /// The first name.
    module: Vec<u32>,
    /// The parts of a name.
    parts: Vec<u32>,
}

impl Names {
    fn read(&mut self, line: &str) {
        self.all.clear();
        self.n = 0;
        self.module.clear();
        for token in line.split(|c: char| {
            !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '\\' | '@'))
        }) {
            if token.is_empty() || WORDS.contains(&token) {
                continue;
            }
            self.split(token, token.contains('/') || line.starts_with('#'));
            if self.parts.is_empty() {
                continue;
            }
            if self.module.is_empty() {
                self.module.extend(&self.parts);
            } else if self.parts.len() == 1 && self.n < MAX_NAMES {
                // `from a.b import c`, `use a::b::{c, d}`
                self.n += 1;
                self.all.push(self.module.len() as u32 + 1);
                self.all.extend(&self.module);
                self.all.extend(&self.parts);
            }
            if self.n < MAX_NAMES {
                self.n += 1;
                self.all.push(self.parts.len() as u32);
                self.all.extend(&self.parts);
            }
        }
    }

    /// Takes a token into its parts.
    fn split(&mut self, token: &str, is_path: bool) {
        self.parts.clear();
        let is_name = |part: &str| {
            !matches!(part, "" | "crate" | "self" | "super" | "*")
                && part.bytes().any(|b| !matches!(b, b'_' | b'-'))
        };
        let parts = token.split(['/', ':', '\\']);
        let mut parts = parts
            .filter(|part| !part.is_empty() && *part != "." && *part != "..")
            .peekable();
        while let Some(piece) = parts.next() {
            if is_path {
                // drop the extension
                let stem = match parts.peek() {
                    None => piece.split_once('.').map_or(piece, |(stem, _)| stem),
                    Some(_) => piece,
                };
                self.parts
                    .extend(Some(stem).filter(|it| is_name(it)).map(part));
            } else {
                let names = piece.split('.').filter(|it| is_name(it));
                self.parts.extend(names.map(part));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: &[&[&str]]) {
        let mut imports = Imports::default();
        imports.add(line);
        let written = imports.take();
        let found: Vec<&[u32]> = names(&written).collect();
        let expected = expected.iter().map(|name| name.iter().map(|it| part(it)));
        let expected: Vec<Vec<u32>> = expected.map(Iterator::collect).collect();
        assert_eq!(found, expected, "{line}");
        assert!(imports.take().is_empty());
    }

    #[test]
    fn lines_name_modules() {
        check("use std::io;", &[&["std", "io"]]);
        check("mod defs;", &[&["defs"]]);
        check(
            "var a = require('./utils')",
            &[
                &["var"],
                &["var", "a"],
                &["a"],
                &["var", "utils"],
                &["utils"],
            ],
        );
        check("#include \"dict.h\"", &[&["dict"]]);
        check(
            "from django.db import models",
            &[&["django", "db"], &["django", "db", "models"], &["models"]],
        );
        check("import RequestHandler", &[&["request_handler"]]);
        check("use __;", &[]);
    }

    #[test]
    fn torn_lists_end() {
        for torn in [&[][..], &[1], &[9, 1, 2], &[u32::MAX]] {
            assert_eq!(names(torn).count(), 0);
        }
        assert_eq!(names(&[0, 1, 7]).count(), 2);
    }
}
