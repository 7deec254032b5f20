//! A shelf that keeps jars in order.

use std::collections::BTreeMap;
use std::fmt::{
    self, Display,
};

mod label;

/// How many jars fit.
pub const CAPACITY: usize = 12;

static NAMES: &[&str] = &[
    "plum",
    "quince",
];

type Slots<T> = BTreeMap<usize, T>;

/// A jar, closed or open.
#[derive(Debug, Clone)]
pub struct Jar {
    pub label: String,
    sealed: bool,
}

pub enum Fault {
    Full,
    Missing(usize),
}

pub trait Container: Display {
    type Item;

    /// Puts an item in.
    fn put(&mut self, item: Self::Item) -> Result<usize, Fault>;

    fn is_empty(&self) -> bool {
        true
    }
}

#[derive(Default)]
pub struct Shelf(Slots<Jar>);

impl<'a> Container for Shelf {
    type Item = Jar;

    // Takes the first free slot.
    #[inline]
    #[must_use]
    fn put(
        &mut self,
        item: Jar,
    ) -> Result<usize, Fault>
    where
        Jar: Clone,
    {
        fn first_free(slots: &Slots<Jar>) -> Option<usize> {
            (0..CAPACITY).find(|slot| !slots.contains_key(slot))
        }
        let slot = first_free(&self.0).ok_or(Fault::Full)?;
        self.0.insert(slot, item.clone());
        Ok(slot)
    }
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{} jars", self.0.len()) }
}

/// Makes a jar from a word.
#[macro_export]
macro_rules! jar {
    ($label:expr) => {
        Jar { label: $label.to_string(), sealed: true }
    };
}

pub async unsafe fn open_all<T: Container>(of: T) -> usize { label::count(&of) }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "full")]
    fn a_full_shelf_refuses() {
        let mut shelf = Shelf::default();
        assert_eq!(shelf.put(jar!("plum")).unwrap(), 0);
    }

    fn helper() {}
}
