//! What the cheap pass knows of a language: its comments, its strings, and whether it is prose.

/// How a file's text divides into code, comments and strings. Approximate by design: a wrong guess moves words from one
/// field to another and loses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// Marks that start a comment up to the end of the line.
    pub line_comments: &'static [&'static str],
    /// Marks around comments that span lines.
    pub block_comments: &'static [(&'static str, &'static str)],
    /// Bytes that open and close a string.
    pub quotes: &'static [u8],
    /// Whether three quotes open a string that spans lines (counted as a comment: mostly documentation).
    pub triple_quotes: bool,
    /// Whether it is all prose: then every word counts as a comment.
    pub prose: bool,
    /// How definitions look.
    pub family: Family,
}

/// Families of languages whose definitions look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A keyword stands before the name (Rust, Go, Python, Ruby, Elixir, PHP, ...).
    Keyword,
    /// Functions are a type, a name and parentheses at the left margin (C, C++).
    C,
    /// Methods are a name and parentheses with a brace behind (Java, C#, JavaScript, ...).
    Brace,
    /// No definitions.
    None,
}

const C_COMMENT: &[(&str, &str)] = &[("/*", "*/")];

const fn code(
    line_comments: &'static [&'static str],
    quotes: &'static [u8],
    family: Family,
) -> Syntax {
    Syntax {
        line_comments,
        block_comments: C_COMMENT,
        quotes,
        triple_quotes: false,
        prose: false,
        family,
    }
}

const C: Syntax = code(&["//"], b"\"", Family::C);
const BRACE: Syntax = code(&["//"], b"\"", Family::Brace);
const SCRIPT: Syntax = code(&["//"], b"\"'`", Family::Brace);
const RUST: Syntax = code(&["//"], b"\"", Family::Keyword);
const GO: Syntax = code(&["//"], b"\"`", Family::Keyword);
const PHP: Syntax = code(&["//", "#"], b"\"'", Family::Keyword);
const HASH: Syntax = Syntax {
    line_comments: &["#"],
    block_comments: &[],
    quotes: b"\"'",
    triple_quotes: true,
    prose: false,
    family: Family::Keyword,
};
const DASH: Syntax = Syntax {
    line_comments: &["--"],
    block_comments: &[],
    quotes: b"\"'",
    triple_quotes: false,
    prose: false,
    family: Family::Keyword,
};
const SEMICOLON: Syntax = Syntax {
    line_comments: &[";"],
    quotes: b"\"",
    ..DASH
};
const MARKUP: Syntax = Syntax {
    line_comments: &[],
    block_comments: &[("<!--", "-->")],
    quotes: b"\"",
    triple_quotes: false,
    prose: false,
    family: Family::None,
};
const SINGLE_FILE_COMPONENT: Syntax = Syntax {
    family: Family::Brace,
    ..MARKUP
};
const PROSE: Syntax = Syntax {
    line_comments: &[],
    block_comments: &[],
    quotes: b"",
    triple_quotes: false,
    prose: true,
    family: Family::None,
};
const PLAIN: Syntax = Syntax {
    prose: false,
    ..PROSE
};

/// The syntax of the file at `path`, by its name.
pub fn of_path(path: &str) -> Syntax {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((_, extension)) = name.rsplit_once('.') else {
        return match name {
            "Makefile" | "Dockerfile" | "Rakefile" | "Gemfile" | "Justfile" | "justfile"
            | "BUILD" => HASH,
            _ => PLAIN,
        };
    };
    match extension.to_ascii_lowercase().as_str() {
        "c" | "h" | "cc" | "cpp" | "cxx" | "hpp" | "hh" | "hxx" | "ipp" | "inl" | "m" | "mm"
        | "y" | "l" | "cu" | "glsl" | "proto" => C,
        "java" | "cs" | "kt" | "kts" | "scala" | "swift" | "dart" | "groovy" | "gradle" | "zig"
        | "d" | "v" | "sol" => BRACE,
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "css" | "scss" | "less" => {
            SCRIPT
        }
        "rs" => RUST,
        "go" => GO,
        "php" => PHP,
        "py" | "pyi" | "pyx" | "pxd" | "rb" | "rake" | "ex" | "exs" | "sh" | "bash" | "zsh"
        | "pl" | "pm" | "r" | "jl" | "nim" | "cr" | "yml" | "yaml" | "toml" | "cmake" | "mk"
        | "nix" | "tf" | "jq" | "cfg" | "ini" | "conf" => HASH,
        "lua" | "sql" | "hs" | "elm" | "ada" => DASH,
        "lisp" | "el" | "clj" | "cljs" | "scm" | "rkt" | "asm" | "s" => SEMICOLON,
        "html" | "htm" | "xml" | "svg" | "heex" | "eex" | "leex" | "erb" => MARKUP,
        "vue" | "svelte" | "astro" => SINGLE_FILE_COMPONENT,
        "md" | "markdown" | "mdx" | "rst" | "txt" | "adoc" | "org" | "tex" => PROSE,
        _ => PLAIN,
    }
}
