//! As much of the command as its settings need.

#[path = "../../src/cli/budget.rs"]
pub mod budget;
#[path = "../../src/cli/failure.rs"]
pub mod failure;
#[path = "../../src/cli/style.rs"]
pub mod style;
#[path = "../../src/cli/suggest.rs"]
pub mod suggest;
