//! Default waterfall: who pays in which order, and how a sum is split to the cent.

use domain::Rounding;
use risk::chain::{assessable, cover, in_order, largest, recovered, several_defaults};
use risk::loss::split;
use risk::number::total;

use super::{Ruling, rejected};
use crate::conformance::answer::Answer;
use crate::conformance::exact::Reads;
use crate::conformance::fields::{Fields, Stop};

/// Members by name, lowest id first: numbers by size, then words by letter.
fn members<N: Reads>(inputs: &Fields<'_>, name: &str) -> Result<Vec<(String, N)>, Stop> {
    let mut members = Vec::new();
    for (id, field) in inputs.named(name)? {
        let weight = field.figure()?.ok_or_else(|| field.malformed("a number"))?;
        members.push((id, weight));
    }
    members.sort_by_cached_key(|(id, _)| (id.parse::<u64>().unwrap_or(u64::MAX), id.clone()));
    Ok(members)
}

fn weights<N: Reads>(members: &[(String, N)]) -> Vec<N> {
    members.iter().map(|(_, weight)| weight.clone()).collect()
}

fn named<N: Reads>(members: &[(String, N)], parts: Vec<N>) -> Vec<(String, Answer<N>)> {
    let named = members.iter().zip(parts);
    named.map(|((id, _), part)| (id.clone(), Answer::Number(part))).collect()
}

fn cent<N: Reads>() -> N {
    N::of(1, 100)
}

/// A sum over members in proportion, to the cent.
fn shared<N: Reads>(sum: &N, members: &[(String, N)]) -> Result<Vec<(String, Answer<N>)>, Stop> {
    let parts = split(sum, &weights(members), &cent());
    let parts = parts.ok_or_else(|| rejected("there is nobody to share it"))?;
    Ok(named(members, parts))
}

pub fn allocation<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let members = members(inputs, "weights")?;
    Ok(Answer::Record(shared(&inputs.number("amount")?, &members)?))
}

/// What a vector of this kind asks is told by the fields it has.
pub fn loss_allocation<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    if inputs.has("recovered") {
        recovery(inputs)
    } else if inputs.has("shortfall") {
        several(inputs)
    } else if inputs.has("mutual_fund") {
        mutual(inputs)
    } else if inputs.has("loss") {
        chain(inputs)
    } else {
        let shape: Vec<String> = inputs.parts().into_iter().map(|(name, _)| name).collect();
        Err(Stop::Waiting(format!("no rule for a loss with {}", shape.join(", "))))
    }
}

fn chain<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let survivors = members::<N>(inputs, "df")?;
    let contributions = weights(&survivors);
    let cap = inputs.number("assessment_cap")?;
    let (mut names, mut capacities) = (Vec::new(), Vec::new());
    for (name, field) in [("im", "im"), ("df_defaulter", "df_defaulter"), ("sitg", "sitg")] {
        if inputs.has(field) {
            names.push(name);
            capacities.push(inputs.number(field)?);
        }
    }
    let fund = names.len();
    if inputs.has("df") {
        names.push("df_survivors");
        capacities.push(total(&contributions));
    }
    if inputs.has("assessment_cap") {
        names.push("assessments");
        capacities.push(assessable(&contributions, &cap));
    }
    let paid = in_order(&inputs.number("loss")?, &capacities);
    let of = |place: usize| paid.layers.get(place).cloned().unwrap_or_else(N::zero);
    let over = |sum: N| {
        let parts = split(&sum, &contributions, &cent());
        Answer::Record(parts.map_or_else(Vec::new, |parts| named(&survivors, parts)))
    };
    let (used, assessed) = (over(of(fund)), over(of(fund + 1)));
    let stage = |(name, sum): (&&str, &N)| {
        Answer::List(vec![Answer::Words((*name).to_owned()), Answer::Number(sum.clone())])
    };
    let stages = names.iter().zip(&paid.layers).map(stage).collect();
    Ok(Answer::record([
        ("stages", Answer::List(stages)),
        ("by_member", used),
        ("assess", assessed),
        ("uncovered", Answer::Number(paid.uncovered)),
    ]))
}

fn mutual<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let (capital, fund): (N, N) = (inputs.number("sitg")?, inputs.number("mutual_fund")?);
    let paid = in_order(&inputs.number("loss_after_defaulter")?, &[capital, fund.clone()]);
    let of = |place: usize| paid.layers.get(place).cloned().unwrap_or_else(N::zero);
    let share = of(1).portion(&N::of(100, 1), &fund, Rounding::Down);
    Ok(Answer::figures([
        ("sitg_used", of(0)),
        ("mutual_used", of(1)),
        ("mutual_left", fund.minus(&of(1))),
        ("mutual_used_pct", share.unwrap_or_else(N::zero)),
        ("uncovered", paid.uncovered),
    ]))
}

fn recovery<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let (survivors, capital): (N, N) =
        (inputs.number("survivor_used")?, inputs.number("sitg_used")?);
    let back = recovered(&inputs.number("recovered")?, &survivors, &capital);
    let of = |place: usize| back.layers.get(place).cloned().unwrap_or_else(N::zero);
    let mut parts = shared(&of(0), &members(inputs, "shares")?)?;
    parts.push(("sitg".to_owned(), Answer::Number(of(1))));
    Ok(Answer::Record(parts))
}

fn several<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let defaulters = members::<N>(inputs, "shortfall")?;
    let survivors = members(inputs, "df")?;
    let done = several_defaults(
        &weights(&defaulters),
        &inputs.number("sitg")?,
        &weights(&survivors),
        &cent(),
    );
    let done = done.ok_or_else(|| rejected("there is no shortfall"))?;
    Ok(Answer::record([
        ("sitg", Answer::Record(named(&defaulters, done.capital))),
        ("df_used", Answer::Number(done.used)),
        ("by_member", Answer::Record(named(&survivors, done.members))),
        ("uncovered", Answer::Number(done.uncovered)),
    ]))
}

/// Cover of the largest losses over scenarios, or own capital over funds.
pub fn fund_sizing<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    if inputs.has("min_capital") {
        let capital: N = inputs.number("min_capital")?;
        let share = inputs.optional("share")?.unwrap_or_else(|| N::of(1, 4));
        let capital = capital.times(&share, Rounding::Up);
        let mut parts = shared(&capital, &members(inputs, "funds")?)?;
        parts.push(("sitg".to_owned(), Answer::Number(capital)));
        return Ok(Answer::Record(parts));
    }
    let losses_over_margin = inputs.record("slom")?;
    if losses_over_margin.is_absent() {
        return Err(Stop::Waiting("no rule for a fund without inputs.slom".to_owned()));
    }
    let (mut names, mut losses) = (Vec::new(), Vec::new());
    for (name, _) in losses_over_margin.parts() {
        losses.push(weights(&members::<N>(&losses_over_margin, &name)?));
        names.push(name);
    }
    let covers = |count| losses.iter().map(|losses| cover(losses, count)).collect::<Vec<N>>();
    let mut answer = Answer::Record(Vec::new());
    for count in 1..=3 {
        let Some((place, most)) = largest(&covers(count)) else { continue };
        let scenario = names.get(place).cloned().unwrap_or_default();
        answer = answer.with(&format!("cover{count}"), Answer::Number(most));
        answer = answer.with(&format!("scenario_cover{count}"), Answer::Words(scenario));
    }
    let totals = names.iter().cloned().zip(covers(2).into_iter().map(Answer::Number));
    Ok(answer.with("scenario_totals", Answer::Record(totals.collect())))
}
