//! What numbers mean under a rulebook: names, decimals of amounts, units of prices.

use domain::{
    AccountId, Amount, AssetId, Feed, FeedRole, Holder, InstrumentId, Price, Quantity, Rate,
    Rulebook, Timestamp, Value,
};
use serde_json::{Value as Json, json};

use crate::summary::numbers::{VALUE_PLACES, exact};

/// Places after the point of rates.
const RATE_PLACES: u32 = 12;

/// A rulebook asked for names and scales; before genesis there is none, and numbers stay numbers.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a>(pub Option<&'a Rulebook>);

impl Names<'_> {
    /// Name of an asset, or its number where it is not listed.
    pub fn asset(&self, asset: AssetId) -> Json {
        let rules = self.0.and_then(|rulebook| rulebook.asset(asset));
        rules.map_or_else(|| json!(asset.number()), |rules| json!(rules.name))
    }

    /// Name of an instrument, or its number where it is not listed.
    pub fn instrument(&self, instrument: InstrumentId) -> Json {
        let rules = self.0.and_then(|rulebook| rulebook.instrument(instrument));
        rules.map_or_else(|| json!(instrument.number()), |rules| json!(rules.name))
    }

    /// Decimals of an asset; none where it is not listed.
    pub fn decimals(&self, asset: AssetId) -> u32 {
        let rules = self.0.and_then(|rulebook| rulebook.asset(asset));
        rules.map_or(0, |rules| u32::from(rules.decimals))
    }

    /// Places of an instrument's price; none where it is not listed.
    pub fn price_places(&self, instrument: InstrumentId) -> u32 {
        let rules = self.0.and_then(|rulebook| rulebook.instrument(instrument));
        rules.map_or(0, |rules| u32::from(rules.price_decimals))
    }

    /// Places of an instrument's quantity; none where it is not listed.
    pub fn quantity_places(&self, instrument: InstrumentId) -> u32 {
        let rules = self.0.and_then(|rulebook| rulebook.instrument(instrument));
        rules.map_or(0, |rules| 16u32.saturating_sub(u32::from(rules.price_decimals)))
    }

    /// Places of a feed's price.
    pub fn feed_places(&self, feed: Feed) -> u32 {
        match feed.role {
            FeedRole::Index => {
                let rules = self.0.and_then(|rulebook| rulebook.asset(AssetId::new(feed.target)));
                rules.map_or(0, |rules| 16u32.saturating_sub(u32::from(rules.decimals)))
            }
            FeedRole::Mark | FeedRole::Last => self.price_places(InstrumentId::new(feed.target)),
        }
    }

    /// An amount of an asset.
    pub fn amount(&self, asset: AssetId, amount: Amount) -> Json {
        json!(exact(amount.units(), self.decimals(asset)))
    }

    /// An amount of the asset in which an instrument is paid.
    pub fn settled(&self, instrument: InstrumentId, amount: Amount) -> Json {
        let rules = self.0.and_then(|rulebook| rulebook.instrument(instrument));
        let decimals = rules.map_or(0, |rules| self.decimals(rules.settles));
        json!(exact(amount.units(), decimals))
    }

    /// A price of an instrument.
    pub fn price(&self, instrument: InstrumentId, price: Price) -> Json {
        json!(exact(price.wide(), self.price_places(instrument)))
    }

    /// A price of a feed.
    pub fn feed_price(&self, feed: Feed, price: Price) -> Json {
        json!(exact(price.wide(), self.feed_places(feed)))
    }

    /// A quantity of an instrument.
    pub fn quantity(&self, instrument: InstrumentId, quantity: Quantity) -> Json {
        json!(exact(quantity.wide(), self.quantity_places(instrument)))
    }

    /// Name of what a feed prices.
    pub fn target(&self, feed: Feed) -> Json {
        match feed.role {
            FeedRole::Index => self.asset(AssetId::new(feed.target)),
            FeedRole::Mark | FeedRole::Last => self.instrument(InstrumentId::new(feed.target)),
        }
    }
}

/// Word of a feed's role.
pub const fn role(feed: Feed) -> &'static str {
    match feed.role {
        FeedRole::Index => "index",
        FeedRole::Mark => "mark",
        FeedRole::Last => "last",
    }
}

/// A value in the numeraire.
pub fn value(value: Value) -> Json {
    json!(exact(value.units(), VALUE_PLACES))
}

/// A rate.
pub fn rate(rate: Rate) -> Json {
    json!(exact(i128::from(rate.units()), RATE_PLACES))
}

/// A client's number or the name of a house account.
pub fn holder(holder: Holder) -> Json {
    match holder {
        Holder::Client(account) => json!(account.number()),
        Holder::House(house) => json!(snake(&format!("{house:?}"))),
    }
}

/// An account's number.
pub fn account(account: AccountId) -> Json {
    json!(account.number())
}

/// Nanoseconds since 1970.
pub fn time(time: Timestamp) -> Json {
    json!(time.nanos())
}

/// `InsuranceFund` to `insurance_fund`.
pub fn snake(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for (place, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && place > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}
