//! Models: how each counts, and how much it holds.
//!
//! Where `tiktoken-rs` knows a model's encoding, counts are exact. The other houses publish no tokenizer, so their models are
//! estimated: an exact `o200k_base` count times a safety factor, chosen to err on the high side for source text. Calling their
//! counting services instead would need a network and a key, and a bundle would no longer depend on its inputs alone.

use super::Tokenizer;

/// How to count for a model, and how much it takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    /// The row of the table that the model fell under: `gpt-4o` for `gpt-4o-2024-08-06`.
    pub name: &'static str,
    /// The encoding that counts for it.
    pub tokenizer: Tokenizer,
    /// Context window in tokens of the model: input and output together, without opt-in extensions.
    pub window: usize,
    /// What a count by `tokenizer` is multiplied with; 1 if the count is exact, else above 1.
    pub safety_factor: f64,
    /// Whether the model's own tokenizer is unknown, so that counts are estimates.
    pub estimate: bool,
}

impl Model {
    /// Tokens that `text` comes to for this model, rounded up; exact unless [`Model::estimate`].
    pub fn count(&self, text: &str) -> usize {
        (self.tokenizer.count(text) as f64 * self.safety_factor).ceil() as usize
    }
}

/// An OpenAI model whose encoding `tiktoken-rs` does not know yet. Assumption: the next encoding is no coarser than `o200k_base`
/// by more than `cl100k_base` is (1.007 on mixed source text), with room to spare.
const OPENAI: f64 = 1.1;
/// Claude up to 4.6. Anthropic's guide to token counting says that tiktoken undercounts by 15 to 20 % on typical text, which is a
/// factor of 1.18 to 1.25, and by more on code.
const CLAUDE_TO_4_6: f64 = 1.25;
/// Claude from Opus 4.7 on: a new tokenizer, by Anthropic's migration guide up to 1.35 times the tokens of the old one, about 1.3
/// as a rule. Others have calibrated 1.53 against the counting service; the rest is margin.
const CLAUDE: f64 = 1.6;
/// Gemini, by its open relative: Gemma 3 takes 1.06 (Markdown) to 1.30 times (C) the tokens of `o200k_base`, as we measured.
const GEMINI: f64 = 1.3;
/// DeepSeek V3 takes 1.09 times the tokens on mixed source text, as we measured.
const DEEPSEEK: f64 = 1.2;
/// Qwen 2 takes 1.04 times the tokens on mixed source text, as we measured.
const QWEN: f64 = 1.15;
/// Llama 3 takes 0.996 times the tokens on mixed source text, as we measured.
const LLAMA: f64 = 1.1;
/// No figure at hand: an assumption between Qwen's and Gemini's.
const UNMEASURED: f64 = 1.25;

/// Name or beginning of a name, window in tokens, and the safety factor where `tiktoken-rs` does not know the encoding.
///
/// The longest name that fits wins. Windows: `tiktoken-rs`'s own table and the models.dev catalogue of July 2026.
const MODELS: &[(&str, usize, f64)] = &[
    ("gpt-6", 1_050_000, OPENAI),
    ("gpt-5.5", 1_050_000, OPENAI),
    ("gpt-5.4", 1_050_000, OPENAI),
    ("gpt-5.4-mini", 400_000, OPENAI),
    ("gpt-5.4-nano", 400_000, OPENAI),
    ("gpt-5.3-codex-spark", 128_000, OPENAI),
    ("gpt-5", 400_000, OPENAI),
    ("gpt-4.5", 128_000, OPENAI),
    ("gpt-4.1", 1_047_576, OPENAI),
    ("gpt-4o", 128_000, OPENAI),
    ("chatgpt-4o", 128_000, OPENAI),
    ("gpt-oss", 131_072, OPENAI),
    ("codex-mini", 200_000, OPENAI),
    ("o4", 200_000, OPENAI),
    ("o3", 200_000, OPENAI),
    ("o1", 200_000, OPENAI),
    ("o1-mini", 128_000, OPENAI),
    ("o1-preview", 128_000, OPENAI),
    ("gpt-4", 8_192, OPENAI),
    ("gpt-4-turbo", 128_000, OPENAI),
    ("gpt-4-0125", 128_000, OPENAI),
    ("gpt-4-1106", 128_000, OPENAI),
    ("gpt-4-32k", 32_768, OPENAI),
    ("gpt-3.5", 16_385, OPENAI),
    ("gpt-35-turbo", 16_385, OPENAI),
    // A Claude of which no row knows more than the name gets the smaller window and the larger factor.
    ("claude", 200_000, CLAUDE),
    ("claude-fable", 1_000_000, CLAUDE),
    ("claude-opus", 1_000_000, CLAUDE),
    ("claude-opus-4", 200_000, CLAUDE_TO_4_6),
    ("claude-opus-4-6", 1_000_000, CLAUDE_TO_4_6),
    ("claude-opus-4-7", 1_000_000, CLAUDE),
    ("claude-opus-4-8", 1_000_000, CLAUDE),
    ("claude-sonnet", 1_000_000, CLAUDE),
    ("claude-sonnet-4", 200_000, CLAUDE_TO_4_6),
    ("claude-sonnet-4-6", 1_000_000, CLAUDE_TO_4_6),
    ("claude-haiku", 200_000, CLAUDE),
    ("claude-haiku-4", 200_000, CLAUDE_TO_4_6),
    ("claude-3", 200_000, CLAUDE_TO_4_6),
    ("gemini", 1_048_576, GEMINI),
    ("gemma-3", 131_072, GEMINI),
    ("grok-4.3", 1_000_000, UNMEASURED),
    ("grok-build", 256_000, UNMEASURED),
    ("grok", 131_072, UNMEASURED),
    ("deepseek", 131_072, DEEPSEEK),
    ("deepseek-v4", 1_000_000, DEEPSEEK),
    ("qwen3", 131_072, QWEN),
    ("qwen3-coder-plus", 1_048_576, QWEN),
    ("qwen3.7-max", 1_000_000, QWEN),
    ("llama-3", 131_072, LLAMA),
    ("mistral-large", 131_072, UNMEASURED),
    ("devstral", 131_072, UNMEASURED),
    ("codestral", 131_072, UNMEASURED),
];

/// Short names, each for the newest model that bears it.
const ALIASES: &[(&str, &str)] = &[
    ("fable", "claude-fable"),
    ("opus", "claude-opus"),
    ("sonnet", "claude-sonnet"),
    ("haiku", "claude-haiku"),
    ("gpt", "gpt-5"),
    ("codex", "gpt-5"),
];

/// The model of that name: a row of the table, a dated or numbered descendant of one (`gpt-4o-2024-08-06`), or an alias (`opus`).
///
/// Case does not matter, nor whose the model is said to be (`anthropic/claude-opus-4.8`, `ft:gpt-4o:ours`). `None` for what no
/// row fits, and for models older than chat.
pub fn model(name: &str) -> Option<Model> {
    let name = name.trim().to_ascii_lowercase();
    let name = name.rsplit('/').next()?;
    let name = name.strip_prefix("ft:").unwrap_or(name);
    // Routers write `claude-opus-4.8`. OpenAI's dots mean something: `gpt-4-1106` is no `gpt-4.1`.
    let hyphened = name.replace('.', "-");
    let name = if name.starts_with("claude") {
        &hyphened
    } else {
        name
    };
    let name = ALIASES
        .iter()
        .find(|(alias, _)| *alias == name)
        .map_or(name, |(_, name)| name);
    let fitting = MODELS.iter().filter(|(row, ..)| fits(row, name));
    let &(row, window, safety_factor) = fitting.max_by_key(|(row, ..)| row.len())?;
    // Only names of chat models reach this, so the oldest encodings do not occur.
    let known = match tiktoken_rs::tokenizer::get_tokenizer(name.split(':').next()?) {
        Some(tiktoken_rs::tokenizer::Tokenizer::Cl100kBase) => Some(Tokenizer::Cl100kBase),
        // Harmony is o200k_base with more special tokens, which are plain text here.
        Some(
            tiktoken_rs::tokenizer::Tokenizer::O200kBase
            | tiktoken_rs::tokenizer::Tokenizer::O200kHarmony,
        ) => Some(Tokenizer::O200kBase),
        _ => None,
    };
    Some(Model {
        name: row,
        tokenizer: known.unwrap_or_default(),
        window,
        safety_factor: if known.is_some() { 1.0 } else { safety_factor },
        estimate: known.is_none(),
    })
}

/// Every row of the table, in its order. Longer names under one of these are known, too.
pub fn known_models() -> impl Iterator<Item = Model> {
    MODELS.iter().filter_map(|(name, ..)| model(name))
}

/// Short names and what they stand for, in the order of the table.
pub fn aliases() -> &'static [(&'static str, &'static str)] {
    ALIASES
}

/// Whether `name` is `row` or continues it after a break: `gpt-4o-mini` fits `gpt-4o`, but not `gpt-4`.
fn fits(row: &str, name: &str) -> bool {
    let rest = name.strip_prefix(row);
    rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<(&str, Tokenizer, usize, f64)>) {
        let found = model(name).map(|model| {
            assert_eq!(model.estimate, model.safety_factor > 1.0, "{name}");
            (
                model.name,
                model.tokenizer,
                model.window,
                model.safety_factor,
            )
        });
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn exact_models() {
        use Tokenizer::{Cl100kBase, O200kBase};
        check("gpt-4o", Some(("gpt-4o", O200kBase, 128_000, 1.0)));
        check(
            "GPT-4o-2024-08-06 ",
            Some(("gpt-4o", O200kBase, 128_000, 1.0)),
        );
        check(
            "openai/gpt-4o-mini",
            Some(("gpt-4o", O200kBase, 128_000, 1.0)),
        );
        check(
            "ft:gpt-4o:ours:x",
            Some(("gpt-4o", O200kBase, 128_000, 1.0)),
        );
        check("gpt-4.1-mini", Some(("gpt-4.1", O200kBase, 1_047_576, 1.0)));
        check("gpt-5.5", Some(("gpt-5.5", O200kBase, 1_050_000, 1.0)));
        check(
            "gpt-5.4-mini",
            Some(("gpt-5.4-mini", O200kBase, 400_000, 1.0)),
        );
        check("gpt-5-codex", Some(("gpt-5", O200kBase, 400_000, 1.0)));
        check("gpt-oss-120b", Some(("gpt-oss", O200kBase, 131_072, 1.0)));
        check("o4-mini", Some(("o4", O200kBase, 200_000, 1.0)));
        check("o3", Some(("o3", O200kBase, 200_000, 1.0)));
        check("gpt-4", Some(("gpt-4", Cl100kBase, 8_192, 1.0)));
        check(
            "gpt-4-turbo-2024-04-09",
            Some(("gpt-4-turbo", Cl100kBase, 128_000, 1.0)),
        );
        check(
            "gpt-4-1106-preview",
            Some(("gpt-4-1106", Cl100kBase, 128_000, 1.0)),
        );
        check("gpt-3.5-turbo", Some(("gpt-3.5", Cl100kBase, 16_385, 1.0)));
    }

    #[test]
    fn estimated_models() {
        let o200k = Tokenizer::O200kBase;
        check(
            "claude-opus-4-5-20251101",
            Some(("claude-opus-4", o200k, 200_000, 1.25)),
        );
        check(
            "anthropic/claude-opus-4.8",
            Some(("claude-opus-4-8", o200k, 1_000_000, 1.6)),
        );
        check(
            "claude-sonnet-4-6",
            Some(("claude-sonnet-4-6", o200k, 1_000_000, 1.25)),
        );
        check(
            "claude-3-5-sonnet-latest",
            Some(("claude-3", o200k, 200_000, 1.25)),
        );
        check("claude-2.1", Some(("claude", o200k, 200_000, 1.6)));
        check("opus", Some(("claude-opus", o200k, 1_000_000, 1.6)));
        check("Haiku", Some(("claude-haiku", o200k, 200_000, 1.6)));
        check(
            "gemini-3.1-pro-preview",
            Some(("gemini", o200k, 1_048_576, 1.3)),
        );
        check("gpt-6", Some(("gpt-6", o200k, 1_050_000, 1.1)));
    }

    #[test]
    fn unknown_models() {
        for name in [
            "",
            " ",
            "/",
            "gpt-4x",
            "o",
            "o15",
            "claudette",
            "text-davinci-003",
            "gpt2",
            "ft:",
            ":",
            "ğpt-4o",
        ] {
            check(name, None);
        }
    }

    #[test]
    fn every_name_is_known() {
        assert_eq!(known_models().count(), MODELS.len());
        for (known, (name, window, _)) in known_models().zip(MODELS) {
            assert_eq!((known.name, known.window), (*name, *window));
        }
        for (alias, name) in aliases() {
            assert_eq!(model(alias), model(name));
            assert!(model(name).is_some_and(|model| model.name == *name));
        }
    }

    /// Where the library of vocabularies knows a window, it is ours. It takes every GPT-5 for the first.
    #[test]
    fn windows_agree_with_tiktoken_rs() {
        let mut n_compared = 0;
        for model in
            known_models().filter(|model| model.name != "gpt-5.5" && model.name != "gpt-4-turbo")
        {
            if let Some(window) = tiktoken_rs::model::get_context_size(model.name) {
                assert_eq!(model.window, window, "{}", model.name);
                n_compared += 1;
            }
        }
        assert!(n_compared > 15);
    }

    #[test]
    fn estimates_round_up() {
        let text = "fn main() {}";
        let exact = Tokenizer::O200kBase.count(text);
        assert_eq!(model("gpt-4o").unwrap().count(text), exact);
        assert_eq!(
            model("claude-haiku-4-5").unwrap().count(text),
            (exact * 5).div_ceil(4)
        );
        assert_eq!(model("opus").unwrap().count(""), 0);
    }
}
