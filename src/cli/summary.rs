//! What a person sees instead of the bundle: what would be packed, why, and how to get it. Fits the terminal it is shown on.
//!
//! A dump of 32,000 tokens would push everything else off the screen and help nobody; `-o -` still gives it to who wants it.

use crate::cli::stats;
use crate::cli::style::{
    Style, count, duration, fit, fit_path, left, number, percent, plain, right, width,
};
use crate::cli::{budget, outlook};
use ctxpack::Packed;
use ctxpack::emit::Item;
use ctxpack::request::{Budget, Format, Request, TaskSource};
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// Lines of the summary that are no items.
const OTHER_LINES: usize = 16;

/// The summary, in at most `columns` columns and (from 24 on) fewer than `rows` rows. `typed` is the command line.
pub fn summary(
    packed: &Packed,
    request: &Request,
    typed: &[OsString],
    size: (usize, usize),
    total: Duration,
    style: Style,
) -> String {
    let columns = size.0.clamp(20, 120) - 1;
    let account = &packed.bundle.account;
    let mut out = String::new();
    title(packed, request, columns, style, &mut out);
    kinds(packed, total, columns, style, &mut out);
    if let Some(chance) = &packed.chance {
        let line = outlook::chance(chance, Style::PLAIN);
        // what is too long is cut, and what is cut cannot be painted in part
        let line = match width(&line) <= columns {
            true => outlook::chance(chance, style),
            false => fit(&line, columns),
        };
        out.push_str(&format!("{line}\n"));
    }
    let source = match account.task.source {
        TaskSource::Inferred => "task (inferred)",
        _ => "task",
    };
    let text = plain(
        account
            .task
            .text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .as_str(),
    );
    let text = if text.is_empty() {
        "none".to_owned()
    } else {
        text
    };
    let text = fit(&text, columns.saturating_sub(source.len() + 2));
    out.push_str(&format!("{}  {text}\n\n", style.dim(source)));
    if account.items.is_empty() {
        out.push_str("Nothing to pack: no candidate is left. See what is read: ctxpack sources\n");
        return out;
    }
    let rows = size.1.saturating_sub(OTHER_LINES + 1).clamp(3, 20);
    items(&account.items, rows, columns, style, &mut out);
    next(packed, request, columns, style, &mut out);
    how_to(typed, request, columns, style, &mut out);
    out
}

/// `api                    31,204 of 32,000 tokens` and a bar.
fn title(packed: &Packed, request: &Request, columns: usize, style: Style, out: &mut String) {
    let (used, most, unit) = stats::used(packed, request);
    let about = if request.safety_factor > 1.0 {
        "about "
    } else {
        ""
    };
    let amount = format!("{about}{} of {} {unit}", number(used), number(most));
    let room = columns.saturating_sub(width(&amount) + 2);
    let names = fit(&plain(&names(request)), room);
    let gap = " ".repeat(columns.saturating_sub(width(&names) + width(&amount)));
    out.push_str(&format!(
        "{}{gap}{}\n",
        style.bold(&names),
        style.bold(&amount)
    ));
    let share = percent(used, most);
    let cells = columns.saturating_sub(share.len() + 1);
    let full = (cells as u128 * used as u128 / most.max(1) as u128).min(cells as u128) as usize;
    let (bar, rest) = ("━".repeat(full), "─".repeat(cells - full));
    out.push_str(&format!(
        "{}{} {share}\n",
        style.green(&bar),
        style.dim(&rest)
    ));
}

/// What is packed, by name: `api, web`, `api at v1.2`.
pub fn names(request: &Request) -> String {
    let names: Vec<String> = request.roots.iter().map(|root| name(root)).collect();
    let revision = request
        .revision
        .as_deref()
        .map_or(String::new(), |revision| format!(" at {revision}"));
    format!("{}{revision}", names.join(", "))
}

/// The last part of a root's real path: what the repository is called. Of a bare clone at NAME/repo or NAME/.git, it is NAME.
pub fn name(root: &Path) -> String {
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let is_bare = real.join("HEAD").is_file() && real.join("objects").is_dir();
    let is_nameless = is_bare && (real.ends_with("repo") || real.ends_with(".git"));
    let named = real.parent().filter(|_| is_nameless).unwrap_or(&real);
    named
        .file_name()
        .unwrap_or(real.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// `4 files 7,352 · 1 note 412 · 1 session 388 · 1 left out`.
fn kinds(packed: &Packed, total: Duration, columns: usize, style: Style, out: &mut String) {
    let mut parts: Vec<String> = stats::shares(packed)
        .iter()
        .filter(|share| share.n_items > 0)
        .map(|share| {
            format!(
                "{} {}",
                count(share.n_items, share.name.trim_end_matches('s')),
                number(share.tokens)
            )
        })
        .collect();
    let omitted = packed.bundle.account.omitted.len();
    if omitted > 0 {
        parts.push(format!("{} left out", number(omitted)));
    }
    let time = duration(total);
    let line = fit(&parts.join(" · "), columns.saturating_sub(time.len() + 2));
    let gap = " ".repeat(columns.saturating_sub(width(&line) + time.len()));
    out.push_str(&format!("{line}{gap}{}\n", style.dim(&time)));
}

/// The table of the best items: most tokens first would favour what is long, so the order is by value.
fn items(items: &[Item], rows: usize, columns: usize, style: Style, out: &mut String) {
    let mut best: Vec<&Item> = items.iter().collect();
    best.sort_by(|a, b| b.value.total_cmp(&a.value).then_with(|| a.id.cmp(&b.id)));
    // Where all but one would fit, all do: the line that counts the rest is as long as the item itself.
    let shown = if best.len() <= rows + 1 {
        best.len()
    } else {
        rows
    };
    let paths: Vec<String> = best[..shown].iter().map(|item| plain(&item.path)).collect();
    let widest = paths.iter().map(|path| width(path)).max().unwrap_or(0);
    let tokens: Vec<String> = best[..shown]
        .iter()
        .map(|item| number(item.tokens))
        .collect();
    let token_columns = tokens.iter().map(String::len).max().unwrap_or(0).max(7);
    // Tokens, rendering 8, two gaps of two; the path may have up to half of what is left, the reason has the rest.
    let rest = columns.saturating_sub(token_columns + 2 + 8 + 2);
    let path_columns = widest.min(rest / 2).max(4);
    let reason_columns = rest.saturating_sub(path_columns + 2);
    let header = format!(
        "{}  {}  {}  why",
        right("tokens", token_columns),
        left("as", 8),
        left("path", path_columns)
    );
    out.push_str(&format!("{}\n", style.dim(&fit(&header, columns))));
    for ((item, path), tokens) in best.iter().zip(&paths).zip(&tokens) {
        let path = fit_path(path, path_columns);
        let folder = path.rfind('/').map_or(0, |at| at + 1);
        let padding = " ".repeat(path_columns.saturating_sub(width(&path)));
        let reason = item
            .reasons
            .first()
            .map_or(String::new(), |reason| fit(&plain(reason), reason_columns));
        let line = format!(
            "{}  {}  {}{}{padding}  {}",
            right(tokens, token_columns),
            style.cyan(&left(item.rendering.as_str(), 8)),
            style.dim(&path[..folder]),
            &path[folder..],
            style.dim(&reason)
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    if best.len() > shown {
        let more = &best[shown..];
        let tokens: usize = more.iter().map(|item| item.tokens).sum();
        out.push_str(&format!(
            "{}  {}\n",
            right(&number(tokens), token_columns),
            style.dim(&format!("in {} more", number(more.len())))
        ));
    }
    out.push('\n');
}

/// What a bigger budget would add, or at least what was left out first; and how good the choice is.
fn next(packed: &Packed, request: &Request, columns: usize, style: Style, out: &mut String) {
    let account = &packed.bundle.account;
    let line = match (&packed.next, account.omitted.iter().next()) {
        (Some(next), _) if !next.paths.is_empty() => {
            let budget = match request.budget {
                Budget::Tokens(_) => typed_budget(next.budget),
                _ => format!("{} tokens", number(next.budget)),
            };
            let more = match next.paths.len() - 1 {
                0 => String::new(),
                more => format!(" and {} more", number(more)),
            };
            let more = match (&packed.chance, &next.chance) {
                (Some(now), Some(then)) if then.place >= now.place + 0.005 => {
                    format!("{more}: probability {}", outlook::probability(then.place))
                }
                _ => more,
            };
            let lead = format!("-b {budget} would add ");
            // what comes after it is cut rather than the name
            let room = columns.saturating_sub(width(&lead) + width(&more)).max(12);
            format!("{lead}{}{more}", fit_path(&plain(&next.paths[0]), room))
        }
        (_, Some(first)) => {
            let size = format!(" ({})", count(first.tokens_full, "token"));
            let lead = "First of what is left out: ";
            let room = columns.saturating_sub(lead.len() + width(&size));
            format!("{lead}{}{size}", fit_path(&plain(&first.path), room))
        }
        (_, None) => "Everything that matters is in; a bigger budget would add nothing.".to_owned(),
    };
    out.push_str(&format!("{}\n", style.dim(&fit(&line, columns))));
}

/// A budget as people type it: `64k` where it is whole.
fn typed_budget(tokens: usize) -> String {
    match tokens {
        n if n > 0 && n.is_multiple_of(1_000_000) => format!("{}m", n / 1_000_000),
        n if n > 0 && n.is_multiple_of(1_000) => format!("{}k", n / 1_000),
        n => budget::show(Budget::Tokens(n)),
    }
}

/// Three ways to get the bundle, with what was typed in them, so that they can be copied.
fn how_to(typed: &[OsString], request: &Request, columns: usize, style: Style, out: &mut String) {
    let extension = match request.format {
        Format::Xml => "xml",
        Format::Markdown => "md",
        Format::Json => "json",
        Format::Plain => "txt",
    };
    let command = retyped(typed, columns.saturating_sub(38));
    let ways = [
        (format!("{command} | claude -p 'Do it.'"), "into an agent"),
        (format!("{command} -o context.{extension}"), "into a file"),
        (format!("{command} -o -"), "onto this screen"),
    ];
    out.push_str("\nThis is a summary. To get the bundle itself:\n");
    let widest = ways.iter().map(|(way, _)| width(way)).max().unwrap_or(0);
    for (way, what) in &ways {
        out.push_str(&format!(
            "  {}  {}\n",
            style.cyan(&left(way, widest)),
            style.dim(what)
        ));
    }
}

/// The command line as it could be typed again; only its name where that would take more than `columns`.
fn retyped(typed: &[OsString], columns: usize) -> String {
    let quoted = |word: &OsString| {
        let word = word.to_string_lossy();
        let safe = |c: char| c.is_ascii_alphanumeric() || "-_./=:,%@+".contains(c);
        if !word.is_empty() && word.chars().all(safe) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    let reads_stdin = typed
        .iter()
        .any(|word| word == "-" || word == "--task=-" || word == "-t-");
    let words: Vec<String> = typed.iter().skip(1).map(quoted).collect();
    // Behind `--` nothing could be added as a flag.
    let plain_words = words
        .iter()
        .all(|word| word != "--" && plain(word) == *word);
    let lead = if reads_stdin { "… | " } else { "" };
    let whole = format!("{lead}ctxpack {}", words.join(" "));
    match whole.trim_end() {
        whole if plain_words && width(whole) <= columns => whole.to_owned(),
        _ => format!("{lead}ctxpack …"),
    }
}

/// One line for stderr when the bundle itself went somewhere: `ctxpack: 31,204 of 32,000 tokens, 57 items, in 0.42 s`.
pub fn closing(
    packed: &Packed,
    request: &Request,
    place: Option<&Path>,
    total: Duration,
    style: Style,
) -> String {
    let (used, most, unit) = stats::used(packed, request);
    let items = count(packed.bundle.account.items.len(), "item");
    let place = place.map_or(String::new(), |path| {
        format!(" to {}", plain(&path.to_string_lossy()))
    });
    let amount = format!("{} of {} {unit}", number(used), number(most));
    style.dim(&format!(
        "ctxpack: {amount}, {items}{place} in {}",
        duration(total)
    )) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request::new("src", Budget::Tokens(32_000))
    }

    fn shown(items: Vec<Item>, columns: usize, rows: usize) -> String {
        use ctxpack::emit::{Account, Bundle, Proof};
        let request = request();
        let account = Account {
            budget: 32_000,
            room: 0,
            tokenizer: "o200k_base",
            task: ctxpack::request::Task {
                source: TaskSource::Inferred,
                text: "fix\n the  bug".to_owned(),
            },
            proof: Proof {
                value: 1.0,
                bound: 1.0,
                exact: true,
                price: 0.0,
            },
            chance: None,
            next: vec![],
            items,
            omitted: Default::default(),
            warnings: vec![],
        };
        let bundle = Bundle {
            text: String::new(),
            tokens: 16_000,
            account,
            format: Format::Xml,
        };
        let packed = Packed {
            bundle,
            timings: vec![],
            explanations: vec![],
            chance: None,
            next: None,
        };
        let typed = ["ctxpack", "-b", "32k"].map(OsString::from);
        summary(
            &packed,
            &request,
            &typed,
            (columns, rows),
            Duration::from_millis(40),
            Style::PLAIN,
        )
    }

    fn item(path: &str, tokens: usize, value: f64) -> Item {
        Item {
            id: format!("file:{path}"),
            kind: ctxpack::request::Kind::File,
            path: path.to_owned(),
            rendering: ctxpack::request::RenderingName::Excerpt,
            lines: vec![],
            labels: vec![],
            text: String::new(),
            tokens,
            value,
            relevance: 0.5,
            recency: 0.5,
            reasons: vec![
                "defines `a_rather_long_name_of_a_function`, named in the task at hand".to_owned(),
            ],
        }
    }

    #[test]
    fn it_fits_every_terminal() {
        let many: Vec<Item> = (0..200)
            .map(|i| {
                item(
                    &format!("src/{}/日本語/file\u{1b}-{i}.rs", "deep/".repeat(i % 12)),
                    1_234_567 * i,
                    i as f64,
                )
            })
            .collect();
        for columns in [20, 40, 79, 80, 81, 200] {
            for rows in [24, 30, 60] {
                let text = shown(many.clone(), columns, rows);
                let height = text.lines().count();
                assert!(height < rows, "{height} lines in {rows} rows:\n{text}");
                if columns >= 79 {
                    for line in text.lines() {
                        assert!(
                            width(line) < columns,
                            "{} columns in {columns}: {line}",
                            width(line)
                        );
                    }
                }
                assert!(!text.contains('\u{1b}'));
            }
        }
    }

    #[test]
    fn a_small_bundle_is_shown_whole() {
        let text = shown(
            vec![item("src/b.rs", 10, 1.0), item("src/a.rs", 2_000, 2.0)],
            80,
            24,
        );
        let expected = "\
src                                                     16,000 of 32,000 tokens
━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━──────────────────────────────────────  50%
2 files 2,010                                                             40 ms
task (inferred)  fix the bug

 tokens  as        path      why
  2,000  excerpt   src/a.rs  defines `a_rather_long_name_of_a_function`, named…
     10  excerpt   src/b.rs  defines `a_rather_long_name_of_a_function`, named…

Everything that matters is in; a bigger budget would add nothing.

This is a summary. To get the bundle itself:
  ctxpack -b 32k | claude -p 'Do it.'  into an agent
  ctxpack -b 32k -o context.xml        into a file
  ctxpack -b 32k -o -                  onto this screen
";
        assert_eq!(text, expected.replace("──  50%", "── 50%"));
    }

    #[test]
    fn nothing_to_pack_says_so() {
        assert!(shown(vec![], 80, 24).contains("ctxpack sources"));
    }

    #[track_caller]
    fn check_retyped(words: &[&str], expected: &str) {
        let typed: Vec<OsString> = words.iter().map(OsString::from).collect();
        assert_eq!(retyped(&typed, 40), expected);
    }

    #[test]
    fn commands_can_be_copied() {
        check_retyped(&["/usr/bin/ctxpack"], "ctxpack");
        check_retyped(
            &["ctxpack", "-t", "don't stop"],
            "ctxpack -t 'don'\\''t stop'",
        );
        check_retyped(&["ctxpack", "-t", "-"], "… | ctxpack -t -");
        check_retyped(&["ctxpack", "--", "sources"], "ctxpack …");
        check_retyped(&["ctxpack", "-t", &"long ".repeat(20)], "ctxpack …");
        check_retyped(&["ctxpack", "-t", "a\u{1b}b"], "ctxpack …");
        check_retyped(&["ctxpack", ""], "ctxpack ''");
    }

    #[test]
    fn budgets_as_typed() {
        for (tokens, expected) in [
            (64_000, "64k"),
            (2_000_000, "2m"),
            (1_500, "1500"),
            (0, "0"),
        ] {
            assert_eq!(typed_budget(tokens), expected);
        }
    }
}
