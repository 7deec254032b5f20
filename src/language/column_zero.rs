//! Definitions found by how lines begin, for where a parse is missing or broken.
//!
//! Two uses. A C or C++ file that its grammar cannot follow (macros that open braces, conditional halves of a function)
//! loses functions or ends them in the wrong place; people still write the name at column 0 and close with `}` at column 0,
//! so [`repair`] trusts that where the tree holds errors. And a file that is not parsed at all gets definitions by keyword
//! and indentation: rough, but better than none.

use super::structure::MAX_NAME_CHARS;
use super::table::Language;
use super::{Definition, DefinitionKind, Outline, breaks, lines, n_lines};
use rustc_hash::FxHashMap;

/// The most pairs of definitions that [`repair`] compares: about a tenth of a second.
const MAX_COMPARISONS: usize = 20_000_000;

/// The most lines that the head of a C function may take.
const MAX_HEAD_LINES: usize = 16;

/// An outline by line beginnings alone.
pub(super) fn outline(text: &str, language: Language, reason: &'static str) -> Outline {
    let mut definitions = if is_c_like(language) {
        functions(text)
            .into_iter()
            .map(|(function, _)| function)
            .collect()
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
    let functions = functions(text);
    let blocks = blocks(text);
    // Each is compared with each; a file with that many of both is generated, and hostile if it is broken too.
    if (functions.len() + blocks.len()).saturating_mul(outline.definitions.len()) > MAX_COMPARISONS
    {
        return;
    }
    let bases: Vec<(Definition, String)> = std::mem::take(&mut outline.bases)
        .into_iter()
        .filter_map(|(idx, name)| Some((outline.definitions.get(idx)?.clone(), name)))
        .collect();
    let definitions = &mut outline.definitions;
    definitions.retain(|known| !(is_function(known) && STATEMENTS.contains(&known.name.as_str())));
    for (idx, (function, closed)) in functions.iter().enumerate() {
        for known in definitions.iter_mut() {
            let runs_on = is_function(known)
                && known.signature.1 < function.lines.0
                && (known.lines.0..=known.lines.1).contains(&function.lines.0);
            if runs_on {
                known.lines.1 = function.lines.0 - 1;
            }
        }
        let same = definitions.iter_mut().find(|known| {
            is_function(known)
                && (is_same(known, function) || known.signature.0 == function.signature.0)
        });
        match same {
            Some(known) if *closed => {
                let next = functions.get(idx + 1);
                let runs_on = next.is_some_and(|(next, _)| known.lines.1 >= next.lines.0);
                let last = known.lines.1.max(function.lines.1);
                known.lines.1 = if runs_on { function.lines.1 } else { last };
            }
            Some(_) => {}
            None => definitions.push(function.clone()),
        }
    }
    for block in blocks {
        let same = definitions.iter_mut().find(|known| {
            is_same(known, &block)
                || (!is_function(known) && known.signature.0 == block.signature.0)
        });
        match same {
            Some(known) => known.lines.1 = known.lines.1.max(block.lines.1),
            None => definitions.push(block),
        }
    }
    nest(definitions);
    // Signatures stay as they are, so they tell which definition is which.
    let mut places: FxHashMap<(&str, (u32, u32)), usize> = FxHashMap::default();
    for (idx, definition) in definitions.iter().enumerate() {
        places
            .entry((&definition.name, definition.signature))
            .or_insert(idx);
    }
    outline.bases = bases
        .into_iter()
        .filter_map(|(owner, name)| {
            Some((*places.get(&(owner.name.as_str(), owner.signature))?, name))
        })
        .collect();
    outline.bases.sort_by_key(|(idx, _)| *idx);
}

fn is_function(definition: &Definition) -> bool {
    definition.kind.is_callable() && definition.kind != DefinitionKind::Macro
}

/// Whether two definitions of one name have lines of their heads in common.
fn is_same(a: &Definition, b: &Definition) -> bool {
    a.name == b.name && a.lines.0 <= b.signature.1 && a.signature.1 >= b.signature.0
}

/// Words that a damaged parse of C takes for names of functions.
const STATEMENTS: [&str; 10] = [
    "if", "else", "for", "while", "switch", "do", "return", "catch", "sizeof", "defined",
];

/// Whether macros may hide the shape of a file, and functions begin at column 0.
pub(super) fn is_c_like(language: Language) -> bool {
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

/// C functions whose head begins at column 0. They end with a brace at column 0 (then the second of a pair is true), or where
/// the next head begins.
fn functions(text: &str) -> Vec<(Definition, bool)> {
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
    let heads = heads(&all);
    let mut found = Vec::new();
    for (idx, head) in heads.iter().enumerate() {
        let open = head.open;
        let one_line = all[open].trim_end().ends_with('}');
        let close = if one_line {
            Some(open)
        } else {
            next_close[open + 1]
        };
        let next_head = heads.get(idx + 1).map_or(all.len(), |next| next.doc_start);
        let closed = close.is_some_and(|close| close < next_head);
        let mut end = close
            .unwrap_or(all.len())
            .min(next_head.saturating_sub(1))
            .max(open);
        while end > open && all.get(end).is_none_or(|line| line.trim().is_empty()) {
            end -= 1;
        }
        let opens_alone = open > head.start && all[open].trim() == "{";
        let definition = Definition {
            name: head.name.clone(),
            kind: DefinitionKind::Function,
            lines: (line_of(head.doc_start), line_of(end)),
            signature: (
                line_of(head.start),
                line_of(open - usize::from(opens_alone)),
            ),
            parent: None,
        };
        found.push((definition, closed));
    }
    found
}

/// Classes and namespaces whose last brace is indented like their first line.
fn blocks(text: &str) -> Vec<Definition> {
    let all: Vec<&str> = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    let mut found = Vec::new();
    // Blocks that wait for their last brace, with their indentation.
    let mut waiting: Vec<(usize, Definition)> = Vec::new();
    for (idx, line) in all.iter().enumerate() {
        let rest = line.trim_start();
        let indent = line.len() - rest.len();
        if rest.starts_with('}') {
            while let Some((_, mut block)) = waiting
                .pop_if(|(around, block)| indent <= *around && block.signature.1 < line_of(idx))
            {
                block.lines.1 = line_of(idx);
                found.push(block);
            }
        }
        let begins = ["class ", "struct ", "namespace ", "union "]
            .iter()
            .any(|word| rest.starts_with(word));
        let Some((kind, name)) = begins.then(|| keyword(rest)).flatten() else {
            continue;
        };
        let head = all[idx..]
            .iter()
            .take(6)
            .position(|line| line.contains('{'));
        let Some(open) = head.filter(|open| {
            !all[idx..=idx + open]
                .iter()
                .any(|line| line.contains([';', '(', '=']))
        }) else {
            continue;
        };
        let opens_alone = open > 0 && all[idx + open].trim() == "{";
        let signature = (line_of(idx), line_of(idx + open - usize::from(opens_alone)));
        let block = Definition {
            name,
            kind,
            lines: signature,
            signature,
            parent: None,
        };
        // A brace on its own line may be indented further than the head, and then so is the last one.
        let brace_indent = all[idx + open].len() - all[idx + open].trim_start().len();
        waiting.push((if opens_alone { brace_indent } else { indent }, block));
    }
    found
}

/// The head of a C function, by line indexes.
struct Head {
    name: String,
    /// Where the comment above begins, or the head.
    doc_start: usize,
    start: usize,
    /// Where the body opens.
    open: usize,
}

fn heads(all: &[&str]) -> Vec<Head> {
    let mut heads: Vec<Head> = Vec::new();
    let mut in_comment = false;
    let mut comment_start = None;
    let mut continued = false;
    let mut free_from = 0;
    for (idx, line) in all.iter().enumerate() {
        let opens_comment = !in_comment && line.starts_with("/*");
        if in_comment || opens_comment || line.starts_with("//") {
            comment_start = comment_start.or(Some(idx));
            in_comment = (in_comment || opens_comment) && !line.contains("*/");
            continue;
        }
        let doc_start = comment_start.take().unwrap_or(idx);
        if !continued
            && idx >= free_from
            && let Some((name, open)) = head(&all[idx..])
        {
            free_from = idx + open + 1;
            heads.push(Head {
                name,
                doc_start,
                start: idx,
                open: idx + open,
            });
        }
        continued = line.ends_with('\\');
    }
    heads
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
    let name: String = name?.trim().chars().take(MAX_NAME_CHARS).collect();
    let begins_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '~');
    let is_macro = !name.chars().any(char::is_lowercase);
    (depth == 0 && begins_well && !is_macro).then_some(name)
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
            "struct" | "record" | "union" => DefinitionKind::Struct,
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
        let after = after.trim_start();
        let length = after
            .find(|c| !is_word(c) && c != ':')
            .unwrap_or(after.len());
        // Of a qualified name the last part, as elsewhere.
        let qualified = after[..length].trim_end_matches(':');
        let name = qualified.rsplit("::").next().unwrap_or_default();
        let name: String = name
            .chars()
            .filter(|c| *c != ':')
            .take(MAX_NAME_CHARS)
            .collect();
        return (!name.is_empty()).then_some((kind, name));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, text: &str, expected: &[&str]) {
        let outline = outline(text, Language::from_id(id).unwrap(), "too large");
        let found: Vec<String> = outline
            .definitions
            .iter()
            .map(|found| {
                let (first, last) = found.lines;
                let parent = found
                    .parent
                    .map_or("", |parent| &outline.definitions[parent].name);
                format!(
                    "{} {} {first}-{last} {parent}",
                    found.kind.as_str(),
                    found.name
                )
                .trim_end()
                .to_owned()
            })
            .collect();
        assert_eq!(found, expected, "{text}");
        assert_eq!(outline.fallback, Some("too large"));
    }

    #[test]
    fn functions_of_c() {
        check(
            "c",
            "/* Adds. */\nstatic int\nadd(int a,\n    int b)\n{\n  return a;\n}\n",
            &["function add 1-7"],
        );
        check(
            "c",
            "ATTR(2) void *f(void) __attribute__((x)) { g(); }\n",
            &["function f 1-1"],
        );
        check(
            "c",
            "int f(int a);\nint t[] = {\n1 };\n  if (x) {\n}\nelse if (x) {\n}\n",
            &[],
        );
        check("c", "#define M(a) \\\nint f(a) { \\\n}\n", &[]);
        check(
            "c",
            "int f(void) {\n  }\n\nint g(void) {\n}\n",
            &["function f 1-2", "function g 4-5"],
        );
    }

    #[test]
    fn definitions_by_keyword() {
        check(
            "rust",
            "pub struct A {\n}\nimpl A {\n    pub fn f() {\n    }\n}\n",
            &["struct A 1-2", "impl A 3-6", "function f 4-5 A"],
        );
        check(
            "python",
            "class A(B):\n    def f(self):\n        x\n\ny = 1\n",
            &["class A 1-3", "function f 2-3 A"],
        );
        check(
            "ruby",
            "module M\n  def f\n  end\nend\n",
            &["module M 1-4", "function f 2-3 M"],
        );
        check(
            "typescript",
            "export default async function f() {\n",
            &["function f 1-1"],
        );
    }

    #[test]
    fn a_broken_parse_is_mended() {
        let text = "class A {\n  void f() {\n#if X\n    if (a) {\n#else\n    if (b) {\n#endif\n    }\n  }\n};\n\nint g() {\n  return 1;\n}\n\nint h() {\n}\n";
        let outline = super::super::outline(text, Language::from_id("cpp"));
        let lines = |name: &str| {
            outline
                .definitions
                .iter()
                .find(|known| known.name == name)
                .map(|known| known.lines)
        };
        assert_eq!(outline.fallback, None);
        assert_eq!(lines("A"), Some((1, 10)));
        assert_eq!(lines("g"), Some((12, 14)));
        assert_eq!(lines("h"), Some((16, 17)));
    }
}
