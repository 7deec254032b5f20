//! `--explain`: the named numbers behind each candidate's score, as trees.

use crate::cli::failure::{Failure, Outcome};
use crate::cli::style::{Style, count, left, plain, width};
use crate::cli::suggest;
use ctxpack::emit::Account;
use ctxpack::{Explained, Explanation, Packed};
use std::path::{Path, PathBuf};

/// Explains every candidate, best first.
pub fn all(packed: &Packed, style: Style) -> String {
    let mut out = String::new();
    for explained in &packed.explanations {
        one(explained, &packed.bundle.account, style, &mut out);
    }
    out
}

/// Explains what `asked` names: a path as in the manifest, as the shell completes it, or an id; a folder names all below it.
///
/// # Errors
/// No such candidate; the hint names the nearest.
pub fn named(packed: &Packed, asked: &Path, roots: &[PathBuf], style: Style) -> Outcome<String> {
    let spellings = spellings(asked, roots);
    let matches = |explained: &&Explained| {
        spellings.iter().any(|wanted| {
            let below = || {
                explained
                    .path
                    .strip_prefix(wanted.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
            };
            explained.path == *wanted || explained.id == *wanted || wanted == "." || below()
        })
    };
    let mut out = String::new();
    for explained in packed.explanations.iter().filter(matches) {
        one(explained, &packed.bundle.account, style, &mut out);
    }
    if !out.is_empty() {
        return Ok(out);
    }
    let wanted = spellings.last().map_or("", String::as_str);
    let mut failure = unknown(packed, wanted);
    failure.message = format!("{}: no such candidate", asked.display());
    Err(failure)
}

/// That `wanted` is no candidate, with the nearest that is one.
pub fn unknown(packed: &Packed, wanted: &str) -> Failure {
    let failure = Failure::new(format!("{wanted}: no such candidate"));
    let paths = packed
        .explanations
        .iter()
        .map(|explained| explained.path.as_str());
    match nearest_path(wanted, paths) {
        Some(near) => failure.hint(format!("did you mean ctxpack --explain '{near}'?")),
        None => failure
            .hint("ignored, binary, excluded or not there: ctxpack sources shows what is read"),
    }
}

/// An explanation for programs.
#[cfg(feature = "mcp")]
pub fn object(explained: &Explained, account: &Account) -> serde_json::Value {
    fn tree(explanation: &Explanation, depth: usize) -> serde_json::Value {
        let parts = explanation.parts.iter().filter(|_| depth < 64);
        let parts: Vec<serde_json::Value> = parts.map(|part| tree(part, depth + 1)).collect();
        serde_json::json!({"name": explanation.name, "value": explanation.value, "parts": parts})
    }
    let item = account.items.iter().find(|item| item.id == explained.id);
    let omitted = account
        .omitted
        .iter()
        .find(|omitted| omitted.id() == explained.id);
    serde_json::json!({
        "id": explained.id,
        "path": explained.path,
        "rendering": explained.rendering.map(|rendering| rendering.as_str()),
        "tokens": explained.tokens,
        "reasons": item.map(|item| item.reasons.clone()).unwrap_or_default(),
        "left_out_because": omitted.map(|omitted| omitted.reason),
        "score": tree(&explained.tree, 0),
    })
}

/// How `asked` may be written in the manifest.
fn spellings(asked: &Path, roots: &[PathBuf]) -> Vec<String> {
    let text = |path: &Path| {
        path.to_string_lossy()
            .replace(std::path::MAIN_SEPARATOR, "/")
    };
    let mut spellings = vec![text(asked)];
    for root in roots {
        let Ok(root) = root.canonicalize() else {
            continue;
        };
        for place in [asked.to_owned(), root.join(asked)] {
            if let Ok(place) = place.canonicalize()
                && let Ok(relative) = place.strip_prefix(&root)
            {
                let relative = text(relative);
                spellings.push(if relative.is_empty() {
                    ".".to_owned()
                } else {
                    relative
                });
            }
        }
    }
    let tidy = text(asked);
    let tidy = tidy.trim_start_matches("./").trim_end_matches('/');
    if !tidy.is_empty() {
        spellings.push(tidy.to_owned());
    }
    spellings
}

/// A path that ends like `wanted`, or one whose name is spelled like it.
fn nearest_path<'a>(wanted: &str, paths: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let name = |path: &'a str| path.rsplit('/').next().unwrap_or(path);
    let suffix = format!("/{wanted}");
    paths
        .clone()
        .find(|path| path.ends_with(&suffix))
        .or_else(|| {
            let wanted_name = wanted.rsplit('/').next().unwrap_or(wanted);
            let near = suggest::nearest(wanted_name, paths.clone().map(name))?;
            paths.clone().find(|path| name(path) == near)
        })
}

/// One explanation, as people read it.
pub fn one(explained: &Explained, account: &Account, style: Style, out: &mut String) {
    let how = match explained.rendering {
        Some(rendering) => style.green(rendering.as_str()),
        None => style.dim("left out"),
    };
    let path = plain(&explained.path);
    out.push_str(&format!(
        "{}  {how}, {}\n",
        style.bold(&path),
        count(explained.tokens, "token")
    ));
    let mut lines = Vec::new();
    branches(&explained.tree, "  ", "", &mut lines);
    let widest = lines.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    for (name, value) in lines {
        out.push_str(&format!(
            "{}  {}\n",
            left(&name, widest),
            style.cyan(&decimal(value))
        ));
    }
    let item = account.items.iter().find(|item| item.id == explained.id);
    let omitted = account
        .omitted
        .iter()
        .find(|omitted| omitted.id() == explained.id);
    for reason in item.into_iter().flat_map(|item| &item.reasons) {
        out.push_str(&format!("  {} {}\n", style.dim("because:"), plain(reason)));
    }
    if let Some(omitted) = omitted {
        out.push_str(&format!(
            "  {} {}\n",
            style.dim("left out:"),
            plain(omitted.reason)
        ));
    }
    out.push('\n');
}

/// The tree's lines, each with its number: name indented under its parent.
fn branches(tree: &Explanation, lead: &str, indent: &str, lines: &mut Vec<(String, f64)>) {
    lines.push((format!("{lead}{}", plain(&tree.name)), tree.value));
    // Deeper than any honest tree: a cycle cannot be built, but a very deep one could exhaust the stack.
    if indent.len() > 128 {
        return;
    }
    for (i, part) in tree.parts.iter().enumerate() {
        let last = i + 1 == tree.parts.len();
        let (branch, below) = if last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        branches(
            part,
            &format!("  {indent}{branch}"),
            &format!("{indent}{below}"),
            lines,
        );
    }
}

/// A number in four significant digits or so, aligned on nothing: `0.812`, `31.25`, `4120`, `3.1e-7`.
fn decimal(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        format!("{value}")
    } else if size < 0.001 {
        format!("{value:.1e}")
    } else if size < 10.0 {
        format!("{value:.3}")
    } else if size < 1000.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str, value: f64, parts: Vec<Explanation>) -> Explanation {
        Explanation {
            name: name.to_owned(),
            value,
            parts,
        }
    }

    #[test]
    fn trees() {
        let tree = number(
            "score",
            0.8,
            vec![
                number("a", 0.5, vec![number("b", 0.25, vec![])]),
                number("c", 12.0, vec![]),
            ],
        );
        let mut lines = Vec::new();
        branches(&tree, "  ", "", &mut lines);
        let names: Vec<&str> = lines.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["  score", "  ├─ a", "  │  └─ b", "  └─ c"]);
    }

    #[test]
    fn a_very_deep_tree_ends() {
        let mut tree = number("leaf", 1.0, vec![]);
        for _ in 0..2_000 {
            tree = number("n", 1.0, vec![tree]);
        }
        let mut lines = Vec::new();
        branches(&tree, "", "", &mut lines);
        assert!(lines.len() < 100);
    }

    #[test]
    fn decimals() {
        for (value, expected) in [
            (0.0, "0"),
            (0.8123, "0.812"),
            (31.25, "31.2"),
            (4120.0, "4120"),
            (3.1e-7, "3.1e-7"),
            (-2.0, "-2.000"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(decimal(value), expected);
        }
    }

    #[test]
    fn near_paths() {
        let near = |wanted| nearest_path(wanted, ["src/solve/greedy.rs", "README.md"].into_iter());
        assert_eq!(near("greedy.rs"), Some("src/solve/greedy.rs"));
        assert_eq!(near("solve/greedy.rs"), Some("src/solve/greedy.rs"));
        assert_eq!(near("src/greddy.rs"), Some("src/solve/greedy.rs"));
        assert_eq!(near("nothing-like-it"), None);
    }
}
