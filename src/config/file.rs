//! Where config files are, and what is let in of them: plain files of a bounded size.

use super::Settings;
use super::keys::parse;
use super::memory::check_inside;
use super::values::{in_file, position};
use crate::cli::failure::{Failure, Outcome};
use ctxpack::error::Error;
use ctxpack::request::{Index, Secrets};
use ctxpack::source::{staged, stores};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The name of a project's file, at the root of the repository.
pub const PROJECT_FILE: &str = "ctxpack.toml";

/// Config files are short; whatever is longer is something else. In bytes.
const LIMIT: u64 = 256 << 10;

/// How far a file is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// It came with the repository.
    Project,
    /// The user wrote it.
    User,
}

/// Settings of the file at `path`; `None` where there is no such file. A project's file that is no regular file (a link out of
/// the repository, a pipe that would hang the run) counts as absent.
///
/// # Errors
/// A file that cannot be read, does not parse, or holds an unknown key or a wrong value.
pub fn read(path: &Path, trust: Trust) -> Outcome<Option<Settings>> {
    let metadata = match trust {
        Trust::Project => path.symlink_metadata(),
        Trust::User => path.metadata(),
    };
    if !metadata.is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let opened: std::io::Result<Box<dyn Read>> = match trust {
        // Asked again of the very file that is opened: a repository may change under the run.
        Trust::Project => stores::open(path).map(|(file, _)| Box::new(file) as _),
        Trust::User => std::fs::File::open(path).map(|file| Box::new(file) as _),
    };
    opened
        .and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::from(Error::io(path, error)))?;
    if bytes.len() as u64 > LIMIT {
        let message = format!("a config file holds at most {} KiB", LIMIT >> 10);
        return Err(in_file(path, message));
    }
    parsed(bytes, path, trust).map(Some)
}

/// Settings of a project's file as it is staged in the repository at `root`; `None` where it is not.
///
/// # Errors
/// As for [`read`], and what is staged may not be readable.
pub fn read_staged(root: &Path, index: &Index) -> Outcome<Option<Settings>> {
    let Some(bytes) = staged::read(root, index, Path::new(PROJECT_FILE))? else {
        return Ok(None);
    };
    let path = root.join(PROJECT_FILE);
    if bytes.len() as u64 > LIMIT {
        let message = format!("a config file holds at most {} KiB", LIMIT >> 10);
        return Err(in_file(&path, message));
    }
    parsed(bytes, &path, Trust::Project).map(Some)
}

fn parsed(bytes: Vec<u8>, path: &Path, trust: Trust) -> Outcome<Settings> {
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
            let (line, column) = position(&before, before.len());
            return Err(in_file(
                path,
                format!("line {line}, column {column}: not UTF-8"),
            ));
        }
    };
    let settings = parse(&text, path, trust)?;
    if trust == Trust::Project {
        check_inside(&settings, path)?;
        if settings.secrets == Some(Secrets::Off) {
            let message = "`secrets`: `off` is the user's to set, not a project's".to_owned();
            return Err(in_file(path, message).hint("ctxpack --secrets off"));
        }
    }
    Ok(settings)
}

/// The repository that `root` lies in: the nearest folder upwards that holds `.git`, or `root` itself.
pub fn repository(root: &Path) -> PathBuf {
    let absolute = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    absolute
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(&absolute)
        .to_owned()
}

/// Where the user's file is: `$XDG_CONFIG_HOME/ctxpack/config.toml`, by default under `~/.config`.
pub fn user_file(
    variable: &dyn Fn(&str) -> Option<String>,
    home: Option<&Path>,
) -> Option<PathBuf> {
    let folder = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute()) // the XDG specification: relative paths are to be ignored
        .or_else(|| home.map(|home| home.join(".config")))?;
    Some(folder.join("ctxpack").join("config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_file_follows_xdg() {
        let home = Path::new("/home/me");
        let at = |xdg: Option<&str>| user_file(&|_| xdg.map(str::to_owned), Some(home)).unwrap();
        assert_eq!(at(None), Path::new("/home/me/.config/ctxpack/config.toml"));
        assert_eq!(
            at(Some("relative")),
            Path::new("/home/me/.config/ctxpack/config.toml")
        );
        #[cfg(unix)]
        assert_eq!(at(Some("/x")), Path::new("/x/ctxpack/config.toml"));
        assert_eq!(user_file(&|_| None, None), None);
    }

    #[test]
    fn only_plain_files_are_read_from_a_project() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(PROJECT_FILE);
        assert_eq!(read(&path, Trust::Project), Ok(None));
        std::fs::create_dir(&path).unwrap();
        assert_eq!(read(&path, Trust::Project), Ok(None));
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, b"budget = 1\n# \xff\n").unwrap();
        let failure = read(&path, Trust::Project).unwrap_err();
        assert!(
            failure.message.ends_with("line 2, column 3: not UTF-8"),
            "{failure:?}"
        );
        std::fs::write(&path, vec![b'#'; LIMIT as usize + 1]).unwrap();
        assert!(
            read(&path, Trust::Project)
                .unwrap_err()
                .message
                .ends_with("at most 256 KiB")
        );
        #[cfg(unix)]
        {
            let link = folder.path().join("link.toml");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            assert_eq!(read(&link, Trust::Project), Ok(None));
            assert!(read(&link, Trust::User).is_err());
        }
    }
}
