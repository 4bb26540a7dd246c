//! Drift v2: figures in the venue's registers, or in whole units where they carry a point.

mod liquidation;
mod margin;

pub use liquidation::{
    cover, fee_ramp, full_lending, full_perpetual, insurance_fee, socialised_loss,
};
pub use margin::{
    account_margin, count, perpetual_requirement, pnl_weight, size_weight, venue_cap,
};

use domain::Rounding;
use risk::curve::Segments;
use risk::number::Places;

use super::{Ruling, parts};
use crate::conformance::answer::Answer;
use crate::conformance::exact::Reads;
use crate::conformance::fields::{Fields, Stop};

/// Registers in one: money, prices and fees.
const MONEY: i64 = 1_000_000;
/// Registers in one: quantities.
const QUANTITY: i64 = 1_000_000_000;
/// Registers in one: weights and ratios.
const WEIGHT: i64 = 10_000;

/// A register as a number.
fn register<N: Reads>(inputs: &Fields<'_>, name: &str, per_one: i64) -> Result<N, Stop> {
    Ok(inputs.number::<N>(name)?.times(&N::of(1, per_one), Rounding::Down))
}

/// A number as a register.
fn registers<N: Reads>(number: &N, per_one: i64) -> N {
    number.times(&N::of(per_one, 1), Rounding::Down)
}

/// Size of the smallest unit of an asset with so many decimals.
fn unit<N: Reads>(inputs: &Fields<'_>, name: &str) -> Result<N, Stop> {
    let decimals: N = inputs.number(name)?;
    let count = (0..=18).find(|count| decimals == N::of(*count, 1));
    let count = count.ok_or_else(|| inputs.part(name).malformed("0 to 18 decimals"))?;
    Ok(N::of(1, 10i64.pow(u32::try_from(count).unwrap_or(0))))
}

pub fn borrow_rate<N: Reads>(inputs: &Fields<'_>) -> Ruling<N> {
    let segments = Segments {
        optimum: register(inputs, "optimal_utilization", MONEY)?,
        optimal_rate: register(inputs, "optimal_rate", MONEY)?,
        highest_rate: register(inputs, "max_rate", MONEY)?,
    };
    let utilisation: N = register(inputs, "utilization_1e6", MONEY)?;
    let rate = segments.rate_at(&utilisation, &Places::Source(parts(1)));
    let rate = rate.most(&register(inputs, "min_rate", MONEY)?);
    Ok(Answer::figures([("rate_1e6", registers(&rate, MONEY))]))
}
