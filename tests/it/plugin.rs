//! The plugin for Claude Code that this repository offers: whole, in step with `ctxpack init`, and naming commands that exist.

use crate::common::Place;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every command line below a value: of a hook, or of a server with its arguments.
fn commands(value: &Value) -> Vec<Vec<String>> {
    let words = |line: &Value| -> Vec<String> {
        let Some(line) = line.as_str() else {
            return line
                .as_array()
                .into_iter()
                .flatten()
                .map(|word| word.as_str().unwrap().to_owned())
                .collect();
        };
        line.split(' ').map(str::to_owned).collect()
    };
    match value {
        Value::Object(object) => {
            let mut found: Vec<Vec<String>> = object.values().flat_map(commands).collect();
            if let Some(command) = object.get("command") {
                let mut line = words(command);
                line.extend(words(object.get("args").unwrap_or(&Value::Null)));
                found.push(line);
            }
            found
        }
        Value::Array(values) => values.iter().flat_map(commands).collect(),
        _ => Vec::new(),
    }
}

/// The command is there, and so is each of its flags.
#[track_caller]
fn check(place: &Place, words: &[&str]) {
    assert_eq!(words[0], "ctxpack", "{words:?}");
    let name = words.get(1).filter(|word| !word.starts_with('-'));
    let mut args: Vec<&str> = name.into_iter().copied().collect();
    args.push("--help");
    let help = place.run(&args).good();
    if let Some(name) = name {
        assert!(
            help.contains(&format!("Usage: ctxpack {name}")),
            "{words:?}"
        );
    }
    let known: BTreeSet<&str> = help
        .split(|c: char| c.is_whitespace() || c == ',')
        .collect();
    for flag in words.iter().filter(|word| word.starts_with('-')) {
        assert!(known.contains(flag), "{words:?}: no {flag}");
    }
}

#[test]
fn the_plugin_is_whole() {
    let market = json(".claude-plugin/marketplace.json");
    let plugin = &market["plugins"][0];
    assert_eq!(
        (&market["name"], &plugin["name"], &plugin["source"]),
        (&"ctxpack".into(), &"ctxpack".into(), &"./plugin".into())
    );
    assert!(market["owner"]["name"].is_string());
    let about = json("plugin/.claude-plugin/plugin.json");
    assert_eq!(about["name"], "ctxpack");
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn the_plugin_does_what_init_does() {
    let place = Place::new();
    place.run(&["init", "--agent", "claude", "--yes"]).good();
    let written = |path: &str| -> Value { serde_json::from_str(&place.read(path)).unwrap() };
    assert_eq!(
        json("plugin/hooks/hooks.json"),
        written(".claude/settings.json")
    );
    assert_eq!(json("plugin/.mcp.json"), written(".mcp.json"));
}

#[test]
fn hosts_are_given_commands_that_exist() {
    let place = Place::new();
    let mut n_found = 0;
    for agent in ["claude", "codex", "gemini", "cursor", "opencode"] {
        place.run(&["init", "--agent", agent, "--yes"]).good();
    }
    for path in [
        ".claude/settings.json",
        ".mcp.json",
        ".codex/hooks.json",
        ".gemini/settings.json",
        ".cursor/mcp.json",
        "opencode.json",
    ] {
        let value: Value = serde_json::from_str(&place.read(path)).unwrap();
        for line in commands(&value) {
            let words: Vec<&str> = line.iter().map(String::as_str).collect();
            check(&place, &words);
            if words[1] == "hook" {
                // the agent is one that the command knows: the call is empty, and that is all that it complains of
                assert_eq!(
                    place.run(&words[1..]).stderr,
                    "ctxpack: nothing said: stdin is empty\n"
                );
            }
            n_found += 1;
        }
    }
    assert!(n_found >= 10, "{n_found}");
    let codex: toml::Value = toml::from_str(&place.read(".codex/config.toml")).unwrap();
    assert_eq!(
        codex["mcp_servers"]["ctxpack"]["command"].as_str(),
        Some("ctxpack")
    );
}

#[test]
fn the_skill_names_commands_that_exist() {
    let place = Place::new();
    let skill = read("plugin/skills/ctxpack/SKILL.md");
    let (head, body) = skill
        .strip_prefix("---\n")
        .unwrap()
        .split_once("\n---\n")
        .unwrap();
    let value = |key: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(key))
            .unwrap()
            .trim()
    };
    assert_eq!(value("name:"), "ctxpack");
    assert!(value("description:").len() <= 1_024 && !value("description:").contains(": "));
    assert_eq!(value("allowed-tools:"), "Bash(ctxpack *)");
    let lines: Vec<&str> = body
        .lines()
        .filter(|line| line.starts_with("ctxpack "))
        .collect();
    assert!(lines.len() >= 10);
    for line in lines {
        let line = line.split("  ").next().unwrap();
        let quoted = |(at, part): (usize, &str)| {
            if at % 2 == 1 {
                "TEXT".to_owned()
            } else {
                part.to_owned()
            }
        };
        let line: String = line.split('\'').enumerate().map(quoted).collect();
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        check(&place, &words);
    }
}
