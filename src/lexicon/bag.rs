//! A short text as a bag of words, for a query that comes later: numbers alone.

use super::Query;
use super::terms::{TermIdx, each_term, is_word_byte, key};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Which terms stand in a text, and how often.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bag {
    /// Words, each time that one stands there.
    pub n_words: u32,
    /// Terms as [`key`]s, ascending, with how often.
    terms: Vec<(u64, u32)>,
}

impl Bag {
    /// That of `text`. O(bytes).
    pub fn of(text: &str) -> Self {
        let mut terms: FxHashMap<u64, u32> = FxHashMap::default();
        let mut n_words = 0;
        let words = text.as_bytes().split(|&b| !is_word_byte(b));
        for word in words.filter(|word| !word.is_empty()) {
            n_words += 1;
            each_term(word, |term| *terms.entry(key(term)).or_default() += 1);
        }
        let mut terms: Vec<(u64, u32)> = terms.into_iter().collect();
        terms.sort_unstable();
        Self { n_words, terms }
    }

    /// The terms of `query` that it holds, by number, with how often.
    pub fn hits(&self, query: &Query) -> Vec<(TermIdx, f64)> {
        let found = |&(key, n): &(u64, u32)| Some((query.vocabulary.by_key(key)?, f64::from(n)));
        let mut hits: Vec<(TermIdx, f64)> = self.terms.iter().filter_map(found).collect();
        hits.sort_unstable_by_key(|&(term, _)| term);
        hits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::query;

    #[test]
    fn a_bag_has_the_terms_of_its_words() {
        let bag = Bag::of("Parse config: parsed_config of parsers, not the parser's");
        let query = query::read("parse config parsed_config");
        let hits = bag.hits(&query);
        let named: Vec<(&str, f64)> = hits
            .iter()
            .map(|&(term, n)| (query.vocabulary.name(term), n))
            .collect();
        let expected = [("pars", 2.0), ("config", 2.0), ("=parsed_config", 1.0)];
        assert_eq!((bag.n_words, &named[..]), (9, &expected[..]));
        assert_eq!(Bag::of("").hits(&query), []);
    }
}
