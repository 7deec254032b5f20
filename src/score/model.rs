//! The models: named weights in one data file, a weighted sum, a softmax.
//!
//! Boosted trees over the same features were measured to rank no better, and give no probabilities.

use super::files::{FILE_FEATURES, FileRow};
use super::pieces::{PIECE_FEATURES, PieceRow};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The weights that ctxpack ships with.
const SHIPPED: &str = include_str!("weights.toml");

/// Weights of both models.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// P(file).
    pub file: FileModel,
    /// P(piece).
    pub piece: PieceModel,
}

/// Weights of a file's features.
#[derive(Debug, Clone, PartialEq)]
pub struct FileModel(pub FileRow);

/// Weights of a piece's features.
#[derive(Debug, Clone, PartialEq)]
pub struct PieceModel(pub PieceRow);

/// Where a feature stands in its list; a name that is not there does not compile.
pub const fn index_of(names: &[&str], name: &str) -> usize {
    let mut idx = 0;
    while idx < names.len() {
        if is_same(names[idx].as_bytes(), name.as_bytes()) {
            return idx;
        }
        idx += 1;
    }
    panic!("no feature of this name")
}

const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

impl FileModel {
    /// The weighted sum.
    pub fn logit(&self, row: &FileRow) -> f64 {
        self.0
            .iter()
            .zip(row)
            .map(|(weight, value)| weight * value)
            .sum()
    }
}

impl PieceModel {
    /// The weighted sum.
    pub fn logit(&self, row: &PieceRow) -> f64 {
        self.0
            .iter()
            .zip(row)
            .map(|(weight, value)| weight * value)
            .sum()
    }
}

impl Default for Model {
    /// The weights shipped.
    fn default() -> Self {
        static READ: LazyLock<Model> = LazyLock::new(|| {
            Model::from_toml(SHIPPED).unwrap_or(Model {
                file: FileModel([0.0; FILE_FEATURES.len()]),
                piece: PieceModel([0.0; PIECE_FEATURES.len()]),
            })
        });
        READ.clone()
    }
}

impl Model {
    /// Reads weights from TOML with the tables `[file]` and `[piece]`; a feature that is not there weighs nothing.
    ///
    /// # Errors
    /// What is wrong with the text, or which name is no feature.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let mut tables: BTreeMap<String, BTreeMap<String, f64>> =
            toml::from_str(text).map_err(|e| e.to_string())?;
        let model = Self {
            file: FileModel(row(&mut tables, "file", &FILE_FEATURES)?),
            piece: PieceModel(row(&mut tables, "piece", &PIECE_FEATURES)?),
        };
        match tables
            .into_iter()
            .find_map(|(table, rest)| Some((table, rest.into_keys().next()?)))
        {
            Some((table, name)) => Err(format!("[{table}] {name} is no feature")),
            None => Ok(model),
        }
    }
}

fn row<const N: usize>(
    tables: &mut BTreeMap<String, BTreeMap<String, f64>>,
    table: &str,
    names: &[&str; N],
) -> Result<[f64; N], String> {
    let table = tables
        .get_mut(table)
        .ok_or_else(|| format!("no table [{table}]"))?;
    Ok(std::array::from_fn(|idx| {
        table.remove(names[idx]).unwrap_or(0.0)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_weights_are_read_to_the_last() {
        let model = Model::from_toml(SHIPPED).unwrap();
        assert!(model.file.0.iter().any(|w| *w != 0.0) && model.piece.0.iter().any(|w| *w != 0.0));
    }

    #[test]
    fn an_unknown_feature_is_an_error() {
        let text = format!("{SHIPPED}\nflair = 1.0\n");
        assert_eq!(
            Model::from_toml(&text),
            Err("[piece] flair is no feature".to_owned())
        );
    }
}
