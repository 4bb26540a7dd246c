//! One instrument of a file made into its rules.
//!
//! Which fields belong to which kind is said here: spot has a base and no requirement, a perpetual
//! an underlying and a funding bound, a future an end besides.

use domain::rulebook::{InstrumentKind, InstrumentRules, RequirementTier};
use domain::{AssetId, Price, Quantity, Rate, Ratio, Value};

use super::build::{Builder, PRODUCT_DECIMALS, duration};
use super::file::{InstrumentFile, KindFile};
use crate::decimal::QuotedFraction;

/// Length of the mean that settles a future, unless stated: 30 minutes.
const SETTLE_SECONDS: i64 = 1_800;

/// The rules of one instrument.
pub fn instrument(builder: &mut Builder<'_>, name: &str, file: &InstrumentFile) -> InstrumentRules {
    let path = format!("instruments.{name}");
    let at = |field: &str| format!("{path}.{field}");
    let price_decimals = u32::from(file.price_unit.decimals);
    let quantity_decimals = u32::from(file.quantity_unit.decimals);
    if price_decimals + quantity_decimals != PRODUCT_DECIMALS {
        let wanted = PRODUCT_DECIMALS.saturating_sub(price_decimals);
        builder.wrong(
            &at("quantity_unit"),
            format!(
                "1e-{wanted}, so that price_unit ({}) x quantity_unit is 1e-16",
                file.price_unit
            ),
            file.quantity_unit.to_string(),
        );
    }
    let spot = file.kind == KindFile::Spot;
    if file.slippage.is_none() && !spot {
        builder.missing(&at("slippage"), " of every instrument with positions");
    }
    let rate_default = if file.kind == KindFile::Perpetual { 40_000_000_000 } else { 0 };
    let lot = file.lot.map_or(1, |lot| builder.narrow(&at("lot"), lot, quantity_decimals));
    let position_max = builder.narrow(&at("position_max"), file.position_max, quantity_decimals);
    InstrumentRules {
        name: builder.name(&path, name),
        kind: kind(builder, &path, name, file),
        settles: builder.asset(&at("settles"), &file.settles),
        price_decimals: file.price_unit.decimals,
        lot: Quantity::new(lot),
        price_max: Price::new(builder.narrow(&at("price_max"), file.price_max, price_decimals)),
        position_max: Quantity::new(position_max),
        tiers: tiers(builder, &path, file),
        slippage: builder.share(&at("slippage"), file.slippage, Ratio::ZERO),
        liquidation_fee: builder.share(&at("liquidation_fee"), file.liquidation_fee, Ratio::ZERO),
        band: builder.share(&at("band"), file.band, Ratio::from_parts(50_000)),
        rate_max: builder.rate(&at("rate_max"), file.rate_max, Rate::new(rate_default)),
    }
}

fn kind(
    builder: &mut Builder<'_>,
    path: &str,
    name: &str,
    file: &InstrumentFile,
) -> InstrumentKind {
    let word = file.kind.word();
    let future = file.kind == KindFile::Future;
    let spot = file.kind == KindFile::Spot;
    for (field, given, allowed) in [
        ("base", file.base.is_some(), spot),
        ("underlying", file.underlying.is_some(), !spot),
        ("expires_at", file.expires_at.is_some(), future),
        ("settle_window", file.settle_window.is_some(), future),
        ("initial", file.initial.is_some(), !spot),
        ("release", file.release.is_some(), !spot),
        ("maintenance", file.maintenance.is_some(), !spot),
        ("tiers", file.tiers.is_some(), !spot),
    ] {
        if given && !allowed {
            builder.wrong(&format!("{path}.{field}"), format!("no such field for {word}"), field);
        }
    }
    match file.kind {
        KindFile::Spot => {
            InstrumentKind::Spot { base: other(builder, path, name, "base", file.base.as_deref()) }
        }
        KindFile::Perpetual => InstrumentKind::Perpetual {
            underlying: other(builder, path, name, "underlying", file.underlying.as_deref()),
        },
        KindFile::Future => {
            let expires_at = file.expires_at.map_or_else(
                || {
                    builder.missing(&format!("{path}.expires_at"), " of every future");
                    domain::Timestamp::START
                },
                |end| end.0,
            );
            InstrumentKind::Future {
                underlying: other(builder, path, name, "underlying", file.underlying.as_deref()),
                expires_at,
                settle_window: duration(file.settle_window, SETTLE_SECONDS),
            }
        }
    }
}

/// Base or underlying: as given, else what the name says before its first hyphen.
fn other(
    builder: &mut Builder<'_>,
    path: &str,
    name: &str,
    field: &str,
    given: Option<&str>,
) -> AssetId {
    let implied = name.split('-').next().unwrap_or(name);
    builder.asset(&format!("{path}.{field}"), given.unwrap_or(implied))
}

fn tiers(builder: &mut Builder<'_>, path: &str, file: &InstrumentFile) -> Vec<RequirementTier> {
    if file.kind == KindFile::Spot {
        return Vec::new();
    }
    let flat =
        [("initial", file.initial), ("release", file.release), ("maintenance", file.maintenance)];
    let Some(tiers) = &file.tiers else {
        let [initial, release, maintenance] = flat.map(|(field, value)| {
            let at = format!("{path}.{field}");
            match value {
                Some(value) => requirement(builder, &at, value),
                None => {
                    builder.missing(&at, " or tiers");
                    Ratio::ZERO
                }
            }
        });
        return vec![RequirementTier { up_to: None, initial, release, maintenance }];
    };
    for (field, value) in flat {
        if value.is_some() {
            builder.wrong(&format!("{path}.{field}"), format!("either {field} or tiers"), "both");
        }
    }
    let mut list = Vec::with_capacity(tiers.len());
    for (place, tier) in tiers.iter().enumerate() {
        let at = |field: &str| format!("{path}.tiers[{place}].{field}");
        let bound = tier.up_to.map(|bound| builder.wide(&at("up_to"), bound, PRODUCT_DECIMALS));
        list.push(RequirementTier {
            up_to: bound.map(Value::new),
            initial: requirement(builder, &at("initial"), tier.initial),
            release: requirement(builder, &at("release"), tier.release),
            maintenance: requirement(builder, &at("maintenance"), tier.maintenance),
        });
    }
    list
}

/// A requirement ratio, which may be a fraction.
pub fn requirement(builder: &mut Builder<'_>, path: &str, value: QuotedFraction) -> Ratio {
    let numerator = u64::try_from(value.numerator);
    let denominator = u64::try_from(value.denominator);
    let parts = numerator.ok().zip(denominator.ok());
    parts.and_then(|(n, d)| Ratio::new(n, d)).unwrap_or_else(|| {
        let expected = "a fraction with a denominator up to 1,000,000,000,000";
        builder.wrong(path, expected, format!("{:?}", value.to_string()));
        Ratio::ZERO
    })
}
