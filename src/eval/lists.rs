//! What weights are fitted to: the features of every candidate of a case, and which of them the real change touched.

use super::Case;
use super::fit::{self, List};
use crate::request::{Budget, Request, Task, TaskSource};
use crate::score::files::{FILE_FEATURES, N_FILE_SIGNALS};
use crate::score::model::{FileModel, Model, PieceModel};
use crate::score::pieces::{N_PIECE_SIGNALS, PIECE_FEATURES};
use crate::score::{Survey, files::FileRow};
use rayon::prelude::*;
use std::path::Path;

/// Budget of the survey that lists are made of: large enough that all that matters is opened.
const BUDGET: usize = 27_000;

/// Files whose pieces are listed.
const MAX_FILES: usize = 60;

/// Strength of the penalty, and passes over all lists.
const PENALTY: f64 = 1e-2;
const N_ROUNDS: usize = 400;

/// How many cases it takes to speak as loudly as the weights that a refit starts from, and passes over all lists. 40 and 150
/// gained no more on cases not fitted to, on three repositories of 100 cases each.
const PULL: f64 = 10.0;
const N_ROUNDS_AGAIN: usize = 150;

/// The lists of one case.
#[derive(Debug, Clone)]
pub struct Lists {
    /// The repository that the case is of.
    pub repo: String,
    /// Its files.
    pub files: List,
    /// Its pieces.
    pub pieces: List,
}

fn signals(row: &FileRow) -> &[f64] {
    &row[..N_FILE_SIGNALS]
}

/// Whether the weight of a file's feature may be negative.
fn is_free_of_file(f: usize) -> bool {
    f >= N_FILE_SIGNALS
}

/// Whether the weight of a piece's feature may be negative.
fn is_free_of_piece(f: usize) -> bool {
    f >= N_PIECE_SIGNALS
}

/// What is asked for a case: its query on its base, from the clones below `clones`.
pub fn request(case: &Case, clones: &Path, budget: usize, weights: &Model) -> Request {
    Request {
        revision: Some(case.base.clone()),
        task: Some(Task {
            source: TaskSource::Flag,
            text: case.query.clone(),
        }),
        weights: weights.clone(),
        ..Request::new(clones.join(&case.mirror), Budget::Tokens(budget))
    }
}

/// Features and targets of every case, for files and for pieces. A case that cannot be read, or shows no gold, gives none.
pub fn lists(cases: &[Case], clones: &Path, model: &Model) -> Vec<Lists> {
    let one = |case: &Case| {
        let request = request(case, clones, BUDGET, model);
        let survey = crate::survey(&request, &|_, _| {}).ok()?;
        of_survey(case, &survey)
    };
    cases.par_iter().filter_map(one).collect()
}

/// The lists of a surveyed case; `None` where no gold is among the candidates.
pub fn of_survey(case: &Case, survey: &Survey) -> Option<Lists> {
    Some(Lists {
        repo: case.repo.clone(),
        files: file_list(case, survey)?,
        pieces: piece_list(case, survey)?,
    })
}

fn file_list(case: &Case, survey: &Survey) -> Option<List> {
    let mut list = List::default();
    let is_gold = |idx: usize| {
        case.gold_files
            .iter()
            .any(|path| **path == *survey.files[idx].path)
    };
    let n_gold = (0..survey.files.len())
        .filter(|&idx| is_gold(idx) && survey.files[idx].barred.is_none())
        .count();
    if n_gold == 0 {
        return None;
    }
    for (rank, &idx) in survey.ranked.order.iter().enumerate() {
        let row = survey.ranked.rows[idx];
        // the rest of a large repository is alike: keep the likely ones, and those that any one feature likes
        if rank < 300 || is_gold(idx) || signals(&row).iter().any(|value| *value > 0.5) {
            list.rows.push(row.to_vec());
            list.target
                .push(f64::from(u8::from(is_gold(idx))) / n_gold as f64);
        }
    }
    Some(list)
}

fn piece_list(case: &Case, survey: &Survey) -> Option<List> {
    let mut target = Vec::new();
    for segment in &survey.pieces.segments {
        let path = &survey.files[survey.opened[segment.opened_idx].file_idx].path;
        let gold = case.gold_lines.get(&**path).map_or(&[][..], Vec::as_slice);
        let n_gold: u32 = gold.iter().map(|(a, b)| b - a + 1).sum();
        let shown: u32 = segment
            .runs
            .iter()
            .flat_map(|&(a, b)| {
                gold.iter()
                    .map(move |&(c, d)| (b.min(d) + 1).saturating_sub(a.max(c)))
            })
            .sum();
        target.push(if n_gold > 0 {
            f64::from(shown) / f64::from(n_gold)
        } else {
            0.0
        });
    }
    let sum: f64 = target.iter().sum();
    if sum <= 0.0 {
        return None;
    }
    // far down the shortlist pieces are alike, and many
    let rows = survey.pieces.segments.iter().zip(&survey.pieces.rows);
    let near = rows
        .zip(target)
        .filter(|((segment, _), target)| segment.opened_idx < MAX_FILES || *target > 0.0);
    let (rows, target) = near
        .map(|((_, row), target)| (row.to_vec(), target / sum))
        .unzip();
    Some(List { rows, target })
}

/// Fits both models to the lists of cases, from nothing.
pub fn fit(lists: &[&Lists]) -> Model {
    let nothing = Model {
        file: FileModel([0.0; FILE_FEATURES.len()]),
        piece: PieceModel([0.0; PIECE_FEATURES.len()]),
    };
    fit_from(lists, &nothing, PENALTY, N_ROUNDS)
}

/// Fits both models to the lists of one repository, from `start` on: the fewer lists there are, the less they change.
pub fn refit(lists: &[&Lists], start: &Model) -> Model {
    fit_from(
        lists,
        start,
        PULL / lists.len().max(1) as f64,
        N_ROUNDS_AGAIN,
    )
}

fn fit_from(lists: &[&Lists], start: &Model, penalty: f64, n_rounds: usize) -> Model {
    let files: Vec<List> = lists.iter().map(|lists| lists.files.clone()).collect();
    let pieces: Vec<List> = lists.iter().map(|lists| lists.pieces.clone()).collect();
    let file = fit::fit(&files, &start.file.0, &is_free_of_file, penalty, n_rounds);
    let piece = fit::fit(
        &pieces,
        &start.piece.0,
        &is_free_of_piece,
        penalty,
        n_rounds,
    );
    Model {
        file: FileModel(std::array::from_fn(|f| file[f])),
        piece: PieceModel(std::array::from_fn(|f| piece[f])),
    }
}

/// Weights as the TOML that [`Model::from_toml`] reads.
pub fn print(model: &Model) -> String {
    let section = |name: &str, names: &[&str], weights: &[f64]| {
        let rows: String = names
            .iter()
            .zip(weights)
            .map(|(name, weight)| format!("{name} = {weight:.3}\n"))
            .collect();
        format!("[{name}]\n{rows}\n")
    };
    section("file", &FILE_FEATURES, &model.file.0)
        + &section("piece", &PIECE_FEATURES, &model.piece.0)
}
