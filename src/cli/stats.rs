//! `--stats` and `--timings`: short tables on stderr, and the numbers that the summary shares with them.

use crate::cli::style::{Style, duration, left, number, percent, right};
use crate::cli::{budget, outlook};
use ctxpack::Packed;
use ctxpack::request::{Budget, Kind, Request};
use ctxpack::sticky::Shared;
use std::time::Duration;

/// Items and tokens of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The kind, in the plural.
    pub name: &'static str,
    /// Items of it.
    pub n_items: usize,
    /// Their tokens, framing included.
    pub tokens: usize,
}

/// What each kind takes: files, notes, sessions, in this order, also where it is nothing.
pub fn shares(packed: &Packed) -> [Share; 3] {
    let share = |kind: Kind, name| {
        let items = packed
            .bundle
            .account
            .items
            .iter()
            .filter(|item| item.kind == kind);
        let (n_items, tokens) = items.fold((0, 0), |(n, sum), item| (n + 1, sum + item.tokens));
        Share {
            name,
            n_items,
            tokens,
        }
    };
    [
        share(Kind::File, "files"),
        share(Kind::Note, "notes"),
        share(Kind::Session, "sessions"),
    ]
}

/// How much of the budget is used, how much there is, and in what unit: that of the budget.
pub fn used(packed: &Packed, request: &Request) -> (usize, usize, &'static str) {
    let (most, unit) = budget::parts(request.budget);
    let used = match request.budget {
        Budget::Tokens(_) => packed.bundle.tokens,
        Budget::Characters(_) => packed.bundle.text.chars().count(),
        Budget::Bytes(_) => packed.bundle.text.len(),
    };
    (used, most, unit)
}

/// How far the choice can be from the best one: `(bound - value) / bound`, 0 where nothing is worth anything.
pub fn gap(packed: &Packed) -> f64 {
    let proof = packed.bundle.account.proof;
    if proof.exact || proof.bound <= 0.0 {
        return 0.0;
    }
    ((proof.bound - proof.value) / proof.bound).clamp(0.0, 1.0)
}

/// The table of `--stats`.
///
/// `shared` is what the bundle before began with as well.
pub fn table(
    packed: &Packed,
    request: &Request,
    shared: Option<Shared>,
    total: Duration,
    style: Style,
) -> String {
    let mut out = String::new();
    let mut row = |name: &str, items: &str, tokens: &str, share: &str| {
        out.push_str(&format!(
            "{}{}{}{}\n",
            left(name, 10),
            right(items, 8),
            right(tokens, 12),
            right(share, 8)
        ));
    };
    let tokens = packed.bundle.tokens;
    row("", "items", "tokens", "share");
    let shares = shares(packed);
    for share in shares {
        row(
            share.name,
            &number(share.n_items),
            &number(share.tokens),
            &percent(share.tokens, tokens),
        );
    }
    let items: usize = shares.iter().map(|share| share.n_items).sum();
    let framing = tokens.saturating_sub(shares.iter().map(|share| share.tokens).sum());
    row("frame", "", &number(framing), &percent(framing, tokens));
    row("total", &number(items), &number(tokens), "100%");
    let (used, most, unit) = used(packed, request);
    let (used, share) = (number(used), percent(used, most));
    out.push_str(&format!(
        "budget    {used} of {} {unit}, {share}; {} left out\n",
        number(most),
        number(packed.bundle.account.omitted.len())
    ));
    if let Some(shared) = shared {
        let (n, plural) = (shared.n_items, if shared.n_items == 1 { "" } else { "s" });
        out.push_str(&format!(
            "prefix    {} tokens in {n} item{plural} as in the bundle before, {}\n",
            number(shared.tokens),
            percent(shared.tokens, tokens)
        ));
    }
    let proof = packed.bundle.account.proof;
    let proven = if proof.exact {
        "the best selection, proven".to_owned()
    } else {
        format!(
            "at most {:.1}, so within {:.2}% of the best selection",
            proof.bound,
            gap(packed) * 100.0
        )
    };
    out.push_str(&format!("value     {:.1}, {proven}\n", proof.value));
    if let Some(chance) = &packed.chance {
        out.push_str(&format!(
            "chance    {} that the place to change is in, {} that its file is\n",
            outlook::probability(chance.place),
            outlook::probability(chance.file)
        ));
    }
    let price = outlook::price(proof.price, request.budget);
    out.push_str(&format!("price     {price}\n"));
    for (idx, upgrade) in packed.bundle.account.next.iter().enumerate() {
        let lead = if idx == 0 { "next" } else { "" };
        out.push_str(&format!(
            "{}{}\n",
            left(lead, 10),
            outlook::upgrade(upgrade)
        ));
    }
    let stages: Vec<String> = packed
        .timings
        .iter()
        .map(|(stage, time)| format!("{stage} {}", duration(*time)))
        .collect();
    out.push_str(&format!(
        "time      {}: {}\n",
        duration(total),
        stages.join(", ")
    ));
    style.dim(out.trim_end()) + "\n"
}

/// The table of `--timings`: each stage, and its share.
pub fn timings(packed: &Packed, total: Duration) -> String {
    let mut out = String::new();
    let mut row = |name: &str, time: Duration| {
        let milliseconds = format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        let microseconds = |time: Duration| usize::try_from(time.as_micros()).unwrap_or(usize::MAX);
        let share = percent(microseconds(time), microseconds(total));
        out.push_str(&format!(
            "{}{}{}\n",
            left(name, 10),
            right(&milliseconds, 14),
            right(&share, 6)
        ));
    };
    let mut rest = total;
    for (stage, time) in &packed.timings {
        row(stage, *time);
        rest = rest.saturating_sub(*time);
    }
    row("other", rest);
    row("total", total);
    out
}
