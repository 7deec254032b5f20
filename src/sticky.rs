//! Keeps what an earlier bundle showed where it stood, so that the next one begins with the same bytes.
//!
//! Who serves a model keeps what it read of a prompt, and takes a tenth of the price for it as long as a later prompt begins with
//! the very same bytes. Bundles for two tasks hardly do: another choice stands in another order. So the first items of the earlier bundle,
//! as many as cost little of what the bundle is worth for the new task, are taken again in their order, each as it was written, and the
//! rest of the budget is spent as ever. What has changed since ends the shared beginning: nothing behind it could be read again.
//!
//! Keeping any item of the earlier bundle, wherever it stood, would not do: one that is missing moves all others. Nor does an order
//! that does not depend on the task: two choices that differ in one of their first items share no more than what stands before it
//! (measured in docs/prompt-cache.md).

use crate::cache::{Bucket, Cache, Key};
use crate::emit::{self, Bundle, Item};
use crate::fit;
use crate::render::{Measure, Rendering, Renderings, Subject};
use crate::request::{RenderingName, Request};
use crate::solve;
use serde::{Deserialize, Serialize};

/// The share of the value for the new task that may be given up for a longer shared beginning.
const LOSS: f64 = 0.05;

/// The share of the budget that is left to what is new.
const LEFT: f64 = 0.25;

/// What stood in a bundle, in its order: enough to tell whether it would be written the same again. It holds no text. By default that
/// is nothing: there was none before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    schema: u32,
    format: String,
    tokenizer: String,
    items: Vec<Shown>,
}

/// An item of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Shown {
    /// Its identity, as in the manifest.
    id: String,
    rendering: String,
    lines: Vec<(u32, u32)>,
    tokens: usize,
    /// What its text, framing included, is known by.
    digest: String,
}

/// Why an item is in that the task alone would not have brought in.
pub(crate) const REASON: &str = "stood at the beginning of the bundle before";

/// The version of [`Earlier`].
const SCHEMA: u32 = 1;

/// What two bundles begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shared {
    /// Items.
    pub n_items: usize,
    /// Their tokens.
    pub tokens: usize,
}

impl Earlier {
    /// What stands in `bundle`.
    pub fn of(bundle: &Bundle) -> Self {
        let shown = |item: &Item| Shown {
            id: item.id.clone(),
            rendering: item.rendering.as_str().to_owned(),
            lines: item.lines.clone(),
            tokens: item.tokens,
            digest: digest(&emit::item(bundle.format, item)),
        };
        Self {
            schema: SCHEMA,
            format: bundle.format.as_str().to_owned(),
            tokenizer: bundle.account.tokenizer.to_owned(),
            items: bundle.account.items.iter().map(shown).collect(),
        }
    }

    /// Reads what [`Earlier::to_text`] wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let earlier: Self = serde_json::from_str(text).ok()?;
        (earlier.schema == SCHEMA).then_some(earlier)
    }

    /// As JSON, an item a line.
    pub fn to_text(&self) -> String {
        let lines = self.items.iter().map(serde_json::to_string);
        let lines: Vec<String> = lines.collect::<Result<_, _>>().unwrap_or_default();
        let word = |text: &str| serde_json::Value::from(text).to_string();
        format!(
            "{{\"schema\":{},\"format\":{},\"tokenizer\":{},\"items\":[\n{}\n]}}\n",
            self.schema,
            word(&self.format),
            word(&self.tokenizer),
            lines.join(",\n")
        )
    }

    /// What the bundle has in common with a later one, from the first item on.
    pub fn shared(&self, later: &Self) -> Shared {
        if (&self.format, &self.tokenizer) != (&later.format, &later.tokenizer) {
            return Shared::default();
        }
        let both = self.items.iter().zip(&later.items);
        let same = both.take_while(|(a, b)| a.digest == b.digest);
        same.fold(Shared::default(), |sum, (item, _)| Shared {
            n_items: sum.n_items + 1,
            tokens: sum.tokens + item.tokens,
        })
    }

    /// The paths of its files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        let ids = self.items.iter().map(|item| item.id.as_str());
        ids.filter_map(|id| id.strip_prefix("file:"))
    }
}

fn digest(text: &str) -> String {
    format!("{:032x}", twox_hash::XxHash3_128::oneshot(text.as_bytes()))
}

/// What the bundle before, of the same roots, shares with this one, which takes its place in `cache`; `None` for the first.
pub fn with_last(cache: &Cache, request: &Request, now: &Earlier) -> Option<Shared> {
    let mut key = Key::new("bundle");
    for root in &request.roots {
        let root = root.canonicalize().unwrap_or_else(|_| root.clone());
        key = key.with(root.as_os_str().as_encoded_bytes());
    }
    let last = cache.get::<Earlier>(Bucket::Bundles, &key);
    cache.put(Bucket::Bundles, &key, now);
    last.map(|(last, _)| last.shared(now))
}

/// Pins to `menus` as much of the beginning of an earlier bundle as is worth it: of each such menu one option is left. Their numbers come
/// back, in the order of the bundle. `id` names the subject of a menu, `make` writes an option.
pub(crate) fn hold(
    earlier: &Earlier,
    menus: &mut [Renderings],
    measure: &Measure<'_>,
    id: &dyn Fn(Subject) -> String,
    make: &dyn Fn(&Renderings, &Rendering) -> Item,
) -> Vec<usize> {
    let is_same_shape =
        earlier.format == measure.format.as_str() && earlier.tokenizer == measure.tokenizer.name();
    if !is_same_shape {
        return Vec::new();
    }
    let ids: rustc_hash::FxHashMap<String, usize> = menus
        .iter()
        .enumerate()
        .map(|(idx, menu)| (id(menu.subject), idx))
        .collect();
    let most = (measure.limit() as f64 * (1.0 - LEFT)) as usize;
    let mut cost = 0;
    let mut held: Vec<(usize, Rendering)> = Vec::new();
    for shown in &earlier.items {
        let found = ids.get(&shown.id).and_then(|&idx| {
            let menu = &menus[idx];
            let mut again = again(menu, shown)?;
            let text = emit::item(measure.format, &make(menu, &again));
            again.cost = measure.text(&text);
            (digest(&text) == shown.digest).then_some((idx, again))
        });
        let Some((idx, again)) = found else { break };
        cost += again.cost;
        if cost > most {
            break;
        }
        held.push((idx, again));
    }
    // what is held costs value, the more the more is held
    let value = |n: usize| {
        let mut problem = fit::problem(menus);
        problem.budget = measure.limit() as u64;
        for (idx, again) in &held[..n] {
            problem.menus[*idx] = solve::Menu {
                options: vec![fit::choice(again)],
                pinned: Some(0),
            };
        }
        solve::select(&problem).map_or(f64::NEG_INFINITY, |selection| selection.value)
    };
    let least = value(0) * (1.0 - LOSS);
    let (mut low, mut high) = (0, held.len());
    while low < high {
        let middle = high - (high - low) / 2;
        match value(middle) >= least {
            true => low = middle,
            false => high = middle - 1,
        }
    }
    held.truncate(low);
    let held = held.into_iter().map(|(idx, again)| {
        menus[idx].options = vec![again];
        menus[idx].pinned = true;
        idx
    });
    held.collect()
}

/// The option that writes a candidate as it was written; worth what is known of it.
fn again(menu: &Renderings, shown: &Shown) -> Option<Rendering> {
    let name = shown.rendering.as_str();
    let mut options = menu.options.iter();
    let known = options.find(|it| it.name.as_str() == name && it.lines == shown.lines);
    let n_lines = menu
        .options
        .iter()
        .flat_map(|it| &it.lines)
        .map(|lines| lines.1)
        .max();
    let mut ends = shown.lines.iter().flat_map(|&(first, last)| [first, last]);
    let is_sound = shown.lines.is_sorted()
        && shown.lines.windows(2).all(|pair| pair[0].1 < pair[1].0)
        && ends.all(|line| line > 0 && Some(line) <= n_lines);
    if known.is_some() || menu.pinned || !is_sound || name != RenderingName::Excerpt.as_str() {
        return known.cloned();
    }
    // another task cuts a file differently: what it would show of these lines is worth as much here
    let is_within = |&(first, last): &(u32, u32)| {
        let mut lines = shown.lines.iter();
        lines.any(|&(from, to)| from <= first && last <= to)
    };
    let within = menu
        .options
        .iter()
        .filter(|it| it.lines.iter().all(is_within));
    Some(Rendering {
        name: RenderingName::Excerpt,
        lines: shown.lines.clone(),
        text: None,
        cost: shown.tokens,
        value: within.map(|it| it.value).fold(0.0, f64::max),
    })
}
