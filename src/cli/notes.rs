//! `ctxpack notes`: what is written down for this repository, atom by atom.

use crate::cli::args::TalkArgs;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::memory::MemoryArgs;
use crate::cli::memory::{
    self, NOTES, age, columns, day, first_line, json_warnings, rfc3339, shown,
};
use crate::cli::output::{self, Target};
use crate::cli::style::{Style, fit, fit_path, left, plain, right, width};
use crate::cli::suggest;
use clap::{Args, Subcommand};
use ctxpack::source::notes::{Atom, Class, DateSource};
use serde_json::{Value, json};

/// List and show what is written down for this repository.
///
/// Without more, lists every atom of every note: where it stands, how old it is and how that is known, what kind of knowledge it
/// is, and whether it still holds. Probable secrets are redacted.
#[derive(Debug, Args)]
#[command(after_help = NOTES_EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct NotesArgs {
    #[command(subcommand)]
    pub what: Option<NotesCommand>,
    #[command(flatten)]
    pub list: ListNotesArgs,
}

/// What to do with notes.
#[derive(Debug, Subcommand)]
pub enum NotesCommand {
    /// List every atom of every note (the default).
    #[command(after_help = NOTES_EXAMPLES)]
    List(ListNotesArgs),
    /// Show the atoms of one note, or the one at a line, word for word.
    #[command(after_help = NOTES_EXAMPLES)]
    Show(ShowNotesArgs),
}

/// Options of `ctxpack notes list`.
#[derive(Debug, Args)]
pub struct ListNotesArgs {
    /// Only this class: principle, decision, preference, gotcha, fact, status or handoff. Repeatable.
    #[arg(
        long,
        value_name = "CLASS",
        value_delimiter = ',',
        help_heading = "What of"
    )]
    pub class: Vec<String>,

    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, one object an atom, with its text.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

/// Options of `ctxpack notes show`.
#[derive(Debug, Args)]
pub struct ShowNotesArgs {
    /// The path of a note, or its end; `:LINE` behind it picks one atom.
    #[arg(value_name = "PATH[:LINE]")]
    pub place: String,

    #[command(flatten)]
    pub memory: MemoryArgs,

    /// Print JSON: schema 1, one object an atom, with its text.
    #[arg(long, help_heading = "Where to")]
    pub json: bool,

    #[command(flatten)]
    pub talk: TalkArgs,
}

const NOTES_EXAMPLES: &str = "\
Examples:
  ctxpack notes                          everything that is written down here
  ctxpack notes --class decision,gotcha
  ctxpack notes show NOTES.md:12         one atom, word for word
  ctxpack notes --json | jq '.notes[] | select(.state == \"superseded\")'";

/// Runs `ctxpack notes`.
///
/// # Errors
/// As [`memory::read`]; an unknown class; a place at which no note stands.
pub fn run(args: &NotesArgs) -> Outcome<()> {
    match &args.what {
        None => list(&args.list),
        Some(NotesCommand::List(args)) => list(args),
        Some(NotesCommand::Show(args)) => show(args),
    }
}

/// The class called `name`.
///
/// # Errors
/// An unknown name.
pub fn class(name: &str) -> Outcome<Class> {
    let name = name.trim().to_lowercase();
    let known = || Class::ALL.iter().map(|class| class.word());
    Class::ALL
        .into_iter()
        .find(|class| class.word() == name || format!("{}s", class.word()) == name)
        .ok_or_else(|| {
            let words: Vec<&str> = known().collect();
            let failure = Failure::new(format!("--class {name}: no such class"));
            match suggest::nearest(&name, known()) {
                Some(near) => failure.hint(format!("did you mean --class {near}?")),
                None => failure,
            }
            .hint(format!("one of {}", words.join(", ")))
        })
}

fn source_word(source: DateSource) -> &'static str {
    match source {
        DateSource::Record => "record",
        DateSource::Heading => "heading",
        DateSource::Git => "git",
        DateSource::Mtime => "file",
    }
}

fn list(args: &ListNotesArgs) -> Outcome<()> {
    let classes: Vec<Class> = args
        .class
        .iter()
        .map(|name| class(name))
        .collect::<Outcome<_>>()?;
    let memory = memory::read(&args.memory, &args.talk, NOTES)?;
    let is_asked = |atom: &&Atom| classes.is_empty() || classes.contains(&atom.class);
    let atoms: Vec<&Atom> = memory.remembered.atoms.iter().filter(is_asked).collect();
    let text = if args.json {
        let notes: Vec<Value> = atoms.iter().map(|atom| object(atom)).collect();
        let whole =
            json!({"schema": 1, "notes": notes, "warnings": json_warnings(&memory.warnings)});
        format!("{whole:#}\n")
    } else if atoms.is_empty() {
        let none = if classes.is_empty() {
            "Nothing is written down here. ctxpack remember '...' begins."
        } else {
            "Nothing of that class is written down here."
        };
        format!("{none}\n")
    } else {
        table(
            &atoms,
            memory.now,
            columns(),
            Style::stdout(args.talk.color),
        )
    };
    output::write(&Target::Stdout, &text)
}

/// An atom for programs.
pub fn object(atom: &Atom) -> Value {
    json!({
        "path": atom.path,
        "lines": [atom.lines.0, atom.lines.1],
        "heading": atom.heading.iter().map(|line| shown(line)).collect::<Vec<_>>(),
        "class": atom.class.word(),
        "date": atom.date.map_or(Value::Null, |(at, _)| rfc3339(at)),
        "date_source": atom.date.map(|(_, source)| source_word(source)),
        "state": if atom.state().is_empty() { "unverifiable" } else { atom.state() },
        "superseded": atom.superseded,
        "done": atom.done,
        "anchored": atom.anchored.word(),
        "status": atom.status,
        "anchors": atom.anchors,
        "applies_to": atom.applies_to,
        "text": shown(&atom.text),
    })
}

fn table(atoms: &[&Atom], now: i64, columns: usize, style: Style) -> String {
    let rows: Vec<[String; 6]> = atoms
        .iter()
        .map(|atom| {
            [
                plain(&format!("{}:{}", atom.path, atom.lines.0)),
                age(atom.date.map_or(0, |(at, _)| at), now),
                atom.date
                    .map_or("-", |(_, source)| source_word(source))
                    .to_owned(),
                atom.class.word().to_owned(),
                atom.state().to_owned(),
                plain(&shown(first_line(&atom.text))),
            ]
        })
        .collect();
    let heads = ["where", "age", "from", "class", "state", "says"];
    let widest = |i: usize| {
        let cells = rows.iter().map(|row| width(&row[i]));
        cells.max().unwrap_or(0).max(heads[i].len())
    };
    let mut widths: [usize; 6] = std::array::from_fn(widest);
    if rows.iter().all(|row| row[4].is_empty()) {
        widths[4] = 0; // nothing can be told of any: no column for it
    }
    let small: usize = widths[1..5].iter().map(|n| n + 2).sum();
    let rest = columns.saturating_sub(small + 2);
    widths[0] = widths[0].min((rest / 2).max(12));
    widths[5] = widths[5].min(rest.saturating_sub(widths[0]).max(8));
    let line = |cells: [&str; 6]| {
        let mut parts = vec![left(&fit_path(cells[0], widths[0]), widths[0])];
        parts.push(right(cells[1], widths[1]));
        for i in (2..5).filter(|i| widths[*i] > 0) {
            parts.push(left(cells[i], widths[i]));
        }
        parts.push(fit(cells[5], widths[5]));
        fit(parts.join("  ").trim_end(), columns)
    };
    let mut out = format!("{}\n", style.dim(&line(heads)));
    for row in &rows {
        let cells: [&str; 6] = std::array::from_fn(|i| row[i].as_str());
        let text = line(cells);
        let holds = matches!(row[4].as_str(), "" | "fresh");
        out.push_str(&format!(
            "{}\n",
            if holds { text } else { style.dim(&text) }
        ));
    }
    out
}

fn show(args: &ShowNotesArgs) -> Outcome<()> {
    let memory = memory::read(&args.memory, &args.talk, NOTES)?;
    let atoms = find(&memory.remembered.atoms, args.place.trim())?;
    let text = if args.json {
        let notes: Vec<Value> = atoms.iter().map(|atom| object(atom)).collect();
        format!("{:#}\n", json!({"schema": 1, "notes": notes}))
    } else {
        let style = Style::stdout(args.talk.color);
        let mut text = String::new();
        for atom in atoms {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&one(atom, style));
        }
        text
    };
    output::write(&Target::Stdout, &text)
}

/// One atom, word for word, below a line that says what it is.
pub fn one(atom: &Atom, style: Style) -> String {
    let mut about = vec![atom.class.word().to_owned()];
    if let Some((at, source)) = atom.date {
        about.push(format!("{} by {}", day(at), source_word(source)));
    }
    if !atom.state().is_empty() {
        about.push(atom.state().to_owned());
    }
    if let Some(heading) = atom.heading.last() {
        about.push(format!("under \"{}\"", plain(&shown(heading))));
    }
    let place = style.bold(&plain(&format!("{}:{}", atom.path, atom.lines.0)));
    let about = style.dim(&about.join(", "));
    format!("{place}  {about}\n{}\n", shown(&atom.text).trim_end())
}

/// The atoms at a place: those of one note, or the one at a line of it.
fn find<'a>(atoms: &'a [Atom], typed: &str) -> Outcome<Vec<&'a Atom>> {
    let mut paths: Vec<&str> = atoms.iter().map(|atom| atom.path.as_str()).collect();
    paths.dedup();
    let lists = "ctxpack notes lists every note and its lines";
    let line = typed.rsplit_once(':').and_then(|(path, line)| {
        let line = line.parse::<u32>().ok()?;
        (!paths.contains(&typed)).then_some((path, line))
    });
    let (wanted, line) = line.map_or((typed, None), |(path, line)| (path, Some(line)));
    let wanted = wanted.strip_prefix("./").unwrap_or(wanted);
    let ends = |path: &&&str| {
        let rest = path.strip_suffix(wanted);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    let exact: Vec<&str> = paths
        .iter()
        .filter(|path| **path == wanted)
        .copied()
        .collect();
    let found = if exact.is_empty() && !wanted.is_empty() {
        paths.iter().filter(ends).copied().collect()
    } else {
        exact
    };
    let path = match found[..] {
        [path] => path,
        [] => {
            let mut failure = Failure::new(format!("no note `{wanted}` here"));
            let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
            let names: Vec<String> = paths.iter().map(|path| name(path)).collect();
            let near = suggest::nearest(&name(wanted), names.iter().map(String::as_str));
            let near = paths
                .iter()
                .zip(&names)
                .filter(|(_, name)| Some(name.as_str()) == near);
            for (path, _) in near.take(3) {
                failure = failure.hint(format!("did you mean {path}?"));
            }
            return Err(failure.hint(lists));
        }
        _ => {
            let mut failure = Failure::new(format!("`{wanted}` is the end of several paths"));
            for path in found.iter().take(5) {
                failure = failure.hint((*path).to_owned());
            }
            return Err(failure);
        }
    };
    let of_note: Vec<&Atom> = atoms.iter().filter(|atom| atom.path == path).collect();
    let Some(line) = line else {
        return Ok(of_note);
    };
    let holds = |atom: &&&Atom| (atom.lines.0..=atom.lines.1).contains(&line);
    match of_note.iter().find(holds) {
        Some(atom) => Ok(vec![atom]),
        None => {
            let distance =
                |atom: &&&Atom| atom.lines.0.abs_diff(line).min(atom.lines.1.abs_diff(line));
            let near = of_note.iter().min_by_key(distance);
            let failure = Failure::new(format!("no atom at line {line} of {path}"));
            Err(match near {
                Some(atom) => failure.hint(format!("the nearest is {path}:{}", atom.lines.0)),
                None => failure,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ctxpack::source::notes::atoms;

    #[test]
    fn a_table_fits_the_window() {
        let text = format!("- 2026-08-20 {}\n- [x] done\n", "many words ".repeat(20));
        let all = atoms("docs/a/very/long/folder/of/folders/CLAUDE.md", &text, None);
        let all: Vec<&Atom> = all.iter().collect();
        for columns in [60, 79, 120] {
            let table = table(&all, 1_800_000_000, columns, Style::PLAIN);
            let widest = table.lines().map(width).max().unwrap();
            assert!(
                widest <= columns && table.contains("CLAUDE.md:1"),
                "{widest} of {columns}:\n{table}"
            );
        }
    }

    #[test]
    fn classes_are_known_by_name() {
        assert_eq!(class("Decisions"), Ok(Class::Decision));
        assert!(class("").is_err());
    }
}
