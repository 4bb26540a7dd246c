//! An assessment term by term: what each balance and position adds, and at which price and weight.
//!
//! For people who check by hand why an account was liquidated. Every term comes from the function
//! that [`crate::assess`] calls for it. Law: the terms sum to the assessment, to the last unit.

use crate::accrual::{effective_amount, funding_credit, side_index};
use crate::haircut::weigh_parts;
use crate::liquidation::{self, Solvency, Step};
use crate::margin::{self, Requirement};
use crate::portfolio::Portfolio;
use crate::prices::Prices;
use crate::valuation::{Assessment, assess};
use alloc::vec::Vec;
use domain::{
    Amount, AssetId, Balance, Divisor, InstrumentId, Position, Price, Quantity, Quote, Ratio,
    Rounding, Value, Weighted,
};

/// What a position adds to the cash of its settlement asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gain {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Signed quantity.
    pub quantity: Quantity,
    /// Mark it is valued at.
    pub mark: Price,
    /// What it was entered for.
    pub cost: Quote,
    /// Quantity times mark less cost.
    pub pnl: Quote,
    /// Funding index last paid up to, and now, at 1e-12 of a price unit.
    pub funding_index: (i128, i128),
    /// Funding accrued between the two, rounded down.
    pub funding: Amount,
}

/// A part of a balance under one weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeightedPart {
    /// How much of the asset, at 1e-16; the whole for a debt.
    pub cash: Quote,
    /// Its worth in the numeraire.
    pub worth: Value,
    /// Haircut of a holding, or liability weight of a debt.
    pub ratio: Ratio,
    /// What of it counts.
    pub counted: Weighted,
}

/// What one balance, with the gains that settle in it, adds to an assessment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceTerms {
    /// Which asset.
    pub asset: AssetId,
    /// Amount as last posted.
    pub posted: Amount,
    /// Interest index at the last posting, and now, at 1e-16.
    pub interest_index: (i128, i128),
    /// Amount with its interest.
    pub amount: Amount,
    /// What positions add.
    pub gains: Vec<Gain>,
    /// Amount and gains together, at 1e-16 of the asset.
    pub cash: Quote,
    /// Index price, in units of 10^-(16 - decimals).
    pub price: i128,
    /// Worth of the cash in the numeraire.
    pub worth: Value,
    /// Parts of it by weight: haircut tiers of a holding, one part for a debt.
    pub parts: Vec<WeightedPart>,
    /// What of it counts as adjusted equity.
    pub counted: Weighted,
    /// What a debt adds to initial and release margin; zero for a holding.
    pub debt: Requirement,
    /// Shares of a debt that those are.
    pub debt_ratios: (Ratio, Ratio),
}

/// A part of a notional under one tier of requirement ratios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierPart {
    /// Notional inside the tier.
    pub notional: Value,
    /// Ratios of the tier: initial, release, maintenance.
    pub ratios: [Ratio; 3],
    /// What the part asks for.
    pub requirement: Requirement,
}

/// What one position asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionTerms {
    /// The position.
    pub position: Position,
    /// Mark its notional is taken at.
    pub mark: Price,
    /// Index price of its settlement asset, in units of 10^-(16 - decimals).
    pub settlement_price: i128,
    /// Notional in the numeraire.
    pub notional: Value,
    /// Its parts by tier.
    pub parts: Vec<TierPart>,
    /// What they ask for together.
    pub requirement: Requirement,
}

/// An assessment with all its terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What each balance adds.
    pub balances: Vec<BalanceTerms>,
    /// What each position asks for.
    pub positions: Vec<PositionTerms>,
    /// The sum of the terms.
    pub assessment: Assessment,
}

/// Every term of an account's assessment.
///
/// Worked: 10,000 USD and a long of 1 BTC entered at 50,000, mark 45,000, maintenance 1 %: one
/// balance with a gain of -5,000, one position whose part of 45,000 asks for 450; excess 4,550.
#[must_use]
pub fn terms(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Terms {
    let balances: Vec<BalanceTerms> =
        portfolio.balances().map(|balance| balance_terms(portfolio, prices, &balance)).collect();
    let positions: Vec<PositionTerms> =
        portfolio.positions().map(|position| position_terms(prices, &position)).collect();
    let mut assessment = Assessment::default();
    for position in &positions {
        assessment.requirement += position.requirement;
    }
    for balance in &balances {
        assessment.equity += balance.worth;
        assessment.adjusted_equity += balance.counted;
        assessment.requirement += balance.debt;
    }
    Terms { balances, positions, assessment }
}

fn balance_terms(
    portfolio: &Portfolio<'_>,
    prices: &Prices<'_>,
    balance: &Balance,
) -> BalanceTerms {
    let rules = prices.asset_rules(balance.asset);
    let market = prices.asset(balance.asset);
    let amount = effective_amount(balance, market);
    let settled =
        |position: &Position| prices.instrument_rules(position.instrument).settles == balance.asset;
    let gains: Vec<Gain> = portfolio
        .positions()
        .filter(settled)
        .map(|position| gain(prices, &position, rules.divisor()))
        .collect();
    let added: Quote =
        gains.iter().map(|one| one.pnl + Quote::new(one.funding.units() * rules.scale())).sum();
    let cash = Quote::new(amount.units() * rules.scale()) + added;
    let worth = prices.worth(balance.asset, cash, Rounding::Down);
    let price = prices.index_price(balance.asset);
    let mut parts = Vec::new();
    let mut debt = Requirement::default();
    if cash.is_negative() {
        let ratio = rules.liability_weight;
        let counted = ratio.weigh(worth, Rounding::Down);
        parts.push(WeightedPart { cash, worth, ratio, counted });
        debt.initial = rules.debt_initial.weigh(-worth, Rounding::Up);
        debt.release = rules.debt_release.weigh(-worth, Rounding::Up);
    } else {
        weigh_parts(rules, cash, price, worth, |cash, worth, ratio, counted| {
            parts.push(WeightedPart { cash, worth, ratio, counted });
        });
    }
    BalanceTerms {
        asset: balance.asset,
        posted: balance.amount,
        interest_index: (balance.index.wide(), side_index(balance.amount, market).wide()),
        amount,
        gains,
        cash,
        price,
        worth,
        counted: parts.iter().map(|part| part.counted).sum(),
        parts,
        debt,
        debt_ratios: (rules.debt_initial, rules.debt_release),
    }
}

fn gain(prices: &Prices<'_>, position: &Position, scale: &Divisor) -> Gain {
    let market = prices.instrument(position.instrument);
    Gain {
        instrument: position.instrument,
        quantity: position.quantity,
        mark: market.mark,
        cost: position.cost,
        pnl: position.quantity.quote(market.mark) - position.cost,
        funding_index: (position.funding_index, market.funding_index),
        funding: funding_credit(position, market, scale),
    }
}

/// The parts are what the model asks for up to each bound, less what it asked for below it.
fn position_terms(prices: &Prices<'_>, position: &Position) -> PositionTerms {
    let rules = prices.instrument_rules(position.instrument);
    let notional = liquidation::notional_of(position, position.quantity, prices);
    let mut parts = Vec::new();
    let mut below = Value::ZERO;
    for tier in &rules.tiers {
        let top = tier.up_to.map_or(notional, |bound| bound.min(notional));
        if top > below {
            let up_to = |top: Value, ratio: fn(&domain::rulebook::RequirementTier) -> Ratio| {
                margin::tiered(&rules.tiers, top, ratio)
            };
            let part = |ratio| up_to(top, ratio) - up_to(below, ratio);
            parts.push(TierPart {
                notional: top - below,
                ratios: [tier.initial, tier.release, tier.maintenance],
                requirement: Requirement {
                    initial: part(|tier| tier.initial),
                    release: part(|tier| tier.release),
                    maintenance: part(|tier| tier.maintenance),
                },
            });
            below = top;
        }
    }
    let mut requirement = Requirement::default();
    for part in &parts {
        requirement += part.requirement;
    }
    PositionTerms {
        position: *position,
        mark: prices.instrument(position.instrument).mark,
        settlement_price: prices.index_price(rules.settles),
        notional,
        parts,
        requirement,
    }
}

/// Why a partial close has its size: what it was planned from and what a lot less would leave.
#[derive(Clone, Copy, Debug)]
pub struct Sizing {
    /// The position that is closed first.
    pub position: Position,
    /// Realisable equity against the cost of closing everything.
    pub solvency: Solvency,
    /// What [`liquidation::plan`] makes of it.
    pub step: Step,
    /// Release margin less adjusted equity after the step; `None` for a default.
    pub shortfall_after: Option<Weighted>,
    /// The same after one lot less, where the step closes more than a lot.
    pub shortfall_one_lot_less: Option<Weighted>,
}

/// The sizing of an account's next step under the rules for positions; `None` without a position
/// that can be traded.
#[must_use]
pub fn sizing(portfolio: &Portfolio<'_>, prices: &Prices<'_>) -> Option<Sizing> {
    let position = liquidation::target(portfolio, prices)?;
    let solvency = liquidation::solvency(portfolio, prices);
    let step = liquidation::plan(portfolio, prices, &position);
    let (mut after, mut less) = (None, None);
    if let Step::Close { closing, .. } = &step {
        after = Some(assess(&portfolio.with(closing.change), prices).shortfall());
        let lot = prices.instrument_rules(position.instrument).lot.units();
        let closed = closing.quantity.magnitude().units();
        let lots = closed.div_euclid(lot) + i64::from(closed.rem_euclid(lot) != 0);
        if lots > 1 {
            let closing = liquidation::close(portfolio, prices, &position, lots - 1, &solvency);
            less = Some(assess(&portfolio.with(closing.change), prices).shortfall());
        }
    }
    Some(Sizing { position, solvency, step, shortfall_after: after, shortfall_one_lot_less: less })
}
