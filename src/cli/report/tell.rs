//! Where a report goes, and in which format where none is asked for.

use super::github::summary_limit;
use super::{Format, Told, format, markdown};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::output::{self, Target};
use crate::cli::style::ColorChoice;
use ctxpack::error::Error;
use std::io::Write;
use std::path::PathBuf;

/// The format that is asked for, or that the machine at hand reads.
///
/// # Errors
/// An unknown name.
pub fn output_format(asked: Option<&str>) -> Outcome<&'static Format> {
    let on_github = || std::env::var_os("GITHUB_ACTIONS").is_some_and(|it| it == "true");
    match asked {
        Some(name) => format(name),
        None if on_github() => format("github"),
        None => format("text"),
    }
}

/// Writes a report, and in GitHub Actions the summary of the job as well.
///
/// # Errors
/// What cannot be written.
pub fn tell(format: &Format, told: &Told<'_>, target: &Target) -> Outcome<()> {
    output::write(target, &(format.write)(told))?;
    let summary = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
    if let Some(path) = summary.filter(|_| format.name == "github") {
        let path = PathBuf::from(path);
        if path.metadata().is_ok_and(|it| !it.is_file()) {
            // of a pipe, whoever reads it would be waited for
            let warning = format!(
                "GITHUB_STEP_SUMMARY: {} is no regular file, and no summary is written",
                path.display()
            );
            output::warn(&[warning], 1, ColorChoice::Auto);
            return Ok(());
        }
        let text = markdown(told);
        let so_far = path.metadata().map_or(0, |it| it.len());
        if so_far + text.len() as u64 <= summary_limit() {
            let file = std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(&path);
            file.and_then(|mut file| file.write_all(text.as_bytes()))
                .map_err(|error| Failure::from(Error::io(&path, error)))?;
        }
    }
    Ok(())
}
