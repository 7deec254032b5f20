//! Whether pinned files, which must be in, still fit the budget: packs them and nothing else.

use super::code::{Code, Level};
use super::judge::reached;
use crate::error::Error;
use crate::request::{Budget, Request, Task, TaskSource};

/// What the pins of a config come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pins {
    /// What a bundle of them alone takes, framing included, in the unit of the budget.
    pub size: usize,
    /// The budget.
    pub limit: usize,
    /// What is wrong, if anything is.
    pub code: Option<Code>,
}

/// What the pins of `request` take of its budget; `None` where nothing is pinned.
///
/// # Errors
/// As for [`crate::pack`], but for a budget that is too small.
pub fn pins(request: &Request) -> Result<Option<Pins>, Error> {
    if request.pin.is_empty() {
        return Ok(None);
    }
    let alone = Request {
        include: request.pin.clone(),
        home: None,
        contents_only: true,
        task: Some(Task {
            source: TaskSource::File,
            text: String::new(),
        }),
        ..request.clone()
    };
    let limit = match request.budget {
        Budget::Tokens(n) | Budget::Characters(n) | Budget::Bytes(n) => n,
    };
    let size = match crate::pack(&alone, &|_, _| {}) {
        Err(Error::BudgetTooSmall { needed, .. }) => needed,
        Err(error) => return Err(error),
        Ok(packed) => match request.budget {
            Budget::Tokens(_) => packed.bundle.tokens,
            Budget::Characters(_) => packed.bundle.text.chars().count(),
            Budget::Bytes(_) => packed.bundle.text.len(),
        },
    };
    let code = reached(size, limit).map(|level| match level {
        Level::Error => Code::PinsOverBudget,
        Level::Warning => Code::PinsNearBudget,
    });
    Ok(Some(Pins { size, limit, code }))
}
