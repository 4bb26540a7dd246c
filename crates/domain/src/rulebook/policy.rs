//! Choices that hold for the whole house. Closed enums of plain data: a new model is a new variant,
//! added at the end so that old bytes keep their meaning.

use crate::ratio::Ratio;
use crate::time::Duration;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How requirements are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MarginModel {
    /// Weighted balances against tiered shares of notional, summed over positions.
    Weighted,
}

/// What makes a price usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleRules {
    /// A price older than this refuses trades and withdrawals that need it.
    pub stale_after: Duration,
    /// A last price further from the mark than this share of it is flagged.
    pub last_guard: Ratio,
}

/// How accounts are sold out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiquidationRules {
    /// A remainder of notional under this (whole units of the numeraire) is closed as well.
    pub dust: u64,
    /// A pulse that got nowhere schedules the next this much later.
    pub step_interval: Duration,
    /// Interest indexes move on a grid of this step.
    pub interest_step: Duration,
}

/// Who is deleveraged first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeleveragingRule {
    /// Unrealised PnL over the position's cost, times notional over equity, largest first; only
    /// winners take part.
    ProfitLeverage,
}

/// How a deficit without a position is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SocialisingRule {
    /// All positive balances of the deficit's asset shrink by one index.
    DepositIndex,
}

/// One layer of the default waterfall, after the account itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layer {
    /// The insurance fund pays what the account's equity lacks.
    InsuranceFund,
    /// Winners of the other side are closed at the bankruptcy quote.
    Deleveraging(DeleveragingRule),
    /// Depositors share.
    Socialised(SocialisingRule),
}

/// Who pays for deficits, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaterfallRules {
    /// The layers in order, each at most once; what none absorbs is uncovered.
    pub layers: Vec<Layer>,
    /// The insurance fund's share of opening open notional, deposited by generators of market days.
    pub insurance_fund: Ratio,
}

/// A bound on everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Accounts.
    pub accounts_max: u32,
    /// Positions in one account.
    pub positions_per_account: u16,
    /// Waves in one cascade.
    pub cascade_waves_max: u16,
    /// Accounts taken into liquidation by one event.
    pub steps_per_event: u32,
    /// Opponents closed in one deleveraging.
    pub opponents_max: u32,
}
