//! JSON lines to external commands.
//!
//! A line is a command (`{"deposit": {...}}`), or a row of a log with `timestamp`, `producer`,
//! `producer_seq` and `command`; rows of the house's own pulses are passed over, because the
//! machine asks for them again. Law: what stands in a line is understood whole or refused whole.

use std::collections::BTreeMap;

use domain::command::{
    BaselineImpact, Deposit, Genesis, HaltInstrument, OpenAccount, PayInCapital, PublishDepth,
    PublishFunding, PublishPrice, PublishPriceWithBaseline, RegisterTrade, ResumeInstrument,
    SetRulebook, TransferAsset, Withdraw,
};
use domain::event::HOUSE_PRODUCER;
use domain::{
    Amount, AssetId, Command, Feed, InstrumentId, Price, Quantity, Quote, Rate, Ratio, Rulebook,
    Timestamp,
};
use feed::error::{FeedError, FeedErrors};
use runtime::ExternalCommand;
use serde_json::Value;

use super::fields::{Fields, fault};
use super::names::Names;
use crate::engine::PRODUCER;

/// Reads lines one after the other: counts, times and names carry over from line to line.
#[derive(Debug)]
pub struct LineReader {
    rulebook: Option<Rulebook>,
    counts: BTreeMap<u32, u64>,
    time: Option<Timestamp>,
}

impl LineReader {
    /// Names are those of a rulebook until a line puts another in force. The usual producer's first
    /// count belongs to genesis, whether a line holds it or not.
    pub fn under(rulebook: &Rulebook) -> LineReader {
        let counts = BTreeMap::from([(PRODUCER, 1)]);
        LineReader { rulebook: Some(rulebook.clone()), counts, time: None }
    }

    /// The command of a line; `None` for a blank line and for the house's own pulses.
    ///
    /// # Errors
    /// What was not understood, with its path.
    pub fn read(&mut self, line: &str) -> Result<Option<ExternalCommand>, FeedErrors> {
        if line.trim().is_empty() {
            return Ok(None);
        }
        let value: Value = serde_json::from_str(line)
            .map_err(|error| fault("", "a JSON object on the line", error.to_string()))?;
        let mut fields = Fields::of("", value)?;
        if !fields.has("command") {
            let (word, body) = fields.only()?;
            let command = self.command(&word, Fields::of(&word, body)?)?;
            return Ok(Some(self.sent(PRODUCER, None, None, command)));
        }
        let body = Fields::of("command", fields.required("command")?)?;
        let producer: u32 = fields.number_or("producer", PRODUCER)?;
        let count =
            if fields.has("producer_seq") { Some(fields.number("producer_seq")?) } else { None };
        let time = if fields.has("timestamp") { Some(fields.time("timestamp")?) } else { None };
        for told in ["sequence", "effects"] {
            fields.optional(told);
        }
        fields.end()?;
        if producer == HOUSE_PRODUCER {
            return Ok(None);
        }
        let (word, body) = body.only()?;
        let command = self.command(&word, Fields::of(&format!("command.{word}"), body)?)?;
        Ok(Some(self.sent(producer, count, time, command)))
    }

    fn sent(
        &mut self,
        producer: u32,
        count: Option<u64>,
        time: Option<Timestamp>,
        command: Command,
    ) -> ExternalCommand {
        let last = self.counts.entry(producer).or_default();
        let next = if matches!(command, Command::Genesis(_)) { 1 } else { *last + 1 };
        let producer_seq = count.unwrap_or(next);
        *last = producer_seq;
        let own = match &command {
            Command::PublishPrice(asked) => Some(asked.published_at),
            _ => None,
        };
        let wish = time.or(own).or(self.time).unwrap_or(Timestamp::START);
        self.time = Some(wish);
        ExternalCommand { producer, producer_seq, wish, command }
    }

    fn command(&mut self, word: &str, mut fields: Fields) -> Result<Command, FeedErrors> {
        let command = match word {
            "genesis" | "set_rulebook" => self.rules(word, &mut fields)?,
            _ => self.plain(word, &mut fields)?,
        };
        fields.end()?;
        Ok(command)
    }

    fn rules(&mut self, word: &str, fields: &mut Fields) -> Result<Command, FeedErrors> {
        let text = fields.text("rulebook")?;
        let rulebook = feed::rulebook::parse("rulebook", &text)?;
        self.rulebook = Some(rulebook.clone());
        Ok(if word == "genesis" {
            let semantics = fields.number_or("semantics", clearing::SEMANTICS)?;
            let seal_interval = fields.number_or("seal_interval", 4_096)?;
            Genesis { semantics, seal_interval, rulebook }.into()
        } else {
            SetRulebook { rulebook }.into()
        })
    }

    fn plain(&self, word: &str, fields: &mut Fields) -> Result<Command, FeedError> {
        let names = Names(self.rulebook.as_ref());
        Ok(match word {
            "open_account" => OpenAccount { account: fields.account("account")? }.into(),
            "deposit" | "withdraw" | "pay_in_capital" | "transfer_asset" => {
                return self.money(word, fields);
            }
            "register_trade" => {
                let instrument = self.instrument(fields)?;
                let places = names.quantity_places(instrument);
                let decimals = self.settlement_decimals(instrument);
                let fee = |fields: &mut Fields, name: &str| {
                    if fields.has(name) { fields.wide(name, decimals) } else { Ok(0) }
                };
                RegisterTrade {
                    buyer: fields.account("buyer")?,
                    seller: fields.account("seller")?,
                    instrument,
                    quantity: Quantity::new(fields.narrow("quantity", places)?),
                    price: Price::new(fields.narrow("price", names.price_places(instrument))?),
                    buyer_fee: Amount::new(fee(fields, "buyer_fee")?),
                    seller_fee: Amount::new(fee(fields, "seller_fee")?),
                }
                .into()
            }
            "publish_price" => self.price(fields)?.into(),
            "publish_price_with_baseline" => self.with_baseline(fields)?,
            "publish_depth" => self.depth(fields)?,
            "publish_funding" => {
                let instrument = self.instrument(fields)?;
                PublishFunding { instrument, rate: Rate::new(fields.narrow("rate", 12)?) }.into()
            }
            "halt_instrument" => HaltInstrument { instrument: self.instrument(fields)? }.into(),
            "resume_instrument" => ResumeInstrument { instrument: self.instrument(fields)? }.into(),
            "pulse" => domain::command::Pulse {}.into(),
            other => {
                let known: Vec<&str> = Command::KINDS.iter().map(|(_, word)| *word).collect();
                return Err(fault(other, format!("one of {}", known.join(", ")), other));
            }
        })
    }

    fn money(&self, word: &str, fields: &mut Fields) -> Result<Command, FeedError> {
        let asset = self.asset(fields, "asset")?;
        let amount = fields.wide("amount", Names(self.rulebook.as_ref()).decimals(asset))?;
        let amount = Amount::new(amount);
        Ok(match word {
            "deposit" => Deposit { account: fields.account("account")?, asset, amount }.into(),
            "withdraw" => Withdraw { account: fields.account("account")?, asset, amount }.into(),
            "pay_in_capital" => PayInCapital { asset, amount }.into(),
            _ => {
                let (from, to) = (fields.account("from")?, fields.account("to")?);
                TransferAsset { from, to, asset, amount }.into()
            }
        })
    }

    fn price(&self, fields: &mut Fields) -> Result<PublishPrice, FeedError> {
        let role = fields.text("role")?;
        let feed = match role.as_str() {
            "index" => Feed::index(self.asset(fields, "of")?),
            "mark" => Feed::mark(self.instrument_at(fields, "of")?),
            "last" => Feed::last(self.instrument_at(fields, "of")?),
            _ => return Err(fields.wrong("role", "index, mark or last", &Value::String(role))),
        };
        let places = Names(self.rulebook.as_ref()).feed_places(feed);
        let confidence =
            if fields.has("confidence") { fields.narrow("confidence", places)? } else { 0 };
        let published_at = if fields.has("published_at") {
            fields.time("published_at")?
        } else {
            self.time.unwrap_or(Timestamp::START)
        };
        Ok(PublishPrice {
            feed,
            source: fields.number_or("source", 0)?,
            price: Price::new(fields.narrow("price", places)?),
            confidence: Price::new(confidence),
            published_at,
        })
    }

    fn with_baseline(&self, fields: &mut Fields) -> Result<Command, FeedError> {
        let mut inner = Fields::of("price", fields.required("price")?)?;
        let price = self.price(&mut inner)?;
        inner.end()?;
        let rows = match fields.required("baseline")? {
            Value::Array(rows) => rows,
            other => return Err(fields.wrong("baseline", "a list", &other)),
        };
        let rows = rows.into_iter().map(|row| {
            let mut row = Fields::of("baseline", row)?;
            let item = BaselineImpact {
                instrument: self.instrument(&mut row)?,
                wave: row.number("wave")?,
                permanent: row.wide("permanent", 16)?,
                transient: row.wide("transient", 16)?,
                gap: row.wide("gap", 16)?,
                since: row.time("since")?,
            };
            row.end().map(|()| item)
        });
        let baseline = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(PublishPriceWithBaseline { price, baseline }.into())
    }

    fn depth(&self, fields: &mut Fields) -> Result<Command, FeedError> {
        let published_at = match fields.has("published_at") {
            true => fields.time("published_at")?,
            false => self.time.unwrap_or(Timestamp::START),
        };
        let half_spread = fields.text("half_spread")?;
        let parts = half_spread.split_once('/');
        let parts = parts.and_then(|(over, under)| over.parse().ok().zip(under.parse().ok()));
        let share = parts.and_then(|(over, under)| Ratio::new(over, under)).ok_or_else(|| {
            let expected = "a fraction such as \"1/10000\"";
            fields.wrong("half_spread", expected, &Value::String(half_spread))
        })?;
        Ok(PublishDepth {
            instrument: self.instrument(fields)?,
            venue: fields.number("venue")?,
            source: fields.number_or("source", 0)?,
            depth: Quote::new(fields.wide("depth", 16)?),
            half_spread: share,
            published_at,
        }
        .into())
    }

    fn asset(&self, fields: &mut Fields, name: &str) -> Result<AssetId, FeedError> {
        let find = |text: &str| Some(self.rulebook.as_ref()?.asset_named(text)?.number());
        fields.named(name, "asset", find).map(AssetId::new)
    }

    fn instrument(&self, fields: &mut Fields) -> Result<InstrumentId, FeedError> {
        self.instrument_at(fields, "instrument")
    }

    fn instrument_at(&self, fields: &mut Fields, name: &str) -> Result<InstrumentId, FeedError> {
        let find = |text: &str| Some(self.rulebook.as_ref()?.instrument_named(text)?.number());
        fields.named(name, "instrument", find).map(InstrumentId::new)
    }

    fn settlement_decimals(&self, instrument: InstrumentId) -> u32 {
        let names = Names(self.rulebook.as_ref());
        let rules = self.rulebook.as_ref().and_then(|rulebook| rulebook.instrument(instrument));
        rules.map_or(0, |rules| names.decimals(rules.settles))
    }
}

#[cfg(test)]
mod tests {
    //! Goal: every command reads back as it was written, and nothing half understood passes.
    //! Method: the commands of one of each kind; a table of broken lines.

    use domain::{AccountId, Event, Sequence};

    use super::*;
    use crate::rows::command;

    const RULEBOOK: &str = "schema = \"clearsim.rulebook/1\"\nnumeraire = \"USD\"\n\
        [assets.USD]\ndecimals = 2\nbalance_max = \"1000000\"\n\
        [assets.BTC]\ndecimals = 8\nprice_max = \"100000\"\nbalance_max = \"10\"\n\
        haircut = \"0.05\"\n[instruments.BTC-PERP]\nkind = \"perpetual\"\nsettles = \"USD\"\n\
        price_unit = \"1e-8\"\nquantity_unit = \"1e-8\"\nprice_max = \"100000\"\n\
        position_max = \"10\"\ninitial = \"0.02\"\nrelease = \"0.0125\"\n\
        maintenance = \"0.01\"\nslippage = \"0.005\"\n";

    fn reader() -> LineReader {
        LineReader::under(&feed::rulebook::parse("a.toml", RULEBOOK).expect("a sound rulebook"))
    }

    fn of_depth(instrument: InstrumentId, time: Timestamp) -> Vec<Command> {
        vec![
            PublishDepth {
                instrument,
                venue: 1,
                source: 4,
                depth: Quote::new(7),
                half_spread: Ratio::from_parts(100),
                published_at: time,
            }
            .into(),
            PublishPriceWithBaseline {
                price: PublishPrice {
                    feed: Feed::mark(instrument),
                    source: 2,
                    price: Price::new(5),
                    confidence: Price::new(1),
                    published_at: time,
                },
                baseline: vec![BaselineImpact {
                    instrument,
                    wave: 1,
                    permanent: 5,
                    transient: -7,
                    gap: 0,
                    since: time,
                }],
            }
            .into(),
        ]
    }

    #[test]
    fn what_is_written_reads_back() {
        let rulebook = feed::rulebook::parse("a.toml", RULEBOOK).expect("a sound rulebook");
        let (account, asset) = (AccountId::new(3), AssetId::new(1));
        let (instrument, amount) = (InstrumentId::new(0), Amount::new(12_345));
        let time = Timestamp::from_nanos(1_583_971_200_000_000_000);
        let commands: Vec<Command> = vec![
            Genesis { semantics: 1, seal_interval: 64, rulebook: rulebook.clone() }.into(),
            SetRulebook { rulebook: rulebook.clone() }.into(),
            OpenAccount { account }.into(),
            Deposit { account, asset, amount }.into(),
            Withdraw { account, asset: AssetId::new(9), amount }.into(),
            TransferAsset { from: account, to: AccountId::new(4), asset, amount }.into(),
            PayInCapital { asset, amount }.into(),
            RegisterTrade {
                buyer: account,
                seller: AccountId::new(4),
                instrument,
                quantity: Quantity::new(-7),
                price: Price::new(793_458_000_000),
                buyer_fee: Amount::new(1),
                seller_fee: Amount::new(0),
            }
            .into(),
            PublishPrice {
                feed: Feed::index(asset),
                source: 2,
                price: Price::new(5),
                confidence: Price::new(1),
                published_at: time,
            }
            .into(),
            PublishFunding { instrument, rate: Rate::new(-3_000_000_000) }.into(),
            HaltInstrument { instrument }.into(),
            ResumeInstrument { instrument }.into(),
            domain::command::Pulse {}.into(),
        ];
        let commands = [commands, of_depth(instrument, time)].concat();
        assert_eq!(commands.len(), Command::KINDS.len());
        let mut reader = reader();
        for (place, command) in (1..).zip(commands) {
            let event = Event {
                sequence: Sequence::new(place),
                timestamp: time,
                producer: 5,
                producer_seq: place,
                command: command.clone(),
            };
            let line = command::event(&Names(Some(&rulebook)), &event).to_string();
            let read = reader.read(&line).unwrap_or_else(|errors| panic!("{line}: {errors}"));
            let wanted = ExternalCommand { producer: 5, producer_seq: place, wish: time, command };
            assert_eq!(read, Some(wanted), "{line}");
        }
    }

    #[test]
    fn counts_and_times_carry_over() {
        let mut reader = reader();
        let mut read = |line: &str| reader.read(line).expect("a sound line");
        let first = read(r#"{"timestamp": 7, "command": {"open_account": {"account": 0}}}"#);
        assert_eq!(first.map(|one| (one.producer_seq, one.wish.nanos())), Some((2, 7)));
        let second = read(r#"{"deposit": {"account": 0, "asset": "USD", "amount": "1.5"}}"#);
        assert_eq!(second.map(|one| (one.producer_seq, one.wish.nanos())), Some((3, 7)));
        assert_eq!(read(r#"{"producer": 0, "command": {"pulse": {}}}"#), None);
        assert_eq!(read("  "), None);
    }

    #[test]
    fn broken_lines_are_refused_whole() {
        let table = [
            ("{", "expected a JSON object on the line"),
            ("[]", "expected an object, found []"),
            ("{}", "expected one command, found 0 fields"),
            (r#"{"lend": {}}"#, "expected one of genesis, set_rulebook"),
            (r#"{"open_account": {}}"#, "expected account, found nothing there"),
            (r#"{"open_account": {"account": -1}}"#, "expected a whole number, found -1"),
            (r#"{"open_account": {"account": 0, "name": 1}}"#, "expected no such field"),
            (
                r#"{"deposit": {"account": 0, "asset": "EUR", "amount": "1"}}"#,
                "expected a listed asset, or a number, found \"EUR\"",
            ),
            (
                r#"{"deposit": {"account": 0, "asset": "USD", "amount": 1}}"#,
                "expected a text in quotes, found 1",
            ),
            (
                r#"{"deposit": {"account": 0, "asset": "USD", "amount": "0.001"}}"#,
                "expected a multiple of the unit 1e-2",
            ),
            (
                r#"{"publish_price": {"role": "bid", "of": "BTC", "price": "1"}}"#,
                "expected index, mark or last, found \"bid\"",
            ),
            (r#"{"timestamp": "noon", "command": {"pulse": {}}}"#, "expected nanoseconds"),
            (r#"{"genesis": {"rulebook": "x"}}"#, "error[rulebook.toml]"),
            (r#"{"command": {"pulse": {}}, "extra": 1}"#, "expected no such field"),
        ];
        for (line, part) in table {
            let errors = reader().read(line).expect_err(line);
            assert!(errors.to_string().contains(part), "{line}: {errors}");
        }
    }
}
