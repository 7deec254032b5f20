//! `--sticky`: the next bundle begins as the one before did.

use crate::common::Place;
use std::fmt::Write;

/// A repository of two subjects, each in six files.
fn place() -> Place {
    let place = Place::new();
    for subject in ["harbour", "orchard"] {
        for file_idx in 0..6 {
            let mut text = String::new();
            for function_idx in 0..12 {
                let _ = write!(
                    text,
                    "/// Counts the {subject} of day {function_idx} and week {file_idx}.\npub fn {subject}_{file_idx}_{function_idx}(days: &[u64]) -> u64 {{\n    \
                     days.iter().skip({function_idx}).sum::<u64>() + {file_idx}\n}}\n\n"
                );
            }
            place.write(&format!("src/{subject}_{file_idx}.rs"), &text);
        }
    }
    place
}

/// The bundle for a task within 3,000 tokens, and what `--stats` says of the one before.
fn pack(place: &Place, task: &str, more: &[&str]) -> (String, Option<String>) {
    let args = ["-b", "3000", "--stats", "-t", task];
    let ran = place.run(&[&args[..], more].concat());
    let prefix = ran.stderr.lines().find(|line| line.starts_with("prefix"));
    let prefix = prefix.map(str::to_owned);
    (ran.good(), prefix)
}

const STICKY: [&str; 2] = ["--sticky", "sticky.json"];

fn n_shared(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

#[test]
fn a_bundle_begins_as_the_one_before() {
    let place = place();
    let (first, prefix) = pack(&place, "the harbour of week 2 is counted twice", &STICKY);
    assert!(
        prefix.is_some_and(|it| it.contains(" 0 tokens")),
        "nothing was before"
    );
    let (second, prefix) = pack(&place, "the harbour of week 3 is counted twice", &STICKY);
    let n = n_shared(&first, &second);
    assert!(n > first.len() / 3, "{n} of {} bytes", first.len());
    assert!(prefix.is_some_and(|it| !it.contains(" 0 tokens")));
    assert!(second.contains("harbour_3_"), "and what is new is in");
    // what remembers it is no candidate, and holds no text
    assert!(!second.contains("sticky.json"));
    assert!(!place.read("sticky.json").contains("Counts"));
    // plain ones share next to nothing
    let (plain, _) = pack(&place, "the harbour of week 2 is counted twice", &[]);
    let (other, prefix) = pack(&place, "the harbour of week 3 is counted twice", &[]);
    assert!(n_shared(&plain, &other) < n / 2);
    assert!(prefix.is_some(), "the last of the same roots is remembered");
}

#[test]
fn what_changed_ends_the_shared_beginning() {
    let place = place();
    let task = "the harbour of week 2 is counted twice";
    let (first, _) = pack(&place, task, &STICKY);
    let (again, _) = pack(&place, task, &STICKY);
    assert_eq!(first, again, "nothing changed");
    let path = first.split("<document path=\"").nth(2).unwrap();
    let path = path.split('"').next().unwrap();
    let text = place.read(path).replace("pub fn", "pub(crate) fn");
    place.write(path, &text);
    let (changed, _) = pack(&place, task, &STICKY);
    let n = n_shared(&first, &changed);
    assert!(first[..n].contains("<document path=\"") && n < first.len() / 2);
    assert!(
        changed.contains("pub(crate) fn"),
        "no text of before is shown"
    );
}

#[test]
fn only_what_ctxpack_wrote_is_read() {
    let place = place();
    for (text, expected) in [
        ("{}", "not what ctxpack writes there"),
        ("\u{0}", "not what ctxpack writes there"),
        (
            "{\"schema\":2,\"format\":\"xml\",\"tokenizer\":\"x\",\"items\":[]}",
            "not what ctxpack writes there",
        ),
    ] {
        place.write("sticky.json", text);
        let said = place.run(&["-b", "3000", STICKY[0], STICKY[1]]).bad();
        assert!(
            said.contains(expected) && said.contains("sticky.json"),
            "{said}"
        );
        assert_eq!(place.read("sticky.json"), text, "it is somebody else's");
    }
    // lines that no file has
    let item = |lines: &str| {
        format!(
            "{{\"schema\":1,\"format\":\"xml\",\"tokenizer\":\"o200k_base\",\"items\":[{{\"id\":\"file:src/harbour_2.rs\",\
             \"rendering\":\"excerpt\",\"lines\":{lines},\"tokens\":9,\"digest\":\"00\"}}]}}"
        )
    };
    for lines in [
        "[[0,0]]",
        "[[4294967295,4294967295]]",
        "[[9,2]]",
        "[[1,5],[3,9]]",
    ] {
        place.write("sticky.json", &item(lines));
        place.run(&["-b", "3000", STICKY[0], STICKY[1]]).good();
    }
    place.run(&["-b", "3000", "--sticky", "-"]).bad();
}
