//! `ctxpack curve`: more budget, more chance; as a table, JSON and a picture.

use crate::common::Place;
use serde_json::Value;
use std::fmt::Write;

/// A repository of some thousand tokens, in which one function is meant.
fn place() -> Place {
    let place = Place::new();
    for (file_idx, word) in ["parse", "render", "store", "send", "retry", "merge"]
        .iter()
        .enumerate()
    {
        let mut text = String::new();
        for function_idx in 0..12 {
            let _ = write!(
                text,
                "/// Does {word} number {function_idx} of a batch.\npub fn {word}_{function_idx}(batch: &[u64]) -> u64 {{\n    \
                 let {word}_total: u64 = batch.iter().skip({function_idx}).sum();\n    \
                 {word}_total * {file_idx} + {function_idx}\n}}\n\n"
            );
        }
        place.write(&format!("src/{word}.rs"), &text);
    }
    place
}

const TASK: [&str; 3] = ["curve", "-t", "retry_7 skips the first items of a batch"];

fn json(place: &Place, args: &[&str]) -> Value {
    let args = [&TASK[..], &["--json"], args].concat();
    serde_json::from_str(&place.run(&args).good()).unwrap()
}

#[test]
fn more_budget_holds_more() {
    let place = place();
    let curve = json(&place, &["--budgets", "300,600,1k,2k,4k,8k,16k"]);
    let points = curve["points"].as_array().unwrap();
    let chances: Vec<f64> = points
        .iter()
        .map(|point| point["chance"]["place"].as_f64().unwrap())
        .collect();
    assert!(
        chances.iter().all(|p| (0.0..=1.0).contains(p)),
        "{chances:?}"
    );
    // the solver adds up values, of which the chance is a part: it may fall a little where they rise
    assert!(
        chances.windows(2).all(|pair| pair[1] >= pair[0] - 0.02),
        "{chances:?}"
    );
    let last = points.last().unwrap();
    assert!(chances.len() > 2 && chances[0] < 0.9, "{chances:?}");
    // everything is in, and there the curve ends
    assert_eq!(last["price"], 0.0);
    assert!(last["budget"].as_u64().unwrap() < 16_000, "{last}");
    assert!(last["chance"]["place"].as_f64().unwrap() > 0.999, "{last}");
    assert!(last["chance"]["file"].as_f64().unwrap() > 0.99, "{last}");
    for point in points {
        assert!(
            point["tokens"].as_u64() <= point["budget"].as_u64(),
            "{point}"
        );
    }
}

#[test]
fn a_run_says_the_same_of_its_own_budget() {
    let place = place();
    let manifest = |budget: &str| -> Value {
        let task = TASK[2];
        let ran = place.run(&["-b", budget, "-t", task, "--manifest", "m.json"]);
        ran.good();
        serde_json::from_str(&place.read("m.json")).unwrap()
    };
    let curve = json(&place, &["-b", "1k", "--budgets", "1k,2k"]);
    for (point, budget) in curve["points"].as_array().unwrap().iter().zip(["1k", "2k"]) {
        let manifest = manifest(budget);
        assert_eq!(manifest["chance"], point["chance"]);
        assert_eq!(manifest["solver"]["price"], point["price"]);
        let next = manifest["next"].as_array().unwrap();
        assert!(!next.is_empty() && next.iter().all(|step| step["cost"].as_u64() > Some(0)));
    }
}

#[test]
fn a_pipe_gets_a_table_and_a_file_the_picture() {
    let place = place();
    let run = |more: &[&str]| place.run(&[&TASK[..], more].concat());
    let table = run(&["--svg", "curve.svg"]).good();
    assert!(
        table.contains("points per 1,000") && !table.contains('┤'),
        "{table}"
    );
    let advice = table.lines().last().unwrap();
    assert!(
        advice.contains("holds the place to change with probability"),
        "{advice}"
    );
    let svg = place.read("curve.svg");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    // the picture of the last run is no candidate of the next one
    assert_eq!(run(&["--svg", "curve.svg"]).good(), table);
}

#[test]
fn other_units_are_shown_in_their_own() {
    let place = place();
    let table = place.run(&[&TASK[..], &["--budgets", "8kB,16kB", "-b", "8kB"]].concat());
    let table = table.good();
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0][0], "bytes");
    assert!(lines[0].ends_with(&["points", "per", "4,000"]), "{table}");
    let used: usize = lines[1][1].replace(',', "").parse().unwrap();
    assert!((4_000..=8_000).contains(&used), "{table}");
    let found = json(&place, &["--budgets", "8kB", "-b", "8kB"]);
    assert_eq!(found["points"][0]["used"], used);
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let place = place();
    let bad = |args: &[&str]| place.run(&[&["curve"], args].concat()).bad();
    assert!(bad(&["--svg", "-"]).contains("goes to a file"));
    assert!(bad(&["--budgets", "1k,2kc"]).contains("2kc: in characters"));
    assert!(bad(&["--budgets", "50%"]).contains("not a share"));
    assert!(bad(&["--budgets", "1"]).contains("budget"));
    assert!(bad(&["--only", "notes"]).contains("no place to change"));
}
