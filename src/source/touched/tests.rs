//! Commits that come back, beside new ones, with files in any order, and damaged.

use super::super::history::MAX_FILES;
use super::super::memo::Message;
use super::*;
use crate::lexicon::Bag;

fn id(n: u8) -> gix::ObjectId {
    gix::ObjectId::from([n; 20])
}

/// A commit that touches `paths`; each has blobs whose name has a `+`.
fn new(n: u8, says: &str, paths: &[&str]) -> New {
    let files = paths.iter().map(|path| TouchedFile {
        path: path.as_bytes().into(),
        blobs: path.contains('+').then(|| (id(n), id(path.len() as u8))),
    });
    New {
        id: id(n),
        time: i64::from(n) * 10,
        n_read: 7,
        touched: Arc::new(Touched {
            message: Message {
                subject: says.lines().next().map(str::to_owned),
                words: Bag::of(says),
            },
            files: Some(files.collect()),
        }),
    }
}

/// What is known of a commit, and which of its paths stand where among `files`.
fn told(commits: &Commits, n: u8, files: &[&str]) -> Option<(Row, Vec<u64>, Vec<String>)> {
    let at = commits.find(&id(n))?;
    let files = (0_u32..).zip(files.iter().map(|path| Cow::Borrowed(path.as_bytes())));
    let places = commits.places(b"", files);
    let blobs: FxHashMap<u32, (gix::ObjectId, gix::ObjectId)> = commits
        .versions(at)
        .map(|(path, old, new)| (path, (old, new)))
        .collect();
    let paths = commits.paths(at).map(|path| {
        let place = places[path as usize] as i32;
        let blobs = blobs
            .get(&path)
            .map(|(old, new)| (old.as_bytes()[0], new.as_bytes()[0]));
        format!("{place} {blobs:?}")
    });
    let row = Row {
        ends: Ends::default(),
        ..commits.row(at)?
    };
    let terms = commits.all_terms().flat_map(|term| {
        let n = commits.saying(term.key).filter(|row| *row == at).count();
        std::iter::repeat_n(term.key, n)
    });
    Some((row, terms.collect(), paths.collect()))
}

fn paths_of(commits: &Commits, n: u8, files: &[&str]) -> Vec<String> {
    told(commits, n, files).map(|it| it.2).unwrap_or_default()
}

fn read_back(commits: &Commits) -> Option<Commits> {
    Commits::from_bytes(commits.bytes.clone())
}

#[test]
fn commits_come_back() {
    let commits = [
        new(
            9,
            "Parse the config, the config",
            &["src/b+.rs", "a.rs", "src/a.rs"],
        ),
        new(2, "", &[]),
    ];
    let walk = [Of::New(0), Of::New(1)];
    let first = Commits::default().with(&commits, &walk, Some((id(9), 90)), None);
    let files = ["a.rs", "b.rs", "src/b+.rs", "z"];
    for commits in [&first, &read_back(&first).unwrap()] {
        let (row, terms, paths) = told(commits, 9, &files).unwrap();
        assert_eq!(
            (row.time, row.n_read, row.n_words, row.has_subject),
            (90, 7, 5, true)
        );
        assert_eq!(terms, Bag::of("Parse the config, the config").keys);
        assert_eq!(paths, ["0 None", "-1 None", "2 Some((9, 9))"]);
        let (row, terms, paths) = told(commits, 2, &files).unwrap();
        assert_eq!(
            (row.n_words, row.has_subject, terms.len(), paths.len()),
            (0, false, 0, 0)
        );
        assert_eq!(
            commits.saying(0).count() + commits.saying(u64::MAX).count(),
            0
        );
        assert_eq!(commits.walk().collect::<Vec<_>>(), [1, 0]);
        assert_eq!(
            (commits.head_time(&id(9)), commits.head_time(&id(2))),
            (Some(90), None)
        );
        assert_eq!(told(commits, 3, &files), None);
    }
}

#[test]
fn what_was_known_is_as_it_was_beside_what_is_new() {
    let old = [
        new(5, "one", &["m.rs", "gone+"]),
        new(7, "two", &["m.rs", "src/x+.rs"]),
    ];
    let known = Commits::default().with(&old, &[Of::New(1), Of::New(0)], None, None);
    let (five, seven) = (known.find(&id(5)).unwrap(), known.find(&id(7)).unwrap());
    let newest = [new(6, "three", &["src/", "b.rs", "m.rs"])];
    let walk = [Of::New(0), Of::Known(seven)];
    let all = known.with(&newest, &walk, Some((id(6), 60)), None);
    let files = ["b.rs", "gone+", "m.rs", "src/x+.rs"];
    for n in [5, 7] {
        assert_eq!(told(&all, n, &files), told(&known, n, &files));
    }
    assert_eq!(paths_of(&all, 5, &files), ["1 Some((5, 5))", "2 None"]);
    assert_eq!(paths_of(&all, 6, &files), ["0 None", "2 None", "-1 None"]);
    assert_eq!(all.walk().collect::<Vec<_>>(), [1, 2]);
    assert_eq!((five, all.find(&id(5))), (0, Some(0)));
}

#[test]
fn files_in_another_order_are_found() {
    let paths = ["a", "b", "c", "d"];
    let commits = Commits::default().with(&[new(1, "x", &paths)], &[Of::New(0)], None, None);
    for files in [
        ["a", "b", "c", "d"],
        ["d", "c", "b", "a"],
        ["b", "a", "d", "c"],
        ["c", "x", "d", "a"],
        ["x", "d", "y", "c"],
        ["c", "d", "e", "b"],
    ] {
        let found = |path| {
            files
                .iter()
                .position(|file| file == path)
                .map_or(-1, |at| at as i32)
        };
        let expected = paths.iter().map(|path| format!("{} None", found(path)));
        assert_eq!(
            paths_of(&commits, 1, &files),
            expected.collect::<Vec<_>>(),
            "{files:?}"
        );
    }
    let below = [(4, Cow::Borrowed(&b"x"[..])), (5, Cow::Borrowed(&b"y"[..]))];
    let paths = ["a/x", "ab", "x", "a/y"];
    let commits = Commits::default().with(&[new(1, "x", &paths)], &[Of::New(0)], None, None);
    assert_eq!(
        commits.places(b"a/", below.into_iter()),
        [4, 5, NO_FILE, NO_FILE]
    );
}

#[test]
fn of_many_files_no_blobs_are_kept() {
    let names: Vec<String> = (0..=MAX_FILES).map(|n| format!("{n}+")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let commits = [new(1, "x", &names), new(2, "x", &names[1..])];
    let all = Commits::default().with(&commits, &[Of::New(0), Of::New(1)], None, None);
    let n = |n| {
        let at = all.find(&id(n)).unwrap();
        (all.n_files(at), all.versions(at).count())
    };
    assert_eq!((n(1), n(2)), ((61, 0), (60, 60)));
}

#[test]
fn numbers_that_lead_nowhere_are_a_miss() {
    let commits = [new(9, "a b", &["a+", "b"]), new(2, "c", &["b"])];
    let walk = [Of::New(0), Of::New(1)];
    let whole = Commits::default().with(&commits, &walk, None, None);
    assert!(read_back(&whole).is_some());
    for column in [ROWS, WALK, TOUCHES, PATHS, TERMS, STANDS] {
        let mut damaged = whole.clone();
        let at = damaged.columns[column].clone();
        damaged.bytes[at].fill(0xff);
        assert!(read_back(&damaged).is_none(), "{column}");
    }
    let ends = Row::WIDTH - 8;
    for at in (0..HEAD_BYTES).chain(HEAD_BYTES + ends..HEAD_BYTES + Row::WIDTH) {
        let mut damaged = whole.clone();
        damaged.bytes[at] ^= 0x80;
        // what is left of it can be read, or it is none
        if let Some(damaged) = read_back(&damaged) {
            assert!(at < 29, "{at}");
            assert_eq!(paths_of(&damaged, 9, &["b"]), paths_of(&whole, 9, &["b"]));
        }
    }
    for cut in 0..whole.bytes.len() {
        let mut short = whole.clone();
        short.bytes.truncate(cut);
        assert!(read_back(&short).is_none(), "{cut}");
    }
}
