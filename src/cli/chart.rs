//! The curve as text: dots of Braille, eight to a character, on a logarithmic axis of budgets.
//!
//! Bars a line lost: what matters is where the curve bends, and that shows in a line at once.

use crate::cli::curve::{advice, typed};
use crate::cli::outlook::probability;
use crate::cli::style::{Style, fit, left, plain, right, width};
use ctxpack::curve::{Curve, Point, size, unit};

/// Columns before the plot: `1.00 ┤`.
const LABEL: usize = 6;

/// Lines that are no plot.
const OTHER_LINES: usize = 10;

/// Where a budget lies between the first point (0) and the last (1), on a logarithmic axis.
pub fn position(budget: usize, points: &[Point]) -> f64 {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return 0.0;
    };
    let span = (last.budget as f64 / first.budget as f64).ln();
    if span > 0.0 {
        (budget as f64 / first.budget as f64).ln() / span
    } else {
        0.0
    }
}

/// Budgets to name on the axis: powers of two of a thousand tokens, or the points where these are too few.
pub fn ticks(curve: &Curve) -> Vec<usize> {
    let (Some(first), Some(last)) = (curve.points.first(), curve.points.last()) else {
        return Vec::new();
    };
    let doubled = (0..12).map(|power| (1000 * unit(curve.asked)) << power);
    let ticks: Vec<usize> = doubled
        .filter(|tick| (first.budget..=last.budget).contains(tick))
        .collect();
    if ticks.len() >= 3 {
        ticks
    } else {
        curve.points.iter().map(|point| point.budget).collect()
    }
}

/// The chart with its advice, in at most `size` columns and rows (from 40 x 20 on).
pub fn chart(curve: &Curve, name: &str, (columns, rows): (usize, usize), style: Style) -> String {
    let columns = columns.clamp(40, 120) - 1;
    let mut out = String::new();
    let key = "━━ the place to change  ┅┅ its file";
    let title = format!("{}: what a budget buys", plain(name));
    let title = fit(&title, columns.saturating_sub(width(key) + 2));
    let gap = " ".repeat(columns.saturating_sub(width(&title) + width(key)));
    out.push_str(&format!(
        "{}{gap}{} the place to change  {} its file\n\n",
        style.bold(&title),
        style.green("━━"),
        style.dim("┅┅")
    ));
    if curve.points.len() > 1 {
        let rows = (rows.saturating_sub(OTHER_LINES) / 4).clamp(1, 5);
        plot(curve, columns - LABEL, rows, style, &mut out);
    }
    for line in wrapped(&advice(curve), columns) {
        out.push_str(&format!("{line}\n"));
    }
    out
}

/// What one character of the plot shows.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    place: u8,
    file: u8,
    /// Whether the broken line of the file passes here, dot or none: the grid would fill its gaps.
    is_passed: bool,
}

/// Bits of a Braille character, by column and row of its dots.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// A quarter of the height takes `quarter` rows, so that a line of the grid falls in the middle of a row.
fn plot(curve: &Curve, n_columns: usize, quarter: usize, style: Style, out: &mut String) {
    let n_rows = 4 * quarter + 1;
    let n_dots = 2 * n_columns;
    let row_of = |p: f64| {
        let dots = (1.0 - p.clamp(0.0, 1.0)) * (16 * quarter) as f64 + 1.5;
        (dots.round() as usize).min(4 * n_rows - 1)
    };
    let mut cells = vec![vec![Cell::default(); n_columns]; n_rows];
    let mut draw = |of: fn(&Point) -> f64, is_place: bool| {
        let mut before: Option<usize> = None;
        for x in 0..n_dots {
            let share = x as f64 / (n_dots - 1) as f64;
            let y = row_of(between(&curve.points, share, of));
            // a steep climb is drawn without holes
            let from = before.map_or(y, |before| if before > y { (before - 1).max(y) } else { y });
            for y in y..=from {
                let cell = &mut cells[y / 4][x / 2];
                let dot = DOTS[x % 2][y % 4];
                if is_place {
                    cell.place |= dot;
                } else {
                    cell.is_passed = true;
                    cell.file |= if x % 4 < 2 { dot } else { 0 };
                }
            }
            before = Some(y);
        }
    };
    draw(|point| point.chance.file, false);
    draw(|point| point.chance.place, true);
    let column_of = |budget: usize| {
        let x = position(budget, &curve.points) * (n_columns - 1) as f64;
        (x.round() as usize).min(n_columns - 1)
    };
    let asked = curve
        .points
        .iter()
        .find(|point| point.budget == size(curve.asked));
    let marks: Vec<(usize, usize, &str)> = [(curve.knee(), "◆"), (asked, "●")]
        .into_iter()
        .filter_map(|(point, mark)| {
            let point = point?;
            Some((
                column_of(point.budget),
                row_of(point.chance.place) / 4,
                mark,
            ))
        })
        .collect();
    for (row, cells) in cells.iter().enumerate() {
        let is_grid = row % quarter == 0;
        let label = if is_grid {
            format!("{:.2} ┤", 1.0 - (row / quarter) as f64 / 4.0)
        } else {
            format!("{}│", " ".repeat(LABEL - 1))
        };
        out.push_str(&style.dim(&label));
        let mut line = Line::new(style);
        for (column, cell) in cells.iter().enumerate() {
            let mark = marks.iter().find(|mark| (mark.0, mark.1) == (column, row));
            let is_below = marks.iter().any(|mark| mark.0 == column && mark.1 < row);
            let dots = braille(cell.place | cell.file);
            match (mark, cell) {
                (Some((_, _, mark)), _) => line.push(mark, Paint::Mark),
                (None, Cell { place: 1.., .. }) => line.push(&dots, Paint::Curve),
                (None, Cell { file: 1.., .. }) => line.push(&dots, Paint::Dim),
                (None, _) if is_below => line.push("┊", Paint::Dim),
                (None, cell) if is_grid && !cell.is_passed => line.push("┈", Paint::Dim),
                (None, _) => line.push(" ", Paint::None),
            }
        }
        out.push_str(&line.end());
        out.push('\n');
    }
    axis(curve, n_columns, &column_of, style, out);
    out.push_str(&notes(curve, asked, n_columns + LABEL, style));
}

/// The value of the curve at `share` of the axis: straight between two points.
fn between(points: &[Point], share: f64, of: fn(&Point) -> f64) -> f64 {
    let after = points
        .iter()
        .position(|point| position(point.budget, points) >= share);
    match after {
        None => points.last().map_or(0.0, of),
        Some(0) => of(&points[0]),
        Some(at) => {
            let (a, b) = (&points[at - 1], &points[at]);
            let (from, to) = (position(a.budget, points), position(b.budget, points));
            of(a) + (of(b) - of(a)) * (share - from) / (to - from).max(1e-12)
        }
    }
}

fn braille(dots: u8) -> String {
    char::from_u32(0x2800 + u32::from(dots)).map_or_else(String::new, String::from)
}

/// The line with the ticks, and the names of as many as there is room for.
fn axis(
    curve: &Curve,
    n_columns: usize,
    column_of: &dyn Fn(usize) -> usize,
    style: Style,
    out: &mut String,
) {
    let mut line = vec!["─"; n_columns];
    let mut names = String::new();
    for tick in ticks(curve) {
        let column = column_of(tick);
        line[column] = "┬";
        let name = typed(tick, curve.asked);
        // centred below its tick, and pushed in at the right end
        let start = (LABEL + column).saturating_sub(width(&name) / 2);
        let start = start.min(LABEL + n_columns - width(&name));
        let used = width(&names);
        if names.is_empty() || start >= used + 2 {
            names = left(&names, start) + &name;
        }
    }
    let corner = right("└", LABEL);
    out.push_str(&style.dim(&format!("{corner}{}\n{names}\n", line.concat())));
}

/// What the marks say.
fn notes(curve: &Curve, asked: Option<&Point>, columns: usize, style: Style) -> String {
    let knee = curve.knee();
    let mut notes = Vec::new();
    let mut note = |mark: &str, what: &str, point: &Point| {
        let budget = typed(point.budget, curve.asked);
        let p = probability(point.chance.place);
        notes.push(format!("{mark} {what} {budget}: {p}"));
    };
    match (knee, asked) {
        (Some(knee), Some(asked)) if knee.budget == asked.budget => {
            note("◆", "knee and budget", knee)
        }
        _ => {
            if let Some(knee) = knee {
                note("◆", "knee", knee);
            }
            if let Some(asked) = asked {
                note("●", "budget", asked);
            }
        }
    }
    if notes.is_empty() {
        return "\n".to_owned();
    }
    let text = fit(&notes.join("   "), columns - LABEL);
    format!("{}{}\n\n", " ".repeat(LABEL), style.yellow(&text))
}

/// `text` in lines of at most `columns`, broken at spaces.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// How a stretch of the plot is painted.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Paint {
    None,
    Dim,
    Curve,
    Mark,
}

/// A line of the plot, painted a stretch at a time rather than a character.
struct Line {
    style: Style,
    done: String,
    stretch: String,
    paint: Paint,
}

impl Line {
    fn new(style: Style) -> Self {
        Self {
            style,
            done: String::new(),
            stretch: String::new(),
            paint: Paint::None,
        }
    }

    fn push(&mut self, text: &str, paint: Paint) {
        if paint != self.paint {
            self.flush();
            self.paint = paint;
        }
        self.stretch.push_str(text);
    }

    fn flush(&mut self) {
        let stretch = std::mem::take(&mut self.stretch);
        self.done.push_str(&match self.paint {
            Paint::None => stretch,
            Paint::Dim => self.style.dim(&stretch),
            Paint::Curve => self.style.green(&stretch),
            Paint::Mark => self.style.yellow(&stretch),
        });
    }

    fn end(mut self) -> String {
        self.flush();
        self.done.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::curve::tests::{sample, through};
    use crate::cli::style::ColorChoice;
    use ctxpack::request::Budget;

    #[test]
    fn a_small_chart() {
        let text = chart(&sample(), "api", (60, 18), Style::PLAIN);
        let expected = "\
api: what a budget bu…  ━━ the place to change  ┅┅ its file

1.00 ┤┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈⢀ ⣀ ⣀ ⣀ ⣀ ⠤ ⠤ ⠤ ⠤ ⠤ ⠤ ⠤
     │                ⣀ ⠤ ⠤ ⠒ ⠒ ⠉⣀⣉⣀⡡⠤⠤⠤⠔◆⠒⠒⠒⠒⠒⠒⠒●⠉⠉⠉⠉⠉⠉⠉⠉⠉
0.75 ┤┈┈┈┈┈┈┈┈⢀ ⠤ ⠒ ⠉ ┈┈┈┈⢀⣀⠤⠔⠒⠉⠉┈┈┈┈┈┈┈┈┊┈┈┈┈┈┈┈┊┈┈┈┈┈┈┈┈┈
     │    ⣀ ⠒ ⠁      ⣀⡠⠔⠒⠉⠁              ┊       ┊
0.50 ┤⠤ ⠊ ┈┈┈┈┈┈⣀⡠⠔⠒⠉┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┊┈┈┈┈┈┈┈┊┈┈┈┈┈┈┈┈┈
     │    ⢀⣀⠤⠔⠒⠉                         ┊       ┊
0.25 ┤⠤⠔⠒⠉⠁┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┊┈┈┈┈┈┈┈┊┈┈┈┈┈┈┈┈┈
     │                                   ┊       ┊
0.00 ┤┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┊┈┈┈┈┈┈┈┊┈┈┈┈┈┈┈┈┈
     └┬────────┬───────┬────────┬────────┬───────┬────────┬
     1k       2k      4k       8k       16k     32k     64k
      ◆ knee 16k: 0.88   ● budget 32k: 0.91

8k holds the place to change with probability 0.81; 16k
with 0.88; 32k with 0.91; after 16k each further 1,000
tokens add less than 0.5 points
";
        assert_eq!(text, expected, "\n{text}");
    }

    #[test]
    fn it_fits_every_terminal() {
        let points: Vec<_> = (1..9).map(|n| (n * n * 700, 0.1 * n as f64, 1.0)).collect();
        for curve in [
            sample(),
            through(&points, Budget::Characters(700)),
            through(&points[..2], Budget::Tokens(5)),
            through(&points[..1], Budget::Tokens(5)),
            through(&[], Budget::Tokens(5)),
        ] {
            for columns in [40, 79, 80, 200] {
                for rows in [20, 24, 50] {
                    let name = "日本語\u{1b}".repeat(9);
                    let text = chart(&curve, &name, (columns, rows), Style::PLAIN);
                    assert!(text.lines().count() < rows, "{rows} rows:\n{text}");
                    for line in text.lines() {
                        assert!(width(line) < columns, "{columns} columns: {line}");
                    }
                    assert!(!text.contains('\u{1b}'), "{text}");
                }
            }
        }
    }

    #[test]
    fn colour_changes_nothing_else() {
        let style = Style::new(ColorChoice::Always, true);
        let mut painted = chart(&sample(), "api", (80, 24), style);
        assert!(painted.contains("\u{1b}["));
        for code in ["0", "1", "2", "32", "1;33"] {
            painted = painted.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(painted, chart(&sample(), "api", (80, 24), Style::PLAIN));
    }
}
