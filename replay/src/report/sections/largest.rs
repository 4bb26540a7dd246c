//! The largest liquidations, each with its why in a paragraph that can be checked by hand.

use domain::{Command, Feed};

use crate::chronicle::liquidation::{Closed, LARGEST, Liquidation, outcome_name};
use crate::chronicle::loss::Layer;
use crate::clockface::{day_and_minute, minute_of};
use crate::report::Told;
use crate::report::table::{Block, Entry, Section};
use crate::summary::numbers::{VALUE_PLACES, grouped, price, rounded};

/// Minutes before a liquidation that its price is compared with.
const BEFORE: i64 = 60;

/// Places of margin.
const MARGIN_PLACES: u32 = 22;

/// The section.
pub fn section(told: &Told) -> Option<Section> {
    let largest = &told.chronicle.liquidations.largest;
    let entries: Vec<Entry> = largest.iter().map(|one| entry(told, one)).collect();
    let count = entries.len();
    (count > 0).then(|| Section {
        id: "largest",
        title: if count == LARGEST {
            format!("The {LARGEST} largest liquidations, and why")
        } else {
            format!("The {count} liquidations, and why")
        },
        blocks: vec![Block::Text(explained(told)), Block::List(entries)],
    })
}

/// How to ask for every term of one.
fn explained(told: &Told) -> String {
    let run = match told.told("/id") {
        "" => "RUN",
        id => id,
    };
    format!(
        "By notional closed. Every figure down to the last unit, with the formulas: clearsim \
         inspect runs/{run} --liquidation NUMBER --why."
    )
}

fn whole(units: i128) -> String {
    rounded(units, VALUE_PLACES, 0)
}

fn entry(told: &Told, one: &Liquidation) -> Entry {
    let outcome = one.ended.map_or("still open", |(_, outcome)| outcome_name(outcome));
    let head = format!(
        "No. {} · {} · account {} · {} {} closed · {outcome}",
        grouped(u128::from(one.number)),
        day_and_minute(one.at),
        grouped(u128::from(one.account.number())),
        whole(one.notional),
        told.numeraire(),
    );
    let sentences = [trigger(told, one), margin(told, one), acts(told, one), end(told, one)];
    Entry { head, text: sentences.into_iter().flatten().collect::<Vec<_>>().join(" ") }
}

/// What set it off.
fn trigger(told: &Told, one: &Liquidation) -> Option<String> {
    let kind = Command::KINDS.iter().find(|(kind, _)| *kind == one.kind).map(|(_, word)| *word);
    let sequence = grouped(u128::from(one.sequence.number()));
    let event = format!("Event {sequence} ({})", kind.unwrap_or("unknown").replace('_', " "));
    let Some((instrument, closed)) = one.main() else {
        return Some(format!("{event} took the account below maintenance margin."));
    };
    let side = if closed.quantity.is_negative() { "long" } else { "short" };
    let name = told.instrument(instrument);
    let places = places(told, instrument);
    let mark = price(closed.mark.units(), places);
    let change = change(told, instrument, one, closed);
    let traced = match one.traced {
        Some((true, _)) => " Recorded prices would have spared it: impact took it below.",
        Some((false, true)) => " The index of what it held would have spared it.",
        _ => "",
    };
    Some(format!(
        "{event} found the account {side} in {name} with the mark at {mark}{change}.{traced}"
    ))
}

fn places(told: &Told, instrument: domain::InstrumentId) -> u32 {
    let rulebook = told.chronicle.rulebook.as_ref();
    let rules = rulebook.and_then(|rulebook| rulebook.instrument(instrument));
    rules.map_or(0, |rules| u32::from(rules.price_decimals))
}

/// `, 12.4 % below an hour before`.
fn change(
    told: &Told,
    instrument: domain::InstrumentId,
    one: &Liquidation,
    closed: Closed,
) -> String {
    let marks = told.chronicle.markets.prices.get(&Feed::mark(instrument));
    let before = marks.and_then(|marks| marks.at(minute_of(one.at) - BEFORE));
    let Some(before) = before.filter(|before| *before > 0) else { return String::new() };
    let moved = (closed.mark.wide() - before) * 1_000_000 / before;
    let way = if moved < 0 { "below" } else { "above" };
    format!(", {} % {way} an hour before", rounded(moved.abs(), 4, 1))
}

fn margin(told: &Told, one: &Liquidation) -> Option<String> {
    let margin = |units: i128| rounded(units, MARGIN_PLACES, 0);
    Some(format!(
        "Adjusted equity {} was below maintenance margin {} by {} {}; equity without haircuts {}.",
        margin(one.adjusted_equity),
        margin(one.maintenance),
        margin(one.maintenance - one.adjusted_equity),
        told.numeraire(),
        whole(one.equity),
    ))
}

fn acts(told: &Told, one: &Liquidation) -> Option<String> {
    let unit = told.numeraire();
    let closed = one.closed.iter().map(|(instrument, closed)| {
        format!("{} {unit} of {}", whole(closed.notional), told.instrument(*instrument))
    });
    let sold = one.sold.iter().map(|(asset, amount)| {
        let rulebook = told.chronicle.rulebook.as_ref();
        let rules = rulebook.and_then(|rulebook| rulebook.asset(*asset));
        let decimals = rules.map_or(0, |rules| u32::from(rules.decimals));
        let text = rounded(*amount, decimals, if *amount < 10i128.pow(decimals) { 6 } else { 2 });
        format!("{text} {} of collateral", told.asset(*asset))
    });
    let parts: Vec<String> = closed.chain(sold).collect();
    let steps = if one.steps == 1 { "step" } else { "steps" };
    let skipped = match one.skipped {
        0 => String::new(),
        1 => "; one more found nothing that could be traded".to_owned(),
        count => {
            format!("; {} more found nothing that could be traded", grouped(u128::from(count)))
        }
    };
    let handed = match one.taken_over {
        0 => String::new(),
        taken if taken == one.notional => "; the backstop took all of it over at mark".to_owned(),
        taken => format!("; of it the backstop took {} {unit} over at mark", whole(taken)),
    };
    (!parts.is_empty()).then(|| {
        let steps = format!("{} {steps}", grouped(u128::from(one.steps)));
        format!("In {steps} it gave up {}{handed}{skipped}.", parts.join(", "))
    })
}

fn end(told: &Told, one: &Liquidation) -> Option<String> {
    let deficit = one.layers.get(&Layer::Deficit).copied().unwrap_or(0);
    if deficit > 0 {
        let borne = Layer::BEARING.into_iter().filter_map(|layer| {
            let borne = one.layers.get(&layer).copied().filter(|borne| *borne != 0)?;
            Some(format!("{} {}", layer.name(), whole(borne)))
        });
        let borne: Vec<String> = borne.collect();
        let unit = told.numeraire();
        return Some(format!("It lacked {} {unit}: {}.", whole(deficit), borne.join(", ")));
    }
    let (at, outcome) = one.ended?;
    let later = if minute_of(at) == minute_of(one.at) {
        "in the same minute".to_owned()
    } else {
        format!("at {}", day_and_minute(at))
    };
    match outcome {
        domain::effect::Outcome::Released => {
            Some(format!("Back at release margin {later}, it was let go."))
        }
        domain::effect::Outcome::ClosedOut => {
            Some(format!("It was closed whole {later} and owed nothing."))
        }
        domain::effect::Outcome::Bankrupt => None,
    }
}
