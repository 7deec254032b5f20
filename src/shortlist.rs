//! The shortlist: which files are opened, and what is found in them.

use crate::language::{self, Language};
use crate::lexicon;
use crate::outlines::Outlined;
use crate::request::{Budget, Request};
use crate::score::Opened;
use crate::source::{self, File, Trees, tree::Entry};
use crate::sticky;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

/// Bytes of the shortlist that are parsed at least.
const MIN_PARSED: u64 = 1_500_000;

/// Files of the shortlist at least.
const MIN_SHORTLIST: usize = 60;

/// Files of the shortlist at most; more only where these would not fill the budget.
const MAX_SHORTLIST: usize = 600;

/// Files of the shortlist at most, however small they are.
const MAX_SMALL: usize = 20_000;

/// Outlines the text of an entry by the grammar of a language, if there is one, and counts its tokens.
pub(crate) struct Outliner<'a> {
    /// What is known of it.
    pub known: &'a Outlining<'a, Option<Outlined>>,
    /// Finds out.
    pub find_out: &'a Outlining<'a, Outlined>,
}

/// What becomes of a text in a language.
pub(crate) type Outlining<'a, T> = dyn Fn(&Entry, &str, Option<Language>) -> T + Sync + 'a;

/// The files that could be shown: the most probable ones, until there is several times what the budget holds.
pub(crate) fn choose(request: &Request, files: &[File], order: &[usize]) -> Vec<usize> {
    let budget_bytes = match request.budget {
        Budget::Tokens(n) => n.saturating_mul(4),
        Budget::Characters(n) | Budget::Bytes(n) => n,
    };
    let earlier = request.earlier.iter().flat_map(sticky::Earlier::files);
    let earlier: FxHashSet<&str> = earlier.collect();
    let mut bytes = 0_u64;
    let mut list = Vec::new();
    for (rank, &idx) in order.iter().enumerate() {
        let times = if rank < MAX_SHORTLIST { 4 } else { 1 };
        let room = rank < MIN_SHORTLIST
            || (bytes < (budget_bytes as u64).saturating_mul(times) && rank < MAX_SMALL);
        if room || files[idx].pinned || earlier.contains(&*files[idx].path) {
            bytes += files[idx].n_bytes;
            list.push(idx);
        }
    }
    list
}

/// Parsing costs ten times what counting does: what is parsed is a few times what could be shown.
fn max_parsed(request: &Request) -> u64 {
    let tokens = match request.budget {
        Budget::Tokens(n) => n,
        Budget::Characters(n) | Budget::Bytes(n) => n / 4,
    };
    (tokens as u64).saturating_mul(40).max(MIN_PARSED)
}

/// Reads and parses the shortlist, best first, up to so many bytes; the rest is cut by its lines.
pub(crate) fn open(
    request: &Request,
    trees: &Trees,
    files: &[File],
    shortlist: &[usize],
    outliner: &Outliner<'_>,
) -> Vec<Opened> {
    let max_parsed = max_parsed(request);
    let mut n_bytes = 0_u64;
    let budgeted: Vec<(usize, bool)> = shortlist
        .iter()
        .map(|&file_idx| {
            n_bytes += trees.entry(&trees.files[file_idx]).n_bytes;
            (file_idx, n_bytes <= max_parsed)
        })
        .collect();
    let open = |&(file_idx, parse): &(usize, bool)| {
        let clean = trees
            .scanned_text(&trees.files[file_idx], &files[file_idx])
            .ok()?;
        let text = clean.text;
        let entry = trees.entry(&trees.files[file_idx]);
        let path = &entry.path;
        let language = language::detect(path, &text).filter(|_| parse);
        let known = (outliner.known)(entry, &text, language);
        let unknown = known.is_none().then_some(language);
        let Outlined {
            outline,
            line_tokens,
        } = known.unwrap_or_default();
        let syntax = lexicon::syntax::of_path(path);
        let odd = source::odd::warnings(path, &clean.counts, &text);
        let opened = Opened {
            file_idx,
            text,
            syntax,
            outline,
            line_tokens,
            odd,
        };
        Some((opened, unknown))
    };
    let read: Vec<_> = budgeted.par_iter().filter_map(open).collect();
    let (mut opened, unknown): (Vec<Opened>, Vec<_>) = read.into_iter().unzip();
    if unknown.iter().any(Option::is_some) {
        let find_out = |(opened, unknown): (&mut Opened, Option<_>)| {
            if let Some(language) = unknown {
                let entry = trees.entry(&trees.files[opened.file_idx]);
                let found = (outliner.find_out)(entry, &opened.text, language);
                (opened.outline, opened.line_tokens) = (found.outline, found.line_tokens);
            }
        };
        let all = opened.par_iter_mut().zip(unknown);
        language::on_large_stacks(|| all.for_each(find_out));
    }
    opened
}
