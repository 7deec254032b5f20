//! The Nth read, write, rename, sync, open or listing fails, for N = 1, 2, ...: what is written is whole or absent, the exit code is
//! right, no temporary file is left, and the next run is as if nothing had been.
//!
//! A shim that the dynamic linker loads makes the call fail, since what fails for real (disks, quotas) cannot be had in a test.
//! It is C, because it stands in for functions of the C library. Every N takes minutes: `CTXPACK_FAULTS=all cargo test faults`; a plain
//! run takes some of each sort. So it is with runs that are killed: `CTXPACK_KILLS=1000 cargo test kill`.

#![allow(clippy::print_stderr)] // a long run says how many runs that were

use crate::cache;
use crate::common::{Place, Ran};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

const SORTS: [&str; 6] = ["read", "write", "rename", "sync", "open", "list"];

/// How many calls of a sort a plain run lets fail.
const SOME: usize = 12;

/// A repository with commits, notes, a file that is not committed, and sessions; no cache yet.
fn place() -> Place {
    let place = cache::place();
    std::fs::remove_dir(place.repo().join(".git")).unwrap();
    place.write("NOTES.md", "- We use pnpm, not npm.\n");
    place.write(
        "src/lib.rs",
        "/// Picks the package manager: pnpm.\npub fn pick() {}\n",
    );
    for args in [
        &["init", "-q"][..],
        &["add", "-A"],
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-qm",
            "pnpm",
        ],
    ] {
        let mut git = Command::new("git");
        git.args(args).current_dir(place.repo());
        git.env("GIT_CONFIG_GLOBAL", "/dev/null");
        assert!(git.status().unwrap().success());
    }
    place.write("src/new.rs", "pub fn new() {}\n");
    place
}

fn shim(folder: &Path) -> PathBuf {
    let library = folder.join("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/faults/shim.c");
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-w", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .status();
    assert!(status.unwrap().success(), "cc");
    library
}

const ARGS: &[&str] = &[
    "-t",
    "what did we decide about pnpm?",
    "-b",
    "2k",
    "-o",
    "out.xml",
    "--manifest",
    "out.json",
];

/// The names of a folder's files, and of those below it that begin with a dot.
fn names(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = names
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn read(place: &Place, name: &str) -> Option<String> {
    std::fs::read_to_string(place.repo().join(name)).ok()
}

/// What must hold of the files that a run left, whatever befell it.
#[track_caller]
fn check_left(place: &Place, what: &str) {
    for name in names(&place.repo()) {
        assert!(!name.ends_with(".tmp"), "{what}: {name} is left");
    }
    if let Some(bundle) = read(place, "out.xml") {
        let is_whole = bundle.starts_with("<context>") && bundle.ends_with("</context>\n");
        assert!(is_whole, "{what}: the bundle is cut:\n{bundle}");
    }
    if let Some(manifest) = read(place, "out.json") {
        let manifest: Result<serde_json::Value, _> = serde_json::from_str(&manifest);
        assert!(manifest.is_ok(), "{what}: the manifest is cut");
    }
}

#[test]
fn whatever_fails_the_output_is_whole_or_absent() {
    let tools = tempfile::tempdir().unwrap();
    let shim = shim(tools.path());
    let place = place();
    let clean = |args: &[&str]| {
        place.run(&[ARGS, args].concat()).good();
        let bundle = read(&place, "out.xml").unwrap();
        std::fs::remove_file(place.repo().join("out.xml")).unwrap();
        std::fs::remove_file(place.repo().join("out.json")).unwrap();
        bundle
    };
    let good = clean(&["--no-cache"]);
    let start = |variables: &[(&str, &str)]| {
        let mut command = place.command(ARGS);
        command
            .env("LD_PRELOAD", &shim)
            .envs(variables.iter().copied());
        // one thread, so that the Nth call is the same in every run
        command.env("RAYON_NUM_THREADS", "1");
        Ran::new(command.output().unwrap())
    };
    let tally = tools.path().join("tally");
    start(&[("FAULT_TALLY", tally.to_str().unwrap())]).good();
    let tally = std::fs::read_to_string(tally).unwrap();
    let counts: Vec<usize> = tally
        .split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect();
    assert!(
        counts.iter().all(|n| *n > 0),
        "the shim counts nothing: {tally}"
    );
    let (mut n_runs, mut n_failed) = (0, 0);
    for (sort, count) in SORTS.iter().zip(counts) {
        let step = match std::env::var("CTXPACK_FAULTS").as_deref() {
            Ok("all") => 1,
            _ => count.div_ceil(SOME).max(1),
        };
        // some more, since a run without a cache makes more calls than the one that was counted
        for n in (1..=count + count / 4 + 1).step_by(step) {
            let what = format!("{sort} {n}");
            let _ = std::fs::remove_dir_all(place.home().join(".cache"));
            let number = n.to_string();
            let ran = start(&[("FAULT_CALL", *sort), ("FAULT_NTH", &number)]);
            assert!(!ran.stderr.contains("panicked"), "{what}: {}", ran.stderr);
            assert_eq!(ran.stdout, "", "{what}");
            match ran.code {
                Some(0) => assert!(read(&place, "out.xml").is_some(), "{what}: no bundle"),
                Some(2) => assert!(ran.stderr.contains("error: "), "{what}: {}", ran.stderr),
                code => panic!("{what}: exit {code:?}: {}", ran.stderr),
            }
            check_left(&place, &what);
            n_failed += usize::from(ran.code == Some(2));
            n_runs += 1;
            // what it kept is as good as nothing kept
            assert_eq!(clean(&[]), good, "{what}: the cache was poisoned");
        }
    }
    assert!(n_failed > 0, "nothing failed in {n_runs} runs");
    eprintln!("{n_runs} runs with one call failing, of which {n_failed} ended with exit code 2");
}

#[test]
fn a_killed_run_leaves_nothing_that_matters() {
    let place = place();
    let good = {
        place.run(&[ARGS, &["--no-cache"]].concat()).good();
        read(&place, "out.xml").unwrap()
    };
    let n_kills = std::env::var("CTXPACK_KILLS").ok();
    let n_kills: u64 = n_kills.and_then(|n| n.parse().ok()).unwrap_or(30);
    let mut n_killed = 0;
    for n in 0..n_kills {
        if n % 10 == 0 {
            let _ = std::fs::remove_dir_all(place.home().join(".cache"));
        }
        let mut child = place.command(ARGS).stdout(Stdio::null()).spawn().unwrap();
        // spread over the whole of a run, in an order that is always the same
        std::thread::sleep(Duration::from_micros(n * 7_919 % 60_000));
        let _ = child.kill();
        n_killed += u64::from(child.wait().unwrap().code().is_none());
        if let Some(bundle) = read(&place, "out.xml") {
            assert_eq!(bundle, good, "kill {n}");
        }
        place.run(ARGS).good();
        assert_eq!(read(&place, "out.xml").unwrap(), good, "after kill {n}");
    }
    assert!(n_killed > 0, "no run was killed in time");
    eprintln!("{n_killed} of {n_kills} runs were killed before their end");
}
