//! `ctxpack bundle` through the binary: what is staged is what counts, the same in every clone.

use crate::check::{commit, committed, git, judged};
use crate::common::{Place, Ran};

const CONFIG: &str = "[bundle.review]\nbudget = \"2k\"\ntask = \"hold the lock\"\ninclude = [\"src/**\"]\noutput = \"docs/review.md\"\n\
                      format = \"markdown\"\n\n[bundle.map]\nbudget = \"1k\"\n";

const LOCK: &str = "pub fn hold() {\n    // hold the lock\n}\n";

fn place() -> Place {
    committed(&[
        ("src/lock.rs", LOCK),
        (
            "src/main.rs",
            "mod lock;\nfn main() {\n    lock::hold();\n}\n",
        ),
        ("docs/a.md", "# Locks\n\nHold the lock.\n"),
        ("ctxpack.toml", CONFIG),
    ])
}

/// Places, names and codes that are told.
#[track_caller]
fn check(place: &Place, args: &[&str], code: i32, expected: &[&str]) -> Ran {
    judged(
        place,
        &[&["bundle"], args].concat(),
        &[0, 2],
        code,
        expected,
    )
}

#[test]
fn a_lock_is_written_added_and_then_holds() {
    let place = place();
    let both = [
        "ctxpack.lock map stale-lock",
        "ctxpack.lock review stale-lock",
    ];
    let ran = check(&place, &["--check"], 1, &both);
    assert!(
        ran.stdout
            .contains("\n    ctxpack bundle --write && git add ctxpack.lock\n"),
        "{}",
        ran.stdout
    );
    assert!(
        !place.repo().join("ctxpack.lock").exists(),
        "--check writes nothing"
    );
    let ran = check(&place, &["--write"], 0, &[]);
    assert_eq!(
        ran.stdout,
        "wrote docs/review.md and ctxpack.lock; to commit it: git add ctxpack.lock docs/review.md\n"
    );
    let (lock, review) = (place.read("ctxpack.lock"), place.read("docs/review.md"));
    assert!(
        lock.contains("\nbundle review budget 2000 tokens\n"),
        "{lock}"
    );
    assert!(
        lock.contains("\nbundle review item file:src/lock.rs full "),
        "{lock}"
    );
    assert!(lock.lines().is_sorted());
    assert!(review.contains("hold the lock"));
    // not staged yet; --write says nothing, because it changes nothing
    check(&place, &["--check"], 1, &both);
    assert_eq!(check(&place, &["--write"], 0, &[]).stdout, "");
    git(&place.repo(), &["add", "--all"]);
    assert_eq!(check(&place, &["--check"], 0, &[]).stdout, "");
    // neither the bundle nor the lock is in a bundle, and no commit changes them
    commit(&place);
    check(&place, &["--write", "--check"], 0, &[]);
    assert_eq!(git(&place.repo(), &["status", "--porcelain"]), "");
    assert_eq!(
        (place.read("ctxpack.lock"), place.read("docs/review.md")),
        (lock, review)
    );
}

#[test]
fn what_is_staged_counts_and_nothing_else() {
    let place = place();
    check(&place, &["--write"], 0, &[]);
    commit(&place);
    place.write(
        "src/lock.rs",
        &LOCK.replace("hold the lock", "hold the lock twice"),
    );
    check(&place, &["--check"], 0, &[]);
    git(&place.repo(), &["add", "src"]);
    let stale = [
        "ctxpack.lock map stale-lock",
        "ctxpack.lock review stale-lock",
        "docs/review.md review stale-bundle",
    ];
    let ran = check(&place, &["--check"], 1, &stale);
    assert!(
        ran.stdout.contains("other than locked: src/lock.rs"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stdout
            .contains("    ctxpack bundle --write && git add ctxpack.lock docs/review.md\n"),
        "{}",
        ran.stdout
    );
    check(&place, &["map", "--check"], 1, &stale[..1]);
    // mends, and still says that what was staged was wrong
    check(&place, &["--write", "--check"], 1, &stale);
    git(&place.repo(), &["add", "--all"]);
    check(&place, &["--write", "--check"], 0, &[]);
    // settings count as they are staged
    place.write("ctxpack.toml", &CONFIG.replace("1k", "900"));
    check(&place, &["--check"], 0, &[]);
    git(&place.repo(), &["add", "--all"]);
    let ran = check(&place, &["--check"], 1, &["ctxpack.lock map stale-lock"]);
    assert!(
        ran.stdout.contains("other than locked: budget"),
        "{}",
        ran.stdout
    );
    place.write("ctxpack.toml", &CONFIG.replace("bundle.map", "bundle.plan"));
    git(&place.repo(), &["add", "--all"]);
    check(
        &place,
        &["--check"],
        1,
        &[
            "ctxpack.lock map stale-lock",
            "ctxpack.lock plan stale-lock",
        ],
    );
    check(&place, &["--write"], 0, &[]);
    git(&place.repo(), &["add", "--all"]);
    check(&place, &["--check"], 0, &[]);
}

#[test]
fn every_clone_agrees() {
    let place = place();
    for n in 0..3 {
        place.write("src/lock.rs", &format!("{LOCK}// {n}\n"));
        commit(&place);
    }
    check(&place, &["--write"], 0, &[]);
    commit(&place);
    let clone = Place::new();
    std::fs::remove_dir_all(clone.repo()).unwrap();
    let from = format!("file://{}", place.repo().display());
    let to = clone.repo();
    git(
        &place.repo(),
        &["clone", "--quiet", "--depth=1", &from, to.to_str().unwrap()],
    );
    git(
        &to,
        &["checkout", "--quiet", "-b", "fix/hold-the-lock-of-main"],
    );
    clone.write("untracked.rs", LOCK);
    clone.write("src/main.rs", "// edited and not staged\n");
    clone.write_home(".claude/CLAUDE.md", "- always hold the lock\n");
    clone.write_home(
        ".config/ctxpack/config.toml",
        "budget = 50\ntokenizer = 'cl100k_base'\nexclude = ['*.rs']\n",
    );
    let mut command = clone.command(&["bundle", "--check", "--write"]);
    command
        .env("CTXPACK_BUDGET", "77")
        .env("CTXPACK_MODEL", "claude-sonnet-5");
    let ran = Ran::new(command.output().unwrap());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    assert_eq!(clone.read("ctxpack.lock"), place.read("ctxpack.lock"));
}

/// `git commit --all` and `git commit PATH` make an index of their own, and tell the hook where it is.
#[cfg(unix)]
#[test]
fn a_hook_judges_the_commit_that_is_being_made() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    check(&place, &["--write"], 0, &[]);
    commit(&place);
    let hook = place.repo().join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let script = format!(
        "#!/bin/sh\nexec '{}' bundle --check >hook.log 2>&1\n",
        env!("CARGO_BIN_EXE_ctxpack")
    );
    std::fs::write(&hook, script).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    place.write(".gitignore", "hook.log\n");
    place.write(
        "src/lock.rs",
        &LOCK.replace("hold the lock", "hold the lock twice"),
    );
    let commits = |args: &[&str]| {
        let output = std::process::Command::new("git")
            .args([
                "-c",
                "user.name=A",
                "-c",
                "user.email=a@example.org",
                "commit",
                "--quiet",
                "-m",
                "x",
            ])
            .args(args)
            .current_dir(place.repo())
            .output()
            .unwrap();
        output.status.success()
    };
    // what mends it stages first what was in no index but that of the commit
    let write = "ctxpack bundle --write && git add ctxpack.lock docs/review.md";
    assert!(!commits(&["src/lock.rs"]), "{}", place.read("hook.log"));
    let log = place.read("hook.log");
    assert!(
        log.contains(&format!("    git add FILE... && {write} && git commit\n")),
        "{log}"
    );
    assert!(!commits(&["--all"]), "{}", place.read("hook.log"));
    let log = place.read("hook.log");
    assert!(
        log.contains("stale-lock") && log.contains(&format!("    git add --update && {write}\n")),
        "{log}"
    );
    git(&place.repo(), &["add", "--update"]);
    check(&place, &["--write"], 0, &[]);
    git(&place.repo(), &["add", "ctxpack.lock", "docs/review.md"]);
    assert!(commits(&["--all"]), "{}", place.read("hook.log"));
}

#[test]
fn one_is_printed_as_things_stand() {
    let place = place();
    place.write(
        "src/lock.rs",
        &LOCK.replace("hold the lock", "hold the lock twice"),
    );
    let text = place.run(&["bundle", "review"]).good();
    assert!(text.contains("hold the lock twice"), "{text}");
    assert!(
        place
            .run(&["bundle"])
            .good()
            .contains("review          2000  docs/review.md\n")
    );
    for args in [
        &["nothing"][..],
        &["review", "--format", "json"],
        &["--check", "--format", "yaml"],
    ] {
        place.run(&[&["bundle"], args].concat()).bad();
    }
    place.write("ctxpack.toml", "budget = 5\n");
    assert!(place.run(&["bundle"]).bad().contains("names no bundle"));
    place.write("ctxpack.toml", &CONFIG.replace("2k", "10"));
    assert!(
        place
            .run(&["bundle", "review"])
            .bad()
            .contains("[bundle.review]: the budget of 10 tokens is too small")
    );
}

#[cfg(unix)]
#[test]
fn nothing_but_a_bundle_is_replaced() {
    let outside = tempfile::tempdir().unwrap();
    let place = place();
    let is_refused = |what: &str| {
        let stderr = place.run(&["bundle", "--write"]).bad();
        assert!(
            stderr.contains("docs/review.md: ") && stderr.contains(what),
            "{stderr}"
        );
        assert!(!place.repo().join("ctxpack.lock").exists(), "{what}");
        assert_eq!(
            std::fs::read_dir(outside.path()).unwrap().count(),
            0,
            "{what}"
        );
    };
    place.write("docs/review.md", "# Ours\n");
    is_refused("it is no bundle");
    assert_eq!(place.read("docs/review.md"), "# Ours\n");
    std::fs::remove_dir_all(place.repo().join("docs")).unwrap();
    is_refused("no such folder");
    std::os::unix::fs::symlink(outside.path(), place.repo().join("docs")).unwrap();
    is_refused("a link leads there");
    std::fs::remove_file(place.repo().join("docs")).unwrap();
    std::fs::create_dir(place.repo().join("docs")).unwrap();
    std::os::unix::fs::symlink(
        outside.path().join("x"),
        place.repo().join("docs/review.md"),
    )
    .unwrap();
    is_refused("no regular file");
    std::fs::remove_file(place.repo().join("docs/review.md")).unwrap();
    std::os::unix::fs::symlink(
        outside.path().join("lock"),
        place.repo().join("ctxpack.lock"),
    )
    .unwrap();
    assert!(
        place
            .run(&["bundle", "--write"])
            .bad()
            .contains("ctxpack.lock: it is no regular file")
    );
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_conflict_in_the_lock_is_mended_by_writing_it() {
    let place = place();
    place.write("ctxpack.lock", "<<<<<<< HEAD\nbundle review tokens 1\n=======\ncheck docs tokens 5 o200k_base\n>>>>>>> x\n");
    git(&place.repo(), &["add", "--all"]);
    check(
        &place,
        &["--check"],
        1,
        &[
            "ctxpack.lock map stale-lock",
            "ctxpack.lock review stale-lock",
        ],
    );
    check(&place, &["--write"], 0, &[]);
    let lock = place.read("ctxpack.lock");
    assert!(
        lock.contains("check docs tokens 5 o200k_base\n") && !lock.contains("tokens 1\n"),
        "{lock}"
    );
    git(&place.repo(), &["add", "--all"]);
    check(&place, &["--check"], 0, &[]);
    // what both branches added stands side by side: stale, and no mistake
    let merged = format!("{lock}bundle review tokens 7 o200k_base\n");
    place.write("ctxpack.lock", &merged);
    git(&place.repo(), &["add", "--all"]);
    check(&place, &["--check"], 1, &["ctxpack.lock review stale-lock"]);
}

/// Whatever git left of its index, a run ends with a message.
#[test]
fn indexes_of_all_kinds() {
    let place = place();
    check(&place, &["--write"], 0, &[]);
    commit(&place);
    let index = place.repo().join(".git/index");
    let whole = std::fs::read(&index).unwrap();
    let commands = [&["bundle", "--check"][..], &["check", "--staged"]];
    for end in [0, 1, 11, 12, 40, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&index, &whole[..end]).unwrap();
        for args in commands {
            assert!(
                place.run(args).bad().contains("what is staged: "),
                "{end} {args:?}"
            );
        }
    }
    let mut odd = whole.clone();
    for at in (0..whole.len()).step_by(7) {
        odd[at] ^= 0x41;
        std::fs::write(&index, &odd).unwrap();
        let code = place.run(commands[1]).code;
        assert!(matches!(code, Some(0..=2)), "{at}: {code:?}");
        odd[at] = whole[at];
    }
    std::fs::remove_file(&index).unwrap();
    let nothing = [
        "ctxpack.lock map stale-lock",
        "ctxpack.lock review stale-lock",
    ];
    check(&place, &["--check"], 1, &nothing);
    // two sides of a merge
    std::fs::write(&index, &whole).unwrap();
    git(&place.repo(), &["checkout", "--quiet", "-b", "other"]);
    place.write("src/lock.rs", "one\n");
    commit(&place);
    git(&place.repo(), &["checkout", "--quiet", "main"]);
    place.write("src/lock.rs", "two\n");
    commit(&place);
    let mut merge = std::process::Command::new("git");
    let merge = merge
        .args(["merge", "--quiet", "other"])
        .current_dir(place.repo());
    assert!(!merge.output().unwrap().status.success());
    for args in commands {
        assert!(
            place.run(args).bad().contains("src/lock.rs is in conflict"),
            "{args:?}"
        );
    }
}

#[test]
fn settings_that_are_not_staged_are_told() {
    let place = place();
    let warning = "what is not staged does not count: git add ctxpack.toml";
    assert!(!place.run(&["bundle"]).stderr.contains(warning));
    let more = format!("{CONFIG}\n[bundle.two]\nbudget = \"1k\"\n");
    place.write("ctxpack.toml", &more);
    let ran = place.run(&["bundle", "--write"]);
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
    git(&place.repo(), &["add", "ctxpack.toml"]);
    assert!(!place.run(&["bundle"]).stderr.contains(warning));
    // nor are those that cannot be read
    place.write("ctxpack.toml", "budget = \"one\"\n");
    let ran = place.run(&["bundle", "--write"]);
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
}

#[test]
fn a_bundle_that_holds_nothing_is_told() {
    let place = place();
    let config = "[bundle.none]\nbudget = \"1k\"\ninclude = [\"srk/**\"]\n";
    place.write("ctxpack.toml", config);
    git(&place.repo(), &["add", "ctxpack.toml"]);
    let warning = "warning: [bundle.none]: it holds nothing: no file or note is as ctxpack.toml:1 says, or none fits its budget\n";
    for args in [&["bundle", "none"][..], &["bundle", "--write"]] {
        let ran = place.run(args);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), warning));
    }
    place.write("ctxpack.toml", &config.replace("srk", "src"));
    assert_eq!(place.run(&["bundle", "none"]).stderr, "");
}

/// Another index is another repository's, unless it stands where git puts those of this one.
#[test]
fn an_index_from_elsewhere_is_told_and_not_read() {
    let place = place();
    check(&place, &["--write"], 0, &[]);
    commit(&place);
    let index = place.repo().join(".git/index");
    let elsewhere = place.home().join("index");
    std::fs::copy(&index, &elsewhere).unwrap();
    place.write("src/lock.rs", "// another\n");
    git(&place.repo(), &["add", "src"]);
    let beside = place.repo().join(".git/other-index");
    std::fs::copy(&elsewhere, &beside).unwrap();
    let by = |file: &std::path::Path| {
        let mut command = place.command(&["bundle", "--check"]);
        command.env("GIT_INDEX_FILE", file);
        Ran::new(command.output().unwrap())
    };
    let warning = "is no index of this repository, whose own is read instead";
    for (file, code, is_told) in [
        (elsewhere.as_path(), 1, true),
        (std::path::Path::new("nothing/there"), 1, true),
        (&index, 1, false),
        (&beside, 0, false),
        (std::path::Path::new(".git/other-index"), 0, false),
    ] {
        let ran = by(file);
        assert_eq!(
            (ran.code, ran.stderr.contains(warning)),
            (Some(code), is_told),
            "{file:?}: {ran:?}"
        );
    }
}

/// Two branches that made the lock and an output anew are in conflict there, in git's index as well; that is mended before anything is added.
#[test]
fn a_merge_is_mended_by_what_the_hint_says() {
    let place = place();
    check(&place, &["--write"], 0, &[]);
    commit(&place);
    for branch in ["a", "b"] {
        git(
            &place.repo(),
            &["checkout", "--quiet", "-b", branch, "main"],
        );
        place.write(
            "src/lock.rs",
            &LOCK.replace("lock\n", &format!("lock as {branch} does\n")),
        );
        place.write(&format!("src/{branch}.rs"), LOCK);
        git(&place.repo(), &["add", "--all"]);
        check(&place, &["--write"], 0, &[]);
        commit(&place);
    }
    let mut merge = std::process::Command::new("git");
    let merge = merge
        .args(["merge", "--quiet", "a"])
        .current_dir(place.repo());
    assert!(!merge.output().unwrap().status.success());
    let left = git(&place.repo(), &["status", "--porcelain"]);
    for path in ["ctxpack.lock", "docs/review.md", "src/lock.rs"] {
        assert!(left.contains(&format!("UU {path}\n")), "{left}");
    }
    // what is theirs to mend comes first
    let stderr = place.run(&["bundle", "--write"]).bad();
    assert!(stderr.contains("src/lock.rs is in conflict"), "{stderr}");
    place.write("src/lock.rs", LOCK);
    git(&place.repo(), &["add", "src/lock.rs"]);
    for args in [&["check"][..], &["check", "--staged"]] {
        let stderr = place.run(args).bad();
        assert!(
            stderr.ends_with("hint: ctxpack bundle --write && git add ctxpack.lock\n"),
            "{stderr}"
        );
    }
    let stale = [
        "ctxpack.lock map stale-lock",
        "ctxpack.lock review stale-lock",
    ];
    check(&place, &["--check"], 1, &stale);
    check(&place, &["--write"], 0, &[]);
    git(&place.repo(), &["add", "ctxpack.lock", "docs/review.md"]);
    check(&place, &["--check"], 0, &[]);
    place.run(&["check", "--staged"]).good();
}
