//! Default waterfall: who pays in which order, and how a sum is split to the cent.

use risk::loss::split;

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

/// A sum over members in proportion, to the cent.
fn shared<N: Reads>(sum: &N, members: &[(String, N)]) -> Result<Vec<(String, Answer<N>)>, Stop> {
    let weights: Vec<N> = members.iter().map(|(_, weight)| weight.clone()).collect();
    let parts = split(sum, &weights, &N::of(1, 100));
    let parts = parts.ok_or_else(|| rejected("there is nobody to share it"))?;
    let named = members.iter().zip(parts);
    Ok(named.map(|((id, _), part)| (id.clone(), Answer::Number(part))).collect())
}

pub fn allocation<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let members = members(inputs, "weights")?;
    Ok(Answer::Record(shared(&inputs.number("amount")?, &members)?))
}
