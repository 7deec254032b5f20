//! Field types that accept any JSON and keep only what is wanted of it.
//!
//! Records of agents change shape between versions without notice. With plain `serde` types one number where a string
//! was expected would cost the whole record; with these it costs that field. Cost: what is not wanted is skipped, not built.

use super::stores;
use serde::Serialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// A string where one stands; none for anything else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Text(pub Option<String>);

impl Text {
    /// The string, or an empty one.
    pub fn or_empty(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether it is exactly `other`.
    pub fn is(&self, other: &str) -> bool {
        self.0.as_deref() == Some(other)
    }
}

/// A whole number where one stands, as a number or as its digits; none for anything else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Whole(pub Option<i64>);

/// `true` where `true` stands; false for anything else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

/// Whether anything but null stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Present(pub bool);

/// An object read as `T`; none for anything else.
#[derive(Debug, Clone)]
pub struct Object<T>(pub Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// A string or a list of objects, as messages of chat interfaces are written.
#[derive(Debug, Clone, Default)]
pub enum Content<T> {
    /// Neither.
    #[default]
    None,
    /// A string.
    Text(String),
    /// The objects of a list; a string in it is not one.
    Blocks(Vec<T>),
}

impl<T> Content<T> {
    /// The objects, if it is a list.
    pub fn blocks(&self) -> &[T] {
        match self {
            Self::Blocks(blocks) => blocks,
            _ => &[],
        }
    }
}

/// A string, or an object read as `T`: what some tools write as text and others as data.
#[derive(Debug, Clone, Default)]
pub enum Either<T> {
    /// Neither.
    #[default]
    None,
    /// A string.
    Text(String),
    /// An object.
    Object(T),
}

/// The entries of an object in the order in which they stand, each read as `T`; none for anything else.
#[derive(Debug, Clone)]
pub struct Entries<T>(pub Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// What is said in a message: a string, a part with a `text`, or a list of either, joined by line breaks.
///
/// Parts whose `type` is not one of text (tool calls, thoughts, images) say nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(pub String);

/// A moment in Unix seconds: RFC 3339, or seconds, milliseconds or microseconds as a number or as its digits; 0 for
/// anything else and for moments that no agent lived in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Moment(pub i64);

/// The first and last part of a text that may be long: tool output, of which only an error line is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt(pub String);

/// Bytes kept at the start of an [`Excerpt`].
const HEAD_BYTES: usize = 8 << 10;
/// Bytes kept at its end.
const TAIL_BYTES: usize = 4 << 10;

impl Excerpt {
    fn push(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        if text.len() <= HEAD_BYTES + TAIL_BYTES {
            self.0.push_str(text);
        } else {
            self.0
                .push_str(&text[..text.floor_char_boundary(HEAD_BYTES)]);
            self.0.push('\n');
            let tail = text.len() - TAIL_BYTES;
            self.0.push_str(&text[text.floor_char_boundary(tail)..]);
        }
    }
}

/// What to do with each kind of JSON value; the defaults drop it.
trait Take: Sized + Default {
    fn text(_: &str) -> Self {
        Self::default()
    }
    fn owned(text: String) -> Self {
        Self::text(&text)
    }
    fn truth(_: bool) -> Self {
        Self::default()
    }
    fn number(_: f64) -> Self {
        Self::default()
    }
    fn list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
    fn object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

struct Any<T>(PhantomData<T>);

impl<'de, T: Take> Visitor<'de> for Any<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }
    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }
    fn visit_string<E>(self, text: String) -> Result<T, E> {
        Ok(T::owned(text))
    }
    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::truth(value))
    }
    // Whole numbers up to 2^53 are exact as floats, and so are all moments.
    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::number(number as f64))
    }
    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::number(number as f64))
    }
    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        Ok(T::number(number))
    }
    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::list(list)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::object(object)
    }
}

impl Take for Text {
    fn text(text: &str) -> Self {
        Self(Some(text.to_owned()))
    }
    fn owned(text: String) -> Self {
        Self(Some(text))
    }
}

impl Take for Whole {
    fn text(text: &str) -> Self {
        Self(text.trim().parse().ok())
    }
    fn number(number: f64) -> Self {
        let is_exact = number.fract() == 0.0 && number.abs() < 9e15;
        Self(is_exact.then_some(number as i64))
    }
}

impl Take for Flag {
    fn truth(value: bool) -> Self {
        Self(value)
    }
}

impl Take for Excerpt {
    fn text(text: &str) -> Self {
        let mut excerpt = Self::default();
        excerpt.push(text);
        excerpt
    }
    fn list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut excerpt = Self::default();
        while let Some(Object(block)) = list.next_element::<Object<TextBlock>>()? {
            if let Some(TextBlock { text }) = block
                && excerpt.0.len() < HEAD_BYTES + TAIL_BYTES
            {
                excerpt.push(&text.0);
            }
        }
        Ok(excerpt)
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct TextBlock {
    text: Excerpt,
}

impl<T> Take for Object<T>
where
    T: for<'a> Deserialize<'a>,
{
    fn object<'de, A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(|value| Self(Some(value)))
    }
}

impl<T> Take for Content<T>
where
    T: for<'a> Deserialize<'a>,
{
    fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
    fn list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut blocks = Vec::new();
        while let Some(Object(block)) = list.next_element::<Object<T>>()? {
            blocks.extend(block);
        }
        Ok(Self::Blocks(blocks))
    }
}

impl<T> Take for Either<T>
where
    T: for<'a> Deserialize<'a> + Default,
{
    fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
    fn object<'de, A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(Self::Object)
    }
}

impl<T> Take for Entries<T>
where
    T: for<'a> Deserialize<'a>,
{
    fn object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = object.next_entry::<String, T>()? {
            entries.push(entry);
        }
        Ok(Self(entries))
    }
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct Part {
    #[serde(rename = "type")]
    kind: Text,
    text: Text,
    thought: Flag,
}

impl Part {
    fn words(self) -> Option<String> {
        let kind = self.kind.0.as_deref().unwrap_or("text");
        let is_said = matches!(kind, "text" | "input_text" | "output_text") && !self.thought.0;
        self.text.0.filter(|_| is_said)
    }
}

impl Take for Words {
    fn text(text: &str) -> Self {
        Self(text.to_owned())
    }
    fn list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut texts: Vec<String> = Vec::new();
        while let Some(part) = list.next_element::<Either<Part>>()? {
            match part {
                Either::Text(text) => texts.push(text),
                Either::Object(part) => texts.extend(part.words()),
                Either::None => {}
            }
        }
        Ok(Self(texts.join("\n")))
    }
    fn object<'de, A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        let part = Part::deserialize(MapAccessDeserializer::new(object))?;
        Ok(Self(part.words().unwrap_or_default()))
    }
}

impl Take for Moment {
    fn text(text: &str) -> Self {
        let at =
            stores::moment(text).or_else(|| stores::moment_of_number(text.trim().parse().ok()?));
        Self(at.unwrap_or_default())
    }
    fn number(number: f64) -> Self {
        Self(stores::moment_of_number(number).unwrap_or_default())
    }
}

macro_rules! deserialize_any {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        impl<'de, $($generics)*> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Any(PhantomData))
            }
        }
    )*};
}
deserialize_any! {
    [] Text;
    [] Flag;
    [] Whole;
    [] Excerpt;
    [] Words;
    [] Moment;
    [T: for<'a> Deserialize<'a> + Default] Either<T>;
    [T: for<'a> Deserialize<'a>] Entries<T>;
    [T: for<'a> Deserialize<'a>] Object<T>;
    [T: for<'a> Deserialize<'a>] Content<T>;
}

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<IgnoredAny>::deserialize(deserializer).map(|value| Self(value.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct All {
        text: Text,
        flag: Flag,
        present: Present,
        object: Object<TextBlock>,
        content: Content<TextBlock>,
        excerpt: Excerpt,
        either: Either<TextBlock>,
        entries: Entries<Text>,
        words: Words,
        moment: Moment,
        whole: Whole,
    }

    #[test]
    fn any_json_in_any_field_is_accepted() {
        for value in [
            "null",
            "true",
            "1",
            "-1",
            "1.5",
            "\"s\"",
            "[]",
            "[1,\"x\",[{}],{\"text\":\"t\"}]",
            "{}",
            "{\"text\":{\"a\":[]}}",
        ] {
            let json = format!(
                "{{\"text\":{value},\"flag\":{value},\"present\":{value},\"object\":{value},\"content\":{value},\"excerpt\":{value},\"either\":{value},\"entries\":{value},\"words\":{value},\"moment\":{value},\"whole\":{value}}}"
            );
            let all: All = serde_json::from_str(&json).unwrap_or_else(|e| panic!("{json}: {e}"));
            assert_eq!(all.text.0.is_some(), value.starts_with('"'), "{value}");
            assert_eq!(all.flag.0, value == "true", "{value}");
            assert_eq!(all.present.0, value != "null", "{value}");
            assert_eq!(all.object.0.is_some(), value.starts_with('{'), "{value}");
            assert_eq!(
                all.content.blocks().len(),
                usize::from(value.starts_with("[1")),
                "{value}"
            );
            let excerpt = if value.starts_with('"') {
                "s"
            } else if value.starts_with("[1") {
                "t"
            } else {
                ""
            };
            assert_eq!(all.excerpt.0, excerpt, "{value}");
            let is_text_or_object = value.starts_with(['"', '{']);
            assert_eq!(!matches!(all.either, Either::None), is_text_or_object);
            assert_eq!(all.entries.0.len(), usize::from(value.starts_with("{\"")));
            assert_eq!(all.moment.0, 0, "{value}");
            let whole = value.parse().ok();
            assert_eq!(all.whole.0, whole, "{value}");
        }
    }

    #[test]
    fn words_are_what_is_said() {
        let check = |json: &str, expected: &str| {
            let words: Words = serde_json::from_str(json).unwrap();
            assert_eq!(words.0, expected, "{json}");
        };
        check(r#""plain""#, "plain");
        check(
            r#"[{"type":"text","text":"a"},"b",{"text":"c"},{"type":"image"},7]"#,
            "a\nb\nc",
        );
        check(
            r#"[{"type":"thinking","text":"a"},{"text":"b","thought":true}]"#,
            "",
        );
        check(r#"{"text":"a"}"#, "a");
        check("null", "");
    }

    #[test]
    fn moments_are_told_by_their_size() {
        let check = |json: &str, expected: i64| {
            let moment: Moment = serde_json::from_str(json).unwrap();
            assert_eq!(moment.0, expected, "{json}");
        };
        check("1786600000", 1_786_600_000);
        check("1786600000123", 1_786_600_000);
        check("1786600000123456", 1_786_600_000);
        check("1786600000.5", 1_786_600_000);
        check(r#""1786600000123""#, 1_786_600_000);
        check(r#""2026-08-13T05:46:40.000Z""#, 1_786_600_000);
        for json in ["0", "-1", "1e300", "12", r#""soon""#, r#""NaN""#, "[]"] {
            check(json, 0);
        }
    }

    #[test]
    fn an_excerpt_keeps_both_ends() {
        let text = format!("start {} é end", "é".repeat(50_000));
        let json = serde_json::to_string(&text).unwrap();
        let excerpt: Excerpt = serde_json::from_str(&json).unwrap();
        assert!(excerpt.0.starts_with("start é") && excerpt.0.ends_with("é end"));
        assert!(excerpt.0.len() <= HEAD_BYTES + TAIL_BYTES + 8);
    }
}
