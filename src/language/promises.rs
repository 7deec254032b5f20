//! What every outline promises, whatever the text: asked of damaged samples here, and of what a fuzzer thinks up in `fuzz/`.

use crate::language::Outline;

/// The promises of [`Outline`], about the outline of `text`.
pub fn check(text: &str, outline: &Outline) {
    let n_lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
    let within = |(first, last): (u32, u32), (low, high): (u32, u32)| {
        low <= first && first <= last && last <= high
    };
    for (idx, definition) in outline.definitions.iter().enumerate() {
        assert!(!definition.name.is_empty(), "{definition:?}");
        assert!(
            definition.name.chars().count() <= 120 && !definition.name.contains('\n'),
            "{definition:?}"
        );
        assert!(
            within(definition.signature, definition.lines),
            "{definition:?}"
        );
        let around = match definition.parent {
            Some(parent) => {
                assert!(parent < idx, "{definition:?}");
                outline.definitions[parent].lines
            }
            None => (1, n_lines),
        };
        assert!(
            within(definition.lines, around),
            "{definition:?} is not inside {around:?}"
        );
    }
    assert!(
        outline
            .definitions
            .windows(2)
            .all(|pair| pair[0].lines.0 <= pair[1].lines.0)
    );
    assert!(
        outline
            .bases
            .iter()
            .all(|(idx, name)| *idx < outline.definitions.len() && !name.is_empty())
    );
    assert!(outline.bases.is_sorted_by_key(|(idx, _)| *idx));
    assert!(
        outline
            .imports
            .iter()
            .all(|lines| within(*lines, (1, n_lines)))
    );
    assert!(outline.imports.windows(2).all(|pair| pair[0].1 < pair[1].0));
    assert!(
        outline.references.is_sorted()
            || outline
                .references
                .is_sorted_by_key(|reference| reference.line)
    );
    assert!(
        outline
            .references
            .iter()
            .all(|reference| (1..=n_lines).contains(&reference.line) && !reference.name.is_empty())
    );
    assert!(outline.breaks.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(
        outline
            .breaks
            .iter()
            .all(|line| (1..=n_lines).contains(line))
    );
}
