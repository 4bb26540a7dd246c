//! How an account is sold out: closed enums of plain data, one choice a heading.
//!
//! The choices of [`SellingRules::PLAIN`] are those of a rulebook that says nothing: riskiest
//! account first, largest position first, as little as reaches release, at mark less the
//! instrument's slippage, at once. Amounts of money are whole units of the numeraire. New choices
//! are new variants at the end, so that old bytes keep their meaning.

use crate::account::AccountId;
use crate::asset::AssetId;
use crate::instrument::InstrumentId;
use crate::ratio::Ratio;
use crate::time::Duration;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Which of several liquidatable accounts comes first; every order ends with the lower number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountOrder {
    /// Lowest adjusted equity over maintenance margin.
    #[default]
    RatioAscending,
    /// Lowest number.
    Id,
    /// Largest notional of all positions.
    NotionalDescending,
    /// Widest gap between fillable and mark price, as a share, of the largest position; then the
    /// largest notional (dYdX v4, whose last tie-break is a hash).
    FillableGap,
    /// By number, beginning at a place drawn from the seed and the count of external commands.
    RotatingOffset {
        /// Mixed into the draw.
        seed: u64,
    },
}

/// Which position of an account is closed first; ties by notional, then the lower instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetOrder {
    /// Largest notional.
    #[default]
    LargestNotional,
    /// Highest maintenance ratio of the first tier; of debts, the highest liability weight.
    RiskiestFirst,
    /// Dated futures whose closing lowers the account's net delta in their underlying, then such
    /// perpetuals, then the rest (Deribit).
    FuturesReducingDelta,
    /// As listed, then the rest.
    Listed(Vec<InstrumentId>),
}

/// How much of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sizing {
    /// The fewest lots that reach release.
    #[default]
    ToTarget,
    /// The whole position, then a look at release.
    Full,
    /// Every position whole, before any look at release.
    AllAtOnce,
    /// The same share of every position, the smallest that reaches release (Derive).
    Slice,
    /// By formula: shortfall over what a lot frees less what it costs, whole lots up (Drift v2).
    Cover,
    /// A share of the shortfall that grows with time; one step a pulse (Drift v2).
    Share {
        /// Share at once.
        initial: Ratio,
        /// From nothing to all of it in this time.
        over: Duration,
        /// A shortfall under this is removed at once.
        under: u64,
    },
    /// To release, but at most this notional a step, and a pause after each (Deribit).
    Clips {
        /// Largest notional of one step; at least one lot goes.
        notional: u64,
        /// Pause after a step that did not reach release.
        interval: Duration,
    },
}

/// At what quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PriceFunction {
    /// Mark less (for a short: plus) the slippage of the instrument; collateral at its own.
    #[default]
    Slippage,
    /// Mark less a fee of the liquidator that grows while nobody comes (Drift v2).
    OracleFee {
        /// Share of notional.
        base: Ratio,
        /// Largest share.
        most: Ratio,
        /// Time of grace.
        grace: Duration,
        /// Growth a second, counted from the beginning once grace is over.
        per_second: Ratio,
    },
    /// Mark less a share of the position's maintenance margin that grows as the account sinks
    /// (dYdX v4). Collateral goes at its own slippage.
    Fillable {
        /// Factor on one less the margin ratio.
        adjustment: Ratio,
        /// Share of the maintenance margin conceded at most.
        spread: Ratio,
    },
    /// Debt is bought off with collateral worth this much more than it; positions at mark less it.
    FixedBonus {
        /// Such as .05.
        bonus: Ratio,
    },
    /// Mark less one minus the margin ratio (Euler).
    RatioDiscount {
        /// Largest discount.
        most: Ratio,
    },
    /// An auction from a share of the mark down to another, then to nothing (Derive).
    Dutch {
        /// Share at the start.
        start: Ratio,
        /// Share at the end of the fast part.
        cutoff: Ratio,
        /// Length of the fast part.
        fast: Duration,
        /// Length of the slow part, after which nobody has come.
        slow: Duration,
    },
    /// An auction that falls by a factor every interval (Maker).
    Stair {
        /// Factor on the mark at the start; may exceed one.
        buffer: Ratio,
        /// Factor of each stair.
        step: Ratio,
        /// Length of a stair.
        interval: Duration,
        /// After this long nobody has come.
        tail: Duration,
        /// Below this share of the start nobody has come.
        cusp: Ratio,
    },
    /// An auction of collateral for debt: first the share of the collateral that is handed over
    /// grows for the whole debt, then the share of the debt repaid falls for all of it (Blend).
    /// Positions are closed at the slippage of their instrument.
    LotThenBid {
        /// What either share moves a step.
        step: Ratio,
        /// Length of a step.
        interval: Duration,
    },
}

impl PriceFunction {
    /// Whether takers take positions on at a price of the rulebook's making, instead of the house
    /// trading them in the market.
    #[must_use]
    pub const fn has_takers(&self) -> bool {
        matches!(
            self,
            Self::FixedBonus { .. }
                | Self::RatioDiscount { .. }
                | Self::Dutch { .. }
                | Self::Stair { .. }
        )
    }

    /// Whether takers wait for a better price.
    #[must_use]
    pub const fn is_auction(&self) -> bool {
        matches!(self, Self::Dutch { .. } | Self::Stair { .. } | Self::LotThenBid { .. })
    }
}

/// The insurance fund's fee on a forced trade; none of them makes a solvent account bankrupt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InsuranceFee {
    /// The instrument's ratio, at most the size's share of what equity exceeds the cost of closing
    /// everything.
    #[default]
    HouseShare,
    /// At most .95 of what the requirement ratio leaves after concession and shortfall, and no
    /// more than [`InsuranceFee::HouseShare`] (Drift v2).
    RequirementRoom,
    /// What the fill quote exceeds the bankruptcy quote, at most the instrument's ratio (dYdX v4).
    FillDelta,
}

/// Which collateral goes first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SaleOrder {
    /// Lowest haircut of the first tier.
    #[default]
    LowestHaircut,
    /// As listed, then the rest.
    Listed(Vec<AssetId>),
}

/// Sales of collateral for debts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleRules {
    /// Which asset goes first.
    pub order: SaleOrder,
    /// Assets that nobody buys: they are seized when nothing else is left.
    pub unsold: Vec<AssetId>,
    /// At most a share of each debt is repaid at once; `None` repays what release needs.
    pub close_factor: Option<CloseFactor>,
}

/// A lender's close factor (Aave): a share of the debt whatever release needs, all of it where the
/// account is far gone or small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseFactor {
    /// Share of the debt, such as .5.
    pub share: Ratio,
    /// All of it below this share of maintenance, counted without the debt's own weight: adjusted
    /// holdings over weighted debts.
    pub whole_below: Ratio,
    /// All of a debt worth less than this.
    pub whole_under: u64,
}

/// Bounds on what one account meets at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
    /// Notional closed of one account by one event; at least one lot goes. Zero: no bound.
    pub notional_per_account: u64,
    /// What the insurance fund pays for one account by one event; `None`: no bound.
    pub insurance_per_account: Option<u64>,
    /// A large account begins with a part of its position and a pause.
    pub first: Option<FirstShare>,
}

/// The first step of a large account (Hyperliquid: above 100,000, 20 %, 30 s).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstShare {
    /// Positions whose notional exceeds this.
    pub above: u64,
    /// Share of the position closed first.
    pub share: Ratio,
    /// Pause after it.
    pub cooldown: Duration,
}

/// Who carries liquidations out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keepers {
    /// They come this long after an account fell below maintenance.
    pub delay: Duration,
    /// What all of them take on by one event; zero: they are absent; `None`: no bound.
    pub notional_per_event: Option<u64>,
    /// Auctions wait until the discount is this large.
    pub discount: Ratio,
    /// An account nobody took on for so long is closed whole at mark less slippage, the price of
    /// last resort; zero: it waits. Auctions have an end of their own.
    pub patience: Duration,
    /// Auctions held before that, at least one.
    pub auctions: u16,
}

/// What takers do with what they took on where instruments have depth: a section of its own, so
/// that older rulebooks keep their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakerRules {
    /// They unload it into the book at once, and take no more than gains them something; else they
    /// keep it, and the book does not notice.
    pub hedge: bool,
}

impl TakerRules {
    /// They keep it.
    pub const NONE: Self = Self { hedge: false };
}

/// Below this line an account is handed over whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// Share of maintenance margin.
    pub line: Ratio,
    /// Who takes positions and all collateral, as long as it then stands at initial margin;
    /// `None`: everything is closed.
    pub backstop: Option<AccountId>,
}

/// Every choice. Equality with [`SellingRules::PLAIN`] decides whether the section is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellingRules {
    /// Which account first.
    pub accounts: AccountOrder,
    /// Which position first.
    pub targets: TargetOrder,
    /// How much.
    pub sizing: Sizing,
    /// At what quote.
    pub price: PriceFunction,
    /// The insurance fund's fee.
    pub insurance_fee: InsuranceFee,
    /// Collateral for debts.
    pub sales: SaleRules,
    /// Bounds.
    pub caps: Caps,
    /// Who does it.
    pub keepers: Keepers,
    /// The close-out line.
    pub hand_over: Option<HandOver>,
}

impl Default for SellingRules {
    fn default() -> Self {
        Self::PLAIN
    }
}

impl SellingRules {
    /// What a rulebook without this section does.
    pub const PLAIN: Self = Self {
        accounts: AccountOrder::RatioAscending,
        targets: TargetOrder::LargestNotional,
        sizing: Sizing::ToTarget,
        price: PriceFunction::Slippage,
        insurance_fee: InsuranceFee::HouseShare,
        sales: SaleRules {
            order: SaleOrder::LowestHaircut,
            unsold: Vec::new(),
            close_factor: None,
        },
        caps: Caps { notional_per_account: 0, insurance_per_account: None, first: None },
        keepers: Keepers {
            delay: Duration::from_nanos(0),
            notional_per_event: None,
            discount: Ratio::ZERO,
            patience: Duration::from_nanos(0),
            auctions: 1,
        },
        hand_over: None,
    };
}
