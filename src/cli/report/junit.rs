//! JUnit's XML, which Jenkins, GitLab, CircleCI and Azure show: one case a check.

use super::{Told, words};
use crate::cli::style::plain;
use ctxpack::check::{Finding, Level};
use ctxpack::guard::secrets::redact;

pub(super) fn write(told: &Told<'_>) -> String {
    let report = told.report;
    let of = |name: &str, level: Level| -> Vec<&Finding> {
        let findings = report.findings.iter();
        findings
            .filter(|it| it.check == name && it.code.level() == level)
            .collect()
    };
    let failed = report.rows.iter();
    let n_failed = failed
        .filter(|row| !of(&row.name, Level::Error).is_empty())
        .count();
    let n = report.rows.len();
    let suite = format!("ctxpack {}", told.command);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"ctxpack\" tests=\"{n}\" failures=\"{n_failed}\">\n  \
         <testsuite name=\"{suite}\" tests=\"{n}\" failures=\"{n_failed}\" errors=\"0\" skipped=\"0\">\n"
    );
    for row in &report.rows {
        let name = escaped(&row.name);
        out.push_str(&format!(
            "    <testcase name=\"{name}\" classname=\"ctxpack.{}\">\n",
            told.command
        ));
        for finding in of(&row.name, Level::Error) {
            let (message, text) = lines(told, finding);
            let code = finding.code.as_str();
            out.push_str(&format!(
                "      <failure message=\"{message}\" type=\"{code}\">{text}</failure>\n"
            ));
        }
        let warnings: Vec<String> = of(&row.name, Level::Warning)
            .into_iter()
            .map(|finding| lines(told, finding).1)
            .collect();
        if !warnings.is_empty() {
            let warnings = warnings.join("\n");
            out.push_str(&format!("      <system-out>{warnings}</system-out>\n"));
        }
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// The message, and all of it with its place.
fn lines(told: &Told<'_>, finding: &Finding) -> (String, String) {
    let words = words(told, finding);
    let place = match (finding.path.as_str(), finding.line) {
        ("", _) => String::new(),
        (path, 0) => format!("{path}: "),
        (path, line) => format!("{path}:{line}: "),
    };
    let text = format!("{place}{}. {}", words.message, words.advice);
    (escaped(&words.message), escaped(&text))
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in plain(&redact(text)).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
