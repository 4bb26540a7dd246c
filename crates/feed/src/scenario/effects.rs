//! Effects in words, and what a table expects of them.
//!
//! An expectation names an effect and any of its fields: `PositionReduced bob BTC-PERP quantity=-2`
//! compares the first two fields and the quantity, whatever the rest is. A figure that ends in `..`
//! stands for every number that begins so.

use domain::effect::{Outcome, RaiseReason, SkipReason, Stage, WaitReason};
use domain::{Effect, Feed, FeedRole, InstrumentId, Rate};

use super::BEGINS_AT;
use super::names::{Names, VALUE_DIGITS, WEIGHTED_DIGITS};
use super::words::Words;
use crate::decimal::{RATE_DIGITS, exact, text};
use crate::error::FeedError;

/// Digits of a funding index: price units times 1e-12.
const FUNDING_DIGITS: u32 = 12;

/// Every effect with the names of its fields, in the order they are printed.
const SHAPES: &[(&str, &[&str])] = &[
    ("Refused", &["refusal"]),
    ("RulebookAdopted", &["assets", "instruments"]),
    ("AccountOpened", &["account"]),
    ("Deposited", &["account", "asset", "amount"]),
    ("Withdrawn", &["account", "asset", "amount"]),
    ("AssetTransferred", &["from", "to", "asset", "amount"]),
    ("CapitalPaidIn", &["asset", "amount"]),
    ("Novated", &["buyer", "seller", "instrument", "quantity", "price"]),
    ("FeeCharged", &["account", "asset", "amount"]),
    ("PnlRealised", &["holder", "instrument", "amount"]),
    ("FundingPosted", &["holder", "instrument", "amount"]),
    ("InterestPosted", &["account", "asset", "amount"]),
    ("InterestIndexMoved", &["asset", "borrow", "deposit", "fee"]),
    ("PricePublished", &["role", "target", "price"]),
    ("PriceFlagged", &["role", "target", "price", "mark"]),
    ("FundingIndexMoved", &["instrument", "rate", "index"]),
    ("InstrumentHalted", &["instrument"]),
    ("InstrumentResumed", &["instrument"]),
    ("InstrumentExpired", &["instrument", "price"]),
    ("LiquidationStarted", &["account", "wave", "equity", "adjusted", "maintenance"]),
    (
        "PositionReduced",
        &["account", "instrument", "stage", "quantity", "quote", "mark", "notional"],
    ),
    ("LiquidationFeeCharged", &["account", "asset", "amount"]),
    ("CollateralSold", &["account", "asset", "amount", "debt_asset", "proceeds"]),
    ("StepSkipped", &["account", "stage", "reason"]),
    ("DeficitRecognised", &["account", "asset", "value"]),
    ("InsuranceDrawn", &["account", "asset", "amount", "value"]),
    ("Deleveraged", &["account", "winner", "instrument", "quantity", "quote"]),
    ("DeficitDeleveraged", &["account", "instrument", "value"]),
    ("LossSocialised", &["account", "asset", "amount", "value"]),
    ("LossUncovered", &["account", "asset", "amount", "value"]),
    ("LiquidationEnded", &["account", "outcome"]),
    ("CascadeLimited", &["waves", "waiting"]),
    ("StageRaised", &["account", "stage", "reason"]),
    ("StepPostponed", &["account", "seconds", "reason"]),
    ("PositionTakenOver", &["account", "backstop", "instrument", "quantity", "quote"]),
    ("CollateralSeized", &["account", "asset", "amount"]),
    ("DepthPublished", &["instrument", "venue", "depth"]),
    ("DepthLevelFell", &["instrument", "level"]),
    ("ImpactMoved", &["instrument", "wave", "permanent", "transient", "gap", "sold", "bought"]),
    ("MarkMoved", &["instrument", "wave", "recorded", "mark"]),
    ("LiquidationTraced", &["account", "cause", "induced", "wrongful", "least"]),
    ("IndexMoved", &["asset", "wave", "recorded", "price"]),
];

fn shape(name: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    SHAPES.iter().find(|(known, _)| *known == name)
}

/// An effect expected by a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Name of the effect.
    pub name: &'static str,
    /// Places of fields and the texts they must have.
    pub fields: Vec<(usize, String)>,
}

impl Expectation {
    /// Reads `Deposited alice USD amount=100`.
    pub(super) fn parse(words: &mut Words<'_>) -> Result<Self, FeedError> {
        let name = words.word("an effect such as Deposited")?;
        let Some((name, keys)) = shape(name) else {
            return Err(words.wrong(name, "an effect such as Deposited or Refused"));
        };
        let mut fields = Vec::new();
        while words.peek().is_some() {
            let word = words.word("a field")?;
            let (place, value) = match word.split_once('=') {
                Some((key, value)) => (keys.iter().position(|known| *known == key), value),
                None => (Some(fields.len()).filter(|place| *place < keys.len()), word),
            };
            let place = place.ok_or_else(|| {
                words.wrong(word, &format!("a field of {name}: {}", keys.join(", ")))
            })?;
            fields.push((place, value.to_owned()));
        }
        Ok(Self { name, fields })
    }

    /// Whether an effect is the one expected.
    #[must_use]
    pub fn matches(&self, effect: &Effect, names: &Names) -> bool {
        let (name, values) = values(effect, names);
        let same = |(place, wanted): &(usize, String)| {
            values.get(*place).is_some_and(|value| agrees(wanted, value))
        };
        name == self.name && self.fields.iter().all(same)
    }
}

/// Whether a figure (or word) is what a table says it is.
pub(super) fn agrees(wanted: &str, found: &str) -> bool {
    let wanted = wanted.replace('_', "");
    let found = found.replace('_', "");
    if let Some(beginning) = wanted.strip_suffix("..") {
        return found.starts_with(beginning);
    }
    match (exact(&wanted), exact(&found)) {
        (Ok(wanted), Ok(found)) => wanted == found,
        _ => wanted == found,
    }
}

/// An effect as a table would write it: `Deposited alice USD 100`; from the fourth field on with
/// the names of the fields.
#[must_use]
pub fn describe(effect: &Effect, names: &Names) -> String {
    let (name, values) = values(effect, names);
    let keys = shape(name).map_or(&[][..], |(_, keys)| keys);
    let mut text = String::from(name);
    for (place, value) in values.iter().enumerate() {
        text.push(' ');
        if place >= 3
            && let Some(key) = keys.get(place)
        {
            text.push_str(key);
            text.push('=');
        }
        text.push_str(value);
    }
    text
}

fn role(feed: Feed) -> String {
    let word = match feed.role {
        FeedRole::Index => "index",
        FeedRole::Mark => "mark",
        FeedRole::Last => "last",
    };
    word.to_owned()
}

fn stage(stage: Stage) -> String {
    let word = match stage {
        Stage::Partial => "partial",
        Stage::FullClose => "full_close",
        Stage::Waterfall => "waterfall",
    };
    word.to_owned()
}

fn reason(reason: SkipReason) -> String {
    let word = match reason {
        SkipReason::InstrumentHalted => "instrument_halted",
        SkipReason::DepthExhausted => "depth_exhausted",
    };
    word.to_owned()
}

fn outcome(outcome: Outcome) -> String {
    let word = match outcome {
        Outcome::Released => "released",
        Outcome::ClosedOut => "closed_out",
        Outcome::Bankrupt => "bankrupt",
    };
    word.to_owned()
}

fn worth(value: domain::Value) -> String {
    text(value.units(), VALUE_DIGITS)
}

fn weighted(value: domain::Weighted) -> String {
    text(value.units(), WEIGHTED_DIGITS)
}

fn rate(rate: Rate) -> String {
    text(rate.wide(), RATE_DIGITS)
}

fn index(index: i128) -> String {
    text(index, VALUE_DIGITS)
}

fn funding_index(names: &Names, instrument: InstrumentId, index: i128) -> String {
    text(index, names.price_decimals(instrument) + FUNDING_DIGITS)
}

/// Name and fields of an effect, in the order of its shape.
fn values(effect: &Effect, names: &Names) -> (&'static str, Vec<String>) {
    match *effect {
        Effect::Refused { refusal } => ("Refused", vec![refusal.word().to_owned()]),
        Effect::RulebookAdopted { assets, instruments } => {
            ("RulebookAdopted", vec![assets.to_string(), instruments.to_string()])
        }
        Effect::AccountOpened { account } => ("AccountOpened", vec![names.account(account)]),
        Effect::InstrumentHalted { instrument } => {
            ("InstrumentHalted", vec![names.instrument(instrument)])
        }
        Effect::InstrumentResumed { instrument } => {
            ("InstrumentResumed", vec![names.instrument(instrument)])
        }
        Effect::InstrumentExpired { instrument, price } => {
            let price = names.price(Feed::mark(instrument), price);
            ("InstrumentExpired", vec![names.instrument(instrument), price])
        }
        Effect::CascadeLimited { waves, waiting } => {
            ("CascadeLimited", vec![waves.to_string(), waiting.to_string()])
        }
        _ => moved(effect, names),
    }
}

/// Effects that move money or positions on a command.
fn moved(effect: &Effect, names: &Names) -> (&'static str, Vec<String>) {
    let held = |name, account, asset, amount| {
        let row = [names.account(account), names.asset(asset), names.amount(asset, amount)];
        (name, row.to_vec())
    };
    match *effect {
        Effect::Deposited { account, asset, amount } => held("Deposited", account, asset, amount),
        Effect::Withdrawn { account, asset, amount } => held("Withdrawn", account, asset, amount),
        Effect::FeeCharged { account, asset, amount } => held("FeeCharged", account, asset, amount),
        Effect::LiquidationFeeCharged { account, asset, amount } => {
            held("LiquidationFeeCharged", account, asset, amount)
        }
        Effect::InterestPosted { account, asset, amount } => {
            held("InterestPosted", account, asset, amount)
        }
        Effect::AssetTransferred { from, to, asset, amount } => {
            let amount = names.amount(asset, amount);
            let row = vec![names.account(from), names.account(to), names.asset(asset), amount];
            ("AssetTransferred", row)
        }
        Effect::CapitalPaidIn { asset, amount } => {
            ("CapitalPaidIn", vec![names.asset(asset), names.amount(asset, amount)])
        }
        Effect::Novated { instrument, buyer, seller, quantity, price } => {
            let row = vec![
                names.account(buyer),
                names.account(seller),
                names.instrument(instrument),
                names.quantity(instrument, quantity),
                names.price(Feed::mark(instrument), price),
            ];
            ("Novated", row)
        }
        Effect::PnlRealised { holder, instrument, amount } => {
            let amount = names.settled(instrument, amount);
            ("PnlRealised", vec![names.holder(holder), names.instrument(instrument), amount])
        }
        Effect::FundingPosted { holder, instrument, amount } => {
            let amount = names.settled(instrument, amount);
            ("FundingPosted", vec![names.holder(holder), names.instrument(instrument), amount])
        }
        _ => published(effect, names),
    }
}

/// Effects of what the market says.
fn published(effect: &Effect, names: &Names) -> (&'static str, Vec<String>) {
    match *effect {
        Effect::InterestIndexMoved { asset, borrow_index, deposit_index, fee } => {
            let fee = names.amount(asset, fee);
            let row = vec![names.asset(asset), index(borrow_index), index(deposit_index), fee];
            ("InterestIndexMoved", row)
        }
        Effect::PricePublished { feed, price } => {
            let row = vec![role(feed), names.target(feed), names.price(feed, price)];
            ("PricePublished", row)
        }
        Effect::PriceFlagged { feed, price, mark } => {
            let (price, mark) = (names.price(feed, price), names.price(feed, mark));
            ("PriceFlagged", vec![role(feed), names.target(feed), price, mark])
        }
        Effect::FundingIndexMoved { instrument, rate: moved, index } => {
            let index = funding_index(names, instrument, index);
            ("FundingIndexMoved", vec![names.instrument(instrument), rate(moved), index])
        }
        _ => pushed(effect, names),
    }
}

/// Effects of finite depth.
fn pushed(effect: &Effect, names: &Names) -> (&'static str, Vec<String>) {
    match *effect {
        Effect::DepthPublished { instrument, venue, depth } => {
            let row = vec![names.instrument(instrument), venue.to_string(), Names::quote(depth)];
            ("DepthPublished", row)
        }
        Effect::DepthLevelFell { instrument, level } => {
            ("DepthLevelFell", vec![names.instrument(instrument), index(level)])
        }
        Effect::ImpactMoved { instrument, wave, permanent, transient, gap, edges } => {
            let row = vec![
                names.instrument(instrument),
                wave.to_string(),
                index(permanent),
                index(transient),
                index(gap),
                index(edges[0]),
                index(edges[1]),
            ];
            ("ImpactMoved", row)
        }
        Effect::MarkMoved { instrument, wave, recorded, mark } => {
            let price = |price| names.price(Feed::mark(instrument), price);
            let row =
                vec![names.instrument(instrument), wave.to_string(), price(recorded), price(mark)];
            ("MarkMoved", row)
        }
        Effect::IndexMoved { asset, wave, recorded, price } => {
            let text = |price| names.price(Feed::index(asset), price);
            let row = vec![names.asset(asset), wave.to_string(), text(recorded), text(price)];
            ("IndexMoved", row)
        }
        Effect::LiquidationTraced { account, induced, wrongful, cause, least } => {
            let row = vec![
                names.account(account),
                cause.map_or_else(|| "none".to_owned(), |cause| names.instrument(cause)),
                induced.to_string(),
                wrongful.to_string(),
                worth(least),
            ];
            ("LiquidationTraced", row)
        }
        _ => liquidated(effect, names),
    }
}

/// Effects of liquidations.
fn liquidated(effect: &Effect, names: &Names) -> (&'static str, Vec<String>) {
    match *effect {
        Effect::LiquidationStarted { account, wave, equity, adjusted_equity, maintenance } => {
            let row = vec![
                names.account(account),
                wave.to_string(),
                worth(equity),
                weighted(adjusted_equity),
                weighted(maintenance),
            ];
            ("LiquidationStarted", row)
        }
        Effect::PositionReduced {
            account,
            instrument,
            stage: at,
            quantity,
            quote,
            mark,
            notional,
        } => {
            let row = vec![
                names.account(account),
                names.instrument(instrument),
                stage(at),
                names.quantity(instrument, quantity),
                Names::quote(quote),
                names.price(Feed::mark(instrument), mark),
                worth(notional),
            ];
            ("PositionReduced", row)
        }
        Effect::CollateralSold { account, asset, amount, debt_asset, proceeds } => {
            let row = vec![
                names.account(account),
                names.asset(asset),
                names.amount(asset, amount),
                names.asset(debt_asset),
                names.amount(debt_asset, proceeds),
            ];
            ("CollateralSold", row)
        }
        Effect::StepSkipped { account, stage: at, reason: why } => {
            ("StepSkipped", vec![names.account(account), stage(at), reason(why)])
        }
        Effect::LiquidationEnded { account, outcome: end } => {
            ("LiquidationEnded", vec![names.account(account), outcome(end)])
        }
        _ => absorbed(effect, names),
    }
}

/// Effects of the default waterfall.
fn absorbed(effect: &Effect, names: &Names) -> (&'static str, Vec<String>) {
    let paid = |name, account, asset, amount, value| {
        let amount = names.amount(asset, amount);
        (name, vec![names.account(account), names.asset(asset), amount, worth(value)])
    };
    match *effect {
        Effect::DeficitRecognised { account, asset, value } => {
            let row = vec![names.account(account), names.asset(asset), worth(value)];
            ("DeficitRecognised", row)
        }
        Effect::InsuranceDrawn { account, asset, amount, value } => {
            paid("InsuranceDrawn", account, asset, amount, value)
        }
        Effect::LossSocialised { account, asset, amount, value } => {
            paid("LossSocialised", account, asset, amount, value)
        }
        Effect::LossUncovered { account, asset, amount, value } => {
            paid("LossUncovered", account, asset, amount, value)
        }
        Effect::Deleveraged { account, winner, instrument, quantity, quote } => {
            let row = vec![
                names.account(account),
                names.account(winner),
                names.instrument(instrument),
                names.quantity(instrument, quantity),
                Names::quote(quote),
            ];
            ("Deleveraged", row)
        }
        Effect::DeficitDeleveraged { account, instrument, value } => {
            let row = vec![names.account(account), names.instrument(instrument), worth(value)];
            ("DeficitDeleveraged", row)
        }
        other => selling(&other, names),
    }
}

/// Effects of rulebooks that choose how accounts are sold out.
fn selling(effect: &Effect, names: &Names) -> (&'static str, Vec<String>) {
    match *effect {
        Effect::StageRaised { account, stage: at, reason } => {
            let word = match reason {
                RaiseReason::Toxic => "toxic",
                RaiseReason::NoBidder => "no_bidder",
                RaiseReason::CloseOutLine => "close_out_line",
            };
            ("StageRaised", vec![names.account(account), stage(at), word.to_owned()])
        }
        Effect::StepPostponed { account, until, reason } => {
            let word = match reason {
                WaitReason::Keepers => "keepers",
                WaitReason::Auction => "auction",
                WaitReason::Clip => "clip",
                WaitReason::Share => "share",
                WaitReason::Cooldown => "cooldown",
                WaitReason::Cap => "cap",
            };
            let until = text(i128::from(until.since(BEGINS_AT).nanos()), 9);
            ("StepPostponed", vec![names.account(account), until, word.to_owned()])
        }
        Effect::PositionTakenOver { account, backstop, instrument, quantity, quote } => {
            let row = vec![
                names.account(account),
                names.account(backstop),
                names.instrument(instrument),
                names.quantity(instrument, quantity),
                Names::quote(quote),
            ];
            ("PositionTakenOver", row)
        }
        Effect::CollateralSeized { account, asset, amount } => {
            let row = vec![names.account(account), names.asset(asset), names.amount(asset, amount)];
            ("CollateralSeized", row)
        }
        // Every other effect was named above; an effect added later prints as it is.
        other => ("Effect", vec![format!("{other:?}")]),
    }
}
