//! Whether what a note names is still there: a note goes stale when the code it speaks of moves on.
//!
//! A path is looked up in the tree that is being packed, whole or by its last parts where these are unique. An identifier is looked
//! for in the files that the note names: over the whole tree every word is found somewhere. What lies outside the tree cannot be
//! told and never counts against a note; nothing is dropped for being stale, and no note is changed.

use super::Atom;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// Whether what an atom names is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Anchored {
    /// All of it is.
    Fresh,
    /// Some of it is gone.
    Drifted,
    /// None of it is left.
    Orphaned,
    /// It names nothing that could be looked up.
    #[default]
    Unverifiable,
}

impl Anchored {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Drifted => "drifted",
            Self::Orphaned => "orphaned",
            Self::Unverifiable => "unverifiable",
        }
    }
}

/// The paths of a tree that some atoms may name, to be looked up whole or by their ends.
#[derive(Debug, Default)]
pub struct Paths<'a> {
    files: FxHashSet<&'a str>,
    folders: FxHashSet<&'a str>,
    /// Files and folders by their names.
    by_name: FxHashMap<&'a str, Vec<&'a str>>,
}

/// Paths that are looked through on one core at least.
const MIN_PATHS: usize = 1024;

/// A path of a tree, or a folder above one.
#[derive(Clone, Copy)]
struct Known<'a> {
    path: &'a str,
    is_file: bool,
}

impl<'a> Paths<'a> {
    /// Those of `paths` whose last part `atoms` name, and of folders also those whose first. O(length of the paths), on all cores: of a
    /// large tree a table of all takes longer than to go through it once.
    pub fn new(paths: &[&'a str], atoms: &[Atom]) -> Self {
        let anchors = atoms.iter().flat_map(|atom| &atom.anchors);
        let anchors = anchors.filter_map(|anchor| lookable(anchor));
        let ends = anchors.flat_map(|anchor| {
            let top = anchor.split_once('/').map(|(top, _)| top);
            [Some(name_of(anchor)), top].into_iter().flatten()
        });
        let wanted: FxHashSet<&str> = ends.collect();
        let named = |chunk: &[&'a str]| {
            let mut named = Vec::new();
            let mut last = "";
            for &path in chunk {
                if wanted.contains(name_of(path)) {
                    named.push(Known {
                        path,
                        is_file: true,
                    });
                }
                let mut folder = path;
                // those above the path before were looked at with it
                while let Some((above, _)) = folder.rsplit_once('/')
                    && !is_below(last, above)
                {
                    if wanted.contains(name_of(above)) {
                        named.push(Known {
                            path: above,
                            is_file: false,
                        });
                    }
                    folder = above;
                }
                last = path;
            }
            named
        };
        let named: Vec<Known<'_>> = paths.par_chunks(MIN_PATHS).flat_map_iter(named).collect();
        let mut all = Self::default();
        for Known { path, is_file } in named {
            let of_kind = if is_file {
                &mut all.files
            } else {
                &mut all.folders
            };
            if of_kind.insert(path) {
                all.by_name.entry(name_of(path)).or_default().push(path);
            }
        }
        all
    }

    /// The file or folder that `anchor` names; `Err(true)` if it should be in this tree and is not, `Err(false)` if that cannot be told.
    fn find(&self, anchor: &str) -> Result<&'a str, bool> {
        let anchor = lookable(anchor).ok_or(false)?;
        if let Some(path) = self.files.get(anchor).or_else(|| self.folders.get(anchor)) {
            return Ok(path);
        }
        let ends = |path: &&&str| {
            let rest = path.strip_suffix(anchor);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let named = self.by_name.get(name_of(anchor));
        let named = named.map_or(&[][..], Vec::as_slice);
        let mut fits = named.iter().filter(ends);
        if let Some(path) = fits.next() {
            // of several the note may mean any: that it is there is all that is asked
            return Ok(path);
        }
        // a folder that is here says that the path is one of this tree; a name alone may be anything
        let (top, below) = anchor.split_once('/').ok_or(false)?;
        Err(self.folders.contains(top) && !below.is_empty())
    }

    /// What `atom` names; its identifiers, where all files that it names are there.
    fn named(&self, atom: &Atom) -> Named<'a> {
        let mut named = Named::default();
        for anchor in &atom.anchors {
            match self.find(anchor) {
                Ok(path) if path != atom.path => {
                    named.n_found += 1;
                    if self.files.contains(path) && !is_prose(path) {
                        named.files.push(path);
                    }
                }
                Err(true) => named.gone.push(anchor.clone()),
                _ => {}
            }
        }
        if !named.files.is_empty() && named.gone.is_empty() {
            let symbols = atom.anchors.iter().filter(|anchor| is_symbol(anchor));
            named.symbols = symbols.cloned().collect();
        }
        named
    }
}

/// Files that are read to look for what notes say stands in them.
const MAX_LOOKED_INTO: usize = 200;

/// What an atom names.
#[derive(Default)]
struct Named<'a> {
    /// How many paths are there.
    n_found: usize,
    /// Paths that are not.
    gone: Vec<String>,
    /// The files among those that are.
    files: Vec<&'a str>,
    /// Identifiers that may stand in them.
    symbols: Vec<String>,
}

/// Looks up what each atom names. `text` gives the text of a file of the tree, asked at most once for each file that an
/// atom names together with an identifier: for the first 200 such files, on all cores.
pub fn look_up(
    atoms: &mut [Atom],
    paths: &Paths<'_>,
    text: &(dyn Fn(&str) -> Option<String> + Sync),
) {
    let named: Vec<Named<'_>> = atoms.iter().map(|atom| paths.named(atom)).collect();
    let mut wanted: Vec<(&str, FxHashSet<&str>)> = Vec::new();
    let mut places: FxHashMap<&str, usize> = FxHashMap::default();
    for named in named.iter().filter(|it| !it.symbols.is_empty()) {
        for &path in &named.files {
            let place = *places.entry(path).or_insert_with(|| {
                wanted.push((path, FxHashSet::default()));
                wanted.len() - 1
            });
            wanted[place]
                .1
                .extend(named.symbols.iter().map(|symbol| own_name(symbol)));
        }
    }
    wanted.truncate(MAX_LOOKED_INTO);
    let looked_into = wanted.into_par_iter().map(|(path, names)| {
        let text = text(path)?;
        let stand = names.into_iter().filter(|name| has_word(&text, name));
        Some(stand.collect())
    });
    let looked_into: Vec<Option<FxHashSet<&str>>> = looked_into.collect();
    let is_in = |symbol: &str, path: &str| {
        let words = looked_into.get(*places.get(path)?)?.as_ref()?;
        Some(words.contains(own_name(symbol)))
    };
    let judged: Vec<(usize, Vec<String>)> = named
        .iter()
        .map(|named| {
            let (mut n_found, mut gone) = (named.n_found, named.gone.clone());
            for symbol in &named.symbols {
                let known = named.files.iter().filter_map(|path| is_in(symbol, path));
                match known.reduce(|a, b| a || b) {
                    Some(true) => n_found += 1,
                    // a word of another file, perhaps: it speaks against the note where it looks like code and nothing else is named
                    Some(false) if looks_defined(symbol) => gone.push(symbol.clone()),
                    _ => {}
                }
            }
            (n_found, gone)
        })
        .collect();
    for (atom, (n_found, mut gone)) in atoms.iter_mut().zip(judged) {
        // what is to be done may name what is to be written
        if atom.text.contains("[ ]") {
            gone.clear();
        }
        atom.anchored = match (n_found, gone.len()) {
            (0, 0) => Anchored::Unverifiable,
            (_, 0) => Anchored::Fresh,
            (0, _) => Anchored::Orphaned,
            _ => Anchored::Drifted,
        };
        atom.gone = gone;
    }
}

fn is_prose(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "md" | "mdx" | "txt" | "rst" | "adoc" | "org")
}

/// An identifier, perhaps with what it belongs to: `hold_order_lock`, `Lock::hold`.
fn is_symbol(anchor: &str) -> bool {
    anchor.len() >= 4
        && !anchor.contains('/')
        && anchor.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && anchor
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '#'))
}

/// Whether a name is one that somebody gave to a piece of code: more than one word, as no word of prose is.
fn looks_defined(symbol: &str) -> bool {
    let name = symbol.rsplit([':', '.', '#']).next().unwrap_or(symbol);
    let inner = name.trim_matches('_');
    inner.contains('_') && inner.chars().any(char::is_lowercase)
        || inner.chars().skip(1).any(char::is_uppercase) && inner.chars().any(char::is_lowercase)
}

/// The last part of a symbol.
fn own_name(symbol: &str) -> &str {
    symbol.rsplit([':', '.', '#']).next().unwrap_or(symbol)
}

/// Whether an identifier stands in `text`, not as a part of a longer one. One of less than four bytes is never looked for.
fn has_word(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let stands_alone = |at: usize| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    };
    name.len() >= 4
        && memchr::memmem::find_iter(text.as_bytes(), name.as_bytes())
            .any(|at| text.is_char_boundary(at) && stands_alone(at))
}

/// What of an anchor could be a path in a tree.
fn lookable(anchor: &str) -> Option<&str> {
    let anchor = anchor.trim_end_matches('/');
    let is_outside = anchor.starts_with(['/', '~', '$', '@']);
    (!is_outside && !anchor.contains("..") && !anchor.contains('*')).then_some(anchor)
}

/// The last part of a path.
fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(note: &str, expected: Anchored) {
        let files = [
            (
                "src/payments/lock.rs",
                "pub fn hold_order_lock() { retry(); }",
            ),
            ("src/main.rs", "fn main() {}"),
            ("docs/adr/0001.md", ""),
            ("NOTES.md", ""),
        ];
        let all: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
        let mut atoms = super::super::atoms("NOTES.md", note, None);
        let paths = Paths::new(&all, &atoms);
        look_up(&mut atoms, &paths, &|path| {
            let file = files.iter().find(|(of, _)| *of == path)?;
            Some(file.1.to_owned())
        });
        assert_eq!(atoms[0].anchored, expected, "{note}");
    }

    #[test]
    fn what_is_there_is_fresh() {
        check("- see src/payments/lock.rs", Anchored::Fresh);
        check("- see `payments/lock.rs:12` and lock.rs", Anchored::Fresh);
        check("- `hold_order_lock` in lock.rs", Anchored::Fresh);
        check("- all of docs/adr/", Anchored::Fresh);
        check("- all of `src/payments`", Anchored::Fresh);
        check("- the locks of `payments/`", Anchored::Fresh);
    }

    #[test]
    fn what_is_gone_is_told() {
        check("- see src/payments/redis.rs", Anchored::Orphaned);
        check(
            "- src/payments/redis.rs, now src/main.rs",
            Anchored::Drifted,
        );
        check("- `drop_order_lock` in lock.rs", Anchored::Drifted);
    }

    #[test]
    fn what_cannot_be_told_does_not_count() {
        check("- we use pnpm", Anchored::Unverifiable);
        check("- [ ] write src/plan.rs", Anchored::Unverifiable);
        check(
            "- ~/.config/x/y.toml and /etc/hosts",
            Anchored::Unverifiable,
        );
        check("- other/repo/file.rs, numpy.array", Anchored::Unverifiable);
        check("- `hold_order_lock` somewhere", Anchored::Unverifiable);
        check("- `timeout` in lock.rs", Anchored::Fresh);
        check(
            "- https://example.com/src/payments/gone.rs",
            Anchored::Unverifiable,
        );
    }
}
