//! Venues known from documents, and the auctions of Derive.

use std::cmp::Ordering;

use domain::Rounding;
use risk::curve::{hockey, piecewise};
use risk::price_function::{BankruptAuction, Dutch, Side, bankruptcy_price};
use risk::tier::{Bracket, Part, Tier, bracketed, deducted, marginal, ratio_of_leverage};
use risk::venue::documented::{
    self, Portfolio, Ranked, Stage, clamped_rate, inverse_pnl, linear_pnl, ranking, stage,
};

use super::{Ruling, rejected};
use crate::conformance::answer::Answer;
use crate::conformance::exact::Reads;
use crate::conformance::fields::{Fields, Stop};

pub fn adl_ranking<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let mut ranked = Vec::new();
    for position in inputs.list("positions")? {
        let score = Ranked {
            mark: position.number("mark")?,
            opened: position.number("entry")?,
            notional: position.number::<N>("notional")?.magnitude(),
            equity: position.number("account_value")?,
            short: position.words("side")? == Some("short"),
        };
        ranked.push((position.name("id")?.to_owned(), score.score()));
    }
    let index = ranked.iter().filter_map(|(id, score)| Some((id, score.as_ref()?)));
    let index = index.map(|(id, score)| (id.clone(), Answer::Number(score.clone())));
    let index = Answer::Record(index.collect());
    let ahead = |a: &(String, Option<N>), b: &(String, Option<N>)| -> Ordering {
        ranking(a.1.as_ref(), b.1.as_ref()).then_with(|| a.0.cmp(&b.0))
    };
    ranked.sort_by(ahead);
    let order = Answer::words(ranked.into_iter().map(|(id, _)| id));
    Ok(Answer::record([("index", index), ("order", order)]))
}

pub fn borrow_rate<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let rate: N = piecewise(&hockey(), &inputs.number("utilization")?);
    Ok(Answer::figures([("borrow_apy", rate)]))
}

pub fn collateral_share<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let (balance, price, share): (N, N, N) =
        (inputs.number("balance")?, inputs.number("price")?, inputs.number("ltv")?);
    let borrowable = documented::borrowable(&balance, &price, &share);
    let threshold = documented::liquidation_share(&share);
    Ok(Answer::figures([("borrowable", borrowable), ("liquidation_threshold", threshold)]))
}

/// A long against a short of the same size: the short is bankrupt, both close at its price.
pub fn deleveraging<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let (a, b) = (inputs.record("a")?, inputs.record("b")?);
    let price: N = inputs.number("price")?;
    let side = |field: &Fields<'_>| {
        let quantity: N = field.number::<N>("long")?.minus(&field.number("short")?);
        let entry: N = field.number("entry")?;
        Ok::<_, Stop>((quantity, entry, field.number::<N>("deposit")?))
    };
    let (winner, loser) = (side(&a)?, side(&b)?);
    let pnl = |(quantity, entry, _): &(N, N, N), at: &N| linear_pnl(quantity, entry, at);
    let equity = loser.2.plus(&pnl(&loser, &price));
    let bankruptcy = bankruptcy_price(&price, &equity, &loser.0);
    let bankruptcy = bankruptcy.ok_or_else(|| rejected("there is no position"))?;
    let after = loser.2.plus(&pnl(&loser, &bankruptcy));
    Ok(Answer::figures([
        ("b_equity", equity),
        ("a_profit", pnl(&winner, &bankruptcy)),
        ("b_equity_after", after),
        ("bankruptcy_price", bankruptcy),
    ]))
}

pub fn funding_rate<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let (premium, interest, most): (N, N, N) =
        (inputs.number("avg_premium_8h")?, inputs.number("interest_8h")?, inputs.number("clamp")?);
    let rate = clamped_rate(&premium, &interest, &most);
    let (hours, divisor): (N, N) = (inputs.or_one("interval_hours")?, inputs.or_one("divisor")?);
    let paid = rate.portion(&hours, &divisor, Rounding::Up);
    let paid = paid.ok_or_else(|| inputs.part("divisor").malformed("a number above zero"))?;
    Ok(Answer::figures([("rate_8h", rate), ("paid_per_hour", paid)]))
}

pub fn haircut_value<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let mut sum = N::zero();
    for asset in inputs.list("assets")? {
        let kept = N::one().minus(&asset.number("haircut")?);
        let quantity: N = asset.number("qty")?;
        let part = [Part { up_to: None, ratio: kept }];
        let worth = quantity.times(&asset.number("price")?, Rounding::Down);
        sum = sum.plus(&marginal(&part, &worth, Rounding::Down));
    }
    Ok(Answer::figures([("total", sum)]))
}

pub fn liquidation_stage<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let maintenance: N = inputs.number("maintenance_margin")?;
    let named = |equity: &N| match stage(equity, &maintenance) {
        Stage::None => "none".to_owned(),
        Stage::Book => "book".to_owned(),
        Stage::Backstop => "backstop".to_owned(),
    };
    let stages = inputs.numbers("equities")?;
    Ok(Answer::record([("stages", Answer::words(stages.iter().map(named)))]))
}

pub fn portfolio_ratio<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let figures = Portfolio {
        offset: inputs.number("min_borrow_offset")?,
        maintenance: inputs.number("cross_maintenance_margin")?,
        borrowed: inputs.number("borrowed_usdc")?,
        cash: inputs.number("usdc_balance")?,
        collateral: inputs.number("collateral_balance")?,
        price: inputs.number("collateral_price")?,
        share: inputs.number("ltv")?,
        supply_most: inputs.number("supply_cap")?,
        borrow_most: inputs.number("borrow_cap")?,
        limit: inputs.number("liquidatable_above")?,
    }
    .figures();
    let ratio: N = figures.ratio.ok_or_else(|| rejected("nothing counts as collateral"))?;
    let answer = Answer::figures([
        ("liquidation_threshold", figures.threshold),
        ("requirement", figures.requirement),
        ("liquidation_value", figures.value),
        ("ratio", ratio),
    ]);
    Ok(answer.with("liquidatable", Answer::Truth(figures.liquidatable)))
}

fn parts<N: Reads>(inputs: &Fields<'_>, bound: &str, ratio: &str) -> Result<Vec<Part<N>>, Stop> {
    let part =
        |tier: &Fields<'_>| Ok(Part { up_to: tier.optional(bound)?, ratio: tier.number(ratio)? });
    inputs.list("tiers")?.iter().map(part).collect()
}

pub fn tiered_charge<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let tiers = parts::<N>(inputs, "upper", "rate")?;
    let charge = marginal(&tiers, &inputs.number("hedged_usd")?, Rounding::Up);
    Ok(Answer::figures([("charge", charge)]))
}

/// What is owed counts in full.
pub fn tiered_value<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let quantity: N = inputs.number("quantity")?;
    let counted = if quantity.is_negative() {
        quantity
    } else {
        marginal(&parts(inputs, "upper_qty", "ratio")?, &quantity, Rounding::Down)
    };
    let value = counted.times(&inputs.or_one("price")?, Rounding::Down);
    Ok(Answer::figures([("collateral_value", value)]))
}

pub fn tiered_margin<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let notional: N = inputs.number::<N>("notional")?.magnitude();
    let tiered = if inputs.has("brackets") {
        let bracket = |field: &Fields<'_>| {
            Ok::<_, Stop>(Bracket {
                up_to: field.optional("max_notional")?,
                ratio: field.number("rate")?,
                deduction: field.number("deduction")?,
            })
        };
        let brackets: Result<Vec<_>, Stop> = inputs.list("brackets")?.iter().map(bracket).collect();
        bracketed(&brackets?, &notional).ok_or_else(|| rejected("above the highest bracket"))?
    } else {
        let tier = |field: &Fields<'_>| {
            let leverage: N = field.number("max_leverage")?;
            let ratio = ratio_of_leverage(&leverage);
            let malformed = || field.part("max_leverage").malformed("a number above zero");
            let ratio = ratio.filter(|ratio| ratio.is_positive()).ok_or_else(malformed)?;
            Ok::<_, Stop>(Tier { from: field.number("lower_notional")?, ratio })
        };
        let tiers: Result<Vec<_>, Stop> = inputs.list("tiers")?.iter().map(tier).collect();
        deducted(&tiers?, &notional)
    };
    Ok(Answer::figures([
        ("maintenance_rate", tiered.ratio),
        ("deduction", tiered.deduction),
        ("maintenance_margin", tiered.margin),
    ]))
}

/// PnL and maintenance margin of legs in quote and of legs in base.
pub fn pnl_and_margin<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let signed = |leg: &Fields<'_>, name: &str| {
        let size: N = leg.number(name)?;
        match leg.name("side")? {
            "long" => Ok((size, Side::Long)),
            "short" => Ok((size.negated(), Side::Short)),
            _ => Err(leg.part("side").malformed("long or short")),
        }
    };
    let (mut linear, mut linear_margin) = (Vec::new(), Vec::new());
    for leg in inputs.list("um")? {
        let (quantity, _) = signed(&leg, "qty")?;
        let mark: N = leg.number("mark")?;
        linear.push(linear_pnl(&quantity, &leg.number("entry")?, &mark));
        let notional = quantity.magnitude().times(&mark, Rounding::Up);
        linear_margin.push(notional.times(&leg.number("mmr")?, Rounding::Up));
    }
    let (mut inverse, mut inverse_margin) = (N::zero(), N::zero());
    for leg in inputs.list("cm")? {
        let (quote, _) = signed(&leg, "usd")?;
        let mark: N = leg.number("mark")?;
        let malformed = || leg.part("mark").malformed("prices above zero");
        let pnl = inverse_pnl(&quote, &leg.number("entry")?, &mark).ok_or_else(malformed)?;
        inverse = inverse.plus(&pnl);
        let base = quote.magnitude().over(&mark, Rounding::Up).ok_or_else(malformed)?;
        inverse_margin = inverse_margin.plus(&base.times(&leg.number("mmr")?, Rounding::Up));
    }
    Ok(Answer::record([
        ("um_upnl", Answer::list(linear)),
        ("um_mm", Answer::list(linear_margin)),
        ("cm_upnl_btc", Answer::Number(inverse)),
        ("cm_mm_btc", Answer::Number(inverse_margin)),
    ]))
}

/// Derive: the price of a solvent portfolio, or the payment for a bankrupt one.
pub fn dutch_auction<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let elapsed: N = inputs.number("elapsed_s")?;
    if inputs.has("insolvent_length_s") {
        let auction = BankruptAuction {
            value: inputs.number("mark_to_market")?,
            maintenance: inputs.number("maintenance_margin")?,
            length: inputs.number("insolvent_length_s")?,
        };
        let paid = auction.payment_at(&elapsed, &inputs.or_one("percent")?);
        return Ok(Answer::figures([("cash_to_bidder", paid)]));
    }
    let auction = Dutch {
        start: inputs.or_one("start")?,
        cutoff: inputs.number("cutoff")?,
        fast: inputs.number("fast_s")?,
        slow: inputs.number("slow_s")?,
    };
    let share = auction.share_at(&elapsed);
    let answer = Answer::figures([("price_fraction_of_mtm", share.clone())]);
    if !inputs.has("maintenance_margin") {
        return Ok(answer);
    }
    let (value, maintenance): (N, N) =
        (inputs.number("mark_to_market")?, inputs.number("maintenance_margin")?);
    let buffer = inputs.optional("buffer")?.unwrap_or_else(|| N::of(1, 10));
    let release = risk::sizing::proportional_release(&maintenance, &value, &buffer);
    let reserved = inputs.number("reserved_cash")?;
    let slice = risk::sizing::proportional(&release, &value, &share, &reserved);
    let slice = slice.ok_or_else(|| rejected("no slice brings the portfolio back"))?;
    let slice = |answer: Answer<N>, name: &&str| answer.with(name, Answer::Number(slice.clone()));
    Ok(["max_fraction", "max_proportion", "max_percentage", "f"].iter().fold(answer, slice))
}
