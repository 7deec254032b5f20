//! Runs the parser, under limits.

use super::limits;
use super::table::Language;
use std::cell::Cell;
use std::ops::{ControlFlow, Range};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;
use tree_sitter::{ParseOptions, Parser, Tree};
use tree_sitter_language::LanguageFn;

/// How many steps of the parser (in units of a hundred, which is how often it reports) a parse may take: so many for any file,
/// so many a byte, and fewer a byte of what is beyond the first, where chance evens out. Eleven thousand files of fourteen languages took 0.0055 a byte in the middle and 0.031 at most; texts
/// made to mislead the parser take over 1. A count instead of a clock makes the answer the same on every machine.
const FREE_STEPS: u64 = 200;
const STEPS_PER_BYTE: f64 = 0.04;
const STEPS_PER_LATER_BYTE: f64 = 0.015;
const FIRST_BYTES: usize = 64 * 1024;

/// How much text the lexer is given at a time, and how much of it in all: so much of any file, and so many times its length.
///
/// A scanner that looks ahead to the end of the file for every token is quadratic within single steps, of which nobody is told.
/// But it has to ask for the text. Ordinary files are read a few times.
const CHUNK_BYTES: usize = 4 * 1024;
const FREE_BYTES: u64 = 4 * 1024 * 1024;
const TIMES_READ: u64 = 64;

/// Time after which a parse is given up whatever its count of steps: the last resort, since it depends on the machine. No text is
/// known to take a quarter of it.
const DEADLINE: Duration = Duration::from_secs(8);

/// After how many reports of the parser the clock is looked at.
const STEPS_PER_LOOK: u64 = 16;

/// How many steps all parses of the process may have before them at one time: as many as the longest text. A step was seen to take up to
/// 28 kB, so that parses take half a gigabyte at most, on however many cores.
const STEPS_AT_ONCE: u64 = max_steps(limits::MAX_BYTES);

/// How many tokens at the ends of a repetitive stretch may belong to nothing.
const MAX_LOOSE_TOKENS: usize = 200;

/// Parses `text`, or says why not.
pub(super) fn tree(
    text: &str,
    language: Language,
    grammar: LanguageFn,
) -> Result<Tree, &'static str> {
    if let Some(reason) = limits::refuse(text, language) {
        return Err(reason);
    }
    if let Some((excerpt, stretches)) = limits::excerpt(text) {
        if text.len() - excerpt.len() > limits::MAX_REPETITIVE_BYTES {
            return Err("too repetitive");
        }
        let tree = parse(&excerpt, grammar)?;
        if stretches
            .into_iter()
            .any(|stretch| loose_tokens(&tree, &stretch) > MAX_LOOSE_TOKENS)
        {
            return Err("too broken");
        }
    }
    parse(text, grammar)
}

fn parse(text: &str, grammar: LanguageFn) -> Result<Tree, &'static str> {
    let mut parser = Parser::new();
    parser
        .set_language(&grammar.into())
        .map_err(|_| "grammar does not load")?;
    let bytes = text.as_bytes();
    let max_steps = max_steps(bytes.len());
    let _room = Room::of(max_steps);
    let mut n_steps = 0_u64;
    let n_left = Cell::new(FREE_BYTES + TIMES_READ * bytes.len() as u64);
    let start = clock();
    let mut is_late = false;
    let mut on_progress = |_: &tree_sitter::ParseState| {
        n_steps += 1;
        // to ask takes as long as some reports take to come
        is_late =
            n_steps.is_multiple_of(STEPS_PER_LOOK) && clock().saturating_sub(start) > DEADLINE;
        if n_steps > max_steps || n_left.get() == 0 || is_late {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut on_progress);
    let mut read = |offset: usize, _| {
        let rest = bytes.get(offset..).unwrap_or_default();
        let chunk = &rest[..rest.len().min(CHUNK_BYTES)];
        n_left.set(n_left.get().saturating_sub(chunk.len() as u64));
        // the end of the text ends whatever reads on and on
        if n_left.get() == 0 { &[] } else { chunk }
    };
    let tree = parser.parse_with_options(&mut read, None, Some(options));
    let reason = if is_late { "out of time" } else { "too slow" };
    tree.filter(|_| n_left.get() > 0).ok_or(reason)
}

/// How many steps a text of so many bytes may take.
const fn max_steps(n_bytes: usize) -> u64 {
    let n_first = if n_bytes < FIRST_BYTES {
        n_bytes
    } else {
        FIRST_BYTES
    };
    let n_later = n_bytes - n_first;
    let steps = n_first as f64 * STEPS_PER_BYTE + n_later as f64 * STEPS_PER_LATER_BYTE;
    FREE_STEPS + steps as u64
}

/// What this thread has spent on a core, so that a busy machine makes nothing late.
#[cfg(unix)]
fn clock() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(now).unwrap_or_default()
}

/// How much time has gone by.
#[cfg(not(unix))]
fn clock() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

/// A share of [`STEPS_AT_ONCE`], until it is dropped.
struct Room(u64);

static TAKEN: Mutex<u64> = Mutex::new(0);
static GIVEN_BACK: Condvar = Condvar::new();

impl Room {
    /// Waits until there is room for so many steps. Who has room waits for nobody, so that there will be.
    fn of(n_steps: u64) -> Self {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |taken: &mut u64| *taken > 0 && *taken + n_steps > STEPS_AT_ONCE;
        let waited = GIVEN_BACK.wait_while(taken, is_full);
        *waited.unwrap_or_else(PoisonError::into_inner) += n_steps;
        Self(n_steps)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        GIVEN_BACK.notify_all();
    }
}

/// How many tokens in `stretch` the parser could only put into an error node.
///
/// These decide the cost of a broken file: at its end tree-sitter copies all of them once for each way in which it might have
/// gone wrong, in time and memory quadratic in their number, and asks no callback meanwhile.
fn loose_tokens(tree: &Tree, stretch: &Range<usize>) -> usize {
    let mut cursor = tree.walk();
    let mut n_loose = 0;
    // For each open node, whether it is an error.
    let mut open = vec![cursor.node().is_error()];
    if !cursor.goto_first_child() {
        return 0;
    }
    while !open.is_empty() {
        let node = cursor.node();
        if node.end_byte() > stretch.start && node.has_error() && cursor.goto_first_child() {
            open.push(node.is_error());
            continue;
        }
        if open.last() == Some(&true) && stretch.contains(&node.start_byte()) {
            n_loose += 1;
        }
        while !cursor.goto_next_sibling() {
            open.pop();
            if !cursor.goto_parent() || open.is_empty() {
                return n_loose;
            }
        }
    }
    n_loose
}

#[cfg(test)]
mod tests {
    use super::super::{Language, outline};

    /// What becomes of a unit repeated to `size` bytes, a hundred a line. A limit that is counted must stop it: the clock is
    /// a reason of its own.
    fn check(id: &str, unit: &str, size: usize, expected: Option<&str>) {
        let line = unit.repeat(100) + "\n";
        let text = line.repeat(size / line.len());
        let outline = outline(&text, Language::from_id(id));
        assert_eq!(outline.fallback, expected, "{unit:?} as {id}");
    }

    #[test]
    fn bombs_are_not_parsed_to_the_end() {
        check("c", "x => ", 60_000, Some("too slow"));
        check("java", "x => ", 60_000, Some("too slow"));
        check("rust", "a,", 60_000, Some("too slow"));
        check("rust", "-> ", 60_000, Some("too broken"));
        check("java", "return ", 60_000, Some("too broken"));
        check("elixir", "a+", 60_000, Some("too slow"));
        check("elixir", "not ", 900_000, Some("too repetitive"));
        check("ruby", "a.", 30_000, Some("too slow"));
        check("bash", "=~ ", 60_000, Some("too slow"));
    }

    #[test]
    fn parses_wait_for_room() {
        use super::{Room, STEPS_AT_ONCE, TAKEN};
        let n_most = std::sync::atomic::AtomicU64::new(0);
        std::thread::scope(|scope| {
            for n in 0..40_u64 {
                let n_most = &n_most;
                scope.spawn(move || {
                    // the last is more than there ever is, and alone
                    let share = STEPS_AT_ONCE * if n == 39 { 2 } else { n % 5 + 1 } / 5;
                    let room = Room::of(share);
                    let taken = *TAKEN.lock().unwrap();
                    assert!(taken <= STEPS_AT_ONCE.max(share), "{taken}");
                    n_most.fetch_max(taken, std::sync::atomic::Ordering::Relaxed);
                    std::thread::sleep(std::time::Duration::from_millis(1));
                    drop(room);
                });
            }
        });
        assert!(n_most.into_inner() > STEPS_AT_ONCE / 2);
    }

    #[test]
    fn long_tables_are_parsed() {
        let table = format!(
            "int t[] = {{\n{}}};\nint f(void) {{ return 1; }}\n",
            "0, 1, 2, 3,\n".repeat(5_000)
        );
        let outline = outline(&table, Language::from_id("c"));
        assert_eq!(outline.fallback, None);
        assert_eq!(outline.definitions.len(), 2);
        assert!(!outline.breaks.is_empty());
    }
}
