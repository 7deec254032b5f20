//! What kinds of findings there are: their names, which are stable, and what to do about each.

/// What kind of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Code {
    AgentsChainTooLong,
    Conflict,
    DanglingLink,
    DanglingName,
    DriftedAnchor,
    Duplicate,
    IndexPastCap,
    InstructionsTooLong,
    NearDuplicate,
    NotInIndex,
    OrphanedAnchor,
    ProbableSecret,
    StaleHandoff,
    SupersededListed,
}

impl Code {
    /// All of them, by name.
    pub const ALL: [Self; 14] = [
        Self::AgentsChainTooLong,
        Self::Conflict,
        Self::DanglingLink,
        Self::DanglingName,
        Self::DriftedAnchor,
        Self::Duplicate,
        Self::IndexPastCap,
        Self::InstructionsTooLong,
        Self::NearDuplicate,
        Self::NotInIndex,
        Self::OrphanedAnchor,
        Self::ProbableSecret,
        Self::StaleHandoff,
        Self::SupersededListed,
    ];

    /// Its stable name, in kebab case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AgentsChainTooLong => "agents-chain-too-long",
            Self::Conflict => "conflict",
            Self::DanglingLink => "dangling-link",
            Self::DanglingName => "dangling-name",
            Self::DriftedAnchor => "drifted-anchor",
            Self::Duplicate => "duplicate",
            Self::IndexPastCap => "index-past-cap",
            Self::InstructionsTooLong => "instructions-too-long",
            Self::NearDuplicate => "near-duplicate",
            Self::NotInIndex => "not-in-index",
            Self::OrphanedAnchor => "orphaned-anchor",
            Self::ProbableSecret => "probable-secret",
            Self::StaleHandoff => "stale-handoff",
            Self::SupersededListed => "superseded-listed",
        }
    }

    /// What to do about it, in one line.
    pub fn advice(self) -> &'static str {
        match self {
            Self::AgentsChainTooLong => {
                "shorten it, or move what concerns one folder into the AGENTS.md there"
            }
            Self::Conflict => "decide which one holds, and strike the other out",
            Self::DanglingLink => "mend the link, or take it out",
            Self::DanglingName => "write that note, mend the name, or take it out",
            Self::DriftedAnchor => "bring the note up to date with the code that it names",
            Self::Duplicate => "keep one of them",
            Self::IndexPastCap => {
                "move the oldest lines into topic files, so that the newest are loaded again"
            }
            Self::InstructionsTooLong => {
                "move what is not always needed into rules with paths, or into other notes"
            }
            Self::NearDuplicate => "read both, and put them together",
            Self::NotInIndex => "add a line for it: - [Title](file.md) - what it is about",
            Self::OrphanedAnchor => "name where that is now, or strike the note out",
            Self::ProbableSecret => {
                "take it out, and change it where it is used: it may be in the history too"
            }
            Self::StaleHandoff => "write a new one (ctxpack handoff), or delete it",
            Self::SupersededListed => {
                "take the line out of the index, or link to what took its place"
            }
        }
    }
}
