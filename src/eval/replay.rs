//! Replays cases of one repository: packs each as of the revision before the change, and compares.
//!
//! Cases of one repository share most of their files and commits, so objects, outlines and counts are kept between them: they
//! are known by their content, and stay right. That makes a case four times as fast as a run of its own.

use super::Case;
use super::baselines;
use super::lists::{self, Lists};
use super::recall::{self, Recall};
use crate::error::Error;
use crate::language::Language;
use crate::outlines::Outlined;
use crate::request::{Budget, Request, Task, TaskSource};
use crate::score::Survey;
use crate::shortlist::Outliner;
use crate::source::entry::Entry;
use crate::source::memo::Memo;
use crate::source::repository::{self, Repository};
use crate::source::{self, tree};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A repository whose revisions are packed one after another.
pub struct Replay {
    root: PathBuf,
    repository: Repository,
    outlines: Mutex<FxHashMap<(gix::ObjectId, &'static str), Outlined>>,
    tokens: Mutex<FxHashMap<gix::ObjectId, usize>>,
}

/// How one case went.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// The case.
    pub id: String,
    /// Its repository, where it is known.
    pub repo: String,
    /// The first line of its task.
    pub subject: String,
    /// For each budget the recall of ctxpack, then of each baseline.
    pub recalls: Vec<Vec<Recall>>,
    /// Seconds that packing took, baselines left out.
    pub seconds: f64,
}

/// What stands beside ctxpack in a [`Row`] of a case with a task.
pub const BASELINES: [&str; 2] = ["whole files, BM25", "newest files"];

/// What stands beside ctxpack in a [`Row`] of a case whose task is inferred.
pub const UNASKED_BASELINES: [&str; 2] = ["changed together", "newest files"];

/// What the outline of a file is kept under.
fn key(entry: &Entry, language: Option<Language>) -> Option<(gix::ObjectId, &'static str)> {
    Some((entry.object()?, language.map_or("", Language::id)))
}

impl Replay {
    /// Opens the repository that `root` lies in.
    ///
    /// # Errors
    /// [`Error::NoSuchPath`]; [`Error::BadRevision`] where there is no repository, or none that can be read.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let canonical = root
            .canonicalize()
            .map_err(|_| Error::NoSuchPath(root.to_owned()))?;
        let bad = |message| Error::BadRevision {
            revision: "HEAD".to_owned(),
            message,
        };
        let found = repository::find(&canonical).map_err(bad)?;
        let mut repository =
            found.ok_or_else(|| bad(format!("{} is in no git repository", root.display())))?;
        repository.memo = Some(Arc::new(Memo::default()));
        Ok(Self {
            root: canonical,
            repository,
            outlines: Mutex::default(),
            tokens: Mutex::default(),
        })
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// What `base` asks for, for one case: its task on its tree, with nothing from the home directory, which knows the future.
    fn request(&self, base: &Request, case: &Case, budget: usize) -> Request {
        Request {
            roots: vec![self.root.clone()],
            revision: Some(case.base.clone()),
            budget: Budget::Tokens(budget),
            task: Some(Task {
                source: TaskSource::Flag,
                text: case.query.clone(),
            }),
            pin: Vec::new(),
            home: None,
            reader: None,
            variables: Default::default(),
            now: None, // the time of the revision
            ..base.clone()
        }
    }

    fn survey(&self, request: &Request, visible: &[String], commit: &str) -> Result<Survey, Error> {
        let revision = request.revision.clone().unwrap_or_default();
        let open = || {
            let mut tree = tree::of_repository(
                self.root.clone(),
                self.repository.clone(),
                &revision,
                String::new(),
            )?;
            if !visible.is_empty() {
                tree.replace(visible, commit);
            }
            source::list(request, vec![tree])
        };
        crate::survey_of(
            request,
            open,
            &Outliner {
                known: &|entry, _, language| {
                    lock(&self.outlines).get(&key(entry, language)?).cloned()
                },
                find_out: &|entry, text, language| {
                    let found = Outlined::new(text, language, request.tokenizer);
                    if let Some(key) = key(entry, language) {
                        lock(&self.outlines).insert(key, found.clone());
                    }
                    found
                },
            },
            None, // what is read is kept in the memo
            &|_, _| {},
        )
    }

    /// Tokens of a file in full.
    fn tokens(&self, request: &Request, survey: &Survey, idx: usize) -> usize {
        let file = &survey.trees.files[idx];
        let id = survey.trees.entry(file).object();
        if let Some(known) = id.and_then(|id| lock(&self.tokens).get(&id).copied()) {
            return known;
        }
        let text = survey.trees.text(file).unwrap_or_default();
        let n = request.tokenizer.count(&text);
        if let Some(id) = id {
            lock(&self.tokens).insert(id, n);
        }
        n
    }

    /// Packs `case` at each of `budgets`, as `base` says, and measures ctxpack and [`BASELINES`].
    ///
    /// # Errors
    /// As for [`crate::pack`]; a budget too small for anything counts as nothing found.
    pub fn run(&self, base: &Request, case: &Case, budgets: &[usize]) -> Result<Row, Error> {
        let most = budgets.iter().copied().max().unwrap_or(0);
        let since = Instant::now();
        let survey = self.survey(&self.request(base, case, most), &[], "")?;
        let orders = [baselines::by_words, baselines::by_recency].map(|order| order(&survey));
        Ok(self.spend(base, case, budgets, &survey, &orders, since))
    }

    /// Packs a half-finished change without being told what it is about.
    ///
    /// The first half of the case's gold files, by path, is as the commit leaves them, as if edited and not committed; the task is
    /// inferred from that and the history, as in a work tree. Measured is how much of the other half stands in the bundle,
    /// beside [`UNASKED_BASELINES`], which spend nothing on the files that are edited already. The message is not seen.
    ///
    /// # Errors
    /// As for [`Replay::run`].
    pub fn run_unasked(
        &self,
        base: &Request,
        case: &Case,
        budgets: &[usize],
    ) -> Result<Row, Error> {
        let (visible, hidden) = halves(case);
        let most = budgets.iter().copied().max().unwrap_or(0);
        let since = Instant::now();
        let request = Request {
            task: None,
            ..self.request(base, case, most)
        };
        let commit = case.commit.as_deref().unwrap_or_default();
        let survey = self.survey(&request, &visible, commit)?;
        let is_visible = |idx: &usize| {
            visible
                .iter()
                .any(|path| **path == *survey.files[*idx].path)
        };
        let seeds: Vec<usize> = (0..survey.files.len()).filter(is_visible).collect();
        let mut orders = [
            baselines::by_cochange(&survey, &seeds),
            baselines::by_recency(&survey),
        ];
        for order in &mut orders {
            order.retain(|idx| !is_visible(idx));
        }
        Ok(self.spend(base, &hidden, budgets, &survey, &orders, since))
    }

    /// Runs many cases on all cores, in their order. `done` hears of each.
    pub fn run_all(
        &self,
        base: &Request,
        cases: &[Case],
        budgets: &[usize],
        unasked: bool,
        done: &(dyn Fn() + Sync),
    ) -> Vec<Result<Row, Error>> {
        let one = |case: &Case| {
            let row = if unasked {
                self.run_unasked(base, case, budgets)
            } else {
                self.run(base, case, budgets)
            };
            done();
            row
        };
        cases.par_iter().map(one).collect()
    }

    fn spend(
        &self,
        base: &Request,
        case: &Case,
        budgets: &[usize],
        survey: &Survey,
        orders: &[Vec<usize>],
        since: Instant,
    ) -> Row {
        let mut row = Row {
            id: case.id.clone(),
            repo: case.repo.clone(),
            subject: case.query.lines().next().unwrap_or_default().to_owned(),
            ..Row::default()
        };
        for &budget in budgets {
            let request = self.request(base, case, budget);
            let packed = crate::spend(&request, survey, &|_, _| {});
            row.recalls.push(vec![packed.map_or_else(
                |_| Recall::default(),
                |packed| recall::measure(case, &packed.bundle),
            )]);
        }
        row.seconds = since.elapsed().as_secs_f64();
        let request = self.request(base, case, 0);
        let tokens = |idx: usize| self.tokens(&request, survey, idx);
        for (recalls, &budget) in row.recalls.iter_mut().zip(budgets) {
            for order in orders {
                let taken = baselines::take(survey, order, budget, &tokens);
                let is_taken =
                    |path: &str| taken.iter().any(|&idx| &*survey.files[idx].path == path);
                recalls.push(recall::of_whole_files(case, &is_taken));
            }
        }
        row
    }

    /// As [`Replay::run`] without baselines, with the lists that weights are fitted to: `None` where no gold is among the
    /// candidates.
    ///
    /// # Errors
    /// As for [`Replay::run`].
    pub fn run_alone(
        &self,
        base: &Request,
        case: &Case,
        budgets: &[usize],
    ) -> Result<(Row, Option<Lists>), Error> {
        let most = budgets.iter().copied().max().unwrap_or(0);
        let since = Instant::now();
        let survey = self.survey(&self.request(base, case, most), &[], "")?;
        let row = self.spend(base, case, budgets, &survey, &[], since);
        Ok((row, lists::of_survey(case, &survey)))
    }
}

/// The files of a case that are edited already, and the case of what is still to be done.
fn halves(case: &Case) -> (Vec<String>, Case) {
    let mut files = case.gold_files.clone();
    files.sort();
    let hidden = files.split_off((files.len() / 2).max(1).min(files.len()));
    let mut rest = Case {
        gold_files: hidden,
        ..case.clone()
    };
    rest.gold_lines
        .retain(|path, _| rest.gold_files.contains(path));
    (files, rest)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
