//! Lists of globs: `include`, `exclude` and `pin`.
//!
//! A glob is matched with paths below a root and so leads nowhere else; one with `..` in it can only be a mistake, or an attempt.

use super::values::{Wrong, expected, wrong_at};
use crate::cli::failure::Failure;
use toml::de::DeValue;

/// Patterns of one list, and bytes of one pattern. All of them are compiled before anything is read.
const MAX_GLOBS: usize = 500;
const MAX_BYTES: usize = 1_000;

pub(super) fn globs(value: &DeValue<'_>) -> Result<Vec<String>, Wrong> {
    let wrong = || expected("a list of strings such as [\"docs/**\"]");
    let list = value.as_array().ok_or_else(wrong)?;
    if list.len() > MAX_GLOBS {
        return Err(expected(&format!("at most {MAX_GLOBS} globs")).into());
    }
    let mut globs = Vec::new();
    for item in list {
        let glob = item.get_ref().as_str().ok_or_else(wrong)?;
        check(glob).map_err(|failure| wrong_at(item.span().start, failure))?;
        globs.push(glob.to_owned());
    }
    Ok(globs)
}

/// Whether a glob compiles, and names nothing outside of what is packed.
pub(super) fn check(glob: &str) -> Result<(), Failure> {
    if glob.len() > MAX_BYTES {
        return Err(expected(&format!("a glob of at most {MAX_BYTES} bytes")));
    }
    if glob
        .split(['/', '\\', '{', '}', ','])
        .any(|part| part == "..")
    {
        return Err(Failure::new(format!(
            "`{glob}` leads out of the repository"
        )));
    }
    match globset::Glob::new(glob) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(format!("{glob}: {}", error.kind()))),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::{check_wrong, project};

    #[test]
    fn globs_stay_inside() {
        let good = "include = [\"src/**\", \"/docs\", \"a..b\", \"...\"]";
        assert_eq!(project(good).unwrap().include.len(), 4);
        for glob in ["..", "../x", "a/../../x", "{a,..}/x"] {
            check_wrong(
                &format!("exclude = [\"a\",\n  \"{glob}\"]"),
                &format!("line 2, column 3: `exclude`: `{glob}` leads out of the repository"),
                "",
            );
        }
        check_wrong(
            "pin = [\"[\"]",
            "line 1, column 8: `pin`: [: unclosed character class; missing ']'",
            "",
        );
        let many = format!("pin = [{}]", "\"a\",".repeat(501));
        check_wrong(
            &many,
            "line 1, column 7: `pin`: expected at most 500 globs",
            "",
        );
        let long = format!("pin = [\"{}\"]", "a".repeat(1_001));
        check_wrong(
            &long,
            "line 1, column 8: `pin`: expected a glob of at most 1000 bytes",
            "",
        );
    }
}
