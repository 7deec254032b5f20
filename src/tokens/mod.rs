//! Tokens: counting them exactly, and which model counts how.
//!
//! A budget is a promise, so counts are those of the encodings themselves, not estimates; and because thousands of renderings are
//! counted in a run, a count costs little more than reading the text. `tiktoken-rs` is the source of the vocabularies and the
//! oracle in tests, but does not count here: it takes 60 to 150 ms to start, runs at a sixth of the speed, and panics on a megabyte
//! of spaces. Crates that are faster than it were also slower to start, larger by tens of megabytes, or not exact.
//!
//! [`split`] cuts the text into pieces, [`vocabulary`] knows which pieces are tokens, [`merge`] handles those that are not.

mod layout;
mod memo;
mod merge;
mod split;
mod vocabulary;

use layout::MIDDLE;
use memo::Memo;
use std::cell::Cell;
use std::thread::LocalKey;
use vocabulary::{NO_RANK, Vocabulary};

pub mod models;

/// A byte-pair encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tokenizer {
    /// GPT-4o and later.
    #[default]
    O200kBase,
    /// GPT-4 and GPT-3.5.
    Cl100kBase,
}

impl Tokenizer {
    /// Every encoding, the default first.
    pub fn all() -> &'static [Self] {
        &[Self::O200kBase, Self::Cl100kBase]
    }

    /// The encoding's name: `o200k_base` or `cl100k_base`.
    pub fn name(self) -> &'static str {
        match self {
            Self::O200kBase => "o200k_base",
            Self::Cl100kBase => "cl100k_base",
        }
    }

    /// The encoding of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all()
            .iter()
            .copied()
            .find(|tokenizer| tokenizer.name() == name)
    }

    /// Number of tokens of `text`, special-token strings counted as plain text.
    ///
    /// Exact, and never panics. O(n log n) time for n bytes at worst and linear on ordinary text; memory of about 32 times the
    /// longest piece (a word, a run of symbols, a stretch of blanks) if that is 100 bytes or more. Counts do not add up:
    /// the count of a joined text may be less or more than the sum over its parts.
    pub fn count(self, text: &str) -> usize {
        match self {
            Self::O200kBase => count(&vocabulary::O200K, &memo::O200K, split::o200k, text),
            Self::Cl100kBase => count(&vocabulary::CL100K, &memo::CL100K, split::cl100k, text),
        }
    }
}

/// Counts `text`, cut by `piece_end`, in `vocabulary`.
#[inline]
fn count(
    vocabulary: &Vocabulary,
    memo: &'static LocalKey<Cell<Memo>>,
    piece_end: impl Fn(&str, usize) -> usize,
    text: &str,
) -> usize {
    let bytes = text.as_bytes();
    let mut memory = memo.take();
    let (mut start, mut n_tokens) = (0, 0);
    while start < bytes.len() {
        let end = piece_end(text, start);
        let len = end - start;
        n_tokens += if len <= MIDDLE {
            let key = vocabulary::key(bytes, start, len);
            if vocabulary.rank_of_key(key, len) != NO_RANK {
                1
            } else {
                memory.get(key, len, || merge::count(vocabulary, bytes, start, end))
            }
        } else if vocabulary.rank(bytes, start, end) != NO_RANK {
            1
        } else {
            merge::count(vocabulary, bytes, start, end)
        };
        start = end;
    }
    memo.set(memory);
    n_tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Checks both encodings against the reference on `text`, which must not be long enough in blanks for it to give up on.
    #[track_caller]
    fn check(text: &str) {
        for &tokenizer in Tokenizer::all() {
            let expected = oracle(tokenizer, text);
            let found = tokenizer.count(text);
            if found != expected {
                panic!(
                    "{}: {found} tokens, not {expected}, of {:?}",
                    tokenizer.name(),
                    smallest(tokenizer, text)
                );
            }
        }
    }

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
            // Planes 3 to 13 and the private planes hold no classes of their own; the classes of the rest meet every neighbour.
            if page[0] < '\u{34000}' || ('\u{e0000}'..'\u{e0400}').contains(&page[0]) {
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
            "a", "A", "^", "-", "7", "\n", "\r\n", "\r\n\n", " \n", "aA", "漢", "ä", "\u{301}",
            "😀", "ab1", "'s", "=-", "/\n", "\u{301}A", "ªA",
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

    /// The reference panics on a run of a million blanks. It takes runs of some thousands, and from there on both encodings
    /// take one more token for each further `period` blanks.
    #[test]
    fn endless_blanks() {
        for (blank, period) in [(" ", [128, 128]), ("\t", [128, 128])] {
            for (&tokenizer, period) in Tokenizer::all().iter().zip(period) {
                let n = 1_000_000;
                let extrapolated = |n: usize| {
                    let near = 8_192 + (n - 8_192) % period;
                    let step = oracle(tokenizer, &blank.repeat(near + period))
                        - oracle(tokenizer, &blank.repeat(near));
                    oracle(tokenizer, &blank.repeat(near)) + (n - near) / period * step
                };
                assert_eq!(
                    tokenizer.count(&blank.repeat(n)),
                    extrapolated(n),
                    "{} {blank:?}",
                    tokenizer.name()
                );
                // All but the last blank are one piece; it goes with the word.
                let word = oracle(tokenizer, "x") + oracle(tokenizer, &format!("{blank}y"));
                assert_eq!(
                    tokenizer.count(&format!("x{}y", blank.repeat(n))),
                    extrapolated(n - 1) + word
                );
            }
        }
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
    }

    fn oracle(tokenizer: Tokenizer, text: &str) -> usize {
        let bpe = match tokenizer {
            Tokenizer::O200kBase => tiktoken_rs::o200k_base_singleton(),
            Tokenizer::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
        };
        bpe.encode_ordinary(text).len()
    }

    /// Cuts text off both ends for as long as the counts still differ.
    fn smallest(tokenizer: Tokenizer, text: &str) -> &str {
        let mut text = text;
        let mut cut = text.len();
        while cut > 0 {
            let differs = |part: Option<&str>| {
                part.is_some_and(|part| tokenizer.count(part) != oracle(tokenizer, part))
            };
            if differs(text.get(cut..)) {
                text = &text[cut..];
            } else if cut <= text.len() && differs(text.get(..text.len() - cut)) {
                text = &text[..text.len() - cut];
            } else {
                cut /= 2;
            }
        }
        text
    }
}
