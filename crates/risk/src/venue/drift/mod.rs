//! Drift v2: whole-account margin, and liquidations that free a share of the shortfall in time.
//!
//! Figures are whole units; what the venue holds in registers of 1e-6 (money), 1e-9 (quantities) or
//! 1e-4 (ratios) is cut to them. Requirements add, liabilities join the requirement at their
//! weighted value, adjusted equity counts assets and PnL alone.

mod lending;
mod margin;
mod perpetual;

pub use lending::{LendingAccount, LendingLiquidated, liquidate_lending};
pub use margin::{
    AccountFigures, Asset, Perpetual, Purpose, account_figures, perpetual_requirement, unrealised,
};
pub use perpetual::{PerpetualAccount, PerpetualRules, PerpetualStep};

use crate::number::{Number, Places};

/// Margin that each open order asks for.
#[must_use]
pub fn order_margin<N: Number>() -> N {
    N::of(1, 100)
}

/// Money, prices and fees: 1e-6.
#[must_use]
pub fn money<N: Number>() -> Places<N> {
    Places::Source(N::of(1, 1_000_000))
}

/// Quantities: 1e-9.
#[must_use]
pub fn quantity<N: Number>() -> Places<N> {
    Places::Source(N::of(1, 1_000_000_000))
}

/// Ratios and shares: 1e-4.
#[must_use]
pub fn ratio<N: Number>() -> Places<N> {
    Places::Source(N::of(1, 10_000))
}
