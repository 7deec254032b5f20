//! What is read out of the stores of agents, one file a tool in `fixtures/stores/`: adding a tool is adding a file.
//!
//! Each file says what lies in a home directory and in the repository, with the dirt that real stores have, and what must come out of it. They are no
//! trees, because agents that work on this repository would load the instructions in them, and because half of these names are ignored by habit.

use ctxpack::cache::Cache;
use ctxpack::error::Warning;
use ctxpack::request::{Budget, Memory, Request};
use ctxpack::source::notes::{self, Atom, DateSource};
use ctxpack::source::sessions;
use ctxpack::source::stores::{StoreReport, Stores};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A tool's store.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Store {
    /// What is odd about it.
    about: String,
    /// Where the repository is on another system. It is not there then, and only the home directory is read.
    #[serde(default)]
    root: String,
    /// What the environment says of where stores are.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// Folders of notes that a config file names.
    #[serde(default)]
    memory: Vec<Configured>,
    #[serde(default, rename = "file")]
    files: Vec<File>,
    #[serde(default, rename = "session")]
    sessions: Vec<Session>,
    /// All notes, in the repository and outside, by path and line.
    #[serde(default, rename = "note")]
    notes: Vec<Note>,
    /// Pieces of records that are lost to dirt, over all reports.
    #[serde(default)]
    lost: usize,
    /// Records of a type that nobody knows, over all reports.
    #[serde(default)]
    unknown: usize,
    /// Codes of warnings, sorted.
    #[serde(default)]
    warnings: Vec<String>,
    /// What no bundle may hold.
    #[serde(default)]
    never: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Configured {
    path: String,
    glob: String,
}

/// A file; in what it says, `{repo}` is the repository, `{tree}` a worktree of it, `{slug}` and `{tree-slug}` what Claude Code makes of
/// them, `{home}` the home directory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// `~/x` in the home directory, else in the repository.
    path: String,
    #[serde(default)]
    text: String,
    /// Statements that make it, where it is a database.
    #[serde(default)]
    sql: String,
    /// Values in them, by name: `{thread}` is that text, compressed with Zstandard.
    #[serde(default)]
    values: BTreeMap<String, String>,
    /// Bytes behind the text, in hex: what is no UTF-8.
    #[serde(default)]
    hex: String,
    /// Whether it is compressed with Zstandard.
    #[serde(default)]
    zstd: bool,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Session {
    id: String,
    tool: String,
    title: String,
    #[serde(default)]
    branch: String,
    /// Its first moment; none where only the file has one.
    #[serde(default)]
    began: String,
    turns: usize,
    #[serde(default)]
    asks: Vec<String>,
    #[serde(default)]
    files: Vec<String>,
    /// What its tool wrote to go on from.
    #[serde(default)]
    summary: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Note {
    path: String,
    text: String,
    class: String,
    /// The day that is written in it; none where only the file has one.
    #[serde(default)]
    day: String,
    /// Globs of the files that it is meant for.
    #[serde(default)]
    files: Vec<String>,
    /// Whether it is done, or something else took its place.
    #[serde(default)]
    over: bool,
}

/// What was read of a store.
#[derive(Debug, PartialEq)]
struct Got {
    sessions: Vec<sessions::Session>,
    atoms: Vec<Atom>,
    reports: Vec<StoreReport>,
    warnings: Vec<Warning>,
}

/// A store, unpacked.
struct Place {
    folder: tempfile::TempDir,
    names: Vec<(&'static str, String)>,
    repo: PathBuf,
    home: PathBuf,
}

fn slug(path: &str) -> String {
    path.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}

impl Place {
    fn unpack(store: &Store) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let [repo, tree, home] = ["till", "till-fix", "home"].map(|name| root.join(name));
        for git in [
            repo.join(".git/worktrees/till-fix"),
            home.clone(),
            tree.clone(),
        ] {
            std::fs::create_dir_all(git).unwrap();
        }
        let git = repo.join(".git");
        for (path, text) in [
            (git.join("HEAD"), "ref: refs/heads/main\n".to_owned()),
            (
                git.join("config"),
                "[core]\n\trepositoryformatversion = 0\n".to_owned(),
            ),
            (git.join("objects/info/packs"), String::new()),
            (git.join("refs/heads/x"), "0".repeat(40)),
            (
                git.join("worktrees/till-fix/gitdir"),
                format!("{}/.git\n", tree.display()),
            ),
            (
                git.join("worktrees/till-fix/commondir"),
                "../..\n".to_owned(),
            ),
            (
                git.join("worktrees/till-fix/HEAD"),
                "ref: refs/heads/fix\n".to_owned(),
            ),
            (
                tree.join(".git"),
                format!("gitdir: {}/worktrees/till-fix\n", git.display()),
            ),
        ] {
            put(&path, text.as_bytes());
        }
        std::fs::remove_file(git.join("refs/heads/x")).unwrap();
        let shown = match store.root.as_str() {
            "" => repo.display().to_string(),
            elsewhere => elsewhere.to_owned(),
        };
        let names = vec![
            ("{tree-slug}", slug(&tree.to_string_lossy())),
            ("{slug}", slug(&shown)),
            ("{repo}", shown),
            ("{tree}", tree.display().to_string()),
            ("{home}", home.display().to_string()),
        ];
        put(
            &repo.join("src/till.py"),
            b"def total(items):\n    return sum(items)\n",
        );
        let place = Self {
            folder,
            names,
            repo,
            home,
        };
        for file in &store.files {
            place.write(file);
        }
        place
    }

    fn named(&self, text: &str) -> String {
        let names = self.names.iter();
        names.fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
    }

    fn write(&self, file: &File) {
        let path = self.named(&file.path);
        let path = match path.strip_prefix("~/") {
            Some(below) => self.home.join(below),
            None => self.repo.join(path),
        };
        if !file.sql.is_empty() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let database = rusqlite::Connection::open(&path).unwrap();
            let mut sql = self.named(&file.sql);
            for (name, text) in &file.values {
                let bytes = compressed(self.named(text).as_bytes());
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                sql = sql.replace(&format!("{{{name}}}"), &format!("x'{digits}'"));
            }
            database.execute_batch(&sql).unwrap();
            return;
        }
        let mut bytes = self.named(&file.text).into_bytes();
        let digits: Vec<char> = file.hex.chars().filter(|c| !c.is_whitespace()).collect();
        for pair in digits.chunks(2) {
            let pair: String = pair.iter().collect();
            bytes.push(u8::from_str_radix(&pair, 16).unwrap());
        }
        if file.zstd {
            bytes = compressed(&bytes);
        }
        put(&path, &bytes);
    }

    fn request(&self, store: &Store) -> Request {
        Request {
            home: Some(self.home.clone()),
            variables: self.variables(store),
            memory: store
                .memory
                .iter()
                .map(|it| Memory {
                    path: self.named(&it.path).into(),
                    glob: it.glob.clone(),
                })
                .collect(),
            now: Some(1_790_000_000),
            ..Request::new(self.repo.clone(), Budget::Tokens(200_000))
        }
    }

    fn variables(&self, store: &Store) -> BTreeMap<String, String> {
        let variables = store.variables.iter();
        variables
            .map(|(name, value)| (name.clone(), self.named(value)))
            .collect()
    }

    fn read(&self, store: &Store, cache: Option<PathBuf>) -> Got {
        if !store.root.is_empty() {
            return self.read_elsewhere(store, cache);
        }
        let request = Request {
            cache,
            ..self.request(store)
        };
        let (_, remembered) = ctxpack::remembered(&request).unwrap();
        Got {
            sessions: remembered.sessions,
            atoms: remembered.atoms,
            reports: remembered.reports,
            warnings: remembered.warnings,
        }
    }

    /// For a repository that is not on this system.
    fn read_elsewhere(&self, store: &Store, cache: Option<PathBuf>) -> Got {
        let (roots, variables) = ([PathBuf::from(&store.root)], self.variables(store));
        let cache = cache.map(Cache::new);
        let stores = Stores {
            roots: &roots,
            home: Some(&self.home),
            variables: &variables,
            cache: cache.as_ref(),
        };
        let (sessions, notes) = (sessions::read(&stores), notes::stored(&stores));
        Got {
            sessions: sessions.items,
            atoms: notes.items,
            reports: [sessions.reports, notes.reports].concat(),
            warnings: [sessions.warnings, notes.warnings].concat(),
        }
    }

    /// All that anybody gets to see of what was read.
    fn shown(&self, store: &Store, got: &Got) -> String {
        if !store.root.is_empty() {
            return format!("{:?}{:?}", got.sessions, got.atoms);
        }
        let packed = ctxpack::pack(&self.request(store), &|_, _| {}).unwrap();
        format!(
            "{}{}",
            packed.bundle.text,
            ctxpack::manifest(&packed.bundle)
        )
    }
}

/// A moment in Unix seconds as people write it, in UTC.
fn moment(at: i64) -> String {
    jiff::Timestamp::from_second(at).unwrap().to_string()
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    ruzstd::encoding::compress_to_vec(bytes, level)
}

fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Makes everything in a folder an hour old: what changed just now is not kept.
fn age(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            age(&path);
        } else {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            let then = SystemTime::now() - Duration::from_secs(3_600);
            file.set_modified(then).unwrap();
        }
    }
}

fn check(name: &str, store: &Store) {
    let place = Place::unpack(store);
    age(&place.home);
    let got = place.read(store, None);
    let cache = place.folder.path().join("cache");
    for run in ["cold", "warm"] {
        let kept = place.read(store, Some(cache.clone()));
        assert_eq!(kept, got, "{name}: {run}");
    }
    // of notes, that no secret is in them
    let is_any = !got.sessions.is_empty() || !got.atoms.is_empty();
    assert_eq!(cache.exists(), is_any, "{name}: kept");
    let mut sessions: Vec<Session> = got
        .sessions
        .iter()
        .map(|session| Session {
            id: session.id.clone(),
            tool: session.tool.to_owned(),
            title: session.title.clone(),
            branch: session.branch.clone(),
            began: match session.started {
                0 => String::new(),
                at => moment(at),
            },
            turns: session.turns.len(),
            asks: session.digest.asks.clone(),
            files: session.digest.files.clone(),
            summary: session.digest.summary.clone(),
        })
        .collect();
    sessions.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(
        sessions, store.sessions,
        "{name}: sessions ({})",
        store.about
    );
    let notes: Vec<Note> = got
        .atoms
        .iter()
        .map(|atom| Note {
            path: atom.path.clone(),
            text: atom.text.trim_end().to_owned(),
            class: atom.class.word().to_owned(),
            day: match atom.date {
                Some((at, DateSource::Record | DateSource::Heading)) => moment(at)[..10].to_owned(),
                _ => String::new(),
            },
            files: atom.applies_to.clone(),
            over: atom.done || atom.superseded,
        })
        .collect();
    let expected = store.notes.iter().map(|note| Note {
        path: place.named(&note.path),
        text: note.text.clone(),
        class: note.class.clone(),
        day: note.day.clone(),
        files: note.files.clone(),
        over: note.over,
    });
    for (at, expected) in expected.enumerate() {
        assert_eq!(notes.get(at), Some(&expected), "{name}: note {at}");
    }
    let more = notes.get(store.notes.len()..).unwrap_or_default();
    assert_eq!(more, [], "{name}: notes that nobody expects");
    let n = |of: fn(&StoreReport) -> usize| -> usize { got.reports.iter().map(of).sum() };
    let codes: Vec<&str> = got.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(
        (n(|it| it.n_lost), n(|it| it.n_unknown), codes),
        (
            store.lost,
            store.unknown,
            store.warnings.iter().map(String::as_str).collect()
        ),
        "{name}: lost, unknown, warnings {:?}",
        got.warnings
    );
    let shown = place.shown(store, &got);
    for secret in &store.never {
        assert!(!shown.contains(secret), "{name}: {secret}");
        let is_there = store.files.iter().any(|file| {
            let values = file.values.values().any(|text| text.contains(secret));
            values || file.text.contains(secret) || file.sql.contains(secret)
        });
        assert!(is_there, "{name}: nowhere, so never missed: {secret}");
    }
}

#[test]
fn each_store_gives_what_it_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stores");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let store: Store = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        check(&name, &store);
    }
}
