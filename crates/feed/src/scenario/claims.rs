//! State lines: what is held once the lines before are done.

use domain::{AccountId, Amount, AssetId, Feed, FeedRole, Holder, InstrumentId, Price, Quantity};

use super::names::Names;
use super::parse::Reader;
use super::words::Words;
use crate::error::FeedError;

/// Figures that an account can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Balances at index plus unrealised PnL.
    Equity,
    /// Equity after haircuts and liability weights.
    AdjustedEquity,
    /// Margin needed to open or withdraw.
    Initial,
    /// Margin where a liquidation stops.
    Release,
    /// Margin needed to be left alone.
    Maintenance,
    /// Adjusted equity over maintenance margin.
    MarginRatio,
}

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not being liquidated.
    Calm,
    /// Being sold out, waiting for a pulse.
    Liquidating,
}

/// One statement about the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// A balance as last posted.
    Balance(Holder, AssetId, Amount),
    /// A position's quantity; zero where none is open.
    Position(Holder, InstrumentId, Quantity),
    /// What an account's open position was entered for, at 1e-16 of the settlement asset.
    Cost(Holder, InstrumentId, i128),
    /// A figure of an account, as written.
    Figure(Figure, AccountId, String),
    /// Where an account stands.
    Status(AccountId, Status),
    /// The accounts that wait for a pulse, ascending.
    Queue(Vec<AccountId>),
    /// The last good price of a stream; zero before the first.
    Price(Feed, Price),
}

/// The first words of state lines.
pub(super) const CLAIMS: &[&str] = &[
    "balances",
    "positions",
    "costs",
    "equity",
    "adjusted_equity",
    "initial",
    "release",
    "maintenance",
    "margin_ratio",
    "status",
    "queue",
    "prices",
];

/// Reads a state line: a kind, then items divided by commas; an item may name another kind.
pub(super) fn parse(reader: &Reader<'_>, whole: &str) -> Result<Vec<Claim>, FeedError> {
    let mut head = reader.words(whole, whole);
    let mut kind = head.word("a state line such as balances")?;
    if kind == "queue" {
        return Ok(vec![queue(reader, head)?]);
    }
    let mut claims = Vec::new();
    for part in head.remainder().split(',') {
        let mut words = reader.words(whole, part);
        if words.peek().is_some_and(|word| CLAIMS.contains(&word)) {
            kind = words.word("a kind")?;
        }
        claims.push(claim(&reader.names, kind, &mut words)?);
        words.end()?;
    }
    Ok(claims)
}

fn claim(names: &Names, kind: &str, words: &mut Words<'_>) -> Result<Claim, FeedError> {
    let figure = match kind {
        "balances" => {
            let holder = holder(names, words)?;
            let asset = asset(names, words)?;
            let amount = words.number("an amount", names.decimals(asset))?;
            return Ok(Claim::Balance(holder, asset, Amount::new(amount)));
        }
        "positions" => {
            let holder = holder(names, words)?;
            let instrument = instrument(names, words)?;
            let quantity = words.narrow("a quantity", names.quantity_decimals(instrument))?;
            return Ok(Claim::Position(holder, instrument, Quantity::new(quantity)));
        }
        "costs" => {
            let holder = holder(names, words)?;
            let instrument = instrument(names, words)?;
            let cost = words.number("a cost", super::names::VALUE_DIGITS)?;
            return Ok(Claim::Cost(holder, instrument, cost));
        }
        "status" => {
            let account = account(names, words)?;
            let word = words.word("calm or liquidating")?;
            return match word {
                "calm" => Ok(Claim::Status(account, Status::Calm)),
                "liquidating" => Ok(Claim::Status(account, Status::Liquidating)),
                _ => Err(words.wrong(word, "calm or liquidating")),
            };
        }
        "prices" => {
            let feed = feed(names, words)?;
            let digits = price_digits(names, feed);
            return Ok(Claim::Price(feed, Price::new(words.narrow("a price", digits)?)));
        }
        "equity" => Figure::Equity,
        "adjusted_equity" => Figure::AdjustedEquity,
        "initial" => Figure::Initial,
        "release" => Figure::Release,
        "maintenance" => Figure::Maintenance,
        _ => Figure::MarginRatio,
    };
    let account = account(names, words)?;
    Ok(Claim::Figure(figure, account, words.word("a figure")?.to_owned()))
}

fn queue(reader: &Reader<'_>, mut words: Words<'_>) -> Result<Claim, FeedError> {
    let mut accounts = Vec::new();
    if words.take("none") {
        words.end()?;
        return Ok(Claim::Queue(accounts));
    }
    while words.peek().is_some() {
        accounts.push(account(&reader.names, &mut words)?);
    }
    Ok(Claim::Queue(accounts))
}

/// Takes the name of an account.
pub(super) fn account(names: &Names, words: &mut Words<'_>) -> Result<AccountId, FeedError> {
    let word = words.word("an account")?;
    names.find_account(word).ok_or_else(|| words.wrong(word, "an account opened before"))
}

fn holder(names: &Names, words: &mut Words<'_>) -> Result<Holder, FeedError> {
    let word = words.word("an account")?;
    let client = names.find_account(word).map(Holder::Client);
    client
        .or_else(|| Names::find_house(word).map(Holder::House))
        .ok_or_else(|| words.wrong(word, "an account opened before or one of the house"))
}

/// Takes the name of an asset.
pub(super) fn asset(names: &Names, words: &mut Words<'_>) -> Result<AssetId, FeedError> {
    let word = words.word("an asset")?;
    names.find_asset(word).ok_or_else(|| words.wrong(word, "an asset of the rulebook"))
}

/// Takes the name of an instrument.
pub(super) fn instrument(names: &Names, words: &mut Words<'_>) -> Result<InstrumentId, FeedError> {
    let word = words.word("an instrument")?;
    names.find_instrument(word).ok_or_else(|| words.wrong(word, "an instrument of the rulebook"))
}

fn feed(names: &Names, words: &mut Words<'_>) -> Result<Feed, FeedError> {
    let role = words.word("index, mark or last")?;
    match role {
        "index" => Ok(Feed::index(asset(names, words)?)),
        "mark" => Ok(Feed::mark(instrument(names, words)?)),
        "last" => Ok(Feed::last(instrument(names, words)?)),
        _ => Err(words.wrong(role, "index, mark or last")),
    }
}

/// Decimals of a feed's prices.
pub(super) fn price_digits(names: &Names, feed: Feed) -> u32 {
    match feed.role {
        FeedRole::Index => names.index_decimals(AssetId::new(feed.target)),
        FeedRole::Mark | FeedRole::Last => names.price_decimals(InstrumentId::new(feed.target)),
    }
}
