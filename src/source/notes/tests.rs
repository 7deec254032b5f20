//! Notes built from strings: what becomes an atom, and what is read off it.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One line an atom: its lines, class, flags (`d`one, `s`uperseded) and the date's source and day.
fn told(path: &str, text: &str) -> String {
    let mut atoms = atoms(path, text, Some(1_700_000_000));
    mark_superseded(&mut atoms);
    let lines: Vec<String> = atoms
        .iter()
        .map(|atom| {
            let (at, source) = atom.date.unwrap();
            let day = jiff::Timestamp::from_second(at).unwrap().to_string();
            let date = match source {
                DateSource::Mtime => String::new(),
                source => format!(" {source:?} {}", &day[..10]),
            };
            let flags = format!(
                "{}{}",
                if atom.done { " d" } else { "" },
                if atom.superseded { " s" } else { "" }
            );
            format!(
                "{}-{} {:?}{flags}{date}",
                atom.lines.0, atom.lines.1, atom.class
            )
        })
        .collect();
    lines.join("\n")
}

fn check(path: &str, text: &str, expected: &[&str]) {
    assert_eq!(told(path, text), expected.join("\n"), "{path}:\n{text}");
}

#[test]
fn instructions_fall_into_single_rules() {
    check(
        "CLAUDE.md",
        "<!-- for maintainers -->\n# shop\nSells things.\n\n## Testing\n- Unit tests never call the sandbox\n- Prefer fakes\n  - as in `tests/support`\n\n```\ncargo test\n```\n## Decisions\n- Postgres",
        &[
            "3-3 Fact",
            "6-6 Principle",
            "7-8 Preference",
            "10-12 Fact",
            "14-14 Decision",
        ],
    );
}

#[test]
fn short_sections_and_short_introduced_lists_stay_whole() {
    check(
        "NOTES.md",
        "# A\none\n\ntwo\n\n- three\n- four",
        &["2-4 Fact", "6-6 Fact", "7-7 Fact"],
    );
    check(
        "NOTES.md",
        "Deploy:\n\n- build\n- push\n\nDone.",
        &["1-4 Fact", "6-6 Fact"],
    );
    let long: String = (0..20).map(|i| format!("- item {i}\n")).collect();
    let found = told("NOTES.md", &format!("All of them:\n{long}"));
    assert!(
        found.starts_with("1-2 Fact\n3-3 Fact") && found.lines().count() == 20,
        "{found}"
    );
    check(
        "NOTES.md",
        "Left:\n- [x] a\n- [ ] b",
        &["1-2 Fact", "3-3 Status"],
    );
    let long = format!("{}\n\n{}\n", "word ".repeat(200), "word ".repeat(200));
    check("NOTES.md", &long, &["1-1 Fact", "3-3 Fact"]);
}

#[test]
fn progress_is_told_by_dated_entries() {
    check(
        "PROGRESS.md",
        "# Progress\n\n## 2026-08-21\n- Written.\n- **Lesson:** keys outlive attempts.\n- Blocked. ~~Blocked on review~~\n- ~~gone~~\n\n## 2026-08-20\n- Fixed it.\n- Tried Redis.\n",
        &[
            "4-4 Status Heading 2026-08-21",
            "5-5 Principle Heading 2026-08-21",
            "6-6 Status Heading 2026-08-21",
            "7-7 Status d Heading 2026-08-21",
            "10-11 Status Heading 2026-08-20",
        ],
    );
    check(
        "claude-progress.txt",
        "2026-08-21 session 14: written\n2026-08-20 session 13: begun",
        &[
            "1-1 Status Heading 2026-08-21",
            "2-2 Status Heading 2026-08-20",
        ],
    );
    check(
        "TODO.md",
        "- [ ] refunds\n- [x] gift cards\n",
        &["1-1 Status", "2-2 Status d"],
    );
}

#[test]
fn observations_are_classed_by_their_category() {
    check(
        "docs/decisions/locks.md",
        "---\ntitle: Locks\npermalink: decisions/locks\nstatus: accepted\n---\n## Observations\n- [decision] Lock per order #locks (July)\n- [technique] Ask twice\n- [ ] a box\n- [12:30] a time\n\n## Relations\n- supersedes [[Redis locks]]\n",
        &[
            "7-7 Decision",
            "8-8 Principle",
            "9-9 Status",
            "10-10 Decision",
            "13-13 Decision",
        ],
    );
    let mut both = atoms(
        "n/a.md",
        "---\ntitle: Redis locks\npermalink: x\n---\n- [idea] a\n",
        None,
    );
    both.extend(atoms(
        "n/b.md",
        "---\npermalink: b\n---\n- supersedes [[Redis locks]]\n",
        None,
    ));
    mark_superseded(&mut both);
    assert_eq!((both[0].superseded, both[1].superseded), (true, false));
    assert_eq!(both[1].anchors, ["Redis locks"]);
}

#[test]
fn a_handoff_is_dated_by_its_title() {
    check(
        "HANDOFF.md",
        "# Handoff 2026-08-21 17:40 -07:00\n\nBranch: x @ 1a2b3c4\n\n## Next\n1. Run it.\n2. Look.\n\n## Watch out\n- `src/export.rs` reads no key.\n",
        &[
            "3-3 Handoff Heading 2026-08-22",
            "6-7 Handoff Heading 2026-08-22",
            "10-10 Gotcha Heading 2026-08-22",
        ],
    );
    let atoms = atoms(
        "HANDOFF.md",
        "# H\n\n## Watch out\n- `src/export.rs` at 1a2b3c4\n",
        None,
    );
    assert_eq!(atoms[0].heading, ["H", "Watch out"]);
    assert_eq!(atoms[0].anchors, ["src/export.rs", "1a2b3c4"]);
    assert_eq!(
        (atoms[0].text.as_str(), atoms[0].date),
        ("- `src/export.rs` at 1a2b3c4\n", None)
    );
}

#[test]
fn decision_records_are_whole() {
    check(
        "docs/adr/0003-redis.md",
        "# 3. Redis\n\nDate: 2025-11-02\n\n## Status\n\nSuperseded by [7](0007-x.md)\n\n## Decision\n\nLock.\n\n",
        &["1-11 Decision s Record 2025-11-02"],
    );
    check(
        "docs/adr/0007-x.md",
        "---\nstatus: accepted\ndate: 2026-08-20\n---\n\n# Locks\ntext\n",
        &["6-7 Decision Record 2026-08-20"],
    );
    check(
        "docs/decisions/2026-08-21-backfill.md",
        "# Back-fill\n\n**Status:** Proposed\n",
        &["1-3 Decision Heading 2026-08-21"],
    );
    check(
        "docs/adr/0009-x.md",
        "# Handling deprecated things\n- Status: accepted\n- They go.\n",
        &["1-3 Decision"],
    );
    check(
        "docs/decisions/log.md",
        "## 2026-08-21 A\ntext\n## 2026-08-20 B\ntext",
        &[
            "2-2 Decision Heading 2026-08-21",
            "4-4 Decision Heading 2026-08-20",
        ],
    );
    let rejected = &atoms("docs/adr/8-x.md", "# X\n* Status: rejected\n", None)[0];
    assert_eq!(
        (rejected.status.as_str(), rejected.superseded),
        ("rejected", false)
    );
    assert!(atoms("docs/adr/8-x.md", "\n\n", None).is_empty());
}

#[test]
fn one_side_of_a_supersession_is_enough() {
    let mut all = atoms("docs/adr/0003-a.md", "# A\nDate: 2025-11-02\n", None);
    all.extend(atoms(
        "docs/adr/0007-b.md",
        "# B\nDate: 2026-08-20\n\nSupersedes ADR-0003.\n",
        None,
    ));
    all.extend(atoms("other/adr/0003-c.md", "# C\n", None));
    mark_superseded(&mut all);
    assert_eq!(
        all.iter().map(|atom| atom.superseded).collect::<Vec<_>>(),
        [true, false, false]
    );
    check(
        "DECISIONS.md",
        "# Decisions\n## D-002 (2026-08-20) Locks — accepted\nSupersedes D-001.\n\n## D-001 (2025-11-02) Redis\nWe use Redis.\n",
        &[
            "3-3 Decision Heading 2026-08-20",
            "6-6 Decision s Heading 2025-11-02",
        ],
    );
    check(
        "DECISIONS.md",
        "## D-001 (2025-11-02) Redis lock — superseded by D-002\n",
        &["1-1 Decision s Heading 2025-11-02"],
    );
}

#[test]
fn an_override_stands_in_for_what_is_beside_it() {
    let overridden = |text: &str| {
        let mut all = atoms("web/AGENTS.md", "- a\n", None);
        all.extend(atoms("AGENTS.md", "- b\n", None));
        all.extend(atoms("web/AGENTS.override.md", text, None));
        mark_superseded(&mut all);
        (all[0].superseded, all[1].superseded)
    };
    assert_eq!(overridden("- c\n"), (true, false));
    assert_eq!(overridden("\n"), (false, false));
}

#[test]
fn of_two_that_supersede_each_other_the_newer_stays() {
    let pair = |a: &str, b: &str| {
        let mut all = atoms(
            "adr/1-a.md",
            &format!("# A\nDate: {a}\nSupersedes ADR-2\n"),
            None,
        );
        all.extend(atoms(
            "adr/2-b.md",
            &format!("# B\nDate: {b}\nSupersedes ADR-1\n"),
            None,
        ));
        mark_superseded(&mut all);
        (all[0].superseded, all[1].superseded)
    };
    assert_eq!(pair("2026-01-01", "2025-01-01"), (false, true));
    assert_eq!(pair("2025-01-01", "2026-01-01"), (true, false));
    assert_eq!(pair("?", "?"), (false, false));
}

#[test]
fn crlf_bom_and_a_missing_last_line_break() {
    let found = atoms(
        "NOTES.md",
        "\u{feff}---\r\nname: x\r\n---\r\n- a\r\n- b",
        None,
    );
    let texts: Vec<&str> = found.iter().map(|atom| atom.text.as_str()).collect();
    assert_eq!(texts, ["- a\r\n", "- b\n"]);
    assert_eq!(
        (found[0].lines, &found[0].heading[..]),
        ((4, 4), &["x".to_owned()][..])
    );
    assert!(atoms("NOTES.md", "", None).is_empty());
}

/// A memory folder of Claude Code for `/w/shop`, with the sessions given as (id's last digit, cwd).
fn memory(files: &[(&str, &str)], sessions: &[(char, &str)]) -> Found<Atom> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(".claude/projects/-w-shop");
    std::fs::create_dir_all(folder.join("memory")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join("memory").join(name), text).unwrap();
    }
    for (digit, cwd) in sessions {
        let name = format!("00000000-0000-4000-8000-00000000000{digit}.jsonl");
        std::fs::write(
            folder.join(name),
            format!("{{\"type\":\"user\",\"cwd\":\"{cwd}\"}}\n"),
        )
        .unwrap();
    }
    let roots = [std::path::PathBuf::from("/w/shop")];
    stored(&Stores {
        roots: &roots,
        home: Some(dir.path()),
        variables: &BTreeMap::new(),
        cache: None,
    })
}

#[test]
fn agents_memory_is_classed_by_its_type() {
    let found = memory(
        &[
            (
                "MEMORY.md",
                "# Index\n- [Redis](project_redis.md) — lock\n- [Fakes](feedback_fakes.md) — use them\n",
            ),
            (
                "project_redis.md",
                "---\nname: redis-lock\nmetadata:\n  type: project\n---\nOrders are locked in Redis.\n",
            ),
            (
                "project_locks.md",
                "---\nname: locks\ndescription: why\ntype: project\nmodified: 2026-08-20T09:04:00.000Z\n---\nUse `hold`. Supersedes [[redis-lock]].\n\n**Why:** it lost them.\n",
            ),
            (
                "feedback_fakes.md",
                "---\r\ntype: feedback\r\n---\r\nUnit tests never call the sandbox.\r\n",
            ),
            ("feedback_b.md", "Use fakes.\n"),
            ("user_x.md", "Likes short answers.\n"),
            ("odd.md", "---\nname: [broken\n---\nThe body counts.\n"),
            ("skipped.txt", "no note\n"),
        ],
        &[('a', "/w/shop")],
    );
    let told: Vec<String> = found
        .items
        .iter()
        .map(|atom| {
            format!(
                "{} {:?} {}",
                atom.path.rsplit('/').next().unwrap(),
                atom.class,
                atom.superseded
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "MEMORY.md Fact true",
            "MEMORY.md Preference false",
            "feedback_b.md Preference false",
            "feedback_fakes.md Principle false",
            "odd.md Fact false",
            "project_locks.md Decision false",
            "project_redis.md Fact true",
            "user_x.md Preference false",
        ]
    );
    let locks = &found.items[5];
    assert_eq!(
        locks.path,
        "~/.claude/projects/-w-shop/memory/project_locks.md"
    );
    assert_eq!(
        (locks.lines, &locks.heading[..]),
        ((7, 9), &["locks: why".to_owned()][..])
    );
    assert!(matches!(locks.date, Some((_, DateSource::Record))));
    assert_eq!(
        (found.reports[0].n_items, found.reports[0].kind.as_str()),
        (8, "note")
    );
}

#[test]
fn the_memory_of_another_project_is_left() {
    let files = [("MEMORY.md", "- a\n")];
    let n = |sessions: &[(char, &str)]| {
        let found = memory(&files, sessions);
        (found.items.len(), found.warnings.len())
    };
    assert_eq!(n(&[]), (1, 0));
    assert_eq!(n(&[('a', "/w/shop/sub")]), (1, 0));
    assert_eq!(n(&[('a', "/w.shop")]), (0, 0));
    assert_eq!(
        n(&[('a', "/w.shop"), ('b', "/w/shop")]),
        (1, 1),
        "shared by two projects"
    );
}

/// A line of a note and whether it is text, for a generator that knows without asking the code.
fn line() -> impl Strategy<Value = (String, bool)> {
    prop_oneof![
        3 => "[a-z]{1,9}( [a-z`./-]{1,9}){0,5}[a-z.:]".prop_map(|line| (line, true)),
        3 => "( {0,4})(- |\\* |1\\. |- \\[ \\] )[a-z]{1,9}( [a-z]{1,5}){0,3}:?".prop_map(|line| (line, true)),
        1 => "2026-08-2[0-9] [a-z]{1,9}".prop_map(|line| (line, true)),
        1 => Just(("| a | b |".to_owned(), true)),
        1 => "#{1,4} ([a-z]{1,9}|2026-08-2[0-9])".prop_map(|line| (line, false)),
        2 => Just((String::new(), false)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_line_of_text_is_in_exactly_one_atom(
        lines in prop::collection::vec(line(), 0..40),
        front in any::<bool>(),
        fence in prop::option::of(0usize..40),
        ending in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let mut lines = lines;
        if let Some(at) = fence {
            let at = at.min(lines.len());
            let fence = ["```sh", "# no heading", "", "- x", "```"];
            lines.splice(at..at, fence.map(|line| (line.to_owned(), true)));
        }
        let mut texts: Vec<&str> = Vec::new();
        if front {
            texts.extend(["---", "name: x", "---"]);
        }
        let n_front = texts.len();
        texts.extend(lines.iter().map(|(line, _)| line.as_str()));
        let text: String = texts.iter().map(|line| format!("{line}{ending}")).collect();
        let found = atoms("NOTES.md", &text, None);
        let all: Vec<&str> = text.split_inclusive('\n').collect();
        let mut n_atoms = vec![0; texts.len()];
        let mut last = 0;
        for atom in &found {
            let (first, end) = (atom.lines.0 as usize, atom.lines.1 as usize);
            prop_assert!(last < first && first <= end, "ranges ascend");
            last = end;
            prop_assert_eq!(&atom.text, &all[first - 1..end].concat(), "text is verbatim");
            for n in &mut n_atoms[first - 1..end] {
                *n += 1;
            }
        }
        for (i, n) in n_atoms.iter().enumerate() {
            let is_text = i >= n_front && lines[i - n_front].1;
            prop_assert!(!is_text || *n == 1, "line {} is in {} atoms", i + 1, n);
            prop_assert!(*n <= 1 && (i >= n_front || *n == 0));
        }
    }

    #[test]
    fn any_text_is_split(text in "(\\PC{0,4}|[-#`~*\\[\\]x<>! :\t\r\n]|2026-01-02|superseded by|ADR-1){0,60}") {
        for path in ["PROGRESS.md", "docs/adr/1-x.md"] {
            let mut found = atoms(path, &text, None);
            mark_superseded(&mut found);
            let n_lines = text.split_inclusive('\n').count();
            for atom in found {
                prop_assert!(atom.text.ends_with('\n') && atom.lines.1 as usize <= n_lines);
            }
        }
    }
}
