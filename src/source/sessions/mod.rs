//! Sessions with agents, read from their transcripts, and what is worth remembering of them.

/// One session: who said what, without tool output, images, injected text and rewound branches.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// `claude-code`, ...
    pub tool: &'static str,
    /// The session's own id.
    pub id: String,
    /// Where it is kept, as `~/...`.
    pub path: String,
    /// Its title, or its first ask in one line.
    pub title: String,
    /// First and last moment, Unix seconds; 0 where unknown.
    pub started: i64,
    /// Last moment, Unix seconds; 0 where unknown.
    pub ended: i64,
    /// Branch, or empty.
    pub branch: String,
    /// In order.
    pub turns: Vec<Turn>,
    /// What is worth remembering, extracted.
    pub digest: Digest,
}

/// One thing said.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Who said it.
    pub role: Role,
    /// When, Unix seconds; 0 where unknown.
    pub at: i64,
    /// What, verbatim.
    pub text: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Role {
    User,
    Assistant,
}

/// What a session is worth remembering for, extracted without a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Digest {
    /// The newest summary a tool wrote (compaction, session memory), or empty.
    pub summary: String,
    /// Opening and last asks, one line each.
    pub asks: Vec<String>,
    /// Sentences that decide something.
    pub decisions: Vec<String>,
    /// "`cargo test` failed (error...), passes after edits to a.rs".
    pub fixes: Vec<String>,
    /// Files edited, relative to the root where inside it.
    pub files: Vec<String>,
    /// What was left open.
    pub open: Vec<String>,
    /// The last thing the assistant said it reached, one or two sentences.
    pub outcome: String,
}
