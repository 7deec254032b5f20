//! What must happen when a run ends early: no temporary file stays behind, and no panic looks like one.

use crate::cli::failure::{Failure, Outcome};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The temporary file that a signal has to remove.
static TEMPORARY: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Where the last panic happened.
static PANICKED_AT: Mutex<Option<String>> = Mutex::new(None);

/// The slot of the temporary file. Hold it while the file is made or renamed: a signal waits until it is let go, and so finds
/// either a file to remove or a finished one.
pub fn temporary() -> MutexGuard<'static, Option<PathBuf>> {
    lock(&TEMPORARY)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the temporary file, if there is one, and wipes the progress line.
fn clean_up() {
    let mut slot = temporary();
    if let Some(path) = slot.take() {
        let _ = std::fs::remove_file(path);
    }
    crate::cli::progress::erase();
    // The lock is never let go: whoever wants to make a new file now waits for the exit.
    std::mem::forget(slot);
}

/// Prepares for signals and panics. Called once, first of all.
pub fn install() {
    let talkative = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        *lock(&PANICKED_AT) = panic.location().map(ToString::to_string);
        if talkative {
            default(panic);
        }
    }));
    watch_signals();
}

/// Ends the process with 130 on SIGINT and 143 on SIGTERM, cleaned up. A thread of its own waits for them, so that it may lock and
/// remove as it likes, which a signal handler may not.
#[cfg(unix)]
fn watch_signals() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else {
        return; // Without them a signal still ends the process; only the temporary file may stay.
    };
    let _ = std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                clean_up();
                std::process::exit(128 + signal);
            }
        });
}

/// Elsewhere the system's own handling ends the process.
#[cfg(not(unix))]
fn watch_signals() {}

/// Runs `work`; a panic in it becomes a failure (exit 2, one line) that says where it happened. What the panic said is shown
/// with `RUST_BACKTRACE=1` alone: it may quote a file, and with it a secret.
pub fn caught<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
    result.unwrap_or_else(|_| {
        let place = lock(&PANICKED_AT)
            .take()
            .unwrap_or_else(|| "an unknown place".to_owned());
        Err(Failure::new(format!(
            "internal error at {place}: a defect of ctxpack, please report it"
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure_that_quotes_nothing() {
        let failure = caught::<()>(|| panic!("quotes a secret")).unwrap_err();
        assert!(
            failure.message.starts_with("internal error at "),
            "{failure:?}"
        );
        assert!(!failure.message.contains("secret"));
        assert_eq!(caught(|| Ok(1)), Ok(1));
    }
}
