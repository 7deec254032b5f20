//! Repositories that lie in wait: what would be waited on, executed, followed out or unfolded without end.

use super::*;

/// A copy of a repository, spoilt; what is packed of it is what was there, with or without a history.
fn check(pristine: &Place, spoil: &dyn Fn(&Path), message: &str) -> Good {
    let place = pristine.copy();
    spoil(&place.at(".git"));
    let good = place.good(&["-t", "fix the other function"]);
    assert_eq!(good.items(), BOTH, "{message}");
    if message.is_empty() {
        assert!(
            !good.warnings().contains(&"git-unreadable"),
            "{}",
            good.stderr
        );
    } else {
        good.says("git-unreadable", "", message);
    }
    good
}

fn put(path: &Path, make: impl Fn(&Path)) {
    let _ = std::fs::remove_file(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    make(path);
}

#[test]
fn nothing_in_a_repository_is_waited_on() {
    let pristine = Place::repository();
    for name in [
        "refs/heads/main",
        "refs/tags/deep/er",
        "objects/00/00000000000000000000000000000000000000",
        "objects/info/alternates",
        "objects/info/commit-graph",
        "objects/pack/multi-pack-index",
        "objects/pack/pack-0000000000000000000000000000000000000000.idx",
        "worktrees/x/gitdir",
        "logs/HEAD",
        "shallow",
        "packed-refs",
        "ORIG_HEAD",
    ] {
        let spoil = |git: &Path| put(&git.join(name), fifo);
        check(&pristine, &spoil, &format!("{name} is no regular file"));
    }
    // Where the library has no business: git's own monitor listens on a socket, and hooks are nobody's.
    let socket = |git: &Path| {
        drop(std::os::unix::net::UnixListener::bind(git.join("fsmonitor--daemon.ipc")).unwrap());
    };
    check(&pristine, &socket, "");
    check(
        &pristine,
        &|git| put(&git.join("hooks/post-checkout"), fifo),
        "",
    );
    let good = check(&pristine, &|git| put(&git.join("info/exclude"), fifo), "");
    good.says("ignore-file-not-read", "info/exclude", "no regular file");
}

#[test]
fn sizes_in_a_repository_are_not_believed() {
    let pristine = Place::repository();
    for name in [
        "HEAD",
        "config",
        "index",
        "packed-refs",
        "shallow",
        "refs/heads/main",
        "commondir",
    ] {
        let message = if name == "commondir" {
            name
        } else {
            "is too large"
        };
        let sparse = |path: &Path| {
            std::fs::File::create(path)
                .unwrap()
                .set_len(1 << 40)
                .unwrap()
        };
        check(&pristine, &|git| put(&git.join(name), sparse), message);
    }
    // An index of four thousand million entries.
    let index = |git: &Path| write(git, "index", b"DIRC\0\0\0\x02\xff\xff\xff\xff");
    check(&pristine, &index, "the git index could not be read");
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    put(&folder.join(name), |path| {
        std::fs::write(path, &content).unwrap()
    });
}

#[test]
fn borrowed_objects_are_read_as_git_reads_them() {
    let (pristine, lender) = (Place::repository(), Place::new());
    lender.write("src/main.rs", "fn lent() {}\n");
    lender.git(&["init"]);
    lender.git(&["add", "."]);
    lender.git(&["commit", "-m", "lent"]);
    let objects = lender.at(".git/objects").display().to_string();
    let head = std::fs::read(lender.at(".git/refs/heads/main")).unwrap();
    let borrow = |git: &Path, line: &str| {
        write(git, "objects/info/alternates", format!("{line}\n"));
        write(git, "refs/heads/main", &head);
    };
    // as `git clone --shared` leaves it, and as a person may write it
    for line in [objects.clone(), format!("# x\n\n{objects}/")] {
        let good = check(&pristine, &|git| borrow(git, &line), "");
        assert!(!good.stderr.contains(&objects), "{}", good.stderr);
    }
    let gone = "it borrows objects from where nothing is";
    check(&pristine, &|git| borrow(git, "../../gone"), gone);
    check(&pristine, &|git| borrow(git, "\"quoted\""), gone);
    check(&pristine, &|git| borrow(git, "."), "form a cycle");
    // a trap in the store that is borrowed from
    put(&lender.at(".git/objects/pack/pack-x.idx"), fifo);
    let message = "it borrows objects from what is no store of objects";
    check(&pristine, &|git| borrow(git, &objects), message);
    // a folder of somebody's, of which nothing is looked at but what a store has, and nothing told
    let theirs = Place::new();
    std::os::unix::fs::symlink("x", theirs.at("acme-takeover")).unwrap();
    put(&theirs.at("deals/pack"), fifo);
    let folder = theirs.at("").display().to_string();
    let good = check(&pristine, &|git| borrow(git, &folder), "could not be read");
    assert!(!good.stderr.contains("acme"), "{}", good.stderr);
    put(&theirs.at("pack/acme-takeover"), fifo);
    let good = check(&pristine, &|git| borrow(git, &folder), message);
    assert!(!good.stderr.contains("acme"), "{}", good.stderr);
}

#[test]
fn what_is_excluded_stays_so_where_git_cannot_be_read() {
    let place = Place::repository();
    place.write("plan.txt", "fix the other function: our private plan\n");
    place.write("src/plan.txt", "fix the other function: our private plan\n");
    place.write(".git/info/exclude", "plan.txt\n");
    for folder in [".", "src"] {
        let packed = || place.good(&["-t", "fix the other function", folder]).stdout;
        assert!(!packed().contains("private"));
        put(&place.at(".git/ORIG_HEAD"), fifo);
        assert!(!packed().contains("private"), "{folder}");
        std::fs::remove_file(place.at(".git/ORIG_HEAD")).unwrap();
    }
}

#[test]
fn links_out_of_a_repository_are_not_followed() {
    let (pristine, private) = (Place::repository(), Place::repository());
    for name in [
        "objects/00",
        "objects/pack",
        "refs/heads",
        "refs/tags/x",
        "worktrees",
    ] {
        let spoil = |git: &Path| {
            let _ = std::fs::remove_dir_all(git.join(name));
            put(&git.join(name), |path| {
                symlink(private.at(".git"), path).unwrap()
            });
        };
        check(&pristine, &spoil, &format!("{name} is a link to elsewhere"));
    }
}

/// A folder that a repository claims as one of its work trees without being asked: its sessions are not this repository's.
#[test]
fn a_work_tree_must_know_its_repository() {
    let (place, private) = (Place::repository(), Place::repository());
    let claim = place.at(".git/worktrees/x");
    write(
        &claim,
        "gitdir",
        format!("{}\n", private.at(".git").display()),
    );
    write(&claim, "HEAD", "ref: refs/heads/main\n");
    write(&claim, "commondir", "../..\n");
    let trees = ctxpack::source::repository::find(&place.root().canonicalize().unwrap());
    let trees = trees.unwrap().unwrap().work_trees();
    assert_eq!(trees, [place.root().canonicalize().unwrap()]);
}

#[test]
fn nothing_of_the_configuration_is_executed() {
    let pristine = Place::repository();
    let mark = pristine.beside("executed");
    let run = format!("touch {}", mark.display());
    let keys = [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "core.askPass",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.x.textconv",
        "diff.x.command",
        "filter.x.clean",
        "filter.x.smudge",
        "filter.x.process",
        "merge.x.driver",
        "gpg.program",
        "credential.helper",
        "uploadpack.packObjectsHook",
        "alias.log",
    ];
    let spoil = |git: &Path| {
        let mut config = std::fs::read_to_string(git.join("config")).unwrap();
        for key in keys {
            let (section, name) = key.rsplit_once('.').unwrap();
            let section = section.replacen(".x", " \"x\"", 1);
            config.push_str(&format!("[{section}]\n\t{name} = {run}\n"));
        }
        config.push_str("[core]\n\thooksPath = ../hooks\n\tattributesFile = /dev/zero\n\texcludesFile = /dev/zero\n");
        config.push_str(
            "[include]\n\tpath = /dev/zero\n[includeIf \"gitdir:**\"]\n\tpath = /dev/zero\n",
        );
        write(git, "config", config);
        write(git, "../.gitattributes", "*.rs diff=x filter=x merge=x\n");
    };
    let place = pristine.copy();
    spoil(&place.at(".git"));
    place.write("src/main.rs", "fn main() { other() }\n");
    place.check(&[], &[".gitattributes", "src/main.rs", "src/other.rs"], &[]);
    place.check(&["--rev", "HEAD"], BOTH, &[]);
    assert!(!mark.exists());
}

/// Thirty folders that hold the next one ten times each: more paths than anything can list.
#[test]
fn trees_that_unfold_without_end() {
    let place = Place::repository();
    let output = |args: &[&str], stdin: &str| {
        let mut command = Command::new("git");
        command
            .args(args)
            .current_dir(place.root())
            .env_remove("GIT_DIR");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let blob = output(&["hash-object", "-w", "--stdin"], "text");
    let mut tree = output(&["mktree"], &format!("100644 blob {blob}\ta\n"));
    for _ in 0..30 {
        let folders: String = ('a'..='j')
            .map(|name| format!("040000 tree {tree}\t{name}\n"))
            .collect();
        tree = output(&["mktree"], &folders);
    }
    place.git(&["update-ref", "refs/heads/main", &commit(&place, &tree)]);
    place.check(&["-t", "the other function"], BOTH, &[]);
}

/// A commit of a tree on top of the first.
fn commit(place: &Place, tree: &str) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(["commit-tree", "-p", "HEAD", "-m", "other", tree])
        .current_dir(place.root())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
