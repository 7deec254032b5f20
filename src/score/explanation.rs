//! A score taken apart, after tantivy's `Explanation`.

/// A named number and the named numbers that it was made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What the number says.
    pub name: String,
    /// The number.
    pub value: f64,
    /// What it was made of.
    pub parts: Vec<Explanation>,
}
