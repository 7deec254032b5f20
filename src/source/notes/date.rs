//! Dates as people write them in headings and at the start of entries.

use jiff::civil;

/// The first date in `text` and where it starts, as Unix seconds of its midnight in UTC.
///
/// Read are `2026-08-20`, `2026/08/20`, `20 August 2026`, `August 20, 2026` and their short months; a time and zone
/// directly after an ISO date count too. Years outside 2000 to 2099 are numbers of something else.
pub fn find(text: &str) -> Option<(i64, usize)> {
    // the year of each begins so, and most lines have none
    let bytes = text.as_bytes();
    if !memchr::memchr_iter(b'2', bytes).any(|at| bytes.get(at + 1) == Some(&b'0')) {
        return None;
    }
    let mut best: Option<(i64, usize)> = None;
    let mut better = |found: Option<(i64, usize)>| {
        if let Some((_, at)) = found
            && best.is_none_or(|(_, other)| at < other)
        {
            best = found;
        }
    };
    better(find_iso(text));
    better(find_words(text));
    best
}

/// The date that opens `text`, after list markers, check boxes, brackets and emphasis.
pub fn opening(text: &str) -> Option<i64> {
    let head = text.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '`');
    let head = head.strip_prefix("x] ").unwrap_or(head);
    let head = &head[..head.floor_char_boundary(40)];
    find(head).filter(|(_, at)| *at == 0).map(|(date, _)| date)
}

fn find_iso(text: &str) -> Option<(i64, usize)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(offset) = bytes.get(at..).and_then(|rest| memchr::memchr(b'2', rest)) {
        at += offset;
        let is_start = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        if is_start && let Some(date) = iso_date(&bytes[at..]) {
            let seconds = clock(&text[at + 10..]).unwrap_or(0);
            return Some((midnight(date)? + seconds, at));
        }
        at += 1;
    }
    None
}

fn iso_date(bytes: &[u8]) -> Option<civil::Date> {
    let is_separator = |b: u8| b == b'-' || b == b'/';
    let (head, rest) = bytes.split_at_checked(10)?;
    if rest.first().is_some_and(u8::is_ascii_digit) || !is_separator(head[4]) || head[4] != head[7]
    {
        return None;
    }
    let number = |range: std::ops::Range<usize>| -> Option<i16> {
        let digits = &head[range];
        digits.iter().all(u8::is_ascii_digit).then_some(())?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    date(number(0..4)?, number(5..7)?, number(8..10)?)
}

fn date(year: i16, month: i16, day: i16) -> Option<civil::Date> {
    (2000..2100).contains(&year).then_some(())?;
    civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn midnight(date: civil::Date) -> Option<i64> {
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second())
}

/// Seconds after midnight UTC of ` 17:40`, `T17:40:05Z`, ` 17:40 -07:00`.
fn clock(text: &str) -> Option<i64> {
    let text = text.strip_prefix(['T', ' '])?;
    let two = |at: usize| -> Option<i64> {
        let digits = text.as_bytes().get(at..at + 2)?;
        digits.iter().all(u8::is_ascii_digit).then_some(())?;
        text.get(at..at + 2)?.parse().ok()
    };
    let (hour, minute) = (two(0)?, two(3)?);
    if text.as_bytes()[2] != b':' || hour > 23 || minute > 59 {
        return None;
    }
    let rest = text.get(5..)?;
    let (second, rest) = match rest.strip_prefix(':').and(two(6)) {
        Some(second) => (second.min(59), text.get(8..)?),
        None => (0, rest),
    };
    let rest = rest
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit())
        .trim_start();
    let zone = rest.as_bytes();
    let offset = match (zone.first(), zone.get(1..3), zone.get(3), zone.get(4..6)) {
        (Some(sign @ (b'+' | b'-')), Some(h), Some(b':'), Some(m))
            if h.iter().chain(m).all(u8::is_ascii_digit) =>
        {
            let number = |two: &[u8]| i64::from(two[0] - b'0') * 10 + i64::from(two[1] - b'0');
            let seconds = number(h) * 3600 + number(m) * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => 0,
    };
    Some(hour * 3600 + minute * 60 + second - offset)
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// `20 August 2026`, `Aug 20, 2026`, `August 20th 2026`.
fn find_words(text: &str) -> Option<(i64, usize)> {
    let mut words: Vec<(&str, usize)> = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_ascii_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push((&text[from..at], from));
                start = None;
            }
            _ => {}
        }
    }
    let month = |word: &str| -> Option<i16> {
        let word = word.to_ascii_lowercase();
        let is_it = |name: &&str| {
            name.starts_with(&word) && (word.len() == 3 || word == **name || word == "sept")
        };
        let index = MONTHS.iter().position(is_it)?;
        (word.len() >= 3).then_some(i16::try_from(index).ok()? + 1)
    };
    let day = |word: &str| -> Option<i16> {
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        matches!(&word[digits.len()..], "" | "st" | "nd" | "rd" | "th").then_some(())?;
        digits.parse().ok()
    };
    for window in words.windows(3) {
        let [(a, at), (b, _), (c, _)] = window else {
            continue;
        };
        let Ok(year) = c.parse::<i16>() else { continue };
        let parts = month(a).zip(day(b)).or_else(|| month(b).zip(day(a)));
        if let Some((month, day)) = parts
            && let Some(found) = date(year, month, day)
        {
            return Some((midnight(found)?, *at));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<&str>) {
        let expected = expected.map(|e| e.parse::<jiff::Timestamp>().unwrap().as_second());
        assert_eq!(find(text).map(|(date, _)| date), expected, "{text}");
    }

    #[test]
    fn dates() {
        check("2026-08-20", Some("2026-08-20T00:00:00Z"));
        check("Entry [2026/08/20]: x", Some("2026-08-20T00:00:00Z"));
        check(
            "Handoff 2026-08-21 17:40 -07:00",
            Some("2026-08-22T00:40:00Z"),
        );
        check("at 2026-08-20T09:04:05.123Z", Some("2026-08-20T09:04:05Z"));
        check("20 August 2026", Some("2026-08-20T00:00:00Z"));
        check("Session of Aug 20th, 2026", Some("2026-08-20T00:00:00Z"));
        for text in [
            "2026",
            "1926-08-20",
            "2026-13-01",
            "2026-08-201",
            "x2026-08-20",
            "v2.0.26",
            "mar 2026",
            "é",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn opening_dates() {
        let check =
            |text: &str, expected: bool| assert_eq!(opening(text).is_some(), expected, "{text}");
        check("- **2026-08-20**: done", true);
        check("- [x] 2026-08-20 done", true);
        check("[2026-08-20] done", true);
        check("Done on 2026-08-20", false);
        check("", false);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(20[0-9]{2}|[-/ T:+Zé]|[0-9]{2}|Aug|may){0,12}") {
            if let Some((date, at)) = find(&text) {
                prop_assert!(text.is_char_boundary(at) && (900_000_000..4_200_000_000).contains(&date));
            }
            opening(&text);
        }
    }
}
