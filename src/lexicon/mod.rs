//! Words: how text becomes terms, and a task becomes a query.
//!
//! Everything that is scored, code or prose, goes through here, so that a word of the task and the same word in an
//! identifier, a comment, a commit message or a note are one term. The scan is *query-aware*: it looks every word up in the
//! query's vocabulary and keeps counts of those terms alone, which makes one pass over a repository cost little more than
//! reading it. Where a cache is kept, a [`profile`] takes the place of the scan: all that any query could ask, for an index.

pub mod bag;
pub mod definition;
pub mod imports;
mod places;
pub mod profile;
pub mod query;
pub mod scan;
pub mod syntax;
pub mod terms;

pub use bag::Bag;
pub use places::words_by_line;
pub use query::{Mentions, Query};
pub use scan::{Field, Hit, N_FIELDS, Scan};
pub use syntax::Syntax;
pub use terms::Vocabulary;
