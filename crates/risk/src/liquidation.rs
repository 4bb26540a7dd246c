//! How an account is sold out: which position, how much of it, at what quote, with what fee.
//!
//! A step is the smallest number of lots that brings the account to release, found on the exact
//! assessment, so kinks, tiers and fees need no case of their own; for one tier in the numeraire it
//! is (RM - AE) / (rho - w c) rounded up to the lot. A step that cannot reach release closes the
//! whole position; if even that would raise the shortfall it is toxic.

use crate::fill::after_fill;
use crate::margin;
use crate::portfolio::{Change, Portfolio};
use crate::prices::Prices;
use crate::sale_on_book;
use crate::selling::charged;
use crate::valuation::{Assessment, assess, net_cash};
use domain::wide::mul_div;
use domain::{Amount, InstrumentId, Position, Quantity, Quote, Rounding, Value, Weighted};

/// A forced trade as planned.
#[derive(Clone, Copy, Debug)]
pub struct Closing {
    /// Signed change of the account's position.
    pub quantity: Quantity,
    /// What the account pays (receives, negative): mark plus or less slippage.
    pub quote: Quote,
    /// Liquidation fee in the settlement asset.
    pub fee: Amount,
    /// What it makes of the account.
    pub change: Change,
}

/// How equity compares with the cost of closing everything.
#[derive(Clone, Copy, Debug)]
pub struct Solvency {
    /// Equity with every asset but the numeraire at its sale price.
    pub realisable: Value,
    /// Slippage of closing every position.
    pub cost: Value,
    /// Notional of every position.
    pub notional: Value,
    /// Release margin less adjusted equity.
    pub shortfall: Weighted,
}

impl Solvency {
    /// Whether the account can pay for its own closing.
    #[must_use]
    pub fn covers(&self) -> bool {
        self.realisable >= self.cost
    }
}

/// What to do with a position.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::large_enum_variant, reason = "one lives on the stack for one step")]
pub enum Step {
    /// Close this much at the fill quote.
    Close {
        /// The forced trade.
        closing: Closing,
        /// True where it raises the shortfall: it goes ahead as a full close.
        toxic: bool,
    },
    /// The account cannot pay for the whole close: the waterfall pays `lack` for all of it, in the
    /// settlement asset, on top of the account's share of equity.
    Default {
        /// At 1e-16 of the settlement asset; not negative.
        lack: Quote,
    },
    /// The same where depth is finite: so much of the account's equity is this position's, at 1e-16
    /// of the settlement asset.
    DefaultOnBook {
        /// Negative where the account already owes more.
        allocated: Quote,
    },
    /// The book can take no lot of it now.
    Wait,
}

/// The open position with the largest notional among those that can be traded now, ties by the
/// lower instrument.
#[must_use]
pub fn target(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Option<Position> {
    target_but(portfolio, prices, &[])
}

/// The same but for some instruments that were tried already.
#[must_use]
pub fn target_but(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    tried: &[InstrumentId],
) -> Option<Position> {
    let mut best: Option<(Value, Position)> = None;
    for position in portfolio.positions() {
        let market = prices.instrument(position.instrument);
        let tradable = !market.halted && !market.expired && market.mark.is_positive();
        if !tradable || tried.contains(&position.instrument) {
            continue;
        }
        let notional = notional_of(&position, position.quantity, prices);
        if best.is_none_or(|(largest, _)| notional > largest) {
            best = Some((notional, position));
        }
    }
    best.map(|(_, position)| position)
}

/// Notional of a quantity at the mark of a position's instrument, in the numeraire, rounded up.
#[must_use]
pub fn notional_of(position: &Position, quantity: Quantity, prices: &Prices<'_>) -> Value {
    let rules = prices.instrument_rules(position.instrument);
    let quote = quantity.magnitude().quote(prices.instrument(position.instrument).mark);
    prices.worth(rules.settles, quote, Rounding::Up)
}

/// Compares realisable equity with the cost of closing everything.
///
/// Worked: 10,000 USD and 1 BTC at 8,000 that sells at 1 % less: 17,920 realisable.
#[must_use]
pub fn solvency(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Solvency {
    let mut realisable = Value::ZERO;
    for balance in portfolio.balances() {
        let cash = net_cash(portfolio, &balance, prices);
        let worth = prices.worth(balance.asset, cash, Rounding::Down);
        realisable += worth;
        if worth.is_positive() {
            realisable -= sale_on_book::cost_of_selling(prices, balance.asset, cash, worth);
        }
    }
    let (mut cost, mut notional) = (Value::ZERO, Value::ZERO);
    for position in portfolio.positions() {
        let worth = notional_of(&position, position.quantity, prices);
        notional += worth;
        cost += cost_of(&position, worth, prices);
    }
    Solvency { realisable, cost, notional, shortfall: assess(portfolio, prices).shortfall() }
}

/// What closing a whole position costs; of one that is offered at a limit no more than the limit
/// concedes, since nothing is filled beyond it.
pub(crate) fn cost_of(position: &Position, notional: Value, prices: &Prices<'_>) -> Value {
    let at_price = || Value::new(prices.conceded(position, notional.units()));
    if prices.walked(position.instrument).is_none() {
        return at_price();
    }
    let cost = walked_cost(position, position.quantity.magnitude(), prices);
    let limited = prices.terms.is_some_and(|terms| terms.position.limits());
    if limited { cost.min(at_price()) } else { cost }
}

/// What closing a size costs in the numeraire, rounded up: by the book it walks, else by the terms.
pub(crate) fn cost_of_size(position: &Position, size: Quantity, prices: &Prices<'_>) -> Value {
    if prices.walked(position.instrument).is_some() {
        return walked_cost(position, size, prices);
    }
    Value::new(prices.conceded(position, notional_of(position, size, prices).units()))
}

fn walked_cost(position: &Position, size: Quantity, prices: &Prices<'_>) -> Value {
    let cost = conceded(position, size, prices);
    prices.worth(prices.instrument_rules(position.instrument).settles, cost, Rounding::Up)
}

/// What closing a size gives away against the mark, at 1e-16 of the settlement asset.
#[must_use]
pub fn conceded(position: &Position, size: Quantity, prices: &Prices<'_>) -> Quote {
    let at_mark = size.quote(prices.instrument(position.instrument).mark);
    let (_, quote) = forced_quote(position, size, prices);
    let cost = if position.quantity.is_negative() { quote - at_mark } else { quote + at_mark };
    cost.max(Quote::ZERO)
}

/// Plans the step for one position.
///
/// Worked: N 1M, AE 25k, release 3 %, slippage and fee 1 % together: 250,000 of notional.
#[must_use]
pub fn plan(portfolio: &Portfolio<'_>, prices: &Prices<'_>, position: &Position) -> Step {
    if let Some(book) = prices.book(position.instrument) {
        return crate::on_book::plan(portfolio, prices, position, book);
    }
    let solvency = solvency(portfolio, prices);
    if !solvency.covers() {
        return Step::Default { lack: lack(portfolio, prices, position, &solvency) };
    }
    let at = |lots: i64| {
        let closing = close(portfolio, prices, position, lots, &solvency);
        let after = assess(&portfolio.with(closing.change), prices);
        (closing, after)
    };
    let lot = prices.instrument_rules(position.instrument).lot.units();
    let all = position.quantity.magnitude().units().div_euclid(lot)
        + i64::from(position.quantity.magnitude().units().rem_euclid(lot) != 0);
    let (closing, after) = at(all);
    if after.shortfall().is_positive() {
        let toxic = after.shortfall() > solvency.shortfall;
        return Step::Close { closing, toxic };
    }
    let reaches = |assessment: &Assessment| !assessment.shortfall().is_positive();
    let (mut low, mut high, mut best) = (0, all, closing);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let (closing, after) = at(middle);
        if reaches(&after) {
            (high, best) = (middle, closing);
        } else {
            low = middle;
        }
    }
    let rest = position.quantity + best.quantity;
    let sweep = is_dust(position, rest, prices);
    Step::Close { closing: if sweep { closing } else { best }, toxic: false }
}

/// Whether what a step would leave of a position is too little to keep.
pub(crate) fn is_dust(position: &Position, rest: Quantity, prices: &Prices<'_>) -> bool {
    let dust = Value::new(i128::from(prices.rulebook.liquidation.dust) * crate::prices::INDEX_ONE);
    !rest.is_zero() && notional_of(position, rest, prices) < dust
}

/// What the waterfall must add so that closing a position whole leaves the account with the equity
/// of its other positions: cost less the share of equity by maintenance margin, at most what the
/// whole account lacks, rounded up.
///
/// Worked: long 10 at mark 100, equity 40, fill at 94: cost 60, lack 20, bankruptcy quote 96 each.
pub(crate) fn lack(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    position: &Position,
    solvency: &Solvency,
) -> Quote {
    let lacking = lacking(portfolio, prices, position, solvency).0;
    let settles = prices.instrument_rules(position.instrument).settles;
    prices.quote_of(settles, lacking, Rounding::Up).unwrap_or(Quote::ZERO)
}

/// What is lacking, and the cost of closing the position, in the numeraire.
fn lacking(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    position: &Position,
    solvency: &Solvency,
) -> (Value, Value) {
    let allocated = allocated(portfolio, prices, position, solvency);
    let notional = notional_of(position, position.quantity, prices);
    let cost = cost_of(position, notional, prices);
    let own = cost.units() - allocated;
    let whole = solvency.cost.units() - solvency.realisable.units();
    (Value::new(own.min(whole).max(0)), cost)
}

/// The part of an account's equity that stands for one position: the cost of closing it less what
/// is lacking, rounded down.
#[must_use]
pub fn own_quote(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    position: &Position,
    solvency: &Solvency,
) -> Quote {
    let (lacking, cost) = lacking(portfolio, prices, position, solvency);
    let settles = prices.instrument_rules(position.instrument).settles;
    prices.quote_of(settles, cost - lacking, Rounding::Down).unwrap_or(Quote::ZERO)
}

/// A position's share of realisable equity by maintenance margin, rounded down.
pub(crate) fn allocated(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    position: &Position,
    solvency: &Solvency,
) -> i128 {
    let total: i128 =
        portfolio.positions().map(|other| margin::maintenance_share(&other, prices).units()).sum();
    let share = margin::maintenance_share(position, prices).units();
    if total > 0 {
        mul_div(solvency.realisable.units(), share, total, Rounding::Down)
            .expect("a share of equity is no larger than it")
    } else {
        solvency.realisable.units()
    }
}

/// Closes so many lots (at most all of it) at mark less slippage, with the fee.
#[must_use]
pub fn close(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    position: &Position,
    lots: i64,
    solvency: &Solvency,
) -> Closing {
    let rules = prices.instrument_rules(position.instrument);
    let size = lots.saturating_mul(rules.lot.units()).min(position.quantity.magnitude().units());
    let (quantity, quote) = forced_quote(position, Quantity::new(size), prices);
    let fee = charged(portfolio, prices, position, Quantity::new(size), solvency);
    let change = after_fill(portfolio, prices, position, quantity, quote, fee);
    Closing { quantity, quote, fee, change }
}

/// Signed quantity and quote of closing a size against the liquidity account: mark less slippage
/// for a long, plus slippage for a short, the slippage rounded up; with depth as it is walked, and
/// what is charged on top.
#[must_use]
pub fn forced_quote(position: &Position, size: Quantity, prices: &Prices<'_>) -> (Quantity, Quote) {
    let at_mark: Quote = size.quote(prices.instrument(position.instrument).mark);
    if let Some(book) = prices.walked(position.instrument) {
        let (quantity, quote) = book.closing(position.quantity.is_negative(), size);
        return (quantity, quote + Quote::new(prices.on_top(at_mark.units())));
    }
    let conceded = Quote::new(prices.conceded(position, at_mark.units()));
    if position.quantity.is_negative() {
        (size, at_mark + conceded)
    } else {
        (-size, conceded - at_mark)
    }
}

/// The liquidation fee of a size: its ratio of notional rounded up, but no more than this size's
/// share of what equity exceeds the slippage of closing everything, rounded down. So a full close
/// ends at zero or above.
///
/// Worked: equity 12,000, notional 1M, slippage 1 %, fee .5 %: two halves pay 1,000 each.
pub(crate) fn fee(
    position: &Position,
    size: Quantity,
    prices: &Prices<'_>,
    solvency: &Solvency,
) -> Amount {
    let rules = prices.instrument_rules(position.instrument);
    if rules.liquidation_fee.is_zero() || !solvency.notional.is_positive() {
        return Amount::ZERO;
    }
    let at_mark = size.quote(prices.instrument(position.instrument).mark);
    let scale = prices.asset_rules(rules.settles).scale();
    let asked = rules.liquidation_fee.of(at_mark.units(), Rounding::Up);
    let asked = domain::wide::div(asked, scale, Rounding::Up);
    let room = (solvency.realisable - solvency.cost).units().max(0);
    let notional = notional_of(position, size, prices).units();
    let bound = mul_div(room, notional, solvency.notional.units(), Rounding::Down).unwrap_or(0);
    let bound = prices.quote_of(rules.settles, Value::new(bound), Rounding::Down);
    let bound = bound.map_or(0, |quote| domain::wide::div(quote.units(), scale, Rounding::Down));
    Amount::new(asked.min(bound))
}
