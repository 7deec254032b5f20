//! Recall at a budget.

use super::Case;
use crate::emit::Bundle;

/// How much of a case stands in a bundle; shares in `[0, 1]`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Recall {
    /// Gold files of which any line is shown.
    pub files: f64,
    /// Gold files of which a gold line is shown.
    pub sites: f64,
    /// Gold lines shown, mean over gold files.
    pub lines: f64,
    /// Share of the budget used; 0 where it was not counted.
    pub fill: f64,
}

/// What whole files show of a case.
pub fn of_whole_files(case: &Case, is_shown: &dyn Fn(&str) -> bool) -> Recall {
    let shown = case.gold_files.iter().filter(|path| is_shown(path));
    let share = shown.count() as f64 / case.gold_files.len().max(1) as f64;
    Recall {
        files: share,
        sites: share,
        lines: share,
        fill: 0.0,
    }
}

/// Compares a bundle with a case.
pub fn measure(case: &Case, bundle: &Bundle) -> Recall {
    let n = case.gold_files.len().max(1) as f64;
    let mut recall = Recall {
        fill: bundle.tokens as f64 / bundle.account.budget.max(1) as f64,
        ..Recall::default()
    };
    for path in &case.gold_files {
        let shown: Vec<(u32, u32)> = bundle
            .account
            .items
            .iter()
            .filter(|item| item.path == *path)
            .flat_map(|item| item.lines.iter().copied())
            .collect();
        let gold: Vec<u32> = case
            .gold_lines
            .get(path)
            .into_iter()
            .flatten()
            .flat_map(|&(first, last)| first..=last)
            .collect();
        let n_shown = gold
            .iter()
            .filter(|line| {
                shown
                    .iter()
                    .any(|(first, last)| (first..=last).contains(line))
            })
            .count();
        recall.files += f64::from(u8::from(!shown.is_empty())) / n;
        recall.sites += f64::from(u8::from(n_shown > 0)) / n;
        recall.lines += n_shown as f64 / gold.len().max(1) as f64 / n;
    }
    recall
}
