//! What a project's budget may come to.
//!
//! A budget is somebody's money, so a repository that anybody may have written does not set it freely: the user's own file is a
//! ceiling, and where it names no budget, [`CEILING`] is. Flags, `--for` and the environment are the user's word and have none.
//! Ignoring a project's budget altogether lost: a team knows best what its repository needs.

use super::Settings;
use crate::cli::budget::{self, Size};
use ctxpack::request::Budget;

/// The most that a project may set for a user who has set nothing: the window of most models. In tokens.
const CEILING: usize = 200_000;

/// A project's settings within the limits of the user's, and the warning where they were not.
///
/// Characters and bytes are compared with tokens as four of them.
pub fn within(project: Settings, user: &Settings) -> (Settings, Option<String>) {
    let Some(asked) = project.budget else {
        return (project, None);
    };
    let tokens = |size: Size| {
        let model = project.model.as_ref().or(user.model.as_ref());
        let budget = budget::resolve(size, model).ok()?;
        Some(match budget {
            Budget::Tokens(n) => n,
            Budget::Characters(n) | Budget::Bytes(n) => n / 4,
        })
    };
    let ceiling = user.budget.unwrap_or(Size::Plain(Budget::Tokens(CEILING)));
    let is_within = match (asked, ceiling) {
        (Size::Share(asked), Size::Share(ceiling)) => asked <= ceiling,
        // A share of a model that a flag names is not known here: it may not be more than the user's either.
        _ => match (tokens(asked), tokens(ceiling)) {
            (Some(asked), Some(ceiling)) => asked <= ceiling,
            (None, _) => user.budget.is_none(),
            (_, None) => false,
        },
    };
    if is_within {
        return (project, None);
    }
    let whose = match user.budget {
        Some(_) => "more than your own config file allows, which counts",
        None => "more than a project may set by itself; --budget or your own config file may",
    };
    let project = Settings {
        budget: Some(ceiling),
        ..project
    };
    (project, Some(format!("the project's budget is {whose}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::layer;

    #[track_caller]
    fn check(project: &str, user: &str, expected: &str) {
        let asked = layer(project);
        let (got, warning) = within(asked.clone(), &layer(user));
        assert_eq!(got.budget, layer(expected).budget, "{project} in {user}");
        assert_eq!(warning.is_some(), got.budget != asked.budget);
    }

    #[test]
    fn a_project_spends_no_more_than_its_user() {
        check("", "budget = 5", "");
        check("budget = 4", "budget = 5", "budget = 4");
        check("budget = 6", "budget = 5", "budget = 5");
        check("budget = '24c'", "budget = 5", "budget = 5");
        check("budget = '20B'", "budget = 5", "budget = '20B'");
        check("budget = '200k'", "", "budget = '200k'");
        check("budget = '10m'", "", "budget = '200k'");
        check("budget = '60%'", "budget = '50%'", "budget = '50%'");
        check("budget = '60%'", "budget = 5", "budget = 5");
        check("budget = '60%'", "", "budget = '60%'");
        let (gpt, share) = ("model = 'gpt-4'\n", "budget = '60%'");
        check(&format!("{gpt}{share}"), "budget = '1m'", share);
        check(&format!("{gpt}{share}"), "budget = 5", "budget = 5");
        check("budget = 6", "budget = '50%'", "budget = '50%'");
    }
}
