//! One line on stderr that says where a long run is, and is gone at its end.
//!
//! A thread draws it, so that it also moves while a stage reports nothing. Only on a terminal, and only once a run has taken half a second:
//! a flash of text helps nobody.

use crate::cli::style::{fit, number};
use ctxpack::Stage;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a run is left alone.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the line moves.
const TICK: Duration = Duration::from_millis(100);

/// Whether the line stands on the terminal.
static DRAWN: AtomicBool = AtomicBool::new(false);

/// The progress of one run.
pub struct Progress {
    shared: Option<Arc<Shared>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy)]
struct State {
    stage: Option<(Stage, usize)>,
    /// What is done of what there is, of a run over many cases.
    count: Option<(usize, usize, &'static str)>,
    done: bool,
}

impl Shared {
    fn new() -> Self {
        let state = State {
            stage: None,
            count: None,
            done: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }
}

impl Progress {
    /// Starts to watch a run; says nothing where `quiet`, or where stderr is no terminal that can rewrite a line.
    pub fn start(quiet: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let mut progress = Self {
            shared: None,
            thread: None,
        };
        if quiet || dumb || !std::io::stderr().is_terminal() {
            return progress;
        }
        let shared = Arc::new(Shared::new());
        let drawn = Arc::clone(&shared);
        progress.thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || draw(&drawn, &mut std::io::stderr()))
            .ok();
        progress.shared = Some(shared);
        progress
    }

    /// Notes that `n` candidates are through `stage`.
    pub fn report(&self, stage: Stage, n: usize) {
        if let Some(shared) = &self.shared {
            let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.stage = Some((stage, n));
        }
    }

    /// Notes that `n` of `all` things called `what` are done.
    pub fn count(&self, n: usize, all: usize, what: &'static str) {
        if let Some(shared) = &self.shared {
            let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.count = Some((n, all, what));
        }
    }
}

impl Drop for Progress {
    /// Wipes the line.
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .done = true;
            shared.changed.notify_all();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        erase();
    }
}

/// Wipes the line, if it stands.
pub fn erase() {
    if DRAWN.swap(false, Ordering::SeqCst) {
        let _ = std::io::stderr().lock().write_all(b"\r\x1b[2K");
    }
}

/// Draws the line to `out` until the run is done.
fn draw(shared: &Shared, out: &mut dyn Write) {
    let start = Instant::now();
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    for frame in 0.. {
        let wait = if start.elapsed() < PATIENCE {
            PATIENCE - start.elapsed()
        } else {
            TICK
        };
        let deadline = Instant::now() + wait;
        while !state.done {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                break;
            };
            (state, _) = shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if state.done {
            return;
        }
        let line = line(frame, &state, start.elapsed());
        DRAWN.store(true, Ordering::SeqCst);
        let _ = out.write_all(format!("\r\x1b[2K{line}").as_bytes());
    }
}

fn line(frame: usize, state: &State, elapsed: Duration) -> String {
    const FRAMES: [char; 8] = ['⣾', '⣽', '⣻', '⢿', '⡿', '⣟', '⣯', '⣷'];
    let what = match (state.count, state.stage) {
        (Some((n, all, what)), _) => format!("{} of {} {what}", number(n), number(all)),
        (None, None) => "starting".to_owned(),
        (None, Some((stage, n))) => {
            let doing = match stage {
                Stage::Collect => "reading",
                Stage::Score => "scoring",
                Stage::Render => "rendering",
                Stage::Solve => "choosing among",
                Stage::Emit => "writing",
            };
            format!("{doing} {}", number(n))
        }
    };
    // One column short of 80, so that no terminal wraps it.
    fit(
        &format!(
            "{} {what}  {} s",
            FRAMES[frame % FRAMES.len()],
            elapsed.as_secs()
        ),
        79,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is drawn of a run that takes `time`.
    fn drawn(time: Duration) -> String {
        let shared = Arc::new(Shared::new());
        let watched = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let mut out = Vec::new();
            draw(&watched, &mut out);
            String::from_utf8(out).unwrap()
        });
        let progress = Progress {
            shared: Some(shared),
            thread: None,
        };
        progress.report(Stage::Score, 7);
        std::thread::sleep(time);
        drop(progress);
        thread.join().unwrap()
    }

    #[test]
    fn only_long_runs_are_told() {
        assert_eq!(drawn(Duration::from_millis(50)), "");
        // on a busy machine a thread may get no turn for a while
        let mut lines = (1..20).map(|n| drawn((PATIENCE + TICK) * n));
        let line = lines.find(|line| !line.is_empty()).unwrap();
        assert!(line.starts_with("\r\x1b[2K⣾ scoring 7  0 s"), "{line:?}");
        assert!(!DRAWN.load(Ordering::SeqCst), "the line stays");
    }

    #[test]
    fn lines() {
        let state = |stage| State {
            stage,
            count: None,
            done: false,
        };
        let at = |stage| line(0, &state(stage), Duration::from_millis(2_900));
        assert_eq!(at(None), "⣾ starting  2 s");
        let counting = State {
            count: Some((1, 1_000, "cases")),
            ..state(Some((Stage::Score, 3)))
        };
        assert_eq!(
            line(0, &counting, Duration::ZERO),
            "⣾ 1 of 1,000 cases  0 s"
        );
        assert_eq!(at(Some((Stage::Collect, 12_345))), "⣾ reading 12,345  2 s");
        assert_eq!(
            line(9, &state(Some((Stage::Solve, 1))), Duration::ZERO),
            "⣽ choosing among 1  0 s"
        );
    }
}
