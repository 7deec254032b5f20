//! What a terminal sees, on a pseudo-terminal of 80 columns and 24 rows.

use crate::common::Place;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::Command;

/// Which streams are the terminal; the others are as [`Place::command`] leaves them.
#[derive(Clone, Copy, PartialEq)]
enum On {
    Stdout,
    Stderr,
    Both,
}

/// What the terminal got, with `\r\n` as `\n`, and the exit code.
fn run(mut command: Command, on: On) -> (String, Option<i32>) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let size = rustix::termios::Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    rustix::termios::tcsetwinsize(&master, size).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = OpenOptions::new()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    if on != On::Stderr {
        command.stdout(slave.try_clone().unwrap());
    }
    if on != On::Stdout {
        command.stderr(slave.try_clone().unwrap());
    }
    drop(slave);
    let mut child = command.spawn().unwrap();
    drop(command); // it holds the last copies of the terminal's other end
    let mut text = Vec::new();
    // At its end a pseudo-terminal gives an error on some systems, and nothing on others.
    let _ = File::from(master).read_to_end(&mut text);
    let code = child.wait().unwrap().code();
    (String::from_utf8(text).unwrap().replace("\r\n", "\n"), code)
}

#[test]
fn a_terminal_sees_a_summary_and_not_the_bundle() {
    let place = Place::new();
    let bundle = place.run(&[]).good();
    let (text, code) = run(place.command(&["-b", "32k"]), On::Stdout);
    assert_eq!(code, Some(0));
    assert!(!text.contains(&bundle), "{text}");
    for words in [
        "32,000 tokens",
        "ctxpack -b 32k -o context.xml",
        "ctxpack -b 32k -o -",
        "claude -p",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    assert!(text.contains("\u{1b}["), "no colour:\n{text}");
    assert!(text.lines().count() < 24, "{text}");
}

#[test]
fn a_dash_gives_the_bundle_to_a_terminal_too() {
    let place = Place::new();
    let bundle = place.run(&[]).good();
    assert_eq!(
        run(place.command(&["-o", "-", "--quiet"]), On::Both),
        (bundle, Some(0))
    );
}

#[test]
fn colour_can_be_declined() {
    let place = Place::new();
    let plain = |command: Command| {
        let (text, _) = run(command, On::Both);
        assert!(!text.contains('\u{1b}'), "{text}");
    };
    plain(place.command(&["--color", "never", "-q", "--stats"]));
    plain(place.command(&["sources", "--color=never"]));
    plain(place.command(&["--help", "--color", "never"]));
    assert!(
        place
            .run(&["-h", "--color=always"])
            .good()
            .contains('\u{1b}')
    );
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        for args in [
            &["-q", "--stats"][..],
            &["sources"],
            &["-q", "-b", "no"],
            &["-h"],
        ] {
            let mut command = place.command(args);
            command.env(name, value);
            plain(command);
        }
    }
    let mut command = place.command(&[]);
    command.env("NO_COLOR", "1");
    command.arg("--color=always");
    assert!(run(command, On::Stdout).0.contains('\u{1b}'));
}

#[test]
fn a_pipe_gets_the_bundle_and_the_terminal_one_line() {
    let place = Place::new();
    let (text, code) = run(
        place.command(&["-o", "out.xml", "--color=never"]),
        On::Stderr,
    );
    assert_eq!(code, Some(0));
    let last = wiped(&text);
    assert!(
        last.starts_with("ctxpack: ") && last.contains(" to out.xml in "),
        "{text}"
    );
    assert_eq!(
        run(place.command(&["-o", "out.xml", "-q"]), On::Stderr),
        (String::new(), Some(0))
    );
}

#[test]
fn a_summary_is_no_longer_with_the_manifest() {
    let place = Place::new();
    let (text, code) = run(place.command(&["--manifest", "m.json"]), On::Stdout);
    assert_eq!(code, Some(0));
    assert!(text.contains("To get the bundle itself"), "{text}");
    assert!(place.read("m.json").starts_with('{'));
}

#[test]
fn no_progress_stays() {
    let place = Place::new();
    let text = run(place.command(&[]), On::Stderr).0;
    assert!(!wiped(&text).contains('⣾'), "{text}");
}

/// What is left of the last line when the progress line is wiped; a slow machine may have shown it.
fn wiped(text: &str) -> &str {
    let last = text.lines().last().unwrap_or_default();
    last.rsplit("\u{1b}[2K").next().unwrap_or_default()
}
