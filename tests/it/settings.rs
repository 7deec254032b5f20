//! Flags over environment over project over user over defaults. The budget shows which one won: one that is too small is named.

use crate::common::Place;

/// The budget that a run was given, as its error names it: every layer here sets one that is too small.
#[track_caller]
fn budget(place: &Place, args: &[&str], env: &[(&str, &str)]) -> String {
    let mut command = place.command(args);
    command.envs(env.iter().copied());
    let stderr = crate::common::Ran::new(command.output().unwrap()).bad();
    let words: Vec<&str> = stderr.split(' ').collect();
    assert_eq!(
        words[..5],
        ["error:", "the", "budget", "of", words[4]],
        "{stderr}"
    );
    words[4].to_owned()
}

#[test]
fn layers() {
    let place = Place::new();
    place.run(&[]).good();
    place.write_home(".config/ctxpack/config.toml", "budget = 6\n");
    assert_eq!(budget(&place, &[], &[]), "6");
    place.write("ctxpack.toml", "budget = \"2\"\n");
    assert_eq!(budget(&place, &[], &[]), "2");
    assert_eq!(budget(&place, &[], &[("CTXPACK_BUDGET", "3")]), "3");
    assert_eq!(
        budget(&place, &["-b", "4"], &[("CTXPACK_BUDGET", "3")]),
        "4"
    );
    assert_eq!(budget(&place, &[], &[("CTXPACK_BUDGET", "")]), "2");
    // A project spends no more than its user would.
    place.write("ctxpack.toml", "budget = \"99k\"\n");
    let stderr = place.run(&[]).stderr;
    assert!(
        stderr
            .starts_with("warning: the project's budget is more than your own config file allows")
            && stderr.contains("error: the budget of 6 tokens is too small"),
        "{stderr}"
    );
    place.write("ctxpack.toml", "budget = \"2\"\n");
    // A subfolder is part of the repository.
    assert_eq!(budget(&place, &["src"], &[]), "2");
    // A place beats the environment, and an explicit budget the place.
    place.run(&["--for", "mcp"]).good();
    assert_eq!(budget(&place, &["--for", "mcp", "-b", "5"], &[]), "5");
}

#[test]
fn the_users_file_may_be_elsewhere() {
    let place = Place::new();
    place.write_home("xdg/ctxpack/config.toml", "budget = 7\n");
    let xdg = place.home().join("xdg");
    assert_eq!(
        budget(&place, &[], &[("XDG_CONFIG_HOME", xdg.to_str().unwrap())]),
        "7"
    );
}

#[test]
fn mistakes_name_file_line_and_column() {
    let place = Place::new();
    place.write("ctxpack.toml", "# ours\n bugdet = 1\n");
    let stderr = place.run(&[]).bad();
    assert!(
        stderr.ends_with(
            "ctxpack.toml: line 2, column 2: unknown key `bugdet`\nhint: did you mean `budget`?\n"
        ),
        "{stderr}"
    );
    assert_eq!(place.run(&["sources"]).bad(), stderr);
    let mut command = place.command(&[]);
    let output = command.env("CTXPACK_FORMAT", "yaml").output().unwrap();
    assert!(
        output
            .stderr
            .starts_with(b"error: CTXPACK_FORMAT: unknown format `yaml`\n")
    );
}

#[test]
fn a_project_cannot_reach_out() {
    let place = Place::new();
    for key in [
        "output = \"../x\"",
        "manifest = \"x\"",
        "roots = [\"/\"]",
        "home = true",
        "paths = [\"..\"]",
    ] {
        place.write("ctxpack.toml", key);
        assert!(
            place
                .run(&[])
                .bad()
                .contains("ctxpack.toml: line 1, column 1: "),
            "{key}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_projects_file_is_a_file() {
    let place = Place::new();
    std::os::unix::fs::symlink("/etc/passwd", place.repo().join("ctxpack.toml")).unwrap();
    let ran = place.run(&[]);
    assert!(
        ran.stderr
            .contains("ctxpack.toml: not a regular file, and not read"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.code, Some(0));
}

#[test]
fn a_place_has_a_cap() {
    let ran = Place::new().run(&["--for", "mcp", "-b", "100k"]);
    assert!(
        ran.stderr
            .contains("warning: 100000 tokens is more than --for mcp takes: "),
        "{}",
        ran.stderr
    );
    let ran = Place::new().run(&["--for", "mcp", "-b", "100k", "--quiet"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}
