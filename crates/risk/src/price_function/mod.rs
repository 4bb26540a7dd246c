//! At what price a forced trade happens, one function a variant.
//!
//! Prices and quotes are magnitudes or signed as each function says; what an account receives
//! rounds down, what it pays rounds up. Law: none looks at anything but its arguments, so a plan
//! made with them can be checked before a step.

mod auction;
mod bankruptcy;
mod fillable;
mod oracle_fee;

pub use auction::{BankruptAuction, Dutch, LotThenBid, Stair, lot_then_bid, ratio_discount};
pub use bankruptcy::{Slice, bankruptcy_price, bankruptcy_quote};
pub use fillable::Fillable;
pub use oracle_fee::{fixed_bonus, oracle_fee};

use domain::Rounding;

/// Side of the position that is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A long: it is sold, the account receives.
    Long,
    /// A short: it is bought back, the account pays.
    Short,
}

impl Side {
    /// The rounding of a price or quote that favours the clearing house on this side.
    ///
    /// Worked: a long sold at 1/3 receives 0.33, a short bought back pays 0.34.
    #[must_use]
    pub const fn rounding(self) -> Rounding {
        match self {
            Self::Long => Rounding::Down,
            Self::Short => Rounding::Up,
        }
    }
}
