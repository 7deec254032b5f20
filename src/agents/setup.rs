//! What `ctxpack init` writes for each agent: one row each.

use super::edit::{Edit, Put, What};
use jsonc_parser::cst::CstInputValue;
use jsonc_parser::json;

/// An agent that can be set up.
#[derive(Debug)]
pub struct Agent {
    /// What is typed: `--agent NAME`.
    pub name: &'static str,
    /// What is written.
    pub edits: fn() -> Vec<Edit>,
    /// What is left to do, for a person.
    pub next: &'static str,
}

/// Every agent, in the order in which help lists them.
pub const AGENTS: &[Agent] = &[
    Agent {
        name: "claude",
        edits: claude,
        next: "start claude here: /hooks lists the hooks, /mcp the server, which it asks about once",
    },
    Agent {
        name: "codex",
        edits: codex,
        next: "start codex here: it asks once whether it may trust the folder and its hooks",
    },
    Agent {
        name: "gemini",
        edits: gemini,
        next: "start gemini here: /hooks and /mcp list what it found",
    },
    Agent {
        name: "cursor",
        edits: cursor,
        next: "turn the server on under Settings, MCP; Cursor's hooks cannot bring anything, so a rule asks for it",
    },
    Agent {
        name: "opencode",
        edits: opencode,
        next: "start opencode here: /ctxpack WHAT TO DO packs for a task, and its model may ask for the tools by itself",
    },
    Agent {
        name: "aider",
        edits: aider,
        next: "before aider: ctxpack -f markdown -b 16k -o .ctxpack.md -t 'what to do'",
    },
];

/// What `ctxpack init` writes for ctxpack itself.
pub fn own() -> Vec<Edit> {
    vec![Edit {
        path: "ctxpack.toml",
        what: What::Whole(include_str!("ctxpack.toml")),
    }]
}

/// A hook of a host that groups them, as all known ones do. Seconds or milliseconds, as the host counts.
fn hook(at: &'static [&'static str], command: &str, timeout: usize) -> Put {
    Put {
        at,
        is_element: true,
        value: json!({"hooks": [{"type": "command", "command": command, "timeout": timeout}]}),
    }
}

fn server(at: &'static [&'static str], value: CstInputValue) -> Put {
    Put {
        at,
        is_element: false,
        value,
    }
}

fn claude() -> Vec<Edit> {
    let hook = |at| hook(at, "ctxpack hook claude-code", 10);
    vec![
        Edit {
            path: ".claude/settings.json",
            what: What::Json(vec![
                hook(&["hooks", "SessionStart"]),
                hook(&["hooks", "UserPromptSubmit"]),
                hook(&["hooks", "PreCompact"]),
            ]),
        },
        Edit {
            path: ".mcp.json",
            what: What::Json(vec![server(
                &["mcpServers", "ctxpack"],
                json!({"command": "ctxpack", "args": ["mcp", "--root", "${CLAUDE_PROJECT_DIR:-.}"]}),
            )]),
        },
    ]
}

fn codex() -> Vec<Edit> {
    let hook = |at| hook(at, "ctxpack hook codex", 10);
    vec![
        Edit {
            path: ".codex/hooks.json",
            what: What::Json(vec![
                hook(&["hooks", "SessionStart"]),
                hook(&["hooks", "UserPromptSubmit"]),
            ]),
        },
        Edit {
            path: ".codex/config.toml",
            what: What::Toml(
                &["mcp_servers", "ctxpack"],
                "command = \"ctxpack\"\nargs = [\"mcp\", \"--root\", \".\"]\n",
            ),
        },
    ]
}

fn gemini() -> Vec<Edit> {
    let hook = |at| hook(at, "ctxpack hook gemini", 10_000);
    vec![Edit {
        path: ".gemini/settings.json",
        what: What::Json(vec![
            hook(&["hooks", "SessionStart"]),
            hook(&["hooks", "BeforeAgent"]),
            server(
                &["mcpServers", "ctxpack"],
                json!({"command": "ctxpack", "args": ["mcp", "--root", "."]}),
            ),
        ]),
    }]
}

fn cursor() -> Vec<Edit> {
    vec![
        Edit {
            path: ".cursor/mcp.json",
            what: What::Json(vec![server(
                &["mcpServers", "ctxpack"],
                json!({"command": "ctxpack", "args": ["mcp", "--root", "${workspaceFolder}"]}),
            )]),
        },
        Edit {
            path: ".cursor/rules/ctxpack.mdc",
            what: What::Whole(
                "\
---
description: How to find what a task needs in this repository
alwaysApply: true
---

Before you search or read file by file for a task, call the tool `pack` of the MCP server `ctxpack` once with the task in the user's
words. It gives the files, notes and earlier sessions that the task probably needs. `read_more` gives the next best.
",
            ),
        },
    ]
}

fn opencode() -> Vec<Edit> {
    vec![
        Edit {
            path: "opencode.json",
            what: What::Json(vec![server(
                &["mcp", "ctxpack"],
                json!({"type": "local", "command": ["ctxpack", "mcp", "--root", "."], "enabled": true}),
            )]),
        },
        Edit {
            path: ".opencode/command/ctxpack.md",
            what: What::Whole(
                "\
---
description: Pack what a task needs, then do it
---

Call the tool `pack` of the MCP server `ctxpack` with this task, read what it gives, and then do the task:

$ARGUMENTS
",
            ),
        },
    ]
}

fn aider() -> Vec<Edit> {
    vec![Edit {
        path: ".aider.conf.yml",
        what: What::Lines(
            "read",
            "# made by: ctxpack -f markdown -b 16k -o .ctxpack.md -t 'what to do'\nread: [.ctxpack.md]\n",
        ),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::edit::{Change, apply, undo};

    #[test]
    fn everything_can_be_written_and_taken_back() {
        for agent in AGENTS {
            for edit in (agent.edits)() {
                let Change::Write(text) = apply(&edit, None) else {
                    panic!("{}", edit.path);
                };
                assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{text}");
                if edit.path.ends_with(".json") {
                    let read: Result<serde_json::Value, _> = serde_json::from_str(&text);
                    assert!(read.is_ok(), "{text}");
                }
                assert_eq!(apply(&edit, Some(&text)), Change::None, "{}", edit.path);
                assert_eq!(undo(&edit, Some(&text)), Change::Delete, "{}", edit.path);
            }
        }
    }
}
