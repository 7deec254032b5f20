//! What is read out of the stores of agents, one file a tool in `fixtures/stores/`: adding a tool is adding a file.
//!
//! Each file says what lies in a home directory and in the repository, with the dirt that real stores have, and what must come out of it. They are no
//! trees, because agents that work on this repository would load the instructions in them, and because half of these names are ignored by habit.

use ctxpack::request::{Budget, Request};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A tool's store.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Store {
    /// What is odd about it.
    about: String,
    #[serde(default, rename = "file")]
    files: Vec<File>,
    #[serde(default, rename = "session")]
    sessions: Vec<Session>,
    /// Notes outside the repository.
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

/// A file; in what it says, `{repo}` is the repository, `{tree}` a worktree of it, `{slug}` and `{tree-slug}` what Claude Code makes of them.
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
    turns: usize,
    #[serde(default)]
    asks: Vec<String>,
    #[serde(default)]
    files: Vec<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Note {
    path: String,
    text: String,
}

/// A store, unpacked.
struct Place {
    _folder: tempfile::TempDir,
    names: Vec<(&'static str, String)>,
    repo: PathBuf,
    home: PathBuf,
}

fn slug(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.chars()
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
        let names = vec![
            ("{tree-slug}", slug(&tree)),
            ("{slug}", slug(&repo)),
            ("{repo}", repo.display().to_string()),
            ("{tree}", tree.display().to_string()),
        ];
        put(
            &repo.join("src/till.py"),
            b"def total(items):\n    return sum(items)\n",
        );
        let place = Self {
            _folder: folder,
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
            database.execute_batch(&self.named(&file.sql)).unwrap();
            return;
        }
        let mut bytes = self.named(&file.text).into_bytes();
        let digits: Vec<char> = file.hex.chars().filter(|c| !c.is_whitespace()).collect();
        for pair in digits.chunks(2) {
            let pair: String = pair.iter().collect();
            bytes.push(u8::from_str_radix(&pair, 16).unwrap());
        }
        if file.zstd {
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            bytes = ruzstd::encoding::compress_to_vec(bytes.as_slice(), level);
        }
        put(&path, &bytes);
    }

    fn request(&self) -> Request {
        Request {
            home: Some(self.home.clone()),
            now: Some(1_790_000_000),
            ..Request::new(self.repo.clone(), Budget::Tokens(200_000))
        }
    }
}

fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn check(name: &str, store: &Store) {
    let place = Place::unpack(store);
    let (_, remembered) = ctxpack::remembered(&place.request()).unwrap();
    let mut sessions: Vec<Session> = remembered
        .sessions
        .iter()
        .map(|session| Session {
            id: session.id.clone(),
            tool: session.tool.to_owned(),
            title: session.title.clone(),
            branch: session.branch.clone(),
            turns: session.turns.len(),
            asks: session.digest.asks.clone(),
            files: session.digest.files.clone(),
        })
        .collect();
    sessions.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(
        sessions, store.sessions,
        "{name}: sessions ({})",
        store.about
    );
    let outside = remembered.atoms.iter().zip(&remembered.atom_files);
    let notes: Vec<Note> = outside
        .filter(|(_, file)| file.is_none())
        .map(|(atom, _)| Note {
            path: atom.path.clone(),
            text: atom.text.trim_end().to_owned(),
        })
        .collect();
    let expected: Vec<Note> = store
        .notes
        .iter()
        .map(|note| Note {
            path: place.named(&note.path),
            text: note.text.clone(),
        })
        .collect();
    assert_eq!(notes, expected, "{name}: notes");
    let n = |of: fn(&ctxpack::source::stores::StoreReport) -> usize| -> usize {
        remembered.reports.iter().map(of).sum()
    };
    let codes: Vec<&str> = remembered
        .warnings
        .iter()
        .map(|warning| warning.code)
        .collect();
    assert_eq!(
        (n(|it| it.n_lost), n(|it| it.n_unknown), codes),
        (
            store.lost,
            store.unknown,
            store.warnings.iter().map(String::as_str).collect()
        ),
        "{name}: lost, unknown, warnings {:?}",
        remembered.warnings
    );
    let bundle = ctxpack::pack(&place.request(), &|_, _| {}).unwrap().bundle;
    for secret in &store.never {
        let all = format!("{}{}", bundle.text, ctxpack::manifest(&bundle));
        assert!(!all.contains(secret), "{name}: {secret}");
        let is_there = store
            .files
            .iter()
            .any(|file| file.text.contains(secret) || file.sql.contains(secret));
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
