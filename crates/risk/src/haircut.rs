//! Haircut schedule to weighted value.

use crate::prices::worth_at;
use domain::rulebook::AssetRules;
use domain::{Quote, Ratio, Rounding, Value, Weighted};

/// What a non-negative holding counts as collateral: each part of it inside a tier at that tier's
/// haircut, rounded down once per tier. `holding` is in the asset at 1e-16, `price` its index price,
/// `worth` what all of it comes to.
///
/// Worked (Bybit's BTC tiers .98 to 10, .95 to 20): 15 BTC at 1 count 10 * .98 + 5 * .95 = 14.55.
#[must_use]
#[inline]
pub fn weigh_holding(rules: &AssetRules, holding: Quote, price: i128, worth: Value) -> Weighted {
    if let [tier] = rules.haircuts.as_slice() {
        return tier.haircut.weigh_rest(worth);
    }
    let mut total = Weighted::ZERO;
    weigh_parts(rules, holding, price, worth, |_, _, _, counted| total += counted);
    total
}

/// As [`weigh_holding`], tier by tier: `see` hears the part of the holding inside each tier, its
/// worth, the tier's haircut and what of it counts.
#[inline]
pub fn weigh_parts(
    rules: &AssetRules,
    holding: Quote,
    price: i128,
    worth: Value,
    mut see: impl FnMut(Quote, Value, Ratio, Weighted),
) {
    if let [tier] = rules.haircuts.as_slice() {
        see(holding, worth, tier.haircut, tier.haircut.weigh_rest(worth));
        return;
    }
    let scale = rules.scale();
    let mut below = 0;
    for tier in &rules.haircuts {
        let bound = tier.up_to.map_or(holding.units(), |up_to| up_to.units() * scale);
        let top = holding.units().min(bound);
        if top > below {
            let inside = Quote::new(top - below);
            let part = worth_of(inside, price, scale);
            see(inside, part, tier.haircut, tier.haircut.weigh_rest(part));
            below = top;
        }
    }
}

#[inline]
fn worth_of(holding: Quote, price: i128, scale: i128) -> Value {
    if price == scale {
        Value::new(holding.units())
    } else {
        worth_at(holding, price, scale, Rounding::Down)
    }
}
