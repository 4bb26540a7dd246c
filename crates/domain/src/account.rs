//! Accounts: who can hold, and what a holding looks like.

use crate::amount::Amount;
use crate::asset::AssetId;
use crate::instrument::InstrumentId;
use crate::interest::InterestIndex;
use crate::quantity::Quantity;
use crate::value::Quote;
use serde::{Deserialize, Serialize};

/// One client's balances and positions, margined as one.
///
/// Numbers are dense: the first account is 0, each opening takes the next.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct AccountId(u64);

impl AccountId {
    /// The account with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Its number as an index into dense lists of accounts.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Accounts of the house: no margin, never deleveraged, never socialised upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HouseAccount {
    /// Other side of deposits, withdrawals and capital paid in.
    Custody,
    /// The outside world: other side of every forced trade and collateral sale; may be negative.
    Liquidity,
    /// Prefunded layer of the default waterfall.
    InsuranceFund,
    /// Trading and liquidation fees.
    Fees,
    /// Pool on the other side of funding postings; may be negative for a while.
    Funding,
    /// Pool on the other side of interest postings; may be negative for a while.
    Interest,
    /// Pool on the other side of realised PnL: it owes what open positions still have to realise.
    Settlement,
    /// What rounding leaves over.
    Residue,
    /// Deficits that no layer of the waterfall could absorb; never positive.
    Uncovered,
}

impl HouseAccount {
    /// Every house account, in the order of its bytes.
    pub const ALL: [Self; 9] = [
        Self::Custody,
        Self::Liquidity,
        Self::InsuranceFund,
        Self::Fees,
        Self::Funding,
        Self::Interest,
        Self::Settlement,
        Self::Residue,
        Self::Uncovered,
    ];

    /// Its place in [`HouseAccount::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Whoever can hold a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Holder {
    /// A client.
    Client(AccountId),
    /// The house.
    House(HouseAccount),
}

/// Amount of one asset in one account, as last posted.
///
/// Interest posts lazily: what has accrued since is `amount * (index now / index) - amount`, by the
/// borrow index while negative and by the deposit index while positive.
///
/// Aligned, so that no row lies in two lines of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(align(32))]
pub struct Balance {
    /// The asset held.
    pub asset: AssetId,
    /// What was last posted, in the asset's smallest units.
    pub amount: Amount,
    /// The interest index of that side (borrow or deposit) at the last posting.
    pub index: InterestIndex,
}

const _: () = assert!(size_of::<Balance>() == 32, "a balance's row is half a line of a cache");

/// Net quantity of one instrument in one account, with what it was entered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The instrument held.
    pub instrument: InstrumentId,
    /// Signed quantity; negative is short.
    pub quantity: Quantity,
    /// Sum of signed quantity times price of what is open.
    pub cost: Quote,
    /// The funding index last paid up to: price units times 1e-12, summed.
    pub funding_index: i128,
}

impl Position {
    /// Nothing held, at a funding index of zero.
    #[must_use]
    pub const fn empty(instrument: InstrumentId) -> Self {
        Self { instrument, quantity: Quantity::ZERO, cost: Quote::ZERO, funding_index: 0 }
    }
}
