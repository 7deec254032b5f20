//! A project of the scenarios, written to a temporary folder: a git repository, and a home directory beside it.

use crate::scenario::{Project, Session, Step};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

const DAY: f64 = 86_400.0;

/// Where a project was written.
pub struct Built {
    _folder: tempfile::TempDir,
    /// The repository.
    pub repo: PathBuf,
    /// The home directory.
    pub home: PathBuf,
    /// The moment that it is asked at, Unix seconds.
    pub now: i64,
}

/// Writes a project that is called `name`.
pub fn build(name: &str, project: &Project) -> Result<Built, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let root = folder.path().canonicalize().map_err(|e| e.to_string())?;
    let (repo, home) = (root.join(name), root.join("home"));
    let now: jiff::Timestamp = project.now.parse().map_err(|e| format!("now: {e}"))?;
    let now = now.as_second();
    let ago = |days: f64| now - (days * DAY) as i64;
    let claude = |folder: &Path| home.join(".claude/projects").join(slug(folder));

    // by age, oldest first
    let mut commits: BTreeMap<i64, Vec<(&str, &str)>> = BTreeMap::new();
    for file in project.files.iter().chain(&project.notes) {
        let place = match (
            file.path.strip_prefix("memory:"),
            file.path.strip_prefix("~/"),
        ) {
            (Some(below), _) => claude(&repo).join("memory").join(below),
            (_, Some(below)) => home.join(below),
            _ => {
                let text = file.before.as_ref().unwrap_or(&file.text);
                commits
                    .entry(ago(file.days_ago))
                    .or_default()
                    .push((&file.path, text));
                continue;
            }
        };
        write(&place, &file.text, Some(ago(file.days_ago)))?;
    }
    std::fs::create_dir_all(&repo).map_err(|e| e.to_string())?;
    git(
        &repo,
        now,
        &["init", "--quiet", "--initial-branch", &project.branch],
    )?;
    for (at, files) in &commits {
        for (path, text) in files {
            write(&repo.join(path), text, None)?;
        }
        let named: Vec<&str> = files.iter().take(3).map(|(path, _)| *path).collect();
        git(&repo, *at, &["add", "--all"])?;
        git(
            &repo,
            *at,
            &[
                "commit",
                "--quiet",
                "-m",
                &format!("Write {}", named.join(", ")),
            ],
        )?;
    }
    for file in project.files.iter().chain(&project.notes) {
        if file.before.is_some() {
            write(&repo.join(&file.path), &file.text, None)?;
        }
    }
    for (idx, session) in project.sessions.iter().enumerate() {
        let cwd = session
            .elsewhere
            .as_ref()
            .map_or(repo.clone(), |other| root.join(other));
        let id = format!(
            "{:08x}-0000-4000-8000-{idx:012x}",
            0x1a2b_3c4d_u32.wrapping_mul(idx as u32 + 1)
        );
        let branch = session.branch.as_ref().unwrap_or(&project.branch);
        let text = transcript(session, &id, &cwd, branch, ago(session.days_ago))?;
        write(
            &claude(&cwd).join(format!("{id}.jsonl")),
            &text,
            Some(ago(session.days_ago)),
        )?;
    }
    Ok(Built {
        _folder: folder,
        repo,
        home,
        now,
    })
}

/// The name of the folder that Claude Code keeps for a working directory.
fn slug(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}

fn write(path: &Path, text: &str, modified: Option<i64>) -> Result<(), String> {
    let told = |e: std::io::Error| format!("{}: {e}", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(path)).map_err(told)?;
    std::fs::write(path, text).map_err(told)?;
    let Some(at) = modified else { return Ok(()) };
    let file = std::fs::File::options()
        .append(true)
        .open(path)
        .map_err(told)?;
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at.max(0) as u64);
    file.set_modified(at).map_err(told)
}

fn git(repo: &Path, at: i64, args: &[&str]) -> Result<(), String> {
    let date = format!("{at} +0000");
    let output = Command::new("git")
        .args([
            "-c",
            "core.autocrlf=false",
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.org",
        ])
        .args(args)
        .current_dir(repo)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs([
            ("GIT_CONFIG_GLOBAL", "no-such-file"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
        ])
        .envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)])
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("git: {e}"))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    output
        .status
        .success()
        .then_some(())
        .ok_or_else(|| format!("git {args:?}: {stderr}"))
}

/// The session as the tool writes it, a step a minute.
fn transcript(
    session: &Session,
    id: &str,
    cwd: &Path,
    branch: &str,
    started: i64,
) -> Result<String, String> {
    let mut lines: Vec<Value> = Vec::new();
    // the last record of each step that is still in force
    let mut chain: Vec<String> = Vec::new();
    let mut todos: Vec<Value> = Vec::new();
    if let Some(title) = &session.title {
        lines.push(json!({"type": "ai-title", "aiTitle": title, "sessionId": id}));
    }
    for (step_idx, step) in session.steps()?.into_iter().enumerate() {
        let moment = jiff::Timestamp::from_second(started + 60 * step_idx as i64);
        let moment = moment.map_err(|e| e.to_string())?.to_string();
        let mut record = |part: usize, role: &str, content: Value, parent: Option<&String>| {
            let uuid = format!("{id}-{step_idx}-{part}");
            let message = json!({"role": role, "content": content});
            lines.push(json!({
                "type": role, "uuid": uuid, "parentUuid": parent, "isSidechain": false, "sessionId": id,
                "timestamp": moment, "cwd": cwd, "gitBranch": branch, "version": "2.1.235", "message": message,
            }));
            uuid
        };
        let mut call =
            |name: &str, input: Value, error: Option<String>, parent: Option<&String>| {
                let call_id = format!("toolu_{id}_{step_idx}");
                let used =
                    json!([{"type": "tool_use", "id": call_id, "name": name, "input": input}]);
                let uuid = record(0, "assistant", used, parent);
                let result = json!([{
                    "type": "tool_result", "tool_use_id": call_id, "is_error": error.is_some(),
                    "content": error.unwrap_or_else(|| "ok".to_owned()),
                }]);
                record(1, "user", result, Some(&uuid))
            };
        let parent = chain.last().cloned();
        let parent = parent.as_ref();
        let last = match step {
            Step::User(text) => record(0, "user", json!(text), parent),
            Step::Agent(text) => record(
                0,
                "assistant",
                json!([{"type": "text", "text": text}]),
                parent,
            ),
            Step::Edit(path) => {
                let input =
                    json!({"file_path": cwd.join(path), "old_string": "a", "new_string": "b"});
                call("Edit", input, None, parent)
            }
            Step::Run { command, error } => {
                call("Bash", json!({"command": command}), error, parent)
            }
            Step::Todo(text) => {
                todos.push(json!({"content": text, "status": "pending", "activeForm": text}));
                call("TodoWrite", json!({"todos": todos}), None, parent)
            }
            Step::Rewind(n) => {
                chain.truncate(chain.len().saturating_sub(n));
                continue;
            }
        };
        chain.push(last);
    }
    Ok(lines.iter().map(|line| format!("{line}\n")).collect())
}
