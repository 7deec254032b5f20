//! What holds of every run, over small random trees, budgets and formats. Through the library, for speed.

use ctxpack::emit::{Account, Bundle};
use ctxpack::request::RenderingName;
use ctxpack::request::{Budget, Format, Request, Task, TaskSource};
use std::collections::BTreeMap;
use std::path::Path;

/// Numbers without a pattern, the same in every run (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `0..n`.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Files by path.
type Files = BTreeMap<String, Vec<u8>>;

const WORDS: &[&str] = &[
    "parse", "retry", "budget", "token", "index", "cache", "error", "score", "render", "select",
    "walk", "merge", "queue", "socket", "timer", "state", "route", "user", "config", "digest",
];

fn files(random: &mut Random) -> Files {
    let mut files = Files::new();
    for _ in 0..1 + random.below(24) {
        let folder = random.of(&["", "src/", "src/deep/", "tests/", "docs/"]);
        let end = random.of(&["rs", "py", "js", "md", "txt", "toml"]);
        let path = format!("{folder}{}_{}.{end}", random.of(WORDS), random.of(WORDS));
        let n_pieces = match random.below(8) {
            0 => 0,
            1 => 60,
            _ => random.below(12),
        };
        let mut text = String::new();
        for _ in 0..n_pieces {
            let (a, b, c) = (*random.of(WORDS), *random.of(WORDS), *random.of(WORDS));
            text += &match *end {
                "rs" => format!(
                    "/// The {c} of a {b}.\npub fn {a}_{b}(n: usize) -> usize {{\n    {b}_{c}(n) + {}\n}}\n\n",
                    random.below(99)
                ),
                "py" => format!(
                    "def {a}_{b}(n):\n    \"\"\"The {c}.\"\"\"\n    return {b}_{c}(n) + {}\n\n",
                    random.below(99)
                ),
                "js" => format!(
                    "export function {a}_{b}(n) {{\n  return {b}_{c}(n) < {} && n > 0;\n}}\n",
                    random.below(99)
                ),
                "md" => format!(
                    "## The {a}\n\nA {b} is what a {c} <b>makes</b> of `{a}_{b}`. Größe: … 7\n\n"
                ),
                "toml" => format!("[{a}.{b}]\n{c} = {}\n\n", random.below(99)),
                _ => format!("{a} {b} {c}\n… {}\n]]>\n```\n", random.below(99)),
            };
        }
        if random.below(4) == 0 {
            text.truncate(text.trim_end().len());
        }
        if random.below(8) == 0 {
            text = text.replace('\n', "\r\n");
        }
        let bytes = match random.below(16) {
            0 => vec![0, 1, 2],
            _ => text.into_bytes(),
        };
        files.insert(path, bytes);
    }
    files
}

/// Writes the files, in this order or the other, and says that they were changed at `time`.
fn tree(files: &Files, forwards: bool, time: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut all: Vec<_> = files.iter().collect();
    if !forwards {
        all.reverse();
    }
    for (nth, (path, bytes)) in all.into_iter().enumerate() {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let changed = std::time::UNIX_EPOCH + std::time::Duration::from_secs(time + nth as u64);
        std::fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(changed)
            .unwrap();
    }
    folder
}

fn request(root: &Path, budget: Budget, format: Format, task: Option<String>) -> Request {
    Request {
        task: task.map(|text| Task {
            source: TaskSource::Flag,
            text,
        }),
        format,
        now: Some(1_700_000_000),
        ..Request::new(root.to_owned(), budget)
    }
}

fn pack(request: &Request) -> Result<Bundle, ctxpack::error::Error> {
    ctxpack::pack(request, &|_, _| {}).map(|packed| packed.bundle)
}

/// A request for random files; the tree must live as long as the request is used.
fn any(random: &mut Random) -> (Files, tempfile::TempDir, Request) {
    let files = files(random);
    let tree = tree(&files, true, 1_600_000_000);
    let n = 100 + (2f64.powf(random.below(60) as f64 / 10.0) * 90.0) as usize;
    let budget = match random.below(6) {
        0 => Budget::Characters(n * 4),
        1 => Budget::Bytes(n * 4),
        _ => Budget::Tokens(n),
    };
    let format = *random.of(&[Format::Xml, Format::Markdown, Format::Json, Format::Plain]);
    let task = (random.below(3) > 0).then(|| {
        format!(
            "mend the {} of {}_{}",
            random.of(WORDS),
            random.of(WORDS),
            random.of(WORDS)
        )
    });
    let request = request(tree.path(), budget, format, task);
    (files, tree, request)
}

/// Runs `law` on random requests that a bundle can be made for.
fn check(seed: u64, n_runs: usize, law: &mut dyn FnMut(usize, &Files, &Request, &Bundle)) {
    let mut random = Random(seed);
    let mut n_packed = 0;
    for run in 0..n_runs {
        let (files, _tree, mut request) = any(&mut random);
        let bundle = match pack(&request) {
            Ok(bundle) => bundle,
            Err(ctxpack::error::Error::BudgetTooSmall { needed, .. }) => {
                request.budget = match request.budget {
                    Budget::Tokens(_) => Budget::Tokens(needed),
                    Budget::Characters(_) => Budget::Characters(needed),
                    Budget::Bytes(_) => Budget::Bytes(needed),
                };
                pack(&request).unwrap_or_else(|e| panic!("run {run}: {e}"))
            }
            Err(e) => panic!("run {run}: {e}"),
        };
        n_packed += usize::from(!bundle.account.items.is_empty());
        law(run, &files, &request, &bundle);
    }
    assert!(
        n_packed > n_runs / 2,
        "only {n_packed} runs packed anything"
    );
}

#[test]
fn the_budget_holds_over_the_exact_bytes() {
    let encoding = tiktoken_rs::o200k_base().unwrap();
    check(1, 80, &mut |run, _, request, bundle| {
        let n_tokens = encoding.encode_ordinary(&bundle.text).len();
        assert_eq!(bundle.tokens, n_tokens, "run {run}");
        let (size, budget) = match request.budget {
            Budget::Tokens(n) => (n_tokens, n),
            Budget::Characters(n) => (bundle.text.chars().count(), n),
            Budget::Bytes(n) => (bundle.text.len(), n),
        };
        assert!(size <= budget, "run {run}: {size} of {budget}");
    });
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    check(2, 40, &mut |run, files, request, bundle| {
        let again = pack(request).unwrap();
        assert_eq!(again.text, bundle.text, "run {run}");
        assert_eq!(
            ctxpack::manifest(&again),
            ctxpack::manifest(bundle),
            "run {run}"
        );
        let other = tree(files, false, 1_500_000_000);
        let elsewhere = Request {
            roots: vec![other.path().to_owned()],
            ..request.clone()
        };
        let elsewhere = pack(&elsewhere).unwrap();
        assert_eq!(elsewhere.text, bundle.text, "run {run}");
        assert_eq!(
            ctxpack::manifest(&elsewhere),
            ctxpack::manifest(bundle),
            "run {run}"
        );
    });
}

#[test]
fn every_candidate_is_in_or_out() {
    check(3, 60, &mut |run, files, _, bundle| {
        let Account { items, omitted, .. } = &bundle.account;
        let mut paths: Vec<&str> = items
            .iter()
            .map(|it| &*it.path)
            .chain(omitted.iter().map(|it| &*it.path))
            .collect();
        paths.sort();
        assert_eq!(paths, files.keys().collect::<Vec<_>>(), "run {run}");
    });
}

#[test]
fn lines_stand_verbatim() {
    check(4, 60, &mut |run, files, request, bundle| {
        for item in &bundle.account.items {
            let text = String::from_utf8(files[&item.path].clone())
                .unwrap()
                .replace("\r\n", "\n");
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let mut last = 0;
            for &(first, until) in &item.lines {
                assert!(
                    last < first && first <= until && until as usize <= lines.len(),
                    "run {run}: {:?}",
                    item.lines
                );
                last = until;
                let shown = lines[first as usize - 1..until as usize].concat();
                assert!(
                    item.text.contains(&shown),
                    "run {run}, {} {first}-{until}",
                    item.path
                );
                if matches!(request.format, Format::Markdown | Format::Plain) {
                    assert!(
                        bundle.text.contains(&shown),
                        "run {run}, {} {first}-{until}",
                        item.path
                    );
                }
            }
            if item.rendering == RenderingName::Full && !lines.is_empty() {
                assert_eq!(
                    item.lines,
                    [(1, lines.len() as u32)],
                    "run {run}, {}",
                    item.path
                );
            }
        }
    });
}

/// Where a twentieth of the budget or more is left (and more than 12 tokens), nothing that is left out would fit in what is
/// left: of an omitted file not even a mention, and of a file shown in part not the rest.
#[test]
fn the_budget_is_used() {
    let mut n_full = 0;
    check(5, 120, &mut |run, files, request, bundle| {
        let Budget::Tokens(budget) = request.budget else {
            return;
        };
        let left = budget - bundle.tokens;
        if left * 20 <= budget || left <= 12 {
            n_full += 1;
            return;
        }
        let cost = |path: &str, rendering: RenderingName| {
            let text = String::from_utf8_lossy(&files[path]).replace("\r\n", "\n");
            let is_full = rendering == RenderingName::Full;
            let n_lines = text.lines().count() as u32;
            let item = ctxpack::emit::Item {
                id: format!("file:{path}"),
                kind: ctxpack::request::Kind::File,
                path: path.to_owned(),
                rendering,
                lines: if is_full {
                    vec![(1, n_lines)]
                } else {
                    Vec::new()
                },
                labels: Vec::new(),
                text: if is_full { text } else { String::new() },
                tokens: 100,
                value: 0.1234,
                relevance: 0.1234,
                recency: 0.1234,
                reasons: vec!["a reason of the usual length, which only JSON shows".to_owned(); 2],
            };
            request
                .tokenizer
                .count(&ctxpack::emit::item(request.format, &item))
        };
        let Account { items, omitted, .. } = &bundle.account;
        for omitted in omitted.iter().filter(|it| it.reason != "binary") {
            let more = cost(&omitted.path, RenderingName::Mention);
            assert!(
                more + 12 > left,
                "run {run}: {left} of {budget} left, a mention of {} takes {more} in {:?}",
                omitted.path,
                request.format
            );
        }
        for item in items {
            let more = cost(&item.path, RenderingName::Full).saturating_sub(item.tokens);
            assert!(
                item.rendering == RenderingName::Full || more + 12 > left,
                "run {run}: {left} of {budget} left, the rest of {} takes {more} in {:?}",
                item.path,
                request.format
            );
        }
    });
    assert!(n_full > 20, "{n_full}");
}

/// Exact to the token this holds of the solver alone: the frame tells more of the task and of what is left out as the budget
/// grows, and the text is counted whole after the choice. A twentieth more, and 24 tokens, outweigh both.
#[test]
fn more_budget_is_never_worse() {
    let mut random = Random(6);
    for run in 0..16 {
        let (_files, _tree, mut request) = any(&mut random);
        let mut values: Vec<(usize, f64)> = Vec::new();
        let mut budget = 60 + random.below(100);
        while budget < 8_000 {
            request.budget = Budget::Tokens(budget);
            if let Ok(bundle) = pack(&request) {
                let value = bundle.account.proof.value;
                for &(smaller, least) in &values {
                    let by_far = smaller + smaller / 20 + 24 <= budget;
                    let least = if by_far { least - 1e-9 } else { least * 0.9 };
                    assert!(
                        value >= least,
                        "run {run}: {value} at {budget}, {least} at {smaller}"
                    );
                }
                values.push((budget, value));
            }
            budget += 1 + random.below(budget / 4);
        }
    }
}
