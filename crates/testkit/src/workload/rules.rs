//! Rulebooks out of a seed: odd ratios, tiers, small caps and small limits, so that edges are met.

use super::OPENS_AT;
use super::dice::Dice;
use super::liquidity;
use domain::command::Genesis;
use domain::rulebook::{
    AssetRules, DeleveragingRule, HaircutTier, InstrumentKind, InstrumentRules, InterestCurve,
    InterestPoint, Layer, Limits, LiquidationRules, MarginModel, OracleRules, RequirementTier,
    Rulebook, Sections, SocialisingRule, WaterfallRules, validate,
};
use domain::{Amount, AssetId, Duration, Price, Quantity, Rate, Ratio, Value};

/// One, on the scale of levels.
pub(super) const LEVEL_ONE: i128 = 1_000_000_000;
/// No price may be higher, in units.
const PRICE_MAX: i128 = (i64::MAX / 4) as i128;
/// One of the numeraire at 1e-16.
const VALUE_ONE: i128 = 10_000_000_000_000_000;

pub(super) fn ratio(numerator: u64, denominator: u64) -> Ratio {
    Ratio::new(numerator, denominator).expect("drawn denominators are small and not zero")
}

/// A valid rulebook and the price of each asset, at 1e-9 of the numeraire.
pub(super) fn draw(dice: &mut Dice, accounts: u64) -> (Rulebook, Vec<i128>) {
    let mut levels = vec![LEVEL_ONE];
    let decimals = dice.pick(&[2, 6, 8]);
    let mut assets = vec![asset(dice, 0, decimals, LEVEL_ONE, accounts)];
    for place in 1..=dice.between(1, 4) as usize {
        let (decimals, level) = dice.pick(&[
            (8, 8_000 * LEVEL_ONE),
            (8, 200 * LEVEL_ONE),
            (2, LEVEL_ONE / 20),
            (0, LEVEL_ONE * 3 / 2),
            (10, 1_500 * LEVEL_ONE),
            (6, LEVEL_ONE),
        ]);
        assets.push(asset(dice, place, decimals, level, accounts));
        levels.push(level);
    }
    let instruments = instruments(dice, &assets, &levels);
    let mut rulebook = Rulebook {
        numeraire: AssetId::new(0),
        assets,
        instruments,
        margin: MarginModel::Weighted,
        oracle: OracleRules {
            stale_after: Duration::from_seconds(dice.pick(&[240, 1_800, 7_200])),
            last_guard: ratio(1, 20),
        },
        liquidation: LiquidationRules {
            dust: 0,
            step_interval: Duration::from_seconds(dice.pick(&[1, 10, 60])),
            interest_step: Duration::from_seconds(dice.pick(&[60, 600, 3_600])),
        },
        waterfall: WaterfallRules { layers: Vec::new(), insurance_fund: Ratio::ZERO },
        limits: limits(dice, accounts),
        sections: Sections::NONE,
    };
    vary(dice, &mut rulebook);
    let findings = validate(&rulebook);
    assert!(findings.is_empty(), "a drawn rulebook is valid: {findings:?}");
    (rulebook, levels)
}

fn limits(dice: &mut Dice, accounts: u64) -> Limits {
    Limits {
        accounts_max: accounts as u32 + dice.between(0, 3) as u32,
        positions_per_account: dice.pick(&[2, 3, 5]),
        cascade_waves_max: dice.pick(&[1, 2, 5, 50]),
        steps_per_event: dice.pick(&[1, 2, 4, 100, 1_000]),
        opponents_max: dice.pick(&[1, 2, 10, 1_000]),
    }
}

/// Draws anew what a rulebook may change while it is in force.
pub(super) fn vary(dice: &mut Dice, rulebook: &mut Rulebook) {
    for asset in rulebook.assets.iter_mut().skip(1) {
        asset.haircuts = haircuts(dice, asset.balance_max);
        asset.slippage = dice.pick(&[Ratio::ZERO, ratio(1, 100), ratio(1, 30), ratio(1, 8)]);
    }
    for asset in &mut rulebook.assets {
        let weights = [Ratio::ONE, ratio(21, 20), ratio(11, 10), ratio(8, 7)];
        asset.liability_weight = dice.pick(&weights);
        asset.utilisation_max = dice.pick(&[ratio(1, 2), ratio(9, 10), ratio(6, 7), Ratio::ONE]);
        (asset.debt_release, asset.debt_initial) = dice.pick(&[
            (Ratio::ZERO, Ratio::ZERO),
            (ratio(1, 100), ratio(1, 50)),
            (ratio(1, 30), ratio(1, 7)),
        ]);
        asset.interest = curve(dice);
    }
    for instrument in &mut rulebook.instruments {
        requirement(dice, instrument);
    }
    let mut layers = vec![
        Layer::InsuranceFund,
        Layer::Deleveraging(DeleveragingRule::ProfitLeverage),
        Layer::Socialised(SocialisingRule::DepositIndex),
    ];
    if dice.chance(400) {
        layers.remove(dice.below(3) as usize);
        layers.rotate_left(1);
    }
    match dice.below(20) {
        0 => layers.clear(),
        // Deficits shared by depositors alone, some of whom fall for it.
        1..=5 => layers.retain(|layer| matches!(layer, Layer::Socialised(_))),
        _ => {}
    }
    if dice.chance(200) {
        layers.reverse();
    }
    rulebook.waterfall.layers = layers;
    rulebook.liquidation.dust = dice.pick(&[0, 0, 10, 500]);
    let most = rulebook.limits.accounts_max;
    rulebook.limits = limits(dice, u64::from(most) - 1);
    rulebook.limits.accounts_max = most;
    rulebook.sections = Sections::NONE;
    super::selling::draw(dice, rulebook);
    liquidity::vary(dice, rulebook);
}

fn asset(dice: &mut Dice, place: usize, decimals: u8, level: i128, accounts: u64) -> AssetRules {
    let amount = |worth: i128| Amount::new(worth * LEVEL_ONE * 10i128.pow(decimals.into()) / level);
    let price = level * 10 * 10i128.pow(u32::from(16 - decimals)) / LEVEL_ONE;
    let balance_max = amount(dice.pick(&[40_000, 200_000, 1_000_000]));
    let per_account = dice.pick(&[8_000, 30_000, 100_000]);
    AssetRules {
        name: format!("A{place}"),
        decimals,
        price_max: Price::new(i64::try_from(price).expect("levels are small")),
        balance_max,
        deposit_cap: amount(per_account * i128::from(accounts)),
        haircuts: vec![HaircutTier { up_to: None, haircut: Ratio::ZERO }],
        liability_weight: Ratio::ONE,
        slippage: Ratio::ZERO,
        interest: curve(dice),
        utilisation_max: Ratio::ONE,
        debt_initial: Ratio::ZERO,
        debt_release: Ratio::ZERO,
    }
}

fn haircuts(dice: &mut Dice, balance_max: Amount) -> Vec<HaircutTier> {
    let first = dice.pick(&[Ratio::ZERO, ratio(1, 20), ratio(1, 7), ratio(3, 10)]);
    if dice.chance(400) {
        return vec![HaircutTier { up_to: None, haircut: first }];
    }
    let bound = |part: i128| Some(Amount::new((balance_max.units() / part).max(1)));
    vec![
        HaircutTier { up_to: bound(40), haircut: first },
        HaircutTier { up_to: bound(10), haircut: ratio(1, 3) },
        HaircutTier { up_to: None, haircut: dice.pick(&[ratio(1, 2), Ratio::ONE]) },
    ]
}

fn curve(dice: &mut Dice) -> InterestCurve {
    let point = |utilisation, percent: i64| InterestPoint {
        utilisation,
        rate: Rate::new(percent * 10_000_000_000),
    };
    let points = match dice.below(4) {
        0 => Vec::new(),
        1 => vec![point(Ratio::ZERO, 2_000), point(Ratio::ONE, 10_000)],
        _ => vec![
            point(Ratio::ZERO, 0),
            point(ratio(1, 3), 10),
            point(ratio(85, 100), 200),
            point(Ratio::ONE, 5_000),
        ],
    };
    InterestCurve { points, fee_share: dice.pick(&[Ratio::ZERO, ratio(1, 10), ratio(1, 3)]) }
}

fn instruments(dice: &mut Dice, assets: &[AssetRules], levels: &[i128]) -> Vec<InstrumentRules> {
    let count = assets.len() as u64;
    let mut list = Vec::new();
    for place in 0..dice.between(4, 6) as usize {
        let other = 1 + dice.below(count - 1) as u32;
        let settles = if dice.chance(700) { 0 } else { 1 + dice.below(count - 1) as u32 };
        let (underlying, settles) = if other == settles { (settles, 0) } else { (other, settles) };
        let (asset, settled) = (AssetId::new(underlying), AssetId::new(settles));
        let kind = match place {
            0 | 1 => InstrumentKind::Perpetual { underlying: asset },
            2 => InstrumentKind::Spot { base: asset },
            3 => future(dice, asset),
            _ => {
                let future = future(dice, asset);
                let perpetual = InstrumentKind::Perpetual { underlying: asset };
                dice.pick(&[perpetual, future, InstrumentKind::Spot { base: asset }])
            }
        };
        let at = |id: AssetId| levels[id.index()];
        let least = if matches!(kind, InstrumentKind::Spot { .. }) {
            16 - assets[asset.index()].decimals
        } else {
            2
        };
        let decimals = price_decimals(dice, at(asset), at(settled), least);
        list.push(instrument(dice, place, kind, settled, decimals, (at(asset), at(settled))));
    }
    list
}

fn future(dice: &mut Dice, underlying: AssetId) -> InstrumentKind {
    let minutes = dice.between(5, 90) as i64;
    InstrumentKind::Future {
        underlying,
        expires_at: OPENS_AT.plus(Duration::from_seconds(60 * minutes)),
        settle_window: Duration::from_seconds(dice.pick(&[1, 300, 1_800])),
    }
}

/// A price unit, at least so fine, in which the opening price has four to fourteen digits and
/// positions fit.
fn price_decimals(dice: &mut Dice, level: i128, settles: i128, least: u8) -> u8 {
    let fits = |decimals: &u8| {
        let price = level * 10i128.pow(u32::from(*decimals)) / settles;
        let largest = 200_000 * LEVEL_ONE * 10i128.pow(u32::from(16 - *decimals)) / level;
        (10_000..100_000_000_000_000).contains(&price) && largest < 1_000_000_000_000_000_000
    };
    let mut fitting: Vec<u8> = (least..=16).filter(fits).collect();
    if fitting.is_empty() {
        fitting.push(least);
    }
    dice.pick(&fitting)
}

fn instrument(
    dice: &mut Dice,
    place: usize,
    kind: InstrumentKind,
    settles: AssetId,
    price_decimals: u8,
    (level, settle_level): (i128, i128),
) -> InstrumentRules {
    let price = level * 10i128.pow(price_decimals.into()) / settle_level;
    let units =
        |worth: i128| worth * LEVEL_ONE * 10i128.pow(16 - u32::from(price_decimals)) / level;
    let lot = (units(dice.pick(&[1, 20, 100])) / dice.pick(&[1, 7, 1_000_000])).max(1);
    let position_max = units(dice.pick(&[20_000, 200_000])).max(lot);
    InstrumentRules {
        name: format!("I{place}"),
        kind,
        settles,
        price_decimals,
        lot: Quantity::new(lot as i64),
        price_max: Price::new((price * 10).clamp(10, PRICE_MAX) as i64),
        position_max: Quantity::new(position_max as i64),
        tiers: Vec::new(),
        slippage: Ratio::ZERO,
        liquidation_fee: Ratio::ZERO,
        band: ratio(1, 20),
        rate_max: Rate::new(10_000_000_000),
    }
}

/// Requirement ratios, slippage and fee: maintenance from .5 % to 10 %, release and initial above.
fn requirement(dice: &mut Dice, instrument: &mut InstrumentRules) {
    let (n, d) = dice.pick(&[(1, 200), (1, 100), (1, 30), (1, 25), (3, 70), (1, 10)]);
    let stretch = dice.pick(&[(1, 1), (6, 5), (3, 2)]);
    let tier = |up_to: Option<i128>, times: u64| RequirementTier {
        up_to: up_to.map(|bound| Value::new(bound * VALUE_ONE)),
        maintenance: ratio(n * times, d),
        release: ratio(n * times * stretch.0, d * stretch.1),
        initial: ratio(2 * n * times, d),
    };
    instrument.tiers = match dice.below(3) {
        0 => vec![tier(None, 1)],
        1 => vec![tier(Some(5_000), 1), tier(None, 3)],
        _ => vec![tier(Some(1_000), 1), tier(Some(20_000), 2), tier(None, 4)],
    };
    instrument.slippage = match dice.below(4) {
        0 => Ratio::ZERO,
        1 => ratio(n, 5 * d),
        2 => ratio(n, 2 * d),
        _ => ratio(19 * n, 20 * d),
    };
    instrument.liquidation_fee = dice.pick(&[Ratio::ZERO, ratio(1, 1_000), ratio(1, 60)]);
}

/// A rulebook that contradicts itself.
pub(super) fn contradicting(dice: &mut Dice, rulebook: &Rulebook) -> Rulebook {
    let mut broken = rulebook.clone();
    match dice.below(3) {
        0 => broken.limits.opponents_max = 0,
        1 => broken.assets[0].liability_weight = ratio(1, 2),
        _ => broken.instruments[0].tiers[0].maintenance = ratio(3, 1),
    }
    broken
}

/// A valid rulebook that changes what cannot change.
pub(super) fn forbidden(dice: &mut Dice, rulebook: &Rulebook) -> Rulebook {
    let mut changed = rulebook.clone();
    if dice.chance(500) {
        changed.assets[0].name.push('x');
    } else {
        changed.instruments.truncate(1);
    }
    changed
}

/// A genesis that is refused.
pub(super) fn invalid_genesis(dice: &mut Dice, rulebook: &Rulebook) -> Genesis {
    let rulebook = rulebook.clone();
    match dice.below(3) {
        0 => Genesis { semantics: 9, seal_interval: 1, rulebook },
        1 => Genesis { semantics: 1, seal_interval: dice.pick(&[0, 1 << 25]), rulebook },
        _ => {
            let rulebook = contradicting(dice, &rulebook);
            Genesis { semantics: 1, seal_interval: 1, rulebook }
        }
    }
}
