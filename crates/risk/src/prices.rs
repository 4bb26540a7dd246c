//! What a model may see of the world: last good prices and the indexes that accrue.

use crate::impact::book::MarketBook;
use domain::rulebook::{AssetRules, InstrumentRules};
use domain::{AssetId, InstrumentId, Price, Rulebook, Timestamp};
use serde::{Deserialize, Serialize};

/// One, on the scale of interest indexes.
pub const INDEX_ONE: i128 = 10_000_000_000_000_000;

/// Units of the funding index in one price unit.
pub const FUNDING_ONE: i128 = domain::Divisor::RATE.number() as i128;

/// An asset as the market left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetMarket {
    /// Index price in units of 10^-(16 - decimals) of the numeraire; zero before the first.
    pub price: Price,
    /// When it was observed.
    pub published_at: Timestamp,
    /// Growth of a debt since genesis, at 1e-16.
    pub borrow_index: i128,
    /// Growth of a deposit since genesis, at 1e-16.
    pub deposit_index: i128,
    /// Sum of all clients' positive balances, each over its index, at 1e-6 of the smallest unit.
    pub deposit_shares: i128,
    /// Sum of all clients' negative balances (as magnitudes), each over its index, same scale.
    pub borrow_shares: i128,
}

impl AssetMarket {
    /// An asset nobody holds and no price was published for.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            price: Price::new(0),
            published_at: Timestamp::START,
            borrow_index: INDEX_ONE,
            deposit_index: INDEX_ONE,
            deposit_shares: 0,
            borrow_shares: 0,
        }
    }
}

impl Default for AssetMarket {
    fn default() -> Self {
        Self::new()
    }
}

/// An instrument as the market left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstrumentMarket {
    /// Mark price; zero before the first.
    pub mark: Price,
    /// When it was observed.
    pub published_at: Timestamp,
    /// Last traded price; zero before the first. For display and the bad-print guard.
    pub last: Price,
    /// Sum of rate times mark over all fundings: price units at 1e-12.
    pub funding_index: i128,
    /// No trades and no liquidation.
    pub halted: bool,
    /// A dated future that was settled.
    pub expired: bool,
    /// Index price of the underlying times nanoseconds, summed over the settlement window so far.
    pub settle_sum: i128,
    /// Nanoseconds of the window in which a price held.
    pub settle_time: i64,
    /// Where the sum stands; after an end that could not be priced, when to try again.
    pub settle_until: Timestamp,
}

impl InstrumentMarket {
    /// An instrument nobody has priced yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            mark: Price::new(0),
            published_at: Timestamp::START,
            last: Price::new(0),
            funding_index: 0,
            halted: false,
            expired: false,
            settle_sum: 0,
            settle_time: 0,
            settle_until: Timestamp::START,
        }
    }

    /// Mark less funding index in whole price units, rounded up: what a position's value follows.
    ///
    /// Worked: mark 50,000.00000000 and funding index +5 (a stamp of 0.0001): 49,995.
    #[must_use]
    pub fn funded_mark(&self) -> i64 {
        self.mark.units() - floor_funding(self.funding_index)
    }
}

impl Default for InstrumentMarket {
    fn default() -> Self {
        Self::new()
    }
}

/// Whole price units of a funding index, rounded down.
///
/// # Panics
/// If funding ever sums to more than 2^63 price units: a rate of at most one a stamp and a capped
/// price would need millions of stamps at the maximum.
#[must_use]
pub fn floor_funding(index: i128) -> i64 {
    i64::try_from(index.div_euclid(FUNDING_ONE)).expect("funding stays within price range")
}

/// The rulebook beside the markets it governs.
#[derive(Clone, Copy, Debug)]
pub struct Prices<'a> {
    /// The rules in force.
    pub rulebook: &'a Rulebook,
    /// Markets of assets, in the rulebook's order.
    pub assets: &'a [AssetMarket],
    /// Markets of instruments, in the rulebook's order.
    pub instruments: &'a [InstrumentMarket],
    /// Terms of the liquidation step being planned; `None` outside one and for plain slippage.
    pub terms: Option<&'a crate::terms::Terms>,
    /// Books of the present wave, ascending; none where slippage is fixed.
    pub books: &'a [MarketBook],
}

impl<'a> Prices<'a> {
    /// Rules of an asset.
    ///
    /// # Panics
    /// If the asset is not listed: commands are checked before, and lists never shrink.
    #[must_use]
    #[inline]
    pub fn asset_rules(&self, asset: AssetId) -> &'a AssetRules {
        self.rulebook.assets.get(asset.index()).expect("a held asset is listed")
    }

    /// Market of an asset.
    ///
    /// # Panics
    /// As [`Prices::asset_rules`].
    #[must_use]
    #[inline]
    pub fn asset(&self, asset: AssetId) -> &'a AssetMarket {
        self.assets.get(asset.index()).expect("a held asset is listed")
    }

    /// Rules of an instrument.
    ///
    /// # Panics
    /// As [`Prices::asset_rules`].
    #[must_use]
    #[inline]
    pub fn instrument_rules(&self, instrument: InstrumentId) -> &'a InstrumentRules {
        self.rulebook.instruments.get(instrument.index()).expect("a held instrument is listed")
    }

    /// Market of an instrument.
    ///
    /// # Panics
    /// As [`Prices::asset_rules`].
    #[must_use]
    #[inline]
    pub fn instrument(&self, instrument: InstrumentId) -> &'a InstrumentMarket {
        self.instruments.get(instrument.index()).expect("a held instrument is listed")
    }

    /// The present wave's book of an instrument with depth.
    #[must_use]
    #[inline]
    pub fn book(&self, instrument: InstrumentId) -> Option<&'a MarketBook> {
        if self.books.is_empty() {
            return None;
        }
        let place = self.books.binary_search_by_key(&instrument, |book| book.instrument).ok()?;
        self.books.get(place)
    }

    /// Index price of an asset: one for the numeraire, zero where none was published.
    #[must_use]
    #[inline]
    pub fn index_price(&self, asset: AssetId) -> i128 {
        if asset == self.rulebook.numeraire {
            self.asset_rules(asset).scale()
        } else {
            self.asset(asset).price.wide()
        }
    }

    /// Worth in the numeraire of a signed quote in a settlement asset, rounded as named; exact for
    /// the numeraire itself.
    ///
    /// Worked: 2 BTC (2 * 10^16) at 7,934.58 (793,458,000,000 units of 1e-8) is 15,869.16.
    #[must_use]
    #[inline]
    pub fn worth(
        &self,
        asset: AssetId,
        quote: domain::Quote,
        rounding: domain::Rounding,
    ) -> domain::Value {
        if asset == self.rulebook.numeraire {
            return domain::Value::new(quote.units());
        }
        let price = self.asset(asset).price.wide();
        worth_at(quote, price, self.asset_rules(asset).scale(), rounding)
    }

    /// What a worth in the numeraire is in an asset, rounded as named; `None` without a price.
    #[must_use]
    pub fn quote_of(
        &self,
        asset: AssetId,
        value: domain::Value,
        rounding: domain::Rounding,
    ) -> Option<domain::Quote> {
        if asset == self.rulebook.numeraire {
            return Some(domain::Quote::new(value.units()));
        }
        let price = self.asset(asset).price.wide();
        if price <= 0 {
            return None;
        }
        let scale = self.asset_rules(asset).scale();
        domain::wide::mul_div(value.units(), scale, price, rounding).map(domain::Quote::new)
    }
}

/// Quote times price over scale, rounded once.
///
/// # Panics
/// Never within the rulebook's bounds: a worth is at most 10^29.
#[must_use]
#[inline]
pub fn worth_at(
    quote: domain::Quote,
    price: i128,
    scale: i128,
    rounding: domain::Rounding,
) -> domain::Value {
    let worth = domain::wide::mul_div(quote.units(), price, scale, rounding);
    domain::Value::new(worth.expect("the rulebook bounds every account's worth"))
}
