//! Markdown: a heading with the path, then a fence that the contents cannot close.
//!
//! CommonMark closes a fence only with one at least as long, so one backtick more than the longest run in the text is
//! proof against any text. Paths stand in code spans, where nothing is markup; bare paths cost one token less and lost,
//! because `__init__.py` would read as bold. What stands in a line of prose (labels, the names of what was left out) has its
//! marks escaped: a heading of a note could load a picture, or hide all that follows behind `<plaintext>`.

use super::frame::{PREAMBLE, ended, is_inferred, left_out, noun, one_line, remark, shown_task};
use super::{Account, Item, Shape};
use std::borrow::Cow;

pub(super) const SHAPE: Shape = Shape {
    head,
    item,
    separator: "",
    tail,
};

fn head(_: &Account, _: usize) -> String {
    format!("{PREAMBLE}\n\n")
}

fn item(item: &Item) -> String {
    let mut text = format!("## {}\n\n", code_span(&one_line(&item.path)));
    let remark = remark(item);
    if !remark.is_empty() {
        text.push_str(&format!("{}\n\n", inert(&remark)));
    }
    // A mention is prose about a file.
    let language = match noun(item) {
        "document" => language(&item.path),
        _ => "",
    };
    text.push_str(&fenced(&item.text, language));
    text.push('\n');
    text
}

fn tail(account: &Account) -> String {
    let mut tail = String::new();
    if let Some(line) = left_out(account) {
        tail.push_str(&format!("Left out: {}\n\n", inert(&line)));
    }
    let task = shown_task(account);
    if !task.is_empty() {
        let source = if is_inferred(account) {
            " (inferred)"
        } else {
            ""
        };
        tail.push_str(&format!("# Task{source}\n\n{}", fenced(&task, "")));
    }
    tail
}

/// A code span around one line of text, by the rule of CommonMark: a longer run of backticks than any inside, and
/// spaces where the text itself begins or ends with one.
fn code_span(text: &str) -> String {
    let ticks = "`".repeat(longest_run(text) + 1);
    let padded = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let pad = if padded && !text.trim().is_empty() {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Text inside a line of prose, with `\` before what would be markup there: emphasis, code, links, pictures, tags, entities,
/// and escapes. `snake_case` is none.
fn inert(text: &str) -> Cow<'_, str> {
    if !text.contains(['\\', '`', '*', '_', '[', '<', '&']) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let is_mark = match c {
            '\\' | '`' | '*' | '[' | '<' | '&' => true,
            '_' => {
                let after = rest.clone().next().unwrap_or(' ');
                !(before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric())
            }
            _ => false,
        };
        if is_mark {
            shown.push('\\');
        }
        shown.push(c);
        before = c;
    }
    Cow::Owned(shown)
}

/// `text` in a fence that it cannot close.
fn fenced(text: &str, language: &str) -> String {
    // cleaning can join two runs
    let text = ended(text);
    let ticks = "`".repeat((longest_run(&text) + 1).max(3));
    format!("{ticks}{language}\n{text}{ticks}\n")
}

/// Length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    if memchr::memchr(b'`', text.as_bytes()).is_none() {
        return 0;
    }
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// The info string: the file's extension, which highlighters know as well as names, where it is short and plain.
fn language(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && extension.len() <= 10
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            extension
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_outlast_their_text() {
        let check = |text: &str, expected: &str| assert_eq!(fenced(text, "rs"), expected);
        check("a\n", "```rs\na\n```\n");
        check("```\n~~~~~\n", "````rs\n```\n~~~~~\n````\n");
        check("x ```````\n", "````````rs\nx ```````\n````````\n");
        check("", "```rs\n```\n");
        check("`\u{e0041}```\n", "`````rs\n````\n`````\n");
    }

    #[test]
    fn spans_hold_any_name() {
        let check = |text: &str, expected: &str| assert_eq!(code_span(text), expected);
        check("src/__init__.py", "`src/__init__.py`");
        check("a`b", "``a`b``");
        check("`x``", "``` `x`` ```");
        check(" lead", "`  lead `");
        check("#h", "`#h`");
    }

    #[test]
    fn prose_holds_no_markup() {
        let check = |text: &str, expected: &str| assert_eq!(inert(text), expected);
        check("note, line: 2, class: fact", "note, line: 2, class: fact");
        check("form_mapping.go", "form_mapping.go");
        check("__init__.py", "\\_\\_init\\_\\_.py");
        check("![x](http://a/b.png)", "!\\[x](http://a/b.png)");
        check("H <plaintext> &lt; `x", "H \\<plaintext> \\&lt; \\`x");
        check("\"a\\\", b\"", "\"a\\\\\", b\"");
        check("*a* -> b!", "\\*a\\* -> b!");
    }

    #[test]
    fn info_strings_are_plain_extensions() {
        let check = |path: &str, expected: &str| assert_eq!(language(path), expected);
        check("src/a.rs", "rs");
        check("a.tar.gz", "gz");
        check(".gitignore", "");
        check("Makefile", "");
        check("a.b`c", "");
        check("dir.d/file", "");
        check("notes.md:12", "");
    }
}
