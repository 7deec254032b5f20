//! SIGINT and SIGTERM: 130 and 143, and nothing left behind.

use crate::common::Place;
use rustix::process::{Pid, Signal, kill_process};
use std::process::{Child, Stdio};
use std::time::Duration;

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// A run that waits for stdin for ever is one that a signal surely finds running.
#[track_caller]
fn check(signal: Signal, code: i32) {
    let place = Place::new();
    let mut child = place
        .command(&["-o", "out.xml", "-t", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        child.try_wait().unwrap(),
        None,
        "it does not wait for stdin"
    );
    send(&child, signal);
    let open = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(open);
    assert_eq!(output.status.code(), Some(code));
    assert_eq!(
        (output.stdout.as_slice(), output.stderr.as_slice()),
        (&b""[..], &b""[..])
    );
    assert!(!place.repo().join("out.xml").exists());
}

#[test]
fn sigint_is_130() {
    check(Signal::INT, 130);
}

#[test]
fn sigterm_is_143() {
    check(Signal::TERM, 143);
}

#[test]
fn at_any_moment_the_output_is_whole_or_absent() {
    let place = Place::new();
    let bundle = place.run(&[]).good();
    for i in 0..40 {
        let mut child = place.command(&["-o", "out.xml"]).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(200 * i));
        let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        let status = child.wait().unwrap();
        // Before the handler stands the signal itself ends the process; that is as good.
        let ended = status.code();
        assert!(matches!(ended, Some(0 | 143) | None), "{status:?}");
        let names: Vec<_> = std::fs::read_dir(place.repo())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with(".ctxpack-"))
            .collect();
        assert_eq!(names, [""; 0]);
        if let Ok(text) = std::fs::read_to_string(place.repo().join("out.xml")) {
            assert_eq!(text, bundle);
            std::fs::remove_file(place.repo().join("out.xml")).unwrap();
        }
    }
}
