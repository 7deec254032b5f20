//! Names, links, special files, ignore files, and trees that are large, deep or in motion.

use super::*;

#[test]
#[allow(clippy::print_stderr)] // a test that is skipped says so
fn what_may_not_be_read() {
    let place = Place::new();
    place.write("locked/a.rs", "fn a() {}\n");
    place.write("src/secret.rs", "fn secret() {}\n");
    let mode = |path: &str, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(place.at(path), permissions).unwrap();
    };
    mode("locked", 0o000);
    mode("src/secret.rs", 0o000);
    // The superuser reads everything, unless that right is given up.
    let binary = env!("CARGO_BIN_EXE_ctxpack");
    let caps = "-dac_override,-dac_read_search";
    let (inherited, bound) = (
        format!("--inh-caps={caps}"),
        format!("--bounding-set={caps}"),
    );
    let command = |args: &[&str]| {
        let mut command = match std::fs::read(place.at("src/secret.rs")) {
            Ok(_) => {
                let mut command = Command::new("setpriv");
                command.args([&inherited, &bound, binary]);
                command
            }
            Err(_) => Command::new(binary),
        };
        command.args(args);
        command
    };
    let probe = command(&["--version"]).output();
    if probe.is_ok_and(|output| output.status.success()) {
        let good = place.good_of(command(&[]));
        assert_eq!(good.items(), BOTH);
        good.says(
            "unreadable",
            "locked",
            "the folder cannot be listed: Permission denied",
        );
        good.says("unreadable", "src/secret.rs", "Permission denied");
        good.omits("src/secret.rs", "unreadable");
        let (code, stdout, stderr) = place.end(command(&["locked"]));
        assert_eq!((code, &*stdout), (Some(2), ""), "{stderr}");
        assert!(
            stderr.contains("error: ") && stderr.contains("locked: Permission denied"),
            "{stderr}"
        );
        let (code, _, stderr) = place.end(command(&["--pin", "src/secret.rs"]));
        assert_eq!(code, Some(2));
        assert!(
            stderr.contains("src/secret.rs cannot be shown: unreadable"),
            "{stderr}"
        );
    } else {
        eprintln!("skipped: the superuser may read everything, and there is no setpriv");
    }
    mode("locked", 0o700);
}

#[test]
fn what_is_no_text_or_no_file() {
    let place = Place::repository();
    place.write("binary", [0u8, 1, 2, 3]);
    place.write(
        "noise",
        (0..4000u32)
            .map(|n| ((n * 7919) >> 3) as u8 | 0x80)
            .collect::<Vec<_>>(),
    );
    fifo(&place.at("fifo"));
    let _socket = std::os::unix::net::UnixListener::bind(place.at("socket")).unwrap();
    let mut warnings = vec!["special-file", "special-file"];
    if tool("mknod", &["-m", "666"], &place.at("never")) {
        unreachable!("mknod wants more words");
    }
    let device = Command::new("mknod")
        .arg(place.at("device"))
        .args(["c", "1", "5"])
        .stderr(Stdio::null())
        .status();
    if device.is_ok_and(|status| status.success()) {
        warnings.push("special-file");
    }
    let good = place.check(&[], BOTH, &warnings);
    good.omits("binary", "binary");
    good.omits("noise", "binary");
    good.says("special-file", "fifo", "a FIFO, and not read");
    good.says("special-file", "socket", "a socket, and not read");
    place.check_bad(&["--pin", "fifo"], "--pin fifo: no candidate matches");
    place.check_bad(
        &["--pin", "binary"],
        "--pin binary: binary cannot be shown: binary\nhint: ",
    );
    // Among others it is left, and named.
    let good = place.good(&["--pin", "**"]);
    assert_eq!(good.items(), BOTH);
    good.says(
        "pin-not-shown",
        "binary",
        "it is pinned, and cannot be shown: binary",
    );
}

#[test]
fn links_lead_nowhere() {
    let place = Place::repository();
    place.write("real/r.rs", "fn r() {}\n");
    std::fs::write(place.beside("outside.rs"), "fn outside() {}\n").unwrap();
    symlink("../outside.rs", place.at("out.rs")).unwrap();
    symlink("/etc", place.at("etc")).unwrap();
    symlink("/proc/self/root", place.at("proc")).unwrap();
    symlink("loop", place.at("loop")).unwrap();
    symlink(".", place.at("here")).unwrap();
    symlink("real", place.at("linked")).unwrap();
    symlink("r.rs", place.at("real/again.rs")).unwrap();
    let items = &["real/r.rs", "src/main.rs", "src/other.rs"];
    let good = place.check(&[], items, &["link-not-followed", "link-not-followed"]);
    good.says(
        "link-not-followed",
        "etc",
        "leads out of the root, and is not followed; so do 2 other links",
    );
    good.says("link-not-followed", "loop", "leads nowhere");
    place.check_bad(&["--pin", "out.rs"], "--pin out.rs: no candidate matches");
    // Tracked by git, below a folder that has become a link.
    place.git(&["add", "real/r.rs"]);
    std::fs::rename(place.at("real"), place.beside("moved")).unwrap();
    symlink("../moved", place.at("real")).unwrap();
    assert_eq!(place.good(&[]).items(), BOTH);
}

#[test]
fn ignore_files_that_are_none() {
    type Put = fn(&Path);
    let cases: &[(Put, &str)] = &[
        (fifo, "no regular file"),
        (
            |at| symlink("/dev/zero", at).unwrap(),
            "a link, and not followed",
        ),
        (
            |at| symlink("../rules", at).unwrap(),
            "a link, and not followed",
        ),
        (|at| std::fs::create_dir(at).unwrap(), "no regular file"),
        (
            |at| std::fs::write(at, vec![b'x'; 3 << 20]).unwrap(),
            "larger than 1024 KiB",
        ),
        (
            |at| std::fs::write(at, "{a\n[z-a]\n!\n").unwrap(),
            "line 1 is no glob",
        ),
    ];
    for name in [".gitignore", ".ignore", ".ctxpackignore"] {
        for (put, message) in cases {
            let place = Place::repository();
            std::fs::write(place.beside("rules"), "main.rs\n").unwrap();
            put(&place.at(name));
            // Its own text is of no interest here, and long.
            let good = place.good(&["-e", name]);
            assert_eq!(good.items(), BOTH, "{name} {message}");
            good.says("ignore-file-not-read", name, message);
        }
    }
    let place = Place::repository();
    place.write(
        ".gitignore",
        b"\xef\xbb\xbf/a.rs\r\n\xff\xfe\r\n#\r\n/b.rs \r\n",
    );
    for name in ["a.rs", "b.rs", "c.rs"] {
        place.write(name, "fn x() {}\n");
    }
    place.check(
        &[],
        &[".gitignore", "c.rs", "src/main.rs", "src/other.rs"],
        &[],
    );
    for (put, message) in [
        (fifo as Put, "ctxpack.toml: not a regular file"),
        (
            |at| symlink("../rules", at).unwrap(),
            "ctxpack.toml: not a regular file",
        ),
    ] {
        let place = Place::repository();
        std::fs::write(place.beside("rules"), "budget = 1\n").unwrap();
        put(&place.at("ctxpack.toml"));
        let good = place.good(&[]);
        assert!(good.stderr.contains(message), "{}", good.stderr);
    }
}

#[test]
fn ignore_files_at_several_depths() {
    let place = Place::repository();
    let file = |path: &str| place.write(path, format!("fn x() {{}} // {path}\n"));
    for path in [
        "a/keep.rs",
        "a/drop.rs",
        "a/b/drop.rs",
        "a/b/kept.rs",
        "gen/a.rs",
        "gen/deep/b.rs",
        "gen/deep/c.rs",
        "log/x.rs",
    ] {
        file(path);
    }
    for path in ["a/out.gen.rs", "a/hidden.gen.rs"] {
        file(path);
    }
    place.git(&["add", "-f", "gen", "a/out.gen.rs", "a/hidden.gen.rs"]);
    file("a/new.gen.rs");
    place.write(".gitignore", "gen/\nlog/\n*.gen.rs\n");
    place.write(
        ".ctxpackignore",
        "drop.rs\nhidden.gen.rs\n.gitignore\n.ctxpackignore\n",
    );
    place.write("a/b/.ctxpackignore", "!drop.rs\n");
    // Tracked though ignored, also in folders that the walk does not enter.
    place.write("gen/deep/.ctxpackignore", "/c.rs\n");
    let items = &[
        "a/b/drop.rs",
        "a/b/kept.rs",
        "a/keep.rs",
        "a/out.gen.rs",
        "gen/a.rs",
        "gen/deep/b.rs",
        "src/main.rs",
        "src/other.rs",
    ];
    place.check(&[], items, &[]);
    place.check(&["gen"], &["a.rs", "deep/b.rs"], &[]);
    // The rules above a root hold in it, up to the repository's root and no further.
    std::fs::write(place.beside(".ctxpackignore"), "*\n").unwrap();
    std::fs::write(place.beside(".gitignore"), "*\n").unwrap();
    let items = &["b/drop.rs", "b/kept.rs", "keep.rs", "out.gen.rs"];
    place.check(&["a"], items, &[]);
    // A repository in the repository has its own.
    place.write("nested/log/y.rs", "fn y() {}\n");
    git(&place.at("nested"), &["init"]);
    place.check(&["-i", "nested"], &["nested/log/y.rs"], &[]);
    place.write(".git/info/exclude", "/a\n");
    place.check(
        &["-i", "a/b", "-i", "src"],
        BOTH,
        &["include-matches-nothing"],
    );
}

#[test]
fn names_that_deceive() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::repository();
    let names: &[(&[u8], &str)] = &[
        (b"\xff\xfe.rs", "%FF%FE.rs"),
        (b"new\nline.rs", "new%0Aline.rs"),
        (b"\x1b[31mred.rs", "%1B[31mred.rs"),
        ("\u{202e}sr.exe".as_bytes(), "%E2%80%AEsr.exe"),
        ("\u{200b}.rs".as_bytes(), "%E2%80%8B.rs"),
        (b"%41.rs", "%2541.rs"),
        (b"100%.rs", "100%.rs"),
        (b"\"'`.rs", "\"'`.rs"),
        (
            b"<document path=\"x\">&amp;.rs",
            "<document path=\"x\">&amp;.rs",
        ),
        (b"]]>-->.rs", "]]>-->.rs"),
        (b"-dash.rs", "-dash.rs"),
        (b" lead.rs", " lead.rs"),
        (b"trail.rs ", "trail.rs "),
        (b"back\\slash.rs", "back\\slash.rs"),
        (b"A.rs", "A.rs"),
        (b"a.rs", "a.rs"),
        (b"```", "```"),
        ("\u{fc}.rs".as_bytes(), "\u{fc}.rs"),
        ("u\u{308}.rs".as_bytes(), "u\u{308}.rs"),
    ];
    for (idx, (name, _)) in names.iter().enumerate() {
        let path = place.root().join(std::ffi::OsStr::from_bytes(name));
        std::fs::write(path, format!("fn f{idx}() {{}}\n")).unwrap();
    }
    let mut expected: Vec<&str> = names
        .iter()
        .map(|(_, shown)| *shown)
        .chain(BOTH.iter().copied())
        .collect();
    expected.sort();
    for format in ["xml", "markdown", "json", "plain"] {
        place.check(&["-f", format], &expected, &[]);
    }
    let xml = place.good(&[]).stdout;
    assert_eq!(n_documents(&xml), expected.len());
    // What a manifest calls it is what names it.
    place.check(&["-i", "new%0Aline.rs"], &["new%0Aline.rs"], &[]);
}

#[test]
fn many_files() {
    let place = Place::repository();
    std::fs::create_dir(place.at("many")).unwrap();
    for n in 0..20_000 {
        std::fs::File::create(place.at(&format!("many/{n}.rs"))).unwrap();
    }
    for format in ["xml", "json"] {
        let manifest = place.good(&["-f", format]).manifest;
        assert_eq!(manifest.items.len() + manifest.omitted.len(), 20_002);
        assert!(manifest.tokens <= manifest.budget);
    }
}

#[test]
fn deep_folders() {
    // Paths of any one call stay short: long chains are made of short ones.
    let chain = |place: &Place, name: &str, n_chains: usize| {
        let folder = [name; 400].join("/");
        for chain_idx in 0..n_chains {
            std::fs::create_dir_all(place.beside("next").join(&folder)).unwrap();
            let end = place.beside("next").join(&folder);
            match chain_idx {
                0 => std::fs::write(end.join("deep.rs"), "fn deep() {}\n").unwrap(),
                _ => std::fs::rename(place.at(name), end.join(name)).unwrap(),
            }
            std::fs::rename(place.beside("next").join(name), place.at(name)).unwrap();
            std::fs::remove_dir_all(place.beside("next")).unwrap();
        }
    };
    let place = Place::repository();
    chain(&place, "d", 1);
    let deep = format!("{}/deep.rs", ["d"; 400].join("/"));
    place.check(&[], &[&deep, "src/main.rs", "src/other.rs"], &[]);
    // A path that is longer than the system takes is opened in parts, and beyond a thousand folders there is a warning.
    let place = Place::repository();
    chain(&place, "long-name", 2);
    let longer = format!("{}/deep.rs", ["long-name"; 800].join("/"));
    assert!(longer.len() > 4096);
    place.check(&[], &[&longer, "src/main.rs", "src/other.rs"], &[]);
    let place = Place::repository();
    chain(&place, "deep", 5);
    let good = place.check(&[], BOTH, &["tree-too-deep"]);
    assert!(
        good.stderr
            .contains("1024 folders deep, and not looked into")
    );
    assert!(tool("rm", &["-rf"], &place.at("deep")));
}

#[test]
fn files_that_come_and_go() {
    let place = Place::repository();
    std::fs::create_dir(place.at("moving")).unwrap();
    let moving = place.at("moving");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                n += 1;
                let path = moving.join(format!("{}.rs", n % 50));
                let _ = std::fs::write(&path, "fn moving() {}\n".repeat(n % 500));
                let _ = std::fs::remove_file(moving.join(format!("{}.rs", (n + 25) % 50)));
                let log = std::fs::OpenOptions::new()
                    .append(true)
                    .create(true)
                    .open(moving.join("log.txt"));
                let _ = std::io::Write::write_all(&mut log.unwrap(), b"one more line\n");
            }
        });
        for _ in 0..8 {
            let good = place.good(&[]);
            assert!(good.manifest.tokens <= good.manifest.budget);
            assert!(BOTH.iter().all(|path| good.items().contains(path)));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
