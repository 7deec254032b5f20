//! Commits laid out: what is known, with what is new.

use super::super::history::MAX_FILES;
use super::super::memo::Message;
use super::paths::Names;
use super::{
    BLOBS, Blobs, Commits, Ends, HEAD_BYTES, Id, MAX_KEPT, N_COLUMNS, New, Of, PATHS, ROWS, Row,
    RowIdx, STANDS, TERMS, TOUCHES, Term, WALK, WIDTHS, raw,
};

/// Commits in bytes: those of `walk`, and of the other `known` ones as many as fit. Those with the lowest ids: any will do, if it is the
/// same everywhere. All counts fit 32 bits by what is read of trees and messages at most.
pub(super) fn laid_out(
    known: &Commits,
    new: &[New],
    walk: &[Of],
    whole: Option<(gix::ObjectId, i64)>,
) -> Commits {
    let mut all: Vec<(Id, Of)> = Vec::with_capacity(walk.len());
    let mut is_walked = vec![false; known.n_rows()];
    for &of in walk {
        match of {
            Of::Known(row) => is_walked[row as usize] = true,
            Of::New(at) => all.push((raw(&new[at].id), of)),
        }
    }
    let mut n_others = MAX_KEPT.saturating_sub(walk.len());
    for (row, at) in known.rows().zip(0..) {
        let is_walked = is_walked[at as usize];
        if is_walked || n_others > 0 {
            all.push((row.id, Of::Known(at)));
            n_others -= usize::from(!is_walked);
        }
    }
    all.sort_unstable_by_key(|(id, _)| *id);

    let (mut text, mut ends) = (Vec::new(), vec![0]);
    let mut paths = known.all_paths();
    while let Some(path) = paths.next() {
        text.extend_from_slice(path);
        ends.push(text.len());
    }
    let mut names = Names::default();
    let mut numbers: Vec<u32> = Vec::new();
    let mut number_of: Vec<Option<u32>> = vec![None; ends.len()];
    for (_, of) in &all {
        match *of {
            Of::Known(row) => numbers.extend(known.paths(row).map(|path| {
                let path = path as usize;
                *number_of[path]
                    .get_or_insert_with(|| names.number(&text[ends[path]..ends[path + 1]]))
            })),
            Of::New(at) => {
                let files = new[at].files().iter();
                numbers.extend(files.map(|file| names.number(&file.path)));
            }
        }
    }
    let (paths, ranks) = names.column();

    let mut columns: [Vec<u8>; N_COLUMNS] = Default::default();
    columns[PATHS] = paths;
    let mut numbers = numbers.into_iter();
    let mut ends = Ends::default();
    let mut terms: Vec<(u64, RowIdx)> = Vec::new();
    let (mut known_at, mut new_at) = (vec![None; known.n_rows()], vec![None; new.len()]);
    for ((id, of), at) in all.iter().zip(0_u32..) {
        let (row, blobs): (Option<Row>, Vec<Option<Blobs>>) = match *of {
            Of::Known(row) => {
                known_at[row as usize] = Some(at);
                let blobs = known.touches(row).map(|(_, blobs)| blobs);
                (known.row(row), blobs.collect())
            }
            Of::New(idx) => {
                new_at[idx] = Some(at);
                let new = &new[idx];
                let Message { subject, words } = &new.touched.message;
                terms.extend(words.keys.iter().map(|key| (*key, at)));
                let files = new.files();
                let is_of_use = files.len() <= MAX_FILES;
                let blobs = files.iter().map(|file| {
                    let (old, new) = file.blobs.filter(|_| is_of_use)?;
                    let mut blobs = [0; 40];
                    blobs[..20].copy_from_slice(&raw(&old));
                    blobs[20..].copy_from_slice(&raw(&new));
                    Some(blobs)
                });
                let row = Row {
                    id: *id,
                    time: new.time,
                    n_read: new.n_read,
                    n_words: words.n_words,
                    has_subject: subject.is_some(),
                    ends,
                };
                (Some(row), blobs.collect())
            }
        };
        let touches = blobs.into_iter().zip(numbers.by_ref());
        let touches = touches.map(|(blobs, number)| (ranks[number as usize], blobs));
        let mut touches: Vec<(u32, Option<Blobs>)> = touches.collect();
        touches.sort_by_key(|(path, _)| *path);
        for (path, blobs) in touches {
            let touch = path << 1 | u32::from(blobs.is_some());
            columns[TOUCHES].extend(touch.to_le_bytes());
            columns[BLOBS].extend(blobs.into_iter().flatten());
        }
        ends = Ends {
            touches: (columns[TOUCHES].len() / 4) as u32,
            blobs: (columns[BLOBS].len() / 40) as u32,
        };
        let row = row.map(|row| Row { ends, ..row });
        row.into_iter().for_each(|row| row.put(&mut columns[ROWS]));
    }
    terms.sort_unstable();
    let mut from = 0;
    for term in known.all_terms() {
        let stands = known.stands(from, term.end);
        let stands = stands.filter_map(|row| known_at[row as usize]);
        terms.extend(stands.map(|at| (term.key, at)));
        from = term.end;
    }
    terms.sort(); // two runs that are sorted: they are merged
    for said in terms.chunk_by(|(a, _), (b, _)| a == b) {
        let stands = said.iter().flat_map(|(_, at)| (*at as u16).to_le_bytes());
        columns[STANDS].extend(stands);
        let term = said.first().map(|(key, _)| Term {
            key: *key,
            end: (columns[STANDS].len() / 2) as u32,
        });
        term.into_iter()
            .for_each(|term| term.put(&mut columns[TERMS]));
    }
    for of in walk {
        let at = match *of {
            Of::Known(row) => known_at[row as usize],
            Of::New(idx) => new_at[idx],
        };
        let at = at.map(RowIdx::to_le_bytes);
        columns[WALK].extend(at.into_iter().flatten());
    }
    joined(&columns, ranks.len() as u32, whole)
}

fn joined(
    columns: &[Vec<u8>; N_COLUMNS],
    n_paths: u32,
    whole: Option<(gix::ObjectId, i64)>,
) -> Commits {
    let whole = whole.map(|(id, time)| (raw(&id), time));
    let (id, time) = whole.unwrap_or_default();
    let n_bytes = columns.iter().map(Vec::len).sum::<usize>();
    let mut bytes = Vec::with_capacity(HEAD_BYTES + n_bytes);
    bytes.extend(id);
    bytes.extend(time.to_le_bytes());
    bytes.push(u8::from(whole.is_some()));
    bytes.extend(n_paths.to_le_bytes());
    for (column, width) in columns.iter().zip(WIDTHS) {
        bytes.extend(((column.len() / width) as u32).to_le_bytes());
    }
    let ranges = columns.each_ref().map(|column| {
        let begin = bytes.len();
        bytes.extend_from_slice(column);
        begin..bytes.len()
    });
    Commits {
        bytes,
        whole,
        n_paths,
        columns: ranges,
    }
}
