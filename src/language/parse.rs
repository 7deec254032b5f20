//! Runs the parser, under limits.

use super::limits;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tree_sitter::{ParseOptions, Parser, Tree};
use tree_sitter_language::LanguageFn;

/// The most steps of the parser (in units of a hundred, which is how often it reports) that a byte may cost, and how many any
/// file may cost. Ordinary code takes under 0.02 a byte; error recovery can take thousands. A count instead of a clock makes
/// the answer the same on every machine.
const MAX_STEPS_PER_BYTE: f64 = 0.5;
const MIN_STEPS: u64 = 20_000;

/// Time after which a parse is given up whatever its count of steps: the last resort, since it depends on the machine.
const DEADLINE: Duration = Duration::from_secs(8);

/// Parses `text`, or says why not.
pub(super) fn tree(text: &str, grammar: LanguageFn) -> Result<Tree, &'static str> {
    if let Some(reason) = limits::refuse(text) {
        return Err(reason);
    }
    let mut parser = Parser::new();
    parser
        .set_language(&grammar.into())
        .map_err(|_| "grammar does not load")?;
    let bytes = text.as_bytes();
    let max_steps = MIN_STEPS.max((bytes.len() as f64 * MAX_STEPS_PER_BYTE) as u64);
    let mut n_steps = 0_u64;
    let start = Instant::now();
    let mut on_progress = |_: &tree_sitter::ParseState| {
        n_steps += 1;
        if n_steps > max_steps || start.elapsed() > DEADLINE {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut on_progress);
    let mut read = |offset: usize, _| bytes.get(offset..).unwrap_or_default();
    parser
        .parse_with_options(&mut read, None, Some(options))
        .ok_or("too slow")
}
