//! Outlines of text that no grammar fits: nothing but places to cut.

use super::{LONG_LINES, Outline};

/// An outline without definitions, whose breaks are the first lines of paragraphs.
pub(super) fn outline(text: &str, reason: &'static str) -> Outline {
    Outline {
        breaks: paragraphs(text),
        fallback: Some(reason),
        ..Outline::default()
    }
}

/// Lines after a blank line; where there is none for [`LONG_LINES`] lines, the next line that is not indented.
pub(super) fn paragraphs(text: &str) -> Vec<u32> {
    let mut starts = Vec::new();
    let mut after_blank = true;
    let mut last = 0;
    for (number, line) in (1_u32..).zip(text.lines()) {
        let blank = line.trim().is_empty();
        let overdue = number - last >= LONG_LINES && !line.starts_with([' ', '\t', '}', ')', ']']);
        if !blank && (after_blank || overdue) {
            starts.push(number);
            last = number;
        }
        after_blank = blank;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, breaks: &[u32]) {
        let outline = outline(text, "no grammar");
        assert_eq!(outline.breaks, breaks);
        assert_eq!(outline.fallback, Some("no grammar"));
    }

    #[test]
    fn breaks_at_paragraphs() {
        check("", &[]);
        check("\n \n", &[]);
        check("a\nb\n\n\nc\n", &[1, 5]);
        check("a\r\n\r\nb", &[1, 3]);
        check(&"x\n".repeat(85), &[1, 41, 81]);
        check(&format!("a\n{}b\n", "  x\n".repeat(50)), &[1, 52]);
    }
}
