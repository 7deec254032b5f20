//! A finding in words: what is wrong and by how much, and what to do about it.

use super::Told;
use crate::cli::style::{count, number, plain};
use ctxpack::check::{Code, Finding, Limit, Scope, Unit};
use ctxpack::guard::secrets::redact;
use ctxpack::lock;

/// What is said of a finding; each one line, harmless wherever it is shown as plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// What is wrong, without a full stop.
    pub message: String,
    /// What to do about it; what the config says comes first.
    pub advice: String,
}

/// A finding in words.
pub fn words(told: &Told<'_>, finding: &Finding) -> Words {
    let entry = finding.entry_idx.and_then(|idx| told.entries.get(idx));
    let harmless = |text: &str| plain(&redact(text));
    let name = harmless(&finding.check);
    let unit = |n| finding.unit.of(n);
    let of = format!(
        "{} of {} {}",
        number(finding.size),
        number(finding.limit),
        unit(finding.limit)
    );
    let files = match finding.n_files {
        0 | 1 => String::new(),
        n => format!(" in {}", count(n, "file")),
    };
    let over = finding.size.saturating_sub(finding.limit);
    let share = percent(over, finding.limit);
    let too_many = format!("{} {} too many ({share})", number(over), unit(over));
    let used = percent(finding.size, finding.limit);
    let detail = harmless(&finding.detail);
    let place = entry.and_then(|entry| entry.place.as_ref());
    let key = match entry.and_then(|entry| entry.limit) {
        Some(Limit::Host(_)) => "for",
        _ => "budget",
    };
    let change = |key: &str, line: Option<u32>| match (place, line) {
        (Some(place), Some(line)) => format!("change `{key}` in {}:{line}", place.path),
        _ => format!("allow more with --{key}"),
    };
    let limit_line = place.map(|place| place.limit_line);
    let smaller = "ctxpack check --why shows what takes the space";
    let against = harmless(told.against.unwrap_or("before"));
    let of = match entry.and_then(|entry| entry.limit) {
        Some(Limit::Host(host)) if host.scope == Scope::Chain => {
            format!("with those of the folders above it, {of}")
        }
        _ => of,
    };
    let (message, advice) = match finding.code {
        Code::OverBudget => (
            format!("{name}: {of}{files}: {too_many}"),
            format!("{smaller}; make it smaller, or {}", change(key, limit_line)),
        ),
        Code::NearBudget => (format!("{name}: {of}{files}, {used}"), smaller.to_owned()),
        Code::OverCap => (
            format!("{name}: {of}: {too_many}"),
            match finding.line {
                0 => format!("{detail}; shorten it"),
                _ => format!("{detail}; shorten it: from this line on it is lost"),
            },
        ),
        Code::NearCap => (format!("{name}: {of}, {used}"), format!("{detail}; shorten it soon")),
        Code::OverAdvice => (
            format!("{name}: {of}"),
            format!("{detail}; move what is not always needed into other files"),
        ),
        Code::GrownTooMuch => {
            let base = finding.base.unwrap_or(0);
            let grown = finding.size.saturating_sub(base);
            let line = place.map(|place| place.growth_line);
            let message = format!(
                "{name}: {} {}{files}, {} ({}) more than {against}: up to {} are allowed",
                number(finding.size),
                Unit::Tokens.of(finding.size),
                number(grown),
                percent(grown, base),
                number(finding.limit)
            );
            let meant = match against == lock::NAME {
                true => "; if it is meant: ctxpack check --write && git add ctxpack.lock",
                false => "",
            };
            let change = change("max-growth", line);
            (message, format!("{smaller}; make it smaller, or {change}{meant}"))
        }
        Code::NoBaseline => (
            format!("{name}: there is nothing to compare its size with"),
            "ctxpack check --write && git add ctxpack.lock, or --against REVISION".to_owned(),
        ),
        Code::NothingMatched => (
            match detail.is_empty() {
                true => format!("{name}: no file matches"),
                false => format!("{name}: {detail}"),
            },
            match place {
                _ if !detail.is_empty() => format!("mend `pin` in {}", config(finding)),
                Some(place) => format!("mend `include` of the check in {}:{}, or delete it", place.path, place.line),
                None => "mend the path or the glob; ignored, binary and secret files do not count".to_owned(),
            },
        ),
        Code::NotCounted => (
            format!("{name}: not counted: {detail}"),
            match finding.path.as_str() {
                "-" => "what comes in has to be text".to_owned(),
                _ => "leave it out with `exclude`, or make it readable".to_owned(),
            },
        ),
        Code::PinsOverBudget => (
            format!("{name}: {of}: {too_many}"),
            format!("pin less, or change `budget` in {}", config(finding)),
        ),
        Code::PinsNearBudget => (
            format!("{name}: {of}, {used}: little else will fit"),
            format!("pin less, or change `budget` in {}", config(finding)),
        ),
        Code::ProbableSecret => (
            format!("this looks like a secret: {detail}"),
            "take it out, and change it where it is used: it may be in the history too; a line that says ctxpack:allow is let be".to_owned(),
        ),
        Code::StaleBundle | Code::StaleLock => (format!("{name}: {detail}"), harmless(told.fix)),
    };
    let said = entry
        .map(|entry| entry.message.as_str())
        .unwrap_or_default();
    let is_about_limit = !matches!(finding.code, Code::ProbableSecret | Code::NothingMatched);
    Words {
        message,
        advice: if said.is_empty() || !is_about_limit {
            advice
        } else {
            format!("{}; {advice}", harmless(said).trim_end_matches(['.', ' ']))
        },
    }
}

fn config(finding: &Finding) -> String {
    match finding.path.as_str() {
        "" => "ctxpack.toml".to_owned(),
        path => plain(&redact(path)),
    }
}

/// `part` of `whole` with a decimal where it is small: `3.1%`, `212%`.
pub fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let tenths = part as u128 * 1_000 / whole as u128;
    if tenths == 0 && part > 0 {
        return "<0.1%".to_owned();
    }
    if tenths >= 1_000 || tenths.is_multiple_of(10) {
        format!("{}%", tenths / 10)
    } else {
        format!("{}.{}%", tenths / 10, tenths % 10)
    }
}
