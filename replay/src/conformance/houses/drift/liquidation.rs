//! Sizes, fees and shared losses; whole liquidations of a perpetual and of a debt.

use domain::Rounding;
use risk::fee::{self, FeeRamp, InsuranceRoom, LendingRoom};
use risk::loss::{absorb, charge, deposit_cut, per_quantity};
use risk::number::Places;
use risk::sizing::{Cover, LendingCover, ShareInTime, quoted_price};
use risk::venue::drift::{
    self, LendingAccount, Perpetual, PerpetualAccount, PerpetualRules, liquidate_lending,
};

use super::margin::count;
use super::{MONEY, QUANTITY, Ruling, WEIGHT, register, registers, unit};
use crate::conformance::answer::Answer;
use crate::conformance::exact::Reads;
use crate::conformance::fields::{Fields, Stop};
use crate::conformance::houses::rejected;

/// How the venue writes "all of it": the largest number its register holds.
const ALL_QUANTITY: &str = "18446744073709551615";
const ALL_AMOUNT: &str = "340282366920938463463374607431768211455";

pub fn cover<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let shortfall: N = register(inputs, "margin_shortage", MONEY)?;
    let insurance_fee = register(inputs, "if_fee", MONEY)?;
    if inputs.has("asset_weight") {
        return lending_cover(inputs, shortfall, insurance_fee);
    }
    let cover = Cover {
        shortfall,
        price: register(inputs, "oracle_price", MONEY)?,
        quote: quote_price(inputs)?,
        requirement: register(inputs, "margin_ratio", WEIGHT)?,
        liquidator_fee: register(inputs, "liquidator_fee", MONEY)?,
        insurance_fee,
    };
    let size = cover.quantity(&drift::money(), &drift::quantity());
    let size = size.map(|size| registers(&size, QUANTITY));
    let size = size.or_else(|| N::decimal(ALL_QUANTITY)).unwrap_or_else(N::zero);
    Ok(Answer::figures([("base_amount_1e9", size)]))
}

fn quote_price<N: Reads>(inputs: &Fields<'_>) -> Result<N, Stop> {
    if inputs.has("quote_price") { register(inputs, "quote_price", MONEY) } else { Ok(N::one()) }
}

fn multiplier<N: Reads>(inputs: &Fields<'_>, name: &str) -> Result<N, Stop> {
    if inputs.has(name) { register(inputs, name, MONEY) } else { Ok(N::one()) }
}

fn lending_cover<N: Reads>(inputs: &Fields<'_>, shortfall: N, insurance_fee: N) -> Ruling<N> {
    let cover = LendingCover {
        shortfall,
        asset_weight: register(inputs, "asset_weight", WEIGHT)?,
        asset_multiplier: multiplier(inputs, "asset_multiplier")?,
        liability_weight: register(inputs, "liability_weight", WEIGHT)?,
        liability_multiplier: multiplier(inputs, "liability_multiplier")?,
        liability_price: register(inputs, "liability_price", MONEY)?,
        insurance_fee,
    };
    let unit: N = unit(inputs, "liability_decimals")?;
    let weights = Places::Source(N::of(1, 100_000));
    let debt = cover.debt(&weights, &drift::money(), &Places::Source(unit.clone()));
    let debt = debt.and_then(|debt| debt.over(&unit, Rounding::Down));
    let debt = debt.or_else(|| N::decimal(ALL_AMOUNT)).unwrap_or_else(N::zero);
    Ok(Answer::figures([("liability_amount", debt)]))
}

pub fn insurance_fee<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let shortfall: N = register(inputs, "margin_shortage", MONEY)?;
    let most = register(inputs, "max_if_fee", MONEY)?;
    let fee = if inputs.has("token_amount") || inputs.has("asset_weight") {
        let amount: N = inputs.number("token_amount")?;
        let room = LendingRoom {
            shortfall,
            debt: amount.times(&unit(inputs, "decimals")?, Rounding::Down),
            price: register(inputs, "liability_price", MONEY)?,
            asset_weight: register(inputs, "asset_weight", WEIGHT)?,
            asset_multiplier: multiplier(inputs, "asset_multiplier")?,
            liability_weight: register(inputs, "liability_weight", WEIGHT)?,
            liability_multiplier: multiplier(inputs, "liability_multiplier")?,
            most,
        };
        fee::lending_insurance_fee(&room, &drift::money())
    } else {
        let price: N = register(inputs, "oracle_price", MONEY)?;
        let room = InsuranceRoom {
            shortfall,
            size: register(inputs, "base_amount", QUANTITY)?,
            price: quoted_price(&price, &quote_price(inputs)?, &drift::money()),
            requirement: register(inputs, "margin_ratio", WEIGHT)?,
            liquidator_fee: register(inputs, "liquidator_fee", MONEY)?,
            most,
        };
        fee::insurance_fee(&room, &drift::money())
    };
    Ok(Answer::figures([("if_fee", registers(&fee, MONEY))]))
}

pub fn fee_ramp<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let ramp = FeeRamp {
        base: register(inputs, "base_fee", MONEY)?,
        most: register(inputs, "max_fee", MONEY)?,
        grace: inputs.number("grace_slots")?,
        increase: register(inputs, "increase_per_slot", MONEY)?,
    };
    let fee: N = ramp.at(&inputs.number("slots_since_active")?);
    Ok(Answer::figures([("fee", registers(&fee, MONEY))]))
}

pub fn socialised_loss<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    if inputs.has("borrow") || inputs.has("total_deposits") {
        let (loss, deposits): (N, N) = (inputs.number("borrow")?, inputs.number("total_deposits")?);
        let index: N = inputs.number("cumulative_deposit_interest_1e10")?;
        let cut = deposit_cut(&index, &loss, &deposits, &N::one());
        return Ok(Answer::figures([("delta_1e10", cut)]));
    }
    let loss: N = inputs.number::<N>("bankrupt_quote")?.negated().floored();
    let fund = absorb(&loss, &inputs.number("insurance")?);
    let fees = absorb(&fund.loss, &inputs.number("fee_pool")?);
    let (long, short) = (inputs.number("base_long")?, inputs.number("base_short")?);
    let each = per_quantity(&fees.loss, &long, &short, &N::of(1, MONEY));
    let each = each.ok_or_else(|| rejected("nothing is open to share the loss"))?;
    let after = |name: &str| {
        let holder = inputs.record(name)?;
        let charged = charge(&holder.number("base")?, &each, &drift::money());
        Ok::<N, Stop>(holder.number::<N>("quote")?.minus(&charged))
    };
    let (long, short) = (after("long_holder")?, after("short_holder")?);
    Ok(Answer::figures([
        ("funding_delta_per_base", each),
        ("long_holder_quote", long),
        ("short_holder_quote", short),
        ("total_social_loss", fees.loss),
        ("fee_pool_after", fees.capacity),
        ("insurance_after", fund.capacity),
    ]))
}

/// The calls of liquidators stand under `expected.steps`: what they wanted and when is input.
pub fn full_perpetual<N: Reads>(inputs: &Fields<'_>, expected: &Fields<'_>) -> Ruling<N> {
    let rules = PerpetualRules {
        requirement: inputs.number("maintenance_ratio")?,
        buffer: inputs.number("buffer_ratio")?,
        liquidator_fee: inputs.number("liquidator_fee")?,
        insurance_most: inputs.number("max_if_fee")?,
        share: ShareInTime {
            initial: inputs.number("initial_pct")?,
            duration: inputs.number("liquidation_duration_slots")?,
            all_below: inputs.optional("all_below")?.unwrap_or_else(|| N::of(50, 1)),
        },
        step: inputs.number("step")?,
    };
    let perpetual = Perpetual {
        quantity: inputs.number("base")?,
        quote: inputs.number("quote")?,
        price: inputs.number("oracle_price")?,
        quote_price: N::one(),
        quote_average: N::one(),
        requirement: rules.requirement.clone(),
        factor: inputs.number("imf_factor")?,
        bids: inputs.number("open_bid_base")?,
        asks: inputs.number::<N>("open_ask_base")?.magnitude(),
        orders: count(inputs, "open_orders")?,
        profit_most: N::zero(),
    };
    let cash = inputs.number("collateral_usdc")?;
    let mut account = PerpetualAccount { cash, perpetual, freed: N::zero(), liquidating: false };
    let active: N = inputs.number("last_active_slot")?;
    let calls = if inputs.has("steps") { inputs.list("steps")? } else { expected.list("steps")? };
    let (mut steps, mut shares) = (Vec::new(), Vec::new());
    for (place, call) in calls.iter().enumerate() {
        let (slot, most): (N, N) = (call.number("slot")?, call.number("liquidator_max_base")?);
        account = account.step(&rules, &slot.minus(&active), &most).account;
        steps.push(Answer::figures([
            ("slot", slot),
            ("liquidator_max_base", most),
            ("margin_freed", account.freed.clone()),
            ("user_base", account.perpetual.quantity.clone()),
        ]));
        shares.push((format!("pct_freed_after_step{}", place + 1), account.share_freed(&rules)));
    }
    let answer = Answer::record([("steps", Answer::List(steps))]);
    let with =
        |answer: Answer<N>, (name, share): (String, N)| answer.with(&name, Answer::Number(share));
    Ok(shares.into_iter().fold(answer, with))
}

pub fn full_lending<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let account = LendingAccount {
        cash: inputs.number("usdc")?,
        debt: inputs.number("sol_borrow")?,
        price: inputs.number("sol_price")?,
        liability_weight: inputs.or_one("maintenance_liability_weight")?,
        buffer: inputs.number("buffer_ratio")?,
        liquidator_fee: inputs.number("liquidator_fee")?,
        insurance_most: inputs.number("if_fee_max")?,
        unit: unit(inputs, "sol_decimals")?,
    };
    // A liquidator brings as much cash as the reference case gives it.
    let brought: N = inputs.optional("liquidator_usdc")?.unwrap_or_else(|| N::of(100, 1));
    let done = liquidate_lending(&account);
    let (margin, buffered) = done.account.requirement();
    Ok(Answer::figures([
        ("usdc_after", done.account.cash),
        ("sol_borrow_after", done.account.debt),
        ("margin_requirement_after", margin),
        ("margin_requirement_plus_buffer_after", buffered),
        ("liquidator_usdc", brought.plus(&done.cash_taken)),
        ("insurance_revenue_sol", done.insurance),
    ]))
}
