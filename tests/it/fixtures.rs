//! The walker over `fixtures/`: a case is a test because its folder exists.
//!
//! A case holds `repo/`, perhaps `home/`, what is asked of them in `request.toml`, and what comes of it: `bundle.txt` and
//! `manifest.json`, compared byte for byte. A new case: make the folder, run `UPDATE_EXPECT=1 cargo test --test it fixtures`,
//! read what it wrote, commit. `request.toml` says:
//!
//! ```toml
//! args = ["-b", "2k", "-t", "..."] # as typed in `repo/`
//! present = ["fn a("]              # what must stand in the bundle, whatever is expected of the rest
//! absent = ["password"]            # what must never
//!
//! [[git]]                          # commits, oldest first; without any there is no repository
//! message = "..."
//! date = "2026-11-01T12:00:00Z"
//! files = ["src/a.rs"]             # of the commits that name a file, the last has all of it, the others a growing part
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Names in a fixture, and what they are called where it is packed. Git, cargo and agents would act on the latter.
const RENAMED: &[(&str, &str)] = &[
    ("AGENTS.md.txt", "AGENTS.md"),
    ("CLAUDE.md.txt", "CLAUDE.md"),
    ("Cargo.toml.txt", "Cargo.toml"),
    ("decisions-stored", "decisions"), // or they would be taken for decisions of this repository
    ("dot-claude", ".claude"),
    ("dot-gitignore", ".gitignore"),
];

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    args: Vec<String>,
    present: Vec<String>,
    #[serde(default)]
    absent: Vec<String>,
    #[serde(default)]
    git: Vec<Commit>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Commit {
    message: String,
    date: String,
    files: Vec<String>,
}

/// What comes of a case.
#[derive(PartialEq)]
struct Given {
    bundle: String,
    manifest: String,
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| !path.ends_with("memory") && !path.ends_with("stores")) // of other walkers
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn asked(case: &Path) -> Asked {
    let path = case.join("request.toml");
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Copies a tree, giving files their real names and the time `modified`.
fn copy(from: &Path, to: &Path, modified: SystemTime) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let real = RENAMED
            .iter()
            .find(|(stored, _)| *stored == name)
            .map_or(name.as_str(), |(_, real)| real);
        let target = to.join(real);
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target, modified);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            touch(&target, modified);
        }
    }
}

fn touch(path: &Path, modified: SystemTime) {
    fs::File::options()
        .append(true)
        .open(path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
}

fn git(repo: &Path, date: &str, args: &[&str]) {
    let output = Command::new("git")
        .args([
            "-c",
            "core.autocrlf=false",
            "-c",
            "gc.auto=0",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(args)
        .current_dir(repo)
        .env_clear() // a hook's GIT_DIR would lead to the repository that is being tested
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("GIT_CONFIG_GLOBAL", repo.join("no-such-file"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.org"),
            ("GIT_AUTHOR_DATE", date),
        ])
        .envs([
            ("GIT_COMMITTER_NAME", "A"),
            ("GIT_COMMITTER_EMAIL", "a@example.org"),
            ("GIT_COMMITTER_DATE", date),
        ])
        .stdin(Stdio::null())
        .output()
        .expect("git is installed");
    assert!(
        output.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Makes the history of a case out of its tree.
fn commit_all(repo: &Path, commits: &[Commit], modified: SystemTime) {
    git(repo, "2026-01-01T00:00:00Z", &["init", "--quiet"]);
    let mut whole: BTreeMap<&str, String> = BTreeMap::new();
    let mut n_commits: BTreeMap<&str, usize> = BTreeMap::new();
    for file in commits.iter().flat_map(|commit| &commit.files) {
        whole
            .entry(file)
            .or_insert_with(|| fs::read_to_string(repo.join(file)).unwrap());
        *n_commits.entry(file).or_default() += 1;
    }
    let mut n_done: BTreeMap<&str, usize> = BTreeMap::new();
    for commit in commits {
        for file in &commit.files {
            let done = n_done.entry(file).or_default();
            *done += 1;
            let lines: Vec<&str> = whole[file.as_str()].split_inclusive('\n').collect();
            let part = lines[..lines.len() * *done / n_commits[file.as_str()]].concat();
            fs::write(repo.join(file), part).unwrap();
            touch(&repo.join(file), modified);
            git(repo, &commit.date, &["add", "--", file]);
        }
        git(
            repo,
            &commit.date,
            &["commit", "--quiet", "-m", &commit.message],
        );
    }
}

/// Packs a case in a place of its own, where every file was modified at `modified`.
fn pack(case: &Path, modified: SystemTime) -> Given {
    let asked = asked(case);
    let place = tempfile::tempdir().unwrap();
    let (repo, home) = (place.path().join("repo"), place.path().join("home"));
    copy(&case.join("repo"), &repo, modified);
    fs::create_dir(&home).unwrap();
    if case.join("home").exists() {
        copy(&case.join("home"), &home, modified);
    }
    if !asked.git.is_empty() {
        commit_all(&repo, &asked.git, modified);
    }
    let manifest = place.path().join("manifest.json");
    let output = Command::new(env!("CARGO_BIN_EXE_ctxpack"))
        .args(&asked.args)
        .arg("--manifest")
        .arg(&manifest)
        .current_dir(&repo)
        .env_clear()
        .env("HOME", &home)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", case.display());
    Given {
        bundle: String::from_utf8(output.stdout).unwrap(),
        manifest: fs::read_to_string(manifest).unwrap(),
    }
}

/// The moment that files were modified at, unless a test is about another.
fn some_day() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_534_400) // 2026-11-01
}

#[test]
fn cases_give_what_is_expected() {
    let is_update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let given = pack(&case, some_day());
        for (name, text) in [
            ("bundle.txt", given.bundle),
            ("manifest.json", given.manifest),
        ] {
            let path = case.join(name);
            if is_update {
                fs::write(&path, &text).unwrap();
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if text != expected {
                wrong.push(format!(
                    "{}: {}",
                    path.display(),
                    first_difference(&expected, &text)
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\n(UPDATE_EXPECT=1 rewrites what is expected)",
        wrong.join("\n")
    );
}

fn first_difference(expected: &str, given: &str) -> String {
    let (mut expected, mut given) = (expected.lines(), given.lines());
    for number in 1.. {
        match (expected.next(), given.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => {
                let shown = |line: Option<&str>| line.unwrap_or("(the end)").to_owned();
                return format!(
                    "line {number}\n  expected {}\n  given    {}",
                    shown(a),
                    shown(b)
                );
            }
        }
    }
    "the last newline".to_owned()
}

#[test]
fn the_same_bytes_give_the_same_bundle() {
    for case in cases() {
        let again = pack(&case, some_day() + Duration::from_secs(86_400 * 100 + 1));
        assert!(
            pack(&case, some_day()) == again,
            "{}: the place or the time shows",
            case.display()
        );
    }
}

/// Holds where expectations were rewritten and not read.
#[test]
fn what_matters_is_in_and_within_the_budget() {
    for case in cases() {
        let asked = asked(&case);
        let given = pack(&case, some_day());
        let name = case.display();
        for text in &asked.present {
            assert!(given.bundle.contains(text), "{name}: {text} is missing");
        }
        for text in &asked.absent {
            assert!(!given.bundle.contains(text), "{name}: {text} is in");
        }
        let manifest: serde_json::Value = serde_json::from_str(&given.manifest).unwrap();
        let number = |key: &str| manifest[key].as_u64().unwrap();
        assert!(number("tokens") <= number("budget"), "{name}");
    }
}

#[test]
fn nothing_is_forgotten() {
    let expected = ["bundle.txt", "manifest.json", "repo", "request.toml"];
    for case in cases() {
        let names = |folder: &Path| -> BTreeSet<String> {
            let entries = fs::read_dir(folder)
                .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect()
        };
        let mut found = names(&case);
        found.remove("home");
        assert_eq!(
            found,
            expected.map(str::to_owned).into(),
            "{}",
            case.display()
        );
        let mut folders = vec![case];
        while let Some(folder) = folders.pop() {
            for name in names(&folder) {
                let path = folder.join(&name);
                if let Some((stored, _)) = RENAMED.iter().find(|(_, real)| *real == name) {
                    panic!("{}: to be stored as {stored}", path.display());
                }
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
    }
}
