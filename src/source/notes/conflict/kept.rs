//! Pairs as an earlier run found them: they are the same until one of the atoms changes.

use super::{Pairs, pairs};
use crate::cache::{Bucket, Cache, Key};
use crate::source::notes::Atom;

/// Atoms from which on their pairs are kept: those of fewer are found as fast as they are looked up.
const MIN_KEPT: usize = 32;

/// [`super::pairs`], looked up in `cache`. O(length of the atoms).
pub fn known_pairs(cache: Option<&Cache>, atoms: &[Atom]) -> Pairs {
    let Some(cache) = cache.filter(|_| atoms.len() >= MIN_KEPT) else {
        return pairs(atoms);
    };
    let key = key(atoms);
    let known = cache.get::<Pairs>(Bucket::Notes, &key);
    if let Some((known, _)) = known.filter(|(known, _)| is_of(known, atoms.len())) {
        return known;
    }
    let found = pairs(atoms);
    cache.put(Bucket::Notes, &key, &found);
    found
}

/// All of an atom that a pair depends on.
fn key(atoms: &[Atom]) -> Key {
    atoms.iter().fold(Key::new("pairs"), |key, atom| {
        let Atom {
            path,
            lines,
            heading,
            text,
            class,
            date,
            anchors,
            done,
            superseded,
            applies_to,
            status: _,
            keys: _,
            supersedes: _,
            n_sources: _,
            anchored: _,
            gone: _,
        } = atom;
        let numbers = format!("{lines:?} {class:?} {date:?} {done} {superseded}");
        let lists = [heading, anchors, applies_to];
        let words = lists.into_iter().flat_map(|list| {
            let length = list.len().to_string();
            [length].into_iter().chain(list.iter().cloned())
        });
        let key = key.with(path).with(text).with(numbers);
        words.fold(key, Key::with)
    })
}

/// Whether they can be of so many atoms: a record may say anything.
fn is_of(pairs: &Pairs, n_atoms: usize) -> bool {
    let duplicates = pairs.duplicates.iter().map(|it| it.kept.max(it.other));
    let conflicts = pairs.conflicts.iter().map(|it| it.newer.max(it.older));
    duplicates.chain(conflicts).all(|idx| idx < n_atoms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::notes::{Class, DateSource};

    #[test]
    fn what_is_kept_is_what_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let text: String = (0..MIN_KEPT)
            .map(|n| format!("- The limit of queue{n} is {n} jobs.\n"))
            .collect();
        let text = format!("{text}- Use pnpm, not npm.\n- Use npm, not pnpm.\n");
        let mut atoms = crate::source::notes::atoms("NOTES.md", &text, None);
        assert!(atoms.len() > MIN_KEPT, "{}", atoms.len());
        let check = |atoms: &[Atom]| {
            let found = pairs(atoms);
            for _ in 0..2 {
                assert_eq!(known_pairs(Some(&cache), atoms), found);
            }
            found
        };
        assert_eq!(check(&atoms).conflicts.len(), 1);
        // whatever a pair depends on makes them other atoms
        let last = atoms.len() - 1;
        atoms[last].done = true;
        assert!(check(&atoms).conflicts.is_empty());
        atoms[last].done = false;
        atoms[last].applies_to = vec!["web/**".to_owned()];
        assert!(check(&atoms).conflicts.is_empty());
        atoms[last].applies_to.clear();
        atoms[last].date = Some((9, DateSource::Record));
        assert_eq!(check(&atoms).conflicts[0].newer, last);
        atoms[last].text = atoms[last - 1].text.clone();
        assert_eq!(check(&atoms).duplicates.len(), 1);
        for idx in [last - 1, last] {
            atoms[idx].class = Class::Status;
        }
        assert!(check(&atoms).duplicates.is_empty());
    }

    #[test]
    fn a_record_of_other_atoms_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let text = "- The port is 80.\n".repeat(MIN_KEPT);
        let atoms = crate::source::notes::atoms("NOTES.md", &text, None);
        let mut wrong = pairs(&atoms);
        wrong.duplicates[0].other = atoms.len();
        cache.put(Bucket::Notes, &key(&atoms), &wrong);
        assert_eq!(known_pairs(Some(&cache), &atoms), pairs(&atoms));
    }
}
