//! `ctxpack cache`: what earlier runs found out, looked after by hand.

use crate::cli::args::TalkArgs;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::memory::{age, clock, columns, rfc3339};
use crate::cli::output::{self, Target};
use crate::cli::resolve::{self, Kept};
use crate::cli::style::{Style, count, fit, left, number, plain, right, size};
use crate::cli::suggest;
use clap::{Args, Subcommand};
use ctxpack::cache::Bucket;
use ctxpack::cache::care::{self, Amount, Cleared, Contents, Verified};
use ctxpack::error::Error;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// Show, check or empty the cache: what earlier runs found out.
///
/// Without more, says where it is, what it holds and how much. Deleting it, or any part of it, is always safe, also while others
/// run: the next run finds out again what it needs, and packs the same.
#[derive(Debug, Args)]
#[command(after_help = CACHE_EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct CacheArgs {
    #[command(subcommand)]
    pub what: Option<CacheCommand>,
    #[command(flatten)]
    pub info: CacheInfoArgs,
}

/// What to do with the cache.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Say where it is, what it holds and how much (the default).
    #[command(after_help = CACHE_EXAMPLES)]
    Info(CacheInfoArgs),
    /// Delete it, or a part of it.
    ///
    /// Deletes records, of this version of ctxpack and of others, and what runs that died have left. Nothing else is deleted, and no link
    /// is followed.
    #[command(after_help = CACHE_EXAMPLES)]
    Clear(CacheClearArgs),
    /// Look whether every record is whole. Exit code 1 if one is not.
    ///
    /// Reads each and checks its sum. Changes nothing unless asked: a record that is not whole does no harm, since runs pass it over, and
    /// may be the first that is seen of a failing disk.
    #[command(after_help = CACHE_EXAMPLES)]
    Verify(CacheVerifyArgs),
}

/// Options of `ctxpack cache info`.
#[derive(Debug, Args)]
pub struct CacheInfoArgs {
    /// Print JSON: schema 1, one object a bucket.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack cache clear`.
#[derive(Debug, Args)]
pub struct CacheClearArgs {
    /// Only of these buckets, as `ctxpack cache` names them [default: all]
    #[arg(value_name = "BUCKET")]
    pub buckets: Vec<String>,

    /// Only what was written longer ago: 30d, 12h, 2w.
    #[arg(long, value_name = "AGE", help_heading = "What of")]
    pub older_than: Option<String>,

    /// Only say what would be deleted.
    #[arg(long, help_heading = "Where to")]
    pub dry_run: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack cache verify`.
#[derive(Debug, Args)]
pub struct CacheVerifyArgs {
    /// Delete the records that are not whole. The exit code is 1 all the same.
    #[arg(long, help_heading = "What to do")]
    pub repair: bool,

    /// Print JSON: schema 1, one object a fault.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const CACHE_EXAMPLES: &str = "\
Examples:
  ctxpack cache                              where it is, what it holds, how much
  ctxpack cache clear                        delete all of it
  ctxpack cache clear sessions --older-than 30d --dry-run
  ctxpack cache verify                       is every record whole?
  ctxpack cache --json | jq .total.size_bytes";

/// Runs `ctxpack cache`. A record that is not whole gives `verify` exit code 1.
///
/// # Errors
/// Settings that cannot be read, a folder that cannot be listed, an unknown bucket or age, records that cannot be deleted.
pub fn run(args: &CacheArgs) -> Outcome<ExitCode> {
    let kept = resolve::kept()?;
    match &args.what {
        None => info(&args.info, &kept),
        Some(CacheCommand::Info(args)) => info(args, &kept),
        Some(CacheCommand::Clear(args)) => clear(args, &kept),
        Some(CacheCommand::Verify(args)) => return verify(args, &kept),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// A folder that is not there holds nothing; neither does none at all.
fn folder(kept: &Kept) -> &Path {
    kept.folder.as_deref().unwrap_or(Path::new(""))
}

fn failed(kept: &Kept) -> impl Fn(std::io::Error) -> Failure {
    let folder = folder(kept).to_owned();
    move |error| Failure::from(Error::io(&folder, error))
}

fn info(args: &CacheInfoArgs, kept: &Kept) -> Outcome<()> {
    let contents = care::contents(folder(kept)).map_err(failed(kept))?;
    let text = if args.json {
        format!("{:#}\n", object(&contents, kept))
    } else {
        let style = Style::stdout(args.talk.color);
        table(&contents, kept, clock(), columns(), style)
    };
    output::write(&Target::Stdout, &text)
}

fn total(contents: &Contents) -> Amount {
    let records = contents.buckets.iter().map(|row| row.records);
    let all = records.chain([contents.outdated, contents.unfinished]);
    all.fold(Amount::default(), |sum, more| Amount {
        n_files: sum.n_files + more.n_files,
        bytes: sum.bytes.saturating_add(more.bytes),
    })
}

/// Where `folder` leads, as it is shown, if it is a link itself.
fn linked(folder: &Path) -> Option<String> {
    let to = folder.read_link().ok()?;
    Some(plain(&to.display().to_string()))
}

fn seconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

fn object(contents: &Contents, kept: &Kept) -> Value {
    let amount = |amount: Amount| json!({"files": amount.n_files, "size_bytes": amount.bytes});
    let buckets = contents.buckets.iter().map(|row| {
        let at = |at: Option<SystemTime>| at.map_or(Value::Null, |at| rfc3339(seconds(at)));
        json!({
            "name": row.bucket.name(),
            "holds": row.bucket.holds(),
            "files": row.records.n_files,
            "size_bytes": row.records.bytes,
            "most_bytes": row.most_bytes,
            "oldest": at(row.written.map(|(first, _)| first)),
            "newest": at(row.written.map(|(_, last)| last)),
        })
    });
    json!({
        "schema": 1,
        "folder": kept.folder.as_ref().map(|folder| folder.display().to_string()),
        "used": kept.off.is_none(),
        "off": kept.off,
        "buckets": buckets.collect::<Vec<_>>(),
        "outdated": amount(contents.outdated),
        "unfinished": amount(contents.unfinished),
        "total": amount(total(contents)),
        "foreign": contents.n_foreign,
    })
}

/// What stands in front of `holds`: bucket 9, records 8, size 10, most 10, oldest 8, newest 8, gap 2.
const WIDTHS: [usize; 6] = [9, 8, 10, 10, 8, 8];

fn table(contents: &Contents, kept: &Kept, now: i64, columns: usize, style: Style) -> String {
    let mut out = String::new();
    let total = total(contents);
    if let Some(folder) = &kept.folder {
        let leads = linked(folder).map_or(String::new(), |to| format!(", which is a link to {to}"));
        out.push_str(&format!(
            "{}{leads}\n",
            plain(&folder.display().to_string())
        ));
    }
    if let Some(off) = &kept.off {
        let words = format!("The cache is off: {}.", plain(off));
        out.push_str(&format!("{}\n", style.yellow(&words)));
    }
    if total.n_files > 0 {
        let row = |cells: [&str; 6], holds: &str| {
            let mut line = left(cells[0], WIDTHS[0]);
            for (cell, width) in cells.iter().zip(WIDTHS).skip(1) {
                line.push_str(&right(cell, width));
            }
            let line = format!("{line}  {holds}");
            fit(line.trim_end(), columns)
        };
        let heads = ["bucket", "records", "size", "quota", "oldest", "newest"];
        out.push_str(&format!("\n{}\n", style.dim(&row(heads, "holds"))));
        for it in &contents.buckets {
            let (oldest, newest) = it
                .written
                .map_or(("-".into(), "-".into()), |(first, last)| {
                    (age(seconds(first), now), age(seconds(last), now))
                });
            let cells = [
                it.bucket.name(),
                &number(it.records.n_files),
                &size(it.records.bytes),
                &size(it.most_bytes),
                &oldest,
                &newest,
            ];
            out.push_str(&format!("{}\n", row(cells, it.bucket.holds())));
        }
        for (name, amount, holds) in [
            (
                "outdated",
                contents.outdated,
                "of other versions of ctxpack",
            ),
            (
                "unfinished",
                contents.unfinished,
                "being written, or left over",
            ),
        ] {
            if amount.n_files > 0 {
                let (n, bytes) = (number(amount.n_files), size(amount.bytes));
                out.push_str(&format!("{}\n", row([name, &n, &bytes, "", "", ""], holds)));
            }
        }
        let (n, bytes) = (number(total.n_files), size(total.bytes));
        let line = row(["total", &n, &bytes, "", "", ""], "");
        out.push_str(&format!("{}\n", style.bold(&line)));
    } else if kept.folder.is_some() {
        out.push_str("Nothing is kept there.\n");
    }
    if contents.n_foreign > 0 {
        let entries = foreign(contents.n_foreign);
        out.push_str(&style.dim(&format!("\n{entries}, and let be.\n")));
    }
    if total.n_files > 0 {
        let advice = if kept.off.is_some() {
            "What earlier runs kept is still there; ctxpack cache clear deletes it."
        } else {
            "Deleting it is always safe: ctxpack cache clear."
        };
        out.push_str(&style.dim(&format!("\n{advice}\n")));
    }
    out
}

fn foreign(n: usize) -> String {
    let (verb, noun) = if n == 1 {
        ("is", "entry")
    } else {
        ("are", "entries")
    };
    format!("{} {noun} there {verb} not ctxpack's", number(n))
}

/// The buckets called so.
///
/// # Errors
/// An unknown name.
fn buckets(names: &[String]) -> Outcome<Vec<Bucket>> {
    let known = || Bucket::ALL.into_iter().map(Bucket::name);
    let bucket = |name: &String| {
        Bucket::named(name.trim()).ok_or_else(|| {
            let failure = Failure::new(format!("{name}: no such bucket"));
            match suggest::nearest(name, known()) {
                Some(near) => failure.hint(format!("did you mean ctxpack cache clear {near}?")),
                None => failure,
            }
            .hint(format!("one of {}", known().collect::<Vec<_>>().join(", ")))
        })
    };
    names.iter().map(bucket).collect()
}

/// The moment that lies `age`, such as `30d`, before `now`.
///
/// # Errors
/// What is no age.
fn before(age: &str, now: Timestamp) -> Outcome<SystemTime> {
    let span = age.trim().parse::<jiff::Span>().ok();
    let span = span.filter(|span| !span.is_negative());
    // days and months have a length only where they are counted from a day
    let zoned = span.and_then(|span| now.to_zoned(TimeZone::UTC).checked_sub(span).ok());
    zoned.map(|zoned| zoned.timestamp().into()).ok_or_else(|| {
        Failure::new(format!("--older-than {age}: not an age"))
            .hint("--older-than 30d; or 12h, 2w, 6mo, 1y")
    })
}

fn clear(args: &CacheClearArgs, kept: &Kept) -> Outcome<()> {
    let buckets = buckets(&args.buckets)?;
    let now = Timestamp::from_second(clock()).unwrap_or_default();
    let older = args.older_than.as_deref();
    let before = older.map(|age| before(age, now)).transpose()?;
    let cleared =
        care::clear(folder(kept), &buckets, before, args.dry_run).map_err(failed(kept))?;
    if !args.talk.quiet {
        let mut text = freed(&cleared, args.dry_run);
        if let Some(to) = kept.folder.as_deref().and_then(linked) {
            text.push_str(&format!("The cache is a link, to {to}: the link stays.\n"));
        }
        output::write(&Target::Stdout, &text)?;
    }
    match cleared.failed.into_iter().next() {
        Some((path, error)) => Err(Failure::from(Error::io(&path, error))
            .hint("the folder's owner can delete it; runs do without what they cannot read")),
        None => Ok(()),
    }
}

fn freed(cleared: &Cleared, is_dry: bool) -> String {
    let Amount { n_files, bytes } = cleared.freed;
    let mut text = match (n_files, is_dry) {
        (0, _) => "There is nothing to delete.".to_owned(),
        (n, true) => format!(
            "{} would go, {}. Nothing was changed.",
            count(n, "record"),
            size(bytes)
        ),
        (n, false) => format!("Deleted {}: {} are free.", count(n, "record"), size(bytes)),
    };
    if !cleared.failed.is_empty() {
        let n = count(cleared.failed.len(), "record");
        text.push_str(&format!(" {n} could not be deleted."));
    }
    if cleared.n_foreign > 0 {
        text.push_str(&format!(" {}, and let be.", foreign(cleared.n_foreign)));
    }
    text + "\n"
}

fn verify(args: &CacheVerifyArgs, kept: &Kept) -> Outcome<ExitCode> {
    let verified = care::verify(folder(kept), args.repair).map_err(failed(kept))?;
    let text = if args.json {
        let faults = verified.faults.iter().map(|fault| {
            json!({
                "path": fault.path.display().to_string(),
                "why": fault.why,
                "removed": fault.is_removed,
            })
        });
        let whole = json!({
            "schema": 1,
            "files": verified.records.n_files,
            "size_bytes": verified.records.bytes,
            "faults": faults.collect::<Vec<_>>(),
        });
        format!("{whole:#}\n")
    } else {
        report(&verified, Style::stdout(args.talk.color))
    };
    output::write(&Target::Stdout, &text)?;
    Ok(ExitCode::from(u8::from(!verified.faults.is_empty())))
}

fn report(verified: &Verified, style: Style) -> String {
    let Amount { n_files, bytes } = verified.records;
    let looked = format!("{}, {}", count(n_files, "record"), size(bytes));
    if verified.faults.is_empty() {
        return match n_files {
            0 => "Nothing is kept, so nothing is broken.\n".to_owned(),
            1 => format!("{looked}: it is whole.\n"),
            _ => format!("{looked}: all are whole.\n"),
        };
    }
    let mut out = String::new();
    for fault in &verified.faults {
        let path = style.bold(&plain(&fault.path.display().to_string()));
        out.push_str(&format!("{path}: {}\n", plain(&fault.why)));
    }
    let n = verified.faults.len();
    let n_removed = verified.faults.iter().filter(|it| it.is_removed).count();
    out.push_str(&format!("\n{looked}: {} wrong", number(n)));
    out.push_str(&match n_removed {
        0 => ". Runs pass them over; --repair deletes records that are not whole.\n".to_owned(),
        n_removed if n_removed == n => ", and deleted. Runs find it out again.\n".to_owned(),
        n_removed => format!(
            ", {} of them deleted; the rest is yours to delete.\n",
            number(n_removed)
        ),
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_before(age: &str, expected: Option<&str>) {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let found = before(age, now).ok();
        let found = found.map(|at| Timestamp::try_from(at).unwrap().to_string());
        assert_eq!(found.as_deref(), expected, "{age}");
    }

    #[test]
    fn ages() {
        check_before("30d", Some("2026-10-29T12:00:00Z"));
        check_before(" 12h ", Some("2026-11-28T00:00:00Z"));
        check_before("2w", Some("2026-11-14T12:00:00Z"));
        check_before("1mo", Some("2026-10-28T12:00:00Z"));
        check_before("1d 12h", Some("2026-11-27T00:00:00Z"));
        check_before("0d", Some("2026-11-28T12:00:00Z"));
        for wrong in ["", "30", "-30d", "30d ago", "d", "99999y", "soon", "1e9d"] {
            check_before(wrong, None);
        }
    }
}
