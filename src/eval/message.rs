//! A commit's message as a task: what a person would have asked for, without what tools add to it.
//!
//! Dropped: trailers (`Signed-off-by: ...`, `Co-authored-by: ...`, `Change-Id: ...` and others of that shape that are known),
//! numbers of pull requests behind the subject, lines that do no more than name an issue, notes of cherry-picks. What
//! is left is the message as it was written.

/// Keys of trailers that only tools and reviewers write, in lower case. What looks like one and is not known may be prose:
/// `Note: the cache stays`.
const TRAILERS: &[&str] = &[
    "acked-by",
    "approved-by",
    "cc",
    "change-id",
    "co-authored-by",
    "co-developed-by",
    "cq-include-trybots",
    "differential revision",
    "git-svn-id",
    "helped-by",
    "original-commit",
    "pr-url",
    "pull request resolved",
    "reported-by",
    "reviewed-by",
    "reviewed-on",
    "signed-off-by",
    "suggested-by",
    "tested-by",
];

/// Keys that people write prose behind as well.
const SPOKEN: &[&str] = &[
    "bug",
    "changelog",
    "closes",
    "fixes",
    "issue",
    "link",
    "refs",
    "resolves",
    "type",
];

/// Words that a task has at least.
const MIN_WORDS: usize = 4;

/// The task that `message` makes, or why it makes none.
///
/// # Errors
/// Why the commit is not suitable, as a plural noun phrase.
pub fn task(message: &str) -> Result<String, &'static str> {
    let lines: Vec<&str> = message.lines().map(str::trim_end).collect();
    let subject = without_number(lines.first().copied().unwrap_or_default());
    if is_revert(subject, message) {
        return Err("reverts");
    }
    if is_mechanical(subject) {
        return Err("releases and other mechanical changes");
    }
    let mut kept: Vec<&str> = vec![subject];
    for line in lines.iter().skip(1).copied() {
        let is_blank = line.trim().is_empty();
        let after_blank = kept.last().is_some_and(|last| last.is_empty());
        if !(is_noise(line) || is_blank && after_blank) {
            kept.push(if is_blank { "" } else { line });
        }
    }
    let task = kept.join("\n").trim().to_owned();
    let n_words = task
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphabetic))
        .count();
    if n_words < MIN_WORDS {
        return Err("messages too short to be a task");
    }
    Ok(task)
}

/// `subject` without `(#123)` behind it.
fn without_number(subject: &str) -> &str {
    let mut subject = subject.trim();
    while let Some((before, number)) = subject
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once('('))
        && is_reference(number)
    {
        subject = before.trim_end();
    }
    subject
}

/// `#123`, `GH-123`, `owner/name#123`, or the address of an issue.
fn is_reference(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['.', ',', ';']);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (name, number) = text.rsplit_once(['#', '-', '!']).unwrap_or(("x y", ""));
    let is_name = |name: &str| {
        name.eq_ignore_ascii_case("gh")
            || name.is_empty()
            || name.contains('/') && !name.contains(char::is_whitespace)
    };
    (digits(number) && is_name(name))
        || text.starts_with("https://") && !text.contains(char::is_whitespace)
}

fn is_noise(line: &str) -> bool {
    let line = line.trim();
    let lower = line.to_lowercase();
    if lower.starts_with("(cherry picked from commit") || lower.starts_with("git-svn-id:") {
        return true;
    }
    if let Some((key, value)) = lower.split_once(": ") {
        // `Fixes: the cache` is prose; `Fixes: #12`, `Type: bug` and `Fixes: 3a4b5c6 ("...")` are not
        let is_short = || value.split_whitespace().count() < 2 || is_commit(value);
        if TRAILERS.contains(&key) || SPOKEN.contains(&key) && is_short() {
            return true;
        }
    }
    let bare = lower
        .trim_start_matches(['-', '*', ' '])
        .trim_end_matches('.');
    let rest = ["close", "fix", "resolve", "ref", "see", "part of", "relate"]
        .iter()
        .find_map(|verb| bare.strip_prefix(verb))
        .map(|rest| rest.trim_start_matches(['d', 's', 'e', ':']).trim());
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .split([' ', ','])
                .filter(|part| !part.is_empty() && *part != "and")
                .all(is_reference)
    }) || is_reference(bare)
}

/// Whether the text begins with the id of a commit.
fn is_commit(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.len() >= 7 && word.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_revert(subject: &str, message: &str) -> bool {
    let lower = subject.to_lowercase();
    lower.starts_with("revert ")
        || lower.starts_with("revert:")
        || lower.starts_with("revert(")
        || lower.starts_with("reapply ")
        || message.contains("This reverts commit")
}

/// Version bumps, releases, updates of dependencies, runs of formatters: there is nothing to look for.
fn is_mechanical(subject: &str) -> bool {
    let lower = subject.to_lowercase();
    // `chore(deps): update x` -> (`chore`, `deps`, `update x`)
    let (kind, rest) = match lower.split_once(':') {
        Some((kind, rest)) if !kind.contains(' ') => (kind, rest.trim()),
        _ => ("", lower.as_str()),
    };
    let (kind, scope) = kind.split_once('(').unwrap_or((kind, ""));
    if kind == "release"
        || scope.starts_with("deps")
        || scope.starts_with("release")
        || kind == "deps"
    {
        return true;
    }
    let words: Vec<&str> = rest
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .collect();
    let is_version = |word: &str| {
        let word = word.trim_start_matches(['v', '=', '"', '`']);
        word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.')
    };
    let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
    let begins = |names: &[&str]| words.first().is_some_and(|word| names.contains(word));
    let has_version = words.iter().any(|word| is_version(word));
    has_version
        && (words.len() <= 3
            || begins(&["bump", "release", "prepare", "version", "update", "upgrade"]))
        || begins(&["bump", "release", "bumped", "bumping"])
        || begins(&["prepare", "preparing", "cut", "tag"]) && has(&["release", "version"])
        || begins(&["update", "upgrade", "bump"])
            && has(&[
                "dependencies",
                "deps",
                "dependency",
                "lockfile",
                "changelog",
                "copyright",
            ])
        || begins(&[
            "run", "apply", "cargo", "gofmt", "rustfmt", "black", "prettier", "reformat", "format",
        ]) && (words.len() <= 2
            || has(&[
                "rustfmt",
                "fmt",
                "gofmt",
                "prettier",
                "black",
                "formatter",
                "clang-format",
            ]))
        || kind == "style" && has(&["format", "fmt", "formatting", "prettier", "lint"])
        || begins(&["merge"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: &str) {
        assert_eq!(task(message).as_deref(), Ok(expected), "{message:?}");
    }

    #[track_caller]
    fn check_none(message: &str, why: &str) {
        assert_eq!(task(message), Err(why), "{message:?}");
    }

    #[test]
    fn what_was_asked_stays() {
        check(
            "fix the retry of the client (#123)\n\nIt waits too long.\n",
            "fix the retry of the client\n\nIt waits too long.",
        );
        check(
            "fix the retry of the client\n\nNote: the cache stays\nFixes: the time that is waited",
            "fix the retry of the client\n\nNote: the cache stays\nFixes: the time that is waited",
        );
        check("cut the tail of long logs", "cut the tail of long logs");
        check(
            "feat: format dates in the user's zone",
            "feat: format dates in the user's zone",
        );
        check("handle (a) and (b) alike", "handle (a) and (b) alike");
    }

    #[test]
    fn what_tools_add_goes() {
        for noise in [
            "Signed-off-by: A <a@example.org>",
            "Co-authored-by: A <a@example.org>",
            "Change-Id: I0123456789",
            "Fixes #12",
            "Closes #12, #13 and #14.",
            "fixes owner/name#12",
            "Fixes: #12",
            "Fixes: #12, #13",
            "Fixes: 3a4b5c6 (\"wait at most a minute\")",
            "Type: bug",
            "Link: https://example.org/12",
            "See https://example.org/issues/12",
            "(cherry picked from commit 0123456)",
            "PR-URL: https://example.org/12",
            "#12",
        ] {
            check(
                &format!("fix the slow retry\n\nIt waits.\n\n{noise}\n"),
                "fix the slow retry\n\nIt waits.",
            );
        }
        check("fix the slow retry (#1) (GH-2)", "fix the slow retry");
    }

    #[test]
    fn some_messages_are_no_task() {
        let mechanical = "releases and other mechanical changes";
        for subject in [
            "v1.2.3",
            "1.2.3",
            "release: v5.1.0",
            "Release 1.2.3 of the library",
            "Bump serde from 1.0.1 to 1.0.2",
            "chore(deps): update all non-major dependencies",
            "Prepare for the next release",
            "update dependencies of the website",
            "cargo fmt",
            "run prettier over all files",
            "style: format all of the code",
        ] {
            check_none(subject, mechanical);
        }
        check_none("Revert \"fix the retry of it\"", "reverts");
        check_none("undo it all again\n\nThis reverts commit 0123.", "reverts");
        check_none("ignore-0.4.23", "messages too short to be a task");
        check_none("fix typo", "messages too short to be a task");
        check_none("", "messages too short to be a task");
    }
}
