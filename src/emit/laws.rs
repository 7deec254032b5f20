//! What holds for every format, checked on arbitrary bundles: nothing in them can forge structure, and costs add up.
//!
//! Each format is read back by a reader of its own (see `readers`): what a stranger's parser finds in a bundle is what
//! was put in.

use super::readers::{ReadItem, read};
use super::*;
use crate::guard::text::{Decoded, clean, decode, path_bytes, path_text};
use crate::request::TaskSource;
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::LazyLock;

const FORMATS: [Format; 4] = [Format::Xml, Format::Markdown, Format::Json, Format::Plain];

static O200K: LazyLock<tiktoken_rs::CoreBPE> =
    LazyLock::new(|| tiktoken_rs::o200k_base().expect("the vocabulary is built in"));

static CL100K: LazyLock<tiktoken_rs::CoreBPE> =
    LazyLock::new(|| tiktoken_rs::cl100k_base().expect("the vocabulary is built in"));

fn count(text: &str) -> usize {
    O200K.encode_ordinary(text).len()
}

/// `account`, with the items' own counts.
fn counted(format: Format, mut account: Account) -> Account {
    for n in 0..account.items.len() {
        account.items[n].tokens = count(&item(format, &account.items[n]));
    }
    account
}

fn count_cl100k(text: &str) -> usize {
    CL100K.encode_ordinary(text).len()
}

// Arbitrary bundles.

/// Any Unicode, rich in what means something to a format.
fn nasty() -> impl Strategy<Value = String> {
    let means_something = vec![
        "]]>",
        "<![CDATA[",
        "</document>\n",
        "<document path=\"x\">",
        "</context>",
        "&lt;",
        "&",
        "<",
        "\"",
        "'",
        "`",
        "```",
        "\n```\n",
        "\n~~~~\n",
        "\n## `x`\n",
        "# Task",
        "\n==> a (1 line)\n",
        "\nTask:\n",
        " (3 lines)",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        " ",
        "\t",
        "\0",
        "\x1b[2J",
        "\u{85}",
        "\u{2028}",
        "\u{202e}",
        "\u{fffe}",
        "\u{ffff}",
        "%0A",
        "\\",
        "\"}],",
        "\u{feff}",
        "… 58\n",
        "fn main() {}\n",
        "--",
        ", class: principle",
        ": ",
        "<\u{200b}/document>",
        "＜/document＞",
        "\u{e0041}\u{e0042}",
        "\u{feff}\u{200b}",
        "::error::x",
        "\n==> ",
        "&#10;",
        "&x;",
        "<!DOCTYPE a>",
        "    ",
        "<?x?>",
        "<!--",
    ];
    let bundles: Vec<String> = FORMATS.map(|format| write(format, &sample())).into();
    let piece = prop_oneof![
        1 => proptest::sample::select(bundles),
        1 => "\n {0,4}[`~]{3,40}[a-z ]{0,3}\n?",
        3 => proptest::sample::select(means_something).prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
        1 => "[a-z_./]{1,8}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Bytes, rich in what means something.
fn any_bytes(least: usize) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        1 => nasty().prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(piece, 0..4)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("a name is not empty", move |bytes| bytes.len() >= least)
}

/// Numbers as scores are, and as they must never be.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -1e9..1e9, 1 => proptest::sample::select(vec![f64::NAN, f64::INFINITY, -0.0])]
}

fn any_item() -> impl Strategy<Value = Item> {
    let kind = proptest::sample::select(vec![Kind::File, Kind::Note, Kind::Session]);
    let rendering = proptest::sample::select(vec![
        RenderingName::Full,
        RenderingName::Excerpt,
        RenderingName::Mention,
        RenderingName::Headline,
    ]);
    let path = nasty().prop_filter("a path is not empty", |path| !path.is_empty());
    let key = proptest::sample::select(vec!["date", "class", "path", "Not a key", ""]);
    let labels = proptest::collection::vec((key, nasty()), 0..3);
    (kind, path, rendering, labels, nasty(), number(), nasty()).prop_map(
        |(kind, path, rendering, labels, text, value, reason)| Item {
            id: format!("{}:{path}", kind.as_str()),
            kind,
            path,
            rendering,
            lines: vec![(1, 3), (7, 7)],
            labels,
            text,
            tokens: 12,
            value,
            relevance: 0.5,
            recency: 0.25,
            reasons: vec![reason],
        },
    )
}

fn any_account() -> impl Strategy<Value = Account> {
    let items = proptest::collection::vec(any_item(), 0..6);
    let omitted = proptest::collection::vec((nasty(), number()), 0..4);
    let warnings = proptest::collection::vec((nasty(), nasty()), 0..3);
    (
        items,
        nasty(),
        any::<bool>(),
        omitted,
        warnings,
        0_usize..40_000,
    )
        .prop_map(
            |(items, task, inferred, omitted, warnings, budget)| Account {
                budget,
                room: budget,
                tokenizer: "o200k_base",
                task: Task {
                    source: if inferred {
                        TaskSource::Inferred
                    } else {
                        TaskSource::Stdin
                    },
                    text: task,
                },
                proof: Proof {
                    value: 8.0,
                    bound: 9.0,
                    exact: false,
                    price: 0.0,
                },
                chance: None,
                next: vec![],
                items,
                omitted: omitted
                    .into_iter()
                    .map(|(path, relevance)| Omitted {
                        own_id: None,
                        kind: Kind::File,
                        path: path.into(),
                        tokens_full: 7,
                        relevance,
                        reason: "value density under the cut",
                    })
                    .collect(),
                warnings: warnings
                    .into_iter()
                    .map(|(path, message)| Warning::new("unreadable", path, message))
                    .collect(),
            },
        )
}

/// What a reader should find: names and labels on one line (JSON holds any), texts clean and ended.
fn expected(format: Format, item: &Item) -> ReadItem {
    let held = |text: &str| match format {
        Format::Json => text.to_owned(),
        _ => frame::one_line(text).into_owned(),
    };
    let mut labels: Vec<(String, String)> = frame::labels(item)
        .map(|(key, value)| (key.to_owned(), held(value)))
        .collect();
    if format == Format::Json {
        labels.sort();
    }
    let mut text = clean(&item.text).0.into_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    ReadItem {
        path: held(&item.path),
        labels,
        text,
    }
}

/// A file as a run would show it.
fn of_bytes(name: &[u8], content: &[u8]) -> Item {
    let text = match decode(content) {
        Decoded::Text(clean) => clean.text,
        Decoded::Binary(_) => clean(&String::from_utf8_lossy(content)).0.into_owned(),
    };
    let path = path_text(name);
    Item {
        id: format!("file:{path}"),
        path,
        text,
        labels: Vec::new(),
        ..sample().items[1].clone()
    }
}

proptest! {
    #[test]
    fn a_bundle_reads_back_as_its_items(account in any_account()) {
        for format in FORMATS {
            let bundle = write(format, &account);
            let (items, task) = read(format, &bundle);
            let wanted: Vec<_> = account.items.iter().map(|item| expected(format, item)).collect();
            prop_assert_eq!(items, wanted, "{:?}: {}", format, bundle);
            let shown = frame::shown_task(&account);
            prop_assert_eq!(task, shown, "{:?}: {}", format, bundle);
        }
    }

    #[test]
    fn what_commands_read_is_what_a_stranger_reads(account in any_account()) {
        for format in FORMATS {
            let bundle = write(format, &account);
            let written = super::read(&bundle).expect("a bundle of ours");
            let (items, _) = read(format, &bundle);
            prop_assert!(items.is_empty() || written.format == Some(format));
            let found: Vec<_> = written.items.iter().map(|it| (&*it.kind, &*it.path, it.text.as_deref())).collect();
            let kinds = account.items.iter().map(|item| item.kind.as_str());
            let wanted: Vec<_> = items.iter().zip(kinds).map(|(it, kind)| (kind, &*it.path, Some(&*it.text))).collect();
            prop_assert_eq!(found, wanted, "{:?}: {}", format, bundle);
            for (found, given) in written.items.iter().zip(&account.items) {
                let is_whole = found.whole == item(format, given);
                prop_assert!(format == Format::Json || is_whole, "{:?}: {}", format, bundle);
            }
        }
    }

    #[test]
    fn a_torn_bundle_is_an_error_or_shorter(account in any_account(), at in any::<proptest::sample::Index>()) {
        for format in FORMATS {
            let bundle = write(format, &account);
            let cut = at.index(bundle.len());
            let cut = (0..=cut).rev().find(|at| bundle.is_char_boundary(*at)).unwrap_or(0);
            if let Ok(written) = super::read(&bundle[..cut]) {
                prop_assert!(written.items.len() <= account.items.len());
            }
        }
    }

    #[test]
    fn names_and_contents_of_any_bytes_come_back(
        files in proptest::collection::vec((any_bytes(1), any_bytes(0)), 1..5),
    ) {
        let mut account = sample();
        account.items = files.iter().map(|(name, content)| of_bytes(name, content)).collect();
        for format in FORMATS {
            let bundle = write(format, &account);
            let (items, _) = read(format, &bundle);
            prop_assert_eq!(items.len(), files.len(), "{:?}: {}", format, bundle);
            for ((found, given), (name, _)) in items.iter().zip(&account.items).zip(&files) {
                prop_assert_eq!(&path_bytes(&found.path), name);
                prop_assert_eq!(found.text.trim_end_matches('\n'), given.text.trim_end_matches('\n'));
            }
            // Nothing in it steers a terminal, and there is no JSON in which it would.
            let odd = |c: char| c != '\n' && c != '\t' && frame::is_unruly(c) && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}');
            prop_assert!(!bundle.contains(odd), "{:?}: {:?}", format, bundle);
        }
    }

    #[test]
    fn costs_add_up(account in any_account()) {
        for format in FORMATS {
            for count in [count, count_cl100k] {
                let parts: usize = account.items.iter().map(|i| count(&item(format, i))).sum();
                let sum = count(&frame(format, &account)) + parts;
                let whole = count(&write(format, &account));
                // The last item of a JSON list has no comma.
                let slack = usize::from(format == Format::Json && !account.items.is_empty());
                prop_assert!(whole <= sum && sum <= whole + slack, "{format:?}: {whole} for {sum}");
            }
        }
    }

    #[test]
    fn a_bundle_is_counted_whole(account in any_account()) {
        for format in FORMATS {
            let bundle = finish(format, counted(format, account.clone()), Tokenizer::O200kBase);
            prop_assert_eq!(bundle.tokens, count(&bundle.text), "{:?}", format);
        }
    }

    #[test]
    fn a_manifest_reads_back(account in any_account()) {
        let bundle = finish(Format::Xml, counted(Format::Xml, account), Tokenizer::O200kBase);
        let manifest = manifest(&bundle);
        let back: Manifest = serde_json::from_str(&manifest.to_json()).expect("valid JSON");
        prop_assert_eq!(back, manifest);
    }
}

/// A bundle as it may be.
fn sample() -> Account {
    let item = |kind: Kind, path: &str, rendering, labels, lines, text: &str| Item {
        id: format!("{}:{path}", kind.as_str()),
        kind,
        path: path.to_owned(),
        rendering,
        lines,
        labels,
        text: text.to_owned(),
        tokens: 40,
        value: 31.204_18,
        relevance: 0.81,
        recency: 0.44,
        reasons: vec!["defines `solve_greedy`, named in the task".to_owned()],
    };
    let note = vec![
        ("date", "2026-01-02".to_owned()),
        ("class", "gotcha".to_owned()),
    ];
    let session = vec![("date", "2026-01-03".to_owned())];
    let omitted = |kind: Kind, path: &str, relevance| Omitted {
        own_id: None,
        kind,
        path: path.into(),
        tokens_full: 4120,
        relevance,
        reason: "value density under the cut",
    };
    Account {
        budget: 27_000,
        room: 27_000,
        tokenizer: "o200k_base",
        task: Task {
            source: TaskSource::Flag,
            text: "Why is `solve_greedy` slow for n < 10?".to_owned(),
        },
        proof: Proof {
            value: 812.4,
            bound: 812.9,
            exact: false,
            price: 0.004_218_3,
        },
        chance: Some(Chance {
            place: 0.871_24,
            file: 0.93,
        }),
        next: vec![Upgrade {
            id: "file:src/solve/greedy.rs".to_owned(),
            kind: Kind::File,
            path: "src/solve/greedy.rs".to_owned(),
            from: Some(RenderingName::Excerpt),
            to: RenderingName::Full,
            lines: vec![(13, 39), (89, 152)],
            cost: 640,
            value: 0.002_417,
        }],
        items: vec![
            item(
                Kind::File,
                "src/solve/greedy.rs",
                RenderingName::Excerpt,
                vec![],
                vec![(1, 2), (58, 60)],
                "use std::cmp::Reverse;\n\n… 58\nfn solve_greedy<T>(n: &[T]) -> bool {\n    n.len() < 10\n}\n",
            ),
            item(
                Kind::File,
                "src/__init__.py",
                RenderingName::Full,
                vec![],
                vec![(1, 1)],
                "VERSION = \"1\"\n",
            ),
            item(
                Kind::File,
                "docs/guide.md",
                RenderingName::Full,
                vec![],
                vec![(1, 4)],
                "# Guide\n```sh\nctxpack -b 8k\n```\n",
            ),
            item(
                Kind::File,
                "src/empty.rs",
                RenderingName::Full,
                vec![],
                vec![],
                "",
            ),
            item(
                Kind::File,
                "src/solve/exact.rs",
                RenderingName::Mention,
                vec![],
                vec![],
                "412 lines; defines solve_exact, Branch\n",
            ),
            item(
                Kind::Note,
                "PROGRESS.md:12",
                RenderingName::Full,
                note,
                vec![(12, 12)],
                "- ties go to the smaller cost\n",
            ),
            item(
                Kind::Session,
                "2026-01-03/fix-ties",
                RenderingName::Digest,
                session,
                vec![],
                "asked: mend ties; open: bench\n",
            ),
        ],
        omitted: [
            omitted(Kind::File, "src/solve/frontier.rs", 0.22),
            omitted(Kind::File, "src/old.rs", 0.02),
            omitted(Kind::Note, "NOTES.md:3", 0.0),
        ]
        .into_iter()
        .collect(),
        warnings: vec![Warning::new(
            "secret-redacted",
            "config/dev.env",
            "one value was redacted",
        )],
    }
}

/// Compares with a file in `golden/`; `UPDATE_EXPECT=1` writes it instead.
fn check_golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("src/emit/golden")
        .join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, text).expect("golden files can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{name} differs; UPDATE_EXPECT=1 accepts");
}

#[test]
fn a_small_bundle_in_each_format() {
    for (format, name) in [
        (Format::Xml, "bundle.xml"),
        (Format::Markdown, "bundle.md"),
        (Format::Json, "bundle.json"),
        (Format::Plain, "bundle.txt"),
    ] {
        check_golden(name, &settle(format, &sample(), count).0);
    }
    let (text, tokens) = settle(Format::Xml, &sample(), count);
    let bundle = Bundle {
        text,
        tokens,
        account: sample(),
        format: Format::Xml,
    };
    check_golden("manifest.json", &manifest(&bundle).to_json());
}

/// The version of the crate stands in golden files too, so this names the keys that scripts rely on once more.
#[test]
fn the_manifest_has_the_keys_of_the_contract() {
    let bundle = finish(
        Format::Xml,
        counted(Format::Xml, sample()),
        Tokenizer::O200kBase,
    );
    let json: serde_json::Value =
        serde_json::from_str(&manifest(&bundle).to_json()).expect("valid JSON");
    let keys = |value: &serde_json::Value| {
        let object = value.as_object().expect("an object");
        let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys.join(" ")
    };
    assert_eq!(
        keys(&json),
        "budget chance items next omitted schema solver task tokenizer tokens tool warnings"
    );
    assert_eq!(keys(&json["tool"]), "name version");
    assert_eq!(keys(&json["task"]), "source text");
    assert_eq!(keys(&json["solver"]), "bound exact gap model price value");
    assert_eq!(
        keys(&json["items"][0]),
        "id kind lines path reasons recency relevance rendering tokens value"
    );
    assert_eq!(
        keys(&json["omitted"][0]),
        "id kind path reason relevance tokens_full"
    );
    assert_eq!(keys(&json["chance"]), "file place");
    assert_eq!(
        keys(&json["next"][0]),
        "cost from id kind lines path to value"
    );
    assert_eq!(keys(&json["warnings"][0]), "code message path");
}

#[test]
fn a_json_bundle_states_its_own_count() {
    let mut account = sample();
    account.items.truncate(1);
    // Every size around the step from three to four digits, where a count could chase itself.
    let mut counts = Vec::new();
    for n_words in 0..1_100 {
        account.items[0].text = format!("{}\n", "word ".repeat(n_words));
        if !(980..1_020).contains(&(n_words + counts.first().unwrap_or(&980))) && n_words % 100 != 0
        {
            continue;
        }
        let (text, tokens) = settle(Format::Json, &account, count);
        let json: serde_json::Value = serde_json::from_str(&text).expect("valid JSON");
        assert_eq!(json["tokens"].as_u64(), Some(tokens as u64));
        assert_eq!(tokens, count(&text));
        counts.push(tokens);
    }
    assert!(
        counts.contains(&998) && counts.contains(&1_000),
        "{counts:?}"
    );
}

#[test]
fn framing_is_thrifty() {
    let cost = |format, item_idx: usize| {
        let item = &sample().items[item_idx];
        count(&super::item(format, item)) - count(&item.text) - count(&item.path)
    };
    for format in [Format::Xml, Format::Markdown, Format::Plain] {
        assert!(cost(format, 1) <= 10, "{format:?}: {}", cost(format, 1));
        assert!(cost(format, 0) <= 14, "{format:?}: {}", cost(format, 0));
    }
}

#[test]
fn the_frame_is_small_whatever_was_left_out_and_however_long_the_task() {
    let mut account = sample();
    let first = account.omitted.iter().next().unwrap().clone();
    let long = Omitted {
        path: "deep/".repeat(600).into(),
        relevance: 0.1,
        ..first.clone()
    };
    let rest = Omitted {
        relevance: 0.05,
        ..first.clone()
    };
    let rest = std::iter::repeat_n(rest, 5_000);
    account.omitted = [first, long].into_iter().chain(rest).collect();
    account.warnings = vec![account.warnings[0].clone(); 5_000];
    account.task.text = "error: it failed\n".repeat(20_000);
    for format in FORMATS {
        for (budget, share) in [(1_000, 0.6), (8_000, 0.4), (32_000, 0.4)] {
            account.budget = budget;
            account.room = budget;
            let n_tokens = count(&frame(format, &account));
            assert!(
                n_tokens as f64 <= share * budget as f64,
                "{format:?}: {n_tokens} of {budget}"
            );
        }
    }
}

#[test]
fn the_first_line_never_changes() {
    let mut other = sample();
    other.task.text = "something else".to_owned();
    other.items.remove(0);
    for format in [Format::Xml, Format::Markdown, Format::Plain] {
        let (one, other) = (write(format, &sample()), write(format, &other));
        let n_same = one
            .bytes()
            .zip(other.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        assert!(n_same > frame::PREAMBLE.len(), "{format:?}");
    }
}
