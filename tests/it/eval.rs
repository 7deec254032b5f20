//! `ctxpack eval` and `ctxpack tune` on small histories made by git.

use crate::common::{Place, Ran};
use std::process::{Command, Stdio};

/// A repository whose commits are given one by one.
struct Repo {
    place: Place,
    n_commits: u32,
}

impl Repo {
    fn new() -> Self {
        let repo = Self {
            place: Place::new(),
            n_commits: 0,
        };
        std::fs::remove_dir_all(repo.place.repo().join(".git")).unwrap();
        repo.git(&["init", "--quiet"]);
        repo
    }

    fn git(&self, args: &[&str]) -> String {
        let date = format!(
            "2026-01-01T{:02}:{:02}:00Z",
            self.n_commits / 60,
            self.n_commits % 60
        );
        let output = Command::new("git")
            .args(["-c", "core.autocrlf=false", "-c", "init.defaultBranch=main"])
            .args(args)
            .current_dir(self.place.repo())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("GIT_CONFIG_GLOBAL", self.place.home().join("no-such-file"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([
                ("GIT_AUTHOR_NAME", "A"),
                ("GIT_AUTHOR_EMAIL", "a@example.org"),
            ])
            .envs([
                ("GIT_COMMITTER_NAME", "A"),
                ("GIT_COMMITTER_EMAIL", "a@example.org"),
            ])
            .envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)])
            .stdin(Stdio::null())
            .output()
            .expect("git is installed");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn commit(&mut self, message: &str, files: &[(&str, &str)]) -> String {
        for (path, text) in files {
            self.place.write(path, text);
        }
        self.n_commits += 1;
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn json(&self, args: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.place.run(args).good()).unwrap()
    }

    /// The subjects of the commits that are taken.
    fn taken(&self, args: &[&str]) -> Vec<String> {
        let all = [&["eval", "--json", "--each", "-b", "1k"], args].concat();
        let found = self.json(&all);
        let cases = found["cases"].as_array().unwrap().iter();
        cases
            .map(|case| case["subject"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A function of its own for each name.
fn code(names: &[&str]) -> String {
    let each = names
        .iter()
        .map(|name| format!("fn {name}() {{\n    {name}_inner();\n}}\n\n"));
    each.collect()
}

/// Two modules, and commits that touch them in turn, each with a message that says where.
fn history(n: usize) -> Repo {
    let mut repo = Repo::new();
    repo.commit(
        "all begins here and now",
        &[
            ("src/retry.rs", &code(&["retry"])),
            ("src/parse.rs", &code(&["parse"])),
        ],
    );
    for i in 0..n {
        let name = ["retry", "parse"][i % 2];
        let grown = code(&[name]) + &format!("// {i}\n");
        repo.commit(
            &format!("make the {name} function say more"),
            &[(&format!("src/{name}.rs"), &grown)],
        );
    }
    repo
}

#[test]
fn suitable_commits_are_taken_newest_first() {
    let mut repo = Repo::new();
    let a = |n: u32| format!("fn a() {{\n    let n = {n};\n}}\n");
    repo.commit("the first has no parent", &[("src/a.rs", &a(0))]);
    repo.commit(
        "change what the function counts (#12)\n\nSigned-off-by: A <a@example.org>",
        &[("src/a.rs", &a(1))],
    );
    repo.commit("too short", &[("src/a.rs", &a(2))]);
    repo.commit("add a file that was not there", &[("src/b.rs", &a(0))]);
    repo.commit(
        "test it and write about it",
        &[("tests/a.rs", &a(0)), ("README.md", "it\n")],
    );
    repo.commit(
        "test it more, and write more",
        &[("tests/a.rs", &a(1)), ("README.md", "it is\n")],
    );
    repo.commit("Bump a from 1.0.0 to 1.0.1", &[("src/a.rs", &a(3))]);
    repo.commit(
        "Revert \"change what the function counts\"",
        &[("src/a.rs", &a(0))],
    );
    repo.commit(
        "indent the code in another way",
        &[("src/a.rs", &a(0).replace("    ", "\t"))],
    );
    repo.commit(
        "count in both files at once",
        &[("src/a.rs", &a(5)), ("src/b.rs", &a(5))],
    );
    repo.git(&["checkout", "--quiet", "-b", "side", "HEAD~1"]);
    repo.commit("count beside the main branch", &[("src/a.rs", &a(6))]);
    repo.git(&["checkout", "--quiet", "main"]);
    repo.git(&[
        "merge",
        "--quiet",
        "--strategy",
        "ours",
        "-m",
        "merge all of the side branch",
        "side",
    ]);

    let all = [
        "count beside the main branch",
        "count in both files at once",
        "change what the function counts",
    ];
    assert_eq!(repo.taken(&[]), all);
    assert_eq!(repo.taken(&["-n", "1"]), all[..1]);
    assert_eq!(repo.taken(&["--rev", "side~1~1"]), all[2..]);
    assert_eq!(repo.taken(&["--no-task"]), all[1..2]);
    assert_eq!(repo.taken(&["--exclude", "src/a.rs"]), all[1..2]);
    // a folder in the repository is a repository of what lies below
    assert_eq!(repo.taken(&["src"]), all);
}

/// The parent is packed: what the commit itself writes, and what comes after it, is nowhere to be found.
#[test]
fn nothing_of_the_future_is_seen() {
    let mut repo = history(6);
    let taken = |repo: &Repo| repo.json(&["eval", "--json", "--each", "-b", "1k", "--rev", "base"]);
    repo.git(&["branch", "base"]);
    let before = taken(&repo);
    let whole = "fn retry() { make(); the(); function(); say(); more(); }\n";
    repo.commit(
        "make the retry function say more and more",
        &[("src/later.rs", whole), ("src/retry.rs", "")],
    );
    repo.place.write("src/uncommitted.rs", whole);
    repo.place.write_home(
        ".claude/projects/x/memory/MEMORY.md",
        "make the retry function say more\n",
    );
    assert_eq!(taken(&repo), before);
}

#[test]
fn the_table() {
    let repo = history(4);
    let table = repo.place.run(&["eval", "-b", "1k,2k"]).good();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines[..7],
        [
            "budget                                files             sites             lines",
            " 1,000  ctxpack                       100.0             100.0             100.0",
            "        whole files, BM25             100.0             100.0             100.0",
            "        newest files                  100.0             100.0             100.0",
            " 2,000  ctxpack                       100.0             100.0             100.0",
            "        whole files, BM25             100.0             100.0             100.0",
            "        newest files                  100.0             100.0             100.0",
        ],
        "{table}"
    );
    assert!(lines[8].starts_with("4 cases of repo in "), "{table}");
    let each = repo
        .place
        .run(&["eval", "-b", "1k", "--each", "-n", "1"])
        .good();
    let line = each.lines().nth(1).unwrap();
    assert!(
        line.ends_with("  100/100  make the parse function say more"),
        "{each}"
    );
}

#[test]
fn a_budget_too_small_finds_nothing() {
    let found = history(2).json(&["eval", "--json", "-b", "10"]);
    for result in found["results"].as_array().unwrap() {
        assert_eq!(result["files"]["mean"], 0.0, "{result}");
    }
    assert_eq!(found["n_cases"], 2);
}

/// Half of a change is made; a name that went is still used in the other half.
#[test]
fn the_other_half_of_a_change_is_found() {
    let mut repo = Repo::new();
    let many: Vec<(String, String)> = (0..40)
        .map(|i| {
            (
                format!("src/m{i}.rs"),
                code(&[&format!("other{i}")]).repeat(20),
            )
        })
        .collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    repo.commit("everything begins here and now", &many);
    let before = [
        ("src/a.rs", code(&["open_ledger"])),
        ("src/z.rs", "fn z() {\n    open_ledger();\n}\n".to_owned()),
    ];
    let before: Vec<(&str, &str)> = before
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    repo.commit("add a ledger and what uses it", &before);
    let after = [
        ("src/a.rs", code(&["open_book"])),
        ("src/z.rs", "fn z() {\n    open_book();\n}\n".to_owned()),
    ];
    let after: Vec<(&str, &str)> = after
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    repo.commit("xyzzy plugh frobnicate quux", &after);
    let found = repo.json(&["eval", "--no-task", "--json", "--each", "-b", "1k"]);
    assert_eq!(found["task"], "inferred");
    assert_eq!(found["n_cases"], 1);
    assert_eq!(found["results"][0]["packer"], "ctxpack");
    assert_eq!(found["results"][0]["sites"]["mean"], 1.0, "{found:#}");
    // the work tree is as it was
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn cases_of_a_file() {
    let repo = history(2);
    let base = repo.git(&["rev-parse", "HEAD~1"]);
    let case = format!(
        r#"{{"id": "one", "repo": "a/b", "mirror": "repo", "base": "{base}", "query": "the parse function", "gold_files": ["src/parse.rs"], "gold_lines": {{"src/parse.rs": [[1, 3]]}}}}"#
    );
    repo.place.write("cases.jsonl", &case);
    let found = repo.json(&[
        "eval",
        "--cases",
        "cases.jsonl",
        "--clones",
        "..",
        "--json",
        "--each",
    ]);
    assert_eq!(found["cases"][0]["id"], "one");
    assert_eq!(found["cases"][0]["recalls"][0]["lines"], 1.0);
    let failed = |args: &[&str]| repo.place.run(&[&["eval"], args].concat()).bad();
    assert!(failed(&["--cases", "cases.jsonl", "--rev", "HEAD"]).contains("--rev"));
    let no_clones = failed(&["--cases", "cases.jsonl", "--clones", "nowhere"]);
    assert!(
        no_clones.contains("hint: --clones DIR names the folder"),
        "{no_clones}"
    );
    assert!(failed(&["--cases", "none.jsonl"]).starts_with("error: none.jsonl: no such file"));
    assert!(failed(&["--clones", "x"]).contains("--cases"));
    repo.place.write("bad.jsonl", "{}\n");
    assert!(
        failed(&["--cases", "bad.jsonl"]).starts_with(
            "error: bad.jsonl: line 1, column 2: missing field `base`\nhint: a case is"
        )
    );
}

/// What is not there is said, and credited to nobody.
#[test]
fn cases_are_held_against_the_tree() {
    let repo = history(2);
    let warned = |case: &str, expected: &[&str], lines: Option<f64>| {
        repo.place.write("cases.jsonl", case);
        let ran = repo
            .place
            .run(&["eval", "--cases", "cases.jsonl", "--json", "--each"]);
        for line in expected {
            assert!(
                ran.stderr
                    .contains(&format!("warning: cases.jsonl: line 1: {line}")),
                "{}",
                ran.stderr
            );
        }
        assert_eq!(
            ran.stderr.matches("warning:").count(),
            expected.len(),
            "{}",
            ran.stderr
        );
        let Some(lines) = lines else {
            assert_eq!(ran.code, Some(2));
            assert!(
                ran.stderr
                    .ends_with("error: cases.jsonl: no suitable case\n"),
                "{}",
                ran.stderr
            );
            return;
        };
        let found: serde_json::Value = serde_json::from_str(&ran.good()).unwrap();
        let recalls = found["cases"][0]["recalls"].as_array().unwrap();
        assert!(
            recalls.iter().all(|recall| recall["lines"] == lines),
            "{case}: {found:#}"
        );
    };
    let case = |query: &str, files: &str, lines: &str| {
        format!(
            r#"{{"base":"HEAD~1","query":"{query}","gold_files":{files},"gold_lines":{{{lines}}}}}"#
        )
    };
    let (retry, none) = (r#"["./src/retry.rs"]"#, "");
    warned(&case("the retry function", retry, none), &[], Some(1.0));
    warned(
        &case(
            "the retry function",
            retry,
            r#""src/retry.rs":[[1,2],[3,1],[2,90],[80,90]]"#,
        ),
        &[
            "lines 3-1 of src/retry.rs are reversed",
            "lines 2-90 of src/retry.rs are partly not there",
            "lines 80-90 of src/retry.rs are not there",
        ],
        Some(1.0),
    );
    warned(
        &case("the retry function", retry, r#""src/retry.rs":[[80,90]]"#),
        &[
            "lines 80-90 of src/retry.rs are not there",
            "src/retry.rs is left out: none of its lines",
            "nothing is left to be found: the case is left out",
        ],
        None,
    );
    warned(
        &case(
            "the retry function",
            r#"["src/retry.rs","src/gone.rs"]"#,
            r#""src/x.rs":[[1,2]]"#,
        ),
        &[
            "the lines of src/x.rs are left out",
            "src/gone.rs is left out: no such text file at HEAD~1",
        ],
        Some(1.0),
    );
    warned(&case(" ", retry, none), &["its `query` is empty"], None);
}

#[test]
fn the_samples_of_the_help_are_cases() {
    let help = Place::new().run(&["eval", "--help"]).good();
    let samples: Vec<&str> = help
        .lines()
        .filter(|line| line.starts_with("  {\""))
        .collect();
    let cases = ctxpack::eval::cases::read(&samples.join("\n")).unwrap();
    assert_eq!(cases.len(), 2, "{help}");
    assert_eq!(cases[1].gold_lines["src/retry.rs"], [(3, 9), (40, 40)]);
}

/// A clone without all of its history says so, and a bare one is called after the folder around it.
#[test]
fn clones_that_are_shallow_or_bare() {
    let repo = history(6);
    let from = format!("file://{}", repo.place.repo().display());
    repo.git(&[
        "clone",
        "--quiet",
        "--depth",
        "4",
        "--no-local",
        &from,
        "../shallow",
    ]);
    let ran = repo.place.run(&["eval", "../shallow", "-b", "1k"]);
    assert!(
        ran.stderr
            .contains("a shallow clone: its history ends after")
            && ran.stderr.contains("--unshallow"),
        "{}",
        ran.stderr
    );
    repo.git(&["clone", "--quiet", "--bare", &from, "../gin/repo"]);
    let ran = repo.place.run(&["eval", "../gin/repo", "-b", "1k"]);
    assert_eq!(ran.stderr, "");
    assert!(ran.good().contains("6 cases of gin in "));
}

#[track_caller]
fn check_bad(ran: Ran, message: &str, hint: &str) {
    let stderr = ran.bad();
    assert!(
        stderr.contains(message) && stderr.contains(&format!("hint: {hint}")),
        "{stderr}"
    );
}

#[test]
fn where_there_is_nothing_to_replay() {
    let outside = Place::new();
    std::fs::remove_dir_all(outside.repo().join(".git")).unwrap();
    check_bad(
        outside.run(&["eval"]),
        "is in no git repository",
        "a history is needed",
    );
    let mut repo = Repo::new();
    check_bad(
        repo.place.run(&["eval"]),
        "no commit yet",
        "a history is needed",
    );
    repo.commit("all begins here and now", &[]);
    check_bad(
        repo.place.run(&["eval"]),
        "no commit with a parent",
        "a commit is replayed on its parent",
    );
    repo.commit("tiny", &[("src/main.rs", "fn main() { }\n")]);
    check_bad(
        repo.place.run(&["tune"]),
        "none of 1 commit is suitable: 1 messages too short to be a task",
        "ctxpack eval --help says which",
    );
    check_bad(
        repo.place.run(&["eval", "-b", "60%"]),
        "not in tokens",
        "--budgets 4k",
    );
    let zero = repo.place.run(&["eval", "-b", "0"]).bad();
    assert!(zero.ends_with("hint: --budgets 4k,8k,16k,27k\n"), "{zero}");
    check_bad(
        repo.place.run(&["eval", ".", "src"]),
        "one repository",
        "run it once for each",
    );
    check_bad(
        repo.place.run(&["eval", "-i", "nowhere/**"]),
        "no file at HEAD is left to change by --include nowhere/**",
        "--include takes globs",
    );
    check_bad(
        repo.place.run(&["eval", "-n", "0"]),
        "nothing to replay",
        "-n 100",
    );
    check_bad(
        repo.place.run(&["eval", "--rev", "nowhere"]),
        "nowhere: git knows no such revision",
        "`git log",
    );
}

#[test]
fn weights_are_written_only_if_they_are_better_or_forced() {
    let repo = history(14);
    let ours = "# ours\nbudget = \"9k\" # enough\n";
    repo.place.write("ctxpack.toml", ours);
    let told = repo.place.run(&["tune", "-b", "1k"]).good();
    assert!(
        told.contains("Not surely better: sites at 1,000 +0.0"),
        "{told}"
    );
    assert_eq!(repo.place.read("ctxpack.toml"), ours);
    let found = repo.json(&["tune", "-b", "1k", "--json", "--dry-run"]);
    assert_eq!(
        (&found["better"], &found["n_cases"]),
        (&false.into(), &14.into())
    );
    assert_eq!(repo.place.read("ctxpack.toml"), ours);
    let told = repo.place.run(&["tune", "-b", "1k", "--force"]).good();
    assert!(told.contains("Written to "), "{told}");
    let text = repo.place.read("ctxpack.toml");
    assert!(
        text.starts_with(&format!("{ours}\n# Fitted by `ctxpack tune` to 14 cases.")),
        "{text}"
    );
    assert!(
        told.contains("were fitted to the weights shipped"),
        "{told}"
    );
    // it is read by every command, and fitting anew gives the same
    repo.place.run(&["sources"]).good();
    let told = repo.place.run(&["tune", "-b", "1k", "--force"]).good();
    assert_eq!(repo.place.read("ctxpack.toml"), text);
    assert!(told.contains("\n        in use    "), "{told}");
    assert!(told.contains("\n        - in use "), "{told}");
    let told = repo.place.run(&["tune", "-b", "1k"]).good();
    assert!(told.contains("the weights in ctxpack.toml stay"), "{told}");
    let told = repo.place.run(&["eval", "-b", "1k"]).good();
    assert!(
        told.contains("Packed with the weights of ctxpack.toml."),
        "{told}"
    );
    let found = repo.json(&["eval", "-b", "1k", "--json"]);
    assert_eq!(found["weights"], "ctxpack.toml");
    repo.place
        .write("ctxpack.toml", &text.replace("recency =", "recensy ="));
    check_bad(
        repo.place.run(&[]),
        "unknown feature `recensy`",
        "did you mean `recency`?",
    );
    check_bad(
        history(3).place.run(&["tune"]),
        "3 suitable cases are too few",
        "ctxpack eval measures",
    );
}

/// Weights of the config file rule what is packed.
#[test]
fn weights_of_the_config_file_are_used() {
    let repo = history(4);
    let relevance = || {
        let text = repo
            .place
            .run(&["-f", "json", "-t", "the retry function", "-b", "2k"])
            .good();
        let found: serde_json::Value = serde_json::from_str(&text).unwrap();
        let items = found["items"].as_array().unwrap().iter();
        let retry = items.filter(|item| item["path"] == "src/retry.rs");
        retry.map(|item| item["relevance"].as_f64().unwrap()).next()
    };
    let before = relevance();
    repo.place
        .write("ctxpack.toml", "[weights.file]\nsize = 100.0\n");
    assert_ne!(relevance(), before);
}
