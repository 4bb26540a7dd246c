//! One word for each kind of effect and each choice inside one: what files and screens call them.
//!
//! Law: every match names every case, so that a new effect cannot be without its word.

use domain::effect::{Outcome, RaiseReason, SkipReason, Stage, WaitReason};
use domain::{Effect, FeedRole, HouseAccount};

/// What an effect is called.
pub const fn effect(effect: &Effect) -> &'static str {
    match effect {
        Effect::Refused { .. } => "refused",
        Effect::RulebookAdopted { .. } => "rulebook_adopted",
        Effect::AccountOpened { .. } => "account_opened",
        Effect::Deposited { .. } => "deposited",
        Effect::Withdrawn { .. } => "withdrawn",
        Effect::AssetTransferred { .. } => "asset_transferred",
        Effect::CapitalPaidIn { .. } => "capital_paid_in",
        Effect::Novated { .. } => "novated",
        Effect::FeeCharged { .. } => "fee_charged",
        Effect::PnlRealised { .. } => "pnl_realised",
        Effect::FundingPosted { .. } => "funding_posted",
        Effect::InterestPosted { .. } => "interest_posted",
        Effect::InterestIndexMoved { .. } => "interest_index_moved",
        Effect::PricePublished { .. } => "price_published",
        Effect::PriceFlagged { .. } => "price_flagged",
        Effect::FundingIndexMoved { .. } => "funding_index_moved",
        Effect::InstrumentHalted { .. } => "instrument_halted",
        Effect::InstrumentResumed { .. } => "instrument_resumed",
        Effect::InstrumentExpired { .. } => "instrument_expired",
        Effect::LiquidationStarted { .. } => "liquidation_started",
        Effect::PositionReduced { .. } => "position_reduced",
        Effect::LiquidationFeeCharged { .. } => "liquidation_fee_charged",
        Effect::CollateralSold { .. } => "collateral_sold",
        Effect::StepSkipped { .. } => "step_skipped",
        Effect::DeficitRecognised { .. } => "deficit_recognised",
        Effect::InsuranceDrawn { .. } => "insurance_drawn",
        Effect::Deleveraged { .. } => "deleveraged",
        Effect::DeficitDeleveraged { .. } => "deficit_deleveraged",
        Effect::LossSocialised { .. } => "loss_socialised",
        Effect::LossUncovered { .. } => "loss_uncovered",
        Effect::LiquidationEnded { .. } => "liquidation_ended",
        Effect::CascadeLimited { .. } => "cascade_limited",
        Effect::StageRaised { .. } => "stage_raised",
        Effect::StepPostponed { .. } => "step_postponed",
        Effect::PositionTakenOver { .. } => "position_taken_over",
        Effect::CollateralSeized { .. } => "collateral_seized",
        Effect::DepthPublished { .. } => "depth_published",
        Effect::DepthLevelFell { .. } => "depth_level_fell",
        Effect::ImpactMoved { .. } => "impact_moved",
        Effect::MarkMoved { .. } => "mark_moved",
        Effect::LiquidationTraced { .. } => "liquidation_traced",
        Effect::IndexMoved { .. } => "index_moved",
    }
}

/// What a stage of a liquidation is called.
pub const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Partial => "partial",
        Stage::FullClose => "full_close",
        Stage::Waterfall => "waterfall",
    }
}

/// What the reason for a skipped step is called.
pub const fn skip(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::InstrumentHalted => "instrument_halted",
        SkipReason::DepthExhausted => "depth_exhausted",
    }
}

/// What the reason for a raised stage is called.
pub const fn raise(reason: RaiseReason) -> &'static str {
    match reason {
        RaiseReason::Toxic => "toxic",
        RaiseReason::NoBidder => "no_bidder",
        RaiseReason::CloseOutLine => "close_out_line",
    }
}

/// What the reason for a postponed step is called.
pub const fn wait(reason: WaitReason) -> &'static str {
    match reason {
        WaitReason::Keepers => "keepers",
        WaitReason::Auction => "auction",
        WaitReason::Clip => "clip",
        WaitReason::Share => "share",
        WaitReason::Cooldown => "cooldown",
        WaitReason::Cap => "cap",
    }
}

/// What the end of a liquidation is called.
pub const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Released => "released",
        Outcome::ClosedOut => "closed_out",
        Outcome::Bankrupt => "bankrupt",
    }
}

/// What the role of a price stream is called.
pub const fn role(role: FeedRole) -> &'static str {
    match role {
        FeedRole::Index => "index",
        FeedRole::Mark => "mark",
        FeedRole::Last => "last",
    }
}

/// What a house account is called.
pub const fn house(account: HouseAccount) -> &'static str {
    match account {
        HouseAccount::Custody => "custody",
        HouseAccount::Liquidity => "liquidity",
        HouseAccount::InsuranceFund => "insurance_fund",
        HouseAccount::Fees => "fees",
        HouseAccount::Funding => "funding",
        HouseAccount::Interest => "interest",
        HouseAccount::Settlement => "settlement",
        HouseAccount::Residue => "residue",
        HouseAccount::Uncovered => "uncovered",
    }
}
