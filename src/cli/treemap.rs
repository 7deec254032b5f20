//! A treemap in characters: each file a field as large as its share, so that what takes the space is seen before it is read.
//!
//! Squarified (Bruls, Huizing and van Wijk, 2000): fields are laid in rows along the shorter side, and a row is closed where one more
//! field would make its worst field longer and thinner. A cell of a terminal is about twice as high as it is wide.

use crate::cli::style::{Style, fit, number, plain, width};
use ctxpack::guard::secrets::redact;

/// How much higher a cell is than it is wide.
const CELL: f64 = 2.0;

/// Fields at most; the rest is one.
const MOST: usize = 24;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Field {
    x: f64,
    y: f64,
    wide: f64,
    high: f64,
}

/// `files`, largest first, as a map of `size` columns and rows. Ends in a newline.
pub fn draw(files: &[(&str, usize)], size: (usize, usize), style: Style) -> String {
    let (columns, rows) = size;
    let mut shown: Vec<(String, usize)> = files
        .iter()
        .filter(|(_, n)| *n > 0)
        .map(|(path, n)| (label(path), *n))
        .collect();
    if shown.is_empty() || columns < 4 || rows < 3 {
        return String::new();
    }
    if shown.len() > MOST {
        let rest = shown.split_off(MOST - 1);
        let n: usize = rest.iter().map(|it| it.1).sum();
        shown.push((format!("{} more", number(rest.len())), n));
        shown.sort_by_key(|it| std::cmp::Reverse(it.1));
    }
    let sizes: Vec<f64> = shown.iter().map(|it| it.1 as f64).collect();
    let fields = squarify(&sizes, columns as f64, rows as f64 * CELL);
    let mut cells = vec![vec![' '; columns]; rows];
    for (field, (name, n)) in fields.iter().zip(&shown) {
        put(&mut cells, field, name, *n);
    }
    let mut out = String::new();
    for row in cells {
        let mut line: String = row.into_iter().filter(|c| *c != '\0').collect();
        line.truncate(line.trim_end().len());
        out.push_str(&style.cyan(&line));
        out.push('\n');
    }
    out
}

fn label(path: &str) -> String {
    let path = plain(&redact(path));
    let name = path.rsplit_once('/').map_or(path.as_str(), |it| it.1);
    name.to_owned()
}

/// Draws one field: a frame where there is room for one, and in it the name and the number.
fn put(cells: &mut [Vec<char>], field: &Field, name: &str, n: usize) {
    let (columns, rows) = (cells.first().map_or(0, Vec::len), cells.len());
    let edge = |at: f64, most: usize| (at.round() as usize).min(most);
    let (left, right) = (edge(field.x, columns), edge(field.x + field.wide, columns));
    let (top, bottom) = (
        edge(field.y / CELL, rows),
        edge((field.y + field.high) / CELL, rows),
    );
    let (wide, high) = (right.saturating_sub(left), bottom.saturating_sub(top));
    if wide < 2 || high < 2 {
        for row in cells.iter_mut().take(bottom).skip(top) {
            row[left..right].fill('▒');
        }
        return;
    }
    for (y, row) in cells.iter_mut().enumerate().take(bottom).skip(top) {
        let (first, last) = (y == top, y + 1 == bottom);
        let (a, fill, b) = match (first, last) {
            (true, _) => ('┌', '─', '┐'),
            (_, true) => ('└', '─', '┘'),
            _ => ('│', ' ', '│'),
        };
        row[left..right].fill(fill);
        row[left] = a;
        row[right - 1] = b;
    }
    let inside = wide - 2;
    let lines: Vec<String> = if high > 3 {
        vec![fit(name, inside), fit(&number(n), inside)]
    } else {
        vec![fit(name, inside)]
    };
    // a field of two rows has its name in its frame
    let start = if high == 2 { top } else { top + 1 };
    for (y, text) in (start..bottom).zip(lines) {
        let mut at = left + 1;
        for c in text.chars() {
            let columns = width(&c.to_string());
            if columns == 0 || at + columns > right - 1 {
                continue;
            }
            cells[y][at] = c;
            // a wide character stands for two cells
            if columns == 2 {
                cells[y][at + 1] = '\0';
            }
            at += columns;
        }
    }
}

/// A field for each of `sizes`, which are positive and descending; together they cover `wide` times `high`.
fn squarify(sizes: &[f64], wide: f64, high: f64) -> Vec<Field> {
    let scale = wide * high / sizes.iter().sum::<f64>();
    let areas: Vec<f64> = sizes.iter().map(|size| size * scale).collect();
    let mut fields = Vec::with_capacity(areas.len());
    let mut rest = Field {
        x: 0.0,
        y: 0.0,
        wide,
        high,
    };
    let mut at = 0;
    while at < areas.len() {
        let side = rest.wide.min(rest.high);
        let mut end = at + 1;
        while end < areas.len() && worst(&areas[at..=end], side) <= worst(&areas[at..end], side) {
            end += 1;
        }
        let row = &areas[at..end];
        let thick = if side > 0.0 {
            row.iter().sum::<f64>() / side
        } else {
            0.0
        };
        let is_upright = rest.wide >= rest.high;
        let mut along = 0.0;
        for area in row {
            let length = if thick > 0.0 { area / thick } else { 0.0 };
            fields.push(match is_upright {
                true => Field {
                    x: rest.x,
                    y: rest.y + along,
                    wide: thick,
                    high: length,
                },
                false => Field {
                    x: rest.x + along,
                    y: rest.y,
                    wide: length,
                    high: thick,
                },
            });
            along += length;
        }
        if is_upright {
            rest.x += thick;
            rest.wide = (rest.wide - thick).max(0.0);
        } else {
            rest.y += thick;
            rest.high = (rest.high - thick).max(0.0);
        }
        at = end;
    }
    fields
}

/// How much longer than wide the worst field of a row is.
fn worst(row: &[f64], side: f64) -> f64 {
    let sum: f64 = row.iter().sum();
    let ratio = |area: &f64| {
        let (a, b) = (side * side * area, sum * sum);
        (a / b).max(b / a)
    };
    row.iter().map(ratio).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_covers_its_field() {
        let files = [
            ("src/a.rs", 60),
            ("src/b.rs", 25),
            ("docs/日本.md", 10),
            ("e", 5),
        ];
        let map = draw(&files, (40, 8), Style::PLAIN);
        assert_eq!(
            map.lines().collect::<Vec<_>>(),
            [
                "┌──────────────────────┐┌────────┐┌────┐",
                "│a.rs                  ││b.rs    ││日… │",
                "│60                    ││25      ││10  │",
                "│                      ││        ││    │",
                "│                      ││        │└────┘",
                "│                      ││        │┌────┐",
                "│                      ││        ││e   │",
                "└──────────────────────┘└────────┘└────┘",
            ]
        );
    }

    #[test]
    fn fields_fill_the_whole_and_do_not_overlap() {
        let sizes: Vec<f64> = (1..40).rev().map(f64::from).collect();
        let fields = squarify(&sizes, 80.0, 40.0);
        let area: f64 = fields.iter().map(|it| it.wide * it.high).sum();
        assert!((area - 3_200.0).abs() < 1e-6, "{area}");
        for (i, a) in fields.iter().enumerate() {
            for b in &fields[i + 1..] {
                let apart = |x: f64, wide: f64, y: f64, other: f64| {
                    x + wide <= y + 1e-6 || y + other <= x + 1e-6
                };
                assert!(apart(a.x, a.wide, b.x, b.wide) || apart(a.y, a.high, b.y, b.high));
            }
        }
    }

    #[test]
    fn odd_sizes_draw_something_or_nothing() {
        assert_eq!(draw(&[], (40, 8), Style::PLAIN), "");
        assert_eq!(draw(&[("a", 0)], (40, 8), Style::PLAIN), "");
        let many: Vec<(&str, usize)> = (0..500).map(|n| ("x\u{1b}[2J", 1_000 - n)).collect();
        for size in [(1, 1), (4, 3), (39, 3), (119, 18)] {
            let map = draw(&many, size, Style::PLAIN);
            assert!(!map.contains('\u{1b}'));
            assert!(map.lines().count() == size.1 || map.is_empty());
        }
    }
}
