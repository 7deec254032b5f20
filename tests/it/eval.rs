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
            " 1,000  ctxpack            100.0 [100, 100]  100.0 [100, 100]  100.0 [100, 100]",
            "        whole files, BM25  100.0 [100, 100]  100.0 [100, 100]  100.0 [100, 100]",
            "        newest files       100.0 [100, 100]  100.0 [100, 100]  100.0 [100, 100]",
            " 2,000  ctxpack            100.0 [100, 100]  100.0 [100, 100]  100.0 [100, 100]",
            "        whole files, BM25  100.0 [100, 100]  100.0 [100, 100]  100.0 [100, 100]",
            "        newest files       100.0 [100, 100]  100.0 [100, 100]  100.0 [100, 100]",
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
    let no_clones = failed(&["--cases", "cases.jsonl", "--clones", "nowhere"]);
    assert!(
        no_clones.contains("hint: --clones DIR names the folder"),
        "{no_clones}"
    );
    assert!(failed(&["--cases", "none.jsonl"]).starts_with("error: none.jsonl: no such file"));
    assert!(failed(&["--clones", "x"]).contains("--cases"));
    repo.place.write("bad.jsonl", "{}\n");
    assert!(failed(&["--cases", "bad.jsonl"]).starts_with("error: bad.jsonl: line 1: "));
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
        "`git fetch --unshallow`",
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
    // it is read by every command, and fitting anew gives the same
    repo.place.run(&["sources"]).good();
    repo.place.run(&["tune", "-b", "1k", "--force"]).good();
    assert_eq!(repo.place.read("ctxpack.toml"), text);
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
