//! Command lines: `deposit alice USD 100`, `trade alice bob BTC-PERP 2 at 100`, and so on.

use domain::command::{
    Deposit, HaltInstrument, OpenAccount, PayInCapital, PublishDepth, PublishFunding, PublishPrice,
    RegisterTrade, ResumeInstrument, SetRulebook, TransferAsset, Withdraw,
};
use domain::{AccountId, Amount, Command, Feed, Price, Quantity, Quote, Rate, Ratio, Timestamp};

use super::Act;
use super::claims::{account, asset, instrument, price_digits};
use super::names::VALUE_DIGITS;
use super::parse::Reader;
use super::words::Words;
use crate::decimal::RATE_DIGITS;
use crate::error::{FeedError, FeedErrors};
use crate::rulebook::{span, with_overrides};

/// Reads the command of a line, `pulse` aside.
pub(super) fn parse(reader: &mut Reader<'_>, words: &mut Words<'_>) -> Result<Command, FeedErrors> {
    let verb = words.word("a command such as deposit")?;
    let command = match verb {
        "open" => open(reader, words)?,
        "deposit" => deposit(reader, words)?,
        "withdraw" => withdraw(reader, words)?,
        "transfer" => transfer(reader, words)?,
        "capital" => capital(reader, words)?,
        "trade" => trade(reader, words)?,
        "index" | "mark" | "last" => publish(reader, verb, words)?,
        "depth" => depth(reader, words)?,
        "funding" => funding(reader, words)?,
        "halt" => HaltInstrument { instrument: instrument(&reader.names, words)? }.into(),
        "resume" => ResumeInstrument { instrument: instrument(&reader.names, words)? }.into(),
        "set" => return set(reader, words),
        _ => {
            let expected = "open, deposit, withdraw, transfer, capital, trade, index, mark, last, \
                depth, funding, halt, resume, set or pulse";
            return Err(words.wrong(verb, expected).into());
        }
    };
    words.end()?;
    Ok(command)
}

/// `open alice`: the next account, under this name from now on.
fn open(reader: &mut Reader<'_>, words: &mut Words<'_>) -> Result<Command, FeedError> {
    let name = words.word("a name")?;
    let numbered = name.starts_with('@').then(|| reader.names.find_account(name)).flatten();
    let account = match numbered {
        Some(account) => account,
        None => reader.name_account(words, name)?,
    };
    Ok(OpenAccount { account }.into())
}

fn amount_of(
    reader: &Reader<'_>,
    words: &mut Words<'_>,
) -> Result<(domain::AssetId, Amount), FeedError> {
    let asset = asset(&reader.names, words)?;
    let amount = words.number("an amount", reader.names.decimals(asset))?;
    Ok((asset, Amount::new(amount)))
}

/// `deposit alice USD 100`; a name met here for the first time is opened before.
fn deposit(reader: &mut Reader<'_>, words: &mut Words<'_>) -> Result<Command, FeedError> {
    if let Some(name) = words.peek().filter(|name| reader.names.find_account(name).is_none()) {
        reader.open_account(words, name)?;
    }
    let account = account(&reader.names, words)?;
    let (asset, amount) = amount_of(reader, words)?;
    Ok(Deposit { account, asset, amount }.into())
}

fn withdraw(reader: &Reader<'_>, words: &mut Words<'_>) -> Result<Command, FeedError> {
    let account = account(&reader.names, words)?;
    let (asset, amount) = amount_of(reader, words)?;
    Ok(Withdraw { account, asset, amount }.into())
}

fn transfer(reader: &Reader<'_>, words: &mut Words<'_>) -> Result<Command, FeedError> {
    let from = account(&reader.names, words)?;
    let to = account(&reader.names, words)?;
    let (asset, amount) = amount_of(reader, words)?;
    Ok(TransferAsset { from, to, asset, amount }.into())
}

fn capital(reader: &Reader<'_>, words: &mut Words<'_>) -> Result<Command, FeedError> {
    let (asset, amount) = amount_of(reader, words)?;
    Ok(PayInCapital { asset, amount }.into())
}

/// `trade BUYER SELLER INSTRUMENT QUANTITY at PRICE [fees BUYER SELLER]`.
fn trade(reader: &Reader<'_>, words: &mut Words<'_>) -> Result<Command, FeedError> {
    let names = &reader.names;
    let buyer = account(names, words)?;
    let seller = account(names, words)?;
    let instrument = instrument(names, words)?;
    let quantity = words.narrow("a quantity", names.quantity_decimals(instrument))?;
    if !words.take("at") {
        let word = words.word("at and a price")?;
        return Err(words.wrong(word, "at and a price"));
    }
    let price = words.narrow("a price", names.price_decimals(instrument))?;
    let mut fees = [Amount::ZERO; 2];
    if words.take("fees") {
        let digits = names.settles(instrument).map_or(0, |asset| names.decimals(asset));
        for fee in &mut fees {
            *fee = Amount::new(words.number("two fees", digits)?);
        }
    }
    let [buyer_fee, seller_fee] = fees;
    let trade = RegisterTrade {
        buyer,
        seller,
        instrument,
        quantity: Quantity::new(quantity),
        price: Price::new(price),
        buyer_fee,
        seller_fee,
    };
    Ok(trade.into())
}

/// `mark BTC-PERP 100 [confidence 1] [source 2] [ago 10s] [ahead 10s]`.
fn publish(reader: &Reader<'_>, verb: &str, words: &mut Words<'_>) -> Result<Command, FeedError> {
    let names = &reader.names;
    let feed = match verb {
        "index" => Feed::index(asset(names, words)?),
        "mark" => Feed::mark(instrument(names, words)?),
        _ => Feed::last(instrument(names, words)?),
    };
    let digits = price_digits(names, feed);
    let price = Price::new(words.narrow("a price", digits)?);
    let (mut confidence, mut source, mut published_at) = (Price::new(0), 0, reader.now);
    while words.peek().is_some() {
        let word = words.word("confidence, source, ago or ahead")?;
        match word {
            "confidence" => confidence = Price::new(words.narrow("a price", digits)?),
            "source" => {
                let number = words.whole_number("a number of a source")?;
                source = u32::try_from(number).unwrap_or(u32::MAX);
            }
            "ago" | "ahead" => {
                let text = words.word("a span such as 10s")?;
                let wrong = || words.wrong(text, "a span such as 10s");
                let nanos = span(text).ok_or_else(wrong)?.nanos();
                let nanos = if word == "ago" { -nanos } else { nanos };
                let at = reader.now.nanos().saturating_add(nanos);
                published_at = Timestamp::from_nanos(at);
            }
            _ => return Err(words.wrong(word, "confidence, source, ago or ahead")),
        }
    }
    Ok(PublishPrice { feed, source, price, confidence, published_at }.into())
}

/// `depth BTC-PERP 0 1_000_000 [spread 0.0001]`: a venue by its place, and its depth.
fn depth(reader: &Reader<'_>, words: &mut Words<'_>) -> Result<Command, FeedError> {
    let instrument = instrument(&reader.names, words)?;
    let venue = words.whole_number("the place of a venue")?;
    let venue = u16::try_from(venue).unwrap_or(u16::MAX);
    let depth = Quote::new(words.number("a depth", VALUE_DIGITS)?);
    let mut parts = 0;
    if words.take("spread") {
        parts = words.number("a half spread", 6)?;
    }
    let half_spread = Ratio::from_parts(u64::try_from(parts).unwrap_or(u64::MAX));
    let published_at = reader.now;
    let publish = PublishDepth { instrument, venue, source: 0, depth, half_spread, published_at };
    Ok(publish.into())
}

fn funding(reader: &Reader<'_>, words: &mut Words<'_>) -> Result<Command, FeedError> {
    let instrument = instrument(&reader.names, words)?;
    let rate = Rate::new(words.narrow("a rate", RATE_DIGITS)?);
    Ok(PublishFunding { instrument, rate }.into())
}

/// `set limits.steps_per_event=2 ; oracle.stale_after=1h`: the rulebook in force with other
/// figures. `set again` sends the rulebook as it is.
fn set(reader: &mut Reader<'_>, words: &mut Words<'_>) -> Result<Command, FeedErrors> {
    let text = words.remainder();
    let mut rulebook = reader.rulebook.clone();
    if text != "again" {
        let overrides: Vec<String> = text.split(';').map(|part| part.trim().to_owned()).collect();
        let placed = |mut errors: FeedErrors| {
            for error in &mut errors.errors {
                let path = error.place.path.take();
                *error.place = *words.wrong(text, "").place;
                error.place.path = path;
            }
            errors
        };
        rulebook = with_overrides(&rulebook, &overrides).map_err(placed)?;
    }
    Ok(SetRulebook { rulebook }.into())
}

impl Reader<'_> {
    /// Opens the next account under a name, as a line of its own.
    pub(super) fn open_account(&mut self, words: &Words<'_>, name: &str) -> Result<(), FeedError> {
        let account = self.name_account(words, name)?;
        let act = Act::Send { at: self.now, command: OpenAccount { account }.into() };
        self.push(format!("accounts {name}"), act, None);
        Ok(())
    }

    /// Gives the next account a name.
    pub(super) fn name_account(
        &mut self,
        words: &Words<'_>,
        name: &str,
    ) -> Result<AccountId, FeedError> {
        let free = self.names.find_account(name).is_none()
            && super::Names::find_house(name).is_none()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if free {
            let number = self.names.accounts.len() as u64;
            self.names.accounts.push(name.to_owned());
            Ok(AccountId::new(number))
        } else {
            let found = format!("{name:?}");
            Err(words.fault("scenario.name", name, "a new name of letters and digits", &found))
        }
    }
}
