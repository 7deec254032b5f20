//! Finds the name that a line defines, by the look of the line alone.
//!
//! The cheap pass needs rough boundaries of functions in every file; only the shortlist is parsed by grammar.

use super::syntax::Family;
use super::terms::is_word_byte;

/// Some words: all of them, and whether a word is one of them.
macro_rules! words {
    ($all:ident, $is:ident: $($word:literal)*) => {
        const $all: &[&[u8]] = &[$($word),*];

        fn $is(word: &[u8]) -> bool {
            matches!(word, $($word)|*)
        }
    };
}

// Words that stand before a name they define.
words! { KEYWORDS, is_keyword:
    b"fn" b"def" b"defp" b"defmodule" b"defmacro" b"defmacrop" b"defprotocol" b"defimpl" b"defstruct" b"class" b"struct" b"enum"
    b"trait" b"interface" b"impl" b"module" b"mod" b"func" b"function" b"type" b"union" b"macro_rules" b"namespace" b"record" b"object"
    b"protocol" b"extension" b"sub" b"proc" b"fun" b"data" b"newtype" b"instance" b"contract"
}

// Words that may stand before those.
words! { MODIFIERS, is_modifier:
    b"pub" b"crate" b"super" b"async" b"export" b"default" b"declare" b"public" b"private" b"protected" b"internal" b"static" b"final"
    b"abstract" b"const" b"unsafe" b"extern" b"inline" b"virtual" b"override" b"sealed" b"partial" b"readonly" b"open" b"local"
    b"suspend" b"template" b"typename" b"case" b"in"
}

/// Words that look like a call or a definition but begin a statement.
fn is_statement(word: &[u8]) -> bool {
    matches!(
        word,
        b"if"
            | b"for"
            | b"while"
            | b"switch"
            | b"return"
            | b"else"
            | b"catch"
            | b"do"
            | b"case"
            | b"throw"
            | b"new"
            | b"await"
            | b"sizeof"
            | b"typeof"
            | b"delete"
            | b"match"
            | b"when"
            | b"unless"
            | b"until"
            | b"elif"
            | b"elsif"
            | b"assert"
            | b"print"
            | b"super"
            | b"this"
            | b"defined"
            | b"using"
            | b"import"
            | b"require"
            | b"yield"
            | b"and"
            | b"or"
            | b"not"
            | b"with"
            | b"foreach"
            | b"lock"
            | b"go"
            | b"defer"
            | b"select"
            | b"goto"
            | b"static_assert"
            | b"try"
            | b"echo"
    )
}

/// The byte range of the name that `line` defines, if it looks like a definition; so many bytes of white space are before it.
/// What stands there up to `first_end` is a word.
pub fn name(
    line: &[u8],
    indent: usize,
    first_end: usize,
    family: Family,
) -> Option<(usize, usize)> {
    if family == Family::None {
        return None;
    }
    let by_keyword = match begins_name(&line[indent..first_end]) {
        true => keyword_name(line, indent),
        false => None,
    };
    by_keyword.or_else(|| match family {
        Family::C if indent == 0 => call_shaped_name(line, indent, false),
        Family::Brace if indent > 0 => {
            call_shaped_name(line, indent, true).or_else(|| assigned_name(line, indent))
        }
        Family::Brace => {
            assigned_name(line, indent).or_else(|| call_shaped_name(line, indent, true))
        }
        _ => None,
    })
}

/// Whether it may be one of the words that stand before a name: most words are told apart by their first letter and length.
fn begins_name(word: &[u8]) -> bool {
    const fn add(lengths: &mut [u32; 256], words: &[&[u8]]) {
        let mut n = 0;
        while n < words.len() {
            lengths[words[n][0] as usize] |= 1 << words[n].len();
            n += 1;
        }
    }
    const LENGTHS: [u32; 256] = {
        let mut lengths = [0; 256];
        add(&mut lengths, KEYWORDS);
        add(&mut lengths, MODIFIERS);
        lengths
    };
    let Some(&first) = word.first() else {
        return false;
    };
    word.len() < u32::BITS as usize && LENGTHS[usize::from(first)] >> word.len() & 1 == 1
}

fn word_at(line: &[u8], at: usize) -> usize {
    at + line[at..].iter().take_while(|&&b| is_word_byte(b)).count()
}

fn keyword_name(line: &[u8], indent: usize) -> Option<(usize, usize)> {
    let mut at = indent;
    for _ in 0..6 {
        let end = word_at(line, at);
        if end == at {
            return None;
        }
        let word = &line[at..end];
        if is_keyword(word) {
            return name_behind(line, end);
        }
        if !is_modifier(word) {
            return None;
        }
        at = end;
        while let Some(&byte) = line.get(at) {
            match byte {
                b' ' | b'\t' | b'"' | b':' | b')' => at += 1,
                b'(' | b'<' => at += 1,
                _ => break,
            }
        }
    }
    None
}

/// The name behind a keyword: past white space, `!`, a Go receiver or generic parameters.
fn name_behind(line: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut at = at;
    let gap = line.get(at)?;
    if !matches!(gap, b' ' | b'\t' | b'!' | b'<' | b'*') {
        return None;
    }
    loop {
        match line.get(at)? {
            b' ' | b'\t' | b'!' | b'*' => at += 1,
            b'(' => at += 1 + line[at..].iter().position(|&b| b == b')')?,
            b'<' => at += 1 + line[at..].iter().position(|&b| b == b'>')?,
            _ => break,
        }
    }
    let mut end = word_at(line, at);
    // A.B.c, A::b, self.x: the last part is the name
    while end > at && end + 1 < line.len() {
        let skip = match line[end] {
            b'.' => 1,
            b':' if line[end + 1] == b':' => 2,
            _ => break,
        };
        let next = end + skip;
        let next_end = word_at(line, next);
        if next_end == next {
            break;
        }
        (at, end) = (next, next_end);
    }
    (end > at && !line[at].is_ascii_digit() && !is_statement(&line[at..end])).then_some((at, end))
}

/// `type name(args) {` or `name(args) {`: the word before the first parenthesis.
fn call_shaped_name(line: &[u8], indent: usize, needs_brace: bool) -> Option<(usize, usize)> {
    if matches!(line.get(indent)?, b'#' | b'}' | b'@') {
        return None;
    }
    let trimmed_end = line.iter().rposition(|b| !b.is_ascii_whitespace())? + 1;
    let last = line[trimmed_end - 1];
    if last == b';' || (needs_brace && last != b'{') {
        return None;
    }
    let open = memchr::memchr(b'(', line)?;
    if line[indent..open]
        .iter()
        .any(|&b| matches!(b, b'=' | b'"' | b'\'' | b'/' | b'+' | b'!' | b'|' | b'?'))
    {
        return None;
    }
    if needs_brace && line[indent..open].contains(&b'.') {
        return None;
    }
    let end = line[..open]
        .iter()
        .rposition(|b| !b.is_ascii_whitespace())?
        + 1;
    let start = end
        - line[indent..end]
            .iter()
            .rev()
            .take_while(|&&b| is_word_byte(b))
            .count();
    let first_word = &line[indent..word_at(line, indent)];
    let name = &line[start..end];
    (!name.is_empty()
        && !name[0].is_ascii_digit()
        && !is_statement(first_word)
        && !is_statement(name))
    .then_some((start, end))
}

/// `const name = (a) =>`, `exports.name = function`, `name: function`: a function given a name by assignment.
fn assigned_name(line: &[u8], indent: usize) -> Option<(usize, usize)> {
    let sign = line.iter().position(|&b| matches!(b, b'=' | b':'))?;
    let right = &line[sign + 1..];
    let is_function =
        find(right, b"function").is_some_and(|i| i < 14) || find(right, b"=>").is_some();
    if !is_function {
        return None;
    }
    let end = line[..sign].iter().rposition(|&b| is_word_byte(b))? + 1;
    let start = end
        - line[indent..end]
            .iter()
            .rev()
            .take_while(|&&b| is_word_byte(b))
            .count();
    (start < end && !line[indent..end].contains(&b'(')).then_some((start, end))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(family: Family, line: &str, expected: Option<&str>) {
        let indent = line.len() - line.trim_ascii_start().len();
        let first_end = word_at(line.as_bytes(), indent);
        let found = name(line.as_bytes(), indent, first_end, family);
        let found = found.map(|(start, end)| &line[start..end]);
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn definitions_by_their_look() {
        use Family::{Brace, C, Keyword};
        check(
            Keyword,
            "pub(crate) async fn rebuild_auth<'a>(",
            Some("rebuild_auth"),
        );
        check(
            Keyword,
            "    def resolve_redirects(self, resp):",
            Some("resolve_redirects"),
        );
        check(
            Keyword,
            "func (c *Context) Bind(obj any) error {",
            Some("Bind"),
        );
        check(
            Keyword,
            "class SessionRedirectMixin:",
            Some("SessionRedirectMixin"),
        );
        check(
            Keyword,
            "  defp handle_call(:x, _from, s) do",
            Some("handle_call"),
        );
        check(Keyword, "  def self.parse(x)", Some("parse"));
        check(Keyword, "impl<T> Walk for X {", Some("Walk"));
        check(Keyword, "x = define(y)", None);
        check(
            C,
            "static int processCommand(client *c) {",
            Some("processCommand"),
        );
        check(C, "void foo(int a);", None);
        check(C, "    if (x) {", None);
        check(C, "int Foo::bar(int a) {", Some("bar"));
        check(
            Brace,
            "    public <T> T fromJson(String json) {",
            Some("fromJson"),
        );
        check(Brace, "    } else if (x) {", None);
        check(
            Brace,
            "export const build = async (config) => {",
            Some("build"),
        );
        check(Brace, "app.use = function use(fn) {", Some("use"));
        check(Brace, "  render(props) {", Some("render"));
        check(Brace, "  foo.bar(baz, function () {", None);
        check(
            Brace,
            "export async function createServer(",
            Some("createServer"),
        );
    }

    #[test]
    fn words_before_names_are_told_by_first_letter_and_length() {
        let all = KEYWORDS.iter().chain(MODIFIERS);
        assert!(all.clone().all(|word| begins_name(word)));
        assert!(!begins_name(b"while") && !begins_name(b"") && !begins_name(&[b'f'; 64]));
    }
}
