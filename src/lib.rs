//! Packs the part of a repository, its memory notes and its agent sessions that matters now into a token budget.
//!
//! One pipeline of plain functions. [`source`] lists the candidates and reads each once against the task, which
//! [`lexicon`] has turned into a query; [`score`] ranks them and opens the shortlist, which [`language`] outlines;
//! [`render`] writes each at several sizes; [`solve`] chooses at most one rendering each within the budget; [`emit`] writes the
//! bundle and its manifest. [`pack`] is that sentence in code.

pub mod emit;
pub mod error;
pub mod eval;
mod fit;
pub mod guard;
pub mod language;
pub mod lexicon;
mod packed;
pub mod render;
pub mod request;
pub mod score;
pub mod solve;
pub mod source;
pub mod tokens;

pub use packed::{Explained, Explanation, Next, Packed, Source, Stage};

use emit::{Account, Item, Omitted, Proof};
use error::Error;
use render::{Measure, Rendering, Renderings, Subject, lines::Lines};
use request::{Budget, Kind, Request, Task, TaskSource};
use score::{Model, Opened};
use std::time::Instant;

/// Hears of each stage, with the number of candidates done in it so far; called from any thread.
pub type Progress<'a> = &'a (dyn Fn(Stage, usize) + Sync);

/// Files of the shortlist at least.
const MIN_SHORTLIST: usize = 60;

/// Files of the shortlist at most.
const MAX_SHORTLIST: usize = 600;

/// All that is known before the budget is spent: the candidates, ranked, and the shortlist, cut into pieces.
pub struct Survey {
    /// The files of the roots.
    pub trees: source::Trees,
    /// Every file after the cheap pass.
    pub files: Vec<source::File>,
    /// What the reader is about to do, given or inferred.
    pub task: Task,
    /// The task, read.
    pub query: lexicon::Query,
    /// Every file, ranked.
    pub ranked: score::Ranked,
    /// The shortlist, read and parsed.
    pub opened: Vec<Opened>,
    /// The shortlist, cut and scored.
    pub pieces: score::Pieces,
    /// The weights.
    pub model: Model,
    /// Trouble on the way.
    pub warnings: Vec<error::Warning>,
    /// Wall-clock time by stage.
    pub timings: Vec<(&'static str, std::time::Duration)>,
}

/// Packs what `request` asks for. `progress` hears of each stage, with the number of candidates done.
///
/// # Errors
/// See [`Error`].
pub fn pack(request: &Request, progress: Progress<'_>) -> Result<Packed, Error> {
    let survey = survey(request, Model::default(), progress)?;
    spend(request, &survey, progress)
}

/// Lists, reads and scores the candidates of `request`; the budget matters only for how many are opened.
///
/// # Errors
/// See [`Error`].
pub fn survey(request: &Request, model: Model, progress: Progress<'_>) -> Result<Survey, Error> {
    let mut timings = Vec::new();
    let mut since = Instant::now();
    let mut lap = |name: &'static str| {
        timings.push((name, since.elapsed()));
        since = Instant::now();
    };
    progress(Stage::Collect, 0);
    let trees = source::open(request)?;
    lap("list");
    let task = request.task.clone().unwrap_or(Task {
        source: TaskSource::Inferred,
        text: String::new(),
    });
    let query = lexicon::query::read(&task.text);
    let (history, (files, mut warnings)) = rayon::join(
        || trees.history(),
        || source::scan(&trees, &query, &|n| progress(Stage::Collect, n)),
    );
    warnings.extend(source::check_pins(request, &trees, &files)?);
    lap("collect");
    progress(Stage::Score, 0);
    warnings.extend(trees.warnings.iter().chain(&history.warnings).cloned());
    warnings.sort();
    warnings.dedup();
    let now = request.now.unwrap_or(history.head_time);
    let ranked = score::rank(&query, &files, &history, now, &model.file);
    lap("score");
    let shortlist = shortlist(request, &files, &ranked.order);
    let opened = open(&trees, &shortlist);
    lap("parse");
    let pieces = score::pieces::score(&query, &ranked, &opened, &model.piece);
    lap("pieces");
    Ok(Survey {
        trees,
        files,
        task,
        query,
        ranked,
        opened,
        pieces,
        model,
        warnings,
        timings,
    })
}

/// Spends the budget of `request` on what a survey found.
///
/// # Errors
/// [`Error::BudgetTooSmall`].
pub fn spend(request: &Request, survey: &Survey, progress: Progress<'_>) -> Result<Packed, Error> {
    let mut timings = survey.timings.clone();
    let since = Instant::now();
    progress(Stage::Render, 0);
    let Survey {
        files,
        ranked,
        opened,
        pieces,
        ..
    } = survey;
    let measure = Measure {
        budget: &request.budget,
        tokenizer: request.tokenizer,
        format: request.format,
    };
    let menus = render::files::menus(survey, &render::files::Worth::default(), &measure);
    timings.push(("render", since.elapsed()));
    let since = Instant::now();
    progress(Stage::Solve, 0);
    let account = Account {
        budget: match request.budget {
            Budget::Tokens(n) | Budget::Characters(n) | Budget::Bytes(n) => n,
        },
        room: 0, // `fit` knows
        tokenizer: request.tokenizer.name(),
        task: survey.task.clone(),
        proof: Proof {
            value: 0.0,
            bound: 0.0,
            exact: true,
        },
        items: Vec::new(),
        omitted: Vec::new(),
        warnings: survey.warnings.clone(),
    };
    let make = |menu: &Renderings, rendering: &Rendering| match menu.subject {
        Subject::File(idx) => file_item(survey, idx, rendering),
        Subject::Note(_) | Subject::Session(_) => unreachable!("no menus of these yet"),
    };
    // the best stands last, next to the task: contents first, question last
    let order = |taken: &mut Vec<(usize, usize)>| {
        taken.sort_by(|a, b| {
            let value = |&(menu, option): &(usize, usize)| menus[menu].options[option].value;
            value(a).total_cmp(&value(b)).then(b.0.cmp(&a.0))
        });
    };
    let omit = |chosen: &[Option<usize>]| omitted(files, ranked, opened, chosen);
    let fitted = fit::fit(
        &measure,
        request.safety_factor,
        &account,
        &menus,
        &make,
        &order,
        &omit,
    )?;
    timings.push(("solve", since.elapsed()));
    let _ = pieces;
    Ok(Packed {
        bundle: fitted.bundle,
        timings,
        explanations: Vec::new(),
        next: None,
    })
}

fn file_item(survey: &Survey, opened_idx: usize, rendering: &Rendering) -> Item {
    let opened = &survey.opened[opened_idx];
    let file = &survey.files[opened.file_idx];
    Item {
        id: format!("file:{}", file.path),
        kind: Kind::File,
        path: file.path.clone(),
        rendering: rendering.name,
        lines: rendering.lines.clone(),
        labels: Vec::new(),
        text: Lines::new(&opened.text).text(&rendering.lines),
        tokens: rendering.cost,
        value: rendering.value,
        relevance: survey.ranked.p[opened.file_idx],
        recency: survey.ranked.recency[opened.file_idx],
        reasons: score::reasons::of_file(survey, opened_idx),
    }
}

/// The files that could be shown: the most probable ones, until there is several times what the budget holds.
fn shortlist(request: &Request, files: &[source::File], order: &[usize]) -> Vec<usize> {
    let budget_bytes = match request.budget {
        Budget::Tokens(n) => n.saturating_mul(4),
        Budget::Characters(n) | Budget::Bytes(n) => n,
    };
    let mut bytes = 0_u64;
    let mut list = Vec::new();
    for (rank, &idx) in order.iter().enumerate() {
        let room =
            rank < MIN_SHORTLIST || (bytes < budget_bytes as u64 * 4 && rank < MAX_SHORTLIST);
        if room || files[idx].pinned {
            bytes += files[idx].n_bytes;
            list.push(idx);
        }
    }
    list
}

fn open(trees: &source::Trees, shortlist: &[usize]) -> Vec<Opened> {
    use rayon::prelude::*;
    let open = |&file_idx: &usize| {
        let text = trees.text(&trees.files[file_idx]).ok()?;
        let path = trees.path(&trees.files[file_idx]);
        let outline = language::outline(&text, language::detect(path, &text));
        let syntax = lexicon::syntax::of_path(path);
        Some(Opened {
            file_idx,
            text,
            syntax,
            outline,
        })
    };
    shortlist.par_iter().filter_map(open).collect()
}

fn omitted(
    files: &[source::File],
    ranked: &score::Ranked,
    opened: &[Opened],
    chosen: &[Option<usize>],
) -> Vec<Omitted> {
    let mut taken = vec![false; files.len()];
    let mut listed = vec![false; files.len()];
    for (opened, choice) in opened.iter().zip(chosen) {
        taken[opened.file_idx] = choice.is_some();
        listed[opened.file_idx] = true;
    }
    let mut omitted: Vec<Omitted> = files
        .iter()
        .enumerate()
        .filter(|(idx, _)| !taken[*idx])
        .map(|(idx, file)| Omitted {
            id: format!("file:{}", file.path),
            kind: Kind::File,
            path: file.path.clone(),
            tokens_full: (file.n_bytes / 4) as usize,
            relevance: ranked.p[idx],
            reason: file.barred.unwrap_or(if listed[idx] {
                "value density under the cut"
            } else {
                "not among the most probable"
            }),
        })
        .collect();
    omitted.sort_by(|a, b| {
        b.relevance
            .total_cmp(&a.relevance)
            .then_with(|| a.path.cmp(&b.path))
    });
    omitted
}

/// The JSON manifest of `bundle`, ending in a newline.
pub fn manifest(bundle: &emit::Bundle) -> String {
    emit::manifest(bundle).to_json()
}

/// What [`pack`] would read for `request`, without packing it.
///
/// # Errors
/// See [`Error`].
pub fn sources(request: &Request) -> Result<(Vec<Source>, Vec<error::Warning>), Error> {
    let trees = source::open(request)?;
    let mut sources = Vec::new();
    for (tree_idx, tree) in trees.trees.iter().enumerate() {
        let entries: Vec<&source::tree::Entry> = trees
            .files
            .iter()
            .filter(|file| file.tree_idx as usize == tree_idx)
            .map(|file| trees.entry(file))
            .collect();
        let size_bytes: u64 = entries.iter().map(|entry| entry.n_bytes).sum();
        sources.push(Source {
            kind: Kind::File,
            name: "repository".to_owned(),
            location: request.roots[tree_idx].display().to_string(),
            n_candidates: entries.len(),
            size_bytes,
            tokens: (size_bytes / 4) as usize,
        });
    }
    Ok((sources, trees.warnings))
}
