//! XML, the default: one root that any XML 1.0 parser accepts, contents verbatim.
//!
//! Contents with `<` or `&` stand in a CDATA section, so that code reads as it is; escaping it (`&lt;`) lost, since it
//! changes what the reader sees and costs more. A document costs 8 tokens beside its path, 12 with a section (o200k): attributes
//! instead of child elements, and `<![CDATA[` on the tag's own line, are the cheapest of the shapes measured.
//! The newline after the start tag is not part of the contents.

use super::frame::{PREAMBLE, ended, is_inferred, labels, left_out, noun, one_line, shown_task};
use super::{Account, Item, Shape};
use memchr::{memchr2, memmem};
use std::borrow::Cow;

pub(super) const SHAPE: Shape = Shape {
    head,
    item,
    separator: "",
    tail,
};

fn head(_: &Account, _: usize) -> String {
    format!("<context>\n{}\n<documents>\n", escape(PREAMBLE))
}

fn item(item: &Item) -> String {
    let noun = noun(item);
    let mut open = format!("<{noun} path=\"{}\"", quoted(&item.path));
    for (key, value) in labels(item) {
        open.push_str(&format!(" {key}=\"{}\"", quoted(value)));
    }
    element(&open, noun, &item.text)
}

fn tail(account: &Account) -> String {
    let mut tail = String::from("</documents>\n");
    if let Some(line) = left_out(account) {
        tail.push_str(&format!("<omitted>{}</omitted>\n", escape(&line)));
    }
    let task = shown_task(account);
    if !task.is_empty() {
        let open = match is_inferred(account) {
            true => "<task source=\"inferred\"",
            false => "<task",
        };
        tail.push_str(&element(open, "task", &task));
    }
    tail.push_str("</context>\n");
    tail
}

/// An element with text: `open` lacks its `>`.
fn element(open: &str, noun: &str, text: &str) -> String {
    // Clean text holds nothing that XML 1.0 cannot, and no carriage return, which a parser would turn into a newline.
    let text = ended(text);
    let ends_section = memmem::find(text.as_bytes(), b"]]>").is_some();
    if ends_section || memchr2(b'<', b'&', text.as_bytes()).is_some() {
        // A section cannot hold its own end: it is closed and opened again between the brackets and the angle.
        let text = match ends_section {
            true => Cow::Owned(text.replace("]]>", "]]]]><![CDATA[>")),
            false => text,
        };
        [open, "><![CDATA[\n", &text, "]]></", noun, ">\n"].concat()
    } else {
        [open, ">\n", &text, "</", noun, ">\n"].concat()
    }
}

/// For text on one line.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;"),
    )
}

/// For attribute values, which stand in double quotes.
fn quoted(text: &str) -> String {
    escape(&one_line(text)).replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(element("<task", "task", text), expected, "from {text:?}");
    }

    #[test]
    fn a_section_only_where_the_text_needs_one() {
        check("a > b\n", "<task>\na > b\n</task>\n");
        check("a < b\n", "<task><![CDATA[\na < b\n]]></task>\n");
        check(
            "a[b[0]]>c\n",
            "<task><![CDATA[\na[b[0]]]]><![CDATA[>c\n]]></task>\n",
        );
        check("", "<task>\n</task>\n");
        check("no end", "<task>\nno end\n</task>\n");
        check(
            "\x0c\r\u{ffff}é\n",
            "<task><![CDATA[\n\\x0c\\x0d<U+FFFF>é\n]]></task>\n",
        );
    }

    #[test]
    fn attributes_hold() {
        assert_eq!(quoted("a\"<&>\n"), "a&quot;&lt;&amp;&gt;%0A");
    }
}
