//! What the solver is asked, and what it answers: plain numbers and indexes.

/// One option of a menu.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// Tokens. Zero is allowed.
    pub cost: u32,
    /// Unitless; what is negative or not finite counts as 0.
    pub value: f64,
}

impl Choice {
    /// The value that counts: finite and at least 0.
    pub(super) fn worth(self) -> f64 {
        if self.value.is_finite() {
            self.value.max(0.0)
        } else {
            0.0
        }
    }
}

/// The options of one candidate, in any order; at most one of them is taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Menu {
    /// May be empty, and may hold options that are dominated, equal, free or worthless.
    pub options: Vec<Choice>,
    /// The option that must be taken. An index past the end pins nothing.
    pub pinned: Option<usize>,
}

impl Menu {
    /// The option that must be taken, if there is one.
    pub(super) fn pinned_choice(&self) -> Option<Choice> {
        self.options.get(self.pinned?).copied()
    }
}

/// A multiple-choice knapsack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Problem {
    /// One menu per candidate. Fewer than 2^32 options in all.
    pub menus: Vec<Menu>,
    /// Most tokens that a selection may cost.
    pub budget: u64,
}

impl Problem {
    /// What the budget leaves after the pinned options, but no more than 2^32 tokens a menu, which all menus together
    /// cannot use up: so sums of costs and room stay within `i64`.
    ///
    /// # Errors
    /// [`Overfull`] if it cannot hold them.
    pub(super) fn room(&self) -> Result<u64, Overfull> {
        let needed = self
            .menus
            .iter()
            .filter_map(Menu::pinned_choice)
            .map(|choice| u64::from(choice.cost))
            .sum();
        let left = self.budget.checked_sub(needed).ok_or(Overfull { needed })?;
        Ok(left.min((self.menus.len() as u64) << 32))
    }

    /// The value of the pinned options, added from the smallest up so that the order of the menus does not show.
    pub(super) fn pinned_value(&self) -> f64 {
        let mut values: Vec<f64> = self
            .menus
            .iter()
            .filter_map(Menu::pinned_choice)
            .map(Choice::worth)
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        values.iter().sum()
    }
}

/// At most one option per menu, and what is proven about them.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// For each menu the index of its chosen option as the caller gave it; `None` = left out.
    pub chosen: Vec<Option<usize>>,
    /// Tokens of the chosen options, at most the budget.
    pub cost: u64,
    /// Value of the chosen options. It does not depend on the order of the menus or of their options.
    pub value: f64,
    /// No selection is worth more. Equals `value` when `exact`.
    pub bound: f64,
    /// Whether `value` is proven greatest, to the precision of [`select`](super::select).
    pub exact: bool,
    /// Value that one more token would buy at the margin (the LP multiplier); 0 when everything fits.
    pub price: f64,
}

/// The pinned options alone cost more than the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overfull {
    /// Tokens of the pinned options.
    pub needed: u64,
}
