//! Field types that accept any JSON and keep only what is wanted of it.
//!
//! Records of agents change shape between versions without notice. With plain `serde` types one number where a string
//! was expected would cost the whole record; with these it costs that field. Cost: what is not wanted is skipped, not built.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// A string where one stands; none for anything else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    fn number() -> Self {
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
    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::number())
    }
    fn visit_u64<E>(self, _: u64) -> Result<T, E> {
        Ok(T::number())
    }
    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::number())
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
    [] Excerpt;
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
                "{{\"text\":{value},\"flag\":{value},\"present\":{value},\"object\":{value},\"content\":{value},\"excerpt\":{value}}}"
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
