//! Everything a run depends on. The command line, hooks and servers each build a [`Request`] and call [`crate::pack`].

use crate::score::Model;
use crate::sticky::Earlier;
use crate::tokens::Tokenizer;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The environment variables that move stores. Each must name an absolute folder, or one below `~/`.
pub const VARIABLES: &[&str] = &[
    "APPDATA",
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "COPILOT_HOME",
    "GOOSE_PATH_ROOT",
    "LOCALAPPDATA",
    "MEMORY_FILE_PATH",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
];

/// An agent whose host loads notes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Agent {
    Claude,
    Codex,
    Gemini,
}

/// A run, fully resolved: no environment, home directory or clock is read behind it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Folders to pack, absolute or relative to the working directory; at least one.
    pub roots: Vec<PathBuf>,
    /// A git revision to pack instead of the work tree (one root only).
    pub revision: Option<String>,
    /// The files as they are staged for the next commit, instead of the work tree (one root only).
    pub staged: Option<Index>,
    /// The files that are the only ones to show, absolute or relative to the working directory, whatever ignore files say of them; `None`
    /// takes what a walk finds. Of a work tree alone.
    pub files: Option<Vec<PathBuf>>,
    /// Whether contents alone count: no commit, branch, edit in progress or day has a say, so that every clone of the same contents
    /// gives the same bundle, however shallow it is. Where no task is given there is none.
    pub contents_only: bool,
    /// The most the bundle may hold.
    pub budget: Budget,
    /// How tokens are counted.
    pub tokenizer: Tokenizer,
    /// Factor >= 1 by which counts are raised for models without a public tokenizer.
    pub safety_factor: f64,
    /// What the reader is about to do; `None` infers it.
    pub task: Option<Task>,
    /// Shape of the bundle.
    pub format: Format,
    /// Globs that candidates must match (any of them); empty takes all.
    pub include: Vec<String>,
    /// Globs of candidates to leave out.
    pub exclude: Vec<String>,
    /// Globs of candidates that must be in, in full.
    pub pin: Vec<String>,
    /// Kinds of candidates to consider.
    pub kinds: Kinds,
    /// The agent that will read the bundle, if it is known: it is not told what its host has loaded already.
    pub reader: Option<Agent>,
    /// Sessions that the reader is in the middle of, by their ids or the absolute paths of their transcripts: it is not told what it
    /// said itself. A task is inferred from them all the same.
    pub in_progress: Vec<String>,
    /// Ids of items, as in the manifest, that the reader has from an earlier bundle: they are not told again, nor counted as left out.
    pub known: Vec<String>,
    /// Whether the reader has the task before it: then the bundle does not repeat it, and its account holds none.
    pub knows_task: bool,
    /// The user's home directory, where agents keep their notes and sessions; `None` reads none of them.
    pub home: Option<PathBuf>,
    /// What [`VARIABLES`] say, by name; used only where there is a home.
    pub variables: BTreeMap<String, String>,
    /// Where what earlier runs read of the home directory is kept; `None` keeps nothing.
    pub cache: Option<PathBuf>,
    /// Folders of notes besides those that are known by their names.
    pub memory: Vec<Memory>,
    /// The moment that recency is measured from, in Unix seconds; `None` takes the newest of HEAD and the candidates.
    pub now: Option<i64>,
    /// What each feature of a candidate weighs; those that ctxpack ships with by default.
    pub weights: Model,
    /// What becomes of secrets in files and notes.
    pub secrets: Secrets,
    /// What the bundle before showed: as much of its beginning stays as is worth it ([`crate::sticky`]).
    pub earlier: Option<Earlier>,
    /// Whether to say of every candidate why it was taken or left; half a kilobyte for each.
    pub explain: bool,
}

impl Request {
    /// `root` within `budget`, with nothing else said: the task is inferred, and nothing of the home directory is read or kept.
    pub fn new(root: impl Into<PathBuf>, budget: Budget) -> Self {
        Self {
            roots: vec![root.into()],
            revision: None,
            staged: None,
            files: None,
            contents_only: false,
            budget,
            tokenizer: Tokenizer::default(),
            safety_factor: 1.0,
            task: None,
            format: Format::default(),
            include: Vec::new(),
            exclude: Vec::new(),
            pin: Vec::new(),
            kinds: Kinds::default(),
            reader: None,
            in_progress: Vec::new(),
            known: Vec::new(),
            knows_task: false,
            home: None,
            variables: BTreeMap::new(),
            cache: None,
            memory: Vec::new(),
            now: None,
            weights: Model::default(),
            secrets: Secrets::default(),
            earlier: None,
            explain: false,
        }
    }
}

/// What is staged for the next commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Index {
    /// The index file, where it is not the repository's own: `git commit --all` makes one beside it, and tells its hooks. It must lie
    /// in the repository's folder of git's, or it is not read.
    pub file: Option<PathBuf>,
    /// Files, below the repository's root and with `/`, that are written anew from the others: one that is in conflict is passed over.
    pub made: Vec<String>,
}

/// What becomes of what [`crate::guard::secrets`] takes for a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Secrets {
    /// Files and notes are shown as they are, and files that are secret by name are candidates. What was said in sessions, commit
    /// messages and names is redacted all the same: nobody needs a password out of those.
    Off,
    /// The secret alone is replaced; the rest is shown. Files that are secret by name are left out.
    #[default]
    Redact,
    /// The file, note or session that holds one is left out.
    Exclude,
    /// The run fails, and says where they are.
    Fail,
}

/// A folder of notes that a config file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// An absolute folder, or one below `~/`, which is read only where there is a home.
    pub path: PathBuf,
    /// Which of its files are notes: a glob over paths below it.
    pub glob: String,
}

/// A limit on the emitted text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// Tokens of the request's tokenizer.
    Tokens(usize),
    /// Unicode scalar values.
    Characters(usize),
    /// UTF-8 bytes.
    Bytes(usize),
}

/// The task and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Where the text came from.
    pub source: TaskSource,
    /// The text, as given.
    pub text: String,
}

/// Where a task came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskSource {
    /// `--task`.
    Flag,
    /// `--task-file`.
    File,
    /// `--task -`.
    Stdin,
    /// Read off what the user is doing.
    Inferred,
}

/// The shape of the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// `<documents>`, strictly parseable.
    #[default]
    Xml,
    /// Headings and fences that no content can break.
    Markdown,
    /// The manifest with each item's text.
    Json,
    /// Separator lines.
    Plain,
}

impl Format {
    /// The word for it: `xml`, `markdown`, `json` or `plain`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Plain => "plain",
        }
    }
}

/// What sort of thing a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A file of the repository.
    File,
    /// An atom of a memory note.
    Note,
    /// A session with an agent.
    Session,
}

impl Kind {
    /// The word used in the manifest: `file`, `note` or `session`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Note => "note",
            Self::Session => "session",
        }
    }
}

/// Which kinds of candidates to consider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// Repository files.
    pub files: bool,
    /// Memory notes.
    pub notes: bool,
    /// Session transcripts.
    pub sessions: bool,
}

impl Default for Kinds {
    fn default() -> Self {
        Self {
            files: true,
            notes: true,
            sessions: true,
        }
    }
}

/// The name of a way to write a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RenderingName {
    /// All of it.
    Full,
    /// Chosen definitions of a file.
    Excerpt,
    /// Signatures of a file.
    Outline,
    /// One line about a file.
    Mention,
    /// What a note or a session says in short, or its turns that matter.
    Digest,
    /// One line of a note or a session.
    Headline,
}

impl RenderingName {
    /// The word used in the manifest.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Excerpt => "excerpt",
            Self::Outline => "outline",
            Self::Mention => "mention",
            Self::Digest => "digest",
            Self::Headline => "headline",
        }
    }
}
