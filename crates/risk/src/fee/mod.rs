//! What a forced trade costs the account on top of its price.
//!
//! Fees are shares of notional or amounts, never negative. Law: a fee leaves a solvent account
//! solvent, by formula, not by hope.

mod insurance;
mod liquidator;

pub use insurance::{
    InsuranceRoom, LendingRoom, fund_delta, house_fee, insurance_fee, insurance_fee_simple,
    lending_insurance_fee,
};
pub use liquidator::FeeRamp;
