//! A short text as a bag of words, for a query that comes later: numbers alone.

use super::terms::{each_term, is_word_byte, key};

/// Which terms stand in a text, and how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bag {
    /// Words, each time that one stands there.
    pub n_words: u32,
    /// Terms as [`key`]s, ascending, each time that one stands there.
    pub keys: Vec<u64>,
}

impl Bag {
    /// That of `text`. O(bytes).
    pub fn of(text: &str) -> Self {
        let mut bag = Self::default();
        let words = text.as_bytes().split(|&b| !is_word_byte(b));
        for word in words.filter(|word| !word.is_empty()) {
            bag.n_words += 1;
            each_term(word, |term| bag.keys.push(key(term)));
        }
        bag.keys.sort_unstable();
        bag
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
        let mut terms: Vec<(u64, u16)> = query.vocabulary.keys().collect();
        terms.sort_unstable_by_key(|(_, term)| *term);
        let n = |key| bag.keys.iter().filter(|it| **it == key).count();
        let hits = terms
            .iter()
            .map(|&(key, term)| (query.vocabulary.name(term), n(key)));
        let found: Vec<(&str, usize)> = hits.filter(|(_, n)| *n > 0).collect();
        let expected = [("pars", 2), ("config", 2), ("=parsed_config", 1)];
        assert_eq!((bag.n_words, &found[..]), (9, &expected[..]));
        assert!(bag.keys.is_sorted());
        assert_eq!(Bag::of(""), Bag::default());
    }
}
