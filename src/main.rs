//! The `ctxpack` command: parse, dispatch, exit code.
//!
//! Exit codes: 0 done, 1 a check found something, 2 bad usage or input or I/O failed, 130 and 143 on SIGINT and SIGTERM. Never
//! 101: a panic is caught and told in one line.

mod cli;
mod config;
#[cfg(feature = "mcp")]
mod mcp;

use cli::args;
use cli::failure::Outcome;
use cli::interrupt;
use cli::style::{ColorChoice, Style};
use cli::usage;
use std::ffi::OsString;
use std::process::ExitCode;

/// The system's lets the heaps of threads grow by a page or two at a time, and clears what it is given back.
#[global_allocator]
static HEAP: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    interrupt::install();
    let typed: Vec<OsString> = std::env::args_os().collect();
    let color = color(&typed);
    let is_hook = typed.get(1).is_some_and(|word| word == "hook");
    match interrupt::caught(|| run(typed, color)) {
        Ok(code) => code,
        Err(failure) => {
            failure.print(Style::stderr(color));
            // to a host of agents 2 is a veto, which a mistyped hook must not be
            ExitCode::from(if is_hook { 0 } else { failure.code })
        }
    }
}

fn run(typed: Vec<OsString>, color: ColorChoice) -> Outcome<ExitCode> {
    let command = match args::parse(typed.clone()) {
        Ok(command) => command,
        Err(error) => {
            return match usage::failure(&error, &typed) {
                Some(failure) => Err(failure),
                None => cli::output::help(&error, color).map(|()| ExitCode::SUCCESS),
            };
        }
    };
    command.run()
}

/// `--color`, also where the rest of the line cannot be parsed: errors about it have a colour too.
fn color(typed: &[OsString]) -> ColorChoice {
    let mut choice = ColorChoice::Auto;
    for (i, word) in typed.iter().enumerate() {
        let value = match word.to_str() {
            Some("--color") => typed.get(i + 1).and_then(|next| next.to_str()),
            Some(word) => word.strip_prefix("--color="),
            None => None,
        };
        choice = match value {
            Some("always") => ColorChoice::Always,
            Some("never") => ColorChoice::Never,
            Some("auto") => ColorChoice::Auto,
            _ => choice,
        };
    }
    choice
}
