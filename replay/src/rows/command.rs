//! Commands and events as JSON.

use domain::command::{PublishDepth, PublishPrice, PublishPriceWithBaseline};
use domain::{AccountId, Command, Event};
use serde_json::{Value, json};

use super::names::{Names, account, rate, role, time};
use crate::summary::numbers::exact;

/// An event as a row: its place, time, sender and command.
pub fn event(names: &Names<'_>, event: &Event) -> Value {
    json!({
        "sequence": event.sequence.number(),
        "timestamp": event.timestamp.nanos(),
        "producer": event.producer,
        "producer_seq": event.producer_seq,
        "command": json(names, &event.command),
    })
}

/// A command as an object with one key, its word.
pub fn json(names: &Names<'_>, command: &Command) -> Value {
    let body = match command {
        Command::Genesis(asked) => json!({
            "semantics": asked.semantics,
            "seal_interval": asked.seal_interval,
            "rulebook": feed::rulebook::show(&asked.rulebook),
        }),
        Command::SetRulebook(asked) => {
            json!({ "rulebook": feed::rulebook::show(&asked.rulebook) })
        }
        Command::OpenAccount(asked) => json!({ "account": account(asked.account) }),
        Command::Deposit(asked) => json!({
            "account": account(asked.account),
            "asset": names.asset(asked.asset),
            "amount": names.amount(asked.asset, asked.amount),
        }),
        Command::Withdraw(asked) => json!({
            "account": account(asked.account),
            "asset": names.asset(asked.asset),
            "amount": names.amount(asked.asset, asked.amount),
        }),
        Command::TransferAsset(asked) => json!({
            "from": account(asked.from),
            "to": account(asked.to),
            "asset": names.asset(asked.asset),
            "amount": names.amount(asked.asset, asked.amount),
        }),
        Command::PayInCapital(asked) => json!({
            "asset": names.asset(asked.asset),
            "amount": names.amount(asked.asset, asked.amount),
        }),
        Command::RegisterTrade(asked) => json!({
            "buyer": account(asked.buyer),
            "seller": account(asked.seller),
            "instrument": names.instrument(asked.instrument),
            "quantity": names.quantity(asked.instrument, asked.quantity),
            "price": names.price(asked.instrument, asked.price),
            "buyer_fee": names.settled(asked.instrument, asked.buyer_fee),
            "seller_fee": names.settled(asked.instrument, asked.seller_fee),
        }),
        Command::PublishPrice(asked) => price(names, asked),
        Command::PublishPriceWithBaseline(asked) => with_baseline(names, asked),
        Command::PublishDepth(asked) => depth(names, asked),
        Command::PublishFunding(asked) => json!({
            "instrument": names.instrument(asked.instrument),
            "rate": rate(asked.rate),
        }),
        Command::Pulse(_) => json!({}),
        Command::HaltInstrument(asked) => {
            json!({ "instrument": names.instrument(asked.instrument) })
        }
        Command::ResumeInstrument(asked) => {
            json!({ "instrument": names.instrument(asked.instrument) })
        }
    };
    json!({ command.word(): body })
}

fn with_baseline(names: &Names<'_>, asked: &PublishPriceWithBaseline) -> Value {
    let rows = asked.baseline.iter().map(|item| {
        json!({
            "instrument": names.instrument(item.instrument),
            "wave": item.wave,
            "permanent": exact(item.permanent, 16),
            "transient": exact(item.transient, 16),
            "gap": exact(item.gap, 16),
            "since": time(item.since),
        })
    });
    json!({ "price": price(names, &asked.price), "baseline": rows.collect::<Vec<_>>() })
}

fn depth(names: &Names<'_>, asked: &PublishDepth) -> Value {
    json!({
        "instrument": names.instrument(asked.instrument),
        "venue": asked.venue,
        "source": asked.source,
        "depth": exact(asked.depth.units(), 16),
        "half_spread": share(asked.half_spread),
        "published_at": time(asked.published_at),
    })
}

fn price(names: &Names<'_>, asked: &PublishPrice) -> Value {
    json!({
        "role": role(asked.feed),
        "of": names.target(asked.feed),
        "source": asked.source,
        "price": names.feed_price(asked.feed, asked.price),
        "confidence": names.feed_price(asked.feed, asked.confidence),
        "published_at": time(asked.published_at),
    })
}

/// A share as a fraction, which holds every one of them.
fn share(ratio: domain::Ratio) -> String {
    format!("{}/{}", ratio.numerator(), ratio.denominator())
}

/// The accounts that a command names.
pub fn accounts(command: &Command) -> [Option<AccountId>; 2] {
    match command {
        Command::OpenAccount(asked) => [Some(asked.account), None],
        Command::Deposit(asked) => [Some(asked.account), None],
        Command::Withdraw(asked) => [Some(asked.account), None],
        Command::TransferAsset(asked) => [Some(asked.from), Some(asked.to)],
        Command::RegisterTrade(asked) => [Some(asked.buyer), Some(asked.seller)],
        _ => [None, None],
    }
}
