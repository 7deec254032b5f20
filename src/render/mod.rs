//! Renderings: each candidate written at several sizes, with cost and value.

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
