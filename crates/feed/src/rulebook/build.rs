//! From the shape of a file to the rulebook: units applied, names resolved, defaults filled in.
//!
//! Faults are gathered, not thrown: a value that does not fit its unit leaves a stand-in and the
//! walk goes on. Law: with one fault gathered no rulebook leaves this file.

use domain::rulebook::{
    AssetRules, DeleveragingRule, HaircutTier, InterestCurve, InterestPoint, Layer, Limits,
    LiquidationRules, MarginModel, OracleRules, Rulebook, Sections, SocialisingRule, TakerRules,
    WaterfallRules,
};
use domain::{Amount, AssetId, Duration, Price, Rate, Ratio};

use super::build_instrument::instrument;
use super::build_liquidity::build_liquidity;
use super::build_selling::build_selling;
use super::file::{
    AssetFile, DeleveragingFile, InterestFile, LayerFile, LimitsFile, MarginModelFile,
    RulebookFile, SocialisingFile, WaterfallFile,
};
use super::text::Span;
use crate::decimal::{DecimalFault, QuotedDecimal, RATE_DIGITS, in_unit_wide};
use crate::document::Document;
use crate::error::{FeedError, FeedErrors};

/// Product scale of every instrument and asset: one price unit times one quantity or amount unit.
pub const PRODUCT_DECIMALS: u32 = 16;

/// Gathers faults while a file becomes a rulebook.
pub struct Builder<'a> {
    document: &'a Document,
    errors: FeedErrors,
    /// Names of the listed assets, in order.
    pub assets: Vec<String>,
}

impl Builder<'_> {
    /// Reports a wrong value.
    pub fn wrong(&mut self, path: &str, expected: impl Into<String>, found: impl Into<String>) {
        self.errors.push(self.document.invalid(path, expected, found));
    }

    /// Reports a field that this case needs.
    pub fn missing(&mut self, path: &str, why: &str) {
        let field = path.rsplit('.').next().unwrap_or(path);
        let error = FeedError::input(
            "rulebook.missing_field",
            self.document.place(path),
            format!("{field}{why}"),
            "nothing there",
        );
        self.errors.push(error);
    }

    fn fault(&mut self, path: &str, fault: &DecimalFault) {
        self.wrong(path, fault.expected(), fault.found());
    }

    /// A number of `10^-digits`, 128 bits wide.
    pub fn wide(&mut self, path: &str, value: QuotedDecimal, digits: u32) -> i128 {
        in_unit_wide(value.0, digits).unwrap_or_else(|fault| {
            self.fault(path, &fault);
            1
        })
    }

    /// A number of `10^-digits`, 64 bits wide.
    pub fn narrow(&mut self, path: &str, value: QuotedDecimal, digits: u32) -> i64 {
        value.in_unit(digits).unwrap_or_else(|fault| {
            self.fault(path, &fault);
            1
        })
    }

    /// A share that may only be written as a decimal.
    pub fn share(&mut self, path: &str, value: Option<QuotedDecimal>, default: Ratio) -> Ratio {
        let Some(value) = value else { return default };
        let normal = value.0.normalize();
        let numerator = u64::try_from(normal.mantissa());
        let denominator = 10u64.checked_pow(normal.scale());
        let ratio = numerator.ok().zip(denominator).and_then(|(n, d)| Ratio::new(n, d));
        ratio.unwrap_or_else(|| {
            let expected = "a share of at least 0 with at most 12 decimals";
            self.wrong(path, expected, format!("{:?}", value.to_string()));
            default
        })
    }

    /// A rate at 1e-12.
    pub fn rate(&mut self, path: &str, value: Option<QuotedDecimal>, default: Rate) -> Rate {
        value.map_or(default, |value| Rate::new(self.narrow(path, value, RATE_DIGITS)))
    }

    /// The listed asset of this name.
    pub fn asset(&mut self, path: &str, name: &str) -> AssetId {
        let place = self.assets.iter().position(|asset| asset == name);
        match place.and_then(|place| u32::try_from(place).ok()) {
            Some(place) => AssetId::new(place),
            None => {
                let known = if self.assets.len() > 16 {
                    format!("one of the {} listed assets", self.assets.len())
                } else {
                    format!("a listed asset ({})", self.assets.join(", "))
                };
                self.wrong(path, known, format!("{name:?}"));
                AssetId::new(0)
            }
        }
    }

    /// Names become paths, file columns and flags, so they hold no dots, blanks or quotes.
    pub fn name(&mut self, path: &str, name: &str) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > 32 || !name.bytes().all(plain) {
            let expected = "a name of 1 to 32 letters, digits, hyphens and underscores";
            self.wrong(path, expected, format!("{name:?}"));
        }
        name.to_owned()
    }
}

/// A file's rulebook, before its figures are related to each other.
///
/// # Errors
/// Values that do not fit their units, names that are not listed, fields a case lacks.
pub fn build(document: &Document, file: &RulebookFile) -> Result<Rulebook, FeedErrors> {
    let assets = file.assets.0.iter().map(|(name, _)| name.clone()).collect();
    let mut builder = Builder { document, errors: FeedErrors::default(), assets };
    let numeraire = builder.asset("numeraire", &file.numeraire);
    // One wrong name is one fault: without a numeraire none of the assets is asked for more.
    let unnamed = !builder.assets.contains(&file.numeraire);
    let assets = file.assets.0.iter().map(|(name, asset)| {
        build_asset(&mut builder, name, asset, unnamed || *name == file.numeraire)
    });
    let assets: Vec<AssetRules> = assets.collect();
    let instruments = file.instruments.0.iter();
    let instruments =
        instruments.map(|(name, rules)| instrument(&mut builder, name, rules)).collect();
    let oracle = OracleRules {
        stale_after: duration(file.oracle.stale_after, 60),
        last_guard: builder.share(
            "oracle.last_guard",
            file.oracle.last_guard,
            Ratio::from_parts(250_000),
        ),
    };
    let liquidation = LiquidationRules {
        dust: file.liquidation.dust.unwrap_or(100),
        step_interval: duration(file.liquidation.step_interval, 1),
        interest_step: duration(file.liquidation.interest_step, 3_600),
    };
    let margin = match file.margin.model {
        MarginModelFile::Weighted => MarginModel::Weighted,
    };
    let waterfall = build_waterfall(&mut builder, &file.waterfall);
    let sections = Sections {
        liquidity: build_liquidity(&mut builder, file),
        selling: build_selling(&mut builder, file),
        takers: TakerRules { hedge: file.liquidation.keepers.hedge.unwrap_or(false) },
    };
    let rulebook = Rulebook {
        numeraire,
        assets,
        instruments,
        margin,
        oracle,
        liquidation,
        waterfall,
        limits: build_limits(&file.limits),
        sections,
    };
    builder.errors.or(rulebook)
}

/// A span, or so many seconds.
pub fn duration(span: Option<Span>, default_seconds: i64) -> Duration {
    span.map_or(Duration::from_seconds(default_seconds), |span| span.0)
}

fn build_asset(
    builder: &mut Builder<'_>,
    name: &str,
    asset: &AssetFile,
    numeraire: bool,
) -> AssetRules {
    let path = format!("assets.{name}");
    let at = |field: &str| format!("{path}.{field}");
    let decimals = u32::from(asset.decimals);
    if decimals > 10 {
        builder.wrong(&at("decimals"), "0 to 10 decimals", decimals.to_string());
    }
    let price_decimals = PRODUCT_DECIMALS.saturating_sub(decimals);
    let price_max = match asset.price_max {
        Some(price) => builder.narrow(&at("price_max"), price, price_decimals),
        None if numeraire => 10i64.pow(price_decimals),
        None => {
            builder.missing(&at("price_max"), " of every asset but the numeraire");
            1
        }
    };
    let balance_max = builder.wide(&at("balance_max"), asset.balance_max, decimals);
    let deposit_cap = match asset.deposit_cap {
        Some(cap) => builder.wide(&at("deposit_cap"), cap, decimals),
        None => balance_max.saturating_mul(100),
    };
    let slippage = if numeraire { Ratio::ZERO } else { Ratio::from_parts(5_000) };
    AssetRules {
        name: builder.name(&path, name),
        decimals: asset.decimals,
        price_max: Price::new(price_max),
        balance_max: Amount::new(balance_max),
        deposit_cap: Amount::new(deposit_cap),
        haircuts: build_haircuts(builder, &path, asset, numeraire),
        liability_weight: builder.share(
            &at("liability_weight"),
            asset.liability_weight,
            Ratio::ONE,
        ),
        slippage: builder.share(&at("slippage"), asset.slippage, slippage),
        interest: build_interest(builder, &at("interest"), &asset.interest),
        utilisation_max: builder.share(&at("utilisation_max"), asset.utilisation_max, Ratio::ONE),
        debt_initial: builder.share(&at("debt_initial"), asset.debt_initial, Ratio::ZERO),
        debt_release: builder.share(&at("debt_release"), asset.debt_release, Ratio::ZERO),
    }
}

fn build_haircuts(
    builder: &mut Builder<'_>,
    path: &str,
    asset: &AssetFile,
    numeraire: bool,
) -> Vec<HaircutTier> {
    let at = format!("{path}.haircut");
    match (&asset.haircut, &asset.tiers) {
        (Some(_), Some(_)) => {
            builder.wrong(&at, "either haircut or tiers", "both");
            Vec::new()
        }
        (None, None) if !numeraire => {
            builder.missing(&at, " or tiers");
            Vec::new()
        }
        (haircut, None) => {
            let haircut = builder.share(&at, *haircut, Ratio::ZERO);
            vec![HaircutTier { up_to: None, haircut }]
        }
        (None, Some(tiers)) => {
            let digits = u32::from(asset.decimals);
            let mut list = Vec::with_capacity(tiers.len());
            for (place, tier) in tiers.iter().enumerate() {
                let at = |field: &str| format!("{path}.tiers[{place}].{field}");
                let bound =
                    tier.up_to.map(|bound| Amount::new(builder.wide(&at("up_to"), bound, digits)));
                let haircut = builder.share(&at("haircut"), Some(tier.haircut), Ratio::ZERO);
                list.push(HaircutTier { up_to: bound, haircut });
            }
            list
        }
    }
}

fn build_interest(builder: &mut Builder<'_>, path: &str, interest: &InterestFile) -> InterestCurve {
    let fee_share = builder.share(&format!("{path}.fee_share"), interest.fee_share, Ratio::ZERO);
    let mut points = Vec::with_capacity(interest.points.len());
    for (place, point) in interest.points.iter().enumerate() {
        let at = |field: &str| format!("{path}.points[{place}].{field}");
        points.push(InterestPoint {
            utilisation: builder.share(&at("utilisation"), Some(point.utilisation), Ratio::ZERO),
            rate: builder.rate(&at("rate"), Some(point.rate), Rate::default()),
        });
    }
    InterestCurve { points, fee_share }
}

fn build_waterfall(builder: &mut Builder<'_>, file: &WaterfallFile) -> WaterfallRules {
    let default = [LayerFile::InsuranceFund, LayerFile::Deleveraging, LayerFile::Socialised];
    let layers = file.layers.as_deref().unwrap_or(&default);
    let layers = layers.iter().map(|layer| match layer {
        LayerFile::InsuranceFund => Layer::InsuranceFund,
        LayerFile::Deleveraging => Layer::Deleveraging(match file.deleverage {
            DeleveragingFile::ProfitLeverage => DeleveragingRule::ProfitLeverage,
        }),
        LayerFile::Socialised => Layer::Socialised(match file.socialise {
            SocialisingFile::DepositIndex => SocialisingRule::DepositIndex,
        }),
    });
    WaterfallRules {
        layers: layers.collect(),
        insurance_fund: builder.share(
            "waterfall.insurance_fund",
            file.insurance_fund,
            Ratio::from_parts(500),
        ),
    }
}

fn build_limits(file: &LimitsFile) -> Limits {
    Limits {
        accounts_max: file.accounts_max.unwrap_or(1_000_000),
        positions_per_account: file.positions_per_account.unwrap_or(32),
        cascade_waves_max: file.cascade_waves_max.unwrap_or(5),
        steps_per_event: file.steps_per_event.unwrap_or(1_000),
        opponents_max: file.opponents_max.unwrap_or(1_000),
    }
}
