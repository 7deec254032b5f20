//! `ctxpack cache`: told, checked and emptied by hand.

use crate::cache::{files, kept, place};
use crate::common::Place;
use serde_json::Value;

/// A place of which something is kept: two transcripts, and whose they are.
fn warm() -> Place {
    let place = place();
    place.run(&["sessions"]).good();
    assert_eq!(kept(&place).len(), 3);
    place
}

fn json(place: &Place, args: &[&str]) -> Value {
    serde_json::from_str(&place.run(&[&["cache"], args].concat()).stdout).unwrap()
}

#[test]
fn what_is_kept_is_told() {
    let place = warm();
    let text = place.run(&["cache"]).good();
    assert_eq!(place.run(&["cache", "info"]).good(), text);
    let row = |name: &str| {
        let mut rows = text.lines();
        let row = rows.find(|row| row.starts_with(name)).unwrap_or_default();
        row.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        [row("sessions"), row("heads"), row("hunks"), row("total")],
        ["sessions 2", "heads 1", "hunks 0", "total 3"]
    );
    let folder = place.home().join(".cache/ctxpack").display().to_string();
    assert!(text.starts_with(&format!("{folder}\n")), "{text}");
    let whole = json(&place, &["--json"]);
    assert_eq!(
        (&whole["schema"], &whole["used"]),
        (&1.into(), &true.into())
    );
    assert_eq!(whole["folder"], folder.as_str());
    let row = &whole["buckets"][0];
    assert_eq!(
        (&row["name"], &row["files"]),
        (&"sessions".into(), &2.into())
    );
    assert!(row["oldest"].as_str().unwrap() <= row["newest"].as_str().unwrap());
    let on_disk: u64 = kept(&place)
        .iter()
        .map(|it| it.metadata().unwrap().len())
        .sum();
    assert_eq!(whole["total"]["size_bytes"], on_disk);
}

#[test]
fn who_turned_it_off_is_told() {
    let place = warm();
    let by = |variables: &[(&str, &str)], expected: &str| {
        let mut command = place.command(&["cache"]);
        command.envs(variables.iter().copied());
        let text = crate::common::Ran::new(command.output().unwrap()).good();
        let told = text
            .lines()
            .find(|line| line.starts_with("The cache is off: "));
        assert_eq!(told.unwrap_or_default(), expected, "{text}");
        assert!(text.contains("total"), "what is left is told: {text}");
    };
    by(&[], "");
    by(
        &[("CTXPACK_NO_CACHE", "1")],
        "The cache is off: CTXPACK_NO_CACHE=1.",
    );
    by(
        &[("CTXPACK_NO_HOME", "1")],
        "The cache is off: CTXPACK_NO_HOME=1.",
    );
    place.write_home(".config/ctxpack/config.toml", "cache = false\n");
    let file = place.home().join(".config/ctxpack/config.toml");
    let off = format!("The cache is off: cache = false in {}.", file.display());
    by(&[], &off);
    by(&[("CTXPACK_NO_CACHE", "0")], "");
    let whole = json(&place, &["--json"]);
    assert_eq!(whole["used"], false);
    // and emptied all the same
    place.run(&["cache", "clear"]).good();
    let left = files(&place.home().join(".cache/ctxpack"));
    assert_eq!(left, [] as [std::path::PathBuf; 0]);
}

#[test]
fn what_is_asked_goes_and_nothing_else() {
    let place = warm();
    let check = |args: &[&str], said: &str, n_left: usize| {
        let text = place.run(&[&["cache", "clear"], args].concat()).good();
        assert!(text.starts_with(said), "{args:?}: {text}");
        assert_eq!(kept(&place).len(), n_left, "{args:?}");
    };
    place.write_home(".cache/ctxpack/mine.txt", "mine");
    place.write_home(".cache/other/sessions-v1/ab/0123456789abcdef", "theirs");
    check(&["--dry-run"], "3 records would go, ", 4);
    check(&["outlines"], "There is nothing to delete.", 4);
    check(&["--older-than", "1d"], "There is nothing to delete.", 4);
    check(&["-q", "heads"], "", 3);
    check(&["sessions", "heads"], "Deleted 2 records: ", 1);
    check(
        &[],
        "There is nothing to delete. 1 entry there is not ctxpack's, and let be.",
        1,
    );
    assert_eq!(files(&place.home().join(".cache/other")).len(), 1);
    for (args, message) in [
        (
            ["clear", "session"],
            "session: no such bucket\nhint: did you mean ctxpack cache clear sessions?",
        ),
        (
            ["clear", "--older-than=5"],
            "--older-than 5: not an age\nhint: --older-than 30d",
        ),
    ] {
        let stderr = place.run(&[&["cache"], &args[..]].concat()).bad();
        assert!(stderr.starts_with(&format!("error: {message}")), "{stderr}");
    }
}

#[test]
fn a_folder_in_the_way_is_an_error() {
    let place = Place::new();
    assert!(
        place
            .run(&["cache", "verify"])
            .good()
            .starts_with("Nothing is kept")
    );
    place.write_home(".cache/ctxpack", "in the way");
    for what in ["info", "clear", "verify"] {
        let stderr = place.run(&["cache", what]).bad();
        assert!(stderr.contains(".cache/ctxpack: "), "{stderr}");
    }
}

#[test]
fn what_is_broken_is_told_with_exit_1() {
    let place = warm();
    let verify = |args: &[&str]| {
        let ran = place.run(&[&["cache", "verify"], args].concat());
        (
            ran.code,
            ran.stdout.lines().last().unwrap_or_default().to_owned(),
        )
    };
    let whole = verify(&[]);
    assert!(
        whole.0 == Some(0) && whole.1.ends_with(": all are whole."),
        "{whole:?}"
    );
    let broken = kept(&place).remove(0);
    let mut bytes = std::fs::read(&broken).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&broken, bytes).unwrap();
    let faults = json(&place, &["verify", "--json"]);
    assert_eq!(faults["faults"][0]["path"], broken.to_str().unwrap());
    assert_eq!(faults["faults"][0]["removed"], false);
    assert_eq!(verify(&[]).0, Some(1));
    let repaired = verify(&["--repair"]);
    assert!(
        repaired.0 == Some(1) && repaired.1.contains("deleted"),
        "{repaired:?}"
    );
    assert!(!broken.exists());
    assert_eq!((verify(&[]).0, kept(&place).len()), (Some(0), 2));
}

/// Whoever empties the cache while others fill it changes nothing for them.
#[test]
fn it_may_be_emptied_at_any_time() {
    let place = place();
    let args = ["-t", "what did we decide?", "-b", "2k"];
    let without = place.run(&[&args[..], &["--no-cache"]].concat()).good();
    std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            for _ in 0..8 {
                assert_eq!(place.run(&args).good(), without);
            }
        });
        while !others.is_finished() {
            place.run(&["cache", "clear"]).good();
            let verified = place.run(&["cache", "verify", "--repair"]);
            assert_eq!(verified.code, Some(0), "{}", verified.stdout);
        }
        others.join().unwrap();
    });
}

/// A cache that is a link is emptied where it leads to, and both are told.
#[cfg(unix)]
#[test]
fn a_cache_that_is_a_link_is_told() {
    let place = warm();
    let (folder, moved) = (
        place.home().join(".cache/ctxpack"),
        place.home().join("moved"),
    );
    std::fs::rename(&folder, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &folder).unwrap();
    let text = place.run(&["cache"]).good();
    let first = format!(
        "{}, which is a link to {}\n",
        folder.display(),
        moved.display()
    );
    assert!(text.starts_with(&first), "{text}");
    let text = place.run(&["cache", "clear"]).good();
    let last = format!(
        "\nThe cache is a link, to {}: the link stays.\n",
        moved.display()
    );
    assert!(
        text.starts_with("Deleted 3 records") && text.ends_with(&last),
        "{text}"
    );
    assert!(folder.is_symlink() && std::fs::read_dir(&moved).unwrap().next().is_none());
}
