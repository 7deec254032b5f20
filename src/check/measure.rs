//! Counting: each file that an entry means is read once and counted once, on all cores.

use super::{Entry, Limit};
use crate::error::Error;
use crate::guard::secrets::{self as known, Redaction, names::is_secret_name};
use crate::guard::text::{Decoded, decode};
use crate::request::Secrets;
use crate::source::notes::doctor::caps;
use crate::source::{FileRef, Matcher, Trees};
use crate::tokens::Tokenizer;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How tokens are counted.
#[derive(Debug, Clone, Copy)]
pub struct Counting {
    /// The encoding.
    pub tokenizer: Tokenizer,
    /// Factor >= 1 for models whose tokenizer is not public.
    pub safety_factor: f64,
}

impl Counting {
    fn tokens(&self, text: &str) -> usize {
        let n = self.tokenizer.count(text);
        (n as f64 * self.safety_factor.max(1.0)).ceil() as usize
    }
}

/// How large one file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Tokens, raised where they are an estimate.
    pub tokens: usize,
    /// Unicode scalar values.
    pub characters: usize,
    /// Bytes on disk.
    pub bytes: usize,
    /// Lines that a host loads: without front matter and without comments on lines of their own.
    pub lines: usize,
    /// Bytes of those lines.
    pub loaded_bytes: usize,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measured {
    /// Its path, relative to the root.
    pub path: String,
    /// How large it is; all 0 where it is not counted.
    pub size: Size,
    /// The first line past the lines that hosts load or advise, and past their bytes; from 1, 0 where there is none.
    pub past: (u32, u32),
    /// What looks like secrets in it.
    pub secrets: Vec<Redaction>,
    /// Why it was not counted, where it should have been.
    pub not_counted: Option<String>,
    pub(super) object: Option<gix::ObjectId>,
}

/// The files of a tree that entries mean.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Sorted by path.
    pub files: Vec<Measured>,
    /// For each entry the indexes of its files, ascending.
    pub of_entry: Vec<Vec<usize>>,
}

/// Counts what `entries` mean of `trees`. `progress` hears of files done. Texts alone are counted; pictures and other binary files,
/// and those that are secret by their names, are not what a model reads.
///
/// # Errors
/// A glob that does not parse.
pub fn measure(
    trees: &Trees,
    entries: &[Entry],
    counting: Counting,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Files, Error> {
    let (wanted, of_entry) = wanted(trees, entries)?;
    let n_done = AtomicUsize::new(0);
    let one = |&idx: &usize| {
        let measured = measure_one(trees, &trees.files[idx], counting);
        progress(n_done.fetch_add(1, Ordering::Relaxed) + 1);
        measured
    };
    let measured: Vec<Option<Measured>> = wanted.par_iter().map(one).collect();
    Ok(renumbered(measured, of_entry))
}

/// Counts what is no file of the repository, such as the output of a hook, which each of `entries` means. Secrets are looked for unless
/// that is `Off`. What is no text is not counted, and says so.
pub fn measure_text(
    name: &str,
    bytes: &[u8],
    entries: &[Entry],
    counting: Counting,
    how: Secrets,
) -> Files {
    let file = match (decode(bytes), how) {
        (Decoded::Text(clean), Secrets::Off) => {
            measured(&clean.text, bytes.len(), Vec::new(), counting)
        }
        (Decoded::Text(clean), _) => {
            let (redacted, secrets) = known::redact_in(None, &clean.text);
            measured(&redacted, bytes.len(), secrets, counting)
        }
        _ => Measured {
            not_counted: Some("it is no text".to_owned()),
            ..Measured::default()
        },
    };
    let file = Measured {
        path: name.to_owned(),
        ..file
    };
    Files {
        files: vec![file],
        of_entry: vec![vec![0]; entries.len()],
    }
}

/// The same of an earlier state, where nothing is looked for and files that `now` has unchanged are not counted again.
///
/// # Errors
/// As for [`measure`].
pub fn measure_base(
    trees: &Trees,
    entries: &[Entry],
    counting: Counting,
    now: &Files,
) -> Result<Files, Error> {
    let mut trees = trees.clone();
    trees.secrets = Secrets::Off;
    let by_object: FxHashMap<gix::ObjectId, Size> = now
        .files
        .iter()
        .filter_map(|file| Some((file.object?, file.size)))
        .collect();
    let (wanted, of_entry) = wanted(&trees, entries)?;
    let one = |&idx: &usize| {
        let file = &trees.files[idx];
        let entry = trees.entry(file);
        match entry.object().and_then(|id| by_object.get(&id)) {
            Some(size) => Some(Measured {
                size: *size,
                ..empty(&trees, file)
            }),
            None => measure_one(&trees, file, counting),
        }
    };
    let measured: Vec<Option<Measured>> = wanted.par_iter().map(one).collect();
    Ok(renumbered(measured, of_entry))
}

/// The files that any entry means, and for each entry indexes into them.
fn wanted(trees: &Trees, entries: &[Entry]) -> Result<(Vec<usize>, Vec<Vec<usize>>), Error> {
    let mut matchers = Vec::new();
    for entry in entries {
        let own: Vec<String>;
        let include = match entry.limit {
            // what the host loads, unless something else is named
            Some(Limit::Host(host)) if entry.include.is_empty() => {
                own = host.files.iter().map(|name| (*name).to_owned()).collect();
                &own
            }
            _ => &entry.include,
        };
        matchers.push(Matcher::new(include, &entry.exclude)?);
    }
    let mut wanted = Vec::new();
    let mut of_entry = vec![Vec::new(); entries.len()];
    for (idx, file) in trees.files.iter().enumerate() {
        let path = trees.path(file);
        if is_secret_name(path) || path == crate::lock::NAME {
            continue;
        }
        let mut is_wanted = false;
        for (matcher, files) in matchers.iter().zip(&mut of_entry) {
            if matcher.matches(path) {
                files.push(wanted.len());
                is_wanted = true;
            }
        }
        if is_wanted {
            wanted.push(idx);
        }
    }
    Ok((wanted, of_entry))
}

/// Without the files that are no text.
fn renumbered(measured: Vec<Option<Measured>>, mut of_entry: Vec<Vec<usize>>) -> Files {
    let mut files = Vec::with_capacity(measured.len());
    let mut numbers = Vec::with_capacity(measured.len());
    for one in measured {
        numbers.push(one.is_some().then_some(files.len()));
        files.extend(one);
    }
    for indexes in &mut of_entry {
        *indexes = indexes.iter().filter_map(|&idx| numbers[idx]).collect();
    }
    Files { files, of_entry }
}

fn empty(trees: &Trees, file: &FileRef) -> Measured {
    Measured {
        path: trees.path(file).to_owned(),
        size: Size::default(),
        past: (0, 0),
        secrets: Vec::new(),
        not_counted: None,
        object: trees.entry(file).object(),
    }
}

/// One file; `None` where it is no text.
fn measure_one(trees: &Trees, file: &FileRef, counting: Counting) -> Option<Measured> {
    let empty = empty(trees, file);
    match trees.redacted(file) {
        Ok((clean, secrets)) => {
            let n_bytes = trees.entry(file).n_bytes() as usize;
            Some(Measured {
                path: empty.path,
                object: empty.object,
                ..measured(&clean.text, n_bytes, secrets, counting)
            })
        }
        Err(("binary" | "gone", _)) => None,
        Err(("too large", _)) if trees.begins_binary(file) => None,
        Err(("too large", _)) => Some(Measured {
            not_counted: Some("more than 4 MiB".to_owned()),
            ..empty
        }),
        Err((why, message)) => Some(Measured {
            not_counted: Some(if message.is_empty() {
                why.to_owned()
            } else {
                message
            }),
            ..empty
        }),
    }
}

/// The numbers of a text of `n_bytes` on disk.
fn measured(text: &str, n_bytes: usize, secrets: Vec<Redaction>, counting: Counting) -> Measured {
    let loaded = caps::loaded(text);
    let mut loaded_bytes = 0;
    let mut past = (loaded.get(caps::INDEX_LINES).map_or(0, |it| it.0), 0);
    for (line, content) in &loaded {
        loaded_bytes += content.trim_end_matches(['\n', '\r']).len() + 1;
        if past.1 == 0 && loaded_bytes > caps::INDEX_BYTES {
            past.1 = *line;
        }
    }
    Measured {
        size: Size {
            tokens: counting.tokens(text),
            characters: text.chars().count(),
            bytes: n_bytes,
            lines: loaded.len(),
            loaded_bytes,
        },
        past,
        secrets,
        ..Measured::default()
    }
}
