//! The patches that several agents write in place of edits: `*** Begin Patch`, `*** Update File: src/a.rs`, ...

/// The files that a patch adds, updates, deletes or moves to, in its order.
pub(super) fn files(patch: &str) -> impl Iterator<Item = &str> {
    const MARKS: &[&str] = &[
        "*** Add File: ",
        "*** Update File: ",
        "*** Delete File: ",
        "*** Move to: ",
    ];
    patch
        .lines()
        .filter_map(|line| MARKS.iter().find_map(|mark| line.strip_prefix(mark)))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_change_names_its_file() {
        let patch = "*** Begin Patch\n*** Update File: a b.rs\n*** Move to: c.rs\n@@\n-*** Add File: no\n+x\n*** Add File: d\r\n+y\n*** Delete File: e\n*** End Patch";
        let found: Vec<&str> = files(patch).collect();
        assert_eq!(found, ["a b.rs", "c.rs", "d", "e"]);
        assert_eq!(files("").count(), 0);
    }
}
