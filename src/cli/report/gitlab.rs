//! For GitLab: a Code Quality report, an array of findings with a fingerprint each.

use super::{Told, place, words};
use crate::cli::style::plain;
use ctxpack::check::Level;
use ctxpack::guard::secrets::redact;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use twox_hash::XxHash3_128;

pub(super) fn write(told: &Told<'_>) -> String {
    let mut known = BTreeSet::new();
    let each = told.report.findings.iter().map(|finding| {
        let words = words(told, finding);
        let (path, line) = place(told, finding);
        // the same finding has the same fingerprint in the next run, whatever its numbers are then
        let code = finding.code.as_str();
        let mut seed = format!("{code}\0{}\0{path}\0{}", finding.check, finding.detail);
        while !known.insert(seed.clone()) {
            seed.push_str("\0again");
        }
        json!({
            "description": format!("{}. {}", words.message, words.advice),
            "check_name": format!("ctxpack/{code}"),
            "fingerprint": format!("{:032x}", XxHash3_128::oneshot(seed.as_bytes())),
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
