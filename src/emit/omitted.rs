//! What was left out of a bundle.

use crate::request::Kind;
use std::cmp::Ordering;
use std::sync::{Arc, OnceLock};

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

/// Files that are left out, most relevant first. Of a large tree they are nearly all there are, and few readers ask for more than the
/// first: the others are worked out when one does.
pub struct Files {
    n: usize,
    first: Vec<Omitted>,
    all: OnceLock<Vec<Omitted>>,
    find: Box<dyn Fn() -> Vec<Omitted> + Send + Sync>,
}

impl Files {
    /// `n` files, of which `first` are the first and `find` gives all. Both must be in order.
    pub fn new(
        n: usize,
        first: Vec<Omitted>,
        find: impl Fn() -> Vec<Omitted> + Send + Sync + 'static,
    ) -> Self {
        Self {
            n,
            first,
            all: OnceLock::new(),
            find: Box::new(find),
        }
    }

    fn get(&self, idx: usize) -> Option<&Omitted> {
        match self.first.get(idx) {
            None if idx < self.n => self.all.get_or_init(|| (self.find)()).get(idx),
            first => first,
        }
    }
}

impl Default for Files {
    fn default() -> Self {
        Self::new(0, Vec::new(), Vec::new)
    }
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rows = f.debug_list();
        rows.entries(&self.first);
        if self.n > self.first.len() {
            rows.finish_non_exhaustive()
        } else {
            rows.finish()
        }
    }
}

/// All that was left out, most relevant first.
#[derive(Debug, Clone, Default)]
pub struct Omissions {
    /// What every bundle of a survey leaves out: as long as the tree is large, and shared.
    always: Arc<Files>,
    /// What this one leaves out beside it.
    here: Vec<Omitted>,
}

impl Omissions {
    /// `always`, and what is left out `here`.
    pub fn new(always: Arc<Files>, mut here: Vec<Omitted>) -> Self {
        here.sort_by(Omitted::order);
        Self { always, here }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Omitted> {
        let mut here = self.here.iter().peekable();
        let mut next = 0;
        std::iter::from_fn(move || {
            let Some(file) = self.always.get(next) else {
                return here.next();
            };
            here.next_if(|it| it.order(file).is_le()).or_else(|| {
                next += 1;
                Some(file)
            })
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.always.n + self.here.len()
    }

    /// How many there are of one kind.
    pub fn len_of(&self, kind: Kind) -> usize {
        let of_kind = self.here.iter().filter(|it| it.kind == kind);
        let always = if kind == Kind::File { self.always.n } else { 0 };
        always + of_kind.count()
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
            for n_first in 0..=always.len() {
                let (always, n) = (of(always), always.len());
                let files = Files::new(n, always[..n_first].to_vec(), move || always.clone());
                let omissions = Omissions::new(Arc::new(files), of(here));
                let listed: Vec<Omitted> = omissions.iter().cloned().collect();
                assert_eq!(listed, of(all));
                assert_eq!(omissions.len(), all.len());
                assert_eq!(omissions.len_of(Kind::File), all.len());
                assert_eq!(omissions.len_of(Kind::Note), 0);
                assert_eq!(omissions.is_empty(), all.is_empty());
            }
        };
        check(&[], &[], &[]);
        check(&[9, 5, 1], &[], &[9, 5, 1]);
        check(&[], &[2, 7], &[7, 2]);
        check(&[8, 5, 1], &[0, 6, 7, 9], &[9, 8, 7, 6, 5, 1, 0]);
    }
}
