//! Random rulebooks, markets and accounts from a seed.

use domain::rulebook::{HaircutTier, RequirementTier};
use domain::{
    Amount, AssetId, Balance, InstrumentId, InterestIndex, Position, Price, Quantity, Quote, Ratio,
    Rulebook, Timestamp, Value,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use risk::prices::{FUNDING_ONE, INDEX_ONE};
use risk::{AssetMarket, InstrumentMarket, Portfolio, Prices};
use testkit::scenario::rulebook;

/// Units of one in prices, quantities and amounts of the rulebook used here.
pub const UNIT: i64 = 100_000_000;

/// A seeded stream of small decisions.
pub struct Draw(ChaCha8Rng);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Evenly from `low` to `high`, both included.
    pub fn within(&mut self, low: i128, high: i128) -> i128 {
        let width = (high - low + 1) as u128;
        let wide = (u128::from(self.0.next_u64()) << 64) | u128::from(self.0.next_u64());
        low + (wide % width) as i128
    }

    pub fn narrow(&mut self, low: i64, high: i64) -> i64 {
        self.within(i128::from(low), i128::from(high)) as i64
    }

    /// True once in so many.
    pub fn once_in(&mut self, count: i64) -> bool {
        self.narrow(1, count) == 1
    }

    /// Any size up to `10^places`, small ones as often as large ones.
    pub fn size(&mut self, places: u32) -> i128 {
        let top = 10i128.pow(self.narrow(0, i64::from(places)) as u32);
        self.within(1, top)
    }

    pub fn signed(&mut self, places: u32) -> i128 {
        let size = self.size(places);
        if self.once_in(2) { -size } else { size }
    }

    fn ratio(&mut self, low: u64, high: u64) -> Ratio {
        let parts = self.narrow(low as i64, high as i64) as u64;
        if self.once_in(3) {
            // No whole number of parts per million: rounds once.
            Ratio::new(parts * 3 + 1, 3_000_000).expect("a valid ratio")
        } else {
            Ratio::from_parts(parts)
        }
    }
}

/// One account with its rulebook and markets.
pub struct Book {
    pub rules: Rulebook,
    pub assets: Vec<AssetMarket>,
    pub instruments: Vec<InstrumentMarket>,
    pub balances: Vec<Balance>,
    pub positions: Vec<Position>,
}

/// The instruments that hold positions: settled in USD (the numeraire), BTC and ETH.
pub const HELD: [u32; 3] = [0, 1, 3];

/// The rulebook of the scenarios with two instruments settled outside the numeraire.
pub fn rules() -> Rulebook {
    let mut rules = rulebook("plain").expect("the rulebook of the scenarios is valid");
    rules.instruments[1].settles = AssetId::new(1);
    rules.instruments[3].settles = AssetId::new(2);
    rules
}

impl Book {
    /// A book of its own for each seed; `tiers` allows tiered requirements.
    pub fn new(base: &Rulebook, draw: &mut Draw, tiers: bool) -> Self {
        let mut rules = base.clone();
        for asset in rules.assets.iter_mut().skip(1) {
            asset.haircuts = haircuts(draw);
            asset.slippage = draw.ratio(0, 20_000);
        }
        for asset in &mut rules.assets {
            asset.liability_weight = draw.ratio(1_000_000, 1_300_000);
        }
        for instrument in &mut rules.instruments {
            instrument.tiers = requirement_tiers(draw, tiers);
            instrument.slippage = draw.ratio(0, 9_000);
            instrument.liquidation_fee = draw.ratio(0, 5_000);
            instrument.lot = Quantity::new(draw.size(8) as i64);
        }
        let assets = (0..rules.assets.len()).map(|_| asset_market(draw)).collect();
        let instruments: Vec<InstrumentMarket> =
            (0..rules.instruments.len()).map(|_| instrument_market(draw)).collect();
        let mut book =
            Self { rules, assets, instruments, balances: Vec::new(), positions: Vec::new() };
        book.balances = (0..3).map(|place| book.balance(draw, place)).collect();
        let held = HELD.into_iter().filter(|_| !draw.once_in(3));
        let held: Vec<u32> = held.collect();
        book.positions = held.into_iter().map(|place| book.position(draw, place)).collect();
        book
    }

    fn balance(&self, draw: &mut Draw, place: u32) -> Balance {
        let market = &self.assets[place as usize];
        let amount = Amount::new(draw.signed(13));
        // Posted at some earlier index of its side.
        let index = if amount.is_negative() {
            draw.within(INDEX_ONE, market.borrow_index)
        } else {
            draw.within(market.deposit_index - market.deposit_index / 100, market.deposit_index)
        };
        let index = InterestIndex::new(index);
        Balance { asset: AssetId::new(place), amount, index }
    }

    pub fn position(&self, draw: &mut Draw, place: u32) -> Position {
        let market = &self.instruments[place as usize];
        let quantity = Quantity::new(draw.signed(11) as i64);
        let mark = market.mark.units();
        let entry = Price::new(draw.narrow(mark - mark / 3, mark + mark / 3).max(1));
        let fraction = draw.within(-1_000, 1_000);
        Position {
            instrument: InstrumentId::new(place),
            quantity,
            cost: Quote::new(quantity.quote(entry).units() + fraction),
            funding_index: market.funding_index - draw.signed(5) * FUNDING_ONE,
        }
    }

    pub fn prices(&self) -> Prices<'_> {
        let (assets, instruments) = (&self.assets, &self.instruments);
        Prices { rulebook: &self.rules, assets, instruments, terms: None, books: &[] }
    }

    pub fn portfolio(&self) -> Portfolio<'_> {
        Portfolio::new(&self.balances, &self.positions)
    }
}

fn haircuts(draw: &mut Draw) -> Vec<HaircutTier> {
    let count = draw.narrow(1, 3) as usize;
    let mut haircut = draw.narrow(0, 300_000) as u64;
    let mut bound = draw.size(12);
    let mut tiers = Vec::new();
    for place in 1..=count {
        let up_to = (place < count).then(|| Amount::new(bound));
        tiers.push(HaircutTier { up_to, haircut: draw.ratio(haircut, haircut) });
        haircut += draw.narrow(1_000, 200_000) as u64;
        bound += draw.size(12);
    }
    tiers
}

fn requirement_tiers(draw: &mut Draw, tiers: bool) -> Vec<RequirementTier> {
    let count = if tiers { draw.narrow(1, 3) as usize } else { 1 };
    let mut maintenance = draw.narrow(10_000, 60_000) as u64;
    let mut bound = draw.size(20) * 1_000;
    let mut list = Vec::new();
    for place in 1..=count {
        let release = maintenance + draw.narrow(1, 20_000) as u64;
        let initial = release + draw.narrow(1, 40_000) as u64;
        list.push(RequirementTier {
            up_to: (place < count).then(|| Value::new(bound)),
            initial: draw.ratio(initial, initial),
            release: draw.ratio(release, release),
            maintenance: draw.ratio(maintenance, maintenance),
        });
        maintenance = initial + draw.narrow(1, 50_000) as u64;
        bound += draw.size(20) * 1_000;
    }
    list
}

fn asset_market(draw: &mut Draw) -> AssetMarket {
    AssetMarket {
        price: Price::new(draw.size(12) as i64),
        published_at: Timestamp::START,
        borrow_index: INDEX_ONE + draw.size(15),
        deposit_index: INDEX_ONE + draw.signed(14),
        ..AssetMarket::new()
    }
}

fn instrument_market(draw: &mut Draw) -> InstrumentMarket {
    let mark = draw.size(12) as i64;
    InstrumentMarket {
        mark: Price::new(mark),
        published_at: Timestamp::START,
        funding_index: draw.within(-i128::from(mark), i128::from(mark)) / 20 * FUNDING_ONE
            + draw.within(0, FUNDING_ONE - 1),
        ..InstrumentMarket::new()
    }
}
