//! Runs the binary away from the machine's own settings.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A repository to pack, with a home directory of its own beside it.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A small repository, and an empty home.
    pub fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir_all(place.repo().join(".git")).unwrap();
        std::fs::create_dir_all(place.home()).unwrap();
        place.write("src/main.rs", "fn main() {}\n");
        place
    }

    /// The repository's root.
    pub fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file of the repository.
    pub fn write(&self, path: &str, text: &str) {
        write(&self.repo().join(path), text);
    }

    /// Writes a file of the home directory.
    pub fn write_home(&self, path: &str, text: &str) {
        write(&self.home().join(path), text);
    }

    /// Reads a file of the repository.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.repo().join(path)).unwrap()
    }

    /// The binary, run in the repository with nothing on stdin and no environment but the home.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctxpack"));
        command
            .args(args)
            .current_dir(self.repo())
            .env_clear()
            .env("HOME", self.home())
            .env("TERM", "xterm-256color")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::new(self.command(args).output().unwrap())
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Asserts success, and gives stdout.
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }

    /// Asserts exit 2 with nothing on stdout, and gives stderr.
    #[track_caller]
    pub fn bad(self) -> String {
        assert_eq!(
            (self.code, self.stdout.as_str()),
            (Some(2), ""),
            "{}",
            self.stderr
        );
        assert!(self.stderr.starts_with("error: "), "{}", self.stderr);
        self.stderr
    }
}
