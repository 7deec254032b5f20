//! Lines of a note put together into pieces that must not be parted: list items, paragraphs, code fences.
//!
//! This is not a Markdown parser on purpose. What matters is where a thought begins and ends, with line numbers, on text
//! that is often half Markdown; a real parser's tree lost on notes such as `claude-progress.txt` and would have to be
//! mapped back to lines anyway.

use super::date;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Blank,
    /// A heading of level 1 to 6; a second line of dashes below it is an [`Line::Underline`].
    Heading(usize),
    Underline,
    /// `---` and its like.
    Rule,
    /// In an HTML comment that starts its line: hosts strip them, and so does this.
    Comment,
    Fence,
    /// A list item at an indentation; ordered or not.
    Item(usize, bool),
    Text(usize),
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An item of a bullet list with its children.
    Bullet,
    /// An ordered list, whole: its steps make sense together.
    Steps,
    /// Running text, a table, or a code fence.
    Paragraph,
    /// A heading with nothing below it that says something by itself.
    Heading,
}

/// A run of lines that stay together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// First line, 0-based.
    pub first: usize,
    /// Last line, 0-based, inclusive.
    pub last: usize,
    /// What it is.
    pub kind: Kind,
    /// The headings above, as indexes of their lines, outermost first.
    pub headings: Vec<usize>,
    /// Pieces with the same number stand in one section with nothing but blank lines between them.
    pub run: usize,
}

/// Longest ordered list that stays whole, in lines.
const MAX_STEPS_LINES: usize = 40;
/// A heading of at least this many words says something by itself.
const MIN_HEADING_WORDS: usize = 4;

/// Cuts lines into pieces. Every line that is not blank, a heading, a rule or a comment is in exactly one; ascending.
pub fn pieces(lines: &[&str]) -> Vec<Piece> {
    let kinds = classify(lines);
    let mut out: Vec<Piece> = Vec::new();
    let mut headings: Vec<(usize, usize)> = Vec::new();
    let mut run = 0;
    // The piece being built, the indentation of its list item, and whether a blank line follows it.
    let mut open: Option<(Piece, Option<usize>)> = None;
    let mut gap = false;
    // A heading that nothing has followed yet.
    let mut bare: Option<usize> = None;
    for (i, kind) in kinds.iter().enumerate() {
        if let Line::Blank = kind {
            gap = true;
            continue;
        }
        if matches!(
            kind,
            Line::Heading(_) | Line::Underline | Line::Rule | Line::Comment
        ) {
            out.extend(open.take().map(|(piece, _)| piece));
            run += 1;
            gap = false;
            if let Line::Heading(level) = kind {
                let ends_bare = headings.last().is_some_and(|(last, _)| level <= last);
                if let Some(heading) = bare.filter(|_| ends_bare) {
                    out.extend(heading_piece(lines, heading, &headings));
                }
                headings.retain(|(other, _)| other < level);
                headings.push((*level, i));
                bare = Some(i);
            }
            continue;
        }
        bare = None;
        let joins = open
            .as_ref()
            .is_some_and(|(piece, indent)| match (kind, indent) {
                // A list item takes its children, and steps the next step.
                (Line::Item(at, ordered), Some(indent)) => {
                    let is_next = piece.kind == Kind::Steps && *ordered && *at <= indent + 1;
                    *at > indent + 1 || (is_next && i - piece.first < MAX_STEPS_LINES)
                }
                // Lazy lines right after it, and indented ones after a gap.
                (Line::Text(at), Some(indent)) => (!gap && !is_dated(lines[i])) || *at > indent + 1,
                (Line::Fence, Some(indent)) => !gap || indent_of(lines[i]) > indent + 1,
                // Text takes what follows without a gap, and a fence that it introduces.
                (Line::Text(_), None) => !gap && !is_dated(lines[i]),
                (Line::Fence, None) => !gap || lines[piece.last].trim_end().ends_with(':'),
                _ => false,
            });
        gap = false;
        if joins {
            if let Some((piece, _)) = &mut open {
                piece.last = i;
            }
            continue;
        }
        out.extend(open.take().map(|(piece, _)| piece));
        let (piece_kind, indent) = match kind {
            Line::Item(at, true) => (Kind::Steps, Some(*at)),
            Line::Item(at, false) => (Kind::Bullet, Some(*at)),
            _ => (Kind::Paragraph, None),
        };
        let piece = Piece {
            first: i,
            last: i,
            kind: piece_kind,
            headings: headings.iter().map(|(_, line)| *line).collect(),
            run,
        };
        open = Some((piece, indent));
    }
    out.extend(open.map(|(piece, _)| piece));
    if let Some(heading) = bare {
        out.extend(heading_piece(lines, heading, &headings));
    }
    out
}

fn heading_piece(lines: &[&str], heading: usize, headings: &[(usize, usize)]) -> Option<Piece> {
    let text = title(lines[heading]);
    let says_something =
        date::find(text).is_some() || text.split_whitespace().count() >= MIN_HEADING_WORDS;
    says_something.then(|| Piece {
        first: heading,
        last: heading,
        kind: Kind::Heading,
        headings: headings
            .iter()
            .map(|(_, line)| *line)
            .filter(|line| *line != heading)
            .collect(),
        run: usize::MAX,
    })
}

/// A heading's text without its marks.
pub fn title(line: &str) -> &str {
    line.trim()
        .trim_start_matches('#')
        .trim_end_matches('#')
        .trim()
}

fn is_dated(line: &str) -> bool {
    date::opening(line).is_some() && !line.starts_with([' ', '\t'])
}

fn indent_of(line: &str) -> usize {
    let mut columns = 0;
    for c in line.chars() {
        match c {
            ' ' => columns += 1,
            '\t' => columns += 4,
            _ => break,
        }
    }
    columns
}

fn classify(lines: &[&str]) -> Vec<Line> {
    let mut kinds: Vec<Line> = Vec::with_capacity(lines.len());
    // For each fence character, the least length known to find no partner further down: keeps this linear.
    let mut unclosed = [usize::MAX; 2];
    let mut skip_until = 0;
    let mut skip_kind = Line::Blank;
    let mut no_comment_end = false;
    for (i, line) in lines.iter().enumerate() {
        if i < skip_until {
            kinds.push(skip_kind);
            continue;
        }
        let trimmed = line.trim();
        let indent = indent_of(line);
        if trimmed.is_empty() {
            kinds.push(Line::Blank);
            continue;
        }
        if let Some((mark, length)) = fence_mark(trimmed) {
            let unclosed = &mut unclosed[usize::from(mark == b'~')];
            let is_close = |other: &&str| {
                let other = other.trim();
                fence_mark(other).is_some_and(|(m, n)| m == mark && n >= length && n == other.len())
            };
            if length < *unclosed {
                if let Some(offset) = lines[i + 1..].iter().position(is_close) {
                    skip_until = i + 1 + offset + 1;
                    skip_kind = Line::Fence;
                    kinds.push(Line::Fence);
                    continue;
                }
                *unclosed = length;
            }
        }
        if trimmed.starts_with("<!--") && !no_comment_end {
            match lines[i..].iter().position(|line| line.contains("-->")) {
                // Text after the comment's end makes its last line a line of text.
                Some(offset) => {
                    let has_text = !lines[i + offset].trim_end().ends_with("-->");
                    let n_comment = offset + usize::from(!has_text);
                    if n_comment > 0 {
                        skip_until = i + n_comment;
                        skip_kind = Line::Comment;
                        kinds.push(Line::Comment);
                        continue;
                    }
                }
                None => no_comment_end = true,
            }
        }
        // Only a single line of text is a title: below more of them dashes are a rule.
        let title = match kinds[..] {
            [.., Line::Text(_) | Line::Item(..), Line::Text(_)] => None,
            [.., Line::Text(0..=3)] if indent < 4 => Some(i - 1),
            _ => None,
        };
        let level = match trimmed.as_bytes()[0] {
            b'=' => 1,
            _ => 2,
        };
        let is_underline = [b'=', b'-']
            .iter()
            .any(|mark| trimmed.bytes().all(|b| b == *mark));
        match title {
            Some(title) if is_underline && trimmed.len() >= 3 => {
                kinds[title] = Line::Heading(level);
                kinds.push(Line::Underline);
            }
            _ => kinds.push(classify_one(trimmed, indent)),
        }
    }
    kinds
}

fn classify_one(trimmed: &str, indent: usize) -> Line {
    let hashes = trimmed.bytes().take_while(|b| *b == b'#').count();
    if (1..=6).contains(&hashes)
        && indent < 4
        && trimmed[hashes..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace)
    {
        return Line::Heading(hashes);
    }
    if let Some(mark @ ('-' | '*' | '_')) = trimmed.chars().next() {
        let mut marks = trimmed.chars().filter(|c| !c.is_whitespace());
        if marks.clone().count() >= 3 && marks.all(|c| c == mark) {
            return Line::Rule;
        }
    }
    if let Some(rest) = trimmed.strip_prefix(['-', '*', '+', '•'])
        && rest.starts_with([' ', '\t'])
    {
        return Line::Item(indent, false);
    }
    let digits = trimmed.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=3).contains(&digits)
        && let Some(rest) = trimmed[digits..].strip_prefix(['.', ')'])
        && rest.starts_with([' ', '\t'])
    {
        return Line::Item(indent, true);
    }
    Line::Text(indent)
}

/// The mark and length of a code fence.
fn fence_mark(trimmed: &str) -> Option<(u8, usize)> {
    let mark = *trimmed.as_bytes().first()?;
    let length = trimmed.bytes().take_while(|b| *b == mark).count();
    let is_fence =
        length >= 3 && (mark == b'~' || mark == b'`' && !trimmed[length..].contains('`'));
    is_fence.then_some((mark, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The pieces as `first-last` (1-based), with a letter for the kind.
    fn check(text: &str, expected: &str) {
        let lines: Vec<&str> = text.lines().collect();
        let found: Vec<String> = pieces(&lines)
            .iter()
            .map(|piece| {
                let letter = match piece.kind {
                    Kind::Bullet => 'b',
                    Kind::Steps => 's',
                    Kind::Paragraph => 'p',
                    Kind::Heading => 'h',
                };
                format!("{letter}{}-{}", piece.first + 1, piece.last + 1)
            })
            .collect();
        assert_eq!(found.join(" "), expected, "{text}");
    }

    #[test]
    fn lists() {
        check(
            "- a\n- b\n  more\n  - child\n\n  still b\n- c\nlazy",
            "b1-1 b2-6 b7-8",
        );
        check("* a\n\n* b\ntext\n\nafter", "b1-1 b3-4 p6-6");
        check("1. a\n2. b\n   - c\n\n3. d\n- e", "s1-5 b6-6");
        check("text\n- a", "p1-1 b2-2");
    }

    #[test]
    fn fences_stay_whole() {
        check("```\n# no heading\n\n- no item\n```", "p1-5");
        check("Run:\n\n```sh\na\n\nb\n```\ntail", "p1-8");
        check("- a\n  ```\n  x\n\n  y\n  ```\n- b", "b1-6 b7-7");
        check("````\n```\n````\n\n- a", "p1-3 b5-5");
        check("```\nnever closed\n\n# H\ntext", "p1-2 p5-5");
        check("text.\n\n```\nx\n```", "p1-1 p3-5");
    }

    #[test]
    fn headings_rules_and_comments_are_no_text() {
        check(
            "# A\ntext\n---\n\n***\nmore\n<!-- x\ny -->\nend",
            "p6-6 p9-9",
        );
        check("Title\n=====\ntext", "p3-3");
        check("<!-- a\nb --> text\n<!-- c --> more", "p2-3");
        check("<!-- never closed\ntext", "p1-2");
        check("#hashtag", "p1-1");
        check(
            "# Short\n## Also short\n## 2026-08-20 Done\n## Four words say something\n# End",
            "h3-3 h4-4",
        );
        check("# We lock with Postgres now\n## Why\ntext", "p3-3");
    }

    #[test]
    fn dated_lines_begin_anew() {
        check("2026-08-20 one\nmore\n2026-08-21 two", "p1-2 p3-3");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn every_text_line_is_in_exactly_one_piece(
            lines in prop::collection::vec(
                "( {0,5}(- |1\\. |# |```|~~~|<!--|-->|---|===|2026-08-20 |\\||> )?[a-z]{0,3}(```|-->)?)", 0..40),
        ) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let found = pieces(&lines);
            let mut n_pieces = vec![0; lines.len()];
            let mut last = None;
            for piece in &found {
                prop_assert!(piece.first <= piece.last && last.is_none_or(|last| last < piece.first), "ascending");
                last = Some(piece.last);
                for n in &mut n_pieces[piece.first..=piece.last] {
                    *n += 1;
                }
            }
            let kinds = classify(&lines);
            for (i, kind) in kinds.iter().enumerate() {
                match kind {
                    Line::Fence | Line::Item(..) | Line::Text(_) => prop_assert_eq!(n_pieces[i], 1, "line {} {:?}", i, kind),
                    Line::Heading(_) | Line::Blank => prop_assert!(n_pieces[i] <= 1),
                    Line::Underline | Line::Rule | Line::Comment => prop_assert_eq!(n_pieces[i], 0),
                }
            }
            // No fence is cut.
            for i in (1..lines.len()).filter(|i| kinds[*i] == Line::Fence && kinds[i - 1] == Line::Fence) {
                let holds = |piece: &&Piece| (piece.first..piece.last).contains(&(i - 1));
                prop_assert!(found.iter().any(|piece| holds(&piece)), "fence at line {}", i);
            }
        }
    }
}
