//! What can be typed, and what is answered to what cannot.

use crate::common::Place;

#[track_caller]
fn check_bad(args: &[&str], stderr: &str) {
    assert_eq!(Place::new().run(args).bad(), stderr);
}

#[test]
fn help_and_version_go_to_stdout() {
    let place = Place::new();
    let short = place.run(&["-h"]).good();
    assert!(
        short.contains("Usage: ctxpack [OPTIONS] [PATH]...") && short.contains("Examples:"),
        "{short}"
    );
    assert_eq!(
        place.run(&["--version"]).good(),
        concat!("ctxpack ", env!("CARGO_PKG_VERSION"), "\n")
    );
    let long = place.run(&["--help"]).good();
    for flag in [
        "--budget",
        "--for",
        "--task",
        "--task-file",
        "--model",
        "--tokenizer",
        "--format",
        "--output",
        "--manifest",
        "--include",
        "--exclude",
        "--pin",
        "--only",
        "--without",
        "--now",
        "--explain",
        "--stats",
        "--timings",
        "--no-home",
        "--rev",
        "--quiet",
        "--color",
        "--version",
        "claude-hook",
        "codex-agents",
    ] {
        assert!(long.contains(flag), "{flag} is not in the help");
    }
    for args in [
        ["sources", "--help"],
        ["eval", "--help"],
        ["tune", "--help"],
        ["cache", "--help"],
        ["check", "--help"],
        ["bundle", "--help"],
        ["diff", "--help"],
        ["completions", "--help"],
        ["man", "--help"],
        ["help", "sources"],
        ["pack", "--help"],
    ] {
        assert!(place.run(&args).good().contains("Examples:"), "{args:?}");
    }
}

#[test]
fn short_help_fits_a_screen() {
    let help = Place::new().run(&["-h"]).good();
    let widest = help.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 80, "{widest} columns:\n{help}");
    let height = help.lines().count();
    assert!(height < 24, "{height} lines:\n{help}");
}

#[test]
fn packing_is_the_default() {
    let place = Place::new();
    let bundle = place.run(&[]).good();
    assert!(!bundle.is_empty());
    for args in [
        &["pack"][..],
        &["."],
        &["pack", "."],
        &["--", "."],
        &["-b", "32k"],
        &["pack", "-b", "1", "-b", "32k"],
    ] {
        assert_eq!(place.run(args).good(), bundle, "{args:?}");
    }
}

#[test]
fn folders_called_like_commands_can_be_packed() {
    let place = Place::new();
    place.write("sources/a.rs", "");
    assert!(place.run(&["sources"]).good().contains("tokens"));
    let bundle = place.run(&["./sources"]).good();
    for args in [
        &["--", "sources"][..],
        &["pack", "sources"],
        &["-b", "32k", "sources"],
    ] {
        assert_eq!(place.run(args).good(), bundle, "{args:?}");
    }
}

#[test]
fn every_flag_is_taken() {
    let place = Place::new();
    place.write("issue.md", "a task");
    place
        .run(&[
            "-b",
            "100_000",
            "-t",
            "one",
            "-t",
            "- two",
            "--task-file",
            "issue.md",
            "-m",
            "gpt-4o",
            "--tokenizer",
            "o200k_base",
            "-f",
            "xml",
            "-i",
            "src/**",
            "-e",
            "*.lock",
            "--pin",
            "src/main.rs",
            "--only",
            "files",
            "--now",
            "2026-11-22T12:00:00Z",
            "--stats",
            "--timings",
            "--no-home",
            "--quiet",
            "--color",
            "never",
            "-o",
            "-",
            ".",
        ])
        .good();
    for host in [
        "claude-hook",
        "claude-skill",
        "claude-md",
        "memory-md",
        "codex-agents",
        "mcp",
    ] {
        place.run(&["--for", host]).good();
    }
}

#[test]
fn mistyped_values_come_with_a_way_out() {
    check_bad(
        &["-b", "lots"],
        "error: invalid budget `lots`: no number\nhint: --budget 8000, 100k, 1.5m, 60% (of --model's window), 10000c or 32KiB\n",
    );
    check_bad(
        &["-b", "100,000"],
        "error: invalid budget `100,000`: `,000` is not a unit\nhint: --budget 100_000\n",
    );
    check_bad(
        &["-f", "yaml"],
        "error: unknown format `yaml`\nhint: one of xml, markdown, json, plain\n",
    );
    check_bad(
        &["--only", "filez"],
        "error: unknown kind `filez`\nhint: one of files, notes, sessions\n",
    );
    check_bad(
        &["--only", "files", "--without", "files"],
        "error: no kind is left to pack\nhint: --only files, or leave --without away\n",
    );
    check_bad(
        &["--tokenizer", "cl100"],
        "error: unknown tokenizer `cl100`\nhint: one of cl100k_base, o200k_base\n",
    );
    check_bad(
        &["--now", "today"],
        "error: --now today: not a moment\nhint: --now 2026-11-22T12:00:00Z, with Z or an offset such as +01:00\n",
    );
    check_bad(
        &["--bugdet", "5"],
        "error: unknown option `--bugdet`\nhint: did you mean --budget?\n",
    );
    check_bad(
        &["--color", "blue"],
        "error: --color blue: not a value it takes\nhint: one of auto, always, never\n",
    );
    check_bad(
        &["-t"],
        "error: --task <TEXT> needs a value\nhint: ctxpack --help lists every option\n",
    );
    check_bad(
        &["-t", "--stats"],
        "error: --task needs a text, and `--stats` is a flag\nhint: ctxpack --task 'what to do' --stats\n",
    );
    check_bad(
        &["srcs"],
        "error: srcs: no such file or directory\nhint: did you mean src?\n",
    );
    check_bad(
        &["sorces"],
        "error: sorces: no such file or directory\nhint: did you mean the command ctxpack sources?\n",
    );
    check_bad(
        &["-b", "9k", "sources"],
        "error: sources: no such file or directory\nhint: to run the command, put it first: ctxpack sources\n",
    );
    check_bad(
        &["fix the bug"],
        "error: fix the bug: no such file or directory\nhint: a task goes behind --task: ctxpack -t 'fix the bug'\n",
    );
    check_bad(
        &["src/main.rs"],
        "error: src/main.rs: not a folder\nhint: to be sure of one file: ctxpack --pin 'src/main.rs'; to pack nothing else: ctxpack -i 'src/main.rs'\n",
    );
    check_bad(
        &["--rev", "HEAD", ".", "src"],
        "error: --rev packs one repository, and several paths are given\nhint: pack them one by one\n",
    );
    check_bad(
        &["--manifest", "-"],
        "error: --manifest goes to a file: stdout is the bundle's\nhint: ctxpack --format json puts the manifest on stdout, with each item's text\n",
    );
    check_bad(
        &["-o", "no/out"],
        "error: no/out: there is no folder no\nhint: mkdir -p 'no'\n",
    );
    check_bad(
        &["-o", "src"],
        "error: src: is a folder\nhint: name a file in it: -o 'src/context.xml'\n",
    );
    check_bad(
        &["-o", "a", "--manifest", "./a"],
        "error: --output and --manifest name the same file\n",
    );
}

#[test]
fn an_unknown_model_lists_the_known_ones() {
    let stderr = Place::new().run(&["-m", "gpt-4p"]).bad();
    assert!(
        stderr.starts_with("error: unknown model `gpt-4p`\nhint: did you mean --model gpt-4"),
        "{stderr}"
    );
    assert!(stderr.contains("hint: known models: gpt-4"), "{stderr}");
}

#[test]
fn a_share_needs_a_model() {
    let place = Place::new();
    let stderr = place.run(&["-b", "60%"]).bad();
    assert!(
        stderr.starts_with("error: a budget of 60% needs a model to take it of\nhint: --model "),
        "{stderr}"
    );
    place.run(&["-b", "60%", "-m", "gpt-4o"]).good();
}

#[test]
fn a_budget_too_small_names_one_that_would_do() {
    let place = Place::new();
    let stderr = place.run(&["-b", "1"]).bad();
    let needed = stderr.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(
        stderr.contains(&format!(
            "needs at least {needed}\nhint: ctxpack --budget {needed}\n"
        )),
        "{stderr}"
    );
    place.run(&["-b", &needed]).good();
}

#[cfg(unix)]
#[test]
fn odd_names_are_no_trouble() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let folder = OsStr::from_bytes(b"odd \xff\n\x1b[31m");
    std::fs::create_dir(place.repo().join(folder)).unwrap();
    let mut command = place.command(&["-t", "x"]);
    let output = command.arg(folder).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let output = place
        .command(&["--task"])
        .arg(OsStr::from_bytes(b"\xff"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let output = place
        .command(&[])
        .arg(OsStr::from_bytes(b"gone \xff\x1b[31m"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!output.stderr.contains(&0x1b));
}
