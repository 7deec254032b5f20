//! What a path says about a file: test, documentation, data, generated, beside the product.

use super::folders::split;
use crate::lexicon::syntax;

/// What a path says about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // five independent facts, each a feature of its own
pub struct Look {
    /// A test, fixture or snapshot.
    pub is_test: bool,
    /// Documentation.
    pub is_prose: bool,
    /// Configuration or data.
    pub is_data: bool,
    /// Examples, benchmarks, scripts, tools: beside the product.
    pub is_aside: bool,
    /// Vendored, minified, locked or generated.
    pub is_generated: bool,
    /// In a programming language.
    pub is_code: bool,
}

impl Look {
    /// Reads a path.
    pub fn of(path: &str) -> Self {
        let (folder, name) = split(path);
        Self::of_folder(folder).and_of(name)
    }

    /// What the folders of a path say about whatever lies in them.
    pub(super) fn of_folder(folder: &str) -> Self {
        let lower = folder.to_ascii_lowercase();
        let has = |names: &[&str]| lower.split('/').any(|folder| names.contains(&folder));
        Self {
            is_test: has(&[
                "test",
                "tests",
                "testing",
                "__tests__",
                "spec",
                "specs",
                "testdata",
                "test-data",
                "fixtures",
                "fixture",
                "snapshots",
                "__snapshots__",
                "e2e",
                "playground",
            ]),
            is_aside: has(&[
                "example",
                "examples",
                "demo",
                "demos",
                "bench",
                "benches",
                "benchmark",
                "benchmarks",
                "script",
                "scripts",
                "tool",
                "tools",
                "util-scripts",
                "doc",
                "docs",
                "documentation",
                "website",
                "site",
                "samples",
                "sample",
                "tutorial",
                "tutorials",
                "integrationtests",
                "contrib",
                "ci",
                ".github",
                "hack",
                "templates-test",
                "extras",
            ]),
            is_generated: has(&[
                "vendor",
                "third_party",
                "third-party",
                "node_modules",
                "deps",
                "dist",
                "single_include",
                "generated",
                "external",
                "vendored",
                "extern",
                "_vendor",
            ]),
            is_prose: false,
            is_data: false,
            is_code: false,
        }
    }

    /// What the name of a file says besides.
    pub(super) fn and_of(self, name: &str) -> Self {
        let written = name;
        let name = name.to_ascii_lowercase();
        let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
        let is_prose = matches!(
            extension,
            "md" | "markdown" | "mdx" | "rst" | "txt" | "adoc" | "org" | "tex" | "po" | "pot"
        ) || matches!(
            stem,
            "license" | "copying" | "authors" | "changelog" | "notice" | "readme"
        );
        let is_test = self.is_test
            || stem.starts_with("test_")
            || stem.starts_with("tests_")
            || [
                "_test", "_tests", ".test", ".spec", "_spec", "-test", "-spec",
            ]
            .iter()
            .any(|end| stem.ends_with(end))
            || (matches!(extension, "java" | "kt" | "cs" | "php" | "scala")
                && (stem.ends_with("test") || stem.ends_with("tests")))
            || matches!(stem, "conftest" | "tests" | "test");
        let is_data = matches!(
            extension,
            "json"
                | "yml"
                | "yaml"
                | "toml"
                | "lock"
                | "ini"
                | "cfg"
                | "csv"
                | "tsv"
                | "xml"
                | "svg"
                | "conf"
                | "properties"
                | "env"
                | "plist"
                | "snap"
                | "sum"
                | "mod"
                | "gitignore"
                | "gitattributes"
                | "bib"
                | "map"
        ) || name.starts_with('.');
        let is_aside = self.is_aside
            || matches!(
                name.as_str(),
                "setup.py" | "conf.py" | "build.rs" | "noxfile.py" | "gruntfile.js" | "makefile.js"
            );
        let is_generated = self.is_generated
            || stem.ends_with(".min")
            || stem.ends_with(".generated")
            || stem.ends_with("_pb2")
            || stem.ends_with(".pb")
            || matches!(
                name.as_str(),
                "package-lock.json"
                    | "yarn.lock"
                    | "pnpm-lock.yaml"
                    | "cargo.lock"
                    | "poetry.lock"
                    | "go.sum"
                    | "composer.lock"
                    | "mix.lock"
            );
        let is_code =
            syntax::of_path(written).family != syntax::Family::None && !is_data && !is_prose
                || matches!(extension, "html" | "heex" | "eex" | "leex" | "erb");
        Self {
            is_test,
            is_prose,
            is_data,
            is_aside,
            is_generated,
            is_code,
        }
    }
}
