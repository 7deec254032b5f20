//! The nearest known name to a mistyped one.

/// Letters of a name that are compared.
const LONGEST: usize = 64;

/// `known` with what `name` begins first, then in order of distance, nearest first; ties keep their order.
pub fn nearest_first<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ranked: Vec<((bool, usize), &str)> = known
        .into_iter()
        .map(|known| ((!begins(name, known), distance(name, known)), known))
        .collect();
    ranked.sort_by_key(|(key, _)| *key);
    ranked.into_iter().map(|(_, known)| known).collect()
}

/// Whether one name begins the other, and is long enough for that to mean something.
fn begins(name: &str, known: &str) -> bool {
    name.len() >= 3 && (known.starts_with(name) || name.starts_with(known))
}

/// The known name that was probably meant, if one is near enough: a third of its letters wrong at most, or one of them begins the other.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let found = *nearest_first(name, known).first()?;
    let longest = name.chars().count().max(found.chars().count()).min(LONGEST);
    (begins(name, found) || distance(name, found) * 3 <= longest).then_some(found)
}

/// Least number of letters to insert, drop, replace or swap with their neighbour (optimal string alignment), blind to case.
/// O(a b) time for a and b letters; names are short, and a long one is cut.
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| -> Vec<char> { text.to_lowercase().chars().take(LONGEST).collect() };
    let (a, b) = (letters(a), letters(b));
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = last;
        last = row;
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        let known = ["budget", "model", "tokenizer", "format", "gpt-5.5"];
        assert_eq!(nearest(name, known), expected, "{name:.20}");
    }

    #[test]
    fn names() {
        check("bugdet", Some("budget"));
        check("BUDGET", Some("budget"));
        check("buget", Some("budget"));
        check("tokeniser", Some("tokenizer"));
        check("tok", Some("tokenizer"));
        check("gpt5.5", Some("gpt-5.5"));
        check("colour", None);
        check("", None);
        check(&"x".repeat(100_000), None);
    }

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "acb"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
