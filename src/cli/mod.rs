//! The command line: from what was typed to a [`ctxpack::request::Request`], and from a bundle to the streams.
//!
//! The room lives in the binary, because the library prints nothing and reads no environment, home directory or clock.
//! One file per command, with what can be typed for it; `args` has what commands share, `resolve` says what it means. A new command is its
//! file and a row of [`Command`].

pub mod args;
pub mod budget;
pub mod bundle;
pub mod cache;
pub mod chart;
pub mod check;
pub mod curve;
pub mod diff;
pub mod doctor;
pub mod eval;
pub mod explain;
pub mod failure;
pub mod handoff;
pub mod hook;
pub mod host;
pub mod init;
pub mod interrupt;
pub mod lock;
#[cfg(feature = "mcp")]
pub mod mcp;
pub mod memory;
pub mod notes;
pub mod outlook;
pub mod output;
pub mod pack;
pub mod progress;
pub mod remember;
pub mod replay;
pub mod report;
pub mod resolve;
pub mod sessions;
pub mod shell;
pub mod sources;
pub mod stats;
pub mod style;
pub mod suggest;
pub mod summary;
pub mod svg;
pub mod task;
pub mod treemap;
pub mod tune;
pub mod usage;

use crate::cli::failure::Outcome;
use clap::Subcommand;
use std::process::ExitCode;

/// How a command ends that went well.
trait Ended {
    fn code(self) -> ExitCode;
}

impl Ended for () {
    fn code(self) -> ExitCode {
        ExitCode::SUCCESS
    }
}

impl Ended for ExitCode {
    fn code(self) -> ExitCode {
        self
    }
}

/// The commands, in the order of the help, which is the documentation of the arguments: `Name(arguments) => what runs it`.
macro_rules! commands {
    ($($(#[$cfg:meta])? $name:ident($args:ty) => $run:path,)*) => {
        /// What to do.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($(#[$cfg])? $name($args),)*
        }

        impl Command {
            /// What they are called, but for the case of the letters, and the help.
            const NAMES: &[&str] = &[$($(#[$cfg])? stringify!($name),)* "help"];

            /// Does it.
            ///
            /// # Errors
            /// Those of the command.
            pub fn run(&self) -> Outcome<ExitCode> {
                match self {
                    $($(#[$cfg])? Self::$name(args) => $run(args).map(Ended::code),)*
                }
            }
        }
    };
}

commands! {
    Pack(Box<pack::PackCommandArgs>) => pack::run,
    Sources(sources::SourcesArgs) => sources::run,
    Curve(Box<curve::CurveArgs>) => curve::run,
    Eval(eval::EvalArgs) => eval::run,
    Tune(tune::TuneArgs) => tune::run,
    Sessions(sessions::SessionsArgs) => sessions::run,
    Notes(notes::NotesArgs) => notes::run,
    Remember(remember::RememberArgs) => remember::run,
    Handoff(handoff::HandoffArgs) => handoff::run,
    Doctor(doctor::DoctorArgs) => doctor::run,
    Check(Box<check::CheckArgs>) => check::run,
    Bundle(bundle::BundleArgs) => bundle::run,
    Diff(diff::DiffArgs) => diff::run,
    Cache(cache::CacheArgs) => cache::run,
    Completions(shell::CompletionsArgs) => shell::completions,
    Man(shell::ManArgs) => shell::man,
    Init(init::InitArgs) => init::run,
    #[cfg(feature = "mcp")]
    Mcp(mcp::McpArgs) => mcp::run,
    Hook(hook::HookArgs) => hook::run,
}
