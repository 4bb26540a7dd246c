//! Collateral for debts: which asset is sold for which debt, and how much of it.
//!
//! Lowest haircut first against the debt worth most, ties by the lower asset, unless the rulebook
//! orders otherwise. The smallest amount that brings the account to release, at most what repays
//! the debt or all there is; under a close factor the share of the debt that it names.

use crate::accrual::{effective_amount, side_index};
use crate::number::Fixed;
use crate::portfolio::{Change, Portfolio};
use crate::prices::Prices;
use crate::sale_on_book;
use crate::selling::Ask;
use crate::terms::SaleConcession;
use crate::valuation::assess;
use core::cmp::Reverse;
use domain::rulebook::{SaleOrder, TargetOrder};
use domain::wide::{cmp_products, mul_div};
use domain::{Amount, AssetId, Balance, Quote, Ratio, Rounding, Value, Weighted};

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
    plan_asked(portfolio, prices, &Ask::TO_RELEASE)
}

/// Plans the next sale within what is asked: to the shortfall that may remain, at most so much
/// worth, or the rulebook's share of the debt.
#[must_use]
pub fn plan_asked(portfolio: &Portfolio<'_>, prices: &Prices<'_>, ask: &Ask) -> Option<Sale> {
    let debt = first_debt(portfolio, prices)?;
    let collateral = first_collateral(portfolio, prices)?;
    let held = effective_amount(&collateral, prices.asset(collateral.asset)).units();
    let owed = -effective_amount(&debt, prices.asset(debt.asset)).units();
    if let Some(SaleConcession::Lot { lot, bid }) = prices.terms.map(|terms| terms.sale) {
        let one = crate::prices::INDEX_ONE;
        let amount = mul_div(held, lot.units(), one, Rounding::Up)?.clamp(1, held);
        let repaid = mul_div(owed, bid.units(), one, Rounding::Down)?.clamp(1, owed);
        return Some(sold(portfolio, prices, (&collateral, amount), (&debt, repaid)));
    }
    let factor = close_factor(portfolio, prices, &debt);
    let repaid = factor.map_or(owed, |factor| factor.of(owed, Rounding::Up));
    let walks = prices.sold_into(collateral.asset).is_some();
    let enough = if walks {
        let most = held.min(sale_on_book::takes(prices, collateral.asset));
        sale_on_book::needed(prices, collateral.asset, most, (debt.asset, repaid))
    } else {
        let enough = needed_for(prices, &collateral, &debt, Amount::new(repaid));
        enough.map_or(held, |amount| amount.units().min(held))
    };
    let at = |units: i128| sell(portfolio, prices, &collateral, &debt, units);
    let price = prices.index_price(collateral.asset);
    let capped = ask
        .most
        .map(|worth| domain::wide::div(worth.units(), price, Rounding::Down).max(1).min(enough));
    // A cap so small that nothing comes of it is none.
    let mut most = capped.filter(|units| at(*units).is_some()).unwrap_or(enough);
    let short = |sale: &Sale| assess(&portfolio.with(sale.change), prices).shortfall();
    if walks {
        // What a book costs grows with the amount: half of what is toxic may not be.
        let now = assess(portfolio, prices).shortfall();
        while at(most).is_some_and(|sale| short(&sale) > now) && at(most / 2).is_some() {
            most /= 2;
        }
    }
    let reaches = |sale: &Sale| short(sale) <= ask.goal;
    let (mut low, mut high, mut best) = (0, most, at(most)?);
    if factor.is_none() && reaches(&best) {
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

/// Whether nothing can be sold only because books take nothing now.
#[must_use]
pub fn waits(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> bool {
    if prices.books.is_empty() {
        return false;
    }
    let owes = first_debt(portfolio, prices).is_some();
    let unsold = &prices.rulebook.sections.selling.sales.unsold;
    let mut held = portfolio.balances().filter(|balance| {
        effective_amount(balance, prices.asset(balance.asset)).is_positive()
            && prices.index_price(balance.asset) > 0
            && !unsold.contains(&balance.asset)
    });
    owes && held.any(|balance| sale_on_book::takes(prices, balance.asset) == 0)
}

/// Whether a taker gains at least this share of what is repaid: worth of collateral against worth
/// of the debt, both at index prices.
///
/// Worked: 102 of collateral for 100 of debt gains .02.
#[must_use]
pub fn gains(prices: &Prices<'_>, sale: &Sale, least: Fixed) -> bool {
    let worth = |asset: AssetId, amount: Amount| amount.units() * prices.index_price(asset);
    let one = crate::prices::INDEX_ONE;
    let (given, paid) = (worth(sale.asset, sale.amount), worth(sale.debt_asset, sale.proceeds));
    cmp_products(given, one, paid, one + least.units()).is_ge()
}

/// The share of a debt that the rulebook's close factor lets be repaid at once; `None` without one,
/// all of it for an account far gone or a small debt.
fn close_factor(portfolio: &Portfolio<'_>, prices: &Prices<'_>, debt: &Balance) -> Option<Ratio> {
    let factor = prices.rulebook.sections.selling.sales.close_factor?;
    let owed = worth_of(debt, prices);
    let small = Value::new(i128::from(factor.whole_under) * crate::prices::INDEX_ONE);
    let debts: Weighted = portfolio
        .balances()
        .filter(|balance| balance.amount.is_negative())
        .map(|balance| {
            let weight = prices.asset_rules(balance.asset).liability_weight;
            weight.weigh(-worth_of(&balance, prices), Rounding::Up)
        })
        .sum();
    let holdings = assess(portfolio, prices).adjusted_equity + debts;
    let line = factor.whole_below;
    let far_gone = cmp_products(
        holdings.units(),
        i128::from(line.denominator()),
        debts.units(),
        i128::from(line.numerator()),
    )
    .is_lt();
    Some(if far_gone || -owed < small { Ratio::ONE } else { factor.share })
}

/// Signed worth of a balance with its interest, rounded down.
fn worth_of(balance: &Balance, prices: &Prices<'_>) -> Value {
    let amount = effective_amount(balance, prices.asset(balance.asset));
    let scale = prices.asset_rules(balance.asset).scale();
    prices.worth(balance.asset, Quote::new(amount.units() * scale), Rounding::Down)
}

/// The debt worth most, or under the riskiest first the one with the highest liability weight.
fn first_debt(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Option<Balance> {
    let riskiest = matches!(prices.rulebook.sections.selling.targets, TargetOrder::RiskiestFirst);
    let weight = |balance: &Balance| {
        let weight = prices.asset_rules(balance.asset).liability_weight;
        Reverse(if riskiest { weight } else { Ratio::ONE })
    };
    portfolio
        .balances()
        .filter(|balance| balance.amount.is_negative() && prices.index_price(balance.asset) > 0)
        .min_by_key(|balance| (weight(balance), worth_of(balance, prices), balance.asset))
}

/// Collateral that can be sold: by the rulebook's order, lowest haircut, lower asset.
fn first_collateral(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Option<Balance> {
    let sales = &prices.rulebook.sections.selling.sales;
    let place = |balance: &Balance| match &sales.order {
        SaleOrder::LowestHaircut => 0,
        SaleOrder::Listed(list) => {
            list.iter().position(|asset| *asset == balance.asset).unwrap_or(list.len())
        }
    };
    let haircut = |balance: &Balance| {
        let tiers = &prices.asset_rules(balance.asset).haircuts;
        tiers.first().map_or(Ratio::ONE, |tier| tier.haircut)
    };
    portfolio
        .balances()
        .filter(|balance| {
            effective_amount(balance, prices.asset(balance.asset)).is_positive()
                && prices.index_price(balance.asset) > 0
                && !sales.unsold.contains(&balance.asset)
                && sale_on_book::takes(prices, balance.asset) > 0
        })
        .min_by_key(|balance| (place(balance), haircut(balance), balance.asset))
}

/// Slippage of one leg: the numeraire is sold and bought at par.
fn slippage(prices: &Prices<'_>, asset: AssetId) -> Ratio {
    if asset == prices.rulebook.numeraire {
        Ratio::ZERO
    } else {
        prices.asset_rules(asset).slippage
    }
}

/// What an amount is worth to its buyer and what the debt then costs him a unit, under the terms of
/// the present step; `None` where they name no concession of their own.
fn legs(prices: &Prices<'_>, sold: AssetId, bought: AssetId) -> Option<(SaleConcession, i128)> {
    let price = prices.index_price(bought);
    match prices.terms.map_or(SaleConcession::Slippage, |terms| terms.sale) {
        SaleConcession::Slippage | SaleConcession::Lot { .. } => None,
        less @ (SaleConcession::Less(_) | SaleConcession::Fee(_)) => Some((less, price)),
        bonus @ SaleConcession::Bonus(share) => {
            let own = if sold == prices.rulebook.numeraire { 0 } else { share.units() };
            let dearer = mul_div(price, own, crate::prices::INDEX_ONE, Rounding::Up)?;
            Some((bonus, price + dearer))
        }
    }
}

/// Proceeds under the terms of the present step: collateral at its index price less a share for
/// debt at its index price, or at its index price for debt that is dearer by the bonus; without
/// terms [`exchange`]. Rounded down.
fn proceeds(prices: &Prices<'_>, sold: AssetId, amount: Amount, bought: AssetId) -> Option<Amount> {
    if prices.sold_into(sold).is_some() {
        let units = sale_on_book::proceeds(prices, sold, amount.units(), bought);
        return units.map(Amount::new);
    }
    let Some((concession, dearer)) = legs(prices, sold, bought) else {
        return exchange(prices, sold, amount, bought);
    };
    let worth = amount.units().checked_mul(prices.index_price(sold))?;
    let kept = match concession {
        SaleConcession::Less(_) | SaleConcession::Fee(_) => {
            worth - prices.conceded_in_sale(sold, worth)
        }
        _ => worth,
    };
    let units = domain::wide::div(kept, dearer, Rounding::Down);
    (units > 0).then(|| Amount::new(units))
}

/// The least amount of collateral that repays so much of a debt under the terms of the present
/// step; rounded up at each step.
fn needed_for(
    prices: &Prices<'_>,
    collateral: &Balance,
    debt: &Balance,
    repaid: Amount,
) -> Option<Amount> {
    let Some((concession, dearer)) = legs(prices, collateral.asset, debt.asset) else {
        return cost_of(prices, collateral.asset, debt.asset, repaid);
    };
    let needed = repaid.units().checked_mul(dearer)?;
    let gross = match concession {
        SaleConcession::Less(share) | SaleConcession::Fee(share)
            if collateral.asset != prices.rulebook.numeraire =>
        {
            let one = crate::prices::INDEX_ONE;
            let left = one - share.units();
            if left <= 0 {
                return None;
            }
            mul_div(needed, one, left, Rounding::Up)?
        }
        _ => needed,
    };
    let units = domain::wide::div(gross, prices.index_price(collateral.asset), Rounding::Up);
    Some(Amount::new(units))
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
    let proceeds = proceeds(prices, collateral.asset, Amount::new(units), debt.asset)?;
    Some(sold(portfolio, prices, (collateral, units), (debt, proceeds.units())))
}

/// So much collateral for so much of a debt.
fn sold(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    (collateral, amount): (&Balance, i128),
    (debt, proceeds): (&Balance, i128),
) -> Sale {
    let (amount, proceeds) = (Amount::new(amount), Amount::new(proceeds));
    let after = |balance: &Balance, delta: Amount| {
        let market = prices.asset(balance.asset);
        let amount = effective_amount(balance, market) + delta;
        Some(Balance { asset: balance.asset, amount, index: side_index(amount, market) })
    };
    let balances = [after(collateral, -amount), after(debt, proceeds)];
    debug_assert!(portfolio.balance(collateral.asset).is_some());
    Sale {
        asset: collateral.asset,
        amount,
        debt_asset: debt.asset,
        proceeds,
        change: Change { position: None, balances },
    }
}
