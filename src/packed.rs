//! What a run gives back: the bundle, and what a person may ask about how it came to be.

use crate::emit::{Bundle, Chance};
use crate::request::Kind;
use crate::request::RenderingName;
use crate::score::explanation::Explanation;
use std::time::Duration;

/// Where a run is. Reported to `progress` with the number of candidates done in that stage so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Walks the roots and the stores.
    Collect,
    /// Judges every candidate.
    Score,
    /// Writes the shortlist at several sizes.
    Render,
    /// Chooses.
    Solve,
    /// Writes the bundle and counts it.
    Emit,
}

impl Stage {
    /// The stage's name: `collect`, `score`, `render`, `solve` or `emit`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Collect => "collect",
            Self::Score => "score",
            Self::Render => "render",
            Self::Solve => "solve",
            Self::Emit => "emit",
        }
    }
}

/// A finished run: the bundle, and what a person may ask about how it came to be.
#[derive(Debug, Clone)]
pub struct Packed {
    /// The bundle and its account.
    pub bundle: Bundle,
    /// How probable it is that what has to change is in the bundle; `None` where no file is a candidate.
    pub chance: Option<Chance>,
    /// Wall-clock time by stage, in the order in which they ran.
    pub timings: Vec<(&'static str, Duration)>,
    /// One per candidate, best score first; none where the request asks for none.
    pub explanations: Vec<Explained>,
    /// What twice the budget would add; `None` where nothing is left out, or it is not known.
    pub next: Option<Next>,
}

/// Why one candidate was taken or left.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// Stable identity, as in the manifest.
    pub id: String,
    /// Path relative to the root, as in the manifest.
    pub path: String,
    /// How it was written; `None` where it was left out.
    pub rendering: Option<RenderingName>,
    /// Tokens of that rendering, or of the whole candidate where it was left out.
    pub tokens: usize,
    /// The numbers behind its score.
    pub tree: Explanation,
}

/// What twice the budget would add. What little more would add is [`Account::next`](crate::emit::Account::next).
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    /// The bigger budget, in tokens.
    pub budget: usize,
    /// Paths that would come in, best first.
    pub paths: Vec<String>,
    /// How probable it would be that what has to change is in.
    pub chance: Option<Chance>,
}

/// One place that candidates come from, and how much is there.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// What sort of candidates it gives.
    pub kind: Kind,
    /// What it is called: `repository`, `CLAUDE.md`, `claude-code`, ...
    pub name: String,
    /// Where it is: a path as given, or `~/...`.
    pub location: String,
    /// Number of candidates.
    pub n_candidates: usize,
    /// Bytes read for them.
    pub size_bytes: u64,
    /// Tokens of all of them in full; an estimate.
    pub tokens: usize,
}
