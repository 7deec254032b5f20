//! `ctxpack sources`: what would be read, from where, how much.

use crate::cli::args::{TalkArgs, WhatArgs};
use crate::cli::failure::Outcome;
use crate::cli::output::{self, Target};
use crate::cli::resolve;
use crate::cli::style::{
    Style, fit, fit_path, left, number, plain, right, size, terminal_size, width,
};
use clap::Args;
use ctxpack::Source;
use ctxpack::error::Warning;
use ctxpack::request::{Kind, Request};
use std::io::IsTerminal;

/// Show what would be read, from where, how much.
///
/// Lists every place that candidates come from: the files of each root, the notes in it, and the stores that agents keep for
/// it in the home directory. Nothing is packed. Tokens are estimates of everything in full.
#[derive(Debug, Args)]
#[command(after_help = SOURCES_EXAMPLES)]
pub struct SourcesArgs {
    #[command(flatten)]
    pub what: WhatArgs,

    /// Print JSON: schema 1, one object a source.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const SOURCES_EXAMPLES: &str = "\
Examples:
  ctxpack sources                       everything that ctxpack would read here
  ctxpack sources --only notes ../api
  ctxpack sources --json | jq '.sources[].where'";

/// Runs `ctxpack sources`.
///
/// # Errors
/// As packing does, for what is typed and what is read.
pub fn run(args: &SourcesArgs) -> Outcome<()> {
    let resolved = resolve::what(&args.what)?;
    let (sources, warnings) = ctxpack::sources(&resolved.request)?;
    if !args.talk.quiet {
        let mut lines = resolved.warnings;
        lines.extend(warnings.iter().filter_map(output::shown_warning));
        output::warn(&lines, output::MAX_WARNINGS, args.talk.color);
    }
    let text = if args.json {
        json(&sources, &warnings)
    } else {
        // A pipe has no width: nothing is cut.
        let columns = if std::io::stdout().is_terminal() {
            terminal_size().0.clamp(40, 160) - 1
        } else {
            usize::MAX
        };
        table(
            &sources,
            &resolved.request,
            columns,
            Style::stdout(args.talk.color),
        )
    };
    output::write(&Target::Stdout, &text)
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "files",
        Kind::Note => "notes",
        Kind::Session => "sessions",
    }
}

fn table(sources: &[Source], request: &Request, columns: usize, style: Style) -> String {
    if sources.is_empty() {
        return "Nothing would be read.\n".to_owned();
    }
    let widest = |of: fn(&Source) -> &str, least: usize| {
        let widths = sources.iter().map(|source| width(&plain(of(source))));
        widths.max().unwrap_or(0).max(least)
    };
    let name_columns = widest(|source| &source.name, 6).min(columns / 4);
    // kind 8, candidates 10, size 9, tokens 11, gaps of two.
    let rest = columns.saturating_sub(8 + 2 + name_columns + 2 + 10 + 9 + 11);
    let where_columns = widest(|source| &source.location, 5).min(rest).max(5);
    let row = |kind: &str, name: &str, place: &str, n: &str, bytes: &str, tokens: &str| {
        format!(
            "{}  {}  {}{}{}{}",
            left(kind, 8),
            left(&fit(&plain(name), name_columns), name_columns),
            left(&fit_path(&plain(place), where_columns), where_columns),
            right(n, 10),
            right(bytes, 9),
            right(tokens, 11)
        )
    };
    let mut out = format!(
        "{}\n",
        style.dim(&row("kind", "source", "where", "items", "size", "tokens"))
    );
    let mut sum = (0usize, 0u64, 0usize);
    for source in sources {
        let tokens = format!("~{}", number(source.tokens));
        let bytes = size(source.size_bytes);
        let line = row(
            kind_word(source.kind),
            &source.name,
            &source.location,
            &number(source.n_candidates),
            &bytes,
            &tokens,
        );
        out.push_str(&format!("{line}\n"));
        sum.0 = sum.0.saturating_add(source.n_candidates);
        sum.1 = sum.1.saturating_add(source.size_bytes);
        sum.2 = sum.2.saturating_add(source.tokens);
    }
    let total = row(
        "total",
        "",
        "",
        &number(sum.0),
        &size(sum.1),
        &format!("~{}", number(sum.2)),
    );
    out.push_str(&format!("{}\n", style.bold(&total)));
    let home = request.home.is_some()
        && sources
            .iter()
            .any(|source| source.location.starts_with("~/"));
    if home {
        out.push_str(
            &style.dim(
                "\n--no-home leaves out what is below ~; -e GLOB or --without KIND the rest.\n",
            ),
        );
    }
    out
}

fn json(sources: &[Source], warnings: &[Warning]) -> String {
    let sources: Vec<_> = sources
        .iter()
        .map(|source| {
            serde_json::json!({
                "kind": source.kind.as_str(),
                "name": source.name,
                "where": source.location,
                "items": source.n_candidates,
                "size_bytes": source.size_bytes,
                "tokens_estimate": source.tokens,
            })
        })
        .collect();
    let warnings: Vec<_> = warnings
        .iter()
        .map(|warning| serde_json::json!({"code": warning.code, "path": warning.path, "message": warning.message}))
        .collect();
    let whole = serde_json::json!({"schema": 1, "sources": sources, "warnings": warnings});
    format!("{whole:#}\n")
}
