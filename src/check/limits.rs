//! What hosts take, by name. One table; a new one is one row.

use crate::source::notes::doctor::caps::{
    CHAIN_BYTES, CHAIN_NAMES, INDEX_BYTES, INDEX_LINES, INSTRUCTION_LINES,
};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unit {
    Tokens,
    Characters,
    Bytes,
    /// Lines, without front matter and without comments on lines of their own: what is loaded.
    Lines,
}

impl Unit {
    /// What so many are called: `1 token`, `2 tokens`.
    pub fn of(self, n: usize) -> &'static str {
        match (self, n) {
            (Self::Tokens, 1) => "token",
            (Self::Characters, 1) => "character",
            (Self::Bytes, 1) => "byte",
            (Self::Lines, 1) => "line",
            _ => self.as_str(),
        }
    }

    /// `tokens`, `characters`, `bytes` or `lines`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Characters => "characters",
            Self::Bytes => "bytes",
            Self::Lines => "lines",
        }
    }
}

/// Which files are held against a limit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Each alone.
    Each,
    /// Each with those of the folders above it.
    Chain,
}

/// What a host takes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// What an entry says: `for = "claude-hook"`.
    pub name: &'static str,
    /// The most of each; whichever is reached first counts.
    pub most: &'static [(usize, Unit)],
    /// Which files count together.
    pub scope: Scope,
    /// Names of the files that the host loads; such files are held to it even where no entry says so.
    pub files: &'static [&'static str],
    /// Whether more is merely advised against.
    pub is_advice: bool,
    /// Why this much.
    pub why: &'static str,
}

/// All of them.
pub const LIMITS: &[Named] = &[
    Named {
        name: "claude-hook",
        most: &[(10_000, Unit::Characters)],
        scope: Scope::Each,
        files: &[],
        is_advice: false,
        why: "Claude Code hands a hook's output over up to 10,000 characters, and a preview of anything longer",
    },
    Named {
        name: "claude-skill",
        most: &[(30_000, Unit::Characters)],
        scope: Scope::Each,
        files: &[],
        is_advice: false,
        why: "a command in a skill is inlined up to about 30,000 characters",
    },
    Named {
        name: "codex-hook",
        most: &[(2_500, Unit::Tokens)],
        scope: Scope::Each,
        files: &[],
        is_advice: false,
        why: "Codex hands a hook's output over up to about 2,500 tokens, and a preview of anything longer",
    },
    Named {
        name: "gemini-hook",
        most: &[(10_000, Unit::Characters)],
        scope: Scope::Each,
        files: &[],
        is_advice: true,
        why: "Gemini CLI names no cap for what a hook hands over; that of Claude Code is kept to",
    },
    Named {
        name: "claude-md",
        most: &[(INSTRUCTION_LINES, Unit::Lines)],
        scope: Scope::Each,
        files: &["CLAUDE.md", "CLAUDE.local.md"],
        is_advice: true,
        why: "CLAUDE.md is loaded into every session; its makers advise up to 200 lines",
    },
    Named {
        name: "memory-md",
        most: &[(INDEX_LINES, Unit::Lines), (INDEX_BYTES, Unit::Bytes)],
        scope: Scope::Each,
        files: &["MEMORY.md"],
        is_advice: false,
        why: "Claude Code loads the first 200 lines or 25 KB of MEMORY.md, and drops the rest without a word",
    },
    Named {
        name: "codex-agents",
        most: &[(CHAIN_BYTES, Unit::Bytes)],
        scope: Scope::Chain,
        files: &CHAIN_NAMES,
        is_advice: false,
        why: "Codex cuts the chain of AGENTS.md files from the root down at 32,768 bytes without a word",
    },
    Named {
        name: "mcp",
        most: &[(25_000, Unit::Tokens)],
        scope: Scope::Each,
        files: &[],
        is_advice: false,
        why: "Claude Code refuses tool results over 25,000 tokens",
    },
];

/// The limit called `name`.
pub fn named(name: &str) -> Option<&'static Named> {
    LIMITS.iter().find(|limit| limit.name == name)
}
