//! Boxes: the intervals of one account, the bands of the whole house, and the factors between which
//! they are laid.

use crate::house::Books;
use crate::rows::Rows;
use alloc::vec::Vec;
use domain::{AssetId, InstrumentId};
use risk::Portfolio;
use risk::envelope::PriceBox;
use risk::margin::{Factor, factors};
use risk::prices::floor_funding;

/// Bands of the house's indexes: a debt may grow by 1/400, a deposit be cut by 1/1,000, cumulative
/// funding rise by 1/100 of the price before every box is rebuilt.
const BORROW_BAND: i128 = 400;
const DEPOSIT_BAND: i128 = 1_000;
const FUNDING_BAND: i64 = 100;

/// One interval of one account, and where its ends lie in the factor's heaps. Aligned, so that it
/// never lies in two lines of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(align(32))]
pub(super) struct Lane {
    pub low: i64,
    pub high: i64,
    pub factor: u32,
    pub low_at: u32,
    pub high_at: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Bands {
    funding_high: Vec<i64>,
    borrow_high: Vec<i128>,
    deposit_low: Vec<i128>,
}

impl Bands {
    /// Bands around the books' present indexes.
    pub fn around(books: &Books) -> Self {
        let funding = books.instruments.iter().map(|market| {
            floor_funding(market.funding_index) + market.mark.units() / FUNDING_BAND + 1
        });
        let borrow = books
            .assets
            .iter()
            .map(|market| market.borrow_index + market.borrow_index / BORROW_BAND);
        let deposit = books
            .assets
            .iter()
            .map(|market| market.deposit_index - market.deposit_index / DEPOSIT_BAND);
        Self {
            funding_high: funding.collect(),
            borrow_high: borrow.collect(),
            deposit_low: deposit.collect(),
        }
    }

    /// What a mark may lie above its funded mark.
    #[inline]
    pub fn funding_high(&self, instrument: InstrumentId) -> i64 {
        self.funding_high.get(instrument.index()).copied().unwrap_or(0)
    }

    #[inline]
    fn borrow_high(&self, asset: AssetId) -> i128 {
        self.borrow_high.get(asset.index()).copied().unwrap_or(0)
    }

    #[inline]
    pub fn deposit_low(&self, asset: AssetId) -> i128 {
        self.deposit_low.get(asset.index()).copied().unwrap_or(0)
    }

    /// Whether the books' indexes are inside.
    pub fn hold(&self, books: &Books) -> bool {
        let mut funding = books.instruments.iter().zip(&self.funding_high);
        let mut borrow = books.assets.iter().zip(&self.borrow_high);
        let mut deposit = books.assets.iter().zip(&self.deposit_low);
        funding.all(|(market, high)| floor_funding(market.funding_index) <= *high)
            && borrow.all(|(market, high)| market.borrow_index <= *high)
            && deposit.all(|(market, low)| market.deposit_index >= *low)
    }
}

/// The box of one account under trial or in force.
pub(super) struct Bounds<'a> {
    pub lanes: &'a [Lane],
    pub bands: &'a Bands,
    pub instruments: u32,
}

impl Bounds<'_> {
    #[inline]
    fn lane(&self, factor: u32) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.factor == factor)
    }
}

impl PriceBox for Bounds<'_> {
    #[inline]
    fn funded_low(&self, instrument: InstrumentId) -> i64 {
        self.lane(instrument.number()).map_or(0, |lane| lane.low)
    }

    #[inline]
    fn funded_high(&self, instrument: InstrumentId) -> i64 {
        self.lane(instrument.number()).map_or(0, |lane| lane.high)
    }

    #[inline]
    fn mark_high(&self, instrument: InstrumentId) -> i64 {
        self.funded_high(instrument).saturating_add(self.bands.funding_high(instrument))
    }

    #[inline]
    fn asset_low(&self, asset: AssetId) -> i64 {
        self.lane(self.instruments + asset.number()).map_or(0, |lane| lane.low)
    }

    #[inline]
    fn asset_high(&self, asset: AssetId) -> i64 {
        self.lane(self.instruments + asset.number()).map_or(0, |lane| lane.high)
    }

    #[inline]
    fn borrow_high(&self, asset: AssetId) -> i128 {
        self.bands.borrow_high(asset)
    }

    #[inline]
    fn deposit_low(&self, asset: AssetId) -> i128 {
        self.bands.deposit_low(asset)
    }
}

/// The interval of the one instrument that is asked for: what a fill settled in the numeraire needs
/// of a box. Prices of assets are not known to it, so they may be anything.
pub(super) struct Interval<'a> {
    pub lane: &'a Lane,
    pub bands: &'a Bands,
}

impl PriceBox for Interval<'_> {
    #[inline]
    fn funded_low(&self, _: InstrumentId) -> i64 {
        self.lane.low
    }

    #[inline]
    fn funded_high(&self, _: InstrumentId) -> i64 {
        self.lane.high
    }

    #[inline]
    fn mark_high(&self, instrument: InstrumentId) -> i64 {
        self.lane.high.saturating_add(self.bands.funding_high(instrument))
    }

    #[inline]
    fn asset_low(&self, _: AssetId) -> i64 {
        0
    }

    #[inline]
    fn asset_high(&self, _: AssetId) -> i64 {
        i64::MAX
    }

    #[inline]
    fn borrow_high(&self, asset: AssetId) -> i128 {
        self.bands.borrow_high(asset)
    }

    #[inline]
    fn deposit_low(&self, asset: AssetId) -> i128 {
        self.bands.deposit_low(asset)
    }
}

pub(super) fn set_low(lanes: &mut Rows<Lane>, lane: u32, at: u32) {
    if let Some(lane) = lanes.slot_mut(lane as usize) {
        lane.low_at = at;
    }
}

pub(super) fn set_high(lanes: &mut Rows<Lane>, lane: u32, at: u32) {
    if let Some(lane) = lanes.slot_mut(lane as usize) {
        lane.high_at = at;
    }
}

/// Number of a factor: instruments first, then assets.
pub(super) const fn number(factor: Factor, instruments: u32) -> u32 {
    match factor {
        Factor::Mark(instrument) => instrument.number(),
        Factor::Index(asset) => instruments + asset.number(),
    }
}

/// Numbers of what an account's excess depends on.
pub(super) fn factors_of<'a>(
    books: &'a Books,
    portfolio: &'a Portfolio<'_>,
    instruments: u32,
) -> impl Iterator<Item = u32> + use<'a> {
    factors(portfolio, books.prices()).map(move |factor| number(factor, instruments))
}
