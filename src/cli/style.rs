//! Colour, columns and numbers: how text looks on a terminal.
//!
//! Six colours by hand rather than a crate: the terminal's own palette, so that the user's theme decides how they look.

use std::io::IsTerminal;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set or TERM is `dumb`.
    #[default]
    Auto,
    /// Also into pipes and files.
    Always,
    /// Not at all.
    Never,
}

/// Whether one stream is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    on: bool,
}

impl Style {
    /// No colour.
    pub const PLAIN: Self = Self { on: false };

    /// The style of a stream that is (or is not) a terminal.
    pub fn new(choice: ColorChoice, is_terminal: bool) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let on = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !dumb && !set("NO_COLOR"),
        };
        Self { on }
    }

    /// The style of stderr.
    pub fn stderr(choice: ColorChoice) -> Self {
        Self::new(choice, std::io::stderr().is_terminal())
    }

    /// The style of stdout.
    pub fn stdout(choice: ColorChoice) -> Self {
        Self::new(choice, std::io::stdout().is_terminal())
    }

    /// Whether there is colour.
    pub fn is_on(self) -> bool {
        self.on
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// For what matters most.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// For what can be skipped.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// For errors.
    pub fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// For what is well.
    pub fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// For warnings.
    pub fn yellow(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    /// For things to type.
    pub fn cyan(self, text: &str) -> String {
        self.paint("36", text)
    }
}

/// Columns and rows of the terminal on stdout; 80 x 24 where it does not say.
pub fn terminal_size() -> (usize, usize) {
    use terminal_size::{Height, Width};
    match terminal_size::terminal_size_of(std::io::stdout()) {
        Some((Width(columns), Height(rows))) if columns > 0 && rows > 0 => {
            (usize::from(columns), usize::from(rows))
        }
        _ => (80, 24),
    }
}

/// `text` on one line, with whatever could steer a terminal or reorder a line (control and bidi characters) written out.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if (c as u32) < 0x20 || ('\x7f'..'\u{a0}').contains(&c) => {
                out.push_str(&format!("\\x{:02x}", c as u32));
            }
            '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{e0000}'..='\u{e01ef}' => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// Columns that `text` takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` in at most `columns` columns; what is cut off at the end becomes `…`.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

/// A path in at most `columns` columns. The end says most, so the middle goes: `src/…/handlers.rs`.
pub fn fit_path(path: &str, columns: usize) -> String {
    if width(path) <= columns {
        return path.to_owned();
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let first = folder.split('/').next().unwrap_or_default();
    let short = format!("{first}/…/{name}");
    if !folder.is_empty() && width(&short) <= columns {
        // Room is left: give back as many of the last folders as fit.
        let mut best = short;
        let mut tail = name.to_owned();
        for part in folder.rsplit('/') {
            tail = format!("{part}/{tail}");
            let longer = format!("{first}/…/{tail}");
            if width(&longer) > columns {
                break;
            }
            best = longer;
        }
        return best;
    }
    let mut out = String::new();
    let mut used = 1;
    for c in path.chars().rev() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        out.insert(0, c);
    }
    if columns > 0 {
        out.insert(0, '…');
    }
    out
}

/// `text` padded on the right to `columns`.
pub fn left(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `text` padded on the left to `columns`.
pub fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `n` with thousands separated: `1,234`.
pub fn number(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `n` with `noun`, in the plural where it is not one: `1 file`, `2 files`.
pub fn count(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", number(n), if n == 1 { "" } else { "s" })
}

/// `part` of `whole` in percent: `97%`; never `100%` for less than all, nor `0%` for more than nothing.
pub fn percent(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let share = part as u128 * 100 / whole as u128;
    match share {
        0 if part > 0 => "<1%".to_owned(),
        share => format!("{share}%"),
    }
}

/// Bytes for a person: `812 B`, `12.4 kB`, `8.4 MB` (powers of 1000, as disks and `ls --si` count).
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A duration for a person: `4 ms`, `0.42 s`, `12.3 s`.
pub fn duration(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.0995 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{seconds:.1} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: String, expected: &str) {
        assert_eq!(found, expected);
    }

    #[test]
    fn numbers() {
        check(number(0), "0");
        check(number(999), "999");
        check(number(1000), "1,000");
        check(number(1_234_567), "1,234,567");
        check(count(1, "file"), "1 file");
        check(count(0, "file"), "0 files");
        check(percent(0, 10), "0%");
        check(percent(1, 1000), "<1%");
        check(percent(9_999, 10_000), "99%");
        check(percent(10, 10), "100%");
        check(percent(1, 0), "-");
        check(size(812), "812 B");
        check(size(12_400), "12.4 kB");
        check(size(999_999), "1.0 MB");
        check(size(u64::MAX), "18446744.1 TB");
        check(duration(std::time::Duration::from_millis(4)), "4 ms");
        check(duration(std::time::Duration::from_millis(420)), "0.42 s");
        check(duration(std::time::Duration::from_millis(12_340)), "12.3 s");
    }

    #[test]
    fn columns() {
        check(fit("short", 10), "short");
        check(fit("a long line", 6), "a lon…");
        check(fit("日本語", 5), "日本…");
        check(fit("abc", 0), "");
        check(fit_path("src/a.rs", 10), "src/a.rs");
        check(fit_path("src/server/routes/a.rs", 20), "src/…/routes/a.rs");
        check(fit_path("src/server/routes/a.rs", 12), "src/…/a.rs");
        check(fit_path("averylongname.rs", 8), "…name.rs");
        check(fit_path("abc", 0), "");
        check(left("日", 4), "日  ");
        check(right("ab", 4), "  ab");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        check(plain("a\tb\nc\rd"), "a\\tb\\nc\\rd");
        check(plain("\u{1b}[2J\u{7f}\u{9b}"), "\\x1b[2J\\x7f\\x9b");
        check(plain("a\u{202e}b\u{feff}"), "a\\u{202e}b\\u{feff}");
        check(plain("a\u{e0041}\u{61c}"), "a\\u{e0041}\\u{61c}");
        check(plain("naïve 日本.rs"), "naïve 日本.rs");
    }

    #[test]
    fn colour_is_asked_for() {
        check(Style::PLAIN.red("x"), "x");
        check(Style::new(ColorChoice::Never, true).red("x"), "x");
        check(
            Style::new(ColorChoice::Always, false).red("x"),
            "\x1b[1;31mx\x1b[0m",
        );
        check(Style::new(ColorChoice::Auto, false).red("x"), "x");
    }
}
