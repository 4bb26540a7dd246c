//! The shape of a rulebook file, field by field, as written.
//!
//! What is optional here has a default that [`super::show`] spells out. Law: unknown fields are
//! refused in every table.

use schemars::JsonSchema;
use serde::Deserialize;

use super::liquidity_file::{DepthFile, LiquidityFile};
use super::schema::{DecimalText, FractionText, InstantText, SpanText, Tables, UnitText};
use super::selling_file::LiquidationFile;
use super::text::{Entries, Instant, Span, Unit};
use crate::decimal::{QuotedDecimal, QuotedFraction};

/// A clearsim rulebook: every rule and parameter in force.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "clearsim.rulebook/1")]
pub struct RulebookFile {
    /// Always `clearsim.rulebook/1`.
    #[expect(dead_code, reason = "checked before the rest of the file is read")]
    pub schema: String,
    /// Name of the asset in which value and margin are expressed.
    pub numeraire: String,
    /// What can be held as a balance; the order is the order of their numbers.
    #[schemars(with = "Tables<AssetFile>")]
    pub assets: Entries<AssetFile>,
    /// What can be traded; the order is the order of their numbers.
    #[serde(default)]
    #[schemars(with = "Tables<InstrumentFile>")]
    pub instruments: Entries<InstrumentFile>,
    /// How requirements are computed.
    #[serde(default)]
    pub margin: MarginFile,
    /// What makes a price usable.
    #[serde(default)]
    pub oracle: OracleFile,
    /// How accounts are sold out.
    #[serde(default)]
    pub liquidation: LiquidationFile,
    /// Depth, impact and where marks come from.
    #[serde(default)]
    pub liquidity: LiquidityFile,
    /// Who pays for deficits.
    #[serde(default)]
    pub waterfall: WaterfallFile,
    /// A bound on everything.
    #[serde(default)]
    pub limits: LimitsFile,
}

/// Rules of one asset.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetFile {
    /// Decimals d of its smallest unit, 0 to 10; its price is in units of 10^-(16 - d).
    pub decimals: u8,
    /// Highest index price accepted; optional for the numeraire, whose price is 1.
    #[schemars(with = "Option<DecimalText>")]
    pub price_max: Option<QuotedDecimal>,
    /// Largest balance, either sign, of one account.
    #[schemars(with = "DecimalText")]
    pub balance_max: QuotedDecimal,
    /// Largest sum of all positive balances; default a hundred times balance_max.
    #[schemars(with = "Option<DecimalText>")]
    pub deposit_cap: Option<QuotedDecimal>,
    /// Share of value not counted, 0 to 1; or give tiers.
    #[schemars(with = "Option<DecimalText>")]
    pub haircut: Option<QuotedDecimal>,
    /// Haircuts by size of balance in place of one haircut; the last has no up_to.
    pub tiers: Option<Vec<HaircutTierFile>>,
    /// Factor on a negative balance, at least 1; default 1.
    #[schemars(with = "Option<DecimalText>")]
    pub liability_weight: Option<QuotedDecimal>,
    /// Price conceded when it is sold for a debt; default 0.005, 0 for the numeraire.
    #[schemars(with = "Option<DecimalText>")]
    pub slippage: Option<QuotedDecimal>,
    /// Largest share of deposits that may be lent after a withdrawal; default 1.
    #[schemars(with = "Option<DecimalText>")]
    pub utilisation_max: Option<QuotedDecimal>,
    /// Share of a debt's value added to initial margin; default 0.
    #[schemars(with = "Option<DecimalText>")]
    pub debt_initial: Option<QuotedDecimal>,
    /// Share of a debt's value added to the release margin, at most debt_initial; default 0.
    #[schemars(with = "Option<DecimalText>")]
    pub debt_release: Option<QuotedDecimal>,
    /// What borrowers pay and depositors earn; default nothing.
    #[serde(default)]
    pub interest: InterestFile,
}

/// Haircut on the part of a balance up to a bound.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HaircutTierFile {
    /// Upper end of the part, in the asset; absent for the last.
    #[schemars(with = "Option<DecimalText>")]
    pub up_to: Option<QuotedDecimal>,
    /// Share of market value not counted, 0 to 1.
    #[schemars(with = "DecimalText")]
    pub haircut: QuotedDecimal,
}

/// Borrow rate by utilisation, linear between points.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InterestFile {
    /// Share of borrowers' interest that goes to the fees account; default 0.
    #[schemars(with = "Option<DecimalText>")]
    pub fee_share: Option<QuotedDecimal>,
    /// Corners from utilisation 0 to 1; empty for no interest.
    #[serde(default)]
    pub points: Vec<InterestPointFile>,
}

/// One corner of an interest curve.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InterestPointFile {
    /// Borrows over deposits.
    #[schemars(with = "DecimalText")]
    pub utilisation: QuotedDecimal,
    /// Rate a year of 31,536,000 s.
    #[schemars(with = "DecimalText")]
    pub rate: QuotedDecimal,
}

/// What a trade in an instrument makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindFile {
    /// An exchange of the base asset against the settlement asset.
    Spot,
    /// A linear perpetual with funding.
    Perpetual,
    /// A linear future, settled in cash.
    Future,
}

impl KindFile {
    /// Its word in files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Perpetual => "perpetual",
            Self::Future => "future",
        }
    }
}

/// Rules of one instrument.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstrumentFile {
    /// What a trade makes.
    pub kind: KindFile,
    /// Spot only: the asset bought and sold; default the name up to its first hyphen.
    pub base: Option<String>,
    /// Perpetual and future: the asset its price follows; default the name up to its first hyphen.
    pub underlying: Option<String>,
    /// Future only: when it ends.
    #[schemars(with = "Option<InstantText>")]
    pub expires_at: Option<Instant>,
    /// Future only: length of the mean that settles it; default 30m.
    #[schemars(with = "Option<SpanText>")]
    pub settle_window: Option<Span>,
    /// Asset in which it is paid.
    pub settles: String,
    /// Smallest step of its price; price_unit x quantity_unit = 1e-16.
    #[schemars(with = "UnitText")]
    pub price_unit: Unit,
    /// Smallest step of its quantity.
    #[schemars(with = "UnitText")]
    pub quantity_unit: Unit,
    /// Smallest tradable quantity; default one quantity_unit.
    #[schemars(with = "Option<DecimalText>")]
    pub lot: Option<QuotedDecimal>,
    /// Highest price accepted.
    #[schemars(with = "DecimalText")]
    pub price_max: QuotedDecimal,
    /// Largest position, either side, of one account.
    #[schemars(with = "DecimalText")]
    pub position_max: QuotedDecimal,
    /// Requirement ratio to open or withdraw; or give tiers. Not for spot.
    #[schemars(with = "Option<FractionText>")]
    pub initial: Option<QuotedFraction>,
    /// Requirement ratio where a liquidation stops.
    #[schemars(with = "Option<FractionText>")]
    pub release: Option<QuotedFraction>,
    /// Requirement ratio to be left alone.
    #[schemars(with = "Option<FractionText>")]
    pub maintenance: Option<QuotedFraction>,
    /// Requirement ratios by notional in place of one triple; the last has no up_to.
    pub tiers: Option<Vec<RequirementTierFile>>,
    /// Price conceded in a forced trade, below maintenance; required but for spot.
    #[schemars(with = "Option<DecimalText>")]
    pub slippage: Option<QuotedDecimal>,
    /// Fee on a forced trade as a share of notional; default 0.
    #[schemars(with = "Option<DecimalText>")]
    pub liquidation_fee: Option<QuotedDecimal>,
    /// A trade below initial margin stays this close to the mark; default 0.05.
    #[schemars(with = "Option<DecimalText>")]
    pub band: Option<QuotedDecimal>,
    /// Largest funding rate, either sign; default 0.04, 0 but for perpetuals.
    #[schemars(with = "Option<DecimalText>")]
    pub rate_max: Option<QuotedDecimal>,
    /// Depth that forced trades walk, of a spot instrument sales of collateral; absent for fixed
    /// slippage.
    pub liquidity: Option<DepthFile>,
}

/// Requirement ratios on the part of a notional up to a bound.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequirementTierFile {
    /// Upper end of the part, in the numeraire; absent for the last.
    #[schemars(with = "Option<DecimalText>")]
    pub up_to: Option<QuotedDecimal>,
    /// To open or withdraw.
    #[schemars(with = "FractionText")]
    pub initial: QuotedFraction,
    /// Where a liquidation stops.
    #[schemars(with = "FractionText")]
    pub release: QuotedFraction,
    /// To be left alone.
    #[schemars(with = "FractionText")]
    pub maintenance: QuotedFraction,
}

/// How requirements are computed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarginFile {
    /// The model; default weighted.
    #[serde(default)]
    pub model: MarginModelFile,
}

/// Models of requirements.
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MarginModelFile {
    /// Weighted balances against tiered shares of notional.
    #[default]
    Weighted,
}

/// What makes a price usable.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OracleFile {
    /// A price older than this refuses what needs it; default 60s.
    #[schemars(with = "Option<SpanText>")]
    pub stale_after: Option<Span>,
    /// A last price further from the mark than this share of it is flagged; default 0.25.
    #[schemars(with = "Option<DecimalText>")]
    pub last_guard: Option<QuotedDecimal>,
}

/// One layer of the default waterfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LayerFile {
    /// The insurance fund pays what the account's equity lacks.
    InsuranceFund,
    /// Winners of the other side are closed at the bankruptcy quote.
    Deleveraging,
    /// Depositors share.
    Socialised,
}

/// Who is deleveraged first.
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeleveragingFile {
    /// Profit over cost times notional over equity, largest first.
    #[default]
    ProfitLeverage,
}

/// How a deficit without a position is shared.
#[derive(Debug, Default, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SocialisingFile {
    /// All positive balances of the deficit's asset shrink by one index.
    #[default]
    DepositIndex,
}

/// Who pays for deficits, in order.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaterfallFile {
    /// The layers after the account itself; default insurance_fund, deleveraging, socialised.
    pub layers: Option<Vec<LayerFile>>,
    /// The fund's share of opening open notional, deposited by generators; default 0.0005.
    #[schemars(with = "Option<DecimalText>")]
    pub insurance_fund: Option<QuotedDecimal>,
    /// Who is deleveraged first; default profit_leverage.
    #[serde(default)]
    pub deleverage: DeleveragingFile,
    /// How a deficit without a position is shared; default deposit_index.
    #[serde(default)]
    pub socialise: SocialisingFile,
}

/// A bound on everything.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsFile {
    /// Accounts; default 1,000,000.
    pub accounts_max: Option<u32>,
    /// Positions in one account; default 32.
    pub positions_per_account: Option<u16>,
    /// Waves in one cascade; default 5.
    pub cascade_waves_max: Option<u16>,
    /// Accounts taken into liquidation by one event; default 1,000.
    pub steps_per_event: Option<u32>,
    /// Opponents closed in one deleveraging; default 1,000.
    pub opponents_max: Option<u32>,
}
