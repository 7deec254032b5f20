//! Which files are notes: one row for each habit.
//!
//! Instruction files of agents count wherever they stand, since hosts load them per folder. Hand-kept notes count only
//! where people keep them, since `vendor/x/NOTES.md` is somebody else's.

use super::Class;
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use std::sync::LazyLock;

/// One kind of note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// A glob over paths relative to the root; case does not count.
    pub pattern: &'static str,
    /// What it is, in a few words.
    pub what: &'static str,
    /// What its atoms are unless their heading or wording says otherwise.
    pub class: Class,
    /// How it is written.
    pub form: Form,
}

/// How a note is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text, more or less Markdown.
    Text,
    /// Entities and relations, one a line.
    Graph,
    /// Issues, one a line.
    Issues,
    /// Entries under lines of tags.
    Tagged,
}

const fn row(pattern: &'static str, what: &'static str, class: Class) -> Row {
    Row {
        pattern,
        what,
        class,
        form: Form::Text,
    }
}

impl Row {
    const fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }
}

/// What instructions for Claude Code are called: the only ones that import others.
pub const CLAUDE: &str = "instructions for Claude Code";

/// Where people keep hand-written notes.
macro_rules! kept {
    ($name:literal) => {
        concat!(
            "{,docs/,doc/,notes/,memory/,.claude/,.agent/,.agents/,.ai/}",
            $name
        )
    };
}

use Class::{Decision, Fact, Gotcha, Handoff, Principle, Status};

/// The rows; of several that match, the first counts.
pub const ROWS: &[Row] = &[
    row("**/CLAUDE{,.local}.md", CLAUDE, Fact),
    row(
        "**/.claude/rules/**/*.md",
        "rules for Claude Code",
        Principle,
    ),
    row(
        "**/.claude/agent-memory{,-local}/**/*.md",
        "memory of a sub-agent",
        Fact,
    ),
    row(
        "**/{AGENTS,AGENTS.override,AGENT}.md",
        "instructions for agents",
        Fact,
    ),
    row("**/GEMINI.md", "instructions for Gemini", Fact),
    row("**/{QWEN,WARP}.md", "instructions for an agent", Fact),
    row(
        "**/.cursor/rules/**/*.{mdc,md}",
        "rules for Cursor",
        Principle,
    ),
    row(
        "**/.github/copilot-instructions.md",
        "instructions for Copilot",
        Fact,
    ),
    row(
        "**/.github/**/*.instructions.md",
        "instructions for Copilot",
        Fact,
    ),
    row(
        "**/.{cursor,windsurf,cline,roo}rules",
        "rules for an agent",
        Principle,
    ),
    row("**/.clinerules/**/*.md", "rules for Cline", Principle),
    row(
        "**/.{roo,windsurf,continue,trae,augment,amazonq}/rules/**/*.md",
        "rules for an agent",
        Principle,
    ),
    row("**/.kiro/steering/**/*.md", "steering for Kiro", Principle),
    row("**/.kiro/specs/*/tasks.md", "tasks for Kiro", Status),
    row("**/.kiro/specs/*/*.md", "a specification for Kiro", Fact),
    row("**/.junie/guidelines.md", "guidelines for Junie", Principle),
    row("**/.goosehints", "hints for Goose", Fact),
    row("**/.goose/memory/*.txt", "memory of Goose", Fact).form(Form::Tagged),
    row(
        "{,.mcp/,.claude/}memory.jsonl",
        "a knowledge graph of an agent",
        Fact,
    )
    .form(Form::Graph),
    row("**/.beads/{issues,beads}.jsonl", "issues of beads", Status).form(Form::Issues),
    row("**/{,.}basic-memory/**/*.md", "basic memory", Fact),
    row(
        "**/memory-bank/{active,progress}*.md",
        "where the work stands",
        Status,
    ),
    row("**/memory-bank/decision*.md", "decisions", Decision),
    row(
        "**/memory-bank/systemPatterns.md",
        "how the system is built",
        Principle,
    ),
    row("**/memory-bank/**/*.md", "memory bank", Fact),
    row(
        "**/{adr,adrs,decisions}/**/*.md",
        "decision record",
        Decision,
    ),
    row(kept!("CONVENTIONS.md"), "conventions", Principle),
    row(kept!("{PROGRESS,STATUS}.md"), "progress", Status),
    row(kept!("claude-progress.txt"), "progress", Status),
    row(
        kept!("{HANDOFF,HANDOVER,SESSION,SESSION_SUMMARY,SESSION-HANDOFF}.md"),
        "handoff",
        Handoff,
    ),
    row(kept!("TODO.md"), "things to do", Status),
    row(
        kept!("{DECISIONS,DECISION_LOG,DECISION-LOG}.md"),
        "decisions",
        Decision,
    ),
    row(
        kept!("{LESSONS,LEARNINGS,LESSONS_LEARNED}.md"),
        "lessons",
        Principle,
    ),
    row(kept!("{GOTCHAS,PITFALLS}.md"), "gotchas", Gotcha),
    row(kept!("{NOTES,MEMORY,ARCHIVE,*-archive}.md"), "notes", Fact),
    row(kept!("archive/**/*.md"), "notes", Fact),
];

/// The folders of decision records, as they end a path.
const ADR_FOLDERS: &[&str] = &["adr", "adrs", "decisions"];

static SET: LazyLock<GlobSet> = LazyLock::new(|| {
    let mut builder = GlobSetBuilder::new();
    for row in ROWS {
        // The rows are constants, and a test finds each of them by a path of its own.
        builder.add(glob(row.pattern).unwrap_or_else(|_| Glob::new("?").expect("a glob")));
    }
    builder.build().unwrap_or_default()
});

/// Makes ready what [`find`] needs, so that nobody waits for it then.
pub fn prepare() {
    LazyLock::force(&SET);
}

/// The row that makes `path` a note. Cost: one automaton run over the path.
pub fn find(path: &str) -> Option<&'static Row> {
    // of most files the end says that they are none
    let is_end = |end: &&str| {
        let bytes = path.as_bytes();
        let last = bytes.len().checked_sub(end.len()).map(|at| &bytes[at..]);
        last.is_some_and(|last| last.eq_ignore_ascii_case(end.as_bytes()))
    };
    if !ENDS.iter().any(is_end) {
        return None;
    }
    let row = &ROWS[*SET.matches(path).first()?];
    let is_about_records = is_adr(path) && row.class == Decision && is_scaffold(path);
    (!is_about_records).then_some(row)
}

/// How the paths of notes end; each pattern ends in one of these.
const ENDS: [&str; 6] = [".md", ".mdc", "rules", ".goosehints", ".txt", ".jsonl"];

fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern)
        .case_insensitive(true)
        .literal_separator(true)
        .empty_alternates(true)
        .build()
}

/// Whether a file in a folder of decision records is not a record itself: an index or a template.
fn is_scaffold(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    name == "readme.md" || name == "index.md" || name.contains("template")
}

/// Whether a path lies in a folder of decision records.
pub fn is_adr(path: &str) -> bool {
    let Some((folder, _)) = path.rsplit_once('/') else {
        return false;
    };
    folder.split('/').any(|part| {
        ADR_FOLDERS
            .iter()
            .any(|name| part.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, what: Option<&str>) {
        assert_eq!(find(path).map(|row| row.what), what, "{path}");
    }

    #[test]
    fn rows() {
        check("CLAUDE.md", Some("instructions for Claude Code"));
        check(
            "src/payments/claude.md",
            Some("instructions for Claude Code"),
        );
        check("CLAUDE.local.md", Some("instructions for Claude Code"));
        check(".claude/rules/a/b.md", Some("rules for Claude Code"));
        check(
            ".claude/agent-memory/reviewer/MEMORY.md",
            Some("memory of a sub-agent"),
        );
        check("web/AGENTS.override.md", Some("instructions for agents"));
        check(".cursor/rules/x.mdc", Some("rules for Cursor"));
        check(".cursorrules", Some("rules for an agent"));
        check(".clinerules", Some("rules for an agent"));
        check(".clinerules/01.md", Some("rules for Cline"));
        check(
            ".github/instructions/web.instructions.md",
            Some("instructions for Copilot"),
        );
        check(
            "memory-bank/activeContext.md",
            Some("where the work stands"),
        );
        check("memory-bank/techContext.md", Some("memory bank"));
        check(".kiro/specs/gift-cards/tasks.md", Some("tasks for Kiro"));
        check(
            ".kiro/specs/gift-cards/design.md",
            Some("a specification for Kiro"),
        );
        check(".goose/memory/dev.txt", Some("memory of Goose"));
        check(".mcp/memory.jsonl", Some("a knowledge graph of an agent"));
        check(".beads/issues.jsonl", Some("issues of beads"));
        check("basic-memory/a/b.md", Some("basic memory"));
        check(".factory/AGENTS.md", Some("instructions for agents"));
        check("PROGRESS.md", Some("progress"));
        check("docs/handoff.md", Some("handoff"));
        check("notes/2025-archive.md", Some("notes"));
        check("docs/adr/0001-x.md", Some("decision record"));
        check("adr/0001-x.md", Some("decision record"));
        check(
            "docs/architecture/decisions/0001-x.md",
            Some("decision record"),
        );
        for path in [
            "README.md",
            "docs/adr/README.md",
            "docs/adr/template.md",
            "docs/adr/adr-template.md",
            "vendor/x/NOTES.md",
            "src/decisions.rs",
            "CHANGELOG.md",
            "data/memory.jsonl",
            "claude.mdx",
            "",
            "docs/index.md",
        ] {
            check(path, None);
        }
    }

    #[test]
    fn every_pattern_is_a_glob() {
        for row in ROWS {
            assert!(glob(row.pattern).is_ok(), "{}", row.pattern);
        }
    }

    #[test]
    fn the_ends_are_those_of_all_patterns() {
        for row in ROWS {
            let pattern = row.pattern.replace("{mdc,md}", "md");
            assert!(ENDS.iter().any(|end| pattern.ends_with(end)), "{pattern}");
        }
    }
}
