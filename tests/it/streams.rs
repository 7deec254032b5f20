//! stdout holds the bundle and nothing else; stdin is read when asked for; nothing is lost in silence.

use crate::common::{Place, Ran};
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn the_bundle_is_the_same_wherever_it_goes() {
    let place = Place::new();
    let bundle = place.run(&[]).good();
    assert!(bundle.ends_with('\n'));
    assert_eq!(place.run(&["-o", "-"]).good(), bundle);
    assert_eq!(place.run(&["-o", "out.xml"]).good(), "");
    assert_eq!(place.read("out.xml"), bundle);
    for args in [&["--stats"][..], &["--timings"], &["--explain"]] {
        let ran = place.run(args);
        assert!(ran.stderr.lines().count() > 3, "{args:?}: {}", ran.stderr);
        assert_eq!(ran.good(), bundle, "{args:?}");
    }
}

#[test]
fn stats_name_what_is_packed() {
    let stderr = Place::new().run(&["--stats", "--quiet"]).stderr;
    for word in [
        "files", "notes", "sessions", "total", "budget", "value", "time",
    ] {
        assert!(stderr.contains(word), "{word}:\n{stderr}");
    }
}

#[test]
fn the_manifest_goes_to_a_file() {
    let place = Place::new();
    place.run(&["--manifest", "m.json"]).good();
    let manifest: serde_json::Value = serde_json::from_str(&place.read("m.json")).unwrap();
    assert_eq!(manifest["schema"], 1);
}

#[test]
fn an_explanation_takes_the_place_of_the_bundle() {
    let place = Place::new();
    let all = place.run(&["--explain", "--quiet"]).stderr;
    let first = all
        .lines()
        .next()
        .unwrap()
        .split("  ")
        .next()
        .unwrap()
        .to_owned();
    let one = place.run(&["--explain", &first]).good();
    assert!(
        one.starts_with(&first) && one.contains("├─") && !one.contains('<'),
        "{one}"
    );
    let stderr = place.run(&["--quiet", "--explain", "no/such.rs"]).bad();
    assert!(
        stderr.starts_with("error: no/such.rs: no such candidate\nhint: "),
        "{stderr}"
    );
}

#[test]
fn sources_are_text_or_json() {
    let place = Place::new();
    let text = place.run(&["sources"]).good();
    assert!(text.contains("files") && text.contains("total"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&place.run(&["sources", "--json"]).good()).unwrap();
    assert_eq!(json["schema"], 1);
    let rows = json["sources"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["where"].is_string()
        && row["items"].is_u64()
        && row["tokens_estimate"].is_u64()));
    let kinds = |args: &[&str]| {
        let json: serde_json::Value = serde_json::from_str(&place.run(args).good()).unwrap();
        let rows = json["sources"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| row["kind"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(
        kinds(&["sources", "--json", "--only", "files"])
            .iter()
            .all(|kind| kind == "file")
    );
    assert!(!kinds(&["sources", "--json", "--no-home"]).contains(&"session".to_owned()));
}

#[test]
fn no_colour_without_a_terminal() {
    let place = Place::new();
    for args in [
        &["--stats", "--explain"][..],
        &["sources"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["-b", "no"],
    ] {
        let ran = place.run(args);
        assert!(!(ran.stdout + &ran.stderr).contains('\u{1b}'), "{args:?}");
    }
    let ran = place.run(&["--color", "always", "-b", "no"]);
    assert!(
        ran.stderr.starts_with("\u{1b}[1;31merror:\u{1b}[0m"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_reader_who_leaves_is_no_failure() {
    let place = Place::new();
    for args in [
        &["-o", "-"][..],
        &["sources"],
        &["--help"],
        &["--version"],
        &["--explain", "."],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = place.command(args);
        let output = command.stdout(writer).arg("--quiet");
        // Help knows no --quiet behind it, and needs none.
        let output = if args[0].starts_with("--h") || args[0].starts_with("--v") {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            place.command(args).stdout(writer).output().unwrap()
        } else {
            output.output().unwrap()
        };
        assert_eq!(
            (output.status.code(), output.stderr.as_slice()),
            (Some(0), &b""[..]),
            "{args:?}"
        );
    }
}

#[test]
fn nobody_on_stderr_is_no_failure() {
    let place = Place::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = place.command(&["--stats"]).stderr(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = place
        .command(&["-b", "no"])
        .stderr(writer)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let place = Place::new();
    for args in [&["-o", "-"][..], &["sources"], &["--help"]] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let ran = Ran::new(place.command(args).stdout(full).output().unwrap());
        assert_eq!(ran.code, Some(2), "{args:?}");
        assert!(
            ran.stderr
                .contains("error: cannot write stdout: No space left on device"),
            "{}",
            ran.stderr
        );
    }
    for flag in ["-o", "--manifest"] {
        let ran = place.run(&["--quiet", flag, "/dev/full"]);
        assert_eq!(ran.code, Some(2), "{flag}");
        assert!(
            ran.stderr
                .starts_with("error: cannot write /dev/full: No space left on device"),
            "{}",
            ran.stderr
        );
    }
    // where no file can be made at all, it is the file that is named, and no temporary one beside it
    let stderr = place.run(&["--quiet", "-o", "/proc/none.xml"]).bad();
    assert!(
        stderr.starts_with("error: cannot write /proc/none.xml: ") && !stderr.contains(".tmp"),
        "{stderr}"
    );
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_is_a_failure() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let folder = place.repo().join("locked");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o500)).unwrap();
    // The superuser may write anywhere; then there is nothing to see here.
    if std::fs::write(folder.join("probe"), "").is_err() {
        let stderr = place.run(&["--quiet", "-o", "locked/out"]).bad();
        assert!(stderr.contains("locked/out: Permission denied"), "{stderr}");
    }
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[cfg(unix)]
#[test]
fn new_files_follow_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.run(&["-o", "out.xml"]).good();
    std::fs::write(place.repo().join("other"), "").unwrap();
    let mode = |name: &str| {
        place
            .repo()
            .join(name)
            .metadata()
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!(mode("out.xml"), mode("other"));
}

#[test]
fn stdin_is_not_read_unless_asked() {
    let place = Place::new();
    for args in [
        &[][..],
        &["-t", "x"],
        &["sources"],
        &["--task-file", "src/main.rs"],
    ] {
        // The write end stays open: a tool that read stdin would never end.
        let mut child = place.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let open = child.stdin.take().unwrap();
        let start = Instant::now();
        let code = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{args:?} hangs");
            std::thread::sleep(Duration::from_millis(10));
        };
        drop(open);
        assert_eq!(code, Some(0), "{args:?}");
    }
}

#[test]
fn stdin_is_the_task_where_a_dash_says_so() {
    let place = Place::new();
    let with = |stdin: &[u8], args: &[&str]| {
        let mut child = place.command(args).stdin(Stdio::piped()).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(stdin);
        Ran::new(child.wait_with_output().unwrap())
    };
    with(b"error[E0382]\xff\n", &["-t", "mend this", "-t", "-"]).good();
    let ran = with(b"", &["-t", "-"]);
    assert!(
        ran.stderr.contains("warning: stdin was empty\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.code, Some(0));
    let ran = with(&vec![b'y'; 5 << 20], &["-t", "-"]);
    assert!(
        ran.stderr
            .contains("warning: stdin: only the first 4 MiB of the task are read\n")
    );
    assert_eq!(ran.code, Some(0));
    let stderr = with(b"x", &["-t", "-", "-t", "-"]).bad();
    assert!(
        stderr.starts_with("error: --task - twice: stdin can be read once\n"),
        "{stderr}"
    );
}

#[test]
fn warnings_are_few_and_quiet_means_none() {
    let place = Place::new();
    let stderr = place.run(&[]).stderr;
    assert!(stderr.lines().count() <= 11, "{stderr}");
    assert!(
        stderr.lines().all(|line| line.starts_with("warning: ")),
        "{stderr}"
    );
    assert_eq!(place.run(&["--quiet"]).stderr, "");
}
