//! For GitLab: a Code Quality report, an array of findings with a fingerprint each.

use super::{Told, fingerprints, place, words};
use crate::cli::style::plain;
use ctxpack::check::Level;
use ctxpack::guard::secrets::redact;
use serde_json::{Value, json};

pub(super) fn write(told: &Told<'_>) -> String {
    let findings = told.report.findings.iter().zip(fingerprints(told));
    let each = findings.map(|(finding, fingerprint)| {
        let words = words(told, finding);
        let (path, line) = place(told, finding);
        json!({
            "description": format!("{}. {}", words.message, words.advice),
            "check_name": format!("ctxpack/{}", finding.code.as_str()),
            "fingerprint": fingerprint,
            "severity": match finding.code.level() {
                Level::Error => "major",
                Level::Warning => "minor",
            },
            "location": {
                "path": if path.is_empty() { "ctxpack.toml".to_owned() } else { plain(&redact(path)) },
                "lines": {"begin": line.max(1)},
            },
        })
    });
    format!("{:#}\n", Value::from(each.collect::<Vec<_>>()))
}
