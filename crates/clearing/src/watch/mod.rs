//! Which accounts a price wakes.
//!
//! Every exposed account stands in a box: for each factor (mark less funding of an instrument,
//! index price of an asset) an interval inside which `risk::envelope` proved that it cannot be
//! liquidatable. The ends of all intervals lie in two heaps a factor, so a tick that leaves no box
//! costs two comparisons, however many accounts there are. The first exit wakes the account, which
//! is then checked exactly and boxed anew. A wake only reads: an early one changes nothing.
//!
//! Interest and funding indexes have wide bands for the whole house instead of a lane an account;
//! leaving a band rebuilds every box. Accounts so close to the line that no box holds are `hot`:
//! boxed at the price itself, and woken by every move of an index too.
//!
//! Derived from the books, outside digest and snapshot.

mod boxes;
mod kept;

pub(crate) use kept::keep;

use crate::account::{ACCOUNT_BYTES, Accounts, QUEUED};
use crate::heap::{Entry, Heap};
use crate::house::Books;
use crate::rows::Rows;
use crate::standing::{HOT, Standing, WOKEN};
use alloc::vec::Vec;
use boxes::{Bands, Bounds, Lane, factors_of, set_high, set_low};
use domain::wide::mul_div;
use domain::{AccountId, AssetId, InstrumentId, Price, Rounding};
use risk::envelope::{Slack, slack};
use risk::kept::Kept;
use risk::plain::PlainWeights;
use risk::{Portfolio, assess};

/// Widths are shares of a price at 2^-30; a box is at most 0.4 wide on each side.
const WIDTH_BITS: u32 = 30;
const WIDTH_MAX: i64 = 429_496_729;

/// Four marks and one index price: a lane each, with an entry in two heaps. The budget is 700 B.
const WITH_BOUNDS: usize = ACCOUNT_BYTES + 5 * (size_of::<Lane>() + 2 * size_of::<Entry>());
const _: () = assert!(WITH_BOUNDS <= 700, "an account with its wake bounds fits 700 B");

#[derive(Clone, Debug, Default)]
struct Factor {
    value: i64,
    /// Keys are negated lower ends: the highest lower end is on top.
    low: Heap,
    high: Heap,
}

/// What the index did, for benches and progress: never part of a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WakeCounts {
    /// Accounts woken by a price and checked exactly.
    pub woken: u64,
    /// Boxes made anew.
    pub boxed: u64,
    /// Of these, how many had no width: accounts too close to the line for any box.
    pub hot: u64,
    /// Rebuilds of every box.
    pub rebuilds: u64,
}

/// The wake index.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    instruments: u32,
    factors: Vec<Factor>,
    bands: Bands,
    /// Of each instrument, where its ratios allow them.
    weights: Vec<Option<PlainWeights>>,
    lanes: Rows<Lane>,
    hot: Vec<AccountId>,
    woken: Vec<AccountId>,
    stack: Vec<u32>,
    trial: Vec<Lane>,
    indexes_moved: bool,
    /// Test switch: boxes twice as wide as proved.
    pub late: bool,
    pub counts: WakeCounts,
}

impl Watch {
    pub fn new() -> Self {
        Self {
            instruments: 0,
            factors: Vec::new(),
            bands: Bands::default(),
            weights: Vec::new(),
            lanes: Rows::new(),
            hot: Vec::new(),
            woken: Vec::new(),
            stack: Vec::new(),
            trial: Vec::new(),
            indexes_moved: false,
            late: false,
            counts: WakeCounts::default(),
        }
    }

    /// Takes the books' values afresh and wakes every exposed account.
    pub fn rebuild(&mut self, books: &mut Books) {
        self.counts.rebuilds += 1;
        self.instruments = books.instruments.len() as u32;
        self.factors.resize_with(books.instruments.len() + books.assets.len(), Factor::default);
        let funded = books.instruments.iter().map(risk::InstrumentMarket::funded_mark);
        let values = funded.chain(books.assets.iter().map(|market| market.price.units()));
        for (factor, value) in self.factors.iter_mut().zip(values) {
            factor.value = value;
            factor.low.clear();
            factor.high.clear();
        }
        self.lanes = Rows::new();
        books.accounts.clear_standings();
        self.hot.clear();
        self.woken.clear();
        self.bands = Bands::around(books);
        let instruments = (0..self.instruments).map(InstrumentId::new);
        self.weights = instruments.map(|one| PlainWeights::of(one, &books.prices())).collect();
        for account in books.accounts.ids() {
            if books.accounts.portfolio(account).is_exposed() {
                self.wake(&mut books.accounts, account);
            }
        }
    }

    fn wake(&mut self, accounts: &mut Accounts, account: AccountId) {
        if let Some(standing) = accounts.standing_mut(account) {
            standing.wake(account, &mut self.woken);
        }
    }

    /// A mark or a funding index moved.
    pub fn move_instrument(
        &mut self,
        accounts: &mut Accounts,
        instrument: InstrumentId,
        funded_mark: i64,
    ) {
        self.move_factor(accounts, instrument.index(), funded_mark);
    }

    /// An index price moved.
    pub fn move_asset(&mut self, accounts: &mut Accounts, asset: AssetId, price: Price) {
        self.move_factor(accounts, self.instruments as usize + asset.index(), price.units());
    }

    fn move_factor(&mut self, accounts: &mut Accounts, place: usize, value: i64) {
        let Some(factor) = self.factors.get_mut(place) else { return };
        factor.value = value;
        let woken = &mut self.woken;
        let mut wake = |account: u32| {
            let account = AccountId::new(u64::from(account));
            if let Some(standing) = accounts.standing_mut(account) {
                standing.wake(account, woken);
            }
        };
        factor.low.below(value.saturating_neg(), &mut self.stack, &mut wake);
        factor.high.below(value, &mut self.stack, &mut wake);
    }

    /// A funding, borrow or deposit index moved: bands are looked at before the next check.
    pub fn indexes_moved(&mut self) {
        self.indexes_moved = true;
    }

    /// Nobody is woken, and no index moved since the last look.
    #[inline]
    pub const fn is_calm(&self) -> bool {
        self.woken.is_empty() && !self.indexes_moved
    }

    /// Looks at the bands if an index moved; hot accounts wake, and all do where a band was left.
    pub fn refresh(&mut self, books: &mut Books) {
        if !core::mem::take(&mut self.indexes_moved) {
            return;
        }
        if self.bands.hold(books) {
            let hot = core::mem::take(&mut self.hot);
            for account in hot {
                if let Some(standing) = books.accounts.standing_mut(account) {
                    standing.flags &= !HOT;
                }
                self.wake(&mut books.accounts, account);
            }
        } else {
            self.rebuild(books);
        }
    }

    /// The accounts woken since the last call, for an exact check each.
    pub fn take_woken(&mut self, accounts: &mut Accounts, into: &mut Vec<AccountId>) {
        for account in &self.woken {
            if let Some(standing) = accounts.standing_mut(*account) {
                standing.flags &= !WOKEN;
            }
        }
        self.counts.woken += self.woken.len() as u64;
        into.append(&mut self.woken);
    }

    /// Loads what an account's box says of its position at `place`; the number means nothing.
    #[inline]
    pub fn warm(&self, standing: &Standing, place: usize) -> u64 {
        let lane = self.lanes.slot(standing.lanes.start() + place);
        lane.map_or(0, |lane| lane.low as u64)
    }

    /// The interval of an instrument among lanes, which lie as the account's positions do: there
    /// at `place`, or wherever it is.
    #[inline]
    fn lane(lanes: &[Lane], factor: u32, place: usize) -> Option<&Lane> {
        let there = lanes.get(place).filter(|lane| lane.factor == factor);
        there.or_else(|| lanes.iter().find(|lane| lane.factor == factor))
    }

    /// Whether the account's old box still covers its factors and proves that it is safe; keeps
    /// what it proves.
    pub fn prove(&self, books: &mut Books, account: AccountId) -> bool {
        let slack = self.slack_in_force(books, account);
        let kept = slack.map(Kept::floor).filter(|kept| kept.covers_maintenance());
        if let Some(kept) = kept {
            keep(&mut books.accounts, account, kept);
        }
        kept.is_some()
    }

    /// What the account's box proves, from the whole account; `None` if it misses a factor.
    fn slack_in_force(&self, books: &Books, account: AccountId) -> Option<Slack> {
        let lanes = self.lanes.get(books.accounts.standing(account).lanes);
        if lanes.is_empty() {
            return None;
        }
        let portfolio = books.accounts.portfolio(account);
        let mut count = 0;
        let covered = factors_of(books, &portfolio, self.instruments).all(|factor| {
            count += 1;
            lanes.iter().any(|lane| lane.factor == factor && self.holds(lane))
        });
        (covered && count == lanes.len()).then(|| self.slack(books, &portfolio, lanes))
    }

    fn holds(&self, lane: &Lane) -> bool {
        let value = self.factors.get(lane.factor as usize).map_or(0, |factor| factor.value);
        lane.low <= value && value <= lane.high
    }

    fn slack(&self, books: &Books, portfolio: &Portfolio<'_>, lanes: &[Lane]) -> Slack {
        let bounds = Bounds { lanes, bands: &self.bands, instruments: self.instruments };
        slack(portfolio, &books.prices(), &bounds)
    }

    /// Takes an account out of the index: it has nothing at risk, or waits for a pulse.
    pub fn forget(&mut self, accounts: &mut Accounts, account: AccountId) {
        let span = accounts.standing(account).lanes;
        for place in span.start()..span.start() + span.len() {
            let Some(lane) = self.lanes.slot_mut(place).copied() else { continue };
            let Some(factor) = self.factors.get_mut(lane.factor as usize) else { continue };
            let lanes = &mut self.lanes;
            factor.low.remove(lane.low_at, &mut |lane, at| set_low(lanes, lane, at));
            factor.high.remove(lane.high_at, &mut |lane, at| set_high(lanes, lane, at));
        }
        if let Some(standing) = accounts.standing_mut(account) {
            self.lanes.clear(&mut standing.lanes);
        }
    }

    /// Boxes an account anew that is not liquidatable now.
    pub fn enclose(&mut self, books: &mut Books, account: AccountId) {
        self.counts.boxed += 1;
        let portfolio = books.accounts.portfolio(account);
        let (width, mut slack) = self.choose_box(books, &portfolio);
        if self.late {
            slack = self.slack_at(books, &portfolio, (width * 2).min(WIDTH_MAX));
        }
        if width == 0 {
            self.counts.hot += 1;
            self.mark_hot(&mut books.accounts, account);
        }
        self.install(&mut books.accounts, account);
        keep(&mut books.accounts, account, Kept::floor(slack));
    }

    fn mark_hot(&mut self, accounts: &mut Accounts, account: AccountId) {
        if let Some(standing) = accounts.standing_mut(account)
            && standing.flags & HOT == 0
        {
            standing.flags |= HOT;
            self.hot.push(account);
        }
    }

    /// Lays a box that holds into `trial`, nearly as wide as possible; of no width where none does.
    /// Its width, and what it proves.
    ///
    /// What a box costs grows faster than its width (kinks and tiers only get steeper), so the
    /// widest one allowed holds once it is scaled by what a box of no width leaves, over what the
    /// widest costs.
    fn choose_box(&mut self, books: &Books, portfolio: &Portfolio<'_>) -> (i64, Slack) {
        let widest = self.slack_at(books, portfolio, WIDTH_MAX);
        if !widest.maintenance.is_negative() {
            return (WIDTH_MAX, widest);
        }
        let point = self.slack_at(books, portfolio, 0);
        let left = point.maintenance;
        if left.units() <= 0 {
            return (0, point);
        }
        let cost = (left - widest.maintenance).units();
        let scaled = mul_div(i128::from(WIDTH_MAX), left.units(), cost, Rounding::Down);
        let mut width = scaled.map_or(0, |width| width as i64);
        for _ in 0..3 {
            let slack = self.slack_at(books, portfolio, width);
            if !slack.maintenance.is_negative() {
                return (width, slack);
            }
            width /= 2;
        }
        (0, self.slack_at(books, portfolio, 0))
    }

    fn slack_at(&mut self, books: &Books, portfolio: &Portfolio<'_>, width: i64) -> Slack {
        self.frame(books, portfolio, width);
        self.slack(books, portfolio, &self.trial)
    }

    /// Lays intervals of a width around the present values of an account's factors into `trial`.
    fn frame(&mut self, books: &Books, portfolio: &Portfolio<'_>, width: i64) {
        self.trial.clear();
        for factor in factors_of(books, portfolio, self.instruments) {
            let value = self.factors.get(factor as usize).map_or(0, |factor| factor.value);
            // A share of a price is smaller than the price.
            let reach =
                ((i128::from(value) * i128::from(width)) >> WIDTH_BITS).unsigned_abs() as i64;
            self.trial.push(Lane {
                low: value.saturating_sub(reach),
                high: value.saturating_add(reach),
                factor,
                low_at: 0,
                high_at: 0,
            });
        }
    }

    /// Puts the trial box in force: re-keys lanes of the same factors, else lays new ones.
    fn install(&mut self, accounts: &mut Accounts, account: AccountId) {
        let span = accounts.standing(account).lanes;
        let old = self.lanes.get(span);
        let same = old.len() == self.trial.len()
            && old.iter().zip(&self.trial).all(|(old, new)| old.factor == new.factor);
        if same {
            for at in 0..self.trial.len() {
                self.rekey((span.start() + at) as u32, at);
            }
        } else {
            self.forget(accounts, account);
            self.lay(accounts, account);
        }
    }

    fn rekey(&mut self, place: u32, at: usize) {
        let Some(new) = self.trial.get(at).copied() else { return };
        let Some(lane) = self.lanes.slot_mut(place as usize) else { return };
        (lane.low, lane.high) = (new.low, new.high);
        let lane = *lane;
        let Some(factor) = self.factors.get_mut(lane.factor as usize) else { return };
        let lanes = &mut self.lanes;
        let low = new.low.saturating_neg();
        factor.low.rekey(lane.low_at, low, &mut |lane, at| set_low(lanes, lane, at));
        factor.high.rekey(lane.high_at, new.high, &mut |lane, at| set_high(lanes, lane, at));
    }

    fn lay(&mut self, accounts: &mut Accounts, account: AccountId) {
        let number = account.number() as u32;
        if let Some(standing) = accounts.standing_mut(account) {
            self.lanes.place(&mut standing.lanes, &self.trial);
        }
        let span = accounts.standing(account).lanes;
        for at in 0..span.len() {
            let place = (span.start() + at) as u32;
            let Some(lane) = self.lanes.slot_mut(place as usize).copied() else { continue };
            let Some(factor) = self.factors.get_mut(lane.factor as usize) else { continue };
            let lanes = &mut self.lanes;
            let low = Entry { key: lane.low.saturating_neg(), account: number, lane: place };
            factor.low.push(low, &mut |lane, at| set_low(lanes, lane, at));
            let high = Entry { key: lane.high, account: number, lane: place };
            factor.high.push(high, &mut |lane, at| set_high(lanes, lane, at));
        }
    }

    /// Law for `invariants`: an exposed account that does not wait is safe now, and stands in a box
    /// that proves it, is hot, or is woken for the next check (all are after a restore).
    pub fn proves(&self, books: &Books, account: AccountId) -> bool {
        let portfolio = books.accounts.portfolio(account);
        let waits = books.accounts.flag(account, QUEUED);
        if waits || !portfolio.is_exposed() {
            return true;
        }
        let standing = books.accounts.standing(account);
        let looked_at = standing.flags & (HOT | WOKEN) != 0;
        let safe = !assess(&portfolio, &books.prices()).excess().is_negative();
        let proved = self.slack_in_force(books, account).is_some_and(|slack| {
            !slack.maintenance.is_negative() && standing.kept.is_at_most(slack)
        });
        safe && (looked_at || proved)
    }

    /// Bytes held beside what lies with the heads of accounts, for memory figures.
    pub fn bytes(&self) -> usize {
        let heaps: usize =
            self.factors.iter().map(|factor| factor.low.bytes() + factor.high.bytes()).sum();
        heaps + self.lanes.capacity() * size_of::<Lane>()
    }
}
