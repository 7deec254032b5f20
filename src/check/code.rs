//! What can be found: names, which are stable, and what each means. The one list: help, README and tests walk it.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Level {
    Error,
    Warning,
}

impl Level {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What kind of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Code {
    GrownTooMuch,
    NearBudget,
    NearCap,
    NoBaseline,
    NotCounted,
    NothingMatched,
    OverAdvice,
    OverBudget,
    OverCap,
    PinsNearBudget,
    PinsOverBudget,
    ProbableSecret,
    StaleBundle,
    StaleLock,
}

impl Code {
    /// All of them, by name.
    pub const ALL: [Self; 14] = [
        Self::GrownTooMuch,
        Self::NearBudget,
        Self::NearCap,
        Self::NoBaseline,
        Self::NotCounted,
        Self::NothingMatched,
        Self::OverAdvice,
        Self::OverBudget,
        Self::OverCap,
        Self::PinsNearBudget,
        Self::PinsOverBudget,
        Self::ProbableSecret,
        Self::StaleBundle,
        Self::StaleLock,
    ];

    fn row(self) -> (&'static str, Level, &'static str) {
        use Level::{Error, Warning};
        match self {
            Self::GrownTooMuch => (
                "grown-too-much",
                Error,
                "larger than before by more than is allowed",
            ),
            Self::NearBudget => ("near-budget", Warning, "95 % of a budget or more"),
            Self::NearCap => (
                "near-cap",
                Warning,
                "95 % or more of what a host takes of a file",
            ),
            Self::NoBaseline => (
                "no-baseline",
                Warning,
                "nothing to compare with: growth was not judged",
            ),
            Self::NotCounted => (
                "not-counted",
                Error,
                "a file that is meant and cannot be counted",
            ),
            Self::NothingMatched => ("nothing-matched", Error, "a check without a file"),
            Self::OverAdvice => (
                "over-advice",
                Warning,
                "more than the makers of a host advise",
            ),
            Self::OverBudget => ("over-budget", Error, "more than a budget"),
            Self::OverCap => ("over-cap", Error, "more than a host takes of a file"),
            Self::PinsNearBudget => (
                "pins-near-budget",
                Warning,
                "pinned files take 95 % of the budget or more",
            ),
            Self::PinsOverBudget => (
                "pins-over-budget",
                Error,
                "pinned files alone do not fit the budget",
            ),
            Self::ProbableSecret => (
                "probable-secret",
                Error,
                "what looks like a key or a password",
            ),
            Self::StaleBundle => (
                "stale-bundle",
                Error,
                "a bundle that is not what would be packed",
            ),
            Self::StaleLock => (
                "stale-lock",
                Error,
                "ctxpack.lock is not staged, or not what would be written",
            ),
        }
    }

    /// Its stable name, in kebab case.
    pub fn as_str(self) -> &'static str {
        self.row().0
    }

    /// How bad it is.
    pub fn level(self) -> Level {
        self.row().1
    }

    /// What it means, in some words.
    pub fn meaning(self) -> &'static str {
        self.row().2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable() {
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(
            codes.join(" "),
            "grown-too-much near-budget near-cap no-baseline not-counted nothing-matched over-advice over-budget over-cap \
             pins-near-budget pins-over-budget probable-secret stale-bundle stale-lock"
        );
        assert!(codes.is_sorted() && Code::ALL.is_sorted());
    }
}
