//! The layout of Claude Code's folder `projects/`: which of its folders may concern this repository.
//!
//! A folder's name is the working directory with every character but ASCII letters and digits turned into a dash.
//! That cannot be undone (`/w/acme.shop` and `/w/acme-shop` share a folder), so a name only shortlists; the `cwd` that
//! each transcript records decides.

use super::lax::Text;
use super::reader::{self, Record};
use super::stores::{self, Stores};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Names above this many UTF-16 units are cut and closed with a hash that differs between versions.
const MAX_SLUG: usize = 200;
/// Transcripts of a folder that are asked for their working directory before its memory is trusted.
const MAX_WITNESSES: usize = 50;

/// A folder of `projects/` that may hold something of this repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its path.
    pub path: PathBuf,
    /// Whether its name is that of a root, rather than of a folder below a root.
    pub is_root: bool,
}

/// The folder name that Claude Code gives to a working directory; one dash for each UTF-16 unit, nothing squeezed.
pub fn slug(path: &str) -> String {
    let mut slug = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else {
            slug.extend(std::iter::repeat_n('-', c.len_utf16()));
        }
    }
    slug
}

/// The folders whose names fit a root or a folder below one, sorted by name.
pub fn folders(stores: &Stores) -> Vec<Folder> {
    let Some(claude_dir) = stores.home_dir(".claude", "CLAUDE_CONFIG_DIR") else {
        return Vec::new();
    };
    let projects = claude_dir.join("projects");
    let slugs: Vec<String> = stores
        .roots
        .iter()
        .map(|root| {
            let text = root.to_string_lossy();
            let text = text.strip_prefix(r"\\?\").unwrap_or(&text);
            let text = if text.len() > 1 {
                text.trim_end_matches(['/', '\\'])
            } else {
                text
            };
            slug(text)
        })
        .collect();
    stores::list(&projects)
        .into_iter()
        .filter(|(_, metadata)| metadata.is_dir())
        .filter_map(|(name, _)| {
            let is_root = slugs.contains(&name);
            let fits = is_root || slugs.iter().any(|slug| is_below(&name, slug));
            fits.then(|| Folder {
                path: projects.join(&name),
                is_root,
            })
        })
        .collect()
}

/// Whether `name` may be that of a folder below the one with `slug`; or the same one, cut and hashed.
fn is_below(name: &str, slug: &str) -> bool {
    let stem = slug.get(..MAX_SLUG.min(slug.len())).unwrap_or(slug);
    match name.strip_prefix(stem) {
        Some(rest) => rest.starts_with('-') || stem.ends_with('-') || stem.len() == MAX_SLUG,
        None => false,
    }
}

/// Whether a folder's name is so long that it was cut and closed with a hash, so that it cannot be compared whole.
pub fn is_cut(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name.len() > MAX_SLUG)
}

/// Whether a file name is that of a session: `<uuid>.jsonl`. Sub-agents and other logs are named otherwise.
pub fn session_id(name: &str) -> Option<&str> {
    let id = name.strip_suffix(".jsonl")?;
    let parts: Vec<&str> = id.split('-').collect();
    let is_uuid = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && id.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit());
    is_uuid.then_some(id)
}

/// How many of a folder's transcripts were started inside the roots, and how many outside.
pub fn witnesses(stores: &Stores, folder: &Path) -> (usize, usize) {
    let mut counts = (0, 0);
    let mut n_asked = 0;
    for (name, metadata) in stores::list(folder) {
        if !metadata.is_file() || session_id(&name).is_none() || n_asked == MAX_WITNESSES {
            continue;
        }
        n_asked += 1;
        match first_cwd(&folder.join(&name)) {
            Some(cwd) if stores.holds(&cwd) => counts.0 += 1,
            Some(_) => counts.1 += 1,
            None => {}
        }
    }
    counts
}

/// The first working directory that a transcript records.
pub fn first_cwd(path: &Path) -> Option<String> {
    #[derive(serde::Deserialize, Default)]
    #[serde(default)]
    struct Line {
        cwd: Text,
    }
    impl Record for Line {
        const STARTS: &'static [&'static [u8]] = &[b"{\"parentUuid\"", b"{\"type\""];
        fn is_whole(&self) -> bool {
            self.cwd.0.is_some()
        }
    }
    let (file, _) = stores::open(path).ok()?;
    let mut cwd = None;
    reader::read(file, |line: Line| {
        cwd = line.cwd.0;
        if cwd.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .ok()?;
    cwd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_keep_case_and_squeeze_nothing() {
        assert_eq!(slug("/home/dev/acme.shop"), "-home-dev-acme-shop");
        assert_eq!(slug(r"E:\Mat_Lab"), "E--Mat-Lab");
        assert_eq!(slug("/w/é/😀"), "-w-----");
    }

    #[test]
    fn sub_folders_and_cut_names_are_shortlisted() {
        let check = |name: &str, root: &str, expected: bool| {
            assert_eq!(is_below(name, &slug(root)), expected, "{name} below {root}");
        };
        check("-w-shop-src", "/w/shop", true);
        check("-w-shop2", "/w/shop", false);
        check("-w", "/w/shop", false);
        check("-w-shop", "/", true);
        let long = format!("/{}", "x".repeat(300));
        check(&format!("{}-1abc", &slug(&long)[..200]), &long, true);
    }

    #[test]
    fn session_files_are_named_by_uuid() {
        assert_eq!(
            session_id("7b1f0c3e-5a52-4c1d-9a57-0f6f2d1c0a01.jsonl"),
            Some("7b1f0c3e-5a52-4c1d-9a57-0f6f2d1c0a01")
        );
        for name in [
            "agent-0badcafe.jsonl",
            "acompact-7b1f0c3e-5a52-4c1d-9a57-0f6f2d1c0a01.jsonl",
            "x.jsonl",
            "7b1f0c3e-5a52-4c1d-9a57-0f6f2d1c0a01.json",
        ] {
            assert_eq!(session_id(name), None);
        }
    }
}
