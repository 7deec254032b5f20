//! Does the place that the real change touched stand in the bundle?
//!
//! Cases are commits or issues of real repositories: a base revision, a task, the files and lines that the real change
//! touched. They are packed from git objects, without a checkout.

pub mod cases;
pub mod fit;
pub mod lists;
pub mod recall;

pub use cases::Case;
pub use recall::{Recall, measure};
