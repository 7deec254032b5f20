//! From what was typed to a [`Request`]: the layers of settings laid over one another, and the defaults under them.
//!
//! The one place that reads the environment, the home directory and the config files; behind a `Request` nothing is read any more.

use crate::cli::args::{self, AskArgs, TalkArgs, WhatArgs};
use crate::cli::budget::{self, Size};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::host::{self, Host};
use crate::cli::{suggest, task};
use crate::config::{self, Settings, Trust};
use ctxpack::error::Error;
use ctxpack::lock;
use ctxpack::request::{Budget, Request, Secrets, VARIABLES};
use ctxpack::source::staged;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

/// The budget where nothing names one: small enough for models to use well, large enough for most tasks.
const DEFAULT_BUDGET: Budget = Budget::Tokens(32_000);

/// A request, and what there is to say about how it came to be.
#[derive(Debug)]
pub struct Resolved {
    /// What to run.
    pub request: Request,
    /// Trouble that does not end the run.
    pub warnings: Vec<String>,
    /// The config file that the weights come from, as it is named to people; `None` where they are those shipped.
    pub weights_from: Option<String>,
}

/// What `args` ask for, telling as `talk` wants it what cannot wait. Reads stdin where `--task -` says so.
///
/// # Errors
/// Mistyped values, unreadable files, paths that are not there.
pub fn pack(args: &AskArgs, talk: &TalkArgs) -> Outcome<Resolved> {
    let mut warnings = Vec::new();
    let flags = flags(args)?;
    let place = args.host.as_deref().map(host::host).transpose()?;
    let (roots, settings, weights_from) = layers(&args.what, flags, place, &mut warnings)?;
    if let (Some(Size::Plain(asked)), Some(place)) = (settings.budget, place) {
        let ((asked, unit), (cap, cap_unit)) = (budget::parts(asked), budget::parts(place.budget));
        if unit == cap_unit && asked > cap {
            warnings.push(format!(
                "{asked} {unit} is more than --for {} takes: {}",
                place.name, place.why
            ));
        }
    }
    let now = args.now.as_deref().map(moment).transpose()?;
    // Everything that can be wrong is known before stdin is waited for.
    let mut request = request(&args.what, roots, settings)?;
    request.now = now;
    request.reader = place.and_then(|place| place.reader);
    let stdin = std::io::stdin();
    let is_task_stdin = args.parts.contains(&task::Part::Text("-".into()));
    let is_list_stdin = args.what.files_from.as_deref() == Some(Path::new("-"));
    if is_task_stdin && is_list_stdin {
        return Err(
            Failure::new("--task - and --files-from -: stdin can be read once")
                .hint("put one of them into a file: --task-file FILE, or --files-from FILE"),
        );
    }
    request.files = listed(&args.what)?;
    if stdin.is_terminal() && is_task_stdin {
        warnings.push(
            "reading the task from the terminal: end it with Ctrl-D on a line of its own"
                .to_owned(),
        );
        flush(&mut warnings, talk);
    }
    request.task = task::read(&args.parts, &mut stdin.lock(), &mut |warning| {
        warnings.push(warning)
    })?;
    Ok(Resolved {
        request,
        warnings,
        weights_from,
    })
}

/// What the options that every command shares ask for; no task.
///
/// # Errors
/// As for [`pack`].
pub fn what(args: &WhatArgs) -> Outcome<Resolved> {
    let mut warnings = Vec::new();
    let flags = Settings::default();
    let (roots, settings, weights_from) = layers(args, flags, None, &mut warnings)?;
    let mut request = request(args, roots, settings)?;
    request.files = listed(args)?;
    Ok(Resolved {
        request,
        warnings,
        weights_from,
    })
}

/// What a host asks for that says more than paths: `flags` as if they were typed, and `place` below them.
///
/// # Errors
/// As for [`pack`].
pub fn by(args: &WhatArgs, flags: Settings, place: &Host) -> Outcome<Resolved> {
    let mut warnings = Vec::new();
    let (roots, settings, weights_from) = layers(args, flags, Some(place), &mut warnings)?;
    let mut request = request(args, roots, settings)?;
    request.reader = place.reader;
    Ok(Resolved {
        request,
        warnings,
        weights_from,
    })
}

/// The most that is read of a list, in bytes: a million long paths.
const MOST_LISTED: u64 = 256 << 20;

/// The files that `--files-from` lists, one a line or, with `--null`, each ended by a null byte.
fn listed(what: &WhatArgs) -> Outcome<Option<Vec<PathBuf>>> {
    let Some(path) = &what.files_from else {
        return Ok(None);
    };
    let shown = path.display();
    if what.rev.is_some() {
        return Err(Failure::new(
            "--files-from lists files of the work tree, and --rev packs a revision",
        )
        .hint("--include and --exclude choose files of a revision"));
    }
    let mut bytes = Vec::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin()
            .lock()
            .take(MOST_LISTED + 1)
            .read_to_end(&mut bytes),
        false => std::fs::File::open(path)
            .and_then(|file| file.take(MOST_LISTED + 1).read_to_end(&mut bytes)),
    };
    read.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::from(Error::NoSuchPath(path.clone())),
        _ => Failure::from(Error::io(path, error)),
    })?;
    if bytes.len() as u64 > MOST_LISTED {
        return Err(Failure::new(format!(
            "--files-from {shown}: more than 256 MiB"
        )));
    }
    if !what.null && bytes.contains(&0) {
        return Err(Failure::new(format!(
            "--files-from {shown}: paths end in null bytes there"
        ))
        .hint("add -0"));
    }
    if what.null && !bytes.contains(&0) && bytes.contains(&b'\n') {
        return Err(Failure::new(format!(
            "--files-from {shown}: -0, and no path ends in a null byte there"
        ))
        .hint("leave -0 out where paths stand one a line"));
    }
    let end = if what.null { 0 } else { b'\n' };
    let paths = bytes.split(|&byte| byte == end);
    let paths = paths.map(|path| match what.null {
        true => path,
        false => path.strip_suffix(b"\r").unwrap_or(path),
    });
    let paths: Vec<PathBuf> = paths
        .filter(|path| !path.is_empty())
        .map(of_bytes)
        .collect();
    match paths.is_empty() {
        true => Err(
            Failure::new(format!("--files-from {shown}: it lists no file"))
                .hint("fd -0 | ctxpack --files-from - -0"),
        ),
        false => Ok(Some(paths)),
    }
}

#[cfg(unix)]
fn of_bytes(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn of_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// Says at once what cannot wait for the end of the run.
fn flush(warnings: &mut Vec<String>, talk: &TalkArgs) {
    if !talk.quiet {
        crate::cli::output::warn(warnings, crate::cli::output::MAX_WARNINGS, talk.color);
    }
    warnings.clear();
}

/// How to count, as -m and --tokenizer say it.
///
/// # Errors
/// An unknown name.
pub fn counting(model: Option<&str>, tokenizer: Option<&str>) -> Outcome<Settings> {
    Ok(Settings {
        model: model.map(config::parse_model).transpose()?,
        tokenizer: tokenizer.map(config::parse_tokenizer).transpose()?,
        ..Settings::default()
    })
}

fn flags(args: &AskArgs) -> Outcome<Settings> {
    Ok(Settings {
        budget: args.budget.as_deref().map(budget::parse).transpose()?,
        format: args
            .format
            .as_deref()
            .map(config::parse_format)
            .transpose()?,
        pin: args.pin.clone(),
        ..counting(args.model.as_deref(), args.tokenizer.as_deref())?
    })
}

/// Lays flags, `--for`, environment, project and user over one another; gives the roots, the settings, and the file that the weights come from.
fn layers(
    what: &WhatArgs,
    flags: Settings,
    place: Option<&Host>,
    warnings: &mut Vec<String>,
) -> Outcome<(Vec<PathBuf>, Settings, Option<String>)> {
    let variable =
        |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let flags = Settings {
        include: what.include.clone(),
        exclude: what.exclude.clone(),
        kinds: config::parse_kinds(&what.only, &what.without)?,
        home: what.no_home.then_some(false),
        cache: what.no_cache.then_some(false),
        secrets: what
            .secrets
            .as_deref()
            .map(config::parse_secrets)
            .transpose()?,
        ..flags
    };
    let place = place.map_or_else(Settings::default, |place| Settings {
        budget: Some(Size::Plain(place.budget)),
        format: place.format,
        ..Settings::default()
    });
    let environment = config::environment(&variable)?;
    let roots = roots(&what.paths)?;
    if what.rev.is_some() && roots.len() > 1 {
        return Err(
            Failure::new("--rev packs one repository, and several paths are given")
                .hint("pack them one by one"),
        );
    }
    let project_file = config::repository(&roots[0]).join(config::PROJECT_FILE);
    let project = config::read(&project_file, Trust::Project)?;
    if project.is_none() && project_file.symlink_metadata().is_ok() {
        warnings.push(format!(
            "{}: not a regular file, and not read",
            project_file.display()
        ));
    }
    let user_file = config::user_file(&variable, std::env::home_dir().as_deref());
    let user = match &user_file {
        Some(path) => config::read(path, Trust::User)?,
        None => None,
    };
    let has_weights =
        |settings: &Option<Settings>| settings.as_ref().is_some_and(|all| all.weights.is_some());
    let weights_from = if has_weights(&project) {
        Some(config::PROJECT_FILE.to_owned())
    } else {
        user_file
            .filter(|_| has_weights(&user))
            .map(|path| path.display().to_string())
    };
    let user = user.unwrap_or_default();
    let (project, warning) = config::within(project.unwrap_or_default(), &user);
    warnings.extend(warning.filter(|_| {
        let over = [&flags, &place, &environment];
        over.iter().all(|layer| layer.budget.is_none())
    }));
    let mut layers = [flags, place, environment, project, user];
    // a project may ask for more care than its user, and never for less; a flag is the last word
    let (flag, project) = (layers[0].secrets, layers[3].secrets.take());
    let mut settings = config::merge(&layers);
    let user = settings.secrets.unwrap_or_default();
    settings.secrets = flag.or(Some(user.max(project.unwrap_or(Secrets::Off))));
    Ok((roots, settings, weights_from))
}

fn request(what: &WhatArgs, roots: Vec<PathBuf>, settings: Settings) -> Outcome<Request> {
    let budget = settings.budget.unwrap_or(Size::Plain(DEFAULT_BUDGET));
    let budget = budget::resolve(budget, settings.model.as_ref())?;
    let (tokenizer, safety_factor) = match (settings.tokenizer, settings.model) {
        // A tokenizer asked for by name is counted as it counts.
        (Some(tokenizer), _) => (tokenizer, 1.0),
        (None, Some(model)) => (model.tokenizer, model.safety_factor),
        (None, None) => (Default::default(), 1.0),
    };
    let home = match settings.home {
        Some(false) => None,
        _ => std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
    };
    let variables = VARIABLES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
        .collect();
    Ok(Request {
        roots,
        revision: what.rev.clone(),
        staged: None,
        files: None,
        contents_only: false,
        budget,
        tokenizer,
        safety_factor,
        task: None,
        format: settings.format.unwrap_or_default(),
        include: settings.include,
        exclude: settings.exclude,
        pin: settings.pin,
        kinds: settings.kinds.unwrap_or_default(),
        cache: home
            .as_deref()
            .filter(|_| settings.cache != Some(false))
            .map(cache_folder),
        home,
        reader: None,
        in_progress: Vec::new(),
        known: Vec::new(),
        knows_task: false,
        variables,
        memory: settings.memory,
        now: None,
        weights: settings.weights.unwrap_or_default(),
        secrets: settings.secrets.unwrap_or_default(),
        earlier: None,
        explain: false,
    })
}

/// What a project says of itself, and a request by that alone: neither the environment nor the user's own file has a say, so that a check
/// or a bundle is the same for everyone.
#[derive(Debug)]
pub struct Project {
    /// The repository's root, or the folder itself where it is in none.
    pub root: PathBuf,
    /// Its `ctxpack.toml`; nothing where there is none.
    pub settings: Settings,
    /// Its files and notes; nothing from the home directory.
    pub request: Request,
    /// Trouble that does not end the run.
    pub warnings: Vec<String>,
}

/// The project around `path`, as it is staged or as it stands on disk, with what `flags` say over what it says.
///
/// # Errors
/// As for [`pack`].
pub fn project(path: &Path, is_staged: bool, flags: Settings) -> Outcome<Project> {
    let metadata = path.metadata().map_err(|error| missing(path, error))?;
    if !metadata.is_dir() {
        return Err(Failure::new(format!("{}: not a folder", path.display())));
    }
    let root = config::repository(path);
    let mut index = is_staged.then(|| ctxpack::request::Index {
        file: std::env::var_os("GIT_INDEX_FILE")
            .filter(|file| !file.is_empty())
            .map(PathBuf::from),
        made: Vec::new(),
    });
    let mut warnings = Vec::new();
    if let Some(other) = index.as_ref().filter(|it| staged::is_foreign(&root, it)) {
        let shown = other.file.clone().unwrap_or_default();
        warnings.push(format!(
            "GIT_INDEX_FILE: {} is no index of this repository, whose own is read instead",
            shown.display()
        ));
    }
    let file = root.join(config::PROJECT_FILE);
    let of_index = index.as_ref().map(|it| config::read_staged(&root, it));
    let settings = match of_index.transpose()?.flatten() {
        Some(settings) => {
            // one that cannot be read has been edited as well
            let is_edited = match config::read(&file, Trust::Project) {
                Ok(there) => there.is_some_and(|there| there != settings),
                Err(_) => true,
            };
            if is_edited {
                let shown = config::PROJECT_FILE;
                warnings.push(format!(
                    "{shown}: what is not staged does not count: git add {shown}"
                ));
            }
            Some(settings)
        }
        None => config::read(&file, Trust::Project)?,
    };
    if settings.is_none() && file.symlink_metadata().is_ok() {
        let shown = config::PROJECT_FILE;
        warnings.push(format!("{shown}: not a regular file, and not read"));
    }
    let settings = settings.unwrap_or_default();
    let (settings, warning) = config::within(settings, &Settings::default());
    warnings.extend(warning);
    let merged = config::merge(&[flags, settings.clone()]);
    let model = merged.model;
    let what = WhatArgs {
        no_home: true,
        no_cache: true,
        ..WhatArgs::default()
    };
    let mut request = request(&what, vec![root.clone()], merged)?;
    request.kinds.sessions = false;
    request.home = None;
    request.cache = None;
    request.variables.clear();
    if let Some(index) = &mut index {
        let outputs = settings.bundle.iter().filter_map(|it| it.output.clone());
        index.made = outputs.chain([lock::NAME.to_owned()]).collect();
    }
    request.staged = index;
    Ok(Project {
        root,
        // a limit of a check may be a share of the model that was typed
        settings: Settings { model, ..settings },
        request,
        warnings,
    })
}

/// The cache of the user, whether or not runs use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where it is; `None` where there is no home directory.
    pub folder: Option<PathBuf>,
    /// What keeps runs from using it, as it is named to people.
    pub off: Option<String>,
}

/// Where the cache is, and whether the environment or the user's settings turn it off. No project has a say in that.
///
/// # Errors
/// Settings that cannot be read.
pub fn kept() -> Outcome<Kept> {
    let variable =
        |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let environment = config::environment(&variable)?;
    let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    let user_file = config::user_file(&variable, home.as_deref());
    let user = match &user_file {
        Some(path) => config::read(path, Trust::User)?.unwrap_or_default(),
        None => Settings::default(),
    };
    let file = user_file.unwrap_or_default();
    let off = |by_variable: Option<bool>, by_file: Option<bool>, name: &str, key: &str| {
        let place = match by_variable {
            Some(false) => format!("{name}=1"),
            None if by_file == Some(false) => format!("{key} = false in {}", file.display()),
            _ => return None,
        };
        Some(place)
    };
    let off = off(environment.cache, user.cache, "CTXPACK_NO_CACHE", "cache")
        .or_else(|| off(environment.home, user.home, "CTXPACK_NO_HOME", "home"))
        .or_else(|| {
            home.is_none()
                .then(|| "no home directory is known".to_owned())
        });
    Ok(Kept {
        folder: home.as_deref().map(cache_folder),
        off,
    })
}

/// Whether who types `ctxpack` gets one: it lies in a folder that `PATH` names.
pub fn is_on_path() -> bool {
    let name = format!("ctxpack{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.is_absolute() && folder.join(&name).is_file())
}

/// Where the cache is: `$XDG_CACHE_HOME/ctxpack`, by default where the system keeps caches.
fn cache_folder(home: &Path) -> PathBuf {
    let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let moved = path("XDG_CACHE_HOME").map(PathBuf::from);
    let folder = moved
        .filter(|path| path.is_absolute()) // the XDG specification: relative paths are to be ignored
        .unwrap_or_else(|| match std::env::consts::OS {
            "macos" => home.join("Library/Caches"),
            "windows" => home.join("AppData/Local"),
            _ => home.join(".cache"),
        });
    folder.join("ctxpack")
}

/// The folders to pack: each is there, and none is named twice.
fn roots(paths: &[PathBuf]) -> Outcome<Vec<PathBuf>> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let mut roots: Vec<PathBuf> = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    for path in paths {
        let metadata = path.metadata().map_err(|error| missing(path, error))?;
        if !metadata.is_dir() {
            let glob = path.display();
            return Err(Failure::new(format!("{glob}: not a folder"))
                .hint(format!("to be sure of one file: ctxpack --pin '{glob}'; to pack nothing else: ctxpack -i '{glob}'")));
        }
        let canonical = path
            .canonicalize()
            .map_err(|error| Failure::from(Error::io(path, error)))?;
        if !seen.contains(&canonical) {
            seen.push(canonical);
            roots.push(path.clone());
        }
    }
    Ok(roots)
}

fn missing(path: &Path, error: std::io::Error) -> Failure {
    if error.kind() != std::io::ErrorKind::NotFound {
        return Failure::from(Error::io(path, error));
    }
    let failure = Failure::from(Error::NoSuchPath(path.to_owned()));
    let name = path.to_string_lossy();
    if name.is_empty() {
        return Failure::new("a PATH is empty").hint("ctxpack . packs the working directory");
    }
    let commands = args::commands();
    if commands.iter().any(|command| *command == name) {
        return failure.hint(format!("to run the command, put it first: ctxpack {name}"));
    }
    // A neighbour that is spelled alike, or a command.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    let mut neighbours: Vec<String> = std::fs::read_dir(folder.unwrap_or(Path::new(".")))
        .into_iter()
        .flatten()
        .take(1_000)
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    neighbours.sort();
    let near_folder = suggest::nearest(&wanted, neighbours.iter().map(String::as_str));
    let near_command = suggest::nearest(&name, commands.iter().map(String::as_str));
    match (near_folder, near_command) {
        (Some(near), _) => {
            let near = folder.map_or_else(|| PathBuf::from(near), |folder| folder.join(near));
            failure.hint(format!("did you mean {}?", near.display()))
        }
        (None, Some(near)) => failure.hint(format!("did you mean the command ctxpack {near}?")),
        (None, None) if name.contains(char::is_whitespace) => {
            failure.hint(format!("a task goes behind --task: ctxpack -t '{name}'"))
        }
        (None, None) => failure,
    }
}

/// Unix seconds of an RFC 3339 moment; a bare date is its first second in UTC.
///
/// # Errors
/// What is no moment.
pub fn moment(text: &str) -> Outcome<i64> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(timestamp.as_second());
    }
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == "2026-11-22".len()
        && let Ok(zoned) = date.to_zoned(jiff::tz::TimeZone::UTC)
    {
        return Ok(zoned.timestamp().as_second());
    }
    Err(Failure::new(format!("--now {text}: not a moment"))
        .hint("--now 2026-11-22T12:00:00Z, with Z or an offset such as +01:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_moment(text: &str, expected: Option<i64>) {
        assert_eq!(moment(text).ok(), expected, "{text}");
    }

    #[test]
    fn moments() {
        check_moment("1970-01-01T00:00:01Z", Some(1));
        check_moment("1970-01-01T01:00:00+01:00", Some(0));
        check_moment("1969-12-31T23:59:59Z", Some(-1));
        check_moment("1970-01-02", Some(86_400));
        check_moment("2026-11-22T12:00:00", None);
        check_moment("1970-01-01T00:00:01.9Z", Some(1));
        check_moment("yesterday", None);
        check_moment("", None);
        check_moment("2026-13-01", None);
        check_moment("99999999999", None);
    }

    #[test]
    fn roots_are_folders_named_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("services")).unwrap();
        std::fs::write(at("a.rs"), "").unwrap();
        let same = at("services/../services");
        assert_eq!(roots(&[at("services"), same]).unwrap(), [at("services")]);
        assert_eq!(roots(&[]).unwrap(), [PathBuf::from(".")]);
        let file = roots(&[at("a.rs")]).unwrap_err();
        assert!(
            file.message.ends_with("a.rs: not a folder") && file.hints[0].contains("--pin"),
            "{file:?}"
        );
        let near = roots(&[at("service")]).unwrap_err();
        assert!(
            near.message.ends_with("service: no such file or directory"),
            "{near:?}"
        );
        assert!(
            near.hints[0].starts_with("did you mean /") && near.hints[0].ends_with("services?"),
            "{near:?}"
        );
        assert_eq!(roots(&["".into()]).unwrap_err().message, "a PATH is empty");
        let text = roots(&["fix the bug".into()]).unwrap_err();
        assert_eq!(
            text.hints,
            ["a task goes behind --task: ctxpack -t 'fix the bug'"]
        );
        assert_eq!(
            roots(&["help".into()]).unwrap_err().hints,
            ["to run the command, put it first: ctxpack help"]
        );
    }
}
