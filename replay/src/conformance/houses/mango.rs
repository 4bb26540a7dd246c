//! Mango v4: the excess of an account, and the three ways to liquidate it.

use domain::Rounding;
use risk::curve::{Corner, growth, piecewise};
use risk::stable::{StablePrice, StableRules};
use risk::venue::mango::{
    self, Asset, BankruptcyTerms, Perpetual, PerpetualTerms, SpotOrders, SwapAccount,
    WeightedPrices, fee_factor, reduce_perpetual, resolve_bankruptcy, swap_assets,
};
use risk::weight::{ramp, venue_cap, venue_scale};

use super::drift::count;
use super::{Ruling, rejected};
use crate::conformance::answer::Answer;
use crate::conformance::exact::Reads;
use crate::conformance::fields::{Fields, Stop};

/// Which question is asked of an account.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    Init,
    Maint,
    LiquidationEnd,
}

impl Question {
    fn read(inputs: &Fields<'_>) -> Result<Question, Stop> {
        match inputs.words("health_type")? {
            None | Some("init") => Ok(Question::Init),
            Some("maint") => Ok(Question::Maint),
            Some("liq_end") => Ok(Question::LiquidationEnd),
            Some(_) => Err(inputs.part("health_type").malformed("init, maint or liq_end")),
        }
    }

    /// A weight of the question: that of maintenance falls back on the initial one.
    fn weight<N: Reads>(self, field: &Fields<'_>, name: &str) -> Result<N, Stop> {
        let initial = || field.or_one(&format!("init_{name}"));
        match self {
            Question::Maint => match field.optional(&format!("maint_{name}"))? {
                Some(weight) => Ok(weight),
                None => initial(),
            },
            Question::Init | Question::LiquidationEnd => initial(),
        }
    }

    /// Prices of what is held and owed.
    fn prices<N: Reads>(self, oracle: &N, stable: Option<N>) -> (N, N) {
        match (self, stable) {
            (Question::Init, Some(stable)) => (oracle.least(&stable), oracle.most(&stable)),
            _ => (oracle.clone(), oracle.clone()),
        }
    }
}

/// What the venue holds or has lent, for weights that are scaled by it.
struct Held<N> {
    deposits: N,
    deposits_start: N,
    borrows: N,
    borrows_start: N,
}

fn weigh<N: Reads>(
    question: Question,
    mut asset: Asset<N>,
    highest: &N,
    held: &Held<N>,
) -> Asset<N> {
    if question == Question::Init {
        let deposits = held.deposits.times(highest, Rounding::Up);
        let borrows = held.borrows.times(highest, Rounding::Up);
        let places = risk::number::Places::House;
        asset.asset_weight =
            venue_cap(&asset.asset_weight, &held.deposits_start, &deposits, &places);
        asset.liability_weight =
            venue_scale(&asset.liability_weight, &held.borrows_start, &borrows);
    }
    asset
}

pub fn excess<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let question = Question::read(inputs)?;
    let (mut names, mut assets) = (Vec::new(), Vec::new());
    for field in inputs.list("tokens")? {
        let oracle: N = field.number("oracle_price")?;
        let (asset_price, liability_price) =
            question.prices(&oracle, field.optional("stable_price")?);
        let highest = liability_price.clone();
        let asset = Asset {
            balance: field.number("balance")?,
            asset_price,
            liability_price,
            asset_weight: question.weight(&field, "asset_weight")?,
            liability_weight: question.weight(&field, "liab_weight")?,
        };
        let held = Held {
            deposits: field.number::<N>("deposits")?.plus(&field.number("pot")?),
            deposits_start: field.number("dep_start")?,
            borrows: field.number("borrows")?,
            borrows_start: field.number("bor_start")?,
        };
        names.push(field.name("name")?.to_owned());
        assets.push(weigh(question, asset, &highest, &held));
    }
    let place = |field: &Fields<'_>, name: &str| {
        let named = field.name(name)?;
        let place = names.iter().position(|known| known == named);
        place.ok_or_else(|| field.part(name).malformed("a token that inputs.tokens names"))
    };
    let mut orders = Vec::new();
    for field in inputs.list("spot_open_orders")? {
        orders.push(SpotOrders {
            base: place(&field, "base")?,
            quote: place(&field, "quote")?,
            reserved_base: field.number("reserved_base")?,
            reserved_quote: field.number("reserved_quote")?,
            lowest_ask: field.number("lowest_ask")?,
            highest_bid_inverse: field.number("highest_bid_inverse")?,
        });
    }
    let mut perpetuals = Vec::new();
    let single = inputs.record("perp")?;
    let single = (!single.is_absent()).then_some(single);
    for field in single.into_iter().chain(inputs.list("perps")?) {
        perpetuals.push(perpetual(question, &field, place(&field, "settle_token")?)?);
    }
    let excess = mango::excess(&assets, &orders, &perpetuals);
    let excess = excess.ok_or_else(|| rejected("a price is missing"))?;
    Ok(Answer::figures([("health", excess)]))
}

fn perpetual<N: Reads>(
    question: Question,
    field: &Fields<'_>,
    settles: usize,
) -> Result<Perpetual<N>, Stop> {
    let oracle: N = field.number("oracle_price")?;
    let (asset_price, liability_price) = question.prices(&oracle, field.optional("stable_price")?);
    let lot: N = field.or_one("base_lot_size")?;
    let lots = |name: &str| Ok::<N, Stop>(field.number::<N>(name)?.times(&lot, Rounding::Down));
    Ok(Perpetual {
        settles,
        asset_price,
        liability_price,
        asset_weight: question.weight(field, "base_asset_weight")?,
        liability_weight: question.weight(field, "base_liab_weight")?,
        overall_weight: question.weight(field, "overall_asset_weight")?,
        base: lots("base_lots")?,
        quote: field.number("quote")?,
        bids: lots("bids_base_lots")?,
        asks: lots("asks_base_lots")?,
    })
}

/// A fee that stands for itself or for all fees at once.
fn fee<N: Reads>(inputs: &Fields<'_>, name: &str) -> Result<N, Stop> {
    match inputs.optional(name)? {
        Some(fee) => Ok(fee),
        None => Ok(inputs.for_all("fees")?.unwrap_or_else(N::zero)),
    }
}

pub fn swap<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    if inputs.has("asset") || inputs.has("liab") {
        return swap_of_two(inputs);
    }
    let account = inputs.record("liqee")?;
    let (asset_weight, liability_weight): (N, N) =
        (inputs.or_one("init_asset_weight")?, inputs.or_one("init_liab_weight")?);
    let other: N = account.number("other_spot")?;
    let swap = SwapAccount {
        asset: account.number("asset_spot")?,
        asset_unsettled: account.number("asset_settled_perp_quote")?,
        asset_price: inputs.or_one("asset_price")?,
        asset_weight: asset_weight.clone(),
        asset_liability_weight: liability_weight.clone(),
        liability: account.number("liab_spot")?,
        liability_unsettled: account.number("liab_settled_perp_quote")?,
        liability_price: inputs.or_one("liab_price")?,
        liability_weight,
        liability_asset_weight: asset_weight,
        overall_weight: inputs.or_one("perp_init_overall_asset_weight")?,
        other: other.times(&inputs.or_one("other_token_weight")?, Rounding::Down),
        factor: fee_factor(&fee(inputs, "asset_fee")?, &fee(inputs, "liab_fee")?),
    };
    let request: N = inputs.number("max_liab_transfer")?;
    let done = swap_assets(&swap, &request);
    let done = done.ok_or_else(|| rejected("no asset to hand over or no liability to repay"))?;
    Ok(Answer::figures([
        ("liqee_asset_spot", swap.asset.minus(&done.taken)),
        ("liqee_liab_spot", swap.liability.plus(&done.repaid)),
        ("liq_end_health_before", done.before),
        ("liq_end_health_after", done.after),
        ("liab_transfer", done.repaid),
        ("asset_transfer", done.taken),
    ]))
}

/// Two assets with oracle and stable prices: begun by maintenance, sized by release.
fn swap_of_two<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let (asset, liability) = (inputs.record("asset")?, inputs.record("liab")?);
    let side = |question: Question, field: &Fields<'_>| {
        let oracle: N = field.number("oracle")?;
        let (asset_price, liability_price) = question.prices(&oracle, field.optional("stable")?);
        let highest = liability_price.clone();
        let side = Asset {
            balance: field.number("balance")?,
            asset_price,
            liability_price,
            asset_weight: question.weight(field, "asset_weight")?,
            liability_weight: question.weight(field, "liab_weight")?,
        };
        let held = Held {
            deposits: field.number("bank_total_deposits")?,
            deposits_start: field.number("deposit_weight_scale_start_quote")?,
            borrows: field.number("bank_total_borrows")?,
            borrows_start: field.number("borrow_weight_scale_start_quote")?,
        };
        Ok::<Asset<N>, Stop>(weigh(question, side, &highest, &held))
    };
    let figure = |question: Question| {
        let sides = [side(question, &asset)?, side(question, &liability)?];
        mango::excess(&sides, &[], &[]).ok_or_else(|| rejected("a price is missing"))
    };
    let (init, maint) = (figure(Question::Init)?, figure(Question::Maint)?);
    if !maint.is_negative() {
        return Err(rejected("above maintenance"));
    }
    let (held, owed) =
        (side(Question::LiquidationEnd, &asset)?, side(Question::LiquidationEnd, &liability)?);
    let swap = SwapAccount {
        asset: held.balance,
        asset_unsettled: N::zero(),
        asset_price: held.asset_price,
        asset_weight: held.asset_weight,
        asset_liability_weight: held.liability_weight,
        liability: owed.balance,
        liability_unsettled: N::zero(),
        liability_price: owed.liability_price,
        liability_weight: owed.liability_weight,
        liability_asset_weight: owed.asset_weight,
        overall_weight: N::one(),
        other: N::zero(),
        factor: fee_factor(&fee(inputs, "asset_fee")?, &fee(inputs, "liab_fee")?),
    };
    let done = swap_assets(&swap, &inputs.number("max_liab_transfer")?);
    let done = done.ok_or_else(|| rejected("no asset to hand over or no liability to repay"))?;
    Ok(Answer::figures([
        ("init_health", init),
        ("maint_health", maint),
        ("liq_end_health", done.before),
        ("liqee_asset_after", swap.asset.minus(&done.taken)),
        ("liqee_liab_after", swap.liability.plus(&done.repaid)),
        ("liq_end_health_after", done.after),
        ("liab_transfer", done.repaid),
        ("asset_transfer", done.taken),
    ]))
}

pub fn perpetual_liquidation<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let account = inputs.record("liqee")?;
    let price: N = inputs.for_all("prices")?.unwrap_or_else(N::one);
    let weight: N = inputs.for_all("token_weights")?.unwrap_or_else(N::one);
    let lot: N = inputs.or_one("base_lot_size")?;
    let base_price: N = inputs.optional("base_price")?.unwrap_or_else(|| price.clone());
    let other: N = account.number("other_token_spot")?;
    let other = other.times(&price, Rounding::Down).times(&weight, Rounding::Down);
    let terms = PerpetualTerms {
        settlement: WeightedPrices::new(&price, &weight, &weight),
        balance: account.number("settle_token_spot")?,
        other,
        lots: account.number("base_lots")?,
        quote: account.number("quote")?,
        lot_price: lot.times(&base_price, Rounding::Down),
        asset_weight: inputs.or_one("init_base_asset_weight")?,
        liability_weight: inputs.or_one("init_base_liab_weight")?,
        overall_weight: inputs.number("init_overall_asset_weight")?,
        base_fee: inputs.number("base_liquidation_fee")?,
        settle_fee: inputs.number("positive_pnl_liquidation_fee")?,
        lots_most: inputs.number("max_base_transfer")?,
        settle_most: inputs.number("max_pnl_transfer")?,
    };
    let done = reduce_perpetual(&terms);
    let done = done.ok_or_else(|| rejected("the base cannot be reduced so"))?;
    Ok(Answer::figures([
        ("settle_token_spot", done.balance),
        ("base_lots", done.lots),
        ("quote", done.quote),
        ("liq_end_health_before", done.before),
    ]))
}

pub fn bankruptcy<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let account = inputs.record("liqee")?;
    let price: N = inputs.or_one("settle_price")?;
    let asset_weight: N = inputs.or_one("settle_token_asset_weight")?;
    let liability_weight = inputs.or_one("settle_token_liab_weight")?;
    let terms = BankruptcyTerms {
        settlement: WeightedPrices::new(&price, &asset_weight, &liability_weight),
        price,
        balance: account.number("settle_token_spot")?,
        pnl: account.number("perp_quote")?,
        other: account.number("other_spot_value")?,
        settle_most: inputs.number::<N>("negative_pnl_settle_limit")?.magnitude(),
        fund: inputs.number("insurance_vault")?,
        fund_price: inputs.or_one("insurance_token_price")?,
        fee: inputs.number("liquidation_fee")?,
        request: inputs.number("max_liab_transfer")?,
    };
    let done = resolve_bankruptcy(&terms).ok_or_else(|| rejected("there is no loss"))?;
    let covered = done.settled.plus(&done.insured);
    Ok(Answer::figures([
        ("liqee_settle_token", terms.balance.minus(&done.settled)),
        ("liqee_perp_pnl", terms.pnl.plus(&covered).plus(&done.socialised)),
        ("liqor_settle_token", done.settled),
        ("liqor_perp_pnl", covered.negated()),
        ("liqor_insurance_token", done.fund_paid),
        ("socialized_loss", done.socialised),
        ("liq_end_health_before", done.before),
    ]))
}

/// Corners that are configured; the first and the last always are.
fn corners<N: Reads>(inputs: &Fields<'_>) -> Result<Vec<Corner<N>>, Stop> {
    let mut corners = vec![Corner { at: N::zero(), rate: inputs.number("zero_util_rate")? }];
    for (at, rate) in [("util0", "rate0"), ("util1", "rate1")] {
        if let Some(at) = inputs.optional(at)? {
            corners.push(Corner { at, rate: inputs.number(rate)? });
        }
    }
    corners.push(Corner { at: N::one(), rate: inputs.number("max_rate")? });
    Ok(corners)
}

pub fn borrow_rate<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let rate: N = piecewise(&corners(inputs)?, &inputs.number("utilization")?);
    let scaling = inputs.or_one("interest_curve_scaling")?;
    Ok(Answer::figures([("rate", rate.times(&scaling, Rounding::Up))]))
}

pub fn interest<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let rate: N = piecewise(&corners(inputs)?, &inputs.number("utilization")?);
    let rate = rate.times(&inputs.or_one("interest_curve_scaling")?, Rounding::Up);
    let year = inputs.optional("year_seconds")?.unwrap_or_else(|| N::of(31_536_000, 1));
    let grown = growth(&rate, &inputs.number("step_seconds")?, &year, count(inputs, "steps")?);
    let grown =
        grown.ok_or_else(|| inputs.part("year_seconds").malformed("a length above zero"))?;
    Ok(Answer::figures([("index_growth", grown.clone()), ("index_growth_f64", grown)]))
}

pub fn weight_schedule<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let of = |name: &str| inputs.number::<N>(name);
    let (start, end, now) = (of("start")?, of("end")?, of("now")?);
    let weight = |from: N, to: N, rounding| ramp((&from, &to), (&start, &end), &now, rounding);
    let asset = weight(of("asset_from")?, of("asset_to")?, Rounding::Down);
    let liability = weight(of("liab_from")?, of("liab_to")?, Rounding::Up);
    Ok(Answer::figures([("maint_asset_weight", asset), ("maint_liab_weight", liability)]))
}

pub fn stable_price<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let rules = StableRules {
        interval: inputs.number("delay_interval_s")?,
        delay_growth: inputs.number("delay_growth_limit")?,
        growth: inputs.number("stable_growth_limit_per_s")?,
        least: inputs.number("min_dt")?,
        most: inputs.number("max_dt")?,
        unit: N::of(1, 1_000_000_000_000_000),
    };
    if !rules.interval.is_positive() {
        return Err(inputs.part("delay_interval_s").malformed("a length above zero"));
    }
    let field = inputs.part("oracle_price");
    let words = field.value().as_str();
    let observed: Option<N> = match words.and_then(|words| words.strip_suffix(" constant")) {
        Some(price) => N::decimal(price),
        None => field.figure().ok().flatten(),
    };
    let observed = observed.ok_or_else(|| {
        Stop::Waiting("inputs.oracle_price: only a constant price is understood".to_owned())
    })?;
    let mut now = N::zero();
    let mut stable = StablePrice::reset(&inputs.number("reset_price")?, &now);
    let mut prices = Vec::new();
    let mut answer = Answer::Record(Vec::new());
    for (place, phase) in inputs.list("phases")?.iter().enumerate() {
        let step: N = phase.number("step_s")?;
        for _ in 0..count(phase, "steps")? {
            now = now.plus(&step);
            stable.update(&rules, &observed, &now);
        }
        prices.push(stable.price.clone());
        for (slot, delay) in stable.delays.iter().enumerate() {
            let name = format!("delay_price_{slot}_after_phase{}", place + 1);
            answer = answer.with(&name, Answer::Number(delay.clone()));
        }
    }
    let answer = answer.with("stable_after_phase_f64", Answer::list(prices.clone()));
    Ok(answer.with("stable_after_phase", Answer::list(prices)))
}
