//! clap's errors in the form of every other one: `error: ...`, then `hint: ...`.

use crate::cli::failure::Failure;
use crate::cli::{args, suggest};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;

/// What clap could not parse, as a failure; `None` where it is no failure but a request for help or the version.
/// `typed` is the command line.
pub fn failure(error: &clap::Error, typed: &[OsString]) -> Option<Failure> {
    if !error.use_stderr() {
        return None;
    }
    let get = |kind| error.get(kind).map(ToString::to_string);
    let argument = get(ContextKind::InvalidArg);
    let flag = argument
        .as_deref()
        .and_then(|arg| arg.split(' ').next())
        .unwrap_or_default();
    let value = get(ContextKind::InvalidValue);
    let message = match error.kind() {
        ErrorKind::UnknownArgument => format!("unknown option `{flag}`"),
        ErrorKind::MissingRequiredArgument => {
            format!("{} is missing", argument.as_deref().unwrap_or("an option"))
        }
        ErrorKind::InvalidValue if value.as_deref().is_none_or(str::is_empty) => {
            format!(
                "{} needs a value",
                argument.as_deref().unwrap_or("an option")
            )
        }
        ErrorKind::InvalidValue => {
            format!("{flag} {}: not a value it takes", value.unwrap_or_default())
        }
        ErrorKind::TooManyValues => format!(
            "{flag} takes no value, and got {}",
            value.unwrap_or_default()
        ),
        ErrorKind::ArgumentConflict if get(ContextKind::InvalidSubcommand).is_some() => {
            let what = get(ContextKind::InvalidSubcommand).unwrap_or_default();
            let prior = get(ContextKind::PriorArg).unwrap_or_default();
            let command = typed.get(1).and_then(|word| word.to_str()).unwrap_or("...");
            let failure = Failure::new(format!("`{prior}` stands before `{what}`"));
            return Some(failure.hint(format!(
                "options stand at the end: ctxpack {command} {what} ... {prior}"
            )));
        }
        _ => {
            // The first line of what clap says, without its own `error: `.
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        }
    };
    let mut failure = Failure::new(message);
    let command = typed
        .get(1)
        .and_then(|word| word.to_str())
        .filter(|word| args::commands().iter().any(|known| known == word));
    if error.kind() == ErrorKind::UnknownArgument {
        if flag == "-C" {
            let command = command.map_or_else(String::new, |command| format!("{command} "));
            failure = failure.hint(format!(
                "a folder needs no option here: ctxpack {command}FOLDER"
            ));
        }
        let flags = args::flags(command);
        if let Some(near) = suggest::nearest(flag, flags.iter().map(String::as_str)) {
            failure = failure.hint(format!("did you mean {near}?"));
        }
    }
    if let Some(ContextValue::Strings(known)) = error.get(ContextKind::ValidValue)
        && !known.is_empty()
    {
        failure = failure.hint(format!("one of {}", known.join(", ")));
    }
    if failure.hints.is_empty() {
        failure = failure.hint(match command {
            Some(command) => format!("ctxpack {command} --help lists every option"),
            None => "ctxpack --help lists every option".to_owned(),
        });
    }
    Some(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, message: &str, hint: &str) {
        let typed: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let failure = failure(&args::parse(typed.clone()).unwrap_err(), &typed).unwrap();
        assert_eq!(
            (failure.message.as_str(), failure.hints.join("|").as_str()),
            (message, hint),
            "{line}"
        );
    }

    #[test]
    fn usage() {
        check(
            "ctxpack eval --clones x",
            "--cases <FILE> is missing",
            "ctxpack eval --help lists every option",
        );
        check(
            "ctxpack --bugdet 5",
            "unknown option `--bugdet`",
            "did you mean --budget?",
        );
        check(
            "ctxpack --sats",
            "unknown option `--sats`",
            "did you mean --stats?",
        );
        check(
            "ctxpack -z",
            "unknown option `-z`",
            "ctxpack --help lists every option",
        );
        check(
            "ctxpack sources -C x",
            "unknown option `-C`",
            "a folder needs no option here: ctxpack sources FOLDER",
        );
        check(
            "ctxpack --out x",
            "unknown option `--out`",
            "did you mean --output?",
        );
        check(
            "ctxpack -o",
            "--output <FILE> needs a value",
            "ctxpack --help lists every option",
        );
        check(
            "ctxpack --color=blue",
            "--color blue: not a value it takes",
            "one of auto, always, never",
        );
        check(
            "ctxpack --stats=yes",
            "--stats takes no value, and got yes",
            "ctxpack --help lists every option",
        );
        check(
            "ctxpack sessions -q show 1",
            "`--quiet` stands before `show`",
            "options stand at the end: ctxpack sessions show ... --quiet",
        );
        check(
            "ctxpack sources --budget 5",
            "unknown option `--budget`",
            "ctxpack sources --help lists every option",
        );
    }

    #[test]
    fn help_is_no_failure() {
        for line in [
            "ctxpack -h",
            "ctxpack --help",
            "ctxpack --version",
            "ctxpack help",
            "ctxpack sources --help",
        ] {
            let error = args::parse(line.split(' ').map(OsString::from)).unwrap_err();
            assert_eq!(failure(&error, &[]), None, "{line}");
        }
    }
}
