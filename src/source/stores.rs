//! Stores outside the repository: where they are, which of them concern this repository, and how they are opened.
//!
//! A store in the home directory holds every project of its user, so nothing is taken from it by name alone: the
//! working directory written in a record decides, compared as text after `.` and `..` are resolved. Links below a
//! store's own folder are not followed (but for [`read_own`]) and only regular files are opened, so that a planted FIFO or a link to a
//! secret gives nothing.

use super::reader::Dirt;
use super::watch::{self, Input};
use crate::cache::Cache;
use crate::error::Warning;
use crate::request::Kind;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// What is needed to find the stores of one repository.
#[derive(Debug, Clone, Copy)]
pub struct Stores<'a> {
    /// The repository's canonical root, its common root and its worktrees; absolute.
    pub roots: &'a [PathBuf],
    /// The user's home directory; `None` reads no store outside the repository.
    pub home: Option<&'a Path>,
    /// Environment variables that move stores, by name: some of [`crate::request::VARIABLES`].
    pub variables: &'a BTreeMap<String, String>,
    /// What earlier runs read, if anything of it may be kept.
    pub cache: Option<&'a Cache>,
}

/// What a store holds for this repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoreReport {
    /// What its items are.
    pub kind: Kind,
    /// Whose store it is: `claude-code`, ...
    pub tool: &'static str,
    /// The folder, as `~/...` where it lies in the home directory.
    pub location: String,
    /// Atoms or sessions taken from it.
    pub n_items: usize,
    /// Bytes of the files that they stand in.
    pub bytes: u64,
    /// Pieces of records that were lost to dirt (see [`Dirt::n_lost`]).
    pub n_lost: usize,
    /// Records of a type that this version does not know.
    pub n_unknown: usize,
}

/// What was found in the stores.
#[derive(Debug, Clone)]
pub struct Found<T> {
    /// Sorted by a total key that the finder names.
    pub items: Vec<T>,
    /// One for each folder that gave items, sorted.
    pub reports: Vec<StoreReport>,
    /// Sorted.
    pub warnings: Vec<Warning>,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            reports: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl<T> Found<T> {
    /// Adds what another store gave.
    pub fn extend(&mut self, other: Found<T>) {
        self.items.extend(other.items);
        self.reports.extend(other.reports);
        self.warnings.extend(other.warnings);
    }
}

impl Stores<'_> {
    /// `path` as shown to people: `~/...` with `/` below the home directory.
    pub fn shown(&self, path: &Path) -> String {
        let text = normal(&path.to_string_lossy());
        match self.home.map(|home| normal(&home.to_string_lossy())) {
            Some(home) => match below(&text, &home) {
                Some("") => "~".to_owned(),
                Some(rest) => format!("~/{rest}"),
                None => text,
            },
            None => text,
        }
    }

    /// The path that an environment variable names; `None` where it is not set, or not absolute.
    pub fn variable(&self, name: &str) -> Option<PathBuf> {
        let value = self.variables.get(name).filter(|value| !value.is_empty())?;
        let path = match value.strip_prefix("~/") {
            Some(rest) => self.home?.join(rest),
            None => PathBuf::from(value),
        };
        path.is_absolute().then_some(path)
    }

    /// A folder of the home directory that a variable may move: `.codex`, or what `CODEX_HOME` says.
    pub fn home_dir(&self, name: &str, variable: &str) -> Option<PathBuf> {
        let home = self.home?;
        Some(self.variable(variable).unwrap_or_else(|| home.join(name)))
    }

    /// Where applications keep their settings on Linux, macOS and Windows, whichever this is: a store may have been
    /// synchronised or mounted from another system. None is promised to exist.
    pub fn config_dirs(&self) -> Vec<PathBuf> {
        self.system_dirs("XDG_CONFIG_HOME", ".config", "AppData/Roaming", "APPDATA")
    }

    /// The same for their data.
    pub fn data_dirs(&self) -> Vec<PathBuf> {
        let mut dirs = self.system_dirs(
            "XDG_DATA_HOME",
            ".local/share",
            "AppData/Local",
            "LOCALAPPDATA",
        );
        let roaming = self.home.map(|home| home.join("AppData/Roaming"));
        dirs.extend(self.variable("APPDATA").or(roaming));
        dirs
    }

    fn system_dirs(&self, xdg: &str, unix: &str, windows: &str, variable: &str) -> Vec<PathBuf> {
        let Some(home) = self.home else {
            return Vec::new();
        };
        vec![
            self.variable(xdg).unwrap_or_else(|| home.join(unix)),
            home.join("Library/Application Support"),
            self.variable(variable)
                .unwrap_or_else(|| home.join(windows)),
        ]
    }

    /// The part of an absolute `path` below the innermost root that holds it, with `/`; `None` outside all roots.
    ///
    /// A path in a worktree that an agent made (`.claude/worktrees/<name>/src/a.rs`) is given as the file it stands for
    /// (`src/a.rs`), whether or not the worktree is still there.
    pub fn relative(&self, path: &str) -> Option<String> {
        let path = normal(path);
        let rest = self
            .roots
            .iter()
            .filter_map(|root| below(&path, &normal(&root.to_string_lossy())).map(str::to_owned))
            .min_by_key(String::len)?;
        if let Some(inner) = rest.strip_prefix(".claude/worktrees/") {
            let file = inner.split_once('/').map_or("", |(_, file)| file);
            return Some(file.to_owned());
        }
        Some(rest)
    }

    /// Where the editors of the Visual Studio Code family keep the settings of a user, theirs and those of extensions.
    /// None is promised to exist.
    pub fn editor_dirs(&self) -> Vec<PathBuf> {
        const NAMES: &[&str] = &[
            "Code",
            "Code - Insiders",
            "Code - OSS",
            "VSCodium",
            "Cursor",
            "Windsurf",
        ];
        const SERVERS: &[&str] = &[
            ".vscode-server",
            ".vscode-server-insiders",
            ".cursor-server",
            ".windsurf-server",
        ];
        let mut dirs: Vec<PathBuf> = Vec::new();
        for config in self.config_dirs() {
            dirs.extend(NAMES.iter().map(|name| config.join(name).join("User")));
        }
        if let Some(home) = self.home {
            dirs.extend(SERVERS.iter().map(|name| home.join(name).join("data/User")));
        }
        dirs
    }

    /// A file that a record names, as it should be shown: relative to the root where inside it. `path` may be relative
    /// to `folder`, the working directory of the record.
    pub fn file(&self, folder: &str, path: &str) -> String {
        let is_absolute = path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':');
        let whole = if is_absolute || folder.is_empty() {
            path.to_owned()
        } else {
            format!("{folder}/{path}")
        };
        match self.relative(&whole) {
            Some(inside) => inside,
            None if is_absolute => self.shown(Path::new(path)),
            None => path.to_owned(),
        }
    }

    /// Whether an absolute path lies in one of the roots or is one.
    pub fn holds(&self, path: &str) -> bool {
        self.relative(path).is_some()
    }
}

/// An absolute path as text with `/`, without `.`, `..`, doubled or closing separators; drive letters in upper case.
fn normal(path: &str) -> String {
    let is_windows = path.as_bytes().get(1) == Some(&b':') || path.starts_with(r"\\");
    let mut text = path.to_owned();
    if is_windows {
        text = text.replace('\\', "/");
        if let Some(rest) = text.strip_prefix("//?/") {
            text = rest.to_owned();
        }
        if let Some(drive) = text.get_mut(..1) {
            drive.make_ascii_uppercase();
        }
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let lead = if text.starts_with('/') { "/" } else { "" };
    format!("{lead}{}", parts.join("/"))
}

/// The part of `path` below `root`, both normal; empty where they are equal.
fn below<'p>(path: &'p str, root: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(root)?;
    if rest.is_empty() || root.ends_with('/') {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}

/// The path that a record means by a path or by a URI of a file (`file:///c%3A/w/a.rs`, or one in WSL); `None` for
/// other URIs: they name files of another machine.
pub fn path_of_uri(text: &str) -> Option<String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Some(text.to_owned());
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = percent_decoded(host);
    let is_here = match scheme {
        "file" => true,
        "vscode-remote" => host.starts_with("wsl"),
        _ => false,
    };
    let path = percent_decoded(path);
    let is_drive =
        path.as_bytes().get(2) == Some(&b':') && path.as_bytes()[1].is_ascii_alphabetic();
    is_here.then(|| match host.as_str() {
        _ if is_drive => path[1..].to_owned(),
        "" | "localhost" => path,
        _ if scheme == "file" => format!(r"\\{host}{}", path.replace('/', r"\")),
        _ => path,
    })
}

fn percent_decoded(text: &str) -> String {
    let hex = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The names in a folder with their metadata, sorted by name; links and names that are not UTF-8 are left out.
///
/// An unreadable or missing folder is an empty one.
pub fn list(folder: &Path) -> Vec<(String, Metadata)> {
    if watch::look(folder).is_err() {
        return Vec::new();
    }
    let Ok(entries) = watch::heed(std::fs::read_dir(folder)) else {
        return Vec::new();
    };
    let mut names: Vec<(String, Metadata)> = entries
        .filter_map(|entry| {
            let entry = watch::heed(entry).ok()?;
            let name = entry.file_name().into_string().ok()?;
            // `DirEntry::metadata` does not follow links.
            let metadata = watch::heed(entry.metadata()).ok()?;
            (metadata.is_file() || metadata.is_dir()).then_some((name, metadata))
        })
        .collect();
    names.sort_by(|a, b| a.0.cmp(&b.0));
    names
}

/// Opens a regular file, and nothing else: no link, no FIFO, no device.
///
/// # Errors
/// The system's error, or `InvalidInput` for what is not a regular file.
pub fn open(path: &Path) -> std::io::Result<(Input, Metadata)> {
    if !watch::look(path)?.is_file() {
        let message = "not a regular file";
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            message,
        ));
    }
    // what has become a link or a FIFO since is neither followed nor waited for
    let (file, metadata) = watch::heed(super::beneath::file(path))?;
    Ok((Input::new(file), metadata))
}

/// The whole text of a regular file of at most `max_bytes`, invalid UTF-8 replaced.
///
/// # Errors
/// As [`open`]; `FileTooLarge` above the limit.
pub fn read_text(path: &Path, max_bytes: u64) -> std::io::Result<(String, Metadata)> {
    use std::io::Read;
    let (file, metadata) = open(path)?;
    if metadata.len() > max_bytes {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::new();
    file.take(max_bytes).read_to_end(&mut bytes)?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    Ok((text, metadata))
}

/// [`read_text`] of a file that the user keeps at a fixed place, which may be a link: many keep their own files in a repository of dotfiles.
///
/// A link is followed only to a regular file of the same extension below `home`: what somebody else planted leads to no secret, to no
/// device, and to nothing that waits.
///
/// # Errors
/// As [`read_text`]; `InvalidInput` for a link to anything else.
pub fn read_own(
    path: &Path,
    home: Option<&Path>,
    max_bytes: u64,
) -> std::io::Result<(String, Metadata)> {
    if !std::fs::symlink_metadata(path)?.is_symlink() {
        return read_text(path, max_bytes);
    }
    let target = path.canonicalize()?;
    let home = home.and_then(|home| home.canonicalize().ok());
    let is_below = home.is_some_and(|home| target.starts_with(home));
    if !is_below || target.extension() != path.extension() {
        let message = "a link to what is no note below the home directory";
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            message,
        ));
    }
    read_text(&target, max_bytes)
}

/// When a file was last changed, in Unix seconds.
pub fn mtime(metadata: &Metadata) -> Option<i64> {
    let since = metadata
        .modified()
        .ok()?
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// The earliest moment that is believed, the year 2020: no agent wrote an earlier one, a clock was wrong.
const EARLIEST: i64 = 1_577_836_800;

/// The latest moment that is believed, the year 2200.
const LATEST: i64 = 7_258_118_400;

/// A moment as agents write it (RFC 3339, or without a zone, taken as UTC), in Unix seconds.
///
/// `None` for what does not parse and for moments before 2020 and after 2200.
pub fn moment(text: &str) -> Option<i64> {
    let text = text.trim();
    let at = match text.parse::<jiff::Timestamp>() {
        Ok(at) => at.as_second(),
        Err(_) => {
            let local: jiff::civil::DateTime = text.parse().ok()?;
            let zone = jiff::tz::TimeZone::UTC;
            local.to_zoned(zone).ok()?.timestamp().as_second()
        }
    };
    (EARLIEST..LATEST).contains(&at).then_some(at)
}

/// A moment as a number of seconds, milliseconds or microseconds, told by its size, in Unix seconds.
///
/// `None` for moments before 2020 and after 2200.
pub fn moment_of_number(number: f64) -> Option<i64> {
    let seconds = match number {
        _ if number < 1e11 => number,
        _ if number < 1e14 => number / 1e3,
        _ => number / 1e6,
    } as i64;
    (EARLIEST..LATEST).contains(&seconds).then_some(seconds)
}

/// One line about what was lost of a file, if anything worth a warning was: a torn tail alone may be a live write.
pub fn dirt_warning(shown: &str, dirt: &Dirt) -> Option<Warning> {
    let n_lost = dirt.n_torn + dirt.n_too_long;
    (n_lost > 0).then(|| {
        Warning::new(
            "torn-record",
            shown,
            format!(
                "{n_lost} of {} pieces could not be read ({} too long)",
                n_lost + dirt.n_records,
                dirt.n_too_long
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(roots: &[&str], path: &str) -> Option<String> {
        let roots: Vec<PathBuf> = roots.iter().map(PathBuf::from).collect();
        Stores {
            roots: &roots,
            home: None,
            variables: &BTreeMap::new(),
            cache: None,
        }
        .relative(path)
    }

    #[test]
    fn paths_are_inside_by_parts_not_by_letters() {
        let check = |root: &str, path: &str, expected: Option<&str>| {
            assert_eq!(
                relative(&[root], path).as_deref(),
                expected,
                "{path} in {root}"
            );
        };
        check("/w/shop", "/w/shop", Some(""));
        check("/w/shop", "/w/shop/", Some(""));
        check("/w/shop/", "/w/shop/src/./a.rs", Some("src/a.rs"));
        check("/w/shop", "/w/shop-2/a.rs", None);
        check("/w/shop", "/w/shop/../other/a.rs", None);
        check("/w/shop", "src/a.rs", None);
        check("/w/shop", "", None);
        check("/", "/w/a.rs", Some("w/a.rs"));
        check(r"\\?\C:\w\shop", r"c:\w\shop\src\a.rs", Some("src/a.rs"));
        check(
            "/w/shop",
            "/w/shop/.claude/worktrees/fix/src/a.rs",
            Some("src/a.rs"),
        );
        check("/w/shop", "/w/shop/.claude/worktrees/fix", Some(""));
        assert_eq!(
            relative(&["/w/shop", "/w/shop/trees/x"], "/w/shop/trees/x/a.rs").as_deref(),
            Some("a.rs"),
            "the innermost root counts"
        );
    }

    #[test]
    fn shown_paths_hide_the_home_directory() {
        let stores = Stores {
            roots: &[],
            home: Some(Path::new("/home/dev")),
            variables: &BTreeMap::new(),
            cache: None,
        };
        assert_eq!(
            stores.shown(Path::new("/home/dev/.claude/x")),
            "~/.claude/x"
        );
        assert_eq!(
            stores.shown(Path::new("/home/developer/x")),
            "/home/developer/x"
        );
    }

    #[test]
    fn stores_are_looked_for_where_every_system_keeps_them() {
        let variables = BTreeMap::from([
            ("CODEX_HOME".to_owned(), "/data/codex".to_owned()),
            ("XDG_CONFIG_HOME".to_owned(), "relative".to_owned()),
            ("XDG_DATA_HOME".to_owned(), "~/data".to_owned()),
        ]);
        let stores = Stores {
            roots: &[],
            home: Some(Path::new("/home/dev")),
            variables: &variables,
            cache: None,
        };
        let codex = stores.home_dir(".codex", "CODEX_HOME").unwrap();
        let copilot = stores.home_dir(".copilot", "COPILOT_HOME").unwrap();
        assert_eq!(codex, Path::new("/data/codex"));
        assert_eq!(copilot, Path::new("/home/dev/.copilot"));
        let config = [
            "/home/dev/.config",
            "/home/dev/Library/Application Support",
            "/home/dev/AppData/Roaming",
        ];
        assert_eq!(stores.config_dirs(), config.map(PathBuf::from));
        assert_eq!(stores.data_dirs()[0], Path::new("/home/dev/data"));
    }

    #[test]
    fn moments() {
        assert_eq!(
            moment("2026-08-22T23:30:00+05:30"),
            moment("2026-08-22T18:00:00Z")
        );
        assert_eq!(
            moment("2026-08-22T18:00:00"),
            moment("2026-08-22T18:00:00.999Z")
        );
        assert_eq!(moment("2020-01-01T00:00:00Z"), Some(1_577_836_800));
        assert_eq!(moment("1970-01-01T00:00:00Z"), None);
        assert_eq!(moment("soon"), None);
    }

    #[test]
    fn uris_are_paths() {
        let check = |uri: &str, expected: Option<&str>| {
            assert_eq!(path_of_uri(uri).as_deref(), expected, "{uri}");
        };
        check("/w/a b", Some("/w/a b"));
        check(r"C:\w", Some(r"C:\w"));
        check("file:///w/a%20b%C3%A9%zz%4", Some("/w/a bé%zz%4"));
        check("file:///c%3A/w/shop", Some("c:/w/shop"));
        check("file://localhost/w", Some("/w"));
        check("file://box/share/w", Some(r"\\box\share\w"));
        check("vscode-remote://wsl%2Bubuntu/home/dev", Some("/home/dev"));
        check("vscode-remote://ssh-remote%2Bbox/home/dev", None);
        check("https://example.org/w", None);
        check("file://", Some(""));
    }

    #[test]
    fn files_are_shown_relative_to_the_root() {
        let roots = [PathBuf::from("/w/shop")];
        let stores = Stores {
            roots: &roots,
            home: Some(Path::new("/home/dev")),
            variables: &BTreeMap::new(),
            cache: None,
        };
        assert_eq!(stores.file("/w/shop", "src/a.rs"), "src/a.rs");
        assert_eq!(stores.file("/w/shop/web", "./a.ts"), "web/a.ts");
        assert_eq!(stores.file("/w/shop", "/w/shop/a.rs"), "a.rs");
        assert_eq!(stores.file("/w/shop", "/home/dev/x"), "~/x");
        assert_eq!(stores.file("/w/shop", "../x"), "../x");
        assert_eq!(stores.file("", "a.rs"), "a.rs");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_fifos_are_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("a"), "x\u{e9}").unwrap();
        std::os::unix::fs::symlink(path("a"), path("b")).unwrap();
        std::os::unix::net::UnixListener::bind(path("c")).unwrap();
        let names: Vec<String> = list(dir.path()).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a"]);
        assert_eq!(read_text(&path("a"), 10).unwrap().0, "xé");
        assert!(read_text(&path("a"), 2).is_err());
        assert!(open(&path("b")).is_err() && open(&path("c")).is_err());
        assert!(open(dir.path()).is_err() && open(&path("missing")).is_err());
    }
}
