//! Plain text: a header that says how many lines follow.
//!
//! `==> src/a.rs (120 lines)`, the 120 lines, an empty line. A reader that counts cannot be deceived by contents that
//! look like headers; separator lines alone lost, because any file can hold them.

use super::frame::{PREAMBLE, ended, is_inferred, left_out, one_line, remark, shown_task};
use super::{Account, Item, Shape};

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
    let mut text = String::new();
    let remark = remark(item);
    if !remark.is_empty() {
        text.push_str(&format!("{remark}\n"));
    }
    let shown = ended(&item.text);
    let n_lines = memchr::memchr_iter(b'\n', shown.as_bytes()).count();
    let plural = if n_lines == 1 { "" } else { "s" };
    let path = one_line(&item.path);
    text.push_str(&format!("==> {path} ({n_lines} line{plural})\n{shown}\n"));
    text
}

fn tail(account: &Account) -> String {
    let mut tail = String::new();
    if let Some(line) = left_out(account) {
        tail.push_str(&format!("Left out: {line}\n\n"));
    }
    let task = shown_task(account);
    if !task.is_empty() {
        let source = if is_inferred(account) {
            " (inferred)"
        } else {
            ""
        };
        tail.push_str(&format!("Task{source}:\n{task}"));
    }
    tail
}
