//! What the commands of memory share: which repository, what is remembered there, and how ages and dates look.

use crate::cli::args::{TalkArgs, WhatArgs};
use crate::cli::failure::Outcome;
use crate::cli::output;
use crate::cli::resolve;
use crate::cli::style::terminal_size;
use crate::config;
use clap::Args;
use ctxpack::error::Warning;
use ctxpack::guard::secrets::redact;
use ctxpack::request::{Kinds, Request};
use ctxpack::source::sessions::sentence::without_marker;
use ctxpack::source::{Remembered, Trees};
use jiff::Timestamp;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Options that say whose memory is meant; every command of memory has them.
#[derive(Debug, Args)]
pub struct MemoryArgs {
    /// The repository, or a folder in it [default: .]
    #[arg(short = 'C', long, value_name = "PATH", help_heading = "What of")]
    pub repo: Option<PathBuf>,

    /// Read nothing that agents keep in the home directory.
    #[arg(long, help_heading = "What of")]
    pub no_home: bool,

    /// Keep nothing in the cache of the home directory, and take nothing from it.
    #[arg(long, help_heading = "What of")]
    pub no_cache: bool,

    /// Take this moment for now, such as 2026-11-22T12:00:00Z.
    ///
    /// Ages are measured from it. Default: the clock of the machine.
    #[arg(long, value_name = "RFC3339", help_heading = "What of")]
    pub now: Option<String>,
}

/// What is remembered for one repository.
#[derive(Debug)]
pub struct Memory {
    /// What was asked for: one root, the repository's own.
    pub request: Request,
    /// Its files.
    pub trees: Trees,
    /// Notes and sessions.
    pub remembered: Remembered,
    /// Trouble on the way, the library's.
    pub warnings: Vec<Warning>,
    /// The moment that ages are measured from, Unix seconds: `--now`, else the clock's.
    pub now: i64,
}

/// Reads notes, sessions or both for the repository that `args` name, and says what went wrong on the way.
///
/// Of the settings those of packing count that say what is read; a budget or a pin has no meaning here.
///
/// # Errors
/// A folder that is not there, mistyped values, config files that cannot be read.
pub fn read(args: &MemoryArgs, talk: &TalkArgs, kinds: Kinds) -> Outcome<Memory> {
    let now = args.now.as_deref().map(resolve::moment).transpose()?;
    let named = args.repo.clone().unwrap_or_else(|| PathBuf::from("."));
    // Notes and sessions are of a repository, whichever folder of it one stands in.
    let root = if named.is_dir() {
        config::repository(&named)
    } else {
        named
    };
    let resolved = resolve::what(&WhatArgs {
        paths: vec![root],
        no_home: args.no_home,
        no_cache: args.no_cache,
        ..WhatArgs::default()
    })?;
    let mut request = resolved.request;
    request.kinds = kinds;
    request.pin.clear();
    request.include.clear();
    let (trees, remembered) = ctxpack::remembered(&request)?;
    // notes and sessions need no file and no history
    let is_of_files = |warning: &Warning| matches!(warning.code, "no-files" | "no-git");
    let mut warnings = remembered.warnings.clone();
    warnings.retain(|warning| !is_of_files(warning));
    if !talk.quiet {
        let mut lines = resolved.warnings;
        lines.extend(warnings.iter().filter_map(output::shown_warning));
        output::warn(&lines, output::MAX_WARNINGS, talk.color);
    }
    Ok(Memory {
        request,
        trees,
        remembered,
        warnings,
        now: now.unwrap_or_else(clock),
    })
}

/// Notes, and the files that they speak of.
pub const NOTES: Kinds = Kinds {
    files: true,
    notes: true,
    sessions: false,
};
/// Sessions alone.
pub const SESSIONS: Kinds = Kinds {
    files: false,
    notes: false,
    sessions: true,
};

/// Unix seconds by the machine's clock.
pub fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// Columns to use: those of the terminal on stdout; a pipe has no width, and nothing is cut there.
pub fn columns() -> usize {
    if std::io::stdout().is_terminal() {
        terminal_size().0.clamp(40, 160) - 1
    } else {
        usize::MAX
    }
}

/// How long ago a moment was, for a person: `40 s`, `5 min`, `3 h`, `12 d`, `7 mo`, `2 y`; `later` for what is to come, `-` where it is not known.
pub fn age(at: i64, now: i64) -> String {
    if at <= 0 {
        return "-".to_owned();
    }
    const DAY: i64 = 86_400;
    // clocks of two machines differ by minutes
    if at > now.saturating_add(DAY) {
        return "later".to_owned();
    }
    let seconds = now.saturating_sub(at).max(0);
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..DAY => format!("{} h", seconds / 3_600),
        DAY..5_184_000 => format!("{} d", seconds / DAY),
        5_184_000..63_072_000 => format!("{} mo", seconds / (DAY * 30)),
        _ => format!("{} y", seconds / (DAY * 365)),
    }
}

/// A moment for programs: RFC 3339 in UTC, or null where it is not known.
pub fn rfc3339(at: i64) -> serde_json::Value {
    match Timestamp::from_second(at) {
        Ok(moment) if at > 0 => moment.to_string().into(),
        _ => serde_json::Value::Null,
    }
}

/// A moment for people, in UTC: `2026-08-20 09:04`; `unknown` where it is not known.
pub fn minute(at: i64) -> String {
    match Timestamp::from_second(at) {
        Ok(moment) if at > 0 => moment.strftime("%Y-%m-%d %H:%M").to_string(),
        _ => "unknown".to_owned(),
    }
}

/// The day of a moment, in UTC: `2026-08-20`.
pub fn day(at: i64) -> String {
    minute(at).split(' ').next().unwrap_or_default().to_owned()
}

/// Text as it may be shown: probable secrets redacted.
pub fn shown(text: &str) -> String {
    redact(text).into_owned()
}

/// Warnings for programs.
pub fn json_warnings(warnings: &[Warning]) -> serde_json::Value {
    let each = warnings.iter().map(|warning| {
        serde_json::json!({"code": warning.code, "path": warning.path, "message": warning.message})
    });
    each.collect()
}

/// The first line of `text` that says something, without its marks of a list or a heading.
pub fn first_line(text: &str) -> &str {
    let line = text
        .lines()
        .find(|line| line.bytes().any(|b| b.is_ascii_alphanumeric() || b >= 0x80));
    let line = line.unwrap_or_default().trim();
    without_marker(line.trim_start_matches(['#', '>']).trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_unit() {
        let check =
            |seconds: i64, expected: &str| assert_eq!(age(1_000, 1_000 + seconds), expected);
        check(-5, "0 s");
        check(59, "59 s");
        check(60, "1 min");
        check(3_600, "1 h");
        check(86_399, "23 h");
        check(86_400, "1 d");
        check(59 * 86_400, "59 d");
        check(60 * 86_400, "2 mo");
        check(800 * 86_400, "2 y");
        assert_eq!(age(0, 5), "-");
    }

    #[test]
    fn moments() {
        assert_eq!(minute(1_787_216_645), "2026-08-20 09:04");
        assert_eq!(day(1_787_216_645), "2026-08-20");
        assert_eq!(rfc3339(1_787_216_645), "2026-08-20T09:04:05Z");
        assert_eq!(
            (minute(0), rfc3339(0)),
            ("unknown".to_owned(), serde_json::Value::Null)
        );
    }

    #[test]
    fn the_first_line_with_words_counts() {
        assert_eq!(first_line("\n---\n- **Use pnpm**\nmore"), "**Use pnpm**");
        assert_eq!(first_line(""), "");
    }
}
