//! From a kind and the shape of its inputs to the rule in `risk` that answers it.
//!
//! Nothing here computes: fields are read, a function of `risk` is asked, its answer is named. Law:
//! no arm looks at an id, and what no arm knows is waiting.

mod addon;
mod documented;
mod drift;
mod dydx;
mod mango;
mod tail;
mod waterfall;

use super::answer::Answer;
use super::exact::Reads;
use super::fields::{Fields, Stop};

/// The rule's answer to a vector.
pub type Ruling<N> = Result<Answer<N>, Stop>;

/// Asks the rule that a vector exercises.
///
/// # Errors
/// A request that is refused, a field that is not understood, or a model that does not exist yet.
pub fn rule<N: Reads>(
    house: &str,
    kind: &str,
    inputs: &Fields<'_>,
    expected: &Fields<'_>,
) -> Ruling<N> {
    let ruling = liquidation(kind, inputs, expected).or_else(|| margin(kind, inputs));
    ruling.unwrap_or_else(|| Err(waiting(house, kind)))
}

/// Sizes, prices, fees, auctions, losses; `None` for a kind that is none of these.
fn liquidation<N: Reads>(
    kind: &str,
    inputs: &Fields<'_>,
    expected: &Fields<'_>,
) -> Option<Ruling<N>> {
    Some(match kind {
        "bankruptcy_price" => dydx::bankruptcy_price(inputs),
        "liquidation_price" => dydx::liquidation_price(inputs),
        "insurance_delta" => dydx::insurance_delta(inputs),
        "deleveraging" if inputs.has("markets") => dydx::deleveraging(inputs),
        "partial_liquidation_size" => drift::cover(inputs),
        "insurance_fee" => drift::insurance_fee(inputs),
        "liquidation_fee_ramp" => drift::fee_ramp(inputs),
        "socialized_loss" => drift::socialised_loss(inputs),
        "full_perp_liquidation" => drift::full_perpetual(inputs, expected),
        "full_spot_liquidation" => drift::full_lending(inputs),
        "token_liquidation" => mango::swap(inputs),
        "perp_liquidation" => mango::perpetual_liquidation(inputs),
        "bankruptcy" => mango::bankruptcy(inputs),
        "dutch_auction" => documented::dutch_auction(inputs),
        "deleveraging" => documented::deleveraging(inputs),
        "adl_ranking" => documented::adl_ranking(inputs),
        "liquidation_stage" => documented::liquidation_stage(inputs),
        "allocation_rounding" => waterfall::allocation(inputs),
        "loss_allocation" => waterfall::loss_allocation(inputs),
        "fund_sizing" => waterfall::fund_sizing(inputs),
        _ => return None,
    })
}

/// Weights, requirements, rates, add-ons; `None` for a kind that is none of these.
fn margin<N: Reads>(kind: &str, inputs: &Fields<'_>) -> Option<Ruling<N>> {
    Some(match kind {
        "initial_margin_oi_scaled" => dydx::open_interest_scaled(inputs),
        "maintenance_fraction" => dydx::maintenance_fraction(inputs),
        "funding_clamp" => dydx::funding_clamp(inputs),
        "size_weight" => drift::size_weight(inputs),
        "deposit_cap_weight" => drift::venue_cap(inputs),
        "unrealized_pnl_weight" => drift::pnl_weight(inputs),
        "perp_margin_requirement" => drift::perpetual_requirement(inputs),
        "account_margin" => drift::account_margin(inputs),
        "borrow_rate" if inputs.has("utilization_1e6") => drift::borrow_rate(inputs),
        "borrow_rate" if inputs.has("max_rate") => mango::borrow_rate(inputs),
        "borrow_rate" => documented::borrow_rate(inputs),
        "health" => mango::excess(inputs),
        "interest_accrual" => mango::interest(inputs),
        "weight_schedule" => mango::weight_schedule(inputs),
        "stable_price" => mango::stable_price(inputs),
        "collateral_ltv" => documented::collateral_share(inputs),
        "funding_rate" => documented::funding_rate(inputs),
        "haircut_collateral_value" => documented::haircut_value(inputs),
        "portfolio_margin_ratio" => documented::portfolio_ratio(inputs),
        "stablecoin_depeg_charge" => documented::tiered_charge(inputs),
        "tiered_collateral_value" => documented::tiered_value(inputs),
        "tiered_maintenance_margin" => documented::tiered_margin(inputs),
        "unrealized_pnl_and_mm" => documented::pnl_and_margin(inputs),
        "collateral_and_concentration" => addon::collateral_and_concentration(inputs),
        "liquidity_addon" => addon::liquidity(inputs),
        "procyclicality" => addon::procyclicality(inputs),
        "spread" => addon::commodity_spread(inputs),
        "total" => addon::combined_total(inputs),
        "historical_returns" => tail::historical_returns(inputs),
        "historical_pnl" => tail::historical_pnl(inputs),
        "ewma_variance" => tail::ewma_variance(inputs),
        "filtered_simulation" => tail::filtered_simulation(inputs),
        "period_of_risk" => tail::period_of_risk(inputs),
        _ => return None,
    })
}

/// What no rule answers yet.
fn waiting(house: &str, kind: &str) -> Stop {
    Stop::Waiting(format!("no model for {kind} of {house} yet"))
}

/// A refusal with its reason.
fn rejected(reason: &str) -> Stop {
    Stop::Rejected(reason.to_owned())
}

/// One part in a million.
fn parts<N: Reads>(count: i64) -> N {
    N::of(count, 1_000_000)
}
