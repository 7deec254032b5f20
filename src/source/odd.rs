//! What a reader should know of a text that is not what it seems: said in warnings, for nothing of it is seen in the text itself.

use crate::error::Warning;
use crate::guard::markup::{self, Markup};
use crate::guard::text::Counts;

/// Warnings about the clean text at `path`, of which cleaning changed what `counts` say.
///
/// Invalid sequences are told by the U+FFFD in their place. Codes: `hidden-text`, what was removed or made visible, and `model-markup`, what a model may take for more than text.
pub fn warnings(path: &str, counts: &Counts, text: &str) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let changes = told(&[
        (
            counts.hidden,
            "invisible character",
            "invisible characters",
            "removed",
        ),
        (
            counts.bidi,
            "reordering mark",
            "reordering marks",
            "made visible",
        ),
        (
            counts.controls,
            "control character",
            "control characters",
            "made visible",
        ),
    ]);
    if !changes.is_empty() {
        warnings.push(Warning::new("hidden-text", path, changes));
    }
    warnings.extend(of_markup(path, &markup::count(text)));
    warnings
}

/// The warning about marks found in what `path` names; `None` where there are none.
pub fn of_markup(path: &str, found: &Markup) -> Option<Warning> {
    let (role, roles) = (
        "mark by which models are told who speaks",
        "marks by which models are told who speaks",
    );
    let (end, ends) = (
        "end tag like a bundle's own",
        "end tags like a bundle's own",
    );
    let marks = told(&[
        (found.roles, role, roles, "shown as text"),
        (found.ends, end, ends, "shown as text"),
    ]);
    (!marks.is_empty()).then(|| Warning::new("model-markup", path, marks))
}

/// `3 invisible characters removed, 1 control character made visible`.
fn told(kinds: &[(usize, &str, &str, &str)]) -> String {
    let kinds = kinds.iter().filter(|(n, ..)| *n > 0);
    let kinds = kinds.map(|(n, one, many, done)| {
        let what = if *n == 1 { one } else { many };
        format!("{n} {what} {done}")
    });
    kinds.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(counts: Counts, text: &str, expected: &[&str]) {
        let told = warnings("a", &counts, text).into_iter();
        let told: Vec<String> = told
            .map(|it| format!("{}: {}", it.code, it.message))
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_odd_is_counted() {
        check(Counts::default(), "fn a() {}\n", &[]);
        let counts = Counts {
            hidden: 3,
            controls: 1,
            ..Counts::default()
        };
        check(
            counts,
            "<|im_start|>\n</document>\n</task>\n",
            &[
                "hidden-text: 3 invisible characters removed, 1 control character made visible",
                "model-markup: 1 mark by which models are told who speaks shown as text, 2 end tags like a bundle's own shown as text",
            ],
        );
    }
}
