//! What stands at the opening: prices, lots, margin and haircuts that accounts are built against.
//!
//! Instruments here settle in the numeraire with one price unit x one quantity unit = 1e-16 of it;
//! an asset of d decimals is priced in units of 10^-(16 - d), so amount x price is at 1e-16 too.

use domain::rulebook::{HaircutTier, InstrumentKind, InstrumentRules, RequirementTier, Rulebook};
use domain::wide::mul_div;
use domain::{Amount, AssetId, InstrumentId, Price, Quantity, Ratio, Rounding, Value, Weighted};

use super::super::millionths::PRODUCT_PLACES;
use super::parameters::wrong;
use crate::error::{FeedError, Place};

/// Everything a population is built against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Asset of the instrument that all others are paired against, for instance BTC.
    pub hub: String,
    /// The perpetuals. One without an open notional among the parameters stays empty.
    pub instruments: Vec<OpeningInstrument>,
    /// The assets that serve as collateral or are held against a short.
    pub assets: Vec<OpeningAsset>,
}

/// A perpetual at the opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningInstrument {
    /// Its name inside the machine.
    pub id: InstrumentId,
    /// The asset it follows, which is also its key in `open_notional`.
    pub asset: String,
    /// Mark price at the opening.
    pub mark: Price,
    /// The smallest quantity traded; every quantity is a multiple of it.
    pub lot: Quantity,
    /// Decimal places of the quantity unit: 8 for 1e-8.
    pub quantity_places: u32,
    /// Requirement ratios by notional, as the rulebook has them; only the initial ones are used.
    pub tiers: Vec<RequirementTier>,
}

/// An asset at the opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningAsset {
    /// Its name inside the machine.
    pub id: AssetId,
    /// Its name in the day file.
    pub name: String,
    /// Decimals of its amounts.
    pub decimals: u32,
    /// Index price at the opening; one in units of 10^-(16 - decimals) for the numeraire itself.
    pub index: Price,
    /// Haircuts by amount held, as the rulebook has them: a bound belongs to the part below it.
    /// What lies above the last bound counts nothing.
    pub haircuts: Vec<HaircutTier>,
}

/// Width of the part of `whole` from `below` up to a tier's bound, none if negative.
fn part(whole: i128, below: i128, up_to: Option<i128>) -> i128 {
    (up_to.map_or(whole, |bound| bound.min(whole)) - below).max(0)
}

impl Opening {
    /// The opening as the rulebook and the first prices of the day have it.
    ///
    /// `marks` and `indexes` stand in the rulebook's order of instruments and assets; an instrument
    /// without a mark is left out, as is an asset without an index. The numeraire needs none.
    ///
    /// # Errors
    /// A perpetual with a mark that does not settle in the numeraire.
    pub fn new(
        rulebook: &Rulebook,
        hub: &str,
        marks: &[Option<Price>],
        indexes: &[Option<Price>],
    ) -> Result<Opening, FeedError> {
        let mut opening =
            Opening { hub: hub.to_owned(), instruments: Vec::new(), assets: Vec::new() };
        for ((number, rules), mark) in (0..).zip(&rulebook.instruments).zip(marks) {
            let (InstrumentKind::Perpetual { underlying }, Some(mark)) = (rules.kind, *mark) else {
                continue;
            };
            if rules.settles != rulebook.numeraire {
                let path = format!("instruments.{}.settles", rules.name);
                let expected = "the numeraire, as accounts are invented in it";
                return Err(wrong(&path, expected, format!("{:?}", rules.settles)));
            }
            let asset = rulebook.asset(underlying).map_or(&rules.name, |asset| &asset.name);
            let id = InstrumentId::new(number);
            opening.instruments.push(OpeningInstrument::new(id, rules, asset, mark));
        }
        for ((number, rules), index) in (0..).zip(&rulebook.assets).zip(indexes) {
            let id = AssetId::new(number);
            let decimals = u32::from(rules.decimals);
            let one = 10i64.checked_pow(PRODUCT_PLACES.saturating_sub(decimals)).map(Price::new);
            let index = if id == rulebook.numeraire { one } else { *index };
            let Some(index) = index else { continue };
            let (name, haircuts) = (rules.name.clone(), rules.haircuts.clone());
            opening.assets.push(OpeningAsset { id, name, decimals, index, haircuts });
        }
        Ok(opening)
    }
}

impl OpeningInstrument {
    fn new(id: InstrumentId, rules: &InstrumentRules, asset: &str, mark: Price) -> Self {
        OpeningInstrument {
            id,
            asset: asset.to_owned(),
            mark,
            lot: rules.lot,
            quantity_places: PRODUCT_PLACES.saturating_sub(u32::from(rules.price_decimals)),
            tiers: rules.tiers.clone(),
        }
    }

    /// Quantity x mark, exact.
    pub fn notional(&self, quantity: Quantity) -> Value {
        Value::new(quantity.magnitude().wide() * self.mark.wide())
    }

    /// Initial margin of a quantity, tier by tier; a ratio that is not in millionths rounds up once
    /// per tier.
    pub fn initial_margin(&self, quantity: Quantity) -> Weighted {
        let notional = self.notional(quantity).units();
        let mut sum = Weighted::ZERO;
        let mut below = 0;
        for tier in &self.tiers {
            let width = part(notional, below, tier.up_to.map(Value::units));
            sum += tier.initial.weigh(Value::new(width), Rounding::Up);
            below += width;
        }
        sum
    }
}

impl OpeningAsset {
    /// Worth of an amount, without haircut.
    pub fn value(&self, amount: Amount) -> Value {
        Value::new(amount.units() * self.index.wide())
    }

    /// Worth of an amount after haircut, tier by tier, rounded down where a weight is not in
    /// millionths.
    pub fn weighted(&self, amount: Amount) -> Weighted {
        let mut sum = Weighted::ZERO;
        let mut below = 0;
        for tier in &self.haircuts {
            let width = part(amount.units(), below, tier.up_to.map(Amount::units));
            sum += weight(tier).weigh(self.value(Amount::new(width)), Rounding::Down);
            below += width;
        }
        sum
    }

    /// The smallest amount whose worth after haircut is at least `target`, rounded up to the
    /// asset's unit.
    ///
    /// Worked: 800 dollars in BTC at 7,934 with weight 0.95 need 0.10613881 BTC.
    ///
    /// # Errors
    /// Where the haircuts end, or leave nothing, below the target.
    pub fn amount_worth(&self, target: Weighted) -> Result<Amount, FeedError> {
        let too_much = || {
            let place = Place::default().at(format!("population.collateral.{}", self.name));
            let whole = target.units() / 10i128.pow(PRODUCT_PLACES + 6);
            FeedError::input(
                "population.collateral",
                place,
                format!("an asset that counts for {whole} of the numeraire in one account"),
                "haircuts that end below, or leave nothing",
            )
        };
        let mut missing = target.units();
        let mut below = 0;
        for tier in &self.haircuts {
            if missing <= 0 {
                break;
            }
            let weight = weight(tier);
            // A million x price x numerator: at most 1e6 x 9.2e18 x 1e12 < 2^127.
            let divisor = 1_000_000 * self.index.wide() * i128::from(weight.numerator());
            if divisor == 0 {
                break;
            }
            let denominator = i128::from(weight.denominator());
            let needed =
                mul_div(missing, denominator, divisor, Rounding::Up).ok_or_else(too_much)?;
            let width = tier.up_to.map(|bound| (bound.units() - below).max(0));
            let taken = width.map_or(needed, |width| width.min(needed));
            let value = taken.checked_mul(self.index.wide()).ok_or_else(too_much)?;
            missing -= weight.weigh(Value::new(value), Rounding::Down).units();
            below += taken;
        }
        if missing > 0 { Err(too_much()) } else { Ok(Amount::new(below)) }
    }
}

/// Asset weight, 1 - haircut; nothing for a haircut above one, which no valid rulebook has.
fn weight(tier: &HaircutTier) -> Ratio {
    tier.haircut.complement().unwrap_or(Ratio::ZERO)
}

/// A quantity of an instrument as an amount of its asset, rounded up.
pub(super) fn amount_of(
    quantity: Quantity,
    instrument: &OpeningInstrument,
    asset: &OpeningAsset,
) -> Option<Amount> {
    let one = |places: u32| 10i128.checked_pow(places);
    let units = mul_div(
        quantity.magnitude().wide(),
        one(asset.decimals)?,
        one(instrument.quantity_places)?,
        Rounding::Up,
    )?;
    Some(Amount::new(units))
}
