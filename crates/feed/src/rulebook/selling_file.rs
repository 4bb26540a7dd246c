//! How accounts are sold out, as written in `[liquidation]` of a rulebook file.
//!
//! Every table is optional and every field of it has a default, so that a choice can be made by its
//! word alone. Amounts of money are whole units of the numeraire.

use schemars::JsonSchema;
use serde::Deserialize;

use super::schema::{DecimalText, FractionText, SpanText};
use super::text::Span;
use crate::decimal::{QuotedDecimal, QuotedFraction};

/// How accounts are sold out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LiquidationFile {
    /// How much is closed at a time; default partial.
    #[serde(default)]
    pub policy: LiquidationPolicyFile,
    /// A remainder of notional under this (whole units of the numeraire) goes too; default 100.
    pub dust: Option<u64>,
    /// A pulse that got nowhere schedules the next this much later; default 1s.
    #[schemars(with = "Option<SpanText>")]
    pub step_interval: Option<Span>,
    /// Interest indexes move on a grid of this step, at least 1s; default 1h.
    #[schemars(with = "Option<SpanText>")]
    pub interest_step: Option<Span>,
    /// Figures of the policies share and clips.
    #[serde(default)]
    pub sizing: SizingFile,
    /// Which account goes first; default health_ascending.
    #[serde(default)]
    pub accounts: AccountOrderFile,
    /// Seed of rotating_offset; default 0.
    pub accounts_seed: Option<u64>,
    /// Which position goes first; default largest_notional.
    #[serde(default)]
    pub targets: TargetOrderFile,
    /// Instruments of listed, in order.
    pub targets_list: Option<Vec<String>>,
    /// The insurance fund's fee; default house_share.
    #[serde(default)]
    pub insurance_fee: InsuranceFeeFile,
    /// At what quote; default the slippage of the instrument.
    #[serde(default)]
    pub price: PriceFile,
    /// Collateral for debts.
    #[serde(default)]
    pub sales: SalesFile,
    /// Bounds on what one account meets at a time; default none.
    #[serde(default)]
    pub caps: CapsFile,
    /// Who carries liquidations out; default at once and without bound.
    #[serde(default)]
    pub keepers: KeepersFile,
    /// The line below which an account is handed over whole; default none.
    pub hand_over: Option<HandOverFile>,
}

/// How much is closed at a time.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LiquidationPolicyFile {
    /// Positions are closed only as far as release needs, then whole, then collateral is sold.
    #[default]
    Partial,
    /// A position whole, then a look at release.
    Full,
    /// Every position whole.
    AllAtOnce,
    /// The same share of every position.
    Slice,
    /// By formula: shortfall over what a lot frees less what it costs.
    Cover,
    /// A share of the shortfall that grows with time.
    Share,
    /// Small parts with a pause between.
    Clips,
}

/// Figures of the policies share and clips.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SizingFile {
    /// Share: removed at once; default 0.1.
    #[schemars(with = "Option<DecimalText>")]
    pub initial: Option<QuotedDecimal>,
    /// Share: time in which the rest is added; default 60s.
    #[schemars(with = "Option<SpanText>")]
    pub over: Option<Span>,
    /// Share: a shortfall under this is removed at once; default 50.
    pub under: Option<u64>,
    /// Clips: largest notional of a part; default 10,000.
    pub notional: Option<u64>,
    /// Clips: pause after a part; default 1s.
    #[schemars(with = "Option<SpanText>")]
    pub interval: Option<Span>,
}

/// Which account goes first.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountOrderFile {
    /// Lowest adjusted equity over maintenance margin.
    #[default]
    HealthAscending,
    /// Lowest number.
    Id,
    /// Largest notional.
    NotionalDescending,
    /// Widest gap between fillable and mark price.
    FillableGap,
    /// By number from a place that moves with the count of commands.
    RotatingOffset,
}

/// Which position goes first.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetOrderFile {
    /// Largest notional.
    #[default]
    LargestNotional,
    /// Highest maintenance ratio; of debts the highest liability weight.
    RiskiestLiabilityFirst,
    /// Dated futures that reduce delta, then such perpetuals, then the rest.
    FuturesFirstDeltaReducing,
    /// As in targets_list, then the rest.
    Listed,
}

/// The insurance fund's fee.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InsuranceFeeFile {
    /// The instrument's ratio, within what equity exceeds the cost of closing everything.
    #[default]
    HouseShare,
    /// Within .95 of what requirement, concession and shortfall leave.
    RequirementRoom,
    /// What the fill quote exceeds the bankruptcy quote.
    FillDelta,
}

/// At what quote a forced trade happens.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceFile {
    /// The function; default slippage.
    #[serde(default)]
    pub function: PriceFunctionFile,
    /// oracle_fee: share of notional at first; default 0.01.
    #[schemars(with = "Option<DecimalText>")]
    pub base: Option<QuotedDecimal>,
    /// oracle_fee: largest share, default base; health_discount: largest discount, default 0.2.
    #[schemars(with = "Option<DecimalText>")]
    pub most: Option<QuotedDecimal>,
    /// oracle_fee: time before it grows; default 0s.
    #[schemars(with = "Option<SpanText>")]
    pub grace: Option<Span>,
    /// oracle_fee: growth a second; default 0.
    #[schemars(with = "Option<DecimalText>")]
    pub per_second: Option<QuotedDecimal>,
    /// fillable: factor on one less the margin ratio; default 1.
    #[schemars(with = "Option<DecimalText>")]
    pub adjustment: Option<QuotedDecimal>,
    /// fillable: share of the position's maintenance margin; default 0.1.
    #[schemars(with = "Option<DecimalText>")]
    pub spread: Option<QuotedDecimal>,
    /// fixed_bonus: such as 0.05, its default.
    #[schemars(with = "Option<DecimalText>")]
    pub bonus: Option<QuotedDecimal>,
    /// dutch: share of the mark at the start; default 0.95.
    #[schemars(with = "Option<DecimalText>")]
    pub start: Option<QuotedDecimal>,
    /// dutch: share at the end of the fast part; default 0.7.
    #[schemars(with = "Option<DecimalText>")]
    pub cutoff: Option<QuotedDecimal>,
    /// dutch: length of the fast part; default 15m.
    #[schemars(with = "Option<SpanText>")]
    pub fast: Option<Span>,
    /// dutch: length of the slow part; default 12h.
    #[schemars(with = "Option<SpanText>")]
    pub slow: Option<Span>,
    /// stair: factor on the mark at the start; default 1.3.
    #[schemars(with = "Option<DecimalText>")]
    pub buffer: Option<QuotedDecimal>,
    /// stair: factor of each stair, default 0.99; lot_then_bid: share a step, default 0.005.
    #[schemars(with = "Option<DecimalText>")]
    pub step: Option<QuotedDecimal>,
    /// stair: length of a stair, default 90s; lot_then_bid: length of a step, default 5s.
    #[schemars(with = "Option<SpanText>")]
    pub interval: Option<Span>,
    /// stair: length of the auction; default 8400s.
    #[schemars(with = "Option<SpanText>")]
    pub tail: Option<Span>,
    /// stair: share of the start at which it ends; default 0.4.
    #[schemars(with = "Option<DecimalText>")]
    pub cusp: Option<QuotedDecimal>,
}

/// Price functions of forced trades.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceFunctionFile {
    /// Mark less the slippage of the instrument.
    #[default]
    Slippage,
    /// Mark less a fee of the liquidator.
    OracleFee,
    /// Mark less a share of the position's maintenance margin.
    Fillable,
    /// Collateral worth a bonus more than the debt.
    FixedBonus,
    /// Mark less one minus the margin ratio.
    HealthDiscount,
    /// An auction down from a share of the mark.
    Dutch,
    /// An auction that falls by a factor every interval.
    Stair,
    /// An auction of collateral: the lot grows, then the bid falls.
    LotThenBid,
}

/// Which collateral goes first.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaleOrderFile {
    /// Lowest haircut.
    #[default]
    LowestHaircut,
    /// As in list, then the rest.
    Listed,
}

/// Sales of collateral for debts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SalesFile {
    /// Which collateral goes first; default lowest_haircut.
    #[serde(default)]
    pub order: SaleOrderFile,
    /// Assets of listed, in order.
    pub list: Option<Vec<String>>,
    /// Assets that nobody buys.
    pub unsold: Option<Vec<String>>,
    /// At most a share of a debt is repaid at once; default all that release needs.
    pub close_factor: Option<CloseFactorFile>,
}

/// A lender's close factor.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseFactorFile {
    /// Share of the debt; default 0.5.
    #[schemars(with = "Option<DecimalText>")]
    pub share: Option<QuotedDecimal>,
    /// All of it below this ratio of weighted holdings to weighted debts; default 0.95.
    #[schemars(with = "Option<DecimalText>")]
    pub whole_below: Option<QuotedDecimal>,
    /// All of a debt worth less than this; default 2,000.
    pub whole_under: Option<u64>,
}

/// Bounds on what one account meets at a time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapsFile {
    /// Notional closed of one account by one event; default 0, no bound.
    pub notional_per_account: Option<u64>,
    /// What the insurance fund pays for one account by one event; default no bound.
    pub insurance_per_account: Option<u64>,
    /// A large account begins with a part of its position.
    pub first: Option<FirstShareFile>,
}

/// The first step of a large account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstShareFile {
    /// Positions of more notional than this; default 100,000.
    pub above: Option<u64>,
    /// Share of the position; default 0.2.
    #[schemars(with = "Option<DecimalText>")]
    pub share: Option<QuotedDecimal>,
    /// Pause after it; default 30s.
    #[schemars(with = "Option<SpanText>")]
    pub cooldown: Option<Span>,
}

/// Who carries liquidations out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepersFile {
    /// They come this long after an account fell below maintenance; default 0s.
    #[schemars(with = "Option<SpanText>")]
    pub delay: Option<Span>,
    /// What all of them take on by one event; 0: they are absent, and an account is looked at every
    /// sixtieth step_interval only; default no bound.
    pub notional_per_event: Option<u64>,
    /// Auctions wait until the discount is this large; default 0.
    #[schemars(with = "Option<DecimalText>")]
    pub discount: Option<QuotedDecimal>,
    /// An account nobody took on for so long is closed whole; default 0s, it waits.
    #[schemars(with = "Option<SpanText>")]
    pub patience: Option<Span>,
    /// Auctions held before that; default 1.
    pub auctions: Option<u16>,
    /// Who takes a position on unloads it into the book at once, and takes no more than gains him
    /// something; default false: he keeps it, and the book does not notice.
    pub hedge: Option<bool>,
}

/// The line below which an account is handed over whole.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverFile {
    /// Share of maintenance margin; default 2/3.
    #[schemars(with = "Option<FractionText>")]
    pub line: Option<QuotedFraction>,
    /// Number of the account that takes everything over; default none: all of it is closed.
    pub backstop: Option<u64>,
}
