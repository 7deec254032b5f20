//! Text that a model may take for more than text: the marks by which models are told who speaks, and this tool's own end tags.
//!
//! No reader of a bundle is deceived by either, since its structure does not depend on contents; a model is no such reader.
//! Nothing is changed, for code about chat templates must read as it is, and nothing is ranked lower; it is counted, so that
//! whoever looks at the warnings knows where to look. A list of phrases ("ignore previous instructions") lost: it is passed by
//! in any other words, and finds every text on the subject.

/// How often each kind is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Markup {
    /// Marks of who speaks: `<|im_start|>`, `[INST]`, `<system-reminder>`, a line `Human:` behind an empty one.
    pub roles: usize,
    /// End tags of a bundle's own elements, also in look-alike letters, with blanks or with what cannot be seen between.
    pub ends: usize,
}

impl Markup {
    /// Adds what was found in another text.
    pub fn add(&mut self, other: &Self) {
        self.roles += other.roles;
        self.ends += other.ends;
    }
}

/// Marks that begin with an angle or a bracket, in lower case. Those of the form `<|name|>` are told by their form.
const ROLES: &[&str] = &[
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<</sys>>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<system-reminder>",
    "</system-reminder>",
    "<system>",
    "</system>",
    "<function_calls>",
    "</function_calls>",
    "<function_results>",
    "<tool_call>",
    "<tool_response>",
];

/// Speakers whose name begins a line behind an empty one.
const SPEAKERS: &[&str] = &["Human:", "Assistant:", "System:"];

/// Elements of a bundle.
const ELEMENTS: &[&str] = &[
    "context",
    "document",
    "documents",
    "mention",
    "note",
    "omitted",
    "session",
    "task",
];

/// The longest end tag that is looked for, in characters.
const LONGEST: usize = 40;

/// Counts both kinds in clean text. O(length), at memory speed where there are no angles and brackets.
pub fn count(text: &str) -> Markup {
    let bytes = text.as_bytes();
    let mut found = Markup::default();
    for at in memchr::memchr2_iter(b'<', b'[', bytes) {
        found.roles += usize::from(is_role(&bytes[at..]));
        found.ends += usize::from(bytes[at] == b'<' && is_end(&text[at + 1..]));
    }
    // full-width, small and mathematical angles, and the entities
    for look_alike in [
        "\u{ff1c}", "\u{fe64}", "\u{2039}", "\u{27e8}", "&lt;", "&#60;", "&#x3c;",
    ] {
        for at in memchr::memmem::find_iter(bytes, look_alike) {
            found.ends += usize::from(is_end(&text[at + look_alike.len()..]));
        }
    }
    for at in memchr::memmem::find_iter(bytes, "\n\n") {
        let line = &text[at + 2..];
        found.roles += usize::from(SPEAKERS.iter().any(|name| line.starts_with(name)));
    }
    found
}

fn is_role(rest: &[u8]) -> bool {
    let begins = |mark: &&str| {
        rest.get(..mark.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(mark.as_bytes()))
    };
    if ROLES.iter().any(begins) {
        return true;
    }
    let Some(name) = rest.strip_prefix(b"<|") else {
        return false;
    };
    let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let length = name.iter().take(LONGEST).take_while(is_name).count();
    length >= 3 && name[length..].starts_with(b"|>")
}

/// Whether what follows an angle is `/name>` of one of the elements, to the eye.
fn is_end(rest: &str) -> bool {
    let mut seen = rest
        .chars()
        .take(LONGEST)
        .filter(|c| !is_unseen(*c))
        .map(folded);
    if seen.next() != Some('/') {
        return false;
    }
    let name: String = seen.by_ref().take_while(char::is_ascii_lowercase).collect();
    ELEMENTS.contains(&name.as_str())
}

fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

/// A full-width letter or sign as its ASCII one, in lower case; slashes of other kinds as one.
fn folded(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{2044}' | '\u{2215}' | '\u{29f8}' => '/',
        c => c,
    }
    .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, roles: usize, ends: usize) {
        assert_eq!(count(text), Markup { roles, ends }, "{text:?}");
    }

    #[test]
    fn marks_of_who_speaks() {
        check("<|endoftext|><|im_start|>system", 2, 0);
        check("[INST] a [/INST] <<SYS>> b <</SYS>>", 4, 0);
        check("<System-Reminder>x</system-reminder>", 2, 0);
        check("a\n\nHuman: b\n\nAssistant: c\nHuman: d", 2, 0);
        check("a <| b |> c, x[i]<|y| <||> <|", 0, 0);
    }

    #[test]
    fn end_tags_in_any_dress() {
        for tag in [
            "</document>",
            "</DOCUMENT\n>",
            "< / documents >",
            "<\u{200b}/document>",
            "</doc\u{ad}ument>",
            "\u{ff1c}/document\u{ff1e}",
            "\u{ff1c}\u{ff0f}\u{ff44}ocument>",
            "<\u{2215}context>",
            "&lt;/task&gt;",
            "&#60;/note>",
            "\u{fe64}/session>",
        ] {
            check(tag, 0, 1);
        }
        check("<document path=\"a\"> </documentation> </div> a </ b", 0, 0);
        check("</ [/note]", 0, 0);
    }
}
