//! The note that one would write by hand at the end of a session: what it was about, where it stands, what was decided and
//! why, what failed, what is next, and which files.
//!
//! Everything in it is quoted or counted. Names of sections are chosen so that the note is read back as what it is, a
//! handoff, whatever is quoted in it; it names its commit, so that a reader can tell how far the work has moved on since.

use super::sentence::{one_line, sentences};
use super::{Role, Session};
use crate::guard::secrets::redact;
use crate::source::notes;
use crate::source::task::Change;
use crate::source::tree::Tree;

/// Quoted dead ends at most.
const MAX_DEAD_ENDS: usize = 6;
/// Letters of a commit's id.
const SHORT: usize = 10;
/// Characters of a line of code.
const MAX_CODE: usize = 100;

/// Where a repository stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The branch checked out, or empty.
    pub branch: String,
    /// HEAD's commit, in hexadecimal, or empty.
    pub commit: String,
    /// HEAD's time, Unix seconds; 0 where unknown.
    pub time: i64,
    /// The first line of HEAD's message.
    pub subject: String,
}

/// A handoff before it is cut to a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handoff {
    title: String,
    sections: Vec<(&'static str, Vec<Line>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    text: String,
    /// What it is worth beside the others; those of least are left out first.
    worth: u32,
}

/// Where the repository around a tree stands; empty without one.
pub fn state(tree: &Tree) -> State {
    let Some(repository) = &tree.repository else {
        return State::default();
    };
    let mut state = State {
        branch: repository.branch(),
        ..State::default()
    };
    let Some(id) = tree.commit() else {
        return state;
    };
    state.commit = id.to_string();
    if let Ok(commit) = repository.handle().find_commit(id) {
        state.time = commit.time().map_or(0, |time| time.seconds);
        let message = commit
            .message_raw()
            .map(|raw| String::from_utf8_lossy(raw).into_owned());
        state.subject = message
            .ok()
            .and_then(|text| Some(one_line(text.lines().next()?)))
            .unwrap_or_default();
    }
    state
}

/// The newest session (of `sessions`, newest first) that was held on `branch`; failing that, the newest whose branch is not known.
pub fn of_branch<'a>(sessions: &'a [Session], branch: &str) -> Option<&'a Session> {
    let is_of = |session: &&Session| branch.is_empty() || session.branch == branch;
    let unknown = |session: &&Session| session.branch.is_empty();
    sessions
        .iter()
        .find(is_of)
        .or_else(|| sessions.iter().find(unknown))
}

/// Puts together what is to be handed over; `day` as `2026-08-20`. Sections with nothing in them are left out.
pub fn handoff(state: &State, session: Option<&Session>, changes: &[Change], day: &str) -> Handoff {
    let commit = &state.commit[..state.commit.floor_char_boundary(SHORT)];
    let at = if commit.is_empty() {
        String::new()
    } else {
        format!(" at {commit}")
    };
    // A handoff that is itself not committed is no work.
    let changes: Vec<&Change> = changes
        .iter()
        .filter(|change| !notes::is_handoff(&change.path))
        .collect();
    let mut sections = vec![
        ("Goal", session.map_or_else(Vec::new, goal)),
        (
            "Where it stands",
            standing(state, commit, session, changes.len()),
        ),
        ("What was decided", session.map_or_else(Vec::new, decided)),
        ("What failed", session.map_or_else(Vec::new, failed)),
        ("Next steps", session.map_or_else(Vec::new, next)),
        ("Files", files(session, &changes)),
    ];
    sections.retain(|(_, lines)| !lines.is_empty());
    Handoff {
        title: format!("# Handoff {day}{at}\n"),
        sections,
    }
}

impl Handoff {
    /// The note as text that `fits`, and how many lines were left out for it, those of least worth; `None` where not even the
    /// title fits. Asks about once for each line left out.
    pub fn written(&self, fits: &dyn Fn(&str) -> bool) -> Option<(String, usize)> {
        let mut worths: Vec<(u32, usize, usize)> = Vec::new();
        for (section, (_, lines)) in self.sections.iter().enumerate() {
            worths.extend(
                lines
                    .iter()
                    .enumerate()
                    .map(|(line, it)| (it.worth, section, line)),
            );
        }
        // the least first; of equals the last first
        worths.sort_by(|a, b| a.0.cmp(&b.0).then((b.1, b.2).cmp(&(a.1, a.2))));
        let order: Vec<(usize, usize)> = worths
            .into_iter()
            .map(|(_, section, line)| (section, line))
            .collect();
        (0..=order.len()).find_map(|n_left_out| {
            let text = self.text(&order[..n_left_out]);
            fits(&text).then_some((text, n_left_out))
        })
    }

    fn text(&self, left_out: &[(usize, usize)]) -> String {
        let mut text = self.title.clone();
        for (section, (title, lines)) in self.sections.iter().enumerate() {
            let shown: Vec<&Line> = lines
                .iter()
                .enumerate()
                .filter(|(line, _)| !left_out.contains(&(section, *line)))
                .map(|(_, line)| line)
                .collect();
            if shown.is_empty() {
                continue;
            }
            text.push_str(&format!("\n## {title}\n\n"));
            shown
                .iter()
                .for_each(|line| text.push_str(&format!("- {}\n", line.text)));
        }
        if !left_out.is_empty() {
            let s = if left_out.len() == 1 { "" } else { "s" };
            text.push_str(&format!(
                "\n({} line{s} of less weight left out)\n",
                left_out.len()
            ));
        }
        text
    }
}

fn quoted(said: &str) -> String {
    format!("\"{}\"", one_line(&redact(said)))
}

/// Lines worth the less the further from the newest, which stands last.
fn newest_worth_most(texts: Vec<String>, worth: u32) -> Vec<Line> {
    let n = texts.len();
    let line = |(at, text)| Line {
        text,
        worth: worth.saturating_sub((n - 1 - at) as u32),
    };
    texts.into_iter().enumerate().map(line).collect()
}

fn goal(session: &Session) -> Vec<Line> {
    let asks = &session.digest.asks;
    let mut lines = Vec::new();
    if let Some(first) = asks.first() {
        lines.push(Line {
            text: quoted(first),
            worth: 950,
        });
    }
    if let [_, .., last] = &asks[..] {
        lines.push(Line {
            text: format!("Asked last: {}", quoted(last)),
            worth: 900,
        });
    }
    lines
}

fn standing(state: &State, commit: &str, session: Option<&Session>, n_changes: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |worth, text| lines.push(Line { text, worth });
    if !commit.is_empty() {
        let branch = if state.branch.is_empty() {
            "No branch".to_owned()
        } else {
            format!("Branch `{}`", one_line(&redact(&state.branch)))
        };
        add(
            1_000,
            format!("{branch} at commit `{commit}` ({})", quoted(&state.subject)),
        );
        add(
            920,
            match n_changes {
                0 => "Nothing is uncommitted".to_owned(),
                1 => "1 file is not committed".to_owned(),
                n => format!("{n} files are not committed"),
            },
        );
    }
    let Some(session) = session else { return lines };
    if !session.digest.outcome.is_empty() {
        add(850, format!("Reached: {}", quoted(&session.digest.outcome)));
    }
    let day = |at| {
        jiff::Timestamp::from_second(at)
            .map(|moment| moment.strftime(", ended %Y-%m-%d %H:%M UTC").to_string())
    };
    let ended = day(session.ended)
        .ok()
        .filter(|_| session.ended > 0)
        .unwrap_or_default();
    add(
        300,
        format!(
            "From the session `{}:{}`{ended}",
            session.tool,
            one_line(&session.id)
        ),
    );
    lines
}

const REASONS: &[&str] = &[
    "because",
    "since ",
    "so that",
    "due to",
    "reason",
    "otherwise",
];

/// What was decided, each with the sentence behind it where that one gives the reason.
fn decided(session: &Session) -> Vec<Line> {
    let gives_reason = |text: &str| {
        let folded = text.to_lowercase();
        REASONS.iter().any(|cue| folded.contains(cue))
    };
    let turns: Vec<Vec<String>> = session
        .turns
        .iter()
        .map(|turn| {
            sentences(&turn.text)
                .iter()
                .map(|said| one_line(said))
                .collect()
        })
        .collect();
    let with_reason = |decision: &String| {
        let behind = turns.iter().find_map(|said| {
            let at = said.iter().position(|said| said == decision)?;
            said.get(at + 1)
        });
        match behind.filter(|behind| !gives_reason(decision) && gives_reason(behind)) {
            Some(reason) => format!("{} {}", quoted(decision), quoted(reason)),
            None => quoted(decision),
        }
    };
    newest_worth_most(
        session.digest.decisions.iter().map(with_reason).collect(),
        750,
    )
}

/// Wording of a sentence that tells of a way that led nowhere.
const DEAD_ENDS: &[&str] = &[
    "reverted",
    "rolled back",
    "abandon",
    "dead end",
    "gave up",
    "didn't work",
    "did not work",
    "doesn't work",
    "does not work",
    "won't work",
    "doesn't help",
    "did not help",
    "didn't help",
];

/// Failures with what mended them, and dead ends.
fn failed(session: &Session) -> Vec<Line> {
    let digest = &session.digest;
    let mut ends: Vec<String> = Vec::new();
    for turn in session
        .turns
        .iter()
        .filter(|turn| turn.role == Role::Assistant)
    {
        for said in sentences(&turn.text) {
            let folded = said.to_lowercase().replace('’', "'");
            let is_end = DEAD_ENDS.iter().any(|cue| folded.contains(cue))
                && !said.ends_with('?')
                && said.chars().count() >= 20;
            let line = one_line(&said);
            if is_end
                && !ends.contains(&line)
                && !digest.decisions.contains(&line)
                && !digest.open.contains(&line)
            {
                ends.push(line);
            }
        }
    }
    let ends = ends.split_off(ends.len().saturating_sub(MAX_DEAD_ENDS));
    let mut lines = newest_worth_most(
        digest
            .fixes
            .iter()
            .map(|fix| one_line(&redact(fix)))
            .collect(),
        600,
    );
    lines.extend(newest_worth_most(
        ends.iter().map(|end| quoted(end)).collect(),
        650,
    ));
    lines
}

fn next(session: &Session) -> Vec<Line> {
    let open = session.digest.open.iter().enumerate();
    open.map(|(at, item)| Line {
        text: quoted(item),
        worth: 800_u32.saturating_sub(at as u32),
    })
    .collect()
}

/// What is not committed, with a line that is new in it; then what the session edited besides.
fn files(session: Option<&Session>, changes: &[&Change]) -> Vec<Line> {
    const DEFINES: &[&str] = &[
        "fn ",
        "def ",
        "class ",
        "func ",
        "function ",
        "struct ",
        "enum ",
        "interface ",
        "trait ",
        "const ",
    ];
    let mut lines = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let defines = |line: &&String| DEFINES.iter().any(|word| line.contains(word));
        let new = change.added.iter().find(defines).or(change.added.first());
        let code = |line: &String| {
            let line = one_line(&redact(&line.replace('`', "'")));
            line.chars().take(MAX_CODE).collect::<String>()
        };
        let what = match (new, change.removed.is_empty()) {
            (Some(new), _) => format!("; new in it: `{}`", code(new)),
            (None, false) => format!("; {} lines gone", change.removed.len()),
            (None, true) => String::new(),
        };
        lines.push(Line {
            text: format!("`{}`, not committed{what}", one_line(&change.path)),
            worth: 550_u32.saturating_sub(at as u32),
        });
    }
    let edited = session
        .into_iter()
        .flat_map(|session| &session.digest.files);
    let others = edited.filter(|path| !changes.iter().any(|change| change.path == **path));
    for (at, path) in others.enumerate() {
        lines.push(Line {
            text: format!("`{}`, edited in the session", one_line(&redact(path))),
            worth: 400_u32.saturating_sub(at as u32),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::notes::{Class, atoms};
    use crate::source::sessions::{Digest, Turn};
    use proptest::prelude::*;

    fn session() -> Session {
        let line = |text: &str| vec![text.to_owned()];
        let said = "We settled on an advisory lock. That is because Redis lost it twice. Polling didn't work at all.";
        Session {
            tool: "claude-code",
            id: "7b1f".to_owned(),
            path: String::new(),
            title: "lock".to_owned(),
            started: 0,
            ended: 1_787_216_645,
            branch: "lock".to_owned(),
            turns: vec![Turn {
                role: Role::Assistant,
                at: 0,
                text: said.to_owned(),
            }],
            digest: Digest {
                summary: String::new(),
                asks: ["lock the orders", "add a test"]
                    .map(str::to_owned)
                    .to_vec(),
                decisions: line("We settled on an advisory lock."),
                fixes: line("`cargo test` failed (2 != 1), passes after edits to src/lock.rs"),
                files: ["src/lock.rs", "src/old.rs"].map(str::to_owned).to_vec(),
                open: line("Fix: the flaky test"),
                outcome: "All tests pass.".to_owned(),
            },
        }
    }

    fn state_of(branch: &str) -> State {
        State {
            branch: branch.to_owned(),
            commit: "1a2b3c4d5e6f7a8b9c0d".to_owned(),
            time: 5,
            subject: "Decision: lock".to_owned(),
        }
    }

    fn changed() -> Change {
        Change {
            path: "src/lock.rs".to_owned(),
            added: ["use x;", "pub fn hold() {"].map(str::to_owned).to_vec(),
            removed: Vec::new(),
        }
    }

    #[test]
    fn all_of_it() {
        let (text, n) = handoff(
            &state_of("lock"),
            Some(&session()),
            &[changed()],
            "2026-08-20",
        )
        .written(&|_| true)
        .unwrap();
        assert_eq!(n, 0);
        assert_eq!(
            text,
            "# Handoff 2026-08-20 at 1a2b3c4d5e

## Goal

- \"lock the orders\"
- Asked last: \"add a test\"

## Where it stands

- Branch `lock` at commit `1a2b3c4d5e` (\"Decision: lock\")
- 1 file is not committed
- Reached: \"All tests pass.\"
- From the session `claude-code:7b1f`, ended 2026-08-20 09:04 UTC

## What was decided

- \"We settled on an advisory lock.\" \"That is because Redis lost it twice.\"

## What failed

- `cargo test` failed (2 != 1), passes after edits to src/lock.rs
- \"Polling didn't work at all.\"

## Next steps

- \"Fix: the flaky test\"

## Files

- `src/lock.rs`, not committed; new in it: `pub fn hold() {`
- `src/old.rs`, edited in the session
"
        );
    }

    #[test]
    fn it_is_read_back_as_a_handoff() {
        let (text, _) = handoff(
            &state_of("lock"),
            Some(&session()),
            &[changed()],
            "2026-08-20",
        )
        .written(&|_| true)
        .unwrap();
        let found = atoms("HANDOFF.md", &text, None);
        assert!(found.len() >= 6);
        for atom in &found {
            assert_eq!(atom.class, Class::Handoff, "{atom:?}");
            assert_eq!(atom.date.map(|(at, _)| at), Some(1_787_184_000), "{atom:?}");
        }
        assert!(
            found
                .iter()
                .any(|atom| atom.anchors.contains(&"1a2b3c4d5e".to_owned()))
        );
    }

    #[test]
    fn sections_without_anything_are_left_out() {
        let (text, _) = handoff(&State::default(), None, &[], "2026-08-20")
            .written(&|_| true)
            .unwrap();
        assert_eq!(text, "# Handoff 2026-08-20\n");
        let own = Change {
            path: "HANDOFF.md".to_owned(),
            ..changed()
        };
        let (text, _) = handoff(&state_of(""), None, &[own], "2026-08-20")
            .written(&|_| true)
            .unwrap();
        assert!(
            text.contains("No branch at commit")
                && text.contains("Nothing is uncommitted")
                && !text.contains("## Files"),
            "{text}"
        );
    }

    #[test]
    fn a_session_of_the_branch_comes_first() {
        let of = |branch: &str| Session {
            branch: branch.to_owned(),
            ..session()
        };
        let all = [of("main"), of(""), of("lock")];
        let found = |branch| of_branch(&all, branch).map(|session| session.branch.as_str());
        assert_eq!(
            (found("lock"), found("other"), found("")),
            (Some("lock"), Some(""), Some("main"))
        );
        assert_eq!(of_branch(&all[..1], "lock"), None);
    }

    proptest! {
        #[test]
        fn the_least_is_left_out_until_it_fits(budget in 0..900_usize) {
            let whole = handoff(&state_of("lock"), Some(&session()), &[changed()], "2026-08-20");
            match whole.written(&|text| text.len() <= budget) {
                Some((text, n)) => {
                    prop_assert!(text.len() <= budget && text.contains("left out") == (n > 0));
                    // what matters most stays longest
                    prop_assert!(text.matches("\n- ").count() == 0 || text.contains("1a2b3c4d5e` ("));
                }
                None => prop_assert!(budget < 80),
            }
        }
    }
}
