//! What is kept between runs: it makes no difference to the bytes, whatever becomes of it, and holds no secret.

use crate::common::Place;
use crate::memory_commands::{commit, git, secret, write_session};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A place with sessions that were held some time ago.
pub fn place() -> Place {
    let place = Place::new();
    for (day, said) in [
        (18, "We chose pnpm over npm because it is stricter."),
        (19, "The lock is taken in src/main.rs, never in a test."),
    ] {
        let id = format!("7b1f00{day}-0000-4c1d-9a57-0f6f2d1c0a01");
        let said = format!("{said} The token is {}.", secret());
        let said = [("user", "what did we decide?"), ("assistant", &said)];
        write_session(&place, &id, day, "main", &said);
    }
    age(&place.home().join(".claude"));
    place
}

/// Has files look as if they had last been written an hour ago: what was written just now is read in any case.
fn age(folder: &Path) {
    for path in files(folder) {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        let then = SystemTime::now() - Duration::from_secs(3_600);
        file.set_modified(then).unwrap();
    }
}

fn pack(place: &Place, more: &[&str]) -> String {
    let args = ["-t", "what did we decide about pnpm?", "-b", "2k"];
    place.run(&[&args[..], more].concat()).good()
}

pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What the cache holds, but for the file that tells when a sweep is due.
pub fn kept(place: &Place) -> Vec<PathBuf> {
    let mut all = files(&place.home().join(".cache/ctxpack"));
    all.retain(|path| !path.ends_with("unswept"));
    all
}

#[test]
fn cold_warm_and_without_are_the_same() {
    let place = place();
    let without = pack(&place, &["--no-cache"]);
    assert!(without.contains("We chose pnpm"), "{without}");
    assert_eq!(kept(&place), [] as [PathBuf; 0]);
    assert_eq!(pack(&place, &[]), without, "cold");
    let n_kept = |bucket: &str| {
        let all = kept(&place).into_iter();
        all.filter(|path| path.to_string_lossy().contains(bucket))
            .count()
    };
    let n = ["sessions-", "heads-", "index-", "catalogs-"].map(n_kept);
    assert_eq!(
        n,
        [2, 1, 1, 1],
        "two transcripts, and whose they are; one tree"
    );
    assert_eq!(pack(&place, &[]), without, "warm");
}

#[test]
fn what_was_parsed_is_known_by_its_text() {
    let place = place();
    let code = |name: &str| {
        let body = "    let total = prices.iter().sum::<u64>();\n".repeat(20);
        format!("/// Adds up.\npub fn {name}(prices: &[u64]) -> u64 {{\n{body}    total\n}}\n")
    };
    place.write("src/prices.rs", &code("what_did_we_decide"));
    let outlines = || {
        let all = kept(&place).into_iter();
        all.filter(|path| path.to_string_lossy().contains("outlines-"))
            .count()
    };
    let without = pack(&place, &["--no-cache"]);
    assert!(without.contains("pub fn what_did_we_decide"), "{without}");
    assert_eq!(outlines(), 0);
    assert_eq!(pack(&place, &[]), without, "cold");
    assert_eq!(outlines(), 2, "however short it is");
    assert_eq!(pack(&place, &[]), without, "warm");
    // another text, and the same one under another name
    place.write("src/more.rs", &code("what_did_we_decide"));
    place.write("src/prices.rs", &code("why_pnpm"));
    let without = pack(&place, &["--no-cache"]);
    assert_eq!(pack(&place, &[]), without);
    assert_eq!(outlines(), 3);
    for path in kept(&place) {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    }
    assert_eq!(pack(&place, &[]), without, "torn");
}

#[test]
fn a_commit_may_be_older_than_those_behind_it() {
    let place = Place::new();
    for n in 1..9 {
        place.write(&format!("src/part{n}.rs"), &format!("fn part{n}() {{}}\n"));
        commit(&place, n + 9, &format!("change number{n}"));
    }
    let pack = |more: &[&str]| place.run(&[&["-b", "2k"], more].concat()).good();
    pack(&[]);
    place.write("src/more.rs", "fn more() {}\n");
    commit(&place, 1, "a skewed clock");
    for _ in 0..2 {
        assert_eq!(pack(&[]), pack(&["--no-cache"]));
    }
}

/// In the order of the files, whichever of them were known.
#[test]
fn secrets_are_told_in_one_order() {
    let place = place();
    place.write("a.ini", &format!("token = \"{}\"\n", secret()));
    place.write("b.ini", &format!("token = \"{}\"\n", secret()));
    let told = |more: &[&str]| {
        let ran = place.run(&[&["-t", "x", "--secrets", "fail"], more].concat());
        assert_eq!((ran.code, &*ran.stdout), (Some(1), ""));
        ran.stderr
    };
    age(&place.repo());
    let without = told(&["--no-cache"]);
    assert!(
        without.contains("a.ini") && without.contains("b.ini"),
        "{without}"
    );
    assert_eq!(told(&[]), without);
    place.write("a.ini", &format!("# it\ntoken = \"{}\"\n", secret()));
    let without = told(&["--no-cache"]);
    for _ in 0..2 {
        assert_eq!(told(&[]), without);
    }
}

#[cfg(unix)]
#[test]
fn what_a_commit_touches_is_known_by_its_id() {
    let place = place();
    for (n, word) in ["pnpm", "yarn", "bun"].into_iter().enumerate() {
        place.write(
            "src/tool.rs",
            &format!("fn tool() -> &'static str {{\n    \"{word}\"\n}}\n"),
        );
        place.write(&format!("src/{word}.rs"), "fn f() {}\n");
        commit(
            &place,
            n as u32 + 1,
            &format!("decide for {word}, whatever the bird says"),
        );
    }
    let same = |when: &str| {
        let without = pack(&place, &["--no-cache", "--explain"]);
        assert!(without.contains("fn tool"), "{without}");
        assert_eq!(pack(&place, &["--explain"]), without, "{when}, cold");
        assert_eq!(pack(&place, &["--explain"]), without, "{when}, warm");
    };
    same("some commits");
    let has = |name: &str| {
        kept(&place)
            .iter()
            .any(|path| path.to_string_lossy().contains(name))
    };
    assert!(has("hunks-") && has("commits-"), "{:?}", kept(&place));
    let record = || {
        let mut all = kept(&place).into_iter();
        all.find(|path| path.to_string_lossy().contains("commits-"))
            .unwrap()
    };
    let before = std::fs::read(record()).unwrap();
    assert!(
        !before.windows(4).any(|at| at == b"bird"),
        "no message is kept"
    );
    // one commit more, on a name that is a secret: it is looked at anew each time
    place.write(&format!("src/{}.rs", secret()), "fn g() {}\n");
    commit(&place, 5, "one more");
    same("a secret");
    assert_eq!(std::fs::read(record()).unwrap(), before);
    place.write("src/more.rs", "fn h() {}\n");
    commit(&place, 6, "and more");
    same("one more");
    let after = std::fs::read(record()).unwrap();
    assert!(
        after.len() > before.len() && !after.windows(8).any(|at| at == &secret().as_bytes()[..8])
    );
    std::fs::write(record(), b"ctxpack\x01 nothing").unwrap();
    same("a broken record");
    // an id that stands for another commit from now on
    git(&place, 7, &["replace", "HEAD~1", "HEAD~3"]);
    same("a replacement");
}

/// Other words in as many bytes, with the time of before: the system still says that something changed.
#[cfg(unix)]
fn rewrite(path: &Path, from: &str, to: &str) {
    let moment = path.metadata().unwrap().modified().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, text.replace(from, to)).unwrap();
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(moment).unwrap();
}

#[cfg(unix)]
#[test]
fn what_is_written_over_with_its_old_time_is_read_again() {
    let place = place();
    place.write("src/rates.rs", "fn decide() { yearly() }\n");
    age(&place.repo());
    pack(&place, &[]);
    for path in files(&place.home().join(".claude")) {
        rewrite(&path, "pnpm", "yarn");
    }
    rewrite(&place.repo().join("src/rates.rs"), "yearly", "weekly");
    let warm = pack(&place, &[]);
    assert!(
        warm.contains("We chose yarn") && warm.contains("weekly"),
        "{warm}"
    );
    assert_eq!(warm, pack(&place, &["--no-cache"]));
}

/// Files that change, go, come back and are renamed, each time packed with what was kept before.
#[test]
fn a_tree_that_changes_is_packed_as_it_is() {
    let place = place();
    let same = |why: &str| {
        let without = pack(&place, &["--no-cache", "--explain"]);
        for _ in 0..2 {
            assert_eq!(pack(&place, &["--explain"]), without, "{why}");
        }
    };
    let code = |name: &str| {
        format!(
            "use std::{name};\n\n/// What we decide.\nfn {name}() {{\n    log(\"did we decide\");\n}}\n"
        )
    };
    for n in 0..150 {
        place.write(&format!("src/part{n}.rs"), &code(&format!("part{n}")));
    }
    place.write("picture.png", "\0\0\0");
    place.write("key.rs", &format!("let key = \"{}\";\n", secret()));
    same("new");
    age(&place.repo());
    same("settled");
    for n in 0..12 {
        place.write(&format!("src/part{n}.rs"), &code("decide"));
        same("a file of another length");
    }
    age(&place.repo().join("src"));
    place.write("src/part3.rs", &code("part3"));
    same("a file as it was before");
    std::fs::rename(
        place.repo().join("src/part7.rs"),
        place.repo().join("src/part7.py"),
    )
    .unwrap();
    std::fs::remove_file(place.repo().join("src/part8.rs")).unwrap();
    same("another name, and one that is gone");
    place.write("picture.png", "no picture: what we decide\n");
    place.write("src/part9.rs", "\0\0");
    same("a text that was none, and one that is none any more");
    let index = || {
        let all = kept(&place).into_iter();
        all.filter(|path| path.to_string_lossy().contains("index-"))
    };
    for path in index() {
        let bytes = std::fs::read(&path).unwrap();
        for word in [&b"decide"[..], b"part1", &secret().as_bytes()[..8]] {
            assert!(!bytes.windows(word.len()).any(|at| at == word));
        }
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    }
    same("half of all shards");
    std::fs::remove_file(index().next().unwrap()).unwrap();
    same("a shard that is gone");
    pack(&place, &["-i", "src/part1*.rs"]);
    same("after a part of it");
}

#[test]
fn whatever_becomes_of_it_makes_no_difference() {
    let place = place();
    let without = pack(&place, &["--no-cache"]);
    pack(&place, &[]);
    let spoil: [fn(&Path, &[u8]); 5] = [
        |path, bytes| std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap(),
        |path, bytes| std::fs::write(path, vec![0; bytes.len()]).unwrap(),
        |path, bytes| {
            let mut bytes = bytes.to_vec();
            bytes.iter_mut().for_each(|byte| *byte ^= 1);
            std::fs::write(path, bytes).unwrap();
        },
        |path, _| std::fs::write(path, "").unwrap(),
        |path, _| {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir(path).unwrap();
        },
    ];
    for spoil in spoil {
        for path in kept(&place) {
            let bytes = std::fs::read(&path).unwrap();
            spoil(&path, &bytes);
        }
        assert_eq!(pack(&place, &[]), without);
    }
    std::fs::remove_dir_all(place.home().join(".cache")).unwrap();
    std::fs::write(place.home().join(".cache"), "in the way").unwrap();
    assert_eq!(pack(&place, &[]), without);
}

#[test]
fn no_secret_is_kept() {
    let place = place();
    pack(&place, &[]);
    let secret = secret();
    for path in kept(&place) {
        let bytes = std::fs::read(&path).unwrap();
        let holds = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!holds, "{}", path.display());
    }
}
