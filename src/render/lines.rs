//! Text of chosen lines: verbatim, with a mark where lines are left out.

/// Joins ranges that touch or overlap; ascending.
pub fn union(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut joined: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match joined.last_mut() {
            Some(previous) if first <= previous.1 + 1 => previous.1 = previous.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    joined
}

/// The mark that says where the text goes on: the next line is line `first` of the file.
pub fn gap(first: u32) -> String {
    format!("… {first}\n")
}

/// How many marks stand before ascending, disjoint ranges of lines.
pub fn n_gaps(ranges: &[(u32, u32)]) -> usize {
    ranges.len() - usize::from(ranges.first().is_some_and(|range| range.0 == 1))
}

/// The lines of a text, each with its newline; the last gets one.
pub struct Lines<'a> {
    starts: Vec<usize>,
    text: &'a str,
}

impl<'a> Lines<'a> {
    /// Splits a text. O(bytes).
    pub fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        if starts.last() == Some(&text.len()) {
            starts.pop();
        }
        Self { starts, text }
    }

    /// Number of lines.
    pub fn len(&self) -> u32 {
        self.starts.len() as u32
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The text of lines `first..=last`, without a newline that the file's last line lacks.
    pub fn slice(&self, first: u32, last: u32) -> &'a str {
        let start = self
            .starts
            .get(first.max(1) as usize - 1)
            .copied()
            .unwrap_or(self.text.len());
        let end = self
            .starts
            .get(last as usize)
            .copied()
            .unwrap_or(self.text.len());
        &self.text[start..end.max(start)]
    }

    /// The text of ascending, disjoint ranges, with a mark before each that does not follow on. Ends in a newline.
    pub fn text(&self, ranges: &[(u32, u32)]) -> String {
        let mut text = String::new();
        let mut next = 1;
        for &(first, last) in ranges {
            if first != next {
                text.push_str(&gap(first));
            }
            text.push_str(self.slice(first, last));
            if !text.ends_with('\n') {
                text.push('\n');
            }
            next = last + 1;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_lines_stand_verbatim_with_marks_between() {
        let lines = Lines::new("a\nb\nc\nd\ne");
        assert_eq!(lines.len(), 5);
        assert_eq!(lines.text(&[(1, 1), (3, 3), (5, 5)]), "a\n… 3\nc\n… 5\ne\n");
        assert_eq!(lines.text(&[(2, 3)]), "… 2\nb\nc\n");
        assert_eq!(Lines::new("").len(), 0);
        assert_eq!(Lines::new("a\n").len(), 1);
    }

    #[test]
    fn ranges_that_touch_are_one() {
        assert_eq!(
            union(vec![(5, 6), (1, 2), (3, 3), (6, 9)]),
            [(1, 3), (5, 9)]
        );
    }
}
