//! Which notes belong to the code that is likely: the thread from a note to what it speaks of.
//!
//! A note that shares no word with the task is still needed by whoever changes the file that it names. Links are of one step; the
//! other direction, from a note that answers the task to the code that it names, is [`super::pointed`].

use crate::source::notes::Atom;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rustc_hash::FxHashMap;

/// A shorter name ties nothing: it stands in any prose.
pub const MIN_NAME_BYTES: usize = 4;

/// What is likely to change, as notes may name it. Strengths are relative to the likeliest, in `[0, 1]`.
#[derive(Debug, Clone, Default)]
pub struct Likely<'a> {
    /// Paths of files, likeliest first.
    pub files: Vec<(&'a str, f64)>,
    /// Names of functions and types.
    pub names: FxHashMap<&'a str, f64>,
}

impl<'a> Likely<'a> {
    /// `files` and `names` with their probabilities, in any order.
    pub fn new(
        mut files: Vec<(&'a str, f64)>,
        names: impl Iterator<Item = (&'a str, f64)>,
    ) -> Self {
        files.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
        let most = files.first().map_or(1.0, |file| file.1).max(1e-12);
        for file in &mut files {
            file.1 /= most;
        }
        let mut strongest: FxHashMap<&str, f64> = FxHashMap::default();
        let mut most = 1e-12_f64;
        for (name, p) in names.filter(|(name, _)| name.len() >= MIN_NAME_BYTES) {
            let strength = strongest.entry(name).or_default();
            *strength = strength.max(p);
            most = most.max(p);
        }
        for strength in strongest.values_mut() {
            *strength /= most;
        }
        Self {
            files,
            names: strongest,
        }
    }
}

/// How strongly an atom is tied to likely code, in `[0, 1]`: by a path or a name that it names, or by the files it is meant for.
pub fn strength(atom: &Atom, likely: &Likely<'_>) -> f64 {
    let mut best = 0.0_f64;
    for anchor in &atom.anchors {
        let file = likely.files.iter().find(|(path, _)| names(anchor, path));
        let name = likely.names.get(symbol(anchor)).copied();
        best = best
            .max(file.map_or(0.0, |file| file.1))
            .max(name.unwrap_or(0.0));
    }
    if let Some(folder) = folder_of_instructions(&atom.path) {
        let meant = likely
            .files
            .iter()
            .find(|(path, _)| path.starts_with(folder));
        best = best.max(meant.map_or(0.0, |file| file.1));
    }
    if !atom.applies_to.is_empty() {
        let globs = globs(&atom.applies_to);
        let meant = likely.files.iter().find(|(path, _)| globs.is_match(path));
        best = best.max(meant.map_or(0.0, |file| file.1));
    }
    best.sqrt()
}

/// What is left of a rule that is meant for other files than the likely ones: by its globs, or because it stands in a folder of its own.
pub fn scope(atom: &Atom, likely: &Likely<'_>) -> f64 {
    const ELSEWHERE: f64 = 0.2;
    let folder = folder_of_instructions(&atom.path);
    if likely.files.is_empty() || (atom.applies_to.is_empty() && folder.is_none()) {
        return 1.0;
    }
    let globs = globs(&atom.applies_to);
    let is_meant = |path: &str| {
        let in_folder = folder.is_some_and(|folder| path.starts_with(folder));
        in_folder || globs.is_match(path)
    };
    let mut near = likely.files.iter().take(10);
    if near.any(|(path, _)| is_meant(path)) {
        1.0
    } else {
        ELSEWHERE
    }
}

/// The folder, with its `/`, that instructions below the root are for.
fn folder_of_instructions(path: &str) -> Option<&str> {
    let at = path.rfind('/')? + 1;
    let is_instructions = matches!(
        &path[at..],
        "CLAUDE.md" | "AGENTS.md" | "GEMINI.md" | "AGENT.md"
    );
    (is_instructions && !path.starts_with(['.', '~'])).then_some(&path[..at])
}

/// The function or type that an anchor names, without what it belongs to: `Cart::total`, `cart.total`.
pub fn symbol(anchor: &str) -> &str {
    anchor.rsplit([':', '.', '#']).next().unwrap_or(anchor)
}

/// Whether an anchor names the file: the path itself, or its end from a component on; or a folder that holds it.
pub fn names(anchor: &str, path: &str) -> bool {
    let anchor = anchor
        .split(':')
        .next()
        .unwrap_or(anchor)
        .trim_start_matches("./");
    if let Some(folder) = anchor.strip_suffix('/') {
        return folder.len() > 3
            && path
                .strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'));
    }
    anchor.len() > 3
        && anchor.contains('.')
        && (path == anchor
            || path
                .strip_suffix(anchor)
                .is_some_and(|rest| rest.ends_with('/')))
}

/// Globs as agents write them: `src/**/*.ts`, `*.md` at any depth. One that does not parse matches nothing.
fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let deep = format!("**/{pattern}");
        let pattern = if pattern.contains('/') {
            pattern
        } else {
            &deep
        };
        if let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() {
            set.add(glob);
        }
    }
    set.build().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(note: &str, expected: f64) {
        let likely = Likely::new(
            vec![("src/cart/sum.rs", 0.1), ("src/tax.rs", 0.4)],
            [("round_half_even", 0.2), ("new", 0.9), ("Cart::total", 0.0)].into_iter(),
        );
        let atom = crate::source::notes::atoms("NOTES.md", note, None).remove(0);
        assert!((strength(&atom, &likely) - expected).abs() < 1e-9, "{note}");
    }

    #[test]
    fn notes_are_tied_to_likely_code() {
        check("- mind src/tax.rs", 1.0);
        check("- mind `sum.rs`", 0.5);
        check("- all of src/cart/ is slow", 0.5);
        check("- `round_half_even` is for money", 1.0);
        check("- `Tax::round_half_even` is for money", 1.0);
        check("- use tabs; see other.rs", 0.0);
        check("- call `new`", 0.0);
    }

    #[test]
    fn rules_are_meant_for_the_files_of_their_globs() {
        let likely = Likely::new(vec![("web/cart/sum.ts", 0.4)], std::iter::empty());
        let check = |globs: &[&str], expected: f64| {
            let mut atom = crate::source::notes::atoms("NOTES.md", "- use tabs", None).remove(0);
            atom.applies_to = globs.iter().map(|glob| (*glob).to_owned()).collect();
            assert_eq!(strength(&atom, &likely), expected, "{globs:?}");
        };
        check(&["web/**/*.{ts,tsx}"], 1.0);
        check(&["*.ts"], 1.0);
        check(&["web/*.ts", "[", "api/**"], 0.0);
        let in_folder = |path: &str| {
            let atom = crate::source::notes::atoms(path, "- use tabs", None).remove(0);
            (strength(&atom, &likely), scope(&atom, &likely))
        };
        assert_eq!(in_folder("web/AGENTS.md"), (1.0, 1.0));
        assert_eq!(in_folder("api/AGENTS.md"), (0.0, 0.2));
        assert_eq!(in_folder("AGENTS.md"), (0.0, 1.0));
    }
}
