//! The shortlist: which files are opened, and what is found in them.

use crate::language::{self, Language};
use crate::lexicon;
use crate::outlines::Outlined;
use crate::request::{Budget, Request};
use crate::score::Opened;
use crate::source::{self, File, Trees, entry};
use crate::sticky;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::hash_map::Entry;

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
pub(crate) type Outlining<'a, T> = dyn Fn(&entry::Entry, &str, Option<Language>) -> T + Sync + 'a;

/// The files that could be shown: the most probable ones, until there is several times what the budget holds.
pub(crate) fn choose(request: &Request, files: &[File], order: &[usize]) -> Vec<usize> {
    let budget_bytes = match request.budget {
        Budget::Tokens(n) => n.saturating_mul(4),
        Budget::Characters(n) | Budget::Bytes(n) => n,
    };
    let earlier = request.earlier.iter().flat_map(sticky::Earlier::files);
    let earlier: FxHashSet<&str> = earlier.collect();
    let is_held = |idx: usize| files[idx].pinned || earlier.contains(&*files[idx].path);
    let may_hold = !request.pin.is_empty() || !earlier.is_empty();
    let mut bytes = 0_u64;
    let mut list = Vec::new();
    for (rank, &idx) in order.iter().enumerate() {
        let times = if rank < MAX_SHORTLIST { 4 } else { 1 };
        let room = rank < MIN_SHORTLIST
            || (bytes < (budget_bytes as u64).saturating_mul(times) && rank < MAX_SMALL);
        if room || (may_hold && is_held(idx)) {
            bytes += files[idx].n_bytes;
            list.push(idx);
        } else if !may_hold {
            break; // where one has no room, none behind it has
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
            n_bytes += trees.entry(&trees.files[file_idx]).n_bytes();
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
        let mut known = (outliner.known)(entry, &text, language);
        if known.is_none() && !language::is_parsed(language) {
            known = Some((outliner.find_out)(entry, &text, language));
        }
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
        let (firsts, copies) = each_once(&opened, unknown);
        let find_out = |&(idx, language): &(usize, Option<Language>)| {
            let entry = trees.entry(&trees.files[opened[idx].file_idx]);
            (outliner.find_out)(entry, &opened[idx].text, language)
        };
        let found: Vec<Outlined> =
            language::on_large_stacks(|| firsts.par_iter().map(find_out).collect());
        for ((idx, _), found) in firsts.into_iter().zip(found) {
            (opened[idx].outline, opened[idx].line_tokens) = (found.outline, found.line_tokens);
        }
        for (idx, first) in copies {
            opened[idx].outline = opened[first].outline.clone();
            opened[idx].line_tokens = opened[first].line_tokens.clone();
        }
    }
    opened
}

/// A text to be found out, by its index, in a language.
type Unknown = (usize, Option<Language>);

/// The first of each text that is to be found out in a language, and for each of its copies, of which generated trees have many, the
/// index of the first.
fn each_once(
    opened: &[Opened],
    unknown: Vec<Option<Option<Language>>>,
) -> (Vec<Unknown>, Vec<(usize, usize)>) {
    let (mut firsts, mut copies) = (Vec::new(), Vec::new());
    let mut first_of = FxHashMap::default();
    for (idx, (opened, language)) in opened.iter().zip(unknown).enumerate() {
        let Some(language) = language else { continue };
        match first_of.entry((&*opened.text, language.map(Language::id))) {
            Entry::Occupied(first) => copies.push((idx, *first.get())),
            Entry::Vacant(place) => {
                place.insert(idx);
                firsts.push((idx, language));
            }
        }
    }
    (firsts, copies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_is_found_out_once() {
        let opened = |text: &str| Opened {
            file_idx: 0,
            text: text.to_owned(),
            syntax: lexicon::syntax::of_path("a.py"),
            outline: Default::default(),
            line_tokens: Vec::new(),
            odd: Vec::new(),
        };
        let texts = ["a", "b", "a", "a", "a", "b"].map(opened);
        let python = Language::from_id("python");
        let unknown = [python, python, python, None, python, None].map(Some);
        let mut unknown = unknown.to_vec();
        unknown[4] = None;
        let (firsts, copies) = each_once(&texts, unknown);
        let firsts: Vec<usize> = firsts.into_iter().map(|(idx, _)| idx).collect();
        assert_eq!((firsts, copies), (vec![0, 1, 3, 5], vec![(2, 0)]));
    }
}
