//! Notes and transcripts: what people, agents and their tools wrote, torn or made up.

use crate::choose;
use ctxpack::source::notes::{self, conflict};
use ctxpack::source::sessions;
use ctxpack::source::stores::Stores;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One note of each way of writing them.
const NOTES: &[&str] = &[
    "CLAUDE.md",
    ".cursor/rules/x.mdc",
    "memory.jsonl",
    ".beads/issues.jsonl",
    ".goose/memory/x.txt",
    "docs/adr/0007-x.md",
    "PROGRESS.md",
    "HANDOFF.md",
    "TODO.md",
    "DECISIONS.md",
    "basic-memory/x.md",
    "memory-bank/activeContext.md",
];

/// Notes of every form: atoms are lines of the note, in order; what is done with them ends.
pub fn notes(data: &[u8]) {
    let Some((path, bytes)) = choose(NOTES, data) else {
        return;
    };
    let text = String::from_utf8_lossy(bytes);
    let mut atoms = notes::atoms(path, &text, Some(1_700_000_000));
    let n_lines = text.lines().count() as u32;
    for atom in &atoms {
        let (first, last) = atom.lines;
        assert!(1 <= first && first <= last && last <= n_lines, "{atom:?}");
        assert!(!atom.text.trim().is_empty(), "{atom:?}");
    }
    notes::mark_superseded(&mut atoms);
    let _ = (
        conflict::duplicates(&atoms),
        conflict::conflicts(&atoms),
        notes::import::imports(&text),
    );
    let _ = notes::remember::insert(path, &text, "- 2026-01-02: said\n");
}

/// A tool's file, and what stands beside it so that its sessions are those of the repository at `/w/shop`.
struct Tool {
    file: &'static str,
    beside: &'static [(&'static str, &'static str)],
}

const fn tool(file: &'static str) -> Tool {
    Tool { file, beside: &[] }
}

/// Where each tool keeps its sessions as files.
const TOOLS: &[Tool] = &[
    tool(".claude/projects/-w-shop/00000000-0000-4000-8000-00000000000a.jsonl"),
    tool(
        ".codex/sessions/2026/01/02/rollout-2026-01-02T03-04-05-01990000-0000-7000-8000-00000000000a.jsonl",
    ),
    tool(
        ".codex/sessions/2026/01/02/rollout-2026-01-02T03-04-05-01990000-0000-7000-8000-00000000000a.jsonl.zst",
    ),
    Tool {
        file: ".gemini/tmp/shop/chats/session-a.jsonl",
        beside: &[(".gemini/tmp/shop/.project_root", "/w/shop")],
    },
    Tool {
        file: ".config/Code/User/workspaceStorage/0a/chatSessions/a.json",
        beside: &[(
            ".config/Code/User/workspaceStorage/0a/workspace.json",
            r#"{"folder":"file:///w/shop"}"#,
        )],
    },
    tool(".copilot/session-state/0000000a/events.jsonl"),
    tool(".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks/7/ui_messages.json"),
    tool(".continue/sessions/c.json"),
    tool(".kiro/sessions/cli/k.jsonl"),
    Tool {
        file: ".cursor/projects/w-shop/agent-transcripts/c/c.jsonl",
        beside: &[(
            ".cursor/projects/w-shop/.workspace-trusted",
            r#"{"workspacePath":"/w/shop"}"#,
        )],
    },
    tool("shop/.aider.chat.history.md"),
    tool(".local/share/goose/sessions/a.jsonl"),
    tool(".local/share/goose/sessions/sessions.db"),
    tool(".local/share/opencode/storage/session/p/s.json"),
    tool(".gemini/GEMINI.md"),
    tool(".codex/memories/MEMORY.md"),
    tool(".claude/projects/-w-shop/memory/MEMORY.md"),
];

/// Sessions and notes in the home directory, of every tool that keeps them in files: whatever they hold, reading ends.
pub fn transcripts(data: &[u8]) {
    let Some((tool, text)) = choose(TOOLS, data) else {
        return;
    };
    let home = tempfile::tempdir().expect("a folder can be made");
    put(home.path(), tool.file, text);
    for (path, text) in tool.beside {
        put(home.path(), path, text.as_bytes());
    }
    let roots: [PathBuf; 2] = ["/w/shop".into(), home.path().join("shop")];
    let stores = Stores {
        roots: &roots,
        home: Some(home.path()),
        variables: &BTreeMap::new(),
        cache: None,
    };
    let found = sessions::read(&stores);
    for session in &found.items {
        let _ = sessions::digest::written(&session.digest, 400);
        assert!(!session.id.is_empty() || !session.turns.is_empty());
    }
    let _ = notes::stored(&stores);
}

/// Writes a file at a path below `home`.
pub fn put(home: &Path, path: &str, text: &[u8]) {
    let path = home.join(path);
    let folder = path.parent().expect("a file stands in a folder");
    std::fs::create_dir_all(folder).expect("a folder can be made");
    std::fs::write(path, text).expect("a file can be written");
}
