//! What units mean in the rows being written: names and scales of the rules in force, last prices.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{AssetId, Effect, Feed, FeedRole, InstrumentId, Price, Quantity, Rulebook, Value};

use crate::rows::names::Names;
use crate::summary::numbers::in_numeraire;

/// Name of what the rules in force do not list.
const UNLISTED: &str = "unlisted";

/// Rules and prices as of the row being written.
#[derive(Debug, Default)]
pub struct Market {
    rulebook: Option<Arc<Rulebook>>,
    prices: BTreeMap<Feed, Price>,
}

impl Market {
    /// Other rules are in force.
    pub fn adopt(&mut self, rulebook: Arc<Rulebook>) {
        self.rulebook = Some(rulebook);
    }

    /// Takes prices in.
    pub fn see(&mut self, effect: &Effect) {
        if let Effect::PricePublished { feed, price } = *effect {
            self.prices.insert(feed, price);
        }
    }

    /// Scales under the rules in force.
    #[must_use]
    pub fn names(&self) -> Names<'_> {
        Names(self.rulebook.as_deref())
    }

    /// Name of an asset.
    #[must_use]
    pub fn asset(&self, asset: AssetId) -> &str {
        let rules = self.rulebook.as_ref().and_then(|rulebook| rulebook.asset(asset));
        rules.map_or(UNLISTED, |rules| rules.name.as_str())
    }

    /// Name of an instrument.
    #[must_use]
    pub fn instrument(&self, instrument: InstrumentId) -> &str {
        let rules = self.rulebook.as_ref().and_then(|rulebook| rulebook.instrument(instrument));
        rules.map_or(UNLISTED, |rules| rules.name.as_str())
    }

    /// The asset in which an instrument is paid.
    #[must_use]
    pub fn settles(&self, instrument: InstrumentId) -> Option<AssetId> {
        let rules = self.rulebook.as_ref()?.instrument(instrument)?;
        Some(rules.settles)
    }

    /// The asset in which value is expressed.
    #[must_use]
    pub fn numeraire(&self) -> Option<AssetId> {
        self.rulebook.as_ref().map(|rulebook| rulebook.numeraire)
    }

    /// Last mark of an instrument.
    #[must_use]
    pub fn mark(&self, instrument: InstrumentId) -> Option<Price> {
        self.prices.get(&Feed::mark(instrument)).copied()
    }

    /// Absolute quantity at the last mark, in the numeraire; by the rule of the summary.
    #[must_use]
    pub fn notional(&self, instrument: InstrumentId, quantity: Quantity) -> Option<Value> {
        let rulebook = self.rulebook.as_ref()?;
        let settles = self.settles(instrument)?;
        let quote = quantity.magnitude().quote(self.mark(instrument)?);
        let index = self.prices.get(&Feed::index(settles)).map(|price| price.units());
        in_numeraire(rulebook, settles, quote, index).map(Value::new)
    }

    /// What a stream prices: an asset, or an instrument.
    #[must_use]
    pub fn target(&self, feed: Feed) -> (Option<AssetId>, Option<InstrumentId>) {
        match feed.role {
            FeedRole::Index => (Some(AssetId::new(feed.target)), None),
            FeedRole::Mark | FeedRole::Last => (None, Some(InstrumentId::new(feed.target))),
        }
    }
}
