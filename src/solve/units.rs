//! Values as whole numbers, so that sums, comparisons and proofs are exact and independent of order.
//!
//! Floating-point sums lost: they depend on the order of the menus, and a bound that is off by one rounding either
//! proves something false or never closes.

use super::problem::{Menu, Problem};

/// The most bits of one value: then every difference of two values is exact as `f64` too, and so efficiencies that
/// are divided in `f64` are rounded monotonically.
const VALUE_BITS: i32 = 52;
/// The most bits of a sum of one value per menu; leaves room for signs in `i64`.
const SUM_BITS: i32 = 61;

/// The unit in which values are counted: 2^-shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit {
    shift: i32,
    /// Their product is 2^shift, which itself may lie out of range.
    factors: [f64; 2],
}

impl Unit {
    /// The finest unit for the options that can be taken at all: cost at most `room`, menu not pinned.
    pub fn of(problem: &Problem, room: u64) -> Self {
        let greatest = problem
            .menus
            .iter()
            .filter(|menu| menu.pinned_choice().is_none())
            .flat_map(|menu: &Menu| &menu.options)
            .filter(|choice| u64::from(choice.cost) <= room)
            .map(|choice| choice.worth())
            .fold(0.0, f64::max);
        let menu_bits = (usize::BITS - problem.menus.len().leading_zeros()) as i32;
        let bits = VALUE_BITS.min(SUM_BITS - menu_bits);
        Self::shifted(bits - exponent(greatest))
    }

    /// A coarser unit: 2^`bits` of these.
    pub fn coarser(self, bits: u32) -> Self {
        Self::shifted(self.shift - bits as i32)
    }

    fn shifted(shift: i32) -> Self {
        let half = shift / 2;
        Self {
            shift,
            factors: [half, shift - half].map(|power| 2f64.powi(power)),
        }
    }

    /// `worth` in whole units, rounded to the nearest, and whether nothing was lost.
    pub fn count(self, worth: f64) -> (u64, bool) {
        let scaled = worth * self.factors[0] * self.factors[1];
        let units = (scaled + 0.5) as u64;
        (units, units as f64 == scaled)
    }

    /// The value of so many units; finite.
    pub fn value(self, units: f64) -> f64 {
        (units / self.factors[0] / self.factors[1]).min(f64::MAX)
    }
}

/// The least `e` with `value` < 2^e (for values too small to be normal, that of the smallest normal number).
fn exponent(value: f64) -> i32 {
    ((value.to_bits() >> 52) & 0x7ff) as i32 - 1022
}

#[cfg(test)]
mod tests {
    use super::super::problem::Choice;
    use super::*;

    /// `exact`: whether nothing may be lost.
    fn check(values: &[f64], exact: bool) {
        let options = |&value| Choice { cost: 1, value };
        let menus = values
            .iter()
            .map(|value| Menu {
                options: vec![options(value)],
                pinned: None,
            })
            .collect();
        let unit = Unit::of(&Problem { menus, budget: 1 }, 1);
        let greatest = values.iter().copied().fold(0.0, f64::max);
        for &value in values {
            let (units, lossless) = unit.count(value);
            assert!(units <= 1 << VALUE_BITS, "{value} is {units} units");
            let back = unit.value(units as f64);
            assert!(
                (back - value).abs() <= greatest * 2f64.powi(-48),
                "{value} became {back}"
            );
            assert_eq!(lossless, exact, "{value}");
            assert!(!exact || back == value, "{value} became {back}");
        }
    }

    #[test]
    fn whole_numbers_are_kept() {
        check(&[0.0, 1.0, 2.0, 3.0, 1e9], true);
    }

    #[test]
    fn the_last_bits_of_small_fractions_go() {
        check(&[1.0 / 3.0, 1.0 / 7.0], false);
    }

    #[test]
    fn extremes_are_kept() {
        check(&[2f64.powi(1023), 3.0 * 2f64.powi(1000)], true);
        check(&[f64::MAX], false);
        check(&[f64::MIN_POSITIVE, f64::MIN_POSITIVE / 2.0], true);
        check(&[5e-324, 0.0], true);
    }
}
