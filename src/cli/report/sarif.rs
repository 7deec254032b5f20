//! SARIF 2.1.0, for code scanning and editors.

use super::{Told, fingerprints, place, words};
use ctxpack::check::{Code, Level};
use ctxpack::guard::text::path_bytes;
use serde_json::{Value, json};

/// Results of one run that GitHub keeps.
const MOST: usize = 5_000;

pub(super) fn write(told: &Told<'_>) -> String {
    let rules = Code::ALL.iter().map(|code| {
        json!({
            "id": code.as_str(),
            "shortDescription": {"text": code.meaning()},
            "defaultConfiguration": {"level": level(code.level())},
        })
    });
    let findings = told.report.findings.iter().zip(fingerprints(told));
    let results = findings.take(MOST).map(|(finding, fingerprint)| {
        let words = words(told, finding);
        let (path, line) = place(told, finding);
        let path = if path.is_empty() {
            "ctxpack.toml"
        } else {
            path
        };
        json!({
            "ruleId": finding.code.as_str(),
            "ruleIndex": Code::ALL.iter().position(|code| *code == finding.code),
            "level": level(finding.code.level()),
            "message": {"text": format!("{}. {}", words.message, words.advice)},
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": {"uri": uri(path), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": line.max(1)},
                },
            }],
            "partialFingerprints": {"ctxpack/v1": fingerprint},
        })
    });
    let whole = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "ctxpack",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<Value>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<Value>>(),
        }],
    });
    format!("{whole:#}\n")
}

fn level(level: Level) -> &'static str {
    level.as_str()
}

/// A relative reference as RFC 3986 has it: what is not plain is percent-escaped, byte by byte.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path_bytes(path) {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
