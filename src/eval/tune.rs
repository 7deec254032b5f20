//! Weights for one repository, and whether they are any better there than those shipped.
//!
//! A repository has few commits, and weights that fit them are easily found: what counts is how they do on commits that they have not
//! seen. So the cases are cut into blocks in their order, which is that of time; each block is packed with weights fitted to the
//! others. Blocks rather than a random deal, because commits of one week are about the same thing.

use super::lists::{self, Lists};
use super::{Case, Interval, Recall, Replay, Row, interval};
use crate::error::Error;
use crate::request::Request;
use crate::score::Model;
use rayon::prelude::*;
use std::path::PathBuf;

/// Blocks that the cases are cut into.
pub const N_FOLDS: usize = 5;

/// What came of fitting.
#[derive(Debug, Clone)]
pub struct Tuned {
    /// Weights fitted to all cases.
    pub weights: Model,
    /// Each case that could be packed, with the weights of the request.
    pub before: Vec<Row>,
    /// The same cases with the weights in use, where they are others. They may have seen every case.
    pub in_use: Option<Vec<Row>>,
    /// The same cases, each with weights fitted to the other blocks.
    pub after: Vec<Row>,
    /// Why a case was left out.
    pub failed: Vec<String>,
}

impl Tuned {
    /// What is gained at a budget, in shares: the mean of the differences between the same cases.
    pub fn gain(&self, budget_idx: usize, of: fn(&Recall) -> f64) -> Interval {
        self.gain_over(&self.before, budget_idx, of)
    }

    /// As [`Tuned::gain`], over the weights in use; `None` where these are those of the request.
    pub fn gain_over_in_use(&self, budget_idx: usize, of: fn(&Recall) -> f64) -> Option<Interval> {
        let in_use = self.in_use.as_ref()?;
        Some(self.gain_over(in_use, budget_idx, of))
    }

    fn gain_over(&self, others: &[Row], budget_idx: usize, of: fn(&Recall) -> f64) -> Interval {
        let recall = |row: &Row| of(&row.recalls[budget_idx][0]);
        let pairs = others.iter().zip(&self.after);
        let differences: Vec<f64> = pairs
            .map(|(other, after)| recall(after) - recall(other))
            .collect();
        interval(&differences)
    }
}

/// Fits weights to `jobs` (a repository, and its cases in the order of time), starting from those of `base`, and packs every
/// case with weights that have not seen its block; with the weights `in_use` as well, where these are others. `done` hears of each
/// packing: two or three for every case.
///
/// # Errors
/// A repository that cannot be opened.
pub fn tune(
    jobs: &[(PathBuf, Vec<Case>)],
    base: &Request,
    in_use: Option<&Model>,
    budgets: &[usize],
    done: &(dyn Fn() + Sync),
) -> Result<Tuned, Error> {
    let n_cases: usize = jobs.iter().map(|(_, cases)| cases.len()).sum();
    let first = pack_all(jobs, &|_| base.clone(), budgets, done)?;
    let known: Vec<Option<&Lists>> = first
        .iter()
        .map(|packed| packed.as_ref().ok().and_then(|(_, lists)| lists.as_ref()))
        .collect();
    let fold = |at: usize| at * N_FOLDS / n_cases.max(1);
    let models: Vec<Model> = (0..N_FOLDS)
        .map(|block| {
            let others = known
                .iter()
                .enumerate()
                .filter(|(at, _)| fold(*at) != block);
            let others: Vec<&Lists> = others.filter_map(|(_, lists)| *lists).collect();
            lists::refit(&others, &base.weights)
        })
        .collect();
    let all: Vec<&Lists> = known.iter().copied().flatten().collect();
    let weights = lists::refit(&all, &base.weights);
    let unseen = |at: usize| Request {
        weights: models[fold(at)].clone(),
        ..base.clone()
    };
    let second = pack_all(jobs, &unseen, budgets, done)?;
    let third = match in_use {
        Some(in_use) => {
            let used = Request {
                weights: in_use.clone(),
                ..base.clone()
            };
            let packed = pack_all(jobs, &|_| used.clone(), budgets, done)?;
            packed.into_iter().map(Some).collect()
        }
        None => first.iter().map(|_| None).collect::<Vec<Option<Packed>>>(),
    };
    let mut tuned = Tuned {
        weights,
        before: Vec::new(),
        in_use: in_use.map(|_| Vec::new()),
        after: Vec::new(),
        failed: Vec::new(),
    };
    let cases = jobs.iter().flat_map(|(_, cases)| cases);
    for (((before, after), used), case) in first.into_iter().zip(second).zip(third).zip(cases) {
        match (before, after, used.transpose()) {
            (Ok((before, _)), Ok((after, _)), Ok(used)) => {
                tuned.before.push(before);
                tuned.after.push(after);
                if let (Some(rows), Some((row, _))) = (&mut tuned.in_use, used) {
                    rows.push(row);
                }
            }
            (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => {
                tuned.failed.push(format!("{}: {error}", case.id));
            }
        }
    }
    Ok(tuned)
}

type Packed = Result<(Row, Option<Lists>), Error>;

/// Packs every case by the request that `base` gives for its number.
fn pack_all(
    jobs: &[(PathBuf, Vec<Case>)],
    base: &(dyn Fn(usize) -> Request + Sync),
    budgets: &[usize],
    done: &(dyn Fn() + Sync),
) -> Result<Vec<Packed>, Error> {
    let mut all = Vec::new();
    for (root, cases) in jobs {
        let replay = Replay::open(root)?;
        let n_before = all.len();
        let one = |(at, case): (usize, &Case)| {
            let packed = replay.run_alone(&base(n_before + at), case, budgets);
            done();
            packed
        };
        all.extend(cases.par_iter().enumerate().map(one).collect::<Vec<_>>());
    }
    Ok(all)
}
