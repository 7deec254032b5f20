//! The running notes that Claude Code keeps of a session: `<uuid>/session-memory/summary.md` beside its transcript.

use crate::source::{stores, watch};
use std::path::Path;

/// The most bytes of such a file that are read; it is kept to about 12,000 tokens by its writer.
const MAX_BYTES: u64 = 1 << 20;

/// What the notes hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// Their title, if they have one.
    pub title: Option<String>,
    /// Sections with something in them, without the instructions to the writer; or empty.
    pub text: String,
}

/// The notes of the session whose transcript is given; empty if there are none.
pub(super) fn read(transcript: &Path) -> Written {
    let mut folder = transcript.with_extension("");
    for name in ["", "session-memory"] {
        if !name.is_empty() {
            folder.push(name);
        }
        if !watch::is_folder(&folder) {
            return Written::default();
        }
    }
    match stores::read_text(&folder.join("summary.md"), MAX_BYTES) {
        Ok((text, _)) => parse(&text),
        Err(_) => Written::default(),
    }
}

fn parse(text: &str) -> Written {
    let mut written = Written::default();
    let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        let line = line.trim_end();
        if let Some(title) = line.strip_prefix("# ") {
            sections.push((title.trim(), Vec::new()));
        } else if let Some((_, body)) = sections.last_mut() {
            let is_instruction = line.len() > 2 && line.starts_with('_') && line.ends_with('_');
            if !(is_instruction && body.iter().all(|line| line.is_empty())) {
                body.push(line);
            }
        }
    }
    for (title, body) in sections {
        let body = body.join("\n");
        let body = body.trim();
        if body.is_empty() {
            continue;
        }
        if title == "Session Title" {
            written.title = Some(body.to_owned());
        } else {
            written.text.push_str(&format!("# {title}\n{body}\n\n"));
        }
    }
    written.text.truncate(written.text.trim_end().len());
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_and_empty_sections_go() {
        let written = parse(
            "# Session Title\n_A short title_\n\nDouble charge\n\n# Current State\n_What now?_\n\nHalf done.\n_really_\n\n# Worklog\n_Step by step_\n",
        );
        assert_eq!(written.title.as_deref(), Some("Double charge"));
        assert_eq!(written.text, "# Current State\nHalf done.\n_really_");
        assert_eq!(parse(""), Written::default());
    }
}
