//! What the house stood at, minute by minute: fund, liquidity account, accounts that wait.
//!
//! Taken at the first event of a minute and at the end, from the state itself. Values at 1e-16 of
//! the numeraire.

use clearing::ClearingHouse;
use domain::{AssetId, HouseAccount, InstrumentId, Rulebook};

use super::minutes::Levels;
use super::money::{amount_value, quote_value};

/// Levels of the house.
#[derive(Debug, Clone, Default)]
pub struct HouseLevels {
    /// Insurance fund, all assets together.
    pub fund: Levels,
    /// Profit and loss of the liquidity account: its balances and open positions at mark.
    pub liquidity: Levels,
    /// Accounts below maintenance margin that wait for a pulse or a market.
    pub waiting: Levels,
}

impl HouseLevels {
    /// Looks at the state.
    pub fn sample(&mut self, minute: i64, rulebook: &Rulebook, house: &ClearingHouse) {
        self.waiting.meet(minute, house.queue().len() as i128);
        if let Some(fund) = worth(rulebook, house, HouseAccount::InsuranceFund) {
            self.fund.meet(minute, fund);
        }
        if let Some(pnl) = liquidity_pnl(rulebook, house) {
            self.liquidity.meet(minute, pnl);
        }
    }
}

/// Profit and loss of the liquidity account: its balances at index prices, its open positions at
/// mark. What funding accrued since it last traded is not in it.
pub fn liquidity_pnl(rulebook: &Rulebook, house: &ClearingHouse) -> Option<i128> {
    let cash = worth(rulebook, house, HouseAccount::Liquidity)?;
    let open = instruments(rulebook).map(|instrument| {
        let Some(held) = house.liquidity_position(instrument) else { return Some(0) };
        if held.quantity.is_zero() && held.cost.units() == 0 {
            return Some(0);
        }
        let gain = held.quantity.quote(house.mark(instrument)?) - held.cost;
        quote_value(rulebook, house, instrument, gain)
    });
    let open: Option<i128> = open.sum();
    Some(cash + open?)
}

/// Balances of a house account at index prices.
pub fn worth(rulebook: &Rulebook, house: &ClearingHouse, account: HouseAccount) -> Option<i128> {
    let assets = (0..rulebook.assets.len() as u32).map(AssetId::new);
    let values = assets
        .map(|asset| amount_value(rulebook, house, asset, house.house_balance(account, asset)));
    values.sum()
}

/// Every instrument of a rulebook.
pub fn instruments(rulebook: &Rulebook) -> impl Iterator<Item = InstrumentId> + use<> {
    (0..rulebook.instruments.len() as u32).map(InstrumentId::new)
}
