//! Bundles and manifests, read back: what an earlier run wrote, of any format, for commands that compare.
//!
//! Written for the shapes of this room and no others, where a parser of XML or CommonMark would read much that no bundle is. What is
//! read may come from anywhere: it ends in a list or in an error, and nothing of it is believed further than that.

use super::frame::PREAMBLE;
use super::manifest::{ItemEntry, SCHEMA};
use crate::request::Format;
use serde::Deserialize;
use std::borrow::Cow;

/// A bundle or a manifest, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The bundle's format; `None` for a manifest.
    pub format: Option<Format>,
    /// Tokens of the whole, and how they were counted, where it says so: a manifest and JSON do.
    pub stated: Option<(usize, String)>,
    /// What stands in it, in its order.
    pub items: Vec<WrittenItem>,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WrittenItem {
    /// `file`, `note` or `session`.
    pub kind: String,
    /// As it is shown.
    pub path: String,
    /// The line at which a note stands.
    pub line: Option<u32>,
    /// All that it takes in the bundle, from its first byte to the first of the next; empty for a manifest and JSON, which say `tokens`.
    pub whole: String,
    /// Its text; `None` in a manifest.
    pub text: Option<String>,
    /// How it is written: a manifest and JSON say so, other formats of a mention alone.
    pub rendering: Option<String>,
    /// Which of its lines are shown, where it says so.
    pub lines: Option<Vec<(u32, u32)>>,
    /// What it costs, where it says so.
    pub tokens: Option<usize>,
}

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    /// It is no bundle and no manifest.
    #[error("it is no bundle and no manifest of ctxpack")]
    Foreign,
    /// It begins as one, and then breaks off or goes on as none does.
    #[error("it begins as a bundle and is torn or edited at line {0}")]
    Torn(usize),
    /// A manifest or a JSON bundle that does not parse.
    #[error("{0}")]
    Json(String),
    /// A later version wrote it.
    #[error("it has schema {0}, and this ctxpack reads schema {SCHEMA}")]
    Schema(u32),
}

/// Reads `text`, a bundle of any format or a manifest.
///
/// # Errors
/// [`NotWritten`].
pub fn read(text: &str) -> Result<Written, NotWritten> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.starts_with('{') {
        return read_json(text);
    }
    let start = text.strip_prefix("<context>\n").unwrap_or(text);
    if !start.starts_with(PREAMBLE) {
        return Err(NotWritten::Foreign);
    }
    let (format, rest, next): (_, _, Next) = if start.len() < text.len() {
        let rest = &start[PREAMBLE.len()..];
        let rest = rest.strip_prefix("\n<documents>\n").unwrap_or_default();
        (Format::Xml, rest, next_xml)
    } else {
        let rest = start[PREAMBLE.len()..].trim_start_matches('\n');
        // a heading or a fence; in plain text neither stands between items
        let is_markdown = rest.starts_with("## ") || rest.starts_with("# Task");
        match is_markdown || (rest.starts_with("Left out: ") && rest.contains("\n# Task")) {
            true => (Format::Markdown, rest, next_markdown),
            false => (Format::Plain, rest, next_plain),
        }
    };
    let mut items = Vec::new();
    let mut rest = rest;
    while !is_tail(format, rest) {
        let Some((item, after)) = next(rest) else {
            let n_read = text.len() - rest.len();
            let line = 1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..n_read]).count();
            return Err(NotWritten::Torn(line));
        };
        let whole = rest[..rest.len() - after.len()].to_owned();
        items.push(WrittenItem { whole, ..item });
        rest = after;
    }
    Ok(Written {
        format: Some(format),
        stated: None,
        items,
    })
}

/// Takes one item off the front.
type Next = fn(&str) -> Option<(WrittenItem, &str)>;

/// Whether `rest` is what follows the last item.
fn is_tail(format: Format, rest: &str) -> bool {
    match format {
        Format::Xml => rest.starts_with("</documents>\n"),
        Format::Markdown => {
            rest.is_empty() || rest.starts_with("Left out: ") || rest.starts_with("# Task")
        }
        Format::Plain | Format::Json => {
            rest.is_empty() || rest.starts_with("Left out: ") || rest.starts_with("Task")
        }
    }
}

#[derive(Deserialize)]
struct Json {
    schema: u32,
    tokens: usize,
    tokenizer: String,
    items: Vec<JsonItem>,
}

#[derive(Deserialize)]
struct JsonItem {
    #[serde(flatten)]
    entry: ItemEntry,
    text: Option<String>,
}

fn read_json(text: &str) -> Result<Written, NotWritten> {
    #[derive(Deserialize)]
    struct Version {
        schema: u32,
    }
    let json: Json = serde_json::from_str(text).map_err(|error| {
        match serde_json::from_str::<Version>(text) {
            Ok(it) if it.schema > SCHEMA => NotWritten::Schema(it.schema),
            Ok(_) => NotWritten::Json(error.to_string()),
            Err(_) if error.is_data() => NotWritten::Foreign,
            Err(_) => NotWritten::Json(error.to_string()),
        }
    })?;
    if json.schema != SCHEMA {
        return Err(NotWritten::Schema(json.schema));
    }
    let is_bundle = json.items.iter().any(|item| item.text.is_some());
    let items = json.items.into_iter().map(|JsonItem { entry, text }| {
        let line = entry.id.rsplit_once(':').and_then(|it| it.1.parse().ok());
        WrittenItem {
            line: line.filter(|_| entry.kind == "note"),
            kind: entry.kind,
            path: entry.path,
            whole: String::new(),
            text,
            rendering: Some(entry.rendering),
            lines: Some(entry.lines),
            tokens: Some(entry.tokens),
        }
    });
    Ok(Written {
        format: is_bundle.then_some(Format::Json),
        stated: Some((json.tokens, json.tokenizer)),
        items: items.collect(),
    })
}

/// What an item of this noun is: its kind, and whether it is a mention.
fn kind(noun: &str) -> Option<&'static str> {
    match noun {
        "document" | "mention" => Some("file"),
        "note" => Some("note"),
        "session" => Some("session"),
        _ => None,
    }
}

fn item(noun: &str, path: String, line: Option<&str>, text: &str) -> Option<WrittenItem> {
    let kind = kind(noun)?.to_owned();
    let line = line.filter(|_| kind == "note");
    Some(WrittenItem {
        path,
        line: line.and_then(|line| line.parse().ok()),
        text: Some(text.to_owned()),
        rendering: (noun == "mention").then(|| noun.to_owned()),
        kind,
        ..WrittenItem::default()
    })
}

fn next_xml(rest: &str) -> Option<(WrittenItem, &str)> {
    let (noun, attributes) = rest.strip_prefix('<')?.split_once(" path=\"")?;
    let (path, mut attributes) = attributes.split_once('"')?;
    let mut line = None;
    // values are escaped: the first `>` ends the tag
    while let Some(more) = attributes.strip_prefix(' ') {
        let (key, value) = more.split_once("=\"")?;
        let (value, after) = value.split_once('"')?;
        if key == "line" {
            line = Some(value);
        }
        attributes = after;
    }
    let end = format!("</{noun}>\n");
    let (text, rest) = match attributes.strip_prefix("><![CDATA[\n") {
        Some(text) => {
            let (text, rest) = text.split_once(&format!("]]>{end}"))?;
            (Cow::Owned(text.replace("]]]]><![CDATA[>", "]]>")), rest)
        }
        None => {
            let (text, rest) = attributes.strip_prefix(">\n")?.split_once(&end)?;
            (Cow::Borrowed(text), rest)
        }
    };
    let path = path.replace("&lt;", "<").replace("&gt;", ">");
    let path = path.replace("&quot;", "\"").replace("&amp;", "&");
    Some((item(noun, path, line, &text)?, rest))
}

fn next_markdown(rest: &str) -> Option<(WrittenItem, &str)> {
    let (heading, rest) = rest.strip_prefix("## ")?.split_once("\n\n")?;
    let path = code_span(heading)?;
    let (remark, rest) = match rest.starts_with("```") {
        true => ("", rest),
        false => rest.split_once("\n\n")?,
    };
    let (fence, mut rest) = rest.split_once('\n')?;
    let fence = &fence[..fence.len() - fence.trim_start_matches('`').len()];
    let close = format!("{fence}\n\n");
    let text_start = rest;
    while !rest.starts_with(&close) {
        rest = rest.split_once('\n')?.1;
    }
    let text = &text_start[..text_start.len() - rest.len()];
    let (noun, line) = noun_and_line(remark);
    Some((item(noun, path, line, text)?, &rest[close.len()..]))
}

fn code_span(span: &str) -> Option<String> {
    let inner = span.trim_start_matches('`');
    let n_ticks = span.len() - inner.len();
    // a path of backticks alone stands between blanks
    let text = inner.strip_suffix(&span[..n_ticks])?;
    let padded = text
        .strip_prefix(' ')
        .and_then(|text| text.strip_suffix(' '));
    Some(match padded {
        Some(inner) if !inner.trim().is_empty() => inner.to_owned(),
        _ => text.to_owned(),
    })
}

fn next_plain(rest: &str) -> Option<(WrittenItem, &str)> {
    let (remark, rest) = match rest.starts_with("==> ") {
        true => ("", rest),
        false => rest.split_once('\n')?,
    };
    let (header, mut rest) = rest.strip_prefix("==> ")?.split_once('\n')?;
    let (path, n_lines) = header.rsplit_once(" (")?;
    let n_lines: usize = n_lines.split(' ').next()?.parse().ok()?;
    let text_start = rest;
    for _ in 0..n_lines {
        rest = rest.split_once('\n')?.1;
    }
    let text = &text_start[..text_start.len() - rest.len()];
    let (noun, line) = noun_and_line(remark);
    let item = item(noun, path.to_owned(), line, text)?;
    Some((item, rest.strip_prefix('\n')?))
}

/// Of a line such as `note, line: 3, date: 2026-01-02`: a document has no noun, and no label of ours is called like one.
fn noun_and_line(remark: &str) -> (&str, Option<&str>) {
    let first = remark.split(", ").next().unwrap_or_default();
    let noun = kind(first).map_or("document", |_| first);
    let rest = remark.strip_prefix("note, line: ");
    (noun, rest.and_then(|rest| rest.split(", ").next()))
}
