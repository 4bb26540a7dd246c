//! How accounts are sold out where the rulebook chooses otherwise than plainly: whose turn it is,
//! which position, how many lots, with what fee for the insurance fund.
//!
//! An [`Ask`] is what the machine wants of one step. Law: a step that raises the shortfall at the
//! prices it is planned with is toxic, whatever sized it; a step closes at least one lot.

use crate::fee::{InsuranceRoom, insurance_fee};
use crate::liquidation::{
    self, Closing, Solvency, Step, allocated, close, cost_of, cost_of_size, fee, is_dust, lack,
    notional_of, solvency,
};
use crate::margin;
use crate::number::{Fixed, Number, Places};
use crate::portfolio::Portfolio;
use crate::prices::{INDEX_ONE, Prices};
use crate::sizing::{Cover, ShareInTime};
use crate::valuation::{Assessment, assess};
use crate::{on_book, reach};
use core::cmp::Reverse;
use domain::rulebook::{InstrumentKind, InsuranceFee, Sizing, TargetOrder};
use domain::wide::{div, mul_div};
use domain::{
    Amount, AssetId, Duration, InstrumentId, Position, Quantity, Ratio, Rounding, Value, Weighted,
};

/// What is asked of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Shortfall that may remain.
    pub goal: Weighted,
    /// Largest notional (worth of collateral); at least one lot goes.
    pub most: Option<Value>,
    /// Everything, whatever it does to the shortfall.
    pub whole: bool,
    /// How many lots reach the goal.
    pub sizing: Sizing,
    /// At most this share of the position, lots up.
    pub part: Option<Ratio>,
}

impl Ask {
    /// As few lots as reach release.
    pub const TO_RELEASE: Self = Self {
        goal: Weighted::ZERO,
        most: None,
        whole: false,
        sizing: Sizing::ToTarget,
        part: None,
    };
}

/// The position that is closed next by the rulebook's order, among those that can be traded now,
/// but for some that were tried already.
#[must_use]
pub fn target(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    tried: &[InstrumentId],
) -> Option<Position> {
    let order = &prices.rulebook.sections.selling.targets;
    if matches!(order, TargetOrder::LargestNotional) {
        return liquidation::target_but(portfolio, prices, tried);
    }
    let open = portfolio
        .positions()
        .filter(|position| tradable(position, prices) && !tried.contains(&position.instrument));
    open.min_by_key(|position| {
        let notional = notional_of(position, position.quantity, prices);
        let (rank, ratio) = rank_of(portfolio, prices, order, position);
        (rank, Reverse(ratio), Reverse(notional), position.instrument)
    })
}

/// Whether a position can be traded now.
#[must_use]
pub fn tradable(position: &Position, prices: &Prices<'_>) -> bool {
    let market = prices.instrument(position.instrument);
    !market.halted && !market.expired && market.mark.is_positive()
}

/// Place and, of those with the same place, the ratio that goes first.
fn rank_of(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    order: &TargetOrder,
    position: &Position,
) -> (usize, Ratio) {
    let rules = prices.instrument_rules(position.instrument);
    match order {
        TargetOrder::LargestNotional => (0, Ratio::ZERO),
        TargetOrder::RiskiestFirst => {
            (0, rules.tiers.first().map_or(Ratio::ZERO, |tier| tier.maintenance))
        }
        TargetOrder::Listed(list) => {
            let place = list.iter().position(|listed| *listed == position.instrument);
            (place.unwrap_or(list.len()), Ratio::ZERO)
        }
        TargetOrder::FuturesReducingDelta => {
            let future = matches!(rules.kind, InstrumentKind::Future { .. });
            let place = match (reduces_delta(portfolio, prices, position), future) {
                (true, true) => 0,
                (true, false) => 1,
                (false, _) => 2,
            };
            (place, Ratio::ZERO)
        }
    }
}

fn underlying(kind: InstrumentKind) -> AssetId {
    match kind {
        InstrumentKind::Spot { base } => base,
        InstrumentKind::Perpetual { underlying } | InstrumentKind::Future { underlying, .. } => {
            underlying
        }
    }
}

/// Whether closing a position lowers the account's net notional in its underlying.
fn reduces_delta(portfolio: &Portfolio<'_>, prices: &Prices<'_>, position: &Position) -> bool {
    let of = |position: &Position| underlying(prices.instrument_rules(position.instrument).kind);
    let asset = of(position);
    let net: i128 = portfolio
        .positions()
        .filter(|other| of(other) == asset)
        .map(|other| {
            let notional = notional_of(&other, other.quantity, prices).units();
            if other.quantity.is_negative() { -notional } else { notional }
        })
        .sum();
    if position.quantity.is_negative() { net < 0 } else { net > 0 }
}

/// Lots of a position, the last one perhaps cut.
fn lots_of(position: &Position, lot: i64) -> i64 {
    let size = position.quantity.magnitude().units();
    size.div_euclid(lot) + i64::from(size.rem_euclid(lot) != 0)
}

/// Whole lots that a size needs.
pub(crate) fn lots_up(size: i128, lot: i64) -> i64 {
    i64::try_from(div(size, i128::from(lot), Rounding::Up)).unwrap_or(i64::MAX)
}

/// Plans a step for one position within what is asked.
#[must_use]
pub fn plan(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    position: &Position,
    ask: &Ask,
) -> Step {
    let solvency = solvency(portfolio, prices);
    if let Some(can) = reach::lots(prices, position) {
        return on_book::plan_asked(portfolio, prices, position, ask, (&solvency, can));
    }
    if !solvency.covers() {
        return Step::Default { lack: lack(portfolio, prices, position, &solvency) };
    }
    let lot = prices.instrument_rules(position.instrument).lot.units();
    let all = lots_of(position, lot);
    let at = |lots: i64| {
        let closing = close(portfolio, prices, position, lots, &solvency);
        let after = assess(&portfolio.with(closing.change), prices);
        (closing, after)
    };
    let Some(lots) = lots_wanted(prices, position, ask, &solvency, all, &at) else {
        return Step::Close { closing: at(all).0, toxic: true };
    };
    let lots = bounded(prices, position, ask, lots.clamp(1, all), all);
    let (closing, after) = at(lots);
    let toxic = !ask.whole && after.shortfall() > solvency.shortfall;
    Step::Close { closing, toxic }
}

/// Lots that the sizing asks for; `None` where its formula has no solution.
fn lots_wanted(
    prices: &Prices<'_>,
    position: &Position,
    ask: &Ask,
    solvency: &Solvency,
    all: i64,
    at: &impl Fn(i64) -> (Closing, Assessment),
) -> Option<i64> {
    if ask.whole || matches!(ask.sizing, Sizing::Full | Sizing::AllAtOnce) {
        return Some(all);
    }
    if matches!(ask.sizing, Sizing::Cover) {
        return cover(prices, position, solvency);
    }
    Some(fewest(all, |lots| at(lots).1.shortfall() <= ask.goal))
}

/// The fewest of `all` that reach a goal, found by halving; all of them where that does not.
pub(crate) fn fewest(all: i64, reaches: impl Fn(i64) -> bool) -> i64 {
    if !reaches(all) {
        return all;
    }
    let (mut low, mut high) = (0, all);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if reaches(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// Drift v2's formula on the notional of the whole position: its answer is a share of it.
pub(crate) fn cover(prices: &Prices<'_>, position: &Position, solvency: &Solvency) -> Option<i64> {
    let notional = notional_of(position, position.quantity, prices);
    let rules = prices.instrument_rules(position.instrument);
    let share = Cover {
        shortfall: Fixed::of_weighted(solvency.shortfall, Rounding::Up),
        price: Fixed::from(notional),
        quote: Fixed::one(),
        requirement: release_ratio(prices, position, notional),
        liquidator_fee: conceded_ratio(prices, position, notional),
        insurance_fee: Fixed::of_ratio(rules.liquidation_fee, Rounding::Up),
    }
    .quantity(&Places::House, &Places::House)?;
    let whole = position.quantity.magnitude().wide();
    let size = mul_div(whole, share.units(), INDEX_ONE, Rounding::Up);
    Some(size.map_or(i64::MAX, |size| lots_up(size, rules.lot.units())))
}

/// Release margin of a position over its notional, rounded down.
fn release_ratio(prices: &Prices<'_>, position: &Position, notional: Value) -> Fixed {
    let release = margin::release_share(position, prices).units();
    let whole = notional.unweighted().units();
    if whole <= 0 {
        return Fixed::zero();
    }
    Fixed::new(mul_div(release, INDEX_ONE, whole, Rounding::Down).unwrap_or(INDEX_ONE))
}

/// What closing a position concedes over its notional, rounded up.
fn conceded_ratio(prices: &Prices<'_>, position: &Position, notional: Value) -> Fixed {
    if !notional.is_positive() {
        return Fixed::zero();
    }
    let conceded = cost_of(position, notional, prices).units();
    let ratio = mul_div(conceded, INDEX_ONE, notional.units(), Rounding::Up);
    Fixed::new(ratio.unwrap_or(INDEX_ONE))
}

/// Lots within what is asked at most; all of them where the rest would be dust.
fn bounded(prices: &Prices<'_>, position: &Position, ask: &Ask, lots: i64, all: i64) -> i64 {
    let lots = capped(prices, position, ask, lots);
    if leaves_dust(prices, position, lots) { all } else { lots }
}

/// Lots within what is asked at most, at least one.
pub(crate) fn capped(prices: &Prices<'_>, position: &Position, ask: &Ask, lots: i64) -> i64 {
    let lot = prices.instrument_rules(position.instrument).lot.units();
    let whole = position.quantity.magnitude();
    let mut lots = lots;
    if let Some(part) = ask.part {
        lots = lots.min(lots_up(part.of(whole.wide(), Rounding::Up), lot));
    }
    if let Some(most) = ask.most {
        let one = notional_of(position, Quantity::new(lot), prices).units().max(1);
        let fits = div(most.units(), one, Rounding::Down);
        lots = lots.min(i64::try_from(fits).unwrap_or(i64::MAX)).max(1);
    }
    lots
}

/// Whether so many lots leave too little of a position to keep.
pub(crate) fn leaves_dust(prices: &Prices<'_>, position: &Position, lots: i64) -> bool {
    let lot = prices.instrument_rules(position.instrument).lot.units();
    let whole = position.quantity.magnitude().units();
    let rest = whole - lots.saturating_mul(lot).min(whole);
    is_dust(position, Quantity::new(rest), prices)
}

/// What may remain of a shortfall while its share grows with time.
///
/// Worked: 100 short, 10 % and 150 s, after 75 s and nothing freed yet: 40 may remain.
#[must_use]
pub fn goal_in_time(
    sizing: &Sizing,
    shortfall: Weighted,
    freed: Weighted,
    waited: Duration,
) -> Weighted {
    let Sizing::Share { initial, over, under } = *sizing else { return Weighted::ZERO };
    let seconds = |span: Duration| Fixed::new(i128::from(span.nanos()) * 10_000_000);
    let share = ShareInTime {
        initial: Fixed::of_ratio(initial, Rounding::Down),
        duration: seconds(over),
        all_below: Fixed::new(i128::from(under) * INDEX_ONE),
    };
    let short = Fixed::of_weighted(shortfall, Rounding::Up);
    let freed = Fixed::of_weighted(freed, Rounding::Down);
    let places = (&Places::House, &Places::House);
    let allowed = share.allowed(&seconds(waited), &short, &freed, places);
    let removed = mul_div(shortfall.units(), allowed.units(), INDEX_ONE, Rounding::Up);
    shortfall - Weighted::new(removed.unwrap_or(shortfall.units()))
}

/// The insurance fund's fee on closing a size; never more than equity leaves after the cost of
/// closing everything.
pub(crate) fn charged(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    position: &Position,
    size: Quantity,
    solvency: &Solvency,
) -> Amount {
    let house = fee(position, size, prices, solvency);
    if house == Amount::ZERO {
        return house;
    }
    match prices.rulebook.sections.selling.insurance_fee {
        InsuranceFee::HouseShare => house,
        InsuranceFee::RequirementRoom => house.min(by_room(prices, position, size, solvency)),
        InsuranceFee::FillDelta => {
            let delta = fill_delta(portfolio, prices, position, size, solvency);
            asked(prices, position, size).min(delta)
        }
    }
}

/// The instrument's ratio of a size's notional, in whole units rounded up.
fn asked(prices: &Prices<'_>, position: &Position, size: Quantity) -> Amount {
    let rules = prices.instrument_rules(position.instrument);
    let at_mark = size.quote(prices.instrument(position.instrument).mark);
    let asked = rules.liquidation_fee.of(at_mark.units(), Rounding::Up);
    Amount::new(div(asked, prices.asset_rules(rules.settles).scale(), Rounding::Up))
}

/// Drift v2's bound: .95 of what release ratio, concession and shortfall leave.
fn by_room(
    prices: &Prices<'_>,
    position: &Position,
    size: Quantity,
    solvency: &Solvency,
) -> Amount {
    let rules = prices.instrument_rules(position.instrument);
    let notional = notional_of(position, position.quantity, prices);
    let room = InsuranceRoom {
        shortfall: Fixed::of_weighted(solvency.shortfall, Rounding::Up),
        size: Fixed::one(),
        price: Fixed::from(notional),
        requirement: release_ratio(prices, position, notional),
        liquidator_fee: conceded_ratio(prices, position, notional),
        most: Fixed::of_ratio(rules.liquidation_fee, Rounding::Up),
    };
    let share = insurance_fee(&room, &Places::House);
    let at_mark = size.quote(prices.instrument(position.instrument).mark);
    let fee = mul_div(at_mark.units(), share.units(), INDEX_ONE, Rounding::Down).unwrap_or(0);
    Amount::new(div(fee, prices.asset_rules(rules.settles).scale(), Rounding::Down))
}

/// What the fill quote of a size exceeds its bankruptcy quote: its part of the equity allocated to
/// the position less what the fill concedes; whole units, rounded down.
fn fill_delta(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    position: &Position,
    size: Quantity,
    solvency: &Solvency,
) -> Amount {
    let rules = prices.instrument_rules(position.instrument);
    let equity = allocated(portfolio, prices, position, solvency);
    let whole = position.quantity.magnitude().wide();
    let part = mul_div(equity, size.wide(), whole, Rounding::Down).unwrap_or(0);
    let conceded = cost_of_size(position, size, prices).units();
    // What closing everything still costs stays with the account.
    let room = (solvency.realisable - solvency.cost).units();
    let delta = Value::new((part - conceded).min(room).max(0));
    let quote = prices.quote_of(rules.settles, delta, Rounding::Down);
    let scale = prices.asset_rules(rules.settles).scale();
    Amount::new(quote.map_or(0, |quote| div(quote.units(), scale, Rounding::Down)))
}
