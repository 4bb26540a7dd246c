//! dYdX v4: accounts in quanta, the price a liquidation may fill at, bankruptcy, the fund.

use domain::Rounding;
use risk::fee::fund_delta;
use risk::price_function::Fillable;
use risk::venue::dydx::{
    self, Account, Holding, Market, deleverage, funding_most, maintenance_ratio,
};

use super::{Ruling, parts, rejected};
use crate::conformance::answer::Answer;
use crate::conformance::exact::Reads;
use crate::conformance::fields::{Fields, Stop};

/// Markets of a vector with their names and the size of a quantum of quantity.
struct Markets<N> {
    names: Vec<String>,
    quanta: Vec<N>,
    markets: Vec<Market<N>>,
}

/// Quote quanta in one of the quote asset.
fn quote_quanta<N: Reads>() -> N {
    N::of(1_000_000, 1)
}

fn markets<N: Reads>(inputs: &Fields<'_>) -> Result<Markets<N>, Stop> {
    let mut read = Markets { names: Vec::new(), quanta: Vec::new(), markets: Vec::new() };
    for market in inputs.list("markets")? {
        let quantum: N = market.number("base_quantum")?;
        if !quantum.is_positive() {
            return Err(market.part("base_quantum").malformed("a size above zero"));
        }
        let price: N = market.number("price")?;
        read.names.push(market.name("market")?.to_owned());
        read.markets.push(Market {
            price: price.times(&quantum, Rounding::Down).times(&quote_quanta(), Rounding::Down),
            initial: market.number("initial_margin")?,
            maintenance: market.number("maintenance_margin")?,
        });
        read.quanta.push(quantum);
    }
    Ok(read)
}

impl<N: Reads> Markets<N> {
    fn place(&self, field: &Fields<'_>, name: &str) -> Result<usize, Stop> {
        let named = field.name(name)?;
        let place = self.names.iter().position(|known| known == named);
        place.ok_or_else(|| field.part(name).malformed("a market that inputs.markets names"))
    }

    fn account(&self, field: &Fields<'_>) -> Result<Account<N>, Stop> {
        let mut holdings = Vec::new();
        for position in field.list("positions")? {
            let quantity: N = position.number("quantums")?;
            if !quantity.is_zero() {
                holdings.push(Holding { market: self.place(&position, "market")?, quantity });
            }
        }
        Ok(Account { cash: field.number("usdc_quantums")?, holdings })
    }

    fn shown(&self, account: &Account<N>) -> Answer<N> {
        let shown = |holding: &Holding<N>| {
            let name = self.names.get(holding.market).cloned().unwrap_or_default();
            Answer::record([
                ("market", Answer::Words(name)),
                ("quantums", Answer::Number(holding.quantity.clone())),
            ])
        };
        Answer::List(account.holdings.iter().map(shown).collect())
    }
}

const NO_REDUCTION: &str = "the change does not reduce the position";

pub fn bankruptcy_price<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let markets = markets::<N>(inputs)?;
    let account = markets.account(inputs)?;
    let place = markets.place(inputs, "close_market")?;
    let change: N = inputs.number("delta_quantums")?;
    let quote = account.bankruptcy_quote(&markets.markets, place, &change);
    let figures = account.figures(&markets.markets);
    let (Some(quote), Some(figures)) = (quote, figures) else {
        return Err(rejected(NO_REDUCTION));
    };
    Ok(Answer::figures([
        ("quote_quantums", quote),
        ("net_collateral", figures.equity),
        ("total_mmr", figures.maintenance),
    ]))
}

pub fn liquidation_price<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let markets = markets::<N>(inputs)?;
    let account = markets.account(inputs)?;
    let place = markets.place(inputs, "market")?;
    if !account.reduces(place, &inputs.number("delta_quantums")?) {
        return Err(rejected(NO_REDUCTION));
    }
    let market = markets.markets.get(place);
    let figures = account.figures(&markets.markets);
    let (Some(market), Some(figures)) = (market, figures) else {
        return Err(rejected(NO_REDUCTION));
    };
    let quantity = account.quantity(place);
    let fillable = Fillable {
        notional: market.notional(&quantity),
        position_maintenance: market.maintenance_margin(&quantity),
        equity: figures.equity,
        maintenance: figures.maintenance,
        adjustment: ratio(inputs, "bankruptcy_adjustment_ppm")?,
        spread: ratio(inputs, "spread_to_maintenance_margin_ratio_ppm")?,
    };
    let Some(price) = fillable.price(&quantity) else {
        return Err(rejected("no maintenance margin"));
    };
    let quantum = markets.quanta.get(place).cloned().unwrap_or_else(N::one);
    let dollars = quantum.times(&quote_quanta(), Rounding::Down);
    let in_dollars = price.over(&dollars, Rounding::Down).unwrap_or_else(N::zero);
    Ok(Answer::figures([("quote_quantums_per_base_quantum", price), ("usd_price", in_dollars)]))
}

pub fn insurance_delta<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let markets = markets::<N>(inputs)?;
    let account = markets.account(inputs)?;
    let sells = match inputs.name("close")? {
        "sell" => true,
        "buy" => false,
        _ => return Err(inputs.part("close").malformed("sell or buy")),
    };
    let (quantity, quote): (N, N) =
        (inputs.number("fill_base_quantums")?, inputs.number("fill_quote_quantums")?);
    let (change, received) =
        if sells { (quantity.negated(), quote) } else { (quantity, quote.negated()) };
    let place = if inputs.has("market") {
        markets.place(inputs, "market")?
    } else {
        // The position that the fill reduces.
        let mut held = account.holdings.iter().map(|holding| holding.market);
        let reduced = held.find(|place| account.reduces(*place, &change));
        reduced.ok_or_else(|| rejected(NO_REDUCTION))?
    };
    let bankruptcy = account.bankruptcy_quote(&markets.markets, place, &change);
    let share = ratio(inputs, "max_liquidation_fee_ppm")?;
    let delta = bankruptcy.and_then(|bankrupt| fund_delta(&received, &bankrupt, &share, &N::one()));
    let delta = delta.ok_or_else(|| rejected(NO_REDUCTION))?;
    Ok(Answer::figures([("insurance_fund_delta_quote_quantums", delta)]))
}

pub fn deleveraging<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let markets = markets::<N>(inputs)?;
    let liquidated = markets.account(&inputs.record("liquidated")?)?;
    let offsetting = markets.account(&inputs.record("offsetting")?)?;
    let change: N = inputs.number("delta_quantums")?;
    let place = if inputs.has("market") {
        Some(markets.place(inputs, "market")?)
    } else {
        // The market that both hold, on opposite sides of the change.
        let shared = liquidated.holdings.iter().map(|holding| holding.market);
        let mut shared = shared.filter(|place| offsetting.reduces(*place, &change.negated()));
        shared.next()
    };
    let done = place
        .and_then(|place| deleverage(&markets.markets, &liquidated, &offsetting, place, &change));
    let done = done.ok_or_else(|| rejected("bankruptcy prices do not overlap"))?;
    Ok(Answer::record([
        ("liquidated_usdc", Answer::Number(done.liquidated.cash.clone())),
        ("liquidated_positions", markets.shown(&done.liquidated)),
        ("offsetting_usdc", Answer::Number(done.offsetting.cash.clone())),
        ("offsetting_positions", markets.shown(&done.offsetting)),
        ("price_quote_quantums", Answer::Number(done.quote)),
    ]))
}

pub fn open_interest_scaled<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let initial = ratio(inputs, "initial_margin_ppm")?;
    let (lower, upper): (N, N) = (inputs.number("oi_lower_cap")?, inputs.number("oi_upper_cap")?);
    let open_interest: N = inputs.number("open_interest_notional")?;
    let scaled = dydx::open_interest_scaled(&initial, (&lower, &upper), &open_interest, &parts(1));
    let notional: N = inputs.number("position_notional")?;
    let margin = dydx::initial_margin(&notional, &scaled);
    Ok(Answer::figures([("initial_margin", margin), ("effective_imf_ppm", in_parts(&scaled))]))
}

pub fn maintenance_fraction<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let initial = ratio(inputs, "initial_margin_ppm")?;
    let share = ratio(inputs, "maintenance_fraction_ppm")?;
    let maintenance = maintenance_ratio::<N>(&initial, &share, &parts(1));
    Ok(Answer::figures([("maintenance_margin_ppm", in_parts(&maintenance))]))
}

pub fn funding_clamp<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let factor = ratio(inputs, "clamp_factor_ppm")?;
    let initial = ratio(inputs, "initial_margin_ppm")?;
    let share = ratio(inputs, "maintenance_fraction_ppm")?;
    let maintenance = maintenance_ratio(&initial, &share, &parts(1));
    let most: N = funding_most(&factor, &initial, &maintenance, &parts(1));
    Ok(Answer::figures([("max_abs_funding_ppm", in_parts(&most))]))
}

/// Parts per million as a ratio.
fn ratio<N: Reads>(inputs: &Fields<'_>, name: &str) -> Result<N, Stop> {
    Ok(inputs.number::<N>(name)?.times(&parts(1), Rounding::Down))
}

/// A ratio in parts per million.
fn in_parts<N: Reads>(ratio: &N) -> N {
    ratio.times(&quote_quanta(), Rounding::Down)
}
