//! What is known when the scoring is done: the type that later stages read.

use super::pointed::Pointed;
use super::{Memory, Model, Opened, Pieces, Ranked};
use crate::error::Warning;
use crate::lexicon::Query;
use crate::request::Task;
use crate::source::{File, Remembered, Trees};
use std::sync::Arc;
use std::time::Duration;

/// All that is known before the budget is spent: the candidates, ranked, and the shortlist, cut into pieces.
pub struct Survey {
    /// The files of the roots.
    pub trees: Trees,
    /// Every file after the cheap pass.
    pub files: Arc<Vec<File>>,
    /// What the reader is about to do, given or inferred.
    pub task: Task,
    /// The task, read.
    pub query: Query,
    /// Every file, ranked.
    pub ranked: Ranked,
    /// The shortlist, read and parsed.
    pub opened: Vec<Opened>,
    /// The name of the tokenizer by which its lines are counted.
    pub tokenizer: &'static str,
    /// For each file of the shortlist the likelier one that it is a near copy of.
    pub copies: Vec<Option<usize>>,
    /// The shortlist, cut and scored.
    pub pieces: Pieces,
    /// Notes and sessions.
    pub remembered: Remembered,
    /// Notes and sessions, scored.
    pub memory: Memory,
    /// The weights.
    pub model: Model,
    /// Trouble on the way.
    pub warnings: Vec<Warning>,
    /// Wall-clock time by stage.
    pub timings: Vec<(&'static str, Duration)>,
}

impl Survey {
    /// What leads from memory to a file.
    pub fn pointed(&self, file_idx: usize) -> Option<&Pointed> {
        let mut all = self.ranked.pointed.iter();
        all.find(|pointed| pointed.file_idx == file_idx)
    }
}
