//! What depth must satisfy before it is in force: no fill can cost its own value, and every figure
//! stays where fixed-point routines hold it.

use super::validate::Findings;
use super::{DepthRules, ImpactModel, InstrumentKind, Rulebook, StressRules};
use crate::ratio::Ratio;
use alloc::format;
use alloc::string::String;

/// Largest depth of a venue, at 1e-16: 10^13 of the settlement asset.
const DEPTH_MAX: i128 = 10i128.pow(29);

/// Exponents lie within a tenth and ten.
const EXPONENTS: [Ratio; 2] = [Ratio::from_parts(100_000), Ratio::from_parts(10_000_000)];

/// Least share of depth that a regime leaves.
const LEVEL_MIN: Ratio = Ratio::from_parts(100);

pub(super) fn check_liquidity(findings: &mut Findings, rulebook: &Rulebook) {
    let liquidity = &rulebook.sections.liquidity;
    for (place, market) in liquidity.markets.iter().enumerate() {
        let Some(instrument) = rulebook.instrument(market.instrument) else {
            findings.require(false, "liquidity", || {
                format!("instrument {} is not listed", market.instrument.number())
            });
            continue;
        };
        let path = format!("instruments.{}.liquidity", instrument.name);
        let mut before = liquidity.markets.iter().take(place);
        let ascending = before.all(|other| other.instrument < market.instrument);
        findings.require(ascending, &path, || "must be listed once, in order".into());
        if let InstrumentKind::Spot { base } = instrument.kind {
            findings.require(instrument.settles == rulebook.numeraire, &path, || {
                "of a spot instrument must trade for the numeraire: collateral is sold there".into()
            });
            let first = rulebook.spot_depth(base).map(|first| first.instrument);
            findings.require(first == Some(market.instrument), &path, || {
                "must be that of the only spot instrument of its asset that has any".into()
            });
        }
        check_venues(findings, &path, market);
        check_shape(findings, &path, market);
        if let Some(stress) = &market.stress {
            check_stress(findings, &format!("{path}.stress"), stress);
        }
    }
}

fn check_venues(findings: &mut Findings, path: &str, market: &DepthRules) {
    let at = format!("{path}.venues");
    let count = market.venues.len();
    findings.require((1..=16).contains(&count), &at, || {
        format!("must be 1 to 16 venues, found {count}")
    });
    for (place, venue) in market.venues.iter().enumerate() {
        let at = |field: &str| format!("{at}[{place}].{field}");
        let repeated = market.venues.iter().take(place).any(|other| other.name == venue.name);
        findings.require(!repeated, &at("name"), || "must be another for each venue".into());
        let depth = venue.depth.units();
        findings.require((1..=DEPTH_MAX).contains(&depth), &at("depth"), || {
            "must be above zero and at most 10,000,000,000,000".into()
        });
        // Below a half with distance_max: a fill then never costs its own value.
        findings.require(
            venue.half_spread <= Ratio::from_parts(250_000) && venue.half_spread.is_canonical(),
            &at("half_spread"),
            || "must be 0 to 0.25".into(),
        );
    }
}

fn check_shape(findings: &mut Findings, path: &str, market: &DepthRules) {
    let at = |field: &str| format!("{path}.{field}");
    let within = |ratio: Ratio, most: Ratio| ratio.is_canonical() && ratio <= most;
    findings.require(within(market.mark_weight, Ratio::ONE), &at("mark_weight"), between_0_and_1);
    findings.require(within(market.permanent, Ratio::ONE), &at("permanent"), between_0_and_1);
    let distance = market.distance_max;
    findings.require(
        within(distance, Ratio::from_parts(500_000)) && !distance.is_zero(),
        &at("distance_max"),
        || "must be above 0 and at most 0.5".into(),
    );
    for (field, span) in [("refill", market.refill), ("arbitrage", market.arbitrage)] {
        findings.require(span.nanos() >= 0, &at(field), || "must not be negative".into());
    }
    let exponent =
        |ratio: Ratio| ratio.is_canonical() && EXPONENTS[0] <= ratio && ratio <= EXPONENTS[1];
    let volatile = |ratio: Ratio| within(ratio, Ratio::from_parts(10_000_000)) && !ratio.is_zero();
    let (field, fits) = match market.model {
        ImpactModel::Depth { exponent: ratio } => ("exponent", exponent(ratio)),
        ImpactModel::Linear | ImpactModel::LinearReturns => ("model", true),
        ImpactModel::SquareRoot { factor, volatility } => {
            ("volatility", volatile(factor) && volatile(volatility))
        }
        ImpactModel::Power { exponent: ratio, factor, volatility } => {
            ("exponent", exponent(ratio) && volatile(factor) && volatile(volatility))
        }
        ImpactModel::Fixed { distance } => {
            ("distance", distance <= market.distance_max && distance.is_canonical())
        }
    };
    findings.require(fits, &at(field), || match market.model {
        ImpactModel::Fixed { .. } => "must be at most distance_max".into(),
        ImpactModel::SquareRoot { .. } => "and factor must be above 0 and at most 10".into(),
        _ => "must be 0.1 to 10".into(),
    });
}

fn between_0_and_1() -> String {
    "must be 0 to 1".into()
}

fn check_stress(findings: &mut Findings, path: &str, stress: &StressRules) {
    let at = |field: &str| format!("{path}.{field}");
    let level = |ratio: Ratio| ratio.is_canonical() && (LEVEL_MIN..=Ratio::ONE).contains(&ratio);
    findings.require(stress.at.is_canonical() && !stress.at.is_zero(), &at("at"), || {
        "must be above 0".into()
    });
    let rising = stress.at <= stress.severe_at && stress.severe_at.is_canonical();
    findings.require(rising, &at("severe_at"), || "must be at least at".into());
    findings.require(level(stress.level), &at("level"), || "must be 0.0001 to 1".into());
    findings.require(
        level(stress.severe_level) && stress.severe_level <= stress.level,
        &at("severe_level"),
        || "must be 0.0001 to level".into(),
    );
    let volatility = (Ratio::ONE..=Ratio::from_parts(100_000_000)).contains(&stress.volatility);
    findings.require(volatility && stress.volatility.is_canonical(), &at("volatility"), || {
        "must be 1 to 100".into()
    });
    findings.require(stress.recovery.nanos() > 0, &at("recovery"), || "must be above zero".into());
}
