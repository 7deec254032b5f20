//! Readers of each format, written by its rules and not by the writer's: quick-xml, serde_json, and two small ones.
//! They panic on what no bundle may hold.

use crate::request::Format;

/// Paths and texts of a bundle's items, and the task.
type Read = (Vec<(String, String)>, String);

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
    let mut open: Vec<(String, Option<String>, String)> = Vec::new();
    let mut n_roots = 0;
    loop {
        match reader.read_event().expect("a bundle is well-formed") {
            Event::Eof => break,
            Event::Start(start) => {
                n_roots += usize::from(open.is_empty());
                let mut path = None;
                for attribute in start.attributes() {
                    let attribute = attribute.expect("attributes are quoted and single");
                    let value = attribute
                        .normalized_value(V1)
                        .expect("references are known");
                    if attribute.key.as_ref() == "path" {
                        path = Some(value.into_owned());
                    }
                }
                open.push((start.name().as_ref().to_owned(), path, String::new()));
            }
            Event::End(_) => {
                let (name, path, text) = open.pop().expect("ends match starts");
                let text = text.strip_prefix('\n').unwrap_or(&text).to_owned();
                match path {
                    Some(path) => items.push((path, text)),
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
    let pair = |item: &serde_json::Value| (string(&item["path"]), string(&item["text"]));
    (
        items.iter().map(pair).collect(),
        string(&json["task"]["text"]),
    )
}

/// Headings of level two with a code span, and the fence that follows each, as CommonMark reads them.
fn read_markdown(bundle: &str) -> Read {
    let (mut items, mut task) = (Vec::new(), String::new());
    let mut path = None;
    let mut lines = bundle.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let n_ticks = line.bytes().take_while(|&byte| byte == b'`').count();
        if let Some(span) = line.strip_prefix("## ") {
            path = Some(code_span(span.trim_end_matches('\n')));
        } else if n_ticks >= 3 && !line[n_ticks..].contains('`') {
            let closes = |line: &&str| {
                let line = line.trim_start_matches(' ').trim_end();
                line.len() >= n_ticks && line.bytes().all(|byte| byte == b'`')
            };
            let text: String = lines.by_ref().take_while(|line| !closes(line)).collect();
            match path.take() {
                Some(path) => items.push((path, text)),
                None => task = text,
            }
        }
    }
    (items, task)
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

/// Headers `==> path (n lines)`, each with n lines to skip.
fn read_plain(bundle: &str) -> Read {
    let (mut items, mut task) = (Vec::new(), String::new());
    let mut lines = bundle.split_inclusive('\n');
    while let Some(line) = lines.next() {
        if let Some(header) = line.strip_prefix("==> ") {
            let (path, n_lines) = header
                .rsplit_once(" (")
                .expect("a header ends in its lines");
            let n_lines = n_lines.split(' ').next().and_then(|n| n.parse().ok());
            let text = lines.by_ref().take(n_lines.expect("a number")).collect();
            items.push((path.to_owned(), text));
        } else if line.starts_with("Task") {
            task = lines.by_ref().collect();
        }
    }
    (items, task)
}
