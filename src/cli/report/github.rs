//! For GitHub Actions: workflow commands, which are shown beside the lines of a change.
//!
//! A command ends at the end of its line, and a property at a comma or a colon, so those are escaped as the runner's own toolkit does.

use super::{Told, place, words};
use crate::cli::style::plain;
use ctxpack::check::Level;
use ctxpack::guard::secrets::redact;

/// Annotations of one level that are shown of a step; GitHub drops the rest without a word.
const MOST: usize = 10;

/// Bytes of a summary that are shown; GitHub drops the whole of one that is longer.
pub(super) fn summary_limit() -> u64 {
    1 << 20
}

pub(super) fn write(told: &Told<'_>) -> String {
    let mut out = String::new();
    let mut n_left = 0;
    for level in [Level::Error, Level::Warning] {
        let findings = &told.report.findings;
        let of_level = findings.iter().filter(|it| it.code.level() == level);
        for (n, finding) in of_level.enumerate() {
            if n >= MOST {
                n_left += 1;
                continue;
            }
            let words = words(told, finding);
            let (path, line) = place(told, finding);
            let mut properties = Vec::new();
            if !path.is_empty() {
                properties.push(format!("file={}", property(path)));
            }
            if line > 0 {
                properties.push(format!("line={line}"));
            }
            let title = format!("ctxpack {} [{}]", told.command, finding.code.as_str());
            properties.push(format!("title={}", property(&title)));
            let text = format!("{}. {}", words.message, words.advice);
            out.push_str(&format!(
                "::{} {}::{}\n",
                level.as_str(),
                properties.join(","),
                data(&text)
            ));
        }
    }
    if n_left > 0 {
        out.push_str(&format!(
            "::notice title=ctxpack {}::and {n_left} more in the summary of the job\n",
            told.command
        ));
    }
    out
}

fn data(text: &str) -> String {
    let text = plain(&redact(text));
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
