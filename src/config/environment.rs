//! Settings of the environment: for machines that are set up once, and for a wrapper that cannot change a command line.

use super::Settings;
use super::names::{parse_format, parse_model, parse_secrets, parse_tokenizer};
use crate::cli::budget;
use crate::cli::failure::{Failure, Outcome};

/// Settings of the environment: `CTXPACK_BUDGET`, `CTXPACK_MODEL`, `CTXPACK_TOKENIZER`, `CTXPACK_FORMAT`,
/// `CTXPACK_SECRETS` and `CTXPACK_NO_HOME`. An empty variable says nothing.
///
/// # Errors
/// A value that the flag of the same name would refuse.
pub fn environment(variable: &dyn Fn(&str) -> Option<String>) -> Outcome<Settings> {
    let read = |name: &str| variable(name).filter(|value| !value.is_empty());
    let mut settings = Settings::default();
    let in_variable = |name: &str, failure: Failure| Failure {
        message: format!("{name}: {}", failure.message),
        ..failure
    };
    if let Some(text) = read("CTXPACK_BUDGET") {
        let size = budget::parse(&text).map_err(|wrong| in_variable("CTXPACK_BUDGET", wrong))?;
        settings.budget = Some(size);
    }
    if let Some(text) = read("CTXPACK_MODEL") {
        let model = parse_model(&text).map_err(|wrong| in_variable("CTXPACK_MODEL", wrong))?;
        settings.model = Some(model);
    }
    if let Some(text) = read("CTXPACK_TOKENIZER") {
        let found =
            parse_tokenizer(&text).map_err(|wrong| in_variable("CTXPACK_TOKENIZER", wrong))?;
        settings.tokenizer = Some(found);
    }
    if let Some(text) = read("CTXPACK_FORMAT") {
        let format = parse_format(&text).map_err(|wrong| in_variable("CTXPACK_FORMAT", wrong))?;
        settings.format = Some(format);
    }
    if let Some(text) = read("CTXPACK_SECRETS") {
        let found = parse_secrets(&text).map_err(|wrong| in_variable("CTXPACK_SECRETS", wrong))?;
        settings.secrets = Some(found);
    }
    settings.home = read("CTXPACK_NO_HOME").map(|text| text == "0");
    settings.cache = read("CTXPACK_NO_CACHE").map(|text| text == "0");
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::budget::Size;
    use ctxpack::request::{Budget, Format};

    #[test]
    fn the_environment_is_a_layer() {
        let variables = |name: &str| match name {
            "CTXPACK_BUDGET" => Some("9.5kc".to_owned()),
            "CTXPACK_FORMAT" => Some("md".to_owned()),
            "CTXPACK_MODEL" => Some(String::new()),
            "CTXPACK_NO_HOME" | "CTXPACK_NO_CACHE" => Some("1".to_owned()),
            _ => None,
        };
        let settings = environment(&variables).unwrap();
        assert_eq!(
            settings.budget,
            Some(Size::Plain(Budget::Characters(9_500)))
        );
        assert_eq!(settings.format, Some(Format::Markdown));
        assert_eq!(settings.model, None);
        assert_eq!((settings.home, settings.cache), (Some(false), Some(false)));
        let wrong = environment(&|name| (name == "CTXPACK_BUDGET").then(|| "lots".to_owned()));
        assert_eq!(
            wrong.unwrap_err().message,
            "CTXPACK_BUDGET: invalid budget `lots`: no number"
        );
    }
}
