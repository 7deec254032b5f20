//! `ctxpack`: the bundle to stdout or a file; on a terminal a summary of it.

use crate::cli::args::PackArgs;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::output::{self, Target};
use crate::cli::progress::Progress;
use crate::cli::resolve::{self, Resolved};
use crate::cli::style::{self, Style};
use crate::cli::{explain, stats, summary};
use ctxpack::guard::secrets::redact;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

/// Runs `ctxpack`.
///
/// # Errors
/// Anything that keeps the bundle, or what is shown instead of it, from being whole.
pub fn run(args: &PackArgs) -> Outcome<()> {
    let target = args.output.as_deref().map(output::target).transpose()?;
    let manifest = args.manifest.as_deref().map(manifest_target).transpose()?;
    if let (Some(Target::File(a)), Some(Target::File(b))) = (&target, &manifest)
        && a == b
    {
        return Err(Failure::new("--output and --manifest name the same file"));
    }
    let Resolved {
        mut request,
        mut warnings,
        ..
    } = resolve::pack(&args.ask, &args.talk)?;
    for own in target.iter().chain(&manifest) {
        for root in &request.roots {
            request.exclude.extend(output::glob_below(own, root));
        }
    }
    request.explain = args.explain.is_some();
    // Time spent waiting for stdin is not the tool's.
    let started = Instant::now();
    let progress = Progress::start(args.talk.quiet);
    let result = ctxpack::pack(&request, &|stage, n| progress.report(stage, n));
    drop(progress);
    let total = started.elapsed();
    let packed = match result {
        Ok(packed) => packed,
        Err(error) => {
            say(args, &warnings, output::MAX_WARNINGS);
            return Err(error.into());
        }
    };
    warnings.extend(
        packed
            .bundle
            .account
            .warnings
            .iter()
            .filter_map(output::shown_warning),
    );

    let color = args.talk.color;
    let on_terminal = target.is_none() && std::io::stdout().is_terminal();
    // Above a summary a few will do: it should stay on the screen.
    let most = if on_terminal { 3 } else { output::MAX_WARNINGS };
    say(args, &warnings, most);
    let stdout = match target {
        None => Style::stdout(color),
        Some(_) => Style::PLAIN,
    };
    let stderr = Style::stderr(color);
    let path = args
        .explain
        .as_deref()
        .map(Path::new)
        .filter(|path| !path.as_os_str().is_empty());
    if args.explain.is_some() && path.is_none() {
        talk(&explain::all(&packed, stderr));
    }
    if let Some(target) = &manifest {
        output::write(target, &ctxpack::manifest(&packed.bundle))?;
    }
    let place = target.clone().unwrap_or(Target::Stdout);
    if let Some(path) = path {
        let text = explain::named(&packed, path, &request.roots, stdout)?;
        output::write(&place, &text)?;
    } else if on_terminal {
        // it is shown again, as the way to get the bundle itself
        let typed =
            std::env::args_os().map(|word| redact(&word.to_string_lossy()).into_owned().into());
        let typed: Vec<std::ffi::OsString> = typed.collect();
        let (columns, rows) = style::terminal_size();
        let text = summary::summary(
            &packed,
            &request,
            &typed,
            (columns, rows.saturating_sub(warnings.len().min(most + 1))),
            total,
            stdout,
        );
        output::write(&place, &text)?;
    } else {
        output::write(&place, &packed.bundle.text)?;
    }
    if args.stats {
        talk(&stats::table(&packed, &request, total, stderr));
    }
    if args.timings {
        talk(&stats::timings(&packed, total));
    }
    let told = on_terminal || path.is_some() || args.stats || args.talk.quiet;
    if !told && std::io::stderr().is_terminal() {
        let file = args
            .output
            .as_deref()
            .filter(|path| path.as_os_str() != "-");
        talk(&summary::closing(&packed, &request, file, total, stderr));
    }
    Ok(())
}

fn manifest_target(path: &Path) -> Outcome<Target> {
    match output::target(path)? {
        Target::Stdout => Err(
            Failure::new("--manifest goes to a file: stdout is the bundle's")
                .hint("ctxpack --format json puts the manifest on stdout, with each item's text"),
        ),
        target => Ok(target),
    }
}

fn say(args: &PackArgs, warnings: &[String], most: usize) {
    if !args.talk.quiet {
        output::warn(warnings, most, args.talk.color);
    }
}

/// Writes to stderr. That nobody listens there is no reason to fail.
fn talk(text: &str) {
    let _ = std::io::stderr().lock().write_all(redact(text).as_bytes());
}
