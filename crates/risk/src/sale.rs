//! Collateral for debts: which asset is sold for which debt, and how much of it.
//!
//! Lowest haircut first against the debt worth most, ties by the lower asset. The smallest amount
//! that brings the account to release, at most what repays the debt or all there is.

use crate::accrual::{effective_amount, side_index};
use crate::portfolio::{Change, Portfolio};
use crate::prices::Prices;
use crate::valuation::assess;
use domain::wide::mul_div;
use domain::{Amount, AssetId, Balance, Quote, Ratio, Rounding};

/// A collateral sale as planned.
#[derive(Clone, Copy, Debug)]
pub struct Sale {
    /// What is sold.
    pub asset: AssetId,
    /// How much of it.
    pub amount: Amount,
    /// What is repaid.
    pub debt_asset: AssetId,
    /// How much of that was received.
    pub proceeds: Amount,
    /// What it makes of the account.
    pub change: Change,
}

/// Plans the next sale; `None` where no priced collateral or no debt is left.
///
/// Worked: 100 of debt against 105 of BTC at weight .9 and slippage 1 %: 61.11 are sold (liability
/// weight 1).
#[must_use]
pub fn plan(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Option<Sale> {
    let debt = largest_debt(portfolio, prices)?;
    let collateral = first_collateral(portfolio, prices)?;
    let held = effective_amount(&collateral, prices.asset(collateral.asset)).units();
    let most = amount_for_debt(prices, &collateral, &debt).map_or(held, |amount| amount.min(held));
    let at = |units: i128| sell(portfolio, prices, &collateral, &debt, units);
    let reaches =
        |sale: &Sale| !assess(&portfolio.with(sale.change), prices).shortfall().is_positive();
    let (mut low, mut high, mut best) = (0, most, at(most)?);
    if reaches(&best) {
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match at(middle) {
                Some(sale) if reaches(&sale) => (high, best) = (middle, sale),
                _ => low = middle,
            }
        }
    }
    Some(best)
}

fn largest_debt(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Option<Balance> {
    let worth = |balance: &Balance| {
        let amount = effective_amount(balance, prices.asset(balance.asset));
        let scale = prices.asset_rules(balance.asset).scale();
        prices.worth(balance.asset, Quote::new(amount.units() * scale), Rounding::Down)
    };
    portfolio
        .balances()
        .filter(|balance| balance.amount.is_negative() && prices.index_price(balance.asset) > 0)
        .min_by_key(|balance| (worth(balance), balance.asset))
}

fn first_collateral(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Option<Balance> {
    let haircut = |balance: &Balance| {
        let tiers = &prices.asset_rules(balance.asset).haircuts;
        tiers.first().map_or(Ratio::ONE, |tier| tier.haircut)
    };
    portfolio
        .balances()
        .filter(|balance| {
            effective_amount(balance, prices.asset(balance.asset)).is_positive()
                && prices.index_price(balance.asset) > 0
        })
        .min_by_key(|balance| (haircut(balance), balance.asset))
}

/// Slippage of one leg: the numeraire is sold and bought at par.
fn slippage(prices: &Prices<'_>, asset: AssetId) -> Ratio {
    if asset == prices.rulebook.numeraire {
        Ratio::ZERO
    } else {
        prices.asset_rules(asset).slippage
    }
}

/// Proceeds of selling one asset for another through the numeraire: worth less the slippage of what
/// is sold, over the price of what is bought plus its slippage, rounded down at each step. `None`
/// without a price or where nothing comes back.
#[must_use]
pub fn exchange(
    prices: &Prices<'_>,
    sold: AssetId,
    amount: Amount,
    bought: AssetId,
) -> Option<Amount> {
    let price = prices.index_price(bought);
    let worth = amount.units().checked_mul(prices.index_price(sold))?;
    let kept = worth - slippage(prices, sold).of(worth, Rounding::Up);
    let dearer = price + slippage(prices, bought).of(price, Rounding::Up);
    if dearer <= 0 {
        return None;
    }
    let units = domain::wide::div(kept, dearer, Rounding::Down);
    (units > 0).then(|| Amount::new(units))
}

/// The smallest amount of collateral whose proceeds repay the debt, if prices allow.
fn amount_for_debt(prices: &Prices<'_>, collateral: &Balance, debt: &Balance) -> Option<i128> {
    let owed = -effective_amount(debt, prices.asset(debt.asset)).units();
    cost_of(prices, collateral.asset, debt.asset, Amount::new(owed)).map(Amount::units)
}

/// How much of `sold` buys `amount` of `bought`: the inverse of [`exchange`], rounded up at each
/// step.
#[must_use]
pub fn cost_of(
    prices: &Prices<'_>,
    sold: AssetId,
    bought: AssetId,
    amount: Amount,
) -> Option<Amount> {
    let price = prices.index_price(bought);
    let dearer = price + slippage(prices, bought).of(price, Rounding::Up);
    let needed = amount.units().checked_mul(dearer)?;
    let left = slippage(prices, sold).complement()?;
    let (over, under) = (i128::from(left.denominator()), i128::from(left.numerator()));
    if under == 0 || prices.index_price(sold) <= 0 {
        return None;
    }
    let gross = mul_div(needed, over, under, Rounding::Up)?;
    let units = domain::wide::div(gross, prices.index_price(sold), Rounding::Up);
    Some(Amount::new(units))
}

fn sell(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    collateral: &Balance,
    debt: &Balance,
    units: i128,
) -> Option<Sale> {
    let amount = Amount::new(units);
    let proceeds = exchange(prices, collateral.asset, amount, debt.asset)?;
    let after = |balance: &Balance, delta: Amount| {
        let market = prices.asset(balance.asset);
        let amount = effective_amount(balance, market) + delta;
        Some(Balance { asset: balance.asset, amount, index: side_index(amount, market) })
    };
    let balances = [after(collateral, -amount), after(debt, proceeds)];
    debug_assert!(portfolio.balance(collateral.asset).is_some());
    Some(Sale {
        asset: collateral.asset,
        amount,
        debt_asset: debt.asset,
        proceeds,
        change: Change { position: None, balances },
    })
}
