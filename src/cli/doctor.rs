//! `ctxpack doctor`: what is wrong with the notes, and what to do about it.

use crate::cli::args::TalkArgs;
use crate::cli::failure::Outcome;
use crate::cli::memory::MemoryArgs;
use crate::cli::memory::{self, NOTES, json_warnings, shown};
use crate::cli::output::{self, Target};
use crate::cli::style::{Style, count, plain};
use clap::Args;
use ctxpack::source::notes::doctor::{self, Finding, Notes};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Say what is wrong with the notes, and what to do about it.
///
/// Lines that a host does not load, topics missing from an index, links and names that lead nowhere, paths that are gone,
/// duplicates, conflicts, probable secrets, handoffs of long ago. Changes nothing. Exit code 0; with --strict 1 if
/// anything is found.
#[derive(Debug, Args)]
#[command(after_help = DOCTOR_EXAMPLES)]
pub struct DoctorArgs {
    /// Exit with 1 if anything is found.
    #[arg(long, help_heading = "What of")]
    pub strict: bool,

    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, one object a finding.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const DOCTOR_EXAMPLES: &str = "\
Examples:
  ctxpack doctor                         what is wrong with the notes, here and in your home
  ctxpack doctor --strict --no-home      in CI
  ctxpack doctor --json | jq '.findings[] | select(.code == \"conflict\")'

Codes:
  agents-chain-too-long  AGENTS.md from the root down are longer than what Codex loads
  conflict               two notes that cannot both hold
  dangling-link          a link to a file that is not there
  dangling-name          a [[name]] of no note
  drifted-anchor         a note of whose paths and names some are gone
  duplicate              a note that says what another says
  index-past-cap         lines of MEMORY.md past what Claude Code loads
  instructions-too-long  a CLAUDE.md longer than its makers advise
  near-duplicate         a note that says nearly what another says
  not-in-index           a topic file that MEMORY.md does not list
  orphaned-anchor        a note of whose paths and names none is left
  probable-secret        what looks like a key or a password
  stale-handoff          a handoff that HEAD is ahead of by 10 commits, or by 14 days
  superseded-listed      a superseded topic that MEMORY.md still lists";

/// Runs `ctxpack doctor`. With `--strict`, a finding gives exit code 1.
///
/// # Errors
/// As [`memory::read`].
pub fn run(args: &DoctorArgs) -> Outcome<ExitCode> {
    let memory = memory::read(&args.memory, &args.talk, NOTES)?;
    let tree = &memory.trees.trees[0];
    let documents = doctor::documents(&memory.request, &memory.trees, &memory.remembered);
    let atoms = &memory.remembered.atoms;
    let paths: Vec<&str> = tree.entries.iter().map(|entry| &*entry.path).collect();
    let behind = doctor::behind(tree, atoms);
    let notes = Notes {
        documents: &documents,
        atoms,
        paths: &paths,
        behind: &behind,
    };
    let exists = |path: &str| tree.root.join(path).symlink_metadata().is_ok();
    let findings = doctor::findings(&notes, &exists);
    let mut looked_at: Vec<&str> = atoms.iter().map(|atom| atom.path.as_str()).collect();
    looked_at.extend(documents.iter().map(|document| document.path.as_str()));
    looked_at.sort_unstable();
    looked_at.dedup();
    let text = if args.json {
        let found: Vec<Value> = findings.iter().map(object).collect();
        let whole = json!({
            "schema": 1,
            "notes": looked_at.len(),
            "findings": found,
            "warnings": json_warnings(&memory.warnings),
        });
        format!("{whole:#}\n")
    } else {
        report(&findings, looked_at.len(), Style::stdout(args.talk.color))
    };
    output::write(&Target::Stdout, &text)?;
    let fails = args.strict && !findings.is_empty();
    Ok(if fails {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

fn object(finding: &Finding) -> Value {
    json!({
        "code": finding.code.as_str(),
        "path": finding.path,
        "line": (finding.line > 0).then_some(finding.line),
        "message": shown(&finding.message),
        "advice": finding.code.advice(),
    })
}

/// More findings of one kind in one note than this are told by the first [`FEW`].
const MANY_ALIKE: usize = 5;
const FEW: usize = 3;

fn report(findings: &[Finding], n_notes: usize, style: Style) -> String {
    let notes = count(n_notes, "note");
    if findings.is_empty() {
        return format!("Nothing is wrong with {notes}.\n");
    }
    let mut out = String::new();
    // a finding of one kind in one note, dozens of times, hides the others
    for alike in findings.chunk_by(|a, b| (&a.path, a.code) == (&b.path, b.code)) {
        let n_shown = if alike.len() > MANY_ALIKE {
            FEW
        } else {
            alike.len()
        };
        for finding in &alike[..n_shown] {
            let place = match finding.line {
                0 => plain(&finding.path),
                line => plain(&format!("{}:{line}", finding.path)),
            };
            let code = style.yellow(finding.code.as_str());
            let message = plain(&shown(&finding.message));
            out.push_str(&format!("{}: {code}: {message}\n", style.bold(&place)));
        }
        if n_shown < alike.len() {
            out.push_str(&format!(
                "    and {} more there; --json lists them\n",
                alike.len() - n_shown
            ));
        }
        out.push_str(&format!("    {}\n", style.dim(alike[0].code.advice())));
    }
    let found = count(findings.len(), "finding");
    out.push_str(&format!("\n{found} in {notes}. Nothing was changed.\n"));
    out
}
