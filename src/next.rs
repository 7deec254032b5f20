//! What a larger budget would add: the next steps beyond this one, and what twice as much would bring.

use crate::emit::Upgrade;
use crate::fit::Fitted;
use crate::packed::Next;
use crate::render::Renderings;
use crate::score::Survey;
use crate::{items, shown, solve};

/// What twice the budget would add; `None` where that is nothing.
pub(crate) fn next(
    survey: &Survey,
    menus: &[Renderings],
    fitted: &Fitted,
    budget: usize,
) -> Option<Next> {
    let value =
        |menu: usize| fitted.doubled[menu].map_or(0.0, |option| menus[menu].options[option].value);
    let mut newcomers: Vec<usize> = (0..fitted.doubled.len())
        .filter(|&menu| fitted.chosen[menu].is_none() && fitted.doubled[menu].is_some())
        .collect();
    newcomers.sort_by(|&a, &b| value(b).total_cmp(&value(a)).then(a.cmp(&b)));
    let path = |&menu: &usize| items::subject_path(survey, menus[menu].subject);
    (!newcomers.is_empty()).then(|| Next {
        budget,
        paths: newcomers.iter().map(path).collect(),
        chance: shown::chance(survey, menus, &fitted.doubled),
    })
}

/// A step of the solver in words.
pub(crate) fn upgrade(
    survey: &Survey,
    menu: &Renderings,
    from: Option<usize>,
    step: &solve::Upgrade,
) -> Upgrade {
    let (kind, id) = items::identity(survey, menu.subject);
    let to = &menu.options[step.option];
    let shown = from.map_or(&[][..], |from| &menu.options[from].lines);
    Upgrade {
        id,
        kind,
        path: items::subject_path(survey, menu.subject),
        from: from.map(|from| menu.options[from].name),
        to: to.name,
        lines: without(&to.lines, shown),
        cost: usize::try_from(step.cost).unwrap_or(usize::MAX),
        value: step.value,
    }
}

/// The lines of `ranges` that are not in `other`; both ascending and disjoint, as is what comes back.
fn without(ranges: &[(u32, u32)], other: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let mut left = Vec::new();
    for &(first, last) in ranges {
        let mut at = first;
        for &(from, to) in other
            .iter()
            .filter(|range| first <= range.1 && range.0 <= last)
        {
            if at < from {
                left.push((at, from - 1));
            }
            at = at.max(to.saturating_add(1));
        }
        if at <= last {
            left.push((at, last));
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_away() {
        let check = |ranges: &[(u32, u32)], other: &[(u32, u32)], expected: &[(u32, u32)]| {
            assert_eq!(without(ranges, other), expected);
        };
        check(&[(1, 9)], &[], &[(1, 9)]);
        check(&[(1, 9)], &[(1, 9)], &[]);
        check(&[(1, 9)], &[(2, 3), (5, 5)], &[(1, 1), (4, 4), (6, 9)]);
        check(&[(3, 5), (8, 9)], &[(1, 3), (5, 8)], &[(4, 4), (9, 9)]);
        check(&[(3, 5)], &[(1, 20)], &[]);
    }
}
