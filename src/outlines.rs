//! What earlier runs found in texts, so that a file that did not change is not parsed and its tokens not counted again.
//!
//! An outline depends on the text and its language alone, the tokens on the text and the tokenizer, so these are the key: a file that
//! moved, or comes back with its branch, is known. Names are kept as places in the text, which whoever asks has at hand: a record
//! holds none of the text.

use crate::cache::{Bucket, Cache, Key};
use crate::language::{self, Definition, DefinitionKind, Language, Outline, Reference};
use crate::tokens::Tokenizer;
use serde::{Deserialize, Serialize};

/// A text, read for what it defines and for what it costs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outlined {
    /// What it defines.
    pub outline: Outline,
    /// How many tokens begin on each of its lines.
    pub line_tokens: Vec<u32>,
}

impl Outlined {
    /// Reads `text`.
    pub fn new(text: &str, language: Option<Language>, tokenizer: Tokenizer) -> Self {
        Self {
            outline: language::outline(text, language),
            line_tokens: tokenizer.count_lines(text),
        }
    }
}

/// First byte and length of a name.
type Place = (u32, u16);

#[derive(Serialize, Deserialize)]
struct Kept {
    n_lines: u32,
    definitions: Vec<KeptDefinition>,
    bases: Vec<(u32, Place)>,
    imports: Vec<(u32, u32)>,
    /// Line by line.
    references: Vec<(Place, u32)>,
    breaks: Vec<u32>,
    /// Index into [`LASTING`], from 1; 0 after a parse.
    fallback: u8,
    line_tokens: Vec<u32>,
}

#[derive(Serialize, Deserialize)]
struct KeptDefinition {
    name: Place,
    /// Index into [`DefinitionKind::ALL`].
    kind: u8,
    lines: (u32, u32),
    signature: (u32, u32),
    parent: Option<u32>,
}

/// Why there may be less than a parse gives, where it is the same on every machine and day.
const LASTING: &[&str] = &[
    "lines too long",
    "no grammar",
    "too broken",
    "too deep",
    "too large",
    "too repetitive",
    "too slow",
    "heredoc word too long",
];

/// Bytes of a text of no language from which on it is kept: a shorter one is counted faster than found.
const MIN_PLAIN: usize = 4096;

/// What `text` defines and costs, where `cache` knows it.
pub(crate) fn known(
    cache: &Cache,
    text: &str,
    language: Option<Language>,
    tokenizer: Tokenizer,
) -> Option<Outlined> {
    let key = key(text, language, tokenizer)?;
    let (kept, _) = cache.get::<Kept>(Bucket::Outlines, &key)?;
    kept.revive(text)
}

/// Finds out what `text` defines and costs, for the next time.
pub(crate) fn find_out(
    cache: Option<&Cache>,
    text: &str,
    language: Option<Language>,
    tokenizer: Tokenizer,
) -> Outlined {
    let outlined = Outlined::new(text, language, tokenizer);
    if let Some(cache) = cache
        && let Some(key) = key(text, language, tokenizer)
        && let Some(kept) = Kept::of(&outlined, text)
    {
        cache.put(Bucket::Outlines, &key, &kept);
    }
    outlined
}

/// `None` where it is not worth it.
fn key(text: &str, language: Option<Language>, tokenizer: Tokenizer) -> Option<Key> {
    let is_kept = language.is_some() || text.len() >= MIN_PLAIN;
    is_kept.then(|| {
        Key::new("outline")
            .with(language.map_or("", Language::id))
            .with(tokenizer.name())
            .with(text)
    })
}

impl Kept {
    /// `None` where a name does not stand in the text as it is, or another machine would find something else.
    fn of(outlined: &Outlined, text: &str) -> Option<Self> {
        let outline = &outlined.outline;
        let lines = Lines::new(text);
        let fallback = match outline.fallback {
            None => 0,
            Some(reason) => LASTING.iter().position(|known| *known == reason)? + 1,
        };
        let definitions = outline.definitions.iter().map(|it| {
            let name = lines.find(&it.name, (it.signature.0, it.lines.1))?;
            let kind = DefinitionKind::ALL
                .iter()
                .position(|(kind, _)| *kind == it.kind)?;
            let parent = it.parent.map(u32::try_from).transpose().ok()?;
            Some(KeptDefinition {
                name,
                kind: u8::try_from(kind).ok()?,
                lines: it.lines,
                signature: it.signature,
                parent,
            })
        });
        let bases = outline.bases.iter().map(|(idx, name)| {
            let around = outline.definitions.get(*idx)?;
            Some((u32::try_from(*idx).ok()?, lines.find(name, around.lines)?))
        });
        let references = outline.references.iter().map(|it| {
            let name = lines.find(&it.name, (it.line, it.line))?;
            Some((name, it.line))
        });
        Some(Self {
            n_lines: u32::try_from(lines.starts.len()).ok()?,
            definitions: definitions.collect::<Option<_>>()?,
            bases: bases.collect::<Option<_>>()?,
            imports: outline.imports.clone(),
            references: references.collect::<Option<_>>()?,
            breaks: outline.breaks.clone(),
            fallback: u8::try_from(fallback).ok()?,
            line_tokens: outlined.line_tokens.clone(),
        })
    }

    /// `None` where it cannot be of `text`.
    fn revive(self, text: &str) -> Option<Outlined> {
        let name = |(at, length): Place| -> Option<String> {
            let at = at as usize;
            Some(text.get(at..at + usize::from(length))?.to_owned())
        };
        let definitions = self.definitions.into_iter().map(|it| {
            Some(Definition {
                name: name(it.name)?,
                kind: DefinitionKind::ALL.get(usize::from(it.kind))?.0,
                lines: it.lines,
                signature: it.signature,
                parent: it.parent.map(|parent| parent as usize),
            })
        });
        let bases = self.bases.into_iter();
        let references = self.references.into_iter().map(|(at, line)| {
            Some(Reference {
                name: name(at)?,
                line,
            })
        });
        let starts = Lines::new(text).starts;
        let is_of_text = u32::try_from(starts.len()).ok() == Some(self.n_lines);
        // after the last end of a line stands none
        let n_lines = starts.len() - usize::from(starts.last() == Some(&text.len()));
        if !is_of_text || self.line_tokens.len() != n_lines {
            return None;
        }
        let outline = Outline {
            definitions: definitions.collect::<Option<_>>()?,
            bases: bases
                .map(|(idx, at)| Some((idx as usize, name(at)?)))
                .collect::<Option<_>>()?,
            imports: self.imports,
            references: references.collect::<Option<_>>()?,
            breaks: self.breaks,
            fallback: match usize::from(self.fallback) {
                0 => None,
                n => Some(LASTING.get(n - 1)?),
            },
        };
        Some(Outlined {
            outline,
            line_tokens: self.line_tokens,
        })
    }
}

/// Where the lines of a text begin.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let starts = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Self {
            text,
            starts: std::iter::once(0).chain(starts).collect(),
        }
    }

    /// Where `name` first stands on lines `first` to `last`, from 1.
    fn find(&self, name: &str, (first, last): (u32, u32)) -> Option<Place> {
        let start = *self.starts.get((first as usize).checked_sub(1)?)?;
        let end = self
            .starts
            .get(last as usize)
            .copied()
            .unwrap_or(self.text.len());
        let at = start + self.text.get(start..end)?.find(name)?;
        Some((u32::try_from(at).ok()?, u16::try_from(name.len()).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The sample of each language, long enough to be kept.
    fn samples() -> Vec<(String, Language, String)> {
        let grammars = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammars");
        let folders = std::fs::read_dir(grammars).unwrap();
        let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
        let samples = files.filter_map(|file| {
            let path = file.unwrap().path();
            let is_sample = path.file_stem().is_some_and(|stem| stem == "sample");
            let text = std::fs::read_to_string(&path).ok().filter(|_| is_sample)?;
            let name = path.to_string_lossy().into_owned();
            Some((name.clone(), language::detect(&name, &text)?, text))
        });
        samples.collect()
    }

    #[test]
    fn what_is_kept_is_what_was_found_and_holds_no_text() {
        let all = samples();
        assert!(all.len() > 10);
        for (name, language, text) in all {
            let outlined = Outlined::new(&text, Some(language), Tokenizer::default());
            let kept = Kept::of(&outlined, &text).unwrap_or_else(|| panic!("{name} is not kept"));
            let bytes = postcard::to_stdvec(&kept).unwrap();
            for definition in outlined
                .outline
                .definitions
                .iter()
                .filter(|it| it.name.len() > 3)
            {
                let name = definition.name.as_bytes();
                assert!(
                    !bytes.windows(name.len()).any(|at| at == name),
                    "{definition:?}"
                );
            }
            let again: Kept = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(again.revive(&text), Some(outlined), "{name}");
        }
    }

    #[test]
    fn a_record_is_of_one_text_in_one_language() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        let rust = Language::from_id("rust");
        let of = |text: &str, language, tokenizer| {
            known(&cache, text, language, tokenizer)
                .unwrap_or_else(|| find_out(Some(&cache), text, language, tokenizer))
        };
        let text = |name: &str| format!("fn {name}() {{}}\n{}", "// words\n".repeat(100));
        let name = |text: &str, language| {
            let tokenizer = Tokenizer::default();
            let outlined = of(text, language, tokenizer);
            assert_eq!(outlined, Outlined::new(text, language, tokenizer));
            outlined
                .outline
                .definitions
                .first()
                .map(|it| it.name.clone())
        };
        for _ in 0..2 {
            assert_eq!(name(&text("one"), rust).as_deref(), Some("one"));
            assert_eq!(name(&text("two"), rust).as_deref(), Some("two"));
            name(&text("one"), Language::from_id("python"));
            name(&text("one"), None);
            name(&text("one").repeat(10), None);
            let other = of(&text("one"), rust, Tokenizer::Cl100kBase);
            let expected = Outlined::new(&text("one"), rust, Tokenizer::Cl100kBase);
            assert_eq!(other, expected);
        }
    }

    #[test]
    fn a_record_of_another_text_is_none() {
        let (_, language, text) = samples().remove(0);
        let outlined = Outlined::new(&text, Some(language), Tokenizer::default());
        let kept = || Kept::of(&outlined, &text).unwrap();
        for other in ["", "é", "a\nb\n", &"é\n".repeat(text.lines().count())] {
            assert_eq!(kept().revive(other), None, "{other}");
        }
    }
}
