//! Which paths `--include`, `--exclude`, `--pin` and their like in settings mean.

use super::notes;
use crate::error::Error;
use crate::request::Request;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Which paths below a root two lists of globs mean, by the rules of `--include` and `--exclude`.
#[derive(Debug, Clone)]
pub struct Matcher {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Matcher {
    /// An empty `include` takes all.
    ///
    /// # Errors
    /// [`Error::BadGlob`].
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, Error> {
        let some = (!include.is_empty()).then(|| globs("--include", include));
        Ok(Self {
            include: some.transpose()?,
            exclude: globs("--exclude", exclude)?,
        })
    }

    /// Whether `path` is meant.
    pub fn matches(&self, path: &str) -> bool {
        let is_included = self.include.as_ref().is_none_or(|set| set.is_match(path));
        is_included && !self.exclude.is_match(path)
    }
}

pub(super) type Globs = (Vec<GlobSet>, GlobSet, Vec<GlobSet>);

/// `--include`, `--exclude` and `--pin`.
pub(super) fn check_globs(request: &Request) -> Result<Globs, Error> {
    let each = |flag, patterns: &[String]| {
        let sets = patterns
            .iter()
            .map(|pattern| globs(flag, std::slice::from_ref(pattern)));
        sets.collect::<Result<Vec<_>, _>>()
    };
    let include = each("--include", &request.include)?;
    let exclude = globs("--exclude", &request.exclude)?;
    let pins = each("--pin", &request.pin)?;
    Ok((include, exclude, pins))
}

/// Which paths below the root of a request can be candidates as files.
///
/// # Errors
/// A glob that does not parse.
pub fn file_filter(request: &Request) -> Result<impl Fn(&str) -> bool + use<>, Error> {
    let (include, exclude, _) = check_globs(request)?;
    Ok(move |path: &str| {
        let wanted = include.is_empty() || include.iter().any(|set| set.is_match(path));
        wanted && !exclude.is_match(path) && !notes::is_note(path)
    })
}

/// One set of `patterns`, as `flag` takes them.
///
/// # Errors
/// [`Error::BadGlob`].
pub(super) fn globs(flag: &'static str, patterns: &[String]) -> Result<GlobSet, Error> {
    let bad = |glob: &str, e: globset::Error| Error::BadGlob {
        flag,
        glob: glob.to_owned(),
        message: e.kind().to_string(),
    };
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        if pattern.is_empty() {
            return Err(Error::BadGlob {
                flag,
                glob: "''".to_owned(),
                message: "the glob is empty".to_owned(),
            });
        }
        let trimmed = pattern.trim_start_matches("./");
        let folder = match trimmed.trim_matches('/') {
            "" | "." => "**",
            folder => folder,
        };
        // a name alone matches at any depth, as in .gitignore; a folder takes all below it
        let mut forms = vec![folder.to_owned(), format!("{folder}/**")];
        if !folder.contains('/') && !trimmed.starts_with('/') {
            forms.push(format!("**/{folder}"));
            forms.push(format!("**/{folder}/**"));
        }
        for form in forms {
            set.add(
                GlobBuilder::new(&form)
                    .literal_separator(true)
                    .build()
                    .map_err(|e| bad(pattern, e))?,
            );
        }
    }
    set.build()
        .map_err(|e| bad(patterns.first().map_or("", String::as_str), e))
}
