//! The tables `[[memory]]`: folders of notes beside those that every agent knows.
//!
//! A project's lie below its own folder and nowhere else, a user's anywhere.

use super::Settings;
use super::file::Trust;
use super::globs::check;
use super::values::{Wrong, expected, in_file, in_order, string, wrong_at};
use crate::cli::failure::{Failure, Outcome};
use crate::cli::suggest;
use ctxpack::request::Memory;
use std::path::{Component, Path, PathBuf};
use toml::de::DeValue;

/// The tables `[[memory]]`: a `path`, and a `glob` over the paths below it.
pub(super) fn memory(value: &DeValue<'_>) -> Result<Vec<Memory>, Wrong> {
    const KEYS: [&str; 2] = ["path", "glob"];
    let tables = || expected("tables [[memory]] with a path");
    let mut memory = Vec::new();
    for table in value.as_array().ok_or_else(tables)? {
        let start = table.span().start;
        let mut path = None;
        let mut glob = "**/*.md".to_owned();
        for (name, value) in in_order(table.get_ref().as_table().ok_or_else(tables)?) {
            let at = value.span().start;
            let text =
                |example| string(value.get_ref(), example).map_err(|failure| wrong_at(at, failure));
            match name.get_ref().as_ref() {
                "path" => {
                    let text = text("\"~/notes\"")?;
                    path = Some(text).filter(|path| !path.is_empty());
                }
                "glob" => {
                    text("\"**/*.md\"")?.clone_into(&mut glob);
                    check(&glob).map_err(|failure| wrong_at(at, failure))?;
                }
                other => {
                    let failure = Failure::new(format!("unknown key `{other}`"));
                    let hint = match suggest::nearest(other, KEYS) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("the keys are {}", KEYS.join(", ")),
                    };
                    return Err(wrong_at(name.span().start, failure.hint(hint)));
                }
            }
        }
        let path = path.ok_or_else(|| wrong_at(start, expected("a path such as \"notes\"")))?;
        memory.push(Memory {
            path: PathBuf::from(path),
            glob,
        });
    }
    Ok(memory)
}

/// Makes the folders of notes of a config file at `path` absolute: a project's lie below its own folder and nowhere else,
/// a user's anywhere. A folder that is named twice is read once.
pub(super) fn place_memory(
    memory: &mut Vec<Memory>,
    path: &Path,
    trust: Trust,
) -> Result<(), String> {
    for folder in memory.iter_mut() {
        let shown = folder.path.display();
        let is_below = folder
            .path
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let is_home = folder.path.starts_with("~");
        match trust {
            Trust::Project if !is_below || is_home || is_gits(&folder.path) => {
                return Err(format!("a project names folders of its own, not `{shown}`"));
            }
            Trust::Project if !is_of_notes(&folder.glob) => {
                let endings = ENDINGS.join(", .");
                let glob = &folder.glob;
                return Err(format!("a project's notes end in .{endings}; not `{glob}`"));
            }
            Trust::Project => {
                let parts = folder.path.components();
                let parts = parts.filter(|part| *part != Component::CurDir);
                folder.path = parts.fold(
                    path.parent().unwrap_or(Path::new("")).to_owned(),
                    |path, part| path.join(part),
                );
            }
            Trust::User if !is_home && !folder.path.is_absolute() => {
                return Err(format!("`{shown}` is neither absolute nor below ~/"));
            }
            Trust::User => {}
        }
    }
    let mut known = std::collections::BTreeSet::new();
    memory.retain(|folder| known.insert((folder.path.clone(), folder.glob.clone())));
    Ok(())
}

/// What notes of a project end in: what it names is read from disk where it lies outside of what is packed, and no ignore rule
/// keeps a `.env` there from being taken for a note.
const ENDINGS: &[&str] = &["md", "mdc", "markdown", "txt", "org", "rst", "adoc"];

/// Whether all that a glob matches ends as notes do, for all alternatives of its last braces.
fn is_of_notes(glob: &str) -> bool {
    let Some((stem, last)) = glob.rsplit_once('.') else {
        return false;
    };
    // `*.{md,txt}`, or `NOTES.md`
    let endings = last
        .strip_prefix('{')
        .and_then(|inner| inner.strip_suffix('}'))
        .unwrap_or(last);
    let is_inside = stem.matches('{').count() != stem.matches('}').count();
    !is_inside && endings.split(',').all(|ending| ENDINGS.contains(&ending))
}

/// Whether a folder is what git keeps for itself, on any file system.
fn is_gits(path: &Path) -> bool {
    path.iter().any(|part| {
        let name = part.to_string_lossy().to_ascii_lowercase();
        name.trim_end_matches([' ', '.']) == ".git" || name.starts_with("git~")
    })
}

/// Whether the folders of notes that a project names are inside the repository after links are resolved too.
pub(super) fn check_inside(settings: &Settings, path: &Path) -> Outcome<()> {
    let root = path.parent().and_then(|root| root.canonicalize().ok());
    for folder in &settings.memory {
        // A folder that is not there is read from nowhere.
        let real = folder.path.canonicalize();
        if real.is_ok_and(|real| root.as_ref().is_none_or(|root| !real.starts_with(root))) {
            let shown = folder.path.display();
            let message = format!("`memory`: {shown} is a link out of the repository");
            return Err(in_file(path, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::{PROJECT_FILE, read};
    use crate::config::parse;
    use crate::config::testing::{check_wrong, project};

    #[test]
    fn folders_of_notes() {
        let of = |text: &str, trust: Trust| {
            let folders = parse(text, Path::new("/w/shop/ctxpack.toml"), trust).unwrap();
            let folders = folders.memory.into_iter();
            let told = folders.map(|it| format!("{} {}", it.path.display(), it.glob));
            told.collect::<Vec<_>>()
        };
        let project = "[[memory]]\npath = \"./kb\"\n[[memory]]\npath = \"n/x\"\nglob = \"*.txt\"\n";
        assert_eq!(
            of(project, Trust::Project),
            ["/w/shop/kb **/*.md", "/w/shop/n/x *.txt"]
        );
        let user = "[[memory]]\npath = \"~/notes\"\n[[memory]]\npath = \"/data/notes\"\n";
        assert_eq!(
            of(user, Trust::User),
            ["~/notes **/*.md", "/data/notes **/*.md"]
        );
        for glob in ["*", ".env", "*.{md,pem}", "{.env,x.md}", "*.", "config"] {
            let text = format!("[[memory]]\npath = \"a\"\nglob = \"{glob}\"\n");
            assert!(project_is_wrong(&text), "{glob}");
        }
        for glob in ["*.md", "**/*.{md,txt}", "{a,b}/NOTES.org"] {
            let text = format!("[[memory]]\npath = \"a\"\nglob = \"{glob}\"\n");
            assert!(!project_is_wrong(&text), "{glob}");
        }
        for path in [
            "/etc",
            "~/notes",
            "../x",
            "a/../../x",
            "~",
            ".git",
            "a/.GIT/x",
        ] {
            check_wrong(
                &format!("[[memory]]\npath = \"{path}\"\n"),
                &format!(
                    "line 1, column 3: `memory`: a project names folders of its own, not `{path}`"
                ),
                "",
            );
        }
        let relative = parse("[[memory]]\npath = \"x\"", Path::new("c.toml"), Trust::User);
        assert!(relative.unwrap_err().message.contains("neither absolute"));
        check_wrong(
            "[[memory]]\npaht = \"a\"",
            "line 2, column 1: `memory`: unknown key `paht`",
            "did you mean `path`?",
        );
        check_wrong(
            "[[memory]]\nglob = \"*.md\"",
            "line 1, column 1: `memory`: expected a path such as \"notes\"",
            "",
        );
        assert!(project_is_wrong("memory = 1"));
        assert!(project_is_wrong("[[memory]]\npath = \"a\"\nglob = \"{\""));
    }

    fn project_is_wrong(text: &str) -> bool {
        project(text).is_err()
    }

    #[cfg(unix)]
    #[test]
    fn a_project_names_no_link_out_of_the_repository() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("repo").join(PROJECT_FILE);
        std::fs::create_dir_all(dir.path().join("repo/notes")).unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("repo/out")).unwrap();
        let check = |path: &str, is_ok: bool| {
            std::fs::write(&file, format!("[[memory]]\npath = \"{path}\"")).unwrap();
            assert_eq!(read(&file, Trust::Project).is_ok(), is_ok, "{path}");
        };
        check("notes", true);
        check("missing", true);
        check("out", false);
        check("out/repo/notes", true);
    }
}
