//! Add-ons for size and time, buffers against procyclicality, combined margins.

use domain::Rounding;
use risk::addon::{
    Combined, CombinedMargin, buffered, concentration, issued_value, largest_rise, spread,
    square_root_cost, stress_weighted, unwind,
};
use risk::number::total;

use super::{Ruling, rejected};
use crate::conformance::answer::Answer;
use crate::conformance::exact::Reads;
use crate::conformance::fields::{Fields, Stop};

pub fn collateral_and_concentration<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    if inputs.has("T") {
        let factor = concentration(&inputs.number::<N>("s")?, &inputs.number("T")?);
        let factor = factor.ok_or_else(|| inputs.part("T").malformed("a threshold above zero"))?;
        return Ok(Answer::figures([("CR", factor)]));
    }
    let member = inputs.words("member")?;
    let mut counted = Vec::new();
    for asset in inputs.list("collateral")? {
        let issuer = asset.words("issuer")?;
        let own = issuer.is_some() && issuer == member;
        counted.push(issued_value(&asset.number::<N>("v")?, &asset.number("haircut")?, own));
    }
    Ok(Answer::figures([("value", total(&counted))]))
}

pub fn liquidity<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    if inputs.has("notional") {
        let (factor, sigma): (N, N) = (inputs.or_one("Y")?, inputs.number("sigma")?);
        let (share, threshold) = (inputs.number("q_over_adv")?, inputs.number("threshold")?);
        let cost = square_root_cost(
            &inputs.number("notional")?,
            &inputs.number("half_spread")?,
            (&factor, &sigma),
            (&share, &threshold),
        );
        return Ok(Answer::figures([("cost", cost)]));
    }
    let (size, volume, share): (N, N, N) =
        (inputs.number("Q")?, inputs.number("ADV")?, inputs.or_one("f")?);
    let sold = unwind(&size, &volume, &share, &inputs.number("sigma_1d")?);
    let sold = sold.ok_or_else(|| rejected("nothing can be sold"))?;
    let figures = [("D", sold.days), ("multiple", sold.multiple), ("scaled_sigma", sold.sigma)];
    Ok(Answer::figures(figures))
}

pub fn procyclicality<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    if inputs.has("current") || inputs.has("stressed") {
        let weight = inputs.optional("weight")?.unwrap_or_else(|| N::of(1, 4));
        let margin =
            stress_weighted(&inputs.number("current")?, &inputs.number("stressed")?, &weight);
        return Ok(Answer::figures([("margin", margin)]));
    }
    if inputs.has("margin") {
        return measures(inputs);
    }
    let calculated: Vec<N> = inputs.numbers("calculated")?;
    let buffer = inputs.number("buffer")?;
    let never = buffered(&calculated, &buffer, calculated.len());
    let from = stress_day(inputs)?.saturating_sub(1);
    let released = buffered(&calculated, &buffer, from);
    Ok(Answer::record([
        ("no_release", Answer::list(never)),
        ("with_release", Answer::list(released)),
    ]))
}

/// The day, counted from one, from which the buffer may be used up; the rule's words name it.
fn stress_day(inputs: &Fields<'_>) -> Result<usize, Stop> {
    let Some(rule) = inputs.words("rule")? else { return Ok(1) };
    let day = rule.split("trigger day ").nth(1).map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>()
    });
    let unknown = || Stop::Waiting(format!("inputs.rule: {rule:?}"));
    day.and_then(Result::ok).ok_or_else(unknown)
}

fn measures<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let margins: Vec<N> = inputs.numbers("margin")?;
    let malformed = || inputs.part("margin").malformed("margins above zero");
    let hundred = N::of(100, 1);
    let percent = |rise: Option<N>| rise.map(|rise| rise.times(&hundred, Rounding::Up));
    let (peak, trough) = (margins.iter().max(), margins.iter().min());
    let ratio = peak.zip(trough).and_then(|(peak, trough)| peak.over(trough, Rounding::Up));
    let mut figures = vec![("peak_to_trough".to_owned(), ratio.ok_or_else(malformed)?)];
    for (name, lag, up_to) in [
        ("max_1d_rise_pct", 1, false),
        ("max_rise_lag5_pct", 5, false),
        ("max_rise_within5_pct", 5, true),
    ] {
        if let Some(rise) = percent(largest_rise(&margins, lag, up_to)) {
            figures.push((name.to_owned(), rise));
        }
    }
    let named = figures.into_iter().map(|(name, figure)| (name, Answer::Number(figure)));
    Ok(Answer::Record(named.collect()))
}

pub fn commodity_spread<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let outright = inputs.record("outright")?;
    let mut legs = Vec::new();
    for (name, lots) in inputs.named("legs")? {
        let lots: N = lots.figure()?.ok_or_else(|| lots.malformed("a number of lots"))?;
        legs.push((lots, outright.number(&name)?));
    }
    let saved = spread(&legs, &inputs.number("rate")?);
    let figures =
        [("gross", saved.gross), ("credit", saved.credit), ("requirement", saved.requirement)];
    Ok(Answer::figures(figures))
}

pub fn combined_total<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let (mut last, mut first) = (Vec::new(), Vec::new());
    let shown = |margin: CombinedMargin<N>| {
        Answer::figures([("risk", margin.risk), ("requirement", margin.requirement)])
    };
    for case in inputs.items() {
        let count: N = case.number("short_opts")?;
        let parts = Combined {
            scan: case.number("scan")?,
            intra: case.number("intra")?,
            spot: case.number("spot")?,
            inter: case.number("inter")?,
            short_minimum: count.times(&case.number("som")?, Rounding::Up),
            option_value: case.number("nov")?,
        };
        last.push(shown(parts.minimum_last()));
        first.push(shown(parts.minimum_first()));
    }
    let (last, first) = (Answer::List(last), Answer::List(first));
    Ok(Answer::record([("cme_order", last), ("kdpw_order", first)]))
}
