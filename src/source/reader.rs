//! Reads JSON Lines as agents leave them on disk: torn, glued, full of NULs, half in another encoding.
//!
//! A transcript is written while its agent runs and sometimes while it crashes, so a strict reader refuses most
//! real stores. This one has one law: a record that stands whole on a line of its own is never lost, whatever stands
//! around it; everything odd is counted in [`Dirt`] and nothing is fatal. A clean line costs one pass of `serde_json`
//! into a type that names only the wanted fields; the repairs run on lines that this pass refuses. Reading whole files
//! into `serde_json::Value` lost: tool output and images are nearly all of the bytes and none of them are wanted.

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

/// The longest line that is read, in bytes; longer ones are counted and passed over.
pub const MAX_LINE_BYTES: usize = 8 << 20;
/// How many lines a record with raw line breaks in its strings may spread over, after the first.
const MAX_JOINED: usize = 8;
/// How often a broken line is searched for the start of the next record, so that no line costs more than this many passes.
const MAX_RESYNCS: usize = 16;

/// A record type of some store.
///
/// Fields should accept any JSON (see [`super::lax`]), so that a field of an unexpected shape does not cost the record.
pub trait Record: DeserializeOwned {
    /// How a record of this store begins; where to go on reading after a torn one on the same line.
    const STARTS: &'static [&'static [u8]];

    /// Whether this is a record of the store, rather than an inner object of a torn one that happened to parse.
    fn is_whole(&self) -> bool;
}

/// What was odd about one file. All counts are of lines or pieces of lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dirt {
    /// Records read.
    pub n_records: usize,
    /// Pieces of lines that hold no whole record.
    pub n_torn: usize,
    /// 1 where the last line has no line break and is not whole: perhaps it is being written now.
    pub n_tail: usize,
    /// Lines of NULs alone.
    pub n_nul: usize,
    /// Lines above [`MAX_LINE_BYTES`].
    pub n_too_long: usize,
    /// Lines read after a repair: invalid UTF-8, NULs, control characters, lone surrogates.
    pub n_repaired: usize,
    /// Records joined from several lines.
    pub n_joined: usize,
}

impl Dirt {
    /// Pieces that were lost.
    pub fn n_lost(&self) -> usize {
        self.n_torn + self.n_tail + self.n_nul + self.n_too_long
    }
}

/// A whole JSON document with the same repairs as a line of [`read`]; `None` if it still does not parse.
///
/// Several times the document's size in memory, if it is read as a `Value`.
pub fn document<T: DeserializeOwned>(text: &[u8]) -> Option<T> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    parse(text).or_else(|| parse(&clean(text)))
}

/// Calls `take` with every record of `input`, in order, until it breaks, and returns what was odd.
///
/// Memory is one line, at most `MAX_LINE_BYTES` (and `MAX_JOINED` of them while lines are being joined).
///
/// # Errors
/// The first I/O error; what was read before it has been taken.
pub fn read<T: Record>(
    input: impl Read,
    take: impl FnMut(T) -> ControlFlow<()>,
) -> std::io::Result<Dirt> {
    read_capped(input, MAX_LINE_BYTES, take)
}

fn read_capped<T: Record>(
    input: impl Read,
    max_line_bytes: usize,
    take: impl FnMut(T) -> ControlFlow<()>,
) -> std::io::Result<Dirt> {
    let mut input = BufReader::with_capacity(1 << 18, input);
    let mut state = State {
        dirt: Dirt::default(),
        pending: None,
        take,
        stop: false,
        max_line_bytes,
        record: std::marker::PhantomData,
    };
    let mut line = Vec::new();
    let mut is_first = true;
    while !state.stop {
        line.clear();
        let mut ended = false;
        let mut too_long = false;
        loop {
            let chunk = match input.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    state.flush_pending();
                    return Err(error);
                }
            };
            if chunk.is_empty() {
                break;
            }
            let end = memchr::memchr(b'\n', chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if line.len() + part.len() > max_line_bytes {
                too_long = true;
                line.clear();
            } else if !too_long {
                line.extend_from_slice(part);
            }
            let n_used = part.len() + usize::from(end.is_some());
            input.consume(n_used);
            if end.is_some() {
                ended = true;
                break;
            }
        }
        if !ended && line.is_empty() && !too_long {
            break;
        }
        if too_long {
            state.flush_pending();
            state.dirt.n_too_long += 1;
        } else {
            let text = if is_first {
                line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line)
            } else {
                &line
            };
            state.line(text, ended);
        }
        is_first = false;
        if !ended {
            break;
        }
    }
    state.flush_pending();
    Ok(state.dirt)
}

/// Lines that may be one record broken by raw line breaks inside its strings.
struct Pending {
    text: Vec<u8>,
    n_lines: usize,
    /// What to count as torn if nothing comes of it.
    n_torn: usize,
}

struct State<T, F> {
    dirt: Dirt,
    pending: Option<Pending>,
    take: F,
    stop: bool,
    max_line_bytes: usize,
    record: std::marker::PhantomData<T>,
}

impl<T: Record, F: FnMut(T) -> ControlFlow<()>> State<T, F> {
    fn give(&mut self, record: T) {
        self.dirt.n_records += 1;
        if !self.stop {
            self.stop = (self.take)(record).is_break();
        }
    }

    fn flush_pending(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.dirt.n_torn += pending.n_torn;
        }
    }

    fn line(&mut self, raw: &[u8], ended: bool) {
        let is_padding = |byte: &u8| matches!(byte, 0 | b' ' | b'\t' | b'\r');
        let start = raw.iter().position(|byte| !is_padding(byte));
        let Some(start) = start else {
            if raw.contains(&0) {
                self.dirt.n_nul += 1;
            }
            if let Some(pending) = &mut self.pending {
                pending.text.extend_from_slice(b"\\n");
                pending.n_lines += 1;
            }
            return;
        };
        let end = raw
            .iter()
            .rposition(|byte| !is_padding(byte))
            .map_or(start, |last| last + 1);
        let text = &raw[start..end];
        if text[0] == b'{'
            && let Some(record) = parse::<T>(text)
        {
            self.flush_pending();
            return self.give(record);
        }
        let clean = clean(text);
        let (records, n_torn) = salvage::<T>(&clean);
        if !records.is_empty() {
            self.flush_pending();
            self.dirt.n_repaired += usize::from(clean != text);
            for record in records {
                self.give(record);
            }
            return self.count_torn(n_torn, ended);
        }
        if let Some(mut pending) = self.pending.take() {
            pending.text.extend_from_slice(b"\\n");
            pending.text.extend_from_slice(&clean);
            pending.n_lines += 1;
            if let Some(record) = parse::<T>(&pending.text) {
                self.dirt.n_joined += 1;
                return self.give(record);
            }
            pending.n_torn += 1;
            let in_reach = pending.n_lines < MAX_JOINED && pending.text.len() < self.max_line_bytes;
            if in_reach && ended && clean.first() != Some(&b'{') {
                self.pending = Some(pending);
                return;
            }
            pending.n_torn -= 1;
            self.dirt.n_torn += pending.n_torn;
        }
        if ended && clean.first() == Some(&b'{') && clean.last() != Some(&b'}') {
            self.pending = Some(Pending {
                text: clean,
                n_lines: 0,
                n_torn: n_torn.max(1),
            });
            return;
        }
        self.count_torn(n_torn.max(1), ended);
    }

    fn count_torn(&mut self, n_torn: usize, ended: bool) {
        let is_tail = usize::from(!ended && n_torn > 0);
        self.dirt.n_tail += is_tail;
        self.dirt.n_torn += n_torn - is_tail;
    }
}

/// One record from bytes that hold it and nothing else.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Option<T> {
    match serde_json::from_slice::<T>(text) {
        Ok(record) => Some(record),
        // Whole JSON that the derived code refuses, for example for a key that stands twice: a `Value` keeps the last one.
        Err(error) if error.classify() == Category::Data => {
            let value: serde_json::Value = serde_json::from_slice(text).ok()?;
            T::deserialize(value).ok()
        }
        Err(_) => None,
    }
}

/// The record at the start of `text`, and its length in bytes.
fn parse_first<T: Record>(text: &[u8]) -> Option<(T, usize)> {
    let mut stream = serde_json::Deserializer::from_slice(text).into_iter::<T>();
    match stream.next()? {
        Ok(record) => Some((record, stream.byte_offset())),
        Err(error) if error.classify() == Category::Data => {
            let mut stream = serde_json::Deserializer::from_slice(text).into_iter();
            let value: serde_json::Value = stream.next()?.ok()?;
            Some((T::deserialize(value).ok()?, stream.byte_offset()))
        }
        Err(_) => None,
    }
}

/// All whole records of a broken line, in order, and how many pieces between them are torn.
fn salvage<T: Record>(text: &[u8]) -> (Vec<T>, usize) {
    let mut records = Vec::new();
    let mut n_torn = 0;
    let mut at = 0;
    let mut after_tear = false;
    let mut n_resyncs = 0;
    loop {
        while text.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        if at >= text.len() {
            break;
        }
        if text[at] == b'{'
            && let Some((record, n_bytes)) = parse_first::<T>(&text[at..])
            && (!after_tear || record.is_whole())
        {
            records.push(record);
            at += n_bytes;
            after_tear = false;
            continue;
        }
        n_torn += usize::from(!after_tear);
        after_tear = true;
        n_resyncs += 1;
        let next = T::STARTS
            .iter()
            .filter_map(|start| memchr::memmem::find(&text[at + 1..], start))
            .min();
        match next {
            Some(offset) if n_resyncs < MAX_RESYNCS => at += 1 + offset,
            _ => break,
        }
    }
    (records, n_torn)
}

/// The line as valid JSON text would be: UTF-8, no NULs, no control characters, no lone surrogate escapes.
fn clean(text: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = String::from_utf8_lossy(text)
        .bytes()
        .filter(|byte| *byte != 0)
        .map(|byte| if byte < b' ' { b' ' } else { byte })
        .collect();
    replace_lone_surrogates(&mut out);
    out
}

/// Replaces each `\uD800`..`\uDFFF` escape without its partner by `\ufffd`, in place; `serde_json` refuses them.
fn replace_lone_surrogates(text: &mut [u8]) {
    let unit = |text: &[u8], at: usize| -> Option<u16> {
        let escape = text.get(at..at + 6)?;
        if !escape.starts_with(b"\\u") || !escape[2..].iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u16::from_str_radix(std::str::from_utf8(&escape[2..]).ok()?, 16).ok()
    };
    let mut at = 0;
    while let Some(offset) = memchr::memchr(b'\\', &text[at..]) {
        at += offset;
        match unit(text, at) {
            Some(0xd800..=0xdbff) if matches!(unit(text, at + 6), Some(0xdc00..=0xdfff)) => {
                at += 12;
            }
            Some(0xd800..=0xdfff) => {
                text[at..at + 6].copy_from_slice(b"\\ufffd");
                at += 6;
            }
            Some(_) => at += 6,
            None => at = (at + 2).min(text.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lax::Text;
    use super::*;
    use proptest::prelude::*;

    #[derive(serde::Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Line {
        id: Text,
        text: Text,
    }

    impl Record for Line {
        const STARTS: &'static [&'static [u8]] = &[b"{\"id\""];
        fn is_whole(&self) -> bool {
            self.id.0.is_some()
        }
    }

    fn run(input: &[u8], max_line_bytes: usize) -> (Vec<String>, Dirt) {
        let mut out = Vec::new();
        let dirt = read_capped(input, max_line_bytes, |line: Line| {
            out.push(format!("{}={}", line.id.or_empty(), line.text.or_empty()));
            ControlFlow::Continue(())
        })
        .expect("a slice has no I/O errors");
        (out, dirt)
    }

    /// `expected` is the records in order; `odd` is torn, tail, nul, too long, repaired, joined.
    fn check(input: &[u8], expected: &[&str], odd: [usize; 6]) {
        let (records, dirt) = run(input, 200);
        assert_eq!(records, expected);
        let counts = [
            dirt.n_torn,
            dirt.n_tail,
            dirt.n_nul,
            dirt.n_too_long,
            dirt.n_repaired,
            dirt.n_joined,
        ];
        assert_eq!(counts, odd, "torn, tail, nul, too long, repaired, joined");
    }

    #[test]
    fn clean_lines_with_bom_cr_and_blanks() {
        check(
            b"\xef\xbb\xbf{\"id\":\"a\"}\r\n\r\n\n  {\"id\":\"b\",\"text\":\"x\"}\n{\"id\":\"c\"}",
            &["a=", "b=x", "c="],
            [0; 6],
        );
    }

    #[test]
    fn torn_tail_is_counted_apart() {
        check(b"{\"id\":\"a\"}\n{\"id\":\"b", &["a="], [0, 1, 0, 0, 0, 0]);
        check(
            b"{\"id\":\"a\"}\n{\"id\":\"b\n",
            &["a="],
            [1, 0, 0, 0, 0, 0],
        );
    }

    #[test]
    fn glued_records_are_parted() {
        check(b"{\"id\":\"a\"}{\"id\":\"b\"}\n", &["a=", "b="], [0; 6]);
        check(
            b"{\"id\":\"a\",\"text\":\"hal{\"id\":\"b\"}\n",
            &["b="],
            [1, 0, 0, 0, 0, 0],
        );
        check(
            b"oops {\"id\":\"a\"} {\"id\":\"b\n{\"id\":\"c\"}\n",
            &["a=", "c="],
            [2, 0, 0, 0, 0, 0],
        );
    }

    #[test]
    fn the_inside_of_a_torn_record_is_no_record() {
        check(
            b"{\"id\":\"a\",\"in\":{\"id\":7}\n",
            &[],
            [1, 0, 0, 0, 0, 0],
        );
    }

    #[test]
    fn nul_runs_go() {
        check(
            b"\0\0\0\n\0\0{\"id\":\"a\"}\n{\"id\":\"b\"}\0\0{\"id\":\"c\"}\n",
            &["a=", "b=", "c="],
            [0, 0, 1, 0, 1, 0],
        );
    }

    #[test]
    fn broken_text_is_repaired() {
        check(
            b"{\"id\":\"a\",\"text\":\"caf\xe9\"}\n{\"id\":\"b\",\"text\":\"x\\ud83dy \\ud83d\\ude00 \\\\ud83d\"}\n",
            &["a=caf\u{fffd}", "b=x\u{fffd}y \u{1f600} \\ud83d"],
            [0, 0, 0, 0, 2, 0],
        );
        check(
            b"{\"id\":\"a\",\"text\":\"raw\ttab\"}\n",
            &["a=raw tab"],
            [0, 0, 0, 0, 1, 0],
        );
    }

    #[test]
    fn raw_line_breaks_are_joined() {
        check(
            b"{\"id\":\"a\",\"text\":\"one\ntwo\n\nfour\"}\n{\"id\":\"b\"}\n",
            &["a=one\ntwo\n\nfour", "b="],
            [0, 0, 0, 0, 0, 1],
        );
        // A whole record in between ends the search: it is worth more than a guess.
        check(
            b"{\"id\":\"a\",\"text\":\"one\n{\"id\":\"b\"}\ntwo\"}\n",
            &["b="],
            [2, 0, 0, 0, 0, 0],
        );
    }

    #[test]
    fn odd_shapes_are_still_records() {
        check(
            b"{\"id\":\"a\",\"text\":{\"deep\":[1]}}\n{\"id\":\"b\",\"id\":\"c\"}\n{\"id\":7}\n{}\n[1]\nnull\n",
            &["a=", "c=", "=", "="],
            [2, 0, 0, 0, 0, 0],
        );
        let deep = format!(
            "{{\"id\":\"a\",\"rest\":{}{}}}\n",
            "[".repeat(90),
            "]".repeat(90)
        );
        check(deep.as_bytes(), &["a="], [0; 6]);
    }

    #[test]
    fn documents_are_repaired_as_lines_are() {
        let text = |bytes: &[u8]| document::<Line>(bytes).map(|line| line.text.0.unwrap());
        assert_eq!(
            text(b"\xef\xbb\xbf{\n \"text\": \"a\"\n}\n").as_deref(),
            Some("a")
        );
        assert_eq!(
            text(b"{\"text\":\"a\\ud83d\xe9\tb\"}\0\0").as_deref(),
            Some("a\u{fffd}\u{fffd} b")
        );
        assert_eq!(text(b"{\"text\":\"a"), None);
    }

    #[test]
    fn long_lines_are_passed_over() {
        let long = format!("{{\"id\":\"a\",\"text\":\"{}\"}}", "x".repeat(300));
        check(
            format!("{long}\n{{\"id\":\"b\"}}\n{long}").as_bytes(),
            &["b="],
            [0, 0, 0, 2, 0, 0],
        );
    }

    #[test]
    fn reading_stops_when_told() {
        let mut n = 0;
        let input: &[u8] = b"{\"id\":\"a\"}\n{\"id\":\"b\"}{\"id\":\"c\"}\n{\"id\":\"d\"}\n";
        read(input, |_: Line| {
            n += 1;
            if n == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
        assert_eq!(n, 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), max in 1usize..200) {
            run(&bytes, max);
        }

        #[test]
        fn a_whole_line_is_never_lost(
            junk in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..60),
                    "\\{\"id\":\"[a-z]{0,4}".prop_map(String::into_bytes),
                    "(\\{\"id\":\"j\"\\}|\\{\"id\"|\\{|\\}|\"|,|\\\\u[dD]8[0-9a-f]{2}|\u{0}){0,9}".prop_map(String::into_bytes),
                ],
                1..12,
            ),
            texts in prop::collection::vec(any::<String>(), 12),
        ) {
            let mut input = Vec::new();
            let mut expected = Vec::new();
            for (i, (junk, text)) in junk.iter().zip(&texts).enumerate() {
                input.extend(junk.iter().filter(|byte| **byte != b'\n'));
                input.push(b'\n');
                let record = serde_json::json!({"id": format!("whole-{i}"), "text": text});
                input.extend(serde_json::to_vec(&record).unwrap());
                input.push(b'\n');
                expected.push(format!("whole-{i}={text}"));
            }
            let (records, _) = run(&input, 1 << 16);
            let kept: Vec<_> = records.into_iter().filter(|r| r.starts_with("whole-")).collect();
            prop_assert_eq!(kept, expected);
        }
    }
}
