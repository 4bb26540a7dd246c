//! What flowed in, out and between, by kind and asset, in smallest units of the asset.

use std::collections::BTreeMap;

use domain::{Amount, AssetId, Effect, Holder, Rulebook};

/// A way money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Into accounts out of custody.
    Deposited,
    /// Out of accounts into custody.
    Withdrawn,
    /// The house's own money into the insurance fund.
    CapitalPaidIn,
    /// Profits of clients posted.
    ProfitPosted,
    /// Losses of clients posted.
    LossPosted,
    /// Trading fees of clients.
    TradingFees,
    /// Liquidation fees of clients.
    LiquidationFees,
    /// Funding that clients received.
    FundingReceived,
    /// Funding that clients paid.
    FundingPaid,
    /// Interest that clients received.
    InterestReceived,
    /// Interest that clients paid.
    InterestPaid,
    /// Collateral of clients sold for their debts.
    CollateralSold,
}

impl Way {
    /// As a person reads it.
    pub const fn name(self) -> &'static str {
        match self {
            Way::Deposited => "deposited by accounts",
            Way::Withdrawn => "withdrawn by accounts",
            Way::CapitalPaidIn => "paid into the insurance fund by the house",
            Way::ProfitPosted => "profits posted to accounts",
            Way::LossPosted => "losses posted to accounts",
            Way::TradingFees => "trading fees paid by accounts",
            Way::LiquidationFees => "liquidation fees paid by accounts",
            Way::FundingReceived => "funding received by accounts (as posted)",
            Way::FundingPaid => "funding paid by accounts (as posted)",
            Way::InterestReceived => "interest received by accounts (as posted)",
            Way::InterestPaid => "interest paid by accounts (as posted)",
            Way::CollateralSold => "collateral of accounts sold for debts",
        }
    }
}

/// Sums of a run.
#[derive(Debug, Clone, Default)]
pub struct MoneyFlows {
    /// By way and asset; never negative.
    pub sums: BTreeMap<(Way, AssetId), i128>,
}

impl MoneyFlows {
    /// Takes what moves money of clients.
    pub fn take(&mut self, effect: &Effect, rulebook: &Rulebook) {
        let settles = |instrument| rulebook.instrument(instrument).map(|rules| rules.settles);
        let (way, asset, amount) = match *effect {
            Effect::Deposited { asset, amount, .. } => (Way::Deposited, Some(asset), amount),
            Effect::Withdrawn { asset, amount, .. } => (Way::Withdrawn, Some(asset), amount),
            Effect::CapitalPaidIn { asset, amount } => (Way::CapitalPaidIn, Some(asset), amount),
            Effect::FeeCharged { asset, amount, .. } => (Way::TradingFees, Some(asset), amount),
            Effect::LiquidationFeeCharged { asset, amount, .. } => {
                (Way::LiquidationFees, Some(asset), amount)
            }
            Effect::CollateralSold { asset, amount, .. } => {
                (Way::CollateralSold, Some(asset), amount)
            }
            Effect::PnlRealised { holder: Holder::Client(_), instrument, amount } => {
                (either(amount, Way::ProfitPosted, Way::LossPosted), settles(instrument), amount)
            }
            Effect::FundingPosted { holder: Holder::Client(_), instrument, amount } => {
                let way = either(amount, Way::FundingReceived, Way::FundingPaid);
                (way, settles(instrument), amount)
            }
            Effect::InterestPosted { asset, amount, .. } => {
                (either(amount, Way::InterestReceived, Way::InterestPaid), Some(asset), amount)
            }
            _ => return,
        };
        if let Some(asset) = asset {
            *self.sums.entry((way, asset)).or_default() += amount.units().abs();
        }
    }
}

fn either(amount: Amount, received: Way, paid: Way) -> Way {
    if amount.is_negative() { paid } else { received }
}
