//! Readers of each format, written by its rules and not by the writer's: quick-xml, serde_json, and two small ones.
//! They panic on what no bundle may hold.

use crate::request::Format;

/// A bundle's items, and the task.
type Read = (Vec<ReadItem>, String);

/// What a reader finds of an item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ReadItem {
    pub path: String,
    pub labels: Vec<(String, String)>,
    pub text: String,
}

pub(super) fn read(format: Format, bundle: &str) -> Read {
    match format {
        Format::Xml => read_xml(bundle),
        Format::Markdown => read_markdown(bundle),
        Format::Json => read_json(bundle),
        Format::Plain => read_plain(bundle),
    }
}

fn read_xml(bundle: &str) -> Read {
    use quick_xml::XmlVersion::Explicit1_0 as V1;
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(bundle);
    let (mut items, mut task) = (Vec::new(), String::new());
    let mut open: Vec<(String, Option<ReadItem>, String)> = Vec::new();
    let mut n_roots = 0;
    loop {
        match reader.read_event().expect("a bundle is well-formed") {
            Event::Eof => break,
            Event::Start(start) => {
                n_roots += usize::from(open.is_empty());
                let mut item: Option<ReadItem> = None;
                for attribute in start.attributes() {
                    let attribute = attribute.expect("attributes are quoted and single");
                    let value = attribute
                        .normalized_value(V1)
                        .expect("references are known");
                    let value = value.into_owned();
                    match (attribute.key.as_ref(), &mut item) {
                        ("path", None) => {
                            let path = value;
                            item = Some(ReadItem {
                                path,
                                ..ReadItem::default()
                            });
                        }
                        (key, Some(item)) => item.labels.push((key.to_owned(), value)),
                        _ => {}
                    }
                }
                open.push((start.name().as_ref().to_owned(), item, String::new()));
            }
            Event::End(_) => {
                let (name, item, text) = open.pop().expect("ends match starts");
                let text = text.strip_prefix('\n').unwrap_or(&text).to_owned();
                match item {
                    Some(item) => items.push(ReadItem { text, ..item }),
                    None if name == "task" => task = text,
                    None => {}
                }
            }
            Event::Text(text) => match open.last_mut() {
                Some(element) => element.2.push_str(&text.xml_content(V1)),
                None => assert_eq!(text.xml_content(V1).trim(), ""),
            },
            Event::CData(text) => {
                let element = open.last_mut().expect("sections stand inside the root");
                element.2.push_str(&text.xml_content(V1));
            }
            Event::GeneralRef(_) => {}
            other => panic!("a bundle has no {other:?}"),
        }
    }
    assert_eq!((n_roots, open.len()), (1, 0));
    (items, task)
}

fn read_json(bundle: &str) -> Read {
    let json: serde_json::Value = serde_json::from_str(bundle).expect("one object");
    let string = |value: &serde_json::Value| value.as_str().expect("a string").to_owned();
    let items = json["items"].as_array().expect("a list");
    let labels = |item: &serde_json::Value| {
        let labels = item["labels"].as_object().into_iter().flatten();
        labels
            .map(|(key, value)| (key.clone(), string(value)))
            .collect()
    };
    let item = |item: &serde_json::Value| ReadItem {
        path: string(&item["path"]),
        labels: labels(item),
        text: string(&item["text"]),
    };
    (
        items.iter().map(item).collect(),
        string(&json["task"]["text"]),
    )
}

/// Headings of level two with a code span, the labels below, and the fence that follows each, as CommonMark reads them.
fn read_markdown(bundle: &str) -> Read {
    let (mut items, mut task) = (Vec::new(), String::new());
    let mut item: Option<ReadItem> = None;
    let mut lines = bundle.split_inclusive('\n');
    while let Some(line) = lines.next() {
        if let Some(fence) = Fence::opened_by(line) {
            let text: String = lines
                .by_ref()
                .take_while(|line| !fence.is_closed_by(line))
                .collect();
            match item.take() {
                Some(item) => items.push(ReadItem { text, ..item }),
                None => task = text,
            }
        } else if let Some(span) = line.strip_prefix("## ") {
            item = Some(ReadItem {
                path: code_span(span.trim_end_matches('\n')),
                ..ReadItem::default()
            });
        } else if let Some(item) = item.as_mut().filter(|_| line != "\n") {
            assert!(item.labels.is_empty(), "one line of labels: {line:?}");
            item.labels = labels(&prose(line.trim_end_matches('\n')));
        }
    }
    (items, task)
}

/// A paragraph of one line without markup, its escapes undone (sections 2.4, 6.1 to 6.6).
fn prose(line: &str) -> String {
    let (mut text, mut before) = (String::new(), ' ');
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let after = chars.peek().copied().unwrap_or(' ');
        if c == '\\' && after.is_ascii_punctuation() {
            text.extend(chars.next());
            before = after;
            continue;
        }
        let joins = before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric();
        let is_markup = "`*[<&".contains(c) || (c == '_' && !joins);
        assert!(!is_markup, "live {c:?} in {line:?}");
        text.push(c);
        before = c;
    }
    text
}

/// A line such as `note, date: 2026-01-02, under: "a, b"`.
fn labels(line: &str) -> Vec<(String, String)> {
    let (mut labels, mut rest) = (Vec::new(), line);
    while !rest.is_empty() {
        let end = rest.find([':', ',']).unwrap_or(rest.len());
        let key = rest[..end].to_owned();
        let Some(after) = rest[end..].strip_prefix(": ") else {
            rest = rest[end..].strip_prefix(", ").unwrap_or_default();
            continue; // what the item is
        };
        let mut value = String::new();
        rest = match after.strip_prefix('"') {
            None => {
                let (bare, rest) = after.split_once(", ").unwrap_or((after, ""));
                value.push_str(bare);
                rest
            }
            Some(quoted) => {
                let mut chars = quoted.chars();
                loop {
                    match chars.next().expect("a quoted value ends") {
                        '"' => break,
                        '\\' => value.extend(chars.next()),
                        c => value.push(c),
                    }
                }
                let rest = chars.as_str();
                rest.strip_prefix(", ").unwrap_or(rest)
            }
        };
        labels.push((key, value));
    }
    labels
}

/// A fence of CommonMark 0.31, section 4.5.
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    /// Three or more backticks or tildes, indented by three spaces at most; what follows backticks holds none.
    fn opened_by(line: &str) -> Option<Self> {
        let (mark, length, rest) = Self::parts(line)?;
        let opens = length >= 3 && !(mark == '`' && rest.contains('`'));
        opens.then_some(Self { mark, length })
    }

    /// As many marks or more, of the same kind, with nothing but blanks behind them.
    fn is_closed_by(&self, line: &str) -> bool {
        Self::parts(line).is_some_and(|(mark, length, rest)| {
            let rest = rest.trim_matches([' ', '\t', '\r', '\n']);
            mark == self.mark && length >= self.length && rest.is_empty()
        })
    }

    fn parts(line: &str) -> Option<(char, usize, &str)> {
        let text = line.trim_start_matches(' ');
        let mark = text.chars().next().filter(|mark| "`~".contains(*mark))?;
        let rest = text.trim_start_matches(mark);
        (line.len() - text.len() <= 3).then_some((mark, text.len() - rest.len(), rest))
    }
}

fn code_span(span: &str) -> String {
    let n_ticks = span.bytes().take_while(|&byte| byte == b'`').count();
    let (ticks, rest) = span.split_at(n_ticks);
    let text = rest
        .strip_suffix(ticks)
        .expect("the span is closed at the line's end");
    let longer = text.split(|c| c != '`').any(|run| run.len() == n_ticks);
    assert!(!longer, "the span is closed early: {span:?}");
    match text
        .strip_prefix(' ')
        .and_then(|text| text.strip_suffix(' '))
    {
        Some(inner) if !text.trim().is_empty() => inner.to_owned(),
        _ => text.to_owned(),
    }
}

/// Headers `==> path (n lines)`, each with n lines to skip, and the line of labels before.
fn read_plain(bundle: &str) -> Read {
    let (mut items, mut task) = (Vec::new(), String::new());
    let mut lines = bundle.split_inclusive('\n').skip(1);
    let mut before = "";
    while let Some(line) = lines.next() {
        if let Some(header) = line.strip_prefix("==> ") {
            let (path, n_lines) = header
                .rsplit_once(" (")
                .expect("a header ends in its lines");
            let n_lines = n_lines.split(' ').next().and_then(|n| n.parse().ok());
            let text = lines.by_ref().take(n_lines.expect("a number")).collect();
            items.push(ReadItem {
                path: path.to_owned(),
                labels: labels(before.trim_end_matches('\n')),
                text,
            });
            before = "";
            continue;
        }
        if line.starts_with("Task") {
            task = lines.by_ref().collect();
        }
        before = line;
    }
    (items, task)
}
