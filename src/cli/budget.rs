//! `--budget`: a size as people write it.
//!
//! Decimal arithmetic on integers throughout: `1.1k` is 1100, not what is nearest to it in binary.

use crate::cli::failure::{Failure, Outcome};
use ctxpack::request::Budget;
use ctxpack::tokens::models::Model;

/// The examples shown wherever a budget is mistyped.
const EXAMPLES: &str = "--budget 8000, 100k, 1.5m, 60% (of --model's window), 10000c or 32KiB";

/// A budget as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A limit as it stands.
    Plain(Budget),
    /// Hundredths of a percent of the model's window, 1..=10,000.
    Share(u32),
}

/// Reads a budget: `8000`, `100_000`, `100k`, `1.5m`, `60%`, `10000c`, `32KiB`. Case and space around it do not matter.
///
/// # Errors
/// Whatever is not a whole number of tokens, characters or bytes from 1 up, or not a share in (0%, 100%].
pub fn parse(text: &str) -> Outcome<Size> {
    let typed = text.trim();
    let wrong = |why: &str| Failure::new(format!("invalid budget `{typed}`: {why}"));
    let end = typed
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'))
        .unwrap_or(typed.len());
    let (digits, suffix) = typed.split_at(end);
    if typed.is_empty() {
        return Err(Failure::new("the budget is empty").hint(EXAMPLES));
    }
    if typed.starts_with('-') {
        return Err(wrong("a budget is more than nothing").hint(EXAMPLES));
    }
    if digits.is_empty() || digits.starts_with('_') {
        return Err(wrong("no number").hint(EXAMPLES));
    }
    let decimal = Decimal::parse(digits).map_err(|why| wrong(why).hint(EXAMPLES))?;
    let lower = suffix.to_ascii_lowercase();
    let (scale, make): (u64, fn(usize) -> Budget) =
        match lower.as_str() {
            "" => (1, Budget::Tokens),
            "k" => (1_000, Budget::Tokens),
            "m" => (1_000_000, Budget::Tokens),
            "c" => (1, Budget::Characters),
            "kc" => (1_000, Budget::Characters),
            "mc" => (1_000_000, Budget::Characters),
            "b" => (1, Budget::Bytes),
            "kb" => (1_000, Budget::Bytes),
            "mb" => (1_000_000, Budget::Bytes),
            "kib" => (1 << 10, Budget::Bytes),
            "mib" => (1 << 20, Budget::Bytes),
            "%" => {
                return match decimal.times(100) {
                    Ok(0) => Err(wrong("a budget is more than nothing").hint(EXAMPLES)),
                    Ok(share) if share <= 10_000 => Ok(Size::Share(share as u32)),
                    Err(why) if why != TOO_LARGE => {
                        Err(wrong("a share has two decimals at most").hint(EXAMPLES))
                    }
                    _ => Err(wrong("more than the whole window")
                        .hint("100% is the whole window of --model")),
                };
            }
            _ => {
                let hint = if lower.starts_with(char::is_whitespace) {
                    format!(
                        "without the space: --budget {digits}{}",
                        suffix.trim_start()
                    )
                } else if lower.starts_with(',') {
                    format!("--budget {}", typed.replace(',', "_").trim_end_matches('_'))
                } else if lower.starts_with('e') {
                    "write it out, or with k and m: --budget 100k".to_owned()
                } else {
                    EXAMPLES.to_owned()
                };
                return Err(wrong(&format!("`{}` is not a unit", suffix.trim())).hint(hint));
            }
        };
    match decimal.times(scale) {
        Ok(0) => Err(wrong("a budget is more than nothing").hint(EXAMPLES)),
        Ok(n) => Ok(Size::Plain(make(n))),
        Err(why) => Err(wrong(why).hint(EXAMPLES)),
    }
}

/// The limit that `size` means for `model`.
///
/// # Errors
/// A share without a model to take it of.
pub fn resolve(size: Size, model: Option<&Model>) -> Outcome<Budget> {
    match (size, model) {
        (Size::Plain(budget), _) => Ok(budget),
        (Size::Share(share), Some(model)) => {
            let tokens = model.window as u128 * u128::from(share) / 10_000;
            Ok(Budget::Tokens(
                usize::try_from(tokens.max(1)).unwrap_or(usize::MAX),
            ))
        }
        (Size::Share(share), None) => {
            let name = ctxpack::tokens::models::known_models()
                .next()
                .map_or("NAME", |model| model.name);
            let share = f64::from(share) / 100.0;
            Err(
                Failure::new(format!("a budget of {share}% needs a model to take it of")).hint(
                    format!("--model {name}, or model = \"{name}\" in ctxpack.toml; or give it in tokens"),
                ),
            )
        }
    }
}

/// A budget as it can be typed: `32000`, `9500c`, `32768B`.
pub fn show(budget: Budget) -> String {
    match budget {
        Budget::Tokens(n) => n.to_string(),
        Budget::Characters(n) => format!("{n}c"),
        Budget::Bytes(n) => format!("{n}B"),
    }
}

/// How much there is, and of what: `(32000, "tokens")`.
pub fn parts(budget: Budget) -> (usize, &'static str) {
    match budget {
        Budget::Tokens(n) => (n, "tokens"),
        Budget::Characters(n) => (n, "characters"),
        Budget::Bytes(n) => (n, "bytes"),
    }
}

/// An unsigned decimal number: `units` / 10^`decimals`.
struct Decimal {
    units: u64,
    decimals: u32,
}

const TOO_LARGE: &str = "too large";

impl Decimal {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut number = Self {
            units: 0,
            decimals: 0,
        };
        let mut seen_point = false;
        let mut before = '.';
        for c in text.chars() {
            match c {
                '.' if seen_point => return Err("two points"),
                '.' => seen_point = true,
                '_' if !before.is_ascii_digit() => return Err("`_` stands between digits"),
                '_' => {}
                digit => {
                    let digit = u64::from(digit) - u64::from('0');
                    number.units = number
                        .units
                        .checked_mul(10)
                        .and_then(|units| units.checked_add(digit))
                        .ok_or(TOO_LARGE)?;
                    number.decimals += u32::from(seen_point);
                }
            }
            before = c;
        }
        if !before.is_ascii_digit() {
            return Err("a number ends in a digit");
        }
        Ok(number)
    }

    /// The number times `scale`, where that is whole.
    fn times(&self, scale: u64) -> Result<usize, &'static str> {
        let product = u128::from(self.units) * u128::from(scale);
        let divisor = 10u128
            .checked_pow(self.decimals)
            .ok_or("not a whole number")?;
        if !product.is_multiple_of(divisor) {
            return Err("not a whole number");
        }
        // Counts are added up in `usize`; a limit near its end would make every sum a trap.
        usize::try_from(product / divisor)
            .ok()
            .filter(|n| *n <= 1_000_000_000_000)
            .ok_or(TOO_LARGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = match parse(text) {
            Ok(Size::Plain(budget)) => show(budget),
            Ok(Size::Share(share)) => format!("{share}/10000"),
            Err(failure) => {
                assert!(!failure.hints.is_empty(), "{text}: no hint");
                failure.message
            }
        };
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn tokens() {
        check("8000", "8000");
        check("1", "1");
        check("100_000", "100000");
        check("1_2_3", "123");
        check("100k", "100000");
        check("100K", "100000");
        check("1.5k", "1500");
        check("1.5m", "1500000");
        check("1M", "1000000");
        check("0.5k", "500");
        check(".5k", "500");
        check("1.1k", "1100");
        check("1.000k", "1000");
        check(" 8000 ", "8000");
        check("08", "8");
        check("1000000m", "1000000000000");
    }

    #[test]
    fn characters_and_bytes() {
        check("10000c", "10000c");
        check("9.5kc", "9500c");
        check("32KiB", "32768B");
        check("32kib", "32768B");
        check("0.5KiB", "512B");
        check("32KB", "32000B");
        check("1MiB", "1048576B");
        check("5B", "5B");
    }

    #[test]
    fn shares() {
        check("60%", "6000/10000");
        check("100%", "10000/10000");
        check("12.5%", "1250/10000");
        check("0.01%", "1/10000");
        check("0%", "invalid budget `0%`: a budget is more than nothing");
        check("101%", "invalid budget `101%`: more than the whole window");
        check(
            "0.001%",
            "invalid budget `0.001%`: a share has two decimals at most",
        );
        check(
            "9999999999999999999%",
            "invalid budget `9999999999999999999%`: more than the whole window",
        );
    }

    #[test]
    fn refusals() {
        check("", "the budget is empty");
        check("  ", "the budget is empty");
        check("0", "invalid budget `0`: a budget is more than nothing");
        check("0k", "invalid budget `0k`: a budget is more than nothing");
        check("-1", "invalid budget `-1`: a budget is more than nothing");
        check("-5k", "invalid budget `-5k`: a budget is more than nothing");
        check("1e9", "invalid budget `1e9`: `e9` is not a unit");
        check("1.5", "invalid budget `1.5`: not a whole number");
        check("1.0001k", "invalid budget `1.0001k`: not a whole number");
        check("100 k", "invalid budget `100 k`: `k` is not a unit");
        check("100,000", "invalid budget `100,000`: `,000` is not a unit");
        check("100kk", "invalid budget `100kk`: `kk` is not a unit");
        check("100g", "invalid budget `100g`: `g` is not a unit");
        check("all", "invalid budget `all`: no number");
        check("auto", "invalid budget `auto`: no number");
        check("+5", "invalid budget `+5`: no number");
        check("k", "invalid budget `k`: no number");
        check("%", "invalid budget `%`: no number");
        check(".", "invalid budget `.`: a number ends in a digit");
        check("5.", "invalid budget `5.`: a number ends in a digit");
        check("1.2.3", "invalid budget `1.2.3`: two points");
        check("_1", "invalid budget `_1`: no number");
        check("1__0", "invalid budget `1__0`: `_` stands between digits");
        check("1_", "invalid budget `1_`: a number ends in a digit");
        check("٣", "invalid budget `٣`: no number");
        check("5µ", "invalid budget `5µ`: `µ` is not a unit");
        check("inf", "invalid budget `inf`: no number");
        check("0x10", "invalid budget `0x10`: `x10` is not a unit");
        check("1000001m", "invalid budget `1000001m`: too large");
        check(
            "18446744073709551615",
            "invalid budget `18446744073709551615`: too large",
        );
        check(
            "18446744073709551616",
            "invalid budget `18446744073709551616`: too large",
        );
        check(
            "99999999999999999m",
            "invalid budget `99999999999999999m`: too large",
        );
        check(
            "0.0000000000000000000000000000000000000001k",
            "invalid budget `0.0000000000000000000000000000000000000001k`: not a whole number",
        );
    }

    #[track_caller]
    fn check_hint(text: &str, expected: &str) {
        assert_eq!(parse(text).unwrap_err().hints, [expected], "{text}");
    }

    #[test]
    fn hints_can_be_typed() {
        check_hint("100 k", "without the space: --budget 100k");
        check_hint("100,000", "--budget 100_000");
        check_hint("1e9", "write it out, or with k and m: --budget 100k");
        check_hint("many", EXAMPLES);
    }

    #[test]
    fn a_share_is_rounded_down() {
        let model = ctxpack::tokens::models::known_models().next().unwrap();
        let of = |share| resolve(Size::Share(share), Some(&model)).unwrap();
        assert_eq!(of(10_000), Budget::Tokens(model.window));
        assert_eq!(of(3_333), Budget::Tokens(model.window * 3_333 / 10_000));
        assert!(
            resolve(Size::Share(1), None)
                .unwrap_err()
                .message
                .contains("needs a model")
        );
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_shown_can_be_typed(n in 1usize..=1_000_000_000_000) {
            for budget in [Budget::Tokens(n), Budget::Characters(n), Budget::Bytes(n)] {
                prop_assert_eq!(parse(&show(budget)), Ok(Size::Plain(budget)));
            }
        }
    }
}
