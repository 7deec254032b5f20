//! From a syntax tree to an [`Outline`]: runs the query and puts what it captured in order.

use super::captures::{self, Captures, Role};
use super::leading::Leading;
use super::table::Language;
use super::{Definition, DefinitionKind, Outline, Reference, breaks, column_zero, n_lines};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::ControlFlow;
use tree_sitter::{Node, QueryCursor, QueryCursorOptions, QueryMatch, StreamingIterator, Tree};

/// The most matches that may be in progress at once; beyond it tree-sitter drops the oldest. Bounds the time on hostile text.
const MATCH_LIMIT: u32 = 8_192;

/// How many steps (in units of a thousand, which is how often it reports) a query may take: so many in any file, so many a byte, and
/// fewer a byte of what is beyond the first. Eleven thousand files took 0.0013 a byte in the middle and 0.02 at most; chains of ten
/// thousand calls take over 1, and a megabyte of them, at 0.1 throughout, took 18 s.
const FREE_STEPS: u64 = 200;
const STEPS_PER_BYTE: f64 = 0.1;
const STEPS_PER_LATER_BYTE: f64 = 0.01;
const FIRST_BYTES: usize = 64 * 1024;

/// The longest name kept, in characters: names of tests are sentences.
pub(super) const MAX_NAME_CHARS: usize = 120;

/// The most rows that the head of a function with errors in it may take.
const MAX_HEAD_ROWS: usize = 30;

/// The most references kept of a file.
const MAX_REFERENCES: usize = 100_000;

/// Bytes from (inclusive) to (exclusive).
type Bytes = (usize, usize);

/// A definition before it has a place among the others. Rows are 0-based and inclusive.
struct Found {
    name: String,
    kind: DefinitionKind,
    nested: bool,
    pattern: usize,
    bytes: Bytes,
    rows: (usize, usize),
    signature_end: usize,
}

#[derive(Default)]
struct Collected {
    /// By first byte of the name, so that a name is defined once.
    definitions: FxHashMap<usize, Found>,
    leading: Vec<Bytes>,
    /// By what is wrapped: first byte and row of the wrapper.
    wrappers: FxHashMap<Bytes, (usize, usize)>,
    imports: Vec<(Bytes, (usize, usize))>,
    bases: Vec<(usize, String)>,
    /// First byte, row, name.
    references: Vec<(usize, usize, String)>,
}

/// Builds the outline of `text`, whose tree is `tree`.
pub(super) fn outline(text: &str, tree: &Tree, language: Language) -> Outline {
    let Some(captures) = captures::of(language.row()) else {
        return column_zero::outline(text, language, "queries do not compile");
    };
    let Some(mut collected) = collect(text.as_bytes(), tree, captures) else {
        return column_zero::outline(text, language, "too slow");
    };
    widen_by_wrappers(&mut collected);
    let defined = &collected.definitions;
    collected
        .references
        .retain(|(byte, ..)| !defined.contains_key(byte));
    let found = in_preorder(&mut collected);
    let (definitions, bytes) = place(text, found, &collected.leading);
    let mut outline = Outline {
        bases: attribute_bases(&collected.bases, &definitions, &bytes),
        definitions,
        imports: import_lines(&collected.imports),
        references: references(collected),
        ..Outline::default()
    };
    if tree.root_node().has_error() {
        column_zero::repair(text, language, &mut outline);
    }
    outline.breaks = breaks::of_tree(text, tree, &outline.definitions);
    clamp(&mut outline, n_lines(text));
    outline
}

/// What the query captures, or `None` where it takes too many steps.
fn collect(source: &[u8], tree: &Tree, captures: &Captures) -> Option<Collected> {
    let mut collected = Collected::default();
    let mut cursor = QueryCursor::new();
    cursor.set_match_limit(MATCH_LIMIT);
    let n_first = source.len().min(FIRST_BYTES);
    let n_later = source.len() - n_first;
    let steps = n_first as f64 * STEPS_PER_BYTE + n_later as f64 * STEPS_PER_LATER_BYTE;
    let max_steps = FREE_STEPS + steps as u64;
    let mut n_steps = 0_u64;
    let mut on_progress = |_: &tree_sitter::QueryCursorState| {
        n_steps += 1;
        if n_steps > max_steps {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = QueryCursorOptions::new().progress_callback(&mut on_progress);
    let mut matches =
        cursor.matches_with_options(&captures.query, tree.root_node(), source, options);
    while let Some(one) = matches.next() {
        collect_match(source, one, &captures.roles, &mut collected);
    }
    drop(matches);
    (n_steps <= max_steps).then_some(collected)
}

fn collect_match(source: &[u8], one: &QueryMatch, roles: &[Role], collected: &mut Collected) {
    let mut definition: Option<(Node, Node, DefinitionKind, bool)> = None;
    let mut name = None;
    let mut body = None;
    for capture in one.captures() {
        let node = capture.node;
        let bytes = (node.start_byte(), node.end_byte());
        match roles.get(capture.index as usize) {
            // Several nodes of one match are one definition, from the first to the last.
            Some(Role::Definition { kind, nested }) => match &mut definition {
                None => definition = Some((node, node, *kind, *nested)),
                Some((_, last, ..)) => *last = node,
            },
            Some(Role::Name) => name = name.or(Some(node)),
            Some(Role::Body) => body = body.or(Some(node)),
            Some(Role::Leading) => collected.leading.push(bytes),
            Some(Role::Wrapper) => {
                let last_child =
                    node.named_child((node.named_child_count() as u32).saturating_sub(1));
                if let Some(wrapped) = last_child {
                    let first = (node.start_byte(), node.start_position().row);
                    collected
                        .wrappers
                        .insert((wrapped.start_byte(), wrapped.end_byte()), first);
                }
            }
            Some(Role::Import) => collected.imports.push((bytes, rows_of(node))),
            Some(Role::Base) => collected
                .bases
                .push((bytes.0, name_text(source, innermost_name(node)))),
            Some(Role::Reference) if collected.references.len() < MAX_REFERENCES => {
                let node = innermost_name(node);
                let reference = (
                    node.start_byte(),
                    node.start_position().row,
                    name_text(source, node),
                );
                collected.references.push(reference);
            }
            Some(Role::Reference | Role::Private) | None => {}
        }
    }
    if let (Some((first, last, kind, nested)), Some(name)) = (definition, name.map(innermost_name))
    {
        let found = Found {
            name: name_text(source, name),
            kind,
            nested,
            pattern: one.pattern_index,
            bytes: (first.start_byte(), last.end_byte()),
            rows: (rows_of(first).0, rows_of(last).1),
            signature_end: body.map_or(rows_of(first).1, |body| row_before(first, body)),
        };
        // Where the parser lost its way it may take half a file for the head of a function; what is inside counts then.
        let lost = first.has_error()
            && kind.is_callable()
            && found.signature_end - found.rows.0 > MAX_HEAD_ROWS;
        if found.name.is_empty() || lost {
            return;
        }
        match collected.definitions.entry(name.start_byte()) {
            std::collections::hash_map::Entry::Occupied(mut known) => {
                if found.pattern < known.get().pattern {
                    known.insert(found);
                }
            }
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(found);
            }
        }
    }
}

/// First and last row of a node; a node that ends with a newline does not reach into the next row.
fn rows_of(node: Node) -> (usize, usize) {
    let (start, end) = (node.start_position(), node.end_position());
    let last = if end.column == 0 && end.row > start.row {
        end.row - 1
    } else {
        end.row
    };
    (start.row, last)
}

/// Goes from a captured name to the identifier inside: through C declarators (`*f(int)`, `(*f)`), and to the last part of a
/// qualified name (`A::b`, `a.b.C`).
fn innermost_name(node: Node) -> Node {
    let mut node = node;
    // The nesting of a declarator is bounded by patience alone.
    for _ in 0..16 {
        let inner = match node.kind() {
            "parenthesized_declarator"
            | "reference_declarator"
            | "attributed_declarator"
            | "type"
            | "nullable_type" => node.named_child(0),
            "reference_type" => node.child_by_field_name("type"),
            "qualified_identifier"
            | "template_function"
            | "template_type"
            | "template_method"
            | "scoped_identifier"
            | "scope_resolution"
            | "qualified_name"
            | "qualified_type"
            | "generic_name"
            | "generic_type"
            | "scoped_type_identifier"
            | "alias_qualified_name" => {
                node.child_by_field_name("name")
                    .or_else(|| match node.kind() {
                        "qualified_name" | "scoped_type_identifier" => {
                            node.named_child(node.named_child_count().saturating_sub(1) as u32)
                        }
                        _ => node
                            .child_by_field_name("type")
                            .or_else(|| node.named_child(0)),
                    })
            }
            "operator_cast" => None,
            "dependent_name" => node.named_child(0),
            "attribute"
            | "selector_expression"
            | "member_expression"
            | "nested_type_identifier" => node
                .child_by_field_name("attribute")
                .or_else(|| node.child_by_field_name("field"))
                .or_else(|| node.child_by_field_name("property"))
                .or_else(|| node.child_by_field_name("name")),
            "subscript" => node.child_by_field_name("value"),
            _ => node.child_by_field_name("declarator"),
        };
        match inner {
            Some(inner) => node = inner,
            None => break,
        }
    }
    node
}

/// The text of a name: its first line, without quotes, at most [`MAX_NAME_CHARS`] long.
fn name_text(source: &[u8], node: Node) -> String {
    let bytes = source
        .get(node.start_byte()..node.end_byte())
        .unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    let text = match node.kind() {
        "operator_cast" => text.split('(').next().unwrap_or_default(),
        "alias" => text.rsplit('.').next().unwrap_or_default(),
        "simple_symbol" => text.trim_start_matches(':'),
        _ => &text,
    };
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`'));
    let line = text.lines().next().unwrap_or_default().trim();
    line.chars()
        .filter(|c| !c.is_control())
        .take(MAX_NAME_CHARS)
        .collect()
}

/// The last row of what stands in `definition` before `body`, comments aside.
fn row_before(definition: Node, body: Node) -> usize {
    let mut last = definition.start_position().row;
    let mut cursor = definition.walk();
    let mut inside = cursor.goto_first_child();
    while inside {
        let node = cursor.node();
        if node.start_byte() >= body.start_byte() {
            break;
        }
        if node.end_byte() > body.start_byte() {
            inside = cursor.goto_first_child();
            continue;
        }
        if !node.is_extra() && node.end_byte() > node.start_byte() {
            last = rows_of(node).1;
        }
        inside = cursor.goto_next_sibling();
    }
    last
}

/// Lets definitions begin where the templates and decorated statements around them begin.
fn widen_by_wrappers(collected: &mut Collected) {
    for found in collected.definitions.values_mut() {
        // A template in a template, an exported class with decorators: few levels.
        for _ in 0..4 {
            let Some((byte, row)) = collected.wrappers.get(&found.bytes) else {
                break;
            };
            found.bytes.0 = *byte;
            found.rows.0 = *row;
        }
    }
}

/// The definitions by first byte, outer ones first; without those that are imports.
fn in_preorder(collected: &mut Collected) -> Vec<(usize, Found)> {
    let mut found: Vec<(usize, Found)> = std::mem::take(&mut collected.definitions)
        .into_iter()
        .collect();
    collected.imports.sort_unstable();
    found.retain(|(_, found)| {
        let after = collected
            .imports
            .partition_point(|(bytes, _)| bytes.0 <= found.bytes.0);
        let import = after
            .checked_sub(1)
            .and_then(|last| collected.imports.get(last));
        import.is_none_or(|(bytes, _)| bytes.1 < found.bytes.1)
    });
    // What two patterns make of one stretch of text, the earlier one decides.
    let mut first_patterns: FxHashMap<Bytes, usize> = FxHashMap::default();
    for (_, found) in &found {
        let first = first_patterns.entry(found.bytes).or_insert(found.pattern);
        *first = (*first).min(found.pattern);
    }
    found.retain(|(_, found)| first_patterns.get(&found.bytes) == Some(&found.pattern));
    found.sort_unstable_by_key(|(name, found)| {
        (found.bytes.0, std::cmp::Reverse(found.bytes.1), *name)
    });
    found
}

/// Gives each definition its parent and lines, and drops what is local to a function.
fn place(
    text: &str,
    found: Vec<(usize, Found)>,
    leading: &[Bytes],
) -> (Vec<Definition>, Vec<Bytes>) {
    let leading = Leading::new(text, leading);
    let mut definitions: Vec<Definition> = Vec::with_capacity(found.len());
    let mut bytes: Vec<Bytes> = Vec::with_capacity(found.len());
    let mut first_rows: Vec<usize> = Vec::with_capacity(found.len());
    // The first row of the latest definition, and of the latest that begins above it.
    let (mut last_row, mut row_before): (Option<usize>, Option<usize>) = (None, None);
    // Enclosing definitions: last byte, and index unless dropped.
    let mut open: Vec<(Bytes, Option<usize>, bool)> = Vec::new();
    for (_, found) in found {
        while open
            .last()
            .is_some_and(|(around, ..)| around.1 < found.bytes.1 || *around == found.bytes)
        {
            open.pop();
        }
        let local = open.last().is_some_and(|(_, _, callable)| *callable);
        let parent = open.iter().rev().find_map(|(_, idx, _)| *idx);
        if local && !found.nested {
            open.push((found.bytes, None, true));
            continue;
        }
        let kind = match parent.and_then(|parent| definitions.get(parent)) {
            Some(parent)
                if found.kind == DefinitionKind::Function
                    && parent.kind.has_methods()
                    && !local =>
            {
                DefinitionKind::Method
            }
            _ => found.kind,
        };
        let parent_row = parent.and_then(|parent| first_rows.get(parent).copied());
        let row = found.rows.0;
        if last_row != Some(row) {
            (row_before, last_row) = (last_row, Some(row));
        }
        // Where the text is broken, what is attached may begin above another definition.
        let above = leading.above(row);
        let is_apart = parent_row != Some(row) && row_before.is_none_or(|before| before < above);
        let first_row = if is_apart { above } else { row };
        let signature_row = leading.below(found.rows.0).min(found.rows.1);
        open.push((
            found.bytes,
            Some(definitions.len()),
            local || kind.is_callable(),
        ));
        first_rows.push(found.rows.0);
        bytes.push(found.bytes);
        definitions.push(Definition {
            name: found.name,
            kind,
            lines: (line(first_row), line(found.rows.1)),
            signature: (
                line(signature_row),
                line(found.signature_end.max(signature_row)),
            ),
            parent,
        });
    }
    (definitions, bytes)
}

/// The 1-based line of a row.
fn line(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX - 1) + 1
}

/// Gives each base to the innermost definition around it.
fn attribute_bases(
    bases: &[(usize, String)],
    definitions: &[Definition],
    bytes: &[Bytes],
) -> Vec<(usize, String)> {
    let mut bases = bases.to_vec();
    bases.sort_unstable();
    bases.dedup();
    let mut attributed: Vec<(usize, String)> = Vec::new();
    let mut seen: FxHashSet<(usize, String)> = FxHashSet::default();
    let mut open: Vec<usize> = Vec::new();
    let mut next = 0;
    for (byte, name) in bases {
        while let Some(range) = bytes.get(next).filter(|range| range.0 <= byte) {
            while open
                .last()
                .and_then(|idx| bytes.get(*idx))
                .is_some_and(|around| around.1 <= range.0)
            {
                open.pop();
            }
            open.push(next);
            next += 1;
        }
        let around = open
            .iter()
            .rev()
            .find(|idx| bytes.get(**idx).is_some_and(|range| byte < range.1));
        // A class inside a function is no definition of its own, and the function has no bases.
        let owner = around.filter(|idx| {
            definitions
                .get(**idx)
                .is_some_and(|owner| !owner.kind.is_callable())
        });
        if let Some(idx) = owner
            && !name.is_empty()
            && seen.insert((*idx, name.clone()))
        {
            attributed.push((*idx, name));
        }
    }
    attributed.sort_by_key(|(idx, _)| *idx);
    attributed
}

fn import_lines(imports: &[(Bytes, (usize, usize))]) -> Vec<(u32, u32)> {
    let mut joined: Vec<(u32, u32)> = Vec::new();
    for (_, rows) in imports {
        let (first, last) = (line(rows.0), line(rows.1));
        match joined.last_mut() {
            Some(previous) if first <= previous.1 + 1 => previous.1 = previous.1.max(last),
            _ => joined.push((first, last)),
        }
    }
    joined
}

/// Uses of names, by line.
fn references(collected: Collected) -> Vec<Reference> {
    let mut references: Vec<Reference> = collected
        .references
        .into_iter()
        .filter(|(_, _, name)| !name.is_empty())
        .map(|(_, row, name)| Reference {
            name,
            line: line(row),
        })
        .collect();
    references.sort_unstable_by(|a, b| (a.line, &a.name).cmp(&(b.line, &b.name)));
    references.dedup();
    references
}

/// Keeps the promises of [`Outline`] whatever a damaged tree held.
fn clamp(outline: &mut Outline, n_lines: u32) {
    let within = |(first, last): (u32, u32), (low, high): (u32, u32)| {
        let first = first.clamp(low, high);
        (first, last.clamp(first, high))
    };
    let whole = (1, n_lines.max(1));
    for idx in 0..outline.definitions.len() {
        let around = outline.definitions[idx]
            .parent
            .map_or(whole, |parent| outline.definitions[parent].lines);
        let definition = &mut outline.definitions[idx];
        definition.lines = within(definition.lines, around);
        definition.signature = within(definition.signature, definition.lines);
    }
    for import in &mut outline.imports {
        *import = within(*import, whole);
    }
    outline
        .references
        .retain(|reference| reference.line <= n_lines);
    outline.breaks.retain(|line| *line <= n_lines);
}
