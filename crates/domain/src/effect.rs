//! What followed from an event. Past tense; derived and reproducible, never logged as truth.
//!
//! Effects carry their causes and amounts, so that a run can be explained, and every statistic
//! computed, from them alone. An effect's ordinal is its place within its event, from 0.
#![allow(missing_docs, reason = "fields are described by the sentence of their variant")]

use crate::account::{AccountId, Holder};
use crate::amount::Amount;
use crate::asset::AssetId;
use crate::command::Feed;
use crate::instrument::InstrumentId;
use crate::price::Price;
use crate::quantity::Quantity;
use crate::ratio::Rate;
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::value::{Quote, Value, Weighted};
use serde::{Deserialize, Serialize};

/// Place of an account in the order of liquidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// Positions are closed only as far as release needs.
    Partial,
    /// Positions are closed whole, toxic or not.
    FullClose,
    /// Layers of the default waterfall pay.
    Waterfall,
}

/// Why a step could not be planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SkipReason {
    /// The instrument is halted.
    InstrumentHalted,
    /// Nothing more can be filled within `distance_max`.
    DepthExhausted,
}

/// Why an account moved on to its next stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RaiseReason {
    /// The step would have raised the shortfall: it costs more than the requirement it frees.
    Toxic,
    /// Nobody came: the auction ended without a bidder, or patience ran out.
    NoBidder,
    /// Adjusted equity fell below the close-out line.
    CloseOutLine,
}

/// Why an account waits before its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WaitReason {
    /// Keepers have not come yet, or have taken on all they can.
    Keepers,
    /// The auction's discount is not large enough yet.
    Auction,
    /// A clip was closed; the next one follows.
    Clip,
    /// The share of the shortfall that may be removed by now was removed.
    Share,
    /// The first part of a large position was closed.
    Cooldown,
    /// What one event may close of one account was closed.
    Cap,
}

/// How a liquidation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// Adjusted equity is back at the release margin.
    Released,
    /// Everything was closed and sold, and equity is not negative.
    ClosedOut,
    /// Everything was closed and sold; the waterfall absorbed the deficit.
    Bankrupt,
}

/// What followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// The command broke a rule; nothing changed but the cursor and the producer table.
    Refused { refusal: Refusal },
    /// A rulebook is in force.
    RulebookAdopted { assets: u32, instruments: u32 },
    /// An account exists.
    AccountOpened { account: AccountId },
    /// Custody passed an asset to an account.
    Deposited { account: AccountId, asset: AssetId, amount: Amount },
    /// An account passed an asset to custody.
    Withdrawn { account: AccountId, asset: AssetId, amount: Amount },
    /// An asset moved between accounts.
    AssetTransferred { from: AccountId, to: AccountId, asset: AssetId, amount: Amount },
    /// The house paid into the insurance fund.
    CapitalPaidIn { asset: AssetId, amount: Amount },
    /// One trade became two positions with the clearing house between (spot: two balances).
    Novated {
        instrument: InstrumentId,
        buyer: AccountId,
        seller: AccountId,
        quantity: Quantity,
        price: Price,
    },
    /// A trading fee went to the fees account.
    FeeCharged { account: AccountId, asset: AssetId, amount: Amount },
    /// Closing fixed this profit (or loss, negative) and posted it.
    PnlRealised { holder: Holder, instrument: InstrumentId, amount: Amount },
    /// Funding accrued since the last posting was posted; negative was paid.
    FundingPosted { holder: Holder, instrument: InstrumentId, amount: Amount },
    /// Interest accrued since the last posting was posted; negative was paid.
    InterestPosted { account: AccountId, asset: AssetId, amount: Amount },
    /// An asset's interest indexes moved to the next point of the time grid; `fee` went to the fees
    /// account.
    InterestIndexMoved { asset: AssetId, borrow_index: i128, deposit_index: i128, fee: Amount },
    /// A price is the stream's last good one.
    PricePublished { feed: Feed, price: Price },
    /// A last price lies further from the mark than the guard allows; it is shown, never used.
    PriceFlagged { feed: Feed, price: Price, mark: Price },
    /// Longs owe shorts (or the reverse): the funding index moved by rate times mark.
    FundingIndexMoved { instrument: InstrumentId, rate: Rate, index: i128 },
    /// An instrument stopped.
    InstrumentHalted { instrument: InstrumentId },
    /// An instrument goes on.
    InstrumentResumed { instrument: InstrumentId },
    /// A dated future reached its end at this settlement price.
    InstrumentExpired { instrument: InstrumentId, price: Price },
    /// An account is below maintenance margin and is being sold out.
    LiquidationStarted {
        account: AccountId,
        wave: u16,
        equity: Value,
        adjusted_equity: Weighted,
        maintenance: Weighted,
    },
    /// A forced trade against the liquidity account: quantity is the account's signed change, quote
    /// what it received (paid, negative), mark what it was planned with, notional in the numeraire.
    PositionReduced {
        account: AccountId,
        instrument: InstrumentId,
        stage: Stage,
        quantity: Quantity,
        quote: Quote,
        mark: Price,
        notional: Value,
    },
    /// A liquidation fee went to the insurance fund.
    LiquidationFeeCharged { account: AccountId, asset: AssetId, amount: Amount },
    /// Collateral was sold to the liquidity account for a debt.
    CollateralSold {
        account: AccountId,
        asset: AssetId,
        amount: Amount,
        debt_asset: AssetId,
        proceeds: Amount,
    },
    /// A step could not be planned; the account moved to its next stage.
    StepSkipped { account: AccountId, stage: Stage, reason: SkipReason },
    /// A deficit appeared that the account cannot cover.
    DeficitRecognised { account: AccountId, asset: AssetId, value: Value },
    /// The insurance fund paid; `value` is its share of the deficit.
    InsuranceDrawn { account: AccountId, asset: AssetId, amount: Amount, value: Value },
    /// A winner's position was closed against the account at the bankruptcy quote; quantity is the
    /// account's signed change, quote what the account received.
    Deleveraged {
        account: AccountId,
        winner: AccountId,
        instrument: InstrumentId,
        quantity: Quantity,
        quote: Quote,
    },
    /// Deleveraging absorbed this share of the deficit.
    DeficitDeleveraged { account: AccountId, instrument: InstrumentId, value: Value },
    /// Depositors of the asset share a loss through its deposit index.
    LossSocialised { account: AccountId, asset: AssetId, amount: Amount, value: Value },
    /// No layer could absorb this.
    LossUncovered { account: AccountId, asset: AssetId, amount: Amount, value: Value },
    /// The liquidation of an account came to this end.
    LiquidationEnded { account: AccountId, outcome: Outcome },
    /// A limit of the rulebook stopped the cascade; so many accounts wait for the next pulse.
    CascadeLimited { waves: u16, waiting: u32 },
    /// An account went on to a later stage of its liquidation.
    StageRaised { account: AccountId, stage: Stage, reason: RaiseReason },
    /// An account being sold out waits for the pulse at or after this time.
    StepPostponed { account: AccountId, until: Timestamp, reason: WaitReason },
    /// The backstop account took over a position at the mark; quantity is the account's signed
    /// change, quote what the account received.
    PositionTakenOver {
        account: AccountId,
        backstop: AccountId,
        instrument: InstrumentId,
        quantity: Quantity,
        quote: Quote,
    },
    /// Collateral that nobody bought went to the insurance fund after the account's debts were
    /// absorbed.
    CollateralSeized { account: AccountId, asset: AssetId, amount: Amount },
    /// A venue's depth is in force in place of the rulebook's.
    DepthPublished { instrument: InstrumentId, venue: u16, depth: Quote },
    /// A sudden move left this share (at 1e-16) of the rulebook's depth.
    DepthLevelFell { instrument: InstrumentId, level: i128 },
    /// The forced trades of a wave left these impacts on the price, at 1e-16 and above zero where
    /// they push down: what stays, what decays, what the first venue has beyond the others; and the
    /// distances that sells and buys reached.
    ImpactMoved {
        instrument: InstrumentId,
        wave: u16,
        permanent: i128,
        transient: i128,
        gap: i128,
        edges: [i128; 2],
    },
    /// The mark in force is another than the recorded one, or was: at publication (wave 0) or after
    /// a wave.
    MarkMoved { instrument: InstrumentId, wave: u16, recorded: Price, mark: Price },
    /// Where depth is finite: whether the account would be healthy at recorded marks (`induced`, by
    /// impact in `cause` above all) and at the index of what its positions follow (`wrongful`); the
    /// notional of its largest position that would suffice for release at the mark.
    LiquidationTraced {
        account: AccountId,
        induced: bool,
        wrongful: bool,
        cause: Option<InstrumentId>,
        least: Value,
    },
    /// The index in force of an asset whose spot instrument has depth is another than the recorded
    /// one, or was: at publication (wave 0) or after a wave.
    IndexMoved { asset: AssetId, wave: u16, recorded: Price, price: Price },
}
