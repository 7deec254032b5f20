//! What shells see: completions, manual pages, and lists of files on stdin.

use crate::common::{Place, Ran};
use std::io::Write;
use std::process::Stdio;

#[test]
fn every_shell_has_completions() {
    let place = Place::new();
    for (shell, mark) in [
        ("bash", "complete -F _ctxpack"),
        ("zsh", "#compdef ctxpack"),
        ("fish", "complete -c ctxpack"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "set edit:completion:arg-completer[ctxpack]"),
    ] {
        let script = place.run(&["completions", shell]).good();
        let has_mark = mark.split(' ').all(|word| script.contains(word));
        assert!(has_mark, "{shell}: {mark} is not in it");
        for word in ["--files-from", "handoff", "codex-agents", "gitlab"] {
            assert!(script.contains(word), "{shell}: {word} is not in it");
        }
    }
    // commands come first, and folders beside them
    let zsh = place.run(&["completions", "zsh"]).good();
    let before = zsh.split("\":: :_ctxpack_commands\"").next().unwrap();
    assert!(
        !before.contains("'::paths") && !zsh.contains("$line[2]"),
        "{before}"
    );
    assert_eq!(zsh.matches("    _files -/\n").count(), 1);
    let stderr = place.run(&["completions", "tcsh"]).bad();
    assert!(
        stderr.contains("one of bash, elvish, fish, powershell, zsh"),
        "{stderr}"
    );
}

#[cfg(unix)]
#[test]
fn bash_completes() {
    let place = Place::new();
    place.write(
        "../completions",
        &place.run(&["completions", "bash"]).good(),
    );
    let check = |words: &[&str], expected: &str| {
        let script = "source ../completions; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1))\n\
                      _ctxpack ctxpack \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"; echo \"${COMPREPLY[*]}\"";
        let mut command = std::process::Command::new("bash");
        command.args(["--norc", "-c", script, "bash"]).args(words);
        let ran = Ran::new(command.current_dir(place.repo()).output().unwrap());
        assert_eq!(ran.good(), format!("{expected}\n"), "{words:?}");
    };
    check(&["ctxpack", "ch"], "check");
    check(&["ctxpack", "--bud"], "--budget");
    check(&["ctxpack", "-f", ""], "xml markdown json plain");
    check(&["ctxpack", "check", "-f", "git"], "github gitlab");
    check(&["ctxpack", "cache", "cl"], "clear");
    check(&["ctxpack", "hook", "c"], "claude-code codex");
}

#[test]
fn every_command_has_a_page() {
    let place = Place::new();
    std::fs::create_dir(place.repo().join("man")).unwrap();
    let ran = place.run(&["man", "man"]);
    let folder = std::fs::read_dir(place.repo().join("man")).unwrap();
    let mut names: Vec<String> = folder
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(ran.stderr, format!("wrote {} pages to man\n", names.len()));
    for name in [
        "ctxpack.1",
        "ctxpack-diff.1",
        "ctxpack-cache-clear.1",
        "ctxpack-man.1",
    ] {
        assert!(names.iter().any(|it| it == name), "{name}: {names:?}");
    }
    assert_eq!(place.run(&["man"]).good(), place.read("man/ctxpack.1"));
    let page = place.read("man/ctxpack-diff.1");
    // what -h hides is there, and examples are lines
    assert!(
        page.contains("No warnings, no progress, no closing line"),
        "{page}"
    );
    assert!(
        page.contains(".SH EXAMPLES\n.nf\n  ctxpack diff before.xml after.xml "),
        "{page}"
    );
    let stderr = place.run(&["man", "nowhere"]).bad();
    assert_eq!(
        stderr,
        "error: nowhere: no such file or directory\nhint: mkdir -p 'nowhere'\n"
    );
    assert!(
        place
            .run(&["man", "src/main.rs"])
            .bad()
            .contains("src/main.rs: not a folder")
    );
}

fn place() -> Place {
    let place = Place::new();
    place.write("src/a.rs", "pub fn a() {}\n");
    place.write("src/b c.rs", "pub fn b() {}\n");
    place.write("out/made.rs", "pub fn made() {}\n");
    place.write("out/.env", "TOKEN=1\n");
    place.write(".gitignore", "out/\n");
    place.write("NOTES.md", "- a note\n");
    place
}

/// Runs with `list` on stdin.
fn run(place: &Place, list: &str, args: &[&str]) -> Ran {
    let args = [&["--files-from", "-"], args].concat();
    let mut child = place.command(&args).stdin(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(list.as_bytes())
        .unwrap();
    Ran::new(child.wait_with_output().unwrap())
}

#[track_caller]
fn check(list: &str, args: &[&str], expected: &[&str]) -> String {
    let place = place();
    // what a run of the whole tree has kept changes nothing
    place.run(&["-q"]).good();
    let args = [&["-f", "json", "--manifest", "../m.json"], args].concat();
    let ran = run(&place, list, &args);
    assert_eq!(ran.code, Some(0), "{list:?}: {}", ran.stderr);
    let manifest = place.read("../m.json");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let all = ["items", "omitted"]
        .map(|key| manifest[key].as_array().unwrap().clone())
        .concat();
    let mut found: Vec<&str> = all.iter().map(|it| it["path"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, expected, "{list:?} {args:?}");
    let no_cache = run(&place, list, &[&args[..], &["--no-cache"]].concat());
    assert_eq!(ran, no_cache);
    ran.stderr
}

#[test]
fn only_what_is_listed_is_packed() {
    check("src/a.rs\n./src/b c.rs\n", &[], &["src/a.rs", "src/b c.rs"]);
    check(
        "src/a.rs\r\nsrc/../NOTES.md",
        &[],
        &["NOTES.md", "src/a.rs"],
    );
    check(
        "src/b c.rs\0src/a.rs\0",
        &["-0"],
        &["src/a.rs", "src/b c.rs"],
    );
    check(
        "src/b c.rs\0src/a.rs",
        &["--null", "-e", "*a.rs"],
        &["src/b c.rs"],
    );
    // ignore files have no say, and what is secret by name stays so
    check("out/made.rs\nout/.env\n", &[], &["out/.env", "out/made.rs"]);
    let stderr = check("src\n.git\nout\nsrc/a.rs\n", &[], &["src/a.rs"]);
    assert!(
        stderr.contains("git's own) is passed over: 3 of 4 [listed-no-file]"),
        "{stderr}"
    );
}

#[test]
fn what_a_list_cannot_name_is_told() {
    let place = place();
    place.write("../beside.rs", "");
    place.write(".git/config", "");
    place.write("src/list", "a.rs\n");
    for (list, args, message) in [
        (
            "src/none.rs\n",
            &[][..],
            "src/none.rs: no such file or directory",
        ),
        ("none/a.rs\n", &[], "none/a.rs: no such file or directory"),
        (
            "../beside.rs\n",
            &[],
            "../beside.rs: lies outside of what is packed",
        ),
        (
            "NOTES.md\n",
            &["src"],
            "NOTES.md: lies outside of what is packed",
        ),
        ("", &[], "--files-from -: it lists no file"),
        ("\n\n", &[], "--files-from -: it lists no file"),
        (
            "a\0b\0",
            &[],
            "--files-from -: paths end in null bytes there",
        ),
        (
            "src/a.rs\nsrc/b.rs\n",
            &["-0"],
            "--files-from -: -0, and no path ends in a null byte there",
        ),
        (
            "src/a.rs\n",
            &["-t", "-"],
            "--task - and --files-from -: stdin can be read once",
        ),
        (
            "src/a.rs\n",
            &["--rev", "HEAD"],
            "--files-from lists files of the work tree, and --rev packs a revision",
        ),
    ] {
        let stderr = run(&place, list, args).bad();
        assert_eq!(
            stderr.lines().next(),
            Some(&*format!("error: {message}")),
            "{list:?}"
        );
    }
    let stderr = place.run(&["--files-from", "none"]).bad();
    assert_eq!(stderr, "error: none: no such file or directory\n");
    assert!(
        place
            .run(&["-0"])
            .bad()
            .starts_with("error: --files-from <FILE> is missing\n")
    );
    // paths in a file are relative to the working directory, as those on stdin are
    assert!(
        place
            .run(&["--files-from", "src/list"])
            .bad()
            .contains("a.rs: no such file")
    );
}

#[cfg(unix)]
#[test]
fn a_listed_link_is_not_followed() {
    let place = place();
    place.write("../beside/x.rs", "pub fn x() {}\n");
    std::os::unix::fs::symlink("../../beside", place.repo().join("src/out")).unwrap();
    std::os::unix::fs::symlink("a.rs", place.repo().join("src/link.rs")).unwrap();
    let stderr = run(&place, "src/out/x.rs\n", &[]).bad();
    assert!(
        stderr.contains("src/out/x.rs: lies outside of what is packed"),
        "{stderr}"
    );
    let ran = run(&place, "src/link.rs\nsrc/a.rs\n", &[]);
    assert!(ran.stderr.contains("passed over: 1 of 2"), "{}", ran.stderr);
    assert!(!ran.good().contains("link.rs"));
}
