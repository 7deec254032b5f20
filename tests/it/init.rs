//! `ctxpack init`: what is written for each agent, that nothing of anybody else's changes, and that it can be taken back.

use crate::common::Place;
use std::collections::BTreeMap;
use std::path::Path;

const AGENTS: [&str; 6] = ["claude", "codex", "gemini", "cursor", "opencode", "aider"];

/// Every file and folder below the root with its text, but for `.git`.
fn tree(place: &Place) -> BTreeMap<String, String> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if path.is_dir() {
                if name != ".git" {
                    found.insert(format!("{name}/"), String::new());
                    walk(root, &path, found);
                }
            } else {
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&place.repo(), &place.repo(), &mut found);
    found
}

#[test]
fn what_is_written_is_shown_first_and_can_be_taken_back() {
    for agent in AGENTS {
        let place = Place::new();
        let before = tree(&place);
        let shown = place.run(&["init", "--agent", agent]);
        assert!(
            shown
                .stderr
                .ends_with(&format!("ctxpack init --agent {agent} --yes\n")),
            "{}",
            shown.stderr
        );
        let shown = shown.good();
        assert!(
            shown.starts_with("--- /dev/null\n+++ b/") && shown.contains("\n@@ -0,0 +1,"),
            "{shown}"
        );
        assert_eq!(tree(&place), before, "{agent}");
        let written = place.run(&["init", "--agent", agent, "--yes"]);
        assert!(written.stderr.starts_with("next: "), "{}", written.stderr);
        // the tests have no PATH
        assert!(
            written.stderr.contains("warning: there is no ctxpack"),
            "{}",
            written.stderr
        );
        assert_eq!(written.good(), shown);
        let after = tree(&place);
        let told: String = after.values().map(String::as_str).collect();
        assert!(
            after.len() > before.len() && told.contains("ctxpack"),
            "{agent}"
        );
        let again = place.run(&["init", "--agent", agent, "--yes"]);
        assert_eq!(again.stderr, "Nothing to do.\n");
        assert!(!again.good().contains("+++"));
        assert_eq!(tree(&place), after, "{agent}");
        place.run(&["init", "--agent", agent, "--undo"]).good();
        assert_eq!(tree(&place), after, "{agent}");
        let taken = place
            .run(&["init", "--agent", agent, "--undo", "-y"])
            .good();
        assert!(taken.contains("\n+++ /dev/null\n"), "{taken}");
        assert_eq!(tree(&place), before, "{agent}");
        assert_eq!(
            place
                .run(&["init", "--agent", agent, "--undo", "-y"])
                .stderr,
            "Nothing of ctxpack is there to take out.\n"
        );
    }
}

#[test]
fn what_people_wrote_stays() {
    let place = Place::new();
    let theirs = [
        (
            ".claude/settings.json",
            "{\n  // ours\n  \"hooks\": {\n    \"UserPromptSubmit\": [{ \"hooks\": [{ \"type\": \"command\", \"command\": \"date\" }] }]\n  },\n  \"model\": \"opus\"\n}\n",
        ),
        (
            ".mcp.json",
            "{ \"mcpServers\": { \"ctxpack\": { \"command\": \"/opt/ctxpack\" } } }\n",
        ),
        (
            ".codex/config.toml",
            "model = \"gpt-5.5\" # best\n\n[mcp_servers.other]\ncommand = \"other\"\n",
        ),
        (".gemini/settings.json", "{\"theme\":\"dark\"}"),
        (".cursor/rules/ctxpack.mdc", "my own rule\n"),
        ("opencode.json", "[]\n"),
        (".aider.conf.yml", "read: [CONVENTIONS.md]\n"),
    ];
    for (path, text) in theirs {
        place.write(path, text);
    }
    for agent in AGENTS.iter().filter(|agent| **agent != "opencode") {
        place.run(&["init", "--agent", agent, "--yes"]).good();
    }
    // of what cannot be changed whole, nothing is
    let ran = place.run(&["init", "--agent", "opencode", "--yes"]);
    assert_eq!(ran.code, Some(2));
    let said = ran.stderr;
    assert!(
        said.contains("opencode.json: holds no JSON object"),
        "{said}"
    );
    let claude = place.read(".claude/settings.json");
    assert!(
        claude.contains("// ours\n")
            && claude.contains("\"command\": \"date\"")
            && claude.contains("\"ctxpack hook claude-code\""),
        "{claude}"
    );
    assert!(place.read(".codex/config.toml").starts_with(theirs[2].1));
    for (path, text) in [theirs[1], theirs[4], theirs[5], theirs[6]] {
        assert_eq!(place.read(path), text, "{path}");
    }
    let ran = place.run(&["init", "--agent", "aider"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (
            Some(0),
            ".aider.conf.yml: has a `read` of its own, and stays as it is; to be added by hand: read: [.ctxpack.md]\n",
            "Nothing is written.\n"
        )
    );
    for agent in AGENTS {
        place
            .run(&["init", "--agent", agent, "--undo", "--yes"])
            .good();
    }
    for (path, text) in theirs {
        // what stood on one line may come back on several
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(bare(&place.read(path)), bare(text), "{path}");
    }
}

#[test]
fn secrets_beside_a_change_are_not_shown() {
    let place = Place::new();
    let secret = crate::memory_commands::secret();
    place.write(".mcp.json", &format!("{{\n  \"mcpServers\": {{\n    \"a\": {{\"command\": \"a\", \"env\": {{\"GH\": \"{secret}\"}}}}\n  }}\n}}\n"));
    let shown = place.run(&["init", "--agent", "claude", "--yes"]).good();
    assert!(
        !shown.contains(&secret) && shown.contains("[REDACTED:"),
        "{shown}"
    );
    assert!(place.read(".mcp.json").contains(&secret));
}

#[test]
fn the_settings_explain_themselves() {
    let place = Place::new();
    place.run(&["init", "--yes"]).good();
    let text = place.read("ctxpack.toml");
    place.run(&["sources"]).good();
    // what is commented out is right as well, one key at a time
    let commented: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .collect();
    let keys: Vec<&&str> = commented
        .iter()
        .filter(|line| line.contains(" = ") || line.starts_with("[["))
        .collect();
    assert!(keys.len() > 8, "{text}");
    place.write("docs/kb/a.md", "a\n");
    place.write("ARCHITECTURE.md", "a\n");
    for key in [
        "budget",
        "model",
        "tokenizer",
        "format",
        "include",
        "exclude",
        "pin",
        "without",
        "secrets",
    ] {
        let line = keys
            .iter()
            .find(|line| line.starts_with(&format!("{key} = ")))
            .unwrap();
        place.write("ctxpack.toml", &format!("{line}\n"));
        let ran = place.run(&["sources"]);
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.stderr);
    }
    let tables: String = commented
        .iter()
        .skip_while(|line| !line.starts_with("[["))
        .filter(|line| line.contains(" = ") || line.starts_with("[["))
        .map(|line| format!("{line}\n"))
        .collect();
    place.write("ctxpack.toml", &tables);
    place.run(&["sources"]).good();
    let there = place.run(&["init"]).good();
    assert_eq!(
        there,
        "ctxpack.toml: is there already, and stays as it is\n"
    );
}

#[cfg(unix)]
#[test]
fn links_out_of_the_repository_are_not_written_through() {
    use std::os::unix::fs::symlink;
    for (link, to, agent) in [
        (".claude", "../home", "claude"),
        (".claude", ".git", "claude"),
        (".mcp.json", "../home/x.json", "claude"),
        ("ctxpack.toml", "../home/no-such-file", ""),
        (".codex", "no-such-folder", "codex"),
    ] {
        let place = Place::new();
        symlink(to, place.repo().join(link)).unwrap();
        let mut args = vec!["init", "--yes"];
        if !agent.is_empty() {
            args.extend(["--agent", agent]);
        }
        let told = place.run(&args).bad();
        assert!(
            told.contains("a link leads out of the repository"),
            "{told}"
        );
        assert_eq!(
            std::fs::read_dir(place.home()).unwrap().count(),
            0,
            "{link}"
        );
    }
    let place = Place::new();
    place.write("settings/settings.json", "{}\n");
    symlink("settings", place.repo().join(".claude")).unwrap();
    place.run(&["init", "--agent", "claude", "--yes"]).good();
    assert!(
        place
            .read("settings/settings.json")
            .contains("ctxpack hook")
    );
    assert!(
        place
            .run(&["init", "--agent", "nobody"])
            .bad()
            .contains("hint: one of ")
    );
    assert!(
        place
            .run(&["init", "-C", "no/such"])
            .bad()
            .contains("no/such")
    );
    place.write(".mcp.json", "\u{0}");
    std::fs::write(place.repo().join(".mcp.json"), b"\xff\xfe").unwrap();
    assert!(
        place
            .run(&["init", "--agent", "claude", "--yes"])
            .bad()
            .contains("is not UTF-8")
    );
}
