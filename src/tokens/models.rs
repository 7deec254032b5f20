//! STUB: the models and their windows.

use super::Tokenizer;

/// A model that reads bundles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    /// Its name.
    pub name: &'static str,
    /// How its tokens are counted.
    pub tokenizer: Tokenizer,
    /// Tokens of its context window.
    pub window: usize,
    /// Factor >= 1 by which counts are raised.
    pub safety_factor: f64,
    /// Whether counts are estimates.
    pub estimate: bool,
}

const fn row(name: &'static str, tokenizer: Tokenizer, window: usize, safety_factor: f64) -> Model {
    Model {
        name,
        tokenizer,
        window,
        safety_factor,
        estimate: safety_factor > 1.0,
    }
}

const MODELS: &[Model] = &[
    row("gpt-5.5", Tokenizer::O200kBase, 1_050_000, 1.0),
    row("gpt-4o", Tokenizer::O200kBase, 128_000, 1.0),
    row("gpt-4", Tokenizer::Cl100kBase, 8_192, 1.0),
    row("claude-sonnet-5", Tokenizer::O200kBase, 1_000_000, 1.45),
    row("claude-haiku-4.5", Tokenizer::O200kBase, 200_000, 1.2),
];

/// The model called `name`.
pub fn model(name: &str) -> Option<Model> {
    MODELS.iter().copied().find(|model| model.name == name)
}

/// Every known model.
pub fn known_models() -> &'static [Model] {
    MODELS
}
