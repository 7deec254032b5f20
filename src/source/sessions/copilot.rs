//! Sessions of GitHub Copilot: of its command line, and of its chat in Visual Studio Code.
//!
//! The two are different programs with different stores; they share a name, and people think of them as one.

mod chat;
mod events;

use super::Session;
use crate::source::stores::{Found, Stores};

const TOOL: &str = "copilot";

/// The sessions of this repository, in no particular order.
pub(super) fn read(stores: &Stores) -> Found<Session> {
    let mut found = events::read(stores);
    found.extend(chat::read(stores));
    found
}

#[cfg(test)]
pub(super) mod tests {
    /// Small whole stores, for the tests of all readers.
    pub(in super::super) fn sample(home: &super::super::testing::Home) {
        super::events::tests::sample(home);
        super::chat::tests::sample(home);
    }
}
