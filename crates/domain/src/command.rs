//! What can be asked of the clearing house. Imperative; every command is answered by effects, and a
//! refusal is one of them.
//!
//! Each variant holds one struct: journals store that struct's bytes under the hand-numbered
//! [`Command::kind`], never the enum itself, so that a new variant cannot change what old bytes
//! mean.

use crate::account::AccountId;
use crate::amount::Amount;
use crate::asset::AssetId;
use crate::instrument::InstrumentId;
use crate::price::Price;
use crate::quantity::Quantity;
use crate::ratio::{Rate, Ratio};
use crate::rulebook::Rulebook;
use crate::time::Timestamp;
use crate::value::Quote;
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Opens the clearing house. Sequence 1, and only there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// Version of the machine's behaviour that this journal was made for.
    pub semantics: u32,
    /// Events between two seals.
    pub seal_interval: u64,
    /// The first rulebook.
    pub rulebook: Rulebook,
}

/// Puts another rulebook in force; units, numeraire and settlement assets must stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRulebook {
    /// The rulebook from now on.
    pub rulebook: Rulebook,
}

/// Opens the next account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAccount {
    /// Its number: the count of accounts so far.
    pub account: AccountId,
}

/// Credits an account out of custody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// Who is credited.
    pub account: AccountId,
    /// What is brought in.
    pub asset: AssetId,
    /// How much; above zero.
    pub amount: Amount,
}

/// Pays an account out into custody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdraw {
    /// Who is debited.
    pub account: AccountId,
    /// What is taken out.
    pub asset: AssetId,
    /// How much; above zero.
    pub amount: Amount,
}

/// Moves an asset between two accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferAsset {
    /// Who is debited; margined as for a withdrawal.
    pub from: AccountId,
    /// Who is credited.
    pub to: AccountId,
    /// What moves.
    pub asset: AssetId,
    /// How much; above zero.
    pub amount: Amount,
}

/// Pays the clearing house's own money into the insurance fund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayInCapital {
    /// What is paid in.
    pub asset: AssetId,
    /// How much; above zero.
    pub amount: Amount,
}

/// Submits a matched purchase and sale for clearing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterTrade {
    /// Whose quantity rises.
    pub buyer: AccountId,
    /// Whose quantity falls.
    pub seller: AccountId,
    /// What is traded.
    pub instrument: InstrumentId,
    /// How much; above zero, whole lots.
    pub quantity: Quantity,
    /// At what price.
    pub price: Price,
    /// Charged to the buyer in the settlement asset; not negative.
    pub buyer_fee: Amount,
    /// Charged to the seller in the settlement asset; not negative.
    pub seller_fee: Amount,
}

/// What a published price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum FeedRole {
    /// Reference price of an asset in the numeraire; values collateral.
    Index,
    /// Price of an instrument; values positions and triggers liquidation.
    Mark,
    /// Latest trade of an instrument; for display and the bad-print guard.
    Last,
}

impl From<FeedRole> for u8 {
    fn from(role: FeedRole) -> Self {
        match role {
            FeedRole::Index => 0,
            FeedRole::Mark => 1,
            FeedRole::Last => 2,
        }
    }
}

impl TryFrom<u8> for FeedRole {
    type Error = UnknownFeedRole;
    fn try_from(number: u8) -> Result<Self, UnknownFeedRole> {
        match number {
            0 => Ok(Self::Index),
            1 => Ok(Self::Mark),
            2 => Ok(Self::Last),
            other => Err(UnknownFeedRole(other)),
        }
    }
}

/// A feed role's number that no version has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("feed role {0} is unknown: expected 0 (index), 1 (mark) or 2 (last)")]
pub struct UnknownFeedRole(pub u8);

/// Names one stream of prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Feed {
    /// What the price is for.
    pub role: FeedRole,
    /// Number of the asset (index) or the instrument (mark, last).
    pub target: u32,
}

impl Feed {
    /// The index price of an asset.
    #[must_use]
    pub const fn index(asset: AssetId) -> Self {
        Self { role: FeedRole::Index, target: asset.number() }
    }

    /// The mark price of an instrument.
    #[must_use]
    pub const fn mark(instrument: InstrumentId) -> Self {
        Self { role: FeedRole::Mark, target: instrument.number() }
    }

    /// The last price of an instrument.
    #[must_use]
    pub const fn last(instrument: InstrumentId) -> Self {
        Self { role: FeedRole::Last, target: instrument.number() }
    }
}

/// Publishes one observation of a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishPrice {
    /// Which stream.
    pub feed: Feed,
    /// Who observed it.
    pub source: u32,
    /// The price, in the unit of the asset or instrument.
    pub price: Price,
    /// Half width of the interval the source vouches for, same unit; not negative.
    pub confidence: Price,
    /// When it was observed; not after the event's timestamp.
    pub published_at: Timestamp,
}

/// Publishes the funding rate of a perpetual for the interval that ends now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishFunding {
    /// Which perpetual.
    pub instrument: InstrumentId,
    /// Share of notional that longs pay to shorts, once; negative the other way.
    pub rate: Rate,
}

/// Lets time act: expiries and the leftovers of cascades.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {}

/// Stops trading and liquidation in an instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaltInstrument {
    /// Which instrument.
    pub instrument: InstrumentId,
}

/// Lets a halted instrument trade again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeInstrument {
    /// Which instrument.
    pub instrument: InstrumentId,
}

/// Publishes the depth of one venue, in place of the rulebook's and its regime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishDepth {
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// The venue's place in the rulebook's list.
    pub venue: u16,
    /// Who observed it.
    pub source: u32,
    /// What the rulebook's model reads as depth: value within 1 %, or traded in a day; above zero.
    pub depth: Quote,
    /// Paid on top by every fill, as a share of value; at most a quarter.
    pub half_spread: Ratio,
    /// When it was observed; not after the event's timestamp.
    pub published_at: Timestamp,
}

/// What a baseline run's forced trades had done to an instrument's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaselineImpact {
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// After which wave of that run's same event; 0 for before it.
    pub wave: u16,
    /// What stays, at 1e-16, above zero where it pushes down.
    pub permanent: i128,
    /// What decays.
    pub transient: i128,
    /// What the first venue had beyond the others.
    pub gap: i128,
    /// When it held; from there it decays by time alone.
    pub since: Timestamp,
}

/// Publishes a price together with the impact that a baseline run had at the same command, which a
/// differential run subtracts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishPriceWithBaseline {
    /// The observation.
    pub price: PublishPrice,
    /// What changed in the baseline since its last price command, by wave and then instrument.
    pub baseline: Vec<BaselineImpact>,
}

macro_rules! commands {
    ($($kind:literal $name:ident($held:ty) $word:literal),* $(,)?) => {
        /// A wish; may be refused. Rulebooks lie apart, so that ordinary commands stay small.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Command {
            $(#[doc = concat!("See [`struct@", stringify!($name), "`].")] $name($held),)*
        }

        impl Command {
            /// Every kind with its word, in the order of their numbers.
            pub const KINDS: &[(u16, &str)] = &[$(($kind, $word)),*];

            /// Its number in journals: given by hand, never reused.
            #[must_use]
            pub const fn kind(&self) -> u16 {
                match self { $(Self::$name(_) => $kind,)* }
            }

            /// Its word in logs and tables.
            #[must_use]
            pub const fn word(&self) -> &'static str {
                match self { $(Self::$name(_) => $word,)* }
            }
        }

        $(impl From<$name> for Command {
            fn from(body: $name) -> Self {
                Self::$name(body.into())
            }
        })*
    };
}

// Commands are decoded ahead and moved: a large one would push accounts out of the cache.
const _: () = assert!(size_of::<Command>() <= 112, "an ordinary command stays small");

commands! {
    1 Genesis(Box<Genesis>) "genesis",
    2 SetRulebook(Box<SetRulebook>) "set_rulebook",
    3 OpenAccount(OpenAccount) "open_account",
    4 Deposit(Deposit) "deposit",
    5 Withdraw(Withdraw) "withdraw",
    6 TransferAsset(TransferAsset) "transfer_asset",
    7 PayInCapital(PayInCapital) "pay_in_capital",
    8 RegisterTrade(RegisterTrade) "register_trade",
    9 PublishPrice(PublishPrice) "publish_price",
    10 PublishFunding(PublishFunding) "publish_funding",
    11 Pulse(Pulse) "pulse",
    12 HaltInstrument(HaltInstrument) "halt_instrument",
    13 ResumeInstrument(ResumeInstrument) "resume_instrument",
    14 PublishDepth(PublishDepth) "publish_depth",
    15 PublishPriceWithBaseline(PublishPriceWithBaseline) "publish_price_with_baseline",
}
