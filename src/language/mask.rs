//! Hides from the parser of C and C++ the macros that it must stumble over.
//!
//! A macro that stands where no expression can (`LIB_NAMESPACE_BEGIN` on a line of its own, `class LIB_EXPORT Name`) turns what
//! follows into an error, and with it a whole namespace or class. No grammar can know what such a macro holds, but what it
//! hides is never a definition, so spaces in its place give the parser the file that people see.

use std::borrow::Cow;

/// The text with macros blanked out; every line and column stays where it was.
pub(super) fn macros(text: &str) -> Cow<'_, str> {
    let mut masked: Option<Vec<u8>> = None;
    let mut hide = |from: usize, to: usize| {
        let bytes = masked.get_or_insert_with(|| text.as_bytes().to_vec());
        // Names and arguments of macros on one line: blanks, and no byte of a longer character is left over.
        bytes[from..to].fill(b' ');
    };
    let mut previous = "";
    let mut offset = 0;
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let content = line.trim();
        let from = offset + (line.len() - line.trim_start().len());
        offset += line.len();
        let next = lines.peek().map_or("", |next| next.trim_start());
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if stands_alone(content) && begins_statement(previous) && !continues(next) {
            hide(from, from + content.len());
        } else if let Some((start, end)) = export_macro(content) {
            hide(from + start, from + end);
        }
        previous = content;
    }
    match masked.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(masked) => Cow::Owned(masked),
        None => Cow::Borrowed(text),
    }
}

fn macro_len(text: &str) -> usize {
    let len = text
        .bytes()
        .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
        .count();
    let begins_well = text.starts_with(|c: char| c.is_ascii_uppercase());
    if begins_well && len >= 3 { len } else { 0 }
}

/// Whether a line is `SOME_MACRO`, `SOME_MACRO(..)` or `SOME_MACRO:` and nothing else.
fn stands_alone(content: &str) -> bool {
    let len = macro_len(content);
    if len == 0 {
        return false;
    }
    match &content[len..] {
        "" => content.contains('_'),
        ":" => content.contains('_'),
        rest => {
            rest.starts_with('(')
                && rest.ends_with(')')
                && rest.matches('(').count() == rest.matches(')').count()
        }
    }
}

/// Whether a statement or member may begin after this line.
fn begins_statement(previous: &str) -> bool {
    previous.is_empty()
        || previous.ends_with([';', '{', '}', ':', '>'])
        || previous.ends_with("*/")
        || previous.starts_with("//")
        || stands_alone(previous)
}

/// Whether this line goes on with what the one before began: a body, an operator, the rest of a list.
fn continues(next: &str) -> bool {
    next.starts_with([
        '{', '(', '.', ',', ')', '=', ';', '?', '|', '&', '+', '-', '%', '^', '[',
    ])
}

/// Where the macro in `class SOME_EXPORT Name` stands.
fn export_macro(content: &str) -> Option<(usize, usize)> {
    let rest = content
        .strip_prefix("class ")
        .or_else(|| content.strip_prefix("struct "))?;
    let start = content.len() - rest.len();
    let len = macro_len(rest);
    let named = rest[len..]
        .strip_prefix(' ')?
        .starts_with(|c: char| c.is_alphabetic() || c == '_');
    (len > 0 && rest[..len].contains('_') && named && !rest[len..].starts_with(" final"))
        .then_some((start, start + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(macros(text), expected);
        assert_eq!(macros(text).len(), text.len());
    }

    #[test]
    fn lone_macros_are_hidden() {
        check("LIB_BEGIN\nnamespace a {\n", "         \nnamespace a {\n");
        check(
            "int a;\n  LIB_PURE(1, (2))\nint f();\n",
            "int a;\n                  \nint f();\n",
        );
        check(
            "public:\nPRIVATE_UNLESS:\n int a;\n",
            "public:\n               \n int a;\n",
        );
        check(
            "struct A {\n};\nNOT_NULL(é)\nint f();\n",
            "struct A {\n};\n            \nint f();\n",
        );
    }

    #[test]
    fn what_may_mean_something_stays() {
        for text in [
            "TEST_F(A, B)\n{\n}\n",
            "enum {\n A_B,\n C_D\n};\n",
            "x = a +\nB_C\n;\n",
            "#define A_B\n",
            "FOO\n",
            "f(a,\nB_C)\n",
            "A_B = 1;\n",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn export_macros_are_hidden() {
        check("class LIB_API Name {};\n", "class         Name {};\n");
        check("struct UPPER_CASE {};\n", "struct UPPER_CASE {};\n");
        check("class LIB_API final {};\n", "class LIB_API final {};\n");
    }
}
