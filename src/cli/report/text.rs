//! For people, and for editors that read `path:line:column: error: what [code]`. Silent where all is well.

use super::words::Words;
use super::{Share, Told, words};
use crate::cli::memory::columns;
use crate::cli::report::words::percent;
use crate::cli::style::{Style, count, fit_path, left, number, plain, right, terminal_size, width};
use crate::cli::treemap;
use ctxpack::check::{Finding, Level, Status};
use ctxpack::guard::secrets::redact;

/// Files of one check that are listed.
const MOST_FILES: usize = 20;

/// Files that changed that are listed.
const MOST_CHANGES: usize = 10;

/// Findings of one kind that are listed.
const MOST_ALIKE: usize = 20;

pub(super) fn write(told: &Told<'_>) -> String {
    let style = told.style;
    let mut out = String::new();
    let of_kind = |a: &Finding, b: &Finding| (a.code, &a.check) == (b.code, &b.check);
    let kinds = told.report.findings.chunk_by(of_kind);
    let shown = kinds.flat_map(|alike| alike.iter().take(MOST_ALIKE));
    let shown: Vec<(&Finding, Words)> = shown.map(|it| (it, words(told, it))).collect();
    for (idx, (finding, words)) in shown.iter().enumerate() {
        let level = match finding.code.level() {
            Level::Error => style.red("error:"),
            Level::Warning => style.yellow("warning:"),
        };
        let place = match (finding.path.as_str(), finding.line) {
            ("", _) => format!("ctxpack {}", told.command),
            (path, 0) => plain(&redact(path)),
            (path, line) => format!("{}:{line}:1", plain(&redact(path))),
        };
        out.push_str(&format!(
            "{}: {level} {} [{}]\n",
            style.bold(&place),
            words.message,
            finding.code.as_str(),
        ));
        // the same advice many times in a row is given once
        let next = shown.get(idx + 1);
        if next.is_none_or(|(_, next)| next.advice != words.advice) {
            out.push_str(&format!("    {}\n", style.dim(&words.advice)));
        }
    }
    if let Some(more @ 1..) = told.report.findings.len().checked_sub(shown.len()) {
        out.push_str(&format!(
            "and {} more (--format json lists all)\n",
            number(more)
        ));
    }
    for share in told.why.into_iter().flatten() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&why(told, share));
    }
    let of = |status| {
        told.report
            .rows
            .iter()
            .filter(|row| row.status == status)
            .count()
    };
    let n = told.report.rows.len();
    let verb = if told.command == "check" {
        "check"
    } else {
        "bundle"
    };
    if of(Status::Failed) > 0 {
        let n_failed = number(of(Status::Failed));
        out.push_str(&format!("\n{n_failed} of {} failed\n", count(n, verb)));
    } else if told.is_terminal && told.report.findings.is_empty() {
        let passed = style.green(&format!("{} passed", count(n, verb)));
        out.push_str(&format!("{passed}\n"));
    }
    if out.is_empty() || out.ends_with('\n') {
        out
    } else {
        out + "\n"
    }
}

/// What takes the space of one check.
fn why(told: &Told<'_>, share: &Share) -> String {
    let style = told.style;
    let total: usize = share.files.iter().map(|it| it.1).sum();
    let has_base = share.files.iter().any(|it| it.2.is_some()) || !share.gone.is_empty();
    let columns = columns();
    let mut out = format!(
        "{}  {}\n",
        style.bold(&plain(&redact(&share.check))),
        style.dim(&format!(
            "{} in {}",
            count(total, "token"),
            count(share.files.len(), "file")
        ))
    );
    if told.is_terminal && share.files.len() > 1 {
        let files: Vec<(&str, usize)> =
            share.files.iter().map(|it| (it.0.as_str(), it.1)).collect();
        let (wide, high) = terminal_size();
        let size = (wide.clamp(40, 120) - 1, (high / 2).clamp(8, 18));
        out.push_str(&treemap::draw(&files, size, style));
    }
    let change = |n: Option<usize>, now: usize| match n {
        Some(before) if now == before => String::new(),
        Some(before) if now > before => format!("+{}", number(now - before)),
        Some(before) => format!("-{}", number(before - now)),
        None if has_base => "new".to_owned(),
        None => String::new(),
    };
    let head = right("tokens", 9) + &right("share", 7);
    let head = if has_base {
        head + &right("change", 9)
    } else {
        head
    };
    out.push_str(&style.dim(&format!("{head}  path\n")));
    let room = columns.saturating_sub(width(&head) + 2).max(20);
    for (path, tokens, before) in share.files.iter().take(MOST_FILES) {
        let mut line = right(&number(*tokens), 9) + &right(&percent(*tokens, total), 7);
        if has_base {
            line += &right(&change(*before, *tokens), 9);
        }
        let path = fit_path(&plain(&redact(path)), room);
        out.push_str(&format!("{line}  {path}\n"));
    }
    if let Some(more @ 1..) = share.files.len().checked_sub(MOST_FILES) {
        let rest: usize = share.files.iter().skip(MOST_FILES).map(|it| it.1).sum();
        let mut line = right(&number(rest), 9) + &right(&percent(rest, total), 7);
        if has_base {
            line += &left("", 9);
        }
        out.push_str(&format!("{line}  in {} more\n", number(more)));
    }
    if has_base {
        out.push_str(&changes(share, room, style));
    }
    out
}

/// What changed most of one check, either way.
fn changes(share: &Share, room: usize, style: Style) -> String {
    let there = share.files.iter().map(|(path, now, before)| {
        let before = before.unwrap_or(0);
        (path, *now as i128 - before as i128)
    });
    let gone = share.gone.iter().map(|(path, n)| (path, -(*n as i128)));
    let mut all: Vec<(&String, i128)> = there.chain(gone).filter(|it| it.1 != 0).collect();
    all.sort_by(|a, b| b.1.abs().cmp(&a.1.abs()).then_with(|| a.0.cmp(b.0)));
    if all.is_empty() {
        return String::new();
    }
    let sum: i128 = all.iter().map(|it| it.1).sum();
    let signed = |n: i128| {
        let sign = if n < 0 { '-' } else { '+' };
        let size = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX);
        format!("{sign}{}", number(size))
    };
    let head = format!("{} in {}", signed(sum), count(all.len(), "file"));
    let mut out = style.dim(&format!("{}  what changed: {head}\n", right("change", 9)));
    for (path, n) in all.iter().take(MOST_CHANGES) {
        let path = fit_path(&plain(&redact(path)), room);
        out.push_str(&format!("{}  {path}\n", right(&signed(*n), 9)));
    }
    if let Some(more @ 1..) = all.len().checked_sub(MOST_CHANGES) {
        let rest: i128 = all.iter().skip(MOST_CHANGES).map(|it| it.1).sum();
        let rest = right(&signed(rest), 9);
        out.push_str(&format!("{rest}  in {} more\n", number(more)));
    }
    out
}
