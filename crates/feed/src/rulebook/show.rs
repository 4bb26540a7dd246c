//! A rulebook written as its effective TOML, every default spelled out.
//!
//! Byte-stable: the same rulebook gives the same text, and reading it back gives the same rulebook.

use std::fmt::Write;

use domain::rulebook::{
    AssetRules, InstrumentKind, InstrumentRules, InterestCurve, Layer, MarginModel,
};
use domain::{AssetId, Duration, Ratio, Rulebook};

use super::SCHEMA;
use super::build::PRODUCT_DECIMALS;
use super::show_liquidity::{write_depth, write_liquidity};
use super::show_selling::{policy_word, write_selling};
use super::text::Unit;
use crate::decimal::{RATE_DIGITS, text};
use crate::time;

/// The text under construction; writing to a `String` cannot fail.
pub(super) struct Page(String);

impl Page {
    pub(super) fn table(&mut self, path: &str) {
        let _ = write!(self.0, "\n[{path}]\n");
    }

    pub(super) fn quoted(&mut self, key: &str, value: impl AsRef<str>) {
        let _ = writeln!(self.0, "{key} = \"{}\"", value.as_ref());
    }

    pub(super) fn bare(&mut self, key: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{key} = {value}");
    }
}

/// The effective rulebook as TOML.
///
/// ```
/// let text = "schema = \"clearsim.rulebook/1\"\nnumeraire = \"USD\"\n\
///     [assets.USD]\ndecimals = 2\nbalance_max = \"1000000\"\n";
/// let rulebook = feed::rulebook::parse("usd.toml", text).unwrap();
/// let shown = feed::rulebook::show(&rulebook);
/// assert!(shown.contains("stale_after = \"1m\""));
/// assert_eq!(feed::rulebook::parse("shown", &shown).unwrap(), rulebook);
/// ```
#[must_use]
pub fn show(rulebook: &Rulebook) -> String {
    let mut page = Page(String::new());
    page.quoted("schema", SCHEMA);
    page.quoted("numeraire", asset_name(rulebook, rulebook.numeraire));
    for asset in &rulebook.assets {
        write_asset(&mut page, asset);
    }
    for instrument in &rulebook.instruments {
        write_instrument(&mut page, rulebook, instrument);
    }
    write_policies(&mut page, rulebook);
    page.0
}

fn asset_name(rulebook: &Rulebook, asset: AssetId) -> String {
    rulebook.asset(asset).map_or_else(|| asset.number().to_string(), |rules| rules.name.clone())
}

/// A ratio as a decimal where one of at most 12 places equals it, else as a fraction.
pub(super) fn ratio_text(ratio: Ratio) -> String {
    let denominator = u128::from(ratio.denominator());
    let places = (0..=12u32).find(|places| 10u128.pow(*places).is_multiple_of(denominator));
    match places {
        Some(places) => {
            let factor = 10u128.pow(places) / denominator;
            text((u128::from(ratio.numerator()) * factor).cast_signed(), places)
        }
        None => format!("{}/{}", ratio.numerator(), ratio.denominator()),
    }
}

pub(super) fn span_text(duration: Duration) -> String {
    time::span(duration)
}

fn write_asset(page: &mut Page, asset: &AssetRules) {
    let decimals = u32::from(asset.decimals);
    let price_decimals = PRODUCT_DECIMALS.saturating_sub(decimals);
    page.table(&format!("assets.{}", asset.name));
    page.bare("decimals", decimals);
    page.quoted("price_max", text(asset.price_max.wide(), price_decimals));
    page.quoted("balance_max", text(asset.balance_max.units(), decimals));
    page.quoted("deposit_cap", text(asset.deposit_cap.units(), decimals));
    match asset.haircuts.as_slice() {
        [only] if only.up_to.is_none() => page.quoted("haircut", ratio_text(only.haircut)),
        tiers => {
            let rows = tiers.iter().map(|tier| {
                let bound = tier.up_to.map(|bound| text(bound.units(), decimals));
                format!("{}haircut = \"{}\"", up_to(bound), ratio_text(tier.haircut))
            });
            write_rows(page, "tiers", rows);
        }
    }
    page.quoted("liability_weight", ratio_text(asset.liability_weight));
    page.quoted("slippage", ratio_text(asset.slippage));
    page.quoted("utilisation_max", ratio_text(asset.utilisation_max));
    page.quoted("debt_initial", ratio_text(asset.debt_initial));
    page.quoted("debt_release", ratio_text(asset.debt_release));
    write_interest(page, &asset.interest, &asset.name);
}

fn write_interest(page: &mut Page, interest: &InterestCurve, asset: &str) {
    page.table(&format!("assets.{asset}.interest"));
    page.quoted("fee_share", ratio_text(interest.fee_share));
    let rows = interest.points.iter().map(|point| {
        let utilisation = ratio_text(point.utilisation);
        let rate = text(i128::from(point.rate.units()), RATE_DIGITS);
        format!("utilisation = \"{utilisation}\", rate = \"{rate}\"")
    });
    write_rows(page, "points", rows);
}

fn up_to(bound: Option<String>) -> String {
    bound.map_or_else(String::new, |bound| format!("up_to = \"{bound}\", "))
}

pub(super) fn write_rows(page: &mut Page, key: &str, rows: impl Iterator<Item = String>) {
    let rows: String = rows.map(|row| format!("\n    {{ {row} }},")).collect();
    page.bare(key, if rows.is_empty() { "[]".to_owned() } else { format!("[{rows}\n]") });
}

fn write_instrument(page: &mut Page, rulebook: &Rulebook, instrument: &InstrumentRules) {
    page.table(&format!("instruments.{}", instrument.name));
    match instrument.kind {
        InstrumentKind::Spot { base } => {
            page.quoted("kind", "spot");
            page.quoted("base", asset_name(rulebook, base));
        }
        InstrumentKind::Perpetual { underlying } => {
            page.quoted("kind", "perpetual");
            page.quoted("underlying", asset_name(rulebook, underlying));
        }
        InstrumentKind::Future { underlying, expires_at, settle_window } => {
            page.quoted("kind", "future");
            page.quoted("underlying", asset_name(rulebook, underlying));
            page.quoted("expires_at", time::text(expires_at));
            page.quoted("settle_window", span_text(settle_window));
        }
    }
    let price_decimals = u32::from(instrument.price_decimals);
    let quantity_decimals = PRODUCT_DECIMALS.saturating_sub(price_decimals);
    let unit = |decimals: u32| format!("1e-{decimals}").replace("1e-0", "1");
    page.quoted("settles", asset_name(rulebook, instrument.settles));
    page.quoted("price_unit", Unit { decimals: instrument.price_decimals }.to_string());
    page.quoted("quantity_unit", unit(quantity_decimals));
    page.quoted("lot", text(instrument.lot.wide(), quantity_decimals));
    page.quoted("price_max", text(instrument.price_max.wide(), price_decimals));
    page.quoted("position_max", text(instrument.position_max.wide(), quantity_decimals));
    write_requirement(page, instrument);
    page.quoted("slippage", ratio_text(instrument.slippage));
    page.quoted("liquidation_fee", ratio_text(instrument.liquidation_fee));
    page.quoted("band", ratio_text(instrument.band));
    page.quoted("rate_max", text(i128::from(instrument.rate_max.units()), RATE_DIGITS));
    let place = rulebook.instrument_named(&instrument.name);
    if let Some(depth) = place.and_then(|id| rulebook.sections.liquidity.market(id)) {
        write_depth(page, &instrument.name, depth);
    }
}

fn write_requirement(page: &mut Page, instrument: &InstrumentRules) {
    match instrument.tiers.as_slice() {
        [] => {}
        [only] if only.up_to.is_none() => {
            page.quoted("initial", ratio_text(only.initial));
            page.quoted("release", ratio_text(only.release));
            page.quoted("maintenance", ratio_text(only.maintenance));
        }
        tiers => {
            let rows = tiers.iter().map(|tier| {
                let bound = tier.up_to.map(|bound| text(bound.units(), PRODUCT_DECIMALS));
                format!(
                    "{}initial = \"{}\", release = \"{}\", maintenance = \"{}\"",
                    up_to(bound),
                    ratio_text(tier.initial),
                    ratio_text(tier.release),
                    ratio_text(tier.maintenance)
                )
            });
            write_rows(page, "tiers", rows);
        }
    }
}

fn write_policies(page: &mut Page, rulebook: &Rulebook) {
    page.table("margin");
    match rulebook.margin {
        MarginModel::Weighted => page.quoted("model", "weighted"),
    }
    page.table("oracle");
    page.quoted("stale_after", span_text(rulebook.oracle.stale_after));
    page.quoted("last_guard", ratio_text(rulebook.oracle.last_guard));
    page.table("liquidation");
    page.quoted("policy", policy_word(rulebook.sections.selling.sizing));
    page.bare("dust", rulebook.liquidation.dust);
    page.quoted("step_interval", span_text(rulebook.liquidation.step_interval));
    page.quoted("interest_step", span_text(rulebook.liquidation.interest_step));
    write_selling(page, rulebook);
    write_liquidity(page, &rulebook.sections.liquidity);
    page.table("waterfall");
    let layers = rulebook.waterfall.layers.iter().map(|layer| match layer {
        Layer::InsuranceFund => "\"insurance_fund\"",
        Layer::Deleveraging(_) => "\"deleveraging\"",
        Layer::Socialised(_) => "\"socialised\"",
    });
    page.bare("layers", format!("[{}]", layers.collect::<Vec<_>>().join(", ")));
    page.quoted("insurance_fund", ratio_text(rulebook.waterfall.insurance_fund));
    page.quoted("deleverage", "profit_leverage");
    page.quoted("socialise", "deposit_index");
    let limits = &rulebook.limits;
    page.table("limits");
    page.bare("accounts_max", limits.accounts_max);
    page.bare("positions_per_account", limits.positions_per_account);
    page.bare("cascade_waves_max", limits.cascade_waves_max);
    page.bare("steps_per_event", limits.steps_per_event);
    page.bare("opponents_max", limits.opponents_max);
}
