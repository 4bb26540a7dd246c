//! Depth of a file made into rules.

use domain::rulebook::{
    DepthRules, ImpactModel, LiquidityRules, PriceMode, Routing, StressRules, VenueRules,
};
use domain::{Duration, InstrumentId, Quote, Ratio};

use super::build::{Builder, PRODUCT_DECIMALS, duration};
use super::file::RulebookFile;
use super::liquidity_file::{DepthFile, ImpactFile, PriceModeFile, RoutingFile, StressFile};
use crate::decimal::QuotedDecimal;

/// Depth of every instrument that has any.
pub fn build_liquidity(builder: &mut Builder<'_>, file: &RulebookFile) -> LiquidityRules {
    let mut markets = Vec::new();
    for (place, (name, instrument)) in (0u32..).zip(&file.instruments.0) {
        if let Some(depth) = &instrument.liquidity {
            let path = format!("instruments.{name}.liquidity");
            markets.push(build_depth(builder, &path, InstrumentId::new(place), depth));
        }
    }
    let price_mode = match file.liquidity.price_mode {
        PriceModeFile::Exogenous => PriceMode::Exogenous,
        PriceModeFile::Baseline => PriceMode::Baseline,
        PriceModeFile::Differential => PriceMode::Differential,
        PriceModeFile::Synthetic => PriceMode::Synthetic,
    };
    LiquidityRules { price_mode, markets }
}

fn build_depth(
    builder: &mut Builder<'_>,
    path: &str,
    instrument: InstrumentId,
    file: &DepthFile,
) -> DepthRules {
    let at = |field: &str| format!("{path}.{field}");
    let mut venues = Vec::with_capacity(file.venues.len());
    for (place, venue) in file.venues.iter().enumerate() {
        let at = |field: &str| format!("{path}.venues[{place}].{field}");
        venues.push(VenueRules {
            name: builder.name(&at("name"), &venue.name),
            depth: Quote::new(builder.wide(&at("depth"), venue.depth, PRODUCT_DECIMALS)),
            half_spread: builder.share(&at("half_spread"), venue.half_spread, Ratio::ZERO),
        });
    }
    let share = |builder: &mut Builder<'_>, field, value, parts| {
        builder.share(&at(field), value, Ratio::from_parts(parts))
    };
    DepthRules {
        instrument,
        model: build_model(builder, path, file),
        venues,
        routing: match file.routing {
            RoutingFile::Combined => Routing::Combined,
            RoutingFile::First => Routing::First,
        },
        arbitrage: duration(file.arbitrage, 0),
        mark_weight: share(builder, "mark_weight", file.mark_weight, 1_000_000),
        refill: duration(file.refill, 25),
        permanent: share(builder, "permanent", file.permanent, 330_000),
        distance_max: share(builder, "distance_max", file.distance_max, 100_000),
        stress: file.stress.as_ref().map(|stress| build_stress(builder, &at("stress"), stress)),
    }
}

fn build_model(builder: &mut Builder<'_>, path: &str, file: &DepthFile) -> ImpactModel {
    let at = |field: &str| format!("{path}.{field}");
    let (model, used): (_, &[&str]) = match file.model {
        ImpactFile::Depth => {
            let exponent =
                builder.share(&at("exponent"), file.exponent, Ratio::from_parts(400_000));
            (ImpactModel::Depth { exponent }, &["exponent"])
        }
        ImpactFile::Linear => (ImpactModel::Linear, &[]),
        ImpactFile::LinearReturns => (ImpactModel::LinearReturns, &[]),
        ImpactFile::SquareRoot => {
            let (factor, volatility) = volatile(builder, path, file);
            (ImpactModel::SquareRoot { factor, volatility }, &["factor", "volatility"])
        }
        ImpactFile::Power => {
            let exponent =
                builder.share(&at("exponent"), file.exponent, Ratio::from_parts(600_000));
            let (factor, volatility) = volatile(builder, path, file);
            let model = ImpactModel::Power { exponent, factor, volatility };
            (model, &["exponent", "factor", "volatility"])
        }
        ImpactFile::Fixed => {
            let distance = builder.share(&at("distance"), file.distance, Ratio::from_parts(2_500));
            (ImpactModel::Fixed { distance }, &["distance"])
        }
    };
    for (field, given) in [
        ("exponent", file.exponent.is_some()),
        ("factor", file.factor.is_some()),
        ("volatility", file.volatility.is_some()),
        ("distance", file.distance.is_some()),
    ] {
        if given && !used.contains(&field) {
            builder.wrong(&at(field), "no such field for this model", field);
        }
    }
    model
}

fn volatile(builder: &mut Builder<'_>, path: &str, file: &DepthFile) -> (Ratio, Ratio) {
    let at = |field: &str| format!("{path}.{field}");
    if file.volatility.is_none() {
        builder.missing(&at("volatility"), " of this model");
    }
    let factor = builder.share(&at("factor"), file.factor, Ratio::ONE);
    (factor, builder.share(&at("volatility"), file.volatility, Ratio::ONE))
}

fn build_stress(builder: &mut Builder<'_>, path: &str, file: &StressFile) -> StressRules {
    let mut share = |field: &str, value: Option<QuotedDecimal>, default: Ratio| {
        builder.share(&format!("{path}.{field}"), value, default)
    };
    let at = share("at", Some(file.at), Ratio::ONE);
    StressRules {
        at,
        level: share("level", file.level, Ratio::from_parts(100_000)),
        severe_at: share("severe_at", file.severe_at, at.plus(at).unwrap_or(at)),
        severe_level: share("severe_level", file.severe_level, Ratio::from_parts(10_000)),
        volatility: share("volatility", file.volatility, Ratio::ONE),
        recovery: file.recovery.map_or(Duration::from_seconds(86_400), |span| span.0),
    }
}
