//! Which sessions a task speaks of by their time: "three sessions ago", "yesterday", "the last session".

use crate::source::sessions::Session;

const DAY: i64 = 86_400;

/// How surely the task means each session, in `[0, 1]`; `sessions` newest first, `now` in Unix seconds, days in UTC.
///
/// "One session ago" is the newest. A reader who is in a session already counts from the one before, so that the next older one is
/// meant half as surely.
///
/// Who asks to go on where somebody stopped means the newest session of `branch`, or the newest.
pub fn meant(task: &str, sessions: &[Session], branch: &str, now: i64) -> Vec<f64> {
    let mut meant = vec![0.0_f64; sessions.len()];
    let folded = task.to_lowercase();
    let words: Vec<&str> = folded
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty())
        .collect();
    let on_branch = sessions.iter().position(|session| session.branch == branch);
    if GOING_ON
        .iter()
        .any(|phrase| words.join(" ").contains(phrase))
        && let Some(meant) = meant.get_mut(on_branch.unwrap_or(0))
    {
        *meant = 1.0;
    }
    let mut mark = |idx: usize| {
        for (idx, sure) in [(idx, 1.0), (idx + 1, 0.5)] {
            if let Some(meant) = meant.get_mut(idx) {
                *meant = meant.max(sure);
            }
        }
    };
    for at in 0..words.len() {
        let next = |n: usize| words.get(at + n).copied().unwrap_or_default();
        match words[at] {
            "last" | "previous" | "latest" | "recent" if is_session(next(1)) => mark(0),
            word if is_session(next(1)) && next(2) == "ago" => {
                if let Some(n) = number(word) {
                    mark(n.max(1) - 1);
                }
            }
            _ => {}
        }
    }
    let mut days = |first: i64, last: i64| {
        let today = now.div_euclid(DAY);
        for (session, meant) in sessions.iter().zip(&mut meant) {
            let (from, to) = (
                session.started.div_euclid(DAY),
                session.ended.div_euclid(DAY),
            );
            if session.ended > 0 && from <= today - last && today - first <= to {
                *meant = 1.0;
            }
        }
    };
    for at in 0..words.len() {
        let next = |n: usize| words.get(at + n).copied().unwrap_or_default();
        match (words[at], next(1), next(2)) {
            ("yesterday", ..) => days(1, 1),
            ("today" | "this", "morning" | "afternoon", _) => days(0, 0),
            ("last", "week", _) => days(13, 1),
            (n, "days" | "day", "ago") => {
                if let Some(n) = number(n) {
                    days(n as i64, n as i64);
                }
            }
            (n, "weeks" | "week", "ago") => {
                if let Some(n) = number(n) {
                    days(n as i64 * 7 + 3, n as i64 * 7 - 3);
                }
            }
            (word, ..) => {
                if let Some(at) = date(word) {
                    let ago = now.div_euclid(DAY) - at.div_euclid(DAY);
                    days(ago, ago);
                }
            }
        }
    }
    meant
}

/// How many sessions ago a session would have to be that the task speaks of, if there are not so many.
pub fn beyond(task: &str, n_sessions: usize) -> Option<usize> {
    let folded = task.to_lowercase();
    let words: Vec<&str> = folded
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty())
        .collect();
    let ago = words
        .windows(3)
        .filter(|w| is_session(w[1]) && w[2] == "ago");
    ago.filter_map(|w| number(w[0])).find(|n| *n > n_sessions)
}

/// How people ask to be told where the work stands.
const GOING_ON: &[&str] = &[
    "left off",
    "we stopped",
    "i stopped",
    "pick up where",
    "carry on",
    "continue the work",
    "continue where",
    "what is next",
    "what s next",
    "take over",
    "next steps",
];

fn is_session(word: &str) -> bool {
    matches!(
        word,
        "session" | "sessions" | "conversation" | "conversations" | "chat" | "chats"
    )
}

/// A small count, in digits or in words.
fn number(word: &str) -> Option<usize> {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    match word {
        "a" | "an" => Some(1),
        "couple" => Some(2),
        _ => WORDS
            .iter()
            .position(|known| *known == word)
            .or_else(|| word.parse().ok().filter(|n| *n <= 1000)),
    }
}

/// `2026-08-20`, in Unix seconds.
fn date(word: &str) -> Option<i64> {
    let day: jiff::civil::Date = (word.len() == 10).then(|| word.parse().ok())??;
    let start = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(start.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_is_not_there() {
        assert_eq!(beyond("What happened three sessions ago?", 3), None);
        assert_eq!(beyond("What happened three sessions ago?", 2), Some(3));
        assert_eq!(beyond("the session of 3 days ago", 0), None);
    }

    /// Sessions that ended so many days before now, newest first.
    fn check(task: &str, days_ago: &[i64], expected: &[f64]) {
        let now = 1_787_000_000; // 2026-08-17
        let session = |ago: &i64| Session {
            tool: "t",
            id: ago.to_string(),
            path: String::new(),
            title: String::new(),
            started: now - ago * DAY - 60,
            ended: now - ago * DAY,
            branch: String::new(),
            turns: vec![],
            digest: Default::default(),
        };
        let sessions: Vec<Session> = days_ago.iter().map(session).collect();
        assert_eq!(meant(task, &sessions, "", now), expected, "{task}");
    }

    #[test]
    fn sessions_are_named_by_their_order() {
        check(
            "What happened three sessions ago?",
            &[0, 1, 2, 3, 4],
            &[0.0, 0.0, 1.0, 0.5, 0.0],
        );
        check(
            "go on where the last session stopped",
            &[0, 1, 2],
            &[1.0, 0.5, 0.0],
        );
        check("2 sessions ago", &[0], &[0.0]);
        check("sessions ago", &[0], &[0.0]);
        check("Pick up where we stopped.", &[0, 1], &[1.0, 0.0]);
        check("What's next?", &[3, 5], &[1.0, 0.0]);
        check("fix the session cookie", &[0, 1], &[0.0, 0.0]);
    }

    #[test]
    fn sessions_are_named_by_their_day() {
        check("what did we do yesterday", &[0, 1, 2], &[0.0, 1.0, 0.0]);
        check("the bug of 2026-08-15", &[0, 1, 2], &[0.0, 0.0, 1.0]);
        check("decided two weeks ago", &[1, 12, 30], &[0.0, 1.0, 0.0]);
        check("last week", &[0, 5, 20], &[0.0, 1.0, 0.0]);
    }
}
