//! The first stage, once the files are listed: notes and sessions, commits, and the files against the task, as much of it at the same
//! time as can be.

use crate::cache::Cache;
use crate::error::Warning;
use crate::guard;
use crate::lexicon::query::{self, Query};
use crate::request::{Request, Secrets, Task, TaskSource};
use crate::score;
use crate::source::history::History;
use crate::source::sessions::Session;
use crate::source::{self, Ahead, File, Remembered, Trees};
use std::borrow::Cow;
use std::time::Instant;

/// Seconds that a session may be ahead of the last commit and still say what time it is: two years.
const MAX_AHEAD: i64 = 2 * 366 * 86_400;

/// What was read.
pub(crate) struct Collected {
    /// Notes and sessions.
    pub remembered: Remembered,
    /// When they had been read; where the task is inferred, when the commits had been as well.
    pub remembered_at: Instant,
    /// Commits.
    pub history: History,
    /// The task, given or inferred, without secrets.
    pub task: Task,
    /// The task, read.
    pub query: Query,
    /// Every file, after the cheap pass.
    pub files: Vec<File>,
    /// What could not be read of the files.
    pub warnings: Vec<Warning>,
}

/// Reads what `request` is about and the files of `trees`. Of git what `by_id` knows is not read again, of files what `cache` does,
/// and what was read `ahead` of either; `told` hears of the number of files done.
pub(crate) fn collect(
    request: &Request,
    trees: &Trees,
    Ahead { catalogs, commits }: Ahead,
    cache: Option<&Cache>,
    by_id: Option<&Cache>,
    told: &(dyn Fn(usize) + Sync),
) -> Collected {
    let remember = || (source::remember(request, trees), Instant::now());
    let n_subjects = match request.task {
        Some(_) => 0,
        None => source::task::MAX_SUBJECTS,
    };
    let read_history = || match request.contents_only {
        true => History::default(),
        false => trees.history(by_id, commits, n_subjects),
    };
    // what a person pastes as a task is a log or an issue as often as a sentence
    let redacted = |mut task: Task| {
        if request.secrets != Secrets::Off
            && let Cow::Owned(redacted) = guard::secrets::redact(&task.text)
        {
            task.text = redacted;
        }
        task
    };
    let scan = |task: &Task, remembered: &Remembered, catalogs| {
        let mut query = query::read(&task.text);
        score::pointed::names(&remembered.atoms).for_each(|name| query.look_for(name));
        let (files, warnings) = source::scan(trees, &query, cache, catalogs, told);
        (query, files, warnings)
    };
    let (remembered, remembered_at, history, task, scanned) = match &request.task {
        // files can be read while the history is
        Some(task) => {
            let task = redacted(task.clone());
            let ((remembered, at, scanned), history) = rayon::join(
                || {
                    let (remembered, at) = remember();
                    let scanned = scan(&task, &remembered, catalogs);
                    (remembered, at, scanned)
                },
                read_history,
            );
            (remembered, at, history, task, scanned)
        }
        None => {
            let ((remembered, _), history) = rayon::join(remember, read_history);
            let at = Instant::now();
            let task = redacted(Task {
                source: TaskSource::Inferred,
                text: match request.contents_only {
                    true => String::new(),
                    false => source::task::infer(trees, &history, &remembered),
                },
            });
            let scanned = scan(&task, &remembered, catalogs);
            (remembered, at, history, task, scanned)
        }
    };
    let (query, files, warnings) = scanned;
    Collected {
        remembered,
        remembered_at,
        history,
        task,
        query,
        files,
        warnings,
    }
}

/// What time it is, where the request does not say: that of the commit that the tree shows, or of the newest session.
pub(crate) fn now(request: &Request, history: &History, sessions: &[Session]) -> i64 {
    request.now.unwrap_or_else(|| {
        let sessions = sessions.iter().map(|session| session.ended);
        // A transcript can stand in the repository and claim any year: then everything else would be old.
        let head = history.head_time;
        let believed = |at: &i64| head == 0 || *at <= head + MAX_AHEAD;
        sessions.filter(believed).fold(head, i64::max)
    })
}
