//! Tails of recorded series. A vector names a file of its `series` folder, whose numbers stand
//! beside the name once the file is read.

use domain::Rounding;
use risk::tail::{
    overlapping, rescaled, root_of_time, shortfall_beyond, tail, variances, volatility,
};

use super::Ruling;
use crate::conformance::answer::Answer;
use crate::conformance::exact::Reads;
use crate::conformance::fields::{Fields, Stop};

/// The numbers of a series in units of which `per_one` make one.
fn series<N: Reads>(inputs: &Fields<'_>, name: &str, per_one: i64) -> Result<Vec<N>, Stop> {
    let numbers: Vec<N> = inputs.numbers(name)?;
    if numbers.is_empty() {
        return Err(Stop::Waiting(format!("the series of inputs.{name}_file is not at hand")));
    }
    let unit = N::of(1, per_one);
    Ok(numbers.iter().map(|number| number.times(&unit, Rounding::Down)).collect())
}

fn returns<N: Reads>(inputs: &Fields<'_>) -> Result<Vec<N>, Stop> {
    series(inputs, "returns_bp", 10_000)
}

/// Value at risk and expected shortfall, as losses.
fn measures<N: Reads>(results: &[N], share: &N) -> Result<(N, N), Stop> {
    let worst = tail(results, share);
    let worst = worst.ok_or_else(|| Stop::Waiting("a series without results".to_owned()))?;
    Ok((worst.quantile.negated(), worst.mean.negated()))
}

pub fn historical_returns<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let (results, share): (Vec<N>, N) = (returns(inputs)?, inputs.number("alpha")?);
    let (var, shortfall) = measures(&results, &share)?;
    let beyond = shortfall_beyond(&results, &share).unwrap_or_else(|| shortfall.clone());
    Ok(Answer::figures([("var", var), ("es", shortfall), ("riskfolio_cvar", beyond)]))
}

/// Quantiles and means of signed results, named by percent.
pub fn historical_pnl<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let results: Vec<N> = series(inputs, "pnl", 1)?;
    let mut answer = Answer::Record(Vec::new());
    for percent in [1, 5, 95, 99] {
        let (var, shortfall) = measures(&results, &N::of(percent, 100))?;
        answer = answer.with(&format!("q{percent:02}"), Answer::Number(var.negated()));
        answer = answer.with(&format!("es{percent:02}"), Answer::Number(shortfall.negated()));
    }
    Ok(answer)
}

pub fn ewma_variance<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let results: Vec<N> = returns(inputs)?;
    let all = variances(&results, &inputs.number("lam")?).unwrap_or_default();
    let next = all.last().cloned().unwrap_or_else(N::zero);
    let named = all
        .iter()
        .enumerate()
        .map(|(place, variance)| (format!("var_t{place}"), Answer::Number(variance.clone())));
    let answer = Answer::Record(named.collect());
    let answer = answer.with("next_vol", Answer::Number(volatility(&next)));
    Ok(answer.with("next_var", Answer::Number(next)))
}

pub fn filtered_simulation<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let (results, keep): (Vec<N>, N) = (returns(inputs)?, inputs.number("lam")?);
    let half = inputs.words("scaling")? == Some("mid");
    let scaled = rescaled(&results, &keep, half);
    let scaled = scaled.ok_or_else(|| Stop::Waiting("a series without movement".to_owned()))?;
    let (one, two) = (N::of(1, 100), N::of(25, 1_000));
    let (var_one, shortfall_one) = measures(&scaled, &one)?;
    let (var_two, shortfall_two) = measures(&scaled, &two)?;
    let (plain_one, _) = measures(&results, &one)?;
    let (plain_two, _) = measures(&results, &two)?;
    Ok(Answer::figures([
        ("var99", var_one),
        ("es99", shortfall_one),
        ("var975", var_two),
        ("es975", shortfall_two),
        ("unfiltered_var99", plain_one),
        ("unfiltered_var975", plain_two),
    ]))
}

pub fn period_of_risk<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let (results, share): (Vec<N>, N) = (returns(inputs)?, inputs.number("alpha")?);
    let days = usize::try_from(super::drift::count(inputs, "h")?).unwrap_or(usize::MAX);
    let sums = overlapping(&results, days);
    let (var, shortfall) = measures(&sums, &share)?;
    let (plain, _) = measures(&results, &share)?;
    let count = N::of(i64::try_from(sums.len()).unwrap_or(i64::MAX), 1);
    Ok(Answer::figures([
        ("n", count),
        ("var", var),
        ("es", shortfall),
        ("sqrt_scaled_var", root_of_time(&plain, days)),
    ]))
}
