//! Counts against those of the reference implementation, on texts that meet every joint of the expressions.

use super::*;
use fancy_regex::Regex;
use proptest::prelude::*;
use std::sync::LazyLock;
use tiktoken_rs::O200K_BASE_PAT_STR;

/// Checks both encodings against the reference on `text`, which must not be long enough in blanks for it to give up on.
///
/// The pieces are compared, too: most wrong cuts leave the count as it was, until a text comes where they do not.
#[track_caller]
fn check(text: &str) {
    for &tokenizer in Tokenizer::all() {
        let name = tokenizer.name();
        if !cuts_well(tokenizer, text) {
            let text = smallest(text, |part| !cuts_well(tokenizer, part));
            panic!("{name}: wrong pieces of {text:?}");
        }
        let counts_well = |part: &str| tokenizer.count(part) == oracle(tokenizer, part);
        if !counts_well(text) {
            let text = smallest(text, |part| !counts_well(part));
            panic!("{name}: {} tokens of {text:?}", tokenizer.count(text));
        }
        let by_line = tokenizer.count_lines(text);
        assert_eq!(
            by_line.len(),
            text.split_inclusive('\n').count(),
            "{text:?}"
        );
        let sum: usize = by_line.iter().map(|&n| n as usize).sum();
        assert_eq!(sum, tokenizer.count(text), "{name}: {text:?}");
    }
}

/// Whether the splitter ends each piece of `text` where the encoding's own expression does.
fn cuts_well(tokenizer: Tokenizer, text: &str) -> bool {
    static O200K: LazyLock<Regex> = LazyLock::new(|| Regex::new(O200K_BASE_PAT_STR).unwrap());
    static CL100K: LazyLock<Regex> = LazyLock::new(|| Regex::new(CL100K_EXPRESSION).unwrap());
    let (expression, piece_end): (_, fn(&str, usize) -> usize) = match tokenizer {
        Tokenizer::O200kBase => (&*O200K, split::o200k),
        Tokenizer::Cl100kBase => (&*CL100K, split::cl100k),
    };
    let mut start = 0;
    expression.find_iter(text).all(|piece| {
        let piece = piece.unwrap();
        let as_expected = piece.start() == start && piece_end(text, start) == piece.end();
        start = piece.end();
        as_expected
    }) && start == text.len()
}

/// The reference keeps this one to itself.
const CL100K_EXPRESSION: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s";

#[test]
fn names() {
    for &tokenizer in Tokenizer::all() {
        assert_eq!(Tokenizer::from_name(tokenizer.name()), Some(tokenizer));
    }
    assert_eq!(Tokenizer::from_name("O200k"), None);
}

#[test]
fn known_counts() {
    assert_eq!(Tokenizer::O200kBase.count(""), 0);
    assert_eq!(Tokenizer::O200kBase.count("hello world"), 2);
    assert_eq!(Tokenizer::Cl100kBase.count("tiktoken is great!"), 6);
}

#[test]
fn special_tokens_are_text() {
    check("<|endoftext|>");
    check("a<|endoftext|><|fim_prefix|>b<|endofprompt|>");
    assert!(Tokenizer::O200kBase.count("<|endoftext|>") > 1);
}

#[test]
fn contractions() {
    check("I'm you're he's we've they'll I'd don't I'M YOU'RE HE'S WE'VE THEY'LL I'D DON'T");
    check("it'ſ IT'ſx 'ſ 'ſa x'Re x'lL 'tis 's's's '' 'é é's 1's .'s 've'd 'rx 'v 'l a'");
}

#[test]
fn cases_and_marks() {
    check("camelCase PascalCase HTTPServer iOS ABCdef abcDEF aB Ab ABC, _ABC _abC");
    check(
        "ǅabc ABǅ aǅ ǅǅ \u{301}a \u{301}A \u{301}AB! \u{301}\u{301}A e\u{301}E\u{301}! A\u{301}B ABʰCD ʰAB! ªAªA! 漢A漢AB! 漢字abcDEF",
    );
    check(
        "!\u{301}!!\u{301}a \u{301} \u{301}'s A\u{301}'s \u{301}1 \u{a0}\u{301} \u{20dd}A\u{20dd}",
    );
}

#[test]
fn numbers() {
    check("1 12 123 1234 12345 1234567890 1a2b ٣٤٥٦٧ ½⅓Ⅷ①② 12½34 x1 1x 1,234.56");
}

#[test]
fn blanks() {
    check(
        "a  b   c\td\t\te\n\nf \n g\r\n\r\nh \r i  \n  \n  j\u{a0}\u{a0}k\u{2003}\u{2003} l\u{85}m\u{2028}\u{2029}n",
    );
    for end in [
        "",
        " ",
        "  ",
        "\n",
        "\n\n",
        " \n",
        "\n ",
        " \n ",
        "\r",
        "\t\r\n\t",
        "\u{3000}",
        "\n\u{3000}\u{3000}",
    ] {
        check(end);
        check(&format!("x{end}"));
        check(&format!("{end}x"));
        check(&format!(".{end}/{end}."));
        check(&format!("x{end} !{end}1"));
    }
}

#[test]
fn symbols() {
    check(
        "a.b::c->d => { } ;; // /// a/b //\n/\n// .\n/ ?\r\n//x \"\" --- === *** #! <!-- -->\n\n//\n",
    );
    check("😀😀👩‍👩‍👧 é\u{200d} \u{200b}a \u{feff}b \u{e000} \u{378} ™©");
}

/// Every character: alone, and beside those of the other classes. A page at a time, so that errors cannot cancel out unseen.
#[test]
fn every_character() {
    let characters: Vec<char> = ('\0'..=char::MAX).collect();
    for page in characters.chunks(1024) {
        let alone: String = page
            .iter()
            .flat_map(|character| ["\n", character.encode_utf8(&mut [0; 4])].map(String::from))
            .collect();
        check(&alone);
        // The planes left out are ideographs, private or empty, as others here are; the rest meet every neighbour.
        if page[0] < '\u{20000}' || ('\u{e0000}'..'\u{e0400}').contains(&page[0]) {
            check(
                &page
                    .iter()
                    .map(|c| format!("a{c}B{c}{c}'s1{c} {c}c.{c}\n{c} "))
                    .collect::<String>(),
            );
        }
    }
}

#[test]
fn hostile_runs() {
    for text in [
        "a", "A", "^", "-", "7", "\n", "\r\n", "\r\n\n", " \n", "aA", "漢", "ä", "\u{301}", "😀",
        "ab1", "'s", "=-", "/\n", "\u{301}A", "ªA",
    ] {
        for len in [
            1, 2, 3, 7, 49, 50, 51, 98, 99, 100, 101, 128, 129, 1000, 20_000,
        ] {
            check(&text.repeat(len));
        }
    }
}

#[test]
fn pieces_around_the_change_of_method() {
    let mut state = 7_u32;
    for len in (1..300).chain([3000]) {
        let letters = (0..len).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + (state >> 24) as u8 % 26)
        });
        check(&letters.collect::<String>());
    }
}

/// Checks `n` blanks between two words. All but the last are one piece; the last goes before the word.
///
/// The reference panics on long runs of blanks. It takes runs of some thousands, and from there on every further 128 blanks, the
/// longest token of them, add the same in both encodings.
#[track_caller]
fn check_blanks(blank: &str, n: usize) {
    for &tokenizer in Tokenizer::all() {
        let near = |n: usize| oracle(tokenizer, &blank.repeat(n));
        let step = near(4_096 + 128) - near(4_096);
        let expected = near(4_096 + (n - 1) % 128)
            + ((n - 1) / 128 - 32) * step
            + oracle(tokenizer, "x")
            + oracle(tokenizer, &format!("{blank}y"));
        let found = tokenizer.count(&format!("x{}y", blank.repeat(n)));
        assert_eq!(found, expected, "{} {blank:?}", tokenizer.name());
    }
}

#[test]
fn endless_blanks() {
    check_blanks(" ", 5_000);
    check_blanks("\t", 5_000);
    check_blanks(" ", 1_000_000);
    check_blanks("\t", 100_000);
}

#[test]
fn own_sources() {
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut n_files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                check(&text);
                n_files += 1;
            }
        }
    }
    assert!(n_files > 10);
}

/// Fragments that meet the joints of the expressions.
const FRAGMENTS: &[&str] = &[
    "a",
    "b",
    "Z",
    "the",
    "fn",
    "self",
    "HTTP",
    "Error",
    "_",
    "'",
    "'s",
    "'T",
    "'ll",
    "'RE",
    "'ſ",
    "\"",
    ".",
    ",",
    "::",
    "->",
    "/",
    "//",
    "(",
    ")",
    "{",
    "}",
    ";",
    "=",
    "0",
    "1",
    "42",
    "999",
    "12345",
    " ",
    "  ",
    "    ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\u{a0}",
    "\u{3000}",
    "\u{85}",
    "é",
    "ß",
    "Ä",
    "ǅ",
    "ʰ",
    "ª",
    "İ",
    "漢",
    "字",
    "かな",
    "한국",
    "ไทย",
    "שלום",
    "हिन्दी",
    "\u{301}",
    "\u{20dd}",
    "\u{fe0f}",
    "😀",
    "👩‍👩‍👧",
    "٣",
    "½",
    "Ⅷ",
    "\u{200b}",
    "\u{e000}",
    "\u{10ffff}",
    "𝒜",
    "𝒷",
    "<|endoftext|>",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

proptest! {
    #[test]
    fn fragments(parts in prop::collection::vec(prop::sample::select(FRAGMENTS), 0..80)) {
        check(&parts.concat());
    }

    #[test]
    fn few_fragments(parts in prop::collection::vec(prop::sample::select(FRAGMENTS), 1..4), n in 1_usize..40) {
        check(&parts.concat().repeat(n));
    }

    #[test]
    fn code_like(text in r"([a-zA-Z_]{1,12}[ .,:;(){}=+*/'0-9\n\t-]{0,4}){0,40}") {
        check(&text);
    }

    #[test]
    fn blanks_and_newlines(text in r"[ \t\r\n\x0b\x0c\u{85}\u{2028}ax.1]{0,60}") {
        check(&text);
    }

    #[test]
    fn any_text(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn texts_that_add_up(
        before in prop::collection::vec(prop::sample::select(FRAGMENTS), 0..6),
        end in r"[ \t\r\n/>)a.'\u{85}\u{2028}]{0,4}\n",
        after in prop_oneof![any::<String>(), r"[ \t\r\n/<#='0aé\u{301}\u{85}\u{2028}]{0,4}"],
        rest in prop::collection::vec(prop::sample::select(FRAGMENTS), 0..6),
    ) {
        let (before, after) = (before.concat() + &end, after + &rest.concat());
        if Tokenizer::adds_up(&before, &after) {
            for &tokenizer in Tokenizer::all() {
                let joined = tokenizer.count(&format!("{before}{after}"));
                prop_assert_eq!(tokenizer.count(&before) + tokenizer.count(&after), joined);
            }
        }
    }
}

#[test]
fn what_adds_up() {
    let check = |before: &str, after: &str, adds_up: bool| {
        assert_eq!(
            Tokenizer::adds_up(before, after),
            adds_up,
            "{before:?} {after:?}"
        );
    };
    check("", " a", true);
    check("a ", "", true);
    check("}\n", "<document", true);
    check("}\n\n", "é", true);
    check("}", "<document", false);
    check("}\n", "\n", false);
    check("}\n", " a", false);
    check("}\n", "// a", false);
}

fn oracle(tokenizer: Tokenizer, text: &str) -> usize {
    let bpe = match tokenizer {
        Tokenizer::O200kBase => tiktoken_rs::o200k_base_singleton(),
        Tokenizer::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
    };
    bpe.encode_ordinary(text).len()
}

/// Cuts text off both ends for as long as it still `fails`.
fn smallest(text: &str, fails: impl Fn(&str) -> bool) -> &str {
    let mut text = text;
    let mut cut = text.len();
    while cut > 0 {
        if let Some(part) = text.get(cut..).filter(|part| fails(part)) {
            text = part;
        } else if let Some(part) = text
            .len()
            .checked_sub(cut)
            .and_then(|end| text.get(..end))
            .filter(|part| fails(part))
        {
            text = part;
        } else {
            cut /= 2;
        }
    }
    text
}
