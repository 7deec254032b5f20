//! What changes in a text, as a unified diff.

use gix::diff::blob::{Algorithm, InternedInput, diff_with_slider_heuristics};

/// Lines shown around each change.
const AROUND: usize = 3;

/// The hunks between `before` and `after`, with three lines around each, as `diff -u` and git show them. Empty where both are the same.
pub fn unified(before: &str, after: &str) -> String {
    let input = InternedInput::new(before, after);
    let diff = diff_with_slider_heuristics(Algorithm::Histogram, &input);
    let (old, new): (Vec<&str>, Vec<&str>) = (
        before.split_inclusive('\n').collect(),
        after.split_inclusive('\n').collect(),
    );
    // ranges of lines from 0, ends exclusive: of the old text, and of the new
    let changes: Vec<(usize, usize, usize, usize)> = diff
        .hunks()
        .map(|hunk| {
            let [a, b, c, d] = [
                hunk.before.start,
                hunk.before.end,
                hunk.after.start,
                hunk.after.end,
            ];
            (a as usize, b as usize, c as usize, d as usize)
        })
        .collect();
    let mut out = String::new();
    for group in changes.chunk_by(|one, next| next.0 - one.1 <= 2 * AROUND) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let (start, end) = (
            first.0.saturating_sub(AROUND),
            (last.1 + AROUND).min(old.len()),
        );
        let new_start = first.2 - (first.0 - start);
        let new_len = last.3 + (end - last.1) - new_start;
        out.push_str(&format!(
            "@@ -{} +{} @@\n",
            range(start, end - start),
            range(new_start, new_len)
        ));
        let mut at = start;
        for &(from, to, new_from, new_to) in group {
            lines(&mut out, ' ', &old[at..from]);
            lines(&mut out, '-', &old[from..to]);
            lines(&mut out, '+', &new[new_from..new_to]);
            at = to;
        }
        lines(&mut out, ' ', &old[at..end]);
    }
    out
}

/// `first,count` as `diff -u` has it: an empty range is named by the line before it.
fn range(start: usize, len: usize) -> String {
    let first = if len == 0 { start } else { start + 1 };
    format!("{first},{len}")
}

fn lines(out: &mut String, mark: char, lines: &[&str]) {
    for line in lines {
        out.push(mark);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str, expected: &str) {
        assert_eq!(unified(before, after), expected);
    }

    #[test]
    fn changes_are_shown_with_what_stands_around_them() {
        check("a\n", "a\n", "");
        check(
            "a\nb\nc\n",
            "a\nx\nc\n",
            "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n",
        );
        check("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n");
        check("a\n", "", "@@ -1,1 +0,0 @@\n-a\n");
        check(
            "a",
            "a\nb\n",
            "@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n",
        );
        let many = |mark: &str| format!("{mark}\n1\n2\n3\n4\n5\n6\n7\n8\n{mark}\n");
        check(
            &many("a"),
            &many("b"),
            "@@ -1,4 +1,4 @@\n-a\n+b\n 1\n 2\n 3\n@@ -7,4 +7,4 @@\n 6\n 7\n 8\n-a\n+b\n",
        );
    }
}
