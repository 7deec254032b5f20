//! `ctxpack hook`: called by the hosts of agents, at the beginning of a session and at each prompt.
//!
//! A host waits for its hooks, and takes some exit codes for a veto. So this command has a deadline, writes its answer in one go or
//! not at all, says trouble in one line on stderr, and always exits with 0.

use crate::cli::args::{TalkArgs, WhatArgs};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::memory::{SESSIONS, day};
use crate::cli::style::plain;
use crate::cli::{budget, host, interrupt, resolve, suggest};
use crate::config::Settings;
use clap::Args;
use ctxpack::agents::hook::{self, Call, Event, HOSTS, Host};
use ctxpack::agents::told::told;
use ctxpack::cache::make_private;
use ctxpack::emit::{self, Item};
use ctxpack::error::Error;
use ctxpack::guard::secrets::redact;
use ctxpack::request::{Budget, Format, RenderingName, Task, TaskSource};
use ctxpack::source::sessions::handoff::{self, handoff};
use ctxpack::source::task;
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Answer the hook of an agent: claude-code, codex or gemini.
///
/// Called by the agent's host, with its JSON on stdin; `ctxpack init --agent` sets that up. At a prompt it brings what the prompt
/// needs, at the beginning of a session what was decided, said and left open, and before a session is summed up what should not be
/// lost (Claude Code alone): as much as the host takes, and nothing that it has loaded by itself or that stands in the session.
/// Says nothing where there is nothing to say, or no time to say it; so that there is, a run that fills the cache is left behind
/// when a session begins. The exit code is always 0.
#[derive(Debug, Clone, Args)]
#[command(after_help = HOOK_EXAMPLES)]
pub struct HookArgs {
    /// claude-code, codex or gemini.
    #[arg(value_name = "AGENT")]
    pub agent: String,

    /// Only fill the cache for this folder, and say nothing: what a hook starts behind itself at the beginning of a session.
    #[arg(long, value_name = "DIR", hide = true)]
    pub fill: Option<PathBuf>,

    /// Say nothing if it takes longer than so many seconds.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 2.0,
        help_heading = "How much"
    )]
    pub within: f64,

    /// Read no notes or sessions that agents keep in the home directory.
    #[arg(long, help_heading = "What of")]
    pub no_home: bool,

    /// Keep nothing in the cache of the home directory, and take nothing from it.
    #[arg(long, help_heading = "What of")]
    pub no_cache: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const HOOK_EXAMPLES: &str = "\
Examples:
  ctxpack init --agent claude            have Claude Code call it
  echo '{\"hook_event_name\":\"UserPromptSubmit\",\"prompt\":\"fix the retry loop\"}' |
    ctxpack hook claude-code             what it would bring here";

/// The deadline where the one that was asked for is no number.
const DEADLINE: Duration = Duration::from_secs(2);

/// How long a host that has been answered may take to read it.
const GRACE: Duration = Duration::from_secs(1);

/// The most that is read of a transcript, from its end, in bytes.
const MAX_TRANSCRIPT: u64 = 16 << 20;

/// The most of a session that is asked to be kept when it is summed up, in characters.
const MAX_KEPT: usize = 6_000;

/// How long a run that fills the cache may take.
const FILL_TIME: Duration = Duration::from_secs(120);

/// The folder to fill the cache for, behind the answer.
static TO_FILL: OnceLock<PathBuf> = OnceLock::new();

/// Whether the answer is being written, or time was up: whoever comes first.
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// Runs `ctxpack hook`. Whatever happens, the exit code is 0.
///
/// # Errors
/// None.
pub fn run(args: &HookArgs) -> Outcome<()> {
    answer(args);
    Ok(())
}

fn answer(args: &HookArgs) {
    if let Some(root) = &args.fill {
        return fill(root, args);
    }
    let host = HOSTS.iter().find(|host| host.name == args.agent);
    let within = Duration::try_from_secs_f64(args.within.clamp(0.0, 60.0));
    watch(host, within.unwrap_or(DEADLINE), args.clone());
    let said = match host {
        Some(host) => interrupt::caught(|| said(host, args)),
        None => Err(unknown(&args.agent)),
    };
    if IS_OVER.swap(true, Ordering::SeqCst) {
        // the watch is about to end the process
        std::thread::sleep(GRACE);
        return;
    }
    let text = said.unwrap_or_else(|failure| {
        tell(&failure.message);
        host.map(|host| hook::answer(host, "", ""))
            .unwrap_or_default()
    });
    // whoever has closed the pipe wants no answer
    let mut stdout = std::io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    leave_filling(args);
}

/// Starts the run that fills the cache, if there is to be one, and does not wait for it. It has no stream of the host's, which would
/// otherwise wait for its end.
fn leave_filling(args: &HookArgs) {
    let (Some(root), Ok(program)) = (TO_FILL.get(), std::env::current_exe()) else {
        return;
    };
    let mut command = Command::new(program);
    command.arg("hook").arg(&args.agent).arg("--fill").arg(root);
    if args.no_home {
        command.arg("--no-home");
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0); // a host that ends its hook does not end this
    let _ = command.spawn();
}

/// Reads what a prompt will need, so that it is kept. One run does so at a time: the folder of the cache is locked meanwhile, and where
/// that cannot be done, nothing is.
fn fill(root: &Path, args: &HookArgs) {
    let _ = std::thread::Builder::new().spawn(|| {
        std::thread::sleep(FILL_TIME);
        std::process::exit(0);
    });
    let _ = interrupt::caught(|| {
        let request = resolve::what(&what(root, args))?.request;
        let Some(folder) = &request.cache else {
            return Ok(());
        };
        let kept = make_private(folder).and_then(|()| std::fs::File::open(folder));
        if let Ok(kept) = kept
            && kept.try_lock().is_ok()
        {
            ctxpack::survey(&request, &|_, _| {})?;
        }
        Ok(())
    });
}

/// Ends the process when `time` is up and nothing was said, or when what was said is not read.
fn watch(host: Option<&'static Host>, time: Duration, args: HookArgs) {
    let _ = std::thread::Builder::new()
        .name("deadline".to_owned())
        .spawn(move || {
            std::thread::sleep(time);
            if !IS_OVER.swap(true, Ordering::SeqCst) {
                tell(&format!(
                    "no answer within {} s; ctxpack run here once keeps what the next answer needs",
                    time.as_secs_f64()
                ));
                let nothing = host
                    .map(|host| hook::answer(host, "", ""))
                    .unwrap_or_default();
                let _ = std::io::stdout().write_all(nothing.as_bytes());
                leave_filling(&args);
                std::process::exit(0);
            }
            std::thread::sleep(GRACE);
            std::process::exit(0);
        });
}

/// One line on stderr, for the host's log.
fn tell(text: &str) {
    let line = text.lines().next().unwrap_or_default();
    let line = format!("ctxpack: nothing said: {}\n", plain(&redact(line)));
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

fn unknown(name: &str) -> Failure {
    let known = suggest::nearest_first(name, HOSTS.iter().map(|host| host.name));
    Failure::new(format!(
        "{name} is no agent with hooks: one of {}",
        known.join(", ")
    ))
}

/// The answer, in the shape of the host.
fn said(host: &'static Host, args: &HookArgs) -> Outcome<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::new(format!(
            "stdin is a terminal, and {} writes JSON there; `ctxpack init --agent` sets that up",
            host.name
        )));
    }
    let Some(call) = hook::read(host, stdin.lock()).map_err(Failure::new)? else {
        return Ok(hook::answer(host, "", ""));
    };
    let root = place(call.cwd.clone());
    if let Some(root) = root
        .as_ref()
        .filter(|_| call.event == Event::Start && !args.no_cache)
    {
        let _ = TO_FILL.set(root.clone());
    }
    let text = match root {
        Some(root) if call.event == Event::Compact => kept(&root, &call, args)?,
        Some(root) => brought(host, &root, &call, args)?,
        None => String::new(),
    };
    Ok(hook::answer(host, call.event_name, &text))
}

/// The folder to pack. Not a whole home directory, nor a whole disk: an agent that works there works on nothing in particular.
fn place(cwd: Option<PathBuf>) -> Option<PathBuf> {
    let root = cwd
        .or_else(|| std::env::current_dir().ok())?
        .canonicalize()
        .ok()?;
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    let is_too_much = root.parent().is_none() || home.is_some_and(|home| home.starts_with(&root));
    (!is_too_much).then_some(root)
}

fn what(root: &Path, args: &HookArgs) -> WhatArgs {
    WhatArgs {
        paths: vec![root.to_owned()],
        no_home: args.no_home,
        no_cache: args.no_cache,
        ..WhatArgs::default()
    }
}

/// What the task needs and the agent does not have; empty where that is nothing.
fn brought(host: &Host, root: &Path, call: &Call, args: &HookArgs) -> Outcome<String> {
    let preset = host::host(host.preset)?;
    let mut request = resolve::by(&what(root, args), Settings::default(), preset)?.request;
    request.budget = preset.budget;
    if request.format == Format::Json {
        request.format = Format::Xml; // JSON speaks to the host, and this is for its model
    }
    request.in_progress = in_progress(call);
    match call.event {
        Event::Prompt => {
            request.knows_task = true;
            request.task = Some(Task {
                source: TaskSource::Stdin,
                text: call.prompt.clone(),
            });
        }
        // Nothing is asked for yet, and each prompt brings its own files: what was decided, said and left open does for a
        // beginning. Who has lost what it knew goes on with the same task.
        _ if !call.is_emptied => {
            request.kinds.files = false;
            request.budget = less(request.budget, budget::parts(request.budget).0 / 2);
        }
        _ => {}
    }
    let survey = ctxpack::survey(&request, &|_, _| {})?;
    let transcript = call.transcript.as_deref().and_then(end_of);
    loop {
        let bundle = match ctxpack::spend(&request, &survey, &|_, _| {}) {
            // what was told already has taken all the room
            Err(Error::BudgetTooSmall { .. }) if !request.known.is_empty() => {
                return Ok(String::new());
            }
            spent => spent?.bundle,
        };
        let items = &bundle.account.items;
        let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        let told = transcript.as_deref().map_or_else(
            || vec![false; texts.len()],
            |transcript| told(transcript, &texts),
        );
        let told: Vec<&Item> = items
            .iter()
            .zip(told)
            .filter(|(_, is_told)| *is_told)
            .map(|(item, _)| item)
            .collect();
        if told.is_empty() {
            let is_telling = items
                .iter()
                .any(|item| item.rendering != RenderingName::Mention);
            return Ok(if is_telling {
                bundle.text
            } else {
                String::new()
            });
        }
        // what it has already keeps its share, so that nothing of less worth comes in its place
        let written: String = told
            .iter()
            .map(|item| emit::item(request.format, item))
            .collect();
        let size = match request.budget {
            Budget::Tokens(_) => request.tokenizer.count(&written),
            Budget::Characters(_) => written.chars().count(),
            Budget::Bytes(_) => written.len(),
        };
        request.budget = less(request.budget, size);
        if budget::parts(request.budget).0 < budget::parts(preset.budget).0 / 8 {
            return Ok(String::new()); // what is left is not worth a look
        }
        request
            .known
            .extend(told.iter().map(|item| item.id.clone()));
    }
}

/// The session that called, by every name that it has.
fn in_progress(call: &Call) -> Vec<String> {
    let transcript = call
        .transcript
        .as_deref()
        .map(|path| path.to_string_lossy().into_owned());
    call.session.iter().cloned().chain(transcript).collect()
}

/// What is left of a budget.
fn less(budget: Budget, n: usize) -> Budget {
    match budget {
        Budget::Tokens(most) => Budget::Tokens(most.saturating_sub(n)),
        Budget::Characters(most) => Budget::Characters(most.saturating_sub(n)),
        Budget::Bytes(most) => Budget::Bytes(most.saturating_sub(n)),
    }
}

/// The end of a transcript; `None` where there is none that can be read.
fn end_of(path: &Path) -> Option<Vec<u8>> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut file = std::fs::File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(MAX_TRANSCRIPT)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_TRANSCRIPT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// What a summary of the session should not lose: its handoff; empty where the session is not found.
fn kept(root: &Path, call: &Call, args: &HookArgs) -> Outcome<String> {
    let mut request = resolve::what(&what(root, args))?.request;
    request.kinds = SESSIONS;
    request.in_progress = in_progress(call);
    let (trees, remembered) = ctxpack::remembered(&request)?;
    let (Some(session), Some(tree)) = (&remembered.in_progress, trees.trees.first()) else {
        return Ok(String::new());
    };
    let state = handoff::state(tree);
    let changes = task::changes(tree);
    let written = handoff(
        &state,
        Some(session),
        &changes,
        &day(session.ended.max(state.time)),
    )
    .written(&|text| text.chars().count() <= MAX_KEPT);
    Ok(written.map_or_else(String::new, |(text, _)| {
        format!("Keep in the summary what is quoted here from the session, with the names of files and the wording of decisions and failures:\n\n{text}")
    }))
}
