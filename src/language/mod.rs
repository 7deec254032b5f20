//! Languages: what a file defines, uses and imports, and where it may be cut.
//!
//! Later stages show parts of files, so they must know where the parts begin and end, which of them belong together and
//! which names tie one file to another. Tree-sitter queries answer that for the languages of `table.rs`; headings answer it
//! for Markdown; blank lines for everything else. A grammar is a folder of queries and one row, never Rust code: per-language
//! code was the alternative, and it grows without end.
//!
//! Nothing here fails. A file that no parser should be let near (too large, too deep, too slow) gets an [`Outline`] made from
//! its lines, with the reason in [`Outline::fallback`]; a file with syntax errors keeps every definition that is still found.
//! The room reads no file and knows no candidate: text in, [`Outline`] out.

mod breaks;
mod captures;
mod column_zero;
mod detect;
mod leading;
mod limits;
mod lines;
mod markdown;
mod mask;
mod parse;
mod structure;
mod table;

#[cfg(test)]
mod nests;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;

pub use detect::detect;
pub use table::Language;

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::sync::LazyLock;
use tree_sitter_language::LanguageFn;

/// Lines of a file, 1-based and inclusive.
pub type Lines = RangeInclusive<u32>;

/// A definition or block longer than this many lines gets [`Outline::breaks`].
pub const LONG_LINES: u32 = 40;

/// What sort of thing a definition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefinitionKind {
    /// A function outside of any type.
    Function,
    /// A function that belongs to a type, constructors included.
    Method,
    /// A property with accessors.
    Property,
    /// A function declared without its body, as C headers do.
    Prototype,
    /// A class, or a protocol's closest kin.
    Class,
    /// A struct, union or record.
    Struct,
    /// An enumeration.
    Enum,
    /// A trait.
    Trait,
    /// An interface or protocol.
    Interface,
    /// An implementation of a trait or protocol, or a block of methods for a type.
    Impl,
    /// A module or namespace.
    Module,
    /// A macro.
    Macro,
    /// A constant or a variable of a whole module.
    Constant,
    /// An alias or other named type.
    Type,
    /// A heading of a document, with all that stands under it.
    Section,
    /// A test, or a group of tests.
    Test,
}

impl DefinitionKind {
    /// All of them with their words; what is kept of one names it by its place here.
    pub const ALL: [(Self, &'static str); 16] = [
        (Self::Function, "function"),
        (Self::Method, "method"),
        (Self::Property, "property"),
        (Self::Prototype, "prototype"),
        (Self::Class, "class"),
        (Self::Struct, "struct"),
        (Self::Enum, "enum"),
        (Self::Trait, "trait"),
        (Self::Interface, "interface"),
        (Self::Impl, "impl"),
        (Self::Module, "module"),
        (Self::Macro, "macro"),
        (Self::Constant, "constant"),
        (Self::Type, "type"),
        (Self::Section, "section"),
        (Self::Test, "test"),
    ];

    /// The word that queries and people use: `function`, `method`, ...
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(kind, _)| *kind == self);
        found.map_or("definition", |(_, word)| word)
    }

    /// The kind that a query's `@definition.<word>` names.
    fn from_word(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == word);
        found.map(|(kind, _)| *kind)
    }

    /// Whether what stands inside is code that runs, so that definitions there are local to it.
    pub fn is_callable(self) -> bool {
        matches!(
            self,
            Self::Function | Self::Method | Self::Property | Self::Macro | Self::Test
        )
    }

    /// Whether a function directly inside is a method.
    pub fn has_methods(self) -> bool {
        matches!(
            self,
            Self::Class | Self::Struct | Self::Enum | Self::Trait | Self::Interface | Self::Impl
        )
    }
}

/// A named part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The name alone, without namespace or receiver: at most 120 characters, never empty, on one line.
    pub name: String,
    /// What sort of thing it is.
    pub kind: DefinitionKind,
    /// First and last line, 1-based and inclusive, with the doc comments, attributes and decorators attached above.
    pub lines: (u32, u32),
    /// Lines from the first of the declaration itself to the one that opens its body (all of it where there is no body).
    /// Always within `lines`.
    pub signature: (u32, u32),
    /// Index in [`Outline::definitions`] of the definition around this one; always smaller than its own.
    pub parent: Option<usize>,
}

/// A use of a name: a call, or a type where the grammar tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The name alone, without receiver or namespace.
    pub name: String,
    /// The line it stands on, 1-based.
    pub line: u32,
}

/// What a file defines, uses and imports, and where it may be cut.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// Definitions in preorder: by first line, a parent before what it contains. Two definitions that are not nested share a
    /// line only where the file puts both on it.
    pub definitions: Vec<Definition>,
    /// Names that a definition extends, implements or mixes in, in order: (index of the definition, name).
    pub bases: Vec<(usize, String)>,
    /// Line ranges of imports, sorted; adjacent ones are joined.
    pub imports: Vec<(u32, u32)>,
    /// Uses of names, sorted by line, each name once a line.
    pub references: Vec<Reference>,
    /// Sorted lines at which a new statement (with its comment) begins inside a definition, or a stretch outside of any, that
    /// is longer than [`LONG_LINES`]: where it may be cut. Statements longer than that are broken inside as well.
    pub breaks: Vec<u32>,
    /// Why there is less than a parse would give: `no grammar`, `too large`, `lines too long`, `too deep`, `too repetitive`,
    /// `too broken`, `heredoc word too long`, `too slow`, `out of time` or `no thread`; `None` after a parse and for Markdown.
    pub fallback: Option<&'static str>,
}

/// Whether a parser is asked about texts in `language`, which takes time and a large stack.
pub fn is_parsed(language: Option<Language>) -> bool {
    language.is_some_and(|language| language.row().grammar.is_some())
}

/// Finds the definitions, imports, references and breaks of `text`.
///
/// Never fails and never panics; see [`Outline::fallback`] for what it does with files it cannot parse. Depends on its
/// arguments alone, unless a parse takes longer than several seconds. Costs 0.3-0.5 s per MB of source, a few hundred times
/// as much as reading it, and the first file of a language 10-250 ms more, for compiling its queries.
pub fn outline(text: &str, language: Option<Language>) -> Outline {
    let Some(language) = language else {
        return lines::outline(text, "no grammar");
    };
    let Some(grammar) = language.row().grammar else {
        return markdown::outline(text);
    };
    on_a_large_stack(|| parsed(text, language, grammar))
        .unwrap_or_else(|| column_zero::outline(text, language, "no thread"))
}

/// The outline of `text` by `grammar`, taken on this thread.
fn parsed(text: &str, language: Language, grammar: LanguageFn) -> Outline {
    let shown = if column_zero::is_c_like(language) {
        mask::macros(text)
    } else {
        text.into()
    };
    match parse::tree(&shown, language, grammar) {
        Ok(tree) => structure::outline(text, &tree, language),
        Err(reason) => column_zero::outline(text, language, reason),
    }
}

/// Bytes of stack that a parse has. A parser recurses in C, where an overflow ends the process.
///
/// What is recursive in it is merging two stacks, which `vendor/tree-sitter` stops at a depth of 1,024, and scanners recurse nowhere:
/// no text was found to take more than 72 kB, whatever its length, which is a nine hundredth of this. `nests.rs` tries all that nests in
/// each language with 128 kB. It is address space, of which only what is used is ever memory.
const STACK_BYTES: usize = 64 << 20;

thread_local! {
    /// Whether this thread has [`STACK_BYTES`].
    static IS_LARGE: Cell<bool> = const { Cell::new(false) };
}

/// Threads that have [`STACK_BYTES`], one a core; `None` where the system gives none.
static LARGE: LazyLock<Option<rayon::ThreadPool>> = LazyLock::new(|| {
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(STACK_BYTES)
        .start_handler(|_| IS_LARGE.set(true));
    pool.build().ok()
});

/// Runs `work`, which takes outlines of many files, on threads on which each is taken at once: to make a thread takes as long as
/// to parse a kilobyte.
///
/// Who calls it from a thread of another pool waits: to take up other work meanwhile, as a pool's own threads do, is to begin one case
/// of many inside another, and a third inside that.
pub fn on_large_stacks<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let Some(pool) = LARGE.as_ref().filter(|_| !IS_LARGE.get()) else {
        return work();
    };
    // a thread that is of no pool waits and does nothing else
    let waited = std::thread::scope(|scope| scope.spawn(|| pool.install(work)).join());
    waited.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs `work` on a large stack: on this thread if it has one, else on one of its own; `None` where the system gives none, or if
/// `work` panics.
fn on_a_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    if IS_LARGE.get() {
        return std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).ok();
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, work);
        thread.ok()?.join().ok()
    })
}

/// The lines of `text`, as [`str::lines`] has them, and found faster.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut ends = memchr::memchr_iter(b'\n', text.as_bytes());
    let mut start = 0;
    std::iter::from_fn(move || match ends.next() {
        Some(end) => {
            let line = &text[start..end];
            start = end + 1;
            Some(line.strip_suffix('\r').unwrap_or(line))
        }
        None if start < text.len() => {
            let line = &text[start..];
            start = text.len();
            Some(line)
        }
        None => None,
    })
}

/// How many lines `text` has; a final newline ends a line and does not begin one.
fn n_lines(text: &str) -> u32 {
    let n_newlines = memchr::memchr_iter(b'\n', text.as_bytes()).count();
    let unfinished = !text.is_empty() && !text.ends_with('\n');
    u32::try_from(n_newlines + usize::from(unfinished)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;

    #[test]
    fn lines_are_those_of_the_library() {
        for text in [
            "",
            "\n",
            "a",
            "a\n",
            "a\r\n\r\nb\r",
            "\r\n",
            "é\n\n\nb",
            "\r",
        ] {
            assert!(lines(text).eq(text.lines()), "{text:?}");
        }
    }

    #[test]
    fn no_work_begins_inside_other_work() {
        thread_local! {
            static DEPTH: Cell<usize> = const { Cell::new(0) };
        }
        let one = |n: usize| {
            DEPTH.set(DEPTH.get() + 1);
            let depth = DEPTH.get();
            let is_large = on_large_stacks(|| {
                std::thread::sleep(std::time::Duration::from_millis(1));
                IS_LARGE.get() && on_large_stacks(|| IS_LARGE.get())
            });
            DEPTH.set(DEPTH.get() - 1);
            (n, is_large, depth)
        };
        let all: Vec<(usize, bool, usize)> = (0..50).into_par_iter().map(one).collect();
        assert!(
            all.iter().enumerate().all(|(n, it)| *it == (n, true, 1)),
            "{all:?}"
        );
    }
}
