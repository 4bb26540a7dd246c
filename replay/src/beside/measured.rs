//! The value of a measure in a run.

use domain::wide::mul_div;
use domain::{FeedRole, InstrumentId, Rounding, Rulebook, Timestamp};
use feed::published::{Extreme, Figures, Measure, Moment, PLACES, Whole};

use super::gathered::{Gathered, Way};
use crate::clockface::minute_start;
use crate::summary::Statistics;

/// A leg has hours that each closed at least this share of all that was closed: a twentieth.
const LOUD: i128 = 20;
/// Legs are parted by at least so many hours that are not loud.
const QUIET_HOURS: i64 = 2;
/// One at 1e-16.
const ONE: i128 = 10i128.pow(PLACES);

/// A value of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// At 1e-16.
    Number(i128),
    /// A time.
    Time(Timestamp),
    /// Whether it happened.
    Flag(bool),
}

impl Measured {
    /// As files write it.
    pub fn exact(&self) -> String {
        match self {
            Measured::Number(units) => feed::decimal::text(*units, PLACES),
            Measured::Time(at) => feed::time::text(*at),
            Measured::Flag(true) => "yes".to_owned(),
            Measured::Flag(false) => "no".to_owned(),
        }
    }
}

/// The value of a measure; `Err` says what the run has none of.
///
/// # Errors
/// An asset or instrument that the rulebook does not list or that has no price; something that did
/// not happen.
pub fn measured(
    measure: &Measure,
    market: Option<&Whole>,
    gathered: &Gathered,
    statistics: &Statistics,
) -> Result<Measured, String> {
    let rulebook = statistics.rulebook.as_ref().ok_or("no rulebook was adopted")?;
    match measure {
        Measure::Price { role, name, extreme, moment, on } => {
            let (target, places) = stream(rulebook, *role, name)?;
            let way = gathered.way(*role, target, *on);
            let way = way.ok_or_else(|| format!("the run has no such price of {name}"))?;
            let (price, at) = point(way, *extreme);
            Ok(value((scaled(price.wide(), places), at), *moment))
        }
        Measure::Funding { name, extreme, moment } => {
            let way = gathered.funding.get(&instrument(rulebook, name)?);
            let way = way.ok_or_else(|| format!("the run has no funding of {name}"))?;
            let (rate, at) = point(*way, *extreme);
            Ok(value((scaled(i128::from(rate.units()), 12), at), *moment))
        }
        Measure::LiquidatedIn(name) => {
            let instrument = instrument(rulebook, name)?;
            let [reduced, deleveraged] = gathered.closed_total();
            let own = gathered.closed.get(&instrument).copied().unwrap_or_default();
            share(own[0] + own[1], reduced + deleveraged, "nothing was liquidated")
        }
        Measure::Run(figures) => run(*figures, market, gathered, statistics),
    }
}

fn run(
    figures: Figures,
    market: Option<&Whole>,
    gathered: &Gathered,
    statistics: &Statistics,
) -> Result<Measured, String> {
    let [reduced, deleveraged] = gathered.closed_total();
    let deficit = statistics.deficit();
    let of_market = |units| of_market(units, market, gathered, statistics);
    let fund = gathered.opening.as_ref().map_or(0, |opening| opening.fund);
    let first = || gathered.first_deleveraged.ok_or("nobody was deleveraged".to_owned());
    let whole = |count: usize| Ok(Measured::Number(count as i128 * ONE));
    match figures {
        Figures::Flagged => whole(statistics.flagged as usize),
        Figures::LiquidatedAccounts => whole(statistics.liquidated.len()),
        Figures::LiquidatedNotional => Ok(Measured::Number(reduced + deleveraged)),
        Figures::LiquidatedMarketNotional => of_market(reduced + deleveraged),
        Figures::LiquidatedLongShare => {
            let [long, short] = gathered.sides;
            share(long, long + short, "nothing was liquidated")
        }
        Figures::LiquidatedLegs => whole(legs(statistics)),
        Figures::DeleveragedMarketNotional => of_market(deleveraged),
        Figures::DeleveragedShare => {
            share(deleveraged, reduced + deleveraged, "nothing was liquidated")
        }
        Figures::DeleveragedStarted => Ok(Measured::Flag(gathered.first_deleveraged.is_some())),
        Figures::DeleveragedDelay => {
            let (at, _) = first()?;
            let since = gathered.first_started.unwrap_or(at);
            Ok(Measured::Number(scaled(i128::from(at.nanos() - since.nanos()), 9)))
        }
        Figures::DeleveragedAfter => whole(first()?.1 as usize),
        Figures::DeleveragedWithLiquidations => {
            first()?;
            Ok(Measured::Flag(gathered.deleveraged_alone == 0))
        }
        Figures::FundDrawnShare => share(deficit.insurance_fund, fund, "the fund was empty"),
        Figures::FundMarketDraw => of_market(deficit.insurance_fund),
        Figures::FundSuffices => Ok(Measured::Flag(deficit.insurance_fund == deficit.deficit)),
        Figures::FundRefilled => {
            let end = gathered.fund_end.ok_or("the run did not come to its end")?;
            Ok(Measured::Flag(end >= fund))
        }
        Figures::DeficitMarketValue => of_market(deficit.deficit),
        Figures::DeficitAccounts => {
            whole(statistics.deficits.values().filter(|one| one.deficit > 0).count())
        }
    }
}

fn point<T: Copy + PartialOrd>(way: Way<T>, extreme: Extreme) -> (T, Timestamp) {
    match extreme {
        Extreme::Open => way.open,
        Extreme::Low => way.low,
        Extreme::High => way.high,
        Extreme::Close => way.close,
    }
}

fn value((units, at): (i128, Timestamp), moment: Moment) -> Measured {
    match moment {
        Moment::Value => Measured::Number(units),
        Moment::Time => Measured::Time(at),
    }
}

/// Units of so many places at 1e-16; no stream has more places than that.
fn scaled(units: i128, places: u32) -> i128 {
    units * 10i128.pow(PLACES.saturating_sub(places))
}

/// Number of a stream's target, and the places of its prices.
fn stream(rulebook: &Rulebook, role: FeedRole, name: &str) -> Result<(u32, u32), String> {
    if role == FeedRole::Index {
        let asset = rulebook.asset_named(name);
        let rules = asset.and_then(|asset| Some((asset, rulebook.asset(asset)?)));
        let (asset, rules) = rules.ok_or_else(|| format!("the rulebook lists no asset {name}"))?;
        return Ok((asset.number(), PLACES.saturating_sub(u32::from(rules.decimals))));
    }
    let instrument = instrument(rulebook, name)?;
    let places = rulebook.instrument(instrument).map_or(0, |rules| rules.price_decimals);
    Ok((instrument.number(), u32::from(places)))
}

fn instrument(rulebook: &Rulebook, name: &str) -> Result<InstrumentId, String> {
    let instrument = rulebook.instrument_named(name);
    instrument.ok_or_else(|| format!("the rulebook lists no instrument {name}"))
}

/// A share, rounded down at 1e-16.
fn share(part: i128, whole: i128, none: &str) -> Result<Measured, String> {
    if whole <= 0 {
        return Err(none.to_owned());
    }
    let share = mul_div(part, ONE, whole, Rounding::Down).ok_or("a share beyond 128 bits")?;
    Ok(Measured::Number(share))
}

/// A value of the house as if it were its whole market: times the market's open notional over the
/// house's, both at the opening; rounded down at 1e-16.
fn of_market(
    units: i128,
    market: Option<&Whole>,
    gathered: &Gathered,
    statistics: &Statistics,
) -> Result<Measured, String> {
    let whole = market.ok_or("the open notional of the market is not known")?;
    let opening = gathered.opening.as_ref().ok_or("nobody holds anything at the opening")?;
    let house = match (&whole.of, &statistics.rulebook) {
        (Some(name), Some(rulebook)) => {
            opening.notional.get(&instrument(rulebook, name)?).copied().unwrap_or(0)
        }
        _ => opening.notional.values().sum(),
    };
    if house <= 0 {
        return Err("the house holds no part of that market at the opening".to_owned());
    }
    let scaled = mul_div(units, whole.open_notional, house, Rounding::Down);
    scaled.map(Measured::Number).ok_or_else(|| "a value beyond 128 bits".to_owned())
}

/// Bursts of liquidation: loud hours, parted by at least [`QUIET_HOURS`] that are not.
fn legs(statistics: &Statistics) -> usize {
    let total: i128 = statistics.minutes.values().sum();
    let mut hours = std::collections::BTreeMap::<i64, i128>::new();
    for (minute, notional) in &statistics.minutes {
        let hour = minute_start(*minute).nanos().div_euclid(feed::time::HOUR);
        *hours.entry(hour).or_default() += notional;
    }
    let loud = hours.iter().filter(|(_, closed)| **closed * LOUD >= total && total > 0);
    let mut legs = 0;
    let mut last: Option<i64> = None;
    for (hour, _) in loud {
        legs += usize::from(last.is_none_or(|last| hour - last > QUIET_HOURS));
        last = Some(*hour);
    }
    legs
}

#[cfg(test)]
mod tests {
    //! Goal: legs are counted as a person would. Method: a table of closed notional by hour.

    use super::*;

    #[test]
    fn legs_are_bursts_with_a_quiet_stretch_between() {
        let table: [(&[(i64, i128)], usize); 5] = [
            (&[], 0),
            (&[(3, 10)], 1),
            (&[(3, 10), (4, 8), (6, 9)], 1),
            (&[(3, 10), (4, 8), (5, 1), (8, 1), (9, 12)], 2),
            (&[(0, 1), (10, 100), (20, 1)], 1),
        ];
        for (hours, expected) in table {
            let mut statistics = Statistics::default();
            statistics.minutes =
                hours.iter().map(|(hour, closed)| (hour * 60 + 7, *closed)).collect();
            assert_eq!(legs(&statistics), expected, "{hours:?}");
        }
    }
}
