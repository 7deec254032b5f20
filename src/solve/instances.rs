//! Made-up problems of known kinds, for the tests and the benches alike: plain numbers, the same on every machine.

/// How costs and values hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Not at all: easy.
    Uncorrelated,
    /// Values near the costs.
    Weak,
    /// Values a constant above the costs: hard, because all options are about equally efficient.
    Strong,
    /// Values equal to the costs: the relaxation says nothing beyond the budget.
    SubsetSum,
    /// As renderings are: log-normal sizes, values that rise ever more slowly with the tokens shown.
    Context,
}

/// All kinds.
#[allow(dead_code, reason = "the benches use some of them by name")]
pub const KINDS: [Kind; 5] = [
    Kind::Uncorrelated,
    Kind::Weak,
    Kind::Strong,
    Kind::SubsetSum,
    Kind::Context,
];

/// SplitMix64: enough for tests, and no dependency.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to less than 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From 1 to `most`.
    fn upto(&mut self, most: u32) -> u32 {
        1 + (self.next() % u64::from(most)) as u32
    }

    /// About normal, mean 0 and deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// `n_menus` menus of `n_options` (cost, value) each; costs up to about `scale`.
pub fn menus(
    kind: Kind,
    n_menus: usize,
    n_options: usize,
    scale: u32,
    seed: u64,
) -> Vec<Vec<(u32, f64)>> {
    let mut dice = Dice(seed);
    (0..n_menus)
        .map(|_| menu(kind, n_options, scale, &mut dice))
        .collect()
}

fn menu(kind: Kind, n_options: usize, scale: u32, dice: &mut Dice) -> Vec<(u32, f64)> {
    if kind == Kind::Context {
        return context_menu(n_options, scale, dice);
    }
    let spread = (scale / 10).max(1);
    (0..n_options)
        .map(|_| {
            let cost = dice.upto(scale);
            let value = match kind {
                Kind::Uncorrelated => dice.upto(scale),
                Kind::Weak => (cost + dice.upto(2 * spread)).saturating_sub(spread),
                Kind::Strong => cost + spread,
                Kind::SubsetSum | Kind::Context => cost,
            };
            (cost, f64::from(value))
        })
        .collect()
}

fn context_menu(n_options: usize, scale: u32, dice: &mut Dice) -> Vec<(u32, f64)> {
    let full = f64::from(scale) * (1.2 * dice.normal()).exp();
    let relevance = dice.unit().powi(4);
    let mut share = 1.0;
    (0..n_options)
        .map(|_| {
            let cost = (full * share).clamp(1.0, 1e6).round();
            let value = relevance * cost.powf(0.6) * (0.8 + 0.2 * dice.unit());
            share *= 0.2 + 0.4 * dice.unit();
            (cost as u32, value)
        })
        .collect()
}
