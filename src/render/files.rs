//! The menu of a file: nested excerpts from its best piece to all of it, its outline, a mention.
//!
//! Excerpts are nested because pieces are taken by density: the frontier of all subsets of pieces is, up to rounding, the
//! sequence of the best ones. That keeps a menu to some twenty options where subsets would be millions.

use super::lines::{Lines, n_gaps, union};
use super::sizes::Sizes;
use super::{Measure, Rendering, Renderings, Subject};
use crate::language::Definition;
use crate::request::RenderingName;
use crate::score::Survey;
use crate::score::{Opened, Piece};
use rustc_hash::FxHashMap;
use std::cell::LazyCell;

/// Weights by which probabilities become value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// Share of the joint probability of pieces; the rest goes through the file.
    pub joint: f64,
    /// Exponent that flattens P(file): files of middling rank are worth more than their probability says, because a task
    /// mostly touches several.
    pub flatten: f64,
    /// Share of a file's probability that is spread evenly over its lines.
    pub even: f64,
    /// Bonus for the first piece of a file, times its flattened probability.
    pub first: f64,
    /// Value of an outline, as a share of what its pieces are worth.
    pub outline: f64,
    /// Value of a mention, as a share of the bonus.
    pub mention: f64,
    /// What a near copy of a likelier file is worth, as a share of what it would be worth alone.
    pub copy: f64,
}

impl Default for Worth {
    fn default() -> Self {
        Self {
            joint: 0.5,
            flatten: 0.55,
            even: 0.25,
            first: 0.15,
            outline: 0.15,
            mention: 0.1,
            copy: 0.1,
        }
    }
}

/// Most excerpts in one menu.
const MAX_EXCERPTS: usize = 48;

/// Makes the menus of the shortlist.
pub fn menus(survey: &Survey, worth: &Worth, measure: &Measure<'_>) -> Vec<Renderings> {
    let flat: Vec<f64> = survey
        .opened
        .iter()
        .map(|opened| survey.ranked.p[opened.file_idx].powf(worth.flatten))
        .collect();
    let flat_sum: f64 = flat.iter().sum::<f64>().max(1e-12);
    let path = |idx: usize| survey.files[survey.opened[idx].file_idx].path.as_ref();
    let menu = |idx: usize| {
        let original = survey.copies[idx];
        let mut menu = menu(
            idx,
            &survey.opened[idx],
            &survey.pieces.by_file[idx],
            flat[idx] / flat_sum,
            survey.files[survey.opened[idx].file_idx].pinned,
            path(idx),
            original.map(path),
            worth,
            survey.tokenizer,
            measure,
        );
        if original.is_some() {
            for option in &mut menu.options {
                option.value *= worth.copy;
            }
        }
        menu
    };
    use rayon::prelude::*;
    // one by one: some take a hundred times as long as others
    let all = (0..survey.opened.len()).into_par_iter().with_max_len(1);
    all.map(menu).collect()
}

#[allow(clippy::too_many_arguments)] // one call, right above
fn menu(
    opened_idx: usize,
    file: &Opened,
    pieces: &[Piece],
    p_file: f64,
    pinned: bool,
    path: &str,
    original: Option<&str>,
    worth: &Worth,
    tokenizer: &str,
    measure: &Measure<'_>,
) -> Renderings {
    let lines = Lines::new(&file.text);
    let sizes = &Sizes::new(file, &lines, tokenizer, measure);
    let n_lines = lines.len();
    let frame = measure.frame(path);
    let subject = Subject::File(opened_idx);
    let costs: Vec<usize> = pieces.iter().map(|piece| sizes.of(piece.lines)).collect();
    let full_cost = frame + costs.iter().sum::<usize>();
    let total_lines = f64::from(n_lines.max(1));
    let value_of = |piece: &Piece| {
        let even = f64::from(piece.lines.1 - piece.lines.0 + 1) / total_lines;
        worth.joint * piece.p
            + (1.0 - worth.joint) * p_file * ((1.0 - worth.even) * piece.share + worth.even * even)
            + 1e-7 * even
    };
    let bonus = worth.first * p_file;
    let total: f64 = pieces.iter().map(value_of).sum();
    let full = Rendering {
        name: RenderingName::Full,
        lines: if n_lines > 0 {
            vec![(1, n_lines)]
        } else {
            vec![]
        },
        text: None,
        cost: full_cost,
        value: total + bonus,
    };
    if pinned {
        return Renderings {
            subject,
            options: vec![full],
            pinned: true,
        };
    }
    let about = mention(file, pieces, n_lines, original);
    let mut options = vec![Rendering {
        name: RenderingName::Mention,
        lines: vec![],
        cost: frame + measure.text(&about),
        text: Some(about),
        value: bonus * worth.mention,
    }];
    if pieces.len() > 1 {
        options.extend(outline(
            file,
            &lines,
            sizes,
            frame,
            total * worth.outline + bonus,
        ));
        let values: Vec<f64> = pieces.iter().map(value_of).collect();
        let parts = Parts {
            file,
            lines: &lines,
            sizes,
            pieces,
            costs: &costs,
            values: &values,
        };
        options.extend(excerpts(&parts, frame, bonus, measure.limit()));
    }
    options.push(full);
    Renderings {
        subject,
        options,
        pinned: false,
    }
}

/// One line about a file: its length, what it is a copy of, or the definitions that match best.
fn mention(file: &Opened, pieces: &[Piece], n_lines: u32, original: Option<&str>) -> String {
    let mut best: Vec<&Piece> = pieces.iter().collect();
    best.sort_by(|a, b| b.p.total_cmp(&a.p).then(a.lines.cmp(&b.lines)));
    let around = |piece: &&Piece| {
        let inside = |definition: &&Definition| {
            definition.lines.0 <= piece.lines.0 && piece.lines.1 <= definition.lines.1
        };
        file.outline
            .definitions
            .iter()
            .rfind(inside)
            .map(|definition| definition.name.as_str())
    };
    let mut names: Vec<&str> = Vec::new();
    for name in best.iter().take(6).filter_map(around) {
        if !names.contains(&name) && names.len() < 3 {
            names.push(name);
        }
    }
    let plural = if n_lines == 1 { "" } else { "s" };
    if let Some(original) = original {
        format!("{n_lines} line{plural}; a near copy of {original}\n")
    } else if names.is_empty() {
        format!("{n_lines} line{plural}\n")
    } else {
        format!("{n_lines} line{plural}; defines {}\n", names.join(", "))
    }
}

fn outline(
    file: &Opened,
    lines: &Lines<'_>,
    sizes: &Sizes,
    frame: usize,
    value: f64,
) -> Option<Rendering> {
    let signatures = file.outline.definitions.iter().map(|definition| {
        (
            definition.signature.0,
            definition.signature.1.min(definition.signature.0 + 3),
        )
    });
    let shown = union(
        signatures
            .filter(|&(first, last)| first >= 1 && last <= lines.len())
            .collect(),
    );
    if shown.is_empty() {
        return None;
    }
    let cost = frame + sizes.of_all(&shown);
    Some(Rendering {
        name: RenderingName::Outline,
        lines: shown,
        text: None,
        cost,
        value,
    })
}

/// The pieces of a file with what each takes and gives.
struct Parts<'a> {
    file: &'a Opened,
    lines: &'a Lines<'a>,
    sizes: &'a Sizes,
    pieces: &'a [Piece],
    costs: &'a [usize],
    values: &'a [f64],
}

fn excerpts(parts: &Parts<'_>, frame: usize, bonus: f64, limit: usize) -> Vec<Rendering> {
    let Parts {
        file,
        lines,
        sizes,
        pieces,
        costs,
        values,
    } = *parts;
    let gap_cost = sizes.gap;
    let density: Vec<f64> = costs
        .iter()
        .zip(values)
        .map(|(&cost, value)| value / (cost as f64 + 15.0))
        .collect();
    let order = crate::score::statistics::ranking(&density);
    // what is past the budget cannot be chosen: steps are spent on what can, so that even a huge file fills it
    let mut size = 0;
    let affordable = order.iter().take_while(|idx| {
        size += costs[**idx];
        size <= limit
    });
    let n_pieces = affordable.count().min(order.len() - 1);
    let companions = LazyCell::new(|| Companions::new(file, lines));
    // many small pieces are taken several at a time, so that the menu stays short
    let n_steps = MAX_EXCERPTS.min(n_pieces);
    let mut options = Vec::with_capacity(n_steps);
    let mut shown = Shown::new(lines.len());
    let mut value = bonus;
    let mut text = 0;
    let mut taken = 0;
    for step in 1..=n_steps {
        let until = stride(step, n_steps, n_pieces);
        for &idx in &order[taken..until] {
            // costs are summed, not counted on the joined text: what the sum is off by, the exact count at the end closes
            text += costs[idx];
            for header in headers(file, pieces[idx].lines, lines.len()) {
                if !shown.holds(header) {
                    text += sizes.of(header);
                    shown.add(header);
                }
            }
            shown.add(pieces[idx].lines);
            let is_read = pieces[idx].p >= WORTH_READING;
            let mut allowance = if is_read { costs[idx] / CHEAP } else { 0 };
            // most pieces may have none, and are not asked which they would take
            let may_have = (allowance >= gap_cost).then(|| companions.of(pieces[idx].lines));
            for range in may_have.into_iter().flatten() {
                let cost = sizes.of(range) + gap_cost;
                if cost <= allowance && !shown.holds(range) {
                    allowance -= cost;
                    text += cost;
                    shown.add(range);
                }
            }
            value += values[idx];
        }
        if until == taken {
            continue;
        }
        taken = until;
        shown.ranges = union(shown.ranges);
        let ranges = &shown.ranges;
        let n_gaps = n_gaps(ranges);
        options.push(Rendering {
            name: RenderingName::Excerpt,
            lines: ranges.clone(),
            text: None,
            cost: frame + text + n_gaps * gap_cost,
            value,
        });
    }
    options
}

/// Lines that are shown: as ranges, and each for itself, so that asking for some costs what those are and not what all are.
struct Shown {
    ranges: Vec<(u32, u32)>,
    by_line: Vec<bool>,
}

impl Shown {
    fn new(n_lines: u32) -> Self {
        Self {
            ranges: Vec::new(),
            by_line: vec![false; n_lines as usize + 1],
        }
    }

    fn add(&mut self, range: (u32, u32)) {
        let last = (range.1 as usize).min(self.by_line.len() - 1);
        if let Some(lines) = self.by_line.get_mut(range.0 as usize..=last) {
            lines.fill(true);
        }
        self.ranges.push(range);
    }

    fn holds(&self, (first, last): (u32, u32)) -> bool {
        let lines = self.by_line.get(first as usize..=last as usize);
        lines.is_some_and(|lines| lines.iter().all(|shown| *shown))
    }
}

/// The definitions around `first..=last`, innermost first, with their indexes. They begin in the order in which they stand, so that
/// the last one that begins before, and what it lies in, are all that can be.
fn around(
    definitions: &[Definition],
    (first, last): (u32, u32),
) -> impl Iterator<Item = (usize, &Definition)> {
    let before = definitions.partition_point(|definition| definition.lines.0 <= first);
    let outward = move |&idx: &usize| definitions[idx].parent.filter(|&parent| parent < idx);
    std::iter::successors(before.checked_sub(1), outward)
        .map(|idx| (idx, &definitions[idx]))
        .filter(move |(_, definition)| definition.lines.0 <= first && last <= definition.lines.1)
}

/// Types of one name that are looked at: a class in C++ or Ruby is often opened more than once.
const MAX_NAMESAKES: usize = 16;

/// Steps that grow: 1, 2, 3, ... then larger, up to `n` at the last.
fn stride(step: usize, n_steps: usize, n: usize) -> usize {
    let share = step as f64 / n_steps as f64;
    (step + (share.powi(3) * (n - n_steps) as f64).round() as usize).min(n)
}

/// What a piece is read with may cost this part of the piece.
const CHEAP: usize = 8;

/// Only a piece that is as probable as this is read closely enough to need it.
const WORTH_READING: f64 = 0.03;

/// Longest run of lines that comes along with a piece.
const MAX_COMPANION: u32 = 12;

/// What a piece cannot be read without, where it stands in the same file: the fields of the type that its method belongs to, and
/// the imports of the names that it uses.
struct Companions<'a> {
    file: &'a Opened,
    /// Import lines with the words on them.
    imports: Vec<(u32, Vec<&'a str>)>,
    /// Indexes of the types of each name.
    types: FxHashMap<&'a str, Vec<usize>>,
}

impl<'a> Companions<'a> {
    fn new(file: &'a Opened, lines: &Lines<'a>) -> Self {
        let imports = file.outline.imports.iter();
        let import_lines = imports
            .flat_map(|&(first, last)| first..=last.min(lines.len()))
            .take(MAX_IMPORT_LINES);
        let words = |line: u32| {
            let words = lines
                .slice(line, line)
                .split(|c: char| !c.is_alphanumeric() && c != '_');
            (line, words.filter(|word| word.len() > 1).collect())
        };
        let mut types: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
        for (idx, definition) in file.outline.definitions.iter().enumerate() {
            if definition.kind.has_methods() {
                types.entry(&definition.name).or_default().push(idx);
            }
        }
        Self {
            file,
            imports: import_lines.map(words).collect(),
            types,
        }
    }

    /// Lines that come along with `first..=last`: fields first, then imports, by line.
    fn of(&self, (first, last): (u32, u32)) -> Vec<(u32, u32)> {
        let outline = &self.file.outline;
        let definitions = &outline.definitions;
        let mut found = Vec::new();
        let owner = around(definitions, (first, last))
            .find(|(_, d)| d.signature.0 < first && d.kind.has_methods());
        if let Some((_, owner)) = owner {
            let types = self
                .types
                .get(owner.name.as_str())
                .map_or(&[][..], Vec::as_slice);
            for &idx in types.iter().take(MAX_NAMESAKES) {
                let definition = &definitions[idx];
                // what lies in a definition follows it
                let child = definitions.get(idx + 1).filter(|d| d.parent == Some(idx));
                let child = child.map_or(definition.lines.1, |child| child.lines.0 - 1);
                let fields = (definition.signature.0, child.max(definition.signature.1));
                if fields.1 < fields.0 + MAX_COMPANION && (fields.1 < first || last < fields.0) {
                    found.push(fields);
                }
            }
        }
        let from = outline.references.partition_point(|r| r.line < first);
        let inside = || {
            outline.references[from..]
                .iter()
                .take_while(|r| r.line <= last)
        };
        let outside = self
            .imports
            .iter()
            .filter(|(line, _)| *line < first || last < *line);
        for (line, words) in outside {
            if inside().any(|reference| words.contains(&reference.name.as_str())) {
                found.push((*line, *line));
            }
        }
        found
    }
}

/// Lines of imports that are looked at.
const MAX_IMPORT_LINES: usize = 100;

/// Signatures of the definitions around lines that are shown, so that a method is read with its class.
fn headers(file: &Opened, (first, last): (u32, u32), n_lines: u32) -> Vec<(u32, u32)> {
    let mut headers: Vec<(u32, u32)> = around(&file.outline.definitions, (first, last))
        .filter(|(_, definition)| definition.signature.0 < first)
        .map(|(_, definition)| {
            let (from, to) = definition.signature;
            (from, to.min(from + 2).min(n_lines))
        })
        .filter(|&(a, b)| a >= 1 && a <= b)
        .collect();
    headers.reverse(); // outermost first, as they stand
    headers
}
