//! For people, and for editors that read `path:line:column: error: what [code]`. Silent where all is well.

use super::{Share, Told, words};
use crate::cli::memory::columns;
use crate::cli::report::words::percent;
use crate::cli::style::{count, fit_path, left, number, plain, right, terminal_size, width};
use crate::cli::treemap;
use ctxpack::check::{Level, Status};
use ctxpack::guard::secrets::redact;

/// Files of one check that are listed.
const MOST_FILES: usize = 20;

/// Findings of one kind that are listed.
const MOST_ALIKE: usize = 20;

pub(super) fn write(told: &Told<'_>) -> String {
    let style = told.style;
    let mut out = String::new();
    let mut n_alike = 0;
    let mut last = None;
    for finding in &told.report.findings {
        let kind = (finding.code, &finding.check);
        n_alike = if last == Some(kind) { n_alike + 1 } else { 0 };
        last = Some(kind);
        if n_alike >= MOST_ALIKE {
            continue;
        }
        let words = words(told, finding);
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
            "{}: {level} {} [{}]\n    {}\n",
            style.bold(&place),
            words.message,
            finding.code.as_str(),
            style.dim(&words.advice)
        ));
    }
    if let Some(more @ 1..) = told.report.findings.len().checked_sub(shown(told)) {
        out.push_str(&format!(
            "and {} more (--format json lists all)\n",
            number(more)
        ));
    }
    for share in told.why.into_iter().flatten() {
        out.push('\n');
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

/// How many findings are listed.
fn shown(told: &Told<'_>) -> usize {
    let alike = told
        .report
        .findings
        .chunk_by(|a, b| (a.code, &a.check) == (b.code, &b.check));
    alike.map(|alike| alike.len().min(MOST_ALIKE)).sum()
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
            "{} tokens in {}",
            number(total),
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
    for (path, tokens) in share.gone.iter().take(5) {
        let line = left("", 16) + &right(&format!("-{}", number(*tokens)), 9);
        let path = fit_path(&plain(&redact(path)), room);
        out.push_str(&style.dim(&format!("{line}  {path} (gone)\n")));
    }
    out
}
