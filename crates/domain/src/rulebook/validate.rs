//! What a rulebook must satisfy before it is in force.
//!
//! Bounds are proved here, not tried: caps and maximal prices must keep the gross value of every
//! account within [`GROSS_VALUE_MAX`], and every weight is at most a hundred, so that weighted sums
//! at 1e-22 stay below 10^37, a seventeenth of i128.

use super::validate_liquidity::check_liquidity;
use super::validate_selling::check_selling;
use super::{AssetRules, InstrumentKind, InstrumentRules, InterestCurve, Rulebook};
use crate::price::Price;
use crate::ratio::Ratio;
use crate::wide::mul_div;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Largest gross value (balances, costs, positions, debts) of one account: 10^13 of the numeraire,
/// at 1e-16.
pub const GROSS_VALUE_MAX: i128 = 10i128.pow(29);

/// Highest price accepted anywhere: a quarter of i64, so that funding fits beside it.
const PRICE_MAX: i64 = i64::MAX / 4;

/// Largest value and largest quote of an asset's deposits, at 1e-16: 10^20 of it.
const DEPOSITS_MAX: i128 = 10i128.pow(36);

const WEIGHT_MAX: Ratio = Ratio::from_parts(100_000_000);

/// Something in a rulebook that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, as a path: `instruments.BTC-PERP.maintenance`.
    pub path: String,
    /// What is wrong, naming both sides.
    pub message: String,
}

pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn require(&mut self, holds: bool, path: &str, message: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Finding { path: path.into(), message: message() });
        }
    }
}

/// Every finding, in the order of the rulebook; none means it may come into force.
#[must_use]
pub fn validate(rulebook: &Rulebook) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    let count = rulebook.assets.len();
    findings.require((1..=10_000).contains(&count), "assets", || {
        format!("expected 1 to 10,000 assets, found {count}")
    });
    findings.require(rulebook.numeraire.index() < count, "numeraire", || {
        format!("asset {} is not listed", rulebook.numeraire.number())
    });
    for (place, asset) in rulebook.assets.iter().enumerate() {
        let path = format!("assets.{}", asset.name);
        let repeated = rulebook.assets.iter().take(place).any(|other| other.name == asset.name);
        findings.require(!repeated, &path, || "the name is listed twice".into());
        check_asset(&mut findings, &path, asset, place == rulebook.numeraire.index());
    }
    findings.require(rulebook.instruments.len() <= 10_000, "instruments", || {
        format!("expected at most 10,000 instruments, found {}", rulebook.instruments.len())
    });
    for (place, instrument) in rulebook.instruments.iter().enumerate() {
        let path = format!("instruments.{}", instrument.name);
        let mut before = rulebook.instruments.iter().take(place);
        let repeated = before.any(|other| other.name == instrument.name);
        findings.require(!repeated, &path, || "the name is listed twice".into());
        check_instrument(&mut findings, &path, rulebook, instrument);
    }
    check_policies(&mut findings, rulebook);
    check_liquidity(&mut findings, rulebook);
    check_selling(&mut findings, rulebook);
    if findings.0.is_empty() {
        check_bounds(&mut findings, rulebook);
    }
    if findings.0.is_empty() {
        check_deposits(&mut findings, rulebook);
    }
    findings.0
}

fn check_asset(findings: &mut Findings, path: &str, asset: &AssetRules, numeraire: bool) {
    let at = |field: &str| format!("{path}.{field}");
    findings.require(asset.decimals <= 10, &at("decimals"), || {
        format!("expected 0 to 10, found {}", asset.decimals)
    });
    findings
        .require(asset.price_max.is_positive(), &at("price_max"), || "must be above zero".into());
    findings.require(asset.balance_max.is_positive(), &at("balance_max"), || {
        "must be above zero".into()
    });
    let cap = asset.deposit_cap.units();
    let factors = [numeraire_price(asset), asset.price_max.wide()];
    let fits = factors
        .iter()
        .all(|factor| cap.checked_mul(*factor).is_some_and(|most| most <= DEPOSITS_MAX));
    findings.require(cap > 0 && fits, &at("deposit_cap"), || {
        "must be above zero, and small enough to be valued: lower it or price_max".into()
    });
    let one = Ratio::ONE;
    findings.require(
        asset.liability_weight >= one && asset.liability_weight <= WEIGHT_MAX,
        &at("liability_weight"),
        || "must be at least 1 and at most 100".into(),
    );
    findings.require(asset.slippage < one, &at("slippage"), || "must be below 1".into());
    findings.require(asset.utilisation_max <= one, &at("utilisation_max"), || {
        "must be at most 1".into()
    });
    findings.require(asset.debt_initial <= WEIGHT_MAX, &at("debt_initial"), || {
        "must be at most 100".into()
    });
    order(
        findings,
        path,
        ("debt_release", asset.debt_release),
        ("debt_initial", asset.debt_initial),
    );
    check_haircuts(findings, &at("haircut"), asset, numeraire);
    check_curve(findings, &at("interest"), &asset.interest);
    for ratio in [
        asset.liability_weight,
        asset.slippage,
        asset.utilisation_max,
        asset.debt_initial,
        asset.debt_release,
    ] {
        findings.require(ratio.is_canonical(), path, || "holds a ratio not in lowest terms".into());
    }
}

fn check_price_max(findings: &mut Findings, path: &str, price_max: Price) {
    findings.require((1..=PRICE_MAX).contains(&price_max.units()), path, || {
        format!("must be above zero and at most {PRICE_MAX} price units")
    });
}

fn check_haircuts(findings: &mut Findings, path: &str, asset: &AssetRules, numeraire: bool) {
    let tiers = &asset.haircuts;
    let open_last = tiers.last().is_some_and(|tier| tier.up_to.is_none());
    let inner_bounded = tiers.iter().rev().skip(1).all(|tier| tier.up_to.is_some());
    findings.require(open_last && inner_bounded && tiers.len() <= 64, path, || {
        "the last tier, and only it, is open-ended, and there are at most 64".into()
    });
    for pair in tiers.windows(2) {
        let [low, high] = pair else { continue };
        let rising = match (low.up_to, high.up_to) {
            (Some(low), Some(high)) => low < high,
            (Some(_), None) => true,
            _ => false,
        };
        findings.require(rising, path, || "tier bounds must rise".into());
        findings.require(low.haircut <= high.haircut, path, || {
            "a larger balance cannot have a smaller haircut".into()
        });
    }
    for tier in tiers {
        findings.require(tier.haircut <= Ratio::ONE && tier.haircut.is_canonical(), path, || {
            "must be 0 to 1".into()
        });
        let positive = tier.up_to.is_none_or(|bound| bound.is_positive());
        findings.require(positive, path, || "tier bounds must be above zero".into());
    }
    if numeraire {
        let whole = tiers.iter().all(|tier| tier.haircut.is_zero());
        findings.require(whole, path, || "the numeraire counts in full: expected 0".into());
    }
}

fn check_curve(findings: &mut Findings, path: &str, curve: &InterestCurve) {
    findings.require(curve.fee_share <= Ratio::ONE && curve.fee_share.is_canonical(), path, || {
        "fee_share must be 0 to 1".into()
    });
    if curve.points.is_empty() {
        return;
    }
    let first = curve.points.first().map(|point| point.utilisation);
    let last = curve.points.last().map(|point| point.utilisation);
    let spans = first == Some(Ratio::ZERO) && last == Some(Ratio::ONE) && curve.points.len() <= 64;
    findings.require(spans, path, || "points must run from utilisation 0 to 1".into());
    for pair in curve.points.windows(2) {
        let [low, high] = pair else { continue };
        findings.require(low.utilisation < high.utilisation && low.rate <= high.rate, path, || {
            "utilisation must rise strictly and rates must not fall".into()
        });
    }
    for point in &curve.points {
        let fits = (0..=100_000_000_000_000).contains(&point.rate.units());
        findings.require(fits && point.utilisation.is_canonical(), path, || {
            "rates must be 0 to 100 a year".into()
        });
    }
}

fn check_instrument(
    findings: &mut Findings,
    path: &str,
    rulebook: &Rulebook,
    instrument: &InstrumentRules,
) {
    let at = |field: &str| format!("{path}.{field}");
    let settles = rulebook.asset(instrument.settles);
    findings.require(settles.is_some(), &at("settles"), || "the asset is not listed".into());
    findings.require(instrument.price_decimals <= 16, &at("price_unit"), || {
        "must be 1 to 1e-16".into()
    });
    check_price_max(findings, &at("price_max"), instrument.price_max);
    findings.require(instrument.lot.is_positive(), &at("lot"), || "must be above zero".into());
    findings.require(instrument.position_max.is_positive(), &at("position_max"), || {
        "must be above zero".into()
    });
    for ratio in [instrument.slippage, instrument.liquidation_fee, instrument.band] {
        findings.require(ratio < Ratio::ONE && ratio.is_canonical(), path, || {
            "slippage, liquidation_fee and band must be below 1".into()
        });
    }
    findings.require(
        (0..=1_000_000_000_000).contains(&instrument.rate_max.units()),
        &at("rate_max"),
        || "must be 0 to 1".into(),
    );
    check_kind(findings, path, rulebook, instrument);
    if !matches!(instrument.kind, InstrumentKind::Spot { .. }) {
        check_tiers(findings, path, instrument);
    }
}

fn check_kind(
    findings: &mut Findings,
    path: &str,
    rulebook: &Rulebook,
    instrument: &InstrumentRules,
) {
    let other = match instrument.kind {
        InstrumentKind::Spot { base } => base,
        InstrumentKind::Perpetual { underlying } | InstrumentKind::Future { underlying, .. } => {
            underlying
        }
    };
    let Some(other_rules) = rulebook.asset(other) else {
        findings.require(false, path, || "its base or underlying asset is not listed".into());
        return;
    };
    match instrument.kind {
        InstrumentKind::Spot { base } => {
            findings.require(base != instrument.settles, path, || {
                "base and settlement asset must differ".into()
            });
            let quantity_decimals = 16u8.saturating_sub(instrument.price_decimals);
            findings.require(quantity_decimals <= other_rules.decimals, path, || {
                format!(
                    "quantity_unit 1e-{quantity_decimals} is finer than the base asset's 1e-{}",
                    other_rules.decimals
                )
            });
        }
        InstrumentKind::Perpetual { .. } => {}
        InstrumentKind::Future { expires_at, settle_window, underlying } => {
            findings.require(underlying != rulebook.numeraire, path, || {
                "the numeraire has no index price to settle a future at".into()
            });
            findings
                .require(expires_at.nanos() > 0, path, || "expires_at must be after 1970".into());
            findings.require(settle_window.nanos() > 0, path, || {
                "settle_window must be above zero".into()
            });
        }
    }
}

fn check_tiers(findings: &mut Findings, path: &str, instrument: &InstrumentRules) {
    let tiers = &instrument.tiers;
    let open_last = tiers.last().is_some_and(|tier| tier.up_to.is_none());
    let inner_bounded = tiers.iter().rev().skip(1).all(|tier| tier.up_to.is_some());
    findings.require(open_last && inner_bounded && tiers.len() <= 64, path, || {
        "the last requirement tier, and only it, is open-ended, and there are at most 64".into()
    });
    for pair in tiers.windows(2) {
        let [low, high] = pair else { continue };
        let rising = high.up_to.is_none_or(|high| low.up_to.is_some_and(|low| low < high));
        let steeper = low.initial <= high.initial
            && low.release <= high.release
            && low.maintenance <= high.maintenance;
        findings.require(rising && steeper, path, || {
            "requirement tiers must rise in bound and ratio".into()
        });
    }
    for tier in tiers {
        let bounded = tier.up_to.is_none_or(|bound| bound.is_positive());
        findings.require(bounded, path, || "tier bounds must be above zero".into());
        let canonical = [tier.initial, tier.release, tier.maintenance]
            .iter()
            .all(|ratio| ratio.is_canonical() && *ratio <= WEIGHT_MAX);
        findings.require(canonical, path, || "requirement ratios must be 0 to 100".into());
        order(findings, path, ("maintenance", tier.maintenance), ("release", tier.release));
        order(findings, path, ("release", tier.release), ("initial", tier.initial));
        findings.require(
            instrument.slippage < tier.maintenance,
            &format!("{path}.slippage"),
            || {
                format!(
                    "slippage ({}) must be below maintenance ({})",
                    decimal(instrument.slippage),
                    decimal(tier.maintenance)
                )
            },
        );
    }
}

fn order(findings: &mut Findings, path: &str, low: (&str, Ratio), high: (&str, Ratio)) {
    findings.require(low.1 <= high.1, &format!("{path}.{}", low.0), || {
        let (low_text, high_text) = (decimal(low.1), decimal(high.1));
        format!("{} ({low_text}) must not be above {} ({high_text})", low.0, high.0)
    });
}

/// A ratio as people write it: decimal where it is one, else a fraction.
pub(super) fn decimal(ratio: Ratio) -> String {
    if ratio.denominator() != 1_000_000 {
        return format!("{}/{}", ratio.numerator(), ratio.denominator());
    }
    let text = format!("{}.{:06}", ratio.numerator() / 1_000_000, ratio.numerator() % 1_000_000);
    String::from(text.trim_end_matches('0').trim_end_matches('.'))
}

fn check_policies(findings: &mut Findings, rulebook: &Rulebook) {
    let layers = &rulebook.waterfall.layers;
    let kinds = |layer: &super::Layer| core::mem::discriminant(layer);
    let repeated = layers
        .iter()
        .enumerate()
        .any(|(place, layer)| layers.iter().take(place).any(|other| kinds(other) == kinds(layer)));
    findings.require(!repeated, "waterfall.layers", || "a layer is listed twice".into());
    findings.require(
        rulebook.waterfall.insurance_fund <= Ratio::ONE
            && rulebook.waterfall.insurance_fund.is_canonical(),
        "waterfall.insurance_fund",
        || "must be 0 to 1".into(),
    );
    findings.require(rulebook.oracle.stale_after.nanos() > 0, "oracle.stale_after", || {
        "must be above zero".into()
    });
    findings.require(
        rulebook.oracle.last_guard.is_canonical() && rulebook.oracle.last_guard <= WEIGHT_MAX,
        "oracle.last_guard",
        || "must be 0 to 100".into(),
    );
    let liquidation = &rulebook.liquidation;
    findings.require(liquidation.step_interval.nanos() > 0, "liquidation.step_interval", || {
        "must be above zero".into()
    });
    let second = 1_000_000_000;
    findings.require(
        liquidation.interest_step.nanos() >= second,
        "liquidation.interest_step",
        || "must be at least 1s".into(),
    );
    findings.require(liquidation.dust <= 1_000_000_000, "liquidation.dust", || {
        "must be at most 1,000,000,000".into()
    });
    let limits = &rulebook.limits;
    for (field, value) in [
        ("accounts_max", limits.accounts_max),
        ("positions_per_account", u32::from(limits.positions_per_account)),
        ("cascade_waves_max", u32::from(limits.cascade_waves_max)),
        ("steps_per_event", limits.steps_per_event),
        ("opponents_max", limits.opponents_max),
    ] {
        findings.require(value > 0, &format!("limits.{field}"), || "must be above zero".into());
    }
    findings.require(limits.positions_per_account <= 1_000, "limits.positions_per_account", || {
        "must be at most 1,000".into()
    });
}

/// Largest sum of all deposits at their caps and price maxima: 10^15 of the numeraire, at 1e-16.
/// Gains are not held to an account's caps, but nobody can gather more than everybody brought.
const DEPOSITS_VALUE_MAX: i128 = 10i128.pow(31);

/// Proves that all deposits together, and so any one account's gains, can be weighted in i128.
fn check_deposits(findings: &mut Findings, rulebook: &Rulebook) {
    let mut total: Option<i128> = Some(0);
    for (place, asset) in rulebook.assets.iter().enumerate() {
        let price = if place == rulebook.numeraire.index() {
            numeraire_price(asset)
        } else {
            asset.price_max.wide()
        };
        let worth = asset.deposit_cap.units().checked_mul(price);
        total = total.zip(worth).and_then(|(sum, worth)| sum.checked_add(worth));
    }
    let fits = total.is_some_and(|total| total <= DEPOSITS_VALUE_MAX);
    findings.require(fits, "assets", || {
        "deposit_cap and price_max allow deposits of more than 1,000,000,000,000,000 of the \
         numeraire in all"
            .into()
    });
}

/// Proves that no account can exceed [`GROSS_VALUE_MAX`]: every balance at its cap and price
/// maximum, the most valuable positions that fit, each counted for its mark value and its cost.
fn check_bounds(findings: &mut Findings, rulebook: &Rulebook) {
    let mut gross: Option<i128> = Some(0);
    for (place, asset) in rulebook.assets.iter().enumerate() {
        let price = if place == rulebook.numeraire.index() {
            numeraire_price(asset)
        } else {
            asset.price_max.wide()
        };
        let worth = asset.balance_max.units().checked_mul(price);
        gross = gross.zip(worth).and_then(|(sum, worth)| sum.checked_add(worth));
    }
    let mut positions: Vec<Option<i128>> = rulebook
        .instruments
        .iter()
        .filter(|instrument| !matches!(instrument.kind, InstrumentKind::Spot { .. }))
        .map(|instrument| position_worth(rulebook, instrument))
        .collect();
    positions.sort_unstable_by_key(|worth| core::cmp::Reverse(worth.unwrap_or(i128::MAX)));
    for worth in positions.into_iter().take(usize::from(rulebook.limits.positions_per_account)) {
        // Twice: the value at mark and the cost, which trades at other prices built up.
        let both = worth.and_then(|worth| worth.checked_mul(2));
        gross = gross.zip(both).and_then(|(sum, worth)| sum.checked_add(worth));
    }
    let fits = gross.is_some_and(|gross| gross <= GROSS_VALUE_MAX);
    findings.require(fits, "limits", || match gross {
        Some(gross) => format!(
            "balance_max, position_max and price_max allow an account of {} of the numeraire, \
             more than 10,000,000,000,000",
            gross / 10i128.pow(16)
        ),
        None => "balance_max, position_max and price_max allow an account beyond 10^22".into(),
    });
}

/// Price of the numeraire in its own asset price unit: one.
const fn numeraire_price(asset: &AssetRules) -> i128 {
    10i128.pow(16u32.saturating_sub(asset.decimals as u32))
}

fn position_worth(rulebook: &Rulebook, instrument: &InstrumentRules) -> Option<i128> {
    let quote = instrument.position_max.wide().checked_mul(instrument.price_max.wide())?;
    if instrument.settles == rulebook.numeraire {
        return Some(quote);
    }
    let asset = rulebook.asset(instrument.settles)?;
    mul_div(quote, asset.price_max.wide(), numeraire_price(asset), crate::Rounding::Up)
}

/// What a new rulebook changes that cannot change: numeraire, decimals, units, kinds, settlement
/// assets, and the order of what is listed. Lists may grow at the end.
#[must_use]
pub fn immutable_findings(old: &Rulebook, new: &Rulebook) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    findings.require(old.numeraire == new.numeraire, "numeraire", || "cannot change".into());
    for (place, asset) in old.assets.iter().enumerate() {
        let kept = new
            .assets
            .get(place)
            .is_some_and(|other| other.name == asset.name && other.decimals == asset.decimals);
        findings.require(kept, &format!("assets.{}", asset.name), || {
            "place, name and decimals cannot change".into()
        });
    }
    for (place, instrument) in old.instruments.iter().enumerate() {
        let kept = new.instruments.get(place).is_some_and(|other| {
            other.name == instrument.name
                && other.kind == instrument.kind
                && other.settles == instrument.settles
                && other.price_decimals == instrument.price_decimals
        });
        findings.require(kept, &format!("instruments.{}", instrument.name), || {
            "place, name, kind, units and settlement asset cannot change".into()
        });
    }
    findings.0
}
