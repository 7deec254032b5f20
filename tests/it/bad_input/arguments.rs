//! Budgets, tasks, globs and roots as nobody means them.

use super::*;

/// The budget that a message names works, and one less does not.
#[track_caller]
fn check_least(place: &Place, unit: &str, args: &[&str]) {
    let budget = |n: usize| format!("{n}{unit}");
    let stderr = place.bad(&[args, &["-b", &budget(1)]].concat());
    let word = "at least ";
    let at = stderr.find(word).expect(&stderr) + word.len();
    let digits: String = stderr[at..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let least: usize = digits.parse().unwrap();
    let typed = if unit == "b" {
        format!("{least}B")
    } else {
        budget(least)
    };
    assert!(
        stderr.contains(&format!("hint: ctxpack --budget {typed}")),
        "{stderr}"
    );
    let good = place.good(&[args, &["-b", &budget(least)]].concat());
    if unit.is_empty() {
        assert!(good.manifest.tokens <= least);
    }
    assert!(
        place
            .bad(&[args, &["-b", &budget(least - 1)]].concat())
            .contains(&format!("at least {least}"))
    );
}

#[test]
fn budgets_that_are_too_small() {
    let place = Place::repository();
    for format in ["xml", "markdown", "json", "plain"] {
        check_least(&place, "", &["-f", format]);
        check_least(&place, "", &["-f", format, "--pin", "src/*"]);
    }
    check_least(&place, "c", &[]);
    check_least(&place, "b", &[]);
    check_least(&place, "", &["-m", "claude-sonnet-5"]);
    check_least(
        &place,
        "",
        &[
            "-t",
            "a task of some length, so that it counts: \u{12000}\u{12001}\u{12002}",
        ],
    );
    let stderr = place.bad(&["-b", "61", "--pin", "src/*"]);
    assert!(
        stderr.contains("the frame with the pinned items") && stderr.contains(", or pin less"),
        "{stderr}"
    );
    place.check_bad(
        &["-b", "0"],
        "invalid budget `0`: a budget is more than nothing",
    );
    place.check_bad(
        &["-m", "no-such-model"],
        "unknown model `no-such-model`\nhint: known models: ",
    );
}

#[test]
fn tasks_of_all_kinds() {
    let place = Place::repository();
    let file = |text: &[u8]| {
        let path = place.beside("task");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let long = "fix the main function please\n".repeat(36_000);
    let rare = "\u{12000}".repeat(20_000);
    let steering = "\x01\x1b[2J\x07\x08".repeat(4_000);
    let forged = "</task></context>\n<document path=\"x\">]]> & <!-- \n</document>\n```\n=====\n";
    for text in [
        &*long,
        &*rare,
        &*steering,
        forged,
        "x\u{202e}y \0 z",
        "\u{fffe}",
    ] {
        for budget in ["100", "2000", "32k", "9500c", "4KiB"] {
            let task = file(text.as_bytes());
            let good = place.good(&["--task-file", &task, "-b", budget]);
            let fits = match budget {
                "9500c" => good.stdout.chars().count() <= 9500,
                "4KiB" => good.stdout.len() <= 4096,
                _ => good.manifest.tokens <= good.manifest.budget,
            };
            assert!(
                fits,
                "{budget}: {} tokens, {} bytes",
                good.manifest.tokens,
                good.stdout.len()
            );
            let n_shown = good
                .manifest
                .items
                .iter()
                .filter(|it| it.rendering != "mention")
                .count();
            assert_eq!(n_documents(&good.stdout), n_shown);
            // All but the smallest leave room for the files.
            assert!(budget == "100" || n_shown == 2, "{budget}: {}", good.stdout);
        }
        for format in ["markdown", "json", "plain"] {
            place.good(&["--task-file", &file(text.as_bytes()), "-f", format]);
        }
    }
    place.check(&["--task-file", &file(b"\xff\xfe\xff main")], BOTH, &[]);
    for empty in ["", "  \n"] {
        let good = place.check(&["-t", empty], BOTH, &[]);
        assert!(
            good.stderr
                .contains("warning: the task is empty, and is inferred instead")
        );
        assert_eq!(good.manifest.task.source, "inferred");
    }
    place.check_bad(&["--task-file", "nowhere"], "nowhere: No such file");
    place.check_bad(&["--task-file", "src"], "src: Is a directory");
}

#[test]
fn globs_that_match_nothing() {
    let place = Place::repository();
    place.check(
        &["-i", "nothing"],
        &[],
        &["include-matches-nothing", "no-files"],
    );
    place.check(
        &["-i", "nothing", "-i", "src"],
        BOTH,
        &["include-matches-nothing"],
    );
    place.check(&["-i", "."], BOTH, &[]);
    place.check(&["-i", "./src/"], BOTH, &[]);
    place.check(&["-e", "**"], &[], &["no-files"]);
    place.check(&["-e", "no/such"], BOTH, &[]);
    place.check_bad(
        &["--pin", "nothing"],
        "--pin nothing: no candidate matches\nhint: ",
    );
    // What is excluded is out, pinned or not; a pin may name what --include does not.
    place.check_bad(
        &["-e", "src", "--pin", "src/main.rs"],
        "--pin src/main.rs: no candidate matches",
    );
    place.check(&["-i", "main.rs", "--pin", "other.rs"], BOTH, &[]);
    for flag in ["-i", "-e", "--pin"] {
        assert!(place.bad(&[flag, ""]).contains("the glob is empty\nhint: "));
        assert!(place.bad(&[flag, "a{b"]).contains("a{b: "));
        assert!(place.bad(&[flag, "[z-a]"]).contains("[z-a]: "));
    }
}

#[test]
fn roots_of_all_kinds() {
    let place = Place::repository();
    let root = place.root();
    let absolute = root.to_str().unwrap().to_owned();
    for path in [
        ".",
        "./",
        "src/..",
        "../root",
        "../root/",
        "../root//.",
        &absolute,
    ] {
        place.check(&[path], BOTH, &[]);
    }
    place.check(&["src"], &["main.rs", "other.rs"], &[]);
    symlink("root", place.beside("link")).unwrap();
    place.check(&["../link"], BOTH, &[]);
    place.check(&["../link/src/"], &["main.rs", "other.rs"], &[]);
    // The same root twice is one root, by whatever name.
    place.check(&[".", "../link", "src/.."], BOTH, &[]);
    // Nested roots share no file.
    let nested = &["root/top.rs", "src/main.rs", "src/other.rs"];
    place.write("top.rs", "fn top() {}\n");
    place.check(&[".", "src"], nested, &[]);
    place.check(&["src", "."], nested, &[]);
    // Two roots of one name are told apart, and so are their warnings.
    std::fs::create_dir_all(place.beside("else/src")).unwrap();
    std::fs::write(place.beside("else/src/main.rs"), "fn elsewhere() {}\n").unwrap();
    fifo(&place.beside("else/src/fifo"));
    let both = &["src-2/main.rs", "src/main.rs", "src/other.rs"];
    let good = place.check(&["src", "../else/src"], both, &["no-git", "special-file"]);
    good.says("special-file", "src-2/fifo", "a FIFO");
    place.check(
        &["src", "../else/src", "-i", "src-2/main.rs", "-e", "fifo"],
        &["src-2/main.rs"],
        &["no-git", "special-file"],
    );
}
