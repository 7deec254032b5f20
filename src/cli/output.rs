//! Where text goes: stdout, a file that appears whole or not at all, and warnings on stderr.

use crate::cli::failure::{Failure, Outcome};
use crate::cli::interrupt;
use crate::cli::style::{ColorChoice, Style, number, plain};
use ctxpack::error::{Error, Warning};
use ctxpack::guard::secrets::redact;
use ctxpack::source::TEMPORARY;
use ctxpack::source::secrets::SECRET_TOLD;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A warning as a line, unless it is one of many that another sums up.
pub fn shown_warning(warning: &Warning) -> Option<String> {
    (warning.code != SECRET_TOLD).then(|| warning_line(warning))
}

/// The most warnings that are shown one by one.
pub const MAX_WARNINGS: usize = 10;

/// A checked place to write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// A regular file, or a new one; links are followed.
    File(PathBuf),
    /// A device or a pipe, which cannot be replaced by a renamed file.
    Device(PathBuf),
}

/// Checks that `path` can be written to, before any work is done for it. `-` is stdout.
///
/// # Errors
/// A folder, a file in a folder that is not there, or a file that may not be written.
pub fn target(path: &Path) -> Outcome<Target> {
    if path.as_os_str() == "-" {
        return Ok(Target::Stdout);
    }
    let shown = path.display();
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => Err(Failure::new(format!("{shown}: is a folder"))
            .hint(format!(
                "name a file in it: -o '{}'",
                path.join("context.xml").display()
            ))),
        Ok(metadata) if !metadata.is_file() => Ok(Target::Device(path.to_owned())),
        Ok(metadata) if metadata.permissions().readonly() => {
            Err(Failure::new(format!("{shown}: is read-only")))
        }
        Ok(_) => path
            .canonicalize()
            .map(Target::File)
            .map_err(|error| Error::io(path, error).into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let parent = parent(path);
            if path.file_name().is_none() || path.as_os_str().to_string_lossy().ends_with('/') {
                return Err(Failure::new(format!("`{shown}` names no file")));
            }
            if !parent.is_dir() {
                return Err(Failure::new(format!(
                    "{shown}: there is no folder {}",
                    parent.display()
                ))
                .hint(format!("mkdir -p '{}'", parent.display())));
            }
            // Resolved like a file that is there, so that two spellings of one place are one target.
            let folder = parent.canonicalize();
            let folder = folder.map_err(|error| Failure::from(Error::io(parent, error)))?;
            Ok(Target::File(
                folder.join(path.file_name().unwrap_or_default()),
            ))
        }
        Err(error) => Err(Error::io(path, error).into()),
    }
}

/// Writes `text` to `target`. A reader who has seen enough (a broken pipe) is no failure.
///
/// # Errors
/// A full disk, a folder that may not be written, and the like.
pub fn write(target: &Target, text: &str) -> Outcome<()> {
    let (name, result) = match target {
        Target::Stdout => {
            let mut stdout = std::io::stdout().lock();
            let result = stdout
                .write_all(text.as_bytes())
                .and_then(|()| stdout.flush());
            ("stdout".to_owned(), result)
        }
        Target::Device(path) => {
            let file = std::fs::OpenOptions::new().write(true).open(path);
            let result = file.and_then(|mut file| file.write_all(text.as_bytes()));
            (path.display().to_string(), result)
        }
        Target::File(path) => (path.display().to_string(), replace(path, text)),
    };
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Failure::new(format!("cannot write {name}: {error}"))),
    }
}

/// Puts `text` at `path` in one step: written beside it, then renamed. Keeps the mode of a file that was there.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: the umask takes its part away.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut slot = interrupt::temporary();
    let file = builder.tempfile_in(parent(path));
    // the name of a temporary file is random, and nobody's concern
    let mut file = file.map_err(|error| {
        let said = error.to_string();
        let why = said.split(" at path ").next().unwrap_or_default();
        std::io::Error::new(error.kind(), why)
    })?;
    *slot = Some(file.path().to_owned());
    drop(slot);
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| match path.metadata() {
            Ok(before) => file.as_file().set_permissions(before.permissions()),
            Err(_) => Ok(()),
        });
    // before the name is there its bytes are: after a power cut the file is the old one or the new one
    let written = written.and_then(|()| file.as_file().sync_all());
    let mut slot = interrupt::temporary();
    *slot = None;
    written?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The folder that `path` lies in.
fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Where `target` lies below `root`, as a glob that matches it alone; `None` where it lies elsewhere.
/// A bundle that held the bundle of the last run would change with every run.
pub fn glob_below(target: &Target, root: &Path) -> Option<String> {
    let Target::File(path) = target else {
        return None;
    };
    let folder = parent(path).canonicalize().ok()?;
    let below = folder.join(path.file_name()?);
    let relative = below.strip_prefix(root.canonicalize().ok()?).ok()?;
    let relative = relative.to_str()?.replace(std::path::MAIN_SEPARATOR, "/");
    Some(format!("/{}", globset::escape(&relative)))
}

/// Prints help or the version, which clap hands over as an error, on stdout.
///
/// # Errors
/// As for [`write`].
pub fn help(text: &clap::Error, color: ColorChoice) -> Outcome<()> {
    let text = text.render();
    let text = match Style::stdout(color).is_on() {
        true => text.ansi().to_string(),
        false => text.to_string(),
    };
    write(&Target::Stdout, &text)
}

/// Prints warnings on stderr, one line each, `most` of them and then how many more.
pub fn warn(warnings: &[String], most: usize, color: ColorChoice) {
    let style = Style::stderr(color);
    let mut text = String::new();
    for warning in warnings.iter().take(most) {
        text.push_str(&format!(
            "{} {}\n",
            style.yellow("warning:"),
            plain(&redact(warning))
        ));
    }
    if let Some(more @ 1..) = warnings.len().checked_sub(most) {
        text.push_str(&format!(
            "{} and {} more (--manifest FILE lists them all)\n",
            style.yellow("warning:"),
            number(more)
        ));
    }
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// A warning of the library as a line: `path: message [code]`.
pub fn warning_line(warning: &Warning) -> String {
    let Warning {
        code,
        path,
        message,
    } = warning;
    if path.is_empty() {
        format!("{message} [{code}]")
    } else {
        format!("{path}: {message} [{code}]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = folder();
        let path = folder.path().join("out.xml");
        for text in ["first", "second, longer", "3"] {
            write(&target(&path).unwrap(), text).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(names(folder.path()), ["out.xml"]);
        assert_eq!(*interrupt::temporary(), None);
    }

    #[test]
    fn places_that_cannot_be_written_are_known_at_once() {
        let folder = folder();
        let message = |path: &Path| target(path).unwrap_err().message;
        assert!(message(folder.path()).ends_with(": is a folder"));
        assert!(message(&folder.path().join("no/out.xml")).contains(": there is no folder "));
        assert!(message(&folder.path().join("new/")).ends_with("names no file"));
        let path = folder.path().join("kept");
        std::fs::write(&path, "kept").unwrap();
        let mut permissions = path.metadata().unwrap().permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&path, permissions).unwrap();
        assert!(message(&path).ends_with(": is read-only"));
        assert_eq!(target(Path::new("-")), Ok(Target::Stdout));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_modes_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = folder();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink("file", &link).unwrap();
        write(&target(&link).unwrap(), "new").unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(
            target(Path::new("/dev/null")),
            Ok(Target::Device("/dev/null".into()))
        );
    }

    #[test]
    fn a_bundle_does_not_hold_itself() {
        let folder = folder();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        let glob =
            |path: &str| glob_below(&target(&folder.path().join(path)).unwrap(), folder.path());
        assert_eq!(glob("out.xml").as_deref(), Some("/out.xml"));
        assert_eq!(glob("sub/o*t.xml").as_deref(), Some("/sub/o[*]t.xml"));
        assert_eq!(glob("sub/../out.xml").as_deref(), Some("/out.xml"));
        let elsewhere = tempfile::tempdir().unwrap();
        let target = target(&elsewhere.path().join("out.xml")).unwrap();
        assert_eq!(glob_below(&target, folder.path()), None);
    }

    #[test]
    fn warnings_are_lines() {
        let warning = Warning::new("torn-record", "a.jsonl", "cut off");
        assert_eq!(warning_line(&warning), "a.jsonl: cut off [torn-record]");
        assert_eq!(
            warning_line(&Warning::new("no-git", "", "no history")),
            "no history [no-git]"
        );
    }
}
