//! From counts to rows, one a limit, and findings: what is wrong, where, and by how much. Words are the command line's.

use super::code::{Code, Level};
use super::limits::{Named, Scope, Unit};
use super::measure::{Files, Measured, Size};
use super::{Entry, Limit};
use crate::request::Budget;
use crate::source::notes::doctor::caps;
use std::collections::BTreeMap;

/// A share of a limit from which on it is told that the limit is near, in percent.
const NEAR: u128 = 95;

/// How a limit fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Status {
    Passed,
    Warned,
    Failed,
}

impl Status {
    /// `passed`, `warned` or `failed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
        }
    }
}

/// One limit, or what came of several of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is called.
    pub name: String,
    /// How it fared.
    pub status: Status,
    /// How many files it is about.
    pub n_files: usize,
    /// How large they are; where each counts alone, the one that is nearest to its limit.
    pub size: usize,
    /// How much is allowed; `None` where growth alone is judged.
    pub limit: Option<usize>,
    /// What of.
    pub unit: Unit,
    /// Tokens before, where that was asked for and is known.
    pub base: Option<usize>,
    /// Tokens of all files together.
    pub tokens: usize,
    /// The entry that it comes of.
    pub entry_idx: Option<usize>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of thing.
    pub code: Code,
    /// The name of the check.
    pub check: String,
    /// The file at fault, or the config file that says how much is allowed; empty where the limit was typed.
    pub path: String,
    /// The line of it, from 1; 0 where it is about the whole file.
    pub line: u32,
    /// How large it is.
    pub size: usize,
    /// How much is allowed.
    pub limit: usize,
    /// What of.
    pub unit: Unit,
    /// How many files were added up.
    pub n_files: usize,
    /// Tokens before, of what grew.
    pub base: Option<usize>,
    /// More about it, such as the kind of a secret; may be empty.
    pub detail: String,
    /// The entry that it comes of.
    pub entry_idx: Option<usize>,
}

impl Finding {
    /// A finding without numbers.
    pub fn plain(code: Code, check: &str, path: &str, line: u32) -> Self {
        Self {
            code,
            check: check.to_owned(),
            path: path.to_owned(),
            line,
            size: 0,
            limit: 0,
            unit: Unit::Tokens,
            n_files: 0,
            base: None,
            detail: String::new(),
            entry_idx: None,
        }
    }
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// In the order of the entries.
    pub rows: Vec<Row>,
    /// Errors first, then by file and line.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing failed.
    pub fn passed(&self) -> bool {
        self.count(Level::Error) == 0
    }

    /// Findings of one level.
    pub fn count(&self, level: Level) -> usize {
        let of_level = self.findings.iter().filter(|it| it.code.level() == level);
        of_level.count()
    }

    /// Puts findings in order, each once.
    pub fn settle(&mut self) {
        self.findings.sort_by(|a, b| {
            let key = |it: &Finding| (it.code.level(), it.path.clone(), it.line, it.code);
            key(a).cmp(&key(b)).then_with(|| a.check.cmp(&b.check))
        });
        self.findings.dedup();
    }
}

/// Tokens by the name of the check: what a lock keeps.
pub type Sums = BTreeMap<String, usize>;

/// What the files of each entry come to, by its name.
pub fn sums(entries: &[Entry], files: &Files) -> Sums {
    let each = entries.iter().zip(&files.of_entry);
    each.map(|(entry, own)| (entry.name.clone(), tokens(files, own)))
        .collect()
}

/// Judges `files` by `entries`. `base` holds what checks came to before, by their names; `None` where nobody asks.
pub fn judge(entries: &[Entry], files: &Files, base: Option<&Sums>) -> Report {
    let mut report = Report::default();
    for (entry_idx, (entry, own)) in entries.iter().zip(&files.of_entry).enumerate() {
        let before = report.findings.len();
        let n_files = own.len();
        if n_files == 0 && entry.is_built_in {
            continue;
        }
        let mut row = Row {
            name: entry.name.clone(),
            status: Status::Passed,
            n_files,
            size: tokens(files, own),
            limit: None,
            unit: Unit::Tokens,
            base: None,
            tokens: tokens(files, own),
            entry_idx: Some(entry_idx),
        };
        let found = &mut report.findings;
        if n_files == 0 {
            found.push(of_entry(entry, Code::NothingMatched, |place| place.line));
        } else {
            limit(entry, files, own, &mut row, found);
            grown(entry, base, &mut row, found);
        }
        for file in own.iter().map(|&idx| &files.files[idx]) {
            found.extend(file.not_counted.iter().map(|why| Finding {
                detail: why.clone(),
                ..Finding::plain(Code::NotCounted, &entry.name, &file.path, 0)
            }));
        }
        let found = &mut report.findings[before..];
        for finding in found.iter_mut() {
            finding.entry_idx = Some(entry_idx);
        }
        let worst = found.iter().map(|it| match it.code.level() {
            Level::Error => Status::Failed,
            Level::Warning => Status::Warned,
        });
        row.status = worst.max().unwrap_or(Status::Passed);
        report.rows.push(row);
    }
    secrets(files, &mut report);
    report.settle();
    report
}

/// Secrets in whatever was read, as one row if there are any.
fn secrets(files: &Files, report: &mut Report) {
    let mut n_files = 0;
    for file in &files.files {
        n_files += usize::from(!file.secrets.is_empty());
        for secret in &file.secrets {
            report.findings.push(Finding {
                detail: secret.kind.to_owned(),
                ..Finding::plain(Code::ProbableSecret, "secrets", &file.path, secret.line)
            });
        }
    }
    if n_files > 0 {
        report.rows.push(Row {
            name: "secrets".to_owned(),
            status: Status::Failed,
            n_files,
            size: 0,
            limit: None,
            unit: Unit::Tokens,
            base: None,
            tokens: 0,
            entry_idx: None,
        });
    }
}

fn tokens(files: &Files, own: &[usize]) -> usize {
    own.iter().map(|&idx| files.files[idx].size.tokens).sum()
}

fn of_entry(entry: &Entry, code: Code, line: impl Fn(&super::Place) -> u32) -> Finding {
    match &entry.place {
        Some(place) => Finding::plain(code, &entry.name, &place.path, line(place)),
        None => Finding::plain(code, &entry.name, "", 0),
    }
}

/// Whether `size` is more than `limit`, or near it; `None` where it is neither.
pub(super) fn reached(size: usize, limit: usize) -> Option<Level> {
    if size > limit {
        Some(Level::Error)
    } else if size as u128 * 100 >= limit as u128 * NEAR {
        Some(Level::Warning)
    } else {
        None
    }
}

fn parts(budget: Budget) -> (usize, Unit) {
    match budget {
        Budget::Tokens(n) => (n, Unit::Tokens),
        Budget::Characters(n) => (n, Unit::Characters),
        Budget::Bytes(n) => (n, Unit::Bytes),
    }
}

fn in_unit(size: &Size, unit: Unit) -> usize {
    match unit {
        Unit::Tokens => size.tokens,
        Unit::Characters => size.characters,
        Unit::Bytes => size.bytes,
        Unit::Lines => size.lines,
    }
}

fn limit(entry: &Entry, files: &Files, own: &[usize], row: &mut Row, found: &mut Vec<Finding>) {
    match entry.limit {
        None => {}
        Some(Limit::Together(budget)) => {
            let (most, unit) = parts(budget);
            let size = own.iter().map(|&idx| in_unit(&files.files[idx].size, unit));
            (row.size, row.limit, row.unit) = (size.sum(), Some(most), unit);
            let code = match reached(row.size, most) {
                Some(Level::Error) => Code::OverBudget,
                Some(Level::Warning) => Code::NearBudget,
                None => return,
            };
            found.push(Finding {
                size: row.size,
                limit: most,
                unit,
                n_files: own.len(),
                ..of_entry(entry, code, |place| place.limit_line)
            });
        }
        Some(Limit::Each(budget)) => {
            let (most, unit) = parts(budget);
            row.limit = Some(most);
            row.unit = unit;
            row.size = 0;
            for file in own.iter().map(|&idx| &files.files[idx]) {
                let size = in_unit(&file.size, unit);
                row.size = row.size.max(size);
                let code = match reached(size, most) {
                    Some(Level::Error) => Code::OverBudget,
                    Some(Level::Warning) => Code::NearBudget,
                    None => continue,
                };
                found.push(Finding {
                    size,
                    limit: most,
                    unit,
                    n_files: 1,
                    ..Finding::plain(code, &entry.name, &file.path, 0)
                });
            }
        }
        Some(Limit::Host(host)) => host_limit(host, entry, files, own, row, found),
    }
}

fn is_in_chain(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    caps::CHAIN_NAMES.contains(&name)
}

/// The size of `size` over the limit `most`, for comparing: parts of a million.
fn share(size: usize, most: usize) -> u128 {
    size as u128 * 1_000_000 / most.max(1) as u128
}

fn host_limit(
    host: &'static Named,
    entry: &Entry,
    files: &Files,
    own: &[usize],
    row: &mut Row,
    found: &mut Vec<Finding>,
) {
    let own: Vec<&Measured> = own.iter().map(|&idx| &files.files[idx]).collect();
    // each file with the numbers that are held against the limits
    let mut sized: Vec<(&str, Size, (u32, u32))> = Vec::new();
    match host.scope {
        Scope::Each => {
            for file in own {
                let mut size = file.size;
                if host.most.iter().any(|(_, unit)| *unit == Unit::Lines) {
                    size.bytes = size.loaded_bytes;
                }
                sized.push((&file.path, size, file.past));
            }
        }
        Scope::Chain => {
            let names: Vec<(&str, usize)> = own
                .iter()
                .map(|it| (it.path.as_str(), it.size.bytes))
                .collect();
            let all = caps::chained(&names);
            // one that is below another too long says nothing new
            let new = |most: usize| move |it: &&(&str, usize, usize)| it.2 <= most;
            for (path, bytes, _) in all.iter().filter(new(host.most[0].0)) {
                let size = Size {
                    bytes: *bytes,
                    ..Size::default()
                };
                sized.push((path, size, (0, 0)));
            }
            // a file of another name is in no chain, and counts alone
            let others = own.iter().filter(|it| !is_in_chain(&it.path));
            sized.extend(others.map(|it| (it.path.as_str(), it.size, (0, 0))));
        }
    }
    let mut worst = 0;
    for (path, size, past) in sized {
        let measures = host
            .most
            .iter()
            .map(|&(most, unit)| (in_unit(&size, unit), most, unit));
        let Some((size, most, unit)) = measures.max_by_key(|it| share(it.0, it.1)) else {
            continue;
        };
        if row.limit.is_none() || share(size, most) > worst {
            worst = share(size, most);
            (row.size, row.limit, row.unit) = (size, Some(most), unit);
        }
        let code = match (reached(size, most), host.is_advice) {
            (Some(Level::Error), true) => Code::OverAdvice,
            (Some(Level::Error), false) => Code::OverCap,
            (Some(Level::Warning), false) => Code::NearCap,
            _ => continue,
        };
        let line = match (code, unit) {
            (Code::NearCap, _) => 0,
            (_, Unit::Lines) => past.0,
            (_, Unit::Bytes) => past.1,
            _ => 0,
        };
        found.push(Finding {
            size,
            limit: most,
            unit,
            n_files: 1,
            detail: host.why.to_owned(),
            ..Finding::plain(code, &entry.name, path, line)
        });
    }
}

fn grown(entry: &Entry, base: Option<&Sums>, row: &mut Row, found: &mut Vec<Finding>) {
    let before = base.and_then(|base| base.get(&entry.name)).copied();
    row.base = before.filter(|n| *n > 0);
    let Some(growth) = entry.max_growth else {
        return;
    };
    let Some(before) = row.base else {
        found.push(of_entry(entry, Code::NoBaseline, |place| place.growth_line));
        return;
    };
    let most = growth.most(before);
    if row.tokens > most {
        found.push(Finding {
            size: row.tokens,
            limit: most,
            n_files: row.n_files,
            base: Some(before),
            ..of_entry(entry, Code::GrownTooMuch, |place| place.growth_line)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Growth, Place, built_in, named};

    /// The files of one entry, with their tokens.
    fn files(sizes: &[usize]) -> Files {
        let file = |(n, &tokens): (usize, &usize)| Measured {
            path: format!("f{n}"),
            size: Size {
                tokens,
                ..Size::default()
            },
            ..Measured::default()
        };
        Files {
            files: sizes.iter().enumerate().map(file).collect(),
            of_entry: vec![(0..sizes.len()).collect()],
        }
    }

    fn entry(limit: Option<Limit>, max_growth: Option<Growth>) -> Entry {
        Entry {
            name: "docs".to_owned(),
            include: Vec::new(),
            exclude: Vec::new(),
            limit,
            max_growth,
            message: String::new(),
            place: Some(Place {
                path: "ctxpack.toml".to_owned(),
                line: 1,
                limit_line: 2,
                growth_line: 3,
            }),
            is_built_in: false,
        }
    }

    fn told(report: &Report) -> Vec<String> {
        let told = |it: &Finding| {
            let code = it.code.as_str();
            format!("{}:{} {code} {}/{}", it.path, it.line, it.size, it.limit)
        };
        report.findings.iter().map(told).collect()
    }

    #[track_caller]
    fn check(entry: Entry, sizes: &[usize], base: Option<usize>, expected: &[&str]) {
        let base = base.map(|n| Sums::from([("docs".to_owned(), n)]));
        let report = judge(&[entry], &files(sizes), base.as_ref());
        assert_eq!(told(&report), expected);
        let worst = report.findings.iter().map(|it| it.code.level()).min();
        let status = match worst {
            Some(Level::Error) => Status::Failed,
            Some(Level::Warning) => Status::Warned,
            None => Status::Passed,
        };
        assert_eq!(report.rows[0].status, status);
        assert_eq!(report.passed(), status != Status::Failed);
    }

    #[test]
    fn budgets() {
        let together = entry(Some(Limit::Together(Budget::Tokens(100))), None);
        check(together.clone(), &[50, 44], None, &[]);
        check(
            together.clone(),
            &[50, 45],
            None,
            &["ctxpack.toml:2 near-budget 95/100"],
        );
        check(
            together.clone(),
            &[50, 50],
            None,
            &["ctxpack.toml:2 near-budget 100/100"],
        );
        check(
            together.clone(),
            &[50, 51],
            None,
            &["ctxpack.toml:2 over-budget 101/100"],
        );
        check(together, &[], None, &["ctxpack.toml:1 nothing-matched 0/0"]);
        let each = entry(Some(Limit::Each(Budget::Tokens(100))), None);
        let expected = ["f0:0 over-budget 101/100", "f2:0 near-budget 99/100"];
        check(each, &[101, 50, 99], None, &expected);
    }

    #[test]
    fn growth() {
        let share = entry(None, Some(Growth::Share(500)));
        check(share.clone(), &[105], Some(100), &[]);
        check(
            share.clone(),
            &[106],
            Some(100),
            &["ctxpack.toml:3 grown-too-much 106/105"],
        );
        check(
            share.clone(),
            &[1],
            Some(0),
            &["ctxpack.toml:3 no-baseline 0/0"],
        );
        check(share, &[1], None, &["ctxpack.toml:3 no-baseline 0/0"]);
        let tokens = entry(None, Some(Growth::Tokens(7)));
        check(tokens.clone(), &[107], Some(100), &[]);
        check(
            tokens,
            &[108],
            Some(100),
            &["ctxpack.toml:3 grown-too-much 108/107"],
        );
        assert_eq!(Growth::Share(u32::MAX).most(usize::MAX), usize::MAX);
    }

    #[test]
    fn what_hosts_take() {
        let of = |host: &str, sizes: &[(&str, Size)]| {
            let host = entry(Some(Limit::Host(named(host).unwrap())), None);
            let file = |(path, size): &(&str, Size)| Measured {
                path: (*path).to_owned(),
                size: *size,
                past: (201, 150),
                ..Measured::default()
            };
            let files = Files {
                files: sizes.iter().map(file).collect(),
                of_entry: vec![(0..sizes.len()).collect()],
            };
            told(&judge(&[host], &files, None))
        };
        let size = |characters, bytes, lines| Size {
            characters,
            bytes,
            lines,
            loaded_bytes: bytes,
            tokens: 0,
        };
        let hook = |n| of("claude-hook", &[("h", size(n, 0, 0))]);
        assert_eq!(hook(9_499), [""; 0]);
        assert_eq!(hook(9_500), ["h:0 near-cap 9500/10000"]);
        assert_eq!(hook(10_001), ["h:0 over-cap 10001/10000"]);
        let memory = |bytes, lines| of("memory-md", &[("m", size(0, bytes, lines))]);
        assert_eq!(memory(100, 189), [""; 0]);
        assert_eq!(memory(100, 201), ["m:201 over-cap 201/200"]);
        assert_eq!(memory(25_001, 20), ["m:150 over-cap 25001/25000"]);
        let advice = |lines| of("claude-md", &[("c", size(0, 0, lines))]);
        assert_eq!(advice(200), [""; 0]);
        assert_eq!(advice(201), ["c:201 over-advice 201/200"]);
        let chain = [
            ("AGENTS.md", size(0, 20_000, 0)),
            ("a/AGENTS.md", size(0, 13_000, 0)),
            ("a/b/AGENTS.md", size(0, 13_000, 0)),
            ("b/AGENTS.md", size(0, 9_000, 0)),
        ];
        assert_eq!(
            of("codex-agents", &chain),
            ["a/AGENTS.md:0 over-cap 33000/32768"]
        );
        let others = [
            ("rules.md", size(0, 40_000, 0)),
            ("b.md", size(0, 30_000, 0)),
        ];
        let expected = ["rules.md:0 over-cap 40000/32768"];
        assert_eq!(of("codex-agents", &others), expected);
    }

    #[test]
    fn what_nobody_asked_for_may_match_nothing() {
        let entries = built_in();
        let files = Files {
            files: Vec::new(),
            of_entry: vec![Vec::new(); entries.len()],
        };
        assert_eq!(judge(&entries, &files, None), Report::default());
    }
}
