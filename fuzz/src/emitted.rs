//! Bundles of any bytes: whatever names, contents, labels, tasks and warnings hold, a reader finds what was put in.

use crate::readers;
use ctxpack::emit::{Account, Item, Omissions, Omitted, Proof, finish, manifest, write};
use ctxpack::error::Warning;
use ctxpack::guard::text::{Decoded, clean, decode, path_text};
use ctxpack::request::{Format, Kind, RenderingName, Task, TaskSource};
use ctxpack::tokens::Tokenizer;

/// Four formats, each read back by a reader of its own, and the manifest.
///
/// Bytes become text here as they do in a run; so nothing needs to be excused: contents come back to the letter in each format.
pub fn emit(data: &[u8]) {
    let mut parts = Parts(data);
    let mut account = empty();
    let mut omitted = Vec::new();
    account.room = usize::from(parts.byte()) * 64;
    account.task.text = String::from_utf8_lossy(parts.bytes()).into_owned();
    while !parts.0.is_empty() && account.items.len() < 20 {
        let shape = parts.byte();
        match shape % 8 {
            6 => omitted.push(Omitted {
                own_id: None,
                kind: Kind::File,
                path: path_text(parts.bytes()).into(),
                tokens_full: 1,
                relevance: 0.5,
                reason: "value density under the cut",
            }),
            7 => {
                let path = path_text(parts.bytes());
                let message = String::from_utf8_lossy(parts.bytes()).into_owned();
                account
                    .warnings
                    .push(Warning::new("unreadable", path, message));
            }
            _ => account.items.push(item(shape, &mut parts)),
        }
    }
    account.omitted = omitted.into_iter().collect();
    let mut found = Vec::new();
    for format in [Format::Xml, Format::Markdown, Format::Json, Format::Plain] {
        let bundle = write(format, &account);
        let (items, task) = readers::read(format, &bundle);
        let expected = account.items.iter().map(|item| {
            let mut text = item.text.clone();
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            (item.path.clone(), text)
        });
        let items = items.into_iter().map(|item| (item.path, item.text));
        let items: Vec<_> = items.collect();
        assert_eq!(
            items,
            expected.collect::<Vec<_>>(),
            "{format:?}: {bundle:?}"
        );
        found.push(task);
    }
    found.dedup();
    assert_eq!(found.len(), 1, "formats differ in the task: {found:?}");
    let bundle = finish(Format::Json, account, Tokenizer::O200kBase);
    let _: serde_json::Value = serde_json::from_str(&bundle.text).expect("a bundle is JSON");
    let written = manifest(&bundle);
    let back: ctxpack::emit::Manifest =
        serde_json::from_str(&written.to_json()).expect("a manifest is JSON");
    assert_eq!(back, written);
}

fn item(shape: u8, parts: &mut Parts<'_>) -> Item {
    let kind = [Kind::File, Kind::Note, Kind::Session][usize::from(shape % 3)];
    let rendering = match shape & 0x40 {
        0 => RenderingName::Full,
        _ => RenderingName::Mention,
    };
    let name = match parts.bytes() {
        [] => b"x",
        name => name,
    };
    let bytes = parts.bytes();
    let text = match decode(bytes) {
        Decoded::Text(decoded) => decoded.text,
        // What is no text is no item; a transcript's words come as text.
        Decoded::Binary(_) => clean(&String::from_utf8_lossy(bytes)).0.into_owned(),
    };
    let mut labels = Vec::new();
    if shape & 0x80 != 0 {
        let title = String::from_utf8_lossy(parts.bytes()).into_owned();
        labels.push(("title", title));
    }
    Item {
        id: String::from_utf8_lossy(name).into_owned(),
        kind,
        path: path_text(name),
        rendering,
        lines: Vec::new(),
        labels,
        text,
        tokens: 1,
        value: 1.0,
        relevance: 0.5,
        recency: 0.5,
        reasons: vec![String::from_utf8_lossy(name).into_owned()],
    }
}

fn empty() -> Account {
    Account {
        budget: 8_000,
        room: 0,
        tokenizer: "o200k_base",
        task: Task {
            source: TaskSource::Flag,
            text: String::new(),
        },
        proof: Proof {
            value: 0.0,
            bound: 0.0,
            exact: true,
            price: 0.0,
        },
        chance: None,
        next: Vec::new(),
        items: Vec::new(),
        omitted: Omissions::default(),
        warnings: Vec::new(),
    }
}

/// Input cut into fields: a byte, or a byte with a length and so many bytes behind it.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (field, rest) = self.0.split_at(length);
        self.0 = rest;
        field
    }
}
