//! Definitions found by how lines begin, for where a parse is missing or broken.
//!
//! Two uses. A C or C++ file that its grammar cannot follow (macros that open braces, conditional halves of a function)
//! loses functions or ends them in the wrong place; people still write the name at column 0 and close with `}` at column 0,
//! so [`repair`] trusts that where the tree holds errors. And a file that is not parsed at all gets definitions by keyword
//! and indentation: rough, but better than none.

use super::table::Language;
use super::{Definition, DefinitionKind, Outline, breaks, lines, n_lines};

/// The most lines that the head of a C function may take.
const MAX_HEAD_LINES: usize = 16;

/// An outline by line beginnings alone.
pub(super) fn outline(text: &str, language: Language, reason: &'static str) -> Outline {
    let mut definitions = if is_c_like(language) {
        functions(text)
    } else {
        by_keyword(text)
    };
    nest(&mut definitions);
    Outline {
        breaks: breaks::in_long_stretches(lines::paragraphs(text), &definitions, n_lines(text)),
        definitions,
        fallback: Some(reason),
        ..Outline::default()
    }
}

/// Adds the functions at column 0 that a broken parse of C or C++ missed, and ends those that ran on over others.
pub(super) fn repair(text: &str, language: Language, outline: &mut Outline) {
    if !is_c_like(language) {
        return;
    }
    outline
        .definitions
        .iter_mut()
        .for_each(|definition| definition.parent = None);
    let bases: Vec<(Definition, String)> = std::mem::take(&mut outline.bases)
        .into_iter()
        .filter_map(|(idx, name)| Some((outline.definitions.get(idx)?.clone(), name)))
        .collect();
    let is_function = |kind: DefinitionKind| kind.is_callable() && kind != DefinitionKind::Macro;
    outline.definitions.retain(|definition| {
        !(is_function(definition.kind) && STATEMENTS.contains(&definition.name.as_str()))
    });
    for function in functions(text) {
        let same = outline.definitions.iter().position(|known| {
            is_function(known.kind)
                && known.name == function.name
                && known.lines.0 <= function.signature.1
                && known.signature.1 >= function.signature.0
        });
        for known in &mut outline.definitions {
            let runs_on = is_function(known.kind)
                && known.lines.0 < function.lines.0
                && known.lines.1 >= function.lines.0;
            if runs_on && known.signature.1 < function.lines.0 {
                known.lines.1 = function.lines.0 - 1;
            }
        }
        match same.and_then(|idx| outline.definitions.get_mut(idx)) {
            Some(known) => known.lines.1 = function.lines.1,
            None => outline.definitions.push(function),
        }
    }
    nest(&mut outline.definitions);
    outline.bases = bases
        .into_iter()
        .filter_map(|(owner, name)| {
            let idx = outline
                .definitions
                .iter()
                .position(|known| known.name == owner.name && known.lines == owner.lines)?;
            Some((idx, name))
        })
        .collect();
    outline.bases.sort_by_key(|(idx, _)| *idx);
}

/// Words that a damaged parse of C takes for names of functions.
const STATEMENTS: [&str; 10] = [
    "if", "else", "for", "while", "switch", "do", "return", "catch", "sizeof", "defined",
];

fn is_c_like(language: Language) -> bool {
    matches!(language.id(), "c" | "cpp")
}

/// Sorts definitions in preorder and gives each the innermost one around it as parent.
fn nest(definitions: &mut [Definition]) {
    definitions
        .sort_by_key(|definition| (definition.lines.0, std::cmp::Reverse(definition.lines.1)));
    let mut open: Vec<(usize, (u32, u32))> = Vec::new();
    for (idx, definition) in definitions.iter_mut().enumerate() {
        let lines = definition.lines;
        while open
            .last()
            .is_some_and(|(_, around)| around.1 < lines.1 || *around == lines)
        {
            open.pop();
        }
        definition.parent = open.last().map(|(idx, _)| *idx);
        open.push((idx, lines));
    }
}

/// C functions whose head begins at column 0 and whose last brace stands there.
fn functions(text: &str) -> Vec<Definition> {
    let all: Vec<&str> = text.lines().collect();
    // For each line, the next one that begins with `}`.
    let mut next_close = vec![None; all.len() + 1];
    for (idx, line) in all.iter().enumerate().rev() {
        next_close[idx] = if line.starts_with('}') {
            Some(idx)
        } else {
            next_close[idx + 1]
        };
    }
    let mut found = Vec::new();
    let mut idx = 0;
    let mut in_comment = false;
    let mut doc_start = None;
    while let Some(line) = all.get(idx) {
        let continued = idx > 0 && all[idx - 1].ends_with('\\');
        let begins_comment = !in_comment && (line.starts_with("//") || line.starts_with("/*"));
        if in_comment || begins_comment {
            doc_start = doc_start.or(Some(idx));
            let opened = in_comment || line.starts_with("/*");
            in_comment = opened && !line.contains("*/");
            idx += 1;
            continue;
        }
        let head = if continued { None } else { head(&all[idx..]) };
        let end = head.as_ref().and_then(|(_, open)| {
            let open = idx + open;
            let one_line = all[open].trim_end().ends_with('}');
            if one_line {
                Some(open)
            } else {
                *next_close.get(open + 1)?
            }
        });
        if let (Some((name, open)), Some(end)) = (head, end) {
            let first = doc_start.unwrap_or(idx);
            let opens_alone = open > 0 && all[idx + open].trim() == "{";
            found.push(Definition {
                name,
                kind: DefinitionKind::Function,
                lines: (line_of(first), line_of(end)),
                signature: (line_of(idx), line_of(idx + open - usize::from(opens_alone))),
                parent: None,
            });
            idx = end;
        }
        doc_start = None;
        idx += 1;
    }
    found
}

fn line_of(idx: usize) -> u32 {
    u32::try_from(idx).unwrap_or(u32::MAX - 1) + 1
}

/// The name of the function whose head begins on the first of `lines`, and the index of the line that opens its body.
fn head(lines: &[&str]) -> Option<(String, usize)> {
    let first = lines.first()?;
    let word: String = first.chars().take_while(|c| is_word(*c)).collect();
    let not_heads = [
        "typedef",
        "namespace",
        "using",
        "case",
        "default",
        "goto",
        "enum",
        "extern",
    ];
    if word.is_empty()
        || STATEMENTS.contains(&word.as_str())
        || not_heads.contains(&word.as_str()) && !first.contains('(')
    {
        return None;
    }
    let mut text = String::new();
    for (idx, line) in lines.iter().take(MAX_HEAD_LINES).enumerate() {
        if idx > 0 && (line.trim().is_empty() || line.starts_with(['#', '}', '/'])) {
            return None;
        }
        if let Some((before, _)) = line.split_once('{') {
            text.push_str(before);
            return head_name(&text).map(|name| (name, idx));
        }
        if line.contains(';') || text.len() > 2_000 {
            return None;
        }
        text.push_str(line);
        text.push(' ');
    }
    None
}

/// The name before the parameters in the text of a head: of `name(..)` groups at depth 0 the last that is no macro.
fn head_name(head: &str) -> Option<String> {
    let mut depth = 0_i32;
    let mut word = String::new();
    let mut name: Option<String> = None;
    for c in head.chars() {
        match c {
            '(' => {
                if depth == 0 && !word.is_empty() && !STATEMENTS.contains(&word.as_str()) {
                    let macro_like =
                        word.starts_with("__") || !word.chars().any(char::is_lowercase);
                    if !macro_like || name.is_none() {
                        name = Some(word.clone());
                    }
                }
                depth += 1;
                word.clear();
            }
            ')' => {
                depth -= 1;
                word.clear();
            }
            '"' => return None,
            '=' if depth == 0 => return None,
            c if is_word(c) => word.push(c),
            ' ' => {
                // `name (` is a head too; a word after a space begins anew.
                if depth == 0 && !word.is_empty() {
                    word.push(' ');
                }
            }
            _ => word.clear(),
        }
        if word.contains(' ') && is_word(c) {
            word = c.to_string();
        }
        if c == '(' {
            word.clear();
        }
    }
    let name = name?.trim().to_owned();
    let begins_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '~');
    (depth == 0 && begins_well).then_some(name)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '~'
}

/// Definitions by the word that begins their line and the indentation of what follows.
fn by_keyword(text: &str) -> Vec<Definition> {
    let mut found: Vec<Definition> = Vec::new();
    // Open definitions with their indentation.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut last = 0;
    for (number, line) in (1_u32..).zip(text.lines()) {
        let rest = line.trim_start();
        if rest.is_empty() {
            continue;
        }
        let indent = line.len() - rest.len();
        let closes = rest.starts_with(['}', ')', ']']) || rest == "end" || rest.starts_with("end ");
        while let Some((idx, _)) = open.last().copied().filter(|(_, around)| indent <= *around) {
            let own_close = closes && open.last().is_some_and(|(_, around)| indent == *around);
            found[idx].lines.1 = if own_close { number } else { last };
            open.pop();
        }
        if let Some((kind, name)) = keyword(rest) {
            open.push((found.len(), indent));
            found.push(Definition {
                name,
                kind,
                lines: (number, number),
                signature: (number, number),
                parent: None,
            });
        }
        last = number;
    }
    for (idx, _) in open {
        found[idx].lines.1 = last;
    }
    found
        .iter_mut()
        .for_each(|definition| definition.lines.1 = definition.lines.1.max(definition.lines.0));
    found
}

/// The kind and name that a line such as `pub async fn name(` begins.
fn keyword(line: &str) -> Option<(DefinitionKind, String)> {
    let mut rest = line;
    for _ in 0..8 {
        let (word, after) = rest.split_once([' ', '\t'])?;
        let kind = match word {
            "fn" | "func" | "function" | "def" | "defp" | "sub" => DefinitionKind::Function,
            "class" => DefinitionKind::Class,
            "struct" | "record" => DefinitionKind::Struct,
            "enum" => DefinitionKind::Enum,
            "trait" => DefinitionKind::Trait,
            "interface" | "defprotocol" => DefinitionKind::Interface,
            "impl" => DefinitionKind::Impl,
            "module" | "mod" | "namespace" | "defmodule" => DefinitionKind::Module,
            "pub" | "pub(crate)" | "export" | "default" | "async" | "static" | "public"
            | "private" | "protected" | "internal" | "abstract" | "final" | "sealed"
            | "partial" | "override" | "unsafe" | "const" | "declare" => {
                rest = after.trim_start();
                continue;
            }
            _ => return None,
        };
        let name: String = after
            .trim_start()
            .chars()
            .take_while(|c| is_word(*c))
            .take(120)
            .collect();
        return (!name.is_empty()).then_some((kind, name));
    }
    None
}
