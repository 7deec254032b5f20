//! One part of an index: some hundreds of texts, inverted. It is written once and never changed.
//!
//! First what is known of each text, then what each imports, then three tables, of terms, of pairs of words in strings and of names
//! defined, from keys to where they stand. A search reads the first two and of the tables a few blocks.

use super::blocks::{Blocks, Writer};
use super::varint::{put, take, take_u32};
use super::{Bytes, checksum};
use crate::lexicon::profile::{Occurrence, Profile, Profiler};
use crate::lexicon::terms::{KEY_BITS, TermIdx};
use crate::lexicon::{Field, Hit, N_FIELDS, Query, Scan, Syntax};
use serde::{Deserialize, Serialize};

/// What the first bytes of a shard say: that it is one, and of which layout.
const MAGIC: &[u8; 8] = b"ctxshrd\x01";

/// Before the contents: the first bytes, the length and the checksum of what describes the rest.
const HEAD: usize = MAGIC.len() + 8;

/// The fields, by the number that they are written as.
const FIELDS: [Field; N_FIELDS] = [
    Field::Definition,
    Field::Identifier,
    Field::Comment,
    Field::String,
];

/// What a shard says of one of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// What its text has of what was looked for, and what was redacted in it.
    Text(Scan, Vec<Mark>),
    /// It is no candidate; the number says why, to who wrote it.
    Barred(u8),
    /// Somebody has it by now.
    Taken,
}

/// A line, and what was redacted there, by the name of its kind.
pub type Mark = (u32, String);

/// Where the parts of a shard stand, one behind the other.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    n_files: u32,
    files: Part,
    imports: Part,
    terms: Blocks,
    pairs: Blocks,
    names: Blocks,
}

/// A part that is read whole: its length and its checksum.
type Part = (u32, u32);

/// Collects the files of one shard.
#[derive(Default)]
pub struct Builder {
    profiler: Profiler,
    n_files: u32,
    files: Vec<u8>,
    imports: Vec<u8>,
    /// Where the terms of each file end in those of the profiler.
    ends: Vec<usize>,
    pairs: Vec<(u64, u32, u16)>,
    names: Vec<(u64, u32)>,
}

impl Builder {
    /// Begins a shard, with a profiler that may have served for another.
    pub fn new(mut profiler: Profiler) -> Self {
        profiler.begin();
        Self {
            profiler,
            ..Self::default()
        }
    }

    /// Adds a text; its number in the shard comes back. O(bytes).
    pub fn add(&mut self, text: &str, syntax: &Syntax, redacted: &[(u32, &str)]) -> u32 {
        let profile = self.profiler.profile(text, syntax);
        let file = self.n_files;
        self.n_files += 1;
        put_file(&mut self.files, &profile);
        put(&mut self.files, redacted.len() as u64);
        for (line, kind) in redacted {
            put(&mut self.files, u64::from(*line));
            put(&mut self.files, kind.len() as u64);
            self.files.extend(kind.as_bytes());
        }
        put(&mut self.imports, profile.imports.len() as u64);
        for part in profile.imports {
            self.imports.extend(part.to_le_bytes());
        }
        self.ends.push(self.profiler.terms.len());
        let pairs = profile.pairs.into_iter();
        self.pairs.extend(pairs.map(|(key, n)| (key, file, n)));
        let names = profile.definitions.into_iter();
        self.names.extend(names.map(|key| (key, file)));
        file
    }

    /// Adds a file that is no candidate.
    pub fn add_barred(&mut self, why: u8) -> u32 {
        put(&mut self.files, u64::from(why) + 1);
        put(&mut self.imports, 0);
        self.ends.push(self.profiler.terms.len());
        self.n_files += 1;
        self.n_files - 1
    }

    /// The shard, `None` where nothing was added; and the profiler, for the next one.
    pub fn end(mut self) -> (Option<Vec<u8>>, Profiler) {
        let has_room =
            self.n_files <= MAX_FILES && self.profiler.keys().len() <= MAX_TERMS as usize;
        let is_some = self.n_files > 0 && has_room;
        let shard = is_some.then(|| self.shard()).flatten();
        (shard, self.profiler)
    }

    fn shard(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        let files = part(&mut body, &self.files);
        let imports = part(&mut body, &self.imports);
        let terms = put_terms(&mut body, &self.profiler, &self.ends);
        self.pairs.sort_unstable();
        let mut writer = Writer::new(&mut body, self.pairs.len() * 7);
        for of_key in self.pairs.chunk_by(|a, b| a.0 == b.0) {
            writer.add(of_key[0].0, |out| {
                put_ascending(out, of_key.iter().map(|&(_, file, n)| (file, Some(n))));
            });
        }
        let pairs = writer.end();
        self.names.sort_unstable();
        self.names.dedup();
        let mut writer = Writer::new(&mut body, self.names.len() * 7);
        for of_key in self.names.chunk_by(|a, b| a.0 == b.0) {
            writer.add(of_key[0].0, |out| {
                put_ascending(out, of_key.iter().map(|&(_, file)| (file, None)));
            });
        }
        let names = writer.end();
        let head = Head {
            n_files: self.n_files,
            files,
            imports,
            terms,
            pairs,
            names,
        };
        let head = postcard::to_stdvec(&head).ok()?;
        let mut shard = Vec::with_capacity(HEAD + head.len() + body.len());
        shard.extend(MAGIC);
        shard.extend(u32::try_from(head.len()).ok()?.to_le_bytes());
        shard.extend(checksum(&head).to_le_bytes());
        shard.extend(head);
        shard.append(&mut body);
        Some(shard)
    }
}

fn part(body: &mut Vec<u8>, bytes: &[u8]) -> Part {
    body.extend(bytes);
    (bytes.len() as u32, checksum(bytes))
}

fn put_file(out: &mut Vec<u8>, profile: &Profile) {
    put(out, 0);
    put(out, u64::from(profile.n_lines));
    put(out, u64::from(profile.n_bytes));
    for &length in &profile.lengths {
        put(out, u64::from(length));
    }
    put(out, profile.segments.len() as u64);
    for &length in &profile.segments {
        put(out, u64::from(length));
    }
}

/// Numbers of files, as the distance to the one before, with what stands beside them.
fn put_ascending(out: &mut Vec<u8>, files: impl Iterator<Item = (u32, Option<u16>)>) {
    let mut last = 0;
    for (file, n) in files {
        put(out, u64::from(file - last));
        last = file;
        if let Some(n) = n {
            put(out, u64::from(n));
        }
    }
}

/// The table of terms. Occurrences stand by file and segment, those of each file up to one of `ends`, and are put into the order
/// of the terms by counting.
fn put_terms(body: &mut Vec<u8>, profiler: &Profiler, ends: &[usize]) -> Blocks {
    let (keys, terms) = (profiler.keys(), &profiler.terms);
    let mut places = vec![0_u32; keys.len()];
    for it in terms {
        places[it.term as usize] += 1;
    }
    let numbered = keys.zip(&places).zip(0_u32..);
    let there = numbered.filter(|((_, n), _)| **n > 0);
    // a key and a number, in one number that is sorted faster than two
    let mut order: Vec<u64> = there
        .map(|((key, _), term)| key << NUMBER_BITS | u64::from(term))
        .collect();
    order.sort_unstable();
    let number = |it: u64| (it & u64::from(MAX_TERMS - 1)) as usize;
    // from how many there are to where they begin: what is written next to each other is to stand next to each other
    let mut start = 0;
    for &it in &order {
        start += std::mem::replace(&mut places[number(it)], start);
    }
    let mut sorted = vec![0; terms.len()];
    let mut first = 0;
    for (file, &end) in (0..).zip(ends) {
        for it in &terms[first..end] {
            let place = &mut places[it.term as usize];
            sorted[*place as usize] = posting(file, it);
            *place += 1;
        }
        first = end;
    }
    let mut writer = Writer::new(body, terms.len() * 3 + order.len() * 5);
    let mut buffer = [0; BUFFER];
    let mut rest = &sorted[..];
    let mut start = 0;
    for &it in &order {
        // by now where they end
        let end = places[number(it)];
        let of_term;
        (of_term, rest) = rest.split_at((end - start) as usize);
        start = end;
        writer.add(it >> NUMBER_BITS, |out| {
            put_postings(out, &mut buffer, of_term)
        });
    }
    writer.end()
}

/// Where a term stands in a file, in one number, since they are moved about as many: the file, the segment, the field, and how often.
fn posting(file: u64, it: &Occurrence) -> u64 {
    file << FILE_AT
        | u64::from(it.segment_idx) << SEGMENT_AT
        | (it.field as u64) << FIELD_AT
        | u64::from(it.count)
}

/// Bits of the number of a term, beside its key; a text would have to be much longer than any is to have more terms.
const NUMBER_BITS: u32 = u64::BITS - KEY_BITS;
const MAX_TERMS: u32 = 1 << NUMBER_BITS;

const FIELD_AT: u32 = u16::BITS;
const SEGMENT_AT: u32 = FIELD_AT + 2;
/// No file that is read has as many segments as there are numbers in between.
const FILE_AT: u32 = SEGMENT_AT + 26;
const MAX_FILES: u32 = 1 << (u64::BITS - FILE_AT);

/// Bytes that are put together before they are appended, and those that a posting takes of them at most where its numbers are small.
const BUFFER: usize = 256;
const MOST_BYTES: usize = 4;

/// Appends the postings of one term. Nearly all consist of small numbers, and are written without a question asked: what is not
/// part of them is written over.
fn put_postings(out: &mut Vec<u8>, buffer: &mut [u8; BUFFER], postings: &[u64]) {
    let mut n = 0;
    let (mut last_file, mut last_segment) = (None, 0);
    for (idx, &it) in postings.iter().enumerate() {
        let count = it & u64::from(u16::MAX);
        let field = it >> FIELD_AT & 3;
        let segment = it >> SEGMENT_AT & ((1 << (FILE_AT - SEGMENT_AT)) - 1);
        let file = it >> FILE_AT;
        let more = postings
            .get(idx + 1)
            .is_some_and(|next| next >> FILE_AT == file);
        let is_new = last_file != Some(file);
        let from_last = file - last_file.unwrap_or(0);
        let to_segment = segment - if is_new { 0 } else { last_segment };
        // bits: 0 whether another of this file follows, 1 whether it is there more than once, 2 and 3 the field
        let bits = u64::from(more) | u64::from(count > 1) << 1 | field << 2 | to_segment << 4;
        (last_file, last_segment) = (Some(file), segment);
        if from_last < 1 << 7 && bits < 1 << 14 && count < 1 << 7 {
            let is_long = bits >= 1 << 7;
            buffer[n % BUFFER] = from_last as u8;
            n += usize::from(is_new);
            buffer[n % BUFFER] = bits as u8 & 0x7f | u8::from(is_long) << 7;
            buffer[(n + 1) % BUFFER] = (bits >> 7) as u8;
            n += 1 + usize::from(is_long);
            buffer[n % BUFFER] = count as u8;
            n += usize::from(count > 1);
        } else {
            out.extend(&buffer[..n]);
            n = 0;
            if is_new {
                put(out, from_last);
            }
            put(out, bits);
            if count > 1 {
                put(out, count);
            }
        }
        if n > BUFFER - MOST_BYTES {
            out.extend(&buffer[..n]);
            n = 0;
        }
    }
    out.extend(&buffer[..n]);
}

/// What is looked for, by key.
pub struct Wanted {
    terms: Vec<(u64, TermIdx)>,
    pairs: Vec<(u64, u16)>,
    names: Vec<u64>,
}

impl Wanted {
    /// All that `query` looks for.
    pub fn of(query: &Query) -> Self {
        let mut wanted = Self {
            terms: query.vocabulary.keys().collect(),
            pairs: query
                .bigrams
                .iter()
                .map(|(&key, &idx)| (key, idx))
                .collect(),
            names: query.names.iter().copied().collect(),
        };
        wanted.terms.sort_unstable();
        wanted.pairs.sort_unstable();
        wanted.names.sort_unstable();
        wanted
    }
}

/// Room that a search takes, for the next one.
#[derive(Default)]
pub struct Room {
    buffer: Vec<u8>,
    segments: Segments,
}

/// What the shard in `bytes` has of what is `wanted`, for each of its files; `None` where it is not whole. Reads what is known of
/// each file, and of the tables a block for each key.
pub fn search(
    bytes: &Bytes,
    wanted: &Wanted,
    Room { buffer, segments }: &mut Room,
) -> Option<Vec<Found>> {
    let (head, mut at) = head(bytes)?;
    let files = whole(bytes, &mut at, head.files, buffer)?;
    let mut found = read_files(files, head.n_files, segments)?;
    read_imports(whole(bytes, &mut at, head.imports, buffer)?, &mut found)?;

    let keys: Vec<u64> = wanted.terms.iter().map(|it| it.0).collect();
    head.terms.find(bytes, at, &keys, buffer, |idx, postings| {
        read_hits(postings, wanted.terms[idx].1, segments, &mut found)
    })?;
    at += head.terms.n_bytes();
    let keys: Vec<u64> = wanted.pairs.iter().map(|it| it.0).collect();
    head.pairs
        .find(bytes, at, &keys, buffer, |idx, mut postings| {
            let mut file = 0_u32;
            while !postings.is_empty() {
                file = file.checked_add(take_u32(&mut postings)?)?;
                let n = take(&mut postings)?.try_into().ok()?;
                scan_of(&mut found, file)?
                    .bigrams
                    .push((wanted.pairs[idx].1, n));
            }
            Some(())
        })?;
    at += head.pairs.n_bytes();
    head.names
        .find(bytes, at, &wanted.names, buffer, |idx, mut postings| {
            let mut file = 0_u32;
            while !postings.is_empty() {
                file = file.checked_add(take_u32(&mut postings)?)?;
                scan_of(&mut found, file)?.defined.push(wanted.names[idx]);
            }
            Some(())
        })?;
    for scan in found.iter_mut().filter_map(|it| match it {
        Found::Text(scan, _) => Some(scan),
        Found::Barred(_) | Found::Taken => None,
    }) {
        scan.hits
            .sort_unstable_by_key(|hit| (hit.segment_idx, hit.term_idx, hit.field));
        scan.hits.shrink_to_fit();
        scan.bigrams.sort_unstable();
        scan.defined.sort_unstable();
    }
    Some(found)
}

/// What describes the shard, and where the rest begins.
fn head(bytes: &Bytes) -> Option<(Head, u64)> {
    let mut buffer = Vec::new();
    let first = bytes.read(0, HEAD, &mut buffer)?;
    let (magic, rest) = first.split_at_checked(MAGIC.len())?;
    let (length, sum) = rest.split_at_checked(4)?;
    if magic != MAGIC {
        return None;
    }
    let length = u32::from_le_bytes(length.try_into().ok()?);
    let sum = u32::from_le_bytes(sum.try_into().ok()?);
    let described = bytes.read(HEAD as u64, length as usize, &mut buffer)?;
    if checksum(described) != sum {
        return None;
    }
    Some((
        postcard::from_bytes(described).ok()?,
        HEAD as u64 + u64::from(length),
    ))
}

/// Reads a part that stands at `at`, and moves behind it.
fn whole<'a>(
    bytes: &'a Bytes,
    at: &mut u64,
    (length, sum): Part,
    buffer: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    let part = bytes.read(*at, length as usize, buffer)?;
    *at += u64::from(length);
    (checksum(part) == sum).then_some(part)
}

fn read_files(mut part: &[u8], n_files: u32, segments: &mut Segments) -> Option<Vec<Found>> {
    segments.lengths.clear();
    segments.starts.clear();
    segments.starts.push(0);
    let mut found = Vec::with_capacity((n_files as usize).min(part.len()));
    for _ in 0..n_files {
        let why = take(&mut part)?;
        if why > 0 {
            found.push(Found::Barred(u8::try_from(why - 1).ok()?));
            segments.starts.push(segments.lengths.len());
            continue;
        }
        let mut scan = Scan {
            n_lines: take_u32(&mut part)?,
            n_bytes: take_u32(&mut part)?,
            ..Scan::default()
        };
        for length in &mut scan.lengths {
            *length = take_u32(&mut part)?;
        }
        scan.n_segments = take_u32(&mut part)?;
        for _ in 0..scan.n_segments {
            let length = take_u32(&mut part)?;
            scan.segments_length += u64::from(length);
            segments.lengths.push(length);
        }
        segments.starts.push(segments.lengths.len());
        let n = take_u32(&mut part)?;
        let mut marks = Vec::with_capacity((n as usize).min(part.len()));
        for _ in 0..n {
            let line = take_u32(&mut part)?;
            let length = take_u32(&mut part)? as usize;
            let (kind, rest) = part.split_at_checked(length)?;
            part = rest;
            marks.push((line, str::from_utf8(kind).ok()?.to_owned()));
        }
        found.push(Found::Text(scan, marks));
    }
    Some(found)
}

fn read_imports(mut part: &[u8], found: &mut [Found]) -> Option<()> {
    for found in found {
        let n = usize::try_from(take(&mut part)?).ok()?;
        let (written, rest) = part.split_at_checked(n.checked_mul(4)?)?;
        part = rest;
        if let Found::Text(scan, _) = found {
            let parts = written.as_chunks::<4>().0.iter();
            scan.imports = parts.map(|&it| u32::from_le_bytes(it)).collect();
        }
    }
    Some(())
}

fn scan_of(found: &mut [Found], file: u32) -> Option<&mut Scan> {
    match found.get_mut(file as usize)? {
        Found::Text(scan, _) => Some(scan),
        Found::Barred(_) | Found::Taken => None,
    }
}

/// How many terms the segments of each file have.
#[derive(Default)]
struct Segments {
    /// Where those of each file begin, and those of the last one end.
    starts: Vec<usize>,
    lengths: Vec<u32>,
}

impl Segments {
    fn of(&self, file: u32) -> Option<&[u32]> {
        let start = *self.starts.get(file as usize)?;
        let end = *self.starts.get(file as usize + 1)?;
        self.lengths.get(start..end)
    }
}

fn read_hits(
    mut postings: &[u8],
    term_idx: TermIdx,
    segments: &Segments,
    found: &mut [Found],
) -> Option<()> {
    let mut file = 0_u32;
    while !postings.is_empty() {
        file = file.checked_add(take_u32(&mut postings)?)?;
        let hits = &mut scan_of(found, file)?.hits;
        let lengths = segments.of(file)?;
        let mut segment_idx = 0_u32;
        loop {
            let bits = take(&mut postings)?;
            segment_idx = segment_idx.checked_add((bits >> 4).try_into().ok()?)?;
            let count = if bits & 2 == 0 {
                1
            } else {
                take(&mut postings)?.try_into().ok()?
            };
            hits.push(Hit {
                segment_idx,
                segment_length: *lengths.get(segment_idx as usize)?,
                term_idx,
                field: FIELDS[(bits >> 2 & 3) as usize],
                count,
            });
            if bits & 1 == 0 {
                break;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::query;
    use crate::lexicon::scan::Scanner;
    use crate::lexicon::syntax;

    /// The project's own sources and the samples of all languages.
    fn texts() -> Vec<(String, String)> {
        let mut folders = vec![
            std::path::PathBuf::from("src"),
            "grammars".into(),
            "fixtures".into(),
        ];
        let mut texts = Vec::new();
        while let Some(folder) = folders.pop() {
            let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
            entries.sort_by_key(std::fs::DirEntry::path);
            for entry in entries {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(text) = std::fs::read_to_string(&path) {
                    texts.push((path.to_string_lossy().into_owned(), text));
                }
            }
        }
        assert!(texts.len() > 300);
        texts
    }

    fn scanned(task: &str, texts: &[(String, String)]) -> (Query, Vec<Found>) {
        let mut query = query::read(task);
        query.look_for("put_ascending");
        let mut scanner = Scanner::new(&query);
        let scans = texts.iter().map(|(path, text)| {
            Found::Text(scanner.scan(text, &syntax::of_path(path)), Vec::new())
        });
        let scans = scans.collect();
        drop(scanner);
        (query, scans)
    }

    const TASKS: [&str; 4] = [
        "",
        "The import graph misses a module: `resolve` in src/score/imports.rs",
        "panic: cannot read the cache\n\n  at Scanner::scan (src/lexicon/scan.rs:120)\nerror: no such file or directory",
        "get set string self return value of the new error in a file",
    ];

    #[test]
    fn a_search_finds_what_a_scan_does() {
        let texts = texts();
        let mut builder = Builder::default();
        for (path, text) in &texts {
            builder.add(text, &syntax::of_path(path), &[]);
        }
        builder.add(
            "",
            &syntax::of_path("x.rs"),
            &[(3, "github-pat"), (900, "jwt")],
        );
        builder.add_barred(3);
        let shard = builder.end().0.unwrap();
        let bytes = Bytes::Memory(shard);
        for task in TASKS {
            let (query, mut expected) = scanned(task, &texts);
            let marks = vec![(3, "github-pat".to_owned()), (900, "jwt".to_owned())];
            let scan = Scanner::new(&query).scan("", &syntax::of_path("x.rs"));
            expected.extend([Found::Text(scan, marks), Found::Barred(3)]);
            let found = search(&bytes, &Wanted::of(&query), &mut Room::default()).unwrap();
            for (idx, (found, expected)) in found.iter().zip(&expected).enumerate() {
                assert_eq!(
                    found,
                    expected,
                    "{task}: {:?}",
                    texts.get(idx).map(|it| &it.0)
                );
            }
            assert_eq!(found.len(), expected.len());
        }
    }

    #[test]
    fn a_shard_holds_no_word() {
        let word = "Quarterdeck";
        let mut builder = Builder::default();
        let text =
            format!("/// {word} {word}\nuse {word}::x;\nfn {word}() {{ \"{word} {word}\" }}\n");
        builder.add(&text, &syntax::of_path("a.rs"), &[]);
        let shard = builder.end().0.unwrap();
        let lower = shard.to_ascii_lowercase();
        for part in ["quarterdeck", "quarter", "deck"] {
            assert!(!lower.windows(part.len()).any(|at| at == part.as_bytes()));
        }
    }

    #[test]
    fn damage_is_told_or_harmless() {
        let texts = &texts()[..12];
        let mut builder = Builder::default();
        for (path, text) in texts {
            builder.add(text, &syntax::of_path(path), &[]);
        }
        let shard = builder.end().0.unwrap();
        let (query, expected) = scanned(TASKS[3], texts);
        let wanted = Wanted::of(&query);
        let mut n_told = 0;
        let mut room = Room::default(); // as it was left
        for at in (0..shard.len()).step_by(7) {
            let mut torn = shard.clone();
            torn[at] ^= 0x10;
            // a block that is not looked at may be anything
            match search(&Bytes::Memory(torn), &wanted, &mut room) {
                None => n_told += 1,
                Some(found) => assert_eq!(found, expected, "byte {at}"),
            }
            let cut = search(&Bytes::Memory(shard[..at].to_vec()), &wanted, &mut room);
            assert!(cut.is_none_or(|found| found == expected), "cut at {at}");
        }
        assert!(n_told > 100, "{n_told}");
        assert!(Builder::default().end().0.is_none());
    }
}
