//! Packs the part of a repository, its memory notes and its agent sessions that matters now into a token budget.

#![warn(missing_docs)]

pub mod emit;
pub mod error;
pub mod guard;
pub mod language;
pub mod lexicon;
pub mod render;
pub mod request;
pub mod score;
pub mod solve;
pub mod source;
pub mod tokens;

use crate::emit::{Account, Bundle, Item, Omitted, Proof};
use crate::error::{Error, Warning};
use crate::render::RenderingName;
use crate::request::{Kind, Request, Task, TaskSource};
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
    /// Wall-clock time by stage, in the order in which they ran.
    pub timings: Vec<(&'static str, Duration)>,
    /// One per candidate, best score first.
    pub explanations: Vec<Explained>,
    /// What a bigger budget would add; `None` where nothing is left out, or it is not known.
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

/// What a bigger budget would add.
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    /// The bigger budget, in tokens.
    pub budget: usize,
    /// Paths that would come in, best first.
    pub paths: Vec<String>,
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

/// Packs what `request` asks for. STUB until the pipeline stands: a fixed bundle.
///
/// # Errors
/// See [`Error`].
pub fn pack(request: &Request, progress: &dyn Fn(Stage, usize)) -> Result<Packed, Error> {
    for stage in [
        Stage::Collect,
        Stage::Score,
        Stage::Render,
        Stage::Solve,
        Stage::Emit,
    ] {
        progress(stage, 3);
    }
    let item = |kind: Kind, path: &str, rendering, tokens, reason: &str| Item {
        id: format!("{}:{path}", kind.as_str()),
        kind,
        path: path.to_owned(),
        rendering,
        lines: vec![(1, 12)],
        labels: Vec::new(),
        text: String::new(),
        tokens,
        value: 31.25,
        relevance: 0.81,
        recency: 0.44,
        reasons: vec![reason.to_owned()],
    };
    use RenderingName::{Digest, Excerpt, Full, Mention, Outline};
    let items = vec![
        item(
            Kind::File,
            "src/upload/retry.rs",
            Full,
            4120,
            "defines `retry_after`, named in the task",
        ),
        item(
            Kind::File,
            "src/upload/client.rs",
            Excerpt,
            2913,
            "calls `retry_after`, which the task names",
        ),
        item(
            Kind::Note,
            "docs/decisions/0007-backoff.md",
            Full,
            412,
            "a decision about `retry`",
        ),
        item(
            Kind::Session,
            "~/.claude/projects/-home-me-api/3f0c.jsonl",
            Digest,
            388,
            "edited src/upload/retry.rs yesterday",
        ),
        item(
            Kind::File,
            "src/upload/queue.rs",
            Outline,
            301,
            "changed with src/upload/retry.rs in 5 of 9 commits",
        ),
        item(
            Kind::File,
            "src/server/routes/internal/administration/handlers.rs",
            Mention,
            18,
            "imports src/upload/client.rs",
        ),
    ];
    let text = "<documents>\nA fixed bundle, until the pipeline stands.\n</documents>\n".to_owned();
    let account = Account {
        budget: match request.budget {
            request::Budget::Tokens(n)
            | request::Budget::Characters(n)
            | request::Budget::Bytes(n) => n,
        },
        tokenizer: request.tokenizer.name(),
        task: request.task.clone().unwrap_or(Task {
            source: TaskSource::Inferred,
            text: "fix the flaky retry of uploads (branch fix/upload-retry)".to_owned(),
        }),
        proof: Proof {
            value: 812.4,
            bound: 812.9,
            exact: false,
        },
        items,
        omitted: vec![Omitted {
            id: "file:src/old.rs".to_owned(),
            kind: Kind::File,
            path: "src/old.rs".to_owned(),
            tokens_full: 4120,
            relevance: 0.02,
            reason: "value density under the cut",
        }],
        warnings: (0..12)
            .map(|i| {
                Warning::new(
                    "secret-redacted",
                    format!("config/dev-{i:02}.env"),
                    "an API key was blanked",
                )
            })
            .collect(),
    };
    let explanations = account
        .items
        .iter()
        .map(|item| Explained {
            id: item.id.clone(),
            path: item.path.clone(),
            rendering: Some(item.rendering),
            tokens: item.tokens,
            tree: Explanation {
                name: "score".to_owned(),
                value: 0.812,
                parts: vec![
                    Explanation {
                        name: "relevance".to_owned(),
                        value: 0.91,
                        parts: vec![
                            Explanation {
                                name: "terms of the task".to_owned(),
                                value: 0.62,
                                parts: vec![],
                            },
                            Explanation {
                                name: "names `retry_after`".to_owned(),
                                value: 0.29,
                                parts: vec![],
                            },
                        ],
                    },
                    Explanation {
                        name: "recency".to_owned(),
                        value: 0.44,
                        parts: vec![],
                    },
                ],
            },
        })
        .collect();
    let bundle = Bundle {
        tokens: request.tokenizer.count(&text),
        text,
        account,
        format: request.format,
    };
    let tokens = bundle.tokens;
    if let request::Budget::Tokens(budget) = request.budget
        && tokens > budget
    {
        return Err(Error::BudgetTooSmall {
            budget,
            needed: tokens,
            unit: "tokens",
            what: "the frame",
        });
    }
    let next = Some(Next {
        budget: 64_000,
        paths: vec!["src/old.rs".to_owned(), "src/upload/mod.rs".to_owned()],
    });
    Ok(Packed {
        bundle,
        timings: vec![
            ("collect", Duration::from_millis(120)),
            ("score", Duration::from_millis(84)),
            ("render", Duration::from_millis(61)),
            ("solve", Duration::from_millis(9)),
            ("emit", Duration::from_millis(4)),
        ],
        explanations,
        next,
    })
}

/// The JSON manifest of `bundle`, ending in a newline. STUB until the emitters stand.
pub fn manifest(bundle: &Bundle) -> String {
    format!("{{\"schema\": 1, \"tokens\": {}}}\n", bundle.tokens)
}

/// What [`pack`] would read for `request`, without packing it. STUB until the sources stand.
///
/// # Errors
/// See [`Error`].
pub fn sources(request: &Request) -> Result<(Vec<Source>, Vec<Warning>), Error> {
    let source = |kind, name: &str, location: &str, n_candidates, size_bytes: u64, tokens| Source {
        kind,
        name: name.to_owned(),
        location: location.to_owned(),
        n_candidates,
        size_bytes,
        tokens,
    };
    let mut rows = vec![
        source(Kind::File, "repository", ".", 312, 1_254_000, 310_400),
        source(Kind::Note, "CLAUDE.md", "CLAUDE.md", 41, 12_400, 3_021),
    ];
    if request.home.is_some() {
        let place = "~/.claude/projects/-home-me-api";
        rows.push(source(
            Kind::Session,
            "claude-code",
            place,
            14,
            8_400_000,
            21_730,
        ));
    }
    rows.retain(|row| match row.kind {
        Kind::File => request.kinds.files,
        Kind::Note => request.kinds.notes,
        Kind::Session => request.kinds.sessions,
    });
    Ok((rows, Vec::new()))
}
