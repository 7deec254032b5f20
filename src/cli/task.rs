//! The task: what `--task` and `--task-file` say together.
//!
//! stdin is read here and nowhere else, and only where `-` asks for it: an open pipe that nobody writes to would hang the run.

use crate::cli::args;
use crate::cli::failure::{Failure, Outcome};
use ctxpack::error::Error;
use ctxpack::request::{Task, TaskSource};
use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;

/// One `--task` or `--task-file`, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// `--task TEXT`; `-` is stdin.
    Text(OsString),
    /// `--task-file FILE`.
    File(PathBuf),
}

/// The most that is read from stdin or a file, in bytes: far more than any task, and little enough to score in passing.
const LIMIT: usize = 4 << 20;

/// The task that `parts` make, joined by blank lines; `None` where all of them are blank. Trouble that does not end the run goes
/// to `warn`.
///
/// The source is the richest one: stdin, where any part comes from it, else a file, else the flag.
///
/// # Errors
/// A file that cannot be read, stdin asked for twice, or a flag where a text should be.
pub fn read(
    parts: &[Part],
    stdin: &mut dyn Read,
    warn: &mut dyn FnMut(String),
) -> Outcome<Option<Task>> {
    let mut texts: Vec<String> = Vec::new();
    let mut source = TaskSource::Flag;
    for part in parts {
        let text = match part {
            Part::Text(text) if text == "-" => {
                if source == TaskSource::Stdin {
                    return Err(Failure::new("--task - twice: stdin can be read once")
                        .hint("put the second text into a file: --task-file FILE"));
                }
                source = TaskSource::Stdin;
                let text = limited(stdin, "stdin", warn)
                    .map_err(|error| Failure::new(format!("cannot read stdin: {error}")))?;
                if text.trim().is_empty() {
                    warn("stdin was empty".to_owned());
                }
                text
            }
            Part::Text(text) => {
                let text = text.to_string_lossy().into_owned();
                if args::is_flag(&text) {
                    return Err(Failure::new(format!(
                        "--task needs a text, and `{text}` is a flag"
                    ))
                    .hint(format!("ctxpack --task 'what to do' {text}")));
                }
                text
            }
            Part::File(path) => {
                if source == TaskSource::Flag {
                    source = TaskSource::File;
                }
                let mut file = std::fs::File::open(path).map_err(|error| {
                    let failure = Failure::from(Error::io(path, error));
                    if path.as_os_str() == "-" {
                        failure.hint("stdin is read by --task -")
                    } else {
                        failure
                    }
                })?;
                limited(&mut file, &path.display().to_string(), warn)
                    .map_err(|error| Failure::from(Error::io(path, error)))?
            }
        };
        let text = text.trim_end();
        if !text.trim_start().is_empty() {
            texts.push(text.to_owned());
        }
    }
    if texts.is_empty() {
        if !parts.is_empty() {
            warn("the task is empty, and is inferred instead".to_owned());
        }
        return Ok(None);
    }
    Ok(Some(Task {
        source,
        text: texts.join("\n\n"),
    }))
}

/// The first [`LIMIT`] bytes of `input`, whatever is not UTF-8 replaced. Stops there rather than at the end: `yes | ctxpack -t -` ends.
fn limited(
    input: &mut dyn Read,
    name: &str,
    warn: &mut dyn FnMut(String),
) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    input.take(LIMIT as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LIMIT {
        bytes.truncate(LIMIT);
        warn(format!(
            "{name}: only the first {} MiB of the task are read",
            LIMIT >> 20
        ));
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.into())
    }

    fn run(parts: &[Part], stdin: &[u8]) -> (Outcome<Option<Task>>, Vec<String>) {
        let mut warnings = Vec::new();
        let task = read(parts, &mut &*stdin, &mut |warning| warnings.push(warning));
        (task, warnings)
    }

    #[track_caller]
    fn check(parts: &[Part], stdin: &[u8], source: TaskSource, expected: &str) {
        let (task, warnings) = run(parts, stdin);
        let expected = Task {
            source,
            text: expected.to_owned(),
        };
        assert_eq!((task, warnings), (Ok(Some(expected)), vec![]));
    }

    #[test]
    fn parts_join_in_order() {
        check(&[text("a")], b"never read", TaskSource::Flag, "a");
        check(&[text("a"), text("b")], b"", TaskSource::Flag, "a\n\nb");
        check(
            &[text("a"), text("-"), text("b")],
            b"in\n",
            TaskSource::Stdin,
            "a\n\nin\n\nb",
        );
        check(
            &[text("-")],
            b"\xef\xbb\xbfin\xff\r\n\r\n",
            TaskSource::Stdin,
            "in\u{fffd}",
        );
        check(
            &[text("  indented\n\n")],
            b"",
            TaskSource::Flag,
            "  indented",
        );
    }

    #[test]
    fn files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("issue.md");
        std::fs::write(&path, "from a file\n").unwrap();
        check(
            &[text("a"), Part::File(path.clone())],
            b"",
            TaskSource::File,
            "a\n\nfrom a file",
        );
        check(
            &[text("-"), Part::File(path)],
            b"x",
            TaskSource::Stdin,
            "x\n\nfrom a file",
        );
        let missing = run(&[Part::File(folder.path().join("none"))], b"")
            .0
            .unwrap_err();
        assert!(missing.message.contains("none: "), "{missing:?}");
        assert!(run(&[Part::File(folder.path().into())], b"").0.is_err());
    }

    #[test]
    fn nothing_said_is_inferred() {
        assert_eq!(run(&[], b""), (Ok(None), vec![]));
        let empty = "the task is empty, and is inferred instead".to_owned();
        assert_eq!(run(&[text(" ")], b""), (Ok(None), vec![empty.clone()]));
        assert_eq!(
            run(&[text("-")], b"\n"),
            (Ok(None), vec!["stdin was empty".to_owned(), empty])
        );
    }

    #[test]
    fn stdin_is_read_once() {
        let failure = run(&[text("-"), text("-")], b"x").0.unwrap_err();
        assert_eq!(failure.message, "--task - twice: stdin can be read once");
    }

    #[test]
    fn a_forgotten_text_is_noticed() {
        let failure = run(&[text("--stats")], b"").0.unwrap_err();
        assert_eq!(failure.hints, ["ctxpack --task 'what to do' --stats"]);
    }

    #[test]
    fn endless_input_ends() {
        let mut warnings = Vec::new();
        let task = read(&[text("-")], &mut std::io::repeat(b'y'), &mut |warning| {
            warnings.push(warning)
        });
        assert_eq!(task.unwrap().unwrap().text.len(), LIMIT);
        assert_eq!(
            warnings,
            ["stdin: only the first 4 MiB of the task are read"]
        );
    }
}
