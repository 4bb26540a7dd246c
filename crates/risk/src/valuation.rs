//! Equity and adjusted equity: what an account is worth.
//!
//! PnL and accrued funding net into the balance of their settlement asset first; the net is then
//! valued and weighted once: at the asset's haircuts if it is positive, at its liability weight if
//! it is negative. A debt adds its own shares to initial and release margin; maintenance it leaves to
//! the liability weight.

use crate::accrual::{effective_amount, funding_credit};
use crate::haircut::weigh_holding;
use crate::margin::{self, Requirement};
use crate::portfolio::Portfolio;
use crate::prices::Prices;
use domain::wide::bounded_mul;
use domain::{Amount, Balance, Quote, Rounding, Value, Weighted};

/// What one account is worth and what it must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assessment {
    /// Balances at index plus unrealised PnL at mark, without haircuts.
    pub equity: Value,
    /// The same after haircuts and liability weights.
    pub adjusted_equity: Weighted,
    /// What the margin model asks for.
    pub requirement: Requirement,
}

impl Assessment {
    /// Adjusted equity above (or below, negative) maintenance margin.
    #[must_use]
    pub fn excess(&self) -> Weighted {
        self.adjusted_equity - self.requirement.maintenance
    }

    /// Release margin less adjusted equity, signed: what a liquidation must remove.
    #[must_use]
    pub fn shortfall(&self) -> Weighted {
        self.requirement.release - self.adjusted_equity
    }
}

/// Assesses an account at the prices given.
///
/// Worked: 10,000 USD and a long of 1 BTC entered at 50,000, mark 45,000, maintenance 1 %: equity
/// and adjusted equity 5,000, maintenance 450, excess 4,550.
#[must_use]
pub fn assess(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Assessment {
    let mut equity = Value::ZERO;
    let mut adjusted_equity = Weighted::ZERO;
    let mut requirement = margin::requirement(portfolio, prices);
    for balance in portfolio.balances() {
        let (amount, gains) = parts(portfolio, &balance, prices);
        let rules = prices.asset_rules(balance.asset);
        let cash = Quote::new(bounded_mul(amount.units(), rules.scale())) + gains;
        if cash == Quote::ZERO {
            continue;
        }
        // A balance alone is worth amount times price exactly: no division.
        let worth = if gains == Quote::ZERO {
            Value::new(bounded_mul(amount.units(), prices.index_price(balance.asset)))
        } else {
            prices.worth(balance.asset, cash, Rounding::Down)
        };
        equity += worth;
        adjusted_equity += weigh(prices, &balance, cash, worth);
        if cash.is_negative() {
            requirement.initial += rules.debt_initial.weigh(-worth, Rounding::Up);
            requirement.release += rules.debt_release.weigh(-worth, Rounding::Up);
        }
    }
    Assessment { equity, adjusted_equity, requirement }
}

/// A balance with its interest, plus PnL and accrued funding of the positions that settle in it.
///
/// Every position's settlement asset has a balance: opening a position makes one.
#[must_use]
#[inline]
pub fn net_cash(portfolio: &Portfolio<'_>, balance: &Balance, prices: &Prices<'_>) -> Quote {
    let (amount, gains) = parts(portfolio, balance, prices);
    Quote::new(amount.units() * prices.asset_rules(balance.asset).scale()) + gains
}

/// The two parts of net cash: the balance with its interest, and what positions add.
#[inline]
fn parts(portfolio: &Portfolio<'_>, balance: &Balance, prices: &Prices<'_>) -> (Amount, Quote) {
    let amount = effective_amount(balance, prices.asset(balance.asset));
    let mut gains = Quote::ZERO;
    for position in portfolio.positions() {
        if prices.instrument_rules(position.instrument).settles == balance.asset {
            let market = prices.instrument(position.instrument);
            gains += position.quantity.quote(market.mark) - position.cost;
            if position.funding_index != market.funding_index {
                let scale = prices.asset_rules(balance.asset).divisor();
                let funding = funding_credit(&position, market, scale);
                gains += Quote::new(bounded_mul(funding.units(), i128::from(scale.number())));
            }
        }
    }
    (amount, gains)
}

#[inline]
fn weigh(prices: &Prices<'_>, balance: &Balance, cash: Quote, worth: Value) -> Weighted {
    let rules = prices.asset_rules(balance.asset);
    if cash.is_negative() {
        rules.liability_weight.weigh(worth, Rounding::Down)
    } else {
        weigh_holding(rules, cash, prices.index_price(balance.asset), worth)
    }
}
