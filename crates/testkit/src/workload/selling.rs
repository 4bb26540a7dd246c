//! Ways to sell accounts out, out of a seed: every choice of every heading, with small figures so
//! that caps, pauses and ends of auctions are met.

use super::dice::Dice;
use super::rules::ratio;
use domain::rulebook::{
    AccountOrder, Caps, CloseFactor, FirstShare, HandOver, InstrumentKind, InsuranceFee, Keepers,
    PriceFunction, Rulebook, SaleOrder, SaleRules, SellingRules, Sizing, TargetOrder, validate,
};
use domain::{AccountId, AssetId, Duration, InstrumentId, Ratio};

/// Draws the section anew: half of all rulebooks have none.
pub(super) fn draw(dice: &mut Dice, rulebook: &mut Rulebook) {
    rulebook.sections.selling = SellingRules::PLAIN;
    if dice.chance(500) {
        return;
    }
    let mut rules = SellingRules {
        accounts: accounts(dice),
        targets: targets(dice, rulebook),
        sizing: sizing(dice),
        price: price(dice),
        insurance_fee: dice.pick(&[
            InsuranceFee::HouseShare,
            InsuranceFee::RequirementRoom,
            InsuranceFee::FillDelta,
        ]),
        sales: sales(dice, rulebook),
        caps: caps(dice),
        keepers: keepers(dice),
        hand_over: hand_over(dice, rulebook),
    };
    if !rules.price.is_auction() {
        rules.keepers.discount = Ratio::ZERO;
    }
    if matches!(rules.price, PriceFunction::OracleFee { .. } | PriceFunction::FixedBonus { .. }) {
        // What takers earn must leave margin: no collateral counts in full.
        for tiers in rulebook.assets.iter_mut().skip(1).map(|asset| &mut asset.haircuts) {
            if let Some(first) = tiers.first_mut().filter(|first| first.haircut.is_zero()) {
                first.haircut = ratio(1, 20);
            }
        }
    }
    rulebook.sections.selling = rules;
    // A bonus that would eat the margin it frees is no rule: such a draw falls back to slippage.
    if !validate(rulebook).is_empty() {
        rulebook.sections.selling.price = PriceFunction::Slippage;
        rulebook.sections.selling.keepers.discount = Ratio::ZERO;
    }
}

fn seconds(dice: &mut Dice, from: &[i64]) -> Duration {
    Duration::from_seconds(dice.pick(from))
}

fn accounts(dice: &mut Dice) -> AccountOrder {
    dice.pick(&[
        AccountOrder::RatioAscending,
        AccountOrder::Id,
        AccountOrder::NotionalDescending,
        AccountOrder::FillableGap,
        AccountOrder::RotatingOffset { seed: 5 },
        AccountOrder::RotatingOffset { seed: u64::MAX },
    ])
}

fn targets(dice: &mut Dice, rulebook: &Rulebook) -> TargetOrder {
    match dice.below(4) {
        0 => TargetOrder::LargestNotional,
        1 => TargetOrder::RiskiestFirst,
        2 => TargetOrder::FuturesReducingDelta,
        _ => {
            let places = (0..).zip(&rulebook.instruments);
            let held =
                places.filter(|(_, rules)| !matches!(rules.kind, InstrumentKind::Spot { .. }));
            let mut list: Vec<InstrumentId> =
                held.map(|(place, _)| InstrumentId::new(place)).collect();
            list.reverse();
            list.truncate(2);
            TargetOrder::Listed(list)
        }
    }
}

fn sizing(dice: &mut Dice) -> Sizing {
    let share = Sizing::Share {
        initial: dice.pick(&[Ratio::ZERO, ratio(1, 10), ratio(1, 3)]),
        over: seconds(dice, &[1, 60, 600]),
        under: dice.pick(&[0, 5, 50]),
    };
    let clips = Sizing::Clips {
        notional: dice.pick(&[1, 100, 5_000]),
        interval: seconds(dice, &[1, 5, 60]),
    };
    let full = dice.pick(&[Sizing::Full, Sizing::AllAtOnce]);
    dice.pick(&[Sizing::ToTarget, full, Sizing::Slice, Sizing::Cover, share, clips])
}

fn price(dice: &mut Dice) -> PriceFunction {
    match dice.below(9) {
        0 | 1 => PriceFunction::Slippage,
        2 => PriceFunction::OracleFee {
            base: dice.pick(&[Ratio::ZERO, ratio(1, 1_000)]),
            most: dice.pick(&[ratio(1, 1_000), ratio(1, 150)]),
            grace: seconds(dice, &[0, 30]),
            per_second: dice.pick(&[Ratio::ZERO, ratio(1, 70_000)]),
        },
        3 => PriceFunction::Fillable {
            adjustment: dice.pick(&[Ratio::ONE, ratio(1, 3), ratio(5, 1)]),
            spread: dice.pick(&[ratio(1, 10), ratio(1, 7), Ratio::ONE]),
        },
        4 => PriceFunction::FixedBonus { bonus: dice.pick(&[ratio(1, 1_000), ratio(1, 120)]) },
        5 => PriceFunction::RatioDiscount {
            most: dice.pick(&[ratio(1, 100), ratio(1, 5), ratio(1, 3)]),
        },
        6 => PriceFunction::Dutch {
            start: dice.pick(&[Ratio::ONE, ratio(95, 100), ratio(6, 7)]),
            cutoff: dice.pick(&[ratio(7, 10), ratio(1, 2)]),
            fast: seconds(dice, &[10, 60]),
            slow: seconds(dice, &[20, 600]),
        },
        7 => PriceFunction::LotThenBid {
            step: dice.pick(&[ratio(1, 10), ratio(1, 3), ratio(1, 200)]),
            interval: seconds(dice, &[1, 10]),
        },
        _ => PriceFunction::Stair {
            buffer: dice.pick(&[ratio(13, 10), Ratio::ONE]),
            step: dice.pick(&[ratio(99, 100), ratio(6, 7)]),
            interval: seconds(dice, &[1, 10]),
            tail: seconds(dice, &[10, 300]),
            cusp: dice.pick(&[ratio(2, 5), ratio(9, 10)]),
        },
    }
}

fn sales(dice: &mut Dice, rulebook: &Rulebook) -> SaleRules {
    let count = rulebook.assets.len() as u32;
    let order = if dice.chance(300) {
        SaleOrder::Listed((0..count).rev().take(2).map(AssetId::new).collect())
    } else {
        SaleOrder::LowestHaircut
    };
    let unsold = if dice.chance(150) { vec![AssetId::new(count - 1)] } else { Vec::new() };
    let close_factor = dice.chance(300).then(|| CloseFactor {
        share: dice.pick(&[ratio(1, 2), ratio(1, 7)]),
        whole_below: dice.pick(&[Ratio::ZERO, ratio(95, 100)]),
        whole_under: dice.pick(&[10, 2_000]),
    });
    SaleRules { order, unsold, close_factor }
}

fn caps(dice: &mut Dice) -> Caps {
    Caps {
        notional_per_account: dice.pick(&[0, 0, 1, 500, 20_000]),
        insurance_per_account: dice.pick(&[None, None, Some(0), Some(100)]),
        first: dice.chance(250).then(|| FirstShare {
            above: dice.pick(&[0, 1_000, 10_000]),
            share: dice.pick(&[ratio(1, 5), ratio(1, 3), Ratio::ONE]),
            cooldown: seconds(dice, &[1, 30]),
        }),
    }
}

fn keepers(dice: &mut Dice) -> Keepers {
    Keepers {
        delay: seconds(dice, &[0, 0, 0, 1, 30]),
        notional_per_event: dice.pick(&[None, None, None, Some(0), Some(300), Some(10_000)]),
        discount: dice.pick(&[Ratio::ZERO, ratio(1, 50), ratio(1, 9)]),
        patience: seconds(dice, &[0, 5, 60]),
        auctions: dice.pick(&[1, 1, 2]),
    }
}

fn hand_over(dice: &mut Dice, rulebook: &Rulebook) -> Option<HandOver> {
    let account = AccountId::new(u64::from(rulebook.limits.accounts_max) / 2);
    dice.chance(350).then(|| HandOver {
        line: dice.pick(&[ratio(2, 3), ratio(1, 2), Ratio::ONE]),
        backstop: dice.pick(&[None, Some(account), Some(AccountId::new(0))]),
    })
}
