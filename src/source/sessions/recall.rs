//! What reading transcripts gave in earlier runs, and whether that still holds.
//!
//! Sessions grow to hundreds of megabytes, of which a tenth is talk, and all but one of them stay as they are. So what a transcript
//! gave is kept, with everything that was opened to get it, and taken again while each of these files looks as it did. What
//! is kept is what a reader returns, cleaned; nothing is kept where something could not be read, nor what was learned raw (a title,
//! an id, a name of a file) where it holds a secret. Going on from where an
//! append-only transcript ended lost: only some tools append, and the one session that grows costs milliseconds.

use super::store::{OneRead, Transcript};
use super::{Digest, Role, Session, Turn};
use crate::cache::{Bucket, Cache, Key, Stamp};
use crate::error::Warning;
use crate::guard::secrets::{EDITION, redact};
use crate::guard::text::clean;
use crate::request::Kind;
use crate::source::stores::{Found, StoreReport, Stores};
use crate::source::watch::{Seen, watch};
use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::path::Path;

/// What is kept of one tool's transcripts, for one repository.
pub(super) struct Recall<'a> {
    cache: Option<&'a Cache>,
    tool: &'static str,
    /// What readers go by besides transcripts: the roots, the home, where stores were moved to.
    key: Key,
}

/// Whether a transcript belongs to the repository.
#[derive(Clone, Serialize, Deserialize)]
struct Head {
    /// Of its path and of what was known of it before.
    digest: String,
    stamp: Stamp,
    beside: Vec<Seen>,
    /// What was learned from telling, in JSON; `None` where it does not belong.
    known: Option<String>,
}

/// What a transcript gave.
#[derive(Serialize, Deserialize)]
struct Kept {
    stamp: Stamp,
    beside: Vec<Seen>,
    /// `None` where it turned out not to belong.
    read: Option<KeptRead>,
}

/// What all of a tool's stores gave.
#[derive(Serialize, Deserialize)]
struct KeptStores {
    seen: Vec<Seen>,
    sessions: Vec<KeptSession>,
    /// Location, items, bytes, lost and unknown.
    reports: Vec<(String, usize, u64, usize, usize)>,
}

#[derive(Serialize, Deserialize)]
struct KeptRead {
    sessions: Vec<KeptSession>,
    n_lost: usize,
    n_unknown: usize,
    /// Path and message of those about torn records; others are not kept, nor is what came with them.
    torn: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
struct KeptSession {
    id: String,
    path: String,
    title: String,
    started: i64,
    ended: i64,
    branch: String,
    /// Whether the user spoke, when, and what.
    turns: Vec<(bool, i64, String)>,
    summary: String,
    asks: Vec<String>,
    decisions: Vec<String>,
    fixes: Vec<String>,
    files: Vec<String>,
    open: Vec<String>,
    outcome: String,
}

const TORN: &str = "torn-record";

impl<'a> Recall<'a> {
    pub fn new(stores: &Stores<'a>, tool: &'static str) -> Self {
        let mut key = Key::new("sessions").with(EDITION).with(tool); // what is kept is redacted
        for path in stores
            .home
            .into_iter()
            .chain(stores.roots.iter().map(AsRef::as_ref))
        {
            key = key.with(path.as_os_str().as_encoded_bytes());
        }
        for (name, value) in stores.variables {
            key = key.with(name).with(value);
        }
        Self {
            cache: stores.cache,
            tool,
            key,
        }
    }

    /// Those of `all` that `belongs` takes, in their order; it is asked only about what changed.
    pub fn heads<J: Serialize + Send, K: Serialize + DeserializeOwned + Send>(
        &self,
        all: Vec<Transcript<J>>,
        belongs: impl Fn(Transcript<J>) -> Option<Transcript<K>> + Sync + Send,
    ) -> Vec<Transcript<K>> {
        let Some(cache) = self.cache else {
            return all.into_par_iter().filter_map(belongs).collect();
        };
        let key = self.key.clone().with("heads");
        let (heads, written) = cache
            .get::<Vec<Head>>(Bucket::Heads, &key)
            .unwrap_or_default();
        let find = |digest: &str| {
            let idx = heads.binary_search_by(|head| head.digest.as_str().cmp(digest));
            idx.ok().map(|idx| &heads[idx])
        };
        // for each transcript what is known of it now, what is to be kept, and whether that is new
        type Answer<K> = (Option<Transcript<K>>, Option<Head>, bool);
        let ask = |transcript: Transcript<J>| -> Answer<K> {
            let digest = digest(&transcript);
            let kept = digest.as_deref().and_then(find).filter(|head| {
                let is_same = head.stamp == transcript.stamp && !head.stamp.is_racy(written);
                is_same && head.beside.iter().all(|seen| seen.holds(written))
            });
            if let Some(head) = kept {
                let known = head.known.as_deref().map(serde_json::from_str::<K>);
                match known {
                    None => return (None, Some(head.clone()), false),
                    Some(Ok(known)) => {
                        return (Some(transcript.with(known)), Some(head.clone()), false);
                    }
                    Some(Err(_)) => {}
                }
            }
            let (stamp, path) = (transcript.stamp, transcript.path.clone());
            let (answer, seen) = watch(|| belongs(transcript));
            let beside = seen.map(|seen| without(seen, &path));
            let known = answer.as_ref().map(|it| serde_json::to_value(&it.known));
            let head = match (digest, known.transpose(), beside) {
                (Some(digest), Ok(known), Some(beside))
                    if known.as_ref().is_none_or(has_no_secret) && are_clean(&beside) =>
                {
                    let known = known.map(|known| known.to_string());
                    Some(Head {
                        digest,
                        stamp,
                        beside,
                        known,
                    })
                }
                _ => None,
            };
            (answer, head, true)
        };
        let answers: Vec<Answer<K>> = all.into_par_iter().map(ask).collect();
        let is_new = answers.iter().any(|(_, _, is_new)| *is_new) || answers.len() != heads.len();
        let mut taken = Vec::new();
        let mut keep: Vec<Head> = Vec::new();
        for (transcript, head, _) in answers {
            taken.extend(transcript);
            keep.extend(head);
        }
        if is_new {
            keep.sort_by(|a, b| a.digest.cmp(&b.digest));
            cache.put(Bucket::Heads, &key, &keep);
        }
        taken
    }

    /// What `read` gives of the stores of a tool that are no transcripts, all of them at once; it is asked only if something
    /// changed that it looked at. It must stay on this thread. What came with a warning is not kept.
    pub fn stores(&self, read: impl FnOnce() -> Found<Session>) -> Found<Session> {
        let Some(cache) = self.cache else {
            return read();
        };
        let key = self.key.clone().with("stores");
        if let Some((kept, written)) = cache.get::<KeptStores>(Bucket::Sessions, &key)
            && kept.seen.iter().all(|seen| seen.holds(written))
        {
            let sessions = kept.sessions.into_iter();
            let report = |(location, n_items, bytes, n_lost, n_unknown)| StoreReport {
                kind: Kind::Session,
                tool: self.tool,
                location,
                n_items,
                bytes,
                n_lost,
                n_unknown,
            };
            return Found {
                items: sessions.map(|session| session.revive(self.tool)).collect(),
                reports: kept.reports.into_iter().map(report).collect(),
                warnings: Vec::new(),
            };
        }
        let (found, seen) = watch(read);
        if let Some(seen) = seen
            && are_clean(&seen)
            && found.warnings.is_empty()
            && !found.items.is_empty()
        {
            let report = |it: &StoreReport| {
                let location = it.location.clone();
                (location, it.n_items, it.bytes, it.n_lost, it.n_unknown)
            };
            let kept = KeptStores {
                seen,
                sessions: found.items.iter().map(KeptSession::of).collect(),
                reports: found.reports.iter().map(report).collect(),
            };
            cache.put(Bucket::Sessions, &key, &kept);
        }
        found
    }

    /// What `read` gives of a transcript; it is asked only if something changed.
    pub fn read<K: Serialize>(
        &self,
        transcript: &Transcript<K>,
        read: impl Fn(&Transcript<K>) -> Option<OneRead>,
    ) -> Option<OneRead> {
        let key = self.cache.and_then(|cache| {
            let key = self.key.clone();
            Some((cache, key.with(digest(transcript)?)))
        });
        let Some((cache, key)) = key else {
            return read(transcript);
        };
        if let Some((kept, written)) = cache.get::<Kept>(Bucket::Sessions, &key)
            && kept.stamp == transcript.stamp
            && !kept.stamp.is_racy(written)
            && kept.beside.iter().all(|seen| seen.holds(written))
        {
            return kept.read.map(|read| self.revive(read));
        }
        let (one, seen) = watch(|| read(transcript));
        let is_whole = |one: &OneRead| one.warnings.iter().all(|warning| warning.code == TORN);
        if let Some(seen) = seen
            && are_clean(&seen)
            && one.as_ref().is_none_or(is_whole)
        {
            let kept = Kept {
                stamp: transcript.stamp,
                beside: without(seen, &transcript.path),
                read: one.as_ref().map(KeptRead::of),
            };
            cache.put(Bucket::Sessions, &key, &kept);
        }
        one
    }

    fn revive(&self, kept: KeptRead) -> OneRead {
        let torn = kept.torn.into_iter();
        OneRead {
            sessions: kept
                .sessions
                .into_iter()
                .map(|session| session.revive(self.tool))
                .collect(),
            n_lost: kept.n_lost,
            n_unknown: kept.n_unknown,
            warnings: torn
                .map(|(path, message)| Warning::new(TORN, path, message))
                .collect(),
        }
    }
}

/// Of a transcript's path and what is known of it.
fn digest<J: Serialize>(transcript: &Transcript<J>) -> Option<String> {
    let path = transcript.path.as_os_str().as_encoded_bytes();
    let known = serde_json::to_string(&transcript.known).ok()?;
    Some(Key::new("transcript").with(path).with(known).hex())
}

/// Whether no text in it is a secret of a known form.
fn has_no_secret(known: &Value) -> bool {
    let is_clean = |text: &str| matches!(redact(&clean(text).0), Cow::Borrowed(_));
    match known {
        Value::String(text) => is_clean(text),
        Value::Array(values) => values.iter().all(has_no_secret),
        Value::Object(fields) => fields
            .iter()
            .all(|(key, value)| is_clean(key) && has_no_secret(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Whether no name of a file is.
fn are_clean(seen: &[Seen]) -> bool {
    seen.iter()
        .all(|seen| matches!(redact(&seen.path().to_string_lossy()), Cow::Borrowed(_)))
}

/// What was seen besides a transcript, whose own stamp is known.
fn without(mut seen: Vec<Seen>, path: &Path) -> Vec<Seen> {
    seen.retain(|seen| !seen.is(path));
    seen
}

impl KeptRead {
    fn of(one: &OneRead) -> Self {
        let torn = |warning: &Warning| (warning.path.clone(), warning.message.clone());
        Self {
            sessions: one.sessions.iter().map(KeptSession::of).collect(),
            n_lost: one.n_lost,
            n_unknown: one.n_unknown,
            torn: one.warnings.iter().map(torn).collect(),
        }
    }
}

impl KeptSession {
    fn of(session: &Session) -> Self {
        let Session {
            tool: _,
            id,
            path,
            title,
            started,
            ended,
            branch,
            turns,
            digest,
        } = session.clone();
        let turn = |turn: Turn| (turn.role == Role::User, turn.at, turn.text);
        Self {
            id,
            path,
            title,
            started,
            ended,
            branch,
            turns: turns.into_iter().map(turn).collect(),
            summary: digest.summary,
            asks: digest.asks,
            decisions: digest.decisions,
            fixes: digest.fixes,
            files: digest.files,
            open: digest.open,
            outcome: digest.outcome,
        }
    }

    fn revive(self, tool: &'static str) -> Session {
        let turn = |(is_user, at, text)| Turn {
            role: if is_user { Role::User } else { Role::Assistant },
            at,
            text,
        };
        Session {
            tool,
            id: self.id,
            path: self.path,
            title: self.title,
            started: self.started,
            ended: self.ended,
            branch: self.branch,
            turns: self.turns.into_iter().map(turn).collect(),
            digest: Digest {
                summary: self.summary,
                asks: self.asks,
                decisions: self.decisions,
                fixes: self.fixes,
                files: self.files,
                open: self.open,
                outcome: self.outcome,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::stores;
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, SystemTime};

    /// A store with one transcript and a file beside it, a cache, and how often its reader was asked.
    struct Place {
        dir: tempfile::TempDir,
        cache: Cache,
        variables: BTreeMap<String, String>,
        n_asked: AtomicUsize,
    }

    impl Place {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let cache = Cache::new(dir.path().join("cache"));
            let place = Self {
                dir,
                cache,
                variables: BTreeMap::new(),
                n_asked: AtomicUsize::new(0),
            };
            place.write("a.txt", "hello");
            place
        }

        fn at(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        /// Writes a file as if that had been an hour ago.
        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.at(name), text).unwrap();
            self.age(&self.at(name), 3600);
        }

        fn age(&self, path: &Path, seconds: u64) {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            let then = SystemTime::now() - Duration::from_secs(seconds);
            file.set_modified(then).unwrap();
        }

        fn recall(&self) -> Recall<'_> {
            let stores = Stores {
                roots: &[],
                home: None,
                variables: &self.variables,
                cache: Some(&self.cache),
            };
            Recall::new(&stores, "any")
        }

        fn transcript<K>(&self, known: K) -> Transcript<K> {
            let path = self.at("a.txt");
            let metadata = path.symlink_metadata().unwrap();
            Transcript::new(self.dir.path(), path, &metadata, known)
        }

        /// What was said, and whether the reader was asked.
        #[track_caller]
        fn check(&self, known: &str, expected: Option<&str>, is_asked: bool) {
            self.n_asked.store(0, Ordering::Relaxed);
            let one = self.recall().read(&self.transcript(known), |transcript| {
                self.n_asked.fetch_add(1, Ordering::Relaxed);
                let (text, _) = stores::read_text(&transcript.path, 1_000).unwrap();
                let title = stores::read_text(&self.at("beside"), 1_000);
                (text != "foreign").then(|| OneRead {
                    sessions: vec![session(&text, title.map_or("", |_| "titled"))],
                    ..OneRead::default()
                })
            });
            let said = one.map(|one| {
                let session = &one.sessions[0];
                format!("{}{}", session.turns[0].text, session.title)
            });
            assert_eq!(said.as_deref(), expected);
            assert_eq!(self.n_asked.load(Ordering::Relaxed) > 0, is_asked, "asked");
        }
    }

    fn session(text: &str, title: &str) -> Session {
        Session {
            tool: "any",
            id: "1".into(),
            path: "~/a".into(),
            title: title.into(),
            started: 1,
            ended: 2,
            branch: "main".into(),
            turns: vec![
                Turn {
                    role: Role::User,
                    at: 1,
                    text: text.into(),
                },
                Turn {
                    role: Role::Assistant,
                    at: 2,
                    text: "yes".into(),
                },
            ],
            digest: Digest {
                summary: "a".into(),
                asks: vec!["b".into()],
                decisions: vec!["c".into()],
                fixes: vec!["d".into()],
                files: vec!["e".into()],
                open: vec!["f".into()],
                outcome: "g".into(),
            },
        }
    }

    #[test]
    fn what_is_kept_is_the_whole_session() {
        let session = session("hello", "title");
        assert_eq!(KeptSession::of(&session).revive("any"), session);
    }

    #[test]
    fn what_did_not_change_is_not_read_again() {
        let place = Place::new();
        place.check("k", Some("hello"), true);
        place.check("k", Some("hello"), false);
        // something else is known of it
        place.check("l", Some("hello"), true);
        place.write("a.txt", "hello again");
        place.check("k", Some("hello again"), true);
        place.check("k", Some("hello again"), false);
        // a file that was looked for in vain is there now, and gone again
        place.write("beside", "x");
        place.check("k", Some("hello againtitled"), true);
        place.check("k", Some("hello againtitled"), false);
        std::fs::remove_file(place.at("beside")).unwrap();
        place.check("k", Some("hello again"), true);
    }

    #[test]
    fn that_it_does_not_belong_is_kept_too() {
        let place = Place::new();
        place.write("a.txt", "foreign");
        place.check("k", None, true);
        place.check("k", None, false);
    }

    #[test]
    fn what_changed_just_now_is_not_trusted() {
        let place = Place::new();
        place.age(&place.at("a.txt"), 0);
        place.check("k", Some("hello"), true);
        place.check("k", Some("hello"), true);
    }

    #[test]
    fn who_belongs_is_asked_once() {
        let place = Place::new();
        let n_asked = AtomicUsize::new(0);
        let heads = |is_ours: bool| {
            let all = vec![place.transcript("before".to_owned())];
            let taken = place.recall().heads(all, |transcript| {
                n_asked.fetch_add(1, Ordering::Relaxed);
                is_ours.then(|| transcript.with("learned".to_owned()))
            });
            let known = taken.into_iter().map(|transcript| transcript.known);
            known.collect::<Vec<String>>()
        };
        assert_eq!(heads(true), ["learned"]);
        assert_eq!(heads(false), ["learned"]);
        assert_eq!(n_asked.load(Ordering::Relaxed), 1);
        place.write("a.txt", "changed");
        assert_eq!(heads(false), [""; 0]);
        assert_eq!(heads(true), [""; 0]);
        assert_eq!(n_asked.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_is_learned_raw_is_kept_without_secrets() {
        let secret = format!("ghp_{}", "q8Zr2Lw0XcV5bN1mK7tYh4Jd9Gf3Sa6Pq8Zr");
        let check = |before: &str, learned: serde_json::Value, is_kept: bool| {
            let place = Place::new();
            let n_asked = AtomicUsize::new(0);
            for _ in 0..2 {
                let all = vec![place.transcript(before.to_owned())];
                let taken = place.recall().heads(all, |transcript| {
                    n_asked.fetch_add(1, Ordering::Relaxed);
                    Some(transcript.with(learned.clone()))
                });
                assert_eq!(taken[0].known, learned);
            }
            let n_asked = n_asked.load(Ordering::Relaxed);
            assert_eq!(n_asked, if is_kept { 1 } else { 2 }, "{learned}");
        };
        check("", serde_json::json!({"title": "use the token"}), true);
        check(&secret, serde_json::json!(["an id", null, 7]), true);
        check("", serde_json::json!({"title": secret}), false);
        check(
            "",
            serde_json::json!([[secret.replacen('_', "_\u{200b}\u{200b}", 1)]]),
            false,
        );
        check("", serde_json::json!({secret.as_str(): 1}), false);
    }
}
