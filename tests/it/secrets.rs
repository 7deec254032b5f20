//! Secrets, end to end: whatever way they come in, they come out nowhere.

use crate::common::{Place, Ran};
use std::process::Command;

/// Random enough to be a secret, and put together here so that no scanner takes this file for a leak.
fn secret(n: usize) -> String {
    let body: String = "q8Zr2Lw0XcV5bN1mK7tYh4Jd9Gf3Sa6P"
        .chars()
        .cycle()
        .skip(n)
        .take(36)
        .collect();
    format!("ghp_{body}")
}

const MARK: &str = "[REDACTED:github-pat]";

#[track_caller]
fn check_absent(ran: &Ran, secret: &str) {
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(&secret[..20]), "{text}");
    }
}

/// Runs with these arguments in every format; nothing may be told.
#[track_caller]
fn check(place: &Place, args: &[&str], secret: &str) -> Vec<Ran> {
    let formats = ["xml", "markdown", "json", "plain"];
    let run = |format: &&str| {
        let ran = place.run(&[args, &["-f", format]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        check_absent(&ran, secret);
        ran
    };
    formats.iter().map(run).collect()
}

fn git(place: &Place, args: &[&str]) {
    let done = Command::new("git")
        .args([
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.invalid",
            "-c",
            "commit.gpgsign=false",
        ])
        .args(args)
        .current_dir(place.repo())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", place.home())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(done.status.success(), "{args:?}: {done:?}");
}

#[test]
fn of_a_file_the_secret_alone_goes() {
    let place = Place::new();
    let secret = secret(0);
    place.write(
        "src/auth.rs",
        &format!("fn a() {{}}\nconst T: &str = \"{secret}\";\nfn behind() {{}}\n"),
    );
    for ran in check(&place, &["-b", "8k"], &secret) {
        assert!(
            ran.stdout.contains(MARK) && ran.stdout.contains("fn behind()"),
            "{}",
            ran.stdout
        );
        assert!(
            ran.stderr.contains("1 secret redacted, in 1 place"),
            "{}",
            ran.stderr
        );
    }
    // outlines, mentions and explanations
    check(&place, &["-b", "300"], &secret);
    check(&place, &["-b", "8k", "--explain", "--stats"], &secret);
    check_absent(&place.run(&["--explain", "src/auth.rs"]), &secret);
    place
        .run(&["-o", "/dev/null", "--manifest", "../m.json"])
        .good();
    let manifest = std::fs::read_to_string(place.repo().join("../m.json")).unwrap();
    assert!(!manifest.contains(&secret), "{manifest}");
    assert!(
        manifest.contains("\"secret-redacted\",\"path\":\"src/auth.rs\",\"message\":\"redacted 1 secret: line 2: github-pat\""),
        "{manifest}"
    );
    for command in ["sources", "curve"] {
        check_absent(&place.run(&[command]), &secret);
    }
}

#[test]
fn a_secret_in_a_name_is_shown_redacted() {
    let place = Place::new();
    let secret = secret(1);
    place.write(&format!("logs/{secret}.txt"), "what happened\n");
    place.write(
        &format!("logs/{}.txt", self::secret(2)),
        "what else happened\n",
    );
    for ran in check(&place, &["-b", "8k"], &secret) {
        assert!(
            ran.stdout.contains(&format!("logs/{MARK}.txt"))
                || ran.stdout.contains("logs/\\[REDACTED"),
            "{}",
            ran.stdout
        );
        assert!(
            ran.stdout.contains("what happened") && ran.stdout.contains("what else happened"),
            "{}",
            ran.stdout
        );
    }
    // globs are about the names as they are
    check(
        &place,
        &["-b", "8k", "--pin", &format!("logs/{secret}.txt")],
        &secret,
    );
    check_absent(&place.run(&["sources", "--json"]), &secret);
}

#[test]
fn the_task_is_shown_redacted() {
    let place = Place::new();
    let secret = secret(3);
    let task = format!("why does {secret} fail in main");
    place.write("task.txt", &task);
    let given: [&[&str]; 2] = [&["-t", &task], &["--task-file", "task.txt"]];
    for args in given {
        for ran in check(&place, args, &secret) {
            assert!(ran.stdout.contains("why does"), "{}", ran.stdout);
        }
        check_absent(&place.run(&[&["curve"], args].concat()), &secret);
    }
}

#[test]
fn what_git_knows_is_redacted() {
    let place = Place::new();
    std::fs::remove_dir_all(place.repo().join(".git")).unwrap();
    let secret = secret(4);
    git(&place, &["init", "-q"]);
    git(&place, &["checkout", "-q", "-b", &format!("fix/{secret}")]);
    git(
        &place,
        &[
            "remote",
            "add",
            "origin",
            &format!("https://u:{secret}@git.invalid/x.git"),
        ],
    );
    place.write("src/a.rs", "fn a() {}\n");
    git(&place, &["add", "-A"]);
    git(
        &place,
        &[
            "commit",
            "-q",
            "-m",
            &format!("put the token {secret} into main and a, which lack it"),
        ],
    );
    place.write(
        "src/main.rs",
        &format!("fn main() {{ token(\"{secret}\") }}\n"),
    );
    place.write(".env", "DB_PASSWORD=tomatosoup\n");
    for ran in check(&place, &["--explain"], &secret) {
        assert!(!ran.stdout.contains("tomatosoup"), "{}", ran.stdout);
    }
    check(&place, &["-t", "main token"], &secret);
    check_absent(&place.run(&["eval", "-n", "3"]), &secret);
    check_absent(&place.run(&["handoff"]), &secret);
}

#[test]
fn notes_are_redacted_wherever_they_are_kept() {
    let place = Place::new();
    let secret = secret(5);
    place.write(
        "NOTES.md",
        &format!("# Deploy {secret}\n\n- log in with {secret} as `{secret}`\n"),
    );
    place.write_home(".claude/CLAUDE.md", &format!("- the token is {secret}\n"));
    place.write_home(
        ".claude/rules/logs.md",
        &format!("---\npaths: [\"logs/{secret}/*\"]\n---\n- Logs are kept.\n"),
    );
    for ran in check(&place, &["-t", "deploy token"], &secret) {
        assert!(ran.stdout.contains("log in with"), "{}", ran.stdout);
    }
    for args in [
        &["notes"][..],
        &["notes", "--json"],
        &["notes", "show", "NOTES.md"],
        &["doctor"],
        &["doctor", "--json"],
        &["sources"],
    ] {
        check_absent(&place.run(args), &secret);
    }
    let found = place.run(&["doctor"]).stdout;
    assert!(found.contains("github-pat"), "{found}");
    check_absent(
        &place.run(&["remember", &format!("the token is {secret}")]),
        &secret,
    );
    // a password that is a word is one where it is given to the name of one
    let said = "log in to staging with STAGING_PASSWORD=hunter2hunter2";
    assert!(
        place
            .run(&["remember", said])
            .bad()
            .contains("looks like a secret (env-password)")
    );
    place.write("NOTES.md", &format!("# Staging\n\n- {said}\n"));
    let ran = place.run(&["-t", "log in to staging"]);
    assert!(
        ran.stdout
            .contains("STAGING_PASSWORD=[REDACTED:env-password]"),
        "{}",
        ran.stdout
    );
}

#[test]
fn files_that_are_secret_by_name_are_left_out() {
    let place = Place::new();
    for name in [
        ".env",
        "deploy/.env.production",
        "tls/server.key",
        "id_rsa",
        "home/.kube/config",
    ] {
        place.write(name, "PASSWORD=tomatosoup\n");
    }
    place.write(".env.example", "PASSWORD=\nWHAT_IT_IS_FOR=kept\n");
    let ran = place.run(&["-f", "json"]);
    assert!(
        !ran.stdout.contains("tomatosoup") && ran.stdout.contains("WHAT_IT_IS_FOR"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("secret by its name"), "{}", ran.stdout);
    let refused = place.run(&["--pin", ".env"]).bad();
    assert!(
        refused.contains("--pin .env: .env cannot be shown: secret by its name"),
        "{refused}"
    );
    // a glob that takes one in among others is no mistake
    let ran = place.run(&["--pin", "*"]);
    assert!(
        ran.stderr.contains("pin-not-shown") && !ran.stdout.contains("tomatosoup"),
        "{}",
        ran.stderr
    );
    assert!(
        place
            .run(&["--secrets", "off", "--pin", ".env"])
            .good()
            .contains("tomatosoup")
    );
}

#[test]
fn files_may_be_left_out_or_end_the_run() {
    let place = Place::new();
    let secret = secret(6);
    place.write(
        "src/auth.rs",
        &format!("fn a() {{}}\nconst T: &str = \"{secret}\";\n"),
    );
    place.write(
        "NOTES.md",
        &format!("- log in with {secret}\n- never on Fridays\n"),
    );
    for ran in check(&place, &["--secrets", "exclude"], &secret) {
        assert!(
            !ran.stdout.contains("fn a()") && !ran.stdout.contains("log in with"),
            "{}",
            ran.stdout
        );
        assert!(ran.stdout.contains("fn main()"), "{}", ran.stdout);
    }
    let ran = place.run(&["--secrets", "fail"]);
    check_absent(&ran, &secret);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(1), ""),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("src/auth.rs: holds 1 secret: line 2: github-pat"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("NOTES.md: "), "{}", ran.stderr);
    let ran = place.run(&["--secrets", "off"]);
    assert!(ran.good().contains(&secret));
    // what was not searched is not known to hold none
    check_absent(&place.run(&[]), &secret);
    assert!(
        place
            .run(&["--secrets", "maybe"])
            .bad()
            .contains("redact, exclude, fail or off")
    );
    let clean = place.run(&["--secrets", "fail", "-i", "src/main.rs"]);
    assert_eq!(clean.code, Some(0), "{}", clean.stderr);
}

#[test]
fn a_project_may_ask_for_more_care_and_never_for_less() {
    let place = Place::new();
    let secret = secret(7);
    place.write("src/auth.rs", &format!("const T: &str = \"{secret}\";\n"));
    let user = |text: &str| place.write_home(".config/ctxpack/config.toml", text);
    place.write("ctxpack.toml", "secrets = \"off\"\n");
    let refused = place.run(&[]);
    check_absent(&refused, &secret);
    assert!(refused.bad().contains("`off` is the user's to set"));
    place.write("ctxpack.toml", "secrets = \"redact\"\n");
    user("secrets = \"fail\"\n");
    assert_eq!(place.run(&[]).code, Some(1));
    place.write("ctxpack.toml", "secrets = \"exclude\"\n");
    assert_eq!(place.run(&[]).code, Some(1));
    user("secrets = \"off\"\n");
    assert!(!place.run(&[]).good().contains(&secret));
    // the user's own word, by flag and by environment
    assert!(place.run(&["--secrets", "off"]).good().contains(&secret));
    place.write("ctxpack.toml", "");
    assert!(place.run(&[]).good().contains(&secret));
    user("");
    let mut command = place.command(&[]);
    let ran = Ran::new(command.env("CTXPACK_SECRETS", "off").output().unwrap());
    assert!(ran.good().contains(&secret));
}

#[test]
fn mistakes_are_told_without_secrets() {
    let place = Place::new();
    let secret = secret(8);
    let flags: [&[&str]; 7] = [
        &[&secret],
        &["--pin", &secret],
        &["-b", &secret],
        &["--format", &secret],
        &["--rev", &secret],
        &["-t", "x", &format!("--{secret}")],
        &["-i", &format!("{secret}[")],
    ];
    for args in flags {
        let ran = place.run(args);
        assert_eq!(ran.code, Some(2), "{args:?}");
        check_absent(&ran, &secret);
    }
    check_absent(&place.run(&["-i", &secret]), &secret);
    place.write("ctxpack.toml", &format!("budget = \"{secret}\"\n"));
    check_absent(&place.run(&[]), &secret);
    place.write("ctxpack.toml", &format!("\"{secret}\" = 1\n"));
    check_absent(&place.run(&[]), &secret);
}

#[test]
fn what_was_said_to_agents_is_redacted() {
    let place = Place::new();
    let secret = secret(9);
    let id = "5e55f0c3-5a52-4c1d-9a57-0f6f2d1c0a01";
    let root = place.repo().canonicalize().unwrap();
    let key = format!(
        "-----BEGIN RSA {0} KEY-----\n{1}\n-----END RSA {0} KEY-----",
        "PRIVATE",
        secret.replace('_', "A").repeat(4)
    );
    let mut lines = String::new();
    let said = [
        (
            "user",
            serde_json::json!(format!("deploy main with {secret}, please")),
        ),
        (
            "assistant",
            serde_json::json!([
                {"type": "text", "text": format!("We'll use the key instead of the token, because:\n{key}\nThat is decided.")},
                {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": format!("curl -H 'Authorization: Bearer {secret}' https://h.io")}},
            ]),
        ),
        (
            "user",
            serde_json::json!([{"type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": format!("401: {secret}")}]),
        ),
        (
            "user",
            serde_json::json!(format!("again, deploy main with {secret}")),
        ),
    ];
    for (n, (who, content)) in said.iter().enumerate() {
        let line = serde_json::json!({
            "parentUuid": n.checked_sub(1).map(|n| format!("u{n}")), "isSidechain": false, "type": who, "cwd": root, "uuid": format!("u{n}"),
            "sessionId": id, "gitBranch": format!("fix/{secret}"), "timestamp": format!("2026-08-20T09:0{n}:00.000Z"),
            "message": {"role": who, "content": content},
        });
        lines += &format!("{line}\n");
    }
    let slug: String = root
        .to_string_lossy()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    place.write_home(&format!(".claude/projects/{slug}/{id}.jsonl"), &lines);
    for args in [&["-t", "deploy main"][..], &["-b", "4k"], &["--explain"]] {
        for ran in check(&place, args, &secret) {
            let body = &key.lines().nth(1).unwrap()[..24];
            assert!(
                !ran.stdout.contains(body) && !ran.stderr.contains(body),
                "{}",
                ran.stdout
            );
            assert!(ran.stdout.contains("deploy main with"), "{}", ran.stdout);
        }
    }
    let others: [&[&str]; 6] = [
        &["sessions"],
        &["sessions", "--json"],
        &["sessions", "show", "1"],
        &["sessions", "digest", "1", "--json"],
        &["handoff"],
        &["sources", "--json"],
    ];
    for args in others {
        check_absent(&place.run(args), &secret);
    }
    let left_out = place.run(&["--secrets", "exclude", "-t", "deploy main"]);
    assert!(!left_out.good().contains("deploy main with"));
    assert_eq!(place.run(&["--secrets", "fail"]).code, Some(1));
    // nor in what is kept for the next run
    let mut folders = vec![place.home()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|end| end != "jsonl") {
                let bytes = std::fs::read(&path).unwrap();
                assert!(
                    !String::from_utf8_lossy(&bytes).contains(&secret[..20]),
                    "{path:?}"
                );
            }
        }
    }
}
