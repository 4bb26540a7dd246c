//! Weights by size, requirement of one perpetual, margin of a whole account.

use domain::Rounding;
use risk::venue::drift::{self, Asset, Perpetual, Purpose, account_figures, unrealised};
use risk::weight::{self, RootPlaces, sqrt_discount, sqrt_premium};

use super::{MONEY, QUANTITY, Ruling, WEIGHT, register, registers, unit};
use crate::conformance::answer::Answer;
use crate::conformance::exact::Reads;
use crate::conformance::fields::{Fields, Stop};

/// A weight up to one is an asset's, above it a liability's.
pub fn size_weight<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let amount: N = inputs.number("token_amount")?;
    let size = amount.magnitude().times(&unit(inputs, "decimals")?, Rounding::Down);
    let size = drift::quantity().cut(size);
    let factor = register(inputs, "imf_factor", MONEY)?;
    let weight: N = register(inputs, "base_weight", WEIGHT)?;
    let rule = if weight > N::one() { sqrt_premium } else { sqrt_discount };
    let weight = rule(&weight, &factor, &size, &RootPlaces::drift());
    Ok(Answer::figures([("weight", registers(&weight, WEIGHT))]))
}

pub fn venue_cap<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let deposits: N = inputs.number("total_deposit_tokens")?;
    let held = deposits.times(&inputs.number("oracle_price")?, Rounding::Down);
    let weight = register(inputs, "initial_asset_weight", WEIGHT)?;
    let start: N = inputs.number("scale_initial_asset_weight_start_quote")?;
    let weight = weight::venue_cap(&weight, &start, &held, &drift::ratio());
    Ok(Answer::figures([("weight", registers(&weight, WEIGHT))]))
}

pub fn pnl_weight<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let pnl: N = register(inputs, "unrealized_pnl_quote_1e6", MONEY)?;
    let factor = register(inputs, "unrealized_pnl_imf_factor", MONEY)?;
    let weight = register(inputs, "initial_asset_weight", WEIGHT)?;
    let weight = weight::pnl_weight(&weight, &factor, &pnl, &RootPlaces::drift());
    Ok(Answer::figures([("weight", registers(&weight, WEIGHT))]))
}

/// The first of several names that is there.
fn either<'a>(inputs: &Fields<'_>, names: &[&'a str]) -> &'a str {
    let there = names.iter().find(|name| inputs.has(name)).or(names.first());
    there.copied().unwrap_or("")
}

pub fn perpetual_requirement<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let of = |names: &[&str], per_one| register::<N>(inputs, either(inputs, names), per_one);
    let ratio = ["margin_ratio_initial", "margin_ratio_maintenance", "margin_ratio"];
    let perpetual = Perpetual {
        quantity: of(&["base_amount_1e9", "base_1e9"], QUANTITY)?,
        quote: of(&["quote_amount", "quote_1e6"], MONEY)?,
        price: inputs.number("oracle_price")?,
        quote_price: N::one(),
        quote_average: N::one(),
        requirement: of(&ratio, WEIGHT)?,
        factor: of(&["imf_factor"], MONEY)?,
        bids: of(&["open_bid_1e9"], QUANTITY)?,
        asks: of(&["open_ask_1e9"], QUANTITY)?.magnitude(),
        orders: count(inputs, "open_orders")?,
        profit_most: of(&["max_positive_upnl_for_initial"], MONEY)?,
    };
    let purpose = Purpose { strict: false, custom: N::zero(), buffer: N::zero() };
    let requirement = drift::perpetual_requirement(&perpetual, &purpose);
    let requirement = registers(&requirement, MONEY);
    let pnl = unrealised(&perpetual, &purpose);
    let ratio = registers(&perpetual.ratio(&N::zero()), WEIGHT);
    Ok(Answer::figures([
        ("margin_requirement", requirement.clone()),
        ("maintenance_margin_requirement", requirement),
        ("weighted_upnl", registers(&pnl, MONEY)),
        ("effective_ratio", ratio),
    ]))
}

/// A whole number of orders or steps; more than a hundred thousand are refused, since every step is
/// computed.
pub fn count(inputs: &Fields<'_>, name: &str) -> Result<u32, Stop> {
    use crate::conformance::exact::Exact;
    use risk::number::Number;
    let number: Exact = inputs.number(name)?;
    let whole = number.0.is_int() && !number.is_negative();
    let whole = whole.then(|| u32::try_from(number.0.trunc()).ok()).flatten();
    let whole = whole.filter(|count| *count <= 100_000);
    whole.ok_or_else(|| inputs.part(name).malformed("a whole number, at most 100000"))
}

/// A balance of one asset: what is held less what is borrowed, with its orders and weights.
fn asset<N: Reads>(
    inputs: &Fields<'_>,
    name: &str,
    quote: bool,
    price: Option<N>,
) -> Result<Asset<N>, Stop> {
    let of = |suffix: &str| inputs.number::<N>(&format!("{name}{suffix}"));
    let price: N = match price {
        Some(price) => price,
        None => inputs.or_one(&format!("{name}_oracle"))?,
    };
    let average = inputs.optional(&format!("{name}_twap5"))?;
    let weight = |name: &str| if quote { Ok(N::one()) } else { inputs.or_one(name) };
    let (bids, asks) = (of("_open_bid")?, of("_open_ask")?.magnitude());
    let orders = u32::from(!bids.is_zero()) + u32::from(!asks.is_zero());
    Ok(Asset {
        amount: of("")?.minus(&of("_borrow")?),
        average: average.unwrap_or_else(|| price.clone()),
        price,
        asset_weight: weight("initial_asset_weight")?,
        liability_weight: weight("initial_liability_weight")?,
        bids,
        asks,
        orders,
    })
}

fn perpetual<N: Reads>(
    inputs: &Fields<'_>,
    (quantity, price): (N, N),
    cash: &Asset<N>,
) -> Result<Perpetual<N>, Stop> {
    // Without a quote the position was entered at its price.
    let entered = quantity.times(&price, Rounding::Down).negated();
    Ok(Perpetual {
        quote: inputs.optional("perp_quote")?.or(inputs.optional("quote")?).unwrap_or(entered),
        quantity,
        price,
        quote_price: cash.price.clone(),
        quote_average: cash.average.clone(),
        requirement: inputs.number("margin_ratio_initial")?,
        factor: inputs.number("imf_factor")?,
        bids: inputs.number("perp_open_bid")?,
        asks: inputs.number::<N>("perp_open_ask")?.magnitude(),
        orders: count(inputs, "perp_open_orders")?,
        profit_most: inputs.number("max_positive_upnl_for_initial")?,
    })
}

pub fn account_margin<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    if inputs.has("isolated_perp") {
        return isolated(inputs);
    }
    let purpose = Purpose {
        strict: inputs.truth("strict")?,
        custom: inputs.number("user_max_margin_ratio")?,
        buffer: inputs.number("buffer_ratio")?,
    };
    let cash = Asset { liability_weight: N::one(), ..asset(inputs, "usdc", true, None)? };
    let other = asset(inputs, "sol", false, Some(inputs.number("sol_price")?))?;
    let size: N = inputs.number("perp_base")?;
    let mut perpetuals = Vec::new();
    if !size.is_zero() || inputs.has("perp_quote") {
        let price = inputs.number("perp_price")?;
        perpetuals.push(perpetual(inputs, (size, price), &cash)?);
    }
    let figures = account_figures(&[cash, other], &perpetuals, &purpose);
    Ok(Answer::figures([
        ("initial_margin_requirement", figures.requirement.clone()),
        ("margin_requirement", figures.requirement),
        ("total_collateral", figures.adjusted_equity),
    ]))
}

/// A cross account and an isolated perpetual with a balance of its own, each by itself; again with
/// the buffer that such figures are published with.
fn isolated<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let cash = asset(inputs, "cross_usdc", true, None)?;
    let other = asset(inputs, "cross_sol", false, Some(inputs.number("sol_price")?))?;
    let own = inputs.record("isolated_perp")?;
    let balance = asset(&own, "isolated_usdc", true, None)?;
    let entered = (own.number("base")?, own.number("price")?);
    let position = perpetual(&own, entered, &balance)?;
    let figures = |buffer: N| {
        let purpose = Purpose { strict: false, custom: N::zero(), buffer };
        let cross = account_figures(&[cash.clone(), other.clone()], &[], &purpose);
        let balance = core::slice::from_ref(&balance);
        let isolated = account_figures(balance, core::slice::from_ref(&position), &purpose);
        Answer::figures([
            ("cross_margin_requirement", cross.requirement),
            ("cross_collateral", cross.adjusted_equity),
            ("isolated_margin_requirement", isolated.requirement),
            ("isolated_collateral", isolated.adjusted_equity),
        ])
    };
    let plain = figures(inputs.number("buffer_ratio")?);
    Ok(plain.with("with_buffer_10pct", figures(N::of(1, 10))))
}
