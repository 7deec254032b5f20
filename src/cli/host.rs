//! `--for`: the hosts of a bundle, which are places that take context, and how much they take. One table; a new host is one row.

use crate::cli::failure::{Failure, Outcome};
use crate::cli::suggest;
use ctxpack::request::{Agent, Budget, Format};

/// A place that takes context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Host {
    /// What is typed.
    pub name: &'static str,
    /// The most to give it.
    pub budget: Budget,
    /// The shape it reads best, if it is not the default.
    pub format: Option<Format>,
    /// Why this much.
    pub why: &'static str,
    /// The agent that reads it, whose host loads notes of its own.
    pub reader: Option<Agent>,
}

/// Every host, in the order in which help lists them.
pub const HOSTS: &[Host] = &[
    Host {
        name: "claude-hook",
        budget: Budget::Characters(9_500),
        format: None,
        why: "Claude Code hands a hook's output over up to 10,000 characters, and a preview of anything longer",
        reader: Some(Agent::Claude),
    },
    Host {
        name: "claude-skill",
        budget: Budget::Characters(28_000),
        format: None,
        why: "a command in a skill is inlined up to about 30,000 characters",
        reader: Some(Agent::Claude),
    },
    Host {
        name: "codex-hook",
        budget: Budget::Bytes(8_000),
        format: None,
        why: "Codex hands a hook's output over up to about 2,500 tokens, and a preview of anything longer",
        reader: Some(Agent::Codex),
    },
    Host {
        name: "gemini-hook",
        budget: Budget::Characters(9_500),
        format: Some(Format::Markdown), // it escapes every `<` and `>`
        why: "Gemini CLI names no cap for what a hook hands over; that of Claude Code is kept to",
        reader: Some(Agent::Gemini),
    },
    Host {
        name: "claude-md",
        budget: Budget::Tokens(4_000),
        format: Some(Format::Markdown),
        why: "CLAUDE.md is read in every session; it works best under about 200 lines",
        reader: None,
    },
    Host {
        name: "memory-md",
        budget: Budget::Bytes(25_000),
        format: Some(Format::Markdown),
        why: "Claude Code loads the first 25 KB (or 200 lines) of MEMORY.md",
        reader: None,
    },
    Host {
        name: "codex-agents",
        budget: Budget::Bytes(32 << 10),
        format: Some(Format::Markdown),
        why: "Codex cuts the chain of AGENTS.md files at 32,768 bytes without a word",
        reader: None,
    },
    Host {
        name: "mcp",
        budget: Budget::Tokens(20_000),
        format: None,
        why: "Claude Code refuses tool results over 25,000 tokens",
        reader: None,
    },
];

/// The host called `name`.
///
/// # Errors
/// An unknown name; the hint lists the known ones, nearest first.
pub fn host(name: &str) -> Outcome<&'static Host> {
    HOSTS.iter().find(|host| host.name == name).ok_or_else(|| {
        let known = suggest::nearest_first(name, HOSTS.iter().map(|host| host.name));
        Failure::new(format!("--for {name}: unknown host"))
            .hint(format!("one of {}", known.join(", ")))
    })
}

/// The table as help shows it.
pub fn table() -> String {
    HOSTS
        .iter()
        .map(|host| {
            let (n, unit) = super::budget::parts(host.budget);
            let limit = format!("{} {unit}", super::style::number(n));
            format!(
                "  {:<13} {limit:<18}{}\n",
                host.name,
                match host.format {
                    Some(Format::Markdown) => "markdown",
                    _ => "xml",
                }
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_can_be_typed() {
        for row in HOSTS {
            assert_eq!(host(row.name), Ok(row));
            assert!(!row.why.is_empty());
        }
    }

    #[test]
    fn a_mistyped_host_lists_the_nearest_first() {
        let failure = host("codex").unwrap_err();
        assert_eq!(failure.message, "--for codex: unknown host");
        assert!(
            failure.hints[0].starts_with("one of codex-hook, codex-agents, "),
            "{failure:?}"
        );
    }
}
