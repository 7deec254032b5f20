//! What checks found, in the shape that somebody reads: a person, a script, or a machine that shows it beside the code.
//!
//! One file a format, one row in [`FORMATS`]. Names and messages come out of the repository that is checked, so each format escapes
//! what its reader would take for structure; control characters are written out in all of them.

mod github;
mod gitlab;
mod json;
mod junit;
mod markdown;
mod sarif;
mod tell;
mod text;
mod words;

pub use markdown::{code, text};
pub use tell::{output_format, tell};
pub use words::percent;
use words::words;

use crate::cli::failure::{Failure, Outcome};
use crate::cli::style::Style;
use crate::cli::suggest;
use ctxpack::check::{Entry, Finding, Report};
use std::collections::BTreeSet;
use twox_hash::XxHash3_128;

/// What a report tells of.
#[derive(Debug)]
pub struct Told<'a> {
    /// `check` or `bundle`.
    pub command: &'static str,
    /// What was found.
    pub report: &'a Report,
    /// What findings refer to.
    pub entries: &'a [Entry],
    /// What sizes are compared with, as a person names it.
    pub against: Option<&'a str>,
    /// The line to paste where a lock or a bundle is not up to date.
    pub fix: &'a str,
    /// What takes the space, where that was asked for.
    pub why: Option<&'a [Share]>,
    /// Trouble that is no finding.
    pub warnings: &'a [String],
    /// Whether a person looks on.
    pub is_terminal: bool,
    /// How to make it look.
    pub style: Style,
}

/// What takes the space of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Its name.
    pub check: String,
    /// Path, tokens, and tokens before where they are known; largest first.
    pub files: Vec<(String, usize, Option<usize>)>,
    /// Files that were there before and are not now, with their tokens; largest first.
    pub gone: Vec<(String, usize)>,
}

/// A format.
pub struct Format {
    /// What is typed.
    pub name: &'static str,
    /// Writes a report.
    pub write: fn(&Told<'_>) -> String,
}

/// All of them, the default first.
pub const FORMATS: [Format; 7] = [
    Format {
        name: "text",
        write: text::write,
    },
    Format {
        name: "json",
        write: json::write,
    },
    Format {
        name: "github",
        write: github::write,
    },
    Format {
        name: "sarif",
        write: sarif::write,
    },
    Format {
        name: "gitlab",
        write: gitlab::write,
    },
    Format {
        name: "junit",
        write: junit::write,
    },
    Format {
        name: "markdown",
        write: markdown::write,
    },
];

/// The format called `name`.
///
/// # Errors
/// An unknown name.
fn format(name: &str) -> Outcome<&'static Format> {
    let found = FORMATS.iter().find(|format| format.name == name);
    found.ok_or_else(|| {
        let known = suggest::nearest_first(name, FORMATS.iter().map(|format| format.name));
        Failure::new(format!("--format {name}: unknown format"))
            .hint(format!("one of {}", known.join(", ")))
    })
}

/// The report in Markdown, whatever else is written: for the summary of a job.
fn markdown(told: &Told<'_>) -> String {
    markdown::write(told)
}

/// Where a finding points, for readers that need a file: its own, the largest of its check, or nothing.
fn place<'a>(told: &'a Told<'_>, finding: &'a Finding) -> (&'a str, u32) {
    if !finding.path.is_empty() {
        return (&finding.path, finding.line);
    }
    let largest = told.why.into_iter().flatten();
    let mut largest = largest.filter(|share| share.check == finding.check);
    let file = largest.next().and_then(|share| share.files.first());
    (file.map_or("", |(path, ..)| path.as_str()), 0)
}

/// What names each finding, in their order: the same in the next run, whatever the numbers are then, and no other's.
fn fingerprints(told: &Told<'_>) -> Vec<String> {
    let mut known = BTreeSet::new();
    let each = told.report.findings.iter().map(|finding| {
        let (code, check) = (finding.code.as_str(), &finding.check);
        let mut seed = format!("{code}\0{check}\0{}\0{}", finding.path, finding.detail);
        while !known.insert(seed.clone()) {
            seed.push_str("\0again");
        }
        format!("{:032x}", XxHash3_128::oneshot(seed.as_bytes()))
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::words::Words;
    use super::*;
    use ctxpack::check::{Code, Row, Status, Unit};

    /// A report whose every name is hostile.
    fn hostile() -> (Report, Vec<Entry>) {
        let evil = "a%,:\n::error::x\u{1b}[31m<b>&\"'`|[x](y)]]>";
        let entry = Entry {
            name: evil.to_owned(),
            include: Vec::new(),
            exclude: Vec::new(),
            limit: None,
            max_growth: None,
            message: evil.to_owned(),
            place: None,
            is_built_in: false,
        };
        let findings = Code::ALL.iter().map(|code| Finding {
            detail: evil.to_owned(),
            size: 1_234,
            limit: 1_000,
            base: Some(900),
            n_files: 2,
            unit: Unit::Tokens,
            entry_idx: Some(0),
            ..Finding::plain(*code, evil, evil, 7)
        });
        let report = Report {
            findings: findings.collect(),
            rows: vec![Row {
                name: evil.to_owned(),
                status: Status::Failed,
                n_files: 2,
                size: 1_234,
                limit: Some(1_000),
                unit: Unit::Tokens,
                base: Some(900),
                tokens: 1_234,
                entry_idx: Some(0),
            }],
        };
        (report, vec![entry])
    }

    /// Gives `look` what there is to tell of a hostile report.
    fn with_told<T>(look: impl Fn(&Told<'_>) -> T) -> T {
        let (report, entries) = hostile();
        let why = [Share {
            check: report.rows[0].name.clone(),
            files: vec![(report.rows[0].name.clone(), 9, Some(3))],
            gone: vec![],
        }];
        look(&Told {
            command: "check",
            report: &report,
            entries: &entries,
            against: Some("origin/main\n::x"),
            fix: "git add x",
            why: Some(&why),
            warnings: &[],
            is_terminal: false,
            style: Style::PLAIN,
        })
    }

    fn written(name: &str) -> String {
        with_told(format(name).unwrap().write)
    }

    #[test]
    fn no_name_gets_out_of_its_place() {
        for format in &FORMATS {
            let text = written(format.name);
            assert!(text.ends_with('\n'), "{}", format.name);
            assert!(!text.contains('\u{1b}'), "{}", format.name);
            for line in text.lines() {
                let is_command = line.trim_start().starts_with("::");
                assert!(
                    !is_command || format.name == "github",
                    "{}: {line}",
                    format.name
                );
            }
        }
    }

    #[test]
    fn annotations_are_one_line_each() {
        let text = written("github");
        let commands = ["::error ", "::warning ", "::notice "];
        for line in text.lines() {
            assert!(
                commands.iter().any(|command| line.starts_with(command)),
                "{line}"
            );
            let properties = line.split("::").nth(1).unwrap();
            assert!(!properties.contains("::"), "{line}");
            let file = properties.split("file=").nth(1).unwrap();
            assert!(file.starts_with("a%25%2C%3A"), "{line}");
        }
        assert!(text.lines().count() <= 21);
    }

    #[test]
    fn what_machines_read_can_be_read() {
        for name in ["json", "sarif", "gitlab"] {
            let _: serde_json::Value = serde_json::from_str(&written(name)).unwrap();
        }
        let text = written("junit");
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut n_cases = 0;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Eof => break,
                quick_xml::events::Event::Start(it) if it.name().as_ref() == "testcase" => {
                    n_cases += 1;
                    assert!(it.attributes().all(|attribute| attribute.is_ok()));
                }
                _ => {}
            }
        }
        assert_eq!(n_cases, 1);
    }

    #[test]
    fn fingerprints_tell_findings_apart_and_not_their_numbers() {
        let (mut report, entries) = hostile();
        report.findings.truncate(1);
        let one = report.findings[0].clone();
        let [path, check] = ["b.md", "other"].map(str::to_owned);
        report.findings.extend([
            Finding {
                path,
                ..one.clone()
            },
            Finding {
                check,
                ..one.clone()
            },
            one.clone(),
        ]);
        let of = |findings: Vec<Finding>| {
            let rows = report.rows.clone();
            fingerprints(&Told {
                command: "check",
                report: &Report { rows, findings },
                entries: &entries,
                against: None,
                fix: "",
                why: None,
                warnings: &[],
                is_terminal: false,
                style: Style::PLAIN,
            })
        };
        let all = of(report.findings.clone());
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 4, "{all:?}");
        let other_numbers = Finding {
            size: 1,
            line: 1,
            ..one
        };
        assert_eq!(of(vec![other_numbers]), all[..1]);
        for name in ["sarif", "gitlab"] {
            let first = with_told(fingerprints);
            assert!(written(name).contains(&first[0]), "{name}");
        }
    }

    #[test]
    fn every_code_has_words() {
        with_told(|told| {
            for finding in &told.report.findings {
                let Words { message, advice } = words(told, finding);
                assert!(!message.is_empty() && !advice.is_empty(), "{finding:?}");
                assert!(!message.ends_with('.'), "{message}");
            }
        });
    }
}
