//! Trees, repositories, tasks and flags as nobody means them, through the binary: each run ends in time, with 0 and a warning
//! or with 2 and a message, and never in a panic.
//!
//! Broken pipes and full disks are in `streams`, mistyped flags in `flags`.
#![cfg(unix)]

mod arguments;
mod contents;
mod files;
mod git;
mod git_traps;

use ctxpack::emit::Manifest;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Far more than any run takes, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder to spoil, with room beside it.
struct Place {
    folder: tempfile::TempDir,
}

/// A run that ended well.
#[derive(Debug)]
struct Good {
    stdout: String,
    stderr: String,
    manifest: Manifest,
}

impl Place {
    /// An empty folder.
    fn empty() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for name in ["root", "out"] {
            std::fs::create_dir(place.beside(name)).unwrap();
        }
        place
    }

    /// Two files, in no repository.
    fn new() -> Self {
        let place = Self::empty();
        place.write("src/main.rs", "fn main() {}\n");
        place.write("src/other.rs", "fn other() {}\n");
        place
    }

    /// The two files in a repository of one commit.
    fn repository() -> Self {
        let place = Self::new();
        place.git(&["init"]);
        place.git(&["add", "."]);
        place.git(&["commit", "-m", "first"]);
        place
    }

    /// Another place with the same root, to spoil.
    fn copy(&self) -> Self {
        let place = Self::empty();
        std::fs::remove_dir(place.root()).unwrap();
        let root = self.root();
        assert!(tool("cp", &["-r", root.to_str().unwrap()], &place.root()));
        place
    }

    fn root(&self) -> PathBuf {
        self.beside("root")
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.at(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    #[track_caller]
    fn git(&self, args: &[&str]) {
        git(&self.root(), args);
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctxpack"));
        command.args(args);
        command
    }

    /// Runs it in the root, without a home and an environment.
    #[track_caller]
    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        self.end(self.command(args))
    }

    /// Runs a command to its end, or to the end of patience.
    #[track_caller]
    fn end(&self, mut command: Command) -> (Option<i32>, String, String) {
        let out = |name: &str| self.beside("out").join(name);
        let file = |name: &str| std::fs::File::create(out(name)).unwrap();
        let _ = std::fs::remove_file(out("manifest"));
        let mut child = command
            .arg("--manifest")
            .arg(out("manifest"))
            .current_dir(self.root())
            .env_clear()
            // Without one, that of the system's list of users counts.
            .env("HOME", self.beside("home"))
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .unwrap();
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("{command:?} hangs");
            }
            std::thread::sleep(Duration::from_millis(3));
        };
        let text = |name: &str| String::from_utf8(std::fs::read(out(name)).unwrap()).unwrap();
        let (stdout, stderr) = (text("stdout"), text("stderr"));
        assert!(!stderr.contains("panicked"), "{stderr}");
        for said in [&stdout, &stderr] {
            let odd = |c: char| c.is_control() && c != '\n' && c != '\t';
            assert!(!said.contains(odd), "{said:?}");
        }
        (status.code(), stdout, stderr)
    }

    #[track_caller]
    fn good(&self, args: &[&str]) -> Good {
        self.good_of(self.command(args))
    }

    #[track_caller]
    fn good_of(&self, command: Command) -> Good {
        let (code, stdout, stderr) = self.end(command);
        assert_eq!(code, Some(0), "{stderr}");
        let manifest = std::fs::read(self.beside("out/manifest")).unwrap();
        let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
        Good {
            stdout,
            stderr,
            manifest,
        }
    }

    /// The error of a run that must fail, hints and all.
    #[track_caller]
    fn bad(&self, args: &[&str]) -> String {
        let (code, stdout, stderr) = self.run(args);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        let at = stderr.find("error: ").expect(&stderr);
        stderr[at..].to_owned()
    }

    /// What a run packs, and the codes of its warnings.
    #[track_caller]
    fn check(&self, args: &[&str], items: &[&str], warnings: &[&str]) -> Good {
        let good = self.good(args);
        assert_eq!(good.items(), items, "{args:?}");
        assert_eq!(good.warnings(), warnings, "{args:?}: {}", good.stderr);
        good
    }

    #[track_caller]
    fn check_bad(&self, args: &[&str], start: &str) {
        let stderr = self.bad(args);
        assert!(stderr.starts_with(&format!("error: {start}")), "{stderr}");
    }
}

impl Good {
    /// Sorted.
    fn items(&self) -> Vec<&str> {
        let mut items: Vec<&str> = self.manifest.items.iter().map(|it| &*it.path).collect();
        items.sort();
        items
    }

    fn warnings(&self) -> Vec<&str> {
        let warnings = self.manifest.warnings.iter().map(|it| &*it.code);
        warnings.collect()
    }

    #[track_caller]
    fn says(&self, code: &str, path: &str, message: &str) {
        let said = self.manifest.warnings.iter().any(|warning| {
            warning.code == code && warning.path == path && warning.message.contains(message)
        });
        assert!(said, "{:#?}", self.manifest.warnings);
    }

    #[track_caller]
    fn omits(&self, path: &str, reason: &str) {
        let found = self.manifest.omitted.iter().find(|it| it.path == path);
        assert_eq!(found.map(|it| &*it.reason), Some(reason), "{path}");
    }

    /// The text of the item at `path`, out of the bundle, which must be JSON.
    #[track_caller]
    fn text(&self, path: &str) -> String {
        let bundle: serde_json::Value = serde_json::from_str(&self.stdout).unwrap();
        let items = bundle["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["path"] == path).expect(path);
        item["text"].as_str().unwrap().to_owned()
    }
}

#[track_caller]
fn git(folder: &Path, args: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "init.defaultBranch=main"])
        .args(["-c", "protocol.file.allow=always"])
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "a")
        .env("GIT_AUTHOR_EMAIL", "a@example.org")
        .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
        .env("GIT_COMMITTER_NAME", "a")
        .env("GIT_COMMITTER_EMAIL", "a@example.org")
        .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {stderr}");
}

/// Whether a small tool of the system did its work.
fn tool(name: &str, args: &[&str], path: &Path) -> bool {
    let mut command = Command::new(name);
    command.args(args).arg(path).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn fifo(path: &Path) {
    assert!(tool("mkfifo", &[], path), "mkfifo {}", path.display());
}

const BOTH: &[&str] = &["src/main.rs", "src/other.rs"];

/// Documents of a bundle, as an XML parser sees them.
#[track_caller]
fn n_documents(xml: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut n = 0;
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(tag) => {
                n += usize::from(tag.name().as_ref() == "document")
            }
            quick_xml::events::Event::Eof => return n,
            _ => {}
        }
    }
}
