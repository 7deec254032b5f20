//! Tells the language of a file from its name, and from its first lines where the name does not say.

use super::table::{Language, rows};

/// The language of the file at `path` (only its last component counts).
///
/// `text` is the file, or its first few kilobytes: it decides for scripts without an extension (`#!`) and for `.h`, which is
/// C unless it shows C++. `None` where no grammar fits.
pub fn detect(path: &str, text: &str) -> Option<Language> {
    let name = path.rsplit('/').next().unwrap_or(path);
    by_file_name(name, text).or_else(|| by_shebang(text))
}

fn by_file_name(name: &str, text: &str) -> Option<Language> {
    if let Some(row) = rows().find(|row| row.file_names.contains(&name)) {
        return Some(Language(row));
    }
    let (stem, extension) = name.rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    let extension = extension.to_ascii_lowercase();
    if extension == "h" && shows_cpp(text) {
        return Language::from_id("cpp");
    }
    // A template of a source file has the shape of that file.
    if matches!(
        extension.as_str(),
        "in" | "tmpl" | "tpl" | "example" | "dist"
    ) && stem.contains('.')
    {
        return by_file_name(stem, text);
    }
    rows()
        .find(|row| row.extensions.contains(&extension.as_str()))
        .map(Language)
}

fn by_shebang(text: &str) -> Option<Language> {
    let line = text.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_whitespace();
    let mut program = base_name(words.next()?);
    if program == "env" {
        program = base_name(words.find(|word| !word.starts_with('-') && !word.contains('='))?);
    }
    let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    rows()
        .find(|row| row.interpreters.contains(&program))
        .map(Language)
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether a header holds what only C++ has, outside of comments that fill their line.
///
/// Headers that C and C++ share guard `extern "C"` with `__cplusplus`; they are C.
fn shows_cpp(text: &str) -> bool {
    const STARTS: [&str; 12] = [
        "class ",
        "namespace ",
        "template <",
        "template<",
        "using ",
        "public:",
        "private:",
        "protected:",
        "virtual ",
        "constexpr ",
        "explicit ",
        "inline namespace ",
    ];
    const HEADERS: [&str; 8] = [
        "string",
        "vector",
        "memory",
        "map",
        "utility",
        "functional",
        "cstdint",
        "type_traits",
    ];
    text.lines().map(str::trim_start).any(|line| {
        let header = line
            .strip_prefix("#include <")
            .and_then(|rest| rest.split('>').next());
        STARTS.iter().any(|start| line.starts_with(start))
            || header.is_some_and(|header| HEADERS.contains(&header))
            || (line.contains("std::")
                && !line.starts_with("//")
                && !line.starts_with('*')
                && !line.starts_with("/*"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &str) {
        let found = detect(path, text).map_or("none", Language::id);
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn names_and_extensions() {
        check("src/main.rs", "", "rust");
        check("a.b/c.PY", "", "python");
        check("x/view.d.ts", "", "typescript");
        check("App.tsx", "", "tsx");
        check("App.jsx", "", "javascript");
        check("lib/Rakefile", "", "ruby");
        check("README.md", "", "markdown");
        check("config.h.in", "int f(void);", "c");
        check("Makefile", "", "none");
        check("noext", "", "none");
        check(".py", "", "none");
        check("rs", "", "none");
        check("", "", "none");
    }

    #[test]
    fn shebangs() {
        check("bin/run", "#!/bin/sh\necho", "bash");
        check(
            "bin/run",
            "#! /usr/bin/env -S FOO=1 python3.12 -u\n",
            "python",
        );
        check("bin/run", "#!/usr/bin/env node\n", "javascript");
        check("bin/run", "#!/usr/bin/perl\n", "none");
        check("bin/run", "#!", "none");
        check("run.txt", "#!/bin/bash\n", "bash");
    }

    #[test]
    fn headers() {
        check(
            "a.h",
            "#ifdef __cplusplus\nextern \"C\" {\n#endif\nint f(void);\n",
            "c",
        );
        check("a.h", "// std::move is C++\nint f(void);\n", "c");
        check("a.h", "#include <string>\n", "cpp");
        check("a.h", "namespace a {\n", "cpp");
        check("a.h", "  template<class T> struct A;\n", "cpp");
        check("a.hpp", "", "cpp");
    }
}
