//! `ctxpack sessions`: which sessions agents held here, what was said in one, and what it is worth remembering for.

use crate::cli::args::TalkArgs;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::memory::MemoryArgs;
use crate::cli::memory::{
    self, Memory, SESSIONS, age, columns, day, json_warnings, minute, rfc3339, shown,
};
use crate::cli::output::{self, Target};
use crate::cli::style::{Style, count, fit, left, plain, right, width};
use crate::cli::suggest;
use clap::{Args, Subcommand};
use ctxpack::source::sessions::{Role, Session, digest, short_ids};
use serde_json::{Value, json};

/// List, show and digest the sessions that agents held here.
///
/// Without more, lists them, newest first. A session is named by its number in the list (1 is the newest), by its id or the
/// beginning of one, or by `tool:id`. Probable secrets are redacted.
#[derive(Debug, Args)]
#[command(after_help = SESSIONS_EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct SessionsArgs {
    #[command(subcommand)]
    pub what: Option<SessionsCommand>,
    #[command(flatten)]
    pub list: ListSessionsArgs,
}

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// List them, newest first (the default).
    #[command(after_help = SESSIONS_EXAMPLES)]
    List(ListSessionsArgs),
    /// Show what was said in one, word for word.
    #[command(after_help = SESSIONS_EXAMPLES)]
    Show(ShowSessionArgs),
    /// Show what one is worth remembering for.
    ///
    /// Asks, decisions, failures and what mended them, files edited and what was left open, quoted.
    #[command(after_help = SESSIONS_EXAMPLES)]
    Digest(DigestArgs),
}

/// Options of `ctxpack sessions list`.
#[derive(Debug, Args)]
pub struct ListSessionsArgs {
    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, one object a session.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack sessions show`.
#[derive(Debug, Args)]
pub struct ShowSessionArgs {
    /// Its number in the list, or the beginning of its id.
    #[arg(value_name = "ID")]
    pub id: String,

    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, one object a turn.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack sessions digest`.
#[derive(Debug, Args)]
pub struct DigestArgs {
    /// Its number in the list, or the beginning of its id.
    #[arg(value_name = "ID")]
    pub id: String,

    /// headline, brief or full.
    #[arg(
        short,
        long,
        value_name = "SIZE",
        value_enum,
        default_value = "full",
        hide_possible_values = true,
        help_heading = "How much"
    )]
    pub size: DigestSize,

    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, each list of the digest; always in full.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// How much of a digest is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DigestSize {
    /// One line.
    Headline,
    /// The newest entries of each list.
    Brief,
    /// All of it.
    Full,
}

const SESSIONS_EXAMPLES: &str = "\
Examples:
  ctxpack sessions                       what was worked on here, newest first
  ctxpack sessions show 1 | less         the newest, word for word
  ctxpack sessions digest 0199f --size brief
  ctxpack sessions --json | jq '.sessions[].title'";

/// Entries of each list in a brief digest.
const BRIEF: usize = 2;

/// Runs `ctxpack sessions`.
///
/// # Errors
/// As [`memory::read`]; an id that names no session, or several.
pub fn run(args: &SessionsArgs) -> Outcome<()> {
    match &args.what {
        None => list(&args.list),
        Some(SessionsCommand::List(args)) => list(args),
        Some(SessionsCommand::Show(args)) => show(args),
        Some(SessionsCommand::Digest(args)) => show_digest(args),
    }
}

fn list(args: &ListSessionsArgs) -> Outcome<()> {
    let memory = memory::read(&args.memory, &args.talk, SESSIONS)?;
    let text = if args.json {
        let sessions = memory.remembered.sessions.iter().enumerate();
        let sessions: Vec<Value> = sessions.map(|(at, session)| head(at, session)).collect();
        let whole =
            json!({"schema": 1, "sessions": sessions, "warnings": json_warnings(&memory.warnings)});
        format!("{whole:#}\n")
    } else {
        let style = Style::stdout(args.talk.color);
        table(&memory.remembered.sessions, memory.now, columns(), style)
    };
    output::write(&Target::Stdout, &text)
}

/// A session for programs, without what was said.
fn head(at: usize, session: &Session) -> Value {
    json!({
        "number": at + 1,
        "tool": session.tool,
        "id": session.id,
        "title": shown(&session.title),
        "branch": session.branch,
        "started": rfc3339(session.started),
        "ended": rfc3339(session.ended),
        "turns": session.turns.len(),
        "files_edited": session.digest.files.len(),
        "path": session.path,
    })
}

fn table(sessions: &[Session], now: i64, columns: usize, style: Style) -> String {
    if sessions.is_empty() {
        return "No sessions were held here that ctxpack can read.\n".to_owned();
    }
    let ids = short_ids(sessions);
    let rows: Vec<[String; 8]> = sessions
        .iter()
        .zip(&ids)
        .enumerate()
        .map(|(at, (session, id))| {
            [
                (at + 1).to_string(),
                age(session.ended, now),
                session.tool.to_owned(),
                plain(id),
                plain(&session.branch),
                session.turns.len().to_string(),
                session.digest.files.len().to_string(),
                plain(&shown(&session.title)),
            ]
        })
        .collect();
    let heads = [
        "#", "age", "tool", "id", "branch", "turns", "edited", "title",
    ];
    // A title is worth more than the end of a long branch or id.
    let most = [4, 6, 12, 12, 16, 5, 6, usize::MAX];
    let mut widths: Vec<usize> = (0..heads.len())
        .map(|i| {
            let cells = rows.iter().map(|row| width(&row[i]));
            let widest = cells.max().unwrap_or(0).max(heads[i].len());
            if columns == usize::MAX {
                widest
            } else {
                widest.min(most[i])
            }
        })
        .collect();
    let taken: usize = widths[..7].iter().sum::<usize>() + 2 * 7;
    widths[7] = widths[7].min(columns.saturating_sub(taken).max(8));
    let line = |cells: [&str; 8]| {
        let cells: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(i, cell)| {
                let cell = fit(cell, widths[i]);
                match i {
                    0 | 1 | 5 | 6 => right(&cell, widths[i]),
                    7 => cell,
                    _ => left(&cell, widths[i]),
                }
            })
            .collect();
        fit(cells.join("  ").trim_end(), columns)
    };
    let mut out = format!("{}\n", style.dim(&line(heads)));
    for row in &rows {
        let cells: [&str; 8] = std::array::from_fn(|i| row[i].as_str());
        out.push_str(&format!("{}\n", line(cells)));
    }
    out
}

/// The session that `typed` names.
///
/// # Errors
/// None, or several; the hints list near ones.
pub fn find<'a>(memory: &'a Memory, typed: &str) -> Outcome<(usize, &'a Session)> {
    let sessions = &memory.remembered.sessions;
    let row = |at: usize| {
        let session = &sessions[at];
        let title = fit(&plain(&shown(&session.title)), 50);
        let short = &short_ids(sessions)[at];
        format!(
            "{}: {}:{short}, {}, {title}",
            at + 1,
            session.tool,
            day(session.ended)
        )
    };
    if sessions.is_empty() {
        let failure = Failure::new("no sessions were held here that ctxpack can read");
        return Err(if memory.request.home.is_none() {
            failure
                .hint("most are kept in the home directory, which is not read: leave out --no-home")
        } else {
            failure.hint("ctxpack sources --only sessions shows where sessions are looked for")
        });
    }
    let typed = typed.trim();
    let number = typed.parse::<usize>().ok();
    let number =
        number.filter(|n| (1..=sessions.len()).contains(n) && !typed.starts_with(['0', '+']));
    if let Some(number) = number {
        return Ok((number - 1, &sessions[number - 1]));
    }
    let (tool, prefix) = match typed.split_once(':') {
        Some((tool, rest)) if sessions.iter().any(|session| session.tool == tool) => (tool, rest),
        _ => ("", typed),
    };
    let is_of = |session: &Session| tool.is_empty() || session.tool == tool;
    let matching = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let of_tool = (0..sessions.len()).filter(|at| is_of(&sessions[*at]));
        of_tool.filter(|at| fits(&sessions[*at].id)).collect()
    };
    let mut found = matching(&|id| id == prefix);
    if found.is_empty() && !prefix.is_empty() {
        let lower = prefix.to_lowercase();
        found = matching(&|id| id.to_lowercase().starts_with(&lower));
    }
    match found[..] {
        [at] => Ok((at, &sessions[at])),
        [] => {
            let mut failure = Failure::new(format!("no session `{typed}` here"));
            let lower = prefix.to_lowercase();
            let says = |at: &usize| {
                let session = &sessions[*at];
                lower.len() > 2
                    && (session.id.to_lowercase().contains(&lower)
                        || session.title.to_lowercase().contains(&lower))
            };
            let mut near: Vec<usize> = (0..sessions.len()).filter(says).collect();
            if near.is_empty() {
                let n = prefix.chars().count();
                let heads: Vec<String> = sessions
                    .iter()
                    .map(|session| session.id.chars().take(n).collect())
                    .collect();
                let nearest = suggest::nearest(prefix, heads.iter().map(String::as_str));
                near = (0..sessions.len())
                    .filter(|at| Some(heads[*at].as_str()) == nearest)
                    .collect();
            }
            for at in near.into_iter().take(3) {
                failure = failure.hint(row(at));
            }
            Err(failure.hint("ctxpack sessions lists them; 1 is the newest"))
        }
        _ => {
            let n = count(found.len(), "session");
            let mut failure = Failure::new(format!("`{typed}` is the beginning of {n}"));
            for at in found.iter().take(5) {
                failure = failure.hint(row(*at));
            }
            Err(failure)
        }
    }
}

fn who(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

fn show(args: &ShowSessionArgs) -> Outcome<()> {
    let memory = memory::read(&args.memory, &args.talk, SESSIONS)?;
    let (at, session) = find(&memory, &args.id)?;
    let text = if args.json {
        let turns = session.turns.iter().map(|turn| {
            json!({"role": who(turn.role), "at": rfc3339(turn.at), "text": shown(&turn.text)})
        });
        let mut whole = head(at, session);
        whole["turns"] = turns.collect();
        format!("{:#}\n", json!({"schema": 1, "session": whole}))
    } else {
        let style = Style::stdout(args.talk.color);
        let mut text = title(session, style);
        for turn in &session.turns {
            let at = if turn.at > 0 {
                format!(", {}", minute(turn.at))
            } else {
                String::new()
            };
            let speaker = style.cyan(&format!("## {}{at}", who(turn.role)));
            text.push_str(&format!(
                "\n{speaker}\n\n{}\n",
                shown(&turn.text).trim_end()
            ));
        }
        text
    };
    output::write(&Target::Stdout, &text)
}

/// The title of a session, and below it what it was.
fn title(session: &Session, style: Style) -> String {
    let mut about = vec![format!("{}:{}", session.tool, plain(&session.id))];
    if !session.branch.is_empty() {
        about.push(format!("branch {}", plain(&session.branch)));
    }
    about.push(format!("{} UTC", minute(session.ended)));
    about.push(count(session.turns.len(), "turn"));
    let name = style.bold(&format!("# {}", plain(&shown(&session.title))));
    format!("{name}\n{}\n", style.dim(&about.join(", ")))
}

fn show_digest(args: &DigestArgs) -> Outcome<()> {
    let memory = memory::read(&args.memory, &args.talk, SESSIONS)?;
    let (at, session) = find(&memory, &args.id)?;
    let digest = &session.digest;
    let text = if args.json {
        let lines = |lines: &[String]| -> Value { lines.iter().map(|line| shown(line)).collect() };
        let mut whole = head(at, session);
        whole["digest"] = json!({
            "summary": shown(&digest.summary),
            "asks": lines(&digest.asks),
            "decisions": lines(&digest.decisions),
            "fixes": lines(&digest.fixes),
            "files": lines(&digest.files),
            "open": lines(&digest.open),
            "outcome": shown(&digest.outcome),
        });
        format!("{:#}\n", json!({"schema": 1, "session": whole}))
    } else {
        let style = Style::stdout(args.talk.color);
        match args.size {
            DigestSize::Headline => {
                let title = plain(&shown(&session.title));
                format!("{} {}: {title}\n", day(session.ended), session.tool)
            }
            size => {
                let most = if size == DigestSize::Brief {
                    BRIEF
                } else {
                    usize::MAX
                };
                let said = shown(&digest::written(digest, most));
                let said = if said.is_empty() {
                    "nothing worth remembering\n".to_owned()
                } else {
                    said
                };
                format!("{}\n{said}", title(session, style))
            }
        }
    };
    output::write(&Target::Stdout, &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ctxpack::source::sessions::Digest;

    fn session(id: &str, title: &str) -> Session {
        Session {
            tool: "claude-code",
            id: id.to_owned(),
            path: String::new(),
            title: title.to_owned(),
            started: 0,
            ended: 1_000,
            branch: "a-branch-with-a-long-name".to_owned(),
            turns: Vec::new(),
            digest: Digest::default(),
        }
    }

    #[test]
    fn a_table_fits_the_window() {
        let all = [
            session("0199f000aaaa", &"long words ".repeat(20)),
            session("x", "日本語 ".repeat(30).as_str()),
        ];
        for columns in [40, 79, 120] {
            let table = table(&all, 2_000, columns, Style::PLAIN);
            let widest = table.lines().map(width).max().unwrap();
            assert!(widest <= columns, "{widest} of {columns}:\n{table}");
        }
    }
}
