//! How accounts are sold out, made into rules. A figure of a choice not made is refused.

use domain::rulebook::{
    AccountOrder, Caps, CloseFactor, FirstShare, HandOver, InsuranceFee, Keepers, PriceFunction,
    SaleOrder, SaleRules, SellingRules, Sizing, TargetOrder,
};
use domain::{AccountId, AssetId, InstrumentId, Ratio};

use super::build::{Builder, duration};
use super::build_instrument::requirement;
use super::file::RulebookFile;
use super::selling_file::{
    AccountOrderFile, HandOverFile, InsuranceFeeFile, KeepersFile, LiquidationFile,
    LiquidationPolicyFile, PriceFile, PriceFunctionFile, SaleOrderFile, SalesFile, TargetOrderFile,
};

/// The choices of a file's `[liquidation]`.
pub fn build_selling(builder: &mut Builder<'_>, file: &RulebookFile) -> SellingRules {
    let liquidation = &file.liquidation;
    SellingRules {
        accounts: build_accounts(builder, liquidation),
        targets: build_targets(builder, file),
        sizing: build_sizing(builder, liquidation),
        price: build_price(builder, &liquidation.price),
        insurance_fee: match liquidation.insurance_fee {
            InsuranceFeeFile::HouseShare => InsuranceFee::HouseShare,
            InsuranceFeeFile::RequirementRoom => InsuranceFee::RequirementRoom,
            InsuranceFeeFile::FillDelta => InsuranceFee::FillDelta,
        },
        sales: build_sales(builder, &liquidation.sales),
        caps: Caps {
            notional_per_account: liquidation.caps.notional_per_account.unwrap_or(0),
            insurance_per_account: liquidation.caps.insurance_per_account,
            first: liquidation.caps.first.as_ref().map(|first| FirstShare {
                above: first.above.unwrap_or(100_000),
                share: builder.share(
                    "liquidation.caps.first.share",
                    first.share,
                    Ratio::from_parts(200_000),
                ),
                cooldown: duration(first.cooldown, 30),
            }),
        },
        keepers: build_keepers(builder, &liquidation.keepers),
        hand_over: liquidation.hand_over.as_ref().map(|file| build_hand_over(builder, file)),
    }
}

/// Refuses figures that the choice made does not know.
fn only(builder: &mut Builder<'_>, choice: &str, given: &[(&str, bool)]) {
    for (path, is_given) in given {
        if *is_given {
            builder.wrong(path, format!("nothing there under {choice}"), "a figure");
        }
    }
}

fn build_accounts(builder: &mut Builder<'_>, file: &LiquidationFile) -> AccountOrder {
    let rotating = file.accounts == AccountOrderFile::RotatingOffset;
    let seed = !rotating && file.accounts_seed.is_some();
    only(builder, "this order of accounts", &[("liquidation.accounts_seed", seed)]);
    match file.accounts {
        AccountOrderFile::HealthAscending => AccountOrder::RatioAscending,
        AccountOrderFile::Id => AccountOrder::Id,
        AccountOrderFile::NotionalDescending => AccountOrder::NotionalDescending,
        AccountOrderFile::FillableGap => AccountOrder::FillableGap,
        AccountOrderFile::RotatingOffset => {
            AccountOrder::RotatingOffset { seed: file.accounts_seed.unwrap_or(0) }
        }
    }
}

fn build_targets(builder: &mut Builder<'_>, file: &RulebookFile) -> TargetOrder {
    let liquidation = &file.liquidation;
    let listed = liquidation.targets == TargetOrderFile::Listed;
    let list = !listed && liquidation.targets_list.is_some();
    only(builder, "this order of targets", &[("liquidation.targets_list", list)]);
    match liquidation.targets {
        TargetOrderFile::LargestNotional => TargetOrder::LargestNotional,
        TargetOrderFile::RiskiestLiabilityFirst => TargetOrder::RiskiestFirst,
        TargetOrderFile::FuturesFirstDeltaReducing => TargetOrder::FuturesReducingDelta,
        TargetOrderFile::Listed => {
            let names = liquidation.targets_list.as_deref().unwrap_or_default();
            let known =
                |name: &String| file.instruments.0.iter().position(|(listed, _)| listed == name);
            let mut list = Vec::with_capacity(names.len());
            for name in names {
                match known(name).and_then(|place| u32::try_from(place).ok()) {
                    Some(place) => list.push(InstrumentId::new(place)),
                    None => builder.wrong(
                        "liquidation.targets_list",
                        "listed instruments",
                        format!("{name:?}"),
                    ),
                }
            }
            TargetOrder::Listed(list)
        }
    }
}

fn build_sizing(builder: &mut Builder<'_>, file: &LiquidationFile) -> Sizing {
    let sizing = &file.sizing;
    let share = file.policy == LiquidationPolicyFile::Share;
    let clips = file.policy == LiquidationPolicyFile::Clips;
    only(
        builder,
        "this policy",
        &[
            ("liquidation.sizing.initial", !share && sizing.initial.is_some()),
            ("liquidation.sizing.over", !share && sizing.over.is_some()),
            ("liquidation.sizing.under", !share && sizing.under.is_some()),
            ("liquidation.sizing.notional", !clips && sizing.notional.is_some()),
            ("liquidation.sizing.interval", !clips && sizing.interval.is_some()),
        ],
    );
    match file.policy {
        LiquidationPolicyFile::Partial => Sizing::ToTarget,
        LiquidationPolicyFile::Full => Sizing::Full,
        LiquidationPolicyFile::AllAtOnce => Sizing::AllAtOnce,
        LiquidationPolicyFile::Slice => Sizing::Slice,
        LiquidationPolicyFile::Cover => Sizing::Cover,
        LiquidationPolicyFile::Share => Sizing::Share {
            initial: builder.share(
                "liquidation.sizing.initial",
                sizing.initial,
                Ratio::from_parts(100_000),
            ),
            over: duration(sizing.over, 60),
            under: sizing.under.unwrap_or(50),
        },
        LiquidationPolicyFile::Clips => Sizing::Clips {
            notional: sizing.notional.unwrap_or(10_000),
            interval: duration(sizing.interval, 1),
        },
    }
}

/// Fields of a price function, with the functions that know each.
fn foreign(file: &PriceFile) -> Vec<(&'static str, bool)> {
    use PriceFunctionFile::{
        Dutch, Fillable, FixedBonus, HealthDiscount, LotThenBid, OracleFee, Stair,
    };
    let fields: [(&'static str, bool, &[PriceFunctionFile]); 15] = [
        ("base", file.base.is_some(), &[OracleFee]),
        ("most", file.most.is_some(), &[OracleFee, HealthDiscount]),
        ("grace", file.grace.is_some(), &[OracleFee]),
        ("per_second", file.per_second.is_some(), &[OracleFee]),
        ("adjustment", file.adjustment.is_some(), &[Fillable]),
        ("spread", file.spread.is_some(), &[Fillable]),
        ("bonus", file.bonus.is_some(), &[FixedBonus]),
        ("start", file.start.is_some(), &[Dutch]),
        ("cutoff", file.cutoff.is_some(), &[Dutch]),
        ("fast", file.fast.is_some(), &[Dutch]),
        ("slow", file.slow.is_some(), &[Dutch]),
        ("buffer", file.buffer.is_some(), &[Stair]),
        ("step", file.step.is_some(), &[Stair, LotThenBid]),
        ("interval", file.interval.is_some(), &[Stair, LotThenBid]),
        ("tail", file.tail.is_some(), &[Stair]),
    ];
    let cusp = [("cusp", file.cusp.is_some(), &[Stair][..])];
    let fields = fields.into_iter().chain(cusp);
    fields.map(|(field, given, known)| (field, given && !known.contains(&file.function))).collect()
}

fn build_price(builder: &mut Builder<'_>, file: &PriceFile) -> PriceFunction {
    for (field, given) in foreign(file) {
        let path = format!("liquidation.price.{field}");
        only(builder, "this price function", &[(&path, given)]);
    }
    let share = |builder: &mut Builder<'_>, field: &str, value, parts| {
        builder.share(&format!("liquidation.price.{field}"), value, Ratio::from_parts(parts))
    };
    match file.function {
        PriceFunctionFile::Slippage => PriceFunction::Slippage,
        PriceFunctionFile::OracleFee => {
            let base = share(builder, "base", file.base, 10_000);
            PriceFunction::OracleFee {
                base,
                most: builder.share("liquidation.price.most", file.most, base),
                grace: duration(file.grace, 0),
                per_second: share(builder, "per_second", file.per_second, 0),
            }
        }
        PriceFunctionFile::Fillable => PriceFunction::Fillable {
            adjustment: share(builder, "adjustment", file.adjustment, 1_000_000),
            spread: share(builder, "spread", file.spread, 100_000),
        },
        PriceFunctionFile::FixedBonus => {
            PriceFunction::FixedBonus { bonus: share(builder, "bonus", file.bonus, 50_000) }
        }
        PriceFunctionFile::HealthDiscount => {
            PriceFunction::RatioDiscount { most: share(builder, "most", file.most, 200_000) }
        }
        PriceFunctionFile::Dutch => PriceFunction::Dutch {
            start: share(builder, "start", file.start, 950_000),
            cutoff: share(builder, "cutoff", file.cutoff, 700_000),
            fast: duration(file.fast, 900),
            slow: duration(file.slow, 43_200),
        },
        PriceFunctionFile::LotThenBid => PriceFunction::LotThenBid {
            step: share(builder, "step", file.step, 5_000),
            interval: duration(file.interval, 5),
        },
        PriceFunctionFile::Stair => PriceFunction::Stair {
            buffer: share(builder, "buffer", file.buffer, 1_300_000),
            step: share(builder, "step", file.step, 990_000),
            interval: duration(file.interval, 90),
            tail: duration(file.tail, 8_400),
            cusp: share(builder, "cusp", file.cusp, 400_000),
        },
    }
}

fn build_sales(builder: &mut Builder<'_>, file: &SalesFile) -> SaleRules {
    let listed = file.order == SaleOrderFile::Listed;
    let list = !listed && file.list.is_some();
    only(builder, "this order of sales", &[("liquidation.sales.list", list)]);
    let named = |builder: &mut Builder<'_>, path: &str, names: &Option<Vec<String>>| {
        let names = names.as_deref().unwrap_or_default().iter();
        names.map(|name| builder.asset(path, name)).collect::<Vec<AssetId>>()
    };
    let close_factor = file.close_factor.as_ref().map(|factor| CloseFactor {
        share: builder.share(
            "liquidation.sales.close_factor.share",
            factor.share,
            Ratio::from_parts(500_000),
        ),
        whole_below: builder.share(
            "liquidation.sales.close_factor.whole_below",
            factor.whole_below,
            Ratio::from_parts(950_000),
        ),
        whole_under: factor.whole_under.unwrap_or(2_000),
    });
    SaleRules {
        order: match file.order {
            SaleOrderFile::LowestHaircut => SaleOrder::LowestHaircut,
            SaleOrderFile::Listed => {
                SaleOrder::Listed(named(builder, "liquidation.sales.list", &file.list))
            }
        },
        unsold: named(builder, "liquidation.sales.unsold", &file.unsold),
        close_factor,
    }
}

fn build_keepers(builder: &mut Builder<'_>, file: &KeepersFile) -> Keepers {
    Keepers {
        delay: duration(file.delay, 0),
        notional_per_event: file.notional_per_event,
        discount: builder.share("liquidation.keepers.discount", file.discount, Ratio::ZERO),
        patience: duration(file.patience, 0),
        auctions: file.auctions.unwrap_or(1),
    }
}

fn build_hand_over(builder: &mut Builder<'_>, file: &HandOverFile) -> HandOver {
    let two_thirds = Ratio::new(2, 3).unwrap_or(Ratio::ONE);
    let path = "liquidation.hand_over.line";
    let line = file.line.map_or(two_thirds, |line| requirement(builder, path, line));
    HandOver { line, backstop: file.backstop.map(AccountId::new) }
}
