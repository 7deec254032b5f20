//! Sections of a Markdown file, by its headings.
//!
//! A scan of lines that knows fences, front matter, comments and both styles of heading. The grammar for Markdown was the
//! alternative: it needs two parsers, and all that is wanted of it are the headings.

use super::structure::MAX_NAME_CHARS;
use super::{Definition, DefinitionKind, LONG_LINES, Outline};

/// An outline whose definitions are sections, each with those of deeper headings under it.
pub(super) fn outline(text: &str) -> Outline {
    let lines: Vec<&str> = text.lines().collect();
    let scan = scan(&lines);
    let mut definitions: Vec<Definition> = Vec::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (idx, heading) in scan.headings.iter().enumerate() {
        while open
            .last()
            .is_some_and(|(level, _)| *level >= heading.level)
        {
            open.pop();
        }
        let next = scan.headings[idx + 1..]
            .iter()
            .find(|later| later.level <= heading.level);
        definitions.push(Definition {
            name: heading.name.clone(),
            kind: DefinitionKind::Section,
            lines: (
                line_of(heading.rows.0),
                next.map_or(line_of(lines.len() - 1), |next| line_of(next.rows.0 - 1)),
            ),
            signature: (line_of(heading.rows.0), line_of(heading.rows.1)),
            parent: open.last().map(|(_, idx)| *idx),
        });
        open.push((heading.level, idx));
    }
    Outline {
        breaks: super::breaks::in_long_stretches(
            scan.paragraphs,
            &definitions,
            super::n_lines(text),
        ),
        definitions,
        ..Outline::default()
    }
}

struct Heading {
    level: usize,
    name: String,
    rows: (usize, usize),
}

struct Scan {
    headings: Vec<Heading>,
    /// First lines of paragraphs and fences.
    paragraphs: Vec<u32>,
}

fn line_of(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX - 1) + 1
}

fn scan(lines: &[&str]) -> Scan {
    let mut headings = Vec::new();
    let mut paragraphs = Vec::new();
    let mut fence: Option<(char, usize)> = None;
    let mut in_comment = false;
    // The row on which the paragraph before this line began.
    let mut paragraph: Option<usize> = None;
    let mut after_blank = true;
    let mut last_break = 0;
    for row in front_matter(lines)..lines.len() {
        let line = lines[row];
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        let blank = line.trim().is_empty();
        // A code block or table longer than a long definition is broken anywhere rather than nowhere.
        let overdue = row >= last_break + 2 * LONG_LINES as usize;
        if !blank
            && ((after_blank && fence.is_none() && !in_comment && !line.starts_with("  "))
                || overdue)
        {
            paragraphs.push(line_of(row));
            last_break = row;
        }
        after_blank = blank;
        if let Some((mark, length)) = fence {
            let run = content.chars().take_while(|c| *c == mark).count();
            if indent < 4 && run >= length && content[run..].trim().is_empty() {
                fence = None;
            }
            continue;
        }
        if in_comment {
            in_comment = !line.contains("-->");
            continue;
        }
        if content.starts_with("<!--") {
            in_comment = !content.contains("-->");
            paragraph = None;
            continue;
        }
        if let Some(opened) = fence_opening(content).filter(|_| indent < 4) {
            fence = Some(opened);
            paragraph = None;
            continue;
        }
        if blank || (indent >= 4 && paragraph.is_none()) {
            paragraph = None;
            continue;
        }
        if let Some((level, name)) = atx(content).filter(|_| indent < 4) {
            headings.push(Heading {
                level,
                name,
                rows: (row, row),
            });
            paragraph = None;
            continue;
        }
        if let (Some(start), Some(level)) = (paragraph, setext(content).filter(|_| indent < 4)) {
            let name = name_of(&lines[start..row].join(" "));
            headings.push(Heading {
                level,
                name,
                rows: (start, row),
            });
            paragraph = None;
            continue;
        }
        paragraph = match paragraph {
            Some(start) if row - start < 4 => Some(start),
            None if begins_paragraph(content) => Some(row),
            _ => None,
        };
    }
    headings.retain(|heading| !heading.name.is_empty());
    Scan {
        headings,
        paragraphs,
    }
}

/// How many lines YAML or TOML front matter takes.
fn front_matter(lines: &[&str]) -> usize {
    let Some(mark) = lines
        .first()
        .map(|line| line.trim_end())
        .filter(|line| matches!(*line, "---" | "+++"))
    else {
        return 0;
    };
    let end = lines
        .iter()
        .skip(1)
        .position(|line| line.trim_end() == mark);
    end.map_or(0, |end| end + 2)
}

fn fence_opening(content: &str) -> Option<(char, usize)> {
    let mark = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let run = content.chars().take_while(|c| *c == mark).count();
    let info = &content[run..];
    (run >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, run))
}

fn atx(content: &str) -> Option<(usize, String)> {
    let level = content.chars().take_while(|c| *c == '#').count();
    let rest = &content[level..];
    if !(1..=6).contains(&level) || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let rest = rest.trim();
    let closed = rest.trim_end_matches('#');
    let name = if closed.is_empty() || closed.ends_with([' ', '\t']) {
        closed
    } else {
        rest
    };
    Some((level, name_of(name)))
}

fn setext(content: &str) -> Option<usize> {
    let line = content.trim_end();
    let mark = line.chars().next().filter(|c| matches!(c, '=' | '-'))?;
    line.chars()
        .all(|c| c == mark)
        .then_some(if mark == '=' { 1 } else { 2 })
}

/// Whether a line can be the text of an underlined heading: no list, quote, table or rule.
fn begins_paragraph(content: &str) -> bool {
    let digits = content.chars().take_while(char::is_ascii_digit).count();
    let numbered = digits > 0 && content[digits..].starts_with(['.', ')']);
    !numbered && !content.starts_with(['>', '|', '-', '*', '+', '=', '<'])
}

fn name_of(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME_CHARS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected` has one `level-of-nesting name first-last` a section.
    fn check(text: &str, expected: &[&str]) {
        let outline = outline(text);
        let mut depths: Vec<usize> = Vec::new();
        let mut found = Vec::new();
        for definition in &outline.definitions {
            let depth = definition.parent.map_or(0, |parent| depths[parent] + 1);
            depths.push(depth);
            found.push(format!(
                "{depth} {} {}-{}",
                definition.name, definition.lines.0, definition.lines.1
            ));
        }
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn headings_nest_by_level() {
        check("", &[]);
        check(
            "# A\ntext\n## B\n### C\n## D #\n# E\n",
            &["0 A 1-5", "1 B 3-4", "2 C 4-4", "1 D 5-5", "0 E 6-6"],
        );
        check("### deep first\n# A\n", &["0 deep first 1-1", "0 A 2-2"]);
        check("#no space\n####### seven\n    # code\n", &[]);
    }

    #[test]
    fn underlined_headings() {
        check(
            "Title\n=====\n\nPart\n---\nx\n",
            &["0 Title 1-6", "1 Part 4-6"],
        );
        check("- item\n---\n", &[]);
        check("\n---\n", &[]);
        check("two\nlines\n---\n", &["0 two lines 1-3"]);
        check("| a |\n|---|\n", &[]);
    }

    #[test]
    fn fences_comments_and_front_matter_hide_headings() {
        check("```sh\n# no\n```\n# yes\n", &["0 yes 4-4"]);
        check("~~~~\n~~~\n# no\n~~~~\n# yes\n", &["0 yes 5-5"]);
        check("``` a`b\n# yes\n", &["0 yes 2-2"]);
        check("```\n# never closed\n", &[]);
        check("<!--\n# no\n-->\n# yes\n", &["0 yes 4-4"]);
        check("---\ntitle: x\n# no\n---\n# yes\n", &["0 yes 5-5"]);
    }
}
