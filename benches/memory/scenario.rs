//! Scenarios of coding memory: projects with notes and sessions over weeks, what is asked there, and which sentences must come.
//!
//! A project is one TOML file, so that it can be read in one go, and so that no agent that works on this repository loads
//! instructions that are part of a test. A script says what happened in a session, one marker a line ([`Session::script`]).

use serde::Deserialize;
use std::path::Path;

/// A project, its past, and what is asked there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// What it is, for a reader of the file.
    pub about: String,
    /// The moment that it is asked at, RFC 3339.
    pub now: String,
    /// The branch that is checked out.
    pub branch: String,
    /// Files that are no notes.
    #[serde(default, rename = "file")]
    pub files: Vec<File>,
    /// Notes: below the project; `memory:x.md`, in the folder that Claude Code keeps for it; `~/...`, in the home directory.
    #[serde(default, rename = "note")]
    pub notes: Vec<File>,
    /// Sessions, of this project and of others.
    #[serde(default, rename = "session")]
    pub sessions: Vec<Session>,
    /// What is asked.
    #[serde(default, rename = "scenario")]
    pub scenarios: Vec<Scenario>,
}

/// A file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Where it stands, with `/`.
    pub path: String,
    /// When it was committed, in days before now; files of one age are one commit.
    #[serde(default = "long_ago")]
    pub days_ago: f64,
    /// What was committed, where that is not what stands there now.
    #[serde(default)]
    pub before: Option<String>,
    /// What stands there.
    pub text: String,
}

fn long_ago() -> f64 {
    60.0
}

/// A session with Claude Code.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// When it began.
    pub days_ago: f64,
    /// The branch that it was on; the project's by default.
    #[serde(default)]
    pub branch: Option<String>,
    /// The title that the tool gave it.
    #[serde(default)]
    pub title: Option<String>,
    /// Another project's folder that it was in, beside this one's.
    #[serde(default)]
    pub elsewhere: Option<String>,
    /// What happened. A line that opens with a marker begins a step, and the lines below it belong to it: `user: TEXT`,
    /// `agent: TEXT`, `edit: PATH`, `run: COMMAND`, `fail: COMMAND` (its output below), `todo: TEXT` (left open),
    /// `rewind: N` (the last N steps are taken back).
    pub script: String,
}

/// A step of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    User(String),
    Agent(String),
    Edit(String),
    Run {
        command: String,
        error: Option<String>,
    },
    Todo(String),
    Rewind(usize),
}

impl Session {
    /// The steps of the script.
    ///
    /// # Errors
    /// A line before the first marker, a rewind by no number.
    pub fn steps(&self) -> Result<Vec<Step>, String> {
        const MARKERS: [&str; 7] = ["user", "agent", "edit", "run", "fail", "todo", "rewind"];
        let mut parts: Vec<(&str, String)> = Vec::new();
        for line in self.script.trim().lines() {
            let marked = line
                .split_once(": ")
                .and_then(|(word, rest)| Some((*MARKERS.iter().find(|m| **m == word)?, rest)));
            match (marked, parts.last_mut()) {
                (Some((marker, rest)), _) => parts.push((marker, rest.to_owned())),
                (None, Some((_, text))) => {
                    text.push('\n');
                    text.push_str(line);
                }
                (None, None) => return Err(format!("no marker before `{line}`")),
            }
        }
        let step = |(marker, text): (&str, String)| {
            Ok(match marker {
                "user" => Step::User(text),
                "agent" => Step::Agent(text),
                "edit" => Step::Edit(text),
                "run" => Step::Run {
                    command: text,
                    error: None,
                },
                "fail" => {
                    let (command, error) = text.split_once('\n').unwrap_or((&text, "failed"));
                    Step::Run {
                        command: command.to_owned(),
                        error: Some(error.to_owned()),
                    }
                }
                "todo" => Step::Todo(text),
                _ => Step::Rewind(
                    text.trim()
                        .parse()
                        .map_err(|e| format!("rewind: {text}: {e}"))?,
                ),
            })
        };
        parts.into_iter().map(step).collect()
    }
}

/// A question, and what the bundle should hold of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, unique in the project.
    pub name: String,
    /// What it is an instance of; results are told by kind.
    pub kind: String,
    /// The task; inferred where there is none.
    #[serde(default)]
    pub task: Option<String>,
    /// Sentences that must stand in the bundle, verbatim but for white space.
    pub must: Vec<String>,
    /// Sentences that also make what holds them worth its place.
    #[serde(default)]
    pub may: Vec<String>,
    /// Sentences that must not.
    #[serde(default)]
    pub must_not: Vec<String>,
    /// A word that a label of each item with a sentence that must come should hold: `conflict`, `seen`.
    #[serde(default)]
    pub mark: Option<String>,
    /// Files that must come too where code competes, though the task has none of their words.
    #[serde(default)]
    pub code: Vec<String>,
    /// Why these.
    pub why: String,
}

/// What every project remembers besides.
const EVERYDAY: &str = "everyday";

/// The projects of a folder by the name of their file, sorted; notes and sessions of `everyday.toml` are in each of them.
///
/// # Errors
/// What cannot be read, and where.
pub fn read(folder: &Path) -> Result<Vec<(String, Project)>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut projects = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        let told = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        if path.extension().is_none_or(|ext| ext != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|e| told(&e))?;
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        projects.push((name, toml::from_str(&text).map_err(|e| told(&e))?));
    }
    projects.sort_by(|a: &(String, Project), b| a.0.cmp(&b.0));
    if let Some(at) = projects.iter().position(|(name, _)| name == EVERYDAY) {
        let (_, everyday) = projects.remove(at);
        for (_, project) in &mut projects {
            project.notes.extend(everyday.notes.iter().cloned());
            project.sessions.extend(everyday.sessions.iter().cloned());
        }
    }
    Ok(projects)
}

/// A text with each run of white space as one space.
pub fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
