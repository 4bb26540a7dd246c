//! How accounts are sold out, written as effective TOML: nothing where the rulebook chooses
//! nothing, else every choice with its figures.

use domain::rulebook::{
    AccountOrder, InsuranceFee, PriceFunction, SaleOrder, SellingRules, Sizing, TargetOrder,
};
use domain::{AssetId, Rulebook};

use super::show::{Page, ratio_text, span_text};

/// The policy's word.
pub fn policy_word(sizing: Sizing) -> &'static str {
    match sizing {
        Sizing::ToTarget => "partial",
        Sizing::Full => "full",
        Sizing::AllAtOnce => "all_at_once",
        Sizing::Slice => "slice",
        Sizing::Cover => "cover",
        Sizing::Share { .. } => "share",
        Sizing::Clips { .. } => "clips",
    }
}

/// What follows the first fields of `[liquidation]`.
pub fn write_selling(page: &mut Page, rulebook: &Rulebook) {
    let rules = &rulebook.sections.selling;
    if *rules == SellingRules::PLAIN {
        return;
    }
    write_orders(page, rulebook, rules);
    write_sizing(page, rules.sizing);
    write_price(page, rules.price);
    write_sales(page, rulebook, rules);
    page.table("liquidation.caps");
    page.bare("notional_per_account", rules.caps.notional_per_account);
    if let Some(most) = rules.caps.insurance_per_account {
        page.bare("insurance_per_account", most);
    }
    if let Some(first) = rules.caps.first {
        page.table("liquidation.caps.first");
        page.bare("above", first.above);
        page.quoted("share", ratio_text(first.share));
        page.quoted("cooldown", span_text(first.cooldown));
    }
    page.table("liquidation.keepers");
    page.quoted("delay", span_text(rules.keepers.delay));
    if let Some(most) = rules.keepers.notional_per_event {
        page.bare("notional_per_event", most);
    }
    page.quoted("discount", ratio_text(rules.keepers.discount));
    page.quoted("patience", span_text(rules.keepers.patience));
    page.bare("auctions", rules.keepers.auctions);
    if rulebook.sections.takers.hedge {
        page.bare("hedge", true);
    }
    if let Some(hand_over) = rules.hand_over {
        page.table("liquidation.hand_over");
        page.quoted("line", ratio_text(hand_over.line));
        if let Some(backstop) = hand_over.backstop {
            page.bare("backstop", backstop.number());
        }
    }
}

fn list(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.map(|name| format!("{name:?}")).collect();
    format!("[{}]", names.join(", "))
}

fn assets(rulebook: &Rulebook, assets: &[AssetId]) -> String {
    list(assets.iter().filter_map(|id| rulebook.asset(*id)).map(|rules| rules.name.clone()))
}

fn write_orders(page: &mut Page, rulebook: &Rulebook, rules: &SellingRules) {
    page.quoted(
        "accounts",
        match rules.accounts {
            AccountOrder::RatioAscending => "health_ascending",
            AccountOrder::Id => "id",
            AccountOrder::NotionalDescending => "notional_descending",
            AccountOrder::FillableGap => "fillable_gap",
            AccountOrder::RotatingOffset { .. } => "rotating_offset",
        },
    );
    if let AccountOrder::RotatingOffset { seed } = rules.accounts {
        page.bare("accounts_seed", seed);
    }
    page.quoted(
        "targets",
        match rules.targets {
            TargetOrder::LargestNotional => "largest_notional",
            TargetOrder::RiskiestFirst => "riskiest_liability_first",
            TargetOrder::FuturesReducingDelta => "futures_first_delta_reducing",
            TargetOrder::Listed(_) => "listed",
        },
    );
    if let TargetOrder::Listed(instruments) = &rules.targets {
        let rules = instruments.iter().filter_map(|id| rulebook.instrument(*id));
        page.bare("targets_list", list(rules.map(|rules| rules.name.clone())));
    }
    page.quoted(
        "insurance_fee",
        match rules.insurance_fee {
            InsuranceFee::HouseShare => "house_share",
            InsuranceFee::RequirementRoom => "requirement_room",
            InsuranceFee::FillDelta => "fill_delta",
        },
    );
}

fn write_sizing(page: &mut Page, sizing: Sizing) {
    match sizing {
        Sizing::Share { initial, over, under } => {
            page.table("liquidation.sizing");
            page.quoted("initial", ratio_text(initial));
            page.quoted("over", span_text(over));
            page.bare("under", under);
        }
        Sizing::Clips { notional, interval } => {
            page.table("liquidation.sizing");
            page.bare("notional", notional);
            page.quoted("interval", span_text(interval));
        }
        _ => {}
    }
}

fn write_price(page: &mut Page, price: PriceFunction) {
    page.table("liquidation.price");
    match price {
        PriceFunction::Slippage => page.quoted("function", "slippage"),
        PriceFunction::OracleFee { base, most, grace, per_second } => {
            page.quoted("function", "oracle_fee");
            page.quoted("base", ratio_text(base));
            page.quoted("most", ratio_text(most));
            page.quoted("grace", span_text(grace));
            page.quoted("per_second", ratio_text(per_second));
        }
        PriceFunction::Fillable { adjustment, spread } => {
            page.quoted("function", "fillable");
            page.quoted("adjustment", ratio_text(adjustment));
            page.quoted("spread", ratio_text(spread));
        }
        PriceFunction::FixedBonus { bonus } => {
            page.quoted("function", "fixed_bonus");
            page.quoted("bonus", ratio_text(bonus));
        }
        PriceFunction::RatioDiscount { most } => {
            page.quoted("function", "health_discount");
            page.quoted("most", ratio_text(most));
        }
        PriceFunction::Dutch { start, cutoff, fast, slow } => {
            page.quoted("function", "dutch");
            page.quoted("start", ratio_text(start));
            page.quoted("cutoff", ratio_text(cutoff));
            page.quoted("fast", span_text(fast));
            page.quoted("slow", span_text(slow));
        }
        PriceFunction::LotThenBid { step, interval } => {
            page.quoted("function", "lot_then_bid");
            page.quoted("step", ratio_text(step));
            page.quoted("interval", span_text(interval));
        }
        PriceFunction::Stair { buffer, step, interval, tail, cusp } => {
            page.quoted("function", "stair");
            page.quoted("buffer", ratio_text(buffer));
            page.quoted("step", ratio_text(step));
            page.quoted("interval", span_text(interval));
            page.quoted("tail", span_text(tail));
            page.quoted("cusp", ratio_text(cusp));
        }
    }
}

fn write_sales(page: &mut Page, rulebook: &Rulebook, rules: &SellingRules) {
    let sales = &rules.sales;
    page.table("liquidation.sales");
    match &sales.order {
        SaleOrder::LowestHaircut => page.quoted("order", "lowest_haircut"),
        SaleOrder::Listed(order) => {
            page.quoted("order", "listed");
            page.bare("list", assets(rulebook, order));
        }
    }
    page.bare("unsold", assets(rulebook, &sales.unsold));
    if let Some(factor) = sales.close_factor {
        page.table("liquidation.sales.close_factor");
        page.quoted("share", ratio_text(factor.share));
        page.quoted("whole_below", ratio_text(factor.whole_below));
        page.bare("whole_under", factor.whole_under);
    }
}
