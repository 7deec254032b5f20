//! The languages: one row each, with its queries in `grammars/<id>/`.

use super::captures::Captures;
use std::sync::OnceLock;
use tree_sitter_language::LanguageFn;

/// A language that outlines know; a handle to its row, cheap to copy.
#[derive(Clone, Copy)]
pub struct Language(pub(super) &'static Row);

impl Language {
    /// The stable lower-case id: `rust`, `tsx`, `c-sharp`, ...; also the name of its folder under `grammars/`.
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// The language with this id.
    pub fn from_id(id: &str) -> Option<Self> {
        rows().find(|row| row.id == id).map(Self)
    }

    pub(super) fn row(self) -> &'static Row {
        self.0
    }
}

impl PartialEq for Language {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Language {}

impl std::fmt::Debug for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Language({})", self.0.id)
    }
}

/// What is known of a language.
pub(super) struct Row {
    pub(super) id: &'static str,
    /// `None` where headings are all there is to find.
    pub(super) grammar: Option<LanguageFn>,
    /// File name endings after the last dot, lower case.
    pub(super) extensions: &'static [&'static str],
    /// Whole file names.
    pub(super) file_names: &'static [&'static str],
    /// Programs named in a `#!` line, without version.
    pub(super) interpreters: &'static [&'static str],
    /// Folders under `grammars/` with the text of their queries, the own one first: where two patterns name the same thing,
    /// the earlier one counts.
    pub(super) queries: &'static [(&'static str, &'static str, &'static str)],
    /// Compiled on first use; `None` if a query does not compile.
    pub(super) captures: OnceLock<Option<Captures>>,
}

/// Makes `ROWS` from lines of: id, grammar, extensions; then, where they apply, whole file names, interpreters, and the
/// folders whose queries it takes if that is not its own alone (own one first).
macro_rules! languages {
    ($($id:literal, $grammar:expr, [$($extension:literal),*]
        $(, names [$($name:literal),*])? $(, run_by [$($program:literal),*])? $(, queries [$($folder:literal),*])?;)*) => {
        static ROWS: [Row; [$($id),*].len()] = [$(Row {
            id: $id,
            grammar: Some($grammar),
            extensions: &[$($extension),*],
            file_names: &[$($($name),*)?],
            interpreters: &[$($($program),*)?],
            queries: languages!(@queries $id $(, $($folder),*)?),
            captures: OnceLock::new(),
        }),*];
    };
    (@queries $id:literal) => { languages!(@queries $id, $id) };
    (@queries $id:literal, $($folder:literal),*) => { &[$(
        (
            $folder,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/grammars/", $folder, "/outline.scm")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/grammars/", $folder, "/tags.scm")),
        )
    ),*] };
}

languages! {
    "bash", tree_sitter_bash::LANGUAGE, ["sh", "bash", "bats", "ksh", "zsh"],
        names [".bashrc", ".bash_profile", ".bash_aliases", ".profile", ".zshrc", "PKGBUILD", "APKBUILD"], run_by ["sh", "bash", "dash", "ash", "ksh", "zsh", "bats"];
    "c", tree_sitter_c::LANGUAGE, ["c", "h"];
    "c-sharp", tree_sitter_c_sharp::LANGUAGE, ["cs", "csx"];
    "cpp", tree_sitter_cpp::LANGUAGE, ["cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "h++", "ipp", "inl", "tpp", "txx", "cu", "cuh"], queries ["cpp", "c"];
    "elixir", tree_sitter_elixir::LANGUAGE, ["ex", "exs"], run_by ["elixir"];
    "go", tree_sitter_go::LANGUAGE, ["go"];
    "java", tree_sitter_java::LANGUAGE, ["java"];
    "javascript", tree_sitter_javascript::LANGUAGE, ["js", "jsx", "mjs", "cjs"], run_by ["node", "nodejs", "bun"], queries ["javascript", "ecmascript"];
    "php", tree_sitter_php::LANGUAGE_PHP, ["php", "phtml", "phpt", "php5", "php7"], run_by ["php"];
    "python", tree_sitter_python::LANGUAGE, ["py", "pyi", "pyw"], names ["SConstruct", "SConscript", "wscript"], run_by ["python", "pypy", "uv"];
    "ruby", tree_sitter_ruby::LANGUAGE, ["rb", "rake", "gemspec", "ru", "podspec", "thor", "jbuilder"],
        names ["Rakefile", "Gemfile", "Guardfile", "Capfile", "Vagrantfile", "Podfile", "Fastfile", "Brewfile"], run_by ["ruby", "jruby", "rake"];
    "rust", tree_sitter_rust::LANGUAGE, ["rs"], run_by ["rust-script"];
    "tsx", tree_sitter_typescript::LANGUAGE_TSX, ["tsx"], queries ["tsx", "typescript", "ecmascript"];
    "typescript", tree_sitter_typescript::LANGUAGE_TYPESCRIPT, ["ts", "mts", "cts"], run_by ["deno", "ts-node", "tsx"], queries ["typescript", "ecmascript"];
}

/// Markdown has a row without a grammar: its sections come from a scan of its lines.
static MARKDOWN: Row = Row {
    id: "markdown",
    grammar: None,
    extensions: &["md", "markdown", "mdx", "mdc", "mkd"],
    file_names: &[],
    interpreters: &[],
    queries: &[],
    captures: OnceLock::new(),
};

/// All rows.
pub(super) fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain([&MARKDOWN])
}
