//! What holds of every outline, whatever the text: checked on samples that chance has damaged.

use super::promises::check;
use super::{Language, outline, samples};
use proptest::prelude::*;

/// A change to a text; places are fractions of its length.
#[derive(Debug, Clone)]
enum Damage {
    Remove(f64, usize),
    Insert(f64, Vec<u8>),
    Repeat(f64, usize, usize),
    Cut(f64),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = 0.0..1.0_f64;
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..8),
        prop::sample::select(vec![
            "{", "}", "(", ")", "\"", "'", "`", "/*", "*/", "#", "\n", "\r\n", "\\\n", "end\n",
            "\"\"\"", "<<A\n", "\u{feff}", "é", "\0", "\t"
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
    ];
    prop_oneof![
        (place.clone(), 1..60_usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        (place.clone(), piece).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        (place.clone(), 1..80_usize, 1..6_usize)
            .prop_map(|(at, length, times)| Damage::Repeat(at, length, times)),
        place.prop_map(Damage::Cut),
    ]
}

fn damaged(text: &str, damages: &[Damage]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for damage in damages {
        let place = |at: f64| (at * bytes.len() as f64) as usize;
        match damage {
            Damage::Remove(at, length) => {
                let from = place(*at);
                bytes.drain(from..(from + length).min(bytes.len()));
            }
            Damage::Insert(at, piece) => {
                let at = place(*at);
                bytes.splice(at..at, piece.iter().copied());
            }
            Damage::Repeat(at, length, times) => {
                let from = place(*at);
                let piece = bytes[from..(from + length).min(bytes.len())].repeat(*times);
                bytes.splice(from..from, piece);
            }
            Damage::Cut(at) => bytes.truncate(place(*at)),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Few cases a run: each costs a parse, and there are many languages. Set `PROPTEST_CASES` to look harder.
fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(24);
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn damaged_samples_keep_the_promises(damages in proptest::collection::vec(damage(), 0..6)) {
        for (language, _, text) in samples::all() {
            let text = damaged(&text, &damages);
            let found = outline(&text, Some(language));
            check(&text, &found);
            prop_assert_eq!(&found, &outline(&text, Some(language)));
        }
    }

    #[test]
    fn bytes_of_any_kind_keep_the_promises(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&bytes);
        for (language, ..) in samples::all() {
            check(&text, &outline(&text, Some(language)));
        }
        check(&text, &outline(&text, None));
    }

    #[test]
    fn unparsed_samples_keep_the_promises(damages in proptest::collection::vec(damage(), 0..4)) {
        for (language, _, text) in samples::all() {
            let text = damaged(&text, &damages) + &"(".repeat(600);
            let found = outline(&text, Some(language));
            check(&text, &found);
            let parsed = if language == Language::from_id("markdown").unwrap() { None } else { Some("too deep") };
            prop_assert_eq!(found.fallback, parsed);
        }
    }
}
