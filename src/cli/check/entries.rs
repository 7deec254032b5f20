//! The checks that a run is about: one that is typed, or those of ctxpack.toml.

use super::CheckArgs;
use crate::cli::budget::{self, Size};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::resolve::Project;
use crate::config::{self, CheckEntry};
use ctxpack::check::{Entry, Limit, Place};
use ctxpack::error::Error;
use std::path::PathBuf;

/// The check that is typed, if one is.
pub(super) fn typed(args: &CheckArgs, project: &Project) -> Outcome<Option<Entry>> {
    let mut include = Vec::new();
    let mut names = Vec::new();
    let is_stdin = |path: &&PathBuf| path.as_os_str() == "-";
    names.extend(
        args.paths
            .iter()
            .filter(is_stdin)
            .map(|_| "stdin".to_owned()),
    );
    for path in args.paths.iter().filter(|path| !is_stdin(path)) {
        let real = path.canonicalize();
        let real = real.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::from(Error::NoSuchPath(path.clone())),
            _ => Failure::from(Error::io(path, error)),
        })?;
        let root = project.root.canonicalize().unwrap_or_default();
        let Ok(below) = real.strip_prefix(&root) else {
            let shown = path.display();
            return Err(
                Failure::new(format!("{shown}: lies outside of {}", root.display()))
                    .hint("check one repository at a time"),
            );
        };
        let below = below
            .to_string_lossy()
            .replace(std::path::MAIN_SEPARATOR, "/");
        if !below.is_empty() {
            include.push(format!("/{}", globset::escape(&below)));
            names.push(below);
        }
    }
    let asks = args.budget.is_some()
        || args.host.is_some()
        || !names.is_empty()
        || !args.include.is_empty()
        || !args.exclude.is_empty();
    let is_all = args.max_growth.is_some() && project.settings.check.is_empty();
    if !asks && !is_all {
        return Ok(None);
    }
    if !include.is_empty() && !args.include.is_empty() {
        return Err(
            Failure::new("PATH and --include say the same thing twice").hint("keep one of them")
        );
    }
    include.extend(args.include.iter().cloned());
    names.extend(args.include.iter().cloned());
    let size = args.budget.as_deref().map(budget::parse).transpose()?;
    let host = args.host.as_deref().map(config::parse_limit).transpose()?;
    let limit = match (size, host) {
        (Some(_), Some(_)) => {
            return Err(
                Failure::new("--budget and --for are two limits").hint("check them one by one")
            );
        }
        (Some(size), None) => Some(limit(size, args.each, project)?),
        (None, Some(host)) if host.files.is_empty() && names.is_empty() => {
            return Err(
                Failure::new(format!("--for {}: of which files?", host.name))
                    .hint(format!("ctxpack check --for {} FILE", host.name)),
            );
        }
        (None, Some(host)) => Some(Limit::Host(host)),
        (None, None) if args.max_growth.is_none() && args.against.is_none() && !args.why => {
            return Err(Failure::new("how much is allowed?").hint(
                "--budget 40k, --for claude-hook or --max-growth 5%; --why shows what is there",
            ));
        }
        (None, None) => None,
    };
    let name = match names.as_slice() {
        [] => host.map_or(".", |host| host.name).to_owned(),
        names => names.join(" "),
    };
    Ok(Some(Entry {
        name,
        include,
        exclude: args.exclude.clone(),
        limit,
        max_growth: None,
        message: String::new(),
        place: None,
        is_built_in: false,
    }))
}

/// The limit of a size: of each file alone, or of all together.
fn limit(size: Size, is_each: bool, project: &Project) -> Outcome<Limit> {
    let budget = budget::resolve(size, project.settings.model.as_ref())?;
    Ok(match is_each {
        true => Limit::Each(budget),
        false => Limit::Together(budget),
    })
}

/// A check of ctxpack.toml.
pub(super) fn of_config(entry: &CheckEntry, project: &Project) -> Outcome<Entry> {
    let limit = match (entry.budget, entry.host) {
        (Some(size), _) => Some(limit(size, entry.each, project)?),
        (None, host) => host.map(Limit::Host),
    };
    let [line, limit_line, growth_line] = entry.places.map(|line| line as u32);
    Ok(Entry {
        name: entry.name.clone(),
        include: entry.include.clone(),
        exclude: entry.exclude.clone(),
        limit,
        max_growth: entry.max_growth,
        message: entry.message.clone(),
        place: Some(Place {
            path: config::PROJECT_FILE.to_owned(),
            line,
            limit_line,
            growth_line,
        }),
        is_built_in: false,
    })
}
