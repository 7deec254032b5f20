//! Changes to files that people wrote: what is theirs stays as it is, byte for byte, and what was added can be taken out again.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use serde_json::Value;

/// One file, and what is to stand in it.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Below the root of the repository, with `/`.
    pub path: &'static str,
    /// What is to stand there.
    pub what: What,
}

/// What is to stand in a file.
#[derive(Debug, Clone)]
pub enum What {
    /// Values in a JSON object; comments and closing commas may stand there.
    Json(Vec<Put>),
    /// A table of TOML: the keys that lead to it, and its own lines.
    Toml(&'static [&'static str; 2], &'static str),
    /// The whole file.
    Whole(&'static str),
    /// Lines between two marks at the end of a file, which must not have this key of YAML already.
    Lines(&'static str, &'static str),
}

/// One value in JSON.
#[derive(Debug, Clone)]
pub struct Put {
    /// The keys that lead to it.
    pub at: &'static [&'static str],
    /// Whether it is an element of the list there, rather than the value itself.
    pub is_element: bool,
    /// The value.
    pub value: CstInputValue,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing: it is as it should be.
    None,
    /// It gets this text.
    Write(String),
    /// It goes, because nothing would be left in it.
    Delete,
    /// Nothing, because something of a person's is in the way.
    Left(String),
}

/// Marks of [`What::Lines`].
const MARKS: (&str, &str) = ("# ctxpack: begin\n", "# ctxpack: end\n");

/// How JSON is read: as its readers do, which take comments and closing commas, and nothing else beyond the standard.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// What writing `edit` into a file with the text `before` changes; `None` is a file that is not there.
pub fn apply(edit: &Edit, before: Option<&str>) -> Change {
    let (mark, before) = without_mark(before);
    let text = before.unwrap_or_default();
    let after = match &edit.what {
        What::Json(puts) => put(text, puts),
        What::Toml(keys, lines) => put_table(text, keys, lines),
        What::Whole(whole) if before.is_none_or(|text| text == *whole) => Ok((*whole).to_owned()),
        What::Whole(_) => Err("is there already, and stays as it is".to_owned()),
        What::Lines(key, lines) => put_lines(text, key, lines),
    };
    match after {
        Err(why) => Change::Left(why),
        Ok(after) if before == Some(&after) => Change::None,
        Ok(after) => Change::Write(format!("{mark}{}", with_ends_of(text, after))),
    }
}

/// What taking `edit` out of a file with the text `before` changes.
pub fn undo(edit: &Edit, before: Option<&str>) -> Change {
    let (mark, before) = without_mark(before);
    let Some(text) = before else {
        return Change::None;
    };
    let after = match &edit.what {
        What::Json(puts) => take(text, puts),
        What::Toml(keys, _) => take_table(text, keys),
        What::Whole(whole) if text == *whole => Ok(String::new()),
        What::Whole(_) => Err("was changed since, and stays".to_owned()),
        What::Lines(..) => Ok(take_lines(text)),
    };
    match after {
        Err(why) => Change::Left(why),
        Ok(after) if after == text => Change::None,
        Ok(after) if matches!(after.trim(), "" | "{}") => Change::Delete,
        Ok(after) => Change::Write(format!("{mark}{}", with_ends_of(text, after))),
    }
}

/// The byte order mark that a text may begin with, as some editors on Windows write it, and the rest.
fn without_mark(text: Option<&str>) -> (&'static str, Option<&str>) {
    const MARK: &str = "\u{feff}";
    match text.map(|text| (text, text.strip_prefix(MARK))) {
        Some((_, Some(rest))) => (MARK, Some(rest)),
        _ => ("", text),
    }
}

/// Line ends as the file has them: where most are CRLF, all are.
fn with_ends_of(before: &str, text: String) -> String {
    let n_lines = before.matches('\n').count();
    if 2 * before.matches("\r\n").count() > n_lines {
        text.replace("\r\n", "\n").replace('\n', "\r\n")
    } else {
        text
    }
}

fn parse(text: &str) -> Result<CstRootNode, String> {
    CstRootNode::parse(text, &OPTIONS)
        .map_err(|error| format!("is no JSON that can be read, and stays as it is: {error}"))
}

fn put(text: &str, puts: &[Put]) -> Result<String, String> {
    let root = parse(text)?;
    let top = root
        .object_value_or_create()
        .ok_or("holds no JSON object, and stays as it is")?;
    let is_new = text.trim().is_empty();
    for Put {
        at,
        is_element,
        value,
    } in puts
    {
        let Some((last, above)) = at.split_last() else {
            continue;
        };
        let other = |key: &str| format!("has a `{key}` of another kind, and stays as it is");
        let mut object = top.clone();
        for key in above {
            object = object
                .object_value_or_create(key)
                .ok_or_else(|| other(key))?;
        }
        if *is_element {
            let list = object
                .array_value_or_create(last)
                .ok_or_else(|| other(last))?;
            if !list.elements().iter().any(is_ours) {
                list.ensure_multiline();
                list.append(value.clone());
            }
        } else if object.get(last).is_none() {
            object.append(last, value.clone());
        }
    }
    let text = root.to_string();
    Ok(if is_new {
        format!("{}\n", text.trim())
    } else {
        text
    })
}

/// Whether a value calls ctxpack and nothing else: what it names as a command, it or its one hook, is `ctxpack`.
fn is_ours(node: &CstNode) -> bool {
    fn calls(value: &Value) -> bool {
        let command = match &value["command"] {
            Value::Array(words) => words.first().and_then(Value::as_str),
            word => word.as_str(),
        };
        let hooks = value["hooks"].as_array();
        command.is_some_and(|line| line.split(' ').next() == Some("ctxpack"))
            || hooks.is_some_and(|hooks| matches!(&hooks[..], [one] if calls(one)))
    }
    node.to_serde_value().is_some_and(|value| calls(&value))
}

fn take(text: &str, puts: &[Put]) -> Result<String, String> {
    let root = parse(text)?;
    let Some(top) = root.object_value() else {
        return Ok(text.to_owned());
    };
    for Put { at, is_element, .. } in puts {
        take_one(&top, at, *is_element);
    }
    Ok(root.to_string())
}

/// Takes what is ours out of the place that `at` leads to, and whatever is empty then.
fn take_one(object: &CstObject, at: &[&str], is_element: bool) {
    let Some((key, below)) = at.split_first() else {
        return;
    };
    let Some(member) = object.get(key) else {
        return;
    };
    let is_empty_now = if !below.is_empty() {
        let Some(inner) = member.object_value() else {
            return;
        };
        let n_before = inner.properties().len();
        take_one(&inner, below, is_element);
        n_before > 0 && inner.properties().is_empty()
    } else if is_element {
        member
            .array_value()
            .is_some_and(|list| take_elements(&list))
    } else {
        member.value().is_some_and(|value| is_ours(&value))
    };
    if is_empty_now {
        member.remove();
    }
}

/// Whether nothing is left of a list that something was taken out of.
fn take_elements(list: &CstArray) -> bool {
    let ours: Vec<CstNode> = list.elements().into_iter().filter(is_ours).collect();
    let took = !ours.is_empty();
    ours.into_iter().for_each(CstNode::remove);
    took && list.elements().is_empty()
}

fn document(text: &str) -> Result<toml_edit::DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let line = error
            .span()
            .map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        format!("is no TOML that can be read, and stays as it is: line {line}")
    })
}

fn put_table(text: &str, keys: &[&str; 2], lines: &str) -> Result<String, String> {
    let [above, name] = keys;
    let document = document(text)?;
    let stays = || format!("has a `{above}` that no table can be added to, and stays as it is");
    match document.get(above) {
        None => {}
        Some(item) => {
            let table = item.as_table().ok_or_else(stays)?;
            if table.contains_key(name) {
                return Ok(text.to_owned());
            }
            if table.is_dotted() {
                return Err(stays());
            }
        }
    }
    // a table at the end changes nothing of what stands before it
    let gap = match text {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    Ok(format!("{text}{gap}[{above}.{name}]\n{lines}"))
}

fn take_table(text: &str, keys: &[&str; 2]) -> Result<String, String> {
    let [above, name] = keys;
    let mut document = document(text)?;
    let Some(table) = document
        .get_mut(above)
        .and_then(toml_edit::Item::as_table_mut)
    else {
        return Ok(text.to_owned());
    };
    let command = table
        .get(name)
        .and_then(|ours| ours.get("command")?.as_str());
    if command != Some("ctxpack") {
        return Ok(text.to_owned());
    }
    table.remove(name);
    if table.is_empty() && table.is_implicit() {
        document.remove(above);
    }
    Ok(document.to_string())
}

fn put_lines(text: &str, key: &str, lines: &str) -> Result<String, String> {
    let (begin, end) = MARKS;
    if text.contains(begin.trim()) {
        return Ok(text.to_owned());
    }
    if text.lines().any(|line| {
        line.strip_prefix(key)
            .is_some_and(|rest| rest.trim_start().starts_with(':'))
    }) {
        let own = lines.lines().find(|line| line.starts_with(key));
        return Err(format!(
            "has a `{key}` of its own, and stays as it is; to be added by hand: {}",
            own.unwrap_or(key)
        ));
    }
    if text
        .lines()
        .any(|line| matches!(line.trim_end(), "---" | "..."))
    {
        return Err("has marks of several documents, and stays as it is".to_owned());
    }
    let gap = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    Ok(format!("{text}{gap}{begin}{lines}{end}"))
}

fn take_lines(text: &str) -> String {
    let unix = text.replace("\r\n", "\n");
    let cut = unix.split_once(MARKS.0).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(MARKS.1)?;
        Some(format!("{before}{after}"))
    });
    cut.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonc_parser::json;

    fn hooks() -> Edit {
        let hook =
            json!({"hooks": [{"type": "command", "command": "ctxpack hook codex", "timeout": 10}]});
        Edit {
            path: "hooks.json",
            what: What::Json(vec![
                Put {
                    at: &["hooks", "SessionStart"],
                    is_element: true,
                    value: hook,
                },
                Put {
                    at: &["servers", "ctxpack"],
                    is_element: false,
                    value: json!({"command": "ctxpack"}),
                },
            ]),
        }
    }

    fn table() -> Edit {
        Edit {
            path: "c.toml",
            what: What::Toml(&["servers", "ctxpack"], "command = \"ctxpack\"\n"),
        }
    }

    fn lines() -> Edit {
        Edit {
            path: "c.yml",
            what: What::Lines("read", "read: [a.md]\n"),
        }
    }

    /// What is written, once and twice the same, parts of it, and that undoing it gives back what was there.
    #[track_caller]
    fn check(edit: &Edit, before: &str, parts: &[&str]) {
        let Change::Write(once) = apply(edit, Some(before)) else {
            panic!("{before}: {:?}", apply(edit, Some(before)));
        };
        for part in parts {
            assert!(once.contains(part), "{part}:\n{once}");
        }
        assert_eq!(apply(edit, Some(&once)), Change::None, "{once}");
        let back = match undo(edit, Some(&once)) {
            Change::Write(back) => back,
            Change::Delete => String::new(),
            other => panic!("{once}: {other:?}"),
        };
        assert_eq!(back, before, "{once}");
        assert_eq!(undo(edit, Some(before)), Change::None, "{before}");
    }

    #[track_caller]
    fn check_left(edit: &Edit, before: &str) {
        assert!(
            matches!(apply(edit, Some(before)), Change::Left(_)),
            "{before}: {:?}",
            apply(edit, Some(before))
        );
    }

    #[test]
    fn json_of_others_stays() {
        check(
            &hooks(),
            "{\n  // ours\n  \"model\": \"x\", // best\n  \"b\": [1,2]\n}\n",
            &["// ours", "\"b\": [1,2]"],
        );
        check(
            &hooks(),
            "{\n\t\"servers\": {\n\t\t\"z\": {\"command\": \"z\"}\n\t}\n}\n",
            &["\n\t\t\"ctxpack\": {"],
        );
        let theirs = "{\n  \"hooks\": {\n    \"SessionStart\": [\n      {\n        \"hooks\": [\n          { \"type\": \"command\", \"command\": \"date\" }\n        ]\n      }\n    ]\n  }\n}\n";
        check(
            &hooks(),
            theirs,
            &[
                "\"command\": \"date\"",
                "\"command\": \"ctxpack hook codex\"",
            ],
        );
        check(
            &hooks(),
            "",
            &["{\n  \"hooks\": {\n    \"SessionStart\": [\n"],
        );
    }

    #[test]
    fn a_hook_that_was_changed_by_hand_is_known() {
        let Change::Write(once) = apply(&hooks(), None) else {
            panic!()
        };
        let changed = once
            .replace("10", "20")
            .replace("hook codex", "hook codex --no-home");
        assert_eq!(apply(&hooks(), Some(&changed)), Change::None);
        assert_eq!(undo(&hooks(), Some(&changed)), Change::Delete);
        // two hooks in one entry are a person's
        let both = once.replace("[\n          {", "[\n          {\"command\": \"date\"}, {");
        assert!(both.contains("date"), "{both}");
        let Change::Write(left) = undo(&hooks(), Some(&both)) else {
            panic!()
        };
        assert!(
            left.contains("date") && left.contains("hook codex") && !left.contains("servers"),
            "{left}"
        );
    }

    #[test]
    fn what_cannot_be_added_to_is_left() {
        for before in [
            "[]",
            "3",
            "{",
            "{\"hooks\": []}",
            "{\"hooks\": {\"SessionStart\": {}}}",
            "{\"a\" 1}",
            "{'a': 1}",
            &"[".repeat(100_000),
        ] {
            check_left(&hooks(), before);
        }
        for before in [
            "servers = { z = { command = \"z\" } }\n",
            "servers = 3\n",
            "servers.z.command = 1\n",
            "[",
            "[[servers]]\n",
        ] {
            check_left(&table(), before);
        }
        for before in [
            "read: x\n",
            "read : x\n",
            "---\na: 1\n",
            "a: 1\n---\nb: 2\n",
        ] {
            check_left(&lines(), before);
        }
        let server = "{\"hooks\": {}, \"servers\": {\"ctxpack\": {\"command\": \"mine\"}}}";
        let Change::Write(after) = apply(&hooks(), Some(server)) else {
            panic!()
        };
        assert!(
            after.contains("mine") && !after.contains("\"command\": \"ctxpack\""),
            "{after}"
        );
    }

    #[test]
    fn toml_of_others_stays() {
        check(
            &table(),
            "# ours\r\na = 1 # best\r\n",
            &["# best\r\n\r\n[servers.ctxpack]\r\n"],
        );
        check(
            &table(),
            "[servers.z]\ncommand = \"z\"\n",
            &["[servers.z]\ncommand = \"z\"\n\n[servers.ctxpack]\n"],
        );
        check(&table(), "[servers]\n\n[other]\na = 1\n", &[]);
        check(&table(), "", &["[servers.ctxpack]\ncommand"]);
    }

    #[test]
    fn a_byte_order_mark_stays() {
        check(
            &hooks(),
            "\u{feff}{\r\n  \"a\": 1\r\n}\r\n",
            &["\u{feff}{\r\n  \"a\": 1,\r\n"],
        );
        check(&table(), "\u{feff}a = 1\n", &["\u{feff}a = 1\n"]);
        check(&lines(), "\u{feff}model: x\n", &["\u{feff}model"]);
        check_left(&lines(), "\u{feff}read: x\n");
    }

    #[test]
    fn yaml_of_others_stays() {
        check(
            &lines(),
            "# ours\nmodel: x\nready: 1\n",
            &["ready: 1\n# ctxpack: begin\nread: [a.md]\n"],
        );
        check(&lines(), "", &["# ctxpack: end\n"]);
    }

    #[test]
    fn a_file_of_ours_is_ours_while_it_is_as_it_was() {
        let edit = Edit {
            path: "a.md",
            what: What::Whole("a\n"),
        };
        assert_eq!(apply(&edit, None), Change::Write("a\n".to_owned()));
        check_left(&edit, "b\n");
        assert_eq!(undo(&edit, Some("a\n")), Change::Delete);
        assert!(matches!(undo(&edit, Some("b\n")), Change::Left(_)));
    }
}
