//! Packs the part of a repository, its memory notes and its agent sessions that matters now into a token budget.
//!
//! One pipeline of plain functions. [`source`] lists the candidates and reads each once against the task, which
//! [`lexicon`] has turned into a query; [`score`] ranks them and opens the shortlist, which [`language`] outlines;
//! [`render`] writes each at several sizes; [`solve`] chooses at most one rendering each within the budget; [`emit`] writes the
//! bundle and its manifest. [`pack`] is that sentence in code.

pub mod agents;
pub mod bundle;
pub mod cache;
pub mod check;
mod classes;
mod collect;
pub mod curve;
pub mod diff;
pub mod emit;
pub mod error;
pub mod eval;
mod explanations;
mod fit;
mod graphs;
pub mod guard;
mod index;
mod inputs;
mod items;
pub mod language;
mod left_out;
pub mod lexicon;
pub mod lock;
mod next;
mod outlines;
mod packed;
pub mod render;
pub mod request;
pub mod score;
mod shortlist;
mod shown;
pub mod solve;
pub mod source;
pub mod sticky;
pub mod tokens;

pub use inputs::{remembered, sources};
pub use packed::{Explained, Next, Packed, Source, Stage};
pub use score::Survey;
pub use score::explanation::Explanation;

use collect::Collected;
use emit::{Account, Proof};
use error::Error;
use render::{Measure, Rendering, Renderings, Subject};
use request::{Budget, Request, Task};
use rustc_hash::{FxHashMap, FxHashSet};
use score::links::Likely;
use score::memory::Around;
use score::pieces::Segment;
use score::said::Said;
use shortlist::Outliner;
use source::hunks::Hunks;
use std::sync::Arc;
use std::time::Instant;

/// Hears of each stage, with the number of candidates done in it so far; called from any thread.
pub type Progress<'a> = &'a (dyn Fn(Stage, usize) + Sync);

/// Files that notes are tied to.
const LIKELY_FILES: usize = 20;

/// Steps that a manifest names beyond the budget.
const MAX_UPGRADES: usize = 5;

/// Packs what `request` asks for. `progress` hears of each stage, with the number of candidates done.
///
/// # Errors
/// See [`Error`].
pub fn pack(request: &Request, progress: Progress<'_>) -> Result<Packed, Error> {
    // on a thread of the pool, which would else be woken and waited for at each of many steps
    rayon::scope(|_| {
        let survey = survey(request, progress)?;
        let packed = spend_on(request, &survey, progress, true);
        // of a large tree that takes a while, and nobody has to wait for it
        rayon::spawn(move || drop(survey));
        packed
    })
}

/// Lists, reads and scores the candidates of `request`; the budget matters only for how many are opened.
///
/// # Errors
/// See [`Error`].
pub fn survey(request: &Request, progress: Progress<'_>) -> Result<Survey, Error> {
    let cache = request.cache.clone().map(cache::Cache::new);
    let outliner = Outliner {
        known: &|_, text, language| {
            outlines::known(cache.as_ref()?, text, language, request.tokenizer)
        },
        find_out: &|_, text, language| {
            outlines::find_out(cache.as_ref(), text, language, request.tokenizer)
        },
    };
    survey_of(
        request,
        || source::open(request),
        &outliner,
        cache.as_ref(),
        progress,
    )
}

/// [`survey`] of what `open` lists, outlined by `outliner`; of git what `cache` knows is not read again.
pub(crate) fn survey_of(
    request: &Request,
    open_trees: impl FnOnce() -> Result<source::Trees, Error> + Send,
    outliner: &Outliner<'_>,
    cache: Option<&cache::Cache>,
    progress: Progress<'_>,
) -> Result<Survey, Error> {
    let model = request.weights.clone();
    let mut timings = Vec::new();
    let mut since = Instant::now();
    let mut lap = |name: &'static str, at: Instant| {
        timings.push((name, at.duration_since(since)));
        since = at;
    };
    progress(Stage::Collect, 0);
    let (trees, ahead) = rayon::join(open_trees, || {
        cache.map_or_else(Default::default, |cache| source::read_ahead(request, cache))
    });
    let trees = trees?;
    let by_id = cache.filter(|_| trees.ids_are_lasting());
    lap("list", Instant::now());
    let told = |n| progress(Stage::Collect, n);
    let Collected {
        mut remembered,
        remembered_at,
        history,
        task,
        query,
        files,
        warnings: scan_warnings,
    } = collect::collect(request, &trees, ahead, cache, by_id, &told);
    lap("memory", remembered_at);
    let pin_warnings = source::check_pins(request, &trees, &files)?;
    lap("collect", Instant::now());
    progress(Stage::Score, 0);
    let now = collect::now(request, &history, &remembered.sessions);
    let mut ranked = score::rank(
        &query,
        &files,
        &|| graphs::of(cache, &files),
        &history,
        now,
        &model.file,
    );
    for (atom, file) in remembered.atoms.iter_mut().zip(&remembered.atom_files) {
        let changed_at = file.map_or(0, |idx| ranked.history.changed_at[idx]);
        if atom.date.is_none() && changed_at > 0 {
            atom.date = Some((changed_at, source::notes::DateSource::Git));
        }
    }
    let branch = match request.contents_only {
        true => String::new(),
        false => trees.branch(),
    };
    let said = Said::read(&query, &remembered.atoms, &remembered.sessions);
    let meant = score::when::meant(&task.text, &remembered.sessions, &branch, now);
    ranked.point(score::pointed::find(
        &query,
        &said,
        &remembered.atoms,
        &remembered.sessions,
        &meant,
        &files,
    ));
    lap("score", Instant::now());
    let shortlist = shortlist::choose(request, &files, &ranked.order);
    let touched = shortlist.iter();
    let touched: Vec<(usize, &[u32])> = touched
        .map(|&file| (file, ranked.history.commits.of(file)))
        .collect();
    let (opened, hunks) = rayon::join(
        || shortlist::open(request, &trees, &files, &shortlist, outliner),
        || source::hunks::read(&trees, &history, &touched, by_id),
    );
    let mut hunks: FxHashMap<usize, Vec<Hunks>> = shortlist.iter().copied().zip(hunks).collect();
    let hunks: Vec<Vec<Hunks>> = opened
        .iter()
        .map(|opened| hunks.remove(&opened.file_idx).unwrap_or_default())
        .collect();
    lap("parse", Instant::now());
    let past = |segments: &[Segment]| {
        score::hunks::read(&opened, segments, &hunks, &history, &ranked.history, now)
    };
    let ((copies, pairs), pieces) = rayon::join(
        || {
            let copies = score::copies::find(&opened);
            (
                copies,
                source::notes::conflict::known_pairs(cache, &remembered.atoms),
            )
        },
        || score::pieces::score(&query, &ranked, &opened, &past, &model.piece),
    );
    let best = ranked.order.iter().take(LIKELY_FILES);
    let best = best.map(|&idx| (&*files[idx].path, ranked.p[idx]));
    let around = Around {
        meant: &meant,
        likely: Likely::new(
            best.collect(),
            score::pieces::names_with_p(&pieces, &opened),
        ),
        branch: &branch,
        now,
    };
    let memory = score::memory::score(
        &query,
        &said,
        &remembered.atoms,
        &pairs,
        &remembered.sessions,
        &around,
    );
    lap("pieces", Instant::now());
    let mut warnings = trees.warnings.clone();
    let n_sessions = remembered.sessions.len();
    if request.kinds.sessions
        && let Some(n) = score::when::beyond(&task.text, n_sessions)
    {
        let message =
            format!("the task speaks of {n} sessions ago, and there are {n_sessions} here");
        warnings.push(error::Warning::new("no-such-session", "", message));
    }
    warnings.extend(
        history
            .warnings
            .into_iter()
            .chain(remembered.warnings.clone())
            .chain(scan_warnings)
            .chain(pin_warnings),
    );
    source::secrets::tell_secrets(request.secrets, &mut warnings)?;
    warnings.sort();
    warnings.dedup();
    Ok(Survey {
        trees,
        files: Arc::new(files),
        task,
        query,
        ranked,
        opened,
        tokenizer: request.tokenizer.name(),
        copies,
        pieces,
        remembered,
        memory,
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
    let is_alone = rayon::current_thread_index().is_none();
    spend_on(request, survey, progress, is_alone)
}

/// [`spend`]; all cores are for it where it `is_alone`, else one of many does so.
fn spend_on(
    request: &Request,
    survey: &Survey,
    progress: Progress<'_>,
    is_alone: bool,
) -> Result<Packed, Error> {
    let mut timings = survey.timings.clone();
    let since = Instant::now();
    progress(Stage::Render, 0);
    let measure = Measure {
        budget: &request.budget,
        tokenizer: request.tokenizer,
        format: request.format,
    };
    let worth = render::files::Worth::default();
    let (mut menus, unlisted) = rayon::join(
        || render::files::menus(survey, &worth, &measure),
        || Arc::new(left_out::unlisted(survey, &request.known)),
    );
    menus.extend(render::memory::menus(survey, &measure));
    if !request.known.is_empty() {
        let id = |menu: &Renderings| items::identity(survey, menu.subject).1;
        menus.retain(|menu| !request.known.contains(&id(menu)));
    }
    timings.push(("render", since.elapsed()));
    let since = Instant::now();
    progress(Stage::Solve, 0);
    let account = Account {
        budget: match request.budget {
            Budget::Tokens(n) | Budget::Characters(n) | Budget::Bytes(n) => n,
        },
        room: 0, // `fit` knows
        tokenizer: request.tokenizer.name(),
        task: Task {
            source: survey.task.source,
            text: if request.knows_task {
                String::new()
            } else {
                survey.task.text.clone()
            },
        },
        proof: Proof {
            value: 0.0,
            bound: 0.0,
            exact: true,
            price: 0.0,
        },
        chance: None,
        next: vec![],
        items: Vec::new(),
        omitted: emit::Omissions::default(),
        warnings: survey.warnings.clone(),
    };
    let write = |menu: &Renderings, rendering: &Rendering| match menu.subject {
        Subject::File(idx) => items::file_item(survey, idx, rendering),
        Subject::Note(idx) => items::note_item(survey, idx, rendering),
        Subject::Session(idx) => items::session_item(survey, idx, rendering),
    };
    let held = request.earlier.as_ref().map(|earlier| {
        let id = |subject| items::identity(survey, subject).1;
        sticky::hold(earlier, &mut menus, &measure, &id, &write)
    });
    let held: FxHashMap<usize, usize> = held.into_iter().flatten().zip(0..).collect();
    let held_subjects: FxHashSet<Subject> = held.keys().map(|&menu| menus[menu].subject).collect();
    let make = |menu: &Renderings, rendering: &Rendering| {
        let mut item = write(menu, rendering);
        if held_subjects.contains(&menu.subject) {
            item.reasons.push(sticky::REASON.to_owned());
        }
        item
    };
    // The best stands last, next to the task: contents first, question last. Where another bundle is to begin as this one does, it stands
    // first, behind what is held: it is what that one will hold on to.
    let is_first = request.earlier.is_some();
    let order = |taken: &mut [(usize, usize)]| {
        let place = |menu: usize| held.get(&menu).copied().unwrap_or(usize::MAX);
        taken.sort_by(|a, b| {
            let value = |&(menu, option): &(usize, usize)| menus[menu].options[option].value;
            let by_value = value(a).total_cmp(&value(b)).then(b.0.cmp(&a.0));
            let by_value = if is_first {
                by_value.reverse()
            } else {
                by_value
            };
            place(a.0).cmp(&place(b.0)).then(by_value)
        });
    };
    let without_menu = left_out::without_menu(survey, &menus, &request.known);
    let tell = |account: &mut Account, chosen: &[Option<usize>]| {
        account.omitted = left_out::omitted(survey, &menus, chosen, &unlisted, &without_menu);
        account.chance = shown::chance(survey, &menus, chosen);
        account.warnings = shown::warnings(survey, &menus, chosen);
    };
    let fitted = fit::fit(
        &measure,
        request.safety_factor,
        is_alone,
        &account,
        &menus,
        &make,
        &order,
        &tell,
    );
    // what is held is held if there is room
    if let (Err(Error::BudgetTooSmall { .. }), false) = (&fitted, held.is_empty()) {
        let request = Request {
            earlier: None,
            ..request.clone()
        };
        return spend_on(&request, survey, progress, is_alone);
    }
    let mut fitted = fitted?;
    timings.push(("solve", since.elapsed()));
    let explanations = if request.explain {
        explanations::explanations(survey, &menus, &fitted.chosen)
    } else {
        Vec::new()
    };
    let upgrades = fitted.upgrades.iter().take(MAX_UPGRADES);
    fitted.bundle.account.next = upgrades
        .map(|step| next::upgrade(survey, &menus[step.menu], fitted.chosen[step.menu], step))
        .collect();
    let next = next::next(survey, &menus, &fitted, account.budget.saturating_mul(2));
    Ok(Packed {
        chance: fitted.bundle.account.chance,
        bundle: fitted.bundle,
        timings,
        explanations,
        next,
    })
}

/// The JSON manifest of `bundle`, ending in a newline.
pub fn manifest(bundle: &emit::Bundle) -> String {
    emit::manifest(bundle).to_json()
}
