//! The table `weights`: what features weigh, laid over the weights shipped.

use super::values::{Wrong, expected, in_order, wrong_at};
use crate::cli::failure::Failure;
use crate::cli::suggest;
use ctxpack::score::files::FILE_FEATURES;
use ctxpack::score::model::Model as Weights;
use ctxpack::score::pieces::PIECE_FEATURES;
use toml::de::DeValue;

/// No fitted weight comes near; larger ones could leave nothing but infinities of a sum.
const MAX_WEIGHT: f64 = 1_000.0;

/// The tables `file` and `piece`, laid over the weights shipped.
pub(super) fn weights(value: &DeValue<'_>) -> Result<Weights, Wrong> {
    let tables = || expected("tables [weights.file] and [weights.piece]");
    let mut weights = Weights::default();
    // In the order of the file, so that the first mistake is the one reported.
    for (name, table) in in_order(value.as_table().ok_or_else(tables)?) {
        let (names, row): (&[&str], &mut [f64]) = match name.get_ref().as_ref() {
            "file" => (&FILE_FEATURES, &mut weights.file.0),
            "piece" => (&PIECE_FEATURES, &mut weights.piece.0),
            other => {
                let failure = Failure::new(format!("unknown table `{other}`"));
                return Err(wrong_at(
                    name.span().start,
                    failure.hint("one of file, piece"),
                ));
            }
        };
        let table = table.get_ref().as_table().ok_or_else(tables)?;
        for (feature, weight) in in_order(table) {
            let feature_name = feature.get_ref().as_ref();
            let Some(at) = names.iter().position(|name| *name == feature_name) else {
                let failure = Failure::new(format!("unknown feature `{feature_name}`"));
                let hint = match suggest::nearest(feature_name, names.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the features are {}", names.join(", ")),
                };
                return Err(wrong_at(feature.span().start, failure.hint(hint)));
            };
            let number = match weight.get_ref() {
                DeValue::Float(n) => n.as_str().parse().ok(),
                DeValue::Integer(n) if n.radix() == 10 => n.as_str().parse().ok(),
                _ => None,
            };
            row[at] = number
                .filter(|n: &f64| n.abs() <= MAX_WEIGHT)
                .ok_or_else(|| {
                    let what =
                        format!("a number from -{MAX_WEIGHT} to {MAX_WEIGHT} for `{feature_name}`");
                    wrong_at(weight.span().start, expected(&what))
                })?;
        }
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::merge;
    use crate::config::testing::{check_wrong, layer, project};

    #[test]
    fn weights_are_laid_over_those_shipped() {
        let first = |names: &'static [&str]| names[0];
        let (file, piece) = (first(&FILE_FEATURES), first(&PIECE_FEATURES));
        let text = format!("[weights.file]\n{file} = -2.5\n[weights.piece]\n{piece} = 3\n");
        let mut expected = Weights::default();
        expected.file.0[0] = -2.5;
        expected.piece.0[0] = 3.0;
        assert_eq!(project(&text).unwrap().weights, Some(expected.clone()));
        let merged = merge(&[layer(""), layer(&text), layer("[weights.file]\nsize = 1")]);
        assert_eq!(merged.weights, Some(expected));
        assert_eq!(
            project("[weights]").unwrap().weights,
            Some(Weights::default())
        );
    }

    #[test]
    fn a_weight_of_no_feature_is_a_mistake() {
        check_wrong(
            "[weights.file]\nsiz = 1.0\n",
            "line 2, column 1: `weights`: unknown feature `siz`",
            "did you mean `size`?",
        );
        check_wrong(
            "[weights.files]\nsize = 1.0\n",
            "line 1, column 10: `weights`: unknown table `files`",
            "one of file, piece",
        );
        for value in ["nan", "inf", "1e9", "\"1\"", "0x10"] {
            check_wrong(
                &format!("[weights.piece]\nsize = {value}\n"),
                "line 2, column 8: `weights`: expected a number from -1000 to 1000 for `size`",
                "",
            );
        }
        check_wrong(
            "weights = 1",
            "line 1, column 11: `weights`: expected tables [weights.file] and [weights.piece]",
            "",
        );
    }
}
