//! What the choices of how accounts are sold out must satisfy.
//!
//! Law: every clock runs forward, every loop ends, what is named is listed, and what a buyer of a
//! position or of collateral earns by rule never exceeds what closing it frees.

use super::selling::{PriceFunction, SaleOrder, SellingRules, Sizing, TargetOrder};
use super::validate::{Findings, decimal};
use super::{AssetRules, InstrumentKind, Rulebook};
use crate::ratio::Ratio;
use crate::time::Duration;
use alloc::format;
use alloc::vec::Vec;

/// Stairs of one auction at most: each is one product.
const STAIRS_MAX: i64 = 10_000;

pub(super) fn check_selling(findings: &mut Findings, rulebook: &Rulebook) {
    let rules = &rulebook.sections.selling;
    let hedges = rulebook.sections.takers.hedge;
    findings.require(!hedges || rules.price.has_takers(), "liquidation.keepers.hedge", || {
        "needs a price function with takers: fixed_bonus, health_discount, dutch or stair".into()
    });
    let deep = !rulebook.sections.liquidity.markets.is_empty();
    findings.require(!hedges || deep, "liquidation.keepers.hedge", || {
        "needs an instrument with liquidity".into()
    });
    if *rules == SellingRules::PLAIN {
        return;
    }
    check_targets(findings, rulebook, rules);
    check_sizing(findings, rules);
    check_price(findings, rules);
    check_earnings(findings, rulebook, rules);
    check_sales(findings, rulebook, rules);
    check_caps(findings, rules);
    check_keepers(findings, rules);
    if let Some(hand_over) = &rules.hand_over {
        let path = "liquidation.hand_over";
        share(findings, &format!("{path}.line"), hand_over.line, true);
        let most = u64::from(rulebook.limits.accounts_max);
        let opened = hand_over.backstop.is_none_or(|account| account.number() < most);
        findings.require(opened, &format!("{path}.backstop"), || {
            "must be an account that limits.accounts_max allows".into()
        });
    }
}

/// A share of 0 to 1, or above 0 where nothing would come of it.
fn share(findings: &mut Findings, path: &str, ratio: Ratio, above_zero: bool) {
    let fits = ratio.is_canonical() && ratio <= Ratio::ONE && !(above_zero && ratio.is_zero());
    findings.require(fits, path, || {
        if above_zero { "must be above 0 and at most 1" } else { "must be 0 to 1" }.into()
    });
}

/// A share below one.
fn part(findings: &mut Findings, path: &str, ratio: Ratio) {
    let fits = ratio.is_canonical() && ratio < Ratio::ONE;
    findings.require(fits, path, || "must be at least 0 and below 1".into());
}

fn span(findings: &mut Findings, path: &str, duration: Duration, above_zero: bool) {
    let fits = duration.nanos() >= i64::from(above_zero);
    findings.require(fits, path, || {
        if above_zero { "must be above zero" } else { "must not be negative" }.into()
    });
}

fn check_targets(findings: &mut Findings, rulebook: &Rulebook, rules: &SellingRules) {
    let TargetOrder::Listed(list) = &rules.targets else { return };
    let path = "liquidation.targets_list";
    for (place, instrument) in list.iter().enumerate() {
        let known = rulebook
            .instrument(*instrument)
            .is_some_and(|rules| !matches!(rules.kind, InstrumentKind::Spot { .. }));
        findings.require(known, path, || "names an instrument that has no positions".into());
        let repeated = list.iter().take(place).any(|other| other == instrument);
        findings.require(!repeated, path, || "names an instrument twice".into());
    }
}

fn check_sizing(findings: &mut Findings, rules: &SellingRules) {
    let at = |field: &str| format!("liquidation.sizing.{field}");
    match rules.sizing {
        Sizing::Share { initial, over, .. } => {
            share(findings, &at("initial"), initial, false);
            span(findings, &at("over"), over, true);
        }
        Sizing::Clips { notional, interval } => {
            findings.require(notional > 0, &at("notional"), || "must be above zero".into());
            span(findings, &at("interval"), interval, true);
        }
        _ => {}
    }
}

fn check_price(findings: &mut Findings, rules: &SellingRules) {
    let at = |field: &str| format!("liquidation.price.{field}");
    match rules.price {
        PriceFunction::Slippage => {}
        PriceFunction::OracleFee { base, most, grace, per_second } => {
            part(findings, &at("most"), most);
            share(findings, &at("per_second"), per_second, false);
            let rises = base.is_canonical() && base <= most;
            findings.require(rises, &at("base"), || {
                format!("base ({}) must not be above most ({})", decimal(base), decimal(most))
            });
            span(findings, &at("grace"), grace, false);
        }
        PriceFunction::Fillable { adjustment, spread } => {
            let fits = adjustment.is_canonical() && adjustment <= Ratio::from_parts(100_000_000);
            findings.require(fits, &at("adjustment"), || "must be 0 to 100".into());
            share(findings, &at("spread"), spread, false);
        }
        PriceFunction::FixedBonus { bonus } => part(findings, &at("bonus"), bonus),
        PriceFunction::RatioDiscount { most } => part(findings, &at("most"), most),
        PriceFunction::Dutch { start, cutoff, fast, slow } => {
            share(findings, &at("start"), start, true);
            share(findings, &at("cutoff"), cutoff, true);
            findings.require(cutoff <= start, &at("cutoff"), || {
                format!("cutoff ({}) must not be above start ({})", decimal(cutoff), decimal(start))
            });
            span(findings, &at("fast"), fast, true);
            span(findings, &at("slow"), slow, true);
        }
        PriceFunction::LotThenBid { step, interval } => {
            share(findings, &at("step"), step, true);
            span(findings, &at("interval"), interval, true);
        }
        PriceFunction::Stair { buffer, step, interval, tail, cusp } => {
            let fits = buffer.is_canonical() && buffer <= Ratio::from_parts(100_000_000);
            findings.require(fits && !buffer.is_zero(), &at("buffer"), || {
                "must be above 0 and at most 100".into()
            });
            part(findings, &at("step"), step);
            findings.require(!step.is_zero(), &at("step"), || "must be above 0".into());
            part(findings, &at("cusp"), cusp);
            span(findings, &at("interval"), interval, true);
            let stairs = tail.nanos().checked_div(interval.nanos()).unwrap_or(0);
            findings.require((1..=STAIRS_MAX).contains(&stairs), &at("tail"), || {
                format!("must hold 1 to {STAIRS_MAX} intervals")
            });
        }
    }
}

/// What the rules promise a buyer stays below what closing frees: for positions the maintenance
/// ratio, for collateral the distance between its weight and the debt's.
fn check_earnings(findings: &mut Findings, rulebook: &Rulebook, rules: &SellingRules) {
    let (field, earned) = match rules.price {
        PriceFunction::OracleFee { most, .. } => ("most", most),
        PriceFunction::FixedBonus { bonus } => ("bonus", bonus),
        _ => return,
    };
    let path = format!("liquidation.price.{field}");
    for instrument in &rulebook.instruments {
        if matches!(instrument.kind, InstrumentKind::Spot { .. }) {
            continue;
        }
        let least = instrument.tiers.iter().map(|tier| tier.maintenance).min();
        let below = least.is_none_or(|least| earned < least);
        findings.require(below, &path, || {
            format!(
                "{field} ({}) must be below maintenance of {} ({})",
                decimal(earned),
                instrument.name,
                decimal(least.unwrap_or(Ratio::ZERO))
            )
        });
    }
    // The numeraire is sold at par, whatever the price function.
    for sold in rulebook.assets.iter().filter(|asset| !is_numeraire(rulebook, asset)) {
        let haircut = sold.haircuts.first().map_or(Ratio::ONE, |tier| tier.haircut);
        let weight = haircut.complement().unwrap_or(Ratio::ZERO);
        let debts: Vec<_> = rulebook.assets.iter().filter(|debt| debt.name != sold.name).collect();
        for debt in debts {
            let fits = frees(rules.price, weight, earned, debt.liability_weight);
            findings.require(fits, &path, || {
                format!(
                    "{field} ({}) sells {} (weight {}) for debts of {} (weight {}) at a loss of \
                     margin",
                    decimal(earned),
                    sold.name,
                    decimal(weight),
                    debt.name,
                    decimal(debt.liability_weight)
                )
            });
        }
    }
}

fn is_numeraire(rulebook: &Rulebook, asset: &AssetRules) -> bool {
    rulebook.asset(rulebook.numeraire).is_some_and(|numeraire| numeraire.name == asset.name)
}

/// `weight * (1 + bonus) < debt` for a bonus, `weight < debt * (1 - fee)` for a fee.
fn frees(price: PriceFunction, weight: Ratio, earned: Ratio, debt: Ratio) -> bool {
    let wide = |ratio: Ratio| (i128::from(ratio.numerator()), i128::from(ratio.denominator()));
    let ((weight, weight_one), (debt, debt_one)) = (wide(weight), wide(debt));
    let (earned, one) = wide(earned);
    // Each is below 10^14, so a product of three stays inside i128 only below 10^38: checked.
    let product = |a: i128, b: i128, c: i128| a.checked_mul(b)?.checked_mul(c);
    let sides = if matches!(price, PriceFunction::FixedBonus { .. }) {
        (product(weight, one + earned, debt_one), product(debt, weight_one, one))
    } else {
        (product(weight, one, debt_one), product(debt, one - earned, weight_one))
    };
    matches!(sides, (Some(left), Some(right)) if left < right)
}

fn check_sales(findings: &mut Findings, rulebook: &Rulebook, rules: &SellingRules) {
    let sales = &rules.sales;
    let count = rulebook.assets.len();
    if let SaleOrder::Listed(list) = &sales.order {
        let known = list.iter().all(|asset| asset.index() < count);
        findings.require(known, "liquidation.sales.list", || "names an unlisted asset".into());
    }
    let known = sales.unsold.iter().all(|asset| asset.index() < count);
    findings.require(known, "liquidation.sales.unsold", || "names an unlisted asset".into());
    let numeraire = sales.unsold.contains(&rulebook.numeraire);
    findings
        .require(!numeraire, "liquidation.sales.unsold", || "must not name the numeraire".into());
    if let Some(factor) = &sales.close_factor {
        share(findings, "liquidation.sales.close_factor.share", factor.share, true);
        share(findings, "liquidation.sales.close_factor.whole_below", factor.whole_below, false);
    }
}

fn check_caps(findings: &mut Findings, rules: &SellingRules) {
    if let Some(first) = &rules.caps.first {
        share(findings, "liquidation.caps.first.share", first.share, true);
        span(findings, "liquidation.caps.first.cooldown", first.cooldown, true);
    }
    let most = 1_000_000_000_000;
    let amounts = [
        ("caps.notional_per_account", rules.caps.notional_per_account),
        ("caps.insurance_per_account", rules.caps.insurance_per_account.unwrap_or(0)),
        ("caps.first.above", rules.caps.first.map_or(0, |first| first.above)),
        ("keepers.notional_per_event", rules.keepers.notional_per_event.unwrap_or(0)),
        (
            "sales.close_factor.whole_under",
            rules.sales.close_factor.map_or(0, |factor| factor.whole_under),
        ),
        (
            "sizing.notional",
            if let Sizing::Clips { notional, .. } = rules.sizing { notional } else { 0 },
        ),
        ("sizing.under", if let Sizing::Share { under, .. } = rules.sizing { under } else { 0 }),
    ];
    for (field, amount) in amounts {
        findings.require(amount <= most, &format!("liquidation.{field}"), || {
            format!("must be at most {most}")
        });
    }
}

fn check_keepers(findings: &mut Findings, rules: &SellingRules) {
    let keepers = &rules.keepers;
    let at = |field: &str| format!("liquidation.keepers.{field}");
    span(findings, &at("delay"), keepers.delay, false);
    span(findings, &at("patience"), keepers.patience, false);
    part(findings, &at("discount"), keepers.discount);
    findings.require((1..=1_000).contains(&keepers.auctions), &at("auctions"), || {
        "must be 1 to 1,000".into()
    });
    findings.require(
        rules.price.is_auction() || keepers.discount.is_zero(),
        &at("discount"),
        || "must be 0 where no auction lets the discount grow".into(),
    );
}
