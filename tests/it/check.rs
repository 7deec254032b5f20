//! `ctxpack check` through the binary: what is limited, what is compared with what, and how each reader is told.

use crate::common::{Place, Ran};
use std::path::Path;
use std::process::Command;

/// Runs git in `repo`, away from the machine's own settings; every commit is of one moment.
pub fn git(repo: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false"])
        .args(args)
        .current_dir(repo)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("GIT_CONFIG_GLOBAL", repo.join("no-such-file"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.org"),
            ("GIT_AUTHOR_DATE", "2026-11-01T12:00:00Z"),
            ("GIT_COMMITTER_NAME", "A"),
            ("GIT_COMMITTER_EMAIL", "a@example.org"),
            ("GIT_COMMITTER_DATE", "2026-11-01T12:00:00Z"),
        ])
        .output()
        .expect("git is installed");
    assert!(
        output.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A repository with everything committed.
pub fn committed(files: &[(&str, &str)]) -> Place {
    let place = Place::new();
    std::fs::remove_dir_all(place.repo().join(".git")).unwrap();
    git(&place.repo(), &["init", "--quiet"]);
    for (path, text) in files {
        place.write(path, text);
    }
    commit(&place);
    place
}

pub fn commit(place: &Place) {
    git(&place.repo(), &["add", "--all"]);
    git(&place.repo(), &["commit", "--quiet", "-m", "x"]);
}

/// `n` tokens of text, one a line and one each for its end.
fn words(n: usize) -> String {
    "a\n".repeat(n / 2)
}

/// Runs the binary; holds the exit code, and of each line that is told some of its parts and its code.
#[track_caller]
pub fn judged(place: &Place, args: &[&str], parts: &[usize], code: i32, expected: &[&str]) -> Ran {
    let ran = place.run(args);
    let told = |line: &str| {
        let code = line.strip_suffix(']')?.rsplit_once(" [")?.1;
        let all: Vec<&str> = line.split(": ").collect();
        let shown: Option<Vec<&str>> = parts.iter().map(|&idx| all.get(idx).copied()).collect();
        Some(format!("{} {code}", shown?.join(" ")))
    };
    let found: Vec<String> = ran.stdout.lines().filter_map(told).collect();
    assert_eq!(
        (ran.code, found.as_slice()),
        (
            Some(code),
            &expected
                .iter()
                .map(|it| (*it).to_owned())
                .collect::<Vec<_>>()[..]
        ),
        "{args:?}: {}{}",
        ran.stdout,
        ran.stderr
    );
    ran
}

/// Places and codes that are told.
#[track_caller]
fn check(place: &Place, args: &[&str], code: i32, expected: &[&str]) -> Ran {
    judged(place, &[&["check"], args].concat(), &[0], code, expected)
}

#[test]
fn all_is_well_in_silence() {
    let place = committed(&[("src/a.md", &words(100))]);
    for args in [
        &[][..],
        &["--budget", "1k", "src"],
        &["-b", "1k"],
        &["--staged"],
    ] {
        let ran = check(&place, args, 0, &[]);
        assert_eq!(
            (ran.stdout.as_str(), ran.stderr.as_str()),
            ("", ""),
            "{args:?}"
        );
    }
}

#[test]
fn a_limit_may_be_typed() {
    let place = committed(&[("text/a.md", &words(100)), ("text/b/c.md", &words(100))]);
    let src = "ctxpack check";
    check(
        &place,
        &["-b", "200", "text/"],
        0,
        &[&format!("{src} near-budget")],
    );
    check(
        &place,
        &["-b", "199", "text/"],
        1,
        &[&format!("{src} over-budget")],
    );
    check(&place, &["-b", "120", "text/a.md"], 0, &[]);
    check(&place, &["-b", "120", "--each", "text"], 0, &[]);
    check(
        &place,
        &["-b", "99", "--each", "text"],
        1,
        &["text/a.md over-budget", "text/b/c.md over-budget"],
    );
    check(&place, &["-b", "150c", "-i", "*.md", "-e", "b/"], 0, &[]);
    check(
        &place,
        &["-b", "1k", "-i", "*.py"],
        1,
        &[&format!("{src} nothing-matched")],
    );
    place.write("docs/hook.md", &"x".repeat(10_001));
    check(
        &place,
        &["--for", "claude-hook", "docs"],
        1,
        &["docs/hook.md over-cap"],
    );
    for args in [
        &["text"][..],
        &["--max-growth", "5%"],
        &["--for", "claude-hook"],
        &["--for", "claud-hook", "text"],
        &["-b", "1k", "--for", "mcp", "text"],
        &["-b", "1k", "text", "../home"],
        &["-b", "1k", "nowhere"],
        &["--format", "yaml"],
        &["--each"],
        &["--against", "no-such"],
        &["-b", "1k", "--write"],
    ] {
        place.run(&[&["check"], args].concat()).bad();
    }
}

#[test]
fn what_a_hook_says_is_checked_on_its_way() {
    use std::io::Write;
    let place = committed(&[("a.md", "a\n")]);
    let run = |text: &[u8], args: &[&str]| {
        let mut command = place.command(&[&["check"], args].concat());
        let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text).unwrap();
        Ran::new(child.wait_with_output().unwrap())
    };
    let long = "x".repeat(10_001);
    assert_eq!(run(b"short", &["--for", "claude-hook", "-"]).good(), "");
    let ran = run(long.as_bytes(), &["--for", "claude-hook", "-"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout.contains("stdin: 10,001 of 10,000 characters"),
        "{}",
        ran.stdout
    );
    assert_eq!(run(long.as_bytes(), &["-b", "5", "-"]).code, Some(1));
    let ran = run(b"\0\x01", &["-b", "5", "-"]);
    assert_eq!(ran.code, Some(1));
    let said = "-: error: stdin: not counted: it is no text [not-counted]\n    what comes in has to be text\n";
    assert!(ran.stdout.starts_with(said), "{}", ran.stdout);
    let secret = format!("key = \"ghp_{}\"\n", "a1B2c3D4e5F6g7H8i9J0".repeat(2));
    let ran = run(secret.as_bytes(), &["-b", "1k", "-"]);
    assert!(ran.stdout.contains("[probable-secret]"), "{}", ran.stdout);
    assert_eq!(
        run(secret.as_bytes(), &["-b", "1k", "--secrets", "off", "-"]).good(),
        ""
    );
    run(b"", &["-b", "5", "-", "a.md"]).bad();
    run(b"", &["-"]).bad();
}

#[test]
fn a_revision_that_a_shallow_clone_lacks_is_told_as_such() {
    let place = committed(&[("a.md", &words(80))]);
    place.write("a.md", &words(120));
    commit(&place);
    let url = format!("file://{}", place.repo().display());
    git(
        &place.repo(),
        &["clone", "--quiet", "--depth=1", &url, "../shallow"],
    );
    let growth = ["check", "--against", "HEAD~1", "--max-growth", "5%"];
    assert_eq!(place.run(&growth).code, Some(1));
    let known = "git knows no such revision here: the clone is shallow, and git fetch --unshallow brings the rest";
    let said = place.run(&[&growth[..], &["../shallow"]].concat()).bad();
    assert!(
        said.starts_with(&format!("error: HEAD~1: {known}\n")),
        "{said}"
    );
    let said = place.run(&["diff", "-C", "../shallow", "HEAD~1"]).bad();
    assert!(
        said.starts_with(&format!("error: HEAD~1: no such file, and {known}\n")),
        "{said}"
    );
}

#[test]
fn nothing_leads_to_a_lock_that_stays_empty() {
    let place = committed(&[("docs/a.md", &words(80))]);
    let said = place.run(&["check", "--max-growth", "5%", "docs"]).bad();
    assert!(
        said.ends_with("hint: --against origin/main, or another revision\n"),
        "{said}"
    );
    let said = place.run(&["check", "--write"]).bad();
    assert!(
        said.starts_with(
            "error: --write keeps the sizes of checks, and ctxpack.toml has no [[check]]\n"
        ),
        "{said}"
    );
    place.write("ctxpack.toml", CONFIG);
    let said = place.run(&["check", "--max-growth", "5%"]).bad();
    assert!(said.ends_with("or first ctxpack check --write\n"), "{said}");
    place.run(&["check", "--write"]).good();
    place.run(&["check", "--max-growth", "5%"]).good();
    // checks that are gone leave the lock
    place.write("ctxpack.toml", "");
    place.run(&["check", "--write"]).good();
    assert!(!place.read("ctxpack.lock").contains("check docs"));
}

#[test]
fn a_share_is_of_the_model_that_is_typed() {
    let place = committed(&[("a.md", &words(120))]);
    place.run(&["check", "-b", "1%", "a.md"]).bad();
    let small = ["check", "-b", "0.01%", "-m", "gpt-4o", "a.md"]; // 12 of 128,000 tokens
    let ran = place.run(&small);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains(" of 12 tokens"), "{}", ran.stdout);
    place
        .run(&["check", "-b", "1%", "-m", "gpt-4o", "a.md"])
        .good();
}

const CONFIG: &str = "budget = \"2k\"\n\n[[check]]\nname = \"docs\"\ninclude = [\"docs/**\"]\nbudget = 100\nmax-growth = \"5%\"\nmessage = \"Ask Ann.\"\n";

#[test]
fn limits_stand_in_the_config_and_are_told_by_line() {
    let place = committed(&[("docs/a.md", &words(120)), ("ctxpack.toml", CONFIG)]);
    let expected = [
        "ctxpack.toml:6:1 over-budget",
        "ctxpack.toml:7:1 no-baseline",
    ];
    let ran = check(&place, &[], 1, &expected);
    assert!(
        ran.stdout.starts_with(
            "ctxpack.toml:6:1: error: docs: 120 of 100 tokens: 20 tokens too many (20%) [over-budget]\n    Ask Ann; ctxpack check --why \
             shows what takes the space; make it smaller, or change `budget` in ctxpack.toml:6\n"
        ),
        "{}",
        ran.stdout
    );
    let place = committed(&[
        ("docs/a.py", "x"),
        ("ctxpack.toml", &CONFIG.replace("docs/", "dosc/")),
    ]);
    check(&place, &[], 1, &["ctxpack.toml:3:1 nothing-matched"]);
}

#[test]
fn growth_is_held_against_a_lock_or_a_revision() {
    let place = committed(&[("docs/a.md", &words(80)), ("ctxpack.toml", CONFIG)]);
    check(&place, &["--write"], 0, &[]);
    let lock = place.read("ctxpack.lock");
    assert!(
        lock.ends_with("\ncheck docs tokens 80 o200k_base\n"),
        "{lock}"
    );
    check(&place, &[], 0, &[]);
    // a hook judges what is staged
    check(&place, &["--staged"], 0, &["ctxpack.toml:7:1 no-baseline"]);
    git(&place.repo(), &["add", "ctxpack.lock"]);
    check(&place, &["--staged"], 0, &[]);
    commit(&place);
    git(&place.repo(), &["branch", "base"]);
    place.write("docs/a.md", &words(84));
    check(&place, &[], 0, &[]);
    place.write("docs/a.md", &words(86));
    check(&place, &[], 1, &["ctxpack.toml:7:1 grown-too-much"]);
    check(&place, &["--staged"], 0, &[]);
    git(&place.repo(), &["add", "docs"]);
    check(
        &place,
        &["--staged"],
        1,
        &["ctxpack.toml:7:1 grown-too-much"],
    );
    let typed = ["--against", "base", "--max-growth", "7%", "docs"];
    check(&place, &typed, 1, &["ctxpack check grown-too-much"]);
    let typed = ["--against", "base", "--max-growth", "8%", "docs"];
    check(&place, &typed, 0, &[]);
    let typed = ["--against", "base", "--max-growth", "6", "docs"];
    check(&place, &typed, 0, &[]);
    // counted otherwise, a number says nothing
    check(
        &place,
        &["--tokenizer", "cl100k_base"],
        0,
        &["ctxpack.toml:7:1 no-baseline"],
    );
    check(&place, &["--write"], 0, &[]);
    check(&place, &[], 0, &[]);
    place.write(
        "ctxpack.lock",
        "<<<<<<< HEAD\ncheck docs tokens 1 o200k_base\n=======\n>>>>>>> x\n",
    );
    assert!(place.run(&["check"]).bad().contains("conflict"));
}

#[test]
fn nobody_answers_for_what_others_did_meanwhile() {
    let place = committed(&[("docs/a.md", &words(100))]);
    git(&place.repo(), &["checkout", "--quiet", "-b", "mine"]);
    place.write("docs/b.md", &words(4));
    commit(&place);
    git(&place.repo(), &["checkout", "--quiet", "main"]);
    place.write("docs/a.md", &words(20));
    commit(&place);
    git(&place.repo(), &["checkout", "--quiet", "mine"]);
    let args = ["--against", "main", "--max-growth", "5%", "docs"];
    check(&place, &args, 0, &[]);
}

#[test]
fn ignored_files_count_in_neither_state() {
    let files = [
        ("docs/a.md", "a\n"),
        ("docs/big.md", &words(500)),
        (".ctxpackignore", "big.md\n"),
    ];
    let place = committed(&files);
    for args in [&["-b", "5", "docs"][..], &["-b", "5", "--staged", "docs"]] {
        check(&place, args, 0, &[]);
    }
    place.write("docs/a.md", "a\na\n");
    let args = ["--against", "HEAD", "--max-growth", "5%", "docs"];
    check(&place, &args, 1, &["ctxpack check grown-too-much"]);
}

#[test]
fn hosts_caps_hold_by_name() {
    let lines = |n: usize| (0..n).map(|n| format!("- {n}\n")).collect::<String>();
    let place = committed(&[
        ("MEMORY.md", &lines(201)),
        ("CLAUDE.md", &lines(201)),
        ("AGENTS.md", &"x\n".repeat(12_000)),
        ("src/AGENTS.md", &"x\n".repeat(5_000)),
    ]);
    let expected = [
        "MEMORY.md:201:1 over-cap",
        "src/AGENTS.md over-cap",
        "CLAUDE.md:201:1 over-advice",
    ];
    check(&place, &[], 1, &expected);
    place.write("MEMORY.md", &lines(190));
    place.write("src/AGENTS.md", "x\n");
    check(
        &place,
        &[],
        0,
        &["CLAUDE.md:201:1 over-advice", "MEMORY.md near-cap"],
    );
    place.write("ctxpack.toml", "exclude = [\"CLAUDE.md\", \"MEMORY.md\"]\n");
    check(&place, &[], 0, &[]);
}

#[test]
fn pins_fit_the_budget() {
    let place = committed(&[
        ("big.md", &words(3_000)),
        ("ctxpack.toml", "budget = \"2k\"\npin = [\"big.md\"]\n"),
    ]);
    check(&place, &[], 1, &["ctxpack.toml:2:1 pins-over-budget"]);
    place.write("ctxpack.toml", "budget = \"4k\"\npin = [\"big.md\"]\n");
    check(&place, &[], 0, &[]);
    check(
        &place,
        &["--staged"],
        1,
        &["ctxpack.toml:2:1 pins-over-budget"],
    );
    place.write("ctxpack.toml", "pin = [\"gone.md\"]\n");
    check(&place, &[], 1, &["ctxpack.toml:1:1 nothing-matched"]);
}

#[test]
fn secrets_are_told_and_never_shown() {
    let key = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0".repeat(2));
    let place = committed(&[("docs/a.md", &format!("x\nkey {key}\n"))]);
    check(&place, &[], 0, &[]); // nobody asked about it
    check(&place, &["-b", "1k", "--secrets", "off", "docs"], 0, &[]);
    for how in ["redact", "exclude"] {
        let stderr = place.run(&["check", "--secrets", how]).bad();
        assert!(
            stderr.contains("fail, which is the default, or off"),
            "{stderr}"
        );
    }
    for format in [
        "text", "json", "github", "sarif", "gitlab", "junit", "markdown",
    ] {
        let ran = place.run(&["check", "-b", "1k", "docs", "--why", "--format", format]);
        assert_eq!(ran.code, Some(1), "{format}");
        assert!(
            ran.stdout.contains("github-pat"),
            "{format}: {}",
            ran.stdout
        );
        assert!(!(ran.stdout + &ran.stderr).contains(&key[..16]), "{format}");
    }
}

#[test]
fn what_is_too_large_to_count_fails_and_pictures_do_not() {
    let place = committed(&[("docs/a.md", "a\n")]);
    std::fs::write(place.repo().join("docs/x.bin"), vec![0_u8; 5 << 20]).unwrap();
    check(&place, &["-b", "1k", "docs"], 0, &[]);
    place.write("docs/x.json", &"{\"a\": 1}\n".repeat(600_000));
    check(
        &place,
        &["-b", "1k", "docs"],
        1,
        &["docs/x.json not-counted"],
    );
}

#[test]
fn a_build_machine_is_told_beside_the_code_and_in_its_summary() {
    let place = committed(&[("docs/a.md", &words(120)), ("ctxpack.toml", CONFIG)]);
    let summary = place.home().join("summary.md");
    let mut command = place.command(&["check"]);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &summary);
    let ran = Ran::new(command.output().unwrap());
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stdout.starts_with(
            "::error file=ctxpack.toml,line=6,title=ctxpack check [over-budget]::docs: 120 of 100 tokens: 20 tokens too many (20%25). "
        ),
        "{}",
        ran.stdout
    );
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(
        text.contains("| docs | 120 tokens | 100 | 120% | failed |"),
        "{text}"
    );
    // what a script asked for is the same everywhere
    let mut command = place.command(&["check", "-f", "json"]);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &summary);
    let output = Ran::new(command.output().unwrap());
    assert_eq!(output, place.run(&["check", "-f", "json"]));
    assert_eq!(std::fs::read_to_string(&summary).unwrap(), text);
}

/// What would be waited for is not opened.
#[cfg(unix)]
#[test]
fn no_pipe_is_waited_for() {
    let place = committed(&[("docs/a.md", &words(120)), ("ctxpack.toml", CONFIG)]);
    let pipe = place.home().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let pipe = pipe.to_str().unwrap();
    let mut command = place.command(&["check"]);
    command.envs([("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", pipe)]);
    let ran = Ran::new(command.output().unwrap());
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("GITHUB_STEP_SUMMARY: ")
            && ran.stderr.contains("no summary is written"),
        "{ran:?}"
    );
    let stderr = place.run(&["check", "-b", "1k", pipe]).bad();
    assert!(
        stderr.contains("neither a file nor a folder") && stderr.contains("40k - <"),
        "{stderr}"
    );
}

#[test]
fn one_is_no_plural() {
    let place = committed(&[("docs/a.md", "ab")]);
    for (budget, expected) in [
        ("1c", ": 2 of 1 character: 1 character too many (100%) ["),
        ("1B", ": 2 of 1 byte: 1 byte too many (100%) ["),
    ] {
        let ran = check(
            &place,
            &["-b", budget, "docs"],
            1,
            &["ctxpack check over-budget"],
        );
        assert!(ran.stdout.contains(expected), "{}", ran.stdout);
    }
}

/// The hint names the commands that have something to write, and they mend it.
#[test]
fn a_conflict_in_the_lock_is_mended_by_what_the_hint_says() {
    let conflict = "<<<<<<< HEAD\ncheck docs tokens 5 o200k_base\n=======\ncheck docs tokens 6 o200k_base\n>>>>>>> x\n";
    let bundle = "[bundle.a]\nbudget = \"1k\"\n";
    for (config, hint) in [
        (
            CONFIG.to_owned(),
            "ctxpack check --write && git add ctxpack.lock",
        ),
        (
            bundle.to_owned(),
            "ctxpack bundle --write && git add ctxpack.lock",
        ),
        (
            format!("{CONFIG}{bundle}"),
            "ctxpack bundle --write && ctxpack check --write && git add ctxpack.lock",
        ),
        (
            String::new(),
            "ctxpack check --write && git add ctxpack.lock",
        ),
    ] {
        let place = committed(&[("docs/a.md", &words(80)), ("ctxpack.toml", &config)]);
        place.write("ctxpack.lock", conflict);
        let stderr = place.run(&["check"]).bad();
        assert!(stderr.ends_with(&format!("hint: {hint}\n")), "{stderr}");
        for command in hint
            .split(" && ")
            .filter_map(|it| it.strip_prefix("ctxpack "))
        {
            let args: Vec<&str> = command.split(' ').collect();
            place.run(&args).good();
        }
        git(&place.repo(), &["add", "ctxpack.lock"]);
        place.run(&["check"]).good();
        place.run(&["check", "--staged"]).good();
    }
}

#[test]
fn the_users_own_settings_have_no_say() {
    let place = committed(&[("docs/a.md", &words(98)), ("ctxpack.toml", CONFIG)]);
    let plain = place.run(&["check", "-f", "json"]);
    place.write_home(
        ".config/ctxpack/config.toml",
        "tokenizer = 'cl100k_base'\nexclude = ['docs']\nmodel = 'claude-sonnet-5'\n",
    );
    let mut command = place.command(&["check", "-f", "json"]);
    command.env("CTXPACK_MODEL", "claude-sonnet-5");
    assert_eq!(Ran::new(command.output().unwrap()), plain);
}

#[test]
fn a_project_says_only_so_much() {
    let place = committed(&[("a.md", "a\n")]);
    for text in [
        "[[check]]\nname = \"a\"\nbudget = 1\noutput = \"x\"\n",
        "[[check]]\nname = \"a\"\nbudget = 1\ninclude = [\"../**\"]\n",
        "[[check]]\nname = \"a\"\nbudget = \"lots\"\n",
        "[check]\nname = \"a\"\n",
        "[[check]]\nname = 5\n",
    ] {
        place.write("ctxpack.toml", text);
        let stderr = place.run(&["check"]).bad();
        assert!(stderr.contains("ctxpack.toml: line "), "{stderr}");
    }
    place.write(
        "ctxpack.toml",
        "[[check]]\nname = \"::error::\\u001b[31m\\nx\"\nbudget = 1\ninclude = [\"none\"]\n",
    );
    for format in [
        "text", "json", "github", "sarif", "gitlab", "junit", "markdown",
    ] {
        let ran = place.run(&["check", "--format", format]);
        assert_eq!(ran.code, Some(1));
        assert!(!ran.stdout.contains('\u{1b}'), "{format}: {}", ran.stdout);
        let commands = ran
            .stdout
            .lines()
            .filter(|line| line.trim_start().starts_with("::"));
        assert_eq!(
            commands.count(),
            usize::from(format == "github"),
            "{format}: {}",
            ran.stdout
        );
    }
}

/// What hooks of others run can be run, and passes where all is well.
#[test]
fn hooks_run_what_there_is() {
    let place = committed(&[
        ("docs/a.md", &words(80)),
        ("ctxpack.toml", "[bundle.docs]\nbudget = \"1k\"\n"),
    ]);
    place.run(&["bundle", "--write"]).good();
    commit(&place);
    let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml");
    let hooks = std::fs::read_to_string(hooks).unwrap();
    let entries: Vec<&str> = hooks
        .lines()
        .filter_map(|line| line.strip_prefix("  entry: ctxpack "))
        .collect();
    assert_eq!(entries.len(), hooks.matches("- id: ").count());
    for entry in entries {
        let args: Vec<&str> = entry.split(' ').collect();
        assert_eq!(place.run(&args).good(), "", "{entry}");
    }
}

/// The step of action.yml that checks, as GitHub runs it in the repository.
#[cfg(unix)]
fn action(place: &Place) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/action.sh");
    let mut command = Command::new("bash");
    command
        .arg(script)
        .arg("check")
        .current_dir(place.repo())
        .env("HOME", place.home())
        .env("RUNNER_TEMP", place.home())
        .env("GITHUB_OUTPUT", place.home().join("output"))
        .env("INPUT_BINARY", env!("CARGO_BIN_EXE_ctxpack"))
        .env_remove("GITHUB_STEP_SUMMARY");
    command
}

/// Needs jq, as machines of GitHub have it; elsewhere nothing is looked at where it is missing.
#[cfg(unix)]
#[test]
fn the_action_counts_what_both_commands_find() {
    let is_there = Command::new("jq").arg("--version").output().is_ok();
    if !is_there && std::env::var_os("CI").is_none() {
        return;
    }
    let config = "[[check]]\nname = \"docs\"\ninclude = [\"docs/**\"]\nbudget = 100\n[bundle.docs]\nbudget = \"1k\"\n";
    let place = committed(&[("docs/a.md", &words(80)), ("ctxpack.toml", config)]);
    let outputs = place.home().join("output");
    let check = |code: i32, expected: &[&str]| {
        std::fs::write(&outputs, "").unwrap();
        let ran = Ran::new(
            action(&place)
                .env("INPUT_BUNDLES", "true")
                .output()
                .unwrap(),
        );
        assert_eq!(ran.code, Some(code), "{ran:?}");
        let told = std::fs::read_to_string(&outputs).unwrap();
        for line in expected {
            assert!(told.lines().any(|it| it == *line), "{line}: {told}");
        }
    };
    check(1, &["status=failed", "errors=1", "tokens=80"]); // no lock
    place.run(&["bundle", "--write"]).good();
    commit(&place);
    check(0, &["status=passed", "errors=0", "tokens=80", "delta="]);
    place.write("docs/a.md", &words(120));
    commit(&place);
    check(1, &["status=failed", "errors=2", "tokens=120"]); // too large, and another than locked
}

/// What the action is told to compare with may be the name of a branch by anybody.
#[cfg(unix)]
#[test]
fn the_action_fetches_revisions_alone() {
    let place = committed(&[("docs/a.md", &words(80))]);
    git(&place.repo(), &["remote", "add", "origin", "."]);
    let hostile = place.home().join("ran");
    let upload = format!("--upload-pack=touch {};", hostile.display());
    for against in [&upload, "--help", "no-such-branch", &"5".repeat(40)] {
        let ran = Ran::new(
            action(&place)
                .env("INPUT_AGAINST", against)
                .output()
                .unwrap(),
        );
        assert_eq!(ran.code, Some(2), "{against}: {ran:?}");
        assert_eq!(
            ran.stdout,
            "::error title=ctxpack::against: neither this checkout nor origin has a revision of that name\n"
        );
        assert!(!hostile.exists(), "{against}");
    }
}

#[test]
fn one_list_of_codes() {
    let help = Place::new().run(&["check", "--help"]).good();
    let docs =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md")).unwrap();
    for code in ctxpack::check::Code::ALL {
        assert!(help.contains(code.as_str()), "{code:?} in --help");
        let row = format!(
            "| `{}` | {} | {} |",
            code.as_str(),
            code.level().as_str(),
            code.meaning()
        );
        assert!(docs.contains(&row), "docs/ci.md has no row {row}");
    }
    for limit in ctxpack::check::LIMITS {
        assert!(help.contains(limit.name), "{} in --help", limit.name);
        assert!(
            docs.contains(&format!("| `{}` |", limit.name)),
            "{} in docs/ci.md",
            limit.name
        );
    }
}
