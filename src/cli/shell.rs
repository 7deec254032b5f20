//! `ctxpack completions` and `ctxpack man`: what shells and manuals know of the command line, out of its one definition.
//!
//! Written when they are asked for rather than kept in the repository: a copy is out of date with the next flag.

use crate::cli::args::{self, TalkArgs};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::output::{self, Target};
use crate::cli::style::count;
use clap::Args;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use ctxpack::error::Error;
use std::io::Write;
use std::path::PathBuf;

/// Write the completions for a shell: bash, zsh, fish, powershell or elvish.
///
/// The script goes to stdout, to be kept where the shell looks for it. Commands, flags, and the values that a flag takes are
/// completed; nothing is run to find them.
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub struct CompletionsArgs {
    /// bash, zsh, fish, powershell or elvish.
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    pub shell: clap_complete::Shell,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  ctxpack completions bash > ~/.local/share/bash-completion/completions/ctxpack
  ctxpack completions zsh > ~/.zfunc/_ctxpack      with ~/.zfunc in $fpath
  ctxpack completions fish > ~/.config/fish/completions/ctxpack.fish
  ctxpack completions powershell >> $PROFILE
  source <(ctxpack completions bash)               in this shell alone";

/// Write the manual: of ctxpack, or of all its commands into a folder.
#[derive(Debug, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub struct ManArgs {
    /// Write ctxpack.1 and a page for each command there [default: ctxpack.1 to stdout]
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const MAN_EXAMPLES: &str = "\
Examples:
  ctxpack man | man -l -                           read it
  ctxpack man ~/.local/share/man/man1              keep it: man ctxpack-diff";

/// Runs `ctxpack completions`.
///
/// # Errors
/// What cannot be written.
pub fn completions(args: &CompletionsArgs) -> Outcome<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::definition(), "ctxpack", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if args.shell == clap_complete::Shell::Zsh {
        script = commands_first(&script);
    }
    output::write(&Target::Stdout, &script)
}

/// clap_complete has zsh look for a command behind the first PATH, so that none would be found: commands and folders share one place.
fn commands_first(script: &str) -> String {
    let is_path = |line: &str, next: Option<&&str>| {
        line.starts_with("'::paths ") && next.is_some_and(|it| it.contains(":_ctxpack_commands"))
    };
    let lines: Vec<&str> = script.lines().collect();
    let mut out = String::with_capacity(script.len());
    for (idx, line) in lines.iter().enumerate() {
        if is_path(line, lines.get(idx + 1)) {
            continue;
        }
        out.push_str(&line.replace("$line[2]", "$line[1]"));
        out.push('\n');
        if line.contains("_describe -t commands 'ctxpack commands'") {
            out.push_str("    _files -/\n");
        }
    }
    out
}

/// Runs `ctxpack man`.
///
/// # Errors
/// A folder that is not there, and what cannot be written.
pub fn man(args: &ManArgs) -> Outcome<()> {
    let mut command = args::definition().disable_help_subcommand(true);
    command.build();
    let Some(folder) = &args.folder else {
        return output::write(&Target::Stdout, &page(&command)?.1);
    };
    let metadata = folder.metadata();
    let metadata = metadata.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::from(Error::NoSuchPath(folder.clone()))
            .hint(format!("mkdir -p '{}'", folder.display())),
        _ => Error::io(folder, error).into(),
    })?;
    if !metadata.is_dir() {
        let shown = folder.display();
        return Err(Failure::new(format!("{shown}: not a folder"))
            .hint("ctxpack man DIR writes a page for each command into DIR"));
    }
    let pages = pages(&command)?;
    for (name, text) in &pages {
        output::write(&output::target(&folder.join(name))?, text)?;
    }
    if args.talk.quiet {
        return Ok(());
    }
    let told = format!(
        "wrote {} to {}\n",
        count(pages.len(), "page"),
        folder.display()
    );
    let _ = std::io::stderr().lock().write_all(told.as_bytes());
    Ok(())
}

/// The pages of a command and of all below it: names of files and what stands in them.
fn pages(command: &clap::Command) -> Outcome<Vec<(String, String)>> {
    let mut all = vec![page(command)?];
    for below in command.get_subcommands().filter(|it| !it.is_hide_set()) {
        all.extend(pages(below)?);
    }
    Ok(all)
}

/// One page. What stands at the end of the help are lines to type, and stays lines: clap_mangen would fill them into paragraphs.
fn page(command: &clap::Command) -> Outcome<(String, String)> {
    let man = Man::new(command.clone())
        .source(concat!("ctxpack ", env!("CARGO_PKG_VERSION")))
        .manual("ctxpack manual");
    let name = man.get_filename();
    let mut text = Vec::new();
    let written = (|| {
        man.render_title(&mut text)?;
        man.render_name_section(&mut text)?;
        man.render_synopsis_section(&mut text)?;
        man.render_description_section(&mut text)?;
        man.render_options_section(&mut text)?;
        if command.get_subcommands().any(|it| !it.is_hide_set()) {
            man.render_subcommands_section(&mut text)?;
        }
        let after = command.get_after_long_help().or(command.get_after_help());
        let mut roff = Roff::default();
        for block in after
            .map(ToString::to_string)
            .unwrap_or_default()
            .split("\n\n")
        {
            let mut lines = block.lines();
            let Some(heading) = lines.next() else {
                continue;
            };
            let heading = heading.trim_end_matches(':');
            let heading = match heading.contains("--") {
                true => heading.to_owned(), // flags are as they are typed
                false => heading.to_uppercase(),
            };
            roff.control("SH", [&*heading]);
            roff.control("nf", []);
            lines.for_each(|line| {
                roff.text([roman(line)]);
            });
            roff.control("fi", []);
        }
        roff.to_writer(&mut text)
    })();
    written.map_err(|error: std::io::Error| Failure::new(format!("{name}: {error}")))?;
    Ok((name, String::from_utf8_lossy(&text).into_owned()))
}
