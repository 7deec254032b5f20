//! What the numbers of a bundle mean, in words: how probable it is that it holds what has to change, and what more budget would buy.

use crate::cli::budget;
use crate::cli::style::{Style, count, number, plain};
use ctxpack::emit::{Chance, Upgrade};
use ctxpack::request::{Budget, RenderingName};

/// Most stretches of lines that are named one by one.
const MOST_RANGES: usize = 2;

/// A probability to two decimals; never `1.00` or `0.00`, which no model of this kind may say.
pub fn probability(p: f64) -> String {
    match p {
        p if p >= 0.995 => "over 0.99".to_owned(),
        p if p < 0.005 => "under 0.01".to_owned(),
        p => format!("{p:.2}"),
    }
}

/// `Holds the place to change with probability 0.87, and its file with 0.93`.
pub fn chance(chance: &Chance, style: Style) -> String {
    format!(
        "Holds the place to change with probability {}, and its file with {}",
        style.bold(&probability(chance.place)),
        style.bold(&probability(chance.file))
    )
}

/// A small share in percent: `4.21%`, `under 0.01%`.
pub fn share(share: f64) -> String {
    match share * 100.0 {
        percent if percent <= 0.0 => "0%".to_owned(),
        percent if percent < 0.01 => "under 0.01%".to_owned(),
        percent => format!("{percent:.2}%"),
    }
}

/// What 1,000 more tokens buy, as a sentence's end; `price` is a share, as in [`ctxpack::emit::Proof::price`].
pub fn price(price: f64, budget: Budget) -> String {
    let (_, unit) = budget::parts(budget);
    if price <= 0.0 {
        return "everything is in: more budget would buy nothing".to_owned();
    }
    format!(
        "1,000 more {unit} would buy {} of what everything is worth",
        share(price)
    )
}

/// `+640 would widen src/a.rs by lines 40-88`.
pub fn upgrade(upgrade: &Upgrade) -> String {
    use RenderingName::{Digest, Excerpt, Full, Headline, Mention, Outline};
    let path = plain(&upgrade.path);
    let does = match (upgrade.from, upgrade.to) {
        (None, Full) => format!("add {path} in full"),
        (_, Full) => format!("show {path} in full"),
        (Some(Excerpt), Excerpt) => format!("widen {path} by {}", lines(&upgrade.lines)),
        (_, Excerpt) => format!("add {} of {path}", lines(&upgrade.lines)),
        (_, Outline) => format!("outline {path}"),
        (_, Mention) => format!("mention {path}"),
        (None, Digest) => format!("add a digest of {path}"),
        (Some(_), Digest) => format!("tell more of {path}"),
        (_, Headline) => format!("add the headline of {path}"),
    };
    format!("+{} would {does}", number(upgrade.cost))
}

/// `lines 40-88`, `line 7`, or how many they are where they are scattered.
fn lines(ranges: &[(u32, u32)]) -> String {
    let range = |&(first, last): &(u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    let n: usize = ranges
        .iter()
        .map(|(first, last)| (last - first + 1) as usize)
        .sum();
    match ranges {
        ranges if ranges.len() > MOST_RANGES => {
            format!("{} in {} places", count(n, "line"), ranges.len())
        }
        ranges => {
            let named: Vec<String> = ranges.iter().map(range).collect();
            let noun = if n == 1 { "line" } else { "lines" };
            format!("{noun} {}", named.join(" and "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_probability_is_certain() {
        for (p, expected) in [
            (0.0, "under 0.01"),
            (0.005, "0.01"),
            (0.874, "0.87"),
            (0.994_9, "0.99"),
            (0.999, "over 0.99"),
            (1.0, "over 0.99"),
        ] {
            assert_eq!(probability(p), expected);
        }
    }

    #[test]
    fn prices() {
        let check = |share, budget, expected: &str| assert_eq!(price(share, budget), expected);
        let tokens = Budget::Tokens(8_000);
        check(
            0.0,
            tokens,
            "everything is in: more budget would buy nothing",
        );
        check(
            0.00001,
            tokens,
            "1,000 more tokens would buy under 0.01% of what everything is worth",
        );
        check(
            0.0421,
            tokens,
            "1,000 more tokens would buy 4.21% of what everything is worth",
        );
        check(
            0.0421,
            Budget::Bytes(1),
            "1,000 more bytes would buy 4.21% of what everything is worth",
        );
    }

    #[track_caller]
    fn check(from: Option<RenderingName>, to: RenderingName, lines: &[(u32, u32)], expected: &str) {
        let step = Upgrade {
            id: "file:a.rs".to_owned(),
            kind: ctxpack::request::Kind::File,
            path: "a.rs".to_owned(),
            from,
            to,
            lines: lines.to_vec(),
            cost: 2_100,
            value: 0.1,
        };
        assert_eq!(upgrade(&step), expected);
    }

    #[test]
    fn steps() {
        use RenderingName::{Digest, Excerpt, Full, Headline, Mention, Outline};
        check(None, Full, &[(1, 9)], "+2,100 would add a.rs in full");
        check(
            Some(Excerpt),
            Full,
            &[(1, 9)],
            "+2,100 would show a.rs in full",
        );
        check(
            Some(Excerpt),
            Excerpt,
            &[(40, 88)],
            "+2,100 would widen a.rs by lines 40-88",
        );
        check(
            Some(Excerpt),
            Excerpt,
            &[(4, 4)],
            "+2,100 would widen a.rs by line 4",
        );
        check(
            None,
            Excerpt,
            &[(4, 4), (7, 9)],
            "+2,100 would add lines 4 and 7-9 of a.rs",
        );
        check(
            Some(Outline),
            Excerpt,
            &[(4, 4), (7, 9), (12, 12)],
            "+2,100 would add 5 lines in 3 places of a.rs",
        );
        check(
            Some(Mention),
            Outline,
            &[(4, 4)],
            "+2,100 would outline a.rs",
        );
        check(None, Mention, &[], "+2,100 would mention a.rs");
        check(None, Digest, &[], "+2,100 would add a digest of a.rs");
        check(
            Some(Headline),
            Digest,
            &[],
            "+2,100 would tell more of a.rs",
        );
        check(None, Headline, &[], "+2,100 would add the headline of a.rs");
    }
}
