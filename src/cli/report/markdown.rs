//! Markdown: for the summary of a job and a comment on a change. The first line is how a comment is found again.

use super::{Share, Told, words};
use crate::cli::report::words::percent;
use crate::cli::style::{count, number, plain};
use ctxpack::check::{Level, Row, Status};
use ctxpack::guard::secrets::redact;

/// Rows, findings and files that are shown: a comment has 65,536 characters.
const MOST_ROWS: usize = 100;
const MOST_FINDINGS: usize = 50;
const MOST_FILES: usize = 15;

pub(super) fn write(told: &Told<'_>) -> String {
    let report = told.report;
    let what = told.command;
    let (n_errors, n_warnings) = (report.count(Level::Error), report.count(Level::Warning));
    let verdict = match (n_errors, n_warnings) {
        (0, 0) => "all is well".to_owned(),
        (0, n) => count(n, "warning"),
        (n, 0) => count(n, "error"),
        (n, more) => format!("{}, {}", count(n, "error"), count(more, "warning")),
    };
    let mut out = format!("<!-- ctxpack:{what} -->\n### ctxpack {what}: {verdict}\n");
    if !report.rows.is_empty() {
        let has_base = report.rows.iter().any(|row| row.base.is_some());
        let against = text(told.against.unwrap_or("before"));
        let (head, line) = match has_base {
            true => (format!(" against {against} |"), " ---: |"),
            false => (String::new(), ""),
        };
        let first = if what == "check" { "Check" } else { "Bundle" };
        out.push_str(&format!(
            "\n| {first} | Size | Limit | Used |{head} |\n| :--- | ---: | ---: | ---: |{line} :--- |\n"
        ));
        for row in report.rows.iter().take(MOST_ROWS) {
            out.push_str(&cells(row, has_base));
        }
        if let Some(more @ 1..) = report.rows.len().checked_sub(MOST_ROWS) {
            out.push_str(&format!("\nand {} more\n", number(more)));
        }
    }
    if !report.findings.is_empty() {
        out.push('\n');
    }
    for finding in report.findings.iter().take(MOST_FINDINGS) {
        let words = words(told, finding);
        let place = match (finding.path.as_str(), finding.line) {
            ("", _) => String::new(),
            (path, 0) => format!("{}: ", code(path)),
            (path, line) => format!("{}: ", code(&format!("{path}:{line}"))),
        };
        let level = finding.code.level().as_str();
        out.push_str(&format!(
            "- **{level}** {place}{} ({})  \n  {}\n",
            text(&words.message),
            code(finding.code.as_str()),
            text(&words.advice)
        ));
    }
    if let Some(more @ 1..) = report.findings.len().checked_sub(MOST_FINDINGS) {
        out.push_str(&format!("- and {} more\n", number(more)));
    }
    for share in told.why.into_iter().flatten() {
        out.push_str(&why(share));
    }
    out
}

fn cells(row: &Row, has_base: bool) -> String {
    let unit = row.unit.as_str();
    let size = match (row.size, row.status) {
        (0, Status::Failed) => String::new(),
        (n, _) => format!("{} {unit}", number(n)),
    };
    let limit = row.limit.map(number).unwrap_or_default();
    let used = row.limit.map(|limit| percent(row.size, limit));
    let change = match (has_base, row.base) {
        (false, _) => String::new(),
        (true, None) => " |".to_owned(),
        (true, Some(base)) if row.tokens >= base => {
            let more = row.tokens - base;
            match more {
                0 => " 0 |".to_owned(),
                more => format!(" +{} (+{}) |", number(more), text(&percent(more, base))),
            }
        }
        (true, Some(base)) => {
            let less = base - row.tokens;
            format!(" -{} (-{}) |", number(less), text(&percent(less, base)))
        }
    };
    format!(
        "| {} | {size} | {limit} | {} |{change} {} |\n",
        text(&row.name),
        used.unwrap_or_default(),
        row.status.as_str()
    )
}

fn why(share: &Share) -> String {
    let total: usize = share.files.iter().map(|it| it.1).sum();
    let mut out = format!(
        "\n<details><summary>What takes the space of {}</summary>\n\n| Tokens | Share | Path |\n| ---: | ---: | :--- |\n",
        text(&share.check)
    );
    for (path, tokens, _) in share.files.iter().take(MOST_FILES) {
        let row = [number(*tokens), text(&percent(*tokens, total)), code(path)];
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    if let Some(more @ 1..) = share.files.len().checked_sub(MOST_FILES) {
        let rest: usize = share.files.iter().skip(MOST_FILES).map(|it| it.1).sum();
        let row = [
            number(rest),
            percent(rest, total),
            format!("{} more", number(more)),
        ];
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    out + "\n</details>\n"
}

/// Text that means nothing but itself: no markup, no mention of a person, no cell of a table ends in it.
pub fn text(text: &str) -> String {
    let mut out = String::new();
    for c in plain(&redact(text)).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("@\u{2060}"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text as code, in a cell of a table or out of it: backticks and bars are those of HTML.
pub fn code(text: &str) -> String {
    let mut out = "<code>".to_owned();
    for c in plain(&redact(text)).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '@' | '!' => {
                out.push_str(&format!("&#{};", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out + "</code>"
}
