//! Repositories that are broken, hostile or merely unusual.

use super::*;

#[test]
fn no_repository_and_no_files() {
    Place::new().check(&[], BOTH, &["no-git"]);
    let good = Place::empty().check(&[], &[], &["no-files", "no-git"]);
    assert!(good.stdout.ends_with("</context>\n"), "{}", good.stdout);
    let place = Place::empty();
    place.git(&["init"]);
    place.check(&[], &[], &["no-commits", "no-files"]);
    place.check_bad(&["--rev", "HEAD"], "HEAD: git knows no such revision");
    place.check_bad(&["nowhere"], "nowhere: no such file or directory");
    place.check_bad(&[""], "[PATH]... needs a value");
    place.write("file", "x\n");
    place.check_bad(&["file"], "file: not a folder");
    place.check_bad(&["file/below"], "file/below: Not a directory");
    let long = "n".repeat(300);
    place.check_bad(&[&long], &format!("{long}: File name too long"));
}

#[test]
fn staged_and_not_committed() {
    let place = Place::new();
    place.git(&["init"]);
    place.git(&["add", "src/main.rs"]);
    place.check(&[], BOTH, &["no-commits"]);
    place.write(".gitignore", "/src\n");
    place.check(&[], &[".gitignore", "src/main.rs"], &["no-commits"]);
}

#[test]
fn bare_repositories() {
    let place = Place::repository();
    git(place.folder.path(), &["clone", "--bare", "root", "bare"]);
    place.check(&["../bare"], BOTH, &["bare-repository"]);
    place.check(&["../bare", "--rev", "main"], BOTH, &[]);
    git(place.folder.path(), &["init", "--bare", "new"]);
    let warnings = &["bare-repository", "no-commits", "no-files"];
    place.check(&["../new"], &[], warnings);
    place.check_bad(&[".git"], ".git: it is what git keeps for itself");
    place.check_bad(&[".git/hooks"], ".git/hooks: it is what git keeps");
    // A work tree whose repository is said to have none.
    place.git(&["config", "core.bare", "true"]);
    place.check(&[], BOTH, &[]);
}

#[test]
fn shallow_clones_and_lost_objects() {
    let place = Place::repository();
    place.write("src/main.rs", "fn main() { other() }\n");
    place.git(&["commit", "-am", "second"]);
    let url = format!("file://{}", place.root().display());
    git(
        place.folder.path(),
        &["clone", "--depth", "1", &url, "shallow"],
    );
    place.check(&["../shallow"], BOTH, &["shallow-clone"]);
    // The blob of an old version is no loss; the tree of an old commit is.
    let tree = Command::new("git")
        .args(["rev-parse", "HEAD~^{tree}"])
        .current_dir(place.root())
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let (folder, name) = tree.trim().split_at(2);
    std::fs::remove_file(place.at(".git/objects").join(folder).join(name)).unwrap();
    let good = place.check(&[], BOTH, &["git-unreadable"]);
    good.says("git-unreadable", "", "2 commits could not be read");
    std::fs::remove_dir_all(place.at(".git/objects")).unwrap();
    std::fs::create_dir(place.at(".git/objects")).unwrap();
    let good = place.check(&[], BOTH, &["git-unreadable"]);
    good.says("git-unreadable", "", "HEAD's commit could not be read");
    place.check_bad(&["--rev", "HEAD"], "HEAD: ");
}

#[test]
fn a_revision_with_a_lost_blob() {
    let place = Place::repository();
    let blob = Command::new("git")
        .args(["rev-parse", "HEAD:src/main.rs"])
        .current_dir(place.root())
        .output()
        .unwrap();
    let blob = String::from_utf8(blob.stdout).unwrap();
    let (folder, name) = blob.trim().split_at(2);
    std::fs::remove_file(place.at(".git/objects").join(folder).join(name)).unwrap();
    let good = place.check(&["--rev", "HEAD"], &["src/other.rs"], &["unreadable"]);
    good.omits("src/main.rs", "unreadable");
}

#[test]
fn linked_work_trees_and_submodules() {
    let place = Place::repository();
    place.git(&["worktree", "add", "../linked", "-b", "other"]);
    place.check(&["../linked"], BOTH, &[]);
    git(place.folder.path(), &["clone", "root", "outer"]);
    let outer = place.beside("outer");
    git(&outer, &["submodule", "add", "../root", "inner"]);
    git(&outer, &["commit", "-m", "add"]);
    place.check(&["../outer/inner"], BOTH, &[]);
    let all = &[
        ".gitmodules",
        "inner/src/main.rs",
        "inner/src/other.rs",
        "src/main.rs",
        "src/other.rs",
    ];
    place.check(&["../outer"], all, &[]);
    let without = &[".gitmodules", "src/main.rs", "src/other.rs"];
    place.check(
        &["../outer", "--rev", "HEAD"],
        without,
        &["submodule-left-out"],
    );
    // Git's own folder may also stand in the work tree, under another name.
    std::fs::rename(place.at(".git"), place.at(".bare")).unwrap();
    place.write(".git", "gitdir: ./.bare\n");
    place.check(
        &["-e", ".bare"],
        &[".git", "src/main.rs", "src/other.rs"][1..],
        &[],
    );
}

#[test]
fn repositories_that_are_broken() {
    type Spoil = fn(&Path);
    let cases: &[(Spoil, &str)] = &[
        (
            |git| write(git, "HEAD", b"garbage\n"),
            "HEAD could not be read",
        ),
        (|git| write(git, "HEAD", b""), "HEAD could not be read"),
        (
            |git| write(git, "HEAD", &[0xff; 4096]),
            "HEAD could not be read",
        ),
        (
            |git| cut(&git.join("index"), 50),
            "the git index could not be read",
        ),
        (
            |git| cut(&git.join("index"), 10),
            "the git index could not be read",
        ),
        (
            |git| cut(&git.join("index"), 0),
            "the git index could not be read",
        ),
        (
            |git| write(git, "index", &[0xff; 9999]),
            "the git index could not be read",
        ),
        (
            |git| write(git, "refs/heads/main", b"no hash\n"),
            "could not be read",
        ),
        (
            |git| write(git, "config", b"[core\n"),
            "the git repository could not be read",
        ),
        (|git| write(git, "packed-refs", &[0xff; 99]), ""),
        (
            |git| write(git, "commondir", b"/nowhere\n"),
            "commondir names a folder that is not there",
        ),
        (|git| swap(git, "HEAD", fifo), "HEAD is no regular file"),
        (|git| swap(git, "index", fifo), "index is no regular file"),
        (|git| swap(git, "config", fifo), "config is no regular file"),
        (
            |git| swap(git, "packed-refs", fifo),
            "packed-refs is no regular file",
        ),
        (
            |git| swap(git, "refs/heads/main", fifo),
            "refs/heads/main is no regular file",
        ),
        (
            |git| swap(git, "HEAD", |at| symlink("/dev/zero", at).unwrap()),
            "HEAD is a link to elsewhere",
        ),
        (
            |git| std::fs::remove_file(git.join("HEAD")).unwrap(),
            "could not be read",
        ),
        (
            |git| std::fs::remove_dir_all(git.join("refs")).unwrap(),
            "could not be read",
        ),
    ];
    let pristine = Place::repository();
    for (case_idx, (spoil, message)) in cases.iter().enumerate() {
        let place = pristine.copy();
        spoil(&place.at(".git"));
        let good = place.good(&[]);
        assert_eq!(good.items(), BOTH, "case {case_idx}");
        if !message.is_empty() {
            good.says("git-unreadable", "", message);
        }
    }
}

fn write(folder: &Path, name: &str, content: &[u8]) {
    std::fs::write(folder.join(name), content).unwrap();
}

fn cut(path: &Path, n_bytes: usize) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..n_bytes]).unwrap();
}

fn swap(folder: &Path, name: &str, put: fn(&Path)) {
    let path = folder.join(name);
    let _ = std::fs::remove_file(&path);
    put(&path);
}

/// The commits of another repository are none of this tree's business.
#[test]
fn a_git_that_leads_elsewhere() {
    let other = Place::repository();
    let there = other.at(".git");
    type Spoil = fn(&Path, &Path);
    let cases: &[(Spoil, &str)] = &[
        (
            |at, _| std::fs::write(at, "gitdir: /nowhere\n").unwrap(),
            ".git names a folder that is not there",
        ),
        (
            |at, there| std::fs::write(at, format!("gitdir: {}\n", there.display())).unwrap(),
            "does not know this folder",
        ),
        (
            |at, there| symlink(there, at).unwrap(),
            "does not know this folder",
        ),
        (
            |at, _| symlink("nowhere", at).unwrap(),
            ".git: No such file",
        ),
        (
            |at, _| symlink(".git", at).unwrap(),
            ".git: Too many levels",
        ),
        (
            |at, _| std::fs::write(at, "").unwrap(),
            ".git is a file that names no folder",
        ),
        (
            |at, _| std::fs::write(at, [0xff; 999]).unwrap(),
            ".git is a file that names no folder",
        ),
        (|at, _| fifo(at), ".git is no regular file or folder"),
        (
            |at, _| std::fs::create_dir(at).unwrap(),
            "could not be read",
        ),
        (
            |at, there| {
                assert!(tool("cp", &["-r", there.to_str().unwrap()], at));
                write(at, "commondir", there.as_os_str().as_encoded_bytes());
            },
            "does not know this folder",
        ),
        (
            |at, there| {
                assert!(tool("cp", &["-r", there.to_str().unwrap()], at));
                std::fs::remove_dir_all(at.join("objects")).unwrap();
                symlink(there.join("objects"), at.join("objects")).unwrap();
            },
            "objects is a link to elsewhere",
        ),
        (
            |at, there| {
                assert!(tool("cp", &["-r", there.to_str().unwrap()], at));
                write(
                    at,
                    "config",
                    b"[core]\n\trepositoryformatversion = 0\n\tworktree = /\n",
                );
            },
            "its work tree is elsewhere",
        ),
    ];
    for (case_idx, (spoil, message)) in cases.iter().enumerate() {
        let place = Place::new();
        spoil(&place.at(".git"), &there);
        let good = place.good(&[]);
        assert_eq!(good.items(), BOTH, "case {case_idx}");
        good.says("git-unreadable", "", message);
        let shown = other.root().display().to_string();
        assert!(!good.stderr.contains(&shown), "{}", good.stderr);
    }
}

#[test]
fn revisions() {
    let place = Place::repository();
    place.git(&["tag", "light"]);
    place.git(&["tag", "-a", "heavy", "-m", "m"]);
    place.git(&["tag", "blob", "HEAD:src/main.rs"]);
    place.write("src/late.rs", "fn late() {}\n");
    for revision in ["HEAD", "light", "heavy", "main", "HEAD^0"] {
        place.check(&["--rev", revision], BOTH, &[]);
    }
    place.check(&["src", "--rev", "HEAD"], &["main.rs", "other.rs"], &[]);
    for (revision, message) in [
        ("nope", "nope: git knows no such revision here\nhint: "),
        ("HEAD~9", "HEAD~9: git knows no such revision here"),
        ("HEAD..HEAD", "HEAD..HEAD: git knows no such revision here"),
        (
            "HEAD^{tree}",
            "HEAD^{tree}: it is no commit, and no tag of one",
        ),
        ("HEAD:src/main.rs", "HEAD:src/main.rs: it is no commit"),
        ("blob", "blob: it is no commit"),
        ("", ": the revision is empty"),
        ("\u{1b}[31m", "\\x1b[31m: git knows no such revision here"),
    ] {
        place.check_bad(&["--rev", revision], message);
    }
    Place::new().check_bad(&["--rev", "HEAD"], "HEAD: . is in no git repository");
    place.check_bad(&[".", "src", "--rev", "HEAD"], "--rev packs one repository");
}

#[test]
fn an_index_that_names_odd_paths() {
    for odd in [
        "../etc.rs",
        ".git/hooks",
        ".GIT/hooks",
        "src//x.rs",
        "./src/x.rs",
        "/etc/hosts",
    ] {
        let place = Place::repository();
        std::fs::write(place.beside("etc.rs"), "fn outside() {}\n").unwrap();
        std::fs::write(place.at(".git/hooks/mark"), "mark\n").unwrap();
        let name = "x".repeat(odd.len());
        place.write(&name, "fn x() {}\n");
        place.git(&["add", "."]);
        std::fs::remove_file(place.at(&name)).unwrap();
        let index = place.at(".git/index");
        let mut bytes = std::fs::read(&index).unwrap();
        let at = bytes
            .windows(name.len())
            .position(|it| it == name.as_bytes())
            .unwrap();
        bytes[at..at + name.len()].copy_from_slice(odd.as_bytes());
        // A hash of zeros is one that git was told to leave out.
        let end = bytes.len();
        bytes[end - 20..].fill(0);
        std::fs::write(&index, bytes).unwrap();
        let good = place.check(&[], BOTH, &["git-odd-path"]);
        good.says("git-odd-path", "", &format!("such as {odd}"));
    }
}
