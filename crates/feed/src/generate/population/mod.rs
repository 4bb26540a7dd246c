//! Accounts behind a day's prices: invented from a seed, as deposits and trades at the opening.
//!
//! Order of work: notionals and leverage are drawn per account; instruments are divided into
//! [`CellKind`] cells; accounts are counted by gross notional; lots go to cells and accounts by
//! largest remainder; longs are paired with shorts; collateral is worked backwards, makers last.
//! Floats draw sizes and leverage, everything counted is whole.
//!
//! Law: longs equal shorts to the lot and every account meets initial margin, which
//! [`Population::check`] asks on a path of its own. Draws are keyed by cell and place in it, so one
//! more account or asset redraws nobody else.

mod cell;
mod check;
mod collateral;
mod opening;
mod pairing;
mod parameters;
mod share;

#[cfg(test)]
mod tests;

use domain::wide::mul_div;
use domain::{Amount, AssetId, InstrumentId, Quantity, Ratio, Rounding, Value};

use super::millionths::MILLION;
use super::normal::normal_cut;
use super::stream::{Purpose, Stream};
use crate::error::FeedError;
use cell::{CellPlan, Market, Plan};
use collateral::{Member, Mix};
use parameters::wrong;

pub use cell::CellKind;
pub use opening::{Opening, OpeningAsset, OpeningInstrument};
pub use parameters::{ACCOUNTS_MAX, Leverage, LeverageKind, Makers, Parameters};

/// Accounts and the trades that give them their positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// Groups of like accounts, makers last.
    pub cells: Vec<Cell>,
    /// All accounts; an account's number is its place here. Cell by cell, makers last.
    pub accounts: Vec<Account>,
    /// Trades at the opening mark, instrument by instrument.
    pub trades: Vec<Trade>,
}

/// A group of like accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What they are there for.
    pub kind: CellKind,
    /// For instance `long BTC`, `hedge ETH`, `pair BTC XRP` (long, short), `maker`.
    pub name: String,
    /// How many they are.
    pub accounts: u32,
}

/// One invented account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Place of its cell in [`Population::cells`].
    pub cell: usize,
    /// Its place inside the cell, from zero.
    pub place: u32,
    /// Signed quantities, none of them zero.
    pub positions: Vec<(InstrumentId, Quantity)>,
    /// What it deposits before it trades, none of it zero.
    pub deposits: Vec<(AssetId, Amount)>,
}

/// A trade at the instrument's opening mark, without fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// What is traded.
    pub instrument: InstrumentId,
    /// Number of the account that becomes long.
    pub buyer: u32,
    /// Number of the account that becomes short.
    pub seller: u32,
    /// How much, in quantity units; a multiple of the lot.
    pub quantity: Quantity,
}

/// Invents the accounts of a day.
///
/// # Errors
/// A parameter out of its range, an asset without instrument, price or rulebook entry, notionals
/// too large for the numbers; each named by its path in the day file.
pub fn populate(
    seed: u64,
    parameters: &Parameters,
    opening: &Opening,
) -> Result<Population, FeedError> {
    parameters.validate()?;
    let named = named_instruments(parameters, opening)?;
    let markets = markets(parameters, opening, &named)?;
    let hub = markets.iter().position(|market| market.asset == opening.hub).ok_or_else(|| {
        wrong("open_notional", format!("the hub {} among its assets", opening.hub), "no such key")
    })?;
    let mix = Mix::new(parameters, opening)?;
    let plan = cell::plan(parameters, &markets, hub)?;
    let mut population = Population { cells: Vec::new(), accounts: Vec::new(), trades: Vec::new() };
    let mut add = |kind, name: &str, lots_by_account: Vec<Vec<(usize, i64)>>| {
        let cell = population.cells.len();
        let accounts = lots_by_account.len() as u32;
        population.cells.push(Cell { kind, name: name.to_owned(), accounts });
        for (place, lots) in (0..).zip(lots_by_account) {
            let positions: Vec<(usize, Quantity)> = lots
                .into_iter()
                .filter(|(_, lots)| *lots != 0)
                .map(|(market, lots)| {
                    let place = named[market];
                    // The target in quantity units fits 64 bits, so every part of it does.
                    (place, Quantity::new(lots * opening.instruments[place].lot.units()))
                })
                .collect();
            let member = Member { seed, kind, cell: name, place };
            let balances = collateral::collateral(&member, &positions, parameters, opening, &mix)?;
            population.accounts.push(account(cell, place, &positions, &balances, opening));
        }
        Ok::<(), FeedError>(())
    };
    for cell in &plan.cells {
        add(cell.kind, &cell.name, cell_lots(seed, parameters, cell))?;
    }
    add(CellKind::Maker, "maker", maker_lots(parameters, &plan))?;
    for place in named {
        let instrument = &opening.instruments[place];
        let (cells, accounts) = (&population.cells, &population.accounts);
        let trades = pairing::pair(seed, instrument.id, &instrument.asset, cells, accounts);
        population.trades.extend(trades);
    }
    population.check(opening)?;
    Ok(population)
}

/// Places, among the opening's instruments, of those with an open notional.
fn named_instruments(parameters: &Parameters, opening: &Opening) -> Result<Vec<usize>, FeedError> {
    for asset in parameters.open_notional.keys() {
        let count = opening.instruments.iter().filter(|known| known.asset == *asset).count();
        if count != 1 {
            let path = format!("open_notional.{asset}");
            return Err(wrong(&path, "an asset with one perpetual", format!("{count} perpetuals")));
        }
    }
    let named =
        |place: &usize| parameters.open_notional.contains_key(&opening.instruments[*place].asset);
    Ok((0..opening.instruments.len()).filter(named).collect())
}

/// Targets in lots: floor(open notional / (mark x lot)).
fn markets(
    parameters: &Parameters,
    opening: &Opening,
    named: &[usize],
) -> Result<Vec<Market>, FeedError> {
    let units = |place: &usize| {
        parameters.open_notional[&opening.instruments[*place].asset].units().unsigned_abs()
    };
    let scaled = share::reduce(&named.iter().map(units).collect::<Vec<u128>>());
    let mut markets = Vec::new();
    for (place, notional) in named.iter().zip(scaled) {
        let instrument = &opening.instruments[*place];
        let path = format!("open_notional.{}", instrument.asset);
        let lot = instrument.lot.units();
        let required = instrument.initial_margin(instrument.lot).is_positive();
        if lot <= 0 || !instrument.mark.is_positive() || !required {
            let expected = "a perpetual with opening mark, lot and initial requirement above zero";
            return Err(wrong(&path, expected, format!("{instrument:?}")));
        }
        let lots = units(place) / instrument.notional(instrument.lot).units().unsigned_abs();
        let fits = lots.checked_mul(u128::from(lot.unsigned_abs()));
        let lots = fits.filter(|all| *all <= i64::MAX as u128).map(|_| lots as u64);
        let lots = lots.ok_or_else(|| wrong(&path, "a quantity of 64 bits", "a larger one"))?;
        if lots == 0 || notional == 0 {
            return Err(wrong(&path, "at least one lot at the opening mark", "less"));
        }
        markets.push(Market { asset: instrument.asset.clone(), notional, lots });
    }
    Ok(markets)
}

/// Signed lots of each account of a cell, by market, in proportion to drawn sizes.
fn cell_lots(seed: u64, parameters: &Parameters, cell: &CellPlan) -> Vec<Vec<(usize, i64)>> {
    const FINENESS: f64 = 4_294_967_296.0; // sizes are held at 2^-32
    let sigma = parameters.notional_sigma.to_float();
    let sizes: Vec<u128> = (0..cell.accounts)
        .map(|place| {
            let mut stream =
                Stream::new(seed, Purpose::AccountWeight, &cell.name, i64::from(place));
            let size = libm::exp(sigma * normal_cut(&mut stream, 3.0));
            (libm::round(size * FINENESS) as u128).max(1)
        })
        .collect();
    let sizes = share::reduce(&sizes);
    let mut lots = vec![Vec::new(); sizes.len()];
    for (leg, sign) in [(cell.long, 1), (cell.short, -1)] {
        let Some((market, total)) = leg else { continue };
        for (account, part) in lots.iter_mut().zip(share::largest_remainder(total, &sizes)) {
            account.push((market, sign * part as i64));
        }
    }
    lots
}

/// Signed lots of each maker: equal parts of what the others leave short.
fn maker_lots(parameters: &Parameters, plan: &Plan) -> Vec<Vec<(usize, i64)>> {
    let equal = vec![1; parameters.makers.count as usize];
    let mut lots = vec![Vec::new(); equal.len()];
    for (market, total) in plan.maker_lots.iter().enumerate() {
        for (maker, part) in lots.iter_mut().zip(share::largest_remainder(*total, &equal)) {
            maker.push((market, -(part as i64)));
        }
    }
    lots
}

fn account(
    cell: usize,
    place: u32,
    positions: &[(usize, Quantity)],
    balances: &[Amount],
    opening: &Opening,
) -> Account {
    let positions = positions
        .iter()
        .map(|(place, quantity)| (opening.instruments[*place].id, *quantity))
        .collect();
    let deposits = opening
        .assets
        .iter()
        .zip(balances)
        .filter(|(_, amount)| amount.is_positive())
        .map(|(asset, amount)| (asset.id, *amount))
        .collect();
    Account { cell, place, positions, deposits }
}

impl Population {
    /// Open interest of an instrument: the sum of its long quantities.
    pub fn open_interest(&self, instrument: InstrumentId) -> Quantity {
        self.accounts
            .iter()
            .map(|account| account.quantity(instrument))
            .filter(|quantity| quantity.is_positive())
            .fold(Quantity::ZERO, |sum, quantity| sum + quantity)
    }

    /// Open notional of all instruments together, exact.
    pub fn open_notional(&self, opening: &Opening) -> Value {
        let value =
            |instrument: &OpeningInstrument| instrument.notional(self.open_interest(instrument.id));
        opening.instruments.iter().map(value).sum()
    }

    /// What the insurance fund deposits: a share of opening open notional as an amount of `asset`
    /// at its index price, rounded up to its unit.
    ///
    /// Worked: 0.05 % of 666,666,664 are 333,333.332; in USD of two decimals, 333,333.34.
    ///
    /// # Errors
    /// An asset without an index price.
    pub fn insurance_fund(
        &self,
        share: Ratio,
        opening: &Opening,
        asset: &OpeningAsset,
    ) -> Result<Amount, FeedError> {
        let worth = share.weigh(self.open_notional(opening), Rounding::Up).units();
        let unit = asset.index.wide() * i128::from(MILLION);
        if unit <= 0 {
            let path = format!("collateral.{}", asset.name);
            return Err(wrong(&path, "an asset with an index price", "no price"));
        }
        mul_div(worth, 1, unit, Rounding::Up)
            .map(Amount::new)
            .ok_or_else(|| wrong("open_notional", "a fund that 128 bits hold", "a larger one"))
    }
}
