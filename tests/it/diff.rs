//! `ctxpack diff` through the binary: each kind of side, each format, and what is answered to anything else.

use crate::check::{commit, committed, git};
use crate::common::Place;

const LOCK: &str = "pub fn hold() {\n    // hold the lock\n}\n";

/// Two commits, each of which changes what is packed.
fn place() -> Place {
    let place = committed(&[
        ("src/lock.rs", LOCK),
        ("src/old.rs", "pub fn old() {}\n"),
        ("src/main.rs", "fn main() {}\n"),
        ("NOTES.md", "- a first thing\n"),
        (
            "ctxpack.toml",
            "[bundle.code]\ninclude = [\"src/**\"]\nbudget = \"2k\"\n",
        ),
    ]);
    place.run(&["bundle", "--write"]).good();
    commit(&place);
    place.write(
        "src/lock.rs",
        &LOCK.replace("lock\n", "lock for as long as it takes\n"),
    );
    place.write("src/new.rs", "pub fn new() {}\n");
    place.write("NOTES.md", "# Notes\n\n- a first thing\n");
    std::fs::remove_file(place.repo().join("src/old.rs")).unwrap();
    git(&place.repo(), &["add", "--all"]);
    place.run(&["bundle", "--write"]).good();
    commit(&place);
    place
}

/// The lines about items: change, what, path.
#[track_caller]
fn check(place: &Place, args: &[&str], expected: &[&str]) {
    let text = place.run(&[&["diff"], args].concat()).good();
    let is_row = |line: &&str| line.starts_with(' ') && line.contains('.');
    let words = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        format!("{} {}", words[0], words[2..].join(" "))
    };
    let found: Vec<String> = text.lines().filter(is_row).map(words).collect();
    assert_eq!(found, expected, "{args:?}: {text}");
}

#[test]
fn revisions_are_packed_by_contents() {
    let place = place();
    let code = [
        "-17 left, full src/old.rs",
        "+16 added, full src/new.rs",
        "+6 grown, full src/lock.rs",
    ];
    check(&place, &["HEAD~1", "HEAD", "--bundle", "code"], &code);
    check(&place, &["HEAD~1", "--bundle", "code"], &code);
    // the note moved by two lines, and is the same
    let all = place.run(&["diff", "HEAD~1", "HEAD"]).good();
    assert!(!all.contains("NOTES.md"), "{all}");
    let same = place.run(&["diff", "HEAD", "HEAD", "--exit-code"]).good();
    assert!(same.contains("\nnothing changed: "), "{same}");
    assert_eq!(place.run(&["diff", "HEAD~1", "--exit-code"]).code, Some(1));
    // the budget is that which is asked for
    let small = place.run(&[
        "diff",
        "HEAD~1",
        "HEAD",
        "-b",
        "200",
        "-t",
        "hold the lock",
        "-f",
        "json",
    ]);
    let json: serde_json::Value = serde_json::from_str(&small.good()).unwrap();
    assert!(json["after"]["tokens"].as_u64().unwrap() <= 200, "{json}");
    assert_eq!(json["different"], true);
}

#[test]
fn bundles_of_every_format_and_manifests_are_compared() {
    let place = place();
    for format in ["xml", "markdown", "json", "plain"] {
        for (rev, name) in [("HEAD~1", "a"), ("HEAD", "b")] {
            let manifest = format!("../{name}.manifest");
            let bundle = format!("../{name}.{format}");
            let args = [
                "-f",
                format,
                "--rev",
                rev,
                "-i",
                "src/**",
                "-t",
                "x",
                "-o",
                &bundle,
                "--manifest",
                &manifest,
            ];
            place.run(&args).good();
        }
        let bundle = |name: &str| format!("../{name}.{format}");
        let full = if format == "json" { ", full" } else { "" };
        let text = place.run(&["diff", &bundle("a"), &bundle("b")]).good();
        for (what, path) in [("added", "new"), ("left", "old"), ("grown", "lock")] {
            let is_told = |line: &str| {
                line.contains(&format!("  {what}{full} "))
                    && line.ends_with(&format!("src/{path}.rs"))
            };
            assert!(text.lines().any(is_told), "{format}: {what} {path}: {text}");
        }
        assert!(
            text.ends_with("\n1 added, 1 left, 1 grown; 1 as it was\n"),
            "{text}"
        );
        // a bundle and its manifest tell the same, whatever the format
        let text = place
            .run(&["diff", &bundle("b"), "../b.manifest", "--exit-code"])
            .good();
        assert!(
            text.ends_with("nothing changed: 3 as they were\n"),
            "{format}: {text}"
        );
    }
}

#[test]
fn locks_tell_their_bundles_apart() {
    let place = place();
    let code = [
        "-17 left, full src/old.rs (code)",
        "+16 added, full src/new.rs (code)",
        "+6 grown, full src/lock.rs (code)",
    ];
    check(&place, &["HEAD~1:ctxpack.lock", "ctxpack.lock"], &code);
    // a lock and a pack of its bundle
    check(&place, &["ctxpack.lock", "HEAD", "--bundle", "code"], &[]);
    let stderr = place
        .run(&["diff", "ctxpack.lock", "HEAD", "--bundle", "cod"])
        .bad();
    assert!(
        stderr.contains("it knows no bundle `cod`\nhint: --bundle NAME, one of code"),
        "{stderr}"
    );
}

#[test]
fn markdown_is_a_table_that_no_name_escapes() {
    let place = committed(&[("src/a.rs", "fn a() {}\n")]);
    place.write("src/a|b`<img>@x.rs", "fn b() {}\n");
    commit(&place);
    let text = place
        .run(&["diff", "HEAD~1", "HEAD", "-f", "markdown"])
        .good();
    assert!(
        text.starts_with("<!-- ctxpack:diff -->\n### ctxpack diff: "),
        "{text}"
    );
    let row = "added, full | <code>src/a&#124;b&#96;&lt;img&gt;&#64;x.rs</code> |\n";
    assert!(text.contains(row), "{text}");
    for n in 0..70 {
        place.write(&format!("src/many/{n}.rs"), &format!("fn f{n}() {{}}\n"));
    }
    commit(&place);
    let text = place
        .run(&["diff", "HEAD~1", "HEAD", "-f", "markdown"])
        .good();
    assert_eq!(
        text.lines()
            .filter(|line| line.contains("<code>src/many"))
            .count(),
        50,
        "{text}"
    );
    assert!(text.contains("\nand 20 more, +"), "{text}");
}

#[test]
fn what_is_no_side_is_told() {
    let place = place();
    place.write("torn.xml", &place.run(&["-t", "x"]).good()[..400]);
    place.write("new.json", "{\"schema\": 9, \"tokens\": 1}");
    let choices = "A and B may each be a bundle, a manifest, ctxpack.lock, a git revision such as HEAD~1, or REVISION:ctxpack.lock";
    for (args, message, hint) in [
        (
            &["nope", "HEAD"][..],
            "nope: no such file, and git knows no such revision here",
            choices,
        ),
        (&["src", "HEAD"], "src: is a folder", choices),
        (
            &["NOTES.md", "HEAD"],
            "NOTES.md: it is no bundle and no manifest of ctxpack",
            choices,
        ),
        (
            &["HEAD:nope", "HEAD"],
            "HEAD:nope: HEAD has no such file",
            choices,
        ),
        (
            &["nope:a", "HEAD"],
            "nope: git knows no such revision here",
            choices,
        ),
        (
            &["new.json", "HEAD"],
            "new.json: it has schema 9, and this ctxpack reads schema 1",
            "a newer ctxpack reads it",
        ),
        (
            &["-", "-"],
            "A and B are both stdin, which can be read once",
            "put one of them into a file",
        ),
        (
            &["HEAD", "-f", "jsn"],
            "--format jsn: unknown format",
            "one of json, text, markdown",
        ),
    ] {
        let stderr = place.run(&[&["diff"], args].concat()).bad();
        assert_eq!(
            stderr,
            format!("error: {message}\nhint: {hint}\n"),
            "{args:?}"
        );
    }
    let stderr = place.run(&["diff", "torn.xml", "HEAD"]).bad();
    assert!(
        stderr.contains("torn.xml: it begins as a bundle and is torn or edited at line "),
        "{stderr}"
    );
    let stderr = place.run(&["diff", "ctxpack.lock"]).bad();
    assert!(
        stderr.contains("what is ctxpack.lock to be compared with?"),
        "{stderr}"
    );
    let stderr = place
        .run(&["diff", "ctxpack.lock", "ctxpack.lock", "-b", "1k"])
        .bad();
    assert!(
        stderr.contains("--budget says how a revision is packed"),
        "{stderr}"
    );
}
