//! The weighted model: each position asks for tiered shares of its notional; nothing offsets.
//!
//! Notional is quantity times mark, in the numeraire, rounded up once where it settles in another
//! asset. Laws: requirements of positions add up; a tier's ratio times notional less its deduction
//! is continuous; a smaller position never asks for more.

use super::{Factor, Requirement};
use crate::envelope::PriceBox;
use crate::portfolio::Portfolio;
use crate::prices::{Prices, worth_at};
use domain::rulebook::{InstrumentRules, RequirementTier};
use domain::{AssetId, Position, Price, Quote, Ratio, Rounding, Value, Weighted};

/// The mark of every position, and the index price of every asset but the numeraire that is held,
/// owed or settled in.
#[inline]
pub(super) fn factors<'a>(
    portfolio: &'a Portfolio<'_>,
    prices: Prices<'a>,
) -> impl Iterator<Item = Factor> + use<'a> {
    let marks = portfolio.positions().map(|position| Factor::Mark(position.instrument));
    let numeraire = prices.rulebook.numeraire;
    let assets = portfolio
        .balances()
        .filter(move |balance| {
            balance.asset != numeraire
                && (balance.amount.units() != 0 || settles_in(portfolio, &prices, balance.asset))
        })
        .map(|balance| Factor::Index(balance.asset));
    marks.chain(assets)
}

fn settles_in(portfolio: &Portfolio<'_>, prices: &Prices<'_>, asset: AssetId) -> bool {
    portfolio
        .positions()
        .any(|position| prices.instrument_rules(position.instrument).settles == asset)
}

/// Sum over positions.
#[inline]
pub(super) fn requirement(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Requirement {
    let mut total = Requirement::default();
    for position in portfolio.positions() {
        total += of_position(&position, prices);
    }
    total
}

/// Requirement of one position at its mark.
#[inline]
pub(super) fn of_position(position: &Position, prices: &Prices<'_>) -> Requirement {
    let rules = prices.instrument_rules(position.instrument);
    let mark = prices.instrument(position.instrument).mark;
    let quote = position.quantity.magnitude().quote(mark);
    let notional = prices.worth(rules.settles, quote, Rounding::Up);
    of_notional(&rules.tiers, notional)
}

#[inline]
fn of_notional(tiers: &[RequirementTier], notional: Value) -> Requirement {
    if let [tier] = tiers {
        return Requirement {
            initial: tier.initial.weigh(notional, Rounding::Up),
            release: tier.release.weigh(notional, Rounding::Up),
            maintenance: tier.maintenance.weigh(notional, Rounding::Up),
        };
    }
    Requirement {
        initial: tiered(tiers, notional, |tier| tier.initial),
        release: tiered(tiers, notional, |tier| tier.release),
        maintenance: tiered(tiers, notional, |tier| tier.maintenance),
    }
}

/// Sum over tiers of the part of notional inside, times the tier's ratio, rounded up per part.
///
/// Worked (Hyperliquid's BTC tiers, 1.25 % to 150M and 2.5 % above): 200M asks for 3,125,000, which
/// is 200M * 2.5 % less the deduction 1,875,000.
#[must_use]
pub fn tiered(
    tiers: &[RequirementTier],
    notional: Value,
    ratio: impl Fn(&RequirementTier) -> Ratio,
) -> Weighted {
    let mut total = Weighted::ZERO;
    let mut below = Value::ZERO;
    for tier in tiers {
        let top = tier.up_to.map_or(notional, |bound| bound.min(notional));
        if top > below {
            total += ratio(tier).weigh(top - below, Rounding::Up);
            below = top;
        }
    }
    total
}

/// Requirement of one position at the highest mark and the highest settlement price of the box.
#[inline]
pub(super) fn ceiling(
    position: &Position,
    prices: &Prices<'_>,
    bounds: &impl PriceBox,
) -> Requirement {
    let rules = prices.instrument_rules(position.instrument);
    let mark = Price::new(bounds.mark_high(position.instrument));
    let quote = position.quantity.magnitude().quote(mark);
    let notional = if rules.settles == prices.rulebook.numeraire {
        Value::new(quote.units())
    } else {
        let price = i128::from(bounds.asset_high(rules.settles));
        let scale = prices.asset_rules(rules.settles).scale();
        worth_at(Quote::new(quote.units()), price, scale, Rounding::Up)
    };
    of_notional(&rules.tiers, notional)
}

/// The ratios of the only tier, if there is one.
pub(super) fn flat_ratios(rules: &InstrumentRules) -> Option<(Ratio, Ratio)> {
    let [tier] = rules.tiers.as_slice() else { return None };
    Some((tier.initial, tier.maintenance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const ONE: i128 = 10_000_000_000_000_000;

    fn check(table: &[(Option<i128>, u64)], notional: i128, expected_cents: i128) {
        let tiers: Vec<RequirementTier> = table
            .iter()
            .map(|(up_to, parts)| {
                let ratio = Ratio::from_parts(*parts);
                let up_to = up_to.map(|bound| Value::new(bound * ONE));
                RequirementTier { up_to, initial: ratio, release: ratio, maintenance: ratio }
            })
            .collect();
        let asked = tiered(&tiers, Value::new(notional * ONE), |tier| tier.maintenance);
        let expected = Value::new(expected_cents * ONE / 100).unweighted();
        assert_eq!(asked, expected, "{notional}");
    }

    /// Figures of the public tables of Hyperliquid (BTC) and Binance (BTC brackets of 2021).
    #[test]
    fn tiers_with_deductions() {
        let million = 1_000_000;
        let hyperliquid = [(Some(150 * million), 12_500), (None, 25_000)];
        check(&hyperliquid, 200 * million, 312_500_000);
        check(&hyperliquid, 150 * million, 187_500_000);
        let binance = [
            (Some(50_000), 4_000),
            (Some(250_000), 5_000),
            (Some(million), 10_000),
            (Some(10 * million), 25_000),
            (None, 50_000),
        ];
        check(&binance, 5 * million, 10_870_000);
    }
}
