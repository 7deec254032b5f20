//! Does the place that the real change touched stand in the bundle?
//!
//! Cases are commits or issues of real repositories: a base revision, a task, the files and lines that the real change
//! touched. They are packed from git objects, without a checkout.

pub mod baselines;
pub mod cases;
pub mod check;
pub mod commits;
pub mod fit;
pub mod interval;
pub mod lists;
pub mod message;
pub mod recall;
pub mod replay;
pub mod tune;

pub use cases::Case;
pub use check::check;
pub use interval::{Interval, interval};
pub use recall::{Recall, measure};
pub use replay::{Replay, Row};
