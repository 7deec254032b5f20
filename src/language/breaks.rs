//! Where long definitions, and long stretches outside of them, may be cut.

use super::{Definition, LONG_LINES, n_lines};
use tree_sitter::{Node, Tree};

/// Lines at which a child of a long node begins, from the root downwards, in stretches longer than [`LONG_LINES`].
///
/// Generic over grammars: whatever node is too long is opened, and each child that begins its line is a place to cut. That
/// gives statements in blocks, cases in a switch and entries in a table without naming any of them. A comment that fills its
/// line belongs to what follows. Costs a visit to each child of each long node.
pub(super) fn of_tree(text: &str, tree: &Tree, definitions: &[Definition]) -> Vec<u32> {
    let mut starts = Vec::new();
    let mut cursor = tree.walk();
    if !cursor.goto_first_child() {
        return starts;
    }
    // The last row of what stands before the cursor, and the row that belongs to a comment above it.
    let mut previous_row = None;
    let mut commented_row = None;
    let mut depth = 1_u32;
    while depth > 0 {
        let node = cursor.node();
        let row = node.start_position().row;
        let begins_line = previous_row.is_none_or(|previous| previous < row);
        if begins_line && node.is_named() && commented_row != Some(row) && !opens_body(text, node) {
            starts.push(line(row));
        }
        if is_long(node) && !is_text(node) && cursor.goto_first_child() {
            depth += 1;
            // The first child begins no line that its parent has not begun already.
            previous_row = Some(row);
            continue;
        }
        let last_row = last_row(node);
        commented_row = (node.is_extra() && (begins_line || commented_row == Some(row)))
            .then_some(last_row + 1);
        previous_row = Some(last_row);
        while depth > 0 && !cursor.goto_next_sibling() {
            cursor.goto_parent();
            depth -= 1;
            commented_row = None;
        }
    }
    starts.sort_unstable();
    starts.dedup();
    in_long_stretches(starts, definitions, n_lines(text))
}

fn line(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX - 1) + 1
}

fn last_row(node: Node) -> usize {
    let (start, end) = (node.start_position(), node.end_position());
    if end.column == 0 && end.row > start.row {
        end.row - 1
    } else {
        end.row
    }
}

fn is_long(node: Node) -> bool {
    node.end_position().row - node.start_position().row >= LONG_LINES as usize
}

/// Whether what stands inside is text rather than code, where a cut would be as good as anywhere.
fn is_text(node: Node) -> bool {
    let kind = node.kind();
    kind.contains("string") || kind.contains("comment") || kind.contains("heredoc")
}

/// Whether a node begins with a brace that stands alone on its line.
fn opens_body(text: &str, node: Node) -> bool {
    let rest = text.as_bytes().get(node.start_byte()..).unwrap_or_default();
    let line = rest
        .get(..memchr::memchr(b'\n', rest).unwrap_or(rest.len()))
        .unwrap_or_default();
    line.trim_ascii() == b"{"
}

/// Keeps the lines inside a long function, and those of any other stretch between two definitions that is long.
///
/// What begins a definition is known already, and so is what stands between two methods of a class. `starts` is sorted; a
/// file has `n_lines`.
pub(super) fn in_long_stretches(
    starts: Vec<u32>,
    definitions: &[Definition],
    n_lines: u32,
) -> Vec<u32> {
    let mut kept = Vec::new();
    let mut open: Vec<&Definition> = Vec::new();
    let mut covered = 0;
    let mut next = 0;
    for start in starts {
        while let Some(definition) = definitions
            .get(next)
            .filter(|definition| definition.lines.0 <= start)
        {
            covered = covered.max(close(&mut open, definition.lines.0));
            open.push(definition);
            next += 1;
        }
        covered = covered.max(close(&mut open, start));
        let (head_end, end, callable) = match open.last() {
            Some(around) => (
                around.signature.1,
                around.lines.1,
                around.kind.is_callable(),
            ),
            None => (0, n_lines, false),
        };
        let next_start = definitions
            .get(next)
            .map_or(u32::MAX, |definition| definition.lines.0);
        let long = if callable {
            open.last()
                .is_some_and(|around| end - around.lines.0 >= LONG_LINES)
        } else {
            next_start
                .min(end + 1)
                .saturating_sub(head_end.max(covered))
                > LONG_LINES
        };
        if long && head_end < start {
            kept.push(start);
        }
    }
    kept
}

/// Drops the definitions that end before `line`; gives the last line of the one that ends last.
fn close(open: &mut Vec<&Definition>, line: u32) -> u32 {
    let mut last = 0;
    while let Some(around) = open.last().filter(|around| around.lines.1 < line) {
        last = last.max(around.lines.1);
        open.pop();
    }
    last
}
