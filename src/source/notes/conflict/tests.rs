//! What excludes what, in pairs of notes, and what only looks as if it did.

use super::*;
use proptest::prelude::*;

/// The atoms of as many notes as there are texts, in folders of their own, so that they are no list.
fn atoms(texts: &[&str]) -> Vec<Atom> {
    let each = texts.iter().enumerate().flat_map(|(n, text)| {
        let path = [
            "NOTES.md",
            "docs/NOTES.md",
            "notes/NOTES.md",
            "memory/NOTES.md",
        ][n % 4];
        crate::source::notes::atoms(path, &format!("- {text}\n"), None)
    });
    each.collect()
}

#[track_caller]
fn check_duplicate(a: &str, b: &str, expected: Option<bool>) {
    for texts in [[a, b], [b, a]] {
        let found = duplicates(&atoms(&texts));
        assert_eq!(
            found.first().map(|pair| pair.is_exact),
            expected,
            "{texts:?}"
        );
    }
}

#[track_caller]
fn check_conflict(a: &str, b: &str, expected: Option<Clash>) {
    for texts in [[a, b], [b, a]] {
        let found = conflicts(&atoms(&texts));
        assert_eq!(found.first().map(|pair| pair.clash), expected, "{texts:?}");
    }
}

#[test]
fn the_same_said_again() {
    check_duplicate("Use pnpm, not npm", "**use pnpm not npm.**", Some(true));
    check_duplicate(
        "2026-08-20 (preference): we use pnpm",
        "We use pnpm!",
        Some(true),
    );
    check_duplicate(
        "Money is integer cents",
        "Money is an integer number of cents!",
        Some(false),
    );
    check_duplicate(
        "Lock orders with `hold_order_lock` in Postgres",
        "Lock the orders with `hold_order_lock`, in Postgres always",
        Some(false),
    );
    check_duplicate("Build: make", "build make", None);
}

#[test]
fn false_friends_are_told_apart() {
    for (a, b) in [
        ("Use pnpm, not npm", "Use npm, not pnpm"),
        (
            "Run cargo fmt before every commit",
            "Run cargo test before every commit",
        ),
        (
            "Unit tests never call the Stripe sandbox",
            "Unit tests must not call the Stripe sandbox; use FakeGateway",
        ),
        (
            "Unit tests never call the Stripe sandbox",
            "Unit tests call the Stripe sandbox",
        ),
        (
            "The gateway listens on port 8080",
            "The gateway listens on port 9090",
        ),
        (
            "Deploy the gateway with `make ship`",
            "Deploy the gateway with `make shop`",
        ),
        (
            "Deploy the gateway from main",
            "Deploy the gateway from main only when it is green",
        ),
        (
            "Check that `a == b` holds here",
            "Check that `a != b` holds here",
        ),
        (
            "Pass `--verify` to the release script",
            "Pass `--no-verify` to the release script",
        ),
        (
            "Ada reviews the payment code",
            "Bob reviews the payment code",
        ),
    ] {
        check_duplicate(a, b, None);
    }
}

#[test]
fn what_cannot_both_hold() {
    use Clash::{Opposite, Swapped, Value};
    for (a, b, clash) in [
        ("Use pnpm, not npm", "Use npm, not pnpm", Swapped),
        ("Use pnpm, not npm", "We use npm", Swapped),
        (
            "Lock orders in Postgres instead of Redis",
            "Orders: lock in Redis rather than Postgres",
            Swapped,
        ),
        ("Prefer tabs over spaces", "Use spaces, not tabs", Swapped),
        (
            "Always run migrations by hand",
            "Never run migrations by hand",
            Opposite,
        ),
        (
            "Unit tests never call the Stripe sandbox",
            "Unit tests call the Stripe sandbox",
            Opposite,
        ),
        (
            "Avoid mocks in integration tests",
            "Use mocks in integration tests",
            Opposite,
        ),
        ("Never use `unwrap()`", "Use `unwrap()`", Opposite),
        ("We no longer use pnpm", "We use pnpm", Opposite),
        ("We don't use pnpm anymore", "Use pnpm, not npm", Opposite),
        (
            "Run the formatter before the tests",
            "Run the formatter after the tests",
            Opposite,
        ),
        (
            "The gateway listens on port 8080",
            "The gateway listens on port 9090",
            Value,
        ),
        ("`MAX_RETRIES` = 3", "`MAX_RETRIES` = 5", Value),
        (
            "Start CI with `WORKERS=4`",
            "Start CI with `WORKERS=8`",
            Value,
        ),
        (
            "The default port is 8080",
            "The default port is now 9090.",
            Value,
        ),
        (
            "Sessions live for 30 minutes",
            "Sessions live for 1 hour",
            Value,
        ),
        ("Default port: 8080", "Default port: 9090", Value),
        (
            "The cache TTL is 30 seconds.",
            "TTL of the cache is 60 seconds",
            Value,
        ),
        (
            "Availability is cached for 60 s per harbour; a booking clears it",
            "Never cache availability: two harbours sold one berth twice",
            Opposite,
        ),
        (
            "Do not cache quotes",
            "Cache quotes for a minute at most",
            Opposite,
        ),
        (
            "Rounding is half-even everywhere, because auditors compare sums",
            "Fees are rounded up to the full cent, never half-even: the contract says so",
            Swapped,
        ),
        (
            "Requests to Stripe time out after 30s",
            "Requests to Stripe time out after 60s",
            Value,
        ),
    ] {
        check_conflict(a, b, Some(clash));
    }
}

#[test]
fn what_can_both_hold() {
    for (a, b) in [
        (
            "Use tabs, not spaces, in Makefiles",
            "Use spaces, not tabs, in Python",
        ),
        (
            "Money is integer cents, not floats",
            "Money is integer cents",
        ),
        ("Use Redis for caching", "Never use Redis for locks"),
        ("Use Redis for caching", "We no longer use Memcached"),
        ("We no longer use npm", "Use pnpm, not npm"),
        ("Don't use tabs in Python", "Use tabs"),
        (
            "Call the sandbox in tests of CI",
            "Never call the sandbox in tests unless it is CI",
        ),
        (
            "The parser never panics on bad input",
            "The lexer panics on bad input",
        ),
        (
            "See ADR-0001 on locks in Postgres",
            "See ADR-0002 on locks in Postgres",
        ),
        (
            "Step 1 of the release is the tag",
            "Step 2 of the release is the tag",
        ),
        (
            "Released the gateway on 2026-08-01",
            "Released the gateway on 2026-08-02",
        ),
        (
            "Should the tests call the sandbox?",
            "Tests never call the sandbox",
        ),
        (
            "Run cargo fmt before every commit",
            "Run cargo test before every commit",
        ),
        (
            "Unit tests never call the Stripe sandbox",
            "Unit tests must not call the Stripe sandbox; use FakeGateway",
        ),
        (
            "~~Always run migrations by hand~~",
            "Never run migrations by hand",
        ),
        (
            "[ ] never run migrations by hand",
            "[ ] always run migrations by hand",
        ),
        ("Sessions live for 60 s", "Sessions live for 1 minute"),
        (
            "The cache TTL is 60 seconds",
            "TTL of the cache is 1 minute",
        ),
        (
            "The wait for the lock is 30 seconds",
            "The lease of the lock is 60 seconds",
        ),
        (
            "Fix the crash of an importing module #3497",
            "Fix the crash of an importing module #3498",
        ),
        (
            "<code-toggle config=privacy.x /> is set in your project",
            "<code-toggle config=privacy.vimeo /> is set in your project",
        ),
        (
            "Call the engine on finite machines, not the default engine",
            "By default the engine is one on finite machines",
        ),
        (
            "`start_time_to`: show runs that started before this value",
            "`start_time_from`: show runs that started after this value",
        ),
        (
            "Play online with Vite 7 or scaffold an app with your framework",
            "Play online with Vite 8 or scaffold an app with your framework",
        ),
        (
            "Released to all customers on June 4",
            "Released to all customers on June 23",
        ),
        (
            "Example: the gateway listens on port 8080",
            "Example: the gateway listens on port 9090",
        ),
        (
            "Wait 30s for the gateway",
            "Wait 30 seconds for the gateway",
        ),
        (
            "Never push to main",
            "Push to main triggers a deployment of the site",
        ),
        (
            "Never commit secrets",
            "Commit messages mention secrets of the vault by name",
        ),
        (
            "Never use Redis for locks",
            "Orders are cached in Redis for a minute",
        ),
        (
            "Orders are locked in Postgres, not Redis",
            "Sessions are stored in Redis",
        ),
        (
            "Never edit generated files",
            "Generated files are edited by nobody but `make gen`",
        ),
        (
            "Never cache quotes",
            "Cache quotes are stale after a minute",
        ),
        (
            "Start CI with `WORKERS=4`",
            "Start the release with `WORKERS=8`",
        ),
        (
            "Ada owns payments and the ledger",
            "Bob owns search and the index",
        ),
    ] {
        check_conflict(a, b, None);
    }
}

#[test]
fn entries_of_a_list_have_values_of_their_own() {
    let list = crate::source::notes::atoms(
        "NOTES.md",
        "- The free plan allows 30 requests\n- The free plan allows 60 requests\n",
        None,
    );
    assert_eq!(conflicts(&list), []);
}

#[test]
fn what_stands_under_a_ban_denies_nothing() {
    let note = |path: &str, text: &str| crate::source::notes::atoms(path, text, None);
    let check = |a: &str, b: &str, n: usize| {
        let mut all = note("AGENTS.md", a);
        all.extend(note("NOTES.md", b));
        assert_eq!(conflicts(&all).len(), n, "{a} {b}");
    };
    let wish = "Never call the Stripe sandbox in unit tests.\n";
    check(
        "## Style\n\n- Call the Stripe sandbox in unit tests.\n",
        wish,
        1,
    );
    check(
        "## Don't\n\n- Call the Stripe sandbox in unit tests.\n",
        wish,
        0,
    );
    check(
        "Unit tests may not:\n- Call the Stripe sandbox in unit tests.\n",
        wish,
        0,
    );
    check(
        "Look:\n\n```sh\nCall the Stripe sandbox in unit tests.\n```\n",
        wish,
        0,
    );
}

#[test]
fn entries_of_a_log_replace_each_other() {
    let log = crate::source::notes::atoms(
        "DECISIONS.md",
        "- 2026-06-01: The default port is 8080\n- 2026-07-01: The default port is 9090\n",
        None,
    );
    let found = conflicts(&log);
    assert_eq!(
        (found[0].newer, found[0].older, found[0].clash),
        (1, 0, Clash::Value)
    );
}

#[test]
fn the_newer_comes_first() {
    let found = conflicts(&atoms(&[
        "2026-08-01: use pnpm, not npm",
        "2026-08-02: use npm, not pnpm",
    ]));
    assert_eq!(
        found,
        [Conflict {
            newer: 1,
            older: 0,
            clash: Clash::Swapped
        }]
    );
    let found = duplicates(&atoms(&[
        "use pnpm here",
        "2026-08-02: use pnpm here",
        "use pnpm here",
    ]));
    let pair = |other| Duplicate {
        kept: 1,
        other,
        is_exact: true,
    };
    assert_eq!(found, [pair(0), pair(2)]);
}

#[test]
fn rules_of_other_places_do_not_conflict() {
    let mut both = crate::source::notes::atoms("a/CLAUDE.md", "- Use pnpm, not npm\n", None);
    both.extend(crate::source::notes::atoms(
        "b/CLAUDE.md",
        "- Use npm, not pnpm\n",
        None,
    ));
    assert_eq!(conflicts(&both), []);
    both[1].path = "a/AGENTS.md".to_owned();
    assert_eq!(conflicts(&both).len(), 1);
}

#[test]
fn thousands_of_notes_are_compared_at_once() {
    let text: String = (0..1_500)
        .map(|n| {
            format!(
                "- 2026-08-01 The {n} retry of worker w{} is not like `job_{}`, but so\n",
                n % 7,
                n / 3
            )
        })
        .collect();
    let many = crate::source::notes::atoms("NOTES.md", &text, None);
    assert_eq!(many.len(), 1_500);
    let since = std::time::Instant::now();
    duplicates(&many);
    conflicts(&many);
    assert!(since.elapsed().as_secs() < 10, "{:?}", since.elapsed());
}

proptest! {
    #[test]
    fn any_notes_are_compared(texts in prop::collection::vec("(use |never |not |, |`a` |b |3 |4 |instead of |é|~|if ){0,8}", 0..8)) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let all = atoms(&texts);
        for pair in duplicates(&all) {
            prop_assert!(pair.kept != pair.other && pair.kept.max(pair.other) < all.len());
        }
        for pair in conflicts(&all) {
            prop_assert!(pair.newer != pair.older && pair.newer.max(pair.older) < all.len());
            prop_assert!(all[pair.newer].date >= all[pair.older].date);
        }
    }
}
