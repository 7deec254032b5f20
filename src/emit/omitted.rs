//! What was left out of a bundle.

use crate::request::Kind;
use std::cmp::Ordering;
use std::sync::Arc;

/// A candidate that was left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Omitted {
    /// Stable identity, where it is not the kind and the path: a tree has a million files, and each of them may be left out.
    pub own_id: Option<Box<str>>,
    /// What it is.
    pub kind: Kind,
    /// Path relative to the root.
    pub path: Arc<str>,
    /// Tokens of it in full (an estimate where it was never counted).
    pub tokens_full: usize,
    /// In `[0, 1]`.
    pub relevance: f64,
    /// Why it was left out.
    pub reason: &'static str,
}

impl Omitted {
    /// Stable identity: `file:src/a.rs`.
    pub fn id(&self) -> String {
        let own = self.own_id.as_deref();
        own.map_or_else(
            || format!("{}:{}", self.kind.as_str(), self.path),
            str::to_owned,
        )
    }

    /// Most relevant first.
    pub fn order(&self, other: &Self) -> Ordering {
        (other.relevance.total_cmp(&self.relevance))
            .then_with(|| self.kind.cmp(&other.kind))
            .then_with(|| self.path.cmp(&other.path))
            .then_with(|| self.own_id.cmp(&other.own_id))
    }
}

/// All that was left out, most relevant first.
#[derive(Debug, Clone, Default)]
pub struct Omissions {
    /// What every bundle of a survey leaves out: as long as the tree is large, and shared.
    always: Arc<Vec<Omitted>>,
    /// What this one leaves out beside it, each with how many of the others stand before it.
    here: Vec<(usize, Omitted)>,
}

impl Omissions {
    /// `always`, which is in order, and what is left out `here`. O(here · log n).
    pub fn new(always: Arc<Vec<Omitted>>, mut here: Vec<Omitted>) -> Self {
        here.sort_by(Omitted::order);
        let placed = here.into_iter().map(|one| {
            let n_before = always.partition_point(|other| other.order(&one).is_lt());
            (n_before, one)
        });
        Self {
            here: placed.collect(),
            always,
        }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Omitted> {
        let ends = self.here.iter().map(|(end, one)| (*end, Some(one)));
        let ends = ends.chain([(self.always.len(), None)]);
        let mut start = 0;
        ends.flat_map(move |(end, one)| {
            let before = &self.always[start..end];
            start = end;
            before.iter().chain(one)
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.always.len() + self.here.len()
    }

    /// Whether nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl FromIterator<Omitted> for Omissions {
    fn from_iter<I: IntoIterator<Item = Omitted>>(all: I) -> Self {
        Self::new(Arc::default(), all.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_here_stands_among_the_others_in_order() {
        let of = |numbers: &[u32]| {
            let omitted = numbers.iter().map(|&n| Omitted {
                own_id: None,
                kind: Kind::File,
                path: format!("{n}").into(),
                tokens_full: 1,
                relevance: f64::from(n),
                reason: "no room",
            });
            omitted.collect::<Vec<_>>()
        };
        let check = |always: &[u32], here: &[u32], all: &[u32]| {
            let omissions = Omissions::new(Arc::new(of(always)), of(here));
            let listed: Vec<Omitted> = omissions.iter().cloned().collect();
            assert_eq!(listed, of(all));
            assert_eq!(omissions.len(), all.len());
            assert_eq!(omissions.is_empty(), all.is_empty());
        };
        check(&[], &[], &[]);
        check(&[9, 5, 1], &[], &[9, 5, 1]);
        check(&[], &[2, 7], &[7, 2]);
        check(&[8, 5, 1], &[0, 6, 7, 9], &[9, 8, 7, 6, 5, 1, 0]);
    }
}
