//! Effects as JSON.

use domain::effect::{Outcome, SkipReason, Stage};
use domain::{AccountId, Effect, Feed, Holder};
use serde_json::{Value, json};

use super::names::{Names, account, holder, rate, role, snake, time, value};
use super::words;
use crate::summary::numbers::exact;

/// Places after the point of weighted values.
const WEIGHTED_PLACES: u32 = 22;

/// An effect as an object with one key, its word.
pub fn json(names: &Names<'_>, effect: &Effect) -> Value {
    let word = snake(word(effect).as_str());
    let body = trading(names, effect)
        .or_else(|| market(names, effect))
        .or_else(|| liquidation(names, effect))
        .or_else(|| waterfall(names, effect));
    json!({ word: body.unwrap_or(Value::Null) })
}

/// The variant's name.
fn word(effect: &Effect) -> String {
    let text = format!("{effect:?}");
    text.split([' ', '{']).next().unwrap_or(&text).to_owned()
}

fn trading(names: &Names<'_>, effect: &Effect) -> Option<Value> {
    let money = |owner: AccountId, asset, amount| {
        json!({
            "account": account(owner),
            "asset": names.asset(asset),
            "amount": names.amount(asset, amount),
        })
    };
    Some(match *effect {
        Effect::Refused { refusal } => json!({ "refusal": refusal.word() }),
        Effect::RulebookAdopted { assets, instruments } => {
            json!({ "assets": assets, "instruments": instruments })
        }
        Effect::AccountOpened { account: owner } => json!({ "account": account(owner) }),
        Effect::Deposited { account, asset, amount }
        | Effect::Withdrawn { account, asset, amount }
        | Effect::FeeCharged { account, asset, amount }
        | Effect::InterestPosted { account, asset, amount } => money(account, asset, amount),
        Effect::AssetTransferred { from, to, asset, amount } => json!({
            "from": account(from),
            "to": account(to),
            "asset": names.asset(asset),
            "amount": names.amount(asset, amount),
        }),
        Effect::CapitalPaidIn { asset, amount } => {
            json!({ "asset": names.asset(asset), "amount": names.amount(asset, amount) })
        }
        Effect::Novated { instrument, buyer, seller, quantity, price } => json!({
            "instrument": names.instrument(instrument),
            "buyer": account(buyer),
            "seller": account(seller),
            "quantity": names.quantity(instrument, quantity),
            "price": names.price(instrument, price),
        }),
        Effect::PnlRealised { holder: owner, instrument, amount }
        | Effect::FundingPosted { holder: owner, instrument, amount } => json!({
            "holder": holder(owner),
            "instrument": names.instrument(instrument),
            "amount": names.settled(instrument, amount),
        }),
        _ => return None,
    })
}

fn market(names: &Names<'_>, effect: &Effect) -> Option<Value> {
    Some(match *effect {
        Effect::PricePublished { feed, price } => json!({
            "role": role(feed),
            "of": names.target(feed),
            "price": names.feed_price(feed, price),
        }),
        Effect::PriceFlagged { feed, price, mark } => json!({
            "role": role(feed),
            "of": names.target(feed),
            "price": names.feed_price(feed, price),
            "mark": names.feed_price(feed, mark),
        }),
        Effect::FundingIndexMoved { instrument, rate: moved, index } => json!({
            "instrument": names.instrument(instrument),
            "rate": rate(moved),
            "index": exact(index, 12 + names.price_places(instrument)),
        }),
        Effect::InstrumentHalted { instrument } | Effect::InstrumentResumed { instrument } => {
            json!({ "instrument": names.instrument(instrument) })
        }
        Effect::InstrumentExpired { instrument, price } => json!({
            "instrument": names.instrument(instrument),
            "price": names.price(instrument, price),
        }),
        Effect::DepthPublished { instrument, venue, depth } => json!({
            "instrument": names.instrument(instrument),
            "venue": venue,
            "depth": exact(depth.units(), 16),
        }),
        Effect::DepthLevelFell { instrument, level } => {
            json!({ "instrument": names.instrument(instrument), "level": exact(level, 16) })
        }
        Effect::ImpactMoved { instrument, wave, permanent, transient, gap, edges } => json!({
            "instrument": names.instrument(instrument),
            "wave": wave,
            "permanent": exact(permanent, 16),
            "transient": exact(transient, 16),
            "gap": exact(gap, 16),
            "sold_to": exact(edges[0], 16),
            "bought_to": exact(edges[1], 16),
        }),
        Effect::IndexMoved { asset, wave, recorded, price } => json!({
            "asset": names.asset(asset),
            "wave": wave,
            "recorded": names.feed_price(Feed::index(asset), recorded),
            "price": names.feed_price(Feed::index(asset), price),
        }),
        Effect::MarkMoved { instrument, wave, recorded, mark } => json!({
            "instrument": names.instrument(instrument),
            "wave": wave,
            "recorded": names.price(instrument, recorded),
            "mark": names.price(instrument, mark),
        }),
        _ => return None,
    })
}

fn liquidation(names: &Names<'_>, effect: &Effect) -> Option<Value> {
    let weighted = |units: domain::Weighted| exact(units.units(), WEIGHTED_PLACES);
    Some(match *effect {
        Effect::LiquidationStarted {
            account: owner,
            wave,
            equity,
            adjusted_equity,
            maintenance,
        } => {
            json!({
                "account": account(owner),
                "wave": wave,
                "equity": value(equity),
                "adjusted_equity": weighted(adjusted_equity),
                "maintenance": weighted(maintenance),
            })
        }
        Effect::PositionReduced {
            account: owner,
            instrument,
            stage,
            quantity,
            quote,
            mark,
            notional,
        } => json!({
            "account": account(owner),
            "instrument": names.instrument(instrument),
            "stage": stage_word(stage),
            "quantity": names.quantity(instrument, quantity),
            "quote": exact(quote.units(), 16),
            "mark": names.price(instrument, mark),
            "notional": value(notional),
        }),
        Effect::LiquidationFeeCharged { account: owner, asset, amount } => json!({
            "account": account(owner),
            "asset": names.asset(asset),
            "amount": names.amount(asset, amount),
        }),
        Effect::CollateralSold { account: owner, asset, amount, debt_asset, proceeds } => json!({
            "account": account(owner),
            "asset": names.asset(asset),
            "amount": names.amount(asset, amount),
            "debt_asset": names.asset(debt_asset),
            "proceeds": names.amount(debt_asset, proceeds),
        }),
        Effect::StepSkipped { account: owner, stage, reason } => json!({
            "account": account(owner),
            "stage": stage_word(stage),
            "reason": skip_word(reason),
        }),
        Effect::LiquidationTraced { account: owner, induced, wrongful, cause, least } => json!({
            "account": account(owner),
            "induced": induced,
            "wrongful": wrongful,
            "cause": cause.map(|cause| names.instrument(cause)),
            "least": value(least),
        }),
        Effect::LiquidationEnded { account: owner, outcome } => {
            json!({ "account": account(owner), "outcome": outcome_word(outcome) })
        }
        Effect::CascadeLimited { waves, waiting } => json!({ "waves": waves, "waiting": waiting }),
        _ => return selling(names, effect),
    })
}

/// Effects of rulebooks that choose how accounts are sold out.
fn selling(names: &Names<'_>, effect: &Effect) -> Option<Value> {
    Some(match *effect {
        Effect::StageRaised { account: owner, stage, reason } => json!({
            "account": account(owner),
            "stage": stage_word(stage),
            "reason": words::raise(reason),
        }),
        Effect::StepPostponed { account: owner, until, reason } => json!({
            "account": account(owner),
            "until": time(until),
            "reason": words::wait(reason),
        }),
        Effect::PositionTakenOver { account: owner, backstop, instrument, quantity, quote } => {
            json!({
                "account": account(owner),
                "backstop": account(backstop),
                "instrument": names.instrument(instrument),
                "quantity": names.quantity(instrument, quantity),
                "quote": exact(quote.units(), 16),
            })
        }
        Effect::CollateralSeized { account: owner, asset, amount } => json!({
            "account": account(owner),
            "asset": names.asset(asset),
            "amount": names.amount(asset, amount),
        }),
        _ => return None,
    })
}

fn waterfall(names: &Names<'_>, effect: &Effect) -> Option<Value> {
    let share = |owner: AccountId, asset, amount, worth| {
        json!({
            "account": account(owner),
            "asset": names.asset(asset),
            "amount": names.amount(asset, amount),
            "value": value(worth),
        })
    };
    Some(match *effect {
        Effect::DeficitRecognised { account: owner, asset, value: worth } => json!({
            "account": account(owner),
            "asset": names.asset(asset),
            "value": value(worth),
        }),
        Effect::InsuranceDrawn { account, asset, amount, value }
        | Effect::LossSocialised { account, asset, amount, value }
        | Effect::LossUncovered { account, asset, amount, value } => {
            share(account, asset, amount, value)
        }
        Effect::Deleveraged { account: owner, winner, instrument, quantity, quote } => json!({
            "account": account(owner),
            "winner": account(winner),
            "instrument": names.instrument(instrument),
            "quantity": names.quantity(instrument, quantity),
            "quote": exact(quote.units(), 16),
        }),
        Effect::DeficitDeleveraged { account: owner, instrument, value: worth } => json!({
            "account": account(owner),
            "instrument": names.instrument(instrument),
            "value": value(worth),
        }),
        _ => return None,
    })
}

fn stage_word(stage: Stage) -> String {
    snake(&format!("{stage:?}"))
}

fn skip_word(reason: SkipReason) -> String {
    snake(&format!("{reason:?}"))
}

fn outcome_word(outcome: Outcome) -> String {
    snake(&format!("{outcome:?}"))
}

/// The accounts that an effect names.
pub fn accounts(effect: &Effect) -> [Option<AccountId>; 2] {
    match *effect {
        Effect::AccountOpened { account }
        | Effect::Deposited { account, .. }
        | Effect::Withdrawn { account, .. }
        | Effect::FeeCharged { account, .. }
        | Effect::InterestPosted { account, .. }
        | Effect::LiquidationStarted { account, .. }
        | Effect::PositionReduced { account, .. }
        | Effect::LiquidationFeeCharged { account, .. }
        | Effect::CollateralSold { account, .. }
        | Effect::StepSkipped { account, .. }
        | Effect::DeficitRecognised { account, .. }
        | Effect::InsuranceDrawn { account, .. }
        | Effect::DeficitDeleveraged { account, .. }
        | Effect::LossSocialised { account, .. }
        | Effect::LossUncovered { account, .. }
        | Effect::StageRaised { account, .. }
        | Effect::StepPostponed { account, .. }
        | Effect::CollateralSeized { account, .. }
        | Effect::LiquidationTraced { account, .. }
        | Effect::LiquidationEnded { account, .. } => [Some(account), None],
        Effect::PositionTakenOver { account, backstop, .. } => [Some(account), Some(backstop)],
        Effect::AssetTransferred { from, to, .. } => [Some(from), Some(to)],
        Effect::Novated { buyer, seller, .. } => [Some(buyer), Some(seller)],
        Effect::Deleveraged { account, winner, .. } => [Some(account), Some(winner)],
        Effect::PnlRealised { holder: Holder::Client(account), .. }
        | Effect::FundingPosted { holder: Holder::Client(account), .. } => [Some(account), None],
        _ => [None, None],
    }
}

#[cfg(test)]
mod tests {
    //! Goal: no effect is written without its fields. Method: one of each group.

    use domain::{Amount, AssetId, Refusal, Value as Worth};

    use super::*;

    #[test]
    fn effects_are_written_with_their_fields() {
        let names = Names(None);
        let drawn = Effect::InsuranceDrawn {
            account: AccountId::new(7),
            asset: AssetId::new(0),
            amount: Amount::new(5),
            value: Worth::new(15 * 10i128.pow(15)),
        };
        let table = [
            (
                Effect::Refused { refusal: Refusal::PriceStale },
                r#"{"refused":{"refusal":"price_stale"}}"#,
            ),
            (
                Effect::CascadeLimited { waves: 5, waiting: 2 },
                r#"{"cascade_limited":{"waves":5,"waiting":2}}"#,
            ),
            (drawn, r#"{"insurance_drawn":{"account":7,"asset":0,"amount":"5","value":"1.5"}}"#),
            (
                Effect::LiquidationEnded {
                    account: AccountId::new(1),
                    outcome: Outcome::ClosedOut,
                },
                r#"{"liquidation_ended":{"account":1,"outcome":"closed_out"}}"#,
            ),
        ];
        for (effect, text) in table {
            assert_eq!(json(&names, &effect).to_string(), text);
        }
    }
}
