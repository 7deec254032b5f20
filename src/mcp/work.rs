//! What the tools do: the same that the commands do, by the same rules, below one root.

use super::arguments::{self, Explain, Notes, Pack, ReadMore, Remember};
use super::tools::{MORE, PRESET};
use crate::cli::args::{TalkArgs, WhatArgs};
use crate::cli::budget::Size;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::memory::MemoryArgs;
use crate::cli::memory::{self, Memory, NOTES};
use crate::cli::remember::RememberArgs;
use crate::cli::style::{ColorChoice, Style, count, number};
use crate::cli::{explain, host, notes, remember, resolve};
use crate::config::{Settings, parse_format};
use ctxpack::Explained;
use ctxpack::Stage;
use ctxpack::emit::Item;
use ctxpack::guard::secrets::redact;
use ctxpack::request::{Agent, Budget, Format, RenderingName, Request, Task, TaskSource};
use ctxpack::source::notes::Atom;
use rmcp::model::JsonObject;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bundles that are remembered; older ones cannot be read on.
const MAX_BUNDLES: usize = 32;

/// The most that lists and explanations hold, in bytes: some 15,000 tokens.
const MAX_BYTES: usize = 50_000;

/// Candidates that one explanation tells of.
const MAX_EXPLAINED: usize = 20;

/// Resources that are listed.
const MAX_RESOURCES: usize = 500;

/// What notes are called as resources, before their path.
const SCHEME: &str = "ctxpack://notes/";

/// Hears of stages.
pub type Progress<'a> = &'a (dyn Fn(Stage) + Sync);

/// What a tool gives.
#[derive(Debug, Default)]
pub struct Reply {
    /// For a model, in this order.
    pub texts: Vec<String>,
    /// For a program.
    pub structured: Option<Value>,
}

/// A note file as a resource.
#[derive(Debug, PartialEq, Eq)]
pub struct Note {
    /// `ctxpack://notes/docs/NOTES.md`.
    pub uri: String,
    /// As it is shown: below the root, or `~/...`.
    pub path: String,
    /// Atoms in it.
    pub n_atoms: usize,
}

/// A bundle that was given.
#[derive(Debug, Clone)]
struct Given {
    name: String,
    asked: Pack,
    /// Ids of what it and those before it showed.
    shown: Vec<String>,
}

#[derive(Debug, Default)]
struct Bundles {
    n_given: usize,
    kept: VecDeque<Given>,
}

/// One root, and what was given of it.
#[derive(Debug)]
pub struct Work {
    root: PathBuf,
    no_home: bool,
    no_cache: bool,
    allows_writing: bool,
    bundles: Mutex<Bundles>,
    /// Held while a call works: one at a time is as fast, and takes the memory of one.
    turn: Mutex<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Work {
    /// Work below `root`, a folder that is there.
    pub fn new(root: PathBuf, no_home: bool, no_cache: bool, allows_writing: bool) -> Self {
        Self {
            root,
            no_home,
            no_cache,
            allows_writing,
            bundles: Mutex::default(),
            turn: Mutex::default(),
        }
    }

    /// Whether `remember` is a tool.
    pub fn allows_writing(&self) -> bool {
        self.allows_writing
    }

    /// Does what the tool called `name` does. `client` is what the client calls itself.
    ///
    /// # Errors
    /// Arguments that are out of bounds, and whatever the command of that name fails for.
    pub fn call(
        &self,
        name: &str,
        arguments: JsonObject,
        client: Option<&str>,
        progress: Progress<'_>,
    ) -> Outcome<Reply> {
        let _turn = lock(&self.turn);
        match name {
            "pack" => self.pack(
                arguments::read::<Pack>(arguments)?.checked()?,
                Vec::new(),
                client,
                progress,
            ),
            "read_more" => self.read_more(arguments::read(arguments)?, client, progress),
            "explain" => self.explain(&arguments::read(arguments)?, client, progress),
            "notes" => self.notes(&arguments::read(arguments)?),
            "remember" if self.allows_writing => self.remember(arguments::read(arguments)?),
            _ => Err(Failure::new("no tool of that name")),
        }
    }

    fn request(&self, asked: &Pack, client: Option<&str>) -> Outcome<Request> {
        let what = WhatArgs {
            paths: vec![self.root.clone()],
            include: asked.include.clone(),
            exclude: asked.exclude.clone(),
            no_home: self.no_home,
            no_cache: self.no_cache,
            ..WhatArgs::default()
        };
        let flags = Settings {
            budget: asked.budget.map(|n| Size::Plain(Budget::Tokens(n))),
            format: Some(
                asked
                    .format
                    .as_deref()
                    .map_or(Ok(Format::Xml), parse_format)?,
            ),
            pin: asked.pins.clone(),
            ..Settings::default()
        };
        let mut request = resolve::by(&what, flags, host::host(PRESET)?)?.request;
        request.reader = client.and_then(reader);
        request.knows_task = true;
        request.task = Some(Task {
            source: TaskSource::Stdin,
            text: asked.task.clone(),
        });
        Ok(request)
    }

    fn pack(
        &self,
        asked: Pack,
        mut shown: Vec<String>,
        client: Option<&str>,
        progress: Progress<'_>,
    ) -> Outcome<Reply> {
        let mut request = self.request(&asked, client)?;
        request.known = shown.clone();
        let bundle = ctxpack::pack(&request, &|stage, _| progress(stage))?.bundle;
        // what was only mentioned may yet be shown
        let is_shown = |item: &&Item| {
            !matches!(
                item.rendering,
                RenderingName::Mention | RenderingName::Headline
            )
        };
        shown.extend(
            bundle
                .account
                .items
                .iter()
                .filter(is_shown)
                .map(|item| item.id.clone()),
        );
        let name = {
            let mut bundles = lock(&self.bundles);
            bundles.n_given += 1;
            let name = format!("b{}", bundles.n_given);
            bundles.kept.push_back(Given {
                name: name.clone(),
                asked,
                shown,
            });
            if bundles.kept.len() > MAX_BUNDLES {
                bundles.kept.pop_front();
            }
            name
        };
        let (n, unit) = (number(bundle.tokens), number(bundle.account.budget));
        let closing = format!(
            "Bundle {name}: {}, {n} of {unit} tokens; {} left out.",
            count(bundle.account.items.len(), "item"),
            number(bundle.account.omitted.len())
        );
        let structured = match request.format {
            Format::Json => serde_json::from_str(&bundle.text).ok(),
            _ => None,
        };
        Ok(Reply {
            texts: vec![bundle.text, closing],
            structured,
        })
    }

    fn given(&self, name: &str) -> Outcome<Given> {
        arguments::short("bundle", name)?;
        let bundles = lock(&self.bundles);
        bundles
            .kept
            .iter()
            .find(|given| given.name == name)
            .cloned()
            .ok_or_else(|| {
                let names: Vec<&str> = bundles
                    .kept
                    .iter()
                    .map(|given| given.name.as_str())
                    .collect();
                let failure = Failure::new("bundle: there is none of that name");
                if names.is_empty() {
                    failure.hint("call pack first; it names what it gives")
                } else {
                    failure.hint(format!("one of {}", names.join(", ")))
                }
            })
    }

    fn read_more(
        &self,
        asked: ReadMore,
        client: Option<&str>,
        progress: Progress<'_>,
    ) -> Outcome<Reply> {
        arguments::budget(asked.budget)?;
        let before = self.given(&asked.bundle)?;
        let again = Pack {
            budget: Some(asked.budget.unwrap_or(MORE)),
            pins: Vec::new(),
            ..before.asked
        };
        self.pack(again, before.shown, client, progress)
    }

    fn explain(
        &self,
        asked: &Explain,
        client: Option<&str>,
        progress: Progress<'_>,
    ) -> Outcome<Reply> {
        if !is_id(&asked.path) {
            arguments::below("path", &asked.path)?;
        }
        let given = match (&asked.bundle, &asked.task) {
            (Some(name), None) => self.given(name)?.asked,
            (None, Some(task)) => {
                arguments::task(task)?;
                arguments::read(JsonObject::from_iter([(
                    "task".to_owned(),
                    task.as_str().into(),
                )]))?
            }
            _ => {
                return Err(Failure::new(
                    "explain takes either the name of a bundle or a task",
                ));
            }
        };
        let mut request = self.request(&given, client)?;
        request.explain = true;
        let packed = ctxpack::pack(&request, &|stage, _| progress(stage))?;
        // by its spelling alone: what lies at the path on disk is not asked
        let wanted = asked.path.trim_start_matches("./").trim_end_matches('/');
        let is_meant = |explained: &&Explained| {
            let below = || {
                explained
                    .path
                    .strip_prefix(wanted)
                    .is_some_and(|rest| rest.starts_with('/'))
            };
            explained.id == wanted || explained.path == wanted || wanted == "." || below()
        };
        let found: Vec<&Explained> = packed.explanations.iter().filter(is_meant).collect();
        if found.is_empty() {
            return Err(explain::unknown(&packed, &asked.path));
        }
        let account = &packed.bundle.account;
        let candidates: Vec<Value> = found
            .iter()
            .take(MAX_EXPLAINED)
            .map(|explained| explain::object(explained, account))
            .collect();
        let left_out = found.len() - candidates.len();
        let mut text = String::new();
        for explained in found.iter().take(MAX_EXPLAINED) {
            explain::one(explained, account, Style::PLAIN, &mut text);
        }
        if left_out > 0 {
            text.push_str(&format!("and {} more\n", number(left_out)));
        }
        Ok(Reply {
            texts: vec![redact(&text).into_owned()],
            structured: Some(json!({"candidates": candidates, "left_out": left_out})),
        })
    }

    fn memory(&self) -> Outcome<Memory> {
        memory::read(&self.memory_args(), &quiet(), NOTES)
    }

    fn memory_args(&self) -> MemoryArgs {
        MemoryArgs {
            repo: Some(self.root.clone()),
            no_home: self.no_home,
            no_cache: self.no_cache,
            now: None,
        }
    }

    fn notes(&self, asked: &Notes) -> Outcome<Reply> {
        let class = asked.class.as_deref().map(notes::class).transpose()?;
        if let Some(path) = &asked.path {
            arguments::short("path", path)?;
        }
        let memory = self.memory()?;
        let is_asked = |atom: &&Atom| {
            class.is_none_or(|class| atom.class == class)
                && asked.path.as_ref().is_none_or(|path| atom.path == *path)
        };
        let mut room = MAX_BYTES;
        let (mut objects, mut text, mut left_out) = (Vec::new(), String::new(), 0);
        for atom in memory.remembered.atoms.iter().filter(is_asked) {
            let one = notes::one(atom, Style::PLAIN);
            match room.checked_sub(one.len()) {
                Some(rest) if left_out == 0 => room = rest,
                _ => {
                    left_out += 1;
                    continue;
                }
            }
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&one);
            objects.push(notes::object(atom));
        }
        if objects.is_empty() && left_out == 0 {
            text.push_str("Nothing of that kind is written down here.\n");
        }
        if left_out > 0 {
            text.push_str(&format!(
                "\nand {} more: name a class or a path\n",
                number(left_out)
            ));
        }
        Ok(Reply {
            texts: vec![text],
            structured: Some(json!({"notes": objects, "left_out": left_out})),
        })
    }

    fn remember(&self, asked: Remember) -> Outcome<Reply> {
        if let Some(file) = &asked.file {
            arguments::below("file", file)?;
        }
        // that a secret may be shown is a person's to say, not a model's: no mark says so here
        let unmarked = asked.text.replace(":allow", ": allow");
        if redact(&unmarked) != unmarked {
            return Err(Failure::new("that holds what looks like a secret")
                .hint("say where it is kept, not what it is"));
        }
        let added = remember::add(&RememberArgs {
            text: vec![asked.text],
            class: asked.class,
            strict: false,
            file: asked.file.map(PathBuf::from),
            dry_run: false,
            memory: self.memory_args(),
            talk: quiet(),
        })?;
        let mut text = format!("added {}: {}\n", added.place, added.entry);
        let mut conflicts = Vec::new();
        for (place, says) in &added.conflicting {
            let says = redact(says);
            text.push_str(&format!(
                "{place} says otherwise: {}\n",
                memory::first_line(&says)
            ));
            conflicts.push(json!({"place": place, "text": says}));
        }
        if let Some(path) = &added.ignored {
            text.push_str(&format!(
                "{path} is ignored by git, so nobody else has it and it is not packed\n"
            ));
        }
        Ok(Reply {
            texts: vec![text],
            structured: Some(json!({
                "place": added.place, "entry": added.entry, "conflicts": conflicts, "ignored_by_git": added.ignored.is_some(),
            })),
        })
    }

    /// The notes as resources.
    ///
    /// # Errors
    /// As [`memory::read`].
    pub fn resources(&self) -> Outcome<Vec<Note>> {
        let _turn = lock(&self.turn);
        let memory = self.memory()?;
        let atoms = &memory.remembered.atoms;
        let of_files = atoms
            .chunk_by(|one, next| one.path == next.path)
            .take(MAX_RESOURCES);
        Ok(of_files
            .map(|atoms| Note {
                uri: uri(&atoms[0].path),
                path: atoms[0].path.clone(),
                n_atoms: atoms.len(),
            })
            .collect())
    }

    /// What a note says, atom by atom.
    ///
    /// # Errors
    /// As [`memory::read`]; a name that no note has.
    pub fn resource(&self, wanted: &str) -> Outcome<String> {
        let _turn = lock(&self.turn);
        let memory = self.memory()?;
        let mut text = String::new();
        let mut heading: Option<&String> = None;
        for atom in memory
            .remembered
            .atoms
            .iter()
            .filter(|atom| uri(&atom.path) == wanted)
        {
            if atom.heading.last() != heading {
                heading = atom.heading.last();
                if let Some(heading) = heading {
                    text.push_str(&format!(
                        "## {}\n\n",
                        redact(heading.trim_start_matches('#').trim())
                    ));
                }
            }
            text.push_str(redact(&atom.text).trim_end());
            text.push_str("\n\n");
        }
        if text.is_empty() {
            return Err(Failure::new("no note of that name"));
        }
        Ok(text)
    }
}

/// Whether it names an item as a manifest does, rather than a path.
fn is_id(text: &str) -> bool {
    ["file:", "note:", "session:"]
        .iter()
        .any(|kind| text.starts_with(kind))
}

fn quiet() -> TalkArgs {
    TalkArgs {
        quiet: true,
        color: ColorChoice::Never,
        help: None,
    }
}

/// The agent behind a client, by what the client calls itself.
fn reader(client: &str) -> Option<Agent> {
    let client = client.to_lowercase();
    let agents = [
        ("claude-code", Agent::Claude),
        ("codex", Agent::Codex),
        ("gemini-cli", Agent::Gemini),
    ];
    agents
        .into_iter()
        .find(|(name, _)| client.starts_with(name))
        .map(|(_, agent)| agent)
}

/// The URI of a note: its path, with what a URI has no place for percent-escaped.
fn uri(path: &str) -> String {
    let mut uri = SCHEME.to_owned();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_have_names() {
        assert_eq!(uri("docs/NOTES.md"), "ctxpack://notes/docs/NOTES.md");
        assert_eq!(uri("~/a b/ü?.md"), "ctxpack://notes/~/a%20b/%C3%BC%3F.md");
    }

    #[test]
    fn clients_are_known_by_their_names() {
        assert_eq!(reader("claude-code"), Some(Agent::Claude));
        assert_eq!(reader("codex-mcp-client"), Some(Agent::Codex));
        assert_eq!(reader("inspector"), None);
    }
}
