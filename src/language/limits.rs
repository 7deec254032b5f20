//! What a file must keep to before a parser sees it.
//!
//! A parser written in C can be led to eat all memory, time or stack; a stack overflow there ends the process and no `catch`
//! helps. These checks are on the text alone, linear, and give the same answer on every machine, so they come first; the
//! deadline in [`super::parse`] is only the last resort.

/// The most bytes that are parsed. Hand-written files above this are rare; generated ones are not worth the seconds.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// The longest line that is parsed, in bytes: beyond it the file is minified or data, and line ranges say nothing.
pub(super) const MAX_LINE_BYTES: usize = 20_000;

/// The deepest nesting of brackets that is parsed. Real code stays under 60; 500 leaves room for generated tables.
pub(super) const MAX_DEPTH: i32 = 500;

/// The longest run of prefix operators, each of which nests one level without a bracket.
const MAX_PREFIX_RUN: usize = 2_000;

/// Says why `text` must not be parsed, if so.
pub(super) fn refuse(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    if bytes.len() > MAX_BYTES {
        return Some("too large");
    }
    let mut line_start = 0;
    for newline in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        if newline - line_start > MAX_LINE_BYTES {
            return Some("lines too long");
        }
        line_start = newline + 1;
    }
    if too_deep(bytes) {
        return Some("too deep");
    }
    None
}

/// Whether brackets, counted without regard to strings and comments, ever stand more than [`MAX_DEPTH`] deep in either
/// direction, or prefix operators run on for longer than any code has them.
fn too_deep(bytes: &[u8]) -> bool {
    let mut depth = 0_i32;
    let mut prefix_run = 0;
    for byte in bytes {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            // Closers without openers must not make room for openers later on.
            b')' | b']' | b'}' => depth = (depth - 1).max(-MAX_DEPTH - 1),
            _ => {}
        }
        match byte {
            b'-' | b'+' | b'!' | b'~' | b'&' | b'*' | b'@' | b'^' | b'<' | b'?' | b':' | b'\\'
            | b'$' => prefix_run += 1,
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => prefix_run = 0,
        }
        if depth.abs() > MAX_DEPTH || prefix_run > MAX_PREFIX_RUN {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(refuse(text), expected);
    }

    #[test]
    fn limits_hold_at_their_edges() {
        check("", None);
        check(&"x\n".repeat(MAX_BYTES / 2), None);
        check(&"x\n".repeat(MAX_BYTES / 2 + 1), Some("too large"));
        check(&"x".repeat(MAX_LINE_BYTES), None);
        check(&"x".repeat(MAX_LINE_BYTES + 1), Some("lines too long"));
        check(&format!("{}{}", "(".repeat(500), ")".repeat(500)), None);
        check(&"(\n".repeat(501), Some("too deep"));
        check(&"}\n".repeat(501), Some("too deep"));
        check(&"()".repeat(5_000), None);
        check(&"- ".repeat(2_001), Some("too deep"));
        check(&format!("x{}", "\n#----".repeat(2_000)), None);
    }
}
