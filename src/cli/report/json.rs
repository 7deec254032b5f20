//! For scripts: schema 1, all rows and all findings. Never changed by the environment.

use super::{Told, words};
use crate::cli::style::plain;
use ctxpack::guard::secrets::redact;
use serde_json::{Value, json};

pub(super) fn write(told: &Told<'_>) -> String {
    let shown = |text: &str| plain(&redact(text));
    let rows = told.report.rows.iter().map(|row| {
        let entry = row.entry_idx.and_then(|idx| told.entries.get(idx));
        let place = entry.and_then(|entry| entry.place.as_ref());
        json!({
            "name": shown(&row.name),
            "status": row.status.as_str(),
            "files": row.n_files,
            "size": row.size,
            "limit": row.limit,
            "unit": row.unit.as_str(),
            "tokens": row.tokens,
            "base": row.base,
            "path": place.map(|place| &place.path),
            "line": place.map(|place| place.limit_line),
        })
    });
    let findings = told.report.findings.iter().map(|finding| {
        let words = words(told, finding);
        json!({
            "code": finding.code.as_str(),
            "level": finding.code.level().as_str(),
            "check": shown(&finding.check),
            "path": Some(shown(&finding.path)).filter(|path| !path.is_empty()),
            "line": (finding.line > 0).then_some(finding.line),
            "message": words.message,
            "advice": words.advice,
        })
    });
    let mut whole = json!({
        "schema": 1,
        "passed": told.report.passed(),
        "against": told.against.map(shown),
        "checks": rows.collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
        "warnings": told.warnings.iter().map(|it| shown(it)).collect::<Vec<_>>(),
    });
    if let Some(why) = told.why {
        let each = why.iter().map(|share| {
            let files = share.files.iter().map(
                |(path, tokens, base)| json!({"path": shown(path), "tokens": tokens, "base": base}),
            );
            let gone = share.gone.iter();
            let gone =
                gone.map(|(path, base)| json!({"path": shown(path), "tokens": 0, "base": base}));
            json!({"check": shown(&share.check), "files": files.chain(gone).collect::<Vec<_>>()})
        });
        whole["why"] = Value::from(each.collect::<Vec<_>>());
    }
    format!("{whole:#}\n")
}
