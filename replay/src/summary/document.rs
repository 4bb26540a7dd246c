//! The summary as one JSON document: the figures of the screen and those that do not fit on it.
//!
//! Money, prices and shares are strings and exact; the object `wall` holds what differs between
//! two runs of the same input, and nothing else does.

use domain::{Command, FeedRole};
use serde_json::{Map, Value, json};

use super::numbers::{VALUE_PLACES, exact, parts};
use super::statistics::{Deficit, PriceTrack, Statistics};
use super::{Facts, NOT_COMPARABLE, numeraire, price_mode, stream_name};
use crate::clockface::minute_start;

/// The document without `wall`.
pub fn document(facts: &Facts, statistics: &Statistics) -> Value {
    let total = statistics.deficit();
    let mut document = json!({
        "schema": facts.schema,
        "title": facts.title,
        "rulebook": facts.rulebook,
        "price_mode": price_mode(statistics.rulebook.as_ref()),
        "seed": facts.seed,
        "until": facts.until,
        "numeraire": numeraire(statistics.rulebook.as_ref()),
        "prices": prices(statistics),
        "prices_flagged": statistics.flagged,
        "accounts": statistics.accounts,
        "liquidated": liquidated(statistics),
        "money": money(&total, statistics.liquidity_pnl),
        "lost": lost(statistics),
        "counts": counts(statistics),
        "last_sequence": statistics.last_sequence,
        "seals": statistics.seals.len(),
        "state_digest": facts.state_digest,
        "run": facts.place,
        "next": facts.next,
    });
    if let Some(rulebook) = statistics.rulebook.as_ref().filter(|_| statistics.feedback.is_there())
    {
        document["feedback"] = statistics.feedback.document(rulebook);
    }
    if !facts.overrides.is_empty() {
        document["overrides"] = json!(facts.overrides);
    }
    if facts.synthetic_accounts {
        document["note"] = json!(NOT_COMPARABLE);
    }
    document
}

fn value(units: i128) -> Value {
    json!(exact(units, VALUE_PLACES))
}

fn prices(statistics: &Statistics) -> Value {
    let Some(rulebook) = &statistics.rulebook else { return json!([]) };
    let rows = statistics.prices.iter().filter_map(|(feed, track)| {
        let (name, places) = stream_name(rulebook, *feed)?;
        let role = match feed.role {
            FeedRole::Index => "index",
            FeedRole::Mark => "mark",
            FeedRole::Last => "last",
        };
        Some(price_row(&name, role, places, track))
    });
    Value::Array(rows.collect())
}

fn price_row(name: &str, role: &str, places: u32, track: &PriceTrack) -> Value {
    let text = |price: domain::Price| exact(price.wide(), places);
    json!({
        "name": name,
        "role": role,
        "open": text(track.open),
        "low": text(track.low.0),
        "low_at": feed::time::text(track.low.1),
        "high": text(track.high.0),
        "high_at": feed::time::text(track.high.1),
        "close": text(track.close),
        "published": track.count,
    })
}

fn liquidated(statistics: &Statistics) -> Value {
    let notional = statistics.forced();
    let opening = statistics.opening_notional;
    let share = opening.and_then(|opening| parts(notional, opening));
    let worst = statistics.worst_minute();
    let mut document = json!({
        "accounts": statistics.liquidated.len(),
        "notional": value(notional),
        "reduced_notional": value(statistics.reduced),
        "deleveraged_notional": value(statistics.deleveraged),
        "deleveragings": statistics.deleveragings,
        "winners_closed": statistics.winners.len(),
        "opening_open_notional": opening.map(value),
        "share_of_opening": share.map(|share| exact(share, 6)),
        "first": statistics.first_liquidation.map(feed::time::text),
        "worst_minute": worst.map(|(minute, notional)| json!({
            "at": feed::time::text(minute_start(minute)),
            "notional": value(notional),
        })),
        "cascades_limited": statistics.cascades_limited,
    });
    // Only where the rulebook has a backstop and it took something.
    if statistics.takeovers > 0 {
        document["taken_over_notional"] = value(statistics.taken_over);
        document["takeovers"] = json!(statistics.takeovers);
    }
    document
}

fn money(total: &Deficit, liquidity_pnl: Option<i128>) -> Value {
    json!({
        "deficit": value(total.deficit),
        "insurance_fund": value(total.insurance_fund),
        "deleveraged": value(total.deleveraged),
        "socialised": value(total.socialised),
        "uncovered": value(total.uncovered),
        "liquidity_pnl": liquidity_pnl.map(value),
    })
}

fn lost(statistics: &Statistics) -> Value {
    let below = statistics.deficits.values().filter(|one| one.deficit > 0).count();
    let worst = statistics.worst_account();
    json!({
        "accounts": below,
        "worst": worst.map(|(account, deficit)| json!({
            "account": account.number(),
            "equity": value(-deficit),
        })),
    })
}

fn counts(statistics: &Statistics) -> Value {
    let mut commands = Map::new();
    for (kind, word) in Command::KINDS {
        if let Some(count) = statistics.commands.get(kind) {
            commands.insert((*word).to_owned(), json!(count));
        }
    }
    let refusals = statistics.refusals.iter();
    let refusals: Map<String, Value> =
        refusals.map(|(refusal, count)| (refusal.word().to_owned(), json!(count))).collect();
    json!({
        "events": statistics.events,
        "effects": statistics.effects,
        "commands": commands,
        "refusals": refusals,
    })
}
