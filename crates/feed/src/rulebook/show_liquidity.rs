//! Depth written as effective TOML.

use domain::rulebook::{DepthRules, ImpactModel, LiquidityRules, PriceMode, Routing, StressRules};

use super::build::PRODUCT_DECIMALS;
use super::show::{Page, ratio_text, span_text, write_rows};
use crate::decimal::text;

/// What holds for every market; nothing where the rulebook has no depth and plain prices.
pub fn write_liquidity(page: &mut Page, liquidity: &LiquidityRules) {
    if *liquidity == LiquidityRules::NONE {
        return;
    }
    page.table("liquidity");
    page.quoted("price_mode", mode_word(liquidity.price_mode));
}

/// A price mode's word in files.
#[must_use]
pub const fn mode_word(mode: PriceMode) -> &'static str {
    match mode {
        PriceMode::Exogenous => "exogenous",
        PriceMode::Baseline => "baseline",
        PriceMode::Differential => "differential",
        PriceMode::Synthetic => "synthetic",
    }
}

/// The depth of one instrument, as a table of its own.
pub fn write_depth(page: &mut Page, instrument: &str, rules: &DepthRules) {
    let path = format!("instruments.{instrument}.liquidity");
    page.table(&path);
    write_model(page, rules.model);
    let venues = rules.venues.iter().map(|venue| {
        format!(
            "name = \"{}\", depth = \"{}\", half_spread = \"{}\"",
            venue.name,
            text(venue.depth.units(), PRODUCT_DECIMALS),
            ratio_text(venue.half_spread)
        )
    });
    write_rows(page, "venues", venues);
    page.quoted(
        "routing",
        match rules.routing {
            Routing::Combined => "combined",
            Routing::First => "first",
        },
    );
    page.quoted("arbitrage", span_text(rules.arbitrage));
    page.quoted("mark_weight", ratio_text(rules.mark_weight));
    page.quoted("refill", span_text(rules.refill));
    page.quoted("permanent", ratio_text(rules.permanent));
    page.quoted("distance_max", ratio_text(rules.distance_max));
    if let Some(stress) = &rules.stress {
        write_stress(page, &path, stress);
    }
}

fn write_model(page: &mut Page, model: ImpactModel) {
    match model {
        ImpactModel::Depth { exponent } => {
            page.quoted("model", "depth");
            page.quoted("exponent", ratio_text(exponent));
        }
        ImpactModel::Linear => page.quoted("model", "linear"),
        ImpactModel::LinearReturns => page.quoted("model", "linear_returns"),
        ImpactModel::SquareRoot { factor, volatility } => {
            page.quoted("model", "square_root");
            page.quoted("factor", ratio_text(factor));
            page.quoted("volatility", ratio_text(volatility));
        }
        ImpactModel::Power { exponent, factor, volatility } => {
            page.quoted("model", "power");
            page.quoted("exponent", ratio_text(exponent));
            page.quoted("factor", ratio_text(factor));
            page.quoted("volatility", ratio_text(volatility));
        }
        ImpactModel::Fixed { distance } => {
            page.quoted("model", "fixed");
            page.quoted("distance", ratio_text(distance));
        }
    }
}

fn write_stress(page: &mut Page, path: &str, stress: &StressRules) {
    page.table(&format!("{path}.stress"));
    page.quoted("at", ratio_text(stress.at));
    page.quoted("level", ratio_text(stress.level));
    page.quoted("severe_at", ratio_text(stress.severe_at));
    page.quoted("severe_level", ratio_text(stress.severe_level));
    page.quoted("volatility", ratio_text(stress.volatility));
    page.quoted("recovery", span_text(stress.recovery));
}
