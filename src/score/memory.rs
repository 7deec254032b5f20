//! Notes and sessions against the task, by the same words as files, with recency and durability beside them.
//!
//! Every atom of a note is a document. Its match is the share of the task's weight that it covers, so that it means the same for a
//! long task and a short one, and in a repository with ten notes or ten thousand. What was said in sessions competes for
//! one answer ([`super::turns`]); how much of it is needed at all is told by the best match.

use super::commits::decay;
use super::links::{self, Likely};
use super::said::Said;
use super::turns::{self, Document, Passage};
use crate::lexicon::Query;
use crate::source::notes::{self, Anchored, Atom, Class, conflict};
use crate::source::sessions::Session;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// An atom, scored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredAtom {
    /// P(needed), in `[0, 1]`.
    pub p: f64,
    /// Share of the task's weight that it covers, in `[0, 1]`.
    pub cover: f64,
    /// In `[0, 1]`; 1 for knowledge that does not age.
    pub recency: f64,
    /// How strongly it is tied to likely code, in `[0, 1]`.
    pub link: f64,
    /// Whether it is the handoff to go on from.
    pub is_next: bool,
    /// That another atom, newer or before it, says the same.
    pub repeats: Option<conflict::Duplicate>,
    /// In how many places it is said.
    pub n_sources: usize,
    /// Index of an atom that it took the place of, where it is needed for that.
    pub succeeds: Option<usize>,
    /// Index of an atom that says the opposite.
    pub conflict: Option<usize>,
}

/// A session, scored.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredSession {
    /// P(its digest is needed), in `[0, 1]`.
    pub p: f64,
    /// What was said, in order, each with its P(needed).
    pub passages: Vec<Passage>,
    /// The best passage's cover.
    pub cover: f64,
    /// In `[0, 1]`.
    pub recency: f64,
    /// How surely the task means this session by its time, in `[0, 1]`.
    pub meant: f64,
    /// Whether it edited a file that ranks high.
    pub touched: bool,
}

/// Both, scored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    /// One per atom.
    pub atoms: Vec<ScoredAtom>,
    /// One per session.
    pub sessions: Vec<ScoredSession>,
}

/// What memory is scored against, besides the task's words.
#[derive(Debug, Clone, Default)]
pub struct Around<'a> {
    /// How surely the task means each session by its time ([`super::when::meant`]); none where there are no sessions.
    pub meant: &'a [f64],
    /// Code that is likely to change.
    pub likely: Likely<'a>,
    /// The branch checked out, or empty.
    pub branch: &'a str,
    /// Unix seconds.
    pub now: i64,
}

/// Atoms that are looked at on one core at least.
const MIN_ATOMS: usize = 64;

/// Scores atoms and sessions.
pub fn score(
    query: &Query,
    said: &Said,
    atoms: &[Atom],
    pairs: &conflict::Pairs,
    sessions: &[Session],
    around: &Around<'_>,
) -> Memory {
    let Around {
        meant,
        likely,
        branch,
        now,
    } = around;
    let now = *now;
    let signals: Vec<Signals> = atoms
        .par_iter()
        .zip(&said.atoms)
        .with_min_len(MIN_ATOMS)
        .map(|(atom, document)| Signals {
            class: atom.class,
            cover: said.cover(query, document),
            recency: recency_of_atom(atom, now),
            link: links::strength(atom, likely),
        })
        .collect();
    let atoms_at_once = atoms.par_iter().with_min_len(MIN_ATOMS);
    let scopes: Vec<f64> = atoms_at_once
        .map(|atom| links::scope(atom, likely))
        .collect();
    let in_scope = |p: Vec<f64>| -> Vec<f64> {
        let p = p.into_iter().zip(&scopes);
        p.map(|(p, scope)| p * scope).collect()
    };
    let p_valid = in_scope(among_others(&signals));
    let alone = signals.iter().map(|it| logistic(log_odds(it, it.cover)));
    let alone = in_scope(alone.collect());
    let scored = atoms
        .iter()
        .zip(&signals)
        .zip(&p_valid)
        .map(|((atom, signals), p)| {
            let Signals {
                cover,
                recency,
                link,
                ..
            } = *signals;
            ScoredAtom {
                p: p * validity(atom),
                cover,
                recency,
                link,
                is_next: false,
                repeats: None,
                n_sources: atom.n_sources,
                succeeds: None,
                conflict: None,
            }
        })
        .collect();
    let mut scored = without_repeats(&pairs.duplicates, scored);
    succeed(atoms, &mut scored, alone);
    outdate(atoms, &mut scored);
    pair_up(atoms, &pairs.conflicts, &mut scored);
    hand_over(atoms, &mut scored, branch);
    let (shares, _) = turns::score(query, sessions, &said.idf, &said.passages);
    let covers: Vec<f64> = (0..sessions.len())
        .map(|at| said.best_cover(query, at))
        .collect();
    let best = covers.iter().copied().fold(0.0, f64::max);
    // that one of them answers the task at all
    let asked = logistic(-5.0 + 9.0 * best.sqrt());
    let on_branch = |session: &Session| branch.is_empty() || session.branch == *branch;
    let unfinished = sessions.iter().position(on_branch);
    let unfinished = unfinished.filter(|&at| !sessions[at].digest.open.is_empty());
    let sessions = (0..sessions.len())
        .map(|at| {
            let passages = said.passages[at].iter().zip(&shares[at]);
            let in_session = shares[at].iter().sum::<f64>().max(1e-12);
            let passages = passages.map(|((passage, _), share)| Passage {
                // what is meant by its time need not share a word with the task, though what does is meant first
                p: (asked * share).max(
                    MEANT_P
                        * meant[at]
                        * (0.3 / said.passages[at].len() as f64 + 0.7 * share / in_session),
                ),
                ..passage.clone()
            });
            let whole = Document::merged(
                said.passages[at]
                    .iter()
                    .map(|(_, d)| d)
                    .chain([&said.digests[at]]),
            );
            let whole = said.cover(
                query,
                &Document {
                    length: said.average,
                    ..whole
                },
            );
            let recency = decay(now - sessions[at].ended, SESSION_HALF_LIFE_DAYS);
            let mut files = sessions[at].digest.files.iter();
            let touched = files.any(|file| {
                let mut likely = likely.files.iter().take(10);
                likely.any(|(path, _)| path == file)
            });
            let goes_on = unfinished == Some(at);
            let p = logistic(
                -7.5 + 2.0 * whole.sqrt()
                    + 2.5 * recency
                    + if touched { 1.5 } else { 0.0 }
                    + if goes_on { 2.0 } else { 0.0 }
                    + 8.0 * meant[at],
            );
            ScoredSession {
                p,
                passages: passages.collect(),
                cover: covers[at],
                recency,
                meant: meant[at],
                touched,
            }
        })
        .collect();
    Memory {
        atoms: scored,
        sessions,
    }
}

/// What an atom is worth that says nearly what another says; word for word, it is worth nothing.
const REPEATED: f64 = 0.1;

/// Of atoms that say the same, as copied between the notes of several tools, one counts, as much as the likeliest; and the more
/// for being said in several places.
fn without_repeats(
    duplicates: &[conflict::Duplicate],
    mut scored: Vec<ScoredAtom>,
) -> Vec<ScoredAtom> {
    for &pair in duplicates {
        let (kept, other) = (pair.kept, pair.other);
        if scored[other].repeats.is_some() || scored[kept].repeats.is_some() {
            continue;
        }
        scored[kept].n_sources += scored[other].n_sources;
        scored[kept].p = scored[kept].p.max(scored[other].p);
        scored[other].p *= if pair.is_exact { 0.0 } else { REPEATED };
        scored[other].repeats = Some(pair);
    }
    for scored in scored.iter_mut().filter(|scored| scored.n_sources > 1) {
        let odds = scored.p / (1.0 - scored.p).max(1e-9) * (scored.n_sources as f64).sqrt();
        scored.p = odds / (1.0 + odds);
    }
    scored
}

/// What a note is worth beside the newer one that it contradicts: a reader has to see both.
const CONTRADICTED: f64 = 0.9;

/// Who needs one of two notes that contradict each other needs both.
fn pair_up(atoms: &[Atom], conflicts: &[conflict::Conflict], scored: &mut [ScoredAtom]) {
    for pair in conflicts {
        let (newer, older) = (pair.newer, pair.older);
        let holds = |idx: usize| !atoms[idx].superseded && !atoms[idx].done;
        let repeats = |idx: usize| scored[idx].repeats.is_some();
        if !holds(newer) || !holds(older) || repeats(newer) || repeats(older) {
            continue;
        }
        let p = scored[newer].p.max(scored[older].p);
        scored[newer].p = p;
        scored[older].p = p * CONTRADICTED;
        scored[newer].conflict = Some(older);
        scored[older].conflict = Some(newer);
    }
}

/// What is left of a note that no longer holds: it is still worth knowing that it was so, and it is labelled.
fn validity(atom: &Atom) -> f64 {
    let anchored = match atom.anchored {
        Anchored::Fresh | Anchored::Unverifiable => 1.0,
        Anchored::Drifted => 0.7,
        Anchored::Orphaned => 0.3,
    };
    let over = if atom.superseded {
        0.02
    } else if atom.done {
        0.1
    } else {
        1.0
    };
    anchored * over
}

/// What a note is worth by the one whose place it took.
const SUCCEEDED: f64 = 0.9;
/// A chain of decisions is followed over so many.
const MAX_SUCCESSORS: usize = 6;

/// Who asks what a superseded note answers needs the note that took its place, though that may say it in other words.
///
/// `p` is what each would be worth if it still held and stood alone: of a chain of decisions the others are no crowd.
fn succeed(atoms: &[Atom], scored: &mut [ScoredAtom], mut p: Vec<f64>) {
    let pairs = notes::replacements(atoms);
    if pairs.is_empty() {
        return;
    }
    for _ in 0..MAX_SUCCESSORS {
        for &(newer, older) in &pairs {
            p[newer] = p[newer].max(SUCCEEDED * p[older]);
        }
    }
    for &(newer, older) in &pairs {
        let worth = p[newer] * validity(&atoms[newer]);
        if worth > scored[newer].p {
            scored[newer].p = worth;
            scored[newer].succeeds = Some(older);
        }
    }
}

/// Seconds by which a newer entry outdates an older one, and what that one is worth then.
const OUTDATED_AFTER: i64 = 3 * 86_400;
const OUTDATED: f64 = 0.3;

/// How things stood is told by the newest entries of a note; those before it are history.
fn outdate(atoms: &[Atom], scored: &mut [ScoredAtom]) {
    let is_status = |atom: &Atom| matches!(atom.class, Class::Status);
    let mut newest: FxHashMap<&str, i64> = FxHashMap::default();
    for atom in atoms.iter().filter(|atom| is_status(atom)) {
        if let Some((at, _)) = atom.date {
            let newest = newest.entry(&atom.path).or_insert(at);
            *newest = at.max(*newest);
        }
    }
    for (atom, scored) in atoms.iter().zip(scored).filter(|(atom, _)| is_status(atom)) {
        if let (Some((at, _)), Some(newest)) = (atom.date, newest.get(atom.path.as_str()))
            && at + OUTDATED_AFTER < *newest
        {
            scored.p *= OUTDATED;
        }
    }
}

/// What an older handoff is worth beside the newest.
const OLD_HANDOFF: f64 = 0.3;

/// The newest unfinished handoff of this branch is what a reader goes on from; older ones were taken up long ago.
fn hand_over(atoms: &[Atom], scored: &mut [ScoredAtom], branch: &str) {
    let is_open = |atom: &Atom| atom.class == Class::Handoff && !atom.done && !atom.superseded;
    let date = |atom: &Atom| atom.date.map_or(0, |(at, _)| at);
    let is_ours = |atom: &Atom| {
        let text = atom.text.to_lowercase();
        !text.contains("branch") || branch.is_empty() || text.contains(&branch.to_lowercase())
    };
    let open = || atoms.iter().filter(|atom| is_open(atom));
    let Some(newest) = open().filter(|atom| is_ours(atom)).map(date).max() else {
        return;
    };
    for (atom, scored) in atoms.iter().zip(scored).filter(|(atom, _)| is_open(atom)) {
        if date(atom) == newest && is_ours(atom) {
            scored.is_next = true;
            let odds = scored.p / (1.0 - scored.p).max(1e-9) * f64::exp(3.0 * scored.recency);
            scored.p = odds / (1.0 + odds);
        } else {
            scored.p *= OLD_HANDOFF;
        }
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// What a class of knowledge is worth before its words are read, and after how many days it weighs half.
const fn class_terms(class: Class) -> (f64, Option<f64>) {
    match class {
        Class::Principle | Class::Preference => (1.6, None),
        Class::Decision | Class::Gotcha => (1.0, None),
        Class::Fact => (0.0, Some(365.0)),
        Class::Status => (-0.5, Some(14.0)),
        Class::Handoff => (1.5, Some(7.0)),
    }
}

fn recency_of_atom(atom: &Atom, now: i64) -> f64 {
    match (class_terms(atom.class).1, atom.date) {
        (None, _) => 1.0,
        (Some(half_life), Some((at, _))) => decay(now - at, half_life),
        (Some(_), None) => 0.5, // nothing is known of its age
    }
}

/// What speaks for a note.
struct Signals {
    class: Class,
    /// Share of the task's weight that it covers.
    cover: f64,
    recency: f64,
    /// How strongly it is tied to likely code.
    link: f64,
}

/// P(needed) of a note as if it stood alone, in log-odds.
fn log_odds(signals: &Signals, cover: f64) -> f64 {
    let (prior, half_life) = class_terms(signals.class);
    let age = half_life.map_or(0.0, |_| 2.0 * (signals.recency - 0.5));
    -6.0 + prior + 9.0 * cover.sqrt() + 3.0 * signals.link + age
}

/// So many notes that match as well halve what a match says.
const AS_WELL: f64 = 8.0;

/// P(needed) of each note, seeing that there are others.
///
/// Among hundreds of notes dozens share a word with any task by chance. So what words say for a note is divided by how many others
/// say at least half as much of the task: a note that stands out keeps what it has, and one of a crowd is worth a share of it. A
/// note that is tied to likely code needs no words.
fn among_others(all: &[Signals]) -> Vec<f64> {
    let mut covers: Vec<f64> = all.iter().map(|signals| signals.cover).collect();
    covers.sort_by(f64::total_cmp);
    let p = |signals: &Signals| {
        let below = covers.partition_point(|cover| *cover < signals.cover / 2.0);
        let n_others = (covers.len() - below).saturating_sub(1) as f64;
        let by_words = log_odds(signals, signals.cover) - (1.0 + n_others / AS_WELL).ln();
        logistic(by_words.max(log_odds(signals, 0.0)))
    };
    all.iter().map(p).collect()
}

/// P that what is asked stands in a session that the task means by its time.
const MEANT_P: f64 = 0.9;

/// Sessions weigh half after three weeks.
const SESSION_HALF_LIFE_DAYS: f64 = 21.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn score_of(
        query: &Query,
        atoms: &[Atom],
        sessions: &[Session],
        around: &Around<'_>,
    ) -> Memory {
        let said = Said::read(query, atoms, sessions);
        score(
            query,
            &said,
            atoms,
            &conflict::pairs(atoms),
            sessions,
            around,
        )
    }

    fn atom(text: &str, class: Class) -> Atom {
        let mut atoms = crate::source::notes::atoms("NOTES.md", text, None);
        Atom {
            class,
            ..atoms.remove(0)
        }
    }

    #[test]
    fn a_note_that_speaks_of_the_task_is_needed_more() {
        let query = crate::lexicon::query::read("fix the redirect loop in session handling");
        let atoms = [
            atom(
                "- Redirects: the loop is cut after 20 hops in session handling.\n",
                Class::Gotcha,
            ),
            atom("- Use tabs in Makefiles.\n", Class::Preference),
            atom("- The release train leaves on Mondays.\n", Class::Status),
        ];
        let memory = score_of(&query, &atoms, &[], &Around::default());
        assert!(memory.atoms[0].p > 0.3, "{memory:?}");
        assert!(
            memory.atoms[1].p < 0.05 && memory.atoms[2].p < 0.02,
            "{memory:?}"
        );
    }

    #[test]
    fn what_no_longer_holds_is_worth_less_than_what_does() {
        let query = crate::lexicon::query::read("which store holds the cart");
        let check = |text: &str, change: &dyn Fn(&mut Atom)| {
            let mut atoms = [atom(text, Class::Decision), atom(text, Class::Decision)];
            atoms[1].text.push_str("Something else besides.\n");
            change(&mut atoms[1]);
            let atoms = score_of(&query, &atoms, &[], &Around::default()).atoms;
            assert!(atoms[1].p < atoms[0].p, "{atoms:?}");
        };
        check("- The cart is held in Redis.", &|atom| {
            atom.superseded = true
        });
        check("- The cart is held in Redis.", &|atom| atom.done = true);
        let orphaned = |atom: &mut Atom| atom.anchored = Anchored::Orphaned;
        check("- The cart is held in Redis.", &orphaned);
    }

    #[test]
    fn what_took_the_place_of_an_answer_is_needed() {
        let query = crate::lexicon::query::read("which score goes on the front page of the report");
        let check = |log: &str, expected: &[usize]| {
            let mut atoms = crate::source::notes::atoms("DECISIONS.md", log, None);
            crate::source::notes::mark_superseded(&mut atoms);
            let scored = score_of(&query, &atoms, &[], &Around::default()).atoms;
            let best = (0..scored.len()).max_by(|&a, &b| scored[a].p.total_cmp(&scored[b].p));
            assert_eq!(best, expected.first().copied(), "{scored:?}");
            let over = (0..atoms.len()).filter(|&at| atoms[at].superseded);
            assert_eq!(over.collect::<Vec<_>>(), expected[1..], "{log}");
        };
        let log = "## 2026-07-20 FSS\nThe front page of the report has FSS as its score.\n\n\
                   ## 2026-08-01 Flows\nPrefect, hosted by ourselves.\n\n\
                   ## 2026-08-22 CSI\nSupersedes the decision of 2026-07-20: the ministry reads CSI.\n\n\
                   ## 2026-08-23 Mail\nReports go out on Mondays.\n";
        check(log, &[2, 0]);
        let log = "## D-1: FSS (superseded by D-2)\nThe front page of the report has FSS as its score.\n\n\
                   ## D-2: CSI\nThe ministry reads it.\n\n## D-3: Flows\nPrefect.\n";
        check(log, &[1, 0]);
    }

    #[test]
    fn the_newest_handoff_of_this_branch_is_taken_up() {
        let query = crate::lexicon::query::read("go on");
        let day = 86_400;
        let handoff = |text: &str, days: i64| Atom {
            date: Some((
                1_787_000_000 - days * day,
                crate::source::notes::DateSource::Record,
            )),
            ..atom(text, Class::Handoff)
        };
        let atoms = [
            handoff("- Next: mend the tax table.", 9),
            handoff("- Branch `cart`: next, write the sum.", 2),
            handoff("- Branch `tax`: next, round it.", 1),
        ];
        let around = Around {
            branch: "cart",
            now: 1_787_000_000,
            ..Around::default()
        };
        let atoms = score_of(&query, &atoms, &[], &around).atoms;
        let next: Vec<bool> = atoms.iter().map(|atom| atom.is_next).collect();
        assert_eq!(next, [false, true, false]);
        assert!(atoms[1].p > 3.0 * atoms[2].p.max(atoms[0].p), "{atoms:?}");
    }

    #[test]
    fn a_session_meant_by_its_time_needs_no_word_of_the_task() {
        let task = "What happened two sessions ago?";
        let session = |n: i64, text: &str| Session {
            tool: "t",
            id: n.to_string(),
            path: String::new(),
            title: String::new(),
            started: n,
            ended: n,
            branch: String::new(),
            turns: vec![crate::source::sessions::Turn {
                role: crate::source::sessions::Role::User,
                at: n,
                text: text.to_owned(),
            }],
            digest: Default::default(),
        };
        let sessions = [
            session(3, "mend the tax"),
            session(2, "round the sum"),
            session(1, "cut the mail"),
            session(0, "two of them happened to fail, two more hang"),
        ];
        let meant = super::super::when::meant(task, &sessions, "", 3);
        let around = Around {
            meant: &meant,
            now: 3,
            ..Around::default()
        };
        let query = crate::lexicon::query::read(task);
        let scored = score_of(&query, &[], &sessions, &around).sessions;
        let p: Vec<f64> = scored.iter().map(|session| session.passages[0].p).collect();
        assert!(p[1] > p[3] && p[1] > p[2] && p[2] > p[0], "{p:?}");
    }

    #[test]
    fn what_two_notes_say_counts_once() {
        let query = crate::lexicon::query::read("fix the redirect loop in session handling");
        let atoms = [
            atom("- Redirects: the loop is cut.\n", Class::Fact),
            atom("* redirects, the loop is cut\n", Class::Gotcha),
            atom("- Redirects: the loop is not cut.\n", Class::Fact),
        ];
        let atoms = score_of(&query, &atoms, &[], &Around::default()).atoms;
        let repeats = atoms.iter().map(|atom| atom.repeats.map(|it| it.kept));
        let repeats: Vec<Option<usize>> = repeats.collect();
        assert_eq!(repeats, [None, Some(0), None], "{atoms:?}");
        assert_eq!(atoms[1].p, 0.0, "{atoms:?}");
        assert_eq!((atoms[0].n_sources, atoms[0].conflict), (2, Some(2)));
    }
}
